/* SPDX-License-Identifier: Apache-2.0 */
/* Trials: how long they are, what is wrong with them, and when there are enough. */
#include "visit_test.h"

static void a_whole_visit(void **state)
{
	struct pl_visit *v = visit(&protocol);
	char condition[65];

	(void)state;
	past_tare(v);
	pl_visit_condition(v, condition);
	assert_string_equal(condition, "barefoot");
	for (int i = 0; i < 2; i++) {
		to_review(v, WEIGHT_N * 1.01);
		assert_int_equal(v->trials[i + 1].flags, 0);
		assert_true(v->trials[i + 1].seconds == 60);
		assert_true(fabs(v->trials[i + 1].ratio - 1.01) < 1e-12);
		assert_int_equal(pl_visit_accept(v, PL_SIDE_UNKNOWN, NAN, NULL), 0);
		if (i == 0) {
			assert_int_equal(v->state, PL_VISIT_REST);
			later(v, 29.9);
			assert_int_equal(v->state, PL_VISIT_REST);
			later(v, 0.2);
			assert_int_equal(v->state, PL_VISIT_READY);
		}
	}
	assert_int_equal(v->state, PL_VISIT_DONE);
	assert_int_equal(v->plan[1].accepted, 2);
	pl_visit_free(v);
}

static void expect_flags(double force_n, unsigned flags)
{
	struct pl_visit *v = visit(&protocol);

	past_tare(v);
	to_review(v, force_n);
	assert_int_equal(v->trials[1].flags, flags);
	assert_int_equal(v->trials[1].proposed, flags ? PL_VERDICT_REJECTED : PL_VERDICT_ACCEPTED);
	pl_visit_free(v);
}

static void body_weight(void **state)
{
	(void)state;
	expect_flags(WEIGHT_N * 0.951, 0);
	expect_flags(WEIGHT_N * 1.049, 0);
	expect_flags(WEIGHT_N * 0.949, PL_TRIAL_WEIGHT);
	expect_flags(WEIGHT_N * 1.051, PL_TRIAL_WEIGHT);
}

/* A mat without calibration: nothing of it is newtons, and nothing is judged as if it were. */
static void counts_are_no_newtons(void **state)
{
	struct pl_visit *v;
	struct pl_contact c;
	struct pl_visit_trial *t;

	(void)state;
	protocol.steps[1].checks |= PL_TRIAL_DRIFT;
	v = in_state(PL_VISIT_RECORDING);
	t = &v->trials[1];
	c = standing(v, 12345);
	c.counts = true;
	c.frames += 100;
	c.empty_sum_n = 100 * 45;
	later(v, 61);
	pl_visit_ended(v, &c, 6100, 0, "stopped", "");
	assert_true(t->force_counts == 12345 && t->empty_counts == 45);
	assert_true(isnan(t->force_n) && isnan(t->empty_n) && isnan(t->ratio));
	assert_int_equal(t->flags, 0);
	assert_int_equal(t->proposed, PL_VERDICT_ACCEPTED);
	pl_visit_free(v);
	v = in_state(PL_VISIT_RECORDING); /* the same of a mat that has one */
	t = &v->trials[1];
	c.counts = false;
	later(v, 61);
	pl_visit_ended(v, &c, 6100, 0, "stopped", "");
	assert_true(t->force_n == 12345 && t->empty_n == 45 && t->ratio > 17);
	assert_true(isnan(t->force_counts) && isnan(t->empty_counts));
	assert_int_equal(t->flags, PL_TRIAL_WEIGHT | PL_TRIAL_DRIFT);
	pl_visit_free(v);
}

static void what_is_wrong_with_a_trial(void **state)
{
	const unsigned flags[6] = {PL_TRIAL_PARTIAL, PL_TRIAL_SATURATED, PL_TRIAL_GAP,
				   PL_TRIAL_GAP,     PL_TRIAL_FEET,	 PL_TRIAL_SHORT};

	(void)state;
	for (int i = 0; i < 6; i++) {
		struct pl_visit *v = in_state(PL_VISIT_RECORDING);
		struct pl_contact c = standing(v, WEIGHT_N);

		c.edge = i == 0;
		c.saturated = i == 1;
		c.holes = i == 2;
		c.feet[2] -= i == 4 ? 601 : 600; /* 10 % may show another number */
		later(v, i == 5 ? 59 : 61);
		pl_visit_ended(v, &c, 6000, i == 3 ? 4 : 0, "stopped", "");
		assert_int_equal(v->state, PL_VISIT_REVIEW);
		assert_int_equal(v->trials[1].flags, flags[i]);
		assert_int_equal(v->trials[1].proposed, PL_VERDICT_REJECTED);
		pl_visit_free(v);
	}
}

