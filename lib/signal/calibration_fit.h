/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The weighings made ready for fitting: of each only the cells that count, with how near they are
 * to each place where a weight lay. Shared by the two halves of the fit.
 */
#ifndef SIGNAL_CALIBRATION_FIT_H
#define SIGNAL_CALIBRATION_FIT_H

#include <plantar/calibration_fit.h>

struct pl_fit_cells {
	size_t n;
	double *counts;	  /* [n] above the empty mat */
	double *nearness; /* [n * places] weight of each place's gain */
	double force_n;
	unsigned place;
	bool left_out;
};

struct pl_fit_data {
	const struct pl_geometry *g;
	size_t n; /* weighings */
	struct pl_fit_cells *weighing;
	unsigned places;
	double *row, *col; /* [places] */
	bool *no_place;	   /* [places] left out */
	double floor;	   /* counts: below, a cell says nothing */
	double top;	   /* the highest counts of any cell */
};

/* One model with its numbers. */
struct pl_fit_model {
	enum pl_fit_curve curve;
	bool map;
	double scale, parameter;
	double *gain; /* [places] */
};

/* The value of a cell less scale. */
double pl_fit_shape(enum pl_fit_curve curve, double parameter, double lin);
/* Weight of a place's gain for a cell, by their distance. */
double pl_fit_nearness(const struct pl_geometry *g, double row, double col, double place_row,
		       double place_col);
/* Fits scale, parameter and gains to the weighings that are not left out. */
void pl_fit_model(const struct pl_fit_data *d, struct pl_fit_model *m);
double pl_fit_predict_n(const struct pl_fit_data *d, const struct pl_fit_model *m,
			const struct pl_fit_cells *w);

#endif
