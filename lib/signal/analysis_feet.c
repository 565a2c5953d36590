/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Contacts become feet: steps on the same spot (an insole, running in place) are one foot whose
 * print is all they touched, steps on other spots are others. Regions are laid over each.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "analysis_private.h"
#include "cop.h"

#define SAME_SPOT 0.5	 /* of the smaller print: the same foot again */
#define PIECE_GAP_M 0.12 /* heel and forefoot of one foot, seen as two contacts */
#define STRAY_GAP_M 0.03 /* cells that belonged to no contact */
#define SHAPE_ALONE 0.5	 /* heel score that needs no agreement with the order of loading */
#define FIRST_MIN 0.05	 /* of the length: which end was loaded first */
#define BESIDE_MIN_M 0.05

/* ---- prints --------------------------------------------------------------------------------- */

static int print_new(struct pl_print *p, unsigned r0, unsigned r1, unsigned c0, unsigned c1)
{
	size_t n = (size_t)(r1 - r0) * (c1 - c0);

	*p = (struct pl_print){.r0 = r0, .r1 = r1, .c0 = c0, .c1 = c1};
	pl_hull_clear(&p->hull);
	p->peak = malloc(n * sizeof(*p->peak));
	if (!p->peak)
		return -1;
	for (size_t i = 0; i < n; i++)
		p->peak[i] = -1;
	return 0;
}

static void print_put(struct pl_print *p, const struct pl_geometry *g, unsigned r, unsigned c,
		      float peak)
{
	float *at = pl_print_at(p, r, c);

	if (*at < 0) {
		double y = (double)(g->rows - r) * g->pitch_row_m;

		p->cells++;
		pl_hull_box(&p->hull, c * g->pitch_col_m, (c + 1) * g->pitch_col_m,
			    y - g->pitch_row_m, y);
	}
	if (peak > *at)
		*at = peak;
}

int pl_print_copy(struct pl_print *p, const struct pl_feet *f, const struct pl_track *track)
{
	uint8_t mark = (uint8_t)(track - f->track + 1);

	if (print_new(p, track->r0, track->r1, track->c0, track->c1) < 0)
		return -1;
	for (unsigned r = p->r0; r < p->r1; r++) {
		size_t at = (size_t)r * f->geometry.cols;

		for (unsigned c = p->c0; c < p->c1; c++)
			if (f->owner[at + c] == mark)
				print_put(p, &f->geometry, r, c, f->peak[at + c]);
	}
	return 0;
}

/* to becomes the union of both, in a box that holds both. */
static int print_join(struct pl_print *to, const struct pl_geometry *g, const struct pl_print *more)
{
	const struct pl_print *part[2] = {to, more};
	struct pl_print both;

	if (print_new(&both, more->r0 < to->r0 ? more->r0 : to->r0,
		      more->r1 > to->r1 ? more->r1 : to->r1, more->c0 < to->c0 ? more->c0 : to->c0,
		      more->c1 > to->c1 ? more->c1 : to->c1) < 0)
		return -1;
	for (int k = 0; k < 2; k++)
		for (unsigned r = part[k]->r0; r < part[k]->r1; r++)
			for (unsigned c = part[k]->c0; c < part[k]->c1; c++)
				if (*pl_print_at(part[k], r, c) >= 0)
					print_put(&both, g, r, c, *pl_print_at(part[k], r, c));
	free(to->peak);
	*to = both;
	return 0;
}

static uint32_t print_common(const struct pl_print *a, const struct pl_print *b)
{
	unsigned r0 = a->r0 > b->r0 ? a->r0 : b->r0, r1 = a->r1 < b->r1 ? a->r1 : b->r1;
	unsigned c0 = a->c0 > b->c0 ? a->c0 : b->c0, c1 = a->c1 < b->c1 ? a->c1 : b->c1;
	uint32_t n = 0;

	for (unsigned r = r0; r < r1; r++)
		for (unsigned c = c0; c < c1; c++)
			n += *pl_print_at(a, r, c) >= 0 && *pl_print_at(b, r, c) >= 0;
	return n;
}

