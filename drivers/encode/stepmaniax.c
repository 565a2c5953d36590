/* SPDX-License-Identifier: Apache-2.0 */
/* A StepManiaX stage with nine panels: an answer of three reports, of which the last says finished.
 */
#include <string.h>

#include "drivers/decode/packet.h"
#include "drivers/encode/protocols.h"

#define PANELS 9
#define SENSORS 4
#define SIDE 6
#define PANEL_BYTES 10
#define WORDS (8 * PANEL_BYTES)
#define ANSWER (3 + 2 * WORDS)
#define REPORT 64
#define PAYLOAD 61
#define REPORTS ((ANSWER + PAYLOAD - 1) / PAYLOAD)

struct stepmaniax {
	uint8_t channels[SENSORS];
};

static size_t stepmaniax_state_size(const struct pl_decoder_config *config)
{
	(void)config;
	return sizeof(struct stepmaniax);
}

static int stepmaniax_init(void *state, const struct pl_decoder_config *config,
			   struct pl_error *err)
{
	struct stepmaniax *s = state;

	(void)err;
	for (unsigned i = 0; i < SENSORS; i++)
		s->channels[i] =
			config->device.n_channels ? config->device.channels[i] : (uint8_t)i;
	return 0;
}

static size_t stepmaniax_max(const void *state)
{
	(void)state;
	return (size_t)REPORTS * (PL_PACKET_HEADER + REPORT);
}

static void add_panel(const struct stepmaniax *s, const int16_t *cells, unsigned panel,
		      uint8_t *words)
{
	uint8_t bytes[PANEL_BYTES] = {2};

	for (unsigned i = 0; i < SENSORS; i++) {
		size_t row = 2 * (panel / 3) + i / 2, col = 2 * (panel % 3) + i % 2;
		uint16_t value = (uint16_t)cells[row * SIDE + col];

		bytes[1 + 2 * s->channels[i]] = (uint8_t)value;
		bytes[2 + 2 * s->channels[i]] = (uint8_t)(value >> 8);
	}
	for (unsigned i = 0; i < WORDS; i++)
		if (bytes[i / 8] >> i % 8 & 1)
			words[2 * i + panel / 8] |= (uint8_t)(1u << panel % 8);
}

static size_t stepmaniax_frame(void *state, const void *cells, uint64_t seq, int64_t t_device_ns,
			       uint8_t *out)
{
	uint8_t answer[ANSWER] = {'y', '0', WORDS};
	size_t made = 0;

	(void)seq;
	(void)t_device_ns;
	for (unsigned panel = 0; panel < PANELS; panel++)
		add_panel(state, cells, panel, answer + 3);
	for (size_t at = 0; at < ANSWER; at += PAYLOAD) {
		size_t n = ANSWER - at < PAYLOAD ? ANSWER - at : PAYLOAD;
		uint8_t *p = out + made + PL_PACKET_HEADER;

		pl_packet_header(out + made, REPORT, false);
		memset(p, 0, REPORT);
		p[0] = 6;
		p[1] = (uint8_t)((at ? 0 : 4) | (at + n == ANSWER ? 1 | 2 : 0));
		p[2] = (uint8_t)n;
		memcpy(p + 3, answer + at, n);
		made += PL_PACKET_HEADER + REPORT;
	}
	return made;
}

const struct pl_encoder_ops pl_stepmaniax_encoder = {
	.protocol = "stepmaniax",
	.state_size = stepmaniax_state_size,
	.init = stepmaniax_init,
	.max = stepmaniax_max,
	.frame = stepmaniax_frame,
};
