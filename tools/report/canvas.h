/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A sheet to draw on, in points (1/72 inch), y downwards. The same drawing goes to a PDF or a
 * picture through cairo, or becomes SVG text with real letters in it. Both measure text with the
 * same font, so what fits on one fits on the other. Nothing here allocates per call, and nothing
 * fails: a canvas whose target fails says so at its end.
 */
#ifndef REPORT_CANVAS_H
#define REPORT_CANVAS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include <plantar/error.h>

/* 0 to 1 */
struct pl_ink {
	double r, g, b;
};

extern const struct pl_ink pl_ink_black, pl_ink_dark, pl_ink_grey, pl_ink_light, pl_ink_pale,
	pl_ink_white, pl_ink_left, pl_ink_right, pl_ink_left_pale, pl_ink_right_pale, pl_ink_amber;

enum pl_dash { PL_SOLID, PL_DASHED, PL_DOTTED };
struct pl_pen {
	struct pl_ink ink;
	double width;
	enum pl_dash dash;
};

enum pl_weight { PL_REGULAR, PL_BOLD, PL_WEIGHTS };
enum pl_anchor { PL_START, PL_MIDDLE, PL_END }; /* where x is in the text */

/* ---- font ---- */

struct pl_font;
/* path NULL: the one found when this was built, or the first of the usual places. Its bold sibling
 * (NAME-Bold.ttf beside it) is taken where there is one. NULL and err. */
struct pl_font *pl_font_open(const char *path, struct pl_error *err);
void pl_font_close(struct pl_font *font); /* NULL allowed */
double pl_font_width(const struct pl_font *font, enum pl_weight weight, double size,
		     const char *text);

/* ---- canvas ---- */

struct pl_canvas;
struct _cairo;
struct pl_canvas *pl_canvas_cairo(const struct pl_font *font, struct _cairo *cr);
/* Writes elements, without <svg> around them. */
struct pl_canvas *pl_canvas_svg(const struct pl_font *font, FILE *out);
void pl_canvas_free(struct pl_canvas *c);
double pl_canvas_width(const struct pl_canvas *c, enum pl_weight weight, double size,
		       const char *text);

void pl_draw_box(struct pl_canvas *c, double x, double y, double w, double h,
		 const struct pl_ink *fill, const struct pl_pen *line); /* either may be NULL */
void pl_draw_line(struct pl_canvas *c, double x0, double y0, double x1, double y1,
		  const struct pl_pen *pen);
/* n points x, y; NaN in one breaks the line. closed: the last is joined to the first. */
void pl_draw_path(struct pl_canvas *c, const double (*xy)[2], size_t n, bool closed,
		  const struct pl_ink *fill, const struct pl_pen *pen);
void pl_draw_circle(struct pl_canvas *c, double x, double y, double r, const struct pl_ink *fill,
		    const struct pl_pen *pen);
/* y: the baseline. */
void pl_draw_text(struct pl_canvas *c, double x, double y, enum pl_weight weight, double size,
		  enum pl_anchor anchor, const struct pl_ink *ink, const char *text);
/* The same, turned a quarter to the left: upwards. */
void pl_draw_text_up(struct pl_canvas *c, double x, double y, enum pl_weight weight, double size,
		     enum pl_anchor anchor, const struct pl_ink *ink, const char *text);

/* Text for XML: & < > and quotes. */
void pl_put_xml(FILE *out, const char *text);
/* At most two decimals, no trailing zeros. */
void pl_put_number(FILE *out, double value);

#endif
