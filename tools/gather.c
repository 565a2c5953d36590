/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From analysis documents to samples. The document is walked by its shape, not by a list of
 * figures: a figure that the analysis learns tomorrow is compared tomorrow. What is not a figure of
 * the person (counts, frames, moments, places on the mat) is left out by name, steps and footprints
 * that the analysis rejected are left out and counted.
 */
#include "tools/gather.h"

#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <plantar/analysis.h>
#include <plantar/archive.h>
#include <plantar/recording.h>

#include "lib/archive/analyze.h"
#include "tools/figures.h"
#include "tools/open.h"

#define DOCUMENT_BYTES ((size_t)16 << 20)

/* ---- groups ---- */

void pl_group_init(struct pl_group *g, const char *name)
{
	*g = (struct pl_group){
		.facts = json_array(), .left_out = json_array(), .index = json_object()};
	snprintf(g->name, sizeof(g->name), "%s", name);
}

void pl_group_free(struct pl_group *g)
{
	for (size_t i = 0; i < g->n; i++)
		free(g->figure[i].value);
	free(g->figure);
	json_decref(g->facts);
	json_decref(g->left_out);
	json_decref(g->index);
	*g = (struct pl_group){0};
}

static void make_key(char *key, size_t cap, const char *name, const char *side)
{
	snprintf(key, cap, "%s/%s", side, name);
}

const struct pl_figure_values *pl_group_figure(const struct pl_group *g, const char *name,
					       const char *side)
{
	const json_t *at;
	char key[128];

	make_key(key, sizeof(key), name, side);
	at = json_object_get(g->index, key);
	return at ? &g->figure[json_integer_value(at)] : NULL;
}

static struct pl_figure_values *add_figure(struct pl_group *g, const char *name, const char *side,
					   bool standing)
{
	struct pl_figure_values *f;
	char key[128];

	f = (struct pl_figure_values *)(uintptr_t)pl_group_figure(g, name, side);
	if (f)
		return f;
	if (g->n == g->cap) {
		size_t cap = g->cap ? 2 * g->cap : 64;

		f = reallocarray(g->figure, cap, sizeof(*f));
		if (!f)
			return NULL;
		g->figure = f;
		g->cap = cap;
	}
	make_key(key, sizeof(key), name, side);
	if (json_object_set_new(g->index, key, json_integer((json_int_t)g->n)) != 0)
		return NULL;
	f = &g->figure[g->n++];
	*f = (struct pl_figure_values){.standing = standing};
	snprintf(f->name, sizeof(f->name), "%s", name);
	snprintf(f->side, sizeof(f->side), "%s", side);
	return f;
}

static bool add_value(struct pl_group *g, const char *name, const char *side, bool standing,
		      double value)
{
	struct pl_figure_values *f = add_figure(g, name, side, standing);

	if (!f)
		return false;
	if (f->n == f->cap) {
		size_t cap = f->cap ? 2 * f->cap : 8;
		double *more = reallocarray(f->value, cap, sizeof(*more));

		if (!more)
			return false;
		f->value = more;
		f->cap = cap;
	}
	f->value[f->n++] = value;
	return true;
}

/* ---- the walk ---- */

/* Members that are numbers and yet no figures: where, when, how many, and the method. */
static bool no_figure(const char *key)
{
	static const char *const keys[] = {
		"regions",	  "foot",
		"onset_s",	  "contacts",
		"axis_deg",	  "from_s",
		"to_s",		  "samples",
		"rate_hz",	  "force_peak_frame",
		"frames",	  "n",
		"saturated_pct",  "speed_m_s",
		"body_mass_kg",	  "interval_s",
		"contact_on_n",	  "contact_off_n",
		"gait_filter_hz",
	};

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		if (strcmp(keys[i], key) == 0)
			return true;
	return false;
}

/* The footprint's own, which the analysis says of its step once more: compared once, as feet's. */
static bool said_twice(const char *name)
{
	return strcmp(name, "steps.length_mm") == 0 || strcmp(name, "steps.width_mm") == 0;
}

struct walk {
	struct pl_group *group;
	const char *side;
	bool standing;
};

