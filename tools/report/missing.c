/* SPDX-License-Identifier: Apache-2.0 */
/* plantar report where it was built without cairo and FreeType: how to get it. */
#include "tools/report/options.h"

static int run(const struct pl_subcommand *self, int argc, char **argv)
{
	struct pl_args args;

	pl_args_begin(&args, self, argc, argv);
	while (pl_args_next(&args) > 0)
		;
	if (args.done)
		return args.exit_code;
	pl_say(self, "this plantar was built without cairo and FreeType and cannot draw pages; "
		     "install libcairo2-dev, libfreetype-dev and fonts-dejavu-core and build it "
		     "again");
	return PL_EXIT_FAILED;
}

const struct pl_subcommand pl_cmd_report = {
	.name = "report",
	.summary = "make pages to hand over of a session (not in this build)",
	.synopsis = "SESSION... --pdf|--svg|--png|--html",
	.about = "This plantar was built without cairo and FreeType and cannot draw pages.",
	.options = pl_report_options,
	.run = run,
};
