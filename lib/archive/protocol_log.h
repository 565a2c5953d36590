/* SPDX-License-Identifier: Apache-2.0 */
/* The logs of protocols in a session's folder (protocol-*.json, docs/protocols.md). */
#ifndef ARCHIVE_PROTOCOL_LOG_H
#define ARCHIVE_PROTOCOL_LOG_H

#include <stdbool.h>
#include <stddef.h>

#include <plantar/error.h>
#include <plantar/json.h>

struct pl_protocol_logs; /* those that can be read, oldest first */

/* A log that is damaged is left out; damage is no reason to keep a trial from being finished. */
struct pl_protocol_logs *pl_protocol_logs_read(const char *folder, struct pl_error *err);
void pl_protocol_logs_free(struct pl_protocol_logs *logs); /* NULL allowed */

/* Of the first log; NULL: there is none. */
const char *pl_protocol_logs_text(const struct pl_protocol_logs *logs, const char *key);

/* What was decided about a trial: "accepted", "rejected", "undecided"; NULL: no log knows it.
 * *reason: of the rejection, or NULL. */
const char *pl_protocol_logs_verdict(const struct pl_protocol_logs *logs, const char *file,
				     const char **reason);
/* The same from session.json, for a folder that was copied without its logs: what it says of a
 * trial that is not accepted. NULL: nothing; else reason[480], "": none. */
const char *pl_overview_verdict(const char *folder, const char *file, char *reason);
/* A trial's score of pain from the logs; NaN: none. */
double pl_protocol_logs_pain(const struct pl_protocol_logs *logs, const char *file);
/* Member "protocols": the logs as they are. False: no memory. */
bool pl_protocol_logs_write(const struct pl_protocol_logs *logs, struct pl_json *j);

#endif
