/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The figures of one condition: what the feet carried and how the body swayed, or what the steps
 * were like. Left beside right, each with number, mean and SD, and the difference beside the one
 * that could be told.
 */
#include <math.h>
#include <string.h>

#include "tools/figures.h"
#include "tools/report/report.h"

static const char *number_of(struct pl_doc *doc, const json_t *value)
{
	char buf[32];

	return pl_doc_print(doc, "%s", pl_figure(value, buf));
}

/* ---- left and right ---- */

/* NULL: the group has no such figure of both sides. */
static json_t *compared(const struct pl_group *g, const char *figure)
{
	const struct pl_comparison how = {.sides = true, .only = figure};
	json_t *document = pl_compare_groups(g, NULL, &how);
	json_t *found = json_incref(json_array_get(json_object_get(document, "figures"), 0));

	json_decref(document);
	return found;
}

static void sides_row(struct pl_report *r, const struct pl_group *g,
		      const struct pl_named_figure *f, bool bands)
{
	struct pl_doc *doc = &r->doc;
	struct pl_dots left = pl_report_dots(g, f->figure, "left");
	struct pl_dots right = pl_report_dots(g, f->figure, "right");
	json_t *both = left.n && right.n ? compared(g, f->figure) : NULL;
	double mean = left.n ? left.sample.mean : right.sample.mean;
	const char *cell[] = {
		f->label,
		pl_figure_unit(f->figure),
		pl_doc_print(doc, "%zu", left.n),
		pl_report_number(doc, left.sample.mean),
		pl_report_scatter(doc, left.sample.sd, mean),
		pl_doc_print(doc, "%zu", right.n),
		pl_report_number(doc, right.sample.mean),
		pl_report_scatter(doc, right.sample.sd, mean),
		pl_report_scatter(doc, right.sample.mean - left.sample.mean, mean),
		pl_report_scatter(doc,
				  json_number_value(json_object_get(both, "detectable_difference")),
				  mean),
		bands ? pl_report_band(r, f->figure) : "",
	};

	if (!json_is_number(json_object_get(both, "detectable_difference")))
		cell[9] = "-";
	if (left.n || right.n)
		pl_doc_row(doc, cell);
	json_decref(both);
}

static bool any_of(const struct pl_group *g, const struct pl_named_figure *list,
		   const char *const side[2])
{
	for (const struct pl_named_figure *f = list; f->label; f++)
		if (f->figure && (pl_group_figure(g, f->figure, side[0]) ||
				  pl_group_figure(g, f->figure, side[1])))
			return true;
	return false;
}

/* Is there anything to say below this heading? */
static bool any_below(const struct pl_group *g, const struct pl_named_figure *heading,
		      const char *const side[2])
{
	for (const struct pl_named_figure *f = heading + 1; f->label && f->figure; f++)
		if (pl_group_figure(g, f->figure, side[0]) ||
		    pl_group_figure(g, f->figure, side[1]))
			return true;
	return false;
}

static bool any_band(const struct pl_report *r, const struct pl_named_figure *f)
{
	for (; f->label; f++)
		if (f->figure && !isnan(pl_reference_band(&r->reference, f->figure).low))
			return true;
	return false;
}

static void put_sides(struct pl_report *r, const struct pl_group *g,
		      const struct pl_named_figure *list, const char *title)
{
	static const char *const sides[2] = {"left", "right"};
	const struct pl_doc_column column[] = {
		{"", false, NULL},
		{"unit", false, NULL},
		{"n", true, &pl_ink_left},
		{"left", true, &pl_ink_left},
		{"SD", true, &pl_ink_left},
		{"n", true, &pl_ink_right},
		{"right", true, &pl_ink_right},
		{"SD", true, &pl_ink_right},
		{"R \xe2\x88\x92 L", true, NULL},
		{"detectable", true, NULL},
		{"reference", false, NULL},
	};
	bool bands = any_band(r, list);

	if (!any_of(g, list, sides))
		return;
	pl_doc_table(&r->doc, title, column, bands ? 11 : 10);
	for (const struct pl_named_figure *f = list; f->label; f++) {
		const char *heading[11] = {f->label, "", "", "", "", "", "", "", "", "", ""};

		if (f->figure)
			sides_row(r, g, f, bands);
		else if (any_below(g, f, sides))
			pl_doc_row(&r->doc, heading);
	}
}

/* ---- both together ---- */

