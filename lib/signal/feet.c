/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A foot is seldom one connected component: with a high arch heel and forefoot are apart, toes
 * come as islands, and at touch-down everything appears piece by piece. And two feet are
 * sometimes one component, when they touch. So components are merged into feet by what a foot
 * can be: pieces belong together when they are near and when the narrowest box around them is no
 * longer and no wider than a foot and lies along the direction feet are standing in. A cell that
 * belonged to a foot in the frame before belongs to it still: that is what keeps identities,
 * and what keeps most frames cheap.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cop.h"
#include "track.h"

#define HOLD_S 0.1	 /* without load: the contact is over */
#define SETTLE_S 0.5	 /* without growth: the print is complete */
#define ASSUMED_RATE 100 /* Hz, for these two when no rate is known */
#define JOIN_GAP_M 0.12	 /* between heel and forefoot over a high arch */
#define SPECK_GAP_M 0.03 /* a speck belongs to a foot that is this near */
#define SPECK_M2 1e-4
#define FOOT_LENGTH_M 0.33 /* pieces are joined up to this size ... */
#define FOOT_WIDTH_M 0.14  /* broad feet are 12 cm wide, and the box may lie 5 degrees off */
#define ACROSS_M 0.105	   /* longer than this across the feet's direction: two feet's forefeet */
#define FOREFOOT_M 0.135
#define ALONG_COS 0.64 /* 50 degrees */
#define FOOT_SLIM 0.4  /* width / length of a foot ... */
#define BROAD_M 2.0    /* ... and what 100 % more costs, as a distance */
#define PIECES 64      /* components looked at in one frame, largest first */

struct piece {
	uint32_t comp, cells;
	struct pl_hull hull;
};

static uint64_t frames_of(double seconds, double rate_hz)
{
	double rate = rate_hz > 0 && isfinite(rate_hz) ? fmin(rate_hz, 1e6) : ASSUMED_RATE;
	double frames = ceil(seconds * rate);

	return frames < 2 ? 2 : (uint64_t)frames;
}

bool pl_feet_init(struct pl_feet *f, const struct pl_geometry *g, const struct pl_feet_options *o)
{
	size_t n = pl_geometry_cells(g);
	bool ok;

	*f = (struct pl_feet){
		.geometry = *g,
		.options = *o,
		.owner = calloc(n, sizeof(*f->owner)),
		.peak = calloc(n, sizeof(*f->peak)),
		.note = calloc(n, sizeof(*f->note)),
		.since = calloc(n, sizeof(*f->since)),
		.hold = frames_of(HOLD_S, o->rate_hz),
		.settle = frames_of(SETTLE_S, o->rate_hz),
	};
	ok = pl_segment_init(&f->segment, g->rows, g->cols);
	ok = pl_points_init(&f->points, g) && ok && f->owner && f->peak && f->note && f->since;
	if (!ok)
		pl_feet_free(f);
	else
		pl_feet_reset(f);
	return ok;
}

void pl_feet_free(struct pl_feet *f)
{
	pl_segment_free(&f->segment);
	pl_points_free(&f->points);
	free(f->owner);
	free(f->peak);
	free(f->note);
	free(f->since);
	f->owner = NULL;
	f->peak = NULL;
	f->note = NULL;
	f->since = NULL;
}

void pl_feet_reset(struct pl_feet *f)
{
	memset(f->owner, 0, pl_geometry_cells(&f->geometry));
	memset(f->since, 0, pl_geometry_cells(&f->geometry) * sizeof(*f->since));
	memset(f->track, 0, sizeof(f->track));
	f->active = 0;
	f->parting = (struct pl_parting){0};
	f->frame = f->turned = 0;
	f->serials = 0;
	f->ux = f->options.facing == PL_FACING_LEFT || f->options.facing == PL_FACING_RIGHT;
	f->uy = 1 - f->ux;
}

/* ---- contacts end --------------------------------------------------------------------------- */

void pl_feet_end(struct pl_feet *f)
{
	for (unsigned t = 0; t < PL_TRACKS; t++)
		if (f->track[t].serial)
			pl_track_end(f, &f->track[t]);
}

void pl_feet_gap(struct pl_feet *f, uint64_t missing)
{
	if (f->options.side == PL_SIDE_UNKNOWN && missing >= f->hold)
		pl_feet_end(f);
	f->frame += missing;
}

static void expire(struct pl_feet *f)
{
	if (f->options.side != PL_SIDE_UNKNOWN)
		return;
	for (int t = pl_track_after(f, -1); t >= 0; t = pl_track_after(f, t))
		if (f->frame - f->track[t].seen > f->hold)
			pl_track_end(f, &f->track[t]);
}

