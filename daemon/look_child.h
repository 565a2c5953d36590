/* SPDX-License-Identifier: Apache-2.0 */
/* How plantard starts `plantar` for itself (look.h). */
#ifndef DAEMON_LOOK_CHILD_H
#define DAEMON_LOOK_CHILD_H

#include <sys/types.h>

#include <plantar/error.h>

/* Set for it: it tells errors in the form "error <code> <message>", too. */
#define PL_LOOK_ENVIRONMENT "PLANTARD_LOOK"

/* In a process group of its own; its stdout and stderr can be read, without waiting, from two
 * descriptors. words: argv of plantar. */
int pl_look_spawn(char *const *words, pid_t *pid, int *out, int *err_fd, struct pl_error *err);

#endif
