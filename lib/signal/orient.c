/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which way does a foot point, and is it the left or the right one? What the operator confirmed
 * comes first. Otherwise the shape of the print says which end is the heel, and the side: two
 * feet beside each other are told apart by their order across the direction they point in, a
 * foot alone by its own shape. Nothing is guessed: a foot whose heel is not known has no
 * regions, one whose side is not known has no inner and outer half.
 *
 * Measuring a print costs more than a frame should; it is done again only when cells have been
 * added to it, and then not for every single one.
 */
#include <math.h>

#include "cop.h"
#include "feet.h"

#define PARALLEL_COS 0.8
#define TURNED_OUT_COS 0.25 /* of feet that were cut apart: heels together, toes far out */
#define BESIDE_MIN_M 0.05   /* apart across the direction ... */
#define BESIDE_ALONG 0.5    /* ... and less than this share of a length along it */
#define PIECE_MIN_M 0.13    /* a piece that shows by itself how a foot lies */
#define PIECE_SLENDER 1.6
#define PIECE_SCORE 0.3
#define NARROW_FROM_M 0.19
#define NARROW_SLENDER 2.3
#define PAIR_LENGTHS 0.85
#define PAIR_SLENDER 1.9
#define NEAR_M 0.015
#define NEAR_SCORE 0.7
#define JOINT 1.6 /* both feet's evidence, when neither's is enough alone but they agree */

static void add_points(struct pl_feet *f, unsigned slot)
{
	const struct pl_track *track = &f->track[slot];
	const struct pl_geometry *g = &f->geometry;

	for (unsigned r = track->r0; r < track->r1; r++) {
		size_t at = (size_t)r * g->cols;

		for (unsigned c = track->c0; c < track->c1; c++)
			if (f->owner[at + c] == slot + 1)
				pl_points_add(&f->points, pl_x_m(g, c), pl_y_m(g, r),
					      (double)f->peak[at + c]);
	}
}

void pl_feet_points_of(struct pl_feet *f, uint32_t slots)
{
	f->points.n = 0;
	for (; slots; slots &= slots - 1)
		add_points(f, (unsigned)__builtin_ctz(slots));
}

void pl_feet_points(struct pl_feet *f, unsigned slot)
{
	pl_feet_points_of(f, 1u << slot);
}

static bool facing_vector(enum pl_facing facing, double *x, double *y)
{
	*x = facing == PL_FACING_RIGHT ? 1 : facing == PL_FACING_LEFT ? -1 : 0;
	*y = facing == PL_FACING_FORWARD ? 1 : facing == PL_FACING_BACKWARD ? -1 : 0;
	return *x != 0 || *y != 0;
}

static double dot(const struct pl_shape *shape, double x, double y)
{
	return shape->ax * x + shape->ay * y;
}

/* Point the axis from heel to toe if anything says how; false: nothing does. */
static bool head(const struct pl_feet *f, const struct pl_track *track, const struct pl_shape *old,
		 struct pl_shape *shape)
{
	double fx, fy;
	int heading;

	if (facing_vector(f->options.facing, &fx, &fy)) {
		if (dot(shape, fx, fy) < 0)
			pl_shape_turn(shape);
		return true;
	}
	heading = track->touched ? 0 : pl_shape_heading(shape, track->first_x, track->first_y);
	if (heading < 0)
		pl_shape_turn(shape);
	if (heading)
		return true;
	if (!track->oriented)
		return false;
	if (dot(shape, old->ax, old->ay) < 0)
		pl_shape_turn(shape);
	return true;
}

static bool settled(const struct pl_feet *f, const struct pl_track *track)
{
	return f->frame - track->grown >= f->settle;
}

