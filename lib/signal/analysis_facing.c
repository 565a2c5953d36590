/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which way does each footprint of a recording point? Three things say so independently: the shape
 * of the print (a heel is narrower than a forefoot), the path of its load (who walks rolls from
 * heel to toe, whatever part of the foot is on the mat), and the order of the contacts (who walks
 * goes where the toes point). They are asked for every footprint on its own, so that somebody may
 * turn round. When two of them contradict each other - somebody walks backwards - the answer is
 * unknown; what the operator says comes before all of them.
 */
#include <math.h>
#include <stdlib.h>

#include "analysis_private.h"
#include "cop.h"

#define FIRST_MIN 0.05	  /* of the length: which end was loaded first (thirds-box) */
#define PATH_MIN 0.25	  /* of the length: travel that is walking over the foot */
#define PATH_ALONE_M 0.06 /* travel that gives a direction without an axis */
#define LEAVING_MIN 0.15  /* of the length, from the middle */
#define PATH_SECONDS 2.0  /* longer contacts are standing: load then moves as it likes */
#define ALONG_COS 0.5	  /* within 60 degrees */
#define NEXT_GAP_S 0.25	  /* flight between two steps of a run, at most */
#define NEXT_MIN_M 0.25	  /* between the middles of two steps */
#define NEXT_MAX_M 1.8
#define TIP_M 0.012	    /* at the edge: no more than the tip of a toe is missing */
#define BORDER_SHARE 0.15   /* of the length: cells at the edge that mean a side is missing */
#define CUT_COS 0.8	    /* the edge runs across the foot: within 37 degrees */
#define AXIS_COS 0.9	    /* a fragment lies along its load: within 26 degrees */
#define BETWEEN 0.75	    /* tangent: within 8 degrees of halfway between forward and sideways */
#define STRAIGHT 0.99	    /* steps before and after lie on one line */
#define AGREE_COS 0.8	    /* feet beside each other are parallel */
#define TURNED_OUT_COS 0.25 /* ... but with the heels together the toes may be far out */
#define SPREAD_USUAL 0.2    /* of the length: 6 degrees of toe-out of each foot */
#define SPREAD_MOST 0.5
#define AGREE_EVIDENCE 1.6 /* of both, when neither is sure */

/* ---- the mat's edge ------------------------------------------------------------------------- */

/* Cells of the print in the outermost row or column of each of the mat's edges. */
struct edge_cells {
	unsigned front, rear, left, right;
};

static struct edge_cells at_edges(const struct pl_analysis *a, const struct pl_print *p)
{
	const struct pl_geometry *g = &a->geometry;
	struct edge_cells n = {0};

	for (unsigned c = p->c0; c < p->c1; c++) {
		n.front += pl_print_has(p, 0, c);
		n.rear += pl_print_has(p, g->rows - 1, c);
	}
	for (unsigned r = p->r0; r < p->r1; r++) {
		n.left += pl_print_has(p, r, 0);
		n.right += pl_print_has(p, r, g->cols - 1);
	}
	return n;
}

/* An edge that runs along x cuts an end of a foot that lies along y, and its side if not. */
static void cut_by(struct pl_foot *foot, unsigned cells, double pitch_m, double along)
{
	if (cells * pitch_m < TIP_M)
		return;
	if (fabs(along) >= CUT_COS)
		foot->end_cut = true;
	else if (cells * pitch_m > BORDER_SHARE * foot->shape.length_m)
		foot->border_cut = true;
}

/* (x, y): along the foot. */
static void find_cuts(const struct pl_analysis *a, struct pl_foot *foot, double x, double y)
{
	struct edge_cells n = at_edges(a, &foot->print);

	foot->end_cut = foot->border_cut = false;
	cut_by(foot, n.front, a->geometry.pitch_col_m, y);
	cut_by(foot, n.rear, a->geometry.pitch_col_m, y);
	cut_by(foot, n.left, a->geometry.pitch_row_m, x);
	cut_by(foot, n.right, a->geometry.pitch_row_m, x);
}

/* ---- order: where the walk goes ------------------------------------------------------------- */

static void middle_between(const struct pl_footfall *p, const struct pl_footfall *q, double *dx,
			   double *dy)
{
	double px, py, qx, qy;

	pl_hull_centre(&p->print.hull, &px, &py);
	pl_hull_centre(&q->print.hull, &qx, &qy);
	*dx = qx - px;
	*dy = qy - py;
}

