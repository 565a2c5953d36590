/* SPDX-License-Identifier: Apache-2.0 */
/* The table of encoders: one for each decoder, in the same manner (drivers/decode/protocols.h). */
#ifndef DRIVERS_ENCODE_PROTOCOLS_H
#define DRIVERS_ENCODE_PROTOCOLS_H

#include "drivers/encode/encode.h"

struct pl_encoder_ops {
	const char *protocol;
	size_t (*state_size)(const struct pl_decoder_config *config);
	int (*init)(void *state, const struct pl_decoder_config *config, struct pl_error *err);
	size_t (*max)(const void *state);
	size_t (*hello)(void *state, const char *info_text, uint8_t *out); /* may be NULL */
	size_t (*frame)(void *state, const void *cells, uint64_t seq, int64_t t_device_ns,
			uint8_t *out);
	void (*receive)(void *state, const uint8_t *bytes, size_t n); /* may be NULL */
	bool (*ready)(const void *state);			      /* NULL: always */
};

extern const struct pl_encoder_ops pl_pmp_encoder;
extern const struct pl_encoder_ops pl_matrix_encoder;
extern const struct pl_encoder_ops pl_fisica_encoder, pl_jq_encoder, pl_phidget_encoder;
extern const struct pl_encoder_ops pl_takktile_encoder, pl_vernier_encoder, pl_stepmaniax_encoder;

#endif
