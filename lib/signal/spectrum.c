/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A recording has as many samples as it has: its halves are 3,000 or 2,999 long, not a power of
 * two, and padding would move the bins that f50 and f95 are read from. Bluestein (1970): with
 * jk = (j^2 + k^2 - (k - j)^2) / 2 a transform of any length becomes a convolution, and that is
 * done by transforms of a power of two. Debian's kissfft is built for float alone; published
 * figures are wanted to 1e-9.
 */
#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

#include "spectrum.h"

struct cpx {
	double re, im;
};

static struct cpx mul(struct cpx a, struct cpx b)
{
	return (struct cpx){a.re * b.re - a.im * b.im, a.re * b.im + a.im * b.re};
}

/* A transform of any length n through ones of the length `size`, a power of two. */
struct transform {
	size_t n, size;
	struct cpx *turn;  /* [size / 2] e^(-2 pi i k / size) */
	struct cpx *chirp; /* [n] e^(-pi i k^2 / n) */
	struct cpx *other; /* [size] transform of the conjugate chirp, both ways round */
	struct cpx *work;  /* [size] */
};

/* ---- powers of two -------------------------------------------------------------------------- */

static void reverse_bits(struct cpx *x, size_t size)
{
	for (size_t i = 1, j = 0; i < size; i++) {
		size_t bit = size >> 1;

		for (; j & bit; bit >>= 1)
			j ^= bit;
		j ^= bit;
		if (i < j) {
			struct cpx swap = x[i];

			x[i] = x[j];
			x[j] = swap;
		}
	}
}

/* Cooley and Tukey 1965, in place. */
static void transform_power_of_two(struct cpx *x, size_t size, const struct cpx *turn)
{
	reverse_bits(x, size);
	for (size_t half = 1; half < size; half *= 2) {
		size_t step = size / (2 * half);

		for (size_t at = 0; at < size; at += 2 * half) {
			for (size_t k = 0; k < half; k++) {
				struct cpx a = x[at + k], b = mul(x[at + half + k], turn[k * step]);

				x[at + k] = (struct cpx){a.re + b.re, a.im + b.im};
				x[at + half + k] = (struct cpx){a.re - b.re, a.im - b.im};
			}
		}
	}
}

/* ---- any length ----------------------------------------------------------------------------- */

static void transform_free(struct transform *t)
{
	free(t->turn);
	free(t->chirp);
	free(t->other);
	free(t->work);
}

static int transform_init(struct transform *t, size_t n)
{
	*t = (struct transform){.n = n, .size = 2};
	while (t->size < 2 * n - 1)
		t->size *= 2;
	t->turn = malloc(t->size / 2 * sizeof(*t->turn));
	t->chirp = malloc(n * sizeof(*t->chirp));
	t->other = calloc(t->size, sizeof(*t->other));
	t->work = malloc(t->size * sizeof(*t->work));
	if (!t->turn || !t->chirp || !t->other || !t->work)
		return -1;
	for (size_t k = 0; k < t->size / 2; k++) {
		double angle = 2 * M_PI * (double)k / (double)t->size;

		t->turn[k] = (struct cpx){cos(angle), -sin(angle)};
	}
	for (size_t k = 0; k < n; k++) { /* k^2 modulo 2n: the angle keeps all its digits */
		double angle = M_PI * (double)((uint64_t)k * k % (2 * n)) / (double)n;

		t->chirp[k] = (struct cpx){cos(angle), -sin(angle)};
		t->other[k] = (struct cpx){cos(angle), sin(angle)};
		if (k)
			t->other[t->size - k] = t->other[k];
	}
	transform_power_of_two(t->other, t->size, t->turn);
	return 0;
}

/* |X_k|^2 of n real samples for the first `bins` k is added to power. */
static void add_squares(struct transform *t, const double *x, double *power, size_t bins)
{
	double scale = 1.0 / (double)t->size;

	for (size_t k = 0; k < t->size; k++) {
		t->work[k] = (struct cpx){0, 0};
		if (k < t->n)
			t->work[k] = (struct cpx){x[k] * t->chirp[k].re, x[k] * t->chirp[k].im};
	}
	transform_power_of_two(t->work, t->size, t->turn);
	for (size_t k = 0; k < t->size; k++) { /* conjugated: the way back is the way there */
		t->work[k] = mul(t->work[k], t->other[k]);
		t->work[k].im = -t->work[k].im;
	}
	transform_power_of_two(t->work, t->size, t->turn);
	for (size_t k = 0; k < bins; k++) { /* the last chirp turns only the phase */
		double re = t->work[k].re * scale, im = t->work[k].im * scale;

		power[k] += re * re + im * im;
	}
}

/* ---- Welch ---------------------------------------------------------------------------------- */

static double mean_of(const double *x, size_t n)
{
	double sum = 0;

	for (size_t i = 0; i < n; i++)
		sum += x[i];
	return sum / (double)n;
}

static void average_segments(struct transform *t, const double *x, size_t n, double rate_hz,
			     double *power, double *segment)
{
	size_t step = t->n - t->n / 2, bins = pl_spectrum_bins(t->n), count = 0;
	double squares = 0;

	for (size_t i = 0; i < t->n; i++) {
		double w = 0.5 - 0.5 * cos(2 * M_PI * (double)i / (double)t->n);

		squares += w * w;
	}
	for (size_t at = 0; at + t->n <= n; at += step, count++) {
		double mean = mean_of(x + at, t->n);

		for (size_t i = 0; i < t->n; i++)
			segment[i] = (x[at + i] - mean) *
				     (0.5 - 0.5 * cos(2 * M_PI * (double)i / (double)t->n));
		add_squares(t, segment, power, bins);
	}
	for (size_t k = 0; k < bins; k++) {
		bool alone = k == 0 || (t->n % 2 == 0 && k == t->n / 2);

		power[k] *= (alone ? 1 : 2) / (rate_hz * squares * (double)count);
	}
}

int pl_spectrum_welch(const double *x, size_t n, size_t segment, double rate_hz, double *power)
{
	struct transform t;
	double *buffer = malloc(segment * sizeof(*buffer));
	int result = transform_init(&t, segment);

	for (size_t k = 0; k < pl_spectrum_bins(segment); k++)
		power[k] = 0;
	if (!buffer)
		result = -1;
	if (result == 0)
		average_segments(&t, x, n, rate_hz, power, buffer);
	transform_free(&t);
	free(buffer);
	return result;
}
