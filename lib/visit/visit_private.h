/* SPDX-License-Identifier: Apache-2.0 */
/* What visit.c (the states), visit_begin.c (plan, checklist) and visit_judge.c (is a trial usable)
 * share. */
#ifndef VISIT_VISIT_PRIVATE_H
#define VISIT_VISIT_PRIVATE_H

#include <plantar/visit.h>

/* Another state: a change worth telling. */
void pl_visit_enter(struct pl_visit *v, enum pl_visit_state state);
/* The step at `at`, not before rest_ns. */
void pl_visit_enter_step(struct pl_visit *v, int64_t rest_ns);
/* PL_ESTATE: what is not possible in this state. */
int pl_visit_not_now(const struct pl_visit *v, const char *what, struct pl_error *err);

/* Flags, figures and the proposed verdict of a recorded trial. */
void pl_visit_judge(const struct pl_visit *v, struct pl_visit_trial *t, const struct pl_contact *c);
void pl_visit_judge_measured(const struct pl_visit *v, struct pl_visit_trial *t, double force_n);
/* After the flags have changed. */
void pl_visit_propose(struct pl_visit_trial *t);

/* Has the plan's item all it needs? */
bool pl_visit_quota_met(const struct pl_visit *v, const struct pl_visit_item *item);

#endif
