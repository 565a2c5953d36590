/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Disks stop for seconds, fill up, and lie; frames come regardless. Deep rings take up what a disk
 * does not, this thread alone waits for it, and whatever cannot be stored is noted as a gap
 * instead of being dropped silently. Waking up for each frame would cost more than writing it, so
 * the rings are emptied every 50 ms with few large writes.
 */
#include "daemon/record.h"

#include <errno.h>
#include <glob.h>
#include <math.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <plantar/archive.h>
#include <plantar/ring.h>

#include "daemon/audit.h"
#include "daemon/engine.h"
#include "daemon/event.h"
#include "daemon/text.h"
#include "daemon/wake.h"
#include "drivers/mat/paths.h"

#define DRAIN_NS (50 * PL_MS)
#define SYNC_NS (500 * PL_MS)
#define BATCH 64
#define ROUND 8192	   /* items of one lane before the next has its turn */
#define KEPT_SLOTS 64	   /* for gaps, events and the end, when frames have filled a lane */
#define LANE_BYTES (128e6) /* what fast sources may have waiting at least */
#define LANE_S 10.0

enum item_type { ITEM_FRAME, ITEM_GAP, ITEM_EVENT, ITEM_END };

struct lane_item {
	enum item_type type;
	union {
		struct pl_frame *frame;
		struct pl_gap *gap;	  /* owned */
		struct lane_event *event; /* owned; END: its kind is the reason */
	};
};

struct lane_event {
	int64_t t_mono_ns;
	char kind[32], text[480];
};

enum lane_state { LANE_IDLE, LANE_RECORDING, LANE_FAILED };

struct pl_lane {
	struct pl_recorder *recorder;
	unsigned mat, depth; /* depth: frames that the pool can spare (pl_lane_depth) */
	struct pl_ring *ring;

	/* recorder thread only */
	enum lane_state state;
	struct pl_journal *journal;
	char stem[900];
	int64_t next_sync_ns, next_clock_ns;
	bool ending; /* the engine was told to stop (disk) */

	struct pl_recording_status status; /* under the recorder's lock */
};

struct recorder_command {
	enum { COMMAND_BEGIN, COMMAND_AUDIT } what;
	unsigned mat;
	uint64_t request;
	struct pl_session_meta *meta; /* owned */
	bool new_session;
	char *line; /* owned */
};

struct pl_recorder {
	const struct pl_config *config;
	const struct pl_log *log;
	struct pl_mailbox *main_box, *commands;
	struct pl_engine **engines;
	struct pl_wake wake;
	unsigned n_lanes;
	struct pl_lane *lanes;
	struct pl_audit audit;
	bool audit_failed;
	pthread_t thread;
	bool started;
	atomic_bool stop;
	pthread_mutex_t lock;
	_Atomic int64_t heartbeat_ns;
	_Atomic uint64_t free_bytes, reserve_bytes;
	int64_t next_disk_ns;
};

/* ---- the lane, from the process thread ---- */

unsigned pl_lane_depth(const struct pl_mat *mat)
{
	double frame =
		(double)pl_geometry_cells(&mat->geometry) * (double)pl_dtype_size(mat->dtype);
	double by_time = LANE_S * (mat->rate_hz > 0 ? mat->rate_hz : 100);
	double n = fmax(by_time, LANE_BYTES / (frame + 512));

	return (unsigned)fmin(fmax(n, 256), 32768);
}

bool pl_lane_frame(struct pl_lane *lane, struct pl_frame *frame)
{
	struct lane_item *item;

	if (pl_ring_used(lane->ring) >= lane->depth)
		return false; /* though the ring has more slots: they are kept for what follows */
	item = pl_ring_reserve(lane->ring);
	if (!item)
		return false;
	pl_frame_ref(frame);
	*item = (struct lane_item){.type = ITEM_FRAME, .frame = frame};
	pl_ring_commit(lane->ring);
	return true;
}

bool pl_lane_recovered(const struct pl_lane *lane)
{
	return pl_ring_used(lane->ring) <= lane->depth / 2;
}

