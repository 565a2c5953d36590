/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The truth about a simulated person against their own frames on a fine mat, summed here by hand:
 * what the heel carried, when the foot came and went, how much of it fell beside the mat. And what
 * the options promise: strikes, headings, belts, arches, worn mats.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "drivers/sim/exact.h"
#include "drivers/sim/flaws.h"
#include "drivers/sim/truth.h"

#define RATE_HZ 500.0

static struct pl_sim_options person(enum pl_sim_kind kind, unsigned rows, unsigned cols,
				    double pitch_m)
{
	struct pl_sim_options o;

	pl_sim_options_init(&o);
	o.kind = kind;
	o.geometry = (struct pl_geometry){rows, cols, pitch_m, pitch_m};
	o.rate_hz = RATE_HZ;
	return o;
}

static void tell(struct pl_truth *t, const struct pl_sim_options *o, unsigned frames)
{
	struct pl_error err;

	if (pl_truth_tell(t, o, frames, &err) < 0)
		fail_msg("%s", err.message);
}

/* Impulses of the step's foot by the cells: all, and behind 27 % of its length. */
static void add_cells(const struct pl_sim_options *o, const double *kpa,
		      const struct pl_truth_step *s, double sum[2])
{
	const struct pl_geometry *g = &o->geometry;
	double angle = s->axis_deg * 3.14159265358979323846 / 180;

	for (unsigned i = 0; i < g->rows * g->cols; i++) {
		double x = 1e3 * (i % g->cols + 0.5) * g->pitch_col_m - s->x_mm;
		double y = 1e3 * (g->rows - i / g->cols - 0.5) * g->pitch_row_m - s->y_mm;
		double along = (x * sin(angle) + y * cos(angle)) / s->length_mm + 0.5;
		double across = (x * cos(angle) - y * sin(angle)) / s->length_mm;
		double force = kpa[i] * 1e3 * g->pitch_row_m * g->pitch_col_m / o->rate_hz;

		if (fabs(across) > 0.25 || along < -0.02 || along > 1.02)
			continue;
		sum[0] += force;
		sum[1] += along < 0.27 ? force : 0;
	}
}

static void check_steps(const struct pl_sim_options *o, unsigned frames)
{
	size_t n = pl_geometry_cells(&o->geometry);
	struct pl_sim *sim = pl_sim_new(o, NULL);
	double *kpa = calloc(n, sizeof(*kpa)), (*sum)[2];
	struct pl_truth t;

	tell(&t, o, frames);
	assert_true(t.steps >= 3);
	sum = calloc(t.steps, sizeof(*sum));
	for (unsigned k = 0; k < frames; k++) {
		double time = k / o->rate_hz;

		pl_sim_frame(sim, kpa, NULL);
		for (size_t i = 0; i < t.steps; i++)
			if (time > t.step[i].onset_s - 0.05 && time < t.step[i].end_s + 0.05)
				add_cells(o, kpa, &t.step[i], sum[i]);
	}
	for (size_t i = 0; i < t.steps; i++) {
		const struct pl_truth_step *s = &t.step[i];

		if (s->cut_end)
			continue;
		assert_true(fabs(100 * sum[i][0] / s->impulse_ns - s->on_mat_pct) < 0.5);
		assert_int_equal(s->partial, s->on_mat_pct < 100);
		if (!s->partial)
			assert_true(fabs(100 * sum[i][1] / sum[i][0] - s->heel_impulse_pct) < 0.5);
	}
	pl_truth_free(&t);
	pl_sim_free(sim);
	free(kpa);
	free(sum);
}

static void steps_are_what_the_cells_carried(void **state)
{
	struct pl_sim_options o = person(PL_SIM_WALKING, 110, 60, 0.005);

	(void)state;
	check_steps(&o, 4000);
	o = person(PL_SIM_RUN_OVER, 110, 60, 0.005);
	o.heading_deg = 67;
	o.arch = 1;
	o.spare_left = 0.5;
	check_steps(&o, 3000);
}

/* One step after the other on a mat of one foot: the frames' sum passes 30 N and 20 N when the
 * truth says so. */
