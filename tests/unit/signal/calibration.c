/* SPDX-License-Identifier: Apache-2.0 */
/* Counts to pressure and back, worked out by hand. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <plantar/calibration.h>

static const struct pl_geometry grid = {2, 3, 0.01, 0.02}; /* a cell: 2 cm2 */

static double *array(const double *v)
{
	double *a = malloc(6 * sizeof(*a));

	memcpy(a, v, 6 * sizeof(*a));
	return a;
}

static void counts_are_counts(void **state)
{
	uint16_t raw[6] = {0, 1, 2, 300, 4, 65535};
	struct pl_calibration cal;
	double v[6];

	(void)state;
	pl_calibration_init(&cal, &grid);
	assert_string_equal(cal.id, "none");
	assert_false(pl_calibrated(&cal));
	assert_int_equal(pl_calibrate(&cal, &grid, raw, PL_U16, v), 0);
	for (int i = 0; i < 6; i++)
		assert_true(v[i] == raw[i]);
}

/* The formula without its last line; what does not work says nothing. */
static void without_the_floor(void **state)
{
	const double tare[6] = {10, 10, 10, 10, 10, 10};
	const uint8_t dead[6] = {0, 0, 0, PL_CELL_DEAD, PL_CELL_NONE, 0};
	uint8_t raw[6] = {10, 30, 12, 11, 255, 7};
	float plain[6] = {1, NAN, -INFINITY, 4, 5, -6};
	struct pl_calibration cal;
	double v[6];

	(void)state;
	pl_calibration_init(&cal, &grid);
	cal.unit = PL_UNIT_N;
	cal.scale = 0.5;
	cal.noise_floor = 4;
	cal.tare = array(tare);
	cal.cell_state = malloc(sizeof(dead));
	memcpy(cal.cell_state, dead, sizeof(dead));
	pl_calibrate_whole(&cal, &grid, raw, PL_U8, v);
	assert_true(v[0] == 0);
	assert_float_equal(v[1], 50, 1e-9); /* 10 N on 2 cm2 */
	assert_float_equal(v[2], 5, 1e-9);
	assert_true(isnan(v[3]) && isnan(v[4]));
	assert_float_equal(v[5], -7.5, 1e-9);
	cal.dead_policy = PL_DEAD_INTERPOLATE; /* 0 and 1 work around 3 */
	pl_calibrate_whole(&cal, &grid, raw, PL_U8, v);
	assert_float_equal(v[3], 25, 1e-9);
	assert_true(isnan(v[4]));
	pl_calibration_free(&cal);

	pl_calibration_init(&cal, &grid);
	pl_calibrate_whole(&cal, &grid, plain, PL_F32, v);
	assert_true(v[0] == 1 && isnan(v[1]) && isnan(v[2]) && v[5] == -6);
	pl_calibration_free(&cal);
}

static void the_formula(void **state)
{
	const double offset[6] = {0, 1, 0, 0, 0, 0}, gain[6] = {1, 2, 1, 1, 1, 0.5},
		     tare[6] = {10, 10, 10, 10, 10, 10};
	uint8_t raw[6] = {10, 30, 12, 11, 5, 30};
	struct pl_calibration cal;
	double v[6];

	(void)state;
	pl_calibration_init(&cal, &grid);
	cal.unit = PL_UNIT_KPA;
	cal.scale = 0.5;
	cal.noise_floor = 0.75;
	cal.cell_offset = array(offset);
	cal.cell_gain = array(gain);
	cal.tare = array(tare);
	assert_int_equal(pl_calibration_check(&cal, &grid, NULL), 0);
	pl_calibrate(&cal, &grid, raw, PL_U8, v);
	assert_true(v[0] == 0);
	assert_true(v[1] == 0.5 * (30 - 10 - 1) * 2);
	assert_true(v[2] == 1.0); /* 0.5 * 2, above the floor */
	assert_true(v[3] == 0);	  /* 0.5, below the floor */
	assert_true(v[4] == 0);	  /* negative */
	assert_true(v[5] == 5.0); /* 0.5 * 20 * 0.5 */
	pl_calibration_free(&cal);
}

