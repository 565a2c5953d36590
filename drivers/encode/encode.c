/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One door to all encoders. A simulated mat must be as particular as a real one: it speaks when
 * the protocol lets it and says exactly what the decoder of the same description reads back.
 */
#include "drivers/encode/encode.h"

#include <stdlib.h>
#include <string.h>

#include <plantar/calibration.h>

#include "drivers/decode/protocols.h"
#include "drivers/encode/protocols.h"

static const struct pl_encoder_ops *const encoders[] = {
	&pl_pmp_encoder,     &pl_matrix_encoder,   &pl_fisica_encoder,	&pl_jq_encoder,
	&pl_phidget_encoder, &pl_takktile_encoder, &pl_vernier_encoder, &pl_stepmaniax_encoder,
};

struct pl_encoder {
	const struct pl_encoder_ops *ops;
	_Alignas(max_align_t) uint8_t state[];
};

static const struct pl_encoder_ops *find(const char *protocol)
{
	for (size_t i = 0; protocol && i < sizeof(encoders) / sizeof(encoders[0]); i++)
		if (!strcmp(encoders[i]->protocol, protocol))
			return encoders[i];
	return NULL;
}

struct pl_encoder *pl_encoder_new(const struct pl_decoder_config *config, struct pl_error *err)
{
	const struct pl_encoder_ops *ops = find(config->protocol);
	struct pl_encoder *e;

	if (!ops) {
		pl_protocol_unknown(err, config->protocol);
		return NULL;
	}
	if (config->rows < 1 || config->rows > PL_SIDE_MAX || config->cols < 1 ||
	    config->cols > PL_SIDE_MAX || (unsigned)config->dtype > PL_F32) {
		pl_error_set(err, PL_ECONFIG, 0, "rows, cols: must be 1..512, of a cell type");
		return NULL;
	}
	e = calloc(1, sizeof(*e) + ops->state_size(config));
	if (!e) {
		pl_error_set(err, PL_ENOMEM, 0, "out of memory for a %s encoder", ops->protocol);
		return NULL;
	}
	e->ops = ops;
	if (ops->init(e->state, config, err)) {
		free(e);
		return NULL;
	}
	return e;
}

void pl_encoder_free(struct pl_encoder *e)
{
	free(e);
}

size_t pl_encoder_max(const struct pl_encoder *e)
{
	return e->ops->max(e->state);
}

size_t pl_encoder_hello(struct pl_encoder *e, const char *info_text, uint8_t *out)
{
	return e->ops->hello ? e->ops->hello(e->state, info_text, out) : 0;
}

size_t pl_encoder_frame(struct pl_encoder *e, const void *cells, uint64_t seq, int64_t t_device_ns,
			uint8_t *out)
{
	return e->ops->frame(e->state, cells, seq, t_device_ns, out);
}

void pl_encoder_receive(struct pl_encoder *e, const uint8_t *bytes, size_t n)
{
	if (e->ops->receive)
		e->ops->receive(e->state, bytes, n);
}

bool pl_encoder_ready(struct pl_encoder *e)
{
	return !e->ops->ready || e->ops->ready(e->state);
}
