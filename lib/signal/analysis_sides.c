/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Left or right? Of a footprint that shows its heel and toes the shape says it; of two feet beside
 * each other their order does; and somebody who walks puts the feet down in turn, on either side of
 * the line walked, so that all footprints of a walk speak for one another. Where these contradict
 * each other the side is unknown. An operator's word comes before all of them.
 */
#include <math.h>

#include "analysis_private.h"

#define SHAPE_MOST 1.5	  /* no single print says more than this */
#define SHAPE_SURE 0.5	  /* of pl_shape's side_score: enough alone */
#define BESIDE_MIN_M 0.05 /* apart across the direction ... */
#define BESIDE_ALONG 0.5  /* ... and less than this share of a length along it */
#define PARALLEL_COS 0.8  /* within 37 degrees */
#define LINE_FULL_M 0.05  /* beside the line of the walk: that says no more from there on */
#define LINE_MIN_M 0.02	  /* less says nothing */
#define LINE_MOST 0.45	  /* ... but of a path that bends it does: no single line decides */
#define PAIR_MOST 0.3
#define WALK_SURE 0.5	  /* of a whole walk's votes together ... */
#define WALK_AGAINST 0.25 /* ... with this share of them against it, at most */
#define TURN_COS 0.5	  /* a line of three steps is one if it does not turn sharply */

static double dot(double ax, double ay, double bx, double by)
{
	return ax * bx + ay * by;
}

static double clip(double value, double most)
{
	return fmax(-most, fmin(most, value));
}

static enum pl_side side_of(double score)
{
	return score > 0 ? PL_SIDE_RIGHT : PL_SIDE_LEFT;
}

/* What the print says, > 0 right; 0: nothing. Where the mat cuts off a side, what is left of the
 * print leans to the other one; where it cuts off an end, not much may be missing. */
static double by_shape(const struct pl_foot *foot)
{
	const struct pl_shape *shape = &foot->shape;

	if (!foot->oriented || !foot->ready || foot->touched || foot->border_cut ||
	    isnan(shape->side_score) || !pl_shape_print(shape))
		return 0;
	if (foot->end_cut && (shape->length_m < PL_FOOT_FRAGMENT_M || pl_shape_evidence(shape) < 1))
		return 0;
	return clip(shape->side_score, SHAPE_MOST);
}

/* ---- walks ---------------------------------------------------------------------------------- */

/* How far q lies to the right of the line from p along (ux, uy), m. */
static double right_of(const struct pl_foot *p, const struct pl_foot *q, double ux, double uy)
{
	double px, py, qx, qy;

	pl_hull_centre(&p->print.hull, &px, &py);
	pl_hull_centre(&q->print.hull, &qx, &qy);
	return (qx - px) * uy - (qy - py) * ux;
}

/*
 * The foot in the middle of three steps lies on its own side of the line through the other two,
 * seen the way it faces.
 */
static double by_line(const struct pl_foot *before, const struct pl_foot *foot,
		      const struct pl_foot *after)
{
	double bx, by, ax, ay, ux, uy, norm, off, faces;

	pl_hull_centre(&before->print.hull, &bx, &by);
	pl_hull_centre(&after->print.hull, &ax, &ay);
	ux = ax - bx;
	uy = ay - by;
	norm = hypot(ux, uy);
	if (hypot(foot->goes_x, foot->goes_y) < TURN_COS || norm < 2 * BESIDE_MIN_M)
		return 0;
	off = right_of(before, foot, ux / norm, uy / norm);
	faces = dot(foot->fx, foot->fy, ux / norm, uy / norm);
	if (fabs(off) < LINE_MIN_M || fabs(faces) < PARALLEL_COS)
		return 0;
	return LINE_MOST * clip((faces > 0 ? off : -off) / LINE_FULL_M, 1);
}

/* Two steps alone: across the direction both feet point in. */
static double by_pair(const struct pl_foot *p, const struct pl_foot *q)
{
	double ux = p->fx + q->fx, uy = p->fy + q->fy, norm = hypot(ux, uy), off;

	if (norm < 2 * PARALLEL_COS || p->end_cut || q->end_cut || p->border_cut || q->border_cut)
		return 0;
	off = right_of(p, q, ux / norm, uy / norm);
	return fabs(off) < LINE_MIN_M ? 0 : PAIR_MOST * clip(-off / LINE_FULL_M, 1);
}

struct votes {
	double right, left; /* that the walk's first foot is that one */
	unsigned steps;
};

static void vote(struct votes *v, double score)
{
	if (score > 0)
		v->right += score;
	else
		v->left -= score;
}

static const struct pl_footfall *contact_at(const struct pl_analysis *a, int i)
{
	return i < 0 ? NULL : &a->contacts[i];
}

static struct votes count_votes(const struct pl_analysis *a, int first)
{
	struct votes v = {0};
	double turn = 1;

