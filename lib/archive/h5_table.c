/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A session of a table back as the table that was imported. Whatever comes out of the file may be
 * damaged or made up: lengths must agree, the rate must be one, samples are numbers or gaps, and
 * factors and names are what they can be.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <plantar/session.h>

#include "h5_guard.h"
#include "h5_read.h"
#include "h5_table.h"
#include "layout.h"
#include "table_metrics.h"

#define ROWS_MAX 10000000u /* as of a table that is imported */

void pl_h5_table_path(enum pl_column column, char *path, size_t cap)
{
	snprintf(path, cap, PL_H5_SAMPLES "/%s", pl_column_name(column));
	for (char *c = path; *c; c++)
		if (*c == '.')
			*c = '_';
}

/* ---- samples --------------------------------------------------------------------------------- */

static int read_about(hid_t dset, const char *path, struct pl_table_file *t, enum pl_column column,
		      struct pl_error *err)
{
	char *from = t->from[column];
	double *factor = &t->scale[column];

	if (pl_h5_read_text(dset, "column", from, sizeof(t->from[0])) || !*from ||
	    pl_h5_read_number(dset, "factor", H5T_NATIVE_DOUBLE, factor) || !isfinite(*factor) ||
	    *factor == 0)
		return pl_error_set(err, PL_ECORRUPT, 0,
				    "%s does not say from which column it is, by which factor",
				    path);
	return 0;
}

static int check_samples(const double *value, size_t n, const char *path, struct pl_error *err)
{
	for (size_t i = 0; i < n; i++)
		if (isinf(value[i]))
			return pl_error_set(err, PL_ECORRUPT, 0, "%s: row %zu is infinite", path,
					    i);
	return 0;
}

static int read_column(hid_t file, struct pl_table_file *t, enum pl_column column,
		       struct pl_error *err)
{
	struct pl_table *table = &t->table;
	bool first = table->rows == 0;
	struct h5_data d;
	char path[64];
	int result = -1;

	pl_h5_table_path(column, path, sizeof(path));
	if (!pl_h5_has(file, path))
		return 0;
	if (pl_h5_data_open(file, path, H5T_FLOAT, 1, &d, err))
		return -1;
	if (d.size[0] < 1 || d.size[0] > ROWS_MAX || (!first && d.size[0] != table->rows))
		pl_error_set(err, PL_ECORRUPT, 0, "%s has %llu rows", path,
			     (unsigned long long)d.size[0]);
	else if (!(table->column[column] = malloc(d.size[0] * sizeof(double))))
		pl_error_set(err, PL_ENOMEM, 0, "out of memory");
	else
		result = pl_h5_data_read(&d, path, H5T_NATIVE_DOUBLE, 0, d.size[0],
					 table->column[column], NULL, err) ||
			 check_samples(table->column[column], d.size[0], path, err) ||
			 read_about(d.dset, path, t, column, err);
	table->rows = d.size[0];
	pl_h5_data_close(&d);
	return result ? -1 : 0;
}

static int read_head(hid_t file, struct pl_table_file *t, struct pl_error *err)
{
	hid_t group = H5Gopen2(file, PL_H5_SAMPLES, H5P_DEFAULT);
	char from[32] = "", reason[64];
	uint8_t complete = 0;

	if (group < 0)
		return pl_h5_damaged(err, "cannot open " PL_H5_SAMPLES);
	if (pl_h5_read_number(group, "rate_hz", H5T_NATIVE_DOUBLE, &t->table.rate_hz) ||
	    !(t->table.rate_hz > 0 && t->table.rate_hz <= 1e6) ||
	    t->table.rate_hz != t->meta->rate_hz)
		t->table.rate_hz = 0;
	pl_h5_read_text(group, "rate_from", from, sizeof(from));
	t->rate_from_time = strcmp(from, "time column") == 0;
	H5Gclose(group);
	if (!(t->table.rate_hz > 0) || (!t->rate_from_time && strcmp(from, "option") != 0))
		return pl_error_set(err, PL_ECORRUPT, 0,
				    PL_H5_SAMPLES
				    " does not say its rate, or not that of " PL_H5_MAT);
	if (pl_h5_read_number(file, "complete", H5T_NATIVE_UINT8, &complete) ||
	    pl_h5_read_text(file, "end_reason", reason, sizeof(reason)))
		return pl_error_set(err, PL_ECORRUPT, 0,
				    "the attributes 'complete' and 'end_reason' are missing");
	if (!complete)
		snprintf(t->problem, sizeof(t->problem), "not all of it was imported: %s", reason);
	return 0;
}

