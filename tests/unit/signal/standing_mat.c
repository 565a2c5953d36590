/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Simulated people standing on a mat, where the truth is known: sway and load of the analysis
 * against those that were simulated, and what mirrors, turns, scales and gaps change and must not
 * change.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <plantar/analysis.h>

#include "drivers/sim/person.h"

#define SIDE 80
#define CELLS ((size_t)SIDE * SIDE)
#define RATE 50
#define FRAMES (30 * RATE)

static const struct pl_geometry mat = {SIDE, SIDE, 0.006, 0.006};

struct scene {
	double *kpa; /* [FRAMES * CELLS] */
	double cop_ap[FRAMES], cop_ml[FRAMES], left_pct, heel_pct;
};

/* What is done to each frame before it is analysed. */
struct change {
	bool mirror;
	int quarters; /* turns to the right */
	double scale;
	unsigned gap_at, gap_frames; /* frames that are missing */
	double filter_hz;
	enum pl_facing facing;
	double mass_kg, nominal_hz; /* what the mat says of itself; 0: nothing */
	bool dead_weight;
	double noise_floor_kpa;
	const struct pl_sway *own;
};
static const struct change nothing = {
	.scale = 1, .filter_hz = NAN, .mass_kg = NAN, .nominal_hz = RATE};

#define NEAR(a, b, within) near(#a, a, b, within)

static void near(const char *what, double value, double want, double within)
{
	if (!(fabs(value - want) <= within))
		fail_msg("%s is %.12g, not %.12g", what, value, want);
}

static void simulate(struct scene *s, enum pl_sim_kind kind, uint64_t seed)
{
	double force = 0, left = 0, heel = 0;
	struct pl_sim_truth truth;
	struct pl_sim_options o;
	struct pl_sim *sim;

	pl_sim_options_init(&o);
	o.kind = kind;
	o.geometry = mat;
	o.rate_hz = RATE;
	o.seed = seed;
	o.left_share = 0.40 + 0.02 * (double)(seed % 10);
	o.heel_share = 0.50 + 0.02 * (double)(seed % 8);
	sim = pl_sim_new(&o, NULL);
	s->kpa = s->kpa ? s->kpa : malloc(FRAMES * CELLS * sizeof(*s->kpa));
	assert_true(sim && s->kpa);
	for (int k = 0; k < FRAMES; k++) {
		pl_sim_frame(sim, s->kpa + k * CELLS, &truth);
		s->cop_ap[k] = truth.cop_y_mm;
		s->cop_ml[k] = truth.cop_x_mm;
		force += truth.force_n;
		left += truth.left_force_n;
		if (truth.left_force_n > 0)
			heel += truth.left_force_n * truth.left_heel_share;
		if (truth.right_force_n > 0)
			heel += truth.right_force_n * truth.right_heel_share;
	}
	s->left_pct = 100 * left / force;
	s->heel_pct = 100 * heel / force;
	pl_sim_free(sim);
}

/* Where the cell of the changed frame comes from. */
static size_t source(const struct change *c, unsigned row, unsigned col)
{
	for (int q = 0; q < c->quarters;
	     q++) { /* turned to the right: the top came from the left */
		unsigned from_row = SIDE - 1 - col, from_col = row;

		row = from_row;
		col = from_col;
	}
	return (size_t)row * SIDE + (c->mirror ? SIDE - 1 - col : col);
}

static void changed(const struct change *c, const double *kpa, double *out)
{
	for (unsigned r = 0; r < SIDE; r++)
		for (unsigned col = 0; col < SIDE; col++)
			out[(size_t)r * SIDE + col] = c->scale * kpa[source(c, r, col)];
}

static void pass(struct pl_analysis *a, const struct scene *s, const struct change *c)
{
	static double frame[CELLS];
	struct pl_error err = {.code = PL_OK};

	for (unsigned k = 0; k < FRAMES; k++) {
		if (k >= c->gap_at && k < c->gap_at + c->gap_frames)
			continue;
		changed(c, s->kpa + k * CELLS, frame);
		assert_int_equal(pl_analysis_push(a, frame, (int64_t)k * 1000000000 / RATE,
						  c->gap_frames && k == c->gap_at + c->gap_frames,
						  &err),
				 0);
	}
}

