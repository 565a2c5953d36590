/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Between a reader that must not be late and consumers that may be, somebody has to decide what is
 * a frame, what is missing, whether the mat is alive, and which frames are worth handing on. One
 * thread a mat does, alone: it owns the decoder, the metrics and the state, hears of everything
 * else through its ring and its mailbox, and publishes a copy of its numbers under a lock that is
 * held for a copy only.
 */
#include "daemon/engine.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/engine_internal.h"
#include "daemon/text.h"

#define IDLE_NS (500 * PL_MS)
#define FIRST_FRAME_NS (2 * PL_S) /* boards that boot when the port is opened */
#define TEXTS_PER_S 10

struct command {
	enum {
		COMMAND_RECORD,
		COMMAND_MARK,
		COMMAND_NOTE,
		COMMAND_TARE,
		COMMAND_WEIGH,
		COMMAND_CLEAR
	} what;
	uint64_t request;
	bool on;
	double seconds;
	char text[480];
};

const char *pl_mat_state_name(enum pl_mat_state state)
{
	static const char *const names[] = {"opening", "running", "stalled",
					    "gone",    "ended",	  "failed"};

	return names[state];
}

/* ---- what others see ---- */

static void set_state(struct pl_engine *e, enum pl_mat_state state, const char *text)
{
	pthread_mutex_lock(&e->lock);
	e->status.state = state;
	pl_copy(e->status.state_text, sizeof(e->status.state_text), text);
	pthread_mutex_unlock(&e->lock);
}

static void show(struct pl_engine *e)
{
	pthread_mutex_lock(&e->lock);
	e->status.decode = *pl_decoder_stats(e->decoder);
	e->status.pool_available = pl_pool_available(e->pool);
	e->status.recording = e->rec.on;
	pthread_mutex_unlock(&e->lock);
}

void pl_engine_event(struct pl_engine *e, enum pl_level level, const char *kind, const char *fmt,
		     ...)
{
	struct pl_main_item item = {.type = PL_ITEM_EVENT};
	struct pl_event *event = &item.event;
	va_list args;

	event->mat = (int)e->setup.index;
	event->level = level;
	event->t_mono_ns = pl_now_ns();
	event->epoch = e->status.epoch; /* written by this thread only */
	event->seq = e->status.seq;
	memcpy(event->lost, e->status.lost, sizeof(event->lost));
	pl_copy(event->kind, sizeof(event->kind), kind);
	va_start(args, fmt);
	vsnprintf(event->text, sizeof(event->text), fmt, args);
	va_end(args);
	pl_mailbox_post(e->setup.main_box, &item);
	if (e->rec.on)
		pl_lane_event(e->setup.lane, event->t_mono_ns, kind, event->text);
}

void pl_engine_status(struct pl_engine *e, struct pl_engine_status *out)
{
	pthread_mutex_lock(&e->lock);
	*out = e->status;
	pthread_mutex_unlock(&e->lock);
}

int pl_engine_calibration(struct pl_engine *e, struct pl_calibration *out, struct pl_error *err)
{
	int r;

	pthread_mutex_lock(&e->lock);
	r = pl_calibration_copy(out, &e->calibration, err);
	pthread_mutex_unlock(&e->lock);
	return r;
}

void pl_engine_watch(struct pl_engine *e, double contact_n, bool clear_first)
{
	pthread_mutex_lock(&e->lock);
	pl_contact_reset(&e->contact, contact_n, clear_first);
	pthread_mutex_unlock(&e->lock);
	atomic_store(&e->watched, contact_n > 0);
}

void pl_engine_cells(struct pl_engine *e, struct pl_cell_report *out)
{
	pthread_mutex_lock(&e->cells_lock);
	pl_cell_watch_report(e->cells, out);
	pthread_mutex_unlock(&e->cells_lock);
}

void pl_engine_cells_reset(struct pl_engine *e)
{
	pthread_mutex_lock(&e->cells_lock);
	pl_cell_watch_reset(e->cells);
	pthread_mutex_unlock(&e->cells_lock);
}

void pl_engine_contact(struct pl_engine *e, struct pl_contact *out)
{
	pthread_mutex_lock(&e->lock);
	*out = e->contact;
	pthread_mutex_unlock(&e->lock);
}

