/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who, with which mat, calibrated how: the struct pl_session_meta of a finished file, back from its
 * attributes, so that a figure computed from the file in ten years is computed as it was live.
 * Everything the writer writes must be there; what is missing or impossible is named.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "h5_annotations.h"
#include "h5_origin.h"
#include "h5_read.h"
#include "layout.h"

#define CONFIG_TEXT_MAX ((size_t)16 << 20)

/* The attributes of one group while they are read; the first failure stays in err. */
struct group {
	hid_t id;
	const char *path;
	struct pl_error *err;
	bool failed;
};

static void missing(struct group *g, const char *name, const char *what)
{
	if (!g->failed)
		pl_error_set(g->err, PL_ECORRUPT, 0, "%s has no %s attribute '%s'", g->path, what,
			     name);
	g->failed = true;
}

static void impossible(struct group *g, const char *name, const char *value)
{
	if (!g->failed)
		pl_error_set(g->err, PL_ECORRUPT, 0, "%s: '%s' cannot be '%s'", g->path, name,
			     value);
	g->failed = true;
}

static struct group open_group(hid_t file, const char *path, struct pl_error *err)
{
	struct group g = {.id = -1, .path = path, .err = err, .failed = true};

	if (strcmp(path, "/") != 0 && !pl_h5_has(file, path)) {
		pl_error_set(err, PL_ECORRUPT, 0, "%s is missing", path);
		return g;
	}
	g.id = H5Gopen2(file, path, H5P_DEFAULT);
	if (g.id < 0)
		pl_h5_damaged(err, "cannot open %s", path);
	else
		g.failed = false;
	return g;
}

static int close_group(struct group *g)
{
	if (g->id >= 0)
		H5Gclose(g->id);
	return g->failed ? -1 : 0;
}

static void get_text(struct group *g, const char *name, char *buf, size_t cap)
{
	buf[0] = '\0';
	if (!g->failed && pl_h5_read_text(g->id, name, buf, cap))
		missing(g, name, "text");
}

static void get_number(struct group *g, const char *name, hid_t type, void *value)
{
	if (!g->failed && pl_h5_read_number(g->id, name, type, value))
		missing(g, name, "number");
}

/* A word of a table: parse says which, or -1. */
static int get_word(struct group *g, const char *name, int (*parse)(const char *name))
{
	char word[32];
	int value;

	get_text(g, name, word, sizeof(word));
	if (g->failed)
		return 0;
	value = parse(word);
	if (value < 0)
		impossible(g, name, word);
	return value < 0 ? 0 : value;
}

/* ---- the parts ------------------------------------------------------------------------------- */

static int read_root(hid_t file, struct pl_session_meta *m, struct pl_error *err)
{
	struct group g = open_group(file, "/", err);
	uint32_t trial = 0;

	get_text(&g, "session_uuid", m->session_uuid, sizeof(m->session_uuid));
	get_text(&g, "subject", m->subject, sizeof(m->subject));
	get_text(&g, "protocol", m->protocol, sizeof(m->protocol));
	get_text(&g, "condition", m->condition, sizeof(m->condition));
	get_text(&g, "software", m->software, sizeof(m->software));
	get_text(&g, "host", m->host, sizeof(m->host));
	get_number(&g, "trial", H5T_NATIVE_UINT32, &trial);
	get_number(&g, "started_utc_ns", H5T_NATIVE_INT64, &m->started_utc_ns);
	get_number(&g, "started_mono_ns", H5T_NATIVE_INT64, &m->started_mono_ns);
	m->trial = trial;
	return close_group(&g);
}

static int read_subject(hid_t file, struct pl_session_meta *m, struct pl_error *err)
{
	struct group g = open_group(file, PL_H5_SUBJECT, err);

	get_number(&g, "body_mass_kg", H5T_NATIVE_DOUBLE, &m->body_mass_kg);
	return close_group(&g) || pl_h5_annotations_read(file, m, err) ? -1 : 0;
}

/* Files of mats, and all of before there were others, have no attribute of that name. There are
 * frames or samples, as it says, and never both. */
