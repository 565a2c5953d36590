/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Standing people sway like a damped particle pushed about at random: a slow and a fast component,
 * each a second-order autoregressive process, so that path and spread of the centre of pressure
 * have the size of a healthy adult's. Two feet sway sideways by shifting load between them; one
 * foot does it within itself. Raising the heels is standing with the centre under the forefoot.
 */
#include <math.h>

#include "drivers/sim/person_private.h"

#define RAISED_ALONG 0.76 /* centre of pressure on the forefoot alone */
#define RAISE_EVERY_S 4.0
#define RAISE_RAMP_S 0.5
#define RAISE_HOLD_S 1.5

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

void pl_sim_stand_setup(struct pl_sim *sim)
{
	double half = 0.5 * pl_sim_separation(sim);

	pl_sim_put_down(sim, LEFT, -half, 0, 0);
	pl_sim_put_down(sim, RIGHT, half, 0, 0);
	sim->share_from = sim->share_to = sim->o.left_share;
	sim->shift_at_s = 2;
	sway_setup(sim);
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

/* How far the heels are up, 0 to 1: down, up, held, down again, every few seconds. */
static double raised(const struct pl_sim *sim, double t_s)
{
	double t, up, down, part;

	if (sim->o.kind != PL_SIM_HEEL_RAISE)
		return 0;
	t = t_s - RAISE_EVERY_S * floor(t_s / RAISE_EVERY_S);
	up = (t - 1) / RAISE_RAMP_S;
	down = (t - 1 - RAISE_RAMP_S - RAISE_HOLD_S) / RAISE_RAMP_S;
	part = fmin(fmax(up, 0), 1) - fmin(fmax(down, 0), 1);
	return part * part * (3 - 2 * part);
}

static void rest(struct pl_sim *sim, enum side side, double forward, double outward, double up)
{
	struct foot *foot = &sim->feet[side];
	double heel_share = sim->o.heel_share * (1 - pl_sim_spared(sim, side)), along;

	pl_footprint_rest(&foot->print, heel_share, foot->share);
	along = pl_pads_along(&foot->print, foot->share);
	along += up * (RAISED_ALONG - along) + forward;
	if (up > 0) {
		pl_sim_roll(foot, along);
		return;
	}
	pl_pads_tilt(&foot->print, foot->share, along,
		     isnan(outward) ? NAN : pl_pads_across(&foot->print, foot->share) + outward);
}

void pl_sim_stand(struct pl_sim *sim, double t_s)
{
	double forward =
		sway_next(&sim->slow[0], &sim->motion) + sway_next(&sim->fast[0], &sim->motion);
	double sideways =
		sway_next(&sim->slow[1], &sim->motion) + sway_next(&sim->fast[1], &sim->motion);
	bool one_leg = sim->o.kind == PL_SIM_ONE_LEG;
	double left = left_share(sim, t_s), up = raised(sim, t_s), length_m = sim->form.length_m;

	if (!one_leg && left > 0 && left < 1)
		left -= sideways / pl_sim_separation(sim);
	left = fmin(fmax(left, 0), 1);
	for (int i = 0; i < 2; i++) {
		double outward = (i == LEFT ? -sideways : sideways) / length_m;

		sim->feet[i].force_n = sim->weight_n * (i == LEFT ? left : 1 - left);
		rest(sim, (enum side)i, forward / length_m, one_leg ? outward : NAN, up);
	}
}
