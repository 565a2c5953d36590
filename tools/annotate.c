/* SPDX-License-Identifier: Apache-2.0 */
/*
 * plantar annotate, plantar correct: what is said about a finished recording afterwards. Both put
 * values into the files through pl_amend, which keeps who changed what; they differ in what the
 * values are: annotate takes what people know, correct what the analysis found and got wrong.
 */
#include <dirent.h>
#include <math.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <jansson.h>

#include <plantar/amend.h>
#include <plantar/live.h>
#include <plantar/recording.h>

#include "drivers/mat/subject.h"
#include "tools/command.h"
#include "tools/figures.h"
#include "tools/folder.h"

#define VALUES_MAX 64
#define EVENTS_MAX 32

enum {
	OPT_NOTE = PL_OPT_LONG,
	OPT_MARK,
	OPT_REJECT,
	OPT_ACCEPT,
	OPT_KEYS,
	OPT_SIDE,
	OPT_FOOT,
	OPT_FACING,
};

struct asked {
	const struct pl_subcommand *self;
	bool json, keys;
	struct pl_amend amend;
	struct pl_amend_value value[VALUES_MAX];
	struct pl_amend_event event[EVENTS_MAX];
	char key[VALUES_MAX][64];
	bool marked;
	json_t *trials; /* NULL: for people */
	int code;
};

/* The login of whoever runs this, not what the environment says of him. */
static const char *login(char *buf, size_t cap)
{
	const struct passwd *pw = getpwuid(getuid());

	if (pw)
		snprintf(buf, cap, "%s", pw->pw_name);
	else
		snprintf(buf, cap, "uid %u", (unsigned)getuid());
	return buf;
}

static void say_done(struct asked *a, const char *path, size_t changed)
{
	if (a->trials)
		json_array_append_new(a->trials, json_pack("{s:o, s:I}", "path", pl_text_json(path),
							   "changed", (json_int_t)changed));
	else if (changed)
		printf("%s: %zu changed\n", path, changed);
	else
		printf("%s: as it was\n", path);
}

static int amend_one(struct asked *a, const char *path)
{
	struct pl_error err = {.code = PL_OK};
	size_t changed;

	a->amend.trial = path;
	if (pl_amend(&a->amend, &changed, &err) < 0) {
		a->code = pl_report(a->self, &err);
		return 1; /* the next trial would most likely fail alike */
	}
	say_done(a, path, changed);
	return 0;
}

/* ---- the trials that are meant ---- */

static int is_trial(const struct dirent *entry)
{
	const char *name = entry->d_name, *end = strrchr(name, '.');

	return strncmp(name, "trial-", 6) == 0 && end && strcmp(end, ".h5") == 0;
}

/* A session's own folder and none above it: a slip must not reach a year of people. */
static void amend_folder(struct asked *a, const char *folder)
{
	struct dirent **entry;
	int n = scandir(folder, &entry, is_trial, versionsort);
	char path[4096];

	if (n <= 0) {
		pl_say(a->self, "%s is no session: it has no trial-*.h5; name a session or a trial",
		       folder);
		a->code = PL_EXIT_FAILED;
	} else if (n > 1 && a->marked) {
		pl_say(a->self, "a mark is at one moment of one trial; %s has %d", folder, n);
		a->code = PL_EXIT_USAGE;
	}
	for (int i = 0; i < n; i++) {
		snprintf(path, sizeof(path), "%s/%s", folder, entry[i]->d_name);
		if (a->code == PL_EXIT_OK)
			amend_one(a, path);
		free(entry[i]);
	}
	if (n >= 0)
		free(entry);
}

static int amend_path(struct asked *a, const char *path)
{
	struct pl_error err = {.code = PL_OK};
	char who[65];
	struct stat st;

	for (size_t i = 0; i < a->amend.values; i++)
		if (strcmp(a->value[i].key, "subject") == 0 &&
		    pl_subject_allowed(a->value[i].value, &err))
			return pl_report(a->self, &err);
	a->amend.who = login(who, sizeof(who));
	a->amend.software = "plantar " PLANTAR_VERSION;
	a->amend.value = a->value;
	a->amend.event = a->event;
	if (a->json)
		a->trials = json_array();
	if (stat(path, &st) == 0 && S_ISDIR(st.st_mode))
		amend_folder(a, path);
	else
		amend_one(a, path);
	if (a->trials) {
		json_t *document = json_pack("{s:o}", "trials", a->trials);

		if (a->code == PL_EXIT_OK) {
			json_dumpf(document, stdout, JSON_COMPACT);
			putchar('\n');
		}
		json_decref(document);
	}
	return a->code;
}

