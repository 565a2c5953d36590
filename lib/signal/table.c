/* SPDX-License-Identifier: Apache-2.0 */
/* The columns a table of force and centre of pressure may have go by one list of names. */
#include <string.h>

#include <plantar/table.h>

static const char *const names[PL_COLUMNS] = {
	[PL_COLUMN_TIME] = "time",
	[PL_COLUMN_FORCE] = "force",
	[PL_COLUMN_AP] = "ap",
	[PL_COLUMN_ML] = "ml",
	[PL_COLUMN_LEFT_FORCE] = "left.force",
	[PL_COLUMN_LEFT_AP] = "left.ap",
	[PL_COLUMN_LEFT_ML] = "left.ml",
	[PL_COLUMN_RIGHT_FORCE] = "right.force",
	[PL_COLUMN_RIGHT_AP] = "right.ap",
	[PL_COLUMN_RIGHT_ML] = "right.ml",
};

const char *pl_column_name(enum pl_column column)
{
	return (unsigned)column < PL_COLUMNS ? names[column] : "";
}

const char *pl_column_unit(enum pl_column column)
{
	switch (column) {
	case PL_COLUMN_TIME:
		return "s";
	case PL_COLUMN_FORCE:
	case PL_COLUMN_LEFT_FORCE:
	case PL_COLUMN_RIGHT_FORCE:
		return "N";
	default:
		return "mm";
	}
}

int pl_column_parse(const char *name)
{
	for (int i = 0; name && i < PL_COLUMNS; i++)
		if (strcmp(names[i], name) == 0)
			return i;
	return -1;
}
