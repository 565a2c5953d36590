/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Student's t against the printed tables (Fisher & Yates; NIST/SEMATECH e-Handbook 1.3.6.7.2, three
 * decimals), closed forms for one and two degrees of freedom, and a detectable difference worked
 * out by hand.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <plantar/stats.h>

static void tabulated(void **state)
{
	static const struct {
		double df, t975, t95, t995;
	} rows[] = {
		{1, 12.706, 6.314, 63.657}, {2, 4.303, 2.920, 9.925},
		{3, 3.182, 2.353, 5.841},   {4, 2.776, 2.132, 4.604},
		{5, 2.571, 2.015, 4.032},   {8, 2.306, 1.860, 3.355},
		{10, 2.228, 1.812, 3.169},  {20, 2.086, 1.725, 2.845},
		{30, 2.042, 1.697, 2.750},  {60, 2.000, 1.671, 2.660},
		{100, 1.984, 1.660, 2.626}, {INFINITY, 1.960, 1.645, 2.576},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_true(fabs(pl_t_quantile(0.975, rows[i].df) - rows[i].t975) < 5.01e-4);
		assert_true(fabs(pl_t_quantile(0.95, rows[i].df) - rows[i].t95) < 5.01e-4);
		assert_true(fabs(pl_t_quantile(0.995, rows[i].df) - rows[i].t995) < 5.01e-4);
		assert_true(
			fabs(pl_t_quantile(0.025, rows[i].df) / pl_t_quantile(0.975, rows[i].df) +
			     1) < 1e-11);
	}
}

/* df 1: tan(pi (p - 1/2)); df 2: (2p - 1)/sqrt(2 p (1 - p)). */
static void closed_forms(void **state)
{
	(void)state;
	for (double p = 0.505; p < 1; p += 0.01) {
		double one = tan(M_PI * (p - 0.5)), two = (2 * p - 1) / sqrt(2 * p * (1 - p));

		assert_true(fabs(pl_t_quantile(p, 1) / one - 1) < 1e-11);
		assert_true(fabs(pl_t_quantile(p, 2) / two - 1) < 1e-11);
	}
	assert_true(pl_t_quantile(0.5, 7) == 0);
	/* many degrees of freedom come close to the normal, from above */
	assert_true(pl_t_quantile(0.975, 1e6) > 1.959963985 &&
		    pl_t_quantile(0.975, 1e6) < 1.959967);
	assert_true(isnan(pl_t_quantile(0, 5)) && isnan(pl_t_quantile(1, 5)));
	assert_true(isnan(pl_t_quantile(0.9, 0)) && isnan(pl_t_quantile(NAN, 5)));
}

static void samples(void **state)
{
	const double v[] = {2, NAN, 4, 4, 4, 5, 5, 7, 9};
	struct pl_sample s = pl_sample_of(v, 9);

	(void)state;
	/* mean 5, squares 9+1+1+1+0+0+4+16 = 32, by 7 */
	assert_int_equal(s.n, 8);
	assert_true(s.mean == 5 && fabs(s.sd - sqrt(32.0 / 7)) < 1e-15);
	s = pl_sample_of(v, 1);
	assert_true(s.n == 1 && s.mean == 2 && isnan(s.sd));
	assert_true(isnan(pl_sample_of(v, 0).mean));
}

/* numpy.quantile([7, 1, 4, 2], [0, 0.25, 0.5, 0.99, 1]) = 1, 1.75, 3, 6.91, 7 */
static void quantiles(void **state)
{
	double four[] = {7, 1, 4, 2}, one = 5;

	(void)state;
	assert_true(pl_quantile(four, 4, 0) == 1 && pl_quantile(four, 4, 1) == 7);
	assert_true(fabs(pl_quantile(four, 4, 0.25) - 1.75) < 1e-15);
	assert_true(fabs(pl_quantile(four, 4, 0.5) - 3) < 1e-15);
	assert_true(fabs(pl_quantile(four, 4, 0.99) - 6.91) < 1e-14);
	assert_true(pl_quantile(&one, 1, 0.7) == 5);
	assert_true(isnan(pl_quantile(NULL, 0, 0.5)));
}

static void detectable(void **state)
{
	/* A 10 12 14 (squares 8), B 20 21 22 23 24 (squares 10): s^2 = 18/6 = 3,
	 * t(0.975, 6) = 2.4469; 2.4469 sqrt(3) sqrt(1/3 + 1/5) = 3.0951 */
	const double a[] = {10, 12, 14}, b[] = {20, 21, 22, 23, 24};
	struct pl_sample sa = pl_sample_of(a, 3), sb = pl_sample_of(b, 5), one = {1, 3, NAN};
	double df;

	(void)state;
	assert_true(fabs(pl_detectable_difference(&sa, &sb, &df) - 3.0951) < 1e-4);
	assert_true(df == 6);
	assert_true(isnan(pl_detectable_difference(&one, &one, &df)));
	/* t(0.975, 4) = 2.7764; times 2 sqrt 2 */
	assert_true(fabs(pl_detectable_between_days(2, 4) - 7.8530) < 1e-3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tabulated),  cmocka_unit_test(closed_forms),
		cmocka_unit_test(samples),    cmocka_unit_test(quantiles),
		cmocka_unit_test(detectable),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
