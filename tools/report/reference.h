/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Ranges that somebody published, to be drawn beside a person's figures. None are built in. A file
 *of them is JSON and must say where they come from:
 *
 *	{
 *	  "study": "Author, A. (2020). Title. Journal 1:2-3",
 *	  "population": "31 women and 29 men, 20 to 40 years, walking barefoot at 1.2 m/s",
 *	  "range": "mean +- 1 SD",
 *	  "figures": {"steps.contact_time_s": {"low": 0.61, "high": 0.71}}
 *	}
 *
 * Figures have the names of plantar compare; a range holds for both sides.
 */
#ifndef REPORT_REFERENCE_H
#define REPORT_REFERENCE_H

#include <jansson.h>

#include <plantar/error.h>

#include "tools/report/chart.h"

struct pl_reference {
	const char *study, *population, *range; /* NULL: there is no reference */
	json_t *file;
};

/* Reads n bytes; name is for messages. 0, or -1 and err. */
int pl_reference_parse(struct pl_reference *r, const char *text, size_t n, const char *name,
		       struct pl_error *err);
int pl_reference_read(struct pl_reference *r, const char *path, struct pl_error *err);
void pl_reference_free(struct pl_reference *r);
/* NaN: it says nothing of that figure. */
struct pl_band pl_reference_band(const struct pl_reference *r, const char *figure);

#endif
