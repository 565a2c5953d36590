/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `plantar analyze`: a recording twice through calibration and analysis. The same function makes
 * the /summary of a finished file, so that what the file says of itself is what the tool would say.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <plantar/analysis.h>

#include "analyze.h"
#include "analyze_sensors.h"
#include "backend.h"

#define PROGRESS_FRAMES 256

struct progress {
	bool (*call)(void *user, uint64_t done, uint64_t total);
	void *user;
	uint64_t done, total;
};

static bool give_up(struct progress *p)
{
	return p->call && p->done++ % PROGRESS_FRAMES == 0 &&
	       p->call(p->user, p->done - 1, p->total);
}

/* Are frames missing between these two? */
static bool is_gap(const struct pl_frame *before, const struct pl_frame *now)
{
	return (now->flags & (PL_FLAG_LOST | PL_FLAG_EPOCH)) || now->epoch != before->epoch ||
	       now->seq != before->seq + 1;
}

/* whole: room for the values without the noise floor, for the second pass; NULL: no need. */
static int pass(struct pl_recording *r, struct pl_analysis *a, double *values, double *whole,
		struct progress *p, struct pl_error *err)
{
	const struct pl_recording_info *info = pl_recording_info(r);
	const struct pl_calibration *cal = pl_recording_calibration(r);
	struct pl_frame frame, before = {0};
	bool first = true;
	int got;

	if (pl_recording_rewind(r, err))
		return -1;
	while ((got = pl_recording_next(r, &frame, err)) > 0) {
		if (give_up(p))
			return pl_error_set(err, PL_ESTATE, 0, "given up before the end");
		pl_calibrate(cal, &info->geometry, frame.cells, frame.dtype, values);
		if (whole) {
			pl_calibrate_whole(cal, &info->geometry, frame.cells, frame.dtype, whole);
			pl_analysis_whole(a, whole);
		}
		if (pl_analysis_push(a, values, pl_recording_time_ns(r, &frame),
				     !first && is_gap(&before, &frame), err))
			return -1;
		before = frame;
		first = false;
	}
	return got;
}

static int both_passes(struct pl_recording *r, struct pl_analysis *a, struct progress *p,
		       struct pl_error *err)
{
	const struct pl_recording_info *info = pl_recording_info(r);
	size_t n = pl_geometry_cells(&info->geometry);
	double *values = calloc(2 * n, sizeof(*values));
	bool floored = pl_recording_calibration(r)->noise_floor > 0;
	int result = -1;

	if (!values)
		return pl_error_set(err, PL_ENOMEM, 0, "out of memory");
	if (pass(r, a, values, NULL, p, err) == 0 && pl_analysis_second_pass(a, err) == 0 &&
	    pass(r, a, values, floored ? values + n : NULL, p, err) == 0)
		result = pl_analysis_finish(a, err);
	free(values);
	return result;
}

/* "1=left,3=right": checked when it was taken and when it was read. */
static void correct_feet(const char *feet, struct pl_analysis_options *o)
{
	while (*feet) {
		unsigned long foot = strtoul(feet, NULL, 10);
		const char *side = feet + strcspn(feet, "=") + 1;
		size_t n = strcspn(side, ",");
		char name[16];

		snprintf(name, sizeof(name), "%.*s", (int)n, side);
		if (foot >= 1 && foot <= PL_FOOT_SIDES) {
			o->foot_sided |= UINT64_C(1) << (foot - 1);
			o->foot_side[foot - 1] = (enum pl_side)pl_side_parse(name);
		}
		feet = side + n + (side[n] == ',');
	}
}

static void take_speed(const struct pl_annotations *a, struct pl_gait_options *o)
{
	static const char *const sources[] = {"gates", "belt", "entered", "none"};
	char value[PL_ANNOTATION_VALUE_MAX];

	o->speed_m_s = pl_annotations_number(a, "speed_m_s");
	if (isnan(o->speed_m_s))
		return;
	o->speed_source = "entered";
	pl_annotations_get(a, "speed_source", value);
	for (size_t i = 0; i < sizeof(sources) / sizeof(sources[0]); i++)
		if (strcmp(value, sources[i]) == 0)
			o->speed_source = sources[i];
}

void pl_analyze_said(const struct pl_annotations *a, struct pl_gait_options *o)
{
	char value[PL_ANNOTATION_VALUE_MAX];

	take_speed(a, o);
	pl_annotations_get(a, "steps_rejected", value);
	if (pl_rejections_parse(&o->rejections, value, NULL)) /* checked when it was read */
		o->rejections.n = 0;
}

