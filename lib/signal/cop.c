/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The centre of pressure divides by force: near lift-off it is the position of a few cells'
 * noise. Below a stated force there is none.
 */
#include <math.h>

#include "cop.h"

double pl_force_factor(const struct pl_geometry *g, bool calibrated)
{
	return calibrated ? pl_cell_area_m2(g) * 1e3 : 1.0;
}

struct pl_cop pl_cop(const struct pl_geometry *g, double sum, double sum_col, double sum_row,
		     double factor, double force_min)
{
	if (g->rows * g->cols == 1 || /* a force without a place */
	    !(sum > 0) || !(sum * factor >= force_min))
		return (struct pl_cop){.x_mm = NAN, .y_mm = NAN};
	return (struct pl_cop){
		.x_mm = 1e3 * pl_x_m(g, sum_col / sum),
		.y_mm = 1e3 * pl_y_m(g, sum_row / sum),
	};
}
