/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Two figures differ for many reasons; a comparison is about one. Whatever else differs between
 * the recordings (another mat, another filter, another version of the analysis) is refused, and if
 * somebody insists it is said with the result. Other people are never compared at all.
 */
#include "tools/mixing.h"

#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <plantar/recording.h>

#include "tools/figures.h"
#include "tools/folder.h"
#include "tools/open.h"

static const char *const names[] = {"mat",    "surface", "ground",    "filter",
				    "region", "version", "condition", "all"};
#define NAMES (sizeof(names) / sizeof(names[0]))

/* Is word, up to its point, in the comma-separated list? */
static bool listed(const char *list, const char *word)
{
	size_t n = strcspn(word, ".");

	while (list && *list) {
		size_t m = strcspn(list, ",");

		if ((m == n && memcmp(list, word, n) == 0) ||
		    (m == 3 && memcmp(list, "all", 3) == 0))
			return true;
		list += m + (list[m] == ',');
	}
	return false;
}

int pl_mixing_names(const char *list, struct pl_error *err)
{
	for (const char *at = list;; at++) {
		size_t n = strcspn(at, ","), i = 0;

		while (i < NAMES && (strlen(names[i]) != n || memcmp(names[i], at, n) != 0))
			i++;
		if (i == NAMES)
			return pl_error_set(
				err, PL_EUSAGE, 0,
				"--mix wants mat, surface, ground, filter, region, "
				"version, condition or all, with commas between, not '%.*s'",
				(int)(n < 40 ? n : 40), at);
		at += n;
		if (!*at)
			return 0;
	}
}

const char *pl_one_subject(const struct pl_group *g, size_t n)
{
	bool several;

	return pl_fact_common(g, n, "subject", &several);
}

static void join(const json_t *values, char *text, size_t cap)
{
	const json_t *value;
	size_t n = 0, i;

	*text = '\0';
	json_array_foreach(values, i, value) if (n + 1 < cap) n += (size_t)snprintf(
		text + n, cap - n, "%s\"%s\"", n ? " and " : "", json_string_value(value));
}

static int check_fact(const json_t *fact, const char *list, json_t *mixed, json_t *warnings,
		      struct pl_error *err)
{
	const char *name = pl_figure_text(fact, "fact", "-");
	char values[320], text[400];

	join(json_object_get(fact, "values"), values, sizeof(values));
	if (!listed(list, name))
		return pl_error_set(err, PL_ESTATE, 0,
				    "the recordings differ in %s: %s; --mix %.*s compares them all "
				    "the same",
				    name, values, (int)strcspn(name, "."), name);
	snprintf(text, sizeof(text), "mixed, as told: %s: %s", name, values);
	json_array_append_new(warnings, pl_text_json(text));
	json_array_append(mixed, (json_t *)(uintptr_t)fact);
	return 0;
}

/* Within one group or over all of them it is the same word; it is said once. */
static void warn_once(json_t *warnings, const char *text)
{
	const json_t *said;
	size_t i;

	json_array_foreach(warnings, i,
			   said) if (strcmp(json_string_value(said), text) == 0) return;
	json_array_append_new(warnings, pl_text_json(text));
}

int pl_mixing_conditions(const struct pl_group *g, size_t n, const char *list, json_t *warnings,
			 struct pl_error *err)
{
	const char *who = n == 1 ? g->name : "the sessions";
	char text[400];
	bool several;

	pl_fact_common(g, n, "condition", &several);
	if (!several)
		return 0;
	if (!listed(list, "condition"))
		return pl_error_set(err, PL_ESTATE, 0,
				    "several conditions in %s; --mix condition takes them "
				    "together, plantar compare --by conditions sets them side by "
				    "side, plantar trend --condition takes one",
				    who);
	snprintf(text, sizeof(text), "mixed, as told: several conditions in %s", who);
	warn_once(warnings, text);
	return 0;
}

int pl_mixing_check(const struct pl_group *g, size_t n, const char *list, json_t *mixed,
		    json_t *warnings, struct pl_error *err)
{
	json_t *unknown = json_array(), *facts = pl_facts_mixed(g, n, unknown);
	const json_t *fact;
	bool several;
	size_t i;
	int result = 0;

	pl_fact_common(g, n, "subject", &several);
	if (several)
		result = pl_error_set(err, PL_ESTATE, 0,
				      "the recordings are of more than one person; figures are "
				      "compared within one person only");
	for (size_t k = 0; k < n && result == 0; k++)
		result = pl_mixing_conditions(&g[k], 1, list, warnings, err);
	json_array_foreach(facts, i, fact) if (result == 0) result =
		check_fact(fact, list, mixed, warnings, err);
	json_array_foreach(unknown, i, fact)
	{
		char text[160];

		snprintf(text, sizeof(text), "%s unknown for some of the recordings",
			 json_string_value(fact));
		json_array_append_new(warnings, json_string(text));
	}
	json_decref(unknown);
	json_decref(facts);
	return result;
}