/* What people said, then or since, stands above what the mat's configuration said. */
static void correct(const struct pl_annotations *a, struct pl_analysis_options *o)
{
	char value[PL_ANNOTATION_VALUE_MAX];

	if (pl_annotations_get(a, "facing", value))
		o->facing = (enum pl_facing)pl_facing_parse(value);
	if (pl_annotations_get(a, "side", value))
		o->side = (enum pl_side)pl_side_parse(value);
	if (pl_annotations_get(a, "feet_side", value))
		correct_feet(value, o);
	if (pl_annotations_get(a, "surface", value))
		o->barefoot = o->barefoot && strcmp(value, "barefoot") == 0;
	pl_analyze_said(a, &o->gait);
}

/* A pair of insoles lies on one mat with columns in between in which there are no cells. */
static unsigned insole_cols(const struct pl_recording *r)
{
	const uint8_t *state = pl_recording_calibration(r)->cell_state;
	unsigned cols = pl_recording_info(r)->geometry.cols, c = 0;

	if (pl_recording_origin(r) != PL_FORMAT_XSENSOR_CSV || !state)
		return 0;
	while (c < cols && state[c] != PL_CELL_NONE)
		c++;
	return c < cols ? c : 0;
}

static bool has_missing_cells(const struct pl_recording *r)
{
	const struct pl_calibration *cal = pl_recording_calibration(r);

	for (size_t i = 0; cal->cell_state && i < cal->cells; i++)
		if (cal->cell_state[i] == PL_CELL_NONE)
			return true;
	return false;
}

/* A threshold of a cell in the unit of the values: kPa also where the calibration is in newtons. */
static double threshold(const struct pl_calibration *cal, const struct pl_geometry *g, double value)
{
	return cal->unit == PL_UNIT_N ? value / pl_cell_area_m2(g) / 1e3 : value;
}

/* What one code more says of a cell, in kPa where the calibration knows them; 0: not whole codes.
 */
static double code_step(const struct pl_recording *r)
{
	const struct pl_recording_info *info = pl_recording_info(r);
	const struct pl_calibration *cal = pl_recording_calibration(r);
	double step = cal->scale;

	if (info->dtype == PL_F32 || info->dtype == PL_F64)
		return 0;
	if (cal->curve_points)
		step = (cal->curve_value[1] - cal->curve_value[0]) /
		       (cal->curve_counts[1] - cal->curve_counts[0]);
	return threshold(cal, &info->geometry, step);
}

void pl_recording_options(const struct pl_recording *r, struct pl_analysis_options *o)
{
	const struct pl_live_options *live = pl_recording_live(r);
	const struct pl_session_meta *meta = pl_recording_meta(r);
	enum pl_format origin = pl_recording_origin(r);
	const struct pl_calibration *cal = pl_recording_calibration(r);
	bool missing = has_missing_cells(r);

	pl_analysis_options_init(o);
	o->region = live->region;
	o->side = live->side;
	o->facing = live->facing;
	o->picture = pl_recording_info(r)->layout == PL_LAYOUT_PICTURE;
	o->insole_cols = insole_cols(r);
	if (pl_calibrated(cal)) {
		o->noise_floor_kpa =
			threshold(cal, &pl_recording_info(r)->geometry, cal->noise_floor);
		o->code_kpa = code_step(r);
	}
	if (meta)
		o->body_mass_kg = o->gait.body_mass_kg = meta->body_mass_kg;
	/* boxes cut out around the loaded cells, and insoles: their border is not a mat's edge */
	o->border_is_no_edge = o->picture || missing || pl_recording_cropped(r) ||
			       origin == PL_FORMAT_EMED_LST || origin == PL_FORMAT_TEKSCAN_ASF ||
			       live->side != PL_SIDE_UNKNOWN;
	/* cells that do not exist are an insole's */
	o->barefoot =
		!missing && !(origin == PL_FORMAT_XSENSOR_CSV && live->side != PL_SIDE_UNKNOWN);
	if (meta)
		correct(&meta->annotations, o);
}

/* What each cell says when it is at full scale: steps with such cells are marked. */
static int tell_saturation(struct pl_recording *r, struct pl_analysis *a, struct pl_error *err)
{
	const struct pl_calibration *cal = pl_recording_calibration(r);
	const struct pl_geometry *g = &pl_recording_info(r)->geometry;
	size_t n = pl_geometry_cells(g);
	double *full;
	int result;

	if (!(cal->saturation_counts > 0))
		return 0;
	full = malloc(2 * n * sizeof(*full));
	if (!full)
		return pl_error_set(err, PL_ENOMEM, 0, "out of memory");
	for (size_t i = 0; i < n; i++)
		full[n + i] = cal->saturation_counts;
	pl_calibrate(cal, g, full + n, PL_F64, full);
	result = pl_analysis_saturation(a, full, err);
	free(full);
	return result;
}

/* NULL: error */
static struct pl_analysis *analyze(struct pl_recording *r, const struct pl_analysis_options *o,
				   struct progress *p, struct pl_error *err)
{
	const struct pl_recording_info *info = pl_recording_info(r);
	const struct pl_calibration *cal = pl_recording_calibration(r);
	struct pl_analysis *a = pl_analysis_new(&info->geometry, info->calibrated,
						threshold(cal, &info->geometry, cal->contact),
						info->rate_hz, o, err);

