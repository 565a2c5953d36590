/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What requests do. Main never waits: a request that takes a while (beginning a journal on a slow
 * disk, averaging for a tare, finishing a file) is held here under a number, other threads answer
 * by that number, and the client gets its reply when the last mat concerned has answered.
 */
#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <plantar/audit.h>

#include "daemon/audit.h"
#include "daemon/calibrated.h"
#include "daemon/commands.h"
#include "daemon/daemon.h"
#include "daemon/text.h"

/* ---- held requests ---- */

struct pl_held *pl_held_take(struct pl_daemon *d, uint64_t token, enum pl_cmd cmd,
			     struct pl_error *err)
{
	for (int i = 0; i < PL_HELD_MAX; i++) {
		struct pl_held *h = &d->held[i];

		if (h->id)
			continue;
		h->done = calloc(PL_MATS_MAX, sizeof(*h->done));
		if (!h->done)
			break;
		h->id = ++d->next_held;
		h->token = token;
		h->cmd = cmd;
		return h;
	}
	pl_error_set(err, PL_EBUSY, 0, "too many requests are waiting; try again later");
	return NULL;
}

void pl_held_drop(struct pl_held *h)
{
	free(h->done);
	*h = (struct pl_held){0};
}

void pl_command_free(struct pl_daemon *d)
{
	for (int i = 0; i < PL_HELD_MAX; i++)
		if (d->held[i].id)
			pl_held_drop(&d->held[i]);
}

struct pl_held *pl_held_find(struct pl_daemon *d, uint64_t id)
{
	for (int i = 0; id && i < PL_HELD_MAX; i++)
		if (d->held[i].id == id)
			return &d->held[i];
	return NULL;
}

void pl_held_refuse(struct pl_daemon *d, struct pl_held *h, const struct pl_error *err)
{
	pl_control_refuse(d->control, h->token, err);
	pl_held_drop(h);
}

void pl_command_start_reply(struct pl_daemon *d, struct pl_json *j)
{
	pl_json_init(j, d->text, sizeof(d->text));
	pl_json_begin_object(j, NULL);
	pl_json_bool(j, "ok", true);
}

void pl_command_send_reply(struct pl_daemon *d, uint64_t token, struct pl_json *j)
{
	struct pl_error err = {0};
	size_t n;

	pl_json_end_object(j);
	n = pl_json_finish(j);
	if (n > 0) {
		pl_control_reply(d->control, token, d->text, n);
		return;
	}
	pl_error_set(&err, PL_ENOMEM, 0, "the answer is longer than %d bytes", PL_STATUS_MAX);
	pl_control_refuse(d->control, token, &err);
}

/* ---- which mats ---- */

/* Bits of the mats that a request names (none: all), 0 with err if there is no such mat. */
uint32_t pl_command_mats(const struct pl_daemon *d, const struct pl_request *r,
			 struct pl_error *err)
{
	char names[400] = "";
	size_t n = 0;

	if (!*r->mat)
		return (1u << d->config->n_mats) - 1;
	for (unsigned i = 0; i < d->config->n_mats; i++) {
		if (strcmp(d->config->mats[i].name, r->mat) == 0)
			return 1u << i;
		if (n < sizeof(names) - 70)
			n += (size_t)snprintf(names + n, sizeof(names) - n, "%s%s", n ? ", " : "",
					      d->config->mats[i].name);
	}
	pl_error_set(err, PL_ENOENT, 0, "there is no mat \"%s\"; there is: %s", r->mat, names);
	return 0;
}

/* ---- start ---- */

static int fill_meta(struct pl_daemon *d, unsigned i, const struct pl_request *r,
		     const char *session_uuid, unsigned trial, struct pl_session_meta *meta,
		     struct pl_error *err)
{
	const struct pl_mat_entry *entry = &d->config->mats[i];
	const struct pl_mat *mat = &entry->mat;

