/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A frame arrives late by what the transport and the scheduler add, never early; an FTDI adapter
 * alone adds up to 16 ms, and hands over all frames of that time at once. Plot host minus device
 * time over device time: the frames that were hardly delayed lie on a line whose slope is the
 * drift of the two clocks, all others above it. That line is what we follow.
 *
 * Of each second only the lowest frame is kept. The line is the edge of the lower convex hull of
 * the last 64 of them that spans their middle: of all lines below every point, it has the smallest
 * mean distance to them (Zhang, Liu, Xia: Clock synchronization algorithms for network
 * measurements, INFOCOM 2002). The hull is rebuilt once a second; a frame costs a few operations.
 *
 * Crystals are within 500 ppm, so the slope is. What cannot be drift is one of these:
 *  - a frame far below the line, or device time running backwards: another time base. Start again.
 *  - seconds on end above the line: frames were lost that nobody counted, or a longer delay is here
 *    to stay. What was before is forgotten.
 *  - a steady slope beyond 500 ppm: the nominal rate is wrong, or the device runs on an RC
 *    oscillator. The measured rate takes its place.
 *  - a clock that stands still or is off by more than a factor of five: it is not one.
 */
#include <plantar/clockfit.h>

#include <math.h>
#include <string.h>

#define WINDOW_NS 1e9
#define DRIFT_MAX 500e-6
#define LEAP_NS 50e6	/* further below the line than this is another time base */
#define LATE_NS 250e6	/* a whole window later than this is no transport delay */
#define STEP_NS 20e6	/* longer than an FTDI adapter can hold a frame back */
#define STEP_MIN_NS 1e6 /* counted frames: half a period, but not less than this */
#define STEP_WINDOWS 6	/* so many windows in a row above the line are no accident */
#define MAX_AGE_NS 90e9 /* points from before a long pause say nothing any more */
#define SLOPE_POINTS 4	/* fewer minima than this are noise, not a slope */
#define OFF_RATE 0.035	/* more than 16 ms of jitter at both ends of a second can do */
#define OFF_WINDOWS 3
#define UNUSABLE_CHECKS 3 /* a second apart */
#define RATIO_MAX 5.0

void pl_clockfit_init(struct pl_clockfit *fit, double rate_hz)
{
	*fit = (struct pl_clockfit){
		.nominal_period_ns = rate_hz > 0 ? 1e9 / rate_hz : 0,
		.scale = 1,
		.last_est_ns = INT64_MIN,
	};
	if (!isfinite(fit->nominal_period_ns))
		fit->nominal_period_ns = 0;
}

static double line_at(const struct pl_clockfit *fit, double at_ns)
{
	return fit->offset_ns + fit->drift * at_ns;
}

static void open_window(struct pl_clockfit *fit, double at_ns, int64_t t_mono_ns)
{
	fit->window_at_ns = at_ns;
	fit->window_mono_ns = fit->checked_mono_ns = t_mono_ns;
	fit->lowest_residual_ns = INFINITY;
}

/* The line through this frame, with the slope that is known so far. */
static void start(struct pl_clockfit *fit, int64_t device, int64_t t_mono_ns)
{
	fit->started = true;
	fit->t0_device = device;
	fit->t0_mono_ns = t_mono_ns;
	fit->offset_ns = 0;
	fit->n_points = 0;
	fit->late = 0;
	fit->off_rate = 0;
	open_window(fit, 0, t_mono_ns);
}

static void rescale(struct pl_clockfit *fit, double ratio, int64_t device, int64_t t_mono_ns)
{
	fit->scale = fmax(1 / RATIO_MAX, fmin(RATIO_MAX, fit->scale * ratio));
	fit->drift = 0;
	start(fit, device, t_mono_ns);
}

static double slope_between(const struct pl_clockfit_point *a, const struct pl_clockfit_point *b)
{
	return (b->over_ns - a->over_ns) / (b->at_ns - a->at_ns);
}

