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

#define PL_CLOCKFIT_WINDOWS 64 /* of one second: how far back the envelope reaches */

/* A frame that was hardly delayed: the device's time since t0, and host minus device there. */
struct pl_clockfit_point {
	double at_ns, over_ns;
};

/* Read what you like, write nothing: all of it is set by the functions below. */
struct pl_clockfit {
	double nominal_period_ns; /* used when frames carry no device time; 0 if unknown */
	double scale;	  /* real over nominal clock rate: 1 unless that is off by > 500 ppm */
	double drift;	  /* what remains: host ns per device ns minus 1, within 500 ppm */
	double offset_ns; /* host - device at t0, the envelope */
	int64_t t0_device, t0_mono_ns; /* device: ns, or a count of frames */
	int64_t last_device, last_est_ns;
	struct pl_clockfit_point points[PL_CLOCKFIT_WINDOWS]; /* the lowest of each window */
	unsigned n_points;
	struct pl_clockfit_point lowest; /* of the window that is open */
	double lowest_residual_ns, window_at_ns;
	int64_t window_mono_ns, checked_mono_ns;
	unsigned late;	   /* windows in a row that were all above the envelope */
	unsigned unusable; /* checks in a row that found no running clock */
	int off_rate;	   /* windows in a row whose clock is far too slow (+) or fast (-) */
	double off_host_ns, off_device_ns; /* how long those took by either clock */
	bool started, by_device;
};

/* rate_hz <= 0: unknown; then frames without device time get t_est = t_mono. */
void pl_clockfit_init(struct pl_clockfit *fit, double rate_hz);

/*
 * One frame: t_device_ns or INT64_MIN, its seq within the epoch, its arrival. Returns t_est_ns. A
 * device time or seq that runs backwards is a device that was reset: the fit starts again, keeping
 * what it knows of the drift. A clock that stands still, or is off by more than a factor of five,
 * is not believed: t_est = t_mono. One thread per fit.
 */
int64_t pl_clockfit_push(struct pl_clockfit *fit, int64_t t_device_ns, uint64_t seq,
			 int64_t t_mono_ns);

#ifdef __cplusplus
}
#endif
#endif
