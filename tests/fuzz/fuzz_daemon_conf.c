/* SPDX-License-Identifier: Apache-2.0 */
/* plantard.conf: any text is a configuration or is refused with a line. No file is opened. */
#include <stdlib.h>
#include <string.h>

#include "daemon/config.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
const char *__lsan_default_suppressions(void);

/* libconfig 1.5 forgets the text token at which a syntax error is found: once a file, not ours. */
const char *__lsan_default_suppressions(void)
{
	return "leak:libconfig.so";
}

static int loader(struct pl_mat *mat, const char *name, const char *calibration,
		  struct pl_error *err)
{
	(void)calibration;
	if (!name)
		return pl_error_set(err, PL_ENOENT, 0, "no file is opened here");
	return pl_mat_parse(mat, "small",
			    "title = \"Small\"; rows = 16; cols = 8; pitch_mm = 10.0;\n"
			    "rate_hz = 100; protocol = \"pmp\"; cell = \"u16\";\n",
			    err);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = strndup((const char *)data, size);
	struct pl_error err = {0};
	struct pl_config config;

	/* libconfig's @include reads other files: not what is tested here. */
	if (text && !strstr(text, "@include")) {
		if (pl_config_parse(&config, "/etc/plantard/plantard.conf", text, loader, &err) ==
		    0)
			pl_config_free(&config);
		else if (err.code == PL_OK || err.message[0] == '\0')
			abort();
	}
	free(text);
	return 0;
}
