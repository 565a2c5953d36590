/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Juqiao mats and insoles: payloads parted by AA 55 03 99, told apart by nothing but their length
 * (docs/mats.md). A matrix comes with or without a byte of type in front; 16 x 16 comes whole with
 * a number of which nobody says how it counts, or in two halves. There is no checksum, and the mark
 * may stand among the cells: where a payload is due it is believed with the mark behind it,
 * whatever it contains; out of place only if no mark is inside.
 *
 * A length is trusted after LOCK payloads; others of the same mat are refused until RELOCK of them
 * came. Asked to, the decoder finds out which pad it is: the reply is text between the frames.
 */
#include <string.h>

#include "drivers/decode/packet.h"
#include "drivers/decode/protocols.h"

#define MARK 4
#define LOCK 3
#define RELOCK 12
#define HALF 128
#define REPLY_MAX 512
#define CAP (4097 + MARK + REPLY_MAX)

#define MS INT64_C(1000000)
#define ASK_MS 300
#define GIVE_UP_MS 60000

/* What a length means: where cells begin, which half they are (0: all). */
struct kind {
	unsigned length, cells_at, part;
	unsigned family; /* of those that lock together */
};

static const struct kind kinds[] = {
	{4096, 0, 0, 0}, {4097, 1, 0, 1}, {1024, 0, 0, 0}, {1025, 1, 0, 1},
	{130, 2, 1, 2},	 {146, 2, 2, 2},  {170, 2, 2, 2},  {274, 2, 0, 3},
};
#define KINDS (sizeof(kinds) / sizeof(kinds[0]))
static const uint8_t mark[MARK] = {0xAA, 0x55, 0x03, 0x99};

struct jq {
	struct pl_decoder_config config;
	size_t cells, longest;
	uint8_t bytes[CAP];
	size_t n;
	bool placed, seen; /* bytes[0] begins a payload; one was read before */
	bool sure;	   /* ... right here */
	size_t searched;   /* bytes since the last frame that are none */
	int family;	   /* locked, -1: none */
	unsigned candidate, in_a_row;
	bool half;	/* the first half is in halves */
	uint8_t type;	/* what it said it is */
	bool type_told; /* ... and that was said on */
	uint8_t halves[2 * HALF];

	bool identified, asking;
	int64_t ask_ns, began_ns;
	struct pl_lost lost;
	struct pl_banner banner;
	struct pl_text_slot text;
};

static size_t jq_state_size(const struct pl_decoder_config *config)
{
	(void)config;
	return sizeof(struct jq);
}

static size_t kind_cells(const struct kind *k)
{
	if (k->part || k->length == 274)
		return 2 * HALF;
	return k->length - k->cells_at;
}

static int jq_init(void *state, const struct pl_decoder_config *config, struct pl_error *err)
{
	struct jq *j = state;

	j->config = *config;
	j->cells = (size_t)config->rows * config->cols;
	j->longest = 0;
	for (size_t i = 0; i < KINDS; i++)
		if (kind_cells(&kinds[i]) == j->cells && kinds[i].length > j->longest)
			j->longest = kinds[i].length;
	if (!j->longest || config->dtype != PL_U8)
		return pl_error_set(err, PL_ECONFIG, 0,
				    "protocol jq: cell = \"u8\" and 4096, 1024 or 256 cells "
				    "(64 x 64, 32 x 32, 16 x 16)");
	return 0;
}

static void jq_reset(void *state)
{
	struct jq *j = state;

	j->n = j->searched = 0;
	j->placed = true;
	j->seen = j->sure = j->half = j->type_told = j->identified = j->asking = false;
	j->family = -1;
	j->in_a_row = 0;
	j->lost = (struct pl_lost){0};
	j->banner = (struct pl_banner){0};
	j->text.ready = false;
}

static void jq_skip(void *state, uint64_t lost_bytes)
{
	struct jq *j = state;

	j->lost.host_lost += lost_bytes + j->n + (j->half ? HALF : 0);
	j->lost.resync = true;
	j->n = j->searched = 0;
	j->placed = j->sure = j->half = false;
}

static bool at_mark(const uint8_t *p)
{
	return !memcmp(p, mark, MARK);
}

