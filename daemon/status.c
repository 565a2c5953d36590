/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The one document from which a late joiner learns everything: geometry, calibration, states, every
 * counter, where recordings go. Published once a second and returned by the control command
 * `status`; bounded to 64 KiB. docs/wire.md describes each member.
 */
#include <math.h>
#include <string.h>
#include <unistd.h>

#include "daemon/calibrated.h"
#include "daemon/daemon.h"

static void endpoints(const struct pl_daemon *d, struct pl_json *j)
{
	char view[500];

	pl_json_begin_object(j, "endpoints");
	pl_json_begin_array(j, "data");
	for (unsigned i = 0; i < d->config->n_data; i++)
		pl_json_string(j, NULL, d->config->data[i]);
	pl_json_end_array(j);
	pl_json_string(j, "control", d->config->control[0]);
	pl_json_begin_array(j, "control_all");
	for (unsigned i = 0; i < d->config->n_control; i++)
		pl_json_string(j, NULL, d->config->control[i]);
	pl_json_end_array(j);
	pl_json_begin_array(j, "view");
	if (pl_access_view_endpoint(d->access, "data", view, sizeof(view)))
		pl_json_string(j, NULL, view);
	if (pl_access_view_endpoint(d->access, "control", view, sizeof(view)))
		pl_json_string(j, NULL, view);
	pl_json_end_array(j);
	pl_json_end_object(j);
}

static void place(struct pl_json *j, const struct pl_place *p)
{
	pl_json_string(j, "folder", p->folder);
	pl_json_uint(j, "free_bytes", atomic_load(&p->free_bytes));
	pl_json_uint(j, "reserve_bytes", atomic_load(&p->reserve_bytes));
}

static void archive(struct pl_daemon *d, struct pl_json *j)
{
	const struct pl_places *places = pl_recorder_places(d->recorder);

	pl_json_begin_object(j, "archive");
	place(j, &places->at[0]);
	if (places->n > 1) {
		pl_json_begin_object(j, "fallback");
		place(j, &places->at[1]);
		pl_json_end_object(j);
	} else {
		pl_json_null(j, "fallback");
	}
	pl_json_uint(j, "converting", pl_converter_following(d->converter));
	pl_json_uint(j, "recovering", pl_converter_recovering(d->converter));
	pl_json_uint(j, "recorder_stalls", d->recorder_stalls);
	pl_json_uint(j, "requests_audited", d->audit_requests);
	if (d->last_finished >= 0) {
		pl_json_begin_object(j, "last");
		pl_json_string(j, "path", d->results[d->last_finished].path);
		pl_json_uint(j, "frames", d->results[d->last_finished].frames);
		pl_json_end_object(j);
	} else {
		pl_json_null(j, "last");
	}
	pl_json_end_object(j);
}

static void decode(const struct pl_decode_stats *s, struct pl_json *j)
{
	pl_json_begin_object(j, "decode");
	pl_json_uint(j, "bytes", s->bytes);
	pl_json_uint(j, "frames", s->frames);
	pl_json_uint(j, "lost_device", s->lost_device);
	pl_json_uint(j, "lost_corrupt", s->lost_corrupt);
	pl_json_uint(j, "lost_overrun", s->lost_overrun);
	pl_json_uint(j, "bad_length", s->bad_length);
	pl_json_uint(j, "bad_checksum", s->bad_checksum);
	pl_json_uint(j, "bad_sanity", s->bad_sanity);
	pl_json_uint(j, "skipped_bytes", s->skipped_bytes);
	pl_json_uint(j, "resyncs", s->resyncs);
	pl_json_uint(j, "duplicates", s->duplicates);
	pl_json_uint(j, "info_packets", s->info_packets);
	pl_json_uint(j, "log_packets", s->log_packets);
	pl_json_end_object(j);
}

