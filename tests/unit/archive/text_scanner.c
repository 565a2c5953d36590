/* SPDX-License-Identifier: Apache-2.0 */
/* The scanner under the importers: what a number is, where it ends, and which double it is. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/archive/import_text.h"

static void numbers_are_the_nearest_double(void **state)
{
	static const char *const texts[] = {
		"0",
		"0.00",
		"35.00",
		"1514.73",
		"0.1",
		"0.3",
		"5.08",
		"123456789.123456",
		"9007199254740993",
		"1e3",
		"2.5E-3",
		"1e-320",
		"179769313486231570000000000000000000000000000000000000",
		"0.1000000000000000055511151231257827",
		"00012.50",
		"3.141592653589793238462643383279502884197169399375105820974944",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		double wanted = strtod(texts[i], NULL);
		struct pl_number n;
		struct pl_text t;

		pl_text_init(&t, texts[i], strlen(texts[i]), NULL);
		assert_true(pl_text_line(&t));
		assert_true(pl_text_number(&t, &n));
		assert_memory_equal(&n.value, &wanted, sizeof(wanted));
		assert_ptr_equal(t.at, t.stop);
	}
}

static void no_numbers_are_refused(void **state)
{
	static const char *const texts[] = {
		"",    "-1",
		"+1",  ".5",
		"x",   "nan",
		"inf", " 1",
		"B",   "1111111111222222222233333333334444444444555555555566666666667777777",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct pl_number n;
		struct pl_text t;

		pl_text_init(&t, texts[i], strlen(texts[i]), NULL);
		pl_text_line(&t);
		assert_false(pl_text_number(&t, &n));
		assert_ptr_equal(t.at, t.start);
	}
}

static void a_number_ends_where_it_ends(void **state)
{
	static const struct {
		const char *text;
		size_t length;
		double value;
		unsigned decimals;
	} cases[] = {{"12.x", 2, 12, 0}, {"0x10", 1, 0, 0},	  {"1e", 1, 1, 0},
		     {"1e+", 1, 1, 0},	 {"7.25\t8", 4, 7.25, 2}, {"3,5", 1, 3, 0}};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct pl_number n;
		struct pl_text t;

		pl_text_init(&t, cases[i].text, strlen(cases[i].text), NULL);
		pl_text_line(&t);
		assert_true(pl_text_number(&t, &n));
		assert_int_equal(t.at - t.start, cases[i].length);
		assert_true(n.value == cases[i].value);
		assert_int_equal(n.decimals, cases[i].decimals);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_are_the_nearest_double),
		cmocka_unit_test(no_numbers_are_refused),
		cmocka_unit_test(a_number_ends_where_it_ends),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
