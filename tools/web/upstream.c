/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The side of plantard: what it tells becomes what browsers are told, and whether it is there at
 * all is decided here. It may come later than the bridge, go, and come back with other mats and
 * at another address; the control socket stays where it is, so it is asked after each connection.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zmq.h>

#include "tools/client.h"
#include "tools/web/clock.h"
#include "tools/web/web.h"

#define STATUS_LATE_NS (2500 * PL_WEB_MS)
#define PATIENCE_NS PL_WEB_S /* at the start, before it is called absent */

void pl_upstream_look(struct pl_web *web, int64_t now_ns)
{
	struct pl_error why = {0};
	bool up = pl_link_is_up(web->link, &why), was = web->daemon;

	if (up && now_ns - web->status_ns > STATUS_LATE_NS) {
		up = false;
		pl_error_set(&why, PL_ETIMEOUT, 0, "plantard has published no status for %.1f s",
			     (double)STATUS_LATE_NS * 1e-9);
	}
	if (up == was && (up || strcmp(why.message, web->why) == 0))
		return;
	if (!up && !was && now_ns - web->began_ns < PATIENCE_NS)
		return;
	web->daemon = up;
	snprintf(web->why, sizeof(web->why), "%s", why.message);
	pl_logf(web->log, up ? PL_INFO : PL_NOTICE, "%s", up ? "plantard is there" : why.message);
	pl_browsers_daemon(web);
}

static void take_status(void *user, const char *text, size_t n)
{
	struct pl_web *web = user;
	struct pl_packet *p = pl_packet_print("{\"status\":%.*s}", (int)n, text);

	if (!p)
		return;
	pl_packet_drop(web->status);
	web->status = p;
	web->status_ns = pl_web_now_ns();
	pl_upstream_look(web, web->status_ns);
	pl_browsers_status(web);
}

static void take_event(void *user, const char *topic, size_t topic_n, const char *text, size_t n)
{
	struct pl_packet *p = pl_packet_print("{\"event\":{\"topic\":\"%.*s\",\"header\":%.*s}}",
					      (int)topic_n, topic, (int)n, text);

	if (p)
		pl_browsers_event(user, p);
	pl_packet_drop(p);
}

/* The answer to our own question, once a connection: where it publishes, which mat is first, and
 * all that pages would otherwise hear within a second. */
static void take_greeting(void *user, const json_t *status)
{
	struct pl_web *web = user;
	const json_t *endpoints = json_object_get(json_object_get(status, "endpoints"), "data");
	const json_t *first = json_array_get(json_object_get(status, "mats"), 0);
	const char *mat = json_string_value(json_object_get(first, "mat"));
	struct pl_error err = {0};
	char endpoint[512], *text = json_dumps(status, JSON_COMPACT);

	if (mat)
		snprintf(web->first_mat, sizeof(web->first_mat), "%s", mat);
	pl_data_endpoint(web->control, endpoints, endpoint, sizeof(endpoint));
	if (!*endpoint)
		pl_logf(web->log, PL_ERR,
			"plantard publishes nowhere that can be reached from here; see "
			"publish.endpoints in plantard.conf(5)");
	else if (pl_feed_connect(web->feed, endpoint, &err))
		pl_logf(web->log, PL_ERR, "%s", err.message);
	if (text)
		take_status(web, text, strlen(text));
	free(text);
}

static void take_reply(void *user, void *asker, uint32_t id, const char *text, size_t n,
		       const void *blob, size_t blob_n)
{
	(void)user;
	pl_browser_reply(asker, id, text, n, blob, blob_n);
}

/* "ipc://FOLDER/control.sock": viewers have ipc://FOLDER/view/control.sock, perhaps. */
static int open_view_link(struct pl_web *web, struct pl_error *err)
{
	static const char own[] = "/control.sock", view[] = "/view/control.sock";
	const struct pl_link_told link = {take_reply, NULL, web};
	size_t n = strlen(web->control);
	char endpoint[600];

	if (strncmp(web->control, "ipc://", 6) != 0 || n < strlen(view) ||
	    strcmp(web->control + n - strlen(own), own) != 0 ||
	    strcmp(web->control + n - strlen(view), view) == 0)
		return 0;
	snprintf(endpoint, sizeof(endpoint), "%.*s%s", (int)(n - strlen(own)), web->control, view);
	web->view_link = pl_link_open(web->zmq, endpoint, &link, err);
	return web->view_link ? 0 : -1;
}

int pl_upstream_open(struct pl_web *web, struct pl_error *err)
{
	const struct pl_feed_told feed = {take_status, take_event, web};
	const struct pl_link_told link = {take_reply, take_greeting, web};

	web->zmq = zmq_ctx_new();
	if (!web->zmq)
		return pl_error_set(err, PL_ENOMEM, errno, "no ZeroMQ: %s", strerror(errno));
	web->feed = pl_feed_new(web->zmq, &feed, err);
	web->link = web->feed ? pl_link_open(web->zmq, web->control, &link, err) : NULL;
	return web->link ? open_view_link(web, err) : -1;
}

void pl_upstream_close(struct pl_web *web)
{
	pl_link_close(web->link);
	pl_link_close(web->view_link);
	pl_feed_free(web->feed);
	if (web->zmq)
		zmq_ctx_term(web->zmq);
	pl_packet_drop(web->status);
}
