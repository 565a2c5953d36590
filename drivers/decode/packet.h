/* SPDX-License-Identifier: Apache-2.0 */
/*
 * For decoders of devices that are no plain stream of cells: packets with their boundaries, as
 * `packets` of a USB mat hands them over (drivers/transport/transport.h), and what was lost where
 * no counter tells. Pure.
 */
#ifndef DRIVERS_DECODE_PACKET_H
#define DRIVERS_DECODE_PACKET_H

#include "drivers/decode/decode.h"

#define PL_PACKET_HEADER 2
#define PL_PACKET_ANSWER 0x8000 /* to a control request, not from the IN endpoint */
#define PL_PACKET_MAX 4096	/* of a longer one the rest is dropped; n tells its true length */

struct pl_packet {
	size_t have; /* bytes of it, its header included */
	size_t n;    /* of its contents */
	bool answer;
	uint8_t header[PL_PACKET_HEADER];
	uint8_t bytes[PL_PACKET_MAX];
};

/* Takes bytes up to the end of one packet; *whole: it is complete, and the next call begins anew.
 * Set have to 0 to forget one that is under way. */
size_t pl_packet_take(struct pl_packet *p, const uint8_t *bytes, size_t n, bool *whole);
/* Bytes missing of the packet under way, at least 1. */
size_t pl_packet_need(const struct pl_packet *p);
/* The header in front of n bytes, for those who make packets. */
void pl_packet_header(uint8_t header[PL_PACKET_HEADER], size_t n, bool answer);

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
