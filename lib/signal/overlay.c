/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Dividing a cell's area between regions is worth doing once a print, not once a frame. Few
 * cells lie on a border (a straight line crosses at most rows + columns of them), so their
 * shares live in a table and all other cells carry the number of their region.
 */
#include <stdlib.h>
#include <string.h>

#include "overlay.h"

#define LINES 5 /* half heel, heel, midfoot, forefoot, and the axis */
#define QUADRANT_CELLS 9

bool pl_overlay_init(struct pl_overlay *o, unsigned rows, unsigned cols)
{
	*o = (struct pl_overlay){.cap = 2 * LINES * (rows + cols)};
	o->border = malloc(o->cap * sizeof(*o->border));
	o->wide = malloc(o->cap * sizeof(*o->wide));
	return o->border && o->wide;
}

void pl_overlay_free(struct pl_overlay *o)
{
	free(o->border);
	free(o->wide);
	o->border = NULL;
	o->wide = NULL;
}

void pl_overlay_begin(struct pl_overlay *o, enum pl_region_convention convention,
		      const struct pl_shape *shape, double pitch_x, double pitch_y)
{
	pl_region_frame(&o->frame, convention, shape, pitch_x, pitch_y);
	o->borders = 0;
	o->wides = 0;
	memset(o->cells, 0, sizeof(o->cells));
}

static struct pl_border border_of(struct pl_overlay *o, const double w[PL_ATOMS], int centre)
{
	struct pl_border b = {.centre = (uint8_t)centre};
	int n = 0;

	for (int k = 0; k < PL_ATOMS; k++) {
		if (w[k] == 0)
			continue;
		if (n < 2) {
			b.atom[n] = (uint8_t)k;
			b.w[n] = w[k];
		}
		n++;
	}
	if (n > 2) {
		memcpy(o->wide[o->wides], w, sizeof(o->wide[0]));
		b.wide = ++o->wides;
	}
	return b;
}

uint16_t pl_overlay_note(struct pl_overlay *o, double x, double y)
{
	double w[PL_ATOMS];
	int centre, atom = pl_region_weights(&o->frame, x, y, w, &centre);

	if (atom < 0 && o->borders == o->cap)
		atom = centre; /* a print far larger than its box: cannot be, must not overflow */
	if (atom >= 0) {
		o->cells[atom] += 1;
		return (uint16_t)(atom + 1);
	}
	for (int k = 0; k < PL_ATOMS; k++)
		o->cells[k] += w[k];
	o->border[o->borders] = border_of(o, w, centre);
	return (uint16_t)(PL_NOTE_BORDER + o->borders++);
}

bool pl_overlay_quadrants(const struct pl_overlay *o)
{
	for (int k = PL_ATOM_HEEL_P_LEFT; k <= PL_ATOM_HEEL_A_RIGHT; k++)
		if (o->cells[k] < QUADRANT_CELLS - 1e-9)
			return false;
	return true;
}
