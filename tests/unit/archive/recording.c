/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What all recordings have in common: the format is told by content, what is no recording is
 * refused at once and with a way out, and time runs forward by the best clock there is.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include <plantar/recording.h>

#include "foreign_text.h"

#define ROWS 4
#define COLS 3
#define FRAMES 3

/* ---- which format ---------------------------------------------------------------------------- */

static void names_say_nothing(void **state)
{
	char folder[] = "/tmp/plantar-import-XXXXXX", path[64];
	struct text lst = foreign_lst(ROWS, COLS, FRAMES), asf = foreign_asf(ROWS, COLS, FRAMES);
	struct pl_error err = {0};
	struct pl_recording *rec;

	(void)state;
	assert_non_null(mkdtemp(folder));
	snprintf(path, sizeof(path), "%s/walk.asf", folder);
	text_write(&lst, path);
	assert_int_equal(pl_format_probe_file(path, &err), PL_FORMAT_EMED_LST);
	rec = pl_recording_open(path, &err);
	assert_non_null(rec);
	assert_string_equal(pl_recording_info(rec)->path, path);
	pl_recording_close(rec);
	text_write(&asf, path);
	unlink(path);
	snprintf(path, sizeof(path), "%s/session.h5", folder);
	text_write(&asf, path);
	assert_int_equal(pl_format_probe_file(path, &err), PL_FORMAT_TEKSCAN_ASF);
	unlink(path);
	rmdir(folder);
	text_free(&lst);
	text_free(&asf);
}

static void a_refusal_names_the_file(void **state)
{
	char path[] = "/tmp/plantar-import-XXXXXX";
	int fd = mkstemp(path);
	struct text t = foreign_asf(ROWS, COLS, FRAMES);
	struct text bad = text_edit(&t, "Frame 2", 1, "Frame 9");
	struct pl_error err;

	(void)state;
	close(fd);
	text_write(&bad, path);
	assert_null(pl_recording_open(path, &err));
	assert_memory_equal(err.message, path, strlen(path));
	assert_non_null(strstr(err.message, ": line 28, column "));
	unlink(path);
	text_free(&t);
	text_free(&bad);
}

static void unknown_content_is_told_what_can_be_read(void **state)
{
	static const char *const contents[] = {"hello\n", "", "\xff\xfePi",

					       "PK\3\4", "plcap"};
	char path[] = "/tmp/plantar-import-XXXXXX.lst";
	int fd = mkstemps(path, 4);

	(void)state;
	close(fd);
	for (size_t i = 0; i < sizeof(contents) / sizeof(contents[0]); i++) {
		struct text t = {.s = (char *)contents[i], .n = strlen(contents[i])};
		struct pl_error err = {0};

		text_write(&t, path);
		assert_null(pl_recording_open(path, &err));
		assert_int_equal(err.code, PL_EFORMAT);
		assert_non_null(strstr(err.message, "emed .lst"));
		assert_non_null(strstr(err.message, ".asf"));
	}
	unlink(path);
}

static void heads_are_told_apart(void **state)
{
	(void)state;
	assert_int_equal(pl_format_probe("\x89HDF\r\n\x1a\n....", 12), PL_FORMAT_PLANTAR_H5);
	assert_int_equal(pl_format_probe("plcap 1\nmat: x\n", 15), PL_FORMAT_PLCAP);
	assert_int_equal(pl_format_probe("plcap 12\n", 9), PL_FORMAT_UNKNOWN);
	assert_int_equal(pl_format_probe("PLJRNL\r\n\1\0\0\0", 12), PL_FORMAT_JOURNAL);
	assert_int_equal(pl_format_probe("", 0), PL_FORMAT_UNKNOWN);
	assert_string_equal(pl_format_name(PL_FORMAT_JOURNAL), "plantar-journal");
	assert_string_equal(pl_format_name((enum pl_format)99), "unknown");
}