static void newtons_become_kpa(void **state)
{
	float raw[6] = {1, 0, 0, 0, 0, 0};
	struct pl_calibration cal;
	double v[6];

	(void)state;
	pl_calibration_init(&cal, &grid);
	cal.unit = PL_UNIT_N;
	cal.scale = 3;
	pl_calibrate(&cal, &grid, raw, PL_F32, v);
	/* 3 N on 2 cm2 = 15000 Pa */
	assert_true(fabs(v[0] - 15.0) < 1e-12);
}

static void curve_is_linear_between(void **state)
{
	int16_t raw[6] = {-5, 10, 15, 20, 40, 0};
	struct pl_calibration cal;
	double v[6];

	(void)state;
	pl_calibration_init(&cal, &grid);
	cal.unit = PL_UNIT_KPA;
	cal.curve_points = 3;
	memcpy(cal.curve_counts, (double[]){10, 20, 30}, 3 * sizeof(double));
	memcpy(cal.curve_value, (double[]){0, 100, 300}, 3 * sizeof(double));
	assert_int_equal(pl_calibration_check(&cal, &grid, NULL), 0);
	pl_calibrate(&cal, &grid, raw, PL_I16, v);
	assert_true(v[0] == 0 && v[1] == 0);
	assert_true(v[2] == 50 && v[3] == 100);
	assert_true(v[4] == 500); /* the last slope, 20 a count, goes on */
	assert_true(v[5] == 0);
}

static void every_type_and_both_paths_agree(void **state)
{
	static const enum pl_dtype type[] = {PL_U8, PL_U16, PL_I16, PL_I32, PL_U32, PL_F32, PL_F64};
	const double kpa[6] = {0, 3, 100, 0, 7, 50}, ones[6] = {1, 1, 1, 1, 1, 1};
	struct pl_calibration cal;

	(void)state;
	pl_calibration_init(&cal, &grid);
	cal.unit = PL_UNIT_KPA;
	cal.scale = 0.5;
	for (int gained = 0; gained < 2; gained++) {
		for (unsigned t = 0; t < 7; t++) {
			unsigned char raw[48];
			double v[6];

			pl_calibrate_inverse(&cal, &grid, kpa, type[t], raw);
			pl_calibrate(&cal, &grid, raw, type[t], v);
			for (int i = 0; i < 6; i++)
				assert_true(v[i] == kpa[i]);
		}
		if (!gained)
			cal.cell_gain = array(ones);
	}
	pl_calibration_free(&cal);
}

static void states_and_flags(void **state)
{
	uint16_t raw[6] = {10, 900, 30, 40, 50, 1000};
	struct pl_calibration cal;
	double v[6];

	(void)state;
	pl_calibration_init(&cal, &grid);
	cal.saturation_counts = 1000;
	cal.cell_state = calloc(6, 1);
	assert_int_equal(pl_calibrate(&cal, &grid, raw, PL_U16, v), PL_FLAG_SATURATED);
	cal.cell_state[5] = PL_CELL_NONE;
	assert_int_equal(pl_calibrate(&cal, &grid, raw, PL_U16, v), 0);
	assert_true(v[5] == 0);
	cal.cell_state[1] = PL_CELL_DEAD;
	assert_int_equal(pl_calibrate(&cal, &grid, raw, PL_U16, v), PL_FLAG_DEAD);
	assert_true(v[1] == 0);
	cal.dead_policy = PL_DEAD_INTERPOLATE;
	pl_calibrate(&cal, &grid, raw, PL_U16, v);
	assert_true(v[1] ==
		    (10 + 30 + 40 + 50) / 4.0); /* the cell that is not there is no neighbour */
	pl_calibration_free(&cal);
}

static void no_number_is_no_pressure(void **state)
{
	double raw[6] = {NAN, INFINITY, -INFINITY, 1, 0, 0}, v[6];
	struct pl_calibration cal;

	(void)state;
	pl_calibration_init(&cal, &grid);
	assert_int_equal(pl_calibrate(&cal, &grid, raw, PL_F64, v), PL_FLAG_DEAD);
	assert_true(v[0] == 0 && v[1] == 0 && v[2] == 0 && v[3] == 1);
}

