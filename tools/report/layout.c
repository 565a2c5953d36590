/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Blocks on pages of A4. The flow is run once without ink to count the pages and once more for each
 * page that is wanted: what decides where a block goes is the same code both times. A heading stays
 * with what follows it; a figure is never divided; a table goes on on the next page under its own
 * head.
 */
#include <math.h>
#include <string.h>

#include "tools/report/doc.h"
#include "tools/report/wrap.h"

#define LEFT 42.0
#define RIGHT (PL_PAGE_W - 42.0)
#define TOP 58.0
#define BOTTOM (PL_PAGE_H - 52.0)
#define WIDTH (RIGHT - LEFT)
#define BODY 8.6
#define SMALL 7.2
#define CELL 7.6
#define ROW_PAD 1.1
#define COLUMN_GAP 7.0
#define TEXT_LEAST 44.0 /* no column of texts becomes narrower */
#define FIGURE_GAP 14.0
#define HEADING_KEEPS 70.0 /* what must follow on the same page */
#define GROUP_KEEPS 30.0   /* the same below a heading within a table */

struct flow {
	const struct pl_doc *doc;
	const struct pl_font *font;
	struct pl_canvas *canvas; /* of the page that is wanted */
	unsigned wanted, page;
	double y;
};

static struct pl_canvas *ink(const struct flow *f)
{
	return f->page == f->wanted ? f->canvas : NULL;
}

static struct pl_wrap wrap(const struct flow *f, enum pl_weight weight, double size, double width,
			   const struct pl_ink *color)
{
	return (struct pl_wrap){.font = f->font,
				.weight = weight,
				.size = size,
				.width = width,
				.leading = 1.35 * size,
				.ink = color};
}

static void new_page(struct flow *f)
{
	f->page++;
	f->y = TOP;
}

/* Goes to a new page unless there is room, or the page is empty anyway. */
static void need(struct flow *f, double height)
{
	if (f->y > TOP && f->y + height > BOTTOM)
		new_page(f);
}

/* ---- texts ---- */

static void put_title(struct flow *f, const char *text)
{
	struct pl_wrap w = wrap(f, PL_BOLD, 15, WIDTH, &pl_ink_black);

	f->y += pl_wrap_draw(&w, ink(f), LEFT, f->y, PL_START, text) + 4;
}

static void put_heading(struct flow *f, const char *text, const struct pl_block *next)
{
	struct pl_wrap w = wrap(f, PL_BOLD, 11.5, WIDTH, &pl_ink_black);
	const struct pl_pen rule = {pl_ink_light, 0.7, PL_SOLID};

	need(f,
	     next && next->kind == PL_BLOCK_FIGURE ? HEADING_KEEPS + next->height : HEADING_KEEPS);
	f->y += f->y > TOP ? 8 : 0;
	f->y += pl_wrap_draw(&w, ink(f), LEFT, f->y, PL_START, text) + 1.5;
	if (ink(f))
		pl_draw_line(ink(f), LEFT, f->y, RIGHT, f->y, &rule);
	f->y += 6;
}

static void put_text(struct flow *f, const char *text, double size, const struct pl_ink *color)
{
	struct pl_wrap w = wrap(f, PL_REGULAR, size, WIDTH, color);

	need(f, pl_wrap_draw(&w, NULL, LEFT, f->y, PL_START, text));
	f->y += pl_wrap_draw(&w, ink(f), LEFT, f->y, PL_START, text) + 4;
}

static void put_warning(struct flow *f, const char *text)
{
	struct pl_wrap w = wrap(f, PL_BOLD, BODY, WIDTH - 20, &pl_ink_black);
	const struct pl_pen edge = {pl_ink_dark, 0.8, PL_SOLID};
	double height = pl_wrap_draw(&w, NULL, LEFT, f->y, PL_START, text) + 10;

	need(f, height + 6);
	if (ink(f))
		pl_draw_box(ink(f), LEFT, f->y, WIDTH, height, &pl_ink_amber, &edge);
	pl_wrap_draw(&w, ink(f), LEFT + 10, f->y + 5, PL_START, text);
	f->y += height + 6;
}

/* ---- facts ---- */

