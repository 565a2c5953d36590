/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Simulated people whose feet touch each other, from parallel to turned far out, so that the
 * insides or the heels are one piece on the mat: mats of three pitches lying four ways and askew,
 * noise, dead cells. Found are two feet, with their sides, and what each carries is within 2 points
 * of what was simulated; live, as far as live has found them. Nobody says how they face.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "drivers/sim/exact.h"
#include "drivers/sim/person.h"
#include "lib/signal/analysis_private.h"
#include "unit/sanitized.h"
#include "unit/signal/both_passes.h"
#include "unit/signal/speedpp.h"

#define PEOPLE (SANITIZED ? 12 : 120) /* of each posture */
#define RATE 100
#define SIDE_MAX 112
#define FRAMES 300

static double film[FRAMES][SIDE_MAX * SIDE_MAX];

static const struct {
	double pitch_m;
	unsigned side;
} mats[] = {{0.005, 112}, {0.0075, 72}, {0.0127, 44}};

static const struct posture {
	const char *name;
	enum pl_sim_kind kind;
	double toe_out_deg;
} postures[] = {
	{"parallel", PL_SIM_STANDING, 0},	 {"7 degrees out", PL_SIM_STANDING, 7},
	{"15 degrees out", PL_SIM_STANDING, 15}, {"25 degrees out", PL_SIM_STANDING, 25},
	{"35 degrees out", PL_SIM_STANDING, 35}, {"toes in", PL_SIM_STANDING, -8},
	{"shifting weight", PL_SIM_SHIFT, 4},
};
#define POSTURES (sizeof(postures) / sizeof(*postures))

struct scene {
	struct pl_sim_options sim;
	unsigned side, quarters;
	double left_pct; /* truth: of the impulse */
	double last_left_pct;
	uint8_t dead[SIDE_MAX * SIDE_MAX];
};

static void make_scene(struct scene *s, const struct posture *posture, unsigned seed)
{
	unsigned mat = seed % 3;
	struct pl_rng rng;

	memset(s, 0, sizeof(*s));
	s->side = mats[mat].side;
	s->quarters = seed / 3 % 4;
	pl_sim_options_init(&s->sim);
	s->sim.kind = posture->kind;
	s->sim.geometry =
		(struct pl_geometry){s->side, s->side, mats[mat].pitch_m, mats[mat].pitch_m};
	s->sim.rate_hz = RATE;
	s->sim.seed = seed + 1;
	s->sim.feet_together = true;
	s->sim.toe_out_deg = posture->toe_out_deg;
	pl_rng_seed(&rng, seed);
	s->sim.noise_kpa = pl_rng_uniform(&rng, 0, 4);
	s->sim.foot_length_m = pl_rng_uniform(&rng, 0.22, 0.29);
	s->sim.arch = pl_rng_uniform(&rng, 0.2, 1);
	s->sim.heel_share = pl_rng_uniform(&rng, 0.4, 0.7);
	s->sim.left_share = pl_rng_uniform(&rng, 0.35, 0.65);
	s->sim.heading_deg = seed % 4 == 3 ? pl_rng_uniform(&rng, -25, 25) : 0;
	for (unsigned i = 0; seed % 2 && i < s->side * s->side / 200; i++)
		s->dead[pl_rng_next(&rng) % (s->side * s->side)] = 1;
}

/* The mat is turned clockwise under the person. */
static void shoot(struct scene *s)
{
	static double kpa[SIDE_MAX * SIDE_MAX];
	struct pl_sim *sim = pl_sim_new(&s->sim, NULL);
	double left = 0, all = 0;

	assert_non_null(sim);
	for (unsigned t = 0; t < FRAMES; t++) {
		struct pl_sim_truth truth;

		pl_sim_frame(sim, kpa, &truth);
		left += truth.left_force_n;
		all += truth.force_n;
		s->last_left_pct = 100 * truth.left_force_n / truth.force_n;
		for (unsigned i = 0; i < s->side * s->side; i++) {
			unsigned r = i / s->side, c = i % s->side, cell;

			for (unsigned q = 0; q < s->quarters; q++) {
				unsigned was = r;

				r = c;
				c = s->side - 1 - was;
			}
			cell = r * s->side + c;
			film[t][cell] = s->dead[cell] ? 0 : kpa[i];
		}
	}
	s->left_pct = 100 * left / all;
	pl_sim_free(sim);
}

struct tally {
	unsigned people, touched, two, sided, wrong, shares, live, live_wrong;
	double worst, live_worst;
};

