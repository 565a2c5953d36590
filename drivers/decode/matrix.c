/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Most mats just send the matrix: a few bytes that mark a frame, the cells, and often nothing
 * that proves them right. Any mark may also occur among the cells, bytes get lost, and a frame
 * cut at the wrong place looks like a frame. What tells is the rhythm: frames of one length, one
 * after the other.
 *
 * So a frame is believed where one is due: at the start of the stream and right behind the last
 * one. There the mark, the tail, the length and the checksum have to be right and whatever the
 * cells contain is no matter. When that fails the decoder is out of place and looks at every mark
 * from the next byte on (behind a frame with next to no tail or check even from inside that frame,
 * whose bytes are kept for this): such a find must carry 32 bits of evidence, by its own tail and
 * check or by marks that follow at the right distance, and, if it has no check, no second mark
 * inside. The old beat is remembered meanwhile, because the usual fault is one damaged frame among
 * good ones.
 *
 * Here is the place in the stream. Whether bytes are a frame is judged in matrix_form.c, where the
 * old rhythm has one due is kept in matrix_beat.c, what was lost is counted in matrix_loss.c.
 */
#include <string.h>

#include "drivers/decode/matrix_beat.h"
#include "drivers/decode/matrix_chunk.h"
#include "drivers/decode/matrix_form.h"
#include "drivers/decode/matrix_loss.h"
#include "drivers/decode/matrix_talk.h"
#include "drivers/decode/protocols.h"

struct matrix {
	struct pl_matrix_form f;
	struct pl_picture picture;

	/* Bytes under consideration: buf[r, w). A position is counted from the start of the
	 * stream, bytes that the host lost included; buf[0] is at base. */
	uint8_t *buf;
	size_t cap, r, w, target; /* target: how far w must come before it is worth looking */
	int64_t base;
	int64_t accounted; /* bytes before this position are counted */
	bool in_place;	   /* a frame is due at r */
	bool guess;	   /* ... by the beat alone: no mark is there */
	bool fresh;	   /* nothing judged since reset */
	bool has_last;	   /* the frame before r is still in buf */
	bool surplus;	   /* bytes behind an answer were counted */

	struct pl_beat beat;
	struct pl_matrix_loss loss;
	struct pl_banner banner;
	struct pl_text_slot text;
	struct pl_talk talk;
};

static size_t buffer_cap(const struct pl_matrix_form *f)
{
	return 2 * (f->stride + pl_matrix_form_reach(f)) + 64;
}

static size_t matrix_state_size(const struct pl_decoder_config *config)
{
	struct pl_matrix_form f = {0};

	if (pl_matrix_form_init(&f, config, NULL))
		return sizeof(struct matrix); /* init will say why not */
	return sizeof(struct matrix) + pl_picture_bytes(&f.l, &f.c) + buffer_cap(&f);
}

static int matrix_init(void *state, const struct pl_decoder_config *config, struct pl_error *err)
{
	struct matrix *m = state;

	if (pl_matrix_form_init(&m->f, config, err))
		return -1;
	pl_picture_init(&m->picture, &m->f.c, &m->f.l, m + 1);
	m->buf = (uint8_t *)(m + 1) + pl_picture_bytes(&m->f.l, &m->f.c);
	m->cap = buffer_cap(&m->f);
	pl_matrix_loss_init(&m->loss, &m->f.c);
	return 0;
}

static int64_t position(const struct matrix *m, size_t index)
{
	return m->base + (int64_t)index;
}

/* The device has just been asked, or opened: the next byte begins a frame, or the stream was
 * joined in the middle. The mark that would have ended the frame before is put in front. */
static void begin_stream(struct matrix *m, int64_t at)
{
	memcpy(m->buf, m->f.mark->bytes, m->f.lead);
	m->base = at - (int64_t)m->f.lead;
	m->r = 0;
	m->w = m->f.lead;
	m->target = m->f.span;
	m->in_place = m->fresh = true;
	m->guess = m->has_last = false;
	pl_beat_reset(&m->beat);
}

