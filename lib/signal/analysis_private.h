/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of the analysis share. Private to lib/signal. */
#ifndef PL_SIGNAL_ANALYSIS_PRIVATE_H
#define PL_SIGNAL_ANALYSIS_PRIVATE_H

#include <plantar/analysis.h>

#include "belt.h"
#include "cells.h"
#include "feet.h"
#include "overlay.h"
#include "path.h"
#include "pictures.h"
#include "stance.h"

#define PL_ANALYSIS_VERSION "plantar-metrics/4"
#define PL_FEET_MAX 4096
#define PL_FOOT_FRAGMENT_M 0.19 /* shorter prints may be half a foot */

/* A print: cells of a box, r1 and c1 exclusive. */
struct pl_print {
	unsigned r0, r1, c0, c1;
	uint32_t cells;
	float *peak; /* box of rows, < 0: not part of the print */
	struct pl_hull hull;
};

static inline unsigned pl_print_cols(const struct pl_print *p)
{
	return p->c1 - p->c0;
}
static inline size_t pl_print_index(const struct pl_print *p, unsigned r, unsigned c)
{
	return (size_t)(r - p->r0) * pl_print_cols(p) + (c - p->c0);
}
static inline float *pl_print_at(const struct pl_print *p, unsigned r, unsigned c)
{
	return &p->peak[pl_print_index(p, r, c)];
}
static inline bool pl_print_has(const struct pl_print *p, unsigned r, unsigned c)
{
	return r >= p->r0 && r < p->r1 && c >= p->c0 && c < p->c1 && *pl_print_at(p, r, c) >= 0;
}

/* One contact of one foot, as the tracker saw it end. */
struct pl_footfall {
	uint32_t serial;
	int foot; /* index, -1: none */
	struct pl_print print;
	uint64_t born, last;
	double first_x, first_y;
	double left_x, left_y; /* centre of the load when a quarter of the peak was left */
	double belt_y_m;       /* from y on the laid-out mat to y on the belt */
	bool belt_edge;	       /* it came near the mat's edge while the belt carried it */
	struct pl_path path;
	int before, after; /* contacts of the same walk, -1: none; see analysis_facing.c */
	bool touched;	   /* another foot: the outline is a guess */
	bool cut;	   /* ... but for a clear cut between them */
	bool onset;	   /* began with less than half of its greatest force: not cut off */
};

/* Where what is said of a foot comes from. */
enum pl_source {
	PL_SOURCE_NONE,
	PL_SOURCE_GIVEN,
	PL_SOURCE_SHAPE,
	PL_SOURCE_PATH,
	PL_SOURCE_ORDER
};

/* Why part of a footprint may be missing. */
enum pl_partial { PL_PARTIAL_EDGE = 1 << 0, PL_PARTIAL_SHORT = 1 << 1 };

/* What one frame gives for one region or a whole foot. */
struct pl_load {
	double force, peak;
	bool contact;
};

struct pl_integral {
	struct pl_load before; /* of the frame before */
	double force_peak, force_time, pressure_peak, pressure_time_curve, contact_time_s;
};

struct pl_foot {
	struct pl_print print;
	unsigned contacts;
	uint64_t born, last; /* frames */
	struct pl_shape shape;
	bool ready, touched;
	bool cut;      /* wherever it was touched, off the other foot */
	bool torn;     /* it and another foot may have cells of each other */
	bool oriented; /* the shape's axis runs from heel to toe */
	double fx, fy; /* unit vector the toes point along; 0, 0: unknown */
	double goes_x,
		goes_y; /* where the walk goes at this foot, about a unit vector; 0, 0: no walk */
	enum pl_source facing_source, side_source;
	bool placed;		  /* its hull is where it is on the belt */
	struct pl_stance *stance; /* while it is on the ground, in the second pass */
	enum pl_side side;
	bool contradicted;	    /* what tells its side tells both */
	bool end_cut, border_cut;   /* by the mat's edge: heel or toes; the long way */
	unsigned partial;	    /* enum pl_partial */
	unsigned atoms[PL_REGIONS]; /* of each region, for a foot of that side */
	struct pl_overlay overlay;
	uint16_t *note;	   /* box, 0 outside the print */
	double *cell_time; /* box: pressure-time integral of each cell */
	struct pl_integral whole, region[PL_REGIONS];
	double cell_time_max[PL_REGIONS];
	/* the frame it was last loaded in */
	uint64_t frame;
	double sum, sum_row, sum_col, atom[PL_ATOMS], top, atom_top[PL_ATOMS];
	unsigned atom_cells[PL_ATOMS], cells;
};

/* Neighbouring cells of a row that go to one foot in one frame. */
struct pl_part {
	uint32_t foot;
	uint16_t row, c0, c1;
};

/* What the feet had in one frame. */
struct pl_parts {
	struct pl_part *part;
	uint32_t n;
	uint32_t *foot; /* the feet in it */
	uint32_t feet;
};

struct pl_analysis {
	struct pl_geometry geometry;
	struct pl_analysis_options options;
	bool calibrated;
	double contact, rate_hz, factor;
	int pass; /* 1, 2, 3: finished */
	struct pl_feet feet;
	struct pl_totals totals;

