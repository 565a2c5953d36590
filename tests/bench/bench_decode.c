/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What it costs to get a frame out of its bytes, by protocol and by what is on the mat: 64 x 64
 * cells, or as many as a device has that is always of one size. Prints nanoseconds a frame and a
 * cell and megabytes of the line a second: the best of several rounds, since everything else on
 * the machine can only make it slower.
 *
 * usage: bench_decode [check]
 * check fails where a decoder takes too long beside a plain pass over the same bytes on the same
 * machine: a table's CRC byte by byte, which does some 400 MB/s where the aims (200 MB/s for
 * binary streams, 50 for text) were set.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "drivers/decode/matrix_layout.h"
#include "drivers/encode/encode.h"

#define FRAMES 64
#define ROUNDS 40
#define CHECK_ROUNDS 15
#define SIDE 64
#define PASSES_BINARY 2.0 /* a decoder may cost so many plain passes */
#define PASSES_TEXT 8.0

enum load { EMPTY, FOOT, FULL };
static const char *const load_names[] = {"empty", "foot", "full"};
static bool check_only;
static int too_slow;

static double now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static void put_cell(const struct pl_decoder_config *c, uint8_t *cell, unsigned v)
{
	float f = (float)v / 1000;

	if (c->dtype == PL_F32) /* mV/V, kPa, N: what the protocol carries exactly or rounds */
		memcpy(cell, &f, sizeof(f));
	else
		memcpy(cell, &v, pl_dtype_size(c->dtype));
}

