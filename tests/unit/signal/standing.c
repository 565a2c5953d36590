/* SPDX-License-Identifier: Apache-2.0 */
/* Standing in tables: which stretch is taken, how load and weight shifts are counted. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <plantar/standing.h>

#define ROWS 6000
#define RATE 100.0

static double force[ROWS], ap[ROWS], ml[ROWS], left[ROWS], right[ROWS], seconds[ROWS];

#define NEAR(a, b, within) near(#a, a, b, within)

static void near(const char *what, double value, double want, double within)
{
	if (!(fabs(value - want) <= within))
		fail_msg("%s is %.12g, not %.12g", what, value, want);
}

/* A minute of standing, 700 N, swaying at 0.5 Hz, 60 % on the left. */
static struct pl_table stand(void)
{
	struct pl_table t = {.rows = ROWS, .rate_hz = RATE};

	for (int k = 0; k < ROWS; k++) {
		seconds[k] = k / RATE;
		force[k] = 700 + 5 * sin(k);
		ap[k] = 10 * sin(2 * M_PI * 0.5 * k / RATE);
		ml[k] = 5 * cos(2 * M_PI * 0.5 * k / RATE);
		left[k] = 0.6 * force[k];
		right[k] = 0.4 * force[k];
	}
	t.column[PL_COLUMN_FORCE] = force;
	t.column[PL_COLUMN_AP] = ap;
	t.column[PL_COLUMN_ML] = ml;
	return t;
}

static struct pl_table on_two(void)
{
	struct pl_table t = stand();

	t.column[PL_COLUMN_FORCE] = NULL;
	t.column[PL_COLUMN_LEFT_FORCE] = left;
	t.column[PL_COLUMN_RIGHT_FORCE] = right;
	return t;
}

static int run(const struct pl_table *t, struct pl_standing *s)
{
	struct pl_standing_options o;
	struct pl_error err = {.code = PL_OK};

	pl_standing_options_init(&o);
	return pl_standing_table(t, &o, s, &err);
}

static void test_all_of_it(void **state)
{
	struct pl_table t = stand();
	struct pl_standing s;

	(void)state;
	assert_int_equal(run(&t, &s), 1);
	assert_int_equal(s.samples, ROWS);
	assert_int_equal(s.flags, 0);
	assert_true(s.from_s == 0 && s.to_s == 60 && s.has_sway && s.filter_hz == 10);
	NEAR(s.force[PL_STANDING_ALL].mean, 700, 0.01);
	NEAR(s.force[PL_STANDING_ALL].sd, 5 / M_SQRT2, 0.01);
	assert_true(isnan(s.left_pct.mean) && isnan(s.symmetry_index_pct) && !s.shifts.known);
	t.column[PL_COLUMN_FORCE] = NULL; /* the CoP alone will do */
	assert_int_equal(run(&t, &s), 1);
	assert_true(s.samples == ROWS && isnan(s.force[PL_STANDING_ALL].mean));
}

/* Empty, stepping on at 5 s, off at 45 s: a second is left out at both ends. */
static void test_stepping_on_and_off(void **state)
{
	struct pl_table t = stand();
	struct pl_standing s;

	(void)state;
	for (int k = 0; k < ROWS; k++)
		if (k < 500 || k >= 4500) {
			force[k] = 0;
			ap[k] = ml[k] = NAN;
		}
	assert_int_equal(run(&t, &s), 1);
	assert_true(s.from_s == 6 && s.to_s == 44 && s.flags == 0);
	for (int k = 500; k < 540; k++) /* landing with twice the weight: settling starts after */
		force[k] = 1400;
	assert_int_equal(run(&t, &s), 1);
	assert_true(s.from_s == 6.4 && s.to_s == 44);
}

static void test_gaps(void **state)
{
	struct pl_table t = stand();
	struct pl_standing s;

	(void)state;
	ap[2000] = NAN; /* a row without CoP: 20 s before it, 39.99 s after */
	assert_int_equal(run(&t, &s), 1);
	assert_true(s.from_s == 20.01 && s.to_s == 60);
	assert_int_equal(s.flags, PL_STANDING_GAP);
	ap[2000] = 0;
	t.column[PL_COLUMN_TIME] = seconds;
	assert_int_equal(run(&t, &s), 1);
	assert_true(s.samples == ROWS && s.flags == 0);
	for (int k = 4500; k < ROWS; k++) /* rows are missing */
		seconds[k] += 0.5;
	assert_int_equal(run(&t, &s), 1);
	assert_true(s.from_s == 0 && s.samples == 4500 && s.flags == PL_STANDING_GAP);
}

