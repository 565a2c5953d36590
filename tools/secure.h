/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The tools' end of CURVE: an address that is not of this machine is spoken to with a key of ours,
 * and only if the daemon there proves to have the one we know it by (docs/access.md). Which key:
 * --key, $PLANTARD_KEY, else the only *.secret (but server.secret) in the folder of keys, which is
 * ~/.config/plantard/keys; which daemon's: --server-key, $PLANTARD_SERVER_KEY, else HOST.public,
 * else server.public there.
 */
#ifndef TOOLS_SECURE_H
#define TOOLS_SECURE_H

#include <stdbool.h>

#include <plantar/error.h>

/* Before zmq_connect. Local addresses are left as they are unless a key was named. PL_EACCES and
 * others say which file is missing and how it is made. */
int pl_secure(void *socket, const char *endpoint, struct pl_error *err);

/* Why no answer came, as far as the socket's monitor can tell: the daemon refused the key, or is
 * not the one whose key we have. start before connecting; the context is that of the socket. */
void *pl_secure_watch(void *context, void *socket);
/* True and err: a handshake failed. watch may be NULL. */
bool pl_secure_failed(void *watch, const char *endpoint, struct pl_error *err);

#endif
