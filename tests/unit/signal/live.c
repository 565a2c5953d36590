/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Live metrics on feet whose truth is known: standing, leaning, mirrored, turned, alone, in
 * pieces, touching, absent. Sums, symmetries and scaling must hold to rounding.
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

#include "feet_model.h"

#define ROWS 72
#define COLS 80
static const struct pl_geometry mat = {ROWS, COLS, 0.005, 0.005};
static double kpa[ROWS * COLS];

static const struct model_foot left = {
	.left = true, .x = 0.12, .y = 0.05, .turn = -0.1, .heel = 200, .fore = 120};
static const struct model_foot right = {
	.x = 0.28, .y = 0.05, .turn = 0.1, .heel = 200, .fore = 120};

static float row[128];

static float at(const char *key)
{
	int i = pl_metric_find(key);

	assert_true(i >= 0);
	return row[i];
}

static struct pl_live *live_with(const struct pl_live_options *o, enum pl_unit unit)
{
	struct pl_calibration cal;
	struct pl_error err;
	struct pl_live *live;

	pl_calibration_init(&cal, &mat);
	cal.unit = unit;
	live = pl_live_new(&mat, &cal, o, &err);
	assert_non_null(live);
	assert_true(pl_metric_count() <= 128);
	return live;
}

static struct pl_live *live_new(void)
{
	struct pl_live_options o;

	pl_live_options_init(&o);
	o.rate_hz = 100;
	return live_with(&o, PL_UNIT_KPA);
}

static uint32_t frames(struct pl_live *live, uint64_t from, unsigned n)
{
	uint32_t flags = 0;

	for (unsigned k = 0; k < n; k++)
		flags = pl_live_frame(live, kpa, PL_F64, from + k, row);
	return flags;
}

static void two_feet(void)
{
	empty(&mat, kpa);
	stand(&mat, &left, kpa);
	stand(&mat, &right, kpa);
}

/* What the cells say, without any of the code under test. */
static double force_where(double x0, double x1)
{
	double sum = 0;

	for (int i = 0; i < ROWS * COLS; i++) {
		double x = (i % COLS + 0.5) * 0.005;

		if (x >= x0 && x < x1)
			sum += kpa[i] * 0.025; /* kPa on 0.25 cm2 */
	}
	return sum;
}

static void near_to(double a, double b, double tolerance)
{
	if (!(fabs(a - b) <= tolerance))
		print_error("%.9g is not within %g of %.9g\n", a, tolerance, b);
	assert_true(fabs(a - b) <= tolerance);
}

static void empty_mat(void **state)
{
	struct pl_live *live = live_new();

	(void)state;
	empty(&mat, kpa);
	assert_int_equal(frames(live, 0, 3), 0);
	assert_true(at("force_n") == 0 && at("feet") == 0 && at("pressure_peak_kpa") == 0 &&
		    at("contact_area_cm2") == 0);
	for (size_t i = 0; i < pl_metric_count(); i++) {
		char key[64];

		pl_metric_key(i, true, key, sizeof(key));
		if (strcmp(key, "force_n") && strcmp(key, "feet") &&
		    strcmp(key, "pressure_peak_kpa") && strcmp(key, "contact_area_cm2"))
			assert_true(isnan(row[i]));
	}
	pl_live_free(live);
}

static void standing_on_two_feet(void **state)
{
	struct pl_live *live = live_new();
	double l, r;

	(void)state;
	two_feet();
	l = force_where(0, 0.2);
	r = force_where(0.2, 0.4);
	assert_int_equal(frames(live, 0, 60), 0);
	assert_true(at("feet") == 2);
	near_to(at("force_n"), l + r, 1e-4 * (l + r));
	near_to(at("left_force_n"), l, 1e-4 * l);
	near_to(at("right_force_n"), r, 1e-4 * r);
	near_to(at("left_pct"), 100 * l / (l + r), 1e-3);
	near_to(at("left_pct") + at("right_pct"), 100, 1e-4);
	near_to(at("left_axis_deg"), -0.1 * 180 / M_PI, 3);
	near_to(at("right_axis_deg"), 0.1 * 180 / M_PI, 3);
	near_to(at("left_length_mm"), 260, 8);
	assert_true(at("left_provisional") == 0);
	assert_true(isnan(at("foot_force_n")));
	/* CoP of the whole is the force-weighted mean of the feet's */
	near_to(at("cop_x_mm"), (l * at("left_cop_x_mm") + r * at("right_cop_x_mm")) / (l + r),
		0.01);
	near_to(at("cop_filtered_x_mm"), at("cop_x_mm"), 1e-3);
	pl_live_free(live);
}

