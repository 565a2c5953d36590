/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every state against everything that can happen: which is allowed, and where it leads. A visit is
 * brought into each state by the way a real one takes; time is a number.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <plantar/visit.h>

#define S INT64_C(1000000000)
#define MASS_KG 70.0
#define WEIGHT_N (70.0 * 9.80665)

static struct pl_protocol protocol; /* tare, then a stance of two trials and a rest */
static struct pl_protocol walk;	    /* by contact, three strikes a foot, red flags first */
static const struct pl_visit_ask plain = {.seconds = NAN, .speed_kmh = NAN};

static void name(struct pl_protocol_step *s, const char *id)
{
	snprintf(s->id, sizeof(s->id), "%s", id);
	snprintf(s->title, sizeof(s->title), "%s", id);
}

static int set_up(void **state)
{
	(void)state;
	protocol = (struct pl_protocol){.version = 2,
					.n_conditions = 1,
					.conditions = {"barefoot"},
					.subject = true,
					.pain_stop_at = 7,
					.pain_stop_rise = 3,
					.n_steps = 2};
	strcpy(protocol.id, "stand");
	pl_protocol_step_init(&protocol.steps[0], PL_STEP_TARE);
	protocol.steps[0].once = true;
	name(&protocol.steps[0], "zero");
	pl_protocol_step_init(&protocol.steps[1], PL_STEP_RECORD);
	protocol.steps[1].trials = 2;
	protocol.steps[1].seconds = protocol.steps[1].seconds_min = 60;
	protocol.steps[1].seconds_max = 90;
	protocol.steps[1].rest_s = 30;
	protocol.steps[1].feet = 2;
	protocol.steps[1].checks |= PL_TRIAL_FEET | PL_TRIAL_WEIGHT | PL_TRIAL_PARTIAL;
	name(&protocol.steps[1], "quiet");

	walk = (struct pl_protocol){.version = 1,
				    .n_conditions = 1,
				    .conditions = {"barefoot"},
				    .dynamic = true,
				    .pain_stop_at = NAN,
				    .pain_stop_rise = NAN,
				    .n_steps = 1};
	strcpy(walk.id, "walk");
	pl_protocol_step_init(&walk.steps[0], PL_STEP_RECORD);
	walk.steps[0].trials = 0;
	walk.steps[0].strikes_per_foot = 3;
	walk.steps[0].start = PL_START_CONTACT;
	walk.steps[0].end = PL_END_OFF;
	walk.steps[0].seconds = 20;
	walk.steps[0].checks |= PL_TRIAL_PARTIAL | PL_TRIAL_DRIFT | PL_TRIAL_LONG;
	name(&walk.steps[0], "pass");
	return 0;
}

static struct pl_visit *visit(const struct pl_protocol *p)
{
	struct pl_visit_setup s = {.body_mass_kg = MASS_KG,
				   .subject = "P-1",
				   .mat = "m",
				   .n_conditions = 1,
				   .conditions = {"barefoot"}};
	struct pl_visit *v = pl_visit_new(NULL);

	assert_non_null(v);
	pl_visit_tick(v, 100 * S, 1000 * S);
	if (p)
		assert_int_equal(pl_visit_begin(v, p, &s, NULL), 0);
	return v;
}

static void later(struct pl_visit *v, double seconds)
{
	pl_visit_tick(v, v->now_ns + (int64_t)(seconds * 1e9),
		      v->now_utc_ns + (int64_t)(seconds * 1e9));
}

/* Somebody who stands there with both feet, as the engine would have seen it. */
static struct pl_contact standing(const struct pl_visit *v, double force_n)
{
	return (struct pl_contact){.contact_n = 50,
				   .frames = 6000,
				   .loaded = 6000,
				   .feet = {0, 0, 6000, 0},
				   .loaded_sum_n = 6000 * force_n,
				   .on = true,
				   .first_on_ns = v->record_began_ns + 1,
				   .last_ns = v->now_ns};
}

static void past_tare(struct pl_visit *v)
{
	assert_int_equal(pl_visit_trial(v, &plain, NULL), 0);
	assert_int_equal(pl_visit_take_actions(v), PL_ACT_TARE);
	pl_visit_measured(v, 3, "");
	assert_int_equal(pl_visit_current(v)->proposed, PL_VERDICT_ACCEPTED);
	assert_int_equal(pl_visit_accept(v, PL_SIDE_UNKNOWN, NAN, NULL), 0);
}

