/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The drawings of a report. Each is a struct of numbers and a function that draws them into a box;
 * left is red, solid and round, right is blue, dashed and square, everywhere.
 */
#ifndef REPORT_CHART_H
#define REPORT_CHART_H

#include <plantar/pictures.h>
#include <plantar/stats.h>

#include "tools/report/canvas.h"
#include "tools/report/doc.h"

/* Values of one side, as the tables have them. */
struct pl_dots {
	const double *value;
	size_t n;
	struct pl_sample sample;
};

/* A range from a file of references; NaN: there is none. */
struct pl_band {
	double low, high;
};

/* ---- chart.c ---- */

/* A round step so that range has at most `most` of them. */
double pl_chart_step(double range, unsigned most);
/* "0.5", "12", "1500": as many decimals as the step needs. */
const char *pl_chart_tick(double value, double step, char buf[32]);
const struct pl_ink *pl_side_ink(enum pl_side side);
const struct pl_ink *pl_side_pale(enum pl_side side);
/* A round or square mark. */
void pl_side_mark(struct pl_canvas *c, double x, double y, double r, enum pl_side side,
		  const struct pl_ink *fill);
/* Text in size, or smaller if it is wider than w. */
void pl_chart_label(struct pl_canvas *c, double x, double y, double w, enum pl_weight weight,
		    double size, enum pl_anchor anchor, const struct pl_ink *ink, const char *text);

/* ---- chart_shares.c: left against right ---- */

#define PL_CHART_ROWS 16
struct pl_chart_row {
	const char *name;
	struct pl_dots left, right;
	struct pl_band band;
};
struct pl_shares { /* bars from the middle outwards, in % */
	struct pl_chart_row row[PL_CHART_ROWS];
	size_t rows;
	double most; /* where the axis ends */
};
double pl_shares_height(const struct pl_shares *s);
pl_draw_fn pl_shares_draw;

struct pl_strips { /* a dot a step above and below a line from 0 to 100 % */
	struct pl_chart_row row[PL_CHART_ROWS];
	double border[PL_CHART_ROWS][2];    /* NaN: none */
	const char *zone[PL_CHART_ROWS][3]; /* between the borders */
	size_t rows;
};
double pl_strips_height(const struct pl_strips *s);
pl_draw_fn pl_strips_draw;

/* ---- chart_curves.c ---- */

#define PL_CURVE_POINTS 101 /* of a stance, 0 to 100 % */
struct pl_curve {
	double y[PL_CURVE_POINTS];
};
struct pl_curves {
	enum pl_side side;
	const struct pl_curve *curve, *heel; /* [n]; heel NULL: not known */
	size_t n;
	double most, time_s; /* end of the axis of force; mean duration */
	const char *unit;
};
/* A step over its stance, in units of divisor; of its heel alone. */
void pl_curve_of(const struct pl_picture_step *step, double divisor, bool heel,
		 struct pl_curve *curve);
pl_draw_fn pl_curves_draw;

/* ---- chart_mat.c: what lay on the mat ---- */

struct pl_print_chart {
	const struct pl_pictures *pictures;
	int foot;			    /* this one alone; -1: all that was loaded */
	const struct pl_picture_step *step; /* whose path is drawn; NULL: that of all load */
	double most;			    /* end of the colour scale */
	bool impulse;
	double mm_a_point; /* scale of the drawing; 0: as it fits */
};
pl_draw_fn pl_print_draw;
/* The scale that fits a foot or a mat into w x h points. */
double pl_print_scale(const struct pl_print_chart *p, double w, double h);
/* The greatest value that is shown. */
double pl_print_most(const struct pl_print_chart *p);

struct pl_scale_chart {
	double most;
	const char *unit;
};
pl_draw_fn pl_scale_draw;

struct pl_sway_chart {
	const struct pl_picture_path *path;
	double major_mm, minor_mm, angle_deg; /* semi-axes of the ellipse; NaN: none */
	double half_mm;			      /* the axes end at + and - this */
	const char *name;
	bool of_mat; /* along the mat's axes: where the person faced is not known */
};
pl_draw_fn pl_sway_draw;

/* ---- chart_change.c: what has changed ---- */

struct pl_forest { /* differences as parts of the detectable one */
	struct {
		const char *name;
		struct {
			enum pl_side side;
			double ratio; /* difference / detectable difference */
		} mark[3];
		size_t marks;
	} row[48];
	size_t rows;
	const char *less, *more; /* what lies to either side */
};
double pl_forest_height(const struct pl_forest *f);
pl_draw_fn pl_forest_draw;

#define PL_COURSE_POINTS 24
struct pl_course_chart { /* one figure from session to session */
	const char *date[PL_COURSE_POINTS];
	size_t n;
	struct {
		enum pl_side side;
		double mean[PL_COURSE_POINTS], sd[PL_COURSE_POINTS];
		double detectable; /* NaN: not known */
	} line[2];
	size_t lines;
	const char *unit;
	struct pl_band band;
};
pl_draw_fn pl_course_draw;

#endif
