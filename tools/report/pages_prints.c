/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Footprints, landing and force curves of one condition. A page has room for one print a side: the
 * one of the step whose impulse is in the middle of all that count, said beside it, so that nobody
 * has chosen it.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "tools/figures.h"
#include "tools/report/report.h"

/* A step that counts, with its picture. */
struct shown {
	const struct pl_trial_sheet *trial;
	const struct pl_picture_step *step;
	double impulse;
};

struct steps {
	struct shown *of[2]; /* left, right */
	size_t n[2];
};

static const char *const side_names[2] = {"left", "right"};
static const enum pl_side sides[2] = {PL_SIDE_LEFT, PL_SIDE_RIGHT};

static double impulse_of(const struct pl_picture_step *s)
{
	double sum = 0;

	for (size_t i = 0; i + 1 < s->n; i++)
		sum += 0.5 * ((double)s->force[i] + (double)s->force[i + 1]) *
		       ((double)s->t_s[i + 1] - (double)s->t_s[i]);
	return sum;
}

static bool belongs(const struct pl_trial_sheet *t, const struct pl_condition_sheet *c)
{
	return t->counts && t->pictured && strcmp(t->condition, c->name) == 0;
}

static void collect(struct pl_report *r, const struct pl_session_sheet *s,
		    const struct pl_condition_sheet *c, struct steps *steps)
{
	size_t most = 0;

	for (size_t i = 0; i < s->n; i++)
		most += belongs(&s->trial[i], c) ? s->trial[i].pictures.n_steps : 0;
	for (int k = 0; k < 2; k++)
		steps->of[k] = pl_doc_room(&r->doc, most * sizeof(struct shown));
	for (size_t i = 0; i < s->n && steps->of[0] && steps->of[1]; i++) {
		const struct pl_pictures *p = &s->trial[i].pictures;

		for (size_t k = 0; belongs(&s->trial[i], c) && k < p->n_steps; k++) {
			const struct pl_picture_step *step = &p->steps[k];
			int side = step->side == PL_SIDE_LEFT	 ? 0
				   : step->side == PL_SIDE_RIGHT ? 1
								 : -1;

			if (side >= 0 && !step->rejected)
				steps->of[side][steps->n[side]++] =
					(struct shown){&s->trial[i], step, impulse_of(step)};
		}
	}
}

/* ---- footprints ---- */

static int by_impulse(const void *a, const void *b)
{
	const struct shown *p = a, *q = b;

	return p->impulse != q->impulse ? (p->impulse > q->impulse) - (p->impulse < q->impulse)
					: (p->step > q->step) - (p->step < q->step);
}

static const struct shown *middle_of(struct pl_report *r, const struct steps *steps, int side)
{
	size_t n = steps->n[side];
	struct shown *sorted = pl_doc_room(&r->doc, n * sizeof(*sorted));

	if (!sorted || !n)
		return NULL;
	memcpy(sorted, steps->of[side], n * sizeof(*sorted));
	qsort(sorted, n, sizeof(*sorted), by_impulse);
	return &sorted[(n - 1) / 2];
}

static const char *pressure_unit(const struct pl_pictures *p)
{
	return p->calibrated ? "kPa" : "counts";
}

static double rounded_up(double most)
{
	double step = pl_chart_step(most, 8);

	return most > 0 ? step * ceil(most / step - 1e-9) : 1;
}

static struct pl_print_chart *print_chart(struct pl_report *r, const struct shown *s)
{
	struct pl_print_chart *chart = s ? pl_doc_room(&r->doc, sizeof(*chart)) : NULL;

	if (chart)
		*chart = (struct pl_print_chart){
			.pictures = &s->trial->pictures, .foot = s->step->foot, .step = s->step};
	return chart;
}

static void put_scale(struct pl_report *r, double most, const char *unit, double share,
		      const char *caption)
{
	struct pl_scale_chart *scale = pl_doc_room(&r->doc, sizeof(*scale));

	if (!scale)
		return;
	*scale = (struct pl_scale_chart){most, unit};
	pl_doc_figure(&r->doc, "", caption, share, 26, pl_scale_draw, scale);
}

static const char *print_title(struct pl_report *r, const struct shown *s,
			       const struct pl_print_chart *chart, int side, size_t n)
{
	return pl_doc_print(&r->doc, "%s: trial %u, step %zu of it; peak %s %s (n = %zu)",
			    side ? "Right" : "Left", s->trial->trial, s->step->step + 1,
			    pl_report_number(&r->doc, pl_print_most(chart)),
			    pressure_unit(chart->pictures), n);
}

