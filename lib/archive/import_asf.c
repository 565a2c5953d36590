/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tekscan .asf (ASCII movie of F-Scan, I-Scan, HR Mat): a header of KEY value lines up to
 * "ASCII_DATA @@", then for each frame an empty line, "Frame n", ROWS lines of COLS cells separated
 * by commas, and "@@" after the last. B marks a place of the grid where the sensor has no cell.
 * The header says twice what there is (spacing and area, first and last frame): both must agree.
 * COMMENTS: opens free text, which ends at START_FRAME. Pressures come in the unit that UNITS
 * names and become kPa; Raw stays counts.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "import_frames.h"
#include "import_text.h"
#include "import_units.h"

#define HEADER_LINES_MAX 10000

enum key {
	KEY_DATA_TYPE,
	KEY_ROWS,
	KEY_COLS,
	KEY_ROW_SPACING,
	KEY_COL_SPACING,
	KEY_SENSEL_AREA,
	KEY_SECONDS_PER_FRAME,
	KEY_SATURATION_PRESSURE,
	KEY_START_FRAME,
	KEY_END_FRAME,
	KEY_UNITS,
	KEY_MIRROR_ROW,
	KEY_MIRROR_COL,
	KEY_FILENAME,
	KEY_SENSOR_TYPE,
	KEY_COUNT
};

struct asf {
	struct pl_text text;
	struct pl_import *im;
	unsigned long seen[KEY_COUNT]; /* line of each key; 0: not there */
	uint64_t first, last;	       /* numbers of frames */
	double area_m2;
	unsigned area_decimals; /* of the area in the unit it is printed in */
	double area_unit_m2;
	double to_kpa;	   /* what one printed unit is worth; 1 for counts */
	double saturation; /* kPa; 0: unknown */
	unsigned decimals; /* most that any cell has */
	bool mirrored[2];
	bool in_comments;
	uint64_t number;   /* of the frame being read */
	unsigned row, col; /* of the cell being read, from 0 */
};

/* ---- units ----------------------------------------------------------------------------------- */

static const struct {
	const char *name;
	double metres;
} length_units[] = {
	{"mm", 1e-3},	       {"millimeters", 1e-3}, {"cm", 1e-2},
	{"centimeters", 1e-2}, {"in", 25.4e-3},	      {"inches", 25.4e-3},
};

/* The rest of the line without blanks at its end. */
static size_t rest_of_line(struct pl_text *t, const char **start)
{
	const char *stop = t->stop;

	pl_text_blanks(t);
	while (stop > t->at && (stop[-1] == ' ' || stop[-1] == '\t'))
		stop--;
	*start = t->at;
	return (size_t)(stop - t->at);
}

static bool is_word(const char *s, size_t n, const char *word)
{
	return strlen(word) == n && strncasecmp(s, word, n) == 0;
}

/* kPa of the unit named by the rest of the line; 0 counts; -1 err is set. */
static double pressure_unit(struct asf *a)
{
	const char *name;
	size_t n = rest_of_line(&a->text, &name);

	double kpa = pl_import_pressure_unit(name, n);

	if (kpa >= 0)
		return kpa;
	return pl_text_fail(&a->text, PL_EUNSUPPORTED,
			    "the unit '%.*s' is not known here; export in KPa, PSI, mmHg, N/cm2 or "
			    "Raw",
			    n < 40 ? (int)n : 40, name);
}

static double length_unit(struct asf *a, const char *suffix)
{
	const char *name;
	size_t n = rest_of_line(&a->text, &name);

	for (size_t i = 0; i < sizeof(length_units) / sizeof(length_units[0]); i++) {
		char word[16];

		snprintf(word, sizeof(word), "%s%s", length_units[i].name, suffix);
		if (is_word(name, n, word))
			return length_units[i].metres;
	}
	return pl_text_expected(&a->text, "the unit mm%s, cm%s or in%s", suffix, suffix, suffix);
}

/* ---- header ---------------------------------------------------------------------------------- */