/* The next step of a walk begins before the last one is long over, a step's length away, and does
 * not end earlier. */
static bool follows(const struct pl_analysis *a, const struct pl_footfall *p,
		    const struct pl_footfall *q)
{
	double dx, dy, far;

	if (q->foot == p->foot || q->born <= p->born || q->last < p->last)
		return false;
	if (q->born > p->last && pl_analysis_seconds(a, q->born - p->last) > NEXT_GAP_S)
		return false;
	middle_between(p, q, &dx, &dy);
	far = hypot(dx, dy);
	return far >= NEXT_MIN_M && far <= NEXT_MAX_M;
}

/* Contacts come in the order they began. */
static void link_contacts(struct pl_analysis *a)
{
	for (uint32_t i = 0; i < a->n_contacts; i++) {
		struct pl_footfall *p = &a->contacts[i];

		for (uint32_t k = i + 1; k < a->n_contacts && p->after < 0; k++) {
			struct pl_footfall *q = &a->contacts[k];

			if (q->born > p->last &&
			    pl_analysis_seconds(a, q->born - p->last) > NEXT_GAP_S)
				break;
			if (q->before >= 0 || !follows(a, p, q))
				continue;
			p->after = (int)k;
			q->before = (int)i;
		}
	}
}

static void add_direction(struct pl_foot *foot, const struct pl_footfall *p,
			  const struct pl_footfall *q, unsigned *n)
{
	double dx, dy, far;

	middle_between(p, q, &dx, &dy);
	far = hypot(dx, dy);
	foot->goes_x += dx / far;
	foot->goes_y += dy / far;
	++*n;
}

/* Mean direction from the step before and to the step after; shorter than 1 where they differ. */
static int find_walks(struct pl_analysis *a)
{
	unsigned *n = calloc(a->n_feet ? a->n_feet : 1, sizeof(*n));

	if (!n)
		return -1;
	link_contacts(a);
	for (uint32_t i = 0; i < a->n_contacts; i++) {
		const struct pl_footfall *p = &a->contacts[i], *q;

		if (p->after < 0)
			continue;
		q = &a->contacts[p->after];
		add_direction(&a->foot[p->foot], p, q, &n[p->foot]);
		add_direction(&a->foot[q->foot], p, q, &n[q->foot]);
	}
	for (uint32_t k = 0; k < a->n_feet; k++) {
		a->foot[k].goes_x /= n[k] ? n[k] : 1;
		a->foot[k].goes_y /= n[k] ? n[k] : 1;
	}
	free(n);
	return 0;
}

/* ---- evidence: +1: heel where the axis starts, -1: at its end, 0: does not say -------------- */

/* Mean travel of the load over the foot's contacts, m. */
static bool travel(const struct pl_analysis *a, int foot, double *x, double *y)
{
	unsigned n = 0;

	*x = *y = 0;
	for (uint32_t i = 0; i < a->n_contacts; i++) {
		const struct pl_footfall *c = &a->contacts[i];
		double dx, dy;

		if (c->foot != foot ||
		    pl_analysis_seconds(a, c->path.last - c->path.origin) > PATH_SECONDS ||
		    !pl_path_travel(&c->path, &dx, &dy))
			continue;
		*x += dx;
		*y += dy;
		n++;
	}
	if (!n)
		return false;
	*x /= n;
	*y /= n;
	return true;
}

static int sign_above(double value, double least)
{
	return fabs(value) < least ? 0 : value > 0 ? 1 : -1;
}

static double along(const struct pl_shape *shape, double x, double y)
{
	return x * shape->ax + y * shape->ay;
}

static int by_path(const struct pl_analysis *a, int k)
{
	const struct pl_shape *shape = &a->foot[k].shape;
	double x, y;

	if (!travel(a, k, &x, &y) || fabs(along(shape, x, y)) < ALONG_COS * hypot(x, y))
		return 0;
	return sign_above(along(shape, x, y), PATH_MIN * shape->length_m);
}

/* Whoever lands on the forefoot goes back to the heel before rolling forwards, and on the whole
 * the load has gone nowhere; but they leave from the toes as everybody does. */
