/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The audit thread: lines are handed to it and are in the audit log at once, on the disk within
 * half a second. It is a thread of its own because it waits for the disk: in the recorder each of
 * its syncs would put off the begin of a recording.
 */
#ifndef DAEMON_AUDIT_LOG_H
#define DAEMON_AUDIT_LOG_H

#include <plantar/error.h>
#include <plantar/log.h>

struct pl_audit_log;

struct pl_audit_log *pl_audit_log_new(const struct pl_log *log, struct pl_error *err);
/* Opens the log in the state folder, in the thread. Where that cannot be, it says so and no request
 * is audited. */
int pl_audit_log_start(struct pl_audit_log *a, struct pl_error *err);
/* A line, without newline. Copies. Any thread; never waits. */
void pl_audit_log_write(struct pl_audit_log *a, const char *line);
/* Everything written so far is on the disk. NULL allowed. */
void pl_audit_log_stop(struct pl_audit_log *a);

#endif
