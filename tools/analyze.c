/* SPDX-License-Identifier: Apache-2.0 */
/*
 * plantar analyze: the figures of one recording. The library makes the document; this file
 * turns options into its conventions and prints it, as it is or as tables.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include <plantar/analysis.h>

#include "tools/archives.h"
#include "tools/command.h"
#include "tools/figures.h"
#include "tools/hints.h"
#include "tools/open.h"
#include "tools/progress.h"

#define DOCUMENT_BYTES \
	((size_t)48 << 20) /* 4,096 footprints, 16,384 steps; untouched pages cost nothing */
#define UNSET (-1)

enum {
	OPT_REGION = PL_OPT_LONG,
	OPT_AXIS,
	OPT_FILTER,
	OPT_SIDE,
	OPT_FACING,
	OPT_MASS,
	OPT_SPEED,
	OPT_TREADMILL,
	OPT_BELT,
	OPT_WEIGHT,
	OPT_PICTURES
};

struct choice {
	int region, axis, side, facing; /* UNSET: not given */
	double filter_hz;
	double body_mass_kg, speed_m_s, belt_m_s; /* NaN: not given */
	bool filter_given, json, treadmill, pictures;
	const char *as, *dead_weight;
	struct pl_hints hints;
};

static void take_filter(struct pl_args *args, struct choice *c)
{
	c->filter_given = true;
	if (strcmp(args->value, "none") == 0)
		c->filter_hz = NAN;
	else
		pl_args_number(args, 0.01, 10000, &c->filter_hz);
}

static void take_options(struct pl_args *args, struct choice *c)
{
	int key;

	while ((key = pl_args_next(args)) > 0) {
		switch (key) {
		case 'j':
			c->json = true;
			break;
		case OPT_PICTURES:
			c->pictures = true;
			break;
		case OPT_REGION:
			pl_args_parse(args, pl_region_parse, "novel, thirds, 30-30-40, thirds-box",
				      &c->region);
			break;
		case OPT_AXIS:
			pl_args_parse(args, pl_axis_parse, "foot, rows", &c->axis);
			break;
		case OPT_FILTER:
			take_filter(args, c);
			break;
		case OPT_SIDE:
			pl_args_parse(args, pl_side_parse, "left, right", &c->side);
			break;
		case OPT_FACING:
			pl_args_parse(args, pl_facing_parse, "auto, forward, backward, left, right",
				      &c->facing);
			break;
		case OPT_WEIGHT:
			c->dead_weight = args->value;
			break;
		case OPT_MASS:
			pl_args_number(args, 1, 500, &c->body_mass_kg);
			break;
		case OPT_SPEED:
			pl_args_number(args, 0.01, 20, &c->speed_m_s);
			break;
		case OPT_BELT:
			pl_args_number(args, 0.01, 20, &c->belt_m_s);
			break;
		case OPT_TREADMILL:
			c->treadmill = true;
			break;
		case PL_OPT_AS:
			c->as = args->value;
			break;
		default:
			pl_hints_option(args, key, &c->hints);
		}
	}
}

static void take_gait_choice(const struct choice *c, struct pl_gait_options *o)
{
	if (!isnan(c->body_mass_kg))
		o->body_mass_kg = c->body_mass_kg;
	if (!isnan(c->speed_m_s)) {
		o->speed_m_s = c->speed_m_s;
		o->speed_source = "entered";
	}
	o->belt_speed_m_s = c->belt_m_s;
	if (c->treadmill)
		o->treadmill = PL_TREADMILL_YES;
}

/* What was said at recording time holds unless the command line says otherwise. */
static struct pl_analysis_options conventions(const struct pl_recording *r, const struct choice *c)
{
	struct pl_analysis_options o;

	pl_recording_options(r, &o);
	if (c->region != UNSET)
		o.region = (enum pl_region_convention)c->region;
	if (c->side != UNSET)
		o.side = (enum pl_side)c->side;
	if (c->facing != UNSET)
		o.facing = (enum pl_facing)c->facing;
	if (c->axis != UNSET)
		o.axis = (enum pl_axis)c->axis;
	if (c->filter_given)
		o.filter_hz = c->filter_hz;
	if (!isnan(c->body_mass_kg))
		o.body_mass_kg = c->body_mass_kg;
	take_gait_choice(c, &o.gait);
	o.pictures = c->pictures;
	return o;
}

