/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A finished session file as a recording. The frames lie in compressed chunks of a few dozen, the
 * columns beside them (times, flags, some eighty metrics) in chunks of thousands of rows; each is
 * read in blocks that match its chunks, so that no chunk is inflated twice. Lengths must agree, and
 * the cell type must be the mat's, before the first frame is given out.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backend.h"
#include "h5_guard.h"
#include "h5_read.h"
#include "layout.h"

#define COLUMN_BLOCK 4096u /* rows: the writer's chunks */
#define RAW_BLOCK_BYTES ((size_t)32 << 20)
#define SUMMARY_MAX ((size_t)48 << 20)

enum fixed { SEQ, EPOCH, FLAGS, DEVICE_SEQ, T_MONO, T_EST, T_DEVICE, LOST, FIXED };

struct column {
	struct h5_data data;
	char path[80];
	hid_t type;
	size_t row_bytes;
	uint8_t *block;
};

struct h5 {
	hid_t file;
	struct h5_unpacker *unpacker;
	struct pl_session_meta meta;
	uint64_t frames, next;
	struct {
		struct h5_data data;
		hid_t type;
		size_t frame_bytes;
		uint64_t first, have, cap; /* frames in block */
		uint8_t *block;
	} raw;
	struct column fixed[FIXED];
	struct column *metric; /* one for each of the table; not open where the file has none */
	size_t n_metrics;
	float *metrics; /* of the frame given out; NULL: the file has none at all */
	uint64_t rows_first, rows_have;
	char *summary;
};

static void close_h5(void *user)
{
	struct h5 *h = user;

	for (int i = 0; i < FIXED; i++) {
		pl_h5_data_close(&h->fixed[i].data);
		free(h->fixed[i].block);
	}
	for (size_t i = 0; h->metric && i < h->n_metrics; i++) {
		pl_h5_data_close(&h->metric[i].data);
		free(h->metric[i].block);
	}
	pl_h5_data_close(&h->raw.data);
	if (h->file >= 0)
		H5Fclose(h->file);
	pl_h5_unpacker_free(h->unpacker);
	pl_session_meta_free(&h->meta);
	free(h->raw.block);
	free(h->metric);
	free(h->metrics);
	free(h->summary);
	free(h);
}

/* ---- opening --------------------------------------------------------------------------------- */

static int check_cell_type(struct h5 *h, struct pl_error *err)
{
	hid_t wanted = pl_h5_cell_type((int)h->meta.dtype, &h->raw.type);
	hid_t found = H5Dget_type(h->raw.data.dset);
	bool same = found >= 0 && H5Tequal(found, wanted) > 0;

	if (found >= 0)
		H5Tclose(found);
	if (!same)
		return pl_error_set(err, PL_ECORRUPT, 0,
				    PL_H5_RAW ": the cells are not of the mat's type %s",
				    pl_dtype_name(h->meta.dtype));
	return 0;
}

static int open_raw(struct h5 *h, struct pl_error *err)
{
	const struct pl_geometry *g = &h->meta.geometry;
	bool is_float = h->meta.dtype == PL_F32 || h->meta.dtype == PL_F64;
	struct h5_data *d = &h->raw.data;

	if (pl_h5_data_open(h->file, PL_H5_RAW, is_float ? H5T_FLOAT : H5T_INTEGER, 3, d, err) ||
	    check_cell_type(h, err))
		return -1;
	if (d->size[1] != g->rows || d->size[2] != g->cols)
		return pl_error_set(err, PL_ECORRUPT, 0,
				    PL_H5_RAW " has frames of %llu x %llu cells, the mat %u x %u",
				    (unsigned long long)d->size[1], (unsigned long long)d->size[2],
				    g->rows, g->cols);
	h->frames = d->size[0];
	h->raw.frame_bytes = pl_geometry_cells(g) * pl_dtype_size(h->meta.dtype);
	h->raw.cap = d->chunk_rows;
	if (h->raw.cap > RAW_BLOCK_BYTES / h->raw.frame_bytes)
		h->raw.cap = RAW_BLOCK_BYTES / h->raw.frame_bytes;
	if (!h->raw.cap)
		h->raw.cap = 1;
	h->raw.block = malloc(h->raw.cap * h->raw.frame_bytes);
	return h->raw.block ? 0 : pl_error_set(err, PL_ENOMEM, 0, "out of memory");
}

