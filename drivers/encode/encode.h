/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From frames to the bytes of a configured mat: the exact inverse of the decoder of the same
 * description, for `plantar simulate`, the sim: transport and the tests. Pure.
 */
#ifndef DRIVERS_ENCODE_ENCODE_H
#define DRIVERS_ENCODE_ENCODE_H

#include "drivers/decode/decode.h"

struct pl_encoder;

struct pl_encoder *pl_encoder_new(const struct pl_decoder_config *config, struct pl_error *err);
void pl_encoder_free(struct pl_encoder *e);

/* The most bytes one call of frame or hello can make. */
size_t pl_encoder_max(const struct pl_encoder *e);

/* What the device says right after power-up (PMP: an info packet; text may be NULL). May be 0. */
size_t pl_encoder_hello(struct pl_encoder *e, const char *info_text, uint8_t *out);

/* One frame: cells as a decoder delivers them; seq and t_device_ns as far as the protocol carries
 * them. Returns the number of bytes written to out[pl_encoder_max()]. */
size_t pl_encoder_frame(struct pl_encoder *e, const void *cells, uint64_t seq, int64_t t_device_ns,
			uint8_t *out);

/* The host sent something. Polled and started mats answer frames only when asked. */
void pl_encoder_receive(struct pl_encoder *e, const uint8_t *bytes, size_t n);
/* May a frame be sent now? Always true for mats that stream unasked; for polled ones once a poll.
 */
bool pl_encoder_ready(struct pl_encoder *e);

#endif
