/* SPDX-License-Identifier: Apache-2.0 */
/*
 * XSENSOR .csv: the export of a pressure movie, comma separated, every other line empty, rows
 * padded with commas. A head, then for each frame FRAME, Date, Time, and for each sensor a block:
 *
 *	SENSOR,HX210.11.31.M11-DFM-LF S0073
 *	Rows,31  Columns,11  Sensel Width (cm),0.86  ...        (a line each)
 *	Average Pressure (mmHg), Peak Pressure (mmHg), Contact Area, Total Area, Est. Load (N), ...
 *	SENSELS
 *	0,0,96.36,226.86, ...                                   (Rows lines)
 *
 * GROUP blocks repeat cells of the sensors and are passed over. Two sensors are a pair of insoles,
 * told apart by -LF and -RF in their names; they come to lie on one mat, left and right, with 13 cm
 * of no cells between them so that they can never be taken for one foot. The first row is the toes.
 *
 * The size of a sensel is printed rounded (0.86 cm: its area is off by up to 1.2 %). Total Area is
 * not: it is the area of the sensels that there are, which an insole has fewer of than rows x
 * columns. How many follows from the printed contact areas, each of which is a whole number of
 * sensels. The proof of the cells is what the file prints beside them: peak exactly, mean of the
 * loaded cells, contact area and load within their digits; a frame that does not prove is refused.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "import_units.h"
#include "import_xsensor.h"

#define APART_M 0.13 /* more than any two parts of one foot are apart */
#define CM2_PER_M2 1e4
#define DAY_NS (INT64_C(86400) * 1000000000)

/* ---- lines ----------------------------------------------------------------------------------- */

static bool is_empty(const struct pl_text *t)
{
	for (const char *p = t->start; p < t->stop; p++)
		if (*p != ',' && *p != ' ' && *p != '\t')
			return false;
	return true;
}

/* On to the next line that says something. */
static bool line(struct xsensor *x)
{
	while (pl_text_line(&x->text))
		if (!is_empty(&x->text))
			return true;
	return false;
}

/* Is this the line of that key? Then the cursor stands at its value. */
static bool key(struct xsensor *x, const char *name)
{
	struct pl_text *t = &x->text;

	t->at = t->start;
	if (pl_text_word(t, name) && pl_text_char(t, ',')) {
		pl_text_blanks(t);
		return true;
	}
	t->at = t->start;
	return false;
}

/* Up to the next comma, without quotes and blanks around it. */
static size_t field(struct xsensor *x, const char **start)
{
	struct pl_text *t = &x->text;
	const char *stop, *end;

	pl_text_blanks(t);
	if (pl_text_char(t, '"')) {
		stop = memchr(t->at, '"', (size_t)(t->stop - t->at));
		end = stop = stop ? stop : t->stop;
	} else {
		stop = memchr(t->at, ',', (size_t)(t->stop - t->at));
		end = stop = stop ? stop : t->stop;
		while (stop > t->at && (stop[-1] == ' ' || stop[-1] == '\t'))
			stop--;
	}
	*start = t->at;
	t->at = end;
	return (size_t)(stop - *start);
}

static int number(struct xsensor *x, struct pl_number *n, const char *what)
{
	if (!pl_text_number(&x->text, n))
		return pl_text_expected(&x->text, "%s", what);
	if (x->text.at < x->text.stop && *x->text.at != ',' && *x->text.at != ' ')
		return pl_text_expected(&x->text, "the end of %s", what);
	return 0;
}

static int positive(struct xsensor *x, struct pl_number *n, const char *what)
{
	const char *at = x->text.at;

	if (number(x, n, what))
		return -1;
	if (n->value > 0 && n->value <= 1e6)
		return 0;
	x->text.at = at;
	return pl_text_expected(&x->text, "%s above 0", what);
}

