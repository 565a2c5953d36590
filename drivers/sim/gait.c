/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Walking and running. Steps follow one another at even times; each has a curve of force (two humps
 * walking, one running) and a path that the centre of pressure takes along the foot. Both make the
 * forces average to body weight over time, as they must for somebody who stays on the ground.
 *
 * Whoever crosses the mat does so in passes: a straight line of footprints laid over it at random,
 * so that feet land on the edge, too. Whoever stays in place, or walks against a moving belt, has
 * one pass without an end.
 *
 * With another strike than the heel's, the centre of pressure begins where the foot lands, goes
 * back while the rest of the foot comes down, and joins the usual path at half of the stance.
 */
#include <limits.h>
#include <math.h>

#include "drivers/sim/person_private.h"

#define STANCE_OF_STRIDE 0.62 /* walking */
#define CONTACT_OF_STEP 0.66  /* running */
#define LANDING 0.08	      /* of stance: the centre of pressure stays near where it began */
#define BETWEEN_PASSES_S 3.0 /* to slow down, turn and come back */
#define LIMP_AHEAD 0.66 /* centre of the rest of the foot, where a spared heel's load goes */

static bool running(const struct pl_sim *sim)
{
	return sim->o.kind == PL_SIM_RUNNING || sim->o.kind == PL_SIM_RUN_OVER;
}

/* A few millimetres and degrees, so that no step is the copy of another. */
static double scatter(struct pl_sim *sim, double most)
{
	return pl_rng_uniform(&sim->motion, -most, most);
}

static double reach_m(const struct pl_sim *sim)
{
	struct pl_foot_extent e = pl_foot_extent(&sim->form);

	return (fmax(e.half_length, e.half_width) + 0.03) * sim->form.length_m;
}

static void new_pass(struct pl_sim *sim, double start_s)
{
	double reach = reach_m(sim), within = fmax(sim->half_span_m - reach, 0);
	long steps;

	if (sim->passes && sim->o.there_and_back)
		pl_sim_head(sim, sim->heading_deg > sim->o.heading_deg ? sim->o.heading_deg
								       : sim->o.heading_deg + 180);
	sim->pass_ahead_m = pl_rng_uniform(&sim->motion, -within, within);
	sim->pass_first = (long)ceil((-sim->half_span_m - reach - sim->pass_ahead_m) / sim->step_m);
	sim->pass_last = (long)floor((sim->half_span_m + reach - sim->pass_ahead_m) / sim->step_m);
	steps = sim->pass_last - sim->pass_first;
	sim->pass_start_s = start_s;
	sim->pass_end_s = start_s + (double)steps * sim->step_s + sim->stance_s;
	sim->passes++;
	for (int i = 0; i < 2; i++)
		sim->feet[i].step = sim->pass_first - 1;
}

/* Cadence grows with the square root of speed; step length follows. 115 steps/min at 1.2 m/s. */
static void walking_pace(struct pl_sim *sim, double speed_m_s)
{
	sim->step_s = 60 / (115 * sqrt(speed_m_s / 1.2));
	sim->stance_s = 2 * STANCE_OF_STRIDE * sim->step_s;
	sim->step_m = fmax(speed_m_s * sim->step_s * sim->size, 0.5 * sim->form.length_m);
}

static void running_pace(struct pl_sim *sim, double speed_m_s)
{
	sim->step_s = 60 / sim->o.cadence_spm;
	sim->stance_s = CONTACT_OF_STEP * sim->step_s;
	sim->step_m = fmax(speed_m_s * sim->step_s * sim->size, 0.5 * sim->form.length_m);
}

