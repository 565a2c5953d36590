/* SPDX-License-Identifier: Apache-2.0 */
/* A rhythm is believed until relock_frames frames in a row were due and did not come. */
#include "drivers/decode/matrix_beat.h"

#include <stdio.h>

void pl_beat_reset(struct pl_beat *b)
{
	b->due = PL_NOWHERE;
	b->run = b->missed = 0;
	b->odd_at = PL_NOWHERE;
	b->odd_n = 0;
}

void pl_beat_good(struct pl_beat *b, const struct pl_matrix_form *f, bool in_place)
{
	b->run = in_place ? b->run + (b->run < f->c.lock_frames) : 1;
	b->missed = 0;
	b->due = PL_NOWHERE;
	b->odd_at = PL_NOWHERE;
	b->odd_n = 0;
}

/* A frame was due and did not come. After too many, the rhythm is no longer believed. */
static void miss(struct pl_beat *b, const struct pl_matrix_form *f)
{
	if (!f->mark->n || ++b->missed <= f->c.relock_frames)
		return;
	b->due = PL_NOWHERE;
	b->run = 0;
}

void pl_beat_failed(struct pl_beat *b, const struct pl_matrix_form *f, int64_t at)
{
	if (!b->run)
		return;
	b->due = at + (int64_t)f->stride;
	miss(b, f);
}

void pl_beat_advance(struct pl_beat *b, const struct pl_matrix_form *f, int64_t at)
{
	int64_t stride = (int64_t)f->stride;

	if (b->due == PL_NOWHERE || b->due >= at)
		return;
	b->due += (at - b->due + stride - 1) / stride * stride;
	miss(b, f);
}

void pl_beat_odd_mark(struct pl_beat *b, const struct pl_matrix_form *f, int64_t at,
		      struct pl_text_slot *text)
{
	uint64_t length = b->odd_at == PL_NOWHERE ? 0 : (uint64_t)(at - b->odd_at);
	char hint[160];
	int n;

	b->odd_n = length && length == b->odd_length ? b->odd_n + 1 : 1;
	b->odd_length = length;
	b->odd_at = at;
	if (b->odd_n != f->c.relock_frames || length == f->stride)
		return;
	n = snprintf(hint, sizeof(hint),
		     "frames arrive every %llu bytes, the mat file describes %zu: see rows, cols, "
		     "cell, skip_head, skip_tail",
		     (unsigned long long)length, f->stride);
	pl_text_set(text, hint, (size_t)n, false);
}