static void to_recording(struct pl_visit *v)
{
	assert_int_equal(pl_visit_trial(v, &plain, NULL), 0);
	later(v, 5);
	assert_int_equal(pl_visit_take_actions(v), PL_ACT_START);
	pl_visit_started(v, 1, "/a/trial-001.h5");
}

static void to_review(struct pl_visit *v, double force_n)
{
	struct pl_contact c;

	to_recording(v);
	later(v, 60.2);
	assert_int_equal(v->state, PL_VISIT_ENDING);
	assert_int_equal(pl_visit_take_actions(v), PL_ACT_STOP);
	c = standing(v, force_n);
	pl_visit_ended(v, &c, 6000, 0, "");
}

/* A visit in each state. */
static struct pl_visit *in_state(enum pl_visit_state state)
{
	bool walks = state == PL_VISIT_RED_FLAGS || state == PL_VISIT_WAITING;
	struct pl_visit *v = visit(state == PL_VISIT_IDLE ? NULL : walks ? &walk : &protocol);

	if (state == PL_VISIT_WAITING) {
		assert_int_equal(pl_visit_red_flags(v, 0, NULL), 0);
		assert_int_equal(pl_visit_trial(v, &plain, NULL), 0);
		assert_int_equal(pl_visit_take_actions(v), PL_ACT_START);
		pl_visit_started(v, 1, "/a/trial-001.h5");
	}
	if (state == PL_VISIT_MEASURING) {
		pl_visit_trial(v, &plain, NULL);
		pl_visit_take_actions(v);
	}
	if (state == PL_VISIT_ABORTED)
		pl_visit_abort(v, "", NULL);
	if (state == PL_VISIT_IDLE || walks || state == PL_VISIT_MEASURING ||
	    state == PL_VISIT_ABORTED)
		return v;
	past_tare(v);
	if (state == PL_VISIT_COUNTDOWN || state == PL_VISIT_STARTING)
		assert_int_equal(pl_visit_trial(v, &plain, NULL), 0);
	if (state == PL_VISIT_STARTING) {
		later(v, 5);
		pl_visit_take_actions(v);
	}
	if (state == PL_VISIT_RECORDING || state == PL_VISIT_ENDING)
		to_recording(v);
	if (state == PL_VISIT_ENDING) {
		later(v, 61);
		pl_visit_take_actions(v);
	}
	if (state == PL_VISIT_REVIEW || state == PL_VISIT_REST)
		to_review(v, WEIGHT_N);
	if (state == PL_VISIT_REST)
		pl_visit_accept(v, PL_SIDE_UNKNOWN, NAN, NULL);
	if (state == PL_VISIT_DONE)
		pl_visit_next(v, NULL);
	return v;
}

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
			pl_visit_ended(v, &c, 0, 0, "");
			pl_visit_seen(v, &c, false);
		}
		if (s != PL_VISIT_MEASURING)
			pl_visit_measured(v, 5, "");
		assert_int_equal(v->state, s);
		assert_int_equal(pl_visit_take_actions(v), 0);
		pl_visit_free(v);
	}
}

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
		pl_visit_ended(v, &c, 6000, i == 3 ? 4 : 0, "");
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
	pl_visit_ended(v, &c, 150, 0, "");
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
	pl_visit_ended(v, &c, 0, 0, "");
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
		pl_visit_ended(v, &c, 300, 0, "");
		assert_int_equal(v->state, PL_VISIT_REVIEW);
		assert_true(pl_visit_current(v)->flags & PL_TRIAL_GAP);
		assert_int_equal(pl_visit_current(v)->proposed, PL_VERDICT_REJECTED);
		assert_string_equal(pl_visit_current(v)->end, "unplugged");
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
	pl_visit_ended(v, &c, 2, 0, "");
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
		TEST(a_whole_visit),
		TEST(body_weight),
		TEST(what_is_wrong_with_a_trial),
		TEST(quota_per_foot),
		TEST(drift_nobody_and_too_long),
		TEST(unplugged),
		TEST(pain_stops),
		TEST(pain_must_be_asked),
		TEST(red_flags_lock),
		TEST(aborted_while_the_recorder_begins),
		TEST(recorder_refuses),
		TEST(waits_and_later_steps),
		TEST(what_may_be_asked_of_a_trial),
		TEST(what_begin_needs),
		TEST(conditions_in_order),
		TEST(the_document),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
