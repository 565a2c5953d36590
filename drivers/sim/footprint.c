/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The shape of a foot and how its load moves. The outline is made of elliptic pads in foot
 * coordinates (along: heel 0 to longest toe 1; across: positive lateral; both in foot lengths), so
 * that the medial arch stays empty by itself and a left foot is a mirrored right one. Pressure in a
 * pad falls off as 1 - d^2, nearly that of a soft body on a plate.
 *
 * The centre of pressure is moved by weighting the pads with e^(a * along): the smallest change of
 * the resting distribution that puts the centre where it is asked, and never a negative load.
 */
#include "drivers/sim/footprint.h"

#include <math.h>
#include <stdlib.h>

#include "drivers/sim/exact.h"

#define TOE_OUT_COS 0.99254615164132203 /* 7 degrees */
#define TOE_OUT_SIN 0.12186934340514748
#define TILT_MAX 80.0
#define SUBSAMPLES_MAX 8

struct pad {
	double along, across, radius_along, radius_across;
	double share; /* of its group (heel; the rest) at rest */
};

enum { PAD_HEELS = 3 }; /* the first pads of the table are the heel's */

static const struct pad pads[PL_PADS] = {
	/* heel: back, medial, lateral */
	{0.090, 0.000, 0.090, 0.095, 0.26},
	{0.150, -0.038, 0.130, 0.085, 0.38},
	{0.150, 0.042, 0.130, 0.085, 0.36},
	/* lateral midfoot */
	{0.340, 0.070, 0.140, 0.060, 0.09},
	{0.500, 0.100, 0.140, 0.062, 0.12},
	/* metatarsal heads 1 to 5 */
	{0.735, -0.125, 0.075, 0.060, 0.12},
	{0.765, -0.055, 0.075, 0.050, 0.23},
	{0.745, 0.010, 0.075, 0.050, 0.19},
	{0.710, 0.070, 0.075, 0.048, 0.10},
	{0.665, 0.130, 0.080, 0.048, 0.06},
	/* toes 1 to 5 */
	{0.925, -0.115, 0.070, 0.050, 0.05},
	{0.940, -0.040, 0.040, 0.033, 0.013},
	{0.915, 0.015, 0.038, 0.030, 0.009},
	{0.880, 0.065, 0.036, 0.030, 0.009},
	{0.845, 0.112, 0.036, 0.030, 0.009},
};

static double pad_radius(const struct pad *p)
{
	return fmax(p->radius_along, p->radius_across);
}

/* From foot coordinates to metres off the middle of the foot. */
static void to_mat(double along, double across, int side, double length_m, double *x, double *y)
{
	along -= 0.5;
	*x = side * length_m * (along * TOE_OUT_SIN + across * TOE_OUT_COS);
	*y = length_m * (along * TOE_OUT_COS - across * TOE_OUT_SIN);
}

struct pl_foot_extent pl_foot_extent(void)
{
	struct pl_foot_extent e = {0, 0};

	for (int k = 0; k < PL_PADS; k++) {
		const struct pad *p = &pads[k];
		double x, y;

		to_mat(p->along, p->across, 1, 1, &x, &y);
		e.half_width = fmax(e.half_width, fabs(x) + pad_radius(p));
		e.half_length = fmax(e.half_length, fabs(y) + pad_radius(p));
	}
	return e;
}

int pl_footprint_init(struct pl_footprint *f, const struct pl_geometry *g, double length_m,
		      struct pl_error *err)
{
	size_t cap = 0;

	for (int k = 0; k < PL_PADS; k++) {
		double d = 2 * pad_radius(&pads[k]) * length_m;
		double rows = fmin(d / g->pitch_row_m + 3, g->rows);
		double cols = fmin(d / g->pitch_col_m + 3, g->cols);

		cap += (size_t)rows * (size_t)cols;
	}
	*f = (struct pl_footprint){.g = g, .length_m = length_m, .cap = cap};
	f->cell = malloc(cap * sizeof(*f->cell));
	f->pad = malloc(cap * sizeof(*f->pad));
	f->kpa_per_n = malloc(cap * sizeof(*f->kpa_per_n));
	if (f->cell && f->pad && f->kpa_per_n)
		return 0;
	pl_footprint_free(f);
	return pl_error_set(err, PL_ENOMEM, 0, "no memory for the simulated person's feet");
}

void pl_footprint_free(struct pl_footprint *f)
{
	free(f->cell);
	free(f->pad);
	free(f->kpa_per_n);
	*f = (struct pl_footprint){0};
}

/* A pad laid on the grid: where it is, and how finely each cell is sampled. */
struct laid {
	const struct pad *pad;
	int side;
	double x_m, y_m; /* centre on the mat */
	double length_m;
	long row0, row1, col0, col1; /* cells it may touch; may lie beside the mat */
	int sub_row, sub_col;	     /* samples a cell */
};

