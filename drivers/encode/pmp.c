/* SPDX-License-Identifier: Apache-2.0 */
/*
 * PMP packets at the speed of a bench: the same bytes as include/plantar/pmp.h makes for firmware
 * (a test compares them), with whole runs copied where a microcontroller goes byte by byte.
 */
#include <plantar/pmp.h>

#include <stdio.h>
#include <string.h>

#include <plantar/crc.h>

#include "drivers/encode/protocols.h"

#define OVERHEAD (PL_PMP_HEADER_BYTES + PL_PMP_CRC_BYTES)

struct pmp {
	struct pl_decoder_config config;
	size_t payload_bytes;
	uint16_t next_seq;
	uint8_t plain[]; /* header, cells or text, checksum */
};

static size_t payload_bytes(const struct pl_decoder_config *config)
{
	return (size_t)config->rows * config->cols * pl_dtype_size(config->dtype);
}

static size_t larger_payload(size_t payload)
{
	return payload > PL_PMP_TEXT_MAX ? payload : PL_PMP_TEXT_MAX;
}

static size_t pmp_state_size(const struct pl_decoder_config *config)
{
	return sizeof(struct pmp) + larger_payload(payload_bytes(config)) + OVERHEAD;
}

static int pmp_init(void *state, const struct pl_decoder_config *config, struct pl_error *err)
{
	struct pmp *p = state;

	(void)err;
	p->config = *config;
	p->payload_bytes = payload_bytes(config);
	p->next_seq = 0;
	return 0;
}

static size_t pmp_max(const void *state)
{
	const struct pmp *p = state;

	return PL_PMP_WIRE_MAX(larger_payload(p->payload_bytes)) + 1; /* hello begins with a zero */
}

#define ONES 0x0101010101010101u
#define LOW 0x00FF00FF00FF00FFu /* of each pair of bytes the first */

/* Which of the eight bytes are zero: their top bits, exact up to the first. */
static uint64_t zeros(uint64_t eight)
{
	return (eight - ONES) & ~eight & (ONES << 7);
}

/* How many bytes come before the first zero among the next `most`; most if there is none. */
static size_t run_length(const uint8_t *in, size_t most)
{
	size_t n = 0;
	uint64_t eight;

	for (; n + 8 <= most; n += 8) {
		memcpy(&eight, in + n, 8);
		if (zeros(eight))
			return n + (size_t)__builtin_ctzll(zeros(eight)) / 8;
	}
	while (n < most && in[n])
		n++;
	return n;
}

/*
 * COBS: each run of non-zero bytes goes behind a byte that says where the next zero would be. Eight
 * empty cells, or four of u16 below 256, are done at once.
 */
static size_t cobs_encode(const uint8_t *in, size_t n, uint8_t *out)
{
	const uint8_t *end = in + n;
	uint8_t *start = out;
	size_t left, run;
	uint64_t eight;

	for (;;) {
		left = (size_t)(end - in);
		if (left >= 8) {
			memcpy(&eight, in, 8);
			if (eight == 0 || ((eight & ~LOW) == 0 && !zeros(eight | ~LOW))) {
				eight = eight ? eight << 8 | (ONES & LOW) * 2 : ONES;
				memcpy(out, &eight, 8);
				in += 8;
				out += 8;
				continue;
			}
		}
		run = run_length(in, left < 254 ? left : 254);
		*out++ = (uint8_t)(run + 1);
		memcpy(out, in, run);
		in += run;
		out += run;
		if (run < 254 && in < end)
			in++; /* the zero */
		else if (in == end)
			return (size_t)(out - start);
	}
}

static size_t packet(struct pmp *p, uint8_t type, uint32_t t_us, size_t payload, uint8_t *out)
{
	uint8_t *h = p->plain;
	size_t size = PL_PMP_HEADER_BYTES + payload;
	uint16_t crc;

	h[0] = PL_PMP_VERSION;
	h[1] = type;
	h[2] = (uint8_t)p->next_seq;
	h[3] = (uint8_t)(p->next_seq >> 8);
	for (unsigned i = 0; i < 4; i++)
		h[4 + i] = (uint8_t)(t_us >> 8 * i);
	crc = pl_crc16_ccitt(PL_CRC16_CCITT_INIT, h, size);
	h[size++] = (uint8_t)crc;
	h[size++] = (uint8_t)(crc >> 8);
	size = cobs_encode(h, size, out);
	out[size++] = 0;
	return size;
}

static size_t pmp_hello(void *state, const char *info_text, uint8_t *out)
{
	struct pmp *p = state;
	char text[PL_PMP_TEXT_MAX + 1];
	size_t n;

	snprintf(text, sizeof(text), "rows=%u\ncols=%u\ncell=%s\nrate_hz=%g\n", p->config.rows,
		 p->config.cols, pl_dtype_name(p->config.dtype), p->config.rate_hz);
	n = strnlen(info_text ? info_text : text, PL_PMP_TEXT_MAX);
	memcpy(p->plain + PL_PMP_HEADER_BYTES, info_text ? info_text : text, n);
	*out = 0;
	return 1 + packet(p, PL_PMP_INFO, 0, n, out + 1);
}

static size_t pmp_frame(void *state, const void *cells, uint64_t seq, int64_t t_device_ns,
			uint8_t *out)
{
	struct pmp *p = state;
	uint32_t t_us = t_device_ns == INT64_MIN ? 0 : (uint32_t)(t_device_ns / 1000);
	size_t n;

	p->next_seq = (uint16_t)seq;
	memcpy(p->plain + PL_PMP_HEADER_BYTES, cells, p->payload_bytes);
	n = packet(p, PL_PMP_FRAME, t_us, p->payload_bytes, out);
	p->next_seq++;
	return n;
}

const struct pl_encoder_ops pl_pmp_encoder = {
	.protocol = "pmp",
	.state_size = pmp_state_size,
	.init = pmp_init,
	.max = pmp_max,
	.hello = pmp_hello,
	.frame = pmp_frame,
};
