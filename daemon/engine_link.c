/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One source of a mat, as the process thread sees it: what its connection is like, what its decoder
 * makes of the bytes, what it must be asked, when it has been silent for too long. Most mats have
 * one; the pads of a walkway have one each and differ in where their frames go and in that their
 * state is a part of the mat's.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/engine_internal.h"
#include "daemon/text.h"

#define FIRST_FRAME_NS (2 * PL_S) /* boards that boot when the port is opened */
#define TEXTS_PER_S 10

/* ---- what others see ---- */

void pl_link_event(struct pl_link *l, enum pl_level level, const char *kind, const char *fmt, ...)
{
	char text[480];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	if (l->pad)
		pl_engine_event(l->e, level, kind, "source %s: %s", l->pad->name, text);
	else
		pl_engine_event(l->e, level, kind, "%s", text);
}

void pl_link_state(struct pl_link *l, enum pl_mat_state state, const char *text)
{
	struct pl_engine *e = l->e;

	l->state = state;
	pthread_mutex_lock(&e->lock);
	if (l->pad) {
		l->status.state = state;
		pl_copy(l->status.state_text, sizeof(l->status.state_text), text);
	} else {
		e->status.state = state;
		pl_copy(e->status.state_text, sizeof(e->status.state_text), text);
		if (state != PL_STATE_RUNNING)
			e->status.rate_measured_hz = 0;
	}
	pthread_mutex_unlock(&e->lock);
	e->whole_changed = true;
}

/* Of a pad: does anybody wait for its frames? Of the only source: are there any? */
static void presence(struct pl_link *l, enum pl_presence presence)
{
	if (l->pad)
		pl_join_presence(l->e->join, l->index, presence);
	else
		l->e->connected = presence != PL_PAD_ABSENT;
}

/* ---- the connection ---- */

static void tick(struct pl_link *l, int64_t now_ns)
{
	struct pl_tx tx = {0};

	/* A capture answers nobody, and comes at a pace of its own. */
	if (l->mat->decoder.matrix.poll.n && pl_starts(l->uri, "replay:")) {
		l->tick_ns = INT64_MAX;
		return;
	}
	pl_decoder_tick(l->decoder, now_ns, &tx, &l->tick_ns);
	if (tx.n > 0)
		pl_source_send(l->source, tx.bytes, tx.n);
}

static void opened(struct pl_link *l, const struct pl_chunk *chunk)
{
	pl_decoder_reset(l->decoder);
	l->connected = true;
	l->any_frame = false;
	l->admitted = !l->pad || !*l->pad->device;
	l->opened_ns = chunk->t_mono_ns;
	l->consumed = l->frame_start = 0;
	l->frame_bytes = 0;
	if (l->pad)
		pl_join_opened(l->e->join, l->index);
	else
		pl_engine_new_epoch(l->e, chunk->epoch);
	presence(l, PL_PAD_EXPECTED);
	pl_link_state(l, PL_STATE_OPENING, "open, waiting for the first frame");
	pl_link_event(l, PL_INFO, "connected", "reading %s", l->uri);
	tick(l, chunk->t_mono_ns);
}

static void closed(struct pl_link *l, const struct pl_chunk *chunk)
{
	const char *text = (const char *)chunk->bytes;

	l->connected = false;
	l->tick_ns = INT64_MAX;
	presence(l, PL_PAD_ABSENT);
	switch (chunk->kind) {
	case PL_CHUNK_ENDED:
		pl_link_state(l, PL_STATE_ENDED, "the source has ended");
		pl_link_event(l, PL_NOTICE, "ended", "%s has ended", l->uri);
		break;
	case PL_CHUNK_FAILED:
		pl_link_state(l, PL_STATE_FAILED, text);
		pl_link_event(l, PL_ERR, "failed", "%s; trying again every second", text);
		break;
	case PL_CHUNK_REOPENING:
		pl_link_state(l, PL_STATE_OPENING, "opening again, because nothing came");
		break;
	default:
		pl_link_state(l, PL_STATE_GONE, text);
		pl_link_event(l, PL_WARNING, "gone", "%s; waiting for it to come back", text);
		break;
	}
}

void pl_link_hear(struct pl_link *l, const struct pl_chunk *chunk)
{
	if (chunk->kind == PL_CHUNK_OPENED)
		opened(l, chunk);
	else
		closed(l, chunk);
	pl_source_release(l->source);
}

