/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Feet that touch each other come as one piece, or as pieces that each may have a part of the
 * other. Which cell is whose is not to be seen in a frame, but in what they have touched so far:
 * the print of both is cut in two (cut.c), and each cell belongs to the foot on whose side it lies,
 * now and from now on. While the print grows it is cut again and again, each time it has grown by a
 * twentieth, and once more when it has stopped.
 *
 * A single foot is never cut: only what is larger than a foot can be is looked at.
 */
#include "cop.h"
#include "track.h"

#define AGAIN 20     /* a cut again when the prints have grown by 1 / AGAIN */
#define NEAR_M 0.015 /* between the outlines of feet that touch, or nearly */

static void join_near(const struct pl_feet *f, uint32_t *slots, struct pl_hull *all)
{
	for (int t = pl_track_after(f, -1); t >= 0; t = pl_track_after(f, t)) {
		if (*slots >> t & 1 || pl_feet_apart(&f->track[t].hull, all))
			continue;
		pl_hull_join(all, &f->track[t].hull);
		*slots |= 1u << t;
	}
}

/* Two feet so near to each other that one may have pieces of the other, unless the outlines of both
 * were complete before. */
static uint32_t near_pair(const struct pl_feet *f, struct pl_hull *all)
{
	for (int a = pl_track_after(f, -1); a >= 0; a = pl_track_after(f, a)) {
		for (int b = pl_track_after(f, a); b >= 0; b = pl_track_after(f, b)) {
			const struct pl_track *p = &f->track[a], *q = &f->track[b];

			if ((p->known && q->known) || pl_hull_gap(&p->hull, &q->hull) > NEAR_M ||
			    pl_feet_one_sized(f, &p->hull, &q->hull))
				continue;
			*all = p->hull;
			pl_hull_join(all, &q->hull);
			return 1u << a | 1u << b;
		}
	}
	return 0;
}

/* Slots of the feet that touch and of the pieces near them, as bits; 0: no feet touch, or all of
 * this may be one foot. */
static uint32_t cluster(const struct pl_feet *f)
{
	struct pl_hull all = {0};
	uint32_t slots = 0;

	for (int t = pl_track_after(f, -1); t >= 0 && !slots; t = pl_track_after(f, t)) {
		if (!f->track[t].fused)
			continue;
		all = f->track[t].hull;
		slots = 1u << t;
	}
	if (!slots)
		slots = near_pair(f, &all);
	if (slots)
		join_near(f, &slots, &all);
	return pl_feet_one_sized(f, &all, &all) ? 0 : slots;
}

static uint32_t cells_of(const struct pl_feet *f, uint32_t slots)
{
	uint32_t n = 0;

	for (; slots; slots &= slots - 1)
		n += f->track[__builtin_ctz(slots)].cells;
	return n;
}

/* Whether this is the moment to look for a cut. */
static bool due(struct pl_feet *f, uint32_t slots)
{
	struct pl_parting *p = &f->parting;
	uint32_t cells = cells_of(f, slots);

	p->last = p->now;
	p->now = cells;
	if (cells != p->last)
		p->grown = f->frame;
	if (slots != p->slots || cells < p->cells)
		return true;
	if (cells == p->cells)
		return false;
	return (cells - p->cells) * AGAIN >= p->cells || f->frame - p->grown == f->settle;
}

/* ---- cells to the sides of a cut ------------------------------------------------------------ */

static bool beyond(const struct pl_feet *f, unsigned row, unsigned col)
{
	return pl_cut_beyond(&f->parting.cut, pl_x_m(&f->geometry, col), pl_y_m(&f->geometry, row));
}

struct sides {
	uint32_t cells[PL_TRACKS][2];
};

static struct sides count_sides(const struct pl_feet *f, uint32_t slots)
{
	struct sides n = {0};

	for (; slots; slots &= slots - 1) {
		unsigned t = (unsigned)__builtin_ctz(slots);
		const struct pl_track *track = &f->track[t];

		for (unsigned r = track->r0; r < track->r1; r++)
			for (unsigned c = track->c0; c < track->c1; c++)
				if (f->owner[(size_t)r * f->geometry.cols + c] == t + 1)
					n.cells[t][beyond(f, r, c)]++;
	}
	return n;
}

/* The track that goes on as the foot on that side: whoever has most there, and more there than on
 * the other. -1: none. */
static int heir(const struct pl_feet *f, uint32_t slots, const struct sides *n, bool side)
{
	int best = -1;

	for (; slots; slots &= slots - 1) {
		int t = __builtin_ctz(slots);

		if (f->track[t].fused || n->cells[t][side] <= n->cells[t][!side])
			continue;
		if (best < 0 || n->cells[t][side] > n->cells[best][side])
			best = t;
	}
	return best;
}

/* Feet that were one piece: each begins where both did. */
static int new_half(struct pl_feet *f, uint64_t born)
{
	struct pl_track *track = pl_track_new(f);

	if (!track)
		return -1;
	track->born = born;
	return (int)(track - f->track);
}

static uint64_t first_born(const struct pl_feet *f, uint32_t slots)
{
	uint64_t born = f->frame;

	for (; slots; slots &= slots - 1) {
		uint64_t one = f->track[__builtin_ctz(slots)].born;

		born = one < born ? one : born;
	}
	return born;
}