/* Slope of the edge of the points' lower convex hull that spans their mean. n >= 2. */
static double hull_slope(const struct pl_clockfit_point *points, unsigned n)
{
	const struct pl_clockfit_point *hull[PL_CLOCKFIT_WINDOWS];
	unsigned m = 0, edge = 1;
	double mean_ns = 0;

	for (unsigned i = 0; i < n; i++) {
		while (m >= 2 && slope_between(hull[m - 1], &points[i]) <=
					 slope_between(hull[m - 2], hull[m - 1]))
			m--;
		hull[m++] = &points[i];
		mean_ns += points[i].at_ns / n;
	}
	while (edge < m - 1 && hull[edge]->at_ns < mean_ns)
		edge++;
	return slope_between(hull[edge - 1], hull[edge]);
}

static void refit(struct pl_clockfit *fit)
{
	fit->offset_ns = INFINITY;
	if (fit->n_points >= SLOPE_POINTS)
		fit->drift =
			fmax(-DRIFT_MAX, fmin(DRIFT_MAX, hull_slope(fit->points, fit->n_points)));
	for (unsigned i = 0; i < fit->n_points; i++)
		fit->offset_ns = fmin(fit->offset_ns,
				      fit->points[i].over_ns - fit->drift * fit->points[i].at_ns);
}

static void keep_points(struct pl_clockfit *fit, unsigned n)
{
	memmove(fit->points, fit->points + fit->n_points - n, n * sizeof(fit->points[0]));
	fit->n_points = n;
}

static void add_point(struct pl_clockfit *fit)
{
	struct pl_clockfit_point *last = fit->n_points ? &fit->points[fit->n_points - 1] : NULL;
	unsigned old = 0;

	if (last && last->at_ns >= fit->lowest.at_ns) { /* a coarse device clock */
		last->over_ns = fmin(last->over_ns, fit->lowest.over_ns);
		return;
	}
	while (old < fit->n_points && fit->lowest.at_ns - fit->points[old].at_ns > MAX_AGE_NS)
		old++;
	if (fit->n_points - old == PL_CLOCKFIT_WINDOWS)
		old++;
	keep_points(fit, fit->n_points - old);
	fit->points[fit->n_points++] = fit->lowest;
}

/* Does a third of the history later always show the same slope, beyond the bound? A step does not.
 */
static bool steadily_off(const struct pl_clockfit *fit, double *slope)
{
	unsigned third = fit->n_points / 3, pairs = fit->n_points - third;

	if (fit->n_points < STEP_WINDOWS)
		return false;
	*slope = slope_between(&fit->points[0], &fit->points[fit->n_points - 1]);
	for (unsigned i = 0; i < pairs; i++) {
		double s = slope_between(&fit->points[i], &fit->points[i + third]);

		if (fabs(s) <= DRIFT_MAX || (s > 0) != (*slope > 0))
			return false;
	}
	return true;
}

/* Three seconds in a row off by percents: no need to wait for a history. */
static bool far_off(struct pl_clockfit *fit, double host_ns, double device_ns)
{
	double off = host_ns / device_ns - 1;
	int sign = off > OFF_RATE ? 1 : off < -OFF_RATE ? -1 : 0;

	if (sign == 0 || sign * fit->off_rate <= 0)
		fit->off_rate = 0;
	if (fit->off_rate == 0)
		fit->off_host_ns = fit->off_device_ns = 0;
	fit->off_rate += sign;
	fit->off_host_ns += host_ns;
	fit->off_device_ns += device_ns;
	return fit->off_rate * sign >= OFF_WINDOWS;
}

static void forget_what_cannot_hold(struct pl_clockfit *fit)
{
	double step_ns = STEP_NS;

	if (!fit->by_device)
		step_ns = fmax(STEP_MIN_NS, fit->nominal_period_ns * fit->scale / 2);
	fit->late = fit->lowest_residual_ns > step_ns ? fit->late + 1 : 0;
	if (fit->lowest_residual_ns > LATE_NS)
		keep_points(fit, 1);
	else if (fit->late >= STEP_WINDOWS && fit->n_points > STEP_WINDOWS)
		keep_points(fit, STEP_WINDOWS);
}

