/* SPDX-License-Identifier: Apache-2.0 */
/* The first lines of a report: whose it is, when and on what it was measured, what to know first.
 */
#include <math.h>
#include <string.h>

#include "tools/figures.h"
#include "tools/report/report.h"

static const struct pl_session_sheet *last(const struct pl_report *r)
{
	return &r->session[r->n - 1];
}

/* ---- what has to be known before any number ---- */

/* An import takes a calibration as the file has it, also one that had ended. Both dates are
 * year-month-day. */
static void warn_of_ended(struct pl_report *r, const struct pl_session_sheet *s)
{
	const char *measured = pl_report_date(&r->doc, s->started_utc_ns);

	if (s->started_utc_ns && *s->expires && strcmp(s->expires, measured) < 0)
		pl_doc_add(
			&r->doc, PL_BLOCK_WARNING,
			pl_doc_print(
				&r->doc,
				"The calibration %s of this mat ended on %s, before %s; forces and "
				"pressures were made with it all the same.",
				s->calibration, s->expires, measured));
}

static void warn_of_calibration(struct pl_report *r)
{
	const struct pl_session_sheet *s = last(r);

	for (size_t i = 0; i < r->n; i++)
		if (!r->session[i].calibrated)
			s = &r->session[i];
	for (size_t i = 0; i < r->n; i++)
		if (r->session[i].calibrated)
			warn_of_ended(r, &r->session[i]);
	if (s->calibrated)
		return;
	if (s->expired)
		pl_doc_add(&r->doc, PL_BLOCK_WARNING,
			   pl_doc_print(
				   &r->doc,
				   "The calibration %s of this mat ended on %s: values are counts, "
				   "not newtons or kilopascals. Shares in %% and times hold.",
				   s->calibration, s->expires));
	else
		pl_doc_add(
			&r->doc, PL_BLOCK_WARNING,
			"This mat has no calibration: values are counts, not newtons or "
			"kilopascals. Shares in % and times hold as far as its cells are alike.");
}

static void warn_of_trials(struct pl_report *r)
{
	size_t counted = 0;

	for (size_t i = 0; i < last(r)->n; i++)
		counted += last(r)->trial[i].counts;
	if (!counted)
		pl_doc_add(
			&r->doc, PL_BLOCK_WARNING,
			"No trial of this session counts: see the list of trials for the reasons.");
}

/* ---- facts ---- */

/* The texts of an annotation over all trials that are shown, each once. */
static const char *said(struct pl_report *r, const char *key)
{
	const struct pl_session_sheet *s = last(r);
	const char *text = "";
	json_t *seen = json_object();

	for (size_t i = 0; i < s->n; i++) {
		const json_t *value = json_object_get(s->trial[i].annotations, key);
		const char *one;

		if (!value || json_is_null(value))
			continue;
		one = json_is_string(value) ? json_string_value(value)
		      : json_is_number(value)
			      ? pl_doc_print(&r->doc, "%.4g", json_number_value(value))
		      : json_is_true(value)  ? "yes"
		      : json_is_false(value) ? "no"
					     : NULL;
		if (!one || json_object_get(seen, one))
			continue;
		json_object_set_new(seen, one, json_true());
		text = pl_doc_print(&r->doc, "%s%s%s", text, *text ? "; " : "", one);
	}
	json_decref(seen);
	return text;
}

/* Lists of words, as pain_left: "plantar-heel-medial, ...". */
static const char *said_list(struct pl_report *r, const char *key)
{
	const struct pl_session_sheet *s = last(r);
	const char *text = "";

	for (size_t i = 0; i < s->n && !*text; i++) {
		const json_t *list = json_object_get(s->trial[i].annotations, key);

		for (size_t k = 0; k < json_array_size(list); k++) {
			const char *word = json_string_value(json_array_get(list, k));

			text = pl_doc_print(&r->doc, "%s%s%s", text, *text ? ", " : "",
					    word ? word : "");
		}
	}
	return *text ? text : said(r, key);
}

static void put_said(struct pl_report *r)
{
	static const char *const key[][3] = {
		{"height_m", "height", " m"},
		{"surface", "surface", ""},
		{"ground", "ground", ""},
		{"footwear", "footwear", ""},
		{"heel_lift_mm", "heel lift", " mm"},
		{"insole", "insole", ""},
		{"tape", "tape", ""},
		{"speed_m_s", "speed", " m/s"},
		{"speed_source", "speed from", ""},
		{"pain_side", "painful side", ""},
		{"pain_first_steps", "pain, first steps", " of 10"},
		{"pain_score", "pain in trials", " of 10"},
	};
	const char *value;

	for (size_t i = 0; i < sizeof(key) / sizeof(key[0]); i++) {
		value = said(r, key[i][0]);
		if (*value)
			pl_doc_fact(&r->doc, key[i][1],
				    pl_doc_print(&r->doc, "%s%s", value, key[i][2]));
	}
	pl_doc_fact(&r->doc, "pain, left", said_list(r, "pain_left"));
	pl_doc_fact(&r->doc, "pain, right", said_list(r, "pain_right"));
}

