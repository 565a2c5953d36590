/* SPDX-License-Identifier: Apache-2.0 */
/* Sway of curves whose figures are known on paper, and what must not change them. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <plantar/standing.h>

#include "lib/signal/spectrum.h"

#define N 6000
#define RATE 100.0

static double ap[N], ml[N];

#define NEAR(a, b, relative) near(#a, a, b, relative)

static void near(const char *what, double value, double want, double relative)
{
	if (!(fabs(value - want) <= relative * fabs(want)))
		fail_msg("%s is %.15g, not %.15g", what, value, want);
}

static struct pl_sway sway_of(const double *a, const double *m, size_t n)
{
	struct pl_sway s;
	struct pl_error err = {.code = PL_OK};

	assert_int_equal(pl_sway_compute(a, m, n, RATE, &s, &err), 0);
	return s;
}

/* `turns` whole turns on an ellipse whose long axis lies `degrees` to the right of forward. */
static void draw_ellipse(double major, double minor, double degrees, int turns)
{
	double c = cos(degrees * M_PI / 180), s = sin(degrees * M_PI / 180);

	for (int k = 0; k < N; k++) {
		double u = major * cos(2 * M_PI * turns * k / N);
		double v = minor * sin(2 * M_PI * turns * k / N);

		ap[k] = 70 + c * u - s * v;
		ml[k] = -20 + s * u + c * v;
	}
}

/* F_0.95(2, N - 2) for the longest curve, from d/2 (0.05^(-2/d) - 1) at d = 5998. */
static double reach(void)
{
	double d = N - 2;

	return 2.0 * (N - 1) * (N + 1) / (N * d) * d / 2 * (pow(0.05, -2 / d) - 1);
}

/* On a circle of radius R every distance is R, the variance of each axis R^2/2 N/(N - 1), the
 * path N - 1 chords of 2 R sin(pi turns / N), and Prieto's frequency that of the turns. */
static void test_circle(void **state)
{
	const double r = 5, chord = 2 * r * sin(M_PI * 30 / N);
	struct pl_sway s;

	(void)state;
	draw_ellipse(r, r, 0, 30);
	s = sway_of(ap, ml, N);
	NEAR(s.both.path_mm, (N - 1) * chord, 1e-9);
	NEAR(s.both.mean_velocity_mm_s, (N - 1) * chord * RATE / N, 1e-9);
	NEAR(s.mean_velocity_n1_mm_s, chord * RATE, 1e-9);
	NEAR(s.both.mean_distance_mm, r, 1e-9);
	NEAR(s.both.rms_mm, r, 1e-9);
	NEAR(s.ap.rms_mm, r / M_SQRT2, 1e-9);
	NEAR(s.ap.range_mm, 2 * r, 1e-4);
	NEAR(s.ap.mean_distance_mm, 2 * r / M_PI, 1e-4);
	NEAR(s.area_95_mm2, M_PI * reach() * r * r / 2 * N / (N - 1), 1e-9);
	NEAR(s.ellipse_major_mm, s.ellipse_minor_mm, 1e-6);
	NEAR(s.both.mean_frequency_prieto_hz, 0.5, 1e-4); /* 30 turns in 60 s */
	NEAR(s.mean_ap_mm, 70, 1e-12);
	NEAR(s.mean_ml_mm, -20, 1e-12);
	assert_true(isnan(s.both.range_mm));
}

static void test_ellipse(void **state)
{
	struct pl_sway s;

	(void)state;
	for (int degrees = -80; degrees <= 80; degrees += 20) {
		draw_ellipse(9, 4, degrees, 12);
		s = sway_of(ap, ml, N);
		NEAR(s.area_95_mm2, M_PI * reach() * 9 * 4 / 2 * N / (N - 1), 1e-9);
		NEAR(s.ellipse_major_mm, 9 * sqrt(reach() / 2 * N / (N - 1)), 1e-9);
		NEAR(s.ellipse_minor_mm, 4 * sqrt(reach() / 2 * N / (N - 1)), 1e-9);
		assert_true(fabs(s.ellipse_angle_deg - degrees) < 1e-6);
	}
}