static void put_whole(struct pl_report *r, const struct pl_group *g,
		      const struct pl_named_figure *list, const char *title)
{
	static const char *const sides[2] = {"", ""};
	const struct pl_doc_column column[] = {
		{"", false, NULL},	  {"unit", false, NULL},     {"n", true, NULL},
		{"mean", true, NULL},	  {"SD", true, NULL},	     {"least", true, NULL},
		{"greatest", true, NULL}, {"reference", false, NULL}};
	bool bands = any_band(r, list), table = false;

	for (const struct pl_named_figure *f = list; f->label; f++) {
		struct pl_doc *doc = &r->doc;
		const char *heading[8] = {f->label, "", "", "", "", "", "", ""};
		struct pl_dots d = {.n = 0};
		double low = INFINITY, high = -INFINITY;

		if (f->figure)
			d = pl_report_dots(g, f->figure, "");
		if (!(f->figure ? d.n > 0 : any_below(g, f, sides)))
			continue;
		if (!table)
			pl_doc_table(doc, title, column, bands ? 8 : 7);
		table = true;
		for (size_t i = 0; i < d.n; i++) {
			low = fmin(low, d.value[i]);
			high = fmax(high, d.value[i]);
		}
		if (!f->figure) {
			pl_doc_row(doc, heading);
			continue;
		}
		pl_doc_row(doc,
			   (const char *[]){f->label, pl_figure_unit(f->figure),
					    pl_doc_print(doc, "%zu", d.n),
					    pl_report_number(doc, d.sample.mean),
					    pl_report_scatter(doc, d.sample.sd, d.sample.mean),
					    pl_report_number(doc, low), pl_report_number(doc, high),
					    bands ? pl_report_band(r, f->figure) : ""});
	}
}

/* ---- shares ---- */

static void add_share(struct pl_report *r, struct pl_shares *s, const struct pl_group *g,
		      const char *figure, const char *name)
{
	struct pl_chart_row *row = &s->row[s->rows];

	*row = (struct pl_chart_row){.name = name,
				     .left = pl_report_dots(g, figure, "left"),
				     .right = pl_report_dots(g, figure, "right"),
				     .band = pl_reference_band(&r->reference, figure)};
	if (!row->left.n && !row->right.n)
		return;
	s->most = fmax(s->most, 20 * ceil((fmax(fmax(row->left.sample.mean, 0),
						fmax(row->right.sample.mean, 0)) +
					   10) /
					  20));
	s->rows++;
}

static const char *n_text(struct pl_report *r, const struct pl_group *g, const char *figure,
			  const char *of)
{
	struct pl_dots left = pl_report_dots(g, figure, "left");
	struct pl_dots right = pl_report_dots(g, figure, "right");

	return pl_doc_print(&r->doc, "n = %zu %s left, %zu right", left.n, of, right.n);
}

static void put_shares(struct pl_report *r, const struct pl_group *g, bool standing)
{
	struct pl_shares *s = pl_doc_room(&r->doc, sizeof(*s));

	if (!s)
		return;
	s->most = 20;
	if (standing) {
		add_share(r, s, g, "standing.load.pct", "of body load");
		add_share(r, s, g, "standing.load.heel_pct", "heel, of the foot");
		add_share(r, s, g, "standing.load.midfoot_pct", "midfoot");
		add_share(r, s, g, "standing.load.forefoot_pct", "forefoot");
	} else {
		add_share(r, s, g, "steps.heel_impulse_pct", "heel, of impulse");
		add_share(r, s, g, "steps.mid_impulse_pct", "midfoot");
		add_share(r, s, g, "steps.fore_impulse_pct", "forefoot");
	}
	if (!s->rows)
		return;
	pl_doc_figure(
		&r->doc, standing ? "Load, left and right" : "Impulse within the foot",
		pl_doc_print(&r->doc, "Mean \xc2\xb1 SD; short lines: each %s. %s. %s",
			     standing ? "trial" : "step",
			     n_text(r, g, standing ? "standing.load.pct" : "steps.heel_impulse_pct",
				    standing ? "trials" : "steps"),
			     pl_report_method(&r->doc, g, 1)),
		1, pl_shares_height(s), pl_shares_draw, s);
}

/* ---- sway ---- */

#define SWAY_PANELS 6

static const json_t *sway_of(const struct pl_trial_sheet *t)
{
	return json_object_get(json_object_get(t->document, "standing"), "sway");
}

/* How far the path and its ellipse, which goes beyond it, reach from the middle. */
static double reach(const struct pl_trial_sheet *t)
{
	const struct pl_picture_path *p = &t->pictures.sway;
	double major = json_number_value(json_object_get(sway_of(t), "ellipse_major_mm"));
	double minor = json_number_value(json_object_get(sway_of(t), "ellipse_minor_mm"));
	double turn =
		json_number_value(json_object_get(sway_of(t), "ellipse_angle_deg")) * M_PI / 180;
	double most = fmax(hypot(major * sin(turn), minor * cos(turn)),
			   hypot(major * cos(turn), minor * sin(turn)));

	for (size_t i = 0; i < p->n; i++)
		most = fmax(most, fmax(fabs(p->x_mm[i]), fabs(p->y_mm[i])));
	return most;
}

static bool sways(const struct pl_trial_sheet *t, const struct pl_condition_sheet *c)
{
	return t->counts && t->pictured && t->pictures.sway.n > 1 &&
	       strcmp(t->condition, c->name) == 0;
}

