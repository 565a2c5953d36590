/* SPDX-License-Identifier: Apache-2.0 */
/*
 * plantar compare: is it different? Left against right, one condition against another, before
 * against after, within one person. What must not be mixed is refused unless told, and then said;
 * how much speed differed is said; every figure stands beside the difference that could have been
 * told from the scatter of the measurement.
 */
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tools/archives.h"
#include "tools/command.h"
#include "tools/comparison.h"
#include "tools/figures.h"
#include "tools/folder.h"
#include "tools/hints.h"
#include "tools/layout.h"
#include "tools/mixing.h"
#include "tools/open.h"

#define GROUPS_MAX 64

enum {
	OPT_A = PL_OPT_LONG,
	OPT_B,
	OPT_LIST,
	OPT_BY,
	OPT_CONDITION,
	OPT_MIX,
	OPT_BETWEEN_DAY,
	OPT_SESSIONS,
	OPT_FIGURES,
	OPT_CSV,
};

enum by { BY_AUTO, BY_GROUPS, BY_CONDITIONS, BY_SIDES };
static const char *const by_names[] = {"auto", "groups", "conditions", "sides", NULL};

struct compare {
	const struct pl_subcommand *self;
	struct pl_gather_file common; /* options for every file */
	struct pl_group group[GROUPS_MAX];
	size_t groups;
	struct pl_group base[GROUPS_MAX]; /* sessions that say how days differ */
	size_t bases;
	struct pl_days days;
	const char *condition[GROUPS_MAX]; /* of every operand, or one for each */
	size_t conditions;
	const char *of; /* now: trials of this condition only; NULL: all */
	size_t taken;	/* trials, of the operand now */
	const char *mix, *only, *sessions, *between_day;
	int by;
	bool json, csv;
	json_t *warnings;
	struct pl_error err;
};

/* ---- gathering ---- */

static struct pl_group *find_group(struct compare *c, const char *name)
{
	for (size_t i = 0; i < c->groups; i++)
		if (strcmp(c->group[i].name, name) == 0)
			return &c->group[i];
	if (c->groups == GROUPS_MAX) {
		pl_error_set(&c->err, PL_EUSAGE, 0, "at most %d groups are compared", GROUPS_MAX);
		return NULL;
	}
	pl_group_init(&c->group[c->groups], name);
	return &c->group[c->groups++];
}

