/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A table into a session. There is no journal: the file that is imported stays what it was and can
 * be imported again, so the only thing that may not happen is a trial that is not whole. Hence the
 * order of the converter: write the part file, add the summary, read everything back and compare,
 * fsync, rename where nothing is, fsync the folder, seal the session.
 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <plantar/archive.h>

#include "analyze.h"
#include "claim.h"
#include "files.h"
#include "h5_describe.h"
#include "h5_read.h"
#include "h5_steps.h"
#include "h5_table.h"
#include "h5_write.h"
#include "journal_file.h"
#include "layout.h"
#include "rows.h"
#include "seal.h"
#include "table_metrics.h"

#define CHUNK_ROWS 4096u
#define SUMMARY_BYTES ((size_t)48 << 20) /* untouched pages cost nothing */

struct store {
	const struct pl_table_store *o;
	const struct pl_table *table;
	char part[PATH_MAX], final[PATH_MAX], journal[PATH_MAX];
	struct claim claim;
	struct rows rows;
};

/* ---- writing --------------------------------------------------------------------------------- */

static int write_column(hid_t file, const char *path, hid_t type, hid_t memory, const void *data,
			size_t rows, hid_t *out, struct pl_error *err)
{
	const hsize_t size = rows, chunk = rows < CHUNK_ROWS ? rows : CHUNK_ROWS;
	hid_t space = H5Screate_simple(1, &size, NULL), dcpl = H5Pcreate(H5P_DATASET_CREATE);

	if (H5Pset_chunk(dcpl, 1, &chunk) < 0 || H5Pset_shuffle(dcpl) < 0 ||
	    H5Pset_deflate(dcpl, 1) < 0)
		return pl_h5_error(err, "cannot prepare %s", path);
	*out = H5Dcreate2(file, path, type, space, H5P_DEFAULT, dcpl, H5P_DEFAULT);
	if (*out < 0 || H5Dwrite(*out, memory, H5S_ALL, H5S_ALL, H5P_DEFAULT, data) < 0)
		return pl_h5_error(err, "cannot write %s", path);
	H5Pclose(dcpl);
	H5Sclose(space);
	return 0;
}

static int write_samples_of(const struct store *s, hid_t file, enum pl_column column,
			    struct pl_error *err)
{
	const struct pl_table_file *t = s->o->table;
	char path[64];
	hid_t dset;

	pl_h5_table_path(column, path, sizeof(path));
	if (write_column(file, path, H5T_IEEE_F64LE, H5T_NATIVE_DOUBLE, s->table->column[column],
			 s->table->rows, &dset, err) ||
	    pl_h5_attr_text(dset, "units", pl_column_unit(column), err) ||
	    pl_h5_attr_text(dset, "role", pl_column_name(column), err) ||
	    pl_h5_attr_text(dset, "column", t->from[column], err) ||
	    pl_h5_attr_f64(dset, "factor", t->scale[column], err))
		return -1;
	return H5Dclose(dset) < 0 ? pl_h5_error(err, "cannot finish %s", path) : 0;
}

/* Seconds since the first sample, which is what the rate says. */
static int write_times(const struct store *s, hid_t file, struct pl_error *err)
{
	double *t_s = malloc(s->table->rows * sizeof(*t_s));
	hid_t dset;
	int result;

	if (!t_s)
		return pl_error_set(err, PL_ENOMEM, 0, "out of memory");
	for (size_t i = 0; i < s->table->rows; i++)
		t_s[i] = (double)i / s->table->rate_hz;
	result = write_column(file, PL_H5_SAMPLES "/t_s", H5T_IEEE_F64LE, H5T_NATIVE_DOUBLE, t_s,
			      s->table->rows, &dset, err);
	free(t_s);
	if (result || pl_h5_attr_text(dset, "units", "s", err) ||
	    pl_h5_attr_text(dset, "long_name", "time since the first sample", err))
		return -1;
	return H5Dclose(dset) < 0 ? pl_h5_error(err, "cannot finish the times") : 0;
}

