/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every mat file that is shipped: it loads, its simulated device and its decoder understand each
 * other however the stream is cut, and its calibration reaches the pressures a foot makes.
 */
#include "stream.h"

#include "drivers/mat/mat.h"

#define FRAMES 5

static unsigned mats;

static void check_mat(void *user, const char *name, const char *path)
{
	struct pl_error err = {0};
	struct pl_encoder *e;
	struct stream s;
	struct pl_mat mat;
	struct play p;
	uint8_t *cells;

	(void)user;
	print_message("  %s\n", name);
	if (pl_mat_load(&mat, name, NULL, &err))
		fail_msg("%s", err.message);
	assert_string_equal(mat.path, path);
	assert_string_equal(mat.name, name);
	assert_true(strlen(mat.title) > 4);
	assert_non_null(strstr(mat.config_text, "title"));
	assert_int_equal(mat.decoder.rows, mat.geometry.rows);
	assert_int_equal(mat.decoder.cols, mat.geometry.cols);
	assert_int_equal(mat.decoder.dtype, mat.dtype);
	e = pl_encoder_new(&mat.decoder, &err);
	assert_non_null(e);
	assert_true(pl_encoder_ready(e)); /* all of them stream unasked */
	pl_encoder_free(e);
	s = make_stream(&mat.decoder, FRAMES, 42, &cells, NULL);
	p = play_every_way(&mat.decoder, &s, 1000);
	assert_int_equal(p.n, FRAMES);
	for (size_t i = 0; i < FRAMES; i++)
		assert_memory_equal(p.frames[i].frame.cells, cells + i * p.cell_bytes,
				    p.cell_bytes);
	assert_int_equal(p.stats.skipped_bytes, 0);
	play_free(&p);
	stream_free(&s);
	free(cells);
	pl_mat_free(&mat);
	mats++;
}

static void test_shipped(void **state)
{
	(void)state;
	pl_mat_list(check_mat, NULL);
	assert_true(mats >= 5);
}

/* Recordings of whole and half kPa survive the way to counts and back. */
static void test_quantisation(void **state)
{
	static const char *const names[] = {"pmp-64x64", "pmp-emed", "pmp-fscan"};

	(void)state;
	for (size_t k = 0; k < 3; k++) {
		struct pl_error err;
		struct pl_mat mat;
		size_t n;
		double *kpa, *back;
		uint16_t *counts;

		assert_int_equal(pl_mat_load(&mat, names[k], NULL, &err), 0);
		assert_int_equal(mat.calibration.unit, PL_UNIT_KPA);
		n = pl_geometry_cells(&mat.geometry);
		kpa = calloc(n, sizeof(*kpa));
		back = calloc(n, sizeof(*back));
		counts = calloc(n, sizeof(*counts));
		for (size_t i = 0; i < n; i++)
			kpa[i] = (double)(i % 3000) * 0.5;
		pl_calibrate_inverse(&mat.calibration, &mat.geometry, kpa, mat.dtype, counts);
		pl_calibrate(&mat.calibration, &mat.geometry, counts, mat.dtype, back);
		for (size_t i = 0; i < n; i++)
			assert_float_equal(back[i], kpa[i], 1e-9);
		free(kpa);
		free(back);
		free(counts);
		pl_mat_free(&mat);
	}
}

static void test_geometries(void **state)
{
	static const struct {
		const char *name;
		unsigned rows, cols;
		double pitch_mm, rate_hz;
	} rows[] = {
		{"pmp-64x64", 64, 64, 10, 500},	    {"pmp-emed", 54, 22, 5, 100},
		{"pmp-fscan", 60, 21, 5.08, 31.25}, {"jq-64x64", 64, 64, 14, 25},
		{"flexitac-16x32", 16, 32, 2, 0},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct pl_error err;
		struct pl_mat mat;

		assert_int_equal(pl_mat_load(&mat, rows[i].name, NULL, &err), 0);
		assert_int_equal(mat.geometry.rows, rows[i].rows);
		assert_int_equal(mat.geometry.cols, rows[i].cols);
		assert_float_equal(mat.geometry.pitch_row_m * 1000, rows[i].pitch_mm, 1e-9);
		assert_float_equal(mat.geometry.pitch_col_m * 1000, rows[i].pitch_mm, 1e-9);
		assert_float_equal(mat.rate_hz, rows[i].rate_hz, 0);
		pl_mat_free(&mat);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_shipped),
		cmocka_unit_test(test_quantisation),
		cmocka_unit_test(test_geometries),
	};

	/* only what is shipped, whatever this machine has besides */
	setenv("XDG_CONFIG_HOME", "/nonexistent", 1);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
