/* SPDX-License-Identifier: Apache-2.0 */
/*
 * plantar calibrate: from known weights to newtons. With recordings of the empty mat and of each
 * load, or with a running plantard and somebody who carries weights. What it finds is told with its
 * errors, and written only when all of it is there.
 */
#include "tools/calibrate.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <plantar/recording.h>

#include "tools/client.h"
#include "tools/interrupt.h"
#include "tools/open.h"

enum {
	OPT_EMPTY = PL_OPT_LONG,
	OPT_LOAD,
	OPT_BODY,
	OPT_BY,
	OPT_VALID,
	OPT_SECONDS,
	OPT_WAIT,
	OPT_YES,
};

/* ---- from recordings ---- */

static int read_stage(struct pl_cal *c, enum pl_cal_stage stage, const char *file,
		      struct pl_error *err)
{
	const struct pl_recording_info *info;
	struct pl_opened o;
	struct pl_frame f;
	int r;

	if (pl_open_any(&o, file, c->as, err))
		return -1;
	r = pl_opened_mat(&o, file, err);
	info = r ? NULL : pl_recording_info(o.recording);
	if (info && info->format != PL_FORMAT_PLANTAR_H5 && info->format != PL_FORMAT_JOURNAL &&
	    info->format != PL_FORMAT_PLCAP)
		r = pl_error_set(err, PL_EUSAGE, 0,
				 "%s holds pressures of another program, not a mat's counts", file);
	if (r == 0)
		r = pl_cal_begin(c, &info->geometry, info->dtype, err) ||
		    pl_cal_stage(c, stage, err);
	while (r == 0 && (r = pl_recording_next(o.recording, &f, err)) == 1) {
		pl_cal_push(c, f.cells);
		r = pl_interrupted() ? pl_error_set(err, PL_ESTATE, 0, "interrupted") : 0;
	}
	pl_opened_close(&o);
	return r < 0 ? -1 : 0;
}

static int from_files(struct pl_cal *c, struct pl_error *err)
{
	if (read_stage(c, PL_CAL_EMPTY, c->empty_file, err) || pl_cal_empty_end(c, err)) {
		pl_error_prefix(err, "%s: ", c->empty_file);
		return -1;
	}
	if (!c->json)
		pl_cal_print_empty(c);
	for (size_t i = 0; i < c->n_loads; i++) {
		if (read_stage(c, PL_CAL_LOAD, c->load[i].file, err) ||
		    pl_cal_load_end(c, &c->load[i], err)) {
			pl_error_prefix(err, "%s: ", c->load[i].file);
			return -1;
		}
		if (!c->json)
			pl_cal_print_load(c);
	}
	if (pl_cal_fit(c, err))
		return -1;
	if (!c->body_file)
		return 0;
	if (read_stage(c, PL_CAL_BODY, c->body_file, err) || pl_cal_body_end(c, err)) {
		pl_error_prefix(err, "%s: ", c->body_file);
		return -1;
	}
	return 0;
}

static int offline(struct pl_cal *c)
{
	struct pl_error err = {.code = PL_OK};
	bool body_wrong;

	if (from_files(c, &err))
		return pl_report(c->self, &err);
	body_wrong = c->body_file && !c->body.ok;
	if (!c->json)
		pl_cal_print_fit(c);
	if (!c->json && c->body_file)
		pl_cal_print_body(c);
	if (!body_wrong && pl_cal_save(c, &err))
		return pl_report(c->self, &err);
	if (c->json)
		pl_cal_print_json(c);
	if (body_wrong)
		pl_say(c->self, "not saved: check the person's mass and the weights");
	return body_wrong ? PL_EXIT_FAILED : PL_EXIT_OK;
}

/* ---- options ---- */

static void take_load(struct pl_args *args, struct pl_cal *c)
{
	if (c->n_loads == PL_CAL_LOADS)
		pl_args_fail(args, "at most %d loads", PL_CAL_LOADS);
	else if (!pl_cal_parse_load(args->value, &c->load[c->n_loads]))
		pl_args_fail(args,
			     "--load wants a mass or force, where it lies and a recording of it "
			     "(20kg, 20kg@12,8, 196N@12,8=FILE), not '%s'",
			     args->value);
	else
		c->n_loads++;
}

/* "70kg=FILE", "70": the same words as a load, of a person. */
static void take_body(struct pl_args *args, struct pl_cal *c)
{
	struct pl_cal_load load;

	if (!pl_cal_parse_load(args->value, &load) || !isnan(load.row) ||
	    !strstr(load.label, "kg")) {
		pl_args_fail(args,
			     "--body wants a mass, and a recording (70kg, 70kg=FILE), not '%s'",
			     args->value);
		return;
	}
	c->body_mass_kg = strtod(args->value, NULL);
	c->body_file = load.file;
}

static void take_options(struct pl_args *args, struct pl_cal *c)
{
	int key;

	while ((key = pl_args_next(args)) > 0) {
		switch (key) {
		case OPT_EMPTY:
			c->empty_file = args->value;
			break;
		case OPT_LOAD:
			take_load(args, c);
			break;
		case OPT_BODY:
			take_body(args, c);
			break;
		case OPT_BY:
			c->by = args->value;
			break;
		case OPT_VALID:
			pl_args_number(args, 0, 36500, &c->valid_days);
			break;
		case OPT_SECONDS:
			pl_args_number(args, 0.5, 600, &c->seconds);
			break;
		case OPT_WAIT:
			pl_args_number(args, 1, 3600, &c->wait_s);
			break;
		case OPT_YES:
			c->yes = true;
			break;
		case 'o':
			c->out = args->value;
			break;
		case 'm':
			c->mat_name = args->value;
			break;
		case 'j':
			c->json = true;
			break;
		case PL_OPT_CONTROL:
			c->endpoint = args->value;
			break;
		}
	}
}