/* Heel, midfoot and forefoot make up the foot; the quadrants make up the heel. */
static void regions_add_up(void **state)
{
	static const char *const foot[] = {"left", "right"};
	struct pl_live *live = live_new();

	(void)state;
	for (int step = 0; step < 80; step++) {
		struct model_foot l = left, r = right;

		l.heel = 150 + 100 * sin(step * 0.1);
		r.fore = 150 + 100 * cos(step * 0.13);
		empty(&mat, kpa);
		stand(&mat, &l, kpa);
		stand(&mat, &r, kpa);
		frames(live, (uint64_t)step, 1);
		for (int k = 0; k < 2; k++) {
			char key[8][64];
			double heel;

			snprintf(key[0], 64, "%s_heel_pct", foot[k]);
			snprintf(key[1], 64, "%s_midfoot_pct", foot[k]);
			snprintf(key[2], 64, "%s_forefoot_pct", foot[k]);
			snprintf(key[3], 64, "%s_force_n", foot[k]);
			snprintf(key[4], 64, "%s_heel_am_force_n", foot[k]);
			snprintf(key[5], 64, "%s_heel_al_force_n", foot[k]);
			snprintf(key[6], 64, "%s_heel_pm_force_n", foot[k]);
			snprintf(key[7], 64, "%s_heel_pl_force_n", foot[k]);
			heel = at(key[0]) / 100 * at(key[3]);
			near_to(at(key[0]) + at(key[1]) + at(key[2]), 100, 1e-4);
			near_to(at(key[4]) + at(key[5]) + at(key[6]) + at(key[7]), heel,
				1e-5 * heel);
		}
		near_to(at("heel_pct") + at("midfoot_pct") + at("forefoot_pct"), 100, 1e-4);
	}
	pl_live_free(live);
}

/* Share in % of the left foot's force whose cells' centres are between two places along its axis,
 * to the left of it (side < 0), to the right (> 0), or both (0). */
static double left_foot_between(double from_mm, double to_mm, int side)
{
	double a = at("left_axis_deg") * M_PI / 180, part = 0, whole = 0;

	for (int i = 0; i < ROWS * COLS; i++) {
		double x = (i % COLS + 0.5) * 5, y = (ROWS - i / COLS - 0.5) * 5, s, d;

		if (x >= 200)
			continue;
		s = (x - at("left_heel_x_mm")) * sin(a) + (y - at("left_heel_y_mm")) * cos(a);
		d = (x - at("left_heel_x_mm")) * cos(a) - (y - at("left_heel_y_mm")) * sin(a);
		whole += kpa[i];
		if (s >= from_mm && s < to_mm && (side == 0 || (side > 0) == (d > 0)))
			part += kpa[i];
	}
	return 100 * part / whole;
}

/* What lies between the lines is what the regions say, up to the cells that lines cut. */
static void lines_are_where_the_regions_are(void **state)
{
	struct pl_live *live = live_new();
	double half, heel, fore;

	(void)state;
	two_feet();
	frames(live, 0, 60);
	half = at("left_heel_half_mm");
	heel = at("left_heel_end_mm");
	fore = at("left_forefoot_begin_mm");
	assert_true(0 < half && half < heel && heel < fore && fore < at("left_length_mm"));
	near_to(left_foot_between(-1, heel, 0), at("left_heel_pct"), 3);
	near_to(left_foot_between(heel, fore, 0), at("left_midfoot_pct"), 3);
	near_to(left_foot_between(fore, 400, 0), at("left_forefoot_pct"), 3);
	near_to(left_foot_between(-1, half, 1), /* a left foot's inner side is its right one */
		100 * at("left_heel_pm_force_n") / at("left_force_n"), 3);
	near_to(left_foot_between(half, heel, -1),
		100 * at("left_heel_al_force_n") / at("left_force_n"), 3);
	assert_true(at("left_heel_pm_force_n") > 0.05 * at("left_force_n"));
	assert_true(isnan(at("foot_heel_x_mm")));
	pl_live_free(live);
}

