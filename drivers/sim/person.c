/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A simulated person as a whole: who they are, which foot is where and what the cells feel of it.
 * How they stand is in stand.c, how they walk and run in gait.c, what a foot looks like in
 * footprint.c.
 */
#include "drivers/sim/person.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "drivers/sim/person_private.h"

#define GRAVITY 9.80665

static const char *const kind_names[] = {
	[PL_SIM_STANDING] = "standing", [PL_SIM_SHIFT] = "shift",
	[PL_SIM_ONE_LEG] = "one-leg",	[PL_SIM_HEEL_RAISE] = "heel-raise",
	[PL_SIM_WALKING] = "walking",	[PL_SIM_RUNNING] = "running",
	[PL_SIM_RUN_OVER] = "run-over", [PL_SIM_EMPTY] = "empty",
	[PL_SIM_WEIGHT] = "weight",
};

const char *pl_sim_kind_name(enum pl_sim_kind kind)
{
	return (size_t)kind < sizeof(kind_names) / sizeof(*kind_names) ? kind_names[kind] : "?";
}

int pl_sim_kind_parse(const char *name)
{
	for (size_t i = 0; i < sizeof(kind_names) / sizeof(*kind_names); i++)
		if (!strcmp(name, kind_names[i]))
			return (int)i;
	return -1;
}

void pl_sim_options_init(struct pl_sim_options *o)
{
	*o = (struct pl_sim_options){
		.kind = PL_SIM_STANDING,
		.seed = 1,
		.body_mass_kg = 70,
		.foot_length_m = ADULT_FOOT_M,
		.arch = 0.5,
		.toe_out_deg = 7,
		.left_share = 0.5,
		.heel_share = 0.6,
		.strike = NAN,
		.speed_m_s = NAN,
		.cadence_spm = 165,
		.place_row = NAN,
		.place_col = NAN,
		.plate_m = 0.06,
	};
}

static int within(double value, double min, double max, const char *what, struct pl_error *err)
{
	if (value >= min && value <= max)
		return 0;
	return pl_error_set(err, PL_EUSAGE, 0, "simulated person: %s is %g; it must be %g to %g",
			    what, value, min, max);
}

static int check(const struct pl_sim_options *o, struct pl_error *err)
{
	const struct pl_geometry *g = &o->geometry;

	if ((unsigned)o->kind > PL_SIM_WEIGHT)
		return pl_error_set(err, PL_EUSAGE, 0, "simulated person: no such kind");
	if (within(g->rows, 1, PL_SIDE_MAX, "rows", err) ||
	    within(g->cols, 1, PL_SIDE_MAX, "cols", err) ||
	    within(g->pitch_row_m, 1e-4, 10, "row pitch in m", err) ||
	    within(g->pitch_col_m, 1e-4, 10, "column pitch in m", err) ||
	    within(o->rate_hz, 0.1, 1e5, "rate in Hz", err) ||
	    within(o->body_mass_kg, 0.1, 1000, "body mass in kg", err) ||
	    within(o->foot_length_m, 0.01, 1, "foot length in m", err) ||
	    within(o->left_share, 0, 1, "left share", err) ||
	    within(o->heel_share, 0, 1, "heel share", err) ||
	    within(o->noise_kpa, 0, 1e4, "noise in kPa", err) ||
	    within(o->arch, 0, 1, "arch", err) ||
	    within(o->toe_gap_m, 0, 0.1, "toe gap in m", err) ||
	    within(o->toe_out_deg, -30, 60, "toe-out in degrees", err) ||
	    within(o->stance_width_m, 0, 1, "stance width in m", err) ||
	    within(o->heading_deg, -360, 360, "heading in degrees", err) ||
	    within(o->offset_m, -10, 10, "offset in m", err) ||
	    within(o->spare_left, 0, 1, "part of the left heel spared", err) ||
	    within(o->spare_right, 0, 1, "part of the right heel spared", err) ||
	    within(o->belt_m_s, 0, 8, "belt speed in m/s", err) ||
	    (!isnan(o->strike) && within(o->strike, 0, 1, "strike", err)) ||
	    (!isnan(o->speed_m_s) && within(o->speed_m_s, 0.2, 8, "speed in m/s", err)) ||
	    (!isnan(o->place_row) && within(o->place_row, 0, PL_SIDE_MAX, "row", err)) ||
	    (!isnan(o->place_col) && within(o->place_col, 0, PL_SIDE_MAX, "column", err)) ||
	    within(o->plate_m, 1e-3, 10, "plate in m", err) ||
	    within(o->cadence_spm, 40, 400, "cadence in steps/min", err))
		return -1;
	return 0;
}

