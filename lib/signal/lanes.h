/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sums over neighbouring cells, two at a time. An addition waits for the one before it, so four
 * sums run side by side and are joined in the end, in an order that is written down here: the
 * same bits with every compiler. Private to lib/signal.
 */
#ifndef PL_SIGNAL_LANES_H
#define PL_SIGNAL_LANES_H

#include <float.h>
#include <stdbool.h>
#include <stdint.h>
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

/* 0 for what is not a number, not above 0 or infinite. */
static inline pl_v2 pl_v2_clean(pl_v2 v)
{
#ifdef __SSE2__
	__m128d good = _mm_and_pd(_mm_cmpgt_pd((__m128d)v, _mm_setzero_pd()),
				  _mm_cmple_pd((__m128d)v, _mm_set1_pd(DBL_MAX)));

	return (pl_v2)_mm_and_pd((__m128d)v, good);
#else
	return (pl_v2){v[0] > 0 && v[0] <= DBL_MAX ? v[0] : 0,
		       v[1] > 0 && v[1] <= DBL_MAX ? v[1] : 0};
#endif
}

/* Bit 0 and bit 1: which are above the limit. */
static inline unsigned pl_v2_above(pl_v2 v, double limit)
{
#ifdef __SSE2__
	return (unsigned)_mm_movemask_pd(_mm_cmpgt_pd((__m128d)v, _mm_set1_pd(limit)));
#else
	return (v[0] > limit) | (v[1] > limit) << 1;
#endif
}

/* Are eight of them plain zero? */
static inline bool pl_zeros(const double *v)
{
#ifdef __SSE2__
	const __m128i *p = (const __m128i *)v;
	__m128i a = _mm_or_si128(_mm_loadu_si128(p), _mm_loadu_si128(p + 1));
	__m128i b = _mm_or_si128(_mm_loadu_si128(p + 2), _mm_loadu_si128(p + 3));
	__m128i zero = _mm_cmpeq_epi8(_mm_or_si128(a, b), _mm_setzero_si128());

	return _mm_movemask_epi8(zero) == 0xFFFF;
#else
	uint64_t w[8];

	memcpy(w, v, sizeof(w));
	return !((w[0] | w[1] | w[2] | w[3]) | (w[4] | w[5] | w[6] | w[7]));
#endif
}

/* Four raw cells of 16 bits. */
static inline void pl_v2_from_u16(const void *raw, pl_v2 v[2])
{
#ifdef __SSE2__
	__m128i wide = _mm_unpacklo_epi16(_mm_loadl_epi64(raw), _mm_setzero_si128());

	v[0] = (pl_v2)_mm_cvtepi32_pd(wide);
	v[1] = (pl_v2)_mm_cvtepi32_pd(_mm_unpackhi_epi64(wide, wide));
#else
	uint16_t cell[4];

	memcpy(cell, raw, sizeof(cell));
	v[0] = (pl_v2){cell[0], cell[1]};
	v[1] = (pl_v2){cell[2], cell[3]};
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