static void what_is_no_file_is_said_at_once(void **state)
{
	char folder[] = "/tmp/plantar-import-XXXXXX", path[64];
	struct pl_error err = {0};

	(void)state;
	assert_non_null(mkdtemp(folder));
	assert_null(pl_recording_open(folder, &err));
	assert_int_equal(err.code, PL_EFORMAT);
	assert_non_null(strstr(err.message, "is a folder"));
	snprintf(path, sizeof(path), "%s/fifo", folder);
	assert_int_equal(mkfifo(path, 0600), 0);
	assert_null(pl_recording_open(path, &err)); /* nobody writes: must not wait */
	assert_int_equal(err.code, PL_EFORMAT);
	unlink(path);
	assert_null(pl_recording_open(path, &err));
	assert_int_equal(err.code, PL_ENOENT);
	assert_int_equal(pl_format_probe_file(path, &err), PL_FORMAT_UNKNOWN);
	rmdir(folder);
}

/* ---- from callbacks -------------------------------------------------------------------------- */

struct script {
	unsigned at;
	bool closed;
	uint16_t cells[ROWS * COLS];
};

static const struct {
	uint32_t epoch;
	int64_t t_est_ns, t_device_ns, wanted_ns;
} scripted[] = {
	{0, 1000, INT64_MIN, 1000}, /* no device clock */
	{0, 1010, INT64_MIN, 1010},
	{1, 2000, 500, 2000}, /* a new connection: the device's clock from here on */
	{1, 2013, 510, 2010},
	{1, 2019, 520, 2020},
	{2, 2015, 7, 2021}, /* reconnected: never backwards */
	{2, 2031, 17, 2031},
	{2, 2041, INT64_MAX, 2041}, /* nonsense: estimated */
};
#define SCRIPTED (sizeof(scripted) / sizeof(scripted[0]))

static int script_next(void *user, struct pl_frame *f, struct pl_error *err)
{
	struct script *s = user;

	(void)err;
	if (s->at == SCRIPTED)
		return 0;
	*f = (struct pl_frame){.seq = s->at,
			       .epoch = scripted[s->at].epoch,
			       .t_est_ns = scripted[s->at].t_est_ns,
			       .t_device_ns = scripted[s->at].t_device_ns,
			       .cells = s->cells};
	s->at++;
	return 1;
}

static int script_rewind(void *user, struct pl_error *err)
{
	(void)err;
	((struct script *)user)->at = 0;
	return 0;
}

static void script_close(void *user)
{
	((struct script *)user)->closed = true;
}

static void time_runs_forward_by_the_best_clock(void **state)
{
	struct script script = {0};
	struct pl_recording_source source = {
		.info = {.geometry = {ROWS, COLS, 0.01, 0.01}, .dtype = PL_U16},
		.next = script_next,
		.rewind = script_rewind,
		.close = script_close,
		.user = &script,
	};
	struct pl_error err = {0};
	struct pl_recording *rec;
	struct pl_frame f;

	(void)state;
	pl_calibration_init(&source.calibration, &source.info.geometry);
	rec = pl_recording_from(&source, &err);
	assert_non_null(rec);
	for (int round = 0; round < 2; round++) {
		for (unsigned i = 0; i < SCRIPTED; i++) {
			assert_int_equal(pl_recording_next(rec, &f, &err), 1);
			assert_int_equal(pl_recording_time_ns(rec, &f), scripted[i].wanted_ns);
		}
		assert_int_equal(pl_recording_next(rec, &f, &err), 0);
		assert_int_equal(pl_recording_rewind(rec, &err), 0);
	}
	pl_recording_close(rec);
	assert_true(script.closed);
}

static void an_impossible_source_is_refused_and_closed(void **state)
{
	struct script script = {0};
	struct pl_recording_source source = {
		.info = {.geometry = {0, COLS, 0.01, 0.01}},
		.close = script_close,
		.user = &script,
	};
	struct pl_error err = {0};

	(void)state;
	pl_calibration_init(&source.calibration, &source.info.geometry);
	assert_null(pl_recording_from(&source, &err));
	assert_true(err.code != PL_OK && script.closed);
	pl_recording_close(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_say_nothing),
		cmocka_unit_test(a_refusal_names_the_file),
		cmocka_unit_test(unknown_content_is_told_what_can_be_read),
		cmocka_unit_test(heads_are_told_apart),
		cmocka_unit_test(what_is_no_file_is_said_at_once),
		cmocka_unit_test(time_runs_forward_by_the_best_clock),
		cmocka_unit_test(an_impossible_source_is_refused_and_closed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
