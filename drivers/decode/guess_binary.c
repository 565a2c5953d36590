/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A binary stream of frames repeats: what marks a frame comes again after exactly one frame. So
 * every pair of bytes votes for the distance at which it came twice in a row, and a few distances
 * with many votes are looked at. With the stream folded at such a distance, columns that never
 * change are marks, columns that count are counters or indices, the columns of high bytes stay
 * small, and what is left is cells. Each reading of the columns is tried on the stream; the one
 * that explains most of it, with the fewest bytes left unexplained in a frame, is the guess.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "drivers/decode/guess.h"
#include "drivers/decode/matrix_layout.h"

#define PERIOD_MIN 5
#define PERIOD_MAX 70000
#define PERIODS 16
#define EXTRA_MAX 12 /* bytes of a frame beside its cells */
#define HIGH_MAX 15  /* the high byte of 12 bits */

struct column {
	uint8_t low, high, usual;
	bool constant, counts;
};

struct fold {
	const uint8_t *bytes;
	size_t n, period, frames;
	double bits[256]; /* how much it says that a byte has this value */
	struct column *column;
	size_t mark, mark_n; /* the mark: columns [mark, mark + mark_n), round the end */
};

/* Bytes, or pairs of them, vote for the distance at which they came twice in a row. */
static void vote(const uint8_t *bytes, size_t n, unsigned width, uint32_t *votes)
{
	uint32_t *last = calloc(65536, sizeof(*last)), *gap = calloc(65536, sizeof(*gap));
	uint32_t *count = calloc(65536, sizeof(*count));

	for (size_t i = 0; last && gap && count && i + width <= n; i++)
		count[pl_wire_get(bytes + i, width, true)]++;
	for (size_t i = 0; last && gap && count && i + width <= n; i++) {
		uint32_t what = pl_wire_get(bytes + i, width, true);
		uint32_t now = (uint32_t)i + 1 - last[what];

		if (last[what] && now == gap[what] && now >= PERIOD_MIN && now <= PERIOD_MAX &&
		    count[what] < n / 4)
			votes[now] += now; /* so many bytes are explained */
		gap[what] = now;
		last[what] = (uint32_t)i + 1;
	}
	free(last);
	free(gap);
	free(count);
}

/* The distances with most votes, the best first; behind them parts of the best. */
static unsigned periods(const uint8_t *bytes, size_t n, size_t *found)
{
	uint32_t *votes = calloc(PERIOD_MAX + 1, sizeof(*votes));
	unsigned k = 0;

	if (!votes)
		return 0;
	vote(bytes, n, 1, votes);
	vote(bytes, n, 2, votes);
	for (; k < PERIODS / 2; k++) {
		size_t best = 0;

		for (size_t p = PERIOD_MIN; p <= PERIOD_MAX && p * 4 < n; p++)
			if (votes[p] > votes[best])
				best = p;
		if (!best)
			break;
		found[k] = best;
		votes[best] = 0;
	}
	for (unsigned i = 0, top = k; i < top; i++)
		for (size_t part = 2; part <= 600 && k < PERIODS; part++)
			if (found[i] % part == 0 && found[i] / part >= PERIOD_MIN &&
			    votes[found[i] / part] > n / 4) {
				found[k++] = found[i] / part;
				votes[found[i] / part] = 0;
			}
	free(votes);
	return k;
}

static uint8_t cell_at(const struct fold *f, size_t frame, size_t column)
{
	return f->bytes[frame * f->period + column % f->period];
}

static void look_at(const struct fold *f, size_t j, struct column *c)
{
	unsigned count[256] = {0}, steps = 0;

	*c = (struct column){.low = 255};
	for (size_t i = 0; i < f->frames; i++) {
		uint8_t v = cell_at(f, i, j);

		count[v]++;
		c->low = v < c->low ? v : c->low;
		c->high = v > c->high ? v : c->high;
		steps += i && v == (uint8_t)(cell_at(f, i - 1, j) + 1);
	}
	for (int v = 0; v < 256; v++)
		if (count[v] > count[c->usual])
			c->usual = (uint8_t)v;
	c->constant = count[c->usual] * 20 >= f->frames * 19;
	c->counts = steps * 10 >= (f->frames - 1) * 9;
}

