/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The process thread of a mat with several sources. Each pad's bytes are decoded only as far as the
 * others have come, so that a backlog of one is not taken for the silence of another; what has come
 * goes to the joiner, and what that decides on goes the way of every other frame. The mat is
 * partial while some pads run and some do not, and says which.
 */
#include <stdio.h>
#include <string.h>

#include "daemon/engine_internal.h"
#include "daemon/text.h"

#define PAUSE_NS (50 * PL_MS) /* later than a busy computer makes it */
#define ADMIT_NS (2 * PL_S)   /* to say who it is */

int pl_engine_join_make(struct pl_engine *e, struct pl_error *err)
{
	int64_t wait = PL_STALL_NS, three = (int64_t)(3e9 / e->mat->rate_hz);

	e->join = pl_join_new(e->setup.entry, three > wait ? three : wait, err);
	return e->join ? 0 : -1;
}

/* ---- the state of the whole ---- */

static unsigned running(const struct pl_engine *e)
{
	unsigned mask = 0;

	for (unsigned i = 0; i < e->n_links; i++)
		if (e->links[i].state == PL_STATE_RUNNING)
			mask |= 1u << i;
	return mask;
}

/* "left is gone, 3 is stalled" of the links that do not run. */
static void name_others(const struct pl_engine *e, unsigned mask, char *text, size_t cap)
{
	size_t n = 0;

	text[0] = '\0';
	for (unsigned i = 0; i < e->n_links && n < cap; i++)
		if (!(mask & 1u << i))
			n += (size_t)snprintf(text + n, cap - n, "%s%s is %s", n ? ", " : "",
					      e->links[i].pad->name,
					      pl_mat_state_name(e->links[i].state));
}

/* Without any frames the mat is as the pad is that a person should look at first. */
static enum pl_mat_state worst(const struct pl_engine *e)
{
	static const enum pl_mat_state order[] = {
		PL_STATE_OPENING, PL_STATE_RUNNING, PL_STATE_FAILED, PL_STATE_GONE,
		PL_STATE_STALLED, PL_STATE_REFUSED, PL_STATE_ENDED};

	for (size_t k = 0; k < sizeof(order) / sizeof(order[0]); k++)
		for (unsigned i = 0; i < e->n_links; i++)
			if (e->links[i].state == order[k])
				return order[k] == PL_STATE_RUNNING ? PL_STATE_OPENING : order[k];
	return PL_STATE_OPENING;
}

static void tell_whole(struct pl_engine *e)
{
	unsigned all = (1u << e->n_links) - 1, mask = running(e);
	enum pl_mat_state before = e->status.state, now;
	char others[400];

	e->whole_changed = false;
	e->connected = false;
	for (unsigned i = 0; i < e->n_links; i++)
		e->connected |= pl_join_begun(e->join) && e->links[i].connected;
	now = pl_join_clock(e->join) < 0 ? worst(e)
	      : mask == all		 ? PL_STATE_RUNNING
					 : PL_STATE_PARTIAL;
	name_others(e, mask, others, sizeof(others));
	pthread_mutex_lock(&e->lock);
	e->status.state = now;
	pl_copy(e->status.state_text, sizeof(e->status.state_text), others);
	if (pl_join_clock(e->join) < 0)
		e->status.rate_measured_hz = 0;
	pthread_mutex_unlock(&e->lock);
	if (now == PL_STATE_PARTIAL && (before != now || mask != e->whole_seen))
		pl_engine_event(e, PL_WARNING, "partial",
				"frames come without some sources (their cells are 0): %s", others);
	else if (now == PL_STATE_RUNNING && before == PL_STATE_PARTIAL)
		pl_engine_event(e, PL_NOTICE, "whole", "all %u sources are joined again",
				e->n_links);
	e->whole_seen = mask;
}

/* ---- a frame of one pad ---- */

/* Another device than the one that is meant must not be joined: its cells would be in the wrong
 * place. */
static void not_admitted(struct pl_link *l, int64_t now_ns)
{
	char text[200];

	if (l->state == PL_STATE_REFUSED || now_ns - l->opened_ns < ADMIT_NS)
		return;
	snprintf(text, sizeof(text), "it has not said that it is \"%s\"; %s%.60s%s", l->pad->device,
		 *l->status.device_text ? "it says \"" : "it says nothing", l->status.device_text,
		 *l->status.device_text ? "\"" : "");
	pl_join_presence(l->e->join, l->index, PL_PAD_ABSENT);
	pl_link_state(l, PL_STATE_REFUSED, text);
	pl_link_event(l, PL_WARNING, "refused-source", "%s; are the cables swapped?", text);
}

