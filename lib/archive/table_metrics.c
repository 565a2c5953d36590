/* SPDX-License-Identifier: Apache-2.0 */
/* x of a mat grows to the right, y forward (frame.h): ml and ap of a table, from its own origin. */
#include <math.h>

#include "table_metrics.h"

static const struct {
	const char *key;
	enum pl_column column;
} metrics[TABLE_METRICS] = {
	{"force_n", PL_COLUMN_FORCE},
	{"cop_x_mm", PL_COLUMN_ML},
	{"cop_y_mm", PL_COLUMN_AP},
	{"left_force_n", PL_COLUMN_LEFT_FORCE},
	{"left_cop_x_mm", PL_COLUMN_LEFT_ML},
	{"left_cop_y_mm", PL_COLUMN_LEFT_AP},
	{"right_force_n", PL_COLUMN_RIGHT_FORCE},
	{"right_cop_x_mm", PL_COLUMN_RIGHT_ML},
	{"right_cop_y_mm", PL_COLUMN_RIGHT_AP},
};

bool pl_table_has_force(const struct pl_table *t)
{
	return t->column[PL_COLUMN_FORCE] || t->column[PL_COLUMN_LEFT_FORCE] ||
	       t->column[PL_COLUMN_RIGHT_FORCE];
}

double pl_table_force(const struct pl_table *t, size_t row)
{
	const double *all = t->column[PL_COLUMN_FORCE];
	const double *left = t->column[PL_COLUMN_LEFT_FORCE];
	const double *right = t->column[PL_COLUMN_RIGHT_FORCE];

	if (all)
		return all[row];
	return (left ? left[row] : 0) + (right ? right[row] : 0);
}

const char *pl_table_metric_key(const struct pl_table *t, unsigned metric)
{
	bool there = metrics[metric].column == PL_COLUMN_FORCE
			     ? pl_table_has_force(t)
			     : t->column[metrics[metric].column] != NULL;

	return there ? metrics[metric].key : NULL;
}

float pl_table_metric(const struct pl_table *t, unsigned metric, size_t row)
{
	enum pl_column column = metrics[metric].column;

	return (float)(column == PL_COLUMN_FORCE ? pl_table_force(t, row) : t->column[column][row]);
}
