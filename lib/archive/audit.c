/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A log that anybody with an editor can tidy up proves nothing. So each line carries the hash of
 * the one before, and beside the log stands what its last line was. Where the two disagree at the
 * next start, the chain goes on from what is remembered: the break stays where verification finds
 * it, instead of being healed by the next line.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <jansson.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <plantar/audit.h>

#include "audit_line.h"
#include "files.h"

#define TAIL_MAX (2 * (PL_AUDIT_LINE_MAX + 128))
#define HEAD_FORMAT "%020" PRIu64 " %s\n"
#define HEAD_BYTES (20 + 1 + 64 + 1)

/* ---- lines ---- */

void pl_audit_hash(const char *text, size_t n, char hex[65])
{
	unsigned char digest[crypto_hash_sha256_BYTES];

	crypto_hash_sha256(digest, (const unsigned char *)text, n);
	sodium_bin2hex(hex, 65, digest, sizeof(digest));
}

static bool is_hash(const char *text)
{
	return strlen(text) == 64 && strspn(text, "0123456789abcdef") == 64;
}

void pl_audit_line_parse(const char *text, size_t n, struct pl_audit_line *line)
{
	json_t *root = json_loadb(text, n, JSON_REJECT_DUPLICATES, NULL);
	const json_t *number = json_object_get(root, "n");
	const char *prev = json_string_value(json_object_get(root, "prev"));

	*line = (struct pl_audit_line){.json = json_is_object(root)};
	if (json_is_integer(number) && json_integer_value(number) > 0 && prev && is_hash(prev)) {
		line->chained = true;
		line->n = (uint64_t)json_integer_value(number);
		memcpy(line->prev, prev, 65);
	}
	line->after_tear = json_is_true(json_object_get(root, "torn"));
	json_decref(root);
}

bool pl_audit_read_head(int fd, uint64_t *n, char hash[65])
{
	char text[HEAD_BYTES + 1] = "";

	if (pread(fd, text, HEAD_BYTES, 0) != HEAD_BYTES ||
	    sscanf(text, "%20" SCNu64 " %64[0-9a-f]", n, hash) != 2)
		return false;
	return is_hash(hash);
}

/* ---- the end of the log ---- */

struct tail {
	struct pl_audit_line last; /* the last whole line */
	char hash[65];		   /* of it, or of the torn one behind it */
	bool any, torn;
};

/* False: cannot be read. */
static bool read_tail(int fd, off_t size, struct tail *tail)
{
	static _Thread_local char buf[TAIL_MAX];
	off_t from = size > TAIL_MAX ? size - TAIL_MAX : 0;
	const char *end, *start;
	ssize_t n;

	memset(tail, 0, sizeof(*tail));
	n = pread(fd, buf, (size_t)(size - from), from);
	if (n != size - from)
		return false;
	end = memrchr(buf, '\n', (size_t)n);
	tail->torn = n > 0 && buf[n - 1] != '\n';
	tail->any = end != NULL;
	if (end) {
		start = memrchr(buf, '\n', (size_t)(end - buf));
		start = start ? start + 1 : buf;
		pl_audit_line_parse(start, (size_t)(end - start), &tail->last);
		pl_audit_hash(start, (size_t)(end - start), tail->hash);
	}
	if (tail->torn) {
		start = end ? end + 1 : buf;
		pl_audit_hash(start, (size_t)(buf + n - start), tail->hash);
	}
	return true;
}

/* Where the chain goes on: behind the log's last line as a rule; behind what audit.head remembers
 * when that is not the same. */
static void settle(struct pl_audit *a, const struct tail *tail, char *broken, size_t cap)
{
	uint64_t n = 0;
	char hash[65];
	bool remembered = pl_audit_read_head(a->head_fd, &n, hash), whole;

	a->n = tail->last.n + tail->torn; /* a torn line had a number, too */
	memcpy(a->hash, tail->any || tail->torn ? tail->hash : PL_AUDIT_NO_HASH, 65);
	whole = !remembered || (n == a->n && strcmp(hash, a->hash) == 0) ||
		/* a crash between a line and its being remembered, or within the line */
		(n == tail->last.n && tail->torn) ||
		(!tail->torn && n + 1 == tail->last.n && strcmp(hash, tail->last.prev) == 0);
	if (whole || (!tail->any && !tail->torn)) {
		if (!tail->any && !tail->torn && remembered) { /* set aside, or taken away */
			a->n = n;
			memcpy(a->hash, hash, 65);
		}
		return;
	}
	snprintf(broken, cap,
		 "the audit log in %s ends with line %" PRIu64 ", which is not line %" PRIu64
		 " as it was left; plantar verify says where it was changed",
		 a->folder, a->n, n);
	if (n < a->n)
		return;
	a->n = n;
	memcpy(a->hash, hash, 65);
}

/* ---- files ---- */

static int open_one(const struct pl_audit *a, const char *name, int flags, struct pl_error *err)
{
	char path[600];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", a->folder, name);
	fd = open(path, flags | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0640);
	if (fd < 0)
		pl_files_error(err, errno, "cannot write the audit log %s", path);
	return fd;
}

static int open_log(struct pl_audit *a, struct pl_error *err)
{
	if (a->log_fd >= 0)
		close(a->log_fd);
	a->size = -1;
	a->log_fd = open_one(a, "audit.log", O_RDWR | O_APPEND, err);
	return a->log_fd < 0 ? -1 : 0;
}