/* ---- the connection ---- */

static void tick(struct pl_engine *e, int64_t now_ns)
{
	struct pl_tx tx = {0};

	/* A capture answers nobody, and comes at a pace of its own. */
	if (e->mat->decoder.matrix.poll.n && pl_starts(e->setup.entry->source, "replay:")) {
		e->tick_ns = INT64_MAX;
		return;
	}
	pl_decoder_tick(e->decoder, now_ns, &tx, &e->tick_ns);
	if (tx.n > 0)
		pl_source_send(e->source, tx.bytes, tx.n);
}

static void opened(struct pl_engine *e, const struct pl_chunk *chunk)
{
	pl_decoder_reset(e->decoder);
	pl_clockfit_init(&e->fit, e->mat->rate_hz);
	e->live_reset = true;
	e->connected = true;
	e->any_frame = false;
	e->opened_ns = chunk->t_mono_ns;
	e->consumed = e->frame_start = 0;
	e->frame_bytes = 0;
	e->next_seq = 0;
	e->flags |= PL_FLAG_EPOCH;
	memset(e->pending, 0, sizeof(e->pending));
	e->rate_frames = 0;
	pthread_mutex_lock(&e->lock);
	e->status.epoch = chunk->epoch;
	e->status.seq = 0;
	memset(e->status.lost, 0, sizeof(e->status.lost));
	pthread_mutex_unlock(&e->lock);
	set_state(e, PL_STATE_OPENING, "open, waiting for the first frame");
	pl_engine_event(e, PL_INFO, "connected", "reading %s", e->setup.entry->source);
	tick(e, chunk->t_mono_ns);
}

static void no_rate(struct pl_engine *e)
{
	pthread_mutex_lock(&e->lock);
	e->status.rate_measured_hz = 0;
	pthread_mutex_unlock(&e->lock);
}

static void closed(struct pl_engine *e, const struct pl_chunk *chunk)
{
	const char *text = (const char *)chunk->bytes;

	e->connected = false;
	e->tick_ns = INT64_MAX;
	no_rate(e);
	switch (chunk->kind) {
	case PL_CHUNK_ENDED:
		set_state(e, PL_STATE_ENDED, "the source has ended");
		pl_engine_event(e, PL_NOTICE, "ended", "%s has ended", e->setup.entry->source);
		break;
	case PL_CHUNK_FAILED:
		set_state(e, PL_STATE_FAILED, text);
		pl_engine_event(e, PL_ERR, "failed", "%s; trying again every second", text);
		break;
	case PL_CHUNK_REOPENING:
		set_state(e, PL_STATE_OPENING, "opening again, because nothing came");
		break;
	default:
		set_state(e, PL_STATE_GONE, text);
		pl_engine_event(e, PL_WARNING, "gone", "%s; waiting for it to come back", text);
		break;
	}
}

static int64_t stall_limit_ns(const struct pl_engine *e)
{
	int64_t limit = 3 * e->period_ns;

	if (!e->any_frame)
		return limit > FIRST_FRAME_NS ? limit : FIRST_FRAME_NS;
	return limit > 250 * PL_MS ? limit : 250 * PL_MS;
}

/* Boards that reset when opened would never boot if they were opened again too soon, so each
 * opening in vain doubles the patience, up to a minute. */
static int64_t reopen_limit_ns(const struct pl_engine *e)
{
	int64_t limit = 10 * e->period_ns > 2 * PL_S ? 10 * e->period_ns : 2 * PL_S;
	unsigned doublings = e->silent_opens < 5 ? e->silent_opens : 5;

	if (!e->any_frame && limit < FIRST_FRAME_NS + PL_S)
		limit = FIRST_FRAME_NS + PL_S;
	limit <<= doublings;
	return limit < 60 * PL_S ? limit : 60 * PL_S;
}

static void stalled(struct pl_engine *e, int64_t silent_ns)
{
	const struct pl_decode_stats *stats = pl_decoder_stats(e->decoder);
	char text[400];

	if (e->consumed > 0 && !e->any_frame)
		snprintf(text, sizeof(text),
			 "%llu bytes came, but no frame of %s among them (%llu bad checksums, %llu "
			 "bad "
			 "lengths); is it the right mat file and baud rate?",
			 (unsigned long long)e->consumed, e->mat->name,
			 (unsigned long long)stats->bad_checksum,
			 (unsigned long long)stats->bad_length);
	else
		snprintf(text, sizeof(text), "no frame for %.2f s; is the mat switched on?",
			 (double)silent_ns * 1e-9);
	set_state(e, PL_STATE_STALLED, text);
	no_rate(e);
	pl_engine_event(e, PL_WARNING, "stalled", "%s", text);
}

