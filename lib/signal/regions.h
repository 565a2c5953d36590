/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Regions laid over a foot: which part of a cell's area belongs to which. Private to lib/signal.
 */
#ifndef PL_SIGNAL_REGIONS_H
#define PL_SIGNAL_REGIONS_H

#include <stdbool.h>

#include <plantar/live.h>

#include "shape.h"

/* The smallest parts everything else is a sum of. Left and right of the axis, seen along it. */
enum pl_atom {
	PL_ATOM_HEEL_P_LEFT,
	PL_ATOM_HEEL_P_RIGHT,
	PL_ATOM_HEEL_A_LEFT,
	PL_ATOM_HEEL_A_RIGHT,
	PL_ATOM_MID_LEFT,
	PL_ATOM_MID_RIGHT,
	PL_ATOM_FORE_LEFT,
	PL_ATOM_FORE_RIGHT,
	PL_ATOM_NONE, /* toes, in conventions that leave them out */
	PL_ATOMS
};

enum pl_region {
	PL_REGION_HEEL,
	PL_REGION_MIDFOOT,
	PL_REGION_FOREFOOT,
	PL_REGION_HEEL_AM,
	PL_REGION_HEEL_AL,
	PL_REGION_HEEL_PM,
	PL_REGION_HEEL_PL,
	PL_REGION_MIDFOOT_MEDIAL,
	PL_REGION_MIDFOOT_LATERAL,
	PL_REGION_FOREFOOT_MEDIAL,
	PL_REGION_FOREFOOT_LATERAL,
	PL_REGIONS
};
extern const char *const pl_region_keys[PL_REGIONS]; /* "heel", "midfoot", ... */

/* Bits (1 << atom) that make up a region of a foot of that side; 0 where it takes a side and
 * there is none. */
unsigned pl_region_atoms(enum pl_region region, enum pl_side side);

struct pl_region_frame {
	double ox, oy, ax, ay;		/* the axis, m */
	double half_along, half_across; /* half of what a cell covers in these directions */
	double pitch_x, pitch_y;
	double cut[4]; /* m along the axis: half of the heel, heel, midfoot, forefoot ends */
};

/* rows_only: the convention is laid along mat rows (the axis of shape is then (0, +-1)). */
void pl_region_frame(struct pl_region_frame *f, enum pl_region_convention convention,
		     const struct pl_shape *shape, double pitch_x, double pitch_y);

/* Shares of the area of the cell centred at x, y: w[PL_ATOMS], adding up to 1. Returns the atom
 * if the cell lies wholly in one, else -1; centre: the atom that holds the cell's centre. */
int pl_region_weights(const struct pl_region_frame *f, double x, double y, double w[PL_ATOMS],
		      int *centre);

#endif
