/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which transport a URI names, and whether it says anything that the transport does not know. A
 * misspelt key must not silently mean the default: every key is one the scheme lists, every value
 * a plain number in range (or text without anything odd in it), and the message says what would
 * have been right.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "drivers/transport/internal.h"

static const struct pl_transport_ops *const schemes[] = {&pl_serial_ops, &pl_usb_ops,
							 &pl_replay_ops, &pl_sim_ops};
#define SCHEMES (sizeof(schemes) / sizeof(*schemes))

static void list_schemes(char *text, size_t cap)
{
	size_t n = 0;

	text[0] = '\0';
	for (size_t i = 0; i < SCHEMES && n < cap; i++)
		n += (size_t)snprintf(text + n, cap - n, "%s%s", i ? ", " : "",
				      schemes[i]->example);
}

static void list_keys(const struct pl_uri_key *keys, char *text, size_t cap)
{
	size_t n = 0;

	text[0] = '\0';
	for (size_t i = 0; keys[i].name && n < cap; i++)
		n += (size_t)snprintf(text + n, cap - n, "%s%s", i ? ", " : "", keys[i].name);
}

/* Digits, at most one point, digits; a minus in front. No locale, no exponents, no spaces. */
static bool parse_number(const char *s, size_t n, double *value, bool *whole)
{
	double sum = 0, scale = 1;
	size_t i = 0, digits = 0;
	bool minus = n && s[0] == '-', point = false;

	for (i = minus; i < n; i++) {
		if (s[i] == '.' && !point) {
			point = true;
			continue;
		}
		if (s[i] < '0' || s[i] > '9' || ++digits > 20)
			return false;
		sum = sum * 10 + (s[i] - '0');
		if (point)
			scale *= 10;
	}
	*value = (minus ? -sum : sum) / scale;
	*whole = !point;
	return digits > 0;
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* 0x81: how endpoints are written everywhere. */
static bool parse_hex(const char *s, size_t n, double *value)
{
	uint64_t sum = 0;

	if (n < 3 || n > 10 || s[0] != '0' || (s[1] != 'x' && s[1] != 'X'))
		return false;
	for (size_t i = 2; i < n; i++) {
		if (hex_digit(s[i]) < 0)
			return false;
		sum = sum << 4 | (unsigned)hex_digit(s[i]);
	}
	*value = (double)sum;
	return true;
}

static bool parse_value(const struct pl_uri_key *key, const char *s, size_t n, double *value)
{
	bool whole = true;

	if (!(key->whole && parse_hex(s, n, value)) && !parse_number(s, n, value, &whole))
		return false;
	return *value >= key->min && *value <= key->max && (whole || !key->whole);
}

/* Resolves %XX into buf (NULL: only looks). Returns the length, or -1 for what no name holds. */
static long decode_text(const char *s, size_t n, char *buf, size_t cap)
{
	size_t used = 0;

	for (size_t i = 0; i < n; i++) {
		int c = (unsigned char)s[i];

		if (c == '%') {
			if (i + 2 >= n || hex_digit(s[i + 1]) < 0 || hex_digit(s[i + 2]) < 0)
				return -1;
			c = hex_digit(s[i + 1]) << 4 | hex_digit(s[i + 2]);
			i += 2;
		}
		if (c < 0x20 || c == 0x7f)
			return -1;
		if (buf && used + 1 < cap)
			buf[used] = (char)c;
		used++;
	}
	if (buf && cap)
		buf[used < cap ? used : cap - 1] = '\0';
	return (long)used;
}

static int parse_text(struct pl_uri *uri, const char *scheme, int i, const char *s, size_t n,
		      struct pl_error *err)
{
	const struct pl_uri_key *key = &uri->keys[i];
	long length = decode_text(s, n, NULL, 0);

	if (length < 1 || (double)length > key->max)
		return pl_error_set(err, PL_EUSAGE, 0,
				    "%s: %s=%.*s is not valid; it must be 1 to %.0f characters, "
				    "with %%XX for spaces, & and %%",
				    scheme, key->name, (int)(n > 60 ? 60 : n), s, key->max);
	uri->text[i] = s;
	uri->text_n[i] = n;
	uri->given[i] = true;
	return 0;
}

static int key_index(const struct pl_uri_key *keys, const char *name, size_t n)
{
	for (int i = 0; keys[i].name; i++)
		if (strlen(keys[i].name) == n && !memcmp(keys[i].name, name, n))
			return i;
	return -1;
}

/* One "key=value" of n bytes. */
static int parse_pair(struct pl_uri *uri, const char *scheme, const char *pair, size_t n,
		      struct pl_error *err)
{
	const char *equals = memchr(pair, '=', n);
	size_t key_n = equals ? (size_t)(equals - pair) : n, value_n = n - key_n - !!equals;
	int i = key_index(uri->keys, pair, key_n);
	const struct pl_uri_key *key;
	char valid[256];

	if (i < 0) {
		list_keys(uri->keys, valid, sizeof(valid));
		return pl_error_set(err, PL_EUSAGE, 0, "%s: unknown key \"%.*s\"; valid keys: %s",
				    scheme, (int)(key_n > 60 ? 60 : key_n), pair, valid);
	}
	key = &uri->keys[i];
	if (uri->given[i])
		return pl_error_set(err, PL_EUSAGE, 0, "%s: %s is given twice", scheme, key->name);
	if (key->text)
		return parse_text(uri, scheme, i, equals ? equals + 1 : "", equals ? value_n : 0,
				  err);
	if (!equals || !parse_value(key, equals + 1, value_n, &uri->value[i]))
		return pl_error_set(err, PL_EUSAGE, 0,
				    "%s: %s=%.*s is not valid; it must be %s from %.10g to %.10g",
				    scheme, key->name, (int)(value_n > 60 ? 60 : value_n),
				    equals ? equals + 1 : "",
				    key->whole ? "a whole number" : "a number", key->min, key->max);
	uri->given[i] = true;
	return 0;
}

static int parse_query(struct pl_uri *uri, const char *scheme, const char *query,
		       struct pl_error *err)
{
	while (*query) {
		size_t n = strcspn(query, "&");

		if (parse_pair(uri, scheme, query, n, err))
			return -1;
		query += n;
		query += *query == '&';
	}
	return 0;
}

static const struct pl_transport_ops *parse(const char *text, struct pl_uri *uri,
					    struct pl_error *err)
{
	const struct pl_transport_ops *ops = NULL;
	const char *colon = strchr(text, ':'), *query;
	size_t scheme_n = colon ? (size_t)(colon - text) : 0, path_n;
	char valid[320];

	for (size_t i = 0; colon && i < SCHEMES; i++)
		if (strlen(schemes[i]->scheme) == scheme_n &&
		    !memcmp(schemes[i]->scheme, text, scheme_n))
			ops = schemes[i];
	if (!ops) {
		list_schemes(valid, sizeof(valid));
		pl_error_set(err, PL_EUSAGE, 0, "\"%.100s\" names no source; valid are: %s", text,
			     valid);
		return NULL;
	}
	query = strchr(colon, '?');
	path_n = query ? (size_t)(query - colon - 1) : strlen(colon + 1);
	if (!path_n || path_n >= sizeof(uri->path)) {
		pl_error_set(err, PL_EUSAGE, 0, "\"%.100s\": %s after \"%s:\"; for example %s",
			     text, path_n ? "too long a name" : "nothing", ops->scheme,
			     ops->example);
		return NULL;
	}
	*uri = (struct pl_uri){.keys = ops->keys};
	memcpy(uri->path, colon + 1, path_n);
	if (query && parse_query(uri, ops->scheme, query + 1, err))
		return NULL;
	return ops;
}

double pl_uri_number(const struct pl_uri *uri, const char *key, double fallback)
{
	int i = key_index(uri->keys, key, strlen(key));

	return i >= 0 && uri->given[i] ? uri->value[i] : fallback;
}

bool pl_uri_text(const struct pl_uri *uri, const char *key, char *buf, size_t cap)
{
	int i = key_index(uri->keys, key, strlen(key));

	return i >= 0 && uri->given[i] && uri->text[i] &&
	       decode_text(uri->text[i], uri->text_n[i], buf, cap) >= 0;
}

const char *pl_uri_query(const char *uri, const char *key, char *buf, size_t cap)
{
	const char *p = strchr(uri, '?');
	size_t key_n = strlen(key);

	while (p) {
		size_t n = strcspn(++p, "&");

		if (n > key_n && p[key_n] == '=' && !memcmp(p, key, key_n)) {
			if (n - key_n > cap) /* the '=' makes room for the terminator */
				return NULL;
			memcpy(buf, p + key_n + 1, n - key_n - 1);
			buf[n - key_n - 1] = '\0';
			return buf;
		}
		p = p[n] ? p + n : NULL;
	}
	return NULL;
}

int pl_transport_check(const char *text, const struct pl_mat *mat, struct pl_error *err)
{
	struct pl_uri uri;
	const struct pl_transport_ops *ops = parse(text, &uri, err);

	if (!ops)
		return -1;
	return ops->check ? ops->check(&uri, mat, err) : 0;
}

struct pl_transport *pl_transport_open(const char *text, const struct pl_mat *mat,
				       const struct pl_log *log, struct pl_error *err)
{
	struct pl_uri uri;
	const struct pl_transport_ops *ops = parse(text, &uri, err);

	if (!ops || (ops->check && ops->check(&uri, mat, err)))
		return NULL;
	return ops->open(&uri, mat, log, err);
}

void pl_transport_close(struct pl_transport *t)
{
	if (t)
		t->ops->close(t);
}

long pl_transport_read(struct pl_transport *t, void *buf, size_t cap, size_t want, int timeout_ms,
		       struct pl_error *err)
{
	if (!cap)
		return PL_READ_NONE;
	return t->ops->read(t, buf, cap, want > cap ? cap : want ? want : 1, timeout_ms, err);
}

int pl_transport_write(struct pl_transport *t, const void *bytes, size_t n, struct pl_error *err)
{
	return n ? t->ops->write(t, bytes, n, err) : 0;
}

bool pl_transport_present(const char *text)
{
	struct pl_uri uri;
	const struct pl_transport_ops *ops = parse(text, &uri, NULL);

	return ops && ops->present(&uri);
}

int pl_transport_init(struct pl_transport *t, const struct pl_transport_ops *ops,
		      struct pl_error *err)
{
	t->ops = ops;
	atomic_init(&t->cancelled, false);
	t->cancel_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (t->cancel_fd >= 0)
		return 0;
	return pl_error_set(err, PL_EIO, errno, "cannot make an eventfd: %s", strerror(errno));
}

void pl_transport_fini(struct pl_transport *t)
{
	if (t->cancel_fd >= 0)
		close(t->cancel_fd);
	t->cancel_fd = -1;
}

/*
 * The event first, then the flag. The other way round, a read that finds the flag of an earlier
 * cancel empties the event before this one is in it, and an event without its flag is never
 * emptied: every read from then on would end at once, without a byte.
 */
void pl_transport_cancel(struct pl_transport *t)
{
	const uint64_t one = 1;
	int saved = errno; /* may be called from a signal handler */
	ssize_t n = write(t->cancel_fd, &one, sizeof(one));

	(void)n; /* full: then it is readable already */
	atomic_store(&t->cancelled, true);
	errno = saved;
}

bool pl_transport_cancel_taken(struct pl_transport *t)
{
	uint64_t count;
	ssize_t n;

	if (!atomic_exchange(&t->cancelled, false))
		return false;
	n = read(t->cancel_fd, &count, sizeof(count));
	(void)n;
	return true;
}

int64_t pl_mono_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
}