	struct pl_cells cells, before; /* this frame and the one before */
	int64_t t_ns;
	uint64_t frames;
	double force_before, top_before, step_s;
	double *cell_time; /* whole mat */
	uint64_t *ever;	   /* cells ever in contact, bits as in struct pl_cells */
	float *top;	   /* greatest value of each cell */

	struct pl_footfall *contacts;
	uint32_t n_contacts, cap_contacts, not_kept;
	bool nomem;
	struct {
		uint32_t serial;
		double first, peak;
		struct pl_path path;
		double left_x, left_y;
		uint64_t last;
		int foot;
	} now[PL_TRACKS]; /* of the tracks: forces in the first pass, feet in the second */

	struct pl_foot *foot;
	uint32_t n_feet;
	int32_t *home; /* foot whose print holds the cell; -1 none, -2 several */
	struct pl_parts parts, parts_before;
	struct pl_watch *watch; /* analysis_standing.c */
	const double *whole;	/* this frame without the noise floor; NULL: not known */

	struct pl_belt *belt;	  /* NULL: the mat lies still */
	int64_t start_ns;	  /* of this pass */
	double *full, full_least; /* value of each cell at full scale; NULL: not known */
	struct pl_stances stances;
	struct pl_gait gait;
	struct pl_album *album; /* NULL: no pictures are wanted */
};

static inline bool pl_analysis_ever(const struct pl_analysis *a, unsigned row, unsigned col)
{
	return a->ever[(size_t)row * a->cells.words + col / 64] >> col % 64 & 1;
}

static inline double pl_analysis_interval_s(const struct pl_analysis *a)
{
	return a->rate_hz > 0 ? 1 / a->rate_hz : a->step_s;
}
static inline double pl_analysis_seconds(const struct pl_analysis *a, uint64_t frames)
{
	return a->rate_hz > 0 ? (double)frames / a->rate_hz : (double)frames * a->step_s;
}

/* analysis_feet.c */
/* An empty print of that box; -1: out of memory. */
int pl_print_new(struct pl_print *p, unsigned r0, unsigned r1, unsigned c0, unsigned c1);
void pl_print_put(struct pl_print *p, const struct pl_geometry *g, unsigned r, unsigned c,
		  float peak);
/* A cell of it in one of the two outermost rows or columns: more may lie beside the mat. */
bool pl_print_at_edge(const struct pl_analysis *a, const struct pl_print *p);
int pl_print_copy(struct pl_print *p, const struct pl_feet *f, const struct pl_track *track);
int pl_analysis_form_feet(struct pl_analysis *a);
void pl_foot_free(struct pl_foot *foot);
/* The cells of a print, into a->feet.points: alone, or to what is there. */
void pl_print_points(struct pl_analysis *a, const struct pl_print *p);
void pl_print_add_points(struct pl_analysis *a, const struct pl_print *p);

/* analysis_touching.c: feet that touch, before and after their shapes are known */
int pl_analysis_cut_again(struct pl_analysis *a);
void pl_analysis_doubt_torn(struct pl_analysis *a);

/* analysis_facing.c: axis, heel and toe, which way, of every foot */
int pl_analysis_find_facing(struct pl_analysis *a);
/* On the mat at the same time, for half of the shorter stay or more. */
bool pl_feet_together(const struct pl_foot *p, const struct pl_foot *q);
/* Hardly longer than wide: what there is of the foot may be its forefoot alone, whose longest way
 * lies across, and over which the load moves inwards as far as forwards. */
bool pl_foot_stout(const struct pl_foot *foot);
/* Too short for heel and forefoot to be made out in it. */
bool pl_foot_fragment(const struct pl_foot *foot);
enum pl_facing pl_foot_facing(const struct pl_foot *foot); /* AUTO: unknown */
/* analysis_sides.c: left or right */
/* What is said of the side of a print before anybody looks at its shape. */
enum pl_side pl_analysis_given_side(const struct pl_analysis *a, const struct pl_print *p);
void pl_analysis_find_sides(struct pl_analysis *a);
int pl_foot_of_serial(const struct pl_analysis *a, uint32_t serial); /* -1: none */
/* In the second pass: whose print has the cell, of the feet that are on the mat by the first pass
 * and that the tracker has not made out yet. -1: none, or several. */
int pl_foot_to_come(const struct pl_analysis *a, unsigned row, unsigned col);

/* analysis_loads.c */
/* On the ground in this frame, if it was (or was not) in the frame before: from contact_on_n until
 * below contact_off_n; in counts nothing is known of newtons: while any cell is in contact. */
bool pl_foot_loaded(const struct pl_analysis *a, const struct pl_foot *foot, bool was);
void pl_analysis_feet_frame(struct pl_analysis *a, double dt_s);
/* The time after the last frame before a gap or the end. */
void pl_analysis_feet_break(struct pl_analysis *a);
void pl_analysis_feet_finish(struct pl_analysis *a);

/* analysis_standing.c: somebody standing, in the second pass. */
struct pl_watch *pl_watch_new(void);
void pl_watch_free(struct pl_watch *w);
/* After the feet of the frame. gap: frames are missing before it. */
void pl_watch_frame(struct pl_analysis *a, int64_t t_ns, bool gap);
int pl_watch_finish(struct pl_analysis *a, struct pl_error *err);

#endif
