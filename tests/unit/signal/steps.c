/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Steps from footprints: model feet that roll from heel to toe over a mat, whose timing and loads
 * are known by formula; what mirroring and scaling may change; what rejects a step; and the emed
 * step that other programs have measured (golden/pressure.json).
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

#include <plantar/analysis.h>

#include "both_passes.h"
#include "feet_model.h"
#include "recordings.h"

#define RATE 200.0
#define FRAMES 900
#define CELLS_MAX 30000

static char text[1 << 20];
static double kpa[CELLS_MAX];
static const struct pl_geometry walkway = {300, 90, 0.005, 0.005};
static const struct pl_geometry plate = {80, 60, 0.005, 0.005};

/* A stance of `frames` frames from frame `at` on. */
struct stance {
	struct model_foot foot;
	unsigned at, frames;
};

/* What is done to every frame before it is analysed. */
struct change {
	double scale;
	bool mirrored;
};

/* The heel unloads over the first 60 % of stance, the forefoot comes from 20 to 80 %. */
static void roll(const struct pl_geometry *g, const struct stance *s, unsigned frame)
{
	struct model_foot foot = s->foot;
	double u;

	if (frame < s->at || frame >= s->at + s->frames)
		return;
	u = (frame - s->at + 0.5) / s->frames;
	foot.heel = u < 0.6 ? 250 * sin(M_PI * u / 0.6) : 0;
	foot.fore = u > 0.2 ? 300 * sin(M_PI * (u - 0.2) / 0.8) : 0;
	stand(g, &foot, kpa);
}

static void mirror(const struct pl_geometry *g)
{
	for (unsigned r = 0; r < g->rows; r++)
		for (unsigned c = 0; c < g->cols / 2; c++) {
			double *p = &kpa[r * g->cols + c], *q = &kpa[r * g->cols + g->cols - 1 - c];
			double swap = *p;

			*p = *q;
			*q = swap;
		}
}

static void make_frame(const struct pl_geometry *g, const struct stance *s, unsigned n,
		       unsigned frame, const struct change *change)
{
	empty(g, kpa);
	for (unsigned i = 0; i < n; i++)
		roll(g, &s[i], frame);
	if (change && change->mirrored)
		mirror(g);
	for (size_t i = 0; change && i < pl_geometry_cells(g); i++)
		kpa[i] *= change->scale;
}

/* Both passes; frame gap_before comes after missing ones. The JSON into text. */
static struct pl_analysis *analyse(const struct pl_geometry *g, const struct stance *s, unsigned n,
				   const struct pl_analysis_options *o, const struct change *change,
				   unsigned gap_before, double full_kpa)
{
	struct pl_analysis *a = pl_analysis_new(g, true, 0, RATE, o, NULL);

	assert_non_null(a);
	for (size_t i = 0; i < pl_geometry_cells(g); i++)
		kpa[i] = full_kpa;
	if (full_kpa > 0)
		assert_int_equal(pl_analysis_saturation(a, kpa, NULL), 0);
	for (int pass = 0; pass < 2; pass++) {
		for (unsigned k = 0; k < FRAMES; k++) {
			make_frame(g, s, n, k, change);
			assert_int_equal(pl_analysis_push(a, kpa,
							  (int64_t)(k * 1e9 / RATE) +
								  (k >= gap_before ? 50000000 : 0),
							  k == gap_before, NULL),
					 0);
		}
		assert_int_equal(
			pass ? pl_analysis_finish(a, NULL) : pl_analysis_second_pass(a, NULL), 0);
	}
	analysis_text(a, text, sizeof(text));
	return a;
}

static void near_to(const char *what, double got, double want, double tolerance)
{
	if (!(fabs(got - want) <= tolerance))
		print_error("%s: %.9g is not within %g of %.9g\n", what, got, tolerance, want);
	assert_true(fabs(got - want) <= tolerance);
}

static struct stance one(bool left)
{
	return (struct stance){
		.foot = {.left = left, .x = 0.15, .y = 0.06}, .at = 100, .frames = 120};
}

static struct pl_analysis_options forward(void)
{
	struct pl_analysis_options o;

	pl_analysis_options_init(&o);
	o.facing = PL_FACING_FORWARD;
	return o;
}

