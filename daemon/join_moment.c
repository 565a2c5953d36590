/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Estimated times find out which frames belong together; after that it is counted. Times alone
 * would make a hole, or a frame twice, of every moment in which a busy computer, or a fit that
 * begins anew, lets one pad's times jump. So per pad a queue holds what no joint frame took yet, in
 * front of it the last one that was taken, and a lead: how many frames its count is ahead of the
 * clock's. How far apart the frames so paired are is watched, and the lead is moved by one when
 * that is, smoothed, more than LIMIT: a little more than half a period, so that two pads half a
 * period apart do not slip to and fro. Only where the times contradict the count for a second is it
 * looked for anew.
 */
#include <math.h>
#include <string.h>

#include "daemon/join_internal.h"
#include "daemon/wake.h"

#define LIMIT 0.625	     /* of a period: how far apart frames of one moment may be */
#define ASTRAY 2.0	     /* periods: the count cannot be right */
#define ASTRAY_NS (3 * PL_S) /* longer than times of a busy computer can be wrong */
#define BEGIN_NS (5 * PL_S)  /* so long pads may take to agree before the first joint frame */

/* ---- the clock ---- */

/* The first pad that is there; a refused one only if there is no other. */
static int choose_clock(const struct pl_join *j)
{
	int refused = -1;

	for (unsigned i = j->n_pads; i-- > 0;)
		if (j->pads[i].presence == PL_PAD_PRESENT && j->pads[i].refused)
			refused = (int)i;
	for (unsigned i = 0; i < j->n_pads; i++)
		if (pl_pad_is_there(&j->pads[i]))
			return (int)i;
	return refused;
}

/* Counts were kept against that of old: now against that of the new clock. */
static void rebase(struct pl_join *j, unsigned old, const struct pl_pad *clock)
{
	int64_t lead = clock->lead;
	double apart_ns = clock->apart_ns;

	for (unsigned i = 0; i < j->n_pads; i++) {
		struct pl_pad *p = &j->pads[i];

		p->lead = i == old ? -lead : p->lead - lead;
		p->apart_ns = i == old ? -apart_ns : p->apart_ns - apart_ns;
	}
	j->last_seq += lead;
}

static void change_clock(struct pl_join *j)
{
	int old = j->reference;
	struct pl_pad *clock;

	j->clock = choose_clock(j);
	for (unsigned i = 0; i < j->n_pads && j->clock < 0; i++) { /* nobody is there */
		j->pads[i].counters.skipped += j->pads[i].n;
		j->pads[i].n = 0;
		j->pads[i].has_taken = false;
	}
	if (j->clock < 0)
		return;
	clock = &j->pads[j->clock];
	j->handed_over = j->begun;
	j->by_count = j->begun && old >= 0 && clock->aligned;
	if (j->by_count && old != j->clock)
		rebase(j, (unsigned)old, clock);
	for (unsigned i = 0; i < j->n_pads; i++) {
		j->pads[i].aligned &= j->by_count;
		j->pads[i].off = j->pads[i].right = 0;
	}
	clock->aligned = true;
	clock->refused = false;
	j->reference = j->clock;
}

static double period_ns(const struct pl_join *j)
{
	return j->pads[j->clock].period_ns;
}

static bool somebody_is_expected(const struct pl_join *j)
{
	for (unsigned i = 0; i < j->n_pads; i++)
		if (j->pads[i].presence == PL_PAD_EXPECTED)
			return true;
	return false;
}

/* After another pad was the clock. */
static bool is_new(const struct pl_join *j, const struct pl_slot *s)
{
	if (j->by_count)
		return s->seq > j->last_seq;
	return (double)(s->t_est_ns - j->last_est_ns) > period_ns(j) / 2;
}

