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
	static const char *const names[] = {"opening", "running", "stalled", "gone",
					    "ended",   "failed",  "partial", "refused"};

	return names[state];
}

/* ---- what others see ---- */

static void add_stats(struct pl_decode_stats *sum, const struct pl_decode_stats *s)
{
	sum->bytes += s->bytes;
	sum->frames += s->frames;
	sum->lost_device += s->lost_device;
	sum->lost_corrupt += s->lost_corrupt;
	sum->lost_overrun += s->lost_overrun;
	sum->bad_length += s->bad_length;
	sum->bad_checksum += s->bad_checksum;
	sum->bad_sanity += s->bad_sanity;
	sum->skipped_bytes += s->skipped_bytes;
	sum->resyncs += s->resyncs;
	sum->duplicates += s->duplicates;
	sum->info_packets += s->info_packets;
	sum->log_packets += s->log_packets;
}

static void show(struct pl_engine *e)
{
	pthread_mutex_lock(&e->lock);
	e->status.decode = (struct pl_decode_stats){0};
	for (unsigned i = 0; i < e->n_links; i++)
		add_stats(&e->status.decode, pl_decoder_stats(e->links[i].decoder));
	if (e->join)
		pl_engine_join_show(e);
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

void pl_engine_link_status(struct pl_engine *e, unsigned i, struct pl_link_status *out)
{
	pthread_mutex_lock(&e->lock);
	*out = e->links[i].status;
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
	e->contact.counts = !pl_calibrated(&e->calibration);
	pthread_mutex_unlock(&e->lock);
	pthread_mutex_lock(&e->cells_lock);
	pl_cell_watch_break(e->cells); /* nobody looked since the last trial */
	pthread_mutex_unlock(&e->cells_lock);
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
	int64_t next = INT64_MAX;

	for (unsigned i = 0; i < e->n_links; i++) {
		int64_t due = pl_link_timers(&e->links[i], now_ns);

		next = due < next ? due : next;
	}
	if (e->average.what != PL_AVERAGE_NONE)
		pl_engine_average_timeout(e, now_ns);
	return next;
}

static bool single_turn(struct pl_link *l, const struct pl_chunk *chunk)
{
	if (!chunk)
		return false;
	if (chunk->kind != PL_CHUNK_DATA)
		pl_link_hear(l, chunk);
	else
		while (pl_link_feed(l, chunk))
			;
	return true;
}

static void *process(void *arg)
{
	struct pl_engine *e = arg;
	struct pl_link *first = &e->links[0];
	struct command command;
	unsigned turns = 0;

	while (!atomic_load_explicit(&e->stop, memory_order_relaxed)) {
		struct pl_chunk *chunk = e->join ? NULL : pl_source_peek(first->source);
		int64_t now = chunk ? chunk->t_mono_ns : pl_now_ns(), next;
		bool any;

		while (pl_mailbox_take(e->commands, &command))
			obey(e, &command);
		any = e->join ? pl_engine_join_turn(e) : single_turn(first, chunk);
		if (e->rec.ending)
			pl_engine_end_recording(e);
		next = timers(e, now);
		e->turn_due_ns = now;
		if (any && ++turns % 64 != 0 && (e->join || pl_source_peek(first->source)))
			continue;
		atomic_store_explicit(&e->heartbeat_ns, now, memory_order_relaxed);
		show(e);
		if (any)
			continue;
		next = next < now + IDLE_NS ? next : now + IDLE_NS;
		e->turn_due_ns = next;
		pl_wake_wait(&e->wake, next - now);
	}
	return NULL;
}

void pl_engine_reader_counters(const struct pl_engine *e, struct pl_source_counters *out)
{
	*out = (struct pl_source_counters){0};
	for (unsigned i = 0; i < e->n_links; i++) {
		struct pl_source_counters c;

		pl_source_counters(e->links[i].source, &c);
		out->chunks += c.chunks;
		out->bytes += c.bytes;
		out->dropped_chunks += c.dropped_chunks;
		out->dropped_bytes += c.dropped_bytes;
	}
}

int64_t pl_engine_reader_heartbeat(const struct pl_engine *e)
{
	int64_t oldest = INT64_MAX;

	for (unsigned i = 0; i < e->n_links; i++) {
		int64_t beat = pl_source_heartbeat(e->links[i].source);

		oldest = beat < oldest ? beat : oldest;
	}
	return oldest;
}

int64_t pl_engine_heartbeat(const struct pl_engine *e)
{
	return atomic_load_explicit(&e->heartbeat_ns, memory_order_relaxed);
}

void pl_engine_retry(struct pl_engine *e)
{
	for (unsigned i = 0; i < e->n_links; i++)
		pl_source_retry(e->links[i].source);
}

static void init_values(struct pl_engine *e, const struct pl_engine_setup *setup)
{
	e->setup = *setup;
	e->mat = &setup->entry->mat;
	e->view_period_ns = (int64_t)(1e9 / setup->view_hz);
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

static int make_links(struct pl_engine *e, struct pl_error *err)
{
	const struct pl_mat_entry *entry = e->setup.entry;
	unsigned n = entry->n_pads ? entry->n_pads : 1;

	if (entry->n_pads && pl_engine_join_make(e, err))
		return -1;
	for (unsigned i = 0; i < n; i++) {
		e->n_links = i + 1;
		if (pl_link_make(&e->links[i], e, i, err))
			return -1;
	}
	return 0;
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
	e->pool = pl_pool_new(frames, cells * pl_dtype_size(mat->dtype),
			      (unsigned)pl_metric_count(), err);
	e->live = pl_live_new(&mat->geometry, &mat->calibration, &mat->live, err);
	e->cells = pl_cell_watch_new(&mat->geometry, err);
	if (!e->scratch || !e->average.cell_sum)
		pl_error_set(err, PL_ENOMEM, errno, "out of memory for mat %s", setup->entry->name);
	if (!e->scratch || !e->average.cell_sum || !e->commands || !e->pool || !e->live ||
	    !e->cells || make_links(e, err) ||
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
	for (unsigned i = 0; i < e->n_links; i++)
		if (pl_source_start(e->links[i].source, err))
			return -1;
	return 0;
}

void pl_engine_stop(struct pl_engine *e)
{
	bool was_started = e->started;

	if (e->started) {
		atomic_store(&e->stop, true);
		pl_wake_post(&e->wake);
		pthread_join(e->thread, NULL);
		e->started = false;
	}
	for (unsigned i = 0; i < e->n_links; i++)
		pl_link_stop(&e->links[i], was_started);
}

void pl_engine_free(struct pl_engine *e)
{
	if (!e)
		return;
	pl_frame_unref(e->frame);
	pl_pool_free(e->pool);
	for (unsigned i = 0; i < e->n_links; i++)
		pl_link_free(&e->links[i]);
	pl_join_free(e->join);
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
