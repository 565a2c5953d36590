/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What keeps clients from using up the memory that acquisition needs. ZeroMQ keeps the parts of a
 * message until the last one is there, without a limit: one client that never sends a last part
 * takes all memory there is, whatever the limits of messages and queues. So the memory in use is
 * watched, and when it has grown beyond what the queues of well-behaved clients can hold, every
 * connection is shut: honest clients are back in a moment. Main thread only.
 */
#ifndef DAEMON_GUARD_H
#define DAEMON_GUARD_H

#include <stddef.h>
#include <stdint.h>

#include <plantar/error.h>

#include "daemon/config.h"

struct pl_guard;

struct pl_guard *pl_guard_new(void *zmq, const struct pl_config *config, struct pl_error *err);
void pl_guard_free(struct pl_guard *g); /* after the sockets; NULL allowed */

/* Hears of a socket's connections; before it is bound, by the thread that makes it. Any number of
 * times. */
void pl_guard_watch(struct pl_guard *g, void *socket);

/* Every loop of main. excused: bytes in use that are bounded elsewhere. How many connections were
 * shut just now; *grown_mb: why. */
unsigned pl_guard_tick(struct pl_guard *g, int64_t now_ns, size_t excused, double *grown_mb);

#endif
