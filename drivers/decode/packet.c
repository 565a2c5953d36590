/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A transport cuts its stream anywhere, so a packet may come in pieces; its two bytes in front say
 * how long it is. Nothing in there can be out of step: whatever bytes were dropped, they were whole
 * packets.
 */
#include "drivers/decode/packet.h"

#include <string.h>

static size_t least(size_t a, size_t b)
{
	return a < b ? a : b;
}

static size_t take_header(struct pl_packet *p, const uint8_t *bytes, size_t n)
{
	size_t used = 0;

	while (p->have < PL_PACKET_HEADER && used < n)
		p->header[p->have++] = bytes[used++];
	if (p->have == PL_PACKET_HEADER) {
		uint32_t word = pl_le(p->header, 2);

		p->answer = word & PL_PACKET_ANSWER;
		p->n = word & (PL_PACKET_ANSWER - 1u);
	}
	return used;
}

size_t pl_packet_take(struct pl_packet *p, const uint8_t *bytes, size_t n, bool *whole)
{
	size_t used, at, part;

	*whole = false;
	used = take_header(p, bytes, n);
	if (p->have < PL_PACKET_HEADER)
		return used;
	at = p->have - PL_PACKET_HEADER;
	part = least(p->n - at, n - used);
	if (at < PL_PACKET_MAX)
		memcpy(p->bytes + at, bytes + used, least(part, PL_PACKET_MAX - at));
	p->have += part;
	*whole = at + part == p->n;
	if (*whole)
		p->have = 0;
	return used + part;
}

size_t pl_packet_need(const struct pl_packet *p)
{
	size_t left = p->have < PL_PACKET_HEADER ? PL_PACKET_HEADER - p->have
						 : PL_PACKET_HEADER + p->n - p->have;

	return left ? left : 1;
}

void pl_packet_header(uint8_t header[PL_PACKET_HEADER], size_t n, bool answer)
{
	header[0] = (uint8_t)n;
	header[1] = (uint8_t)((n | (answer ? PL_PACKET_ANSWER : 0)) >> 8);
}

void pl_lost_bad(struct pl_lost *l, size_t n, uint64_t *reason, struct pl_decode_stats *stats)
{
	++*reason;
	l->bad++;
	stats->skipped_bytes += n;
	stats->resyncs += !l->trouble;
	l->resync = l->trouble = true;
}

void pl_lost_tell(struct pl_lost *l, size_t wire_bytes, struct pl_raw_frame *frame)
{
	frame->lost_corrupt = l->bad;
	frame->lost_overrun = (l->host_lost + wire_bytes / 2) / wire_bytes;
	frame->resync = l->resync;
	*l = (struct pl_lost){0};
}
