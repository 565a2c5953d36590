/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A session file explains itself: who was measured with what, how counts become pressure, and,
 * in NeXus attributes, what a viewer that knows nothing of mats should draw first. The root is an
 * NXroot whose default leads over /entry to the path of the centre of pressure; frames and
 * metrics are NXdata of their own, seconds since the start on their time axes.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "h5_annotations.h"
#include "h5_describe.h"
#include "h5_origin.h"
#include "layout.h"

void pl_h5_iso_time(int64_t utc_ns, char out[40])
{
	time_t s = (time_t)(utc_ns / 1000000000);
	long us = (long)(utc_ns % 1000000000) / 1000;
	char day[32] = "1970-01-01T00:00:00";
	struct tm tm;

	if (us < 0) {
		us += 1000000;
		s--;
	}
	if (gmtime_r(&s, &tm))
		strftime(day, sizeof(day), "%Y-%m-%dT%H:%M:%S", &tm);
	snprintf(out, 40, "%s.%06ldZ", day, us);
}

static int describe_root(hid_t file, const struct pl_session_meta *m, struct pl_error *err)
{
	char started[40];

	pl_h5_iso_time(m->started_utc_ns, started);
	return pl_h5_attr_text(file, "NX_class", "NXroot", err) ||
			       pl_h5_attr_text(file, "default", "entry", err) ||
			       pl_h5_attr_text(file, "schema", PL_ARCHIVE_SCHEMA, err) ||
			       pl_h5_attr_text(file, "session_uuid", m->session_uuid, err) ||
			       pl_h5_attr_text(file, "subject", m->subject, err) ||
			       pl_h5_attr_text(file, "protocol", m->protocol, err) ||
			       pl_h5_attr_text(file, "condition", m->condition, err) ||
			       pl_h5_attr_text(file, "started_utc", started, err) ||
			       pl_h5_attr_i64(file, "started_utc_ns", m->started_utc_ns, err) ||
			       pl_h5_attr_i64(file, "started_mono_ns", m->started_mono_ns, err) ||
			       pl_h5_attr_u32(file, "trial", m->trial, err) ||
			       pl_h5_attr_text(file, "software", m->software, err) ||
			       pl_h5_attr_text(file, "host", m->host, err)
		       ? -1
		       : 0;
}

static int describe_person(hid_t file, const struct pl_session_meta *m, struct pl_error *err)
{
	hid_t subject = pl_h5_group(file, PL_H5_SUBJECT, NULL, err), trial;

	if (subject < 0 || pl_h5_attr_text(subject, "code", m->subject, err) ||
	    pl_h5_attr_f64(subject, "body_mass_kg", m->body_mass_kg, err))
		return -1;
	trial = pl_h5_group(file, PL_H5_TRIAL, NULL, err);
	if (trial < 0 || pl_h5_attr_u32(trial, "number", m->trial, err) ||
	    pl_h5_attr_text(trial, "protocol", m->protocol, err) ||
	    pl_h5_attr_text(trial, "condition", m->condition, err))
		return -1;
	if (H5Gclose(subject) < 0 || H5Gclose(trial) < 0)
		return pl_h5_error(err, "cannot close a group");
	return pl_h5_annotations_write(file, m, err);
}

static int cell_array(hid_t group, const char *name, const double *data,
		      const struct pl_geometry *g, struct pl_error *err)
{
	const hsize_t size[] = {g->rows, g->cols};

	return data ? pl_h5_array(group, name, H5T_IEEE_F64LE, 2, size, data, err) : 0;
}

static int describe_calibration(hid_t file, const struct pl_session_meta *m, struct pl_error *err)
{
	const struct pl_calibration *cal = &m->calibration;
	const struct pl_geometry *g = &m->geometry;
	const hsize_t points = cal->curve_points, size[] = {g->rows, g->cols};
	hid_t group = pl_h5_group(file, PL_H5_CALIBRATION, NULL, err);

	if (group < 0 || pl_h5_attr_text(group, "id", cal->id, err) ||
	    pl_h5_attr_text(group, "unit", pl_unit_name(cal->unit), err) ||
	    pl_h5_attr_text(group, "dead_policy",
			    cal->dead_policy == PL_DEAD_EXCLUDE ? "exclude" : "interpolate", err) ||
	    pl_h5_attr_text(group, "formula",
			    "lin = (raw - tare - cell_offset) * cell_gain; value = curve(lin), or "
			    "scale * lin without a curve; 0 if below noise_floor",
			    err) ||
	    pl_h5_attr_f64(group, "scale", cal->scale, err) ||
	    pl_h5_attr_f64(group, "noise_floor", cal->noise_floor, err) ||
	    pl_h5_attr_f64(group, "contact", cal->contact, err) ||
	    pl_h5_attr_f64(group, "saturation_counts", cal->saturation_counts, err))
		return -1;
	if (pl_h5_origin_write(file, group, m, err))
		return -1;
	if (points &&
	    (pl_h5_array(group, "curve_counts", H5T_IEEE_F64LE, 1, &points, cal->curve_counts,
			 err) ||
	     pl_h5_array(group, "curve_value", H5T_IEEE_F64LE, 1, &points, cal->curve_value, err)))
		return -1;
	if (cell_array(group, "cell_offset", cal->cell_offset, g, err) ||
	    cell_array(group, "cell_gain", cal->cell_gain, g, err) ||
	    cell_array(group, "tare", cal->tare, g, err))
		return -1;
	if (cal->cell_state &&
	    pl_h5_array(group, "cell_state", H5T_STD_U8LE, 2, size, cal->cell_state, err))
		return -1;
	return H5Gclose(group) < 0 ? pl_h5_error(err, "cannot close a group") : 0;
}

