/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A look into a finished session file without reading its frames. The file may be anything that
 * happens to lie in the folder: what is not there is an error with a name, never a guess.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include <plantar/session.h>

#include "amendments.h"
#include "h5_annotations.h"
#include "layout.h"
#include "trial.h"

int64_t pl_trial_length(hid_t file, const char *dataset)
{
	hid_t dset = H5Dopen2(file, dataset, H5P_DEFAULT), space;
	hsize_t size[H5S_MAX_RANK];
	int rank;

	if (dset < 0)
		return -1;
	space = H5Dget_space(dset);
	rank = H5Sget_simple_extent_dims(space, size, NULL);
	H5Sclose(space);
	H5Dclose(dset);
	return rank >= 1 ? (int64_t)size[0] : -1;
}

uint64_t pl_trial_lost(const struct rows *rows)
{
	uint64_t lost = 0;

	for (size_t i = 0; i < rows->gaps; i++)
		lost += rows->gap[i].count;
	return lost;
}

static int time_at(hid_t file, hsize_t row, int64_t *t_ns)
{
	hid_t dset = H5Dopen2(file, PL_H5_FRAMES "/t_est_ns", H5P_DEFAULT), space, one;
	const hsize_t count = 1;
	int result = -1;

	if (dset < 0)
		return -1;
	space = H5Dget_space(dset);
	one = H5Screate_simple(1, &count, NULL);
	if (H5Sselect_hyperslab(space, H5S_SELECT_SET, &row, NULL, &count, NULL) >= 0 &&
	    H5Dread(dset, H5T_NATIVE_INT64, one, space, H5P_DEFAULT, t_ns) >= 0)
		result = 0;
	H5Sclose(one);
	H5Sclose(space);
	H5Dclose(dset);
	return result;
}

/* One frame's share of the time. 0: the file does not say. */
static double interval_s(hid_t file)
{
	hid_t mat = H5Gopen2(file, PL_H5_MAT, H5P_DEFAULT);
	double rate_hz = 0;

	if (mat < 0)
		return 0;
	pl_h5_read_number(mat, "rate_hz", H5T_NATIVE_DOUBLE, &rate_hz);
	H5Gclose(mat);
	return rate_hz > 0 ? 1 / rate_hz : 0;
}

/* The daemon's name for it; "": the file does not say. */
static void read_mat(hid_t file, struct trial *t)
{
	hid_t mat = H5Gopen2(file, PL_H5_MAT, H5P_DEFAULT);

	if (mat < 0)
		return;
	if (pl_h5_read_text(mat, "name", t->mat, sizeof(t->mat)) != 0)
		t->mat[0] = '\0';
	H5Gclose(mat);
}

/* Samples of a table follow each other at its rate. */
static int duration(hid_t file, hsize_t frames, double *s)
{
	int64_t first, last;

	*s = 0;
	if (!frames)
		return 0;
	*s = (double)frames * interval_s(file);
	if (H5Lexists(file, PL_H5_SAMPLES, H5P_DEFAULT) > 0)
		return 0;
	if (time_at(file, 0, &first) != 0 || time_at(file, frames - 1, &last) != 0)
		return -1;
	*s = ((double)last - (double)first) / 1e9 + interval_s(file);
	return 0;
}

static int read_person(hid_t file, struct trial *t, struct pl_error *err)
{
	struct pl_session_meta meta = {.body_mass_kg = NAN};
	hid_t group = H5Gopen2(file, PL_H5_SUBJECT, H5P_DEFAULT);

	if (group >= 0) {
		pl_h5_read_number(group, "body_mass_kg", H5T_NATIVE_DOUBLE, &meta.body_mass_kg);
		H5Gclose(group);
	}
	if (pl_h5_annotations_read(file, &meta, err) != 0)
		return -1;
	t->body_mass_kg = meta.body_mass_kg;
	t->annotations = meta.annotations;
	return 0;
}

static int read_open(hid_t file, const char *path, struct trial *t, struct pl_error *err)
{
	int64_t frames;
	uint8_t complete = 0;
	char schema[64];

	if (pl_h5_read_text(file, "schema", schema, sizeof(schema)) != 0 ||
	    strcmp(schema, PL_ARCHIVE_SCHEMA) != 0)
		return pl_error_set(err, PL_EFORMAT, 0, "%s is HDF5, but no plantar session file",
				    path);
	if (pl_h5_read_text(file, "session_uuid", t->uuid, sizeof(t->uuid)) != 0 ||
	    pl_h5_read_text(file, "subject", t->subject, sizeof(t->subject)) != 0 ||
	    pl_h5_read_text(file, "protocol", t->protocol, sizeof(t->protocol)) != 0 ||
	    pl_h5_read_text(file, "condition", t->condition, sizeof(t->condition)) != 0 ||
	    pl_h5_read_text(file, "started_utc", t->started_utc, sizeof(t->started_utc)) != 0 ||
	    pl_h5_read_text(file, "software", t->software, sizeof(t->software)) != 0 ||
	    pl_h5_read_text(file, "end_reason", t->end_reason, sizeof(t->end_reason)) != 0 ||
	    pl_h5_read_number(file, "trial", H5T_NATIVE_UINT32, &t->number) != 0 ||
	    pl_h5_read_number(file, "complete", H5T_NATIVE_UINT8, &complete) != 0)
		return pl_error_set(err, PL_ECORRUPT, 0, "%s lacks attributes of its head", path);
	if (H5Lexists(file, PL_H5_SAMPLES, H5P_DEFAULT) > 0)
		frames = pl_trial_length(file, PL_H5_SAMPLES "/t_s");
	else
		frames = pl_trial_length(file, PL_H5_FRAMES "/t_est_ns");
	if (frames < 0 || duration(file, (hsize_t)frames, &t->duration_s) != 0)
		return pl_h5_error(err, "cannot read the times of %s", path);
	read_mat(file, t);
	t->complete = complete != 0;
	t->frames = (uint64_t)frames;
	if (pl_rows_read(&t->rows, file, err) != 0 ||
	    pl_amendments_add_rows(file, &t->rows, &t->amendments, err) != 0 ||
	    read_person(file, t, err) != 0)
		return -1;
	t->lost_frames = pl_trial_lost(&t->rows);
	return 0;
}

int pl_trial_read(const char *path, struct trial *trial, struct pl_error *err)
{
	hid_t file;
	int result;

	pl_h5_init();
	file = pl_h5_open(path, H5F_ACC_RDONLY, err);
	if (file < 0)
		return -1;
	result = read_open(file, path, trial, err);
	H5Fclose(file);
	return result;
}
