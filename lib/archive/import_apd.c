/* SPDX-License-Identifier: Apache-2.0 */
/*
 * zebris .apd: one footprint of a walk over a platform, as the picture of each cell's peak
 * pressure, in the style of an .ini file:
 *
 *	[General]    UnitDistance=mm  UnitPressure=N/cm2  Date=...  Time=...
 *	[Technical]  MaxSensorsX=353  MaxSensorsY=64  StartSensX=233  StartSensY=8
 *	             SensCountX=32    SensCountY=15   LDistX=8.46591  LDistY=8.46591
 *	[Data]       SensCountX lines of SensCountY cells, separated by tabs; -1: never touched
 *
 * X runs along the platform, a line of the data each; where on the platform the picture lies
 * (StartSens, counted by the platform) is kept as facts. Nothing says on which hand Y begins, so
 * the picture may be a mirrored one: no side can be read from its shape. Peaks of different
 * moments have no sum that would be a force: the recording is one of PL_LAYOUT_PICTURE.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "import_frames.h"
#include "import_text.h"
#include "import_units.h"

#define LINES_MAX 1000

enum key { MAX_X, MAX_Y, START_X, START_Y, COUNT_X, COUNT_Y, NUMBERS };
static const char *const number_keys[NUMBERS] = {"MaxSensorsX", "MaxSensorsY", "StartSensX",
						 "StartSensY",	"SensCountX",  "SensCountY"};

struct apd {
	struct pl_text text;
	struct pl_import *im;
	uint64_t number[NUMBERS];
	unsigned long seen[NUMBERS];
	double to_kpa, to_m, dist_x, dist_y;
};

/* "Key=": the cursor stands behind it. */
static bool key(struct apd *a, const char *name)
{
	struct pl_text *t = &a->text;

	t->at = t->start;
	if (pl_text_word(t, name) && pl_text_char(t, '='))
		return true;
	t->at = t->start;
	return false;
}

static size_t value(const struct apd *a)
{
	const char *stop = a->text.stop;

	while (stop > a->text.at && (stop[-1] == ' ' || stop[-1] == '\t'))
		stop--;
	return (size_t)(stop - a->text.at);
}

static void fact(struct apd *a, const char *name)
{
	pl_import_fact_text(a->im, name, a->text.at, value(a));
}

static int distance(struct apd *a, double *to)
{
	const char *at = a->text.at;
	struct pl_number n;

	if (!pl_text_number(&a->text, &n))
		return pl_text_expected(&a->text, "the distance of sensors");
	if (pl_text_decimal_comma(&a->text))
		return -1;
	if (n.value > 0 && n.value <= 1e6) {
		*to = n.value;
		return 0;
	}
	a->text.at = at;
	return pl_text_expected(&a->text, "a distance of sensors above 0");
}

static int units(struct apd *a)
{
	struct pl_text *t = &a->text;

	if (key(a, "UnitPressure")) {
		a->to_kpa = pl_import_pressure_unit(t->at, value(a));
		if (!(a->to_kpa > 0))
			return pl_text_fail(t, PL_EUNSUPPORTED,
					    "this unit is not known here; export in N/cm2 or kPa");
	} else if (key(a, "UnitDistance")) {
		a->to_m = value(a) == 2 && pl_text_word(t, "mm")   ? 1e-3
			  : value(a) == 2 && pl_text_word(t, "cm") ? 1e-2
								   : 0;
		if (!(a->to_m > 0))
			return pl_text_expected(t, "the unit mm or cm");
	}
	return 0;
}

static int header_line(struct apd *a)
{
	struct pl_text *t = &a->text;

	for (int i = 0; i < NUMBERS; i++) {
		if (!key(a, number_keys[i]))
			continue;
		if (!pl_text_uint(t, &a->number[i]) || t->at != t->stop)
			return pl_text_expected(t, "a whole number");
		a->seen[i] = t->line;
		return 0;
	}
	if (key(a, "LDistX"))
		return distance(a, &a->dist_x);
	if (key(a, "LDistY"))
		return distance(a, &a->dist_y);
	if (key(a, "Date"))
		fact(a, "date");
	else if (key(a, "Time"))
		fact(a, "time");
	return units(a);
}

