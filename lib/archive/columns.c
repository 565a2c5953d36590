/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Some eighty datasets that grow by one row a frame. Row by row through HDF5 they would cost more
 * than the frames themselves; gathered into blocks of 4,096 rows, shuffled, compressed here and
 * written as finished chunks they cost next to nothing.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "columns.h"
#include "layout.h"

enum fixed { SEQ, EPOCH, FLAGS, DEVICE_SEQ, T_MONO, T_EST, T_DEVICE, T_S, LOST, FIXED };

struct about {
	const char *name, *unit, *long_name;
	enum { U64, U32, I64, F64, F32 } kind;
};

static const struct about fixed_columns[FIXED] = {
	[SEQ] = {"seq", "", "frame number, from 0 in each epoch; a jump is frames lost", U64},
	[EPOCH] = {"epoch", "", "counts connections of the mat, from 0", U32},
	[FLAGS] = {"flags", "",
		   "bits: 0 lost, 1 saturated, 2 dead, 3 epoch, 4 resync, 5 edge, "
		   "6 mark, 7 tare, 8 partial, 9 held, 16 to 23 source missing",
		   U32},
	[DEVICE_SEQ] = {"device_seq", "", "the device's own frame counter, unwrapped; -1 none",
			I64},
	[T_MONO] = {"t_mono_ns", "ns", "host's monotonic clock at the frame's last byte", I64},
	[T_EST] = {"t_est_ns", "ns", "estimated sampling time on the host's monotonic clock", I64},
	[T_DEVICE] = {"t_device", "ns", "the device's own clock, unwrapped; lowest integer: none",
		      I64},
	[T_S] = {"t_s", "s", "time since the start of the recording", F64},
	[LOST] = {"lost", "", "frames lost so far in this epoch: device, corrupt, overrun, pool",
		  U64},
};

static void set_type(struct column *c, int kind)
{
	switch (kind) {
	case U64:
		c->file_type = H5T_STD_U64LE, c->type = H5T_NATIVE_UINT64, c->size = 8;
		break;
	case U32:
		c->file_type = H5T_STD_U32LE, c->type = H5T_NATIVE_UINT32, c->size = 4;
		break;
	case I64:
		c->file_type = H5T_STD_I64LE, c->type = H5T_NATIVE_INT64, c->size = 8;
		break;
	case F64:
		c->file_type = H5T_IEEE_F64LE, c->type = H5T_NATIVE_DOUBLE, c->size = 8;
		break;
	default:
		c->file_type = H5T_IEEE_F32LE, c->type = H5T_NATIVE_FLOAT, c->size = 4;
		break;
	}
}

int pl_columns_init(struct columns *c, const struct pl_journal_reader *r, struct pl_error *err)
{
	*c = (struct columns){
		.n_metrics = pl_journal_metric_columns(r),
		.t0_ns = pl_journal_meta(r)->started_mono_ns,
	};
	c->n = FIXED + c->n_metrics;
	c->column = calloc(c->n, sizeof(*c->column));
	for (unsigned i = 0; c->column && i < c->n; i++) {
		struct column *col = &c->column[i];

		if (i < FIXED)
			snprintf(col->path, sizeof(col->path), PL_H5_FRAMES "/%s",
				 fixed_columns[i].name);
		else
			snprintf(col->path, sizeof(col->path), PL_H5_METRICS "/%s",
				 pl_journal_reader_key(r, i - FIXED));
		set_type(col, i < FIXED ? (int)fixed_columns[i].kind : F32);
		col->width = i == LOST ? PL_LOSS_CAUSES : 1;
		col->dset = -1;
		/* zeroed: the unused rows of the last chunk reach the disk as well */
		col->block = calloc(COLUMN_ROWS, col->size * col->width);
		if (!col->block)
			return pl_error_set(err, PL_ENOMEM, 0, "no memory for the columns");
	}
	return c->column ? 0 : pl_error_set(err, PL_ENOMEM, 0, "no memory for the columns");
}

