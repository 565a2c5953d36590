/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Stances of the feet of an analysis, collected in its second pass: what one foot carried in each
 * frame from its onset until it left the ground. Private to lib/signal.
 */
#ifndef PL_SIGNAL_STANCE_H
#define PL_SIGNAL_STANCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "gait_private.h"

struct pl_analysis;
struct pl_foot;

/* One foot in one frame; forces in N or counts. */
struct pl_stance_sample {
	double t_s, force;
	double x, y;	      /* m, centre of pressure on the mat; NaN as the next two */
	double along, across; /* m, centre of pressure: from the heel's edge, to the right of the
				 foot's axis; NaN below the threshold and without an axis */
	double heel, mid, fore, heel_medial; /* NaN where they are not known */
};

struct pl_stance {
	struct pl_stance_sample *sample; /* [n]; those before `on` are from before the onset */
	size_t n, cap;
	uint32_t foot;
	size_t on, off; /* PL_NO_SAMPLE: not yet */
	unsigned seen;	/* enum pl_step_reject */
	double saturated_pct;
	bool endless; /* longer than a stance: standing, and no longer collected */
};
#define PL_NO_SAMPLE SIZE_MAX

/* Feet that are on the ground, or have just left it. */
struct pl_stances {
	struct pl_stance **open;
	uint32_t n, cap;
	int64_t start_ns; /* of the recording */
	bool started;
};

void pl_stances_free(struct pl_analysis *a);
/* After the loads of a frame. dt_s 0: nothing is known of the frame before. */
void pl_stances_frame(struct pl_analysis *a, double dt_s);
/* Frames are missing, or the recording is over. */
void pl_stances_break(struct pl_analysis *a, bool over);
/* What only all stances together tell: rejects, the line of progression; sums up. */
void pl_stances_finish(struct pl_analysis *a);

/* footprint.c: foot_progression_deg of every step, in order. */
void pl_progression(struct pl_analysis *a);

/* stance_figures.c: everything about the stance [on, off) of its foot. */
void pl_stance_figures(const struct pl_analysis *a, const struct pl_stance *stance,
		       struct pl_step *s);
/* footprint.c: figures of the print alone, the same for each stance on it. */
void pl_footprint_figures(const struct pl_analysis *a, const struct pl_foot *foot,
			  struct pl_step *s);
/* Where the point is between the ends of the print along that axis of the mat which the foot's is
 * nearest to, % from the heel's end. */
double pl_footprint_along_mat_pct(const struct pl_analysis *a, const struct pl_foot *foot, double x,
				  double y);
/* Width of the print across its axis at a distance from the heel's edge, m; NaN: nothing there. */
double pl_footprint_width(const struct pl_analysis *a, const struct pl_foot *foot, double along_m);

#endif
