/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading other people's text files strictly. The text is walked line by line; inside a line a
 * cursor moves over what was expected and nothing else. Whatever is different from what was
 * expected is refused with line, column, what should have stood there and what does: a measurement
 * is never patched up. Numbers are decimal with a point whatever the locale is, correctly rounded.
 *
 * A struct pl_text lives on its user's stack and points into text that the user owns. One thread
 * at a time; nothing here allocates.
 */
#ifndef ARCHIVE_IMPORT_TEXT_H
#define ARCHIVE_IMPORT_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <plantar/error.h>

struct pl_text {
	const char *at;		  /* the cursor, start <= at <= stop */
	const char *start, *stop; /* the line, without its LF or CR LF */
	const char *next, *end;	  /* the rest of the text */
	unsigned long line;	  /* from 1; 0 before the first */
	struct pl_error *err;
};

void pl_text_init(struct pl_text *t, const void *text, size_t n, struct pl_error *err);

/* On to the next line. false: there is none; the cursor then stands at the end of the text. */
bool pl_text_line(struct pl_text *t);
bool pl_text_line_is_blank(const struct pl_text *t);
/* Is the cursor behind everything, with no newline after it? A cut file ends like that. */
bool pl_text_at_end(const struct pl_text *t);
/* Does the text end in the middle of a line? Then its last number may have lost digits: problem
 * (if it is still "") says so. */
void pl_text_note_cut(const struct pl_text *t, char *problem, size_t cap);

/* Both fill err and return -1. expected: "line 3, column 5: expected <...>, found '7x'". */
int pl_text_expected(struct pl_text *t, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
int pl_text_fail(struct pl_text *t, enum pl_code code, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* Move over it if it is there; false leaves the cursor where it was. */
bool pl_text_char(struct pl_text *t, char c);
bool pl_text_word(struct pl_text *t, const char *word);
void pl_text_blanks(struct pl_text *t); /* spaces and tabs */

struct pl_number {
	double value;
	unsigned decimals; /* digits behind the point: the print's resolution */
};

/*
 * digits[.digits][e[+-]digits], no sign; at most 64 characters. false: no number here, the cursor
 * stays. The value is the double nearest to what is written.
 */
bool pl_text_number(struct pl_text *t, struct pl_number *number);
bool pl_text_uint(struct pl_text *t, uint64_t *value); /* up to 10^18 - 1 */
/* Does a comma and a digit follow where a number just ended? Then err says: decimal comma. */
bool pl_text_decimal_comma(struct pl_text *t);

#endif