/* false: nobody stood */
static bool analyze(const struct scene *s, const struct change *c, struct pl_standing *standing)
{
	struct pl_analysis_options o;
	struct pl_analysis *a;
	bool found;

	pl_analysis_options_init(&o);
	o.filter_hz = c->filter_hz;
	o.facing = c->facing;
	o.body_mass_kg = c->mass_kg;
	o.dead_weight = c->dead_weight;
	o.noise_floor_kpa = c->noise_floor_kpa;
	o.own_sway = c->own;
	a = pl_analysis_new(&mat, true, 0, c->nominal_hz, &o, NULL);
	assert_non_null(a);
	pass(a, s, c);
	assert_int_equal(pl_analysis_second_pass(a, NULL), 0);
	pass(a, s, c);
	assert_null(pl_analysis_standing(a));
	assert_int_equal(pl_analysis_finish(a, NULL), 0);
	found = pl_analysis_standing(a) != NULL;
	if (found)
		*standing = *pl_analysis_standing(a);
	pl_analysis_free(a);
	return found;
}

static struct scene scene;
static struct pl_standing as_is;

static const struct pl_standing *plain(void)
{
	simulate(&scene, PL_SIM_STANDING, 4);
	assert_true(analyze(&scene, &nothing, &as_is));
	return &as_is;
}

/* ---- against the truth ---------------------------------------------------------------------- */

static void test_truth(void **state)
{
	double area = 0, path = 0, left = 0, heel = 0;
	struct pl_standing s;
	struct pl_sway truth;

	(void)state;
	for (uint64_t seed = 1; seed <= 12; seed++) {
		simulate(&scene, PL_SIM_STANDING, seed);
		assert_true(analyze(&scene, &nothing, &s));
		assert_int_equal(
			pl_sway_compute(scene.cop_ap, scene.cop_ml, FRAMES, RATE, &truth, NULL), 0);
		assert_int_equal(s.samples, FRAMES);
		assert_int_equal(s.flags, 0);
		area = fmax(area, fabs(s.sway.area_95_mm2 / truth.area_95_mm2 - 1));
		path = fmax(path, fabs(s.sway.both.path_mm / truth.both.path_mm - 1));
		left = fmax(left, fabs(s.left_pct.mean - scene.left_pct));
		heel = fmax(heel, fabs(s.part_pct[PL_STANDING_ALL][PL_STANDING_HEEL].mean -
				       scene.heel_pct));
	}
	print_message("12 people: sway area within %.3g %%, path %.3g %%, left share %.3g points, "
		      "heel share %.3g points\n",
		      100 * area, 100 * path, left, heel);
	assert_true(area < 0.03 && path < 0.03 && left < 0.5 && heel < 2);
}

/* As a mat of one byte a cell sees it, with noise on each cell: codes of 1.5 kPa. The sway is that
 * of the noise too, so what is compared is filtered, as it would be by default. */
#define PEOPLE 60

static void test_truth_through_a_coarse_mat(void **state)
{
	double area, left, worst_area = 0, worst_left = 0;
	struct change c = nothing;
	struct pl_standing s;
	struct pl_sway truth;
	unsigned failed = 0;

	(void)state;
	c.filter_hz = 10;
	for (uint64_t seed = 21; seed < 21 + PEOPLE; seed++) {
		simulate(&scene, PL_SIM_STANDING, seed);
		srand((unsigned)seed);
		for (size_t i = 0; i < FRAMES * CELLS; i++)
			if (scene.kpa[i] > 0)
				scene.kpa[i] =
					1.5 *
					rint(fmax(scene.kpa[i] / 1.5 + rand() % 201 / 100.0 - 1,
						  0));
		assert_true(analyze(&scene, &c, &s));
		assert_int_equal(
			pl_sway_compute(scene.cop_ap, scene.cop_ml, FRAMES, RATE, &truth, NULL), 0);
		area = fabs(s.sway.area_95_mm2 / truth.area_95_mm2 - 1);
		left = fabs(s.left_pct.mean - scene.left_pct);
		if (!(area < 0.03 && left < 0.5)) {
			print_error("seed %u: area off by %.3g %%, left share by %.3g points\n",
				    (unsigned)seed, 100 * area, left);
			failed++;
		}
		worst_area = fmax(worst_area, area);
		worst_left = fmax(worst_left, left);
	}
	print_message("%d people on a coarse, noisy mat: sway area within %.3g %%, left share "
		      "%.3g points\n",
		      PEOPLE, 100 * worst_area, worst_left);
	assert_int_equal(failed, 0);
}