static int by_leaving(const struct pl_analysis *a, int k)
{
	const struct pl_shape *shape = &a->foot[k].shape;
	double sum = 0;
	unsigned n = 0;

	for (uint32_t i = 0; i < a->n_contacts; i++) {
		const struct pl_footfall *c = &a->contacts[i];

		if (c->foot != k || pl_analysis_seconds(a, c->last - c->born) > PATH_SECONDS)
			continue;
		sum += along(shape, c->left_x - shape->ox, c->left_y - shape->oy) /
			       shape->length_m -
		       0.5;
		n++;
	}
	return n ? sign_above(sum / n, LEAVING_MIN) : 0;
}

static int by_order(const struct pl_foot *foot)
{
	return sign_above(along(&foot->shape, foot->goes_x, foot->goes_y), ALONG_COS);
}

/* Half a print is broader where it was cut, a print that touched another has part of that one. */
static int by_shape(const struct pl_foot *foot)
{
	if (foot->touched || foot->end_cut || foot->border_cut)
		return 0;
	return pl_shape_heading(&foot->shape, NAN, NAN);
}

static int by_operator(enum pl_facing facing, const struct pl_shape *shape)
{
	switch (facing) {
	case PL_FACING_FORWARD:
		return shape->ay >= 0 ? 1 : -1;
	case PL_FACING_BACKWARD:
		return shape->ay <= 0 ? 1 : -1;
	case PL_FACING_RIGHT:
		return shape->ax >= 0 ? 1 : -1;
	case PL_FACING_LEFT:
		return shape->ax <= 0 ? 1 : -1;
	case PL_FACING_AUTO:
		break;
	}
	return 0;
}

/* Where contacts begin, along the axis from the middle, share of the length; mean over those
 * that were not cut off by the beginning of the recording. */
static double loaded_first(const struct pl_analysis *a, int foot, const struct pl_shape *shape)
{
	double sum = 0;
	unsigned n = 0;

	for (uint32_t i = 0; i < a->n_contacts; i++) {
		const struct pl_footfall *c = &a->contacts[i];
		double s =
			(c->first_x - shape->ox) * shape->ax + (c->first_y - shape->oy) * shape->ay;

		if (c->foot != foot || !c->onset)
			continue;
		sum += s / shape->length_m - 0.5;
		n++;
	}
	return n ? sum / n : 0;
}

bool pl_foot_stout(const struct pl_foot *foot)
{
	return foot->shape.slenderness < PL_FOOT_SLENDER_MIN;
}

/* All that say something must say the same. */
static int heading(const struct pl_analysis *a, int k, enum pl_source *source)
{
	const struct pl_foot *foot = &a->foot[k];
	double first = loaded_first(a, k, &foot->shape);
	int shape, path, order;

	*source = PL_SOURCE_GIVEN;
	if (a->options.facing != PL_FACING_AUTO)
		return by_operator(a->options.facing, &foot->shape);
	*source = PL_SOURCE_PATH;
	if (a->options.region == PL_REGION_THIRDS_BOX && fabs(first) > FIRST_MIN)
		return first < 0 ? 1 : -1;
	shape = by_shape(foot);
	path = pl_foot_stout(foot) ? 0 : by_path(a, k);
	if (!path && !pl_foot_stout(foot) && !foot->end_cut && !foot->border_cut &&
	    foot->shape.length_m >= PL_FOOT_FRAGMENT_M)
		path = by_leaving(a, k);
	order = by_order(foot);
	if (shape * path < 0 || shape * order < 0 || path * order < 0)
		return 0;
	if (!path && !order && shape * first > FIRST_MIN)
		return 0; /* a print that is still growing looks like one turned round */
	*source = shape ? PL_SOURCE_SHAPE : path ? PL_SOURCE_PATH : PL_SOURCE_ORDER;
	return shape + path + order;
}

/* ---- geometry ------------------------------------------------------------------------------- */

/* A forefoot alone lies across; it faces as the operator says all the same. */
static void face_as_given(struct pl_foot *foot, enum pl_facing facing)
{
	foot->fx = facing == PL_FACING_RIGHT ? 1 : facing == PL_FACING_LEFT ? -1 : 0;
	foot->fy = facing == PL_FACING_FORWARD ? 1 : facing == PL_FACING_BACKWARD ? -1 : 0;
}

