/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which ways of sending a matrix go together: a text has no checksum, an escaped frame needs the
 * byte that ends it, parts need an index. Said when the description is loaded, by its key.
 */
#include <ctype.h>
#include <string.h>

#include "drivers/decode/protocols.h"

static int bad(struct pl_error *err, const char *message)
{
	return pl_error_set(err, PL_ECONFIG, 0, "%s", message);
}

static bool fits(uint64_t value, unsigned width)
{
	return width >= 8 || value >> 8 * width == 0;
}

static int check_escape(const struct pl_matrix_config *c, struct pl_error *err)
{
	const struct pl_escape_table *t = &c->table;
	bool coded = false;

	if (!c->escape)
		return 0;
	if ((unsigned)c->escape > PL_ESCAPE_TABLE || t->n > PL_SYNC_MAX)
		return bad(err, "escape: not a known way of escaping");
	if (c->delimiter.n || c->confirm)
		return bad(err, "escape: cannot be combined with delimiter or confirm");
	if (c->escape != PL_ESCAPE_TABLE)
		return c->head.n || c->tail.n ? bad(err, "escape: slip and cobs have their own "
							 "head and tail")
					      : 0;
	if (c->tail.n != 1 || c->head.n > 1 || !t->n)
		return bad(err, "escape: a table needs a tail of one byte, a head of one or none, "
				"and codes");
	for (unsigned i = 0; i < t->n; i++)
		if (t->code[i] == c->tail.bytes[0] || (c->head.n && t->code[i] == c->head.bytes[0]))
			return bad(err, "escape: a code cannot be the head or the tail");
	for (unsigned i = 0; i < t->n; i++)
		coded |= t->byte[i] == t->mark;
	if (!coded)
		return bad(err, "escape: codes has none for the mark itself, so a cell of that "
				"value could not be sent");
	for (unsigned i = 0; i < t->n; i++)
		for (unsigned k = 0; k < i; k++)
			if (t->code[i] == t->code[k] || t->byte[i] == t->byte[k])
				return bad(err, "escape: codes names one twice");
	return 0;
}

static int check_chunks(const struct pl_matrix_config *c, struct pl_error *err)
{
	const struct pl_chunks *k = &c->chunks;
	uint64_t last;

	if (!k->cells)
		return 0;
	if (k->cells > c->rows * c->cols)
		return bad(err, "chunks: cells must be at most rows x cols");
	if (k->by_row && (k->cells % c->cols || c->column_major))
		return bad(err, "chunks: parts counted in rows hold whole rows, row by row");
	if (k->index.offset < 0 || !k->index.width)
		return bad(err, "chunks: needs index");
	if (k->list_index && (k->cells % 2 || c->digits.base || c->cell == PL_WIRE_F32))
		return bad(err, "chunks: list_index needs an even number of whole cells");
	if (c->dims.width)
		return bad(err, "chunks: cannot be combined with dims");
	last = (c->rows * c->cols - 1) / (k->by_row ? c->cols : 1) + (uint64_t)k->index_base;
	if (!fits(last, k->index.width) || !fits(k->list_index, k->index.width) ||
	    (k->list_index && k->list_index <= last))
		return bad(err, "chunks: the index has too few bytes for index_base, all cells and "
				"list_index behind them");
	return 0;
}

static int check_told(const struct pl_matrix_config *c, struct pl_error *err)
{
	if (c->length_field.offset >= 0 && !fits(c->length_expected, c->length_field.width))
		return bad(err, "length: expected does not fit into width");
	if (c->dims.width && c->dims.offset >= 0 &&
	    (!fits(c->rows, c->dims.width) || !fits(c->cols, c->dims.width)))
		return bad(err, "dims: rows or cols do not fit into width");
	return 0;
}

static int check_digits(const struct pl_matrix_config *c, struct pl_error *err)
{
	const struct pl_digits *d = &c->digits;

	if (!d->base)
		return 0;
	if (d->base < 2 || d->base > 256 || d->offset + d->base > 256)
		return bad(err, "digits: base 2..256, and offset + base at most 256");
	if (c->cell != PL_WIRE_U16)
		return bad(err, "digits: need cell = \"u16\"");
	return 0;
}

