/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Left against right, figure by figure: bars from a middle line outwards for shares of the load,
 * and dots on a line for what each step did. The mean is printed beside what shows it.
 */
#include <math.h>
#include <string.h>

#include "tools/report/chart.h"

#define NAME 92.0  /* points for names of rows */
#define VALUE 62.0 /* for printed means */
#define BAR_ROW 24.0
#define STRIP_ROW 35.0
#define FOOT 18.0

static void mean_text(char *buf, size_t cap, const struct pl_sample *s)
{
	if (!s->n)
		snprintf(buf, cap, "-");
	else if (isnan(s->sd))
		snprintf(buf, cap, "%.1f %%", s->mean);
	else
		snprintf(buf, cap, "%.1f \xc2\xb1 %.1f %%", s->mean, s->sd);
}

/* ---- bars ---- */

double pl_shares_height(const struct pl_shares *s)
{
	return (double)s->rows * BAR_ROW + 16;
}

struct side_box {
	double from, sign, scale; /* the middle line, towards where, points a % */
	enum pl_side side;
};

static void bar(struct pl_canvas *c, const struct side_box *b, const struct pl_dots *d, double y,
		double h)
{
	double length = fmax(0, d->sample.mean) * b->scale, x = b->from, most = length;
	const struct pl_pen edge = {*pl_side_ink(b->side), 0.9,
				    b->side == PL_SIDE_RIGHT ? PL_DASHED : PL_SOLID};
	const struct pl_pen mark = {*pl_side_ink(b->side), 0.9, PL_SOLID};
	char text[64];

	mean_text(text, sizeof(text), &d->sample);
	if (d->sample.n) {
		pl_draw_box(c, b->sign < 0 ? x - length : x, y, length, h, pl_side_pale(b->side),
			    &edge);
		for (size_t i = 0; i < d->n && i < 400; i++)
			if (d->value[i] > 0)
				pl_draw_line(c, x + b->sign * d->value[i] * b->scale, y + 0.15 * h,
					     x + b->sign * d->value[i] * b->scale, y + 0.55 * h,
					     &mark);
		if (d->sample.sd > 0) {
			double at = x + b->sign * length, half = d->sample.sd * b->scale;

			pl_draw_line(c, at - half, y + 0.78 * h, at + half, y + 0.78 * h, &mark);
		}
	}
	for (size_t i = 0; i < d->n; i++)
		most = fmax(most, d->value[i] * b->scale);
	if (d->sample.n && length < pl_canvas_width(c, PL_BOLD, 7.8, text) + 8)
		x += b->sign * most; /* no room inside: behind its end */
	pl_draw_text(c, x + b->sign * 4, y + h - 4.2, PL_BOLD, 7.8, b->sign < 0 ? PL_END : PL_START,
		     &pl_ink_black, text);
}

static void band(struct pl_canvas *c, double x0, double x1, double y0, double y1)
{
	const struct pl_pen edge = {pl_ink_grey, 0.6, PL_DOTTED};

	pl_draw_box(c, fmin(x0, x1), y0, fabs(x1 - x0), y1 - y0, &pl_ink_pale, &edge);
}

void pl_shares_draw(const void *user, struct pl_canvas *c, double x, double y, double w, double h)
{
	const struct pl_shares *s = user;
	const struct pl_pen axis = {pl_ink_dark, 0.9, PL_SOLID};
	double middle = x + NAME + (w - NAME) / 2, half = (w - NAME) / 2 - 4;
	double scale = half / s->most;
	const struct side_box left = {middle, -1, scale, PL_SIDE_LEFT},
			      right = {middle, 1, scale, PL_SIDE_RIGHT};

	pl_draw_text(c, middle - 6, y + 8, PL_BOLD, 8, PL_END, &pl_ink_left, "left");
	pl_draw_text(c, middle + 6, y + 8, PL_BOLD, 8, PL_START, &pl_ink_right, "right");
	for (size_t i = 0; i < s->rows; i++) {
		const struct pl_chart_row *row = &s->row[i];
		double top = y + 14 + (double)i * BAR_ROW, high = BAR_ROW - 9;

		if (!isnan(row->band.low)) {
			band(c, middle - row->band.high * scale, middle - row->band.low * scale,
			     top - 2, top + high + 2);
			band(c, middle + row->band.low * scale, middle + row->band.high * scale,
			     top - 2, top + high + 2);
		}
		pl_chart_label(c, x, top + high - 4.5, NAME - 6, PL_REGULAR, 8, PL_START,
			       &pl_ink_black, row->name);
		bar(c, &left, &row->left, top, high);
		bar(c, &right, &row->right, top, high);
	}
	pl_draw_line(c, middle, y + 12, middle, y + h - 2, &axis);
}

