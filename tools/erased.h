/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tombstones: what `plantar erase` leaves in the folder of a session, ERASED.json (docs/access.md
 * has its keys). It says that the session was erased and not lost; whose it was only to somebody
 * who knows the code already and asks.
 */
#ifndef TOOLS_ERASED_H
#define TOOLS_ERASED_H

#include <jansson.h>
#include <stdbool.h>

#include <plantar/error.h>

#define PL_TOMBSTONE "ERASED.json"

/* hex of SHA-256(salt as hex text, code). */
void pl_erased_hash(const char *salt, const char *code, char hex[65]);
/* Calls each(user, path of an ERASED.json below folder, its document, is it finished: nothing else
 * left beside it). Returns how many, or -1. */
int pl_erased_each(const char *folder,
		   void (*each)(void *user, const char *path, const json_t *tombstone,
				bool finished),
		   void *user, struct pl_error *err);
/* How many sessions of this code were erased below folder; *last: the day of the last one. */
size_t pl_erased_of(const char *folder, const char *code, char last[11]);

#endif
