/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What lay on the mat: cells in a map of colours that darkens evenly, so that it reads in grey and
 * by people who do not see all colours; the borders of the regions the figures were made with; and
 * the way the centre of pressure took. Feet are turned by quarters so that the toes are on top;
 * cells are true cells, nothing is smoothed.
 */
#include <math.h>
#include <stdlib.h>

#include "tools/report/chart.h"

/* viridis (matplotlib, CC0), from its light end: greater is darker. */
static const struct pl_ink map[] = {
	{0.993, 0.906, 0.144}, {0.678, 0.864, 0.190}, {0.369, 0.789, 0.383},
	{0.158, 0.684, 0.502}, {0.128, 0.567, 0.551}, {0.173, 0.449, 0.558},
	{0.231, 0.322, 0.546}, {0.280, 0.166, 0.476}, {0.267, 0.005, 0.329},
};
#define MAP (sizeof(map) / sizeof(map[0]))
#define LEVELS 64   /* neighbours of one level are one box */
#define OVERLAP 0.2 /* points: without it, viewers show seams between boxes */

static int level_of(double value, double most)
{
	int level = (int)(value / most * LEVELS);

	return level < 0 ? 0 : level >= LEVELS ? LEVELS - 1 : level;
}

static struct pl_ink ink_of(int level)
{
	double at = (level + 0.5) / LEVELS * (double)(MAP - 1);
	size_t i = (size_t)at < MAP - 1 ? (size_t)at : MAP - 2;
	double part = at - (double)i;

	return (struct pl_ink){map[i].r + part * (map[i + 1].r - map[i].r),
			       map[i].g + part * (map[i + 1].g - map[i].g),
			       map[i].b + part * (map[i + 1].b - map[i].b)};
}

/* ---- from the mat to the page ---- */

/* mm of the mat; turned by quarters, toes up. */
struct view {
	double x0, y0, x1, y1;	  /* of the mat, mm */
	int quarter;		  /* 0: forward is up; 1: right is up; 2: backward; 3: left */
	double scale, at_x, at_y; /* points a mm; the middle of the view on the page */
};

/* Of the foot alone, or of all; NaN: not to be shown. */
static double value_at(const struct pl_print_chart *p, unsigned row, unsigned col)
{
	const struct pl_pictures *s = p->pictures;
	const struct pl_picture_foot *f = p->foot < 0 ? NULL : &s->feet[p->foot];
	double value;

	if (!f) {
		value = (double)(p->impulse ? s->impulse : s->peak)[(size_t)row * s->cols + col];
	} else if (row < f->row0 || row >= f->row1 || col < f->col0 || col >= f->col1) {
		return NAN;
	} else {
		size_t at = (size_t)(row - f->row0) * (f->col1 - f->col0) + (col - f->col0);

		value = (double)(p->impulse ? f->impulse : f->peak)[at];
	}
	return value > 0 ? value : NAN;
}

static int quarter_of(const struct pl_print_chart *p)
{
	double dx = 0, dy = 0;

	for (size_t k = 0; k < p->pictures->n_feet; k++) {
		const struct pl_picture_foot *f = &p->pictures->feet[k];

		if ((p->foot >= 0 && (size_t)p->foot != k) || isnan(f->heel_x_mm))
			continue;
		dx += f->toe_x_mm - f->heel_x_mm;
		dy += f->toe_y_mm - f->heel_y_mm;
	}
	if (fabs(dy) >= fabs(dx))
		return dy >= 0 ? 0 : 2;
	return dx > 0 ? 1 : 3;
}

static struct view view_of(const struct pl_print_chart *p)
{
	const struct pl_pictures *s = p->pictures;
	struct view v = {INFINITY, INFINITY, -INFINITY, -INFINITY, quarter_of(p), 1, 0, 0};

	for (size_t at = 0; at < (size_t)s->rows * s->cols; at++) {
		double col = (double)(at % s->cols), row = (double)(at / s->cols);

		if (isnan(value_at(p, (unsigned)(at / s->cols), (unsigned)(at % s->cols))))
			continue;
		v.x0 = fmin(v.x0, col * s->pitch_col_mm);
		v.x1 = fmax(v.x1, (col + 1) * s->pitch_col_mm);
		v.y0 = fmin(v.y0, (s->rows - row - 1) * s->pitch_row_mm);
		v.y1 = fmax(v.y1, (s->rows - row) * s->pitch_row_mm);
	}
	if (!(v.x1 > v.x0))
		v.x0 = v.y0 = 0, v.x1 = s->cols * s->pitch_col_mm, v.y1 = s->rows * s->pitch_row_mm;
	v.x0 -= s->pitch_col_mm;
	v.x1 += s->pitch_col_mm;
	v.y0 -= s->pitch_row_mm;
	v.y1 += s->pitch_row_mm;
	return v;
}