static bool one_line(const char *text, size_t cap)
{
	if (!text)
		return true;
	for (const char *s = text; *s; s++)
		if ((unsigned char)*s < ' ')
			return false;
	return strlen(text) < cap;
}

/* Recordings for all, or for none. */
static void check_options(struct pl_args *args, struct pl_cal *c)
{
	bool files = c->empty_file != NULL;

	if (args->done)
		return;
	if (!c->out)
		pl_args_fail(args, "-o FILE is missing: where the calibration is to be saved");
	else if (access(c->out, F_OK) == 0)
		pl_args_fail(args,
			     "%s is there already; a calibration is not overwritten: name a "
			     "new file",
			     c->out);
	else if (!one_line(c->by, sizeof(c->cal.origin.by)))
		pl_args_fail(args, "--by wants one line of at most %zu bytes",
			     sizeof(c->cal.origin.by) - 1);
	for (size_t i = 0; !args->done && i < c->n_loads; i++)
		if ((c->load[i].file != NULL) != files)
			pl_args_fail(args,
				     files ? "with --empty, every --load needs its recording: "
					     "--load %s@ROW,COL=FILE"
					   : "--load %s has a recording; then --empty FILE is "
					     "needed, too",
				     c->load[i].label);
	if (!args->done && files && !c->n_loads)
		pl_args_fail(args, "no --load: recordings of known loads are needed");
	else if (!args->done && !isnan(c->body_mass_kg) && (c->body_file != NULL) != files)
		pl_args_fail(args,
			     files ? "with --empty, --body needs a recording: --body 70kg=FILE"
				   : "--body has a recording; then --empty FILE is needed, too");
	else if (!args->done && c->yes && !files && !c->n_loads)
		pl_args_fail(args, "--yes wants every --load: 20kg or 20kg@ROW,COL");
	else if (!args->done && !c->yes && !files && (c->n_loads || !isnan(c->body_mass_kg)))
		pl_args_fail(args, "--load and --body go with --empty FILE or with --yes; without "
				   "them, loads are asked for");
	else if (!args->done && c->json && !files && !c->yes)
		pl_args_fail(args, "--json goes with --empty FILE or with --yes");
}

static int run(const struct pl_subcommand *self, int argc, char **argv)
{
	struct pl_cal c = {
		.self = self, .valid_days = 365, .seconds = 5, .wait_s = 120, .body_mass_kg = NAN};
	struct pl_error err = {.code = PL_OK};
	struct pl_args args;
	int code;

	pl_args_begin(&args, self, argc, argv);
	take_options(&args, &c);
	pl_args_operands(&args, 0, 1, "MAT");
	check_options(&args, &c);
	if (args.done)
		return args.exit_code;
	if (args.first < argc) {
		c.as = argv[args.first];
		if (pl_mat_load(&c.mat, c.as, NULL, &err))
			return pl_report(self, &err);
	}
	pl_interrupt_catch();
	code = c.empty_file ? offline(&c) : pl_cal_live(&c);
	pl_cal_free(&c);
	return code;
}

static const struct pl_option options[] = {
	{'o', "output", "FILE", "save the calibration here; needed"},
	{OPT_EMPTY, "empty", "FILE", "a recording of the empty mat; then nothing is asked"},
	{OPT_LOAD, "load", "LOAD",
	 "a known load: MASSkg or FORCEN, then @ROW,COL where it\n"
	 "lies and =FILE, its recording: 20kg@12,8=a.h5; any\n"
	 "number of times"},
	{OPT_BODY, "body", "MASSkg",
	 "check with a person of known mass; with =FILE, a\n"
	 "recording of them"},
	{OPT_BY, "by", "TEXT", "who calibrates; kept in the file"},
	{OPT_VALID, "valid", "DAYS", "how long it holds; default 365; 0: without an end"},
	{OPT_SECONDS, "seconds", "S", "how long each step is measured; default 5"},
	{OPT_YES, "yes", NULL,
	 "ask nothing: measure each --load when it lies still,\n"
	 "save if all is well"},
	{OPT_WAIT, "wait", "S", "with --yes: wait so long for a load; default 120"},
	{'m', "mat", "NAME", "this mat of the daemon; needed if it has several"},
	{'j', "json", NULL, "print one JSON document"},
	PL_OPTION_CONTROL,
	{0},
};

const struct pl_subcommand pl_cmd_calibrate = {
	.name = "calibrate",
	.summary = "make a calibration with known weights",
	.synopsis = "-o FILE [MAT] [--load LOAD]... [--by TEXT] [--valid DAYS]\n"
		    "-o FILE [MAT] --empty FILE --load LOAD=FILE ... [--body MASSkg=FILE]",
	.about = "With a running daemon it asks for the empty mat, for known weights at several\n"
		 "places and for a person of known mass; with --empty it works from recordings.\n"
		 "Finds the scale, and where the loads show them a curve and a gain map; prints\n"
		 "how far each load is off. MAT: the mat's configuration, for its saturation and\n"
		 "places without a sensor.",
	.options = options,
	.run = run,
};