static bool one_foot(const struct pl_geometry *g, const struct pl_hull *a, const struct pl_hull *b)
{
	double slack = fmax(g->pitch_row_m, g->pitch_col_m);
	struct pl_hull both = *a;
	struct pl_extent e;

	pl_hull_join(&both, b);
	e = pl_hull_extent(&both);
	return e.length <= PL_FOOT_MAX_LENGTH_M + slack && e.width <= PL_FOOT_MAX_WIDTH_M + slack;
}

/* ---- contacts to feet ----------------------------------------------------------------------- */

/* Of a recording of one foot, whatever fits into a foot is that foot. */
static bool same_foot(const struct pl_analysis *a, const struct pl_foot *foot,
		      const struct pl_contact *contact)
{
	const struct pl_print *p = &foot->print, *q = &contact->print;
	uint32_t least = p->cells < q->cells ? p->cells : q->cells;
	double short_of = 0.7 * PL_FOOT_MAX_LENGTH_M;

	if (!one_foot(&a->geometry, &p->hull, &q->hull))
		return false;
	if (a->options.side != PL_SIDE_UNKNOWN || print_common(p, q) >= SAME_SPOT * least)
		return true;
	return contact->born <= foot->last && pl_hull_gap(&p->hull, &q->hull) <= PIECE_GAP_M &&
	       pl_hull_extent(&p->hull).length < 0.5 * short_of &&
	       pl_hull_extent(&q->hull).length < 0.5 * short_of;
}

static int by_serial(const void *a, const void *b)
{
	const struct pl_contact *p = a, *q = b;

	return (p->serial > q->serial) - (p->serial < q->serial);
}

static int join_contacts(struct pl_analysis *a)
{
	if (a->n_contacts)
		qsort(a->contacts, a->n_contacts, sizeof(*a->contacts), by_serial);
	a->foot = calloc(a->n_contacts ? a->n_contacts : 1, sizeof(*a->foot));
	if (!a->foot)
		return -1;
	for (uint32_t i = 0; i < a->n_contacts; i++) {
		struct pl_contact *contact = &a->contacts[i];
		uint32_t k = 0;

		while (k < a->n_feet && !same_foot(a, &a->foot[k], contact))
			k++;
		contact->foot = (int)k;
		if (k == a->n_feet) {
			a->foot[k] = (struct pl_foot){.born = contact->born};
			if (print_new(&a->foot[k].print, contact->print.r0, contact->print.r1,
				      contact->print.c0, contact->print.c1) < 0)
				return -1;
			a->n_feet++;
		}
		if (print_join(&a->foot[k].print, &a->geometry, &contact->print) < 0)
			return -1;
		a->foot[k].contacts++;
		a->foot[k].touched = a->foot[k].touched || contact->touched;
		if (contact->last > a->foot[k].last)
			a->foot[k].last = contact->last;
	}
	return 0;
}

/* A cell that was loaded while no foot was there (toes in swing, in an insole) belongs to the
 * only print it is near to. */
static int adopt_strays(struct pl_analysis *a)
{
	const struct pl_geometry *g = &a->geometry;
	double reach = a->options.side == PL_SIDE_UNKNOWN ? STRAY_GAP_M : INFINITY;

	for (size_t i = 0, n = pl_geometry_cells(g); i < n; i++) {
		unsigned r = (unsigned)(i / g->cols), c = (unsigned)(i % g->cols);
		double y = (double)(g->rows - r) * g->pitch_row_m, nearest = INFINITY;
		struct pl_print cell = {
			.r0 = r, .r1 = r + 1, .c0 = c, .c1 = c + 1, .peak = &a->top[i]};
		struct pl_foot *best = NULL;

		if (!pl_analysis_ever(a, r, c))
			continue;
		pl_hull_clear(&cell.hull);
		pl_hull_box(&cell.hull, c * g->pitch_col_m, (c + 1) * g->pitch_col_m,
			    y - g->pitch_row_m, y);
		for (uint32_t k = 0; k < a->n_feet; k++) {
			double gap = pl_hull_gap(&a->foot[k].print.hull, &cell.hull);

			if (pl_print_has(&a->foot[k].print, r, c)) {
				best = NULL;
				break;
			}
			if (gap < nearest && gap <= reach &&
			    one_foot(g, &a->foot[k].print.hull, &cell.hull)) {
				nearest = gap;
				best = &a->foot[k];
			}
		}
		if (best && print_join(&best->print, g, &cell) < 0)
			return -1;
	}
	return 0;
}