static int side_length(struct xsensor *x, unsigned *value, const char *what)
{
	const char *at = x->text.at;
	uint64_t v;

	if (pl_text_uint(&x->text, &v) && v >= 1 && v <= PL_SIDE_MAX) {
		*value = (unsigned)v;
		return 0;
	}
	x->text.at = at;
	return pl_text_expected(&x->text, "a number of %s from 1 to %d", what, PL_SIDE_MAX);
}

/* ---- head and time --------------------------------------------------------------------------- */

static int unit(struct xsensor *x)
{
	const char *name;
	size_t n = field(x, &name);

	x->to_kpa = pl_import_pressure_unit(name, n);
	if (x->to_kpa > 0) {
		x->has_unit = true;
		return 0;
	}
	x->text.at = name;
	return pl_text_fail(&x->text, PL_EUNSUPPORTED,
			    "the unit '%.*s' is not known here; export in mmHg, kPa, psi or N/cm2",
			    n < 40 ? (int)n : 40, name);
}

/* Up to the first FRAME, whose line is then the current one. */
static int head(struct xsensor *x)
{
	struct pl_text *t = &x->text;
	const char *name;
	size_t n;

	if (t->end - t->next >= 3 && memcmp(t->next, "\xEF\xBB\xBF", 3) == 0)
		t->next += 3;
	while (line(x)) {
		if (key(x, "FRAME")) {
			t->at = t->start;
			return x->has_unit ? 0 : pl_text_expected(t, "'Units:' before the frames");
		}
		if (key(x, "Units:") && unit(x))
			return -1;
		if (key(x, "File:")) {
			n = field(x, &name);
			pl_import_fact_text(x->im, "source_file", name, n);
		}
	}
	return pl_text_expected(t, "a line with FRAME");
}

/* 08:21:17.982, a time of day; a day that ended in between does not turn time back. */
static int time_of_day(struct xsensor *x)
{
	struct pl_text *t = &x->text;
	struct pl_number s;
	const char *at = t->at;
	uint64_t h, m;
	int64_t t_ns;

	if (!pl_text_uint(t, &h) || h > 23 || !pl_text_char(t, ':') || !pl_text_uint(t, &m) ||
	    m > 59 || !pl_text_char(t, ':') || !pl_text_number(t, &s) || s.value >= 61) {
		t->at = at;
		return pl_text_expected(t, "a time like 08:21:17.982");
	}
	t_ns = (int64_t)(h * 3600 + m * 60) * 1000000000 + llround(s.value * 1e9);
	if (x->im->frames) {
		t_ns += (x->t_ns / DAY_NS) * DAY_NS;
		if (t_ns < x->t_ns - DAY_NS / 2)
			t_ns += DAY_NS;
		if (t_ns <= x->t_ns) {
			t->at = at;
			return pl_text_fail(t, PL_ECORRUPT,
					    "frame %llu is not later than the frame before it",
					    (unsigned long long)x->number);
		}
	} else {
		x->first_ns = t_ns;
	}
	x->t_ns = t_ns;
	x->has_time = true;
	return 0;
}

/* FRAME,1464 and its Date and Time; the line of its first SENSOR is then the current one. */
static int frame_head(struct xsensor *x)
{
	struct pl_text *t = &x->text;
	uint64_t n;

	key(x, "FRAME");
	if (!pl_text_uint(t, &n))
		return pl_text_expected(t, "the number of the frame");
	if (x->im->frames && n != x->number + 1)
		return pl_text_fail(t, PL_ECORRUPT,
				    "frame %llu where frame %llu should be: frames are missing or "
				    "doubled; export all of them",
				    (unsigned long long)n, (unsigned long long)x->number + 1);
	if (!x->im->frames)
		pl_import_fact_number(x->im, "first_frame", (double)n);
	x->number = n;
	x->has_time = false;
	for (unsigned i = 0; i < SENSORS_MAX; i++)
		x->sensor[i].read = false;
	while (line(x)) {
		if (key(x, "SENSOR")) {
			t->at = t->start;
			return x->has_time ? 0
					   : pl_text_expected(t, "'Time' of frame %llu",
							      (unsigned long long)n);
		}
		if (key(x, "FRAME") || key(x, "GROUP"))
			break;
		if (key(x, "Time") && time_of_day(x))
			return -1;
		if (!x->im->frames && key(x, "Date")) {
			const char *date;
			size_t length = field(x, &date);

			pl_import_fact_text(x->im, "date", date, length);
		}
	}
	return pl_text_expected(t, "SENSOR of frame %llu", (unsigned long long)n);
}

