/* SPDX-License-Identifier: Apache-2.0 */
/* Texts that several pages have in common: times, numbers, and how a figure was made. */
#include <math.h>
#include <string.h>
#include <time.h>

#include "tools/figures.h"
#include "tools/layout.h"
#include "tools/report/report.h"

const char *pl_report_time(struct pl_doc *doc, int64_t utc_ns)
{
	time_t s = (time_t)(utc_ns / 1000000000);
	char text[64];
	struct tm tm;

	if (!utc_ns || !gmtime_r(&s, &tm) ||
	    !strftime(text, sizeof(text), "%Y-%m-%d %H:%M UTC", &tm))
		return "date unknown";
	return pl_doc_print(doc, "%s", text);
}

const char *pl_report_date(struct pl_doc *doc, int64_t utc_ns)
{
	return utc_ns ? pl_doc_print(doc, "%.10s", pl_report_time(doc, utc_ns)) : "date unknown";
}

const char *pl_report_number(struct pl_doc *doc, double value)
{
	json_t *number = isfinite(value) ? json_real(value) : json_null();
	char buf[32];
	const char *text = pl_doc_print(doc, "%s", pl_figure(number, buf));

	json_decref(number);
	return text;
}

const char *pl_report_scatter(struct pl_doc *doc, double value, double mean)
{
	json_t *number = isfinite(value) ? json_real(value) : json_null();
	json_t *beside = isfinite(mean) ? json_real(mean) : json_null();
	char buf[32];
	const char *text = pl_doc_print(doc, "%s", pl_figure_scatter(number, beside, buf));

	json_decref(number);
	json_decref(beside);
	return text;
}

struct pl_dots pl_report_dots(const struct pl_group *g, const char *figure, const char *side)
{
	const struct pl_figure_values *f = pl_group_figure(g, figure, side);

	if (!f)
		return (struct pl_dots){.sample = pl_sample_of(NULL, 0)};
	return (struct pl_dots){f->value, f->n, pl_sample_of(f->value, f->n)};
}

/* "contact_on_n 30, contact_off_n 20" of the facts reads "on 30 N, off 20 N" on a page. */
static const char *contact_words(struct pl_doc *doc, const char *text)
{
	double on, off;

	if (sscanf(text, "contact_on_n %lf, contact_off_n %lf", &on, &off) == 2)
		return pl_doc_print(doc, "on %g N, off %g N", on, off);
	if (sscanf(text, "contact_counts %lf", &on) == 1)
		return pl_doc_print(doc, "above %g counts a cell", on);
	return text;
}

static const char *filter_words(struct pl_doc *doc, const char *text)
{
	double hz;

	if (sscanf(text, "filter_hz %lf", &hz) == 1)
		return pl_doc_print(doc, "%g Hz, Butterworth of order 2 both ways", hz);
	return strstr(text, "none") ? "none" : text;
}

static const char *add(struct pl_doc *doc, const char *so_far, const char *name, const char *value)
{
	return pl_doc_print(doc, "%s%s%s: %s", so_far, *so_far ? " \xc2\xb7 " : "", name, value);
}

const char *pl_report_method(struct pl_doc *doc, const struct pl_group *g, size_t n)
{
	static const char *const fact[][2] = {{"mat", "mat"},
					      {"surface", "surface"},
					      {"filter.contact", "contact"},
					      {"filter.sway", "filter of the sway"},
					      {"filter.steps", "filter of the steps"},
					      {"region", "regions"},
					      {"version", "method"}};
	const char *text = "";

	for (size_t i = 0; i < sizeof(fact) / sizeof(fact[0]); i++) {
		bool several;
		const char *value = pl_fact_common(g, n, fact[i][0], &several);

		if (several)
			value = "several";
		if (!value)
			continue;
		if (strcmp(fact[i][0], "filter.contact") == 0)
			value = contact_words(doc, value);
		if (strcmp(fact[i][0], "filter.sway") == 0)
			value = filter_words(doc, value);
		text = add(doc, text, fact[i][1], value);
	}
	return text;
}

const char *pl_report_band(struct pl_report *r, const char *figure)
{
	struct pl_band b = pl_reference_band(&r->reference, figure);

	if (isnan(b.low))
		return "";
	return pl_doc_print(&r->doc, "%s to %s", pl_report_number(&r->doc, b.low),
			    pl_report_number(&r->doc, b.high));
}

void pl_report_reference(struct pl_report *r)
{
	const struct pl_reference *f = &r->reference;

	if (f->study)
		pl_doc_add(
			&r->doc, PL_BLOCK_NOTE,
			pl_doc_print(&r->doc,
				     "Reference (grey bands): %s of %s; %s. Other people, perhaps "
				     "another mat and another method: it says where they lay, not "
				     "where this person should.",
				     f->range, f->population, f->study));
}