/* Twenty samples: F_0.95(2, 18) = 3.554557, from printed tables. */
static void test_f_of_few_samples(void **state)
{
	double aa = 0, mm = 0, am = 0, det;
	struct pl_sway s;

	(void)state;
	for (int k = 0; k < 20; k++) {
		ap[k] = (k * 7 % 20) - 9.5;
		ml[k] = (k * 3 % 20) - 9.5;
		aa += ap[k] * ap[k] / 19;
		mm += ml[k] * ml[k] / 19;
		am += ap[k] * ml[k] / 19;
	}
	s = sway_of(ap, ml, 20);
	det = aa * mm - am * am;
	NEAR(s.area_95_mm2, M_PI * 2 * 19 * 21 / (20 * 18.0) * 3.554557 * sqrt(det), 1e-6);
}

/* A sinusoid on a bin of the spectrum (segments of N/2: 1/30 Hz). Hann leaves 1 in it and 1/4 in
 * its two neighbours, which balance; the trapezoids 1/8, 5/8, 5/8, 1/8 reach a half at the bin,
 * where rounding may say the next, and 95 % only with the last. */
static void test_frequency(void **state)
{
	const double f_ap = 0.6, f_ml = 1.5;
	struct pl_sway s;

	(void)state;
	for (int k = 0; k < N; k++) {
		ap[k] = 4 * sin(2 * M_PI * f_ap * k / RATE);
		ml[k] = 2 * cos(2 * M_PI * f_ml * k / RATE);
	}
	s = sway_of(ap, ml, N);
	NEAR(s.ap.mean_frequency_hz, f_ap, 1e-9);
	NEAR(s.ml.mean_frequency_hz, f_ml, 1e-9);
	assert_true(s.ap.f50_hz > f_ap - 1e-9 && s.ap.f50_hz < f_ap + 0.034);
	NEAR(s.ap.f95_hz, f_ap + 2 / 30.0, 1e-9);
	NEAR(s.ml.f95_hz, f_ml + 2 / 30.0, 1e-9);
	/* powers 8 and 2 */
	NEAR(s.both.mean_frequency_hz, (8 * f_ap + 2 * f_ml) / 10, 1e-9);
	assert_true(s.both.f50_hz > f_ap - 1e-9 && s.both.f50_hz < f_ap + 0.034);
	NEAR(s.both.f95_hz, f_ml + 1 / 30.0, 1e-9); /* 12 + 2 x 1.375 of 15 */
	/* path 4 A a period, mean distance 2 A / pi: Prieto's figure of a sinusoid is
	 * 4 A f / (4 sqrt 2 2 A / pi) = f pi / (2 sqrt 2) */
	NEAR(s.ap.mean_frequency_prieto_hz, f_ap * M_PI / (2 * M_SQRT2), 1e-3);
}

/* Welch by its definition: one sum a bin. For lengths that are prime, odd, and powers of two. */
static void test_spectrum_by_definition(void **state)
{
	static const size_t segments[] = {2, 3, 8, 13, 30, 31, 97, 128};
	double x[300], power[65];

	(void)state;
	srand(5);
	for (int k = 0; k < 300; k++)
		x[k] = 50 + rand() % 1000 / 100.0;
	for (size_t c = 0; c < 8; c++) {
		size_t n = segments[c], step = n - n / 2, count = 0;
		double want[65] = {0}, squares = 0;

		for (size_t i = 0; i < n; i++)
			squares += pow(sin(M_PI * i / n), 4);
		for (size_t at = 0; at + n <= 300; at += step, count++) {
			double mean = 0;

			for (size_t i = 0; i < n; i++)
				mean += x[at + i] / n;
			for (size_t k = 0; k <= n / 2; k++) {
				double re = 0, im = 0;

				for (size_t i = 0; i < n; i++) {
					double v = (x[at + i] - mean) * pow(sin(M_PI * i / n), 2);

					re += v * cos(2 * M_PI * k * i / n);
					im += v * sin(2 * M_PI * k * i / n);
				}
				want[k] += (re * re + im * im) * (k && 2 * k != n ? 2 : 1);
			}
		}
		assert_int_equal(pl_spectrum_welch(x, 300, n, RATE, power), 0);
		for (size_t k = 0; k <= n / 2; k++)
			assert_true(fabs(power[k] - want[k] / (RATE * squares * count)) < 1e-12);
	}
}