static void orient(struct pl_analysis *a, struct pl_foot *foot, int turn, enum pl_source source)
{
	struct pl_shape *shape = &foot->shape;

	pl_print_points(a, &foot->print);
	if (turn < 0)
		pl_shape_turn(shape);
	pl_shape_fit(&a->feet.points, shape, a->options.axis == PL_AXIS_ROWS);
	foot->oriented = true;
	foot->facing_source = source;
	foot->fx = shape->ax;
	foot->fy = shape->ay;
	if (source == PL_SOURCE_GIVEN && pl_foot_facing(foot) != a->options.facing)
		face_as_given(foot, a->options.facing);
	foot->ready = a->options.region == PL_REGION_THIRDS_BOX ||
		      (shape->length_m >= PL_FOOT_MIN_LENGTH_M &&
		       shape->length_m <= PL_FOOT_MAX_LENGTH_M);
}

/* The way the load went, or the walk goes, if either says so clearly and not both differently. */
static bool way_of_load(const struct pl_analysis *a, int k, double *x, double *y,
			enum pl_source *source)
{
	const struct pl_foot *foot = &a->foot[k];
	double goes = hypot(foot->goes_x, foot->goes_y), far;
	bool rolled = travel(a, k, x, y) && hypot(*x, *y) >= PATH_ALONE_M;

	if (rolled) {
		far = hypot(*x, *y);
		*x /= far;
		*y /= far;
		*source = PL_SOURCE_PATH;
		return goes < ALONG_COS ||
		       *x * foot->goes_x + *y * foot->goes_y >= ALONG_COS * goes;
	}
	if (goes < STRAIGHT)
		return false;
	*x = foot->goes_x / goes;
	*y = foot->goes_y / goes;
	*source = PL_SOURCE_ORDER;
	return true;
}

/* What is left of a foot that the mat's edge cuts across points away from that edge or towards it.
 */
static void face_by_load(struct pl_foot *foot, double x, double y, enum pl_source source)
{
	if (pl_foot_stout(foot) && !foot->end_cut && source == PL_SOURCE_PATH)
		return;
	foot->facing_source = source;
	foot->fx = x;
	foot->fy = y;
}

bool pl_foot_fragment(const struct pl_foot *foot)
{
	return foot->shape.length_m < PL_FOOT_FRAGMENT_M && by_shape(foot) == 0;
}

/* A fragment's longest way is the foot's only roughly: between two ways it says nothing. */
static void face_roughly(struct pl_foot *foot, int turn, enum pl_source source)
{
	double x = fabs(foot->shape.ax), y = fabs(foot->shape.ay);

	if (fmin(x, y) > BETWEEN * fmax(x, y))
		return;
	foot->facing_source = source;
	foot->fx = turn * foot->shape.ax;
	foot->fy = turn * foot->shape.ay;
}

static void find_one(struct pl_analysis *a, int k)
{
	struct pl_foot *foot = &a->foot[k];
	enum pl_source source = PL_SOURCE_NONE, load_source;
	double x, y;
	bool went;
	int turn;

	pl_print_points(a, &foot->print);
	pl_shape_measure(&a->feet.points, &foot->shape);
	went = way_of_load(a, k, &x, &y, &load_source);
	find_cuts(a, foot, went ? x : foot->shape.ax, went ? y : foot->shape.ay);
	if (a->options.facing == PL_FACING_AUTO && went &&
	    (pl_foot_stout(foot) ||
	     (foot->end_cut && fabs(along(&foot->shape, x, y)) < AXIS_COS))) {
		face_by_load(foot, x, y, load_source);
		return;
	}
	turn = heading(a, k, &source);
	if (turn != 0 && source != PL_SOURCE_GIVEN && pl_foot_fragment(foot))
		face_roughly(foot, turn, source);
	else if (turn != 0)
		orient(a, foot, turn, source);
}

/* ---- feet beside each other ----------------------------------------------------------------- */

bool pl_feet_together(const struct pl_foot *p, const struct pl_foot *q)
{
	uint64_t from = p->born > q->born ? p->born : q->born;
	uint64_t to = p->last < q->last ? p->last : q->last;
	uint64_t one = p->last - p->born, other = q->last - q->born;

	return to >= from && 2 * (to - from + 1) >= (one < other ? one : other);
}