static int describe_live(hid_t file, const struct pl_live_options *o, struct pl_error *err)
{
	hid_t group = pl_h5_group(file, PL_H5_LIVE, NULL, err);

	if (group < 0 || pl_h5_attr_f64(group, "rate_hz", o->rate_hz, err) ||
	    pl_h5_attr_f64(group, "filter_hz", o->filter_hz, err) ||
	    pl_h5_attr_f64(group, "force_min", o->force_min, err) ||
	    pl_h5_attr_text(group, "region", pl_region_name(o->region), err) ||
	    pl_h5_attr_text(group, "facing", pl_facing_name(o->facing), err) ||
	    pl_h5_attr_text(group, "side", pl_side_name(o->side), err))
		return -1;
	return H5Gclose(group) < 0 ? pl_h5_error(err, "cannot close a group") : 0;
}

/* What a table does without. */
static int describe_cells(hid_t file, hid_t mat, const struct pl_session_meta *m,
			  struct pl_error *err)
{
	const hsize_t sensors = m->geometry.rows;

	if (pl_h5_attr_text(mat, "unit", pl_unit_name(m->calibration.unit), err) ||
	    pl_h5_attr_text(mat, "dtype", pl_dtype_name(m->dtype), err) ||
	    pl_h5_attr_u32(mat, "rows", m->geometry.rows, err) ||
	    pl_h5_attr_u32(mat, "cols", m->geometry.cols, err) ||
	    pl_h5_attr_f64(mat, "pitch_row_m", m->geometry.pitch_row_m, err) ||
	    pl_h5_attr_f64(mat, "pitch_col_m", m->geometry.pitch_col_m, err))
		return -1;
	if (m->sensor_area_m2 &&
	    pl_h5_array(mat, "sensor_area_m2", H5T_IEEE_F64LE, 1, &sensors, m->sensor_area_m2, err))
		return -1;
	return describe_calibration(file, m, err) || describe_live(file, &m->live, err) ? -1 : 0;
}

static int describe_mat(hid_t file, const struct pl_session_meta *m, struct pl_error *err)
{
	enum pl_layout layout = m->live.layout;
	hid_t mat = pl_h5_group(file, PL_H5_MAT, NULL, err);

	if (mat < 0 || pl_h5_attr_text(mat, "name", m->mat, err) ||
	    pl_h5_attr_text(mat, "file", m->mat_file, err) ||
	    pl_h5_attr_text(mat, "source", m->source, err) ||
	    pl_h5_attr_f64(mat, "rate_hz", m->rate_hz, err))
		return -1;
	if (layout != PL_LAYOUT_MAT &&
	    pl_h5_attr_text(mat, "layout", pl_layout_name(layout), err) != 0)
		return -1;
	if (m->mat_config_text && pl_h5_text(file, PL_H5_CONFIG_TEXT, m->mat_config_text, err) != 0)
		return -1;
	if (layout != PL_LAYOUT_TABLE && describe_cells(file, mat, m, err) != 0)
		return -1;
	return H5Gclose(mat) < 0 ? pl_h5_error(err, "cannot close a group") : 0;
}

int pl_h5_describe(hid_t file, const struct pl_session_meta *meta, struct pl_error *err)
{
	return describe_root(file, meta, err) || describe_person(file, meta, err) ||
			       describe_mat(file, meta, err)
		       ? -1
		       : 0;
}

/* Where the cells are: centres in mat coordinates (frame.h), front row first. */
static int positions(hid_t frames, const char *name, unsigned n, double pitch_m, bool rows,
		     struct pl_error *err)
{
	const hsize_t size = n;
	double mm[PL_SIDE_MAX];
	hid_t dset;
	int result;

	for (unsigned i = 0; i < n; i++)
		mm[i] = ((rows ? n - i : i + 1) - 0.5) * pitch_m * 1e3;
	if (pl_h5_array(frames, name, H5T_IEEE_F64LE, 1, &size, mm, err) != 0)
		return -1;
	dset = H5Dopen2(frames, name, H5P_DEFAULT);
	result = dset < 0 ? pl_h5_error(err, "cannot open %s", name)
			  : pl_h5_attr_text(dset, "units", "mm", err);
	if (result == 0)
		result = pl_h5_attr_text(dset, "long_name",
					 rows ? "y, positive forward" : "x, positive to the right",
					 err);
	return result == 0 && H5Dclose(dset) < 0 ? pl_h5_error(err, "cannot write %s", name)
						 : result;
}

