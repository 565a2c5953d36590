/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Recordings gathered into groups, to compare groups with each other or to follow one over time. A
 * group holds, for each figure of `plantar analyze`, the values of all its accepted steps or
 * trials, and for each recording the facts that decide whether it may be compared with another.
 */
#ifndef TOOLS_GATHER_H
#define TOOLS_GATHER_H

#include <stdbool.h>
#include <stddef.h>

#include <jansson.h>

#include <plantar/error.h>
#include <plantar/hints.h>
#include <plantar/pictures.h>
#include <plantar/stats.h>

/* How many values say how repeatable a figure is (docs/metrics.md, Comparing). */
#define PL_STEPS_MIN 5
#define PL_STANDING_MIN 3
#define PL_SESSIONS_MIN 3

struct pl_figure_values {
	char name[112]; /* "steps.heel_impulse_pct", "feet.heel.force_peak_n" */
	char side[8];	/* "left", "right", "unknown"; "" if the figure has none */
	bool standing;	/* one value a standing trial; else a step or a trial of steps */
	double *value;
	size_t n, cap;
};

struct pl_group {
	char name[256];
	json_t *facts; /* array, one object a recording: see pl_fact_names, and more */
	struct pl_figure_values *figure;
	size_t n, cap;
	json_t *index; /* "side/name" -> place in figure */
	size_t steps, steps_rejected, feet_left_out, trials_rejected, trials_undecided;
	json_t *left_out; /* array of {"path", "verdict", "reason"} */
};

void pl_group_init(struct pl_group *g, const char *name);
void pl_group_free(struct pl_group *g);
/* NULL: the group has none. */
const struct pl_figure_values *pl_group_figure(const struct pl_group *g, const char *name,
					       const char *side);
size_t pl_group_recordings(const struct pl_group *g);
/* Mean of what is known; *known: of how many recordings with steps; *of: how many those are. */
double pl_group_speed(const struct pl_group *g, size_t *known, size_t *of);

/* A document of `plantar analyze`, and what its recording's file says besides. speed_m_s NaN: as
 * the document says. false: out of memory. */
bool pl_group_add(struct pl_group *g, const json_t *document, double speed_m_s);

struct pl_gather_file {
	const char *path, *as;
	struct pl_hints hints;
	double speed_m_s; /* NaN: not said */
};
/* Analyzes a recording, or reads what `plantar analyze --json` printed. NULL and err. */
json_t *pl_gather_document(const struct pl_gather_file *file, struct pl_error *err);
struct pl_opened;
/* The same of what is open already. pictures (NULL: not wanted): what is drawn from it, if *has, to
 * be freed. */
json_t *pl_gather_opened(const struct pl_opened *opened, const char *path,
			 struct pl_pictures *pictures, bool *has, struct pl_error *err);
/* Is the trial not to be counted (pl_archive_verdict): rejected, or undecided in its protocol? Then
 * it is counted as such, with its reason. */
bool pl_gather_left_out(struct pl_group *g, const char *path);
/* Lines of them, from a document's "trials_left_out". */
void pl_group_print_left_out(const json_t *group);

/* Facts that recordings must share: "mat", "surface", "ground", "filter.contact", ...;
 * NULL-terminated. What stands before the point is what --mix calls it. */
extern const char *const pl_fact_names[];
/*
 * Which of them differ among the recordings of n groups: an array of {"fact", "values"} for those
 * that do. unknown (array of strings): facts that only some recordings have.
 */
json_t *pl_facts_mixed(const struct pl_group *g, size_t n, json_t *unknown);
/* The one value of a fact in all groups, or NULL if there is none or are several. */
const char *pl_fact_common(const struct pl_group *g, size_t n, const char *fact, bool *several);

#endif