static void test_shifts_and_one_leg(void **state)
{
	struct pl_standing s;

	(void)state;
	simulate(&scene, PL_SIM_SHIFT, 2); /* every 2.2 to 4.2 s, from two seconds on */
	assert_true(analyze(&scene, &nothing, &s));
	assert_true(s.shifts.count >= 28 / 4.2 - 1 && s.shifts.count <= 28 / 2.2 + 1);
	assert_true(s.shifts.dwell_mean_s > 2.2 && s.shifts.dwell_mean_s < 4.2);
	assert_true(s.shifts.size_mean_pct > 40 && s.shifts.size_mean_pct < 90);
	NEAR(s.left_pct.mean, scene.left_pct, 0.5);
	simulate(&scene, PL_SIM_ONE_LEG, 8);
	assert_true(analyze(&scene, &nothing, &s));
	assert_true(s.left_pct.mean == 100 && s.right_pct.mean == 0);
	assert_true(isnan(s.part_pct[PL_STANDING_RIGHT][PL_STANDING_HEEL].mean));
}

static void test_nobody_stands(void **state)
{
	struct pl_standing s;

	(void)state;
	simulate(&scene, PL_SIM_WALKING, 1);
	assert_false(analyze(&scene, &nothing, &s));
	simulate(&scene, PL_SIM_RUNNING, 1);
	assert_false(analyze(&scene, &nothing, &s));
	simulate(&scene, PL_SIM_EMPTY, 1);
	assert_false(analyze(&scene, &nothing, &s));
}

/* ---- what must not matter ------------------------------------------------------------------- */

static void same_sway(const struct pl_sway *s, const struct pl_sway *t)
{
	NEAR(s->both.path_mm, t->both.path_mm, 1e-9 * t->both.path_mm);
	NEAR(s->area_95_mm2, t->area_95_mm2, 1e-9 * t->area_95_mm2);
	NEAR(s->ap.rms_mm, t->ap.rms_mm, 1e-9);
	NEAR(s->ml.rms_mm, t->ml.rms_mm, 1e-9);
	NEAR(s->ap.range_mm, t->ap.range_mm, 1e-9);
	NEAR(s->ml.range_mm, t->ml.range_mm, 1e-9);
	NEAR(s->both.mean_frequency_hz, t->both.mean_frequency_hz, 1e-9);
	NEAR(s->ap.f95_hz, t->ap.f95_hz, 1e-9);
	NEAR(s->ml.mean_frequency_hz, t->ml.mean_frequency_hz, 1e-9);
}

static void same_parts(const struct pl_standing *s, enum pl_standing_who a,
		       const struct pl_standing *t, enum pl_standing_who b)
{
	NEAR(s->force[a].mean, t->force[b].mean, 1e-6);
	for (int p = 0; p < PL_STANDING_PARTS; p++) {
		if (a == PL_STANDING_ALL && p > PL_STANDING_FOREFOOT)
			continue;
		NEAR(s->part_pct[a][p].mean, t->part_pct[b][p].mean, 1e-6);
		NEAR(s->part_pct[a][p].sd, t->part_pct[b][p].sd, 1e-6);
	}
}

