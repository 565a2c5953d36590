/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Compressing is most of what recording costs, and general compressors spend it on looking for
 * repeats that measured pressure does not have: a loaded cell never holds the same value twice.
 * What frames do have is long runs of one byte (the empty mat), cells that did not move since the
 * last frame (coarse converters), and a skewed histogram. So only two distances are ever tried,
 * one byte and one frame back, and everything else is a literal with Huffman codes made anew
 * every 32,768 symbols. With the bytes shuffled into planes first, so that each plane has its own
 * codes, this takes a fraction of the time of libdeflate's or zlib's fastest level and less room
 * (figures in docs/archive.md). The format is RFC 1950 and 1951.
 */
#include <libdeflate.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "zpack.h"

#define BLOCK_SYMBOLS 32768
#define LITLEN 286
#define DIST 30
#define CODELEN 19
#define END_OF_BLOCK 256
#define MATCH_MAX 258
#define MATCH_MIN 3
#define WINDOW 32768
#define STEP 4 /* bytes between two looks for a repeat */

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "words are compared as bytes lie");

/* A literal is its value; a match is MATCH | far | length. */
#define MATCH 0x10000u
#define FAR 0x8000u

struct code {
	uint16_t bits;
	uint8_t length;
};

struct bits {
	uint8_t *out;
	uint64_t hold;
	unsigned n;
};

struct zpack {
	uint32_t token[BLOCK_SYMBOLS];
	size_t tokens;
	uint32_t litlen_count[LITLEN], dist_count[DIST];
	struct code litlen[LITLEN], dist[DIST];
	struct bits bits;
	/* distance code and extra bits of the far distance */
	unsigned far_code, far_extra_bits, far_extra;
	uint16_t length_code[MATCH_MAX + 1];
	uint8_t length_extra_bits[MATCH_MAX + 1], length_extra[MATCH_MAX + 1];
};

struct zpack *pl_zpack_new(void)
{
	struct zpack *z = calloc(1, sizeof(*z));

	if (!z)
		return NULL;
	for (unsigned length = MATCH_MIN, code = 257; code <= 284; code++) {
		unsigned extra = code < 265 ? 0 : (code - 261) / 4;

		for (unsigned i = 0; i < 1u << extra && length < MATCH_MAX; i++, length++) {
			z->length_code[length] = (uint16_t)code;
			z->length_extra_bits[length] = (uint8_t)extra;
			z->length_extra[length] = (uint8_t)i;
		}
	}
	z->length_code[MATCH_MAX] = 285;
	return z;
}

void pl_zpack_free(struct zpack *z)
{
	free(z);
}

size_t pl_zpack_bound(size_t n)
{
	/* at most 15 bits a literal, and what a block's codes take; a match is shorter than its
	 * literals would be */
	return 2 * n + (n / BLOCK_SYMBOLS + 1) * 512 + 64;
}

/* In steps of a fixed size, which compilers turn into vector instructions. */
static void shuffle2(const uint16_t *p, size_t n, uint8_t *low, uint8_t *high)
{
	size_t i = 0;

	for (; i + 16 <= n; i += 16) {
		uint8_t l[16], h[16];

		for (size_t k = 0; k < 16; k++) {
			l[k] = (uint8_t)p[i + k];
			h[k] = (uint8_t)(p[i + k] >> 8);
		}
		memcpy(low + i, l, sizeof(l));
		memcpy(high + i, h, sizeof(h));
	}
	for (; i < n; i++) {
		low[i] = (uint8_t)p[i];
		high[i] = (uint8_t)(p[i] >> 8);
	}
}

void pl_zpack_shuffle(const void *from, size_t n, size_t size, void *to)
{
	const uint8_t *p = from;
	uint8_t *q = to;

	if (size == 2) {
		shuffle2(from, n, q, q + n);
		return;
	}
	for (size_t k = 0; k < size; k++)
		for (size_t i = 0; i < n; i++)
			*q++ = p[i * size + k];
}

static void put(struct bits *b, uint64_t value, unsigned n)
{
	b->hold |= value << b->n;
	b->n += n;
}

