/* SPDX-License-Identifier: Apache-2.0 */
/* What the files about steps share. Private to lib/signal. */
#ifndef PL_SIGNAL_GAIT_PRIVATE_H
#define PL_SIGNAL_GAIT_PRIVATE_H

#include <plantar/gait.h>

/* The force of one stance. Samples before `on` are from before the onset, as far as they are
 * known; [on, off) is the stance. */
struct pl_stance_curve {
	const double *t_s, *force_n; /* [n] */
	size_t n, on, off;	     /* on < off <= n; off == n: nothing is known of the end */
	double interval_s;	     /* how long the last frame lasts then */
};

/* Every figure of a step to NaN, foot to -1. */
void pl_step_clear(struct pl_step *s);
/* What this rate, this pitch and these saturated cells cannot tell becomes NaN. Of figures that are
 * set after pl_gait_add it has to be asked again. */
void pl_step_keep_to_limits(const struct pl_gait *g, struct pl_step *s);
/* onset_s, contact_time_s, force_peak_n, impulse_ns, first_peak_n, loading rates. */
void pl_step_from_curve(struct pl_step *s, const struct pl_stance_curve *c);

#endif
