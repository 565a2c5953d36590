/* SPDX-License-Identifier: Apache-2.0 */
/*
 * novel emed .lst: the printout of a platform measurement, one page a frame, in the code page of
 * the computer that made it. Each page repeats the header, then prints the box of cells that were
 * ever loaded as a table, tab-separated, labelled with the platform's row and column numbers:
 *
 *	<tab>Sensor area: 0.25 cm2<tab>Time/picture:10.0 ms
 *	<tab>Sensor size: 0.500x0.500 cm
 *	<tab>Pict-No.: 1  Force[N]=sum*sensor_area in row/column
 *
 *	<tab>26<tab>27 ... <tab>Force
 *	30<tab>0.00<tab>35.00 ... <tab>0.88
 *	Force<tab>0.88 ... <tab>39.63
 *	<form feed>
 *
 * The row, column and frame forces it prints are the importer's proof: every one of them must be
 * the sum of its cells (kPa) times the area of a sensor within what rounding to the printed digits
 * allows, or the file is refused. Nothing in the file says how many frames there should be; a form
 * feed of its own ends it, and a file without that is read but said to be possibly cut. Pages of
 * summary pictures (MVP, MPP) hold no frame and are passed over.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "import_frames.h"
#include "import_text.h"

#define HEADER_LINES_MAX 64
#define WHOLE_CELLS_MIN 8 /* so many are not whole by chance */
#define CM2_PER_M2 1e4
#define PA_PER_KPA 1e3

struct header {
	double interval_s, area_m2;
	double area_slack_m2;
	double width_m, height_m; /* of a sensor, as printed */
	double size_slack_m2;	  /* what rounding of those two can do to the area */
	uint64_t matrix[2];	  /* of the whole platform; 0: not said */
	const char *file;
	size_t file_length;
};

/* A printed force and where it stands. */
struct force {
	const char *at, *start; /* the tab before it; its line */
	unsigned long line;
	double force_n;
};

struct lst {
	struct pl_text text;
	struct pl_import *im;
	struct header header, page;
	uint64_t picture; /* number of the page being read */
	uint64_t first_row, first_col;
	double area_m2[2]; /* what a sensor's area can be: width x height, or as printed */
	bool area_fits[2];
	int cell_decimals, force_decimals; /* printed; -1: none read yet */
	double *cells;			   /* of the page being read: PL_SIDE_MAX rows */
	unsigned rows, cols;		   /* rows of this page so far; cols of every page */
	bool whole_cells;		   /* the cells of this page are exact */
	struct force *row_force, *col_force, frame_force; /* of this page */
	unsigned summaries;
	unsigned feeds; /* form feeds behind the last page */
};

/* ---- header ---------------------------------------------------------------------------------- */

static int number(struct lst *l, struct pl_number *n, const char *what)
{
	struct pl_text *t = &l->text;

	pl_text_blanks(t);
	if (!pl_text_number(t, n))
		return pl_text_expected(t, "%s", what);
	return pl_text_decimal_comma(t) ? -1 : 0;
}

static int positive(struct lst *l, struct pl_number *n, const char *what)
{
	const char *at = l->text.at;

	if (number(l, n, what))
		return -1;
	if (n->value > 0 && n->value <= 1e6)
		return 0;
	l->text.at = at;
	pl_text_blanks(&l->text);
	return pl_text_expected(&l->text, "%s above 0", what);
}

static int unit(struct lst *l, const char *unit_name)
{
	pl_text_blanks(&l->text);
	if (!pl_text_word(&l->text, unit_name))
		return pl_text_expected(&l->text, "the unit %s", unit_name);
	return 0;
}

/* What printing may have rounded off. */
static double half_digit(const struct pl_number *n)
{
	return 0.5 * pow(10, -(double)n->decimals);
}

static int sensor_area(struct lst *l)
{
	struct pl_number n;

	if (positive(l, &n, "the area of a sensor") || unit(l, "cm"))
		return -1;
	l->page.area_m2 = n.value / CM2_PER_M2;
	l->page.area_slack_m2 = half_digit(&n) / CM2_PER_M2;
	return 0;
}

