/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What has to be settled before somebody steps on the mat: who it is, in which order conditions
 * come, and whether anything speaks against loading the foot. The last may come up later too, so
 * the checklist can be answered again; it can only become longer.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "visit_private.h"

#define ALL_RED ((1u << PL_RED_FLAGS) - 1)

/* Items of the plan for so many conditions in a row. */
static unsigned plan_length(const struct pl_protocol *p, unsigned n_order)
{
	unsigned once = 0;

	for (unsigned i = 0; i < p->n_steps; i++)
		once += p->steps[i].once;
	return once + n_order * (p->n_steps - once);
}

static void make_plan(struct pl_visit *v)
{
	const struct pl_protocol *p = v->protocol;

	v->n_items = 0;
	for (unsigned i = 0; i < v->n_order; i++)
		for (unsigned k = 0; k < p->n_steps; k++)
			if (i == 0 || !p->steps[k].once)
				v->plan[v->n_items++] =
					(struct pl_visit_item){.step = k, .condition = v->order[i]};
}

static int check_begin(const struct pl_visit *v, const struct pl_protocol *p,
		       const struct pl_visit_setup *s, struct pl_error *err)
{
	if (pl_visit_active(v))
		return pl_error_set(err, PL_ESTATE, 0,
				    "%s is under way (%s); finish or abort it first",
				    v->protocol->id, pl_visit_state_name(v->state));
	if (v->recording)
		return pl_error_set(err, PL_EBUSY, 0,
				    "the last recording is just being closed; try again");
	if (plan_length(p, s->n_conditions * (s->order == PL_ORDER_ABBA ? 2 : 1)) >
	    PL_VISIT_PLAN_MAX)
		return pl_error_set(err, PL_EUSAGE, 0,
				    "%u conditions make more than %d steps; compare fewer at once",
				    s->n_conditions, PL_VISIT_PLAN_MAX);
	if (p->subject && !*s->subject)
		return pl_error_set(err, PL_EUSAGE, 0, "%s needs a subject: a code, never a name",
				    p->id);
	if (pl_protocol_needs_mass(p) && isnan(s->body_mass_kg))
		return pl_error_set(
			err, PL_EUSAGE, 0,
			"%s compares force with body weight: body_mass_kg (--mass) is needed",
			p->id);
	return 0;
}

int pl_visit_begin(struct pl_visit *v, const struct pl_protocol *p, const struct pl_visit_setup *s,
		   struct pl_error *err)
{
	struct pl_visit_trial *trials = v->trials;
	struct pl_visit was = *v;

	if (check_begin(v, p, s, err))
		return -1;
	*v = (struct pl_visit){
		.protocol = p,
		.setup = *s,
		.now_ns = was.now_ns,
		.now_utc_ns = was.now_utc_ns,
		.began_utc_ns = was.now_utc_ns,
		.red_ticked = s->red_ticked,
		.red_overridden = s->red_overridden,
		.pain_first = NAN,
		.pain_last = NAN,
		.changes = was.changes,
		.trials = trials,
	};
	memcpy(v->override_name, s->override_name, sizeof(v->override_name));
	memcpy(v->override_reason, s->override_reason, sizeof(v->override_reason));
	v->n_order = pl_protocol_order(s->order, s->n_conditions, s->seed, v->order);
	make_plan(v);
	if (p->dynamic)
		pl_visit_enter(v, PL_VISIT_RED_FLAGS);
	else
		pl_visit_enter_step(v, 0);
	return 0;
}

/* ---- going on with one ---- */

