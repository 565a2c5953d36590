/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A stream of numbers in lines. How many numbers stand in a line, what stands between lines of
 * numbers, and whether a line is more like the one before it or like the one some lines before
 * it: that is all there is to see, and nearly always enough.
 */
#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "drivers/decode/guess.h"
#include "drivers/decode/matrix_layout.h"

#define LINES_MAX 20000
#define LAG_MAX 160

struct line {
	const uint8_t *at;
	size_t n;
	unsigned numbers;
	char word[PL_WORD_MAX + 1]; /* its first, if it is none of the numbers */
	uint32_t first;
};

struct lines {
	struct line *line;
	size_t n;
	uint32_t max;
	bool decimals, negative;
	char separators[9];
};

bool pl_guess_is_text(const uint8_t *bytes, size_t n)
{
	size_t odd = 0, ends = 0;

	for (size_t i = 0; i < n; i++) {
		odd += !isprint(bytes[i]) && !isspace(bytes[i]);
		ends += bytes[i] == '\n';
	}
	return n && odd * 50 < n && ends;
}

static bool mostly_numbers(const uint8_t *bytes, size_t n)
{
	size_t digits = 0;

	for (size_t i = 0; i < n; i++)
		digits += isdigit(bytes[i]) != 0;
	return digits * 4 > n;
}

static void note_separator(struct lines *l, uint8_t byte)
{
	size_t n = strlen(l->separators);

	if ((byte == '\t' || byte == ' ' || (ispunct(byte) && byte != '"' && byte != '\\')) &&
	    n + 1 < sizeof(l->separators) && !strchr(l->separators, byte))
		l->separators[n] = (char)byte;
}

/* One line into numbers and a first word. */
static void read_line(struct lines *l, struct line *line)
{
	size_t i = 0, w = 0;

	if (line->n && !isdigit(line->at[0]) && line->at[0] != '-') {
		while (i < line->n && !isspace(line->at[i]) && w < PL_WORD_MAX)
			line->word[w++] = (char)line->at[i++];
		if (i < line->n)
			note_separator(l, line->at[i]);
	}
	while (i < line->n) {
		uint32_t value = 0;
		size_t from = i;

		while (i < line->n && isdigit(line->at[i]))
			value = value * 10 + (line->at[i++] - '0');
		if (i > from) {
			l->decimals |= i < line->n && line->at[i] == '.';
			l->negative |= from && line->at[from - 1] == '-';
			if (!line->numbers++)
				line->first = value;
			if (value > l->max)
				l->max = value;
		} else {
			if (!isalnum(line->at[i]) && !strchr("-+.\r", line->at[i]))
				note_separator(l, line->at[i]);
			i++;
		}
	}
}

/* Whole lines only: the first and the last may be cut. */
static bool split(struct lines *l, const uint8_t *bytes, size_t n)
{
	const uint8_t *at = memchr(bytes, '\n', n), *end;

	l->line = calloc(LINES_MAX, sizeof(*l->line));
	if (!l->line || !at)
		return false;
	for (at++; l->n < LINES_MAX && (end = memchr(at, '\n', n - (size_t)(at - bytes)));
	     at = end + 1) {
		struct line *line = &l->line[l->n++];

		line->at = at;
		line->n = (size_t)(end - at);
		while (line->n && isspace(line->at[line->n - 1]))
			line->n--;
		read_line(l, line);
	}
	return l->n >= 4;
}

static bool is_cells(const struct line *line)
{
	return line->numbers > 0;
}

/* The count that most lines of numbers have. */
static unsigned usual_numbers(const struct lines *l, size_t *share)
{
	unsigned best = 0;

	*share = 0;
	for (size_t i = 0; i < l->n && i < 50; i++) {
		size_t same = 0, all = 0;

		for (size_t k = 0; k < l->n; k++) {
			same += is_cells(&l->line[k]) && l->line[k].numbers == l->line[i].numbers;
			all += is_cells(&l->line[k]);
		}
		if (is_cells(&l->line[i]) && 100 * same / all > *share) {
			*share = 100 * same / all;
			best = l->line[i].numbers;
		}
	}
	return best;
}

/* Lines of numbers between two marks, the usual count; 0: it varies. */
static unsigned rows_between(const struct lines *l, bool (*mark)(const struct line *))
{
	unsigned rows = 0, now = 0, same = 0, other = 0;
	bool begun = false;

	for (size_t i = 0; i < l->n; i++) {
		if (!mark(&l->line[i])) {
			now += is_cells(&l->line[i]);
			continue;
		}
		if (begun && now) {
			rows = rows ? rows : now;
			same += now == rows;
			other += now != rows;
		}
		begun = true;
		now = 0;
	}
	return same > 4 * other ? rows : 0;
}

