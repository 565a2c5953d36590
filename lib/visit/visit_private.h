/* SPDX-License-Identifier: Apache-2.0 */
/* What visit.c (the states) and visit_judge.c (is a trial usable) share. */
#ifndef VISIT_VISIT_PRIVATE_H
#define VISIT_VISIT_PRIVATE_H

#include <plantar/visit.h>

/* Flags, figures and the proposed verdict of a recorded trial. frames_missing: a hole is known. */
void pl_visit_judge(const struct pl_visit *v, struct pl_visit_trial *t, const struct pl_contact *c);
void pl_visit_judge_measured(const struct pl_visit *v, struct pl_visit_trial *t, double force_n);
/* After the flags have changed. */
void pl_visit_propose(struct pl_visit_trial *t);

/* Has the plan's item all it needs? */
bool pl_visit_quota_met(const struct pl_visit *v, const struct pl_visit_item *item);

#endif