void pl_columns_free(struct columns *c)
{
	for (unsigned i = 0; c->column && i < c->n; i++)
		free(c->column[i].block);
	free(c->column);
	c->column = NULL;
}

size_t pl_columns_scratch(void)
{
	return pl_zpack_bound(COLUMN_ROWS * sizeof(uint64_t) * PL_LOSS_CAUSES);
}

static int describe(const struct columns *c, unsigned i, struct pl_error *err)
{
	hid_t dset = c->column[i].dset;
	const char *key = strrchr(c->column[i].path, '/') + 1;
	const char *unit = "", *long_name = key;
	int metric;

	if (i < FIXED) {
		unit = fixed_columns[i].unit;
		long_name = fixed_columns[i].long_name;
	} else if ((metric = pl_metric_find(key)) >= 0) {
		char calibrated[JOURNAL_KEY_CAP];

		pl_metric_key((size_t)metric, true, calibrated, sizeof(calibrated));
		unit = pl_metric_unit((size_t)metric, strcmp(key, calibrated) == 0);
		long_name = pl_metric_def((size_t)metric)->long_name;
	}
	if (*unit && pl_h5_attr_text(dset, "units", unit, err) != 0)
		return -1;
	return pl_h5_attr_text(dset, "long_name", long_name, err);
}

int pl_columns_create(struct columns *c, hid_t file, struct pl_error *err)
{
	const hsize_t unlimited[] = {H5S_UNLIMITED, PL_LOSS_CAUSES};
	const hsize_t none[] = {0, PL_LOSS_CAUSES}, chunk[] = {COLUMN_ROWS, PL_LOSS_CAUSES};

	for (unsigned i = 0; i < c->n; i++) {
		struct column *col = &c->column[i];
		int rank = col->width > 1 ? 2 : 1;
		hid_t space = H5Screate_simple(rank, none, unlimited);
		hid_t dcpl = H5Pcreate(H5P_DATASET_CREATE);

		if (H5Pset_chunk(dcpl, rank, chunk) < 0 || H5Pset_shuffle(dcpl) < 0 ||
		    H5Pset_deflate(dcpl, 1) < 0 || H5Pset_fill_time(dcpl, H5D_FILL_TIME_NEVER) < 0)
			return pl_h5_error(err, "cannot prepare %s", col->path);
		col->dset = H5Dcreate2(file, col->path, col->file_type, space, H5P_DEFAULT, dcpl,
				       H5P_DEFAULT);
		if (col->dset < 0)
			return pl_h5_error(err, "cannot create %s", col->path);
		if (describe(c, i, err) != 0)
			return -1;
		H5Pclose(dcpl);
		H5Sclose(space);
	}
	return 0;
}

static int check_shape(const struct column *col, uint64_t rows, struct pl_error *err)
{
	hid_t space = H5Dget_space(col->dset);
	hsize_t size[H5S_MAX_RANK] = {0};
	int rank = H5Sget_simple_extent_dims(space, size, NULL);

	H5Sclose(space);
	if (rank != (col->width > 1 ? 2 : 1) || size[0] != rows ||
	    (col->width > 1 && size[1] != col->width))
		return pl_error_set(err, PL_ECORRUPT, 0,
				    "%s has %llu rows where there are %llu frames", col->path,
				    (unsigned long long)size[0], (unsigned long long)rows);
	return 0;
}

int pl_columns_open(struct columns *c, hid_t file, uint64_t rows, struct pl_error *err)
{
	for (unsigned i = 0; i < c->n; i++) {
		struct column *col = &c->column[i];

		col->dset = H5Dopen2(file, col->path, H5P_DEFAULT);
		if (col->dset < 0)
			return pl_h5_error(err, "cannot open %s", col->path);
		if (check_shape(col, rows, err) != 0)
			return -1;
	}
	return 0;
}

int pl_columns_close(struct columns *c, struct pl_error *err)
{
	int result = 0;

	for (unsigned i = 0; c->column && i < c->n; i++) {
		hid_t dset = c->column[i].dset;

		c->column[i].dset = -1;
		if (dset >= 0 && H5Dclose(dset) < 0 && result == 0)
			result = pl_h5_error(err, "cannot finish %s", c->column[i].path);
	}
	return result;
}

