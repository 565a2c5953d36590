/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Frames that an importer collects in memory, kPa or counts as doubles, at a fixed interval. The
 * importer sets geometry, interval and unit, asks for a place for each frame, and at the end turns
 * the whole into a backend, which then owns it.
 */
#ifndef ARCHIVE_IMPORT_FRAMES_H
#define ARCHIVE_IMPORT_FRAMES_H

#include "backend.h"

#define PL_IMPORT_FRAMES_MAX 1000000u
#define PL_IMPORT_BYTES_MAX ((size_t)2 << 30) /* of frames in memory */
#define PL_IMPORT_FACTS 10

/* A thing the file says that is worth passing on: a member of "recording" in the JSON. */
struct pl_import_fact {
	const char *key; /* a literal */
	bool is_text;
	double number;
	char text[128];
};

struct pl_import {
	enum pl_format format;
	struct pl_geometry geometry;
	enum pl_unit unit; /* KPA or COUNTS */
	double interval_s; /* 0: not known (a single frame) */
	enum pl_layout layout;
	bool cropped;	       /* as in pl_recording_info */
	enum pl_side side;     /* of an insole by itself */
	enum pl_facing facing; /* what the format says of it; AUTO: nothing */
	double saturation;     /* in the unit of the cells; 0: unknown */
	uint8_t *cell_state;   /* owned; NULL: every cell is there */
	char problem[256];
	struct pl_import_fact facts[PL_IMPORT_FACTS];
	unsigned n_facts;

	double *sensor_area_m2; /* [rows], owned; NULL: not known, or not of PL_LAYOUT_SENSORS */
	int64_t *t_ns;		/* [frames], owned: ascending times; NULL: at the interval */
	double *cells;		/* private from here on */
	size_t frames, capacity;
	uint64_t next;
};

struct pl_import *pl_import_new(enum pl_format format, struct pl_error *err);
void pl_import_free(struct pl_import *im); /* NULL allowed */

/* Place for one more frame of geometry's size, not initialised. NULL: over a limit. */
double *pl_import_frame(struct pl_import *im, struct pl_error *err);
void pl_import_fact_number(struct pl_import *im, const char *key, double number);
void pl_import_fact_text(struct pl_import *im, const char *key, const char *text, size_t n);

/* im belongs to b afterwards. */
void pl_import_backend(struct pl_import *im, struct pl_backend *b);

#endif
