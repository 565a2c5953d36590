/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Two ways to put ink on a sheet. cairo makes PDF and pictures. SVG is written here: cairo's own
 * turns letters into outlines whose names clash when several drawings stand in one page, and a page
 * whose numbers cannot be read by a machine or a screen reader is half a page. Every SVG text
 * carries the width it has in our font, so that another font is fitted into the same place.
 */
#include "tools/report/canvas.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <cairo.h>

#include "tools/report/font.h"

/* Red and blue of about the same lightness, told apart in grey by dashes, markers and letters. */
const struct pl_ink pl_ink_black = {0.07, 0.07, 0.08}, pl_ink_dark = {0.25, 0.25, 0.27},
		    pl_ink_grey = {0.45, 0.45, 0.47}, pl_ink_light = {0.78, 0.78, 0.80},
		    pl_ink_pale = {0.945, 0.945, 0.95}, pl_ink_white = {1, 1, 1},
		    pl_ink_left = {0.72, 0.13, 0.13}, pl_ink_right = {0.10, 0.31, 0.66},
		    pl_ink_left_pale = {0.91, 0.73, 0.71}, pl_ink_right_pale = {0.70, 0.78, 0.91},
		    pl_ink_amber = {1, 0.95, 0.80};

struct pl_canvas {
	const struct pl_font *font;
	cairo_t *cr; /* NULL: svg */
	FILE *svg;
};

static struct pl_canvas *canvas_new(const struct pl_font *font, cairo_t *cr, FILE *svg)
{
	struct pl_canvas *c = malloc(sizeof(*c));

	if (c)
		*c = (struct pl_canvas){font, cr, svg};
	return c;
}

struct pl_canvas *pl_canvas_cairo(const struct pl_font *font, cairo_t *cr)
{
	return canvas_new(font, cr, NULL);
}

struct pl_canvas *pl_canvas_svg(const struct pl_font *font, FILE *out)
{
	return canvas_new(font, NULL, out);
}

void pl_canvas_free(struct pl_canvas *c)
{
	free(c);
}

double pl_canvas_width(const struct pl_canvas *c, enum pl_weight weight, double size,
		       const char *text)
{
	return pl_font_width(c->font, weight, size, text);
}

/* ---- svg ---- */

void pl_put_xml(FILE *out, const char *text)
{
	for (const unsigned char *p = (const unsigned char *)text; *p; p++) {
		switch (*p) {
		case '&':
			fputs("&amp;", out);
			break;
		case '<':
			fputs("&lt;", out);
			break;
		case '>':
			fputs("&gt;", out);
			break;
		case '"':
			fputs("&quot;", out);
			break;
		case '\'':
			fputs("&#39;", out);
			break;
		default:
			if (*p >= 0x20 || *p == '\n' || *p == '\t')
				fputc(*p, out);
		}
	}
}

void pl_put_number(FILE *out, double value)
{
	char text[64];
	size_t n;

	if (!isfinite(value))
		value = 0;
	n = (size_t)snprintf(text, sizeof(text), "%.2f", value);
	while (text[n - 1] == '0')
		text[--n] = '\0';
	if (text[n - 1] == '.' || text[n - 1] == ',')
		text[--n] = '\0';
	fputs(strcmp(text, "-0") == 0 ? "0" : text, out);
}

static void attribute(FILE *out, const char *name, double value)
{
	fprintf(out, " %s=\"", name);
	pl_put_number(out, value);
	fputc('"', out);
}

static void put_ink(FILE *out, const char *name, const struct pl_ink *ink)
{
	if (!ink)
		fprintf(out, " %s=\"none\"", name);
	else
		fprintf(out, " %s=\"#%02x%02x%02x\"", name, (unsigned)lrint(255 * ink->r),
			(unsigned)lrint(255 * ink->g), (unsigned)lrint(255 * ink->b));
}

static void put_pen(FILE *out, const struct pl_pen *pen)
{
	if (!pen)
		return;
	put_ink(out, "stroke", &pen->ink);
	attribute(out, "stroke-width", pen->width);
	if (pen->dash == PL_DASHED)
		fprintf(out, " stroke-dasharray=\"5 2.5\"");
	else if (pen->dash == PL_DOTTED)
		fprintf(out, " stroke-dasharray=\"1.2 2\"");
}

static void svg_path(struct pl_canvas *c, const double (*xy)[2], size_t n, bool closed,
		     const struct pl_ink *fill, const struct pl_pen *pen)
{
	bool on = false;

	fputs("<path", c->svg);
	put_ink(c->svg, "fill", fill);
	put_pen(c->svg, pen);
	fputs(" stroke-linejoin=\"round\" d=\"", c->svg);
	for (size_t i = 0; i < n; i++) {
		if (isnan(xy[i][0]) || isnan(xy[i][1])) {
			on = false;
			continue;
		}
		fputc(on ? 'L' : 'M', c->svg);
		pl_put_number(c->svg, xy[i][0]);
		fputc(' ', c->svg);
		pl_put_number(c->svg, xy[i][1]);
		on = true;
	}
	fputs(closed ? "Z\"/>\n" : "\"/>\n", c->svg);
}

static void svg_text(struct pl_canvas *c, double x, double y, enum pl_weight weight, double size,
		     enum pl_anchor anchor, const struct pl_ink *ink, const char *text, bool up)
{
	static const char *const name[] = {"start", "middle", "end"};

