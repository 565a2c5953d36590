/* SPDX-License-Identifier: Apache-2.0 */
/*
 * PhidgetBridge 1046: four strain gauge inputs, as under a BTrackS plate. It streams reports of 18
 * bytes once it is told which inputs, how much gain and how often; each report repeats what the
 * bridge believes it was told, so one that forgot (a brown-out, another program) is told again.
 *
 * As f32, cells are mV/V, the unit of load cells' data sheets; as i32 codes of 24 bits around 0.
 * What follows a change of settings is not believed: early units need 256 ms with input 0 on after
 * a change of gain, and the first sample of an input that was switched on is wrong.
 */
#include <string.h>

#include "drivers/decode/device.h"
#include "drivers/decode/packets.h"
#include "drivers/decode/protocols.h"

#define REPORT 18
#define INPUTS 4
#define MIDDLE 0x800000

#define MS INT64_C(1000000)
#define SETTLE_MS 300  /* after a change of gain */
#define INSIST_MS 1000 /* told again, when it does not do as told for so long */
#define PERIOD_MS 40

struct phidget {
	struct pl_decoder_config config;
	unsigned rate; /* in units of 8 ms */
	unsigned gain, gain_code;
	struct pl_packets packet;
	bool told;
	bool fresh[INPUTS]; /* a good sample came since settings changed */
	bool settling, was_error;
	bool again; /* told again because nothing was heard: was it silent, or were we late? */
	int64_t told_ns, heard_ns; /* settings sent; a report that shows them */
	struct pl_lost loss;
	struct pl_text_slot text;
};

static size_t phidget_state_size(const struct pl_decoder_config *config)
{
	(void)config;
	return sizeof(struct phidget);
}

static unsigned code_of(unsigned gain)
{
	static const unsigned codes[][2] = {{1, 0}, {8, 3}, {16, 4}, {32, 5}, {64, 6}, {128, 7}};

	for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++)
		if (codes[i][0] == gain)
			return codes[i][1];
	return UINT8_MAX;
}

static bool each_input_once(const struct pl_device_config *d)
{
	unsigned seen = 0;

	for (unsigned i = 0; i < d->n_channels; i++)
		if (d->channels[i] < INPUTS)
			seen |= 1u << d->channels[i];
	return d->n_channels == 0 || (d->n_channels == INPUTS && seen == 0xF);
}

static int phidget_init(void *state, const struct pl_decoder_config *config, struct pl_error *err)
{
	struct phidget *p = state;
	struct pl_device_config *d = &p->config.device;

	p->config = *config;
	if ((size_t)config->rows * config->cols != INPUTS ||
	    (config->dtype != PL_F32 && config->dtype != PL_I32))
		return pl_error_set(err, PL_ECONFIG, 0,
				    "protocol phidget: rows = 2, cols = 2, cell = \"f32\" (mV/V) "
				    "or \"i32\"");
	p->gain = d->gain ? d->gain : 128;
	p->gain_code = code_of(p->gain);
	p->rate = (d->period_ms ? d->period_ms : PERIOD_MS) / 8;
	if (p->gain_code == UINT8_MAX || p->rate < 1 || p->rate > 125 || !each_input_once(d))
		return pl_error_set(err, PL_ECONFIG, 0,
				    "device of protocol phidget: gain is 1, 8, 16, 32, 64 or 128, "
				    "period_ms 8 to 1000, channels each of 0 to 3 once");
	for (unsigned i = 0; i < INPUTS && !d->n_channels; i++)
		d->channels[i] = (uint8_t)i;
	return 0;
}

static void settle(struct phidget *p)
{
	memset(p->fresh, 0, sizeof(p->fresh));
	p->settling = true;
}

static void phidget_reset(void *state)
{
	struct phidget *p = state;

	pl_packets_reset(&p->packet);
	p->told = p->was_error = p->again = false;
	p->told_ns = p->heard_ns = 0;
	p->loss = (struct pl_lost){0};
	p->text.ready = false;
	settle(p);
}

static void phidget_skip(void *state, uint64_t lost_bytes)
{
	struct phidget *p = state;

	p->loss.host_lost += lost_bytes + p->packet.have;
	p->loss.resync = true;
	pl_packets_reset(&p->packet);
}

static bool as_told(const struct phidget *p, const uint8_t *r)
{
	unsigned gains = p->gain_code << 4 | p->gain_code;

	return (r[0] & 0xF) == 0xF && r[2] == gains && r[3] == gains &&
	       (pl_be(r + 4, 2) & 0x3FF) == p->rate;
}

/* Valid: within +-1000 mV/V at gain 1, else +-995/gain; about the whole range of the code. */
static bool in_range(const struct phidget *p, int32_t code)
{
	double most = p->gain == 1 ? MIDDLE : 0.995 * MIDDLE;

	return code >= -most && code <= most;
}