static void onsets_and_ends_are_those_of_the_force(void **state)
{
	struct pl_sim_options o = person(PL_SIM_RUN_OVER, 100, 60, 0.0035);
	struct pl_sim *sim = pl_sim_new(&o, NULL);
	double *kpa = calloc(6000, sizeof(*kpa)), before = 0;
	struct pl_truth t;
	size_t i = 0;

	(void)state;
	tell(&t, &o, 8000);
	for (unsigned k = 0; k < 8000 && i < t.steps; k++) {
		double force = 0, time = k / RATE_HZ;

		pl_sim_frame(sim, kpa, NULL);
		for (unsigned c = 0; c < 6000; c++)
			force += kpa[c] * 1e3 * 0.0035 * 0.0035;
		if (before < 30 && force >= 30)
			assert_true(time - t.step[i].onset_s >= 0 &&
				    time - t.step[i].onset_s < 0.0021);
		if (before >= 20 && force < 20) {
			assert_true(time - t.step[i].end_s >= 0 && time - t.step[i].end_s < 0.0021);
			i++;
		}
		before = force;
	}
	assert_true(i >= 5 && i + 1 >= t.steps);
	pl_truth_free(&t);
	pl_sim_free(sim);
	free(kpa);
}

static void feet_land_where_they_are_told(void **state)
{
	static const struct {
		double strike;
		enum pl_strike want;
	} cases[] = {{NAN, PL_STRIKE_REARFOOT},
		     {0.1, PL_STRIKE_REARFOOT},
		     {0.5, PL_STRIKE_MIDFOOT},
		     {0.78, PL_STRIKE_FOREFOOT}};

	(void)state;
	for (int kind = PL_SIM_WALKING; kind <= PL_SIM_RUN_OVER; kind++) {
		for (size_t c = 0; c < sizeof(cases) / sizeof(*cases); c++) {
			struct pl_sim_options o = person((enum pl_sim_kind)kind, 64, 64, 0.008);
			struct pl_truth t;

			o.strike = cases[c].strike;
			tell(&t, &o, 3000);
			assert_true(t.steps >= 3);
			for (size_t i = 0; i < t.steps; i++)
				assert_int_equal(t.step[i].strike, cases[c].want);
			pl_truth_free(&t);
		}
	}
}

static void spared_heels_carry_less(void **state)
{
	struct pl_sim_options o = person(PL_SIM_WALKING, 64, 64, 0.012);
	double sum[2][3] = {{0}}, n[2][3] = {{0}};
	struct pl_truth t;

	(void)state;
	for (int round = 0; round < 2; round++) {
		o.spare_right = round * 0.4;
		tell(&t, &o, 6000);
		for (size_t i = 0; i < t.steps; i++) {
			sum[round][t.step[i].side] += t.step[i].heel_impulse_pct;
			n[round][t.step[i].side]++;
		}
		pl_truth_free(&t);
	}
	for (int side = PL_SIDE_LEFT; side <= PL_SIDE_RIGHT; side++) {
		double off = sum[1][side] / n[1][side] - sum[0][side] / n[0][side];

		assert_true(side == PL_SIDE_LEFT ? fabs(off) < 0.5 : off < -8);
	}
}

/* A quarter turn of the person is a quarter turn of every frame, to the last bits but one. */
static void quarter_turns_turn_the_frames(void **state)
{
	enum { N = 64 };
	struct pl_sim_options o = person(PL_SIM_WALKING, N, N, 0.01);
	struct pl_sim *one = pl_sim_new(&o, NULL), *other;
	static double a[N * N], b[N * N];
	double worst = 0, most = 0;

	(void)state;
	o.heading_deg = 90;
	other = pl_sim_new(&o, NULL);
	for (unsigned k = 0; k < 1500; k++) {
		pl_sim_frame(one, a, NULL);
		pl_sim_frame(other, b, NULL);
		for (unsigned r = 0; r < N; r++) {
			for (unsigned c = 0; c < N; c++) {
				double off = fabs(a[r * N + c] - b[c * N + N - 1 - r]);

				worst = fmax(worst, off);
				most = fmax(most, a[r * N + c]);
			}
		}
	}
	assert_true(most > 100);
	assert_true(worst < 0.03 * most); /* a sample on a pad's very border may fall either way */
	pl_sim_free(one);
	pl_sim_free(other);
}

