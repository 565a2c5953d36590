/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What it costs to get a 64 x 64 frame out of its bytes, by protocol and by what is on the mat.
 * Prints nanoseconds a frame and a cell and megabytes of the line a second: the best of several
 * rounds, since everything else on the machine can only make it slower.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "drivers/decode/matrix_layout.h"
#include "drivers/encode/encode.h"

#define FRAMES 64
#define ROUNDS 40
#define SIDE 64

enum load { EMPTY, FOOT, FULL };
static const char *const load_names[] = {"empty", "foot", "full"};

static double now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static void fill(const struct pl_decoder_config *c, uint8_t *cells, enum load load, unsigned k)
{
	size_t size = pl_dtype_size(c->dtype);

	memset(cells, 0, size * SIDE * SIDE);
	for (unsigned r = 0; r < SIDE; r++) {
		for (unsigned col = 0; col < SIDE; col++) {
			bool foot = r >= 12 && r < 50 && col >= 20 && col < 34;
			unsigned v = (r * 131 + col * 71 + k * 17) * 2654435761u >> 16;

			if (load == EMPTY || (load == FOOT && !foot))
				continue;
			v = load == FOOT ? v % (c->matrix.digits.base ? 1024 : 6000) : v;
			memcpy(cells + size * (r * SIDE + col), &v, size);
		}
	}
}

static double decode_all(struct pl_decoder *d, const uint8_t *wire, size_t n, void *cells)
{
	struct pl_raw_frame frame = {.cells = cells};
	size_t used = 0, frames = 0;
	double t0 = now_ns();
	bool got = true;

	while (used < n || got) {
		used += pl_decoder_feed(d, wire + used, n - used, 0, &frame, &got);
		frames += got;
	}
	t0 = now_ns() - t0;
	if (frames + 1 < FRAMES) { /* a text's first frame is not believed */
		fprintf(stderr, "%zu frames of %d\n", frames, FRAMES);
		exit(1);
	}
	return t0 / (double)frames;
}

static void bench(const char *name, const struct pl_decoder_config *c, enum load load)
{
	struct pl_encoder *e = pl_encoder_new(c, NULL);
	struct pl_decoder *d = pl_decoder_new(c, NULL);
	uint8_t *cells = calloc(SIDE * SIDE, 4), *wire;
	double decode = 1e18, encode = 1e18;
	size_t n = 0;

	if (!e || !d || !cells || !(wire = malloc(FRAMES * pl_encoder_max(e))))
		exit(1);
	for (int round = 0; round < ROUNDS; round++) {
		double spent = 0, took;

		n = 0;
		for (unsigned k = 0; k < FRAMES; k++) {
			double t0;

			fill(c, cells, load, k);
			t0 = now_ns();
			n += pl_encoder_frame(e, cells, k, k * 2000000ll, wire + n);
			spent += now_ns() - t0;
		}
		encode = spent / FRAMES < encode ? spent / FRAMES : encode;
		pl_decoder_reset(d);
		took = decode_all(d, wire, n, cells);
		decode = took < decode ? took : decode;
	}
	printf("%-34s %-6s decode %7.0f ns %6.2f ns a cell %6.0f MB/s  encode %7.0f ns  %5zu bytes "
	       "a "
	       "frame\n",
	       name, load_names[load], decode, decode / (SIDE * SIDE),
	       (double)(n / FRAMES) * 1e3 / decode, encode, n / FRAMES);
	free(wire);
	free(cells);
	pl_encoder_free(e);
	pl_decoder_free(d);
}

#define NO_FIELDS .length_field = {.offset = -1}, .seq_field = {.offset = -1}
#define SIZE .rows = SIDE, .cols = SIDE, NO_FIELDS
#define U16 .cell = PL_WIRE_U16, SIZE
#define PAD .delimiter = {.bytes = {0xAA, 0x55, 0x03, 0x99}, .n = 4}
#define LINE_END .tail = {.bytes = {'\n'}, .n = 1}

static const struct {
	const char *name;
	struct pl_matrix_config m;
} kinds[] = {
	{"u8", {PAD, SIZE}},
	{"u16", {PAD, U16}},
	{"u16 big endian", {PAD, U16, .big_endian = true}},
	{"u16 big endian turned", {PAD, U16, .big_endian = true, .rotate = 90}},
	{"u16 big endian cell_max", {PAD, U16, .big_endian = true, .cell_max = 60000}},
	{"u16 masked, inverted", {PAD, U16, .mask = 0x7FFF, .invert_max = 0x7FFF}},
	{"u24 big endian", {PAD, SIZE, .cell = PL_WIRE_U24, .big_endian = true}},
	{"f32", {PAD, SIZE, .cell = PL_WIRE_F32}},
	{"u16 sum16", {PAD, U16, .check = PL_CHECK_SUM16}},
	{"u16 xor8", {PAD, U16, .check = PL_CHECK_XOR8}},
	{"u16 crc8", {PAD, U16, .check = PL_CHECK_CRC8}},
	{"u16 crc16-ccitt", {PAD, U16, .check = PL_CHECK_CRC16_CCITT}},
	{"u16 crc16-modbus", {PAD, U16, .check = PL_CHECK_CRC16_MODBUS}},
	{"u16 crc32", {PAD, U16, .check = PL_CHECK_CRC32}},
	{"two digits a cell", {LINE_END, U16, .digits = {.base = 32, .offset = 11}}},
	{"u16 in parts of 128",
	 {PAD, U16, .skip_head = 2, .chunks = {.cells = 128, .index = {.offset = 0, .width = 2}}}},
	{"u8 slip", {SIZE, .escape = PL_ESCAPE_SLIP}},
	{"u8 cobs", {SIZE, .escape = PL_ESCAPE_COBS}},
	{"u16 cobs crc16-ccitt", {U16, .escape = PL_ESCAPE_COBS, .check = PL_CHECK_CRC16_CCITT}},
	{"text, rows", {U16, .text = {.line = PL_LINE_ROW, .blank = true}}},
	{"text, a cell a line", {U16, .text = {.line = PL_LINE_CELL, .blank = true}}},
	{"text, index and value", {U16, .text = {.line = PL_LINE_INDEX}}},
	{"text, a frame a line, turned", {U16, .text = {.line = PL_LINE_FRAME}, .rotate = 90}},
};

int main(void)
{
	struct pl_decoder_config pmp = {
		.protocol = "pmp", .rows = SIDE, .cols = SIDE, .dtype = PL_U16};
	const struct pl_decoder_config jq = {
		.protocol = "jq", .rows = SIDE, .cols = SIDE, .dtype = PL_U8};

	for (int load = EMPTY; load <= FULL; load++)
		bench("pmp u16", &pmp, (enum load)load);
	bench("jq u8, its own decoder", &jq, FOOT);
	bench("jq u8, its own decoder", &jq, FULL);
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		struct pl_decoder_config c = {.protocol = "matrix",
					      .rows = SIDE,
					      .cols = SIDE,
					      .dtype = pl_wire_dtype(kinds[i].m.cell),
					      .matrix = kinds[i].m};

		bench(kinds[i].name, &c, FOOT);
		if (kinds[i].m.text.line || kinds[i].m.escape)
			bench(kinds[i].name, &c, FULL);
	}
	return 0;
}