static bool is_blank(const struct line *line)
{
	return !line->n;
}

/* A word that a file can hold. */
static bool can_be_written(const char *word)
{
	for (; *word; word++)
		if (!isprint((uint8_t)*word) || *word == '"' || *word == '\\')
			return false;
	return true;
}

static bool is_word(const struct line *line)
{
	return line->word[0] && !line->numbers && can_be_written(line->word);
}

/* The value of number k of a line. */
static uint32_t number(const struct line *line, unsigned k)
{
	const uint8_t *at = line->at, *end = at + line->n;
	uint32_t value = 0;

	for (at += strlen(line->word); at < end; k--) {
		while (at < end && !isdigit(*at))
			at++;
		for (value = 0; at < end && isdigit(*at); at++)
			value = value * 10 + (*at - '0');
		if (!k)
			break;
		while (at < end && *at == '.') /* decimals are not looked at */
			for (at++; at < end && isdigit(*at);)
				at++;
	}
	return value;
}

/* How unlike lines are that lie `lag` apart. */
static double unlike(const struct lines *l, unsigned numbers, size_t lag)
{
	double sum = 0, n = 0;

	for (size_t i = lag; i < l->n && n < 40000; i++) {
		const struct line *a = &l->line[i], *b = &l->line[i - lag];

		for (unsigned k = 0; a->numbers == numbers && b->numbers == numbers && k < numbers;
		     k++, n++)
			sum += fabs((double)number(a, k) - number(b, k));
	}
	return n > 0 ? sum / n : 1e300;
}

/* Rows without a mark: how many lines apart is the same row again? 1: each line is a frame. The
 * first distance that is nearly as good as the best: its multiples are as good. */
static unsigned period(const struct lines *l, unsigned numbers)
{
	double d[LAG_MAX + 1], best = 1e300;
	unsigned most = l->n / 3 < LAG_MAX ? (unsigned)(l->n / 3) : LAG_MAX;

	for (unsigned lag = 1; lag <= most; lag++) {
		d[lag] = unlike(l, numbers, lag);
		best = d[lag] < best ? d[lag] : best;
	}
	for (unsigned lag = 1; lag <= most; lag++)
		if (d[lag] <= 1.3 * best + 0.6)
			return lag;
	return 1;
}

static void choose_cell(struct pl_guess *g, const struct lines *l)
{
	struct pl_matrix_config *m = &g->config.matrix;

	m->cell = l->decimals	    ? PL_WIRE_F32
		  : l->negative	    ? PL_WIRE_I32
		  : l->max <= 65535 ? PL_WIRE_U16
				    : PL_WIRE_U32;
	if (m->cell == PL_WIRE_U16 && l->max <= 4095)
		m->cell_max = l->max <= 1023 ? 1023 : 4095;
	memcpy(m->text.separators, l->separators, sizeof(m->text.separators));
	pl_guess_because(g, "the largest number is %u%s%s", l->max,
			 m->cell_max ? ": readings of 10 or 12 bits" : "",
			 l->decimals ? ", with decimals" : "");
}

/* Sides of frames that come as one line, or as numbers one by one. */
static bool choose_sides(struct pl_guess *g, const struct lines *l, size_t n, unsigned per_line)
{
	size_t frames = 0, most = 8, at = 0;
	uint32_t *values = calloc(most * n + 1, sizeof(*values));
	bool ok = false;

	for (size_t i = 0; values && i < l->n && frames < most; i++) {
		if (l->line[i].numbers != per_line)
			continue;
		for (unsigned k = 0; k < per_line && at < most * n; k++)
			values[at++] = number(&l->line[i], k);
		frames = at / n;
	}
	if (values && frames && n >= 4)
		ok = pl_guess_sides(values, frames, n, &g->config.matrix.rows,
				    &g->config.matrix.cols) < INFINITY;
	if (ok)
		pl_guess_because(g,
				 "%zu numbers a frame; neighbours are most alike as %u rows of %u",
				 n, g->config.matrix.rows, g->config.matrix.cols);
	free(values);
	return ok;
}

/* "0 17", "1 5", ... up to the last cell. */
static bool try_index(struct pl_guess *g, const struct lines *l)
{
	struct pl_matrix_config *m = &g->config.matrix;
	uint32_t last = 0, *values;
	size_t steps = 0, at = 0, most = 8;
	bool ok;

	for (size_t i = 1; i < l->n; i++) {
		steps += l->line[i].first == l->line[i - 1].first + 1 || !l->line[i].first;
		last = l->line[i].first > last ? l->line[i].first : last;
	}
	if (steps * 100 < l->n * 95 || last < 3 || last > 262143)
		return false;
	values = calloc(most * (last + 1), sizeof(*values));
	for (size_t i = 0; values && i < l->n && at < most * (last + 1); i++)
		if (at || !l->line[i].first) /* from an index 0 on */
			values[at++] = number(&l->line[i], 1);
	ok = values && at > last &&
	     pl_guess_sides(values, at / (last + 1), last + 1, &m->rows, &m->cols) < INFINITY;
	free(values);
	if (!ok)
		return false;
	m->text.line = PL_LINE_INDEX;
	pl_guess_because(g,
			 "two numbers a line, the first counts from 0 to %u: index and value of a "
			 "cell; neighbours are most alike as %u rows of %u",
			 last, m->rows, m->cols);
	return true;
}

