/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A disk that is full, at every point where it can become full: a tmpfs of 4 MiB in a mount
 * namespace of our own, filled so far that more and more of a conversion fits. Whatever fails, the
 * journal must be whole and a later conversion must give everything. Conversions run in children
 * that end by _exit, as the daemon's do.
 */
#include <fcntl.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include <plantar/archive.h>

#include "fixture.h"

#define FRAMES 400

static char folder[64];

/* Leave about this much free. */
static void fill(const char *name, size_t leave)
{
	struct statvfs fs;
	char path[128];
	uint64_t room;
	int fd;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	assert_true(fd >= 0 && statvfs(folder, &fs) == 0);
	room = (uint64_t)fs.f_bavail * fs.f_bsize;
	if (room > leave)
		assert_int_equal(posix_fallocate(fd, 0, (off_t)(room - leave)), 0);
	close(fd);
}

static void release(const char *name)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	assert_int_equal(unlink(path), 0);
}

static struct pl_journal *begin(struct fixture *f, char *path)
{
	char stem[400];
	struct pl_journal *j;

	assert_int_equal(pl_session_folder(folder, &f->meta, stem, sizeof(stem), NULL), 0);
	sprintf(path, "%s.journal", stem);
	j = pl_journal_create(path, &f->meta, NULL);
	assert_non_null(j);
	return j;
}

static uint64_t frames_in(const char *path, bool *ended)
{
	struct pl_journal_reader *r = pl_journal_open(path, NULL);
	struct pl_journal_record record;
	uint64_t frames = 0;
	int got;

	assert_non_null(r);
	*ended = false;
	while ((got = pl_journal_next(r, &record, NULL)) > 0) {
		frames += record.type == PL_RECORD_FRAME;
		*ended |= record.type == PL_RECORD_END;
	}
	assert_int_equal(got, 0);
	pl_journal_reader_close(r);
	return frames;
}

static void test_journal(void **state)
{
	struct pl_error err = {0};
	struct pl_frame *frame;
	struct pl_journal *j;
	uint64_t full_at;
	struct fixture f;
	char path[512];
	bool ended;

	(void)state;
	fixture_init(&f, 32, 32, PL_U16, 100, true);
	j = begin(&f, path);
	fill("filler", 200000);
	do
		frame = fixture_next(&f);
	while (pl_journal_frames(j, &frame, 1, &err) == 0);
	assert_int_equal(err.code, PL_ENOSPC);
	assert_non_null(strstr(err.message, "make room"));
	full_at = pl_journal_frame_count(j);
	assert_in_range(full_at, 1, 200);
	assert_int_equal(frames_in(path, &ended), full_at);
	release("filler");
	assert_int_equal(pl_journal_frames(j, &frame, 1, &err), 0);
	assert_int_equal(pl_journal_end(j, "disk reserve", &err), 0);
	assert_int_equal(frames_in(path, &ended), full_at + 1);
	assert_true(ended);
	unlink(path);
	fixture_free(&f);
}

/* The error code that a conversion in a child ended with. */
static int convert(const char *journal)
{
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		struct pl_convert_options o = {.journal = journal};
		struct pl_convert_result result;
		struct pl_error err = {0};

		if (pl_convert(&o, &result, &err) != 0) {
			fprintf(stderr, "%s\n", err.message);
			_exit(err.code);
		}
		_exit(result.frames == FRAMES && result.complete ? 0 : 99);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static int verify(const char *journal)
{
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		char session[512];

		sprintf(session, "%.*s", (int)(strrchr(journal, '/') - journal), journal);
		_exit(pl_verify(session, NULL, NULL, NULL, NULL) != 0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return status;
}

static void test_converter(void **state)
{
	unsigned failed = 0, fitted = 0;

	(void)state;
	for (size_t leave = 0; leave < 1200000; leave += leave / 10 + 4096) {
		char path[512], part[520];
		struct pl_journal *j;
		struct fixture f;
		bool ended;
		int code;

		fixture_init(&f, 32, 32, PL_U16, 100, true);
		j = begin(&f, path);
		for (int i = 0; i < FRAMES; i++) {
			struct pl_frame *frame = fixture_next(&f);

			assert_int_equal(pl_journal_frames(j, &frame, 1, NULL), 0);
		}
		assert_int_equal(pl_journal_end(j, "stopped", NULL), 0);
		fill("filler", leave);
		code = convert(path);
		release("filler");
		if (code != 0) {
			assert_int_equal(code, PL_ENOSPC);
			assert_int_equal(frames_in(path, &ended), FRAMES);
			assert_true(ended);
			sprintf(part, "%.*s.h5.part", (int)(strlen(path) - 8), path);
			assert_int_not_equal(access(part, F_OK), 0);
			assert_int_equal(convert(path), 0);
			failed++;
		} else {
			fitted++;
		}
		assert_int_not_equal(access(path, F_OK), 0);
		assert_int_equal(verify(path), 0);
		*strrchr(path, '/') = '\0';
		fixture_remove(path);
		fixture_free(&f);
	}
	printf("%u conversions ran out of disk, %u fitted\n", failed, fitted);
	assert_true(failed > 10 && fitted > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_journal),
		cmocka_unit_test(test_converter),
	};
	int result;

	fixture_folder(folder);
	if ((unshare(CLONE_NEWNS) != 0 && unshare(CLONE_NEWUSER | CLONE_NEWNS) != 0) ||
	    mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0 ||
	    mount("tmpfs", folder, "tmpfs", 0, "size=4m") != 0) {
		printf("skipped: no small tmpfs can be mounted here (needs root or user "
		       "namespaces)\n");
		rmdir(folder);
		return 77;
	}
	result = cmocka_run_group_tests(tests, NULL, NULL);
	umount(folder);
	rmdir(folder);
	return result;
}
