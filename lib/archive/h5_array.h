/* SPDX-License-Identifier: Apache-2.0 */
/* Any 3-D array of numbers in an HDF5 file as frames. HDF5 touches such a file in children only. */
#ifndef ARCHIVE_H5_ARRAY_H
#define ARCHIVE_H5_ARRAY_H

#include <plantar/hints.h>

#include "backend.h"

/* hints->dataset is not NULL; the other hints that are missing are named in err. */
int pl_backend_h5_array(const char *path, const struct pl_hints *hints, struct pl_backend *b,
			struct pl_error *err);
/* "/img000 (63 x 33 x 500), ...": the 3-D arrays of numbers in a file, "" if there are none. */
void pl_h5_array_list(const char *path, char *buf, size_t cap);

/* Which axis of the array is what, from "y,x,t". */
struct h5_axes {
	int t, y, x;
	bool y_down, x_down; /* a minus: against the mat's direction */
};
int pl_h5_axes_parse(const char *text, struct h5_axes *axes, struct pl_error *err);

#endif
