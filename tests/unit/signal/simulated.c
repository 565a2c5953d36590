/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A simulated person on a mat of one byte a cell that cuts faint cells away: toes, midfoot and in
 * the end half of the forefoot are missing, and what is left of a foot is broader at the heel. A
 * side that is given must be the right one and its load that of the cells on that side, in every
 * frame; how many frames stay unknown is printed and bounded.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <plantar/live.h>

#include "drivers/sim/person.h"

#define RATE 25
#define FLOOR 8
#define FRAMES 200
#define SIDE 64

static float row[128];

static float at(const char *key)
{
	int i = pl_metric_find(key);

	assert_true(i >= 0);
	return row[i];
}

struct scene {
	enum pl_sim_kind kind;
	double pitch_m, full_scale_kpa, heel_share, left_share, noise_kpa;
	enum pl_facing facing;
	unsigned ramp; /* frames until the whole weight is on the mat */
	uint64_t seed;
};

struct counts {
	unsigned frames, known;
};

/* Share of the counts on the left half of the mat, where the left foot stands. */
static double left_share(const uint8_t *raw)
{
	double sum[2] = {0};

	for (unsigned i = 0; i < SIDE * SIDE; i++)
		if (raw[i] >= FLOOR)
			sum[i % SIDE >= SIDE / 2] += raw[i];
	return 100 * sum[0] / (sum[0] + sum[1]);
}

static void check_standing(const struct scene *s, const uint8_t *raw, unsigned frame)
{
	double left = at("left_pct"), off = fabs(left - left_share(raw));

	if (!(off < 2) || at("left_cop_x_mm") > at("right_cop_x_mm"))
		print_error("frame %u: left %g %%, its cells %g %%; pitch %g m, %g kPa, heel %g, "
			    "left %g, ramp %u, seed %u\n",
			    frame, left, left_share(raw), s->pitch_m, s->full_scale_kpa,
			    s->heel_share, s->left_share, s->ramp, (unsigned)s->seed);
	assert_true(off < 2);
	assert_false(at("left_cop_x_mm") > at("right_cop_x_mm"));
}

static void check_walking(const struct pl_sim_truth *truth)
{
	if (truth->right_force_n == 0)
		assert_true(at("left_pct") == 100);
	else if (truth->left_force_n == 0)
		assert_true(at("right_pct") == 100);
}

static void play(const struct scene *s, struct counts *counts)
{
	static double kpa[SIDE * SIDE];
	static uint8_t raw[SIDE * SIDE];
	const struct pl_geometry g = {SIDE, SIDE, s->pitch_m, s->pitch_m};
	struct pl_sim_options so;
	struct pl_live_options o;
	struct pl_calibration cal;
	struct pl_sim *sim;
	struct pl_live *live;

	pl_sim_options_init(&so);
	so.kind = s->kind;
	so.geometry = g;
	so.rate_hz = RATE;
	so.heel_share = s->heel_share;
	so.left_share = s->left_share;
	so.noise_kpa = s->noise_kpa;
	so.seed = s->seed;
	pl_calibration_init(&cal, &g);
	cal.noise_floor = FLOOR;
	pl_live_options_init(&o);
	o.rate_hz = RATE;
	o.facing = s->facing;
	sim = pl_sim_new(&so, NULL);
	live = pl_live_new(&g, &cal, &o, NULL);
	assert_true(sim && live && pl_metric_count() <= 128);
	for (unsigned k = 0; k < FRAMES; k++) {
		double grown = k + 1 < s->ramp ? (k + 1.0) / s->ramp : 1;
		struct pl_sim_truth truth;

		pl_sim_frame(sim, kpa, &truth);
		for (unsigned i = 0; i < SIDE * SIDE; i++)
			kpa[i] *= grown * 255 / s->full_scale_kpa;
		pl_calibrate_inverse(&cal, &g, kpa, PL_U8, raw);
		pl_live_frame(live, raw, PL_U8, k, row);
		counts->frames += truth.force_n > 0;
		if (isnan(at("left_pct")))
			continue;
		counts->known++;
		if (s->kind == PL_SIM_WALKING)
			check_walking(&truth);
		else
			check_standing(s, raw, k);
	}
	pl_live_free(live);
	pl_sim_free(sim);
}

/* Many persons at scales of 100 to 400 kPa. */
static struct counts stand_at_all_scales(double pitch_m, enum pl_facing facing)
{
	struct counts counts = {0};

	for (unsigned k = 0; k < 140; k++) {
		struct scene s = {.kind = k % 2 ? PL_SIM_SHIFT : PL_SIM_STANDING,
				  .pitch_m = pitch_m,
				  .full_scale_kpa = 100 + 50 * (k % 7),
				  .heel_share = 0.4 + 0.1 * (k / 7 % 5),
				  .left_share = k % 3 ? 0.5 : 0.3 + 0.1 * (k / 3 % 5),
				  .noise_kpa = k % 4 == 3 ? 3 : 0,
				  .facing = facing,
				  .ramp = k % 5 == 4 ? 40 : 0,
				  .seed = k + 1};

		play(&s, &counts);
	}
	print_message("%g mm, facing %s: %u frames, sides known in %u\n", 1e3 * pitch_m,
		      pl_facing_name(facing), counts.frames, counts.known);
	return counts;
}

static void standing(void **state)
{
	struct counts n = stand_at_all_scales(0.014, PL_FACING_AUTO);

	(void)state;
	assert_true(n.known > n.frames / 4);
	n = stand_at_all_scales(0.0075, PL_FACING_AUTO);
	assert_true(n.known > n.frames / 3);
}

/* The operator has said how the feet point: nearly always known. */
static void standing_with_facing_given(void **state)
{
	struct counts n = stand_at_all_scales(0.014, PL_FACING_FORWARD);

	(void)state;
	assert_true(n.known > 0.9 * n.frames);
	n = stand_at_all_scales(0.0075, PL_FACING_FORWARD);
	assert_true(n.known > 0.9 * n.frames);
}

/* Single prints seldom say which foot it is; never the wrong one. */
static void walking(void **state)
{
	struct counts n = {0};

	(void)state;
	for (unsigned k = 0; k < 60; k++) {
		struct scene s = {.kind = PL_SIM_WALKING,
				  .pitch_m = k % 2 ? 0.0075 : 0.014,
				  .full_scale_kpa = 100 + 50 * (k % 7),
				  .heel_share = 0.5,
				  .left_share = 0.5,
				  .facing = k % 3 ? PL_FACING_AUTO : PL_FACING_FORWARD,
				  .seed = k + 1};

		play(&s, &n);
	}
	print_message("walking: %u loaded frames, sides known in %u\n", n.frames, n.known);
	assert_true(n.frames > 1000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(standing),
		cmocka_unit_test(standing_with_facing_given),
		cmocka_unit_test(walking),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