static int sensor_size(struct lst *l)
{
	struct pl_number width, height;

	if (positive(l, &width, "the width of a sensor"))
		return -1;
	if (!pl_text_char(&l->text, 'x'))
		return pl_text_expected(&l->text, "'x' and the height of a sensor");
	if (positive(l, &height, "the height of a sensor") || unit(l, "cm"))
		return -1;
	l->page.width_m = width.value / 100;
	l->page.height_m = height.value / 100;
	l->page.size_slack_m2 =
		(width.value * half_digit(&height) + height.value * half_digit(&width)) /
		CM2_PER_M2 * 1.001;
	return 0;
}

static int interval(struct lst *l)
{
	struct pl_number n;

	if (positive(l, &n, "the time of a picture"))
		return -1;
	pl_text_blanks(&l->text);
	if (pl_text_word(&l->text, "ms"))
		l->page.interval_s = n.value / 1000;
	else if (pl_text_word(&l->text, "s"))
		l->page.interval_s = n.value;
	else
		return pl_text_expected(&l->text, "the unit ms or s");
	return 0;
}

static int matrix(struct lst *l)
{
	pl_text_blanks(&l->text);
	if (!pl_text_uint(&l->text, &l->page.matrix[0]) || !pl_text_char(&l->text, 'x') ||
	    !pl_text_uint(&l->text, &l->page.matrix[1]))
		return pl_text_expected(&l->text, "the platform's size like 64x95");
	return 0;
}

static int file_name(struct lst *l)
{
	struct pl_text *t = &l->text;

	pl_text_blanks(t);
	l->page.file = t->at;
	while (t->at < t->stop && *t->at != '\t')
		t->at++;
	l->page.file_length = (size_t)(t->at - l->page.file);
	while (l->page.file_length && l->page.file[l->page.file_length - 1] == ' ')
		l->page.file_length--;
	return 0;
}

enum page_kind { PAGE_MORE, PAGE_FRAME, PAGE_SUMMARY };

static int picture(struct lst *l, enum page_kind *kind)
{
	const char *at = l->text.at;

	pl_text_blanks(&l->text);
	if (pl_text_word(&l->text, "MVP") || pl_text_word(&l->text, "MPP")) {
		*kind = PAGE_SUMMARY;
		return 0;
	}
	if (!pl_text_uint(&l->text, &l->picture)) {
		l->text.at = at;
		return pl_text_expected(&l->text, "the number of the picture");
	}
	*kind = PAGE_FRAME;
	return 0;
}

/* One tab-separated field of a header line; what is not known is passed over. */
static int header_field(struct lst *l, enum page_kind *kind)
{
	static const struct {
		const char *name;
		int (*read)(struct lst *l);
	} fields[] = {
		{"Sensor area:", sensor_area}, {"Sensor size:", sensor_size},
		{"Time/picture:", interval},   {"Matrix:", matrix},
		{"File:", file_name},
	};

	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
		if (pl_text_word(&l->text, fields[i].name))
			return fields[i].read(l);
	if (pl_text_word(&l->text, "Pict-No.:"))
		return picture(l, kind);
	if (pl_text_word(&l->text, "MVP") || pl_text_word(&l->text, "MPP"))
		*kind = PAGE_SUMMARY;
	return 0;
}

static int header_line(struct lst *l, enum page_kind *kind)
{
	struct pl_text *t = &l->text;

	while (t->at < t->stop && *kind == PAGE_MORE) {
		pl_text_blanks(t);
		if (header_field(l, kind))
			return -1;
		while (t->at < t->stop && *t->at != '\t')
			t->at++;
	}
	return 0;
}

