/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Small .lst and .asf files made up for tests, and ways to damage them. Cell (r, c) of frame f has
 * foreign_kpa(r, c, f) kPa, a multiple of 5 as an emed platform prints them.
 */
#ifndef TESTS_FOREIGN_TEXT_H
#define TESTS_FOREIGN_TEXT_H

#include <stddef.h>

struct text {
	char *s; /* malloced, NUL-terminated */
	size_t n;
};

double foreign_kpa(unsigned r, unsigned c, unsigned f);
struct text foreign_lst(unsigned rows, unsigned cols, unsigned frames);
/* The cells of foreign_kpa as whole numbers, except corners: there is no cell (B). */
struct text foreign_asf(unsigned rows, unsigned cols, unsigned frames);

void text_free(struct text *t);
void text_append(struct text *t, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
struct text text_copy(const struct text *t);
struct text text_crlf(const struct text *t);
/* A copy with the nth (from 1) occurrence of old replaced; fails the test if there is none. */
struct text text_edit(const struct text *t, const char *old, unsigned nth, const char *new_text);
/* A copy without line (from 1), or with another in its place. */
struct text text_line(const struct text *t, unsigned line, const char *instead);

/* The whole of a file; s NULL if it cannot be read. Write one. */
struct text text_read(const char *path);
void text_write(const struct text *t, const char *path);

#endif