static void fit(struct pl_feet *f, struct pl_track *track)
{
	struct pl_shape *shape = &track->shape;
	enum pl_side side;

	pl_shape_fit(&f->points, shape, f->options.rows_axis);
	track->version++;
	track->ready = shape->length_m >= PL_FOOT_MIN_LENGTH_M &&
		       shape->length_m <= PL_FOOT_MAX_LENGTH_M &&
		       shape->width_m <= PL_FOOT_MAX_WIDTH_M &&
		       (track->ready || shape->complete || settled(f, track));
	if (f->options.side != PL_SIDE_UNKNOWN || track->side_by_order || track->touched ||
	    !track->ready)
		return;
	side = pl_shape_side(shape);
	if (side != PL_SIDE_UNKNOWN || pl_shape_contradicts(shape))
		track->side = side;
}

static void measure(struct pl_feet *f, unsigned slot)
{
	struct pl_track *track = &f->track[slot];
	struct pl_shape old = track->shape;

	track->fresh = 0;
	track->grew = false;
	track->measured = true;
	pl_feet_points(f, slot);
	pl_shape_measure(&f->points, &track->shape);
	track->oriented = head(f, track, &old, &track->shape);
	if (track->oriented)
		fit(f, track);
	else
		track->ready = false;
}

static bool due(const struct pl_feet *f, const struct pl_track *track)
{
	if (!track->serial || track->fused || track->length_m < PL_FOOT_MIN_LENGTH_M)
		return false;
	if (track->measured && track->oriented && !track->ready && settled(f, track) &&
	    f->frame - track->grown == f->settle)
		return true;
	return track->fresh &&
	       (!track->measured || track->grew || track->fresh * 50 >= track->cells);
}

static void turn_to(struct pl_feet *f, unsigned slot, double x, double y)
{
	struct pl_track *track = &f->track[slot];

	pl_feet_points(f, slot);
	if (dot(&track->shape, x, y) < 0)
		pl_shape_turn(&track->shape);
	track->oriented = true;
	fit(f, track);
}

/* How parallel two feet are at least that stand beside each other. */
static double parallel_cos(const struct pl_track *a, const struct pl_track *b)
{
	return a->cut && b->cut ? TURNED_OUT_COS : PARALLEL_COS;
}

/* Both feet of a standing person point the same way: one that is sure speaks for the other, and
 * two that are half sure agree or stay silent. */
static void agree(struct pl_feet *f, unsigned a, unsigned b)
{
	const struct pl_shape *p = &f->track[a].shape, *q = &f->track[b].shape;
	double parallel = dot(p, q->ax, q->ay), score;

	if (fabs(parallel) < parallel_cos(&f->track[a], &f->track[b]))
		return;
	if (f->track[a].oriented && !f->track[b].oriented) {
		turn_to(f, b, p->ax, p->ay);
	} else if (f->track[b].oriented && !f->track[a].oriented) {
		turn_to(f, a, q->ax, q->ay);
	} else if (!f->track[a].oriented) {
		double x = p->ax, y = p->ay, one = pl_shape_evidence(p);
		double other = (parallel > 0 ? 1 : -1) * pl_shape_evidence(q);

		score = one + other;
		if (fabs(score) < JOINT || one * other < 0 ||
		    (one * other == 0 && !(f->track[a].cut && f->track[b].cut)))
			return;
		turn_to(f, a, score > 0 ? x : -x, score > 0 ? y : -y);
		turn_to(f, b, score > 0 ? x : -x, score > 0 ? y : -y);
	}
}

/* Slots of the pieces near a and b, with these two, as bits. 0: not all of them together are one
 * foot, so two may be the heels or the forefeet of two feet. */
static uint32_t together(const struct pl_feet *f, int a, int b)
{
	uint32_t slots = 1u << a | 1u << b;
	struct pl_hull all = f->track[a].hull;

	pl_hull_join(&all, &f->track[b].hull);
	for (int t = pl_track_after(f, -1); t >= 0; t = pl_track_after(f, t)) {
		if (slots >> t & 1 || pl_feet_apart(&f->track[t].hull, &all))
			continue;
		if (!pl_feet_one_sized(f, &f->track[t].hull, &all))
			return 0;
		pl_hull_join(&all, &f->track[t].hull);
		slots |= 1u << t;
	}
	return slots;
}

