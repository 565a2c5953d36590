/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Contacts become feet: steps on the same spot (an insole, running in place) are one foot whose
 * print is all they touched, steps on other spots are others. Regions are laid over each.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <plantar/stats.h>

#include "analysis_private.h"
#include "cop.h"

#define SAME_SPOT 0.5	    /* of the smaller print: the same foot again */
#define SWING_MOST_S 2.0    /* stepping in place, slowly */
#define PIECE_GAP_M 0.12    /* heel and forefoot of one foot, seen as two contacts */
#define PIECE_MOST_M 0.15   /* longer ones are feet themselves */
#define TOE_GAP_M 0.05	    /* toes apart from the forefoot ... */
#define TOE_MOST_M 0.08	    /* ... and how long they are */
#define STRAY_GAP_M 0.03    /* cells that belonged to no contact, as specks to a foot in feet.c */
#define EDGE_CELLS 2	    /* rows and columns along the edge */
#define LENGTH_OF_WIDTH 2.3 /* no foot is broader: docs/metrics.md, Partial */
#define MEDIAN_OF 3	    /* footprints, at least, that a length is compared with */
#define SHORT_SHARE 0.9	    /* of their median */

/* ---- prints --------------------------------------------------------------------------------- */

int pl_print_new(struct pl_print *p, unsigned r0, unsigned r1, unsigned c0, unsigned c1)
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

void pl_print_put(struct pl_print *p, const struct pl_geometry *g, unsigned r, unsigned c,
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

	if (pl_print_new(p, track->r0, track->r1, track->c0, track->c1) < 0)
		return -1;
	for (unsigned r = p->r0; r < p->r1; r++) {
		size_t at = (size_t)r * f->geometry.cols;

		for (unsigned c = p->c0; c < p->c1; c++)
			if (f->owner[at + c] == mark)
				pl_print_put(p, &f->geometry, r, c, f->peak[at + c]);
	}
	return 0;
}

/* to becomes the union of both, in a box that holds both. */
static int print_join(struct pl_print *to, const struct pl_geometry *g, const struct pl_print *more)
{
	const struct pl_print *part[2] = {to, more};
	struct pl_print both;

	if (pl_print_new(&both, more->r0 < to->r0 ? more->r0 : to->r0,
			 more->r1 > to->r1 ? more->r1 : to->r1,
			 more->c0 < to->c0 ? more->c0 : to->c0,
			 more->c1 > to->c1 ? more->c1 : to->c1) < 0)
		return -1;
	for (int k = 0; k < 2; k++)
		for (unsigned r = part[k]->r0; r < part[k]->r1; r++)
			for (unsigned c = part[k]->c0; c < part[k]->c1; c++)
				if (*pl_print_at(part[k], r, c) >= 0)
					pl_print_put(&both, g, r, c, *pl_print_at(part[k], r, c));
	free(to->peak);
	*to = both;
	return 0;
}

void pl_print_add_points(struct pl_analysis *a, const struct pl_print *p)
{
	for (unsigned r = p->r0; r < p->r1; r++)
		for (unsigned c = p->c0; c < p->c1; c++)
			if (*pl_print_at(p, r, c) >= 0)
				pl_points_add(&a->feet.points, pl_x_m(&a->geometry, c),
					      pl_y_m(&a->geometry, r),
					      (double)*pl_print_at(p, r, c));
}

