/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Borders between regions run across cells, at any angle. Giving such a cell to one side would
 * make regional loads jump by whole cells and depend on how the foot lies on the grid, so its
 * area is divided exactly: by a straight border in closed form, by two crossing borders by
 * clipping the rectangle. What is left of a cell is always found by subtraction, so the shares
 * add up to one and the regions to the foot, in every frame.
 */
#include <math.h>
#include <string.h>

#include "regions.h"

const char *const pl_region_keys[PL_REGIONS] = {
	[PL_REGION_HEEL] = "heel",
	[PL_REGION_MIDFOOT] = "midfoot",
	[PL_REGION_FOREFOOT] = "forefoot",
	[PL_REGION_HEEL_AM] = "heel_am",
	[PL_REGION_HEEL_AL] = "heel_al",
	[PL_REGION_HEEL_PM] = "heel_pm",
	[PL_REGION_HEEL_PL] = "heel_pl",
	[PL_REGION_MIDFOOT_MEDIAL] = "midfoot_medial",
	[PL_REGION_MIDFOOT_LATERAL] = "midfoot_lateral",
	[PL_REGION_FOREFOOT_MEDIAL] = "forefoot_medial",
	[PL_REGION_FOREFOOT_LATERAL] = "forefoot_lateral",
};

#define LEFT_AND_RIGHT(left_atom) (3u << (left_atom))

/* The inner side of a right foot is to the left of its axis. */
static unsigned one_side(int left_atom, bool medial, enum pl_side side)
{
	if (side == PL_SIDE_UNKNOWN)
		return 0;
	return 1u << (left_atom + ((side == PL_SIDE_RIGHT) == medial ? 0 : 1));
}

unsigned pl_region_atoms(enum pl_region region, enum pl_side side)
{
	switch (region) {
	case PL_REGION_HEEL:
		return LEFT_AND_RIGHT(PL_ATOM_HEEL_P_LEFT) | LEFT_AND_RIGHT(PL_ATOM_HEEL_A_LEFT);
	case PL_REGION_MIDFOOT:
		return LEFT_AND_RIGHT(PL_ATOM_MID_LEFT);
	case PL_REGION_FOREFOOT:
		return LEFT_AND_RIGHT(PL_ATOM_FORE_LEFT);
	case PL_REGION_HEEL_AM:
		return one_side(PL_ATOM_HEEL_A_LEFT, true, side);
	case PL_REGION_HEEL_AL:
		return one_side(PL_ATOM_HEEL_A_LEFT, false, side);
	case PL_REGION_HEEL_PM:
		return one_side(PL_ATOM_HEEL_P_LEFT, true, side);
	case PL_REGION_HEEL_PL:
		return one_side(PL_ATOM_HEEL_P_LEFT, false, side);
	case PL_REGION_MIDFOOT_MEDIAL:
		return one_side(PL_ATOM_MID_LEFT, true, side);
	case PL_REGION_MIDFOOT_LATERAL:
		return one_side(PL_ATOM_MID_LEFT, false, side);
	case PL_REGION_FOREFOOT_MEDIAL:
		return one_side(PL_ATOM_FORE_LEFT, true, side);
	case PL_REGION_FOREFOOT_LATERAL:
		return one_side(PL_ATOM_FORE_LEFT, false, side);
	case PL_REGIONS:
		break;
	}
	return 0;
}

/*
 * What shares of a foot's length are taken of: the print, or the foot that made it. A print has
 * whole cells at both ends, of which the foot covered anything from a sliver to all: half a cell on
 * the average. Thirds are of what other programs measure, which is the print.
 */
static double beyond_foot(enum pl_region_convention convention, const struct pl_shape *shape)
{
	if (convention == PL_REGION_NOVEL || convention == PL_REGION_30_30_40)
		return shape->beyond_m;
	return 0;
}

/* Ends of heel, midfoot and forefoot as shares of the foot's length. */
static void borders(enum pl_region_convention convention, const struct pl_shape *shape,
		    double end[3])
{
	double toes = isnan(shape->toe_cut) ? 0.82 : shape->toe_cut;

	switch (convention) {
	case PL_REGION_NOVEL:
		end[0] = 0.27, end[1] = 0.55, end[2] = INFINITY;
		return;
	case PL_REGION_THIRDS:
		end[0] = toes / 3, end[1] = 2 * toes / 3, end[2] = toes;
		return;
	case PL_REGION_30_30_40:
		end[0] = 0.30, end[1] = 0.60, end[2] = INFINITY;
		return;
	case PL_REGION_THIRDS_BOX:
		break;
	}
	end[0] = 1.0 / 3, end[1] = 2.0 / 3, end[2] = INFINITY;
}