/* One pass: contact from..to seconds after the trial was begun. */
static void pass(struct pl_visit *v, double from, double to, enum pl_side side, double empty_n)
{
	struct pl_contact c = {.contact_n = 50, .frames = 100, .empty_sum_n = 100 * empty_n};
	int64_t t0;

	assert_int_equal(pl_visit_trial(v, &plain, NULL), 0);
	assert_int_equal(pl_visit_take_actions(v), PL_ACT_START);
	pl_visit_started(v, v->n_trials, "/a/trial-001.h5");
	t0 = v->now_ns;
	later(v, from);
	pl_visit_seen(v, &c, true);
	assert_int_equal(v->state, PL_VISIT_WAITING);
	c.first_on_ns = t0 + (int64_t)(from * 1e9);
	c.on = true;
	c.last_ns = c.first_on_ns;
	pl_visit_seen(v, &c, true);
	assert_int_equal(v->state, PL_VISIT_RECORDING);
	c.on = false;
	c.loaded = 50;
	c.frames = 150;
	c.loaded_sum_n = 50 * 700;
	c.strikes[side] = 1;
	c.off_ns = t0 + (int64_t)(to * 1e9);
	later(v, to - from + 0.9);
	c.last_ns = v->now_ns;
	pl_visit_seen(v, &c, true);
	assert_int_equal(v->state, PL_VISIT_RECORDING); /* not away for a second yet */
	later(v, 0.2);
	c.last_ns = v->now_ns;
	pl_visit_seen(v, &c, true);
	assert_int_equal(v->state, PL_VISIT_ENDING);
	assert_int_equal(pl_visit_take_actions(v), PL_ACT_STOP);
	pl_visit_ended(v, &c, 150, 0, "stopped", "");
	assert_int_equal(v->state, PL_VISIT_REVIEW);
}

static void quota_per_foot(void **state)
{
	struct pl_visit *v = visit(&walk);

	(void)state;
	assert_int_equal(pl_visit_red_flags(v, 0, NULL), 0);
	for (int i = 0; i < 4; i++) { /* a fourth of the left does not help the right */
		pass(v, 2, 2.7, PL_SIDE_LEFT, 1);
		assert_true(fabs(v->trials[i].seconds - 0.7) < 1e-6);
		assert_true(fabs(v->trials[i].contact_s - 2) < 1e-6);
		pl_visit_accept(v, PL_SIDE_UNKNOWN, NAN, NULL);
	}
	pass(v, 2, 2.7, PL_SIDE_RIGHT, 1);
	pl_visit_reject(v, "aimed at the mat", NULL);
	pass(v, 2, 2.7, PL_SIDE_RIGHT, 1);
	pl_visit_accept(v, PL_SIDE_UNKNOWN, NAN, NULL);
	pass(v, 2, 2.7, PL_SIDE_UNKNOWN, 1); /* the operator saw whose it was */
	pl_visit_accept(v, PL_SIDE_RIGHT, NAN, NULL);
	assert_int_equal(v->state, PL_VISIT_READY);
	pass(v, 2, 2.7, PL_SIDE_RIGHT, 1);
	pl_visit_accept(v, PL_SIDE_UNKNOWN, NAN, NULL);
	assert_int_equal(v->state, PL_VISIT_DONE);
	assert_int_equal(v->plan[0].accepted, 7);
	assert_int_equal(v->plan[0].rejected, 1);
	assert_int_equal(v->plan[0].strikes[PL_SIDE_LEFT], 4);
	assert_int_equal(v->plan[0].strikes[PL_SIDE_RIGHT], 3);
	pl_visit_free(v);
}

static void drift_nobody_and_too_long(void **state)
{
	struct pl_visit *v = visit(&walk);
	struct pl_contact c = {.contact_n = 50};

	(void)state;
	pl_visit_red_flags(v, 0, NULL);
	pass(v, 1, 2, PL_SIDE_LEFT, -25);
	assert_int_equal(v->trials[0].flags, PL_TRIAL_DRIFT);
	pl_visit_reject(v, "drift", NULL);
	pl_visit_trial(v, &plain, NULL);
	pl_visit_started(v, 2, "/a/trial-002.h5");
	later(v, 60);
	assert_int_equal(v->state, PL_VISIT_ENDING);
	pl_visit_ended(v, &c, 0, 0, "stopped", "");
	assert_int_equal(v->trials[1].flags, PL_TRIAL_NO_CONTACT);
	pl_visit_reject(v, "not there", NULL);
	pl_visit_take_actions(v);
	pl_visit_trial(v, &plain, NULL);
	pl_visit_started(v, 3, "/a/trial-003.h5");
	c.first_on_ns = v->now_ns;
	c.on = true;
	pl_visit_seen(v, &c, true);
	later(v, 20.2);
	assert_int_equal(v->trials[2].flags, PL_TRIAL_LONG);
	pl_visit_free(v);
}

