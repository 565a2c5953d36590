/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Requests come from shells, dashboards and scripts with REQ or DEALER sockets, and some answers
 * (a tare, the end of a recording) take a while. So the way back to each client is kept under a
 * number until the answer is known, in a table of fixed size: who asks for more at once is told.
 *
 * A client may be broken or hostile. What one of them can cost is bounded: a request's bytes and
 * parts, requests a second (rate.h: over that they are refused), messages waiting in ZeroMQ, and
 * the work of one turn, so that main comes round to the watchdog. What is over the work of a turn
 * stays in the queues, and full queues hold up those who filled them.
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
#include "daemon/rate.h"
#include "daemon/text.h"
#include "daemon/wake.h"
#include "daemon/zap.h"

#define HELD_MAX 64
#define ENVELOPE_PARTS_MAX 4
#define ENVELOPE_PART_MAX 256
#define REQUESTS_QUEUED 16 /* of one client */
#define REPLIES_QUEUED 64
#define TURN_MESSAGES 64 /* parts count */
#define ALL_CLIENTS 10	 /* times the rate of one: what all may ask together */
#define BURST_S 2	 /* of a rate, saved up while nobody asked */
#define TELL_NS PL_S	 /* how often refusals by rate are audited */

enum door { DOOR_IPC, DOOR_VIEW, DOOR_LOOPBACK, DOOR_KEY };

struct control_socket {
	void *socket;
	int fd;
	enum door door;
};

struct held {
	uint64_t token; /* 0: free */
	void *socket;
	unsigned parts;
	size_t part_n[ENVELOPE_PARTS_MAX];
	unsigned char part[ENVELOPE_PARTS_MAX][ENVELOPE_PART_MAX];
	struct pl_asker asker;
	char *request;
	bool valid;
	enum pl_cmd command;
};

struct pl_control {
	struct pl_access *access;
	unsigned n_sockets;
	struct control_socket sockets[PL_CONTROL_SOCKETS];
	pl_control_handler *handler;
	pl_control_audit *audit;
	void *user;
	uint64_t next_token;
	struct held held[HELD_MAX];
	struct pl_rate rate; /* of each client */
	struct pl_rate all;  /* of all together */
	int64_t told_ns;
};

/* ---- sockets ---- */

static struct control_socket *add_socket(struct pl_control *c, void *zmq, enum door door,
					 struct pl_error *err)
{
	struct control_socket *s = &c->sockets[c->n_sockets];
	const int64_t message_max = PL_REQUEST_MAX;
	const int linger_ms = 200, requests = REQUESTS_QUEUED, replies = REPLIES_QUEUED;

	s->door = door;
	s->socket = zmq_socket(zmq, ZMQ_ROUTER);
	if (!s->socket) {
		pl_error_set(err, PL_ENOMEM, errno, "cannot make a socket: %s",
			     zmq_strerror(errno));
		return NULL;
	}
	c->n_sockets++;
	zmq_setsockopt(s->socket, ZMQ_MAXMSGSIZE, &message_max, sizeof(message_max));
	zmq_setsockopt(s->socket, ZMQ_LINGER, &linger_ms, sizeof(linger_ms));
	zmq_setsockopt(s->socket, ZMQ_RCVHWM, &requests, sizeof(requests));
	zmq_setsockopt(s->socket, ZMQ_SNDHWM, &replies, sizeof(replies));
	return s;
}

static void take_fd(struct control_socket *s)
{
	size_t n = sizeof(s->fd);

	zmq_getsockopt(s->socket, ZMQ_FD, &s->fd, &n);
}

static int open_endpoint(struct pl_control *c, void *zmq, const char *endpoint,
			 struct pl_error *err)
{
	enum door door = pl_starts(endpoint, "ipc://")		    ? DOOR_IPC
			 : pl_access_needs_key(c->access, endpoint) ? DOOR_KEY
								    : DOOR_LOOPBACK;
	struct control_socket *s = add_socket(c, zmq, door, err);

	if (!s || pl_access_bind(c->access, s->socket, endpoint, "control", err))
		return -1;
	take_fd(s);
	return 0;
}

