/* SPDX-License-Identifier: Apache-2.0 */
/*
 * StepManiaX stage: nine panels of four load cells each. It tells its load cells when it is asked:
 * one question at a time, the next when it says that it has finished the last. An answer comes in
 * reports of up to 61 bytes; word i of it holds bit i of every panel's 80.
 *
 * Panels that do not answer with their signature are not there; which ones are is learned from the
 * first answer, and another set is only believed when it stays.
 */
#include <string.h>

#include "drivers/decode/device.h"
#include "drivers/decode/packets.h"
#include "drivers/decode/protocols.h"

#define PANELS 9
#define SENSORS 4
#define SIDE 6 /* three panels of two sensors */
#define PANEL_BYTES 10
#define WORDS (8 * PANEL_BYTES)
#define ANSWER (3 + 2 * WORDS)
#define REPORT_IN 6
#define REPORT_OUT 5
#define REPORT 64
#define BELIEVE 3 /* answers in a row with other panels */

enum { END = 1, FINISHED = 2, START = 4, INFO = 0x80 };

#define MS INT64_C(1000000)
#define TIMEOUT_MS 2000
#define LOOK_MS 2

struct stepmaniax {
	struct pl_decoder_config config;
	struct pl_packets packet;
	uint8_t answer[ANSWER];
	size_t n;
	bool begun, asked;
	int64_t asked_ns;
	unsigned present, other, in_a_row; /* panels, as bits; what came instead */
	uint64_t broken;		   /* sensors that say so, as bits */
	struct pl_lost loss;
	struct pl_text_slot text;
};

static size_t stepmaniax_state_size(const struct pl_decoder_config *config)
{
	(void)config;
	return sizeof(struct stepmaniax);
}

static int stepmaniax_init(void *state, const struct pl_decoder_config *config,
			   struct pl_error *err)
{
	struct stepmaniax *s = state;
	struct pl_device_config *d = &s->config.device;
	unsigned seen = 0;

	s->config = *config;
	for (unsigned i = 0; i < SENSORS && !d->n_channels; i++)
		d->channels[i] = (uint8_t)i;
	for (unsigned i = 0; i < SENSORS; i++)
		seen |= 1u << (d->channels[i] & 7);
	if (config->rows != SIDE || config->cols != SIDE || config->dtype != PL_I16 ||
	    seen != 0xF || (d->n_channels && d->n_channels != SENSORS))
		return pl_error_set(err, PL_ECONFIG, 0,
				    "protocol stepmaniax: rows = 6, cols = 6, cell = \"i16\"; "
				    "channels of device: each of 0 to 3 once");
	return 0;
}

static void stepmaniax_reset(void *state)
{
	struct stepmaniax *s = state;

	s->packet.have = s->n = 0;
	s->begun = s->asked = false;
	s->present = s->other = s->in_a_row = 0;
	s->broken = 0;
	s->loss = (struct pl_lost){0};
	s->text.ready = false;
}

static void stepmaniax_skip(void *state, uint64_t lost_bytes)
{
	struct stepmaniax *s = state;

	s->loss.host_lost += lost_bytes + s->packet.have + s->n;
	s->loss.resync = true;
	s->packet.have = s->n = 0;
	s->begun = false;
}

/* Eight bytes as a square of bits, turned about its diagonal: bit p of byte i is bit i of byte p.
 */
static uint64_t turn_bits(uint64_t x)
{
	static const struct {
		unsigned by;
		uint64_t mask;
	} swaps[] = {{7, UINT64_C(0x00AA00AA00AA00AA)},
		     {14, UINT64_C(0x0000CCCC0000CCCC)},
		     {28, UINT64_C(0x00000000F0F0F0F0)}};

	for (unsigned i = 0; i < 3; i++) {
		uint64_t t = (x ^ x >> swaps[i].by) & swaps[i].mask;

		x ^= t ^ t << swaps[i].by;
	}
	return x;
}

/* The 80 bits of each panel, gathered from all words: eight panels in their low bytes, one above.
 */
static void panel_bytes(const uint8_t *words, uint8_t out[PANELS][PANEL_BYTES])
{
	for (unsigned i = 0; i < PANEL_BYTES; i++, words += 16) {
		uint64_t low = 0, high = 0;

		for (unsigned k = 0; k < 8; k++) {
			low |= (uint64_t)words[2 * k] << 8 * k;
			high |= (uint64_t)(words[2 * k + 1] & 1) << k;
		}
		low = turn_bits(low);
		for (unsigned panel = 0; panel < 8; panel++)
			out[panel][i] = (uint8_t)(low >> 8 * panel);
		out[8][i] = (uint8_t)high;
	}
}

static void put_panel(const struct stepmaniax *s, unsigned panel, const uint8_t *bytes,
		      int16_t *out)
{
	for (unsigned i = 0; i < SENSORS; i++) {
		unsigned sensor = s->config.device.channels[i];
		unsigned row = 2 * (panel / 3) + i / 2, col = 2 * (panel % 3) + i % 2;

		/* a sensor that says it is broken counts nothing */
		out[row * SIDE + col] = bytes[0] >> (3 + sensor) & 1
						? 0
						: (int16_t)pl_le(bytes + 1 + 2 * (size_t)sensor, 2);
	}
}

