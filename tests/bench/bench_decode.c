/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What it costs to get a 64 x 64 frame out of its bytes, by protocol and by what is on the mat.
 * Prints nanoseconds a frame: the best of several rounds, since everything else on the machine
 * can only make it slower.
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
			v = load == FOOT ? v % 6000 : v;
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
	if (frames != FRAMES) {
		fprintf(stderr, "%zu frames of %d\n", frames, FRAMES);
		exit(1);
	}
	return t0 / FRAMES;
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
	printf("%-34s %-6s decode %6.0f ns  encode %6.0f ns  %5zu bytes a frame\n", name,
	       load_names[load], decode, encode, n / FRAMES);
	free(wire);
	free(cells);
	pl_encoder_free(e);
	pl_decoder_free(d);
}

int main(void)
{
	struct pl_decoder_config pmp = {
		.protocol = "pmp", .rows = SIDE, .cols = SIDE, .dtype = PL_U16};
	struct pl_decoder_config matrix = {
		.protocol = "matrix",
		.rows = SIDE,
		.cols = SIDE,
		.dtype = PL_U16,
		.matrix = {.delimiter = {.bytes = {0xAA, 0x55, 0x03, 0x99}, .n = 4},
			   .rows = SIDE,
			   .cols = SIDE,
			   .cell = PL_WIRE_U16,
			   .length_field.offset = -1,
			   .seq_field.offset = -1},
	};

	for (int load = EMPTY; load <= FULL; load++)
		bench("pmp 64x64 u16", &pmp, (enum load)load);
	bench("matrix 64x64 u16", &matrix, FOOT);
	matrix.matrix.big_endian = true;
	bench("matrix 64x64 u16 big endian", &matrix, FOOT);
	matrix.matrix.rotate = 90;
	bench("matrix 64x64 u16 big endian turned", &matrix, FOOT);
	matrix.matrix.rotate = 0;
	matrix.matrix.big_endian = false;
	matrix.matrix.check = PL_CHECK_CRC16_CCITT;
	bench("matrix 64x64 u16 crc16", &matrix, FOOT);
	matrix.matrix.check = PL_CHECK_NONE;
	matrix.matrix.cell = PL_WIRE_U8;
	matrix.dtype = PL_U8;
	bench("matrix 64x64 u8", &matrix, FOOT);
	return 0;
}
