/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A figure from session to session: number, mean and SD of each, the change from the first to the
 * last, and how far two sessions must lie apart to be told from each other. A session that has
 * nothing to say of a figure keeps its place.
 */
#include "tools/course.h"

#include <fnmatch.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

struct course {
	const struct pl_group *session;
	size_t n;
	const struct pl_days *days;
};

static json_t *number(double value)
{
	return isfinite(value) ? json_real(value) : json_null();
}

static json_t *points_json(const struct course *t, const char *name, const char *side,
			   double *first, double *last)
{
	json_t *points = json_array();

	size_t known = 0;

	*first = *last = NAN;
	for (size_t i = 0; i < t->n; i++) {
		const struct pl_figure_values *f = pl_group_figure(&t->session[i], name, side);
		struct pl_sample s = f ? pl_sample_of(f->value, f->n) : pl_sample_of(NULL, 0);

		json_array_append_new(points,
				      json_pack("{s:I, s:o, s:o}", "n", (json_int_t)s.n, "mean",
						number(s.mean), "sd", number(s.sd)));
		if (isnan(*first))
			*first = s.mean;
		if (!isnan(s.mean) && known++)
			*last = s.mean; /* of one session there is no change */
	}
	return points;
}

static json_t *figure_json(const struct course *t, const struct pl_figure_values *f)
{
	double first, last, df, sd, least;
	char source[256];
	json_t *points = points_json(t, f->name, f->side, &first, &last);

	sd = pl_days_sd(t->days, f->name, f->side, &df, source, sizeof(source));
	least = pl_detectable_between_days(sd, df);
	return json_pack(
		"{s:s, s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:s}", "figure", f->name, "side", f->side,
		"sessions", points, "change", number(last - first), "between_day_sd", number(sd),
		"df", isnan(sd) ? json_null() : number(df), "detectable_difference", number(least),
		"beyond",
		isnan(least) ? json_null()
			     : json_boolean(fabs(last - first) > least &&
					    fabs(last - first) > 1e-9 * (fabs(first) + fabs(last))),
		"repeatability", isnan(sd) ? "repeatability unknown" : source);
}

/* Figures of all sessions, each once, in the order in which they are met. */
json_t *pl_course_figures(const struct pl_group *session, size_t n, const struct pl_days *days,
			  const char *only)
{
	const struct course c = {session, n, days}, *t = &c;
	json_t *figures = json_array(), *seen = json_object();
	char key[128];

	for (size_t i = 0; i < t->n; i++)
		for (size_t k = 0; k < t->session[i].n; k++) {
			const struct pl_figure_values *f = &t->session[i].figure[k];

			snprintf(key, sizeof(key), "%s/%s", f->side, f->name);
			if (json_object_get(seen, key) || (only && fnmatch(only, f->name, 0) != 0))
				continue;
			json_object_set_new(seen, key, json_true());
			json_array_append_new(figures, figure_json(t, f));
		}
	json_decref(seen);
	return figures;
}
