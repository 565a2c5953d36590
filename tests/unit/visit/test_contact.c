/* SPDX-License-Identifier: Apache-2.0 */
/* Frames at 100 Hz with a known story: when contact was, whose strikes, what is flagged. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>

#include <plantar/contact.h>

#define PERIOD_NS INT64_C(10000000)
#define T0 INT64_C(1000000000)

struct story {
	struct pl_contact c;
	int64_t t_ns;
};

static void frames(struct story *s, int n, enum pl_side side, double force_n, uint32_t flags)
{
	for (int i = 0; i < n; i++) {
		struct pl_contact_frame f = {.t_ns = s->t_ns, .flags = flags, .force_n = force_n};

		f.side_n[side] = force_n;
		f.side_n[side == PL_SIDE_LEFT ? PL_SIDE_RIGHT : PL_SIDE_LEFT] = NAN;
		f.feet = force_n > 0;
		pl_contact_push(&s->c, &f);
		s->t_ns += PERIOD_NS;
	}
}

static struct story begin(void)
{
	struct story s = {.t_ns = T0};

	pl_contact_reset(&s.c, 50, false);
	return s;
}

static void expect_strikes(const struct pl_contact *c, unsigned unknown, unsigned left,
			   unsigned right)
{
	unsigned strikes[3];

	pl_contact_strikes(c, strikes);
	assert_int_equal(strikes[PL_SIDE_UNKNOWN], unknown);
	assert_int_equal(strikes[PL_SIDE_LEFT], left);
	assert_int_equal(strikes[PL_SIDE_RIGHT], right);
}

static void one_strike(void **state)
{
	struct story s = begin();

	(void)state;
	frames(&s, 20, PL_SIDE_UNKNOWN, 4, 0);
	assert_int_equal(s.c.first_on_ns, 0);
	assert_true(fabs(pl_contact_empty_n(&s.c) - 4) < 1e-12);
	assert_true(isnan(pl_contact_mean_n(&s.c)));
	frames(&s, 5, PL_SIDE_UNKNOWN, 100, 0); /* the side is not known at once */
	frames(&s, 60, PL_SIDE_LEFT, 700, 0);
	assert_int_equal(s.c.first_on_ns, T0 + 20 * PERIOD_NS);
	assert_true(s.c.on && s.c.off_ns == 0);
	expect_strikes(&s.c, 0, 1, 0);
	frames(&s, 3, PL_SIDE_LEFT, 30, 0); /* above half of 50: still there */
	assert_true(s.c.on);
	frames(&s, 1, PL_SIDE_LEFT, 24, 0);
	assert_false(s.c.on);
	assert_int_equal(s.c.off_ns, T0 + 88 * PERIOD_NS);
	expect_strikes(&s.c, 0, 1, 0);
	/* (5 * 100 + 60 * 700 + 3 * 30) / 68 */
	assert_true(fabs(pl_contact_mean_n(&s.c) - 42590.0 / 68) < 1e-9);
	assert_int_equal(s.c.loaded, 68);
	assert_int_equal(s.c.feet[1], 68);
}

static void strikes_of_both_feet(void **state)
{
	struct story s = begin();

	(void)state;
	for (int i = 0; i < 3; i++) {
		frames(&s, 10, PL_SIDE_LEFT, 800, 0);
		frames(&s, 10, PL_SIDE_UNKNOWN, 0, 0);
		frames(&s, 10, PL_SIDE_RIGHT, 800, 0);
		frames(&s, 10, PL_SIDE_UNKNOWN, 0, 0);
	}
	expect_strikes(&s.c, 0, 3, 3);
	frames(&s, 10, PL_SIDE_UNKNOWN, 800, 0);
	expect_strikes(&s.c, 1, 3, 3);
	frames(&s, 10, PL_SIDE_UNKNOWN, 0, 0);
	expect_strikes(&s.c, 1, 3, 3);
}

static void a_side_of_few_frames_is_a_mistake(void **state)
{
	struct story s = begin();

	(void)state;
	frames(&s, 5, PL_SIDE_LEFT, 800, 0); /* 5 of 55 frames: 9 % of the impulse */
	frames(&s, 50, PL_SIDE_RIGHT, 800, 0);
	expect_strikes(&s.c, 0, 0, 1);
}

static void holes_edges_saturation(void **state)
{
	struct story s = begin();

	(void)state;
	frames(&s, 1, PL_SIDE_LEFT, 800, PL_FLAG_LOST); /* what was before the trial */
	assert_int_equal(s.c.holes, 0);
	frames(&s, 1, PL_SIDE_LEFT, 800, PL_FLAG_LOST);
	assert_int_equal(s.c.holes, 1);
	frames(&s, 1, PL_SIDE_LEFT, 800, PL_FLAG_EPOCH);
	assert_int_equal(s.c.holes, 2);
	frames(&s, 3, PL_SIDE_LEFT, 800, PL_FLAG_EDGE | PL_FLAG_SATURATED);
	frames(&s, 4, PL_SIDE_LEFT, 0, PL_FLAG_EDGE); /* nobody there: a fold in a cable */
	assert_int_equal(s.c.edge, 3);
	assert_int_equal(s.c.saturated, 3);
}

static void undefined_figures_are_nothing(void **state)
{
	struct pl_contact c;
	const struct pl_contact_frame f = {.t_ns = T0, .force_n = NAN, .side_n = {NAN, NAN, NAN}};

	(void)state;
	pl_contact_reset(&c, 50, false);
	pl_contact_push(&c, &f);
	assert_int_equal(c.loaded, 0);
	assert_true(pl_contact_empty_n(&c) == 0);
	expect_strikes(&c, 0, 0, 0);
}

/* Who stands there when the trial is armed has not come: contact is what begins after a clear mat.
 */
static void contact_begins_on_a_clear_mat(void **state)
{
	struct story s = begin();

	(void)state;
	pl_contact_reset(&s.c, 50, true);
	frames(&s, 100, PL_SIDE_LEFT, 700, PL_FLAG_EDGE);
	frames(&s, 3, PL_SIDE_LEFT, 30, 0); /* more than half of contact: not off yet */
	assert_true(s.c.occupied);
	assert_int_equal(s.c.first_on_ns, 0);
	frames(&s, 5, PL_SIDE_LEFT, 0, 0);
	assert_false(s.c.occupied);
	assert_int_equal(s.c.loaded, 0);
	assert_int_equal(s.c.edge, 0);
	frames(&s, 10, PL_SIDE_RIGHT, 700, 0);
	assert_int_equal(s.c.first_on_ns, T0 + 108 * PERIOD_NS);
	expect_strikes(&s.c, 0, 0, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_strike),
		cmocka_unit_test(strikes_of_both_feet),
		cmocka_unit_test(a_side_of_few_frames_is_a_mistake),
		cmocka_unit_test(holes_edges_saturation),
		cmocka_unit_test(contact_begins_on_a_clear_mat),
		cmocka_unit_test(undefined_figures_are_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
