/* SPDX-License-Identifier: Apache-2.0 */
/* The visit that was under way when plantard ended, read back from its log. */
#ifndef DAEMON_VISIT_RESUME_H
#define DAEMON_VISIT_RESUME_H

#include <stddef.h>

#include <plantar/visit.h>

#include "daemon/protocol_conf.h"

#define PL_VISIT_FILE "protocol-under-way.json" /* in the state folder, while there is one */

/*
 * text: a log (docs/protocols.md). v is idle, and its clock has been told the time. A trial that
 * ran is rejected as interrupted. *idle_s: since the log was written. Fails with PL_EFORMAT (no
 * such log, or its numbers do not fit together) or PL_ENOENT (the protocol is not there any more,
 * or has changed); v is idle then.
 */
int pl_visit_restore(struct pl_visit *v, const char *text, size_t n,
		     const struct pl_protocols *protocols, double *idle_s, struct pl_error *err);

#endif
