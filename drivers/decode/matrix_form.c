/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A mark that ends frames (tail alone, or a delimiter) begins the next, so it is treated as a head
 * that two frames share; the start of the stream counts as the first of them. Where one byte is
 * all that would speak for it, the start counts for nothing: a cell may show that byte for minutes.
 */
#include "drivers/decode/matrix_form.h"

#include <stdio.h>
#include <string.h>

#define EVIDENCE_BITS 32
#define AHEAD_MAX 8
#define LOCK_FRAMES 3
#define RELOCK_FRAMES 12

/* How many further marks make a find out of place believable. */
static unsigned marks_ahead(const struct pl_matrix_form *f)
{
	unsigned own = f->mark->n + (f->shared ? f->mark->n : f->c.tail.n) + f->l.check_width +
		       pl_matrix_told_bytes(&f->c);
	unsigned bits = 8 * own, each = 8 * f->mark->n;

	if (!each || bits >= EVIDENCE_BITS)
		return 0;
	bits = (EVIDENCE_BITS - bits + each - 1) / each;
	return bits < AHEAD_MAX ? bits : AHEAD_MAX;
}

int pl_matrix_form_init(struct pl_matrix_form *f, const struct pl_decoder_config *config,
			struct pl_error *err)
{
	struct pl_matrix_config *c = &f->c;
	unsigned checks;

	*c = config->matrix;
	if (pl_matrix_layout(&f->l, c, err) || pl_matrix_fits(config, &f->l, err))
		return -1;
	f->shared = !c->head.n && pl_matrix_tail(c)->n;
	f->mark = f->shared ? pl_matrix_tail(c) : &c->head;
	f->lead = f->shared ? f->mark->n : 0;
	f->stride = f->l.frame_bytes;
	f->span = f->lead + f->stride;
	f->ahead = marks_ahead(f);
	f->proven = f->shared || c->confirm || c->tail.n + f->l.check_width >= 2;
	checks = (f->shared ? 0 : c->tail.n) + pl_matrix_told_bytes(c);
	f->two_marks = pl_matrix_by_mark(c);
	f->doubtful = !c->poll.n && f->mark->n + checks + f->l.check_width < 2;
	if (!c->lock_frames)
		c->lock_frames = LOCK_FRAMES;
	if (!c->relock_frames)
		c->relock_frames = RELOCK_FRAMES;
	return 0;
}

size_t pl_matrix_form_reach(const struct pl_matrix_form *f)
{
	unsigned ahead = f->ahead > f->c.confirm ? f->ahead : f->c.confirm;
	size_t marks = ahead * f->stride + f->mark->n;

	return f->span > marks ? f->span : marks;
}

/* Is every mark there that must follow a find? */
static enum pl_verdict marks_follow(const struct pl_matrix_form *f, const uint8_t *bytes, size_t n,
				    unsigned ahead, size_t *need)
{
	for (unsigned k = 1; k <= ahead; k++) {
		size_t at = k * f->stride;

		if (n < at + f->mark->n) {
			*need = at + f->mark->n;
			return PL_FORM_LACKING;
		}
		if (memcmp(bytes + at, f->mark->bytes, f->mark->n))
			return PL_FORM_BAD_LENGTH;
	}
	return PL_FORM_GOOD;
}

static bool second_mark(const struct pl_matrix_form *f, const uint8_t *bytes)
{
	size_t n = f->stride + f->mark->n - 2;

	if (n > f->span - 1)
		n = f->span - 1;
	return memmem(bytes + 1, n, f->mark->bytes, f->mark->n);
}

static bool check_right(const struct pl_matrix_form *f, const uint8_t *frame)
{
	const struct pl_matrix_layout *l = &f->l;

	return pl_matrix_checksum(f->c.check, frame + l->check_from, l->check_to - l->check_from) ==
	       pl_wire_get(frame + l->check_at, l->check_width, f->c.check_big_endian);
}

enum pl_verdict pl_matrix_form_judge(const struct pl_matrix_form *f, const uint8_t *bytes, size_t n,
				     bool due, size_t *need)
{
	const struct pl_matrix_config *c = &f->c;
	const struct pl_sync *tail = pl_matrix_tail(c);
	const uint8_t *frame = bytes + f->lead;
	unsigned ahead = due || f->ahead < c->confirm ? c->confirm : f->ahead;
	enum pl_verdict v;

	if (!f->shared && f->mark->n) {
		*need = f->mark->n;
		if (n < f->mark->n)
			return PL_FORM_LACKING;
		if (memcmp(frame, f->mark->bytes, f->mark->n))
			return PL_FORM_BAD_PLACE;
	}
	*need = f->span;
	if (n < f->span)
		return PL_FORM_LACKING;
	if (memcmp(frame + f->l.tail_at, tail->bytes, tail->n))
		return PL_FORM_BAD_PLACE;
	if (c->length_field.offset >= 0 &&
	    pl_wire_get(frame + c->length_field.offset, c->length_field.width,
			c->length_field.big_endian) != c->length_expected)
		return PL_FORM_BAD_LENGTH;
	if (!pl_matrix_dims_right(c, frame))
		return PL_FORM_BAD_SIZE;
	v = marks_follow(f, bytes, n, ahead, need);
	if (v != PL_FORM_GOOD)
		return v;
	if (!due && f->two_marks && second_mark(f, bytes))
		return PL_FORM_BAD_SANITY;
	/* A find is as good as its checks: those of the frames up to the last mark count, too. */
	for (unsigned k = 0; c->check && k < (due || !ahead ? 1 : ahead); k++)
		if (!check_right(f, frame + k * f->stride))
			return PL_FORM_BAD_CHECKSUM;
	return PL_FORM_GOOD;
}

void pl_matrix_form_tell_size(const struct pl_matrix_form *f, const uint8_t *frame,
			      struct pl_text_slot *text)
{
	const struct pl_field *d = &f->c.dims;
	unsigned rows = pl_wire_get(frame + d->offset, d->width, d->big_endian);
	unsigned cols = pl_wire_get(frame + d->offset + d->width, d->width, d->big_endian);
	char hint[160];
	int n;

	if (!rows || !cols || rows > PL_ROW_MAP_MAX || cols > PL_ROW_MAP_MAX)
		return;
	n = snprintf(hint, sizeof(hint),
		     "the device says it has %u rows and %u cols, the mat file describes %u and %u",
		     rows, cols, f->c.rows, f->c.cols);
	pl_text_set(text, hint, (size_t)n, false);
}