static int header_complete(struct lst *l)
{
	struct pl_text *t = &l->text;
	const struct header *p = &l->page, *first = &l->header;

	t->at = t->start;
	if (p->interval_s <= 0 || p->area_m2 <= 0 || p->width_m <= 0)
		return pl_text_expected(t, "'%s' before the picture",
					p->interval_s <= 0 ? "Time/picture:"
					: p->area_m2 <= 0  ? "Sensor area:"
							   : "Sensor size:");
	if (!l->im->frames) {
		double differ = fabs(p->width_m * p->height_m - p->area_m2);

		l->header = l->page;
		l->area_m2[0] = p->width_m * p->height_m;
		l->area_m2[1] = p->area_m2;
		l->area_fits[0] = differ <= p->area_slack_m2 + p->size_slack_m2;
		l->area_fits[1] = differ <= p->size_slack_m2;
		if (!l->area_fits[0])
			return pl_text_fail(t, PL_ECORRUPT,
					    "the header's sensor area (%g cm2) is not its sensor "
					    "size (%g x %g cm)",
					    p->area_m2 * CM2_PER_M2, p->width_m * 100,
					    p->height_m * 100);
	} else if (p->interval_s != first->interval_s || p->area_m2 != first->area_m2 ||
		   p->width_m != first->width_m || p->height_m != first->height_m) {
		return pl_text_fail(t, PL_ECORRUPT,
				    "the header of picture %llu is not that of the first: two "
				    "measurements in one file; export each by itself",
				    (unsigned long long)l->picture);
	}
	if (l->picture != l->im->frames + 1)
		return pl_text_fail(t, PL_ECORRUPT,
				    "picture %llu where picture %llu should be: frames are missing "
				    "or a second measurement begins",
				    (unsigned long long)l->picture,
				    (unsigned long long)l->im->frames + 1);
	return 0;
}

/* ---- table ----------------------------------------------------------------------------------- */

/* Ends a line: nothing but blanks may follow. */
static int end_of_line(struct lst *l, const char *what)
{
	pl_text_blanks(&l->text);
	if (l->text.at < l->text.stop)
		return pl_text_expected(&l->text, "the end of %s", what);
	return 0;
}

static int next_line(struct lst *l, const char *what)
{
	if (pl_text_line(&l->text))
		return 0;
	return pl_text_expected(&l->text, "%s of picture %llu: the recording is cut off", what,
				(unsigned long long)l->picture);
}

/* <tab>26<tab>27 ... <tab>Force */
static int column_labels(struct lst *l)
{
	struct pl_text *t = &l->text;
	unsigned cols = 0;
	uint64_t label, first = 0;

	do {
		if (next_line(l, "the column numbers"))
			return -1;
	} while (pl_text_line_is_blank(t));
	while (pl_text_char(t, '\t') && !pl_text_word(t, "Force")) {
		const char *at = t->at;

		if (cols == PL_SIDE_MAX)
			return pl_text_fail(t, PL_ENOMEM, "more than %d columns", PL_SIDE_MAX);
		if (!pl_text_uint(t, &label) || (cols && label != first + cols)) {
			t->at = at;
			return pl_text_expected(
				t, cols ? "column number %llu or 'Force'" : "a column number",
				(unsigned long long)first + cols);
		}
		first = cols++ ? first : label;
	}
	if (t->at - t->start < 6 || memcmp(t->at - 5, "Force", 5) != 0 || !cols)
		return pl_text_expected(t, "column numbers and 'Force', separated by tabs");
	if (l->im->frames && (cols != l->cols || first != l->first_col))
		return pl_text_fail(t, PL_ECORRUPT,
				    "columns %llu to %llu, but %llu to %llu before: export all "
				    "frames with the same box",
				    (unsigned long long)first, (unsigned long long)first + cols - 1,
				    (unsigned long long)l->first_col,
				    (unsigned long long)l->first_col + l->cols - 1);
	l->cols = cols;
	l->first_col = first;
	l->col_force = l->row_force + PL_SIDE_MAX;
	if (!l->cells)
		l->cells = malloc((size_t)PL_SIDE_MAX * cols * sizeof(double));
	if (!l->cells)
		return pl_error_set(t->err, PL_ENOMEM, 0, "out of memory");
	return end_of_line(l, "the column numbers");
}

