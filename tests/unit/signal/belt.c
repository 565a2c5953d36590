/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Feet on a belt: the same model feet walk once over ground, which the mat covers, and once
 * against a belt that carries them back over a shorter mat. What lies in the foot must come out
 * the same, to the half cell that whole rows leave.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <plantar/analysis.h>

#include "both_passes.h"
#include "feet_model.h"

#define RATE 200.0
#define STEPS 12
#define EVERY 110  /* frames between onsets */
#define STANCE 140 /* frames */
#define FRAMES (60 + STEPS * EVERY + 60)
#define BELT_M_S 1.1 /* a step every 0.55 s: 0.605 m */

static const struct pl_geometry mat = {280, 80, 0.005, 0.005};
static double kpa[280 * 80];
static char text[1 << 20];

/* Seconds since the beginning; belt > 0: everything moves back with it. */
static void make_frame(unsigned frame, double belt, bool still_alone)
{
	empty(&mat, kpa);
	for (unsigned k = 0; k < STEPS; k++) {
		unsigned at = 40 + k * EVERY;
		double u = (frame - at + 0.5) / STANCE;
		bool left = k % 2 == 0;
		struct model_foot foot = {.left = left,
					  .x = 0.2 + (left ? -0.06 : 0.06),
					  .y = still_alone ? 0.5 : 1.0,
					  .turn = left ? -0.08 : 0.12};

		if (frame < at || frame >= at + STANCE || (still_alone && k != 1))
			continue;
		foot.y -= belt * (frame - at) / RATE;
		foot.heel = u < 0.6 ? 250 * sin(M_PI * u / 0.6) : 0;
		foot.fore = u > 0.2 ? 300 * sin(M_PI * (u - 0.2) / 0.8) : 0;
		stand(&mat, &foot, kpa);
	}
}

struct belt_frames {
	double belt;
	bool still_alone;
};

static const double *belt_frame(void *ctx, unsigned k)
{
	const struct belt_frames *f = ctx;

	make_frame(k, f->belt, f->still_alone);
	return kpa;
}

static struct pl_analysis *analyse(double belt, bool known, bool still_alone)
{
	struct pl_analysis_options o;
	struct pl_analysis *a;

	pl_analysis_options_init(&o);
	o.facing = PL_FACING_FORWARD;
	if (belt > 0)
		o.gait.treadmill = PL_TREADMILL_YES;
	if (known)
		o.gait.belt_speed_m_s = belt;
	a = pl_analysis_new(&mat, true, 0, RATE, &o, NULL);
	assert_non_null(a);
	both_passes(a, belt_frame, &(struct belt_frames){belt, still_alone}, FRAMES, RATE, -1);
	analysis_text(a, text, sizeof(text));
	return a;
}

static void near_to(const char *what, double got, double want, double tolerance)
{
	if (!(fabs(got - want) <= tolerance))
		print_error("%s: %.9g is not within %g of %.9g\n", what, got, tolerance, want);
	assert_true(fabs(got - want) <= tolerance);
}

/* As far from the right foot that stands on still ground as whole rows make it. */
static const struct {
	const char *base;
	double tolerance;
} same[] = {
	{"contact_time_s", 2 / RATE},  {"force_peak", 8},	{"impulse", 3},
	{"strike_index_pct", 0.5},     {"heel_off_pct", 2.5},	{"heel_contact_s", 4 / RATE},
	{"rearfoot_cop_time_pct", 3},  {"heel_impulse_pct", 2}, {"mid_impulse_pct", 2},
	{"fore_impulse_pct", 2},       {"heel_medial_pct", 4},	{"arch_index", 0.03},
	{"foot_progression_deg", 2.5}, {"length_mm", 10},
};

static void on_the_belt(void **state)
{
	struct pl_analysis *still = analyse(0, false, true), *a;
	struct pl_step truth = pl_analysis_gait(still)->step[0];
	const struct pl_gait *g;
	unsigned compared = 0;

	(void)state;
	assert_int_equal(pl_analysis_gait(still)->n, 1);
	a = analyse(BELT_M_S, true, false);
	g = pl_analysis_gait(a);
	assert_int_equal(g->n, STEPS);
	assert_int_equal(g->accepted, STEPS);
	near_to("cadence", g->cadence_spm, 60 / 0.55, 0.2);
	near_to("double support", g->double_support_s, 30 / RATE, 4 / RATE);
	for (uint32_t k = 0; k < g->n; k++) {
		const struct pl_step *s = &g->step[k];

		assert_int_equal(s->strike, PL_STRIKE_REARFOOT);
		assert_true(s->side != (k % 2 ? PL_SIDE_LEFT : PL_SIDE_RIGHT));
		if (s->side != PL_SIDE_RIGHT)
			continue;
		for (size_t i = 0; i < pl_step_figure_count(); i++)
			for (size_t j = 0; j < sizeof(same) / sizeof(same[0]); j++)
				if (strcmp(pl_step_figure(i)->base, same[j].base) == 0) {
					near_to(same[j].base, pl_step_value(s, i),
						pl_step_value(&truth, i), same[j].tolerance);
					compared++;
				}
	}
	print_message("steps with a side: %u left, %u right of %u; %u figures compared\n", g->left,
		      g->right, g->n, compared);
	assert_true(g->left >= 4 && g->right >= 4);
	assert_non_null(strstr(text, "\"foot_progression_against\":\"belt\""));
	assert_non_null(strstr(text, "\"footprints\":\"on the belt, at y + v t\""));
	pl_analysis_free(a);
	pl_analysis_free(still);
}

/* Without the speed: force and timing, and nothing that lies in space. */
static void unknown_speed(void **state)
{
	struct pl_analysis *a = analyse(BELT_M_S, false, false);
	const struct pl_gait *g = pl_analysis_gait(a);

	(void)state;
	assert_true(g->n > 0);
	for (uint32_t k = 0; k < g->n; k++)
		assert_true(isnan(g->step[k].strike_index_pct) && isnan(g->step[k].arch_index));
	assert_non_null(strstr(text, "\"footprints\":\"none: the belt's speed is not known\""));
	pl_analysis_free(a);
}

/* A mat too short for the way of a stance: the heel is carried off it. */
static void carried_off(void **state)
{
	const struct pl_geometry whole = mat;
	struct pl_analysis_options o;
	struct pl_analysis *a;

	(void)state;
	pl_analysis_options_init(&o);
	o.gait.belt_speed_m_s = 2.2; /* 1.5 m in a stance */
	a = pl_analysis_new(&whole, true, 0, RATE, &o, NULL);
	assert_non_null(a);
	both_passes(a, belt_frame, &(struct belt_frames){2.2, false}, FRAMES, RATE, -1);
	assert_true(pl_analysis_gait(a)->n > 0);
	assert_int_equal(pl_analysis_gait(a)->accepted, 0);
	assert_true(pl_analysis_gait(a)->rejected[0] > 0); /* partial */
	pl_analysis_free(a);
}

static void refusals(void **state)
{
	const struct pl_geometry fine = {400, 400, 0.001, 0.001};
	struct pl_analysis_options o;
	struct pl_error err;

	(void)state;
	pl_analysis_options_init(&o);
	o.gait.belt_speed_m_s = 1;
	assert_null(pl_analysis_new(&fine, true, 0, RATE, &o, &err));
	o.facing = PL_FACING_LEFT;
	assert_null(pl_analysis_new(&mat, true, 0, RATE, &o, &err));
	assert_int_equal(err.code, PL_EUSAGE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(on_the_belt),
		cmocka_unit_test(unknown_speed),
		cmocka_unit_test(carried_off),
		cmocka_unit_test(refusals),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
