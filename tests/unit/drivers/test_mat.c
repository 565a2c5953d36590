/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every mat file that is shipped: it loads, its simulated device and its decoder understand each
 * other however the stream is cut, and its calibration reaches the pressures a foot makes.
 */
#include "stream.h"

#include "drivers/mat/mat.h"
#include "tests/unit/sanitized.h"

#define FRAMES 5

static unsigned mats;

/* A bridge's first sample of an input that was switched on; what comes before a scale was spoken
 * to. */
static bool first_unsure(const struct pl_mat *mat)
{
	const char *protocol = mat->decoder.protocol;

	return !strcmp(protocol, "phidget") || !strcmp(protocol, "fisica");
}

/* Frames of five that cannot be read: a text's first line may have been joined in its middle, and
 * the last part of a frame may be waiting for the next one. */
static size_t unread(const struct pl_mat *mat)
{
	const struct pl_matrix_config *m = &mat->decoder.matrix;
	bool joined = m->text.line && !m->poll.n && !m->text.begin[0] && !m->text.prefix[0];

	if (m->chunks.cells && m->rows * m->cols % m->chunks.cells)
		return 1;
	return joined || first_unsure(mat);
}

/* Mats whose frames nothing parts: the first row behind a silence begins them, whatever came before
 * it, and they go on without another. */
static void check_silence(const struct pl_mat *mat)
{
	static const uint8_t stale[] = "17 4\n3";
	struct pl_decoder *d = pl_decoder_new(&mat->decoder, NULL);
	size_t bytes = config_bytes(&mat->decoder), ends[FRAMES], at = 0, frames = 0;
	struct pl_raw_frame frame = {.cells = malloc(bytes)};
	uint8_t *cells;
	struct stream s = make_stream(&mat->decoder, FRAMES, 42, &cells, ends);
	bool got;

	assert_int_equal(pl_decoder_feed(d, stale, 6, 1000, &frame, &got), 6);
	while (at < s.n) {
		at += pl_decoder_feed(d, s.bytes + at, s.n - at, 1000000000, &frame, &got);
		if (got)
			assert_memory_equal(frame.cells, cells + frames++ * bytes, bytes);
	}
	assert_int_equal(frames, FRAMES);
	free(frame.cells);
	free(cells);
	stream_free(&s);
	pl_decoder_free(d);
}

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
	assert_int_equal(pl_encoder_ready(e),
			 !mat.decoder.matrix.start.n && !mat.decoder.matrix.poll.n);
	pl_encoder_receive(e, mat.decoder.matrix.start.bytes, mat.decoder.matrix.start.n);
	pl_encoder_receive(e, mat.decoder.matrix.poll.bytes, mat.decoder.matrix.poll.n);
	assert_true(pl_encoder_ready(e));
	pl_encoder_free(e);
	mats++;
	if (mat.decoder.matrix.text.idle_ms) {
		check_silence(&mat);
		pl_mat_free(&mat);
		return;
	}
	s = make_stream(&mat.decoder, FRAMES, 42, &cells, NULL);
	p = SANITIZED || s.n > 20000 ? play_many_ways(&mat.decoder, &s, SANITIZED ? 8 : 100)
				     : play_every_way(&mat.decoder, &s, 1000);
	assert_int_equal(p.n, FRAMES - unread(&mat));
	for (size_t i = 0; i < p.n; i++)
		assert_memory_equal(p.frames[i].frame.cells,
				    cells + (i + (mat.decoder.matrix.text.line || first_unsure(&mat)
							  ? unread(&mat)
							  : 0)) *
						    p.cell_bytes,
				    p.cell_bytes);
	if (!unread(&mat))
		assert_int_equal(p.stats.skipped_bytes, 0);
	play_free(&p);
	stream_free(&s);
	free(cells);
	pl_mat_free(&mat);
}

static void test_shipped(void **state)
{
	(void)state;
	pl_mat_list(check_mat, NULL);
	assert_true(mats >= 42);
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
