/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A simulated person walks over sound mats, again and again, whose cells waver by a count or so. A
 * foot that lands or leaves weighs little for some frames; no cell may be called noisy for that.
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

#include <plantar/cell_watch.h>

#include "drivers/sim/person.h"

#define KPA_A_COUNT 0.5
#define CONTACT_N 40
#define BASE 60	     /* counts of the empty mat, which is tared */
#define SOUND_SD 0.8 /* counts */
#define NOISY_SD 12
#define SECONDS 24

struct walk {
	uint16_t rows, cols;
	double pitch_m, rate_hz;
	enum pl_sim_kind kind;
	uint64_t seed;
	unsigned noisy_cells; /* so many waver much more */
};

static uint64_t noise_state;

/* About normal, SD 1. */
static double noise(void)
{
	double sum = 0;

	for (int i = 0; i < 12; i++) {
		noise_state = noise_state * 6364136223846793005u + 1442695040888963407u;
		sum += (double)(noise_state >> 11) * 0x1p-53;
	}
	return sum - 6;
}

/* The counts of a frame: pressure and noise on the zero of the mat. Returns the force in N. */
static double read_cells(const struct walk *w, const double *kpa, uint16_t *raw)
{
	double sum = 0;

	for (size_t i = 0; i < (size_t)w->rows * w->cols; i++) {
		double sd = i % 97 == 5 && i / 97 < w->noisy_cells ? NOISY_SD : SOUND_SD;

		raw[i] = (uint16_t)lround(fmax(0, BASE + kpa[i] / KPA_A_COUNT + sd * noise()));
		sum += (raw[i] - BASE) * KPA_A_COUNT * 1e3 * w->pitch_m * w->pitch_m;
	}
	return sum;
}

static struct pl_calibration tared(const struct pl_geometry *g)
{
	size_t n = pl_geometry_cells(g);
	double *tare = test_calloc(n, sizeof(*tare));
	struct pl_calibration cal;

	pl_calibration_init(&cal, g);
	cal.unit = PL_UNIT_KPA;
	cal.scale = KPA_A_COUNT;
	for (size_t i = 0; i < n; i++)
		tare[i] = BASE;
	assert_int_equal(pl_calibration_tare(&cal, tare, NULL), 0);
	test_free(tare);
	return cal;
}

static struct pl_sim *person(const struct walk *w, const struct pl_geometry *g)
{
	struct pl_sim_options o;
	struct pl_sim *sim;

	pl_sim_options_init(&o);
	o.kind = w->kind;
	o.geometry = *g;
	o.rate_hz = w->rate_hz;
	o.seed = w->seed;
	sim = pl_sim_new(&o, NULL);
	assert_non_null(sim);
	return sim;
}

static struct pl_cell_report watch(const struct walk *w)
{
	const struct pl_geometry g = {w->rows, w->cols, w->pitch_m, w->pitch_m};
	double *kpa = test_calloc(pl_geometry_cells(&g), sizeof(*kpa));
	uint16_t *raw = test_calloc(pl_geometry_cells(&g), sizeof(*raw));
	struct pl_cell_watch *watch = pl_cell_watch_new(&g, NULL);
	struct pl_calibration cal = tared(&g);
	struct pl_sim *sim = person(w, &g);
	struct pl_cell_report report;

	assert_non_null(watch);
	noise_state = w->seed;
	for (unsigned k = 0; k < (unsigned)(SECONDS * w->rate_hz); k++) {
		double force_n;

		pl_sim_frame(sim, kpa, NULL);
		force_n = read_cells(w, kpa, raw);
		pl_cell_watch_see(watch, &cal, raw, PL_U16, (int64_t)(k * 1e9 / w->rate_hz),
				  force_n >= CONTACT_N);
	}
	pl_cell_watch_report(watch, &report);
	pl_cell_watch_free(watch);
	pl_sim_free(sim);
	pl_calibration_free(&cal);
	test_free(kpa);
	test_free(raw);
	return report;
}

static const struct walk mats[] = {
	{64, 64, 0.005, 100, PL_SIM_WALKING, 1, 0},  {64, 64, 0.007, 100, PL_SIM_WALKING, 2, 0},
	{128, 48, 0.010, 100, PL_SIM_WALKING, 3, 0}, {64, 64, 0.008, 50, PL_SIM_WALKING, 4, 0},
	{64, 64, 0.008, 200, PL_SIM_RUN_OVER, 5, 0},
};

static void nobody_makes_a_sound_cell_noisy(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(mats) / sizeof(*mats); i++)
		for (unsigned seed = 0; seed < 3; seed++) {
			struct walk w = mats[i];
			struct pl_cell_report r;

			w.seed += 10 * seed;
			r = watch(&w);
			if (r.dead + r.stuck + r.noisy)
				print_error("%s, pitch %g m, seed %u: %u dead, %u stuck, %u "
					    "noisy\n",
					    pl_sim_kind_name(w.kind), w.pitch_m, (unsigned)w.seed,
					    r.dead, r.stuck, r.noisy);
			assert_int_equal(r.dead + r.stuck + r.noisy, 0);
			assert_true(r.empty_frames > 100 && r.loaded_frames > 25);
		}
}

static void cells_that_are_noisy_are_found_between_passes(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(mats) / sizeof(*mats); i++) {
		struct walk w = mats[i];
		struct pl_cell_report r;

		w.noisy_cells = 3;
		r = watch(&w);
		assert_int_equal(r.noisy, 3);
		assert_int_equal(r.listed, 3);
		for (unsigned k = 0; k < 3; k++)
			assert_int_equal(r.cell[k].row * w.cols + r.cell[k].col, 97 * k + 5);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nobody_makes_a_sound_cell_noisy),
		cmocka_unit_test(cells_that_are_noisy_are_found_between_passes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