static int positive(struct asf *a, struct pl_number *n, const char *what)
{
	struct pl_text *t = &a->text;
	const char *at;

	pl_text_blanks(t);
	at = t->at;
	if (!pl_text_number(t, n))
		return pl_text_expected(t, "%s", what);
	if (pl_text_decimal_comma(t))
		return -1;
	if (n->value > 0 && n->value <= 1e9)
		return 0;
	t->at = at;
	return pl_text_expected(t, "%s above 0", what);
}

static int whole(struct asf *a, uint64_t *value, uint64_t min, uint64_t max, const char *what)
{
	struct pl_text *t = &a->text;
	const char *at;

	pl_text_blanks(t);
	at = t->at;
	if (pl_text_uint(t, value) && *value >= min && *value <= max) {
		pl_text_blanks(t);
		if (t->at == t->stop)
			return 0;
	}
	t->at = at;
	return pl_text_expected(t, "%s from %llu to %llu", what, (unsigned long long)min,
				(unsigned long long)max);
}

static int spacing(struct asf *a, double *pitch_m, const char *what)
{
	struct pl_number n;
	double metres;

	if (positive(a, &n, what))
		return -1;
	metres = length_unit(a, "");
	if (metres < 0)
		return -1;
	/* 5.08 mm as the double nearest to 0.00508: divide by a whole number where there is one */
	*pitch_m = metres == 1e-3   ? n.value / 1000
		   : metres == 1e-2 ? n.value / 100
				    : n.value * metres;
	return 0;
}

static int sensel_area(struct asf *a)
{
	struct pl_number n;
	double metres;

	if (positive(a, &n, "the area of a sensel"))
		return -1;
	metres = length_unit(a, "2");
	if (metres < 0)
		return -1;
	a->area_unit_m2 = metres * metres;
	a->area_m2 = n.value * a->area_unit_m2;
	a->area_decimals = n.decimals;
	return 0;
}

static int saturation(struct asf *a)
{
	struct pl_number n;
	double kpa;

	if (positive(a, &n, "the saturation pressure"))
		return -1;
	kpa = pressure_unit(a);
	if (kpa < 0)
		return -1;
	a->saturation = n.value * kpa;
	return 0;
}

static int units(struct asf *a)
{
	a->to_kpa = pressure_unit(a);
	if (a->to_kpa < 0)
		return -1;
	if (a->to_kpa == 0) {
		a->im->unit = PL_UNIT_COUNTS;
		a->to_kpa = 1;
	}
	return 0;
}

static int data_type(struct asf *a)
{
	const char *s;
	size_t n = rest_of_line(&a->text, &s);

	if (is_word(s, n, "MOVIE"))
		return 0;
	return pl_text_fail(&a->text, PL_EUNSUPPORTED,
			    "DATA_TYPE is '%.*s'; only MOVIE can be read: export the frames as a "
			    "movie in ASCII",
			    n < 40 ? (int)n : 40, s);
}

static int fact(struct asf *a, const char *key)
{
	const char *s;
	size_t n = rest_of_line(&a->text, &s);

	pl_import_fact_text(a->im, key, s, n);
	return 0;
}

static int read_key(struct asf *a, enum key key)
{
	struct pl_geometry *g = &a->im->geometry;
	struct pl_number n;
	uint64_t v = 0;
	int result = 0;

	switch (key) {
	case KEY_DATA_TYPE:
		return data_type(a);
	case KEY_ROWS:
		result = whole(a, &v, 1, PL_SIDE_MAX, "a number of rows");
		g->rows = (unsigned)v;
		return result;
	case KEY_COLS:
		result = whole(a, &v, 1, PL_SIDE_MAX, "a number of columns");
		g->cols = (unsigned)v;
		return result;
	case KEY_ROW_SPACING:
		return spacing(a, &g->pitch_row_m, "the distance of rows");
	case KEY_COL_SPACING:
		return spacing(a, &g->pitch_col_m, "the distance of columns");
	case KEY_SENSEL_AREA:
		return sensel_area(a);
	case KEY_SECONDS_PER_FRAME:
		result = positive(a, &n, "the seconds of a frame");
		a->im->interval_s = result ? 0 : n.value;
		return result;
	case KEY_SATURATION_PRESSURE:
		return saturation(a);
	case KEY_START_FRAME:
		return whole(a, &a->first, 0, 1000000000, "the number of the first frame");
	case KEY_END_FRAME:
		return whole(a, &a->last, 0, 1000000000, "the number of the last frame");
	case KEY_UNITS:
		return units(a);
	case KEY_MIRROR_ROW:
	case KEY_MIRROR_COL:
		result = whole(a, &v, 0, 1, "0 or 1,");
		a->mirrored[key - KEY_MIRROR_ROW] = v;
		return result;
	case KEY_FILENAME:
		return fact(a, "source_file");
	case KEY_SENSOR_TYPE:
		return fact(a, "sensor_type");
	case KEY_COUNT:
		break;
	}
	return 0;
}

