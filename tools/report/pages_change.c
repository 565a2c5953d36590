/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One condition beside another, one session beside another, or all of them in a row. The figures
 * are those of the other pages, chosen beforehand; how many were compared is said, and how many
 * differ by more than could be told.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "tools/course.h"
#include "tools/figures.h"
#include "tools/layout.h"
#include "tools/mixing.h"
#include "tools/report/report.h"

static const struct pl_named_figure *const lists[] = {pl_names_standing_sides,
						      pl_names_standing_whole, pl_names_steps_sides,
						      pl_names_steps_whole};
#define LISTS (sizeof(lists) / sizeof(lists[0]))

static enum pl_side side_of(const json_t *figure)
{
	int side = pl_side_parse(pl_figure_text(figure, "side", ""));

	return side < 0 ? PL_SIDE_UNKNOWN : (enum pl_side)side;
}

static double value_of(const json_t *object, const char *key)
{
	const json_t *value = json_object_get(object, key);

	return json_is_number(value) ? json_number_value(value) : NAN;
}

/* "peak force, N" */
static const char *label_with_unit(struct pl_report *r, const char *figure)
{
	const char *unit = pl_figure_unit(figure);

	return pl_doc_print(&r->doc, "%s%s%s", pl_figure_label(figure), *unit ? ", " : "", unit);
}

static const char *word_of(const json_t *figure)
{
	const json_t *beyond = json_object_get(figure, "beyond");

	return json_is_true(beyond) ? "beyond" : json_is_false(beyond) ? "within" : "unknown";
}

/* Those figures that have a name, in the order of the lists: a new array. */
static json_t *named(const json_t *figures)
{
	json_t *chosen = json_array();
	json_t *figure;
	size_t i;

	for (size_t k = 0; k < LISTS; k++)
		for (const struct pl_named_figure *f = lists[k]; f->label; f++)
			json_array_foreach(figures, i,
					   figure) if (f->figure &&
						       strcmp(pl_figure_text(figure, "figure", ""),
							      f->figure) == 0)
				json_array_append(chosen, figure);
	return chosen;
}

/* ---- two groups ---- */

static void put_pair_row(struct pl_report *r, const json_t *f)
{
	const char *name = pl_figure_text(f, "figure", "");
	double a = value_of(f, "a_mean"), b = value_of(f, "b_mean");
	struct pl_doc *doc = &r->doc;

	pl_doc_row(doc,
		   (const char *[]){
			   pl_figure_label(name), pl_figure_unit(name),
			   pl_doc_print(doc, "%s", pl_figure_text(f, "side", "")),
			   pl_doc_print(doc, "%.0f", value_of(f, "a_n")), pl_report_number(doc, a),
			   pl_report_scatter(doc, value_of(f, "a_sd"), a),
			   pl_doc_print(doc, "%.0f", value_of(f, "b_n")), pl_report_number(doc, b),
			   pl_report_scatter(doc, value_of(f, "b_sd"), a),
			   pl_report_scatter(doc, value_of(f, "difference"), a),
			   pl_report_scatter(doc, value_of(f, "detectable_difference"), a),
			   word_of(f)});
}

/* Left and right of a figure share a row. */
static void add_mark(struct pl_report *r, struct pl_forest *forest, const json_t *f,
		     const char **last)
{
	double least = value_of(f, "detectable_difference");
	const char *name = pl_figure_text(f, "figure", "");
	bool same = forest->rows && strcmp(*last, name) == 0;
	size_t at = same ? forest->rows - 1 : forest->rows;

	if (!(least > 0) || at == sizeof(forest->row) / sizeof(forest->row[0]) ||
	    (same && forest->row[at].marks == 3))
		return;
	if (!same) {
		forest->row[forest->rows++].name = label_with_unit(r, name);
		*last = name;
	}
	forest->row[at].mark[forest->row[at].marks].side = side_of(f);
	forest->row[at].mark[forest->row[at].marks++].ratio = value_of(f, "difference") / least;
}

