/* SPDX-License-Identifier: Apache-2.0 */
/* What people say around a trial: annotations that its recording takes along, and pain scores. */
#include "visit_test.h"

static void expect(const struct pl_annotations *a, const char *key, const char *value)
{
	char got[PL_ANNOTATION_VALUE_MAX];

	pl_annotations_get(a, key, got);
	assert_string_equal(got, value);
}

static struct pl_visit *visit_with(const char *pain_side, const char *said)
{
	struct pl_visit_setup s = {.body_mass_kg = MASS_KG,
				   .subject = "P-1",
				   .n_conditions = 1,
				   .conditions = {"barefoot"}};
	struct pl_visit *v = pl_visit_new(NULL);

	strcpy(s.pain_side, pain_side);
	assert_int_equal(pl_annotations_assign(&s.annotations, said, NULL), 0);
	pl_visit_tick(v, 100 * S, 1000 * S);
	assert_int_equal(pl_visit_begin(v, &protocol, &s, NULL), 0);
	past_tare(v);
	return v;
}

static void a_trial_outweighs_the_visit(void **state)
{
	struct pl_visit *v = visit_with("left", "heel_lift_mm=6");
	struct pl_visit_ask ask = plain;
	struct pl_annotations a;

	(void)state;
	assert_int_equal(pl_visit_annotations(v, &a, NULL), 0);
	assert_string_equal(a.text, "pain_side=left\nheel_lift_mm=6\n");

	strcpy(protocol.steps[1].approaches[0], "two-step");
	protocol.steps[1].n_approaches = 1;
	strcpy(ask.approach, "two-step");
	ask.speed_kmh = 9;
	pl_annotations_assign(&ask.annotations, "heel_lift_mm=12", NULL);
	pl_annotations_assign(&ask.annotations, "notes=slow", NULL);
	assert_int_equal(pl_visit_trial(v, &ask, NULL), 0);
	assert_int_equal(pl_visit_annotations(v, &a, NULL), 0);
	expect(&a, "heel_lift_mm", "12");
	expect(&a, "approach", "two-step");
	expect(&a, "speed_m_s", "2.5"); /* 9 / 3.6 */
	expect(&a, "speed_source", "belt");
	expect(&a, "notes", "slow");
	expect(&a, "pain_side", "left");
	assert_true(pl_annotations_valid(&a));
	assert_true(isnan(pl_annotations_number(&a, "pain_score")));
	expect(&v->setup.annotations, "heel_lift_mm", "6"); /* the next trial has it again */
	pl_visit_free(v);
}

static double last_pain(const struct pl_visit *v)
{
	return v->trials[v->n_trials - 1].pain;
}

static void a_score_after_the_verdict(void **state)
{
	struct pl_visit *v = in_state(PL_VISIT_REST);

	(void)state;
	assert_true(isnan(last_pain(v)));
	assert_int_equal(pl_visit_pain(v, 2, NULL), 0); /* of the trial that is over */
	assert_true(last_pain(v) == 2);
	assert_int_equal(pl_visit_pain(v, 3, NULL), 0); /* of now: that trial has its score */
	assert_true(last_pain(v) == 2);
	assert_true(v->pain_last == 3);

	later(v, 40);
	to_review(v, WEIGHT_N);
	assert_int_equal(pl_visit_pain(v, 4, NULL), 0); /* in review the last one counts */
	assert_int_equal(pl_visit_pain(v, 3, NULL), 0);
	assert_true(last_pain(v) == 3);
	assert_true(v->trials[1].pain == 2); /* [0] is the tare */
	pl_visit_free(v);
}

static void a_score_when_all_is_done(void **state)
{
	struct pl_visit *v = in_state(PL_VISIT_REST);

	(void)state;
	later(v, 40);
	to_review(v, WEIGHT_N);
	assert_int_equal(pl_visit_accept(v, PL_SIDE_UNKNOWN, NAN, NULL), 0);
	assert_int_equal(v->state, PL_VISIT_DONE);
	assert_int_equal(pl_visit_pain(v, 9, NULL), 0); /* nothing is left to be stopped */
	assert_int_equal(v->state, PL_VISIT_DONE);
	assert_true(last_pain(v) == 9);
	assert_int_equal(pl_visit_pain(v, 1, NULL), -1); /* it has one */
	assert_true(last_pain(v) == 9);
	pl_visit_free(v);
}

static void a_tare_has_no_score(void **state)
{
	struct pl_visit *v = in_state(PL_VISIT_READY);

	(void)state;
	assert_int_equal(pl_visit_pain(v, 2, NULL), 0);
	assert_true(isnan(v->trials[0].pain));
	assert_true(v->pain_first == 2);
	pl_visit_free(v);
}

/* Aborted while the recorder was asked, which then could not: rejected once, for the abort. */
static void aborted_and_not_started(void **state)
{
	struct pl_visit *v = in_state(PL_VISIT_STARTING);

	(void)state;
	assert_int_equal(pl_visit_abort(v, "fire", NULL), 0);
	pl_visit_not_started(v, "disk full");
	assert_int_equal(v->plan[1].rejected, 1);
	assert_string_equal(v->trials[1].reason, "aborted: fire");
	assert_true(v->trials[1].flags & PL_TRIAL_FAILED);
	pl_visit_free(v);
}

static void who_overrode_stays_known(void **state)
{
	struct pl_visit_setup s = {.body_mass_kg = MASS_KG,
				   .subject = "P-1",
				   .n_conditions = 1,
				   .red_ticked = 2,
				   .red_overridden = 2,
				   .override_name = "Dr. A",
				   .override_reason = "known"};
	struct pl_visit *v = pl_visit_new(NULL);

	(void)state;
	assert_int_equal(pl_visit_begin(v, &walk, &s, NULL), 0);
	assert_string_equal(v->override_name, "Dr. A");
	assert_string_equal(v->override_reason, "known");
	assert_false(pl_visit_locked(v));
	pl_visit_free(v);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup(f, set_up)
	const struct CMUnitTest tests[] = {
		TEST(a_trial_outweighs_the_visit), TEST(a_score_after_the_verdict),
		TEST(a_score_when_all_is_done),	   TEST(a_tare_has_no_score),
		TEST(aborted_and_not_started),	   TEST(who_overrode_stays_known),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
