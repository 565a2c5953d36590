/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Steps: one stance of one foot in numbers, and what several of them say together. A step comes
 * from a force curve (a plate, an instrumented treadmill: timing and force only) or from a
 * footprint on a mat (then with everything that lies in space). The definitions and their sources
 * stand in docs/metrics.md; NaN where nothing can be said, never 0.
 */
#ifndef PLANTAR_GAIT_H
#define PLANTAR_GAIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <plantar/error.h>
#include <plantar/json.h>
#include <plantar/live.h>

#ifdef __cplusplus
extern "C" {
#endif

enum pl_strike { PL_STRIKE_UNKNOWN, PL_STRIKE_REARFOOT, PL_STRIKE_MIDFOOT, PL_STRIKE_FOREFOOT };
const char *pl_strike_name(enum pl_strike strike); /* "unknown", "rearfoot", ... */

/* Why a step does not count, one bit a reason; 0: accepted. */
enum pl_step_reject {
	PL_REJECT_PARTIAL = 1 << 0,   /* part of the foot was beside the mat */
	PL_REJECT_TWO_FEET = 1 << 1,  /* another foot touched this one */
	PL_REJECT_SATURATED = 1 << 2, /* cells at full scale */
	PL_REJECT_GAP = 1 << 3,	      /* frames are missing in it */
	PL_REJECT_CUT_ONSET = 1 << 4, /* loaded when the recording began */
	PL_REJECT_CUT_END = 1 << 5,   /* loaded when it ended */
	PL_REJECT_OPERATOR = 1 << 6,  /* taken out by a person */
};
#define PL_REJECTS 7
const char *pl_reject_name(unsigned bit); /* of bit 0..PL_REJECTS-1: "partial", ... */

/* One stance. Keys of the JSON are the members' names. */
struct pl_step {
	enum pl_side side;
	unsigned rejected; /* enum pl_step_reject */
	unsigned flags;	   /* the same bits where they are remarked on but do not reject */
	int foot;	   /* index in "feet", -1 without a mat */
	double onset_s, contact_time_s;
	double force_peak_n, impulse_ns;
	double first_peak_n, loading_rate_avg_n_s, loading_rate_max_n_s;
	bool loading_without_peak;   /* no first peak: the average is up to 13 % of stance */
	bool loading_max_indicative; /* rate between 200 and 500 Hz */
	/* footprints only */
	enum pl_strike strike;
	double strike_index_pct, strike_index_first_pct;
	double heel_contact_s, heel_off_pct, rearfoot_cop_time_pct;
	double heel_impulse_pct, mid_impulse_pct, fore_impulse_pct, heel_medial_pct;
	double cop_ml_excursion_mm, cpei_pct, arch_index;
	double foot_progression_deg;
	bool progression_of_mat; /* against the mat's axis, for want of a second contact */
	double length_mm, width_mm;
};

#ifdef __cplusplus
}
#endif
#endif
