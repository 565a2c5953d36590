/* SPDX-License-Identifier: Apache-2.0 */
/* Collecting the blocks of a report; see doc.h. */
#include "tools/report/doc.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

void pl_doc_init(struct pl_doc *doc)
{
	*doc = (struct pl_doc){.code = "",
			       .date = "",
			       .session = "",
			       .title = "",
			       .footer = "",
			       .made_by = "",
			       .language = "en"};
}

void pl_doc_free(struct pl_doc *doc)
{
	for (size_t i = 0; i < doc->n; i++)
		free(doc->block[i].cell);
	for (size_t i = 0; i < doc->owned_n; i++)
		free(doc->owned[i]);
	free(doc->owned);
	free(doc->block);
	*doc = (struct pl_doc){0};
}

static bool own(struct pl_doc *doc, void *what)
{
	if (what && doc->owned_n == doc->owned_cap) {
		size_t cap = doc->owned_cap ? 2 * doc->owned_cap : 256;
		void **more = reallocarray(doc->owned, cap, sizeof(void *));

		if (more) {
			doc->owned = more;
			doc->owned_cap = cap;
		}
	}
	if (!what || doc->owned_n == doc->owned_cap) {
		free(what);
		doc->nomem = true;
		return false;
	}
	doc->owned[doc->owned_n++] = what;
	return true;
}

const char *pl_doc_print(struct pl_doc *doc, const char *fmt, ...)
{
	char *text = NULL;
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vasprintf(&text, fmt, ap);
	va_end(ap);
	return own(doc, n < 0 ? NULL : text) ? text : "";
}

void *pl_doc_room(struct pl_doc *doc, size_t bytes)
{
	void *room = calloc(1, bytes ? bytes : 1);

	return own(doc, room) ? room : NULL;
}

static struct pl_block *add(struct pl_doc *doc, enum pl_block_kind kind)
{
	if (doc->n == doc->cap) {
		size_t cap = doc->cap ? 2 * doc->cap : 32;
		struct pl_block *more = reallocarray(doc->block, cap, sizeof(*more));

		if (!more) {
			doc->nomem = true;
			return NULL;
		}
		doc->block = more;
		doc->cap = cap;
	}
	doc->block[doc->n] = (struct pl_block){.kind = kind, .text = "", .caption = ""};
	return &doc->block[doc->n++];
}

void pl_doc_add(struct pl_doc *doc, enum pl_block_kind kind, const char *text)
{
	struct pl_block *b = add(doc, kind);

	if (b)
		b->text = text;
}

static void add_row(struct pl_doc *doc, struct pl_block *b, const char *const *cell)
{
	if (b->rows == b->cap) {
		size_t cap = b->cap ? 2 * b->cap : 16;
		const char **more = reallocarray(b->cell, cap * b->columns, sizeof(char *));

		if (!more) {
			doc->nomem = true;
			return;
		}
		b->cell = more;
		b->cap = cap;
	}
	memcpy(b->cell + b->rows++ * b->columns, cell, b->columns * sizeof(char *));
}

void pl_doc_fact(struct pl_doc *doc, const char *name, const char *value)
{
	struct pl_block *b = doc->n ? &doc->block[doc->n - 1] : NULL;
	const char *cell[2] = {name, value};

	if (!value || !*value)
		return;
	if (!b || b->kind != PL_BLOCK_FACTS) {
		b = add(doc, PL_BLOCK_FACTS);
		if (!b)
			return;
		b->columns = 2;
	}
	add_row(doc, b, cell);
}

struct pl_block *pl_doc_table(struct pl_doc *doc, const char *title,
			      const struct pl_doc_column *column, size_t columns)
{
	struct pl_block *b = add(doc, PL_BLOCK_TABLE);

	if (!b)
		return NULL;
	b->text = title;
	b->columns = columns;
	memcpy(b->column, column, columns * sizeof(*column));
	return b;
}

void pl_doc_row(struct pl_doc *doc, const char *const *cell)
{
	if (doc->n && doc->block[doc->n - 1].kind == PL_BLOCK_TABLE)
		add_row(doc, &doc->block[doc->n - 1], cell);
}

void pl_doc_figure(struct pl_doc *doc, const char *title, const char *caption, double share,
		   double height, pl_draw_fn *draw, const void *user)
{
	struct pl_block *b = add(doc, PL_BLOCK_FIGURE);

	if (!b)
		return;
	b->text = title;
	b->caption = caption;
	b->share = share;
	b->height = height;
	b->draw = draw;
	b->user = user;
}