/* "left_heel_pct" is heel_pct of the left. */
static const char *side_of_key(const char **key, const char *side)
{
	if (strncmp(*key, "left_", 5) == 0) {
		*key += 5;
		return "left";
	}
	if (strncmp(*key, "right_", 6) == 0) {
		*key += 6;
		return "right";
	}
	return side;
}

static bool walk(const struct walk *w, const char *path, const json_t *object)
{
	const json_t *value;
	const char *key;
	char name[112];

	json_object_foreach((json_t *)(uintptr_t)object, key, value)
	{
		const char *rest = key, *side = side_of_key(&rest, w->side);

		if (no_figure(key) ||
		    snprintf(name, sizeof(name), "%s.%s", path, rest) >= (int)sizeof(name) ||
		    said_twice(name))
			continue;
		if (json_is_number(value) &&
		    !add_value(w->group, name, side, w->standing, json_number_value(value)))
			return false;
		if (json_is_object(value) && !walk(w, name, value))
			return false;
	}
	return true;
}

static bool step_rejected(const json_t *step)
{
	const json_t *why = json_object_get(step, "rejected");

	return json_array_size(why) > 0 || (json_is_string(why) && *json_string_value(why)) ||
	       json_is_true(why) || json_is_false(json_object_get(step, "accepted"));
}

static bool take_steps(struct pl_group *g, const json_t *steps)
{
	const json_t *step;
	size_t i;

	json_array_foreach(steps, i, step)
	{
		const struct walk w = {.group = g, .side = pl_figure_text(step, "side", "unknown")};

		if (step_rejected(step)) {
			g->steps_rejected++;
			continue;
		}
		g->steps++;
		if (!walk(&w, "steps", step))
			return false;
	}
	return true;
}

/* Is the footprint whole, and every step on it accepted? */
static bool foot_counts(const json_t *foot, size_t at, const json_t *steps)
{
	const json_t *step;
	size_t i;

	if (json_is_true(json_object_get(foot, "partial")) ||
	    json_is_true(json_object_get(foot, "touched")))
		return false;
	json_array_foreach(steps, i, step)
	{
		const json_t *index = json_object_get(step, "foot");

		if (json_is_integer(index) && json_integer_value(index) == (json_int_t)at &&
		    step_rejected(step))
			return false;
	}
	return true;
}

static bool take_feet(struct pl_group *g, const json_t *document, bool standing)
{
	const json_t *steps = json_object_get(document, "steps"), *foot;
	size_t i;

	json_array_foreach(json_object_get(document, "feet"), i, foot)
	{
		const struct walk w = {.group = g,
				       .side = pl_figure_text(foot, "side", "unknown"),
				       .standing = standing};
		const char *name = standing ? "standing.feet" : "feet";

		if (!foot_counts(foot, i, steps))
			g->feet_left_out++;
		else if (!walk(&w, name, foot) || !walk(&w, name, json_object_get(foot, "regions")))
			return false;
	}
	return true;
}

/* Of `gait` only what is not a summary of `steps` over again. */
static bool take_gait(struct pl_group *g, const json_t *gait)
{
	static const char *const keys[] = {"cadence_spm", "flight_time_s", "double_support_s"};
	const json_t *figure;
	const char *key;
	char name[112];

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		const json_t *value = json_object_get(gait, keys[i]);

		snprintf(name, sizeof(name), "gait.%s", keys[i]);
		if (json_is_number(value) &&
		    !add_value(g, name, "", false, json_number_value(value)))
			return false;
	}
	json_object_foreach(json_object_get(gait, "figures"), key, figure)
	{
		const json_t *value = json_object_get(figure, "symmetry_index_pct");

		snprintf(name, sizeof(name), "gait.%.80s.symmetry_index_pct", key);
		if (json_is_number(value) &&
		    !add_value(g, name, "", false, json_number_value(value)))
			return false;
	}
	return true;
}

/* ---- facts ---- */

const char *const pl_fact_names[] = {"mat",	    "surface",	    "ground", "filter.contact",
				     "filter.sway", "filter.steps", "region", "version",
				     NULL};

