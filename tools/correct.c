/* SPDX-License-Identifier: Apache-2.0 */
/*
 * plantar correct: what the analysis found in a recording and got wrong, or cannot know: which foot
 * it was, where the toes pointed, and that a step is not to be counted. Stored like annotations,
 * and followed by every later analysis.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include <plantar/amend.h>
#include <plantar/analysis.h>
#include <plantar/hints.h>
#include <plantar/live.h>
#include <plantar/recording.h>
#include <plantar/rejection.h>

#include "tools/amending.h"
#include "tools/archives.h"
#include "tools/command.h"
#include "tools/open.h"
#include "tools/progress.h"

#define DOCUMENT_BYTES ((size_t)16 << 20) /* as plantar analyze */
#define STEPS_AT_A_TIME 40
#define REASON_MAX 160 /* of what is no step */

enum {
	OPT_SIDE = PL_OPT_LONG,
	OPT_FOOT,
	OPT_FACING,
	OPT_REJECT_STEP,
	OPT_ACCEPT_STEP,
	OPT_REASON,
};

struct correction {
	const char *side, *facing, *reason;
	int64_t foot; /* 0: the whole recording */
	struct {
		int64_t number; /* as listed, from 1 */
		bool reject;
	} step[STEPS_AT_A_TIME];
	unsigned steps;
	char feet[PL_ANNOTATION_VALUE_MAX], rejected[PL_ANNOTATION_VALUE_MAX];
	char note[REASON_MAX + 16];
};

/* ---- sides ---- */

/* The feet that were corrected before, with foot's side set, or taken away where side is NULL. */
static int merge_feet(const char *trial, int64_t foot, const char *side, char *out,
		      struct pl_error *err)
{
	struct pl_recording *r = pl_recording_open(trial, err);
	char feet[PL_ANNOTATION_VALUE_MAX] = "";
	size_t at = 0;

	if (!r)
		return -1;
	if (pl_recording_meta(r))
		pl_annotations_get(&pl_recording_meta(r)->annotations, "feet_side", feet);
	pl_recording_close(r);
	*out = '\0';
	for (const char *s = feet; *s;) {
		size_t n = strcspn(s, ",");

		if (strtoll(s, NULL, 10) != foot)
			at += (size_t)snprintf(out + at, PL_ANNOTATION_VALUE_MAX - at, "%s%.*s",
					       at ? "," : "", (int)n, s);
		s += n + (s[n] == ',');
	}
	if (side)
		snprintf(out + at, PL_ANNOTATION_VALUE_MAX - at, "%s%d=%s", at ? "," : "",
			 (int)foot, side);
	return 0;
}

/* ---- steps ---- */

/* What is in force: by when steps began, so that it holds whatever is corrected besides. */
static int read_rejections(const struct pl_opened *o, struct pl_rejections *r, struct pl_error *err)
{
	const struct pl_session_meta *meta =
		o->table ? o->table->meta : pl_recording_meta(o->recording);
	char text[PL_ANNOTATION_VALUE_MAX] = "";

	if (meta)
		pl_annotations_get(&meta->annotations, "steps_rejected", text);
	return pl_rejections_parse(r, text, err);
}

static int analyze(const struct pl_opened *o, struct pl_json *json, struct pl_error *err)
{
	struct pl_analysis_options options;
	struct pl_table_options table;
	struct pl_progress progress;
	int r;

	if (o->table) {
		pl_table_options_of(o->table, &table);
		return pl_table_analyze(o->table, &table, json, err);
	}
	pl_recording_options(o->recording, &options);
	pl_progress_begin(&progress, "finding the steps", "frames");
	r = pl_recording_analyze(o->recording, &options, json, pl_progress_step, &progress, err);
	pl_progress_end(&progress);
	return r;
}

/* The steps as plantar analyze lists them; NULL: err. */
static json_t *list_steps(const struct pl_opened *o, struct pl_error *err)
{
	char *text = malloc(DOCUMENT_BYTES);
	json_t *document = NULL, *steps;
	struct pl_json json;

	if (!text) {
		pl_error_set(err, PL_ENOMEM, 0, "out of memory");
		return NULL;
	}
	pl_json_init(&json, text, DOCUMENT_BYTES);
	if (analyze(o, &json, err) == 0) {
		document = pl_json_finish(&json) ? json_loads(text, 0, NULL) : NULL;
		if (!document)
			pl_error_set(err, PL_ENOMEM, 0, "more steps than fit a document");
	}
	free(text);
	steps = json_incref(json_object_get(document, "steps"));
	if (document && !steps)
		steps = json_array();
	json_decref(document);
	return steps;
}

