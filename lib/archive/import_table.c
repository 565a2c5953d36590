/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tables of force or centre of pressure: lines of numbers, separated by tabs, semicolons, commas or
 * blanks, after any number of lines that are not, the last of which may name the columns. That is
 * all that force plates' and treadmills' exports have in common; which column is what, a person
 * says.
 *
 * Every line must have as many fields as the first. An empty field or NaN is a value that nobody
 * measured. Time must run on evenly: a jump is samples that are missing, and figures over them
 * would be wrong.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <plantar/hints.h>
#include <plantar/json.h>

#include "backend.h"
#include "h5_table.h"
#include "import_file.h"
#include "import_table.h"
#include "import_text.h"
#include "table_columns.h"

#define ROWS_MAX 10000000u
#define HEADER_LINES_MAX 1000u
#define LATE 0.5 /* of the first interval */

struct reader {
	struct pl_text text;
	char separator;
	struct table_field field[TABLE_FIELDS_MAX], name[TABLE_FIELDS_MAX];
	unsigned fields, names;
	struct table_columns columns;
	struct pl_table_file *file;
	size_t cap;
	double first_step_s;
	unsigned time_decimals;
	double time_scale;
};

/* ---- lines ----------------------------------------------------------------------------------- */

static char separator_of(const struct pl_text *t)
{
	static const char candidates[] = "\t;,";

	for (const char *c = candidates; *c; c++)
		if (memchr(t->start, *c, (size_t)(t->stop - t->start)))
			return *c;
	return ' ';
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static void trim(struct table_field *f)
{
	while (f->start < f->stop && is_blank(*f->start))
		f->start++;
	while (f->stop > f->start && is_blank(f->stop[-1]))
		f->stop--;
	if (f->stop - f->start >= 2 && *f->start == '"' && f->stop[-1] == '"') {
		f->start++;
		f->stop--;
	}
}

/* The line's fields; one more than max is the most that is counted. A separator at the end of a
 * line begins no field. */
static unsigned split(const struct pl_text *t, char separator, struct table_field *field,
		      unsigned max)
{
	const char *p = t->start;
	unsigned n = 0;

	if (separator == ' ')
		while (p < t->stop && is_blank(*p))
			p++;
	while (p < t->stop && n < max) {
		const char *end = memchr(p, separator, (size_t)(t->stop - p));

		if (!end)
			end = t->stop;
		field[n] = (struct table_field){p, end};
		trim(&field[n++]);
		p = end + (end < t->stop);
		if (separator == ' ')
			while (p < t->stop && is_blank(*p))
				p++;
	}
	return p < t->stop ? max + 1 : n;
}

static bool is_missing(const struct table_field *f)
{
	size_t n = (size_t)(f->stop - f->start);

	return n == 0 || (n == 3 && (!memcmp(f->start, "NaN", 3) || !memcmp(f->start, "nan", 3))) ||
	       (n == 2 && !memcmp(f->start, "NA", 2));
}

/* The cursor moves over a number with its sign. */
static bool signed_number(struct pl_text *t, struct pl_number *n)
{
	const char *at = t->at;
	bool minus = pl_text_char(t, '-');

	if (!minus)
		pl_text_char(t, '+');
	if (!pl_text_number(t, n)) {
		t->at = at;
		return false;
	}
	if (minus)
		n->value = -n->value;
	return true;
}

/* Numbers and missing values only, a number at least? Decimal commas count: they are refused by
 * whoever reads them. */
static bool is_data(struct pl_text *t, const struct table_field *field, unsigned n)
{
	struct pl_number number;
	bool any = false;

	for (unsigned i = 0; i < n; i++) {
		if (is_missing(&field[i]))
			continue;
		t->at = field[i].start;
		if (!signed_number(t, &number))
			return false;
		if (t->at < field[i].stop && *t->at == ',')
			for (t->at++; t->at < field[i].stop && *t->at >= '0' && *t->at <= '9';)
				t->at++;
		if (t->at != field[i].stop)
			return false;
		any = true;
	}
	return any;
}

/* ---- head ------------------------------------------------------------------------------------ */

/* Up to the first line of numbers, which is then the current one; the line before it names the
 * columns if it has as many fields. */
static int find_data(struct reader *r)
{
	struct pl_text *t = &r->text, before = *t;
	bool has_before = false;

	if (t->end - t->next >= 3 && memcmp(t->next, "\xEF\xBB\xBF", 3) == 0)
		t->next += 3;
	for (unsigned i = 0; i < HEADER_LINES_MAX && pl_text_line(t); i++) {
		if (pl_text_line_is_blank(t))
			continue;
		r->separator = separator_of(t);
		r->fields = split(t, r->separator, r->field, TABLE_FIELDS_MAX);
		if (r->fields > TABLE_FIELDS_MAX)
			return pl_text_fail(t, PL_ENOMEM, "more than %d columns", TABLE_FIELDS_MAX);
		if (is_data(t, r->field, r->fields)) {
			r->names = has_before
					   ? split(&before, r->separator, r->name, TABLE_FIELDS_MAX)
					   : 0;
			if (r->names != r->fields)
				r->names = 0;
			return 0;
		}
		before = *t;
		has_before = true;
	}
	t->at = t->start;
	return pl_text_expected(t, "a line of numbers");
}

bool pl_table_probe(const char *start, size_t n)
{
	struct reader *r;
	bool is_table = false;
	unsigned fields;

	if (memchr(start, '\0', n) || !(r = calloc(1, sizeof(*r))))
		return false;
	pl_text_init(&r->text, start, n, NULL);
	if (find_data(r) == 0) {
		fields = r->fields;
		is_table = !pl_text_line(&r->text) || r->text.stop == r->text.end ||
			   split(&r->text, r->separator, r->field, TABLE_FIELDS_MAX) == fields;
	}
	free(r);
	return is_table;
}

static int ask_for_columns(struct reader *r)
{
	char list[330];

	pl_table_columns_list(r->name, r->names, r->fields, list, sizeof(list));
	return pl_error_set(r->text.err, PL_EUSAGE, 0,
			    "a table; say which columns are what, as in --columns ap=NAME,ml=NAME "
			    "--unit cm --rate 100 or --columns force=1 --rate 300; its columns: %s",
			    list);
}

/* ---- rows ------------------------------------------------------------------------------------ */

static int grow(struct reader *r)
{
	struct pl_table *table = &r->file->table;
	size_t cap = r->cap ? 2 * r->cap : 4096;

	if (table->rows >= ROWS_MAX)
		return pl_text_fail(&r->text, PL_ENOMEM, "more than %u rows; split the recording",
				    ROWS_MAX);
	for (unsigned i = 0; i < r->columns.n; i++) {
		double **column = &table->column[r->columns.column[i].role];
		double *more = realloc(*column, cap * sizeof(**column));

		if (!more)
			return pl_error_set(r->text.err, PL_ENOMEM, 0, "out of memory");
		*column = more;
	}
	r->cap = cap;
	return 0;
}

static int one_value(struct reader *r, const struct table_column *column, double *to,
		     unsigned *decimals)
{
	const struct table_field *f = &r->field[column->field];
	struct pl_text *t = &r->text;
	struct pl_number n;

	*to = NAN;
	if (is_missing(f))
		return 0;
	t->at = f->start;
	if (!signed_number(t, &n))
		return pl_text_expected(t, "a number (%s)", pl_column_name(column->role));
	if (r->separator != ',' && pl_text_decimal_comma(t))
		return -1;
	if (t->at != f->stop)
		return pl_text_expected(t, "the end of the number (%s)",
					pl_column_name(column->role));
	*to = n.value * column->scale;
	if (!isfinite(*to))
		return pl_text_fail(t, PL_ECORRUPT, "the number is too large");
	*decimals = n.decimals;
	return 0;
}

/* Each sample one interval after the one before. */
static int check_time(struct reader *r, const struct table_column *column, unsigned decimals)
{
	const struct pl_table *table = &r->file->table;
	const double *now = table->column[PL_COLUMN_TIME] + table->rows;
	double step;

	r->text.at = r->field[column->field].start;
	if (isnan(*now))
		return pl_text_expected(&r->text, "the time of this sample");
	if (decimals > r->time_decimals)
		r->time_decimals = decimals;
	r->time_scale = fabs(column->scale);
	if (!table->rows)
		return 0;
	step = now[0] - now[-1];
	if (table->rows == 1)
		r->first_step_s = step;
	if (step > 0 && fabs(step - r->first_step_s) <= LATE * r->first_step_s)
		return 0;
	return pl_text_fail(
		&r->text, PL_ECORRUPT,
		"%g s after the sample before it, where samples follow each other every "
		"%g s: some are missing (if this is no time: time=none in --columns)",
		step, r->first_step_s);
}

static int one_row(struct reader *r)
{
	struct pl_table *table = &r->file->table;
	unsigned n = split(&r->text, r->separator, r->field, TABLE_FIELDS_MAX), decimals = 0;

	/* the last field may be one that is empty */
	if (n + 1 == r->fields && r->separator != ' ' && r->text.stop > r->text.start &&
	    r->text.stop[-1] == r->separator)
		r->field[n++] = (struct table_field){r->text.stop, r->text.stop};
	if (n != r->fields) {
		r->text.at = r->text.stop;
		return pl_text_fail(&r->text, PL_ECORRUPT, "%u fields, %u in the first line%s", n,
				    r->fields,
				    pl_text_at_end(&r->text) ? ": the recording is cut off" : "");
	}
	if (table->rows == r->cap && grow(r))
		return -1;
	for (unsigned i = 0; i < r->columns.n; i++) {
		const struct table_column *column = &r->columns.column[i];

		if (one_value(r, column, &table->column[column->role][table->rows], &decimals) ||
		    (column->role == PL_COLUMN_TIME && check_time(r, column, decimals)))
			return -1;
	}
	table->rows++;
	return 0;
}

static int all_rows(struct reader *r)
{
	do {
		if (!pl_text_line_is_blank(&r->text) && one_row(r))
			return -1;
	} while (pl_text_line(&r->text));
	pl_text_note_cut(&r->text, r->file->problem, sizeof(r->file->problem));
	return 0;
}

/* ---- rate ------------------------------------------------------------------------------------ */

/* From the times, whole where the printed digits allow a whole number of hertz. */
static double rate_of_times(const struct reader *r)
{
	const struct pl_table *table = &r->file->table;
	const double *t = table->column[PL_COLUMN_TIME];
	double span_s, rate, slack;

	if (!t || table->rows < 2)
		return 0;
	span_s = t[table->rows - 1] - t[0];
	rate = (double)(table->rows - 1) / span_s;
	slack = rate * (r->time_scale * pow(10, -(double)r->time_decimals) / span_s + 1e-12);
	return fabs(rate - round(rate)) <= slack && round(rate) > 0 ? round(rate) : rate;
}

static int find_rate(struct reader *r, const struct pl_hints *hints)
{
	struct pl_table *table = &r->file->table;
	double by_time = rate_of_times(r);

	if (hints->rate_hz > 0 && by_time > 0 && fabs(by_time / hints->rate_hz - 1) > 0.01)
		return pl_error_set(r->text.err, PL_EUSAGE, 0,
				    "--rate says %g Hz, the times of the file %g Hz; time=none in "
				    "--columns leaves them out",
				    hints->rate_hz, by_time);
	r->file->rate_from_time = !(hints->rate_hz > 0);
	table->rate_hz = hints->rate_hz > 0 ? hints->rate_hz : by_time;
	if (table->rate_hz > 0)
		return 0;
	return pl_error_set(
		r->text.err, PL_EUSAGE, 0,
		"how many samples a second? add --rate HZ, or time=COLUMN to --columns");
}

/* ---- the whole ------------------------------------------------------------------------------- */

static void name_columns(struct reader *r)
{
	for (unsigned i = 0; i < r->columns.n; i++) {
		const struct table_column *c = &r->columns.column[i];
		char *to = r->file->from[c->role];
		size_t cap = sizeof(r->file->from[0]);

		r->file->scale[c->role] = c->scale;
		if (r->names)
			snprintf(to, cap, "%.*s",
				 (int)(r->name[c->field].stop - r->name[c->field].start),
				 r->name[c->field].start);
		if (!*to)
			snprintf(to, cap, "%u", c->field + 1);
		r->file->time_is_column |= c->role == PL_COLUMN_TIME;
	}
}

static int read_table(struct reader *r, const struct pl_hints *hints)
{
	if (find_data(r))
		return -1;
	if (!hints || !hints->columns)
		return ask_for_columns(r);
	if (pl_table_columns_parse(&r->columns, hints, r->text.err) ||
	    pl_table_columns_find(&r->columns, r->name, r->names, r->fields, r->text.err))
		return -1;
	name_columns(r);
	return all_rows(r) || find_rate(r, hints) ? -1 : 0;
}

struct pl_table_file *pl_table_open_memory(const void *text, size_t n, const struct pl_hints *hints,
					   struct pl_error *err)
{
	struct pl_table_file *file = calloc(1, sizeof(*file));
	struct reader *r = calloc(1, sizeof(*r));

	if (!file || !r) {
		pl_error_set(err, PL_ENOMEM, 0, "out of memory");
	} else {
		r->file = file;
		pl_text_init(&r->text, text, n, err);
		if (read_table(r, hints) == 0) {
			free(r);
			return file;
		}
	}
	free(r);
	pl_table_close(file);
	return NULL;
}

struct pl_table_file *pl_table_open(const char *path, const struct pl_hints *hints,
				    struct pl_error *err)
{
	struct pl_table_file *file;
	size_t n;
	char *text;

	if (pl_format_probe_file(path, NULL) == PL_FORMAT_PLANTAR_H5)
		return pl_h5_table_open(path, err);
	text = pl_import_read_path(path, &n, err);
	if (!text)
		return NULL;
	file = pl_table_open_memory(text, n, hints, err);
	free(text);
	if (!file)
		pl_error_prefix(err, "%s: ", path);
	else
		snprintf(file->path, sizeof(file->path), "%s", path);
	return file;
}

void pl_table_close(struct pl_table_file *t)
{
	if (!t)
		return;
	for (int i = 0; i < PL_COLUMNS; i++)
		free(t->table.column[i]);
	if (t->meta)
		pl_session_meta_free(t->meta);
	free(t->meta);
	free(t);
}

void pl_table_json(const struct pl_table_file *t, struct pl_json *json)
{
	pl_json_begin_object(json, "recording");
	pl_json_string(json, "format",
		       pl_format_name(t->meta ? PL_FORMAT_PLANTAR_H5 : PL_FORMAT_TABLE));
	pl_json_string(json, "path", t->path);
	if (t->meta)
		pl_json_string(json, "layout", pl_layout_name(PL_LAYOUT_TABLE));
	pl_json_null(json, "rows");
	pl_json_null(json, "cols");
	pl_json_null(json, "pitch_row_mm");
	pl_json_null(json, "pitch_col_mm");
	pl_json_double(json, "rate_hz", t->table.rate_hz);
	pl_json_string(json, "rate_from", t->rate_from_time ? "time column" : "option");
	pl_json_uint(json, "frames", t->table.rows);
	pl_json_double(json, "duration_s", (double)t->table.rows / t->table.rate_hz);
	pl_json_uint(json, "gaps", 0);
	pl_json_uint(json, "lost_frames", 0);
	pl_json_bool(json, "complete", !t->problem[0]);
	if (t->problem[0])
		pl_json_string(json, "problem", t->problem);
	pl_json_begin_array(json, "columns");
	for (int i = 0; i < PL_COLUMNS; i++) {
		if (!t->from[i][0])
			continue;
		pl_json_begin_object(json, NULL);
		pl_json_string(json, "name", pl_column_name((enum pl_column)i));
		pl_json_string(json, "from", t->from[i]);
		pl_json_double(json, "factor", t->scale[i]);
		pl_json_string(json, "unit", pl_column_unit((enum pl_column)i));
		pl_json_end_object(json);
	}
	pl_json_end_array(json);
	if (t->meta)
		pl_session_meta_json(t->meta, json);
	pl_json_end_object(json);
}
