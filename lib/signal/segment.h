/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One pass over a frame: its totals, and its connected components (8 neighbours) as lists of
 * horizontal runs. Private to lib/signal.
 */
#ifndef PL_SIGNAL_SEGMENT_H
#define PL_SIGNAL_SEGMENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cells.h"

#define PL_MIXED 0xFF /* owner of a run whose cells belong to more than one */
#define PL_NO_RUN UINT32_MAX

/* Cells c0..c1-1 of one row, all above the contact threshold. */
struct pl_run {
	uint16_t row, c0, c1;
	uint8_t owner;		   /* of all its cells, or PL_MIXED */
	uint32_t parent;	   /* union-find */
	uint32_t comp;		   /* index of the component */
	uint32_t next;		   /* next run of the same component, or PL_NO_RUN */
	double sum, sum_col, peak; /* of the values, of value * column */
};

struct pl_comp {
	uint32_t cells, first, last; /* first and last run */
	uint32_t owned;		     /* cells that belong to a foot already */
	uint8_t owner;		     /* the first such foot, 0: none */
	bool mixed;		     /* cells of more than one foot */
};

/* Sums over every cell of the frame, in the unit of the values; columns and rows from 0. */
struct pl_scan {
	double sum, sum_col, sum_row, peak;
	double below; /* part of sum that is not above the contact threshold */
	uint32_t contact;
	bool edge; /* a cell in contact on the mat's edge */
};

struct pl_segment {
	unsigned rows, cols;
	struct pl_run *run;
	struct pl_comp *comp;
	uint32_t runs, comps;
};

bool pl_segment_init(struct pl_segment *s, unsigned rows, unsigned cols);
void pl_segment_free(struct pl_segment *s);

/* owner: rows*cols, the foot each cell belongs to so far. No allocation; what it costs goes with
 * the number of loaded cells. */
void pl_segment_frame(struct pl_segment *s, const struct pl_cells *cells, const uint8_t *owner,
		      struct pl_scan *scan);

/* Whom n > 0 neighbouring cells belong to, PL_MIXED if not all to the same. */
uint8_t pl_owner_of(const uint8_t *owner, unsigned n);

#endif
