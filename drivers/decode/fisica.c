/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fisica scale (Care&Co): 29 x 22 relative u8 and the weight on the plate in one frame of 645
 * bytes, without a checksum and with F0 0F as its only mark, which cells may hold as well. Where a
 * frame is due it is believed with its mark; out of place only if exactly one place among 645 has
 * the mark twice, a frame apart. The device is set up by commands of 8 bytes whose replies stand
 * between the frames.
 *
 * As f32, cells are newtons: the weight of each frame shared out by its cells. As u8 they are what
 * the device sends.
 */
#include <string.h>

#include "drivers/decode/packet.h"
#include "drivers/decode/protocols.h"

#define ROWS 29
#define COLS 22
#define CELLS (ROWS * COLS)
#define FRAME 645
#define WEIGHT_AT 641
#define REPLY 8
#define WINDOW (2 * FRAME) /* each place that may be the end of a frame, and the next one's */

#define MS INT64_C(1000000)
#define REPLY_MS 250	/* five silences are over before the daemon opens again */
#define LOOK_MS 20	/* ... looked for so often */
#define SILENCE_MS 3000 /* at 2 s a frame at the slowest */

#define GRAVITY 9.80665
#define POUND_KG 0.45359237

/* What is said, in this order; a reply or half a second of silence leads on. */
enum step { UNIT, INTERVAL, PORT_USB, PORT_BLE, START, RUNNING };

struct fisica {
	struct pl_decoder_config config;
	uint8_t bytes[WINDOW + FRAME];
	size_t n;
	bool placed;	 /* bytes[0] begins a frame or a reply */
	bool seen;	 /* a frame or a reply: what fails now is a loss */
	size_t searched; /* bytes skipped since the place was lost */
	size_t looked;	 /* no reply begins before here */
	double kg;	 /* a unit of weight */

	enum step step;
	bool asked;
	int64_t heard_ns, asked_ns; /* a frame or reply; a command */
	struct pl_lost loss;
	struct pl_banner banner;
	struct pl_text_slot text;
};

static size_t fisica_state_size(const struct pl_decoder_config *config)
{
	(void)config;
	return sizeof(struct fisica);
}

static int fisica_init(void *state, const struct pl_decoder_config *config, struct pl_error *err)
{
	struct fisica *f = state;

	if (config->rows != ROWS || config->cols != COLS ||
	    (config->dtype != PL_F32 && config->dtype != PL_U8))
		return pl_error_set(err, PL_ECONFIG, 0,
				    "protocol fisica: rows = 29, cols = 22, cell = \"f32\" "
				    "(newtons) or \"u8\"");
	f->config = *config;
	return 0;
}

static void fisica_reset(void *state)
{
	struct fisica *f = state;

	f->n = f->searched = f->looked = 0;
	f->placed = f->seen = f->asked = false;
	f->kg = 0.1;
	f->step = UNIT;
	f->heard_ns = f->asked_ns = 0;
	f->loss = (struct pl_lost){0};
	f->banner = (struct pl_banner){0};
	f->text.ready = false;
}

static void fisica_skip(void *state, uint64_t lost_bytes)
{
	struct fisica *f = state;

	f->loss.host_lost += lost_bytes + f->n;
	f->loss.resync = true;
	f->n = f->searched = f->looked = 0;
	f->placed = false;
}

static bool ends_frame(const uint8_t *p)
{
	return p[0] == 0xF0 && p[1] == 0x0F;
}

static bool is_reply(const uint8_t *p)
{
	return p[0] == 0x24 && (p[2] == 'S' || p[2] == 'G') && p[3] <= 1 && p[6] == 0xFF &&
	       p[7] == 0xF0;
}

static void drop(struct fisica *f, size_t n)
{
	memmove(f->bytes, f->bytes + n, f->n - n);
	f->n -= n;
	f->looked -= f->looked < n ? f->looked : n;
}

/* ---- what is said ---- */

static const uint8_t commands[][4] = {
	/* header, type, value */
	[UNIT] = {0x13, 'G'},		[INTERVAL] = {0x23, 'S'},    [PORT_USB] = {0x22, 'S', 0, 2},
	[PORT_BLE] = {0x22, 'S', 0, 1}, [START] = {0x51, 'S', 0, 1},
};

static void say(const uint8_t command[4], unsigned value, struct pl_tx *tx)
{
	const uint8_t bytes[REPLY] = {
		0x24, command[0], command[1], 0, (uint8_t)(value >> 8), (uint8_t)value, 0xFF, 0xF0};

	pl_send(tx, bytes, sizeof(bytes));
}

/* Port 2 is USB; units with the maker's own program running want 1 and do not know better. */
static void lead_on(struct fisica *f, bool agreed, int64_t now_ns)
{
	if (f->step == PORT_USB)
		f->step = agreed ? START : PORT_BLE;
	else if (f->step != RUNNING)
		f->step++;
	f->asked = false;
	f->heard_ns = now_ns;
}

static void take_reply(struct fisica *f, int64_t now_ns)
{
	const uint8_t *p = f->bytes;

	if (f->asked && p[1] == commands[f->step][0]) {
		if (f->step == UNIT && p[3] == 1)
			f->kg = pl_be(p + 4, 2) == 2 ? 0.1 * POUND_KG : 0.1;
		lead_on(f, p[3] == 1, now_ns);
	}
	drop(f, REPLY);
}

