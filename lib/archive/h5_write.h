/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writing one session file. After any failure the file is abandoned: pl_h5_write_free only frees
 * memory and leaves HDF5's objects as they are (closing them has destroyed files).
 */
#ifndef ARCHIVE_H5_WRITE_H
#define ARCHIVE_H5_WRITE_H

#include "columns.h"
#include "rows.h"

struct h5_writer;

/* Creates path with everything that is known before the first frame. */
struct h5_writer *pl_h5_write_new(const char *path, const struct pl_journal_reader *r,
				  struct pl_error *err);
int pl_h5_write_frame(struct h5_writer *w, const struct pl_frame *frame, struct pl_error *err);
/* What is buffered, the tables, and how it ended; then the file is closed. */
int pl_h5_write_finish(struct h5_writer *w, const struct rows *rows, bool complete,
		       const char *end_reason, struct pl_error *err);
void pl_h5_write_free(struct h5_writer *w);

/* The text of /summary, added to a finished file. */
int pl_h5_write_summary(const char *path, const char *json, struct pl_error *err);

/* Frames in a chunk of /frames/raw. */
unsigned pl_h5_chunk_frames(size_t cells_bytes);

#endif
