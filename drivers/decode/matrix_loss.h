/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What was lost between two frames of a matrix mat, and on whose account: by the bytes that belong
 * to no frame, by the device's counter where it has one, by missing parts where frames come in
 * parts. Positions are bytes of the stream. Pure.
 */
#ifndef DRIVERS_DECODE_MATRIX_LOSS_H
#define DRIVERS_DECODE_MATRIX_LOSS_H

#include "drivers/decode/matrix_chunk.h"
#include "drivers/decode/matrix_form.h"

struct pl_matrix_loss {
	bool first;		  /* no frame since reset */
	int64_t expected;	  /* end of the last frame, as a position */
	uint64_t junk, host_junk; /* bytes lost since the last frame: corrupt; by the host */
	bool host_lost, resync;
	struct pl_counter seq;
	uint64_t seq_missing; /* parts missing by their counter since the last frame */
};

void pl_matrix_loss_init(struct pl_matrix_loss *l, const struct pl_matrix_config *c);
void pl_matrix_loss_reset(struct pl_matrix_loss *l, int64_t at);
/* Bytes between the last frame and this position belong to no frame. */
void pl_matrix_loss_charge(struct pl_matrix_loss *l, int64_t until);

/* What the device's counter says of a frame, or a part of one. */
struct pl_matrix_count {
	enum pl_step step;
	uint64_t missing;
};
/* False: it came twice. */
bool pl_matrix_loss_count(struct pl_matrix_loss *l, const struct pl_matrix_form *f,
			  const uint8_t *wire, struct pl_matrix_count *count);
/* A frame is complete: writes to it what was lost before it, and begins anew. */
void pl_matrix_loss_tell(struct pl_matrix_loss *l, const struct pl_matrix_form *f,
			 const struct pl_matrix_count *count, struct pl_assembly *parts,
			 struct pl_raw_frame *frame);

#endif
