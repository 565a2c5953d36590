/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the decoder tests share: streams of bytes, the frames that come out of them, and the ways
 * of cutting a stream. The same stream must give the same frames, numbers and losses however it is
 * cut, so a "play" keeps everything that came out and two plays can be compared.
 */
#ifndef TESTS_UNIT_DRIVERS_STREAM_H
#define TESTS_UNIT_DRIVERS_STREAM_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "drivers/decode/decode.h"
#include "drivers/encode/encode.h"

/* A small generator of our own: the same numbers on every machine. */
static inline uint32_t rnd(uint64_t *seed)
{
	*seed = *seed * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(*seed >> 33);
}

struct stream {
	uint8_t *bytes;
	size_t n, cap;
};

static inline void stream_add(struct stream *s, const void *bytes, size_t n)
{
	if (s->n + n > s->cap) {
		s->cap = 2 * (s->n + n);
		s->bytes = realloc(s->bytes, s->cap);
		assert_non_null(s->bytes);
	}
	if (n)
		memcpy(s->bytes + s->n, bytes, n);
	s->n += n;
}

static inline void stream_noise(struct stream *s, size_t n, uint64_t *seed)
{
	for (; n; n--) {
		uint8_t byte = (uint8_t)(rnd(seed) >> 7);

		stream_add(s, &byte, 1);
	}
}

static inline void stream_free(struct stream *s)
{
	free(s->bytes);
	*s = (struct stream){0};
}

struct outcome {
	struct pl_raw_frame frame; /* cells: own copy */
};

struct play {
	struct outcome *frames;
	size_t n, cell_bytes;
	struct pl_decode_stats stats;
};

static inline size_t config_bytes(const struct pl_decoder_config *c)
{
	return (size_t)c->rows * c->cols * pl_dtype_size(c->dtype);
}

static inline void play_add(struct play *p, const struct pl_raw_frame *frame)
{
	struct outcome *o;

	p->frames = realloc(p->frames, (p->n + 1) * sizeof(*p->frames));
	assert_non_null(p->frames);
	o = &p->frames[p->n++];
	o->frame = *frame;
	o->frame.cells = malloc(p->cell_bytes);
	assert_non_null(o->frame.cells);
	memcpy(o->frame.cells, frame->cells, p->cell_bytes);
}

/* Feeds n bytes until nothing is left to do; frames are added to p. */
static inline void feed_all(struct pl_decoder *d, struct play *p, const uint8_t *bytes, size_t n)
{
	uint8_t *cells = malloc(p->cell_bytes), *copy = malloc(n ? n : 1);
	struct pl_raw_frame frame = {.cells = cells};
	size_t used = 0;
	bool got = true;

	if (n)
		memcpy(copy, bytes, n); /* exactly as long as said: ASan sees one byte too far */
	for (size_t step = 1; got || step; used += step) {
		assert_true(pl_decoder_need(d) >= 1);
		step = pl_decoder_feed(d, copy + used, n - used, 0, &frame, &got);
		assert_true(step <= n - used);
		if (got)
			play_add(p, &frame);
	}
	assert_int_equal(used, n);
	free(cells);
	free(copy);
}

/* Where the stream is cut next; returns the length of the piece at `at`. */
typedef size_t (*cutter)(size_t at, size_t n, uint64_t *state);

static inline size_t cut_whole(size_t at, size_t n, uint64_t *state)
{
	(void)state;
	return n - at;
}

static inline size_t cut_bytes(size_t at, size_t n, uint64_t *state)
{
	(void)at;
	(void)n;
	(void)state;
	return 1;
}

/* Once, at *state. */
static inline size_t cut_once(size_t at, size_t n, uint64_t *state)
{
	return at < *state ? (size_t)*state : n - at;
}

static inline size_t cut_random(size_t at, size_t n, uint64_t *state)
{
	(void)at;
	(void)n;
	return rnd(state) % 4 ? 1 + rnd(state) % 64 : 1 + rnd(state) % 5000;
}

static inline struct play play(const struct pl_decoder_config *config, const struct stream *s,
			       cutter cut, uint64_t state)
{
	struct play p = {.cell_bytes = config_bytes(config)};
	struct pl_error err = {0};
	struct pl_decoder *d = pl_decoder_new(config, &err);

	if (!d)
		fail_msg("%s", err.message);
	for (size_t at = 0, step; at < s->n; at += step) {
		step = cut(at, s->n, &state);
		if (step > s->n - at)
			step = s->n - at;
		feed_all(d, &p, s->bytes + at, step);
	}
	p.stats = *pl_decoder_stats(d);
	pl_decoder_free(d);
	return p;
}

static inline void play_free(struct play *p)
{
	for (size_t i = 0; i < p->n; i++)
		free(p->frames[i].frame.cells);
	free(p->frames);
	*p = (struct play){0};
}

static inline bool same_frame(const struct pl_raw_frame *a, const struct pl_raw_frame *b, size_t n)
{
	return a->device_seq == b->device_seq && a->t_device_ns == b->t_device_ns &&
	       a->lost_device == b->lost_device && a->lost_corrupt == b->lost_corrupt &&
	       a->lost_overrun == b->lost_overrun && a->resync == b->resync &&
	       !memcmp(a->cells, b->cells, n);
}

static inline void assert_same_play(const struct play *a, const struct play *b)
{
	assert_int_equal(a->n, b->n);
	for (size_t i = 0; i < a->n; i++)
		assert_true(same_frame(&a->frames[i].frame, &b->frames[i].frame, a->cell_bytes));
	assert_memory_equal(&a->stats, &b->stats, sizeof(a->stats));
}

