/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DAEMON_SPAWN_H
#define DAEMON_SPAWN_H

#include <sys/types.h>

/*
 * plantard's own program once more, as a child in a process group of its own: it can be killed as a
 * whole, and Ctrl-C in a terminal is not for it. Its signals are as a new program expects them, its
 * stdin is empty. argv[1] says what it shall do. out: its stdout; err_fd: its stderr, -1: ours.
 * 0 and *pid, or an errno.
 */
int pl_spawn_own(char *const *argv, int out, int err_fd, pid_t *pid);

#endif
