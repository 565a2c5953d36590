/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Two protocols, and a visit brought into each state by the way a real one takes; time is a number.
 */
#ifndef TESTS_VISIT_TEST_H
#define TESTS_VISIT_TEST_H

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

static inline void name(struct pl_protocol_step *s, const char *id)
{
	snprintf(s->id, sizeof(s->id), "%s", id);
	snprintf(s->title, sizeof(s->title), "%s", id);
}

static inline int set_up(void **state)
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

static inline struct pl_visit *visit(const struct pl_protocol *p)
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

static inline void later(struct pl_visit *v, double seconds)
{
	pl_visit_tick(v, v->now_ns + (int64_t)(seconds * 1e9),
		      v->now_utc_ns + (int64_t)(seconds * 1e9));
}

/* Somebody who stands there with both feet, as the engine would have seen it. */
static inline struct pl_contact standing(const struct pl_visit *v, double force_n)
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

static inline void past_tare(struct pl_visit *v)
{
	assert_int_equal(pl_visit_trial(v, &plain, NULL), 0);
	assert_int_equal(pl_visit_take_actions(v), PL_ACT_TARE);
	pl_visit_measured(v, 3, "");
	assert_int_equal(pl_visit_current(v)->proposed, PL_VERDICT_ACCEPTED);
	assert_int_equal(pl_visit_accept(v, PL_SIDE_UNKNOWN, NAN, NULL), 0);
}

static inline void to_recording(struct pl_visit *v)
{
	assert_int_equal(pl_visit_trial(v, &plain, NULL), 0);
	later(v, 5);
	assert_int_equal(pl_visit_take_actions(v), PL_ACT_START);
	pl_visit_started(v, 1, "/a/trial-001.h5");
}

static inline void to_review(struct pl_visit *v, double force_n)
{
	struct pl_contact c;

	to_recording(v);
	later(v, 60.2);
	assert_int_equal(v->state, PL_VISIT_ENDING);
	assert_int_equal(pl_visit_take_actions(v), PL_ACT_STOP);
	c = standing(v, force_n);
	pl_visit_ended(v, &c, 6000, 0, "stopped", "");
}

/* A visit in each state. */
static inline struct pl_visit *in_state(enum pl_visit_state state)
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

#endif
