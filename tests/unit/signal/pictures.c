/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Pictures say the same as the figures beside them: the greatest cell of the map is the peak
 * pressure, the area under a step's curve is its impulse, the cells of a region add up to its area.
 * What is long is thinned, and says so.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include <jansson.h>

#include <plantar/analysis.h>
#include <plantar/pictures.h>

#include "both_passes.h"
#include "feet_model.h"

#define RATE 200.0
#define STEPS 3
#define STANCE 120 /* frames, and as many between the steps */

static const struct pl_geometry walkway = {200, 60, 0.005, 0.005};
static double kpa[200 * 60];
static char text[1 << 20];

/* Left, right, left, one in front of the other; the right one is turned out. */
static const double *walk(void *ctx, unsigned frame)
{
	unsigned step = frame / (2 * STANCE), at = frame % (2 * STANCE);
	struct model_foot foot = {.left = step % 2 == 0,
				  .x = step % 2 == 0 ? 0.10 : 0.20,
				  .y = 0.05 + 0.3 * step,
				  .turn = step % 2 == 0 ? 0 : 0.15};
	double u = (at + 0.5) / STANCE;

	(void)ctx;
	empty(&walkway, kpa);
	foot.heel = u < 0.6 ? 250 * sin(M_PI * u / 0.6) : 0;
	foot.fore = u > 0.2 && u < 1 ? 300 * sin(M_PI * (u - 0.2) / 0.8) : 0;
	if (at < STANCE && step < STEPS)
		stand(&walkway, &foot, kpa);
	return kpa;
}

static struct pl_analysis *analysed_with(frame_fn *frame, void *ctx, unsigned frames, bool pictures)
{
	struct pl_analysis_options o;
	struct pl_analysis *a;

	pl_analysis_options_init(&o);
	o.facing = PL_FACING_FORWARD;
	o.body_mass_kg = o.gait.body_mass_kg = 70;
	o.pictures = pictures;
	a = pl_analysis_new(&walkway, true, 0, RATE, &o, NULL);
	assert_non_null(a);
	both_passes(a, frame, ctx, frames, RATE, -1);
	return a;
}

static struct pl_analysis *analysed(frame_fn *frame, unsigned frames, bool pictures)
{
	return analysed_with(frame, NULL, frames, pictures);
}

static void near_to(double got, double want, double tolerance)
{
	if (!(fabs(got - want) <= tolerance))
		print_error("%.9g is not within %g of %.9g\n", got, tolerance, want);
	assert_true(fabs(got - want) <= tolerance);
}

static double greatest(const float *value, size_t n)
{
	double most = 0;

	for (size_t i = 0; i < n; i++)
		most = fmax(most, (double)value[i]);
	return most;
}

static double area_under(const struct pl_picture_step *s, const float *force)
{
	double sum = 0;

	for (size_t i = 0; i + 1 < s->n; i++)
		sum += 0.5 * ((double)force[i] + (double)force[i + 1]) *
		       ((double)s->t_s[i + 1] - (double)s->t_s[i]);
	return sum;
}

static void maps_and_figures_agree(void **state)
{
	struct pl_analysis *a = analysed(walk, 2 * STANCE * STEPS, true);
	const struct pl_totals *t = pl_analysis_totals(a);
	size_t n = pl_geometry_cells(&walkway), loaded = 0;
	struct pl_pictures p;

	(void)state;
	assert_int_equal(pl_analysis_pictures(a, &p, NULL), 0);
	assert_int_equal(p.rows, walkway.rows);
	assert_int_equal(p.cols, walkway.cols);
	near_to(greatest(p.peak, n), t->pressure_peak_kpa, 1e-4);
	near_to(greatest(p.impulse, n), t->pressure_time_integral_max_cell_kpa_s, 1e-4);
	assert_int_equal(p.n_feet, STEPS);
	for (size_t i = 0; i < n; i++) {
		loaded += p.peak[i] > 0;
		/* a cell of a foot has a region of it, and no other has one */
		assert_int_equal(p.foot[i] != 0, p.region[i] != PL_PICTURE_NOTHING);
		assert_int_equal(p.foot[i] != 0, p.peak[i] > 0);
	}
	near_to((double)loaded * 0.25, t->contact_area_footprint_cm2, 1e-9);
	pl_pictures_free(&p);
	pl_analysis_free(a);
}