static double fact(struct flow *f, const struct pl_block *b, size_t i, double x, bool draw)
{
	struct pl_wrap name = wrap(f, PL_REGULAR, CELL, 72, &pl_ink_grey);
	struct pl_wrap value = wrap(f, PL_REGULAR, CELL + 0.2, WIDTH / 2 - 78, &pl_ink_black);
	double h, v;

	if (i >= b->rows)
		return 0;
	h = pl_wrap_draw(&name, draw ? ink(f) : NULL, x, f->y, PL_START, b->cell[2 * i]);
	v = pl_wrap_draw(&value, draw ? ink(f) : NULL, x + 75, f->y, PL_START, b->cell[2 * i + 1]);
	return fmax(h, v);
}

/* Down the left half, then down the right one. */
static void put_facts(struct flow *f, const struct pl_block *b)
{
	size_t half = (b->rows + 1) / 2;

	for (size_t i = 0; i < half; i++) {
		double h = fmax(fact(f, b, i, LEFT, false),
				fact(f, b, half + i, LEFT + WIDTH / 2, false));

		need(f, h);
		fact(f, b, i, LEFT, true);
		fact(f, b, half + i, LEFT + WIDTH / 2, true);
		f->y += h + 1.5;
	}
	f->y += 5;
}

/* ---- tables ---- */

/* A row whose first cell alone is filled is a heading within the table. */
static bool is_group(const struct pl_block *b, size_t row)
{
	for (size_t k = 1; k < b->columns; k++)
		if (*b->cell[row * b->columns + k])
			return false;
	return true;
}

/* Of its widest line. */
static double text_width(const struct flow *f, const char *text)
{
	double widest = 0;
	char line[512];

	while (*text) {
		size_t n = strcspn(text, "\n");

		snprintf(line, sizeof(line), "%.*s", (int)n, text);
		widest = fmax(widest, pl_font_width(f->font, PL_REGULAR, CELL, line));
		text += n + (text[n] == '\n');
	}
	return widest;
}

static double cell_width(const struct flow *f, const struct pl_block *b, size_t column)
{
	double widest = pl_font_width(f->font, PL_BOLD, CELL - 0.4, b->column[column].head);

	for (size_t r = 0; r < b->rows; r++)
		if (!is_group(b, r))
			widest = fmax(widest, text_width(f, b->cell[r * b->columns + column]));
	return widest;
}

/* The widest text that can still give way; columns: none. */
static size_t widest_text(const struct pl_block *b, const double *width)
{
	size_t widest = b->columns;

	for (size_t k = 0; k < b->columns; k++)
		if (!b->column[k].number && width[k] > TEXT_LEAST &&
		    (widest == b->columns || width[k] > width[widest]))
			widest = k;
	return widest;
}

/* Numbers get what they need; where that is too much the widest texts give way, point by point, and
 * are wrapped. What is left over goes to all. */
static void measure_columns(const struct flow *f, const struct pl_block *b, double *width)
{
	double spare = WIDTH - COLUMN_GAP * (double)(b->columns - 1);
	size_t k;

	for (k = 0; k < b->columns; k++) {
		width[k] = cell_width(f, b, k);
		spare -= width[k];
	}
	while (spare < 0 && (k = widest_text(b, width)) < b->columns) {
		width[k] -= 1;
		spare += 1;
	}
	for (k = 0; k < b->columns && spare > 0; k++)
		width[k] += spare / (double)b->columns;
}

static double put_cells(struct flow *f, const struct pl_block *b, const double *width,
			const char *const *cell, bool head, bool draw)
{
	double x = LEFT, height = 0;

	for (size_t k = 0; k < b->columns; k++) {
		const struct pl_ink *color = b->column[k].ink ? b->column[k].ink : &pl_ink_black;
		struct pl_wrap w = wrap(f, head ? PL_BOLD : PL_REGULAR, head ? CELL - 0.4 : CELL,
					width[k], head && !b->column[k].ink ? &pl_ink_dark : color);
		bool end = b->column[k].number;

		height = fmax(height,
			      pl_wrap_draw(&w, draw ? ink(f) : NULL, end ? x + width[k] : x,
					   f->y + ROW_PAD, end ? PL_END : PL_START, cell[k]));
		x += width[k] + COLUMN_GAP;
	}
	return fmax(height, 1.35 * CELL) + 2 * ROW_PAD;
}