/* A figure that a step may lack; NaN then. */
static double seconds(const json_t *step, const char *key)
{
	const json_t *value = json_object_get(step, key);

	return json_is_number(value) ? json_number_value(value) : (double)NAN;
}

static int change_step(struct pl_rejections *r, const json_t *step, int64_t number,
		       const char *reason, struct pl_error *err)
{
	const json_t *foot = json_object_get(step, "foot");
	double onset_s = seconds(step, "onset_s"), contact_s = seconds(step, "contact_time_s"), off;
	struct pl_rejection one = {
		.onset_ms = llround(1e3 * onset_s),
		.contact_ms = isnan(contact_s) ? -1 : llround(1e3 * contact_s),
		.foot = json_is_integer(foot) ? (int)json_integer_value(foot) : -1,
	};
	/* the analysis has said which rejection means this step: no other is to be touched */
	int was = json_object_get(step, "reject_reason")
			  ? pl_rejections_find(r, onset_s, contact_s, one.foot, &off)
			  : -1;

	if (!reason && was < 0)
		return pl_error_set(err, PL_EUSAGE, 0,
				    "step %lld was not rejected by hand; only such a rejection is "
				    "taken back",
				    (long long)number);
	if (was >= 0)
		pl_rejections_remove(r, (unsigned)was);
	if (!reason)
		return 0;
	snprintf(one.reason, sizeof(one.reason), "%s", reason);
	return pl_rejections_add(r, &one, err);
}

static int change_steps(struct correction *c, const struct pl_opened *o, struct pl_error *err)
{
	struct pl_rejections r;
	json_t *steps;
	int result;

	if (read_rejections(o, &r, err))
		return -1;
	steps = list_steps(o, err);
	if (!steps)
		return -1;
	result = 0;
	for (unsigned i = 0; i < c->steps && result == 0; i++) {
		int64_t number = c->step[i].number;
		const json_t *step = json_array_get(steps, (size_t)number - 1);

		if (!step)
			result = pl_error_set(err, PL_EUSAGE, 0,
					      "there is no step %lld: plantar analyze lists %zu",
					      (long long)number, json_array_size(steps));
		else
			result = change_step(&r, step, number, c->step[i].reject ? c->reason : NULL,
					     err);
	}
	json_decref(steps);
	return result ? result : pl_rejections_print(&r, c->rejected, sizeof(c->rejected), err);
}

static int merge_steps(struct correction *c, const char *trial, struct pl_error *err)
{
	struct pl_opened opened;
	int result;

	if (pl_open_any(&opened, trial, NULL, err) < 0)
		return -1;
	result = change_steps(c, &opened, err);
	pl_opened_close(&opened);
	return result;
}

/* ---- the command ---- */

static void take_step(struct pl_args *args, struct correction *c, bool reject)
{
	if (c->steps == STEPS_AT_A_TIME) {
		pl_args_fail(args, "at most %d steps at a time", STEPS_AT_A_TIME);
		return;
	}
	c->step[c->steps].reject = reject;
	pl_args_integer(args, 1, PL_STEPS_MAX, &c->step[c->steps].number);
	c->steps++;
}

static bool rejects(const struct correction *c)
{
	for (unsigned i = 0; i < c->steps; i++)
		if (c->step[i].reject)
			return true;
	return false;
}

/* What cannot be said of a step is told before the trial is analysed. */
static void check_reason(struct pl_args *args, const struct correction *c)
{
	if (rejects(c) && !c->reason)
		pl_args_fail(args, "--reject-step needs --reason");
	else if (rejects(c) && (!*c->reason || strchr(c->reason, ';') ||
				strlen(c->reason) >= PL_REJECTION_REASON_MAX))
		pl_args_fail(args, "a reason has 1 to %d bytes and no ;",
			     PL_REJECTION_REASON_MAX - 1);
	else if (c->reason && (!*c->reason || strlen(c->reason) > REASON_MAX))
		pl_args_fail(args, "a reason has 1 to %d bytes", REASON_MAX);
}

static void take_correct(struct pl_args *args, struct pl_amending *a, struct correction *c)
{
	static const char *const sides[] = {"left", "right", "unknown", "auto", NULL};
	int key, ignored;

	while ((key = pl_args_next(args)) > 0) {
		switch (key) {
		case 'j':
			a->json = true;
			break;
		case OPT_SIDE:
			pl_args_choice(args, sides, &ignored);
			c->side = args->value;
			break;
		case OPT_FOOT:
			pl_args_integer(args, 1, PL_ANNOTATION_FEET_MAX, &c->foot);
			break;
		case OPT_FACING:
			pl_args_parse(args, pl_facing_parse, "auto, forward, backward, left, right",
				      &ignored);
			c->facing = args->value;
			break;
		case OPT_REJECT_STEP:
		case OPT_ACCEPT_STEP:
			take_step(args, c, key == OPT_REJECT_STEP);
			break;
		case OPT_REASON:
			c->reason = args->value;
			break;
		case PL_OPT_BY:
			pl_amending_by(args, a);
			break;
		}
	}
}