static void put_forest(struct pl_report *r, const json_t *figures, const char *a, const char *b)
{
	struct pl_forest *forest = pl_doc_room(&r->doc, sizeof(*forest));
	const char *last = "";
	const json_t *f;
	size_t i;

	if (!forest)
		return;
	forest->less = pl_doc_print(&r->doc, "less than in %s", a);
	forest->more = "more";
	json_array_foreach(figures, i, f) add_mark(r, forest, f, &last);
	if (forest->rows)
		pl_doc_figure(
			&r->doc, pl_doc_print(&r->doc, "%s against %s", b, a),
			"Difference of the means as a multiple of its own detectable difference: "
			"within the grey band it cannot be told from the scatter. Left: red, "
			"round; right: blue, square. Full marks lie outside; an arrow: beyond the "
			"axis. n, mean and SD: in the table.",
			1, pl_forest_height(forest), pl_forest_draw, forest);
}

static void count_beyond(const json_t *figures, size_t *compared, size_t *beyond, size_t *unknown)
{
	const json_t *f;
	size_t i;

	*compared = *beyond = *unknown = 0;
	json_array_foreach(figures, i, f)
	{
		const json_t *word = json_object_get(f, "beyond");

		*compared += json_is_boolean(word);
		*beyond += json_is_true(word);
		*unknown += !json_is_boolean(word);
	}
}

static void put_counts(struct pl_report *r, const json_t *figures, const struct pl_group *g,
		       size_t n, const char *how)
{
	size_t compared, beyond, unknown;
	const char *more = "";

	count_beyond(figures, &compared, &beyond, &unknown);
	if (unknown)
		more = pl_doc_print(&r->doc, " Of %zu more the repeatability is unknown.", unknown);
	pl_doc_add(&r->doc, PL_BLOCK_TEXT,
		   pl_doc_print(
			   &r->doc,
			   "%zu figures, chosen beforehand, were compared; %zu differ by more than "
			   "the detectable difference.%s Of twenty that do not differ, about one "
			   "does so by chance.",
			   compared, beyond, more));
	pl_doc_add(&r->doc, PL_BLOCK_NOTE,
		   pl_doc_print(&r->doc, "Detectable difference: %s. %s", how,
				pl_report_method(&r->doc, g, n)));
}

static void put_pair(struct pl_report *r, const struct pl_group *a, const struct pl_group *b,
		     const char *name_a, const char *name_b, const struct pl_comparison *how)
{
	const struct pl_doc_column column[] = {
		{"", false, NULL},	    {"unit", false, NULL},
		{"side", false, NULL},	    {"n", true, NULL},
		{"A", true, NULL},	    {"SD", true, NULL},
		{"n", true, NULL},	    {"B", true, NULL},
		{"SD", true, NULL},	    {"B \xe2\x88\x92 A", true, NULL},
		{"detectable", true, NULL}, {"", false, NULL}};
	json_t *document = pl_compare_groups(a, b, how);
	json_t *figures = named(json_object_get(document, "figures"));
	struct pl_group both[2] = {*a, *b};
	const json_t *f;
	size_t i;

	put_forest(r, figures, name_a, name_b);
	pl_doc_table(&r->doc, pl_doc_print(&r->doc, "A: %s, B: %s", name_a, name_b), column, 12);
	json_array_foreach(figures, i, f) put_pair_row(r, f);
	put_counts(r, figures, both, 2,
		   how->between_days
			   ? "from this person's scatter between sessions (at least three), or a "
			     "published one that is named"
			   : "from the scatter within the session, of at least five steps or three "
			     "standing trials each");
	json_decref(figures);
	json_decref(document);
}

/* ---- conditions ---- */

