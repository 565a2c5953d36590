/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Everything behind the daemon's process thread knows one mat: one grid, one pitch, one type of
 * cell, one calibration. So pads can be joined if and only if that is true of them together, and
 * whoever configured something else must hear it before a port is opened, not read it out of a
 * centre of pressure that jumps at a seam.
 */
#include "drivers/mat/mat_join.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct pl_geometry as_it_lies(const struct pl_mat_part *part)
{
	struct pl_geometry g = part->mat->geometry;

	if (part->place.rotate % 180 == 0)
		return g;
	return (struct pl_geometry){.rows = g.cols,
				    .cols = g.rows,
				    .pitch_row_m = g.pitch_col_m,
				    .pitch_col_m = g.pitch_row_m};
}

static uint32_t place_of(const struct pl_mat_part *part, unsigned r, unsigned c,
			 unsigned joint_cols)
{
	const struct pl_mat_place *p = &part->place;
	unsigned rows = part->mat->geometry.rows, cols = part->mat->geometry.cols, row, col;

	if (p->flip_x)
		c = cols - 1 - c;
	if (p->flip_y)
		r = rows - 1 - r;
	switch (p->rotate) {
	case 90:
		row = c;
		col = rows - 1 - r;
		break;
	case 180:
		row = rows - 1 - r;
		col = cols - 1 - c;
		break;
	case 270:
		row = cols - 1 - c;
		col = r;
		break;
	default:
		row = r;
		col = c;
	}
	return (p->row + row) * joint_cols + p->col + col;
}

void pl_mat_place_map(const struct pl_mat_part *part, unsigned joint_cols, uint32_t *map)
{
	const struct pl_geometry *g = &part->mat->geometry;

	for (unsigned r = 0; r < g->rows; r++)
		for (unsigned c = 0; c < g->cols; c++)
			*map++ = place_of(part, r, c, joint_cols);
}

/* ---- do they go together? ---- */

static bool same(double a, double b)
{
	return fabs(a - b) <= 1e-9 * fmax(fabs(a), fabs(b));
}

static int check_kind(const struct pl_mat_part *first, const struct pl_mat_part *part,
		      struct pl_error *err)
{
	struct pl_geometry a = as_it_lies(first), b = as_it_lies(part);

	if (part->mat->rate_hz <= 0)
		return pl_error_set(err, PL_ECONFIG, 0,
				    "the rate of mat %s is not known, and frames are joined by "
				    "time; give its file a rate_hz",
				    part->mat->name);
	if (!same(first->mat->rate_hz, part->mat->rate_hz))
		return pl_error_set(err, PL_ECONFIG, 0,
				    "sends %g frames a second, \"%s\" %g; only pads of one rate "
				    "can be one mat",
				    part->mat->rate_hz, first->name, first->mat->rate_hz);
	if (part->mat->dtype != first->mat->dtype)
		return pl_error_set(err, PL_ECONFIG, 0,
				    "its cells are %s, those of \"%s\" %s; only pads of one type "
				    "of cell can be one mat",
				    pl_dtype_name(part->mat->dtype), first->name,
				    pl_dtype_name(first->mat->dtype));
	if (!same(a.pitch_row_m, b.pitch_row_m) || !same(a.pitch_col_m, b.pitch_col_m))
		return pl_error_set(
			err, PL_ECONFIG, 0,
			"its pitch is %g x %g mm as it lies, that of \"%s\" %g x %g mm; "
			"only pads of one pitch can be one mat",
			b.pitch_row_m * 1e3, b.pitch_col_m * 1e3, first->name, a.pitch_row_m * 1e3,
			a.pitch_col_m * 1e3);
	return 0;
}

