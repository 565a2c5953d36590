/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Frames become chunks: gathered, shuffled, compressed by zpack and handed to HDF5 finished
 * (H5Dwrite_chunk), which then has nothing to do but to put them somewhere. Its own path (a
 * write through the filter pipeline) costs several times as much and stalls in flushes. The last
 * chunk is filled up with zeros behind the last frame; the extent says where the frames end.
 */
#include <stdlib.h>
#include <string.h>

#include "h5_describe.h"
#include "h5_write.h"
#include "layout.h"

#define CHUNK_BYTES (512u << 10) /* half of a reader's default chunk cache */
#define CHUNK_FRAMES_MAX 64

struct h5_writer {
	hid_t file, raw;
	struct columns columns;
	struct zpack *z;
	unsigned rows, cols, chunk_frames, held; /* held: frames in chunk */
	size_t cell, cells_bytes;
	uint64_t frames;
	uint8_t *chunk, *shuffled, *packed;
};

unsigned pl_h5_chunk_frames(size_t cells_bytes)
{
	size_t n = CHUNK_BYTES / cells_bytes;

	return n < 1 ? 1 : n > CHUNK_FRAMES_MAX ? CHUNK_FRAMES_MAX : (unsigned)n;
}

static size_t larger(size_t a, size_t b)
{
	return a > b ? a : b;
}

static int set_up(struct h5_writer *w, const struct pl_journal_reader *r, struct pl_error *err)
{
	const struct pl_session_meta *m = pl_journal_meta(r);
	size_t bytes;

	w->rows = m->geometry.rows;
	w->cols = m->geometry.cols;
	w->cell = pl_dtype_size(m->dtype);
	w->cells_bytes = w->cell * w->rows * w->cols;
	w->chunk_frames = pl_h5_chunk_frames(w->cells_bytes);
	bytes = w->chunk_frames * w->cells_bytes;
	w->z = pl_zpack_new();
	w->chunk = malloc(bytes);
	w->shuffled = malloc(larger(bytes, pl_columns_scratch()));
	w->packed = malloc(larger(pl_zpack_bound(bytes), pl_columns_scratch()));
	if (!w->z || !w->chunk || !w->shuffled || !w->packed)
		return pl_error_set(err, PL_ENOMEM, 0, "no memory to convert a recording");
	return pl_columns_init(&w->columns, r, err);
}

static int create_raw(struct h5_writer *w, int dtype, struct pl_error *err)
{
	const hsize_t none[] = {0, w->rows, w->cols};
	const hsize_t unlimited[] = {H5S_UNLIMITED, w->rows, w->cols};
	const hsize_t chunk[] = {w->chunk_frames, w->rows, w->cols};
	hid_t space = H5Screate_simple(3, none, unlimited);
	hid_t dcpl = H5Pcreate(H5P_DATASET_CREATE);

	if (H5Pset_chunk(dcpl, 3, chunk) < 0 || (w->cell > 1 && H5Pset_shuffle(dcpl) < 0) ||
	    H5Pset_deflate(dcpl, 1) < 0 || H5Pset_fill_time(dcpl, H5D_FILL_TIME_NEVER) < 0)
		return pl_h5_error(err, "cannot prepare " PL_H5_RAW);
	w->raw = H5Dcreate2(w->file, PL_H5_RAW, pl_h5_cell_type(dtype, NULL), space, H5P_DEFAULT,
			    dcpl, H5P_DEFAULT);
	if (w->raw < 0)
		return pl_h5_error(err, "cannot create " PL_H5_RAW);
	H5Pclose(dcpl);
	H5Sclose(space);
	return pl_h5_attr_text(w->raw, "units", "counts", err) ||
			       pl_h5_attr_text(w->raw, "long_name",
					       "raw cell values as they came, row 0 at the front",
					       err) ||
			       pl_h5_attr_text(w->raw, "interpretation", "image", err)
		       ? -1
		       : 0;
}

static int create(struct h5_writer *w, const char *path, const struct pl_journal_reader *r,
		  struct pl_error *err)
{
	const struct pl_session_meta *m = pl_journal_meta(r);
	hid_t frames, metrics;

