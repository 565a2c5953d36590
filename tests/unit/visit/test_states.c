/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every state against everything that can happen: which is allowed, and where it leads; and what
 * ends a visit or keeps it from beginning.
 */
#include "visit_test.h"

enum { RED, OVERRIDE, TRIAL, ACCEPT, REJECT, PAIN, NEXT, ABORT, BEGIN, INPUTS };

static int put(struct pl_visit *v, int input, struct pl_error *err)
{
	struct pl_visit_setup s = {.subject = "P-2", .body_mass_kg = 60, .n_conditions = 1};

	switch (input) {
	case RED:
		return pl_visit_red_flags(v, 0, err);
	case OVERRIDE:
		return pl_visit_override(v, "N. N.", "seen by her doctor", err);
	case TRIAL:
		return pl_visit_trial(v, &plain, err);
	case ACCEPT:
		return pl_visit_accept(v, PL_SIDE_UNKNOWN, NAN, err);
	case REJECT:
		return pl_visit_reject(v, "talked", err);
	case PAIN:
		return pl_visit_pain(v, 2, err);
	case NEXT:
		return pl_visit_next(v, err);
	case ABORT:
		return pl_visit_abort(v, "had enough", err);
	default:
		return pl_visit_begin(v, &protocol, &s, err);
	}
}

#define NO (-1)
#define NOW(state) PL_VISIT_##state

/* Where each input leads from each state; NO: refused, and nothing has changed. */
static const int table[PL_VISIT_STATES][INPUTS] = {
	/* red-flags, override, trial, accept, reject, pain, next, abort, begin */
	[PL_VISIT_IDLE] = {NO, NO, NO, NO, NO, NO, NO, NO, NOW(READY)},
	[PL_VISIT_RED_FLAGS] = {NOW(READY), NO, NO, NO, NO, NOW(RED_FLAGS), NO, NOW(ABORTED), NO},
	[PL_VISIT_READY] = {NOW(READY), NO, NOW(COUNTDOWN), NO, NO, NOW(READY), NOW(DONE),
			    NOW(ABORTED), NO},
	[PL_VISIT_COUNTDOWN] = {NO, NO, NO, NO, NO, NOW(COUNTDOWN), NO, NOW(ABORTED), NO},
	[PL_VISIT_STARTING] = {NO, NO, NO, NO, NO, NOW(STARTING), NO, NOW(ABORTED), NO},
	[PL_VISIT_WAITING] = {NO, NO, NO, NO, NO, NOW(WAITING), NO, NOW(ABORTED), NO},
	[PL_VISIT_RECORDING] = {NO, NO, NO, NO, NO, NOW(RECORDING), NO, NOW(ABORTED), NO},
	[PL_VISIT_ENDING] = {NO, NO, NO, NO, NO, NOW(ENDING), NO, NOW(ABORTED), NO},
	[PL_VISIT_MEASURING] = {NO, NO, NO, NO, NO, NOW(MEASURING), NO, NOW(ABORTED), NO},
	[PL_VISIT_REVIEW] = {NO, NO, NO, NOW(REST), NOW(REST), NOW(REVIEW), NO, NOW(ABORTED), NO},
	[PL_VISIT_REST] = {NOW(REST), NO, NO, NO, NO, NOW(REST), NOW(READY), NOW(ABORTED), NO},
	[PL_VISIT_DONE] = {NO, NO, NO, NO, NO, NO, NO, NO, NOW(READY)},
	[PL_VISIT_ABORTED] = {NO, NO, NO, NO, NO, NO, NO, NO, NOW(READY)},
};

