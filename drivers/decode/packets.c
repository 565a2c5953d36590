/* SPDX-License-Identifier: Apache-2.0 */
/* Packets out of a stream, byte by byte as it may come, and into one. */
#include "drivers/decode/packets.h"

#include <string.h>

#define ANSWER 0x8000u
#define SETUP_BYTES 8

void pl_packets_reset(struct pl_packets *p)
{
	p->have = 0;
	p->n = 0;
	p->answer = p->oversize = false;
}

static unsigned take_header(struct pl_packets *p, uint8_t byte)
{
	if (p->have == 0) {
		pl_packets_reset(p);
		p->n = byte;
	} else {
		unsigned word = (unsigned)p->n | (unsigned)byte << 8;

		p->n = word & ~ANSWER;
		p->answer = word & ANSWER;
		p->oversize = p->n > PL_PACKET_MAX;
	}
	return ++p->have;
}

size_t pl_packets_feed(struct pl_packets *p, const uint8_t *bytes, size_t n, bool *complete)
{
	size_t used = 0, at, part, kept;

	while (used < n && p->have < PL_PACKET_HEADER)
		take_header(p, bytes[used++]);
	*complete = false;
	if (p->have < PL_PACKET_HEADER)
		return used;
	at = p->have - PL_PACKET_HEADER;
	part = p->n - at < n - used ? p->n - at : n - used;
	kept = at >= PL_PACKET_MAX ? 0 : part < PL_PACKET_MAX - at ? part : PL_PACKET_MAX - at;
	memcpy(p->bytes + (kept ? at : 0), bytes + used, kept);
	p->have += (unsigned)part;
	*complete = p->have == PL_PACKET_HEADER + p->n;
	if (*complete)
		p->have = 0;
	return used + part;
}

size_t pl_packets_need(const struct pl_packets *p)
{
	return p->have < PL_PACKET_HEADER ? PL_PACKET_HEADER - p->have
					  : PL_PACKET_HEADER + p->n - p->have;
}

size_t pl_packets_put(uint8_t *out, const void *bytes, size_t n, bool answer)
{
	out[0] = (uint8_t)n;
	out[1] = (uint8_t)((n | (answer ? ANSWER : 0)) >> 8);
	if (n)
		memcpy(out + PL_PACKET_HEADER, bytes, n);
	return n + PL_PACKET_HEADER;
}

void pl_packets_request(struct pl_tx *tx, uint8_t type, uint8_t request, uint16_t value,
			uint16_t index, uint16_t length, const void *data)
{
	const uint8_t setup[SETUP_BYTES] = {
		type,		(uint8_t)request,      (uint8_t)value,	(uint8_t)(value >> 8),
		(uint8_t)index, (uint8_t)(index >> 8), (uint8_t)length, (uint8_t)(length >> 8)};

	memcpy(tx->bytes, setup, SETUP_BYTES);
	tx->n = SETUP_BYTES;
	if (!data)
		return;
	memcpy(tx->bytes + SETUP_BYTES, data, length);
	tx->n += length;
}
