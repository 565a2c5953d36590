/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What has changed, beside what could be told: differences as parts of their own detectable
 * difference, so that millimetres and newtons stand in one drawing; and single figures from session
 * to session, with the detectable difference as a band around the first.
 */
#include <math.h>
#include <string.h>

#include "tools/report/chart.h"

#define FOREST_ROW 14.0
#define FOREST_NAME 190.0
#define FOREST_MOST 3.0 /* the axis ends at three detectable differences */

double pl_forest_height(const struct pl_forest *f)
{
	return (double)f->rows * FOREST_ROW + 32;
}

static void forest_mark(struct pl_canvas *c, double x, double y, double ratio, double most,
			enum pl_side side)
{
	const struct pl_pen pen = {*pl_side_ink(side), 1, PL_SOLID};
	bool beyond = fabs(ratio) > 1;

	pl_side_mark(c, x, y, 2.8, side, beyond ? pl_side_ink(side) : &pl_ink_white);
	if (fabs(ratio) <= most)
		return;
	for (int k = -1; k <= 1; k += 2) /* it lies beyond the drawing */
		pl_draw_line(c, x + copysign(5, ratio), y + k * 2.5, x + copysign(8, ratio), y,
			     &pen);
}

void pl_forest_draw(const void *user, struct pl_canvas *c, double x, double y, double w, double h)
{
	const struct pl_forest *f = user;
	const struct pl_pen axis = {pl_ink_dark, 0.8, PL_SOLID},
			    edge = {pl_ink_grey, 0.8, PL_DASHED},
			    hair = {pl_ink_pale, 0.8, PL_SOLID};
	double from = x + FOREST_NAME, wide = w - FOREST_NAME - 14, mid = from + wide / 2;
	double unit = wide / 2 / FOREST_MOST, bottom = y + h - 16;
	char tick[32];

	pl_draw_box(c, mid - unit, y + 12, 2 * unit, bottom - y - 12, &pl_ink_pale, NULL);
	pl_draw_text(c, mid - 6, y + 8, PL_REGULAR, 7, PL_END, &pl_ink_dark, f->less);
	pl_draw_text(c, mid + 6, y + 8, PL_REGULAR, 7, PL_START, &pl_ink_dark, f->more);
	for (size_t i = 0; i < f->rows; i++) {
		double row = y + 19 + (double)i * FOREST_ROW;

		pl_draw_line(c, from, row, from + wide, row, &hair);
		pl_chart_label(c, x, row + 2.6, FOREST_NAME - 18, PL_REGULAR, 7.6, PL_START,
			       &pl_ink_black, f->row[i].name);
		for (size_t k = 0; k < f->row[i].marks; k++) {
			double ratio = f->row[i].mark[k].ratio;
			double at = fmin(fmax(ratio, -FOREST_MOST), FOREST_MOST);

			forest_mark(c, mid + unit * at, row, ratio, FOREST_MOST,
				    f->row[i].mark[k].side);
		}
	}
	pl_draw_line(c, mid, y + 12, mid, bottom, &axis);
	pl_draw_line(c, mid - unit, y + 12, mid - unit, bottom, &edge);
	pl_draw_line(c, mid + unit, y + 12, mid + unit, bottom, &edge);
	for (int k = -(int)FOREST_MOST; k <= (int)FOREST_MOST; k++)
		pl_draw_text(c, mid + k * unit, bottom + 9, PL_REGULAR, 6.8, PL_MIDDLE,
			     &pl_ink_grey, pl_chart_tick(k, 1, tick));
}

/* ---- from session to session ---- */

struct frame {
	double x, y, w, h, low, high;
	size_t n;
};

static double course_x(const struct frame *f, size_t i, size_t line, size_t lines)
{
	double shift = lines > 1 ? (line ? 3 : -3) : 0;

	return f->x + f->w * ((double)i + 0.5) / (double)f->n + shift;
}

static double course_y(const struct frame *f, double value)
{
	return f->y + f->h * (f->high - value) / (f->high - f->low);
}

static void widen(struct frame *f, double value)
{
	if (!isfinite(value))
		return;
	f->low = fmin(f->low, value);
	f->high = fmax(f->high, value);
}

static double first_of(const struct pl_course_chart *s, size_t line)
{
	for (size_t i = 0; i < s->n; i++)
		if (isfinite(s->line[line].mean[i]))
			return s->line[line].mean[i];
	return NAN;
}