bool pl_lane_gap(struct pl_lane *lane, const struct pl_gap *gap)
{
	struct lane_item *item = pl_ring_reserve(lane->ring);
	struct pl_gap *copy = item ? malloc(sizeof(*copy)) : NULL;

	if (!copy)
		return false;
	*copy = *gap;
	*item = (struct lane_item){.type = ITEM_GAP, .gap = copy};
	pl_ring_commit(lane->ring);
	return true;
}

static bool push_event(struct pl_lane *lane, enum item_type type, int64_t t_mono_ns,
		       const char *kind, const char *text)
{
	struct lane_item *item = pl_ring_reserve(lane->ring);
	struct lane_event *event = item ? malloc(sizeof(*event)) : NULL;

	if (!event)
		return false;
	event->t_mono_ns = t_mono_ns;
	pl_copy(event->kind, sizeof(event->kind), kind);
	pl_copy(event->text, sizeof(event->text), text);
	*item = (struct lane_item){.type = type, .event = event};
	pl_ring_commit(lane->ring);
	return true;
}

bool pl_lane_event(struct pl_lane *lane, int64_t t_mono_ns, const char *kind, const char *text)
{
	return push_event(lane, ITEM_EVENT, t_mono_ns, kind, text);
}

bool pl_lane_end(struct pl_lane *lane, const char *reason)
{
	if (!push_event(lane, ITEM_END, 0, reason, ""))
		return false;
	pl_wake_post(&lane->recorder->wake); /* somebody waits for the answer */
	return true;
}

/* ---- telling main ---- */

static void tell(struct pl_lane *lane, enum pl_level level, const char *kind, const char *text)
{
	struct pl_main_item item = {.type = PL_ITEM_EVENT};
	struct pl_engine_status s;

	pl_engine_status(lane->recorder->engines[lane->mat], &s);
	item.event.mat = (int)lane->mat;
	item.event.level = level;
	item.event.t_mono_ns = pl_now_ns();
	item.event.epoch = s.epoch;
	item.event.seq = s.seq;
	memcpy(item.event.lost, s.lost, sizeof(s.lost));
	pl_copy(item.event.kind, sizeof(item.event.kind), kind);
	pl_copy(item.event.text, sizeof(item.event.text), text);
	pl_mailbox_post(lane->recorder->main_box, &item);
}

static void show(struct pl_lane *lane, bool active)
{
	struct pl_recorder *r = lane->recorder;

	pthread_mutex_lock(&r->lock);
	lane->status.active = active;
	if (lane->journal) {
		lane->status.frames = pl_journal_frame_count(lane->journal);
		lane->status.journal_bytes = pl_journal_bytes(lane->journal);
	}
	pthread_mutex_unlock(&r->lock);
}

static void answer(struct pl_lane *lane, int type, uint64_t request, const struct pl_error *err)
{
	struct pl_main_item item = {.type = type};
	struct pl_done *d = &item.done;

	d->request = request;
	d->mat = (int)lane->mat;
	if (err)
		d->err = *err;
	snprintf(d->path, sizeof(d->path), "%s.h5", lane->stem);
	snprintf(d->journal, sizeof(d->journal), "%s.journal", lane->stem);
	d->trial = lane->status.trial;
	d->frames = lane->status.frames;
	d->gap_frames = lane->status.gap_frames;
	pl_copy(d->session_uuid, sizeof(d->session_uuid), lane->status.session_uuid);
	/* Main takes from it all the time; an answer must not get lost. */
	while (!pl_mailbox_post(lane->recorder->main_box, &item) &&
	       !atomic_load(&lane->recorder->stop))
		usleep(1000);
}

/* ---- ends ---- */

static void end_journal(struct pl_lane *lane, const char *reason, struct pl_error *err)
{
	struct pl_error end_err = {0};

	show(lane, true);
	if (pl_journal_end(lane->journal, reason, &end_err) && err && err->code == PL_OK)
		*err = end_err;
	lane->journal = NULL;
	show(lane, false);
	answer(lane, PL_ITEM_ENDED, 0, err);
}

/* Writing failed: close the journal at its last whole record, tell people, let live go on. */
static void fail(struct pl_lane *lane, struct pl_error *err)
{
	char text[480];

	snprintf(text, sizeof(text),
		 "recording ended: %.300s; what was stored until now is kept and will be finished "
		 "once "
		 "there is room",
		 err->message);
	tell(lane, PL_ERR, "recording-failed", text);
	end_journal(lane, "failed", err);
	lane->state = LANE_FAILED; /* until the engine's END has come through the lane */
	pl_engine_record(lane->recorder->engines[lane->mat], false, "failed");
}