static void test_nobody_stands(void **state)
{
	struct pl_table t = stand();
	struct pl_standing s;

	(void)state;
	for (int k = 0; k < ROWS; k++) /* running in place: 0.25 s of stance, 0.1 s of flight */
		force[k] = k % 35 < 25 ? 1700 * sin(M_PI * (k % 35) / 25) : 0;
	assert_int_equal(run(&t, &s), 0);
	for (int k = 0; k < ROWS; k++) /* walking: two humps, never empty */
		force[k] = 700 * (1 + 0.35 * sin(2 * M_PI * 1.8 * k / RATE));
	assert_int_equal(run(&t, &s), 0);
	for (int k = 0; k < ROWS; k++) /* an empty plate and its noise */
		force[k] = 3 * sin(k);
	assert_int_equal(run(&t, &s), 0);
	t = stand();
	t.rows = 499; /* below five seconds */
	assert_int_equal(run(&t, &s), 0);
	t.rows = 500;
	assert_int_equal(run(&t, &s), 1);
	assert_int_equal(s.flags, PL_STANDING_SHORT);
	t.column[PL_COLUMN_AP] = NULL; /* a force alone tells nothing */
	assert_int_equal(run(&t, &s), 0);
	t.rows = 0;
	assert_int_equal(run(&t, &s), 0);
	t.rate_hz = 0;
	assert_int_equal(run(&t, &s), -1);
}

static void test_slow_rate(void **state)
{
	struct pl_table t = stand();
	struct pl_standing s;

	(void)state;
	t.rate_hz = 20; /* 10 Hz is half of it: no such filter */
	assert_int_equal(run(&t, &s), 1);
	assert_int_equal(s.flags, PL_STANDING_SLOW | PL_STANDING_UNFILTERED);
	assert_true(isnan(s.filter_hz) && s.has_sway);
}

/* Recombined by force: 60 % at (10, -100), 40 % at (20, 100). */
static void test_two_plates(void **state)
{
	static double la[ROWS], lm[ROWS], ra[ROWS], rm[ROWS];
	struct pl_table t = on_two();
	struct pl_standing s;

	(void)state;
	t.column[PL_COLUMN_AP] = t.column[PL_COLUMN_ML] = NULL;
	t.column[PL_COLUMN_LEFT_AP] = la;
	t.column[PL_COLUMN_LEFT_ML] = lm;
	t.column[PL_COLUMN_RIGHT_AP] = ra;
	t.column[PL_COLUMN_RIGHT_ML] = rm;
	for (int k = 0; k < ROWS; k++) {
		la[k] = 10;
		lm[k] = -100;
		ra[k] = 20;
		rm[k] = 100;
	}
	assert_int_equal(run(&t, &s), 1);
	NEAR(s.sway.mean_ap_mm, 14, 1e-9);
	NEAR(s.sway.mean_ml_mm, -20, 1e-9);
	NEAR(s.left_pct.mean, 60, 1e-9);
	NEAR(s.right_pct.mean, 40, 1e-9);
	NEAR(s.left_pct.sd, 0, 1e-9);
	NEAR(s.symmetry_index_pct, -40, 1e-9);
	assert_true(s.shifts.known && s.shifts.count == 0 && isnan(s.shifts.size_mean_pct));
	assert_true(s.series == 60 && fabs(s.series_left_pct[59] - 60) < 1e-9);
	for (int k = 0; k < ROWS; k++) { /* on the left leg; an empty plate has no CoP */
		right[k] = 1;
		ra[k] = rm[k] = NAN;
	}
	assert_int_equal(run(&t, &s), 1);
	NEAR(s.sway.mean_ml_mm, -100, 1e-9);
	for (int k = 3000; k < ROWS; k++) /* and then on both: another stretch, cut at 1 s */
		right[k] = 300;
	for (int k = 3000; k < ROWS; k++)
		ra[k] = 20, rm[k] = 100;
	assert_int_equal(run(&t, &s), 1);
	assert_true(s.samples == 2900);
}

/* Mean share from mean forces, SD of the samples' shares. */
static void test_mean_of_shares(void **state)
{
	struct pl_table t = on_two();
	struct pl_standing s;

	(void)state;
	for (int k = 0; k < ROWS; k++) {
		double all = k % 2 ? 650 : 750, share = k % 2 ? 0.5 : 0.6;

		left[k] = all * share;
		right[k] = all * (1 - share);
	}
	assert_int_equal(run(&t, &s), 1);
	NEAR(s.left_pct.mean, 100 * (325 + 450) / 1400.0, 1e-9); /* 55.36, not 55 */
	NEAR(s.left_pct.sd, 5 * sqrt(ROWS / (ROWS - 1.0)), 1e-9);
	NEAR(s.right_pct.sd, s.left_pct.sd, 1e-12);
}

