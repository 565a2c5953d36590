/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A calibration from known weights. Each weighing is the mean counts of all cells with a load of
 * known force on the mat; the model of calibration.h is fitted so that the cells' newtons add up to
 * it. Candidates, from simple to rich:
 *
 *	linear	one scale
 *	power	value = scale lin^p, as a curve of points; wants loads of different force at one
 *place divider	value = scale lin / (full - lin): a sensor that conducts in proportion to its load,
 *		in a voltage divider; as a curve of points
 *	map	one of these, and a gain for each cell, interpolated between the places of the
 *		weights by inverse squared distance; wants places near all cells
 *
 * Each is judged by predicting every weighing from the others (a map: from other loads at its
 * place, or from other places if it has none). The simplest is taken whose error is below good_pct,
 *or that no richer one beats by better_share. Errors are relative, in percent of the load. Pure.
 */
#ifndef PLANTAR_CALIBRATION_FIT_H
#define PLANTAR_CALIBRATION_FIT_H

#include <stdbool.h>
#include <stddef.h>

#include <plantar/calibration.h>
#include <plantar/error.h>

#ifdef __cplusplus
extern "C" {
#endif

struct pl_weighing {
	double force_n;
	const double *counts; /* [cells] mean, the empty mat not yet taken off */
	double row, col;      /* centre of the load, as cells */
};

enum pl_fit_curve { PL_FIT_LINEAR, PL_FIT_POWER, PL_FIT_DIVIDER };
#define PL_FIT_CURVES 3
#define PL_FIT_PLACES_MAX 64 /* and weighings */

struct pl_fit_rules {
	double good_pct;     /* 1: what a simpler model reaches is enough */
	double better_share; /* 0.7: a richer one must get below this part of the simpler one's */
	double worst_pct;    /* 10: above, no model describes these weighings */
	double reach;	     /* of the mat's sides: how far a cell may be from the nearest place */
	double same_place;   /* cells: weighings nearer than this were at one place */
	double load_ratio;   /* heaviest over lightest load of one place, for a curve */
};
extern const struct pl_fit_rules pl_fit_rules;

struct pl_fit_candidate {
	enum pl_fit_curve curve;
	bool map;
	bool possible;	  /* the weighings allow it */
	const char *why;  /* not: why not, for a person */
	double cross_pct; /* RMS of predicting each weighing from the others */
};

#define PL_FIT_CANDIDATES (2 * PL_FIT_CURVES)

struct pl_fit_residual {
	double measured_n, error_n, error_pct; /* by the calibration as it will be used */
};

struct pl_fit {
	struct pl_fit_candidate candidate[PL_FIT_CANDIDATES];
	unsigned chosen;
	double parameter; /* power: p; divider: full, counts */
	unsigned places;
	double rms_pct, max_pct;   /* residuals */
	double repeat_pct;	   /* RMS spread of equal loads at one place; NaN: none repeated */
	double noise_counts;	   /* as given */
	double gain_min, gain_max; /* 1 without a map */
};

const char *pl_fit_curve_name(enum pl_fit_curve curve); /* "linear", "power", "divider" */
/* "linear" or "power curve with a gain map of 9 places". */
const char *pl_fit_text(const struct pl_fit *fit, char *buf, size_t cap);

/*
 * empty: [cells] mean counts of the empty mat. noise: SD of a cell, counts; the noise floor is set
 * to five of them. state as cell_state, or NULL, copied. cal is filled (unit N, offset, curve or
 * scale, gain, states), to be freed; its id is "none". residual: [n]. PL_ESTATE: too few weighings,
 * or no model describes them; the message names the worst and the way out. PL_ENOMEM.
 */
int pl_calibration_fit(const struct pl_geometry *g, const struct pl_weighing *w, size_t n,
		       const double *empty, const uint8_t *state, double noise,
		       struct pl_calibration *cal, struct pl_fit *fit,
		       struct pl_fit_residual *residual, struct pl_error *err);

#ifdef __cplusplus
}
#endif
#endif