void pl_sim_gait_setup(struct pl_sim *sim)
{
	const struct pl_sim_options *o = &sim->o;
	double speed_m_s = isnan(o->speed_m_s) ? (running(sim) ? 3.0 : 1.2) : o->speed_m_s;

	if (o->belt_m_s > 0)
		speed_m_s = o->belt_m_s;
	if (running(sim))
		running_pace(sim, speed_m_s);
	else
		walking_pace(sim, speed_m_s);
	sim->in_place = o->kind == PL_SIM_RUNNING || o->belt_m_s > 0;
	sim->half_span_m = 0.5 * (fabs(sim->heading_sin) * sim->width_m +
				  fabs(sim->heading_cos) * sim->depth_m);
	if (!sim->in_place) {
		new_pass(sim, 0.5);
		return;
	}
	sim->pass_last = LONG_MAX;
	sim->feet[LEFT].step = sim->feet[RIGHT].step = -1;
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

static double running_force(double tau)
{
	const double half_pi = 1.5707963267948966;

	return half_pi / CONTACT_OF_STEP * pl_exact_arch(tau);
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

static double cop_along(const struct pl_sim *sim, enum side side, double tau)
{
	static const double walked[][2] = {{0, 0.08},	 {0.1, 0.14}, {0.25, 0.30}, {0.5, 0.52},
					   {0.75, 0.71}, {0.9, 0.79}, {1, 0.90}};
	static const double run[][2] = {{0, 0.10},   {0.1, 0.19}, {0.3, 0.42},
					{0.5, 0.58}, {0.7, 0.70}, {1, 0.86}};
	const double(*path)[2] = running(sim) ? run : walked;
	int n = running(sim) ? (int)(sizeof(run) / sizeof(*run))
			     : (int)(sizeof(walked) / sizeof(*walked));
	double strike = isnan(sim->o.strike) ? path[0][1] : sim->o.strike;
	double along = through(path, n, tau);
	double fade = tau < LANDING ? 1 : fmax(0, (0.5 - tau) / (0.5 - LANDING));

	along += (strike - path[0][1]) * fade;
	return along + pl_sim_spared(sim, side) * fmax(0, LIMP_AHEAD - along);
}

/* Where a foot of that step is: laid once, or carried back by the belt from frame to frame. */
static void lay(struct pl_sim *sim, enum side side, long step, double t_s, double down_s)
{
	struct foot *foot = &sim->feet[side];
	double half = 0.5 * pl_sim_separation(sim);
	bool fresh = foot->step != step;

	if (fresh) {
		double ahead = sim->in_place ? 0.5 * sim->o.belt_m_s * sim->stance_s
					     : sim->pass_ahead_m + (double)step * sim->step_m;

		foot->step = step;
		foot->right_m = (side == LEFT ? -half : half) + scatter(sim, 0.005 * sim->size);
		foot->ahead_m = ahead + scatter(sim, 0.005 * sim->size);
		foot->turn_deg = scatter(sim, 2);
		foot->laid_s = down_s;
	}
	if (fresh || sim->o.belt_m_s > 0)
		pl_sim_put_down(sim, side, foot->right_m,
				foot->ahead_m - sim->o.belt_m_s * (t_s - foot->laid_s),
				foot->turn_deg);
}

static void stance(struct pl_sim *sim, long step, double t_s)
{
	double down_s = sim->pass_start_s + (double)(step - sim->pass_first) * sim->step_s;
	double tau = (t_s - down_s) / sim->stance_s;
	enum side side = (step + (long)sim->passes) & 1 ? LEFT : RIGHT;
	struct foot *foot = &sim->feet[side];

	if (step < sim->pass_first || step > sim->pass_last || tau < 0 || tau >= 1)
		return;
	lay(sim, side, step, t_s, down_s);
	foot->force_n = sim->weight_n * (running(sim) ? running_force(tau) : walking_force(tau));
	pl_sim_roll(foot, cop_along(sim, side, tau));
}

void pl_sim_gait(struct pl_sim *sim, double t_s)
{
	long newest;

	if (!sim->in_place && t_s > sim->pass_end_s + BETWEEN_PASSES_S)
		new_pass(sim, sim->pass_end_s + BETWEEN_PASSES_S);
	if (t_s < sim->pass_start_s)
		return;
	newest = sim->pass_first + (long)floor((t_s - sim->pass_start_s) / sim->step_s);
	stance(sim, newest - 1, t_s);
	stance(sim, newest, t_s);
}
