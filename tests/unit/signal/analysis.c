/* SPDX-License-Identifier: Apache-2.0 */
/* The analysis of whole recordings, on frames small enough to work out by hand and on model feet.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <plantar/analysis.h>

#include "both_passes.h"
#include "feet_model.h"

static char text[1 << 20];

typedef void fill_fn(const struct pl_geometry *g, unsigned frame, double *kpa);

struct filled_frames {
	const struct pl_geometry *g;
	fill_fn *fill;
	double *kpa;
};

static const double *filled(void *ctx, unsigned k)
{
	const struct filled_frames *f = ctx;

	empty(f->g, f->kpa);
	f->fill(f->g, k, f->kpa);
	return f->kpa;
}

/* Both passes over n frames at rate; the JSON into text. */
static struct pl_analysis *analyse(const struct pl_geometry *g, bool calibrated, double rate,
				   const struct pl_analysis_options *o, fill_fn *fill, unsigned n,
				   int gap_before)
{
	struct filled_frames frames = {g, fill, malloc(pl_geometry_cells(g) * sizeof(double))};
	struct pl_analysis *a = pl_analysis_new(g, calibrated, 0, rate, o, NULL);

	assert_non_null(a);
	both_passes(a, filled, &frames, n, rate, gap_before);
	analysis_text(a, text, sizeof(text));
	if (strstr(text, ",\"steps\":["))
		*strstr(text, ",\"steps\":[") = '\0'; /* what is counted here are feet */
	free(frames.kpa);
	return a;
}

static unsigned count(const char *what)
{
	unsigned n = 0;

	for (const char *p = strstr(text, what); p; p = strstr(p + 1, what))
		n++;
	return n;
}

static double after(const char *key, const char *inner)
{
	const char *p = strstr(text, key);

	p = p && inner ? strstr(p, inner) : p;
	assert_non_null(p);
	return strtod(strchr(p + 1, ':') + 1, NULL);
}

static void near_to(double a, double b, double tolerance)
{
	if (!(fabs(a - b) <= tolerance))
		print_error("%.12g is not within %g of %.12g\n", a, tolerance, b);
	assert_true(fabs(a - b) <= tolerance);
}

/* 2 x 2 cells of 1 cm2, 10 Hz. kPa per frame: {10,0,0,0}, {20,10,0,0}, {0,30,0,0}, {0,0,0,0}. */
static void fill_small(const struct pl_geometry *g, unsigned k, double *kpa)
{
	static const double v[4][4] = {{10, 0, 0, 0}, {20, 10, 0, 0}, {0, 30, 0, 0}, {0, 0, 0, 0}};

	(void)g;
	memcpy(kpa, v[k], sizeof(v[k]));
}

static void totals_by_hand(void **state)
{
	const struct pl_geometry g = {2, 2, 0.01, 0.01};
	struct pl_analysis_options o;
	const struct pl_totals *t;
	struct pl_analysis *a;

	(void)state;
	pl_analysis_options_init(&o);
	a = analyse(&g, true, 10, &o, fill_small, 4, -1);
	t = pl_analysis_totals(a);
	/* a cell of 1 kPa on 1 cm2: 0.1 N. forces 1, 3, 3, 0 */
	near_to(t->force_peak_n, 3, 1e-12);
	assert_int_equal(t->force_peak_frame, 1);
	/* (1+3)/2 + (3+3)/2 + (3+0)/2 = 6.5, times 0.1 s */
	near_to(t->force_time_integral_ns, 0.65, 1e-12);
	near_to(t->pressure_peak_kpa, 30, 0);
	near_to(t->contact_area_peak_cm2, 2, 1e-12);
	near_to(t->contact_area_footprint_cm2, 2, 1e-12);
	/* cell 0: (10+20)/2 + 20/2 = 25; cell 1: 10/2 + (10+30)/2 + 30/2 = 40 */
	near_to(t->pressure_time_integral_max_cell_kpa_s, 4.0, 1e-12);
	/* maxima 10, 20, 30, 0: 15 + 25 + 15 */
	near_to(t->pressure_time_integral_peak_curve_kpa_s, 5.5, 1e-12);
	pl_analysis_free(a);
	/* a gap before frame 2: the trapezoid over it goes */
	a = analyse(&g, true, 10, &o, fill_small, 4, 2);
	t = pl_analysis_totals(a);
	near_to(t->force_time_integral_ns, 0.35, 1e-12);
	near_to(t->pressure_time_integral_max_cell_kpa_s, 2.0, 1e-12);
	pl_analysis_free(a);
}

static void nothing_is_null(void **state)
{
	const struct pl_geometry g = {2, 2, 0.01, 0.01};
	struct pl_analysis_options o;

	(void)state;
	pl_analysis_options_init(&o);
	pl_analysis_free(analyse(&g, true, 10, &o, fill_small, 0, -1));
	assert_non_null(strstr(text, "\"force_peak_n\":null"));
	assert_non_null(strstr(text, "\"force_peak_frame\":null"));
	assert_null(strstr(text, "\"feet\""));
}