static int header_complete(struct apd *a)
{
	struct pl_text *t = &a->text;
	const uint64_t *n = a->number;

	t->at = t->start;
	for (int i = COUNT_X; i <= COUNT_Y; i++) {
		if (!a->seen[i])
			return pl_text_expected(t, "'%s=' before [Data]", number_keys[i]);
		if (n[i] < 1 || n[i] > PL_SIDE_MAX)
			return pl_error_set(
				t->err, PL_ENOMEM, 0, "line %lu: %s is %llu; a picture has 1 to %d",
				a->seen[i], number_keys[i], (unsigned long long)n[i], PL_SIDE_MAX);
	}
	if (!(a->dist_x > 0) || !(a->dist_y > 0) || !(a->to_kpa > 0) || !(a->to_m > 0))
		return pl_text_expected(t, "'%s=' before [Data]",
					!(a->dist_x > 0)   ? "LDistX"
					: !(a->dist_y > 0) ? "LDistY"
					: !(a->to_kpa > 0) ? "UnitPressure"
							   : "UnitDistance");
	for (int i = 0; i < 2; i++)
		if (a->seen[MAX_X + i] && a->seen[START_X + i] &&
		    n[START_X + i] + n[COUNT_X + i] > n[MAX_X + i] + 1)
			return pl_error_set(t->err, PL_ECORRUPT, 0,
					    "line %lu: %llu sensors from %llu on are more than the "
					    "platform's %llu",
					    a->seen[COUNT_X + i],
					    (unsigned long long)n[COUNT_X + i],
					    (unsigned long long)n[START_X + i],
					    (unsigned long long)n[MAX_X + i]);
	return 0;
}

/* Up to and with [Data]. */
static int header(struct apd *a)
{
	struct pl_text *t = &a->text;

	for (unsigned i = 0; i < LINES_MAX && pl_text_line(t); i++) {
		if (pl_text_word(t, "[Data]"))
			return header_complete(a);
		if (header_line(a))
			return -1;
	}
	return pl_text_expected(t, "[Data]");
}

static int cell(struct apd *a, double *to, unsigned row, unsigned col)
{
	struct pl_text *t = &a->text;
	struct pl_number n;

	*to = 0;
	if (col && !pl_text_char(t, '\t'))
		return pl_text_expected(t, "a tab and cell %u of %llu (row %u)%s", col + 1,
					(unsigned long long)a->number[COUNT_Y], row + 1,
					pl_text_at_end(t) ? ": the file is cut off" : "");
	if (pl_text_word(t, "-1") && (t->at == t->stop || *t->at == '\t'))
		return 0;
	if (!pl_text_number(t, &n))
		return pl_text_expected(t, "a pressure, or -1 where the foot was not");
	if (pl_text_decimal_comma(t))
		return -1;
	*to = n.value * a->to_kpa;
	return 0;
}

static int picture(struct apd *a)
{
	struct pl_text *t = &a->text;
	struct pl_geometry *g = &a->im->geometry;
	double *cells;

	g->rows = (unsigned)a->number[COUNT_X];
	g->cols = (unsigned)a->number[COUNT_Y];
	g->pitch_row_m = a->dist_x * a->to_m;
	g->pitch_col_m = a->dist_y * a->to_m;
	a->im->layout = PL_LAYOUT_PICTURE;
	cells = pl_import_frame(a->im, t->err);
	if (!cells)
		return -1;
	for (unsigned r = 0; r < g->rows; r++) {
		if (!pl_text_line(t) || pl_text_line_is_blank(t))
			return pl_text_expected(t, "row %u of %u: the file is cut off", r + 1,
						g->rows);
		for (unsigned c = 0; c < g->cols; c++)
			if (cell(a, &cells[(size_t)r * g->cols + c], r, c))
				return -1;
		pl_text_blanks(t);
		if (t->at < t->stop)
			return pl_text_expected(t, "the end of the row after %u cells", g->cols);
	}
	while (pl_text_line(t))
		if (!pl_text_line_is_blank(t))
			return pl_text_expected(t, "nothing after the last row");
	pl_text_note_cut(t, a->im->problem, sizeof(a->im->problem));
	return 0;
}

static void note_place(struct apd *a)
{
	static const struct {
		enum key key;
		const char *name;
	} facts[] = {{START_X, "first_row"},
		     {START_Y, "first_col"},
		     {MAX_X, "platform_rows"},
		     {MAX_Y, "platform_cols"}};

	for (size_t i = 0; i < sizeof(facts) / sizeof(facts[0]); i++)
		if (a->seen[facts[i].key])
			pl_import_fact_number(a->im, facts[i].name,
					      (double)a->number[facts[i].key]);
}

int pl_backend_apd(const void *text, size_t n, struct pl_backend *b, struct pl_error *err)
{
	struct apd a = {.to_kpa = 0};

	pl_text_init(&a.text, text, n, err);
	a.im = pl_import_new(PL_FORMAT_ZEBRIS_APD, err);
	if (!a.im)
		return -1;
	if (header(&a) == 0 && picture(&a) == 0) {
		note_place(&a);
		pl_import_backend(a.im, b);
		return 0;
	}
	pl_import_free(a.im);
	return -1;
}