/* ---- a sensor -------------------------------------------------------------------------------- */

/* "HX210.11.31.M11-DFM-LF S0073": LF and RF as words. */
static enum pl_side side_of(const char *name)
{
	for (const char *p = name; *p; p++) {
		bool starts = p == name || p[-1] == '-' || p[-1] == ' ' || p[-1] == '.';
		bool ends = p[1] == 'F' && (!p[2] || p[2] == ' ' || p[2] == '-' || p[2] == '.');

		if (starts && ends && (*p == 'L' || *p == 'R'))
			return *p == 'L' ? PL_SIDE_LEFT : PL_SIDE_RIGHT;
	}
	return PL_SIDE_UNKNOWN;
}

static struct sensor *find_sensor(struct xsensor *x)
{
	struct pl_text *t = &x->text;
	const char *start, *at;
	struct sensor *s;
	char name[64];
	size_t n;

	key(x, "SENSOR");
	at = t->at;
	n = field(x, &start);
	snprintf(name, sizeof(name), "%.*s", n < 63 ? (int)n : 63, start);
	t->at = at;
	for (unsigned i = 0; i < x->sensors; i++) {
		if (strcmp(x->sensor[i].name, name) != 0)
			continue;
		if (!x->sensor[i].read)
			return &x->sensor[i];
		pl_text_fail(t, PL_ECORRUPT, "this sensor a second time in frame %llu",
			     (unsigned long long)x->number);
		return NULL;
	}
	if (x->no_more_sensors) {
		pl_text_expected(t, "a sensor that the first frame has");
		return NULL;
	}
	if (x->sensors == SENSORS_MAX) {
		pl_text_fail(t, PL_EUNSUPPORTED,
			     "a third sensor; export one mat, or a left and a right insole");
		return NULL;
	}
	s = &x->sensor[x->sensors++];
	*s = (struct sensor){.line = t->line, .side = side_of(name), .most_cm2 = INFINITY};
	memcpy(s->name, name, sizeof(name));
	return s;
}

/* Lengths must be what they were in the first frame. */
static int same(struct xsensor *x, double now, double first, const char *what)
{
	if (!x->no_more_sensors || now == first)
		return 0;
	x->text.at = x->text.start;
	return pl_text_fail(&x->text, PL_ECORRUPT, "%s are not those of the first frame", what);
}

/* "Peak Pressure (mmHg)": whatever the unit in brackets says, it is that of the head. */
static bool pressure_key(struct xsensor *x, const char *name)
{
	struct pl_text *t = &x->text;
	const char *comma;

	t->at = t->start;
	if (!pl_text_word(t, name) || !pl_text_word(t, " ("))
		return false;
	comma = memchr(t->at, ',', (size_t)(t->stop - t->at));
	if (!comma)
		return false;
	t->at = comma + 1;
	return true;
}

