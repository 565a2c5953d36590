/* SPDX-License-Identifier: Apache-2.0 */
/*
 * For decoders of devices that are no plain stream of cells: what was lost where no counter tells,
 * numbers of several bytes, and what is to be sent. Pure.
 */
#ifndef DRIVERS_DECODE_DEVICE_H
#define DRIVERS_DECODE_DEVICE_H

#include "drivers/decode/decode.h"

/* Since the last frame: frames that were begun and could not be read, bytes that the host dropped.
 */
struct pl_lost {
	uint64_t bad, host_lost;
	bool resync, trouble;
};
/* Something that should have been a frame is none: counted under reason, n bytes skipped. */
void pl_lost_bad(struct pl_lost *l, size_t n, uint64_t *reason, struct pl_decode_stats *stats);
/* A frame is there: what was lost before it is written to it. wire_bytes: of a frame. */
void pl_lost_tell(struct pl_lost *l, size_t wire_bytes, struct pl_raw_frame *frame);

static inline uint32_t pl_be(const uint8_t *p, unsigned n)
{
	uint32_t v = 0;

	while (n--)
		v = v << 8 | *p++;
	return v;
}

static inline uint32_t pl_le(const uint8_t *p, unsigned n)
{
	uint32_t v = 0;

	while (n--)
		v = v << 8 | p[n];
	return v;
}

static inline void pl_send(struct pl_tx *tx, const void *bytes, size_t n)
{
	for (tx->n = 0; tx->n < n && tx->n < sizeof(tx->bytes); tx->n++)
		tx->bytes[tx->n] = ((const uint8_t *)bytes)[tx->n];
}

#endif
