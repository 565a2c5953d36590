/* SPDX-License-Identifier: Apache-2.0 */
/*
 * novel pedar .asc: the pressures of two insoles, one line a frame, in kPa:
 *
 *	file name:  x.sol<tab>date/time  25.04.23 10.49
 *	sensor type:  y-1865l-1870r-pxf306-11mar2021
 *	total time [secs]:  15.050<tab>time per frame [secs]:  0.01000<tab>scanning rate [Hz]:   100
 *	pressure values in  kPa
 *	mask definition:
 *	left insole: 1,2,3, ...                 right insole: 1,2,3, ...
 *	time[secs]<tab>1<tab>2 ... <tab>99<tab>1<tab>2 ... <tab>99
 *	0.01000<tab>32.500<tab>40.000 ...
 *
 * The file says neither where a sensor lies nor how large it is (that depends on the insole and is
 * in novel's own files), so there is no force, no area and no centre of pressure in it: the
 * recording is one of PL_LAYOUT_SENSORS. Row r is sensor r + 1 in novel's numbering, the left
 * insole column 0, the right one column 1.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "import_areas.h"
#include "import_frames.h"
#include "import_text.h"
#include "import_units.h"

#define HEADER_LINES_MAX 200
#define LATE 0.5 /* intervals: more than that between two times is a hole */

struct pedar {
	struct pl_text text;
	struct pl_import *im;
	enum pl_side only;
	double to_kpa, total_s, interval_s, rate_hz;
	unsigned long total_line, interval_line;
	unsigned sensors[2]; /* of the left, of the right */
};

/* Where in this line does the value of that label stand? */
static bool label(struct pedar *p, const char *name)
{
	struct pl_text *t = &p->text;
	const char *at = t->stop > t->start ? memmem(t->start, (size_t)(t->stop - t->start), name,
						     strlen(name))
					    : NULL;

	if (!at)
		return false;
	t->at = at + strlen(name);
	pl_text_blanks(t);
	return true;
}

static int positive(struct pedar *p, double *value, const char *what)
{
	struct pl_text *t = &p->text;
	const char *at = t->at;
	struct pl_number n;

	if (!pl_text_number(t, &n))
		return pl_text_expected(t, "%s", what);
	if (pl_text_decimal_comma(t))
		return -1;
	if (n.value > 0 && n.value <= 1e6) {
		*value = n.value;
		return 0;
	}
	t->at = at;
	return pl_text_expected(t, "%s above 0", what);
}

/* Up to the next tab, without blanks at its end. */
static void fact(struct pedar *p, const char *key)
{
	const struct pl_text *t = &p->text;
	const char *stop = memchr(t->at, '\t', (size_t)(t->stop - t->at));

	if (!stop)
		stop = t->stop;
	while (stop > t->at && stop[-1] == ' ')
		stop--;
	pl_import_fact_text(p->im, key, t->at, (size_t)(stop - t->at));
}

static int unit(struct pedar *p)
{
	struct pl_text *t = &p->text;
	const char *stop = t->stop;

	while (stop > t->at && (stop[-1] == ' ' || stop[-1] == '\t'))
		stop--;
	p->to_kpa = pl_import_pressure_unit(t->at, (size_t)(stop - t->at));
	if (p->to_kpa > 0)
		return 0;
	return pl_text_fail(t, PL_EUNSUPPORTED,
			    "the unit '%.*s' is not known here; export in kPa or N/cm2",
			    stop - t->at < 40 ? (int)(stop - t->at) : 40, t->at);
}

static int header_line(struct pedar *p)
{
	if (label(p, "file name:"))
		fact(p, "source_file");
	if (label(p, "date/time"))
		fact(p, "date");
	if (label(p, "sensor type:"))
		fact(p, "sensor_type");
	if (label(p, "total time [secs]:")) {
		p->total_line = p->text.line;
		if (positive(p, &p->total_s, "the length of the recording"))
			return -1;
	}
	if (label(p, "time per frame [secs]:")) {
		p->interval_line = p->text.line;
		if (positive(p, &p->interval_s, "the time of a frame"))
			return -1;
	}
	if (label(p, "scanning rate [Hz]:") && positive(p, &p->rate_hz, "the scanning rate"))
		return -1;
	return label(p, "pressure values in") ? unit(p) : 0;
}

/* time[secs], then the numbers of the sensors, which begin anew with the right insole. */
static int column_labels(struct pedar *p)
{
	struct pl_text *t = &p->text;
	unsigned insole = 0;
	uint64_t n;

	pl_text_blanks(t);
	while (t->at < t->stop) {
		const char *at = t->at;
		unsigned wanted = p->sensors[insole] + 1;

		if (!pl_text_uint(t, &n))
			return pl_text_expected(t, "the number of a sensor");
		if (n == 1 && wanted > 1 && insole == 0) {
			insole = 1;
			wanted = 1;
		}
		if (n != wanted || n > PL_SIDE_MAX) {
			t->at = at;
			return pl_text_expected(t, "sensor %u", wanted);
		}
		p->sensors[insole]++;
		pl_text_blanks(t);
	}
	if (!p->sensors[0])
		return pl_text_expected(t, "the numbers of the sensors");
	if (p->sensors[0] != p->sensors[1] && p->sensors[1])
		return pl_text_fail(t, PL_EUNSUPPORTED,
				    "%u sensors of the left insole and %u of the right: different "
				    "insoles, or sensors masked out; export both whole",
				    p->sensors[0], p->sensors[1]);
	if (!p->sensors[1])
		return pl_text_fail(t, PL_EUNSUPPORTED,
				    "one insole, and nothing says which; export both");
	return 0;
}