/* Returns when to look again. */
static int64_t watch(struct pl_engine *e, int64_t now_ns)
{
	int64_t since = e->any_frame ? e->last_frame_ns : e->opened_ns;
	int64_t stall = since + stall_limit_ns(e), reopen = since + reopen_limit_ns(e);

	if (!e->connected)
		return INT64_MAX;
	if (now_ns >= stall && e->status.state != PL_STATE_STALLED)
		stalled(e, now_ns - since);
	if (!pl_source_reopens(e->source))
		return now_ns < stall ? stall : INT64_MAX;
	if (now_ns < reopen)
		return now_ns < stall ? stall : reopen;
	if (!e->any_frame)
		e->silent_opens++;
	e->connected = false; /* until the reader says it is open again */
	pl_source_reopen(e->source);
	return INT64_MAX;
}

/* ---- bytes ---- */

static void hear_device(struct pl_engine *e, int64_t now_ns)
{
	struct pl_device_text text;

	while (pl_decoder_text(e->decoder, &text)) {
		if (text.is_info) {
			pthread_mutex_lock(&e->lock);
			pl_copy(e->status.device_text, sizeof(e->status.device_text), text.text);
			pthread_mutex_unlock(&e->lock);
		}
		if (now_ns - e->text_from_ns > PL_S) {
			e->text_from_ns = now_ns;
			e->texts = 0;
		}
		if (e->texts++ < TEXTS_PER_S) /* a babbling device must not drown the rest */
			pl_engine_event(e, PL_INFO, "device", "%.470s", text.text);
	}
}

static void decode(struct pl_engine *e, const struct pl_chunk *chunk)
{
	const uint8_t *bytes = chunk->bytes;
	size_t n = chunk->n;

	if (chunk->missing > 0) {
		pl_decoder_skip(e->decoder, chunk->missing);
		e->consumed += chunk->missing;
	}
	for (;;) {
		struct pl_raw_frame raw = {.device_seq = -1, .t_device_ns = INT64_MIN};
		bool got = false;
		size_t used;

		if (!e->frame)
			e->frame = pl_pool_get(e->pool);
		raw.cells = e->frame ? e->frame->cells : e->scratch;
		used = pl_decoder_feed(e->decoder, bytes, n, chunk->t_mono_ns, &raw, &got);
		bytes += used;
		n -= used;
		e->consumed += used;
		if (got) {
			e->frame_bytes = e->consumed - e->frame_start;
			e->frame_start = e->consumed;
			pl_engine_take_frame(e, &raw, chunk->t_mono_ns);
			if (e->status.state != PL_STATE_RUNNING) {
				bool resumed = e->status.state == PL_STATE_STALLED;

				e->silent_opens = 0;
				set_state(e, PL_STATE_RUNNING, "");
				if (resumed)
					pl_engine_event(e, PL_NOTICE, "resumed",
							"frames come again");
			}
			tick(e, chunk->t_mono_ns);
		}
		if (!got && used == 0)
			break;
	}
	pl_source_expect(e->source, e->consumed, pl_decoder_need(e->decoder), e->frame_bytes);
	hear_device(e, chunk->t_mono_ns);
}

/* ---- commands ---- */

static void record_on(struct pl_engine *e)
{
	if (e->rec.on || e->rec.ending)
		return;
	e->rec = (struct pl_engine_recording){.on = true, .first = true};
	/* What is recorded must follow from what is in the file alone. */
	e->live_reset = true;
}

