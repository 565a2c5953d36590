/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How large a difference must be before it can be told from the measurement's own repeatability,
 * and what goes into that. Pure; NaN where nothing can be said.
 */
#ifndef PLANTAR_STATS_H
#define PLANTAR_STATS_H

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * t with P(T < t) = p for Student's t distribution, df > 0 (need not be whole, INFINITY: normal),
 * 0 < p < 1; about 1e-12 relative. The distribution function is the regularised incomplete beta
 * function (Abramowitz & Stegun 26.7.1), inverted by bisection.
 */
double pl_t_quantile(double p, double df);

struct pl_sample {
	size_t n;
	double mean, sd; /* mean NaN without values; sd with n - 1, NaN below two */
};
/* Two passes; values that are NaN are left out. */
struct pl_sample pl_sample_of(const double *values, size_t n);
/* Sorts values[n], which must not be NaN; the value below which share (0..1) of them lie, linear
 * between the nearest ranks (numpy's default). NaN without values. */
double pl_quantile(double *values, size_t n, double share);

/*
 * Of two means of nA and nB values: t(0.975, nA + nB - 2) s_within sqrt(1/nA + 1/nB), s_within
 * pooled from both; *df. NaN if one is empty or both have a single value.
 */
double pl_detectable_difference(const struct pl_sample *a, const struct pl_sample *b, double *df);
/* Of two sessions of a person whose figures differ from day to day with sd (known with df
 * degrees of freedom): t(0.975, df) sd sqrt(2). */
double pl_detectable_between_days(double sd, double df);

#ifdef __cplusplus
}
#endif
#endif
