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
 * A mark that ends frames (tail alone, or a delimiter) begins the next, so it is treated as a head
 * that two frames share; the start of the stream counts as the first of them. Where one byte is
 * all that would speak for it, the start counts for nothing: a cell may show that byte for minutes.
 */
#include <stdio.h>
#include <string.h>

#include "drivers/decode/matrix_chunk.h"
#include "drivers/decode/matrix_talk.h"
#include "drivers/decode/protocols.h"

#define EVIDENCE_BITS 32
#define AHEAD_MAX 8
#define LOCK_FRAMES 3
#define RELOCK_FRAMES 12
#define NOWHERE INT64_MIN

struct matrix {
	struct pl_matrix_config c;
	struct pl_matrix_layout l;
	const struct pl_sync *mark; /* begins a frame: the head, or the mark two frames share */
	bool shared;
	bool proven;	/* a frame's end is sure: by 16 bits of tail and check, or the next head */
	bool two_marks; /* a second mark inside makes a find doubtful */
	bool doubtful;	/* the start of a stream is no evidence: a byte alone would be believed */
	size_t lead;	/* bytes of a shared mark before the frame proper */
	size_t stride;	/* from one frame to the next */
	size_t span;	/* bytes to look at: lead and frame */
	unsigned ahead; /* marks that must follow a find, one stride apart */
	struct pl_picture picture;

	/* Bytes under consideration: buf[r, w). A position is counted from the start of the
	 * stream, bytes that the host lost included; buf[0] is at base. */
	uint8_t *buf;
	size_t cap, r, w, target; /* target: how far w must come before it is worth looking */
	int64_t base;
	bool in_place;	 /* a frame is due at r */
	bool guess;	 /* ... by the beat alone: no mark is there */
	bool has_last;	 /* the frame before r is still in buf */
	int64_t beat;	 /* where a frame is due by the last good rhythm, or NOWHERE */
	unsigned run;	 /* good frames in a row */
	unsigned missed; /* frames due and not found since */

	bool fresh;		  /* nothing judged since reset */
	bool first;		  /* no frame since reset */
	int64_t expected;	  /* end of the last frame, as a position */
	int64_t accounted;	  /* bytes before this position are counted */
	uint64_t junk, host_junk; /* bytes lost since the last frame: corrupt; by the host */
	bool host_lost, resync;
	struct pl_counter seq;
	uint64_t seq_missing; /* parts missing by their counter since the last frame */
	bool surplus;	      /* bytes behind an answer were counted */

	int64_t odd_at; /* the last mark found out of place, to notice a length that fits nothing */
	uint64_t odd_length;
	unsigned odd_n;
	struct pl_banner banner;
	struct pl_text_slot text;
	struct pl_talk talk;
};

enum verdict { GOOD, LACKING, BAD_PLACE, BAD_LENGTH, BAD_CHECKSUM, BAD_SANITY };

static size_t max_size(size_t a, size_t b)
{
	return a > b ? a : b;
}

/* Bytes of a frame that must hold what the description says. */
static unsigned told_bytes(const struct pl_matrix_config *c)
{
	return (c->length_field.offset >= 0 ? c->length_field.width : 0) + 2 * c->dims.width;
}

/* How many further marks make a find out of place believable. */
static unsigned marks_ahead(const struct matrix *m)
{
	unsigned own = m->mark->n + (m->shared ? m->mark->n : m->c.tail.n) + m->l.check_width +
		       told_bytes(&m->c);
	unsigned bits = 8 * own, each = 8 * m->mark->n;

	if (!each || bits >= EVIDENCE_BITS)
		return 0;
	bits = (EVIDENCE_BITS - bits + each - 1) / each;
	return bits < AHEAD_MAX ? bits : AHEAD_MAX;
}

/* Everything that follows from the description; the pointers into the state come later. */
static int derive(struct matrix *m, const struct pl_decoder_config *config, struct pl_error *err)
{
	struct pl_matrix_config *c = &m->c;
	unsigned checks;

	*c = config->matrix;
	if (pl_matrix_layout(&m->l, c, err) || pl_matrix_fits(config, &m->l, err))
		return -1;
	m->shared = !c->head.n && pl_matrix_tail(c)->n;
	m->mark = m->shared ? pl_matrix_tail(c) : &c->head;
	m->lead = m->shared ? m->mark->n : 0;
	m->stride = m->l.frame_bytes;
	m->span = m->lead + m->stride;
	m->ahead = marks_ahead(m);
	m->proven = m->shared || c->confirm || c->tail.n + m->l.check_width >= 2;
	checks = (m->shared ? 0 : c->tail.n) + told_bytes(c);
	m->two_marks = !c->check && checks < 2;
	m->doubtful = !c->poll.n && m->mark->n + checks + m->l.check_width < 2;
	if (!c->lock_frames)
		c->lock_frames = LOCK_FRAMES;
	if (!c->relock_frames)
		c->relock_frames = RELOCK_FRAMES;
	return 0;
}

