/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which end of a footprint is the heel, and is it a left or a right foot? The print is cut into
 * 20 slices along its principal axis. A heel is narrower than a forefoot, and the widest part of
 * a foot lies at 60 to 75 % of its length from the heel. Seen from above with the toes up, the
 * outer border of a right foot is on the right: its midfoot lies to the right of the line from
 * heel centroid to forefoot centroid (the arch leaves the inner side empty), and the longest
 * toes, the inner ones, to the left.
 *
 * The thresholds were set on 240 barefoot prints of right feet of four people (docs/metrics.md
 * has the counts). Where the evidence is weak the answer is "unknown": a wrong side is worse.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "shape.h"

#define SLICES 20

/* Evidence below these is no evidence. */
#define HEADING_MIN 0.25       /* heel_score, no unit */
#define HEADING_COARSE 3.0     /* ... and this / sqrt(cells): few cells make rough widths */
#define SPAN_MIN 0.1	       /* and one end is this much wider from edge to edge, log-ratio */
#define BALANCE_MIN 0.35       /* both ends carry pressure */
#define DEPTH_MIN 5.0	       /* ... well above what the mat can just tell from nothing */
#define CELLS_MIN 40	       /* on coarse mats: which end is broader takes some cells to tell */
#define VALLEY_MAX 0.75	       /* midfoot pressure against the weaker end */
#define SLENDER_MAX 4.5	       /* longer than wide, but no stick */
#define FIRST_CONTACT_MIN 0.15 /* of the length, from the middle: where the contact began */
#define FORE_FROM 0.55	       /* of the length: where the forefoot begins */
#define SLANT_CELLS 10
#define MIDFOOT_USUAL 0.075 /* shares of the length, medians of real prints */
#define TOES_USUAL 0.12
#define SLANT_USUAL 0.5
#define WAY_MOST 1.5	/* one way does not outvote the others */
#define WAY_AGAINST 0.3 /* nor may it contradict them by more */
#define SIDE_MIN 0.5

bool pl_points_init(struct pl_points *pts, const struct pl_geometry *g)
{
	size_t n = pl_geometry_cells(g);

	*pts = (struct pl_points){.cap = n, .pitch_x = g->pitch_col_m, .pitch_y = g->pitch_row_m};
	pts->x = malloc(5 * n * sizeof(double));
	if (!pts->x)
		return false;
	pts->y = pts->x + n;
	pts->p = pts->y + n;
	pts->s = pts->p + n;
	pts->d = pts->s + n;
	return true;
}

void pl_points_free(struct pl_points *pts)
{
	free(pts->x);
	pts->x = NULL;
}

/* Half of what a cell covers along (ax, ay). */
static double half_cell(const struct pl_points *pts, double ax, double ay)
{
	return 0.5 * (fabs(ax) * pts->pitch_x + fabs(ay) * pts->pitch_y);
}

static void principal_axis(const struct pl_points *pts, struct pl_shape *shape)
{
	double mx = 0, my = 0, xx = 0, xy = 0, yy = 0, angle;

	for (size_t i = 0; i < pts->n; i++) {
		mx += pts->x[i];
		my += pts->y[i];
	}
	mx /= (double)pts->n;
	my /= (double)pts->n;
	for (size_t i = 0; i < pts->n; i++) {
		double dx = pts->x[i] - mx, dy = pts->y[i] - my;

		xx += dx * dx;
		xy += dx * dy;
		yy += dy * dy;
	}
	angle = 0.5 * atan2(2 * xy, xx - yy);
	shape->ax = cos(angle);
	shape->ay = sin(angle);
	if (shape->ay < 0 || (shape->ay == 0 && shape->ax < 0)) {
		shape->ax = -shape->ax;
		shape->ay = -shape->ay;
	}
	shape->ox = mx;
	shape->oy = my;
}