void pl_print_points(struct pl_analysis *a, const struct pl_print *p)
{
	a->feet.points.n = 0;
	pl_print_add_points(a, p);
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

enum pl_side pl_analysis_given_side(const struct pl_analysis *a, const struct pl_print *p)
{
	if (!a->options.insole_cols)
		return a->options.side;
	return p->c1 <= a->options.insole_cols ? PL_SIDE_LEFT : PL_SIDE_RIGHT;
}

/* Off the ground for longer than any swing: whoever steps there now came back, and may be on the
 * other foot or heading another way. */
static bool came_back(const struct pl_analysis *a, const struct pl_foot *foot,
		      const struct pl_footfall *contact)
{
	return contact->born > foot->last &&
	       pl_analysis_seconds(a, contact->born - foot->last) > SWING_MOST_S;
}

/* Of a recording of one foot, whatever fits into a foot is that foot; so in an insole. */
static bool same_foot(const struct pl_analysis *a, const struct pl_foot *foot,
		      const struct pl_footfall *contact)
{
	const struct pl_print *p = &foot->print, *q = &contact->print;
	uint32_t least = p->cells < q->cells ? p->cells : q->cells;
	double one = pl_hull_extent(&p->hull).length, other = pl_hull_extent(&q->hull).length;
	double gap;

	if (!one_foot(&a->geometry, &p->hull, &q->hull))
		return false;
	if (a->belt && contact->born > foot->last)
		return false; /* a lane that was used again, or a place next to one */
	if (a->options.side != PL_SIDE_UNKNOWN)
		return true;
	if (a->options.insole_cols)
		return pl_analysis_given_side(a, p) == pl_analysis_given_side(a, q);
	if (came_back(a, foot, contact))
		return false;
	if (print_common(p, q) >= SAME_SPOT * least)
		return true;
	gap = pl_hull_gap(&p->hull, &q->hull);
	if (contact->born > foot->last || gap > PIECE_GAP_M)
		return false;
	return fmax(one, other) < PIECE_MOST_M ||
	       (gap <= TOE_GAP_M && fmin(one, other) < TOE_MOST_M);
}

static int by_serial(const void *a, const void *b)
{
	const struct pl_footfall *p = a, *q = b;

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
		struct pl_footfall *contact = &a->contacts[i];
		uint32_t k = 0;

		while (k < a->n_feet && !same_foot(a, &a->foot[k], contact))
			k++;
		contact->foot = (int)k;
		if (k == a->n_feet) {
			a->foot[k] = (struct pl_foot){.born = contact->born};
			if (pl_print_new(&a->foot[k].print, contact->print.r0, contact->print.r1,
					 contact->print.c0, contact->print.c1) < 0)
				return -1;
			a->n_feet++;
		}
		if (print_join(&a->foot[k].print, &a->geometry, &contact->print) < 0)
			return -1;
		a->foot[k].cut = (a->foot[k].contacts == 0 || a->foot[k].cut) &&
				 (contact->cut || !contact->touched);
		a->foot[k].contacts++;
		a->foot[k].touched = a->foot[k].touched || contact->touched;
		if (contact->last > a->foot[k].last)
			a->foot[k].last = contact->last;
	}
	return 0;
}

/* ---- cells that are nobody's yet ------------------------------------------------------------ */

/* A cell that was loaded while no foot was there (toes in swing, in an insole) belongs to the
 * only print it is near to. */
