/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What mat could have sent these bytes? A guess at the description of an unknown stream, from
 * nothing but its statistics, and the reasons for it, so that a person can judge. Every guess was
 * tried: frames and explained say what the real decoder made of the sample with it. Pure.
 */
#ifndef DRIVERS_DECODE_GUESS_H
#define DRIVERS_DECODE_GUESS_H

#include "drivers/decode/decode.h"

#define PL_GUESS_WHY_MAX 2000

struct pl_guess {
	struct pl_decoder_config config; /* of protocol "matrix" */
	uint64_t frames;		 /* that it decodes of the sample */
	double explained;		 /* share of the bytes that lie in them; 0..1 */
	bool is_text;
	char why[PL_GUESS_WHY_MAX]; /* reasons, a line each */
	size_t why_n;
};

/* PL_ENOENT when nothing repeats in them; the message says what was seen. */
int pl_guess_stream(struct pl_guess *g, const uint8_t *bytes, size_t n, struct pl_error *err);

/* How much of a stream a description explains: frames and explained are filled. */
void pl_guess_try(struct pl_guess *g, const uint8_t *bytes, size_t n);

/* The two ways, for pl_guess_stream alone. */
bool pl_guess_is_text(const uint8_t *bytes, size_t n);
bool pl_guess_text(struct pl_guess *g, const uint8_t *bytes, size_t n);
bool pl_guess_binary(struct pl_guess *g, const uint8_t *bytes, size_t n);

/* Adds a reason. */
void pl_guess_because(struct pl_guess *g, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/* Rows and cols of n values in a row: the cols for which a value is most like the one above it.
 * Returns how unlike they still are, as a share of the mean value; infinite: n has no two factors
 * that a mat would have. */
double pl_guess_sides(const uint32_t *values, size_t frames, size_t n, unsigned *rows,
		      unsigned *cols);

#endif
