/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who asked for what, and what became of it: one JSON line a control request in
 * <state>/audit.log, appended, never rewritten. A file that has grown to 64 MiB is set aside under
 * a name with the date. Used by the recorder thread alone (it is the one that may wait for disks).
 */
#ifndef DAEMON_AUDIT_H
#define DAEMON_AUDIT_H

#include <stddef.h>
#include <stdint.h>

#include <plantar/error.h>

struct pl_audit {
	char path[600];
	int fd;
};

/* Makes the folder if need be. */
int pl_audit_open(struct pl_audit *a, const char *folder, struct pl_error *err);
int pl_audit_line(struct pl_audit *a, const char *line, struct pl_error *err);
void pl_audit_close(struct pl_audit *a);

/* Any thread: {"t":"2026-...Z","peer":"...","request":"...","result":"ok"}: the request is the text
 * as it came, cut to 2,000 bytes; result is "ok" or the code of the error. */
size_t pl_audit_format(char *buf, size_t cap, int64_t utc_ns, const char *peer, const char *request,
		       const char *result);

#endif
