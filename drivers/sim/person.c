/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How a simulated person moves: which foot is where, how much it carries and where its centre of
 * pressure is, at each moment. footprint.c turns that into cells.
 *
 * Standing people sway like a damped particle pushed about at random: a slow and a fast component,
 * each a second-order autoregressive process, so that path and spread of the centre of pressure
 * have the size of a healthy adult's. Walkers put the feet down one after the other at the step
 * length that goes with their speed; each stance has the two humps of the vertical force and rolls
 * from heel to toes. Runners in place fly between single humps. In both the forces average to body
 * weight over time, as they must for somebody who stays on the ground.
 */
#include "drivers/sim/person.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "drivers/sim/exact.h"
#include "drivers/sim/footprint.h"

#define GRAVITY 9.80665
#define ADULT_FOOT_M 0.255 /* the sizes below in metres are an adult's and shrink with the foot */
#define STANCE_OF_STRIDE 0.62
#define CONTACT_OF_STEP 0.66 /* running */
#define LIFTED_KPA 15	     /* mean pressure under a part of the foot that is about to leave */

enum side { LEFT, RIGHT };

struct sway {
	double pole, gain, y1, y2;
};

struct foot {
	struct pl_footprint print;
	double share[PL_PADS];
	double force_n;
	long step; /* of walking and running: which step the foot was put down for */
};

struct pl_sim {
	struct pl_sim_options o;
	struct pl_rng motion, noise;
	uint64_t frame;
	double width_m, depth_m, length_m, weight_n;
	double size; /* foot length over an adult's */
	struct foot feet[2];
	struct sway slow[2], fast[2]; /* forward, sideways */
	/* weight shift */
	double share_from, share_to, shift_at_s;
	/* walking: one pass over the mat */
	double pass_start_s, pass_end_s, pass_y_m, step_s, step_m;
	long pass_first, pass_last;
	unsigned passes;
};

static const char *const kind_names[] = {"standing", "shift",	"one-leg",
					 "walking",  "running", "empty"};

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
		.left_share = 0.5,
		.heel_share = 0.6,
		.speed_m_s = 1.2,
		.cadence_spm = 165,
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

	if ((unsigned)o->kind > PL_SIM_EMPTY)
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
	    within(o->speed_m_s, 0.2, 3, "walking speed in m/s", err) ||
	    within(o->cadence_spm, 40, 400, "cadence in steps/min", err))
		return -1;
	return 0;
}

/* Distance between the feet's axes, in foot lengths. */
static double separation(enum pl_sim_kind kind)
{
	switch (kind) {
	case PL_SIM_ONE_LEG:
		return 0;
	case PL_SIM_WALKING:
		return 0.40;
	case PL_SIM_RUNNING:
		return 0.50;
	default:
		return 0.66;
	}
}

/* The person's foot, or the largest that leaves a margin for placing it around. */
static double fitting_length(const struct pl_sim *sim)
{
	struct pl_foot_extent e = pl_foot_extent();
	double margin = 0.03;
	double across = separation(sim->o.kind) + 2 * (e.half_width + margin);
	double along = 2 * (e.half_length + margin);

	return fmin(sim->o.foot_length_m, fmin(sim->width_m / across, sim->depth_m / along));
}

/*
 * Unit-variance noise through two equal poles e^(-dt/tau). Its variance for white input is
 * (1 + p^2) / (1 - p^2)^3.
 */
static void sway_init(struct sway *s, double rate_hz, double tau_s, double rms)
{
	double p = pl_exact_exp(-1 / (rate_hz * tau_s)), q = 1 - p * p;

	*s = (struct sway){.pole = p, .gain = rms * sqrt(q * q * q / (1 + p * p))};
}

static double sway_next(struct sway *s, struct pl_rng *rng)
{
	double y = 2 * s->pole * s->y1 - s->pole * s->pole * s->y2 + s->gain * pl_rng_normal(rng);

	s->y2 = s->y1;
	s->y1 = y;
	return y;
}

