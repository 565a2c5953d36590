/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Most of these devices number nothing: what can be said of a loss is that something which should
 * have been a frame was none, and how many bytes the host itself dropped.
 */
#include "drivers/decode/device.h"

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
