/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Figures that other people's programs computed from other people's recordings
 * (golden/pressure.json), and the live metrics on the emed step: a right foot walking forward.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <plantar/analysis.h>

#include "both_passes.h"
#include "recordings.h"

static char *expected;
static char text[1 << 18];

static void same(const char *what, double got, double want)
{
	if (!(fabs(got - want) <= 1e-6 * fabs(want)))
		print_error("%s: %.12g, expected %.12g\n", what, got, want);
	assert_true(fabs(got - want) <= 1e-6 * fabs(want));
}

static struct pl_analysis *analyse(const struct recording *rec, const struct pl_analysis_options *o)
{
	struct pl_analysis *a;

	a = pl_analysis_new(&rec->geometry, true, 0, 1 / rec->dt_s, o, NULL);
	assert_non_null(a);
	both_passes_of(a, rec->values, pl_geometry_cells(&rec->geometry), rec->frames,
		       1 / rec->dt_s);
	analysis_text(a, text, sizeof(text));
	return a;
}

static void check_totals(const struct pl_totals *t, const struct recording *rec, const char *name)
{
	assert_int_equal(rec->frames, (size_t)GOLDEN(expected, name, "frames"));
	assert_int_equal(t->frames, rec->frames);
	assert_int_equal(t->force_peak_frame,
			 (int64_t)GOLDEN(expected, name, "force_peak_frame1") - 1);
	same("force_peak", t->force_peak_n, GOLDEN(expected, name, "force_peak_N"));
	same("fti", t->force_time_integral_ns, GOLDEN(expected, name, "fti_trapz_Ns"));
	same("peak", t->pressure_peak_kpa, GOLDEN(expected, name, "peak_kPa"));
	same("area_peak", t->contact_area_peak_cm2, GOLDEN(expected, name, "area_peak_cm2"));
	same("footprint", t->contact_area_footprint_cm2,
	     GOLDEN(expected, name, "area_footprint_cm2"));
	same("pti", t->pressure_time_integral_max_cell_kpa_s,
	     GOLDEN(expected, name, "pressure_time_integral_max_cell_kPa_s"));
	assert_true(t->region_sum_error_max < 1e-12);
}

static void check_thirds(const char *name)
{
	static const char *const ours[] = {"heel", "midfoot", "forefoot"};
	static const char *const theirs[] = {"heel", "mid", "fore"};

	for (int k = 0; k < 3; k++) {
		same(ours[k], GOLDEN(text, "regions", ours[k], "force_peak_n"),
		     GOLDEN(expected, name, "regions_thirds_box", theirs[k], "force_peak_N"));
		same(ours[k], GOLDEN(text, "regions", ours[k], "force_time_integral_ns"),
		     GOLDEN(expected, name, "regions_thirds_box", theirs[k], "fti_Ns"));
		same(ours[k], GOLDEN(text, "regions", ours[k], "contact_area_cm2"),
		     GOLDEN(expected, name, "regions_thirds_box", theirs[k], "area_footprint_cm2"));
	}
}

static void check(struct recording *rec, const char *name)
{
	struct pl_analysis_options o;
	struct pl_analysis *a;

	pl_analysis_options_init(&o);
	for (int region = 0; region < 4; region++) {
		o.region = (enum pl_region_convention)region;
		a = analyse(rec, &o);
		check_totals(pl_analysis_totals(a), rec, name);
		if (o.region == PL_REGION_THIRDS_BOX)
			check_thirds(name);
		pl_analysis_free(a);
	}
}

static void emed(void **state)
{
	struct recording rec;

	(void)state;
	assert_true(read_lst(&rec));
	check(&rec, "emed/walk.lst");
	assert_non_null(strstr(text, "\"side\":\"right\""));
	same("contact time", GOLDEN(text, "feet", "contact_time_s"),
	     GOLDEN(expected, "emed/walk.lst", "contact_time_s"));
	free(rec.values);
}

static void footpress_left(void **state)
{
	struct recording rec;

	(void)state;
	assert_true(read_asf(&rec, "data/footpress/walk_L.asf"));
	check(&rec, "footpress/walk_L.asf");
	assert_null(strstr(text, "\"side\":\"right\""));
	free(rec.values);
}

static void footpress_right(void **state)
{
	struct pl_analysis_options o;
	struct pl_analysis *a;
	struct recording rec;

	(void)state;
	assert_true(read_asf(&rec, "data/footpress/walk_R.asf"));
	pl_analysis_options_init(&o);
	a = analyse(&rec, &o);
	assert_int_equal(pl_analysis_totals(a)->frames, 205);
	assert_true(pl_analysis_totals(a)->region_sum_error_max < 1e-12);
	assert_null(strstr(text, "\"side\":\"left\""));
	pl_analysis_free(a);
	free(rec.values);
}

