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

#include "unit/signal/speedpp.h"

static struct real_step step;
static double frames[STEP_FRAMES][LAID_CELLS];

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

static json_t *analyse(const struct laying *l)
{
	static char text[1 << 17];
	struct pl_geometry g = laid_geometry(&step, l);
	struct pl_analysis_options o;
	struct pl_analysis *a;
	struct pl_json json;
	json_t *all;

	pl_analysis_options_init(&o);
	a = pl_analysis_new(&g, false, 0, STEP_RATE, &o, NULL);
	assert_non_null(a);
	for (int pass = 0; pass < 2; pass++) {
		for (unsigned t = 0; t < step.frames; t++)
			assert_int_equal(pl_analysis_push(a, frames[t], t * 2000000ll, false, NULL),
					 0);
		assert_int_equal(
			pass ? pl_analysis_finish(a, NULL) : pl_analysis_second_pass(a, NULL), 0);
	}
	assert_true(pl_analysis_totals(a)->region_sum_error_max < 1e-12);
	pl_json_init(&json, text, sizeof(text));
	pl_json_begin_object(&json, NULL);
	pl_analysis_json(a, &json);
	pl_json_end_object(&json);
	assert_true(pl_json_finish(&json) > 0);
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
	json_t *all = analyse(l), *feet = json_object_get(all, "feet"), *foot;
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

static void whole_campaign(void **state)
{
	static struct tally tally[WAYS];

	(void)state;
	for (unsigned k = 0; k < STEPS; k++) {
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
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(whole_campaign),
	};

	if (!speedpp_there()) {
		print_message("skipped: no data/speedpp below PLANTAR_SHARED\n");
		return 77;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
