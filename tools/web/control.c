/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ZeroMQ connects for ever and queues meanwhile; here a queue is wrong (see control.h), so messages
 * go to complete connections only (ZMQ_IMMEDIATE), and the socket's monitor tells when there is
 * one. What was handed over when a connection ends is lost or done, nobody knows: whoever
 * asked is told so.
 */
#include "tools/web/control.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zmq.h>

#include "tools/secure.h"
#include "tools/web/clock.h"

#define PENDING_MAX 256
#define RECONNECT_MS 100
#define RECONNECT_MAX_MS 1000
#define STATUS_AGAIN_NS (3 * PL_WEB_S)

struct pending {
	uint64_t number; /* 0: free */
	void *asker;	 /* NULL: we */
	uint32_t id;
};

struct pl_link {
	void *socket, *monitor;
	char endpoint[512];
	struct pl_link_told told;
	bool up, greeted; /* greeted: it has told its status */
	uint16_t refused; /* the event with which the last handshake failed */
	int64_t asked_ns;
	uint64_t last_number;
	struct pending pending[PENDING_MAX];
};

static int open_sockets(struct pl_link *c, void *zmq, struct pl_error *err)
{
	int zero = 0, one = 1, first = RECONNECT_MS, most = RECONNECT_MAX_MS;
	char monitor[64];

	snprintf(monitor, sizeof(monitor), "inproc://plantar-web.%p", (void *)c);
	c->socket = zmq_socket(zmq, ZMQ_DEALER);
	c->monitor = zmq_socket(zmq, ZMQ_PAIR);
	if (!c->socket || !c->monitor)
		return pl_error_set(err, PL_ENOMEM, errno, "no ZeroMQ sockets: %s",
				    zmq_strerror(errno));
	zmq_setsockopt(c->socket, ZMQ_LINGER, &zero, sizeof(zero));
	zmq_setsockopt(c->monitor, ZMQ_LINGER, &zero, sizeof(zero));
	zmq_setsockopt(c->socket, ZMQ_IMMEDIATE, &one, sizeof(one));
	zmq_setsockopt(c->socket, ZMQ_RECONNECT_IVL, &first, sizeof(first));
	zmq_setsockopt(c->socket, ZMQ_RECONNECT_IVL_MAX, &most, sizeof(most));
	if (pl_secure(c->socket, c->endpoint, err))
		return -1;
	if (zmq_socket_monitor(c->socket, monitor,
			       ZMQ_EVENT_HANDSHAKE_SUCCEEDED | ZMQ_EVENT_DISCONNECTED |
				       ZMQ_EVENT_HANDSHAKE_FAILED_AUTH |
				       ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL |
				       ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL) ||
	    zmq_connect(c->monitor, monitor) || zmq_connect(c->socket, c->endpoint))
		return pl_error_set(err, PL_EUSAGE, errno, "cannot use the control socket '%s': %s",
				    c->endpoint, zmq_strerror(errno));
	return 0;
}

struct pl_link *pl_link_open(void *zmq, const char *endpoint, const struct pl_link_told *told,
			     struct pl_error *err)
{
	struct pl_link *c = calloc(1, sizeof(*c));

	if (!c) {
		pl_error_set(err, PL_ENOMEM, errno, "out of memory");
		return NULL;
	}
	c->told = *told;
	snprintf(c->endpoint, sizeof(c->endpoint), "%s", endpoint);
	if (open_sockets(c, zmq, err) == 0)
		return c;
	pl_link_close(c);
	return NULL;
}

void pl_link_close(struct pl_link *c)
{
	if (!c)
		return;
	if (c->monitor)
		zmq_close(c->monitor);
	if (c->socket)
		zmq_close(c->socket);
	free(c);
}

/* ---- asking ---- */

/* Why there is no connection. */
static int explain(const struct pl_link *c, struct pl_error *why)
{
	struct stat st;
	bool ipc = strncmp(c->endpoint, "ipc://", 6) == 0;

	if (c->refused)
		return pl_error_set(why, PL_EACCES, 0, "plantard at %s does not let this key in",
				    c->endpoint);
	if (ipc && stat(c->endpoint + 6, &st) == 0 && access(c->endpoint + 6, W_OK))
		return pl_error_set(why, PL_EACCES, EACCES,
				    "this user may not use %s; members of the group plantard may",
				    c->endpoint);
	return pl_error_set(why, PL_EGONE, 0, "plantard does not answer at %s; is it running?",
			    c->endpoint);
}

static struct pending *find(struct pl_link *c, uint64_t number)
{
	for (unsigned i = 0; i < PENDING_MAX; i++)
		if (c->pending[i].number == number)
			return &c->pending[i];
	return NULL;
}

static int hand_over(struct pl_link *c, uint64_t number, const char *text)
{
	if (zmq_send(c->socket, &number, sizeof(number), ZMQ_SNDMORE | ZMQ_DONTWAIT) < 0)
		return -1;
	/* The first part was taken, so the others are: a message has one pipe. */
	zmq_send(c->socket, "", 0, ZMQ_SNDMORE | ZMQ_DONTWAIT);
	return zmq_send(c->socket, text, strlen(text), ZMQ_DONTWAIT) < 0 ? -1 : 0;
}

