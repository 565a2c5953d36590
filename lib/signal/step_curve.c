/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the force of one stance says by itself: how long, how much, and how fast it rose. The
 * rise is what runners are compared by, and it has a trap: with a heel strike the curve has a
 * first, smaller peak to measure up to, with a forefoot strike it has none, and then the same
 * figure means something else. So which of the two it was is always said.
 */
#include <math.h>

#include "gait_private.h"

#define FIRST_PEAK_FROM 0.2  /* of the greatest force: less is noise of the beginning */
#define FIRST_PEAK_UNTIL 0.4 /* of stance: later it is the only peak of the curve */
#define RATE_FROM 0.2
#define RATE_TO 0.8
#define NO_PEAK_AT 0.13 /* of stance: stands in for the first peak (Samaan et al. 2014) */

static double end_s(const struct pl_stance_curve *c)
{
	return c->off < c->n ? c->t_s[c->off] : c->t_s[c->off - 1] + c->interval_s;
}

static double impulse(const struct pl_stance_curve *c)
{
	size_t last = c->off < c->n ? c->off : c->off - 1;
	double sum = 0;

	for (size_t k = c->on; k < last; k++)
		sum += 0.5 * (c->force_n[k] + c->force_n[k + 1]) * (c->t_s[k + 1] - c->t_s[k]);
	return sum;
}

/* Index of the first local maximum that another one follows; 0: there is none. */
static size_t first_peak(const struct pl_stance_curve *c, double greatest, double until_s)
{
	const double *f = c->force_n;
	size_t peak = 0;

	for (size_t k = c->on + 1; k + 1 < c->off; k++) {
		if (!(f[k] > f[k - 1] && f[k] >= f[k + 1]))
			continue;
		if (peak)
			return peak;
		if (f[k] < FIRST_PEAK_FROM * greatest)
			continue;
		if (c->t_s[k] > until_s)
			return 0;
		peak = k;
	}
	return 0;
}

/* When the force first reaches the level; NaN if it did so before the first sample. */
static double crossing(const struct pl_stance_curve *c, double level)
{
	const double *f = c->force_n, *t = c->t_s;
	size_t k = c->on;

	while (k < c->off && f[k] < level)
		k++;
	if (k == 0 || k == c->off || !(f[k - 1] < level))
		return NAN;
	return t[k - 1] + (t[k] - t[k - 1]) * (level - f[k - 1]) / (f[k] - f[k - 1]);
}

static double force_at(const struct pl_stance_curve *c, double t_s)
{
	const double *f = c->force_n, *t = c->t_s;
	size_t k = c->on;

	while (k + 1 < c->off && t[k + 1] < t_s)
		k++;
	if (k + 1 >= c->off)
		return NAN;
	return f[k] + (f[k + 1] - f[k]) * (t_s - t[k]) / (t[k + 1] - t[k]);
}

static double steepest(const struct pl_stance_curve *c, double until_s)
{
	double most = NAN;

	for (size_t k = c->on ? c->on - 1 : 0; k + 1 < c->off && c->t_s[k] < until_s; k++)
		most = fmax(most,
			    (c->force_n[k + 1] - c->force_n[k]) / (c->t_s[k + 1] - c->t_s[k]));
	return most;
}

static void loading(struct pl_step *s, const struct pl_stance_curve *c, size_t peak)
{
	double until = s->onset_s + NO_PEAK_AT * s->contact_time_s;
	double top = force_at(c, until);

	s->loading_without_peak = !peak;
	if (peak) {
		until = c->t_s[peak];
		top = c->force_n[peak];
		s->first_peak_n = top;
	}
	s->loading_rate_avg_n_s = (RATE_TO - RATE_FROM) * top /
				  (crossing(c, RATE_TO * top) - crossing(c, RATE_FROM * top));
	s->loading_rate_max_n_s = steepest(c, until);
}

void pl_step_from_curve(struct pl_step *s, const struct pl_stance_curve *c)
{
	double greatest = 0;

	for (size_t k = c->on; k < c->off; k++)
		greatest = fmax(greatest, c->force_n[k]);
	s->onset_s = c->t_s[c->on];
	s->contact_time_s = end_s(c) - s->onset_s;
	s->force_peak_n = greatest;
	s->impulse_ns = impulse(c);
	loading(s, c, first_peak(c, greatest, s->onset_s + FIRST_PEAK_UNTIL * s->contact_time_s));
}
