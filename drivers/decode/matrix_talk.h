/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is said to a matrix mat: the start command once after opening, then a poll for each frame,
 * again when it is not answered. The three ways of reading such a mat share it. Pure.
 */
#ifndef DRIVERS_DECODE_MATRIX_TALK_H
#define DRIVERS_DECODE_MATRIX_TALK_H

#include "drivers/decode/decode.h"

struct pl_talk {
	bool started, asked;
	bool expired;		   /* a poll was not answered in time */
	int64_t heard_ns, free_ns; /* a byte last came, or was asked for; the next poll is due */
};

void pl_talk_reset(struct pl_talk *t);
/* Bytes came. True: the last poll had expired, what came before of its answer is worth nothing. */
bool pl_talk_heard(struct pl_talk *t, const struct pl_matrix_config *c, int64_t now_ns);
/* The answer is complete. */
void pl_talk_answered(struct pl_talk *t, const struct pl_matrix_config *c, int64_t now_ns);
/* Has a frame come, and nothing been asked for since? Then what comes belongs to no frame. */
bool pl_talk_surplus(const struct pl_talk *t, const struct pl_matrix_config *c);
/* True: a poll goes out, so an answer begins. */
bool pl_talk_tick(struct pl_talk *t, const struct pl_matrix_config *c, int64_t now_ns,
		  struct pl_tx *tx, int64_t *deadline_ns);
void pl_talk_stop(const struct pl_matrix_config *c, struct pl_tx *tx);

#endif
