/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A simulated person on a mat: what a demo shows when no hardware is there, and what tests
 * measure against, because here the truth is known. Seeded: the same options give the same
 * frames on every machine. Pure.
 *
 * Each foot is a footprint (heel, lateral midfoot band, metatarsal heads, toes) of the person's
 * foot length, whose pressures are scaled so that the cells on the mat add up to the vertical
 * force of that moment (all of it when the foot is wholly on the mat) and so that heel and
 * forefoot share it as the centre of pressure asks.
 */
#ifndef DRIVERS_SIM_PERSON_H
#define DRIVERS_SIM_PERSON_H

#include <stdbool.h>
#include <stdint.h>

#include <plantar/calibration.h>
#include <plantar/live.h>

enum pl_sim_kind {
	PL_SIM_STANDING, /* two feet, sway */
	PL_SIM_SHIFT,	 /* weight shifts between the feet every few seconds */
	PL_SIM_ONE_LEG,
	PL_SIM_HEEL_RAISE, /* stands and lifts both heels every few seconds */
	PL_SIM_WALKING,	   /* walks over the mat, again and again; on a belt: without an end */
	PL_SIM_RUNNING,	   /* runs in place (on a belt: against it) with flight phases */
	PL_SIM_RUN_OVER,   /* runs over the mat, again and again */
	PL_SIM_EMPTY,
	PL_SIM_WEIGHT, /* nobody: a plate with a weight that lies still */
};
#define PL_SIM_KINDS \
	"standing, shift, one-leg, heel-raise, walking, running, run-over, empty, weight"
const char *pl_sim_kind_name(enum pl_sim_kind kind); /* as in PL_SIM_KINDS */
int pl_sim_kind_parse(const char *name);
bool pl_sim_has_gait(enum pl_sim_kind kind); /* walks or runs */

struct pl_sim_options {
	enum pl_sim_kind kind;
	struct pl_geometry geometry;
	double rate_hz;
	uint64_t seed;
	double body_mass_kg;   /* default 70 */
	double foot_length_m;  /* default 0.255; made smaller if two feet would not fit the mat */
	double arch;	       /* 0 flat, default 0.5, 1 so high that the midfoot leaves no print */
	double toe_gap_m;      /* toes further off the forefoot than usual, default 0 */
	double toe_out_deg;    /* feet turned out, default 7 */
	double stance_width_m; /* between the feet's axes; default 0: what goes with the kind */
	bool feet_together;    /* as near as they come: their outlines touch, turned out or not */
	double heading_deg;    /* clockwise from forward (+y), default 0 */
	bool there_and_back;   /* every other pass over the mat the other way */
	double offset_m;       /* of the whole person to their right, default 0 */
	double left_share;     /* of the standing load, default 0.5 */
	double heel_share;     /* of each foot's standing load, default 0.6 */
	double spare_left,
		spare_right; /* 0 to 1: part of the heel's load moved forward (limping) */
	double strike;	  /* where the foot lands, share of its length from the heel: rearfoot below
				    1/3, forefoot from 2/3; NaN: the heel, as most people do */
	double noise_kpa; /* standard deviation of each loaded cell, default 0 */
	double speed_m_s; /* over the mat; NaN: walking 1.2, running 3 */
	double cadence_spm; /* running, default 165 */
	double belt_m_s;    /* walking, running: feet on the mat move back with a belt; default 0 */
	/* weight: of body_mass_kg; the cell of its middle (NaN: of the mat's), its square plate */
	double place_row, place_col, plate_m; /* NaN, NaN, 0.06 */
};
void pl_sim_options_init(struct pl_sim_options *o); /* defaults; geometry and rate left 0 */

/*
 * What was simulated in one frame. Forces in N, mat coordinates in mm, NaN where undefined. Of a
 * walking person only the feet that touch the mat count, each with its whole force and centre of
 * pressure even where part of it lands beside the mat. Heel: the rear 27 % of the foot's length.
 * Noise moves force between cells and leaves the sum.
 */
struct pl_sim_foot_truth {
	double force_n, on_mat_n, heel_n; /* all of it; part on the mat; behind the heel's end */
	long step;		     /* counts steps; may begin below 0, and anew with a pass */
	double x_mm, y_mm, axis_deg; /* middle of the foot; heel to toe, clockwise from +y */
	double along; /* centre of pressure along the foot, 0 heel to 1 toes; NaN unloaded */
};

struct pl_sim_truth {
	struct pl_sim_foot_truth foot[2]; /* left, right */
	double heading_deg;
	double force_n, left_force_n, right_force_n;
	double left_heel_share, right_heel_share; /* of that foot's force */
	double cop_x_mm, cop_y_mm;
	double on_mat_share; /* part of the force whose cells lie on the mat */
};

struct pl_sim;
struct pl_sim *pl_sim_new(const struct pl_sim_options *o, struct pl_error *err);
void pl_sim_free(struct pl_sim *sim);
double pl_sim_foot_length_m(const struct pl_sim *sim); /* as it fitted the mat */
/* Next frame: kpa[rows*cols]; kpa and truth may be NULL. No allocation. */
void pl_sim_frame(struct pl_sim *sim, double *kpa, struct pl_sim_truth *truth);

#endif