static void finish(struct pl_lane *lane, const char *reason)
{
	struct pl_error err = {0};

	if (lane->state == LANE_RECORDING)
		end_journal(lane, reason, &err);
	lane->state = LANE_IDLE;
}

/* ---- emptying a lane ---- */

static void write_frames(struct pl_lane *lane, struct pl_frame **frames, size_t n)
{
	struct pl_error err = {0};

	if (n == 0)
		return;
	if (lane->state == LANE_RECORDING && pl_journal_frames(lane->journal, frames, n, &err))
		fail(lane, &err);
	for (size_t i = 0; i < n; i++)
		pl_frame_unref(frames[i]);
	pl_ring_release(lane->ring, n);
}

static void write_other(struct pl_lane *lane, struct lane_item *item)
{
	struct pl_error err = {0};
	int r = 0;

	if (item->type == ITEM_GAP) {
		if (lane->state == LANE_RECORDING)
			r = pl_journal_gap(lane->journal, item->gap, &err);
		pthread_mutex_lock(&lane->recorder->lock);
		lane->status.gap_frames += item->gap->count;
		pthread_mutex_unlock(&lane->recorder->lock);
		free(item->gap);
	} else {
		struct lane_event *event = item->event;

		if (item->type == ITEM_END)
			finish(lane, event->kind);
		else if (lane->state == LANE_RECORDING)
			r = pl_journal_event(lane->journal, event->t_mono_ns, event->kind,
					     event->text, &err);
		free(event);
	}
	if (r)
		fail(lane, &err);
}

static void drain(struct pl_lane *lane)
{
	struct pl_frame *frames[BATCH];
	struct lane_item *item;
	size_t n = 0;

	for (unsigned done = 0; done < ROUND; done++) {
		item = pl_ring_peek_at(lane->ring, n);
		if (item && item->type == ITEM_FRAME) {
			frames[n++] = item->frame;
			if (n < BATCH)
				continue;
		}
		write_frames(lane, frames, n);
		if (!item)
			return;
		if (item->type != ITEM_FRAME) {
			write_other(lane, item);
			pl_ring_release(lane->ring, 1);
		}
		n = 0;
	}
	write_frames(lane, frames, n);
}

static void keep_time(struct pl_lane *lane, int64_t now)
{
	struct pl_error err = {0};
	int r = 0;

	if (lane->state == LANE_RECORDING && now >= lane->next_clock_ns) {
		lane->next_clock_ns = now + PL_S;
		r = pl_journal_clock(lane->journal, pl_now_ns(), pl_utc_ns(), &err);
	}
	if (r == 0 && lane->state == LANE_RECORDING && now >= lane->next_sync_ns) {
		r = pl_journal_sync(lane->journal, &err);
		lane->next_sync_ns = pl_now_ns() + SYNC_NS;
	}
	if (r)
		fail(lane, &err);
	if (lane->state == LANE_RECORDING)
		show(lane, true);
}

/* ---- the disk ---- */

static void look_at_disk(struct pl_recorder *r, int64_t now)
{
	const struct pl_config *config = r->config;
	double reserve = config->reserve_mb * 1e6, total;
	struct statvfs v;

	if (now < r->next_disk_ns)
		return;
	r->next_disk_ns = now + PL_S;
	if (statvfs(config->folder, &v))
		return;
	total = (double)v.f_blocks * (double)v.f_frsize;
	if (!config->reserve_set && reserve > total / 20)
		reserve = total / 20;
	atomic_store(&r->reserve_bytes, (uint64_t)reserve);
	atomic_store(&r->free_bytes, (uint64_t)v.f_bavail * v.f_frsize);
}

static bool below_reserve(const struct pl_recorder *r)
{
	return atomic_load(&r->free_bytes) < atomic_load(&r->reserve_bytes);
}