/* What must not be compared is not: the page says why instead. */
static void put_conditions(struct pl_report *r, const struct pl_session_sheet *s)
{
	const struct pl_comparison how = {.days = &r->days};
	struct pl_error refused = {.code = PL_OK};
	struct pl_group group[PL_CONDITIONS_MAX];
	json_t *mixed = json_array(), *warnings = json_array(), *w;
	bool allowed;
	size_t i;

	for (i = 0; i < s->conditions; i++)
		group[i] = s->condition[i].group;
	allowed = pl_mixing_check(group, s->conditions, r->mix, mixed, warnings, &refused) == 0;
	pl_doc_add(&r->doc, PL_BLOCK_PAGE, "");
	pl_doc_add(&r->doc, PL_BLOCK_HEADING, "Conditions compared");
	if (!allowed)
		pl_doc_add(&r->doc, PL_BLOCK_WARNING,
			   pl_doc_print(&r->doc, "Not compared: %s", refused.message));
	for (i = 1; i < s->conditions && allowed; i++)
		pl_mixing_speed(&group[0], &group[i], warnings);
	json_array_foreach(warnings, i, w) pl_doc_add(
		&r->doc, PL_BLOCK_WARNING, pl_doc_print(&r->doc, "%s", json_string_value(w)));
	for (i = 1; i < s->conditions && allowed; i++)
		put_pair(r, &group[0], &group[i], group[0].name, group[i].name, &how);
	json_decref(mixed);
	json_decref(warnings);
}

/* ---- sessions ---- */

static const char *cell_of(struct pl_report *r, const json_t *point, double first)
{
	double mean = value_of(point, "mean");

	if (isnan(mean))
		return "-";
	return pl_doc_print(&r->doc, "%s (%.0f)\n\xc2\xb1 %s", pl_report_number(&r->doc, mean),
			    value_of(point, "n"),
			    pl_report_scatter(&r->doc, value_of(point, "sd"), first));
}

#define SHOWN 6 /* sessions in a row */

static size_t shown_at(size_t k, size_t n)
{
	return n <= SHOWN || k == 0 ? k : n - SHOWN + k;
}

static void put_course_table(struct pl_report *r, const json_t *figures)
{
	struct pl_doc_column column[PL_TABLE_COLUMNS] = {
		{"", false, NULL}, {"unit", false, NULL}, {"side", false, NULL}};
	size_t n = r->n < SHOWN ? r->n : SHOWN, i;
	const json_t *f;

	for (size_t k = 0; k < n; k++)
		column[3 + k] = (struct pl_doc_column){
			pl_report_date(&r->doc, r->session[shown_at(k, r->n)].started_utc_ns), true,
			NULL};
	column[3 + n] = (struct pl_doc_column){"change", true, NULL};
	column[4 + n] = (struct pl_doc_column){"detectable", true, NULL};
	column[5 + n] = (struct pl_doc_column){"", false, NULL};
	pl_doc_table(&r->doc, "Mean (n) and SD of each session", column, 6 + n);
	json_array_foreach(figures, i, f)
	{
		const char *name = pl_figure_text(f, "figure", ""), *cell[PL_TABLE_COLUMNS];
		const json_t *points = json_object_get(f, "sessions");
		double first = value_of(json_array_get(points, 0), "mean");

		cell[0] = pl_figure_label(name);
		cell[1] = pl_figure_unit(name);
		cell[2] = pl_doc_print(&r->doc, "%s", pl_figure_text(f, "side", ""));
		for (size_t k = 0; k < n; k++)
			cell[3 + k] = cell_of(r, json_array_get(points, shown_at(k, r->n)), first);
		cell[3 + n] = pl_report_scatter(&r->doc, value_of(f, "change"), first);
		cell[4 + n] =
			pl_report_scatter(&r->doc, value_of(f, "detectable_difference"), first);
		cell[5 + n] = word_of(f);
		pl_doc_row(&r->doc, cell);
	}
	if (r->n > SHOWN)
		pl_doc_add(
			&r->doc, PL_BLOCK_NOTE,
			pl_doc_print(&r->doc,
				     "The first and the last %d of %zu sessions; plantar trend has "
				     "them all.",
				     SHOWN - 1, r->n));
}