static int write_samples(const struct store *s, hid_t file, struct pl_error *err)
{
	hid_t group = pl_h5_group(file, PL_H5_SAMPLES, "NXdata", err);
	const char *const axes[] = {"t_s"};
	const char *signal = NULL;
	char path[64];

	if (group < 0)
		return -1;
	for (int i = 0; i < PL_COLUMNS; i++) {
		if (!s->table->column[i])
			continue;
		if (write_samples_of(s, file, (enum pl_column)i, err))
			return -1;
		if (i != PL_COLUMN_TIME && !signal) {
			pl_h5_table_path((enum pl_column)i, path, sizeof(path));
			signal = strrchr(path, '/') + 1;
		}
	}
	if (write_times(s, file, err) || pl_h5_attr_f64(group, "rate_hz", s->table->rate_hz, err) ||
	    pl_h5_attr_text(group, "rate_from",
			    s->o->table->rate_from_time ? "time column" : "option", err) ||
	    (signal && pl_h5_attr_text(group, "signal", signal, err)) ||
	    pl_h5_attr_texts(group, "axes", axes, 1, err))
		return -1;
	return H5Gclose(group) < 0 ? pl_h5_error(err, "cannot close " PL_H5_SAMPLES) : 0;
}

static int write_metric(const struct store *s, hid_t file, unsigned metric, float *value,
			struct pl_error *err)
{
	const char *key = pl_table_metric_key(s->table, metric);
	int at = pl_metric_find(key);
	char path[80];
	hid_t dset;

	for (size_t i = 0; i < s->table->rows; i++)
		value[i] = pl_table_metric(s->table, metric, i);
	snprintf(path, sizeof(path), PL_H5_METRICS "/%s", key);
	if (write_column(file, path, H5T_IEEE_F32LE, H5T_NATIVE_FLOAT, value, s->table->rows, &dset,
			 err) ||
	    pl_h5_attr_text(dset, "units", pl_metric_unit((size_t)at, true), err) ||
	    pl_h5_attr_text(dset, "long_name", pl_metric_def((size_t)at)->long_name, err))
		return -1;
	return H5Dclose(dset) < 0 ? pl_h5_error(err, "cannot finish %s", path) : 0;
}

static int write_metrics(const struct store *s, hid_t file, struct pl_error *err)
{
	hid_t group = pl_h5_group(file, PL_H5_METRICS, "NXdata", err);
	float *value = malloc(s->table->rows * sizeof(*value));
	const char *const axes[] = {"t_s"};
	const char *signal = NULL;
	int result = value ? 0 : pl_error_set(err, PL_ENOMEM, 0, "out of memory");

	if (group < 0)
		result = -1;
	for (unsigned m = 0; m < TABLE_METRICS && result == 0; m++) {
		const char *key = pl_table_metric_key(s->table, m);

		if (key)
			result = write_metric(s, file, m, value, err);
		signal = signal ? signal : key;
	}
	free(value);
	if (result || (signal && (pl_h5_attr_text(group, "signal", signal, err) ||
				  pl_h5_attr_texts(group, "axes", axes, 1, err))))
		return -1;
	if (H5Lcreate_hard(file, PL_H5_SAMPLES "/t_s", group, "t_s", H5P_DEFAULT, H5P_DEFAULT) < 0)
		return pl_h5_error(err, "cannot link the time axis");
	return H5Gclose(group) < 0 ? pl_h5_error(err, "cannot close " PL_H5_METRICS) : 0;
}

