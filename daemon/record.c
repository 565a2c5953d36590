/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Disks stop for seconds, fill up, and lie; frames come regardless. Deep rings take up what a disk
 * does not, this thread alone waits for it, and whatever cannot be stored is noted as a gap
 * instead of being dropped silently. Waking up for each frame would cost more than writing it, so
 * the rings are emptied every 50 ms with few large writes.
 */
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "daemon/event.h"
#include "daemon/text.h"
#include "daemon/track.h"

#define DRAIN_NS (50 * PL_MS)

struct recorder_command {
	enum { COMMAND_BEGIN, COMMAND_LOG } what;
	unsigned mat;
	uint64_t request;
	struct pl_session_meta *meta; /* owned */
	bool new_session;
	char *text;		    /* owned; of LOG */
	struct pl_recorder_log log; /* but for its text */
};

void pl_recorder_look_at_disk(struct pl_recorder *r, int64_t now)
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

static void write_log(struct pl_recorder *r, struct recorder_command *c)
{
	c->log.text = c->text;
	pl_recorder_write_log(r, &c->log);
}

static void obey(struct pl_recorder *r, struct recorder_command *c)
{
	if (c->what == COMMAND_LOG) {
		write_log(r, c);
		free(c->text);
		return;
	}
	pl_track_begin(&r->tracks[c->mat], c->meta, c->new_session, c->request);
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
		pl_recorder_look_at_disk(r, now);
		for (unsigned i = 0; i < r->n_tracks; i++) {
			struct pl_track *track = &r->tracks[i];

			pl_track_drain(track);
			pl_track_keep_time(track, now);
			pl_track_guard_reserve(track);
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
	pl_places_init(&r->places, config);
	r->n_tracks = config->n_mats;
	pthread_mutex_init(&r->lock, NULL);
	r->commands = pl_mailbox_new(512, sizeof(struct recorder_command), &r->wake, -1, err);
	ok = r->commands != NULL;
	for (unsigned i = 0; ok && i < r->n_tracks; i++) {
		struct pl_track *track = &r->tracks[i];

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
		if (command.what == COMMAND_LOG)
			write_log(r, &command);
		free(command.text);
		if (command.meta)
			pl_session_meta_free(command.meta);
		free(command.meta);
	}
	for (unsigned i = 0; i < r->n_tracks; i++) {
		pl_lane_free(r->tracks[i].lane);
		pl_journal_abandon(r->tracks[i].journal);
	}
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

bool pl_recorder_log(struct pl_recorder *r, const char *session_uuid, int64_t began_utc_ns,
		     bool new_session, bool under_way, const char *name, uint64_t mark, char *text)
{
	struct recorder_command c = {.what = COMMAND_LOG,
				     .text = text,
				     .log = {.under_way = under_way,
					     .may_make = new_session,
					     .mark = mark,
					     .began_utc_ns = began_utc_ns}};

	pl_copy(c.log.session_uuid, sizeof(c.log.session_uuid), session_uuid);
	pl_copy(c.log.name, sizeof(c.log.name), name);
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
