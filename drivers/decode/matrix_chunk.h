/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Frames put together from parts that say where they belong. The caller finds the parts; here
 * they become frames, and parts that are missing become lost frames. Pure.
 */
#ifndef DRIVERS_DECODE_MATRIX_CHUNK_H
#define DRIVERS_DECODE_MATRIX_CHUNK_H

#include "drivers/decode/matrix_layout.h"

struct pl_assembly {
	const struct pl_matrix_config *c;
	const struct pl_matrix_layout *l;
	uint8_t *cells; /* of the frame under way, in the order of the wire */
	uint8_t *part;	/* the cells of one part */
	size_t total;	/* cells of a frame */
	size_t at;	/* so many cells of the frame under way are there */
	size_t over;	/* so many cells of the last part lie beyond its frame */
	bool in_place;	/* a frame is under way and nothing of it is missing */
	bool broken;	/* a frame was under way and lost a part */
	uint64_t seen;	/* cells since the last complete frame, its overhang included */
};

enum pl_part {
	PL_PART_KEPT,  /* the frame goes on */
	PL_PART_FRAME, /* ... is complete: cells */
	PL_PART_WRONG, /* no such place, or a value that cannot be */
};

size_t pl_assembly_bytes(const struct pl_matrix_layout *l, const struct pl_matrix_config *c);
/* memory: pl_assembly_bytes(); both configurations must outlive it. */
void pl_assembly_init(struct pl_assembly *a, const struct pl_matrix_config *c,
		      const struct pl_matrix_layout *l, uint8_t *memory);
void pl_assembly_reset(struct pl_assembly *a);
/* packet: the first byte that offsets count from. */
enum pl_part pl_assembly_add(struct pl_assembly *a, const uint8_t *packet);
/* After PL_PART_FRAME, once its cells are copied: keeps the overhang. parts_missing since the last
 * frame: how many frames were lost before this one. */
uint64_t pl_assembly_taken(struct pl_assembly *a, uint64_t parts_missing);

/* From the bytes of a frame, or of a part of one, to the cells as they are delivered. */
struct pl_picture {
	const struct pl_matrix_config *c;
	const struct pl_matrix_layout *l;
	uint32_t *order; /* NULL: as it comes */
	uint8_t *scratch;
	struct pl_assembly parts;
};

size_t pl_picture_bytes(const struct pl_matrix_layout *l, const struct pl_matrix_config *c);
/* memory: pl_picture_bytes(), aligned; both configurations must outlive it. */
void pl_picture_init(struct pl_picture *p, const struct pl_matrix_config *c,
		     const struct pl_matrix_layout *l, void *memory);
/* PL_PART_FRAME: cells are filled. */
enum pl_part pl_picture_add(struct pl_picture *p, const uint8_t *packet, void *cells);

#endif
