/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One browser: its role, what it watches, what waits for it. Events, answers and the status are
 * queued and never dropped; frames are not queued at all: when the browser is due and its
 * connection takes more, it gets what is new by then. So one that reads slowly sees fewer
 * frames, not older ones.
 *
 * When it is due is kept as a sum (next += period), on a grid that all browsers with the same rate
 * share: "a period after the last time" would lose what every wake-up is late, and browsers that
 * are due together get the same bytes.
 */
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <plantar/json.h>

#include "tools/web/clock.h"
#include "tools/web/message.h"
#include "tools/web/queue.h"
#include "tools/web/web.h"

#define HELLO_S 10   /* to say it in */
#define GOODBYE_S 10 /* to take the reason in */
#define QUEUE_MAX ((size_t)4 << 20)
#define ANSWERS_MAX ((size_t)36 << 20) /* an operator's reports and pictures */
#define WAITING_MAX 16		       /* requests */
#define REQUESTS_PER_S 50
#define MESSAGES_PER_S 500
#define UNSENT_MAX 65536 /* in the kernel: more would only be old when it arrives */

#define CLOSE_GOING_AWAY 1001
#define CLOSE_NOT_TEXT 1003
#define CLOSE_POLICY 1008
#define CLOSE_TOO_BIG 1009
#define CLOSE_LATER 1013

/* So many in a second, saved up for one. */
struct allowance {
	double left;
	int64_t at_ns;
};

struct pl_browser {
	struct pl_browser *next;
	struct pl_web *web;
	struct lws *wsi;
	enum pl_web_role role; /* PL_WEB_NOBODY: has not said hello */
	struct allowance requests, messages;

	struct pl_queue queue;
	struct pl_packet *status; /* the newest one, not sent yet */

	bool wants_first; /* mat, as soon as its name is known */
	struct pl_lane *lane;
	struct pl_place_in_lane place;
	int64_t period_ns, next_ns;
	bool due;

	char *partial; /* of the message that is coming in */
	size_t partial_n;

	unsigned closing; /* code; 0: not */
	const char *closing_why;
};

size_t pl_browser_session_size(void)
{
	return sizeof(struct pl_browser);
}

/* ---- going ---- */

/* The reason can only be told to somebody who reads; after a while it is over without. */
static void begin_close(struct pl_browser *b, unsigned code, const char *why)
{
	if (b->closing)
		return;
	b->closing = code;
	b->closing_why = why;
	pl_queue_clear(&b->queue);
	pl_packet_drop(b->status);
	b->status = NULL;
	lws_set_timeout(b->wsi, PENDING_TIMEOUT_CLOSE_SEND, GOODBYE_S);
	lws_callback_on_writable(b->wsi);
}

void pl_browsers_close(struct pl_web *web, unsigned code, const char *why)
{
	for (struct pl_browser *b = web->browsers; b; b = b->next)
		begin_close(b, code, why);
}

/* ---- what it is told ---- */

static void put(struct pl_browser *b, struct pl_packet *p)
{
	size_t most = b->role == PL_WEB_OPERATOR ? ANSWERS_MAX : QUEUE_MAX;

	if (b->closing) {
		pl_packet_drop(p);
		return;
	}
	if (!pl_queue_put(&b->queue, p))
		begin_close(b, CLOSE_LATER, "plantar-web has no memory left");
	else if (b->queue.bytes > most)
		begin_close(b, CLOSE_LATER, "read too slowly; connect again");
	else
		lws_callback_on_writable(b->wsi);
}

static struct pl_packet *daemon_packet(const struct pl_web *web)
{
	char text[900];
	struct pl_json j;

	pl_json_init(&j, text, sizeof(text));
	pl_json_begin_object(&j, NULL);
	pl_json_bool(&j, "daemon", web->daemon);
	if (!web->daemon)
		pl_json_string(&j, "why", web->why);
	pl_json_end_object(&j);
	return pl_packet_print("%s", pl_json_finish(&j) ? text : "{\"daemon\":false}");
}

static struct pl_packet *hello_packet(const struct pl_browser *b, const char *why)
{
	char text[800], listen[160];
	struct pl_json j;