static void add_value(struct pl_amending *a, const char *key, const char *value)
{
	a->value[a->amend.values++] = (struct pl_amend_value){.key = key, .value = value};
}

/* A step keeps its reason; of the rest the file has no place for one but a note. */
static void add_reason(struct pl_amending *a, struct correction *c)
{
	if (!c->reason || (rejects(c) && !c->side && !c->facing))
		return;
	snprintf(c->note, sizeof(c->note), "corrected: %s", c->reason);
	a->event[a->amend.events++] = (struct pl_amend_event){.kind = "note", .text = c->note};
}

static int correct(struct pl_amending *a, struct correction *c, const char *operand)
{
	/* auto: as if nobody had said anything */
	const char *side = c->side && strcmp(c->side, "auto") == 0 ? NULL : c->side;
	struct pl_error err = {.code = PL_OK};
	char trial[PL_NAMED_PATH];

	if (pl_named_file(operand, trial, &err))
		return pl_report(a->self, &err);
	if (c->side && c->foot) {
		if (merge_feet(trial, c->foot, side, c->feet, &err))
			return pl_report(a->self, &err);
		add_value(a, "feet_side", c->feet);
	} else if (c->side) {
		add_value(a, "side", side ? side : "");
	}
	if (c->facing)
		add_value(a, "facing", strcmp(c->facing, "auto") == 0 ? "" : c->facing);
	if (c->steps) {
		if (merge_steps(c, trial, &err))
			return pl_report(a->self, &err);
		a->of_one = "a step is";
		add_value(a, "steps_rejected", c->rejected);
	}
	add_reason(a, c);
	return pl_amending_run(a, operand);
}

static int run_correct(const struct pl_subcommand *self, int argc, char **argv)
{
	struct pl_amending *a = calloc(1, sizeof(*a));
	struct correction c = {0};
	struct pl_args args;
	int code;

	if (!a) {
		pl_say(self, "out of memory");
		return PL_EXIT_FAILED;
	}
	a->self = self;
	pl_args_begin(&args, self, argc, argv);
	take_correct(&args, a, &c);
	pl_args_operands(&args, 1, 1, "TRIAL");
	if (!args.done && !c.side && !c.facing && !c.steps)
		pl_args_fail(&args, "nothing to correct: --side or --facing, --reject-step or "
				    "--accept-step is missing");
	if (!args.done && c.foot && !c.side)
		pl_args_fail(&args, "--foot goes with --side");
	if (!args.done)
		check_reason(&args, &c);
	code = args.done ? args.exit_code : correct(a, &c, argv[args.first]);
	free(a);
	return code;
}

static const struct pl_option correct_options[] = {
	{OPT_SIDE, "side", "SIDE",
	 "which foot it is: left, right, unknown; auto takes a\ncorrection back"},
	{OPT_FOOT, "foot", "N",
	 "that foot only, as plantar analyze numbers them from 1;\n"
	 "default: all of the recording is of one foot"},
	{OPT_FACING, "facing", "WAY", "where the toes point: auto, forward, backward, left, right"},
	{OPT_REJECT_STEP, "reject-step", "N",
	 "this step does not count, as plantar analyze numbers\nthem from 1; may be given several "
	 "times"},
	{OPT_REASON, "reason", "TEXT",
	 "why: targeting, stumbled, ...; of other corrections it is\nkept as a note"},
	{OPT_ACCEPT_STEP, "accept-step", "N", "a step rejected by hand counts after all"},
	PL_OPTION_BY,
	PL_OPTION_ARCHIVE,
	{'j', "json", NULL, "print one JSON document"},
	{0},
};

const struct pl_subcommand pl_cmd_correct = {
	.name = "correct",
	.summary = "correct the side of a foot, where the toes point, or whether a step counts",
	.synopsis = "TRIAL --side SIDE [--foot N] [--facing WAY] [--json]\n"
		    "TRIAL --reject-step N... --reason TEXT\n"
		    "TRIAL --accept-step N...",
	.about = "The correction is kept in the trial with who made it and when, and every later\n"
		 "analysis, comparison and export follows it. The figures recorded live stay as\n"
		 "they were.",
	.options = correct_options,
	.run = run_correct,
};
