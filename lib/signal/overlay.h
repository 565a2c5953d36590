/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Regions of one foot, worked out once for each cell of its print: a note of 16 bits a cell says
 * which atom it lies in, or which entry of a small table holds its shares. Private to lib/signal.
 */
#ifndef PL_SIGNAL_OVERLAY_H
#define PL_SIGNAL_OVERLAY_H

#include <stdbool.h>
#include <stdint.h>

#include "regions.h"

#define PL_NOTE_BORDER (PL_ATOMS + 1) /* 0: none yet; 1..PL_ATOMS: atom + 1; then the table */

struct pl_border {
	double w[PL_ATOMS];
	uint8_t centre; /* the atom that holds the cell's centre */
};

struct pl_overlay {
	struct pl_region_frame frame;
	struct pl_border *border;
	uint32_t borders, cap;
	double cells[PL_ATOMS]; /* cells of the print, by area */
};

/* rows, cols: of the largest box the print may have. */
bool pl_overlay_init(struct pl_overlay *o, unsigned rows, unsigned cols);
void pl_overlay_free(struct pl_overlay *o);
void pl_overlay_begin(struct pl_overlay *o, enum pl_region_convention convention,
		      const struct pl_shape *shape, double pitch_x, double pitch_y);
/* Counts the cell in; returns its note. */
uint16_t pl_overlay_note(struct pl_overlay *o, double x, double y);

/* At least nine cells in each heel quadrant, by area: fewer say nothing. */
bool pl_overlay_quadrants(const struct pl_overlay *o);

static inline void pl_overlay_add(const struct pl_overlay *o, uint16_t note, double v,
				  double atom[PL_ATOMS])
{
	if (note < PL_NOTE_BORDER) {
		atom[note - 1] += v;
	} else {
		const double *w = o->border[note - PL_NOTE_BORDER].w;

		for (int k = 0; k < PL_ATOMS; k++)
			atom[k] += w[k] * v;
	}
}

static inline int pl_overlay_centre(const struct pl_overlay *o, uint16_t note)
{
	return note < PL_NOTE_BORDER ? note - 1 : o->border[note - PL_NOTE_BORDER].centre;
}

/* Sum of the atoms in a set. */
static inline double pl_atoms_sum(const double atom[PL_ATOMS], unsigned set)
{
	double sum = 0;

	for (int k = 0; k < PL_ATOMS; k++)
		if (set >> k & 1)
			sum += atom[k];
	return sum;
}

#endif