static int header_line(struct xsensor *x, struct sensor *s, struct printed *p)
{
	struct sensor was = *s;

	if (key(x, "Rows"))
		return side_length(x, &s->rows, "rows") ||
		       same(x, s->rows, was.rows, "the rows of this sensor");
	if (key(x, "Columns"))
		return side_length(x, &s->cols, "columns") ||
		       same(x, s->cols, was.cols, "the columns of this sensor");
	if (key(x, "Sensel Width (cm)"))
		return positive(x, &s->width_cm, "the width of a sensel") ||
		       same(x, s->width_cm.value, was.width_cm.value, "the sensels");
	if (key(x, "Sensel Height (cm)"))
		return positive(x, &s->height_cm, "the height of a sensel") ||
		       same(x, s->height_cm.value, was.height_cm.value, "the sensels");
	if (key(x, "Total Area (cm\xC2\xB2)"))
		return positive(x, &s->total_cm2, "the area of the sensor") ||
		       same(x, s->total_cm2.value, was.total_cm2.value, "the sensels");
	if (key(x, "Contact Area (cm\xC2\xB2)")) {
		p->has_contact = true;
		return number(x, &p->contact_cm2, "the contact area");
	}
	if (key(x, "Est. Load (N)")) {
		p->has_load = true;
		return number(x, &p->load_n, "the load");
	}
	if (pressure_key(x, "Average Pressure")) {
		p->has_mean = true;
		return number(x, &p->mean, "the average pressure");
	}
	if (pressure_key(x, "Peak Pressure")) {
		p->has_peak = true;
		return number(x, &p->peak, "the peak pressure");
	}
	return 0;
}

/* Up to and with SENSELS. */
static int sensor_head(struct xsensor *x, struct sensor *s, struct printed *p)
{
	struct pl_text *t = &x->text;

	while (line(x)) {
		if (key(x, "SENSELS"))
			break;
		if (key(x, "FRAME") || key(x, "SENSOR") || key(x, "GROUP"))
			return pl_text_expected(t, "SENSELS of '%s'", s->name);
		if (header_line(x, s, p))
			return -1;
	}
	if (t->at == t->stop && t->next == t->end)
		return pl_text_expected(t, "SENSELS of '%s': the recording is cut off", s->name);
	if (!s->rows || !s->cols || !(s->width_cm.value > 0) || !(s->height_cm.value > 0) ||
	    !(s->total_cm2.value > 0)) {
		t->at = t->start;
		return pl_text_expected(t, "'%s' of the sensor before SENSELS",
					!s->rows		    ? "Rows"
					: !s->cols		    ? "Columns"
					: !(s->width_cm.value > 0)  ? "Sensel Width (cm)"
					: !(s->height_cm.value > 0) ? "Sensel Height (cm)"
								    : "Total Area (cm\xC2\xB2)");
	}
	if (!s->cells)
		s->cells = malloc((size_t)s->rows * s->cols * sizeof(double));
	return s->cells ? 0 : pl_error_set(t->err, PL_ENOMEM, 0, "out of memory");
}

static int cell_row(struct xsensor *x, struct sensor *s, unsigned row, struct sums *sums)
{
	struct pl_text *t = &x->text;
	struct pl_number n;

	for (unsigned c = 0; c < s->cols; c++) {
		if ((c && !pl_text_char(t, ',')) || !pl_text_number(t, &n))
			return pl_text_expected(t, "a pressure (column %u of %u, row %u of %u)%s",
						c + 1, s->cols, row + 1, s->rows,
						pl_text_at_end(t) ? ": the recording is cut off"
								  : "");
		s->cells[(size_t)row * s->cols + c] = n.value * x->to_kpa;
		sums->sum += n.value;
		sums->peak = fmax(sums->peak, n.value);
		sums->loaded += n.value > 0;
		sums->decimals = n.decimals > sums->decimals ? n.decimals : sums->decimals;
	}
	while (t->at < t->stop && (*t->at == ',' || *t->at == ' '))
		t->at++;
	return t->at == t->stop ? 0
				: pl_text_expected(t, "the end of the row after %u cells", s->cols);
}

static int sensor_block(struct xsensor *x)
{
	struct sensor *s = find_sensor(x);
	struct printed p = {.has_mean = false};
	struct sums sums = {0};

	if (!s || sensor_head(x, s, &p))
		return -1;
	for (unsigned r = 0; r < s->rows; r++) {
		if (!line(x))
			return pl_text_expected(&x->text,
						"row %u of %u of '%s': the recording is cut off",
						r + 1, s->rows, s->name);
		if (cell_row(x, s, r, &sums))
			return -1;
	}
	s->read = true;
	return pl_xsensor_prove(x, s, &p, &sums);
}