static void wander(void)
{
	double a = 0, m = 0;

	srand(11);
	for (int k = 0; k < N; k++) {
		a = 0.99 * a + (rand() % 2001 - 1000) / 1000.0;
		m = 0.98 * m + (rand() % 2001 - 1000) / 2000.0;
		ap[k] = a;
		ml[k] = 0.3 * a + m;
	}
}

/* Moving the person changes nothing but where they stand; looking into a mirror nothing but the
 * sign of the tilt; twice the sway is twice every length and four times the area. */
static void test_what_must_not_matter(void **state)
{
	static double a[N], m[N];
	struct pl_sway s, t;

	(void)state;
	wander();
	s = sway_of(ap, ml, N);
	for (int k = 0; k < N; k++) {
		a[k] = 2 * ap[k] + 300;
		m[k] = -2 * ml[k] - 40;
	}
	t = sway_of(a, m, N);
	NEAR(t.area_95_mm2, 4 * s.area_95_mm2, 1e-9);
	NEAR(t.both.path_mm, 2 * s.both.path_mm, 1e-9);
	NEAR(t.ml.rms_mm, 2 * s.ml.rms_mm, 1e-9);
	NEAR(t.ap.range_mm, 2 * s.ap.range_mm, 1e-9);
	NEAR(t.both.mean_frequency_hz, s.both.mean_frequency_hz, 1e-9);
	NEAR(t.ml.f95_hz, s.ml.f95_hz, 1e-9);
	NEAR(t.both.mean_frequency_prieto_hz, s.both.mean_frequency_prieto_hz, 1e-9);
	NEAR(t.ellipse_angle_deg, -s.ellipse_angle_deg, 1e-6);
	NEAR(t.mean_ml_mm, -2 * s.mean_ml_mm - 40, 1e-9);
	assert_true(s.ellipse_angle_deg > 1); /* the mirror had something to do */
}

/* Who does not move at all has no frequency: NaN, not a number made of rounding. */
static void test_no_movement(void **state)
{
	struct pl_sway s;

	(void)state;
	for (int k = 0; k < N; k++) {
		ap[k] = 0.1;
		ml[k] = 1e5 / 3;
	}
	s = sway_of(ap, ml, N);
	assert_true(s.both.path_mm == 0 && s.area_95_mm2 == 0 && s.ap.rms_mm == 0);
	assert_true(isnan(s.both.mean_frequency_hz) && isnan(s.ap.f50_hz) &&
		    isnan(s.both.mean_frequency_prieto_hz) && isnan(s.ellipse_angle_deg));
	for (int k = 0; k < N; k++)
		ap[k] = sin(2 * M_PI * 0.6 * k / RATE);
	s = sway_of(ap, ml, N); /* only forward: the resultant is that of the one axis */
	NEAR(s.both.mean_frequency_hz, 0.6, 1e-9);
	assert_true(isnan(s.ml.mean_frequency_hz));
}

static void test_refusals(void **state)
{
	struct pl_error err;
	struct pl_sway s;

	(void)state;
	wander();
	assert_int_equal(pl_sway_compute(ap, ml, 19, RATE, &s, &err), -1);
	assert_int_equal(err.code, PL_EUSAGE);
	assert_int_equal(pl_sway_compute(ap, ml, N, 0, &s, &err), -1);
	assert_int_equal(pl_sway_compute(ap, ml, N, NAN, &s, &err), -1);
	ml[N - 1] = NAN;
	assert_int_equal(pl_sway_compute(ap, ml, N, RATE, &s, &err), -1);
	assert_int_equal(pl_sway_compute(ap, ml, N - 1, RATE, &s, &err), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_circle),
		cmocka_unit_test(test_ellipse),
		cmocka_unit_test(test_f_of_few_samples),
		cmocka_unit_test(test_frequency),
		cmocka_unit_test(test_spectrum_by_definition),
		cmocka_unit_test(test_what_must_not_matter),
		cmocka_unit_test(test_no_movement),
		cmocka_unit_test(test_refusals),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