static int64_t stall_limit_ns(const struct pl_link *l)
{
	int64_t limit = 3 * l->period_ns;

	if (!l->any_frame)
		return limit > FIRST_FRAME_NS ? limit : FIRST_FRAME_NS;
	return limit > PL_STALL_NS ? limit : PL_STALL_NS;
}

/* Boards that reset when opened would never boot if they were opened again too soon, so each
 * opening in vain doubles the patience, up to a minute. */
static int64_t reopen_limit_ns(const struct pl_link *l)
{
	int64_t limit = 10 * l->period_ns > 2 * PL_S ? 10 * l->period_ns : 2 * PL_S;
	unsigned doublings = l->silent_opens < 5 ? l->silent_opens : 5;

	if (!l->any_frame && limit < FIRST_FRAME_NS + PL_S)
		limit = FIRST_FRAME_NS + PL_S;
	limit <<= doublings;
	return limit < 60 * PL_S ? limit : 60 * PL_S;
}

static void stalled(struct pl_link *l, int64_t silent_ns)
{
	const struct pl_decode_stats *stats = pl_decoder_stats(l->decoder);
	char text[400];

	if (l->consumed > 0 && !l->any_frame)
		snprintf(text, sizeof(text),
			 "%llu bytes came, but no frame of %s among them (%llu bad checksums, %llu "
			 "bad "
			 "lengths); is it the right mat file and baud rate?",
			 (unsigned long long)l->consumed, l->mat->name,
			 (unsigned long long)stats->bad_checksum,
			 (unsigned long long)stats->bad_length);
	else
		snprintf(text, sizeof(text), "no frame for %.2f s; is the mat switched on?",
			 (double)silent_ns * 1e-9);
	if (l->pad)
		presence(l, PL_PAD_ABSENT);
	pl_link_state(l, PL_STATE_STALLED, text);
	pl_link_event(l, PL_WARNING, "stalled", "%s", text);
}

/* Returns when to look again. */
static int64_t watch(struct pl_link *l, int64_t now_ns)
{
	int64_t since = l->any_frame ? l->last_frame_ns : l->opened_ns;
	int64_t stall, reopen;

	/* After a pause of the computer one pad's backlog comes before the other's. */
	if (l->pad && since < l->e->thawed_ns)
		since = l->e->thawed_ns;
	stall = since + stall_limit_ns(l);
	reopen = since + reopen_limit_ns(l);
	if (!l->connected)
		return INT64_MAX;
	if (now_ns >= stall && l->state != PL_STATE_STALLED)
		stalled(l, now_ns - since);
	if (!pl_source_reopens(l->source))
		return now_ns < stall ? stall : INT64_MAX;
	if (now_ns < reopen)
		return now_ns < stall ? stall : reopen;
	if (!l->any_frame)
		l->silent_opens++;
	l->connected = false; /* until the reader says it is open again */
	presence(l, PL_PAD_ABSENT);
	pl_source_reopen(l->source);
	return INT64_MAX;
}

int64_t pl_link_timers(struct pl_link *l, int64_t now_ns)
{
	/* What lies there to be decoded is no silence, even if it must wait for another pad. */
	bool waits = l->pad && pl_source_peek(l->source);
	int64_t next = waits ? INT64_MAX : watch(l, now_ns);

	if (l->connected && now_ns >= l->tick_ns)
		tick(l, now_ns);
	return l->connected && l->tick_ns < next ? l->tick_ns : next;
}

/* ---- bytes ---- */

static void show_device(struct pl_link *l, const struct pl_device_text *text)
{
	struct pl_engine *e = l->e;

	pthread_mutex_lock(&e->lock);
	if (l->pad)
		pl_copy(l->status.device_text, sizeof(l->status.device_text), text->text);
	else
		pl_copy(e->status.device_text, sizeof(e->status.device_text), text->text);
	pthread_mutex_unlock(&e->lock);
}

static void hear_device(struct pl_link *l, int64_t now_ns)
{
	struct pl_device_text text;

	while (pl_decoder_text(l->decoder, &text)) {
		if (text.is_info || l->pad)
			show_device(l, &text);
		if (l->pad && *l->pad->device && strstr(text.text, l->pad->device))
			l->admitted = true;
		if (now_ns - l->text_from_ns > PL_S) {
			l->text_from_ns = now_ns;
			l->texts = 0;
		}
		if (l->texts++ < TEXTS_PER_S) /* a babbling device must not drown the rest */
			pl_link_event(l, PL_INFO, "device", "%.440s", text.text);
	}
}

