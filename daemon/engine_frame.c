/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What happens to one frame: it gets its number, its times and its metrics, and goes to whoever
 * wants it. The number is where loss becomes visible: it jumps by what is known to be missing,
 * whatever the cause, so that subscribers, recordings and counters tell the same story.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/engine_internal.h"
#include "daemon/text.h"

/* ---- averages: tare and weighing ---- */

static void reply(struct pl_engine *e, struct pl_main_item *item)
{
	item->type = PL_ITEM_DONE;
	item->done.request = e->average.request;
	item->done.mat = (int)e->setup.index;
	e->average.what = PL_AVERAGE_NONE;
	pl_mailbox_post(e->setup.main_box, item);
}

void pl_engine_start_average(struct pl_engine *e, int what, uint64_t request, double seconds)
{
	struct pl_main_item item = {0};

	if (e->average.what != PL_AVERAGE_NONE) {
		item.type = PL_ITEM_DONE;
		item.done.request = request;
		item.done.mat = (int)e->setup.index;
		pl_error_set(&item.done.err, PL_EBUSY, 0, "a tare or weighing is under way");
		pl_mailbox_post(e->setup.main_box, &item);
		return;
	}
	e->average.what = what;
	e->average.request = request;
	e->average.frames = 0;
	e->average.force_sum = 0;
	e->average.length_ns = (int64_t)(seconds * 1e9);
	e->average.give_up_ns = pl_now_ns() + e->average.length_ns + 3 * PL_S;
	memset(e->average.cell_sum, 0,
	       pl_geometry_cells(&e->mat->geometry) * sizeof(*e->average.cell_sum));
}

void pl_engine_average_timeout(struct pl_engine *e, int64_t now_ns)
{
	struct pl_main_item item = {0};

	if (now_ns < e->average.give_up_ns)
		return;
	pl_error_set(&item.done.err, PL_ETIMEOUT, 0, "no frames came from %s meanwhile (%s)",
		     e->setup.entry->name, pl_mat_state_name(e->status.state));
	reply(e, &item);
}

/* A calibration of another tare is another calibration: the id says so, with a check of the tare.
 */
static void name_tare(struct pl_calibration *cal, const char *base)
{
	uint32_t sum = 2166136261u;

	for (size_t i = 0; cal->tare && i < cal->cells; i++)
		sum = (sum ^ (uint32_t)(cal->tare[i] * 256)) * 16777619u;
	snprintf(cal->id, sizeof(cal->id), cal->tare ? "%.48s+tare-%08x" : "%.48s", base, sum);
}

static int apply_tare(struct pl_engine *e, const double *mean, struct pl_error *err)
{
	int r;

	pthread_mutex_lock(&e->lock);
	r = pl_calibration_tare(&e->calibration, mean, err);
	if (r == 0)
		name_tare(&e->calibration, e->mat->calibration.id);
	if (r == 0)
		r = pl_live_calibrate(e->live, &e->calibration, err);
	pl_copy(e->status.calibration, sizeof(e->status.calibration), e->calibration.id);
	e->status.tared = e->calibration.tare != NULL;
	e->status.tare_t_ns = r == 0 && mean ? pl_now_ns() : r == 0 ? 0 : e->status.tare_t_ns;
	pthread_mutex_unlock(&e->lock);
	atomic_store(&e->setup.wire->only_scale, pl_wire_only_scale(&e->calibration));
	e->flags |= PL_FLAG_TARE;
	if (r == 0)
		pl_engine_event(e, PL_NOTICE, "tare", "calibration is now %s", e->calibration.id);
	return r;
}

void pl_engine_clear_tare(struct pl_engine *e, uint64_t request)
{
	struct pl_main_item item = {.type = PL_ITEM_DONE};

	item.done.request = request;
	item.done.mat = (int)e->setup.index;
	apply_tare(e, NULL, &item.done.err);
	pl_copy(item.done.calibration, sizeof(item.done.calibration), e->calibration.id);
	pl_mailbox_post(e->setup.main_box, &item);
}

static void finish_average(struct pl_engine *e)
{
	struct pl_average *a = &e->average;
	size_t cells = pl_geometry_cells(&e->mat->geometry);
	struct pl_main_item item = {0};

	item.done.mean_force_n = a->force_sum / (double)a->frames;
	if (a->what == PL_AVERAGE_TARE) {
		for (size_t i = 0; i < cells; i++) {
			a->cell_sum[i] /= (double)a->frames;
			if (a->cell_sum[i] > item.done.mean_counts_max)
				item.done.mean_counts_max = a->cell_sum[i];
		}
		apply_tare(e, a->cell_sum, &item.done.err);
	}
	pl_copy(item.done.calibration, sizeof(item.done.calibration), e->calibration.id);
	reply(e, &item);
}

