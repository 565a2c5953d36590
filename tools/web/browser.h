/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One browser, for the two files that know it from inside: browser.c (what it is sent) and
 * browser_said.c (what it says). Everybody else has web.h.
 */
#ifndef TOOLS_WEB_BROWSER_H
#define TOOLS_WEB_BROWSER_H

#include "tools/web/queue.h"
#include "tools/web/web.h"

#define PL_REQUESTS_PER_S 50
#define PL_MESSAGES_PER_S 500

enum pl_close_code {
	PL_CLOSE_GOING_AWAY = 1001,
	PL_CLOSE_NOT_TEXT = 1003,
	PL_CLOSE_POLICY = 1008,
	PL_CLOSE_TOO_BIG = 1009,
	PL_CLOSE_LATER = 1013,
};

/* So many in a second, saved up for one. */
struct pl_allowance {
	double left;
	int64_t at_ns;
};

struct pl_browser {
	struct pl_browser *next;
	struct pl_web *web;
	struct lws *wsi;
	enum pl_web_role role; /* PL_WEB_NOBODY: has not said hello */
	struct pl_allowance requests, messages;

	struct pl_queue queue;
	struct pl_packet *status; /* the newest one, not sent yet */

	bool first; /* it watches the first mat, whichever that is */
	struct pl_lane *lane;
	struct pl_place_in_lane place;
	int64_t period_ns, next_ns;
	bool due;

	char *partial; /* of the message that is coming in */
	size_t partial_n;

	unsigned closing; /* code; 0: not */
	const char *closing_why;
};

/* Queues it, or begins to close when too much waits. Takes the reference; NULL: there was no memory
 * for it. */
void pl_browser_put(struct pl_browser *b, struct pl_packet *p);
void pl_browser_close(struct pl_browser *b, enum pl_close_code code, const char *why);
void pl_browser_watch(struct pl_browser *b, const char *mat);
/* The first messages: hello, and how plantard is. why: the token did not help; NULL: it did. */
void pl_browser_greet(struct pl_browser *b, const char *why);

/* The next piece of a message. */
void pl_browser_said(struct pl_browser *b, const void *bytes, size_t n);

#endif