/* ---- what can be one foot ------------------------------------------------------------------- */

/* Small enough for one foot, whichever way it lies. */
static bool foot_sized(const struct pl_feet *f, const struct pl_extent *e)
{
	double slack = fmax(f->geometry.pitch_row_m, f->geometry.pitch_col_m);

	return e->length <= FOOT_LENGTH_M + slack && e->width <= FOOT_WIDTH_M + slack;
}

/* Longer across the direction feet lie in than one foot is wide. */
static bool across(const struct pl_feet *f, const struct pl_extent *e)
{
	double slack = fmax(f->geometry.pitch_row_m, f->geometry.pitch_col_m);

	return e->length >= ACROSS_M + slack && e->length >= 1.4 * e->width &&
	       fabs(e->ax * f->ux + e->ay * f->uy) < ALONG_COS;
}

static bool plausible(const struct pl_feet *f, const struct pl_hull *h)
{
	struct pl_extent e = pl_hull_extent(h);

	return foot_sized(f, &e) && !across(f, &e);
}

/* Connected, so it takes more to doubt that it is one foot: forefeet are up to 12 cm wide. */
static bool one_piece(const struct pl_feet *f, const struct pl_hull *h)
{
	struct pl_extent e = pl_hull_extent(h);

	return foot_sized(f, &e) && (e.length <= FOREFOOT_M || !across(f, &e));
}

static bool sized_hull(const struct pl_feet *f, const struct pl_hull *h)
{
	struct pl_extent e = pl_hull_extent(h);

	return foot_sized(f, &e);
}

bool pl_feet_one_sized(const struct pl_feet *f, const struct pl_hull *a, const struct pl_hull *b)
{
	struct pl_hull both = *a;

	pl_hull_join(&both, b);
	return sized_hull(f, &both);
}

bool pl_feet_across(const struct pl_feet *f, const struct pl_hull *hull)
{
	struct pl_extent e = pl_hull_extent(hull);

	return foot_sized(f, &e) && across(f, &e);
}

bool pl_feet_apart(const struct pl_hull *a, const struct pl_hull *b)
{
	return pl_hull_gap(a, b) > JOIN_GAP_M;
}

static bool fits(const struct pl_feet *f, const struct pl_track *track, const struct pl_hull *more)
{
	struct pl_hull both = track->hull;

	pl_hull_join(&both, more);
	return plausible(f, &both);
}

static void comp_hull(const struct pl_feet *f, const struct pl_comp *comp, struct pl_hull *h)
{
	const struct pl_run *run = f->segment.run;

	pl_hull_clear(h);
	for (uint32_t i = comp->first; i != PL_NO_RUN; i = run[i].next) {
		struct pl_box b = pl_cells_box(f, run[i].row, run[i].c0, run[i].c1);

		pl_hull_box(h, b.x0, b.x1, b.y0, b.y1);
	}
}

static bool speck(const struct pl_feet *f, uint32_t cells)
{
	return cells < 2 ? pl_cell_area_m2(&f->geometry) * cells < 1.5 * SPECK_M2
			 : pl_cell_area_m2(&f->geometry) * cells < SPECK_M2;
}

/* ---- components that belong to a foot already ----------------------------------------------- */

/* The hull of the cells of a component that belong to nobody yet. */
static void fresh_hull(const struct pl_feet *f, const struct pl_comp *comp, struct pl_hull *h)
{
	const struct pl_run *run = f->segment.run;

	pl_hull_clear(h);
	for (uint32_t i = comp->first; i != PL_NO_RUN; i = run[i].next) {
		const uint8_t *owner = f->owner + (size_t)run[i].row * f->geometry.cols;

		for (unsigned c = run[i].c0; c < run[i].c1; c++) {
			struct pl_box b;

			if (owner[c])
				continue;
			b = pl_cells_box(f, run[i].row, c, c + 1);
			pl_hull_box(h, b.x0, b.x1, b.y0, b.y1);
		}
	}
}

/* The nearest of the feet that a new cell can belong to, NULL if none; *choices: how many can. */
static struct pl_track *nearest_owner(struct pl_feet *f, struct pl_box b, unsigned *choices)
{
	struct pl_track *best = NULL,
			*cut = pl_feet_cut_side(f, 0.5 * (b.x0 + b.x1), 0.5 * (b.y0 + b.y1));
	double nearest = INFINITY;
	struct pl_hull cell;