	w->file = pl_h5_create(path, err);
	if (w->file < 0 || pl_h5_describe(w->file, m, err) != 0)
		return -1;
	frames = pl_h5_group(w->file, PL_H5_FRAMES, "NXdata", err);
	metrics = frames < 0 ? -1 : pl_h5_group(w->file, PL_H5_METRICS, "NXdata", err);
	if (metrics < 0)
		return -1;
	if (H5Gclose(frames) < 0 || H5Gclose(metrics) < 0)
		return pl_h5_error(err, "cannot close a group");
	return create_raw(w, m->dtype, err) || pl_columns_create(&w->columns, w->file, err) ||
			       pl_h5_describe_views(w->file, r, err)
		       ? -1
		       : 0;
}

struct h5_writer *pl_h5_write_new(const char *path, const struct pl_journal_reader *r,
				  struct pl_error *err)
{
	struct h5_writer *w = calloc(1, sizeof(*w));

	if (!w) {
		pl_error_set(err, PL_ENOMEM, 0, "no memory to convert a recording");
		return NULL;
	}
	pl_h5_init();
	if (set_up(w, r, err) == 0 && create(w, path, r, err) == 0)
		return w;
	pl_h5_write_free(w);
	return NULL;
}

void pl_h5_write_free(struct h5_writer *w)
{
	if (!w)
		return;
	pl_columns_free(&w->columns);
	pl_zpack_free(w->z);
	free(w->chunk);
	free(w->shuffled);
	free(w->packed);
	free(w);
}

static int write_chunk(struct h5_writer *w, struct pl_error *err)
{
	const size_t n = w->chunk_frames * w->cells_bytes;
	const hsize_t at[] = {w->frames, 0, 0};
	const hsize_t size[] = {w->frames + w->held, w->rows, w->cols};
	const uint8_t *bytes = w->chunk;
	size_t packed;

	if (!w->held)
		return 0;
	memset(w->chunk + w->held * w->cells_bytes, 0, n - w->held * w->cells_bytes);
	if (w->cell > 1) {
		pl_zpack_shuffle(w->chunk, n / w->cell, w->cell, w->shuffled);
		bytes = w->shuffled;
	}
	/* within a plane, the frame before is as far as a frame has cells */
	packed = pl_zpack(w->z, bytes, n, w->cells_bytes / w->cell, w->packed);
	if (H5Dset_extent(w->raw, size) < 0 ||
	    H5Dwrite_chunk(w->raw, H5P_DEFAULT, 0, at, packed, w->packed) < 0)
		return pl_h5_error(err, "cannot write frames");
	w->frames += w->held;
	w->held = 0;
	return 0;
}

int pl_h5_write_frame(struct h5_writer *w, const struct pl_frame *frame, struct pl_error *err)
{
	memcpy(w->chunk + w->held * w->cells_bytes, frame->cells, w->cells_bytes);
	if (pl_columns_push(&w->columns, frame) &&
	    pl_columns_write(&w->columns, w->z, w->shuffled, w->packed, err) != 0)
		return -1;
	return ++w->held == w->chunk_frames ? write_chunk(w, err) : 0;
}

int pl_h5_write_finish(struct h5_writer *w, const struct rows *rows, bool complete,
		       const char *end_reason, struct pl_error *err)
{
	if (write_chunk(w, err) != 0 ||
	    pl_columns_write(&w->columns, w->z, w->shuffled, w->packed, err) != 0 ||
	    pl_rows_write(rows, w->file, err) != 0 ||
	    pl_h5_attr_u8(w->file, "complete", complete, err) != 0 ||
	    pl_h5_attr_text(w->file, "end_reason", end_reason, err) != 0)
		return -1;
	/* flush first: a full disk shows here, while nothing has been closed yet */
	if (H5Fflush(w->file, H5F_SCOPE_GLOBAL) < 0)
		return pl_h5_error(err, "cannot write the recording");
	if (pl_columns_close(&w->columns, err) != 0)
		return -1;
	if (H5Dclose(w->raw) < 0 || H5Fclose(w->file) < 0)
		return pl_h5_error(err, "cannot finish the recording");
	return 0;
}

int pl_h5_write_summary(const char *path, const char *json, struct pl_error *err)
{
	hid_t file = pl_h5_open(path, H5F_ACC_RDWR, err);

	if (file < 0 || pl_h5_text(file, PL_H5_SUMMARY, json, err) != 0)
		return -1;
	if (H5Fflush(file, H5F_SCOPE_GLOBAL) < 0 || H5Fclose(file) < 0)
		return pl_h5_error(err, "cannot write " PL_H5_SUMMARY);
	return 0;
}