static bool fits(const struct pl_visit *v)
{
	for (unsigned i = 0; i < v->n_trials; i++)
		if (v->trials[i].item >= v->n_items ||
		    v->protocol->steps[v->plan[v->trials[i].item].step].kind == PL_STEP_WAIT)
			return false;
	if (!pl_visit_active(v) || v->at >= v->n_items)
		return false;
	if (v->state == PL_VISIT_RED_FLAGS || v->state == PL_VISIT_READY ||
	    v->state == PL_VISIT_REST)
		return true;
	/* all others are of a trial that has no verdict yet */
	return (v->n_trials > 0 && v->trials[v->n_trials - 1].item == v->at &&
		v->trials[v->n_trials - 1].verdict == PL_VERDICT_NONE);
}

/* The quotas again, from the trials. */
static void count(struct pl_visit *v)
{
	for (unsigned i = 0; i < v->n_trials; i++) {
		const struct pl_visit_trial *t = &v->trials[i];
		struct pl_visit_item *item = &v->plan[t->item];

		item->rejected += t->verdict == PL_VERDICT_REJECTED;
		item->accepted += t->verdict == PL_VERDICT_ACCEPTED;
		for (int side = 0; side < 3 && t->verdict == PL_VERDICT_ACCEPTED; side++)
			item->strikes[side] += t->strikes[side];
	}
}

int pl_visit_resume(struct pl_visit *v, const struct pl_visit_left *left, struct pl_error *err)
{
	double rest_s = left->rest_s - left->idle_s;

	if (v->n_order == 0 || plan_length(v->protocol, v->n_order) > PL_VISIT_PLAN_MAX)
		return pl_error_set(err, PL_EFORMAT, 0, "its conditions do not fit the protocol");
	make_plan(v);
	for (unsigned i = 0; i < v->n_items; i++)
		v->plan[i].skipped = left->skipped >> i & 1;
	if (!fits(v))
		return pl_error_set(err, PL_EFORMAT, 0, "its trials do not fit the protocol");
	count(v);
	if (left->since_end_s + left->idle_s >= 0 && left->since_end_s + left->idle_s < 1e9)
		v->last_end_ns = v->now_ns - (int64_t)((left->since_end_s + left->idle_s) * 1e9);
	v->until_ns = v->now_ns + (rest_s > 0 && rest_s < 1e6 ? (int64_t)(rest_s * 1e9) : 0);
	pl_visit_interrupt(v, "interrupted: plantard ended during the trial");
	if (pl_visit_locked(v) || (v->protocol->dynamic && !v->red_asked))
		pl_visit_enter(v, PL_VISIT_RED_FLAGS);
	v->changes++;
	return 0;
}

/* ---- the checklist ---- */

int pl_visit_red_flags(struct pl_visit *v, unsigned ticked, struct pl_error *err)
{
	if (v->state != PL_VISIT_RED_FLAGS && v->state != PL_VISIT_READY &&
	    v->state != PL_VISIT_REST)
		return pl_visit_not_now(v, "red-flags", err);
	v->red_asked = ALL_RED;
	v->red_ticked |= ticked; /* a tick is taken back by nobody but a person with a name */
	v->changes++;
	if (pl_visit_locked(v))
		pl_visit_enter(v, PL_VISIT_RED_FLAGS);
	else if (v->state == PL_VISIT_RED_FLAGS)
		pl_visit_enter_step(v, 0);
	return 0;
}

int pl_visit_override(struct pl_visit *v, const char *name, const char *reason,
		      struct pl_error *err)
{
	if (v->state != PL_VISIT_RED_FLAGS)
		return pl_visit_not_now(v, "override", err);
	if (!v->red_asked)
		return pl_error_set(err, PL_ESTATE, 0,
				    "override: answer the checklist first (red-flags)");
	if (!name[strspn(name, " ")] || !reason[strspn(reason, " ")])
		return pl_error_set(err, PL_EUSAGE, 0,
				    "override: the name of who decides and the reason are needed");
	snprintf(v->override_name, sizeof(v->override_name), "%s", name);
	snprintf(v->override_reason, sizeof(v->override_reason), "%s", reason);
	v->red_overridden |= v->red_ticked;
	pl_visit_enter_step(v, 0);
	return 0;
}
