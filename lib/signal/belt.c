/* SPDX-License-Identifier: Apache-2.0 */
/*
 * On a treadmill a foot that stands still on the belt moves over the cells: within one stance the
 * sum of all its frames is a smear of a metre. With the belt's speed v known, y + v t is a place on
 * the belt, and the footprint lies still there. But the belt has no end, and the analysis wants a
 * mat. So each contact is followed over the cells, and is laid into a lane of its own on a mat
 * that holds just the few contacts of a moment.
 *
 * Rows are shifted whole: a pressure stays what it was, and is up to half a cell off. The centre
 * of pressure is corrected by that half cell (residual_m).
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "belt.h"
#include "shape.h"

#define LANE_M 0.88 /* a foot ahead, a foot behind, and room that keeps lanes apart */
#define HOLD_S 0.15 /* longer than a contact may be off the mat without ending (feet.c) */
#define PIECE_GAP_M 0.12
#define SPECK_M2 1e-4 /* smaller begins no contact */
#define EDGE_CELLS 2u

bool pl_belt_init(struct pl_belt *b, const struct pl_geometry *mat, double speed_m_s)
{
	*b = (struct pl_belt){.mat = *mat, .laid = *mat, .speed_m_s = speed_m_s};
	b->lane_rows = (unsigned)ceil(LANE_M / mat->pitch_row_m);
	b->lanes = PL_SIDE_MAX / b->lane_rows;
	if (b->lanes > PL_BELT_LANES)
		b->lanes = PL_BELT_LANES;
	if (b->lanes < 2)
		return false;
	b->laid.rows = b->lanes * b->lane_rows;
	b->nobody = calloc(pl_geometry_cells(mat), sizeof(*b->nobody));
	b->value = calloc(pl_geometry_cells(&b->laid), sizeof(*b->value));
	return pl_cells_init(&b->cells, mat) &&
	       pl_segment_init(&b->segment, mat->rows, mat->cols) && b->nobody && b->value;
}

void pl_belt_free(struct pl_belt *b)
{
	pl_cells_free(&b->cells);
	pl_segment_free(&b->segment);
	free(b->nobody);
	free(b->value);
	b->nobody = NULL;
	b->value = NULL;
}

void pl_belt_reset(struct pl_belt *b)
{
	memset(b->contact, 0, sizeof(b->contact));
	pl_cells_clear(&b->cells);
	b->residual_m = 0;
}

/* A component of the frame, rows on the belt. */
struct patch {
	int64_t r0, r1;
	unsigned c0, c1;
	uint32_t first; /* run */
	uint32_t cells;
	bool edge;
};

static struct patch patch_of(const struct pl_belt *b, uint32_t comp, int64_t moved)
{
	const struct pl_segment *s = &b->segment;
	struct patch p = {.r0 = INT64_MAX,
			  .r1 = INT64_MIN,
			  .c0 = UINT32_MAX,
			  .first = s->comp[comp].first,
			  .cells = s->comp[comp].cells};

	for (uint32_t i = p.first; i != PL_NO_RUN; i = s->run[i].next) {
		const struct pl_run *run = &s->run[i];

		p.r0 = run->row - moved < p.r0 ? run->row - moved : p.r0;
		p.r1 = run->row - moved + 1 > p.r1 ? run->row - moved + 1 : p.r1;
		p.c0 = run->c0 < p.c0 ? run->c0 : p.c0;
		p.c1 = run->c1 > p.c1 ? run->c1 : p.c1;
		p.edge = p.edge || run->row < EDGE_CELLS || run->row + EDGE_CELLS >= s->rows ||
			 run->c0 < EDGE_CELLS || run->c1 + EDGE_CELLS > s->cols;
	}
	return p;
}

static double apart(double p0, double p1, double q0, double q1, double pitch)
{
	return pitch * fmax(0, fmax(q0 - p1, p0 - q1));
}

/* How far the patch is from the contact, m; INFINITY: both together are no foot. */
static double distance(const struct pl_belt *b, const struct pl_belt_contact *c,
		       const struct patch *p)
{
	double r0 = (double)(p->r0 < c->r0 ? p->r0 : c->r0);
	double r1 = (double)(p->r1 > c->r1 ? p->r1 : c->r1);
	double c0 = p->c0 < c->c0 ? p->c0 : c->c0, c1 = p->c1 > c->c1 ? p->c1 : c->c1;
	double gap = hypot(apart((double)p->r0, (double)p->r1, (double)c->r0, (double)c->r1,
				 b->mat.pitch_row_m),
			   apart(p->c0, p->c1, c->c0, c->c1, b->mat.pitch_col_m));

	if ((r1 - r0 - 1) * b->mat.pitch_row_m > PL_FOOT_MAX_LENGTH_M ||
	    (c1 - c0 - 1) * b->mat.pitch_col_m > PL_FOOT_MAX_WIDTH_M * 1.4 || gap > PIECE_GAP_M)
		return INFINITY;
	return gap;
}