static void unplugged(void **state)
{
	const enum pl_visit_state when[] = {PL_VISIT_WAITING, PL_VISIT_RECORDING};

	(void)state;
	for (int i = 0; i < 2; i++) {
		struct pl_visit *v = in_state(when[i]);
		struct pl_contact c = {.contact_n = 50, .last_ns = v->now_ns};

		later(v, 3);
		pl_visit_seen(v, &c, false);
		assert_int_equal(v->state, PL_VISIT_ENDING);
		assert_int_equal(pl_visit_take_actions(v), PL_ACT_STOP);
		pl_visit_ended(v, &c, 300, 0, "stopped", "");
		assert_int_equal(v->state, PL_VISIT_REVIEW);
		assert_true(pl_visit_current(v)->flags & PL_TRIAL_GAP);
		assert_int_equal(pl_visit_current(v)->proposed, PL_VERDICT_REJECTED);
		assert_string_equal(pl_visit_current(v)->end, "unplugged");
		pl_visit_free(v);
	}
}

/* The recorder ends a trial by itself: the trial says why, not that somebody stopped it. */
static void disk_is_full(void **state)
{
	struct pl_visit *v = in_state(PL_VISIT_RECORDING);
	struct pl_contact c = {.contact_n = 50, .last_ns = v->now_ns};

	(void)state;
	pl_visit_seen(v, &c, true);
	pl_visit_ended(v, &c, 100, 0, "disk reserve", "");
	assert_int_equal(v->state, PL_VISIT_REVIEW);
	assert_string_equal(pl_visit_current(v)->end, "disk reserve");
	assert_true(pl_visit_current(v)->flags & PL_TRIAL_SHORT);
	pl_visit_free(v);
}

static void waits_and_later_steps(void **state)
{
	struct pl_visit *v;

	(void)state;
	pl_protocol_step_init(&protocol.steps[0], PL_STEP_WAIT);
	protocol.steps[0].seconds = 600;
	protocol.steps[1].trials = 1;
	protocol.steps[2] = protocol.steps[1];
	protocol.steps[2].after_s = 1800;
	protocol.n_steps = 3;
	v = visit(&protocol);
	assert_int_equal(v->state, PL_VISIT_REST);
	later(v, 600);
	assert_int_equal(v->state, PL_VISIT_READY);
	assert_false(v->plan[0].skipped);
	to_review(v, WEIGHT_N);
	later(v, 100);
	pl_visit_accept(v, PL_SIDE_UNKNOWN, NAN, NULL);
	assert_int_equal(v->at, 2);
	later(v, 1699); /* since the trial's end: 1799 s */
	assert_int_equal(v->state, PL_VISIT_REST);
	later(v, 1.1);
	assert_int_equal(v->state, PL_VISIT_READY);
	pl_visit_free(v);
	v = visit(&protocol);
	pl_visit_next(v, NULL);
	assert_true(v->plan[0].skipped);
	assert_int_equal(v->state, PL_VISIT_READY);
	pl_visit_free(v);
}

static void what_may_be_asked_of_a_trial(void **state)
{
	struct pl_visit *v = in_state(PL_VISIT_READY);
	struct pl_visit_ask ask = plain;
	struct pl_error err = {0};

	(void)state;
	ask.seconds = 59;
	assert_int_equal(pl_visit_trial(v, &ask, &err), -1);
	assert_int_equal(err.code, PL_EUSAGE);
	ask.seconds = 91;
	assert_int_equal(pl_visit_trial(v, &ask, &err), -1);
	ask.seconds = 90;
	strcpy(ask.approach, "two-step");
	assert_int_equal(pl_visit_trial(v, &ask, &err), -1);
	protocol.steps[1].n_approaches = 2;
	strcpy(protocol.steps[1].approaches[0], "one-step");
	strcpy(protocol.steps[1].approaches[1], "two-step");
	assert_int_equal(pl_visit_trial(v, &plain, &err), -1);
	assert_non_null(strstr(err.message, "one-step, two-step"));
	assert_int_equal(pl_visit_trial(v, &ask, &err), 0);
	pl_visit_free(v);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup(f, set_up)
	const struct CMUnitTest tests[] = {
		TEST(a_whole_visit),
		TEST(body_weight),
		TEST(counts_are_no_newtons),
		TEST(what_is_wrong_with_a_trial),
		TEST(quota_per_foot),
		TEST(drift_nobody_and_too_long),
		TEST(unplugged),
		TEST(disk_is_full),
		TEST(waits_and_later_steps),
		TEST(what_may_be_asked_of_a_trial),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