	fputs("<text", c->svg);
	attribute(c->svg, "x", x);
	attribute(c->svg, "y", y);
	attribute(c->svg, "font-size", size);
	if (weight == PL_BOLD)
		fputs(" font-weight=\"bold\"", c->svg);
	if (anchor != PL_START)
		fprintf(c->svg, " text-anchor=\"%s\"", name[anchor]);
	if (up) {
		fputs(" transform=\"rotate(-90 ", c->svg);
		pl_put_number(c->svg, x);
		fputc(' ', c->svg);
		pl_put_number(c->svg, y);
		fputs(")\"", c->svg);
	}
	put_ink(c->svg, "fill", ink);
	attribute(c->svg, "textLength", pl_font_width(c->font, weight, size, text));
	fputs(" lengthAdjust=\"spacingAndGlyphs\">", c->svg);
	pl_put_xml(c->svg, text);
	fputs("</text>\n", c->svg);
}

/* ---- cairo ---- */

static void cairo_ink(cairo_t *cr, const struct pl_ink *ink)
{
	cairo_set_source_rgb(cr, ink->r, ink->g, ink->b);
}

static void cairo_ends(cairo_t *cr, const struct pl_ink *fill, const struct pl_pen *pen)
{
	static const double dashed[] = {5, 2.5}, dotted[] = {1.2, 2};

	if (fill) {
		cairo_ink(cr, fill);
		if (pen)
			cairo_fill_preserve(cr);
		else
			cairo_fill(cr);
	}
	if (!pen)
		return;
	cairo_ink(cr, &pen->ink);
	cairo_set_line_width(cr, pen->width);
	cairo_set_line_join(cr, CAIRO_LINE_JOIN_ROUND);
	if (pen->dash == PL_DASHED)
		cairo_set_dash(cr, dashed, 2, 0);
	else
		cairo_set_dash(cr, dotted, pen->dash == PL_DOTTED ? 2 : 0, 0);
	cairo_stroke(cr);
}

static void cairo_text(struct pl_canvas *c, double x, double y, enum pl_weight weight, double size,
		       enum pl_anchor anchor, const struct pl_ink *ink, const char *text, bool up)
{
	double width = pl_font_width(c->font, weight, size, text);
	double before = anchor == PL_START ? 0 : anchor == PL_MIDDLE ? width / 2 : width;

	cairo_save(c->cr);
	cairo_translate(c->cr, x, y);
	if (up)
		cairo_rotate(c->cr, -M_PI / 2);
	cairo_move_to(c->cr, -before, 0);
	cairo_ink(c->cr, ink);
	pl_font_set(c->font, c->cr, weight, size);
	cairo_show_text(c->cr, text);
	cairo_restore(c->cr);
	cairo_new_path(c->cr);
}

/* ---- either ---- */

void pl_draw_box(struct pl_canvas *c, double x, double y, double w, double h,
		 const struct pl_ink *fill, const struct pl_pen *line)
{
	if (c->cr) {
		cairo_rectangle(c->cr, x, y, w, h);
		cairo_ends(c->cr, fill, line);
		return;
	}
	fputs("<rect", c->svg);
	attribute(c->svg, "x", x);
	attribute(c->svg, "y", y);
	attribute(c->svg, "width", w);
	attribute(c->svg, "height", h);
	put_ink(c->svg, "fill", fill);
	put_pen(c->svg, line);
	fputs("/>\n", c->svg);
}

void pl_draw_path(struct pl_canvas *c, const double (*xy)[2], size_t n, bool closed,
		  const struct pl_ink *fill, const struct pl_pen *pen)
{
	bool on = false;

	if (!c->cr) {
		svg_path(c, xy, n, closed, fill, pen);
		return;
	}
	for (size_t i = 0; i < n; i++) {
		if (isnan(xy[i][0]) || isnan(xy[i][1])) {
			on = false;
			continue;
		}
		if (on)
			cairo_line_to(c->cr, xy[i][0], xy[i][1]);
		else
			cairo_move_to(c->cr, xy[i][0], xy[i][1]);
		on = true;
	}
	if (closed)
		cairo_close_path(c->cr);
	cairo_ends(c->cr, fill, pen);
}

void pl_draw_line(struct pl_canvas *c, double x0, double y0, double x1, double y1,
		  const struct pl_pen *pen)
{
	const double xy[2][2] = {{x0, y0}, {x1, y1}};

	pl_draw_path(c, xy, 2, false, NULL, pen);
}

void pl_draw_circle(struct pl_canvas *c, double x, double y, double r, const struct pl_ink *fill,
		    const struct pl_pen *pen)
{
	if (c->cr) {
		cairo_new_path(c->cr);
		cairo_arc(c->cr, x, y, r, 0, 2 * M_PI);
		cairo_ends(c->cr, fill, pen);
		return;
	}
	fputs("<circle", c->svg);
	attribute(c->svg, "cx", x);
	attribute(c->svg, "cy", y);
	attribute(c->svg, "r", r);
	put_ink(c->svg, "fill", fill);
	put_pen(c->svg, pen);
	fputs("/>\n", c->svg);
}

static void draw_text(struct pl_canvas *c, double x, double y, enum pl_weight weight, double size,
		      enum pl_anchor anchor, const struct pl_ink *ink, const char *text, bool up)
{
	if (!*text)
		return;
	if (c->cr)
		cairo_text(c, x, y, weight, size, anchor, ink, text, up);
	else
		svg_text(c, x, y, weight, size, anchor, ink, text, up);
}

void pl_draw_text(struct pl_canvas *c, double x, double y, enum pl_weight weight, double size,
		  enum pl_anchor anchor, const struct pl_ink *ink, const char *text)
{
	draw_text(c, x, y, weight, size, anchor, ink, text, false);
}

void pl_draw_text_up(struct pl_canvas *c, double x, double y, enum pl_weight weight, double size,
		     enum pl_anchor anchor, const struct pl_ink *ink, const char *text)
{
	draw_text(c, x, y, weight, size, anchor, ink, text, true);
}
