/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A mat under a treadmill's belt: frames laid out anew so that a foot on the belt lies still.
 * Private to lib/signal.
 *
 * The laid-out mat has a few lanes, one above the other; each contact gets one of them and keeps it
 * as long as it lasts. Where a lane is on the belt is known, so distances between footprints are
 * too.
 */
#ifndef PL_SIGNAL_BELT_H
#define PL_SIGNAL_BELT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <plantar/calibration.h>

#include "segment.h"

#define PL_BELT_LANES 4

/* Rows of the belt counted forward to rear, from where row 0 of the mat is at the first frame. */
struct pl_belt_contact {
	bool used;
	double seen_s;		/* last loaded */
	int64_t r0, r1, origin; /* its box (r1 exclusive), and the row in the middle of its lane */
	unsigned c0, c1;
	bool edge; /* came within two cells of where the mat ends */
};

struct pl_belt {
	struct pl_geometry mat, laid;
	double speed_m_s; /* of the belt, towards the rear; negative: towards the front */
	unsigned lanes, lane_rows;
	struct pl_belt_contact contact[PL_BELT_LANES];
	struct pl_cells cells;
	struct pl_segment segment;
	uint8_t *nobody;   /* zeros */
	double *value;	   /* laid out */
	double residual_m; /* of this frame: what whole rows leave, to be added to y */
};

/* false: out of memory, or the mat's pitch leaves no room for two feet (lanes < 2). */
bool pl_belt_init(struct pl_belt *b, const struct pl_geometry *mat, double speed_m_s);
void pl_belt_free(struct pl_belt *b);
/* Before each pass. */
void pl_belt_reset(struct pl_belt *b);
/* values of the mat to values of the laid-out mat, valid until the next call. What belongs to no
 * foot (not in contact, specks) is left out. */
const double *pl_belt_frame(struct pl_belt *b, const double *values, double contact, double t_s);
/* From y on the laid-out mat to y on the belt, m, for what lies in that row. */
double pl_belt_offset_m(const struct pl_belt *b, unsigned row);
/* Did the contact that is or was last in that row's lane come near the mat's edge? */
bool pl_belt_edge(const struct pl_belt *b, unsigned row);

#endif
