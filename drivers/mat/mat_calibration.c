/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What turns counts into pressure, as a group of the mat file or as a file of its own. Two
 * calibrations that differ in any number must not share a name: without an id, the name is a hash
 * of all of them.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "drivers/mat/mat_parts.h"

#define CSV_MAX (16u << 20)

static double *new_table(struct pl_conf *c, size_t n)
{
	double *table = calloc(n, sizeof(*table));

	if (!table)
		pl_conf_fail(c, NULL, "out of memory");
	return table;
}

static void csv_fail(struct pl_conf *c, const config_setting_t *s, const char *path, unsigned line,
		     const char *what, size_t want)
{
	pl_conf_fail(c, s, "%s:%u: %s; valid: %zu", path, line, what, want);
}

/* One line of numbers, separated by commas, semicolons or blanks. Returns how many there are; at
 * most cap are stored; SIZE_MAX if something is no number. */
static size_t csv_line(const char *s, const char *end, double *out, size_t cap)
{
	size_t n = 0;
	char *after;

	for (;;) {
		s += strspn(s, " \t\r,;");
		if (s >= end || *s == '\n' || *s == '#')
			return n;
		double value = strtod(s, &after);

		if (after == s || !isfinite(value) || !strchr(" \t\r\n,;#", *after))
			return SIZE_MAX;
		if (n < cap)
			out[n] = value;
		n++;
		s = after;
	}
}

/* A table of rows lines with cols numbers each; empty lines and # comments do not count. */
static void csv_parse(struct pl_conf *c, const config_setting_t *s, const char *path,
		      const char *text, const struct pl_geometry *g, double *table)
{
	unsigned line = 0, row = 0;

	for (const char *at = text; at && *at; at = strchr(at, '\n'), at += at != NULL) {
		double *to = row < g->rows ? table + (size_t)row * g->cols : NULL;
		size_t n = csv_line(at, at + strcspn(at, "\n"), to, to ? g->cols : 0);

		line++;
		if (n == 0)
			continue;
		if (n != g->cols) {
			csv_fail(c, s, path, line,
				 n == SIZE_MAX ? "not numbers" : "wrong number of columns",
				 g->cols);
			return;
		}
		row++;
	}
	if (row != g->rows)
		csv_fail(c, s, path, line, "wrong number of rows", g->rows);
}

static double *read_table(struct pl_conf *c, const config_setting_t *group, const char *name,
			  const struct pl_geometry *g, const char *folder)
{
	const char *file = pl_conf_string(c, group, name, NULL);
	struct pl_error err;
	char path[1024];
	double *table;
	char *text;

	if (!file || c->failed)
		return NULL;
	if (!folder) {
		pl_conf_fail_at(c, group, name, "only a mat read from a file can name other files");
		return NULL;
	}
	snprintf(path, sizeof(path), "%s%s%s", *file == '/' ? "" : folder, *file == '/' ? "" : "/",
		 file);
	text = pl_conf_read_file(path, CSV_MAX, &err);
	if (!text) {
		pl_conf_fail_at(c, group, name, "%s", err.message);
		return NULL;
	}
	table = new_table(c, pl_geometry_cells(g));
	if (table)
		csv_parse(c, config_setting_get_member(group, name), path, text, g, table);
	free(text);
	return table;
}

/* The same numbers in the file itself, row after row. */
static double *read_numbers_of_cells(struct pl_conf *c, const config_setting_t *group,
				     const char *name, const struct pl_geometry *g)
{
	size_t n = pl_geometry_cells(g);
	double *table;

	if (!group || !config_setting_get_member(group, name) || c->failed)
		return NULL;
	table = new_table(c, n);
	if (table)
		pl_conf_numbers(c, group, name, table, n, n);
	return table;
}