	pl_json_init(&j, text, sizeof(text));
	pl_json_begin_object(&j, NULL);
	pl_json_begin_object(&j, "hello");
	pl_json_string(&j, "version", PLANTAR_VERSION);
	pl_json_string(&j, "role", b->role == PL_WEB_OPERATOR ? "operator" : "viewer");
	pl_json_string(&j, "listen", pl_address_name(&b->web->address, listen, sizeof(listen)));
	pl_json_bool(&j, "daemon", b->web->daemon);
	if (why)
		pl_json_string(&j, "why", why);
	pl_json_end_object(&j);
	pl_json_end_object(&j);
	return pl_json_finish(&j) ? pl_packet_print("%s", text) : NULL;
}

void pl_browsers_status(struct pl_web *web)
{
	for (struct pl_browser *b = web->browsers; b; b = b->next) {
		if (b->role == PL_WEB_NOBODY || b->closing)
			continue;
		pl_packet_drop(b->status);
		b->status = pl_packet_hold(web->status);
		lws_callback_on_writable(b->wsi);
	}
}

void pl_browsers_event(struct pl_web *web, struct pl_packet *event)
{
	for (struct pl_browser *b = web->browsers; b; b = b->next)
		if (b->role != PL_WEB_NOBODY)
			put(b, pl_packet_hold(event));
}

void pl_browsers_daemon(struct pl_web *web)
{
	for (struct pl_browser *b = web->browsers; b; b = b->next)
		if (b->role != PL_WEB_NOBODY)
			put(b, daemon_packet(web));
}

static struct pl_packet *blob_packet(uint32_t id, const void *blob, size_t n)
{
	uint32_t head[4] = {htole32(2), htole32(id), htole32((uint32_t)n), 0};
	struct pl_packet *p = pl_packet_new(false, sizeof(head) + n);

	if (p) {
		memcpy(p->bytes, head, sizeof(head));
		memcpy(p->bytes + sizeof(head), blob, n);
	}
	return p;
}

void pl_browser_reply(struct pl_browser *b, uint32_t id, const char *text, size_t n,
		      const void *blob, size_t blob_n)
{
	if (blob_n > 0)
		put(b, blob_packet(id, blob, blob_n));
	put(b, pl_packet_print("{\"id\":%u,\"reply\":%.*s}", id, (int)n, text));
}

static void refuse(struct pl_browser *b, uint32_t id, const struct pl_error *err)
{
	char text[1200];
	struct pl_json j;
	size_t n;

	pl_json_init(&j, text, sizeof(text));
	pl_json_begin_object(&j, NULL);
	pl_json_bool(&j, "ok", false);
	pl_json_begin_object(&j, "error");
	pl_json_string(&j, "code", pl_code_name(err->code));
	pl_json_string(&j, "message", err->message);
	pl_json_end_object(&j);
	pl_json_end_object(&j);
	n = pl_json_finish(&j);
	pl_browser_reply(b, id, text, n, NULL, 0);
}

/* ---- what it says ---- */

static bool allowed(struct allowance *a, double per_s)
{
	int64_t now_ns = pl_web_now_ns();

	a->left += per_s * 1e-9 * (double)(now_ns - a->at_ns);
	a->at_ns = now_ns;
	if (a->left > per_s)
		a->left = per_s;
	if (a->left < 1)
		return false;
	a->left -= 1;
	return true;
}

static void take_hello(struct pl_browser *b, const struct pl_message *m)
{
	const struct pl_address *address = &b->web->address;
	enum pl_web_role role = pl_tokens_role(&b->web->tokens, m->token);
	const char *why = NULL;

	if (role == PL_WEB_NOBODY && !address->loopback) {
		begin_close(b, CLOSE_POLICY,
			    "the token is missing or not this bridge's; plantar-web --print-url");
		return;
	}
	if (role == PL_WEB_NOBODY && *m->token)
		why = "the token is not this bridge's; plantar-web --print-url prints the address "
		      "that has it";
	b->role = role == PL_WEB_NOBODY ? PL_WEB_VIEWER : role;
	lws_set_timeout(b->wsi, NO_PENDING_TIMEOUT, 0);
	put(b, hello_packet(b, why));
	if (!b->web->daemon)
		put(b, daemon_packet(b->web));
	else if (b->web->status)
		b->status = pl_packet_hold(b->web->status);
}

