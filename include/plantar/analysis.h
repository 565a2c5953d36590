/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A whole recording in numbers: the sections `method`, `total` and `feet` of `plantar analyze`.
 * Two passes over the frames: the first finds the footprints and the totals, the second
 * integrates regions laid over the whole footprints. Definitions: docs/metrics.md.
 *
 *	a = pl_analysis_new(...)
 *	for every frame: pl_analysis_push(a, ...)
 *	pl_analysis_second_pass(a)
 *	for every frame again, the same: pl_analysis_push(a, ...)
 *	pl_analysis_finish(a), then pl_analysis_json(a, json)
 *
 * One thread at a time. Memory is bounded by the number of footprints (at most 4,096 kept), not
 * by the number of frames.
 */
#ifndef PLANTAR_ANALYSIS_H
#define PLANTAR_ANALYSIS_H

#include <stdbool.h>
#include <stdint.h>

#include <plantar/calibration.h>
#include <plantar/json.h>
#include <plantar/live.h>

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
	double filter_hz;		  /* NaN: none */
	enum pl_side side;		  /* what the operator says; UNKNOWN: found from shape */
	enum pl_facing facing;
	double contact_on_n, contact_off_n; /* 30 and 20 */
	/* Corrections of single feet, by their place in `feet`: bit k of foot_sided is set where
	 * foot_side[k] holds, UNKNOWN included. */
	uint64_t foot_sided;
	enum pl_side foot_side[PL_FOOT_SIDES];
};
void pl_analysis_options_init(struct pl_analysis_options *o);

struct pl_analysis;

/* calibrated: values are kPa, else counts. contact: as pl_calibration.contact. */
struct pl_analysis *pl_analysis_new(const struct pl_geometry *g, bool calibrated, double contact,
				    double rate_hz, const struct pl_analysis_options *o,
				    struct pl_error *err);
void pl_analysis_free(struct pl_analysis *a);

/*
 * values: [rows*cols] kPa or counts. t_ns: sampling time (device time if there is one, else the
 * file's interval, else t_est_ns), ascending. gap: frames are missing before this one: no
 * integral spans it.
 */
int pl_analysis_push(struct pl_analysis *a, const double *values, int64_t t_ns, bool gap,
		     struct pl_error *err);
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

/* Appends members "method", "total" and "feet" to the object that is open in json. */
void pl_analysis_json(const struct pl_analysis *a, struct pl_json *json);

#ifdef __cplusplus
}
#endif
#endif
