/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The control sockets: ROUTER, one JSON object a request, one a reply, replies possibly later.
 * Who asks is known by the door they came through (access.h); what only operators may do is refused
 * here, before anybody acts. Main thread only.
 */
#ifndef DAEMON_CONTROL_H
#define DAEMON_CONTROL_H

#include <poll.h>
#include <stddef.h>
#include <stdint.h>
#include <zmq.h>

#include <plantar/error.h>

#include "daemon/access.h"
#include "daemon/control_request.h"

/* One for each control endpoint and one for viewers. */
#define PL_CONTROL_SOCKETS (PL_ENDPOINTS_MAX + 1)

struct pl_control;

struct pl_asker {
	char peer[128]; /* as ZeroMQ has it: address, on ipc host:uid:gid:pid */
	char who[80];	/* "key:anna", "uid:1000", "tcp:127.0.0.1" */
	enum pl_role role;
};

/* A valid request; token is good for exactly one reply, now or later. */
typedef void pl_control_handler(void *user, uint64_t token, const struct pl_request *request);
/* Every request once it was answered: result is "ok" or the code of the error. command is NULL if
 * the request was none. times: more than 1 for requests over the rate, told of once a second. */
typedef void pl_control_audit(void *user, const struct pl_asker *asker, const char *request,
			      const enum pl_cmd *command, const char *result, uint64_t times);

struct pl_control *pl_control_new(void *zmq, const struct pl_config *config,
				  struct pl_access *access, pl_control_handler *handler,
				  pl_control_audit *audit, void *user, struct pl_error *err);
void pl_control_free(struct pl_control *c); /* what is unanswered is refused; NULL allowed */

/* Descriptors to poll (at most PL_CONTROL_SOCKETS): readable means maybe something
 * (edge-triggered). */
unsigned pl_control_fds(const struct pl_control *c, struct pollfd *fds);
/* Takes what is there, up to a limit of work; false: more is waiting, come back in a few ms. */
bool pl_control_poll(struct pl_control *c);

void pl_control_reply(struct pl_control *c, uint64_t token, const char *json, size_t n);
/* The same from messages that become ZeroMQ's: the JSON, and a second part, or NULL. */
void pl_control_reply_parts(struct pl_control *c, uint64_t token, zmq_msg_t *json, zmq_msg_t *blob);
/* Who asked; "" if it was answered already. */
const char *pl_control_who(const struct pl_control *c, uint64_t token);
void pl_control_refuse(struct pl_control *c, uint64_t token, const struct pl_error *err);

#endif