static struct pl_belt_contact *nearest(struct pl_belt *b, const struct patch *p, double t_s)
{
	struct pl_belt_contact *best = NULL;
	double least = INFINITY;

	for (unsigned k = 0; k < b->lanes; k++) {
		struct pl_belt_contact *c = &b->contact[k];
		double d = c->used && t_s - c->seen_s <= HOLD_S ? distance(b, c, p) : INFINITY;

		if (d < least) {
			least = d;
			best = c;
		}
	}
	return best;
}

/* The lane that has been empty for longest; NULL: a foot is in each. */
static struct pl_belt_contact *free_lane(struct pl_belt *b, double t_s)
{
	struct pl_belt_contact *best = NULL;

	for (unsigned k = 0; k < b->lanes; k++) {
		struct pl_belt_contact *c = &b->contact[k];

		if (c->used && t_s - c->seen_s <= HOLD_S)
			continue;
		if (!best || (best->used && (!c->used || c->seen_s < best->seen_s)))
			best = c;
	}
	return best;
}

static struct pl_belt_contact *contact_of(struct pl_belt *b, const struct patch *p, double t_s)
{
	struct pl_belt_contact *c = nearest(b, p, t_s);

	if (c)
		return c;
	if (p->cells * pl_cell_area_m2(&b->mat) < SPECK_M2)
		return NULL;
	c = free_lane(b, t_s);
	if (c)
		*c = (struct pl_belt_contact){.used = true,
					      .r0 = p->r0,
					      .r1 = p->r1,
					      .c0 = p->c0,
					      .c1 = p->c1,
					      .origin = (p->r0 + p->r1) / 2};
	return c;
}

static void lay(struct pl_belt *b, const struct patch *p, struct pl_belt_contact *c, int64_t moved,
		double t_s)
{
	const struct pl_segment *s = &b->segment;
	int64_t lane = (c - b->contact) * (int64_t)b->lane_rows;

	c->r0 = p->r0 < c->r0 ? p->r0 : c->r0;
	c->r1 = p->r1 > c->r1 ? p->r1 : c->r1;
	c->c0 = p->c0 < c->c0 ? p->c0 : c->c0;
	c->c1 = p->c1 > c->c1 ? p->c1 : c->c1;
	c->edge = c->edge || p->edge;
	c->seen_s = t_s;
	for (uint32_t i = p->first; i != PL_NO_RUN; i = s->run[i].next) {
		const struct pl_run *run = &s->run[i];
		int64_t row = run->row - moved - c->origin + b->lane_rows / 2;

		if (row < 0 || row >= b->lane_rows)
			continue; /* no foot is that long */
		memcpy(b->value + (size_t)(lane + row) * b->mat.cols + run->c0,
		       b->cells.value + (size_t)run->row * b->mat.cols + run->c0,
		       (size_t)(run->c1 - run->c0) * sizeof(*b->value));
	}
}

/* Larger patches first: a heel finds its foot before a toe does. */
const double *pl_belt_frame(struct pl_belt *b, const double *values, double contact, double t_s)
{
	double rows = b->speed_m_s * t_s / b->mat.pitch_row_m;
	int64_t moved = llround(rows);
	struct pl_scan scan;

	b->residual_m = (rows - (double)moved) * b->mat.pitch_row_m;
	memset(b->value, 0, pl_geometry_cells(&b->laid) * sizeof(*b->value));
	pl_cells_take(&b->cells, values, contact);
	pl_segment_frame(&b->segment, &b->cells, b->nobody, &scan);
	for (int specks = 0; specks < 2; specks++) {
		for (uint32_t k = 0; k < b->segment.comps; k++) {
			struct patch p = patch_of(b, k, moved);
			bool speck = p.cells * pl_cell_area_m2(&b->mat) < SPECK_M2;
			struct pl_belt_contact *c;

			if (speck != (specks == 1))
				continue;
			c = contact_of(b, &p, t_s);
			if (c)
				lay(b, &p, c, moved, t_s);
		}
	}
	return b->value;
}

double pl_belt_offset_m(const struct pl_belt *b, unsigned row)
{
	unsigned lane = row / b->lane_rows;
	double laid = (double)b->laid.rows - (lane * b->lane_rows + b->lane_rows / 2);

	return -((double)b->contact[lane].origin + laid) * b->mat.pitch_row_m;
}

bool pl_belt_edge(const struct pl_belt *b, unsigned row)
{
	return b->contact[row / b->lane_rows].edge;
}
