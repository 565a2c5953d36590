/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A noise floor keeps the empty part of a mat from adding its noise. Under a foot it does harm:
 * cells that carry less than the floor say nothing, and the more of them the further the centre of
 * pressure is away, so that sway comes out too large. But where a foot stands is known, and there
 * noise needs no floor: it is as often above as below and vanishes in the sum of some hundred
 * cells. So near the feet cells count as they are, and elsewhere the floor stays.
 *
 * Noise is as often above as below only while the codes can show it. Where they begin at 0 a cell
 * without load reads 0 or more, never less, by sigma / sqrt(2 pi) on the average, and one with a
 * load of m
 *
 *	M = m + sigma (phi(z) - z Q(z)), z = m / sigma
 *
 * (a normal variable cut off at 0). The empty cells away from the feet tell sigma, the mean of a
 * cell over the stretch then tells its m, and M - m is taken off. Noise whose mean is 0 when
 * nothing is on the mat (tared, signed) gives sigma 0 and takes off nothing.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "faint.h"

#define NEAR_M 0.01	   /* around what was ever in contact */
#define EMPTY_CELLS_MIN 20 /* fewer say too little of the noise */
#define INV_SQRT_2PI 0.39894228040143267794

bool pl_faint_init(struct pl_faint *f, const struct pl_geometry *g)
{
	*f = (struct pl_faint){.cell = calloc(pl_geometry_cells(g), sizeof(*f->cell))};
	return f->cell != NULL;
}

void pl_faint_free(struct pl_faint *f)
{
	free(f->cell);
	*f = (struct pl_faint){0};
}

void pl_faint_clear(struct pl_faint *f, const struct pl_geometry *g)
{
	memset(f->cell, 0, pl_geometry_cells(g) * sizeof(*f->cell));
	f->frames = f->empty_cells = 0;
	f->empty = 0;
}

/* ---- where ---------------------------------------------------------------------------------- */

static void mark_around(const struct pl_geometry *g, unsigned row, unsigned col, unsigned rows,
			unsigned cols, uint8_t *near)
{
	unsigned r1 = row + rows < g->rows ? row + rows : g->rows - 1;
	unsigned c0 = col > cols ? col - cols : 0;
	unsigned c1 = col + cols < g->cols ? col + cols : g->cols - 1;

	for (unsigned r = row > rows ? row - rows : 0; r <= r1; r++)
		memset(near + (size_t)r * g->cols + c0, 1, c1 - c0 + 1);
}

void pl_faint_near(const struct pl_geometry *g, const uint64_t *ever, uint8_t *near)
{
	unsigned words = (g->cols + 63) / 64;
	unsigned rows = (unsigned)ceil(NEAR_M / g->pitch_row_m);
	unsigned cols = (unsigned)ceil(NEAR_M / g->pitch_col_m);

	memset(near, 0, pl_geometry_cells(g));
	for (unsigned r = 0; r < g->rows; r++)
		for (unsigned w = 0; w < words; w++)
			for (uint64_t bits = ever[(size_t)r * words + w]; bits; bits &= bits - 1)
				mark_around(g, r, 64 * w + (unsigned)__builtin_ctzll(bits), rows,
					    cols, near);
}

/* ---- a frame -------------------------------------------------------------------------------- */

struct pl_moments pl_faint_add(struct pl_faint *f, const uint8_t *near, const double *whole,
			       const struct pl_cells *cells)
{
	struct pl_moments m = {0};

	for (unsigned r = 0; r < cells->rows; r++) {
		size_t at = (size_t)r * cells->cols;
		double sum = 0;

		for (unsigned c = 0; c < cells->cols; c++, at++) {
			double value = near[at] ? whole[at] : cells->value[at];

			if (isnan(whole[at])) /* this cell does not work */
				continue;
			if (near[at]) {
				f->cell[at] += value;
			} else {
				f->empty += whole[at];
				f->empty_cells++;
			}
			sum += value;
			m.col += value * c;
		}
		m.sum += sum;
		m.row += sum * r;
	}
	f->frames++;
	return m;
}

/* ---- codes end at 0 ------------------------------------------------------------------------- */

/* z of which the mean z Phi(z) + phi(z) of a normal variable cut off at 0 is `mean`; 0 if it is
 * less than for z = 0. Newton from above: the mean is convex in z, and more than z. */
static double load_of(double mean)
{
	double z = mean;

	if (mean <= INV_SQRT_2PI)
		return 0;
	for (int i = 0; i < 30; i++) {
		double phi = INV_SQRT_2PI * exp(-0.5 * z * z), area = 0.5 * erfc(-z * M_SQRT1_2);
		double step = (z * area + phi - mean) / area;

		z -= step;
		if (fabs(step) < 1e-9)
			break;
	}
	return fmax(z, 0);
}

struct pl_moments pl_faint_bias(const struct pl_faint *f, const struct pl_geometry *g,
				const uint8_t *near)
{
	double empty = f->empty_cells ? f->empty / (double)f->empty_cells : 0;
	double sigma = empty / INV_SQRT_2PI;
	struct pl_moments m = {0};

	if (f->empty_cells < EMPTY_CELLS_MIN * f->frames || !(empty > 0))
		return m;
	for (size_t i = 0, n = pl_geometry_cells(g); i < n; i++) {
		double mean = f->cell[i] / (double)f->frames, bias;

		if (!near[i] || !(mean > 0))
			continue;
		bias = mean - sigma * load_of(mean / sigma);
		m.sum += bias;
		m.col += bias * (double)(i % g->cols);
		m.row += bias * (double)(i / g->cols);
	}
	return m;
}