static bool fold(struct fold *f, size_t period)
{
	size_t count[256] = {0};

	f->period = period;
	f->frames = f->n / period;
	if (f->frames > 64)
		f->frames = 64;
	free(f->column);
	f->column = calloc(period, sizeof(*f->column));
	if (!f->column || f->frames < 4)
		return false;
	for (size_t i = 0; i < f->n; i++)
		count[f->bytes[i]]++;
	for (int v = 0; v < 256; v++)
		f->bits[v] = log2((double)f->n / (double)(count[v] + 1));
	for (size_t j = 0; j < period; j++)
		look_at(f, j, &f->column[j]);
	return true;
}

/* Of the columns that never change, the run that says most: at most eight, no common byte at its
 * ends (zeros beside a mark are cells that nobody stands on). */
static bool find_mark(struct fold *f)
{
	double best = 0, rare = fmin(2.5, log2((double)f->period) - 0.4);

	f->mark_n = 0;
	for (size_t j = 0; j < f->period; j++) {
		double bits = 0;

		for (size_t k = 0; k < PL_SYNC_MAX && k + 2 < f->period; k++) {
			const struct column *c = &f->column[(j + k) % f->period];

			if (!c->constant)
				break;
			bits += f->bits[c->usual];
			if (f->bits[c->usual] > rare && f->bits[f->column[j].usual] > rare &&
			    bits > best) {
				best = bits;
				f->mark = j;
				f->mark_n = k + 1;
			}
		}
	}
	return f->mark_n > 0;
}

static struct column *payload(const struct fold *f, size_t j)
{
	return &f->column[(f->mark + f->mark_n + j) % f->period];
}

/* Do the columns from `from` on hold u16 whose high byte is the first (big) or second? */
static bool looks_like_u16(const struct fold *f, size_t from, size_t n, bool big)
{
	size_t odd = 0, low_wide = 0;

	for (size_t i = 0; i + 1 < n; i += 2) {
		odd += payload(f, from + i + !big)->high > HIGH_MAX;
		low_wide += payload(f, from + i + big)->high > 2 * HIGH_MAX;
	}
	return !odd && low_wide * 4 > n / 2;
}

static bool looks_like_digits(const struct fold *f, size_t from, size_t n, unsigned *base)
{
	uint8_t high = 0;

	for (size_t i = 0; i < n; i++) {
		const struct column *c = payload(f, from + i);

		if (c->low < '\n' + 1 || c->high > '\n' + 64)
			return false;
		if (i % 2 && c->high > high)
			high = c->high;
	}
	*base = high > '\n' + 32 ? 64 : 32;
	return n > 8;
}

/* Frames of the stream from the first mark on, as values in the order of the line. */
static uint32_t *values_of(const struct fold *f, const struct pl_matrix_config *m, size_t from,
			   size_t cells, size_t *frames)
{
	size_t first = f->mark + f->mark_n + from, width = m->cell == PL_WIRE_U8 ? 1 : 2, at = 0;
	uint32_t *values;

	*frames = f->frames < 9 ? f->frames - 1 : 8;
	values = calloc(*frames * cells + 1, sizeof(*values));
	for (size_t i = 0; values && i < *frames; i++)
		for (size_t k = 0; k < cells; k++) {
			const uint8_t *b = f->bytes + i * f->period + first + k * width;

			if (b + width > f->bytes + f->n)
				break;
			values[at++] = m->digits.base
					       ? (b[0] - 11u) * m->digits.base + b[1] - 11u
					       : pl_wire_get(b, (unsigned)width, m->big_endian);
		}
	return values;
}

struct index {
	size_t column; /* of the payload */
	unsigned width, step;
	uint32_t base, modulus;
};