static void get_layout(struct group *g, hid_t file, struct pl_session_meta *m)
{
	bool table;

	if (!g->failed && H5Aexists(g->id, "layout") > 0)
		m->live.layout = (enum pl_layout)get_word(g, "layout", pl_layout_parse);
	table = m->live.layout == PL_LAYOUT_TABLE;
	if (g->failed ||
	    (pl_h5_has(file, PL_H5_SAMPLES) == table && pl_h5_has(file, PL_H5_RAW) != table))
		return;
	pl_error_set(g->err, PL_ECORRUPT, 0, PL_H5_MAT " is of layout %s, which has %s and no %s",
		     pl_layout_name(m->live.layout), table ? PL_H5_SAMPLES : PL_H5_RAW,
		     table ? PL_H5_RAW : PL_H5_SAMPLES);
	g->failed = true;
}

/* Rows, columns, their places and their type: of everything but tables. */
static void get_cells(struct group *g, struct pl_session_meta *m)
{
	uint32_t rows = 0, cols = 0;

	m->dtype = (enum pl_dtype)get_word(g, "dtype", pl_dtype_parse);
	get_number(g, "rows", H5T_NATIVE_UINT32, &rows);
	get_number(g, "cols", H5T_NATIVE_UINT32, &cols);
	get_number(g, "pitch_row_m", H5T_NATIVE_DOUBLE, &m->geometry.pitch_row_m);
	get_number(g, "pitch_col_m", H5T_NATIVE_DOUBLE, &m->geometry.pitch_col_m);
	m->geometry.rows = rows;
	m->geometry.cols = cols;
	if (!g->failed && (rows < 1 || rows > PL_SIDE_MAX || cols < 1 || cols > PL_SIDE_MAX)) {
		pl_error_set(g->err, PL_ECORRUPT, 0, PL_H5_MAT ": %u x %u cells cannot be", rows,
			     cols);
		g->failed = true;
	}
}

static int read_mat(hid_t file, struct pl_session_meta *m, struct pl_error *err)
{
	struct group g = open_group(file, PL_H5_MAT, err);

	get_text(&g, "name", m->mat, sizeof(m->mat));
	get_text(&g, "file", m->mat_file, sizeof(m->mat_file));
	get_text(&g, "source", m->source, sizeof(m->source));
	get_number(&g, "rate_hz", H5T_NATIVE_DOUBLE, &m->rate_hz);
	get_layout(&g, file, m);
	if (m->live.layout != PL_LAYOUT_TABLE)
		get_cells(&g, m);
	if (!g.failed && !(m->rate_hz >= 0 && m->rate_hz <= 1e6)) {
		pl_error_set(err, PL_ECORRUPT, 0, PL_H5_MAT ": a rate of %g Hz cannot be",
			     m->rate_hz);
		g.failed = true;
	}
	return close_group(&g);
}

static int parse_policy(const char *name)
{
	return strcmp(name, "exclude") == 0	  ? PL_DEAD_EXCLUDE
	       : strcmp(name, "interpolate") == 0 ? PL_DEAD_INTERPOLATE
						  : -1;
}

static int read_curve(hid_t file, struct pl_calibration *cal, struct pl_error *err)
{
	static const char *const paths[] = {PL_H5_CALIBRATION "/curve_counts",
					    PL_H5_CALIBRATION "/curve_value"};
	double *const to[] = {cal->curve_counts, cal->curve_value};
	struct h5_data d;

	if (!pl_h5_has(file, paths[0]) && !pl_h5_has(file, paths[1]))
		return 0;
	for (int i = 0; i < 2; i++) {
		int result;

		if (pl_h5_data_open(file, paths[i], H5T_FLOAT, 1, &d, err))
			return -1;
		if (d.size[0] < 2 || d.size[0] > PL_CURVE_MAX ||
		    (i && d.size[0] != cal->curve_points))
			result = pl_error_set(err, PL_ECORRUPT, 0, "%s has %llu points", paths[i],
					      (unsigned long long)d.size[0]);
		else
			result = pl_h5_data_read(&d, paths[i], H5T_NATIVE_DOUBLE, 0, d.size[0],
						 to[i], NULL, err);
		cal->curve_points = (unsigned)d.size[0];
		pl_h5_data_close(&d);
		if (result)
			return -1;
	}
	return 0;
}

