/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From raw counts to pressure, and back for simulation. For each cell
 *
 *	lin   = (raw - tare - cell_offset) * cell_gain
 *	value = curve(lin) if there is a curve, else scale * lin
 *	value = 0 if value < noise_floor (or negative)
 *
 * in kPa, or in newtons a cell (converted to kPa by the cell's area), or, without calibration, in
 * counts: then every figure made from it is named counts and never newtons. Raw counts stay
 * beside in the archive: calibration is an interpretation, not the truth.
 */
#ifndef PLANTAR_CALIBRATION_H
#define PLANTAR_CALIBRATION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <plantar/error.h>
#include <plantar/frame.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Shape and pitch of a mat. Limits: 1..512 rows and columns. */
struct pl_geometry {
	unsigned rows, cols;
	double pitch_row_m, pitch_col_m; /* distance between rows (y) and between columns (x) */
};

#define PL_SIDE_MAX 512
static inline size_t pl_geometry_cells(const struct pl_geometry *g)
{
	return (size_t)g->rows * g->cols;
}
double pl_cell_area_m2(const struct pl_geometry *g);

/* What a cell is. Only a MAT has forces and centres of pressure. */
enum pl_layout {
	PL_LAYOUT_MAT,	   /* places and areas are known: row and column times pitch */
	PL_LAYOUT_SENSORS, /* neither is: rows count sensors, one or two columns insoles, the left
			      one first (pedar); the pitches are NaN: pressure only */
	PL_LAYOUT_PICTURE, /* one frame: each cell's peak over a whole stance (zebris), maybe
			      mirrored; the cells were not loaded at one time, their sum is no
			      force */
	PL_LAYOUT_TABLE,   /* no cells: samples of force or centre of pressure (table.h) */
};
const char *pl_layout_name(enum pl_layout layout); /* "mat", "sensors", "picture", "table" */
int pl_layout_parse(const char *name);		   /* -1: none of these */

enum pl_unit { PL_UNIT_COUNTS, PL_UNIT_KPA, PL_UNIT_N };
const char *pl_unit_name(enum pl_unit unit); /* "counts", "kPa", "N" */
int pl_unit_parse(const char *name);	     /* -1: none of these */

enum pl_cell { PL_CELL_OK = 0, PL_CELL_NONE = 1, PL_CELL_DEAD = 2, PL_CELL_STUCK = 3 };
enum pl_dead_policy { PL_DEAD_EXCLUDE, PL_DEAD_INTERPOLATE };

#define PL_CURVE_MAX 64

/*
 * What a calibration says of its making; kept with every recording, changes no value. "" and 0: not
 * said. Dates are UTC, "2026-11-25"; on the day it expires a calibration is still good.
 */
struct pl_calibration_origin {
	char calibrated[11], expires[11];
	char by[65], method[161];
	unsigned loads;				   /* weighings that it was made from */
	double reference_n;			   /* the heaviest of them */
	double residual_rms_pct, residual_max_pct; /* of the loads, with the calibration as it is */
	double repeat_pct;			   /* SD of the same load at the same place */
	double body_mass_kg, body_error_pct;	   /* a person of known mass, afterwards */
	bool expired; /* it was when it was to be used: see pl_calibration_expire */
};

struct pl_calibration {
	char id[65]; /* "none", or a name or hash that tells two calibrations apart */
	enum pl_unit unit;
	double scale;	    /* unit per linearised count; used when there is no curve */
	double noise_floor; /* unit; below: 0 */
	double contact;	    /* unit; a cell is in contact when its value is above this (>= 0) */
	double saturation_counts; /* raw >= this is saturated; 0: unknown */
	enum pl_dead_policy dead_policy;
	unsigned curve_points; /* 0 or 2..PL_CURVE_MAX; counts strictly ascending, value not
				  descending; linear between, last slope beyond, 0 below */
	double curve_counts[PL_CURVE_MAX], curve_value[PL_CURVE_MAX];
	size_t cells;	     /* length of the arrays below */
	double *cell_offset; /* counts, or NULL: 0 */
	double *cell_gain;   /* or NULL: 1 */
	double *tare;	     /* counts, or NULL: 0 */
	uint8_t *cell_state; /* enum pl_cell, or NULL: all OK */
	struct pl_calibration_origin origin;
};

/* No calibration: counts, scale 1, id "none". */
void pl_calibration_init(struct pl_calibration *cal, const struct pl_geometry *g);
void pl_calibration_free(struct pl_calibration *cal);
int pl_calibration_copy(struct pl_calibration *to, const struct pl_calibration *from,
			struct pl_error *err);
/* Consistent? Names the first thing that is not. */
int pl_calibration_check(const struct pl_calibration *cal, const struct pl_geometry *g,
			 struct pl_error *err);
/* The same for cells of any layout that has cells: where no pitch is known there must be none. */
int pl_layout_check(enum pl_layout layout, const struct pl_calibration *cal,
		    const struct pl_geometry *g, struct pl_error *err);
static inline bool pl_calibrated(const struct pl_calibration *cal)
{
	return cal->unit != PL_UNIT_COUNTS;
}

/*
 * cells: raw, rows*cols of dtype. value: rows*cols doubles, kPa (whatever unit is) or counts;
 * 0 in excluded cells. Returns enum pl_frame_flag bits SATURATED and DEAD. Pure; no allocation.
 */
uint32_t pl_calibrate(const struct pl_calibration *cal, const struct pl_geometry *g,
		      const void *cells, enum pl_dtype dtype, double *value);

/*
 * The same without the noise floor: a cell whose noise is below its tare is negative. NaN in cells
 * that do not work (unless they are interpolated) or are no numbers. For sums over the cells under
 * a foot, whose noise cancels: pl_analysis_whole.
 */
void pl_calibrate_whole(const struct pl_calibration *cal, const struct pl_geometry *g,
			const void *cells, enum pl_dtype dtype, double *value);

/* The inverse for simulation: pressure in kPa (or counts) to the nearest raw value of dtype,
 * clipped to its range (and to saturation_counts if set). */
void pl_calibrate_inverse(const struct pl_calibration *cal, const struct pl_geometry *g,
			  const double *value, enum pl_dtype dtype, void *cells);

/* Set the tare to the mean raw counts of an empty mat (cells doubles) and mark it in the id
 * ("<id>+tare"). NULL removes it. */
int pl_calibration_tare(struct pl_calibration *cal, const double *mean_counts,
			struct pl_error *err);

/* Is date a day as written above? Days since 1970-01-01, or -1. */
int64_t pl_calibration_day(const char *date);
/* The day of a time, as written above. */
void pl_calibration_date(int64_t utc_s, char date[11]);
/* Is utc_s behind the day that cal expires? Never without such a day. */
bool pl_calibration_expired(const struct pl_calibration *cal, int64_t utc_s);
/*
 * Makes cal say counts, as without a calibration, because it cannot be trusted any more: scale 1,
 * no curve, gains, floor or contact; offsets, tare and cell states, which are counts, stay. The id
 * becomes "<id>+expired", and origin says so. Does nothing to what is counts already.
 */
void pl_calibration_expire(struct pl_calibration *cal);

/* Does a quietly standing person of body_mass_kg weigh what they should? g = 9.80665 m/s2. */
struct pl_weight_check {
	double expected_n, measured_n, ratio; /* measured / expected */
	bool ok;			      /* within 5 % */
};
struct pl_weight_check pl_weight_check(double mean_force_n, double body_mass_kg);

#ifdef __cplusplus
}
#endif
#endif