/* In the last line of a file without a newline at its end: that is why. */
static const char *cut_off(const struct pl_text *t)
{
	return t->next == t->end && t->end[-1] != '\n' ? ": the recording is cut off" : "";
}

/* A tab and a number with as many decimals as all of its kind have. */
static int table_number(struct lst *l, double *value, int *decimals, const char *what, unsigned i,
			unsigned n)
{
	struct pl_text *t = &l->text;
	const char *at = t->at;
	struct pl_number v;

	if (!pl_text_char(t, '\t') || !pl_text_number(t, &v)) {
		if (t->at == t->stop)
			t->at = at;
		return pl_text_expected(t, "%s (%u of %u, picture %llu)%s", what, i, n,
					(unsigned long long)l->picture, cut_off(t));
	}
	if (pl_text_decimal_comma(t))
		return -1;
	if (*decimals < 0)
		*decimals = (int)v.decimals;
	if ((int)v.decimals != *decimals) {
		t->at = at + 1;
		return pl_text_expected(t, "%s with %d decimals (%u of %u, picture %llu)%s", what,
					*decimals, i, n, (unsigned long long)l->picture,
					cut_off(t));
	}
	*value = v.value;
	return 0;
}

/*
 * Is force_n the sum of n cells times a sensor's area? Both were rounded before printing, but a
 * platform that measures in steps of whole kPa prints exact cells. The printed area or the printed
 * size of a sensor may be rounded too; the one that does not explain every force is dropped.
 */
static bool explains(struct lst *l, double force_n, double sum_kpa, unsigned n, double *computed)
{
	double half_force = 0.5 * pow(10, -l->force_decimals);
	double half_cell = l->whole_cells ? 0 : 0.5 * pow(10, -l->cell_decimals);
	bool fits[2];

	*computed = sum_kpa * PA_PER_KPA * l->area_m2[l->area_fits[0] ? 0 : 1];
	for (int i = 0; i < 2; i++) {
		double kpa_to_n = PA_PER_KPA * l->area_m2[i];
		double slack = half_force + n * half_cell * kpa_to_n + 1e-9 * (1 + force_n);

		fits[i] = l->area_fits[i] && fabs(force_n - sum_kpa * kpa_to_n) <= slack;
	}
	if (!fits[0] && !fits[1])
		return false;
	l->area_fits[0] = fits[0];
	l->area_fits[1] = fits[1];
	return true;
}

static struct force read_force(const struct lst *l, const char *at, double force_n)
{
	return (struct force){
		.at = at, .start = l->text.start, .line = l->text.line, .force_n = force_n};
}

static int check_force(struct lst *l, const struct force *f, double sum_kpa, unsigned n,
		       const char *of, uint64_t label)
{
	struct pl_text *t = &l->text;
	char name[32] = "";
	double computed;

	if (explains(l, f->force_n, sum_kpa, n, &computed))
		return 0;
	if (n < l->rows * l->cols)
		snprintf(name, sizeof(name), " %llu", (unsigned long long)label);
	t->at = f->at + 1;
	t->start = f->start;
	t->line = f->line;
	return pl_text_fail(t, PL_ECORRUPT,
			    "picture %llu: the printed force of %s%s is %.*f N, but its cells add "
			    "up to %.*f N: a digit was changed or lost",
			    (unsigned long long)l->picture, of, name, l->force_decimals, f->force_n,
			    l->force_decimals + 2, computed);
}