/* Words or empty lines between lines of numbers. */
static bool try_marks(struct pl_guess *g, const struct lines *l, unsigned numbers)
{
	struct pl_text_lines *t = &g->config.matrix.text;
	unsigned rows = rows_between(l, is_word), words = 0;
	const char *word[2] = {NULL, NULL};

	for (size_t i = 0; i + 1 < l->n && words < 2; i++)
		if (is_word(&l->line[i]) && (words || is_cells(&l->line[i + 1])))
			word[words++] = l->line[i].word;
	if (rows && word[0]) {
		strcpy(t->begin, word[0]);
		if (word[1] && strcmp(word[0], word[1]))
			strcpy(t->end, word[1]);
		pl_guess_because(g, "lines \"%s\"%s%s%s around %u lines of %u numbers", word[0],
				 t->end[0] ? " and \"" : "", t->end, t->end[0] ? "\"" : "", rows,
				 numbers);
	} else {
		rows = rows_between(l, is_blank);
		if (!rows)
			return false;
		t->blank = rows > 1;
		pl_guess_because(g, "an empty line behind every %u lines of %u numbers", rows,
				 numbers);
	}
	if (numbers > 1 && rows > 1) {
		t->line = PL_LINE_ROW;
		g->config.matrix.rows = rows;
		g->config.matrix.cols = numbers;
		return true;
	}
	t->line = numbers > 1 ? PL_LINE_FRAME : PL_LINE_CELL;
	return choose_sides(g, l, (size_t)rows * numbers, numbers);
}

static bool try_lines(struct pl_guess *g, const struct lines *l, unsigned numbers)
{
	struct pl_matrix_config *m = &g->config.matrix;
	unsigned rows;

	if (numbers < 2)
		return false;
	rows = period(l, numbers);
	if (rows > 1) {
		m->text.line = PL_LINE_ROW;
		m->text.idle_ms = 300;
		m->text.runs_on = true;
		m->rows = rows;
		m->cols = numbers;
		pl_guess_because(g,
				 "lines of %u numbers, nothing between them; each is most like the "
				 "one %u lines before it: rows of a frame that nothing marks (its "
				 "first row is only known from a silence)",
				 numbers, rows);
		return true;
	}
	m->text.line = PL_LINE_FRAME;
	pl_guess_because(g, "each line of %u numbers is most like the one before it: a frame",
			 numbers);
	return choose_sides(g, l, numbers, numbers);
}

static bool guess(struct pl_guess *g, const struct lines *l)
{
	struct pl_text_lines *t = &g->config.matrix.text;
	size_t share, prefixed = 0;
	unsigned numbers = usual_numbers(l, &share);

	if (!numbers || share < 80)
		return false;
	pl_guess_because(g, "text: %zu lines, %u numbers in %zu %% of those with numbers", l->n,
			 numbers, share);
	for (size_t i = 0; i < l->n; i++)
		prefixed += is_cells(&l->line[i]) && l->line[i].word[0] &&
			    !strcmp(l->line[i].word, l->line[l->n / 2].word);
	if (prefixed * 10 > l->n * 8 && can_be_written(l->line[l->n / 2].word)) {
		strcpy(t->prefix, l->line[l->n / 2].word);
		pl_guess_because(g, "each line begins with \"%s\"", t->prefix);
	}
	choose_cell(g, l);
	if (numbers == 2 && try_index(g, l))
		return true;
	if (try_marks(g, l, numbers))
		return true;
	return try_lines(g, l, numbers);
}

bool pl_guess_text(struct pl_guess *g, const uint8_t *bytes, size_t n)
{
	struct lines l = {0};
	struct pl_matrix_layout layout;
	bool ok = mostly_numbers(bytes, n) && split(&l, bytes, n) && guess(g, &l);

	free(l.line);
	if (!ok || pl_matrix_layout(&layout, &g->config.matrix, NULL))
		return false;
	g->config.rows = g->config.matrix.rows;
	g->config.cols = g->config.matrix.cols;
	g->config.dtype = pl_wire_dtype(g->config.matrix.cell);
	pl_guess_try(g, bytes, n);
	return g->frames || g->config.matrix.text.idle_ms;
}