/* One right foot. The model's length is known; the heel is loaded until 60 % of 120 frames. */
static void rolling_foot(void **state)
{
	struct pl_analysis_options o = forward();
	struct stance s = one(false);
	struct pl_analysis *a;
	const struct pl_step *step;
	double peak = 0;

	(void)state;
	for (unsigned k = 0; k < FRAMES; k++) {
		double sum = 0;

		make_frame(&plate, &s, 1, k, NULL);
		for (size_t i = 0; i < pl_geometry_cells(&plate); i++)
			sum += kpa[i] * 1e3 * 25e-6;
		peak = fmax(peak, sum);
	}
	a = analyse(&plate, &s, 1, &o, NULL, FRAMES, 0);
	assert_int_equal(pl_analysis_gait(a)->n, 1);
	step = &pl_analysis_gait(a)->step[0];
	assert_int_equal(step->rejected | step->flags, 0);
	assert_int_equal(step->side, PL_SIDE_RIGHT);
	near_to("force_peak", step->force_peak_n, peak, 1e-9 * peak);
	near_to("onset", step->onset_s, 100 / RATE, 2.01 / RATE);
	near_to("contact", step->contact_time_s, 120 / RATE, 3.01 / RATE);
	assert_int_equal(step->strike, PL_STRIKE_REARFOOT);
	assert_true(step->strike_index_pct > 5 && step->strike_index_pct < 25);
	near_to("heel off", step->heel_off_pct, 60, 3);
	near_to("shares", step->heel_impulse_pct + step->mid_impulse_pct + step->fore_impulse_pct,
		100, 1e-9);
	near_to("length", step->length_mm, 260, 8);
	near_to("heel contact", step->heel_contact_s, 0.6 * 120 / RATE, 4 / RATE);
	near_to("toes out", step->foot_progression_deg, 0, 8);
	assert_true(step->progression_of_mat);
	assert_true(step->heel_medial_pct > 40 && step->heel_medial_pct < 60);
	/* nothing is said of more than one step */
	assert_true(isnan(pl_analysis_gait(a)->cadence_spm));
	pl_analysis_free(a);
}

/* Every figure of the left foot is that of the mirrored right one; only the side differs. */
static void mirrored_feet(void **state)
{
	struct pl_analysis_options o = forward();
	struct change mirrored = {.scale = 1, .mirrored = true};
	struct stance s = one(false);
	struct pl_analysis *a = analyse(&plate, &s, 1, &o, NULL, FRAMES, 0);
	struct pl_analysis *b = analyse(&plate, &s, 1, &o, &mirrored, FRAMES, 0);
	const struct pl_step *p = &pl_analysis_gait(a)->step[0];
	const struct pl_step *q = &pl_analysis_gait(b)->step[0];

	(void)state;
	assert_int_equal(pl_analysis_gait(b)->n, 1);
	assert_int_equal(p->side, PL_SIDE_RIGHT);
	assert_int_equal(q->side, PL_SIDE_LEFT);
	assert_int_equal(p->strike, q->strike);
	for (size_t i = 0; i < pl_step_figure_count(); i++) {
		double u = pl_step_value(p, i), v = pl_step_value(q, i);

		assert_int_equal(isnan(u), isnan(v));
		if (!isnan(u))
			near_to(pl_step_figure(i)->base, v, u, 1e-9 * fmax(1, fabs(u)));
	}
	pl_analysis_free(a);
	pl_analysis_free(b);
}

/* Twice the force and twice the thresholds: forces double, nothing else; but the heel's 5 N stay,
 * so what they time is left out. */
static void scaled_feet(void **state)
{
	struct pl_analysis_options o = forward(), twice = o;
	struct change scaled = {.scale = 2};
	struct stance s = one(true);
	struct pl_analysis *a = analyse(&plate, &s, 1, &o, NULL, FRAMES, 0), *b;

	(void)state;
	twice.contact_on_n *= 2;
	twice.contact_off_n *= 2;
	b = analyse(&plate, &s, 1, &twice, &scaled, FRAMES, 0);
	assert_int_equal(pl_analysis_gait(b)->n, 1);
	for (size_t i = 0; i < pl_step_figure_count(); i++) {
		const struct pl_step_figure *f = pl_step_figure(i);
		double u = pl_step_value(&pl_analysis_gait(a)->step[0], i);
		double v = pl_step_value(&pl_analysis_gait(b)->step[0], i);

		assert_int_equal(isnan(u), isnan(v));
		if (!isnan(u) && strcmp(f->base, "heel_contact_s") &&
		    strcmp(f->base, "heel_off_pct"))
			near_to(f->base, v, (f->quantity == PL_STEP_PLAIN ? 1 : 2) * u,
				1e-9 * fmax(1, fabs(u)));
	}
	pl_analysis_free(a);
	pl_analysis_free(b);
}

/* Left, right, left, right, left over a walkway, each turned out by 0.1 and 0.2 rad: 5.73 and
 * 11.46 degrees. Onsets 110 frames apart: 60 / 0.55 s a minute. */
