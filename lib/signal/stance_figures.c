/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a stance of a foot says beyond its force: with which part it landed, how long the heel
 * carried, where the load went, how the centre of pressure ran. Everything is measured along the
 * foot's own axis, so that a foot turned out is not another foot.
 */
#include <math.h>

#include "analysis_private.h"

#define STRIKE_S 0.010	  /* the landing, or two frames if they are longer */
#define HEEL_LOAD_N 5	  /* below: the heel is off */
#define EARLY_STANCE 0.2  /* of stance: excursion across the foot */
#define CPEI_LEVEL 2 / 3. /* of the foot's length: where its distal third begins */

/* The stance as figures see it. */
struct part {
	const struct pl_stance_sample *s;
	size_t on, off;
	double onset_s, time_s, end_s;
};

/* How long sample k counts: until the next one. */
static double lasts(const struct part *p, size_t k)
{
	return (k + 1 < p->off ? p->s[k + 1].t_s : p->end_s) - p->s[k].t_s;
}

static void strike(const struct pl_analysis *a, const struct part *p, const struct pl_foot *foot,
		   struct pl_step *step)
{
	double until = p->onset_s + fmax(STRIKE_S, 2 * pl_analysis_interval_s(a)) - 1e-9, sum = 0;
	unsigned n = 0;

	for (size_t k = p->on; k < p->off && p->s[k].t_s < until; k++, n++)
		sum += p->s[k].along;
	step->strike_index_pct = n ? 100 * sum / n / foot->shape.length_m : NAN;
	step->strike_index_first_pct =
		pl_footprint_along_mat_pct(a, foot, p->s[p->on].x, p->s[p->on].y);
	step->strike = pl_strike_of(step->strike_index_pct);
}

static bool heel_loaded(const struct pl_analysis *a, const struct pl_stance_sample *s)
{
	return a->calibrated ? s->heel >= HEEL_LOAD_N : s->heel > 0;
}

static void heel(const struct pl_analysis *a, const struct part *p, double border_m,
		 struct pl_step *step)
{
	double cop_s = 0;

	step->heel_contact_s = 0;
	for (size_t k = p->on; k < p->off; k++) {
		if (heel_loaded(a, &p->s[k])) {
			step->heel_contact_s += lasts(p, k);
			step->heel_off_pct = 100 * (p->s[k].t_s - p->onset_s) / p->time_s;
		}
		if (p->s[k].along < border_m)
			cop_s += lasts(p, k);
	}
	step->rearfoot_cop_time_pct = 100 * cop_s / p->time_s;
}

static void shares(const struct part *p, struct pl_step *step)
{
	double whole = 0, rear = 0, mid = 0, fore = 0, medial = 0;

	for (size_t k = p->on; k + 1 < p->off; k++) {
		const struct pl_stance_sample *s = &p->s[k], *next = s + 1;
		double half = 0.5 * (next->t_s - s->t_s);

		whole += half * (s->force + next->force);
		rear += half * (s->heel + next->heel);
		mid += half * (s->mid + next->mid);
		fore += half * (s->fore + next->fore);
		medial += half * (s->heel_medial + next->heel_medial);
	}
	if (!(whole > 0))
		return;
	step->heel_impulse_pct = 100 * rear / whole;
	step->mid_impulse_pct = 100 * mid / whole;
	step->fore_impulse_pct = 100 * fore / whole;
	step->heel_medial_pct = rear > 0 ? 100 * medial / rear : NAN;
}

static void excursion(const struct part *p, struct pl_step *step)
{
	double least = INFINITY, most = -INFINITY;

	for (size_t k = p->on;
	     k < p->off && p->s[k].t_s <= p->onset_s + EARLY_STANCE * p->time_s + 1e-9; k++) {
		least = fmin(least, p->s[k].across);
		most = fmax(most, p->s[k].across);
	}
	step->cop_ml_excursion_mm = most >= least ? 1e3 * (most - least) : NAN;
}

/*
 * Song et al. 1996: how far the path of the centre of pressure lies lateral of the straight line
 * between its first and its last point, where it enters the distal third of the foot, measured
 * across the foot; share of the foot's width there.
 */
static void cpei(const struct pl_analysis *a, const struct pl_foot *foot, const struct part *p,
		 struct pl_step *step)
{
	const struct pl_stance_sample *first = &p->s[p->on], *last = &p->s[p->off - 1];
	double level = CPEI_LEVEL * foot->shape.length_m, path = NAN, line;
	double lateral = foot->side == PL_SIDE_LEFT ? -1 : 1;

	for (size_t k = p->off - 1; k > p->on && isnan(path); k--) {
		const struct pl_stance_sample *b = &p->s[k], *c = b - 1;

		if (c->along < level && b->along >= level)
			path = c->across +
			       (b->across - c->across) * (level - c->along) / (b->along - c->along);
	}
	if (foot->side == PL_SIDE_UNKNOWN || !(last->along > level) || !(first->along < level))
		return;
	line = first->across + (last->across - first->across) * (level - first->along) /
				       (last->along - first->along);
	step->cpei_pct = 100 * lateral * (path - line) / pl_footprint_width(a, foot, level);
}

void pl_stance_figures(const struct pl_analysis *a, const struct pl_stance *stance,
		       struct pl_step *s)
{
	const struct pl_foot *foot = &a->foot[stance->foot];
	struct part p = {
		.s = stance->sample,
		.on = stance->on,
		.off = stance->off,
		.onset_s = s->onset_s,
		.time_s = s->contact_time_s,
		.end_s = s->onset_s + s->contact_time_s,
	};

	if (!foot->ready)
		return;
	strike(a, &p, foot, s);
	heel(a, &p, foot->overlay.frame.cut[1], s);
	shares(&p, s);
	excursion(&p, s);
	pl_footprint_figures(a, foot, s);
	if (a->options.barefoot)
		cpei(a, foot, &p, s);
}