/* Where the model's heel ends and how it is turned is known. */
static void feet_lie_where_they_were_put(void **state)
{
	struct pl_analysis *a = analysed(walk, 2 * STANCE * STEPS, true);
	struct pl_pictures p;

	(void)state;
	assert_int_equal(pl_analysis_pictures(a, &p, NULL), 0);
	for (size_t k = 0; k < STEPS; k++) {
		const struct pl_picture_foot *f = &p.feet[k];
		double dx = f->toe_x_mm - f->heel_x_mm, dy = f->toe_y_mm - f->heel_y_mm;

		assert_int_equal(f->side, k % 2 ? PL_SIDE_RIGHT : PL_SIDE_LEFT);
		near_to(f->heel_y_mm, 50 + 300.0 * (double)k, 8);
		near_to(hypot(dx, dy), 260, 8);
		near_to(atan2(dx, dy), k % 2 ? 0.15 : 0, 0.1);
		/* novel: 27 and 55 % of the foot, its ends half a cell inside the print's */
		near_to(f->heel_line_mm, 0.27 * 260, 5);
		near_to(f->forefoot_line_mm, 0.55 * 260, 5);
		near_to(f->half_heel_line_mm, 0.5 * 0.27 * 260, 5);
		assert_true(f->quadrants);
		near_to(greatest(f->peak, (size_t)(f->row1 - f->row0) * (f->col1 - f->col0)),
			greatest(p.peak + (size_t)f->row0 * p.cols,
				 (size_t)(f->row1 - f->row0) * p.cols),
			1e-4);
		assert_int_equal(p.region[(size_t)(f->row1 - 3) * p.cols + (f->col0 + f->col1) / 2],
				 PL_PICTURE_HEEL);
	}
	pl_pictures_free(&p);
	pl_analysis_free(a);
}

/* There and back: a right foot, and later the left one across it, turned round and half as heavy.
 */
static const double *cross(void *ctx, unsigned frame)
{
	unsigned second = frame >= 600, at = frame % 600;
	struct model_foot foot = {.left = second, .x = 0.15, .y = second ? 0.55 : 0.3};
	double u = (at + 0.5) / STANCE;

	(void)ctx;
	empty(&walkway, kpa);
	if (at >= STANCE)
		return kpa;
	foot.turn = second ? M_PI : 0;
	foot.heel = (second ? 0.5 : 1) * (u < 0.6 ? 250 * sin(M_PI * u / 0.6) : 0);
	foot.fore = (second ? 0.5 : 1) * (u > 0.2 ? 300 * sin(M_PI * (u - 0.2) / 0.8) : 0);
	stand(&walkway, &foot, kpa);
	return kpa;
}

static void a_foot_keeps_its_own_map(void **state)
{
	struct pl_analysis *a = analysed(cross, 1200, true);
	const struct pl_gait *gait = pl_analysis_gait(a);
	struct pl_pictures p;

	(void)state;
	assert_int_equal(pl_analysis_pictures(a, &p, NULL), 0);
	assert_int_equal(gait->n, 2);
	assert_int_equal(p.n_feet, 2);
	for (size_t k = 0; k < 2; k++) {
		const struct pl_picture_foot *f = &p.feet[k];
		size_t n = (size_t)(f->row1 - f->row0) * (f->col1 - f->col0);

		near_to(greatest(f->peak, n), k ? 150 : 300, 12);
	}
	pl_pictures_free(&p);
	pl_analysis_free(a);
}

static void curves_are_those_of_the_steps(void **state)
{
	struct pl_analysis *a = analysed(walk, 2 * STANCE * STEPS, true);
	const struct pl_gait *gait = pl_analysis_gait(a);
	struct pl_pictures p;

	(void)state;
	assert_int_equal(pl_analysis_pictures(a, &p, NULL), 0);
	assert_int_equal(gait->n, STEPS);
	assert_int_equal(p.n_steps, STEPS);
	assert_int_equal(p.not_kept, 0);
	for (size_t i = 0; i < STEPS; i++) {
		const struct pl_picture_step *s = &p.steps[i];
		const struct pl_step *step = &gait->step[s->step];

		assert_int_equal(s->step, i);
		assert_int_equal(s->side, step->side);
		assert_int_equal(s->foot, step->foot);
		near_to((double)s->t_s[0], 0, 1e-9);
		near_to(greatest(s->force, s->n), step->force_peak_n, 1e-3);
		near_to(area_under(s, s->force), step->impulse_ns, 0.01 * step->impulse_ns);
		/* the load goes from heel to toe */
		assert_true(s->y_mm[s->n - 3] - s->y_mm[2] > 100);
		near_to(100 * area_under(s, s->heel) / area_under(s, s->force),
			step->heel_impulse_pct, 0.5);
	}
	assert_int_equal(p.cop.every, 1);
	assert_true(p.cop.n > 100 * STEPS && p.cop.run[0] != p.cop.run[p.cop.n - 1]);
	pl_pictures_free(&p);
	pl_analysis_free(a);
}

#define CYCLE 400