/* ---- annotate ---- */

static void add_event(struct pl_args *args, struct asked *a, const char *kind, double t_s,
		      const char *text)
{
	if (a->amend.events == EVENTS_MAX) {
		pl_args_fail(args, "at most %d notes and marks at a time", EVENTS_MAX);
		return;
	}
	a->event[a->amend.events++] =
		(struct pl_amend_event){.kind = kind, .t_s = t_s, .text = text};
}

static void take_mark(struct pl_args *args, struct asked *a)
{
	char *end;
	double t_s = strtod(args->value, &end);

	if (end == args->value || *end != ':' || !(t_s >= 0) || isinf(t_s)) {
		pl_args_fail(args, "--mark wants seconds since the start, a colon and a text: "
				   "12.5:stumbled");
		return;
	}
	a->marked = true;
	add_event(args, a, "mark", t_s, end + 1);
}

static void take_value(struct pl_args *args, struct asked *a, const char *assignment)
{
	size_t n = strcspn(assignment, "="), i = a->amend.values;

	if (!assignment[n] || n == 0 || n >= sizeof(a->key[0])) {
		pl_args_fail(args, "KEY=VALUE is expected, not '%s'", assignment);
		return;
	}
	if (i == VALUES_MAX) {
		pl_args_fail(args, "at most %d values at a time", VALUES_MAX);
		return;
	}
	snprintf(a->key[i], sizeof(a->key[i]), "%.*s", (int)n, assignment);
	a->value[i] = (struct pl_amend_value){.key = a->key[i], .value = assignment + n + 1};
	a->amend.values++;
}

static void print_range(const struct pl_annotation_key *k)
{
	switch (k->type) {
	case PL_ANNOTATION_NUMBER:
		printf("%g to %g%s%s", k->min, k->max, *k->unit ? " " : "", k->unit);
		break;
	case PL_ANNOTATION_WORD:
	case PL_ANNOTATION_WORDS:
		for (size_t i = 0; k->words[i]; i++)
			printf("%s%s", i ? ", " : "", k->words[i]);
		if (k->type == PL_ANNOTATION_WORDS)
			printf("; or several: a,b");
		break;
	case PL_ANNOTATION_BOOL:
		printf("true, false");
		break;
	case PL_ANNOTATION_TEXT:
		printf("text, at most %g bytes", k->max);
		break;
	case PL_ANNOTATION_CODE:
		printf("a code, at most %g characters", k->max);
		break;
	case PL_ANNOTATION_FEET:
		printf("set by plantar correct --foot");
		break;
	}
}

static int print_keys(void)
{
	const struct pl_annotation_key *k;
	size_t n;

	k = pl_annotation_keys(&n);
	for (size_t i = 0; i < n; i++) {
		printf("%-28s %-8s %s: ", k[i].name,
		       k[i].group == PL_ANNOTATION_SUBJECT ? "subject" : "trial", k[i].help);
		print_range(&k[i]);
		putchar('\n');
	}
	return PL_EXIT_OK;
}

static void take_annotate(struct pl_args *args, struct asked *a)
{
	int key;

	while ((key = pl_args_next(args)) > 0) {
		switch (key) {
		case 'j':
			a->json = true;
			break;
		case OPT_KEYS:
			a->keys = true;
			break;
		case OPT_NOTE:
			add_event(args, a, "note", 0, args->value);
			break;
		case OPT_MARK:
			take_mark(args, a);
			break;
		case OPT_REJECT:
			add_event(args, a, "reject", 0, args->value);
			break;
		case OPT_ACCEPT:
			add_event(args, a, "accept", 0, "");
			break;
		}
	}
}

static int run_annotate(const struct pl_subcommand *self, int argc, char **argv)
{
	struct asked *a = calloc(1, sizeof(*a));
	struct pl_args args;
	int code;

	if (!a) {
		pl_say(self, "out of memory");
		return PL_EXIT_FAILED;
	}
	a->self = self;
	pl_args_begin(&args, self, argc, argv);
	take_annotate(&args, a);
	pl_args_operands(&args, a->keys ? 0 : 1, -1, "SESSION or TRIAL");
	for (int i = args.first + 1; !args.done && i < argc; i++)
		take_value(&args, a, argv[i]);
	if (!args.done && !a->keys && !a->amend.values && !a->amend.events)
		pl_args_fail(&args, "nothing to add: KEY=VALUE, --note or --mark is missing");
	if (args.done)
		code = args.exit_code;
	else
		code = a->keys ? print_keys() : amend_path(a, argv[args.first]);
	free(a);
	return code;
}

