/* SPDX-License-Identifier: Apache-2.0 */
/* A report on its way from sessions to blocks. Private to tools/report. */
#ifndef REPORT_REPORT_H
#define REPORT_REPORT_H

#include "tools/comparison.h"
#include "tools/report/chart.h"
#include "tools/report/doc.h"
#include "tools/report/names.h"
#include "tools/report/reference.h"
#include "tools/report/session.h"

#define PL_REPORT_SESSIONS 24

struct pl_report {
	struct pl_session_sheet *session; /* [n], oldest first */
	size_t n;
	struct pl_reference reference;
	struct pl_days days; /* what is known of the person's scatter between sessions */
	const char *mix;     /* what may differ between what is compared */
	json_t *warnings;    /* array of texts */
	struct pl_doc doc;
};

/* pages_person.c: who, when, on what; the sessions and warnings. */
void pl_page_person(struct pl_report *r);
/* pages_figures.c: load, sway, steps of one condition of a session. */
void pl_page_condition(struct pl_report *r, const struct pl_session_sheet *s,
		       const struct pl_condition_sheet *c);
/* pages_prints.c: footprints, landing, curves of the same. */
void pl_page_prints(struct pl_report *r, const struct pl_session_sheet *s,
		    const struct pl_condition_sheet *c);
/* pages_change.c: conditions within the last session, and all sessions. -1: refused. */
int pl_page_changes(struct pl_report *r, struct pl_error *err);
/* pages_trials.c: all trials, and those that do not count. */
void pl_page_trials(struct pl_report *r);

/* ---- pages_common.c ---- */

/* "2026-03-02 09:30 UTC" */
const char *pl_report_time(struct pl_doc *doc, int64_t utc_ns);
const char *pl_report_date(struct pl_doc *doc, int64_t utc_ns);
/* How figures of these groups were made: mat, filters, regions, version. */
const char *pl_report_method(struct pl_doc *doc, const struct pl_group *g, size_t n);
/* A number as plantar analyze prints it; "-" for none. */
const char *pl_report_number(struct pl_doc *doc, double value);
/* An SD or a difference beside a mean. */
const char *pl_report_scatter(struct pl_doc *doc, double value, double mean);
/* What is drawn of one figure of one side; without values if the group has none. */
struct pl_dots pl_report_dots(const struct pl_group *g, const char *figure, const char *side);
/* A note that says whose ranges are drawn; nothing if there are none. */
void pl_report_reference(struct pl_report *r);
/* "2 to 3", or "" if the reference says nothing of it. */
const char *pl_report_band(struct pl_report *r, const char *figure);

#endif
