/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where two feet that touch are told apart: a straight cut through the print of both. Private to
 * lib/signal.
 */
#ifndef PL_SIGNAL_CUT_H
#define PL_SIGNAL_CUT_H

#include <stdbool.h>

#include "shape.h"

/* Cells with nx * x + ny * y below `at` are one foot's, the others the other's. */
struct pl_cut {
	double nx, ny, at;
};

static inline bool pl_cut_beyond(const struct pl_cut *cut, double x, double y)
{
	return cut->nx * x + cut->ny * y >= cut->at;
}

/* False: there is no line through these cells with a foot on either side of it and less load along
 * it than on both sides. Sorts the points and
 * uses their scratch. */
bool pl_cut_find(struct pl_points *pts, struct pl_cut *cut);

#endif
