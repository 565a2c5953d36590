/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Packets out of a stream that carries their boundaries (usb.packets in a mat file; the format is
 * drivers/transport/transport.h's): two bytes, low byte first, with the length in 15 bits and the
 * top bit set for an answer to a control request; then so many bytes. For decoders whose protocol
 * needs to know where a report or a transfer ended, and for their encoders.
 *
 * Pure, no allocation. A decoder keeps a struct pl_packets in its state; its reset and its skip
 * both call pl_packets_reset, since the transport begins with a header after either.
 */
#ifndef DRIVERS_DECODE_PACKETS_H
#define DRIVERS_DECODE_PACKETS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "drivers/decode/decode.h"

#define PL_PACKET_MAX 4032
#define PL_PACKET_HEADER 2

struct pl_packets {
	unsigned have; /* bytes of header and packet so far */
	/* of the packet that is complete: */
	size_t n;
	bool answer;
	bool oversize; /* longer than PL_PACKET_MAX: damaged; bytes has its beginning */
	uint8_t bytes[PL_PACKET_MAX];
};

void pl_packets_reset(struct pl_packets *p);
/* Consumes at most n bytes and stops behind a packet: *complete, valid until the next call. */
size_t pl_packets_feed(struct pl_packets *p, const uint8_t *bytes, size_t n, bool *complete);
/* At least so many more bytes before the next packet can be complete. */
size_t pl_packets_need(const struct pl_packets *p);

/* Frames n bytes (at most PL_PACKET_MAX); out has room for n + PL_PACKET_HEADER. Their number. */
size_t pl_packets_put(uint8_t *out, const void *bytes, size_t n, bool answer);

/* What a decoder has sent as a control request (usb.write = "setup"): data for requests to the
 * device (at most 56 bytes), NULL for those from it. */
void pl_packets_request(struct pl_tx *tx, uint8_t type, uint8_t request, uint16_t value,
			uint16_t index, uint16_t length, const void *data);

#endif
