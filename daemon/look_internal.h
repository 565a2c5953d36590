/* SPDX-License-Identifier: Apache-2.0 */
/* What look.c (which is whose turn) and look_output.c (what came of it) share. */
#ifndef DAEMON_LOOK_INTERNAL_H
#define DAEMON_LOOK_INTERNAL_H

#include <sys/types.h>

#include "daemon/look.h"
#include "daemon/look_words.h"

struct pl_look {
	uint64_t token; /* 0: answered, but its process has not gone yet */
	enum pl_cmd cmd;
	char who[80], format[8], name[80];
	struct pl_look_words words;
	int64_t asked_ns, deadline_ns;
	pid_t pid;    /* 0: waits */
	int out, err; /* -1: at its end */
	char *buf;    /* HEAD_ROOM, output, TAIL_ROOM */
	size_t n, cap;
	char said[2048]; /* the end of its stderr */
	size_t said_n;
	struct pl_look *next;
};

struct pl_looks {
	const struct pl_config *config;
	struct pl_control *control;
	struct pl_look *first; /* oldest first */
	int64_t time_ns;       /* of each, and until it is its turn */
	bool stopping;
};

/* Some of what there is on its stdout. -1: more than may be, or no memory for it. */
int pl_look_read(struct pl_look *k);
/* The end of its stderr is kept. */
void pl_look_hear(struct pl_look *k);
void pl_look_close(int *fd);		 /* -1 from then on */
void pl_look_release(struct pl_look *k); /* the buffer */

/* Once; later ones are not heard any more. */
void pl_look_refuse(struct pl_looks *l, struct pl_look *k, const struct pl_error *err);
/* Answers, by how it ended and what it wrote. */
void pl_look_judge(struct pl_looks *l, struct pl_look *k, int status);

#endif
