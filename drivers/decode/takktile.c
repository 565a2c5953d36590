/* SPDX-License-Identifier: Apache-2.0 */
/*
 * TakkTile: barometers (MPL115A2) under rubber. Which of the 8 x cols places have one that answers,
 * and the constants of each, are asked once over endpoint 0 (usb.start in the mat file): those
 * answers lead the stream. A frame is 4 bytes for each living cell, pressure and temperature of 10
 * bits at the top of two bytes each, and ends with its packet.
 *
 * As f32 cells are kPa of air (about 100 unloaded: tare), by the formula of the sensor's data
 * sheet; as u16 raw pressure. A place without a living sensor is 0.
 */
#include <math.h>
#include <string.h>

#include "drivers/decode/packet.h"
#include "drivers/decode/protocols.h"

#define ROWS 8
#define COLS_MAX 8
#define CELLS_MAX (ROWS * COLS_MAX)
#define ANSWER 8
#define BYTES_A_CELL 4

struct constants {
	double a0, b1, b2, c12;
};

struct takktile {
	struct pl_decoder_config config;
	struct pl_packet packet;
	unsigned answers; /* that came: the map of the living, then constants row by row */
	uint8_t alive[ROWS];
	unsigned n_alive;
	struct constants constants[CELLS_MAX];
	bool unusable; /* a living cell without constants */
	struct pl_lost loss;
	struct pl_text_slot text;
};

static size_t takktile_state_size(const struct pl_decoder_config *config)
{
	(void)config;
	return sizeof(struct takktile);
}

static int takktile_init(void *state, const struct pl_decoder_config *config, struct pl_error *err)
{
	struct takktile *t = state;

	if (config->rows != ROWS || config->cols > COLS_MAX ||
	    (config->dtype != PL_F32 && config->dtype != PL_U16))
		return pl_error_set(err, PL_ECONFIG, 0,
				    "protocol takktile: rows = 8, cols = 5 or 6 (at most 8), cell "
				    "= \"f32\" (kPa) or \"u16\"");
	t->config = *config;
	return 0;
}

static void takktile_reset(void *state)
{
	struct takktile *t = state;

	t->packet.have = 0;
	t->answers = t->n_alive = 0;
	t->unusable = false;
	t->loss = (struct pl_lost){0};
	t->text.ready = false;
}

static void takktile_skip(void *state, uint64_t lost_bytes)
{
	struct takktile *t = state;

	t->loss.host_lost += lost_bytes + t->packet.have;
	t->loss.resync = true;
	t->packet.have = 0;
}

static bool lives(const struct takktile *t, unsigned cell)
{
	return t->alive[cell / t->config.cols] >> cell % t->config.cols & 1;
}

static int32_t s16(const uint8_t *p)
{
	return (int16_t)pl_be(p, 2);
}

static struct constants constants_of(const uint8_t *p)
{
	int32_t c12 = (int32_t)(p[6] << 6 | p[7] >> 2); /* 14 bits, of a sign and 13 */

	return (struct constants){
		.a0 = s16(p) / 8.0,
		.b1 = s16(p + 2) / 8192.0,
		.b2 = s16(p + 4) / 16384.0,
		.c12 = (c12 >= 1 << 13 ? c12 - (1 << 14) : c12) / 4194304.0,
	};
}

static void complain(struct takktile *t, const char *text)
{
	if (!t->unusable)
		pl_text_set(&t->text, text, strlen(text), false);
	t->unusable = true;
}

static void take_alive(struct takktile *t)
{
	t->n_alive = 0;
	memset(t->alive, 0, sizeof(t->alive));
	if (t->packet.n != ANSWER) {
		complain(t, "does not say which cells live");
		return;
	}
	memcpy(t->alive, t->packet.bytes, ROWS);
	for (unsigned row = 0; row < ROWS; row++)
		if (t->alive[row] >> t->config.cols)
			complain(t, "has cells in more columns than the mat file says (cols)");
	for (unsigned i = 0; i < ROWS * t->config.cols; i++)
		t->n_alive += lives(t, i);
}

