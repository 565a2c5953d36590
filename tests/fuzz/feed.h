/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a decoder must hold for any bytes at all: it ends, it consumes what it says, it fills no
 * more than one frame, and it gives the same frames and counts however the bytes are cut.
 */
#ifndef TESTS_FUZZ_FEED_H
#define TESTS_FUZZ_FEED_H

#include <stdlib.h>
#include <string.h>

#include "drivers/decode/decode.h"

#define FEED_MAX 16384 /* longer inputs only take longer */

#define CHECK(condition)          \
	do {                      \
		if (!(condition)) \
			abort();  \
	} while (0)

static inline uint64_t hash_more(uint64_t hash, const void *bytes, size_t n)
{
	const uint8_t *at = bytes;

	while (n--)
		hash = (hash ^ *at++) * 0x100000001B3u;
	return hash;
}

static inline uint64_t hash_frame(uint64_t hash, const struct pl_raw_frame *f, size_t cells)
{
	uint64_t v[] = {(uint64_t)f->device_seq, (uint64_t)f->t_device_ns, f->lost_device,
			f->lost_corrupt,	 f->lost_overrun,	   f->resync};

	return hash_more(hash_more(hash, v, sizeof(v)), f->cells, cells);
}

/* One piece, until nothing is left to do. */
static inline uint64_t feed_piece(struct pl_decoder *d, const uint8_t *bytes, size_t n,
				  struct pl_raw_frame *frame, size_t cells, uint64_t hash)
{
	uint8_t *copy = malloc(n ? n : 1); /* of its own: one byte too far is seen */
	struct pl_device_text text;
	size_t used = 0, step;
	uint64_t calls = 0;
	bool got;

	CHECK(copy);
	if (n)
		memcpy(copy, bytes, n);
	do {
		step = pl_decoder_feed(d, copy + used, n - used, (int64_t)calls, frame, &got);
		CHECK(step <= n - used);
		CHECK(pl_decoder_need(d) >= 1);
		CHECK(++calls <= 4 * (uint64_t)n + (1u << 16));
		used += step;
		if (got)
			hash = hash_frame(hash, frame, cells);
		if (pl_decoder_text(d, &text))
			CHECK(memchr(text.text, 0, sizeof(text.text)));
	} while (step || got);
	CHECK(used == n);
	free(copy);
	return hash;
}

/* All bytes, in pieces of up to `most`; the host loses `lost` of them after the first `keep`. */
static inline uint64_t feed_cut(const struct pl_decoder_config *config, const uint8_t *bytes,
				size_t n, size_t most, size_t keep, size_t lost)
{
	size_t cells = (size_t)config->rows * config->cols * pl_dtype_size(config->dtype), step;
	struct pl_decoder *d = pl_decoder_new(config, NULL);
	struct pl_raw_frame frame = {.cells = malloc(cells)};
	uint64_t hash = 0xCBF29CE484222325u, seed = most;

	CHECK(d && frame.cells);
	keep = keep < n ? keep : n;
	for (size_t at = 0; at < n; at += step) {
		size_t end = at < keep ? keep : n;

		if (at == keep && lost)
			pl_decoder_skip(d, lost);
		seed = seed * 6364136223846793005u + 1442695040888963407u;
		step = most == SIZE_MAX ? end - at : 1 + (seed >> 33) % most;
		step = step < end - at ? step : end - at;
		hash = feed_piece(d, bytes + at, step, &frame, cells, hash);
	}
	hash = hash_more(hash, pl_decoder_stats(d), sizeof(struct pl_decode_stats));
	CHECK(pl_decoder_stats(d)->bytes == n);
	pl_decoder_free(d);
	free(frame.cells);
	return hash;
}

/* Whole, byte by byte, in small pieces: the same. */
static inline void feed_every_way(const struct pl_decoder_config *config, const uint8_t *bytes,
				  size_t n, size_t keep, size_t lost)
{
	uint64_t whole;

	n = n < FEED_MAX ? n : FEED_MAX;
	whole = feed_cut(config, bytes, n, SIZE_MAX, keep, lost);
	CHECK(whole == feed_cut(config, bytes, n, 1, keep, lost));
	CHECK(whole == feed_cut(config, bytes, n, 37, keep, lost));
}

#endif