static int open_column(struct h5 *h, struct column *c, hid_t type, H5T_class_t class,
		       unsigned width, struct pl_error *err)
{
	size_t size = H5Tget_size(type);

	c->type = type;
	c->row_bytes = size * width;
	if (pl_h5_data_open(h->file, c->path, class, width > 1 ? 2 : 1, &c->data, err))
		return -1;
	if (c->data.size[0] != h->frames)
		return pl_error_set(err, PL_ECORRUPT, 0, "%s has %llu rows for %llu frames",
				    c->path, (unsigned long long)c->data.size[0],
				    (unsigned long long)h->frames);
	if (width > 1 && c->data.size[1] != width)
		return pl_error_set(err, PL_ECORRUPT, 0, "%s has %llu columns, not %u", c->path,
				    (unsigned long long)c->data.size[1], width);
	c->block = calloc(COLUMN_BLOCK, c->row_bytes);
	return c->block ? 0 : pl_error_set(err, PL_ENOMEM, 0, "out of memory");
}

static int open_fixed(struct h5 *h, struct pl_error *err)
{
	const struct {
		const char *name;
		hid_t type;
		unsigned width;
	} about[FIXED] = {
		[SEQ] = {"seq", H5T_NATIVE_UINT64, 1},
		[EPOCH] = {"epoch", H5T_NATIVE_UINT32, 1},
		[FLAGS] = {"flags", H5T_NATIVE_UINT32, 1},
		[DEVICE_SEQ] = {"device_seq", H5T_NATIVE_INT64, 1},
		[T_MONO] = {"t_mono_ns", H5T_NATIVE_INT64, 1},
		[T_EST] = {"t_est_ns", H5T_NATIVE_INT64, 1},
		[T_DEVICE] = {"t_device", H5T_NATIVE_INT64, 1},
		[LOST] = {"lost", H5T_NATIVE_UINT64, PL_LOSS_CAUSES},
	};

	for (int i = 0; i < FIXED; i++) {
		struct column *c = &h->fixed[i];

		snprintf(c->path, sizeof(c->path), PL_H5_FRAMES "/%s", about[i].name);
		if (open_column(h, c, about[i].type, H5T_INTEGER, about[i].width, err))
			return -1;
	}
	return 0;
}

/* The columns of this program's table that the file has; a file of an older program may lack some.
 */
static int open_metrics(struct h5 *h, struct pl_error *err)
{
	bool calibrated = pl_calibrated(&h->meta.calibration), any = false;
	char key[64];

	h->metric = calloc(h->n_metrics, sizeof(*h->metric));
	h->metrics = calloc(h->n_metrics, sizeof(*h->metrics));
	if (!h->metric || !h->metrics)
		return pl_error_set(err, PL_ENOMEM, 0, "out of memory");
	for (size_t i = 0; i < h->n_metrics; i++)
		h->metric[i].data.dset = -1;
	for (size_t i = 0; i < h->n_metrics; i++) {
		struct column *c = &h->metric[i];

		snprintf(c->path, sizeof(c->path), PL_H5_METRICS "/%s",
			 pl_metric_key(i, calibrated, key, sizeof(key)));
		h->metrics[i] = NAN;
		if (!pl_h5_has(h->file, c->path))
			continue;
		if (open_column(h, c, H5T_NATIVE_FLOAT, H5T_FLOAT, 1, err))
			return -1;
		any = true;
	}
	if (!any) {
		free(h->metrics);
		h->metrics = NULL;
	}
	return 0;
}

/* ---- frames ---------------------------------------------------------------------------------- */

static uint64_t at_most(uint64_t left, uint64_t cap)
{
	return left < cap ? left : cap;
}

static int load_raw(struct h5 *h, struct pl_error *err)
{
	uint64_t first = h->next - h->next % h->raw.cap;
	uint64_t n = at_most(h->frames - first, h->raw.cap);

	h->raw.have = 0;
	if (pl_h5_data_read(&h->raw.data, PL_H5_RAW, h->raw.type, first, n, h->raw.block,
			    h->unpacker, err))
		return -1;
	h->raw.first = first;
	h->raw.have = n;
	return 0;
}

static int load_rows(struct h5 *h, struct pl_error *err)
{
	uint64_t first = h->next - h->next % COLUMN_BLOCK;
	uint64_t n = at_most(h->frames - first, COLUMN_BLOCK);

	h->rows_have = 0;
	for (int i = 0; i < FIXED; i++)
		if (pl_h5_data_read(&h->fixed[i].data, h->fixed[i].path, h->fixed[i].type, first, n,
				    h->fixed[i].block, h->unpacker, err))
			return -1;
	for (size_t i = 0; i < h->n_metrics; i++)
		if (h->metric[i].data.dset >= 0 &&
		    pl_h5_data_read(&h->metric[i].data, h->metric[i].path, h->metric[i].type, first,
				    n, h->metric[i].block, h->unpacker, err))
			return -1;
	h->rows_first = first;
	h->rows_have = n;
	return 0;
}

