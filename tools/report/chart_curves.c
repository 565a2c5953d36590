/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Force over stance: every step that counts as a thin line, their mean as a thick one in front.
 * Each stance is stretched to 0-100 %, since contact times differ from step to step.
 */
#include <math.h>

#include "tools/report/chart.h"

#define LEFT_AXIS 34.0
#define FOOT 22.0

void pl_curve_of(const struct pl_picture_step *step, double divisor, bool heel,
		 struct pl_curve *curve)
{
	const float *force = heel ? step->heel : step->force;
	double end = step->n ? (double)step->t_s[step->n - 1] : 0;
	size_t k = 0;

	for (int i = 0; i < PL_CURVE_POINTS; i++) {
		double t = end * i / (PL_CURVE_POINTS - 1), a, b, part;

		curve->y[i] = NAN;
		if (step->n < 2)
			continue;
		while (k + 2 < step->n && (double)step->t_s[k + 1] < t)
			k++;
		a = (double)step->t_s[k];
		b = (double)step->t_s[k + 1];
		part = b > a ? fmin(fmax((t - a) / (b - a), 0), 1) : 0;
		curve->y[i] =
			((double)force[k] + part * ((double)force[k + 1] - (double)force[k])) /
			divisor;
	}
}

struct frame {
	double x, y, w, h, most;
};

static void put(const struct frame *f, const double *value, double (*xy)[2])
{
	for (int i = 0; i < PL_CURVE_POINTS; i++) {
		xy[i][0] = f->x + f->w * i / (PL_CURVE_POINTS - 1);
		xy[i][1] =
			isnan(value[i]) ? NAN : f->y + f->h * (1 - fmin(value[i] / f->most, 1.0));
	}
}

/* Mean of those that are known, at each point. */
static void mean_of(const struct pl_curve *curve, size_t n, double *mean)
{
	for (int i = 0; i < PL_CURVE_POINTS; i++) {
		double sum = 0;
		size_t known = 0;

		for (size_t k = 0; k < n; k++) {
			if (isnan(curve[k].y[i]))
				continue;
			sum += curve[k].y[i];
			known++;
		}
		mean[i] = known ? sum / (double)known : NAN;
	}
}

static void axes(struct pl_canvas *c, const struct frame *f, const struct pl_curves *s)
{
	const struct pl_pen grid = {pl_ink_pale, 0.8, PL_SOLID},
			    edge = {pl_ink_dark, 0.8, PL_SOLID};
	double step = pl_chart_step(f->most, 5);
	char text[64], tick[32];

	for (double v = 0; v <= f->most * (1 + 1e-9); v += step) {
		double y = f->y + f->h * (1 - v / f->most);

		pl_draw_line(c, f->x, y, f->x + f->w, y, &grid);
		pl_draw_text(c, f->x - 4, y + 2.4, PL_REGULAR, 6.8, PL_END, &pl_ink_grey,
			     pl_chart_tick(v, step, tick));
	}
	for (int k = 0; k <= 100; k += 25) {
		snprintf(text, sizeof(text), k == 100 ? "%d %%" : "%d", k);
		pl_draw_text(c, f->x + f->w * k / 100, f->y + f->h + 9, PL_REGULAR, 6.8, PL_MIDDLE,
			     &pl_ink_grey, text);
	}
	snprintf(text, sizeof(text), "of stance (mean %.3f s)", s->time_s);
	pl_draw_text(c, f->x + f->w / 2, f->y + f->h + 18, PL_REGULAR, 6.8, PL_MIDDLE, &pl_ink_grey,
		     text);
	pl_draw_text_up(c, f->x - LEFT_AXIS + 8, f->y + f->h / 2, PL_REGULAR, 6.8, PL_MIDDLE,
			&pl_ink_grey, s->unit);
	pl_draw_line(c, f->x, f->y, f->x, f->y + f->h, &edge);
	pl_draw_line(c, f->x, f->y + f->h, f->x + f->w, f->y + f->h, &edge);
}

void pl_curves_draw(const void *user, struct pl_canvas *c, double x, double y, double w, double h)
{
	const struct pl_curves *s = user;
	const struct frame f = {x + LEFT_AXIS, y + 4, w - LEFT_AXIS - 8, h - FOOT - 4, s->most};
	const struct pl_pen thin = {*pl_side_pale(s->side), 0.6, PL_SOLID};
	const struct pl_pen thick = {*pl_side_ink(s->side), 2,
				     s->side == PL_SIDE_RIGHT ? PL_DASHED : PL_SOLID};
	const struct pl_pen heel = {*pl_side_ink(s->side), 1.1, PL_DOTTED};
	double xy[PL_CURVE_POINTS][2], mean[PL_CURVE_POINTS];

	axes(c, &f, s);
	for (size_t k = 0; k < s->n; k++) {
		put(&f, s->curve[k].y, xy);
		pl_draw_path(c, xy, PL_CURVE_POINTS, false, NULL, &thin);
	}
	mean_of(s->curve, s->n, mean);
	put(&f, mean, xy);
	pl_draw_path(c, xy, PL_CURVE_POINTS, false, NULL, &thick);
	if (!s->heel)
		return;
	mean_of(s->heel, s->n, mean);
	put(&f, mean, xy);
	pl_draw_path(c, xy, PL_CURVE_POINTS, false, NULL, &heel);
}