static size_t look_max(const struct matrix *m)
{
	unsigned ahead = m->ahead > m->c.confirm ? m->ahead : m->c.confirm;

	return max_size(m->span, ahead * m->stride + m->mark->n);
}

static size_t buffer_cap(const struct matrix *m)
{
	return 2 * (m->stride + look_max(m)) + 64;
}

static size_t matrix_state_size(const struct pl_decoder_config *config)
{
	struct matrix m = {0};

	if (derive(&m, config, NULL))
		return sizeof(m); /* init will say why not */
	return sizeof(m) + pl_picture_bytes(&m.l, &m.c) + buffer_cap(&m);
}

static int matrix_init(void *state, const struct pl_decoder_config *config, struct pl_error *err)
{
	struct matrix *m = state;

	if (derive(m, config, err))
		return -1;
	pl_picture_init(&m->picture, &m->c, &m->l, m + 1);
	m->buf = (uint8_t *)(m + 1) + pl_picture_bytes(&m->l, &m->c);
	m->cap = buffer_cap(m);
	m->seq.bits = m->c.seq_field.offset < 0 ? 0 : 8 * m->c.seq_field.width;
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
	memcpy(m->buf, m->mark->bytes, m->lead);
	m->base = at - (int64_t)m->lead;
	m->r = 0;
	m->w = m->lead;
	m->target = m->span;
	m->in_place = m->fresh = true;
	m->guess = m->has_last = false;
	m->beat = NOWHERE;
	m->run = m->missed = 0;
	m->odd_at = NOWHERE;
	m->odd_n = 0;
}

static void matrix_reset(void *state)
{
	struct matrix *m = state;

	begin_stream(m, 0);
	m->expected = m->base;
	m->accounted = 0;
	m->first = true;
	m->junk = m->host_junk = 0;
	m->host_lost = m->resync = false;
	m->seq.known = false;
	m->seq_missing = 0;
	m->surplus = false;
	pl_assembly_reset(&m->picture.parts);
	pl_talk_reset(&m->talk);
	m->banner = (struct pl_banner){0};
	m->text.ready = false;
}

/* Bytes between the last frame and this position belong to no frame: on whose account? */
static void charge(struct matrix *m, int64_t until)
{
	if (until <= m->expected)
		return;
	*(m->host_lost ? &m->host_junk : &m->junk) += (uint64_t)(until - m->expected);
	m->expected = until;
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

	charge(m, position(m, m->r));
	m->host_lost = m->resync = true;
	if (m->in_place)
		m->beat = m->run || !m->mark->n ? position(m, m->r) : NOWHERE;
	m->base = position(m, m->w) + (int64_t)(lost_bytes < most ? lost_bytes : most);
	if (m->accounted < m->base)
		m->accounted = m->base;
	/* A frame may be due right here, its shared mark being among what was lost. */
	memset(m->buf, no_mark_byte(m->mark), m->lead);
	m->base -= (int64_t)m->lead;
	m->r = 0;
	m->w = m->lead;
	m->target = m->w + 1;
	m->in_place = m->guess = m->has_last = m->fresh = false;
	m->odd_at = NOWHERE;
}

/* Moves r on over bytes that belong to no frame. */
static void discard_to(struct matrix *m, size_t r, struct pl_decode_stats *stats)
{
	int64_t at = position(m, r);

	if (at > m->accounted) {
		size_t from = m->accounted > m->base ? (size_t)(m->accounted - m->base) : 0;

		stats->skipped_bytes += r - from;
		if (m->first)
			pl_banner_add(&m->banner, m->buf + from, r - from);
		m->accounted = at;
	}
	m->r = r;
}

/* A device whose frames have another length than its description: say so, it is hard to guess. */
static void note_odd_mark(struct matrix *m, int64_t at)
{
	uint64_t length = m->odd_at == NOWHERE ? 0 : (uint64_t)(at - m->odd_at);
	char hint[160];
	int n;

	m->odd_n = length && length == m->odd_length ? m->odd_n + 1 : 1;
	m->odd_length = length;
	m->odd_at = at;
	if (m->odd_n != m->c.relock_frames || length == m->stride)
		return;
	n = snprintf(hint, sizeof(hint),
		     "frames arrive every %llu bytes, the mat file describes %zu: see rows, cols, "
		     "cell, skip_head, skip_tail",
		     (unsigned long long)length, m->stride);
	pl_text_set(&m->text, hint, (size_t)n, false);
}

