/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Small boards send a frame in parts that fit their buffers, each with the index of its first
 * cell. The parts need not end where the frame does: one may hold the last cells of a frame and
 * the first of the next. A frame counts as whole only if its parts came one behind the other from
 * cell 0 on; whatever else happens, the picture under way is given up and the next beginning is
 * waited for.
 */
#include "drivers/decode/matrix_chunk.h"

#include <string.h>

size_t pl_assembly_bytes(const struct pl_matrix_layout *l, const struct pl_matrix_config *c)
{
	size_t size = pl_dtype_size(l->dtype);

	if (!c->chunks.cells)
		return 0;
	return size * ((size_t)c->rows * c->cols + c->chunks.cells);
}

void pl_assembly_init(struct pl_assembly *a, const struct pl_matrix_config *c,
		      const struct pl_matrix_layout *l, uint8_t *memory)
{
	*a = (struct pl_assembly){
		.c = c, .l = l, .total = (size_t)c->rows * c->cols, .cells = memory};
	a->part = memory + a->total * pl_dtype_size(l->dtype);
}

void pl_assembly_reset(struct pl_assembly *a)
{
	if (!a->total)
		return;
	a->at = a->over = 0;
	a->seen = 0;
	a->in_place = a->broken = false;
	memset(a->cells, 0, a->total * pl_dtype_size(a->l->dtype));
}

/* Pairs of cell and value: the picture as it is known by now. */
static enum pl_part add_list(struct pl_assembly *a, const uint8_t *wire)
{
	unsigned width = a->l->wire_cell_bytes;
	size_t size = pl_dtype_size(a->l->dtype);

	for (unsigned i = 0; i + 1 < a->c->chunks.cells; i += 2, wire += 2 * width)
		if (pl_wire_get(wire, width, a->c->big_endian) >= a->total)
			return PL_PART_WRONG;
	wire -= (size_t)(a->c->chunks.cells / 2) * 2 * width;
	for (unsigned i = 0; i + 1 < a->c->chunks.cells; i += 2, wire += 2 * width) {
		size_t cell = pl_wire_get(wire, width, a->c->big_endian);

		pl_matrix_unpack(a->c, a->l, wire + width, 1, a->cells + cell * size);
	}
	a->seen = a->total;
	a->over = 0;
	return PL_PART_FRAME;
}

/* Is this part where the frame under way needs one? A frame that lost one is given up. */
static void find_place(struct pl_assembly *a, size_t start)
{
	bool only_overhang = a->at < a->c->chunks.cells && start == 0;

	if (a->in_place && start == a->at)
		return;
	a->broken |= a->in_place && a->at && !only_overhang;
	a->in_place = start == 0;
	a->at = 0;
}

/* What the last part holds beyond the end of its frame begins the next one. */
static void begin_next(struct pl_assembly *a)
{
	size_t size = pl_dtype_size(a->l->dtype);

	memcpy(a->cells, a->part + (a->c->chunks.cells - a->over) * size, a->over * size);
	a->at = a->over;
	a->in_place = true;
	a->over = 0;
}

enum pl_part pl_assembly_add(struct pl_assembly *a, const uint8_t *packet)
{
	const struct pl_chunks *k = &a->c->chunks;
	uint32_t index = pl_wire_get(packet + k->index.offset, k->index.width, k->index.big_endian);
	const uint8_t *wire = packet + a->l->cells_at;
	size_t size = pl_dtype_size(a->l->dtype), start, fit;

	if (k->list_index && index == k->list_index)
		return add_list(a, wire);
	start = (size_t)(index - k->index_base) * (k->by_row ? a->c->cols : 1);
	if (index < k->index_base || index - k->index_base >= a->total || start >= a->total ||
	    !pl_matrix_plausible(a->c, a->l, wire, k->cells))
		return PL_PART_WRONG;
	find_place(a, start);
	pl_matrix_unpack(a->c, a->l, wire, k->cells, a->part);
	a->seen += k->cells;
	fit = a->total - start < k->cells ? a->total - start : k->cells;
	a->over = k->cells - fit;
	memcpy(a->cells + start * size, a->part, fit * size);
	if (a->in_place)
		a->at = start + fit;
	if (a->in_place && a->at == a->total)
		return PL_PART_FRAME;
	if (a->over) /* the end of a frame that was not whole, and the next begins */
		begin_next(a);
	return PL_PART_KEPT;
}

uint64_t pl_assembly_taken(struct pl_assembly *a, uint64_t parts_missing)
{
	uint64_t cells = a->seen - a->over + parts_missing * a->c->chunks.cells;
	uint64_t frames = (cells + a->total / 2) / a->total, lost = frames > 1 ? frames - 1 : 0;

	if (a->broken && !lost)
		lost = 1;
	a->broken = false;
	a->seen = a->over;
	begin_next(a);
	return lost;
}

size_t pl_picture_bytes(const struct pl_matrix_layout *l, const struct pl_matrix_config *c)
{
	size_t n = (size_t)l->rows * l->cols;

	return (l->permuted ? n * (sizeof(uint32_t) + pl_dtype_size(l->dtype)) : 0) +
	       pl_assembly_bytes(l, c);
}

void pl_picture_init(struct pl_picture *p, const struct pl_matrix_config *c,
		     const struct pl_matrix_layout *l, void *memory)
{
	size_t n = (size_t)l->rows * l->cols;
	uint8_t *at = memory;

	*p = (struct pl_picture){.c = c, .l = l};
	if (l->permuted) {
		p->order = memory;
		pl_matrix_order(c, p->order);
		p->scratch = at + n * sizeof(uint32_t);
		at = p->scratch + n * pl_dtype_size(l->dtype);
	}
	if (c->chunks.cells)
		pl_assembly_init(&p->parts, c, l, at);
}

enum pl_part pl_picture_add(struct pl_picture *p, const uint8_t *packet, void *cells)
{
	size_t n = (size_t)p->l->rows * p->l->cols, size = pl_dtype_size(p->l->dtype);
	const uint8_t *wire = packet + p->l->cells_at, *from = p->scratch;
	enum pl_part part = PL_PART_FRAME;

	if (p->c->chunks.cells) {
		part = pl_assembly_add(&p->parts, packet);
		from = p->parts.cells;
	} else if (!pl_matrix_plausible(p->c, p->l, wire, n)) {
		part = PL_PART_WRONG;
	} else {
		pl_matrix_unpack(p->c, p->l, wire, n, p->order ? p->scratch : cells);
	}
	if (part != PL_PART_FRAME)
		return part;
	if (p->order)
		pl_matrix_gather(cells, from, p->order, n, size);
	else if (p->c->chunks.cells)
		memcpy(cells, from, n * size);
	return part;
}
