/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What plantard publishes (docs/wire.md), as browsers need it: every event and status at once; of
 * each mat that somebody watches the live figures of all frames and the newest frame. One thread.
 */
#ifndef TOOLS_WEB_FEED_H
#define TOOLS_WEB_FEED_H

#include <stdbool.h>
#include <stdint.h>

#include <plantar/error.h>

#include "tools/web/packet.h"

#define PL_LANE_METRICS 512 /* so many are kept of a mat for browsers that are late */

struct pl_feed;
struct pl_lane; /* one mat that is watched */

/* How far a browser has come in its lane. */
struct pl_place_in_lane {
	uint64_t metrics, frames;
};

struct pl_feed_told {
	/* text is not NUL-terminated; JSON as it came */
	void (*status)(void *user, const char *text, size_t n);
	void (*event)(void *user, const char *topic, size_t topic_n, const char *text, size_t n);
	void *user;
};

struct pl_feed *pl_feed_new(void *zmq, const struct pl_feed_told *told, struct pl_error *err);
void pl_feed_free(struct pl_feed *f); /* NULL allowed */
/* Where plantard publishes; again when that has changed. control: the socket that said so, which
 * decides about keys. */
int pl_feed_connect(struct pl_feed *f, const char *endpoint, struct pl_error *err);

/* Readable when events or status may have come; edge-triggered as ZeroMQ's are: pl_feed_take must
 * have been called before anybody waits for it. */
int pl_feed_fd(const struct pl_feed *f);
/* Everything that has come, up to a bound; true: there may be more. */
bool pl_feed_take(struct pl_feed *f);

/* NULL: out of memory. Whoever joins leaves. */
struct pl_lane *pl_lane_join(struct pl_feed *f, const char *mat);
void pl_lane_leave(struct pl_feed *f, struct pl_lane *lane); /* NULL allowed */
const char *pl_lane_mat(const struct pl_lane *lane);
/* From now on. */
struct pl_place_in_lane pl_lane_now(const struct pl_lane *lane);
bool pl_lane_has_more(const struct pl_lane *lane, const struct pl_place_in_lane *place);
/* A message of kind 1: all figures since place, at most the last 512, and the newest frame if that
 * is new, too. Moves place. NULL: nothing new. */
struct pl_packet *pl_lane_packet(struct pl_lane *lane, struct pl_place_in_lane *place);

#endif