	if (a && tell_saturation(r, a, err) == 0 && both_passes(r, a, p, err) == 0)
		return a;
	pl_analysis_free(a);
	return NULL;
}

int pl_recording_analyze(struct pl_recording *r, const struct pl_analysis_options *o,
			 struct pl_json *json,
			 bool (*progress)(void *user, uint64_t done, uint64_t total), void *user,
			 struct pl_error *err)
{
	return pl_analyze_steps(r, o, json, progress, user, NULL, err);
}

/* What else the analysis is to hand out; NULL: not wanted. */
struct wanted {
	struct pl_gait *steps;
	struct pl_pictures *pictures; /* instead of in the document */
};

static int write_pictures(struct pl_analysis *a, struct pl_json *json, struct pl_error *err)
{
	struct pl_pictures p;

	if (pl_analysis_pictures(a, &p, err))
		return -1;
	pl_pictures_json(&p, json);
	pl_pictures_free(&p);
	return 0;
}

static int write_document(struct pl_recording *r, const struct pl_analysis_options *o,
			  struct pl_json *json, struct progress *p, const struct wanted *wanted,
			  struct pl_error *err)
{
	struct pl_analysis *a = analyze(r, o, p, err);
	int result = 0;

	if (!a)
		return -1;
	pl_json_begin_object(json, NULL);
	pl_recording_json(r, json);
	pl_analysis_json(a, json);
	if (wanted->pictures)
		result = pl_analysis_pictures(a, wanted->pictures, err);
	else if (o->pictures)
		result = write_pictures(a, json, err);
	pl_json_end_object(json);
	if (wanted->steps && result == 0)
		pl_analysis_take_gait(a, wanted->steps);
	if (p->call && result == 0)
		p->call(p->user, p->total, p->total);
	pl_analysis_free(a);
	return result;
}

int pl_analyze_steps(struct pl_recording *r, const struct pl_analysis_options *o,
		     struct pl_json *json,
		     bool (*progress)(void *user, uint64_t done, uint64_t total), void *user,
		     struct pl_gait *steps, struct pl_error *err)
{
	const struct wanted wanted = {.steps = steps};
	struct progress p = {
		.call = progress, .user = user, .total = 2 * pl_recording_info(r)->frames};

	if (pl_recording_info(r)->layout == PL_LAYOUT_SENSORS)
		return pl_sensors_analyze(r, json, progress, user, err);
	return write_document(r, o, json, &p, &wanted, err);
}

int pl_analyze_pictures(struct pl_recording *r, const struct pl_analysis_options *o,
			struct pl_json *json, struct pl_pictures *pictures, bool *has,
			struct pl_error *err)
{
	const struct wanted wanted = {.pictures = pictures};
	struct pl_analysis_options with = *o;
	struct progress p = {0};

	*has = pl_recording_info(r)->layout != PL_LAYOUT_SENSORS;
	if (!*has)
		return pl_sensors_analyze(r, json, NULL, NULL, err);
	with.pictures = true;
	return write_document(r, &with, json, &p, &wanted, err);
}

static bool same_mat(const struct pl_recording_info *a, const struct pl_recording_info *b)
{
	return a->geometry.rows == b->geometry.rows && a->geometry.cols == b->geometry.cols &&
	       a->geometry.pitch_row_m == b->geometry.pitch_row_m &&
	       a->geometry.pitch_col_m == b->geometry.pitch_col_m &&
	       a->calibrated == b->calibrated && a->rate_hz == b->rate_hz;
}

int pl_recording_own_sway(struct pl_recording *r, const struct pl_recording *like,
			  const struct pl_analysis_options *o, struct pl_sway *own,
			  bool (*progress)(void *user, uint64_t done, uint64_t total), void *user,
			  struct pl_error *err)
{
	const struct pl_recording_info *info = pl_recording_info(r);
	struct progress p = {.call = progress, .user = user, .total = 2 * info->frames};
	struct pl_analysis_options as_weight = *o;
	const struct pl_standing *standing;
	struct pl_analysis *a;

	if (!same_mat(info, pl_recording_info(like)))
		return pl_error_set(err, PL_EUSAGE, 0,
				    "%s is of another mat or rate: its own sway is not this one's",
				    info->path);
	as_weight.dead_weight = true;
	as_weight.own_sway = NULL;
	a = analyze(r, &as_weight, &p, err);
	if (!a)
		return -1;
	standing = pl_analysis_standing(a);
	if (standing)
		*own = standing->sway;
	else
		pl_error_set(err, PL_EUSAGE, 0,
			     "nothing lies still on the mat for five seconds in %s; put 20 kg or "
			     "more on it and record again",
			     info->path);
	pl_analysis_free(a);
	return standing ? 0 : -1;
}