/* ---- frames ---------------------------------------------------------------------------------- */

/* All sensors of the first frame are known: what mat do they make? */
static int make_mat(struct xsensor *x)
{
	struct sensor *s = x->sensor, *other = &x->sensor[1];
	struct pl_geometry *g = &x->im->geometry;
	unsigned apart;

	x->no_more_sensors = true;
	if (x->sensors == 1 && s->side == PL_SIDE_UNKNOWN)
		x->only = PL_SIDE_UNKNOWN; /* what it is of, the operator says */
	if (x->only != PL_SIDE_UNKNOWN) {
		while (s < x->sensor + x->sensors && s->side != x->only)
			s++;
		if (s == x->sensor + x->sensors)
			return pl_error_set(x->text.err, PL_EUSAGE, 0,
					    "there is no %s insole in it: no sensor's name says %s",
					    pl_side_name(x->only),
					    x->only == PL_SIDE_LEFT ? "LF" : "RF");
	}
	g->rows = s->rows;
	g->cols = s->cols;
	x->im->side = s->side;
	x->im->facing = s->side == PL_SIDE_UNKNOWN ? PL_FACING_AUTO : PL_FACING_FORWARD;
	if (x->sensors == 1 || x->only != PL_SIDE_UNKNOWN)
		return 0;
	if (s->side == PL_SIDE_UNKNOWN || other->side == PL_SIDE_UNKNOWN || s->side == other->side)
		return pl_error_set(x->text.err, PL_EUNSUPPORTED, 0,
				    "line %lu: a second sensor, and the names do not say which is "
				    "the left and which the right insole (LF, RF)",
				    other->line);
	if (s->rows != other->rows || s->cols != other->cols ||
	    s->width_cm.value != other->width_cm.value ||
	    s->height_cm.value != other->height_cm.value)
		return pl_error_set(x->text.err, PL_EUNSUPPORTED, 0,
				    "line %lu: the two insoles have different grids; read each by "
				    "itself with --side left and --side right",
				    other->line);
	apart = (unsigned)ceil(APART_M * 100 / s->width_cm.value);
	if (2 * s->cols + apart > PL_SIDE_MAX)
		return pl_error_set(x->text.err, PL_ENOMEM, 0,
				    "two insoles of %u columns are more than %d", s->cols,
				    PL_SIDE_MAX);
	g->cols = 2 * s->cols + apart;
	x->im->side = PL_SIDE_UNKNOWN;
	x->im->cell_state = calloc(pl_geometry_cells(g), 1);
	if (!x->im->cell_state)
		return pl_error_set(x->text.err, PL_ENOMEM, 0, "out of memory");
	for (unsigned r = 0; r < g->rows; r++)
		memset(x->im->cell_state + (size_t)r * g->cols + s->cols, PL_CELL_NONE, apart);
	pl_import_fact_number(x->im, "insole_cols", s->cols);
	return 0;
}

static int keep_time(struct xsensor *x)
{
	struct pl_import *im = x->im;

	if (im->frames > x->cap_times) {
		size_t cap = x->cap_times ? 2 * x->cap_times : 256;
		int64_t *more = realloc(im->t_ns, cap * sizeof(*more));

		if (!more)
			return pl_error_set(x->text.err, PL_ENOMEM, 0, "out of memory");
		im->t_ns = more;
		x->cap_times = cap;
	}
	im->t_ns[im->frames - 1] = x->t_ns - x->first_ns;
	return 0;
}

