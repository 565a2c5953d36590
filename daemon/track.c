/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One mat's recording, from the journal's first line to its last. Frames come along a lane; what
 * the journal cannot take ends the recording at its last whole record, is said, and leaves the live
 * picture alone.
 */
#include "daemon/track.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "daemon/event.h"
#include "daemon/text.h"

#define SYNC_NS (500 * PL_MS)
#define BATCH 64
#define ROUND 8192 /* items of one lane before the next has its turn */

/* ---- telling main ---- */

static void tell(struct pl_track *track, enum pl_level level, const char *kind, const char *text)
{
	struct pl_main_item item = {.type = PL_ITEM_EVENT};
	struct pl_engine_status s;

	pl_engine_status(track->recorder->engines[track->mat], &s);
	item.event.mat = (int)track->mat;
	item.event.level = level;
	item.event.t_mono_ns = pl_now_ns();
	item.event.epoch = s.epoch;
	item.event.seq = s.seq;
	memcpy(item.event.lost, s.lost, sizeof(s.lost));
	pl_copy(item.event.kind, sizeof(item.event.kind), kind);
	pl_copy(item.event.text, sizeof(item.event.text), text);
	pl_mailbox_post(track->recorder->main_box, &item);
}

static void show(struct pl_track *track, bool active)
{
	struct pl_recorder *r = track->recorder;

	pthread_mutex_lock(&r->lock);
	track->status.active = active;
	if (track->journal) {
		track->status.frames = pl_journal_frame_count(track->journal);
		track->status.journal_bytes = pl_journal_bytes(track->journal);
	}
	pthread_mutex_unlock(&r->lock);
}

static void answer(struct pl_track *track, int type, uint64_t request, const struct pl_error *err)
{
	struct pl_main_item item = {.type = type};
	struct pl_done *d = &item.done;

	d->request = request;
	d->mat = (int)track->mat;
	if (err)
		d->err = *err;
	snprintf(d->path, sizeof(d->path), "%s.h5", track->stem);
	snprintf(d->journal, sizeof(d->journal), "%s.journal", track->stem);
	d->trial = track->status.trial;
	d->frames = track->status.frames;
	d->gap_frames = track->status.gap_frames;
	pl_copy(d->reason, sizeof(d->reason), track->reason);
	pl_copy(d->session_uuid, sizeof(d->session_uuid), track->status.session_uuid);
	/* Main takes from it all the time; an answer must not get lost. */
	while (!pl_mailbox_post(track->recorder->main_box, &item) &&
	       !atomic_load(&track->recorder->stop))
		usleep(1000);
}

/* ---- ends ---- */

static void end_journal(struct pl_track *track, const char *reason, struct pl_error *err)
{
	struct pl_error end_err = {0};

	show(track, true);
	if (pl_journal_end(track->journal, reason, &end_err) && err && err->code == PL_OK)
		*err = end_err;
	track->journal = NULL;
	pl_copy(track->reason, sizeof(track->reason), reason);
	show(track, false);
	answer(track, PL_ITEM_ENDED, 0, err);
}

/* Writing failed: close the journal at its last whole record, tell people, let live go on. */
static void fail(struct pl_track *track, struct pl_error *err)
{
	char text[480];

	snprintf(text, sizeof(text),
		 "recording ended: %.300s; what was stored until now is kept and will be finished "
		 "once "
		 "there is room",
		 err->message);
	tell(track, PL_ERR, "recording-failed", text);
	end_journal(track, "failed", err);
	track->state = TRACK_FAILED; /* until the engine's END has come through the lane */
	pl_engine_record(track->recorder->engines[track->mat], false, "failed");
}

static void finish(struct pl_track *track, const char *reason)
{
	struct pl_error err = {0};
	char text[480];

	if (track->state == TRACK_RECORDING)
		end_journal(track, reason, &err);
	track->state = TRACK_IDLE;
	if (err.code == PL_OK)
		return;
	snprintf(text, sizeof(text),
		 "the recording could not be ended properly: %.300s; its frames are kept and will "
		 "be finished",
		 err.message);
	tell(track, PL_ERR, "recording-failed", text);
}