static void matrix_reset(void *state)
{
	struct matrix *m = state;

	begin_stream(m, 0);
	pl_matrix_loss_reset(&m->loss, m->base);
	m->accounted = 0;
	m->surplus = false;
	pl_assembly_reset(&m->picture.parts);
	pl_talk_reset(&m->talk);
	m->banner = (struct pl_banner){0};
	m->text.ready = false;
}

static uint8_t no_mark_byte(const struct pl_sync *mark)
{
	uint8_t byte = 0;

	while (memchr(mark->bytes, byte, mark->n))
		byte++;
	return byte;
}

static void matrix_skip(void *state, uint64_t lost_bytes)
{
	struct matrix *m = state;
	uint64_t most = INT64_MAX / 4; /* positions stay far from overflow */

	pl_matrix_loss_charge(&m->loss, position(m, m->r));
	m->loss.host_lost = m->loss.resync = true;
	if (m->in_place)
		m->beat.due = m->beat.run || !m->f.mark->n ? position(m, m->r) : PL_NOWHERE;
	m->base = position(m, m->w) + (int64_t)(lost_bytes < most ? lost_bytes : most);
	if (m->accounted < m->base)
		m->accounted = m->base;
	/* A frame may be due right here, its shared mark being among what was lost. */
	memset(m->buf, no_mark_byte(m->f.mark), m->f.lead);
	m->base -= (int64_t)m->f.lead;
	m->r = 0;
	m->w = m->f.lead;
	m->target = m->w + 1;
	m->in_place = m->guess = m->has_last = m->fresh = false;
	m->beat.odd_at = PL_NOWHERE;
}

/* Moves r on over bytes that belong to no frame. */
static void discard_to(struct matrix *m, size_t r, struct pl_decode_stats *stats)
{
	int64_t at = position(m, r);

	if (at > m->accounted) {
		size_t from = m->accounted > m->base ? (size_t)(m->accounted - m->base) : 0;

		stats->skipped_bytes += r - from;
		if (m->loss.first)
			pl_banner_add(&m->banner, m->buf + from, r - from);
		m->accounted = at;
	}
	m->r = r;
}

/* Out of place: goes to the next mark, or to the beat. False: none in the buffer. */
static bool find(struct matrix *m, struct pl_decode_stats *stats)
{
	size_t none = SIZE_MAX, at = none, beat = none, n = m->f.mark->n;
	const uint8_t *found;

	pl_beat_advance(&m->beat, &m->f, position(m, m->r));
	if (m->beat.due != PL_NOWHERE && m->beat.due <= position(m, m->w))
		beat = (size_t)(m->beat.due - m->base);
	found = n ? memmem(m->buf + m->r, m->w - m->r, m->f.mark->bytes, n) : NULL;
	if (found)
		at = (size_t)(found - m->buf);
	/* A mark two frames share may be damaged and the frame behind it sound; no mark at all
	 * leaves nothing but the beat. */
	if (beat != none &&
	    (beat == at || !n || (beat < at && m->f.shared && m->beat.run >= m->f.c.lock_frames))) {
		discard_to(m, beat, stats);
		m->in_place = true;
		m->guess = beat != at && n;
		return true;
	}
	if (at != none) {
		discard_to(m, at, stats);
		pl_beat_odd_mark(&m->beat, &m->f, position(m, at), &m->text);
		return true;
	}
	if (m->w - m->r >= n)
		discard_to(m, n ? m->w - (n - 1) : m->w, stats);
	m->target = n				? m->r + m->f.span
		    : m->beat.due != PL_NOWHERE ? (size_t)(m->beat.due - m->base)
						: m->w + 1;
	return false;
}

/* May the bytes from r on be a frame? Sets the target when bytes are lacking. */
static enum pl_verdict judge(struct matrix *m)
{
	bool due = m->in_place && !(m->fresh && m->f.doubtful);
	enum pl_verdict v;
	size_t need;