/* A column, or two, that counts up by the same step and starts over: which part of a frame. */
static bool find_index(const struct fold *f, size_t length, struct index *x)
{
	size_t frames = f->n / f->period;

	for (unsigned width = 1; width <= 2; width++) {
		for (size_t j = 0; j + width <= length && j < EXTRA_MAX; j++) {
			size_t at = (f->mark + f->mark_n + j), wraps = 0, steps = 0, other = 0;
			uint32_t step = 0, modulus = 0, low = UINT32_MAX;

			for (size_t i = 1; i + 1 < frames; i++) {
				const uint8_t *b = f->bytes + i * f->period + at;
				uint32_t now, was;

				if (b + width > f->bytes + f->n)
					break;
				now = pl_wire_get(b, width, false);
				was = pl_wire_get(b - f->period, width, false);

				low = now < low ? now : low;
				if (now > was && (!step || now - was == step)) {
					step = now - was;
					steps++;
				} else if (now < was && step &&
					   (!modulus || was + step - now == modulus)) {
					modulus = was + step - now;
					wraps++;
				} else {
					other++;
				}
			}
			if (wraps < 2 || other > 2 || steps < wraps || modulus == 256 ||
			    modulus == 65536)
				continue;
			*x = (struct index){j, width, step, step == 1 ? low : 0, modulus};
			return true;
		}
	}
	return false;
}

static void set_mark(struct pl_matrix_config *m, const struct fold *f)
{
	m->delimiter.n = (unsigned)f->mark_n;
	for (size_t k = 0; k < f->mark_n; k++)
		m->delimiter.bytes[k] = f->column[(f->mark + k) % f->period].usual;
}

/* The mark as a head, and a checksum that is right in every frame. */
static bool find_check(struct pl_guess *g, const struct fold *f)
{
	static const char *const names[] = {"none", "sum8",	   "sum16",	   "xor8",
					    "crc8", "crc16-ccitt", "crc16-modbus", "crc32"};
	static const unsigned width[] = {0, 1, 2, 1, 1, 2, 2, 4};
	struct pl_matrix_config *m = &g->config.matrix;
	size_t end = f->period;

	for (int type = PL_CHECK_CRC32; type > PL_CHECK_NONE; type--) {
		for (unsigned how = 0; how < 2 * (f->mark_n + 2); how++) {
			unsigned from = how / 2;
			bool big = how % 2, right = m->skip_tail >= width[type];

			for (size_t i = 0; right && i + 2 < f->frames && i < 12; i++) {
				const uint8_t *b = f->bytes + i * f->period + f->mark;

				right = pl_matrix_checksum((enum pl_check)type, b + from,
							   end - width[type] - from) ==
					pl_wire_get(b + end - width[type], width[type], big);
			}
			if (!right)
				continue;
			m->head = m->delimiter;
			m->delimiter.n = 0;
			m->check = (enum pl_check)type;
			m->check_big_endian = big;
			m->check_from = (int)from;
			m->skip_tail -= width[type];
			pl_guess_because(g, "the last bytes are right as %s from byte %u on",
					 names[type], from);
			return true;
		}
	}
	return false;
}

enum kind { KIND_U8, KIND_U16, KIND_DIGITS };

/* What the middle of the payload is, where there are only cells. */
static enum kind kind_of(const struct fold *f, size_t length)
{
	size_t end = length / 4 < EXTRA_MAX ? length / 4 : EXTRA_MAX;
	size_t n = (length - 2 * end) & ~(size_t)1;
	unsigned base;

	if (looks_like_digits(f, end, n, &base))
		return KIND_DIGITS;
	return looks_like_u16(f, end, n, true) || looks_like_u16(f, end, n, false) ? KIND_U16
										   : KIND_U8;
}

/* How much a cell changes from frame to frame, as a share of the mean. A high byte that was taken
 * from the cell beside it jumps when the low byte overflows; a right one does not. */
static double restless(const uint32_t *values, size_t frames, size_t n)
{
	double sum = 0, mean = 1;

	for (size_t i = 0; i < frames * n; i++) {
		mean += (double)values[i] / (double)(frames * n);
		if (i >= n)
			sum += fabs((double)values[i] - values[i - n]) / (double)(frames * n);
	}
	return sum / mean;
}

