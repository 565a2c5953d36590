/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What becomes of contacts on one spot, of a print that shows no heel, of a step on cells too large
 * for it: rules that real steps rarely need, each tried alone. The prints are blocks of cells whose
 * forces can be worked out by hand.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

#include <plantar/analysis.h>

#include "both_passes.h"

#define ROWS 80
#define COLS 40
#define RATE 100
#define PITCH 0.005

static const struct pl_geometry mat = {ROWS, COLS, PITCH, PITCH};

/* kPa on rows [r0, r1) and columns [c0, c1); row 0 is in front */
static void block(double *kpa, unsigned r0, unsigned r1, unsigned c0, unsigned c1, double value)
{
	for (unsigned r = r0; r < r1; r++)
		for (unsigned c = c0; c < c1; c++)
			kpa[r * COLS + c] = value;
}

typedef void fill_fn(unsigned k, double *kpa);

static const double *filled(void *ctx, unsigned k)
{
	static double kpa[ROWS * COLS];

	memset(kpa, 0, sizeof(kpa));
	(*(fill_fn **)ctx)(k, kpa);
	return kpa;
}

/* rate: what the mat says of itself. The whole analysis; to be released. */
static json_t *analyse(fill_fn *fill, unsigned n, double rate)
{
	static char text[1 << 18];
	struct pl_analysis_options o;
	struct pl_analysis *a;
	json_t *all;

	pl_analysis_options_init(&o);
	a = pl_analysis_new(&mat, true, 0, rate, &o, NULL);
	assert_non_null(a);
	both_passes(a, filled, &fill, n, RATE, -1);
	assert_true(pl_analysis_totals(a)->region_sum_error_max < 1e-12);
	analysis_text(a, text, sizeof(text));
	pl_analysis_free(a);
	all = json_loads(text, 0, NULL);
	assert_non_null(all);
	return all;
}

static size_t feet(const json_t *all)
{
	return json_array_size(json_object_get(all, "feet"));
}

static double number(const json_t *all, size_t foot, const char *key)
{
	return json_number_value(
		json_object_get(json_array_get(json_object_get(all, "feet"), foot), key));
}

static const char *word(const json_t *all, const char *key)
{
	return json_string_value(
		json_object_get(json_array_get(json_object_get(all, "feet"), 0), key));
}

/* ---- stepped on again ----------------------------------------------------------------------- */

static unsigned pause; /* frames between the two steps */

/* A cell at 1 kPa is 0.025 N. A heel of 10 x 12 cells at 40 kPa (120 N), a toe of 2 x 2 at 80 kPa
 * (8 N, a speck) 14 cells in front of it; later all of 50 x 16 cells at 10 kPa (200 N). */
static void one_step(unsigned k, double *kpa)
{
	if (k < 20) {
		block(kpa, 60, 70, 14, 26, 40);
		block(kpa, 22, 24, 14, 16, 80);
	} else if (k < 60) {
		block(kpa, 20, 70, 12, 28, 10);
	}
}

static void fill_twice(unsigned k, double *kpa)
{
	one_step(k, kpa);
	if (k >= 60 + pause)
		one_step(k - 60 - pause, kpa);
}

/* Who steps on the spot again within two seconds is the same foot (running in place), who comes
 * back later may be the other one. */
static void later_is_another_footprint(void **state)
{
	json_t *all;

	(void)state;
	pause = 190; /* from the last loaded frame to the next one: 1.91 s */
	all = analyse(fill_twice, 2 * 60 + pause, RATE);
	assert_int_equal(feet(all), 1);
	assert_true(number(all, 0, "contacts") == 2);
	json_decref(all);
	pause = 210;
	all = analyse(fill_twice, 2 * 60 + pause, RATE);
	assert_int_equal(feet(all), 2);
	assert_true(number(all, 0, "contacts") == 1 && number(all, 1, "contacts") == 1);
	json_decref(all);
	/* the same where the mat does not know its rate: seconds are then those of the times */
	all = analyse(fill_twice, 2 * 60 + pause, 0);
	assert_int_equal(feet(all), 2);
	json_decref(all);
}

/*
 * Both prints hold the same cells. The toe is loaded before any contact has reached it, so nothing
 * but its place says whose it is: the foot's that is on the mat at that time. By hand, each step:
 * 20 frames of 128 N, 40 of 200 N, trapezoids of 10 ms; the second begins from an empty mat with
 * another half interval of 128 N.
 */
static void shared_cells_go_to_the_foot_that_is_there(void **state)
{
	const double step_ns = (19.5 * 128 + 0.5 * 128 + 39.5 * 200 + 0.5 * 200) / RATE;
	json_t *all;

	(void)state;
	pause = 300;
	all = analyse(fill_twice, 2 * 60 + pause + 5, RATE);
	assert_int_equal(feet(all), 2);
	assert_true(fabs(number(all, 0, "force_time_integral_ns") - (step_ns - 0.5 * 128 / RATE)) <
		    1e-9);
	assert_true(fabs(number(all, 1, "force_time_integral_ns") - step_ns) < 1e-9);
	json_decref(all);
}

