/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What engine.c (thread, connection, commands) and engine_frame.c (what happens to one frame)
 * share.
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

struct pl_engine {
	struct pl_engine_setup setup;
	const struct pl_mat *mat;
	struct pl_source *source;
	struct pl_decoder *decoder;
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
	uint64_t consumed, frame_start, frame_bytes; /* of the stream, see pl_source_expect */
	int64_t tick_ns, last_frame_ns, opened_ns, period_ns;
	bool connected, any_frame; /* any_frame: of this epoch */
	unsigned silent_opens;	   /* opened in vain, in a row */
	uint32_t flags;		   /* for the next frame */
	uint64_t next_seq;
	uint64_t pending[PL_LOSS_CAUSES]; /* lost since the last frame that got through */
	struct pl_last_frame last;
	bool have_last;
	int64_t view_next_ns, view_period_ns;
	int64_t rate_from_ns;
	uint64_t rate_frames;
	int64_t text_from_ns;
	unsigned texts; /* device texts in this second */
	bool live_reset;
	int force_metric, side_metric[3], feet_metric; /* columns; -1: none */
	atomic_bool watched;
	int64_t cells_next_ns; /* when cells are looked at again */
	struct pl_average average;
	struct pl_engine_recording rec;

	pthread_mutex_t lock; /* of what others look at */
	struct pl_engine_status status;
	struct pl_calibration calibration;
	struct pl_contact contact; /* while watched */

	pthread_mutex_t cells_lock; /* held while a report is made: never waited for by frames */
	struct pl_cell_watch *cells;
};

/* engine_frame.c */
void pl_engine_take_frame(struct pl_engine *e, const struct pl_raw_frame *raw, int64_t t_mono_ns);
void pl_engine_gap_unplugged(struct pl_engine *e, int64_t t_mono_ns);
void pl_engine_end_recording(struct pl_engine *e);
void pl_engine_average_timeout(struct pl_engine *e, int64_t now_ns);
void pl_engine_start_average(struct pl_engine *e, int what, uint64_t request, double seconds);
void pl_engine_clear_tare(struct pl_engine *e, uint64_t request);

/* engine.c: to main, and into the recording if one runs */
void pl_engine_event(struct pl_engine *e, enum pl_level level, const char *kind, const char *fmt,
		     ...) __attribute__((format(printf, 4, 5)));

#endif
