/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The plantar mat protocol (docs/mats.md, include/plantar/pmp.h). A zero byte ends a packet and
 * occurs nowhere else, so whatever happened before, the decoder is in place again at the next
 * one; the checksum says which packets to believe, the counter how many are missing. What is left
 * is to be quick: packets are found with memchr, and COBS is undone run by run, 8 or 32 bytes at a
 * time where a mat has its usual stretches of faintly loaded or empty cells.
 */
#include <plantar/pmp.h>

#include <string.h>

#include <plantar/crc.h>

#include "drivers/decode/protocols.h"

#define OVERHEAD (PL_PMP_HEADER_BYTES + PL_PMP_CRC_BYTES)
#define STALE_MAX 8 /* a counter this little behind is a packet sent twice, not a restart */

struct pmp {
	size_t cells, payload_bytes; /* of a frame */
	enum pl_dtype dtype;
	size_t plain_cap, coded_cap;
	uint8_t *plain, *coded;

	size_t n;      /* bytes of the packet under way, in coded */
	bool overlong; /* more came than any packet has: wait for its end */
	bool fresh;    /* no packet's start seen yet: what fails now is only a part of one */
	bool trouble;  /* the last packet was bad */

	struct pl_counter seq;
	uint32_t last_us;
	int64_t t_us;
	bool restarted; /* an info packet said that the counter begins again */

	uint64_t bad, host_lost; /* since the last frame: bad packets, bytes the host dropped */
	bool resync;
	struct pl_banner banner;
	struct pl_text_slot text;
};

enum outcome { NOTHING, FRAME, TEXT };

static size_t coded_max(size_t plain)
{
	return plain + (plain + 253) / 254;
}

static size_t frame_payload(const struct pl_decoder_config *config)
{
	return (size_t)config->rows * config->cols * pl_dtype_size(config->dtype);
}

static size_t plain_max(const struct pl_decoder_config *config)
{
	size_t payload = frame_payload(config);

	return (payload > PL_PMP_TEXT_MAX ? payload : PL_PMP_TEXT_MAX) + OVERHEAD;
}

static size_t pmp_state_size(const struct pl_decoder_config *config)
{
	size_t plain = plain_max(config);

	return sizeof(struct pmp) + plain + coded_max(plain) + 1;
}

static int pmp_init(void *state, const struct pl_decoder_config *config, struct pl_error *err)
{
	struct pmp *p = state;

	(void)err;
	*p = (struct pmp){
		.cells = (size_t)config->rows * config->cols,
		.payload_bytes = frame_payload(config),
		.dtype = config->dtype,
		.plain_cap = plain_max(config),
		.seq.bits = 16,
	};
	p->coded_cap = coded_max(p->plain_cap) + 1; /* some senders end with an empty block */
	p->plain = (uint8_t *)(p + 1);
	p->coded = p->plain + p->plain_cap;
	return 0;
}

static void pmp_reset(void *state)
{
	struct pmp *p = state;

	p->n = 0;
	p->overlong = p->trouble = p->restarted = p->resync = false;
	p->fresh = true;
	p->seq.known = false;
	p->bad = p->host_lost = 0;
	p->text.ready = false;
	p->banner = (struct pl_banner){0};
}

static void pmp_skip(void *state, uint64_t lost_bytes)
{
	struct pmp *p = state;

	p->host_lost += lost_bytes + p->n;
	p->n = 0;
	p->overlong = false;
	p->fresh = true;
	p->resync = true;
}

/* 32 zeros, coded. */
static inline bool zeros_32(const uint8_t *in)
{
	const uint64_t coded = UINT64_C(0x0101010101010101);
	uint64_t w[4];

	memcpy(w, in, sizeof(w));
	return !((w[0] ^ coded) | (w[1] ^ coded) | (w[2] ^ coded) | (w[3] ^ coded));
}

/* Undoes COBS; in has no zero byte. Returns the number of bytes, or SIZE_MAX if it cannot be. */
static size_t cobs_decode(const uint8_t *in, size_t n, uint8_t *out, size_t cap)
{
	const uint8_t *end = in + n;
	uint8_t *start = out, *limit = out + cap;
	uint64_t eight;
	size_t run;

	while (in < end) {
		if (end - in > 8 && limit - out >= 8) {
			memcpy(&eight, in, 8);
			if (eight == 0x0101010101010101u) { /* eight zeros, or many more */
				memset(out, 0, 8);
				in += 8;
				out += 8;
				for (; end - in > 32 && limit - out >= 32 && zeros_32(in);
				     in += 32) {
					memset(out, 0, 32);
					out += 32;
				}
				continue;
			}
			if ((eight & 0x00FF00FF00FF00FFu) == 0x0002000200020002u) {
				eight = eight >> 8 & 0x00FF00FF00FF00FFu; /* x 0 x 0 x 0 x 0 */
				memcpy(out, &eight, 8);
				in += 8;
				out += 8;
				continue;
			}
		}
		run = *in++ - 1u;
		if (run > (size_t)(end - in) || run > (size_t)(limit - out))
			return SIZE_MAX;
		if (run <= 16 && end - in >= 16 && limit - out >= 16)
			memcpy(out, in, 16); /* more than needed, and quicker than exact */
		else
			memcpy(out, in, run);
		in += run;
		out += run;
		if (run != 254 && in < end) {
			if (out == limit)
				return SIZE_MAX;
			*out++ = 0;
		}
	}
	return (size_t)(out - start);
}

