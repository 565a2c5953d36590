/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which part of a recording is somebody standing still? Who steps on, walks, runs, jumps or
 * squats moves the vertical force; who stands does not: it stays near its median, whatever the
 * scale of the sensors. What is left when the loud parts are cut out is quiet standing, and the
 * longest of it is what is measured.
 */
#include <math.h>

#include <plantar/standing.h>

#define NEAR 0.2     /* of the median */
#define SETTLE_S 1.0 /* stepping on shakes the CoP for about as long */
#define SAMPLES_MIN 20

static size_t count_below(const double *x, size_t n, double level)
{
	size_t count = 0;

	for (size_t i = 0; i < n; i++)
		count += x[i] <= level;
	return count;
}

/* By halving, without memory: to a millionth of the range, which is all that is needed. */
static double median_of(const double *x, size_t n)
{
	double low = x[0], high = x[0];

	for (size_t i = 1; i < n; i++) {
		low = fmin(low, x[i]);
		high = fmax(high, x[i]);
	}
	for (int k = 0; k < 20; k++) {
		double middle = low + 0.5 * (high - low);

		if (2 * count_below(x, n, middle) >= n)
			high = middle;
		else
			low = middle;
	}
	return high;
}

/* from..to - 1 without what is left out at an end where loading changed. */
static size_t settled(size_t from, size_t to, bool begins, bool ends, double rate_hz, size_t *at)
{
	size_t settle = (size_t)fmin(ceil(SETTLE_S * rate_hz), 1e9);

	from += begins ? settle : 0;
	if (ends)
		to = to > settle ? to - settle : 0;
	*at = from;
	return to > from ? to - from : 0;
}

size_t pl_standing_quiet(const double *force, size_t n, double rate_hz, bool begins, bool ends,
			 const struct pl_standing_options *o, size_t *from)
{
	double median = force && n ? median_of(force, n) : 0;
	size_t best = 0;

	*from = 0;
	for (size_t a = 0, b = 0; a < n; a = b + 1) {
		size_t at, length;

		for (b = a; b < n; b++)
			if (force && !(fabs(force[b] - median) <= NEAR * median))
				break;
		length = settled(a, b, a > 0 || begins, b < n || ends, rate_hz, &at);
		if (length > best) {
			best = length;
			*from = at;
		}
	}
	if (best < SAMPLES_MIN || (double)best < o->stretch_min_s * rate_hz)
		return 0;
	return best;
}