static void take_answer(struct takktile *t)
{
	unsigned cells = ROWS * t->config.cols, cell;

	if (t->answers == 0) {
		take_alive(t);
	} else if (t->answers <= cells) {
		cell = t->answers - 1;
		if (t->packet.n == ANSWER)
			t->constants[cell] = constants_of(t->packet.bytes);
		else if (lives(t, cell))
			complain(t, "has a living cell that does not tell its constants");
	}
	t->answers++;
}

static float kpa(const struct constants *k, unsigned p, unsigned t)
{
	double pc = k->a0 + (k->b1 + k->c12 * t) * p + k->b2 * t;

	return (float)(50 + 65 * pc / 1023);
}

/* True: all cells are plausible and written. */
static bool put_cells(const struct takktile *t, void *cells)
{
	const uint8_t *at = t->packet.bytes;

	for (unsigned i = 0; i < ROWS * t->config.cols; i++) {
		unsigned raw = 0, temperature;
		float value = 0;

		if (lives(t, i)) {
			raw = pl_be(at, 2);
			temperature = pl_be(at + 2, 2);
			if ((raw | temperature) & 0x3F)
				return false; /* ten bits, and six that are 0 */
			raw >>= 6;
			value = kpa(&t->constants[i], raw, temperature >> 6);
			at += BYTES_A_CELL;
		}
		if (t->config.dtype == PL_F32)
			memcpy((float *)cells + i, &value, sizeof(value));
		else
			((uint16_t *)cells)[i] = (uint16_t)raw;
	}
	return true;
}

static bool ready(const struct takktile *t)
{
	return !t->unusable && t->n_alive && t->answers > ROWS * t->config.cols;
}

static bool take(struct takktile *t, struct pl_raw_frame *frame, struct pl_decode_stats *stats)
{
	size_t n = t->packet.n, due = (size_t)BYTES_A_CELL * t->n_alive;

	if (t->packet.answer) {
		take_answer(t);
		return false;
	}
	if (n == 0)
		return false; /* the end of a frame that filled its packets */
	if (!ready(t)) {
		complain(t, "sends frames without having told which cells live");
		pl_lost_bad(&t->loss, n, &stats->bad_sanity, stats);
		return false;
	}
	if (n != due) {
		pl_lost_bad(&t->loss, n, &stats->bad_length, stats);
		return false;
	}
	if (!put_cells(t, frame->cells)) {
		pl_lost_bad(&t->loss, n, &stats->bad_sanity, stats);
		return false;
	}
	pl_lost_tell(&t->loss, due + PL_PACKET_HEADER, frame);
	return true;
}

static size_t takktile_feed(void *state, const uint8_t *bytes, size_t n, int64_t t_mono_ns,
			    struct pl_raw_frame *frame, bool *got, struct pl_decode_stats *stats)
{
	struct takktile *t = state;
	size_t used = 0;
	bool whole;

	(void)t_mono_ns;
	while (used < n && !*got) {
		used += pl_packet_take(&t->packet, bytes + used, n - used, &whole);
		if (whole)
			*got = take(t, frame, stats);
	}
	return used;
}

static void takktile_tick(void *state, int64_t now_ns, struct pl_tx *tx, int64_t *deadline_ns)
{
	(void)state;
	(void)now_ns;
	(void)tx;
	(void)deadline_ns; /* started and stopped by the mat file's control requests */
}

static bool takktile_text(void *state, struct pl_device_text *text)
{
	return pl_text_take(&((struct takktile *)state)->text, text);
}

static size_t takktile_need(const void *state)
{
	return pl_packet_need(&((const struct takktile *)state)->packet);
}

const struct pl_decoder_ops pl_takktile_decoder = {
	.protocol = "takktile",
	.packets = true,
	.state_size = takktile_state_size,
	.init = takktile_init,
	.reset = takktile_reset,
	.skip = takktile_skip,
	.feed = takktile_feed,
	.tick = takktile_tick,
	.text = takktile_text,
	.need = takktile_need,
};