/* ---- correct ---- */

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

struct correction {
	const char *side, *facing;
	int64_t foot; /* 0: the whole recording */
	char feet[PL_ANNOTATION_VALUE_MAX];
};

static void take_correct(struct pl_args *args, struct asked *a, struct correction *c)
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
		}
	}
}

static void add_value(struct asked *a, const char *key, const char *value)
{
	a->value[a->amend.values++] = (struct pl_amend_value){.key = key, .value = value};
}

static int correct(struct asked *a, struct correction *c, const char *trial)
{
	/* auto: as if nobody had said anything */
	const char *side = c->side && strcmp(c->side, "auto") == 0 ? NULL : c->side;
	struct pl_error err = {.code = PL_OK};

	if (c->side && c->foot) {
		if (merge_feet(trial, c->foot, side, c->feet, &err))
			return pl_report(a->self, &err);
		add_value(a, "feet_side", c->feet);
	} else if (c->side) {
		add_value(a, "side", side ? side : "");
	}
	if (c->facing)
		add_value(a, "facing", strcmp(c->facing, "auto") == 0 ? "" : c->facing);
	return amend_path(a, trial);
}

static int run_correct(const struct pl_subcommand *self, int argc, char **argv)
{
	struct asked *a = calloc(1, sizeof(*a));
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
	if (!args.done && !c.side && !c.facing)
		pl_args_fail(&args, "nothing to correct: --side or --facing is missing");
	if (!args.done && c.foot && !c.side)
		pl_args_fail(&args, "--foot goes with --side");
	code = args.done ? args.exit_code : correct(a, &c, argv[args.first]);
	free(a);
	return code;
}

static const struct pl_option annotate_options[] = {
	{OPT_NOTE, "note", "TEXT", "a note about the trial, or about each trial of the session"},
	{OPT_MARK, "mark", "T:TEXT", "a mark at T seconds since the start of the trial"},
	{OPT_REJECT, "reject", "REASON", "the trial is not to be used; comparisons leave it out"},
	{OPT_ACCEPT, "accept", NULL, "the trial is to be used after all"},
	{OPT_KEYS, "keys", NULL, "list the keys and what each may be"},
	{'j', "json", NULL, "print one JSON document"},
	{0},
};

const struct pl_subcommand pl_cmd_annotate = {
	.name = "annotate",
	.summary = "say more about a finished recording",
	.synopsis = "SESSION|TRIAL KEY=VALUE... [--note TEXT] [--mark T:TEXT] [--json]\n"
		    "--keys",
	.about = "Adds or changes annotations of a trial (trial-NNN.h5), or of all trials of a\n"
		 "session's folder: body_mass_kg=70.5, pain_score=3, surface=barefoot, ...;\n"
		 "KEY= takes a value away. Frames and figures recorded are never touched. Who\n"
		 "changed what, and when, is kept in the file; plantar info shows it.",
	.options = annotate_options,
	.run = run_annotate,
};

static const struct pl_option correct_options[] = {
	{OPT_SIDE, "side", "SIDE",
	 "which foot it is: left, right, unknown; auto takes a\ncorrection back"},
	{OPT_FOOT, "foot", "N",
	 "that foot only, as plantar analyze numbers them from 1;\n"
	 "default: all of the recording is of one foot"},
	{OPT_FACING, "facing", "WAY", "where the toes point: auto, forward, backward, left, right"},
	{'j', "json", NULL, "print one JSON document"},
	{0},
};

const struct pl_subcommand pl_cmd_correct = {
	.name = "correct",
	.summary = "correct the side of a foot, or which way the toes point",
	.synopsis = "TRIAL --side SIDE [--foot N] [--facing WAY] [--json]",
	.about = "The correction is kept in the trial with who made it and when, and every later\n"
		 "analysis, comparison and export follows it. The figures recorded live stay as\n"
		 "they were.",
	.options = correct_options,
	.run = run_correct,
};
