/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a simulated person really did: the same person again, watched from inside. Everything comes
 * from the model's own forces before cells, codes, noise and dead cells have spoilt them, so it can
 * be held against what is measured from the frames. Steps are watched at 1000 Hz or more, whatever
 * the mat's rate. Pure.
 *
 * Directions are clockwise from forward (+y, towards row 0). Percentages of a foot are of its true
 * length, heel to longest toe; its heel is the rear 27 % (PL_HEEL_END).
 */
#ifndef DRIVERS_SIM_TRUTH_H
#define DRIVERS_SIM_TRUTH_H

#include <plantar/gait.h>
#include <plantar/json.h>

#include "drivers/sim/person.h"

/* One stance of which something fell on the mat. JSON keys are the members' names. */
struct pl_truth_step {
	enum pl_side side;
	enum pl_facing facing; /* nearest to where the person is heading */
	/* force on the mat from 30 N on until below 20 N; cut: loaded when the recording began or
	 * ended, the time is that of the recording's end */
	double onset_s, end_s, contact_time_s;
	bool cut_onset, cut_end;
	/* the part of the foot's impulse that fell on the mat; partial: not all of it did */
	double on_mat_pct;
	bool partial;
	/* centre of pressure along the foot, mean over max(10 ms, two frames) from onset */
	double strike_index_pct;
	enum pl_strike strike; /* rearfoot < 33.3 <= midfoot < 66.7 <= forefoot */
	double heel_impulse_pct, impulse_ns, force_peak_n;  /* of the whole foot */
	double heading_deg, axis_deg, foot_progression_deg; /* the last positive outwards */
	double x_mm, y_mm, length_mm;			    /* middle of the foot at onset */
};

struct pl_truth {
	struct pl_sim_options person;
	uint64_t frames;
	double seconds, body_mass_kg, foot_length_mm;
	/* standing kinds, else NaN: means over the frames; sway over all of them, unfiltered:
	 * 95 % prediction ellipse, mean path speed (N - 1) */
	double left_pct, left_heel_pct, right_heel_pct;
	double sway_area_95_mm2, sway_velocity_mm_s;
	struct pl_truth_step *step; /* in the order of onset */
	size_t steps, cap;
};

enum pl_facing pl_truth_facing(double heading_deg);

/* The first `frames` frames of that person. Owned by the caller: pl_truth_free. */
int pl_truth_tell(struct pl_truth *t, const struct pl_sim_options *o, uint64_t frames,
		  struct pl_error *err);
void pl_truth_free(struct pl_truth *t);

/* The whole as one JSON document, NUL-terminated, to be freed; NULL without memory. */
char *pl_truth_json(const struct pl_truth *t, struct pl_error *err);

#endif