/* Words are compared with whole lines, without the separators around them. */
static int check_words(const struct pl_text_lines *t, struct pl_error *err)
{
	const char *separators = t->separators[0] ? t->separators : " \t,;";
	const char *words[] = {t->begin, t->end, t->prefix};

	for (int i = 0; i < 3; i++) {
		size_t n = strlen(words[i]);

		if (!n)
			continue;
		if (strchr(separators, words[i][0]) || strchr(separators, words[i][n - 1]) ||
		    words[i][0] == '-' || (i == 2 && strpbrk(words[i], separators)))
			return bad(err,
				   "text: begin, end and prefix begin with no sign and have no "
				   "separator at their ends, prefix none at all");
		for (int k = 0; k < i; k++)
			if (!strcmp(words[i], words[k]))
				return bad(err, "text: begin, end and prefix must differ");
	}
	return 0;
}

static int check_text(const struct pl_matrix_config *c, struct pl_error *err)
{
	const struct pl_text_lines *t = &c->text;
	bool marked = t->begin[0] || t->end[0] || t->blank;

	if (!t->line)
		return 0;
	if ((unsigned)t->line > PL_LINE_INDEX)
		return bad(err, "text: not a known kind of line");
	if (c->head.n || c->tail.n || c->delimiter.n || c->skip_head || c->skip_tail || c->check ||
	    c->escape || c->chunks.cells || c->digits.base || c->dims.width || c->confirm ||
	    c->length_field.offset >= 0 || c->seq_field.offset >= 0)
		return bad(err,
			   "text: marks, skips, checks, escapes, chunks, digits and fields are "
			   "for mats that are no text");
	if (t->blank && t->end[0])
		return bad(err, "text: end or blank_line, not both");
	if ((t->line == PL_LINE_ROW || t->line == PL_LINE_CELL) && !marked && !t->idle_ms &&
	    !c->poll.n)
		return bad(err, "text: says nowhere where a frame begins; one of begin, end, "
				"blank_line, idle_ms, or commands.poll");
	if (t->runs_on && !t->idle_ms)
		return bad(err, "text: runs_on needs idle_ms");
	if (t->idle_ms && (marked || c->poll.n))
		return bad(err, "text: idle_ms is for frames without a mark and without a poll");
	for (const char *s = t->separators; *s; s++)
		if (isalnum((unsigned char)*s) || strchr("\r\n-+.", *s))
			return bad(err, "text: separators must be no letters, digits, signs or "
					"line ends");
	return check_words(t, err);
}

int pl_matrix_check_modes(const struct pl_matrix_config *c, struct pl_error *err)
{
	return check_escape(c, err) || check_chunks(c, err) || check_digits(c, err) ||
			       check_told(c, err) || check_text(c, err)
		       ? -1
		       : 0;
}

bool pl_matrix_dims_right(const struct pl_matrix_config *c, const uint8_t *frame)
{
	const struct pl_field *f = &c->dims;
	const uint8_t *at = frame + f->offset;

	return !f->width || (pl_wire_get(at, f->width, f->big_endian) == c->rows &&
			     pl_wire_get(at + f->width, f->width, f->big_endian) == c->cols);
}

int pl_matrix_fits(const struct pl_decoder_config *config, const struct pl_matrix_layout *l,
		   struct pl_error *err)
{
	if (config->rows != l->rows || config->cols != l->cols)
		return pl_error_set(
			err, PL_ECONFIG, 0,
			"rows, cols: %u x %u, but the frame gives %u x %u after turning",
			config->rows, config->cols, l->rows, l->cols);
	if (config->dtype != l->dtype)
		return pl_error_set(err, PL_ECONFIG, 0,
				    "cell: this cell type is delivered as %s, not %s",
				    pl_dtype_name(l->dtype), pl_dtype_name(config->dtype));
	return 0;
}
