/* SPDX-License-Identifier: Apache-2.0 */
/*
 * plantar trend: one person's figures from session to session. The scatter between sessions is
 * the person's own repeatability; with three of them or more it says how far two sessions must lie
 * apart to be told from each other. Fewer sessions are shown without such a word.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/archives.h"
#include "tools/command.h"
#include "tools/comparison.h"
#include "tools/course.h"
#include "tools/erased.h"
#include "tools/figures.h"
#include "tools/layout.h"
#include "tools/mixing.h"

#define SESSIONS_MAX 512

enum { OPT_CONDITION = PL_OPT_LONG, OPT_MIX, OPT_BETWEEN_DAY, OPT_FIGURES, OPT_CSV };

struct trend {
	const struct pl_subcommand *self;
	struct pl_sessions sessions;
	struct pl_days days;
	const char *mix, *only, *between_day;
	bool json, csv;
};

/* ---- the document ---- */

static json_t *number(double value)
{
	return isfinite(value) ? json_real(value) : json_null();
}

static json_t *session_json(const struct pl_group *g)
{
	size_t known, of;
	double speed = pl_group_speed(g, &known, &of);

	return json_pack("{s:s, s:s, s:I, s:I, s:I, s:O, s:I, s:I, s:o}", "date", "",
			 "session_uuid", strchr(g->name, ' ') + 1, "recordings",
			 (json_int_t)pl_group_recordings(g), "trials_rejected",
			 (json_int_t)g->trials_rejected, "trials_undecided",
			 (json_int_t)g->trials_undecided, "trials_left_out", g->left_out, "steps",
			 (json_int_t)g->steps, "steps_rejected", (json_int_t)g->steps_rejected,
			 "speed_m_s", number(speed));
}

static json_t *make_document(const struct trend *t, json_t *mixed)
{
	json_t *sessions = json_array(), *s;
	char date[16];

	for (size_t i = 0; i < t->sessions.n; i++) {
		s = session_json(&t->sessions.group[i]);
		snprintf(date, sizeof(date), "%.10s", t->sessions.group[i].name);
		json_object_set_new(s, "date", json_string(date));
		json_array_append_new(sessions, s);
	}
	return json_pack("{s:o, s:o, s:o, s:o, s:O, s:o}", "subject",
			 pl_text_json(t->sessions.subject), "condition",
			 t->sessions.condition ? pl_text_json(t->sessions.condition) : json_null(),
			 "sessions", sessions, "mixed", mixed, "warnings", t->sessions.warnings,
			 "figures",
			 pl_course_figures(t->sessions.group, t->sessions.n, &t->days, t->only));
}

/* ---- output ---- */

#define SHOWN 5 /* sessions in a row of the table: the first and the last ones */

static bool shown(size_t i, size_t sessions)
{
	return i == 0 || i + SHOWN > sessions;
}

static void print_sessions(const json_t *document)
{
	const json_t *s, *w;
	size_t i;

	printf("%s\n", pl_figure_text(document, "subject", "-"));
	json_array_foreach(json_object_get(document, "sessions"), i, s)
	{
		size_t trials = json_array_size(json_object_get(s, "trials_left_out"));
		long long steps = json_integer_value(json_object_get(s, "steps_rejected"));

		printf("  %2zu  %s  %s  recordings %lld, steps %lld\n", i + 1,
		       pl_figure_text(s, "date", "-"), pl_figure_text(s, "session_uuid", "-"),
		       json_integer_value(json_object_get(s, "recordings")),
		       json_integer_value(json_object_get(s, "steps")));
		if (trials || steps)
			printf("      left out: trials %zu, steps %lld\n", trials, steps);
		pl_group_print_left_out(s);
	}
	json_array_foreach(json_object_get(document, "warnings"), i, w)
		pl_wrapped(stdout, "! ", json_string_value(w), 2);
}