/* The first mark from `from` on; SIZE_MAX: none yet. */
static size_t find_mark(const struct jq *j, size_t from)
{
	const uint8_t *at;

	for (size_t i = from; i + MARK <= j->n; i++) {
		at = memchr(j->bytes + i, mark[0], j->n - i);
		if (!at || (i = (size_t)(at - j->bytes)) + MARK > j->n)
			return SIZE_MAX;
		if (at_mark(at))
			return i;
	}
	return SIZE_MAX;
}

static void drop(struct jq *j, size_t n)
{
	memmove(j->bytes, j->bytes + n, j->n - n);
	j->n -= n;
}

/* A payload of this mat with a mark behind it. NULL: none. */
static const struct kind *kind_here(const struct jq *j)
{
	for (size_t i = 0; i < KINDS; i++) {
		const struct kind *k = &kinds[i];

		if (kind_cells(k) == j->cells && k->length + MARK <= j->n &&
		    at_mark(j->bytes + k->length) && (!k->part || j->bytes[0] == k->part))
			return k;
	}
	return NULL;
}

/* Is this kind of payload to be believed? */
static bool locked(struct jq *j, const struct kind *k)
{
	if ((int)k->family == j->family) {
		j->in_a_row = 0;
		return true;
	}
	j->in_a_row = j->candidate == k->family ? j->in_a_row + 1 : 1;
	j->candidate = k->family;
	if (j->family < 0) {
		if (j->in_a_row >= LOCK)
			j->family = (int)k->family;
		return true;
	}
	if (j->in_a_row < RELOCK)
		return false;
	j->family = (int)k->family;
	return true;
}

static void tell_type(struct jq *j, const struct kind *k)
{
	uint8_t type = j->bytes[k->cells_at - 1];
	char text[32] = "type=0";
	size_t n = 5;

	if (j->type_told && type == j->type)
		return;
	j->type = type;
	j->type_told = true;
	for (unsigned place = 100; place; place /= 10)
		if (type >= place || place == 1)
			text[n++] = (char)('0' + type / place % 10);
	pl_text_set(&j->text, text, n, true);
}

/* Bytes that belong to no frame: how many frames that were is told by the next one. */
static void waste(struct jq *j, size_t n, struct pl_decode_stats *stats)
{
	stats->skipped_bytes += n;
	if (!j->seen)
		return;
	stats->resyncs += !j->lost.trouble;
	j->lost.trouble = j->lost.resync = true;
	j->searched += n;
}

static void finish(struct jq *j, struct pl_raw_frame *frame, struct pl_decode_stats *stats)
{
	size_t wire = j->cells + MARK, lost = (j->searched + wire / 2) / wire;

	if (j->searched && !lost && !j->lost.host_lost)
		lost = 1;
	j->lost.bad += lost;
	stats->bad_length += lost;
	j->searched = 0;
	pl_banner_flush(&j->banner, &j->text);
	pl_lost_tell(&j->lost, wire, frame);
	j->seen = true;
}

/* True: frame is complete. */
static bool take_payload(struct jq *j, const struct kind *k, struct pl_raw_frame *frame,
			 struct pl_decode_stats *stats)
{
	const uint8_t *cells = j->bytes + k->cells_at;

	if (k->cells_at)
		tell_type(j, k);
	if (k->part == 1) {
		if (j->half) /* the other half of that one never came */
			waste(j, HALF + 2 + MARK, stats);
		memcpy(j->halves, cells, HALF);
		j->half = true;
		return false;
	}
	if (k->part == 2 && !j->half) {
		waste(j, k->length + MARK, stats);
		return false;
	}
	memcpy(j->halves + HALF, cells, k->part ? HALF : 0);
	memcpy(frame->cells, k->part ? j->halves : cells, j->cells);
	j->half = false;
	finish(j, frame, stats);
	return true;
}

static bool is_text(const uint8_t *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if ((p[i] < 0x20 || p[i] > 0x7E) && p[i] != '\r' && p[i] != '\n')
			return false;
	return n > 0;
}

/* What stands in front of a payload: the reply of a pad that was asked who it is. */
static size_t reply_length(const struct jq *j, size_t end)
{
	for (size_t i = 0; i < KINDS; i++) {
		size_t length = kinds[i].length;

		if (kind_cells(&kinds[i]) == j->cells && !kinds[i].part && end > length &&
		    is_text(j->bytes, end - length))
			return end - length;
	}
	return 0;
}

