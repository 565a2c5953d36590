/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Real recordings of other makers, against what other people's programs compute from them
 * (golden/pressure.json), through the very function that `plantar analyze` calls. And the same
 * files damaged: the place must be named. Skipped without PLANTAR_SHARED.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>
#include <jansson.h>

#include <plantar/analysis.h>
#include <plantar/recording.h>

#include "foreign_text.h"

#define TOLERANCE 1e-6 /* relative */
#define JSON_BYTES (1u << 20)
#define SKIPPED 77

static const char *shared;
static json_t *golden;

static char *in_shared(const char *name)
{
	static char path[4096];

	snprintf(path, sizeof(path), "%s/%s", shared, name);
	return path;
}

static struct pl_recording *open_shared(const char *name)
{
	struct pl_error err = {0};
	struct pl_recording *rec = pl_recording_open(in_shared(name), &err);

	if (!rec)
		fail_msg("%s", err.message);
	return rec;
}

static json_t *analyze(struct pl_recording *rec, enum pl_region_convention region)
{
	char *text = malloc(JSON_BYTES);
	struct pl_analysis_options o;
	struct pl_error err = {0};
	struct pl_json json;
	json_t *document;

	assert_non_null(text);
	pl_analysis_options_init(&o);
	o.region = region;
	pl_json_init(&json, text, JSON_BYTES);
	if (pl_recording_analyze(rec, &o, &json, NULL, NULL, &err))
		fail_msg("%s", err.message);
	assert_true(pl_json_finish(&json) > 0);
	document = json_loads(text, 0, NULL);
	assert_non_null(document);
	free(text);
	return document;
}

/* "a.b.c" */
static double number_at(json_t *document, const char *path)
{
	char copy[128], *part, *rest = copy;
	json_t *at = document;

	snprintf(copy, sizeof(copy), "%s", path);
	while ((part = strsep(&rest, ".")))
		at = json_object_get(at, part);
	if (!json_is_number(at))
		fail_msg("no number %s", path);
	return json_number_value(at);
}

static void check(json_t *document, const char *path, json_t *wanted, const char *key)
{
	double have = number_at(document, path), want = number_at(wanted, key);

	if (!(fabs(have - want) <= TOLERANCE * fabs(want)))
		fail_msg("%s is %.12g, golden %s is %.12g", path, have, key, want);
}

static void check_totals(json_t *document, json_t *wanted)
{
	check(document, "recording.frames", wanted, "frames");
	check(document, "recording.rows", wanted, "rows");
	check(document, "recording.cols", wanted, "cols");
	check(document, "total.force_peak_n", wanted, "force_peak_N");
	assert_true(number_at(document, "total.force_peak_frame") ==
		    number_at(wanted, "force_peak_frame1") - 1);
	check(document, "total.force_time_integral_ns", wanted, "fti_trapz_Ns");
	check(document, "total.pressure_peak_kpa", wanted, "peak_kPa");
	check(document, "total.contact_area_peak_cm2", wanted, "area_peak_cm2");
	check(document, "total.contact_area_footprint_cm2", wanted, "area_footprint_cm2");
	check(document, "total.pressure_time_integral_max_cell_kpa_s", wanted,
	      "pressure_time_integral_max_cell_kPa_s");
}

static void check_file(const char *name, const char *key)
{
	struct pl_recording *rec = open_shared(name);
	json_t *document = analyze(rec, PL_REGION_NOVEL), *wanted = json_object_get(golden, key);
	double dt_s = 1 / pl_recording_info(rec)->rate_hz;

	assert_true(fabs(dt_s - number_at(wanted, "dt_s")) < 1e-12);
	check_totals(document, wanted);
	json_decref(document);
	pl_recording_close(rec);
}

static void emed_totals(void **state)
{
	(void)state;
	check_file("data/emed/walk.lst", "emed/walk.lst");
}

static void tekscan_totals(void **state)
{
	(void)state;
	check_file("data/footpress/walk_L.asf", "footpress/walk_L.asf");
}

/* No golden figures for the right one: what it says of itself, and a second way to its peak. */
static void tekscan_right_reads(void **state)
{
	struct pl_recording *rec = open_shared("data/footpress/walk_R.asf");
	double area_m2 = pl_cell_area_m2(&pl_recording_info(rec)->geometry), peak_n = 0;
	json_t *document = analyze(rec, PL_REGION_NOVEL);
	struct pl_error err;
	struct pl_frame f;

	(void)state;
	assert_int_equal(pl_recording_info(rec)->frames, 205);
	assert_int_equal(pl_recording_rewind(rec, &err), 0);
	while (pl_recording_next(rec, &f, &err) > 0) {
		const double *cells = f.cells;
		double n = 0;

		for (size_t i = 0; i < (size_t)f.rows * f.cols; i++)
			n += cells[i] * 1000 * area_m2;
		if (n > peak_n)
			peak_n = n;
	}
	assert_true(peak_n > 300);
	assert_true(fabs(number_at(document, "total.force_peak_n") - peak_n) < 1e-9 * peak_n);
	json_decref(document);
	pl_recording_close(rec);
}

