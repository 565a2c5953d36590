/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Standing, once it is known which samples are of somebody standing: shares of the load from mean
 * forces (a mean of ratios would let the lightest moments count as much as the others), their
 * scatter, and the sway of the centre of pressure after the filter the caller asks for.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <plantar/standing.h>

#include "filter.h"
#include "standing_private.h"

#define GRAVITY 9.80665
#define FORCE_MIN_BW 0.05
#define FORCE_MIN_N 20
#define LEAST_S 25  /* ISPGR, Scoppa et al. 2013 */
#define LEAST_HZ 50 /* the same */

void pl_standing_options_init(struct pl_standing_options *o)
{
	*o = (struct pl_standing_options){
		.filter_hz = 10,
		.body_mass_kg = NAN,
		.force_min_n = NAN,
		.stretch_min_s = 5,
		.shift_min_pct = 20,
	};
}

double pl_standing_weight_n(double body_mass_kg)
{
	return body_mass_kg > 0 && isfinite(body_mass_kg) ? body_mass_kg * GRAVITY : NAN;
}

double pl_standing_force_min(const struct pl_standing_options *o)
{
	double weight_n = pl_standing_weight_n(o->body_mass_kg);

	if (o->force_min_n >= 0)
		return o->force_min_n;
	return isfinite(weight_n) ? FORCE_MIN_BW * weight_n : FORCE_MIN_N;
}

/* ---- means ---------------------------------------------------------------------------------- */

/* Of n values; NULL: not known. */
static struct pl_mean_sd mean_sd(const double *x, size_t n)
{
	struct pl_mean_sd m = {NAN, NAN};
	double sum = 0, squares = 0;

	if (!x || n == 0)
		return m;
	for (size_t i = 0; i < n; i++)
		sum += x[i];
	m.mean = sum / (double)n;
	for (size_t i = 0; i < n; i++)
		squares += (x[i] - m.mean) * (x[i] - m.mean);
	m.sd = n > 1 ? sqrt(squares / (double)(n - 1)) : NAN;
	return m;
}

/* Mean share from the sums; SD of the shares of samples in which there is something to share, by
 * running mean and sum of squares (Welford 1962). */
static struct pl_mean_sd share(const double *part, const double *whole, size_t n, double least)
{
	double parts = 0, wholes = 0, mean = 0, squares = 0;
	struct pl_mean_sd m = {NAN, NAN};
	size_t used = 0;

	for (size_t i = 0; part && whole && i < n; i++) {
		double value = 100 * (part[i] / whole[i]), d = value - mean;

		parts += part[i];
		wholes += whole[i];
		if (!(whole[i] > 0 && whole[i] >= least))
			continue;
		mean += d / (double)++used;
		squares += d * (value - mean);
	}
	m.mean = wholes > 0 ? 100 * (parts / wholes) : NAN;
	m.sd = used > 1 ? sqrt(squares / (double)(used - 1)) : NAN;
	return m;
}

/* ---- load ----------------------------------------------------------------------------------- */

/* What the other foot has is no matter of its own: both shares scatter alike. */
static void measure_sides(const struct pl_standing_samples *s, double least,
			  struct pl_standing *standing)
{
	const double *left = s->force[PL_STANDING_LEFT], *right = s->force[PL_STANDING_RIGHT];
	double l = standing->force[PL_STANDING_LEFT].mean;
	double r = standing->force[PL_STANDING_RIGHT].mean, mean = 0, squares = 0, sd;
	size_t used = 0;

	if (!(l + r > 0))
		return;
	for (size_t i = 0; i < s->n; i++) { /* as in share() */
		double both = left[i] + right[i], d;

		if (!(both > 0 && both >= least))
			continue;
		d = 100 * (left[i] / both) - mean;
		mean += d / (double)++used;
		squares += d * (100 * (left[i] / both) - mean);
	}
	sd = used > 1 ? sqrt(squares / (double)(used - 1)) : NAN;
	standing->left_pct = (struct pl_mean_sd){100 * (l / (l + r)), sd};
	standing->right_pct = (struct pl_mean_sd){100 * (r / (l + r)), sd};
	standing->symmetry_index_pct = 200 * (r - l) / (r + l);
}

static void measure_load(const struct pl_standing_samples *s, double least,
			 struct pl_standing *standing)
{
	for (int who = 0; who < PL_STANDING_WHO; who++) {
		standing->force[who] = mean_sd(s->force[who], s->n);
		for (int p = 0; p < PL_STANDING_PARTS; p++)
			standing->part_pct[who][p] =
				share(s->part[who][p], s->force[who], s->n, least);
	}
	standing->left_pct = standing->right_pct = (struct pl_mean_sd){NAN, NAN};
	standing->symmetry_index_pct = NAN;
	measure_sides(s, least, standing);
}

/* Share of the samples from..to - 1. */
static double share_of(const double *part, const double *whole, size_t from, size_t to)
{
	double parts = 0, wholes = 0;

	for (size_t i = from; part && whole && i < to; i++) {
		parts += part[i];
		wholes += whole[i];
	}
	return wholes > 0 ? 100 * (parts / wholes) : NAN;
}

