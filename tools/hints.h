/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The options that say what a file does not say itself (plantar/hints.h), the same for every
 * command that reads recordings. In the table: PL_OPTIONS_HINTS; in the loop: pl_hints_option.
 */
#ifndef TOOLS_HINTS_H
#define TOOLS_HINTS_H

#include <plantar/hints.h>

#include "tools/command.h"

enum {
	PL_OPT_COLUMNS = PL_OPT_LONG + 80,
	PL_OPT_UNIT,
	PL_OPT_UNIT_LENGTH,
	PL_OPT_RATE,
	PL_OPT_DATASET,
	PL_OPT_AXES,
	PL_OPT_PITCH,
	PL_OPT_GEOMETRY,
	PL_OPT_CROPPED,
};

/* Takes the option just returned if it is one of these. */
bool pl_hints_option(struct pl_args *args, int key, struct pl_hints *hints);

#define PL_OPTIONS_ARRAY                                                    \
	{PL_OPT_DATASET, "dataset", "NAME",                                 \
	 "read this 3-D array of an HDF5 file; needs --axes,\n"             \
	 "--pitch and the rate"},                                           \
		{PL_OPT_AXES, "axes", "LIST",                               \
		 "what its axes are, in its order: y,x,t; -y where its\n"   \
		 "first row is the rear one, -x where its first column\n"   \
		 "is the right one"},                                       \
		{PL_OPT_PITCH, "pitch", "MM",                               \
		 "from cell to cell; RxC: from row to row, column\n"        \
		 "to column"},                                              \
	{                                                                   \
		PL_OPT_CROPPED, "cropped", NULL,                            \
			"the array is a box cut out of a larger mat: its\n" \
			"border is no edge that cuts a foot"                \
	}

#define PL_OPTIONS_HINTS                                                                          \
	PL_OPTIONS_ARRAY,                                                                         \
		{PL_OPT_COLUMNS, "columns", "LIST",                                               \
		 "read a table; which columns are what: ap=COPx,ml=-9\n"                          \
		 "(name in the header or number from 1; a minus turns\n"                          \
		 "the sign); force, ap, ml, left.force, ..., time"},                              \
		{PL_OPT_UNIT, "unit", "UNIT",                                                     \
		 "table: mm, cm, m, N or kN; array: kPa, N/cm2,\n"                                \
		 "mmHg, psi (default: counts)"},                                                  \
		{PL_OPT_UNIT_LENGTH, "unit-length", "UNIT", "table with forces: of its lengths"}, \
		{PL_OPT_RATE, "rate", "HZ",                                                       \
		 "array, table: samples a second; a table with a\n"                               \
		 "time column needs none"},                                                       \
	{                                                                                         \
		PL_OPT_GEOMETRY, "geometry", "FILE",                                              \
			"pedar: area of each sensor, a line each: its number\n"                   \
			"and cm2; then there are forces"                                          \
	}

#endif
