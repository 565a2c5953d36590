/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Extents of cell sets in fixed directions (a k-DOP). The directions are written out as numbers:
 * the same bits on every machine.
 */
#include <float.h>

#include "hull.h"

static const double direction[PL_HULL_DIRS][2] = {
	{1, 0},
	{0.98078528040323043, 0.19509032201612825},
	{0.92387953251128674, 0.38268343236508978},
	{0.83146961230254524, 0.55557023301960218},
	{0.70710678118654752, 0.70710678118654752},
	{0.55557023301960218, 0.83146961230254524},
	{0.38268343236508978, 0.92387953251128674},
	{0.19509032201612825, 0.98078528040323043},
	{0, 1},
	{-0.19509032201612825, 0.98078528040323043},
	{-0.38268343236508978, 0.92387953251128674},
	{-0.55557023301960218, 0.83146961230254524},
	{-0.70710678118654752, 0.70710678118654752},
	{-0.83146961230254524, 0.55557023301960218},
	{-0.92387953251128674, 0.38268343236508978},
	{-0.98078528040323043, 0.19509032201612825},
};

void pl_hull_clear(struct pl_hull *h)
{
	for (int k = 0; k < PL_HULL_DIRS; k++) {
		h->lo[k] = FLT_MAX;
		h->hi[k] = -FLT_MAX;
	}
}

/* Extent of a box in direction k. */
static inline void project(int k, double x0, double x1, double y0, double y1, float *lo, float *hi)
{
	double c = direction[k][0], s = direction[k][1];

	*lo = (float)((c >= 0 ? x0 : x1) * c + y0 * s);
	*hi = (float)((c >= 0 ? x1 : x0) * c + y1 * s);
}

void pl_hull_box(struct pl_hull *h, double x0, double x1, double y0, double y1)
{
	for (int k = 0; k < PL_HULL_DIRS; k++) {
		float lo, hi;

		project(k, x0, x1, y0, y1, &lo, &hi);
		if (lo < h->lo[k])
			h->lo[k] = lo;
		if (hi > h->hi[k])
			h->hi[k] = hi;
	}
}

void pl_hull_join(struct pl_hull *h, const struct pl_hull *other)
{
	for (int k = 0; k < PL_HULL_DIRS; k++) {
		if (other->lo[k] < h->lo[k])
			h->lo[k] = other->lo[k];
		if (other->hi[k] > h->hi[k])
			h->hi[k] = other->hi[k];
	}
}

void pl_hull_move(struct pl_hull *h, double dx, double dy)
{
	for (int k = 0; k < PL_HULL_DIRS; k++) {
		float lo, hi;

		project(k, dx, dx, dy, dy, &lo, &hi);
		h->lo[k] += lo;
		h->hi[k] += hi;
	}
}

bool pl_hull_holds(const struct pl_hull *h, double x0, double x1, double y0, double y1)
{
	for (int k = 0; k < PL_HULL_DIRS; k++) {
		float lo, hi;

		project(k, x0, x1, y0, y1, &lo, &hi);
		if (lo < h->lo[k] || hi > h->hi[k])
			return false;
	}
	return true;
}

double pl_hull_gap(const struct pl_hull *a, const struct pl_hull *b)
{
	double gap = 0;

	for (int k = 0; k < PL_HULL_DIRS; k++) {
		double over = (double)a->lo[k] - (double)b->hi[k];
		double under = (double)b->lo[k] - (double)a->hi[k];

		if (over > gap)
			gap = over;
		if (under > gap)
			gap = under;
	}
	return gap;
}

struct pl_extent pl_hull_extent(const struct pl_hull *h)
{
	struct pl_extent e = {.width = DBL_MAX};

	for (int k = 0; k < PL_HULL_DIRS; k++) {
		double width = (double)h->hi[k] - (double)h->lo[k];
		int across = (k + PL_HULL_DIRS / 2) % PL_HULL_DIRS;

		if (width >= e.width)
			continue;
		e.width = width;
		e.length = (double)h->hi[across] - (double)h->lo[across];
		e.ax = direction[across][0];
		e.ay = direction[across][1];
	}
	return e;
}

void pl_hull_centre(const struct pl_hull *h, double *x, double *y)
{
	*x = 0.5 * ((double)h->lo[0] + (double)h->hi[0]);
	*y = 0.5 * ((double)h->lo[PL_HULL_DIRS / 2] + (double)h->hi[PL_HULL_DIRS / 2]);
}