static void find_homes(struct pl_analysis *a)
{
	const struct pl_geometry *g = &a->geometry;

	for (size_t i = 0, n = pl_geometry_cells(g); i < n; i++)
		a->home[i] = -1;
	for (uint32_t k = 0; k < a->n_feet; k++) {
		const struct pl_print *p = &a->foot[k].print;

		for (unsigned r = p->r0; r < p->r1; r++) {
			for (unsigned c = p->c0; c < p->c1; c++) {
				int32_t *home = &a->home[(size_t)r * g->cols + c];

				if (*pl_print_at(p, r, c) >= 0)
					*home = *home == -1 ? (int32_t)k : -2;
			}
		}
	}
}

/* ---- geometry ------------------------------------------------------------------------------- */

static void print_points(struct pl_analysis *a, const struct pl_print *p)
{
	struct pl_points *pts = &a->feet.points;

	pts->n = 0;
	for (unsigned r = p->r0; r < p->r1; r++)
		for (unsigned c = p->c0; c < p->c1; c++)
			if (*pl_print_at(p, r, c) >= 0)
				pl_points_add(pts, pl_x_m(&a->geometry, c), pl_y_m(&a->geometry, r),
					      (double)*pl_print_at(p, r, c));
}

/* Where contacts begin, along the axis from the middle, share of the length; mean over those
 * that were not cut off by the beginning of the recording. */
static double loaded_first(const struct pl_analysis *a, int foot, const struct pl_shape *shape)
{
	double sum = 0;
	unsigned n = 0;

	for (uint32_t i = 0; i < a->n_contacts; i++) {
		const struct pl_contact *c = &a->contacts[i];
		double s =
			(c->first_x - shape->ox) * shape->ax + (c->first_y - shape->oy) * shape->ay;

		if (c->foot != foot || !c->onset)
			continue;
		sum += s / shape->length_m - 0.5;
		n++;
	}
	return n ? sum / n : 0;
}

