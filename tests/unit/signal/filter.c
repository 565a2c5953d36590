/* SPDX-License-Identifier: Apache-2.0 */
/* The zero-lag low-pass against scipy, against the transfer function on paper, and at its ends. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/signal/filter.h"

/* scipy 1.10: r = (sqrt(2)-1)**.25; f = arctan(tan(pi*fc/fs)/r)*fs/pi;
 * b, a = butter(2, f, fs=fs); filtfilt(b, a, [k**3 % 11 for k in range(24)]) */
static void test_as_scipy(void **state)
{
	static const struct {
		double rate, cutoff, y[6];
	} cases[] = {
		{100,
		 10,
		 {0.00182717217057915, 2.642516719289158, 6.164613250032816, 4.283698960309748,
		  2.827853700637257, 0.9939402519217725}},
		{300,
		 50,
		 {-0.001185453922271207, 2.922800283981652, 6.038811633458288, 3.10128766883356,
		  3.48311380906657, 0.9996610600739839}},
	};
	static const int at[6] = {0, 1, 5, 12, 22, 23};

	(void)state;
	for (int c = 0; c < 2; c++) {
		double x[24];

		for (int k = 0; k < 24; k++)
			x[k] = k * k * k % 11;
		assert_int_equal(pl_filter_zero_lag(x, 24, cases[c].rate, cases[c].cutoff), 0);
		for (int i = 0; i < 6; i++)
			assert_true(fabs(x[at[i]] - cases[c].y[i]) < 1e-12);
	}
}

/* Order 4 in effect: 1 / (1 + (sqrt 2 - 1) (tan(pi f/fs) / tan(pi fc/fs))^4), and no delay. */
static void test_gain_without_delay(void **state)
{
	const double rate = 250, cutoff = 10;
	static double x[5000];

	(void)state;
	for (double hz = 1; hz < 40; hz *= 1.37) {
		double ratio = tan(M_PI * hz / rate) / tan(M_PI * cutoff / rate);
		double gain = 1 / (1 + (M_SQRT2 - 1) * pow(ratio, 4));

		for (int k = 0; k < 5000; k++)
			x[k] = sin(2 * M_PI * hz * k / rate + 0.3);
		assert_int_equal(pl_filter_zero_lag(x, 5000, rate, cutoff), 0);
		for (int k = 1000; k < 4000; k++)
			assert_true(fabs(x[k] - gain * sin(2 * M_PI * hz * k / rate + 0.3)) < 1e-9);
	}
}

static void test_backwards_is_the_same_in_the_middle(void **state)
{
	static double x[600], y[600];

	(void)state;
	srand(3);
	for (int k = 0; k < 600; k++)
		x[k] = y[599 - k] = rand() % 1000;
	pl_filter_zero_lag(x, 600, 100, 10);
	pl_filter_zero_lag(y, 600, 100, 10);
	for (int k = 200; k < 400; k++)
		assert_true(fabs(x[k] - y[599 - k]) < 1e-6);
}

static void test_ends(void **state)
{
	static double x[100];

	(void)state;
	for (size_t n = 0; n <= 100; n++) { /* also shorter than the padding */
		for (size_t k = 0; k < n; k++)
			x[k] = 123.0;
		assert_int_equal(pl_filter_zero_lag(x, n, 100, 10), 0);
		for (size_t k = 0; k < n; k++)
			assert_true(fabs(x[k] - 123.0) < 1e-9);
	}
	for (int k = 0; k < 100; k++) /* a slope goes on beyond its ends */
		x[k] = k;
	assert_int_equal(pl_filter_zero_lag(x, 100, 100, 30), 0);
	for (int k = 0; k < 100; k++)
		assert_true(fabs(x[k] - k) < 1e-2);
}

static void test_refusals_leave_the_curve(void **state)
{
	double x[3] = {1, NAN, 3}, y[3] = {1, 2, 4};

	(void)state;
	assert_int_equal(pl_filter_zero_lag(x, 3, 100, 10), -1);
	assert_true(x[0] == 1 && x[2] == 3);
	assert_int_equal(pl_filter_zero_lag(y, 3, 100, 50), -1);
	assert_int_equal(pl_filter_zero_lag(y, 3, 100, 0), -1);
	assert_int_equal(pl_filter_zero_lag(y, 3, 0, 10), -1);
	assert_int_equal(pl_filter_zero_lag(y, 3, NAN, 10), -1);
	assert_int_equal(pl_filter_zero_lag(y, 3, INFINITY, 10), -1);
	assert_int_equal(pl_filter_zero_lag(y, 3, 100, NAN), -1);
	assert_true(y[0] == 1 && y[1] == 2 && y[2] == 4);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_as_scipy),
		cmocka_unit_test(test_gain_without_delay),
		cmocka_unit_test(test_backwards_is_the_same_in_the_middle),
		cmocka_unit_test(test_ends),
		cmocka_unit_test(test_refusals_leave_the_curve),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