static void put_panel(struct pl_report *r, const struct pl_trial_sheet *t, double half_mm,
		      const char *caption)
{
	const json_t *standing = json_object_get(t->document, "standing");
	const json_t *sway = sway_of(t);
	struct pl_sway_chart *chart = pl_doc_room(&r->doc, sizeof(*chart));

	if (!chart)
		return;
	*chart = (struct pl_sway_chart){
		.path = &t->pictures.sway,
		.major_mm = json_number_value(json_object_get(sway, "ellipse_major_mm")),
		.minor_mm = json_number_value(json_object_get(sway, "ellipse_minor_mm")),
		.angle_deg = json_number_value(json_object_get(sway, "ellipse_angle_deg")),
		.half_mm = half_mm,
		.name = pl_doc_print(&r->doc, "trial %u: %s mm\xc2\xb2", t->trial,
				     number_of(&r->doc, json_object_get(sway, "area_95_mm2"))),
		.of_mat = strcmp(pl_figure_text(standing, "axes", ""), "mat") == 0,
	};
	pl_doc_figure(&r->doc, "", caption, 1.0 / 3, 150, pl_sway_draw, chart);
}

static void put_sway(struct pl_report *r, const struct pl_session_sheet *s,
		     const struct pl_condition_sheet *c)
{
	size_t panels = 0, all = 0;
	double half_mm = 2;

	for (size_t i = 0; i < s->n; i++) {
		if (!sways(&s->trial[i], c))
			continue;
		half_mm = fmax(half_mm, 1.05 * reach(&s->trial[i]));
		all++;
	}
	for (size_t i = 0; i < s->n && panels < SWAY_PANELS; i++)
		if (sways(&s->trial[i], c) && ++panels)
			put_panel(r, &s->trial[i], half_mm, "");
	if (!panels)
		return;
	pl_doc_add(&r->doc, PL_BLOCK_NOTE,
		   pl_doc_print(
			   &r->doc,
			   "Sway of the centre of pressure around its mean, mm, forward up, the "
			   "person's right to the right, the same scale for all trials; dashed: 95 "
			   "%% prediction ellipse, its area above. %s%s",
			   all > panels ? pl_doc_print(&r->doc, "The first %zu of %zu trials. ",
						       panels, all)
					: "",
			   pl_report_method(&r->doc, &c->group, 1)));
}

/* ---- the pages ---- */

static bool has(const struct pl_group *g, const char *start)
{
	for (size_t i = 0; i < g->n; i++)
		if (strncmp(g->figure[i].name, start, strlen(start)) == 0)
			return true;
	return false;
}

static const char *of_condition(struct pl_report *r, const struct pl_session_sheet *s,
				const struct pl_condition_sheet *c, const char *what)
{
	if (s->conditions < 2 && !*c->name)
		return what;
	return pl_doc_print(&r->doc, "%s: %s", what, *c->name ? c->name : "no condition");
}

/* n of what the mean is of, and what it takes for a detectable difference. */
static void put_count(struct pl_report *r, const struct pl_group *g, bool standing)
{
	struct pl_dots unknown = pl_report_dots(g, "steps.contact_time_s", "unknown");
	const char *more = "";

	if (unknown.n)
		more = pl_doc_print(&r->doc, " %zu steps whose side is not known are in no column.",
				    unknown.n);
	pl_doc_add(
		&r->doc, PL_BLOCK_NOTE,
		pl_doc_print(
			&r->doc,
			"n: %s that count. Detectable: the smallest difference of the two "
			"means that could be told from the scatter at 95 %%, from at least %d %s "
			"a side; - : repeatability unknown.%s %s",
			standing ? "trials" : "steps (footprint figures: footprints)",
			standing ? PL_STANDING_MIN : PL_STEPS_MIN, standing ? "trials" : "steps",
			more, pl_report_method(&r->doc, g, 1)));
	pl_report_reference(r);
}

void pl_page_condition(struct pl_report *r, const struct pl_session_sheet *s,
		       const struct pl_condition_sheet *c)
{
	const struct pl_group *g = &c->group;

	if (has(g, "standing.load.") || has(g, "standing.sway.")) {
		pl_doc_add(&r->doc, PL_BLOCK_HEADING, of_condition(r, s, c, "Load and sway"));
		put_shares(r, g, true);
		put_sway(r, s, c);
		put_sides(r, g, pl_names_standing_sides, "Standing, left and right");
		put_whole(r, g, pl_names_standing_whole, "Standing, both feet");
		put_count(r, g, true);
	}
	if (has(g, "steps.")) {
		pl_doc_add(&r->doc, PL_BLOCK_HEADING, of_condition(r, s, c, "Steps"));
		put_shares(r, g, false);
		put_sides(r, g, pl_names_steps_sides, "Steps, left and right");
		put_whole(r, g, pl_names_steps_whole, "Steps, both feet");
		put_count(r, g, false);
	}
}
