/* SPDX-License-Identifier: Apache-2.0 */
/* A causal low-pass for live curves: Butterworth, order 2. Private to lib/signal. */
#ifndef PL_SIGNAL_FILTER_H
#define PL_SIGNAL_FILTER_H

#include <stdbool.h>

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

#endif
