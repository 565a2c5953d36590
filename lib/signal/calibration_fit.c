/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which model of the mat do these weighings support? A rich one fits anything, so each is asked to
 * predict weighings that it has not seen; the simplest that does well is taken, and its errors are
 * then told for the calibration as it will be used, through the very code that will use it.
 */
#include "calibration_fit.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FLOOR_SDS 5.0
#define EQUAL_LOADS 0.01 /* relative */
#define OTHER_LOADS 0.05 /* relative: two loads for a curve */
#define LOADS_FOR_CURVE 3
#define PLACES_FOR_MAP 4
#define CURVE_SPAN 1000.0 /* of its points, highest to lowest but 0 */

const struct pl_fit_rules pl_fit_rules = {
	.good_pct = 1,
	.better_share = 0.7,
	.worst_pct = 10,
	.reach = 0.36, /* four places in the middle of the mat's quarters reach 0.354 */
	.same_place = 2,
	.load_ratio = 2,
};

static const char *const curve_names[] = {"linear", "power", "divider"};

const char *pl_fit_curve_name(enum pl_fit_curve curve)
{
	return curve_names[curve];
}

const char *pl_fit_text(const struct pl_fit *fit, char *buf, size_t cap)
{
	const struct pl_fit_candidate *c = &fit->candidate[fit->chosen];
	int n;

	if (c->curve == PL_FIT_POWER)
		n = snprintf(buf, cap, "power curve, exponent %.3f", fit->parameter);
	else if (c->curve == PL_FIT_DIVIDER)
		n = snprintf(buf, cap, "divider curve, full at %.0f counts", fit->parameter);
	else
		n = snprintf(buf, cap, "linear");
	if (c->map && n > 0 && (size_t)n < cap)
		snprintf(buf + n, cap - (size_t)n, ", gain map of %u places", fit->places);
	return buf;
}

/* ---- the weighings made ready ---------------------------------------------------------------- */

static void free_data(struct pl_fit_data *d)
{
	for (size_t k = 0; d->weighing && k < d->n; k++) {
		free(d->weighing[k].counts);
		free(d->weighing[k].nearness);
	}
	free(d->weighing);
	free(d->row);
	free(d->col);
	free(d->no_place);
}

/* Weighings near each other are at one place, which is where the first of them was. */
static void find_places(struct pl_fit_data *d, const struct pl_weighing *w)
{
	for (size_t k = 0; k < d->n; k++) {
		unsigned p = 0;

		while (p < d->places &&
		       hypot(w[k].row - d->row[p], w[k].col - d->col[p]) > pl_fit_rules.same_place)
			p++;
		if (p == d->places) {
			d->row[p] = w[k].row;
			d->col[p] = w[k].col;
			d->places++;
		}
		d->weighing[k].place = p;
	}
}

static bool take_cells(struct pl_fit_data *d, const struct pl_weighing *w, const double *empty,
		       const uint8_t *state, struct pl_fit_cells *to)
{
	size_t cells = pl_geometry_cells(d->g), at = 0;

	/* a gain may raise a cell above the floor: those near it come along */
	for (size_t i = 0; i < cells; i++)
		to->n += (!state || state[i] == PL_CELL_OK) && w->counts[i] - empty[i] > 0 &&
			 w->counts[i] - empty[i] >= d->floor / 4;
	to->force_n = w->force_n;
	to->counts = calloc(to->n + 1, sizeof(double));
	to->nearness = calloc(to->n * d->places + 1, sizeof(double));
	if (!to->counts || !to->nearness)
		return false;
	for (size_t i = 0; i < cells; i++) {
		double counts = w->counts[i] - empty[i];

		if ((state && state[i] != PL_CELL_OK) || counts <= 0 || counts < d->floor / 4)
			continue;
		to->counts[at] = counts;
		d->top = fmax(d->top, counts);
		for (unsigned p = 0; p < d->places; p++)
			to->nearness[at * d->places + p] =
				pl_fit_nearness(d->g, (double)(i / d->g->cols),
						(double)(i % d->g->cols), d->row[p], d->col[p]);
		at++;
	}
	return true;
}

static bool make_data(struct pl_fit_data *d, const struct pl_weighing *w, const double *empty,
		      const uint8_t *state)
{
	d->weighing = calloc(d->n, sizeof(*d->weighing));
	d->row = calloc(d->n, sizeof(*d->row));
	d->col = calloc(d->n, sizeof(*d->col));
	d->no_place = calloc(d->n, sizeof(*d->no_place));
	if (!d->weighing || !d->row || !d->col || !d->no_place)
		return false;
	find_places(d, w);
	for (size_t k = 0; k < d->n; k++)
		if (!take_cells(d, &w[k], empty, state, &d->weighing[k]))
			return false;
	return true;
}