	*choices = 0;
	pl_hull_clear(&cell);
	pl_hull_box(&cell, b.x0, b.x1, b.y0, b.y1);
	for (int t = pl_track_after(f, -1); t >= 0; t = pl_track_after(f, t)) {
		struct pl_track *track = &f->track[t];
		double x, y, far;

		if (track->fused || (cut && track->cut && track != cut) ||
		    pl_hull_gap(&track->hull, &cell) > SPECK_GAP_M || !fits(f, track, &cell))
			continue;
		pl_hull_centre(&track->hull, &x, &y);
		far = hypot(x - b.x0, y - b.y0);
		++*choices;
		if (far < nearest) {
			nearest = far;
			best = track;
		}
	}
	return best;
}

/*
 * Feet that touch: owned cells stay, a new cell goes to the nearest of the feet it can belong to,
 * and what fits none of them is the beginning of another foot.
 */
static void share_out(struct pl_feet *f, const struct pl_comp *comp, const double *value)
{
	const struct pl_run *run = f->segment.run;
	struct pl_track *other = NULL;

	for (uint32_t i = comp->first; i != PL_NO_RUN; i = run[i].next) {
		size_t at = (size_t)run[i].row * f->geometry.cols;

		for (unsigned c = run[i].c0; c < run[i].c1; c++) {
			struct pl_track *best;
			unsigned choices;

			if (f->owner[at + c]) {
				pl_track_claim(f, &f->track[f->owner[at + c] - 1], run[i].row, c,
					       c + 1, value);
				continue;
			}
			best = nearest_owner(f, pl_cells_box(f, run[i].row, c, c + 1), &choices);
			if (!best && !other)
				other = pl_track_new(f);
			if (!best)
				best = other;
			if (!best)
				continue;
			best->touched = best->touched || comp->mixed || choices != 1;
			best->guessed += choices > 1;
			pl_track_claim(f, best, run[i].row, c, c + 1, value);
		}
	}
}

/* The second foot among the owners of a mixed component; NULL if there are more than two. */
static struct pl_track *second_owner(struct pl_feet *f, const struct pl_comp *comp)
{
	const struct pl_run *run = f->segment.run;
	uint8_t second = 0;

	for (uint32_t i = comp->first; i != PL_NO_RUN; i = run[i].next) {
		const uint8_t *owner = f->owner + (size_t)run[i].row * f->geometry.cols;

		for (unsigned c = run[i].c0; c < run[i].c1; c++) {
			if (!owner[c] || owner[c] == comp->owner || owner[c] == second)
				continue;
			if (second)
				return NULL;
			second = owner[c];
		}
	}
	return second ? &f->track[second - 1] : NULL;
}

static void keep_mixed(struct pl_feet *f, const struct pl_comp *comp, const double *value)
{
	struct pl_track *a = &f->track[comp->owner - 1], *b = second_owner(f, comp);
	struct pl_hull all;

	if (b && !a->fused && !b->fused) {
		all = a->hull;
		pl_hull_join(&all, &b->hull);
		if (fits(f, a, &b->hull)) {
			struct pl_hull whole;

			comp_hull(f, comp, &whole);
			pl_hull_join(&all, &whole);
			if (plausible(f, &all)) {
				pl_track_merge(f, b, a);
				pl_track_claim_comp(f, a, comp, value);
				return;
			}
		}
	}
	share_out(f, comp, value);
}

/* A foot that has moved: its print begins anew, its identity stays. */
static void restart(struct pl_feet *f, struct pl_track *track, const struct pl_comp *comp,
		    const double *value)
{
	struct pl_track before = *track, *now;

	pl_track_end(f, track);
	now = pl_track_new(f);
	if (!now)
		return;
	now->side = before.side;
	now->oriented = before.oriented;
	now->shape = before.shape;
	pl_track_claim_comp(f, now, comp, value);
}

static void keep_grown(struct pl_feet *f, const struct pl_comp *comp, const double *value)
{
	struct pl_track *track = &f->track[comp->owner - 1];
	struct pl_hull fresh, whole;

	fresh_hull(f, comp, &fresh);
	if (fits(f, track, &fresh)) {
		pl_track_claim_comp(f, track, comp, value);
		return;
	}
	comp_hull(f, comp, &whole);
	pl_hull_join(&fresh, &track->hull);
	if (sized_hull(f, &fresh))
		pl_track_claim_comp(f, track, comp,
				    value); /* connected, but across: orient.c decides */
	else if (one_piece(f, &whole) && track->cells < 3 * comp->cells)
		restart(f, track, comp, value);
	else
		share_out(f, comp, value);
}

