/* SPDX-License-Identifier: Apache-2.0 */
/*
 * 240 real steps of four people's right feet (data/speedpp), as they are, mirrored, and walked
 * the other way: a side that is given must be the right one, in every frame and in the end, and
 * regions must add up. How many sides stay unknown is printed and bounded.
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
#include <hdf5.h>

#include <plantar/analysis.h>

#include "both_passes.h"

#define ROWS 63
#define COLS 33
#define FRAMES 500
static const struct pl_geometry mat = {ROWS, COLS, 0.00508, 0.00508};

static uint16_t raw[ROWS * COLS * FRAMES];
static double kpa[FRAMES][ROWS * COLS];
static unsigned frames;

enum way { AS_IT_IS, MIRRORED, TURNED };

/* Axes of the file: y from heel to toe, x, time. Row 0 of ours is the front. */
static void lay_out(enum way way)
{
	frames = 0;
	for (unsigned y = 0; y < ROWS; y++) {
		for (unsigned x = 0; x < COLS; x++) {
			unsigned r = way == TURNED ? y : ROWS - 1 - y;
			unsigned c = way == AS_IT_IS ? x : COLS - 1 - x;

			for (unsigned t = 0; t < FRAMES; t++) {
				uint16_t v = raw[(y * COLS + x) * FRAMES + t];

				kpa[t][r * COLS + c] = v;
				if (v && t >= frames)
					frames = t + 1;
			}
		}
	}
}

static bool read_step(const char *path, unsigned step)
{
	char name[16];
	hid_t file, set;
	bool ok;

	snprintf(name, sizeof(name), "img%03u", step);
	file = H5Fopen(path, H5F_ACC_RDONLY, H5P_DEFAULT);
	if (file < 0)
		return false;
	set = H5Dopen2(file, name, H5P_DEFAULT);
	ok = H5Dread(set, H5T_NATIVE_UINT16, H5S_ALL, H5S_ALL, H5P_DEFAULT, raw) >= 0;
	H5Dclose(set);
	H5Fclose(file);
	return ok;
}

/* Adds frames shown as left, right, unknown. */
static void live(unsigned seen[3])
{
	struct pl_live_options o;
	struct pl_calibration cal;
	struct pl_live *l;
	float row[128];

	pl_calibration_init(&cal, &mat);
	cal.unit = PL_UNIT_KPA;
	pl_live_options_init(&o);
	o.rate_hz = 500;
	l = pl_live_new(&mat, &cal, &o, NULL);
	assert_non_null(l);
	for (unsigned t = 0; t < frames; t++) {
		pl_live_frame(l, kpa[t], PL_F64, t, row);
		seen[PL_SIDE_LEFT] += !isnan(row[pl_metric_find("left_force_n")]);
		seen[PL_SIDE_RIGHT] += !isnan(row[pl_metric_find("right_force_n")]);
		seen[PL_SIDE_UNKNOWN] += !isnan(row[pl_metric_find("foot_force_n")]);
		assert_true(row[pl_metric_find("feet")] <= 1);
	}
	pl_live_free(l);
}

static void offline(unsigned found[3])
{
	static char text[1 << 16];
	struct pl_analysis_options o;
	struct pl_analysis *a;

	pl_analysis_options_init(&o);
	a = pl_analysis_new(&mat, true, 0, 500, &o, NULL);
	assert_non_null(a);
	both_passes_of(a, kpa[0], sizeof(kpa[0]) / sizeof(double), frames, 500);
	assert_true(pl_analysis_totals(a)->region_sum_error_max < 1e-12);
	analysis_text(a, text, sizeof(text));
	if (strstr(text, ",\"steps\":["))
		*strstr(text, ",\"steps\":[") = '\0'; /* what is counted here are feet */
	pl_analysis_free(a);
	assert_non_null(strstr(text, "\"side\""));
	assert_null(strstr(strstr(text, "\"side\"") + 1, "\"side\"")); /* one foot */
	found[PL_SIDE_LEFT] += strstr(text, "\"side\":\"left\"") != NULL;
	found[PL_SIDE_RIGHT] += strstr(text, "\"side\":\"right\"") != NULL;
	found[PL_SIDE_UNKNOWN] += strstr(text, "\"side\":\"unknown\"") != NULL;
}

static void campaign(enum way way, const char *name, int every)
{
	enum pl_side wrong = way == MIRRORED ? PL_SIDE_RIGHT : PL_SIDE_LEFT;
	enum pl_side right = way == MIRRORED ? PL_SIDE_LEFT : PL_SIDE_RIGHT;
	const char *shared = getenv("PLANTAR_SHARED");
	unsigned seen[3] = {0}, found[3] = {0}, steps = 0;

	for (unsigned k = 0; k < 240; k += (unsigned)every) {
		char path[4096];

		snprintf(path, sizeof(path), "%s/data/speedpp/subj%03u.h5",
			 shared ? shared : "../shared", k / 60);
		assert_true(read_step(path, k % 60));
		lay_out(way);
		live(seen);
		offline(found);
		steps++;
	}
	print_message("%s: %u steps, side found in %u, wrong in %u; live frames: %u with the side, "
		      "%u unknown, %u wrong\n",
		      name, steps, found[right], found[wrong], seen[right], seen[PL_SIDE_UNKNOWN],
		      seen[wrong]);
	assert_int_equal(found[wrong], 0);
	assert_int_equal(seen[wrong], 0);
	assert_true(found[right] * 100 >= steps * 99);
}

static void as_they_are(void **state)
{
	(void)state;
	campaign(AS_IT_IS, "right feet", 1);
}

static void mirrored(void **state)
{
	(void)state;
	campaign(MIRRORED, "mirrored to left feet", 2);
}

static void the_other_way(void **state)
{
	(void)state;
	campaign(TURNED, "right feet walking towards the rear", 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(as_they_are),
		cmocka_unit_test(mirrored),
		cmocka_unit_test(the_other_way),
	};
	const char *shared = getenv("PLANTAR_SHARED");
	char path[4096];
	FILE *file;

	snprintf(path, sizeof(path), "%s/data/speedpp/subj003.h5", shared ? shared : "../shared");
	file = fopen(path, "rb");
	if (!file) {
		print_message("skipped: no data/speedpp below PLANTAR_SHARED\n");
		return 77;
	}
	fclose(file);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
