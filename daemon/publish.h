/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The publisher thread: owner of the one PUB socket (an XPUB, which also tells what is subscribed
 * to). Frames nobody listens to never get here; frames it sends are copied into messages, so that
 * a stuck subscriber never holds a frame of the pool. Nothing here waits for a subscriber.
 */
#ifndef DAEMON_PUBLISH_H
#define DAEMON_PUBLISH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <plantar/error.h>
#include <plantar/frame.h>
#include <plantar/log.h>

#include "daemon/access.h"
#include "daemon/config.h"
#include "daemon/wire.h"

enum pl_topic { PL_TOPIC_FRAME = 1, PL_TOPIC_METRICS = 2, PL_TOPIC_VIEW = 4 };

struct pl_publish_counters {
	uint64_t frames, dropped;
};

struct pl_publisher;

/* Binds the endpoints (messages say what to do about a busy one). zmq: a context. */
struct pl_publisher *pl_publisher_new(void *zmq, const struct pl_config *config,
				      struct pl_access *access, struct pl_wire_mat *const *mats,
				      const struct pl_log *log, struct pl_error *err);
int pl_publisher_start(struct pl_publisher *p, struct pl_error *err);
void pl_publisher_stop(struct pl_publisher *p); /* ends the thread, sends what waits, frees */

/* How many frames of a mat may wait here (their pool must have room for them). */
unsigned pl_publisher_depth(const struct pl_config *config, unsigned mat);

/* Process thread of that mat only: enum pl_topic bits that somebody is subscribed to, and handing
 * over a frame (referenced as long as it waits) for some of them. Full: the frame is not
 * published, and counted. */
unsigned pl_publisher_wanted(const struct pl_publisher *p, unsigned mat);
void pl_publisher_frame(struct pl_publisher *p, unsigned mat, struct pl_frame *frame,
			unsigned topics, bool recording);

/* Any thread: a message of topic and header alone (events, status). Copies. */
void pl_publisher_text(struct pl_publisher *p, const char *topic, const char *header, size_t n);

void pl_publisher_counters(const struct pl_publisher *p, unsigned mat,
			   struct pl_publish_counters *out);
int64_t pl_publisher_heartbeat(const struct pl_publisher *p);

#endif