/* The blocks of this frame to their places. */
static int put_frame(struct xsensor *x)
{
	struct pl_import *im = x->im;
	const struct pl_geometry *g = &im->geometry;
	double *cells;

	if (!x->no_more_sensors && make_mat(x))
		return -1;
	cells = pl_import_frame(im, x->text.err);
	if (!cells)
		return -1;
	memset(cells, 0, pl_geometry_cells(g) * sizeof(*cells));
	for (unsigned i = 0; i < x->sensors; i++) {
		const struct sensor *s = &x->sensor[i];
		bool alone = g->cols == s->cols;
		unsigned at = !alone && s->side == PL_SIDE_RIGHT ? g->cols - s->cols : 0;

		if (!s->read)
			return pl_error_set(x->text.err, PL_ECORRUPT, 0,
					    "line %lu: frame %llu has no cells of '%s'",
					    x->text.line, (unsigned long long)x->number, s->name);
		if (x->only != PL_SIDE_UNKNOWN && s->side != x->only)
			continue;
		for (unsigned r = 0; r < g->rows; r++)
			memcpy(cells + (size_t)r * g->cols + at, s->cells + (size_t)r * s->cols,
			       s->cols * sizeof(*cells));
	}
	return keep_time(x);
}

/* The rest of a frame: sensors, groups. 1: the next FRAME is the current line. 0: the end. */
static int frame_rest(struct xsensor *x)
{
	bool in_group = false;

	do {
		if (key(x, "FRAME"))
			return 1;
		if (key(x, "SENSOR")) {
			in_group = false;
			if (sensor_block(x))
				return -1;
		} else if (key(x, "GROUP")) {
			in_group = true;
		} else if (!in_group) {
			x->text.at = x->text.start;
			return pl_text_expected(&x->text, "SENSOR, GROUP or FRAME");
		}
	} while (line(x));
	return 0;
}

static int frames(struct xsensor *x)
{
	int more = 1;

	while (more > 0) {
		if (frame_head(x))
			return -1;
		more = frame_rest(x);
		if (more < 0 || put_frame(x))
			return -1;
	}
	return 0;
}

static int finish(struct xsensor *x)
{
	struct pl_import *im = x->im;
	const struct sensor *s = x->sensor;
	double cm2[SENSORS_MAX] = {0}, mean = 0, ratio;

	for (unsigned i = 0; i < x->sensors; i++) {
		if (pl_xsensor_area(x, &s[i], &cm2[i]))
			return -1;
		mean += cm2[i] / x->sensors;
	}
	if (x->sensors == 2 && x->only == PL_SIDE_UNKNOWN && fabs(cm2[0] - cm2[1]) > 1e-3 * mean)
		return pl_error_set(x->text.err, PL_EUNSUPPORTED, 0,
				    "the sensels of the two insoles differ in size; read each by "
				    "itself with --side left and --side right");
	for (unsigned i = 0; i < x->sensors; i++)
		if (x->only != PL_SIDE_UNKNOWN && s[i].side == x->only)
			mean = cm2[i];
	if (pl_xsensor_check_loads(x, cm2))
		return -1;
	pl_text_note_cut(&x->text, im->problem, sizeof(im->problem));
	ratio = s[0].width_cm.value / s[0].height_cm.value;
	im->geometry.pitch_row_m = sqrt(mean / ratio / CM2_PER_M2);
	im->geometry.pitch_col_m = sqrt(mean * ratio / CM2_PER_M2);
	if (im->frames > 1)
		im->interval_s = (double)im->t_ns[im->frames - 1] / (double)(im->frames - 1) / 1e9;
	return 0;
}

int pl_backend_xsensor(const void *text, size_t n, const struct pl_hints *hints,
		       struct pl_backend *b, struct pl_error *err)
{
	struct xsensor x = {.only = hints ? hints->side : PL_SIDE_UNKNOWN};
	int result = -1;

	pl_text_init(&x.text, text, n, err);
	x.im = pl_import_new(PL_FORMAT_XSENSOR_CSV, err);
	if (!x.im)
		return -1;
	if (head(&x) == 0 && frames(&x) == 0 && finish(&x) == 0) {
		pl_import_backend(x.im, b);
		x.im = NULL;
		result = 0;
	}
	pl_import_free(x.im);
	for (unsigned i = 0; i < SENSORS_MAX; i++)
		free(x.sensor[i].cells);
	free(x.loads);
	return result;
}
