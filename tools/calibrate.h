/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The steps of a calibration, the same whether the frames come from recordings or from a mat that
 * is there: the empty mat, loads, the fit, a person, the file. One thread.
 */
#ifndef TOOLS_CALIBRATE_H
#define TOOLS_CALIBRATE_H

#include <plantar/calibration_fit.h>
#include <plantar/cell_watch.h>
#include <plantar/still.h>

#include "drivers/mat/mat.h"
#include "tools/command.h"

#define PL_CAL_LOADS PL_FIT_PLACES_MAX

/* A load as it is asked for: "20kg@12,8=FILE". */
struct pl_cal_load {
	double force_n;
	double row, col;  /* NaN: where it is found */
	const char *file; /* NULL: on the mat, now */
	char label[64];	  /* "20 kg" */
	/* once weighed */
	struct pl_still_report still;
	double *counts; /* owned */
};

enum pl_cal_stage { PL_CAL_EMPTY, PL_CAL_LOAD, PL_CAL_BODY };

struct pl_cal {
	const struct pl_subcommand *self;
	/* asked for */
	const char *empty_file, *out, *by, *as;
	double valid_days, seconds;
	struct pl_cal_load load[PL_CAL_LOADS];
	size_t n_loads, n_weighed; /* those weighed are the first */
	double body_mass_kg;	   /* NaN: nobody */
	const char *body_file;
	bool json, yes;
	/* live */
	const char *endpoint, *mat_name;
	double wait_s;
	/* the mat */
	struct pl_mat mat; /* as configured; zero if nobody named it */
	struct pl_geometry geometry;
	enum pl_dtype dtype;
	struct pl_calibration plain; /* counts, less the empty mat, with cells left out */
	bool begun;
	/* at work */
	enum pl_cal_stage stage;
	bool first; /* frame of the stage */
	struct pl_cell_watch *watch;
	struct pl_cell_report cells;
	struct pl_still *still;
	struct pl_still_report empty_still;
	double *empty, *kpa;
	double body_sum_n;
	uint64_t body_frames;
	/* found */
	struct pl_calibration cal;
	struct pl_fit fit;
	struct pl_fit_residual residual[PL_CAL_LOADS];
	struct pl_weight_check body;
	bool fitted, saved;
};

/* "20kg", "196.1N", each with @ROW,COL and =FILE behind it if wanted. False: not so. */
bool pl_cal_parse_load(const char *text, struct pl_cal_load *load);

/* The mat's shape is known: everything is made that needs it. */
int pl_cal_begin(struct pl_cal *c, const struct pl_geometry *g, enum pl_dtype dtype,
		 struct pl_error *err);
void pl_cal_free(struct pl_cal *c);

/* A stretch of frames: stage, push, and the stage's end. */
int pl_cal_stage(struct pl_cal *c, enum pl_cal_stage stage, struct pl_error *err);
void pl_cal_push(struct pl_cal *c, const void *cells);
int pl_cal_empty_end(struct pl_cal *c, struct pl_error *err);
/* load: moved among those weighed if it can be used, else PL_ESTATE with the way out. */
int pl_cal_load_end(struct pl_cal *c, const struct pl_cal_load *load, struct pl_error *err);
/* Takes a load out that was weighed; n from 1. False: there is none. */
bool pl_cal_drop(struct pl_cal *c, size_t n);
int pl_cal_fit(struct pl_cal *c, struct pl_error *err);
int pl_cal_body_end(struct pl_cal *c, struct pl_error *err);

/* For people. */
void pl_cal_print_empty(const struct pl_cal *c);
void pl_cal_print_load(const struct pl_cal *c);
void pl_cal_print_fit(const struct pl_cal *c);
void pl_cal_print_body(const struct pl_cal *c);
/* The file, whole or not at all; says so unless json. */
int pl_cal_save(struct pl_cal *c, struct pl_error *err);
void pl_cal_print_json(const struct pl_cal *c);

/* With a running daemon, in a dialogue or (yes) by itself. Returns an enum pl_exit. */
int pl_cal_live(struct pl_cal *c);

#endif