/* The table is there: do all its forces prove its cells? */
static int check_forces(struct lst *l)
{
	const size_t cells = (size_t)l->rows * l->cols;
	double row[PL_SIDE_MAX] = {0}, col[PL_SIDE_MAX] = {0}, total = 0;
	size_t loaded = 0;

	l->whole_cells = true;
	for (size_t i = 0; i < cells; i++) {
		row[i / l->cols] += l->cells[i];
		col[i % l->cols] += l->cells[i];
		total += l->cells[i];
		loaded += l->cells[i] > 0;
		l->whole_cells &= l->cells[i] == floor(l->cells[i]);
	}
	l->whole_cells &= loaded >= WHOLE_CELLS_MIN;
	for (unsigned r = 0; r < l->rows; r++)
		if (check_force(l, &l->row_force[r], row[r], l->cols, "row", l->first_row + r))
			return -1;
	for (unsigned c = 0; c < l->cols; c++)
		if (check_force(l, &l->col_force[c], col[c], l->rows, "column", l->first_col + c))
			return -1;
	return check_force(l, &l->frame_force, total, (unsigned)cells, "the frame", 0);
}

/* 30<tab>0.00 ... <tab>0.88, the label already read */
static int table_row(struct lst *l)
{
	double *row = l->cells + (size_t)l->rows * l->cols, force_n;
	const char *at;

	for (unsigned c = 0; c < l->cols; c++)
		if (table_number(l, &row[c], &l->cell_decimals, "a cell's pressure", c + 1,
				 l->cols))
			return -1;
	at = l->text.at;
	if (table_number(l, &force_n, &l->force_decimals, "the row's force", 1, 1))
		return -1;
	l->row_force[l->rows++] = read_force(l, at, force_n);
	return end_of_line(l, "the row");
}

/* Force<tab>0.88 ... <tab>39.63, the word already read */
static int force_row(struct lst *l)
{
	const char *at;
	double force_n;

	for (unsigned c = 0; c < l->cols; c++) {
		at = l->text.at;
		if (table_number(l, &force_n, &l->force_decimals, "a column's force", c + 1,
				 l->cols))
			return -1;
		l->col_force[c] = read_force(l, at, force_n);
	}
	at = l->text.at;
	if (table_number(l, &force_n, &l->force_decimals, "the frame's force", 1, 1))
		return -1;
	l->frame_force = read_force(l, at, force_n);
	return end_of_line(l, "the frame's force");
}

static int row_label(struct lst *l, uint64_t *label)
{
	struct pl_text *t = &l->text;
	bool number_there = pl_text_uint(t, label);

	if (l->im->frames && l->rows == l->im->geometry.rows) {
		t->at = t->start;
		return pl_text_expected(t, "'Force' after %u rows", l->rows);
	}
	if (!l->rows && !l->im->frames && number_there)
		l->first_row = *label;
	if (number_there && *label == l->first_row + l->rows)
		return 0;
	t->at = t->start;
	if (!l->rows && !l->im->frames)
		return pl_text_expected(t, "a row number");
	return pl_text_expected(t, "row %llu%s of picture %llu%s",
				(unsigned long long)l->first_row + l->rows,
				l->im->frames ? "" : " or 'Force'", (unsigned long long)l->picture,
				t->next == t->end ? ": the recording is cut off" : "");
}

static int table(struct lst *l)
{
	uint64_t label;

	l->rows = 0;
	for (;;) {
		if (next_line(l, "the rest"))
			return -1;
		if (pl_text_word(&l->text, "Force"))
			break;
		if (row_label(l, &label))
			return -1;
		if (l->rows == PL_SIDE_MAX)
			return pl_text_fail(&l->text, PL_ENOMEM, "more than %d rows", PL_SIDE_MAX);
		if (table_row(l))
			return -1;
	}
	if (!l->rows || (l->im->frames && l->rows != l->im->geometry.rows)) {
		l->text.at = l->text.start;
		return pl_text_expected(&l->text, "row %llu of picture %llu",
					(unsigned long long)l->first_row + l->rows,
					(unsigned long long)l->picture);
	}
	return force_row(l) ? -1 : check_forces(l);
}

/* ---- pages ----------------------------------------------------------------------------------- */