/* ---- what the weighings allow ---------------------------------------------------------------- */

/* Different loads at one place, far enough apart? */
static bool loads_for_curve(const struct pl_fit_data *d)
{
	for (unsigned p = 0; p < d->places; p++) {
		double least = INFINITY, most = 0;
		unsigned different = 0;

		for (size_t k = 0; k < d->n; k++) {
			const struct pl_fit_cells *w = &d->weighing[k];
			bool seen = false;

			if (w->place != p)
				continue;
			for (size_t j = 0; j < k; j++)
				seen |= d->weighing[j].place == p &&
					fabs(d->weighing[j].force_n / w->force_n - 1) < OTHER_LOADS;
			different += !seen;
			least = fmin(least, w->force_n);
			most = fmax(most, w->force_n);
		}
		if (different >= LOADS_FOR_CURVE && most >= pl_fit_rules.load_ratio * least)
			return true;
	}
	return false;
}

/* Is every cell near enough to some place? In shares of the mat's sides. */
static bool places_cover(const struct pl_fit_data *d, const uint8_t *state)
{
	for (size_t i = 0; i < pl_geometry_cells(d->g); i++) {
		double row = (double)(i / d->g->cols), col = (double)(i % d->g->cols);
		double nearest = INFINITY;

		if (state && state[i] != PL_CELL_OK)
			continue;
		for (unsigned p = 0; p < d->places; p++)
			nearest = fmin(nearest, hypot((row - d->row[p]) / d->g->rows,
						      (col - d->col[p]) / d->g->cols));
		/* a weight lies where it lies: one cell more or less is no matter */
		if (nearest > pl_fit_rules.reach + 1.0 / fmin(d->g->rows, d->g->cols))
			return false;
	}
	return true;
}

static void list_candidates(const struct pl_fit_data *d, const uint8_t *state, struct pl_fit *fit)
{
	bool curves = loads_for_curve(d);
	bool map = d->places >= PLACES_FOR_MAP && places_cover(d, state);

	for (unsigned i = 0; i < PL_FIT_CANDIDATES; i++) {
		struct pl_fit_candidate *c = &fit->candidate[i];

		c->curve = (enum pl_fit_curve)(i % PL_FIT_CURVES);
		c->map = i >= PL_FIT_CURVES;
		c->cross_pct = NAN;
		if (c->curve != PL_FIT_LINEAR && !curves)
			c->why = "wants three different loads at one place, the heaviest at least "
				 "twice the lightest";
		else if (c->map && !map)
			c->why = "wants loads at four places or more, near every part of the mat";
		c->possible = !c->why;
	}
}

/* ---- judging --------------------------------------------------------------------------------- */

static double squared_error(const struct pl_fit_data *d, const struct pl_fit_model *m, size_t k)
{
	double error = pl_fit_predict_n(d, m, &d->weighing[k]) / d->weighing[k].force_n - 1;

	return isfinite(error) ? error * error : 1;
}

/* What a fit may not see that predicts weighing k: loads like it at its place, and the place itself
 * if there were no others. */
static void leave_out(struct pl_fit_data *d, size_t k, bool map)
{
	const struct pl_fit_cells *asked = &d->weighing[k];
	bool known = false;

	for (size_t j = 0; j < d->n; j++) {
		struct pl_fit_cells *w = &d->weighing[j];

		w->left_out = j == k || (map && w->place == asked->place &&
					 fabs(w->force_n / asked->force_n - 1) < OTHER_LOADS);
		known |= w->place == asked->place && !w->left_out;
	}
	d->no_place[asked->place] = map && !known;
}

static double cross_error(struct pl_fit_data *d, struct pl_fit_model *m)
{
	double sum = 0;

	for (size_t k = 0; k < d->n; k++) {
		leave_out(d, k, m->map);
		pl_fit_model(d, m);
		sum += squared_error(d, m, k);
		d->no_place[d->weighing[k].place] = false;
	}
	for (size_t j = 0; j < d->n; j++)
		d->weighing[j].left_out = false;
	return 100 * sqrt(sum / (double)d->n);
}

static int richness(const struct pl_fit_candidate *c)
{
	return (c->curve != PL_FIT_LINEAR) + 2 * c->map;
}

static void choose(struct pl_fit *fit)
{
	fit->chosen = 0;
	for (unsigned i = 1; i < PL_FIT_CANDIDATES; i++) {
		const struct pl_fit_candidate *now = &fit->candidate[fit->chosen];
		const struct pl_fit_candidate *c = &fit->candidate[i];
		bool richer = richness(c) > richness(now);

		if (!c->possible || (richer && now->cross_pct <= pl_fit_rules.good_pct))
			continue;
		if (c->cross_pct < (richer ? pl_fit_rules.better_share : 1) * now->cross_pct)
			fit->chosen = i;
	}
}

