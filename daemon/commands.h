/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of requests share (commands.c, commands_average.c,
 * commands_calibration.c, commands_wait.c). Main thread.
 */
#ifndef DAEMON_COMMANDS_H
#define DAEMON_COMMANDS_H

#include "daemon/daemon.h"

/* A request that others will answer; NULL: too many wait. */
struct pl_held *pl_held_take(struct pl_daemon *d, uint64_t token, enum pl_cmd cmd,
			     struct pl_error *err);
void pl_held_drop(struct pl_held *h);
struct pl_held *pl_held_find(struct pl_daemon *d, uint64_t id); /* NULL: none */
void pl_held_refuse(struct pl_daemon *d, struct pl_held *h, const struct pl_error *err);

/* Bits of the mats that a request names (none: all), 0 with err if there is no such mat. */
uint32_t pl_command_mats(const struct pl_daemon *d, const struct pl_request *r,
			 struct pl_error *err);

/* Of tare and weigh; of wait; of calibration. */
int pl_command_average(struct pl_daemon *d, uint64_t token, const struct pl_request *r,
		       struct pl_error *err);
int pl_command_wait(struct pl_daemon *d, uint64_t token, const struct pl_request *r,
		    struct pl_error *err);

int pl_command_calibration(struct pl_daemon *d, uint64_t token, const struct pl_request *r,
			   struct pl_error *err);

#endif
