/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A simulated mat that escapes or prints has to be as exact as the decoder is strict: the same
 * words around a frame, the same separators, and numbers that read back to the very same bits.
 */
#include "drivers/encode/matrix_parts.h"

#include <stdio.h>
#include <string.h>

static size_t stuff_cobs(const uint8_t *plain, size_t n, uint8_t *out)
{
	size_t to = 1, code_at = 0;
	uint8_t code = 1;

	for (size_t i = 0; i < n; i++) {
		if (plain[i]) {
			out[to++] = plain[i];
			code++;
		}
		if (!plain[i] || (code == 255 && i + 1 < n)) {
			out[code_at] = code;
			code = 1;
			code_at = to++;
		}
	}
	out[code_at] = code;
	out[to++] = 0;
	return to;
}

size_t pl_escape_bytes(const struct pl_matrix_config *c, const uint8_t *plain, size_t n,
		       uint8_t *out)
{
	static const struct pl_escape_table slip = {
		.mark = 0xDB, .n = 2, .code = {0xDC, 0xDD}, .byte = {0xC0, 0xDB}};
	const struct pl_escape_table *t = c->escape == PL_ESCAPE_TABLE ? &c->table : &slip;
	bool is_slip = c->escape == PL_ESCAPE_SLIP;
	size_t to = 0;

	if (c->escape == PL_ESCAPE_COBS)
		return stuff_cobs(plain, n, out);
	if (is_slip || c->head.n)
		out[to++] = is_slip ? 0xC0 : c->head.bytes[0];
	for (size_t i = 0; i < n; i++) {
		unsigned k = 0;

		while (k < t->n && t->byte[k] != plain[i])
			k++;
		if (k < t->n)
			out[to++] = t->mark;
		out[to++] = k < t->n ? t->code[k] : plain[i];
	}
	out[to++] = is_slip ? 0xC0 : c->tail.bytes[0];
	return to;
}

#define NUMBER_MAX 16

static size_t numbers_a_line(const struct pl_matrix_config *c)
{
	switch (c->text.line) {
	case PL_LINE_ROW:
		return c->cols;
	case PL_LINE_FRAME:
		return (size_t)c->rows * c->cols;
	default:
		return 1;
	}
}

size_t pl_text_max(const struct pl_matrix_config *c)
{
	size_t n = (size_t)c->rows * c->cols, lines = n / numbers_a_line(c);

	return n * NUMBER_MAX + lines * (PL_WORD_MAX + NUMBER_MAX + 3) + 2 * (PL_WORD_MAX + 3) + 2;
}

/* Nine digits, the most that the decoder takes, bring any float back. */
static int print_float(float f, char *out)
{
	int whole = 1;

	f = f < -9999999.0f ? -9999999.0f : f > 9999999.0f ? 9999999.0f : f;
	for (float rest = f < 0 ? -f : f; rest >= 10 && whole < 8; rest /= 10)
		whole++;
	return snprintf(out, NUMBER_MAX, "%.*f", 9 - whole, (double)f);
}

static int print_number(const struct pl_matrix_config *c, const struct pl_matrix_layout *l,
			const uint8_t *at, char *out)
{
	uint32_t bits = 0;
	float f;

	memcpy(&bits, at, pl_dtype_size(l->dtype));
	if (c->cell == PL_WIRE_F32) {
		memcpy(&f, at, sizeof(f));
		return print_float(f, out);
	}
	if (l->dtype == PL_I16)
		return snprintf(out, NUMBER_MAX, "%d", (int16_t)bits);
	if (l->dtype == PL_I32)
		return snprintf(out, NUMBER_MAX, "%d", (int32_t)bits % 1000000000);
	bits = pl_matrix_backward(c, bits);
	return snprintf(out, NUMBER_MAX, "%u", bits < 999999999 ? bits : 999999999);
}

size_t pl_text_print(const struct pl_matrix_config *c, const struct pl_matrix_layout *l,
		     const void *cells, uint8_t *out)
{
	const struct pl_text_lines *t = &c->text;
	char separator = t->separators[0] ? t->separators[0] : ' ', *to = (char *)out;
	size_t n = (size_t)c->rows * c->cols, per_line = numbers_a_line(c);

	if (t->begin[0])
		to += sprintf(to, "%s\n", t->begin);
	for (size_t i = 0; i < n; i++) {
		if (i % per_line == 0 && t->prefix[0])
			to += sprintf(to, "%s%c", t->prefix, separator);
		if (t->line == PL_LINE_INDEX)
			to += sprintf(to, "%zu%c", i, separator);
		to += print_number(c, l, (const uint8_t *)cells + i * pl_dtype_size(l->dtype), to);
		*to++ = (i + 1) % per_line ? separator : '\n';
	}
	if (t->end[0])
		to += sprintf(to, "%s\n", t->end);
	if (t->blank)
		*to++ = '\n';
	return (size_t)(to - (char *)out);
}
