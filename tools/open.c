/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A byte capture becomes a recording here. The archive library knows files of frames; what a mat
 * sent down its line is known to the drivers; the tools sit above both and join them. A capture is
 * decoded once when it is opened, to learn how many frames it holds and what is missing, and again
 * for each pass, so that memory does not grow with its length.
 */
#include "tools/open.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <plantar/clockfit.h>

#include "drivers/transport/plcap.h"

struct capture {
	struct pl_plcap *file;
	struct pl_mat mat;
	struct pl_decoder *decoder;
	void *cells;
	struct pl_clockfit fit;
	/* the record under way */
	const uint8_t *bytes;
	size_t n;
	int64_t t_ns;
	uint64_t next_seq, lost[PL_LOSS_CAUSES];
	bool started, truncated;
	struct pl_decode_stats first_pass;
};

static const uint8_t nothing[1];

static void capture_close(void *user)
{
	struct capture *c = user;

	if (!c)
		return;
	pl_decoder_free(c->decoder);
	pl_plcap_close(c->file);
	pl_mat_free(&c->mat);
	free(c->cells);
	free(c);
}

static void start_over(struct capture *c)
{
	int64_t deadline_ns;
	struct pl_tx tx;

	pl_decoder_reset(c->decoder);
	if (!c->mat.decoder.matrix.poll.n) /* opened at 0; nobody asks for what is in a capture */
		pl_decoder_tick(c->decoder, 0, &tx, &deadline_ns);
	pl_clockfit_init(&c->fit, c->mat.rate_hz);
	c->bytes = nothing;
	c->n = 0;
	c->next_seq = 0;
	c->started = false;
	memset(c->lost, 0, sizeof(c->lost));
}

static int capture_rewind(void *user, struct pl_error *err)
{
	struct capture *c = user;

	start_over(c);
	return pl_plcap_rewind(c->file, err);
}

static void fill_frame(struct capture *c, const struct pl_raw_frame *raw, struct pl_frame *frame)
{
	uint64_t lost = raw->lost_device + raw->lost_corrupt + raw->lost_overrun;

	c->lost[PL_LOSS_DEVICE] += raw->lost_device;
	c->lost[PL_LOSS_CORRUPT] += raw->lost_corrupt;
	c->lost[PL_LOSS_OVERRUN] += raw->lost_overrun;
	*frame = (struct pl_frame){
		.seq = c->next_seq + lost,
		.flags = (lost ? (uint32_t)PL_FLAG_LOST : 0) |
			 (raw->resync ? (uint32_t)PL_FLAG_RESYNC : 0) |
			 (c->started ? 0 : (uint32_t)PL_FLAG_EPOCH),
		.t_mono_ns = c->t_ns,
		.t_device_ns = raw->t_device_ns,
		.device_seq = raw->device_seq,
		.rows = (uint16_t)c->mat.geometry.rows,
		.cols = (uint16_t)c->mat.geometry.cols,
		.dtype = c->mat.dtype,
		.cells_bytes = pl_geometry_cells(&c->mat.geometry) * pl_dtype_size(c->mat.dtype),
		.cells = c->cells,
	};
	memcpy(frame->lost, c->lost, sizeof(c->lost));
	frame->t_est_ns =
		pl_clockfit_push(&c->fit, frame->t_device_ns, frame->seq, frame->t_mono_ns);
	c->next_seq = frame->seq + 1;
	c->started = true;
}

static int capture_next(void *user, struct pl_frame *frame, struct pl_error *err)
{
	struct capture *c = user;
	struct pl_raw_frame raw = {.cells = c->cells};
	bool got, truncated = false;
	size_t used;
	int r;

	for (;;) {
		got = false;
		used = pl_decoder_feed(c->decoder, c->bytes, c->n, c->t_ns, &raw, &got);
		c->bytes += used;
		c->n -= used;
		if (got) {
			fill_frame(c, &raw, frame);
			return 1;
		}
		if (used)
			continue;
		r = pl_plcap_next(c->file, &c->t_ns, &c->bytes, &c->n, &truncated, err);
		if (r <= 0) {
			c->bytes = nothing;
			c->n = 0;
			c->truncated = c->truncated || truncated;
			return r;
		}
	}
}