#define ADD_CELLS(type)                            \
	do {                                       \
		const type *cell = f->cells;       \
		for (size_t i = 0; i < n; i++)     \
			sum[i] += (double)cell[i]; \
	} while (0)

static void add_cells(double *sum, const struct pl_frame *f)
{
	size_t n = (size_t)f->rows * f->cols;

	switch (f->dtype) {
	case PL_U8:
		ADD_CELLS(uint8_t);
		break;
	case PL_U16:
		ADD_CELLS(uint16_t);
		break;
	case PL_I16:
		ADD_CELLS(int16_t);
		break;
	case PL_I32:
		ADD_CELLS(int32_t);
		break;
	case PL_U32:
		ADD_CELLS(uint32_t);
		break;
	case PL_F32:
		ADD_CELLS(float);
		break;
	case PL_F64:
		ADD_CELLS(double);
		break;
	}
}

static void fail_average(struct pl_engine *e, const char *why)
{
	struct pl_main_item item = {0};

	pl_error_set(&item.done.err, PL_ESTATE, 0, "%s: %s", e->setup.entry->name, why);
	reply(e, &item);
}

static void average(struct pl_engine *e, const struct pl_frame *f)
{
	struct pl_average *a = &e->average;

	if (f->flags & PL_FLAG_PARTIAL) {
		fail_average(e, "sources of the mat went missing meanwhile; see `plantar status`");
		return;
	}
	if (a->frames == 0)
		a->until_ns = f->t_mono_ns + a->length_ns;
	if (a->what == PL_AVERAGE_TARE)
		add_cells(a->cell_sum, f);
	if (e->force_metric >= 0)
		a->force_sum += (double)f->metrics[e->force_metric];
	a->frames++;
	if (f->t_mono_ns >= a->until_ns)
		finish_average(e);
}

/* ---- recording ---- */

static void push_gap(struct pl_engine *e, const struct pl_gap *gap)
{
	if (!pl_lane_gap(e->setup.lane, gap))
		pl_engine_event(
			e, PL_ERR, "recorder-gap",
			"a gap of %llu frames (%s) could not even be noted: the recorder is "
			"stuck",
			(unsigned long long)gap->count, gap->cause);
}

static void gap_start(struct pl_engine *e, uint64_t first_seq, int64_t t0_mono_ns)
{
	e->rec.behind = true;
	e->rec.gap = (struct pl_gap){.epoch = e->status.epoch,
				     .first_seq = first_seq,
				     .cause = "recorder",
				     .t0_mono_ns = t0_mono_ns};
}

static void gap_close(struct pl_engine *e, uint64_t next_seq, int64_t t1_mono_ns)
{
	e->rec.behind = false;
	e->rec.gap.count = next_seq - e->rec.gap.first_seq;
	e->rec.gap.t1_mono_ns = t1_mono_ns;
	if (e->rec.gap.count > 0)
		push_gap(e, &e->rec.gap);
}

void pl_engine_gap_unplugged(struct pl_engine *e, int64_t t_mono_ns)
{
	struct pl_gap gap = {.epoch = e->last.epoch,
			     .first_seq = e->last.seq + 1,
			     .count = 0,
			     .cause = "unplugged",
			     .t0_mono_ns = e->last.t_mono_ns,
			     .t1_mono_ns = t_mono_ns};
	bool behind = e->rec.behind;

	if (behind)
		gap_close(e, e->last.seq + 1, e->last.t_mono_ns);
	push_gap(e, &gap);
	if (behind)
		gap_start(e, 0, t_mono_ns);
}

/* The holes right before this frame, one row a cause. */
static void record_losses(struct pl_engine *e, uint64_t seq, int64_t t_mono_ns)
{
	uint64_t first = seq;

	for (int i = 0; i < PL_LOSS_CAUSES; i++)
		first -= e->pending[i];
	for (int i = 0; i < PL_LOSS_CAUSES; i++) {
		struct pl_gap gap = {.epoch = e->status.epoch,
				     .first_seq = first,
				     .count = e->pending[i],
				     .t0_mono_ns = e->have_last ? e->last.t_mono_ns : t_mono_ns,
				     .t1_mono_ns = t_mono_ns};

		if (gap.count == 0)
			continue;
		pl_copy(gap.cause, sizeof(gap.cause), pl_loss_name(i));
		push_gap(e, &gap);
		first += gap.count;
	}
}

/* Before the metrics of a frame: may recording go on after a gap of its own? Then the metrics
 * start afresh, because what they saw meanwhile is not in the file. */