static void test_mirror(void **state)
{
	const struct pl_standing *t = plain();
	struct change c = nothing;
	struct pl_standing s;

	(void)state;
	c.mirror = true;
	assert_true(analyze(&scene, &c, &s));
	same_sway(&s.sway, &t->sway);
	NEAR(s.sway.mean_ml_mm, SIDE * 6 - t->sway.mean_ml_mm, 1e-9);
	NEAR(s.sway.mean_ap_mm, t->sway.mean_ap_mm, 1e-9);
	NEAR(s.sway.ellipse_angle_deg, -t->sway.ellipse_angle_deg, 1e-6);
	NEAR(s.left_pct.mean, t->right_pct.mean, 1e-9);
	NEAR(s.symmetry_index_pct, -t->symmetry_index_pct, 1e-9);
	same_parts(&s, PL_STANDING_LEFT, t, PL_STANDING_RIGHT);
	same_parts(&s, PL_STANDING_RIGHT, t, PL_STANDING_LEFT);
	same_parts(&s, PL_STANDING_ALL, t, PL_STANDING_ALL);
	assert_true(fabs(t->symmetry_index_pct) > 1); /* there was something to swap */
}

/* Whichever way the person faces, the sway is theirs: forward is where the toes point. */
static void test_turned(void **state)
{
	static const enum pl_facing way[] = {PL_FACING_FORWARD, PL_FACING_RIGHT, PL_FACING_BACKWARD,
					     PL_FACING_LEFT};
	const struct pl_standing *t = plain();
	struct pl_standing s;

	(void)state;
	assert_int_equal(t->facing, PL_FACING_FORWARD);
	for (int q = 1; q < 4; q++) {
		struct change c = nothing;

		c.quarters = q;
		c.facing = q == 2 ? PL_FACING_AUTO : way[q]; /* across only when it is given */
		assert_true(analyze(&scene, &c, &s));
		assert_int_equal(s.facing, way[q]);
		same_sway(&s.sway, &t->sway);
		NEAR(s.sway.ellipse_angle_deg, t->sway.ellipse_angle_deg, 1e-6);
		NEAR(s.left_pct.mean, t->left_pct.mean, 1e-9);
		same_parts(&s, PL_STANDING_LEFT, t, PL_STANDING_LEFT);
		same_parts(&s, PL_STANDING_RIGHT, t, PL_STANDING_RIGHT);
	}
}

static void test_scaled(void **state)
{
	const struct pl_standing *t = plain();
	struct change c = nothing;
	struct pl_standing s;

	(void)state;
	c.scale = 0.5;
	assert_true(analyze(&scene, &c, &s));
	same_sway(&s.sway, &t->sway);
	NEAR(s.sway.mean_ml_mm, t->sway.mean_ml_mm, 1e-9);
	NEAR(s.left_pct.mean, t->left_pct.mean, 1e-9);
	NEAR(s.left_pct.sd, t->left_pct.sd, 1e-9);
	NEAR(s.force[PL_STANDING_ALL].mean, 0.5 * t->force[PL_STANDING_ALL].mean, 1e-6);
	NEAR(s.part_pct[PL_STANDING_LEFT][PL_STANDING_HEEL].mean,
	     t->part_pct[PL_STANDING_LEFT][PL_STANDING_HEEL].mean, 1e-9);
}

/* The filter takes path away and leaves where the person stands. */
static void test_filter(void **state)
{
	const struct pl_standing *t = plain();
	struct change c = nothing;
	struct pl_standing s;

	(void)state;
	c.filter_hz = 5;
	assert_true(analyze(&scene, &c, &s));
	assert_true(s.filter_hz == 5 && isnan(t->filter_hz));
	assert_true(s.sway.both.path_mm < 0.999 * t->sway.both.path_mm);
	NEAR(s.sway.mean_ap_mm, t->sway.mean_ap_mm, 0.05);
	NEAR(s.left_pct.mean, t->left_pct.mean, 1e-12); /* load is never filtered */
}