/* Metres of sway, at an adult's size. */
static void sway_setup(struct pl_sim *sim)
{
	bool one_leg = sim->o.kind == PL_SIM_ONE_LEG;
	double rms[2] = {one_leg ? 0.0065 : 0.0045, one_leg ? 0.0045 : 0.0031};

	for (int axis = 0; axis < 2; axis++) {
		double size = rms[axis] * sim->size;

		sway_init(&sim->slow[axis], sim->o.rate_hz, one_leg ? 0.3 : 0.6, 0.95 * size);
		sway_init(&sim->fast[axis], sim->o.rate_hz, one_leg ? 0.08 : 0.15, 0.31 * size);
		/* start in the middle of it, not at rest */
		for (int i = 0; i < (int)fmin(8 * sim->o.rate_hz, 4000); i++) {
			sway_next(&sim->slow[axis], &sim->motion);
			sway_next(&sim->fast[axis], &sim->motion);
		}
	}
}

static void put_down(struct pl_sim *sim, enum side side, double x_m, double y_m)
{
	pl_footprint_place(&sim->feet[side].print, side == LEFT ? -1 : 1, x_m, y_m);
}

static double side_x(const struct pl_sim *sim, enum side side)
{
	double half = 0.5 * separation(sim->o.kind) * sim->length_m;

	return 0.5 * sim->width_m + (side == LEFT ? -half : half);
}

/* A few millimetres, so that no step is the copy of another. */
static double scatter(struct pl_sim *sim)
{
	return pl_rng_uniform(&sim->motion, -0.005, 0.005) * sim->size;
}

static void new_pass(struct pl_sim *sim, double start_s)
{
	double reach = (pl_foot_extent().half_length + 0.03) * sim->length_m;

	sim->pass_y_m = pl_rng_uniform(&sim->motion, reach, fmax(sim->depth_m - reach, reach));
	sim->pass_first = (long)ceil((-reach - sim->pass_y_m) / sim->step_m);
	sim->pass_last = (long)floor((sim->depth_m + reach - sim->pass_y_m) / sim->step_m);
	sim->pass_start_s = start_s;
	sim->pass_end_s = start_s + (double)(sim->pass_last - sim->pass_first) * sim->step_s +
			  2 * STANCE_OF_STRIDE * sim->step_s;
	sim->passes++;
	for (int i = 0; i < 2; i++)
		sim->feet[i].step = sim->pass_first - 1;
}

/* Cadence grows with the square root of speed; step length follows. 115 steps/min at 1.2 m/s. */
static void walk_setup(struct pl_sim *sim)
{
	sim->step_s = 60 / (115 * sqrt(sim->o.speed_m_s / 1.2));
	sim->step_m = fmax(sim->o.speed_m_s * sim->step_s * sim->size, 0.5 * sim->length_m);
	new_pass(sim, 0.5);
}