/* Each cell of the rectangle once. owner: rows * cols zeros. */
static int check_cover(const struct pl_mat_part *parts, unsigned n, const struct pl_geometry *g,
		       uint8_t *owner, unsigned *culprit, struct pl_error *err)
{
	for (unsigned i = 0; i < n; i++) {
		struct pl_geometry lies = as_it_lies(&parts[i]);

		*culprit = i;
		for (unsigned r = parts[i].place.row; r < parts[i].place.row + lies.rows; r++)
			for (unsigned c = parts[i].place.col; c < parts[i].place.col + lies.cols;
			     c++) {
				uint8_t *o = &owner[(size_t)r * g->cols + c];

				if (*o)
					return pl_error_set(err, PL_ECONFIG, 0,
							    "lies on \"%s\" at row %u, column %u; "
							    "change its row and col",
							    parts[*o - 1].name, r, c);
				*o = (uint8_t)(i + 1);
			}
	}
	*culprit = n;
	for (size_t i = 0; i < pl_geometry_cells(g); i++)
		if (!owner[i])
			return pl_error_set(err, PL_ECONFIG, 0,
					    "no source covers row %zu, column %zu of %u x %u; "
					    "together they must fill a rectangle that begins at "
					    "row 0, column 0",
					    i / g->cols, i % g->cols, g->rows, g->cols);
	return 0;
}

static int join_geometry(struct pl_mat *joint, const struct pl_mat_part *parts, unsigned n,
			 unsigned *culprit, struct pl_error *err)
{
	struct pl_geometry g = as_it_lies(&parts[0]);
	uint8_t *owner;
	int r;

	for (unsigned i = 0; i < n; i++) {
		struct pl_geometry lies = as_it_lies(&parts[i]);
		unsigned rows = parts[i].place.row + lies.rows;
		unsigned cols = parts[i].place.col + lies.cols;

		*culprit = i;
		if (check_kind(&parts[0], &parts[i], err))
			return -1;
		if (rows > PL_SIDE_MAX || cols > PL_SIDE_MAX)
			return pl_error_set(err, PL_ECONFIG, 0,
					    "reaches to row %u, column %u; a mat has at most %u of "
					    "each",
					    rows, cols, PL_SIDE_MAX);
		g.rows = rows > g.rows ? rows : g.rows;
		g.cols = cols > g.cols ? cols : g.cols;
	}
	joint->geometry = g;
	owner = calloc(pl_geometry_cells(&g), 1);
	if (!owner)
		return pl_error_set(err, PL_ENOMEM, 0, "out of memory");
	r = check_cover(parts, n, &g, owner, culprit, err);
	free(owner);
	return r;
}

/* ---- one calibration ---- */

static const char *difference(const struct pl_calibration *a, const struct pl_calibration *b)
{
	size_t curve = a->curve_points * sizeof(double);

	if (a->unit != b->unit)
		return "unit";
	if (a->curve_points != b->curve_points ||
	    memcmp(a->curve_counts, b->curve_counts, curve) != 0 ||
	    memcmp(a->curve_value, b->curve_value, curve) != 0)
		return "curve";
	if (a->noise_floor != b->noise_floor)
		return "noise_floor";
	if (a->contact != b->contact)
		return "contact";
	if (a->saturation_counts != b->saturation_counts)
		return "saturation_counts";
	if (a->dead_policy != b->dead_policy)
		return "policy";
	/* Without a curve a scale is a gain of all cells, and goes there. */
	if (a->curve_points && a->scale != b->scale)
		return "scale";
	return NULL;
}

static int check_calibrations(const struct pl_mat_part *parts, unsigned n, unsigned *culprit,
			      struct pl_error *err)
{
	for (unsigned i = 1; i < n; i++) {
		const char *what =
			difference(&parts[0].mat->calibration, &parts[i].mat->calibration);

		*culprit = i;
		if (what)
			return pl_error_set(
				err, PL_ECONFIG, 0,
				"its calibration (%s) has another %s than that of \"%s\" (%s); one "
				"mat has one: make them equal but for scale and the values of "
				"cells, or name one for the whole as calibration beside sources",
				parts[i].mat->calibration.id, what, parts[0].name,
				parts[0].mat->calibration.id);
	}
	return 0;
}

static uint32_t hash(uint32_t sum, const void *bytes, size_t n)
{
	const uint8_t *b = bytes;

	for (size_t i = 0; i < n; i++)
		sum = (sum ^ b[i]) * 16777619u;
	return sum;
}

