/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A difference is worth a sentence only beside the smallest one that could have been told from
 * the measurement's own repeatability. Within a session that comes from the scatter of steps or
 * trials; between sessions only from how the person differs from day to day, for which the scatter
 * within a session says nothing. Where it is not known, the difference is given and that is said.
 */
#include "tools/comparison.h"

#include <fnmatch.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "tools/figures.h"

/* ---- from day to day ---- */

json_t *pl_days_cited(const char *path, struct pl_error *err)
{
	json_error_t wrong;
	json_t *file = json_load_file(path, JSON_REJECT_DUPLICATES, &wrong);
	const json_t *figure;
	const char *key;

	if (!file) {
		pl_error_set(err, PL_EUSAGE, 0, "%s:%d:%d: %s", path, wrong.line, wrong.column,
			     wrong.text);
		return NULL;
	}
	if (!pl_figure_text(file, "source", NULL) ||
	    !json_is_object(json_object_get(file, "figures"))) {
		pl_error_set(err, PL_EUSAGE, 0,
			     "%s: {\"source\": \"who published it\", \"figures\": {\"NAME\": "
			     "{\"sd\": 2.1, \"df\": 9}}} is expected",
			     path);
		json_decref(file);
		return NULL;
	}
	json_object_foreach(json_object_get(file, "figures"), key, figure)
	{
		double df = json_number_value(json_object_get(figure, "df"));

		if (json_number_value(json_object_get(figure, "sd")) > 0 &&
		    (!json_object_get(figure, "df") || df >= 1))
			continue;
		pl_error_set(err, PL_EUSAGE, 0,
			     "%s: %.80s: \"sd\" above 0 is expected, and \"df\" of at least 1 if "
			     "it is known",
			     path, key);
		json_decref(file);
		return NULL;
	}
	return file;
}

static double own_sd(const struct pl_days *days, const char *name, const char *side, double *df)
{
	double mean[256] = {0};
	struct pl_sample s;
	size_t n = 0;

	for (size_t i = 0; i < days->sessions && n < 256; i++) {
		const struct pl_figure_values *f = pl_group_figure(&days->session[i], name, side);

		if (f && f->n)
			mean[n++] = pl_sample_of(f->value, f->n).mean;
	}
	s = pl_sample_of(mean, n);
	*df = (double)n - 1;
	return n >= PL_SESSIONS_MIN ? s.sd : NAN;
}

double pl_days_sd(const struct pl_days *days, const char *name, const char *side, double *df,
		  char *source, size_t cap)
{
	const json_t *cited = json_object_get(json_object_get(days->cited, "figures"), name);
	double sd = own_sd(days, name, side, df);

	*source = '\0';
	if (!isnan(sd)) {
		snprintf(source, cap, "between days, %.0f sessions of this person", *df + 1);
		return sd;
	}
	if (!cited)
		return NAN;
	*df = json_object_get(cited, "df") ? json_number_value(json_object_get(cited, "df"))
					   : INFINITY;
	snprintf(source, cap, "between days, %s", pl_figure_text(days->cited, "source", "-"));
	return json_number_value(json_object_get(cited, "sd"));
}

/* ---- one figure ---- */

static json_t *number(double value)
{
	return isfinite(value) ? json_real(value) : json_null();
}

static const char *kind_of(const struct pl_figure_values *f)
{
	return f->standing ? "standing" : strncmp(f->name, "steps.", 6) == 0 ? "step" : "trial";
}

/* The detectable difference and why it is that, or NaN and why not. */
static double detectable(const struct pl_figure_values *a, const struct pl_figure_values *b,
			 const struct pl_comparison *how, double *df, char *why, size_t cap)
{
	const struct pl_sample sa = pl_sample_of(a->value, a->n), sb = pl_sample_of(b->value, b->n);
	size_t least = a->standing ? PL_STANDING_MIN : PL_STEPS_MIN;
	double sd;

	if (how->between_days) {
		sd = pl_days_sd(how->days, a->name, a->side, df, why, cap);
		if (!isnan(sd))
			return pl_detectable_between_days(sd, *df);
		snprintf(why, cap, "repeatability unknown");
		return NAN;
	}
	if (sa.n < least || sb.n < least) {
		snprintf(why, cap, "repeatability unknown");
		return NAN;
	}
	snprintf(why, cap, "within the session");
	return pl_detectable_difference(&sa, &sb, df);
}

struct count {
	size_t compared, beyond, unknown;
};

static json_t *compare_figure(const struct pl_figure_values *a, const struct pl_figure_values *b,
			      const struct pl_comparison *how, struct count *count)
{
	const struct pl_sample sa = pl_sample_of(a->value, a->n), sb = pl_sample_of(b->value, b->n);
	double df = NAN, least, difference = sb.mean - sa.mean;
	char why[256];
	bool beyond;

	least = detectable(a, b, how, &df, why, sizeof(why));
	/* where nothing scatters the least is 0, and the last bits of two means still differ */
	beyond = !isnan(least) && fabs(difference) > least &&
		 fabs(difference) > 1e-9 * (fabs(sa.mean) + fabs(sb.mean));
	count->compared += !isnan(least);
	count->unknown += isnan(least);
	count->beyond += beyond;
	return json_pack("{s:s, s:s, s:s, s:I, s:o, s:o, s:I, s:o, s:o, s:o, s:o, s:o, s:o, s:o}",
			 "figure", a->name, "side", how->sides ? "right - left" : a->side, "kind",
			 kind_of(a), "a_n", (json_int_t)sa.n, "a_mean", number(sa.mean), "a_sd",
			 number(sa.sd), "b_n", (json_int_t)sb.n, "b_mean", number(sb.mean), "b_sd",
			 number(sb.sd), "difference", number(difference), "detectable_difference",
			 number(least), "df", isnan(least) ? json_null() : number(df), "beyond",
			 isnan(least) ? json_null() : json_boolean(beyond), "repeatability",
			 pl_text_json(why));
}

json_t *pl_compare_groups(const struct pl_group *a, const struct pl_group *b,
			  const struct pl_comparison *how)
{
	json_t *figures = json_array();
	struct count count = {0};

	for (size_t i = 0; i < a->n; i++) {
		const struct pl_figure_values *fa = &a->figure[i], *fb;

		if (how->only && fnmatch(how->only, fa->name, 0) != 0)
			continue;
		if (how->sides && strcmp(fa->side, "left") != 0)
			continue;
		fb = how->sides ? pl_group_figure(a, fa->name, "right")
				: pl_group_figure(b, fa->name, fa->side);
		if (fb)
			json_array_append_new(figures, compare_figure(fa, fb, how, &count));
	}
	return json_pack("{s:o, s:o, s:o, s:I, s:I, s:I}", "a",
			 how->sides ? json_string("left") : pl_text_json(a->name), "b",
			 how->sides ? json_string("right") : pl_text_json(b->name), "figures",
			 figures, "figures_compared", (json_int_t)count.compared, "figures_beyond",
			 (json_int_t)count.beyond, "figures_unknown", (json_int_t)count.unknown);
}
