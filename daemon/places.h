/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where recordings go: the archive folder, and a second one for the day on which the first is full,
 * read-only, or not there (archive.fallback). A session that began in one may go on in the other,
 * so trials are numbered across both. Recorder thread only, but for the two numbers of each.
 */
#ifndef DAEMON_PLACES_H
#define DAEMON_PLACES_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <plantar/error.h>
#include <plantar/session.h>

#include "daemon/config.h"

#define PL_PLACES 2

struct pl_place {
	const char *folder;
	_Atomic uint64_t free_bytes, reserve_bytes;
};

struct pl_places {
	const struct pl_config *config;
	unsigned n;
	struct pl_place at[PL_PLACES];
};

void pl_places_init(struct pl_places *p, const struct pl_config *config);
/* Asks the file systems; bytes_per_s is what recordings and their files take at present. */
void pl_places_look(struct pl_places *p, double bytes_per_s);
/* What a recording of this mat takes at most, journal and finished file together. */
double pl_place_rate(const struct pl_mat *mat);
bool pl_place_below_reserve(const struct pl_place *place);
int pl_place_refuse(const struct pl_place *place, struct pl_error *err); /* because of that */

/* The session's folder there; false: there is none. Any thread. */
bool pl_place_find(const struct pl_place *place, const char *uuid, char *folder, size_t cap);
/* Is there a folder of this session anywhere? Then meta->trial becomes a number that is free in
 * all of them. */
bool pl_places_know(const struct pl_places *p, struct pl_session_meta *meta);
/* The stem of meta's trial there; its folder is made. */
int pl_place_stem(const struct pl_place *place, struct pl_session_meta *meta, char *stem,
		  size_t cap, struct pl_error *err);
/* Writes text to <session folder>/<name>, in the place that has the session, else in the first one
 * that takes it; made says whether a folder may be made. folder: where it is. */
int pl_places_log(struct pl_places *p, struct pl_session_meta *meta, bool made, const char *name,
		  const char *text, char *folder, size_t cap, struct pl_error *err);

#endif
