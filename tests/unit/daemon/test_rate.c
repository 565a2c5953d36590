/* SPDX-License-Identifier: Apache-2.0 */
/* The rate of each client alone: a burst, then what time gives back; a table that stays small. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "daemon/rate.h"

#define S INT64_C(1000000000)

static unsigned take(struct pl_rate *r, const char *who, int64_t now_ns, unsigned times)
{
	unsigned n = 0;

	for (unsigned i = 0; i < times; i++)
		n += pl_rate_take(pl_rate_client(r, who, now_ns));
	return n;
}

static void burst_and_rate(void **state)
{
	struct pl_rate r;

	(void)state;
	pl_rate_init(&r, 10, 20);
	assert_int_equal(take(&r, "a", 0, 100), 20);
	assert_int_equal(take(&r, "b", 0, 100), 20); /* others are not touched */
	assert_int_equal(take(&r, "a", S / 2, 100), 5);
	assert_int_equal(take(&r, "a", 100 * S, 100), 20); /* no more than a burst is saved */
	assert_int_equal(pl_rate_client(&r, "a", 100 * S)->refused, 80 + 95 + 80);
}

static void small_table(void **state)
{
	struct pl_rate r;
	char who[16];

	(void)state;
	pl_rate_init(&r, 1, 2);
	assert_int_equal(take(&r, "loud", 0, 10), 2);
	for (int i = 0; i < PL_RATE_CLIENTS - 1; i++) {
		snprintf(who, sizeof(who), "c%d", i);
		assert_int_equal(take(&r, who, 1 + i, 1), 1);
	}
	take(&r, "loud", 1000, 1);			/* heard of last */
	assert_int_equal(take(&r, "new", 2000, 3), 2);	/* takes the place of c0 */
	assert_int_equal(take(&r, "loud", 3000, 1), 0); /* still counted */
	assert_int_equal(take(&r, "c1", 4000, 2), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(burst_and_rate),
		cmocka_unit_test(small_table),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
