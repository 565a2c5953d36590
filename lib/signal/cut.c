/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Two feet that touch are one piece of loaded cells. People stand like that with their feet
 * together, with their heels together and their toes apart, or heel to toe: in each case a straight
 * line runs between the feet, and there is less load along it than beside it, for feet are round
 * and press least at their borders. So of all lines in 32 directions, a cell apart, the one with
 * the least load along it is taken that leaves what can be a foot on either side: as long and as
 * broad as feet are, both about equally long and equally large.
 *
 * Directions and offsets lie so that a mirrored print, or one turned by a right angle, has the
 * mirrored or turned lines, and so that no line goes through the middle of a cell of a print that
 * lies along the mat.
 */
#include "cut.h"

#include <math.h>

#include "hull.h"

#define DIRECTIONS 32
#define OFFSETS 256
#define MINIMA 2	  /* lines kept of each direction */
#define ALIKE_CELLS 0.55  /* the smaller foot's area / the other's */
#define ALIKE_LENGTH 0.75 /* the same of their lengths */
#define LENGTH_MAX_M 0.33 /* from here on as for one foot, feet.c */
#define WIDTH_MAX_M 0.14
#define SLENDER_MIN 1.5	  /* the box around a foot, which may lie 5 degrees off */
#define PARALLEL_COS 0.25 /* toes turned out: up to 75 degrees between the feet */
#define BROADER 0.25	  /* pl_shape.heel_score of each half */
#define UNLIKE_COSTS 4.0  /* halves unlike each other by a tenth: half as much load again */
#define VALLEY 0.7	  /* load along the line / the greatest beside it, on both sides */

struct line {
	struct pl_cut cut;
	double load, off; /* off: cells more on one side than on the other */
};

/* What lies along lines of one direction. */
struct fan {
	double nx, ny, first, step;
	int n;
	double load[OFFSETS]; /* sum of the cells' greatest values within a step, per m */
	size_t before[OFFSETS + 1];
};

static void lay_fan(struct pl_points *pts, int direction, struct fan *fan)
{
	double angle = direction * M_PI / DIRECTIONS, lo = INFINITY, hi = -INFINITY;

	fan->nx = cos(angle);
	fan->ny = sin(angle);
	fan->step = fmax(fabs(fan->nx) * pts->pitch_x, fabs(fan->ny) * pts->pitch_y);
	for (size_t i = 0; i < pts->n; i++) {
		pts->s[i] = fan->nx * pts->x[i] + fan->ny * pts->y[i];
		lo = fmin(lo, pts->s[i]);
		hi = fmax(hi, pts->s[i]);
	}
	fan->step = fmax(fan->step, (hi - lo) / (OFFSETS - 1));
	fan->n = (int)round((hi - lo) / fan->step);
	if (fan->n < 1)
		return;
	fan->step = (hi - lo) / fan->n;
	fan->first = lo + 0.5 * fan->step;
}

/* Line k goes through first + k * step. A cell counts for the lines within a step of its middle. */
static void sum_fan(const struct pl_points *pts, struct fan *fan)
{
	for (int k = 0; k <= fan->n; k++) {
		fan->load[k < fan->n ? k : 0] = 0;
		fan->before[k] = 0;
	}
	for (size_t i = 0; i < pts->n; i++) {
		double at = (pts->s[i] - fan->first) / fan->step;
		int k = (int)floor(at);
		double part = at - k;

		if (k >= 0 && k < fan->n)
			fan->load[k] += (1 - part) * pts->p[i] / fan->step;
		if (k + 1 >= 0 && k + 1 < fan->n)
			fan->load[k + 1] += part * pts->p[i] / fan->step;
		fan->before[k + 1 < 0 ? 0 : k + 1 > fan->n ? fan->n : k + 1]++;
	}
	for (int k = 1; k <= fan->n; k++)
		fan->before[k] += fan->before[k - 1];
}

static double greatest(const double *v, int from, int to)
{
	double best = 0;

	for (int k = from; k < to; k++)
		best = fmax(best, v[k]);
	return best;
}

static bool alike(double a, double b, double least)
{
	return fmin(a, b) >= least * fmax(a, b);
}

/* Less load, or as much and nearer to halving the print. */
static bool better(const struct line *a, const struct line *b)
{
	return a->load < b->load || (a->load == b->load && a->off < b->off);
}

/* The `cap` best, best first. */
static void keep(struct line *line, unsigned *n, unsigned cap, const struct line *one)
{
	unsigned k;

	if (*n == cap && !better(one, &line[cap - 1]))
		return;
	k = *n < cap ? (*n)++ : cap - 1;
	for (; k > 0 && better(one, &line[k - 1]); k--)
		line[k] = line[k - 1];
	line[k] = *one;
}

