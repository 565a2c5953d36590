/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Chunks of a dataset without HDF5's filters in between. For datasets whose chunks are as wide as
 * all axes but the first, and whose filters are none, shuffle, deflate or both.
 */
#ifndef ARCHIVE_H5_CHUNK_H
#define ARCHIVE_H5_CHUNK_H

#include <stdbool.h>

#include "h5.h"

/* How the chunks of a dataset are packed. */
struct h5_packing {
	bool known;	      /* it is one of those that are read here */
	int shuffle, deflate; /* place among the filters, -1: not there */
};

struct h5_packing pl_h5_packing(hid_t create_plist);

/* What unpacking needs to remember; serves any number of datasets, one after the other. */
struct h5_unpacker;
struct h5_unpacker *pl_h5_unpacker_new(void); /* NULL: out of memory */
void pl_h5_unpacker_free(struct h5_unpacker *u);

struct h5_chunk {
	hid_t dset;
	const struct h5_packing *packing;
	const hsize_t *at; /* its place: first row, then zeros */
	size_t bytes;	   /* of the chunk, not packed */
	size_t element;
};

/*
 * Elements [first, first + n) of the chunk, as they are in the file. 0, or -1: not there, or
 * damaged; err then has the reason without a name.
 */
int pl_h5_chunk_read(struct h5_unpacker *u, const struct h5_chunk *chunk, size_t first, size_t n,
		     void *to, struct pl_error *err);

#endif
