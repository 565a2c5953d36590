/* SPDX-License-Identifier: Apache-2.0 */
/* From a raw frame to its loaded cells, the same values as pl_calibrate. Private to lib/signal. */
#ifndef PL_SIGNAL_READER_H
#define PL_SIGNAL_READER_H

#include <plantar/calibration.h>

#include "cells.h"

struct pl_reader {
	struct pl_geometry geometry;
	double contact; /* kPa or counts */
	double k;	/* kPa or counts of one unit of the calibration */

	/* How the cells of this type are read. For each cell (or, while all are alike, 64 times the
	 * same): the greatest raw value that is no load, that is no contact, that is not saturated;
	 * in raw cells of that type. */
	bool prepared, quick, alike, plain, same_contact;
	enum pl_dtype dtype;
	unsigned char *no_load, *no_contact, *not_full;
	bool may_saturate;
	uint32_t flags; /* of every frame */
};

/* Allocates for cells of any type. */
bool pl_reader_init(struct pl_reader *rd, const struct pl_geometry *g);
void pl_reader_free(struct pl_reader *rd);
/* A calibration and contact threshold (kPa or counts) from now on. */
void pl_reader_set(struct pl_reader *rd, const struct pl_calibration *cal, double contact);

/* cal: the one that was set. Returns flags as pl_calibrate does. No allocation. */
uint32_t pl_reader_frame(struct pl_reader *rd, const struct pl_calibration *cal, const void *raw,
			 enum pl_dtype dtype, struct pl_cells *cells);

#endif
