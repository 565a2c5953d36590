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

/* What kind of foot: its print, seen from below. */
struct pl_foot_form {
	double length_m; /* heel to longest toe */
	double arch;	 /* 0: flat, 0.5: usual, 1: so high that the midfoot leaves no print */
	double toe_gap;	 /* of length: by how much more than usual the toes are off the forefoot */
	double toe_out_deg; /* outwards from where the person is heading */
};
void pl_foot_form_init(struct pl_foot_form *form); /* 255 mm, 0.5, 0, 7 degrees */

/* In foot coordinates: heel 0 to longest toe 1, positive lateral, both in foot lengths. */
struct pl_pad {
	double along, across, radius_along, radius_across;
	double share; /* of its group (heel; the rest) at rest */
};

struct pl_footprint {
	const struct pl_geometry *g;
	struct pl_foot_form form;
	struct pl_pad pads[PL_PADS];
	/* where it was put down */
	int side;
	double at_x_m, at_y_m, axis_deg, cos, sin; /* the axis, clockwise from +y */
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
	double inward; /* exactly: how far the outline reaches inwards of the middle */
};
struct pl_foot_extent pl_foot_extent(const struct pl_foot_form *form);

int pl_footprint_init(struct pl_footprint *f, const struct pl_geometry *g,
		      const struct pl_foot_form *form, struct pl_error *err);
void pl_footprint_free(struct pl_footprint *f);

/* Put the foot down: side -1 left, +1 right, middle of the foot at (x, y), of somebody heading
 * clockwise from +y; toe-out comes on top. Parts beside the mat are not loaded. No allocation. */
void pl_footprint_place(struct pl_footprint *f, int side, double x_m, double y_m,
			double heading_deg);

/* Pads' shares of a foot at rest with heel_share of it behind PL_HEEL_END (as far as possible). */
void pl_footprint_rest(const struct pl_footprint *f, double heel_share, double share[PL_PADS]);

/* Centre of the pads' shares along (0 heel to 1 toes) and across (positive lateral) the foot. */
double pl_pads_along(const struct pl_footprint *f, const double share[PL_PADS]);
double pl_pads_across(const struct pl_footprint *f, const double share[PL_PADS]);

/* Shift load between pads, smoothly, until the centre along the foot is `along` and, unless NaN,
 * the centre across it is `across`; as near as the foot's outline allows. */
void pl_pads_tilt(const struct pl_footprint *f, double share[PL_PADS], double along, double across);

/* Takes the load off pads under which force_n would make less than kpa on average, but, when the
 * whole foot is hardly loaded, only off those with less than a fifth of what the most loaded has.
 * The shares add up to 1 again. */
void pl_footprint_lift(const struct pl_footprint *f, double force_n, double kpa,
		       double share[PL_PADS]);

/* Add force_n, shared out among the pads, to the frame. */
void pl_footprint_load(const struct pl_footprint *f, const double share[PL_PADS], double force_n,
		       double *kpa);

#endif
