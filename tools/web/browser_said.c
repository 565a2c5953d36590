/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a browser says, and what becomes of it. Whoever has not said hello can do nothing else; a
 * viewer's requests are looked at here before they go anywhere; and nobody can say so much that
 * others are not heard.
 */
#include <stdlib.h>
#include <string.h>

#include <plantar/json.h>

#include "tools/web/browser.h"
#include "tools/web/clock.h"
#include "tools/web/message.h"

#define WAITING_MAX 16 /* requests of one browser */

static void refuse(struct pl_browser *b, uint32_t id, const struct pl_error *err)
{
	char text[1200];
	size_t n = pl_json_refusal(text, sizeof(text), err);

	pl_browser_reply(b, id, text, n, NULL, 0);
}

static bool allowed(struct pl_allowance *a, double per_s)
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
		pl_browser_close(
			b, PL_CLOSE_POLICY,
			"the token is missing or not this bridge's; plantar-web --print-url");
		return;
	}
	if (role == PL_WEB_NOBODY && *m->token)
		why = "the token is not this bridge's; plantar-web --print-url prints the address "
		      "that has it";
	b->role = role == PL_WEB_NOBODY ? PL_WEB_VIEWER : role;
	lws_set_timeout(b->wsi, NO_PENDING_TIMEOUT, 0);
	pl_browser_greet(b, why);
}

static void take_watch(struct pl_browser *b, const struct pl_message *m)
{
	b->period_ns = (int64_t)(1e9 / m->hz);
	b->next_ns = (pl_web_now_ns() / b->period_ns + 1) * b->period_ns;
	b->first = !*m->mat;
	if (*m->mat)
		pl_browser_watch(b, m->mat);
}

/* Viewers through the viewers' door if that is open, so that plantard, too, knows what they are. */
static struct pl_link *link_for(const struct pl_browser *b)
{
	struct pl_web *web = b->web;

	if (b->role == PL_WEB_OPERATOR || !web->view_link || !pl_link_is_up(web->view_link, NULL))
		return web->link;
	return web->view_link;
}

static void take_request(struct pl_browser *b, struct pl_message *m)
{
	struct pl_error err = {0};
	int r = 0;

	if (!allowed(&b->requests, PL_REQUESTS_PER_S))
		r = pl_error_set(&err, PL_EBUSY, 0,
				 "more than %d requests a second; ask more slowly",
				 PL_REQUESTS_PER_S);
	else if (b->role != PL_WEB_OPERATOR && !pl_message_viewer_may(m->request))
		r = pl_error_set(&err, PL_EACCES, 0,
				 "viewers may not ask this; open the address that `plantar-web "
				 "--print-url` prints");
	else if (pl_link_waiting(link_for(b), b) >= WAITING_MAX)
		r = pl_error_set(&err, PL_EBUSY, 0, "%d requests of this page wait already",
				 WAITING_MAX);
	else
		r = pl_link_ask(link_for(b), b, m->id, m->request, &err);
	if (r)
		refuse(b, m->id, &err);
}

static void take_message(struct pl_browser *b, const char *text, size_t n)
{
	struct pl_message m;
	struct pl_error err = {0};
	int r = pl_message_parse(text, n, &m, &err);

	if (!allowed(&b->messages, PL_MESSAGES_PER_S))
		pl_browser_close(b, PL_CLOSE_POLICY, "too many messages");
	else if (b->role == PL_WEB_NOBODY && (r || m.type != PL_MESSAGE_HELLO))
		pl_browser_close(b, PL_CLOSE_POLICY, "the first message is {\"hello\":1}");
	else if (r && m.has_id)
		refuse(b, m.id, &err);
	else if (r || (m.type == PL_MESSAGE_HELLO && b->role != PL_WEB_NOBODY))
		pl_browser_close(b, PL_CLOSE_POLICY,
				 "not a message of the protocol " PL_WEB_PROTOCOL);
	else if (m.type == PL_MESSAGE_HELLO)
		take_hello(b, &m);
	else if (m.type == PL_MESSAGE_WATCH)
		take_watch(b, &m);
	else if (m.type == PL_MESSAGE_REQUEST)
		take_request(b, &m);
	else
		pl_browser_put(b, pl_packet_print("{\"pong\":%.17g,\"t_ns\":\"%lld\"}", m.ping,
						  (long long)pl_web_now_ns()));
	pl_message_free(&m);
}

/* Messages come in pieces, of the sender's making and of libwebsockets'. */
void pl_browser_said(struct pl_browser *b, const void *bytes, size_t n)
{
	bool last = lws_is_final_fragment(b->wsi) && lws_remaining_packet_payload(b->wsi) == 0;
	char *grown;

	if (b->closing)
		return;
	if (lws_frame_is_binary(b->wsi)) {
		pl_browser_close(b, PL_CLOSE_NOT_TEXT, "messages are text");
		return;
	}
	if (b->partial_n + n > PL_MESSAGE_MAX) {
		pl_browser_close(b, PL_CLOSE_TOO_BIG, "a message has at most 65536 bytes");
		return;
	}
	if (last && b->partial_n == 0) {
		take_message(b, bytes, n);
		return;
	}
	grown = n > 0 ? realloc(b->partial, b->partial_n + n) : b->partial;
	if (n > 0 && !grown) {
		pl_browser_close(b, PL_CLOSE_LATER, "plantar-web has no memory left");
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