static int write_entry(hid_t file, struct pl_error *err)
{
	hid_t entry = pl_h5_group(file, PL_H5_ENTRY, "NXentry", err);

	if (entry < 0 || pl_h5_attr_text(entry, "default", "samples", err))
		return -1;
	if (H5Lcreate_hard(file, PL_H5_SAMPLES, entry, "samples", H5P_DEFAULT, H5P_DEFAULT) < 0 ||
	    H5Lcreate_hard(file, PL_H5_METRICS, entry, "metrics", H5P_DEFAULT, H5P_DEFAULT) < 0 ||
	    H5Gclose(entry) < 0)
		return pl_h5_error(err, "cannot write " PL_H5_ENTRY);
	return 0;
}

static int write_part(const struct store *s, struct pl_error *err)
{
	hid_t file;

	if (unlink(s->part) != 0 && errno != ENOENT)
		return pl_files_error(err, errno, "cannot remove %s", s->part);
	file = pl_h5_create(s->part, err);
	if (file < 0 || pl_h5_describe(file, s->o->meta, err) || write_samples(s, file, err) ||
	    write_metrics(s, file, err) || write_entry(file, err) ||
	    pl_rows_write(&s->rows, file, err) || pl_h5_attr_u8(file, "complete", 1, err) ||
	    pl_h5_attr_text(file, "end_reason", "imported", err))
		return -1;
	/* flush first: a full disk shows here, while nothing has been closed yet */
	if (H5Fflush(file, H5F_SCOPE_GLOBAL) < 0 || H5Fclose(file) < 0)
		return pl_h5_error(err, "cannot write %s", s->part);
	return 0;
}

/* ---- the figures ----------------------------------------------------------------------------- */

/* As of the finished file: by its name in the session, with what is said of the person. */
static int add_summary(const struct store *s, struct pl_error *err)
{
	struct pl_table_file as_stored = *s->o->table;
	char *text = malloc(SUMMARY_BYTES);
	struct pl_table_options options;
	struct pl_gait steps;
	struct pl_json json;
	int result;

	if (!text)
		return pl_error_set(err, PL_ENOMEM, 0, "no memory for the summary");
	as_stored.meta = (struct pl_session_meta *)(uintptr_t)s->o->meta; /* only read */
	snprintf(as_stored.path, sizeof(as_stored.path), "%s", strrchr(s->final, '/') + 1);
	pl_gait_init(&steps);
	pl_json_init(&json, text, SUMMARY_BYTES);
	pl_table_options_of(&as_stored, &options);
	result = pl_table_analyze_steps(&as_stored, &options, &json, &steps, err);
	if (result == 0 && !pl_json_finish(&json))
		result = pl_error_set(err, PL_ENOMEM, 0, "its figures do not fit into 48 MiB");
	if (result == 0)
		result = pl_h5_write_summary(s->part, text, err) ||
			 pl_h5_write_steps(s->part, &steps, err);
	pl_gait_free(&steps);
	free(text);
	return result ? -1 : 0;
}

/* ---- reading back ---------------------------------------------------------------------------- */

static int check_meta(const struct pl_session_meta *is, const struct pl_session_meta *want,
		      struct pl_error *err)
{
	const struct journal_keys none = {0};
	size_t n = 0, m = 0;
	uint8_t *a = pl_journal_head_encode(is, &none, &n, err);
	uint8_t *b = a ? pl_journal_head_encode(want, &none, &m, err) : NULL;
	int result = -1;

	if (a && b)
		result = n == m && memcmp(a, b, n) == 0
				 ? 0
				 : pl_error_set(err, PL_ECORRUPT, 0,
						"what the file says of its session is not what it "
						"should");
	free(a);
	free(b);
	return result;
}

static int check_table(const struct pl_table_file *is, const struct pl_table_file *want,
		       struct pl_error *err)
{
	const size_t bytes = want->table.rows * sizeof(double);
	bool same = is->table.rows == want->table.rows &&
		    is->table.rate_hz == want->table.rate_hz &&
		    is->rate_from_time == want->rate_from_time;