	pl_session_meta_init(meta);
	pl_copy(meta->session_uuid, sizeof(meta->session_uuid), session_uuid);
	meta->trial = trial;
	pl_copy(meta->subject, sizeof(meta->subject), r->subject);
	pl_copy(meta->protocol, sizeof(meta->protocol), r->protocol);
	pl_copy(meta->condition, sizeof(meta->condition), r->condition);
	meta->body_mass_kg = r->body_mass_kg;
	meta->annotations = r->annotations;
	meta->started_mono_ns = pl_now_ns();
	meta->started_utc_ns = pl_utc_ns();
	pl_copy(meta->mat, sizeof(meta->mat), entry->name);
	pl_copy(meta->mat_file, sizeof(meta->mat_file), mat->name);
	pl_copy(meta->source, sizeof(meta->source), entry->source);
	meta->geometry = mat->geometry;
	meta->dtype = mat->dtype;
	meta->rate_hz = mat->rate_hz;
	meta->live = mat->live;
	pl_copy(meta->software, sizeof(meta->software), PL_SOFTWARE);
	gethostname(meta->host, sizeof(meta->host) - 1);
	meta->mat_config_text = mat->config_text ? strdup(mat->config_text) : NULL;
	meta->calibration_text = mat->calibration_text ? strdup(mat->calibration_text) : NULL;
	return pl_engine_calibration(d->mats[i].engine, &meta->calibration, err);
}

int pl_command_begin(struct pl_daemon *d, unsigned i, const struct pl_request *r, uint64_t id,
		     const char *session_uuid, unsigned trial, struct pl_error *err)
{
	struct pl_session_meta *meta;
	int failed;

	if (!*r->session && pl_calibrated_outlived(d, i))
		return pl_error_set(
			err, PL_ESTATE, 0,
			"the calibration of %s expired on %s; restart plantard to record "
			"counts, or name a new one ('plantar calibrate') first",
			d->config->mats[i].name, d->config->mats[i].mat.calibration.origin.expires);
	meta = calloc(1, sizeof(*meta));
	if (!meta)
		return pl_error_set(err, PL_ENOMEM, errno, "out of memory");
	failed = fill_meta(d, i, r, session_uuid, trial, meta, err);
	if (!failed && !pl_recorder_begin(d->recorder, i, id, meta, !*r->session))
		failed = pl_error_set(err, PL_EBUSY, 0,
				      "the disk does not answer; nothing can be recorded now");
	if (failed) {
		pl_session_meta_free(meta);
		free(meta);
		return -1;
	}
	d->mats[i].recording = d->mats[i].starting = true;
	d->mats[i].stop_after_ns = isnan(r->seconds) ? 0 : (int64_t)(r->seconds * 1e9);
	return 0;
}

static int begin_one(struct pl_daemon *d, unsigned i, const struct pl_request *r, struct pl_held *h,
		     const char *session_uuid, unsigned trial, struct pl_error *err)
{
	if (pl_command_begin(d, i, r, h->id, session_uuid, trial, err))
		return -1;
	h->expected |= 1u << i;
	h->waiting++;
	return 0;
}

static int may_start(const struct pl_daemon *d, uint32_t mats, struct pl_error *err)
{
	if (d->stopping)
		return pl_error_set(err, PL_ESTATE, 0, "plantard is ending");
	for (unsigned i = 0; i < d->config->n_mats; i++) {
		if (!(mats & 1u << i))
			continue;
		if (d->mats[i].recording)
			return pl_error_set(err, PL_ESTATE, 0,
					    "%s is being recorded already; stop it first",
					    d->config->mats[i].name);
		if (d->mats[i].averaging)
			return pl_error_set(err, PL_ESTATE, 0,
					    "a tare or weighing of %s is under way; try again in a "
					    "second",
					    d->config->mats[i].name);
	}
	return 0;
}

static int start(struct pl_daemon *d, uint64_t token, const struct pl_request *r,
		 struct pl_error *err)
{
	uint32_t mats = pl_command_mats(d, r, err);
	unsigned trial = 1;
	struct pl_held *h;
	char uuid[37];

	if (!mats || pl_config_subject(d->config, r->subject, err) || may_start(d, mats, err) ||
	    pl_visit_run_forbids(d, mats, err))
		return -1;
	h = pl_held_take(d, token, PL_CMD_START, err);
	if (!h)
		return -1;
	if (*r->session)
		pl_copy(uuid, sizeof(uuid), r->session);
	else
		pl_session_uuid(uuid);
	for (unsigned i = 0; i < d->config->n_mats; i++) {
		if (!(mats & 1u << i))
			continue;
		if (begin_one(d, i, r, h, uuid, *r->session ? 1 : trial++, err)) {
			if (h->waiting == 0) {
				pl_held_drop(h);
				return -1;
			}
			h->failed = *err; /* the others are ended when they have begun */
			break;
		}
	}
	return 0;
}

