/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The recorder thread: takes frames out of deep rings (one a mat, about ten seconds) twenty times
 * a second, appends them to journals with few large writes, and syncs every half second. It and the
 * audit thread (audit_log.h) are the only ones of the daemon that touch a disk, so they are the
 * only ones a slow disk can stop. Main thread, unless it says otherwise.
 */
#ifndef DAEMON_RECORD_H
#define DAEMON_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <plantar/error.h>
#include <plantar/journal.h>
#include <plantar/log.h>
#include <plantar/session.h>

#include "daemon/config.h"
#include "daemon/lane.h"
#include "daemon/mailbox.h"
#include "daemon/places.h"

struct pl_engine;
struct pl_recorder;

/* main_box takes struct pl_main_item. */
struct pl_recorder *pl_recorder_new(const struct pl_config *config, struct pl_mailbox *main_box,
				    const struct pl_log *log, struct pl_error *err);
struct pl_lane *pl_recorder_lane(struct pl_recorder *r, unsigned mat);
/* engines: one a mat, told to start and stop feeding their lanes. Looks for unfinished journals
 * first and sends them to main as PL_ITEM_RECOVER. */
int pl_recorder_start(struct pl_recorder *r, struct pl_engine **engines, struct pl_error *err);
/* Recordings must have ended; those that have not are left as a crash would leave them. */
void pl_recorder_stop(struct pl_recorder *r);

/* Begin a recording of meta (ownership passes on success), as the next free trial of its session.
 * new_session false: that must exist. Answered by PL_ITEM_STARTED with request.
 * False: the recorder does not take commands any more because the disk is stuck. */
bool pl_recorder_begin(struct pl_recorder *r, unsigned mat, uint64_t request,
		       struct pl_session_meta *meta, bool new_session);

/* Rewrites <session folder>/<name> with text (taken over, malloced; freed also on failure).
 * new_session: makes the folder if there is none yet. under_way: the next start of plantard is to
 * go on with it. Answered by PL_ITEM_LOGGED with
 * mark. */
bool pl_recorder_log(struct pl_recorder *r, const char *session_uuid, int64_t began_utc_ns,
		     bool new_session, bool under_way, const char *name, uint64_t mark, char *text);

struct pl_recording_status {
	bool active;
	char session_uuid[37], subject[65], protocol[65], condition[65];
	char path[1024];
	unsigned trial;
	int64_t started_utc_ns;
	uint64_t frames, gap_frames, journal_bytes;
};
void pl_recorder_status(struct pl_recorder *r, unsigned mat, struct pl_recording_status *out);
/* Any thread may read the numbers of each. */
const struct pl_places *pl_recorder_places(const struct pl_recorder *r);
int64_t pl_recorder_heartbeat(const struct pl_recorder *r);

#endif