static void recording_prepare(struct pl_engine *e, uint64_t seq, int64_t t_mono_ns)
{
	bool new_epoch = e->have_last && e->last.epoch != e->status.epoch;

	if (!e->rec.on)
		return;
	if (new_epoch && !e->rec.first)
		pl_engine_gap_unplugged(e, t_mono_ns);
	if (e->rec.behind && pl_lane_recovered(e->setup.lane)) {
		gap_close(e, seq, t_mono_ns);
		e->live_reset = true;
		pl_engine_event(e, PL_WARNING, "recorder-gap",
				"recording goes on; %llu frames before this one are missing in the "
				"file",
				(unsigned long long)e->rec.gap.count);
	} else if (!e->rec.behind && !e->rec.first) {
		record_losses(e, seq, t_mono_ns);
	}
}

static void record(struct pl_engine *e, struct pl_frame *f)
{
	if (!e->rec.on || e->rec.behind)
		return;
	if (pl_lane_frame(e->setup.lane, f)) {
		e->rec.first = false;
		return;
	}
	gap_start(e, f->seq, e->have_last ? e->last.t_mono_ns : f->t_mono_ns);
	pl_engine_event(e, PL_ERR, "recorder-gap",
			"the disk does not keep up: frames from %llu on are not recorded",
			(unsigned long long)f->seq);
}

void pl_engine_end_recording(struct pl_engine *e)
{
	if (e->rec.behind)
		gap_close(e, e->last.seq + 1, pl_now_ns());
	if (!e->rec.end_noted && !e->rec.first && e->status.state != PL_STATE_ENDED &&
	    (!e->connected || e->last.epoch != e->status.epoch))
		pl_engine_gap_unplugged(e, pl_now_ns());
	e->rec.end_noted = true;
	if (!pl_lane_end(e->setup.lane, e->rec.reason))
		return; /* no room: again at the next turn */
	e->rec = (struct pl_engine_recording){0};
}

/* ---- the frame ---- */

static void lose(struct pl_engine *e, enum pl_loss cause, uint64_t n)
{
	e->pending[cause] += n;
	e->next_seq += n;
	e->status.lost[cause] += n;
	e->status.lost_total[cause] += n;
}

void pl_engine_lose(struct pl_engine *e, const uint64_t *lost_by)
{
	pthread_mutex_lock(&e->lock);
	for (int i = 0; i < PL_LOSS_CAUSES; i++)
		lose(e, (enum pl_loss)i, lost_by[i]);
	e->status.seq = e->next_seq;
	pthread_mutex_unlock(&e->lock);
}

void pl_engine_new_epoch(struct pl_engine *e, uint32_t epoch)
{
	pl_clockfit_init(&e->fit, e->mat->rate_hz);
	e->live_reset = true;
	e->next_seq = 0;
	e->flags |= PL_FLAG_EPOCH;
	memset(e->pending, 0, sizeof(e->pending));
	e->rate_frames = 0;
	pthread_mutex_lock(&e->lock);
	e->status.epoch = epoch;
	e->status.seq = 0;
	memset(e->status.lost, 0, sizeof(e->status.lost));
	pthread_mutex_unlock(&e->lock);
}

static uint64_t bytes_so_far(const struct pl_engine *e)
{
	uint64_t bytes = 0;

	for (unsigned i = 0; i < e->n_links; i++)
		bytes += pl_decoder_stats(e->links[i].decoder)->bytes;
	return bytes;
}

static bool view_due(struct pl_engine *e, int64_t t_ns)
{
	if (t_ns < e->view_next_ns)
		return false;
	/* A phase accumulator keeps the mean rate; after a pause it starts anew. */
	e->view_next_ns += e->view_period_ns;
	if (e->view_next_ns < t_ns)
		e->view_next_ns = t_ns + e->view_period_ns;
	return true;
}

static void publish(struct pl_engine *e, struct pl_frame *f)
{
	unsigned wanted = pl_publisher_wanted(e->setup.publisher, e->setup.index);
	unsigned topics = wanted & (PL_TOPIC_FRAME | PL_TOPIC_METRICS);

	if (view_due(e, f->t_mono_ns))
		topics |= wanted & PL_TOPIC_VIEW;
	if (topics)
		pl_publisher_frame(e->setup.publisher, e->setup.index, f, topics, e->rec.on);
}

static void measure_rate(struct pl_engine *e, int64_t t_ns)
{
	if (e->rate_frames++ == 0) {
		e->rate_from_ns = t_ns;
		return;
	}
	if (t_ns - e->rate_from_ns < PL_S)
		return;
	e->status.rate_measured_hz =
		(double)(e->rate_frames - 1) * 1e9 / (double)(t_ns - e->rate_from_ns);
	e->rate_from_ns = t_ns;
	e->rate_frames = 1;
}