static unsigned walk(struct stance *s)
{
	for (unsigned k = 0; k < 5; k++) {
		bool left = k % 2 == 0;

		s[k] = (struct stance){.foot = {.left = left,
						.x = 0.225 + (left ? -0.07 : 0.07),
						.y = 0.05 + 0.28 * k,
						.turn = left ? -0.1 : 0.2},
				       .at = 50 + 110 * k,
				       .frames = 140};
	}
	return 5;
}

static void walkers_line(void **state)
{
	struct pl_analysis_options o = forward();
	const struct pl_gait *g;
	struct stance s[5];
	struct pl_analysis *a = analyse(&walkway, s, walk(s), &o, NULL, FRAMES, 0);
	double left = 0, right = 0;

	(void)state;
	g = pl_analysis_gait(a);
	assert_int_equal(g->n, 5);
	near_to("cadence", g->cadence_spm, 60 / 0.55, 0.5);
	/* 140 frames of stance, onsets 110 apart: both feet down for 30 frames */
	near_to("double support", g->double_support_s, 30 / RATE, 4 / RATE);
	assert_true(isnan(g->flight_time_s));
	for (uint32_t k = 0; k < g->n; k++) {
		const struct pl_step *step = &g->step[k];

		assert_int_equal(step->strike, PL_STRIKE_REARFOOT);
		if (step->side == PL_SIDE_UNKNOWN)
			continue;
		assert_int_equal(step->side, k % 2 ? PL_SIDE_RIGHT : PL_SIDE_LEFT);
		assert_false(step->progression_of_mat);
		if (k % 2)
			right = step->foot_progression_deg;
		else
			left = step->foot_progression_deg;
	}
	/* the model's own axis is up to a few degrees off; the same for both sides */
	near_to("right more than left", right - left, (0.2 - 0.1) * 180 / M_PI, 2.5);
	pl_analysis_free(a);
}

static void rejects(void **state)
{
	struct pl_analysis_options o = forward();
	struct stance s = one(false);
	struct pl_analysis *a;
	unsigned why;

	(void)state;
	s.foot.y = -0.04; /* 4 cm of the heel are beside the mat */
	a = analyse(&plate, &s, 1, &o, NULL, FRAMES, 0);
	assert_int_equal(pl_analysis_gait(a)->step[0].rejected, PL_REJECT_PARTIAL);
	pl_analysis_free(a);

	s = one(false);
	a = analyse(&plate, &s, 1, &o, NULL, 150, 0);
	why = 0;
	for (uint32_t k = 0; k < pl_analysis_gait(a)->n; k++)
		why |= pl_analysis_gait(a)->step[k].rejected;
	assert_true(why & PL_REJECT_GAP);
	assert_int_equal(pl_analysis_gait(a)->accepted, 0);
	pl_analysis_free(a);

	a = analyse(&plate, &s, 1, &o, NULL, FRAMES, 100); /* cells full at 100 kPa */
	assert_int_equal(pl_analysis_gait(a)->step[0].rejected, PL_REJECT_SATURATED);
	assert_true(isnan(pl_analysis_gait(a)->step[0].force_peak_n)); /* limits: above 10 % */
	pl_analysis_free(a);
	a = analyse(&plate, &s, 1, &o, NULL, FRAMES, 299.5); /* hardly a cell, hardly ever */
	assert_int_equal(pl_analysis_gait(a)->step[0].rejected, 0);
	pl_analysis_free(a);

	s.at = 0;
	s.frames = 300; /* loaded when it ends: remarked on, on a treadmill rejected */
	s.at = FRAMES - 200;
	a = analyse(&plate, &s, 1, &o, NULL, FRAMES, 0);
	assert_int_equal(pl_analysis_gait(a)->step[0].rejected, 0);
	assert_int_equal(pl_analysis_gait(a)->step[0].flags, PL_REJECT_CUT_END);
	pl_analysis_free(a);
	o.gait.treadmill = PL_TREADMILL_YES;
	a = analyse(&plate, &s, 1, &o, NULL, FRAMES, 0);
	assert_true(pl_analysis_gait(a)->step[0].rejected & PL_REJECT_CUT_END);
	assert_true(isnan(pl_analysis_gait(a)->step[0].strike_index_pct));
	assert_false(isnan(pl_analysis_gait(a)->step[0].force_peak_n));
	pl_analysis_free(a);
}

