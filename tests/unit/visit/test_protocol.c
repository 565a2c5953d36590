/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The order of conditions: the expected values are from an independent splitmix64 and shuffle in
 * Python, see the function beside each.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <plantar/protocol.h>

static void expect(enum pl_order order, unsigned n, uint64_t seed, const unsigned *expected,
		   unsigned length)
{
	unsigned out[PL_PROTOCOL_ORDER_MAX];

	assert_int_equal(pl_protocol_order(order, n, seed, out), length);
	assert_memory_equal(out, expected, length * sizeof(*out));
}

/*
 * M = 2**64 - 1
 * def numbers(s):
 *     while True:
 *         s = (s + 0x9E3779B97F4A7C15) & M; z = s
 *         z = ((z ^ z >> 30) * 0xBF58476D1CE4E5B9) & M
 *         z = ((z ^ z >> 27) * 0x94D049BB133111EB) & M
 *         yield z ^ z >> 31
 * def order(n, seed):
 *     o, g = list(range(n)), numbers(seed)
 *     for i in range(n, 1, -1):
 *         while (x := next(g)) >= M - M % i: pass
 *         o[i - 1], o[x % i] = o[x % i], o[i - 1]
 *     return o
 */
static void orders(void **state)
{
	(void)state;
	expect(PL_ORDER_FIXED, 4, 99, (const unsigned[]){0, 1, 2, 3}, 4);
	expect(PL_ORDER_RANDOM, 5, 1, (const unsigned[]){2, 1, 4, 3, 0}, 5);
	expect(PL_ORDER_RANDOM, 5, 2, (const unsigned[]){1, 3, 4, 2, 0}, 5);
	expect(PL_ORDER_RANDOM, 8, 4294967295, (const unsigned[]){7, 5, 3, 4, 6, 1, 2, 0}, 8);
	expect(PL_ORDER_RANDOM, 1, 3, (const unsigned[]){0}, 1);
	expect(PL_ORDER_ABBA, 2, 0, (const unsigned[]){0, 1, 1, 0}, 4);
	expect(PL_ORDER_ABBA, 2, 7, (const unsigned[]){0, 1, 1, 0}, 4);
	expect(PL_ORDER_ABBA, 3, 42, (const unsigned[]){0, 2, 1, 1, 2, 0}, 6);
}

static void same_seed_same_order_and_all_orders_occur(void **state)
{
	unsigned seen[6] = {0}, a[PL_PROTOCOL_ORDER_MAX], b[PL_PROTOCOL_ORDER_MAX];

	(void)state;
	for (uint64_t seed = 0; seed < 600; seed++) {
		pl_protocol_order(PL_ORDER_RANDOM, 3, seed, a);
		pl_protocol_order(PL_ORDER_RANDOM, 3, seed, b);
		assert_memory_equal(a, b, 3 * sizeof(*a));
		seen[a[0] * 2 + (a[1] > a[2])]++;
	}
	for (int i = 0; i < 6; i++) /* 100 expected, standard deviation 9.1: six of them */
		assert_in_range(seen[i], 45, 155);
}

static void what_a_protocol_needs(void **state)
{
	struct pl_protocol p = {.n_steps = 1};

	(void)state;
	pl_protocol_step_init(&p.steps[0], PL_STEP_RECORD);
	assert_false(pl_protocol_needs_force(&p));
	assert_false(pl_protocol_needs_mass(&p));
	p.steps[0].start = PL_START_CONTACT;
	assert_true(pl_protocol_needs_force(&p));
	p.steps[0].start = PL_START_COUNTDOWN;
	p.steps[0].checks |= PL_TRIAL_WEIGHT;
	assert_true(pl_protocol_needs_force(&p));
	assert_true(pl_protocol_needs_mass(&p));
	pl_protocol_step_init(&p.steps[0], PL_STEP_WEIGH);
	assert_true(pl_protocol_needs_mass(&p));
	pl_protocol_step_init(&p.steps[0], PL_STEP_TARE);
	assert_false(pl_protocol_needs_force(&p));
}

static void names(void **state)
{
	(void)state;
	for (int i = 0; i < 3; i++)
		assert_int_equal(pl_order_parse(pl_order_name((enum pl_order)i)), i);
	assert_int_equal(pl_order_parse("baab"), -1);
	for (unsigned i = 0; i < PL_TRIAL_FLAGS; i++) {
		assert_true(*pl_trial_flag_name(i) && *pl_trial_flag_text(i));
		for (unsigned k = 0; k < i; k++)
			assert_string_not_equal(pl_trial_flag_name(i), pl_trial_flag_name(k));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(orders),
		cmocka_unit_test(same_seed_same_order_and_all_orders_occur),
		cmocka_unit_test(what_a_protocol_needs),
		cmocka_unit_test(names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
