/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Regions of one foot, worked out once for each cell of its print: a note of 16 bits a cell says
 * which atom it lies in, or which entry of a small table holds its shares. Private to lib/signal.
 */
#ifndef PL_SIGNAL_OVERLAY_H
#define PL_SIGNAL_OVERLAY_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "lanes.h"
#include "regions.h"

#define PL_NOTE_BORDER (PL_ATOMS + 1) /* 0: none yet; 1..PL_ATOMS: atom + 1; then the table */

/* Nearly all of these cells lie in two atoms, so no more is kept with them. */
struct pl_border {
	double w[2];
	uint8_t atom[2];
	uint8_t centre; /* the atom that holds the cell's centre */
	uint32_t wide;	/* index + 1 into the table of shares of all atoms, 0: two will do */
};

struct pl_overlay {
	struct pl_region_frame frame;
	struct pl_border *border;
	double (*wide)[PL_ATOMS];
	uint32_t borders, wides, cap;
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
	const struct pl_border *b;

	if (note < PL_NOTE_BORDER) {
		atom[note - 1] += v;
		return;
	}
	b = &o->border[note - PL_NOTE_BORDER];
	if (!b->wide) {
		atom[b->atom[0]] += b->w[0] * v;
		atom[b->atom[1]] += b->w[1] * v;
		return;
	}
	for (int k = 0; k < PL_ATOMS; k++)
		atom[k] += o->wide[b->wide - 1][k] * v;
}

/* How many of n > 0 neighbours have the note of the first? */
static inline unsigned pl_notes_alike(const uint16_t *note, unsigned n)
{
	uint64_t all = note[0] * UINT64_C(0x0001000100010001), some;
	unsigned c = 1;

	for (; c + 4 <= n; c += 4) {
		memcpy(&some, note + c, 8);
		if (some != all)
			break;
	}
	while (c < n && note[c] == note[0])
		c++;
	return c;
}

/* n neighbouring cells with the values v, all with notes, to their atoms. */
static inline void pl_overlay_add_cells(const struct pl_overlay *o, const uint16_t *note,
					const double *v, unsigned n, double atom[PL_ATOMS])
{
	for (unsigned c = 0; c < n;) {
		unsigned end;

		if (note[c] >= PL_NOTE_BORDER) {
			pl_overlay_add(o, note[c], v[c], atom);
			c++;
			continue;
		}
		end = c + pl_notes_alike(note + c, n - c); /* most neighbours lie in one atom */
		atom[note[c] - 1] += pl_sum_values(v + c, end - c);
		c = end;
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
