/* SPDX-License-Identifier: Apache-2.0 */
/*
 * audit.head is written after the lines it speaks of, so a log is as long as it says or longer.
 * What lies behind is lines of the last half second before a crash: all of them after one of the
 * process; after one of the machine any part of them, or zeros, or what was on the disk before.
 * They are believed as far as they continue the chain.
 */
#include "audit_line.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <plantar/audit.h>

#define LINE_MAX_BYTES (PL_AUDIT_LINE_MAX + 128)

/* All n bytes at offset, in memory to be freed; NULL: errno. */
static char *read_all(int fd, off_t offset, size_t n)
{
	char *buf = malloc(n + 1);
	size_t have = 0;

	while (buf && have < n) {
		ssize_t got = pread(fd, buf + have, n - have, offset + (off_t)have);

		if (got <= 0) {
			errno = got ? errno : EIO;
			free(buf);
			return NULL;
		}
		have += (size_t)got;
	}
	return buf;
}

/* Does the line that ends there have this hash? -1: cannot be read. */
static int line_before(int fd, off_t at, const char *hash)
{
	off_t from = at > LINE_MAX_BYTES ? at - LINE_MAX_BYTES : 0;
	size_t n = (size_t)(at - from);
	char *buf = read_all(fd, from, n), *start, is[65];
	bool right = false;

	if (!buf)
		return -1;
	if (n && buf[n - 1] == '\n') {
		start = memrchr(buf, '\n', n - 1);
		start = start ? start + 1 : buf;
		pl_audit_hash(start, (size_t)(buf + n - 1 - start), is);
		right = strcmp(is, hash) == 0;
	}
	free(buf);
	return right;
}

static bool continues(const struct pl_audit_line *l, uint64_t n, const char *hash)
{
	return l->chained && l->n == n + 1 && strcmp(l->prev, hash) == 0;
}

/* What follows the last line of the chain: a line without its end, or anything else. */
static void judge_rest(const char *rest, size_t n, struct pl_audit_end *end)
{
	const char *newline = memchr(rest, '\n', n);
	struct pl_audit_line l;

	pl_audit_line_parse(rest, newline ? (size_t)(newline - rest) : n, &l);
	end->torn = !newline && n < LINE_MAX_BYTES && (!l.json || continues(&l, end->n, end->hash));
	end->remains = !end->torn;
	end->foreign = end->remains && l.json && !l.chained;
	if (!end->torn)
		return;
	end->n++; /* it had a number, too */
	pl_audit_hash(rest, n, end->hash);
}

/* The lines of buf from the one that is remembered on. */
static void walk(const char *buf, size_t size, struct pl_audit_end *end)
{
	size_t at = 0, good = 0;
	bool torn = false; /* the line before is no JSON: the next one may tell of it */
	uint64_t n = end->n;
	char hash[65];

	memcpy(hash, end->hash, sizeof(hash));
	while (at < size) {
		const char *newline = memchr(buf + at, '\n', size - at);
		size_t length = newline ? (size_t)(newline - buf) - at : 0;
		struct pl_audit_line l;

		if (!newline)
			break;
		pl_audit_line_parse(buf + at, length, &l);
		if (continues(&l, n, hash) && (!torn || l.after_tear))
			torn = false;
		else if (!l.json && !torn)
			torn = true;
		else
			break;
		n++;
		pl_audit_hash(buf + at, length, hash);
		at += length + 1;
		if (torn)
			continue;
		good = at;
		end->n = n;
		memcpy(end->hash, hash, sizeof(hash));
	}
	end->good += (off_t)good;
	if (good < size)
		judge_rest(buf + good, size - good, end);
}

int pl_audit_find_end(int fd, off_t size, const struct pl_audit_head *head,
		      struct pl_audit_end *end)
{
	int same;
	char *buf;

	*end = (struct pl_audit_end){.n = head->n, .good = (off_t)head->size};
	memcpy(end->hash, head->hash, sizeof(end->hash));
	if (head->size < 0 || head->size > size)
		return 0;
	same = head->size ? line_before(fd, (off_t)head->size, head->hash) : 1;
	if (same < 0)
		return -1;
	end->as_left = same;
	if (!same || head->size == size)
		return 0;
	buf = read_all(fd, (off_t)head->size, (size_t)(size - head->size));
	if (!buf)
		return -1;
	walk(buf, (size_t)(size - head->size), end);
	free(buf);
	return 0;
}
