/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading HDF5 files that may be damaged or somebody else's. Nothing a file says of its sizes is
 * believed before it was compared with what must be; every failure is PL_ECORRUPT and names the
 * object.
 */
#ifndef ARCHIVE_H5_READ_H
#define ARCHIVE_H5_READ_H

#include <stdbool.h>

#include <plantar/session.h>

#include "h5.h"
#include "h5_chunk.h"

#define H5_READ_RANK 3

/* A dataset that was checked: element class, rank, sizes, chunks of sane size, data in this file.
 */
struct h5_data {
	hid_t dset; /* -1: not open */
	hsize_t size[H5_READ_RANK];
	hsize_t chunk_rows; /* along the first axis; size[0] if it is not chunked */
	size_t chunk_bytes; /* of a whole chunk, not compressed; 0 if it is not chunked */
	bool chunk_spans;   /* a chunk is exactly as wide as all other axes */
	struct h5_packing packing;
};

bool pl_h5_has(hid_t file, const char *path);
int pl_h5_data_open(hid_t file, const char *path, H5T_class_t class, int rank, struct h5_data *d,
		    struct pl_error *err);
void pl_h5_data_close(struct h5_data *d);
/* Rows [first, first + n) of all other axes, as memory_type. Rows that were never written are an
 * error and not zeros, as HDF5 would have it. With u, chunks are read without HDF5's filters and
 * must be as plantard writes them: exactly of that type, as wide as all other axes, shuffled and
 * deflated at most. Without (NULL), HDF5 reads: for what pl_h5_guard has seen read. */
int pl_h5_data_read(const struct h5_data *d, const char *path, hid_t memory_type, uint64_t first,
		    uint64_t n, void *to, struct h5_unpacker *u, struct pl_error *err);
/* Does HDF5 find its way through all chunks? Reads the index, not the data. */
int pl_h5_data_walk(const struct h5_data *d, const char *path, struct pl_error *err);
/* pl_h5_error, as damage. */
int pl_h5_damaged(struct pl_error *err, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* A string dataset, malloced, at most cap - 1 bytes. */
char *pl_h5_read_long_text(hid_t file, const char *path, size_t cap, struct pl_error *err);

/* What the file says of its session and mat, checked; meta is initialised and freed by the caller.
 * Foreign HDF5 files and other schemas: PL_EFORMAT. */
int pl_h5_read_meta(hid_t file, struct pl_session_meta *meta, struct pl_error *err);

#endif