static double put_head(struct flow *f, const struct pl_block *b, const double *width, bool draw)
{
	const struct pl_pen rule = {pl_ink_dark, 0.8, PL_SOLID};
	const char *head[PL_TABLE_COLUMNS];
	double height;

	for (size_t k = 0; k < b->columns; k++)
		head[k] = b->column[k].head;
	height = put_cells(f, b, width, head, true, draw);
	if (!draw)
		return height;
	f->y += height;
	if (ink(f))
		pl_draw_line(ink(f), LEFT, f->y, RIGHT, f->y, &rule);
	return height;
}

static void put_group(struct flow *f, const char *text)
{
	struct pl_wrap w = wrap(f, PL_BOLD, CELL, WIDTH - 8, &pl_ink_dark);
	double height = pl_wrap_draw(&w, NULL, LEFT, f->y, PL_START, text) + 2 * ROW_PAD;

	if (ink(f))
		pl_draw_box(ink(f), LEFT, f->y, WIDTH, height, &pl_ink_pale, NULL);
	pl_wrap_draw(&w, ink(f), LEFT + 3, f->y + ROW_PAD, PL_START, text);
	f->y += height;
}

static double row_height(struct flow *f, const struct pl_block *b, const double *width, size_t row)
{
	return put_cells(f, b, width, b->cell + row * b->columns, false, false) +
	       (is_group(b, row) ? GROUP_KEEPS : 0);
}

/* Title, head and the first row: a head alone at the foot of a page says nothing. */
static double start_height(struct flow *f, const struct pl_block *b, const double *width,
			   const struct pl_wrap *title)
{
	double height = put_head(f, b, width, false) + (b->rows ? row_height(f, b, width, 0) : 0);

	return height + (*b->text ? pl_wrap_draw(title, NULL, LEFT, f->y, PL_START, b->text) : 0);
}

static void put_table(struct flow *f, const struct pl_block *b)
{
	struct pl_wrap title = wrap(f, PL_BOLD, 9.2, WIDTH, &pl_ink_black);
	const struct pl_pen hair = {pl_ink_light, 0.4, PL_SOLID};
	double width[PL_TABLE_COLUMNS];

	measure_columns(f, b, width);
	need(f, start_height(f, b, width, &title) + 2);
	if (*b->text)
		f->y += pl_wrap_draw(&title, ink(f), LEFT, f->y, PL_START, b->text) + 1;
	put_head(f, b, width, true);
	for (size_t r = 0; r < b->rows; r++) {
		const char *const *cell = b->cell + r * b->columns;
		bool group = is_group(b, r);
		double height = row_height(f, b, width, r);

		if (f->y + height > BOTTOM) {
			new_page(f);
			put_head(f, b, width, true);
		}
		if (group) {
			put_group(f, cell[0]);
			continue;
		}
		put_cells(f, b, width, cell, false, true);
		f->y += height;
		if (ink(f))
			pl_draw_line(ink(f), LEFT, f->y, RIGHT, f->y, &hair);
	}
	f->y += 7;
}

/* ---- figures ---- */

static double figure(struct flow *f, const struct pl_block *b, double x, double w, bool draw)
{
	struct pl_wrap title = wrap(f, PL_BOLD, 8.8, w, &pl_ink_black);
	struct pl_wrap caption = wrap(f, PL_REGULAR, SMALL, w, &pl_ink_grey);
	struct pl_canvas *c = draw ? ink(f) : NULL;
	double y = f->y;

	y += pl_wrap_draw(&title, c, x, y, PL_START, b->text) + (*b->text ? 3 : 0);
	if (c)
		b->draw(b->user, c, x, y, w, b->height);
	y += b->height + 3;
	return y + pl_wrap_draw(&caption, c, x, y, PL_START, b->caption) - f->y;
}

