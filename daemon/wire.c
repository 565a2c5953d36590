/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Others hold on to these headers: every one starts with the same members, so that a subscriber
 * can follow sequence and losses whatever topic it listens to, and a frame's header alone is enough
 * to understand the bytes behind it.
 */
#include "daemon/wire.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int pl_wire_mat_init(struct pl_wire_mat *w, const struct pl_mat_entry *entry, struct pl_error *err)
{
	const struct pl_calibration *cal = &entry->mat.calibration;

	*w = (struct pl_wire_mat){
		.name = entry->name,
		.rows = entry->mat.geometry.rows,
		.cols = entry->mat.geometry.cols,
		.dtype = entry->mat.dtype,
		.unit = cal->unit,
		.calibrated = pl_calibrated(cal),
		.scale = cal->scale,
	};
	atomic_init(&w->only_scale, pl_wire_only_scale(cal));
	w->metric_keys = calloc(pl_metric_count(), sizeof(*w->metric_keys));
	if (!w->metric_keys)
		return pl_error_set(err, PL_ENOMEM, errno, "out of memory for metric names");
	for (size_t i = 0; i < pl_metric_count(); i++)
		pl_metric_key(i, w->calibrated, w->metric_keys[i], sizeof(*w->metric_keys));
	return 0;
}

void pl_wire_mat_free(struct pl_wire_mat *w)
{
	free(w->metric_keys);
	w->metric_keys = NULL;
}

bool pl_wire_only_scale(const struct pl_calibration *cal)
{
	return cal->curve_points == 0 && !cal->cell_offset && !cal->cell_gain && !cal->tare;
}

void pl_wire_lost(struct pl_json *j, const char *key, const uint64_t *lost)
{
	pl_json_begin_object(j, key);
	for (int i = 0; i < PL_LOSS_CAUSES; i++)
		pl_json_uint(j, pl_loss_name(i), lost[i]);
	pl_json_end_object(j);
}

static void start(struct pl_json *j, char *buf, size_t cap, const char *mat, uint32_t epoch,
		  uint64_t seq, int64_t t_ns, const uint64_t *lost)
{
	pl_json_init(j, buf, cap);
	pl_json_begin_object(j, NULL);
	pl_json_int(j, "v", 1);
	pl_json_string(j, "mat", mat);
	pl_json_uint(j, "epoch", epoch);
	pl_json_uint(j, "seq", seq);
	pl_json_ns(j, "t_ns", t_ns);
	pl_wire_lost(j, "lost", lost);
}

static void start_frame(struct pl_json *j, char *buf, size_t cap, const struct pl_wire_mat *w,
			const struct pl_frame *f)
{
	start(j, buf, cap, w->name, f->epoch, f->seq, f->t_mono_ns, f->lost);
	pl_json_uint(j, "flags", f->flags);
}

static void cells(struct pl_json *j, const struct pl_wire_mat *w, const struct pl_frame *f)
{
	pl_json_ns(j, "t_est_ns", f->t_est_ns);
	if (f->t_device_ns == INT64_MIN)
		pl_json_null(j, "t_device_ns");
	else
		pl_json_ns(j, "t_device_ns", f->t_device_ns);
	if (f->device_seq < 0)
		pl_json_null(j, "device_seq");
	else
		pl_json_int(j, "device_seq", f->device_seq);
	pl_json_string(j, "dtype", pl_dtype_name(f->dtype));
	pl_json_begin_array(j, "shape");
	pl_json_uint(j, NULL, f->rows);
	pl_json_uint(j, NULL, f->cols);
	pl_json_end_array(j);
	if (atomic_load_explicit(&w->only_scale, memory_order_relaxed))
		pl_json_double(j, "scale", w->scale);
	else
		pl_json_null(j, "scale");
	pl_json_string(j, "unit", pl_unit_name(w->unit));
}

static void metrics(struct pl_json *j, const struct pl_wire_mat *w, const struct pl_frame *f)
{
	size_t n = pl_metric_count();

	pl_json_begin_object(j, "metrics");
	for (size_t i = 0; i < n; i++)
		pl_json_float(j, w->metric_keys[i], f->metrics[i]);
	pl_json_end_object(j);
}

static size_t finish(struct pl_json *j)
{
	pl_json_end_object(j);
	return pl_json_finish(j);
}

size_t pl_wire_frame(const struct pl_wire_mat *w, const struct pl_frame *f, char *buf, size_t cap)
{
	struct pl_json j;

	start_frame(&j, buf, cap, w, f);
	cells(&j, w, f);
	return finish(&j);
}

size_t pl_wire_metrics(const struct pl_wire_mat *w, const struct pl_frame *f, char *buf, size_t cap)
{
	struct pl_json j;

	start_frame(&j, buf, cap, w, f);
	metrics(&j, w, f);
	return finish(&j);
}

size_t pl_wire_view(const struct pl_wire_mat *w, const struct pl_frame *f, bool recording,
		    char *buf, size_t cap)
{
	struct pl_json j;

	start_frame(&j, buf, cap, w, f);
	cells(&j, w, f);
	pl_json_bool(&j, "recording", recording);
	metrics(&j, w, f);
	return finish(&j);
}

size_t pl_wire_event(const char *mat, const struct pl_event *event, char *buf, size_t cap)
{
	struct pl_json j;

	start(&j, buf, cap, mat, event->epoch, event->seq, event->t_mono_ns, event->lost);
	pl_json_string(&j, "kind", event->kind);
	pl_json_string(&j, "text", event->text);
	pl_json_string(&j, "level", pl_level_name(event->level));
	return finish(&j);
}