static void whoever_goes_there_comes_back(void **state)
{
	struct pl_sim_options o = person(PL_SIM_RUN_OVER, 64, 64, 0.01);
	unsigned seen[5] = {0};
	struct pl_truth t;

	(void)state;
	o.heading_deg = 85;
	o.there_and_back = true;
	tell(&t, &o, 8000);
	for (size_t i = 0; i < t.steps; i++)
		seen[t.step[i].facing]++;
	assert_true(seen[PL_FACING_RIGHT] >= 3 && seen[PL_FACING_LEFT] >= 3);
	assert_int_equal(seen[PL_FACING_FORWARD] + seen[PL_FACING_BACKWARD], 0);
	pl_truth_free(&t);
}

/* With a belt a foot that stands still moves: its heel by belt speed times stance. */
static void belts_carry_the_feet(void **state)
{
	struct pl_sim_options o = person(PL_SIM_WALKING, 160, 64, 0.01);
	struct pl_sim_truth now, before = {.force_n = 0};
	struct pl_sim *sim;
	unsigned moved = 0;

	(void)state;
	o.belt_m_s = 1.1;
	sim = pl_sim_new(&o, NULL);
	for (unsigned k = 0; k < 3000; k++) {
		pl_sim_frame(sim, NULL, &now);
		for (int i = 0; k > 0 && i < 2; i++) {
			if (now.foot[i].step != before.foot[i].step || now.foot[i].force_n <= 0 ||
			    before.foot[i].force_n <= 0)
				continue;
			assert_true(fabs(before.foot[i].y_mm - now.foot[i].y_mm - 2.2) < 1e-9);
			moved++;
		}
		before = now;
	}
	assert_true(moved > 2500); /* always one foot down, now and then two */
	pl_sim_free(sim);
}

/* Cells at half of a right foot's length, from edge to edge. */
static unsigned midfoot_cells(double arch)
{
	struct pl_sim_options o = person(PL_SIM_ONE_LEG, 128, 128, 0.004);
	static double kpa[128 * 128];
	struct pl_sim *sim;
	unsigned n = 0;

	o.left_share = 0;
	o.toe_out_deg = 0;
	o.arch = arch;
	sim = pl_sim_new(&o, NULL);
	pl_sim_frame(sim, kpa, NULL);
	for (unsigned c = 0; c < 128; c++)
		n += kpa[68 * 128 + c] > 0;
	pl_sim_free(sim);
	return n;
}

static void arches_are_high_or_low(void **state)
{
	unsigned flat = midfoot_cells(0), usual = midfoot_cells(0.5);

	(void)state;
	assert_int_equal(midfoot_cells(1), 0);
	assert_in_range(usual, 3, 8);
	assert_true(flat > usual + 2);
}

static void raised_heels_carry_nothing(void **state)
{
	struct pl_sim_options o = person(PL_SIM_HEEL_RAISE, 64, 64, 0.008);
	struct pl_sim *sim = pl_sim_new(&o, NULL);
	struct pl_sim_truth now;
	double least = 1, most = 0;

	(void)state;
	for (unsigned k = 0; k < 8 * 500; k++) {
		pl_sim_frame(sim, NULL, &now);
		assert_true(fabs(now.force_n / (70 * 9.80665) - 1) < 1e-12);
		least = fmin(least, now.left_heel_share);
		most = fmax(most, now.left_heel_share);
	}
	assert_true(least == 0 && most > 0.5);
	pl_sim_free(sim);
}

