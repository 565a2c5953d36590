/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A log that anybody with an editor can tidy up proves nothing. So each line carries the hash of
 * the one before, and beside the log stands what its last line was. Where the two disagree at the
 * next start, the chain goes on from what is remembered: the break stays where verification finds
 * it, instead of being healed by the next line.
 *
 * Nor does a log whose end a power cut takes away together with what was done last. Lines are
 * synced in batches, and only then remembered: what is remembered is certainly there. What lies
 * behind it and holds no chain is what the power left of lines; it is put aside, not healed.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <plantar/audit.h>

#include "audit_line.h"
#include "files.h"

#define TAIL_MAX (2 * (PL_AUDIT_LINE_MAX + 128))

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

static void go_on(struct pl_audit *a, uint64_t n, const char *hash)
{
	a->n = n;
	memcpy(a->hash, hash, 65);
}

static void tell_broken(const struct pl_audit *a, uint64_t remembered, char *text, size_t cap)
{
	snprintf(text, cap,
		 "the audit log in %s ends with line %" PRIu64 ", which is not line %" PRIu64
		 " as it was left; plantar verify says where it was changed",
		 a->folder, a->n, remembered);
}

/*
 * Where the chain goes on in a log that is not as it was left, or of which no more is known than
 * its last line: behind that line as a rule; behind what audit.head remembers when that is not the
 * same.
 */
static void settle(struct pl_audit *a, const struct tail *tail, const struct pl_audit_head *head,
		   char *broken, size_t cap)
{
	bool empty = !tail->any && !tail->torn, whole;

	go_on(a, tail->last.n + tail->torn, /* a torn line had a number, too */
	      empty ? PL_AUDIT_NO_HASH : tail->hash);
	if (!head)
		return;
	whole = (head->n == a->n && strcmp(head->hash, a->hash) == 0) ||
		/* a crash between a line and its being remembered, or within the line */
		(head->n == tail->last.n && tail->torn) ||
		(!tail->torn && head->n + 1 == tail->last.n &&
		 strcmp(head->hash, tail->last.prev) == 0);
	if (empty) /* set aside, or taken away */
		go_on(a, head->n, head->hash);
	if (whole || empty)
		return;
	tell_broken(a, head->n, broken, cap);
	if (head->n >= a->n)
		go_on(a, head->n, head->hash);
}

/* What the power left of lines goes into a file of its own, and out of the log. */
static int put_remains_aside(struct pl_audit *a, const struct pl_audit_end *end, off_t size,
			     char *told, size_t cap, struct pl_error *err)
{
	size_t n = (size_t)(size - end->good);
	char path[700], *bytes = malloc(n);
	int r = -1;

	for (unsigned k = 1; k == 1 || access(path, F_OK) == 0; k++)
		snprintf(path, sizeof(path), "%s/audit.torn.%" PRIu64 "-%u", a->folder, end->n + 1,
			 k);
	if (!bytes || pread(a->log_fd, bytes, n, end->good) != (ssize_t)n)
		pl_files_error(err, errno, "cannot read %s/audit.log", a->folder);
	else if (pl_files_replace(path, bytes, n, err) == 0)
		r = ftruncate(a->log_fd, end->good) || fdatasync(a->log_fd)
			    ? pl_files_error(err, errno, "cannot write to %s/audit.log", a->folder)
			    : 0;
	free(bytes);
	if (r == 0)
		snprintf(told, cap,
			 "a crash left %zu bytes behind line %" PRIu64
			 " of the audit log that are no lines any more; they are in %s",
			 n, end->n, path);
	return r;
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
	a->new_name = true;
	a->log_fd = open_one(a, "audit.log", O_RDWR | O_APPEND, err);
	return a->log_fd < 0 ? -1 : 0;
}

/* The end of the log, where what is remembered still stands in it. mend: only then may what a crash
 * left be taken out. */
static int settle_as_left(struct pl_audit *a, const struct pl_audit_end *end, off_t size, bool mend,
			  char *told, size_t cap, struct pl_error *err)
{
	go_on(a, end->n, end->hash);
	a->size = size;
	if (!end->remains)
		return 0;
	if (!mend || end->foreign) {
		tell_broken(a, end->n, told, cap);
		return 0;
	}
	if (put_remains_aside(a, end, size, told, cap, err))
		return -1;
	a->size = end->good;
	a->mended = true;
	return 0;
}

/* The state of the log as it is now, under the lock; another process may have written to it, or
 * set it aside. */
