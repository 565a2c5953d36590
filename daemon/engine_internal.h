/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What engine.c (thread, commands), engine_link.c (one source and its decoder), engine_join.c (a
 * mat of several sources) and engine_frame.c (what happens to one frame) share.
 */
#ifndef DAEMON_ENGINE_INTERNAL_H
#define DAEMON_ENGINE_INTERNAL_H

#include <pthread.h>
#include <stdatomic.h>

#include <plantar/clockfit.h>
#include <plantar/contact.h>
#include <plantar/live.h>

#include "daemon/engine.h"
#include "daemon/event.h"

#define PL_STALL_NS (250 * PL_MS) /* without a frame for so long, or three periods: stalled */

/* An average over the next frames: of each cell for a tare, of the force to weigh. */
struct pl_average {
	enum { PL_AVERAGE_NONE, PL_AVERAGE_TARE, PL_AVERAGE_WEIGH } what;
	uint64_t request;
	int64_t until_ns, give_up_ns, length_ns;
	uint64_t frames;
	double force_sum;
	double *cell_sum; /* rows * cols */
};

struct pl_engine_recording {
	bool on, ending, end_noted;
	bool first; /* no frame was handed over yet */
	char reason[32];
	bool behind; /* the lane was full: gap counts what is not recorded */
	struct pl_gap gap;
};

/* The last frame that got through. */
struct pl_last_frame {
	uint32_t epoch;
	uint64_t seq;
	int64_t t_mono_ns;
};

/* A source, what reads it, and how it is. All but status and what it points to: process thread. */
struct pl_link {
	struct pl_engine *e;
	unsigned index;
	const char *uri;
	const struct pl_mat *mat;	/* of the source alone */
	const struct pl_pad_entry *pad; /* NULL: the only source of its mat */
	struct pl_source *source;
	struct pl_decoder *decoder;

	size_t chunk_used; /* of the oldest chunk */
	bool chunk_begun;
	uint64_t consumed, frame_start, frame_bytes; /* of the stream, see pl_source_expect */
	int64_t tick_ns, last_frame_ns, opened_ns, period_ns;
	bool connected, any_frame; /* any_frame: of this connection */
	bool admitted;		   /* it is the device that is meant */
	unsigned silent_opens;	   /* opened in vain, in a row */
	int64_t text_from_ns;
	unsigned texts; /* device texts in this second */
	enum pl_mat_state state;
	struct pl_link_status status; /* under the engine's lock; of several sources only */
};

struct pl_engine {
	struct pl_engine_setup setup;
	const struct pl_mat *mat;
	unsigned n_links;
	struct pl_link links[PL_PARTS_MAX];
	struct pl_join *join; /* NULL: one source */
	unsigned whole_seen;  /* links that ran when the state was last told */
	bool whole_changed;   /* a link's state or the clock has */
	uint32_t epochs;      /* of joint frames */
	int64_t turn_due_ns;  /* when this thread meant to run again, */
	int64_t thawed_ns;    /* and when it last did so much later: after a pause */
	struct pl_pool *pool;
	struct pl_live *live;
	struct pl_clockfit fit;
	struct pl_wake wake;
	struct pl_mailbox *commands;
	pthread_t thread;
	bool started;
	atomic_bool stop;
	_Atomic int64_t heartbeat_ns;

	/* process thread only */
	struct pl_frame *frame; /* to be filled next, or NULL: none free */
	void *scratch;		/* cells of a frame that there is no room for */
	bool connected;		/* frames may come in this epoch */
	uint32_t flags;		/* for the next frame */
	uint64_t next_seq;
	uint64_t pending[PL_LOSS_CAUSES]; /* lost since the last frame that got through */
	struct pl_last_frame last;
	bool have_last;
	int64_t view_next_ns, view_period_ns;
	int64_t rate_from_ns;
	uint64_t rate_frames;
	bool live_reset;
	int force_metric, side_metric[3], feet_metric; /* columns; -1: none */
	atomic_bool watched;
	bool cells_missed; /* a frame came while a report was made */
	struct pl_average average;
	struct pl_engine_recording rec;

	pthread_mutex_t lock; /* of what others look at */
	struct pl_engine_status status;
	struct pl_calibration calibration;
	struct pl_contact contact; /* while watched */

	pthread_mutex_t cells_lock; /* held while a report is made: never waited for by frames */
	struct pl_cell_watch *cells;
};

/* When a frame was, and what is known of it before it is looked at. */
struct pl_moment {
	int64_t t_mono_ns;
	int64_t t_est_ns; /* INT64_MIN: to be found from the device's clock or the count */
	uint32_t flags;
};

/* engine_frame.c: e->frame, or the scratch if that is NULL, holds the cells */
void pl_engine_take_frame(struct pl_engine *e, const struct pl_raw_frame *raw,
			  const struct pl_moment *moment);
void pl_engine_lose(struct pl_engine *e, const uint64_t *lost_by); /* frames without a next one */
void pl_engine_new_epoch(struct pl_engine *e, uint32_t epoch);
void pl_engine_gap_unplugged(struct pl_engine *e, int64_t t_mono_ns);
void pl_engine_end_recording(struct pl_engine *e);
void pl_engine_average_timeout(struct pl_engine *e, int64_t now_ns);
void pl_engine_start_average(struct pl_engine *e, int what, uint64_t request, double seconds);
void pl_engine_clear_tare(struct pl_engine *e, uint64_t request);

/* engine_link.c */
int pl_link_make(struct pl_link *l, struct pl_engine *e, unsigned index, struct pl_error *err);
void pl_link_stop(struct pl_link *l, bool send); /* send: the device's stop command */
void pl_link_free(struct pl_link *l);
/* The oldest chunk, if it is news of the connection. */
void pl_link_hear(struct pl_link *l, const struct pl_chunk *chunk);
/* Bytes of the oldest chunk, to the next frame at most. False: the chunk is over and given back. */
bool pl_link_feed(struct pl_link *l, const struct pl_chunk *chunk);
/* Time-outs and what is to be sent. Returns when to look again. */
int64_t pl_link_timers(struct pl_link *l, int64_t now_ns);
void pl_link_state(struct pl_link *l, enum pl_mat_state state, const char *text);
void pl_link_event(struct pl_link *l, enum pl_level level, const char *kind, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

/* engine_join.c: of mats with several sources */
int pl_engine_join_make(struct pl_engine *e, struct pl_error *err);
/* The frame in the slot of a link came. */
void pl_engine_join_frame(struct pl_link *l, const struct pl_raw_frame *raw, int64_t t_mono_ns);
/* One turn of the thread. False: nothing was there to do. */
bool pl_engine_join_turn(struct pl_engine *e);
void pl_engine_join_show(struct pl_engine *e); /* under the lock */

/* engine.c: to main, and into the recording if one runs */
void pl_engine_event(struct pl_engine *e, enum pl_level level, const char *kind, const char *fmt,
		     ...) __attribute__((format(printf, 4, 5)));

#endif
