/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Addresses others find the daemon at, and the lock that keeps a second one from taking them.
 */
#ifndef DAEMON_ENDPOINT_H
#define DAEMON_ENDPOINT_H

#include <plantar/error.h>

/*
 * zmq_bind that refuses what is in use: libzmq removes an existing ipc socket whoever listens
 * there, so a live one is tried first, and only a dead daemon's is replaced. ipc sockets get mode
 * 0660, their folder is made.
 */
int pl_endpoint_bind(void *socket, const char *endpoint, struct pl_error *err);
void pl_endpoint_remove(const char *endpoint); /* the ipc socket's file, at the end */

/* <folder>/plantard.lock, held until the returned descriptor is closed or the process ends. The
 * folder is made (0755) and must be ours. PL_EBUSY names the other daemon's process. */
int pl_runtime_lock(const char *folder, struct pl_error *err);

#endif