static void fisica_tick(void *state, int64_t now_ns, struct pl_tx *tx, int64_t *deadline_ns)
{
	struct fisica *f = state;

	if (f->step == RUNNING && now_ns - f->heard_ns >= SILENCE_MS * MS) {
		f->step = PORT_USB;
		f->asked = false;
	} else if (f->asked && f->step != RUNNING && now_ns - f->asked_ns >= REPLY_MS * MS) {
		lead_on(f, false, now_ns);
	}
	if (f->step == INTERVAL && !f->config.device.period_ms)
		f->step++;
	if (f->step != RUNNING && !f->asked) {
		const uint8_t *c = commands[f->step];

		say(c, f->step == INTERVAL ? f->config.device.period_ms : pl_be(c + 2, 2), tx);
		f->asked = true;
		f->asked_ns = now_ns;
	}
	*deadline_ns = f->step == RUNNING ? f->heard_ns + SILENCE_MS * MS : now_ns + LOOK_MS * MS;
}

static void fisica_stop(void *state, struct pl_tx *tx)
{
	(void)state;
	say(commands[START], 0, tx);
}

/* ---- what comes ---- */

/* The weight of the frame, shared out by its cells. */
static void put_newtons(const uint8_t *cells, double weight_n, float *out)
{
	unsigned sum = 0;

	for (size_t i = 0; i < CELLS; i++)
		sum += cells[i];
	for (size_t i = 0; i < CELLS; i++)
		out[i] = sum ? (float)(cells[i] * weight_n / sum) : 0;
}

static void take_frame(struct fisica *f, int64_t now_ns, struct pl_raw_frame *frame)
{
	const uint8_t *cells = f->bytes + 1;
	double weight_n = pl_be(f->bytes + WEIGHT_AT, 2) * f->kg * GRAVITY;

	if (f->config.dtype == PL_U8)
		memcpy(frame->cells, cells, CELLS);
	else
		put_newtons(cells, weight_n, frame->cells);
	f->heard_ns = now_ns;
	pl_banner_flush(&f->banner, &f->text);
	pl_lost_tell(&f->loss, FRAME, frame);
	f->seen = true;
	drop(f, FRAME);
}

static void skip(struct fisica *f, size_t n, struct pl_decode_stats *stats)
{
	stats->skipped_bytes += n;
	f->searched += n;
	f->loss.resync = true;
	if (!f->seen)
		pl_banner_add(&f->banner, f->bytes, n);
	drop(f, n);
}

/* At a place again: how many frames went by, to the nearest, and one at least. */
static void found(struct fisica *f, struct pl_decode_stats *stats)
{
	size_t frames = (f->searched + FRAME / 2) / FRAME;

	f->placed = true;
	if (f->seen && f->searched) {
		f->loss.bad += frames > 1 ? frames - 1 : 0; /* one is counted already */
		stats->bad_length += frames > 1 ? frames - 1 : 0;
	}
	f->searched = 0;
	f->loss.trouble = false;
}

/* Out of place. True: something was done, look again. */
static bool search(struct fisica *f, struct pl_decode_stats *stats)
{
	size_t places = 0, place = 0;

	for (size_t i = f->looked; i + REPLY <= f->n; i++) {
		f->looked = i + 1;
		if (!is_reply(f->bytes + i))
			continue;
		skip(f, i, stats);
		f->seen = false; /* nothing was due before */
		found(f, stats);
		return true;
	}
	if (f->n < WINDOW + 1)
		return false;
	for (size_t i = 0; i < FRAME; i++) {
		if (ends_frame(f->bytes + i) && ends_frame(f->bytes + i + FRAME)) {
			places++;
			place = i + 2;
		}
	}
	if (places != 1) { /* none, or nobody could say which */
		skip(f, FRAME, stats);
		return true;
	}
	skip(f, place, stats);
	found(f, stats);
	return true;
}

/* In place: a reply, or a frame with its mark. True: something was done. */
static bool take(struct fisica *f, int64_t now_ns, struct pl_raw_frame *frame, bool *got,
		 struct pl_decode_stats *stats)
{
	if (f->bytes[0] == 0x24 && f->n < REPLY)
		return false;
	if (f->n >= REPLY && is_reply(f->bytes)) {
		take_reply(f, now_ns);
		f->seen = true;
		return true;
	}
	if (f->n < FRAME)
		return false;
	if (ends_frame(f->bytes + FRAME - 2)) {
		take_frame(f, now_ns, frame);
		*got = true;
		return true;
	}
	f->placed = false;
	f->looked = 0;
	pl_lost_bad(&f->loss, 0, &stats->bad_length, stats);
	return true;
}

static size_t fisica_feed(void *state, const uint8_t *bytes, size_t n, int64_t t_mono_ns,
			  struct pl_raw_frame *frame, bool *got, struct pl_decode_stats *stats)
{
	struct fisica *f = state;
	size_t used = 0;

	for (;;) {
		while (!*got && f->n &&
		       (f->placed ? take(f, t_mono_ns, frame, got, stats) : search(f, stats)))
			;
		if (*got || used == n)
			return used;
		/* a byte at a time near a decision would be slow; a frame's rest never is */
		f->bytes[f->n++] = bytes[used++];
		while (used < n && f->placed && f->n >= REPLY && f->n < FRAME)
			f->bytes[f->n++] = bytes[used++];
	}
}

static bool fisica_text(void *state, struct pl_device_text *text)
{
	return pl_text_take(&((struct fisica *)state)->text, text);
}

static size_t fisica_need(const void *state)
{
	const struct fisica *f = state;

	return f->placed && f->step == RUNNING && f->n < FRAME ? FRAME - f->n : 1;
}

const struct pl_decoder_ops pl_fisica_decoder = {
	.protocol = "fisica",
	.state_size = fisica_state_size,
	.init = fisica_init,
	.reset = fisica_reset,
	.skip = fisica_skip,
	.feed = fisica_feed,
	.tick = fisica_tick,
	.stop = fisica_stop,
	.text = fisica_text,
	.need = fisica_need,
};
