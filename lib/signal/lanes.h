/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sums over neighbouring cells, two at a time. An addition waits for the one before it, so four
 * sums run side by side and are joined in the end, in an order that is written down here: the
 * same bits with every compiler. Private to lib/signal.
 */
#ifndef PL_SIGNAL_LANES_H
#define PL_SIGNAL_LANES_H

#include <string.h>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

typedef double pl_v2 __attribute__((vector_size(16)));

static inline pl_v2 pl_v2_load(const double *p)
{
	pl_v2 v;

	memcpy(&v, p, sizeof(v));
	return v;
}

/* No NaN. */
static inline pl_v2 pl_v2_max(pl_v2 a, pl_v2 b)
{
#ifdef __SSE2__
	return (pl_v2)_mm_max_pd((__m128d)a, (__m128d)b);
#else
	return (pl_v2){a[0] > b[0] ? a[0] : b[0], a[1] > b[1] ? a[1] : b[1]};
#endif
}

/* Sums of the values of some cells of a row, and of value * column. */
struct pl_sums {
	double sum, sum_col, peak;
};

/* v: the row; cells c0..c1-1. No NaN, nothing below zero. */
static inline struct pl_sums pl_sum_cells(const double *v, unsigned c0, unsigned c1)
{
	pl_v2 s0 = {0}, s1 = {0}, m0 = {0}, m1 = {0}, top = {0};
	pl_v2 col = {c0, c0 + 1.0}, two = {2, 2}, four = {4, 4};
	struct pl_sums sums;
	unsigned c = c0;

	for (; c + 4 <= c1; c += 4) {
		pl_v2 a = pl_v2_load(v + c), b = pl_v2_load(v + c + 2);

		s0 += a;
		s1 += b;
		m0 += a * col;
		m1 += b * (col + two);
		top = pl_v2_max(top, pl_v2_max(a, b));
		col += four;
	}
	s0 += s1;
	m0 += m1;
	sums.sum = s0[0] + s0[1];
	sums.sum_col = m0[0] + m0[1];
	sums.peak = top[0] > top[1] ? top[0] : top[1];
	for (; c < c1; c++) {
		sums.sum += v[c];
		sums.sum_col += v[c] * c;
		sums.peak = v[c] > sums.peak ? v[c] : sums.peak;
	}
	return sums;
}

static inline double pl_sum_values(const double *v, unsigned n)
{
	pl_v2 s0 = {0}, s1 = {0};
	double sum = 0;
	unsigned c = 0;

	if (n >= 4) {
		for (; c + 4 <= n; c += 4) {
			s0 += pl_v2_load(v + c);
			s1 += pl_v2_load(v + c + 2);
		}
		s0 += s1;
		sum = s0[0] + s0[1];
	}
	for (; c < n; c++)
		sum += v[c];
	return sum;
}

#endif
