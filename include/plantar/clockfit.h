/* SPDX-License-Identifier: Apache-2.0 */
/*
 * When was a frame sampled? The host sees its last byte late by transport and scheduling: never
 * early. The device's clock (or, without one, its frame counter at the nominal rate) is even but
 * drifts. The fit follows the lower envelope of host time over device time with a bounded drift,
 * and returns the estimated sampling time on the host's monotonic clock. Causal, O(1) a frame,
 * monotone within an epoch, never later than the arrival stamp. The raw stamps are kept beside it.
 */
#ifndef PLANTAR_CLOCKFIT_H
#define PLANTAR_CLOCKFIT_H

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct pl_clockfit {
	double nominal_period_ns; /* used when frames carry no device time */
	int64_t t0_device_ns, t0_mono_ns;
	double offset_ns; /* host - device at t0, the envelope */
	double drift;	  /* host ns per device ns, minus 1; bounded to +-500 ppm */
	int64_t last_est_ns;
	/* windowed minima that carry the drift estimate; see clockfit.c */
	int64_t window_start_ns, window_min_at_ns;
	double window_min_ns;
	int64_t previous_min_at_ns;
	double previous_min_ns;
	uint64_t windows;
	bool started, window_open;
};

/* rate_hz <= 0: unknown; then frames without device time get t_est = t_mono. */
void pl_clockfit_init(struct pl_clockfit *fit, double rate_hz);

/* One frame: t_device_ns or INT64_MIN, its seq within the epoch, its arrival. Returns t_est_ns. */
int64_t pl_clockfit_push(struct pl_clockfit *fit, int64_t t_device_ns, uint64_t seq,
			 int64_t t_mono_ns);

#ifdef __cplusplus
}
#endif
#endif