static const char *own_text(const json_t *recording, const char *key)
{
	return pl_figure_text(json_object_get(recording, "annotations"), key, NULL);
}

/* Same sensor? Files of other makers are often boxes cut around the print: their size says
 * nothing about the mat, the pitch does. */
static void mat_text(const json_t *recording, char *text, size_t cap)
{
	const char *file = pl_figure_text(recording, "mat_file", NULL);
	double row = json_number_value(json_object_get(recording, "pitch_row_mm"));
	double col = json_number_value(json_object_get(recording, "pitch_col_mm"));
	int n = snprintf(text, cap, "%s", file ? file : pl_figure_text(recording, "format", "-"));

	if (row > 0 && (size_t)n < cap)
		n += snprintf(text + n, cap - (size_t)n, ", %g x %g mm", row, col);
	if (file && strncmp(file, PL_IMPORTED, sizeof(PL_IMPORTED) - 1) != 0 && (size_t)n < cap)
		n += snprintf(text + n, cap - (size_t)n, ", %lld x %lld cells",
			      (long long)json_integer_value(json_object_get(recording, "rows")),
			      (long long)json_integer_value(json_object_get(recording, "cols")));
	if ((size_t)n < cap)
		snprintf(text + n, cap - (size_t)n, ", %s", pl_figure_text(recording, "unit", "-"));
}

static void set_text(json_t *object, const char *key, const char *text)
{
	if (text && *text)
		json_object_set_new(object, key, pl_text_json(text));
}

/* Members of `method` with that in their name, as they are. */
static void method_text(const json_t *document, const char *what, char *text, size_t cap)
{
	const json_t *value;
	size_t n = 0;
	const char *key;

	*text = '\0';
	json_object_foreach(json_object_get(document, "method"), key, value)
	{
		if (!strstr(key, what) || n + 1 >= cap || strcmp(key, "contacts_not_kept") == 0)
			continue;
		if (json_is_number(value))
			n += (size_t)snprintf(text + n, cap - n, "%s%s %g", n ? ", " : "", key,
					      json_number_value(value));
		else if (json_is_string(value))
			n += (size_t)snprintf(text + n, cap - n, "%s%s %s", n ? ", " : "", key,
					      json_string_value(value));
	}
}

/* The filter of sway says something only of who stood, that of steps only of who walked. */
static void set_filters(json_t *f, const json_t *document)
{
	const json_t *gait = json_object_get(document, "gait");
	const json_t *hz = json_object_get(gait, "gait_filter_hz");
	char text[512];

	method_text(document, "contact_", text, sizeof(text));
	set_text(f, "filter.contact", text);
	method_text(document, "filter", text, sizeof(text));
	if (json_object_get(document, "standing"))
		set_text(f, "filter.sway", text);
	snprintf(text, sizeof(text), "none");
	if (json_is_number(hz))
		snprintf(text, sizeof(text), "%g Hz", json_number_value(hz));
	if (gait)
		set_text(f, "filter.steps", text);
}

static json_t *facts_of(const json_t *document, double speed_m_s)
{
	const json_t *recording = json_object_get(document, "recording");
	const json_t *method = json_object_get(document, "method");
	const json_t *gait = json_object_get(document, "gait");
	const json_t *speed = json_object_get(gait, "speed_m_s");
	const char *ground = own_text(recording, "ground");
	char text[512], axis[128];
	json_t *f = json_object();

	mat_text(recording, text, sizeof(text));
	set_text(f, "mat", text);
	set_filters(f, document);
	snprintf(axis, sizeof(axis), "%s along %s", pl_figure_text(method, "region", "-"),
		 pl_figure_text(method, "axis", "-"));
	if (pl_figure_text(method, "region", NULL))
		set_text(f, "region", axis);
	set_text(f, "version", pl_figure_text(method, "version", NULL));
	set_text(f, "surface", own_text(recording, "surface"));
	set_text(f, "ground", ground ? ground : pl_figure_text(gait, "surface", NULL));
	set_text(f, "path", pl_figure_text(recording, "path", NULL));
	set_text(f, "subject", pl_figure_text(recording, "subject", NULL));
	set_text(f, "condition", pl_figure_text(recording, "condition", NULL));
	set_text(f, "session_uuid", pl_figure_text(recording, "session_uuid", NULL));
	set_text(f, "started_utc_ns", pl_figure_text(recording, "started_utc_ns", NULL));
	json_object_set_new(
		f, "steps",
		json_boolean(json_is_object(gait) || json_object_get(document, "steps")));
	if (isnan(speed_m_s) && !json_is_number(speed))
		speed = json_object_get(json_object_get(recording, "annotations"), "speed_m_s");
	if (!isnan(speed_m_s))
		json_object_set_new(f, "speed_m_s", json_real(speed_m_s));
	else if (json_is_number(speed))
		json_object_set_new(f, "speed_m_s", json_real(json_number_value(speed)));
	return f;
}