static void get_row(const struct h5 *h, enum fixed column, uint64_t row, void *to)
{
	const struct column *c = &h->fixed[column];

	memcpy(to, c->block + row * c->row_bytes, c->row_bytes);
}

static void give(struct h5 *h, struct pl_frame *f)
{
	uint64_t row = h->next - h->rows_first;

	*f = (struct pl_frame){
		.rows = (uint16_t)h->meta.geometry.rows,
		.cols = (uint16_t)h->meta.geometry.cols,
		.dtype = h->meta.dtype,
		.cells_bytes = h->raw.frame_bytes,
		.cells = h->raw.block + (h->next - h->raw.first) * h->raw.frame_bytes,
		.metrics = h->metrics,
	};
	get_row(h, SEQ, row, &f->seq);
	get_row(h, EPOCH, row, &f->epoch);
	get_row(h, FLAGS, row, &f->flags);
	get_row(h, DEVICE_SEQ, row, &f->device_seq);
	get_row(h, T_MONO, row, &f->t_mono_ns);
	get_row(h, T_EST, row, &f->t_est_ns);
	get_row(h, T_DEVICE, row, &f->t_device_ns);
	get_row(h, LOST, row, f->lost);
	for (size_t i = 0; h->metrics && i < h->n_metrics; i++)
		if (h->metric[i].data.dset >= 0)
			memcpy(&h->metrics[i], h->metric[i].block + row * sizeof(float),
			       sizeof(float));
}

static int next_frame(void *user, struct pl_frame *frame, struct pl_error *err)
{
	struct h5 *h = user;

	if (h->next == h->frames)
		return 0;
	if (h->next - h->raw.first >= h->raw.have && load_raw(h, err))
		return -1;
	if (h->next - h->rows_first >= h->rows_have && load_rows(h, err))
		return -1;
	give(h, frame);
	h->next++;
	return 1;
}

static int rewind_h5(void *user, struct pl_error *err)
{
	struct h5 *h = user;

	(void)err;
	h->next = 0;
	return 0;
}

/* ---- info ------------------------------------------------------------------------------------ */

/* Only the member `count` of the rows of /gaps. */
static int sum_gaps(struct h5 *h, struct pl_recording_info *info, struct pl_error *err)
{
	hid_t type = H5Tcreate(H5T_COMPOUND, sizeof(uint64_t));
	uint64_t count[256], n;
	struct h5_data d;
	int result;

	H5Tinsert(type, "count", 0, H5T_NATIVE_UINT64);
	result = pl_h5_data_open(h->file, PL_H5_GAPS, H5T_COMPOUND, 1, &d, err);
	info->gaps = result ? 0 : d.size[0];
	for (uint64_t first = 0; result == 0 && first < info->gaps; first += n) {
		n = at_most(info->gaps - first, 256);
		result = pl_h5_data_read(&d, PL_H5_GAPS, type, first, n, count, NULL, err);
		for (uint64_t i = 0; result == 0 && i < n; i++)
			info->lost_frames += count[i];
	}
	pl_h5_data_close(&d);
	H5Tclose(type);
	return result;
}

static int count_partial(struct h5 *h, struct pl_recording_info *info, struct pl_error *err)
{
	const struct column *flags = &h->fixed[FLAGS];
	uint32_t block[1024];
	uint64_t n;

	for (uint64_t first = 0; first < h->frames; first += n) {
		n = at_most(h->frames - first, 1024);
		if (pl_h5_data_read(&flags->data, flags->path, flags->type, first, n, block,
				    h->unpacker, err))
			return -1;
		for (uint64_t i = 0; i < n; i++)
			info->partial_frames += (block[i] & PL_FLAG_PARTIAL) != 0;
	}
	return 0;
}

static int measure(struct h5 *h, struct pl_recording_info *info, struct pl_error *err)
{
	const struct column *t = &h->fixed[T_EST];
	int64_t first_ns, last_ns;

	if (!h->frames)
		return 0;
	if (pl_h5_data_read(&t->data, t->path, t->type, 0, 1, &first_ns, h->unpacker, err) ||
	    pl_h5_data_read(&t->data, t->path, t->type, h->frames - 1, 1, &last_ns, h->unpacker,
			    err))
		return -1;
	info->duration_s = ((double)last_ns - (double)first_ns) / 1e9 +
			   (info->rate_hz > 0 ? 1 / info->rate_hz : 0);
	return 0;
}