/* s: along the axis from where the print begins, d: to the right of it, from (ox, oy). */
static void project(struct pl_points *pts, struct pl_shape *shape)
{
	double half = half_cell(pts, shape->ax, shape->ay), lo = INFINITY, hi = -INFINITY;
	double half_across = half_cell(pts, shape->ay, -shape->ax), left = INFINITY,
	       right = -INFINITY;

	for (size_t i = 0; i < pts->n; i++) {
		double x = pts->x[i] - shape->ox, y = pts->y[i] - shape->oy;
		double s = x * shape->ax + y * shape->ay, d = x * shape->ay - y * shape->ax;

		pts->s[i] = s;
		pts->d[i] = d;
		lo = fmin(lo, s);
		hi = fmax(hi, s);
		left = fmin(left, d);
		right = fmax(right, d);
	}
	lo -= half;
	for (size_t i = 0; i < pts->n; i++)
		pts->s[i] -= lo;
	shape->ox += lo * shape->ax;
	shape->oy += lo * shape->ay;
	shape->length_m = hi + half - lo;
	shape->beyond_m = half;
	shape->width_m = right - left + 2 * half_across;
}

struct profile {
	double width[SLICES];		    /* m, of the cells */
	double left[SLICES], right[SLICES]; /* m, outermost cells */
	double peak[SLICES];
};

/* Each cell's area is spread over the slices it covers, so that coarse mats work as well. */
static void cut_slices(const struct pl_points *pts, const struct pl_shape *shape,
		       struct profile *prof)
{
	double half = half_cell(pts, shape->ax, shape->ay), step = shape->length_m / SLICES;
	double share = pts->pitch_x * pts->pitch_y / (2 * half * step);

	memset(prof, 0, sizeof(*prof));
	for (int k = 0; k < SLICES; k++) {
		prof->left[k] = INFINITY;
		prof->right[k] = -INFINITY;
	}
	for (size_t i = 0; i < pts->n; i++) {
		double lo = pts->s[i] - half, hi = pts->s[i] + half;
		int a = (int)(lo / step), b = (int)(hi / step);

		a = a < 0 ? 0 : a;
		b = b > SLICES - 1 ? SLICES - 1 : b;
		for (int k = a; k <= b; k++) {
			double part = fmin(hi, (k + 1) * step) - fmax(lo, k * step);

			if (part <= 0)
				continue;
			prof->width[k] += share * part;
			prof->left[k] = fmin(prof->left[k], pts->d[i]);
			prof->right[k] = fmax(prof->right[k], pts->d[i]);
			if (part > 0.25 * half && pts->p[i] > prof->peak[k])
				prof->peak[k] = pts->p[i];
		}
	}
}

static double greatest(const double *v, int from, int to)
{
	double best = 0;

	for (int k = from; k < to; k++)
		best = fmax(best, v[k]);
	return best;
}

static double least(const double *v, int from, int to)
{
	double best = INFINITY;

	for (int k = from; k < to; k++)
		best = fmin(best, v[k]);
	return best;
}

/* The least that any cell has seen at its greatest: about what the mat can just tell from nothing.
 */
static double smallest(const struct pl_points *pts)
{
	double best = INFINITY;

	for (size_t i = 0; i < pts->n; i++)
		best = pts->p[i] < best ? pts->p[i] : best;
	return best;
}

/* Two ways to say that the far end is the broader one: the log-ratio of the greatest widths in
 * each half, and where the centre of the (cubed) widths lies. */
static double heel_score(const struct profile *prof)
{
	double near = greatest(prof->width, 1, 10), far = greatest(prof->width, 10, 19);
	double sum = 0, moment = 0;

	if (near <= 0 || far <= 0)
		return 0;
	for (int k = 0; k < SLICES; k++) {
		double w3 = prof->width[k] * prof->width[k] * prof->width[k];

		sum += w3;
		moment += w3 * (k + 0.5) / SLICES;
	}
	return log(far / near) + 4 * (moment / sum - 0.5);
}

/* From the outermost cell on the left to that on the right: what lies between may be missing where
 * a mat cuts faint cells away. Log-ratio of the far half to the near one. */
static double span_score(const struct profile *prof, double cell)
{
	double span[2] = {0};

	for (int k = 1; k < SLICES - 1; k++)
		span[k >= SLICES / 2] =
			fmax(span[k >= SLICES / 2], prof->right[k] - prof->left[k] + cell);
	return span[0] > 0 && span[1] > 0 ? log(span[1] / span[0]) : 0;
}

