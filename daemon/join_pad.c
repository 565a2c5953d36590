/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One pad of several: a queue of the frames that no joint one took yet, with the last that was
 * taken in front of it, when they were sampled, and how fast they come. A pad that runs at another
 * rate than the clock cannot be joined by time, and is refused until it does not.
 */
#include <math.h>

#include "daemon/join_internal.h"
#include "daemon/wake.h"

#define SETTLE_NS (500 * PL_MS)
#define WINDOW_NS PL_S
#define OFF_RATE 0.1
#define OFF_WINDOWS 4

struct pl_slot *pl_pad_waiting(const struct pl_join *j, const struct pl_pad *p, unsigned k)
{
	return &p->slots[(p->head + k) % j->depth];
}

struct pl_slot *pl_pad_taken(const struct pl_join *j, const struct pl_pad *p)
{
	return &p->slots[(p->head + j->depth - 1) % j->depth];
}

int pl_pad_pass(const struct pl_join *j, struct pl_pad *p)
{
	int slot = (int)p->head;

	p->head = (p->head + 1) % j->depth;
	p->n--;
	p->has_taken = true;
	return slot;
}

void pl_pad_skip(const struct pl_join *j, struct pl_pad *p)
{
	pl_pad_pass(j, p);
	p->counters.skipped++;
}

void pl_pad_forget(struct pl_pad *p)
{
	p->counters.skipped += p->n;
	p->n = 0;
	p->has_taken = p->aligned = false;
}

bool pl_pad_is_there(const struct pl_pad *p)
{
	return p->presence == PL_PAD_PRESENT && !p->refused;
}

void pl_join_opened(struct pl_join *j, unsigned pad)
{
	struct pl_pad *p = &j->pads[pad];

	pl_clockfit_init(&p->fit, p->nominal_hz);
	/* When nobody was there any more, what comes is another epoch. While pads were silent but
	 * connected it is not: as for a mat of one source. */
	if (j->clock < 0)
		j->begun = j->trying = false;
	pl_pad_forget(p); /* it counts anew */
	p->presence = PL_PAD_EXPECTED;
	p->seq = 0;
	p->period_ns = 1e9 / p->nominal_hz;
	p->newest_ns = INT64_MIN;
	p->window_open = p->refused = false;
	p->rate_hz = 0;
	p->off = p->right = 0;
}

void pl_join_presence(struct pl_join *j, unsigned pad, enum pl_presence presence)
{
	j->pads[pad].presence = presence;
}

void *pl_join_slot(struct pl_join *j, unsigned pad)
{
	struct pl_pad *p = &j->pads[pad];

	if (p->n + 2 > j->depth) {
		if (j->begun)
			return NULL;
		pl_pad_skip(j, p); /* before the first joint frame only the newest count */
	}
	return pl_pad_waiting(j, p, p->n)->cells;
}

/* By estimated times and by those of arrival: either can be wrong for seconds on a busy computer,
 * which must not part pads that are alike. */
static void judge_rate(struct pl_join *j, struct pl_pad *p)
{
	const struct pl_pad *clock = j->clock >= 0 ? &j->pads[j->clock] : NULL;
	bool off;

	if (!clock || clock == p || clock->rate_hz <= 0 || p->rate_hz <= 0)
		return;
	off = fabs(clock->period_ns / p->period_ns - 1) > OFF_RATE &&
	      fabs(p->rate_hz / clock->rate_hz - 1) > OFF_RATE;
	p->off = off ? p->off + 1 : 0;
	p->right = off ? 0 : p->right + 1;
	if (!p->refused && p->off >= OFF_WINDOWS) {
		p->refused = true;
		pl_pad_forget(p);
	} else if (p->refused && p->right >= OFF_WINDOWS) {
		p->refused = false;
		p->presence = PL_PAD_ABSENT; /* its next frame is the first since it is there */
	}
}

/* Each pad's rate between its own first and last frame of the same second for all of them, so that
 * neither how a line bunches frames matters, nor a pause of all. */