static void finish_start(struct pl_daemon *d, struct pl_held *h)
{
	struct pl_json j;

	for (unsigned i = 0; h->failed.code != PL_OK && i < h->n_done; i++)
		if (h->done[i].err.code == PL_OK) /* all or none */
			pl_engine_record(d->engines[h->done[i].mat], false, "not all could start");
	if (h->failed.code != PL_OK) {
		pl_held_refuse(d, h, &h->failed);
		return;
	}
	pl_command_start_reply(d, &j);
	pl_json_string(&j, "session_uuid", h->done[0].session_uuid);
	pl_json_begin_array(&j, "trials");
	for (unsigned i = 0; i < h->n_done; i++) {
		pl_json_begin_object(&j, NULL);
		pl_json_string(&j, "mat", d->config->mats[h->done[i].mat].name);
		pl_json_uint(&j, "trial", h->done[i].trial);
		pl_json_string(&j, "path", h->done[i].path);
		pl_json_end_object(&j);
	}
	pl_json_end_array(&j);
	pl_command_send_reply(d, h->token, &j);
	pl_held_drop(h);
}

void pl_command_started(struct pl_daemon *d, const struct pl_done *done)
{
	struct pl_mat_run *m = &d->mats[done->mat];
	struct pl_held *h = pl_held_find(d, done->request);
	struct pl_error err = {0};

	m->starting = false;
	if (done->err.code != PL_OK) {
		m->recording = false;
		pl_daemon_event(d, done->mat, PL_ERR, "recording-failed", "%s", done->err.message);
	} else {
		m->stop_ns = m->stop_after_ns ? pl_now_ns() + m->stop_after_ns : 0;
		pl_daemon_event(d, done->mat, PL_NOTICE, "recording-started", "%s", done->path);
		if (pl_converter_add(d->converter, done->journal, done->mat, false, &err))
			pl_daemon_event(d, done->mat, PL_ERR, "recording-failed", "%s",
					err.message);
		if (d->stopping)
			pl_engine_record(m->engine, false, "plantard ended");
	}
	pl_visit_run_started(d, done);
	if (!h)
		return;
	if (done->err.code != PL_OK && h->failed.code == PL_OK)
		h->failed = done->err;
	h->done[h->n_done++] = *done;
	if (--h->waiting == 0)
		finish_start(d, h);
}

/* ---- stop ---- */

static int stop(struct pl_daemon *d, uint64_t token, const struct pl_request *r,
		struct pl_error *err)
{
	uint32_t mats = pl_command_mats(d, r, err);
	struct pl_held *h;

	if (!mats)
		return -1;
	for (unsigned i = 0; i < d->config->n_mats; i++) {
		if (!d->mats[i].recording)
			mats &= ~(1u << i);
		else if (mats & 1u << i && d->mats[i].starting)
			return pl_error_set(err, PL_EBUSY, 0,
					    "the recording of %s is just being started; try again",
					    d->config->mats[i].name);
	}
	if (!mats)
		return pl_error_set(err, PL_ESTATE, 0, "nothing is being recorded");
	h = pl_held_take(d, token, PL_CMD_STOP, err);
	if (!h)
		return -1;
	for (unsigned i = 0; i < d->config->n_mats; i++) {
		if (!(mats & 1u << i))
			continue;
		h->expected |= 1u << i;
		h->waiting++;
		pl_engine_record(d->mats[i].engine, false, "stopped");
	}
	return 0;
}

static void finish_stop(struct pl_daemon *d, struct pl_held *h)
{
	struct pl_json j;

	pl_command_start_reply(d, &j);
	pl_json_begin_array(&j, "trials");
	for (unsigned i = 0; i < h->n_done; i++) {
		pl_json_begin_object(&j, NULL);
		pl_json_string(&j, "mat", d->config->mats[h->done[i].mat].name);
		pl_json_string(&j, "path", h->done[i].path);
		pl_json_uint(&j, "frames", h->done[i].frames);
		pl_json_uint(&j, "gap_frames", h->done[i].gap_frames);
		pl_json_end_object(&j);
	}
	pl_json_end_array(&j);
	pl_command_send_reply(d, h->token, &j);
	pl_held_drop(h);
}

void pl_command_ended(struct pl_daemon *d, const struct pl_done *done)
{
	struct pl_mat_run *m = &d->mats[done->mat];

	m->recording = false;
	m->stop_ns = 0;
	if (done->err.code == PL_OK)
		pl_daemon_event(d, done->mat, PL_NOTICE, "recording-stopped",
				"%llu frames, %llu missing; being finished: %s",
				(unsigned long long)done->frames,
				(unsigned long long)done->gap_frames, done->path);
	pl_visit_run_ended(d, done);
	for (int i = 0; i < PL_HELD_MAX; i++) {
		struct pl_held *h = &d->held[i];

		if (!h->id || h->cmd != PL_CMD_STOP || !(h->expected & 1u << done->mat))
			continue;
		h->expected &= ~(1u << done->mat);
		h->done[h->n_done++] = *done;
		if (--h->waiting == 0)
			finish_stop(d, h);
	}
}

