/* SPDX-License-Identifier: Apache-2.0 */
/* Differences of two groups, each beside what the measurement could have told from nothing. */
#ifndef TOOLS_COMPARISON_H
#define TOOLS_COMPARISON_H

#include "tools/gather.h"

/* What is known of how a person's figures differ from day to day. */
struct pl_days {
	const struct pl_group *session; /* groups of one session each, or NULL */
	size_t sessions;
	json_t *cited; /* {"source": text, "figures": {name: {"sd": x, "df": y}}}, or NULL */
};
/* Reads and checks a file of cited values. NULL and err. */
json_t *pl_days_cited(const char *path, struct pl_error *err);
/* Between-day SD of a figure with its degrees of freedom; NaN: not known. source: who says so. */
double pl_days_sd(const struct pl_days *days, const char *name, const char *side, double *df,
		  char *source, size_t cap);

struct pl_comparison {
	bool sides;	   /* left against right within a; b is not used */
	bool between_days; /* the groups are of different sessions */
	const struct pl_days *days;
	const char *only; /* figures whose name matches this pattern; NULL: all */
};

/*
 * {"a", "b", "figures": [...], "figures_compared", "figures_beyond", "figures_unknown"}. A figure
 * has figure, side, kind ("step", "trial", "standing"), a_n, a_mean, a_sd, b_n, b_mean, b_sd,
 * difference (b - a), detectable_difference (null: not known), df, beyond, repeatability.
 */
json_t *pl_compare_groups(const struct pl_group *a, const struct pl_group *b,
			  const struct pl_comparison *how);

#endif
