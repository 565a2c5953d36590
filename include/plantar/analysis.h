/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A whole recording in numbers: the sections `method`, `total`, `feet`, `steps`, `gait` and
 * `standing` of `plantar analyze`. Two passes over the frames: the first finds the footprints and
 *the totals, the second integrates regions laid over the whole footprints. Definitions:
 *docs/metrics.md.
 *
 *	a = pl_analysis_new(...)
 *	for every frame: pl_analysis_push(a, ...)
 *	pl_analysis_second_pass(a)
 *	for every frame again, the same: pl_analysis_push(a, ...)
 *	pl_analysis_finish(a), then pl_analysis_json(a, json)
 *
 * One thread at a time. Memory is bounded by the number of footprints (at most 4,096 kept), and
 * while somebody stands by the length of it: 210 bytes a frame, of 500,000 frames at most, twice.
 */
#ifndef PLANTAR_ANALYSIS_H
#define PLANTAR_ANALYSIS_H

#include <stdbool.h>
#include <stdint.h>

#include <plantar/calibration.h>
#include <plantar/gait.h>
#include <plantar/json.h>
#include <plantar/live.h>
#include <plantar/standing.h>

#ifdef __cplusplus
extern "C" {
#endif

enum pl_axis { PL_AXIS_FOOT, PL_AXIS_ROWS };
const char *pl_axis_name(enum pl_axis axis);
int pl_axis_parse(const char *name);

#define PL_FOOT_SIDES 64

struct pl_analysis_options {
	enum pl_region_convention region; /* default novel */
	enum pl_axis axis;		  /* default foot; thirds-box implies rows */
	double filter_hz;		  /* of the CoP, for sway; NaN: none. Default 10 */
	enum pl_side side;		  /* what the operator says; UNKNOWN: found */
	enum pl_facing facing;
	double contact_on_n, contact_off_n; /* 30 and 20 */
	/* Corrections of single feet, by their place in `feet`: bit k of foot_sided is set where
	 * foot_side[k] holds, UNKNOWN included. */
	uint64_t foot_sided;
	enum pl_side foot_side[PL_FOOT_SIDES];
	double body_mass_kg;		/* NaN: not known */
	double noise_floor_kpa;		/* below it the mat's cells read 0; 0: not known or none */
	double code_kpa;		/* from one code of a cell to the next; 0: fractions */
	bool dead_weight;		/* whatever lies on the mat is what stands there */
	const struct pl_sway *own_sway; /* of such a weight, on this mat, along its axes; NULL: not
					   known. Must live as long as the analysis */
	/* Above 0: two insoles on one mat, the left one in its first columns, so many of them, the
	 * right one in its last: sides are known by place. */
	unsigned insole_cols;
	/* One frame of each cell's peak over a stance, maybe mirrored (PL_LAYOUT_PICTURE of
	 * recording.h): no force, time or side is made of it. */
	bool picture;
	/* The outermost cells are not where the mat ends (an insole, a box cut out of a larger
	 * mat): cells there do not make a footprint partial. */
	bool border_is_no_edge;
	bool barefoot;		     /* else no arch index and no CPEI: an outsole has neither */
	bool pictures;		     /* also what plantar/pictures.h holds */
	struct pl_gait_options gait; /* contact thresholds: those above */
};
void pl_analysis_options_init(struct pl_analysis_options *o);

struct pl_analysis;

/* calibrated: values are kPa, else counts. contact: as pl_calibration.contact. */
struct pl_analysis *pl_analysis_new(const struct pl_geometry *g, bool calibrated, double contact,
				    double rate_hz, const struct pl_analysis_options *o,
				    struct pl_error *err);
void pl_analysis_free(struct pl_analysis *a);

/* full: [rows*cols] value of each cell at full scale, 0: not known. Before the second pass; without
 * it no step is marked saturated. */
int pl_analysis_saturation(struct pl_analysis *a, const double *full, struct pl_error *err);

/*
 * values: [rows*cols] kPa or counts. t_ns: sampling time (device time if there is one, else the
 * file's interval, else t_est_ns), ascending. gap: frames are missing before this one: no
 * integral spans it.
 */
int pl_analysis_push(struct pl_analysis *a, const double *values, int64_t t_ns, bool gap,
		     struct pl_error *err);
/*
 * What pl_calibrate_whole says of the frame that is pushed next, in the second pass: valid until
 * then. Of all frames or of none; worth it where the calibration has a noise floor. Sway is then
 * made of all that lies on the cells under the feet.
 */
void pl_analysis_whole(struct pl_analysis *a, const double *whole);
int pl_analysis_second_pass(struct pl_analysis *a, struct pl_error *err);
int pl_analysis_finish(struct pl_analysis *a, struct pl_error *err);

/* Totals, for whoever wants the doubles. Undefined values are NaN. */
struct pl_totals {
	uint64_t frames;
	double force_peak_n;
	int64_t force_peak_frame; /* from 0; -1 without frames */
	double force_time_integral_ns, pressure_peak_kpa;
	double contact_area_peak_cm2, contact_area_footprint_cm2;
	double pressure_time_integral_max_cell_kpa_s, pressure_time_integral_peak_curve_kpa_s;
	/* largest |heel + midfoot + forefoot + unassigned - total| and |quadrants - heel| of any
	 * frame, relative to the frame's total: rounding only */
	double region_sum_error_max;
};
const struct pl_totals *pl_analysis_totals(const struct pl_analysis *a);

/* Of the definitions: member "version" of every "method". */
const char *pl_analysis_version(void);

/* Of the longest stretch somebody stood still; NULL: nobody did. After pl_analysis_finish. */
const struct pl_standing *pl_analysis_standing(const struct pl_analysis *a);

/* The steps, once finished. Owned by a. */
const struct pl_gait *pl_analysis_gait(const struct pl_analysis *a);
/* The same, to keep: to is then to be freed (pl_gait_free), and a has none any more. */
void pl_analysis_take_gait(struct pl_analysis *a, struct pl_gait *to);

/* Appends members "method", "total", "feet", "steps", "gait" and "standing" to the object that is
 * open in json. */
void pl_analysis_json(const struct pl_analysis *a, struct pl_json *json);

#ifdef __cplusplus
}
#endif
#endif