/* The first pass: how much there is, and what is missing. */
static int survey(struct capture *c, struct pl_recording_info *info, struct pl_error *err)
{
	struct pl_frame frame;
	int64_t first_ns = 0, last_ns = 0;
	double period_s = c->mat.rate_hz > 0 ? 1 / c->mat.rate_hz : 0;
	int r;

	while ((r = capture_next(c, &frame, err)) > 0) {
		last_ns = frame.t_device_ns != INT64_MIN ? frame.t_device_ns : frame.t_est_ns;
		if (info->frames++ == 0)
			first_ns = last_ns;
		if (frame.flags & PL_FLAG_LOST)
			info->gaps++;
	}
	if (r < 0)
		return -1;
	for (int i = 0; i < PL_LOSS_CAUSES; i++)
		info->lost_frames += c->lost[i];
	if (info->frames > 1 && period_s == 0)
		period_s = (double)(last_ns - first_ns) * 1e-9 / (double)(info->frames - 1);
	if (info->frames)
		info->duration_s = (double)(last_ns - first_ns) * 1e-9 + period_s;
	c->first_pass = *pl_decoder_stats(c->decoder);
	if (c->truncated)
		snprintf(info->problem, sizeof(info->problem),
			 "the last record is cut off; the frames before it are here");
	return capture_rewind(c, err);
}

static int load_mat(struct capture *c, const char *path, const char *as, struct pl_error *err)
{
	const char *name = pl_plcap_mat_name(c->file), *text = pl_plcap_mat_text(c->file);

	if (as)
		return pl_mat_load(&c->mat, as, NULL, err);
	if (text && *text)
		return pl_mat_parse(&c->mat, name && *name ? name : "capture", text, err);
	if (name && *name)
		return pl_mat_load(&c->mat, name, NULL, err);
	return pl_error_set(err, PL_EUSAGE, 0, "%s does not say which mat sent it; add --as MAT",
			    path);
}

static struct capture *capture_open(const char *path, const char *as, struct pl_error *err)
{
	struct capture *c = calloc(1, sizeof(*c));

	if (!c) {
		pl_error_set(err, PL_ENOMEM, 0, "out of memory");
		return NULL;
	}
	c->file = pl_plcap_open(path, err);
	if (!c->file || load_mat(c, path, as, err) < 0)
		goto failed;
	c->decoder = pl_decoder_new(&c->mat.decoder, err);
	if (!c->decoder)
		goto failed;
	c->cells = calloc(pl_geometry_cells(&c->mat.geometry), pl_dtype_size(c->mat.dtype));
	if (!c->cells) {
		pl_error_set(err, PL_ENOMEM, 0, "out of memory");
		goto failed;
	}
	start_over(c);
	return c;
failed:
	capture_close(c);
	return NULL;
}

static int open_capture(struct pl_opened *o, const char *path, const char *as, struct pl_error *err)
{
	struct capture *c = capture_open(path, as, err);
	struct pl_recording_source source = {
		.next = capture_next, .rewind = capture_rewind, .close = capture_close, .user = c};

	if (!c)
		return -1;
	source.info.format = PL_FORMAT_PLCAP;
	snprintf(source.info.path, sizeof(source.info.path), "%s", path);
	source.info.geometry = c->mat.geometry;
	source.info.dtype = c->mat.dtype;
	source.info.rate_hz = c->mat.rate_hz;
	source.info.calibrated = pl_calibrated(&c->mat.calibration);
	source.calibration = c->mat.calibration;
	source.live = c->mat.live;
	if (survey(c, &source.info, err) < 0) {
		capture_close(c);
		return -1;
	}
	if (!source.info.frames) {
		pl_error_set(err, PL_EFORMAT, 0,
			     "%s: no frame of mat '%s' in %llu bytes; if another mat sent them, "
			     "name it with --as MAT",
			     path, c->mat.name, (unsigned long long)c->first_pass.bytes);
		capture_close(c);
		return -1;
	}
	o->recording = pl_recording_from(&source, err);
	if (!o->recording) {
		capture_close(c);
		return -1;
	}
	o->mat = &c->mat;
	o->decode = &c->first_pass;
	return 0;
}