/* From one share to the next in `width` samples, at a constant pace. */
static void shift_to(int at, int width, double share)
{
	double from = left[at] / (left[at] + right[at]);

	for (int k = at; k < ROWS; k++) {
		double part = k < at + width ? (k + 1 - at) / (double)width : 1;

		left[k] = 700 * (from + (share - from) * part);
		right[k] = 700 - left[k];
	}
}

static void test_weight_shifts(void **state)
{
	struct pl_table t = on_two();
	struct pl_standing s;

	(void)state;
	shift_to(0, 1, 0.5);
	shift_to(1000, 60, 0.8);	 /* 30 %, middle at 10.3 s */
	shift_to(2000, 60, 0.3);	 /* 50 %, at 20.3 s */
	shift_to(3500, 100, 0.7);	 /* 40 %, at 35.5 s */
	for (int k = 0; k < ROWS; k++) { /* swaying by 8 % makes no shift, and adds to none */
		left[k] += 28 * sin(2 * M_PI * 0.4 * (k - 1000) / RATE) * (k > 4000);
		right[k] = 700 - left[k];
	}
	assert_int_equal(run(&t, &s), 1);
	assert_int_equal(s.shifts.count, 3);
	/* the last goes from 30 % to the sway's crest at 74: half way is 52, 0.55 s into it */
	NEAR(s.shifts.dwell_mean_s, (35.55 - 10.3) / 2, 0.011);
	NEAR(s.shifts.dwell_max_s, 15.25, 0.011);
	NEAR(s.shifts.size_max_pct, 50, 1e-9);
	NEAR(s.shifts.size_mean_pct, (30 + 50 + 44) / 3.0, 0.01);

	(void)on_two();
	shift_to(0, 1, 0.3);
	shift_to(500, 3000, 0.7); /* leaning over for 30 s is no shift */
	assert_int_equal(run(&t, &s), 1);
	assert_int_equal(s.shifts.count, 0);
	shift_to(4500, 50, 0.55); /* 15 % are too few */
	assert_int_equal(run(&t, &s), 1);
	assert_int_equal(s.shifts.count, 0);
	assert_true(isnan(s.shifts.dwell_mean_s));
}

/* Heel and forefoot of plain arrays; the swinging foot's shares count only while it is loaded. */
static void test_parts_and_series(void **state)
{
	static double heel[ROWS], one[ROWS];
	struct pl_standing_samples in = {.n = ROWS, .rate_hz = RATE};
	struct pl_standing_options o;
	struct pl_standing s;

	(void)state;
	(void)stand();
	pl_standing_options_init(&o);
	for (int k = 0; k < ROWS; k++) {
		right[k] = k < 3000 ? 300 : 5; /* below 20 N: lifted */
		heel[k] = k < 3000 ? 200 + k % 2 : 5;
		one[k] = 1000;
	}
	in.force[PL_STANDING_LEFT] = left;
	in.force[PL_STANDING_RIGHT] = right;
	in.force[PL_STANDING_ALL] = one;
	in.part[PL_STANDING_RIGHT][PL_STANDING_HEEL] = heel;
	in.part[PL_STANDING_ALL][PL_STANDING_HEEL] = heel;
	assert_int_equal(pl_standing_compute(&in, &o, &s, NULL), 0);
	NEAR(s.part_pct[PL_STANDING_RIGHT][PL_STANDING_HEEL].mean,
	     100 * (200.5 * 3000 + 5 * 3000) / (305 * 3000.0), 1e-9);
	NEAR(s.part_pct[PL_STANDING_RIGHT][PL_STANDING_HEEL].sd,
	     100 * 0.5 / 300 * sqrt(3000 / 2999.0), 1e-9);
	NEAR(s.series_part_pct[PL_STANDING_ALL][PL_STANDING_HEEL][29], 20.05, 1e-9);
	NEAR(s.series_part_pct[PL_STANDING_ALL][PL_STANDING_HEEL][30], 0.5, 1e-9);
	assert_true(isnan(s.part_pct[PL_STANDING_LEFT][PL_STANDING_HEEL].mean));
	assert_true(!s.has_sway && s.series_interval_s == 1);
	in.rate_hz = 5; /* 1,200 s: intervals of 2 s are 600 */
	assert_int_equal(pl_standing_compute(&in, &o, &s, NULL), 0);
	assert_true(s.series_interval_s == 2 && s.series == 600);
	heel[7] = NAN;
	assert_int_equal(pl_standing_compute(&in, &o, &s, NULL), -1);
	in.n = 0;
	assert_int_equal(pl_standing_compute(&in, &o, &s, NULL), -1);
}