static int print_document(const struct pl_subcommand *self, const char *text, bool json)
{
	json_error_t wrong;
	json_t *document;

	if (json) {
		puts(text);
		return PL_EXIT_OK;
	}
	document = json_loads(text, 0, &wrong);
	if (!document) {
		pl_say(self, "the analysis is not valid JSON: %s", wrong.text);
		return PL_EXIT_FAILED;
	}
	pl_figures_analysis(stdout, document);
	json_decref(document);
	return PL_EXIT_OK;
}

/* What the mat does by itself, from a recording of a dead weight on it. */
static int read_own_sway(const struct choice *c, const struct pl_recording *trial,
			 const struct pl_analysis_options *o, struct pl_sway *own,
			 struct pl_error *err)
{
	struct pl_progress progress;
	struct pl_opened weight;
	int result;

	if (pl_open_any(&weight, c->dead_weight, c->as, err) < 0)
		return -1;
	pl_progress_begin(&progress, "the mat's own sway", "frames");
	result = pl_recording_own_sway(weight.recording, trial, o, own, pl_progress_step, &progress,
				       err);
	pl_progress_end(&progress);
	pl_opened_close(&weight);
	return result;
}

static int compute_frames(struct pl_recording *r, const struct choice *c, struct pl_json *json,
			  struct pl_error *err)
{
	struct pl_analysis_options o = conventions(r, c);
	struct pl_progress progress;
	struct pl_sway own;
	int result;

	if (c->dead_weight) {
		if (read_own_sway(c, r, &o, &own, err) < 0)
			return -1;
		o.own_sway = &own;
	}
	pl_progress_begin(&progress, "analyzing", "frames");
	result = pl_recording_analyze(r, &o, json, pl_progress_step, &progress, err);
	pl_progress_end(&progress);
	return result;
}

static int compute_table(const struct pl_table_file *table, const struct choice *c,
			 struct pl_json *json, struct pl_error *err)
{
	struct pl_table_options o;

	if (c->region != UNSET || c->axis != UNSET || c->side != UNSET || c->facing != UNSET)
		return pl_error_set(
			err, PL_EUSAGE, 0,
			"%s is a table: it has no regions, axis, side or facing; "
			"left.force and right.force of --columns say which foot is which",
			table->path);
	if (c->pictures)
		return pl_error_set(err, PL_EUSAGE, 0,
				    "%s is a table: it has no cells to make pictures of",
				    table->path);
	if (c->dead_weight)
		return pl_error_set(err, PL_EUSAGE, 0,
				    "%s is a table, not of a mat: --dead-weight does not apply",
				    table->path);
	pl_table_options_of(table, &o);
	if (c->filter_given)
		o.standing.filter_hz = c->filter_hz;
	if (!isnan(c->body_mass_kg))
		o.standing.body_mass_kg = c->body_mass_kg;
	take_gait_choice(c, &o.gait);
	return pl_table_analyze(table, &o, json, err);
}

static int analyze(const struct pl_subcommand *self, const char *named, const struct choice *c)
{
	struct pl_error err = {.code = PL_OK};
	char path[PL_NAMED_PATH];
	struct pl_opened opened;
	const char *problem;
	struct pl_json json;
	char *text;
	int r, code;

	if (pl_named_file(named, path, &err) < 0 ||
	    pl_open_hinted(&opened, path, c->as, &c->hints, &err) < 0)
		return pl_report(self, &err);
	problem =
		opened.table ? opened.table->problem : pl_recording_info(opened.recording)->problem;
	if (*problem)
		pl_say(self, "%s: %s", path, problem);
	text = malloc(DOCUMENT_BYTES);
	if (!text) {
		pl_opened_close(&opened);
		pl_say(self, "out of memory");
		return PL_EXIT_FAILED;
	}
	pl_json_init(&json, text, DOCUMENT_BYTES);
	r = opened.table ? compute_table(opened.table, c, &json, &err)
			 : compute_frames(opened.recording, c, &json, &err);
	if (r < 0) {
		code = pl_report(self, &err);
	} else if (!pl_json_finish(&json)) {
		pl_say(self, "%s holds more footprints than fit a document", path);
		code = PL_EXIT_FAILED;
	} else {
		code = print_document(self, text, c->json);
	}
	free(text);
	pl_opened_close(&opened);
	return code;
}