bool pl_columns_push(struct columns *c, const struct pl_frame *f)
{
	struct column *col = c->column;
	const size_t row = c->rows;
	const double t_s = (double)(int64_t)((uint64_t)f->t_est_ns - (uint64_t)c->t0_ns) * 1e-9;

	memcpy(col[SEQ].block + 8 * row, &f->seq, 8);
	memcpy(col[EPOCH].block + 4 * row, &f->epoch, 4);
	memcpy(col[FLAGS].block + 4 * row, &f->flags, 4);
	memcpy(col[DEVICE_SEQ].block + 8 * row, &f->device_seq, 8);
	memcpy(col[T_MONO].block + 8 * row, &f->t_mono_ns, 8);
	memcpy(col[T_EST].block + 8 * row, &f->t_est_ns, 8);
	memcpy(col[T_DEVICE].block + 8 * row, &f->t_device_ns, 8);
	memcpy(col[T_S].block + 8 * row, &t_s, 8);
	memcpy(col[LOST].block + sizeof(f->lost) * row, f->lost, sizeof(f->lost));
	for (unsigned i = 0; i < c->n_metrics; i++)
		memcpy(col[FIXED + i].block + sizeof(float) * row, f->metrics + i, sizeof(float));
	return ++c->rows == COLUMN_ROWS;
}

int pl_columns_write(struct columns *c, struct zpack *z, void *shuffled, void *packed,
		     struct pl_error *err)
{
	const hsize_t size[] = {c->base + c->rows, PL_LOSS_CAUSES}, at[] = {c->base, 0};

	for (unsigned i = 0; c->rows && i < c->n; i++) {
		struct column *col = &c->column[i];
		size_t elements = (size_t)COLUMN_ROWS * col->width, n;

		pl_zpack_shuffle(col->block, elements, col->size, shuffled);
		n = pl_zpack(z, shuffled, elements * col->size, 0, packed);
		if (H5Dset_extent(col->dset, size) < 0 ||
		    H5Dwrite_chunk(col->dset, H5P_DEFAULT, 0, at, n, packed) < 0)
			return pl_h5_error(err, "cannot write %s", col->path);
		memset(col->block, 0, elements * col->size);
	}
	c->base += c->rows;
	c->rows = 0;
	return 0;
}

static int check_column(const struct columns *c, const struct column *col, hid_t memory[2],
			void *scratch, struct pl_error *err)
{
	const hsize_t from[] = {c->base, 0}, count[] = {c->rows, col->width};
	const size_t n = c->rows * col->size * col->width;
	hid_t space = H5Dget_space(col->dset);

	if (H5Sselect_hyperslab(space, H5S_SELECT_SET, from, NULL, count, NULL) < 0 ||
	    H5Dread(col->dset, col->type, memory[col->width > 1], space, H5P_DEFAULT, scratch) < 0)
		return pl_h5_error(err, "cannot read %s", col->path);
	H5Sclose(space);
	for (size_t i = 0; memcmp(scratch, col->block, n) != 0 && i < n; i++)
		if (((const uint8_t *)scratch)[i] != col->block[i])
			return pl_error_set(
				err, PL_ECORRUPT, 0, "%s differs from the journal in row %llu",
				col->path,
				(unsigned long long)(c->base + i / (col->size * col->width)));
	return 0;
}

int pl_columns_check(struct columns *c, void *scratch, struct pl_error *err)
{
	const hsize_t count[] = {c->rows, PL_LOSS_CAUSES};
	hid_t memory[] = {H5Screate_simple(1, count, NULL), H5Screate_simple(2, count, NULL)};
	int result = 0;

	for (unsigned i = 0; c->rows && i < c->n && result == 0; i++)
		result = check_column(c, &c->column[i], memory, scratch, err);
	H5Sclose(memory[0]);
	H5Sclose(memory[1]);
	c->base += c->rows;
	c->rows = 0;
	return result;
}
