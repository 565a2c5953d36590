/* SPDX-License-Identifier: Apache-2.0 */
/*
 * 240 real steps of four people's right feet, as they are, mirrored, turned by quarter turns and
 * cut by the mat's edge, through the whole analysis: one foot in each, with its side, which way it
 * faces, how long it was on the mat, and whether part of it was beside the mat.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <jansson.h>

#include <plantar/analysis.h>

#include "unit/sanitized.h"
#include "unit/signal/both_passes.h"
#include "unit/signal/speedpp.h"

#define EVERY (SANITIZED ? 12 : 1) /* every so-manieth step */

static struct real_step step;
#define SQUARE 75 /* cells a side that hold a footprint however it is turned */
#define CELLS_MAX (SQUARE * SQUARE > LAID_CELLS ? SQUARE * SQUARE : LAID_CELLS)
static double frames[STEP_FRAMES][CELLS_MAX];

/* All frames of the step onto the mat; for how many of them any cell is loaded. */
static unsigned lay(const struct laying *l)
{
	struct pl_geometry g = laid_geometry(&step, l);
	unsigned n = 0;

	for (unsigned t = 0; t < step.frames; t++) {
		bool loaded = false;

		lay_frame(&step, l, t, frames[t]);
		for (size_t i = 0; i < pl_geometry_cells(&g); i++)
			loaded = loaded || frames[t][i] > 0;
		n += loaded;
	}
	return n;
}

static json_t *analyse(struct pl_geometry g)
{
	static char text[1 << 17];
	struct pl_analysis_options o;
	struct pl_analysis *a;
	json_t *all;

	pl_analysis_options_init(&o);
	a = pl_analysis_new(&g, false, 0, STEP_RATE, &o, NULL);
	assert_non_null(a);
	both_passes_of(a, frames[0], sizeof(frames[0]) / sizeof(double), step.frames, STEP_RATE);
	assert_true(pl_analysis_totals(a)->region_sum_error_max < 1e-12);
	analysis_text(a, text, sizeof(text));
	pl_analysis_free(a);
	all = json_loads(text, 0, NULL);
	assert_non_null(all);
	return all;
}

struct tally {
	unsigned steps, one_foot, time, partial;
	unsigned side[3], facing[3]; /* right, wrong, unknown */
};

static const char *text_of(const json_t *foot, const char *key)
{
	const char *text = json_string_value(json_object_get(foot, key));

	return text ? text : "absent";
}

static int judge(const char *said, const char *truth)
{
	return strcmp(said, truth) == 0 ? 0 : strcmp(said, "unknown") == 0 ? 2 : 1;
}

static void tell(const char *name, unsigned k, const char *what, const char *said)
{
	print_message("    %s: subject %u image %u: %s %s\n", name, k / STEPS_EACH, k % STEPS_EACH,
		      what, said);
}

static void check(const char *name, unsigned k, const struct laying *l, struct tally *tally)
{
	static const char *const way[] = {"forward", "right", "backward", "left"};
	unsigned loaded = lay(l);
	json_t *all = analyse(laid_geometry(&step, l)), *feet = json_object_get(all, "feet"), *foot;
	double off;
	int verdict;

	tally->steps++;
	if (json_array_size(feet) == 1)
		tally->one_foot++;
	else
		tell(name, k, "feet", json_array_size(feet) ? "several" : "none");
	foot = json_array_get(feet, 0);
	verdict = judge(text_of(foot, "side"), l->mirrored ? "left" : "right");
	tally->side[verdict]++;
	if (verdict == 1)
		tell(name, k, "side", text_of(foot, "side"));
	verdict = judge(text_of(foot, "facing"), way[l->quarters]);
	tally->facing[verdict]++;
	if (verdict == 1)
		tell(name, k, "facing", text_of(foot, "facing"));
	off = json_number_value(json_object_get(foot, "contact_time_s")) * STEP_RATE - loaded;
	if (fabs(off) < 2 + 1e-6)
		tally->time++;
	else
		print_message("    %s: subject %u image %u: contact time off by %.0f frames\n",
			      name, k / STEPS_EACH, k % STEPS_EACH, off);
	tally->partial += json_is_true(json_object_get(foot, "partial"));
	json_decref(all);
}