static void fill_pair(const struct pl_geometry *g, unsigned k, double *kpa)
{
	struct model_foot l = {.left = true, .x = 0.10, .y = 0.05, .heel = 200, .fore = 120};
	struct model_foot r = {.x = 0.26, .y = 0.04, .heel = 180, .fore = 160};

	l.heel += 50 * sin(k * 0.2);
	stand(g, &l, kpa);
	stand(g, &r, kpa);
}

static const struct pl_geometry mat = {72, 72, 0.005, 0.005};

static void a_pair_standing(void **state)
{
	struct pl_analysis_options o;
	struct pl_analysis *a;

	(void)state;
	pl_analysis_options_init(&o);
	for (int region = 0; region < 4; region++) {
		for (int axis = 0; axis < 2; axis++) {
			o.region = (enum pl_region_convention)region;
			o.axis = (enum pl_axis)axis;
			a = analyse(&mat, true, 50, &o, fill_pair, 30, -1);
			assert_true(pl_analysis_totals(a)->region_sum_error_max < 1e-12);
			assert_int_equal(count("\"side\":\"left\""), 1);
			assert_int_equal(count("\"side\":\"right\""), 1);
			near_to(after("\"length_mm\"", NULL), 260, 8);
			pl_analysis_free(a);
		}
	}
	/* thirds-box leaves nothing out: the thirds' impulses are the foot's */
	near_to(after("\"heel\":", "\"load_pct\"") + after("\"midfoot\":", "\"load_pct\"") +
			after("\"forefoot\":", "\"load_pct\""),
		100, 1e-9);
}

/* Six steps along 2 m, left and right, each on its own spot; then the same on one spot. */
static double walkway_step = 0.3;

static void fill_steps(const struct pl_geometry *g, unsigned k, double *kpa)
{
	unsigned step = k / 50;
	struct model_foot f = {.left = step % 2,
			       .x = step % 2 ? 0.10 : 0.22,
			       .y = 0.02 + walkway_step * step,
			       .heel = k % 50 < 25 ? 200 : 0,
			       .fore = k % 50 >= 10 && k % 50 < 38 ? 200 : 0};

	if (walkway_step == 0)
		f.left = false, f.x = 0.2;
	stand(g, &f, kpa);
}

static void steps_and_spots(void **state)
{
	const struct pl_geometry walkway = {400, 64, 0.005, 0.005};
	struct pl_analysis_options o;

	(void)state;
	pl_analysis_options_init(&o);
	walkway_step = 0.3;
	pl_analysis_free(analyse(&walkway, true, 100, &o, fill_steps, 300, -1));
	assert_int_equal(count("\"side\":"), 6);
	assert_int_equal(count("\"contacts\":1"), 6);
	assert_int_equal(count("\"side\":\"left\""), 3);
	assert_int_equal(count("\"side\":\"right\""), 3);
	walkway_step = 0;
	pl_analysis_free(analyse(&walkway, true, 100, &o, fill_steps, 300, -1));
	assert_int_equal(count("\"side\":"), 1);
	assert_int_equal(count("\"contacts\":6"), 1);
	/* 38 frames of each step are loaded: six times 0.38 s */
	near_to(after("\"contact_time_s\"", NULL), 6 * 0.38, 1e-9);
}

static void counts_say_counts(void **state)
{
	struct pl_analysis_options o;

	(void)state;
	pl_analysis_options_init(&o);
	pl_analysis_free(analyse(&mat, false, 50, &o, fill_pair, 10, -1));
	assert_non_null(strstr(text, "\"force_peak_counts\""));
	assert_non_null(strstr(text, "\"force_time_integral_counts_s\""));
	assert_null(strstr(text, "_n\""));
	assert_null(strstr(text, "_ns\""));
	assert_null(strstr(text, "kpa"));
}

static void order_of_calls(void **state)
{
	const double cells[4] = {0};
	const struct pl_geometry g = {2, 2, 0.01, 0.01};
	struct pl_analysis_options o;
	struct pl_error err;
	struct pl_analysis *a;

	(void)state;
	pl_analysis_options_init(&o);
	a = pl_analysis_new(&g, true, 0, 100, &o, &err);
	assert_int_equal(pl_analysis_finish(a, &err), -1);
	assert_int_equal(err.code, PL_ESTATE);
	assert_int_equal(pl_analysis_push(a, cells, 5, false, &err), 0);
	assert_int_equal(pl_analysis_push(a, cells, 5, false, &err), -1);
	assert_int_equal(err.code, PL_ECORRUPT);
	assert_int_equal(pl_analysis_second_pass(a, &err), 0);
	assert_int_equal(pl_analysis_second_pass(a, &err), -1);
	assert_int_equal(pl_analysis_finish(a, &err), -1); /* the frames are missing */
	assert_int_equal(err.code, PL_EUSAGE);
	assert_int_equal(pl_analysis_push(a, cells, 5, false, &err), 0);
	assert_int_equal(pl_analysis_finish(a, &err), 0);
	assert_int_equal(pl_analysis_push(a, cells, 9, false, &err), -1);
	pl_analysis_free(a);
	assert_null(pl_analysis_new(&g, true, -1, 100, &o, &err));
	assert_null(pl_analysis_new(&(struct pl_geometry){0, 2, 1, 1}, true, 0, 100, &o, &err));
}

