/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the printed formats (emed, footscan) share: a look at the whole recording before the first
 * line, since they print a box of cells, a fixed number of decimals and an even interval, and
 * numbers with a fixed number of decimals.
 *
 * Decimals: the fewest, from 2 to 6, with which every cell reads back as it was; a device's codes
 * times 0.05 kPa need two. Cells that no six decimals hold (curves, interpolation) are rounded to
 * six, a thousandth of a pascal.
 */
#ifndef TOOLS_PAGES_H
#define TOOLS_PAGES_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "tools/export.h"

struct pl_pages {
	unsigned first_row, last_row, first_col, last_col; /* cells ever above 0 */
	bool loaded;					   /* there are such */
	int decimals;
	uint64_t frames, gaps; /* gaps: places where frames are missing */
	int64_t first_ns, last_ns;
	double factor;	/* from kPa to the unit that is printed */
	double *values; /* [cells], of the last frame read, in that unit */
};

/* Reads all frames and rewinds. Refuses recordings without calibration. pl_pages_free in any case.
 */
int pl_pages_survey(struct pl_pages *p, const struct pl_export *e, double factor,
		    struct pl_error *err);
void pl_pages_free(struct pl_pages *p);

/* The values of a frame, in p->values. */
void pl_pages_values(struct pl_pages *p, const struct pl_export *e, const struct pl_frame *frame);

/* value as a whole number of the last decimal: the sum of what is printed is a sum of these. */
int64_t pl_fixed(double value, int decimals);
/* The same as text, "-12.50"; the point is a point in every locale. */
void pl_put_fixed(FILE *out, int64_t fixed, int decimals);
/* The fewest decimals, from least to most, that value needs. */
int pl_decimals(double value, int least, int most);

#endif
