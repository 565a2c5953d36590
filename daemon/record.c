/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Disks stop for seconds, fill up, and lie; frames come regardless. Deep rings take up what a disk
 * does not, this thread alone waits for it, and whatever cannot be stored is noted as a gap
 * instead of being dropped silently. Waking up for each frame would cost more than writing it, so
 * the rings are emptied every 50 ms with few large writes.
 */
#include "daemon/record.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <plantar/archive.h>
#include <plantar/audit.h>

#include "daemon/audit.h"
#include "daemon/engine.h"
#include "daemon/event.h"
#include "daemon/places.h"
#include "daemon/text.h"
#include "daemon/visit_resume.h"
#include "daemon/wake.h"
#include "drivers/mat/paths.h"

#define DRAIN_NS (50 * PL_MS)
#define SYNC_NS (500 * PL_MS)
#define BATCH 64
#define ROUND 8192 /* items of one lane before the next has its turn */

enum track_state { TRACK_IDLE, TRACK_RECORDING, TRACK_FAILED };

/* One mat's recording. */
struct track {
	struct pl_recorder *recorder;
	unsigned mat;
	struct pl_lane *lane;

	/* recorder thread only */
	enum track_state state;
	struct pl_journal *journal;
	struct pl_place *place; /* that has it */
	char stem[900];
	int64_t next_sync_ns, next_clock_ns;
	bool ending; /* the engine was told to stop (disk) */

	struct pl_recording_status status; /* under the recorder's lock */
};

struct recorder_command {
	enum { COMMAND_BEGIN, COMMAND_AUDIT, COMMAND_LOG } what;
	unsigned mat;
	uint64_t request;
	struct pl_session_meta *meta; /* owned */
	bool new_session;
	bool on;    /* LOG: the protocol is under way */
	char *line; /* owned; of AUDIT, or the text of LOG */
	char session_uuid[37], name[80];
	int64_t began_utc_ns;
};

struct pl_recorder {
	const struct pl_config *config;
	const struct pl_log *log;
	struct pl_mailbox *main_box, *commands;
	struct pl_engine **engines;
	struct pl_wake wake;
	unsigned n_tracks;
	struct track *tracks;
	struct pl_audit audit;
	bool audit_failed;
	pthread_t thread;
	bool started;
	atomic_bool stop;
	pthread_mutex_t lock;
	_Atomic int64_t heartbeat_ns;
	struct pl_places places;
	int64_t next_disk_ns;
};

/* ---- telling main ---- */

static void tell(struct track *track, enum pl_level level, const char *kind, const char *text)
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

static void show(struct track *track, bool active)
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

static void answer(struct track *track, int type, uint64_t request, const struct pl_error *err)
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
	pl_copy(d->session_uuid, sizeof(d->session_uuid), track->status.session_uuid);
	/* Main takes from it all the time; an answer must not get lost. */
	while (!pl_mailbox_post(track->recorder->main_box, &item) &&
	       !atomic_load(&track->recorder->stop))
		usleep(1000);
}

/* ---- ends ---- */

static void end_journal(struct track *track, const char *reason, struct pl_error *err)
{
	struct pl_error end_err = {0};

	show(track, true);
	if (pl_journal_end(track->journal, reason, &end_err) && err && err->code == PL_OK)
		*err = end_err;
	track->journal = NULL;
	show(track, false);
	answer(track, PL_ITEM_ENDED, 0, err);
}

/* Writing failed: close the journal at its last whole record, tell people, let live go on. */
static void fail(struct track *track, struct pl_error *err)
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

static void finish(struct track *track, const char *reason)
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

static void write_frames(struct track *track, struct pl_frame **frames, size_t n)
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

static void write_other(struct track *track, struct pl_lane_item *item)
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

static void drain(struct track *track)
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

static void keep_time(struct track *track, int64_t now)
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

/* ---- the disk ---- */

static void look_at_disk(struct pl_recorder *r, int64_t now)
{
	double rate = 0;

	if (now < r->next_disk_ns)
		return;
	r->next_disk_ns = now + PL_S;
	for (unsigned i = 0; i < r->n_tracks; i++)
		if (r->tracks[i].state == TRACK_RECORDING)
			rate += pl_place_rate(&r->config->mats[i].mat);
	pl_places_look(&r->places, rate);
}

static void guard_reserve(struct track *track)
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

