/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Mats that print numbers. What is a frame is told by lines around it, by an empty line, by each
 * line being one, by an index in each line, by a poll, or by nothing but silence. There is never a
 * check: a digit that got lost makes another number, and only its size can betray it. So a line
 * must hold exactly as many numbers as it should, and nothing else; and the first line after
 * opening, which may have been joined in its middle, is believed only if something says that it is
 * whole (a prefix, a begin, a poll, or a silence before it).
 *
 * A line that is wrong spoils its frame, but it still counts as the lines it must have been, so
 * that rows without a mark stay in their place.
 */
#include <string.h>

#include "drivers/decode/matrix_line.h"
#include "drivers/decode/matrix_talk.h"
#include "drivers/decode/protocols.h"

#define MS INT64_C(1000000)

struct text {
	struct pl_matrix_config c;
	struct pl_matrix_layout l;
	size_t total, per_line; /* numbers of a frame, of a line */
	bool marked;		/* lines say where a frame ends */
	bool line_is_frame;
	uint8_t *cells; /* of the frame under way */
	struct pl_text_line line;
	bool joined; /* the line's beginning may be missing */

	/* the frame under way */
	bool open; /* it is known where it began */
	bool spoiled;
	size_t at; /* cells it should have by now */

	uint64_t bytes; /* since the last frame, what the host lost included */
	uint64_t line_bytes, frame_bytes, unclaimed; /* unclaimed: came since the last frame */
	uint64_t typical;			     /* a frame's */
	uint64_t lost;				     /* frames spoiled since the last good one */
	bool first, host_lost, resync, waited;
	bool quiet; /* a silence was found since opening */
	int64_t heard_ns;
	struct pl_text_slot text;
	struct pl_talk talk;
};

static size_t order_bytes(const struct pl_matrix_layout *l)
{
	return l->permuted ? sizeof(uint32_t) * l->rows * l->cols : 0;
}

static size_t text_state_size(const struct pl_decoder_config *config)
{
	struct pl_matrix_layout l;

	if (pl_matrix_layout(&l, &config->matrix, NULL))
		return sizeof(struct text); /* init will say why not */
	return sizeof(struct text) + 2 * order_bytes(&l) +
	       (size_t)l.rows * l.cols * pl_dtype_size(l.dtype);
}

static int text_init(void *state, const struct pl_decoder_config *config, struct pl_error *err)
{
	struct text *t = state;
	uint32_t *to = NULL, *from;

	t->c = config->matrix;
	if (pl_matrix_layout(&t->l, &t->c, err) || pl_matrix_fits(config, &t->l, err))
		return -1;
	t->total = (size_t)t->c.rows * t->c.cols;
	t->per_line = t->c.text.line == PL_LINE_ROW	? t->c.cols
		      : t->c.text.line == PL_LINE_FRAME ? t->total
		      : t->c.text.line == PL_LINE_INDEX ? 2
							: 1;
	t->marked = t->c.text.blank || t->c.text.end[0];
	t->line_is_frame = t->c.text.line == PL_LINE_FRAME && !t->marked && !t->c.text.begin[0];
	t->cells = (uint8_t *)(t + 1) + 2 * order_bytes(&t->l);
	if (t->l.permuted) {
		to = (uint32_t *)(void *)(t + 1);
		from = to + t->total;
		pl_matrix_order(&t->c, from);
		for (uint32_t i = 0; i < t->total; i++)
			to[from[i]] = i;
	}
	pl_text_line_init(&t->line, &t->c, t->l.dtype, to, t->cells);
	return 0;
}

static void begin_line(struct text *t)
{
	pl_text_line_begin(&t->line);
	t->joined = false;
	t->line_bytes = 0;
}

static void begin_frame(struct text *t, bool open)
{
	t->open = open;
	t->spoiled = false;
	t->at = 0;
	t->frame_bytes = 0;
	if (t->first)
		t->bytes = 0;
}

/* What was under way is of no use; what comes next may be the middle of anything. */
static void lose_place(struct text *t)
{
	begin_line(t);
	t->joined = !t->c.poll.n;
	begin_frame(t, t->line_is_frame || t->c.poll.n);
}

static void text_reset(void *state)
{
	struct text *t = state;

	lose_place(t);
	t->bytes = t->typical = t->lost = t->unclaimed = 0;
	t->first = true;
	t->host_lost = t->resync = t->waited = t->quiet = false;
	t->heard_ns = INT64_MIN;
	t->text.ready = false;
	pl_talk_reset(&t->talk);
}

