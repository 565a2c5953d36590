/* SPDX-License-Identifier: Apache-2.0 */
/*
 * plantar export lst: the printout of a novel emed platform, which other people's programs read
 * (the R package pressuRe among them). lib/archive/import_lst.c shows what a page looks like;
 * other readers count its lines, so a page here has as many, in the same order:
 *
 *	"Page", empty, file and size of the mat, area and interval, three lines that may say
 *	anything around the size of a sensor, "Pict-No.:", empty, column numbers, rows, sums, form
 *	feed; a form feed of its own ends the file.
 *
 * Cells are kPa. Forces are the sums of the cells as printed, with two decimals more than these, so
 * that they prove the last digit of every cell, and a reader finds the same totals as were written.
 * The box of cells is the one that was ever loaded, with the row and column numbers of the mat from
 * 1; pressuRe knows only the 95 x 64 cells of an emed, so the numbers of a bigger mat begin at the
 * box.
 *
 * The format has one interval and no place for missing frames: a recording with gaps is refused
 * unless a person asks to close them.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "tools/pages.h"

#define EMED_ROWS 95
#define EMED_COLS 64
#define SIZE_DECIMALS_MAX 9
#define SAME_INTERVAL 1e-6 /* device times are whole nanoseconds */

struct lst {
	const struct pl_export *e;
	FILE *out;
	struct pl_pages pages;
	unsigned rows, cols, row_label, col_label; /* of the box */
	int width_decimals, height_decimals, force_decimals, interval_decimals;
	int64_t width_cm, height_cm, interval_ms; /* fixed, with those decimals */
	double n_per_unit;			  /* a cell's last decimal in newtons */
	int64_t *row_sum, *col_sum;		  /* of a frame */
	unsigned long picture;
};

/* Other programs look for these words anywhere in the text. */
static void put_name(FILE *out, const char *path)
{
	static const char *const words[] = {"Page", "Time", "Sensor", "Pict", "MVP", "MPP"};
	const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
	bool lower = false;

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		lower |= strstr(name, words[i]) != NULL;
	for (; *name; name++) {
		bool printable = *name > ' ' && *name < 0x7f;
		bool capital = *name >= 'A' && *name <= 'Z';

		fputc(!printable ? '_' : lower && capital ? *name - 'A' + 'a' : *name, out);
	}
}

static void put_size(struct lst *l)
{
	int decimals = l->width_decimals + l->height_decimals;
	double area_cm2 = (double)l->width_cm * (double)l->height_cm / pow(10, decimals);

	decimals = decimals < SIZE_DECIMALS_MAX ? decimals : SIZE_DECIMALS_MAX;
	fputs("\tSensor area: ", l->out);
	pl_put_fixed(l->out, pl_fixed(area_cm2, decimals), decimals);
	fputs(" cm2\tTime/picture:", l->out);
	pl_put_fixed(l->out, l->interval_ms, l->interval_decimals);
	fputs(" ms\n\tpressure in kPa; rows from the front, columns from the left\n", l->out);
	fputs("\tSensor size: ", l->out);
	pl_put_fixed(l->out, l->width_cm, l->width_decimals);
	fputc('x', l->out);
	pl_put_fixed(l->out, l->height_cm, l->height_decimals);
	fputs(" cm\n", l->out);
}

static void put_head(struct lst *l)
{
	const struct pl_recording_info *info = pl_recording_info(l->e->recording);

	fprintf(l->out, "\n\t\t\t\tPage %lu\n\n\tFile: ", l->picture);
	put_name(l->out, info->path);
	fprintf(l->out, " \tMatrix: %ux%u \n", info->geometry.cols, info->geometry.rows);
	put_size(l);
	fputs("\twritten by plantar " PLANTAR_VERSION "\n\tno file of novel gmbh\n", l->out);
	fprintf(l->out, "\tPict-No.: %lu  Force[N]=sum*sensor_area in row/column\n\n", l->picture);
	for (unsigned c = 0; c < l->cols; c++)
		fprintf(l->out, "\t%u", l->col_label + c);
	fputs("\tForce\n", l->out);
}

static void put_force(struct lst *l, int64_t sum)
{
	fputc('\t', l->out);
	pl_put_fixed(l->out, pl_fixed((double)sum * l->n_per_unit, l->force_decimals),
		     l->force_decimals);
}

static void put_row(struct lst *l, unsigned r, const double *values)
{
	const int decimals = l->pages.decimals;

	fprintf(l->out, "%u", l->row_label + r);
	for (unsigned c = 0; c < l->cols; c++) {
		int64_t cell = pl_fixed(values[c], decimals);

		fputc('\t', l->out);
		pl_put_fixed(l->out, cell, decimals);
		l->row_sum[r] += cell;
		l->col_sum[c] += cell;
	}
	put_force(l, l->row_sum[r]);
	fputc('\n', l->out);
}