static void lose_half(struct jq *j, struct pl_decode_stats *stats)
{
	if (j->half)
		waste(j, HALF + 2 + MARK, stats);
	j->half = j->sure = false;
}

/* Everything up to the first mark is no payload; in front of one there may be a reply. */
static void give_up(struct jq *j, size_t end, struct pl_decode_stats *stats)
{
	size_t text = j->asking ? reply_length(j, end) : 0, n = text ? text : end + MARK;

	if (text) {
		pl_text_set(&j->text, j->bytes, text, true);
		j->identified = true;
		stats->skipped_bytes += text;
	} else {
		if (!j->seen)
			pl_banner_add(&j->banner, j->bytes, n);
		lose_half(j, stats);
		waste(j, n, stats);
	}
	j->placed = true;
	drop(j, n);
}

/* Looks at what is there. True: something was done, look again. */
static bool look(struct jq *j, struct pl_raw_frame *frame, bool *got, struct pl_decode_stats *stats)
{
	const struct kind *k = j->placed ? kind_here(j) : NULL;
	size_t end;

	if (k && !j->sure && find_mark(j, 0) < k->length)
		k = NULL; /* out of place, and a mark inside */
	if (k) {
		j->sure = locked(j, k);
		if (j->sure)
			*got = take_payload(j, k, frame, stats);
		else
			waste(j, k->length + MARK, stats);
		drop(j, k->length + MARK);
		return true;
	}
	if (j->placed && j->n < j->longest + MARK)
		return false;
	end = find_mark(j, 0);
	if (end != SIZE_MAX) {
		give_up(j, end, stats);
		return true;
	}
	if (j->n < CAP)
		return false;
	lose_half(j, stats);
	waste(j, CAP - MARK + 1, stats);
	j->placed = false;
	drop(j, CAP - MARK + 1);
	return false;
}

static size_t jq_feed(void *state, const uint8_t *bytes, size_t n, int64_t t_mono_ns,
		      struct pl_raw_frame *frame, bool *got, struct pl_decode_stats *stats)
{
	struct jq *j = state;
	size_t used = 0, part;

	(void)t_mono_ns;
	for (;;) {
		const uint8_t *next;

		while (!*got && look(j, frame, got, stats))
			;
		if (*got || used == n)
			return used;
		/* only the last byte of a mark decides anything */
		next = memchr(bytes + used, mark[MARK - 1], n - used);
		part = next ? (size_t)(next - bytes) - used + 1 : n - used;
		part = part < CAP - j->n ? part : CAP - j->n;
		if (j->placed && j->n < j->longest + MARK && part > j->longest + MARK - j->n)
			part = j->longest + MARK - j->n;
		memcpy(j->bytes + j->n, bytes + used, part);
		j->n += part;
		used += part;
	}
}

static void jq_tick(void *state, int64_t now_ns, struct pl_tx *tx, int64_t *deadline_ns)
{
	struct jq *j = state;

	if (!j->config.device.identify || j->identified)
		return;
	if (!j->asking)
		j->began_ns = j->ask_ns = now_ns;
	j->asking = true;
	if (now_ns - j->began_ns >= GIVE_UP_MS * MS)
		return;
	if (now_ns >= j->ask_ns) {
		pl_send(tx, "AT\r\n", 4); /* and not NAME=, which might give it one */
		j->ask_ns = now_ns + ASK_MS * MS;
	}
	*deadline_ns = j->ask_ns;
}

static bool jq_text(void *state, struct pl_device_text *text)
{
	return pl_text_take(&((struct jq *)state)->text, text);
}

static size_t jq_need(const void *state)
{
	const struct jq *j = state;
	size_t least = j->cells + MARK;

	return j->cells > 2 * HALF && j->placed && j->n < least ? least - j->n : 1;
}

const struct pl_decoder_ops pl_jq_decoder = {
	.protocol = "jq",
	.state_size = jq_state_size,
	.init = jq_init,
	.reset = jq_reset,
	.skip = jq_skip,
	.feed = jq_feed,
	.tick = jq_tick,
	.text = jq_text,
	.need = jq_need,
};
