/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Datasets and their rows. Reading a dataset to its end is what shows a damaged chunk; the
 * columns must agree in length; and a jump in the sequence numbers must be explained by rows of
 * /gaps that add up to exactly the frames that are not there, while no gap may claim a frame that
 * is.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "h5.h"
#include "h5_guard.h"
#include "layout.h"
#include "trial.h"
#include "verify.h"

#define READ_BYTES (4u << 20)

struct look {
	hid_t file;
	uint64_t frames;
	int tell;
	struct pl_error *err;
	int result;
};

/* A slab of the first dimension of about READ_BYTES. */
static hsize_t slab_rows(const hsize_t *size, int rank, size_t element)
{
	size_t row = element;

	for (int i = 1; i < rank; i++)
		row *= size[i] ? size[i] : 1;
	return row >= READ_BYTES ? 1 : READ_BYTES / row;
}

static int read_slabs(hid_t dset, hid_t type, hid_t space, const char *name, struct look *look)
{
	hsize_t size[H5S_MAX_RANK] = {1}, from[H5S_MAX_RANK] = {0}, count[H5S_MAX_RANK];
	int rank = H5Sget_simple_extent_dims(space, size, NULL), result = 0;
	hsize_t rows = slab_rows(size, rank, H5Tget_size(type)), bytes = H5Tget_size(type);
	void *data;

	memcpy(count, size, sizeof(count));
	for (int i = 1; i < rank; i++)
		bytes *= size[i] ? size[i] : 1;
	if (rank < 1 || bytes > 1u << 30)
		return pl_error_set(look->err, PL_ECORRUPT, 0, "%s has an absurd shape", name);
	data = malloc(rows * bytes);
	if (!data)
		return pl_error_set(look->err, PL_ENOMEM, 0, "no memory to read %s", name);
	for (; from[0] < size[0] && result == 0; from[0] += count[0]) {
		hid_t memory;

		count[0] = size[0] - from[0] < rows ? size[0] - from[0] : rows;
		memory = H5Screate_simple(rank, count, NULL);
		if (H5Sselect_hyperslab(space, H5S_SELECT_SET, from, NULL, count, NULL) < 0 ||
		    H5Dread(dset, type, memory, space, H5P_DEFAULT, data) < 0)
			result = pl_h5_error(look->err, "%s cannot be read from row %llu on", name,
					     (unsigned long long)from[0]);
		H5Sclose(memory);
		if (strcmp(name, &PL_H5_RAW[1]) == 0) /* next to which the rest is nothing */
			pl_h5_guard_tell(look->tell, from[0] + count[0], 2 * look->frames);
	}
	free(data);
	return result;
}

static int read_scalar(hid_t dset, hid_t type, const char *name, struct look *look)
{
	void *data = calloc(1, H5Tget_size(type) + 1);
	int result = 0;

	if (!data || H5Dread(dset, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, data) < 0)
		result = pl_h5_error(look->err, "%s cannot be read", name);
	free(data);
	return result;
}

static herr_t read_object(hid_t root, const char *name, const H5O_info_t *info, void *user)
{
	struct look *look = user;
	hid_t dset, type, space;

	if (info->type != H5O_TYPE_DATASET)
		return 0;
	dset = H5Dopen2(root, name, H5P_DEFAULT);
	if (dset < 0) {
		look->result = pl_h5_error(look->err, "cannot open %s", name);
		return 1;
	}
	type = H5Dget_type(dset);
	space = H5Dget_space(dset);
	if (H5Tdetect_class(type, H5T_VLEN) > 0 || H5Tis_variable_str(type) > 0)
		look->result = 0; /* none of ours */
	else if (H5Sget_simple_extent_type(space) == H5S_SCALAR)
		look->result = read_scalar(dset, type, name, look);
	else
		look->result = read_slabs(dset, type, space, name, look);
	H5Sclose(space);
	H5Tclose(type);
	H5Dclose(dset);
	return look->result != 0;
}

/* Datasets of /frames (or /samples) and /metrics have a row a frame, but for the positions of the
 * cells. */
static herr_t check_length(hid_t group, const char *name, const H5L_info_t *info, void *user)
{
	struct look *look = user;
	int64_t rows;

	(void)info;
	if (strcmp(name, "x_mm") == 0 || strcmp(name, "y_mm") == 0)
		return 0;
	rows = pl_trial_length(group, name);
	if (rows == (int64_t)look->frames)
		return 0;
	look->result = pl_error_set(look->err, PL_ECORRUPT, 0,
				    "%s has %lld rows where there are %llu frames", name,
				    (long long)rows, (unsigned long long)look->frames);
	return 1;
}

static int check_lengths(struct look *look, const char *rows)
{
	if (H5Literate_by_name(look->file, rows, H5_INDEX_NAME, H5_ITER_INC, NULL, check_length,
			       look, H5P_DEFAULT) < 0 ||
	    (look->result == 0 &&
	     H5Literate_by_name(look->file, PL_H5_METRICS, H5_INDEX_NAME, H5_ITER_INC, NULL,
				check_length, look, H5P_DEFAULT) < 0))
		return pl_h5_error(look->err, "cannot list the columns");
	return look->result;
}

/* ---- sequence and gaps ---- */

static void *read_column(hid_t file, const char *name, hid_t type, size_t size, uint64_t n,
			 struct pl_error *err)
{
	hid_t dset = H5Dopen2(file, name, H5P_DEFAULT);
	void *data = calloc(n + 1, size);