static void recording(struct pl_daemon *d, unsigned mat, struct pl_json *j)
{
	struct pl_recording_status r;

	pl_recorder_status(d->recorder, mat, &r);
	if (!r.active) {
		pl_json_null(j, "recording");
		return;
	}
	pl_json_begin_object(j, "recording");
	pl_json_string(j, "session_uuid", r.session_uuid);
	pl_json_uint(j, "trial", r.trial);
	pl_json_string(j, "path", r.path);
	pl_json_string(j, "subject", r.subject);
	pl_json_string(j, "protocol", r.protocol);
	pl_json_string(j, "condition", r.condition);
	pl_json_ns(j, "started_utc_ns", r.started_utc_ns);
	pl_json_uint(j, "frames", r.frames);
	pl_json_uint(j, "gap_frames", r.gap_frames);
	pl_json_uint(j, "journal_bytes", r.journal_bytes);
	pl_json_end_object(j);
}

static void fixed(const struct pl_daemon *d, unsigned i, struct pl_json *j)
{
	const struct pl_mat_entry *entry = &d->config->mats[i];
	const struct pl_wire_mat *w = &d->mats[i].wire;
	const struct pl_mat *mat = &entry->mat;

	pl_json_string(j, "mat", entry->name);
	pl_json_string(j, "mat_file", mat->name);
	pl_json_string(j, "title", mat->title);
	pl_json_string(j, "source", entry->source);
	pl_json_uint(j, "rows", mat->geometry.rows);
	pl_json_uint(j, "cols", mat->geometry.cols);
	pl_json_double(j, "pitch_row_mm", mat->geometry.pitch_row_m * 1e3);
	pl_json_double(j, "pitch_col_mm", mat->geometry.pitch_col_m * 1e3);
	pl_json_string(j, "dtype", pl_dtype_name(mat->dtype));
	pl_json_double(j, "scale", atomic_load(&w->only_scale) ? w->scale : (double)NAN);
	pl_json_string(j, "unit", pl_unit_name(w->unit));
	pl_json_double(j, "rate_hz", mat->rate_hz);
	pl_json_bool(j, "calibrated", w->calibrated);
	pl_json_string(j, "facing", pl_facing_name(mat->live.facing));
	pl_json_string(j, "side", pl_side_name(mat->live.side));
	pl_json_string(j, "region", pl_region_name(mat->live.region));
	pl_json_double(j, "filter_hz", mat->live.filter_hz);
}

static void counters(struct pl_daemon *d, unsigned i, const struct pl_engine_status *s,
		     struct pl_json *j)
{
	struct pl_source_counters reader;
	struct pl_publish_counters publish;

	pl_engine_reader_counters(d->mats[i].engine, &reader);
	pl_publisher_counters(d->publisher, i, &publish);
	pl_wire_lost(j, "lost", s->lost);
	pl_wire_lost(j, "lost_total", s->lost_total);
	pl_json_uint(j, "frames", s->frames);
	pl_json_uint(j, "bytes", s->bytes);
	decode(&s->decode, j);
	pl_json_begin_object(j, "reader");
	pl_json_uint(j, "chunks", reader.chunks);
	pl_json_uint(j, "bytes", reader.bytes);
	pl_json_uint(j, "dropped_chunks", reader.dropped_chunks);
	pl_json_uint(j, "dropped_bytes", reader.dropped_bytes);
	pl_json_end_object(j);
	pl_json_begin_object(j, "publish");
	pl_json_uint(j, "frames", publish.frames);
	pl_json_uint(j, "dropped", publish.dropped);
	pl_json_end_object(j);
	pl_json_begin_object(j, "pool");
	pl_json_uint(j, "available", s->pool_available);
	pl_json_uint(j, "size", s->pool_size);
	pl_json_end_object(j);
}

static void place_of_pad(const struct pl_mat_place *place, struct pl_json *j)
{
	pl_json_uint(j, "row", place->row);
	pl_json_uint(j, "col", place->col);
	pl_json_uint(j, "rotate", place->rotate);
	pl_json_bool(j, "flip_x", place->flip_x);
	pl_json_bool(j, "flip_y", place->flip_y);
}

