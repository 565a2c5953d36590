/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Insoles of which the places of the sensors are not known (pedar): peak pressures and
 * pressure-time integrals are what can be said, of both feet and of each, and where a person gave
 * the areas of the sensors, forces and areas; regions and centres of pressure are null. Columns are
 * feet, the left one first; by themselves they are the side that the recording says.
 */
#include <math.h>
#include <stdlib.h>

#include <plantar/analysis.h>

#include "analyze_sensors.h"
#include "backend.h"

#define FEET_MAX 2
#define PROGRESS_FRAMES 256

/* What is kept of one insole, or of both: [FEET_MAX] is both. */
struct pressures {
	double peak_kpa, max_cell_kpa_s, curve_kpa_s;
	double top_kpa, force_n; /* of the frame before */
	double force_peak_n, force_ns, area_peak_m2, area_ever_m2;
	uint64_t force_peak_frame;
};

struct sensors {
	unsigned rows, cols;
	struct pressures of[FEET_MAX + 1];
	const double *area_m2;	   /* [rows]; NULL: not known, then all forces stay 0 and unsaid */
	double *before, *integral; /* [rows * cols] */
	double t_s;
	uint64_t frames;
};

static void add_top(struct pressures *p, double top_kpa, double dt_s)
{
	p->peak_kpa = fmax(p->peak_kpa, top_kpa);
	p->curve_kpa_s += 0.5 * (top_kpa + p->top_kpa) * dt_s;
	p->top_kpa = top_kpa;
}

static void add_force(struct pressures *p, double force_n, double area_m2, uint64_t frame,
		      double dt_s)
{
	if (frame == 0 || force_n > p->force_peak_n) {
		p->force_peak_n = force_n;
		p->force_peak_frame = frame;
	}
	p->force_ns += 0.5 * (force_n + p->force_n) * dt_s;
	p->area_peak_m2 = fmax(p->area_peak_m2, area_m2);
	p->force_n = force_n;
}

static void add_forces(struct sensors *s, const double *kpa, double dt_s)
{
	double force_n[FEET_MAX + 1] = {0}, area_m2[FEET_MAX + 1] = {0};

	for (unsigned i = 0; i < s->rows * s->cols; i++) {
		double m2 = s->area_m2[i / s->cols];

		force_n[i % s->cols] += 1e3 * kpa[i] * m2;
		area_m2[i % s->cols] += kpa[i] > 0 ? m2 : 0;
	}
	force_n[FEET_MAX] = force_n[0] + force_n[1];
	area_m2[FEET_MAX] = area_m2[0] + area_m2[1];
	for (unsigned f = 0; f <= FEET_MAX; f++)
		add_force(&s->of[f], force_n[f], area_m2[f], s->frames, dt_s);
}

static void add_frame(struct sensors *s, const double *kpa, double t_s)
{
	double dt_s = s->frames ? t_s - s->t_s : 0, top[FEET_MAX] = {0};

	if (s->area_m2)
		add_forces(s, kpa, dt_s);

	for (unsigned i = 0; i < s->rows * s->cols; i++) {
		s->integral[i] += 0.5 * (kpa[i] + s->before[i]) * dt_s;
		s->before[i] = kpa[i];
		top[i % s->cols] = fmax(top[i % s->cols], kpa[i]);
	}
	for (unsigned f = 0; f < s->cols; f++)
		add_top(&s->of[f], top[f], dt_s);
	add_top(&s->of[FEET_MAX], fmax(top[0], top[1]), dt_s);
	s->t_s = t_s;
	s->frames++;
}

static void finish(struct sensors *s)
{
	struct pressures *both = &s->of[FEET_MAX];

	for (unsigned i = 0; i < s->rows * s->cols; i++) {
		struct pressures *p = &s->of[i % s->cols];

		p->max_cell_kpa_s = fmax(p->max_cell_kpa_s, s->integral[i]);
		both->max_cell_kpa_s = fmax(both->max_cell_kpa_s, s->integral[i]);
		if (s->area_m2 && (s->integral[i] > 0 || s->before[i] > 0)) {
			p->area_ever_m2 += s->area_m2[i / s->cols];
			both->area_ever_m2 += s->area_m2[i / s->cols];
		}
	}
}

static void pressures_json(const struct pressures *p, struct pl_json *json)
{
	pl_json_double(json, "pressure_peak_kpa", p->peak_kpa);
	pl_json_double(json, "pressure_time_integral_max_cell_kpa_s", p->max_cell_kpa_s);
	pl_json_double(json, "pressure_time_integral_peak_curve_kpa_s", p->curve_kpa_s);
}