/* Fused feet that have come apart are looked at afresh. */
static void release_fused(struct pl_feet *f)
{
	for (int t = pl_track_after(f, -1); t >= 0; t = pl_track_after(f, t)) {
		struct pl_track *track = &f->track[t];
		uint32_t parts = 0;
		bool one = false;

		if (!track->fused)
			continue;
		for (uint32_t i = 0; i < f->segment.comps; i++) {
			struct pl_comp *comp = &f->segment.comp[i];
			struct pl_hull h;

			if (comp->owner != t + 1 || speck(f, comp->cells))
				continue;
			comp_hull(f, comp, &h);
			one = one_piece(f, &h);
			parts++;
		}
		if (parts < 2 && !one)
			continue;
		for (uint32_t i = 0; i < f->segment.comps; i++)
			if (f->segment.comp[i].owner == t + 1)
				f->segment.comp[i].owner = 0;
		pl_track_end(f, track);
	}
}

/* Nothing new: what most frames of a standing foot are. */
static void keep_all(struct pl_feet *f, const struct pl_comp *comp)
{
	struct pl_track *track = &f->track[comp->owner - 1];

	track->now_cells += comp->cells;
	track->seen = f->frame;
}

/* Once slots have changed hands in this frame, only the cells themselves say whose they are. */
static void keep(struct pl_feet *f, const double *value)
{
	uint32_t tracks = f->active, serials = f->serials;

	for (uint32_t i = 0; i < f->segment.comps; i++) {
		const struct pl_comp *comp = &f->segment.comp[i];

		if (!comp->owner)
			continue;
		if (f->serials != serials || f->active != tracks)
			share_out(f, comp, value);
		else if (comp->mixed)
			keep_mixed(f, comp, value);
		else if (comp->owned == comp->cells)
			keep_all(f, comp);
		else if (f->track[comp->owner - 1].fused)
			pl_track_claim_comp(f, &f->track[comp->owner - 1], comp, value);
		else
			keep_grown(f, comp, value);
	}
}

/* ---- components that belong to nobody yet --------------------------------------------------- */

static unsigned new_pieces(const struct pl_feet *f, struct piece piece[PIECES])
{
	unsigned n = 0;

	for (uint32_t i = 0; i < f->segment.comps; i++) {
		const struct pl_comp *comp = &f->segment.comp[i];
		unsigned k;

		if (comp->owner || (n == PIECES && comp->cells <= piece[n - 1].cells))
			continue;
		k = n < PIECES ? n++ : n - 1;
		for (; k > 0 && piece[k - 1].cells < comp->cells; k--)
			piece[k] = piece[k - 1];
		piece[k].comp = i;
		piece[k].cells = comp->cells;
	}
	for (unsigned k = 0; k < n; k++)
		comp_hull(f, &f->segment.comp[piece[k].comp], &piece[k].hull);
	return n;
}

/* How badly a piece fits a foot: how far it is, and how much broader for its length than a foot
 * both together are. The heel of the other foot may be nearer than one's own over a high arch. */
static double misfit(const struct pl_track *track, const struct piece *piece, double gap)
{
	struct pl_hull both = track->hull;
	struct pl_extent e;

	pl_hull_join(&both, &piece->hull);
	e = pl_hull_extent(&both);
	return gap + BROAD_M * fmax(0, e.width / e.length - FOOT_SLIM);
}

static struct pl_track *nearest_foot(struct pl_feet *f, const struct piece *piece)
{
	double reach = speck(f, piece->cells) ? SPECK_GAP_M : JOIN_GAP_M, least = INFINITY;
	struct pl_track *best = NULL;

	reach += fmax(f->geometry.pitch_row_m, f->geometry.pitch_col_m);
	for (unsigned t = 0; t < PL_TRACKS; t++) {
		struct pl_track *track = &f->track[t];
		double gap, cost;

		if (!track->serial || track->fused)
			continue;
		gap = pl_hull_gap(&track->hull, &piece->hull);
		if (gap > reach || !fits(f, track, &piece->hull))
			continue;
		cost = misfit(track, piece, gap);
		if (cost < least) {
			least = cost;
			best = track;
		}
	}
	return best;
}

static void place(struct pl_feet *f, const double *value)
{
	struct piece piece[PIECES];
	unsigned n = new_pieces(f, piece);

	if (!n)
		return;
	for (unsigned k = 0; k < n; k++) {
		const struct pl_comp *comp = &f->segment.comp[piece[k].comp];
		struct pl_track *track = nearest_foot(f, &piece[k]);

		if (!track && !speck(f, comp->cells)) {
			track = pl_track_new(f);
			if (track)
				track->fused = !one_piece(f, &piece[k].hull);
		}
		if (track)
			pl_track_claim_comp(f, track, comp, value);
	}
}

