/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sway: a minute of centre of pressure in some twenty figures. Programs disagree about each of
 * them (divisor N or N - 1, which F, which window), so every one is written here as
 * docs/metrics.md defines it and reproduces published tables to rounding. The curve comes as it
 * is to be measured: filtering is the caller's.
 */
#include <math.h>
#include <stdlib.h>

#include <plantar/standing.h>

#include "spectrum.h"

#define SWAY_SAMPLES_MIN 20

/* ---- place ---------------------------------------------------------------------------------- */

/* x without its mean, which is returned. The first value goes first, so that a curve that does
 * not move becomes exactly 0. */
static double without_mean(const double *x, size_t n, double *out)
{
	double sum = 0;

	for (size_t i = 0; i < n; i++)
		sum += x[i] - x[0];
	for (size_t i = 0; i < n; i++)
		out[i] = x[i] - x[0] - sum / (double)n;
	return x[0] + sum / (double)n;
}

static double distance(const double *ap, const double *ml, size_t i)
{
	return ml ? hypot(ap[i], ml[i]) : fabs(ap[i]);
}

static double step(const double *ap, const double *ml, size_t i)
{
	return ml ? hypot(ap[i] - ap[i - 1], ml[i] - ml[i - 1]) : fabs(ap[i] - ap[i - 1]);
}

/* Path, distances; b NULL: of one axis. Both without their means. */
static void measure_place(const double *a, const double *b, size_t n, struct pl_sway_figures *f)
{
	double squares = 0, distances = 0, low = a[0], high = a[0];

	f->path_mm = 0;
	for (size_t i = 0; i < n; i++) {
		double d = distance(a, b, i);

		squares += d * d;
		distances += d;
		low = fmin(low, a[i]);
		high = fmax(high, a[i]);
		if (i > 0)
			f->path_mm += step(a, b, i);
	}
	f->rms_mm = sqrt(squares / (double)n);
	f->mean_distance_mm = distances / (double)n;
	f->range_mm = b ? NAN : high - low;
}

/* Prieto et al. 1996: the circle, or the to and fro, of the mean distance that is as long. */
static void measure_speed(struct pl_sway_figures *f, size_t n, double rate_hz, bool axis)
{
	double per_second = f->path_mm * rate_hz / (double)(n - 1);
	double turn = axis ? 4 * M_SQRT2 : 2 * M_PI;

	f->mean_velocity_mm_s = axis ? per_second : f->path_mm * rate_hz / (double)n;
	f->mean_frequency_prieto_hz =
		f->mean_distance_mm > 0 ? per_second / (turn * f->mean_distance_mm) : NAN;
}

/* ---- ellipse -------------------------------------------------------------------------------- */

/* F_0.95(2, d): with two degrees of freedom above, the quantile has a closed form. */
static double f_95(double d)
{
	return d / 2 * expm1(-2 / d * log(0.05)); /* 0.05^(-2/d) - 1, all digits kept */
}

/* 95 % prediction ellipse (Schubert & Kirchner 2014): the next sample lies in it in 95 of 100
 * cases. ap and ml without their means. */
static void measure_ellipse(struct pl_sway *s, const double *ap, const double *ml, size_t samples)
{
	double aa = 0, mm = 0, am = 0, n = (double)samples, scale, mean, reach, least;

	for (size_t i = 0; i < samples; i++) {
		aa += ap[i] * ap[i];
		mm += ml[i] * ml[i];
		am += ap[i] * ml[i];
	}
	aa /= n - 1;
	mm /= n - 1;
	am /= n - 1;
	scale = 2 * (n - 1) * (n + 1) / (n * (n - 2)) * f_95(n - 2);
	mean = (aa + mm) / 2;
	reach = hypot((aa - mm) / 2, am);
	least = fmax(aa * mm - am * am, 0);
	s->area_95_mm2 = M_PI * scale * sqrt(least);
	least = mean + reach > 0 ? least / (mean + reach)
				 : 0; /* product of both over the greater */
	s->ellipse_major_mm = sqrt(scale * (mean + reach));
	s->ellipse_minor_mm = sqrt(scale * least);
	s->ellipse_angle_deg = reach > 0 ? 90 / M_PI * atan2(2 * am, aa - mm) : NAN;
}

/* ---- spectrum ------------------------------------------------------------------------------- */

struct spectrum {
	size_t bins;
	double width_hz;
	double *ap, *ml, *both;
};

static double bin_sum(const double *power, size_t bins)
{
	double sum = 0;

	for (size_t k = 0; k < bins; k++)
		sum += power[k];
	return sum;
}

/* Centroid of f P over P, both by trapezoids, the zero bin included. */
static double centroid_hz(const struct spectrum *s, const double *power)
{
	double over = 0, under = 0;

	for (size_t k = 1; k < s->bins; k++) {
		double f = (double)k * s->width_hz;

		over += (f * power[k] + (f - s->width_hz) * power[k - 1]) / 2;
		under += (power[k] + power[k - 1]) / 2;
	}
	return under > 0 ? over / under : NAN;
}