static int open_there(struct track *track, struct pl_place *place, struct pl_session_meta *meta,
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
static int open_in_fallback(struct track *track, struct pl_session_meta *meta, struct pl_error *err)
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

static int open_journal(struct track *track, struct pl_session_meta *meta, bool new_session,
			struct pl_error *err)
{
	struct pl_recorder *r = track->recorder;

	if (track->state != TRACK_IDLE)
		return pl_error_set(err, PL_ESTATE, 0, "%s is being recorded already", meta->mat);
	r->next_disk_ns = 0;
	look_at_disk(r, pl_now_ns());
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

static void begin(struct pl_recorder *r, struct recorder_command *c)
{
	struct track *track = &r->tracks[c->mat];
	struct pl_session_meta *meta = c->meta;
	struct pl_error err = {0};

	if (open_journal(track, meta, c->new_session, &err)) {
		answer(track, PL_ITEM_STARTED, c->request, &err);
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
	pl_engine_record(r->engines[c->mat], true, "");
	answer(track, PL_ITEM_STARTED, c->request, NULL);
}

static void write_audit(struct pl_recorder *r, const char *line)
{
	struct pl_error err = {0};

	if (r->audit.head_fd < 0)
		return; /* said when it was opened */
	if (pl_audit_append(&r->audit, line, &err) == 0) {
		r->audit_failed = false;
		return;
	}
	if (!r->audit_failed)
		pl_logf(r->log, PL_ERR, "%s", err.message);
	r->audit_failed = true;
}

/* While a protocol is under way its log is in the state folder too, where the next start looks. */
static void keep_for_next_start(const struct recorder_command *c)
{
	char state[512], path[600];

	snprintf(path, sizeof(path), "%s/" PL_VISIT_FILE, pl_state_dir(state, sizeof(state)));
	if (c->on)
		pl_session_file(path, c->line, strlen(c->line), NULL);
	else
		unlink(path);
}

/* The log of a protocol is small and rewritten whole: what is there is always one whole state. */
static void log_protocol(struct pl_recorder *r, const struct recorder_command *c)
{
	struct pl_main_item item = {.type = PL_ITEM_LOGGED, .logged.mark = c->request};
	struct pl_session_meta meta = {.trial = 1, .started_utc_ns = c->began_utc_ns};

	keep_for_next_start(c);
	pl_copy(meta.session_uuid, sizeof(meta.session_uuid), c->session_uuid);
	pl_places_log(&r->places, &meta, c->new_session, c->name, c->line, item.logged.folder,
		      sizeof(item.logged.folder), &item.logged.err);
	while (!pl_mailbox_post(r->main_box, &item) && !atomic_load(&r->stop))
		usleep(1000);
}

static void obey(struct pl_recorder *r, struct recorder_command *c)
{
	if (c->what == COMMAND_LOG) {
		log_protocol(r, c);
		free(c->line);
		return;
	}
	if (c->what == COMMAND_AUDIT) {
		write_audit(r, c->line);
		free(c->line);
		return;
	}
	begin(r, c);
	pl_session_meta_free(c->meta);
	free(c->meta);
}

/* ---- the thread ---- */

static int recover_one(void *user, const char *journal)
{
	struct pl_recorder *r = user;
	struct pl_main_item item = {.type = PL_ITEM_RECOVER};

	pl_copy(item.journal, sizeof(item.journal), journal);
	while (!pl_mailbox_post(r->main_box, &item) && !atomic_load(&r->stop))
		usleep(1000);
	return atomic_load(&r->stop);
}

/* What was done to the log while nobody watched is said in the log itself, too. */
static void open_audit(struct pl_recorder *r)
{
	struct pl_audit_note note = {.utc_ns = pl_utc_ns(),
				     .who = "plantard",
				     .role = "none",
				     .peer = "",
				     .request = "plantard begins",
				     .result = "ok"};
	char state[512], broken[400], line[1024];
	struct pl_error err = {0};

	if (pl_make_folder(pl_state_dir(state, sizeof(state)), 0750, "the state folder", &err) ||
	    pl_audit_open(&r->audit, state, broken, sizeof(broken), &err)) {
		pl_logf(r->log, PL_WARNING,
			"requests are not audited: %s; make its folder writable, or set "
			"PLANTARD_STATE_DIR",
			err.message);
		return;
	}
	if (*broken) {
		pl_logf(r->log, PL_ERR, "%s", broken);
		note.request = broken;
		note.result = "corrupt";
	}
	if (pl_audit_format(line, sizeof(line), &note))
		write_audit(r, line);
}

static void prepare(struct pl_recorder *r)
{
	struct pl_error err = {0};

	open_audit(r);
	for (unsigned i = 0; i < r->places.n; i++) {
		err = (struct pl_error){0};
		if (access(r->places.at[i].folder, F_OK) == 0 &&
		    pl_recover_find(r->places.at[i].folder, recover_one, r, &err) < 0)
			pl_logf(r->log, PL_WARNING, "cannot look for unfinished recordings: %s",
				err.message);
	}
}

static void *recorder(void *arg)
{
	struct pl_recorder *r = arg;
	struct recorder_command command;

	pl_thread_priority(0);
	prepare(r);
	while (!atomic_load(&r->stop)) {
		int64_t now = pl_now_ns();
		bool busy = false;

		atomic_store_explicit(&r->heartbeat_ns, now, memory_order_relaxed);
		while (pl_mailbox_take(r->commands, &command))
			obey(r, &command);
		look_at_disk(r, now);
		for (unsigned i = 0; i < r->n_tracks; i++) {
			struct track *track = &r->tracks[i];

			drain(track);
			keep_time(track, now);
			guard_reserve(track);
			busy |= track->state != TRACK_IDLE;
		}
		pl_wake_wait(&r->wake, busy ? DRAIN_NS : PL_S);
	}
	return NULL;
}

struct pl_recorder *pl_recorder_new(const struct pl_config *config, struct pl_mailbox *main_box,
				    const struct pl_log *log, struct pl_error *err)
{
	struct pl_recorder *r = calloc(1, sizeof(*r));
	bool ok;

	if (r)
		r->tracks = calloc(config->n_mats, sizeof(*r->tracks));
	if (!r || !r->tracks) {
		pl_error_set(err, PL_ENOMEM, errno, "out of memory for the recorder");
		free(r);
		return NULL;
	}
	r->config = config;
	r->log = log;
	r->main_box = main_box;
	r->audit.log_fd = r->audit.head_fd = -1;
	pl_places_init(&r->places, config);
	r->n_tracks = config->n_mats;
	pthread_mutex_init(&r->lock, NULL);
	r->commands = pl_mailbox_new(512, sizeof(struct recorder_command), &r->wake, -1, err);
	ok = r->commands != NULL;
	for (unsigned i = 0; ok && i < r->n_tracks; i++) {
		struct track *track = &r->tracks[i];

		track->recorder = r;
		track->mat = i;
		track->lane = pl_lane_new(pl_lane_depth(&config->mats[i].mat), &r->wake, err);
		ok = track->lane != NULL;
	}
	if (ok)
		return r;
	pl_recorder_stop(r);
	return NULL;
}

struct pl_lane *pl_recorder_lane(struct pl_recorder *r, unsigned mat)
{
	return r->tracks[mat].lane;
}

int pl_recorder_start(struct pl_recorder *r, struct pl_engine **engines, struct pl_error *err)
{
	int failed;

	r->engines = engines;
	atomic_store(&r->heartbeat_ns, pl_now_ns());
	failed = pthread_create(&r->thread, NULL, recorder, r);
	if (failed)
		return pl_error_set(err, PL_ENOMEM, failed, "cannot start the recorder thread: %s",
				    strerror(failed));
	r->started = true;
	pthread_setname_np(r->thread, "recorder");
	return 0;
}

void pl_recorder_stop(struct pl_recorder *r)
{
	struct recorder_command command;

	if (!r)
		return;
	if (r->started) {
		atomic_store(&r->stop, true);
		pl_wake_post(&r->wake);
		pthread_join(r->thread, NULL);
	}
	while (r->commands && pl_mailbox_take(r->commands, &command)) {
		if (command.what == COMMAND_AUDIT)
			write_audit(r, command.line);
		if (command.what == COMMAND_LOG)
			log_protocol(r, &command);
		free(command.line);
		if (command.meta)
			pl_session_meta_free(command.meta);
		free(command.meta);
	}
	for (unsigned i = 0; i < r->n_tracks; i++) {
		pl_lane_free(r->tracks[i].lane);
		pl_journal_abandon(r->tracks[i].journal);
	}
	pl_audit_close(&r->audit);
	pl_mailbox_free(r->commands);
	pthread_mutex_destroy(&r->lock);
	free(r->tracks);
	free(r);
}

bool pl_recorder_begin(struct pl_recorder *r, unsigned mat, uint64_t request,
		       struct pl_session_meta *meta, bool new_session)
{
	struct recorder_command c = {.what = COMMAND_BEGIN,
				     .mat = mat,
				     .request = request,
				     .meta = meta,
				     .new_session = new_session};

	return pl_mailbox_post(r->commands, &c);
}

void pl_recorder_audit(struct pl_recorder *r, const char *line)
{
	struct recorder_command c = {.what = COMMAND_AUDIT, .line = strdup(line)};

	if (c.line && !pl_mailbox_post(r->commands, &c)) {
		pl_logf(r->log, PL_WARNING, "the disk is stuck; not in the audit file: %s", line);
		free(c.line);
	}
}

bool pl_recorder_log(struct pl_recorder *r, const char *session_uuid, int64_t began_utc_ns,
		     bool new_session, bool under_way, const char *name, uint64_t mark, char *text)
{
	struct recorder_command c = {.what = COMMAND_LOG,
				     .on = under_way,
				     .line = text,
				     .new_session = new_session,
				     .request = mark,
				     .began_utc_ns = began_utc_ns};

	pl_copy(c.session_uuid, sizeof(c.session_uuid), session_uuid);
	pl_copy(c.name, sizeof(c.name), name);
	if (pl_mailbox_post(r->commands, &c))
		return true;
	free(text);
	return false;
}

void pl_recorder_status(struct pl_recorder *r, unsigned mat, struct pl_recording_status *out)
{
	pthread_mutex_lock(&r->lock);
	*out = r->tracks[mat].status;
	pthread_mutex_unlock(&r->lock);
}

const struct pl_places *pl_recorder_places(const struct pl_recorder *r)
{
	return &r->places;
}

int64_t pl_recorder_heartbeat(const struct pl_recorder *r)
{
	return atomic_load_explicit(&r->heartbeat_ns, memory_order_relaxed);
}