double pl_print_scale(const struct pl_print_chart *p, double w, double h)
{
	struct view v = view_of(p);
	double wide = v.x1 - v.x0, high = v.y1 - v.y0;

	return v.quarter % 2 ? fmin(w / high, h / wide) : fmin(w / wide, h / high);
}

static void to_page(const struct view *v, double x_mm, double y_mm, double xy[2])
{
	double x = x_mm - (v->x0 + v->x1) / 2, y = y_mm - (v->y0 + v->y1) / 2, up = y, right = x;

	if (v->quarter == 1)
		up = x, right = -y;
	else if (v->quarter == 2)
		up = -y, right = -x;
	else if (v->quarter == 3)
		up = -x, right = y;
	xy[0] = v->at_x + right * v->scale;
	xy[1] = v->at_y - up * v->scale;
}

double pl_print_most(const struct pl_print_chart *p)
{
	double most = 0;

	for (unsigned row = 0; row < p->pictures->rows; row++)
		for (unsigned col = 0; col < p->pictures->cols; col++)
			most = fmax(most, value_at(p, row, col)); /* NaN is left out */
	return most;
}

/* ---- cells ---- */

/* Cells col0 to col1 - 1 of a row. */
static void cells(struct pl_canvas *c, const struct pl_print_chart *p, const struct view *v,
		  unsigned row, unsigned col0, unsigned col1, int level)
{
	const struct pl_pictures *s = p->pictures;
	struct pl_ink ink = ink_of(level);
	double a[2], b[2];

	to_page(v, col0 * s->pitch_col_mm, (s->rows - row) * s->pitch_row_mm, a);
	to_page(v, col1 * s->pitch_col_mm, (s->rows - row - 1) * s->pitch_row_mm, b);
	pl_draw_box(c, fmin(a[0], b[0]), fmin(a[1], b[1]), fabs(b[0] - a[0]) + OVERLAP,
		    fabs(b[1] - a[1]) + OVERLAP, &ink, NULL);
}

static void draw_cells(struct pl_canvas *c, const struct pl_print_chart *p, const struct view *v)
{
	const struct pl_pictures *s = p->pictures;

	for (unsigned row = 0; row < s->rows; row++) {
		unsigned col = 0;

		while (col < s->cols) {
			unsigned from = col++;
			double value = value_at(p, row, from);
			int level;

			if (isnan(value))
				continue;
			level = level_of(value, p->most);
			while (col < s->cols && !isnan(value_at(p, row, col)) &&
			       level_of(value_at(p, row, col), p->most) == level)
				col++;
			cells(c, p, v, row, from, col, level);
		}
	}
}

/* ---- regions ---- */

static void across(struct pl_canvas *c, const struct view *v, const struct pl_picture_foot *f,
		   double along_mm, double half_mm, const struct pl_pen *pen)
{
	double dx = f->toe_x_mm - f->heel_x_mm, dy = f->toe_y_mm - f->heel_y_mm;
	double length = hypot(dx, dy), a[2], b[2], x, y;

	if (!isfinite(along_mm) || !(length > 0) || along_mm > length)
		return;
	dx /= length;
	dy /= length;
	x = f->heel_x_mm + along_mm * dx;
	y = f->heel_y_mm + along_mm * dy;
	to_page(v, x - half_mm * dy, y + half_mm * dx, a);
	to_page(v, x + half_mm * dy, y - half_mm * dx, b);
	pl_draw_line(c, a[0], a[1], b[0], b[1], pen);
}

