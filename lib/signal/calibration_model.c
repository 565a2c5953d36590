/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One model of the mat fitted to weighings: relative errors are made least, because a scale that is
 * wrong by a kilogram of ten is worse than one of a hundred. The scale has a closed form; the one
 * number of a curve is searched for, first on a grid, then by golden section; gains are corrected
 * by what the weighings at their place say until they stand.
 */
#include <math.h>

#include "calibration_fit.h"

#define GRID 24
#define GOLDEN 0.6180339887498949
#define GOLDEN_STEPS 30
#define GAIN_STEPS 12
#define ROUNDS 4 /* curve and gains in turn */

double pl_fit_shape(enum pl_fit_curve curve, double parameter, double lin)
{
	if (lin <= 0)
		return 0;
	switch (curve) {
	case PL_FIT_POWER:
		return pow(lin, parameter);
	case PL_FIT_DIVIDER:
		return lin < parameter ? lin / (parameter - lin) : INFINITY;
	default:
		return lin;
	}
}

double pl_fit_nearness(const struct pl_geometry *g, double row, double col, double place_row,
		       double place_col)
{
	double dy = (row - place_row) * g->pitch_row_m, dx = (col - place_col) * g->pitch_col_m;

	/* half a cell: under the weight itself its own gain rules, without an infinity */
	return 1 / (dx * dx + dy * dy + 0.25 * g->pitch_row_m * g->pitch_col_m);
}

static double gain_of(const struct pl_fit_data *d, const struct pl_fit_model *m,
		      const struct pl_fit_cells *w, size_t cell)
{
	const double *near = w->nearness + cell * d->places;
	double sum = 0, weights = 0;

	if (!m->map)
		return 1;
	for (unsigned p = 0; p < d->places; p++) {
		if (d->no_place[p])
			continue;
		sum += near[p] * m->gain[p];
		weights += near[p];
	}
	return sum / weights;
}

static double sum_with(const struct pl_fit_data *d, const struct pl_fit_model *m,
		       const struct pl_fit_cells *w, double boost)
{
	double sum = 0;

	for (size_t i = 0; i < w->n; i++) {
		double lin = w->counts[i] * gain_of(d, m, w, i) * boost;

		if (lin >= d->floor)
			sum += pl_fit_shape(m->curve, m->parameter, lin);
	}
	return sum;
}

static double sum_of(const struct pl_fit_data *d, const struct pl_fit_model *m,
		     const struct pl_fit_cells *w)
{
	return sum_with(d, m, w, 1);
}

/* By how many percent a weighing grows for a percent of gain: 1 without a curve, several near the
 * end of a divider. */
static double steepness(const struct pl_fit_data *d, const struct pl_fit_model *m,
			const struct pl_fit_cells *w)
{
	const double little = 1.001;
	double s = log(sum_with(d, m, w, little) / sum_of(d, m, w)) / log(little);

	return s > 0.2 && s < 100 ? s : 1;
}

double pl_fit_predict_n(const struct pl_fit_data *d, const struct pl_fit_model *m,
			const struct pl_fit_cells *w)
{
	return m->scale * sum_of(d, m, w);
}

/* The best scale for the other numbers; returns the sum of squared relative errors with it. */
static double fit_scale(const struct pl_fit_data *d, struct pl_fit_model *m)
{
	double sum = 0, squares = 0, n = 0;

	for (size_t k = 0; k < d->n; k++) {
		const struct pl_fit_cells *w = &d->weighing[k];
		double part;

		if (w->left_out)
			continue;
		part = sum_of(d, m, w) / w->force_n;
		sum += part;
		squares += part * part;
		n++;
	}
	m->scale = sum / squares;
	if (!isfinite(m->scale) || m->scale <= 0)
		return INFINITY;
	return n - m->scale * sum; /* the sum of (scale part - 1)^2 at its least */
}

/* The parameter at a place from 0 to 1 of what is worth trying. */
static double parameter_at(const struct pl_fit_data *d, const struct pl_fit_model *m, double at)
{
	if (m->curve == PL_FIT_POWER)
		return 0.3 * pow(10, at);	    /* 0.3 to 3 */
	return d->top * (1 + 0.02 * pow(5000, at)); /* the end: 1.02 to 101 times what was seen */
}

static double error_at(const struct pl_fit_data *d, struct pl_fit_model *m, double at)
{
	m->parameter = parameter_at(d, m, at);
	return fit_scale(d, m);
}

static void fit_curve(const struct pl_fit_data *d, struct pl_fit_model *m)
{
	double best = 0, least = INFINITY, low, high;

	if (m->curve == PL_FIT_LINEAR) {
		fit_scale(d, m);
		return;
	}
	for (int i = 0; i <= GRID; i++) {
		double error = error_at(d, m, (double)i / GRID);

		if (error < least) {
			least = error;
			best = (double)i / GRID;
		}
	}
	low = fmax(0, best - 1.0 / GRID);
	high = fmin(1, best + 1.0 / GRID);
	for (int i = 0; i < GOLDEN_STEPS; i++) {
		double a = high - GOLDEN * (high - low), b = low + GOLDEN * (high - low);

		if (error_at(d, m, a) < error_at(d, m, b))
			high = b;
		else
			low = a;
	}
	error_at(d, m, (low + high) / 2);
}

/* What the weighings at a place say its gain should be multiplied with. */
static double correction(const struct pl_fit_data *d, const struct pl_fit_model *m, unsigned place)
{
	double sum = 0, n = 0;

	for (size_t k = 0; k < d->n; k++) {
		const struct pl_fit_cells *w = &d->weighing[k];

		if (w->left_out || w->place != place)
			continue;
		sum += log(w->force_n / pl_fit_predict_n(d, m, w)) / steepness(d, m, w);
		n++;
	}
	return n > 0 && isfinite(sum) ? sum / n : 0;
}

static void fit_gains(const struct pl_fit_data *d, struct pl_fit_model *m)
{
	double step[PL_FIT_PLACES_MAX], mean, n;

	for (int round = 0; round < GAIN_STEPS; round++) {
		mean = n = 0;
		for (unsigned p = 0; p < d->places; p++)
			step[p] = d->no_place[p] ? 0 : correction(d, m, p);
		for (unsigned p = 0; p < d->places; p++) {
			if (d->no_place[p])
				continue;
			m->gain[p] *= exp(fmin(fmax(step[p], -0.5), 0.5));
			mean += log(m->gain[p]);
			n++;
		}
		for (unsigned p = 0; n > 0 && p < d->places; p++) /* the scale has the rest */
			m->gain[p] /= exp(mean / n);
		fit_scale(d, m);
	}
}

void pl_fit_model(const struct pl_fit_data *d, struct pl_fit_model *m)
{
	for (unsigned p = 0; p < d->places; p++)
		m->gain[p] = 1;
	fit_curve(d, m);
	for (int round = 0; m->map && round < ROUNDS; round++) {
		fit_gains(d, m);
		if (m->curve == PL_FIT_LINEAR)
			return;
		fit_curve(d, m);
	}
}
