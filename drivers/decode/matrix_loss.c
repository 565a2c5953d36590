/* SPDX-License-Identifier: Apache-2.0 */
/* Bytes become frames by rounding: a mat without a counter says no more. */
#include "drivers/decode/matrix_loss.h"

void pl_matrix_loss_init(struct pl_matrix_loss *l, const struct pl_matrix_config *c)
{
	l->seq.bits = c->seq_field.offset < 0 ? 0 : 8 * c->seq_field.width;
}

void pl_matrix_loss_reset(struct pl_matrix_loss *l, int64_t at)
{
	l->expected = at;
	l->first = true;
	l->junk = l->host_junk = 0;
	l->host_lost = l->resync = false;
	l->seq.known = false;
	l->seq_missing = 0;
}

void pl_matrix_loss_charge(struct pl_matrix_loss *l, int64_t until)
{
	if (until <= l->expected)
		return;
	*(l->host_lost ? &l->host_junk : &l->junk) += (uint64_t)(until - l->expected);
	l->expected = until;
}

static uint64_t in_frames(const struct pl_matrix_loss *l, const struct pl_matrix_form *f,
			  uint64_t bytes)
{
	/* What came before the first frame of a connection may be the rest of one. */
	return (bytes + (l->first ? 0 : f->stride / 2)) / f->stride;
}

static uint64_t by_bytes(const struct pl_matrix_loss *l, const struct pl_matrix_form *f)
{
	return in_frames(l, f, l->junk) + in_frames(l, f, l->host_junk);
}

bool pl_matrix_loss_count(struct pl_matrix_loss *l, const struct pl_matrix_form *f,
			  const uint8_t *wire, struct pl_matrix_count *count)
{
	const struct pl_field *field = &f->c.seq_field;

	*count = (struct pl_matrix_count){.step = PL_STEP_FIRST};
	if (!l->seq.bits)
		return true;
	count->step = pl_counter_step_lost(
		&l->seq, pl_wire_get(wire + field->offset, field->width, field->big_endian),
		by_bytes(l, f), &count->missing);
	l->seq_missing += count->missing;
	return count->step != PL_STEP_SAME;
}

/* Frames in parts: the parts that came and those known missing say how many frames passed. */
static void tell_parts(struct pl_matrix_loss *l, const struct pl_matrix_form *f,
		       struct pl_assembly *parts, struct pl_raw_frame *frame)
{
	uint64_t lost = pl_assembly_taken(parts, l->seq.bits ? l->seq_missing : by_bytes(l, f));

	if (l->first)
		lost = 0;
	if (l->host_lost)
		frame->lost_overrun = lost;
	else if (l->resync)
		frame->lost_corrupt = lost;
	else
		frame->lost_device = lost;
	l->seq_missing = 0;
}

void pl_matrix_loss_tell(struct pl_matrix_loss *l, const struct pl_matrix_form *f,
			 const struct pl_matrix_count *count, struct pl_assembly *parts,
			 struct pl_raw_frame *frame)
{
	uint64_t corrupt = in_frames(l, f, l->junk);

	if (f->c.chunks.cells) {
		tell_parts(l, f, parts, frame);
	} else if (count->step == PL_STEP_FORWARD && l->seq.bits) {
		pl_share_gap(frame, count->missing, l->host_lost, corrupt);
	} else {
		frame->lost_corrupt = corrupt;
		frame->lost_overrun = in_frames(l, f, l->host_junk);
	}
	frame->resync = l->resync;
	l->junk = l->host_junk = 0;
	l->host_lost = l->resync = l->first = false;
}