/* As many figures from block i on as fit beside each other. Returns how many. */
static size_t put_figures(struct flow *f, size_t i)
{
	const struct pl_block *b = f->doc->block + i;
	double share = 0, height = 0, x = LEFT;
	size_t n = 0;

	while (i + n < f->doc->n && b[n].kind == PL_BLOCK_FIGURE && share + b[n].share < 1.001)
		share += b[n++].share;
	n = n ? n : 1;
	for (size_t pass = 0; pass < 2; pass++) {
		double free = WIDTH - FIGURE_GAP * (double)(n - 1);

		x = LEFT;
		for (size_t k = 0; k < n; k++) {
			double w = free * fmin(b[k].share, 1);

			height = fmax(height, figure(f, &b[k], x, w, pass == 1));
			x += w + FIGURE_GAP;
		}
		if (pass == 0)
			need(f, height);
	}
	f->y += height + 8;
	return n;
}

/* ---- the whole ---- */

static void put_block(struct flow *f, const struct pl_block *b)
{
	switch (b->kind) {
	case PL_BLOCK_TITLE:
		put_title(f, b->text);
		break;
	case PL_BLOCK_HEADING:
		put_heading(f, b->text, b + 1 < f->doc->block + f->doc->n ? b + 1 : NULL);
		break;
	case PL_BLOCK_TEXT:
		put_text(f, b->text, BODY, &pl_ink_black);
		break;
	case PL_BLOCK_NOTE:
		put_text(f, b->text, SMALL, &pl_ink_grey);
		break;
	case PL_BLOCK_WARNING:
		put_warning(f, b->text);
		break;
	case PL_BLOCK_FACTS:
		put_facts(f, b);
		break;
	case PL_BLOCK_TABLE:
		put_table(f, b);
		break;
	case PL_BLOCK_PAGE:
		if (f->y > TOP)
			new_page(f);
		break;
	case PL_BLOCK_FIGURE:
		break;
	}
}

static void run(struct flow *f)
{
	f->page = 1;
	f->y = TOP;
	for (size_t i = 0; i < f->doc->n;) {
		if (f->doc->block[i].kind == PL_BLOCK_FIGURE)
			i += put_figures(f, i);
		else
			put_block(f, &f->doc->block[i++]);
	}
}

unsigned pl_doc_pages(const struct pl_doc *doc, const struct pl_font *font)
{
	struct flow f = {.doc = doc, .font = font};

	run(&f);
	return f.page;
}

static void put_margins(const struct flow *f, unsigned pages)
{
	const struct pl_pen rule = {pl_ink_light, 0.6, PL_SOLID};
	struct pl_wrap footer = wrap(f, PL_REGULAR, SMALL, WIDTH - 60, &pl_ink_dark);
	struct pl_canvas *c = f->canvas;
	char number[32];
	double x = LEFT;

	pl_draw_text(c, x, 36, PL_BOLD, 9, PL_START, &pl_ink_black, f->doc->code);
	x += pl_font_width(f->font, PL_BOLD, 9, f->doc->code) + 10;
	pl_draw_text(c, x, 36, PL_REGULAR, 8, PL_START, &pl_ink_dark, f->doc->date);
	pl_draw_text(c, RIGHT, 36, PL_REGULAR, SMALL, PL_END, &pl_ink_grey, f->doc->session);
	pl_draw_line(c, LEFT, 42, RIGHT, 42, &rule);
	pl_draw_line(c, LEFT, BOTTOM + 8, RIGHT, BOTTOM + 8, &rule);
	pl_wrap_draw(&footer, c, LEFT, BOTTOM + 11, PL_START, f->doc->footer);
	pl_draw_text(c, LEFT, BOTTOM + 32, PL_REGULAR, SMALL - 0.6, PL_START, &pl_ink_grey,
		     f->doc->made_by);
	snprintf(number, sizeof(number), "page %u of %u", f->wanted, pages);
	pl_draw_text(c, RIGHT, BOTTOM + 19, PL_REGULAR, SMALL, PL_END, &pl_ink_dark, number);
}

void pl_doc_draw(const struct pl_doc *doc, const struct pl_font *font, struct pl_canvas *c,
		 unsigned page, unsigned pages)
{
	struct flow f = {.doc = doc, .font = font, .canvas = c, .wanted = page};

	put_margins(&f, pages);
	run(&f);
}