	v = pl_matrix_form_judge(&m->f, m->buf + m->r, m->w - m->r, due, &need);
	if (v == PL_FORM_LACKING)
		m->target = m->r + need;
	if (v == PL_FORM_BAD_SIZE && due)
		pl_matrix_form_tell_size(&m->f, m->buf + m->r + m->f.lead, &m->text);
	return v;
}

/* No frame at r. Where one was due, that is a frame lost; elsewhere it was a false mark. */
static void fall(struct matrix *m, enum pl_verdict v, struct pl_decode_stats *stats)
{
	bool due = m->in_place && !m->fresh && !m->guess;
	bool misplaced = v == PL_FORM_BAD_PLACE || v == PL_FORM_BAD_LENGTH || v == PL_FORM_BAD_SIZE;

	if (due) {
		stats->bad_length += misplaced;
		stats->bad_checksum += v == PL_FORM_BAD_CHECKSUM;
		stats->bad_sanity += v == PL_FORM_BAD_SANITY;
		stats->resyncs += misplaced;
	}
	m->loss.resync = true;
	if (!m->f.mark->n) { /* nothing to look for: the next frame is due behind this one */
		discard_to(m, m->r + m->f.stride, stats);
		m->target = m->r + m->f.span;
		return;
	}
	if (m->in_place)
		pl_beat_failed(&m->beat, &m->f, position(m, m->r));
	/* bytes may be missing in the frame before */
	if (due && v == PL_FORM_BAD_PLACE && m->has_last)
		m->r -= m->f.stride - 1;
	else
		discard_to(m, m->r + 1, stats);
	m->in_place = m->guess = m->has_last = m->fresh = false;
}

/* r is behind the frame: the next is due here. */
static void step_over(struct matrix *m)
{
	pl_beat_good(&m->beat, &m->f, m->in_place);
	m->r += m->f.stride;
	m->loss.expected = m->accounted = position(m, m->r);
	m->in_place = true;
	m->guess = m->fresh = false;
	m->has_last = !m->f.proven;
	m->target = m->r + (m->f.shared || !m->f.mark->n ? m->f.span : m->f.mark->n);
}

/* The contents of what has the form of a frame are not believed. */
static bool refuse(struct matrix *m, struct pl_decode_stats *stats)
{
	stats->bad_sanity++;
	m->loss.resync = true;
	pl_matrix_loss_charge(&m->loss, position(m, m->r + m->f.stride));
	stats->skipped_bytes += m->f.stride;
	step_over(m);
	return false;
}

/* The bytes at r are a frame in form. False: its contents are not wanted, or it is a part. */
static bool deliver(struct matrix *m, struct pl_raw_frame *frame, struct pl_decode_stats *stats)
{
	const uint8_t *wire = m->buf + m->r + m->f.lead;
	struct pl_matrix_count count;
	enum pl_part part = pl_picture_add(&m->picture, wire, frame->cells);

	if (part == PL_PART_WRONG)
		return refuse(m, stats);
	pl_matrix_loss_charge(&m->loss, position(m, m->r));
	if (!pl_matrix_loss_count(&m->loss, &m->f, wire, &count)) {
		stats->duplicates++;
		step_over(m);
		return false;
	}
	if (part == PL_PART_KEPT) {
		step_over(m);
		return false;
	}
	if (m->loss.seq.bits && !m->f.c.chunks.cells)
		frame->device_seq = m->loss.seq.unwrapped;
	if (m->loss.first)
		pl_banner_flush(&m->banner, &m->text);
	pl_matrix_loss_tell(&m->loss, &m->f, &count, &m->picture.parts, frame);
	step_over(m);
	return true;
}

/* Goes through the buffer until a frame is complete (true) or more bytes are needed. */
static bool look(struct matrix *m, struct pl_raw_frame *frame, struct pl_decode_stats *stats)
{
	for (;;) {
		enum pl_verdict v;

		if (!m->in_place && !find(m, stats))
			return false;
		v = judge(m);
		if (v == PL_FORM_LACKING)
			return false;
		if (v != PL_FORM_GOOD)
			fall(m, v, stats);
		else if (deliver(m, frame, stats))
			return true;
	}
}