/* Seconds come from the time stamps when the nominal rate cannot be true, or is not known. */
static void test_rate(void **state)
{
	const struct pl_standing *t = plain();
	struct change c = nothing;
	struct pl_standing s;

	(void)state;
	c.nominal_hz = 0;
	assert_true(analyze(&scene, &c, &s));
	assert_int_equal(s.flags, 0);
	NEAR(s.sway.both.mean_velocity_mm_s, t->sway.both.mean_velocity_mm_s, 1e-6);
	c.nominal_hz = 2 * RATE;
	assert_true(analyze(&scene, &c, &s));
	assert_int_equal(s.flags, PL_STANDING_RATE);
	NEAR(s.sway.both.mean_velocity_mm_s, t->sway.both.mean_velocity_mm_s, 1e-6);
	c.nominal_hz = 1.01 * RATE; /* host time is not that good: the nominal rate holds */
	assert_true(analyze(&scene, &c, &s));
	assert_int_equal(s.flags, 0);
	assert_true(s.rate_hz == c.nominal_hz);
}

/* It is only said here: what it does to the cells the mat, or whoever calibrates, has done. */
static void test_coarse_floor(void **state)
{
	const struct pl_standing *t = plain();
	struct change c = nothing;
	struct pl_standing s;

	(void)state;
	c.noise_floor_kpa = 0.99;
	assert_true(analyze(&scene, &c, &s));
	assert_int_equal(s.flags, 0);
	c.noise_floor_kpa = 1;
	assert_true(analyze(&scene, &c, &s));
	assert_int_equal(s.flags, PL_STANDING_COARSE_FLOOR);
	assert_true(s.sway.area_95_mm2 == t->sway.area_95_mm2);
}

static void test_gap(void **state)
{
	struct change c = nothing;
	struct pl_standing s;

	(void)state;
	(void)plain();
	c.gap_at = 20 * RATE;
	c.gap_frames = 3;
	assert_true(analyze(&scene, &c, &s));
	assert_true(s.from_s == 0 && s.samples == 20 * RATE);
	assert_int_equal(s.flags, PL_STANDING_GAP | PL_STANDING_SHORT);
	c.gap_at = 5 * RATE;
	assert_true(analyze(&scene, &c, &s));
	NEAR(s.from_s, 5.06, 1e-9);
	NEAR(s.to_s, 30, 1e-9);
}

static void test_body_weight(void **state)
{
	struct change c = nothing;
	char text[100000], *at;
	struct pl_standing s;
	struct pl_json json;

	(void)state;
	(void)plain();
	c.mass_kg = 70; /* what is simulated */
	assert_true(analyze(&scene, &c, &s));
	pl_json_init(&json, text, sizeof(text));
	pl_json_begin_object(&json, NULL);
	pl_standing_json(&s, &json);
	pl_json_end_object(&json);
	assert_true(pl_json_finish(&json) > 0);
	at = strstr(text, "\"force_mean_bw\":");
	assert_non_null(at);
	NEAR(strtod(at + strlen("\"force_mean_bw\":"), NULL), 1, 0.01);
	assert_non_null(strstr(text, "\"left_heel_pm_pct\":"));
}

/* Everything before the column `half` lifted for a moment: the other foot carries all of it. */
static void lift_left(double *frame)
{
	for (unsigned r = 0; r < SIDE; r++)
		for (unsigned c = 0; c < SIDE; c++)
			frame[r * SIDE + c] *= c < SIDE / 2 ? 0 : 2;
}

/* Lifts a foot at 12 s for 0.4 s and puts it down again: the longer of the two parts is taken,
 * without the second after it. A step that is heard in the force alone would be lost here. */
static void test_a_step_ends_it(void **state)
{
	struct pl_standing s;

	(void)state;
	simulate(&scene, PL_SIM_STANDING, 4);
	for (int k = 12 * RATE; k < 12 * RATE + 20; k++)
		lift_left(scene.kpa + k * CELLS);
	assert_true(analyze(&scene, &nothing, &s));
	NEAR(s.from_s, 13.4, 0.05);
	NEAR(s.to_s, 30, 1e-9);
	assert_int_equal(s.flags, PL_STANDING_SHORT);
	assert_true(s.sway.ml.range_mm < 40);
}

