/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The last pages: every trial there is, whether it counts and why not, and every step that was left
 * out with what was remarked on it. What a mean is of can be looked up here.
 */
#include <math.h>
#include <string.h>

#include "tools/figures.h"
#include "tools/report/report.h"

static const char *verdict_of(struct pl_report *r, const struct pl_trial_sheet *t)
{
	switch (t->verdict) {
	case PL_TRIAL_REJECTED:
		return "rejected";
	case PL_TRIAL_UNDECIDED:
		return "not decided";
	case PL_TRIAL_ACCEPTED:
		return t->counts ? "accepted" : "not computed";
	case PL_TRIAL_UNSAID:
		break;
	}
	(void)r;
	return t->counts ? "counts" : "not computed";
}

static const char *steps_of(struct pl_report *r, const struct pl_trial_sheet *t, bool accepted)
{
	const json_t *steps = json_object_get(t->document, "steps"), *step;
	size_t i, n = 0;

	if (!t->counts)
		return "-";
	json_array_foreach(steps, i, step) n +=
		json_is_true(json_object_get(step, "accepted")) == accepted;
	return pl_doc_print(&r->doc, "%zu", n);
}

static const char *notes_of(struct pl_report *r, const struct pl_trial_sheet *t)
{
	const json_t *flags = json_object_get(json_object_get(t->document, "standing"), "flags");
	const char *text = t->reason;
	size_t i;
	const json_t *flag;
	const char *notes = pl_figure_text(t->annotations, "notes", "");

	json_array_foreach(flags, i, flag) text =
		pl_doc_print(&r->doc, "%s%s%s", text, *text ? "; " : "", json_string_value(flag));
	if (*notes)
		text = pl_doc_print(&r->doc, "%s%s%s", text, *text ? "; " : "", notes);
	return text;
}

static void put_trials(struct pl_report *r, const struct pl_session_sheet *s)
{
	static const struct pl_doc_column column[] = {{"trial", true, NULL},
						      {"condition", false, NULL},
						      {"seconds", true, NULL},
						      {"frames lost", true, NULL},
						      {"pain", true, NULL},
						      {"verdict", false, NULL},
						      {"steps: count", true, NULL},
						      {"do not", true, NULL},
						      {"reason, remarks, notes", false, NULL}};
	struct pl_doc *doc = &r->doc;

	pl_doc_table(doc,
		     pl_doc_print(doc, "Trials of %s, %s", pl_report_time(doc, s->started_utc_ns),
				  *s->uuid ? s->uuid : s->folder),
		     column, 9);
	for (size_t i = 0; i < s->n; i++) {
		const struct pl_trial_sheet *t = &s->trial[i];
		const json_t *pain = json_object_get(t->annotations, "pain_score");
		const char *cell[] = {
			t->trial ? pl_doc_print(doc, "%u", t->trial) : t->name,
			t->condition,
			pl_report_number(doc, t->duration_s),
			t->known ? pl_doc_print(doc, "%llu", t->lost) : "-",
			json_is_number(pain) ? pl_report_number(doc, json_number_value(pain)) : "-",
			verdict_of(r, t),
			steps_of(r, t, true),
			steps_of(r, t, false),
			notes_of(r, t)};

		pl_doc_row(doc, cell);
	}
}

/* "partial, two_feet" */
static const char *words(struct pl_report *r, const json_t *list)
{
	const char *text = "";
	const json_t *word;
	size_t i;

	json_array_foreach(list, i, word) text =
		pl_doc_print(&r->doc, "%s%s%s", text, *text ? ", " : "", json_string_value(word));
	return text;
}

static void put_step(struct pl_report *r, const struct pl_trial_sheet *t, size_t i,
		     const json_t *step, bool *table)
{
	static const struct pl_doc_column column[] = {
		{"trial", true, NULL},	   {"step", true, NULL},
		{"side", false, NULL},	   {"onset s", true, NULL},
		{"contact s", true, NULL}, {"why it does not count", false, NULL}};
	const char *reason = pl_figure_text(step, "reject_reason", "");
	const char *why = words(r, json_object_get(step, "rejected"));
	struct pl_doc *doc = &r->doc;

	if (!*table)
		pl_doc_table(doc, "Steps that do not count", column, 6);
	*table = true;
	pl_doc_row(
		doc,
		(const char *[]){
			pl_doc_print(doc, "%u", t->trial), pl_doc_print(doc, "%zu", i + 1),
			pl_doc_print(doc, "%s", pl_figure_text(step, "side", "unknown")),
			pl_report_number(doc, json_number_value(json_object_get(step, "onset_s"))),
			pl_report_number(
				doc, json_number_value(json_object_get(step, "contact_time_s"))),
			*reason ? pl_doc_print(doc, "%s: %s", why, reason) : why});
}

static void put_left_out(struct pl_report *r, const struct pl_session_sheet *s)
{
	bool table = false;

	for (size_t i = 0; i < s->n; i++) {
		const json_t *steps = json_object_get(s->trial[i].document, "steps"), *step;
		size_t k;

		json_array_foreach(steps, k,
				   step) if (!json_is_true(json_object_get(step, "accepted")))
			put_step(r, &s->trial[i], k, step, &table);
	}
}

void pl_page_trials(struct pl_report *r)
{
	pl_doc_add(&r->doc, PL_BLOCK_PAGE, "");
	pl_doc_add(&r->doc, PL_BLOCK_HEADING, "Appendix: all trials");
	for (size_t i = 0; i < r->n; i++) {
		put_trials(r, &r->session[i]);
		put_left_out(r, &r->session[i]);
	}
	pl_doc_add(
		&r->doc, PL_BLOCK_NOTE,
		"A trial that was rejected or not decided on is in no figure. Remarks are those of "
		"docs/metrics.md: below_25_s, below_50_hz, gap, unfiltered, cut, rate, "
		"near_own_sway, "
		"coarse_floor of standing; partial, two_feet, saturated, gap, cut_onset, cut_end, "
		"operator of steps.");
}
