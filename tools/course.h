/* SPDX-License-Identifier: Apache-2.0 */
/* One person's figures from session to session. */
#ifndef TOOLS_COURSE_H
#define TOOLS_COURSE_H

#include "tools/comparison.h"

/*
 * An array, one object a figure that any of the n sessions has and that matches the pattern only
 * (NULL: all): figure, side, sessions (an object {n, mean, sd} each), change (last - first),
 * between_day_sd, df, detectable_difference, beyond, repeatability. What is not known is null.
 */
json_t *pl_course_figures(const struct pl_group *session, size_t n, const struct pl_days *days,
			  const char *only);

#endif