/* +1: heel where the axis starts, -1: at its end, 0: unknown. */
static int heading(const struct pl_analysis *a, int foot, const struct pl_shape *shape)
{
	double first = loaded_first(a, foot, shape);
	int by_shape;

	switch (a->options.facing) {
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
	if (a->options.region == PL_REGION_THIRDS_BOX && fabs(first) > FIRST_MIN)
		return first < 0 ? 1 : -1;
	if (a->foot[foot].touched)
		return 0;
	by_shape = pl_shape_heading(shape, NAN, NAN);
	if (by_shape * first > FIRST_MIN && fabs(shape->heel_score) < SHAPE_ALONE)
		return 0;
	return by_shape;
}

static void find_geometry(struct pl_analysis *a, int k)
{
	struct pl_foot *foot = &a->foot[k];
	struct pl_shape *shape = &foot->shape;
	int turn;

	print_points(a, &foot->print);
	pl_shape_measure(&a->feet.points, shape);
	foot->side = a->options.side;
	turn = heading(a, k, shape);
	if (turn < 0)
		pl_shape_turn(shape);
	if (turn == 0)
		return;
	pl_shape_fit(&a->feet.points, shape, a->options.axis == PL_AXIS_ROWS);
	foot->ready = a->options.region == PL_REGION_THIRDS_BOX ||
		      (shape->length_m >= PL_FOOT_MIN_LENGTH_M &&
		       shape->length_m <= PL_FOOT_MAX_LENGTH_M);
	if (foot->side == PL_SIDE_UNKNOWN && !foot->touched)
		foot->side = pl_shape_side(shape);
}

/* Two feet never fit into the box of one: these may be pieces of a single foot that was not
 * recognised, and nothing is said about regions or sides of either. */
static void doubt_pieces(struct pl_analysis *a)
{
	for (uint32_t i = 0; i < a->n_feet; i++) {
		for (uint32_t k = i + 1; k < a->n_feet; k++) {
			struct pl_foot *p = &a->foot[i], *q = &a->foot[k];

			if (p->born > q->last || q->born > p->last ||
			    !pl_feet_one_sized(&a->feet, &p->print.hull, &q->print.hull))
				continue;
			p->ready = q->ready = false;
			p->side = q->side = a->options.side;
		}
	}
}

/* Two feet that stood beside each other at the same time are told apart by their order. */
static void order_sides(struct pl_analysis *a)
{
	struct pl_foot *p = &a->foot[0], *q = &a->foot[1];
	double px, py, qx, qy, ux, uy, norm, along, across;

	if (a->n_feet != 2 || a->options.side != PL_SIDE_UNKNOWN || !p->ready || !q->ready ||
	    p->born > q->last || q->born > p->last)
		return;
	ux = p->shape.ax + q->shape.ax;
	uy = p->shape.ay + q->shape.ay;
	norm = hypot(ux, uy);
	if (norm < 1.8)
		return;
	pl_hull_centre(&p->print.hull, &px, &py);
	pl_hull_centre(&q->print.hull, &qx, &qy);
	along = fabs((qx - px) * ux + (qy - py) * uy) / norm;
	across = ((qx - px) * uy - (qy - py) * ux) / norm;
	if (fabs(across) < BESIDE_MIN_M || along > 0.5 * fmin(p->shape.length_m, q->shape.length_m))
		return;
	p->side = across > 0 ? PL_SIDE_LEFT : PL_SIDE_RIGHT;
	q->side = across > 0 ? PL_SIDE_RIGHT : PL_SIDE_LEFT;
}

static int lay_regions(struct pl_analysis *a, struct pl_foot *foot)
{
	const struct pl_print *p = &foot->print;
	size_t n = (size_t)(p->r1 - p->r0) * pl_print_cols(p);

	for (int r = 0; r < PL_REGIONS; r++)
		foot->atoms[r] = pl_region_atoms((enum pl_region)r, foot->side);
	foot->note = calloc(n, sizeof(*foot->note));
	foot->cell_time = calloc(n, sizeof(*foot->cell_time));
	if (!foot->note || !foot->cell_time ||
	    !pl_overlay_init(&foot->overlay, p->r1 - p->r0, pl_print_cols(p)))
		return -1;
	if (!foot->ready)
		return 0;
	pl_overlay_begin(&foot->overlay, a->options.region, &foot->shape, a->geometry.pitch_col_m,
			 a->geometry.pitch_row_m);
	for (unsigned r = p->r0; r < p->r1; r++)
		for (unsigned c = p->c0; c < p->c1; c++)
			if (*pl_print_at(p, r, c) >= 0)
				foot->note[pl_print_at(p, r, c) - p->peak] =
					pl_overlay_note(&foot->overlay, pl_x_m(&a->geometry, c),
							pl_y_m(&a->geometry, r));
	return 0;
}

/* What the operator says of single feet, after everything that was found. */
static void correct_sides(struct pl_analysis *a)
{
	const struct pl_analysis_options *o = &a->options;

	for (uint32_t k = 0; k < a->n_feet && k < PL_FOOT_SIDES; k++)
		if (o->foot_sided >> k & 1)
			a->foot[k].side = o->foot_side[k];
}

int pl_analysis_form_feet(struct pl_analysis *a)
{
	if (join_contacts(a) < 0 || adopt_strays(a) < 0)
		return -1;
	find_homes(a);
	for (uint32_t k = 0; k < a->n_feet; k++)
		find_geometry(a, (int)k);
	doubt_pieces(a);
	order_sides(a);
	correct_sides(a);
	for (uint32_t k = 0; k < a->n_feet; k++)
		if (lay_regions(a, &a->foot[k]) < 0)
			return -1;
	a->parts.foot = malloc((a->n_feet ? a->n_feet : 1) * sizeof(*a->parts.foot));
	a->parts_before.foot = malloc((a->n_feet ? a->n_feet : 1) * sizeof(*a->parts.foot));
	return a->parts.foot && a->parts_before.foot ? 0 : -1;
}

void pl_foot_free(struct pl_foot *foot)
{
	free(foot->print.peak);
	free(foot->note);
	free(foot->cell_time);
	pl_overlay_free(&foot->overlay);
}

int pl_foot_of_serial(const struct pl_analysis *a, uint32_t serial)
{
	struct pl_contact key = {.serial = serial};
	const struct pl_contact *c =
		a->n_contacts ? bsearch(&key, a->contacts, a->n_contacts, sizeof(key), by_serial)
			      : NULL;

	return c ? c->foot : -1;
}
