/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Vernier Go Direct sensors over USB, of which the force plate is a mat of one cell: newtons
 * without a place. It has to be greeted, told a period and a channel, and then sends packets of one
 * or more readings. A packet may go on in the next report.
 */
#include <string.h>

#include "drivers/decode/packet.h"
#include "drivers/decode/protocols.h"

#define REPORT 64
#define PACKET_MAX 255
#define READINGS 0x20
#define NARROW 6 /* kinds of readings: mask of 16 or of 32 bits */
#define WIDE 7
#define CHANNEL 1

#define MS INT64_C(1000000)
#define REPLY_MS 500
#define SILENCE_MS 3000
#define LOOK_MS 10

enum step { GREET, PERIOD, START, RUNNING };
enum { CMD_GREET = 0x1A, CMD_PERIOD = 0x1B, CMD_START = 0x18, CMD_STOP = 0x19 };

struct vernier {
	struct pl_decoder_config config;
	uint32_t mask;
	struct pl_packet report;
	uint8_t bytes[PACKET_MAX]; /* a packet, of one or more reports */
	size_t n;
	unsigned next, count, first; /* readings of it still to be handed out */

	enum step step;
	bool asked;
	uint8_t counter; /* of commands, downwards */
	int64_t heard_ns, asked_ns;
	struct pl_lost loss;
};

static size_t vernier_state_size(const struct pl_decoder_config *config)
{
	(void)config;
	return sizeof(struct vernier);
}

static int vernier_init(void *state, const struct pl_decoder_config *config, struct pl_error *err)
{
	struct vernier *v = state;
	unsigned channel = config->device.n_channels ? config->device.channels[0] : CHANNEL;

	if (config->rows != 1 || config->cols != 1 || config->dtype != PL_F32 || channel > 31 ||
	    config->device.n_channels > 1)
		return pl_error_set(err, PL_ECONFIG, 0,
				    "protocol vernier: rows = 1, cols = 1, cell = \"f32\"; "
				    "channels of device: one of 0 to 31");
	v->config = *config;
	v->mask = UINT32_C(1) << channel;
	return 0;
}

static void vernier_reset(void *state)
{
	struct vernier *v = state;

	v->report.have = v->n = 0;
	v->next = v->count = 0;
	v->step = GREET;
	v->asked = false;
	v->heard_ns = v->asked_ns = 0;
	v->counter = 0xFF;
	v->loss = (struct pl_lost){0};
}

static void vernier_skip(void *state, uint64_t lost_bytes)
{
	struct vernier *v = state;

	v->loss.host_lost += lost_bytes + v->report.have + v->n;
	v->loss.resync = true;
	v->report.have = v->n = 0;
}

/* ---- what is said ---- */

static void say(struct vernier *v, uint8_t command, const uint8_t *args, size_t n, struct pl_tx *tx)
{
	uint8_t out[REPORT] = {0}, *p = out + 1;
	unsigned sum = 0;

	if (command == CMD_GREET)
		v->counter = 0xFF;
	out[0] = (uint8_t)(5 + n);
	p[0] = 0x58;
	p[1] = out[0];
	p[2] = --v->counter;
	p[4] = command;
	memcpy(p + 5, args, n);
	for (size_t i = 0; i < out[0]; i++)
		sum += p[i];
	p[3] = (uint8_t)sum;
	pl_send(tx, out, sizeof(out));
}

static void greet(struct vernier *v, struct pl_tx *tx)
{
	static const uint8_t args[] = {0xA5, 0x4A, 0x06, 0x49, 0x07, 0x48, 0x08, 0x47, 0x09, 0x46,
				       0x0A, 0x45, 0x0B, 0x44, 0x0C, 0x43, 0x0D, 0x42, 0x0E, 0x41};

	say(v, CMD_GREET, args, sizeof(args), tx);
}

static void put_u32(uint8_t *at, uint32_t value)
{
	for (unsigned i = 0; i < 4; i++)
		at[i] = (uint8_t)(value >> 8 * i);
}

static void say_step(struct vernier *v, struct pl_tx *tx)
{
	uint8_t period[10] = {0xFF, 0}, start[14] = {0xFF, 1};

	put_u32(period + 2, v->config.device.period_ms * 1000);
	put_u32(start + 2, v->mask);
	if (v->step == GREET)
		greet(v, tx);
	else if (v->step == PERIOD)
		say(v, CMD_PERIOD, period, sizeof(period), tx);
	else
		say(v, CMD_START, start, sizeof(start), tx);
}

static void lead_on(struct vernier *v, int64_t now_ns)
{
	if (v->step != RUNNING)
		v->step++;
	v->asked = false;
	v->heard_ns = now_ns;
}

