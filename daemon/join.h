/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Frames of several pads become frames of one mat. Pads run free: each has a crystal and a phase of
 * its own. So one of them is the clock: each of its frames is a moment, and of every other pad the
 * frame nearest to that moment (by estimated sampling time, clockfit.h) is taken.
 *
 * - A joint frame is whole or lost as long as all pads are there: if a pad's frame for that moment
 *   was lost, so is the joint one, with that cause. Nothing is guessed.
 * - Drift: a pad that is faster than the clock has a frame too many now and then: it is skipped. Of
 *   one that is slower a frame is taken twice: held, and flagged. Both are counted.
 * - A pad that is not there (unplugged, stalled, refused) is not waited for: its cells are 0 and
 * the frame says so (PL_FLAG_PARTIAL and PL_FLAG_PAD). If it was the clock, the first pad that is
 *   there takes over where it stopped.
 *
 * A pure state machine: it is told what came and who is there, and knows no time of its own. A
 * frame waits for a pad until that one's frame has come or it is told to be gone or stalled, so the
 * longest wait is the stall limit of the mat. All memory is taken by pl_join_new.
 */
#ifndef DAEMON_JOIN_H
#define DAEMON_JOIN_H

#include <stdbool.h>
#include <stdint.h>

#include <plantar/frame.h>

#include "daemon/config.h"
#include "drivers/decode/decode.h"

enum pl_presence {
	PL_PAD_EXPECTED, /* being opened: waited for before the first joint frame only */
	PL_PAD_PRESENT,	 /* waited for */
	PL_PAD_ABSENT,
};

struct pl_join_counters {
	uint64_t joined;  /* frames that became part of a joint one */
	uint64_t held;	  /* joint frames that took one a second time */
	uint64_t skipped; /* frames that no joint one took */
	uint64_t missing; /* joint frames without this pad */
	uint64_t spoilt;  /* joint frames lost because this pad's was */
};

/* What pl_join_next found. */
struct pl_joint {
	bool begins; /* the first frame of an epoch */
	bool lost;   /* no frame: only lost_... says what became of one or more */
	uint32_t flags;
	int64_t t_mono_ns; /* when the last byte of its parts was read */
	int64_t t_est_ns;  /* of the clock's frame */
	uint64_t lost_by[PL_LOSS_CAUSES];
	bool resync;
	int part[PL_PARTS_MAX]; /* slot of each pad, -1: missing; for pl_join_cells */
};

struct pl_join;

/* wait_ns: how long a pad may be silent before it is told to be absent. */
struct pl_join *pl_join_new(const struct pl_mat_entry *entry, int64_t wait_ns,
			    struct pl_error *err);
void pl_join_free(struct pl_join *j); /* NULL allowed */

void pl_join_opened(struct pl_join *j, unsigned pad); /* a new connection */
void pl_join_presence(struct pl_join *j, unsigned pad, enum pl_presence presence);

/* Where the next frame of a pad is to be decoded; NULL: no room until pl_join_next made some. */
void *pl_join_slot(struct pl_join *j, unsigned pad);
/* The frame in that slot. */
enum pl_pushed {
	PL_PUSHED,
	PL_PUSH_SETTLES, /* not used: when it was is not known well so soon after opening */
	PL_PUSH_REFUSED, /* not used: see pl_join_refused */
};
enum pl_pushed pl_join_push(struct pl_join *j, unsigned pad, const struct pl_raw_frame *raw,
			    int64_t t_mono_ns);

/* The pad whose frames are furthest behind among those that may be fed (a mask), or -1. */
int pl_join_furthest_behind(const struct pl_join *j, unsigned mask);

/* The next joint frame, lost or not, if it is decided. Call until false. */
bool pl_join_next(struct pl_join *j, struct pl_joint *out);
/* Its cells: of the whole mat. Before the next call of pl_join_next. */
void pl_join_cells(const struct pl_join *j, const struct pl_joint *joint, void *cells);

bool pl_join_begun(const struct pl_join *j); /* is there an epoch under way? */
int pl_join_clock(const struct pl_join *j);  /* -1: none, and no frames */
/* Frames a second over the last second or so, 0: not known. Refused: its rate has been off the
 * clock's by more than a tenth for four seconds, so its frames are not joined. */
double pl_join_rate_hz(const struct pl_join *j, unsigned pad);
bool pl_join_refused(const struct pl_join *j, unsigned pad);
const struct pl_join_counters *pl_join_counters(const struct pl_join *j, unsigned pad);

#endif