/* ---- a print alike at both ends ------------------------------------------------------------- */

static bool backward;

/*
 * 52 x 16 cells (26 x 8 cm) that are lightly loaded all over: no shape. The load lands in front,
 * goes to the rear, comes back and leaves in front: on the whole it has gone nowhere.
 */
static void fill_there_and_back(unsigned k, double *kpa)
{
	static const unsigned row[6] = {16, 30, 50, 50, 30, 16}; /* of ten, five frames each */

	if (k >= 30)
		return;
	block(kpa, 14, 66, 12, 28, 2);
	block(kpa, row[k / 5], row[k / 5] + 10, 12, 28, 60);
	if (k >= 28) /* below a quarter of the greatest force, where it is does not count */
		memset(kpa, 0, ROWS * COLS * sizeof(*kpa)), block(kpa, 54, 58, 12, 28, 30);
	if (!backward)
		return;
	for (unsigned i = 0; i < ROWS * COLS / 2; i++) { /* turned by 180 degrees */
		double swap = kpa[i];

		kpa[i] = kpa[ROWS * COLS - 1 - i];
		kpa[ROWS * COLS - 1 - i] = swap;
	}
}

static void fill_stay(unsigned k, double *kpa)
{
	if (k < 30)
		block(kpa, 14, 66, 12, 28, 20);
}

/* They leave from the toes, wherever they landed; from the middle nothing is said. */
static void toes_leave_last(void **state)
{
	json_t *all;

	(void)state;
	for (int turn = 0; turn < 2; turn++) {
		backward = turn;
		all = analyse(fill_there_and_back, 40, RATE);
		assert_int_equal(feet(all), 1);
		assert_string_equal(word(all, "facing"), turn ? "backward" : "forward");
		assert_string_equal(word(all, "facing_source"), "path");
		json_decref(all);
	}
	all = analyse(fill_stay, 40, RATE);
	assert_int_equal(feet(all), 1);
	assert_string_equal(word(all, "facing"), "unknown");
	json_decref(all);
}

/* Of somebody who stands there for longer it says nothing. */
static void fill_long(unsigned k, double *kpa)
{
	fill_there_and_back(k < 3 ? k : k < 203 ? 3 : k - 200, kpa);
}

static void standing_leaves_anyhow(void **state)
{
	json_t *all;

	(void)state;
	backward = false;
	all = analyse(fill_long, 240, RATE);
	assert_int_equal(feet(all), 1);
	assert_string_equal(word(all, "facing"), "unknown");
	json_decref(all);
}

/* ---- limits --------------------------------------------------------------------------------- */

static const struct pl_geometry *coarse;

static const double *one_print(void *ctx, unsigned k)
{
	static double kpa[ROWS * COLS];

	(void)ctx;
	memset(kpa, 0, sizeof(kpa));
	for (unsigned r = 1; k < 60 && r < 1 + (unsigned)lround(0.25 / coarse->pitch_row_m); r++)
		for (unsigned c = 1; c < 1 + (unsigned)lround(0.1 / coarse->pitch_col_m); c++)
			kpa[r * coarse->cols + c] = 40;
	return kpa;
}

/* The figure that only all steps together give keeps to the limits of its pitch (20 mm), too. */
static void progression_keeps_to_its_limit(void **state)
{
	static const struct pl_geometry mats[2] = {{80, 40, 0.005, 0.005}, {16, 8, 0.025, 0.025}};
	struct pl_analysis_options o;
	struct pl_analysis *a;

	(void)state;
	pl_analysis_options_init(&o);
	o.facing = PL_FACING_FORWARD;
	o.foot_sided = 1;
	o.foot_side[0] = PL_SIDE_RIGHT;
	for (int k = 0; k < 2; k++) {
		coarse = &mats[k];
		a = pl_analysis_new(coarse, true, 0, RATE, &o, NULL);
		assert_non_null(a);
		both_passes(a, one_print, NULL, 80, RATE, -1);
		assert_int_equal(pl_analysis_gait(a)->n, 1);
		assert_int_equal(isnan(pl_analysis_gait(a)->step[0].foot_progression_deg), k == 1);
		pl_analysis_free(a);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(later_is_another_footprint),
		cmocka_unit_test(shared_cells_go_to_the_foot_that_is_there),
		cmocka_unit_test(toes_leave_last),
		cmocka_unit_test(standing_leaves_anyhow),
		cmocka_unit_test(progression_keeps_to_its_limit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