/* Like one foot that lies across: long, slender, broader at one end; `clearly` so if nothing else
 * says that it is one. Then feet lie that way. */
static bool lie_across(struct pl_feet *f, uint32_t slots, bool clearly)
{
	struct pl_shape shape;
	struct pl_hull all;
	struct pl_extent e;

	pl_hull_clear(&all);
	for (uint32_t rest = slots; rest; rest &= rest - 1)
		pl_hull_join(&all, &f->track[__builtin_ctz(rest)].hull);
	e = pl_hull_extent(&all);
	if (e.length < PL_FOOT_MIN_LENGTH_M || e.length < PIECE_SLENDER * e.width ||
	    !pl_feet_across(f, &all))
		return false;
	pl_feet_points_of(f, slots);
	pl_shape_measure(&f->points, &shape);
	if (fabs(shape.heel_score) < PIECE_SCORE ||
	    (clearly && fabs(pl_shape_evidence(&shape)) < 1))
		return false;
	pl_feet_turn(f, shape.ax, shape.ay);
	return true;
}

/* Loaded one after the other, as heel and forefoot of a step are: two feet's heels, or their
 * forefeet, come and stay together. */
static bool relay(const struct pl_feet *f, const struct pl_track *first,
		  const struct pl_track *second)
{
	if (second->born < first->born + 1 + f->hold / 5)
		return false;
	if (!first->now_cells != !second->now_cells)
		return true;
	return second->grew && second->cells >= first->cells;
}

static bool learn_from_pieces(struct pl_feet *f, int a, int b)
{
	const struct pl_track *p = &f->track[a], *q = &f->track[b];
	bool in_turn = relay(f, p, q) || relay(f, q, p);
	uint32_t slots;

	if (p->fused || q->fused || !(in_turn || p->grew || q->grew) ||
	    pl_feet_apart(&p->hull, &q->hull))
		return false;
	slots = together(f, a, b);
	if (!slots)
		return false;
	if (!in_turn)
		return slots == f->active && lie_across(f, slots, true);
	return lie_across(f, slots, false) || lie_across(f, 1u << a | 1u << b, false);
}

/* Connected, as long as a foot and no broader: two heels are shorter, two forefeet broader. */
static bool long_and_narrow(const struct pl_extent *e)
{
	return e->length >= NARROW_FROM_M && e->length >= NARROW_SLENDER * e->width;
}

/*
 * Feet were thought to lie along one direction, and pieces across it were kept apart. A piece
 * that is long, slender and broader at one end than at the other is a foot that does lie across:
 * two heels or two forefeet that touch are the same at both ends. So is one that is longer and
 * narrower than these are.
 */
static void learn_direction(struct pl_feet *f)
{
	if (f->options.facing != PL_FACING_AUTO)
		return;
	for (int t = pl_track_after(f, -1); t >= 0; t = pl_track_after(f, t)) {
		struct pl_track *track = &f->track[t];
		struct pl_shape shape;
		struct pl_extent e;

		if (!track->grew || track->cut || !pl_feet_across(f, &track->hull))
			continue;
		e = pl_hull_extent(&track->hull);
		if (e.length < PIECE_MIN_M || e.length < PIECE_SLENDER * e.width)
			continue;
		pl_feet_points(f, (unsigned)t);
		pl_shape_measure(&f->points, &shape);
		track->fused = fabs(shape.heel_score) < PIECE_SCORE && !long_and_narrow(&e);
		if (track->fused)
			continue;
		pl_feet_turn(f, shape.ax, shape.ay);
		return;
	}
	for (int a = pl_track_after(f, -1); a >= 0; a = pl_track_after(f, a))
		for (int b = pl_track_after(f, a); b >= 0; b = pl_track_after(f, b))
			if (learn_from_pieces(f, a, b))
				return;
}