static enum outcome reject(struct pmp *p, uint64_t *reason)
{
	++*reason;
	p->bad++;
	return NOTHING;
}

/* The losses before this frame, from the gap in its counter or, where none is known, estimated. */
static void account(struct pmp *p, enum pl_step step, uint64_t missing, struct pl_raw_frame *frame)
{
	uint64_t packet = p->payload_bytes + OVERHEAD + 2;

	if (step == PL_STEP_FORWARD) {
		pl_share_gap(frame, missing, p->host_lost > 0, p->bad);
	} else {
		frame->lost_corrupt = p->bad;
		frame->lost_overrun = (p->host_lost + packet / 2) / packet;
	}
	frame->resync = p->resync;
	p->bad = p->host_lost = 0;
	p->resync = false;
	p->restarted = false;
}

/* A device that started again has both a counter and a clock that went back, or has said so. */
static bool is_restart(const struct pmp *p, uint16_t delta, bool clock_back)
{
	if (p->restarted)
		return true;
	return clock_back && delta > STALE_MAX;
}

static enum outcome take_frame(struct pmp *p, uint16_t seq, uint32_t t_us, size_t payload,
			       struct pl_raw_frame *frame, struct pl_decode_stats *stats)
{
	uint16_t delta = (uint16_t)(seq - p->seq.last);
	int32_t us = (int32_t)(t_us - p->last_us);
	uint64_t missing = 0;
	enum pl_step step;

	if (payload != p->payload_bytes)
		return reject(p, &stats->bad_length);
	if (!pl_cells_finite(p->dtype, p->plain + PL_PMP_HEADER_BYTES, p->cells))
		return reject(p, &stats->bad_sanity);
	if (p->seq.known && !p->restarted && (delta == 0 || delta > UINT16_MAX - STALE_MAX)) {
		stats->duplicates++;
		return NOTHING;
	}
	if (p->seq.known && is_restart(p, delta, us < 0)) {
		step = PL_STEP_RESTART;
		p->seq.unwrapped++;
		p->seq.last = seq;
	} else {
		step = pl_counter_step(&p->seq, seq, &missing);
	}
	p->t_us = step == PL_STEP_FORWARD ? p->t_us + us : (int64_t)t_us;
	p->last_us = t_us;
	frame->device_seq = p->seq.unwrapped;
	frame->t_device_ns = p->t_us * 1000;
	memcpy(frame->cells, p->plain + PL_PMP_HEADER_BYTES, p->payload_bytes);
	account(p, step, missing, frame);
	return FRAME;
}

/* Info and log packets carry the number of the frame to come: behind means that it was reset. */
static enum outcome take_text(struct pmp *p, unsigned type, uint16_t seq, size_t payload,
			      struct pl_decode_stats *stats)
{
	uint16_t ahead = (uint16_t)(seq - p->seq.last - 1);

	if (type == PL_PMP_INFO)
		stats->info_packets++;
	else
		stats->log_packets++;
	if (p->seq.known && ahead > UINT16_MAX / 2)
		p->restarted = true;
	pl_text_set(&p->text, p->plain + PL_PMP_HEADER_BYTES, payload, type == PL_PMP_INFO);
	return TEXT;
}

/* One packet without its zero byte. p->trouble tells afterwards whether it was bad. */
static enum outcome take_packet(struct pmp *p, const uint8_t *coded, size_t n,
				struct pl_raw_frame *frame, struct pl_decode_stats *stats)
{
	size_t size = cobs_decode(coded, n, p->plain, p->plain_cap);
	const uint8_t *h = p->plain;
	uint16_t seq;
	uint32_t t_us;

