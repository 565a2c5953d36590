/* SPDX-License-Identifier: Apache-2.0 */
/* A Vernier Go Direct force plate: a reading in each report. */
#include <string.h>

#include "drivers/decode/packet.h"
#include "drivers/encode/protocols.h"

#define REPORT 64
#define PACKET 13 /* a head of 9, one reading */

struct vernier {
	uint16_t mask;
	uint8_t counter;
};

static size_t vernier_state_size(const struct pl_decoder_config *config)
{
	(void)config;
	return sizeof(struct vernier);
}

static int vernier_init(void *state, const struct pl_decoder_config *config, struct pl_error *err)
{
	struct vernier *v = state;
	unsigned channel = config->device.n_channels ? config->device.channels[0] : 1;

	if (channel > 15)
		return pl_error_set(err, PL_ECONFIG, 0, "vernier: simulated with channels 0 to 15");
	v->mask = (uint16_t)(1u << channel);
	return 0;
}

static size_t vernier_max(const void *state)
{
	(void)state;
	return PL_PACKET_HEADER + REPORT;
}

static size_t vernier_frame(void *state, const void *cells, uint64_t seq, int64_t t_device_ns,
			    uint8_t *out)
{
	struct vernier *v = state;
	uint8_t *p = out + PL_PACKET_HEADER + 1;
	uint32_t bits;

	(void)seq;
	(void)t_device_ns;
	pl_packet_header(out, REPORT, false);
	memset(out + PL_PACKET_HEADER, 0, REPORT);
	out[PL_PACKET_HEADER] = PACKET;
	memcpy(&bits, cells, sizeof(bits));
	p[0] = 0x20;
	p[1] = PACKET;
	p[2] = v->counter++;
	p[4] = 6;
	p[5] = (uint8_t)v->mask;
	p[6] = (uint8_t)(v->mask >> 8);
	p[7] = 1;
	for (unsigned i = 0; i < 4; i++)
		p[9 + i] = (uint8_t)(bits >> 8 * i);
	return PL_PACKET_HEADER + REPORT;
}

const struct pl_encoder_ops pl_vernier_encoder = {
	.protocol = "vernier",
	.state_size = vernier_state_size,
	.init = vernier_init,
	.max = vernier_max,
	.frame = vernier_frame,
};
