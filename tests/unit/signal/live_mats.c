/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Live metrics of mats on which no foot can be told: sensors without places, one cell, a line of
 * cells, the largest mat, any content. And what the columns are called, here and in the docs.
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

#include <plantar/live.h>

static float row[128];

static float at(const char *key)
{
	int i = pl_metric_find(key);

	assert_true(i >= 0);
	return row[i];
}

/* Two insoles of three sensors: nobody knows where these lie, so nothing but pressures is said. */
static void without_places_only_peaks(void **state)
{
	static const double cells[] = {5, 0, 70, 20, 0, 30.5};
	static const struct pl_geometry sensors = {3, 2, NAN, NAN}, one = {3, 1, NAN, NAN};
	struct pl_live_options o;
	struct pl_calibration cal;
	struct pl_live *live;
	unsigned said = 0;

	(void)state;
	pl_live_options_init(&o);
	pl_calibration_init(&cal, &sensors);
	cal.unit = PL_UNIT_KPA;
	assert_null(pl_live_new(&sensors, &cal, &o, NULL)); /* a mat has a pitch */
	o.layout = PL_LAYOUT_SENSORS;
	live = pl_live_new(&sensors, &cal, &o, NULL);
	pl_live_frame(live, cells, PL_F64, 0, row);
	assert_float_equal(at("pressure_peak_kpa"), 70, 0);
	assert_float_equal(at("left_pressure_peak_kpa"), 70, 0);
	assert_float_equal(at("right_pressure_peak_kpa"), 30.5, 0);
	for (size_t i = 0; i < pl_metric_count(); i++)
		said += !isnan(row[i]);
	assert_int_equal(said, 3);
	pl_live_free(live);
	o.side = PL_SIDE_RIGHT;
	pl_calibration_init(&cal, &one);
	cal.unit = PL_UNIT_KPA;
	live = pl_live_new(&one, &cal, &o, NULL);
	pl_live_frame(live, cells, PL_F64, 0, row);
	assert_float_equal(at("right_pressure_peak_kpa"), 70, 0);
	assert_true(isnan(at("left_pressure_peak_kpa")) && isnan(at("force_n")));
	pl_live_free(live);
	cal.unit = PL_UNIT_N; /* of which area? */
	assert_null(pl_live_new(&one, &cal, &o, NULL));
}

/* A force plate without places: a force, and nothing that would need a place. */
static void one_cell(void **state)
{
	static const struct pl_geometry plate = {1, 1, 0.28, 0.28};
	const float cell = 686;
	struct pl_live_options o;
	struct pl_calibration cal;
	struct pl_live *live;

	(void)state;
	pl_live_options_init(&o);
	o.rate_hz = 100;
	pl_calibration_init(&cal, &plate);
	cal.unit = PL_UNIT_N;
	live = pl_live_new(&plate, &cal, &o, NULL);
	for (uint64_t seq = 0; seq < 50; seq++)
		pl_live_frame(live, &cell, PL_F32, seq, row);
	assert_float_equal(at("force_n"), 686, 1e-3);
	for (size_t i = 0; i < pl_metric_count(); i++)
		if (strstr(pl_metric_def(i)->base, "cop"))
			assert_true(isnan(row[i]));
	pl_live_free(live);
}

static void every_column_is_documented(void **state)
{
	const char *source = getenv("PLANTAR_SOURCE");
	static char text[200000];
	char path[4096];
	FILE *file;

	(void)state;
	if (!source)
		skip();
	snprintf(path, sizeof(path), "%s/docs/metrics.md", source);
	file = fopen(path, "r");
	assert_non_null(file);
	text[fread(text, 1, sizeof(text) - 1, file)] = '\0';
	fclose(file);
	for (size_t i = 0; i < pl_metric_count(); i++) {
		char key[64], quoted[70];

		pl_metric_key(i, true, key, sizeof(key));
		snprintf(quoted, sizeof(quoted), "`%s`", key);
		if (!strstr(text, quoted))
			print_error("docs/metrics.md does not name %s\n", quoted);
		assert_non_null(strstr(text, quoted));
	}
}

static void names_parse(void **state)
{
	(void)state;
	for (int i = 0; i < 4; i++)
		assert_int_equal(pl_region_parse(pl_region_name((enum pl_region_convention)i)), i);
	for (int i = 0; i < 5; i++)
		assert_int_equal(pl_facing_parse(pl_facing_name((enum pl_facing)i)), i);
	for (int i = 0; i < 3; i++)
		assert_int_equal(pl_side_parse(pl_side_name((enum pl_side)i)), i);
	assert_int_equal(pl_region_parse("thirds "), -1);
	assert_int_equal(pl_metric_find("force"), -1);
}

/* Any size, any content: no crash, and forces that are the sum of the cells. */
static void odd_mats(void **state)
{
	static const unsigned size[][2] = {{1, 1}, {1, 512}, {512, 1}, {2, 3}, {105, 185}};

	(void)state;
	for (int k = 0; k < 5; k++) {
		struct pl_geometry g = {size[k][0], size[k][1], 0.01, 0.01};
		size_t n = pl_geometry_cells(&g);
		uint8_t *cells = malloc(n);
		struct pl_live_options o;
		struct pl_calibration cal;
		struct pl_live *live;
		uint32_t seed = 1;

		pl_calibration_init(&cal, &g);
		pl_live_options_init(&o);
		o.rate_hz = 50;
		live = pl_live_new(&g, &cal, &o, NULL);
		assert_non_null(live);
		for (int f = 0; f < 40; f++) {
			double sum = 0;

			for (size_t i = 0; i < n; i++) {
				seed = seed * 1664525u + 1013904223u;
				cells[i] = (seed >> 24) < (uint32_t)(f * 6) ? (uint8_t)(seed >> 16)
									    : 0;
				sum += cells[i];
			}
			pl_live_frame(live, cells, PL_U8, (uint64_t)f, row);
			assert_float_equal(at("force_counts"), sum, 1e-6 * sum);
		}
		pl_live_free(live);
		free(cells);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_places_only_peaks),
		cmocka_unit_test(one_cell),
		cmocka_unit_test(every_column_is_documented),
		cmocka_unit_test(names_parse),
		cmocka_unit_test(odd_mats),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