	p->trouble = true;
	if (size == SIZE_MAX || size < OVERHEAD)
		return reject(p, &stats->bad_length);
	if (pl_crc16_ccitt(PL_CRC16_CCITT_INIT, h, size - PL_PMP_CRC_BYTES) !=
	    (h[size - 2] | h[size - 1] << 8))
		return reject(p, &stats->bad_checksum);
	p->trouble = false;
	if (h[0] != PL_PMP_VERSION)
		return reject(p, &stats->bad_sanity);
	seq = (uint16_t)(h[2] | h[3] << 8);
	t_us = (uint32_t)h[4] | (uint32_t)h[5] << 8 | (uint32_t)h[6] << 16 | (uint32_t)h[7] << 24;
	if (h[1] == PL_PMP_FRAME)
		return take_frame(p, seq, t_us, size - OVERHEAD, frame, stats);
	if (h[1] == PL_PMP_INFO || h[1] == PL_PMP_LOG)
		return take_text(p, h[1], seq, size - OVERHEAD, stats);
	return NOTHING; /* a type of a later day: not ours to judge */
}

/* What came before the first zero byte may be a whole packet, or the rest of one, or what a boot
 * loader had to say. Only the first is worth counting. */
static enum outcome forgive_first(struct pmp *p, const uint8_t *coded, size_t n)
{
	p->trouble = false;
	if (!p->seq.known) {
		pl_banner_add(&p->banner, coded, n);
		pl_banner_flush(&p->banner, &p->text);
	}
	return p->text.ready ? TEXT : NOTHING;
}

static enum outcome take(struct pmp *p, const uint8_t *coded, size_t n, struct pl_raw_frame *frame,
			 struct pl_decode_stats *stats)
{
	struct pl_decode_stats before = *stats;
	bool was_fresh = p->fresh, was_trouble = p->trouble;
	uint64_t bad = p->bad;
	enum outcome outcome;

	if (n == 0)
		return NOTHING; /* zero bytes between packets are padding */
	p->fresh = false;
	outcome = take_packet(p, coded, n, frame, stats);
	if (p->bad == bad || outcome != NOTHING)
		return outcome;
	p->resync = true;
	if (p->trouble && was_fresh) {
		*stats = before;
		p->bad = bad;
		outcome = forgive_first(p, coded, n);
	}
	stats->skipped_bytes += n + 1;
	stats->resyncs += p->trouble && !was_trouble;
	return outcome;
}

/* The end of a packet that was longer than any can be. */
static void end_overlong(struct pmp *p, struct pl_decode_stats *stats)
{
	stats->skipped_bytes++;
	if (!p->fresh) {
		reject(p, &stats->bad_length);
		stats->resyncs += !p->trouble;
		p->trouble = true;
	}
	p->overlong = p->fresh = false;
	p->resync = true;
}

static void keep(struct pmp *p, const uint8_t *bytes, size_t n, struct pl_decode_stats *stats)
{
	if (!p->overlong && n <= p->coded_cap - p->n) {
		memcpy(p->coded + p->n, bytes, n);
		p->n += n;
		return;
	}
	stats->skipped_bytes += n + p->n;
	p->n = 0;
	p->overlong = true;
}

static size_t pmp_feed(void *state, const uint8_t *bytes, size_t n, int64_t t_mono_ns,
		       struct pl_raw_frame *frame, bool *got, struct pl_decode_stats *stats)
{
	struct pmp *p = state;
	enum outcome outcome = NOTHING;
	size_t used = 0;

	(void)t_mono_ns;
	while (outcome == NOTHING && used < n) {
		const uint8_t *part = bytes + used, *zero = memchr(part, 0, n - used);
		size_t length = zero ? (size_t)(zero - part) : n - used;

		used += length + (zero != NULL);
		if (zero && p->n == 0 && !p->overlong && length <= p->coded_cap) {
			outcome = take(p, part, length, frame, stats);
			continue;
		}
		keep(p, part, length, stats);
		if (!zero)
			break;
		if (p->overlong)
			end_overlong(p, stats);
		else
			outcome = take(p, p->coded, p->n, frame, stats);
		p->n = 0;
	}
	*got = outcome == FRAME;
	return used;
}

static void pmp_tick(void *state, int64_t now_ns, struct pl_tx *tx, int64_t *deadline_ns)
{
	(void)state;
	(void)now_ns;
	(void)tx;
	(void)deadline_ns; /* PMP streams unasked */
}

static bool pmp_text(void *state, struct pl_device_text *text)
{
	struct pmp *p = state;

	return pl_text_take(&p->text, text);
}

static size_t pmp_need(const void *state)
{
	const struct pmp *p = state;
	size_t least = p->payload_bytes + OVERHEAD + 2; /* one code byte, the zero byte */

	if (p->overlong)
		return least + 1;
	return least > p->n ? least - p->n : 1;
}

const struct pl_decoder_ops pl_pmp_decoder = {
	.protocol = "pmp",
	.state_size = pmp_state_size,
	.init = pmp_init,
	.reset = pmp_reset,
	.skip = pmp_skip,
	.feed = pmp_feed,
	.tick = pmp_tick,
	.text = pmp_text,
	.need = pmp_need,
};
