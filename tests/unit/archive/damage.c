/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Journals that are damaged: what is before the damage becomes a file, what is behind it is not
 * thrown away, and as long as somebody records nothing is concluded at all.
 */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>
#include <hdf5.h>

#include <plantar/archive.h>
#include <plantar/recording.h>

#include "fixture.h"

static char folder[64];

static int set_up(void **state)
{
	(void)state;
	fixture_folder(folder);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	fixture_remove(folder);
	return 0;
}

static bool exists(const char *path, const char *suffix)
{
	char whole[4200];

	snprintf(whole, sizeof(whole), "%s%s", path, suffix);
	return access(whole, F_OK) == 0;
}

/* A journal of 50 frames with its end, in a session of that name (NULL: a new one). Its size. */
static off_t record(const char *uuid, char *path, size_t cap)
{
	struct fixture f;
	struct pl_journal *j;
	struct stat st;

	fixture_init(&f, 16, 16, PL_U16, 100, true);
	if (uuid)
		strcpy(f.meta.session_uuid, uuid);
	j = fixture_begin(&f, folder, path, cap);
	fixture_append(&f, j, 50);
	assert_int_equal(pl_journal_end(j, "stopped", NULL), 0);
	fixture_free(&f);
	assert_int_equal(stat(path, &st), 0);
	return st.st_size;
}

static void flip(const char *path, off_t at)
{
	int fd = open(path, O_RDWR);
	uint8_t b;

	assert_int_equal(pread(fd, &b, 1, at), 1);
	b ^= 1;
	assert_int_equal(pwrite(fd, &b, 1, at), 1);
	close(fd);
}

static void convert(const char *journal, bool follow, struct pl_convert_result *result)
{
	struct pl_convert_options o = {.journal = journal, .follow = follow};
	struct pl_error err = {0};

	if (pl_convert(&o, result, &err) != 0)
		fail_msg("%s", err.message);
}

/* The file holds the first n frames and says how it came about. */
static void holds(const char *path, uint64_t n)
{
	struct pl_recording *r = pl_recording_open(path, NULL);
	struct pl_frame frame, *want;
	struct fixture f;

	assert_non_null(r);
	assert_int_equal(pl_recording_info(r)->frames, n);
	assert_non_null(strstr(pl_recording_info(r)->problem, "damaged"));
	fixture_init(&f, 16, 16, PL_U16, 100, true);
	while (pl_recording_next(r, &frame, NULL) > 0) {
		want = fixture_next(&f);
		assert_int_equal(frame.seq, want->seq);
		assert_memory_equal(frame.cells, want->cells, want->cells_bytes);
	}
	assert_int_equal(f.made, n);
	fixture_free(&f);
	pl_recording_close(r);
	assert_int_equal(pl_verify(path, NULL, NULL, NULL, NULL), 0);
}

static void what_is_behind_the_damage_is_kept(void **state)
{
	struct pl_convert_result result;
	char path[512];
	off_t size = record(NULL, path, sizeof(path));

	(void)state;
	flip(path, size - 10000);
	convert(path, false, &result);
	assert_false(result.complete);
	assert_in_range(result.frames, 30, 49);
	holds(result.path, result.frames);
	assert_false(exists(path, ""));
	assert_true(exists(path, ".damaged"));
	assert_int_equal(pl_recover_find(folder, NULL, NULL, NULL), 0);
}

/* What a power cut leaves: zeros, or a record of which some blocks did not get to the disk. */
static void a_torn_tail_is_no_reason_to_keep_a_journal(void **state)
{
	struct pl_convert_result result;
	char path[512];
	off_t size;

	(void)state;
	for (int zeros = 0; zeros < 2; zeros++) {
		size = record(NULL, path, sizeof(path));
		if (zeros) {
			assert_int_equal(truncate(path, size - 3000), 0);
			assert_int_equal(truncate(path, size + 100000), 0);
		} else {
			assert_int_equal(truncate(path, size - 56), 0); /* without the end */
			flip(path, size - 400);
		}
		convert(path, false, &result);
		assert_false(result.complete);
		assert_in_range(result.frames, 40, 49);
		holds(result.path, result.frames);
		assert_false(exists(path, ""));
		assert_false(exists(path, ".damaged"));
	}
}