/* ---- thirds of the box ----------------------------------------------------------------------- */

static json_t *only_foot(json_t *document)
{
	json_t *feet = json_object_get(document, "feet");

	assert_int_equal(json_array_size(feet), 1);
	return json_array_get(feet, 0);
}

static void check_thirds(const char *name, const char *key)
{
	static const char *const regions[][2] = {
		{"heel", "heel"}, {"midfoot", "mid"}, {"forefoot", "fore"}};
	struct pl_recording *rec = open_shared(name);
	json_t *document = analyze(rec, PL_REGION_THIRDS_BOX);
	json_t *have = json_object_get(only_foot(document), "regions");
	json_t *wanted = json_object_get(json_object_get(golden, key), "regions_thirds_box");

	for (int i = 0; i < 3; i++) {
		json_t *region = json_object_get(have, regions[i][0]);
		json_t *want = json_object_get(wanted, regions[i][1]);

		assert_non_null(region);
		check(region, "force_peak_n", want, "force_peak_N");
		check(region, "force_time_integral_ns", want, "fti_Ns");
		check(region, "contact_area_cm2", want, "area_footprint_cm2");
	}
	json_decref(document);
	pl_recording_close(rec);
}

static void emed_thirds(void **state)
{
	(void)state;
	check_thirds("data/emed/walk.lst", "emed/walk.lst");
}

static void tekscan_thirds(void **state)
{
	(void)state;
	check_thirds("data/footpress/walk_L.asf", "footpress/walk_L.asf");
}

/* ---- the same files, damaged ----------------------------------------------------------------- */

struct damage {
	unsigned line;	     /* replaced by instead; 0: cut at byte cut */
	const char *instead; /* NULL: left out */
	size_t cut;
	const char *says[2];
};

static void check_damaged(const char *name, const struct damage *damages, size_t n)
{
	char path[] = "/tmp/plantar-golden-XXXXXX";
	struct text t = text_read(in_shared(name));
	int fd = mkstemp(path);

	assert_non_null(t.s);
	assert_true(fd >= 0);
	close(fd);
	for (size_t i = 0; i < n; i++) {
		const struct damage *d = &damages[i];
		struct text bad = d->line ? text_line(&t, d->line, d->instead ? d->instead : "")
					  : text_copy(&t);
		struct pl_error err = {0};

		if (!d->line)
			bad.n = d->cut;
		text_write(&bad, path);
		assert_null(pl_recording_open(path, &err));
		assert_int_equal(err.code, PL_ECORRUPT);
		for (int k = 0; k < 2 && d->says[k]; k++)
			if (!strstr(err.message, d->says[k]))
				fail_msg("%s, damage %zu: \"%s\" does not say \"%s\"", name, i,
					 err.message, d->says[k]);
		text_free(&bad);
	}
	unlink(path);
	text_free(&t);
}

static void damaged_emed_names_the_place(void **state)
{
	static const struct damage damages[] = {
		{.line = 100, .says = {"line 100, column 1", "row 50 of picture 2"}},
		{.line = 67, .says = {"line 67", "or 'Force' of picture 1"}},
		{.line = 79, .says = {"line 79"}},
		{.line = 77, .says = {"line 79, column 1", "'Pict-No.:'"}},
		{.line = 61,
		 .instead = "78\t0.00\n",
		 .says = {"line 61, column 8", "(2 of 22, picture 1)"}},
		{.line = 61, .instead = "78\t0,00\n", .says = {"line 61, column 5", "comma"}},
		{.line = 61, .instead = "78\tx\n", .says = {"line 61, column 4", "found 'x'"}},
		{.cut = 769849 - 2000, .says = {"line 70", "cut off"}},
		{.cut = 400000, .says = {"picture 56", NULL}},
		{.cut = 300, .says = {"line ", NULL}},
	};

	(void)state;
	check_damaged("data/emed/walk.lst", damages, sizeof(damages) / sizeof(damages[0]));
}