static void guard_reserve(struct pl_lane *lane)
{
	struct pl_recorder *r = lane->recorder;
	char text[480];

	if (lane->state != LANE_RECORDING || lane->ending || !below_reserve(r))
		return;
	snprintf(text, sizeof(text),
		 "recording ended and being finished: %.0f MB are free in %.300s, %.0f MB are kept "
		 "in "
		 "reserve; make room, or move archive.folder",
		 (double)atomic_load(&r->free_bytes) / 1e6, r->config->folder,
		 (double)atomic_load(&r->reserve_bytes) / 1e6);
	tell(lane, PL_ERR, "disk-reserve", text);
	lane->ending = true;
	pl_engine_record(r->engines[lane->mat], false, "disk reserve");
}

/* ---- beginning ---- */

/* The folder of a session that exists, and the number of the next trial in it. */
static int find_session(struct pl_lane *lane, struct pl_session_meta *meta, struct pl_error *err)
{
	const char *root = lane->recorder->config->folder;
	char pattern[700];
	glob_t found;
	int r;

	snprintf(pattern, sizeof(pattern), "%s/[0-9]*/[0-9]*/%s", root, meta->session_uuid);
	if (glob(pattern, GLOB_ONLYDIR, NULL, &found))
		return pl_error_set(
			err, PL_ENOENT, ENOENT,
			"there is no session %s below %s; leave `session` out to begin a "
			"new one",
			meta->session_uuid, root);
	do {
		char any[900];
		glob_t files;

		snprintf(lane->stem, sizeof(lane->stem), "%.800s/trial-%03u", found.gl_pathv[0],
			 meta->trial);
		snprintf(any, sizeof(any), "%.890s.*", lane->stem);
		r = glob(any, 0, NULL, &files);
		if (r == 0) {
			globfree(&files);
			meta->trial++;
		}
	} while (r == 0 && meta->trial < 1000);
	globfree(&found);
	return r == 0 ? pl_error_set(err, PL_ESTATE, 0, "session %s is full", meta->session_uuid)
		      : 0;
}

static int open_journal(struct pl_lane *lane, struct pl_session_meta *meta, bool new_session,
			struct pl_error *err)
{
	struct pl_recorder *r = lane->recorder;
	char path[1024];

	if (lane->state != LANE_IDLE)
		return pl_error_set(err, PL_ESTATE, 0, "%s is being recorded already", meta->mat);
	r->next_disk_ns = 0;
	look_at_disk(r, pl_now_ns());
	if (below_reserve(r))
		return pl_error_set(
			err, PL_ENOSPC, ENOSPC,
			"%.0f MB are free in %s, %.0f MB are kept in reserve; make room, "
			"move archive.folder, or lower archive.reserve_mb",
			(double)atomic_load(&r->free_bytes) / 1e6, r->config->folder,
			(double)atomic_load(&r->reserve_bytes) / 1e6);
	if (new_session ? pl_session_folder(r->config->folder, meta, lane->stem, sizeof(lane->stem),
					    err)
			: find_session(lane, meta, err))
		return -1;
	snprintf(path, sizeof(path), "%s.journal", lane->stem);
	lane->journal = pl_journal_create(path, meta, err);
	return lane->journal ? 0 : -1;
}

static void begin(struct pl_recorder *r, struct recorder_command *c)
{
	struct pl_lane *lane = &r->lanes[c->mat];
	struct pl_session_meta *meta = c->meta;
	struct pl_error err = {0};

	if (open_journal(lane, meta, c->new_session, &err)) {
		answer(lane, PL_ITEM_STARTED, c->request, &err);
		return;
	}
	lane->state = LANE_RECORDING;
	lane->ending = false;
	lane->next_sync_ns = pl_now_ns() + SYNC_NS;
	lane->next_clock_ns = 0;
	pthread_mutex_lock(&r->lock);
	lane->status = (struct pl_recording_status){
		.active = true, .trial = meta->trial, .started_utc_ns = meta->started_utc_ns};
	pl_copy(lane->status.session_uuid, sizeof(lane->status.session_uuid), meta->session_uuid);
	pl_copy(lane->status.subject, sizeof(lane->status.subject), meta->subject);
	pl_copy(lane->status.protocol, sizeof(lane->status.protocol), meta->protocol);
	pl_copy(lane->status.condition, sizeof(lane->status.condition), meta->condition);
	snprintf(lane->status.path, sizeof(lane->status.path), "%s.h5", lane->stem);
	pthread_mutex_unlock(&r->lock);
	keep_time(lane, pl_now_ns()); /* the first pair of clocks */
	pl_engine_record(r->engines[c->mat], true, "");
	answer(lane, PL_ITEM_STARTED, c->request, NULL);
}