static void fill(struct pl_engine *e, struct pl_frame *f, const struct pl_raw_frame *raw,
		 const struct pl_moment *moment)
{
	f->seq = e->next_seq++;
	f->epoch = e->status.epoch;
	f->flags = e->flags | moment->flags | (raw->resync ? PL_FLAG_RESYNC : 0);
	for (int i = 0; i < PL_LOSS_CAUSES; i++)
		if (e->pending[i] > 0)
			f->flags |= PL_FLAG_LOST;
	f->t_mono_ns = moment->t_mono_ns;
	f->t_device_ns = raw->t_device_ns;
	f->device_seq = raw->device_seq;
	f->t_est_ns = moment->t_est_ns != INT64_MIN
			      ? moment->t_est_ns
			      : pl_clockfit_push(&e->fit, raw->t_device_ns, f->seq, f->t_mono_ns);
	memcpy(f->lost, e->status.lost, sizeof(f->lost));
	f->rows = (uint16_t)e->mat->geometry.rows;
	f->cols = (uint16_t)e->mat->geometry.cols;
	f->dtype = e->mat->dtype;
	e->flags = 0;
	memset(e->pending, 0, sizeof(e->pending));
}

static void account(struct pl_engine *e, const struct pl_raw_frame *raw, bool has_room,
		    int64_t t_mono_ns)
{
	pthread_mutex_lock(&e->lock);
	lose(e, PL_LOSS_DEVICE, raw->lost_device);
	lose(e, PL_LOSS_CORRUPT, raw->lost_corrupt);
	lose(e, PL_LOSS_OVERRUN, raw->lost_overrun);
	if (!has_room)
		lose(e, PL_LOSS_POOL, 1);
	e->status.seq = has_room ? e->next_seq : e->next_seq - 1;
	e->status.frames += has_room;
	e->status.bytes = bytes_so_far(e);
	measure_rate(e, t_mono_ns);
	pthread_mutex_unlock(&e->lock);
}

static double metric(const struct pl_frame *f, int column)
{
	return column >= 0 ? (double)f->metrics[column] : 0;
}

/* What was missed, or is of a part of the mat, may have been a contact. */
static void watch_cells(struct pl_engine *e, const struct pl_frame *f, double contact_n,
			double force_n)
{
	bool whole = !isnan(force_n) && !(f->flags & PL_FLAG_PARTIAL);

	if (pthread_mutex_trylock(&e->cells_lock)) { /* none waits for a report */
		e->cells_missed = true;
		return;
	}
	if (!whole || e->cells_missed || f->flags & (PL_FLAG_LOST | PL_FLAG_EPOCH))
		pl_cell_watch_break(e->cells);
	e->cells_missed = false;
	if (whole)
		pl_cell_watch_see(e->cells, &e->calibration, f->cells, f->dtype, f->t_mono_ns,
				  force_n >= contact_n);
	pthread_mutex_unlock(&e->cells_lock);
}

/* For a protocol: costs nothing while none records. */
static void watch_contact(struct pl_engine *e, const struct pl_frame *f)
{
	struct pl_contact_frame c = {.t_ns = f->t_mono_ns, .epoch = f->epoch, .flags = f->flags};
	double feet, contact_n;

	if (!atomic_load_explicit(&e->watched, memory_order_relaxed))
		return;
	c.force_n = metric(f, e->force_metric);
	for (int side = 0; side < 3; side++)
		c.side_n[side] = metric(f, e->side_metric[side]);
	feet = metric(f, e->feet_metric);
	c.feet = feet > 0 ? (unsigned)feet : 0;
	pthread_mutex_lock(&e->lock);
	pl_contact_push(&e->contact, &c);
	contact_n = e->contact.contact_n;
	pthread_mutex_unlock(&e->lock);
	watch_cells(e, f, contact_n, c.force_n);
}

void pl_engine_take_frame(struct pl_engine *e, const struct pl_raw_frame *raw,
			  const struct pl_moment *moment)
{
	const int64_t t_mono_ns = moment->t_mono_ns;
	struct pl_frame *f = e->frame;

	account(e, raw, f != NULL, t_mono_ns);
	if (!f)
		return; /* every frame of the pool is in use: counted, and a gap before the next */
	recording_prepare(e, e->next_seq, t_mono_ns);
	if (e->live_reset)
		pl_live_reset(e->live);
	e->live_reset = false;
	fill(e, f, raw, moment);
	f->flags |= pl_live_frame(e->live, f->cells, f->dtype, f->seq, f->metrics);
	record(e, f);
	watch_contact(e, f);
	publish(e, f);
	e->last = (struct pl_last_frame){f->epoch, f->seq, f->t_mono_ns};
	e->have_last = true;
	if (e->average.what != PL_AVERAGE_NONE)
		average(e, f);
	pl_frame_unref(f);
	e->frame = NULL;
}