static int run(const struct pl_subcommand *self, int argc, char **argv)
{
	struct choice c = {.region = UNSET,
			   .axis = UNSET,
			   .side = UNSET,
			   .facing = UNSET,
			   .body_mass_kg = NAN,
			   .speed_m_s = NAN,
			   .belt_m_s = NAN};
	struct pl_args args;

	pl_args_begin(&args, self, argc, argv);
	take_options(&args, &c);
	if (c.side != UNSET)
		c.hints.side = (enum pl_side)c.side;
	pl_args_operands(&args, 1, 1, "RECORDING");
	if (!args.done && c.pictures && !c.json)
		pl_args_fail(&args, "--pictures is part of the document: add --json");
	if (args.done)
		return args.exit_code;
	return analyze(self, argv[args.first], &c);
}

static const struct pl_option options[] = {
	{'j', "json", NULL, "print one JSON document"},
	{OPT_PICTURES, "pictures", NULL,
	 "add to the document what a footprint and force curves\nare drawn from: maps, regions, "
	 "paths, curves"},
	{OPT_REGION, "region", "NAME",
	 "how a foot is divided: novel (0-27-55-100 % of its\n"
	 "length), thirds (without toes), 30-30-40, thirds-box\n"
	 "(of the loaded rows); default: as recorded, else novel"},
	{OPT_AXIS, "axis", "NAME",
	 "what regions are measured along: foot (its own axis,\n"
	 "default) or rows (of the mat)"},
	{OPT_FILTER, "filter", "HZ",
	 "low-pass of the centre of pressure for sway, zero lag;\n"
	 "default 10; none: as recorded"},
	{OPT_SIDE, "side", "SIDE",
	 "left or right, for a recording of one foot; of a pair of\n"
	 "insoles, this one alone"},
	{OPT_FACING, "facing", "WAY",
	 "where the toes point: auto, forward, backward, left,\n"
	 "right; default: as recorded, else auto"},
	{OPT_WEIGHT, "dead-weight", "RECORDING",
	 "a recording of a weight on the same mat: how much the\n"
	 "mat sways by itself is printed beside the person's sway"},
	{OPT_MASS, "body-mass", "KG",
	 "body mass: forces of steps also in body weights;\n"
	 "default: as recorded"},
	{OPT_SPEED, "speed", "M_S", "how fast the person went, to be kept with the figures"},
	{OPT_TREADMILL, "treadmill", NULL,
	 "a mat under a belt: steps cut by the ends do not\n"
	 "count, and of steps only force and timing are given"},
	{OPT_BELT, "belt-speed", "M_S",
	 "the same where the belt's speed is known: footprints\n"
	 "are computed on the belt, too"},
	PL_OPTION_ARCHIVE,
	PL_OPTION_AS,
	PL_OPTIONS_HINTS,
	{0},
};

const struct pl_subcommand pl_cmd_analyze = {
	.name = "analyze",
	.summary = "compute the figures of a recording",
	.synopsis = "RECORDING [--json [--pictures]] [--region NAME] [--axis NAME] [--filter HZ]\n"
		    "RECORDING [--side SIDE] [--facing WAY] [--body-mass KG] [--speed M_S]\n"
		    "RECORDING [--treadmill] [--belt-speed M_S] [--as MAT] ...\n"
		    "RECORDING [--dead-weight RECORDING] ...\n"
		    "FILE --columns LIST [--unit UNIT] [--rate HZ] ...\n"
		    "FILE --dataset NAME --axes LIST --pitch MM --rate HZ ...",
	.about = "Totals, and for each foot and region peak force, impulse, share of load, peak\n"
		 "pressure, contact area and time; for each step timing, loading and how the foot\n"
		 "landed, and what the steps of a side have in common; load and sway of the "
		 "longest\n"
		 "quiet standing. RECORDING is a .h5 of plantard, an unfinished journal, a novel\n"
		 "emed .lst or pedar .asc, a Tekscan .asf, an XSENSOR .csv, a zebris .apd, a byte\n"
		 "capture (.plcap), an array in an HDF5 file or a table of force or centre of\n"
		 "pressure; files are told apart by content, not by name, and docs/import.md says\n"
		 "what each lacks. A dash is a figure about which nothing can be said. The last\n"
		 "lines name the conventions; docs/metrics.md defines them.",
	.options = options,
	.run = run,
};