static void text_skip(void *state, uint64_t lost_bytes)
{
	struct text *t = state;

	lose_place(t);
	t->joined = true;
	t->bytes += lost_bytes;
	t->lost = 0; /* all of this gap is the host's */
	t->host_lost = t->resync = true;
}

/* The frame under way is given up; it may have been several, when what parts them was lost. */
static void give_up(struct text *t, uint64_t *why, size_t cells)
{
	uint64_t frames = (cells + t->total / 2) / t->total;

	t->resync = true;
	if (t->first)
		return;
	++*why;
	t->lost += frames ? frames : 1;
}

/* A line that is no cells: the boot banner, a log, or a line that was hit. */
static void other_line(struct text *t)
{
	bool readable = t->line.other_n >= 4;

	for (size_t i = 0; i < t->line.other_n && readable; i++)
		readable = t->line.other[i] == '\t' ||
			   (t->line.other[i] >= 0x20 && t->line.other[i] < 0x7F);
	if (readable && !t->line.numbers && (t->first || t->c.text.skip_other))
		pl_text_set(&t->text, t->line.other, t->line.other_n, false);
}

/* A frame ends here, if one was under way. True: it is whole. */
static bool end_frame(struct text *t, struct pl_decode_stats *stats)
{
	size_t at = t->at;
	bool whole = t->open && !t->spoiled && at == t->total;

	if (!whole && t->open && (at || t->spoiled))
		give_up(t, t->spoiled ? &stats->bad_sanity : &stats->bad_length, at);
	begin_frame(t, !t->c.text.begin[0]);
	return whole;
}

/* A word that begins a frame; one that never ended is lost. */
static void begin_word(struct text *t, struct pl_decode_stats *stats)
{
	if (t->open && (t->at || t->spoiled))
		give_up(t, &stats->bad_length, t->at);
	begin_frame(t, true);
	t->frame_bytes = t->line_bytes;
}

static void place_index(struct text *t, struct pl_decode_stats *stats)
{
	if (t->line.index == 0)
		begin_word(t, stats);
	else if (t->line.index != t->at)
		t->spoiled = true;
}

/* Frames that end when they are full: true when this line filled one. */
static bool full(struct text *t, struct pl_decode_stats *stats)
{
	bool whole = !t->spoiled && t->at == t->total;

	if (t->marked || !t->open || t->at < t->total)
		return false;
	if (!whole && t->c.text.line == PL_LINE_INDEX)
		return false; /* the next index 0 ends it */
	if (!whole)
		give_up(t, &stats->bad_sanity, t->at);
	begin_frame(t, !t->c.text.begin[0]);
	return whole;
}

/* Rows that nothing marks: after one that is wrong nobody knows which one comes next. */
static void lose_rows(struct text *t, struct pl_decode_stats *stats)
{
	static const char hint[] = "lost its place among rows that nothing marks; it is found "
				   "again when the port is opened again";

	if (!t->open)
		return;
	give_up(t, &stats->bad_sanity, t->at);
	begin_frame(t, false);
	if (t->c.text.runs_on)
		pl_text_set(&t->text, hint, sizeof(hint) - 1, false);
}

/* A line that should be cells. True: a frame is complete. */
static bool cells_line(struct text *t, struct pl_decode_stats *stats)
{
	const struct pl_text_lines *c = &t->c.text;
	bool index = c->line == PL_LINE_INDEX;
	size_t per_line = index ? 1 : t->per_line, lines = 1;
	bool right = !t->line.bad && !t->line.other_n && t->line.numbers == t->per_line &&
		     t->line.prefixed == (c->prefix[0] != 0) && !(t->joined && !t->line.prefixed) &&
		     !(index && t->line.index >= t->total);

	if (!right) {
		lines = index ? 1 : (t->line.numbers + per_line / 2) / per_line;
		if (t->line_is_frame && t->line.numbers && !lines)
			lines = 1;
		t->spoiled = !t->line_is_frame || lines;
		t->resync = true;
		if (c->idle_ms)
			lose_rows(t, stats);
	} else if (index) {
		place_index(t, stats);
	}
	t->waited |= !t->open;
	t->at += t->open ? lines * per_line : 0;
	return full(t, stats);
}