/* Is this the set of panels that is always there? */
static bool same_panels(struct stepmaniax *s, unsigned present)
{
	if (!present)
		return false;
	if (!s->present || present == s->present) {
		s->present = present;
		s->in_a_row = 0;
		return true;
	}
	s->in_a_row = present == s->other ? s->in_a_row + 1 : 1;
	s->other = present;
	if (s->in_a_row < BELIEVE)
		return false;
	s->present = present;
	return true;
}

static void warn(struct stepmaniax *s, uint64_t broken)
{
	static const char text[] = "a sensor of a panel says that it is broken: it counts nothing";

	if (broken & ~s->broken)
		pl_text_set(&s->text, text, sizeof(text) - 1, false);
	s->broken = broken;
}

/* A whole answer. True: it is a frame. */
static bool take_answer(struct stepmaniax *s, struct pl_raw_frame *frame,
			struct pl_decode_stats *stats)
{
	int16_t cells[SIDE * SIDE] = {0};
	uint8_t panels[PANELS][PANEL_BYTES];
	unsigned present = 0;
	uint64_t broken = 0;

	if (s->answer[0] != 'y')
		return false; /* another command's */
	if (s->n != ANSWER || s->answer[2] != WORDS) {
		pl_lost_bad(&s->loss, s->n, &stats->bad_length, stats);
		return false;
	}
	panel_bytes(s->answer + 3, panels);
	for (unsigned panel = 0; panel < PANELS; panel++) {
		const uint8_t *bytes = panels[panel];

		if ((bytes[0] & 7) != 2)
			continue;
		present |= 1u << panel;
		broken |= (uint64_t)(bytes[0] >> 3 & 0xF) << 4 * panel;
		put_panel(s, panel, bytes, cells);
	}
	if (!same_panels(s, present)) {
		pl_lost_bad(&s->loss, s->n, &stats->bad_sanity, stats);
		return false;
	}
	warn(s, broken);
	memcpy(frame->cells, cells, sizeof(cells));
	pl_lost_tell(&s->loss, ANSWER + 3 * (size_t)(REPORT - 61 + PL_PACKET_HEADER), frame);
	return true;
}

static bool take_report(struct stepmaniax *s, struct pl_raw_frame *frame,
			struct pl_decode_stats *stats)
{
	const uint8_t *p = s->packet.bytes;
	size_t n = s->packet.n;
	bool is_frame = false;

	if (s->packet.answer || n < 3 || p[0] != REPORT_IN || p[1] & INFO)
		return false; /* panels pressed, device information */
	if (p[1] & FINISHED)
		s->asked = false;
	if (p[1] & START) {
		if (s->begun)
			pl_lost_bad(&s->loss, s->n, &stats->bad_length, stats);
		s->n = 0;
		s->begun = true;
	}
	if (!s->begun)
		return false; /* a rest, or no more than "finished" */
	if (p[2] > n - 3 || p[2] > ANSWER - s->n) {
		pl_lost_bad(&s->loss, n, &stats->bad_length, stats);
		s->begun = false;
		return false;
	}
	memcpy(s->answer + s->n, p + 3, p[2]);
	s->n += p[2];
	if (p[1] & END) {
		is_frame = s->n && take_answer(s, frame, stats);
		s->begun = false;
	}
	return is_frame;
}

static size_t stepmaniax_feed(void *state, const uint8_t *bytes, size_t n, int64_t t_mono_ns,
			      struct pl_raw_frame *frame, bool *got, struct pl_decode_stats *stats)
{
	struct stepmaniax *s = state;
	size_t used = 0;
	bool whole;

	(void)t_mono_ns;
	while (used < n && !*got) {
		used += pl_packets_feed(&s->packet, bytes + used, n - used, &whole);
		if (whole)
			*got = take_report(s, frame, stats);
	}
	return used;
}

static void stepmaniax_tick(void *state, int64_t now_ns, struct pl_tx *tx, int64_t *deadline_ns)
{
	/* y0: the load cells as they are; y1 would be by the stage's own calibration */
	static const uint8_t ask[REPORT] = {REPORT_OUT, START | END, 3, 'y', '0', '\n'};
	struct stepmaniax *s = state;

	if (!s->asked || now_ns - s->asked_ns >= TIMEOUT_MS * MS) {
		pl_send(tx, ask, sizeof(ask));
		s->asked = true;
		s->asked_ns = now_ns;
	}
	*deadline_ns = now_ns + LOOK_MS * MS;
}

static bool stepmaniax_text(void *state, struct pl_device_text *text)
{
	return pl_text_take(&((struct stepmaniax *)state)->text, text);
}

static size_t stepmaniax_need(const void *state)
{
	return pl_packets_need(&((const struct stepmaniax *)state)->packet);
}

const struct pl_decoder_ops pl_stepmaniax_decoder = {
	.protocol = "stepmaniax",
	.packets = true,
	.state_size = stepmaniax_state_size,
	.init = stepmaniax_init,
	.reset = stepmaniax_reset,
	.skip = stepmaniax_skip,
	.feed = stepmaniax_feed,
	.tick = stepmaniax_tick,
	.text = stepmaniax_text,
	.need = stepmaniax_need,
};
