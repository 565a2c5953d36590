/* SPDX-License-Identifier: Apache-2.0 */
/* A session that exists and is to get more trials. */
#ifndef TOOLS_IMPORT_SESSION_H
#define TOOLS_IMPORT_SESSION_H

#include <limits.h>

#include <plantar/session.h>

struct pl_known_session {
	char folder[PATH_MAX];
	char uuid[37], subject[65], protocol[65];
	double body_mass_kg; /* NaN: not given */
};

/* name: its folder, or its uuid below root. What it is, its first readable trial says. */
int pl_known_session_find(struct pl_known_session *s, const char *name, const char *root,
			  struct pl_error *err);
/* The number of a trial of which nothing is there yet. */
int pl_known_session_next(const char *folder, unsigned *trial, struct pl_error *err);

#endif