static int adopt_strays(struct pl_analysis *a)
{
	const struct pl_geometry *g = &a->geometry;
	bool given = a->options.side != PL_SIDE_UNKNOWN || a->options.insole_cols;
	double reach = given ? INFINITY : STRAY_GAP_M;

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

/* ---- what is said of them -------------------------------------------------------------------- */

bool pl_print_at_edge(const struct pl_analysis *a, const struct pl_print *p)
{
	const struct pl_geometry *g = &a->geometry;

	if (a->options.border_is_no_edge)
		return false;
	for (unsigned r = p->r0; r < p->r1; r++)
		for (unsigned c = p->c0; c < p->c1; c++)
			if (*pl_print_at(p, r, c) >= 0 &&
			    (r < EDGE_CELLS || r + EDGE_CELLS >= g->rows || c < EDGE_CELLS ||
			     c + EDGE_CELLS >= g->cols))
				return true;
	return false;
}

/* Two feet never fit into the box of one: these may be pieces of a single foot that was not
 * recognised, and nothing is said about regions or sides of either. */
static void doubt_pieces(struct pl_analysis *a)
{
	for (uint32_t i = 0; i < a->n_contacts; i++) {
		for (uint32_t k = i + 1; k < a->n_contacts; k++) {
			const struct pl_footfall *c = &a->contacts[i], *d = &a->contacts[k];
			struct pl_foot *p = &a->foot[c->foot], *q = &a->foot[d->foot];

			if (d->born > c->last)
				break;
			if (p != q && pl_feet_one_sized(&a->feet, &p->print.hull, &q->print.hull))
				p->ready = q->ready = false;
		}
	}
}

/* ---- partial -------------------------------------------------------------------------------- */

static double long_way(const struct pl_foot *foot)
{
	return foot->oriented ? foot->shape.length_m : pl_hull_extent(&foot->print.hull).length;
}

static bool beside_mat(const struct pl_geometry *g, double x, double y)
{
	return x < 0 || y < 0 || x > g->cols * g->pitch_col_m || y > g->rows * g->pitch_row_m;
}

/*
 * Where the edge runs through a high arch no cell is near it; but what is left is short for its
 * width, and the foot that goes with that width would not have found room on the mat.
 */
static bool foot_beyond_edge(const struct pl_geometry *g, const struct pl_foot *foot)
{
	const struct pl_shape *s = &foot->shape;
	double missing = LENGTH_OF_WIDTH * s->width_m - s->length_m;
	double far = s->length_m + missing;

	return missing > 0 && (beside_mat(g, s->ox - missing * s->ax, s->oy - missing * s->ay) ||
			       beside_mat(g, s->ox + far * s->ax, s->oy + far * s->ay));
}

/* Whatever its length would be on other steps: too short, or too broad for its length. */
static bool no_whole_foot(const struct pl_foot *foot)
{
	return long_way(foot) < PL_FOOT_MIN_LENGTH_M || pl_foot_stout(foot) ||
	       pl_foot_fragment(foot);
}

static int find_partial(struct pl_analysis *a)
{
	double *length = malloc((a->n_feet ? a->n_feet : 1) * sizeof(*length)), median;
	uint32_t n = 0;

	if (!length)
		return -1;
	for (uint32_t k = 0; k < a->n_feet; k++) {
		const struct pl_foot *foot = &a->foot[k];

		if (!a->options.border_is_no_edge &&
		    (pl_print_at_edge(a, &foot->print) || foot_beyond_edge(&a->geometry, foot)))
			a->foot[k].partial |= PL_PARTIAL_EDGE;
		else
			length[n++] = long_way(&a->foot[k]);
	}
	median = n >= MEDIAN_OF ? pl_quantile(length, n, 0.5) : 0;
	for (uint32_t k = 0; k < a->n_feet; k++)
		if (long_way(&a->foot[k]) < SHORT_SHARE * median || no_whole_foot(&a->foot[k]))
			a->foot[k].partial |= PL_PARTIAL_SHORT;
	free(length);
	return 0;
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

/* Where the footprints are on the belt, and not on the mat they were laid out on. */
static void place_on_belt(struct pl_analysis *a)
{
	for (uint32_t i = 0; i < a->n_contacts; i++) {
		struct pl_footfall *contact = &a->contacts[i];
		struct pl_foot *foot = &a->foot[contact->foot];

		if (!foot->placed)
			pl_hull_move(&foot->print.hull, 0, contact->belt_y_m);
		foot->placed = true;
		pl_hull_move(&contact->print.hull, 0, contact->belt_y_m);
		if (contact->belt_edge)
			foot->partial |= PL_PARTIAL_EDGE;
	}
}

int pl_analysis_form_feet(struct pl_analysis *a)
{
	if (join_contacts(a) < 0 || pl_analysis_cut_again(a) < 0 || adopt_strays(a) < 0)
		return -1;
	find_homes(a);
	if (a->belt)
		place_on_belt(a);
	if (pl_analysis_find_facing(a) < 0)
		return -1;
	doubt_pieces(a);
	pl_analysis_doubt_torn(a);
	pl_analysis_find_sides(a);
	correct_sides(a);
	if (find_partial(a) < 0)
		return -1;
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

int pl_foot_to_come(const struct pl_analysis *a, unsigned row, unsigned col)
{
	uint32_t lo = 0, hi = a->n_contacts, most = a->feet.serials + PL_TRACKS;
	int found = -1;

	while (lo < hi) { /* contacts are in the order of their serials */
		uint32_t mid = lo + (hi - lo) / 2;

		if (a->contacts[mid].serial <= a->feet.serials)
			lo = mid + 1;
		else
			hi = mid;
	}
	for (; lo < a->n_contacts && a->contacts[lo].serial <= most; lo++) {
		const struct pl_footfall *c = &a->contacts[lo];

		if (c->born > a->feet.frame || c->foot == found ||
		    !pl_print_has(&a->foot[c->foot].print, row, col))
			continue;
		if (found >= 0)
			return -1;
		found = c->foot;
	}
	return found;
}

int pl_foot_of_serial(const struct pl_analysis *a, uint32_t serial)
{
	struct pl_footfall key = {.serial = serial};
	const struct pl_footfall *c =
		a->n_contacts ? bsearch(&key, a->contacts, a->n_contacts, sizeof(key), by_serial)
			      : NULL;

	return c ? c->foot : -1;
}
