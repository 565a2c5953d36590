/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A weight on a square plate, with which mats are calibrated: the same pressure everywhere under
 * it, and of each cell as much of it as the plate covers, so that what is wholly on the mat adds up
 * to the weight to the last bit that doubles have.
 */
#include <math.h>

#include "drivers/sim/person_private.h"

struct plate {
	double row0, row1, col0, col1; /* in cells, from the outer edge of the first */
};

static struct plate plate_of(const struct pl_sim *sim)
{
	const struct pl_geometry *g = &sim->o.geometry;
	double row = isnan(sim->o.place_row) ? 0.5 * g->rows : sim->o.place_row + 0.5;
	double col = isnan(sim->o.place_col) ? 0.5 * g->cols : sim->o.place_col + 0.5;
	double rows = sim->o.plate_m / g->pitch_row_m, cols = sim->o.plate_m / g->pitch_col_m;

	return (struct plate){row - rows / 2, row + rows / 2, col - cols / 2, col + cols / 2};
}

static double overlap(double from, double to, double cell)
{
	return fmax(0, fmin(to, cell + 1) - fmax(from, cell));
}

void pl_sim_weight(const struct pl_sim *sim, double *kpa)
{
	const struct pl_geometry *g = &sim->o.geometry;
	double under_kpa = 1e-3 * sim->weight_n / (sim->o.plate_m * sim->o.plate_m);
	struct plate p = plate_of(sim);

	for (unsigned r = 0; r < g->rows; r++) {
		double rows = overlap(p.row0, p.row1, r);

		for (unsigned c = 0; rows > 0 && c < g->cols; c++)
			kpa[(size_t)r * g->cols + c] +=
				under_kpa * rows * overlap(p.col0, p.col1, c);
	}
}

void pl_sim_tell_weight(const struct pl_sim *sim, struct pl_sim_truth *truth)
{
	const struct pl_geometry *g = &sim->o.geometry;
	struct plate p = plate_of(sim);
	double area = (p.row1 - p.row0) * (p.col1 - p.col0);
	double rows = fmin(p.row1, g->rows) - fmax(p.row0, 0);
	double cols = fmin(p.col1, g->cols) - fmax(p.col0, 0);

	truth->force_n = sim->weight_n;
	truth->cop_x_mm = 1e3 * g->pitch_col_m * (p.col0 + p.col1) / 2;
	truth->cop_y_mm = 1e3 * g->pitch_row_m * (g->rows - (p.row0 + p.row1) / 2);
	truth->on_mat_share = fmax(0, rows) * fmax(0, cols) / area;
}
