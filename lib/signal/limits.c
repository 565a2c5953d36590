/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A figure of 50 frames a second, of cells of a centimetre, or of cells at full scale can be
 * computed, and looks like any other. What it takes for each of them is written down here,
 * conservatively: rates so that one frame is at most 10 % (sure: 4 %) of what is timed, pitches
 * so that a cell is at most 10 % (sure: 4 %) of what is measured.
 */
#include <math.h>
#include <string.h>

#include "limits.h"

static const struct pl_limit limits[] = {
	/* rate: null, indicative	pitch: null, indicative		saturated: null, indicative
	 */
	{"contact_time_s", 20, 50, 0, 0, 100, 100},
	{"force_peak", 20, 50, 0, 0, 10, 0},
	{"impulse", 20, 50, 0, 0, 10, 0},
	{"first_peak", 50, 100, 0, 0, 10, 0},
	{"loading_rate_avg", 50, 100, 0, 0, 2, 0},
	{"loading_rate_max", 200, 500, 0, 0, 2, 0},
	{"strike_index_pct", 50, 100, 0.020, 0.010, 100, 5},
	{"strike_index_first_pct", 50, 100, 0.020, 0.010, 100, 5},
	{"heel_contact_s", 20, 50, 0.020, 0.010, 100, 100},
	{"heel_off_pct", 20, 50, 0.020, 0.010, 100, 100},
	{"rearfoot_cop_time_pct", 20, 50, 0.020, 0.010, 100, 5},
	{"heel_impulse_pct", 20, 50, 0.020, 0.010, 10, 0},
	{"mid_impulse_pct", 20, 50, 0.020, 0.010, 10, 0},
	{"fore_impulse_pct", 20, 50, 0.020, 0.010, 10, 0},
	{"heel_medial_pct", 20, 50, 0.0125, 0.0085, 10, 0},
	{"cop_ml_excursion_mm", 50, 100, 0.0125, 0.0085, 100, 5},
	{"cpei_pct", 20, 50, 0.0125, 0.0085, 100, 5},
	{"arch_index", 0, 0, 0.0125, 0.0085, 100, 100},
	{"foot_progression_deg", 0, 0, 0.020, 0.010, 100, 100},
	{"length_mm", 0, 0, 0.020, 0.010, 100, 100},
	{"width_mm", 0, 0, 0.010, 0.0055, 100, 100},
};

size_t pl_limit_count(void)
{
	return sizeof(limits) / sizeof(limits[0]);
}

const struct pl_limit *pl_limit(size_t i)
{
	return &limits[i];
}

const struct pl_limit *pl_limit_of(const char *base)
{
	for (size_t i = 0; i < pl_limit_count(); i++)
		if (strcmp(limits[i].base, base) == 0)
			return &limits[i];
	return NULL;
}

enum pl_verdict pl_limit_verdict(const struct pl_limit *limit, double rate_hz, double pitch_m,
				 double saturated_pct)
{
	if (!limit)
		return PL_FIGURE_SURE;
	if (rate_hz < limit->rate_min_hz || (limit->pitch_max_m && pitch_m > limit->pitch_max_m) ||
	    saturated_pct > limit->saturated_max_pct)
		return PL_FIGURE_NULL;
	if (rate_hz < limit->rate_sure_hz ||
	    (limit->pitch_sure_m && pitch_m > limit->pitch_sure_m) ||
	    saturated_pct > limit->saturated_sure_pct)
		return PL_FIGURE_INDICATIVE;
	return PL_FIGURE_SURE;
}
