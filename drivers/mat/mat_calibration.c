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

void pl_mat_read_calibration(struct pl_conf *c, const config_setting_t *group,
			     const struct pl_geometry *g, const char *folder,
			     struct pl_calibration *cal)
{
	static const char *const keys[] = {"unit",	  "scale",    "curve",
					   "noise_floor", "contact",  "saturation_counts",
					   "dead_cells",  "no_cells", "gain_file",
					   "offset_file", "policy",   "id",
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
	cal->cell_gain = read_table(c, group, "gain_file", g, folder);
	cal->cell_offset = read_table(c, group, "offset_file", g, folder);
	if (!c->failed)
		read_id(c, group, cal);
	if (!c->failed && pl_calibration_check(cal, g, &err))
		pl_conf_fail(c, group, "%s", err.message);
}