void pl_shape_measure(struct pl_points *pts, struct pl_shape *shape)
{
	struct profile prof;
	double top, ends;

	*shape = (struct pl_shape){.side_score = NAN, .toe_cut = NAN};
	if (pts->n == 0)
		return;
	shape->cells = pts->n;
	principal_axis(pts, shape);
	project(pts, shape);
	cut_slices(pts, shape, &prof);
	shape->slenderness = shape->length_m / fmax(greatest(prof.width, 0, SLICES), 1e-9);
	shape->heel_score = heel_score(&prof);
	shape->span_score = span_score(&prof, 2 * half_cell(pts, shape->ay, -shape->ax));
	top = greatest(prof.peak, 0, SLICES);
	ends = fmin(greatest(prof.peak, 0, 6), greatest(prof.peak, 14, SLICES));
	shape->balance = top > 0 ? ends / top : 0;
	shape->depth = ends / smallest(pts);
	shape->complete =
		least(prof.peak, 6, 14) <
		VALLEY_MAX * fmin(greatest(prof.peak, 0, 8), greatest(prof.peak, 12, SLICES));
}

void pl_shape_turn(struct pl_shape *shape)
{
	shape->ox += shape->length_m * shape->ax;
	shape->oy += shape->length_m * shape->ay;
	shape->ax = -shape->ax;
	shape->ay = -shape->ay;
	shape->heel_score = -shape->heel_score;
	shape->span_score = -shape->span_score;
}

/* ---- with the heel known -------------------------------------------------------------------- */

/* Centroid of the cells whose centres lie between two shares of the length. */
static bool centroid(const struct pl_points *pts, const struct pl_shape *shape, double from,
		     double to, double *x, double *y)
{
	double sx = 0, sy = 0;
	size_t n = 0;

	for (size_t i = 0; i < pts->n; i++) {
		double s = pts->s[i] / shape->length_m;

		if (s < from || s >= to)
			continue;
		sx += pts->x[i];
		sy += pts->y[i];
		n++;
	}
	if (!n)
		return false;
	*x = sx / (double)n;
	*y = sy / (double)n;
	return true;
}

static bool refine(struct pl_points *pts, struct pl_shape *shape, bool fixed)
{
	double hx, hy, fx, fy, norm;

	if (!centroid(pts, shape, 0, 0.27, &hx, &hy))
		return false;
	if (!fixed) {
		if (!centroid(pts, shape, 0.55, 0.80, &fx, &fy))
			return false;
		norm = hypot(fx - hx, fy - hy);
		if (!(norm > 0))
			return false;
		shape->ax = (fx - hx) / norm;
		shape->ay = (fy - hy) / norm;
	}
	shape->ox = hx;
	shape->oy = hy;
	project(pts, shape);
	return true;
}

/* Mean distance to the right of the axis between two shares of the length, as a share of it; by
 * pressure: each cell counts by what it has seen. */
static double offset(const struct pl_points *pts, const struct pl_shape *shape, double from,
		     double to, size_t at_least, bool by_pressure)
{
	double sum = 0, weights = 0;
	size_t n = 0;

	for (size_t i = 0; i < pts->n; i++) {
		double s = pts->s[i] / shape->length_m, w = by_pressure ? pts->p[i] : 1;

		if (s < from || s >= to)
			continue;
		sum += w * pts->d[i];
		weights += w;
		n++;
	}
	return n >= at_least && weights > 0 ? sum / (weights * shape->length_m) : NAN;
}

/* Correlation of forward with leftward over the cells of the forefoot and toes: the metatarsal
 * heads and toes lie the further back the further out. */
static double slant(const struct pl_points *pts, const struct pl_shape *shape)
{
	double n = 0, ms = 0, md = 0, ss = 0, dd = 0, sd = 0;

	for (size_t i = 0; i < pts->n; i++) {
		double s = pts->s[i] / shape->length_m, d = pts->d[i] / shape->length_m;

		if (s < FORE_FROM)
			continue;
		n += 1;
		ms += s;
		md += d;
		ss += s * s;
		dd += d * d;
		sd += s * d;
	}
	if (n < SLANT_CELLS)
		return NAN;
	ss -= ms * ms / n;
	dd -= md * md / n;
	sd -= ms * md / n;
	return ss > 0 && dd > 0 ? -sd / sqrt(ss * dd) : NAN;
}

/*
 * Three ways to tell, each divided by its usual size: the midfoot's cells to the right of the axis
 * (a high arch has none), the toes' pressure to the left, and the slant of the forefoot. None may
 * clearly contradict the mean of them.
 */