/* The state of the log as it is now, under the lock; another process may have written to it, or
 * set it aside. */
static int catch_up(struct pl_audit *a, bool *torn, char *broken, size_t cap, struct pl_error *err)
{
	struct stat ours = {0}, there = {0};
	struct tail tail;
	char path[600];

	*torn = false;
	snprintf(path, sizeof(path), "%s/audit.log", a->folder);
	if (a->log_fd < 0 || fstat(a->log_fd, &ours) || stat(path, &there) ||
	    ours.st_ino != there.st_ino || ours.st_dev != there.st_dev) {
		if (open_log(a, err))
			return -1;
		if (fstat(a->log_fd, &ours))
			return pl_files_error(err, errno, "cannot look at %s", path);
	}
	if (ours.st_size == a->size)
		return 0;
	if (!read_tail(a->log_fd, ours.st_size, &tail))
		return pl_files_error(err, errno ? errno : EIO, "cannot read %s", path);
	settle(a, &tail, broken, cap);
	a->size = ours.st_size;
	*torn = tail.torn;
	return 0;
}

int pl_audit_open(struct pl_audit *a, const char *folder, char *broken, size_t cap,
		  struct pl_error *err)
{
	char unread[400] = "";
	bool torn;
	int r;

	*a = (struct pl_audit){.log_fd = -1, .head_fd = -1, .file_max = PL_AUDIT_FILE_MAX};
	snprintf(a->folder, sizeof(a->folder), "%s", folder);
	if (broken && cap > 0)
		*broken = '\0';
	a->head_fd = open_one(a, "audit.head", O_RDWR, err);
	if (a->head_fd < 0)
		return -1;
	flock(a->head_fd, LOCK_EX);
	r = catch_up(a, &torn, broken && cap ? broken : unread,
		     broken && cap ? cap : sizeof(unread), err);
	flock(a->head_fd, LOCK_UN);
	a->size = -1; /* a torn end is mended by the first line */
	if (r)
		pl_audit_close(a);
	return r;
}

void pl_audit_close(struct pl_audit *a)
{
	if (a->log_fd >= 0)
		close(a->log_fd);
	if (a->head_fd >= 0)
		close(a->head_fd);
	a->log_fd = a->head_fd = -1;
}

/* The file is full: out of the way, under a name that is not there yet. */
static void set_aside(struct pl_audit *a)
{
	char path[600], aside[680], stamp[32];
	time_t now = time(NULL);
	struct tm tm;

	if (a->size < a->file_max)
		return;
	gmtime_r(&now, &tm);
	strftime(stamp, sizeof(stamp), "%Y%m%dT%H%M%SZ", &tm);
	snprintf(path, sizeof(path), "%s/audit.log", a->folder);
	snprintf(aside, sizeof(aside), "%s.%s-%" PRIu64, path, stamp, a->n);
	if (renameat2(AT_FDCWD, path, AT_FDCWD, aside, RENAME_NOREPLACE))
		return; /* it grows on; nothing is lost */
	close(a->log_fd);
	a->log_fd = -1;
}

/* ---- appending ---- */

/* The line with its place in the chain and its newline; 0: it is too long. */
static size_t make_line(const struct pl_audit *a, const char *object, bool torn, char *line,
			size_t cap)
{
	int n = snprintf(line, cap, "%s{\"n\":%" PRIu64 ",\"prev\":\"%s\",%s%s\n", torn ? "\n" : "",
			 a->n + 1, a->hash, torn ? "\"torn\":true," : "", object + 1);

	return n > 0 && (size_t)n < cap ? (size_t)n : 0;
}

static int append(struct pl_audit *a, const char *object, struct pl_error *err)
{
	static _Thread_local char line[PL_AUDIT_LINE_MAX + 128];
	char head[HEAD_BYTES + 1], broken[400];
	ssize_t written;
	size_t n;
	bool torn;
	int e;

	if (catch_up(a, &torn, broken, sizeof(broken), err))
		return -1;
	n = make_line(a, object, torn, line, sizeof(line));
	if (n == 0)
		return pl_error_set(err, PL_EUSAGE, 0, "a line of the audit log is too long");
	written = write(a->log_fd, line, n);
	if (written != (ssize_t)n) {
		e = written < 0 ? errno : ENOSPC;
		if (written > 0 && ftruncate(a->log_fd, a->size))
			a->size = -1; /* the next line finds it torn */
		return pl_files_error(err, e, "cannot write to %s/audit.log", a->folder);
	}
	a->size += (off_t)n;
	a->n++;
	pl_audit_hash(line + torn, n - 1 - torn, a->hash);
	snprintf(head, sizeof(head), HEAD_FORMAT, a->n, a->hash);
	if (pwrite(a->head_fd, head, HEAD_BYTES, 0) != HEAD_BYTES)
		return pl_files_error(err, errno, "cannot write to %s/audit.head", a->folder);
	set_aside(a);
	return 0;
}

int pl_audit_append(struct pl_audit *a, const char *object, struct pl_error *err)
{
	int r;

	if (a->head_fd < 0)
		return pl_error_set(err, PL_ESTATE, 0, "the audit log is not open");
	if (flock(a->head_fd, LOCK_EX))
		return pl_files_error(err, errno, "cannot lock %s/audit.head", a->folder);
	r = append(a, object, err);
	flock(a->head_fd, LOCK_UN);
	return r;
}