static const char *json_of(const struct pl_standing *s)
{
	static char text[200000];
	struct pl_json json;

	pl_json_init(&json, text, sizeof(text));
	pl_json_begin_object(&json, NULL);
	pl_json_begin_object(&json, "method");
	pl_standing_method_json(s, &json);
	pl_json_end_object(&json);
	if (s)
		pl_standing_json(s, &json);
	pl_json_end_object(&json);
	assert_true(pl_json_finish(&json) > 0);
	return text;
}

static void test_json(void **state)
{
	static const char *const keys[] = {"left_pct",
					   "symmetry_index_pct",
					   "path_mm",
					   "mean_velocity_mm_s",
					   "mean_velocity_n1_mm_s",
					   "mean_velocity_ap_mm_s",
					   "rms_ap_mm",
					   "rms_ml_mm",
					   "range_ap_mm",
					   "range_ml_mm",
					   "mean_distance_mm",
					   "area_95_mm2",
					   "ellipse_major_mm",
					   "ellipse_minor_mm",
					   "mean_frequency_hz",
					   "mean_frequency_ap_hz",
					   "f50_ml_hz",
					   "f95_ap_hz",
					   "mean_frequency_prieto_hz",
					   "left_force_mean_bw",
					   "shifts"};
	struct pl_table t = on_two();
	struct pl_standing_options o;
	struct pl_standing s;
	char quoted[64];

	(void)state;
	pl_standing_options_init(&o);
	o.body_mass_kg = 700 / 9.80665;
	assert_int_equal(pl_standing_table(&t, &o, &s, NULL), 1);
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		snprintf(quoted, sizeof(quoted), "\"%s\":", keys[i]);
		if (!strstr(json_of(&s), quoted))
			fail_msg("no %s in %s", quoted, json_of(&s));
	}
	assert_non_null(strstr(json_of(&s), "\"filter_hz\":10,\"filter_kind\":\"butterworth"));
	assert_null(strstr(json_of(&s), "heel")); /* a force plate has none */
	assert_non_null(strstr(json_of(NULL), "\"filter_hz\":null,\"filter_kind\":\"none\""));
	o.filter_hz = NAN;
	t.rows = 1000;
	t.rate_hz = 40;
	assert_int_equal(pl_standing_table(&t, &o, &s, NULL), 1);
	assert_non_null(strstr(json_of(&s), "\"filter_hz\":null,\"filter_kind\":\"none\""));
	assert_non_null(strstr(json_of(&s), "\"flags\":[\"below_50_hz\"]"));
}

static void test_least_force(void **state)
{
	struct pl_standing_options o;

	(void)state;
	pl_standing_options_init(&o);
	assert_true(pl_standing_force_min(&o) == 20);
	o.body_mass_kg = 80;
	NEAR(pl_standing_force_min(&o), 0.05 * 80 * 9.80665, 1e-9);
	o.force_min_n = 7;
	assert_true(pl_standing_force_min(&o) == 7);
}

static void test_column_names(void **state)
{
	(void)state;
	for (int c = 0; c < PL_COLUMNS; c++)
		assert_int_equal(pl_column_parse(pl_column_name((enum pl_column)c)), c);
	assert_int_equal(pl_column_parse("left.force"), PL_COLUMN_LEFT_FORCE);
	assert_int_equal(pl_column_parse("force "), -1);
	assert_int_equal(pl_column_parse(""), -1);
	assert_int_equal(pl_column_parse(NULL), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_all_of_it),
		cmocka_unit_test(test_stepping_on_and_off),
		cmocka_unit_test(test_gaps),
		cmocka_unit_test(test_nobody_stands),
		cmocka_unit_test(test_slow_rate),
		cmocka_unit_test(test_two_plates),
		cmocka_unit_test(test_mean_of_shares),
		cmocka_unit_test(test_weight_shifts),
		cmocka_unit_test(test_parts_and_series),
		cmocka_unit_test(test_json),
		cmocka_unit_test(test_least_force),
		cmocka_unit_test(test_column_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