struct pl_table_file *pl_h5_table_read(hid_t file, struct pl_error *err)
{
	struct pl_table_file *t = calloc(1, sizeof(*t));
	int result = -1;

	if (t)
		t->meta = malloc(sizeof(*t->meta));
	if (!t || !t->meta) {
		free(t);
		pl_error_set(err, PL_ENOMEM, 0, "out of memory");
		return NULL;
	}
	pl_session_meta_init(t->meta);
	if (pl_h5_read_meta(file, t->meta, err) == 0) {
		if (t->meta->live.layout != PL_LAYOUT_TABLE)
			pl_error_set(err, PL_EFORMAT, 0, "a recording of frames, not of samples");
		else
			result = read_head(file, t, err);
	}
	for (int i = 0; i < PL_COLUMNS && result == 0; i++)
		result = read_column(file, t, (enum pl_column)i, err);
	if (result == 0 && !t->table.rows)
		result = pl_error_set(err, PL_ECORRUPT, 0, PL_H5_SAMPLES " holds no column");
	t->time_is_column = t->table.column[PL_COLUMN_TIME] != NULL;
	if (result == 0)
		return t;
	pl_table_close(t);
	return NULL;
}

static struct pl_table_file *open_path(const char *path, struct pl_error *err)
{
	hid_t file = pl_h5_open(path, H5F_ACC_RDONLY, err);
	struct pl_table_file *t = file >= 0 ? pl_h5_table_read(file, err) : NULL;

	if (file >= 0)
		H5Fclose(file);
	else if (err)
		err->code = PL_ECORRUPT;
	return t;
}

/* In the guarded process: all that opening does. */
static void try_file(void *user, int tell)
{
	(void)tell;
	pl_table_close(open_path(user, NULL));
}

struct pl_table_file *pl_h5_table_open(const char *path, struct pl_error *err)
{
	const struct h5_guarded guarded = {.work = try_file, .user = (void *)(uintptr_t)path};
	struct pl_table_file *t;

	pl_h5_init();
	if (pl_h5_guard(&guarded, path, err))
		return NULL;
	t = open_path(path, err);
	if (t)
		snprintf(t->path, sizeof(t->path), "%s", path);
	else
		pl_error_prefix(err, "%s: ", path);
	return t;
}

/* ---- metrics --------------------------------------------------------------------------------- */

static int check_metric(hid_t file, const struct pl_table *t, unsigned metric, float *is,
			struct pl_error *err)
{
	struct h5_data d;
	char path[80];
	int result;

	snprintf(path, sizeof(path), PL_H5_METRICS "/%s", pl_table_metric_key(t, metric));
	if (pl_h5_data_open(file, path, H5T_FLOAT, 1, &d, err))
		return -1;
	if (d.size[0] != t->rows)
		result = pl_error_set(err, PL_ECORRUPT, 0, "%s has %llu rows for %zu samples", path,
				      (unsigned long long)d.size[0], t->rows);
	else
		result = pl_h5_data_read(&d, path, H5T_NATIVE_FLOAT, 0, t->rows, is, NULL, err);
	pl_h5_data_close(&d);
	for (size_t i = 0; i < t->rows && result == 0; i++) {
		float want = pl_table_metric(t, metric, i);

		if (memcmp(&is[i], &want, sizeof(want)) != 0 && !(isnan(is[i]) && isnan(want)))
			result = pl_error_set(err, PL_ECORRUPT, 0,
					      "%s of row %zu is %.9g, but %.9g from its samples",
					      path, i, (double)is[i], (double)want);
	}
	return result;
}

int pl_h5_table_check_metrics(hid_t file, const struct pl_table *t, uint64_t *compared,
			      struct pl_error *err)
{
	float *is = malloc((t->rows + 1) * sizeof(*is));
	int result = 0;

	*compared = 0;
	if (!is)
		return pl_error_set(err, PL_ENOMEM, 0, "out of memory");
	for (unsigned m = 0; m < TABLE_METRICS && result == 0; m++)
		if (pl_table_metric_key(t, m)) {
			result = check_metric(file, t, m, is, err);
			*compared = t->rows;
		}
	free(is);
	return result;
}