static void every_state_and_every_input(void **state)
{
	(void)state;
	for (int s = 0; s < PL_VISIT_STATES; s++)
		for (int input = 0; input < INPUTS; input++) {
			struct pl_visit *v = in_state((enum pl_visit_state)s);
			struct pl_error err = {0};
			uint64_t changes = v->changes;
			int r;

			assert_int_equal(v->state, s);
			r = put(v, input, &err);
			if ((r == 0) != (table[s][input] != NO))
				fail_msg("input %d in %s: %d %s", input,
					 pl_visit_state_name((enum pl_visit_state)s), r,
					 err.message);
			assert_int_equal(v->state, r ? s : table[s][input]);
			if (r) {
				assert_int_equal(v->changes, changes);
				assert_true(err.code == PL_ESTATE && *err.message);
			} else {
				assert_true(v->changes > changes);
			}
			pl_visit_free(v);
		}
}

static void nothing_of_the_world_moves_a_visit_that_does_not_wait_for_it(void **state)
{
	struct pl_contact c = {.contact_n = 50};

	(void)state;
	for (int s = 0; s < PL_VISIT_STATES; s++) {
		struct pl_visit *v = in_state((enum pl_visit_state)s);
		bool runs = s == PL_VISIT_STARTING || s == PL_VISIT_WAITING ||
			    s == PL_VISIT_RECORDING || s == PL_VISIT_ENDING;

		if (!runs) {
			pl_visit_started(v, 9, "/x");
			pl_visit_not_started(v, "no");
			pl_visit_ended(v, &c, 0, 0, "stopped", "");
			pl_visit_seen(v, &c, false);
		}
		if (s != PL_VISIT_MEASURING)
			pl_visit_measured(v, 5, "");
		assert_int_equal(v->state, s);
		assert_int_equal(pl_visit_take_actions(v), 0);
		pl_visit_free(v);
	}
}

static void pain_stops(void **state)
{
	struct pl_visit *v = in_state(PL_VISIT_READY);

	(void)state;
	assert_int_equal(pl_visit_pain(v, 11, NULL), -1);
	assert_int_equal(pl_visit_pain(v, NAN, NULL), -1);
	pl_visit_pain(v, 3, NULL);
	pl_visit_pain(v, 5.5, NULL);
	assert_int_equal(v->state, PL_VISIT_READY);
	pl_visit_pain(v, 6, NULL); /* 3 more than at first */
	assert_int_equal(v->state, PL_VISIT_ABORTED);
	assert_non_null(strstr(v->why, "rose from 3 to 6"));
	pl_visit_free(v);

	v = in_state(PL_VISIT_RECORDING);
	pl_visit_pain(v, 7, NULL);
	assert_int_equal(v->state, PL_VISIT_ABORTED);
	assert_int_equal(pl_visit_take_actions(v), PL_ACT_STOP);
	assert_int_equal(v->trials[1].verdict, PL_VERDICT_REJECTED);
	pl_visit_free(v);

	v = in_state(PL_VISIT_REVIEW); /* a whole trial is not thrown away */
	assert_int_equal(pl_visit_accept(v, PL_SIDE_UNKNOWN, 8, NULL), 0);
	assert_int_equal(v->state, PL_VISIT_ABORTED);
	assert_int_equal(v->trials[1].verdict, PL_VERDICT_ACCEPTED);
	assert_true(v->trials[1].pain == 8);
	pl_visit_free(v);
}

static void pain_must_be_asked(void **state)
{
	struct pl_visit *v = in_state(PL_VISIT_REVIEW);

	(void)state;
	protocol.pain_ask = true;
	assert_int_equal(pl_visit_accept(v, PL_SIDE_UNKNOWN, NAN, NULL), -1);
	assert_int_equal(pl_visit_accept(v, PL_SIDE_UNKNOWN, 0, NULL), 0);
	pl_visit_free(v);
}