double pl_sim_separation(const struct pl_sim *sim)
{
	double of_length = 0.66;

	if (sim->o.feet_together)
		return 2 * pl_foot_extent(&sim->form).inward * sim->form.length_m;
	if (sim->o.stance_width_m > 0)
		return sim->o.stance_width_m * sim->size * ADULT_FOOT_M / sim->o.foot_length_m;
	if (sim->o.kind == PL_SIM_ONE_LEG)
		of_length = 0;
	else if (sim->o.kind == PL_SIM_WALKING)
		of_length = 0.40;
	else if (sim->o.kind == PL_SIM_RUNNING)
		of_length = 0.50;
	else if (sim->o.kind == PL_SIM_RUN_OVER)
		of_length = 0.20;
	return of_length * sim->form.length_m;
}

/* The person's foot, or the largest that leaves a margin for placing it around. */
static double fitting_length(const struct pl_sim *sim)
{
	const struct pl_sim_options *o = &sim->o;
	struct pl_foot_extent e = pl_foot_extent(&sim->form);
	double margin = 0.03, c = fabs(sim->heading_cos), s = fabs(sim->heading_sin);
	double across = pl_sim_separation(sim) / sim->form.length_m + 2 * (e.half_width + margin);
	double along = 2 * (e.half_length + margin);

	return fmin(o->foot_length_m, fmin(sim->width_m / (across * c + along * s),
					   sim->depth_m / (across * s + along * c)));
}

static void take_form(struct pl_sim *sim)
{
	const struct pl_sim_options *o = &sim->o;

	sim->form = (struct pl_foot_form){
		.length_m = o->foot_length_m,
		.arch = o->arch,
		.toe_gap = o->toe_gap_m / o->foot_length_m,
		.toe_out_deg = o->toe_out_deg,
	};
	sim->size = o->foot_length_m / ADULT_FOOT_M;
	sim->form.length_m = fitting_length(sim);
	sim->size = sim->form.length_m / ADULT_FOOT_M;
}

void pl_sim_head(struct pl_sim *sim, double heading_deg)
{
	sim->heading_deg = heading_deg;
	pl_exact_turn(heading_deg, &sim->heading_cos, &sim->heading_sin);
}

void pl_sim_put_down(struct pl_sim *sim, enum side side, double right_m, double ahead_m,
		     double turn_deg)
{
	double right = right_m + sim->o.offset_m;
	double x = right * sim->heading_cos + ahead_m * sim->heading_sin;
	double y = ahead_m * sim->heading_cos - right * sim->heading_sin;

	pl_footprint_place(&sim->feet[side].print, side == LEFT ? -1 : 1, 0.5 * sim->width_m + x,
			   0.5 * sim->depth_m + y, sim->heading_deg + turn_deg);
}

double pl_sim_spared(const struct pl_sim *sim, enum side side)
{
	return side == LEFT ? sim->o.spare_left : sim->o.spare_right;
}

void pl_sim_roll(struct foot *foot, double along)
{
	pl_footprint_rest(&foot->print, 0.5, foot->share);
	pl_pads_tilt(&foot->print, foot->share, along, NAN);
	pl_footprint_lift(&foot->print, foot->force_n, LIFTED_KPA, foot->share);
	pl_pads_tilt(&foot->print, foot->share, along, NAN);
}

bool pl_sim_has_gait(enum pl_sim_kind kind)
{
	return kind == PL_SIM_WALKING || kind == PL_SIM_RUNNING || kind == PL_SIM_RUN_OVER;
}

static bool stands(enum pl_sim_kind kind)
{
	return !pl_sim_has_gait(kind) && kind != PL_SIM_EMPTY && kind != PL_SIM_WEIGHT;
}

struct pl_sim *pl_sim_new(const struct pl_sim_options *o, struct pl_error *err)
{
	struct pl_sim *sim;

	if (check(o, err))
		return NULL;
	sim = calloc(1, sizeof(*sim));
	if (!sim) {
		pl_error_set(err, PL_ENOMEM, 0, "no memory for the simulated person");
		return NULL;
	}
	sim->o = *o;
	pl_rng_seed(&sim->motion, o->seed);
	pl_rng_seed(&sim->noise, ~o->seed);
	sim->width_m = o->geometry.cols * o->geometry.pitch_col_m;
	sim->depth_m = o->geometry.rows * o->geometry.pitch_row_m;
	pl_sim_head(sim, o->heading_deg);
	take_form(sim);
	sim->weight_n = o->body_mass_kg * GRAVITY;
	for (int i = 0; i < 2; i++) {
		sim->feet[i].step = -1;
		if (pl_footprint_init(&sim->feet[i].print, &sim->o.geometry, &sim->form, err)) {
			pl_sim_free(sim);
			return NULL;
		}
	}
	if (pl_sim_has_gait(o->kind))
		pl_sim_gait_setup(sim);
	else if (stands(o->kind))
		pl_sim_stand_setup(sim);
	return sim;
}