/* ---- the calibration ------------------------------------------------------------------------- */

static int fill_cells(const struct pl_fit_data *d, const struct pl_fit_model *m,
		      const double *empty, const uint8_t *state, struct pl_calibration *cal,
		      struct pl_fit *fit, struct pl_error *err)
{
	size_t n = pl_geometry_cells(d->g);

	cal->cell_offset = malloc(n * sizeof(double));
	cal->cell_gain = m->map ? malloc(n * sizeof(double)) : NULL;
	cal->cell_state = state ? malloc(n) : NULL;
	if (!cal->cell_offset || (m->map && !cal->cell_gain) || (state && !cal->cell_state))
		return pl_error_set(err, PL_ENOMEM, 0, "out of memory for a calibration");
	memcpy(cal->cell_offset, empty, n * sizeof(double));
	if (state)
		memcpy(cal->cell_state, state, n);
	fit->gain_min = m->map ? INFINITY : 1;
	fit->gain_max = m->map ? 0 : 1;
	for (size_t i = 0; m->map && i < n; i++) {
		double sum = 0, weights = 0;

		for (unsigned p = 0; p < d->places; p++) {
			double near =
				pl_fit_nearness(d->g, (double)(i / d->g->cols),
						(double)(i % d->g->cols), d->row[p], d->col[p]);

			sum += near * m->gain[p];
			weights += near;
		}
		cal->cell_gain[i] = sum / weights;
		fit->gain_min = fmin(fit->gain_min, cal->cell_gain[i]);
		fit->gain_max = fmax(fit->gain_max, cal->cell_gain[i]);
	}
	return 0;
}

static void fill_curve(const struct pl_fit_data *d, const struct pl_fit_model *m,
		       struct pl_calibration *cal)
{
	cal->unit = PL_UNIT_N;
	cal->scale = m->scale;
	cal->noise_floor = m->scale * pl_fit_shape(m->curve, m->parameter, d->floor);
	cal->contact = cal->noise_floor;
	if (m->curve == PL_FIT_LINEAR)
		return;
	cal->curve_points = PL_CURVE_MAX;
	cal->curve_counts[0] = cal->curve_value[0] = 0;
	for (unsigned i = 1; i < PL_CURVE_MAX; i++) {
		double lin = d->top * pow(CURVE_SPAN, (double)i / (PL_CURVE_MAX - 1) - 1);

		cal->curve_counts[i] = lin;
		cal->curve_value[i] = m->scale * pl_fit_shape(m->curve, m->parameter, lin);
	}
}

static void multiply(struct pl_calibration *cal, double by)
{
	cal->scale *= by;
	cal->noise_floor *= by;
	cal->contact *= by;
	for (unsigned i = 0; i < cal->curve_points; i++)
		cal->curve_value[i] *= by;
}

/* What the mat says of each weighing when it uses cal. */
static void measure(const struct pl_fit_data *d, const struct pl_weighing *w,
		    const struct pl_calibration *cal, double *kpa, struct pl_fit_residual *r)
{
	for (size_t k = 0; k < d->n; k++) {
		pl_calibrate(cal, d->g, w[k].counts, PL_F64, kpa);
		r[k].measured_n = 0;
		for (size_t i = 0; i < pl_geometry_cells(d->g); i++)
			r[k].measured_n += 1e3 * kpa[i] * pl_cell_area_m2(d->g);
		r[k].error_n = r[k].measured_n - w[k].force_n;
		r[k].error_pct = 100 * r[k].error_n / w[k].force_n;
	}
}

/* A curve of points lies a little beside the curve: the whole is made right once more. */
static double best_factor(const struct pl_fit_data *d, const struct pl_weighing *w,
			  const struct pl_fit_residual *r)
{
	double sum = 0, squares = 0;

	for (size_t k = 0; k < d->n; k++) {
		double part = r[k].measured_n / w[k].force_n;

		sum += part;
		squares += part * part;
	}
	return squares > 0 ? sum / squares : 1;
}

/* How far equal loads at one place were from each other. */
static double repeatability(const struct pl_fit_data *d, const struct pl_fit_residual *r)
{
	double squares = 0, degrees = 0;

	for (size_t k = 0; k < d->n; k++) {
		double sum = 0, n = 0, mean;
		bool first = true;

		for (size_t j = 0; j < d->n; j++) {
			if (d->weighing[j].place != d->weighing[k].place ||
			    fabs(d->weighing[j].force_n / d->weighing[k].force_n - 1) > EQUAL_LOADS)
				continue;
			first &= j >= k;
			sum += r[j].error_pct;
			n++;
		}
		mean = sum / n;
		squares += (r[k].error_pct - mean) * (r[k].error_pct - mean);
		degrees += 1 - (first ? 1 : 0);
	}
	return degrees > 0 ? sqrt(squares / degrees) : NAN;
}