/* Toes are further apart than heels, as most people stand: > 0 where p's axis ends. Worth a part of
 * what is needed, never more. */
static double spread(const struct pl_shape *p, const struct pl_shape *q)
{
	double turn = along(p, q->ax, q->ay) > 0 ? 1 : -1;
	double near_x = q->ox - p->ox, near_y = q->oy - p->oy;
	double far_x = near_x + q->length_m * q->ax - p->length_m * p->ax;
	double far_y = near_y + q->length_m * q->ay - p->length_m * p->ay;
	double wider;

	if (turn < 0) { /* q's axis starts where p's ends */
		near_x += q->length_m * q->ax;
		near_y += q->length_m * q->ay;
		far_x -= q->length_m * q->ax;
		far_y -= q->length_m * q->ay;
	}
	/* across p's axis alone: one foot may be ahead of the other */
	wider = fabs(far_x * p->ay - far_y * p->ax) - fabs(near_x * p->ay - near_y * p->ax);
	return SPREAD_MOST * fmax(-1, fmin(1, wider / (SPREAD_USUAL * p->length_m)));
}

/* Cut apart: each outline is as good as if they had not touched. */
static bool cut_apart(const struct pl_foot *p, const struct pl_foot *q)
{
	return p->touched && q->touched && p->cut && q->cut;
}

/* Whether one may speak for the other: they stand, and parallel. Where feet touched, the cut
 * between them was made where both halves are alike and broader at the same end, however turned
 * out. */
static bool may_agree(const struct pl_foot *p, const struct pl_foot *q, double parallel)
{
	bool cut = cut_apart(p, q);

	if (!cut && (p->touched || q->touched))
		return false;
	return !(p->oriented && q->oriented) &&
	       fabs(parallel) >= (cut ? TURNED_OUT_COS : AGREE_COS) &&
	       hypot(p->goes_x, p->goes_y) <= 0 && hypot(q->goes_x, q->goes_y) <= 0;
}

/* Both feet of somebody who stands point the same way: one that is sure speaks for the other, and
 * two that are half sure agree or stay silent. */
static void agree(struct pl_analysis *a, struct pl_foot *p, struct pl_foot *q)
{
	double parallel = along(&p->shape, q->shape.ax, q->shape.ay), one, other, both;

	if (!may_agree(p, q, parallel))
		return;
	if (p->oriented) {
		orient(a, q, parallel > 0 ? 1 : -1, PL_SOURCE_ORDER);
		return;
	}
	if (q->oriented) {
		orient(a, p, parallel > 0 ? 1 : -1, PL_SOURCE_ORDER);
		return;
	}
	one = pl_shape_evidence(&p->shape);
	other = (parallel > 0 ? 1 : -1) * pl_shape_evidence(&q->shape);
	both = one + other + spread(&p->shape, &q->shape);
	if (one * other < 0 || (one * other == 0 && !cut_apart(p, q)) ||
	    fabs(both) < AGREE_EVIDENCE)
		return;
	orient(a, p, both > 0 ? 1 : -1, PL_SOURCE_SHAPE);
	orient(a, q, (both > 0) == (parallel > 0) ? 1 : -1, PL_SOURCE_SHAPE);
}

int pl_analysis_find_facing(struct pl_analysis *a)
{
	if (find_walks(a) < 0)
		return -1;
	for (uint32_t k = 0; k < a->n_feet; k++)
		find_one(a, (int)k);
	if (a->options.side != PL_SIDE_UNKNOWN || a->options.facing != PL_FACING_AUTO)
		return 0;
	for (uint32_t i = 0; i < a->n_feet; i++)
		for (uint32_t k = i + 1; k < a->n_feet; k++)
			if (pl_feet_together(&a->foot[i], &a->foot[k]))
				agree(a, &a->foot[i], &a->foot[k]);
	return 0;
}

enum pl_facing pl_foot_facing(const struct pl_foot *foot)
{
	if (foot->fx == 0 && foot->fy == 0)
		return PL_FACING_AUTO;
	if (fabs(foot->fy) >= fabs(foot->fx))
		return foot->fy > 0 ? PL_FACING_FORWARD : PL_FACING_BACKWARD;
	return foot->fx > 0 ? PL_FACING_RIGHT : PL_FACING_LEFT;
}
