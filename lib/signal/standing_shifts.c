/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Weight shifts: when does somebody move their weight from one foot to the other, rather than
 * sway or lean slowly over? The left foot's share of the load goes up and down; of its turning
 * points only those count between which it moved by a stated number of points (a zigzag: smaller
 * movements back and forth do not end one), and of these movements only quick ones are shifts.
 * The idea of a shift as a quick step between two places of rest is that of Duarte & Zatsiorsky
 * 1999; the thresholds are ours, and absolute, so that the count of a calm person is not made of
 * noise.
 */
#include <math.h>
#include <stdlib.h>

#include "standing_private.h"

#define SHIFT_WIDEST_S 5 /* from a quarter to three quarters of the movement */

struct zigzag {
	const double *x;
	double rate_hz, least;
	struct pl_standing_shifts *out;
	double sizes, dwells, last_s; /* sums; when the last shift was */
};

/* Where, from a towards b, the movement has passed this part of its size for good. */
static size_t passed(const double *x, size_t a, size_t b, double part)
{
	double level = x[a] + part * (x[b] - x[a]), way = x[b] - x[a];
	size_t i = b;

	while (i > a && (x[i - 1] - level) * way >= 0)
		i--;
	return i;
}

/* A movement from turning point a to turning point b. */
static void movement(struct zigzag *z, size_t a, size_t b)
{
	double size = fabs(z->x[b] - z->x[a]);
	double width_s = (double)(passed(z->x, a, b, 0.75) - passed(z->x, a, b, 0.25)) / z->rate_hz;
	double at_s = (double)passed(z->x, a, b, 0.5) / z->rate_hz;

	if (width_s > SHIFT_WIDEST_S)
		return;
	if (z->out->count++ > 0) {
		z->dwells += at_s - z->last_s;
		z->out->dwell_max_s = fmax(z->out->dwell_max_s, at_s - z->last_s);
	}
	z->last_s = at_s;
	z->sizes += size;
	z->out->size_max_pct = fmax(z->out->size_max_pct, size);
}

static void follow(struct zigzag *z, size_t n)
{
	size_t low = 0, high = 0, from = 0;
	int way = 0; /* +1: the share of the left foot has been growing since `from` */

	for (size_t i = 1; i < n; i++) {
		if (z->x[i] < z->x[low])
			low = i;
		if (z->x[i] > z->x[high])
			high = i;
		if (way >= 0 && z->x[high] - z->x[i] >= z->least) {
			if (way > 0)
				movement(z, from, high);
			from = high;
			low = i;
			way = -1;
		} else if (way <= 0 && z->x[i] - z->x[low] >= z->least) {
			if (way < 0)
				movement(z, from, low);
			from = low;
			high = i;
			way = 1;
		}
	}
	if (way)
		movement(z, from, way > 0 ? high : low);
}

int pl_standing_find_shifts(const struct pl_standing_samples *s, double least_pct,
			    struct pl_standing_shifts *shifts)
{
	const double *left = s->force[PL_STANDING_LEFT], *right = s->force[PL_STANDING_RIGHT];
	struct zigzag z = {.rate_hz = s->rate_hz, .least = least_pct, .out = shifts};
	double *x;

	*shifts = (struct pl_standing_shifts){.known = left && right && least_pct > 0};
	if (shifts->known) {
		x = malloc(s->n * sizeof(*x));
		if (!x)
			return -1;
		for (size_t i = 0; i < s->n; i++) {
			double both = left[i] + right[i];

			x[i] = both > 0 ? 100 * (left[i] / both) : i ? x[i - 1] : 50;
		}
		z.x = x;
		follow(&z, s->n);
		free(x);
	}
	shifts->size_mean_pct = shifts->count ? z.sizes / shifts->count : NAN;
	shifts->size_max_pct = shifts->count ? shifts->size_max_pct : NAN;
	shifts->dwell_mean_s = shifts->count > 1 ? z.dwells / (shifts->count - 1) : NAN;
	shifts->dwell_max_s = shifts->count > 1 ? shifts->dwell_max_s : NAN;
	return 0;
}