/* Sides that somebody would build. */
static double oddness(unsigned rows, unsigned cols)
{
	if (rows == cols || rows * cols <= 128)
		return 0;
	return rows % 4 || cols % 4 ? 3 : 0;
}

/* The payload with so many bytes before and behind the cells. What it costs: bytes unexplained and
 * sides that are odd; infinite: its columns do not fit. */
static double read_cells(struct pl_matrix_config *m, const struct fold *f, enum kind kind,
			 size_t front, size_t behind, size_t length)
{
	size_t n = length - front - behind, cells = kind == KIND_U8 ? n : n / 2, frames;
	uint32_t *values;
	unsigned base = 0;
	double rough = INFINITY;

	if (cells < 4 || (kind != KIND_U8 && n % 2))
		return INFINITY;
	m->cell = kind == KIND_U8 ? PL_WIRE_U8 : PL_WIRE_U16;
	m->digits.base = 0;
	m->big_endian = kind == KIND_U16 && looks_like_u16(f, front, n, true);
	if (kind == KIND_U16 && !m->big_endian && !looks_like_u16(f, front, n, false))
		return INFINITY;
	if (kind == KIND_DIGITS && !looks_like_digits(f, front, n, &base))
		return INFINITY;
	if (kind == KIND_DIGITS)
		m->digits = (struct pl_digits){.base = base, .offset = '\n' + 1};
	values = values_of(f, m, front, cells, &frames);
	if (values)
		rough = pl_guess_sides(values, frames, cells, &m->rows, &m->cols);
	if (values && rough < INFINITY)
		rough = 3 * rough + 10 * restless(values, frames, cells);
	free(values);
	m->skip_head = (unsigned)front;
	m->skip_tail = (unsigned)behind;
	if (!(rough < INFINITY))
		return INFINITY;
	return (double)(front + behind) + 0.02 * (double)front + rough + oddness(m->rows, m->cols);
}

/* Parts with an index: what is behind it are cells. */
static bool read_parts(struct pl_guess *g, const struct fold *f, const struct index *x,
		       size_t length)
{
	struct pl_matrix_config *m = &g->config.matrix;
	size_t front = x->column + x->width, rest = length - front, cells;
	unsigned base = 0;

	m->cell = PL_WIRE_U16;
	if (looks_like_digits(f, front, rest - rest % 2, &base))
		m->digits = (struct pl_digits){.base = base, .offset = '\n' + 1};
	else if (looks_like_u16(f, front, rest - rest % 2, true))
		m->big_endian = true;
	else if (!looks_like_u16(f, front, rest - rest % 2, false) && x->step != rest / 2)
		m->cell = PL_WIRE_U8;
	cells = m->cell == PL_WIRE_U8 ? rest : rest / 2;
	if (x->step > 1) { /* the index counts cells */
		if (x->step > cells || x->modulus < 4)
			return false;
		cells = x->step;
		m->rows = m->cols = (unsigned)lround(sqrt(x->modulus));
		if (m->rows * m->cols != x->modulus) {
			m->rows = 1;
			m->cols = x->modulus;
		}
	} else {
		m->rows = x->modulus;
		m->cols = (unsigned)cells;
		m->chunks.by_row = true;
	}
	m->chunks.cells = (unsigned)cells;
	m->chunks.index = (struct pl_field){.offset = (int)x->column, .width = x->width};
	m->chunks.index_base = x->base;
	m->skip_head = (unsigned)front;
	m->skip_tail = (unsigned)(rest - cells * (m->cell == PL_WIRE_U8 ? 1 : 2));
	pl_guess_because(g,
			 "bytes %zu.. of each part count by %u and start over at %u: parts of %zu "
			 "cells with an index",
			 x->column, x->step, x->modulus, cells);
	return m->cols >= 1 && m->rows * m->cols >= 4;
}