static double *read_cell_values(struct pl_conf *c, const config_setting_t *group, const char *name,
				const char *file, const struct pl_geometry *g, const char *folder)
{
	const config_setting_t *inside = config_setting_get_member(group, name);

	if (inside && config_setting_get_member(group, file))
		pl_conf_fail(c, inside, "cannot be combined with %s; valid: one of the two", file);
	return inside ? read_numbers_of_cells(c, group, name, g)
		      : read_table(c, group, file, g, folder);
}

/* Two numbers of a list or array: (a, b). */
static bool read_pair(struct pl_conf *c, const config_setting_t *s, const char *what, double *a,
		      double *b)
{
	double v[2];

	for (unsigned i = 0; i < 2; i++) {
		const config_setting_t *e =
			config_setting_is_aggregate(s) && config_setting_length(s) == 2
				? config_setting_get_elem(s, i)
				: NULL;

		if (e && config_setting_type(e) == CONFIG_TYPE_INT) {
			v[i] = config_setting_get_int(e);
		} else if (e && config_setting_type(e) == CONFIG_TYPE_FLOAT &&
			   isfinite(config_setting_get_float(e))) {
			v[i] = config_setting_get_float(e);
		} else {
			pl_conf_fail(c, s, "is not a pair; valid: (%s)", what);
			return false;
		}
	}
	*a = v[0];
	*b = v[1];
	return true;
}

static const config_setting_t *read_list(struct pl_conf *c, const config_setting_t *group,
					 const char *name, const char *what)
{
	const config_setting_t *s = config_setting_get_member(group, name);

	if (s && !config_setting_is_list(s)) {
		pl_conf_fail(c, s, "is not a list; valid: ((%s), ...)", what);
		return NULL;
	}
	return s;
}

static void read_curve(struct pl_conf *c, const config_setting_t *group, struct pl_calibration *cal)
{
	static const char what[] = "counts, value";
	const config_setting_t *s = read_list(c, group, "curve", what);
	int n = s ? config_setting_length(s) : 0;

	if (!s)
		return;
	if (config_setting_get_member(group, "scale"))
		pl_conf_fail(c, s, "cannot be combined with scale; valid: one of the two");
	if (n < 2 || n > PL_CURVE_MAX) {
		pl_conf_fail(c, s, "has %d points; valid: 2..%d", n, PL_CURVE_MAX);
		return;
	}
	for (int i = 0; i < n && !c->failed; i++) {
		const config_setting_t *e = config_setting_get_elem(s, (unsigned)i);
		double *counts = &cal->curve_counts[i], *value = &cal->curve_value[i];

		if (!read_pair(c, e, what, counts, value))
			return;
		if (i && (counts[0] <= counts[-1] || value[0] < value[-1]))
			pl_conf_fail(c, e,
				     "does not ascend; valid: more counts and no less value "
				     "than the point before");
	}
	cal->curve_points = (unsigned)n;
}

static void read_cells(struct pl_conf *c, const config_setting_t *group, const char *name,
		       enum pl_cell state, const struct pl_geometry *g, struct pl_calibration *cal)
{
	static const char what[] = "row, column";
	const config_setting_t *s = read_list(c, group, name, what);
	int n = s ? config_setting_length(s) : 0;
	double row, col;

	if (n && !cal->cell_state)
		cal->cell_state = calloc(pl_geometry_cells(g), 1);
	if (n && !cal->cell_state)
		pl_conf_fail(c, s, "out of memory");
	for (int i = 0; i < n && !c->failed; i++) {
		const config_setting_t *e = config_setting_get_elem(s, (unsigned)i);

		if (!read_pair(c, e, what, &row, &col))
			return;
		if (row != floor(row) || col != floor(col) || row < 0 || row >= g->rows ||
		    col < 0 || col >= g->cols) {
			pl_conf_fail(c, e, "is no cell of this mat; valid: (0..%u, 0..%u)",
				     g->rows - 1, g->cols - 1);
			return;
		}
		cal->cell_state[(size_t)row * g->cols + (size_t)col] = (uint8_t)state;
	}
}

