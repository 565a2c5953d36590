/* SPDX-License-Identifier: Apache-2.0 */
/* Butterworth low-pass filters of order 2: causal for live curves, zero-lag for whole ones.
 * Private to lib/signal. */
#ifndef PL_SIGNAL_FILTER_H
#define PL_SIGNAL_FILTER_H

#include <stdbool.h>
#include <stddef.h>

struct pl_biquad {
	double b0, b1, b2, a1, a2; /* a0 = 1 */
	bool on;		   /* false: no rate, or the cut-off is not below half of it */
};

struct pl_biquad_state {
	double x1, x2, y1, y2;
	bool running;
};

void pl_biquad_lowpass(struct pl_biquad *f, double cutoff_hz, double rate_hz);
/* NaN if the filter is off or x is NaN; a NaN ends the run. The first value of a run is taken as
 * having been there for ever, so that the curve starts at the value and not at zero. */
double pl_biquad_step(const struct pl_biquad *f, struct pl_biquad_state *s, double x);
static inline void pl_biquad_break(struct pl_biquad_state *s)
{
	s->running = false;
}

/*
 * x[n], without gaps, low-passed in place, forward and then backward: no delay, order 4 in effect,
 * and -3 dB at cutoff_hz, for which each pass has the cut-off
 *	fc' = atan(tan(pi fc / fs) / (sqrt 2 - 1)^(1/4)) fs / pi
 * (Winter, Biomechanics and Motor Control of Human Movement, 2009, prewarped).
 *
 * Ends: before the first and after the last value stand PL_FILTER_PAD more (n - 1 when n is
 * smaller), the curve's own turned by 180 degrees about its end, x[-i] = 2 x[0] - x[i], and each
 * pass starts as if its first value had always been there. scipy.signal.filtfilt does the same
 * unless told otherwise. The first and last 0.3 / cutoff_hz seconds still depend on that guess.
 *
 * 0, or -1 with x untouched: no rate, a cut-off that is not between 0 and half of it, or a value
 * that is no finite number. No allocation.
 */
#define PL_FILTER_PAD 9
int pl_filter_zero_lag(double *x, size_t n, double rate_hz, double cutoff_hz);

#endif
