/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Feet that touch, or stand so close that pieces of one were taken for the other's. With all that
 * both have touched in the recording they are cut apart once more; where no cut can be found, or
 * what it leaves is no foot, neither is known: a heel that is taken with the other foot's forefoot
 * makes a print that looks like a foot, of the wrong side.
 */
#include <math.h>
#include <stdlib.h>

#include "analysis_private.h"
#include "cop.h"

/* A mat that two feet stand on, and not an insole, a recording of one foot or a belt. */
static bool many_feet(const struct pl_analysis *a)
{
	return a->options.side == PL_SIDE_UNKNOWN && !a->options.insole_cols && !a->belt;
}

/* ---- cut apart once more -------------------------------------------------------------------- */

static bool side_of_cut(const struct pl_analysis *a, const struct pl_print *p,
			const struct pl_cut *cut)
{
	uint32_t beyond = 0;

	for (unsigned r = p->r0; r < p->r1; r++)
		for (unsigned c = p->c0; c < p->c1; c++)
			beyond += *pl_print_at(p, r, c) >= 0 &&
				  pl_cut_beyond(cut, pl_x_m(&a->geometry, c),
						pl_y_m(&a->geometry, r));
	return 2 * beyond > p->cells;
}

/* Cells of `from` on that side of the cut into `half`. */
static void put_side(const struct pl_analysis *a, struct pl_print *half,
		     const struct pl_print *from, const struct pl_cut *cut, bool beyond)
{
	const struct pl_geometry *g = &a->geometry;

	for (unsigned r = from->r0; r < from->r1; r++)
		for (unsigned c = from->c0; c < from->c1; c++)
			if (*pl_print_at(from, r, c) >= 0 &&
			    pl_cut_beyond(cut, pl_x_m(g, c), pl_y_m(g, r)) == beyond)
				pl_print_put(half, g, r, c, *pl_print_at(from, r, c));
}

/* Both prints anew, on either side of the cut. */
static int exchange(const struct pl_analysis *a, struct pl_print *p, struct pl_print *q,
		    const struct pl_cut *cut, bool p_beyond)
{
	struct pl_print *print[2] = {p, q}, half[2];

	for (int k = 0; k < 2; k++) {
		if (pl_print_new(&half[k], p->r0 < q->r0 ? p->r0 : q->r0,
				 p->r1 > q->r1 ? p->r1 : q->r1, p->c0 < q->c0 ? p->c0 : q->c0,
				 p->c1 > q->c1 ? p->c1 : q->c1) < 0) {
			if (k)
				free(half[0].peak);
			return -1;
		}
		put_side(a, &half[k], p, cut, k ? !p_beyond : p_beyond);
		put_side(a, &half[k], q, cut, k ? !p_beyond : p_beyond);
	}
	for (int k = 0; k < 2; k++) {
		free(print[k]->peak);
		*print[k] = half[k];
	}
	return 0;
}

/* Stood on at the same time, and one lies within what the other reaches around. */
static bool entangled(const struct pl_analysis *a, const struct pl_foot *p, const struct pl_foot *q)
{
	return pl_feet_together(p, q) && pl_hull_gap(&p->print.hull, &q->print.hull) <= 0 &&
	       !pl_feet_one_sized(&a->feet, &p->print.hull, &q->print.hull);
}

/* Where nothing says which cells are whose, neither is known. */
static int disentangle(struct pl_analysis *a, struct pl_foot *p, struct pl_foot *q)
{
	struct pl_cut cut;
	bool beyond;

	pl_print_points(a, &p->print);
	pl_print_add_points(a, &q->print);
	if (pl_cut_find(&a->feet.points, &cut)) {
		beyond = side_of_cut(a, &p->print, &cut);
		if (beyond != side_of_cut(a, &q->print, &cut))
			return exchange(a, &p->print, &q->print, &cut, beyond);
	}
	p->torn = q->torn = true;
	return 0;
}

/* Feet that touched were cut apart by what they had touched until then: now by all of it. */
int pl_analysis_cut_again(struct pl_analysis *a)
{
	if (!many_feet(a))
		return 0;
	for (uint32_t i = 0; i < a->n_feet; i++)
		for (uint32_t k = i + 1; k < a->n_feet; k++)
			if (entangled(a, &a->foot[i], &a->foot[k]) &&
			    disentangle(a, &a->foot[i], &a->foot[k]) < 0)
				return -1;
	return 0;
}

/* ---- what is no foot ------------------------------------------------------------------------ */

/* Two forefeet side by side, two heels that touch, or half of either: too broad, or too short for a
 * foot. */
static bool misshapen(const struct pl_analysis *a, const struct pl_foot *foot)
{
	double slack = fmax(a->geometry.pitch_row_m, a->geometry.pitch_col_m);

	return foot->shape.length_m < PL_FOOT_MIN_LENGTH_M ||
	       (foot->touched && foot->shape.width_m > PL_FOOT_MAX_WIDTH_M + slack);
}

/* What is missing of the one, and the mat's edge has not cut off, is perhaps with the other. */
static bool mixed_up(const struct pl_analysis *a, const struct pl_foot *p, const struct pl_foot *q)
{
	return pl_feet_together(p, q) && !pl_feet_apart(&p->print.hull, &q->print.hull) &&
	       (misshapen(a, p) || misshapen(a, q)) && !pl_print_at_edge(a, &p->print) &&
	       !pl_print_at_edge(a, &q->print);
}

/* Feet whose cells cannot be told apart: what an operator said of the facing stands. */
void pl_analysis_doubt_torn(struct pl_analysis *a)
{
	for (uint32_t i = 0; many_feet(a) && i < a->n_feet; i++)
		for (uint32_t k = i + 1; k < a->n_feet; k++)
			if (mixed_up(a, &a->foot[i], &a->foot[k]))
				a->foot[i].torn = a->foot[k].torn = true;
	for (uint32_t k = 0; k < a->n_feet; k++) {
		struct pl_foot *foot = &a->foot[k];

		if (!foot->torn || foot->facing_source == PL_SOURCE_GIVEN)
			continue;
		foot->ready = foot->oriented = false;
		foot->fx = foot->fy = 0;
		foot->facing_source = PL_SOURCE_NONE;
	}
}