static const struct way {
	const char *name;
	struct laying laying;
} ways[] = {
	{"as they are", {.quarters = 0}},
	{"mirrored", {.mirrored = true}},
	{"turned by 90", {.quarters = 1}},
	{"turned by 180", {.quarters = 2}},
	{"turned by 270", {.quarters = 3}},
	{"mirrored, turned by 90", {.mirrored = true, .quarters = 1}},
	{"a tenth of the heel off", {.edge = EDGE_HEEL, .lost = 0.1}},
	{"a third off at the heel", {.edge = EDGE_HEEL, .lost = 0.33}},
	{"half off at the heel", {.edge = EDGE_HEEL, .lost = 0.5}},
	{"a tenth off at the toes", {.edge = EDGE_TOES, .lost = 0.1}},
	{"a third off at the toes", {.edge = EDGE_TOES, .lost = 0.33}},
	{"half off at the toes", {.edge = EDGE_TOES, .lost = 0.5}},
	{"a third of the inside off", {.edge = EDGE_INNER, .lost = 0.33}},
	{"half of the inside off", {.edge = EDGE_INNER, .lost = 0.5}},
	{"a third of the outside off", {.edge = EDGE_OUTER, .lost = 0.33}},
	{"half of the outside off", {.edge = EDGE_OUTER, .lost = 0.5}},
	{"mirrored, 270, half off", {true, 3, EDGE_TOES, 0.5}},
};
#define WAYS (sizeof(ways) / sizeof(*ways))

/* Whole prints: all of them right. Cut ones: never wrong, and always told. */
static void demand(const struct way *way, const struct tally *t)
{
	bool whole = way->laying.edge == EDGE_NONE;

	assert_int_equal(t->one_foot, t->steps);
	assert_true(t->steps - t->time <= (whole ? 0 : 1 + t->steps / 50));
	assert_int_equal(t->side[1], 0);
	assert_int_equal(t->facing[1], 0);
	if (whole) {
		assert_true(t->side[0] * 100 >= t->steps * 99);
		assert_true(t->facing[0] * 100 >= t->steps * 99);
		assert_int_equal(t->partial, 0);
	} else {
		assert_int_equal(t->partial, t->steps);
	}
}

static void alone(void **state)
{
	static struct tally tally[WAYS];

	(void)state;
	for (unsigned k = 0; k < STEPS; k += EVERY) {
		assert_true(read_real_step(k, &step));
		for (unsigned w = 0; w < WAYS; w++)
			check(ways[w].name, k, &ways[w].laying, &tally[w]);
	}
	print_message("%-28s%9s%9s | %-6s%6s%6s%6s | %-7s%6s%6s | %s\n", "", "one foot", "contact",
		      "side:", "right", "wrong", "unkn.", "facing:", "wrong", "unkn.", "partial");
	for (unsigned w = 0; w < WAYS; w++) {
		const struct tally *t = &tally[w];

		print_message("%-28s%5u/%3u%5u/%3u |       %6u%6u%6u | %7u%6u%6u | %u\n",
			      ways[w].name, t->one_foot, t->steps, t->time, t->steps, t->side[0],
			      t->side[1], t->side[2], t->facing[0], t->facing[1], t->facing[2],
			      t->partial);
	}
	for (unsigned w = 0; w < WAYS; w++)
		demand(&ways[w], &tally[w]);
}

/* ---- turned out ----------------------------------------------------------------------------- */

static double raw_at(int y, int x, unsigned t)
{
	if (y < 0 || y >= STEP_Y || x < 0 || x >= STEP_X)
		return 0;
	return step.raw[(y * STEP_X + x) * STEP_FRAMES + (int)t];
}