static void obey(struct pl_engine *e, const struct command *c)
{
	switch (c->what) {
	case COMMAND_RECORD:
		if (c->on)
			record_on(e);
		else if (e->rec.on) {
			e->rec.ending = true;
			pl_copy(e->rec.reason, sizeof(e->rec.reason), c->text);
		}
		break;
	case COMMAND_MARK:
		e->flags |= PL_FLAG_MARK;
		pl_engine_event(e, PL_NOTICE, "mark", "%s", c->text);
		break;
	case COMMAND_NOTE:
		pl_engine_event(e, PL_INFO, "protocol", "%s", c->text);
		break;
	case COMMAND_TARE:
		pl_engine_start_average(e, PL_AVERAGE_TARE, c->request, c->seconds);
		break;
	case COMMAND_WEIGH:
		pl_engine_start_average(e, PL_AVERAGE_WEIGH, c->request, c->seconds);
		break;
	case COMMAND_CLEAR:
		pl_engine_clear_tare(e, c->request);
		break;
	}
}

void pl_engine_record(struct pl_engine *e, bool on, const char *reason)
{
	struct command c = {.what = COMMAND_RECORD, .on = on};

	pl_copy(c.text, sizeof(c.text), reason);
	pl_mailbox_post(e->commands, &c);
}

void pl_engine_mark(struct pl_engine *e, const char *text)
{
	struct command c = {.what = COMMAND_MARK};

	pl_copy(c.text, sizeof(c.text), text);
	pl_mailbox_post(e->commands, &c);
}

void pl_engine_note(struct pl_engine *e, const char *text)
{
	struct command c = {.what = COMMAND_NOTE};

	pl_copy(c.text, sizeof(c.text), text);
	pl_mailbox_post(e->commands, &c);
}

void pl_engine_tare(struct pl_engine *e, uint64_t request, double seconds, bool clear)
{
	struct command c = {.what = clear ? COMMAND_CLEAR : COMMAND_TARE,
			    .request = request,
			    .seconds = seconds};

	pl_mailbox_post(e->commands, &c);
}

void pl_engine_weigh(struct pl_engine *e, uint64_t request, double seconds)
{
	struct command c = {.what = COMMAND_WEIGH, .request = request, .seconds = seconds};

	pl_mailbox_post(e->commands, &c);
}

/* ---- the thread ---- */

static int64_t timers(struct pl_engine *e, int64_t now_ns)
{
	int64_t next = watch(e, now_ns);

	if (e->connected && now_ns >= e->tick_ns)
		tick(e, now_ns);
	if (e->connected && e->tick_ns < next)
		next = e->tick_ns;
	if (e->average.what != PL_AVERAGE_NONE)
		pl_engine_average_timeout(e, now_ns);
	return next;
}

static void *process(void *arg)
{
	struct pl_engine *e = arg;
	struct command command;
	unsigned chunks = 0;

	while (!atomic_load_explicit(&e->stop, memory_order_relaxed)) {
		struct pl_chunk *chunk = pl_source_peek(e->source);
		int64_t now = chunk ? chunk->t_mono_ns : pl_now_ns(), next;

		while (pl_mailbox_take(e->commands, &command))
			obey(e, &command);
		if (chunk) {
			if (chunk->kind == PL_CHUNK_DATA)
				decode(e, chunk);
			else if (chunk->kind == PL_CHUNK_OPENED)
				opened(e, chunk);
			else
				closed(e, chunk);
			pl_source_release(e->source);
		}
		if (e->rec.ending)
			pl_engine_end_recording(e);
		next = timers(e, now);
		if (chunk && ++chunks % 64 != 0 && pl_source_peek(e->source))
			continue;
		atomic_store_explicit(&e->heartbeat_ns, now, memory_order_relaxed);
		show(e);
		if (chunk)
			continue;
		next = next < now + IDLE_NS ? next : now + IDLE_NS;
		pl_wake_wait(&e->wake, next - now);
	}
	return NULL;
}

struct pl_source *pl_engine_source(struct pl_engine *e)
{
	return e->source;
}

int64_t pl_engine_heartbeat(const struct pl_engine *e)
{
	return atomic_load_explicit(&e->heartbeat_ns, memory_order_relaxed);
}

void pl_engine_retry(struct pl_engine *e)
{
	pl_source_retry(e->source);
}

