/* SPDX-License-Identifier: Apache-2.0 */
/* A PhidgetBridge 1046 with the settings that its mat file asks for; all inputs new in each report.
 */
#include <math.h>
#include <string.h>

#include "drivers/decode/packet.h"
#include "drivers/encode/protocols.h"

#define REPORT 18
#define MIDDLE 0x800000

struct phidget {
	struct pl_device_config device;
	enum pl_dtype dtype;
};

static size_t phidget_state_size(const struct pl_decoder_config *config)
{
	(void)config;
	return sizeof(struct phidget);
}

static int phidget_init(void *state, const struct pl_decoder_config *config, struct pl_error *err)
{
	struct phidget *p = state;

	(void)err;
	p->device = config->device;
	p->dtype = config->dtype;
	if (!p->device.gain)
		p->device.gain = 128;
	if (!p->device.period_ms)
		p->device.period_ms = 40;
	for (unsigned i = 0; i < 4 && !config->device.n_channels; i++)
		p->device.channels[i] = (uint8_t)i;
	return 0;
}

static size_t phidget_max(const void *state)
{
	(void)state;
	return PL_PACKET_HEADER + REPORT;
}

static int32_t code_of(const struct phidget *p, const void *cells, unsigned i)
{
	double code;

	if (p->dtype == PL_I32)
		code = ((const int32_t *)cells)[i];
	else
		code = ((const float *)cells)[i] * (double)p->device.gain * MIDDLE / 1000;
	return (int32_t)lrint(fmax(-0.99 * MIDDLE, fmin(0.99 * MIDDLE, code)));
}

static size_t phidget_frame(void *state, const void *cells, uint64_t seq, int64_t t_device_ns,
			    uint8_t *out)
{
	const struct phidget *p = state;
	unsigned rate = p->device.period_ms / 8;
	uint8_t *r = out + PL_PACKET_HEADER, code = 0;

	(void)seq;
	(void)t_device_ns;
	for (unsigned gain = p->device.gain; gain > 1; gain /= 2)
		code++; /* 8 is 3, ... 128 is 7 */
	pl_packet_header(out, REPORT, false);
	memset(r, 0, REPORT);
	r[0] = 0xFF;
	r[2] = r[3] = (uint8_t)(code << 4 | code);
	r[4] = (uint8_t)(rate >> 8);
	r[5] = (uint8_t)rate;
	for (unsigned i = 0; i < 4; i++) {
		uint32_t raw = (uint32_t)(code_of(p, cells, i) + MIDDLE);
		uint8_t *at = r + 6 + 3 * (size_t)p->device.channels[i];

		at[0] = (uint8_t)(raw >> 16);
		at[1] = (uint8_t)(raw >> 8);
		at[2] = (uint8_t)raw;
	}
	return PL_PACKET_HEADER + REPORT;
}

const struct pl_encoder_ops pl_phidget_encoder = {
	.protocol = "phidget",
	.state_size = phidget_state_size,
	.init = phidget_init,
	.max = phidget_max,
	.frame = phidget_frame,
};
