/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a page shows of a recording beside its figures: the greatest value and the time integral of
 * every cell, which foot and region a cell was counted to, where the centre of pressure went, and
 * the force of each step. They come out of the same two passes as the figures, so a picture never
 * shows another foot, region or step than the table beside it.
 *
 *	options.pictures = true;
 *	a = pl_analysis_new(..., &options, err), both passes, pl_analysis_finish(a, err)
 *	pl_analysis_pictures(a, &pictures, err)
 *	...
 *	pl_pictures_free(&pictures)
 *
 * Mat coordinates as in frame.h: mm, x to the right and y forward from the rear left corner; row 0
 * is the front. What was thinned says so in `every`. Not thread-safe.
 */
#ifndef PLANTAR_PICTURES_H
#define PLANTAR_PICTURES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <plantar/error.h>
#include <plantar/gait.h>
#include <plantar/json.h>
#include <plantar/live.h>
#include <plantar/standing.h>

#ifdef __cplusplus
extern "C" {
#endif

#define PL_PICTURE_PATH_MAX 4000   /* points of a path */
#define PL_PICTURE_CURVES_MAX 1000 /* steps whose force is kept */
#define PL_PICTURE_SAMPLES_MAX 400 /* of one of them */

/* Where a cell's centre lies, as the figures of `regions` were made. */
enum pl_picture_region {
	PL_PICTURE_NOTHING, /* no foot's */
	PL_PICTURE_HEEL,
	PL_PICTURE_MIDFOOT,
	PL_PICTURE_FOREFOOT,
	PL_PICTURE_OTHER, /* a foot's, but toes that the convention leaves out, or no region known
			   */
};

/*
 * Points in the order of time. A path is broken where run changes: no load, or missing frames, lay
 * in between.
 */
struct pl_picture_path {
	size_t n;
	unsigned every; /* of so many points one is left */
	double *t_s, *x_mm, *y_mm;
	uint32_t *run;
};

struct pl_picture_foot {
	enum pl_side side;
	bool partial, touched;
	unsigned row0, row1, col0, col1; /* box of cells, row1 and col1 exclusive */
	/* the axis from the heel's edge to the toes', and where regions end along it; NaN: unknown
	 */
	double heel_x_mm, heel_y_mm, toe_x_mm, toe_y_mm;
	double half_heel_line_mm, heel_line_mm, forefoot_line_mm; /* from the heel's edge */
	bool quadrants; /* the heel was divided into four */
	/* of this foot alone, also where others stepped on the same cells: [(row1 - row0) *
	 * (col1 - col0)], NaN where the cell is none of its print's */
	float *peak, *impulse;
};

/* One stance. Forces in N, or in counts without calibration. */
struct pl_picture_step {
	size_t step; /* index in "steps" */
	int foot;    /* index in "feet" */
	enum pl_side side;
	unsigned rejected; /* enum pl_step_reject */
	size_t n;
	unsigned every;
	float *t_s;	     /* since the onset */
	float *force, *heel; /* heel: NaN where regions are not known */
	float *x_mm, *y_mm;  /* centre of pressure of this foot; NaN: unknown */
};

struct pl_pictures {
	unsigned rows, cols;
	double pitch_row_mm, pitch_col_mm;
	bool calibrated; /* kPa and N, else counts */
	bool laid_out;	 /* a mat under a belt: cells of the belt, laid out lane by lane */
	double weight_n; /* NaN: not known */
	float *peak;	 /* [rows * cols] */
	float *impulse;	 /* [rows * cols] times s */
	uint8_t *region; /* [rows * cols] enum pl_picture_region */
	uint16_t *foot;	 /* [rows * cols] 0: none, else index in "feet" + 1; the first of several */
	struct pl_picture_path cop;  /* of all load on the mat, unfiltered */
	struct pl_picture_path sway; /* of the quiet standing, filtered as its figures are: x to the
					person's right, y forward, from its mean */
	struct pl_picture_foot *feet;
	size_t n_feet;
	struct pl_picture_step *steps; /* [n_steps] of those in "steps" that are kept */
	size_t n_steps, not_kept;
};

void pl_pictures_free(struct pl_pictures *p);

struct pl_analysis;
/* After pl_analysis_finish of an analysis with options.pictures, once: moves them out. -1:
 * PL_ESTATE, PL_ENOMEM. */
int pl_analysis_pictures(struct pl_analysis *a, struct pl_pictures *p, struct pl_error *err);

/* Appends member "pictures" to the object that is open in json. */
void pl_pictures_json(const struct pl_pictures *p, struct pl_json *json);

#ifdef __cplusplus
}
#endif
#endif