static struct frame frame_of(const struct pl_course_chart *s, double x, double y, double w,
			     double h)
{
	struct frame f = {x + 34, y + 4, w - 40, h - 20, INFINITY, -INFINITY, s->n};
	double margin;

	for (size_t k = 0; k < s->lines; k++) {
		double first = first_of(s, k), least = s->line[k].detectable;

		for (size_t i = 0; i < s->n; i++) {
			double sd = isfinite(s->line[k].sd[i]) ? s->line[k].sd[i] : 0;

			widen(&f, s->line[k].mean[i] - sd);
			widen(&f, s->line[k].mean[i] + sd);
		}
		widen(&f, first - least);
		widen(&f, first + least);
	}
	widen(&f, s->band.low);
	widen(&f, s->band.high);
	if (!isfinite(f.low))
		f.low = 0, f.high = 1;
	margin = f.high > f.low ? 0.06 * (f.high - f.low) : fmax(fabs(f.high) * 0.05, 0.5);
	f.low -= margin;
	f.high += margin;
	return f;
}

static void course_axes(struct pl_canvas *c, const struct frame *f, const struct pl_course_chart *s)
{
	const struct pl_pen grid = {pl_ink_pale, 0.8, PL_SOLID},
			    edge = {pl_ink_dark, 0.8, PL_SOLID};
	double step = pl_chart_step(f->high - f->low, 5), room = f->w / (double)f->n - 2;
	char tick[32];

	for (double v = step * ceil(f->low / step); v <= f->high; v += step) {
		pl_draw_line(c, f->x, course_y(f, v), f->x + f->w, course_y(f, v), &grid);
		pl_chart_label(c, f->x - 4, course_y(f, v) + 2.4, 30, PL_REGULAR, 6.6, PL_END,
			       &pl_ink_grey, pl_chart_tick(v, step, tick));
	}
	for (size_t i = 0; i < s->n; i++)
		pl_chart_label(c, f->x + f->w * ((double)i + 0.5) / (double)f->n, f->y + f->h + 10,
			       room, PL_REGULAR, 6.6, PL_MIDDLE, &pl_ink_grey, s->date[i]);
	pl_draw_line(c, f->x, f->y, f->x, f->y + f->h, &edge);
	pl_draw_line(c, f->x, f->y + f->h, f->x + f->w, f->y + f->h, &edge);
}

static void course_line(struct pl_canvas *c, const struct frame *f, const struct pl_course_chart *s,
			size_t k)
{
	enum pl_side side = s->line[k].side;
	const struct pl_pen pen = {*pl_side_ink(side), 1.3,
				   side == PL_SIDE_RIGHT ? PL_DASHED : PL_SOLID};
	const struct pl_pen bar = {*pl_side_ink(side), 0.8, PL_SOLID};
	double xy[PL_COURSE_POINTS][2];

	for (size_t i = 0; i < s->n; i++) {
		double mean = s->line[k].mean[i], sd = s->line[k].sd[i];

		xy[i][0] = course_x(f, i, k, s->lines);
		xy[i][1] = isfinite(mean) ? course_y(f, mean) : NAN;
		if (isfinite(mean) && isfinite(sd))
			pl_draw_line(c, xy[i][0], course_y(f, mean - sd), xy[i][0],
				     course_y(f, mean + sd), &bar);
	}
	pl_draw_path(c, xy, s->n, false, NULL, &pen);
	for (size_t i = 0; i < s->n; i++)
		if (!isnan(xy[i][1]))
			pl_side_mark(c, xy[i][0], xy[i][1], 2.6, side, pl_side_ink(side));
}

void pl_course_draw(const void *user, struct pl_canvas *c, double x, double y, double w, double h)
{
	const struct pl_course_chart *s = user;
	struct frame f = frame_of(s, x, y, w, h);
	const struct pl_pen dotted = {pl_ink_grey, 0.6, PL_DOTTED};

	if (isfinite(s->band.low))
		pl_draw_box(c, f.x, course_y(&f, s->band.high), f.w,
			    course_y(&f, s->band.low) - course_y(&f, s->band.high), &pl_ink_pale,
			    &dotted);
	course_axes(c, &f, s);
	for (size_t k = 0; k < s->lines; k++) {
		double first = first_of(s, k), least = s->line[k].detectable;
		struct pl_pen pen = {*pl_side_ink(s->line[k].side), 0.6, PL_DOTTED};

		for (int sign = -1; sign <= 1 && isfinite(first + least); sign += 2)
			pl_draw_line(c, f.x, course_y(&f, first + sign * least), f.x + f.w,
				     course_y(&f, first + sign * least), &pen);
		course_line(c, &f, s, k);
	}
}
