/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the whole print of a foot says, whoever stood on it and how often: its size, how much of
 * it is arch, and which way it points against the way the person goes.
 */
#include <math.h>

#include "analysis_private.h"
#include "cop.h"

#define STRIDE_MIN_M 0.3 /* from a print to the next of the same foot */
#define STRIDE_MAX_S 3.0 /* longer is a pause */

/* ---- the print ------------------------------------------------------------------------------ */

double pl_footprint_width(const struct pl_analysis *a, const struct pl_foot *foot, double along_m)
{
	const struct pl_geometry *g = &a->geometry;
	const struct pl_shape *s = &foot->shape;
	double half_along = 0.5 * (fabs(s->ax) * g->pitch_col_m + fabs(s->ay) * g->pitch_row_m);
	double half_across = 0.5 * (fabs(s->ay) * g->pitch_col_m + fabs(s->ax) * g->pitch_row_m);
	double least = INFINITY, most = -INFINITY;

	for (unsigned r = foot->print.r0; r < foot->print.r1; r++) {
		for (unsigned c = foot->print.c0; c < foot->print.c1; c++) {
			double x = pl_x_m(g, c) - s->ox, y = pl_y_m(g, r) - s->oy;
			double d = x * s->ay - y * s->ax;

			if (!pl_print_has(&foot->print, r, c) ||
			    fabs(x * s->ax + y * s->ay - along_m) > half_along + 1e-9)
				continue;
			least = fmin(least, d - half_across);
			most = fmax(most, d + half_across);
		}
	}
	return most > least ? most - least : NAN;
}

double pl_footprint_along_mat_pct(const struct pl_analysis *a, const struct pl_foot *foot, double x,
				  double y)
{
	const struct pl_geometry *g = &a->geometry;
	bool lengthwise = fabs(foot->shape.ay) >= fabs(foot->shape.ax);
	double least = INFINITY, most = -INFINITY, at = lengthwise ? y : x;
	double half = 0.5 * (lengthwise ? g->pitch_row_m : g->pitch_col_m);

	for (unsigned r = foot->print.r0; r < foot->print.r1; r++) {
		for (unsigned c = foot->print.c0; c < foot->print.c1; c++) {
			double here = lengthwise ? pl_y_m(g, r) : pl_x_m(g, c);

			if (!pl_print_has(&foot->print, r, c))
				continue;
			least = fmin(least, here - half);
			most = fmax(most, here + half);
		}
	}
	if ((lengthwise ? foot->shape.ay : foot->shape.ax) < 0)
		return 100 * (most - at) / (most - least);
	return 100 * (at - least) / (most - least);
}

/*
 * Cavanagh & Rodgers 1987: the middle third's share of the contact area of the foot without toes.
 * Border cells by area. Where toes begin: pl_shape.toe_cut.
 */
static double arch_index(const struct pl_analysis *a, const struct pl_foot *foot)
{
	const struct pl_geometry *g = &a->geometry;
	double w[PL_ATOMS], mid = 0, all = 0;
	struct pl_region_frame frame;
	int centre;

	pl_region_frame(&frame, PL_REGION_THIRDS, &foot->shape, g->pitch_col_m, g->pitch_row_m);
	for (unsigned r = foot->print.r0; r < foot->print.r1; r++) {
		for (unsigned c = foot->print.c0; c < foot->print.c1; c++) {
			if (!pl_print_has(&foot->print, r, c))
				continue;
			pl_region_weights(&frame, pl_x_m(g, c), pl_y_m(g, r), w, &centre);
			mid += w[PL_ATOM_MID_LEFT] + w[PL_ATOM_MID_RIGHT];
			all += 1 - w[PL_ATOM_NONE];
		}
	}
	return all > 0 ? mid / all : NAN;
}

void pl_footprint_figures(const struct pl_analysis *a, const struct pl_foot *foot,
			  struct pl_step *s)
{
	s->length_mm = 1e3 * foot->shape.length_m;
	s->width_mm = 1e3 * foot->shape.width_m;
	if (a->options.barefoot)
		s->arch_index = arch_index(a, foot);
}

/* ---- which way ------------------------------------------------------------------------------ */

static double degrees(double x, double y)
{
	return atan2(x, y) * 180 / M_PI; /* from forward, to the right positive */
}

/* -180 < deg <= 180 */
static double turn(double deg)
{
	return deg - 360 * ceil((deg - 180) / 360);
}

/*
 * The way the person goes at step k: along the strides around it, each from a print to the next of
 * the same foot (the one before, the one over it, which is the other foot's, and the one after).
 * NaN: not enough contacts. A line from one foot to the other would be askew by the width of the
 * step.
 */
static double way_at(const struct pl_analysis *a, uint32_t k)
{
	const struct pl_step *s = a->gait.step;
	double sum_x = 0, sum_y = 0;
	int64_t here = k;

	for (int64_t i = here - 2; i <= here; i++) {
		const struct pl_step *from, *to;
		double x0, y0, x1, y1;

		if (i < 0 || i + 2 >= (int64_t)a->gait.n)
			continue;
		from = &s[i];
		to = &s[i + 2];
		if (from->foot == to->foot || from->side != to->side ||
		    to->onset_s - from->onset_s > STRIDE_MAX_S)
			continue;
		pl_hull_centre(&a->foot[from->foot].print.hull, &x0, &y0);
		pl_hull_centre(&a->foot[to->foot].print.hull, &x1, &y1);
		if (hypot(x1 - x0, y1 - y0) < STRIDE_MIN_M)
			continue;
		sum_x += x1 - x0;
		sum_y += y1 - y0;
	}
	return sum_x || sum_y ? degrees(sum_x, sum_y) : NAN;
}

void pl_progression(struct pl_analysis *a)
{
	for (uint32_t k = 0; k < a->gait.n; k++) {
		struct pl_step *s = &a->gait.step[k];
		const struct pl_foot *foot = &a->foot[s->foot];
		double axis = degrees(foot->shape.ax, foot->shape.ay), way = way_at(a, k);

		if (a->belt)
			way = a->belt->speed_m_s > 0 ? 0 : 180;
		s->progression_of_mat = isnan(way);
		if (s->progression_of_mat)
			way = 90 * round(axis / 90);
		/* an insole goes where the foot goes; rows are an axis of the mat, not of a foot */
		if (!foot->ready || s->side == PL_SIDE_UNKNOWN ||
		    a->options.side != PL_SIDE_UNKNOWN || a->options.axis == PL_AXIS_ROWS)
			continue;
		s->foot_progression_deg = (s->side == PL_SIDE_LEFT ? -1 : 1) * turn(axis - way);
		pl_step_keep_to_limits(&a->gait, s);
	}
}