static int catch_up(struct pl_audit *a, bool mend, bool *torn, char *told, size_t cap,
		    struct pl_error *err)
{
	struct stat ours = {0}, there = {0};
	struct pl_audit_head head;
	struct pl_audit_end end = {0};
	bool remembered;
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
	remembered = pl_audit_read_head(a->head_fd, &head);
	if (remembered && pl_audit_find_end(a->log_fd, ours.st_size, &head, &end))
		return pl_files_error(err, errno, "cannot read %s", path);
	*torn = end.torn;
	if (end.as_left)
		return settle_as_left(a, &end, ours.st_size, mend, told, cap, err);
	if (!read_tail(a->log_fd, ours.st_size, &tail))
		return pl_files_error(err, errno ? errno : EIO, "cannot read %s", path);
	settle(a, &tail, remembered ? &head : NULL, told, cap);
	a->size = ours.st_size;
	*torn = tail.torn;
	return 0;
}

/* Names that were made are on the disk, and a head is: before the first line that needs them. */
static int begin_head(struct pl_audit *a, bool torn, struct pl_error *err)
{
	struct pl_audit_head head = {.n = a->n, .size = a->size}, now;

	memcpy(head.hash, a->hash, sizeof(head.hash));
	if (!torn && !pl_audit_read_head(a->head_fd, &now) &&
	    pl_audit_write_head(a->head_fd, &head))
		return pl_files_error(err, errno, "cannot write to %s/audit.head", a->folder);
	return pl_files_sync(a->folder, err);
}

int pl_audit_open(struct pl_audit *a, const char *folder, char *told, size_t cap,
		  struct pl_error *err)
{
	char unread[400] = "";
	bool torn;
	int r;

	*a = (struct pl_audit){.log_fd = -1, .head_fd = -1, .file_max = PL_AUDIT_FILE_MAX};
	snprintf(a->folder, sizeof(a->folder), "%s", folder);
	if (!told || !cap) {
		told = unread;
		cap = sizeof(unread);
	}
	*told = '\0';
	a->head_fd = open_one(a, "audit.head", O_RDWR, err);
	if (a->head_fd < 0)
		return -1;
	flock(a->head_fd, LOCK_EX);
	r = catch_up(a, true, &torn, told, cap, err);
	if (r == 0)
		r = begin_head(a, torn, err);
	flock(a->head_fd, LOCK_UN);
	a->size = -1; /* a torn end is mended by the first line */
	a->new_name = false;
	if (r)
		pl_audit_close(a);
	return r;
}

void pl_audit_close(struct pl_audit *a)
{
	pl_audit_sync(a, NULL);
	if (a->log_fd >= 0)
		close(a->log_fd);
	if (a->head_fd >= 0)
		close(a->head_fd);
	a->log_fd = a->head_fd = -1;
}

/* ---- to the disk ---- */

static int remember(struct pl_audit *a, off_t size, struct pl_error *err)
{
	struct pl_audit_head head = {.n = a->n, .size = size};

	memcpy(head.hash, a->hash, sizeof(head.hash));
	if (pl_audit_write_head(a->head_fd, &head))
		return pl_files_error(err, errno, "cannot write to %s/audit.head", a->folder);
	return 0;
}

/* Under the lock. What another process has remembered is of no earlier line than ours, if ours are
 * in it. */
static int sync_lines(struct pl_audit *a, struct pl_error *err)
{
	struct pl_audit_head head;

	if (fdatasync(a->log_fd))
		return pl_files_error(err, errno, "cannot sync %s/audit.log", a->folder);
	if (a->new_name && pl_files_sync(a->folder, err))
		return -1;
	a->new_name = false;
	if ((!pl_audit_read_head(a->head_fd, &head) || head.n < a->n) && remember(a, a->size, err))
		return -1;
	a->unsynced = false;
	return 0;
}

int pl_audit_sync(struct pl_audit *a, struct pl_error *err)
{
	int r;

	if (a->head_fd < 0 || a->log_fd < 0 || !a->unsynced)
		return 0;
	if (flock(a->head_fd, LOCK_EX))
		return pl_files_error(err, errno, "cannot lock %s/audit.head", a->folder);
	r = sync_lines(a, err);
	flock(a->head_fd, LOCK_UN);
	return r;
}

/* The file is full: out of the way, under a name that is not there yet. */
static void set_aside(struct pl_audit *a)
{
	char path[600], aside[680], stamp[32];
	time_t now = time(NULL);
	struct tm tm;

	if (a->size < a->file_max || sync_lines(a, NULL))
		return;
	gmtime_r(&now, &tm);
	strftime(stamp, sizeof(stamp), "%Y%m%dT%H%M%SZ", &tm);
	snprintf(path, sizeof(path), "%s/audit.log", a->folder);
	snprintf(aside, sizeof(aside), "%s.%s-%" PRIu64, path, stamp, a->n);
	if (renameat2(AT_FDCWD, path, AT_FDCWD, aside, RENAME_NOREPLACE))
		return; /* it grows on; nothing is lost */
	close(a->log_fd);
	a->log_fd = -1;
	if (pl_files_sync(a->folder, NULL) == 0)
		remember(a, 0, NULL);
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
	char broken[400];
	ssize_t written;
	size_t n;
	bool torn;
	int e;

	if (catch_up(a, false, &torn, broken, sizeof(broken), err))
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
	a->unsynced = true;
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