/* Leaning back moves load to the heels, and only there. */
static void heel_load_follows_the_lean(void **state)
{
	struct pl_live *live = live_new();
	struct model_foot l = left, r = right;
	float before;

	(void)state;
	two_feet();
	frames(live, 0, 60);
	before = at("left_heel_pct");
	l.heel *= 2;
	r.heel *= 2;
	empty(&mat, kpa);
	stand(&mat, &l, kpa);
	stand(&mat, &r, kpa);
	frames(live, 60, 60);
	assert_true(at("left_heel_pct") > before + 10);
	assert_true(at("right_heel_pct") > before + 10);
	pl_live_free(live);
}

static void mirror(void)
{
	for (int r = 0; r < ROWS; r++) {
		for (int c = 0; c < COLS / 2; c++) {
			double v = kpa[r * COLS + c];

			kpa[r * COLS + c] = kpa[r * COLS + COLS - 1 - c];
			kpa[r * COLS + COLS - 1 - c] = v;
		}
	}
}

static void mirroring_swaps_left_and_right(void **state)
{
	static const char *const same[] = {"force_n",	      "heel_pct",	 "forefoot_pct",
					   "cop_y_mm",	      "heel_am_force_n", "heel_al_force_n",
					   "heel_pm_force_n", "heel_pl_force_n", "length_mm"};
	struct pl_live *live = live_new();
	struct model_foot heavy = right;
	float first[128];

	(void)state;
	heavy.heel = 300;
	empty(&mat, kpa);
	stand(&mat, &left, kpa);
	stand(&mat, &heavy, kpa);
	frames(live, 0, 60);
	memcpy(first, row, sizeof(first));
	mirror();
	pl_live_reset(live);
	frames(live, 0, 60);
	for (unsigned k = 0; k < sizeof(same) / sizeof(same[0]); k++) {
		char l[64], r[64];

		snprintf(l, sizeof(l), "left_%s", same[k]);
		snprintf(r, sizeof(r), "right_%s", same[k]);
		near_to(at(l), first[pl_metric_find(r)], 1e-4 * fabs(at(l)));
		near_to(at(r), first[pl_metric_find(l)], 1e-4 * fabs(at(r)));
	}
	near_to(at("cop_x_mm"), COLS * 5 - first[pl_metric_find("cop_x_mm")], 1e-3);
	pl_live_free(live);
}

static void scaling_scales_forces_only(void **state)
{
	struct pl_live *live = live_new();
	float first[128];

	(void)state;
	two_feet();
	frames(live, 0, 60);
	memcpy(first, row, sizeof(first));
	for (int i = 0; i < ROWS * COLS; i++)
		kpa[i] *= 2;
	pl_live_reset(live);
	frames(live, 0, 60);
	for (size_t i = 0; i < pl_metric_count(); i++) {
		enum pl_quantity q = pl_metric_def(i)->quantity;
		float factor = q == PL_Q_FORCE || q == PL_Q_PRESSURE ? 2 : 1;

		if (isnan(first[i]))
			assert_true(isnan(row[i]));
		else
			assert_true(row[i] == factor * first[i]);
	}
	pl_live_free(live);
}

/* Turned round by 180 degrees nothing about the feet changes but where they point. */
static void facing_backward(void **state)
{
	struct pl_live *live = live_new();

	(void)state;
	empty(&mat, kpa);
	stand(&mat, &left, kpa); /* alone on its side, so that left and right differ */
	stand(&mat, &right, kpa);
	for (int i = 0; i < ROWS * COLS; i++)
		if (i % COLS >= COLS / 2)
			kpa[i] *= 1.5;
	for (int i = 0; i < ROWS * COLS / 2; i++) {
		double v = kpa[i];

		kpa[i] = kpa[ROWS * COLS - 1 - i];
		kpa[ROWS * COLS - 1 - i] = v;
	}
	frames(live, 0, 60);
	assert_true(at("right_pct") > 55);
	assert_true(at("right_cop_x_mm") < at("left_cop_x_mm"));
	assert_true(fabs(at("right_axis_deg")) > 150);
	pl_live_free(live);
}

static void one_foot_alone(void **state)
{
	struct pl_live *live = live_new();

	(void)state;
	empty(&mat, kpa);
	stand(&mat, &right, kpa);
	frames(live, 0, 60);
	assert_true(at("feet") == 1);
	assert_true(isnan(at("left_force_n")));
	near_to(at("right_force_n"), force_where(0, 1), 1e-3);
	assert_true(at("right_pct") == 100 && at("left_pct") == 0);
	pl_live_free(live);
}