static int keep_frame(struct lst *l)
{
	double *cells;

	if (!l->im->frames) {
		l->im->geometry.rows = l->rows;
		l->im->geometry.cols = l->cols;
	}
	cells = pl_import_frame(l->im, l->text.err);
	if (!cells)
		return -1;
	memcpy(cells, l->cells, (size_t)l->rows * l->cols * sizeof(double));
	return 0;
}

static void skip_to_form_feed(struct lst *l)
{
	while (pl_text_line(&l->text))
		if (pl_text_char(&l->text, '\f')) {
			l->feeds = 1;
			return;
		}
}

/* Lines of the header are empty or begin with a tab. */
static bool is_table_line(const struct pl_text *t)
{
	return t->at < t->stop && (*t->at == '\f' || (*t->at >= '0' && *t->at <= '9'));
}

/* From behind "Page n" to the end of its table. */
static int page(struct lst *l)
{
	enum page_kind kind = PAGE_MORE;

	l->page = (struct header){0};
	for (int i = 0; kind == PAGE_MORE; i++) {
		if (!pl_text_line(&l->text) || i == HEADER_LINES_MAX || is_table_line(&l->text))
			return pl_text_expected(&l->text, "'Pict-No.:' in the header of a page");
		if (header_line(l, &kind))
			return -1;
	}
	if (kind == PAGE_SUMMARY) {
		l->summaries++;
		skip_to_form_feed(l);
		return 0;
	}
	if (header_complete(l) || column_labels(l) || table(l))
		return -1;
	return keep_frame(l);
}

static int pages(struct lst *l)
{
	struct pl_text *t = &l->text;

	while (pl_text_line(t)) {
		for (; pl_text_char(t, '\f'); l->feeds++)
			;
		pl_text_blanks(t);
		if (t->at == t->stop)
			continue;
		if (!pl_text_word(t, "Page"))
			return pl_text_expected(t, "a form feed or 'Page' after picture %zu",
						l->im->frames);
		l->feeds = 0;
		if (page(l))
			return -1;
	}
	if (!l->im->frames)
		return pl_text_expected(t, "at least one picture");
	return 0;
}

/* The area that explains every force is the truth; the pitch follows from it. */
static void finish(struct lst *l)
{
	struct pl_import *im = l->im;
	double k = l->area_fits[0] ? 1 : sqrt(l->area_m2[1] / l->area_m2[0]);

	im->geometry.pitch_col_m = l->header.width_m * k;
	im->geometry.pitch_row_m = l->header.height_m * k;
	im->interval_s = l->header.interval_s;
	if (l->header.file)
		pl_import_fact_text(im, "source_file", l->header.file, l->header.file_length);
	pl_import_fact_number(im, "first_row", (double)l->first_row);
	pl_import_fact_number(im, "first_col", (double)l->first_col);
	if (l->header.matrix[0]) {
		pl_import_fact_number(im, "platform_cols", (double)l->header.matrix[0]);
		pl_import_fact_number(im, "platform_rows", (double)l->header.matrix[1]);
	}
	if (l->summaries)
		pl_import_fact_number(im, "summary_pages_skipped", l->summaries);
	if (l->feeds < 2)
		snprintf(
			im->problem, sizeof(im->problem),
			"no form feed of its own ends the file: frames behind picture %zu may have "
			"been cut off",
			im->frames);
}

int pl_backend_lst(const void *text, size_t n, struct pl_backend *b, struct pl_error *err)
{
	struct lst l = {.cell_decimals = -1, .force_decimals = -1};
	int result = -1;

	pl_text_init(&l.text, text, n, err);
	l.im = pl_import_new(PL_FORMAT_EMED_LST, err);
	if (!l.im)
		return -1;
	l.row_force = calloc(2 * PL_SIDE_MAX, sizeof(*l.row_force));
	if (!l.row_force)
		pl_error_set(err, PL_ENOMEM, 0, "out of memory");
	else
		result = pages(&l);
	if (result == 0) {
		finish(&l);
		pl_import_backend(l.im, b);
	} else {
		pl_import_free(l.im);
	}
	free(l.cells);
	free(l.row_force);
	return result;
}
