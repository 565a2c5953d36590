/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Mats that escape what would look like a mark: SLIP, COBS, or a table of their own. Then a mark
 * is a mark wherever it stands, and the next one is always the right place to go on: no rhythm and
 * no evidence is needed, only the length, the check if there is one, and escapes that exist. What
 * lies between two marks and is no frame is one lost frame, or as many as its length says.
 */
#include <string.h>

#include "drivers/decode/matrix_chunk.h"
#include "drivers/decode/matrix_talk.h"
#include "drivers/decode/protocols.h"

#define SLIP_END 0xC0
#define SLIP_ESC 0xDB

struct packet {
	struct pl_matrix_config c;
	struct pl_matrix_layout l;
	uint8_t end, begin;
	bool has_begin;
	int16_t plain[256]; /* behind the escape: the byte meant, or -1 */
	uint8_t escape;

	uint8_t *buf; /* what has come of a frame, unescaped */
	size_t n;
	uint64_t raw;	/* bytes on the line since the last end */
	bool inside;	/* behind a begin, or an end where there is no begin */
	bool escaping;	/* the byte before was the escape */
	bool wrong;	/* an escape that does not exist */
	uint8_t left;	/* COBS: bytes up to the next zero */
	bool zero_next; /* COBS: a zero is implied there */

	struct pl_picture picture;
	struct pl_counter seq;
	uint64_t seq_missing, junk, host_bytes; /* since the last frame */
	bool spoiled;				/* a frame had begun and was none */
	bool first, host_lost, resync;
	struct pl_banner banner;
	struct pl_text_slot text;
	struct pl_talk talk;
};

/* All kinds of escape are one table, COBS apart. */
static void make_table(struct packet *p)
{
	const struct pl_escape_table slip = {
		.mark = SLIP_ESC, .n = 2, .code = {0xDC, 0xDD}, .byte = {SLIP_END, SLIP_ESC}};
	const struct pl_escape_table *t = p->c.escape == PL_ESCAPE_TABLE ? &p->c.table : &slip;

	for (int i = 0; i < 256; i++)
		p->plain[i] = -1;
	for (unsigned i = 0; i < t->n; i++)
		p->plain[t->code[i]] = t->byte[i];
	p->escape = t->mark;
	p->end = p->c.escape == PL_ESCAPE_SLIP	 ? SLIP_END
		 : p->c.escape == PL_ESCAPE_COBS ? 0
						 : p->c.tail.bytes[0];
	p->has_begin = p->c.head.n;
	p->begin = p->c.head.bytes[0];
}

static size_t packet_state_size(const struct pl_decoder_config *config)
{
	struct pl_matrix_layout l;

	if (pl_matrix_layout(&l, &config->matrix, NULL))
		return sizeof(struct packet); /* init will say why not */
	return sizeof(struct packet) + pl_picture_bytes(&l, &config->matrix) + l.frame_bytes + 1;
}

static int packet_init(void *state, const struct pl_decoder_config *config, struct pl_error *err)
{
	struct packet *p = state;

	p->c = config->matrix;
	if (pl_matrix_layout(&p->l, &p->c, err) || pl_matrix_fits(config, &p->l, err))
		return -1;
	make_table(p);
	pl_picture_init(&p->picture, &p->c, &p->l, p + 1);
	p->buf = (uint8_t *)(p + 1) + pl_picture_bytes(&p->l, &p->c);
	p->seq.bits = p->c.seq_field.offset < 0 ? 0 : 8 * p->c.seq_field.width;
	return 0;
}

static void begin(struct packet *p, bool inside)
{
	p->n = 0;
	p->inside = inside;
	p->escaping = p->wrong = p->zero_next = false;
	p->left = 0;
}

static void packet_reset(void *state)
{
	struct packet *p = state;

	begin(p, !p->has_begin);
	p->raw = 0;
	p->seq.known = false;
	p->seq_missing = p->junk = p->host_bytes = 0;
	p->first = true;
	p->spoiled = p->host_lost = p->resync = false;
	p->banner = (struct pl_banner){0};
	p->text.ready = false;
	pl_assembly_reset(&p->picture.parts);
	pl_talk_reset(&p->talk);
}