/* ---- dots ---- */

double pl_strips_height(const struct pl_strips *s)
{
	return (double)s->rows * STRIP_ROW + FOOT;
}

static double place(double value, double from, double w)
{
	return from + w * fmin(fmax(value, 0), 100) / 100;
}

static void dots(struct pl_canvas *c, const struct pl_dots *d, enum pl_side side, double from,
		 double w, double y, double text_x)
{
	const struct pl_pen pen = {*pl_side_ink(side), 1.6, PL_SOLID};
	const struct pl_pen thin = {*pl_side_ink(side), 0.9, PL_SOLID};
	char text[64];

	mean_text(text, sizeof(text), &d->sample);
	for (size_t i = 0; i < d->n && i < 400; i++)
		pl_side_mark(c, place(d->value[i], from, w), y, 2.1, side, pl_side_pale(side));
	if (d->sample.n) {
		double at = place(d->sample.mean, from, w);

		if (d->sample.sd > 0)
			pl_draw_line(c, place(d->sample.mean - d->sample.sd, from, w), y,
				     place(d->sample.mean + d->sample.sd, from, w), y, &thin);
		pl_draw_line(c, at, y - 4.6, at, y + 4.6, &pen);
	}
	pl_draw_text(c, text_x, y + 2.6, PL_BOLD, 7.4, PL_END, pl_side_ink(side), text);
}

static void borders(struct pl_canvas *c, const struct pl_strips *s, size_t i, double from, double w,
		    double top)
{
	const struct pl_pen pen = {pl_ink_grey, 0.7, PL_DOTTED};
	double edge[4] = {0, s->border[i][0], s->border[i][1], 100};

	if (isnan(edge[1]))
		return;
	for (int k = 1; k < 3; k++)
		pl_draw_line(c, place(edge[k], from, w), top + 1, place(edge[k], from, w),
			     top + STRIP_ROW - 5, &pen);
	for (int k = 0; k < 3; k++)
		pl_draw_text(c, place((edge[k] + edge[k + 1]) / 2, from, w), top + 6.2, PL_REGULAR,
			     6.4, PL_MIDDLE, &pl_ink_grey, s->zone[i][k]);
}

void pl_strips_draw(const void *user, struct pl_canvas *c, double x, double y, double w, double h)
{
	const struct pl_strips *s = user;
	const struct pl_pen line = {pl_ink_light, 0.7, PL_SOLID};
	double from = x + NAME + 26, wide = w - NAME - 26 - VALUE - 12;
	char text[32];

	for (size_t i = 0; i < s->rows; i++) {
		const struct pl_chart_row *row = &s->row[i];
		double top = y + (double)i * STRIP_ROW, mid = top + STRIP_ROW / 2 + 3;

		if (!isnan(row->band.low))
			band(c, place(row->band.low, from, wide), place(row->band.high, from, wide),
			     top + 8, top + STRIP_ROW - 4);
		borders(c, s, i, from, wide, top);
		pl_chart_label(c, x, mid + 2.5, NAME, PL_REGULAR, 8, PL_START, &pl_ink_black,
			       row->name);
		pl_draw_line(c, from, mid, from + wide, mid, &line);
		pl_draw_text(c, from - 6, mid - 4, PL_BOLD, 7, PL_END, &pl_ink_left, "L");
		pl_draw_text(c, from - 6, mid + 9, PL_BOLD, 7, PL_END, &pl_ink_right, "R");
		dots(c, &row->left, PL_SIDE_LEFT, from, wide, mid - 6.5, x + w);
		dots(c, &row->right, PL_SIDE_RIGHT, from, wide, mid + 6.5, x + w);
	}
	for (int k = 0; k <= 100; k += 25) {
		double at = place(k, from, wide);

		pl_draw_line(c, at, y + h - FOOT, at, y + h - FOOT + 3, &line);
		snprintf(text, sizeof(text), k == 100 ? "%d %%" : "%d", k);
		pl_draw_text(c, at, y + h - FOOT + 11, PL_REGULAR, 6.8, PL_MIDDLE, &pl_ink_grey,
			     text);
	}
}