bool pl_group_add(struct pl_group *g, const json_t *document, double speed_m_s)
{
	const json_t *standing = json_object_get(document, "standing");
	bool stands = json_is_object(standing);
	const struct walk whole = {.group = g, .side = "", .standing = stands};

	return json_array_append_new(g->facts, facts_of(document, speed_m_s)) == 0 &&
	       walk(&whole, stands ? "standing.total" : "total",
		    json_object_get(document, "total")) &&
	       take_feet(g, document, stands) && (!stands || walk(&whole, "standing", standing)) &&
	       take_steps(g, json_object_get(document, "steps")) &&
	       take_gait(g, json_object_get(document, "gait"));
}

size_t pl_group_recordings(const struct pl_group *g)
{
	return json_array_size(g->facts);
}

double pl_group_speed(const struct pl_group *g, size_t *known, size_t *of)
{
	const json_t *f;
	double sum = 0;
	size_t i;

	*known = *of = 0;
	json_array_foreach(g->facts, i, f)
	{
		const json_t *speed = json_object_get(f, "speed_m_s");

		*of += json_is_true(json_object_get(f, "steps"));
		if (!json_is_number(speed))
			continue;
		sum += json_number_value(speed);
		++*known;
	}
	return *known ? sum / (double)*known : NAN;
}

/* Every value of a fact once, in *missing how many recordings say nothing of it. */
static json_t *values_of(const struct pl_group *g, size_t n, const char *fact, size_t *missing)
{
	json_t *seen = json_object();
	const json_t *f;
	size_t i;

	*missing = 0;
	for (size_t k = 0; k < n; k++)
		json_array_foreach(g[k].facts, i, f)
		{
			const char *text = pl_figure_text(f, fact, NULL);

			if (text)
				json_object_set_new(seen, text, json_true());
			else
				++*missing;
		}
	return seen;
}

json_t *pl_facts_mixed(const struct pl_group *g, size_t n, json_t *unknown)
{
	json_t *mixed = json_array();

	for (size_t k = 0; pl_fact_names[k]; k++) {
		size_t missing;
		json_t *seen = values_of(g, n, pl_fact_names[k], &missing);
		const char *text;
		json_t *ignored;

		if (json_object_size(seen) > 1) {
			json_t *values = json_array();

			json_object_foreach(seen, text, ignored)
				json_array_append_new(values, json_string(text));
			json_array_append_new(mixed, json_pack("{s:s, s:o}", "fact",
							       pl_fact_names[k], "values", values));
		} else if (json_object_size(seen) == 1 && missing &&
			   strcmp(pl_fact_names[k], "surface") == 0) {
			json_array_append_new(unknown, json_string(pl_fact_names[k]));
		}
		json_decref(seen);
	}
	return mixed;
}

const char *pl_fact_common(const struct pl_group *g, size_t n, const char *fact, bool *several)
{
	const char *common = NULL;
	const json_t *f;
	size_t i;

	*several = false;
	for (size_t k = 0; k < n; k++)
		json_array_foreach(g[k].facts, i, f)
		{
			const char *text = pl_figure_text(f, fact, NULL);

			*several |= text && common && strcmp(text, common) != 0;
			common = text ? text : common;
		}
	return *several ? NULL : common;
}

/* ---- documents ---- */