static void red_flags_lock(void **state)
{
	struct pl_visit *v = visit(&walk);
	const unsigned night = 1u << PL_RED_NIGHT_PAIN, calf = 1u << PL_RED_CALF;

	(void)state;
	assert_int_equal(pl_visit_override(v, "A", "b", NULL), -1); /* not answered yet */
	pl_visit_red_flags(v, night, NULL);
	assert_int_equal(v->state, PL_VISIT_RED_FLAGS);
	assert_true(pl_visit_locked(v));
	pl_visit_red_flags(v, 0, NULL); /* thinking better of it opens nothing */
	assert_int_equal(v->state, PL_VISIT_RED_FLAGS);
	assert_int_equal(pl_visit_trial(v, &plain, NULL), -1);
	assert_int_equal(pl_visit_override(v, " ", "b", NULL), -1);
	assert_int_equal(pl_visit_override(v, "A", "", NULL), -1);
	assert_int_equal(pl_visit_override(v, "Dr. A", "known, stable", NULL), 0);
	assert_int_equal(v->state, PL_VISIT_READY);
	assert_string_equal(v->override_name, "Dr. A");
	pl_visit_red_flags(v, calf, NULL); /* a new one locks again */
	assert_int_equal(v->state, PL_VISIT_RED_FLAGS);
	assert_int_equal(v->red_ticked, night | calf);
	pl_visit_free(v);
	v = in_state(PL_VISIT_READY); /* nothing that is not dynamic is locked */
	pl_visit_red_flags(v, night, NULL);
	assert_int_equal(v->state, PL_VISIT_READY);
	assert_false(pl_visit_locked(v));
	pl_visit_free(v);
}

static void aborted_while_the_recorder_begins(void **state)
{
	struct pl_visit *v = in_state(PL_VISIT_STARTING);
	struct pl_visit_setup s = {.subject = "P-2", .body_mass_kg = 60, .n_conditions = 1};
	struct pl_contact c = {.contact_n = 50};

	(void)state;
	pl_visit_abort(v, "fire alarm", NULL);
	assert_int_equal(pl_visit_take_actions(v), 0); /* nothing to stop yet */
	assert_int_equal(pl_visit_begin(v, &protocol, &s, NULL), -1);
	pl_visit_started(v, 1, "/a/trial-001.h5");
	assert_int_equal(pl_visit_take_actions(v), PL_ACT_STOP);
	pl_visit_ended(v, &c, 2, 0, "stopped", "");
	assert_int_equal(v->state, PL_VISIT_ABORTED);
	assert_string_equal(v->trials[1].reason, "aborted: fire alarm");
	assert_int_equal(v->trials[1].frames, 2);
	assert_int_equal(pl_visit_begin(v, &protocol, &s, NULL), 0);
	pl_visit_free(v);
}

static void recorder_refuses(void **state)
{
	struct pl_visit *v = in_state(PL_VISIT_STARTING);

	(void)state;
	pl_visit_not_started(v, "the disk is full");
	assert_int_equal(v->state, PL_VISIT_READY);
	assert_string_equal(v->why, "the disk is full");
	assert_int_equal(v->trials[1].verdict, PL_VERDICT_REJECTED);
	assert_int_equal(v->trials[1].flags, PL_TRIAL_FAILED);
	pl_visit_free(v);
	v = in_state(PL_VISIT_MEASURING);
	pl_visit_measured(v, NAN, "no frames came");
	assert_int_equal(v->state, PL_VISIT_REVIEW);
	assert_int_equal(pl_visit_accept(v, PL_SIDE_UNKNOWN, NAN, NULL), -1);
	assert_int_equal(pl_visit_reject(v, "again", NULL), 0);
	pl_visit_free(v);
}

/* Read back from a log that was written before the recorder had begun, or before it was asked to.
 */
