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

#define TILT_MAX 80.0
#define LIFTED_OF_MOST 0.2
#define SUBSAMPLES_MAX 8

/* the pads of the table: the heel's first, the midfoot's, the metatarsal heads, the toes */
enum { PAD_HEELS = 3, PAD_MIDFOOT = 3, PAD_FOREFOOT = 5, PAD_TOES = 10 };

/*
 * Widths and places after the mean footprints of four people walking barefoot (240 steps, prints
 * of 25 to 29 cm on cells of 5 mm), in shares of the print's length about the line from the heel's
 * centroid to the forefoot's: heel from -0.097 to 0.093, lateral band from 0.045 to 0.12 at 47 %,
 * forefoot from -0.175 to 0.155, hallux out to -0.20, small toes no further than 0.09.
 */
static const struct pl_pad typical[PL_PADS] = {
	/* heel: back, medial, lateral */
	{0.088, 0.000, 0.088, 0.078, 0.24},
	{0.155, -0.034, 0.140, 0.064, 0.39},
	{0.155, 0.032, 0.140, 0.063, 0.37},
	/* lateral midfoot */
	{0.360, 0.050, 0.130, 0.046, 0.08},
	{0.500, 0.086, 0.140, 0.046, 0.11},
	/* metatarsal heads 1 to 5 */
	{0.725, -0.120, 0.075, 0.058, 0.12},
	{0.755, -0.052, 0.072, 0.050, 0.23},
	{0.740, 0.010, 0.072, 0.050, 0.19},
	{0.705, 0.064, 0.072, 0.046, 0.11},
	{0.655, 0.110, 0.078, 0.045, 0.07},
	/* toes 1 to 5 */
	{0.925, -0.135, 0.070, 0.050, 0.06},
	{0.930, -0.056, 0.042, 0.032, 0.013},
	{0.905, -0.004, 0.038, 0.029, 0.009},
	{0.872, 0.036, 0.036, 0.027, 0.007},
	{0.840, 0.068, 0.034, 0.026, 0.006},
};

static double pad_radius(const struct pl_pad *p)
{
	return fmax(p->radius_along, p->radius_across);
}

void pl_foot_form_init(struct pl_foot_form *form)
{
	*form = (struct pl_foot_form){
		.length_m = 0.255, .arch = 0.5, .toe_gap = 0, .toe_out_deg = 7};
}

/*
 * A flat foot's lateral band is broader, reaches towards the middle and carries twice as much;
 * under a high arch it thins out and is gone in the end. Toes apart from the forefoot are moved
 * away from it, and the whole made as long as it was.
 */
static void shape_pads(struct pl_pad pad[PL_PADS], const struct pl_foot_form *form)
{
	double flat = 1 - 2 * form->arch; /* -1: high, 1: flat */

	for (int k = 0; k < PL_PADS; k++) {
		struct pl_pad *p = &pad[k];

		*p = typical[k];
		if (k >= PAD_MIDFOOT && k < PAD_FOREFOOT) {
			p->share *= 1 + flat;
			p->radius_across *= 1 + 0.6 * flat;
			p->across -= 0.02 * flat;
		}
		if (k >= PAD_TOES)
			p->along += form->toe_gap;
		p->along /= 1 + form->toe_gap;
		p->radius_along /= 1 + form->toe_gap;
	}
}

/* Foot coordinates to metres right of and before the middle of a foot that points forward. */
static void off_middle(const struct pl_footprint *f, const struct pl_pad *p, double *right,
		       double *ahead)
{
	*right = f->side * f->form.length_m * p->across;
	*ahead = f->form.length_m * (p->along - 0.5);
}

static void to_mat(const struct pl_footprint *f, const struct pl_pad *p, double *x, double *y)
{
	double right, ahead;

	off_middle(f, p, &right, &ahead);
	*x = ahead * f->sin + right * f->cos;
	*y = ahead * f->cos - right * f->sin;
}

struct pl_foot_extent pl_foot_extent(const struct pl_foot_form *form)
{
	struct pl_footprint f = {.form = *form, .side = 1};
	struct pl_foot_extent e = {0};

	f.form.length_m = 1;
	pl_exact_turn(form->toe_out_deg, &f.cos, &f.sin);
	shape_pads(f.pads, form);
	for (int k = 0; k < PL_PADS; k++) {
		double x, y;

		to_mat(&f, &f.pads[k], &x, &y);
		e.half_width = fmax(e.half_width, fabs(x) + pad_radius(&f.pads[k]));
		e.half_length = fmax(e.half_length, fabs(y) + pad_radius(&f.pads[k]));
		e.inward = fmax(
			e.inward,
			hypot(f.pads[k].radius_across * f.cos, f.pads[k].radius_along * f.sin) - x);
	}
	return e;
}