/* Feet are heel to toe along the rows, and a fifth of the columns wide. */
static void fill(const struct pl_decoder_config *c, uint8_t *cells, enum load load, unsigned k)
{
	size_t size = pl_dtype_size(c->dtype);

	memset(cells, 0, size * c->rows * c->cols);
	for (unsigned r = 0; r < c->rows; r++) {
		for (unsigned col = 0; col < c->cols; col++) {
			unsigned y = r * 64 / c->rows, x = col * 64 / c->cols;
			bool foot = y >= 12 && y < 50 && x >= 20 && x < 34;
			unsigned v = (r * 131 + col * 71 + k * 17) * 2654435761u >> 16;

			if (load == EMPTY || (load == FOOT && !foot))
				continue;
			v = load == FOOT ? v % (c->matrix.digits.base ? 1024 : 6000) : v;
			if (c->dtype == PL_F32 || c->dtype == PL_I16)
				v %= 6000;
			put_cell(c, cells + size * (r * c->cols + col), v);
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
	if (frames + 1 < FRAMES) { /* the first frame is not believed where nothing proves it */
		fprintf(stderr, "%zu frames of %d\n", frames, FRAMES);
		exit(1);
	}
	return t0 / (double)frames;
}

/* Nanoseconds for the bytes of all frames: each byte looked at, and the next depends on it. */
static double plain_pass(const uint8_t *wire, size_t n)
{
	static uint32_t table[256];
	uint32_t crc = 0;
	double t0;

	for (uint32_t i = 0; i < 256 && !table[255]; i++) {
		table[i] = i;
		for (int bit = 0; bit < 8; bit++)
			table[i] = table[i] >> 1 ^ (table[i] & 1 ? 0xEDB88320 : 0);
	}
	t0 = now_ns();
	for (size_t i = 0; i < n; i++)
		crc = table[(crc ^ wire[i]) & 0xFF] ^ crc >> 8;
	t0 = now_ns() - t0;
	return crc == 1 ? t0 + 1 : t0; /* so that nobody leaves the loop out */
}

static void judge(const char *name, const struct pl_decoder_config *c, double decode, double plain)
{
	double most = c->matrix.text.line ? PASSES_TEXT : PASSES_BINARY;

	printf("%-34s %5.2f plain passes, at most %.0f\n", name, decode / plain, most);
	too_slow += decode > most * plain;
}

/* The frames of one round; *spent grows by the nanoseconds it took to encode them. */
static size_t encode_all(struct pl_encoder *e, const struct pl_decoder_config *c, enum load load,
			 void *cells, uint8_t *wire, double *spent)
{
	size_t n = 0;

	for (unsigned k = 0; k < FRAMES; k++) {
		double t0;

		fill(c, cells, load, k);
		t0 = now_ns();
		n += pl_encoder_frame(e, cells, k, k * 2000000ll, wire + n);
		*spent += now_ns() - t0;
	}
	return n;
}

static void bench(const char *name, const struct pl_decoder_config *c, enum load load)
{
	struct pl_encoder *e = pl_encoder_new(c, NULL);
	struct pl_decoder *d = pl_decoder_new(c, NULL);
	uint8_t *cells = calloc((size_t)c->rows * c->cols, 4), *hello, *wire;
	struct pl_raw_frame none = {.cells = cells};
	double decode = 1e18, encode = 1e18, plain = 1e18;
	size_t n = 0, said, n_cells = (size_t)c->rows * c->cols;
	bool got;

	if (!e || !d || !cells || !(hello = malloc((FRAMES + 1) * pl_encoder_max(e))))
		exit(1);
	said = pl_encoder_hello(e, NULL, hello); /* a TakkTile its constants */
	wire = hello + said;
	for (int round = 0; round < (check_only ? CHECK_ROUNDS : ROUNDS); round++) {
		double spent = 0, took;

		n = encode_all(e, c, load, cells, wire, &spent);
		encode = spent / FRAMES < encode ? spent / FRAMES : encode;
		pl_decoder_reset(d);
		pl_decoder_feed(d, hello, said, 0, &none, &got);
		took = decode_all(d, wire, n, cells);
		decode = took < decode ? took : decode;
		took = plain_pass(wire, n) / FRAMES;
		plain = took < plain ? took : plain;
	}
	if (check_only)
		judge(name, c, decode, plain);
	else
		printf("%-34s %-6s decode %7.0f ns %6.2f ns a cell %6.0f MB/s  encode %7.0f ns  "
		       "%5zu bytes "
		       "a frame\n",
		       name, load_names[load], decode, decode / (double)n_cells,
		       (double)(n / FRAMES) * 1e3 / decode, encode, n / FRAMES);
	free(hello);
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

static const struct pl_decoder_config devices[] = {
	{.protocol = "jq", .rows = 64, .cols = 64, .dtype = PL_U8},
	{.protocol = "jq", .rows = 16, .cols = 16, .dtype = PL_U8}, /* in two halves */
	{.protocol = "fisica", .rows = 29, .cols = 22, .dtype = PL_F32},
	{.protocol = "fisica", .rows = 29, .cols = 22, .dtype = PL_U8},
	{.protocol = "phidget", .rows = 2, .cols = 2, .dtype = PL_F32},
	{.protocol = "takktile", .rows = 8, .cols = 5, .dtype = PL_F32},
	{.protocol = "takktile", .rows = 8, .cols = 5, .dtype = PL_U16},
	{.protocol = "stepmaniax", .rows = 6, .cols = 6, .dtype = PL_I16},
	{.protocol = "vernier", .rows = 1, .cols = 1, .dtype = PL_F32},
};
static const char *const dtype_names[] = {
	[PL_U8] = "u8", [PL_I16] = "i16", [PL_U16] = "u16", [PL_F32] = "f32"};

static void bench_devices(void)
{
	for (size_t i = 0; i < sizeof(devices) / sizeof(devices[0]); i++) {
		const struct pl_decoder_config *c = &devices[i];
		char name[64];

		snprintf(name, sizeof(name), "%s, %u x %u %s", c->protocol, c->rows, c->cols,
			 dtype_names[c->dtype]);
		if (c->rows > 8)
			bench(name, c, FOOT);
		bench(name, c, FULL);
	}
}

int main(int argc, char **argv)
{
	struct pl_decoder_config pmp = {
		.protocol = "pmp", .rows = SIDE, .cols = SIDE, .dtype = PL_U16};

	check_only = argc > 1 && !strcmp(argv[1], "check");
	for (int load = EMPTY; load <= FULL; load++)
		bench("pmp u16", &pmp, (enum load)load);
	bench_devices();
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
	if (too_slow)
		fprintf(stderr, "%d decoders cost more than they may\n", too_slow);
	return too_slow != 0;
}