static void wrong_rate(struct pl_link *l)
{
	const struct pl_engine *e = l->e;
	int clock = pl_join_clock(e->join);
	char text[200];

	if (l->state == PL_STATE_REFUSED || clock < 0)
		return;
	snprintf(text, sizeof(text),
		 "it sends %.4g frames a second, %s %.4g; set them to one rate to have them joined",
		 pl_join_rate_hz(e->join, l->index), e->links[clock].pad->name,
		 pl_join_rate_hz(e->join, (unsigned)clock));
	pl_link_state(l, PL_STATE_REFUSED, text);
	pl_link_event(l, PL_WARNING, "refused-source", "%s", text);
}

void pl_engine_join_frame(struct pl_link *l, const struct pl_raw_frame *raw, int64_t t_mono_ns)
{
	struct pl_engine *e = l->e;
	bool resumed = l->state == PL_STATE_STALLED;
	enum pl_pushed pushed;

	pthread_mutex_lock(&e->lock);
	l->status.frames++;
	l->status.lost[PL_LOSS_DEVICE] += raw->lost_device;
	l->status.lost[PL_LOSS_CORRUPT] += raw->lost_corrupt;
	l->status.lost[PL_LOSS_OVERRUN] += raw->lost_overrun;
	pthread_mutex_unlock(&e->lock);
	if (!l->admitted) {
		not_admitted(l, t_mono_ns);
		return;
	}
	pushed = pl_join_push(e->join, l->index, raw, t_mono_ns);
	if (pushed == PL_PUSH_REFUSED)
		wrong_rate(l);
	if (pushed != PL_PUSHED)
		return;
	l->silent_opens = 0;
	if (l->state == PL_STATE_RUNNING)
		return;
	pl_link_state(l, PL_STATE_RUNNING, "");
	if (resumed)
		pl_link_event(l, PL_NOTICE, "resumed", "frames come again");
}

/* ---- joint frames ---- */

static void take_joint(struct pl_engine *e, const struct pl_joint *joint)
{
	struct pl_raw_frame raw = {.device_seq = -1,
				   .t_device_ns = INT64_MIN,
				   .lost_device = joint->lost_by[PL_LOSS_DEVICE],
				   .lost_corrupt = joint->lost_by[PL_LOSS_CORRUPT],
				   .lost_overrun = joint->lost_by[PL_LOSS_OVERRUN],
				   .resync = joint->resync};
	const struct pl_moment moment = {
		.t_mono_ns = joint->t_mono_ns, .t_est_ns = joint->t_est_ns, .flags = joint->flags};

	if (joint->begins) {
		pl_engine_new_epoch(e, e->epochs++);
		e->connected = e->whole_changed = true;
	}
	if (joint->lost) {
		pl_engine_lose(e, joint->lost_by);
		return;
	}
	if (!e->frame)
		e->frame = pl_pool_get(e->pool);
	if (e->frame)
		pl_join_cells(e->join, joint, e->frame->cells);
	pl_engine_take_frame(e, &raw, &moment);
}

static bool take_joints(struct pl_engine *e)
{
	struct pl_joint joint;
	int clock = pl_join_clock(e->join);
	bool any = false;

	while (pl_join_next(e->join, &joint)) {
		take_joint(e, &joint);
		any = true;
	}
	e->whole_changed |= pl_join_clock(e->join) != clock;
	return any;
}

/* What one source has is decoded to its next frame: that of the pad which is furthest behind. */
static bool feed(struct pl_engine *e)
{
	bool any = false;
	unsigned data = 0;
	int next;

	for (unsigned i = 0; i < e->n_links; i++) {
		struct pl_chunk *chunk = pl_source_peek(e->links[i].source);

		if (chunk && chunk->kind == PL_CHUNK_DATA) {
			data |= 1u << i;
		} else if (chunk) {
			pl_link_hear(&e->links[i], chunk);
			any = true;
		}
	}
	next = pl_join_furthest_behind(e->join, data);
	if (next < 0)
		return any;
	pl_link_feed(&e->links[next], pl_source_peek(e->links[next].source));
	return true;
}

bool pl_engine_join_turn(struct pl_engine *e)
{
	int64_t now = pl_now_ns();
	bool any;

	if (now - e->turn_due_ns > PAUSE_NS)
		e->thawed_ns = now;
	any = feed(e);
	any |= take_joints(e);
	if (e->whole_changed)
		tell_whole(e);
	return any;
}

void pl_engine_join_show(struct pl_engine *e)
{
	for (unsigned i = 0; i < e->n_links; i++) {
		struct pl_link_status *s = &e->links[i].status;

		s->clock = pl_join_clock(e->join) == (int)i;
		s->rate_measured_hz = pl_join_rate_hz(e->join, i);
		s->decode = *pl_decoder_stats(e->links[i].decoder);
		s->join = *pl_join_counters(e->join, i);
	}
}
