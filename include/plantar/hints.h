/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a person must say about a file that does not say it itself: which columns of a table are
 * what, which array of an HDF5 file holds the frames and along which axes. Every command that
 * reads recordings takes the same options and hands them on in one struct; a file that describes
 * itself needs none of them, and hints that a format cannot use are refused, never ignored.
 */
#ifndef PLANTAR_HINTS_H
#define PLANTAR_HINTS_H

#include <plantar/error.h>
#include <plantar/gait.h>
#include <plantar/json.h>
#include <plantar/live.h>
#include <plantar/session.h>
#include <plantar/standing.h>
#include <plantar/table.h>

#ifdef __cplusplus
extern "C" {
#endif

struct pl_hints {
	/* Tables: "ap=COPx,ml=-9": role=header name or number from 1, a minus in front of it turns
	 * the sign. Roles: pl_column_name. NULL: the file is no table. */
	const char *columns;
	const char *unit_length; /* of CoP columns: "mm", "cm", "m"; NULL: as the header says */
	/* HDF5 arrays */
	const char *dataset; /* "/img000"; NULL: the file describes itself */
	const char *axes;    /* "y,x,t" in the order of the array; a minus: it runs the other way */
	double pitch_row_mm, pitch_col_mm; /* 0: not said */
	/* The array is a box cut out of a larger mat: what touches its border was not cut by the
	 * mat's edge, so no footprint is `partial` for that */
	bool cropped;
	/* Tables: of forces ("N") or lengths; arrays: of the cells ("kPa", ...; NULL: counts) */
	const char *unit;
	double rate_hz; /* 0: not said */
	/* pedar: a file of the areas of an insole's sensors (docs/import.md); NULL: not known */
	const char *geometry;
	/* Pairs of insoles: this one of the two alone; UNKNOWN: both */
	enum pl_side side;
};

struct pl_recording;

/* As pl_recording_open. hints may be NULL. */
struct pl_recording *pl_recording_open_hinted(const char *path, const struct pl_hints *hints,
					      struct pl_error *err);

/*
 * A table of force or CoP: samples at an even rate, in the units and directions of table.h. Parsed
 * whole (limits: 1 GiB, 1e7 rows, 512 columns). A refusal names line and column; without
 * hints->columns it lists the columns that were found. The caller frees it.
 */
struct pl_table_file {
	struct pl_table table;
	char path[4096];
	char from[PL_COLUMNS][64];    /* what the file calls the column; "" if there is none */
	double scale[PL_COLUMNS];     /* that its numbers were multiplied with */
	char problem[256];	      /* as in pl_recording_info */
	bool rate_from_time;	      /* from the file's own times, not from hints */
	bool time_is_column;	      /* table.column[PL_COLUMN_TIME] came from the file */
	struct pl_session_meta *meta; /* of a session that was made of one; NULL: somebody's file */
};
/* path may also be a trial that plantar import made of one; hints are then not asked. */
struct pl_table_file *pl_table_open(const char *path, const struct pl_hints *hints,
				    struct pl_error *err);
struct pl_table_file *pl_table_open_memory(const void *text, size_t n, const struct pl_hints *hints,
					   struct pl_error *err);
void pl_table_close(struct pl_table_file *t); /* NULL allowed */
/* Appends member "recording" to the open object; keys as pl_recording_json where they apply. */
void pl_table_json(const struct pl_table_file *t, struct pl_json *json);

/* The whole of `plantar analyze --json` for a table: recording, method, and of total, standing,
 * steps and gait what applies. */
struct pl_table_options {
	struct pl_standing_options standing;
	struct pl_gait_options gait;
};
void pl_table_options_init(struct pl_table_options *o);
/* The same, and what a session's own annotations say of it. */
void pl_table_options_of(const struct pl_table_file *file, struct pl_table_options *o);
int pl_table_analyze(const struct pl_table_file *file, const struct pl_table_options *o,
		     struct pl_json *json, struct pl_error *err);

#ifdef __cplusplus
}
#endif
#endif
