/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the formats of `plantar export` share. A format is one function that writes the recording,
 * open and at its first frame, to a file; export.c has the command line, the recording and the
 * output around it. Each returns 0, or -1 and err; what has been written by then is thrown away.
 */
#ifndef TOOLS_EXPORT_H
#define TOOLS_EXPORT_H

#include <stdbool.h>
#include <stdio.h>

#include <plantar/hints.h>
#include <plantar/recording.h>

#include "tools/command.h"

enum pl_export_what {
	PL_EXPORT_METRICS,
	PL_EXPORT_FRAMES,
	PL_EXPORT_COP,
	PL_EXPORT_STEPS,
	PL_EXPORT_EVENTS,
	PL_EXPORT_GAPS
};

struct pl_export {
	const struct pl_subcommand *self;  /* for messages */
	struct pl_recording *recording;	   /* NULL: */
	const struct pl_table_file *table; /* of a session that was made of one */
	FILE *out;
	char separator; /* tables: ',' or a tab */
	enum pl_export_what what;
	bool raw, recompute, close_gaps;
};

/* export_table.c: rows with a header, for spreadsheets and R */
int pl_export_table(const struct pl_export *e, struct pl_error *err);
/* export_samples.c: the same of a table */
int pl_export_samples(const struct pl_export *e, struct pl_error *err);
/* export_steps.c: the same of `steps` of the analysis */
int pl_export_steps(const struct pl_export *e, struct pl_error *err);
/* export_lst.c: pages as novel emed prints them */
int pl_export_lst(const struct pl_export *e, struct pl_error *err);
/* export_ascii.c: matrices as footscan writes them */
int pl_export_ascii(const struct pl_export *e, struct pl_error *err);

/* A field of a table: quoted where it holds a separator, a quote or an end of line. */
void pl_put_text(FILE *out, char separator, const char *text);
/* The shortest digits that read back to the same number; nothing for NaN. */
void pl_put_double(FILE *out, double value);
/* Element i of cells as it is, without calibration. */
void pl_put_raw_cell(FILE *out, const void *cells, enum pl_dtype dtype, size_t i);

/* Calls each for every frame from the first on, with a progress line. */
int pl_export_frames(const struct pl_export *e, const char *doing,
		     int (*each)(void *user, const struct pl_frame *frame, struct pl_error *err),
		     void *user, struct pl_error *err);

#endif
