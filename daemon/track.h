/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the files of the recorder share: record.c (the thread), track.c (one mat's recording) and
 * record_log.c (the logs of protocols). Recorder thread only, but for the status.
 */
#ifndef DAEMON_TRACK_H
#define DAEMON_TRACK_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include <plantar/archive.h>

#include "daemon/engine.h"
#include "daemon/places.h"
#include "daemon/record.h"
#include "daemon/wake.h"

enum track_state { TRACK_IDLE, TRACK_RECORDING, TRACK_FAILED };

/* One mat's recording. */
struct pl_track {
	struct pl_recorder *recorder;
	unsigned mat;
	struct pl_lane *lane;

	/* recorder thread only */
	enum track_state state;
	struct pl_journal *journal;
	struct pl_place *place; /* that has it */
	char stem[900];
	int64_t next_sync_ns, next_clock_ns;
	bool ending;	 /* the engine was told to stop (disk) */
	char reason[32]; /* why the last one ended */

	struct pl_recording_status status; /* under the recorder's lock */
};

struct pl_recorder {
	const struct pl_config *config;
	const struct pl_log *log;
	struct pl_mailbox *main_box, *commands;
	struct pl_engine **engines;
	struct pl_wake wake;
	unsigned n_tracks;
	struct pl_track *tracks;
	pthread_t thread;
	bool started;
	atomic_bool stop;
	pthread_mutex_t lock;
	_Atomic int64_t heartbeat_ns;
	struct pl_places places;
	int64_t next_disk_ns;
};

/* record.c: the file systems, once a second. */
void pl_recorder_look_at_disk(struct pl_recorder *r, int64_t now);

/* track.c: begins a recording and answers the request; then, every round, what the engine sent, the
 * clocks and syncs, and the reserve of the disk. */
void pl_track_begin(struct pl_track *track, struct pl_session_meta *meta, bool new_session,
		    uint64_t request);
void pl_track_drain(struct pl_track *track);
void pl_track_keep_time(struct pl_track *track, int64_t now);
void pl_track_guard_reserve(struct pl_track *track);

/* record_log.c */
struct pl_recorder_log {
	char session_uuid[37], name[80];
	int64_t began_utc_ns;
	uint64_t mark;
	bool may_make, under_way; /* the session's folder; the protocol */
	const char *text;
};
void pl_recorder_write_log(struct pl_recorder *r, const struct pl_recorder_log *log);

#endif
