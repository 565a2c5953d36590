/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The browsers' requests on their way to plantard's control socket and back. Requests are answered
 * in any order, some after minutes, so each carries a number of ours in its envelope. A request is
 * handed over at once or refused at once: one that waited for plantard to come back would start a
 * recording when nobody expects it any more. One thread.
 */
#ifndef TOOLS_WEB_CONTROL_H
#define TOOLS_WEB_CONTROL_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include <plantar/error.h>

struct pl_link;

struct pl_link_told {
	/* An answer, JSON and what came behind it (blob_n 0: nothing). asker: as given to
	 * pl_link_ask. */
	void (*reply)(void *user, void *asker, uint32_t id, const char *text, size_t n,
		      const void *blob, size_t blob_n);
	/* plantard's own status, asked for at each connection; NULL: not asked for. */
	void (*status)(void *user, const json_t *status);
	void *user;
};

struct pl_link *pl_link_open(void *zmq, const char *endpoint, const struct pl_link_told *told,
			     struct pl_error *err);
void pl_link_close(struct pl_link *c); /* NULL allowed */

/* "v" is set. -1 and err: not sent, and why. */
int pl_link_ask(struct pl_link *c, void *asker, uint32_t id, json_t *request, struct pl_error *err);
void pl_link_forget(struct pl_link *c, const void *asker); /* who asked has gone */
unsigned pl_link_waiting(const struct pl_link *c, const void *asker);

/* Two descriptors, edge-triggered as ZeroMQ's are: take before waiting. */
void pl_link_fds(const struct pl_link *c, int fd[2]);
void pl_link_take(struct pl_link *c);
/* Now and then: asks for the status again that has not come. */
void pl_link_tick(struct pl_link *c, int64_t now_ns);

/* Is it connected, and has told its status if it was asked? Else why not, for people. */
bool pl_link_is_up(const struct pl_link *c, struct pl_error *why);
const char *pl_link_endpoint(const struct pl_link *c);

#endif