static int analyze(const struct pl_opened *opened, struct pl_json *json,
		   struct pl_pictures *pictures, bool *has, struct pl_error *err)
{
	struct pl_analysis_options o;
	struct pl_table_options t;

	if (opened->table) {
		pl_table_options_of(opened->table, &t);
		return pl_table_analyze(opened->table, &t, json, err);
	}
	pl_recording_options(opened->recording, &o);
	if (pictures)
		return pl_analyze_pictures(opened->recording, &o, json, pictures, has, err);
	return pl_recording_analyze(opened->recording, &o, json, NULL, NULL, err);
}

json_t *pl_gather_opened(const struct pl_opened *opened, const char *path,
			 struct pl_pictures *pictures, bool *has, struct pl_error *err)
{
	char *text = malloc(DOCUMENT_BYTES);
	json_t *document = NULL;
	struct pl_json json;

	if (has)
		*has = false;
	if (!text) {
		pl_error_set(err, PL_ENOMEM, 0, "out of memory");
		return NULL;
	}
	pl_json_init(&json, text, DOCUMENT_BYTES);
	if (analyze(opened, &json, pictures, has, err) == 0) {
		if (pl_json_finish(&json))
			document = json_loads(text, 0, NULL);
		if (!document)
			pl_error_set(err, PL_ENOMEM, 0,
				     "%s holds more footprints than fit a document", path);
	} else {
		if (has)
			*has = false;
		pl_error_prefix(err, "%s: ", path);
	}
	free(text);
	if (!document && has && *has) {
		pl_pictures_free(pictures);
		*has = false;
	}
	return document;
}

static json_t *analyzed(const struct pl_gather_file *file, struct pl_error *err)
{
	struct pl_opened opened;
	json_t *document;

	if (pl_open_hinted(&opened, file->path, file->as, &file->hints, err) < 0)
		return NULL;
	document = pl_gather_opened(&opened, file->path, NULL, NULL, err);
	pl_opened_close(&opened);
	return document;
}

json_t *pl_gather_document(const struct pl_gather_file *file, struct pl_error *err)
{
	FILE *f = fopen(file->path, "re");
	int first = f ? fgetc(f) : EOF;
	json_error_t wrong;
	json_t *document;

	if (f)
		fclose(f);
	if (first != '{')
		return analyzed(file, err);
	document = json_load_file(file->path, JSON_REJECT_DUPLICATES, &wrong);
	if (!document) {
		pl_error_set(err, PL_EFORMAT, 0, "%s:%d:%d: %s", file->path, wrong.line,
			     wrong.column, wrong.text);
	} else if (!json_is_object(json_object_get(document, "recording")) ||
		   !json_is_object(json_object_get(document, "method"))) {
		pl_error_set(err, PL_EFORMAT, 0,
			     "%s is no document of plantar analyze --json: it has no recording and "
			     "method",
			     file->path);
		json_decref(document);
		document = NULL;
	}
	return document;
}

bool pl_gather_left_out(struct pl_group *g, const char *path)
{
	char reason[480];
	enum pl_trial_verdict verdict = pl_archive_verdict(path, reason);

	if (verdict != PL_TRIAL_REJECTED && verdict != PL_TRIAL_UNDECIDED)
		return false;
	g->trials_rejected += verdict == PL_TRIAL_REJECTED;
	g->trials_undecided += verdict == PL_TRIAL_UNDECIDED;
	json_array_append_new(g->left_out,
			      json_pack("{s:o, s:s, s:o}", "path", pl_text_json(path), "verdict",
					verdict == PL_TRIAL_REJECTED ? "rejected" : "undecided",
					"reason", *reason ? pl_text_json(reason) : json_null()));
	return true;
}

void pl_group_print_left_out(const json_t *group)
{
	const json_t *t;
	size_t i;

	json_array_foreach(json_object_get(group, "trials_left_out"), i, t)
	{
		const char *path = pl_figure_text(t, "path", "-"), *slash = strrchr(path, '/');
		const char *reason = pl_figure_text(t, "reason", "");

		printf("      %s: %s%s%s\n", slash ? slash + 1 : path,
		       pl_figure_text(t, "verdict", "-"), *reason ? ": " : "", reason);
	}
}
