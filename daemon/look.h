/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What clients want to know of recordings, and say about them afterwards: each such request is one
 * child process, `plantar`, whose standard output is the answer. Two at a time, others wait their
 * turn; bounded in time, output and number. Main thread only, which never waits for them.
 */
#ifndef DAEMON_LOOK_H
#define DAEMON_LOOK_H

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <plantar/error.h>

#include "daemon/config.h"
#include "daemon/control.h"

#define PL_LOOKS_AT_ONCE 2
#define PL_LOOK_FDS (2 * PL_LOOKS_AT_ONCE)
#define PL_LOOK_REPLY_MAX ((size_t)16 << 20)

struct pl_looks;

struct pl_looks *pl_looks_new(const struct pl_config *config, struct pl_error *err);
/* Children are killed; nobody is answered any more. NULL allowed. */
void pl_looks_free(struct pl_looks *l);

/* Answers come through this once there is one; it must outlive l. */
void pl_looks_answer_to(struct pl_looks *l, struct pl_control *control);

/* 0: token is answered later. PL_EBUSY: too many wait. */
int pl_look(struct pl_looks *l, uint64_t token, const struct pl_request *request,
	    struct pl_error *err);

/* Descriptors to poll (at most PL_LOOK_FDS): something to read, or the end. */
unsigned pl_looks_fds(const struct pl_looks *l, struct pollfd *fds);
/* Reads, starts, ends; at most some MiB of work. */
void pl_looks_tick(struct pl_looks *l, int64_t now_ns);

/* plantard ends: whoever only reads is refused, changes are finished. */
void pl_looks_stop(struct pl_looks *l);
unsigned pl_looks_changing(const struct pl_looks *l);

/* Bytes of answers, being made and on their way: what they may be is bounded here. Any thread. */
size_t pl_looks_bytes(void);

/* plantard --look PARENT WORDS...: becomes `plantar`, to be killed when the parent ends. Returns an
 * exit code if it cannot. */
int pl_look_main(int argc, char **argv);

#endif
