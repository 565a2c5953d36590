/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Weights of known mass on mats whose every cell is known: a scale, gains that fall from the front
 * to the rear, a power law. What is fitted must be what was put in, and what the weighings cannot
 * tell must be refused.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <plantar/calibration_fit.h>
#include <plantar/still.h>

#define assert_near(a, b, within)                                                       \
	do {                                                                            \
		if (!(fabs((a) - (b)) <= (within)))                                     \
			fail_msg("%s is %.9g, not %.9g", #a, (double)(a), (double)(b)); \
	} while (0)
#define ROWS 24
#define COLS 16
#define CELLS (ROWS * COLS)
#define LOADS 24
#define EMPTY 12.0

static const struct pl_geometry mat = {ROWS, COLS, 0.01, 0.01};

/* The truth: newtons of a cell = newtons_a_count * (gain * counts)^power. */
struct truth {
	double newtons_a_count, power;
	double gain_front, gain_rear; /* linear between */
	double error;		      /* relative, of each cell, alternating */
};

struct scene {
	struct truth truth;
	double empty[CELLS], counts[LOADS][CELLS];
	struct pl_weighing w[LOADS];
	size_t n;
};

static struct scene new_scene(struct truth t)
{
	struct scene s = {.truth = t};

	for (size_t i = 0; i < CELLS; i++)
		s.empty[i] = EMPTY + (double)(i % 5);
	return s;
}

static double gain_at(const struct truth *t, size_t row)
{
	return t->gain_front + (t->gain_rear - t->gain_front) * (double)row / (ROWS - 1);
}

/* A plate of 4 x 4 cells with its front left cell at row, col; heavier in its middle. */
static void put(struct scene *s, double force_n, unsigned row, unsigned col)
{
	struct pl_weighing *w = &s->w[s->n];
	double *counts = s->counts[s->n++];

	memcpy(counts, s->empty, sizeof(s->empty));
	for (unsigned r = 0; r < 4; r++)
		for (unsigned c = 0; c < 4; c++) {
			bool middle = r % 3 && c % 3;
			double n = force_n * (middle ? 2.0 : 1.0) / 20; /* 4 x 2 + 12 x 1 */
			double lin = pow(n / s->truth.newtons_a_count, 1 / s->truth.power);

			lin *= 1 + ((r + c) % 2 ? 1 : -1) * s->truth.error;
			counts[(row + r) * COLS + col + c] += lin / gain_at(&s->truth, row + r);
		}
	*w = (struct pl_weighing){force_n, counts, row + 1.5, col + 1.5};
}

static void nine_places(struct scene *s, double force_n)
{
	for (unsigned r = 1; r < ROWS; r += 9)
		for (unsigned c = 1; c < COLS - 4; c += 5)
			put(s, force_n, r, c);
}

static struct pl_fit fit(struct scene *s, struct pl_calibration *cal,
			 struct pl_fit_residual *residual)
{
	struct pl_error err = {0};
	struct pl_fit f;

	if (pl_calibration_fit(&mat, s->w, s->n, s->empty, NULL, 0.2, cal, &f, residual, &err))
		fail_msg("%s", err.message);
	return f;
}

static int refused(struct scene *s, const char *text)
{
	struct pl_fit_residual residual[LOADS];
	struct pl_calibration cal;
	struct pl_error err = {0};
	struct pl_fit f;
	int r = pl_calibration_fit(&mat, s->w, s->n, s->empty, NULL, 0.2, &cal, &f, residual, &err);

	assert_int_equal(r, -1);
	assert_int_equal(err.code, PL_ESTATE);
	if (!strstr(err.message, text))
		fail_msg("\"%s\" does not say \"%s\"", err.message, text);
	return r;
}

/* What the calibrated mat says of a load that it was not calibrated with, less the load, in %. */
static double off_pct(struct scene *s, const struct pl_calibration *cal, double force_n,
		      unsigned row, unsigned col)
{
	double kpa[CELLS], sum = 0;

	put(s, force_n, row, col);
	pl_calibrate(cal, &mat, s->counts[--s->n], PL_F64, kpa);
	for (size_t i = 0; i < CELLS; i++)
		sum += 1e3 * kpa[i] * pl_cell_area_m2(&mat);
	return 100 * (sum / force_n - 1);
}

static void test_linear(void **state)
{
	struct scene s = new_scene((struct truth){0.02, 1, 1, 1, 0});
	struct pl_fit_residual residual[LOADS];
	struct pl_calibration cal;
	struct pl_fit f;

	(void)state;
	nine_places(&s, 200);
	put(&s, 100, 10, 6);
	put(&s, 50, 10, 6);
	f = fit(&s, &cal, residual);
	assert_int_equal(f.chosen, 0); /* although curves and maps were possible */
	assert_true(f.candidate[5].possible);
	assert_int_equal(cal.unit, PL_UNIT_N);
	assert_near(cal.scale, 0.02, 1e-9);
	assert_near(cal.noise_floor, 5 * 0.2 * 0.02, 1e-9);
	assert_near(f.rms_pct, 0, 1e-6);
	assert_null(cal.cell_gain);
	assert_near(off_pct(&s, &cal, 431, 3, 7), 0, 1e-6);
	pl_calibration_free(&cal);
}

/* 0.0004 x^1.5: a linear scale is off by a factor at other loads. */
static void test_power(void **state)
{
	struct scene s = new_scene((struct truth){0.0004, 1.5, 1, 1, 0});
	struct pl_fit_residual residual[LOADS];
	struct pl_calibration cal;
	struct pl_fit f;

	(void)state;
	put(&s, 50, 10, 6);
	put(&s, 100, 10, 6);
	put(&s, 200, 10, 6);
	put(&s, 400, 10, 6);
	put(&s, 200, 3, 3);
	f = fit(&s, &cal, residual);
	assert_int_equal(f.candidate[f.chosen].curve, PL_FIT_POWER);
	assert_false(f.candidate[f.chosen].map);
	assert_near(f.parameter, 1.5, 1e-3);
	assert_true(f.candidate[0].cross_pct > 10);
	assert_near(off_pct(&s, &cal, 300, 15, 2), 0, 0.3);
	assert_near(off_pct(&s, &cal, 60, 15, 9), 0, 0.3);
	pl_calibration_free(&cal);
}

/* Half as sensitive at the rear: known at the places, interpolated between them. */
static void test_map(void **state)
{
	struct scene s = new_scene((struct truth){0.02, 1, 0.8, 1.25, 0});
	struct pl_fit_residual residual[LOADS];
	struct pl_calibration cal;
	struct pl_fit f;

	(void)state;
	nine_places(&s, 200);
	f = fit(&s, &cal, residual);
	assert_true(f.candidate[f.chosen].map);
	assert_int_equal(f.places, 9);
	assert_true(f.gain_max / f.gain_min > 1.25 && f.gain_max / f.gain_min < 1.6);
	assert_true(f.max_pct < 0.5);
	assert_false(f.candidate[1].possible);
	assert_non_null(f.candidate[1].why);
	for (unsigned row = 1; row < 20; row += 3)
		assert_true(fabs(off_pct(&s, &cal, 150, row, 4)) < 5);
	pl_calibration_free(&cal);
}

/* The divider's law with counts that end at 4095, and gains. */
static void test_divider_with_map(void **state)
{
	struct scene s = new_scene((struct truth){1, 1, 1, 1, 0});
	struct pl_fit_residual residual[LOADS];
	struct pl_calibration cal;
	struct pl_fit f;
	size_t loads;

	(void)state;
	s.truth.gain_front = 0.85;
	s.truth.gain_rear = 1.18;
	nine_places(&s, 200);
	put(&s, 60, 10, 6);
	put(&s, 500, 10, 6);
	loads = s.n;
	for (size_t k = 0; k < loads; k++) /* newtons = 20 x / (4095 - x) */
		for (size_t i = 0; i < CELLS; i++) {
			double g = gain_at(&s.truth, i / COLS);
			double n = (s.counts[k][i] - s.empty[i]) * g;

			s.counts[k][i] = s.empty[i] + 4095 * n / (20 + n) / g;
		}
	f = fit(&s, &cal, residual);
	assert_int_equal(f.candidate[f.chosen].curve, PL_FIT_DIVIDER);
	assert_true(f.candidate[f.chosen].map);
	assert_near(f.parameter, 4095, 400);
	assert_true(f.max_pct < 1);
	pl_calibration_free(&cal);
}

static void test_repeats(void **state)
{
	struct scene s = new_scene((struct truth){0.02, 1, 1, 1, 0});
	struct pl_fit_residual residual[LOADS];
	struct pl_calibration cal;
	struct pl_fit f;

	(void)state;
	/* the same nominal 100 N felt as 99, 100 and 101: SD 1 % */
	put(&s, 99, 10, 6);
	put(&s, 100, 10, 6);
	put(&s, 101, 10, 6);
	s.w[0].force_n = s.w[2].force_n = 100;
	put(&s, 200, 3, 3);
	f = fit(&s, &cal, residual);
	assert_near(f.repeat_pct, 1, 0.01);
	pl_calibration_free(&cal);
}

static void test_refusals(void **state)
{
	struct scene s = new_scene((struct truth){0.02, 1, 1, 1, 0});

	(void)state;
	put(&s, 100, 10, 6);
	refused(&s, "one weighing proves nothing");
	put(&s, 100, 3, 3);
	put(&s, 100, 17, 8);
	s.w[1].force_n = 200; /* 10 kg said to be 20 */
	refused(&s, "The worst is load 2");
}

/* ---- whether a load may be used ---- */

static struct pl_still_report look(unsigned frames, double at_row, double drift, uint16_t top,
				   unsigned wander)
{
	double empty[CELLS];
	uint16_t cells[CELLS];
	struct pl_still_report r;
	struct pl_still *s;

	for (size_t i = 0; i < CELLS; i++)
		empty[i] = 101;
	s = pl_still_new(&mat, empty, NULL, 0, NULL);
	assert_non_null(s);
	for (unsigned f = 0; f < frames; f++) {
		unsigned row0 = (unsigned)at_row + (f > frames / 2 ? wander : 0);

		for (size_t i = 0; i < CELLS; i++)
			cells[i] = (uint16_t)(100 + (f + i) % 3); /* SD 0.82 */
		for (unsigned r1 = row0; top && r1 < row0 + 4; r1++)
			for (unsigned c = 5; c < 9; c++)
				cells[r1 * COLS + c] = (uint16_t)(top + drift * f / frames);
		pl_still_push(s, cells, PL_U16);
	}
	pl_still_report(s, &r);
	assert_true(fabs(pl_still_mean(s)[0] - 101) < 0.25);
	pl_still_free(s);
	return r;
}

static const char *verdict(struct pl_still_report r)
{
	static struct pl_error err;

	err = (struct pl_error){0};
	return pl_still_usable(&r, &mat, &err) ? err.message : "";
}

static void test_usable(void **state)
{
	struct pl_still_report r = look(1000, 10, 0, 1100, 0);

	(void)state;
	assert_string_equal(verdict(r), "");
	/* 16 cells of 999 above; the others waver about nothing */
	assert_near(r.total, 16 * 999, 5);
	assert_near(r.row, 11.5, 0.05);
	assert_int_equal(r.cells_loaded, 16);
	assert_non_null(strstr(verdict(look(5, 10, 0, 1100, 0)), "measure longer"));
	assert_non_null(strstr(verdict(look(100, 10, 0, 0, 0)), "nothing lies on the mat"));
	assert_non_null(strstr(verdict(look(100, 0, 0, 1100, 0)), "move it inwards"));
	assert_non_null(strstr(verdict(look(100, 10, 0, 4095, 0)), "use a lighter weight"));
	assert_non_null(strstr(verdict(look(100, 10, 200, 1100, 0)), "wait until it rests"));
	assert_non_null(strstr(verdict(look(100, 10, 0, 1100, 2)), "wandered"));
	assert_non_null(strstr(verdict(look(100, 10, 0, 107, 0)), "heavier weight"));
}

/* ---- dates ---- */

/* Python: (datetime.date(y, m, d) - datetime.date(1970, 1, 1)).days */
static void test_dates(void **state)
{
	static const struct {
		const char *date;
		int64_t days;
	} known[] = {{"1970-01-01", 0},	    {"1972-02-29", 789},   {"2000-02-29", 11016},
		     {"2026-11-25", 20782}, {"2100-03-01", 47541}, {"9999-12-31", 2932896}};
	static const char *const wrong[] = {"2026-02-29", "2100-02-29", "2026-13-01", "26-01-01",
					    "2026-1-1",	  "2026-01-00", "1969-12-31", "2026/01/01"};
	char date[11];

	(void)state;
	for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++) {
		assert_int_equal(pl_calibration_day(known[i].date), known[i].days);
		pl_calibration_date(known[i].days * 86400 + 86399, date);
		assert_string_equal(date, known[i].date);
	}
	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++)
		assert_int_equal(pl_calibration_day(wrong[i]), -1);
	for (int64_t day = 0; day < 60000; day++) {
		pl_calibration_date(day * 86400, date);
		assert_int_equal(pl_calibration_day(date), day);
	}
}

