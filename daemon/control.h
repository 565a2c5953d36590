/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The control socket: ROUTER, one JSON object a request, one a reply, replies possibly later.
 * Main thread only.
 */
#ifndef DAEMON_CONTROL_H
#define DAEMON_CONTROL_H

#include <stddef.h>
#include <stdint.h>

#include <plantar/error.h>

#include "daemon/control_request.h"

struct pl_control;

/* A valid request; token is good for exactly one reply, now or later. */
typedef void pl_control_handler(void *user, uint64_t token, const struct pl_request *request);
/* Every request once it was answered: result is "ok" or the code of the error. command is NULL if
 * the request was none. */
typedef void pl_control_audit(void *user, const char *peer, const char *request,
			      const enum pl_cmd *command, const char *result);

struct pl_control *pl_control_new(void *zmq, const char *endpoint, pl_control_handler *handler,
				  pl_control_audit *audit, void *user, struct pl_error *err);
void pl_control_free(struct pl_control *c); /* what is unanswered is refused; NULL allowed */

int pl_control_fd(const struct pl_control *c); /* readable: maybe something (edge-triggered) */
void pl_control_poll(struct pl_control *c);    /* reads all that is there */

void pl_control_reply(struct pl_control *c, uint64_t token, const char *json, size_t n);
void pl_control_refuse(struct pl_control *c, uint64_t token, const struct pl_error *err);

#endif