static void warn(struct compare *c, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Where the verdict on a file is looked for: a document of plantar analyze names its recording. */
static const char *judged_path(struct compare *c, const json_t *document, const char *path)
{
	const json_t *r = json_object_get(document, "recording");
	const char *recording = pl_figure_text(r, "path", path);

	if (access(recording, R_OK) == 0)
		return recording;
	if (*pl_figure_text(r, "protocol", ""))
		warn(c,
		     "%s: its recording is not at %s, so whether it was rejected is not known: it "
		     "is "
		     "taken as accepted",
		     path, recording);
	return path;
}

static const char *condition_of(const json_t *document, const char *none)
{
	return pl_figure_text(json_object_get(document, "recording"), "condition", none);
}

/* Into the group of that name, or, where it is NULL, the one of the recording's condition. */
static int add_file(struct compare *c, const char *group, const struct pl_gather_file *file)
{
	json_t *document = pl_gather_document(file, &c->err);
	struct pl_group *g;
	bool good;

	if (!document)
		return -1;
	if (c->of && strcmp(condition_of(document, ""), c->of) != 0) {
		json_decref(document);
		return 0;
	}
	c->taken++;
	if (!group)
		group = condition_of(document, "no condition");
	g = find_group(c, group);
	if (g && pl_gather_left_out(g, judged_path(c, document, file->path))) {
		json_decref(document);
		return 0;
	}
	good = g && pl_group_add(g, document, file->speed_m_s);
	json_decref(document);
	if (g && !good)
		pl_error_set(&c->err, PL_ENOMEM, 0, "out of memory");
	return good ? 0 : -1;
}

struct adding {
	struct compare *c;
	const char *group;
	int result;
};

static bool is_journal(const char *path)
{
	const char *end = strrchr(path, '.');

	return end && strcmp(end, ".journal") == 0;
}

static int add_trial(void *user, const char *path)
{
	struct adding *a = user;
	struct pl_gather_file file = a->c->common;

	file.path = path;
	if (!is_journal(path))
		a->result = add_file(a->c, a->group, &file);
	return a->result;
}

/* A recording, or all finished trials of a folder. */
static int add_one(struct compare *c, const char *group, const char *path)
{
	struct adding a = {.c = c, .group = group};
	struct stat st;

	if (stat(path, &st) != 0 || !S_ISDIR(st.st_mode)) {
		add_trial(&a, path);
	} else {
		int n = pl_folder_trials(path, add_trial, &a, &c->err);

		if (n == 0)
			return pl_error_set(&c->err, PL_ENOENT, 0, "%s holds no trial-*.h5", path);
		if (n < 0)
			return -1;
	}
	return a.result;
}

/* The same, or a session by its uuid: one group, though it may lie in two folders. What was asked
 * for and is not there is an error, never a group less. */
static int add_path(struct compare *c, const char *group, const char *operand)
{
	struct pl_named named;
	int result = pl_named_find(operand, &named, &c->err);

	c->taken = 0;

	for (unsigned i = 0; result == 0 && i < named.n; i++)
		result = add_one(c, group, named.path[i]);
	if (result == 0 && c->of && !c->taken)
		return pl_error_set(&c->err, PL_ENOENT, 0,
				    *c->of ? "%s has no trial of condition \"%s\""
					   : "%s has no trial without a condition%s",
				    operand, c->of);
	return result;
}

/* ---- a list of files ---- */

static int take_hint(struct pl_gather_file *file, char *word, struct pl_error *err)
{
	char *value = strchr(word, '='), *end = NULL;

	if (!value)
		return pl_error_set(err, PL_EUSAGE, 0, "KEY=VALUE is expected, not '%s'", word);
	*value++ = '\0';
	if (strcmp(word, "dataset") == 0)
		file->hints.dataset = value;
	else if (strcmp(word, "axes") == 0)
		file->hints.axes = value;
	else if (strcmp(word, "columns") == 0)
		file->hints.columns = value;
	else if (strcmp(word, "unit") == 0)
		file->hints.unit = value;
	else if (strcmp(word, "cropped") == 0 && strcmp(value, "yes") == 0)
		file->hints.cropped = true;
	else if (strcmp(word, "as") == 0)
		file->as = value;
	else if (strcmp(word, "rate") == 0)
		file->hints.rate_hz = strtod(value, &end);
	else if (strcmp(word, "pitch") == 0)
		file->hints.pitch_row_mm = file->hints.pitch_col_mm = strtod(value, &end);
	else if (strcmp(word, "speed_m_s") == 0)
		file->speed_m_s = strtod(value, &end);
	else
		return pl_error_set(
			err, PL_EUSAGE, 0,
			"'%s' is not known; valid are dataset, axes, columns, unit, as, "
			"rate, pitch, cropped=yes, speed_m_s",
			word);
	if (end && (end == value || *end))
		return pl_error_set(err, PL_EUSAGE, 0, "%s: a number is expected, not '%s'", word,
				    value);
	return 0;
}

/* "GROUP<TAB>FILE[<TAB>KEY=VALUE]..."; text is taken apart. */
static int add_line(struct compare *c, char *text)
{
	struct pl_gather_file file = c->common;
	char *rest = text, *group = strsep(&rest, "\t"), *word;

	file.path = strsep(&rest, "\t");
	if (!file.path || !*file.path || !*group)
		return pl_error_set(&c->err, PL_EUSAGE, 0,
				    "GROUP, a tab and FILE are expected, not '%s'", text);
	while ((word = strsep(&rest, "\t")))
		if (*word && take_hint(&file, word, &c->err))
			return -1;
	return add_file(c, group, &file);
}

static int add_list(struct compare *c, const char *path)
{
	FILE *f = fopen(path, "re");
	char *line = NULL;
	size_t cap = 0, number = 0;
	int result = 0;

	if (!f)
		return pl_error_set(&c->err, PL_ENOENT, 0, "cannot read the list %s", path);
	while (result == 0 && getline(&line, &cap, f) >= 0) {
		number++;
		line[strcspn(line, "\r\n")] = '\0';
		if (*line && *line != '#')
			result = add_line(c, line);
	}
	if (result)
		pl_error_prefix(&c->err, "%s:%zu: ", path, number);
	free(line);
	fclose(f);
	return result;
}

/* ---- what it may be compared with ---- */

static void warn(struct compare *c, const char *fmt, ...)
{
	char text[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	json_array_append_new(c->warnings, pl_text_json(text));
}

static bool several_sessions(const struct compare *c)
{
	bool several;

	pl_fact_common(c->group, c->groups, "session_uuid", &several);
	return several;
}

/* Is every group one session, and another one than all before it? */
static bool sessions_of_their_own(const struct compare *c)
{
	bool several;

	for (size_t i = 0; i < c->groups; i++) {
		const char *own = pl_fact_common(&c->group[i], 1, "session_uuid", &several);

		if (!own)
			return false;
		for (size_t k = 0; k < i; k++)
			if (strcmp(own,
				   pl_fact_common(&c->group[k], 1, "session_uuid", &several)) == 0)
				return false;
	}
	return true;
}

static int load_days(struct compare *c)
{
	struct pl_sessions own = {.folder = c->sessions,
				  .subject = pl_one_subject(c->group, c->groups),
				  .warnings = c->warnings,
				  .group = c->base,
				  .max = GROUPS_MAX};
	int result = 0;

	if (c->sessions && !own.subject)
		return pl_error_set(&c->err, PL_EUSAGE, 0,
				    "--sessions needs recordings that name their subject");
	if (c->sessions)
		result = pl_gather_sessions(&own, &c->err);
	c->bases = own.n;
	if (result)
		return -1;
	c->days.session = c->bases ? c->base : c->group;
	c->days.sessions = c->bases ? c->bases : sessions_of_their_own(c) ? c->groups : 0;
	if (!c->between_day)
		return 0;
	c->days.cited = pl_days_cited(c->between_day, &c->err);
	return c->days.cited ? 0 : -1;
}

/* ---- output ---- */

static json_t *group_json(const struct pl_group *g)
{
	size_t known, of;
	double speed = pl_group_speed(g, &known, &of);

	return json_pack("{s:o, s:I, s:I, s:I, s:O, s:I, s:I, s:I, s:o, s:O}", "name",
			 pl_text_json(g->name), "recordings", (json_int_t)pl_group_recordings(g),
			 "trials_rejected", (json_int_t)g->trials_rejected, "trials_undecided",
			 (json_int_t)g->trials_undecided, "trials_left_out", g->left_out, "steps",
			 (json_int_t)g->steps, "steps_rejected", (json_int_t)g->steps_rejected,
			 "feet_left_out", (json_int_t)g->feet_left_out, "speed_m_s",
			 isnan(speed) ? json_null() : json_real(speed), "facts", g->facts);
}

static json_t *make_document(struct compare *c, json_t *mixed)
{
	struct pl_comparison how = {.sides = c->by == BY_SIDES,
				    .between_days = c->by != BY_SIDES && several_sessions(c),
				    .days = &c->days,
				    .only = c->only};
	json_t *groups = json_array(), *pairs = json_array();

	for (size_t i = 0; i < c->groups; i++) {
		json_array_append_new(groups, group_json(&c->group[i]));
		if (how.sides)
			json_array_append_new(pairs, pl_compare_groups(&c->group[i], NULL, &how));
		if (how.sides || i == 0)
			continue;
		pl_mixing_speed(&c->group[0], &c->group[i], c->warnings);
		json_array_append_new(pairs, pl_compare_groups(&c->group[0], &c->group[i], &how));
	}
	return json_pack("{s:s, s:b, s:o, s:o, s:O, s:o}", "by", by_names[c->by], "between_days",
			 how.between_days, "groups", groups, "mixed", mixed, "warnings",
			 c->warnings, "comparisons", pairs);
}

static void print_groups(const json_t *document)
{
	const json_t *g, *w;
	char speed[32];
	size_t i;

	json_array_foreach(json_object_get(document, "groups"), i, g)
	{
		printf("%s\n  recordings %lld, steps %lld", pl_figure_text(g, "name", "-"),
		       json_integer_value(json_object_get(g, "recordings")),
		       json_integer_value(json_object_get(g, "steps")));
		if (json_is_number(json_object_get(g, "speed_m_s")))
			printf(", %s m/s", pl_figure(json_object_get(g, "speed_m_s"), speed));
		printf("; left out: trials %zu, steps %lld, footprints %lld\n",
		       json_array_size(json_object_get(g, "trials_left_out")),
		       json_integer_value(json_object_get(g, "steps_rejected")),
		       json_integer_value(json_object_get(g, "feet_left_out")));
		pl_group_print_left_out(g);
	}
	json_array_foreach(json_object_get(document, "warnings"), i, w)
		pl_wrapped(stdout, "! ", json_string_value(w), 2);
}

static void print_row(const json_t *f, char *heading)
{
	char am[32], as[32], bm[32], bs[32], d[32], dd[32];
	const json_t *beyond = json_object_get(f, "beyond"), *a = json_object_get(f, "a_mean"),
		     *b = json_object_get(f, "b_mean");

	pl_figure_name(stdout, f, heading, 28);
	printf("%4lld %8s %8s%4lld %8s %8s %9s %8s  %s\n",
	       json_integer_value(json_object_get(f, "a_n")), pl_figure(a, am),
	       pl_figure_scatter(json_object_get(f, "a_sd"), a, as),
	       json_integer_value(json_object_get(f, "b_n")), pl_figure(b, bm),
	       pl_figure_scatter(json_object_get(f, "b_sd"), b, bs),
	       pl_figure_scatter(json_object_get(f, "difference"), a, d),
	       pl_figure_scatter(json_object_get(f, "detectable_difference"), a, dd),
	       json_is_null(beyond)   ? "unknown"
	       : json_is_true(beyond) ? "beyond"
				      : "within");
}

static void print_pair(const json_t *pair, bool between_days)
{
	json_int_t unknown = json_integer_value(json_object_get(pair, "figures_unknown"));
	char heading[128] = "";
	const json_t *f;
	size_t i;

	if (strcmp(pl_figure_text(pair, "a", "-"), "A") == 0)
		putchar('\n'); /* --a and --b: they are called so */
	else
		printf("\nA  %s\nB  %s\n\n", pl_figure_text(pair, "a", "-"),
		       pl_figure_text(pair, "b", "-"));
	printf("%-28s%4s %8s %8s%4s %8s %8s %9s %8s\n", "", "A n", "mean", "SD", "B n", "mean",
	       "SD", "B - A", "detect.");
	json_array_foreach(json_object_get(pair, "figures"), i, f) print_row(f, heading);
	printf("\n%lld figures were compared, %lld differ by more than the detectable difference\n",
	       json_integer_value(json_object_get(pair, "figures_compared")),
	       json_integer_value(json_object_get(pair, "figures_beyond")));
	if (unknown)
		printf("%lld more: repeatability unknown (%s)\n", unknown,
		       between_days ? "fewer than three sessions and no published value"
				    : "fewer than five steps or three standing trials in A or B");
}

static void print_csv(const json_t *document)
{
	static const char *const keys[] = {"figure",
					   "side",
					   "kind",
					   "a_n",
					   "a_mean",
					   "a_sd",
					   "b_n",
					   "b_mean",
					   "b_sd",
					   "difference",
					   "detectable_difference",
					   "df",
					   "beyond",
					   "repeatability"};
	const json_t *pair, *f;
	size_t i, k;

	printf("a,b");
	for (size_t n = 0; n < sizeof(keys) / sizeof(keys[0]); n++)
		printf(",%s", keys[n]);
	putchar('\n');
	json_array_foreach(json_object_get(document, "comparisons"), i, pair)
		json_array_foreach(json_object_get(pair, "figures"), k, f)
	{
		pl_csv_json(stdout, json_object_get(pair, "a"));
		putchar(',');
		pl_csv_json(stdout, json_object_get(pair, "b"));
		for (size_t n = 0; n < sizeof(keys) / sizeof(keys[0]); n++) {
			putchar(',');
			pl_csv_json(stdout, json_object_get(f, keys[n]));
		}
		putchar('\n');
	}
}

static void print_document(const struct compare *c, const json_t *document)
{
	const json_t *pair, *w;
	size_t i;

	if (c->json) {
		json_dumpf(document, stdout, JSON_COMPACT);
		putchar('\n');
	} else if (c->csv) {
		json_array_foreach(json_object_get(document, "warnings"), i, w)
			pl_say(c->self, "%s", json_string_value(w));
		print_csv(document);
	} else {
		print_groups(document);
		json_array_foreach(json_object_get(document, "comparisons"), i, pair)
			print_pair(pair, json_is_true(json_object_get(document, "between_days")));
	}
}

/* ---- the command ---- */

/* One thing alone is compared in itself: by its conditions, or left with right. */
static int settle(struct compare *c)
{
	if (c->by == BY_AUTO)
		c->by = c->groups > 1 ? BY_GROUPS : BY_SIDES;
	if (c->by != BY_SIDES && c->groups < 2)
		return pl_error_set(&c->err, PL_EUSAGE, 0,
				    "there is only one %s: \"%s\"; name another, or compare --by "
				    "sides",
				    c->by == BY_CONDITIONS ? "condition" : "group",
				    c->groups ? c->group[0].name : "none");
	return 0;
}

static int compare(struct compare *c)
{
	json_t *mixed = json_array(), *document;

	if (settle(c) || load_days(c) ||
	    pl_mixing_check(c->group, c->groups, c->mix, mixed, c->warnings, &c->err)) {
		json_decref(mixed);
		return pl_report(c->self, &c->err);
	}
	document = make_document(c, mixed);
	if (!document) {
		pl_say(c->self, "out of memory");
		return PL_EXIT_FAILED;
	}
	print_document(c, document);
	json_decref(document);
	return PL_EXIT_OK;
}

/* "*" is all of them. */
static const char *condition_at(const struct compare *c, size_t operand)
{
	const char *of = !c->conditions	      ? "*"
			 : c->conditions == 1 ? c->condition[0]
					      : c->condition[operand];

	return strcmp(of, "*") == 0 ? NULL : of;
}

static int gather(struct compare *c, struct pl_args *args)
{
	int n = args->argc - args->first;
	/* one operand: its conditions are groups unless it has but one, or sides are asked for */
	bool whole = c->by == BY_GROUPS || c->by == BY_SIDES || n > 1;

	for (int i = args->first; i < args->argc; i++) {
		c->of = condition_at(c, (size_t)(i - args->first));
		if (add_path(c,
			     c->by == BY_CONDITIONS ? NULL
			     : whole		    ? args->argv[i]
						    : NULL,
			     args->argv[i]))
			return -1;
	}
	if (c->by == BY_AUTO && n == 1 && c->groups > 1)
		c->by = BY_CONDITIONS;
	return 0;
}

static bool take_option(struct pl_args *args, struct compare *c, int key)
{
	switch (key) {
	case 'j':
		return c->json = true;
	case OPT_CSV:
		return c->csv = true;
	case OPT_BY:
		pl_args_choice(args, by_names, &c->by);
		return true;
	case OPT_CONDITION:
		if (c->conditions == GROUPS_MAX)
			pl_args_fail(args, "--condition: at most %d times", GROUPS_MAX);
		else
			c->condition[c->conditions++] = args->value;
		return true;
	case OPT_MIX:
		c->mix = args->value;
		return true;
	case OPT_BETWEEN_DAY:
		c->between_day = args->value;
		return true;
	case OPT_SESSIONS:
		c->sessions = args->value;
		return true;
	case OPT_FIGURES:
		c->only = args->value;
		return true;
	case PL_OPT_AS:
		c->common.as = args->value;
		return true;
	default:
		return pl_hints_option(args, key, &c->common.hints);
	}
}

/* Files named by options are read after all options are known. */
struct later {
	int key;
	const char *value;
};

static int run_all(struct compare *c, struct pl_args *args, const struct later *later, size_t n)
{
	int result = 0;

	c->of = condition_at(c, 0);
	for (size_t i = 0; i < n && result == 0; i++)
		result = later[i].key == OPT_LIST
				 ? add_list(c, later[i].value)
				 : add_path(c, later[i].key == OPT_A ? "A" : "B", later[i].value);
	if (result == 0)
		result = gather(c, args);
	return result ? pl_report(c->self, &c->err) : compare(c);
}

static int run(const struct pl_subcommand *self, int argc, char **argv)
{
	struct compare *c = calloc(1, sizeof(*c));
	struct later *later = calloc((size_t)argc, sizeof(*later));
	struct pl_args args;
	size_t n = 0;
	int key, code;

	if (!c || !later) {
		free(c);
		free(later);
		pl_say(self, "out of memory");
		return PL_EXIT_FAILED;
	}
	c->self = self;
	c->common.speed_m_s = NAN;
	c->warnings = json_array();
	pl_args_begin(&args, self, argc, argv);
	while ((key = pl_args_next(&args)) > 0)
		if (!take_option(&args, c, key))
			later[n++] = (struct later){key, args.value};
	pl_args_operands(&args, n ? 0 : 1, -1, "RECORDING or SESSION");
	if (!args.done && c->mix && pl_mixing_names(c->mix, &c->err))
		pl_args_fail(&args, "%s", c->err.message);
	if (!args.done && c->conditions > 1 && (n || (int)c->conditions != args.argc - args.first))
		pl_args_fail(&args, "--condition: one for all, or one for each operand");
	code = args.done ? args.exit_code : run_all(c, &args, later, n);
	for (size_t i = 0; i < c->groups; i++)
		pl_group_free(&c->group[i]);
	for (size_t i = 0; i < c->bases; i++)
		pl_group_free(&c->base[i]);
	json_decref(c->days.cited);
	json_decref(c->warnings);
	free(later);
	free(c);
	return code;
}

static const struct pl_option options[] = {
	{OPT_A, "a", "FILE", "a recording or folder of condition A; any number of times"},
	{OPT_B, "b", "FILE", "a recording or folder of condition B"},
	{OPT_LIST, "list", "FILE",
	 "a list of recordings: lines of GROUP, FILE and what the\n"
	 "file does not say (dataset=/img000, speed_m_s=1.2),\nwith tabs between"},
	{OPT_BY, "by", "WHAT",
	 "groups (each operand is one), conditions (of the\n"
	 "recordings), sides (left against right), auto (default)"},
	{OPT_CONDITION, "condition", "NAME",
	 "only trials of this condition; given several times:\n"
	 "one for each operand, '*' for all of its trials"},
	{OPT_MIX, "mix", "LIST",
	 "compare although these differ: mat, surface, ground,\n"
	 "filter, region, version, condition, all"},
	{OPT_BETWEEN_DAY, "between-day", "FILE",
	 "published standard deviations from day to day, with\ntheir source"},
	{OPT_SESSIONS, "sessions", "FOLDER",
	 "the person's sessions in this archive say how days\ndiffer; default: the ones compared, "
	 "if three or more"},
	{OPT_FIGURES, "figures", "PATTERN", "these only: 'steps.*', 'feet.heel.*'"},
	{OPT_CSV, "csv", NULL, "print comma-separated values"},
	{'j', "json", NULL, "print one JSON document"},
	PL_OPTION_ARCHIVE,
	PL_OPTIONS_HINTS,
	PL_OPTION_AS,
	{0},
};

const struct pl_subcommand pl_cmd_compare = {
	.name = "compare",
	.summary = "compare sides, conditions or sessions of a person",
	.synopsis = "A B... [--condition NAME] [--mix LIST] [--between-day FILE] [--json|--csv]\n"
		    "SESSION [--by conditions|sides] ...\n"
		    "--a FILE... --b FILE...",
	.about = "A, B: recordings (also what plantar analyze --json printed), sessions, or "
		 "folders of\n"
		 "them. Each figure with number, mean and SD of both, their difference, and the\n"
		 "difference that can be told from the scatter of at least five accepted steps or\n"
		 "three standing trials each. Between sessions that takes the person's scatter "
		 "from\n"
		 "day to day: three sessions or a published value. Else it says repeatability\n"
		 "unknown. Different mats, surfaces, filters and versions are refused unless told.",
	.options = options,
	.run = run,
};