static int open_view(struct pl_control *c, void *zmq, struct pl_error *err)
{
	struct control_socket *s;
	char endpoint[500];

	if (!pl_access_view_endpoint(c->access, "control", endpoint, sizeof(endpoint)))
		return 0;
	s = add_socket(c, zmq, DOOR_VIEW, err);
	if (!s || pl_access_bind_view(c->access, s->socket, "control", err))
		return -1;
	take_fd(s);
	return 0;
}

struct pl_control *pl_control_new(void *zmq, const struct pl_config *config,
				  struct pl_access *access, pl_control_handler *handler,
				  pl_control_audit *audit, void *user, struct pl_error *err)
{
	struct pl_control *c = calloc(1, sizeof(*c));
	const double per_s = config->access.requests_per_s;
	int r;

	if (!c) {
		pl_error_set(err, PL_ENOMEM, errno, "out of memory for the control socket");
		return NULL;
	}
	c->access = access;
	c->handler = handler;
	c->audit = audit;
	c->user = user;
	c->next_token = 1;
	pl_rate_init(&c->rate, per_s, BURST_S * per_s);
	pl_rate_init(&c->all, ALL_CLIENTS * per_s, ALL_CLIENTS * BURST_S * per_s);
	r = open_view(c, zmq, err);
	for (unsigned i = 0; r == 0 && i < config->n_control; i++)
		r = open_endpoint(c, zmq, config->control[i], err);
	if (r == 0)
		return c;
	pl_error_prefix(err, "control: ");
	pl_control_free(c);
	return NULL;
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
	for (unsigned i = 0; i < c->n_sockets; i++)
		zmq_close(c->sockets[i].socket);
	free(c);
}

unsigned pl_control_fds(const struct pl_control *c, struct pollfd *fds)
{
	for (unsigned i = 0; i < c->n_sockets; i++)
		fds[i] = (struct pollfd){.fd = c->sockets[i].fd, .events = POLLIN};
	return c->n_sockets;
}

/* ---- replies ---- */

static void send_envelope(const struct held *h)
{
	for (unsigned i = 0; i < h->parts; i++)
		zmq_send(h->socket, h->part[i], h->part_n[i], ZMQ_SNDMORE | ZMQ_DONTWAIT);
}

static void send_reply(const struct held *h, const char *json, size_t n)
{
	send_envelope(h);
	zmq_send(h->socket, json, n, ZMQ_DONTWAIT); /* a client that left gets nothing */
}

static struct held *find(const struct pl_control *c, uint64_t token)
{
	for (int i = 0; token && i < HELD_MAX; i++)
		if (c->held[i].token == token)
			return (struct held *)(uintptr_t)&c->held[i];
	return NULL;
}

static void answered(struct pl_control *c, struct held *h, const char *result)
{
	c->audit(c->user, &h->asker, h->request ? h->request : "", h->valid ? &h->command : NULL,
		 result, 1);
	free(h->request);
	*h = (struct held){0};
}

static void answer(struct pl_control *c, uint64_t token, const char *json, size_t n,
		   const char *result)
{
	struct held *h = find(c, token);

	if (!h)
		return;
	send_reply(h, json, n);
	answered(c, h, result);
}

void pl_control_reply(struct pl_control *c, uint64_t token, const char *json, size_t n)
{
	answer(c, token, json, n, "ok");
}

static void send_part(struct held *h, zmq_msg_t *msg, int flags)
{
	if (!h || zmq_msg_send(msg, h->socket, flags | ZMQ_DONTWAIT) < 0)
		zmq_msg_close(msg);
}

void pl_control_reply_parts(struct pl_control *c, uint64_t token, zmq_msg_t *json, zmq_msg_t *blob)
{
	struct held *h = find(c, token);

	if (h)
		send_envelope(h);
	send_part(h, json, blob ? ZMQ_SNDMORE : 0);
	if (blob)
		send_part(h, blob, 0);
	if (h)
		answered(c, h, "ok");
}