static void summarise(const struct pl_fit_data *d, const struct pl_fit_residual *r,
		      struct pl_fit *fit)
{
	double squares = 0;

	for (size_t k = 0; k < d->n; k++) {
		squares += r[k].error_pct * r[k].error_pct;
		fit->max_pct = fmax(fit->max_pct, fabs(r[k].error_pct));
	}
	fit->rms_pct = sqrt(squares / (double)d->n);
	fit->repeat_pct = repeatability(d, r);
}

static int too_bad(const struct pl_weighing *w, const struct pl_fit_data *d,
		   const struct pl_fit_residual *r, const struct pl_fit *fit, struct pl_error *err)
{
	double cross = fit->candidate[fit->chosen].cross_pct;
	size_t worst = 0;

	if (cross <= pl_fit_rules.worst_pct && fit->max_pct <= 1.5 * pl_fit_rules.worst_pct)
		return 0;
	for (size_t k = 1; k < d->n; k++)
		if (fabs(r[k].error_pct) > fabs(r[worst].error_pct))
			worst = k;
	return pl_error_set(
		err, PL_ESTATE, 0,
		"no calibration describes these loads: each predicted from the others is "
		"off by %.1f %% (RMS). The worst is load %zu, %.1f N at row %.0f, column "
		"%.0f: %+.1f %%. Check its mass; %s",
		cross, worst + 1, w[worst].force_n, w[worst].row, w[worst].col, r[worst].error_pct,
		fit->candidate[PL_FIT_CURVES].possible
			? "weigh again"
			: "or weigh at more places, with several loads at one of them");
}

static int fit_all(struct pl_fit_data *d, const struct pl_weighing *w, const double *empty,
		   const uint8_t *state, struct pl_calibration *cal, struct pl_fit *fit,
		   struct pl_fit_residual *residual, struct pl_error *err)
{
	double gains[PL_FIT_PLACES_MAX], *kpa = malloc(pl_geometry_cells(d->g) * sizeof(*kpa));
	struct pl_fit_model m = {.gain = gains};

	if (!kpa)
		return pl_error_set(err, PL_ENOMEM, 0, "out of memory for a calibration");
	list_candidates(d, state, fit);
	for (unsigned i = 0; i < PL_FIT_CANDIDATES; i++) {
		struct pl_fit_candidate *c = &fit->candidate[i];

		m.curve = c->curve;
		m.map = c->map;
		if (c->possible)
			c->cross_pct = cross_error(d, &m);
	}
	choose(fit);
	m.curve = fit->candidate[fit->chosen].curve;
	m.map = fit->candidate[fit->chosen].map;
	pl_fit_model(d, &m);
	fit->parameter = m.curve == PL_FIT_LINEAR ? 0 : m.parameter;
	fit->places = d->places;
	if (fill_cells(d, &m, empty, state, cal, fit, err)) {
		free(kpa);
		return -1;
	}
	fill_curve(d, &m, cal);
	measure(d, w, cal, kpa, residual);
	multiply(cal, best_factor(d, w, residual));
	measure(d, w, cal, kpa, residual);
	free(kpa);
	summarise(d, residual, fit);
	return too_bad(w, d, residual, fit, err) || pl_calibration_check(cal, d->g, err) ? -1 : 0;
}

int pl_calibration_fit(const struct pl_geometry *g, const struct pl_weighing *w, size_t n,
		       const double *empty, const uint8_t *state, double noise,
		       struct pl_calibration *cal, struct pl_fit *fit,
		       struct pl_fit_residual *residual, struct pl_error *err)
{
	struct pl_fit_data d = {.g = g, .n = n, .floor = FLOOR_SDS * noise};
	int r;

	*fit = (struct pl_fit){.noise_counts = noise};
	pl_calibration_init(cal, g);
	if (n < 2)
		return pl_error_set(err, PL_ESTATE, 0,
				    "one weighing proves nothing: weigh at least twice, at another "
				    "place or with another load");
	if (n > PL_FIT_PLACES_MAX)
		return pl_error_set(err, PL_EUSAGE, 0, "at most %d weighings", PL_FIT_PLACES_MAX);
	for (size_t k = 0; k < n; k++)
		if (!(w[k].force_n > 0) || !isfinite(w[k].row) || !isfinite(w[k].col))
			return pl_error_set(err, PL_EUSAGE, 0,
					    "load %zu: a force above 0 N at a place is needed",
					    k + 1);
	if (make_data(&d, w, empty, state))
		r = fit_all(&d, w, empty, state, cal, fit, residual, err);
	else
		r = pl_error_set(err, PL_ENOMEM, 0, "out of memory for %zu weighings", n);
	free_data(&d);
	if (r)
		pl_calibration_free(cal);
	return r;
}