int pl_footprint_init(struct pl_footprint *f, const struct pl_geometry *g,
		      const struct pl_foot_form *form, struct pl_error *err)
{
	size_t cap = 0;

	*f = (struct pl_footprint){.g = g, .form = *form, .side = 1, .cos = 1};
	shape_pads(f->pads, form);
	for (int k = 0; k < PL_PADS; k++) {
		double d = 2 * pad_radius(&f->pads[k]) * form->length_m;
		double rows = fmin(d / g->pitch_row_m + 3, g->rows);
		double cols = fmin(d / g->pitch_col_m + 3, g->cols);

		cap += (size_t)rows * (size_t)cols;
	}
	f->cap = cap;
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
	const struct pl_footprint *foot;
	const struct pl_pad *pad;
	double x_m, y_m;	     /* centre on the mat */
	long row0, row1, col0, col1; /* cells it may touch; may lie beside the mat */
	int sub_row, sub_col;	     /* samples a cell */
};

static int subsamples(double pitch_m, double radius_m)
{
	double n = ceil(4 * pitch_m / radius_m);

	return n < 2 ? 2 : n > SUBSAMPLES_MAX ? SUBSAMPLES_MAX : (int)n;
}

static void lay(struct laid *l, const struct pl_footprint *f, const struct pl_pad *p)
{
	const struct pl_geometry *g = f->g;
	double length_m = f->form.length_m, r = pad_radius(p) * length_m;
	double top = g->rows * g->pitch_row_m;
	double least = fmin(p->radius_along, p->radius_across) * length_m;
	double x, y;

	to_mat(f, p, &x, &y);
	*l = (struct laid){.foot = f, .pad = p, .x_m = f->at_x_m + x, .y_m = f->at_y_m + y};
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
	const struct pl_footprint *f = l->foot;
	double dx = (x - l->x_m) / f->form.length_m, dy = (y - l->y_m) / f->form.length_m;
	double along = dx * f->sin + dy * f->cos;
	double across = f->side * (dx * f->cos - dy * f->sin);
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

static void place_pad(struct pl_footprint *f, int k)
{
	const struct pl_geometry *g = f->g;
	double sum = 0, heel = 0, inside = 0, sx = 0, sy = 0;
	size_t first = f->n;
	struct laid l;

	lay(&l, f, &f->pads[k]);
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

void pl_footprint_place(struct pl_footprint *f, int side, double x_m, double y_m,
			double heading_deg)
{
	f->n = 0;
	f->side = side;
	f->at_x_m = x_m;
	f->at_y_m = y_m;
	f->axis_deg = heading_deg + side * f->form.toe_out_deg;
	pl_exact_turn(f->axis_deg, &f->cos, &f->sin);
	for (int k = 0; k < PL_PADS; k++)
		place_pad(f, k);
}

void pl_footprint_rest(const struct pl_footprint *f, double heel_share, double share[PL_PADS])
{
	double group[2] = {0, 0}, behind[2] = {0, 0}, part;

	for (int k = 0; k < PL_PADS; k++) {
		group[k >= PAD_HEELS] += f->pads[k].share;
		behind[k >= PAD_HEELS] += f->pads[k].share * f->heel[k];
	}
	for (int i = 0; i < 2; i++)
		behind[i] /= group[i];
	part = (heel_share - behind[1]) / fmax(behind[0] - behind[1], 1e-3);
	part = fmin(fmax(part, 0), 1);
	for (int k = 0; k < PL_PADS; k++)
		share[k] = f->pads[k].share / group[k >= PAD_HEELS] *
			   (k < PAD_HEELS ? part : 1 - part);
}

double pl_pads_along(const struct pl_footprint *f, const double share[PL_PADS])
{
	double sum = 0;

	for (int k = 0; k < PL_PADS; k++)
		sum += share[k] * f->pads[k].along;
	return sum;
}

double pl_pads_across(const struct pl_footprint *f, const double share[PL_PADS])
{
	double sum = 0;

	for (int k = 0; k < PL_PADS; k++)
		sum += share[k] * f->pads[k].across;
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

void pl_pads_tilt(const struct pl_footprint *f, double share[PL_PADS], double along, double across)
{
	double position_along[PL_PADS], position_across[PL_PADS];
	int rounds = isnan(across) ? 1 : 4; /* the two hardly influence each other */

	for (int k = 0; k < PL_PADS; k++) {
		position_along[k] = f->pads[k].along;
		position_across[k] = f->pads[k].across;
	}
	for (int i = 0; i < rounds; i++) {
		if (!isnan(across))
			tilt(share, position_across, across);
		tilt(share, position_along, along);
	}
}

static double pad_m2(const struct pl_pad *p, double length_m)
{
	return 3.14159265358979323846 * p->radius_along * p->radius_across * length_m * length_m;
}

void pl_footprint_lift(const struct pl_footprint *f, double force_n, double kpa,
		       double share[PL_PADS])
{
	double pressure[PL_PADS], most = 0, sum = 0, least;

	for (int k = 0; k < PL_PADS; k++) {
		pressure[k] = 1e-3 * share[k] * force_n / pad_m2(&f->pads[k], f->form.length_m);
		most = fmax(most, pressure[k]);
	}
	least = fmin(kpa, LIFTED_OF_MOST * most);
	for (int k = 0; k < PL_PADS; k++) {
		share[k] = pressure[k] < least ? 0 : share[k];
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