static int header_complete(struct pedar *p)
{
	struct pl_text *t = &p->text;

	t->at = t->start;
	if (!(p->to_kpa > 0) || !(p->interval_s > 0))
		return pl_text_expected(t, "'%s' before the frames",
					p->to_kpa > 0 ? "time per frame [secs]:"
						      : "pressure values in");
	if (p->rate_hz > 0 && fabs(p->rate_hz * p->interval_s - 1) > 0.01)
		return pl_error_set(t->err, PL_ECORRUPT, 0,
				    "line %lu: a frame every %g s is not %g Hz", p->interval_line,
				    p->interval_s, p->rate_hz);
	return 0;
}

static int header(struct pedar *p)
{
	struct pl_text *t = &p->text;

	for (unsigned i = 0; i < HEADER_LINES_MAX && pl_text_line(t); i++) {
		if (!pl_text_word(t, "time[secs]")) {
			if (header_line(p))
				return -1;
			continue;
		}
		return column_labels(p) || header_complete(p) ? -1 : 0;
	}
	return pl_text_expected(t, "a line that begins with time[secs]");
}

/* The areas of the sensors, if somebody wrote them down: the same for a left and a right insole. */
static int read_areas(struct pedar *p, const struct pl_hints *hints)
{
	unsigned n = p->sensors[0];

	if (!hints || !hints->geometry)
		return 0;
	p->im->sensor_area_m2 = malloc(n * sizeof(double));
	if (!p->im->sensor_area_m2)
		return pl_error_set(p->text.err, PL_ENOMEM, 0, "out of memory");
	pl_import_fact_text(p->im, "geometry", hints->geometry, strlen(hints->geometry));
	return pl_import_areas_read(hints->geometry, p->im->sensor_area_m2, n, p->text.err);
}

static void set_geometry(struct pedar *p)
{
	struct pl_import *im = p->im;

	im->layout = PL_LAYOUT_SENSORS;
	im->side = p->only;
	im->interval_s = p->interval_s;
	im->geometry = (struct pl_geometry){.rows = p->sensors[0],
					    .cols = p->only == PL_SIDE_UNKNOWN ? 2 : 1,
					    .pitch_row_m = NAN,
					    .pitch_col_m = NAN};
}

/* The time of a frame, one interval after the one before. */
static int frame_time(struct pedar *p, double *before_s)
{
	struct pl_text *t = &p->text;
	struct pl_number n;
	const char *at;

	pl_text_blanks(t);
	at = t->at;
	if (!pl_text_number(t, &n))
		return pl_text_expected(t, "the time of frame %zu", p->im->frames + 1);
	if (pl_text_decimal_comma(t))
		return -1;
	if (p->im->frames && fabs(n.value - *before_s - p->interval_s) > LATE * p->interval_s) {
		t->at = at;
		return pl_text_fail(t, PL_ECORRUPT,
				    "%g s, but the frame before is at %g s and a frame takes %g s: "
				    "frames are missing or doubled",
				    n.value, *before_s, p->interval_s);
	}
	if (!p->im->frames)
		pl_import_fact_number(p->im, "first_frame_s", n.value);
	*before_s = n.value;
	return 0;
}

static int pressures(struct pedar *p, double *cells)
{
	struct pl_text *t = &p->text;
	unsigned cols = p->im->geometry.cols, n = p->sensors[0];
	struct pl_number v;

	for (unsigned i = 0; i < 2 * n; i++) {
		enum pl_side side = i < n ? PL_SIDE_LEFT : PL_SIDE_RIGHT;

		pl_text_blanks(t);
		if (!pl_text_number(t, &v))
			return pl_text_expected(t, "the pressure of sensor %u (%s insole)%s",
						i % n + 1, pl_side_name(side),
						pl_text_at_end(t) ? ": the recording is cut off"
								  : "");
		if (pl_text_decimal_comma(t))
			return -1;
		if (p->only == PL_SIDE_UNKNOWN)
			cells[(size_t)(i % n) * cols + i / n] = v.value * p->to_kpa;
		else if (side == p->only)
			cells[i % n] = v.value * p->to_kpa;
	}
	pl_text_blanks(t);
	return t->at == t->stop
		       ? 0
		       : pl_text_expected(t, "the end of the line after %u pressures", 2 * n);
}

static int frames(struct pedar *p)
{
	struct pl_text *t = &p->text;
	double before_s = 0, *cells;

	while (pl_text_line(t)) {
		if (pl_text_line_is_blank(t))
			continue;
		if (frame_time(p, &before_s))
			return -1;
		cells = pl_import_frame(p->im, t->err);
		if (!cells || pressures(p, cells))
			return -1;
	}
	if (!p->im->frames)
		return pl_text_expected(t, "a frame");
	if (p->total_s > 0 &&
	    p->total_s - (double)p->im->frames * p->interval_s > 1.5 * p->interval_s)
		snprintf(p->im->problem, sizeof(p->im->problem),
			 "line %lu says %g s, but the frames end after %g s: the file was cut, or "
			 "part of the recording exported",
			 p->total_line, p->total_s, (double)p->im->frames * p->interval_s);
	pl_text_note_cut(t, p->im->problem, sizeof(p->im->problem));
	return 0;
}

int pl_backend_pedar(const void *text, size_t n, const struct pl_hints *hints, struct pl_backend *b,
		     struct pl_error *err)
{
	struct pedar p = {.only = hints ? hints->side : PL_SIDE_UNKNOWN};

	pl_text_init(&p.text, text, n, err);
	p.im = pl_import_new(PL_FORMAT_PEDAR_ASC, err);
	if (!p.im)
		return -1;
	if (header(&p) == 0) {
		set_geometry(&p);
		if (read_areas(&p, hints) == 0 && frames(&p) == 0) {
			pl_import_backend(p.im, b);
			return 0;
		}
	}
	pl_import_free(p.im);
	return -1;
}