static int fill_info(struct h5 *h, struct pl_recording_info *info, struct pl_error *err)
{
	char reason[64];
	uint8_t complete = 0;

	info->format = PL_FORMAT_PLANTAR_H5;
	info->geometry = h->meta.geometry;
	info->dtype = h->meta.dtype;
	info->rate_hz = h->meta.rate_hz;
	info->frames = h->frames;
	info->calibrated = pl_calibrated(&h->meta.calibration);
	if (h->meta.live.side != PL_SIDE_UNKNOWN)
		snprintf(info->side_hint, sizeof(info->side_hint), "%s",
			 pl_side_name(h->meta.live.side));
	if (pl_h5_read_number(h->file, "complete", H5T_NATIVE_UINT8, &complete) ||
	    pl_h5_read_text(h->file, "end_reason", reason, sizeof(reason)))
		return pl_error_set(err, PL_ECORRUPT, 0,
				    "the attributes 'complete' and 'end_reason' are missing");
	if (!complete)
		snprintf(info->problem, sizeof(info->problem), "the recording was interrupted: %s",
			 reason[0] ? reason : "no reason is known");
	return sum_gaps(h, info, err) || count_partial(h, info, err) || measure(h, info, err) ? -1
											      : 0;
}

static const char *summary(void *user)
{
	struct h5 *h = user;

	if (!h->summary && pl_h5_has(h->file, PL_H5_SUMMARY))
		h->summary = pl_h5_read_long_text(h->file, PL_H5_SUMMARY, SUMMARY_MAX, NULL);
	return h->summary;
}

/* Whoever can do with samples of force opens them by pl_table_open. */
static int check_frames(const struct h5 *h, struct pl_error *err)
{
	if (h->meta.live.layout != PL_LAYOUT_TABLE)
		return 0;
	return pl_error_set(err, PL_EUNSUPPORTED, 0,
			    "holds samples of force or centre of pressure and no frames of cells");
}

static int open_all(struct h5 *h, const char *path, struct pl_recording_info *info,
		    struct pl_error *err)
{
	h->file = pl_h5_open(path, H5F_ACC_RDONLY, err);
	if (h->file < 0) {
		if (err)
			err->code = PL_ECORRUPT;
		return -1;
	}
	if (pl_h5_read_meta(h->file, &h->meta, err) || check_frames(h, err) || open_raw(h, err) ||
	    open_fixed(h, err) || open_metrics(h, err) || fill_info(h, info, err)) {
		pl_error_prefix(err, "%s: ", path);
		return -1;
	}
	return 0;
}

static struct h5 *h5_new(struct pl_error *err)
{
	struct h5 *h = calloc(1, sizeof(*h));

	if (h)
		h->unpacker = pl_h5_unpacker_new();
	if (!h || !h->unpacker) {
		free(h);
		pl_error_set(err, PL_ENOMEM, 0, "out of memory");
		return NULL;
	}
	h->file = h->raw.data.dset = -1;
	h->n_metrics = pl_metric_count();
	for (int i = 0; i < FIXED; i++)
		h->fixed[i].data.dset = -1;
	pl_session_meta_init(&h->meta);
	return h;
}

/* In the guarded process: all that opening does, and once through every index. */
static void try_file(void *user, int tell)
{
	struct pl_recording_info info = {0};
	struct h5 *h = h5_new(NULL);
	int result = h ? open_all(h, user, &info, NULL) : -1;

	if (result == 0)
		result = pl_h5_data_walk(&h->raw.data, PL_H5_RAW, NULL);
	for (int i = 0; result == 0 && i < FIXED; i++)
		result = pl_h5_data_walk(&h->fixed[i].data, h->fixed[i].path, NULL);
	for (size_t i = 0; result == 0 && i < h->n_metrics; i++)
		if (h->metric[i].data.dset >= 0)
			result = pl_h5_data_walk(&h->metric[i].data, h->metric[i].path, NULL);
	if (result == 0)
		summary(h);
	if (h)
		close_h5(h);
	(void)tell;
}

int pl_backend_h5(const char *path, struct pl_backend *b, struct pl_error *err)
{
	const struct h5_guarded guarded = {.work = try_file, .user = (void *)(uintptr_t)path};
	struct h5 *h;

	pl_h5_init();
	if (pl_h5_guard(&guarded, path, err))
		return -1;
	h = h5_new(err);
	if (!h)
		return -1;
	*b = (struct pl_backend){.meta = &h->meta, .summary = summary};
	if (open_all(h, path, &b->source.info, err)) {
		close_h5(h);
		return -1;
	}
	b->sensor_area_m2 = h->meta.sensor_area_m2;
	b->source.user = h;
	b->source.next = next_frame;
	b->source.rewind = rewind_h5;
	b->source.close = close_h5;
	b->source.calibration = h->meta.calibration;
	b->source.live = h->meta.live;
	return 0;
}
