/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The way from one mat's process thread to the recorder: about ten seconds of frames by reference,
 * with gaps, events and the end of the recording between them in order. One thread puts, one takes.
 */
#ifndef DAEMON_LANE_H
#define DAEMON_LANE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <plantar/error.h>
#include <plantar/frame.h>
#include <plantar/journal.h>

#include "daemon/wake.h"
#include "drivers/mat/mat.h"

enum pl_lane_type { PL_LANE_FRAME, PL_LANE_GAP, PL_LANE_EVENT, PL_LANE_END };

struct pl_lane_event {
	int64_t t_mono_ns;
	char kind[32], text[480]; /* END: kind is the reason */
};

struct pl_lane_item {
	enum pl_lane_type type;
	union {
		struct pl_frame *frame;	     /* one reference */
		struct pl_gap *gap;	     /* on the heap: whoever takes it frees it */
		struct pl_lane_event *event; /* EVENT, END; likewise */
	};
};

struct pl_lane;

/* How many frames of a mat may wait for the disk: ten seconds, and for fast sources at least 128 MB
 * (of memory that is not touched until then). Their pool must have room for them. */
unsigned pl_lane_depth(const struct pl_mat *mat);

/* taker: woken when a recording ends, for somebody waits for the answer. */
struct pl_lane *pl_lane_new(unsigned depth, struct pl_wake *taker, struct pl_error *err);
void pl_lane_free(struct pl_lane *lane); /* gives back what is in it; NULL allowed */

/* The putting side. False when the recorder is behind by the whole depth; gaps, events and the end
 * have some slots more. */
bool pl_lane_frame(struct pl_lane *lane, struct pl_frame *frame);
bool pl_lane_recovered(const struct pl_lane *lane); /* at most half full again */
bool pl_lane_gap(struct pl_lane *lane, const struct pl_gap *gap);
bool pl_lane_event(struct pl_lane *lane, int64_t t_mono_ns, const char *kind, const char *text);
bool pl_lane_end(struct pl_lane *lane, const char *reason);

/* The taking side: the i-th oldest item or NULL; giving n slots back. */
struct pl_lane_item *pl_lane_peek_at(struct pl_lane *lane, size_t i);
void pl_lane_release(struct pl_lane *lane, size_t n);

#endif