/* A forefoot has no heel to measure from, whatever way the person faces. */
static void forefoot_only(void **state)
{
	for (int facing = PL_FACING_AUTO; facing <= PL_FACING_BACKWARD; facing++) {
		struct model_foot toes = right;
		struct pl_live_options o;
		struct pl_live *live;

		pl_live_options_init(&o);
		o.rate_hz = 100;
		o.facing = (enum pl_facing)facing;
		live = live_with(&o, PL_UNIT_KPA);
		toes.heel = 0;
		empty(&mat, kpa);
		stand(&mat, &toes, kpa);
		frames(live, 0, 100);
		assert_true(at("feet") == 1);
		assert_true(at("foot_force_n") > 100);
		assert_true(isnan(at("foot_heel_pct")) && isnan(at("heel_pct")));
		assert_true(isnan(at("left_pct")) && isnan(at("foot_length_mm")));
		pl_live_free(live);
	}
	(void)state;
}

static void specks_are_no_feet(void **state)
{
	struct pl_live *live = live_new();

	(void)state;
	two_feet();
	for (int k = 0; k < 8; k++)
		kpa[(k * 9 + 1) * COLS + COLS / 2] += 3; /* between the feet and at the rim */
	frames(live, 0, 60);
	assert_true(at("feet") == 2);
	near_to(at("left_pct"), 50, 1);
	empty(&mat, kpa);
	for (int k = 0; k < 400; k++)
		kpa[(k * 7919) % (ROWS * COLS)] = 5;
	frames(live, 100, 60);
	assert_true(at("force_n") > 40);
	assert_true(isnan(at("left_pct")) && isnan(at("heel_pct")));
	pl_live_free(live);
}

static void touching_feet_give_totals(void **state)
{
	for (int overlap = 0; overlap < 6; overlap++) {
		struct pl_live *live = live_new();
		struct model_foot l = left, r = right;

		l.turn = r.turn = 0;
		l.x = 0.2 - 0.046 + 0.002 * overlap;
		r.x = 0.2 + 0.046 - 0.002 * overlap;
		empty(&mat, kpa);
		stand(&mat, &l, kpa);
		stand(&mat, &r, kpa);
		frames(live, 0, 60);
		near_to(at("force_n"), force_where(0, 1), 1e-3 * at("force_n"));
		assert_true(at("cop_x_mm") > 190 && at("cop_x_mm") < 210);
		if (!isnan(at("left_cop_x_mm")) && !isnan(at("right_cop_x_mm")))
			assert_true(at("left_cop_x_mm") < at("right_cop_x_mm"));
		pl_live_free(live);
	}
	(void)state;
}

/* Feet that come together after they were told apart stay who they are. */
static void feet_that_come_to_touch(void **state)
{
	struct pl_live *live = live_new();

	(void)state;
	two_feet();
	frames(live, 0, 60);
	for (int c = 28; c < 52; c++) /* a bridge of light cells between the forefeet */
		kpa[30 * COLS + c] = fmax(kpa[30 * COLS + c], 3);
	frames(live, 60, 60);
	assert_true(at("left_cop_x_mm") < at("right_cop_x_mm"));
	near_to(at("left_pct"), 50, 2);
	pl_live_free(live);
}

/* Lifted for long enough, the next contact is a new one; a short dropout is not. */
static void footprints_end(void **state)
{
	struct pl_live *live = live_new();
	struct model_foot toes = right;

	(void)state;
	empty(&mat, kpa);
	stand(&mat, &right, kpa);
	frames(live, 0, 60);
	assert_false(isnan(at("right_heel_pct")));
	toes.heel = 0;
	empty(&mat, kpa);
	stand(&mat, &toes, kpa);
	frames(live, 60, 5); /* heel up: the print knows where it was */
	assert_true(at("right_heel_pct") < 1);
	empty(&mat, kpa);
	frames(live, 65, 30);
	stand(&mat, &toes, kpa);
	frames(live, 95, 5);
	assert_true(isnan(at("right_heel_pct")) && isnan(at("foot_heel_pct")));
	pl_live_free(live);
}