static void print_row(const json_t *f, char *heading)
{
	const json_t *points = json_object_get(f, "sessions"), *p;
	const json_t *first = json_object_get(json_array_get(points, 0), "mean");
	char a[32], b[32];
	size_t k;

	pl_figure_name(stdout, f, heading, 28);
	json_array_foreach(points, k, p) if (shown(k, json_array_size(points)))
		printf(" %9s", pl_figure(json_object_get(p, "mean"), a));
	printf(" %9s %8s%s\n", pl_figure_scatter(json_object_get(f, "change"), first, a),
	       pl_figure_scatter(json_object_get(f, "detectable_difference"), first, b),
	       json_is_true(json_object_get(f, "beyond")) ? " *" : "");
}

static void print_table(const json_t *document)
{
	const json_t *sessions = json_object_get(document, "sessions"), *f, *s;
	size_t i, n = json_array_size(sessions);
	char heading[128] = "";

	print_sessions(document);
	printf("\n%-28s", "mean of session");
	json_array_foreach(sessions, i, s) if (shown(i, n)) printf(" %9zu", i + 1);
	printf(" %9s %8s\n", "change", "detect.");
	json_array_foreach(json_object_get(document, "figures"), i, f) print_row(f, heading);
	printf("\n%zu figures; change: from the first session to the last; * : by more than the "
	       "detectable\ndifference; a dash below detect.: repeatability unknown\n",
	       json_array_size(json_object_get(document, "figures")));
	if (n > SHOWN)
		printf("%zu sessions between are not shown: --csv and --json have them\n",
		       n - SHOWN);
}

static void print_csv(const json_t *document)
{
	static const char *const own[] = {"n", "mean", "sd"};
	static const char *const figure[] = {"between_day_sd", "detectable_difference",
					     "repeatability"};
	const json_t *f, *p, *s;
	size_t i, k;

	printf("figure,side,date,session_uuid,n,mean,sd,between_day_sd,detectable_difference,"
	       "repeatability\n");
	json_array_foreach(json_object_get(document, "figures"), i, f)
		json_array_foreach(json_object_get(f, "sessions"), k, p)
	{
		s = json_array_get(json_object_get(document, "sessions"), k);
		pl_csv_json(stdout, json_object_get(f, "figure"));
		putchar(',');
		pl_csv_json(stdout, json_object_get(f, "side"));
		putchar(',');
		pl_csv_json(stdout, json_object_get(s, "date"));
		putchar(',');
		pl_csv_json(stdout, json_object_get(s, "session_uuid"));
		for (int n = 0; n < 3; n++) {
			putchar(',');
			pl_csv_json(stdout, json_object_get(p, own[n]));
		}
		for (int n = 0; n < 3; n++) {
			putchar(',');
			pl_csv_json(stdout, json_object_get(f, figure[n]));
		}
		putchar('\n');
	}
}

static void print_document(const struct trend *t, const json_t *document)
{
	const json_t *w;
	size_t i;

	if (t->json) {
		json_dumpf(document, stdout, JSON_COMPACT);
		putchar('\n');
	} else if (t->csv) {
		json_array_foreach(json_object_get(document, "warnings"), i, w)
			pl_say(t->self, "%s", json_string_value(w));
		print_csv(document);
	} else {
		print_table(document);
	}
}

/* ---- the command ---- */

/* A course with a hole in it reads differently when the hole was asked for. */
static void say_erased(const struct trend *t, char *text, size_t cap)
{
	char last[11];
	size_t n = pl_erased_of(t->sessions.folder, t->sessions.subject, last);

	*text = '\0';
	if (n)
		snprintf(text, cap, "%zu session%s of %s %s erased (plantar erase, last on %s)", n,
			 n == 1 ? "" : "s", t->sessions.subject, n == 1 ? "was" : "were", last);
}

