/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where the daemon and the tools meet when nobody said otherwise. As a system service (root, or
 * the unit's own user with /run/plantard): /run/plantard and /var/lib/plantard. For a person
 * without root: $XDG_RUNTIME_DIR/plantard (else /tmp/plantard-<uid>) and $XDG_STATE_HOME/plantard
 * (else
 * ~/.local/state/plantard). $PLANTARD_RUNTIME_DIR and $PLANTARD_STATE_DIR override both. The
 * tools look in the person's own folder first, then in the system's.
 */
#ifndef DRIVERS_MAT_PATHS_H
#define DRIVERS_MAT_PATHS_H

#include <stdbool.h>
#include <stddef.h>

#include <plantar/error.h>

/* Of this process, as a daemon would use them. Return buf. Nothing is created. */
const char *pl_runtime_dir(char *buf, size_t cap);
const char *pl_state_dir(char *buf, size_t cap);

/* "ipc://<runtime>/control.sock" of the daemon a tool should talk to: $PLANTARD_CONTROL if set,
 * else the first of the person's and the system's folder whose socket exists, else the person's.
 * Who may not write to the system's socket is given the viewers' one, <runtime>/view/control.sock,
 * if there is one. */
const char *pl_control_endpoint(char *buf, size_t cap);
/* Can only this machine reach it: ipc, or tcp on a loopback address? */
bool pl_endpoint_is_local(const char *endpoint);

/* The folder of sessions a tool should look in (the person's if it exists, else the system's). */
const char *pl_sessions_dir(char *buf, size_t cap);

/*
 * A daemon whose configuration names other folders leaves their names in its state folder
 * ("archive.folders", a line each), so that tools find the recordings when it does not run.
 * fallback "": none. PL_EACCES and others: nothing could be noted.
 */
int pl_sessions_note(const char *folder, const char *fallback, struct pl_error *err);
/* The folders a tool should look in when none is named: those noted there, else pl_sessions_dir().
 * out: room for PL_SESSIONS_MAX. How many. */
#define PL_SESSIONS_MAX 2
unsigned pl_sessions_dirs(char out[PL_SESSIONS_MAX][512]);

/* The daemon's configuration when nobody named one: $XDG_CONFIG_HOME
 * (~/.config)/plantard/plantard.conf, then /etc/plantard/plantard.conf. PL_ENOENT says what to do.
 */
int pl_config_find(char *path, size_t cap, struct pl_error *err);

#define PL_DATA_TCP "tcp://127.0.0.1:5571"

#endif