static const char *const key_names[KEY_COUNT] = {
	[KEY_DATA_TYPE] = "DATA_TYPE",
	[KEY_ROWS] = "ROWS",
	[KEY_COLS] = "COLS",
	[KEY_ROW_SPACING] = "ROW_SPACING",
	[KEY_COL_SPACING] = "COL_SPACING",
	[KEY_SENSEL_AREA] = "SENSEL_AREA",
	[KEY_SECONDS_PER_FRAME] = "SECONDS_PER_FRAME",
	[KEY_SATURATION_PRESSURE] = "SATURATION_PRESSURE",
	[KEY_START_FRAME] = "START_FRAME",
	[KEY_END_FRAME] = "END_FRAME",
	[KEY_UNITS] = "UNITS",
	[KEY_MIRROR_ROW] = "MIRROR_ROW",
	[KEY_MIRROR_COL] = "MIRROR_COL",
	[KEY_FILENAME] = "FILENAME",
	[KEY_SENSOR_TYPE] = "SENSOR_TYPE",
};

static bool is_key(struct pl_text *t, const char *name)
{
	const char *at = t->at;

	if (pl_text_word(t, name) && (t->at == t->stop || *t->at == ' ' || *t->at == '\t'))
		return true;
	t->at = at;
	return false;
}

static int header_line(struct asf *a)
{
	struct pl_text *t = &a->text;
	unsigned i = 0;

	if (pl_text_word(t, "COMMENTS:")) {
		a->in_comments = true;
		return 0;
	}
	while (i < KEY_COUNT && !is_key(t, key_names[i]))
		i++;
	if (i == KEY_COUNT || (a->in_comments && i != KEY_START_FRAME))
		return 0;
	a->in_comments = false;
	if (a->seen[i])
		return pl_text_fail(t, PL_ECORRUPT, "%s a second time; the first is in line %lu",
				    key_names[i], a->seen[i]);
	a->seen[i] = t->line;
	return read_key(a, (enum key)i);
}

/* Up to and with "ASCII_DATA @@". */
static int header(struct asf *a)
{
	struct pl_text *t = &a->text;

	if (t->end - t->next >= 3 && memcmp(t->next, "\xEF\xBB\xBF", 3) == 0)
		t->next += 3;
	for (unsigned i = 0; i < HEADER_LINES_MAX && pl_text_line(t); i++) {
		if (!pl_text_word(t, "ASCII_DATA")) {
			if (header_line(a))
				return -1;
			continue;
		}
		pl_text_blanks(t);
		return pl_text_word(t, "@@") ? 0 : pl_text_expected(t, "@@ after ASCII_DATA");
	}
	return pl_text_expected(t, "'ASCII_DATA @@' after the header");
}

/* Do spacing and area agree to the digits that are printed? */
static int check_area(struct asf *a)
{
	double area_m2 = pl_cell_area_m2(&a->im->geometry);
	double slack = 0.5 * pow(10, -(double)a->area_decimals) * a->area_unit_m2 + 1e-3 * area_m2;

	if (!a->seen[KEY_SENSEL_AREA] || fabs(area_m2 - a->area_m2) <= slack)
		return 0;
	return pl_error_set(a->text.err, PL_ECORRUPT, 0,
			    "line %lu: SENSEL_AREA is %g mm2, but ROW_SPACING x COL_SPACING is %g "
			    "mm2",
			    a->seen[KEY_SENSEL_AREA], a->area_m2 * 1e6, area_m2 * 1e6);
}