static void one_source(const struct pl_pad_entry *pad, const struct pl_link_status *s,
		       struct pl_json *j)
{
	pl_json_begin_object(j, NULL);
	pl_json_string(j, "name", pad->name);
	pl_json_string(j, "source", pad->source);
	pl_json_string(j, "mat_file", pad->mat.name);
	place_of_pad(&pad->place, j);
	pl_json_string(j, "state", pl_mat_state_name(s->state));
	pl_json_string(j, "state_text", s->state_text);
	pl_json_bool(j, "clock", s->clock);
	pl_json_double(j, "rate_measured_hz", s->rate_measured_hz);
	pl_json_string(j, "device", *pad->device ? pad->device : NULL);
	pl_json_string(j, "device_text", *s->device_text ? s->device_text : NULL);
	pl_json_uint(j, "frames", s->frames);
	pl_wire_lost(j, "lost_total", s->lost);
	pl_json_uint(j, "joined", s->join.joined);
	pl_json_uint(j, "held", s->join.held);
	pl_json_uint(j, "skipped", s->join.skipped);
	pl_json_uint(j, "missing", s->join.missing);
	pl_json_uint(j, "spoilt", s->join.spoilt);
	pl_json_uint(j, "bad_length", s->decode.bad_length);
	pl_json_uint(j, "bad_checksum", s->decode.bad_checksum);
	pl_json_uint(j, "bad_sanity", s->decode.bad_sanity);
	pl_json_end_object(j);
}

static void sources(struct pl_daemon *d, unsigned i, struct pl_json *j)
{
	const struct pl_mat_entry *entry = &d->config->mats[i];
	struct pl_link_status s;

	if (!entry->n_pads) {
		pl_json_null(j, "sources");
		return;
	}
	pl_json_begin_array(j, "sources");
	for (unsigned k = 0; k < entry->n_pads; k++) {
		pl_engine_link_status(d->mats[i].engine, k, &s);
		one_source(&entry->pads[k], &s, j);
	}
	pl_json_end_array(j);
}

static void one_mat(struct pl_daemon *d, unsigned i, struct pl_json *j)
{
	struct pl_engine_status s;

	pl_engine_status(d->mats[i].engine, &s);
	pl_json_begin_object(j, NULL);
	fixed(d, i, j);
	pl_json_string(j, "state", pl_mat_state_name(s.state));
	pl_json_string(j, "state_text", s.state_text);
	pl_json_uint(j, "epoch", s.epoch);
	pl_json_uint(j, "seq", s.seq);
	pl_json_double(j, "rate_measured_hz", s.rate_measured_hz);
	pl_json_string(j, "calibration", s.calibration);
	pl_json_bool(j, "tared", s.tared);
	if (s.tare_t_ns)
		pl_json_ns(j, "tare_t_ns", s.tare_t_ns);
	else
		pl_json_null(j, "tare_t_ns");
	pl_calibrated_write(d, i, j);
	pl_json_string(j, "device_text", *s.device_text ? s.device_text : NULL);
	counters(d, i, &s, j);
	sources(d, i, j);
	recording(d, i, j);
	pl_json_end_object(j);
}

void pl_status_write(struct pl_daemon *d, struct pl_json *j)
{
	char host[65] = "";
	int64_t now = pl_now_ns();

	gethostname(host, sizeof(host) - 1);
	pl_json_int(j, "v", 1);
	pl_json_string(j, "software", PL_SOFTWARE);
	pl_json_string(j, "host", host);
	pl_json_int(j, "pid", getpid());
	pl_json_ns(j, "t_ns", now);
	pl_json_ns(j, "utc_ns", pl_utc_ns());
	pl_json_double(j, "uptime_s", (double)((now - d->started_ns) / PL_MS) * 1e-3);
	endpoints(d, j);
	pl_json_double(j, "view_hz", d->config->view_hz);
	archive(d, j);
	pl_json_begin_array(j, "mats");
	for (unsigned i = 0; i < d->config->n_mats; i++)
		one_mat(d, i, j);
	pl_json_end_array(j);
	pl_visit_run_write(d, j);
}