static void draw_regions(struct pl_canvas *c, const struct view *v, const struct pl_picture_foot *f)
{
	const struct pl_pen border = {pl_ink_black, 0.9, PL_SOLID},
			    quarter = {pl_ink_black, 0.7, PL_DOTTED},
			    axis = {pl_ink_grey, 0.5, PL_DOTTED};
	double heel[2], toe[2], end[2], length, part;

	if (isnan(f->heel_x_mm))
		return;
	to_page(v, f->heel_x_mm, f->heel_y_mm, heel);
	to_page(v, f->toe_x_mm, f->toe_y_mm, toe);
	pl_draw_line(c, heel[0], heel[1], toe[0], toe[1], &axis);
	across(c, v, f, f->heel_line_mm, 46, &border);
	across(c, v, f, f->forefoot_line_mm, 50, &border);
	if (!f->quadrants)
		return;
	length = hypot(f->toe_x_mm - f->heel_x_mm, f->toe_y_mm - f->heel_y_mm);
	part = f->heel_line_mm / length;
	to_page(v, f->heel_x_mm + part * (f->toe_x_mm - f->heel_x_mm),
		f->heel_y_mm + part * (f->toe_y_mm - f->heel_y_mm), end);
	pl_draw_line(c, heel[0], heel[1], end[0], end[1], &quarter);
	across(c, v, f, f->half_heel_line_mm, 36, &quarter);
}

/* ---- paths ---- */

static void draw_path(struct pl_canvas *c, const double (*xy)[2], size_t n)
{
	const struct pl_pen under = {pl_ink_white, 2.6, PL_SOLID},
			    over = {pl_ink_black, 1, PL_SOLID};
	size_t first = 0, last = n;

	pl_draw_path(c, xy, n, false, NULL, &under);
	pl_draw_path(c, xy, n, false, NULL, &over);
	while (first < n && isnan(xy[first][0]))
		first++;
	while (last > first && isnan(xy[last - 1][0]))
		last--;
	if (first == last)
		return;
	pl_draw_circle(c, xy[first][0], xy[first][1], 2.2, &pl_ink_white, &over);
	pl_draw_circle(c, xy[last - 1][0], xy[last - 1][1], 2.2, &pl_ink_black, &over);
}

static void step_path(struct pl_canvas *c, const struct view *v, const struct pl_picture_step *s)
{
	double(*xy)[2] = malloc((s->n ? s->n : 1) * sizeof(*xy));

	for (size_t i = 0; xy && i < s->n; i++)
		to_page(v, (double)s->x_mm[i], (double)s->y_mm[i], xy[i]);
	if (xy)
		draw_path(c, xy, s->n);
	free(xy);
}

static void whole_path(struct pl_canvas *c, const struct view *v, const struct pl_picture_path *p)
{
	const struct pl_pen pen = {pl_ink_black, 0.6, PL_SOLID};
	double(*xy)[2] = malloc((2 * p->n + 1) * sizeof(*xy));
	size_t n = 0;

	for (size_t i = 0; xy && i < p->n; i++) {
		if (i && p->run[i] != p->run[i - 1])
			xy[n][0] = xy[n][1] = NAN, n++;
		to_page(v, p->x_mm[i], p->y_mm[i], xy[n++]);
	}
	if (xy)
		pl_draw_path(c, xy, n, false, NULL, &pen);
	free(xy);
}

/* ---- a print ---- */

/* 5 cm, at the lower left. */
static void draw_ruler(struct pl_canvas *c, double x, double y, double scale)
{
	const struct pl_pen pen = {pl_ink_dark, 0.9, PL_SOLID};

	pl_draw_line(c, x, y, x + 50 * scale, y, &pen);
	pl_draw_line(c, x, y - 2, x, y + 2, &pen);
	pl_draw_line(c, x + 50 * scale, y - 2, x + 50 * scale, y + 2, &pen);
	pl_draw_text(c, x + 25 * scale, y - 3, PL_REGULAR, 6.6, PL_MIDDLE, &pl_ink_dark, "5 cm");
}

void pl_print_draw(const void *user, struct pl_canvas *c, double x, double y, double w, double h)
{
	const struct pl_print_chart *p = user;
	const struct pl_pen frame = {pl_ink_light, 0.6, PL_SOLID};
	struct view v = view_of(p);

	v.scale = pl_print_scale(p, w - 8, h - 8);
	if (p->mm_a_point > 0)
		v.scale = fmin(v.scale, 1 / p->mm_a_point);
	v.at_x = x + w / 2;
	v.at_y = y + h / 2;
	pl_draw_box(c, x, y, w, h, NULL, &frame);
	draw_cells(c, p, &v);
	for (size_t k = 0; k < p->pictures->n_feet; k++)
		if (p->foot < 0 || (size_t)p->foot == k)
			draw_regions(c, &v, &p->pictures->feet[k]);
	if (p->step)
		step_path(c, &v, p->step);
	else if (p->foot < 0)
		whole_path(c, &v, &p->pictures->cop);
	draw_ruler(c, x + 6, y + h - 6, v.scale);
}

