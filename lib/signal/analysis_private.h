/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of the analysis share. Private to lib/signal. */
#ifndef PL_SIGNAL_ANALYSIS_PRIVATE_H
#define PL_SIGNAL_ANALYSIS_PRIVATE_H

#include <plantar/analysis.h>

#include "feet.h"
#include "overlay.h"

#define PL_ANALYSIS_VERSION "plantar-metrics/1"
#define PL_FEET_MAX 4096

/* A print: cells of a box, r1 and c1 exclusive. */
struct pl_print {
	unsigned r0, r1, c0, c1;
	uint32_t cells;
	float *peak; /* box of rows, < 0: not part of the print */
	struct pl_hull hull;
};

/* One contact, as the tracker saw it end. */
struct pl_contact {
	uint32_t serial;
	int foot; /* index, -1: none */
	struct pl_print print;
	uint64_t born, last;
	double first_x, first_y;
	bool touched; /* another foot: the outline is a guess */
	bool onset;   /* began with less than half of its greatest force: not cut off */
};

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
	enum pl_side side;
	struct pl_overlay overlay;
	uint16_t *note;	   /* box, 0 outside the print */
	double *cell_time; /* box: pressure-time integral of each cell */
	struct pl_integral whole, region[PL_REGIONS];
	double cell_time_max[PL_REGIONS];
	/* this frame */
	double sum, atom[PL_ATOMS], top, atom_top[PL_ATOMS];
	unsigned atom_cells[PL_ATOMS], cells;
};

struct pl_analysis {
	struct pl_geometry geometry;
	struct pl_analysis_options options;
	bool calibrated;
	double contact, rate_hz, factor;
	int pass; /* 1, 2, 3: finished */
	struct pl_feet feet;
	struct pl_totals totals;

	double *value, *before; /* this frame and the one before */
	int64_t t_ns;
	uint64_t frames;
	double force_before, top_before, step_s;
	double *cell_time; /* whole mat */
	uint8_t *ever;	   /* cells ever in contact */
	float *top;	   /* greatest value of each cell */

	struct pl_contact *contacts;
	uint32_t n_contacts, cap_contacts, not_kept;
	bool nomem;
	struct {
		uint32_t serial;
		double first, peak;
		uint64_t last;
	} now[PL_TRACKS]; /* forces of the tracks */

	struct pl_foot *foot;
	uint32_t n_feet;
	int32_t *home;		 /* foot whose print holds the cell; -1 none, -2 several */
	int32_t *of, *of_before; /* foot of each cell in this frame and the one before */
};

/* analysis_feet.c */
int pl_print_copy(struct pl_print *p, const struct pl_feet *f, const struct pl_track *track);
int pl_analysis_form_feet(struct pl_analysis *a);
void pl_analysis_feet_frame(struct pl_analysis *a, double dt_s);
/* The time after the last frame before a gap or the end. */
void pl_analysis_feet_break(struct pl_analysis *a);
void pl_analysis_feet_finish(struct pl_analysis *a);
void pl_foot_free(struct pl_foot *foot);

#endif