int pl_link_ask(struct pl_link *c, void *asker, uint32_t id, json_t *request, struct pl_error *err)
{
	struct pending *p = find(c, 0);
	char *text;
	int r;

	if (!c->up)
		return explain(c, err);
	if (!p)
		return pl_error_set(err, PL_EBUSY, 0,
				    "%d requests wait for plantard already; try again",
				    PENDING_MAX);
	json_object_set_new(request, "v", json_integer(1));
	text = json_dumps(request, JSON_COMPACT);
	if (!text)
		return pl_error_set(err, PL_EUSAGE, 0, "the request is not valid JSON");
	r = hand_over(c, c->last_number + 1, text);
	free(text);
	if (r)
		return pl_error_set(err, PL_EBUSY, errno, "plantard does not take requests: %s",
				    zmq_strerror(errno));
	*p = (struct pending){++c->last_number, asker, id};
	return 0;
}

void pl_link_forget(struct pl_link *c, const void *asker)
{
	for (unsigned i = 0; i < PENDING_MAX; i++)
		if (c->pending[i].asker == asker)
			c->pending[i] = (struct pending){0};
}

unsigned pl_link_waiting(const struct pl_link *c, const void *asker)
{
	unsigned n = 0;

	for (unsigned i = 0; i < PENDING_MAX; i++)
		n += c->pending[i].number && c->pending[i].asker == asker;
	return n;
}

static void ask_status(struct pl_link *c, int64_t now_ns)
{
	json_t *request = json_pack("{s:s}", "cmd", "status");

	c->asked_ns = now_ns;
	pl_link_forget(c, NULL);
	/* Its pipe may come a moment after the handshake: then once more. */
	if (!request || pl_link_ask(c, NULL, 0, request, NULL))
		c->asked_ns = 0;
	json_decref(request);
}

void pl_link_tick(struct pl_link *c, int64_t now_ns)
{
	if (c->up && !c->greeted && (c->asked_ns == 0 || now_ns - c->asked_ns > STATUS_AGAIN_NS))
		ask_status(c, now_ns);
}

/* ---- what comes ---- */

static void lose_all(struct pl_link *c)
{
	static const char gone[] =
		"{\"ok\":false,\"error\":{\"code\":\"gone\",\"message\":\"plantard went away "
		"before it answered; whether it was done, the status shows\"}}";

	for (unsigned i = 0; i < PENDING_MAX; i++) {
		struct pending p = c->pending[i];

		c->pending[i] = (struct pending){0};
		if (p.number && p.asker)
			c->told.reply(c->told.user, p.asker, p.id, gone, strlen(gone), NULL, 0);
	}
}

static void take_monitor(struct pl_link *c)
{
	zmq_msg_t part;

	zmq_msg_init(&part);
	while (zmq_msg_recv(&part, c->monitor, ZMQ_DONTWAIT) >= 0) {
		uint16_t event;

		/* number and value of the event; the address comes as a second part */
		if (!zmq_msg_more(&part) || zmq_msg_size(&part) < sizeof(event))
			continue;
		memcpy(&event, zmq_msg_data(&part), sizeof(event));
		c->up = event == ZMQ_EVENT_HANDSHAKE_SUCCEEDED;
		c->refused = event == ZMQ_EVENT_DISCONNECTED ? c->refused : c->up ? 0 : event;
		c->greeted = c->up && !c->told.status;
		c->asked_ns = 0;
		if (!c->up)
			lose_all(c);
	}
	zmq_msg_close(&part);
}

static void take_own(struct pl_link *c, const char *text, size_t n)
{
	json_t *reply = json_loadb(text, n, 0, NULL);
	const json_t *status = json_object_get(reply, "status");

	if (json_is_object(status)) {
		c->greeted = true;
		c->told.status(c->told.user, status);
	}
	json_decref(reply);
}

/* Envelope, empty part, JSON, sometimes bytes behind it. */
static bool take_reply(struct pl_link *c)
{
	zmq_msg_t part[4];
	unsigned n = 0;
	bool more = true;
	struct pending *p, was;
	uint64_t number;

	for (unsigned i = 0; i < 4; i++)
		zmq_msg_init(&part[i]);
	while (more && zmq_msg_recv(&part[n < 4 ? n : 3], c->socket, ZMQ_DONTWAIT) >= 0) {
		more = zmq_msg_more(&part[n < 4 ? n : 3]);
		n++;
	}
	if (n >= 3 && zmq_msg_size(&part[0]) == sizeof(number)) {
		memcpy(&number, zmq_msg_data(&part[0]), sizeof(number));
		p = number ? find(c, number) : NULL;
		was = p ? *p : (struct pending){0};
		if (p)
			*p = (struct pending){0};
		if (was.asker)
			c->told.reply(c->told.user, was.asker, was.id, zmq_msg_data(&part[2]),
				      zmq_msg_size(&part[2]), zmq_msg_data(&part[3]),
				      zmq_msg_size(&part[3]));
		else if (p)
			take_own(c, zmq_msg_data(&part[2]), zmq_msg_size(&part[2]));
	}
	for (unsigned i = 0; i < 4; i++)
		zmq_msg_close(&part[i]);
	return n > 0;
}

void pl_link_take(struct pl_link *c)
{
	while (take_reply(c))
		;
	take_monitor(c);
	if (c->up && !c->greeted && c->asked_ns == 0)
		ask_status(c, pl_web_now_ns());
}

void pl_link_fds(const struct pl_link *c, int fd[2])
{
	size_t n = sizeof(fd[0]);

	zmq_getsockopt(c->socket, ZMQ_FD, &fd[0], &n);
	zmq_getsockopt(c->monitor, ZMQ_FD, &fd[1], &n);
}

const char *pl_link_endpoint(const struct pl_link *c)
{
	return c->endpoint;
}

bool pl_link_is_up(const struct pl_link *c, struct pl_error *why)
{
	if (!c->greeted)
		explain(c, why);
	return c->greeted;
}
