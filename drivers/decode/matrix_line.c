/* SPDX-License-Identifier: Apache-2.0 */
/*
 * There is never a check in a text: a digit that got lost makes another number, and only its size
 * can betray it. So a number too long, or too large for a cell, or with anything behind it that
 * does not belong there, makes the line a bad one.
 */
#include "drivers/decode/matrix_line.h"

#include <string.h>

#define DIGITS_MAX 9 /* a longer number is no measurement, and would not fit */

enum class { DIGIT, SEPARATOR, NEWLINE, RETURN, MINUS, DOT, OTHER };

static void classify(struct pl_text_line *l)
{
	const char *separators = l->c->text.separators[0] ? l->c->text.separators : " \t,;";

	memset(l->class, OTHER, sizeof(l->class));
	for (int d = '0'; d <= '9'; d++)
		l->class[d] = DIGIT;
	l->class['-'] = MINUS;
	l->class['.'] = DOT;
	l->class['\n'] = NEWLINE;
	l->class['\r'] = RETURN;
	for (const char *s = separators; *s; s++)
		l->class[(uint8_t)*s] = SEPARATOR;
}

static void store_bits(struct pl_text_line *l, size_t cell, uint32_t bits)
{
	size_t size = pl_dtype_size(l->dtype);

	memcpy(l->cells + size * (l->to ? l->to[cell] : cell), &bits, size);
}

/* The bits of a number as a cell of this mat; false: it cannot be one. */
static bool cell_bits(const struct pl_text_line *l, uint32_t *bits)
{
	static const uint32_t largest[] = {
		[PL_WIRE_U8] = UINT8_MAX,  [PL_WIRE_I8] = INT8_MAX,   [PL_WIRE_U16] = UINT16_MAX,
		[PL_WIRE_I16] = INT16_MAX, [PL_WIRE_U24] = 0xFFFFFFu, [PL_WIRE_U32] = UINT32_MAX,
		[PL_WIRE_I32] = INT32_MAX,
	};
	enum pl_wire_cell cell = l->c->cell;
	bool is_signed = cell == PL_WIRE_I8 || cell == PL_WIRE_I16 || cell == PL_WIRE_I32;
	uint32_t v = l->number.value;
	float f;

	if (cell == PL_WIRE_F32) {
		f = (float)((double)v / l->number.divisor);
		f = l->number.negative ? -f : f;
		memcpy(bits, &f, sizeof(f));
		return true;
	}
	if (l->number.fraction || v > largest[cell] + l->number.negative ||
	    (l->number.negative && !is_signed && v))
		return false;
	*bits = l->number.negative ? 0 - v : v;
	if (is_signed)
		return true;
	v = (l->c->mask ? v & l->c->mask : v) >> l->c->shift;
	if (l->c->cell_max && v > l->c->cell_max)
		return false;
	*bits = pl_matrix_forward(l->c, l->number.value);
	return true;
}

/* A number is complete. */
static void put_number(struct pl_text_line *l)
{
	size_t cell = l->at + l->numbers;
	bool index = l->c->text.line == PL_LINE_INDEX;
	uint32_t bits;

	l->bad |= l->number.negative && l->number.digits == 1; /* a minus alone */
	if (index && !l->numbers) {
		l->index = l->number.value;
		l->bad |= l->number.negative || l->number.fraction;
	} else if (!cell_bits(l, &bits)) {
		l->bad = true;
	} else {
		cell = index ? l->index : cell;
		if (cell < l->total)
			store_bits(l, cell, bits);
	}
	l->numbers++;
	l->number.digits = 0;
}

/* A byte that is no part of a number. */
static void other_byte(struct pl_text_line *l, uint8_t byte)
{
	if (l->number.digits) { /* "12a": neither a number nor a word */
		l->bad = true;
		put_number(l);
	}
	if (l->other_n < PL_LINE_OTHER_MAX)
		l->other[l->other_n++] = (char)byte;
}

static void digit(struct pl_text_line *l, uint8_t byte)
{
	if (l->other_n) {
		other_byte(l, byte);
		return;
	}
	if (!l->number.digits) {
		l->number.value = 0;
		l->number.divisor = 1;
		l->number.negative = l->number.fraction = false;
	}
	if (++l->number.digits > DIGITS_MAX) {
		l->bad = true;
		return;
	}
	l->number.value = l->number.value * 10 + (byte - '0');
	if (l->number.fraction)
		l->number.divisor *= 10;
}

static void sign_or_point(struct pl_text_line *l, uint8_t byte)
{
	bool minus = byte == '-';

	if (l->other_n) {
		other_byte(l, byte);
	} else if (minus && !l->number.digits) {
		digit(l, '0');
		l->number.negative = true;
	} else if (!minus && l->number.digits && !l->number.fraction) {
		l->number.fraction = true;
	} else {
		other_byte(l, byte);
	}
}

static void separator(struct pl_text_line *l, uint8_t byte)
{
	if (l->number.digits) {
		put_number(l);
	} else if (!l->prefixed && pl_text_line_is(l, l->c->text.prefix)) {
		l->prefixed = true;
		l->other_n = 0;
	} else if (l->other_n) {
		other_byte(l, byte);
	}
}

void pl_text_line_init(struct pl_text_line *l, const struct pl_matrix_config *c,
		       enum pl_dtype dtype, const uint32_t *to, uint8_t *cells)
{
	*l = (struct pl_text_line){
		.c = c,
		.dtype = dtype,
		.total = (size_t)c->rows * c->cols,
		.to = to,
		.cells = cells,
	};
	classify(l);
}

/* The newline came: the last number is complete, and blanks at the end are no matter. */
static void finish(struct pl_text_line *l)
{
	if (l->number.digits)
		put_number(l);
	while (l->other_n && l->class[(uint8_t)l->other[l->other_n - 1]] == SEPARATOR)
		l->other_n--;
}

bool pl_text_line_feed(struct pl_text_line *l, const uint8_t *bytes, size_t n, size_t at,
		       size_t *used)
{
	l->at = at;
	for (size_t i = 0; i < n; i++) {
		switch ((enum class)l->class[bytes[i]]) {
		case DIGIT:
			digit(l, bytes[i]);
			break;
		case SEPARATOR:
			separator(l, bytes[i]);
			break;
		case NEWLINE:
			finish(l);
			*used = i + 1;
			return true;
		case RETURN:
			break;
		case MINUS:
		case DOT:
			sign_or_point(l, bytes[i]);
			break;
		case OTHER:
			other_byte(l, bytes[i]);
			break;
		}
	}
	*used = n;
	return false;
}
