/* SPDX-License-Identifier: Apache-2.0 */
/* Bookkeeping of the cells of each foot, for feet.c alone. Private to lib/signal. */
#ifndef PL_SIGNAL_TRACK_H
#define PL_SIGNAL_TRACK_H

#include "feet.h"

/* m */
struct pl_box {
	double x0, x1, y0, y1;
};
/* Of the cells c0..c1-1 of a row. */
struct pl_box pl_cells_box(const struct pl_feet *f, unsigned row, unsigned c0, unsigned c1);

struct pl_track *pl_track_new(struct pl_feet *f); /* NULL: all slots are taken */
void pl_track_end(struct pl_feet *f, struct pl_track *track);
/* It was no foot: as if it had never been. */
void pl_track_drop(struct pl_feet *f, struct pl_track *track);
/* Cells of a row, or a whole component, are the track's from now on, whoever's they were. */
void pl_track_claim(struct pl_feet *f, struct pl_track *track, unsigned row, unsigned c0,
		    unsigned c1, const double *value);
void pl_track_claim_comp(struct pl_feet *f, struct pl_track *track, const struct pl_comp *comp,
			 const double *value);
/* Two tracks are one foot, which keeps the identity of `into`. */
void pl_track_merge(struct pl_feet *f, struct pl_track *from, struct pl_track *into);

#endif
