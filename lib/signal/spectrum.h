/* SPDX-License-Identifier: Apache-2.0 */
/* Power spectrum of a curve of any length, in double precision. Private to lib/signal. */
#ifndef PL_SIGNAL_SPECTRUM_H
#define PL_SIGNAL_SPECTRUM_H

#include <stddef.h>

/* Bins of a segment of that many samples: frequencies k rate / segment, k = 0..segment/2. */
static inline size_t pl_spectrum_bins(size_t segment)
{
	return segment / 2 + 1;
}

/*
 * Welch (1967): x[n] in segments that overlap by half, each without its mean and under a Hann
 * window (periodic), squared and averaged; one-sided density, unit^2/Hz. A rest at the end that
 * fills no segment is not used. power: [pl_spectrum_bins(segment)]. 1 <= segment <= n. -1: no
 * memory.
 */
int pl_spectrum_welch(const double *x, size_t n, size_t segment, double rate_hz, double *power);

#endif
