/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a frame of a matrix mat looks like from outside, and when bytes are believed to be one.
 * Where a frame is due its own marks, length and check have to be right; anywhere else they must
 * be evidence of EVIDENCE_BITS, together with the marks that follow at the right distance. Knows
 * nothing of where in a stream the bytes stand. Pure.
 */
#ifndef DRIVERS_DECODE_MATRIX_FORM_H
#define DRIVERS_DECODE_MATRIX_FORM_H

#include "drivers/decode/protocols.h"

struct pl_matrix_form {
	struct pl_matrix_config c;
	struct pl_matrix_layout l;
	const struct pl_sync *mark; /* begins a frame: the head, or the mark two frames share */
	bool shared;
	bool proven;	/* a frame's end is sure: by 16 bits of tail and check, or the next head */
	bool two_marks; /* a second mark inside makes a find doubtful */
	bool doubtful;	/* the start of a stream is no evidence: a byte alone would be believed */
	size_t lead;	/* bytes of a shared mark before the frame proper */
	size_t stride;	/* from one frame to the next */
	size_t span;	/* bytes to look at: lead and frame */
	unsigned ahead; /* marks that must follow a find, one stride apart */
};

enum pl_verdict {
	PL_FORM_GOOD,
	PL_FORM_LACKING, /* more bytes are needed */
	PL_FORM_BAD_PLACE,
	PL_FORM_BAD_LENGTH,
	PL_FORM_BAD_SIZE, /* the device says other rows and columns */
	PL_FORM_BAD_CHECKSUM,
	PL_FORM_BAD_SANITY,
};

/* Everything that follows from the description. It points into itself: not to be copied. */
int pl_matrix_form_init(struct pl_matrix_form *f, const struct pl_decoder_config *config,
			struct pl_error *err);

/* The most bytes a judgement looks at. */
size_t pl_matrix_form_reach(const struct pl_matrix_form *f);

/* May the n bytes (lead included) begin with a frame? due: one is expected here. *need, for
 * PL_FORM_LACKING: so many bytes there must be before it is worth asking again. */
enum pl_verdict pl_matrix_form_judge(const struct pl_matrix_form *f, const uint8_t *bytes, size_t n,
				     bool due, size_t *need);

/* A device that says another size than its description: its owner has to know both. */
void pl_matrix_form_tell_size(const struct pl_matrix_form *f, const uint8_t *frame,
			      struct pl_text_slot *text);

#endif