/* On one leg from 10 s on, the longer part: the load is that leg's alone. */
static void test_from_two_legs_to_one(void **state)
{
	struct pl_standing s;

	(void)state;
	simulate(&scene, PL_SIM_STANDING, 5);
	for (int k = 10 * RATE; k < FRAMES; k++)
		lift_left(scene.kpa + k * CELLS);
	assert_true(analyze(&scene, &nothing, &s));
	NEAR(s.from_s, 11, 0.05);
	assert_true(s.right_pct.mean == 100 && s.left_pct.mean == 0);
	assert_true(isnan(s.part_pct[PL_STANDING_LEFT][PL_STANDING_HEEL].mean));
	assert_true(s.part_pct[PL_STANDING_RIGHT][PL_STANDING_HEEL].mean > 0);
}

/* A crate of 24 x 24 cm, 10 kPa a cell, of which some moves at random from the left border to the
 * right and back, and a tenth of that from the front to the rear. */
static void put_crate(double noise_kpa)
{
	srand(9);
	memset(scene.kpa, 0, FRAMES * CELLS * sizeof(*scene.kpa));
	for (int k = 0; k < FRAMES; k++) {
		double ml = noise_kpa * (rand() % 2001 / 1000.0 - 1);
		double ap = 0.1 * noise_kpa * (rand() % 2001 / 1000.0 - 1);

		for (unsigned r = 20; r < 60; r++)
			for (unsigned c = 20; c < 60; c++)
				scene.kpa[k * CELLS + r * SIDE + c] = 10 +
								      ml * ((c == 59) - (c == 20)) +
								      ap * ((r == 20) - (r == 59));
	}
}

static struct pl_sway sway_of_crate(double noise_kpa)
{
	struct change c = nothing;
	struct pl_standing s;

	(void)plain();
	put_crate(noise_kpa);
	c.dead_weight = true;
	assert_true(analyze(&scene, &c, &s));
	assert_true(s.samples == FRAMES && s.facing == PL_FACING_AUTO);
	assert_true(isnan(s.left_pct.mean));
	return s.sway;
}

/* The mat's own sway beside a person's: what does not stand out of it is flagged, along the axes
 * of the person, whichever way they face. */
static void test_own_sway(void **state)
{
	struct pl_sway quiet = sway_of_crate(0.01), loud = sway_of_crate(8);
	struct change c = nothing;
	struct pl_standing s;

	(void)state;
	assert_true(loud.ml.rms_mm > 3 * loud.ap.rms_mm && quiet.ml.rms_mm > 0);
	(void)plain();
	c.own = &quiet;
	assert_true(analyze(&scene, &c, &s));
	assert_true(s.has_own && s.flags == 0 && s.own.ml.rms_mm == quiet.ml.rms_mm);
	c.own = &loud;
	assert_true(analyze(&scene, &c, &s));
	assert_int_equal(s.flags, PL_STANDING_NEAR_OWN);
	c.quarters = 1;
	c.facing = PL_FACING_RIGHT;
	assert_true(analyze(&scene, &c, &s));
	assert_true(s.own.ap.rms_mm == loud.ml.rms_mm && s.own.ml.rms_mm == loud.ap.rms_mm);
	c.dead_weight = true; /* an empty mat is no weight either */
	memset(scene.kpa, 0, FRAMES * CELLS * sizeof(*scene.kpa));
	assert_false(analyze(&scene, &c, &s));
}

static int free_scene(void **state)
{
	(void)state;
	free(scene.kpa);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_truth),
		cmocka_unit_test(test_truth_through_a_coarse_mat),
		cmocka_unit_test(test_shifts_and_one_leg),
		cmocka_unit_test(test_nobody_stands),
		cmocka_unit_test(test_mirror),
		cmocka_unit_test(test_turned),
		cmocka_unit_test(test_scaled),
		cmocka_unit_test(test_filter),
		cmocka_unit_test(test_rate),
		cmocka_unit_test(test_own_sway),
		cmocka_unit_test(test_coarse_floor),
		cmocka_unit_test(test_gap),
		cmocka_unit_test(test_body_weight),
		cmocka_unit_test(test_a_step_ends_it),
		cmocka_unit_test(test_from_two_legs_to_one),
	};

	return cmocka_run_group_tests(tests, NULL, free_scene);
}