static void take_line(struct pl_course_chart *chart, const json_t *f)
{
	const json_t *points = json_object_get(f, "sessions"), *p;
	size_t k = chart->lines++, i;

	chart->line[k].side = side_of(f);
	chart->line[k].detectable = value_of(f, "detectable_difference");
	json_array_foreach(points, i, p)
	{
		if (i >= chart->n)
			break;
		chart->line[k].mean[i] = value_of(p, "mean");
		chart->line[k].sd[i] = value_of(p, "sd");
	}
}

/* One drawing a figure, left and right in the same. */
static void put_course_chart(struct pl_report *r, const json_t *figures, const char *name)
{
	struct pl_course_chart *chart = pl_doc_room(&r->doc, sizeof(*chart));
	const json_t *f;
	size_t i;

	if (!chart)
		return;
	chart->n = r->n < PL_COURSE_POINTS ? r->n : PL_COURSE_POINTS;
	chart->unit = pl_figure_unit(name);
	chart->band = pl_reference_band(&r->reference, name);
	for (i = 0; i < chart->n; i++)
		chart->date[i] = pl_report_date(&r->doc, r->session[i].started_utc_ns);
	json_array_foreach(figures, i, f) if (strcmp(pl_figure_text(f, "figure", ""), name) == 0 &&
					      chart->lines < 2 &&
					      strcmp(pl_figure_text(f, "side", ""), "unknown") != 0)
		take_line(chart, f);
	if (chart->lines)
		pl_doc_figure(&r->doc, label_with_unit(r, name), "", 0.5, 108, pl_course_draw,
			      chart);
}

static void put_course(struct pl_report *r, const struct pl_group *group)
{
	static const char *const charts[] = {
		"standing.load.pct",	     "standing.load.heel_pct",
		"standing.sway.area_95_mm2", "standing.sway.mean_velocity_mm_s",
		"steps.heel_impulse_pct",    "steps.contact_time_s",
		"steps.force_peak_bw",	     "steps.heel_contact_s",
		"steps.strike_index_pct",    "feet.heel.pressure_peak_kpa"};
	json_t *all = pl_course_figures(group, r->n, &r->days, NULL);
	json_t *figures = named(all);
	size_t n = r->doc.n;

	for (size_t i = 0; i < sizeof(charts) / sizeof(charts[0]); i++)
		put_course_chart(r, figures, charts[i]);
	if (r->doc.n > n)
		pl_doc_add(&r->doc, PL_BLOCK_NOTE,
			   pl_doc_print(
				   &r->doc,
				   "Mean and SD of each session; left: red, solid, round; right: "
				   "blue, dashed, square; dotted: detectable difference around the "
				   "first session. %s",
				   pl_report_method(&r->doc, group, r->n)));
	put_course_table(r, figures);
	put_counts(r, figures, group, r->n,
		   "from this person's scatter between sessions, of three or more, or a published "
		   "one that is named");
	json_decref(figures);
	json_decref(all);
}

static int put_sessions(struct pl_report *r, struct pl_error *err)
{
	struct pl_comparison how = {.between_days = true, .days = &r->days};
	struct pl_group *group = pl_doc_room(&r->doc, r->n * sizeof(*group));

	if (!group)
		return pl_error_set(err, PL_ENOMEM, 0, "out of memory");
	for (size_t i = 0; i < r->n; i++)
		group[i] = r->session[i].all;
	pl_doc_add(&r->doc, PL_BLOCK_PAGE, "");
	pl_doc_add(&r->doc, PL_BLOCK_HEADING,
		   r->n == 2 ? "Two sessions compared" : "From session to session");
	if (r->n == 2)
		put_pair(r, &group[0], &group[1],
			 pl_report_date(&r->doc, r->session[0].started_utc_ns),
			 pl_report_date(&r->doc, r->session[1].started_utc_ns), &how);
	else
		put_course(r, group);
	pl_report_reference(r);
	return 0;
}

int pl_page_changes(struct pl_report *r, struct pl_error *err)
{
	const struct pl_session_sheet *last = &r->session[r->n - 1];

	if (last->conditions > 1)
		put_conditions(r, last);
	return r->n > 1 ? put_sessions(r, err) : 0;
}
