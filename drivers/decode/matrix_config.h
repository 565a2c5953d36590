/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How a mat that "just sends the matrix" puts it on the wire: the description that the generic
 * decoder and its encoder share. docs/mats.md explains each key with examples.
 */
#ifndef DRIVERS_DECODE_MATRIX_CONFIG_H
#define DRIVERS_DECODE_MATRIX_CONFIG_H

#include <stdbool.h>
#include <stdint.h>

#define PL_SYNC_MAX 8
#define PL_COMMAND_MAX 64
#define PL_ROW_MAP_MAX 512

enum pl_check {
	PL_CHECK_NONE,
	PL_CHECK_SUM8,
	PL_CHECK_SUM16,
	PL_CHECK_XOR8,
	PL_CHECK_CRC8,
	PL_CHECK_CRC16_CCITT,
	PL_CHECK_CRC16_MODBUS,
	PL_CHECK_CRC32
};
enum pl_wire_cell {
	PL_WIRE_U8,
	PL_WIRE_I8,
	PL_WIRE_U16,
	PL_WIRE_I16,
	PL_WIRE_U24,
	PL_WIRE_U32,
	PL_WIRE_I32,
	PL_WIRE_F32
};

struct pl_sync {
	uint8_t bytes[PL_SYNC_MAX];
	unsigned n; /* 0: not used */
};

struct pl_command {
	uint8_t bytes[PL_COMMAND_MAX];
	unsigned n;
};

struct pl_field {
	int offset;	/* bytes from the first byte of the frame (its head included); < 0: none */
	unsigned width; /* 1, 2 or 4 */
	bool big_endian;
};

/*
 * One frame on the wire:
 *	head | skip_head bytes | cells | skip_tail bytes | check | tail
 * or, with a delimiter and neither head nor tail: payload delimiter payload delimiter ...
 */
struct pl_matrix_config {
	struct pl_sync head, tail, delimiter;
	unsigned skip_head, skip_tail;
	unsigned lock_frames; /* delimiter, tail: after this many frames in a row (3) the rhythm
				 is trusted over a damaged mark */
	unsigned
		relock_frames; /* ... and no longer when this many were due and did not come (12) */
	bool confirm;	       /* head: hold each frame until the next head is seen at its place */
	struct pl_field length_field;
	uint32_t length_expected;
	struct pl_field seq_field;

	unsigned rows, cols; /* on the wire, before turning */
	enum pl_wire_cell cell;
	bool big_endian;
	uint32_t mask;	     /* 0: all bits */
	unsigned shift;	     /* right shift after the mask */
	uint32_t invert_max; /* 0: no; else value = invert_max - value */
	bool column_major;
	bool flip_x, flip_y; /* applied after row_map, before rotate */
	unsigned rotate;     /* 0, 90, 180, 270 degrees clockwise */
	unsigned row_map_n;  /* 0 or rows: delivered row i is wire row row_map[i] */
	uint16_t row_map[PL_ROW_MAP_MAX];

	enum pl_check check;
	bool check_big_endian;
	int check_from,
		check_to; /* bytes of the frame covered, [from, to); to 0: up to the check */

	struct pl_command start, stop, poll;
	unsigned poll_timeout_ms; /* ask again after this long without a frame (500) */
};

#endif
