/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One cell from raw counts to pressure: the formula of plantar/calibration.h, in one place, so
 * that a whole frame (calibration.c) and a frame of which only the loaded cells are looked at
 * (reader.c) give the same bits. Private to lib/signal.
 */
#ifndef PL_SIGNAL_CONVERT_H
#define PL_SIGNAL_CONVERT_H

#include <float.h>

#include <plantar/calibration.h>

/* Linear between points, the last slope beyond, 0 below the first. */
static inline double pl_curve_at(const struct pl_calibration *cal, double counts)
{
	unsigned last = cal->curve_points - 1, lo = 0, hi = last;

	if (!(counts >= cal->curve_counts[0]))
		return 0.0;
	while (hi - lo > 1) {
		unsigned mid = (lo + hi) / 2;

		if (counts < cal->curve_counts[mid])
			hi = mid;
		else
			lo = mid;
	}
	return cal->curve_value[lo] + (counts - cal->curve_counts[lo]) *
					      (cal->curve_value[hi] - cal->curve_value[lo]) /
					      (cal->curve_counts[hi] - cal->curve_counts[lo]);
}

/* kPa (or counts) of one unit of the calibration. */
static inline double pl_to_pressure(const struct pl_calibration *cal, const struct pl_geometry *g)
{
	return cal->unit == PL_UNIT_N ? 1e-3 / pl_cell_area_m2(g) : 1.0;
}

/* What one linearised count is worth, after the floor; k: pl_to_pressure(). A NaN fails the
 * comparison: 0. */
static inline double pl_convert(const struct pl_calibration *cal, double lin, double k)
{
	double v = cal->curve_points ? pl_curve_at(cal, lin) : cal->scale * lin;

	return v >= cal->noise_floor && v >= DBL_MIN ? v * k : 0.0;
}

static inline double pl_linearise(const struct pl_calibration *cal, size_t i, double raw)
{
	if (cal->tare)
		raw -= cal->tare[i];
	if (cal->cell_offset)
		raw -= cal->cell_offset[i];
	return cal->cell_gain ? raw * cal->cell_gain[i] : raw;
}

static inline bool pl_usable(const struct pl_calibration *cal, size_t i)
{
	return !cal->cell_state || cal->cell_state[i] == PL_CELL_OK;
}

#endif
