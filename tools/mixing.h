/* SPDX-License-Identifier: Apache-2.0 */
/* What may not stand side by side: other people, other mats, other methods. */
#ifndef TOOLS_MIXING_H
#define TOOLS_MIXING_H

#include "tools/gather.h"

/* Is list ("mat,filter") made of names that --mix takes? PL_EUSAGE names them. */
int pl_mixing_names(const char *list, struct pl_error *err);
/* The one subject of all recordings; NULL: nobody says, or several. */
const char *pl_one_subject(const struct pl_group *g, size_t n);
/*
 * Refuses recordings of different people, and facts that differ and are not in list (NULL: none);
 * those that are allowed to differ are appended to mixed and, in words, to warnings.
 */
int pl_mixing_check(const struct pl_group *g, size_t n, const char *list, json_t *mixed,
		    json_t *warnings, struct pl_error *err);

/* How fast the person went in both, into warnings: if it differs, or is not known of all. */
void pl_mixing_speed(const struct pl_group *a, const struct pl_group *b, json_t *warnings);

/* n groups that must be of one condition, of which the first is named. */
int pl_mixing_conditions(const struct pl_group *g, size_t n, const char *list, json_t *warnings,
			 struct pl_error *err);

/*
 * The finished, accepted trials of a person below an archive folder, a group a session in the order
 * of their beginning, named "2026-11-25 <uuid>". subject: whose; condition: only such trials, NULL:
 * all. What cannot be read is named in warnings (NULL allowed) and left out. 0, or -1 and err.
 */
struct pl_sessions {
	const char *folder, *second; /* NULL: only one */
	const char *subject, *condition;
	json_t *warnings;
	struct pl_group *group;
	size_t max, n;
};
int pl_gather_sessions(struct pl_sessions *s, struct pl_error *err);

#endif
