/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Something happened that people want to know: topic event/<mat>, the log, and the recording if
 * one runs. Any thread posts one to the main thread's mailbox, which publishes and logs it.
 */
#ifndef DAEMON_EVENT_H
#define DAEMON_EVENT_H

#include <stdint.h>

#include <plantar/frame.h>
#include <plantar/log.h>

struct pl_event {
	int mat; /* index, -1: the daemon itself */
	enum pl_level level;
	int64_t t_mono_ns;
	uint32_t epoch;
	uint64_t seq;
	uint64_t lost[PL_LOSS_CAUSES];
	char kind[32];
	char text[480];
};

/* The answer of another thread to a request that main is still holding (request: its number). */
struct pl_done {
	uint64_t request;
	int mat;
	struct pl_error err; /* code PL_OK: it worked */
	char path[1024];     /* start, stop: the .h5 that is or will be */
	char journal[1024];
	char calibration[65];	     /* tare */
	char session_uuid[37];	     /* start */
	unsigned trial;		     /* start */
	double mean_counts_max;	     /* tare */
	double mean_force_n;	     /* weigh */
	uint64_t frames, gap_frames; /* stop */
	char reason[32];	     /* stop: why the recording ended */
};

/* What reaches main's mailbox. */
struct pl_main_item {
	enum {
		PL_ITEM_EVENT,
		PL_ITEM_STARTED,
		PL_ITEM_ENDED,
		PL_ITEM_DONE,
		PL_ITEM_RECOVER,
		PL_ITEM_LOGGED
	} type;
	union {
		struct pl_event event;
		struct pl_done done; /* STARTED, ENDED: also without a request (0) */
		char journal[1024];  /* RECOVER: found unfinished at start */
		struct {
			char folder[1024]; /* of the session */
			uint64_t mark;	   /* of who asked */
			struct pl_error err;
		} logged; /* the log of a protocol is on disk, or not */
	};
};

#endif