/* Heel, forefoot and a toe of one right foot, never together. */
static void fill_in_turn(const struct pl_geometry *g, unsigned k, double *kpa)
{
	struct model_foot foot = {.x = 0.05, .y = 0.01};

	foot.heel = k < 20 ? 200 : 0;
	foot.fore = k >= 60 && k < 80 ? 150 : 0;
	stand(g, &foot, kpa);
	if (k >= 120 && k < 125)
		kpa[3 * g->cols + 7] = 400;
}

/* An insole: whatever is loaded is that foot, however it comes. */
static void a_given_side_is_one_foot(void **state)
{
	const struct pl_geometry g = {56, 20, 0.005, 0.005};
	struct pl_analysis_options o;
	struct pl_analysis *a;

	(void)state;
	pl_analysis_options_init(&o);
	o.side = PL_SIDE_RIGHT;
	o.facing = PL_FACING_FORWARD;
	a = analyse(&g, true, 100, &o, fill_in_turn, 140, -1);
	assert_int_equal(count("\"side\":\"right\""), 1);
	assert_int_equal(count("\"side\":"), 1);
	assert_null(strstr(text, "\"regions\":null"));
	near_to(after("\"feet\"", "\"force_time_integral_ns\""),
		pl_analysis_totals(a)->force_time_integral_ns, 1e-9);
	assert_true(pl_analysis_totals(a)->region_sum_error_max < 1e-12);
	pl_analysis_free(a);
}

/* What the operator says is said of every footprint, and that it was said. */
static void given_holds_for_every_footprint(void **state)
{
	const struct pl_geometry walkway = {400, 64, 0.005, 0.005};
	struct pl_analysis_options o;

	(void)state;
	walkway_step = 0.3;
	pl_analysis_options_init(&o);
	pl_analysis_free(analyse(&walkway, true, 100, &o, fill_steps, 300, -1));
	assert_int_equal(count("\"facing\":\"forward\""), 6);
	assert_int_equal(count("\"facing_source\":\"given\""), 0);
	o.facing = PL_FACING_BACKWARD;
	pl_analysis_free(analyse(&walkway, true, 100, &o, fill_steps, 300, -1));
	assert_int_equal(count("\"facing\":\"backward\""), 1 + 6); /* method.facing, too */
	assert_int_equal(count("\"facing_source\":\"given\""), 6);
	o.facing = PL_FACING_AUTO;
	o.side = PL_SIDE_LEFT;
	pl_analysis_free(analyse(&walkway, true, 100, &o, fill_steps, 300, -1));
	assert_int_equal(count("\"side\":\"left\""), 6);
	assert_int_equal(count("\"side_source\":\"given\""), 6);
}

/* Four whole prints and a heel alone, the first at the mat's edge. */
static void fill_lengths(const struct pl_geometry *g, unsigned k, double *kpa)
{
	unsigned step = k / 50;
	struct model_foot f = {.x = 0.15, .y = 0.4 * step, .heel = 200, .fore = step < 4 ? 200 : 0};

	if (k % 50 < 38)
		stand(g, &f, kpa);
}

static void partial_says_why(void **state)
{
	const struct pl_geometry walkway = {400, 64, 0.005, 0.005};
	struct pl_analysis_options o;

	(void)state;
	pl_analysis_options_init(&o);
	pl_analysis_free(analyse(&walkway, true, 100, &o, fill_lengths, 250, -1));
	assert_int_equal(count("\"partial\":true"), 2);
	assert_int_equal(count("\"partial_why\":\"edge\""), 1);
	assert_int_equal(count("\"partial_why\":\"short\""), 1);
	o.border_is_no_edge = true;
	pl_analysis_free(analyse(&walkway, true, 100, &o, fill_lengths, 250, -1));
	assert_int_equal(count("\"partial_why\":\"edge\""), 0);
	assert_int_equal(count("\"partial_why\":\"short\""), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(totals_by_hand),
		cmocka_unit_test(nothing_is_null),
		cmocka_unit_test(a_pair_standing),
		cmocka_unit_test(steps_and_spots),
		cmocka_unit_test(counts_say_counts),
		cmocka_unit_test(order_of_calls),
		cmocka_unit_test(a_given_side_is_one_foot),
		cmocka_unit_test(given_holds_for_every_footprint),
		cmocka_unit_test(partial_says_why),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