/* The sway area of the truth against its definition, summed anew. */
static void sway_area_is_the_ellipses(void **state)
{
	struct pl_sim_options o = person(PL_SIM_STANDING, 64, 64, 0.008);
	struct pl_sim *sim = pl_sim_new(&o, NULL);
	enum { N = 1500 };
	static double x[N], y[N];
	double mx = 0, my = 0, xx = 0, yy = 0, xy = 0, f;
	struct pl_truth t;

	(void)state;
	o.rate_hz = RATE_HZ;
	tell(&t, &o, N);
	for (unsigned k = 0; k < N; k++) {
		struct pl_sim_truth now;

		pl_sim_frame(sim, NULL, &now);
		mx += (x[k] = now.cop_x_mm) / N;
		my += (y[k] = now.cop_y_mm) / N;
	}
	for (unsigned k = 0; k < N; k++) {
		xx += (x[k] - mx) * (x[k] - mx) / (N - 1);
		yy += (y[k] - my) * (y[k] - my) / (N - 1);
		xy += (x[k] - mx) * (y[k] - my) / (N - 1);
	}
	f = (N - 2) / 2.0 * (pow(0.05, -2.0 / (N - 2)) - 1);
	f *= 3.14159265358979323846 * 2 * (N - 1.0) * (N + 1) / (N * (N - 2.0));
	assert_true(fabs(t.sway_area_95_mm2 / (f * sqrt(xx * yy - xy * xy)) - 1) < 1e-9);
	pl_sim_free(sim);
	pl_truth_free(&t);
}

static void the_document_is_complete(void **state)
{
	struct pl_sim_options o = person(PL_SIM_WALKING, 64, 64, 0.01);
	struct pl_truth t;
	char *text;

	(void)state;
	tell(&t, &o, 5000);
	text = pl_truth_json(&t, NULL);
	assert_non_null(text);
	assert_non_null(strstr(text, "\"heel_impulse_pct\""));
	assert_non_null(strstr(text, "\"standing\":null"));
	free(text);
	pl_truth_free(&t);
	o.kind = PL_SIM_STANDING;
	tell(&t, &o, 500);
	text = pl_truth_json(&t, NULL);
	assert_non_null(strstr(text, "\"sway_area_95_mm2\""));
	assert_non_null(strstr(text, "\"steps\":[]"));
	free(text);
	pl_truth_free(&t);
}

static void turns_are_exact(void **state)
{
	(void)state;
	for (double deg = -720; deg <= 720; deg += 7.5) {
		double c, s, rad = deg * 3.14159265358979323846 / 180;

		pl_exact_turn(deg, &c, &s);
		assert_true(fabs(c - cos(rad)) < 1e-14 && fabs(s - sin(rad)) < 1e-14);
		if (fmod(deg, 90) == 0)
			assert_true(c == rint(c) && s == rint(s));
	}
}

static void worn_mats_waver_and_die(void **state)
{
	enum { N = 10000 };
	static uint16_t code[N];
	double mean = 0, square = 0, n = 0;
	unsigned dead = 0;
	struct pl_flaws f;

	(void)state;
	assert_int_equal(pl_flaws_init(&f, N, 3, 4095, 0.05, 7, NULL), 0);
	for (unsigned i = 0; i < N; i++)
		code[i] = 1000;
	pl_flaws_apply(&f, code, PL_U16);
	for (unsigned i = 0; i < N; i++) {
		dead += code[i] == 0;
		assert_int_equal(code[i] == 0, f.dead[i]);
		if (!code[i])
			continue;
		mean += code[i] - 1000.0;
		square += (code[i] - 1000.0) * (code[i] - 1000.0);
		n++;
	}
	assert_in_range(dead, 400, 600);
	assert_true(fabs(mean / n) < 0.15);
	assert_true(fabs(sqrt(square / n) - 3) < 0.15);
	pl_flaws_free(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(steps_are_what_the_cells_carried),
		cmocka_unit_test(onsets_and_ends_are_those_of_the_force),
		cmocka_unit_test(feet_land_where_they_are_told),
		cmocka_unit_test(spared_heels_carry_less),
		cmocka_unit_test(quarter_turns_turn_the_frames),
		cmocka_unit_test(whoever_goes_there_comes_back),
		cmocka_unit_test(belts_carry_the_feet),
		cmocka_unit_test(arches_are_high_or_low),
		cmocka_unit_test(raised_heels_carry_nothing),
		cmocka_unit_test(sway_area_is_the_ellipses),
		cmocka_unit_test(the_document_is_complete),
		cmocka_unit_test(turns_are_exact),
		cmocka_unit_test(worn_mats_waver_and_die),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