static int put_page(void *user, const struct pl_frame *frame, struct pl_error *err)
{
	struct lst *l = user;
	const struct pl_pages *p = &l->pages;
	unsigned mat_cols = pl_recording_info(l->e->recording)->geometry.cols;
	int64_t total = 0;

	(void)err;
	l->picture++;
	put_head(l);
	pl_pages_values(&l->pages, l->e, frame);
	memset(l->row_sum, 0, l->rows * sizeof(*l->row_sum));
	memset(l->col_sum, 0, l->cols * sizeof(*l->col_sum));
	for (unsigned r = 0; r < l->rows; r++) {
		size_t first = (size_t)(p->first_row + r) * mat_cols + p->first_col;

		put_row(l, r, p->values + first);
		total += l->row_sum[r];
	}
	fputs("Force", l->out);
	for (unsigned c = 0; c < l->cols; c++)
		put_force(l, l->col_sum[c]);
	put_force(l, total);
	fputs("\n\f\n", l->out);
	return 0;
}

static int box(struct lst *l, struct pl_error *err)
{
	const struct pl_recording_info *info = pl_recording_info(l->e->recording);
	const struct pl_pages *p = &l->pages;
	bool big = info->geometry.rows > EMED_ROWS || info->geometry.cols > EMED_COLS;

	if (!p->loaded)
		return pl_error_set(err, PL_EUNSUPPORTED, 0,
				    "%s: no cell was ever loaded, and this format prints loaded "
				    "cells only",
				    info->path);
	l->rows = p->last_row - p->first_row + 1;
	l->cols = p->last_col - p->first_col + 1;
	l->row_label = big ? 1 : p->first_row + 1;
	l->col_label = big ? 1 : p->first_col + 1;
	if (l->rows > EMED_ROWS || l->cols > EMED_COLS)
		pl_say(l->e->self, "%u x %u cells were loaded; pressuRe reads no more than %d x %d",
		       l->rows, l->cols, EMED_ROWS, EMED_COLS);
	return 0;
}

/* The one interval of the file: the mean of the times that integrals use. */
static int interval(struct lst *l, struct pl_error *err)
{
	const struct pl_recording_info *info = pl_recording_info(l->e->recording);
	const struct pl_pages *p = &l->pages;
	double ms = info->rate_hz > 0 ? 1e3 / info->rate_hz : 0;

	if (p->gaps && !l->e->close_gaps)
		return pl_error_set(
			err, PL_EUNSUPPORTED, 0,
			"%s: frames are missing (%llu gap%s), and this format has no place "
			"for that; --close-gaps writes the others as if none were missing "
			"(times behind a gap are then too early), csv keeps the times",
			info->path, (unsigned long long)p->gaps, p->gaps == 1 ? "" : "s");
	if (!p->gaps && p->frames > 1) {
		double mean =
			((double)p->last_ns - (double)p->first_ns) / 1e6 / (double)(p->frames - 1);

		if (mean > 0 && fabs(mean - ms) > SAME_INTERVAL * mean)
			ms = mean;
	}
	if (!(ms > 0 && ms < 1e6))
		return pl_error_set(err, PL_EUNSUPPORTED, 0,
				    "%s: the time from frame to frame is not known, and this "
				    "format wants it",
				    info->path);
	l->interval_decimals = pl_decimals(ms, 1, SIZE_DECIMALS_MAX);
	l->interval_ms = pl_fixed(ms, l->interval_decimals);
	return 0;
}

static int prepare(struct lst *l, struct pl_error *err)
{
	const struct pl_geometry *g = &pl_recording_info(l->e->recording)->geometry;
	double width = g->pitch_col_m * 100, height = g->pitch_row_m * 100, area_m2;

	if (box(l, err) < 0 || interval(l, err) < 0)
		return -1;
	l->width_decimals = pl_decimals(width, 3, SIZE_DECIMALS_MAX);
	l->height_decimals = pl_decimals(height, 3, SIZE_DECIMALS_MAX);
	l->width_cm = pl_fixed(width, l->width_decimals);
	l->height_cm = pl_fixed(height, l->height_decimals);
	l->force_decimals = l->pages.decimals + 2;
	area_m2 = (double)l->width_cm * (double)l->height_cm /
		  pow(10, l->width_decimals + l->height_decimals) / 1e4;
	l->n_per_unit = area_m2 * 1e3 / pow(10, l->pages.decimals);
	l->row_sum = calloc(l->rows, sizeof(*l->row_sum));
	l->col_sum = calloc(l->cols, sizeof(*l->col_sum));
	if (!l->row_sum || !l->col_sum)
		return pl_error_set(err, PL_ENOMEM, 0, "out of memory");
	return 0;
}

int pl_export_lst(const struct pl_export *e, struct pl_error *err)
{
	struct lst l = {.e = e, .out = e->out};
	int r = pl_pages_survey(&l.pages, e, 1, err);

	if (r == 0)
		r = prepare(&l, err);
	if (r == 0)
		r = pl_export_frames(e, "exporting", put_page, &l, err);
	if (r == 0)
		fputc('\f', l.out);
	free(l.row_sum);
	free(l.col_sum);
	pl_pages_free(&l.pages);
	return r;
}
