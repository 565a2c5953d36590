/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Frames are published as raw counts, and after a tare, or with a curve, no single factor makes
 * kilopascals of them. A screen that colours cells by pressure needs the rest of the calibration:
 * it asks once, and again when the id in status has changed.
 */
#include <errno.h>
#include <stdlib.h>

#include "daemon/commands.h"

#define CELLS_MAX 32768u    /* of all mats asked for: the answer stays below 2 MB */
#define BYTES_PER_NUMBER 18 /* of a float as pl_json_float writes it, with its comma */
#define BYTES_BESIDE 8192   /* of a mat: names, curve */

static void numbers(struct pl_json *j, const char *key, const double *value, size_t n)
{
	if (!value) {
		pl_json_null(j, key);
		return;
	}
	pl_json_begin_array(j, key);
	for (size_t i = 0; i < n; i++)
		pl_json_float(j, NULL, (float)value[i]);
	pl_json_end_array(j);
}

static void curve(struct pl_json *j, const struct pl_calibration *cal)
{
	if (cal->curve_points == 0) {
		pl_json_null(j, "curve");
		return;
	}
	pl_json_begin_array(j, "curve");
	for (unsigned i = 0; i < cal->curve_points; i++) {
		pl_json_begin_array(j, NULL);
		pl_json_double(j, NULL, cal->curve_counts[i]);
		pl_json_double(j, NULL, cal->curve_value[i]);
		pl_json_end_array(j);
	}
	pl_json_end_array(j);
}

static void states(struct pl_json *j, const struct pl_calibration *cal)
{
	if (!cal->cell_state) {
		pl_json_null(j, "cell_state");
		return;
	}
	pl_json_begin_array(j, "cell_state");
	for (size_t i = 0; i < cal->cells; i++)
		pl_json_uint(j, NULL, cal->cell_state[i]);
	pl_json_end_array(j);
}

static int write_mat(struct pl_daemon *d, unsigned i, struct pl_json *j, struct pl_error *err)
{
	struct pl_calibration cal;

	if (pl_engine_calibration(d->mats[i].engine, &cal, err))
		return -1;
	pl_json_begin_object(j, NULL);
	pl_json_string(j, "mat", d->config->mats[i].name);
	pl_json_string(j, "calibration", cal.id);
	pl_json_string(j, "unit", pl_unit_name(cal.unit));
	pl_json_double(j, "scale", cal.scale);
	pl_json_double(j, "noise_floor", cal.noise_floor);
	curve(j, &cal);
	numbers(j, "cell_offset", cal.cell_offset, cal.cells);
	numbers(j, "cell_gain", cal.cell_gain, cal.cells);
	numbers(j, "tare", cal.tare, cal.cells);
	states(j, &cal);
	pl_json_string(j, "dead_cells",
		       cal.dead_policy == PL_DEAD_INTERPOLATE ? "interpolate" : "exclude");
	pl_json_end_object(j);
	pl_calibration_free(&cal);
	return 0;
}

static int write_mats(struct pl_daemon *d, uint32_t mats, struct pl_json *j, struct pl_error *err)
{
	pl_json_begin_object(j, NULL);
	pl_json_bool(j, "ok", true);
	pl_json_begin_array(j, "mats");
	for (unsigned i = 0; i < d->config->n_mats; i++)
		if (mats & 1u << i && write_mat(d, i, j, err))
			return -1;
	pl_json_end_array(j);
	pl_json_end_object(j);
	return 0;
}

/* How long the answer can be; 0 with err when that is too long. */
static size_t room(const struct pl_daemon *d, uint32_t mats, struct pl_error *err)
{
	size_t cells = 0, n = 0;

	for (unsigned i = 0; i < d->config->n_mats; i++)
		if (mats & 1u << i) {
			cells += pl_geometry_cells(&d->config->mats[i].mat.geometry);
			n++;
		}
	if (cells <= CELLS_MAX)
		return n * BYTES_BESIDE + 4 * cells * BYTES_PER_NUMBER;
	pl_error_set(err, PL_EUNSUPPORTED, 0,
		     "calibrations of %zu cells are too long for one answer; ask for one mat of at "
		     "most %u cells",
		     cells, CELLS_MAX);
	return 0;
}

int pl_command_calibration(struct pl_daemon *d, uint64_t token, const struct pl_request *r,
			   struct pl_error *err)
{
	uint32_t mats = pl_command_mats(d, r, err);
	size_t cap = mats ? room(d, mats, err) : 0, n;
	struct pl_json j;
	char *text;
	int failed;

	if (!cap)
		return -1;
	text = malloc(cap);
	if (!text)
		return pl_error_set(err, PL_ENOMEM, errno, "out of memory for the calibration");
	pl_json_init(&j, text, cap);
	failed = write_mats(d, mats, &j, err);
	n = failed ? 0 : pl_json_finish(&j);
	if (!failed && n == 0)
		failed = pl_error_set(err, PL_ENOMEM, 0, "the calibration is longer than %zu bytes",
				      cap);
	if (!failed)
		pl_control_reply(d->control, token, text, n);
	free(text);
	return failed;
}
