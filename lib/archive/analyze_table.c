/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `plantar analyze` of a table: the recording, the totals of its force, standing and sway if
 * somebody stands in it, steps if somebody walks or runs.
 */
#include <math.h>
#include <stdlib.h>

#include <plantar/analysis.h>
#include <plantar/hints.h>

#include "analyze.h"
#include "table_metrics.h"

/* As of a mat: the integral is a trapezoid and spans no missing value. */
static void total_json(const struct pl_table *t, struct pl_json *json)
{
	double peak = NAN, integral = 0, before = NAN;
	int64_t at = -1;

	for (size_t i = 0; i < t->rows; i++) {
		double f = pl_table_force(t, i);

		if (!isnan(f) && !(f <= peak)) {
			peak = f;
			at = (int64_t)i;
		}
		if (!isnan(f) && !isnan(before))
			integral += 0.5 * (f + before) / t->rate_hz;
		before = f;
	}
	pl_json_begin_object(json, "total");
	pl_json_double(json, "force_peak_n", peak);
	if (at >= 0)
		pl_json_int(json, "force_peak_frame", at);
	else
		pl_json_null(json, "force_peak_frame");
	pl_json_double(json, "force_time_integral_ns", at >= 0 ? integral : NAN);
	pl_json_end_object(json);
}

static void write_json(const struct pl_table_file *file, const struct pl_table_options *o,
		       const struct pl_standing *standing, const struct pl_gait *gait,
		       struct pl_json *json)
{
	const struct pl_table *t = &file->table;

	pl_json_begin_object(json, NULL);
	pl_table_json(file, json);
	pl_json_begin_object(json, "method");
	pl_standing_method_json(standing, json);
	if (pl_table_has_force(t)) {
		pl_json_double(json, "contact_on_n", o->gait.contact_on_n);
		pl_json_double(json, "contact_off_n", o->gait.contact_off_n);
	}
	pl_json_string(json, "version", pl_analysis_version());
	pl_json_end_object(json);
	if (pl_table_has_force(t))
		total_json(t, json);
	if (standing)
		pl_standing_json(standing, json);
	pl_gait_json(gait, &o->gait, json);
	pl_json_end_object(json);
}

void pl_table_options_init(struct pl_table_options *o)
{
	pl_standing_options_init(&o->standing);
	pl_gait_options_init(&o->gait);
}

void pl_table_options_of(const struct pl_table_file *file, struct pl_table_options *o)
{
	pl_table_options_init(o);
	if (!file->meta)
		return;
	o->standing.body_mass_kg = o->gait.body_mass_kg = file->meta->body_mass_kg;
	pl_analyze_said(&file->meta->annotations, &o->gait);
}

int pl_table_analyze(const struct pl_table_file *file, const struct pl_table_options *o,
		     struct pl_json *json, struct pl_error *err)
{
	return pl_table_analyze_steps(file, o, json, NULL, err);
}

int pl_table_analyze_steps(const struct pl_table_file *file, const struct pl_table_options *o,
			   struct pl_json *json, struct pl_gait *steps, struct pl_error *err)
{
	const struct pl_table *t = &file->table;
	struct pl_standing *standing = malloc(sizeof(*standing));
	struct pl_gait gait;
	int stood = -1, result = -1;

	pl_gait_init(&gait);
	if (!standing)
		pl_error_set(err, PL_ENOMEM, 0, "out of memory");
	else
		stood = pl_standing_table(t, &o->standing, standing, err);
	if (stood >= 0 && (!pl_table_has_force(t) || pl_gait_table(&gait, t, &o->gait, err) == 0)) {
		if (pl_table_has_force(t)) {
			pl_gait_reject(&gait, &o->gait.rejections);
			pl_gait_sum_up(&gait);
		}
		write_json(file, o, stood ? standing : NULL, &gait, json);
		result = 0;
	}
	if (steps && result == 0)
		*steps = gait;
	else
		pl_gait_free(&gait);
	free(standing);
	return result;
}