static void inverse_clips_and_undoes(void **state)
{
	const double kpa[6] = {1e9, 0, 40, 80, 1, 0}, tare[6] = {7, 7, 7, 7, 7, 7};
	struct pl_calibration cal;
	uint16_t raw[6];
	double v[6];

	(void)state;
	pl_calibration_init(&cal, &grid);
	cal.unit = PL_UNIT_KPA;
	cal.scale = 0.1;
	cal.saturation_counts = 4000;
	cal.tare = array(tare);
	pl_calibrate_inverse(&cal, &grid, kpa, PL_U16, raw);
	assert_int_equal(raw[0], 4000);
	assert_int_equal(raw[1], 7);
	assert_int_equal(raw[2], 407);
	pl_calibrate(&cal, &grid, raw, PL_U16, v);
	for (int i = 1; i < 6; i++)
		assert_true(fabs(v[i] - kpa[i]) < 1e-9);
	pl_calibration_free(&cal);
}

static void tare_is_marked(void **state)
{
	const double mean[6] = {1, 2, 3, 4, 5, 6}, bad[6] = {1, NAN, 3, 4, 5, 6};
	struct pl_calibration cal, copy;
	struct pl_error err = {0};

	(void)state;
	pl_calibration_init(&cal, &grid);
	assert_int_equal(pl_calibration_tare(&cal, mean, NULL), 0);
	assert_int_equal(pl_calibration_tare(&cal, mean, NULL), 0);
	assert_string_equal(cal.id, "none+tare");
	assert_int_equal(pl_calibration_tare(&cal, bad, &err), -1);
	assert_int_equal(err.code, PL_EUSAGE);
	assert_int_equal(pl_calibration_copy(&copy, &cal, NULL), 0);
	assert_ptr_not_equal(copy.tare, cal.tare);
	assert_true(copy.tare[5] == 6);
	pl_calibration_free(&copy);
	pl_calibration_tare(&cal, NULL, NULL);
	assert_string_equal(cal.id, "none");
	assert_null(cal.tare);
	memset(cal.id, 'x', 64);
	cal.id[64] = '\0';
	pl_calibration_tare(&cal, mean, NULL);
	assert_int_equal(strlen(cal.id), 64);
	assert_string_equal(cal.id + 59, "+tare");
	pl_calibration_free(&cal);
}

static void check_names_what_is_wrong(void **state)
{
	struct pl_calibration cal;
	struct pl_error err;

	(void)state;
#define WRONG(word, ...)                                                       \
	do {                                                                   \
		pl_calibration_init(&cal, &grid);                              \
		__VA_ARGS__;                                                   \
		assert_int_equal(pl_calibration_check(&cal, &grid, &err), -1); \
		assert_non_null(strstr(err.message, word));                    \
		pl_calibration_free(&cal);                                     \
	} while (0)
	WRONG("scale", cal.scale = 0);
	WRONG("noise", cal.noise_floor = NAN);
	WRONG("contact", cal.contact = -1);
	WRONG("points", cal.curve_points = 1);
	WRONG("rise", cal.curve_points = 2);
	WRONG("gain", cal.cell_gain = array((double[]){1, 1, 0, 1, 1, 1}));
	WRONG("cells", (cal.cells = 5, cal.tare = calloc(6, sizeof(double))));
	WRONG("state", (cal.cell_state = calloc(6, 1), cal.cell_state[2] = 9));
#undef WRONG
}

static void weight(void **state)
{
	struct pl_weight_check w = pl_weight_check(70 * 9.80665 * 1.04, 70);

	(void)state;
	assert_true(w.ok && fabs(w.ratio - 1.04) < 1e-12);
	assert_false(pl_weight_check(70 * 9.80665 * 1.06, 70).ok);
	assert_false(pl_weight_check(100, 0).ok);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(counts_are_counts),
		cmocka_unit_test(the_formula),
		cmocka_unit_test(without_the_floor),
		cmocka_unit_test(newtons_become_kpa),
		cmocka_unit_test(curve_is_linear_between),
		cmocka_unit_test(every_type_and_both_paths_agree),
		cmocka_unit_test(states_and_flags),
		cmocka_unit_test(no_number_is_no_pressure),
		cmocka_unit_test(inverse_clips_and_undoes),
		cmocka_unit_test(tare_is_marked),
		cmocka_unit_test(check_names_what_is_wrong),
		cmocka_unit_test(weight),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