static uint64_t fnv1a(uint64_t hash, const void *bytes, size_t n)
{
	const uint8_t *at = bytes;

	while (n--)
		hash = (hash ^ *at++) * 0x100000001B3u;
	return hash;
}

static uint64_t hash_doubles(uint64_t hash, const double *v, size_t n)
{
	hash = fnv1a(hash, &n, sizeof(n));
	return n ? fnv1a(hash, v, n * sizeof(*v)) : hash;
}

static void hash_id(struct pl_calibration *cal)
{
	double plain[] = {
		cal->unit,	 cal->scale, cal->noise_floor, cal->contact, cal->saturation_counts,
		cal->dead_policy};
	uint64_t hash = hash_doubles(0xCBF29CE484222325u, plain, sizeof(plain) / sizeof(*plain));

	hash = hash_doubles(hash, cal->curve_counts, cal->curve_points);
	hash = hash_doubles(hash, cal->curve_value, cal->curve_points);
	hash = hash_doubles(hash, cal->cell_offset, cal->cell_offset ? cal->cells : 0);
	hash = hash_doubles(hash, cal->cell_gain, cal->cell_gain ? cal->cells : 0);
	if (cal->cell_state)
		hash = fnv1a(hash, cal->cell_state, cal->cells);
	snprintf(cal->id, sizeof(cal->id), "%012llx", (unsigned long long)(hash & 0xFFFFFFFFFFFFu));
}

