/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Plain HTTP: the files of the page, and the gate in front of everything. Whoever says a Host that
 * is not ours gets nothing at all; whoever wants a WebSocket must also come from a page of ours
 * (Origin), ask for /ws and for our protocol.
 *
 * libwebsockets 4.1.6 has a flaw (lws_handshake_server): after an upgrade that it does not know, on
 * a connection that stays open, it hands a pointer to freed headers to whoever confirms upgrades.
 * confirm() asks for the header anew instead, which then is not there, and closes.
 */
#include <stdlib.h>
#include <string.h>

#include "tools/web/web.h"

#define CHUNK 16384

struct session {
	const struct pl_file *file;
	size_t sent;
};

static const struct lws_protocol_vhost_options headers[] = {
	{&headers[1], NULL, "content-security-policy:",
	 "default-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"},
	{&headers[2], NULL, "x-content-type-options:", "nosniff"},
	{&headers[3], NULL, "referrer-policy:", "no-referrer"},
	{&headers[4], NULL, "cross-origin-opener-policy:", "same-origin"},
	{&headers[5], NULL, "cross-origin-resource-policy:", "same-origin"},
	{NULL, NULL, "cache-control:", "no-cache"},
};

const struct lws_protocol_vhost_options *pl_http_headers(void)
{
	return headers;
}

size_t pl_http_session_size(void)
{
	return sizeof(struct session);
}

/* "": not there, or too long to be right. */
static const char *header(struct lws *wsi, enum lws_token_indexes token, char *buf, size_t cap)
{
	if (lws_hdr_copy(wsi, buf, (int)cap, token) <= 0)
		buf[0] = '\0';
	return buf;
}

static int add(struct lws *wsi, const char *name, const char *value, unsigned char **p,
	       unsigned char *end)
{
	return lws_add_http_header_by_name(wsi, (const unsigned char *)name,
					   (const unsigned char *)value, (int)strlen(value), p,
					   end);
}

/* The headers; 0: written. type NULL: nothing comes behind them. */
static int begin(struct lws *wsi, unsigned code, const char *type, size_t n, const char *name,
		 const char *value)
{
	unsigned char buf[LWS_PRE + 2048], *start = buf + LWS_PRE, *p = start;
	unsigned char *end = buf + sizeof(buf) - 1;

	if (lws_add_http_header_status(wsi, code | LWSAHH_FLAG_NO_SERVER_NAME, &p, end) ||
	    (type && add(wsi, "content-type:", type, &p, end)) ||
	    (type && lws_add_http_header_content_length(wsi, n, &p, end)) ||
	    (name && add(wsi, name, value, &p, end)))
		return -1;
	return lws_finalize_write_http_header(wsi, start, &p, end) ? -1 : 0;
}

/* Says why and closes: always -1, for the callback to return. */
static int refuse(struct lws *wsi, unsigned code, const char *text)
{
	unsigned char buf[LWS_PRE + 512];
	size_t n = strlen(text);

	memcpy(buf + LWS_PRE, text, n);
	if (begin(wsi, code, "text/plain; charset=utf-8", n, "connection:", "close") == 0)
		lws_write(wsi, buf + LWS_PRE, n, LWS_WRITE_HTTP_FINAL);
	return -1;
}

static bool host_is_ours(struct pl_web *web, struct lws *wsi, char *host, size_t cap)
{
	return pl_address_is_host(&web->address, lws_get_socket_fd(wsi),
				  header(wsi, WSI_TOKEN_HOST, host, cap));
}

static const char wrong_host[] =
	"This is plantar-web, but not under this name. Open the address that\n"
	"plantar-web --print-url prints, or start it with --host NAME.\n";

/* ---- files ---- */

static int send_file(struct lws *wsi, struct session *s)
{
	unsigned char buf[LWS_PRE + CHUNK];
	size_t n = s->file->n - s->sent;
	bool last = n <= CHUNK;

	n = last ? n : CHUNK;
	memcpy(buf + LWS_PRE, s->file->bytes + s->sent, n);
	if (lws_write(wsi, buf + LWS_PRE, n, last ? LWS_WRITE_HTTP_FINAL : LWS_WRITE_HTTP) < 0)
		return -1;
	s->sent += n;
	if (!last) {
		lws_callback_on_writable(wsi);
		return 0;
	}
	s->file = NULL;
	return lws_http_transaction_completed(wsi) ? -1 : 0;
}