static void packet_skip(void *state, uint64_t lost_bytes)
{
	struct packet *p = state;

	p->host_bytes += p->raw + lost_bytes;
	p->raw = 0;
	p->host_lost = p->resync = true;
	begin(p, !p->has_begin);
	p->wrong = true; /* its beginning is missing */
}

static void put(struct packet *p, uint8_t byte)
{
	if (p->n <= p->l.frame_bytes)
		p->buf[p->n] = byte;
	p->n++;
}

static void put_cobs(struct packet *p, uint8_t byte)
{
	if (!p->left) {
		if (p->zero_next)
			put(p, 0);
		p->left = byte - 1;
		p->zero_next = byte != 255;
		return;
	}
	p->left--;
	put(p, byte);
}

/* A frame begins where none is due: what came before it is noise, or has lost its end. */
static void restart(struct packet *p)
{
	if (p->n || p->inside) {
		p->resync = true;
		p->junk += p->n;
		p->spoiled |= p->inside;
	}
	begin(p, true);
}

/* Bytes between the marks, none of them an end. */
static void take(struct packet *p, const uint8_t *bytes, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (p->c.escape == PL_ESCAPE_COBS) {
			put_cobs(p, bytes[i]);
		} else if (p->escaping) {
			p->escaping = false;
			p->wrong |= p->plain[bytes[i]] < 0;
			put(p, (uint8_t)p->plain[bytes[i]]);
		} else if (bytes[i] == p->escape) {
			p->escaping = true;
		} else if (p->has_begin && bytes[i] == p->begin) {
			restart(p);
		} else {
			put(p, bytes[i]);
		}
	}
}

/* Counts a packet that is no frame. */
static void lose(struct packet *p, uint64_t *why, struct pl_decode_stats *stats)
{
	stats->skipped_bytes += p->raw;
	p->resync = true;
	if (p->host_lost && p->wrong) {
		p->host_bytes += p->raw;
		return;
	}
	if (p->first) { /* perhaps the rest of a frame, perhaps a banner */
		pl_banner_add(&p->banner, p->buf,
			      p->n < p->l.frame_bytes ? p->n : p->l.frame_bytes);
		return;
	}
	++*why;
	p->junk += p->raw;
	p->spoiled |= p->inside;
}

/* Frames that bytes were once: as many as they would fill, at least one that had begun. */
static uint64_t spoiled_frames(const struct packet *p)
{
	uint64_t frames = (p->junk + p->l.frame_bytes / 2) / p->l.frame_bytes;

	return p->first ? 0 : frames ? frames : p->spoiled;
}

static bool form_right(struct packet *p, struct pl_decode_stats *stats)
{
	const struct pl_field *f = &p->c.length_field;
	const struct pl_matrix_layout *l = &p->l;
	uint64_t *why = NULL;

	if (p->wrong || p->escaping || (p->c.escape == PL_ESCAPE_COBS && p->left))
		why = &stats->bad_sanity;
	else if (!p->inside || p->n != l->frame_bytes ||
		 (f->offset >= 0 && pl_wire_get(p->buf + f->offset, f->width, f->big_endian) !=
					    p->c.length_expected) ||
		 !pl_matrix_dims_right(&p->c, p->buf))
		why = &stats->bad_length;
	else if (p->c.check &&
		 pl_matrix_checksum(p->c.check, p->buf + l->check_from,
				    l->check_to - l->check_from) !=
			 pl_wire_get(p->buf + l->check_at, l->check_width, p->c.check_big_endian))
		why = &stats->bad_checksum;
	if (why)
		lose(p, why, stats);
	return !why;
}

static void account(struct packet *p, enum pl_step step, uint64_t missing,
		    struct pl_raw_frame *frame)
{
	uint64_t host = (p->host_bytes + p->l.frame_bytes / 2) / p->l.frame_bytes;