static bool finish(struct pl_guess *g, const struct fold *f)
{
	struct pl_matrix_layout l;

	if (pl_matrix_layout(&l, &g->config.matrix, NULL))
		return false;
	g->config.rows = l.rows;
	g->config.cols = l.cols;
	g->config.dtype = l.dtype;
	pl_guess_try(g, f->bytes, f->n);
	return g->frames > 0;
}

/* The mark in hexadecimal. */
static const char *hex(const struct pl_sync *s, char *buf)
{
	static const char digit[] = "0123456789ABCDEF";
	char *at = buf;

	for (unsigned i = 0; i < s->n; i++) {
		*at++ = digit[s->bytes[i] >> 4];
		*at++ = digit[s->bytes[i] & 15];
		*at++ = ' ';
	}
	*(s->n ? at - 1 : at) = '\0';
	return buf;
}

static void describe(struct pl_guess *g, const struct fold *f)
{
	const struct pl_matrix_config *m = &g->config.matrix;
	char mark[3 * PL_SYNC_MAX + 1];

	pl_guess_because(g, "binary: the same bytes come again after %zu bytes; \"%s\" always",
			 f->period, hex(m->head.n ? &m->head : &m->delimiter, mark));
	if (m->digits.base)
		pl_guess_because(g, "all others are 0B or more: two digits of base %u a cell",
				 m->digits.base);
	else if (m->cell == PL_WIRE_U16)
		pl_guess_because(g, "every second byte stays below 16: u16, %s byte first",
				 m->big_endian ? "high" : "low");
	else
		pl_guess_because(g, "every byte takes any value: u8");
	if (!m->chunks.cells)
		pl_guess_because(g, "neighbours are most alike as %u rows of %u", m->rows, m->cols);
	if (m->skip_head || m->skip_tail)
		pl_guess_because(g, "%u bytes before and %u behind the cells are something else",
				 m->skip_head, m->skip_tail);
}

/* One way to read a frame of this period; the first that the decoder confirms is the best. */
static bool read_frame(struct pl_guess *g, const struct fold *f)
{
	size_t length = f->period - f->mark_n;
	struct pl_matrix_config plain, best = {0};
	double cheapest = INFINITY;
	enum kind kind;
	struct index x;

	set_mark(&g->config.matrix, f);
	if (length < 2)
		return false;
	plain = g->config.matrix;
	if (find_index(f, length, &x) && read_parts(g, f, &x, length) && finish(g, f) &&
	    g->explained > 0.5) {
		describe(g, f);
		return true;
	}
	g->config.matrix = plain;
	g->why_n = 0;
	kind = kind_of(f, length);
	for (size_t extra = 0; extra <= EXTRA_MAX && extra + 4 <= length; extra++) {
		for (size_t front = 0; front <= extra && extra < cheapest; front++) {
			struct pl_matrix_config m = g->config.matrix;
			double cost = read_cells(&m, f, kind, front, extra - front, length);

			if (cost < cheapest) {
				cheapest = cost;
				best = m;
			}
		}
	}
	if (cheapest > 1e9)
		return false;
	g->config.matrix = best;
	describe(g, f);
	find_check(g, f);
	return finish(g, f) && g->explained > 0.5;
}

bool pl_guess_binary(struct pl_guess *g, const uint8_t *bytes, size_t n)
{
	const struct pl_guess empty = *g;
	struct fold f = {.bytes = bytes, .n = n};
	struct pl_guess best = empty;
	size_t period[PERIODS];
	unsigned k = periods(bytes, n, period);

	for (unsigned i = 0; i < k; i++) {
		struct pl_guess now = empty;

		if (!fold(&f, period[i]) || !find_mark(&f) || !read_frame(&now, &f))
			continue;
		/* of two that explain the same, the shorter frame: the other is two of it */
		if (now.explained > best.explained * 1.02 ||
		    (now.explained > best.explained * 0.98 && now.frames > best.frames))
			best = now;
	}
	free(f.column);
	*g = best;
	return best.frames > 0;
}
