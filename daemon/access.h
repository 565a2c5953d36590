/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who may do what (docs/access.md). There are four doors:
 *
 *	ipc, <runtime>/...		file modes: user and group of the service. Operators.
 *	ipc, <runtime>/view/...		file modes: the group of viewers. Viewers.
 *	tcp on this machine		anybody here. Viewers, or as access.loopback says.
 *	tcp with CURVE			a key in the daemon's folder: in viewers/ or operators/.
 *
 * A viewer subscribes, and asks what changes nothing. An operator may do everything. Without keys
 * there is no fourth door: pl_config_load refuses an address that others can reach.
 */
#ifndef DAEMON_ACCESS_H
#define DAEMON_ACCESS_H

#include <stdbool.h>
#include <sys/types.h>

#include <plantar/error.h>
#include <plantar/log.h>

#include "daemon/config.h"
#include "daemon/mailbox.h"

struct pl_access;
struct pl_guard;

/* Reads the keys and starts the thread that judges them (zap.c); before any socket is bound. Main
 * thread, as all here but pl_access_judge. box: events for main. */
struct pl_access *pl_access_new(void *zmq, const struct pl_config *config, struct pl_mailbox *box,
				const struct pl_log *log, struct pl_error *err);
void pl_access_free(struct pl_access *a); /* after the sockets, before the context; NULL allowed */

/* Can this configuration's keys be used, if it has any? Reads the files, opens nothing. */
int pl_access_check(const struct pl_config *config, struct pl_error *err);

/* Is it a door for keys? */
bool pl_access_needs_key(const struct pl_access *a, const char *endpoint);
/* Binds a socket of domain "data" or "control" to an endpoint, with CURVE where it belongs. */
int pl_access_bind(struct pl_access *a, void *socket, const char *endpoint, const char *domain,
		   struct pl_error *err);
/* The viewers' ipc endpoint <runtime>/view/NAME.sock; false: there is no group of viewers. Binding
 * gives the socket and its folder to that group. */
bool pl_access_view_endpoint(const struct pl_access *a, const char *name, char *out, size_t cap);
int pl_access_bind_view(struct pl_access *a, void *socket, const char *name, struct pl_error *err);
void pl_access_remove_view(const struct pl_access *a, const char *name);

/* The role that belongs to a key now: a key that was taken out has none, even if its client is
 * still connected. name: as it was when the client connected. */
enum pl_role pl_access_role(struct pl_access *a, const char *name, const char *key);
enum pl_role pl_access_loopback(const struct pl_access *a);

struct pl_guard *pl_access_guard(struct pl_access *a); /* guard.h */

/* The judging thread: who is behind a key? Reads the folder again when it has changed. */
bool pl_access_judge(struct pl_access *a, const char *key, char name[PL_KEY_NAME_MAX + 1]);
/* The same: a handshake was refused, address is where it came from. */
void pl_access_refused(struct pl_access *a, const char *address);
/* The same: once a second. */
void pl_access_look(struct pl_access *a);

#endif