static int get(struct pl_web *web, struct lws *wsi, struct session *s, const char *name)
{
	const struct pl_file *file;
	char host[256], known[64];
	bool head = lws_hdr_total_length(wsi, WSI_TOKEN_HEAD_URI) > 0;

	if (!host_is_ours(web, wsi, host, sizeof(host)))
		return refuse(wsi, HTTP_STATUS_FORBIDDEN, wrong_host);
	if (!head && lws_hdr_total_length(wsi, WSI_TOKEN_GET_URI) <= 0)
		return refuse(wsi, HTTP_STATUS_METHOD_NOT_ALLOWED, "Only GET is answered here.\n");
	file = pl_page_find(&web->page, name);
	if (!file)
		return refuse(wsi, HTTP_STATUS_NOT_FOUND, "There is no such page here.\n");
	if (strcmp(header(wsi, WSI_TOKEN_HTTP_IF_NONE_MATCH, known, sizeof(known)), file->etag) ==
	    0)
		return begin(wsi, HTTP_STATUS_NOT_MODIFIED, NULL, 0, "etag:", file->etag) ||
				       lws_http_transaction_completed(wsi)
			       ? -1
			       : 0;
	if (begin(wsi, HTTP_STATUS_OK, file->type, file->n, "etag:", file->etag))
		return -1;
	if (head || file->n == 0)
		return lws_http_transaction_completed(wsi) ? -1 : 0;
	s->file = file;
	s->sent = 0;
	lws_callback_on_writable(wsi);
	return 0;
}

/* ---- the gate to the WebSocket ---- */

static bool asks_for_our_protocol(struct lws *wsi)
{
	char list[128], *rest = list, *word;

	header(wsi, WSI_TOKEN_PROTOCOL, list, sizeof(list));
	while ((word = strtok_r(rest, ", ", &rest)))
		if (strcmp(word, PL_WEB_PROTOCOL) == 0)
			return true;
	return false;
}

static int confirm(struct pl_web *web, struct lws *wsi)
{
	char upgrade[32], host[256], origin[280], path[16], version[8];

	if (strcasecmp(header(wsi, WSI_TOKEN_UPGRADE, upgrade, sizeof(upgrade)), "websocket") != 0)
		return -1; /* see above; and no HTTP/2 */
	if (!host_is_ours(web, wsi, host, sizeof(host)))
		return refuse(wsi, HTTP_STATUS_FORBIDDEN, wrong_host);
	if (!pl_address_is_origin(&web->address,
				  header(wsi, WSI_TOKEN_ORIGIN, origin, sizeof(origin)), host))
		return refuse(wsi, HTTP_STATUS_FORBIDDEN,
			      "Only pages that come from here may connect (Origin).\n");
	if (strcmp(header(wsi, WSI_TOKEN_GET_URI, path, sizeof(path)), "/ws") != 0)
		return refuse(wsi, HTTP_STATUS_NOT_FOUND, "The WebSocket is at /ws.\n");
	if (!asks_for_our_protocol(wsi))
		return refuse(wsi, HTTP_STATUS_BAD_REQUEST,
			      "The WebSocket's protocol is " PL_WEB_PROTOCOL ".\n");
	if (lws_hdr_total_length(wsi, WSI_TOKEN_KEY) <= 0 ||
	    strcmp(header(wsi, WSI_TOKEN_VERSION, version, sizeof(version)), "13") != 0)
		return refuse(wsi, HTTP_STATUS_BAD_REQUEST, "This is no WebSocket of RFC 6455.\n");
	if (web->n_browsers >= PL_BROWSERS_MAX)
		return refuse(wsi, HTTP_STATUS_SERVICE_UNAVAILABLE,
			      "Too many pages are connected already; close one.\n");
	return 0;
}

int pl_http_callback(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in,
		     size_t n)
{
	struct pl_web *web = lws_context_user(lws_get_context(wsi));
	struct session *s = user;

	(void)n;
	switch (reason) {
	case LWS_CALLBACK_HTTP:
		return get(web, wsi, s, in);
	case LWS_CALLBACK_HTTP_WRITEABLE:
		return s && s->file ? send_file(wsi, s) : 0;
	case LWS_CALLBACK_HTTP_CONFIRM_UPGRADE:
		return confirm(web, wsi);
	case LWS_CALLBACK_FILTER_PROTOCOL_CONNECTION: /* without our protocol */
	case LWS_CALLBACK_RAW_ADOPT:		      /* the method CONNECT makes raw connections */
	case LWS_CALLBACK_RAW_RX:
	case LWS_CALLBACK_HTTP_BODY:
		return -1;
	default:
		return 0;
	}
}