/* The footprint turned to the right about its middle, each cell of the mat between the four of the
 * file it lies between; what is below half the faintest cell of the file is nothing. */
static void lay_turned(double degrees)
{
	double c = cos(degrees * M_PI / 180), s = sin(degrees * M_PI / 180);

	for (unsigned t = 0; t < step.frames; t++) {
		for (int i = 0; i < SQUARE * SQUARE; i++) {
			double right = i % SQUARE - SQUARE / 2, up = SQUARE / 2 - i / SQUARE;
			double x = STEP_X / 2 + right * c - up * s;
			double y = STEP_Y / 2 + right * s + up * c;
			int x0 = (int)floor(x), y0 = (int)floor(y);
			double v = (raw_at(y0, x0, t) * (x0 + 1 - x) +
				    raw_at(y0, x0 + 1, t) * (x - x0)) *
					   (y0 + 1 - y) +
				   (raw_at(y0 + 1, x0, t) * (x0 + 1 - x) +
				    raw_at(y0 + 1, x0 + 1, t) * (x - x0)) *
					   (y - y0);

			frames[t][i] = v < 2.5 ? 0 : v;
		}
	}
}

static double axis_of(const json_t *feet)
{
	const json_t *axis = json_object_get(json_array_get(feet, 0), "axis_deg");

	return json_is_number(axis) ? json_number_value(axis) : NAN;
}

static const double angles[] = {-75, -60, -30, -15, 15, 30, 60, 75, 100, 135, 180};
#define ANGLES (sizeof(angles) / sizeof(*angles))

struct turned {
	unsigned n, one, axis, side[3];
};

static void turn(double degrees, unsigned k, double straight, struct turned *t)
{
	const struct pl_geometry g = {SQUARE, SQUARE, STEP_PITCH_M, STEP_PITCH_M};
	json_t *all, *feet;

	lay_turned(degrees);
	all = analyse(g);
	feet = json_object_get(all, "feet");
	t->n++;
	t->one += json_array_size(feet) == 1;
	if (json_array_size(feet) != 1)
		tell("turned", k, "feet", json_array_size(feet) ? "several" : "none");
	t->axis += fabs(remainder(axis_of(feet) - straight - degrees, 360)) < 3;
	t->side[judge(text_of(json_array_get(feet, 0), "side"), "right")]++;
	json_decref(all);
}

/* The feet point a little outwards as they are: directions are compared with that. */
static void turned_out(void **state)
{
	const struct pl_geometry g = {SQUARE, SQUARE, STEP_PITCH_M, STEP_PITCH_M};
	static struct turned turned[ANGLES];

	(void)state;
	for (unsigned k = 1; k < STEPS; k += 8 * EVERY) {
		double straight;
		json_t *all;

		assert_true(read_real_step(k, &step));
		lay_turned(0);
		all = analyse(g);
		straight = axis_of(json_object_get(all, "feet"));
		json_decref(all);
		for (size_t i = 0; i < ANGLES; i++)
			turn(angles[i], k, straight, &turned[i]);
	}
	for (size_t i = 0; i < ANGLES; i++) {
		const struct turned *t = &turned[i];

		print_message("turned by %g degrees: one foot %u/%u; side right %u, wrong %u, "
			      "unknown %u; axis within 3 degrees %u\n",
			      angles[i], t->one, t->n, t->side[0], t->side[1], t->side[2], t->axis);
		assert_true(t->one * 100 >= 96 * t->n);
		assert_int_equal(t->side[1], 0);
		assert_true(t->side[0] * 100 >= 96 * t->n);
		assert_true(t->axis * 100 >= 96 * t->n);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(alone),
		cmocka_unit_test(turned_out),
	};

	if (!speedpp_there()) {
		print_message("skipped: no data/speedpp below PLANTAR_SHARED\n");
		return 77;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
