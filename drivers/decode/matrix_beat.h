/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The rhythm of frames that come one after the other: how sure it is, and where it has the next
 * frame due after one that was damaged, for the usual fault is one bad frame among good ones. Also
 * notices a rhythm that fits no frame of the description. Positions are bytes of the stream. Pure.
 */
#ifndef DRIVERS_DECODE_MATRIX_BEAT_H
#define DRIVERS_DECODE_MATRIX_BEAT_H

#include "drivers/decode/matrix_form.h"

#define PL_NOWHERE INT64_MIN

struct pl_beat {
	int64_t due;	 /* where a frame is due by the last good rhythm, or PL_NOWHERE */
	unsigned run;	 /* good frames in a row */
	unsigned missed; /* frames due and not found since */
	int64_t odd_at; /* the last mark found out of place, to notice a length that fits nothing */
	uint64_t odd_length;
	unsigned odd_n;
};

void pl_beat_reset(struct pl_beat *b);
/* A good frame; in_place: where it was due. */
void pl_beat_good(struct pl_beat *b, const struct pl_matrix_form *f, bool in_place);
/* The frame that was due at this position is none: the next is a stride behind it. */
void pl_beat_failed(struct pl_beat *b, const struct pl_matrix_form *f, int64_t at);
/* The next place from this position on where the old rhythm has a frame due. */
void pl_beat_advance(struct pl_beat *b, const struct pl_matrix_form *f, int64_t at);
/* A mark was found out of place. A device whose frames have another length than its description:
 * says so in text, it is hard to guess. */
void pl_beat_odd_mark(struct pl_beat *b, const struct pl_matrix_form *f, int64_t at,
		      struct pl_text_slot *text);

#endif