/* A table is one because somebody says so; what it certainly is not is refused here. */
static int open_table(struct pl_opened *o, const char *path, enum pl_format format,
		      const struct pl_hints *hints, struct pl_error *err)
{
	if (format != PL_FORMAT_TABLE && format != PL_FORMAT_UNKNOWN)
		return pl_error_set(err, PL_EUSAGE, 0,
				    "%s (%s) is no table; --columns is for those", path,
				    pl_format_name(format));
	if (hints->dataset || hints->axes || hints->pitch_row_mm > 0 || hints->cropped)
		return pl_error_set(err, PL_EUSAGE, 0,
				    "%s: --columns reads a table; --dataset, --axes, --pitch and "
				    "--cropped are for arrays",
				    path);
	o->table = pl_table_open(path, hints, err);
	return o->table ? 0 : -1;
}

int pl_open_hinted(struct pl_opened *o, const char *path, const char *as,
		   const struct pl_hints *hints, struct pl_error *err)
{
	enum pl_format format;
	struct pl_error probe = {.code = PL_OK};

	*o = (struct pl_opened){0};
	format = pl_format_probe_file(path, &probe);
	if (hints && hints->columns)
		return open_table(o, path, format, hints, err);
	if (format == PL_FORMAT_PLCAP && hints &&
	    (hints->dataset || hints->axes || hints->unit || hints->unit_length ||
	     hints->rate_hz > 0 || hints->pitch_row_mm > 0 || hints->cropped))
		return pl_error_set(err, PL_EUSAGE, 0,
				    "%s is a capture of bytes: its mat (--as MAT) says all of it; "
				    "--dataset and what goes with it are for HDF5 files",
				    path);
	if (format == PL_FORMAT_PLCAP)
		return open_capture(o, path, as, err);
	if (as && format != PL_FORMAT_UNKNOWN)
		return pl_error_set(err, PL_EUSAGE, 0,
				    "%s (%s) brings its own description; --as is for byte captures "
				    "(.plcap)",
				    path, pl_format_name(format));
	o->recording = pl_recording_open_hinted(path, hints, &probe);
	if (!o->recording && format == PL_FORMAT_PLANTAR_H5 && probe.code == PL_EUNSUPPORTED)
		o->table = pl_table_open(path, NULL, err);
	else if (!o->recording && err)
		*err = probe;
	return o->recording || o->table ? 0 : -1;
}

int pl_open_any(struct pl_opened *o, const char *path, const char *as, struct pl_error *err)
{
	return pl_open_hinted(o, path, as, NULL, err);
}

int pl_opened_mat(const struct pl_opened *o, const char *path, struct pl_error *err)
{
	const char *why = NULL;

	switch (o->table ? PL_LAYOUT_TABLE : pl_recording_info(o->recording)->layout) {
	case PL_LAYOUT_MAT:
		return 0;
	case PL_LAYOUT_SENSORS:
		why = "says neither where its sensors lie nor how large they are: there are "
		      "pressures in it, no forces; plantar analyze and export --what frames read "
		      "it";
		break;
	case PL_LAYOUT_PICTURE:
		why = "is a picture of each cell's peak pressure: its cells were not loaded at one "
		      "time, there is no force in it; plantar analyze and export --what frames "
		      "read it";
		break;
	case PL_LAYOUT_TABLE:
		why = "holds samples of force or centre of pressure and no frames of cells; "
		      "plantar analyze computes its figures";
		break;
	}
	return pl_error_set(err, PL_EUNSUPPORTED, 0, "%s (%s) %s", path,
			    o->table ? "table" : pl_format_name(pl_recording_origin(o->recording)),
			    why);
}

void pl_opened_close(struct pl_opened *o)
{
	pl_recording_close(o->recording); /* frees the capture, too */
	pl_table_close(o->table);
	*o = (struct pl_opened){0};
}