/* Is there a frame of the clock, and is it a new moment? */
static bool have_moment(struct pl_join *j)
{
	for (;;) {
		struct pl_pad *clock;

		if (j->clock < 0 || (!j->begun && choose_clock(j) != j->clock) ||
		    (!j->pads[j->clock].n && !pl_pad_is_there(&j->pads[j->clock])))
			change_clock(j);
		if (j->clock < 0 || !j->pads[j->clock].n || (!j->begun && somebody_is_expected(j)))
			return false;
		clock = &j->pads[j->clock];
		if (!j->handed_over || is_new(j, pl_pad_waiting(j, clock, 0)))
			return true;
		pl_pad_skip(j, clock); /* the one that was the clock had a frame of this moment */
	}
}

/* ---- one moment ---- */

enum verdict { WAIT, TAKE, HOLD, MISSING, LOST };

static bool loss_before(const struct pl_slot *s, enum pl_loss *cause)
{
	for (int i = 0; i < PL_LOSS_CAUSES; i++)
		if (s->lost[i]) {
			*cause = (enum pl_loss)i;
			return true;
		}
	*cause = PL_LOSS_DEVICE; /* it sent nothing, and nobody knows why */
	return false;
}

static double later_ns(const struct pl_slot *s, const struct pl_slot *moment)
{
	return (double)(s->t_est_ns - moment->t_est_ns);
}

/* By times: the nearest frame, which is not known while the one behind might be nearer. */
static enum verdict align(const struct pl_join *j, struct pl_pad *p, const struct pl_slot *moment,
			  enum pl_loss *cause)
{
	double limit_ns = LIMIT * period_ns(j);
	const struct pl_slot *s;

	while (p->n >= 2 && fabs(later_ns(pl_pad_waiting(j, p, 1), moment)) <=
				    fabs(later_ns(pl_pad_waiting(j, p, 0), moment)))
		pl_pad_skip(j, p);
	if (!p->n)
		return pl_pad_is_there(p) ? WAIT : MISSING;
	s = pl_pad_waiting(j, p, 0);
	if (later_ns(s, moment) <= limit_ns && p->n < 2 && pl_pad_is_there(p))
		return WAIT;
	if (fabs(later_ns(s, moment)) <= limit_ns)
		return TAKE;
	if (j->begun && (s->fresh || !pl_pad_is_there(p)))
		return MISSING;
	if (!loss_before(s, cause) && p->has_taken &&
	    fabs(later_ns(pl_pad_taken(j, p), moment)) <= ASTRAY * period_ns(j))
		return HOLD;
	return LOST;
}

/* By count. */
static enum verdict judge(const struct pl_join *j, struct pl_pad *p, const struct pl_slot *moment,
			  enum pl_loss *cause)
{
	int64_t seq = moment->seq + p->lead;

	if (!p->aligned)
		return align(j, p, moment, cause);
	if (p->has_taken && pl_pad_taken(j, p)->seq == seq)
		return HOLD;
	while (p->n && pl_pad_waiting(j, p, 0)->seq < seq)
		pl_pad_skip(j, p);
	if (!p->n)
		return pl_pad_is_there(p) ? WAIT : MISSING;
	if (pl_pad_waiting(j, p, 0)->seq == seq)
		return TAKE;
	if (pl_pad_waiting(j, p, 0)->fresh)
		return MISSING;
	loss_before(pl_pad_waiting(j, p, 0), cause);
	return LOST;
}

/* Two that were taken together: are they still nearest to each other? */
static void watch_phase(struct pl_join *j, struct pl_pad *p, const struct pl_slot *s,
			const struct pl_slot *moment)
{
	double period = period_ns(j), apart = later_ns(s, moment);

	if (!p->aligned) {
		p->aligned = true;
		p->lead = s->seq - moment->seq;
		p->apart_ns = apart;
		p->astray_ns = 0;
		return;
	}
	if (fabs(apart - p->apart_ns) > ASTRAY * period) {
		if (p->astray_ns == 0)
			p->astray_ns = moment->t_mono_ns;
		else if (moment->t_mono_ns - p->astray_ns > ASTRAY_NS)
			p->aligned = false;
		return;
	}
	p->astray_ns = 0;
	p->apart_ns += fmax(-period / 2, fmin(period / 2, apart - p->apart_ns)) / PL_JOIN_SMOOTH;
	if (p->apart_ns > LIMIT * period) {
		p->lead--;
		p->apart_ns -= period;
	} else if (p->apart_ns < -LIMIT * period) {
		p->lead++;
		p->apart_ns += period;
	}
}