/* Two reports of one trial: neither overwrites the other. */
static void what_is_put_aside_stays(void **state)
{
	static const char uuid[] = "12345678-1234-4234-8234-123456789abc";
	struct pl_convert_result result;
	char path[512];

	(void)state;
	for (int i = 0; i < 3; i++) {
		off_t size = record(uuid, path, sizeof(path));

		flip(path, size - 10000 - 2000 * i);
		convert(path, false, &result);
	}
	assert_true(exists(path, ".damaged") && exists(path, ".damaged.2") &&
		    exists(path, ".damaged.3"));
	assert_true(exists(result.path, ".replaced") && exists(result.path, ".replaced.2"));
	assert_int_equal(pl_verify(result.path, NULL, NULL, NULL, NULL), 0);
}

/* A file whose cells are right but whose calibration is not would give wrong pressures for ever. */
static void the_calibration_is_compared_too(void **state)
{
	struct pl_convert_result result;
	struct pl_convert_options o = {.keep_journal = true};
	struct pl_recording *r;
	const double wrong = 123;
	char path[512];
	hid_t file, group, a;

	(void)state;
	record(NULL, path, sizeof(path));
	o.journal = path;
	assert_int_equal(pl_convert(&o, &result, NULL), 0);
	file = H5Fopen(result.path, H5F_ACC_RDWR, H5P_DEFAULT);
	group = H5Gopen2(file, "/mat/calibration", H5P_DEFAULT);
	a = H5Aopen(group, "noise_floor", H5P_DEFAULT);
	assert_true(H5Awrite(a, H5T_NATIVE_DOUBLE, &wrong) >= 0);
	H5Aclose(a);
	H5Gclose(group);
	H5Fclose(file);
	convert(path, false, &result);
	assert_true(exists(result.path, ".replaced"));
	r = pl_recording_open(result.path, NULL);
	assert_true(pl_recording_calibration(r)->noise_floor != wrong);
	pl_recording_close(r);
}

/* The recorder goes on behind a damaged block: its journal must not be taken away from it. */
static void a_recorder_keeps_its_journal(void **state)
{
	struct pl_convert_result result;
	struct fixture f;
	struct pl_journal *j;
	struct stat st;
	char path[512];
	pid_t pid;
	int status;

	(void)state;
	fixture_init(&f, 16, 16, PL_U16, 100, true);
	j = fixture_begin(&f, folder, path, sizeof(path));
	fixture_append(&f, j, 50);
	assert_int_equal(stat(path, &st), 0);
	flip(path, st.st_size - 10000);
	pid = fork();
	if (pid == 0) {
		usleep(700000); /* the converter has met the damage several times */
		fixture_append(&f, j, 50);
		if (!exists(path, ""))
			_exit(2);
		_exit(pl_journal_end(j, "stopped", NULL) != 0);
	}
	pl_journal_abandon(j); /* the child keeps the lock */
	convert(path, true, &result);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	holds(result.path, result.frames);
	assert_in_range(result.frames, 30, 49);
	assert_true(exists(path, ".damaged"));
	fixture_free(&f);
}

/* What only looked damaged (a block that came late) is read when it is right. */
static void damage_that_goes_away_is_none(void **state)
{
	struct pl_convert_result result;
	struct fixture f;
	struct pl_journal *j;
	struct stat st;
	char path[512];
	pid_t pid;

	(void)state;
	fixture_init(&f, 16, 16, PL_U16, 100, true);
	j = fixture_begin(&f, folder, path, sizeof(path));
	fixture_append(&f, j, 50);
	assert_int_equal(stat(path, &st), 0);
	flip(path, st.st_size - 10000);
	pid = fork();
	if (pid == 0) {
		usleep(500000);
		flip(path, st.st_size - 10000);
		_exit(pl_journal_end(j, "stopped", NULL) != 0);
	}
	pl_journal_abandon(j);
	convert(path, true, &result);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	assert_true(result.complete);
	assert_int_equal(result.frames, 50);
	assert_false(exists(path, "") || exists(path, ".damaged"));
	fixture_free(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(what_is_behind_the_damage_is_kept, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(a_torn_tail_is_no_reason_to_keep_a_journal, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(what_is_put_aside_stays, set_up, tear_down),
		cmocka_unit_test_setup_teardown(the_calibration_is_compared_too, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_recorder_keeps_its_journal, set_up, tear_down),
		cmocka_unit_test_setup_teardown(damage_that_goes_away_is_none, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
