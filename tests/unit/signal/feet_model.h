/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Feet for tests: a right foot of 26 cm with heel, outer midfoot band, metatarsal heads and toes,
 * the big one inside. Where its heel and forefoot end is known, so expected figures can be worked
 * out. No part of it comes from lib/signal.
 */
#ifndef TEST_FEET_MODEL_H
#define TEST_FEET_MODEL_H

#include <math.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include <plantar/calibration.h>

#define FOOT_LENGTH 0.26

static inline double blob(double x, double y, double cx, double cy, double rx, double ry)
{
	double u = (x - cx) / rx, v = (y - cy) / ry;

	return fmax(0, 1 - u * u - v * v);
}

/* kPa at x to the right of the heel's middle line and y forward of the heel's edge, right foot. */
static inline double right_foot(double x, double y, double heel, double fore)
{
	double p = heel * blob(x, y, 0, 0.035, 0.032, 0.035);

	p = fmax(p, 0.3 * heel * blob(x, y, 0.022, 0.10, 0.014, 0.075));
	p = fmax(p, fore * blob(x, y, -0.028, 0.180, 0.024, 0.024));
	p = fmax(p, fore * blob(x, y, 0.004, 0.175, 0.026, 0.024));
	p = fmax(p, 0.8 * fore * blob(x, y, 0.032, 0.160, 0.020, 0.026));
	p = fmax(p, 0.9 * fore * blob(x, y, -0.030, 0.238, 0.015, 0.022));
	return fmax(p, 0.5 * fore * blob(x, y, 0.006, 0.226, 0.020, 0.014));
}

struct model_foot {
	bool left;
	double x, y;	   /* of the heel's edge on the mat, m */
	double turn;	   /* radians from forward, to the right */
	double heel, fore; /* kPa */
};

/* Adds the foot to the cells, sampled at their centres. */
static inline void stand(const struct pl_geometry *g, const struct model_foot *f, double *kpa)
{
	double c = cos(f->turn), s = sin(f->turn);

	for (unsigned r = 0; r < g->rows; r++) {
		for (unsigned k = 0; k < g->cols; k++) {
			double x = (k + 0.5) * g->pitch_col_m - f->x;
			double y = (g->rows - r - 0.5) * g->pitch_row_m - f->y;
			double along = x * s + y * c, across = x * c - y * s;
			double p = right_foot(f->left ? -across : across, along, f->heel, f->fore);

			kpa[(size_t)r * g->cols + k] += p < 2 ? 0 : p;
		}
	}
}

static inline void empty(const struct pl_geometry *g, double *kpa)
{
	memset(kpa, 0, pl_geometry_cells(g) * sizeof(*kpa));
}

#endif
