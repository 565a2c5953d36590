/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Force and centre of pressure without a mat: what a force plate or an instrumented treadmill
 * leaves behind is a table of numbers, one row a sample. Whoever reads one (lib/archive) brings it
 * to the units and directions below, so that standing.h and gait.h see no difference between a
 * plate and a mat.
 *
 * A plain value; whoever fills it owns the columns. Not copied by those who compute with it.
 */
#ifndef PLANTAR_TABLE_H
#define PLANTAR_TABLE_H

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

enum pl_column {
	PL_COLUMN_TIME,	 /* s */
	PL_COLUMN_FORCE, /* N, vertical, both feet; positive when loaded */
	PL_COLUMN_AP,	 /* mm, centre of pressure, positive forward */
	PL_COLUMN_ML,	 /* mm, positive to the right */
	PL_COLUMN_LEFT_FORCE,
	PL_COLUMN_LEFT_AP,
	PL_COLUMN_LEFT_ML,
	PL_COLUMN_RIGHT_FORCE,
	PL_COLUMN_RIGHT_AP,
	PL_COLUMN_RIGHT_ML,
	PL_COLUMNS
};
const char *pl_column_name(enum pl_column column); /* "force", "left.ap", ... */
const char *pl_column_unit(enum pl_column column); /* "s", "N", "mm" */
int pl_column_parse(const char *name);		   /* -1: none of these */

struct pl_table {
	size_t rows;
	double rate_hz;
	double *column[PL_COLUMNS]; /* [rows]; NULL: the table has none. NaN where undefined */
};

#ifdef __cplusplus
}
#endif
#endif
