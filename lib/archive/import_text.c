/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The strict scanner under the importers. Two things need care. A wrong place must be named so that
 * a person finds it in an editor: lines and columns count from 1, and what is found there is shown
 * with unprintable bytes escaped. And numbers must be the nearest double, in any locale and fast:
 * up to 15 digits a quotient of two exact doubles is correctly rounded by IEEE 754 itself (Clinger
 * 1990), which is every number these files hold; the rest goes through strtod in the C locale.
 */
#include <locale.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "import_text.h"

#define NUMBER_MAX 64
#define EXACT_DIGITS 15

void pl_text_init(struct pl_text *t, const void *text, size_t n, struct pl_error *err)
{
	const char *start = n ? text : "";

	*t = (struct pl_text){
		.at = start,
		.start = start,
		.stop = start,
		.next = start,
		.end = start + n,
		.err = err,
	};
}

bool pl_text_line(struct pl_text *t)
{
	const char *newline;

	if (t->next == t->end) {
		t->at = t->stop;
		return false;
	}
	newline = memchr(t->next, '\n', (size_t)(t->end - t->next));
	t->start = t->at = t->next;
	t->stop = newline ? newline : t->end;
	t->next = newline ? newline + 1 : t->end;
	if (t->stop > t->start && t->stop[-1] == '\r')
		t->stop--;
	t->line++;
	return true;
}

bool pl_text_line_is_blank(const struct pl_text *t)
{
	for (const char *p = t->start; p < t->stop; p++)
		if (*p != ' ' && *p != '\t')
			return false;
	return true;
}

bool pl_text_at_end(const struct pl_text *t)
{
	return t->at == t->stop && t->next == t->end && (t->end == t->start || t->end[-1] != '\n');
}

void pl_text_note_cut(const struct pl_text *t, char *problem, size_t cap)
{
	if (t->end > t->start && t->end[-1] != '\n' && !*problem)
		snprintf(
			problem, cap,
			"line %lu: no end of line at the end of the file; if it was cut there, the "
			"last number may have lost digits",
			t->line);
}

/* What stands at the cursor, for a message: the word there, or which end it is. */
static void describe_found(const struct pl_text *t, char *buf, size_t cap)
{
	const char *p = t->at;
	size_t n = 0;

	if (p == t->stop) {
		snprintf(buf, cap, "%s",
			 t->next == t->end ? "the end of the file" : "the end of the line");
		return;
	}
	buf[n++] = '\'';
	do {
		unsigned char c = (unsigned char)*p++;

		if (c >= 0x20 && c < 0x7f)
			buf[n++] = (char)c;
		else
			n += (size_t)snprintf(buf + n, cap - n, "\\x%02X", c);
	} while (p < t->stop && *p != '\t' && *p != ' ' && *p != ',' && n < cap - 8);
	if (p < t->stop && n >= cap - 8)
		n += (size_t)snprintf(buf + n, cap - n, "...");
	buf[n++] = '\'';
	buf[n] = '\0';
}

__attribute__((format(printf, 4, 0))) static int fail_at(struct pl_text *t, enum pl_code code,
							 const char *before, const char *fmt,
							 va_list args, const char *found)
{
	char text[256];

	vsnprintf(text, sizeof(text), fmt, args);
	return pl_error_set(t->err, code, 0, "line %lu, column %zu: %s%s%s%s", t->line,
			    (size_t)(t->at - t->start) + 1, before, text, found ? ", found " : "",
			    found ? found : "");
}

int pl_text_expected(struct pl_text *t, const char *fmt, ...)
{
	char found[40];
	va_list args;
	int result;

	describe_found(t, found, sizeof(found));
	va_start(args, fmt);
	result = fail_at(t, PL_ECORRUPT, "expected ", fmt, args, found);
	va_end(args);
	return result;
}

int pl_text_fail(struct pl_text *t, enum pl_code code, const char *fmt, ...)
{
	va_list args;
	int result;

	va_start(args, fmt);
	result = fail_at(t, code, "", fmt, args, NULL);
	va_end(args);
	return result;
}

bool pl_text_char(struct pl_text *t, char c)
{
	if (t->at == t->stop || *t->at != c)
		return false;
	t->at++;
	return true;
}

bool pl_text_word(struct pl_text *t, const char *word)
{
	size_t n = strlen(word);

	if ((size_t)(t->stop - t->at) < n || memcmp(t->at, word, n) != 0)
		return false;
	t->at += n;
	return true;
}

void pl_text_blanks(struct pl_text *t)
{
	while (t->at < t->stop && (*t->at == ' ' || *t->at == '\t'))
		t->at++;
}

static bool is_digit(const char *p, const char *stop)
{
	return p < stop && *p >= '0' && *p <= '9';
}

static double parse_slowly(const char *start, size_t n)
{
	static locale_t c_locale; /* made once; the archive is used by one thread */
	char copy[NUMBER_MAX + 1];

	if (!c_locale)
		c_locale = newlocale(LC_ALL_MASK, "C", (locale_t)0);
	memcpy(copy, start, n);
	copy[n] = '\0';
	return c_locale ? strtod_l(copy, NULL, c_locale) : strtod(copy, NULL);
}

/* The end of an exponent that starts at p, or p if there is none. */
static const char *skip_exponent(const char *p, const char *stop)
{
	const char *q = p;

	if (q == stop || (*q != 'e' && *q != 'E'))
		return p;
	q++;
	if (q < stop && (*q == '+' || *q == '-'))
		q++;
	if (!is_digit(q, stop))
		return p;
	while (is_digit(q, stop))
		q++;
	return q;
}

bool pl_text_number(struct pl_text *t, struct pl_number *number)
{
	static const double power_of_ten[EXACT_DIGITS + 1] = {
		1e0, 1e1, 1e2,	1e3,  1e4,  1e5,  1e6,	1e7,
		1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
	};
	const char *p = t->at, *exponent;
	uint64_t mantissa = 0;
	unsigned digits = 0, decimals = 0;

	if (!is_digit(p, t->stop))
		return false;
	for (; is_digit(p, t->stop); p++, digits++)
		if (digits < EXACT_DIGITS)
			mantissa = mantissa * 10 + (unsigned)(*p - '0');
	if (p < t->stop && *p == '.' && is_digit(p + 1, t->stop))
		for (p++; is_digit(p, t->stop); p++, digits++, decimals++)
			if (digits < EXACT_DIGITS)
				mantissa = mantissa * 10 + (unsigned)(*p - '0');
	exponent = p;
	p = skip_exponent(p, t->stop);
	if (p - t->at > NUMBER_MAX)
		return false;
	number->decimals = decimals;
	if (p == exponent && digits <= EXACT_DIGITS)
		number->value = (double)mantissa / power_of_ten[decimals];
	else
		number->value = parse_slowly(t->at, (size_t)(p - t->at));
	t->at = p;
	return true;
}

bool pl_text_uint(struct pl_text *t, uint64_t *value)
{
	const char *p = t->at;
	uint64_t sum = 0;

	while (is_digit(p, t->stop) && p - t->at < 18)
		sum = sum * 10 + (unsigned)(*p++ - '0');
	if (p == t->at || is_digit(p, t->stop))
		return false;
	t->at = p;
	*value = sum;
	return true;
}

bool pl_text_decimal_comma(struct pl_text *t)
{
	if (t->at == t->stop || *t->at != ',' || !is_digit(t->at + 1, t->stop))
		return false;
	pl_text_fail(t, PL_ECORRUPT,
		     "a decimal comma; export the file again with a decimal point (the regional "
		     "setting of the computer that exports it)");
	return true;
}