/* The least loaded lines of a direction that halve the print and lie in a valley. */
static unsigned valleys(const struct pl_points *pts, const struct fan *fan, struct line *line)
{
	unsigned n = 0;

	for (int k = 0; k < fan->n; k++) {
		double below = (double)fan->before[k], rest = (double)pts->n - below;
		double beside = fmin(greatest(fan->load, 0, k), greatest(fan->load, k + 1, fan->n));
		struct line one = {{fan->nx, fan->ny, fan->first + k * fan->step},
				   fan->load[k],
				   fabs(below - rest)};

		if (!alike(below, rest, ALIKE_CELLS) || one.load > VALLEY * beside ||
		    (k > 0 && fan->load[k - 1] < one.load) ||
		    (k + 1 < fan->n && fan->load[k + 1] < one.load))
			continue;
		keep(line, &n, MINIMA, &one);
	}
	return n;
}

static bool foot_like(const struct pl_points *pts, const struct pl_extent *e)
{
	double slack = fmax(pts->pitch_x, pts->pitch_y);

	return e->length >= PL_FOOT_MIN_LENGTH_M && e->length <= LENGTH_MAX_M + slack &&
	       e->width <= WIDTH_MAX_M + slack && e->length >= SLENDER_MIN * e->width;
}

static bool two_feet(const struct pl_points *pts, const struct pl_cut *cut)
{
	double half_x = 0.5 * pts->pitch_x, half_y = 0.5 * pts->pitch_y;
	struct pl_hull hull[2];
	struct pl_extent e[2];

	for (int k = 0; k < 2; k++)
		pl_hull_clear(&hull[k]);
	for (size_t i = 0; i < pts->n; i++) {
		double x = pts->x[i], y = pts->y[i];

		pl_hull_box(&hull[pl_cut_beyond(cut, x, y)], x - half_x, x + half_x, y - half_y,
			    y + half_y);
	}
	for (int k = 0; k < 2; k++)
		e[k] = pl_hull_extent(&hull[k]);
	return foot_like(pts, &e[0]) && foot_like(pts, &e[1]) &&
	       alike(e[0].length, e[1].length, ALIKE_LENGTH);
}

static void swap_points(struct pl_points *pts, size_t i, size_t k)
{
	double x = pts->x[i], y = pts->y[i], p = pts->p[i];

	pts->x[i] = pts->x[k];
	pts->y[i] = pts->y[k];
	pts->p[i] = pts->p[k];
	pts->x[k] = x;
	pts->y[k] = y;
	pts->p[k] = p;
}

/* Those below the cut first; how many they are. */
static size_t sort_points(struct pl_points *pts, const struct pl_cut *cut)
{
	size_t below = 0;

	for (size_t i = 0; i < pts->n; i++)
		if (!pl_cut_beyond(cut, pts->x[i], pts->y[i]))
			swap_points(pts, i, below++);
	return below;
}

static struct pl_points part_of(const struct pl_points *pts, size_t from, size_t n)
{
	struct pl_points part = *pts;

	part.n = n;
	part.x += from;
	part.y += from;
	part.p += from;
	part.s += from;
	part.d += from;
	return part;
}

static double apart(double a, double b)
{
	return fabs(log(a / b));
}

/* How little the halves look like one person's two feet: 0 like mirror images, infinite if they are
 * not broader at one end, and both at the same: one may be both heels and the other the forefeet.
 */
static double unlike(struct pl_points *pts, const struct pl_cut *cut)
{
	size_t below = sort_points(pts, cut);
	struct pl_points half[2] = {part_of(pts, 0, below), part_of(pts, below, pts->n - below)};
	struct pl_shape shape[2];
	double parallel;

	for (int k = 0; k < 2; k++)
		pl_shape_measure(&half[k], &shape[k]);
	parallel = shape[0].ax * shape[1].ax + shape[0].ay * shape[1].ay;
	if (fabs(parallel) < PARALLEL_COS ||
	    fmin(fabs(shape[0].heel_score), fabs(shape[1].heel_score)) < BROADER ||
	    shape[0].heel_score * shape[1].heel_score * parallel < 0)
		return INFINITY;
	return apart((double)half[0].n, (double)half[1].n) +
	       apart(shape[0].length_m, shape[1].length_m) +
	       fabs(fabs(shape[0].heel_score) - fabs(shape[1].heel_score));
}

bool pl_cut_find(struct pl_points *pts, struct pl_cut *cut)
{
	struct line line[DIRECTIONS * MINIMA];
	double best = INFINITY;
	struct fan fan;
	unsigned n = 0;

	for (int k = 0; k < DIRECTIONS; k++) {
		struct line least[MINIMA];
		unsigned found;

		lay_fan(pts, k, &fan);
		if (fan.n < 1)
			continue;
		sum_fan(pts, &fan);
		found = valleys(pts, &fan, least);
		for (unsigned i = 0; i < found; i++)
			keep(line, &n, DIRECTIONS * MINIMA, &least[i]);
	}
	for (unsigned i = 0; i < n && line[i].load < best; i++) {
		double cost;

		if (!two_feet(pts, &line[i].cut))
			continue;
		cost = line[i].load * exp(UNLIKE_COSTS * unlike(pts, &line[i].cut));
		if (cost >= best)
			continue;
		best = cost;
		*cut = line[i].cut;
	}
	return best < INFINITY;
}