	if (p->c.chunks.cells) {
		uint64_t lost = pl_assembly_taken(
			&p->picture.parts, p->seq.bits ? p->seq_missing : spoiled_frames(p) + host);

		*(p->host_lost ? &frame->lost_overrun : &frame->lost_corrupt) = p->first ? 0 : lost;
	} else if (step == PL_STEP_FORWARD && p->seq.bits) {
		pl_share_gap(frame, missing, p->host_lost, spoiled_frames(p));
	} else {
		frame->lost_corrupt = spoiled_frames(p);
		frame->lost_overrun = p->first ? 0 : host;
	}
	frame->resync = p->resync;
	p->junk = p->host_bytes = p->seq_missing = 0;
	p->spoiled = p->host_lost = p->resync = p->first = false;
}

static enum pl_step count(struct packet *p, uint64_t *missing)
{
	const struct pl_field *f = &p->c.seq_field;
	enum pl_step step;

	if (!p->seq.bits)
		return PL_STEP_FIRST;
	step = pl_counter_step_lost(&p->seq,
				    pl_wire_get(p->buf + f->offset, f->width, f->big_endian),
				    spoiled_frames(p), missing);
	p->seq_missing += *missing;
	return step;
}

/* An end has come. True: a frame is complete. */
static bool finish(struct packet *p, struct pl_raw_frame *frame, struct pl_decode_stats *stats)
{
	uint64_t missing = 0;
	enum pl_step step;
	enum pl_part part;

	if (!p->n && !p->wrong && !p->escaping) /* two ends in a row mean nothing */
		return false;
	if (!form_right(p, stats))
		return false;
	part = pl_picture_add(&p->picture, p->buf, frame->cells);
	if (part == PL_PART_WRONG) {
		lose(p, &stats->bad_sanity, stats);
		return false;
	}
	step = count(p, &missing);
	if (step == PL_STEP_SAME)
		stats->duplicates++;
	if (step == PL_STEP_SAME || part == PL_PART_KEPT)
		return false;
	if (p->seq.bits && !p->c.chunks.cells)
		frame->device_seq = p->seq.unwrapped;
	if (p->first)
		pl_banner_flush(&p->banner, &p->text);
	account(p, step, missing, frame);
	return true;
}

static size_t packet_feed(void *state, const uint8_t *bytes, size_t n, int64_t t_mono_ns,
			  struct pl_raw_frame *frame, bool *got, struct pl_decode_stats *stats)
{
	struct packet *p = state;
	size_t used = 0;

	if (n && pl_talk_heard(&p->talk, &p->c, t_mono_ns) && p->n) {
		lose(p, &stats->bad_length, stats); /* an answer that was given up */
		p->raw = 0;
		begin(p, !p->has_begin);
	}
	while (used < n && !*got) {
		const uint8_t *end = memchr(bytes + used, p->end, n - used);
		size_t part = end ? (size_t)(end - bytes) - used : n - used;

		take(p, bytes + used, part);
		p->raw += part;
		used += part;
		if (!end)
			break;
		used++;
		p->raw++;
		*got = finish(p, frame, stats);
		p->raw = 0;
		begin(p, !p->has_begin);
	}
	if (*got)
		pl_talk_answered(&p->talk, &p->c, t_mono_ns);
	return used;
}

static void packet_tick(void *state, int64_t now_ns, struct pl_tx *tx, int64_t *deadline_ns)
{
	struct packet *p = state;

	pl_talk_tick(&p->talk, &p->c, now_ns, tx, deadline_ns);
}

static void packet_stop(void *state, struct pl_tx *tx)
{
	const struct packet *p = state;

	pl_talk_stop(&p->c, tx);
}

static bool packet_text(void *state, struct pl_device_text *text)
{
	struct packet *p = state;

	return pl_text_take(&p->text, text);
}

static size_t packet_need(const void *state)
{
	const struct packet *p = state;

	return p->n < p->l.frame_bytes ? p->l.frame_bytes - p->n : 1;
}

const struct pl_decoder_ops pl_matrix_packet_decoder = {
	.protocol = "matrix",
	.state_size = packet_state_size,
	.init = packet_init,
	.reset = packet_reset,
	.skip = packet_skip,
	.feed = packet_feed,
	.tick = packet_tick,
	.stop = packet_stop,
	.text = packet_text,
	.need = packet_need,
};
