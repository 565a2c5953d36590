/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a disk does not take now has to be somewhere, without a copy and without a wait. Frames fill
 * a lane up to its depth only, although the ring has more slots: the pool has no more frames to
 * spare, and what tells of the gap that follows, and of the end, must still find room.
 */
#include "daemon/lane.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include <plantar/ring.h>

#include "daemon/text.h"

#define KEPT_SLOTS 64	   /* for gaps, events and the end, when frames have filled a lane */
#define LANE_BYTES (128e6) /* what fast sources may have waiting at least */
#define LANE_S 10.0

struct pl_lane {
	unsigned depth;
	struct pl_ring *ring;
	struct pl_wake *taker;
};

unsigned pl_lane_depth(const struct pl_mat *mat)
{
	double frame =
		(double)pl_geometry_cells(&mat->geometry) * (double)pl_dtype_size(mat->dtype);
	double by_time = LANE_S * (mat->rate_hz > 0 ? mat->rate_hz : 100);
	double n = fmax(by_time, LANE_BYTES / (frame + 512));

	return (unsigned)fmin(fmax(n, 256), 32768);
}

struct pl_lane *pl_lane_new(unsigned depth, struct pl_wake *taker, struct pl_error *err)
{
	struct pl_lane *lane = calloc(1, sizeof(*lane));

	if (!lane) {
		pl_error_set(err, PL_ENOMEM, errno, "out of memory for the recorder");
		return NULL;
	}
	lane->depth = depth;
	lane->taker = taker;
	lane->ring = pl_ring_new(depth + KEPT_SLOTS, sizeof(struct pl_lane_item), err);
	if (lane->ring)
		return lane;
	free(lane);
	return NULL;
}

void pl_lane_free(struct pl_lane *lane)
{
	struct pl_lane_item *item;

	if (!lane)
		return;
	while ((item = pl_ring_peek(lane->ring))) {
		if (item->type == PL_LANE_FRAME)
			pl_frame_unref(item->frame);
		else if (item->type == PL_LANE_GAP)
			free(item->gap);
		else
			free(item->event);
		pl_ring_release(lane->ring, 1);
	}
	pl_ring_free(lane->ring);
	free(lane);
}

bool pl_lane_frame(struct pl_lane *lane, struct pl_frame *frame)
{
	struct pl_lane_item *item;

	if (pl_ring_used(lane->ring) >= lane->depth)
		return false; /* though the ring has more slots: they are kept for what follows */
	item = pl_ring_reserve(lane->ring);
	if (!item)
		return false;
	pl_frame_ref(frame);
	*item = (struct pl_lane_item){.type = PL_LANE_FRAME, .frame = frame};
	pl_ring_commit(lane->ring);
	return true;
}

bool pl_lane_recovered(const struct pl_lane *lane)
{
	return pl_ring_used(lane->ring) <= lane->depth / 2;
}

bool pl_lane_gap(struct pl_lane *lane, const struct pl_gap *gap)
{
	struct pl_lane_item *item = pl_ring_reserve(lane->ring);
	struct pl_gap *copy = item ? malloc(sizeof(*copy)) : NULL;

	if (!copy)
		return false;
	*copy = *gap;
	*item = (struct pl_lane_item){.type = PL_LANE_GAP, .gap = copy};
	pl_ring_commit(lane->ring);
	return true;
}

static bool push_event(struct pl_lane *lane, enum pl_lane_type type, int64_t t_mono_ns,
		       const char *kind, const char *text)
{
	struct pl_lane_item *item = pl_ring_reserve(lane->ring);
	struct pl_lane_event *event = item ? malloc(sizeof(*event)) : NULL;

	if (!event)
		return false;
	event->t_mono_ns = t_mono_ns;
	pl_copy(event->kind, sizeof(event->kind), kind);
	pl_copy(event->text, sizeof(event->text), text);
	*item = (struct pl_lane_item){.type = type, .event = event};
	pl_ring_commit(lane->ring);
	return true;
}

bool pl_lane_event(struct pl_lane *lane, int64_t t_mono_ns, const char *kind, const char *text)
{
	return push_event(lane, PL_LANE_EVENT, t_mono_ns, kind, text);
}

bool pl_lane_end(struct pl_lane *lane, const char *reason)
{
	if (!push_event(lane, PL_LANE_END, 0, reason, ""))
		return false;
	pl_wake_post(lane->taker); /* somebody waits for the answer */
	return true;
}

struct pl_lane_item *pl_lane_peek_at(struct pl_lane *lane, size_t i)
{
	return pl_ring_peek_at(lane->ring, i);
}

void pl_lane_release(struct pl_lane *lane, size_t n)
{
	pl_ring_release(lane->ring, n);
}