/* Every cell of these slots to one of the two. */
static void hand_over(struct pl_feet *f, uint32_t slots, const int half[2])
{
	unsigned rows = f->geometry.rows, cols = f->geometry.cols;

	for (size_t i = 0, n = (size_t)rows * cols; i < n; i++) {
		uint8_t to;

		if (!f->owner[i] || !(slots >> (f->owner[i] - 1) & 1))
			continue;
		to = (uint8_t)(half[beyond(f, (unsigned)(i / cols), (unsigned)(i % cols))] + 1);
		if (f->owner[i] == to)
			continue;
		f->owner[i] = to;
		f->note[i] = 0;
	}
}

/* Cells of both halves beside each other, corners included: what was one piece. */
static bool adjacent(const struct pl_feet *f, const int half[2])
{
	unsigned rows = f->geometry.rows, cols = f->geometry.cols;

	for (unsigned r = 0; r < rows; r++) {
		for (unsigned c = 0; c < cols; c++) {
			if (f->owner[(size_t)r * cols + c] != half[0] + 1)
				continue;
			for (unsigned y = r ? r - 1 : 0; y <= r + 1 && y < rows; y++)
				for (unsigned x = c ? c - 1 : 0; x <= c + 1 && x < cols; x++)
					if (f->owner[(size_t)y * cols + x] == half[1] + 1)
						return true;
		}
	}
	return false;
}

/* All that is kept of a print, from its cells. */
static void survey(struct pl_feet *f, int half, bool touch)
{
	struct pl_track *track = &f->track[half];
	unsigned cols = f->geometry.cols;

	track->cells = 0;
	track->r0 = track->c0 = UINT16_MAX;
	track->r1 = track->c1 = 0;
	pl_hull_clear(&track->hull);
	for (unsigned r = 0; r < f->geometry.rows; r++) {
		const uint8_t *owner = f->owner + (size_t)r * cols;

		for (unsigned c = 0; c < cols; c++) {
			struct pl_box b;

			if (owner[c] != half + 1)
				continue;
			b = pl_cells_box(f, r, c, c + 1);
			pl_hull_box(&track->hull, b.x0, b.x1, b.y0, b.y1);
			track->cells++;
			track->r0 = r < track->r0 ? (uint16_t)r : track->r0;
			track->r1 = (uint16_t)(r + 1);
			track->c0 = c < track->c0 ? (uint16_t)c : track->c0;
			track->c1 = c + 1 > track->c1 ? (uint16_t)(c + 1) : track->c1;
		}
	}
	track->guessed = 0;
	track->fresh = track->cells;
	track->grew = track->noteless = true;
	track->touched = track->cut = touch;
}

/* What of the frame's cells lies on either half. */
static void count_now(struct pl_feet *f, const int half[2])
{
	const struct pl_segment *s = &f->segment;

	for (int k = 0; k < 2; k++)
		f->track[half[k]].now_cells = 0;
	for (uint32_t i = 0; i < s->runs; i++) {
		const uint8_t *owner = f->owner + (size_t)s->run[i].row * s->cols;

		for (unsigned c = s->run[i].c0; c < s->run[i].c1; c++)
			for (int k = 0; k < 2; k++)
				f->track[half[k]].now_cells += owner[c] == half[k] + 1;
	}
	for (int k = 0; k < 2; k++)
		if (f->track[half[k]].now_cells)
			f->track[half[k]].seen = f->frame;
}

/* Feet lie the way these do, if nobody said otherwise. */
static void lie_along(struct pl_feet *f, const struct pl_hull *half)
{
	struct pl_extent e = pl_hull_extent(half);

	if (f->options.facing != PL_FACING_AUTO || !pl_feet_across(f, half))
		return;
	f->ux = e.ax;
	f->uy = e.ay;
}

static void part(struct pl_feet *f, uint32_t slots)
{
	struct sides n = count_sides(f, slots);
	uint64_t born = first_born(f, slots);
	int half[2] = {heir(f, slots, &n, false), heir(f, slots, &n, true)};
	bool touch;

	for (int k = 0; k < 2; k++)
		if (half[k] < 0)
			half[k] = new_half(f, born);
	if (half[0] < 0 || half[1] < 0)
		return;
	hand_over(f, slots, half);
	touch = adjacent(f, half);
	for (uint32_t rest = slots; rest; rest &= rest - 1) {
		int t = __builtin_ctz(rest);

		if (t != half[0] && t != half[1])
			pl_track_drop(f, &f->track[t]);
	}
	for (int k = 0; k < 2; k++)
		survey(f, half[k], touch);
	count_now(f, half);
	lie_along(f, &f->track[half[0]].hull);
	f->changed = true;
	f->parting.slots = 1u << half[0] | 1u << half[1];
	f->parting.below = (uint8_t)(half[0] + 1);
	f->parting.beyond = (uint8_t)(half[1] + 1);
}

struct pl_track *pl_feet_cut_side(struct pl_feet *f, double x, double y)
{
	const struct pl_parting *p = &f->parting;
	uint8_t mark = pl_cut_beyond(&p->cut, x, y) ? p->beyond : p->below;

	if (!mark || !f->track[mark - 1].serial || !f->track[mark - 1].cut)
		return NULL;
	return &f->track[mark - 1];
}

void pl_feet_split(struct pl_feet *f)
{
	uint32_t slots = cluster(f);

	if (!slots) {
		f->parting.slots = 0;
		f->parting.below = f->parting.beyond = 0;
		return;
	}
	if (!due(f, slots))
		return;
	f->parting.slots = slots;
	f->parting.cells = cells_of(f, slots);
	pl_feet_points_of(f, slots);
	if (pl_cut_find(&f->points, &f->parting.cut))
		part(f, slots);
}