static void write_audit(struct pl_recorder *r, const char *line)
{
	struct pl_error err = {0};

	if (pl_audit_line(&r->audit, line, &err) == 0) {
		r->audit_failed = false;
		return;
	}
	if (!r->audit_failed)
		pl_logf(r->log, PL_ERR, "%s", err.message);
	r->audit_failed = true;
}

static void obey(struct pl_recorder *r, struct recorder_command *c)
{
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

static void prepare(struct pl_recorder *r)
{
	struct pl_error err = {0};
	char state[512];

	if (pl_audit_open(&r->audit, pl_state_dir(state, sizeof(state)), &err))
		pl_logf(r->log, PL_WARNING, "%s", err.message);
	err = (struct pl_error){0};
	if (access(r->config->folder, F_OK) == 0 &&
	    pl_recover_find(r->config->folder, recover_one, r, &err) < 0)
		pl_logf(r->log, PL_WARNING, "cannot look for unfinished recordings: %s",
			err.message);
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
		for (unsigned i = 0; i < r->n_lanes; i++) {
			struct pl_lane *lane = &r->lanes[i];

			drain(lane);
			keep_time(lane, now);
			guard_reserve(lane);
			busy |= lane->state != LANE_IDLE;
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
		r->lanes = calloc(config->n_mats, sizeof(*r->lanes));
	if (!r || !r->lanes) {
		pl_error_set(err, PL_ENOMEM, errno, "out of memory for the recorder");
		free(r);
		return NULL;
	}
	r->config = config;
	r->log = log;
	r->main_box = main_box;
	r->audit.fd = -1;
	r->n_lanes = config->n_mats;
	pthread_mutex_init(&r->lock, NULL);
	r->commands = pl_mailbox_new(512, sizeof(struct recorder_command), &r->wake, -1, err);
	ok = r->commands != NULL;
	for (unsigned i = 0; ok && i < r->n_lanes; i++) {
		struct pl_lane *lane = &r->lanes[i];

		lane->recorder = r;
		lane->mat = i;
		lane->depth = pl_lane_depth(&config->mats[i].mat);
		lane->ring = pl_ring_new(lane->depth + KEPT_SLOTS, sizeof(struct lane_item), err);
		ok = lane->ring != NULL;
	}
	if (ok)
		return r;
	pl_recorder_stop(r);
	return NULL;
}

struct pl_lane *pl_recorder_lane(struct pl_recorder *r, unsigned mat)
{
	return &r->lanes[mat];
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

static void empty_lane(struct pl_lane *lane)
{
	struct lane_item *item;

	while (lane->ring && (item = pl_ring_peek(lane->ring))) {
		if (item->type == ITEM_FRAME)
			pl_frame_unref(item->frame);
		else if (item->type == ITEM_GAP)
			free(item->gap);
		else
			free(item->event);
		pl_ring_release(lane->ring, 1);
	}
	pl_ring_free(lane->ring);
	pl_journal_abandon(lane->journal);
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
		free(command.line);
		if (command.meta)
			pl_session_meta_free(command.meta);
		free(command.meta);
	}
	for (unsigned i = 0; i < r->n_lanes; i++)
		empty_lane(&r->lanes[i]);
	pl_audit_close(&r->audit);
	pl_mailbox_free(r->commands);
	pthread_mutex_destroy(&r->lock);
	free(r->lanes);
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

void pl_recorder_status(struct pl_recorder *r, unsigned mat, struct pl_recording_status *out)
{
	pthread_mutex_lock(&r->lock);
	*out = r->lanes[mat].status;
	pthread_mutex_unlock(&r->lock);
}

void pl_recorder_disk(const struct pl_recorder *r, uint64_t *free_bytes, uint64_t *reserve_bytes)
{
	*free_bytes = atomic_load(&r->free_bytes);
	*reserve_bytes = atomic_load(&r->reserve_bytes);
}

int64_t pl_recorder_heartbeat(const struct pl_recorder *r)
{
	return atomic_load_explicit(&r->heartbeat_ns, memory_order_relaxed);
}
