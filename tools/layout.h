/* SPDX-License-Identifier: Apache-2.0 */
/* Tables that fit a terminal: text wrapped, figures under headings, digits that say something. */
#ifndef TOOLS_LAYOUT_H
#define TOOLS_LAYOUT_H

#include <stdio.h>

#include <jansson.h>

#define PL_WIDTH 96 /* columns that a line of text takes at most */

/* text after before, broken at blanks so that no line is wider than PL_WIDTH unless a word is;
 * further lines are indented by indent. Ends the line. */
void pl_wrapped(FILE *out, const char *before, const char *text, int indent);

/*
 * Figures with points in their names stand under a heading: "standing.load, left" over "heel_pct".
 * Prints the heading where it differs from last (128 bytes, "" at first), and the rest of the name
 * in width columns; a rest that is wider gets a line of its own.
 */
void pl_figure_name(FILE *out, const json_t *figure, char *last, int width);

/* A standard deviation or a difference beside values of the size of mean, with three digits; 0
 * where it is nothing but rounding. "-" for what is no number. buf of 32 bytes is enough. */
const char *pl_figure_scatter(const json_t *value, const json_t *mean, char *buf);

#endif