static void lost_recordings(void **state)
{
	struct pl_visit *v = in_state(PL_VISIT_STARTING);
	unsigned rejected = v->plan[1].rejected, n = v->n_trials;

	(void)state;
	pl_visit_interrupt(v, "ended");
	pl_visit_lost(v, 5, "/a/trial-005.h5", 7);
	assert_int_equal(v->n_trials, n); /* it is that trial's */
	assert_int_equal(v->trials[n - 1].file, 5);
	assert_string_equal(v->trials[n - 1].path, "/a/trial-005.h5");
	assert_int_equal(v->trials[n - 1].verdict, PL_VERDICT_REJECTED);
	pl_visit_lost(v, 6, "/a/trial-006.h5", 8); /* and another one is another trial */
	assert_int_equal(v->n_trials, n + 1);
	assert_int_equal(v->trials[n].file, 6);
	assert_int_equal(v->trials[n].number, v->trials[n - 1].number + 1);
	assert_int_equal(v->trials[n].verdict, PL_VERDICT_REJECTED);
	assert_string_equal(v->trials[n].end, "interrupted");
	assert_int_equal(v->plan[1].rejected, rejected + 2);
	assert_int_equal(v->state, PL_VISIT_READY);
	pl_visit_free(v);

	v = in_state(PL_VISIT_READY);
	n = v->n_trials;
	pl_visit_lost(v, 9, "/a/trial-009.h5", 7);
	assert_int_equal(v->n_trials, n + (pl_visit_step(v)->kind == PL_STEP_RECORD));
	pl_visit_free(v);
}

static void what_begin_needs(void **state)
{
	struct pl_visit *v = visit(NULL);
	struct pl_visit_setup s = {.body_mass_kg = NAN, .n_conditions = 1, .subject = "P"};
	struct pl_error err = {0};

	(void)state;
	assert_int_equal(pl_visit_begin(v, &protocol, &s, &err), -1); /* weight is checked */
	assert_non_null(strstr(err.message, "body_mass_kg"));
	s.body_mass_kg = 70;
	s.subject[0] = '\0';
	assert_int_equal(pl_visit_begin(v, &protocol, &s, &err), -1);
	assert_non_null(strstr(err.message, "subject"));
	protocol.subject = false;
	assert_int_equal(pl_visit_begin(v, &protocol, &s, &err), 0);
	pl_visit_free(v);
}

static void conditions_in_order(void **state)
{
	struct pl_visit *v = visit(NULL);
	struct pl_visit_setup s = {.body_mass_kg = 70,
				   .subject = "P",
				   .order = PL_ORDER_ABBA,
				   .seed = 7,
				   .n_conditions = 2,
				   .conditions = {"a", "b"}};
	unsigned order[PL_PROTOCOL_ORDER_MAX];

	(void)state;
	assert_int_equal(pl_visit_begin(v, &protocol, &s, NULL), 0);
	pl_protocol_order(PL_ORDER_ABBA, 2, 7, order);
	assert_int_equal(v->n_items, 5); /* the tare once */
	for (int i = 0; i < 4; i++)
		assert_int_equal(v->plan[i + 1].condition, order[i]);
	pl_visit_free(v);
}

static void the_document(void **state)
{
	static char text[100000];
	struct pl_json j;

	(void)state;
	for (int s = 1; s < PL_VISIT_STATES; s++) {
		struct pl_visit *v = in_state((enum pl_visit_state)s);

		pl_json_init(&j, text, sizeof(text));
		pl_json_begin_object(&j, NULL);
		pl_visit_write(v, PL_VISIT_TRIALS_MAX, &j);
		pl_json_end_object(&j);
		assert_true(pl_json_finish(&j) > 0);
		assert_non_null(strstr(text, pl_visit_state_name((enum pl_visit_state)s)));
		pl_visit_free(v);
	}
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup(f, set_up)
	const struct CMUnitTest tests[] = {
		TEST(every_state_and_every_input),
		TEST(nothing_of_the_world_moves_a_visit_that_does_not_wait_for_it),
		TEST(pain_stops),
		TEST(pain_must_be_asked),
		TEST(red_flags_lock),
		TEST(aborted_while_the_recorder_begins),
		TEST(recorder_refuses),
		TEST(lost_recordings),
		TEST(what_begin_needs),
		TEST(conditions_in_order),
		TEST(the_document),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
