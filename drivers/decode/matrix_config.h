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
	unsigned width; /* 1, 2 or 4; 0: none */
	bool big_endian;
};

/* How bytes that would look like a mark are kept out of a frame. */
enum pl_escape { PL_ESCAPE_NONE, PL_ESCAPE_SLIP, PL_ESCAPE_COBS, PL_ESCAPE_TABLE };

/* PL_ESCAPE_TABLE: mark, then code[i], stands for byte[i]. */
struct pl_escape_table {
	uint8_t mark;
	unsigned n;
	uint8_t code[PL_SYNC_MAX], byte[PL_SYNC_MAX];
};

/*
 * A frame in parts, each with the place where it belongs. index: the first cell (or row) of the
 * part, index_base added by the device. A part that goes on behind the last cell begins the next
 * frame. list_index: a part with this index holds pairs of cell and value instead.
 */
struct pl_chunks {
	unsigned cells; /* in one part; 0: frames come whole */
	bool by_row;
	struct pl_field index;
	uint32_t index_base;
	uint32_t list_index; /* 0: none */
};

/* A cell as two digits of this base, the higher first, offset added to each; base 0: no. */
struct pl_digits {
	unsigned base, offset;
};

/* What one line of a text holds. */
enum pl_line { PL_LINE_NONE, PL_LINE_ROW, PL_LINE_FRAME, PL_LINE_CELL, PL_LINE_INDEX };

#define PL_WORD_MAX 15

struct pl_text_lines {
	enum pl_line line;				   /* PL_LINE_NONE: the mat is not a text */
	char begin[PL_WORD_MAX + 1], end[PL_WORD_MAX + 1]; /* lines around a frame; "" none */
	char prefix[PL_WORD_MAX + 1];			   /* first word of each line of cells */
	bool blank;					   /* an empty line ends a frame */
	bool skip_other;  /* lines that are no cells are ignored, not a fault */
	unsigned idle_ms; /* silence of so long lies between frames; 0: no matter */
	bool runs_on;	  /* ... only before the first: a board that starts when it is opened */
	char separators[9];
};

/*
 * One frame on the wire, or one part of it (chunks):
 *	head | skip_head bytes | cells | skip_tail bytes | check | tail
 * or, with a delimiter and neither head nor tail: payload delimiter payload delimiter ...
 * or, escaped: all between head and tail, offsets from the first byte behind the head
 * or, as text: lines of numbers.
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
	struct pl_field dims; /* the device says its rows, then its cols, each so wide */
	enum pl_escape escape;
	struct pl_escape_table table;
	struct pl_chunks chunks;
	struct pl_text_lines text;

	unsigned rows, cols; /* on the wire, before turning */
	enum pl_wire_cell cell;
	bool big_endian;
	uint32_t mask;	     /* 0: all bits */
	unsigned shift;	     /* right shift after the mask */
	uint32_t invert_max; /* 0: no; else value = invert_max - value */
	uint32_t cell_max; /* 0: no; else a frame with a larger value (before inversion) is refused
			    */
	struct pl_digits digits;
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
	unsigned poll_timeout_ms; /* ask again after this long without a byte (500) */
	unsigned poll_quiet_ms;	  /* after an answer, before the next poll: what comes then is
				     surplus */
};

#endif
