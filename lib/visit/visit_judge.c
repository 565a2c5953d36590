/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An operator who learns next week that a foot was half off the mat cannot repeat the trial. So
 * each is judged at once by what its step asks for, and a verdict is proposed with its reasons;
 * the operator decides.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "visit_private.h"

#define G 9.80665
#define EMPTY_FRAMES_MIN 10 /* fewer say nothing about the empty mat */

static double weight_ratio(const struct pl_visit *v, double force_n)
{
	return force_n / (v->setup.body_mass_kg * G);
}

static bool other_feet(const struct pl_contact *c, const struct pl_protocol_step *s)
{
	uint64_t right = s->feet < 3 ? c->feet[s->feet] : 0;

	return s->feet > 0 && (double)(c->loaded - right) * 100 > s->feet_pct * (double)c->loaded;
}

static bool other_foot(const struct pl_contact *c, enum pl_side side)
{
	int other = side == PL_SIDE_LEFT ? PL_SIDE_RIGHT : PL_SIDE_LEFT;

	return side != PL_SIDE_UNKNOWN && c->side_sum_n[other] > c->side_sum_n[side];
}

/* Newtons where the mat has a calibration; counts have no body weight and no limit in N. */
static void fill_forces(const struct pl_visit *v, struct pl_visit_trial *t,
			const struct pl_contact *c)
{
	if (c->counts) {
		t->force_counts = pl_contact_mean_n(c);
		t->empty_counts = pl_contact_empty_n(c);
		return;
	}
	t->force_n = pl_contact_mean_n(c);
	t->empty_n = pl_contact_empty_n(c);
	t->ratio = weight_ratio(v, t->force_n);
}

static unsigned find(const struct pl_visit_trial *t, const struct pl_protocol_step *s,
		     const struct pl_contact *c)
{
	unsigned strikes = t->strikes[0] + t->strikes[1] + t->strikes[2], found = 0;

	if (c->edge > 0)
		found |= PL_TRIAL_PARTIAL;
	if (c->saturated > 0)
		found |= PL_TRIAL_SATURATED;
	if (c->holes > 0 || t->gap_frames > 0)
		found |= PL_TRIAL_GAP;
	if (c->loaded > 0 && other_feet(c, s))
		found |= PL_TRIAL_FEET;
	if (!c->counts && c->frames - c->loaded >= EMPTY_FRAMES_MIN &&
	    fabs(t->empty_n) > s->drift_n)
		found |= PL_TRIAL_DRIFT;
	if (!c->counts && c->loaded > 0 && !(fabs(t->ratio - 1) * 100 <= s->weight_pct))
		found |= PL_TRIAL_WEIGHT;
	if (strikes < s->strikes_min)
		found |= PL_TRIAL_STRIKES;
	if (other_foot(c, s->side))
		found |= PL_TRIAL_OTHER_FOOT;
	return found;
}

void pl_visit_propose(struct pl_visit_trial *t)
{
	t->proposed = t->flags ? PL_VERDICT_REJECTED : PL_VERDICT_ACCEPTED;
}

void pl_visit_judge(const struct pl_visit *v, struct pl_visit_trial *t, const struct pl_contact *c)
{
	const struct pl_protocol_step *s = &v->protocol->steps[v->plan[t->item].step];

	pl_contact_strikes(c, t->strikes);
	fill_forces(v, t, c);
	t->flags |= find(t, s, c) & (s->checks | PL_TRIAL_GAP);
	if (t->seconds < s->seconds_min - 1e-6 && !(t->flags & PL_TRIAL_NO_CONTACT))
		t->flags |= PL_TRIAL_SHORT;
	pl_visit_propose(t);
}

void pl_visit_judge_measured(const struct pl_visit *v, struct pl_visit_trial *t, double force_n)
{
	const struct pl_protocol_step *s = &v->protocol->steps[v->plan[t->item].step];

	if (s->kind == PL_STEP_TARE) {
		t->empty_n = force_n;
		/* Who tares a person records nonsense from then on. */
		if (fabs(force_n) > s->drift_n)
			t->flags |= PL_TRIAL_DRIFT;
	} else {
		t->force_n = force_n;
		t->ratio = weight_ratio(v, force_n);
		if (!(fabs(t->ratio - 1) * 100 <= s->weight_pct))
			t->flags |= PL_TRIAL_WEIGHT;
	}
	pl_visit_propose(t);
}

bool pl_visit_quota_met(const struct pl_visit *v, const struct pl_visit_item *item)
{
	const struct pl_protocol_step *s = &v->protocol->steps[item->step];

	return item->accepted >= s->trials && item->strikes[PL_SIDE_LEFT] >= s->strikes_per_foot &&
	       item->strikes[PL_SIDE_RIGHT] >= s->strikes_per_foot;
}
