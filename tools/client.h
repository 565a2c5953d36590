/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The tools' end of the control socket: one request, one reply, a time limit, and an error that
 * says whether no daemon is there, it does not answer, or it refused. docs/wire.md has the
 * requests. One thread.
 */
#ifndef TOOLS_CLIENT_H
#define TOOLS_CLIENT_H

#include <jansson.h>

#include <plantar/annotation.h>
#include <plantar/error.h>

#include "tools/command.h"

struct pl_client;

/* endpoint NULL: where a daemon of this person or of the system listens (drivers/mat/paths.h). */
struct pl_client *pl_client_open(const char *endpoint, struct pl_error *err);
void pl_client_close(struct pl_client *c);    /* NULL allowed */
void *pl_client_context(struct pl_client *c); /* ZeroMQ's, for further sockets */

/* Of the data endpoints that status names, the one to use from where this client is: its ipc socket
 * here (the viewers' for viewers), else tcp with the host that the control socket was reached by.
 */
void pl_client_data_endpoint(const struct pl_client *c, const json_t *endpoints, char *out,
			     size_t cap);
/* The same for whoever reached it through this control endpoint. */
void pl_data_endpoint(const char *control, const json_t *endpoints, char *out, size_t cap);

/*
 * Sends request (stolen; "v" is added) and waits. Returns the reply, to be json_decref'ed, when it
 * says ok; NULL and err for everything else: PL_ETIMEOUT, or the code and message of the daemon.
 */
json_t *pl_client_ask(struct pl_client *c, json_t *request, int timeout_ms, struct pl_error *err);

/* {"cmd": cmd} plus "mat" when mat is not NULL. */
json_t *pl_request(const char *cmd, const char *mat);

/* Member "annotations", if there are any. */
void pl_client_annotations(json_t *request, const struct pl_annotations *a);

/* The options that every command of a running daemon has. */
#define PL_OPT_CONTROL (PL_OPT_LONG + 91)
#define PL_OPTION_CONTROL                                                                      \
	{PL_OPT_CONTROL, "control", "ENDPOINT",                                                \
	 "the daemon's control socket, such as\n"                                              \
	 "ipc:///run/plantard/control.sock; default: found"},                                  \
		{PL_OPT_KEY, "key", "FILE", "our key for a daemon elsewhere; default: found"}, \
	{                                                                                      \
		PL_OPT_SERVER_KEY, "server-key", "FILE",                                       \
			"public key of a daemon elsewhere; default: found"                     \
	}
#define PL_OPTION_MAT                                                                \
	{                                                                            \
		'm', "mat", "NAME", "this mat only; default: all mats of the daemon" \
	}

#endif
