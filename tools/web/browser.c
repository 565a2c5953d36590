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

#include "tools/web/browser.h"
#include "tools/web/clock.h"

#define HELLO_S 10   /* to say it in */
#define GOODBYE_S 10 /* to take the reason in */
#define QUEUE_MAX ((size_t)4 << 20)
#define ANSWERS_MAX ((size_t)36 << 20) /* an operator's reports and pictures */
#define SEND_MAX 16		       /* packets at a time; others are waiting, too */
#define UNSENT_MAX 65536	       /* in the kernel: more would only be old when it arrives */

size_t pl_browser_session_size(void)
{
	return sizeof(struct pl_browser);
}

/* ---- going ---- */

/* The reason can only be told to somebody who reads; after a while it is over without. */
void pl_browser_close(struct pl_browser *b, enum pl_close_code code, const char *why)
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
		pl_browser_close(b, (enum pl_close_code)code, why);
}

/* ---- what it is told ---- */

void pl_browser_put(struct pl_browser *b, struct pl_packet *p)
{
	size_t most = b->role == PL_WEB_OPERATOR ? ANSWERS_MAX : QUEUE_MAX;

	if (b->closing) {
		pl_packet_drop(p);
		return;
	}
	if (!pl_queue_put(&b->queue, p))
		pl_browser_close(b, PL_CLOSE_LATER, "plantar-web has no memory left");
	else if (b->queue.bytes > most)
		pl_browser_close(b, PL_CLOSE_LATER, "read too slowly; connect again");
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

void pl_browser_greet(struct pl_browser *b, const char *why)
{
	pl_browser_put(b, hello_packet(b, why));
	if (!b->web->daemon && *b->web->why)
		pl_browser_put(b, daemon_packet(b->web));
	else if (b->web->status)
		b->status = pl_packet_hold(b->web->status);
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
			pl_browser_put(b, pl_packet_hold(event));
}

void pl_browsers_daemon(struct pl_web *web)
{
	for (struct pl_browser *b = web->browsers; b; b = b->next)
		if (b->role != PL_WEB_NOBODY)
			pl_browser_put(b, daemon_packet(web));
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
		pl_browser_put(b, blob_packet(id, blob, blob_n));
	pl_browser_put(b, pl_packet_print("{\"id\":%u,\"reply\":%.*s}", id, (int)n, text));
}

/* ---- sending ---- */

void pl_browser_watch(struct pl_browser *b, const char *mat)
{
	struct pl_lane *lane = pl_lane_join(b->web->feed, mat);

	pl_lane_leave(b->web->feed, b->lane);
	b->lane = lane;
	if (lane)
		b->place = pl_lane_now(lane);
}

int64_t pl_browsers_tick(struct pl_web *web, int64_t now_ns)
{
	int64_t next_ns = INT64_MAX;

	for (struct pl_browser *b = web->browsers; b; b = b->next) {
		if (b->first && *web->first_mat &&
		    (!b->lane || strcmp(pl_lane_mat(b->lane), web->first_mat) != 0))
			pl_browser_watch(b, web->first_mat);
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

static int send_some(struct pl_browser *b)
{
	unsigned sent = 0;

	if (b->closing) {
		lws_close_reason(b->wsi, (enum lws_close_status)b->closing,
				 (unsigned char *)b->closing_why, strlen(b->closing_why));
		return -1;
	}
	do {
		struct pl_packet *p = next_packet(b);
		int r;

		if (!p)
			return 0;
		r = lws_write(b->wsi, p->bytes, p->n, p->text ? LWS_WRITE_TEXT : LWS_WRITE_BINARY);
		pl_packet_drop(p);
		if (r < 0)
			return -1;
	} while (++sent < SEND_MAX && !lws_send_pipe_choked(b->wsi));
	lws_callback_on_writable(b->wsi);
	return 0;
}

/* ---- coming and going ---- */

static void come(struct pl_browser *b, struct pl_web *web, struct lws *wsi)
{
	int unsent = UNSENT_MAX;

	*b = (struct pl_browser){.web = web, .wsi = wsi, .next = web->browsers};
	b->requests.left = PL_REQUESTS_PER_S;
	b->messages.left = PL_MESSAGES_PER_S;
	b->requests.at_ns = b->messages.at_ns = pl_web_now_ns();
	web->browsers = b;
	web->n_browsers++;
	setsockopt(lws_get_socket_fd(wsi), IPPROTO_TCP, TCP_NOTSENT_LOWAT, &unsent, sizeof(unsent));
	lws_set_timeout(wsi, PENDING_TIMEOUT_USER_REASON_BASE, HELLO_S);
}

static void go(struct pl_browser *b)
{
	struct pl_browser **at;

	if (!b || !b->web)
		return; /* its handshake failed: it never came */
	at = &b->web->browsers;
	while (*at != b)
		at = &(*at)->next;
	*at = b->next;
	b->web->n_browsers--;
	pl_link_forget(b->web->link, b);
	if (b->web->view_link)
		pl_link_forget(b->web->view_link, b);
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
		/* A pong may be behind megabytes that it still reads. */
		lws_validity_confirmed(wsi);
		pl_browser_said(b, in, n);
		return 0;
	case LWS_CALLBACK_SERVER_WRITEABLE:
		return send_some(b);
	case LWS_CALLBACK_CLOSED:
		go(b);
		return 0;
	default:
		return 0;
	}
}
