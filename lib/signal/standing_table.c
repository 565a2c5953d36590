/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Standing on force plates: a table is cut into runs in which the same plates are loaded and no
 * row is missing, the longest quiet stretch of any run is taken, and two plates become one centre
 * of pressure by their forces.
 */
#include <math.h>
#include <stdlib.h>

#include "standing_private.h"

enum { HOLE = -1, EMPTY = 0, LOADED = 4 }; /* LOADED + 1: on the left, + 2: on the right */

struct plates {
	const struct pl_table *table;
	double least_n;
	bool two, has_cop, has_force;
	double *ap, *ml, *force; /* both together, [rows] */
	signed char *state;	 /* [rows] */
};

static const double *column(const struct plates *p, enum pl_column c)
{
	return p->table->column[c];
}

/* CoP of both from the CoP of each; a foot that carries next to nothing has none of its own. */
static double recombine(double fl, double l, double fr, double r, double least_n)
{
	if (!isfinite(l) && fl < least_n)
		return r;
	if (!isfinite(r) && fr < least_n)
		return l;
	return (fl * l + fr * r) / (fl + fr);
}

static void take_cop(struct plates *p, size_t i)
{
	double fl, fr;

	if (column(p, PL_COLUMN_AP) && column(p, PL_COLUMN_ML)) {
		p->ap[i] = column(p, PL_COLUMN_AP)[i];
		p->ml[i] = column(p, PL_COLUMN_ML)[i];
		return;
	}
	fl = column(p, PL_COLUMN_LEFT_FORCE)[i];
	fr = column(p, PL_COLUMN_RIGHT_FORCE)[i];
	p->ap[i] = recombine(fl, column(p, PL_COLUMN_LEFT_AP)[i], fr,
			     column(p, PL_COLUMN_RIGHT_AP)[i], p->least_n);
	p->ml[i] = recombine(fl, column(p, PL_COLUMN_LEFT_ML)[i], fr,
			     column(p, PL_COLUMN_RIGHT_ML)[i], p->least_n);
}

static signed char state_of(const struct plates *p, size_t i)
{
	signed char state = LOADED;

	if (p->has_force && !isfinite(p->force[i]))
		return HOLE;
	if (p->has_force && p->force[i] < p->least_n)
		return EMPTY;
	if (p->has_cop && !(isfinite(p->ap[i]) && isfinite(p->ml[i])))
		return HOLE;
	if (p->two && column(p, PL_COLUMN_LEFT_FORCE)[i] >= p->least_n)
		state = (signed char)(state + 1);
	if (p->two && column(p, PL_COLUMN_RIGHT_FORCE)[i] >= p->least_n)
		state = (signed char)(state + 2);
	return state;
}

static void take_rows(struct plates *p)
{
	const double *force = column(p, PL_COLUMN_FORCE);

	for (size_t i = 0; i < p->table->rows; i++) {
		if (p->two)
			p->force[i] = column(p, PL_COLUMN_LEFT_FORCE)[i] +
				      column(p, PL_COLUMN_RIGHT_FORCE)[i];
		else if (force)
			p->force[i] = force[i];
		if (p->has_cop)
			take_cop(p, i);
		p->state[i] = state_of(p, i);
	}
}

/* Are rows missing before this one? */
static bool jumped(const struct plates *p, size_t i)
{
	const double *time = column(p, PL_COLUMN_TIME);

	return time && i > 0 && !(time[i] - time[i - 1] <= 1.5 / p->table->rate_hz);
}

struct stretch {
	size_t from, n;
	bool gap;
};

static void find_stretch(const struct plates *p, const struct pl_standing_options *o,
			 struct stretch *best)
{
	size_t rows = p->table->rows;

	for (size_t a = 0, b; a < rows; a = b) {
		bool hole_before = jumped(p, a) || (a > 0 && p->state[a - 1] == HOLE), hole_after;
		size_t from, n;

		for (b = a + 1; b < rows && p->state[b] == p->state[a] && !jumped(p, b);)
			b++;
		if (p->state[a] < LOADED)
			continue;
		hole_after = b < rows && (jumped(p, b) || p->state[b] == HOLE);
		n = pl_standing_quiet(p->has_force ? p->force + a : NULL, b - a, p->table->rate_hz,
				      a > 0 && !hole_before, b < rows && !hole_after, o, &from);
		if (n > best->n)
			*best = (struct stretch){
				.from = a + from,
				.n = n,
				.gap = (hole_before && from == 0) ||
				       (hole_after && from + n == b - a),
			};
	}
}

static const double *part_of(const double *x, size_t from)
{
	return x ? x + from : NULL;
}

static int compute(const struct plates *p, const struct stretch *stretch,
		   const struct pl_standing_options *o, struct pl_standing *standing,
		   struct pl_error *err)
{
	struct pl_standing_samples s = {.n = stretch->n, .rate_hz = p->table->rate_hz};

	if (p->has_cop) {
		s.ap_mm = p->ap + stretch->from;
		s.ml_mm = p->ml + stretch->from;
	}
	if (p->has_force)
		s.force[PL_STANDING_ALL] = p->force + stretch->from;
	if (p->two) {
		s.force[PL_STANDING_LEFT] = part_of(column(p, PL_COLUMN_LEFT_FORCE), stretch->from);
		s.force[PL_STANDING_RIGHT] =
			part_of(column(p, PL_COLUMN_RIGHT_FORCE), stretch->from);
	}
	if (pl_standing_compute(&s, o, standing, err) < 0)
		return -1;
	standing->from_s = (double)stretch->from / s.rate_hz;
	standing->to_s = (double)(stretch->from + stretch->n) / s.rate_hz;
	standing->flags |= stretch->gap ? PL_STANDING_GAP : 0u;
	return 1;
}

static int stand(struct plates *p, const struct pl_standing_options *o,
		 struct pl_standing *standing, struct pl_error *err)
{
	struct stretch stretch = {.n = 0};

	take_rows(p);
	find_stretch(p, o, &stretch);
	return stretch.n ? compute(p, &stretch, o, standing, err) : 0;
}

int pl_standing_table(const struct pl_table *table, const struct pl_standing_options *o,
		      struct pl_standing *standing, struct pl_error *err)
{
	double *const *c = table->column;
	struct plates p = {.table = table, .least_n = pl_standing_force_min(o)};
	int result;

	p.two = c[PL_COLUMN_LEFT_FORCE] && c[PL_COLUMN_RIGHT_FORCE];
	p.has_force = p.two || c[PL_COLUMN_FORCE];
	p.has_cop = (c[PL_COLUMN_AP] && c[PL_COLUMN_ML]) ||
		    (p.two && c[PL_COLUMN_LEFT_AP] && c[PL_COLUMN_LEFT_ML] &&
		     c[PL_COLUMN_RIGHT_AP] && c[PL_COLUMN_RIGHT_ML]);
	if (!(table->rate_hz > 0 && isfinite(table->rate_hz)))
		return pl_error_set(err, PL_EUSAGE, 0,
				    "the table has no sampling rate; give one with --rate");
	if (table->rows == 0 || !(p.two || p.has_cop))
		return 0;
	p.ap = malloc(3 * table->rows * sizeof(*p.ap));
	p.state = malloc(table->rows);
	if (p.ap && p.state) {
		p.ml = p.ap + table->rows;
		p.force = p.ml + table->rows;
		result = stand(&p, o, standing, err);
	} else {
		result = pl_error_set(err, PL_ENOMEM, 0, "out of memory for %zu rows", table->rows);
	}
	free(p.ap);
	free(p.state);
	return result;
}
