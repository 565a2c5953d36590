/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Telling systemd: readiness, a status line, the watchdog. The protocol is one datagram to
 * $NOTIFY_SOCKET (sd_notify(3), "Standalone Implementations"): no library is worth linking for it.
 * Main thread only; without $NOTIFY_SOCKET everything here does nothing.
 */
#ifndef DAEMON_NOTIFY_H
#define DAEMON_NOTIFY_H

#include <stdint.h>

/* state: "READY=1", or several lines. */
void pl_notify(const char *state);
/* $WATCHDOG_USEC in ns if it is meant for this process, else 0. */
int64_t pl_watchdog_ns(void);

#endif