/* A frame was due and did not come. After too many, the rhythm is no longer believed. */
static void miss(struct matrix *m)
{
	if (!m->mark->n || ++m->missed <= m->c.relock_frames)
		return;
	m->beat = NOWHERE;
	m->run = 0;
}

/* The next place after a failure where the old rhythm has a frame due; r is at or before it. */
static void advance_beat(struct matrix *m)
{
	int64_t at = position(m, m->r);

	if (m->beat == NOWHERE || m->beat >= at)
		return;
	m->beat +=
		(at - m->beat + (int64_t)m->stride - 1) / (int64_t)m->stride * (int64_t)m->stride;
	miss(m);
}

/* Out of place: goes to the next mark, or to the beat. False: none in the buffer. */
static bool find(struct matrix *m, struct pl_decode_stats *stats)
{
	size_t none = SIZE_MAX, at = none, beat = none, n = m->mark->n;
	const uint8_t *found;

	advance_beat(m);
	if (m->beat != NOWHERE && m->beat <= position(m, m->w))
		beat = (size_t)(m->beat - m->base);
	found = n ? memmem(m->buf + m->r, m->w - m->r, m->mark->bytes, n) : NULL;
	if (found)
		at = (size_t)(found - m->buf);
	/* A mark two frames share may be damaged and the frame behind it sound; no mark at all
	 * leaves nothing but the beat. */
	if (beat != none &&
	    (beat == at || !n || (beat < at && m->shared && m->run >= m->c.lock_frames))) {
		discard_to(m, beat, stats);
		m->in_place = true;
		m->guess = beat != at && n;
		return true;
	}
	if (at != none) {
		discard_to(m, at, stats);
		note_odd_mark(m, position(m, at));
		return true;
	}
	if (m->w - m->r >= n)
		discard_to(m, n ? m->w - (n - 1) : m->w, stats);
	m->target = n			 ? m->r + m->span
		    : m->beat != NOWHERE ? (size_t)(m->beat - m->base)
					 : m->w + 1;
	return false;
}

/* Is every mark there that must follow a find? Sets the target when bytes are lacking. */
static enum verdict marks_follow(struct matrix *m, unsigned ahead)
{
	for (unsigned k = 1; k <= ahead; k++) {
		size_t at = m->r + k * m->stride;

		if (m->w < at + m->mark->n) {
			m->target = at + m->mark->n;
			return LACKING;
		}
		if (memcmp(m->buf + at, m->mark->bytes, m->mark->n))
			return BAD_LENGTH;
	}
	return GOOD;
}

static bool second_mark(const struct matrix *m)
{
	size_t n = m->stride + m->mark->n - 2;

	if (n > m->span - 1)
		n = m->span - 1;
	return memmem(m->buf + m->r + 1, n, m->mark->bytes, m->mark->n);
}

static bool check_right(const struct matrix *m, const uint8_t *frame)
{
	const struct pl_matrix_layout *l = &m->l;

	return pl_matrix_checksum(m->c.check, frame + l->check_from, l->check_to - l->check_from) ==
	       pl_wire_get(frame + l->check_at, l->check_width, m->c.check_big_endian);
}

/* A device that says another size than its description: its owner has to know both. */
static void tell_dims(struct matrix *m, const uint8_t *frame)
{
	const struct pl_field *f = &m->c.dims;
	unsigned rows = pl_wire_get(frame + f->offset, f->width, f->big_endian);
	unsigned cols = pl_wire_get(frame + f->offset + f->width, f->width, f->big_endian);
	char hint[160];
	int n;

	if (!rows || !cols || rows > PL_ROW_MAP_MAX || cols > PL_ROW_MAP_MAX)
		return;
	n = snprintf(hint, sizeof(hint),
		     "the device says it has %u rows and %u cols, the mat file describes %u and %u",
		     rows, cols, m->c.rows, m->c.cols);
	pl_text_set(&m->text, hint, (size_t)n, false);
}

/* May the bytes from r on be a frame? */
static enum verdict judge(struct matrix *m)
{
	const struct pl_matrix_config *c = &m->c;
	const struct pl_sync *tail = pl_matrix_tail(c);
	const uint8_t *frame = m->buf + m->r + m->lead;
	bool due = m->in_place && !(m->fresh && m->doubtful);
	unsigned ahead = due || m->ahead < c->confirm ? c->confirm : m->ahead;
	enum verdict v;