	for (int i = first; i >= 0; i = a->contacts[i].after, turn = -turn) {
		const struct pl_footfall *c = &a->contacts[i], *before = contact_at(a, c->before);
		const struct pl_footfall *after = contact_at(a, c->after);
		const struct pl_foot *foot = &a->foot[c->foot];

		v.steps++;
		vote(&v, turn * by_shape(foot));
		if (before && after)
			vote(&v,
			     turn * by_line(&a->foot[before->foot], foot, &a->foot[after->foot]));
		else if (after && after->after < 0 && !before)
			vote(&v, by_pair(foot, &a->foot[after->foot]));
	}
	return v;
}

/* What its walk says of a foot, unless its own shape, or another walk over it, says otherwise. */
static void say(struct pl_foot *foot, enum pl_side side)
{
	double shape = by_shape(foot);
	bool sure = fabs(shape) >= SHAPE_SURE;

	if ((sure && side_of(shape) != side) ||
	    (foot->side != PL_SIDE_UNKNOWN && foot->side != side)) {
		foot->contradicted = true;
		foot->side = PL_SIDE_UNKNOWN;
		foot->side_source = PL_SOURCE_NONE;
		return;
	}
	foot->side = side;
	foot->side_source = sure ? PL_SOURCE_SHAPE : PL_SOURCE_ORDER;
}

static void decide_walk(struct pl_analysis *a, int first)
{
	struct votes v = count_votes(a, first);
	double turn = v.right > v.left ? 1 : -1;

	if (v.steps < 2 || fabs(v.right - v.left) < WALK_SURE ||
	    fmin(v.right, v.left) > WALK_AGAINST * fmax(v.right, v.left))
		return;
	for (int i = first; i >= 0; i = a->contacts[i].after, turn = -turn) {
		struct pl_foot *foot = &a->foot[a->contacts[i].foot];

		if (!foot->contradicted)
			say(foot, side_of(turn));
	}
}

/* ---- feet beside each other ----------------------------------------------------------------- */

/* > 0: q stands to the right of p; 0: they do not stand beside each other. */
static double order(const struct pl_foot *p, const struct pl_foot *q)
{
	double ux = p->fx + q->fx, uy = p->fy + q->fy, norm = hypot(ux, uy), across, ahead;

	if (!p->ready || !q->ready || norm < 2 * PARALLEL_COS || !pl_feet_together(p, q))
		return 0;
	across = right_of(p, q, ux / norm, uy / norm);
	ahead = right_of(p, q, -uy / norm, ux / norm);
	if (fabs(across) < BESIDE_MIN_M ||
	    fabs(ahead) > BESIDE_ALONG * fmin(p->shape.length_m, q->shape.length_m))
		return 0;
	return across;
}

static void decide_pair(struct pl_foot *p, struct pl_foot *q, double across)
{
	double shape = (across > 0 ? 1 : -1) * (by_shape(q) - by_shape(p));

	if (shape <= -2 * SHAPE_SURE || p->contradicted || q->contradicted ||
	    (p->side != PL_SIDE_UNKNOWN && p->side == side_of(across)) ||
	    (q->side != PL_SIDE_UNKNOWN && q->side != side_of(across))) {
		p->side = q->side = PL_SIDE_UNKNOWN;
		p->side_source = q->side_source = PL_SOURCE_NONE;
		p->contradicted = q->contradicted = true;
		return;
	}
	q->side = side_of(across);
	p->side = side_of(-across);
	p->side_source = q->side_source = PL_SOURCE_ORDER;
}

/* ---- all ------------------------------------------------------------------------------------ */

static void decide_alone(struct pl_foot *foot)
{
	double shape = by_shape(foot);

	if (foot->side != PL_SIDE_UNKNOWN || foot->contradicted || fabs(shape) < SHAPE_SURE)
		return;
	foot->side = side_of(shape);
	foot->side_source = PL_SOURCE_SHAPE;
}

void pl_analysis_find_sides(struct pl_analysis *a)
{
	if (a->options.side != PL_SIDE_UNKNOWN || a->options.insole_cols) {
		for (uint32_t k = 0; k < a->n_feet; k++) {
			a->foot[k].side = pl_analysis_given_side(a, &a->foot[k].print);
			a->foot[k].side_source = PL_SOURCE_GIVEN;
		}
		return;
	}
	if (a->options.picture) /* a mirrored left foot is a right one */
		return;
	for (uint32_t i = 0; i < a->n_contacts; i++)
		if (a->contacts[i].before < 0 && a->contacts[i].after >= 0)
			decide_walk(a, (int)i);
	for (uint32_t i = 0; i < a->n_feet; i++)
		for (uint32_t k = i + 1; k < a->n_feet; k++) {
			double across = order(&a->foot[i], &a->foot[k]);

			if (across != 0)
				decide_pair(&a->foot[i], &a->foot[k], across);
		}
	for (uint32_t k = 0; k < a->n_feet; k++)
		decide_alone(&a->foot[k]);
}
