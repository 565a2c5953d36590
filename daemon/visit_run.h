/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the files of a protocol under way share (visit_run.c, visit_told.c, visit_restart.c,
 * visit_command.c). Main thread only.
 */
#ifndef DAEMON_VISIT_RUN_H
#define DAEMON_VISIT_RUN_H

#include "daemon/daemon.h"

#define PL_TARE_LOST \
	"the zero of the mat went with the restart: tare it, empty, before the next trial"
#define PL_VISIT_LOG_MAX (4u << 20)

/* visit_run.c */
int pl_visit_run_mat(const struct pl_daemon *d); /* its index */
void pl_visit_run_time(struct pl_daemon *d);	 /* tells the visit what time it is */
void pl_visit_run_look(struct pl_daemon *d);	 /* and what the mat shows */
void pl_visit_run_act(struct pl_daemon *d);	 /* does what it wants, and tells of it */

/* visit_told.c */
void pl_visit_run_tell(struct pl_daemon *d); /* what has changed: event, status, log */
void pl_visit_run_log(struct pl_daemon *d);  /* the whole state so far, for the disk */

/* visit_lost.c: recordings that began in the milliseconds before the end of plantard, and which
 * the visit's log does not name. */
void pl_visit_run_find_lost(struct pl_daemon *d);

#endif