static int subsamples(double pitch_m, double radius_m)
{
	double n = ceil(4 * pitch_m / radius_m);

	return n < 2 ? 2 : n > SUBSAMPLES_MAX ? SUBSAMPLES_MAX : (int)n;
}

static void lay(struct laid *l, const struct pl_footprint *f, const struct pad *p, int side,
		double x_m, double y_m)
{
	const struct pl_geometry *g = f->g;
	double r = pad_radius(p) * f->length_m, top = g->rows * g->pitch_row_m;
	double least = fmin(p->radius_along, p->radius_across) * f->length_m;
	double x, y;

	to_mat(p->along, p->across, side, f->length_m, &x, &y);
	*l = (struct laid){.pad = p, .side = side, .x_m = x_m + x, .y_m = y_m + y};
	l->length_m = f->length_m;
	l->col0 = (long)floor((l->x_m - r) / g->pitch_col_m);
	l->col1 = (long)floor((l->x_m + r) / g->pitch_col_m);
	l->row0 = (long)floor((top - l->y_m - r) / g->pitch_row_m);
	l->row1 = (long)floor((top - l->y_m + r) / g->pitch_row_m);
	l->sub_col = subsamples(g->pitch_col_m, least);
	l->sub_row = subsamples(g->pitch_row_m, least);
}

/* Pressure of the pad at a point, unscaled; *heel: the same if it lies behind the heel's end. */
static double bump(const struct laid *l, double x, double y, double *heel)
{
	double dx = l->side * (x - l->x_m) / l->length_m, dy = (y - l->y_m) / l->length_m;
	double along = dx * TOE_OUT_SIN + dy * TOE_OUT_COS;
	double across = dx * TOE_OUT_COS - dy * TOE_OUT_SIN;
	double u = along / l->pad->radius_along, v = across / l->pad->radius_across;
	double value = 1 - u * u - v * v;

	if (value <= 0)
		return 0;
	if (l->pad->along + along < PL_HEEL_END)
		*heel += value;
	return value;
}

static double sample_cell(const struct laid *l, const struct pl_geometry *g, long row, long col,
			  double *heel)
{
	double sum = 0;

	for (int i = 0; i < l->sub_row; i++) {
		double y = ((double)(g->rows - row) - (i + 0.5) / l->sub_row) * g->pitch_row_m;

		for (int j = 0; j < l->sub_col; j++)
			sum += bump(l, ((double)col + (j + 0.5) / l->sub_col) * g->pitch_col_m, y,
				    heel);
	}
	return sum;
}

static bool on_mat(const struct pl_geometry *g, long row, long col)
{
	return row >= 0 && col >= 0 && row < (long)g->rows && col < (long)g->cols;
}

static void keep(struct pl_footprint *f, int k, long row, long col, double value)
{
	if (f->n >= f->cap)
		return; /* cannot be: cap covers the pads' boxes */
	f->cell[f->n] = (uint32_t)((size_t)row * f->g->cols + (size_t)col);
	f->pad[f->n] = (uint8_t)k;
	f->kpa_per_n[f->n++] = value;
}

/* A pad so small that no sample hit it stands on the one cell under its centre. */
static double keep_point(struct pl_footprint *f, int k, const struct laid *l)
{
	long row = (long)floor(f->g->rows - l->y_m / f->g->pitch_row_m);
	long col = (long)floor(l->x_m / f->g->pitch_col_m);

	f->x_m[k] = ((double)col + 0.5) * f->g->pitch_col_m;
	f->y_m[k] = ((double)(f->g->rows - row) - 0.5) * f->g->pitch_row_m;
	f->heel[k] = l->pad->along < PL_HEEL_END;
	if (on_mat(f->g, row, col)) {
		keep(f, k, row, col, 1);
		f->on_mat[k] = 1;
	}
	return 1;
}

static void place_pad(struct pl_footprint *f, int k, int side, double x_m, double y_m)
{
	const struct pl_geometry *g = f->g;
	double sum = 0, heel = 0, inside = 0, sx = 0, sy = 0;
	size_t first = f->n;
	struct laid l;

	lay(&l, f, &pads[k], side, x_m, y_m);
	for (long row = l.row0; row <= l.row1; row++) {
		for (long col = l.col0; col <= l.col1; col++) {
			double value = sample_cell(&l, g, row, col, &heel);

			if (value <= 0)
				continue;
			sum += value;
			sx += value * ((double)col + 0.5) * g->pitch_col_m;
			sy += value * ((double)(g->rows - row) - 0.5) * g->pitch_row_m;
			if (on_mat(g, row, col)) {
				inside += value;
				keep(f, k, row, col, value);
			}
		}
	}
	if (sum > 0) {
		f->on_mat[k] = inside / sum;
		f->heel[k] = heel / sum;
		f->x_m[k] = sx / sum;
		f->y_m[k] = sy / sum;
	} else {
		f->on_mat[k] = 0;
		sum = keep_point(f, k, &l);
	}
	for (size_t i = first; i < f->n; i++)
		f->kpa_per_n[i] *= 1e-3 / (sum * g->pitch_row_m * g->pitch_col_m);
}

