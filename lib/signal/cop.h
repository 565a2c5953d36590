/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Centre of pressure from sums over cells: x = sum(x_i F_i) / sum(F_i), cell centres, in mm of
 * mat coordinates. Two feet recombine because their sums add. Private to lib/signal.
 */
#ifndef PL_SIGNAL_COP_H
#define PL_SIGNAL_COP_H

#include <plantar/calibration.h>

struct pl_cop {
	double x_mm, y_mm; /* NaN where undefined */
};

/* Newtons (or counts) of a cell value of one kPa (or count): force is pressure times area. */
double pl_force_factor(const struct pl_geometry *g, bool calibrated);

/* sum, sum_col, sum_row: of the values, of value * column, of value * row. Undefined when the
 * force (sum * factor) is below force_min. */
struct pl_cop pl_cop(const struct pl_geometry *g, double sum, double sum_col, double sum_row,
		     double factor, double force_min);

static inline double pl_x_m(const struct pl_geometry *g, double col)
{
	return (col + 0.5) * g->pitch_col_m;
}
static inline double pl_y_m(const struct pl_geometry *g, double row)
{
	return ((double)g->rows - row - 0.5) * g->pitch_row_m;
}

#endif
