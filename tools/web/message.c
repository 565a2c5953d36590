/* SPDX-License-Identifier: Apache-2.0 */
/*
 * These bytes come from whoever can reach the port, before anybody knows who it is. So there is one
 * place that reads them, it is strict, and a fuzzer lives beside it
 * (tests/fuzz/fuzz_web_message.c).
 */
#include "tools/web/message.h"

#include <math.h>
#include <string.h>

#define HZ_MIN 1.0
#define HZ_MAX 60.0

/* A string of 1 to max characters that needs no escaping anywhere. */
static int take_word(const json_t *value, const char *key, char *out, size_t max,
		     struct pl_error *err)
{
	const char *text = json_string_value(value);
	size_t n = json_string_length(value);

	if (!text || n < 1 || n > max)
		return pl_error_set(err, PL_EUSAGE, 0, "\"%s\" must be text of 1 to %zu characters",
				    key, max);
	if (strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.") != n)
		return pl_error_set(err, PL_EUSAGE, 0,
				    "\"%s\" may have letters, digits, '-', '_' and '.' only", key);
	memcpy(out, text, n + 1);
	return 0;
}

static int only(const json_t *object, size_t n, struct pl_error *err)
{
	if (json_object_size(object) == n)
		return 0;
	return pl_error_set(err, PL_EUSAGE, 0, "there are keys here that nobody knows");
}

static int parse_hello(const json_t *object, struct pl_message *m, struct pl_error *err)
{
	const json_t *version = json_object_get(object, "hello");
	const json_t *token = json_object_get(object, "token");

	m->type = PL_MESSAGE_HELLO;
	if (!json_is_integer(version) || json_integer_value(version) != 1)
		return pl_error_set(err, PL_EUSAGE, 0, "\"hello\" must be 1");
	if (only(object, token ? 2 : 1, err))
		return -1;
	if (!token || json_is_null(token))
		return 0;
	return take_word(token, "token", m->token, PL_TOKEN_MAX, err);
}

static int parse_watch(const json_t *object, struct pl_message *m, struct pl_error *err)
{
	const json_t *mat = json_object_get(object, "watch");
	const json_t *hz = json_object_get(object, "hz");

	m->type = PL_MESSAGE_WATCH;
	m->hz = hz ? json_number_value(hz) : HZ_MAX;
	if (only(object, hz ? 2 : 1, err))
		return -1;
	if ((hz && !json_is_number(hz)) || !(m->hz >= HZ_MIN && m->hz <= HZ_MAX))
		return pl_error_set(err, PL_EUSAGE, 0, "\"hz\" must be a number from %g to %g",
				    HZ_MIN, HZ_MAX);
	return json_is_null(mat) ? 0 : take_word(mat, "watch", m->mat, PL_MAT_NAME_MAX, err);
}

static int parse_request(json_t *object, struct pl_message *m, struct pl_error *err)
{
	const json_t *id = json_object_get(object, "id");
	json_t *request = json_object_get(object, "request");

	m->type = PL_MESSAGE_REQUEST;
	if (!json_is_integer(id) || json_integer_value(id) < 0 ||
	    json_integer_value(id) > (json_int_t)UINT32_MAX)
		return pl_error_set(err, PL_EUSAGE, 0, "\"id\" must be a number from 0 to %u",
				    UINT32_MAX);
	m->id = (uint32_t)json_integer_value(id);
	m->has_id = true;
	if (only(object, 2, err))
		return -1;
	if (!json_is_string(json_object_get(request, "cmd")))
		return pl_error_set(err, PL_EUSAGE, 0,
				    "\"request\" must be an object with a text \"cmd\"");
	m->request = json_incref(request);
	return 0;
}

static int parse_ping(const json_t *object, struct pl_message *m, struct pl_error *err)
{
	const json_t *ping = json_object_get(object, "ping");

	m->type = PL_MESSAGE_PING;
	m->ping = json_number_value(ping);
	if (only(object, 1, err))
		return -1;
	if (!json_is_number(ping) || !isfinite(m->ping))
		return pl_error_set(err, PL_EUSAGE, 0, "\"ping\" must be a number");
	return 0;
}

int pl_message_parse(const char *text, size_t n, struct pl_message *m, struct pl_error *err)
{
	json_error_t wrong;
	json_t *object;
	int r;

	*m = (struct pl_message){0};
	if (n > PL_MESSAGE_MAX)
		return pl_error_set(err, PL_EUSAGE, 0, "a message has at most %d bytes",
				    PL_MESSAGE_MAX);
	object = json_loadb(text, n, JSON_REJECT_DUPLICATES, &wrong);
	if (!json_is_object(object))
		r = pl_error_set(err, PL_EUSAGE, 0, "not a JSON object: %s",
				 object ? "something else" : wrong.text);
	else if (json_object_get(object, "hello"))
		r = parse_hello(object, m, err);
	else if (json_object_get(object, "watch"))
		r = parse_watch(object, m, err);
	else if (json_object_get(object, "request"))
		r = parse_request(object, m, err);
	else if (json_object_get(object, "ping"))
		r = parse_ping(object, m, err);
	else
		r = pl_error_set(err, PL_EUSAGE, 0,
				 "neither \"hello\", \"watch\", \"request\" nor \"ping\"");
	json_decref(object);
	return r;
}

void pl_message_free(struct pl_message *m)
{
	json_decref(m->request);
	m->request = NULL;
}

bool pl_message_viewer_may(const json_t *request)
{
	static const char *const asked[] = {"status",	   "version",	"wait",
					    "calibration", "protocols", "protocol-status"};
	const char *cmd = json_string_value(json_object_get(request, "cmd"));

	for (size_t i = 0; cmd && i < sizeof(asked) / sizeof(asked[0]); i++)
		if (strcmp(cmd, asked[i]) == 0)
			return true;
	return false;
}