/* Two prints of one person's feet: equally long, and both slender. */
static bool pair(const struct pl_shape *a, const struct pl_shape *b)
{
	return fmin(a->length_m, b->length_m) >= PAIR_LENGTHS * fmax(a->length_m, b->length_m) &&
	       fmin(a->length_m / a->width_m, b->length_m / b->width_m) >= PAIR_SLENDER;
}

static void order(struct pl_track *a, struct pl_track *b)
{
	double x, y, bx, by, ux, uy, along, across, norm;

	if (!a->ready || !b->ready || !pair(&a->shape, &b->shape) ||
	    dot(&a->shape, b->shape.ax, b->shape.ay) < parallel_cos(a, b))
		return;
	ux = a->shape.ax + b->shape.ax;
	uy = a->shape.ay + b->shape.ay;
	norm = hypot(ux, uy);
	pl_hull_centre(&a->hull, &x, &y);
	pl_hull_centre(&b->hull, &bx, &by);
	along = fabs((bx - x) * ux + (by - y) * uy) / norm;
	across = ((bx - x) * uy - (by - y) * ux) / norm; /* > 0: b is to the right */
	if (fabs(across) < BESIDE_MIN_M ||
	    along > BESIDE_ALONG * fmin(a->shape.length_m, b->shape.length_m))
		return;
	a->side = across > 0 ? PL_SIDE_LEFT : PL_SIDE_RIGHT;
	b->side = across > 0 ? PL_SIDE_RIGHT : PL_SIDE_LEFT;
	a->side_by_order = true;
	b->side_by_order = true;
}

/* Two feet never fit into the box of one: nothing is said about what may be pieces of one. */
static void doubt_pieces(struct pl_feet *f)
{
	for (unsigned a = 0; a < PL_TRACKS; a++) {
		for (unsigned b = a + 1; b < PL_TRACKS && f->track[a].serial; b++) {
			struct pl_track *p = &f->track[a], *q = &f->track[b];

			if (!q->serial || !(p->ready || q->ready) ||
			    !pl_feet_one_sized(f, &p->hull, &q->hull))
				continue;
			p->ready = q->ready = false;
			p->side = q->side = PL_SIDE_UNKNOWN;
		}
	}
}

/*
 * Feet that nearly touch may have lent each other a heel or a toe, and a foot with half of the
 * other's heel looks like one turned round. Unless the operator said how they face, both shapes
 * together must be clear.
 */
static void doubt_neighbours(struct pl_feet *f, struct pl_track *a, struct pl_track *b)
{
	double score = a->shape.heel_score + b->shape.heel_score;

	if (f->options.facing != PL_FACING_AUTO || !(a->ready || b->ready) ||
	    pl_hull_gap(&a->hull, &b->hull) > NEAR_M ||
	    (score >= NEAR_SCORE && pair(&a->shape, &b->shape)))
		return;
	a->ready = b->ready = false;
	a->side = b->side = PL_SIDE_UNKNOWN;
	a->side_by_order = b->side_by_order = false;
}

void pl_feet_orient(struct pl_feet *f)
{
	unsigned loaded[PL_TRACKS], n = 0;
	bool changed = false;

	learn_direction(f);
	for (int t = pl_track_after(f, -1); t >= 0; t = pl_track_after(f, t)) {
		struct pl_track *track = &f->track[t];

		if (due(f, track)) {
			measure(f, (unsigned)t);
			changed = true;
		}
		if (track->now_cells && track->measured && !track->fused)
			loaded[n++] = (unsigned)t;
	}
	if (changed && f->options.side == PL_SIDE_UNKNOWN)
		doubt_pieces(f);
	if (n != 2 || f->options.side != PL_SIDE_UNKNOWN)
		return;
	if (changed)
		agree(f, loaded[0], loaded[1]);
	if (changed)
		doubt_neighbours(f, &f->track[loaded[0]], &f->track[loaded[1]]);
	if (changed || !f->track[loaded[0]].side_by_order || !f->track[loaded[1]].side_by_order)
		order(&f->track[loaded[0]], &f->track[loaded[1]]);
}