static int follow(struct trend *t, struct pl_error *err)
{
	json_t *mixed, *document;
	char erased[160];

	if (t->between_day && !(t->days.cited = pl_days_cited(t->between_day, err)))
		return -1;
	if (pl_gather_sessions(&t->sessions, err))
		return -1;
	say_erased(t, erased, sizeof(erased));
	if (!t->sessions.n)
		return pl_error_set(
			err, PL_ENOENT, 0,
			"no finished recording of \"%s\"%s below %s%s%s; --archive names "
			"another folder",
			t->sessions.subject, t->sessions.condition ? " in this condition" : "",
			t->sessions.folder, *erased ? "; " : "", erased);
	if (*erased)
		json_array_append_new(t->sessions.warnings, json_string(erased));
	mixed = json_array();
	if (pl_mixing_check(t->sessions.group, t->sessions.n, t->mix, mixed, t->sessions.warnings,
			    err) ||
	    pl_mixing_conditions(t->sessions.group, t->sessions.n, t->mix, t->sessions.warnings,
				 err)) {
		json_decref(mixed);
		return -1;
	}
	t->days.session = t->sessions.group;
	t->days.sessions = t->sessions.n;
	document = make_document(t, mixed);
	if (!document)
		return pl_error_set(err, PL_ENOMEM, 0, "out of memory");
	print_document(t, document);
	json_decref(document);
	return 0;
}

static void take_options(struct pl_args *args, struct trend *t)
{
	int key;

	while ((key = pl_args_next(args)) > 0) {
		switch (key) {
		case 'j':
			t->json = true;
			break;
		case OPT_CSV:
			t->csv = true;
			break;
		case OPT_CONDITION:
			t->sessions.condition = args->value;
			break;
		case OPT_MIX:
			t->mix = args->value;
			break;
		case OPT_BETWEEN_DAY:
			t->between_day = args->value;
			break;
		case OPT_FIGURES:
			t->only = args->value;
			break;
		}
	}
}

static int run(const struct pl_subcommand *self, int argc, char **argv)
{
	struct trend t = {.self = self, .sessions = {.max = SESSIONS_MAX}};
	struct pl_error err = {.code = PL_OK};
	char archives[PL_SESSIONS_MAX][512];
	struct pl_args args;
	int code;

	pl_args_begin(&args, self, argc, argv);
	take_options(&args, &t);
	pl_args_operands(&args, 1, 1, "SUBJECT");
	if (!args.done && t.mix && pl_mixing_names(t.mix, &err))
		pl_args_fail(&args, "%s", err.message);
	if (args.done)
		return args.exit_code;
	t.sessions.subject = argv[args.first];
	t.sessions.second = pl_archive_folders(archives) > 1 ? archives[1] : NULL;
	t.sessions.folder = archives[0];
	t.sessions.warnings = json_array();
	t.sessions.group = calloc(SESSIONS_MAX, sizeof(*t.sessions.group));
	if (!t.sessions.group)
		pl_error_set(&err, PL_ENOMEM, 0, "out of memory");
	code = t.sessions.group && follow(&t, &err) == 0 ? PL_EXIT_OK : pl_report(self, &err);
	for (size_t i = 0; i < t.sessions.n; i++)
		pl_group_free(&t.sessions.group[i]);
	free(t.sessions.group);
	json_decref(t.days.cited);
	json_decref(t.sessions.warnings);
	return code;
}

static const struct pl_option options[] = {
	PL_OPTION_ARCHIVE,
	{OPT_CONDITION, "condition", "TEXT", "trials of this condition only"},
	{OPT_MIX, "mix", "LIST",
	 "follow although these differ: mat, surface, ground,\nfilter, region, version, condition, "
	 "all"},
	{OPT_BETWEEN_DAY, "between-day", "FILE",
	 "published standard deviations from day to day, for\nfewer than three sessions"},
	{OPT_FIGURES, "figures", "PATTERN", "these only: 'steps.*', 'standing.sway.*'"},
	{OPT_CSV, "csv", NULL, "print comma-separated values"},
	{'j', "json", NULL, "print one JSON document"},
	{0},
};

const struct pl_subcommand pl_cmd_trend = {
	.name = "trend",
	.summary = "follow a person's figures from session to session",
	.synopsis = "SUBJECT [--archive FOLDER] [--condition TEXT] [--json|--csv]",
	.about = "Number, mean and SD of every figure in each session of one person, oldest first, "
		 "the\n"
		 "change from the first to the last, and, from three sessions on, the difference "
		 "of\n"
		 "two sessions that can be told from the person's scatter between sessions.",
	.options = options,
	.run = run,
};