static void damaged_tekscan_names_the_place(void **state)
{
	static const struct damage damages[] = {
		{.line = 40, .says = {"line 91, column 1", "row 60 of 60"}},
		{.line = 31, .says = {"line 31, column 1", "'Frame 1'"}},
		{.line = 40, .instead = "B,B\r\n", .says = {"line 40, column 4", "column 3 of 21"}},
		{.line = 40, .instead = "B;B\r\n", .says = {"line 40, column 2", "decimal"}},
		{.line = 14,
		 .instead = "SECONDS_PER_FRAME 0,032\r\n",
		 .says = {"line 14", "comma"}},
		{.line = 25, .instead = "END_FRAME 206\r\n", .says = {"announces 206", NULL}},
		{.line = 12740, .says = {"line 12739", "'@@': the recording is cut off"}},
		{.cut = 575075 - 1000, .says = {"frame 205", "cut off"}},
		{.cut = 200, .says = {"'ASCII_DATA @@'", NULL}},
	};

	(void)state;
	check_damaged("data/footpress/walk_L.asf", damages, sizeof(damages) / sizeof(damages[0]));
}

/* A frame's Force line with a digit changed: both it and the rows prove each other. */
static void emed_forces_are_checked(void **state)
{
	struct text t = text_read(in_shared("data/emed/walk.lst"));
	struct text bad = text_edit(&t, "\t39.63", 1, "\t39.73");
	struct pl_error err = {0};

	(void)state;
	assert_null(pl_recording_open_memory(PL_FORMAT_EMED_LST, bad.s, bad.n, &err));
	assert_int_equal(err.code, PL_ECORRUPT);
	assert_non_null(strstr(err.message, "line 67"));
	assert_non_null(strstr(err.message, "picture 1"));
	assert_non_null(strstr(err.message, "39.73 N"));
	text_free(&t);
	text_free(&bad);
}

/* Every file of this kind of people is what it is, whatever its name; what needs a person's word
 * says so, and what is none of them is not taken for one. */
static void every_file_is_told_apart(void **state)
{
	static const struct {
		const char *name;
		enum pl_format format; /* UNKNOWN: it does not open */
		enum pl_code code;
		const char *says;
	} files[] = {
		{"data/pedar/walk_first500.asc", PL_FORMAT_PEDAR_ASC, PL_OK, ""},
		{"data/xsensor/walk_pair_first40.csv", PL_FORMAT_XSENSOR_CSV, PL_OK, ""},
		{"data/zebris/step_1.apd", PL_FORMAT_ZEBRIS_APD, PL_OK, ""},
		{"data/bds/BDS00001.txt", PL_FORMAT_UNKNOWN, PL_EUSAGE, "8 COPx[cm]"},
		{"data/pds/PDS13OR1grf.txt", PL_FORMAT_UNKNOWN, PL_EUSAGE, "3 RGRF_Y"},
		{"data/dryft/running_vgrf_300hz.csv", PL_FORMAT_UNKNOWN, PL_EUSAGE, "columns: 1"},
		{"data/speedpp/subj000.h5", PL_FORMAT_UNKNOWN, PL_EFORMAT, "63 x 33 x 500"},
		{"data/emed/LICENSE.md", PL_FORMAT_UNKNOWN, PL_EFORMAT, "no recording known"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		struct pl_error err = {0};
		struct pl_recording *rec = pl_recording_open(in_shared(files[i].name), &err);

		assert_int_equal(err.code, files[i].code);
		assert_non_null(strstr(err.message, files[i].says));
		assert_int_equal(rec ? pl_recording_info(rec)->format : PL_FORMAT_UNKNOWN,
				 files[i].format);
		pl_recording_close(rec);
	}
}

/* Far below what a person notices, also where the machine is busy or sanitized. */
static void reading_is_fast(void **state)
{
	struct timespec a, b;
	double ms;

	(void)state;
	clock_gettime(CLOCK_MONOTONIC, &a);
	pl_recording_close(open_shared("data/emed/walk.lst"));
	clock_gettime(CLOCK_MONOTONIC, &b);
	ms = (double)(b.tv_sec - a.tv_sec) * 1e3 + (double)(b.tv_nsec - a.tv_nsec) / 1e6;
	print_message("emed/walk.lst: %.1f ms\n", ms);
	assert_true(ms < 1000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(emed_totals),
		cmocka_unit_test(tekscan_totals),
		cmocka_unit_test(tekscan_right_reads),
		cmocka_unit_test(emed_thirds),
		cmocka_unit_test(tekscan_thirds),
		cmocka_unit_test(damaged_emed_names_the_place),
		cmocka_unit_test(damaged_tekscan_names_the_place),
		cmocka_unit_test(emed_forces_are_checked),
		cmocka_unit_test(every_file_is_told_apart),
		cmocka_unit_test(reading_is_fast),
	};
	int failed;

	shared = getenv("PLANTAR_SHARED");
	if (!shared)
		shared = "../shared";
	golden = json_load_file(in_shared("golden/pressure.json"), 0, NULL);
	if (!golden) {
		printf("skipped: no golden/pressure.json in %s (set PLANTAR_SHARED)\n", shared);
		return SKIPPED;
	}
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	json_decref(golden);
	return failed;
}