/* Whose it is stays; parts of the same calibration keep its name, others get one of their own. */
static void join_id(struct pl_calibration *cal, const struct pl_mat_part *parts, unsigned n)
{
	uint32_t sum = 2166136261u;
	bool one = true;

	for (unsigned i = 0; i < n; i++) {
		one &= strcmp(parts[i].mat->calibration.id, cal->id) == 0;
		sum = hash(sum, parts[i].mat->calibration.id, strlen(parts[i].mat->calibration.id));
		sum = hash(sum, &parts[i].place.row, sizeof(unsigned));
		sum = hash(sum, &parts[i].place.col, sizeof(unsigned));
		sum = hash(sum, &parts[i].place.rotate, sizeof(unsigned));
	}
	if (cal->cell_offset || cal->cell_gain || cal->cell_state || !one)
		snprintf(cal->id, sizeof(cal->id), "joined-%08x", sum);
}

static void earlier(char *day, const char *other)
{
	if (*other && (!*day || strcmp(other, day) < 0))
		memcpy(day, other, sizeof((struct pl_calibration_origin *)0)->expires);
}

/* The whole is as old as its oldest part and holds as long as the first that ends. */
static void join_origin(struct pl_calibration *cal, const struct pl_mat_part *parts, unsigned n)
{
	bool one = true;

	for (unsigned i = 1; i < n; i++)
		one &= strcmp(parts[i].mat->calibration.id, parts[0].mat->calibration.id) == 0;
	if (one)
		return;
	cal->origin = (struct pl_calibration_origin){0};
	for (unsigned i = 0; i < n; i++) {
		earlier(cal->origin.calibrated, parts[i].mat->calibration.origin.calibrated);
		earlier(cal->origin.expires, parts[i].mat->calibration.origin.expires);
	}
	snprintf(cal->origin.method, sizeof(cal->origin.method), "joined of %u pads", n);
}

static double *fill(size_t cells, double value)
{
	double *d = malloc(cells * sizeof(*d));

	for (size_t i = 0; d && i < cells; i++)
		d[i] = value;
	return d;
}

static int join_cells(struct pl_calibration *cal, const struct pl_mat_part *parts, unsigned n,
		      const struct pl_geometry *g, struct pl_error *err)
{
	bool offset = false, gain = false, state = false;

	for (unsigned i = 0; i < n; i++) {
		const struct pl_calibration *own = &parts[i].mat->calibration;

		offset |= own->cell_offset != NULL;
		gain |= own->cell_gain != NULL || own->scale != cal->scale;
		state |= own->cell_state != NULL;
	}
	cal->cells = pl_geometry_cells(g);
	cal->cell_offset = offset ? fill(cal->cells, 0) : NULL;
	cal->cell_gain = gain ? fill(cal->cells, 1) : NULL;
	cal->cell_state = state ? calloc(cal->cells, 1) : NULL;
	if (offset > !!cal->cell_offset || gain > !!cal->cell_gain || state > !!cal->cell_state)
		return pl_error_set(err, PL_ENOMEM, 0, "out of memory");
	for (unsigned i = 0; i < n; i++) {
		const struct pl_calibration *own = &parts[i].mat->calibration;
		const struct pl_geometry *pad = &parts[i].mat->geometry;

		for (size_t k = 0; k < pl_geometry_cells(pad); k++) {
			size_t at = place_of(&parts[i], (unsigned)(k / pad->cols),
					     (unsigned)(k % pad->cols), g->cols);

			if (own->cell_offset)
				cal->cell_offset[at] = own->cell_offset[k];
			if (gain)
				cal->cell_gain[at] = (own->cell_gain ? own->cell_gain[k] : 1) *
						     (own->scale / cal->scale);
			if (own->cell_state)
				cal->cell_state[at] = own->cell_state[k];
		}
	}
	return 0;
}

static int join_calibration(struct pl_mat *joint, const struct pl_mat_part *parts, unsigned n,
			    unsigned *culprit, struct pl_error *err)
{
	struct pl_calibration *cal = &joint->calibration;

	if (check_calibrations(parts, n, culprit, err))
		return -1;
	*culprit = n;
	*cal = parts[0].mat->calibration;
	cal->cell_offset = cal->cell_gain = cal->tare = NULL;
	cal->cell_state = NULL;
	if (join_cells(cal, parts, n, &joint->geometry, err))
		return -1;
	join_origin(cal, parts, n);
	join_id(cal, parts, n);
	return pl_calibration_check(cal, &joint->geometry, err);
}

