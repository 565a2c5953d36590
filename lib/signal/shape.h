/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The geometry of one footprint: axis from heel to toe, length, width, and how much its shape
 * says about which end is the heel and which foot it is. Private to lib/signal.
 */
#ifndef PL_SIGNAL_SHAPE_H
#define PL_SIGNAL_SHAPE_H

#include <stdbool.h>
#include <stddef.h>

#include <plantar/calibration.h>
#include <plantar/live.h>

/* Sizes between which a print can be one foot, in shoes too. docs/metrics.md gives reasons. */
#define PL_FOOT_MIN_LENGTH_M 0.15
#define PL_FOOT_MAX_LENGTH_M 0.36
#define PL_FOOT_MAX_WIDTH_M 0.15
#define PL_FOOT_SLENDER_MIN 1.9 /* length over width of a whole print */

/* Cells of a footprint: centres in m, and the largest value each has seen. */
struct pl_points {
	size_t n, cap;
	double *x, *y, *p;
	double *s, *d; /* scratch: along and across */
	double pitch_x, pitch_y;
};

bool pl_points_init(struct pl_points *pts, const struct pl_geometry *g);
void pl_points_free(struct pl_points *pts);
static inline void pl_points_add(struct pl_points *pts, double x, double y, double p)
{
	pts->x[pts->n] = x;
	pts->y[pts->n] = y;
	pts->p[pts->n] = p;
	pts->n++;
}

struct pl_shape {
	size_t cells;
	double ax, ay; /* unit vector of the axis, heel to toe once that is known */
	double ox, oy; /* where the axis leaves the heel's edge, m */
	double length_m, width_m;
	double beyond_m;    /* half a cell: of length_m at either end, not foot on the average */
	double slenderness; /* length / greatest width */
	double heel_score;  /* > 0: the heel is where the axis starts. log-widths, see shape.c */
	double span_score;  /* > 0: wider from edge to edge where the axis ends */
	double balance;	    /* weaker end's peak pressure / greatest of all */
	double depth;	    /* weaker end's peak pressure / that of the faintest cell */
	bool complete;	    /* two loaded ends with less pressure in between */
	double side_score;  /* > 0: right foot, 1: as clear as usual; NaN: contradicts itself */
	double toe_cut;	    /* where toes begin, share of the length */
};

/* Principal axis (ay >= 0, or ax > 0 if it lies across) and the evidence for either end. */
void pl_shape_measure(struct pl_points *pts, struct pl_shape *shape);

/* Turn the axis round: what was said about the ends is said of the other ends. */
void pl_shape_turn(struct pl_shape *shape);

/*
 * With the axis pointing from heel to toe: heel centroid to forefoot centroid (three rounds),
 * then length and width from the outline, and the evidence for the side. rows: in the end lay the
 * axis along the mat's y instead, the same end first.
 */
void pl_shape_fit(struct pl_points *pts, struct pl_shape *shape, bool rows);

/* Long and slender like a foot, of enough cells, and both ends have been loaded: the lighter one
 * well above what a noise floor cuts away. Only then do the widths say anything. */
bool pl_shape_print(const struct pl_shape *shape); /* size and number of cells alone */
bool pl_shape_whole(const struct pl_shape *shape);
/* Which end is the heel: > 0 where the axis starts, 1 is enough to say so; 0 if there is no way to
 * tell, or the ways to tell disagree. */
double pl_shape_evidence(const struct pl_shape *shape);
/* +1: heel where the axis starts, -1: at its end, 0: the shape does not say. first_x, first_y:
 * where this contact began (NaN: was there from the start); a print that is still growing away from
 * there looks like a foot the wrong way round, so the two must agree. */
int pl_shape_heading(const struct pl_shape *shape, double first_x, double first_y);
/* A whole print whose heel is at the other end than the axis says. */
bool pl_shape_contradicts(const struct pl_shape *shape);
/* Only from a whole print whose shape agrees with the way the axis points. */
enum pl_side pl_shape_side(const struct pl_shape *shape);

#endif
