/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How long and how wide is a set of cells, however it is turned? Its extent in 16 directions,
 * 11.25 degrees apart, answers that well enough to tell what can be one foot, merges by minimum
 * and maximum, and costs nothing to keep. Metres. Private to lib/signal.
 */
#ifndef PL_SIGNAL_HULL_H
#define PL_SIGNAL_HULL_H

#include <stdbool.h>

#define PL_HULL_DIRS 16

struct pl_hull {
	float lo[PL_HULL_DIRS], hi[PL_HULL_DIRS];
};

struct pl_extent {
	double length, width; /* of the narrowest box in the 16 directions */
	double ax, ay;	      /* unit vector along the length, ay >= 0 */
};

void pl_hull_clear(struct pl_hull *h);
void pl_hull_box(struct pl_hull *h, double x0, double x1, double y0, double y1);
void pl_hull_join(struct pl_hull *h, const struct pl_hull *other);
/* Somewhere else. */
void pl_hull_move(struct pl_hull *h, double dx, double dy);
/* Would the box add anything? */
bool pl_hull_holds(const struct pl_hull *h, double x0, double x1, double y0, double y1);
/* Distance between two hulls, never more than the true one; 0 when they overlap. */
double pl_hull_gap(const struct pl_hull *a, const struct pl_hull *b);
struct pl_extent pl_hull_extent(const struct pl_hull *h);
void pl_hull_centre(const struct pl_hull *h, double *x, double *y);

#endif