/* Makes room up to the target. What lies before r (and the last frame, if kept) may go. */
static void make_room(struct matrix *m)
{
	size_t keep = m->r - (m->has_last ? m->f.stride : 0);

	if (m->target <= m->cap && m->w - keep > PL_SYNC_MAX)
		return;
	memmove(m->buf, m->buf + keep, m->w - keep);
	m->base += (int64_t)keep;
	m->r -= keep;
	m->w -= keep;
	m->target -= keep;
}

/* A poll was not answered in full: what came of the answer is thrown away. */
static void give_up_answer(struct matrix *m, struct pl_decode_stats *stats)
{
	if (m->w == m->r + (m->in_place ? m->f.lead : 0))
		return;
	stats->bad_length++;
	discard_to(m, m->w, stats);
	pl_matrix_loss_charge(&m->loss, position(m, m->w));
	m->loss.resync = true;
	begin_stream(m, position(m, m->w));
}

/* Behind a complete answer and before the next question: bytes too many, somewhere in it. */
static size_t drop_surplus(struct matrix *m, size_t n, struct pl_decode_stats *stats)
{
	if (n && !m->surplus)
		stats->bad_length++;
	m->surplus |= n > 0;
	m->loss.resync |= n > 0;
	stats->skipped_bytes += n;
	m->base += (int64_t)n;
	m->loss.expected += (int64_t)n;
	m->accounted += (int64_t)n;
	return n;
}

static size_t matrix_feed(void *state, const uint8_t *bytes, size_t n, int64_t t_mono_ns,
			  struct pl_raw_frame *frame, bool *got, struct pl_decode_stats *stats)
{
	struct matrix *m = state;
	size_t used = 0, part;

	if (n && pl_talk_heard(&m->talk, &m->f.c, t_mono_ns))
		give_up_answer(m, stats);
	if (!m->f.mark->n && pl_talk_surplus(&m->talk, &m->f.c))
		return drop_surplus(m, n, stats);
	for (;;) {
		if (m->w >= m->target && look(m, frame, stats)) {
			*got = true;
			m->surplus = false;
			pl_talk_answered(&m->talk, &m->f.c, t_mono_ns);
			break;
		}
		if (used == n)
			break;
		make_room(m);
		part = m->target - m->w < n - used ? m->target - m->w : n - used;
		memcpy(m->buf + m->w, bytes + used, part);
		m->w += part;
		used += part;
	}
	return used;
}

static void matrix_tick(void *state, int64_t now_ns, struct pl_tx *tx, int64_t *deadline_ns)
{
	struct matrix *m = state;

	pl_talk_tick(&m->talk, &m->f.c, now_ns, tx, deadline_ns);
}

static void matrix_stop(void *state, struct pl_tx *tx)
{
	const struct matrix *m = state;

	pl_talk_stop(&m->f.c, tx);
}

static bool matrix_text(void *state, struct pl_device_text *text)
{
	struct matrix *m = state;

	return pl_text_take(&m->text, text);
}

static size_t matrix_need(const void *state)
{
	const struct matrix *m = state;
	size_t whole = m->r + m->f.span, until = m->target > whole ? m->target : whole;

	return until > m->w ? until - m->w : 1;
}

static const struct pl_decoder_ops *matrix_pick(const struct pl_decoder_config *config)
{
	if (config->matrix.text.line)
		return &pl_matrix_text_decoder;
	return config->matrix.escape ? &pl_matrix_packet_decoder : &pl_matrix_decoder;
}

const struct pl_decoder_ops pl_matrix_decoder = {
	.protocol = "matrix",
	.pick = matrix_pick,
	.state_size = matrix_state_size,
	.init = matrix_init,
	.reset = matrix_reset,
	.skip = matrix_skip,
	.feed = matrix_feed,
	.tick = matrix_tick,
	.stop = matrix_stop,
	.text = matrix_text,
	.need = matrix_need,
};