	if (!m->shared && m->mark->n) {
		if (m->w < m->r + m->mark->n) {
			m->target = m->r + m->mark->n;
			return LACKING;
		}
		if (memcmp(frame, m->mark->bytes, m->mark->n))
			return BAD_PLACE;
	}
	if (m->w < m->r + m->span) {
		m->target = m->r + m->span;
		return LACKING;
	}
	if (memcmp(frame + m->l.tail_at, tail->bytes, tail->n))
		return BAD_PLACE;
	if (c->length_field.offset >= 0 &&
	    pl_wire_get(frame + c->length_field.offset, c->length_field.width,
			c->length_field.big_endian) != c->length_expected)
		return BAD_LENGTH;
	if (!pl_matrix_dims_right(c, frame)) {
		if (due)
			tell_dims(m, frame);
		return BAD_LENGTH;
	}
	v = marks_follow(m, ahead);
	if (v != GOOD)
		return v;
	if (!due && m->two_marks && second_mark(m))
		return BAD_SANITY;
	/* A find is as good as its checks: those of the frames up to the last mark count, too. */
	for (unsigned k = 0; c->check && k < (due || !ahead ? 1 : ahead); k++)
		if (!check_right(m, frame + k * m->stride))
			return BAD_CHECKSUM;
	return GOOD;
}

/* No frame at r. Where one was due, that is a frame lost; elsewhere it was a false mark. */
static void fall(struct matrix *m, enum verdict v, struct pl_decode_stats *stats)
{
	bool due = m->in_place && !m->fresh && !m->guess;

	if (due) {
		stats->bad_length += v == BAD_PLACE || v == BAD_LENGTH;
		stats->bad_checksum += v == BAD_CHECKSUM;
		stats->bad_sanity += v == BAD_SANITY;
		stats->resyncs += v == BAD_PLACE || v == BAD_LENGTH;
	}
	m->resync = true;
	if (!m->mark->n) { /* nothing to look for: the next frame is due behind this one */
		discard_to(m, m->r + m->stride, stats);
		m->target = m->r + m->span;
		return;
	}
	if (m->in_place && m->run) {
		m->beat = position(m, m->r) + (int64_t)m->stride;
		miss(m);
	}
	if (due && v == BAD_PLACE && m->has_last) /* bytes may be missing in the frame before */
		m->r -= m->stride - 1;
	else
		discard_to(m, m->r + 1, stats);
	m->in_place = m->guess = m->has_last = m->fresh = false;
}

static uint64_t in_frames(uint64_t bytes, const struct matrix *m)
{
	/* What came before the first frame of a connection may be the rest of one. */
	return (bytes + (m->first ? 0 : m->stride / 2)) / m->stride;
}

/* Frames in parts: the parts that came and those known missing say how many frames passed. */
static void account_parts(struct matrix *m, struct pl_raw_frame *frame)
{
	uint64_t bytes = in_frames(m->junk, m) + in_frames(m->host_junk, m);
	uint64_t lost = pl_assembly_taken(&m->picture.parts, m->seq.bits ? m->seq_missing : bytes);

	if (m->first)
		lost = 0;
	if (m->host_lost)
		frame->lost_overrun = lost;
	else if (m->resync)
		frame->lost_corrupt = lost;
	else
		frame->lost_device = lost;
	m->seq_missing = 0;
}

static void account(struct matrix *m, enum pl_step step, uint64_t missing,
		    struct pl_raw_frame *frame)
{
	uint64_t corrupt = in_frames(m->junk, m);

	if (m->c.chunks.cells) {
		account_parts(m, frame);
	} else if (step == PL_STEP_FORWARD && m->seq.bits) {
		pl_share_gap(frame, missing, m->host_lost, corrupt);
	} else {
		frame->lost_corrupt = corrupt;
		frame->lost_overrun = in_frames(m->host_junk, m);
	}
	frame->resync = m->resync;
	m->junk = m->host_junk = 0;
	m->host_lost = m->resync = m->first = false;
}

/* r is behind the frame: the next is due here. */
static void step_over(struct matrix *m)
{
	m->run = m->in_place ? m->run + (m->run < m->c.lock_frames) : 1;
	m->missed = 0;
	m->r += m->stride;
	m->expected = m->accounted = position(m, m->r);
	m->beat = NOWHERE;
	m->in_place = true;
	m->guess = m->fresh = false;
	m->has_last = !m->proven;
	m->odd_at = NOWHERE;
	m->odd_n = 0;
	m->target = m->r + (m->shared || !m->mark->n ? m->span : m->mark->n);
}