/* A value a cell; *to stays NULL where the file has none. */
static int read_cells(hid_t file, const char *path, H5T_class_t class, hid_t type, size_t size,
		      const struct pl_geometry *g, void **to, struct pl_error *err)
{
	struct h5_data d;
	int result = -1;

	if (!pl_h5_has(file, path))
		return 0;
	if (pl_h5_data_open(file, path, class, 2, &d, err))
		return -1;
	if (d.size[0] != g->rows || d.size[1] != g->cols)
		pl_error_set(err, PL_ECORRUPT, 0, "%s is %llu x %llu, the mat %u x %u", path,
			     (unsigned long long)d.size[0], (unsigned long long)d.size[1], g->rows,
			     g->cols);
	else if (!(*to = calloc(pl_geometry_cells(g), size)))
		pl_error_set(err, PL_ENOMEM, 0, "out of memory");
	else
		result = pl_h5_data_read(&d, path, type, 0, d.size[0], *to, NULL, err);
	pl_h5_data_close(&d);
	return result;
}

static int read_calibration(hid_t file, struct pl_session_meta *m, struct pl_error *err)
{
	struct group g = open_group(file, PL_H5_CALIBRATION, err);
	struct pl_calibration *cal = &m->calibration;
	void *offset = NULL, *gain = NULL, *tare = NULL, *state = NULL;
	int result;

	pl_calibration_init(cal, &m->geometry);
	get_text(&g, "id", cal->id, sizeof(cal->id));
	cal->unit = (enum pl_unit)get_word(&g, "unit", pl_unit_parse);
	cal->dead_policy = (enum pl_dead_policy)get_word(&g, "dead_policy", parse_policy);
	get_number(&g, "scale", H5T_NATIVE_DOUBLE, &cal->scale);
	get_number(&g, "noise_floor", H5T_NATIVE_DOUBLE, &cal->noise_floor);
	get_number(&g, "contact", H5T_NATIVE_DOUBLE, &cal->contact);
	get_number(&g, "saturation_counts", H5T_NATIVE_DOUBLE, &cal->saturation_counts);
	if (!g.failed && pl_h5_origin_read(file, g.id, m, err))
		g.failed = true;
	if (close_group(&g) || read_curve(file, cal, err))
		return -1;
	result = read_cells(file, PL_H5_CALIBRATION "/cell_offset", H5T_FLOAT, H5T_NATIVE_DOUBLE,
			    sizeof(double), &m->geometry, &offset, err) ||
		 read_cells(file, PL_H5_CALIBRATION "/cell_gain", H5T_FLOAT, H5T_NATIVE_DOUBLE,
			    sizeof(double), &m->geometry, &gain, err) ||
		 read_cells(file, PL_H5_CALIBRATION "/tare", H5T_FLOAT, H5T_NATIVE_DOUBLE,
			    sizeof(double), &m->geometry, &tare, err) ||
		 read_cells(file, PL_H5_CALIBRATION "/cell_state", H5T_INTEGER, H5T_NATIVE_UINT8, 1,
			    &m->geometry, &state, err);
	cal->cell_offset = offset;
	cal->cell_gain = gain;
	cal->tare = tare;
	cal->cell_state = state;
	return result ? -1 : 0;
}

static int read_live(hid_t file, struct pl_session_meta *m, struct pl_error *err)
{
	struct group g = open_group(file, PL_H5_LIVE, err);
	struct pl_live_options *live = &m->live;

	get_number(&g, "rate_hz", H5T_NATIVE_DOUBLE, &live->rate_hz);
	get_number(&g, "filter_hz", H5T_NATIVE_DOUBLE, &live->filter_hz);
	get_number(&g, "force_min", H5T_NATIVE_DOUBLE, &live->force_min);
	live->region = (enum pl_region_convention)get_word(&g, "region", pl_region_parse);
	live->facing = (enum pl_facing)get_word(&g, "facing", pl_facing_parse);
	live->side = (enum pl_side)get_word(&g, "side", pl_side_parse);
	return close_group(&g);
}

