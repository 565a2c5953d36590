/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What decoders share among themselves: the list of those that exist, how a device's counter is
 * followed, and how losses found on the way are put on the next frame. Pure.
 */
#ifndef DRIVERS_DECODE_PROTOCOLS_H
#define DRIVERS_DECODE_PROTOCOLS_H

#include "drivers/decode/decode.h"
#include "drivers/decode/matrix_layout.h"

extern const struct pl_decoder_ops pl_pmp_decoder;
extern const struct pl_decoder_ops pl_matrix_decoder;
extern const struct pl_decoder_ops pl_fisica_decoder, pl_jq_decoder;
extern const struct pl_decoder_ops pl_phidget_decoder, pl_takktile_decoder; /* packets */
extern const struct pl_decoder_ops pl_vernier_decoder, pl_stepmaniax_decoder;
/* ... picks one of these where its frames are escaped, or lines of a text. */
extern const struct pl_decoder_ops pl_matrix_packet_decoder, pl_matrix_text_decoder;

/* Fails with the names that would have been valid. */
int pl_protocol_unknown(struct pl_error *err, const char *protocol);

/* Does the decoder's configuration expect what a matrix description gives? */
int pl_matrix_fits(const struct pl_decoder_config *config, const struct pl_matrix_layout *l,
		   struct pl_error *err);

/*
 * A device's frame counter of 8, 16 or 32 bits, unwrapped to 64. A step forward of d means d - 1
 * frames are missing. A 16 or 32 bit counter that went far back is a device that started again:
 * what happened in between is unknown, so nothing is claimed lost.
 */
struct pl_counter {
	unsigned bits;
	bool known;
	uint32_t last;
	int64_t unwrapped;
};

enum pl_step { PL_STEP_FIRST, PL_STEP_FORWARD, PL_STEP_SAME, PL_STEP_RESTART };
/* *missing: frames between the last value and this one (FORWARD only, else 0). */
enum pl_step pl_counter_step(struct pl_counter *c, uint32_t value, uint64_t *missing);
/* The same where about `lost` frames are known to be missing by their bytes: a counter that came
 * round meanwhile has neither stood still nor started again. */
enum pl_step pl_counter_step_lost(struct pl_counter *c, uint32_t value, uint64_t lost,
				  uint64_t *missing);

/*
 * Shares a gap of `missing` frames, known from a counter, between its causes: all to overrun when
 * the host dropped bytes, else as many to corrupt as there were bad packets, the rest to device.
 */
void pl_share_gap(struct pl_raw_frame *frame, uint64_t missing, bool overrun, uint64_t bad);

/* False if there are floats among the n cells that are no numbers: such a frame is not believed. */
bool pl_cells_finite(enum pl_dtype dtype, const void *cells, size_t n);

/* Text of a device, collected byte by byte or whole; unprintable bytes become '.'. */
struct pl_text_slot {
	struct pl_device_text text;
	size_t n;
	bool ready;
};
void pl_text_set(struct pl_text_slot *slot, const void *bytes, size_t n, bool is_info);
bool pl_text_take(struct pl_text_slot *slot, struct pl_device_text *text);

/* What arrived before the first frame: shown as text if that is what it was (a boot banner). */
struct pl_banner {
	uint8_t bytes[256];
	size_t n;
	bool binary;
};
void pl_banner_add(struct pl_banner *b, const uint8_t *bytes, size_t n);
/* Hands the banner over, if it was text, and forgets it. */
void pl_banner_flush(struct pl_banner *b, struct pl_text_slot *slot);

#endif
