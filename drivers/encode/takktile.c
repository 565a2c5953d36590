/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A TakkTile with all cells alive and constants that make its formula a straight line from 0 to 162
 * kPa. What the host asks at the start is answered ahead of the first frame.
 */
#include <math.h>
#include <string.h>

#include "drivers/decode/packets.h"
#include "drivers/encode/protocols.h"

#define ANSWER 8
#define ROWS 8

struct takktile {
	unsigned cols, cells;
	enum pl_dtype dtype;
	bool said;
};

static size_t takktile_state_size(const struct pl_decoder_config *config)
{
	(void)config;
	return sizeof(struct takktile);
}

static int takktile_init(void *state, const struct pl_decoder_config *config, struct pl_error *err)
{
	struct takktile *t = state;

	if (config->rows != ROWS || config->cols > 8)
		return pl_error_set(err, PL_ECONFIG, 0, "takktile: 8 rows, at most 8 columns");
	t->cols = config->cols;
	t->cells = ROWS * config->cols;
	t->dtype = config->dtype;
	return 0;
}

static size_t takktile_max(const void *state)
{
	const struct takktile *t = state;

	return (size_t)(2 + t->cells) * (PL_PACKET_HEADER + ANSWER) + PL_PACKET_HEADER +
	       4 * (size_t)t->cells;
}

static size_t packet(const uint8_t *bytes, size_t n, bool answer, uint8_t *out)
{
	pl_packets_header(out, n, answer);
	memcpy(out + PL_PACKET_HEADER, bytes, n);
	return PL_PACKET_HEADER + n;
}

static size_t say_all(const struct takktile *t, uint8_t *out)
{
	static const uint8_t constants[ANSWER] = {0xE7, 0x68, 0x50, 0}; /* a0 -787, b1 2.5 */
	uint8_t alive[ANSWER];
	size_t n;

	memset(alive, (int)((1u << t->cols) - 1), sizeof(alive));
	n = packet(alive, sizeof(alive), true, out);
	for (unsigned i = 0; i < t->cells; i++)
		n += packet(constants, sizeof(constants), true, out + n);
	return n + packet((const uint8_t *)"\1", 1, true, out + n);
}

static size_t takktile_hello(void *state, const char *info_text, uint8_t *out)
{
	struct takktile *t = state;

	(void)info_text;
	t->said = true;
	return say_all(t, out);
}

static unsigned raw_of(const struct takktile *t, const void *cells, unsigned i)
{
	double pc;

	if (t->dtype == PL_U16)
		return ((const uint16_t *)cells)[i] & 0x3FF;
	pc = (((const float *)cells)[i] - 50) * 1023 / 65;
	return (unsigned)lrint(fmax(0, fmin(1023, (pc + 787) / 2.5)));
}

static size_t takktile_frame(void *state, const void *cells, uint64_t seq, int64_t t_device_ns,
			     uint8_t *out)
{
	struct takktile *t = state;
	size_t n = t->said ? 0 : say_all(t, out);
	uint8_t *at = out + n;

	(void)seq;
	(void)t_device_ns;
	t->said = true;
	pl_packets_header(at, 4 * (size_t)t->cells, false);
	at += PL_PACKET_HEADER;
	for (unsigned i = 0; i < t->cells; i++, at += 4) {
		unsigned raw = raw_of(t, cells, i) << 6;

		at[0] = (uint8_t)(raw >> 8);
		at[1] = (uint8_t)raw;
		at[2] = 0x80; /* a temperature */
		at[3] = 0;
	}
	return (size_t)(at - out);
}

const struct pl_encoder_ops pl_takktile_encoder = {
	.protocol = "takktile",
	.state_size = takktile_state_size,
	.init = takktile_init,
	.max = takktile_max,
	.hello = takktile_hello,
	.frame = takktile_frame,
};