/* The contents of what has the form of a frame are not believed. */
static bool refuse(struct matrix *m, struct pl_decode_stats *stats)
{
	stats->bad_sanity++;
	m->resync = true;
	charge(m, position(m, m->r + m->stride));
	stats->skipped_bytes += m->stride;
	step_over(m);
	return false;
}

/* What the device's counter says of this frame, or part. False: it came twice. */
static bool count(struct matrix *m, const uint8_t *wire, enum pl_step *step, uint64_t *missing)
{
	const struct pl_field *f = &m->c.seq_field;

	if (!m->seq.bits)
		return true;
	*step = pl_counter_step_lost(&m->seq,
				     pl_wire_get(wire + f->offset, f->width, f->big_endian),
				     in_frames(m->junk, m) + in_frames(m->host_junk, m), missing);
	m->seq_missing += *missing;
	return *step != PL_STEP_SAME;
}

/* The bytes at r are a frame in form. False: its contents are not wanted, or it is a part. */
static bool deliver(struct matrix *m, struct pl_raw_frame *frame, struct pl_decode_stats *stats)
{
	const uint8_t *wire = m->buf + m->r + m->lead;
	enum pl_step step = PL_STEP_FIRST;
	uint64_t missing = 0;
	enum pl_part part = pl_picture_add(&m->picture, wire, frame->cells);

	if (part == PL_PART_WRONG)
		return refuse(m, stats);
	charge(m, position(m, m->r));
	if (!count(m, wire, &step, &missing)) {
		stats->duplicates++;
		step_over(m);
		return false;
	}
	if (part == PL_PART_KEPT) {
		step_over(m);
		return false;
	}
	if (m->seq.bits && !m->c.chunks.cells)
		frame->device_seq = m->seq.unwrapped;
	if (m->first)
		pl_banner_flush(&m->banner, &m->text);
	account(m, step, missing, frame);
	step_over(m);
	return true;
}

/* Goes through the buffer until a frame is complete (true) or more bytes are needed. */
static bool look(struct matrix *m, struct pl_raw_frame *frame, struct pl_decode_stats *stats)
{
	for (;;) {
		enum verdict v;

		if (!m->in_place && !find(m, stats))
			return false;
		v = judge(m);
		if (v == LACKING)
			return false;
		if (v != GOOD)
			fall(m, v, stats);
		else if (deliver(m, frame, stats))
			return true;
	}
}

/* Makes room up to the target. What lies before r (and the last frame, if kept) may go. */
static void make_room(struct matrix *m)
{
	size_t keep = m->r - (m->has_last ? m->stride : 0);

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
	if (m->w == m->r + (m->in_place ? m->lead : 0))
		return;
	stats->bad_length++;
	discard_to(m, m->w, stats);
	charge(m, position(m, m->w));
	m->resync = true;
	begin_stream(m, position(m, m->w));
}

/* Behind a complete answer and before the next question: bytes too many, somewhere in it. */
static size_t drop_surplus(struct matrix *m, size_t n, struct pl_decode_stats *stats)
{
	if (n && !m->surplus)
		stats->bad_length++;
	m->surplus |= n > 0;
	m->resync |= n > 0;
	stats->skipped_bytes += n;
	m->base += (int64_t)n;
	m->expected += (int64_t)n;
	m->accounted += (int64_t)n;
	return n;
}

static size_t matrix_feed(void *state, const uint8_t *bytes, size_t n, int64_t t_mono_ns,
			  struct pl_raw_frame *frame, bool *got, struct pl_decode_stats *stats)
{
	struct matrix *m = state;
	size_t used = 0, part;

	if (n && pl_talk_heard(&m->talk, &m->c, t_mono_ns))
		give_up_answer(m, stats);
	if (!m->mark->n && pl_talk_surplus(&m->talk, &m->c))
		return drop_surplus(m, n, stats);
	for (;;) {
		if (m->w >= m->target && look(m, frame, stats)) {
			*got = true;
			m->surplus = false;
			pl_talk_answered(&m->talk, &m->c, t_mono_ns);
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

	pl_talk_tick(&m->talk, &m->c, now_ns, tx, deadline_ns);
}

static void matrix_stop(void *state, struct pl_tx *tx)
{
	const struct matrix *m = state;

	pl_talk_stop(&m->c, tx);
}

static bool matrix_text(void *state, struct pl_device_text *text)
{
	struct matrix *m = state;

	return pl_text_take(&m->text, text);
}

static size_t matrix_need(const void *state)
{
	const struct matrix *m = state;
	size_t until = max_size(m->target, m->r + m->span);

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
