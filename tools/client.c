/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ZeroMQ connects to addresses where nobody listens and waits for ever; a person at a terminal
 * wants to hear at once that no daemon runs. So a missing ipc socket is looked for before, and
 * every wait has an end.
 */
#include "tools/client.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <plantar/json.h>
#include <zmq.h>

#include "drivers/mat/paths.h"
#include "tools/secure.h"

struct pl_client {
	void *context, *socket, *watch;
	char endpoint[512];
};

static int missing_socket(const char *endpoint, struct pl_error *err)
{
	struct stat st;

	if (strncmp(endpoint, "ipc://", 6) != 0 || stat(endpoint + 6, &st) == 0)
		return 0;
	return pl_error_set(
		err, PL_ENOENT, errno,
		"no plantard is running here (no socket %s); start it with 'plantard', or "
		"name another daemon's socket with --control",
		endpoint + 6);
}

struct pl_client *pl_client_open(const char *endpoint, struct pl_error *err)
{
	struct pl_client *c = calloc(1, sizeof(*c));
	int zero = 0;

	if (!c) {
		pl_error_set(err, PL_ENOMEM, errno, "out of memory");
		return NULL;
	}
	if (endpoint)
		snprintf(c->endpoint, sizeof(c->endpoint), "%s", endpoint);
	else
		pl_control_endpoint(c->endpoint, sizeof(c->endpoint));
	if (missing_socket(c->endpoint, err) < 0) {
		free(c);
		return NULL;
	}
	c->context = zmq_ctx_new();
	c->socket = c->context ? zmq_socket(c->context, ZMQ_DEALER) : NULL;
	if (c->socket && pl_secure(c->socket, c->endpoint, err)) {
		pl_client_close(c);
		return NULL;
	}
	if (c->socket)
		c->watch = pl_secure_watch(c->context, c->socket);
	if (!c->socket || zmq_setsockopt(c->socket, ZMQ_LINGER, &zero, sizeof(zero)) ||
	    zmq_connect(c->socket, c->endpoint)) {
		pl_error_set(err, PL_EUSAGE, errno, "cannot use the control socket '%s': %s",
			     c->endpoint, zmq_strerror(errno));
		pl_client_close(c);
		return NULL;
	}
	return c;
}

void pl_client_close(struct pl_client *c)
{
	if (!c)
		return;
	if (c->watch)
		zmq_close(c->watch);
	if (c->socket)
		zmq_close(c->socket);
	if (c->context)
		zmq_ctx_term(c->context);
	free(c);
}

void *pl_client_context(struct pl_client *c)
{
	return c->context;
}

void pl_data_endpoint(const char *control, const json_t *endpoints, char *out, size_t cap)
{
	static const char view[] = "/view/control.sock";
	size_t n = strlen(control), m = strlen(view), i;
	bool local = pl_endpoint_is_local(control);
	const char *host_end = strrchr(control, ':'), *port;
	const json_t *endpoint;

	*out = '\0';
	if (n > m && strcmp(control + n - m, view) == 0) {
		snprintf(out, cap, "%.*s/view/data.sock", (int)(n - m), control);
		return;
	}
	json_array_foreach(endpoints, i, endpoint)
	{
		const char *text = json_string_value(endpoint);

		if (text && local && (!*out || strncmp(text, "ipc:", 4) == 0))
			snprintf(out, cap, "%s", text);
		port = text ? strrchr(text, ':') : NULL;
		if (text && !local && !*out && strncmp(text, "tcp://", 6) == 0 &&
		    !pl_endpoint_is_local(text))
			snprintf(out, cap, "%.*s%s", (int)(host_end - control), control, port);
	}
}

void pl_client_data_endpoint(const struct pl_client *c, const json_t *endpoints, char *out,
			     size_t cap)
{
	pl_data_endpoint(c->endpoint, endpoints, out, cap);
}

json_t *pl_request(const char *cmd, const char *mat)
{
	json_t *request = json_pack("{s:s}", "cmd", cmd);

	if (mat)
		json_object_set_new(request, "mat", json_string(mat));
	return request;
}

