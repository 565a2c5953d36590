/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the parts of plantar-web share: one struct, one thread. main.c fills it from the command
 * line, bridge.c brings it to life, http.c and browser.c are called by libwebsockets for
 * connections that ask for a file resp. have become a WebSocket.
 */
#ifndef TOOLS_WEB_WEB_H
#define TOOLS_WEB_WEB_H

#include <libwebsockets.h>

#include <plantar/log.h>

#include "tools/web/address.h"
#include "tools/web/control.h"
#include "tools/web/feed.h"
#include "tools/web/page.h"
#include "tools/web/token.h"

#define PL_WEB_PROTOCOL "plantar.1"
#define PL_BROWSERS_MAX 32

struct pl_browser;

struct pl_web {
	/* before the start */
	const struct pl_log *log;
	struct pl_address address;
	struct pl_tokens tokens;
	struct pl_page page;
	char control[512];
	const char *tls_cert, *tls_key; /* NULL: no TLS */
	const char *token_file;

	/* alive */
	struct lws_context *lws;
	struct lws_vhost *vhost;
	void *zmq;
	struct pl_feed *feed;
	struct pl_link *link, *view_link; /* NULL: there is no other door for viewers */
	int listen_fd, timer_fd, signal_fd;
	bool stopping;

	/* what plantard has told */
	int64_t began_ns;
	bool daemon;   /* it is there */
	char why[600]; /* else this is why not */
	char first_mat[65];
	struct pl_packet *status; /* the newest; NULL: none */
	int64_t status_ns;

	struct pl_browser *browsers;
	unsigned n_browsers;
};

/* Runs until a signal: 0, or -1 and err. */
int pl_web_run(struct pl_web *web, struct pl_error *err);

/* ---- upstream.c ---- */
int pl_upstream_open(struct pl_web *web, struct pl_error *err);
void pl_upstream_close(struct pl_web *web);
/* Is plantard there? Browsers are told when that has changed. */
void pl_upstream_look(struct pl_web *web, int64_t now_ns);

/* ---- http.c ---- */
int pl_http_callback(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in,
		     size_t n);
/* Every answer has these; a list for libwebsockets. */
const struct lws_protocol_vhost_options *pl_http_headers(void);
size_t pl_http_session_size(void);

/* ---- browser.c ---- */
int pl_browser_callback(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in,
			size_t n);
size_t pl_browser_session_size(void);
/* To all that have said hello. */
void pl_browsers_status(struct pl_web *web);
void pl_browsers_event(struct pl_web *web, struct pl_packet *event);
void pl_browsers_daemon(struct pl_web *web);
void pl_browser_reply(struct pl_browser *b, uint32_t id, const char *text, size_t n,
		      const void *blob, size_t blob_n);
/* Asks libwebsockets for those that are due; returns when the next one is. */
int64_t pl_browsers_tick(struct pl_web *web, int64_t now_ns);
void pl_browsers_close(struct pl_web *web, unsigned code, const char *why);

#endif