static int check_header(struct asf *a)
{
	static const enum key needed[] = {
		KEY_DATA_TYPE,	 KEY_ROWS,  KEY_COLS,	     KEY_ROW_SPACING,
		KEY_COL_SPACING, KEY_UNITS, KEY_START_FRAME, KEY_SECONDS_PER_FRAME,
		KEY_END_FRAME};
	uint64_t frames;

	a->text.at = a->text.start;
	for (size_t i = 0; i < sizeof(needed) / sizeof(needed[0]); i++)
		if (!a->seen[needed[i]])
			return pl_text_expected(&a->text, "a line with %s before the data",
						key_names[needed[i]]);
	if (a->last < a->first)
		return pl_error_set(a->text.err, PL_ECORRUPT, 0,
				    "line %lu: END_FRAME %llu is before START_FRAME %llu",
				    a->seen[KEY_END_FRAME], (unsigned long long)a->last,
				    (unsigned long long)a->first);
	frames = a->last - a->first + 1;
	if (frames > PL_IMPORT_FRAMES_MAX)
		return pl_error_set(a->text.err, PL_ENOMEM, 0,
				    "line %lu: %llu frames are more than %u; split the recording",
				    a->seen[KEY_END_FRAME], (unsigned long long)frames,
				    PL_IMPORT_FRAMES_MAX);
	a->im->cell_state = calloc(pl_geometry_cells(&a->im->geometry), 1);
	if (!a->im->cell_state)
		return pl_error_set(a->text.err, PL_ENOMEM, 0, "out of memory");
	return check_area(a);
}

/* ---- frames ---------------------------------------------------------------------------------- */

static int expected_cell(struct asf *a, const char *what)
{
	return pl_text_expected(&a->text, "%s (column %u of %u, row %u of %u, frame %llu)%s", what,
				a->col + 1, a->im->geometry.cols, a->row + 1, a->im->geometry.rows,
				(unsigned long long)a->number,
				pl_text_at_end(&a->text) ? ": the recording is cut off" : "");
}

/* B, just read: there is no cell here, in no frame. */
static int no_cell(struct asf *a, uint8_t *state)
{
	if (a->im->frames == 1)
		*state = PL_CELL_NONE;
	if (*state == PL_CELL_NONE)
		return 0;
	a->text.at--;
	return expected_cell(a, "a pressure, since the first frame has a cell here");
}

static int one_cell(struct asf *a, uint8_t *state, double *value)
{
	struct pl_text *t = &a->text;
	const char *at = t->at;
	struct pl_number n;

	*value = 0;
	if (pl_text_char(t, 'B'))
		return no_cell(a, state);
	if (!pl_text_number(t, &n))
		return expected_cell(a, "a pressure or B");
	if (*state == PL_CELL_NONE) {
		t->at = at;
		return expected_cell(a, "B, since the first frame has no cell here");
	}
	if (n.decimals > a->decimals)
		a->decimals = n.decimals;
	*value = n.value * a->to_kpa;
	return 0;
}

static int comma(struct asf *a)
{
	struct pl_text *t = &a->text;

	if (pl_text_char(t, ','))
		return 0;
	if (t->at < t->stop && *t->at == ';')
		return pl_text_fail(t, PL_ECORRUPT,
				    "cells separated by ';': an export with decimal commas; export "
				    "again with a decimal point (the regional setting of the "
				    "computer that exports it)");
	return expected_cell(a, "a comma and the next cell");
}

static int row(struct asf *a, double *cells)
{
	struct pl_text *t = &a->text;
	unsigned cols = a->im->geometry.cols;
	size_t start = (size_t)a->row * cols;

	for (a->col = 0; a->col < cols; a->col++)
		if ((a->col && comma(a)) ||
		    one_cell(a, &a->im->cell_state[start + a->col], &cells[start + a->col]))
			return -1;
	pl_text_blanks(t);
	if (t->at < t->stop)
		return pl_text_expected(t, "the end of the line after %u cells", cols);
	return 0;
}

