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

#include <stdint.h>

#include <plantar/calibration.h>
#include <plantar/live.h>

enum pl_sim_kind {
	PL_SIM_STANDING, /* two feet, sway */
	PL_SIM_SHIFT,	 /* weight shifts between the feet every few seconds */
	PL_SIM_ONE_LEG,
	PL_SIM_WALKING, /* walks over the mat along y, again and again */
	PL_SIM_RUNNING, /* runs in place with flight phases */
	PL_SIM_EMPTY,
};
const char *
pl_sim_kind_name(enum pl_sim_kind kind); /* standing shift one-leg walking running empty */
int pl_sim_kind_parse(const char *name);

struct pl_sim_options {
	enum pl_sim_kind kind;
	struct pl_geometry geometry;
	double rate_hz;
	uint64_t seed;
	double body_mass_kg;  /* default 70 */
	double foot_length_m; /* default 0.255; made smaller if two feet would not fit the mat */
	double left_share;    /* of the standing load, default 0.5 */
	double heel_share;    /* of each foot's standing load, default 0.6 */
	double noise_kpa;     /* standard deviation of each loaded cell, default 0 */
	double speed_m_s;     /* walking, default 1.2 */
	double cadence_spm;   /* running, default 165 */
};
void pl_sim_options_init(struct pl_sim_options *o); /* defaults; geometry and rate left 0 */

/*
 * What was simulated in one frame. Forces in N, mat coordinates in mm, NaN where undefined. Of a
 * walking person only the feet that touch the mat count, each with its whole force and centre of
 * pressure even where part of it lands beside the mat. Heel: the rear 27 % of the foot's length.
 * Noise moves force between cells and leaves the sum.
 */
struct pl_sim_truth {
	double force_n, left_force_n, right_force_n;
	double left_heel_share, right_heel_share; /* of that foot's force */
	double cop_x_mm, cop_y_mm;
	double on_mat_share; /* part of the force whose cells lie on the mat */
};

struct pl_sim;
struct pl_sim *pl_sim_new(const struct pl_sim_options *o, struct pl_error *err);
void pl_sim_free(struct pl_sim *sim);
/* Next frame: kpa[rows*cols]; truth may be NULL. No allocation. */
void pl_sim_frame(struct pl_sim *sim, double *kpa, struct pl_sim_truth *truth);

#endif