/* True: a frame is complete. */
static bool end_line(struct text *t, struct pl_decode_stats *stats)
{
	const struct pl_text_lines *c = &t->c.text;
	bool complete = false;

	if (pl_text_line_empty(&t->line))
		complete = c->blank && !t->joined && end_frame(t, stats);
	else if (pl_text_line_is(&t->line, c->begin))
		begin_word(t, stats);
	else if (pl_text_line_is(&t->line, c->end))
		complete = end_frame(t, stats);
	else if (c->skip_other && !t->line.numbers && !t->line.prefixed)
		other_line(t);
	else {
		other_line(t);
		complete = cells_line(t, stats);
	}
	begin_line(t);
	return complete;
}

/* Silence, where it says something: a frame begins behind it, or bytes are missing. */
static void hear(struct text *t, int64_t now_ns, struct pl_decode_stats *stats)
{
	int64_t since = t->heard_ns == INT64_MIN ? INT64_MAX : now_ns - t->heard_ns;
	bool first = t->heard_ns == INT64_MIN && !t->talk.started;

	t->heard_ns = now_ns;
	if (!t->c.text.idle_ms || first || since < t->c.text.idle_ms * MS)
		return;
	if (t->open && t->at && t->c.text.runs_on) {
		lose_rows(t, stats);
		return;
	}
	if (t->open && t->at)
		give_up(t, &stats->bad_length, t->at);
	if (t->c.text.runs_on && t->quiet && !t->open)
		return;
	begin_line(t);
	begin_frame(t, true);
	t->quiet = true;
}

static void deliver(struct text *t, uint64_t bytes, struct pl_raw_frame *frame,
		    struct pl_decode_stats *stats)
{
	uint64_t passed = t->typical ? (t->bytes + t->typical / 2) / t->typical : 0;
	uint64_t by_bytes = passed > 1 ? passed - 1 : 0;

	memcpy(frame->cells, t->cells, t->total * pl_dtype_size(t->l.dtype));
	if (t->host_lost)
		frame->lost_overrun = t->first ? 0 : by_bytes;
	else
		frame->lost_corrupt = t->waited && by_bytes > t->lost ? by_bytes : t->lost;
	if (!t->lost && !t->host_lost && !t->resync)
		t->typical = t->bytes;
	frame->resync = t->resync;
	stats->skipped_bytes += t->unclaimed - bytes;
	t->bytes = t->lost = t->unclaimed = 0;
	t->first = t->host_lost = t->resync = t->waited = false;
}

static size_t text_feed(void *state, const uint8_t *bytes, size_t n, int64_t t_mono_ns,
			struct pl_raw_frame *frame, bool *got, struct pl_decode_stats *stats)
{
	struct text *t = state;
	uint64_t frame_bytes = 0;
	size_t used = 0, part;

	if (!n)
		return 0;
	hear(t, t_mono_ns, stats);
	if (pl_talk_heard(&t->talk, &t->c, t_mono_ns)) {
		if (t->at || t->spoiled || t->line.numbers || t->line.other_n)
			give_up(t, &stats->bad_length, t->at);
		lose_place(t);
	}
	while (used < n && !*got) {
		bool whole = pl_text_line_feed(&t->line, bytes + used, n - used, t->at, &part);

		used += part;
		t->bytes += part;
		t->unclaimed += part;
		t->line_bytes += part;
		t->frame_bytes += part;
		frame_bytes = t->frame_bytes;
		*got = whole && end_line(t, stats);
	}
	if (*got) {
		deliver(t, frame_bytes, frame, stats);
		pl_talk_answered(&t->talk, &t->c, t_mono_ns);
	}
	return used;
}

static void text_tick(void *state, int64_t now_ns, struct pl_tx *tx, int64_t *deadline_ns)
{
	struct text *t = state;

	if (!t->talk.started)
		t->heard_ns = now_ns; /* opened: silence counts from here */
	pl_talk_tick(&t->talk, &t->c, now_ns, tx, deadline_ns);
}

static void text_stop(void *state, struct pl_tx *tx)
{
	const struct text *t = state;

	pl_talk_stop(&t->c, tx);
}

static bool text_said(void *state, struct pl_device_text *text)
{
	struct text *t = state;

	return pl_text_take(&t->text, text);
}

/* Two bytes a number at least, of the last perhaps one: short of that no frame is complete. */
static size_t text_need(const void *state)
{
	const struct text *t = state;
	size_t have = t->at + t->line.numbers;

	return have < t->total ? 2 * (t->total - have) - 1 : 1;
}

const struct pl_decoder_ops pl_matrix_text_decoder = {
	.protocol = "matrix",
	.state_size = text_state_size,
	.init = text_init,
	.reset = text_reset,
	.skip = text_skip,
	.feed = text_feed,
	.tick = text_tick,
	.stop = text_stop,
	.text = text_said,
	.need = text_need,
};