/* ---- what comes along the lane ---- */

static void write_frames(struct pl_track *track, struct pl_frame **frames, size_t n)
{
	struct pl_error err = {0};

	if (n == 0)
		return;
	if (track->state == TRACK_RECORDING && pl_journal_frames(track->journal, frames, n, &err))
		fail(track, &err);
	for (size_t i = 0; i < n; i++)
		pl_frame_unref(frames[i]);
	pl_lane_release(track->lane, n);
}

static void write_other(struct pl_track *track, struct pl_lane_item *item)
{
	struct pl_error err = {0};
	int r = 0;

	if (item->type == PL_LANE_GAP) {
		if (track->state == TRACK_RECORDING)
			r = pl_journal_gap(track->journal, item->gap, &err);
		pthread_mutex_lock(&track->recorder->lock);
		track->status.gap_frames += item->gap->count;
		pthread_mutex_unlock(&track->recorder->lock);
		free(item->gap);
	} else {
		struct pl_lane_event *event = item->event;

		if (item->type == PL_LANE_END)
			finish(track, event->kind);
		else if (track->state == TRACK_RECORDING)
			r = pl_journal_event(track->journal, event->t_mono_ns, event->kind,
					     event->text, &err);
		free(event);
	}
	if (r)
		fail(track, &err);
}

void pl_track_drain(struct pl_track *track)
{
	struct pl_frame *frames[BATCH];
	struct pl_lane_item *item;
	size_t n = 0;

	for (unsigned done = 0; done < ROUND; done++) {
		item = pl_lane_peek_at(track->lane, n);
		if (item && item->type == PL_LANE_FRAME) {
			frames[n++] = item->frame;
			if (n < BATCH)
				continue;
		}
		write_frames(track, frames, n);
		if (!item)
			return;
		if (item->type != PL_LANE_FRAME) {
			write_other(track, item);
			pl_lane_release(track->lane, 1);
		}
		n = 0;
	}
	write_frames(track, frames, n);
}

void pl_track_keep_time(struct pl_track *track, int64_t now)
{
	struct pl_error err = {0};
	int r = 0;

	if (track->state == TRACK_RECORDING && now >= track->next_clock_ns) {
		track->next_clock_ns = now + PL_S;
		r = pl_journal_clock(track->journal, pl_now_ns(), pl_utc_ns(), &err);
	}
	if (r == 0 && track->state == TRACK_RECORDING && now >= track->next_sync_ns) {
		r = pl_journal_sync(track->journal, &err);
		track->next_sync_ns = pl_now_ns() + SYNC_NS;
	}
	if (r)
		fail(track, &err);
	if (track->state == TRACK_RECORDING)
		show(track, true);
}

/* ---- the reserve ---- */

void pl_track_guard_reserve(struct pl_track *track)
{
	struct pl_recorder *r = track->recorder;
	const struct pl_place *place = track->place;
	char text[480];

	if (track->state != TRACK_RECORDING || track->ending || !pl_place_below_reserve(place))
		return;
	snprintf(text, sizeof(text),
		 "recording ended and being finished: %.0f MB are free in %.250s, %.0f MB are kept "
		 "in reserve; make room, or move archive.folder%s",
		 (double)atomic_load(&place->free_bytes) / 1e6, place->folder,
		 (double)atomic_load(&place->reserve_bytes) / 1e6,
		 r->places.n > 1 && place == &r->places.at[0]
			 ? "; the next recording goes to archive.fallback"
			 : "");
	tell(track, PL_ERR, "disk-reserve", text);
	track->ending = true;
	pl_engine_record(r->engines[track->mat], false, "disk reserve");
}