void pl_mixing_speed(const struct pl_group *a, const struct pl_group *b, json_t *warnings)
{
	size_t known_a, known_b, of_a, of_b;
	double sa = pl_group_speed(a, &known_a, &of_a), sb = pl_group_speed(b, &known_b, &of_b);
	double pct = 200 * (sb - sa) / (sb + sa);
	char text[1024];

	if (!of_a && !of_b)
		return; /* nobody moved */
	if (!known_a || !known_b || known_a < of_a || known_b < of_b) {
		snprintf(text, sizeof(text),
			 "speed unknown (%zu of %zu recordings of %s, %zu of %zu of %s have it): "
			 "heel load and timing change with speed",
			 known_a, of_a, a->name, known_b, of_b, b->name);
		json_array_append_new(warnings, pl_text_json(text));
	}
	if (fabs(pct) > 5) {
		snprintf(text, sizeof(text),
			 "speed differs by %.1f %% (%s %.3g m/s, %s %.3g m/s): heel load and "
			 "timing change with speed",
			 fabs(pct), a->name, sa, b->name, sb);
		json_array_append_new(warnings, pl_text_json(text));
	}
}

/* ---- sessions of an archive ---- */

struct collecting {
	struct pl_sessions *s;
	struct pl_error *err;
	int result;
};

static void warn(struct pl_sessions *s, const char *text)
{
	if (s->warnings)
		json_array_append_new(s->warnings, pl_text_json(text));
}

/* 1: a trial that is meant; 0: another's, or unfinished; -1: it cannot be read. name: its session.
 */
static int is_meant(const struct pl_sessions *s, const char *path, char *name, size_t cap,
		    struct pl_error *err)
{
	const struct pl_session_meta *m;
	int meant = 0;
	struct pl_opened o;
	struct tm tm = {0};
	time_t started;

	if (pl_open_any(&o, path, NULL, err) < 0)
		return -1;
	m = o.table ? o.table->meta : pl_recording_meta(o.recording);
	if (m && (o.table || pl_recording_info(o.recording)->format == PL_FORMAT_PLANTAR_H5) &&
	    strcmp(m->subject, s->subject) == 0 &&
	    (!s->condition || strcmp(m->condition, s->condition) == 0)) {
		started = (time_t)(m->started_utc_ns / 1000000000);
		gmtime_r(&started, &tm);
		snprintf(name, cap, "%04d-%02d-%02d %s", tm.tm_year + 1900, tm.tm_mon + 1,
			 tm.tm_mday, m->session_uuid);
		meant = 1;
	}
	pl_opened_close(&o);
	return meant;
}

static struct pl_group *session_group(struct pl_sessions *s, const char *name, struct pl_error *err)
{
	for (size_t i = 0; i < s->n; i++) /* trials of a day, or over midnight, by their uuid */
		if (strcmp(strchr(s->group[i].name, ' '), strchr(name, ' ')) == 0)
			return &s->group[i];
	if (s->n == s->max) {
		pl_error_set(err, PL_EUSAGE, 0, "more than %zu sessions", s->max);
		return NULL;
	}
	pl_group_init(&s->group[s->n], name);
	return &s->group[s->n++];
}

static int collect(void *user, const char *path)
{
	const struct pl_gather_file file = {.path = path, .speed_m_s = NAN};
	struct collecting *c = user;
	struct pl_error why = {.code = PL_OK};
	struct pl_group *g;
	char name[256];
	json_t *document;
	int meant = is_meant(c->s, path, name, sizeof(name), &why);

	if (meant <= 0) {
		if (meant < 0)
			warn(c->s, why.message);
		return 0;
	}
	g = session_group(c->s, name, c->err);
	if (!g)
		return c->result = -1;
	if (pl_gather_left_out(g, path))
		return 0;
	document = pl_gather_document(&file, &why);
	if (!document)
		warn(c->s, why.message);
	else if (!pl_group_add(g, document, NAN))
		c->result = pl_error_set(c->err, PL_ENOMEM, 0, "out of memory");
	json_decref(document);
	return c->result;
}

static const char *started(const struct pl_group *g)
{
	return pl_figure_text(json_array_get(g->facts, 0), "started_utc_ns", "");
}

/* Decimal strings of nanoseconds: the longer is the later. */
static int by_start(const void *a, const void *b)
{
	const char *x = started(a), *y = started(b);

	return strlen(x) != strlen(y) ? (strlen(x) < strlen(y) ? -1 : 1) : strcmp(x, y);
}

int pl_gather_sessions(struct pl_sessions *s, struct pl_error *err)
{
	struct collecting c = {.s = s, .err = err};

	s->n = 0;
	if (pl_folder_trials(s->folder, collect, &c, err) < 0 ||
	    (c.result == 0 && s->second && pl_folder_trials(s->second, collect, &c, err) < 0))
		return -1;
	if (c.result == 0)
		qsort(s->group, s->n, sizeof(*s->group), by_start);
	return c.result;
}