/* In the unit of the key, or null where areas are not known. */
static double known(const struct sensors *s, double value)
{
	return s->area_m2 ? value : NAN;
}

static void total_json(const struct sensors *s, struct pl_json *json)
{
	const struct pressures *both = &s->of[FEET_MAX];

	pl_json_begin_object(json, "total");
	pl_json_double(json, "force_peak_n", known(s, both->force_peak_n));
	pl_json_double(json, "force_peak_frame", known(s, (double)both->force_peak_frame));
	pl_json_double(json, "force_time_integral_ns", known(s, both->force_ns));
	pl_json_double(json, "contact_area_peak_cm2", known(s, 1e4 * both->area_peak_m2));
	pl_json_double(json, "contact_area_footprint_cm2", known(s, 1e4 * both->area_ever_m2));
	pressures_json(both, json);
	pl_json_end_object(json);
}

static void feet_json(const struct sensors *s, enum pl_side side, struct pl_json *json)
{
	pl_json_begin_array(json, "feet");
	for (unsigned f = 0; f < s->cols; f++) {
		enum pl_side its = side != PL_SIDE_UNKNOWN ? side
				   : f == 0		   ? PL_SIDE_LEFT
							   : PL_SIDE_RIGHT;

		pl_json_begin_object(json, NULL);
		pl_json_string(json, "side", pl_side_name(its));
		pl_json_null(json, "length_mm");
		pl_json_null(json, "width_mm");
		pl_json_double(json, "force_peak_n", known(s, s->of[f].force_peak_n));
		pl_json_double(json, "force_time_integral_ns", known(s, s->of[f].force_ns));
		pressures_json(&s->of[f], json);
		pl_json_double(json, "contact_area_cm2", known(s, 1e4 * s->of[f].area_ever_m2));
		pl_json_null(json, "regions");
		pl_json_end_object(json);
	}
	pl_json_end_array(json);
}

static void write_json(struct pl_recording *r, const struct sensors *s, struct pl_json *json)
{
	pl_json_begin_object(json, NULL);
	pl_recording_json(r, json);
	pl_json_begin_object(json, "method");
	pl_json_string(json, "layout", pl_layout_name(PL_LAYOUT_SENSORS));
	pl_json_double(json, "filter_hz", NAN);
	pl_json_string(json, "filter_kind", "none");
	pl_json_string(json, "version", pl_analysis_version());
	pl_json_end_object(json);
	total_json(s, json);
	feet_json(s, pl_recording_live(r)->side, json);
	pl_json_end_object(json);
}

static int all_frames(struct pl_recording *r, struct sensors *s, double *kpa,
		      bool (*progress)(void *user, uint64_t done, uint64_t total), void *user,
		      struct pl_error *err)
{
	const struct pl_recording_info *info = pl_recording_info(r);
	struct pl_frame f;
	int got;

	if (pl_recording_rewind(r, err))
		return -1;
	while ((got = pl_recording_next(r, &f, err)) > 0) {
		if (progress && s->frames % PROGRESS_FRAMES == 0 &&
		    progress(user, s->frames, info->frames))
			return pl_error_set(err, PL_ESTATE, 0, "given up before the end");
		pl_calibrate(pl_recording_calibration(r), &info->geometry, f.cells, f.dtype, kpa);
		add_frame(s, kpa, (double)pl_recording_time_ns(r, &f) * 1e-9);
	}
	if (progress)
		progress(user, info->frames, info->frames);
	return got;
}

int pl_sensors_analyze(struct pl_recording *r, struct pl_json *json,
		       bool (*progress)(void *user, uint64_t done, uint64_t total), void *user,
		       struct pl_error *err)
{
	const struct pl_geometry *g = &pl_recording_info(r)->geometry;
	size_t n = pl_geometry_cells(g);
	struct sensors s = {
		.rows = g->rows, .cols = g->cols, .area_m2 = pl_recording_sensor_areas(r)};
	double *kpa = malloc(n * sizeof(*kpa));
	int result = -1;

	s.before = calloc(n, sizeof(*s.before));
	s.integral = calloc(n, sizeof(*s.integral));
	if (!kpa || !s.before || !s.integral || g->cols > FEET_MAX) {
		pl_error_set(err, PL_ENOMEM, 0, "out of memory");
	} else if (all_frames(r, &s, kpa, progress, user, err) == 0) {
		finish(&s);
		write_json(r, &s, json);
		result = 0;
	}
	free(kpa);
	free(s.before);
	free(s.integral);
	return result;
}