static void measure(struct pl_join *j, int64_t t_mono_ns)
{
	if (j->window_open && t_mono_ns - j->window_ns < WINDOW_NS)
		return;
	for (unsigned i = 0; i < j->n_pads; i++) {
		struct pl_pad *p = &j->pads[i];
		bool went_on = j->window_open && p->window_open && p->presence == PL_PAD_PRESENT &&
			       p->newest_mono_ns > p->window_ns;

		if (went_on)
			p->rate_hz = (double)(p->seq - p->window_seq) * 1e9 /
				     (double)(p->newest_mono_ns - p->window_ns);
	}
	for (unsigned i = 0; i < j->n_pads; i++) {
		struct pl_pad *p = &j->pads[i];

		if (j->window_open && p->window_open && p->presence == PL_PAD_PRESENT)
			judge_rate(j, p);
		p->window_open = p->newest_ns != INT64_MIN;
		p->window_ns = p->newest_mono_ns;
		p->window_seq = p->seq;
	}
	j->window_open = true;
	j->window_ns = t_mono_ns;
}

/* From frame to frame by its times, whatever these jump by now and then. */
static void measure_period(struct pl_pad *p, const struct pl_slot *s)
{
	double lost = (double)(s->lost[PL_LOSS_DEVICE] + s->lost[PL_LOSS_CORRUPT] +
			       s->lost[PL_LOSS_OVERRUN]);
	double ns = p->newest_ns == INT64_MIN ? p->period_ns
					      : (double)(s->t_est_ns - p->newest_ns) / (lost + 1);

	p->period_ns += (fmax(p->period_ns / 2, fmin(p->period_ns * 2, ns)) - p->period_ns) /
			fmax(PL_JOIN_SMOOTH, fmin(p->nominal_hz, 128)); /* about a second */
}

/* What lay in the line when it was opened comes all at once, and seems to be of now. */
static bool settles(struct pl_pad *p, int64_t t_mono_ns)
{
	if (p->newest_ns == INT64_MIN)
		p->settled_ns = t_mono_ns + SETTLE_NS;
	return t_mono_ns < p->settled_ns;
}

enum pl_pushed pl_join_push(struct pl_join *j, unsigned pad, const struct pl_raw_frame *raw,
			    int64_t t_mono_ns)
{
	struct pl_pad *p = &j->pads[pad];
	struct pl_slot *s = pl_pad_waiting(j, p, p->n);
	bool early = settles(p, t_mono_ns);

	s->lost[PL_LOSS_DEVICE] = raw->lost_device;
	s->lost[PL_LOSS_CORRUPT] = raw->lost_corrupt;
	s->lost[PL_LOSS_OVERRUN] = raw->lost_overrun;
	s->lost[PL_LOSS_POOL] = 0;
	s->resync = raw->resync;
	p->seq += (int64_t)(raw->lost_device + raw->lost_corrupt + raw->lost_overrun);
	s->t_mono_ns = p->newest_mono_ns = t_mono_ns;
	s->seq = p->seq;
	s->t_est_ns = pl_clockfit_push(&p->fit, raw->t_device_ns, (uint64_t)p->seq, t_mono_ns);
	measure_period(p, s);
	p->newest_ns = s->t_est_ns;
	p->seq++;
	measure(j, t_mono_ns);
	if (p->refused || early) {
		p->counters.skipped++;
		return early ? PL_PUSH_SETTLES : PL_PUSH_REFUSED;
	}
	s->fresh = p->presence != PL_PAD_PRESENT;
	if (s->fresh &&
	    raw->device_seq < 0) /* silence is not counted: where it goes on is unknown */
		p->aligned = false;
	p->presence = PL_PAD_PRESENT;
	p->n++;
	return PL_PUSHED;
}

int pl_join_furthest_behind(const struct pl_join *j, unsigned mask)
{
	int found = -1;

	for (unsigned i = 0; i < j->n_pads; i++) {
		const struct pl_pad *p = &j->pads[i];

		if (!(mask & 1u << i) || (j->begun && p->n + 2 > j->depth))
			continue;
		if (found < 0 || p->newest_ns < j->pads[found].newest_ns)
			found = (int)i;
	}
	return found;
}