/* ---- text ---- */

static bool told_before(const struct pl_mat_part *parts, unsigned i, const char *text)
{
	for (unsigned k = 0; k < i; k++)
		if (parts[k].mat->config_text && strcmp(parts[k].mat->config_text, text) == 0)
			return true;
	return false;
}

/* Where each pad lies, then each mat file once: what a recording needs to be understood. */
static char *join_text(const struct pl_mat_part *parts, unsigned n)
{
	char *text = NULL;
	size_t size;
	FILE *f = open_memstream(&text, &size);

	if (!f)
		return NULL;
	fprintf(f, "# One mat joined of %u pads.\n", n);
	for (unsigned i = 0; i < n; i++)
		fprintf(f,
			"# pad \"%s\": mat %s, row = %u, col = %u, flip_x = %s, flip_y = %s, "
			"rotate = %u, calibration %s, source %s\n",
			parts[i].name, parts[i].mat->name, parts[i].place.row, parts[i].place.col,
			parts[i].place.flip_x ? "true" : "false",
			parts[i].place.flip_y ? "true" : "false", parts[i].place.rotate,
			parts[i].mat->calibration.id, parts[i].source);
	for (unsigned i = 0; i < n; i++)
		if (parts[i].mat->config_text && !told_before(parts, i, parts[i].mat->config_text))
			fprintf(f, "\n# ---- mat %s ----\n%s", parts[i].mat->name,
				parts[i].mat->config_text);
	if (fclose(f)) {
		free(text);
		return NULL;
	}
	return text;
}

/* The calibration files of the parts, where any has one. */
static int join_calibration_text(struct pl_mat *joint, const struct pl_mat_part *parts, unsigned n,
				 struct pl_error *err)
{
	bool any = false;
	size_t size;
	FILE *f;

	for (unsigned i = 0; i < n; i++)
		any |= parts[i].mat->calibration_text != NULL;
	if (!any)
		return 0;
	f = open_memstream(&joint->calibration_text, &size);
	if (!f)
		return pl_error_set(err, PL_ENOMEM, 0, "out of memory");
	for (unsigned i = 0; i < n; i++)
		fprintf(f, "# ---- pad \"%s\" ----\n%s\n", parts[i].name,
			parts[i].mat->calibration_text ? parts[i].mat->calibration_text
						       : "# as in its mat file");
	if (fclose(f))
		return pl_error_set(err, PL_ENOMEM, 0, "out of memory");
	return 0;
}

int pl_mat_join(struct pl_mat *joint, const struct pl_mat_part *parts, unsigned n,
		bool ignore_calibration, unsigned *culprit, struct pl_error *err)
{
	const struct pl_mat *first = parts[0].mat;

	memset(joint, 0, sizeof(*joint));
	*culprit = n;
	if (n < 2 || n > PL_PARTS_MAX)
		return pl_error_set(err, PL_ECONFIG, 0, "between 2 and %d sources make one mat",
				    PL_PARTS_MAX);
	snprintf(joint->name, sizeof(joint->name), "%s", first->name);
	snprintf(joint->title, sizeof(joint->title), "%.100s, %u pads joined", first->title, n);
	snprintf(joint->path, sizeof(joint->path), "%s", first->path);
	joint->dtype = first->dtype;
	joint->rate_hz = first->rate_hz;
	joint->row_scan_s = first->row_scan_s;
	joint->live = first->live;
	if (join_geometry(joint, parts, n, culprit, err))
		goto failed;
	if (ignore_calibration)
		pl_calibration_init(&joint->calibration, &joint->geometry);
	else if (join_calibration(joint, parts, n, culprit, err) ||
		 join_calibration_text(joint, parts, n, err))
		goto failed;
	joint->config_text = join_text(parts, n);
	if (joint->config_text)
		return 0;
	pl_error_set(err, PL_ENOMEM, 0, "out of memory");
failed:
	pl_mat_free(joint);
	return -1;
}
