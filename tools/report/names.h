/* SPDX-License-Identifier: Apache-2.0 */
/* Which figures a report shows, in which order, and what people call them. */
#ifndef REPORT_NAMES_H
#define REPORT_NAMES_H

#include <stddef.h>

struct pl_named_figure {
	const char *figure; /* as plantar compare calls it; NULL: a heading */
	const char *label;
};

/* Ended by a label of NULL. */
extern const struct pl_named_figure pl_names_standing_sides[], pl_names_standing_whole[],
	pl_names_steps_sides[], pl_names_steps_whole[];

/* "kPa", "%", "mm/s", from the end of the name. */
const char *pl_figure_unit(const char *figure);
/* Of any of the lists; NULL: in none of them. */
const char *pl_figure_label(const char *figure);

#endif