static void read_id(struct pl_conf *c, const config_setting_t *group, struct pl_calibration *cal)
{
	const char *id = pl_conf_string(c, group, "id", NULL);

	if (!id) {
		hash_id(cal);
		return;
	}
	if (!*id || strlen(id) >= sizeof(cal->id) ||
	    strspn(id, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-+") !=
		    strlen(id))
		pl_conf_fail_at(c, group, "id", "valid: 1 to 64 letters, digits or . _ - +");
	else
		snprintf(cal->id, sizeof(cal->id), "%s", id);
}

static void read_numbers(struct pl_conf *c, const config_setting_t *group,
			 struct pl_calibration *cal)
{
	static const char *const units[] = {"counts", "kPa", "N", NULL};
	static const char *const policies[] = {"exclude", "interpolate", NULL};

	if (config_setting_get_member(group, "scale") || config_setting_get_member(group, "curve"))
		pl_conf_require(c, group, "unit");
	cal->unit = (enum pl_unit)pl_conf_choice(c, group, "unit", units, PL_UNIT_COUNTS);
	cal->scale = pl_conf_number(c, group, "scale", 1, 1e-12, 1e12);
	cal->noise_floor = pl_conf_number(c, group, "noise_floor", 0, 0, 1e12);
	cal->contact = pl_conf_number(c, group, "contact", 0, 0, 1e12);
	cal->saturation_counts = pl_conf_number(c, group, "saturation_counts", 0, 0, 1e12);
	cal->dead_policy =
		(enum pl_dead_policy)pl_conf_choice(c, group, "policy", policies, PL_DEAD_EXCLUDE);
}

static void read_date(struct pl_conf *c, const config_setting_t *group, const char *name,
		      char to[11])
{
	const char *date = pl_conf_string(c, group, name, "");

	if (*date && pl_calibration_day(date) < 0)
		pl_conf_fail_at(c, group, name, "no day; valid: \"2026-11-25\"");
	else
		snprintf(to, 11, "%s", date);
}

static void read_words(struct pl_conf *c, const config_setting_t *group, const char *name, char *to,
		       size_t cap)
{
	const char *words = pl_conf_string(c, group, name, "");

	if (strlen(words) >= cap)
		pl_conf_fail_at(c, group, name, "valid: at most %zu characters", cap - 1);
	for (const char *s = words; *s; s++)
		if ((unsigned char)*s < ' ' && !c->failed)
			pl_conf_fail_at(c, group, name, "valid: one line of text");
	if (!c->failed)
		snprintf(to, cap, "%s", words);
}

/* What it was made from: ((row, column, N, N measured), ...), for people. */
static unsigned read_loads(struct pl_conf *c, const config_setting_t *group)
{
	static const char what[] = "row, column, N, N measured";
	const config_setting_t *s = read_list(c, group, "loads", what);
	int n = s ? config_setting_length(s) : 0;

	for (int i = 0; i < n && !c->failed; i++) {
		const config_setting_t *load = config_setting_get_elem(s, (unsigned)i);
		bool ok = config_setting_is_aggregate(load) && config_setting_length(load) == 4;

		for (unsigned k = 0; ok && k < 4; k++) {
			int type = config_setting_type(config_setting_get_elem(load, k));

			ok = type == CONFIG_TYPE_INT || type == CONFIG_TYPE_FLOAT;
		}
		if (!ok)
			pl_conf_fail(c, load, "is no load; valid: (%s)", what);
	}
	return (unsigned)n;
}

/* Who made it, when, with what, and how well it fitted: kept, never used in a formula. */
static void read_origin(struct pl_conf *c, const config_setting_t *group,
			struct pl_calibration_origin *o)
{
	read_date(c, group, "calibrated", o->calibrated);
	read_date(c, group, "expires", o->expires);
	read_words(c, group, "by", o->by, sizeof(o->by));
	read_words(c, group, "method", o->method, sizeof(o->method));
	o->loads = read_loads(c, group);
	o->reference_n = pl_conf_number(c, group, "reference_n", 0, 0, 1e6);
	o->residual_rms_pct = pl_conf_number(c, group, "residual_rms_pct", 0, 0, 1e6);
	o->residual_max_pct = pl_conf_number(c, group, "residual_max_pct", 0, 0, 1e6);
	o->repeat_pct = pl_conf_number(c, group, "repeat_pct", 0, 0, 1e6);
	o->body_mass_kg = pl_conf_number(c, group, "body_mass_kg", 0, 0, 1000);
	o->body_error_pct = pl_conf_number(c, group, "body_error_pct", 0, -1e6, 1e6);
	if (*o->expires && *o->calibrated &&
	    pl_calibration_day(o->expires) < pl_calibration_day(o->calibrated))
		pl_conf_fail_at(c, group, "expires", "before calibrated; valid: a later day");
}

void pl_mat_read_calibration(struct pl_conf *c, const config_setting_t *group,
			     const struct pl_geometry *g, const char *folder,
			     struct pl_calibration *cal)
{
	static const char *const keys[] = {"unit",
					   "scale",
					   "curve",
					   "noise_floor",
					   "contact",
					   "saturation_counts",
					   "dead_cells",
					   "no_cells",
					   "gain_file",
					   "offset_file",
					   "gain",
					   "offset",
					   "policy",
					   "id",
					   "calibrated",
					   "expires",
					   "by",
					   "method",
					   "loads",
					   "reference_n",
					   "residual_rms_pct",
					   "residual_max_pct",
					   "repeat_pct",
					   "body_mass_kg",
					   "body_error_pct",
					   NULL};
	struct pl_error err;

	if (!group || config_setting_length(group) == 0)
		return; /* counts, id "none" */
	pl_conf_only(c, group, keys);
	cal->cells = pl_geometry_cells(g);
	read_numbers(c, group, cal);
	read_curve(c, group, cal);
	read_cells(c, group, "dead_cells", PL_CELL_DEAD, g, cal);
	read_cells(c, group, "no_cells", PL_CELL_NONE, g, cal);
	cal->cell_gain = read_cell_values(c, group, "gain", "gain_file", g, folder);
	cal->cell_offset = read_cell_values(c, group, "offset", "offset_file", g, folder);
	read_origin(c, group, &cal->origin);
	if (!c->failed)
		read_id(c, group, cal);
	if (!c->failed && pl_calibration_check(cal, g, &err))
		pl_conf_fail(c, group, "%s", err.message);
}