static int check_schema(hid_t file, struct pl_error *err)
{
	char schema[64];

	if (pl_h5_read_text(file, "schema", schema, sizeof(schema)))
		return pl_error_set(err, PL_EFORMAT, 0,
				    "HDF5, but no recording of plantard (no attribute 'schema')");
	if (strcmp(schema, PL_ARCHIVE_SCHEMA) != 0)
		return pl_error_set(err, PL_EFORMAT, 0,
				    "the schema is '%s'; this program reads '%s'", schema,
				    PL_ARCHIVE_SCHEMA);
	if (!pl_h5_has(file, PL_H5_RAW) && !pl_h5_has(file, PL_H5_SAMPLES))
		return pl_error_set(err, PL_EFORMAT, 0,
				    "no frames (%s is missing); name one trial of the session",
				    PL_H5_RAW);
	return 0;
}

/* How large sensors without places are, where somebody said so. */
static int read_areas(hid_t file, struct pl_session_meta *m, struct pl_error *err)
{
	const unsigned n = m->geometry.rows;
	struct h5_data d;
	int result = -1;

	if (m->live.layout != PL_LAYOUT_SENSORS || !pl_h5_has(file, PL_H5_SENSOR_AREA))
		return 0;
	if (pl_h5_data_open(file, PL_H5_SENSOR_AREA, H5T_FLOAT, 1, &d, err))
		return -1;
	m->sensor_area_m2 = d.size[0] == n ? calloc(n, sizeof(double)) : NULL;
	if (d.size[0] != n)
		pl_error_set(err, PL_ECORRUPT, 0, PL_H5_SENSOR_AREA " has %llu sensors, not %u",
			     (unsigned long long)d.size[0], n);
	else if (!m->sensor_area_m2)
		pl_error_set(err, PL_ENOMEM, 0, "out of memory");
	else
		result = pl_h5_data_read(&d, PL_H5_SENSOR_AREA, H5T_NATIVE_DOUBLE, 0, n,
					 m->sensor_area_m2, NULL, err);
	for (unsigned i = 0; result == 0 && i < n; i++)
		if (!(m->sensor_area_m2[i] > 0 && m->sensor_area_m2[i] <= PL_SENSOR_AREA_MAX_M2))
			result = pl_error_set(err, PL_ECORRUPT, 0,
					      PL_H5_SENSOR_AREA ": %g m2 of sensor %u cannot be",
					      m->sensor_area_m2[i], i + 1);
	pl_h5_data_close(&d);
	return result;
}

/* What a table, which has no cells, does without. */
static int read_cells_meta(hid_t file, struct pl_session_meta *m, struct pl_error *err)
{
	if (m->live.layout == PL_LAYOUT_TABLE)
		return 0;
	if (read_areas(file, m, err) || read_calibration(file, m, err) || read_live(file, m, err))
		return -1;
	if (pl_layout_check(m->live.layout, &m->calibration, &m->geometry, err) == 0)
		return 0;
	if (err)
		err->code = PL_ECORRUPT;
	pl_error_prefix(err, PL_H5_CALIBRATION ": ");
	return -1;
}

int pl_h5_read_meta(hid_t file, struct pl_session_meta *m, struct pl_error *err)
{
	if (check_schema(file, err) || read_root(file, m, err) || read_subject(file, m, err) ||
	    read_mat(file, m, err) || read_cells_meta(file, m, err))
		return -1;
	if (!pl_h5_has(file, PL_H5_CONFIG_TEXT))
		return 0;
	m->mat_config_text = pl_h5_read_long_text(file, PL_H5_CONFIG_TEXT, CONFIG_TEXT_MAX, err);
	return m->mat_config_text ? 0 : -1;
}