/* The stream whole, byte by byte, and at random in `times` ways: all the same. Returns the play. */
static inline struct play play_many_ways(const struct pl_decoder_config *config,
					 const struct stream *s, unsigned times)
{
	struct play whole = play(config, s, cut_whole, 0), other;

	other = play(config, s, cut_bytes, 0);
	assert_same_play(&whole, &other);
	play_free(&other);
	for (unsigned i = 0; i < times; i++) {
		other = play(config, s, cut_random, i + 1);
		assert_same_play(&whole, &other);
		play_free(&other);
	}
	return whole;
}

/* The same, and cut once at each place below 4 KiB. */
static inline struct play play_every_way(const struct pl_decoder_config *config,
					 const struct stream *s, unsigned times)
{
	struct play whole = play_many_ways(config, s, times), other;

	for (size_t at = 1; at < s->n && at < 4096; at++) {
		other = play(config, s, cut_once, at);
		assert_same_play(&whole, &other);
		play_free(&other);
	}
	return whole;
}

/* The frames of p from `first` on are those that were sent from `from` on, `n` of them. */
static inline void assert_frames(const struct play *p, size_t first, const uint8_t *cells,
				 size_t from, size_t n)
{
	for (size_t i = 0; i < n; i++)
		assert_memory_equal(p->frames[first + i].frame.cells,
				    cells + (from + i) * p->cell_bytes, p->cell_bytes);
}

static inline uint64_t lost(const struct pl_raw_frame *f)
{
	return f->lost_corrupt + f->lost_device + f->lost_overrun;
}

/* The nearest cell that this mat can put on the wire. */
static inline uint32_t fit_cell(const struct pl_decoder_config *c, uint32_t v)
{
	const struct pl_matrix_config *m = &c->matrix;
	bool matrix = !strcmp(c->protocol, "matrix");

	if (!matrix)
		return v;
	if (m->text.line && m->cell == PL_WIRE_I32)
		return (uint32_t)((int32_t)v % 100000000);
	if (m->cell == PL_WIRE_I8)
		return (uint32_t)(int32_t)(int8_t)v;
	if (m->cell == PL_WIRE_U24)
		v &= 0xFFFFFF;
	if (m->cell_max)
		v %= m->cell_max + 1;
	if (m->digits.base)
		v %= m->digits.base * m->digits.base;
	if (m->text.line) /* nine digits at most */
		v %= 100000000;
	if (m->mask)
		v %= (m->mask >> m->shift) + 1;
	if (m->invert_max)
		v %= m->invert_max + 1;
	return v;
}

/* Cells that look like a mat: mostly empty, some loaded, some at the ends of the range. */
static inline void make_cells(const struct pl_decoder_config *c, void *cells, uint64_t *seed)
{
	size_t size = pl_dtype_size(c->dtype), n = (size_t)c->rows * c->cols;
	uint8_t *at = cells;

	memset(cells, 0, n * size);
	for (size_t i = 0; i < n; i++, at += size) {
		uint32_t kind = rnd(seed) % 8, v = rnd(seed);
		float f = (float)(v % 100000) / 7;

		if (kind < 4)
			continue;
		if (c->dtype == PL_F32)
			memcpy(at, &f, 4);
		else {
			v = kind == 4 ? UINT32_MAX : kind == 5 ? v : v & 0xFF;
			v = fit_cell(c, v & (uint32_t)((1ull << 8 * size) - 1));
			memcpy(at, &v, size);
		}
	}
}

/* Devices that send relative cells, or few bits: any cells become those that can be told. */
static inline bool is_coarse(const struct pl_decoder_config *c)
{
	return !strcmp(c->protocol, "fisica") || !strcmp(c->protocol, "phidget") ||
	       !strcmp(c->protocol, "takktile");
}

static inline void settle_cells(const struct pl_decoder_config *c, void *cells)
{
	struct pl_encoder *e = pl_encoder_new(c, NULL);
	struct play p = {.cell_bytes = config_bytes(c)};
	struct pl_decoder *d = pl_decoder_new(c, NULL);
	uint8_t *wire = malloc(pl_encoder_max(e));

	/* what comes first may only be a beginning; whatever marks an end comes with the last */
	for (unsigned i = 0; i < 4; i++)
		feed_all(d, &p, wire, pl_encoder_frame(e, cells, i, 0, wire));
	assert_true(p.n >= 1);
	memcpy(cells, p.frames[p.n - 1].frame.cells, p.cell_bytes);
	play_free(&p);
	free(wire);
	pl_decoder_free(d);
	pl_encoder_free(e);
}

/* n frames of a mat, encoded one after the other; seq from 0, device time 2 ms apart. The cells
 * go to *cells (n times the frame's bytes), to be freed; ends[i] is where frame i ends. */
static inline struct stream make_stream(const struct pl_decoder_config *c, size_t n, uint64_t seed,
					uint8_t **cells, size_t *ends)
{
	size_t bytes = config_bytes(c);
	struct stream s = {0};
	struct pl_error err = {0};
	struct pl_encoder *e = pl_encoder_new(c, &err);
	uint8_t *wire;

	if (!e)
		fail_msg("%s", err.message);
	wire = malloc(pl_encoder_max(e));
	*cells = malloc(n * bytes);
	assert_non_null(wire);
	assert_non_null(*cells);
	for (size_t i = 0; i < n; i++) {
		uint8_t *frame = *cells + i * bytes;
		size_t size;

		make_cells(c, frame, &seed);
		if (is_coarse(c))
			settle_cells(c, frame);
		size = pl_encoder_frame(e, frame, i, (int64_t)i * 2000000, wire);
		assert_true(size <= pl_encoder_max(e));
		stream_add(&s, wire, size);
		if (ends)
			ends[i] = s.n;
	}
	free(wire);
	pl_encoder_free(e);
	return s;
}

#endif