static void vernier_tick(void *state, int64_t now_ns, struct pl_tx *tx, int64_t *deadline_ns)
{
	struct vernier *v = state;
	int64_t silence = (SILENCE_MS + INT64_C(2) * v->config.device.period_ms) * MS;

	if (v->step == RUNNING && now_ns - v->heard_ns >= silence) {
		v->step = GREET;
		v->asked = false;
	} else if (v->step != RUNNING && v->asked && now_ns - v->asked_ns >= REPLY_MS * MS) {
		lead_on(v, now_ns);
	}
	if (v->step == PERIOD && !v->config.device.period_ms)
		v->step++;
	if (v->step != RUNNING && !v->asked) {
		say_step(v, tx);
		v->asked = true;
		v->asked_ns = now_ns;
	}
	*deadline_ns = v->step == RUNNING ? v->heard_ns + silence : now_ns + LOOK_MS * MS;
}

static void vernier_stop(void *state, struct pl_tx *tx)
{
	static const uint8_t args[] = {0xFF, 0, 0xFF, 0xFF, 0xFF, 0xFF};

	say(state, CMD_STOP, args, sizeof(args), tx);
}

/* ---- what comes ---- */

/* A packet is complete: a reply, or readings. */
static void take_packet(struct vernier *v, int64_t now_ns, struct pl_decode_stats *stats)
{
	const uint8_t *p = v->bytes;
	unsigned width, count;

	if (p[0] != READINGS) {
		if (v->asked)
			lead_on(v, now_ns);
		return;
	}
	v->heard_ns = now_ns;
	width = p[4] == WIDE ? 4 : 2;
	count = v->n > 7 + width ? p[5 + width] : 0;
	if (v->n < 9 || (p[4] != NARROW && p[4] != WIDE) || !count ||
	    v->n != 7 + width + 4 * (size_t)count) {
		pl_lost_bad(&v->loss, v->n, &stats->bad_length, stats);
		return;
	}
	if (pl_le(p + 5, width) != v->mask) { /* another program's channels */
		pl_lost_bad(&v->loss, v->n, &stats->bad_sanity, stats);
		return;
	}
	v->first = 7 + width;
	v->next = 0;
	v->count = count;
}

/* A report: a byte in front, then the packet or more of it. */
static void take_report(struct vernier *v, int64_t now_ns, struct pl_decode_stats *stats)
{
	const uint8_t *p = v->report.bytes + 1;
	size_t n = v->report.n, part;

	if (v->report.answer)
		return;
	if (n < 3 || n > REPORT) {
		pl_lost_bad(&v->loss, n, &stats->bad_length, stats);
		v->n = 0;
		return;
	}
	n--;
	if (v->n == 0 && p[1] < 5) {
		pl_lost_bad(&v->loss, n, &stats->bad_length, stats);
		return;
	}
	part = (v->n ? v->bytes[1] : p[1]) - v->n;
	if (part > n)
		part = n;
	memcpy(v->bytes + v->n, p, part);
	v->n += part;
	if (v->n < v->bytes[1] && n == REPORT - 1)
		return; /* goes on */
	if (v->n < v->bytes[1])
		pl_lost_bad(&v->loss, v->n, &stats->bad_length, stats);
	else
		take_packet(v, now_ns, stats);
	v->n = 0;
}

/* The next reading of the packet. True: it is a frame. */
static bool hand_out(struct vernier *v, struct pl_raw_frame *frame, struct pl_decode_stats *stats)
{
	uint32_t bits = pl_le(v->bytes + v->first + (size_t)4 * v->next++, 4);

	memcpy(frame->cells, &bits, sizeof(bits));
	if (!pl_cells_finite(PL_F32, frame->cells, 1)) {
		pl_lost_bad(&v->loss, 4, &stats->bad_sanity, stats);
		return false;
	}
	pl_lost_tell(&v->loss, REPORT + PL_PACKET_HEADER, frame);
	return true;
}

static size_t vernier_feed(void *state, const uint8_t *bytes, size_t n, int64_t t_mono_ns,
			   struct pl_raw_frame *frame, bool *got, struct pl_decode_stats *stats)
{
	struct vernier *v = state;
	size_t used = 0;
	bool whole;

	for (;;) {
		while (v->next < v->count && !*got)
			*got = hand_out(v, frame, stats);
		if (*got || used == n)
			return used;
		used += pl_packet_take(&v->report, bytes + used, n - used, &whole);
		if (whole)
			take_report(v, t_mono_ns, stats);
	}
}

static size_t vernier_need(const void *state)
{
	return pl_packet_need(&((const struct vernier *)state)->report);
}

const struct pl_decoder_ops pl_vernier_decoder = {
	.protocol = "vernier",
	.packets = true,
	.state_size = vernier_state_size,
	.init = vernier_init,
	.reset = vernier_reset,
	.skip = vernier_skip,
	.feed = vernier_feed,
	.tick = vernier_tick,
	.stop = vernier_stop,
	.need = vernier_need,
};