static int data_attributes(hid_t group, const char *signal, const char *const *axes, unsigned n,
			   const char *title, struct pl_error *err)
{
	return pl_h5_attr_text(group, "signal", signal, err) ||
			       pl_h5_attr_texts(group, "axes", axes, n, err) ||
			       pl_h5_attr_text(group, "title", title, err)
		       ? -1
		       : 0;
}

static int view_frames(hid_t file, const struct pl_session_meta *m, struct pl_error *err)
{
	static const char *const placed[] = {"t_s", "y_mm", "x_mm"};
	static const char *const unplaced[] = {"t_s", ".", "."}; /* NeXus: no such axis */
	bool places = m->live.layout != PL_LAYOUT_SENSORS;
	hid_t frames = H5Gopen2(file, PL_H5_FRAMES, H5P_DEFAULT);

	if (frames < 0)
		return pl_h5_error(err, "cannot open /frames");
	if (places &&
	    (positions(frames, "y_mm", m->geometry.rows, m->geometry.pitch_row_m, true, err) ||
	     positions(frames, "x_mm", m->geometry.cols, m->geometry.pitch_col_m, false, err)))
		return -1;
	if (data_attributes(frames, "raw", places ? placed : unplaced, 3,
			    m->live.layout == PL_LAYOUT_PICTURE ? "the greatest value of each cell"
								: "raw counts of each frame",
			    err))
		return -1;
	return H5Gclose(frames) < 0 ? pl_h5_error(err, "cannot close /frames") : 0;
}

/* The first metric whose name starts with prefix, or NULL. */
static const char *key_of(const struct pl_journal_reader *r, const char *prefix)
{
	for (unsigned i = 0; i < pl_journal_metric_columns(r); i++)
		if (strncmp(pl_journal_reader_key(r, i), prefix, strlen(prefix)) == 0)
			return pl_journal_reader_key(r, i);
	return NULL;
}

static int view_metrics(hid_t file, const struct pl_journal_reader *r, struct pl_error *err)
{
	static const char *const axes[] = {"t_s"};
	bool forces = pl_journal_meta(r)->live.layout == PL_LAYOUT_MAT;
	const char *signal = key_of(r, forces ? "force_" : "pressure_peak_");
	hid_t metrics = H5Gopen2(file, PL_H5_METRICS, H5P_DEFAULT);

	if (metrics < 0 ||
	    H5Lcreate_hard(file, PL_H5_FRAMES "/t_s", metrics, "t_s", H5P_DEFAULT, H5P_DEFAULT) < 0)
		return pl_h5_error(err, "cannot link the time axis");
	if (signal && data_attributes(metrics, signal, axes, 1,
				      forces ? "force on the mat" : "greatest cell", err) != 0)
		return -1;
	return H5Gclose(metrics) < 0 ? pl_h5_error(err, "cannot close /metrics") : 0;
}

static int link(hid_t file, const char *from, hid_t group, const char *name, struct pl_error *err)
{
	if (H5Lcreate_hard(file, from, group, name, H5P_DEFAULT, H5P_DEFAULT) < 0)
		return pl_h5_error(err, "cannot link %s", from);
	return 0;
}

static int view_path(hid_t file, hid_t entry, struct pl_error *err)
{
	static const char *const axes[] = {"cop_x_mm"};
	hid_t path = pl_h5_group(entry, "cop_path", "NXdata", err);

	if (path < 0 || link(file, PL_H5_METRICS "/cop_x_mm", path, "cop_x_mm", err) ||
	    link(file, PL_H5_METRICS "/cop_y_mm", path, "cop_y_mm", err) ||
	    data_attributes(path, "cop_y_mm", axes, 1, "path of the centre of pressure", err))
		return -1;
	return H5Gclose(path) < 0 ? pl_h5_error(err, "cannot close /entry/cop_path") : 0;
}

int pl_h5_describe_views(hid_t file, const struct pl_journal_reader *r, struct pl_error *err)
{
	bool cop = pl_journal_meta(r)->live.layout == PL_LAYOUT_MAT && key_of(r, "cop_x_mm") &&
		   key_of(r, "cop_y_mm");
	hid_t entry;

	if (view_frames(file, pl_journal_meta(r), err) != 0 || view_metrics(file, r, err) != 0)
		return -1;
	entry = pl_h5_group(file, PL_H5_ENTRY, "NXentry", err);
	if (entry < 0 || pl_h5_attr_text(entry, "default", cop ? "cop_path" : "frames", err) ||
	    link(file, PL_H5_FRAMES, entry, "frames", err) ||
	    link(file, PL_H5_METRICS, entry, "metrics", err))
		return -1;
	if (cop && view_path(file, entry, err) != 0)
		return -1;
	return H5Gclose(entry) < 0 ? pl_h5_error(err, "cannot close /entry") : 0;
}
