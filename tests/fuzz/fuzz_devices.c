/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Devices with a protocol of their own. Byte 0: which, and whether the bytes are put right before;
 * 1: where bytes are lost. None of these protocols has a checksum that is checked, but no fuzzer
 * guesses lengths of packets and marks at their distance either: with REPAIR the bytes are contents
 * of packets, or of frames. The device is also listened and spoken to, on a clock of its own.
 */
#include "tests/fuzz/feed.h"

#define REPAIR 0x80
#define HEADER 2

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct kind {
	struct pl_decoder_config config;
	unsigned frame; /* length on the line, or 0: packets */
	const char *mark;
	unsigned n_mark;
};

static const struct kind kinds[] = {
	{{.protocol = "fisica", .rows = 29, .cols = 22, .dtype = PL_F32}, 645, "\xF0\x0F", 2},
	{{.protocol = "fisica", .rows = 29, .cols = 22, .dtype = PL_U8}, 645, "\xF0\x0F", 2},
	{{.protocol = "jq", .rows = 64, .cols = 64, .dtype = PL_U8}, 4100, "\xAA\x55\x03\x99", 4},
	{{.protocol = "jq", .rows = 32, .cols = 32, .dtype = PL_U8}, 1029, "\xAA\x55\x03\x99", 4},
	{{.protocol = "jq", .rows = 16, .cols = 16, .dtype = PL_U8}, 278, "\xAA\x55\x03\x99", 4},
	{{.protocol = "jq", .rows = 16, .cols = 16, .dtype = PL_U8, .device = {.identify = true}},
	 134,
	 "\xAA\x55\x03\x99",
	 4},
	{{.protocol = "phidget", .rows = 2, .cols = 2, .dtype = PL_F32}, 0, "", 0},
	{{.protocol = "phidget",
	  .rows = 2,
	  .cols = 2,
	  .dtype = PL_I32,
	  .device = {.gain = 1, .period_ms = 1000, .channels = {3, 0, 2, 1}, .n_channels = 4}},
	 0,
	 "",
	 0},
	{{.protocol = "takktile", .rows = 8, .cols = 5, .dtype = PL_F32}, 0, "", 0},
	{{.protocol = "takktile", .rows = 8, .cols = 8, .dtype = PL_U16}, 0, "", 0},
	{{.protocol = "vernier", .rows = 1, .cols = 1, .dtype = PL_F32}, 0, "", 0},
	{{.protocol = "stepmaniax", .rows = 6, .cols = 6, .dtype = PL_I16}, 0, "", 0},
};

/* The lengths that packets of these devices have; the top bit: an answer. */
static const uint16_t lengths[] = {18, 64, 0x8008, 160, 0x8001, 0, 0x8000, 256};

static void put(uint8_t *out, size_t *made, size_t most, const void *bytes, size_t n)
{
	if (n > most - *made)
		n = most - *made;
	memcpy(out + *made, bytes, n);
	*made += n;
}

/* Contents become packets: a byte says how long the next one is. */
static size_t repair_packets(const uint8_t *bytes, size_t n, uint8_t *out, size_t most)
{
	size_t at = 0, made = 0;

	while (at < n && made < most) {
		uint16_t word = lengths[bytes[at++] % (sizeof(lengths) / sizeof(lengths[0]))];
		size_t part = word & 0x7FFF;
		uint8_t header[2] = {(uint8_t)word, (uint8_t)(word >> 8)};

		if (part > n - at)
			break;
		put(out, &made, most, header, 2);
		put(out, &made, most, bytes + at, part);
		at += part;
	}
	return made;
}

/* Contents become frames: the mark at their end, whatever stood there. */
static size_t repair_frames(const struct kind *k, const uint8_t *bytes, size_t n, uint8_t *out,
			    size_t most)
{
	size_t made = 0, body = k->frame - k->n_mark;

	for (size_t at = 0; at < n && made < most; at += body) {
		size_t part = n - at < body ? n - at : body;

		for (size_t i = part; i < body; i++)
			put(out, &made, most, "", 1);
		put(out, &made, most, bytes + at, part);
		put(out, &made, most, k->mark, k->n_mark);
	}
	return made;
}

/* Spoken to in between, with jumps of the clock: no comparison, but no harm. */
static void talk(const struct pl_decoder_config *config, const uint8_t *bytes, size_t n)
{
	size_t cells = (size_t)config->rows * config->cols * pl_dtype_size(config->dtype), used = 0;
	struct pl_decoder *d = pl_decoder_new(config, NULL);
	struct pl_raw_frame frame = {.cells = malloc(cells)};
	int64_t deadline, now = 0;
	struct pl_tx tx;
	bool got;

	CHECK(d && frame.cells);
	while (used < n) {
		size_t part = bytes[used] % 64u;

		pl_decoder_tick(d, now, &tx, &deadline);
		CHECK(tx.n <= sizeof(tx.bytes) && deadline > now - 1);
		now += bytes[used] & 64 ? 600000000 : 1000000;
		part = part && part < n - used ? part : 1;
		used += pl_decoder_feed(d, bytes + used, part, now, &frame, &got);
	}
	pl_decoder_stop(d, &tx);
	CHECK(tx.n <= sizeof(tx.bytes));
	pl_decoder_free(d);
	free(frame.cells);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t stream[FEED_MAX];
	const struct kind *k;
	size_t n;

	if (size < HEADER)
		return 0;
	k = &kinds[(data[0] & ~REPAIR) % (sizeof(kinds) / sizeof(kinds[0]))];
	n = size - HEADER < FEED_MAX ? size - HEADER : FEED_MAX;
	if (!(data[0] & REPAIR))
		memcpy(stream, data + HEADER, n);
	else if (k->frame)
		n = repair_frames(k, data + HEADER, n, stream, FEED_MAX);
	else
		n = repair_packets(data + HEADER, n, stream, FEED_MAX);
	/* after a loss packets begin anew: only whole ones were lost, so not where any cut is */
	feed_every_way(&k->config, stream, n, data[1] * 4u, data[1] % 2 ? data[1] : 0);
	talk(&k->config, stream, n);
	return 0;
}