static void a_gap_breaks_the_filter(void **state)
{
	struct pl_live *live = live_new();
	struct model_foot r = right;

	(void)state;
	two_feet();
	frames(live, 0, 60);
	r.heel = 400;
	empty(&mat, kpa);
	stand(&mat, &left, kpa);
	stand(&mat, &r, kpa);
	frames(live, 60, 1);
	assert_true(fabs(at("cop_filtered_x_mm") - at("cop_x_mm")) > 1); /* still on its way */
	frames(live, 63, 1);
	near_to(at("cop_filtered_x_mm"), at("cop_x_mm"), 1e-3);
	pl_live_free(live);
}

static void same_frames_same_bits(void **state)
{
	struct pl_live *a = live_new(), *b = live_new();
	float first[128];

	(void)state;
	for (int step = 0; step < 50; step++) {
		struct model_foot l = left;

		l.heel = 150 + 100 * sin(step * 0.3);
		empty(&mat, kpa);
		stand(&mat, &l, kpa);
		if (step % 10)
			stand(&mat, &right, kpa);
		frames(a, (uint64_t)step, 1);
		memcpy(first, row, sizeof(first));
		frames(b, (uint64_t)step, 1);
		assert_memory_equal(first, row, pl_metric_count() * sizeof(float));
	}
	pl_live_reset(a);
	pl_live_reset(b);
	frames(a, 7, 20);
	memcpy(first, row, sizeof(first));
	frames(b, 7, 20);
	assert_memory_equal(first, row, pl_metric_count() * sizeof(float));
	pl_live_free(a);
	pl_live_free(b);
}

/* An insole: every cell is that foot's, and its print outlives the swing. */
static void known_side(void **state)
{
	struct model_foot toes = left;
	struct pl_live_options o;
	struct pl_live *live;

	(void)state;
	pl_live_options_init(&o);
	o.rate_hz = 100;
	o.side = PL_SIDE_LEFT;
	o.facing = PL_FACING_FORWARD;
	live = live_with(&o, PL_UNIT_KPA);
	empty(&mat, kpa);
	stand(&mat, &left, kpa);
	frames(live, 0, 60);
	empty(&mat, kpa);
	frames(live, 60, 60);
	assert_true(isnan(at("left_force_n")));
	toes.heel = 0;
	stand(&mat, &toes, kpa);
	frames(live, 120, 1);
	assert_true(at("left_heel_pct") < 1 && at("left_forefoot_pct") > 90);
	pl_live_free(live);
}

static void without_calibration_nothing_is_newtons(void **state)
{
	struct pl_live_options o;
	struct pl_live *live;
	double sum = 0;

	(void)state;
	pl_live_options_init(&o);
	live = live_with(&o, PL_UNIT_COUNTS);
	two_feet();
	for (int i = 0; i < ROWS * COLS; i++)
		sum += kpa[i];
	frames(live, 0, 1);
	near_to(at("force_counts"), sum, 1e-6 * sum);
	assert_true(isnan(at("cop_filtered_x_mm"))); /* no rate */
	for (size_t i = 0; i < pl_metric_count(); i++) {
		char key[64];

		pl_metric_key(i, false, key, sizeof(key));
		assert_null(strstr(key, "_n\0"));
		assert_null(strstr(key, "kpa"));
		assert_string_not_equal(pl_metric_unit(i, false), "N");
		assert_int_equal(pl_metric_find(key), i);
	}
	pl_live_free(live);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(empty_mat),
		cmocka_unit_test(standing_on_two_feet),
		cmocka_unit_test(regions_add_up),
		cmocka_unit_test(lines_are_where_the_regions_are),
		cmocka_unit_test(heel_load_follows_the_lean),
		cmocka_unit_test(mirroring_swaps_left_and_right),
		cmocka_unit_test(scaling_scales_forces_only),
		cmocka_unit_test(facing_backward),
		cmocka_unit_test(one_foot_alone),
		cmocka_unit_test(forefoot_only),
		cmocka_unit_test(specks_are_no_feet),
		cmocka_unit_test(touching_feet_give_totals),
		cmocka_unit_test(feet_that_come_to_touch),
		cmocka_unit_test(footprints_end),
		cmocka_unit_test(a_gap_breaks_the_filter),
		cmocka_unit_test(same_frames_same_bits),
		cmocka_unit_test(known_side),
		cmocka_unit_test(without_calibration_nothing_is_newtons),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
