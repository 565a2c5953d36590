/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Pictures as JSON, for whoever draws them elsewhere. Values are those of the struct as floats:
 * seven digits are more than a screen shows and half of the bytes. A break in a path is a null in
 * each of its lists.
 */
#include <math.h>

#include <plantar/pictures.h>

static void floats(struct pl_json *json, const char *key, const float *value, size_t n,
		   double divisor)
{
	pl_json_begin_array(json, key);
	for (size_t i = 0; i < n; i++)
		pl_json_float(json, NULL, (float)(value[i] / divisor));
	pl_json_end_array(json);
}

static void list(struct pl_json *json, const char *key, const double *value,
		 const struct pl_picture_path *path)
{
	pl_json_begin_array(json, key);
	for (size_t i = 0; i < path->n; i++) {
		if (i && path->run[i] != path->run[i - 1])
			pl_json_null(json, NULL);
		pl_json_float(json, NULL, (float)value[i]);
	}
	pl_json_end_array(json);
}

static void path(struct pl_json *json, const char *key, const char *x, const char *y,
		 const struct pl_picture_path *p)
{
	pl_json_begin_object(json, key);
	pl_json_uint(json, "every", p->every);
	list(json, "t_s", p->t_s, p);
	list(json, x, p->x_mm, p);
	list(json, y, p->y_mm, p);
	pl_json_end_object(json);
}

static void point(struct pl_json *json, const char *key, double x_mm, double y_mm)
{
	pl_json_begin_array(json, key);
	pl_json_double(json, NULL, x_mm);
	pl_json_double(json, NULL, y_mm);
	pl_json_end_array(json);
}

static void foot_json(struct pl_json *json, const struct pl_picture_foot *f)
{
	pl_json_begin_object(json, NULL);
	pl_json_string(json, "side", pl_side_name(f->side));
	pl_json_bool(json, "partial", f->partial);
	pl_json_bool(json, "touched", f->touched);
	pl_json_begin_array(json, "rows"); /* first, and the one after the last */
	pl_json_uint(json, NULL, f->row0);
	pl_json_uint(json, NULL, f->row1);
	pl_json_end_array(json);
	pl_json_begin_array(json, "cols");
	pl_json_uint(json, NULL, f->col0);
	pl_json_uint(json, NULL, f->col1);
	pl_json_end_array(json);
	if (isnan(f->heel_x_mm)) {
		pl_json_null(json, "axis");
	} else {
		pl_json_begin_object(json, "axis");
		point(json, "heel", f->heel_x_mm, f->heel_y_mm);
		point(json, "toe", f->toe_x_mm, f->toe_y_mm);
		pl_json_end_object(json);
	}
	pl_json_double(json, "half_heel_line_mm", f->half_heel_line_mm);
	pl_json_double(json, "heel_line_mm", f->heel_line_mm);
	pl_json_double(json, "forefoot_line_mm", f->forefoot_line_mm);
	pl_json_bool(json, "quadrants", f->quadrants);
	floats(json, "peak", f->peak, (size_t)(f->row1 - f->row0) * (f->col1 - f->col0), 1);
	floats(json, "impulse", f->impulse, (size_t)(f->row1 - f->row0) * (f->col1 - f->col0), 1);
	pl_json_end_object(json);
}

static void step_json(struct pl_json *json, const struct pl_pictures *p,
		      const struct pl_picture_step *s)
{
	pl_json_begin_object(json, NULL);
	pl_json_uint(json, "n", s->step);
	pl_json_int(json, "foot", s->foot);
	pl_json_string(json, "side", pl_side_name(s->side));
	pl_json_bool(json, "accepted", s->rejected == 0);
	pl_json_uint(json, "every", s->every);
	floats(json, "t_s", s->t_s, s->n, 1);
	floats(json, p->calibrated ? "force_n" : "force_counts", s->force, s->n, 1);
	floats(json, p->calibrated ? "heel_n" : "heel_counts", s->heel, s->n, 1);
	if (p->weight_n > 0)
		floats(json, "force_bw", s->force, s->n, p->weight_n);
	floats(json, "x_mm", s->x_mm, s->n, 1);
	floats(json, "y_mm", s->y_mm, s->n, 1);
	pl_json_end_object(json);
}

static void maps(struct pl_json *json, const struct pl_pictures *p)
{
	size_t n = (size_t)p->rows * p->cols;

	floats(json, "peak", p->peak, n, 1);
	floats(json, "impulse", p->impulse, n, 1);
	pl_json_begin_array(json, "regions");
	for (size_t i = 0; i < n; i++)
		pl_json_uint(json, NULL, p->region[i]);
	pl_json_end_array(json);
	pl_json_begin_array(json, "foot");
	for (size_t i = 0; i < n; i++)
		pl_json_uint(json, NULL, p->foot[i]);
	pl_json_end_array(json);
}

void pl_pictures_json(const struct pl_pictures *p, struct pl_json *json)
{
	static const char *const region[] = {"none", "heel", "midfoot", "forefoot", "other"};

	pl_json_begin_object(json, "pictures");
	pl_json_uint(json, "rows", p->rows);
	pl_json_uint(json, "cols", p->cols);
	pl_json_double(json, "pitch_row_mm", p->pitch_row_mm);
	pl_json_double(json, "pitch_col_mm", p->pitch_col_mm);
	pl_json_string(json, "unit", p->calibrated ? "kPa" : "counts");
	pl_json_bool(json, "laid_out", p->laid_out);
	pl_json_begin_array(json, "region_names"); /* what the numbers in regions mean */
	for (size_t i = 0; i < sizeof(region) / sizeof(region[0]); i++)
		pl_json_string(json, NULL, region[i]);
	pl_json_end_array(json);
	maps(json, p);
	path(json, "cop", "x_mm", "y_mm", &p->cop);
	path(json, "sway", "ml_mm", "ap_mm", &p->sway);
	pl_json_begin_array(json, "feet");
	for (size_t i = 0; i < p->n_feet; i++)
		foot_json(json, &p->feet[i]);
	pl_json_end_array(json);
	pl_json_begin_array(json, "steps");
	for (size_t i = 0; i < p->n_steps; i++)
		step_json(json, p, &p->steps[i]);
	pl_json_end_array(json);
	if (p->not_kept)
		pl_json_uint(json, "steps_not_kept", p->not_kept);
	pl_json_end_object(json);
}
