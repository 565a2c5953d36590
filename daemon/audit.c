/* SPDX-License-Identifier: Apache-2.0 */
/*
 * In a clinic somebody will ask who ended the recording, and when the mat was tared. The answer
 * must not depend on a log level, so it has a file of its own.
 */
#include "daemon/audit.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <plantar/json.h>

#include "daemon/text.h"

#define FILE_MAX ((off_t)64 << 20)
#define REQUEST_MAX 2000

static int open_file(struct pl_audit *a, struct pl_error *err)
{
	a->fd = open(a->path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0640);
	if (a->fd >= 0)
		return 0;
	return pl_error_set(err, pl_code_of(errno), errno,
			    "cannot write the audit file %s: %s; make its folder writable, or set "
			    "PLANTARD_STATE_DIR",
			    a->path, strerror(errno));
}

int pl_audit_open(struct pl_audit *a, const char *folder, struct pl_error *err)
{
	a->fd = -1;
	snprintf(a->path, sizeof(a->path), "%s/audit.log", folder);
	if (pl_make_folder(folder, 0750, "the state folder", err))
		return -1;
	return open_file(a, err);
}

static void set_aside(struct pl_audit *a)
{
	char aside[700], stamp[32];
	time_t now = time(NULL);
	struct stat st;
	struct tm tm;

	if (fstat(a->fd, &st) || st.st_size < FILE_MAX)
		return;
	gmtime_r(&now, &tm);
	strftime(stamp, sizeof(stamp), "%Y%m%dT%H%M%SZ", &tm);
	snprintf(aside, sizeof(aside), "%s.%s", a->path, stamp);
	if (rename(a->path, aside))
		return; /* it grows on; nothing is lost */
	close(a->fd);
	open_file(a, NULL);
}

int pl_audit_line(struct pl_audit *a, const char *line, struct pl_error *err)
{
	size_t n = strlen(line);
	char text[4096];
	ssize_t written;

	if (a->fd < 0)
		return 0; /* said when it was opened */
	if (n > sizeof(text) - 1)
		n = sizeof(text) - 1;
	memcpy(text, line, n);
	text[n++] = '\n';
	written = write(a->fd, text, n);
	if (written != (ssize_t)n)
		return pl_error_set(err, written < 0 ? pl_code_of(errno) : PL_ENOSPC, errno,
				    "cannot write to the audit file %s: %s", a->path,
				    written < 0 ? strerror(errno) : "the disk is full");
	set_aside(a);
	return 0;
}

void pl_audit_close(struct pl_audit *a)
{
	if (a->fd >= 0)
		close(a->fd);
	a->fd = -1;
}

size_t pl_audit_format(char *buf, size_t cap, int64_t utc_ns, const char *peer, const char *request,
		       const char *result)
{
	char stamp[40], seconds[32], cut[REQUEST_MAX + 1];
	time_t s = (time_t)(utc_ns / 1000000000);
	struct pl_json j;
	struct tm tm;

	gmtime_r(&s, &tm);
	strftime(seconds, sizeof(seconds), "%Y-%m-%dT%H:%M:%S", &tm);
	snprintf(stamp, sizeof(stamp), "%s.%03dZ", seconds, (int)(utc_ns / 1000000 % 1000));
	pl_copy(cut, sizeof(cut), request);
	pl_json_init(&j, buf, cap);
	pl_json_begin_object(&j, NULL);
	pl_json_string(&j, "t", stamp);
	pl_json_string(&j, "peer", peer);
	pl_json_string(&j, "request", cut);
	pl_json_string(&j, "result", result);
	pl_json_end_object(&j);
	return pl_json_finish(&j);
}
