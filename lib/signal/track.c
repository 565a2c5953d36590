/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What belongs to a foot: its cells, marked in one grid for all feet, so that a cell can never
 * belong to two; the box and the hull around them; beginning, joining and end.
 */
#include <math.h>

#include "track.h"

struct pl_track *pl_track_new(struct pl_feet *f)
{
	for (unsigned t = 0; t < PL_TRACKS; t++) {
		struct pl_track *track = &f->track[t];

		if (track->serial)
			continue;
		*track = (struct pl_track){
			.serial = ++f->serials,
			.r0 = UINT16_MAX,
			.c0 = UINT16_MAX,
			.first_x = NAN,
			.first_y = NAN,
			.born = f->frame,
			.seen = f->frame,
			.grown = f->frame,
			.side = f->options.side,
		};
		pl_hull_clear(&track->hull);
		f->active |= 1u << t;
		return track;
	}
	return NULL;
}

static uint8_t mark_of(const struct pl_feet *f, const struct pl_track *track)
{
	return (uint8_t)(track - f->track + 1);
}

void pl_track_end(struct pl_feet *f, struct pl_track *track)
{
	if (f->options.hooks.ended)
		f->options.hooks.ended(f->options.hooks.ctx, f, track);
	pl_track_drop(f, track);
}

void pl_track_drop(struct pl_feet *f, struct pl_track *track)
{
	uint8_t mark = mark_of(f, track);

	for (unsigned r = track->r0; r < track->r1; r++) {
		uint8_t *row = f->owner + (size_t)r * f->geometry.cols;

		for (unsigned c = track->c0; c < track->c1; c++)
			if (row[c] == mark)
				row[c] = 0;
	}
	track->serial = 0;
	f->active &= ~(1u << (mark - 1));
	f->changed = true;
}

struct pl_box pl_cells_box(const struct pl_feet *f, unsigned row, unsigned c0, unsigned c1)
{
	const struct pl_geometry *g = &f->geometry;

	return (struct pl_box){
		.x0 = c0 * g->pitch_col_m,
		.x1 = c1 * g->pitch_col_m,
		.y0 = (double)(g->rows - row - 1) * g->pitch_row_m,
		.y1 = (double)(g->rows - row) * g->pitch_row_m,
	};
}

/* A cell that nobody has. Where feet were looked at afresh in the frame before (feet.c), whoever
 * gets their cells has been there since these were first loaded. */
static void note_since(struct pl_feet *f, struct pl_track *track, size_t cell)
{
	if (!f->turned || f->turned + 1 != f->frame || !f->since[cell])
		f->since[cell] = f->frame;
	if (f->since[cell] < track->born)
		track->born = f->since[cell];
}

/* These cells of a row belong to the track from now on. */
void pl_track_claim(struct pl_feet *f, struct pl_track *track, unsigned row, unsigned c0,
		    unsigned c1, const double *value)
{
	size_t at = (size_t)row * f->geometry.cols;
	uint8_t mark = mark_of(f, track);
	uint32_t added = 0;
	struct pl_box box;

	track->now_cells += c1 - c0;
	track->seen = f->frame;
	for (unsigned c = c0; c < c1; c++) {
		if (f->owner[at + c] == mark)
			continue;
		if (f->owner[at + c])
			f->track[f->owner[at + c] - 1].cells--;
		else
			note_since(f, track, at + c);
		f->owner[at + c] = mark;
		f->note[at + c] = 0;
		f->peak[at + c] = (float)value[at + c];
		added++;
	}
	if (!added)
		return;
	f->changed = true;
	track->cells += added;
	track->fresh += added;
	track->noteless = true;
	track->r0 = row < track->r0 ? (uint16_t)row : track->r0;
	track->r1 = row + 1 > track->r1 ? (uint16_t)(row + 1) : track->r1;
	track->c0 = c0 < track->c0 ? (uint16_t)c0 : track->c0;
	track->c1 = c1 > track->c1 ? (uint16_t)c1 : track->c1;
	box = pl_cells_box(f, row, c0, c1);
	if (!pl_hull_holds(&track->hull, box.x0, box.x1, box.y0, box.y1)) {
		pl_hull_box(&track->hull, box.x0, box.x1, box.y0, box.y1);
		track->grew = true;
	}
}

void pl_track_claim_comp(struct pl_feet *f, struct pl_track *track, const struct pl_comp *comp,
			 const double *value)
{
	const struct pl_run *run = f->segment.run;

	for (uint32_t i = comp->first; i != PL_NO_RUN; i = run[i].next)
		pl_track_claim(f, track, run[i].row, run[i].c0, run[i].c1, value);
}

void pl_track_merge(struct pl_feet *f, struct pl_track *from, struct pl_track *into)
{
	uint8_t a = mark_of(f, from), b = mark_of(f, into);

	for (unsigned r = from->r0; r < from->r1; r++) {
		uint8_t *row = f->owner + (size_t)r * f->geometry.cols;

		for (unsigned c = from->c0; c < from->c1; c++)
			if (row[c] == a) {
				row[c] = b;
				f->note[(size_t)r * f->geometry.cols + c] = 0;
			}
	}
	if (from->born < into->born) {
		into->born = from->born;
		into->first_x = from->first_x;
		into->first_y = from->first_y;
	}
	into->touched = into->touched || from->touched;
	into->cells += from->cells;
	into->guessed += from->guessed;
	into->fresh += from->cells;
	into->now_cells += from->now_cells;
	into->grew = into->noteless = true;
	into->seen = from->seen > into->seen ? from->seen : into->seen;
	into->r0 = from->r0 < into->r0 ? from->r0 : into->r0;
	into->r1 = from->r1 > into->r1 ? from->r1 : into->r1;
	into->c0 = from->c0 < into->c0 ? from->c0 : into->c0;
	into->c1 = from->c1 > into->c1 ? from->c1 : into->c1;
	pl_hull_join(&into->hull, &from->hull);
	if (f->options.hooks.merged)
		f->options.hooks.merged(f->options.hooks.ctx, from->serial, into->serial);
	from->serial = 0;
	f->active &= ~(1u << (a - 1));
	f->changed = true;
	if (f->active == 1u << (b - 1)) { /* they had touched nobody but each other */
		into->touched = false;
		into->guessed = 0;
	}
}
