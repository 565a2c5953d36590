/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A report as blocks, one after the other: headings, texts, facts, tables, figures. Written once,
 * laid out on pages or as one page of HTML; so both say the same. Running out of memory is
 * remembered and asked for once, at the end.
 */
#ifndef REPORT_DOC_H
#define REPORT_DOC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "tools/report/canvas.h"

enum pl_block_kind {
	PL_BLOCK_TITLE,
	PL_BLOCK_HEADING,
	PL_BLOCK_TEXT,
	PL_BLOCK_NOTE,	  /* small, grey: how something was made */
	PL_BLOCK_WARNING, /* in a box */
	PL_BLOCK_FACTS,	  /* table of two columns without heads, two pairs a row */
	PL_BLOCK_TABLE,
	PL_BLOCK_FIGURE,
	PL_BLOCK_PAGE, /* a new page */
};

/* Draws into the box; the same drawing every time it is called. */
typedef void pl_draw_fn(const void *user, struct pl_canvas *c, double x, double y, double w,
			double h);

#define PL_TABLE_COLUMNS 12

struct pl_doc_column {
	const char *head;
	bool number; /* to the right; else to the left, and wrapped where there is no room */
	const struct pl_ink *ink; /* NULL: black */
};

struct pl_block {
	enum pl_block_kind kind;
	const char *text; /* title of a table or figure */
	/* FACTS, TABLE: rows * columns texts */
	struct pl_doc_column column[PL_TABLE_COLUMNS];
	size_t columns, rows, cap;
	const char **cell;
	/* FIGURE: several whose shares add up to no more than 1 stand side by side */
	double share, height;
	pl_draw_fn *draw;
	const void *user;
	const char *caption;
};

struct pl_doc {
	const char *code, *date, *session; /* of the head of every page */
	const char *title, *footer, *made_by;
	const char *language;
	int64_t utc_ns; /* of the session, for whoever wants a date of the file */
	struct pl_block *block;
	size_t n, cap;
	void **owned;
	size_t owned_n, owned_cap;
	bool nomem;
};

void pl_doc_init(struct pl_doc *doc);
void pl_doc_free(struct pl_doc *doc);

/* A text that lives as long as doc; "" when there is no memory. */
const char *pl_doc_print(struct pl_doc *doc, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
/* Room that lives as long as doc, zeroed; NULL when there is none. */
void *pl_doc_room(struct pl_doc *doc, size_t bytes);

void pl_doc_add(struct pl_doc *doc, enum pl_block_kind kind, const char *text);
void pl_doc_fact(struct pl_doc *doc, const char *name, const char *value); /* starts or goes on */
struct pl_block *pl_doc_table(struct pl_doc *doc, const char *title,
			      const struct pl_doc_column *column, size_t columns);
/* One text a column, of the table added last. */
void pl_doc_row(struct pl_doc *doc, const char *const *cell);
void pl_doc_figure(struct pl_doc *doc, const char *title, const char *caption, double share,
		   double height, pl_draw_fn *draw, const void *user);

/* ---- output ---- */

#define PL_PAGE_W 595.28 /* A4 */
#define PL_PAGE_H 841.89

/* How many pages it takes. */
unsigned pl_doc_pages(const struct pl_doc *doc, const struct pl_font *font);
/* Page number `page`, from 1. pages: how many there are. */
void pl_doc_draw(const struct pl_doc *doc, const struct pl_font *font, struct pl_canvas *c,
		 unsigned page, unsigned pages);
void pl_doc_html(const struct pl_doc *doc, const struct pl_font *font, FILE *out);

/* tools/report/files.c: one page or all as bytes on out. -1 and err. */
int pl_doc_pdf(const struct pl_doc *doc, const struct pl_font *font, FILE *out,
	       struct pl_error *err);
int pl_doc_svg(const struct pl_doc *doc, const struct pl_font *font, unsigned page, FILE *out,
	       struct pl_error *err);
int pl_doc_png(const struct pl_doc *doc, const struct pl_font *font, unsigned page, FILE *out,
	       struct pl_error *err);

#endif