/* With side and facing given both insoles have regions that make up the whole, offline and live. */
static void insoles_of_known_side(void **state)
{
	static const char *const file[] = {"data/footpress/walk_L.asf",
					   "data/footpress/walk_R.asf"};

	(void)state;
	for (int k = 0; k < 2; k++) {
		struct pl_analysis_options o;
		struct pl_live_options lo;
		struct pl_calibration cal;
		struct pl_analysis *a;
		struct pl_live *live;
		struct recording rec;
		float row[128];
		size_t n, regions = 0;

		assert_true(read_asf(&rec, file[k]));
		n = pl_geometry_cells(&rec.geometry);
		pl_analysis_options_init(&o);
		pl_live_options_init(&lo);
		o.side = lo.side = k ? PL_SIDE_RIGHT : PL_SIDE_LEFT;
		o.facing = lo.facing = PL_FACING_FORWARD;
		a = analyse(&rec, &o);
		same("impulse of the only foot", GOLDEN(text, "feet", "force_time_integral_ns"),
		     pl_analysis_totals(a)->force_time_integral_ns);
		assert_null(strstr(text, "\"regions\":null"));
		assert_true(GOLDEN(text, "regions", "heel", "load_pct") > 20);
		pl_calibration_init(&cal, &rec.geometry);
		cal.unit = PL_UNIT_KPA;
		lo.rate_hz = 50;
		live = pl_live_new(&rec.geometry, &cal, &lo, NULL);
		assert_non_null(live);
		for (size_t f = 0; f < rec.frames; f++) {
			pl_live_frame(live, rec.values + f * n, PL_F64, f, row);
			assert_true(
				isnan(row[pl_metric_find(k ? "left_force_n" : "right_force_n")]));
			regions +=
				!isnan(row[pl_metric_find(k ? "right_heel_pct" : "left_heel_pct")]);
		}
		assert_true(regions > rec.frames / 2);
		pl_live_free(live);
		pl_analysis_free(a);
		free(rec.values);
	}
}

/* Twice the same bits; never a left foot; heel load first, forefoot load later. */
static void emed_live(void **state)
{
	size_t columns = pl_metric_count(), n;
	struct pl_live_options o;
	struct pl_calibration cal;
	struct recording rec;
	struct pl_live *live;
	float *rows, *again, early = NAN, late = NAN;
	size_t known = 0;

	(void)state;
	assert_true(read_lst(&rec));
	n = pl_geometry_cells(&rec.geometry);
	pl_calibration_init(&cal, &rec.geometry);
	cal.unit = PL_UNIT_KPA;
	pl_live_options_init(&o);
	o.rate_hz = 100;
	live = pl_live_new(&rec.geometry, &cal, &o, NULL);
	assert_non_null(live);
	rows = malloc(2 * rec.frames * columns * sizeof(*rows));
	again = rows + rec.frames * columns;
	for (size_t k = 0; k < rec.frames; k++)
		pl_live_frame(live, rec.values + k * n, PL_F64, k, rows + k * columns);
	pl_live_reset(live);
	for (size_t k = 0; k < rec.frames; k++)
		pl_live_frame(live, rec.values + k * n, PL_F64, k, again + k * columns);
	assert_memory_equal(rows, again, rec.frames * columns * sizeof(*rows));
	for (size_t k = 0; k < rec.frames; k++) {
		const float *row = rows + k * columns;
		float heel = row[pl_metric_find("right_heel_pct")];

		assert_true(isnan(row[pl_metric_find("left_force_n")]));
		assert_true(row[pl_metric_find("feet")] <= 1);
		if (isnan(heel))
			continue;
		early = known++ ? early : heel;
		late = heel;
	}
	assert_true(known > rec.frames / 4);
	assert_true(early > late && late < 1);
	pl_live_free(live);
	free(rows);
	free(rec.values);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(emed),
		cmocka_unit_test(footpress_left),
		cmocka_unit_test(footpress_right),
		cmocka_unit_test(insoles_of_known_side),
		cmocka_unit_test(emed_live),
	};
	int failed;

	expected = slurp("golden/pressure.json");
	if (!expected) {
		print_message("skipped: no golden/pressure.json below PLANTAR_SHARED\n");
		return 77;
	}
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	free(expected);
	return failed;
}