static void watch(struct pl_browser *b, const char *mat)
{
	struct pl_lane *lane = pl_lane_join(b->web->feed, mat);

	pl_lane_leave(b->web->feed, b->lane);
	b->lane = lane;
	b->wants_first = false;
	if (lane)
		b->place = pl_lane_now(lane);
}

static void take_watch(struct pl_browser *b, const struct pl_message *m)
{
	b->period_ns = (int64_t)(1e9 / m->hz);
	b->next_ns = (pl_web_now_ns() / b->period_ns + 1) * b->period_ns;
	b->wants_first = !*m->mat;
	if (*m->mat)
		watch(b, m->mat);
}

static void take_request(struct pl_browser *b, struct pl_message *m)
{
	struct pl_web *web = b->web;
	struct pl_error err = {0};
	int r = 0;

	if (!allowed(&b->requests, REQUESTS_PER_S))
		r = pl_error_set(&err, PL_EBUSY, 0,
				 "more than %d requests a second; ask more slowly", REQUESTS_PER_S);
	else if (b->role != PL_WEB_OPERATOR && !pl_message_viewer_may(m->request))
		r = pl_error_set(&err, PL_EACCES, 0,
				 "viewers may not ask this; open the address that `plantar-web "
				 "--print-url` prints");
	else if (pl_link_waiting(web->link, b) >= WAITING_MAX)
		r = pl_error_set(&err, PL_EBUSY, 0, "%d requests of this page wait already",
				 WAITING_MAX);
	else
		r = pl_link_ask(web->link, b, m->id, m->request, &err);
	if (r)
		refuse(b, m->id, &err);
}

static void take_message(struct pl_browser *b, const char *text, size_t n)
{
	struct pl_message m;
	struct pl_error err = {0};
	int r = pl_message_parse(text, n, &m, &err);

	if (!allowed(&b->messages, MESSAGES_PER_S))
		begin_close(b, CLOSE_POLICY, "too many messages");
	else if (b->role == PL_WEB_NOBODY && (r || m.type != PL_MESSAGE_HELLO))
		begin_close(b, CLOSE_POLICY, "the first message is {\"hello\":1}");
	else if (r && m.has_id)
		refuse(b, m.id, &err);
	else if (r || (m.type == PL_MESSAGE_HELLO && b->role != PL_WEB_NOBODY))
		begin_close(b, CLOSE_POLICY, "not a message of the protocol " PL_WEB_PROTOCOL);
	else if (m.type == PL_MESSAGE_HELLO)
		take_hello(b, &m);
	else if (m.type == PL_MESSAGE_WATCH)
		take_watch(b, &m);
	else if (m.type == PL_MESSAGE_REQUEST)
		take_request(b, &m);
	else
		put(b, pl_packet_print("{\"pong\":%.17g,\"t_ns\":\"%lld\"}", m.ping,
				       (long long)pl_web_now_ns()));
	pl_message_free(&m);
}

/* Messages come in pieces, of the sender's making and of libwebsockets'. */
static void take_piece(struct pl_browser *b, const void *bytes, size_t n)
{
	bool last = lws_is_final_fragment(b->wsi) && lws_remaining_packet_payload(b->wsi) == 0;
	char *grown;

	if (b->closing)
		return;
	if (lws_frame_is_binary(b->wsi)) {
		begin_close(b, CLOSE_NOT_TEXT, "messages are text");
		return;
	}
	if (b->partial_n + n > PL_MESSAGE_MAX) {
		begin_close(b, CLOSE_TOO_BIG, "a message has at most 65536 bytes");
		return;
	}
	if (last && b->partial_n == 0) {
		take_message(b, bytes, n);
		return;
	}
	grown = n > 0 ? realloc(b->partial, b->partial_n + n) : b->partial;
	if (n > 0 && !grown) {
		begin_close(b, CLOSE_LATER, "plantar-web has no memory left");
		return;
	}
	b->partial = grown;
	if (n > 0)
		memcpy(b->partial + b->partial_n, bytes, n);
	b->partial_n += n;
	if (!last)
		return;
	take_message(b, b->partial, b->partial_n);
	free(b->partial);
	b->partial = NULL;
	b->partial_n = 0;
}

