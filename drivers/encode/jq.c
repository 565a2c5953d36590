/* SPDX-License-Identifier: Apache-2.0 */
/* A Juqiao mat: a matrix without a byte of type, or 16 x 16 in two halves with an attitude behind.
 */
#include <string.h>

#include "drivers/encode/protocols.h"

#define HALF 128

struct jq {
	size_t cells;
};

static size_t jq_state_size(const struct pl_decoder_config *config)
{
	(void)config;
	return sizeof(struct jq);
}

static int jq_init(void *state, const struct pl_decoder_config *config, struct pl_error *err)
{
	(void)err;
	((struct jq *)state)->cells = (size_t)config->rows * config->cols;
	return 0;
}

static size_t jq_max(const void *state)
{
	return ((const struct jq *)state)->cells + 64;
}

static size_t part(const uint8_t *head, size_t n_head, const uint8_t *cells, size_t n, size_t zeros,
		   uint8_t *out)
{
	static const uint8_t mark[] = {0xAA, 0x55, 0x03, 0x99};

	memcpy(out, head, n_head);
	memcpy(out + n_head, cells, n);
	memset(out + n_head + n, 0, zeros);
	memcpy(out + n_head + n + zeros, mark, sizeof(mark));
	return n_head + n + zeros + sizeof(mark);
}

static size_t jq_frame(void *state, const void *cells, uint64_t seq, int64_t t_device_ns,
		       uint8_t *out)
{
	static const uint8_t first[] = {1, 5}, second[] = {2, 5};
	const struct jq *j = state;
	const uint8_t *at = cells;
	size_t n;

	(void)seq;
	(void)t_device_ns;
	if (j->cells != (size_t)2 * HALF)
		return part(first, 0, at, j->cells, 0, out);
	n = part(first, 2, at, HALF, 0, out);
	return n + part(second, 2, at + HALF, HALF, 16, out + n);
}

const struct pl_encoder_ops pl_jq_encoder = {
	.protocol = "jq",
	.state_size = jq_state_size,
	.init = jq_init,
	.max = jq_max,
	.frame = jq_frame,
};
