/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a line of the audit log says of a control request (include/plantar/audit.h is the log
 * itself). Any thread.
 */
#ifndef DAEMON_AUDIT_H
#define DAEMON_AUDIT_H

#include <stddef.h>
#include <stdint.h>

struct pl_audit_note {
	int64_t utc_ns;
	const char *who;     /* "key:anna", "uid:1000", "tcp:127.0.0.1", "plantard" */
	const char *role;    /* "operator", "viewer", "none" */
	const char *peer;    /* as ZeroMQ has it, or "" */
	const char *request; /* as it came; cut to 2,000 bytes */
	const char *result;  /* "ok" or the code of the error */
	uint64_t times;	     /* 0, 1: once */
};

/* {"t":"2026-...Z","who":...}; always fits PL_AUDIT_LINE_MAX. */
size_t pl_audit_format(char *buf, size_t cap, const struct pl_audit_note *note);

#endif