static const char *conditions(struct pl_report *r)
{
	const struct pl_session_sheet *s = last(r);
	const char *text = "";

	for (size_t i = 0; i < s->conditions; i++)
		if (*s->condition[i].name)
			text = pl_doc_print(&r->doc, "%s%s%s", text, *text ? "; " : "",
					    s->condition[i].name);
	return text;
}

static const char *calibration(struct pl_report *r)
{
	const struct pl_session_sheet *s = last(r);

	if (s->expired)
		return pl_doc_print(&r->doc, "%s, ended on %s: counts", s->calibration, s->expires);
	if (!s->calibrated)
		return "none: counts";
	return pl_doc_print(&r->doc, "%s%s%s%s%s", s->calibration,
			    *s->calibrated_on ? ", made " : "", s->calibrated_on,
			    *s->expires ? ", until " : "", s->expires);
}

static void put_mat(struct pl_report *r)
{
	const struct pl_session_sheet *s = last(r);

	if (*s->mat_file)
		pl_doc_fact(&r->doc, "mat",
			    pl_doc_print(&r->doc, "%s (%s)", *s->mat ? s->mat : s->mat_file,
					 s->mat_file));
	if (s->pitch_row_mm > 0)
		pl_doc_fact(&r->doc, "cells",
			    pl_doc_print(&r->doc, "%u x %u of %g x %g mm, %.3g Hz", s->rows,
					 s->cols, s->pitch_row_mm, s->pitch_col_mm, s->rate_hz));
	pl_doc_fact(&r->doc, "calibration", calibration(r));
	pl_doc_fact(&r->doc, "recorded by", s->software);
}

static size_t counted(const struct pl_session_sheet *s)
{
	size_t n = 0;

	for (size_t i = 0; i < s->n; i++)
		n += s->trial[i].counts;
	return n;
}

static void put_sessions(struct pl_report *r)
{
	static const struct pl_doc_column column[] = {
		{"", true, NULL},	   {"date", false, NULL},
		{"protocol", false, NULL}, {"trials that count", true, NULL},
		{"of", true, NULL},	   {"steps that count", true, NULL},
		{"not", true, NULL},	   {"session", false, NULL}};

	pl_doc_table(&r->doc, "Sessions", column, 8);
	for (size_t i = 0; i < r->n; i++) {
		const struct pl_session_sheet *s = &r->session[i];
		const char *cell[] = {
			pl_doc_print(&r->doc, "%zu", i + 1),
			pl_report_time(&r->doc, s->started_utc_ns),
			pl_doc_print(&r->doc, "%s", s->protocol),
			pl_doc_print(&r->doc, "%zu", counted(s)),
			pl_doc_print(&r->doc, "%zu", s->n),
			pl_doc_print(&r->doc, "%zu", s->all.steps),
			pl_doc_print(&r->doc, "%zu", s->all.steps_rejected),
			pl_doc_print(&r->doc, "%.8s", s->uuid),
		};

		pl_doc_row(&r->doc, cell);
	}
}

static void put_warnings(struct pl_report *r)
{
	const json_t *warning;
	size_t i;

	json_array_foreach(r->warnings, i, warning) pl_doc_add(
		&r->doc, PL_BLOCK_WARNING, pl_doc_print(&r->doc, "%s", json_string_value(warning)));
}

void pl_page_person(struct pl_report *r)
{
	const struct pl_session_sheet *s = last(r);
	struct pl_doc *doc = &r->doc;

	pl_doc_add(doc, PL_BLOCK_TITLE,
		   pl_doc_print(doc, "Load of the feet: %s", *s->subject ? s->subject : "no code"));
	warn_of_calibration(r);
	put_warnings(r);
	warn_of_trials(r);
	pl_doc_fact(doc, "person", *s->subject ? s->subject : "no code was given");
	pl_doc_fact(doc, "measured", pl_report_time(doc, s->started_utc_ns));
	pl_doc_fact(doc, "protocol", s->protocol);
	pl_doc_fact(doc, "conditions", conditions(r));
	pl_doc_fact(doc, "body mass",
		    isnan(s->body_mass_kg) ? "not given"
					   : pl_doc_print(doc, "%.4g kg", s->body_mass_kg));
	pl_doc_fact(doc, "trials", pl_doc_print(doc, "%zu, of which %zu count", s->n, counted(s)));
	if (s->all.steps || s->all.steps_rejected)
		pl_doc_fact(doc, "steps",
			    pl_doc_print(doc, "%zu that count, %zu that do not", s->all.steps,
					 s->all.steps_rejected));
	put_said(r);
	put_mat(r);
	pl_doc_fact(doc, "session", s->uuid);
	pl_doc_fact(doc, "notes", said(r, "notes"));
	if (r->n > 1)
		put_sessions(r);
}