/* Two feet side by side, and a load that goes round once every two seconds. */
static void stand_once(unsigned frame)
{
	double way = 2 * M_PI * frame / CYCLE;
	struct model_foot left = {.left = true, .x = 0.09, .y = 0.3, .heel = 60, .fore = 40};
	struct model_foot right = {.x = 0.21, .y = 0.3, .heel = 60, .fore = 40};

	empty(&walkway, kpa);
	left.fore += 5 * sin(way);
	right.fore += 5 * sin(way);
	left.heel -= 5 * cos(way);
	right.heel += 5 * cos(way);
	stand(&walkway, &left, kpa);
	stand(&walkway, &right, kpa);
}

static const double *stand_still(void *ctx, unsigned frame)
{
	double *cycle = ctx;

	return cycle + (size_t)(frame % CYCLE) * pl_geometry_cells(&walkway);
}

/* 25 seconds are 5,000 frames: every other one is left. The path is the one whose range is a
 * figure. */
static void long_paths_are_thinned(void **state)
{
	size_t cells = pl_geometry_cells(&walkway);
	double *cycle = malloc(CYCLE * cells * sizeof(*cycle));
	double low = INFINITY, high = -INFINITY;
	const struct pl_standing *s;
	struct pl_pictures p;
	struct pl_analysis *a;

	(void)state;
	assert_non_null(cycle);
	for (unsigned k = 0; k < CYCLE; k++) {
		stand_once(k);
		memcpy(cycle + k * cells, kpa, sizeof(kpa));
	}
	a = analysed_with(stand_still, cycle, (unsigned)(25 * RATE), true);
	free(cycle);
	s = pl_analysis_standing(a);
	assert_non_null(s);
	assert_int_equal(pl_analysis_pictures(a, &p, NULL), 0);
	assert_int_equal(p.cop.every, 2);
	assert_true(p.cop.n > PL_PICTURE_PATH_MAX / 2 && p.cop.n <= PL_PICTURE_PATH_MAX);
	for (size_t i = 1; i < p.cop.n; i++)
		near_to(p.cop.t_s[i] - p.cop.t_s[i - 1], 2 / RATE, 1e-6);
	for (size_t i = 0; i < p.sway.n; i++) {
		low = fmin(low, p.sway.y_mm[i]);
		high = fmax(high, p.sway.y_mm[i]);
	}
	near_to(p.sway.t_s[0], s->from_s, 1e-9);
	near_to(high - low, s->sway.ap.range_mm, 0.02 * s->sway.ap.range_mm);
	assert_int_equal(p.n_steps, 0);
	pl_pictures_free(&p);
	pl_analysis_free(a);
}

static void json_holds_the_same(void **state)
{
	struct pl_analysis *a = analysed(walk, 2 * STANCE * STEPS, true);
	struct pl_pictures p;
	struct pl_json json;
	json_t *document, *pictures, *cop;

	(void)state;
	assert_int_equal(pl_analysis_pictures(a, &p, NULL), 0);
	pl_json_init(&json, text, sizeof(text));
	pl_json_begin_object(&json, NULL);
	pl_pictures_json(&p, &json);
	pl_json_end_object(&json);
	assert_true(pl_json_finish(&json) > 0);
	document = json_loads(text, 0, NULL);
	pictures = json_object_get(document, "pictures");
	assert_string_equal(json_string_value(json_object_get(pictures, "unit")), "kPa");
	assert_int_equal(json_array_size(json_object_get(pictures, "peak")), 200 * 60);
	assert_int_equal(json_array_size(json_object_get(pictures, "regions")), 200 * 60);
	assert_int_equal(json_array_size(json_object_get(pictures, "steps")), STEPS);
	cop = json_object_get(pictures, "cop");
	/* a null where the foot had left and the next one came: twice */
	assert_int_equal(json_array_size(json_object_get(cop, "x_mm")), p.cop.n + STEPS - 1);
	assert_int_equal(json_array_size(json_object_get(cop, "t_s")), p.cop.n + STEPS - 1);
	json_decref(document);
	pl_pictures_free(&p);
	pl_analysis_free(a);
}

static void nothing_unless_asked(void **state)
{
	struct pl_analysis *a = analysed(walk, 2 * STANCE * STEPS, false);
	struct pl_error err = {.code = PL_OK};
	struct pl_pictures p;

	(void)state;
	assert_int_equal(pl_analysis_pictures(a, &p, &err), -1);
	assert_int_equal(err.code, PL_ESTATE);
	pl_analysis_free(a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(maps_and_figures_agree),
		cmocka_unit_test(feet_lie_where_they_were_put),
		cmocka_unit_test(a_foot_keeps_its_own_map),
		cmocka_unit_test(curves_are_those_of_the_steps),
		cmocka_unit_test(long_paths_are_thinned),
		cmocka_unit_test(json_holds_the_same),
		cmocka_unit_test(nothing_unless_asked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