/* First bin at which the cumulative trapezoid reaches the share of the whole. */
static double reached_hz(const struct spectrum *s, const double *power, double share)
{
	double whole = 0, sum = 0;
	size_t k = 0;

	for (size_t i = 1; i < s->bins; i++)
		whole += (power[i] + power[i - 1]) / 2;
	if (!(whole > 0))
		return NAN;
	while (k + 1 < s->bins && sum < share * whole) {
		k++;
		sum += (power[k] + power[k - 1]) / 2;
	}
	return (double)k * s->width_hz;
}

static void read_spectrum(const struct spectrum *s, const double *power, struct pl_sway_figures *f)
{
	f->mean_frequency_hz = centroid_hz(s, power);
	f->f50_hz = reached_hz(s, power, 0.50);
	f->f95_hz = reached_hz(s, power, 0.95);
}

static double weighted(double f_hz, double power)
{
	return power > 0 ? f_hz * power : 0; /* an axis that does not move has no frequency */
}

static void read_spectra(struct pl_sway *sway, const struct spectrum *s)
{
	double ap = bin_sum(s->ap, s->bins), ml = bin_sum(s->ml, s->bins);

	for (size_t k = 0; k < s->bins; k++)
		s->both[k] = s->ap[k] + s->ml[k];
	read_spectrum(s, s->ap, &sway->ap);
	read_spectrum(s, s->ml, &sway->ml);
	read_spectrum(s, s->both, &sway->both);
	sway->both.mean_frequency_hz = ap + ml > 0 ? (weighted(sway->ap.mean_frequency_hz, ap) +
						      weighted(sway->ml.mean_frequency_hz, ml)) /
							     (ap + ml)
						   : NAN;
}

static int measure_spectrum(struct pl_sway *sway, const double *ap, const double *ml, size_t n,
			    double rate_hz)
{
	size_t segment = n / 2;
	struct spectrum s = {.bins = pl_spectrum_bins(segment),
			     .width_hz = rate_hz / (double)segment};
	int result = -1;

	s.ap = malloc(3 * s.bins * sizeof(*s.ap));
	if (!s.ap)
		return -1;
	s.ml = s.ap + s.bins;
	s.both = s.ml + s.bins;
	if (pl_spectrum_welch(ap, n, segment, rate_hz, s.ap) == 0 &&
	    pl_spectrum_welch(ml, n, segment, rate_hz, s.ml) == 0) {
		read_spectra(sway, &s);
		result = 0;
	}
	free(s.ap);
	return result;
}

/* ---- all ------------------------------------------------------------------------------------ */

static bool all_finite(const double *x, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (!isfinite(x[i]))
			return false;
	return true;
}

int pl_sway_compute(const double *ap_mm, const double *ml_mm, size_t n, double rate_hz,
		    struct pl_sway *sway, struct pl_error *err)
{
	double *ap, *ml;
	int result;

	if (n < SWAY_SAMPLES_MIN)
		return pl_error_set(err, PL_EUSAGE, 0, "sway needs at least %d samples, not %zu",
				    SWAY_SAMPLES_MIN, n);
	if (!(rate_hz > 0 && isfinite(rate_hz)))
		return pl_error_set(err, PL_EUSAGE, 0, "sway needs a sampling rate");
	if (!all_finite(ap_mm, n) || !all_finite(ml_mm, n))
		return pl_error_set(err, PL_EUSAGE, 0, "the centre of pressure has holes");
	ap = malloc(2 * n * sizeof(*ap));
	if (!ap)
		return pl_error_set(err, PL_ENOMEM, 0, "out of memory for %zu samples of sway", n);
	ml = ap + n;
	*sway = (struct pl_sway){.samples = n, .rate_hz = rate_hz};
	sway->mean_ap_mm = without_mean(ap_mm, n, ap);
	sway->mean_ml_mm = without_mean(ml_mm, n, ml);
	measure_place(ap, ml, n, &sway->both);
	measure_place(ap, NULL, n, &sway->ap);
	measure_place(ml, NULL, n, &sway->ml);
	measure_speed(&sway->both, n, rate_hz, false);
	measure_speed(&sway->ap, n, rate_hz, true);
	measure_speed(&sway->ml, n, rate_hz, true);
	sway->mean_velocity_n1_mm_s = sway->both.path_mm * rate_hz / (double)(n - 1);
	measure_ellipse(sway, ap, ml, n);
	result = measure_spectrum(sway, ap, ml, n, rate_hz);
	free(ap);
	if (result < 0)
		return pl_error_set(err, PL_ENOMEM, 0, "out of memory for %zu samples of sway", n);
	return 0;
}