static double share_left(const struct pl_standing_samples *s, size_t from, size_t to)
{
	const double *left = s->force[PL_STANDING_LEFT], *right = s->force[PL_STANDING_RIGHT];
	double l = 0, r = 0;

	for (size_t i = from; left && right && i < to; i++) {
		l += left[i];
		r += right[i];
	}
	return l + r > 0 ? 100 * (l / (l + r)) : NAN;
}

/* Only whole intervals: what is left over at the end is in the means, not here. */
static void measure_series(const struct pl_standing_samples *s, struct pl_standing *standing)
{
	double interval_s = 1, each;

	while ((double)s->n / (s->rate_hz * interval_s) >= PL_STANDING_SERIES + 1)
		interval_s *= 2;
	each = s->rate_hz * interval_s;
	standing->series_interval_s = interval_s;
	standing->series = (unsigned)floor((double)s->n / each);
	for (unsigned k = 0; k < standing->series; k++) {
		size_t from = (size_t)ceil(k * each), to = (size_t)ceil((k + 1) * each);

		to = to < s->n ? to : s->n;
		standing->series_left_pct[k] = share_left(s, from, to);
		for (int who = 0; who < PL_STANDING_WHO; who++)
			for (int p = 0; p <= PL_STANDING_FOREFOOT; p++)
				standing->series_part_pct[who][p][k] =
					share_of(s->part[who][p], s->force[who], from, to);
	}
}

/* ---- sway ----------------------------------------------------------------------------------- */

static int measure_sway(const struct pl_standing_samples *s, const struct pl_standing_options *o,
			struct pl_standing *standing, struct pl_error *err)
{
	double *ap = malloc(2 * s->n * sizeof(*ap)), *ml = ap ? ap + s->n : NULL;
	int result;

	if (!ap)
		return pl_error_set(err, PL_ENOMEM, 0, "out of memory for %zu samples of sway",
				    s->n);
	memcpy(ap, s->ap_mm, s->n * sizeof(*ap));
	memcpy(ml, s->ml_mm, s->n * sizeof(*ml));
	if (o->filter_hz > 0 && pl_filter_zero_lag(ap, s->n, s->rate_hz, o->filter_hz) == 0 &&
	    pl_filter_zero_lag(ml, s->n, s->rate_hz, o->filter_hz) == 0)
		standing->filter_hz = o->filter_hz;
	else if (o->filter_hz > 0)
		standing->flags |= PL_STANDING_UNFILTERED;
	result = pl_sway_compute(ap, ml, s->n, s->rate_hz, &standing->sway, err);
	standing->has_sway = result == 0;
	free(ap);
	return result;
}

/* ---- all ------------------------------------------------------------------------------------ */

static bool finite_column(const double *x, size_t n)
{
	for (size_t i = 0; x && i < n; i++)
		if (!isfinite(x[i]))
			return false;
	return true;
}

static bool finite_columns(const struct pl_standing_samples *s)
{
	bool ok = finite_column(s->ap_mm, s->n) && finite_column(s->ml_mm, s->n);

	for (int who = 0; who < PL_STANDING_WHO; who++) {
		ok = ok && finite_column(s->force[who], s->n);
		for (int p = 0; p < PL_STANDING_PARTS; p++)
			ok = ok && finite_column(s->part[who][p], s->n);
	}
	return ok;
}

static void begin(const struct pl_standing_samples *s, const struct pl_standing_options *o,
		  struct pl_standing *standing)
{
	memset(standing, 0, sizeof(*standing));
	standing->to_s = (double)s->n / s->rate_hz;
	standing->samples = s->n;
	standing->rate_hz = s->rate_hz;
	standing->calibrated = true;
	standing->body_mass_kg = o->body_mass_kg;
	standing->filter_hz = NAN;
	standing->shift_min_pct = o->shift_min_pct;
	standing->flags = (standing->to_s < LEAST_S ? PL_STANDING_SHORT : 0u) |
			  (s->rate_hz < LEAST_HZ ? PL_STANDING_SLOW : 0u);
}

int pl_standing_compute(const struct pl_standing_samples *s, const struct pl_standing_options *o,
			struct pl_standing *standing, struct pl_error *err)
{
	if (s->n == 0 || !(s->rate_hz > 0 && isfinite(s->rate_hz)))
		return pl_error_set(err, PL_EUSAGE, 0,
				    "standing needs samples and a sampling rate");
	if (!finite_columns(s))
		return pl_error_set(err, PL_EUSAGE, 0,
				    "a force or the centre of pressure has holes");
	begin(s, o, standing);
	measure_load(s, pl_standing_force_min(o), standing);
	measure_series(s, standing);
	if (pl_standing_find_shifts(s, o->shift_min_pct, &standing->shifts) < 0)
		return pl_error_set(err, PL_ENOMEM, 0, "out of memory for %zu samples", s->n);
	if (s->ap_mm && s->ml_mm)
		return measure_sway(s, o, standing, err);
	return 0;
}