/* 40 ms off the mat are no swing, 200 ms are. */
static void short_swings(void **state)
{
	struct pl_analysis_options o = forward();
	struct stance s[2] = {one(false), one(false)};
	struct pl_analysis *a;

	(void)state;
	s[1].at = s[0].at + s[0].frames + 8;
	a = analyse(&plate, s, 2, &o, NULL, FRAMES, 0);
	assert_int_equal(pl_analysis_gait(a)->n, 1);
	near_to("contact", pl_analysis_gait(a)->step[0].contact_time_s, 248 / RATE, 4 / RATE);
	pl_analysis_free(a);
	s[1].at = s[0].at + s[0].frames + 40;
	a = analyse(&plate, s, 2, &o, NULL, FRAMES, 0);
	assert_int_equal(pl_analysis_gait(a)->n, 2);
	assert_true(isnan(pl_analysis_gait(a)->flight_time_s)); /* one foot alone */
	pl_analysis_free(a);
}

/* Four and a half seconds on the ground are no step. */
static void standing_is_no_step(void **state)
{
	struct pl_analysis_options o = forward();
	struct stance s = one(false);
	struct pl_analysis *a;

	(void)state;
	s.at = 20;
	s.frames = FRAMES - 40;
	a = analyse(&plate, &s, 1, &o, NULL, FRAMES, 0);
	assert_int_equal(pl_analysis_gait(a)->n, 0);
	assert_null(strstr(text, "\"steps\""));
	assert_null(strstr(text, "\"gait\""));
	pl_analysis_free(a);
}

static void emed_pass(const struct recording *rec, enum pl_axis axis)
{
	struct pl_analysis_options o;
	struct pl_analysis *a;

	pl_analysis_options_init(&o);
	o.axis = axis;
	o.border_is_no_edge = true;
	a = pl_analysis_new(&rec->geometry, true, 0, 1 / rec->dt_s, &o, NULL);
	assert_non_null(a);
	both_passes_of(a, rec->values, pl_geometry_cells(&rec->geometry), rec->frames,
		       1 / rec->dt_s);
	analysis_text(a, text, sizeof(text));
	pl_analysis_free(a);
}

#define EMED(key) GOLDEN(expected, "emed/walk.lst", key)
#define STEP(key) GOLDEN(text, "steps", key)

static void emed_step(void **state)
{
	char *expected = slurp("golden/pressure.json");
	struct recording rec;

	(void)state;
	if (!expected) {
		print_message("skipped: no golden/pressure.json below PLANTAR_SHARED\n");
		skip();
	}
	assert_true(read_lst(&rec));
	for (int axis = 0; axis < 2; axis++) {
		emed_pass(&rec, axis ? PL_AXIS_ROWS : PL_AXIS_FOOT);
		print_message("axis %s: strike index, first frame %.3f (%.3f), heel off %.2f "
			      "(%.2f), loading rate %.2f (%.2f), arch index %.4f, CPEI %.2f "
			      "(%.2f)\n",
			      axis ? "rows" : "foot", STEP("strike_index_first_pct"),
			      EMED("strike_index_first_pct"), STEP("heel_off_pct"),
			      EMED("heel_off_pct"), STEP("loading_rate_avg_n_s"),
			      EMED("loading_rate_avg_N_per_s"), STEP("arch_index"),
			      STEP("cpei_pct"), EMED("cpei_pct_one_program_only"));
		near_to("strike_index_first_pct", STEP("strike_index_first_pct"),
			EMED("strike_index_first_pct"), 1e-6);
		/* along the foot, which points 13 degrees outward, and two frames */
		near_to("strike_index_pct", STEP("strike_index_pct"), 9, 1);
		near_to("heel_off_pct", STEP("heel_off_pct"), EMED("heel_off_pct"), 1.5);
		near_to("loading_rate_avg_n_s", STEP("loading_rate_avg_n_s"),
			EMED("loading_rate_avg_N_per_s"), 1e-6);
		near_to("contact_time_s", STEP("contact_time_s"), EMED("contact_time_s"), 1e-9);
		assert_true(STEP("arch_index") > 0.22 && STEP("arch_index") < 0.26);
		assert_true(STEP("cpei_pct") > 25 && STEP("cpei_pct") < 31);
		assert_non_null(strstr(text, "\"strike\":\"rearfoot\""));
		assert_non_null(strstr(text, "\"flags\":[\"cut_onset\"]"));
		assert_non_null(strstr(text, "\"loading_rate_max_n_s\":null")); /* 100 Hz */
	}
	free(rec.values);
	free(expected);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rolling_foot),
		cmocka_unit_test(mirrored_feet),
		cmocka_unit_test(scaled_feet),
		cmocka_unit_test(walkers_line),
		cmocka_unit_test(rejects),
		cmocka_unit_test(short_swings),
		cmocka_unit_test(standing_is_no_step),
		cmocka_unit_test(emed_step),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