void pl_footprint_place(struct pl_footprint *f, int side, double x_m, double y_m)
{
	f->n = 0;
	for (int k = 0; k < PL_PADS; k++)
		place_pad(f, k, side, x_m, y_m);
}

void pl_footprint_rest(const struct pl_footprint *f, double heel_share, double share[PL_PADS])
{
	double heel_of_heel = 0, heel_of_rest = 0, part;

	for (int k = 0; k < PL_PADS; k++)
		*(k < PAD_HEELS ? &heel_of_heel : &heel_of_rest) += pads[k].share * f->heel[k];
	part = (heel_share - heel_of_rest) / fmax(heel_of_heel - heel_of_rest, 1e-3);
	part = fmin(fmax(part, 0), 1);
	for (int k = 0; k < PL_PADS; k++)
		share[k] = pads[k].share * (k < PAD_HEELS ? part : 1 - part);
}

double pl_pads_along(const double share[PL_PADS])
{
	double sum = 0;

	for (int k = 0; k < PL_PADS; k++)
		sum += share[k] * pads[k].along;
	return sum;
}

double pl_pads_across(const double share[PL_PADS])
{
	double sum = 0;

	for (int k = 0; k < PL_PADS; k++)
		sum += share[k] * pads[k].across;
	return sum;
}

/* share weighted by e^(a (position - target)), summing to 1; returns the mean position. */
static double weigh(const double share[PL_PADS], const double position[PL_PADS], double target,
		    double a, double out[PL_PADS], double *variance)
{
	double sum = 0, mean = 0, square = 0;

	for (int k = 0; k < PL_PADS; k++) {
		out[k] = share[k] * pl_exact_exp(a * (position[k] - target));
		sum += out[k];
	}
	for (int k = 0; k < PL_PADS; k++) {
		out[k] /= sum;
		mean += out[k] * position[k];
		square += out[k] * position[k] * position[k];
	}
	*variance = square - mean * mean;
	return mean;
}

/* The mean grows with a: Newton's steps, kept inside a shrinking bracket. */
static void tilt(double share[PL_PADS], const double position[PL_PADS], double target)
{
	double lo = -TILT_MAX, hi = TILT_MAX, a = 0, out[PL_PADS], variance;

	for (int i = 0; i < 40; i++) {
		double off = weigh(share, position, target, a, out, &variance) - target;

		if (fabs(off) < 1e-12)
			break;
		*(off > 0 ? &hi : &lo) = a;
		a -= off / fmax(variance, 1e-9);
		if (!(a > lo && a < hi))
			a = 0.5 * (lo + hi);
	}
	for (int k = 0; k < PL_PADS; k++)
		share[k] = out[k];
}

void pl_pads_tilt(double share[PL_PADS], double along, double across)
{
	double position_along[PL_PADS], position_across[PL_PADS];
	int rounds = isnan(across) ? 1 : 4; /* the two hardly influence each other */

	for (int k = 0; k < PL_PADS; k++) {
		position_along[k] = pads[k].along;
		position_across[k] = pads[k].across;
	}
	for (int i = 0; i < rounds; i++) {
		if (!isnan(across))
			tilt(share, position_across, across);
		tilt(share, position_along, along);
	}
}

static double pad_m2(const struct pad *p, double length_m)
{
	return 3.14159265358979323846 * p->radius_along * p->radius_across * length_m * length_m;
}

void pl_footprint_lift(const struct pl_footprint *f, double force_n, double kpa,
		       double share[PL_PADS])
{
	double sum = 0, most = 0;

	for (int k = 0; k < PL_PADS; k++)
		most = fmax(most, share[k]);
	for (int k = 0; k < PL_PADS; k++) {
		if (share[k] * force_n < kpa * 1e3 * pad_m2(&pads[k], f->length_m) &&
		    share[k] < most)
			share[k] = 0;
		sum += share[k];
	}
	for (int k = 0; k < PL_PADS; k++)
		share[k] /= sum;
}

void pl_footprint_load(const struct pl_footprint *f, const double share[PL_PADS], double force_n,
		       double *kpa)
{
	double force[PL_PADS];

	for (int k = 0; k < PL_PADS; k++)
		force[k] = share[k] * force_n;
	for (size_t i = 0; i < f->n; i++)
		kpa[f->cell[i]] += force[f->pad[i]] * f->kpa_per_n[i];
}