static void stand_setup(struct pl_sim *sim)
{
	for (int i = 0; i < 2; i++)
		put_down(sim, (enum side)i, side_x(sim, (enum side)i), 0.5 * sim->depth_m);
	sim->share_from = sim->share_to = sim->o.left_share;
	sim->shift_at_s = 2;
	sway_setup(sim);
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
	sim->length_m = fitting_length(sim);
	sim->size = sim->length_m / ADULT_FOOT_M;
	sim->weight_n = o->body_mass_kg * GRAVITY;
	for (int i = 0; i < 2; i++) {
		sim->feet[i].step = -1;
		if (pl_footprint_init(&sim->feet[i].print, &sim->o.geometry, sim->length_m, err)) {
			pl_sim_free(sim);
			return NULL;
		}
	}
	if (o->kind == PL_SIM_WALKING)
		walk_setup(sim);
	else if (o->kind != PL_SIM_RUNNING && o->kind != PL_SIM_EMPTY)
		stand_setup(sim);
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

/* The left foot's part of the weight: constant, or moved over every few seconds in 0.7 s. */
static double left_share(struct pl_sim *sim, double t_s)
{
	double part;

	if (sim->o.kind == PL_SIM_ONE_LEG)
		return sim->o.left_share >= 0.5 ? 1 : 0;
	if (sim->o.kind != PL_SIM_SHIFT)
		return sim->o.left_share;
	part = (t_s - sim->shift_at_s) / 0.7;
	if (part >= 1) {
		double low = pl_rng_uniform(&sim->motion, 0.1, 0.25);

		sim->share_from = sim->share_to;
		sim->share_to = sim->share_to > 0.5 ? low : 1 - low;
		sim->shift_at_s = t_s + pl_rng_uniform(&sim->motion, 1.5, 3.5);
		part = 0;
	}
	part = fmax(part, 0);
	return sim->share_from + (sim->share_to - sim->share_from) * part * part * (3 - 2 * part);
}

/* Two feet sway sideways by shifting load between them; one foot does it within itself. */
static void stand(struct pl_sim *sim, double t_s)
{
	double forward =
		sway_next(&sim->slow[0], &sim->motion) + sway_next(&sim->fast[0], &sim->motion);
	double sideways =
		sway_next(&sim->slow[1], &sim->motion) + sway_next(&sim->fast[1], &sim->motion);
	bool one_leg = sim->o.kind == PL_SIM_ONE_LEG;
	double left = left_share(sim, t_s);

	if (!one_leg && left > 0 && left < 1)
		left -= sideways / (separation(sim->o.kind) * sim->length_m);
	left = fmin(fmax(left, 0), 1);
	for (int i = 0; i < 2; i++) {
		struct foot *foot = &sim->feet[i];
		double outward = (i == LEFT ? -sideways : sideways) / sim->length_m;

		foot->force_n = sim->weight_n * (i == LEFT ? left : 1 - left);
		pl_footprint_rest(&foot->print, sim->o.heel_share, foot->share);
		pl_pads_tilt(foot->share, pl_pads_along(foot->share) + forward / sim->length_m,
			     one_leg ? pl_pads_across(foot->share) + outward : NAN);
	}
}

/* y over x through points, straight between them, flat outside. */
static double through(const double (*points)[2], int n, double x)
{
	int i = 1;

	if (x <= points[0][0])
		return points[0][1];
	while (i < n && x > points[i][0])
		i++;
	if (i == n)
		return points[n - 1][1];
	return points[i - 1][1] + (points[i][1] - points[i - 1][1]) * (x - points[i - 1][0]) /
					  (points[i][0] - points[i - 1][0]);
}

/*
 * Body weights at part tau of a walking stance: A sin(pi tau) + B sin(3 pi tau), humps of 1.1 and a
 * valley of 0.74. The mean over a stance is 2/pi (A + B/3); with two feet each on the ground for
 * STANCE_OF_STRIDE of the stride that must make one body weight.
 */
static double walking_force(double tau)
{
	const double a = 1.15, b = 0.40, two_over_pi = 0.63661977236758134;
	double s = pl_exact_arch(tau);

	return ((a + 3 * b) * s - 4 * b * s * s * s) /
	       (2 * STANCE_OF_STRIDE * two_over_pi * (a + b / 3));
}

static void roll(struct foot *foot, double along)
{
	pl_footprint_rest(&foot->print, 0.5, foot->share);
	pl_pads_tilt(foot->share, along, NAN);
}

/* A walker's foot comes down from the heel and leaves from it: parts that would hardly be loaded
 * are in the air, and what they would carry is on the others. */
static void roll_from_heel(struct foot *foot, double along)
{
	roll(foot, along);
	pl_footprint_lift(&foot->print, foot->force_n, LIFTED_KPA, foot->share);
	pl_pads_tilt(foot->share, along, NAN);
}

static void walk(struct pl_sim *sim, double t_s)
{
	static const double path[][2] = {{0, 0.08},    {0.1, 0.14}, {0.25, 0.30}, {0.5, 0.52},
					 {0.75, 0.71}, {0.9, 0.79}, {1, 0.90}};
	double stance_s = 2 * STANCE_OF_STRIDE * sim->step_s;
	double since, tau;
	long newest;

	if (t_s > sim->pass_end_s + 0.8)
		new_pass(sim, t_s);
	since = t_s - sim->pass_start_s;
	if (since < 0)
		return;
	newest = sim->pass_first + (long)floor(since / sim->step_s);
	for (long step = newest; step >= newest - 1 && step >= sim->pass_first; step--) {
		enum side side = (step + (long)sim->passes) & 1 ? LEFT : RIGHT;
		struct foot *foot = &sim->feet[side];

		tau = (since - (double)(step - sim->pass_first) * sim->step_s) / stance_s;
		if (step > sim->pass_last || tau >= 1)
			continue;
		if (foot->step != step) {
			double x = side_x(sim, side) + scatter(sim);
			double y = sim->pass_y_m + (double)step * sim->step_m + scatter(sim);

			foot->step = step;
			put_down(sim, side, x, y);
		}
		foot->force_n = sim->weight_n * walking_force(tau);
		roll_from_heel(foot, through(path, sizeof(path) / sizeof(*path), tau));
	}
}

static void run(struct pl_sim *sim, double t_s)
{
	static const double path[][2] = {{0, 0.56}, {0.3, 0.50}, {0.7, 0.68}, {1, 0.86}};
	const double half_pi = 1.5707963267948966;
	double step_s = 60 / sim->o.cadence_spm;
	long step = (long)floor(t_s / step_s);
	double tau = (t_s / step_s - (double)step) / CONTACT_OF_STEP;
	enum side side = step & 1 ? RIGHT : LEFT;
	struct foot *foot = &sim->feet[side];

	if (tau >= 1)
		return;
	if (foot->step != step) {
		double x = side_x(sim, side) + scatter(sim);

		foot->step = step;
		put_down(sim, side, x, 0.5 * sim->depth_m + scatter(sim));
	}
	foot->force_n = sim->weight_n * half_pi / CONTACT_OF_STEP * pl_exact_arch(tau);
	roll(foot, through(path, sizeof(path) / sizeof(*path), tau));
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

static void tell(const struct pl_sim *sim, struct pl_sim_truth *truth)
{
	double x = 0, y = 0, beside = 0, heel[2] = {0, 0};

	for (int i = 0; i < 2; i++) {
		const struct foot *foot = &sim->feet[i];

		for (int k = 0; k < PL_PADS && foot->force_n > 0; k++) {
			double force = foot->share[k] * foot->force_n;

			x += force * foot->print.x_m[k];
			y += force * foot->print.y_m[k];
			beside += force * (1 - foot->print.on_mat[k]);
			heel[i] += force * foot->print.heel[k];
		}
	}
	*truth = (struct pl_sim_truth){
		.left_force_n = sim->feet[LEFT].force_n,
		.right_force_n = sim->feet[RIGHT].force_n,
		.force_n = sim->feet[LEFT].force_n + sim->feet[RIGHT].force_n,
	};
	truth->left_heel_share = truth->left_force_n > 0 ? heel[LEFT] / truth->left_force_n : NAN;
	truth->right_heel_share =
		truth->right_force_n > 0 ? heel[RIGHT] / truth->right_force_n : NAN;
	truth->cop_x_mm = truth->force_n > 0 ? 1e3 * x / truth->force_n : NAN;
	truth->cop_y_mm = truth->force_n > 0 ? 1e3 * y / truth->force_n : NAN;
	truth->on_mat_share = truth->force_n > 0 ? 1 - beside / truth->force_n : NAN;
}

void pl_sim_frame(struct pl_sim *sim, double *kpa, struct pl_sim_truth *truth)
{
	double t_s = (double)sim->frame++ / sim->o.rate_hz;

	memset(kpa, 0, pl_geometry_cells(&sim->o.geometry) * sizeof(*kpa));
	sim->feet[LEFT].force_n = sim->feet[RIGHT].force_n = 0;
	if (sim->o.kind == PL_SIM_WALKING)
		walk(sim, t_s);
	else if (sim->o.kind == PL_SIM_RUNNING)
		run(sim, t_s);
	else if (sim->o.kind != PL_SIM_EMPTY)
		stand(sim, t_s);
	for (int i = 0; i < 2; i++)
		if (sim->feet[i].force_n > 0)
			pl_footprint_load(&sim->feet[i].print, sim->feet[i].share,
					  sim->feet[i].force_n, kpa);
	if (sim->o.noise_kpa > 0)
		add_noise(sim, kpa);
	if (truth)
		tell(sim, truth);
}