static void test_expiry(void **state)
{
	struct pl_calibration cal;

	(void)state;
	pl_calibration_init(&cal, &mat);
	cal.unit = PL_UNIT_KPA;
	cal.scale = 0.5;
	cal.noise_floor = cal.contact = 2;
	memset(cal.id, 'x', 64);
	assert_false(pl_calibration_expired(&cal, INT64_MAX / 2));
	strcpy(cal.origin.expires, "2026-11-25");
	assert_false(pl_calibration_expired(&cal, INT64_C(20783) * 86400 - 1));
	assert_true(pl_calibration_expired(&cal, INT64_C(20783) * 86400));
	cal.cell_gain = calloc(CELLS, sizeof(double));
	pl_calibration_expire(&cal);
	assert_false(pl_calibrated(&cal));
	assert_true(cal.origin.expired);
	assert_null(cal.cell_gain);
	assert_near(cal.scale, 1, 0);
	assert_near(cal.noise_floor + cal.contact, 0, 0);
	assert_int_equal(strlen(cal.id), 64);
	assert_string_equal(cal.id + 64 - strlen("+expired"), "+expired");
	pl_calibration_free(&cal);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_linear),	cmocka_unit_test(test_power),
		cmocka_unit_test(test_map),	cmocka_unit_test(test_divider_with_map),
		cmocka_unit_test(test_repeats), cmocka_unit_test(test_refusals),
		cmocka_unit_test(test_usable),	cmocka_unit_test(test_dates),
		cmocka_unit_test(test_expiry),
	};

	return cmocka_run_group_tests_name("calibration fit", tests, NULL, NULL);
}