void pl_region_frame(struct pl_region_frame *f, enum pl_region_convention convention,
		     const struct pl_shape *shape, double pitch_x, double pitch_y)
{
	double end[3], from = beyond_foot(convention, shape), length = shape->length_m - 2 * from;

	borders(convention, shape, end);
	*f = (struct pl_region_frame){
		.ox = shape->ox,
		.oy = shape->oy,
		.ax = shape->ax,
		.ay = shape->ay,
		.half_along = 0.5 * (fabs(shape->ax) * pitch_x + fabs(shape->ay) * pitch_y),
		.half_across = 0.5 * (fabs(shape->ay) * pitch_x + fabs(shape->ax) * pitch_y),
		.pitch_x = pitch_x,
		.pitch_y = pitch_y,
		.cut = {from + 0.5 * end[0] * length, from + end[0] * length,
			from + end[1] * length, from + end[2] * length},
	};
}

/*
 * Share of a rectangle a x b (a, b: its sides times the normal's components, not negative) that
 * lies on the near side of a line at distance t from its centre along the normal. The area under
 * a line across a rectangle: a triangle, minus what sticks out of it.
 */
static double half_plane(double a, double b, double t)
{
	double s = t + 0.5 * (a + b), area;

	if (s <= 0)
		return 0;
	if (s >= a + b)
		return 1;
	if (a < 1e-9 * b || b < 1e-9 * a)
		return s / (a + b);
	area = s * s;
	if (s > a)
		area -= (s - a) * (s - a);
	if (s > b)
		area -= (s - b) * (s - b);
	return area / (2 * a * b);
}

struct polygon {
	int n;
	double s[8], d[8];
};

/* Keep what has key <= limit. key: s, or -d. */
static void clip(struct polygon *p, bool along, double limit)
{
	struct polygon q = {0};

	for (int i = 0; i < p->n; i++) {
		int j = (i + 1) % p->n;
		double a = (along ? p->s[i] : -p->d[i]) - limit;
		double b = (along ? p->s[j] : -p->d[j]) - limit;

		if (a <= 0) {
			q.s[q.n] = p->s[i];
			q.d[q.n++] = p->d[i];
		}
		if ((a < 0 && b > 0) || (a > 0 && b < 0)) {
			double u = a / (a - b);

			q.s[q.n] = p->s[i] + u * (p->s[j] - p->s[i]);
			q.d[q.n++] = p->d[i] + u * (p->d[j] - p->d[i]);
		}
	}
	*p = q;
}

static double polygon_area(const struct polygon *p)
{
	double sum = 0;

	for (int i = 0; i < p->n; i++) {
		int j = (i + 1) % p->n;

		sum += p->s[i] * p->d[j] - p->s[j] * p->d[i];
	}
	return 0.5 * fabs(sum);
}

/* Share of the cell with its centre at (s, d) that lies before `cut` and to the right of the axis.
 */
static double corner_share(const struct pl_region_frame *f, double s, double d, double cut)
{
	double ux = 0.5 * f->pitch_x, uy = 0.5 * f->pitch_y;
	struct polygon p = {.n = 4};

	for (int i = 0; i < 4; i++) {
		double x = (i == 0 || i == 3) ? -ux : ux, y = i < 2 ? -uy : uy;

		p.s[i] = s + x * f->ax + y * f->ay;
		p.d[i] = d + x * f->ay - y * f->ax;
	}
	clip(&p, true, cut);
	clip(&p, false, 0);
	return polygon_area(&p) / (f->pitch_x * f->pitch_y);
}

static int band_of(const struct pl_region_frame *f, double s)
{
	for (int k = 0; k < 4; k++)
		if (s < f->cut[k])
			return k;
	return 4;
}

static int atom_of(int band, bool right)
{
	return band == 4 ? PL_ATOM_NONE : 2 * band + (right ? 1 : 0);
}

int pl_region_weights(const struct pl_region_frame *f, double x, double y, double w[PL_ATOMS],
		      int *centre)
{
	double dx = x - f->ox, dy = y - f->oy;
	double s = dx * f->ax + dy * f->ay, d = dx * f->ay - dy * f->ax;
	int first = band_of(f, s - f->half_along), last = band_of(f, s + f->half_along);
	double before = 0, before_right = 0, all_right;

	*centre = atom_of(band_of(f, s), d > 0);
	memset(w, 0, PL_ATOMS * sizeof(*w));
	if (first == last && (first == 4 || fabs(d) >= f->half_across)) {
		w[*centre] = 1;
		return *centre;
	}
	all_right = half_plane(fabs(f->ay) * f->pitch_x, fabs(f->ax) * f->pitch_y, d);
	for (int k = first; k <= last; k++) {
		double upto = 1, right = all_right;

		if (k < last) {
			upto = half_plane(fabs(f->ax) * f->pitch_x, fabs(f->ay) * f->pitch_y,
					  f->cut[k] - s);
			right = d >= f->half_across    ? upto
				: d <= -f->half_across ? 0
						       : corner_share(f, s, d, f->cut[k]);
		}
		if (k == 4) {
			w[PL_ATOM_NONE] = fmax(0, upto - before);
			break;
		}
		w[2 * k + 1] = fmax(0, right - before_right);
		w[2 * k] = fmax(0, upto - before - w[2 * k + 1]);
		before = upto;
		before_right = right;
	}
	return -1;
}