static void put_step_prints(struct pl_report *r, const struct pl_condition_sheet *c,
			    const struct steps *steps)
{
	const struct shown *shown[2] = {middle_of(r, steps, 0), middle_of(r, steps, 1)};
	const struct shown *any = shown[0] ? shown[0] : shown[1];
	struct pl_print_chart *chart[2];
	double most = 0, scale = INFINITY;

	for (int k = 0; k < 2; k++) {
		chart[k] = print_chart(r, shown[k]);
		if (!chart[k])
			continue;
		most = fmax(most, pl_print_most(chart[k]));
		scale = fmin(scale, pl_print_scale(chart[k], 235, 197));
	}
	most = rounded_up(most);
	for (int k = 0; k < 2; k++) {
		if (!chart[k])
			continue;
		chart[k]->most = most;
		chart[k]->mm_a_point = 1 / scale;
		pl_doc_figure(&r->doc, print_title(r, shown[k], chart[k], k, steps->n[k]), "", 0.5,
			      205, pl_print_draw, chart[k]);
	}
	if (any)
		put_scale(
			r, most, pressure_unit(&any->trial->pictures), 1,
			pl_doc_print(
				&r->doc,
				"Greatest value of each cell (true cells, not smoothed) of the "
				"step whose impulse is the middle one of its side, toes up; lines: "
				"ends of heel and midfoot, dotted: axis and heel quadrants; line "
				"from open to full circle: centre of pressure. %s",
				pl_report_method(&r->doc, &c->group, 1)));
}

/* Returns where its scale ends. */
static double put_map(struct pl_report *r, const struct pl_trial_sheet *t, bool impulse)
{
	struct pl_print_chart *chart = pl_doc_room(&r->doc, sizeof(*chart));
	double most;

	if (!chart)
		return 1;
	*chart = (struct pl_print_chart){.pictures = &t->pictures, .foot = -1, .impulse = impulse};
	most = pl_print_most(chart);
	chart->most = rounded_up(most);
	pl_doc_figure(&r->doc,
		      pl_doc_print(&r->doc, "%s: trial %u, greatest %s %s%s",
				   impulse ? "Integral over time" : "Peak", t->trial,
				   pl_report_number(&r->doc, most), pressure_unit(&t->pictures),
				   impulse ? " s" : ""),
		      "", 0.5, 262, pl_print_draw, chart);
	return chart->most;
}

/* Both feet of the first trial that counts. */
static void put_standing_print(struct pl_report *r, const struct pl_session_sheet *s,
			       const struct pl_condition_sheet *c)
{
	const struct pl_trial_sheet *t = NULL;
	double peak, impulse;
	const char *unit;

	for (size_t i = s->n; i-- > 0;)
		if (belongs(&s->trial[i], c) && s->trial[i].pictures.n_feet)
			t = &s->trial[i];
	if (!t)
		return;
	unit = pressure_unit(&t->pictures);
	peak = put_map(r, t, false);
	impulse = put_map(r, t, true);
	put_scale(r, peak, unit, 0.5, "");
	put_scale(r, impulse, pl_doc_print(&r->doc, "%s s", unit), 0.5, "");
	pl_doc_add(&r->doc, PL_BLOCK_NOTE,
		   pl_doc_print(
			   &r->doc,
			   "The first trial that counts (n = 1). Greatest value and integral over "
			   "time of each cell (true cells, not smoothed), toes up; lines: ends of "
			   "heel and midfoot, dotted: axes and heel quadrants; between the feet: "
			   "centre of pressure of both. %s",
			   pl_report_method(&r->doc, &c->group, 1)));
}

/* ---- landing and heel ---- */

static void add_strip(struct pl_report *r, struct pl_strips *s, const struct pl_group *g,
		      const char *figure, const char *name)
{
	struct pl_chart_row *row = &s->row[s->rows];

	s->border[s->rows][0] = s->border[s->rows][1] = NAN;
	*row = (struct pl_chart_row){.name = name,
				     .left = pl_report_dots(g, figure, "left"),
				     .right = pl_report_dots(g, figure, "right"),
				     .band = pl_reference_band(&r->reference, figure)};
	if (row->left.n || row->right.n)
		s->rows++;
}