/* On the left of the middle, as the person sees it. */
static enum pl_side true_side(const struct scene *s, const struct pl_foot *foot)
{
	double heading = (s->sim.heading_deg + 90 * s->quarters) * M_PI / 180;
	double middle = 0.5 * s->side * s->sim.geometry.pitch_row_m, x, y;

	pl_hull_centre(&foot->print.hull, &x, &y);
	return (x - middle) * cos(heading) - (y - middle) * sin(heading) > 0 ? PL_SIDE_RIGHT
									     : PL_SIDE_LEFT;
}

static void judge(const struct scene *s, const struct pl_analysis *a, struct tally *t)
{
	double carried[3] = {0}, off;
	bool touched = false, known = a->n_feet == 2;

	for (uint32_t k = 0; k < a->n_feet; k++) {
		const struct pl_foot *foot = &a->foot[k];

		touched = touched || foot->touched;
		known = known && foot->side != PL_SIDE_UNKNOWN;
		t->wrong += foot->side != PL_SIDE_UNKNOWN && foot->side != true_side(s, foot);
		carried[foot->side] += foot->whole.force_time;
	}
	t->touched += touched;
	t->two += a->n_feet == 2;
	if (!known)
		return;
	t->sided++;
	off = fabs(100 * carried[PL_SIDE_LEFT] / (carried[PL_SIDE_LEFT] + carried[PL_SIDE_RIGHT]) -
		   s->left_pct);
	t->shares += off <= 2;
	t->worst = fmax(t->worst, off);
}

static void judge_live(const struct scene *s, struct tally *t)
{
	struct pl_calibration cal;
	struct pl_live_options o;
	static float row[256];
	int column = pl_metric_find("left_pct");
	struct pl_live *live;
	double off;

	assert_true(column >= 0 && pl_metric_count() <= 256);
	pl_calibration_init(&cal, &s->sim.geometry);
	cal.unit = PL_UNIT_KPA;
	pl_live_options_init(&o);
	o.rate_hz = RATE;
	live = pl_live_new(&s->sim.geometry, &cal, &o, NULL);
	assert_non_null(live);
	for (unsigned k = 0; k < FRAMES; k++)
		pl_live_frame(live, film[k], PL_F64, k, row);
	pl_live_free(live);
	if (isnan(row[column]))
		return;
	off = fabs((double)row[column] - s->last_left_pct);
	t->live++;
	t->live_wrong += off > 10;
	t->live_worst = fmax(t->live_worst, off);
}

static struct pl_analysis *analyse(const struct scene *s)
{
	struct pl_analysis_options o;
	struct pl_analysis *a;

	pl_analysis_options_init(&o);
	a = pl_analysis_new(&s->sim.geometry, true, 0, RATE, &o, NULL);
	assert_non_null(a);
	for (int pass = 0; pass < 2; pass++) {
		for (unsigned k = 0; k < FRAMES; k++)
			assert_int_equal(pl_analysis_push(a, film[k], k * 10000000ll, false, NULL),
					 0);
		assert_int_equal(
			pass ? pl_analysis_finish(a, NULL) : pl_analysis_second_pass(a, NULL), 0);
	}
	return a;
}

static void together(void **state)
{
	static struct scene s;

	(void)state;
	print_message("%-16s %6s | touched  two  sided  wrong  within 2  worst | live  worst\n", "",
		      "people");
	for (unsigned p = 0; p < POSTURES; p++) {
		struct tally t = {0};

		for (unsigned seed = 0; seed < PEOPLE; seed++) {
			struct pl_analysis *a;

			make_scene(&s, &postures[p], seed);
			shoot(&s);
			a = analyse(&s);
			t.people++;
			judge(&s, a, &t);
			judge_live(&s, &t);
			pl_analysis_free(a);
		}
		print_message("%-16s %6u | %7u %4u %6u %6u %9u %6.2f | %4u %6.2f\n",
			      postures[p].name, t.people, t.touched, t.two, t.sided, t.wrong,
			      t.shares, t.worst, t.live, t.live_worst);
		assert_int_equal(t.wrong, 0);
		assert_int_equal(t.live_wrong, 0);
		assert_int_equal(t.touched, t.two); /* and no more feet than that, ever */
		assert_true(t.two * 100 >= 90 * t.people);
		assert_true(t.sided * 100 >= 90 * t.people);
		assert_true(t.shares * 100 >= 98 * t.sided);
		assert_true(t.worst < 4 && t.live_worst < 4); /* a column of the coarsest mat */
		assert_true(t.live * 100 >= 80 * t.people);
	}
}

/* ---- real steps ----------------------------------------------------------------------------- */