	if (!data)
		pl_error_set(err, PL_ENOMEM, 0, "no memory to read %s", name);
	else if (dset < 0 || (n && H5Dread(dset, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, data) < 0)) {
		pl_h5_error(err, "cannot read %s", name);
		free(data);
		data = NULL;
	}
	if (dset >= 0)
		H5Dclose(dset);
	return data;
}

static int by_place(const void *a, const void *b)
{
	const struct gap_row *x = a, *y = b;

	if (x->epoch != y->epoch)
		return x->epoch < y->epoch ? -1 : 1;
	return x->first_seq < y->first_seq ? -1 : x->first_seq > y->first_seq;
}

/* Gaps in [*g, n) that begin before frame (epoch, seq): how many frames they claim; none may
 * reach into a frame that is there. */
static int claimed(const struct gap_row *gap, size_t n, size_t *g, uint32_t epoch, uint64_t seq,
		   bool same_epoch, uint64_t *count, struct pl_error *err)
{
	*count = 0;
	for (; *g < n &&
	       (gap[*g].epoch < epoch || (gap[*g].epoch == epoch && gap[*g].first_seq < seq));
	     ++*g) {
		if (gap[*g].epoch != epoch)
			continue;
		if (gap[*g].count > seq - gap[*g].first_seq)
			return pl_error_set(err, PL_ECORRUPT, 0,
					    "/gaps says frame %llu of epoch %u is missing, but it "
					    "is there",
					    (unsigned long long)seq, epoch);
		if (same_epoch)
			*count += gap[*g].count;
	}
	if (*g < n && gap[*g].epoch == epoch && gap[*g].first_seq == seq && gap[*g].count)
		return pl_error_set(err, PL_ECORRUPT, 0,
				    "/gaps says frame %llu of epoch %u is missing, but it is there",
				    (unsigned long long)seq, epoch);
	return 0;
}

static int check_story(const struct trial *t, const uint64_t *seq, const uint32_t *epoch,
		       struct pl_error *err)
{
	size_t g = 0;

	if (t->rows.gaps)
		qsort(t->rows.gap, t->rows.gaps, sizeof(*t->rows.gap), by_place);
	for (uint64_t i = 0; i < t->frames; i++) {
		bool same = i > 0 && epoch[i] == epoch[i - 1];
		uint64_t missing;

		if (i > 0 && (epoch[i] < epoch[i - 1] || (same && seq[i] <= seq[i - 1])))
			return pl_error_set(err, PL_ECORRUPT, 0,
					    "the sequence goes backwards in row %llu",
					    (unsigned long long)i);
		if (claimed(t->rows.gap, t->rows.gaps, &g, epoch[i], seq[i], same, &missing, err) !=
		    0)
			return -1;
		if (same && seq[i] - seq[i - 1] - 1 != missing)
			return pl_error_set(err, PL_ECORRUPT, 0,
					    "%llu frames are missing before row %llu; /gaps says "
					    "%llu",
					    (unsigned long long)(seq[i] - seq[i - 1] - 1),
					    (unsigned long long)i, (unsigned long long)missing);
	}
	return 0;
}

static int check_sequence(hid_t file, const struct trial *t, struct pl_error *err)
{
	uint64_t *seq = read_column(file, PL_H5_FRAMES "/seq", H5T_NATIVE_UINT64, sizeof(*seq),
				    t->frames, err);
	uint32_t *epoch = seq ? read_column(file, PL_H5_FRAMES "/epoch", H5T_NATIVE_UINT32,
					    sizeof(*epoch), t->frames, err)
			      : NULL;
	int result = seq && epoch ? check_story(t, seq, epoch, err) : -1;

	free(seq);
	free(epoch);
	return result;
}

static int check_open(struct look *look, const struct trial *t)
{
	bool table = H5Lexists(look->file, PL_H5_SAMPLES, H5P_DEFAULT) > 0;
	int64_t raw = table ? -1 : pl_trial_length(look->file, PL_H5_RAW);

	look->frames = t->frames;
	if (!table && raw != (int64_t)t->frames)
		return pl_error_set(look->err, PL_ECORRUPT, 0,
				    PL_H5_RAW " has %lld frames, the columns have %llu",
				    (long long)raw, (unsigned long long)t->frames);
	if (check_lengths(look, table ? PL_H5_SAMPLES : PL_H5_FRAMES) != 0)
		return -1;
	if (H5Ovisit(look->file, H5_INDEX_NAME, H5_ITER_NATIVE, read_object, look) < 0)
		return pl_h5_error(look->err, "cannot list what is in the file");
	if (look->result != 0)
		return -1;
	return table ? 0 : check_sequence(look->file, t, look->err);
}

int pl_verify_structure(const char *path, int tell, struct pl_verify_report *report,
			struct pl_error *err)
{
	struct look look = {.tell = tell, .err = err};
	struct trial trial = {0};
	int result = -1;

	if (pl_trial_read(path, &trial, err) != 0) {
		pl_rows_free(&trial.rows);
		return -1;
	}
	report->frames = trial.frames;
	report->gaps = trial.rows.gaps;
	report->lost_frames = trial.lost_frames;
	look.file = pl_h5_open(path, H5F_ACC_RDONLY, err);
	if (look.file >= 0) {
		result = check_open(&look, &trial);
		H5Fclose(look.file);
	}
	report->readable = result == 0;
	pl_rows_free(&trial.rows);
	return result;
}
