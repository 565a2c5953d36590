/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the files of the simulated person share. A person lives in a frame of their own: `right` and
 * `ahead` in metres from the middle of the mat, turned by the way they are heading.
 */
#ifndef DRIVERS_SIM_PERSON_PRIVATE_H
#define DRIVERS_SIM_PERSON_PRIVATE_H

#include <stdbool.h>

#include "drivers/sim/exact.h"
#include "drivers/sim/footprint.h"
#include "drivers/sim/person.h"

#define ADULT_FOOT_M 0.255 /* sizes in metres are an adult's and shrink with the foot */
#define LIFTED_KPA 15	   /* mean pressure under a part of the foot that is about to leave */

enum side { LEFT, RIGHT };

struct sway {
	double pole, gain, y1, y2;
};

struct foot {
	struct pl_footprint print;
	double share[PL_PADS];
	double force_n;
	long step; /* which step the foot was put down for */
	/* of walking and running: where the step landed, and when the foot was laid there */
	double right_m, ahead_m, turn_deg, laid_s;
};

struct pl_sim {
	struct pl_sim_options o;
	struct pl_rng motion, noise;
	uint64_t frame;
	double width_m, depth_m, weight_n;
	struct pl_foot_form form;
	double size;	    /* foot length over an adult's */
	double heading_deg; /* now; cos and sin of it */
	double heading_cos, heading_sin;
	struct foot feet[2];
	struct sway slow[2], fast[2]; /* forward, sideways */
	/* weight shift */
	double share_from, share_to, shift_at_s;
	/* walking and running: one pass over the mat, or all of it in place */
	bool in_place;
	double half_span_m; /* of the mat, from its middle the way they are heading */
	double step_s, stance_s, step_m;
	double pass_start_s, pass_end_s, pass_ahead_m;
	long pass_first, pass_last;
	unsigned passes;
};

void pl_sim_head(struct pl_sim *sim, double heading_deg);
/* Distance between the feet's axes, m. */
double pl_sim_separation(const struct pl_sim *sim);
void pl_sim_put_down(struct pl_sim *sim, enum side side, double right_m, double ahead_m,
		     double turn_deg);
/* What the heel of a side that is spared does not carry moves to the rest of the foot. */
double pl_sim_spared(const struct pl_sim *sim, enum side side);
/* The load shared out with its centre at `along`; parts hardly loaded are in the air, and what they
 * would carry is on the others. */
void pl_sim_roll(struct foot *foot, double along);

void pl_sim_stand_setup(struct pl_sim *sim);
void pl_sim_stand(struct pl_sim *sim, double t_s);
void pl_sim_gait_setup(struct pl_sim *sim);
void pl_sim_gait(struct pl_sim *sim, double t_s);
/* Adds the pressure of the plate's part on the mat. */
void pl_sim_weight(const struct pl_sim *sim, double *kpa);
void pl_sim_tell_weight(const struct pl_sim *sim, struct pl_sim_truth *truth);

#endif