void pl_sim_free(struct pl_sim *sim)
{
	if (!sim)
		return;
	for (int i = 0; i < 2; i++)
		pl_footprint_free(&sim->feet[i].print);
	free(sim);
}

/*
 * Sensor noise on loaded cells. No cell may become negative, and cutting off below zero alone would
 * lift lightly loaded cells and so move the centre of pressure: noise is cut off at nine tenths of
 * the cell on both sides. What is left of a change of the sum is taken back.
 */
static void add_noise(struct pl_sim *sim, double *kpa)
{
	size_t n = pl_geometry_cells(&sim->o.geometry);
	double before = 0, after = 0;

	for (size_t i = 0; i < n; i++) {
		double noise;

		if (kpa[i] <= 0)
			continue;
		before += kpa[i];
		noise = sim->o.noise_kpa * pl_rng_normal(&sim->noise);
		kpa[i] += fmin(fmax(noise, -0.9 * kpa[i]), 0.9 * kpa[i]);
		after += kpa[i];
	}
	for (size_t i = 0; after > 0 && i < n; i++)
		kpa[i] *= before / after;
}

static void tell_foot(const struct foot *foot, struct pl_sim_foot_truth *t)
{
	const struct pl_footprint *f = &foot->print;

	*t = (struct pl_sim_foot_truth){
		.force_n = foot->force_n,
		.step = foot->step,
		.x_mm = 1e3 * f->at_x_m,
		.y_mm = 1e3 * f->at_y_m,
		.axis_deg = f->axis_deg,
		.along = foot->force_n > 0 ? pl_pads_along(f, foot->share) : NAN,
		.on_mat_n = foot->force_n,
	};
	for (int k = 0; k < PL_PADS && foot->force_n > 0; k++) {
		double force = foot->share[k] * foot->force_n;

		t->on_mat_n -= force * (1 - f->on_mat[k]);
		t->heel_n += force * f->heel[k];
	}
}

static void tell(const struct pl_sim *sim, struct pl_sim_truth *truth)
{
	double x = 0, y = 0, share[2];

	*truth = (struct pl_sim_truth){.heading_deg = sim->heading_deg};
	for (int i = 0; i < 2; i++) {
		const struct foot *foot = &sim->feet[i];

		tell_foot(foot, &truth->foot[i]);
		for (int k = 0; k < PL_PADS && foot->force_n > 0; k++) {
			x += foot->share[k] * foot->force_n * foot->print.x_m[k];
			y += foot->share[k] * foot->force_n * foot->print.y_m[k];
		}
		share[i] = foot->force_n > 0 ? truth->foot[i].heel_n / foot->force_n : NAN;
	}
	truth->left_force_n = sim->feet[LEFT].force_n;
	truth->right_force_n = sim->feet[RIGHT].force_n;
	truth->force_n = truth->left_force_n + truth->right_force_n;
	truth->left_heel_share = share[LEFT];
	truth->right_heel_share = share[RIGHT];
	truth->cop_x_mm = truth->force_n > 0 ? 1e3 * x / truth->force_n : NAN;
	truth->cop_y_mm = truth->force_n > 0 ? 1e3 * y / truth->force_n : NAN;
	truth->on_mat_share = truth->force_n > 0
				      ? (truth->foot[LEFT].on_mat_n + truth->foot[RIGHT].on_mat_n) /
						truth->force_n
				      : NAN;
}

double pl_sim_foot_length_m(const struct pl_sim *sim)
{
	return sim->form.length_m;
}

static void move(struct pl_sim *sim, double t_s)
{
	sim->feet[LEFT].force_n = sim->feet[RIGHT].force_n = 0;
	if (pl_sim_has_gait(sim->o.kind))
		pl_sim_gait(sim, t_s);
	else if (stands(sim->o.kind))
		pl_sim_stand(sim, t_s);
}

static void load(struct pl_sim *sim, double *kpa)
{
	memset(kpa, 0, pl_geometry_cells(&sim->o.geometry) * sizeof(*kpa));
	for (int i = 0; i < 2; i++)
		if (sim->feet[i].force_n > 0)
			pl_footprint_load(&sim->feet[i].print, sim->feet[i].share,
					  sim->feet[i].force_n, kpa);
	if (sim->o.kind == PL_SIM_WEIGHT)
		pl_sim_weight(sim, kpa);
	if (sim->o.noise_kpa > 0)
		add_noise(sim, kpa);
}

void pl_sim_frame(struct pl_sim *sim, double *kpa, struct pl_sim_truth *truth)
{
	move(sim, (double)sim->frame++ / sim->o.rate_hz);
	if (kpa)
		load(sim, kpa);
	if (truth)
		tell(sim, truth);
	if (truth && sim->o.kind == PL_SIM_WEIGHT)
		pl_sim_tell_weight(sim, truth);
}