const char *pl_control_who(const struct pl_control *c, uint64_t token)
{
	const struct held *h = find(c, token);

	return h ? h->asker.who : "";
}

void pl_control_refuse(struct pl_control *c, uint64_t token, const struct pl_error *err)
{
	char buf[4096];
	size_t n = pl_json_refusal(buf, sizeof(buf), err);

	answer(c, token, buf, n, pl_code_name(err->code));
}

/* ---- who asks ---- */

/* "host:uid:gid:pid" to "uid:1000". */
static void local_user(const char *peer, char *who, size_t cap)
{
	const char *from = peer + strlen(peer);

	for (int colons = 0; from > peer && colons < 3; from--)
		colons += from[-1] == ':';
	from += *from == ':';
	snprintf(who, cap, "uid:%.*s", (int)strcspn(from, ":"), from);
}

static void identify(struct pl_control *c, const struct control_socket *s, zmq_msg_t *body,
		     struct pl_asker *asker)
{
	const char *peer = zmq_msg_gets(body, "Peer-Address"), *name, *key;

	pl_copy(asker->peer, sizeof(asker->peer), peer ? peer : "");
	switch (s->door) {
	case DOOR_IPC:
	case DOOR_VIEW:
		local_user(asker->peer, asker->who, sizeof(asker->who));
		asker->role = s->door == DOOR_IPC ? PL_ROLE_OPERATOR : PL_ROLE_VIEWER;
		break;
	case DOOR_LOOPBACK:
		snprintf(asker->who, sizeof(asker->who), "tcp:%.70s", asker->peer);
		asker->role = pl_access_loopback(c->access);
		break;
	case DOOR_KEY:
		name = zmq_msg_gets(body, "User-Id");
		key = zmq_msg_gets(body, PL_ZAP_KEY);
		snprintf(asker->who, sizeof(asker->who), "key:%.70s", name ? name : "");
		asker->role = name && key ? pl_access_role(c->access, name, key) : PL_ROLE_NONE;
		break;
	}
}

static int may(const struct pl_asker *asker, enum pl_cmd cmd, struct pl_error *err)
{
	if (asker->role == PL_ROLE_OPERATOR)
		return 0;
	if (asker->role == PL_ROLE_NONE)
		return pl_error_set(err, PL_EACCES, 0,
				    "%s may not ask anything here any more: the key was taken out",
				    asker->who);
	if (pl_command_recordings(cmd))
		return pl_error_set(err, PL_EACCES, 0,
				    "\"%s\" is about recordings, and %s may only watch and ask "
				    "here; an operator may (docs/access.md)",
				    pl_command_name(cmd), asker->who);
	if (!pl_command_acts(cmd))
		return 0;
	return pl_error_set(err, PL_EACCES, 0,
			    "\"%s\" changes something, and %s may only watch and ask here; an "
			    "operator may (docs/access.md)",
			    pl_command_name(cmd), asker->who);
}

/* ---- requests ---- */

/* Reads one message: envelope into h, its last part into *body. Returns its parts, 0: none there.
 * *odd: the envelope is not one. */
static unsigned receive(struct held *h, zmq_msg_t *body, bool *odd)
{
	unsigned n = 0;

	*odd = false;
	for (;;) {
		if (zmq_msg_recv(body, h->socket, ZMQ_DONTWAIT) < 0)
			return 0;
		n++;
		if (!zmq_msg_more(body))
			return n;
		if (h->parts == ENVELOPE_PARTS_MAX || zmq_msg_size(body) > ENVELOPE_PART_MAX) {
			*odd = true;
			continue;
		}
		h->part_n[h->parts] = zmq_msg_size(body);
		memcpy(h->part[h->parts++], zmq_msg_data(body), zmq_msg_size(body));
	}
}

/* Viewers that wait for something leave room for operators. */
static struct held *hold(struct pl_control *c, const struct held *h)
{
	unsigned watching = 0;

