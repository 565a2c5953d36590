/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From the bytes of a `view` message to numbers on a screen. The message names its own type and
 * shape; both are checked against the blob before a cell is read.
 */
#include "tools/view.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <plantar/calibration.h>
#include <plantar/frame.h>

#include "tools/figures.h"

void pl_view_free(struct pl_view *view)
{
	json_decref(view->header);
	free(view->value);
	*view = (struct pl_view){.header = NULL};
}

static int check_shape(const json_t *header, size_t blob_bytes, unsigned *rows, unsigned *cols,
		       enum pl_dtype *dtype, struct pl_error *err)
{
	const json_t *shape = json_object_get(header, "shape");
	int type = pl_dtype_parse(pl_figure_text(header, "dtype", ""));
	json_int_t r = json_integer_value(json_array_get(shape, 0));
	json_int_t c = json_integer_value(json_array_get(shape, 1));

	if (type < 0 || r < 1 || c < 1 || r > PL_SIDE_MAX || c > PL_SIDE_MAX ||
	    (size_t)(r * c) * pl_dtype_size((enum pl_dtype)type) != blob_bytes)
		return pl_error_set(
			err, PL_EFORMAT, 0,
			"a frame whose type and shape do not fit its %zu bytes; is this a "
			"plantard of another version?",
			blob_bytes);
	*rows = (unsigned)r;
	*cols = (unsigned)c;
	*dtype = (enum pl_dtype)type;
	return 0;
}

int pl_view_parse(struct pl_view *view, const char *header, size_t n, const void *blob,
		  size_t blob_bytes, struct pl_error *err)
{
	struct pl_calibration plain;
	struct pl_geometry geometry = {.pitch_row_m = 1, .pitch_col_m = 1};
	json_error_t wrong;
	json_t *document = json_loadb(header, n, 0, &wrong);
	enum pl_dtype dtype = PL_U8;
	const json_t *scale;
	double *value;

	if (!json_is_object(document)) {
		json_decref(document);
		return pl_error_set(err, PL_EFORMAT, 0, "a header that is not a JSON object");
	}
	if (check_shape(document, blob_bytes, &geometry.rows, &geometry.cols, &dtype, err) < 0) {
		json_decref(document);
		return -1;
	}
	value = malloc(pl_geometry_cells(&geometry) * sizeof(*value));
	if (!value) {
		json_decref(document);
		return pl_error_set(err, PL_ENOMEM, 0, "out of memory");
	}
	pl_view_free(view);
	pl_calibration_init(&plain, &geometry);
	pl_calibrate(&plain, &geometry, blob, dtype, value);
	pl_calibration_free(&plain);
	scale = json_object_get(document, "scale");
	view->unit = json_is_number(scale) ? pl_figure_text(document, "unit", "counts") : "counts";
	for (size_t i = 0; json_is_number(scale) && i < pl_geometry_cells(&geometry); i++)
		value[i] *= json_number_value(scale);
	view->header = document;
	view->rows = geometry.rows;
	view->cols = geometry.cols;
	view->value = value;
	return 0;
}

double pl_view_metric(const struct pl_view *view, const char *base, const char **unit)
{
	const json_t *value = pl_figure_find(json_object_get(view->header, "metrics"), base, unit);

	return json_is_number(value) ? json_number_value(value) : NAN;
}

uint64_t pl_view_lost(const struct pl_view *view)
{
	json_t *lost = json_object_get(view->header, "lost"), *n;
	const char *cause;
	uint64_t sum = 0;

	json_object_foreach(lost, cause, n) sum += (uint64_t)json_integer_value(n);
	return sum;
}