void pl_scale_draw(const void *user, struct pl_canvas *c, double x, double y, double w, double h)
{
	const struct pl_scale_chart *s = user;
	const struct pl_pen edge = {pl_ink_dark, 0.6, PL_SOLID};
	double left = x + 1, wide = w - 64, step = pl_chart_step(s->most, 8);
	char tick[32];

	for (int i = 0; i < LEVELS; i++) {
		struct pl_ink ink = ink_of(i);

		pl_draw_box(c, left + wide * i / LEVELS, y + 1, wide / LEVELS + OVERLAP, h - 13,
			    &ink, NULL);
	}
	pl_draw_box(c, left, y + 1, wide, h - 13, NULL, &edge);
	for (double v = 0; v <= s->most * (1 + 1e-9); v += step) {
		double at = left + wide * v / s->most;

		pl_draw_line(c, at, y + h - 12, at, y + h - 9, &edge);
		pl_draw_text(c, at, y + h - 2, PL_REGULAR, 6.8, PL_MIDDLE, &pl_ink_dark,
			     pl_chart_tick(v, step, tick));
	}
	pl_draw_text(c, left + wide + 18, y + h - 13, PL_REGULAR, 7.2, PL_START, &pl_ink_dark,
		     s->unit);
}

/* ---- sway ---- */

static void ellipse(struct pl_canvas *c, const struct pl_sway_chart *s, double x, double y,
		    double scale)
{
	const struct pl_pen pen = {pl_ink_black, 1.1, PL_DASHED};
	double turn = s->angle_deg * M_PI / 180, xy[73][2];

	if (!isfinite(s->major_mm) || !isfinite(s->minor_mm) || !isfinite(turn))
		return;
	for (int i = 0; i < 73; i++) { /* the long axis lies turn to the right of forward */
		double u = s->major_mm * cos(i * M_PI / 36), v = s->minor_mm * sin(i * M_PI / 36);

		xy[i][0] = x + scale * (u * sin(turn) + v * cos(turn));
		xy[i][1] = y - scale * (u * cos(turn) - v * sin(turn));
	}
	pl_draw_path(c, xy, 72, true, NULL, &pen);
}

void pl_sway_draw(const void *user, struct pl_canvas *c, double x, double y, double w, double h)
{
	const struct pl_sway_chart *s = user;
	double side = fmin(w - 26, h - 24), scale = side / 2 / s->half_mm;
	double mid_x = x + 22 + side / 2, mid_y = y + 10 + side / 2;
	double step = pl_chart_step(2 * s->half_mm, 4);
	const struct pl_pen frame = {pl_ink_light, 0.7, PL_SOLID},
			    grid = {pl_ink_pale, 0.7, PL_SOLID};
	const struct pl_pen line = {pl_ink_grey, 0.5, PL_SOLID};
	double(*xy)[2] = malloc((s->path->n ? s->path->n : 1) * sizeof(*xy));
	char tick[32];

	pl_draw_box(c, mid_x - side / 2, mid_y - side / 2, side, side, NULL, &frame);
	for (double v = -step * floor(s->half_mm / step); v <= s->half_mm * (1 + 1e-9); v += step) {
		pl_draw_line(c, mid_x + v * scale, mid_y - side / 2, mid_x + v * scale,
			     mid_y + side / 2, &grid);
		pl_draw_line(c, mid_x - side / 2, mid_y - v * scale, mid_x + side / 2,
			     mid_y - v * scale, &grid);
		pl_draw_text(c, mid_x - side / 2 - 3, mid_y - v * scale + 2.3, PL_REGULAR, 6.4,
			     PL_END, &pl_ink_grey, pl_chart_tick(v, step, tick));
		pl_draw_text(c, mid_x + v * scale, mid_y + side / 2 + 8, PL_REGULAR, 6.4, PL_MIDDLE,
			     &pl_ink_grey, tick);
	}
	for (size_t i = 0; xy && i < s->path->n; i++) {
		xy[i][0] = mid_x + scale * s->path->x_mm[i];
		xy[i][1] = mid_y - scale * s->path->y_mm[i];
	}
	if (xy)
		pl_draw_path(c, xy, s->path->n, false, NULL, &line);
	free(xy);
	ellipse(c, s, mid_x, mid_y, scale);
	pl_chart_label(c, mid_x, y + 7, w - 4, PL_BOLD, 7.4, PL_MIDDLE, &pl_ink_black, s->name);
}
