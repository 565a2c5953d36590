/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A step is a stance of a foot. The foot is known, from the first pass; when it stands is seen
 * frame by frame in the second, and its figures take the whole stance: heel-off is a share of a
 * duration that is known at the end only. So each stance is collected, and when it is over it is
 * turned into a step and forgotten. Somebody who stands never leaves the ground: after
 * stance_max_s it is no step and nothing more is collected, so memory is bounded by the feet that
 * are on the mat at the same time.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "analysis_private.h"
#include "cop.h"

#define SAMPLES_MAX 262144  /* of a stance, whatever the time stamps say */
#define SATURATED_MAX_PCT 2 /* of a foot's cells in contact: more rejects the step */

/* ---- collecting ----------------------------------------------------------------------------- */

static void stance_free(struct pl_stance *s)
{
	if (s)
		free(s->sample);
	free(s);
}

void pl_stances_free(struct pl_analysis *a)
{
	for (uint32_t i = 0; i < a->stances.n; i++)
		stance_free(a->stances.open[i]);
	free(a->stances.open);
	a->stances = (struct pl_stances){0};
}

static struct pl_stance *stance_new(struct pl_analysis *a, uint32_t foot)
{
	struct pl_stances *list = &a->stances;
	uint32_t cap = list->cap ? 2 * list->cap : 16;
	struct pl_stance *s, **more;

	if (list->n == list->cap) {
		more = realloc(list->open, cap * sizeof(struct pl_stance *));
		if (!more)
			return NULL;
		list->open = more;
		list->cap = cap;
	}
	s = calloc(1, sizeof(*s));
	if (!s)
		return NULL;
	s->foot = foot;
	s->on = s->off = PL_NO_SAMPLE;
	list->open[list->n++] = s;
	a->foot[foot].stance = s;
	return s;
}

static struct pl_stance_sample *sample_new(struct pl_analysis *a, struct pl_stance *s)
{
	size_t cap = s->cap ? 2 * s->cap : 128;
	struct pl_stance_sample *more;

	if (s->on == PL_NO_SAMPLE && s->n > 1) { /* one from before the onset is enough */
		s->sample[0] = s->sample[1];
		return &s->sample[1];
	}
	if (s->n == s->cap) {
		more = realloc(s->sample, cap * sizeof(*more));
		if (!more) {
			a->nomem = true;
			return NULL;
		}
		s->sample = more;
		s->cap = cap;
	}
	return &s->sample[s->n++];
}

/* Of a foot that carries nothing. */
static struct pl_stance_sample empty_sample(double t_s)
{
	return (struct pl_stance_sample){.t_s = t_s,
					 .x = NAN,
					 .y = NAN,
					 .along = NAN,
					 .across = NAN,
					 .heel = NAN,
					 .mid = NAN,
					 .fore = NAN,
					 .heel_medial = NAN};
}

static double region_force(const struct pl_analysis *a, const struct pl_foot *foot, unsigned atoms)
{
	return atoms ? a->factor * pl_atoms_sum(foot->atom, atoms) : NAN;
}

static void take_sample(const struct pl_analysis *a, const struct pl_foot *foot,
			struct pl_stance_sample *now)
{
	const struct pl_geometry *g = &a->geometry;
	const struct pl_shape *shape = &foot->shape;
	unsigned medial = foot->atoms[PL_REGION_HEEL_AM] | foot->atoms[PL_REGION_HEEL_PM];
	double x, y;

	now->force = a->factor * foot->sum;
	if (!foot->ready || !(foot->sum > 0))
		return;
	now->x = pl_x_m(g, foot->sum_col / foot->sum);
	now->y = pl_y_m(g, foot->sum_row / foot->sum);
	now->y += a->belt ? a->belt->residual_m : 0;
	x = now->x - shape->ox;
	y = now->y - shape->oy;
	now->along = x * shape->ax + y * shape->ay;
	now->across = x * shape->ay - y * shape->ax;
	now->heel = region_force(a, foot, foot->atoms[PL_REGION_HEEL]);
	now->mid = region_force(a, foot, foot->atoms[PL_REGION_MIDFOOT]);
	now->fore = region_force(a, foot, foot->atoms[PL_REGION_FOREFOOT]);
	now->heel_medial = region_force(a, foot, medial);
}