static void take_part(struct pl_join *j, unsigned i, enum verdict verdict, enum pl_loss cause,
		      const struct pl_slot *moment, struct pl_joint *out)
{
	struct pl_pad *p = &j->pads[i];
	struct pl_slot *s = pl_pad_waiting(j, p, 0);

	switch (verdict) {
	case TAKE:
		if ((int)i != j->clock)
			watch_phase(j, p, s, moment);
		out->resync |= s->resync;
		p->counters.joined += !out->lost;
		p->counters.skipped += out->lost;
		out->part[i] = pl_pad_pass(j, p);
		break;
	case HOLD:
		p->counters.held += !out->lost;
		out->flags |= PL_FLAG_HELD;
		s = pl_pad_taken(j, p);
		out->part[i] = (int)(s - p->slots);
		break;
	case LOST:
		p->counters.spoilt++;
		if (p->n)
			s->lost[cause] -= s->lost[cause] > 0;
		return;
	default:
		p->counters.missing += !out->lost;
		out->flags |= PL_FLAG_PARTIAL | PL_FLAG_PAD(i);
		return;
	}
	if (s->t_mono_ns > out->t_mono_ns)
		out->t_mono_ns = s->t_mono_ns;
}

/* Before the first joint frame moments that do not fit are dropped: pads began at different times,
 * and their clocks are not known well yet. Not for ever, though. */
static bool drop_moment(struct pl_join *j, int64_t t_ns, bool any_lost)
{
	if (j->begun || !any_lost)
		return false;
	if (!j->trying)
		j->trying_since_ns = t_ns;
	j->trying = true;
	if (t_ns - j->trying_since_ns > BEGIN_NS)
		return false;
	pl_pad_skip(j, &j->pads[j->clock]);
	return true;
}

static void settle(struct pl_join *j, const enum verdict *verdict, const enum pl_loss *cause,
		   struct pl_joint *out)
{
	struct pl_slot *moment = pl_pad_waiting(j, &j->pads[j->clock], 0);

	*out = (struct pl_joint){.begins = !j->begun,
				 .t_est_ns = j->begun && j->last_est_ns > moment->t_est_ns
						     ? j->last_est_ns
						     : moment->t_est_ns,
				 .t_mono_ns = j->begun ? j->last_mono_ns : INT64_MIN};
	for (unsigned i = 0; i < j->n_pads; i++)
		out->part[i] = -1;
	if (j->begun)
		memcpy(out->lost_by, moment->lost, sizeof(out->lost_by));
	for (unsigned i = 0; i < j->n_pads && !out->lost; i++)
		if (verdict[i] == LOST) { /* one frame, whoever else lost it as well */
			out->lost = true;
			out->lost_by[cause[i]]++;
		}
	for (unsigned i = 0; i < j->n_pads; i++)
		take_part(j, i, verdict[i], cause[i], moment, out);
	j->begun = true;
	j->handed_over = false;
	j->last_seq = moment->seq;
	j->last_est_ns = out->t_est_ns;
	j->last_mono_ns = out->t_mono_ns;
}

bool pl_join_next(struct pl_join *j, struct pl_joint *out)
{
	while (have_moment(j)) {
		const struct pl_slot *moment = pl_pad_waiting(j, &j->pads[j->clock], 0);
		enum verdict verdict[PL_PARTS_MAX];
		enum pl_loss cause[PL_PARTS_MAX];
		bool any_lost = false, all_known = true;

		for (unsigned i = 0; i < j->n_pads; i++) {
			verdict[i] = (int)i == j->clock ? TAKE
							: judge(j, &j->pads[i], moment, &cause[i]);
			all_known &= verdict[i] != WAIT;
			any_lost |= verdict[i] == LOST;
		}
		if (!all_known)
			return false;
		if (drop_moment(j, moment->t_est_ns, any_lost))
			continue;
		settle(j, verdict, cause, out);
		return true;
	}
	return false;
}