static void put(const struct phidget *p, unsigned cell, int32_t code, void *cells)
{
	double mv_v = code * 1000.0 / MIDDLE / p->gain;
	float f = (float)mv_v;

	memcpy((uint8_t *)cells + (size_t)4 * cell,
	       p->config.dtype == PL_F32 ? (const void *)&f : (const void *)&code, 4);
}

static void warn(struct phidget *p, unsigned errors)
{
	char text[] = "inputs out of range or not connected: ....";

	for (unsigned i = 0; i < INPUTS; i++)
		text[sizeof(text) - 1 - INPUTS + i] = (char)(errors >> i & 1 ? '0' + (int)i : '-');
	if (!p->was_error)
		pl_text_set(&p->text, text, sizeof(text) - 1, false);
	p->was_error = true;
}

/* One report. True: it is a frame. */
static bool take(struct phidget *p, int64_t now_ns, struct pl_raw_frame *frame,
		 struct pl_decode_stats *stats)
{
	const uint8_t *r = p->packet.bytes;
	unsigned errors = r[1] & 0xF;
	bool first = false;

	if (p->packet.answer)
		return false;
	if (p->packet.n < REPORT) {
		pl_lost_bad(&p->loss, p->packet.n, &stats->bad_length, stats);
		return false;
	}
	if (!as_told(p, r)) { /* on its way there, or it forgot */
		settle(p);
		stats->skipped_bytes += p->packet.n;
		return false;
	}
	/* A report that had arrived when it was told again was no silence: nothing changed there.
	 */
	if (p->again && now_ns >= p->told_ns)
		settle(p);
	p->again = false;
	p->heard_ns = now_ns;
	p->settling = p->settling && p->told && now_ns - p->told_ns < SETTLE_MS * MS;
	for (unsigned i = 0; i < INPUTS; i++) {
		bool is_new = r[0] >> (4 + i) & 1;

		first |= !p->fresh[i] || p->settling;
		p->fresh[i] |= is_new && !p->settling;
	}
	if (first || !(r[0] >> 4)) { /* nothing to believe yet; nothing new in it */
		stats->skipped_bytes += p->packet.n;
		return false;
	}
	for (unsigned i = 0; i < INPUTS; i++) {
		unsigned input = p->config.device.channels[i];
		int32_t code = (int32_t)pl_be(r + 6 + 3 * input, 3) - MIDDLE;

		if (!in_range(p, code))
			errors |= 1u << input;
		put(p, i, code, frame->cells);
	}
	if (errors) {
		warn(p, errors);
		pl_lost_bad(&p->loss, p->packet.n, &stats->bad_sanity, stats);
		return false;
	}
	p->was_error = false;
	pl_lost_tell(&p->loss, REPORT + PL_PACKET_HEADER, frame);
	return true;
}

static size_t phidget_feed(void *state, const uint8_t *bytes, size_t n, int64_t t_mono_ns,
			   struct pl_raw_frame *frame, bool *got, struct pl_decode_stats *stats)
{
	struct phidget *p = state;
	size_t used = 0;
	bool whole;

	while (used < n && !*got) {
		used += pl_packets_feed(&p->packet, bytes + used, n - used, &whole);
		if (whole)
			*got = take(p, t_mono_ns, frame, stats);
	}
	return used;
}

static void phidget_tick(void *state, int64_t now_ns, struct pl_tx *tx, int64_t *deadline_ns)
{
	struct phidget *p = state;
	const uint8_t gains = (uint8_t)(p->gain_code << 4 | p->gain_code);
	const uint8_t out[] = {0xF, gains, gains, (uint8_t)p->rate, (uint8_t)(p->rate >> 8)};
	int64_t patience = INSIST_MS * MS + 2 * 8 * MS * p->rate, last;

	last = p->heard_ns > p->told_ns ? p->heard_ns : p->told_ns;
	if (!p->told || now_ns - last >= patience) {
		pl_send(tx, out, sizeof(out));
		p->again = p->told && !p->settling;
		if (!p->again)
			settle(p);
		p->told = true;
		p->told_ns = last = now_ns;
	}
	*deadline_ns = last + patience;
}

static bool phidget_text(void *state, struct pl_device_text *text)
{
	return pl_text_take(&((struct phidget *)state)->text, text);
}

static size_t phidget_need(const void *state)
{
	return pl_packets_need(&((const struct phidget *)state)->packet);
}

const struct pl_decoder_ops pl_phidget_decoder = {
	.protocol = "phidget",
	.packets = true,
	.state_size = phidget_state_size,
	.init = phidget_init,
	.reset = phidget_reset,
	.skip = phidget_skip,
	.feed = phidget_feed,
	.tick = phidget_tick,
	.text = phidget_text,
	.need = phidget_need,
};