/* ---- a stance is over ----------------------------------------------------------------------- */

static int stance_step(struct pl_analysis *a, const struct pl_stance *s)
{
	const struct pl_gait_options *o = &a->options.gait;
	double *t = malloc(2 * s->n * sizeof(*t)), *force;
	struct pl_stance_curve c;
	struct pl_step step;
	uint32_t kept;

	if (!t)
		return -1;
	force = t + s->n;
	for (size_t k = 0; k < s->n; k++) {
		t[k] = s->sample[k].t_s;
		force[k] = s->sample[k].force;
	}
	c = (struct pl_stance_curve){
		.t_s = t,
		.force_n = force,
		.n = s->n,
		.on = s->on,
		.off = s->off,
		.interval_s = pl_analysis_interval_s(a),
	};
	pl_step_clear(&step);
	step.foot = (int)s->foot;
	step.side = a->foot[s->foot].side;
	step.rejected = s->seen;
	step.saturated_pct = s->saturated_pct;
	pl_step_from_curve(&step, &c);
	free(t);
	if (step.contact_time_s < o->stance_min_s || step.contact_time_s > o->stance_max_s)
		return 0;
	if (a->belt ||
	    o->treadmill != PL_TREADMILL_YES) /* a print that moves over the cells is none */
		pl_stance_figures(a, s, &step);
	kept = a->gait.n;
	if (pl_gait_add(&a->gait, &step) < 0)
		return -1;
	if (a->gait.n > kept)
		pl_album_stance(a, s);
	return 0;
}

/* Ends the i-th open stance; [on, off) of it is a step. */
static void close_stance(struct pl_analysis *a, uint32_t i)
{
	struct pl_stance *s = a->stances.open[i];

	if (s->on != PL_NO_SAMPLE && !s->endless) {
		if (s->off == PL_NO_SAMPLE)
			s->off = s->n;
		if (stance_step(a, s) < 0)
			a->nomem = true;
	}
	a->foot[s->foot].stance = NULL;
	stance_free(s);
	a->stances.open[i] = a->stances.open[--a->stances.n];
}

void pl_stances_break(struct pl_analysis *a, bool over)
{
	while (a->stances.n) {
		struct pl_stance *s = a->stances.open[a->stances.n - 1];

		if (s->off == PL_NO_SAMPLE)
			s->seen |= over ? PL_REJECT_CUT_END : PL_REJECT_GAP;
		close_stance(a, a->stances.n - 1);
	}
}

/* ---- a frame -------------------------------------------------------------------------------- */

/* Share of the foot's cells in contact that are at full scale. */
static double saturated_pct(const struct pl_analysis *a, uint32_t k)
{
	const struct pl_foot *foot = &a->foot[k];
	unsigned full = 0;

	if (!a->full || foot->top < a->full_least || !foot->cells)
		return 0;
	for (uint32_t i = 0; i < a->parts.n; i++) {
		const struct pl_part *part = &a->parts.part[i];
		size_t at = (size_t)part->row * a->geometry.cols;

		for (size_t c = at + part->c0; part->foot == k && c < at + part->c1; c++)
			full += a->full[c] > 0 && a->cells.value[c] >= a->full[c];
	}
	return 100.0 * full / foot->cells;
}

static void begin_stances(struct pl_analysis *a, double t_s, double dt_s)
{
	for (uint32_t i = 0; i < a->parts.feet; i++) {
		uint32_t k = a->parts.foot[i];
		struct pl_stance_sample *before;
		struct pl_stance *s;

		if (a->foot[k].stance || !(a->foot[k].sum > 0))
			continue;
		s = stance_new(a, k);
		if (!s) {
			a->nomem = true;
			return;
		}
		before = dt_s > 0 ? sample_new(a, s) : NULL;
		if (before)
			*before = empty_sample(t_s - dt_s);
		if (dt_s <= 0 && pl_foot_loaded(a, &a->foot[k], false))
			s->seen |= a->frames == 1 ? PL_REJECT_CUT_ONSET : PL_REJECT_GAP;
	}
}