static int send_request(struct pl_client *c, json_t *request, struct pl_error *err)
{
	char *text;
	int sent;

	json_object_set_new(request, "v", json_integer(1));
	text = json_dumps(request, JSON_COMPACT);
	json_decref(request);
	if (!text)
		return pl_error_set(err, PL_EUSAGE, 0, "the request is not valid UTF-8 text");
	/* The empty part is what a REQ socket puts before a request; the daemon takes both. */
	sent = zmq_send(c->socket, "", 0, ZMQ_SNDMORE);
	if (sent >= 0)
		sent = zmq_send(c->socket, text, strlen(text), 0);
	free(text);
	if (sent < 0)
		return pl_error_set(err, PL_EIO, errno, "cannot send to %s: %s", c->endpoint,
				    zmq_strerror(errno));
	return 0;
}

/* The last part of the next message, parsed. */
static json_t *receive_reply(struct pl_client *c, struct pl_error *err)
{
	json_error_t wrong;
	json_t *reply = NULL;
	bool more = true;

	while (more) {
		zmq_msg_t part;

		zmq_msg_init(&part);
		if (zmq_msg_recv(&part, c->socket, 0) < 0) {
			pl_error_set(err, PL_EIO, errno, "cannot receive from %s: %s", c->endpoint,
				     zmq_strerror(errno));
			zmq_msg_close(&part);
			json_decref(reply);
			return NULL;
		}
		more = zmq_msg_more(&part);
		if (!more)
			reply = json_loadb(zmq_msg_data(&part), zmq_msg_size(&part), 0, &wrong);
		zmq_msg_close(&part);
	}
	if (!json_is_object(reply)) {
		json_decref(reply);
		pl_error_set(err, PL_EFORMAT, 0, "the answer from %s is not plantard's",
			     c->endpoint);
		return NULL;
	}
	return reply;
}

static enum pl_code code_by_name(const char *name)
{
	for (int code = PL_EUSAGE; name && code <= PL_EUNSUPPORTED; code++)
		if (strcmp(pl_code_name((enum pl_code)code), name) == 0)
			return (enum pl_code)code;
	return PL_EIO;
}

static json_t *judge(json_t *reply, struct pl_error *err)
{
	const json_t *error;
	const char *message;

	if (json_is_true(json_object_get(reply, "ok")))
		return reply;
	error = json_object_get(reply, "error");
	message = json_string_value(json_object_get(error, "message"));
	pl_error_set(err, code_by_name(json_string_value(json_object_get(error, "code"))), 0, "%s",
		     message ? message : "the daemon refused without saying why");
	json_decref(reply);
	return NULL;
}

json_t *pl_client_ask(struct pl_client *c, json_t *request, int timeout_ms, struct pl_error *err)
{
	zmq_pollitem_t item = {.socket = c->socket, .events = ZMQ_POLLIN};
	json_t *reply;
	int ready;

	if (send_request(c, request, err) < 0)
		return NULL;
	ready = zmq_poll(&item, 1, timeout_ms);
	if (ready <= 0 && pl_secure_failed(c->watch, c->endpoint, err))
		return NULL;
	if (ready <= 0) {
		pl_error_set(err, PL_ETIMEOUT, ready < 0 ? errno : 0,
			     "no answer from %s within %d s; is plantard running there?",
			     c->endpoint, (timeout_ms + 999) / 1000);
		return NULL;
	}
	reply = receive_reply(c, err);
	return reply ? judge(reply, err) : NULL;
}

void pl_client_annotations(json_t *request, const struct pl_annotations *a)
{
	char text[2 * sizeof(a->text)];
	struct pl_json json;

	if (!*a->text)
		return;
	pl_json_init(&json, text, sizeof(text));
	pl_json_begin_object(&json, NULL);
	pl_annotations_json(&json, a);
	pl_json_end_object(&json);
	if (pl_json_finish(&json))
		json_object_set_new(request, "annotations", json_loads(text, 0, NULL));
}