/* Afterwards fewer than 8 bits are held, so 56 may be put. */
static void flush(struct bits *b)
{
	memcpy(b->out, &b->hold, sizeof(b->hold));
	b->out += b->n >> 3;
	b->hold >>= b->n & ~7u;
	b->n &= 7;
}

/* ---- Huffman codes ---- */

struct leaf {
	uint32_t count;
	uint16_t symbol;
};

static int by_count(const void *a, const void *b)
{
	const struct leaf *x = a, *y = b;

	if (x->count != y->count)
		return x->count < y->count ? -1 : 1;
	return (int)x->symbol - (int)y->symbol;
}

/*
 * How many of the n >= 2 leaves (rarest first) get a code of each length: an ordinary Huffman
 * tree over two queues, leaves and nodes, both in order of their weight.
 */
static void tree(const struct leaf *leaf, unsigned n, unsigned *of_length)
{
	uint32_t weight[LITLEN];
	uint16_t parent_of_leaf[LITLEN], parent[LITLEN];
	uint8_t depth[LITLEN];
	unsigned l = 0, next = 0, nodes = 0;

	while (nodes < n - 1) {
		uint32_t sum = 0;

		for (int child = 0; child < 2; child++) {
			if (l < n && (next >= nodes || leaf[l].count <= weight[next])) {
				parent_of_leaf[l] = (uint16_t)nodes;
				sum += leaf[l++].count;
			} else {
				parent[next] = (uint16_t)nodes;
				sum += weight[next++];
			}
		}
		weight[nodes++] = sum;
	}
	depth[nodes - 1] = 0;
	for (unsigned i = nodes - 1; i-- > 0;)
		depth[i] = (uint8_t)(depth[parent[i]] + 1);
	for (unsigned i = 0; i < n; i++)
		of_length[depth[parent_of_leaf[i]] + 1]++;
}

/* Shorten codes above max; the price is paid by the longest of the others (Kraft's sum stays 1). */
static void limit(unsigned *of_length, unsigned longest, unsigned max)
{
	uint32_t kraft = 0;

	for (unsigned i = max + 1; i <= longest; i++) {
		of_length[max] += of_length[i];
		of_length[i] = 0;
	}
	for (unsigned i = 1; i <= max; i++)
		kraft += of_length[i] << (max - i);
	while (kraft > 1u << max) {
		unsigned i = max - 1;

		of_length[max]--;
		while (!of_length[i])
			i--;
		of_length[i]--;
		of_length[i + 1] += 2;
		kraft--;
	}
}

static uint16_t reversed(unsigned code, unsigned n)
{
	unsigned out = 0;

	for (; n; n--, code >>= 1)
		out = out << 1 | (code & 1);
	return (uint16_t)out;
}

/* Codes of at most max bits for the symbols that occur; at least two do. */
static void make_codes(const uint32_t *count, unsigned symbols, unsigned max, struct code *code)
{
	struct leaf leaf[LITLEN];
	unsigned of_length[LITLEN + 1] = {0}, next[16] = {0}, n = 0, at;

	for (unsigned i = 0; i < symbols; i++) {
		code[i] = (struct code){0};
		if (count[i])
			leaf[n++] = (struct leaf){count[i], (uint16_t)i};
	}
	qsort(leaf, n, sizeof(leaf[0]), by_count);
	tree(leaf, n, of_length);
	limit(of_length, n, max);
	at = n;
	for (unsigned length = 1; length <= max; length++)
		for (unsigned i = 0; i < of_length[length]; i++)
			code[leaf[--at].symbol].length = (uint8_t)length;
	for (unsigned length = 1; length < max; length++)
		next[length + 1] = (next[length] + of_length[length]) << 1;
	for (unsigned i = 0; i < symbols; i++)
		if (code[i].length)
			code[i].bits = reversed(next[code[i].length]++, code[i].length);
}

/* ---- one block ---- */

struct run {
	uint8_t symbol, extra;
};

