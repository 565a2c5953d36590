/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One frame of a mat: the raw cell values as they came, when they came, what is known to be
 * missing before them, and the live metrics computed from them. Frames live in a pool of fixed
 * size and are reference-counted, so that the recorder can keep them without a copy.
 *
 * Mat coordinates: cell (r, c) has its centre at x = (c + 0.5) pitch_col, y = (rows - r - 0.5)
 * pitch_row. Row 0 is the front edge: a screen that draws row 0 on top shows the mat from above
 * with the person facing up; x grows to the person's right, y forward; the origin is the rear
 * left corner.
 */
#ifndef PLANTAR_FRAME_H
#define PLANTAR_FRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <plantar/error.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Cell types. The names are numpy's: |u1 <u2 <i2 <i4 <u4 <f4 (and <f8, never on the wire). */
enum pl_dtype { PL_U8, PL_U16, PL_I16, PL_I32, PL_U32, PL_F32, PL_F64 };

size_t pl_dtype_size(enum pl_dtype dtype);
const char *pl_dtype_name(enum pl_dtype dtype);
int pl_dtype_parse(const char *name); /* -1 if it is none of the names above */

/* Bits of pl_frame.flags, the same in the archive's /frames/flags. */
enum pl_frame_flag {
	PL_FLAG_LOST = 1u << 0,	     /* frames are known to be missing right before this one */
	PL_FLAG_SATURATED = 1u << 1, /* at least one cell at or above the saturation count */
	PL_FLAG_DEAD = 1u << 2,	     /* cells of the dead-cell map were excluded or interpolated */
	PL_FLAG_EPOCH = 1u << 3,     /* first frame after a (re)connection */
	PL_FLAG_RESYNC = 1u << 4,    /* bytes were thrown away before this frame */
	PL_FLAG_EDGE = 1u << 5,	     /* a loaded cell on the mat's edge: a foot may be cut off */
	PL_FLAG_MARK = 1u << 6,	     /* the operator's mark fell on this frame */
	PL_FLAG_TARE = 1u << 7,	     /* first frame after the tare changed */
	/* Of mats joined of several pads (docs/mats.md): */
	PL_FLAG_PARTIAL = 1u << 8, /* the cells of at least one pad are 0: it is not there */
	PL_FLAG_HELD = 1u << 9,	   /* a pad's cells are those of the frame before: it is slower */
};

/* Which pad is missing in a PARTIAL frame: bit 16 the first source, to bit 23. */
#define PL_FLAG_PAD(i) (1u << (16 + (i)))

/* Why frames are missing. Counted per epoch, published in every header as `lost`. */
enum pl_loss {
	PL_LOSS_DEVICE,	 /* the device's own counter skipped */
	PL_LOSS_CORRUPT, /* checksum, length or sanity */
	PL_LOSS_OVERRUN, /* the reader's ring was full: the computer was too slow */
	PL_LOSS_POOL,	 /* no free frame: recorder and pool exhausted */
	PL_LOSS_CAUSES
};

const char *pl_loss_name(enum pl_loss cause); /* "device", "corrupt", "overrun", "pool" */

struct pl_pool;

struct pl_frame {
	uint64_t seq;	     /* from 0 in each epoch; jumps by the number of frames known lost */
	uint32_t epoch;	     /* counts (re)connections, from 0 */
	uint32_t flags;	     /* enum pl_frame_flag */
	int64_t t_mono_ns;   /* CLOCK_MONOTONIC of the frame's last byte */
	int64_t t_est_ns;    /* estimated sampling time on the same clock (clockfit.h) */
	int64_t t_device_ns; /* the device's own clock, unwrapped; INT64_MIN if it has none */
	int64_t device_seq;  /* the device's own counter, unwrapped; -1 if it has none */
	uint64_t lost[PL_LOSS_CAUSES]; /* frames lost so far in this epoch */
	uint16_t rows, cols;
	enum pl_dtype dtype;
	size_t cells_bytes; /* rows * cols * pl_dtype_size(dtype) */
	void *cells;	    /* row-major, row 0 first, host byte order (little endian) */
	float *metrics;	    /* pool's n_metrics values, NaN where undefined; order: metrics.h */

	struct pl_pool *pool; /* private */
	uint32_t index;	      /* private */
	uint32_t refs;	      /* private, atomic */
};

/*
 * count frames with room for cells_bytes of cells and n_metrics floats each. Free frames are
 * handed out last-in first-out, so memory that was never needed is never touched.
 */
struct pl_pool *pl_pool_new(unsigned count, size_t cells_bytes, unsigned n_metrics,
			    struct pl_error *err);
void pl_pool_free(struct pl_pool *pool); /* every frame has been released; NULL allowed */

/*
 * Any thread, lock-free. A fresh frame has one reference; NULL when all are in use. Its metrics are
 * NaN, its device clock and counter "none", cells_bytes the pool's room, all else 0; the cells are
 * whatever was there before.
 */
struct pl_frame *pl_pool_get(struct pl_pool *pool);
void pl_frame_ref(struct pl_frame *frame);
void pl_frame_unref(struct pl_frame *frame);		/* NULL allowed */
unsigned pl_pool_available(const struct pl_pool *pool); /* a snapshot */

#ifdef __cplusplus
}
#endif
#endif