/* ---- beginning ---- */

static int open_there(struct pl_track *track, struct pl_place *place, struct pl_session_meta *meta,
		      struct pl_error *err)
{
	char path[1024];

	if (pl_place_below_reserve(place))
		return pl_place_refuse(place, err);
	if (pl_place_stem(place, meta, track->stem, sizeof(track->stem), err))
		return -1;
	snprintf(path, sizeof(path), "%s.journal", track->stem);
	track->journal = pl_journal_create(path, meta, err);
	if (!track->journal)
		return -1;
	track->place = place;
	/* the first pair of clocks: what cannot take it shall not be said to record */
	if (pl_journal_clock(track->journal, pl_now_ns(), pl_utc_ns(), err) == 0)
		return 0;
	pl_journal_discard(track->journal);
	track->journal = NULL;
	return -1;
}

/* The first folder does not take it. Said at once, and in the recording. */
static int open_in_fallback(struct pl_track *track, struct pl_session_meta *meta,
			    struct pl_error *err)
{
	struct pl_place *place = &track->recorder->places.at[1];
	struct pl_error why = *err, second = {0};
	char text[480];

	if (open_there(track, place, meta, &second)) {
		pl_error_set(err, why.code, why.os_errno, "%.300s; and archive.fallback: %.300s",
			     why.message, second.message);
		return -1;
	}
	*err = (struct pl_error){0};
	snprintf(text, sizeof(text), "this recording goes to %.200s: %.250s", place->folder,
		 why.message);
	tell(track, PL_ERR, "archive-fallback", text);
	return pl_journal_event(track->journal, pl_now_ns(), "archive-fallback", text, err);
}

static int open_journal(struct pl_track *track, struct pl_session_meta *meta, bool new_session,
			struct pl_error *err)
{
	struct pl_recorder *r = track->recorder;

	if (track->state != TRACK_IDLE)
		return pl_error_set(err, PL_ESTATE, 0, "%s is being recorded already", meta->mat);
	r->next_disk_ns = 0;
	pl_recorder_look_at_disk(r, pl_now_ns());
	if (!pl_places_know(&r->places, meta) && !new_session)
		return pl_error_set(
			err, PL_ENOENT, ENOENT,
			"there is no session %s below %s; leave `session` out to begin a "
			"new one",
			meta->session_uuid, r->config->folder);
	if (open_there(track, &r->places.at[0], meta, err) == 0)
		return 0;
	return r->places.n > 1 ? open_in_fallback(track, meta, err) : -1;
}

void pl_track_begin(struct pl_track *track, struct pl_session_meta *meta, bool new_session,
		    uint64_t request)
{
	struct pl_recorder *r = track->recorder;
	struct pl_error err = {0};

	if (open_journal(track, meta, new_session, &err)) {
		answer(track, PL_ITEM_STARTED, request, &err);
		return;
	}
	track->state = TRACK_RECORDING;
	track->ending = false;
	track->next_sync_ns = pl_now_ns() + SYNC_NS;
	track->next_clock_ns = pl_now_ns() + PL_S;
	pthread_mutex_lock(&r->lock);
	track->status = (struct pl_recording_status){
		.active = true, .trial = meta->trial, .started_utc_ns = meta->started_utc_ns};
	pl_copy(track->status.session_uuid, sizeof(track->status.session_uuid), meta->session_uuid);
	pl_copy(track->status.subject, sizeof(track->status.subject), meta->subject);
	pl_copy(track->status.protocol, sizeof(track->status.protocol), meta->protocol);
	pl_copy(track->status.condition, sizeof(track->status.condition), meta->condition);
	snprintf(track->status.path, sizeof(track->status.path), "%s.h5", track->stem);
	pthread_mutex_unlock(&r->lock);
	show(track, true);
	pl_engine_record(r->engines[track->mat], true, "");
	answer(track, PL_ITEM_STARTED, request, NULL);
}