/* Appends this frame. Returns true when the stance is over. */
static bool follow_stance(struct pl_analysis *a, struct pl_stance *s, double t_s)
{
	const struct pl_foot *foot = &a->foot[s->foot];
	const struct pl_gait_options *o = &a->options.gait;
	bool here = foot->frame == a->frames && foot->sum > 0;
	bool was = s->on != PL_NO_SAMPLE && s->off == PL_NO_SAMPLE;
	bool now = here && pl_foot_loaded(a, foot, was);
	struct pl_stance_sample *sample;

	if (s->on == PL_NO_SAMPLE && !here)
		return true; /* never got heavy enough */
	if (s->endless)
		return !here;
	sample = sample_new(a, s);
	if (!sample)
		return false;
	*sample = empty_sample(t_s);
	if (here)
		take_sample(a, foot, sample);
	if (now && s->on == PL_NO_SAMPLE)
		s->on = s->n - 1;
	if (now) {
		s->off = PL_NO_SAMPLE;
		s->saturated_pct = fmax(s->saturated_pct, saturated_pct(a, s->foot));
	} else if (s->on != PL_NO_SAMPLE && s->off == PL_NO_SAMPLE) {
		s->off = s->n - 1;
	}
	if (s->on == PL_NO_SAMPLE)
		return false;
	if (t_s - s->sample[s->on].t_s > o->stance_max_s + o->swing_min_s || s->n >= SAMPLES_MAX) {
		s->endless = true;
		free(s->sample);
		s->sample = NULL;
		return !here;
	}
	return s->off != PL_NO_SAMPLE && t_s - s->sample[s->off].t_s >= o->swing_min_s - 1e-9;
}

void pl_stances_frame(struct pl_analysis *a, double dt_s)
{
	double t_s;

	if (!a->stances.started) {
		a->stances.started = true;
		a->stances.start_ns = a->t_ns;
	}
	t_s = (double)(a->t_ns - a->stances.start_ns) * 1e-9;
	begin_stances(a, t_s, dt_s);
	for (uint32_t i = a->stances.n; i-- > 0;)
		if (follow_stance(a, a->stances.open[i], t_s))
			close_stance(a, i);
}

/* ---- all stances ---------------------------------------------------------------------------- */

static void judge(struct pl_analysis *a, struct pl_step *s)
{
	const struct pl_foot *foot = &a->foot[s->foot];
	unsigned cut = s->rejected & (PL_REJECT_CUT_ONSET | PL_REJECT_CUT_END);

	if (a->options.gait.treadmill != PL_TREADMILL_YES) { /* a platform: remarked on only */
		s->rejected &= ~cut;
		s->flags |= cut;
	}
	if (foot->partial && a->options.side == PL_SIDE_UNKNOWN && !a->options.insole_cols)
		s->rejected |= PL_REJECT_PARTIAL;
	if (foot->touched)
		s->rejected |= PL_REJECT_TWO_FEET;
	if (s->saturated_pct > SATURATED_MAX_PCT)
		s->rejected |= PL_REJECT_SATURATED;
	else if (s->saturated_pct > 0)
		s->flags |= PL_REJECT_SATURATED;
}

void pl_stances_finish(struct pl_analysis *a)
{
	for (uint32_t k = 0; k < a->gait.n; k++)
		judge(a, &a->gait.step[k]);
	a->gait.treadmill = a->options.gait.treadmill == PL_TREADMILL_YES;
	pl_gait_reject(&a->gait, &a->options.gait.rejections);
	pl_gait_sum_up(&a->gait);
	pl_progression(a);
}