/* A second has passed; the frame that ended it is at (at_ns, t_mono_ns). */
static void close_window(struct pl_clockfit *fit, int64_t device, double at_ns, int64_t t_mono_ns)
{
	double host_ns = (double)(t_mono_ns - fit->window_mono_ns);
	double device_ns = at_ns - fit->window_at_ns, slope;

	if (device_ns * RATIO_MAX < host_ns || host_ns * RATIO_MAX < device_ns) {
		fit->unusable += fit->unusable < UNUSABLE_CHECKS;
		fit->checked_mono_ns = t_mono_ns;
		if (fit->unusable == UNUSABLE_CHECKS)
			start(fit, device, t_mono_ns);
		return; /* else wait: after a pause the backlog is still to come */
	}
	fit->unusable = 0;
	if (far_off(fit, host_ns, device_ns)) {
		rescale(fit, fit->off_host_ns / fit->off_device_ns, device, t_mono_ns);
		return;
	}
	add_point(fit);
	if (steadily_off(fit, &slope)) {
		rescale(fit, 1 + slope, device, t_mono_ns);
		return;
	}
	forget_what_cannot_hold(fit);
	refit(fit);
	open_window(fit, at_ns, t_mono_ns);
}

/* Monotone, never later than the arrival. */
static int64_t settle(struct pl_clockfit *fit, int64_t t_mono_ns, double delay_ns)
{
	int64_t t_est_ns = t_mono_ns;

	if (delay_ns > 0 && fit->unusable < UNUSABLE_CHECKS &&
	    (delay_ns > 1e18 ||
	     __builtin_sub_overflow(t_mono_ns, (int64_t)ceil(delay_ns), &t_est_ns)))
		t_est_ns = fit->last_est_ns;
	if (t_est_ns < fit->last_est_ns)
		t_est_ns = fit->last_est_ns;
	if (t_est_ns > t_mono_ns)
		t_est_ns = t_mono_ns;
	fit->last_est_ns = t_est_ns;
	return t_est_ns;
}

/* Where a frame lies; false if the device's time cannot be set against what was before. */
static bool place(const struct pl_clockfit *fit, int64_t device, int64_t t_mono_ns,
		  struct pl_clockfit_point *p)
{
	double unit_ns = fit->by_device ? fit->scale : fit->nominal_period_ns * fit->scale;
	int64_t device_since, mono_since;

	if (!fit->started || device < fit->last_device ||
	    __builtin_sub_overflow(device, fit->t0_device, &device_since) ||
	    __builtin_sub_overflow(t_mono_ns, fit->t0_mono_ns, &mono_since))
		return false;
	p->at_ns = (double)device_since * unit_ns;
	p->over_ns = (double)mono_since - p->at_ns;
	return p->over_ns - line_at(fit, p->at_ns) >= -LEAP_NS;
}

int64_t pl_clockfit_push(struct pl_clockfit *fit, int64_t t_device_ns, uint64_t seq,
			 int64_t t_mono_ns)
{
	bool by_device = t_device_ns != INT64_MIN;
	int64_t device = by_device ? t_device_ns : (int64_t)seq;
	struct pl_clockfit_point p = {0};
	double residual_ns;

	if (!by_device && fit->nominal_period_ns <= 0) {
		fit->started = false;
		return settle(fit, t_mono_ns, 0);
	}
	if (by_device != fit->by_device) {
		fit->by_device = by_device;
		fit->started = false;
		fit->scale = 1;
		fit->drift = 0;
	}
	if (!place(fit, device, t_mono_ns, &p)) {
		p = (struct pl_clockfit_point){0};
		start(fit, device, t_mono_ns);
	}
	fit->last_device = device;
	residual_ns = p.over_ns - line_at(fit, p.at_ns);
	if (residual_ns < 0) {
		fit->offset_ns += residual_ns;
		residual_ns = 0;
	}
	if (residual_ns <= fit->lowest_residual_ns) {
		fit->lowest_residual_ns = residual_ns;
		fit->lowest = p;
	}
	if ((double)t_mono_ns - (double)fit->checked_mono_ns >= WINDOW_NS)
		close_window(fit, device, p.at_ns, t_mono_ns);
	return settle(fit, t_mono_ns, residual_ns);
}