/* ---- sending ---- */

int64_t pl_browsers_tick(struct pl_web *web, int64_t now_ns)
{
	int64_t next_ns = INT64_MAX;

	for (struct pl_browser *b = web->browsers; b; b = b->next) {
		if (b->wants_first && *web->first_mat)
			watch(b, web->first_mat);
		if (!b->lane || b->closing)
			continue;
		if (now_ns >= b->next_ns) {
			int64_t missed = (now_ns - b->next_ns) / b->period_ns;

			b->next_ns += (missed + 1) * b->period_ns;
			b->due = true;
		}
		if (b->due && pl_lane_has_more(b->lane, &b->place))
			lws_callback_on_writable(b->wsi);
		if (b->next_ns < next_ns)
			next_ns = b->next_ns;
	}
	return next_ns;
}

static struct pl_packet *next_packet(struct pl_browser *b)
{
	struct pl_packet *p = pl_queue_take(&b->queue);

	if (p)
		return p;
	if (b->status) {
		p = b->status;
		b->status = NULL;
		return p;
	}
	if (!b->due || !b->lane)
		return NULL;
	p = pl_lane_packet(b->lane, &b->place);
	b->due = !p;
	return p;
}

static int send_next(struct pl_browser *b)
{
	struct pl_packet *p;
	int r;

	if (b->closing) {
		lws_close_reason(b->wsi, (enum lws_close_status)b->closing,
				 (unsigned char *)b->closing_why, strlen(b->closing_why));
		return -1;
	}
	p = next_packet(b);
	if (!p)
		return 0;
	r = lws_write(b->wsi, p->bytes, p->n, p->text ? LWS_WRITE_TEXT : LWS_WRITE_BINARY);
	pl_packet_drop(p);
	if (b->queue.first || b->status || (b->due && b->lane))
		lws_callback_on_writable(b->wsi);
	return r < 0 ? -1 : 0;
}

/* ---- coming and going ---- */

static void come(struct pl_browser *b, struct pl_web *web, struct lws *wsi)
{
	int unsent = UNSENT_MAX;

	*b = (struct pl_browser){.web = web, .wsi = wsi, .next = web->browsers};
	b->requests.left = REQUESTS_PER_S;
	b->messages.left = MESSAGES_PER_S;
	b->requests.at_ns = b->messages.at_ns = pl_web_now_ns();
	web->browsers = b;
	web->n_browsers++;
	setsockopt(lws_get_socket_fd(wsi), IPPROTO_TCP, TCP_NOTSENT_LOWAT, &unsent, sizeof(unsent));
	lws_set_timeout(wsi, PENDING_TIMEOUT_USER_REASON_BASE, HELLO_S);
}

static void go(struct pl_browser *b)
{
	struct pl_browser **at = &b->web->browsers;

	while (*at && *at != b)
		at = &(*at)->next;
	if (!*at)
		return;
	*at = b->next;
	b->web->n_browsers--;
	pl_link_forget(b->web->link, b);
	pl_lane_leave(b->web->feed, b->lane);
	pl_queue_clear(&b->queue);
	pl_packet_drop(b->status);
	free(b->partial);
}

int pl_browser_callback(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in,
			size_t n)
{
	struct pl_browser *b = user;

	switch (reason) {
	case LWS_CALLBACK_ESTABLISHED:
		come(b, lws_context_user(lws_get_context(wsi)), wsi);
		return 0;
	case LWS_CALLBACK_RECEIVE:
		take_piece(b, in, n);
		return 0;
	case LWS_CALLBACK_SERVER_WRITEABLE:
		return send_next(b);
	case LWS_CALLBACK_CLOSED:
		go(b);
		return 0;
	default:
		return 0;
	}
}
