/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "foreign_text.h"

double foreign_kpa(unsigned r, unsigned c, unsigned f)
{
	unsigned k = (r * 31 + c * 17 + f * 7) % 23;

	return k < 5 ? 0 : 5.0 * k;
}

void text_free(struct text *t)
{
	free(t->s);
	*t = (struct text){0};
}

void text_append(struct text *t, const char *fmt, ...)
{
	char piece[512];
	va_list args;
	int n;

	va_start(args, fmt);
	n = vsnprintf(piece, sizeof(piece), fmt, args);
	va_end(args);
	assert_in_range(n, 0, sizeof(piece) - 1);
	t->s = realloc(t->s, t->n + (size_t)n + 1);
	assert_non_null(t->s);
	memcpy(t->s + t->n, piece, (size_t)n + 1);
	t->n += (size_t)n;
}

static void lst_page(struct text *t, unsigned rows, unsigned cols, unsigned f)
{
	const double newton_per_kpa = 0.025;
	double total = 0;

	text_append(t, "\n\t\t\t\tPage %u\n\n", f + 1);
	text_append(t, "\tFile: C:\\data\\1.dat \tMatrix: 64x95 \n");
	text_append(t, "\tSensor area: 0.25 cm\xb2\tTime/picture:10.0 ms\n");
	text_append(t, "\tMV over frames\n\tSensor size: 0.500x0.500 cm\n");
	text_append(t, "\tnovel\n\tsomething nobody knows\n");
	text_append(t, "\tPict-No.: %u  Force[N]=sum*sensor_area in row/column\n\n", f + 1);
	for (unsigned c = 0; c < cols; c++)
		text_append(t, "\t%u", 26 + c);
	text_append(t, "\tForce\n");
	for (unsigned r = 0; r < rows; r++) {
		double sum = 0;

		text_append(t, "%u", 30 + r);
		for (unsigned c = 0; c < cols; c++) {
			text_append(t, "\t%.2f", foreign_kpa(r, c, f));
			sum += foreign_kpa(r, c, f);
		}
		text_append(t, "\t%.2f\n", sum * newton_per_kpa);
	}
	text_append(t, "Force");
	for (unsigned c = 0; c < cols; c++) {
		double sum = 0;

		for (unsigned r = 0; r < rows; r++)
			sum += foreign_kpa(r, c, f);
		text_append(t, "\t%.2f", sum * newton_per_kpa);
		total += sum;
	}
	text_append(t, "\t%.2f\n\f\n", total * newton_per_kpa);
}

struct text foreign_lst(unsigned rows, unsigned cols, unsigned frames)
{
	struct text t = {0};

	for (unsigned f = 0; f < frames; f++)
		lst_page(&t, rows, cols, f);
	text_append(&t, "\f");
	return t;
}

struct text foreign_asf(unsigned rows, unsigned cols, unsigned frames)
{
	struct text t = {0};

	text_append(&t, "DATA_TYPE MOVIE\nVERSION made up for a test\nFILENAME a.fsx\n");
	text_append(&t, "SENSOR_TYPE FSCAN\nROWS %u\nCOLS %u\n", rows, cols);
	text_append(&t, "ROW_SPACING 5.08 mm\nCOL_SPACING 5.08 mm\nSENSEL_AREA 25.8064 mm2\n");
	text_append(&t, "SECONDS_PER_FRAME 0.01\nSATURATION_PRESSURE 108.4 KPa \n");
	text_append(&t, "COMMENTS:\nROWS of trees\nUNITS of work\nSTART_FRAME 1\nEND_FRAME %u\n",
		    frames);
	text_append(&t, "UNITS KPa\nMIRROR_ROW 0\nMIRROR_COL 0\nASCII_DATA @@\n");
	for (unsigned f = 0; f < frames; f++) {
		text_append(&t, "\nFrame %u\n", f + 1);
		for (unsigned i = 0; i < rows * cols; i++) {
			unsigned r = i / cols, c = i % cols;

			if ((r == 0 || r == rows - 1) && (c == 0 || c == cols - 1))
				text_append(&t, "B");
			else
				text_append(&t, "%.0f", foreign_kpa(r, c, f));
			text_append(&t, c == cols - 1 ? "\n" : ",");
		}
	}
	text_append(&t, "@@\n");
	return t;
}

struct text text_copy(const struct text *t)
{
	struct text copy = {.s = malloc(t->n + 1), .n = t->n};

	assert_non_null(copy.s);
	memcpy(copy.s, t->s, t->n);
	copy.s[t->n] = '\0';
	return copy;
}

struct text text_crlf(const struct text *t)
{
	struct text out = {.s = malloc(2 * t->n + 1)};

	assert_non_null(out.s);
	for (size_t i = 0; i < t->n; i++) {
		if (t->s[i] == '\n')
			out.s[out.n++] = '\r';
		out.s[out.n++] = t->s[i];
	}
	out.s[out.n] = '\0';
	return out;
}

static struct text splice(const struct text *t, size_t at, size_t drop, const char *put)
{
	size_t n = strlen(put);
	struct text out = {.s = malloc(t->n - drop + n + 1), .n = t->n - drop + n};

	assert_non_null(out.s);
	memcpy(out.s, t->s, at);
	memcpy(out.s + at, put, n);
	memcpy(out.s + at + n, t->s + at + drop, t->n - at - drop);
	out.s[out.n] = '\0';
	return out;
}

struct text text_edit(const struct text *t, const char *old, unsigned nth, const char *new_text)
{
	const char *p = t->s - 1;

	while (nth--) {
		p = memmem(p + 1, t->n - (size_t)(p + 1 - t->s), old, strlen(old));
		if (!p)
			fail_msg("nothing to edit: %s", old);
	}
	return splice(t, (size_t)(p - t->s), strlen(old), new_text);
}

struct text text_line(const struct text *t, unsigned line, const char *instead)
{
	const char *p = t->s, *end;

	while (--line) {
		p = memchr(p, '\n', (size_t)(t->s + t->n - p));
		assert_non_null(p);
		p++;
	}
	end = memchr(p, '\n', (size_t)(t->s + t->n - p));
	end = end ? end + 1 : t->s + t->n;
	return splice(t, (size_t)(p - t->s), (size_t)(end - p), instead);
}

struct text text_read(const char *path)
{
	FILE *f = fopen(path, "rb");
	struct text t = {0};
	long size;

	if (!f)
		return t;
	fseek(f, 0, SEEK_END);
	size = ftell(f);
	rewind(f);
	t.s = malloc((size_t)size + 1);
	assert_non_null(t.s);
	t.n = fread(t.s, 1, (size_t)size, f);
	t.s[t.n] = '\0';
	fclose(f);
	return t;
}

void text_write(const struct text *t, const char *path)
{
	FILE *f = fopen(path, "wb");

	assert_non_null(f);
	assert_int_equal(fwrite(t->s, 1, t->n, f), t->n);
	assert_int_equal(fclose(f), 0);
}