static void runs(struct pl_link *l)
{
	bool resumed = l->state == PL_STATE_STALLED;

	l->silent_opens = 0;
	pl_link_state(l, PL_STATE_RUNNING, "");
	if (resumed)
		pl_link_event(l, PL_NOTICE, "resumed", "frames come again");
}

static void got_frame(struct pl_link *l, const struct pl_raw_frame *raw, int64_t t_mono_ns)
{
	l->frame_bytes = l->consumed - l->frame_start;
	l->frame_start = l->consumed;
	l->any_frame = true;
	l->last_frame_ns = t_mono_ns;
	if (l->pad) {
		pl_engine_join_frame(l, raw, t_mono_ns);
	} else {
		const struct pl_moment moment = {.t_mono_ns = t_mono_ns, .t_est_ns = INT64_MIN};

		pl_engine_take_frame(l->e, raw, &moment);
		if (l->state != PL_STATE_RUNNING)
			runs(l);
	}
	tick(l, t_mono_ns);
}

/* Where the next frame's cells go. */
static void *cells(struct pl_link *l)
{
	struct pl_engine *e = l->e;

	if (l->pad)
		return pl_join_slot(e->join, l->index);
	if (!e->frame)
		e->frame = pl_pool_get(e->pool);
	return e->frame ? e->frame->cells : e->scratch;
}

static void begin_chunk(struct pl_link *l, const struct pl_chunk *chunk)
{
	l->chunk_begun = true;
	if (chunk->missing == 0)
		return;
	pl_decoder_skip(l->decoder, chunk->missing);
	l->consumed += chunk->missing;
}

bool pl_link_feed(struct pl_link *l, const struct pl_chunk *chunk)
{
	struct pl_raw_frame raw = {.device_seq = -1, .t_device_ns = INT64_MIN};
	bool got = false;
	size_t used;

	if (!l->chunk_begun)
		begin_chunk(l, chunk);
	raw.cells = cells(l);
	used = pl_decoder_feed(l->decoder, chunk->bytes + l->chunk_used, chunk->n - l->chunk_used,
			       chunk->t_mono_ns, &raw, &got);
	l->chunk_used += used;
	l->consumed += used;
	if (got)
		got_frame(l, &raw, chunk->t_mono_ns);
	if (got || used > 0)
		return true;
	pl_source_expect(l->source, l->consumed, pl_decoder_need(l->decoder), l->frame_bytes);
	hear_device(l, chunk->t_mono_ns);
	l->chunk_used = 0;
	l->chunk_begun = false;
	pl_source_release(l->source);
	return false;
}

/* ---- life ---- */

int pl_link_make(struct pl_link *l, struct pl_engine *e, unsigned index, struct pl_error *err)
{
	const struct pl_mat_entry *entry = e->setup.entry;

	l->e = e;
	l->index = index;
	l->pad = entry->n_pads ? &entry->pads[index] : NULL;
	l->uri = l->pad ? l->pad->source : entry->source;
	l->mat = l->pad ? &l->pad->mat : &entry->mat;
	l->period_ns = l->mat->rate_hz > 0 ? (int64_t)(1e9 / l->mat->rate_hz) : 0;
	l->tick_ns = INT64_MAX;
	l->state = l->status.state = PL_STATE_OPENING;
	pl_copy(l->status.state_text, sizeof(l->status.state_text), "being opened");
	l->source = pl_source_new(l->uri, l->mat, e->setup.log, &e->wake, err);
	if (l->source)
		l->decoder = pl_decoder_new(&l->mat->decoder, err);
	return l->decoder ? 0 : -1;
}

void pl_link_stop(struct pl_link *l, bool send)
{
	struct pl_tx tx = {0};

	if (send)
		pl_decoder_stop(l->decoder, &tx);
	if (tx.n > 0)
		pl_source_send(l->source, tx.bytes, tx.n);
	pl_source_stop(l->source);
	l->source = NULL;
}

void pl_link_free(struct pl_link *l)
{
	pl_decoder_free(l->decoder);
}
