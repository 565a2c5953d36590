/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The load that a noise floor hides, where it is known to be: under and around the feet. Private
 * to lib/signal.
 */
#ifndef PL_SIGNAL_FAINT_H
#define PL_SIGNAL_FAINT_H

#include <stdbool.h>
#include <stdint.h>

#include <plantar/calibration.h>

#include "cells.h"

/* Sums of one frame in the unit of the values; columns and rows from 0. */
struct pl_moments {
	double sum, col, row;
};

/* What the cells of a stretch of frames said on the average. */
struct pl_faint {
	double *cell; /* rows*cols: sums over the frames, of cells near a foot */
	uint64_t frames;
	double empty; /* sum of the cells away from every foot, and how many were summed */
	uint64_t empty_cells;
};

bool pl_faint_init(struct pl_faint *f, const struct pl_geometry *g);
void pl_faint_free(struct pl_faint *f);
/* The next stretch. */
void pl_faint_clear(struct pl_faint *f, const struct pl_geometry *g);

/* near: rows*cols, 1 where a cell was ever in contact (bits as in struct pl_cells) or is next to
 * one that was. */
void pl_faint_near(const struct pl_geometry *g, const uint64_t *ever, uint8_t *near);

/* One frame: cells near a foot as they are, others above the floor. whole: what pl_calibrate_whole
 * gave; cells: the same above the floor. */
struct pl_moments pl_faint_add(struct pl_faint *f, const uint8_t *near, const double *whole,
			       const struct pl_cells *cells);

/* What the noise of codes that cannot be negative has added to each frame of the stretch. */
struct pl_moments pl_faint_bias(const struct pl_faint *f, const struct pl_geometry *g,
				const uint8_t *near);

#endif
