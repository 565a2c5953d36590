/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The finished file, read back the way any stranger would read it (H5Dread through HDF5's own
 * filters, none of our code in between) and compared byte for byte with the journal, read a
 * second time. Nothing is believed because it was written without an error.
 */
#include <stdlib.h>
#include <string.h>

#include "columns.h"
#include "h5_check.h"
#include "h5_read.h"
#include "h5_write.h"
#include "layout.h"

struct state {
	const struct h5_check *check;
	hid_t file, raw, memory_type;
	struct columns columns;
	unsigned rows, cols, block_frames;
	size_t cells_bytes;
	uint64_t done;	/* frames compared */
	size_t at;	/* frame within the block */
	uint8_t *block; /* frames read from the file */
	void *scratch;
};

static int open_file(struct state *s, const struct pl_journal_reader *r, struct pl_error *err)
{
	const struct pl_session_meta *m = pl_journal_meta(r);
	char uuid[64];

	s->file = pl_h5_open(s->check->path, H5F_ACC_RDONLY, err);
	if (s->file < 0)
		return -1;
	if (pl_h5_read_text(s->file, "session_uuid", uuid, sizeof(uuid)) != 0 ||
	    strcmp(uuid, m->session_uuid) != 0)
		return pl_error_set(err, PL_ECORRUPT, 0, "%s is of another session",
				    s->check->path);
	s->raw = H5Dopen2(s->file, PL_H5_RAW, H5P_DEFAULT);
	if (s->raw < 0)
		return pl_h5_error(err, "cannot open " PL_H5_RAW);
	return pl_columns_open(&s->columns, s->file, s->check->frames, err);
}

static int check_shape(struct state *s, int dtype, struct pl_error *err)
{
	hid_t space = H5Dget_space(s->raw), type = H5Dget_type(s->raw);
	hid_t file_type = pl_h5_cell_type(dtype, &s->memory_type);
	hsize_t size[H5S_MAX_RANK] = {0};
	bool good = H5Sget_simple_extent_dims(space, size, NULL) == 3 &&
		    size[0] == s->check->frames && size[1] == s->rows && size[2] == s->cols &&
		    H5Tequal(type, file_type) > 0;

	H5Sclose(space);
	H5Tclose(type);
	if (!good)
		return pl_error_set(err, PL_ECORRUPT, 0,
				    PL_H5_RAW " has another shape or type than the journal");
	return 0;
}

/* Who, with which mat, calibrated how: as a journal would hold it, from the file and from the
 * journal. */
static int check_meta(struct state *s, const struct pl_session_meta *want, struct pl_error *err)
{
	const struct journal_keys none = {0};
	uint8_t *is_head = NULL, *want_head = NULL;
	struct pl_session_meta is;
	size_t n = 0, m = 0;
	int result = -1;

	pl_session_meta_init(&is);
	if (pl_h5_read_meta(s->file, &is, err) == 0 &&
	    (is_head = pl_journal_head_encode(&is, &none, &n, err)) &&
	    (want_head = pl_journal_head_encode(want, &none, &m, err))) {
		result = 0;
		if (n != m || memcmp(is_head, want_head, n) != 0)
			result = pl_error_set(err, PL_ECORRUPT, 0,
					      "what %s says of its session, mat or calibration "
					      "differs from the journal",
					      s->check->path);
	}
	pl_session_meta_free(&is);
	free(is_head);
	free(want_head);
	return result;
}

/* The next block of frames from the file. */
static int read_block(struct state *s, struct pl_error *err)
{
	uint64_t left = s->check->frames - s->done;
	const hsize_t from[] = {s->done, 0, 0};
	const hsize_t count[] = {left < s->block_frames ? left : s->block_frames, s->rows, s->cols};
	hid_t space = H5Dget_space(s->raw), memory = H5Screate_simple(3, count, NULL);

	if (H5Sselect_hyperslab(space, H5S_SELECT_SET, from, NULL, count, NULL) < 0 ||
	    H5Dread(s->raw, s->memory_type, memory, space, H5P_DEFAULT, s->block) < 0)
		return pl_h5_error(err, "cannot read " PL_H5_RAW);
	H5Sclose(memory);
	H5Sclose(space);
	s->at = 0;
	return 0;
}

static int check_frame(struct state *s, const struct pl_frame *frame, struct pl_error *err)
{
	if (s->done == s->check->frames)
		return pl_error_set(err, PL_ECORRUPT, 0, "the journal has more frames than %s",
				    s->check->path);
	if (s->done % s->block_frames == 0 && read_block(s, err) != 0)
		return -1;
	if (memcmp(s->block + s->at++ * s->cells_bytes, frame->cells, s->cells_bytes) != 0)
		return pl_error_set(err, PL_ECORRUPT, 0,
				    PL_H5_RAW " differs from the journal in frame %llu",
				    (unsigned long long)s->done);
	s->done++;
	if (pl_columns_push(&s->columns, frame))
		return pl_columns_check(&s->columns, s->scratch, err);
	return 0;
}

static int check_frames(struct state *s, struct pl_journal_reader *r, struct pl_error *err)
{
	const struct h5_check *c = s->check;
	struct pl_journal_record record;

	while (s->done < c->frames) {
		if (pl_journal_next(r, &record, err) != 1)
			return pl_error_set(err, PL_ECORRUPT, 0,
					    "the journal has fewer frames than when it was "
					    "converted");
		if (record.type != PL_RECORD_FRAME)
			continue;
		if (check_frame(s, &record.frame, err) != 0)
			return -1;
		if (c->progress && s->done % 1024 == 0 && c->progress(c->user, s->done, c->frames))
			return pl_error_set(err, PL_ESTATE, 0, "given up while checking");
	}
	return pl_columns_check(&s->columns, s->scratch, err);
}

int pl_h5_check(const struct h5_check *check, struct pl_journal_reader *r, struct pl_error *err)
{
	const struct pl_session_meta *m = pl_journal_meta(r);
	struct state s = {
		.check = check,
		.file = -1,
		.raw = -1,
		.rows = m->geometry.rows,
		.cols = m->geometry.cols,
	};
	int result = -1;

	pl_h5_init();
	s.cells_bytes = pl_geometry_cells(&m->geometry) * pl_dtype_size(m->dtype);
	s.block_frames = pl_h5_chunk_frames(s.cells_bytes);
	s.block = malloc(s.block_frames * s.cells_bytes);
	s.scratch = malloc(pl_columns_scratch());
	if (!s.block || !s.scratch)
		pl_error_set(err, PL_ENOMEM, 0, "no memory to check a recording");
	else if (pl_columns_init(&s.columns, r, err) == 0 &&
		 pl_journal_reader_rewind(r, err) == 0 && open_file(&s, r, err) == 0 &&
		 check_meta(&s, m, err) == 0 && check_shape(&s, m->dtype, err) == 0 &&
		 check_frames(&s, r, err) == 0)
		result = pl_rows_check(check->rows, s.file, err);
	/* only read: closing is safe, and what it says does not matter */
	pl_columns_close(&s.columns, NULL);
	if (s.raw >= 0)
		H5Dclose(s.raw);
	if (s.file >= 0)
		H5Fclose(s.file);
	pl_columns_free(&s.columns);
	free(s.block);
	free(s.scratch);
	return result;
}
