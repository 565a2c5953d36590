/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What frames are joined in: all memory that the pads' queues need, and the way from a pad's cells
 * to those of the whole. When frames belong together is decided in join_moment.c, what one pad sent
 * is kept in join_pad.c.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "daemon/join_internal.h"

#define DEPTH_MIN 16

/* ---- making ---- */

static int make_pad(struct pl_join *j, unsigned i, const struct pl_mat_entry *entry,
		    struct pl_error *err)
{
	const struct pl_pad_entry *e = &entry->pads[i];
	const struct pl_mat_part part = {.mat = &e->mat, .place = e->place};
	struct pl_pad *p = &j->pads[i];

	p->n_cells = pl_geometry_cells(&e->mat.geometry);
	p->nominal_hz = e->mat.rate_hz;
	p->map = malloc(p->n_cells * sizeof(*p->map));
	p->slots = calloc(j->depth, sizeof(*p->slots));
	if (!p->map || !p->slots)
		return pl_error_set(err, PL_ENOMEM, errno, "out of memory for joining pads");
	pl_mat_place_map(&part, entry->mat.geometry.cols, p->map);
	pl_join_opened(j, i);
	return 0;
}

/* Pages of slots that are never needed are never touched. */
static int make_slots(struct pl_join *j, struct pl_error *err)
{
	size_t bytes = 0;
	uint8_t *at;

	for (unsigned i = 0; i < j->n_pads; i++)
		bytes += (j->pads[i].n_cells * j->cell_bytes + 15) / 16 * 16 * j->depth;
	j->memory = at = malloc(bytes);
	if (!at)
		return pl_error_set(err, PL_ENOMEM, errno, "out of memory for joining pads");
	for (unsigned i = 0; i < j->n_pads; i++)
		for (unsigned k = 0; k < j->depth; k++) {
			j->pads[i].slots[k].cells = at;
			at += (j->pads[i].n_cells * j->cell_bytes + 15) / 16 * 16;
		}
	return 0;
}

struct pl_join *pl_join_new(const struct pl_mat_entry *entry, int64_t wait_ns, struct pl_error *err)
{
	struct pl_join *j = calloc(1, sizeof(*j));
	double frames = (double)wait_ns * 1e-9 * entry->mat.rate_hz;

	if (!j) {
		pl_error_set(err, PL_ENOMEM, errno, "out of memory for joining pads");
		return NULL;
	}
	j->n_pads = entry->n_pads;
	j->depth = DEPTH_MIN + (unsigned)fmin(frames * 1.5, 1e5);
	j->cell_bytes = pl_dtype_size(entry->mat.dtype);
	j->wait_ns = wait_ns;
	j->clock = j->reference = -1;
	for (unsigned i = 0; i < j->n_pads; i++)
		if (make_pad(j, i, entry, err)) {
			pl_join_free(j);
			return NULL;
		}
	if (make_slots(j, err)) {
		pl_join_free(j);
		return NULL;
	}
	return j;
}

void pl_join_free(struct pl_join *j)
{
	if (!j)
		return;
	for (unsigned i = 0; i < j->n_pads; i++) {
		free(j->pads[i].map);
		free(j->pads[i].slots);
	}
	free(j->memory);
	free(j);
}

/* ---- cells ---- */

#define SCATTER(type)                                                   \
	do {                                                            \
		const type *from_cells = from;                          \
		type *to_cells = to;                                    \
		for (size_t i = 0; i < p->n_cells; i++)                 \
			to_cells[p->map[i]] = from ? from_cells[i] : 0; \
	} while (0)

/* from: the pad's cells, NULL: it is missing. */
static void scatter(const struct pl_pad *p, size_t cell_bytes, const void *from, void *to)
{
	switch (cell_bytes) {
	case 1:
		SCATTER(uint8_t);
		break;
	case 2:
		SCATTER(uint16_t);
		break;
	case 4:
		SCATTER(uint32_t);
		break;
	default:
		SCATTER(uint64_t);
	}
}

void pl_join_cells(const struct pl_join *j, const struct pl_joint *joint, void *cells)
{
	for (unsigned i = 0; i < j->n_pads; i++) {
		const struct pl_pad *p = &j->pads[i];

		scatter(p, j->cell_bytes,
			joint->part[i] >= 0 ? p->slots[joint->part[i]].cells : NULL, cells);
	}
}

/* ---- what others ask ---- */

bool pl_join_begun(const struct pl_join *j)
{
	return j->begun;
}

int pl_join_clock(const struct pl_join *j)
{
	return j->begun ? j->clock : -1;
}

double pl_join_rate_hz(const struct pl_join *j, unsigned pad)
{
	return j->pads[pad].rate_hz;
}

bool pl_join_refused(const struct pl_join *j, unsigned pad)
{
	return j->pads[pad].refused;
}

const struct pl_join_counters *pl_join_counters(const struct pl_join *j, unsigned pad)
{
	return &j->pads[pad].counters;
}
