/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Student's t without a statistics library (the permissive ones do not have it, the others do not
 * fit our licence): the incomplete beta function as its continued fraction, evaluated by the
 * modified Lentz method, and a bisection for the inverse, which cannot fail to converge.
 */
#include <math.h>
#include <stdlib.h>

#include <plantar/stats.h>

#define TERMS 10000 /* the fraction needs some sqrt(df) of them */
#define TINY 1e-300
#define BISECTIONS 200

/* Continued fraction of the incomplete beta function, for x < (a + 1)/(a + b + 2) (Abramowitz &
 * Stegun 26.5.8). */
static double beta_fraction(double a, double b, double x)
{
	double c = 1, d = 1 - (a + b) * x / (a + 1), f;

	d = 1 / (fabs(d) < TINY ? TINY : d);
	f = d;
	for (int m = 1; m < TERMS; m++) {
		double even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m));
		double odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1));
		double step;

		d = 1 + even * d;
		c = 1 + even / c;
		d = 1 / (fabs(d) < TINY ? TINY : d);
		c = fabs(c) < TINY ? TINY : c;
		f *= d * c;
		d = 1 + odd * d;
		c = 1 + odd / c;
		d = 1 / (fabs(d) < TINY ? TINY : d);
		c = fabs(c) < TINY ? TINY : c;
		step = d * c;
		f *= step;
		if (fabs(step - 1) < 1e-16)
			break;
	}
	return f;
}

/* I_x(a, b); y is 1 - x, given apart so that it keeps its digits. */
static double beta_regularised(double a, double b, double x, double y)
{
	int sign; /* lgamma_r: no global sign */
	double front;

	if (x <= 0 || y <= 0)
		return x <= 0 ? 0 : 1;
	front = exp(lgamma_r(a + b, &sign) - lgamma_r(a, &sign) - lgamma_r(b, &sign) + a * log(x) +
		    b * log(y));
	if (x < (a + 1) / (a + b + 2))
		return front * beta_fraction(a, b, x) / a;
	return 1 - front * beta_fraction(b, a, y) / b;
}

/* P(T > t), t >= 0. */
static double upper_tail(double t, double df)
{
	double whole = df + t * t;

	if (!isfinite(df))
		return 0.5 * erfc(t / sqrt(2));
	return 0.5 * beta_regularised(0.5 * df, 0.5, df / whole, t * t / whole);
}

double pl_t_quantile(double p, double df)
{
	double tail = p < 0.5 ? p : 1 - p, low = 0, high = 1;

	if (!(p > 0 && p < 1) || !(df > 0))
		return NAN;
	while (upper_tail(high, df) > tail && high < 1e150)
		high *= 2;
	for (int i = 0; i < BISECTIONS; i++) {
		double middle = 0.5 * (low + high);

		if (middle <= low || middle >= high)
			break;
		if (upper_tail(middle, df) > tail)
			low = middle;
		else
			high = middle;
	}
	return p < 0.5 ? -high : p == 0.5 ? 0 : high;
}

struct pl_sample pl_sample_of(const double *values, size_t n)
{
	struct pl_sample s = {.mean = 0, .sd = 0};

	for (size_t i = 0; i < n; i++) {
		if (isnan(values[i]))
			continue;
		s.mean += values[i];
		s.n++;
	}
	s.mean = s.n ? s.mean / (double)s.n : NAN;
	for (size_t i = 0; i < n; i++)
		if (!isnan(values[i]))
			s.sd += (values[i] - s.mean) * (values[i] - s.mean);
	s.sd = s.n > 1 ? sqrt(s.sd / (double)(s.n - 1)) : NAN;
	return s;
}

/* Sum of squares about the mean; a single value has none. */
static double squares(const struct pl_sample *s)
{
	return s->n > 1 ? s->sd * s->sd * (double)(s->n - 1) : 0;
}

double pl_detectable_difference(const struct pl_sample *a, const struct pl_sample *b, double *df)
{
	double within;

	*df = (double)a->n + (double)b->n - 2;
	if (!a->n || !b->n || !(*df >= 1))
		return NAN;
	within = sqrt((squares(a) + squares(b)) / *df);
	return pl_t_quantile(0.975, *df) * within * sqrt(1 / (double)a->n + 1 / (double)b->n);
}

double pl_detectable_between_days(double sd, double df)
{
	return pl_t_quantile(0.975, df) * sd * sqrt(2);
}

static int ascending(const void *a, const void *b)
{
	double p = *(const double *)a, q = *(const double *)b;

	return (p > q) - (p < q);
}

double pl_quantile(double *values, size_t n, double share)
{
	double rank;
	size_t at;

	if (n == 0)
		return NAN;
	rank = share * (double)(n - 1);
	at = (size_t)rank;
	qsort(values, n, sizeof(*values), ascending);
	if (at + 1 >= n)
		return values[n - 1];
	return values[at] + (rank - (double)at) * (values[at + 1] - values[at]);
}