/* The code lengths of both alphabets as runs (RFC 1951, 3.2.7). */
static unsigned run_lengths(const uint8_t *length, unsigned n, struct run *run)
{
	unsigned runs = 0;

	for (unsigned i = 0, same; i < n; i += same) {
		unsigned max = length[i] ? 7 : 138;

		for (same = 1; i + same < n && same < max && length[i + same] == length[i];)
			same++;
		if (!length[i] && same >= 3) {
			run[runs++] = same < 11 ? (struct run){17, (uint8_t)(same - 3)}
						: (struct run){18, (uint8_t)(same - 11)};
		} else if (same >= 4) {
			run[runs++] = (struct run){length[i], 0};
			run[runs++] = (struct run){16, (uint8_t)(same - 4)};
		} else {
			same = 1;
			run[runs++] = (struct run){length[i], 0};
		}
	}
	return runs;
}

static unsigned used(const struct code *code, unsigned n, unsigned least)
{
	while (n > least && !code[n - 1].length)
		n--;
	return n;
}

static void put_codes(struct zpack *z)
{
	static const uint8_t order[CODELEN] = {16, 17, 18, 0, 8,  7, 9,	 6, 10, 5,
					       11, 4,  12, 3, 13, 2, 14, 1, 15};
	static const uint8_t extra_bits[CODELEN] = {[16] = 2, [17] = 3, [18] = 7};
	const unsigned litlens = used(z->litlen, LITLEN, 257), dists = used(z->dist, DIST, 1);
	uint32_t count[CODELEN] = {0};
	struct code code[CODELEN];
	uint8_t length[LITLEN + DIST];
	struct run run[LITLEN + DIST];
	unsigned runs, lengths = CODELEN;

	for (unsigned i = 0; i < litlens; i++)
		length[i] = z->litlen[i].length;
	for (unsigned i = 0; i < dists; i++)
		length[litlens + i] = z->dist[i].length;
	runs = run_lengths(length, litlens + dists, run);
	count[0] = count[1] = 1; /* two at least */
	for (unsigned i = 0; i < runs; i++)
		count[run[i].symbol]++;
	make_codes(count, CODELEN, 7, code);
	while (lengths > 4 && !code[order[lengths - 1]].length)
		lengths--;
	put(&z->bits, litlens - 257, 5);
	put(&z->bits, dists - 1, 5);
	put(&z->bits, lengths - 4, 4);
	flush(&z->bits);
	for (unsigned i = 0; i < lengths; i++) {
		put(&z->bits, code[order[i]].length, 3);
		flush(&z->bits);
	}
	for (unsigned i = 0; i < runs; i++) {
		put(&z->bits, code[run[i].symbol].bits, code[run[i].symbol].length);
		put(&z->bits, run[i].extra, extra_bits[run[i].symbol]);
		flush(&z->bits);
	}
}

static void put_match(struct zpack *z, struct bits *b, uint32_t token)
{
	const unsigned length = token & 0x1ff;
	const struct code *l = &z->litlen[z->length_code[length]];
	const struct code *d = &z->dist[token & FAR ? z->far_code : 0];

	flush(b);
	put(b, l->bits, l->length);
	put(b, z->length_extra[length], z->length_extra_bits[length]);
	put(b, d->bits, d->length);
	if (token & FAR)
		put(b, z->far_extra, z->far_extra_bits);
	flush(b);
}

static void put_tokens(struct zpack *z)
{
	struct bits b = z->bits; /* in registers */
	size_t i = 0;

	flush(&b);
	while (i < z->tokens) {
		/* three literals fit between two flushes */
		for (unsigned k = 0; k < 3 && i < z->tokens && z->token[i] < MATCH; k++, i++)
			put(&b, z->litlen[z->token[i]].bits, z->litlen[z->token[i]].length);
		if (i < z->tokens && z->token[i] >= MATCH)
			put_match(z, &b, z->token[i++]);
		else
			flush(&b);
	}
	put(&b, z->litlen[END_OF_BLOCK].bits, z->litlen[END_OF_BLOCK].length);
	flush(&b);
	z->bits = b;
}