static void put_strips(struct pl_report *r, const struct pl_condition_sheet *c)
{
	static const char *const zone[3] = {"rearfoot", "midfoot", "forefoot"};
	struct pl_strips *s = pl_doc_room(&r->doc, sizeof(*s));
	const struct pl_group *g = &c->group;

	if (!s)
		return;
	add_strip(r, s, g, "steps.strike_index_pct", "strike index");
	if (s->rows) {
		s->border[0][0] = 100 / 3.;
		s->border[0][1] = 200 / 3.;
		memcpy(s->zone[0], zone, sizeof(zone));
	}
	add_strip(r, s, g, "steps.heel_impulse_pct", "heel, of impulse");
	add_strip(r, s, g, "steps.rearfoot_cop_time_pct", "CoP in rearfoot");
	add_strip(r, s, g, "steps.heel_off_pct", "heel off");
	if (!s->rows)
		return;
	pl_doc_figure(
		&r->doc, "Landing and use of the heel",
		pl_doc_print(&r->doc,
			     "Each mark a step that counts; upright line and bar: mean and SD. "
			     "Strike index: where the load lies at landing, from heel (0) to toe; "
			     "heel: its share of the impulse; CoP in rearfoot and heel off: %% of "
			     "stance. n = %zu left, %zu right. %s",
			     s->row[0].left.n, s->row[0].right.n, pl_report_method(&r->doc, g, 1)),
		1, pl_strips_height(s), pl_strips_draw, s);
}

/* ---- curves ---- */

static double divisor_of(const struct steps *steps)
{
	for (int k = 0; k < 2; k++)
		for (size_t i = 0; i < steps->n[k]; i++) {
			double weight = steps->of[k][i].trial->pictures.weight_n;

			if (!(weight > 0))
				return 1;
		}
	return 0; /* each by its own weight */
}

static const char *force_unit(const struct steps *steps)
{
	const struct shown *any = steps->n[0] ? steps->of[0] : steps->of[1];

	if (!any->trial->pictures.calibrated)
		return "counts";
	return divisor_of(steps) > 0 ? "N" : "body weights";
}

static struct pl_curves *curves_of(struct pl_report *r, const struct steps *steps, int side)
{
	size_t n = steps->n[side];
	struct pl_curves *chart = pl_doc_room(&r->doc, sizeof(*chart));
	struct pl_curve *curve = pl_doc_room(&r->doc, n * sizeof(*curve));
	struct pl_curve *heel = pl_doc_room(&r->doc, n * sizeof(*heel));
	double divisor = divisor_of(steps);

	if (!chart || !curve || !heel)
		return NULL;
	*chart = (struct pl_curves){.side = sides[side],
				    .curve = curve,
				    .heel = heel,
				    .n = n,
				    .unit = force_unit(steps)};
	for (size_t i = 0; i < n; i++) {
		const struct shown *s = &steps->of[side][i];
		double by = divisor > 0 ? divisor : s->trial->pictures.weight_n;

		pl_curve_of(s->step, by, false, &curve[i]);
		pl_curve_of(s->step, by, true, &heel[i]);
		chart->time_s += (double)s->step->t_s[s->step->n - 1] / (double)n;
		for (int k = 0; k < PL_CURVE_POINTS; k++)
			chart->most = fmax(chart->most, curve[i].y[k]);
	}
	return chart;
}

static void put_curves(struct pl_report *r, const struct pl_condition_sheet *c,
		       const struct steps *steps)
{
	struct pl_curves *chart[2] = {NULL, NULL};
	double most = 0;

	for (int k = 0; k < 2; k++)
		if (steps->n[k])
			chart[k] = curves_of(r, steps, k);
	for (int k = 0; k < 2; k++)
		most = chart[k] ? fmax(most, chart[k]->most) : most;
	for (int k = 0; k < 2; k++) {
		if (!chart[k])
			continue;
		chart[k]->most = rounded_up(most);
		pl_doc_figure(&r->doc,
			      pl_doc_print(&r->doc, "Force, %s foot (n = %zu steps)", side_names[k],
					   steps->n[k]),
			      "", 0.5, 128, pl_curves_draw, chart[k]);
	}
	if (chart[0] || chart[1])
		pl_doc_add(&r->doc, PL_BLOCK_NOTE,
			   pl_doc_print(
				   &r->doc,
				   "Thin: every step that counts, stretched to its stance; thick: "
				   "their mean; dotted: mean of the heel alone. %s",
				   pl_report_method(&r->doc, &c->group, 1)));
}

void pl_page_prints(struct pl_report *r, const struct pl_session_sheet *s,
		    const struct pl_condition_sheet *c)
{
	const char *what =
		*c->name ? pl_doc_print(&r->doc, "Footprints: %s", c->name) : "Footprints";
	struct steps steps = {0};
	size_t pictured = 0;

	for (size_t i = 0; i < s->n; i++)
		pictured += belongs(&s->trial[i], c) && s->trial[i].pictures.n_feet;
	if (!pictured)
		return;
	pl_doc_add(&r->doc, PL_BLOCK_HEADING, what);
	collect(r, s, c, &steps);
	if (steps.n[0] + steps.n[1]) {
		put_step_prints(r, c, &steps);
		put_curves(r, c, &steps);
		put_strips(r, c);
		pl_report_reference(r);
	} else {
		put_standing_print(r, s, c);
	}
}