static double side_score(const struct pl_points *pts, const struct pl_shape *shape)
{
	double way[3] = {
		offset(pts, shape, 0.35, FORE_FROM, 3, false) / MIDFOOT_USUAL,
		-offset(pts, shape, 0.85, 1.01, 2, true) / TOES_USUAL,
		slant(pts, shape) / SLANT_USUAL,
	};
	double sum = 0, ways = 0;

	if (isnan(way[1]) || isnan(way[2]))
		return NAN;
	for (int k = 0; k < 3; k++) {
		if (isnan(way[k]))
			continue;
		way[k] = fmax(-WAY_MOST, fmin(WAY_MOST, way[k]));
		sum += way[k];
		ways += 1;
	}
	for (int k = 0; k < 3; k++)
		if (way[k] * (sum > 0 ? 1 : -1) < -WAY_AGAINST)
			return NAN;
	return sum / ways;
}

/*
 * Toes begin at the narrowest slice between 75 and 90 % of the length if the print broadens
 * again beyond it; otherwise at 82 %.
 */
static double toe_cut(const struct pl_points *pts, const struct pl_shape *shape)
{
	struct profile prof;
	int best = 15;

	cut_slices(pts, shape, &prof);
	for (int k = 15; k < 18; k++)
		if (prof.width[k] < prof.width[best])
			best = k;
	if (prof.width[best] < 0.9 * greatest(prof.width, best + 1, SLICES))
		return (best + 0.5) / SLICES;
	return 0.82;
}

void pl_shape_fit(struct pl_points *pts, struct pl_shape *shape, bool rows)
{
	shape->side_score = NAN;
	shape->toe_cut = NAN;
	if (pts->n == 0)
		return;
	project(pts, shape); /* it may have been turned since it was measured */
	for (int round = 0; round < 3; round++)
		if (!refine(pts, shape, false))
			break;
	shape->side_score = side_score(pts, shape);
	if (rows) {
		shape->ay = shape->ay < 0 ? -1 : 1;
		shape->ax = 0;
		project(pts, shape);
		refine(pts, shape, true);
	}
	shape->toe_cut = toe_cut(pts, shape);
}

bool pl_shape_print(const struct pl_shape *shape)
{
	return shape->cells >= CELLS_MIN && shape->length_m >= PL_FOOT_MIN_LENGTH_M &&
	       shape->length_m <= PL_FOOT_MAX_LENGTH_M &&
	       shape->slenderness >= PL_FOOT_SLENDER_MIN && shape->slenderness <= SLENDER_MAX;
}

bool pl_shape_whole(const struct pl_shape *shape)
{
	return pl_shape_print(shape) && shape->complete && shape->balance >= BALANCE_MIN &&
	       shape->depth >= DEPTH_MIN;
}

double pl_shape_evidence(const struct pl_shape *shape)
{
	double enough = fmax(HEADING_MIN, HEADING_COARSE / sqrt((double)shape->cells));

	if (!pl_shape_whole(shape) || fabs(shape->span_score) < SPAN_MIN ||
	    shape->span_score * shape->heel_score < 0)
		return 0;
	return shape->heel_score / enough;
}

int pl_shape_heading(const struct pl_shape *shape, double first_x, double first_y)
{
	double began;

	if (fabs(pl_shape_evidence(shape)) < 1)
		return 0;
	began = 0.5 - ((first_x - shape->ox) * shape->ax + (first_y - shape->oy) * shape->ay) /
			      shape->length_m;
	if (fabs(began) > FIRST_CONTACT_MIN && began * shape->heel_score < 0)
		return 0;
	return shape->heel_score > 0 ? 1 : -1;
}

bool pl_shape_contradicts(const struct pl_shape *shape)
{
	return pl_shape_evidence(shape) <= -1;
}

enum pl_side pl_shape_side(const struct pl_shape *shape)
{
	if (pl_shape_evidence(shape) < 1)
		return PL_SIDE_UNKNOWN;
	if (!(fabs(shape->side_score) >= SIDE_MIN))
		return PL_SIDE_UNKNOWN;
	return shape->side_score > 0 ? PL_SIDE_RIGHT : PL_SIDE_LEFT;
}