	for (int i = 0; i < HELD_MAX; i++)
		watching += c->held[i].token && c->held[i].asker.role != PL_ROLE_OPERATOR;
	if (h->asker.role != PL_ROLE_OPERATOR && watching >= HELD_MAX / 2)
		return NULL;
	for (int i = 0; i < HELD_MAX; i++)
		if (c->held[i].token == 0) {
			c->held[i] = *h;
			c->held[i].token = c->next_token++;
			return &c->held[i];
		}
	return NULL;
}

static void refuse_at_once(const struct held *h, const struct pl_error *err)
{
	char buf[1024];

	send_reply(h, buf, pl_json_refusal(buf, sizeof(buf), err));
}

/* Over the rate: refused cheaply, and told of once a second. */
static bool over_rate(struct pl_control *c, const struct held *h, int64_t now_ns)
{
	struct pl_rate_client *client = pl_rate_client(&c->rate, h->asker.who, now_ns);
	struct pl_error err = {0};

	if (pl_rate_take(client))
		return false;
	pl_error_set(&err, PL_EBUSY, 0, "%s asks more than %g times a second; ask more slowly",
		     h->asker.who, c->rate.per_s);
	refuse_at_once(h, &err);
	return true;
}

static void tell_over_rate(struct pl_control *c, int64_t now_ns)
{
	if (now_ns - c->told_ns < TELL_NS)
		return;
	c->told_ns = now_ns;
	for (unsigned i = 0; i < PL_RATE_CLIENTS; i++) {
		struct pl_rate_client *client = &c->rate.clients[i];
		struct pl_asker asker = {0};

		if (!client->refused)
			continue;
		pl_copy(asker.who, sizeof(asker.who), client->who);
		c->audit(c->user, &asker, "", NULL, pl_code_name(PL_EBUSY), client->refused);
		client->refused = 0;
	}
}

static void take_request(struct pl_control *c, struct held *h, zmq_msg_t *body, bool odd)
{
	struct pl_request request;
	struct pl_error err = {0};
	struct held *held = hold(c, h);

	if (!held) {
		pl_error_set(&err, PL_EBUSY, 0,
			     "too many requests are waiting already; try again later");
		refuse_at_once(h, &err);
		c->audit(c->user, &h->asker, "", NULL, pl_code_name(err.code), 1);
		return;
	}
	held->request = strndup(zmq_msg_data(body), zmq_msg_size(body));
	if (odd) {
		pl_error_set(&err, PL_EUSAGE, 0, "a request is one part, behind an empty one");
		pl_control_refuse(c, held->token, &err);
		return;
	}
	if (pl_request_parse(zmq_msg_data(body), zmq_msg_size(body), &request, &err)) {
		pl_control_refuse(c, held->token, &err);
		return;
	}
	held->valid = true;
	held->command = request.cmd;
	if (may(&held->asker, request.cmd, &err))
		pl_control_refuse(c, held->token, &err);
	else
		c->handler(c->user, held->token, &request);
}

/* Parts of one message that was taken from the socket; 0: none there. */
static unsigned take_one(struct pl_control *c, const struct control_socket *s, zmq_msg_t *body,
			 int64_t now_ns)
{
	struct held h = {.socket = s->socket};
	bool odd;
	unsigned n = receive(&h, body, &odd);

	if (n == 0)
		return 0;
	identify(c, s, body, &h.asker);
	if (!over_rate(c, &h, now_ns))
		take_request(c, &h, body, odd);
	return n;
}

bool pl_control_poll(struct pl_control *c)
{
	int64_t now_ns = pl_now_ns();
	struct pl_rate_client *all = pl_rate_client(&c->all, "all", now_ns);
	bool empty = true;
	zmq_msg_t body;

	zmq_msg_init(&body);
	for (unsigned i = 0; i < c->n_sockets; i++) {
		unsigned taken = 0, n = 1;

		/* One socket's flood does not keep main from the others. */
		while (taken < TURN_MESSAGES && n > 0 && all->tokens >= 1) {
			n = take_one(c, &c->sockets[i], &body, now_ns);
			taken += n;
			all->tokens -= n > 0;
		}
		empty &= n == 0;
	}
	zmq_msg_close(&body);
	tell_over_rate(c, now_ns);
	return empty;
}
