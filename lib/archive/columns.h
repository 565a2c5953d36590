/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The frames of a recording as columns: what stands in /frames and /metrics, one row a frame. The
 * converter fills blocks of rows and writes them as compressed chunks; the check fills the same
 * blocks from the journal again and compares them with what plain HDF5 reads give back.
 */
#ifndef ARCHIVE_COLUMNS_H
#define ARCHIVE_COLUMNS_H

#include "h5.h"
#include "journal_file.h"
#include "zpack.h"

#define COLUMN_ROWS 4096 /* rows a block and a chunk */

struct column {
	char path[80]; /* "/frames/seq", "/metrics/force_n" */
	hid_t file_type, type;
	size_t size;	/* of an element */
	unsigned width; /* elements a row: 1, or the causes of `lost` */
	uint8_t *block; /* COLUMN_ROWS rows */
	hid_t dset;
};

struct columns {
	struct column *column;
	unsigned n, n_metrics;
	uint64_t base; /* row number of the block's first row */
	size_t rows;   /* in the block */
	int64_t t0_ns; /* where t_s begins */
};

int pl_columns_init(struct columns *c, const struct pl_journal_reader *r, struct pl_error *err);
void pl_columns_free(struct columns *c);

/* Creates the datasets (the groups exist). Opens them. Closes them. */
int pl_columns_create(struct columns *c, hid_t file, struct pl_error *err);
int pl_columns_open(struct columns *c, hid_t file, uint64_t rows, struct pl_error *err);
int pl_columns_close(struct columns *c, struct pl_error *err);

/* Adds a row; the block must not be full. True if it is now. */
bool pl_columns_push(struct columns *c, const struct pl_frame *frame);
/* Writes the block as a chunk, starts the next. packed and shuffled: pl_columns_scratch() bytes. */
int pl_columns_write(struct columns *c, struct zpack *z, void *shuffled, void *packed,
		     struct pl_error *err);
size_t pl_columns_scratch(void);
/* Reads the block's rows from the file and compares; starts the next. */
int pl_columns_check(struct columns *c, void *scratch, struct pl_error *err);

#endif
