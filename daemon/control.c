/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Requests come from shells, dashboards and scripts with REQ or DEALER sockets, and some answers
 * (a tare, the end of a recording) take a while. So the way back to each client is kept under a
 * number until the answer is known, in a table of fixed size: who asks for more at once is told.
 */
#include "daemon/control.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zmq.h>

#include <plantar/json.h>

#include "daemon/endpoint.h"
#include "daemon/text.h"

#define HELD_MAX 64
#define ENVELOPE_PARTS_MAX 4
#define ENVELOPE_PART_MAX 256

struct held {
	uint64_t token; /* 0: free */
	unsigned parts;
	size_t part_n[ENVELOPE_PARTS_MAX];
	unsigned char part[ENVELOPE_PARTS_MAX][ENVELOPE_PART_MAX];
	char peer[128];
	char *request;
	bool valid;
	enum pl_cmd command;
};

struct pl_control {
	void *socket;
	int fd;
	pl_control_handler *handler;
	pl_control_audit *audit;
	void *user;
	uint64_t next_token;
	struct held held[HELD_MAX];
};

struct pl_control *pl_control_new(void *zmq, const char *endpoint, pl_control_handler *handler,
				  pl_control_audit *audit, void *user, struct pl_error *err)
{
	struct pl_control *c = calloc(1, sizeof(*c));
	const int64_t message_max = PL_REQUEST_MAX;
	const int linger_ms = 200;
	size_t n = sizeof(c->fd);

	if (!c) {
		pl_error_set(err, PL_ENOMEM, errno, "out of memory for the control socket");
		return NULL;
	}
	*c = (struct pl_control){.handler = handler, .audit = audit, .user = user, .next_token = 1};
	c->socket = zmq_socket(zmq, ZMQ_ROUTER);
	if (!c->socket) {
		pl_error_set(err, PL_ENOMEM, errno, "cannot make a socket: %s",
			     zmq_strerror(errno));
		pl_control_free(c);
		return NULL;
	}
	zmq_setsockopt(c->socket, ZMQ_MAXMSGSIZE, &message_max, sizeof(message_max));
	zmq_setsockopt(c->socket, ZMQ_LINGER, &linger_ms, sizeof(linger_ms));
	if (pl_endpoint_bind(c->socket, endpoint, err)) {
		pl_error_prefix(err, "control: ");
		pl_control_free(c);
		return NULL;
	}
	zmq_getsockopt(c->socket, ZMQ_FD, &c->fd, &n);
	return c;
}

void pl_control_free(struct pl_control *c)
{
	struct pl_error err = {0};

	if (!c)
		return;
	pl_error_set(&err, PL_ESTATE, 0, "plantard is ending");
	for (int i = 0; i < HELD_MAX; i++)
		if (c->held[i].token)
			pl_control_refuse(c, c->held[i].token, &err);
	if (c->socket)
		zmq_close(c->socket);
	free(c);
}

int pl_control_fd(const struct pl_control *c)
{
	return c->fd;
}

/* ---- replies ---- */

static void send_reply(struct pl_control *c, const struct held *h, const char *json, size_t n)
{
	for (unsigned i = 0; i < h->parts; i++)
		zmq_send(c->socket, h->part[i], h->part_n[i], ZMQ_SNDMORE | ZMQ_DONTWAIT);
	zmq_send(c->socket, json, n, ZMQ_DONTWAIT); /* a client that left gets nothing */
}

static void answer(struct pl_control *c, uint64_t token, const char *json, size_t n,
		   const char *result)
{
	for (int i = 0; i < HELD_MAX; i++) {
		struct held *h = &c->held[i];

		if (h->token != token)
			continue;
		send_reply(c, h, json, n);
		c->audit(c->user, h->peer, h->request ? h->request : "",
			 h->valid ? &h->command : NULL, result);
		free(h->request);
		*h = (struct held){0};
		return;
	}
}

void pl_control_reply(struct pl_control *c, uint64_t token, const char *json, size_t n)
{
	answer(c, token, json, n, "ok");
}

static size_t refusal(char *buf, size_t cap, const struct pl_error *err)
{
	struct pl_json j;

	pl_json_init(&j, buf, cap);
	pl_json_begin_object(&j, NULL);
	pl_json_bool(&j, "ok", false);
	pl_json_begin_object(&j, "error");
	pl_json_string(&j, "code", pl_code_name(err->code));
	pl_json_string(&j, "message", err->message);
	pl_json_end_object(&j);
	pl_json_end_object(&j);
	return pl_json_finish(&j);
}

void pl_control_refuse(struct pl_control *c, uint64_t token, const struct pl_error *err)
{
	char buf[4096];
	size_t n = refusal(buf, sizeof(buf), err);

	answer(c, token, buf, n, pl_code_name(err->code));
}

/* ---- requests ---- */

/* Reads one message: envelope into h, its last part into *body. False: none there. */
static bool receive(struct pl_control *c, struct held *h, zmq_msg_t *body, bool *odd)
{
	*odd = false;
	for (;;) {
		if (zmq_msg_recv(body, c->socket, ZMQ_DONTWAIT) < 0)
			return false;
		if (!zmq_msg_more(body))
			return true;
		if (h->parts == ENVELOPE_PARTS_MAX || zmq_msg_size(body) > ENVELOPE_PART_MAX) {
			*odd = true;
			continue;
		}
		h->part_n[h->parts] = zmq_msg_size(body);
		memcpy(h->part[h->parts++], zmq_msg_data(body), zmq_msg_size(body));
	}
}

static struct held *hold(struct pl_control *c, const struct held *h)
{
	for (int i = 0; i < HELD_MAX; i++)
		if (c->held[i].token == 0) {
			c->held[i] = *h;
			c->held[i].token = c->next_token++;
			return &c->held[i];
		}
	return NULL;
}

static void take_request(struct pl_control *c, struct held *h, zmq_msg_t *body)
{
	const char *peer = zmq_msg_gets(body, "Peer-Address");
	struct pl_request request;
	struct pl_error err = {0};
	struct held *held;
	char buf[1024];
	int r;

	pl_copy(h->peer, sizeof(h->peer), peer ? peer : "");
	held = hold(c, h);
	if (!held) {
		pl_error_set(&err, PL_EBUSY, 0, "%d requests are waiting already; try again later",
			     HELD_MAX);
		send_reply(c, h, buf, refusal(buf, sizeof(buf), &err));
		c->audit(c->user, h->peer, "", NULL, pl_code_name(err.code));
		return;
	}
	held->request = strndup(zmq_msg_data(body), zmq_msg_size(body));
	r = pl_request_parse(zmq_msg_data(body), zmq_msg_size(body), &request, &err);
	if (r) {
		pl_control_refuse(c, held->token, &err);
		return;
	}
	held->valid = true;
	held->command = request.cmd;
	c->handler(c->user, held->token, &request);
}

void pl_control_poll(struct pl_control *c)
{
	zmq_msg_t body;
	bool odd;

	zmq_msg_init(&body);
	for (;;) {
		struct held h = {0};

		if (!receive(c, &h, &body, &odd))
			break;
		if (!odd)
			take_request(c, &h, &body);
	}
	zmq_msg_close(&body);
}
