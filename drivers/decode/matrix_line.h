/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A line of a mat that prints numbers, byte by byte: numbers become cells at once, whatever else is
 * in it is kept to be recognised as a word, or to be shown. Pure.
 */
#ifndef DRIVERS_DECODE_MATRIX_LINE_H
#define DRIVERS_DECODE_MATRIX_LINE_H

#include <string.h>

#include "drivers/decode/matrix_layout.h"

#define PL_LINE_OTHER_MAX 96

struct pl_text_line {
	const struct pl_matrix_config *c;
	enum pl_dtype dtype; /* of a cell as delivered */
	size_t total;	     /* cells of a frame */
	const uint32_t *to;  /* where cell i of the wire is delivered; NULL: as it comes */
	uint8_t *cells;	     /* of the frame under way */
	uint8_t class[256];

	/* the line under way */
	struct {
		uint32_t value, divisor;
		unsigned digits; /* 0: between numbers */
		bool negative, fraction;
	} number;
	size_t at; /* the cell of its first number */
	size_t numbers;
	uint32_t index; /* the first number, where that is one */
	bool bad, prefixed;
	char other[PL_LINE_OTHER_MAX]; /* from where it is no number on */
	size_t other_n;
};

/* c, to and cells must outlive it; the rest is cleared. */
void pl_text_line_init(struct pl_text_line *l, const struct pl_matrix_config *c,
		       enum pl_dtype dtype, const uint32_t *to, uint8_t *cells);
/* Takes bytes up to the end of the line, or all. True: it is complete, its newline taken. */
bool pl_text_line_feed(struct pl_text_line *l, const uint8_t *bytes, size_t n, size_t at,
		       size_t *used);
static inline void pl_text_line_begin(struct pl_text_line *l)
{
	l->number.digits = 0;
	l->numbers = l->other_n = 0;
	l->bad = l->prefixed = false;
}

/* Nothing is in it. */
static inline bool pl_text_line_empty(const struct pl_text_line *l)
{
	return !l->numbers && !l->other_n && !l->bad && !l->prefixed;
}

/* Is it this word and nothing else? word "": no. */
static inline bool pl_text_line_is(const struct pl_text_line *l, const char *word)
{
	return l->other_n && !l->numbers && strlen(word) == l->other_n &&
	       !memcmp(l->other, word, l->other_n);
}

#endif