static void put_block(struct zpack *z, bool last)
{
	z->litlen_count[END_OF_BLOCK] = 1;
	z->litlen_count[0] += z->litlen_count[0] == 0; /* two symbols at least in each alphabet */
	z->dist_count[0] += z->dist_count[0] == 0;
	z->dist_count[1] += z->dist_count[1] == 0;
	make_codes(z->litlen_count, LITLEN, 15, z->litlen);
	make_codes(z->dist_count, DIST, 15, z->dist);
	flush(&z->bits);
	put(&z->bits, last, 1);
	put(&z->bits, 2, 2);
	put_codes(z);
	put_tokens(z);
	z->tokens = 0;
	memset(z->litlen_count, 0, sizeof(z->litlen_count));
	memset(z->dist_count, 0, sizeof(z->dist_count));
}

/* ---- finding runs and repeats ---- */

static uint64_t word(const uint8_t *p)
{
	uint64_t v;

	memcpy(&v, p, sizeof(v));
	return v;
}

/* Bytes from p on that equal those distance before, up to end. */
static size_t same(const uint8_t *p, const uint8_t *end, size_t distance)
{
	const uint8_t *q = p;

	while (end - q >= 8) {
		uint64_t differ = word(q) ^ word(q - distance);

		if (differ)
			return (size_t)(q - p) + (size_t)(__builtin_ctzll(differ) >> 3);
		q += 8;
	}
	while (q < end && *q == *(q - distance))
		q++;
	return (size_t)(q - p);
}

static void add(struct zpack *z, uint32_t token)
{
	if (z->tokens == BLOCK_SYMBOLS)
		put_block(z, false);
	z->token[z->tokens++] = token;
}

static void add_literals(struct zpack *z, const uint8_t *p, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		add(z, p[i]);
		z->litlen_count[p[i]]++;
	}
}

/* Returns how much of the n bytes was expressed as matches: what is left is below MATCH_MIN. */
static size_t add_matches(struct zpack *z, size_t n, bool far)
{
	size_t left = n;

	while (left >= MATCH_MIN) {
		size_t length = left < MATCH_MAX ? left : MATCH_MAX;

		add(z, MATCH | (far ? FAR : 0) | (uint32_t)length);
		z->litlen_count[z->length_code[length]]++;
		z->dist_count[far ? z->far_code : 0]++;
		left -= length;
	}
	return n - left;
}

/* The distance code of RFC 1951, 3.2.5. */
static void set_far(struct zpack *z, size_t distance)
{
	unsigned above = (unsigned)distance - 1, extra;

	if (above < 4) {
		z->far_code = above;
		z->far_extra_bits = z->far_extra = 0;
		return;
	}
	extra = 30 - (unsigned)__builtin_clz(above);
	z->far_code = 2 * extra + 2 + (above >> extra & 1);
	z->far_extra_bits = extra;
	z->far_extra = above & ((1u << extra) - 1);
}

static void find(struct zpack *z, const uint8_t *data, size_t n, size_t repeat)
{
	const uint8_t *p = data, *end = data + n;

	while (end - p >= 8) {
		uint64_t here = word(p);
		size_t took = 0;

		if (p > data && here == word(p - 1))
			took = add_matches(z, same(p, end, 1), false);
		else if (repeat && (size_t)(p - data) >= repeat && here == word(p - repeat))
			took = add_matches(z, same(p, end, repeat), true);
		if (!took)
			add_literals(z, p, took = STEP);
		p += took;
	}
	add_literals(z, p, (size_t)(end - p));
}

size_t pl_zpack(struct zpack *z, const void *data, size_t n, size_t repeat, void *out)
{
	uint32_t adler = libdeflate_adler32(1, data, n);
	uint8_t *start = out;

	z->bits = (struct bits){.out = start};
	put(&z->bits, 0x0178, 16); /* 32 KiB window, fastest; a multiple of 31 read big-endian */
	flush(&z->bits);
	if (repeat > WINDOW || repeat < 2)
		repeat = 0;
	if (repeat)
		set_far(z, repeat);
	find(z, data, n, repeat);
	put_block(z, true);
	put(&z->bits, 0, (8 - z->bits.n) & 7);
	flush(&z->bits);
	for (int shift = 24; shift >= 0; shift -= 8)
		*z->bits.out++ = (uint8_t)(adler >> shift);
	return (size_t)(z->bits.out - start);
}