	for (int i = 0; i < PL_COLUMNS && same; i++) {
		const double *a = is->table.column[i], *b = want->table.column[i];

		same = !a == !b && (!a || memcmp(a, b, bytes) == 0) &&
		       strcmp(is->from[i], want->from[i]) == 0 && is->scale[i] == want->scale[i];
	}
	return same ? 0
		    : pl_error_set(err, PL_ECORRUPT, 0,
				   "the samples in the file are not those of the table");
}

static int check(const struct store *s, struct pl_error *err)
{
	hid_t file = pl_h5_open(s->part, H5F_ACC_RDONLY, err);
	struct pl_table_file *is = file >= 0 ? pl_h5_table_read(file, err) : NULL;
	uint64_t compared;
	int result = -1;

	if (is)
		result = check_meta(is->meta, s->o->meta, err) ||
			 check_table(is, s->o->table, err) ||
			 pl_h5_table_check_metrics(file, s->table, &compared, err) ||
			 pl_rows_check(&s->rows, file, err);
	pl_table_close(is);
	if (file >= 0)
		H5Fclose(file);
	return result ? -1 : 0;
}

/* ---- the whole ------------------------------------------------------------------------------- */

static int set_names(struct store *s, struct pl_error *err)
{
	const char *stem = s->o->stem;

	if (strlen(stem) + sizeof(".h5.part") > sizeof(s->part) || !strchr(stem, '/'))
		return pl_error_set(err, PL_EUSAGE, 0, "'%s' is no place for a trial", stem);
	snprintf(s->part, sizeof(s->part), "%s.h5.part", stem);
	snprintf(s->final, sizeof(s->final), "%s.h5", stem);
	snprintf(s->journal, sizeof(s->journal), "%s.journal", stem);
	return 0;
}

static int note_origin(struct store *s, struct pl_error *err)
{
	const struct pl_session_meta *m = s->o->meta;
	const struct pl_journal_record clock = {.type = PL_RECORD_CLOCK,
						.t_mono_ns = m->started_mono_ns,
						.utc_ns = m->started_utc_ns};

	return pl_rows_add(&s->rows, &clock, err) || pl_rows_add_event(&s->rows, m->started_mono_ns,
								       "import", s->o->origin, err)
		       ? -1
		       : 0;
}

static int check_free(const struct store *s, struct pl_error *err)
{
	if (access(s->final, F_OK) != 0 && access(s->journal, F_OK) != 0)
		return 0;
	return pl_error_set(err, PL_EBUSY, EEXIST, "%s is there already", s->final);
}

static int build(struct store *s, struct pl_error *err)
{
	if (note_origin(s, err) || write_part(s, err) || add_summary(s, err) || check(s, err) ||
	    pl_files_sync(s->part, err))
		return -1;
	if (pl_files_rename_new(s->part, s->final) != 0)
		return pl_files_error(err, errno, "cannot rename %s", s->part);
	return pl_files_sync_parent(s->final, err) || pl_seal_session(s->final, err) ? -1 : 0;
}

int pl_table_store(const struct pl_table_store *o, struct pl_convert_result *result,
		   struct pl_error *err)
{
	struct store s = {.o = o, .table = &o->table->table, .claim = {.fd = -1}};
	struct stat st;
	int failed;

	pl_h5_init();
	failed = set_names(&s, err) || pl_claim_take(&s.claim, o->stem, err) || check_free(&s, err);
	if (!failed && build(&s, err) != 0) {
		failed = 1;
		unlink(s.part);
	}
	if (!failed) {
		*result = (struct pl_convert_result){
			.frames = s.table->rows,
			.events = s.rows.events,
			.complete = true,
			.bytes = stat(s.final, &st) == 0 ? (uint64_t)st.st_size : 0,
		};
		snprintf(result->path, sizeof(result->path), "%s", s.final);
	}
	pl_claim_release(&s.claim);
	pl_rows_free(&s.rows);
	return failed ? -1 : 0;
}