static void init_values(struct pl_engine *e, const struct pl_engine_setup *setup)
{
	e->setup = *setup;
	e->mat = &setup->entry->mat;
	e->period_ns = e->mat->rate_hz > 0 ? (int64_t)(1e9 / e->mat->rate_hz) : 0;
	e->view_period_ns = (int64_t)(1e9 / setup->view_hz);
	e->tick_ns = INT64_MAX;
	e->force_metric = pl_metric_find("force_n");
	e->side_metric[PL_SIDE_UNKNOWN] = pl_metric_find("foot_force_n");
	e->side_metric[PL_SIDE_LEFT] = pl_metric_find("left_force_n");
	e->side_metric[PL_SIDE_RIGHT] = pl_metric_find("right_force_n");
	e->feet_metric = pl_metric_find("feet");
	e->status.state = PL_STATE_OPENING;
	pl_copy(e->status.state_text, sizeof(e->status.state_text), "being opened");
	pl_copy(e->status.calibration, sizeof(e->status.calibration), e->mat->calibration.id);
	e->status.tared = e->mat->calibration.tare != NULL;
	pthread_mutex_init(&e->lock, NULL);
	pthread_mutex_init(&e->cells_lock, NULL);
}

struct pl_engine *pl_engine_new(const struct pl_engine_setup *setup, struct pl_error *err)
{
	const struct pl_mat *mat = &setup->entry->mat;
	size_t cells = pl_geometry_cells(&mat->geometry);
	unsigned frames = pl_lane_depth(mat) + setup->publisher_depth + 64;
	struct pl_engine *e = calloc(1, sizeof(*e));

	if (!e) {
		pl_error_set(err, PL_ENOMEM, errno, "out of memory for mat %s", setup->entry->name);
		return NULL;
	}
	init_values(e, setup);
	e->status.pool_size = frames;
	e->scratch = malloc(cells * pl_dtype_size(mat->dtype));
	e->average.cell_sum = malloc(cells * sizeof(double));
	e->commands = pl_mailbox_new(64, sizeof(struct command), &e->wake, -1, err);
	e->source = pl_source_new(setup->entry, setup->log, &e->wake, err);
	e->decoder = pl_decoder_new(&mat->decoder, err);
	e->pool = pl_pool_new(frames, cells * pl_dtype_size(mat->dtype),
			      (unsigned)pl_metric_count(), err);
	e->live = pl_live_new(&mat->geometry, &mat->calibration, &mat->live, err);
	e->cells = pl_cell_watch_new(&mat->geometry, err);
	if (!e->scratch || !e->average.cell_sum)
		pl_error_set(err, PL_ENOMEM, errno, "out of memory for mat %s", setup->entry->name);
	if (!e->scratch || !e->average.cell_sum || !e->commands || !e->source || !e->decoder ||
	    !e->pool || !e->live || !e->cells ||
	    pl_calibration_copy(&e->calibration, &mat->calibration, err)) {
		pl_engine_stop(e);
		pl_engine_free(e);
		return NULL;
	}
	return e;
}

int pl_engine_start(struct pl_engine *e, struct pl_error *err)
{
	int r;

	atomic_store(&e->heartbeat_ns, pl_now_ns());
	r = pthread_create(&e->thread, NULL, process, e);
	if (r)
		return pl_error_set(err, PL_ENOMEM, r, "cannot start a process thread: %s",
				    strerror(r));
	e->started = true;
	pthread_setname_np(e->thread, "process");
	return pl_source_start(e->source, err);
}

void pl_engine_stop(struct pl_engine *e)
{
	struct pl_tx tx = {0};

	if (e->started) {
		atomic_store(&e->stop, true);
		pl_wake_post(&e->wake);
		pthread_join(e->thread, NULL);
		e->started = false;
		pl_decoder_stop(e->decoder, &tx);
		if (tx.n > 0)
			pl_source_send(e->source, tx.bytes, tx.n);
	}
	pl_source_stop(e->source);
	e->source = NULL;
}

void pl_engine_free(struct pl_engine *e)
{
	if (!e)
		return;
	pl_frame_unref(e->frame);
	pl_pool_free(e->pool);
	pl_decoder_free(e->decoder);
	pl_live_free(e->live);
	pl_calibration_free(&e->calibration);
	pl_mailbox_free(e->commands);
	pthread_mutex_destroy(&e->lock);
	pthread_mutex_destroy(&e->cells_lock);
	pl_cell_watch_free(e->cells);
	free(e->average.cell_sum);
	free(e->scratch);
	free(e);
}