#define REAL_COLS (2 * STEP_X + 2 * MARGIN)
#define REAL_ROWS (STEP_Y + 2 * MARGIN + AHEAD_MOST)
#define AHEAD_MOST 8 /* cells by which the left foot is ahead, at most */
#define STILL 150    /* frames of standing: each cell as at its greatest */

static struct real_step step;
static double real_film[STEP_FRAMES][REAL_ROWS * REAL_COLS];

/* A right foot and its mirror image, the insides touching where they reach furthest. */
static void lay_pair(unsigned ahead)
{
	unsigned middle = REAL_COLS / 2;

	memset(real_film, 0, sizeof(real_film));
	for (unsigned y = step.y0; y < step.y1; y++)
		for (unsigned x = step.x0; x < step.x1; x++)
			for (unsigned t = 0; t < step.frames; t++) {
				double v = step.raw[(y * STEP_X + x) * STEP_FRAMES + t];
				unsigned row = REAL_ROWS - 1 - MARGIN - y, in = x - step.x0;

				real_film[t][row * REAL_COLS + middle + in] = v;
				row -= ahead;
				real_film[t][row * REAL_COLS + middle - 1 - in] = v;
			}
}

/* Somebody who stands: the whole print at once. */
static unsigned stand_still(void)
{
	for (unsigned i = 0; i < REAL_ROWS * REAL_COLS; i++) {
		double most = 0;

		for (unsigned t = 0; t < step.frames; t++)
			most = fmax(most, real_film[t][i]);
		for (unsigned t = 0; t < STILL; t++)
			real_film[t][i] = most;
	}
	return STILL;
}

static void judge_pair(unsigned frames, struct tally *t)
{
	static const struct pl_geometry g = {REAL_ROWS, REAL_COLS, STEP_PITCH_M, STEP_PITCH_M};
	double middle = 0.5 * REAL_COLS * STEP_PITCH_M, carried[3] = {0}, off, x, y;
	struct pl_analysis_options o;
	struct pl_analysis *a;
	bool touched = true, known = true;

	pl_analysis_options_init(&o);
	a = pl_analysis_new(&g, false, 0, STEP_RATE, &o, NULL);
	assert_non_null(a);
	both_passes_of(a, real_film[0], REAL_ROWS * REAL_COLS, frames, STEP_RATE);
	t->people++;
	t->two += a->n_feet == 2;
	for (uint32_t k = 0; k < a->n_feet; k++) {
		enum pl_side side = a->foot[k].side;

		pl_hull_centre(&a->foot[k].print.hull, &x, &y);
		t->wrong += side != PL_SIDE_UNKNOWN &&
			    side != (x < middle ? PL_SIDE_LEFT : PL_SIDE_RIGHT);
		known = known && side != PL_SIDE_UNKNOWN;
		touched = touched && a->foot[k].touched;
		carried[side] += a->foot[k].whole.force_time;
	}
	t->touched += a->n_feet == 2 && touched;
	if (known && a->n_feet == 2) {
		off = fabs(100 * carried[PL_SIDE_LEFT] /
				   (carried[PL_SIDE_LEFT] + carried[PL_SIDE_RIGHT]) -
			   50);
		t->sided++;
		t->shares += off <= 2;
		t->worst = fmax(t->worst, off);
	}
	pl_analysis_free(a);
}

static void real_pairs(void **state)
{
	static const unsigned ahead[] = {0, 4, AHEAD_MOST};

	(void)state;
	if (!speedpp_there())
		skip();
	for (unsigned still = 0; still < 2; still++) {
		for (unsigned i = 0; i < 3; i++) {
			struct tally t = {0};

			for (unsigned k = i; k < STEPS; k += SANITIZED ? 24 : 3) {
				assert_true(read_real_step(k, &step));
				lay_pair(ahead[i]);
				judge_pair(still ? stand_still() : step.frames, &t);
			}
			print_message("real steps %s, %2.0f mm ahead: %u pairs, touched %u, two "
				      "feet %u, sided %u, wrong %u, share within 2 points %u, "
				      "worst %.2f\n",
				      still ? "standing" : "rolling ",
				      1e3 * ahead[i] * STEP_PITCH_M, t.people, t.touched, t.two,
				      t.sided, t.wrong, t.shares, t.worst);
			assert_true(t.two * 100 >= 95 * t.people);
			assert_true(t.sided * 100 >= 80 * t.people);
			assert_int_equal(t.wrong, 0);
			assert_true(t.shares * 100 >= 95 * t.sided);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(together),
		cmocka_unit_test(real_pairs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
