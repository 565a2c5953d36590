/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One simulated foot on the mat's cells: fifteen pads (heel, lateral midfoot, metatarsal heads,
 * toes), each an elliptic pressure bump whose cells add up to exactly one newton. A foot's load is
 * then fifteen numbers, and its force, centre of pressure and heel share are sums over them.
 */
#ifndef DRIVERS_SIM_FOOTPRINT_H
#define DRIVERS_SIM_FOOTPRINT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <plantar/calibration.h>
#include <plantar/error.h>

#define PL_PADS 15
#define PL_HEEL_END 0.27 /* of foot length; metrics.md's `novel` convention */

struct pl_footprint {
	const struct pl_geometry *g;
	double length_m;
	/* Cells on the mat: kPa that one newton on the pad puts on the cell. */
	size_t n, cap;
	uint32_t *cell;
	uint8_t *pad;
	double *kpa_per_n;
	/* Of each pad: share on the mat, share behind PL_HEEL_END, centroid of its cells (those
	 * beside the mat included). */
	double on_mat[PL_PADS], heel[PL_PADS], x_m[PL_PADS], y_m[PL_PADS];
};

struct pl_foot_extent {
	double half_width, half_length; /* of foot length, around the middle, toe-out included */
};
struct pl_foot_extent pl_foot_extent(void);

int pl_footprint_init(struct pl_footprint *f, const struct pl_geometry *g, double length_m,
		      struct pl_error *err);
void pl_footprint_free(struct pl_footprint *f);

/* Put the foot down: side -1 left, +1 right, toes towards +y, middle of the foot at (x, y). Parts
 * beside the mat are not loaded. No allocation. */
void pl_footprint_place(struct pl_footprint *f, int side, double x_m, double y_m);

/* Pads' shares of a foot at rest with heel_share of it behind PL_HEEL_END (as far as possible). */
void pl_footprint_rest(const struct pl_footprint *f, double heel_share, double share[PL_PADS]);

/* Centre of the pads' shares along (0 heel to 1 toes) and across (positive lateral) the foot. */
double pl_pads_along(const double share[PL_PADS]);
double pl_pads_across(const double share[PL_PADS]);

/* Shift load between pads, smoothly, until the centre along the foot is `along` and, unless NaN,
 * the centre across it is `across`; as near as the foot's outline allows. */
void pl_pads_tilt(double share[PL_PADS], double along, double across);

/* Takes the load off pads under which force_n would make less than kpa on average, but never off
 * all of them. The shares add up to 1 again. */
void pl_footprint_lift(const struct pl_footprint *f, double force_n, double kpa,
		       double share[PL_PADS]);

/* Add force_n, shared out among the pads, to the frame. */
void pl_footprint_load(const struct pl_footprint *f, const double share[PL_PADS], double force_n,
		       double *kpa);

#endif