/* "Frame n" after empty lines, or the end mark. 1 a frame, 0 the end. */
static int frame_line(struct asf *a)
{
	struct pl_text *t = &a->text;
	unsigned long long number = a->number;
	uint64_t found;

	do {
		if (!pl_text_line(t))
			return pl_text_expected(t, "'Frame %llu' or '@@': the recording is cut off",
						number);
	} while (pl_text_line_is_blank(t));
	if (pl_text_word(t, "@@"))
		return 0;
	if (!pl_text_word(t, "Frame"))
		return pl_text_expected(t, "'Frame %llu' or '@@'", number);
	pl_text_blanks(t);
	if (!pl_text_uint(t, &found))
		return pl_text_expected(t, "the number of the frame, %llu", number);
	if (found != number)
		return pl_text_fail(t, PL_ECORRUPT,
				    "frame %llu where frame %llu should be: frames are missing or "
				    "doubled",
				    (unsigned long long)found, number);
	pl_text_blanks(t);
	if (t->at < t->stop)
		return pl_text_expected(t, "the end of the line after 'Frame %llu'", number);
	return 1;
}

static int one_frame(struct asf *a)
{
	struct pl_text *t = &a->text;
	double *cells = pl_import_frame(a->im, t->err);

	if (!cells)
		return -1;
	for (a->row = 0; a->row < a->im->geometry.rows; a->row++) {
		if (!pl_text_line(t))
			return pl_text_expected(t,
						"row %u of %u of frame %llu: the recording is cut "
						"off",
						a->row + 1, a->im->geometry.rows,
						(unsigned long long)a->number);
		if (row(a, cells))
			return -1;
	}
	return 0;
}

static int all_frames(struct asf *a)
{
	struct pl_text *t = &a->text;
	int more;

	for (a->number = a->first; (more = frame_line(a)) > 0; a->number++) {
		if (a->number > a->last)
			return pl_text_fail(t, PL_ECORRUPT,
					    "frame %llu, but END_FRAME in line %lu is %llu",
					    (unsigned long long)a->number, a->seen[KEY_END_FRAME],
					    (unsigned long long)a->last);
		if (one_frame(a))
			return -1;
	}
	if (more < 0)
		return -1;
	t->at = t->start;
	if (a->number != a->last + 1)
		return pl_text_fail(t, PL_ECORRUPT,
				    "the data end after %zu frames, but the header announces %llu "
				    "(lines %lu and %lu): frames are missing",
				    a->im->frames, (unsigned long long)(a->last - a->first + 1),
				    a->seen[KEY_START_FRAME], a->seen[KEY_END_FRAME]);
	while (pl_text_line(t))
		if (!pl_text_line_is_blank(t))
			return pl_text_expected(t, "nothing after '@@'");
	return 0;
}

/* Cells are printed rounded: one that is printed at the limit may have been above it. */
static void finish(struct asf *a)
{
	static const char *const mirror_keys[2] = {"mirror_row", "mirror_col"};
	struct pl_import *im = a->im;

	if (a->saturation > 0 && im->unit == PL_UNIT_KPA)
		im->saturation =
			fmax(a->saturation - 0.5 * pow(10, -(double)a->decimals) * a->to_kpa, 0);
	for (int i = 0; i < 2; i++)
		if (a->mirrored[i])
			pl_import_fact_number(im, mirror_keys[i], 1);
	if (a->first != 1)
		pl_import_fact_number(im, "first_frame", (double)a->first);
}

int pl_backend_asf(const void *text, size_t n, struct pl_backend *b, struct pl_error *err)
{
	struct asf a = {.to_kpa = 1};

	pl_text_init(&a.text, text, n, err);
	a.im = pl_import_new(PL_FORMAT_TEKSCAN_ASF, err);
	if (!a.im)
		return -1;
	if (header(&a) || check_header(&a) || all_frames(&a)) {
		pl_import_free(a.im);
		return -1;
	}
	finish(&a);
	pl_import_backend(a.im, b);
	return 0;
}