void pl_command_stop_all(struct pl_daemon *d, const char *reason)
{
	for (unsigned i = 0; i < d->config->n_mats; i++)
		if (d->mats[i].recording)
			pl_engine_record(d->mats[i].engine, false, reason);
}

bool pl_command_recording(const struct pl_daemon *d)
{
	for (unsigned i = 0; i < d->config->n_mats; i++)
		if (d->mats[i].recording)
			return true;
	return false;
}

void pl_command_timers(struct pl_daemon *d, int64_t now_ns)
{
	for (unsigned i = 0; i < d->config->n_mats; i++) {
		struct pl_mat_run *m = &d->mats[i];

		if (!m->recording || m->stop_ns == 0 || now_ns < m->stop_ns)
			continue;
		m->stop_ns = 0;
		pl_engine_record(m->engine, false, "time is up");
	}
}

/* ---- mark, status, version ---- */

static int mark(struct pl_daemon *d, uint64_t token, const struct pl_request *r,
		struct pl_error *err)
{
	uint32_t mats = pl_command_mats(d, r, err);
	struct pl_json j;

	if (!mats)
		return -1;
	for (unsigned i = 0; i < d->config->n_mats; i++)
		if (mats & 1u << i)
			pl_engine_mark(d->mats[i].engine, r->text);
	pl_command_start_reply(d, &j);
	pl_command_send_reply(d, token, &j);
	return 0;
}

static int status(struct pl_daemon *d, uint64_t token)
{
	struct pl_json j;

	pl_command_start_reply(d, &j);
	pl_json_begin_object(&j, "status");
	pl_status_write(d, &j);
	pl_json_end_object(&j);
	pl_command_send_reply(d, token, &j);
	return 0;
}

static int version(struct pl_daemon *d, uint64_t token)
{
	struct pl_json j;

	pl_command_start_reply(d, &j);
	pl_json_string(&j, "version", PLANTAR_VERSION);
	pl_json_string(&j, "software", PL_SOFTWARE);
	pl_command_send_reply(d, token, &j);
	return 0;
}

static int dispatch(struct pl_daemon *d, uint64_t token, const struct pl_request *r,
		    struct pl_error *err)
{
	switch (r->cmd) {
	case PL_CMD_STATUS:
		return status(d, token);
	case PL_CMD_VERSION:
		return version(d, token);
	case PL_CMD_START:
		return start(d, token, r, err);
	case PL_CMD_STOP:
		return stop(d, token, r, err);
	case PL_CMD_MARK:
		return mark(d, token, r, err);
	case PL_CMD_TARE:
	case PL_CMD_WEIGH:
		return pl_command_average(d, token, r, err);
	case PL_CMD_WAIT:
		return pl_command_wait(d, token, r, err);
	case PL_CMD_CALIBRATION:
		return pl_command_calibration(d, token, r, err);
	default:
		if (pl_command_recordings(r->cmd))
			return pl_look(d->looks, token, r, err);
		return pl_visit_run_command(d, token, r, err);
	}
}

void pl_command_handle(void *daemon, uint64_t token, const struct pl_request *request)
{
	struct pl_daemon *d = daemon;
	struct pl_error err = {0};

	if (dispatch(d, token, request, &err))
		pl_control_refuse(d->control, token, &err);
}

void pl_command_audit(void *daemon, const struct pl_asker *asker, const char *request,
		      const enum pl_cmd *command, const char *result, uint64_t times)
{
	struct pl_daemon *d = daemon;
	const struct pl_audit_note note = {.utc_ns = pl_utc_ns(),
					   .who = asker->who,
					   .role = pl_role_name(asker->role),
					   .peer = asker->peer,
					   .request = request,
					   .result = result,
					   .times = times};
	char line[PL_AUDIT_LINE_MAX];

	d->audit_requests += times;
	if (pl_audit_format(line, sizeof(line), &note))
		pl_audit_log_write(d->audit, line);
	if (times > 1)
		pl_daemon_event(d, -1, PL_WARNING, "busy", "%llu requests of %s refused",
				(unsigned long long)times, asker->who);
	if (command && pl_command_acts(*command))
		pl_daemon_event(d, -1, PL_INFO, "request", "%s from %s: %s",
				pl_command_name(*command), asker->who, result);
}