/* Pieces of two feet, joined along the direction that feet were thought to lie in: in the next
 * frame their cells are looked at afresh, and whoever gets them began when they did. */
static void drop_mixtures(struct pl_feet *f)
{
	for (size_t i = 0, n = pl_geometry_cells(&f->geometry); i < n; i++)
		f->since[i] = f->owner[i] ? f->since[i] : 0;
	for (int t = pl_track_after(f, -1); t >= 0; t = pl_track_after(f, t))
		if (!f->track[t].fused && ((f->track[t].touched && !f->track[t].cut) ||
					   pl_feet_across(f, &f->track[t].hull)))
			pl_track_drop(f, &f->track[t]);
}

void pl_feet_turn(struct pl_feet *f, double ux, double uy)
{
	f->ux = ux;
	f->uy = uy;
	f->turned = f->frame;
	for (unsigned a = 0; a < PL_TRACKS; a++) {
		for (unsigned b = a + 1; b < PL_TRACKS && f->track[a].serial; b++) {
			struct pl_track *p = &f->track[a], *q = &f->track[b];

			if (!q->serial || p->fused || q->fused ||
			    pl_hull_gap(&p->hull, &q->hull) > JOIN_GAP_M || !fits(f, p, &q->hull))
				continue;
			if (p->serial < q->serial)
				pl_track_merge(f, q, p);
			else
				pl_track_merge(f, p, q);
		}
	}
	drop_mixtures(f);
}

/* ---- the frame ------------------------------------------------------------------------------ */

static void all_one_foot(struct pl_feet *f, const double *value)
{
	struct pl_track *track = &f->track[0];

	if (!track->serial && f->segment.comps)
		track = pl_track_new(f);
	for (uint32_t i = 0; i < f->segment.comps; i++) {
		const struct pl_comp *comp = &f->segment.comp[i];

		if (comp->owned == comp->cells)
			keep_all(f, comp);
		else
			pl_track_claim_comp(f, track, comp, value);
	}
}

static void after(struct pl_feet *f)
{
	for (int t = pl_track_after(f, -1); t >= 0; t = pl_track_after(f, t)) {
		struct pl_track *track = &f->track[t];
		double length;

		if (track->grew) {
			length = pl_hull_extent(&track->hull).length;
			if (length > track->length_m)
				track->grown = f->frame;
			track->length_m = length;
		}
		track->known = track->known || (track->ready && !track->touched &&
						f->frame - track->grown >= f->settle);
		if (isnan(track->first_x) && track->now_cells)
			pl_hull_centre(&track->hull, &track->first_x, &track->first_y);
	}
}

/* What lies near feet that cannot be told apart, and stay so, may be a part of one of them. */
static void doubt_near_fused(struct pl_feet *f)
{
	for (int a = pl_track_after(f, -1); a >= 0; a = pl_track_after(f, a)) {
		const struct pl_track *fused = &f->track[a];

		if (!fused->fused || !fused->now_cells || f->frame - fused->born < f->hold)
			continue;
		for (int b = pl_track_after(f, -1); b >= 0; b = pl_track_after(f, b))
			if (a != b && f->track[b].now_cells &&
			    !pl_feet_apart(&fused->hull, &f->track[b].hull))
				f->track[b].touched = true;
	}
}

/* Runs have said whose they are before anything was decided. */
static void correct_owners(struct pl_feet *f)
{
	for (uint32_t i = 0; f->changed && i < f->segment.runs; i++) {
		struct pl_run *run = &f->segment.run[i];
		size_t at = (size_t)run->row * f->geometry.cols + run->c0;

		run->owner = pl_owner_of(f->owner + at, run->c1 - run->c0);
	}
}

void pl_feet_frame(struct pl_feet *f, const struct pl_cells *cells)
{
	f->frame++;
	f->changed = false;
	expire(f);
	for (int t = pl_track_after(f, -1); t >= 0; t = pl_track_after(f, t))
		f->track[t].now_cells = 0;
	pl_segment_frame(&f->segment, cells, f->owner, &f->scan);
	if (f->options.side != PL_SIDE_UNKNOWN) {
		all_one_foot(f, cells->value);
	} else {
		release_fused(f);
		keep(f, cells->value);
		place(f, cells->value);
		pl_feet_split(f);
	}
	after(f);
	pl_feet_orient(f);
	doubt_near_fused(f);
	correct_owners(f);
}
