/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What follows from a matrix description: where each part of a frame lies, whether the
 * description can be at all, and which cell on the wire each delivered cell is. The decoder and
 * the encoder both build on it, so that they cannot disagree. Pure; no allocation.
 */
#ifndef DRIVERS_DECODE_MATRIX_LAYOUT_H
#define DRIVERS_DECODE_MATRIX_LAYOUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <plantar/error.h>
#include <plantar/frame.h>

#include "drivers/decode/matrix_config.h"

/* Offsets are bytes from the first byte of the frame: of its head, or of a delimiter's payload. */
struct pl_matrix_layout {
	size_t cells_at, cells_bytes; /* on the wire; of one part, if frames come in parts */
	size_t cells_n;		      /* ... so many */
	size_t check_at;
	unsigned check_width;
	size_t check_from, check_to; /* what the check covers */
	size_t tail_at;		     /* the tail, or the delimiter after the payload */
	size_t frame_bytes;	     /* all of it: the distance from one frame to the next */
	unsigned wire_cell_bytes;
	unsigned rows, cols; /* as delivered, after turning */
	enum pl_dtype dtype; /* as delivered */
	bool permuted;	     /* delivered order differs from the order on the wire */
};

/* PL_ECONFIG when the description cannot be; the message starts with the key that is wrong. */
int pl_matrix_layout(struct pl_matrix_layout *l, const struct pl_matrix_config *c,
		     struct pl_error *err);

/* The mark that ends a frame: tail, or delimiter, or none (n 0). */
const struct pl_sync *pl_matrix_tail(const struct pl_matrix_config *c);

/* Frames that nothing marks: the answers of a polled mat. */
bool pl_matrix_unmarked(const struct pl_matrix_config *c);

/* Bytes of a frame that must hold what the description says: length, sizes. */
unsigned pl_matrix_told_bytes(const struct pl_matrix_config *c);

/* Little but its mark speaks for a frame: then a second mark inside makes it doubtful. */
bool pl_matrix_by_mark(const struct pl_matrix_config *c);

/* from[i]: which cell on the wire is delivered cell i; rows*cols entries, for a checked c. */
void pl_matrix_order(const struct pl_matrix_config *c, uint32_t *from);

/* The type that holds every value of a cell on the wire. */
enum pl_dtype pl_wire_dtype(enum pl_wire_cell cell);

/* The checksum of n bytes by this rule, in its low bits. */
uint32_t pl_matrix_checksum(enum pl_check check, const uint8_t *bytes, size_t n);

/* Integers of 1 to 4 bytes, either way round. */
uint32_t pl_wire_get(const uint8_t *at, unsigned width, bool big_endian);
void pl_wire_put(uint8_t *at, unsigned width, bool big_endian, uint32_t value);

/*
 * n cells in the order of the wire, without turning: bytes of the wire to host values
 * of l->dtype and back. Back is exact for values that the forward way can make; others are
 * clipped.
 */
void pl_matrix_unpack(const struct pl_matrix_config *c, const struct pl_matrix_layout *l,
		      const uint8_t *wire, size_t n, void *cells);
void pl_matrix_pack(const struct pl_matrix_config *c, const struct pl_matrix_layout *l,
		    const void *cells, size_t n, uint8_t *wire);

/* May the n cells be what a mat of this description measured? (digits, cell_max, numbers) */
bool pl_matrix_plausible(const struct pl_matrix_config *c, const struct pl_matrix_layout *l,
			 const uint8_t *wire, size_t n);

/* A cell's bits on the wire to its value, and the number a text says; for unsigned cells. */
uint32_t pl_matrix_forward(const struct pl_matrix_config *c, uint32_t v);
uint32_t pl_matrix_backward(const struct pl_matrix_config *c, uint32_t v);

/* One part of rules: what chunks, escapes and texts allow and need. */
int pl_matrix_check_modes(const struct pl_matrix_config *c, struct pl_error *err);

/* Where rows and cols that the device says lie, and whether they are those of c. */
bool pl_matrix_dims_right(const struct pl_matrix_config *c, const uint8_t *frame);

/* to[i] = cells[from[i]], and to[from[i]] = cells[i]; cells of size 1, 2 or 4 bytes. */
void pl_matrix_gather(void *to, const void *cells, const uint32_t *from, size_t n, size_t size);
void pl_matrix_scatter(void *to, const void *cells, const uint32_t *from, size_t n, size_t size);

#endif
