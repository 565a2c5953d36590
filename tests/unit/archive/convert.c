/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From journal to session file: what was recorded is what is read, in every cell type and at
 * every awkward length; conversions can be interrupted, repeated, followed and given up without
 * anything being lost; damage that comes later is found.
 */
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include <plantar/analysis.h>
#include <plantar/archive.h>
#include <plantar/recording.h>

#include "fixture.h"
#include "lib/archive/claim.h"
#include "lib/archive/journal_file.h"
#include "lib/archive/seal.h"

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

static void record(struct fixture *f, int n, char *path, size_t cap)
{
	struct pl_journal *j = fixture_begin(f, folder, path, cap);

	fixture_append(f, j, n);
	assert_int_equal(pl_journal_event(j, 6000000000, "mark", "here", NULL), 0);
	assert_int_equal(pl_journal_clock(j, 5000000000, f->meta.started_utc_ns, NULL), 0);
	assert_int_equal(pl_journal_end(j, "stopped", NULL), 0);
}

static bool exists(const char *path)
{
	return access(path, F_OK) == 0;
}

static const char *replaced(const char *path, const char *extension, char *out)
{
	sprintf(out, "%.*s%s", (int)(strrchr(path, '.') - path), path, extension);
	return out;
}

static void convert_ok(const char *journal, struct pl_convert_result *result)
{
	struct pl_convert_options o = {.journal = journal};
	struct pl_error err = {0};

	if (pl_convert(&o, result, &err) != 0)
		fail_msg("%s", err.message);
}

/* The session file holds the fixture's first n frames. */
static void same_frames(const char *path, struct fixture *again, uint64_t n)
{
	struct pl_error err = {0};
	struct pl_recording *r = pl_recording_open(path, &err);
	struct pl_frame is;

	if (!r)
		fail_msg("%s", err.message);
	assert_int_equal(pl_recording_info(r)->frames, n);
	for (uint64_t i = 0; i < n; i++) {
		struct pl_frame *want = fixture_next(again);

		assert_int_equal(pl_recording_next(r, &is, &err), 1);
		assert_int_equal(is.seq, want->seq);
		assert_int_equal(is.t_mono_ns, want->t_mono_ns);
		assert_int_equal(is.t_device_ns, want->t_device_ns);
		assert_int_equal(is.flags, want->flags);
		assert_memory_equal(is.cells, want->cells, want->cells_bytes);
		assert_non_null(is.metrics);
		assert_memory_equal(is.metrics, want->metrics, pl_metric_count() * sizeof(float));
	}
	assert_int_equal(pl_recording_next(r, &is, &err), 0);
	pl_recording_close(r);
}

static void same_meta(const char *path, const struct pl_session_meta *want)
{
	struct pl_recording *r = pl_recording_open(path, NULL);
	struct journal_keys none = {0};
	size_t n, m;
	uint8_t *x, *y;

	assert_non_null(r);
	x = pl_journal_head_encode(want, &none, &n, NULL);
	y = pl_journal_head_encode(pl_recording_meta(r), &none, &m, NULL);
	assert_int_equal(n, m);
	assert_memory_equal(x, y, n);
	free(x);
	free(y);
	pl_recording_close(r);
}

static void there_and_back(enum pl_dtype dtype, unsigned rows, unsigned cols, int n,
			   bool calibrated)
{
	char path[512], part[600];
	struct pl_convert_result result;
	struct fixture f, again;

	fixture_init(&f, rows, cols, dtype, 100, calibrated);
	fixture_init(&again, rows, cols, dtype, 100, calibrated);
	record(&f, n, path, sizeof(path));
	convert_ok(path, &result);
	assert_int_equal(result.frames, n);
	assert_int_equal(result.events, 1);
	assert_true(result.complete);
	assert_false(exists(path)); /* the journal is gone, and so are part and lock */
	assert_false(exists(replaced(path, ".h5.part", part)));
	assert_false(exists(replaced(path, ".lock", part)));
	same_frames(result.path, &again, (uint64_t)n);
	same_meta(result.path, &f.meta);
	fixture_free(&f);
	fixture_free(&again);
}

static void test_there_and_back(void **state)
{
	const int lengths[] = {0, 1, 63, 64, 65, 4095, 4096, 4097, 8200};

	(void)state;
	for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++)
		there_and_back(PL_U8, 4, 4, lengths[i], true);
	for (int dtype = PL_U8; dtype <= PL_F64; dtype++)
		there_and_back((enum pl_dtype)dtype, 24, 16, 130, dtype != PL_I16);
	there_and_back(PL_U16, 64, 64, 70, true);
	there_and_back(PL_U32, 400, 400, 3, false); /* a frame larger than a chunk */
}

static int problems(const char *path)
{
	struct pl_error err = {0};
	int n = pl_verify(path, NULL, NULL, NULL, &err);

	if (n < 0)
		fail_msg("%s", err.message);
	return n;
}

static void keep_report(void *user, const struct pl_verify_report *report)
{
	struct pl_verify_report *out = user;

	if (!*out->path || *report->problem)
		*out = *report;
}

static void test_verify(void **state)
{
	char path[512], session[512], other[600];
	struct pl_verify_report report = {0};
	struct pl_convert_result result;
	struct fixture f;
	struct stat st;
	int fd;

	(void)state;
	fixture_init(&f, 32, 32, PL_U16, 100, true);
	record(&f, 300, path, sizeof(path));
	convert_ok(path, &result);
	sprintf(session, "%.*s", (int)(strrchr(path, '/') - path), path);
	assert_int_equal(problems(session), 0);
	assert_int_equal(pl_verify(result.path, keep_report, NULL, &report, NULL), 0);
	assert_true(report.readable && report.manifest_present && report.manifest_ok);
	assert_true(report.metrics_checked && report.metrics_bit_equal);
	assert_int_equal(report.frames, 300);

	/* one byte in the middle of the file */
	fd = open(result.path, O_RDWR);
	assert_true(fd >= 0 && fstat(fd, &st) == 0);
	for (off_t at = st.st_size / 2; at < st.st_size / 2 + 8; at++) {
		uint8_t b;

		assert_int_equal(pread(fd, &b, 1, at), 1);
		b ^= 0x55;
		assert_int_equal(pwrite(fd, &b, 1, at), 1);
	}
	close(fd);
	memset(&report, 0, sizeof(report));
	assert_int_equal(pl_verify(session, keep_report, NULL, &report, NULL), 1);
	assert_true(report.manifest_present && !report.manifest_ok);
	assert_non_null(strstr(report.problem, "SHA-256"));

	/* sealing again does not bless it */
	assert_int_equal(pl_session_seal(session, NULL), 0);
	assert_int_equal(pl_verify(session, NULL, NULL, NULL, NULL), 1);

	/* a file that went missing */
	snprintf(other, sizeof(other), "%s/session.json", session);
	unlink(other);
	assert_int_equal(pl_verify(session, NULL, NULL, NULL, NULL), 2);
	assert_int_equal(pl_verify("/nonexistent", NULL, NULL, NULL, NULL), -1);
	fixture_free(&f);
}

/* Metrics that do not follow from the raw counts, a sequence that its gaps do not explain. */
static void lie(int what, const char *says)
{
	struct pl_verify_report report = {0};
	struct pl_convert_result result;
	struct pl_gap gap = {0, 4, 1, "device", 0, 0};
	struct pl_frame *frame;
	struct pl_journal *j;
	struct fixture f;
	char path[512];

	fixture_init(&f, 16, 16, PL_U16, 100, true);
	j = fixture_begin(&f, folder, path, sizeof(path));
	for (int i = 0; i < 10; i++) {
		frame = fixture_next(&f);
		if (what == 0 && i == 5)
			frame->metrics[0] = -7;
		if (what == 1 && i == 5)
			continue;
		if (what == 2 && i == 4)
			assert_int_equal(pl_journal_gap(j, &gap, NULL), 0);
		if (what == 3 && i == 7)
			frame->seq = 2;
		assert_int_equal(pl_journal_frames(j, &frame, 1, NULL), 0);
	}
	assert_int_equal(pl_journal_end(j, "stopped", NULL), 0);
	convert_ok(path, &result);
	assert_int_equal(pl_verify(result.path, keep_report, NULL, &report, NULL), 1);
	assert_non_null(strstr(report.problem, says));
	fixture_free(&f);
}

static void test_lies(void **state)
{
	(void)state;
	lie(0, "from its raw");
	lie(1, "1 frames are missing");
	lie(2, "but it is there");
	lie(3, "backwards");
}

/* Gaps that tell the truth: lost frames, a recorder that fell behind, a second epoch. */
static void test_honest_gaps(void **state)
{
	struct pl_verify_report report = {0};
	struct pl_convert_result result;
	struct pl_gap lost = {0, 20, 3, "recorder", 0, 0};
	struct pl_gap gone = {1, 0, 0, "unplugged", 0, 0};
	struct pl_journal *j;
	struct fixture f;
	char path[512];

	(void)state;
	fixture_init(&f, 16, 16, PL_U16, 100, true);
	j = fixture_begin(&f, folder, path, sizeof(path));
	fixture_append(&f, j, 20);
	for (int i = 0; i < 3; i++)
		fixture_next(&f); /* seen live, not recorded */
	assert_int_equal(pl_journal_gap(j, &lost, NULL), 0);
	fixture_append(&f, j, 20);
	assert_int_equal(pl_journal_gap(j, &gone, NULL), 0);
	pl_live_reset(f.live);
	f.frame.epoch = 1;
	fixture_append(&f, j, 20);
	assert_int_equal(pl_journal_end(j, "stopped", NULL), 0);
	convert_ok(path, &result);
	if (pl_verify(result.path, keep_report, NULL, &report, NULL) != 0)
		fail_msg("%s", report.problem);
	assert_true(report.metrics_checked && report.metrics_bit_equal);
	assert_int_equal(report.lost_frames, 3);
	assert_int_equal(report.gaps, 2);
	fixture_free(&f);
}

static void test_repeat(void **state)
{
	struct pl_convert_options o = {.keep_journal = true};
	struct pl_convert_result result;
	struct fixture f, again;
	struct pl_error err = {0};
	char path[512], aside[600];
	struct stat was, is;

	(void)state;
	fixture_init(&f, 16, 16, PL_U16, 100, true);
	fixture_init(&again, 16, 16, PL_U16, 100, true);
	record(&f, 200, path, sizeof(path));
	o.journal = path;
	assert_int_equal(pl_convert(&o, &result, &err), 0);
	assert_true(exists(path));
	assert_int_equal(stat(result.path, &was), 0);
	/* as after a power cut between the rename and the removal of the journal */
	convert_ok(path, &result);
	assert_int_equal(result.frames, 200);
	assert_int_equal(stat(result.path, &is), 0);
	assert_int_equal(was.st_ino, is.st_ino);
	assert_false(exists(path));
	assert_int_equal(pl_convert(&o, &result, &err), -1);
	assert_int_equal(err.code, PL_ENOENT);

	/* a finished file of something else is not overwritten */
	fixture_free(&f);
	fixture_init(&f, 16, 16, PL_U16, 100, true);
	record(&f, 10, path, sizeof(path));
	replaced(path, ".h5", aside);
	assert_int_equal(rename(result.path, aside), 0);
	convert_ok(path, &result);
	same_frames(result.path, &again, 10);
	strcat(aside, ".replaced");
	assert_true(exists(aside));
	fixture_free(&f);
	fixture_free(&again);
}

/* The summary is what `plantar analyze` says, by the conventions of the recording. */
static void test_summary(void **state)
{
	static char text[1 << 20];
	struct pl_convert_result result;
	struct pl_analysis_options o;
	struct pl_recording *r;
	struct pl_json json;
	const char *summary;
	struct fixture f;
	char path[512];

	(void)state;
	fixture_init(&f, 32, 32, PL_U16, 100, true);
	f.meta.live.region = PL_REGION_THIRDS;
	f.meta.live.facing = PL_FACING_FORWARD;
	record(&f, 100, path, sizeof(path));
	convert_ok(path, &result);
	r = pl_recording_open(result.path, NULL);
	assert_non_null(r);
	pl_recording_options(r, &o);
	assert_int_equal(o.region, PL_REGION_THIRDS);
	assert_int_equal(o.facing, PL_FACING_FORWARD);
	assert_true(o.body_mass_kg == 71.5);
	pl_json_init(&json, text, sizeof(text));
	assert_int_equal(pl_recording_analyze(r, &o, &json, NULL, NULL, NULL), 0);
	assert_true(pl_json_finish(&json) > 0);
	summary = pl_recording_summary(r);
	assert_non_null(strstr(summary, "\"region\":\"thirds\""));
	/* but for the path */
	assert_string_equal(strstr(summary, ",\"rows\""), strstr(text, ",\"rows\""));
	pl_recording_close(r);
	fixture_free(&f);
}

static bool give_up(void *user, uint64_t done, uint64_t total)
{
	(void)done;
	(void)total;
	return ++*(int *)user > 1;
}

static void test_given_up(void **state)
{
	int asked = 0;
	struct pl_convert_options o = {.progress = give_up, .user = &asked};
	struct pl_error err = {0};
	char path[512], part[600];
	struct pl_convert_result result;
	struct fixture f;

	(void)state;
	fixture_init(&f, 8, 8, PL_U8, 100, true);
	record(&f, 5000, path, sizeof(path));
	o.journal = path;
	assert_int_equal(pl_convert(&o, NULL, &err), -1);
	assert_int_equal(err.code, PL_ESTATE);
	assert_false(exists(replaced(path, ".h5.part", part)));
	assert_false(exists(replaced(path, ".h5", part)));
	convert_ok(path, &result);
	assert_int_equal(result.frames, 5000);
	fixture_free(&f);
}

static void test_refusals(void **state)
{
	struct pl_convert_options o = {.journal = "x.h5"};
	struct pl_convert_result result;
	struct pl_error err = {0};
	char path[512], stem[512];
	struct pl_journal *j;
	struct claim claim;
	struct fixture f;

	(void)state;
	assert_int_equal(pl_convert(&o, NULL, &err), -1);
	assert_int_equal(err.code, PL_EUSAGE);
	fixture_init(&f, 8, 8, PL_U8, 100, true);
	j = fixture_begin(&f, folder, path, sizeof(path));
	o.journal = path;
	assert_int_equal(pl_convert(&o, NULL, &err), -1); /* being written */
	assert_int_equal(err.code, PL_EBUSY);
	assert_int_equal(pl_journal_end(j, "stopped", NULL), 0);
	replaced(path, "", stem);
	assert_int_equal(pl_claim_take(&claim, stem, &err), 0);
	assert_true(pl_recover_find(folder, NULL, NULL, NULL) > 0); /* it may be dying */
	for (int i = 0; i < 2; i++) { /* again: the lock is not the loser's to remove */
		err = (struct pl_error){0};
		assert_int_equal(pl_convert(&o, NULL, &err), -1); /* being converted */
		assert_int_equal(err.code, PL_EBUSY);
		assert_true(exists(claim.path));
	}
	pl_claim_release(&claim);
	assert_int_equal(pl_convert_done(path, &result, &err), -1); /* still to be done */
	assert_int_equal(err.code, PL_ESTATE);
	assert_int_equal(pl_convert(&o, NULL, &err), 0);
	assert_int_equal(pl_convert_done(path, &result, &err), 0);
	assert_true(result.complete);
	assert_true(result.bytes > 0);
	fixture_free(&f);
}

struct list {
	char path[8][512];
	int n;
};

static int take(void *user, const char *path)
{
	struct list *list = user;

	if (list->n < 8)
		strcpy(list->path[list->n++], path);
	return 0;
}

/* What a killed process left in the folder of a recording. */
static void leave(char *path, const char *journal, const char *name)
{
	FILE *f;

	sprintf(path, "%.*s%s", (int)(strrchr(journal, '/') - journal), journal, name);
	f = fopen(path, "w");
	assert_non_null(f);
	fclose(f);
}

static void test_find(void **state)
{
	char root[64], paths[4][512], unborn[600], claimed[600];
	struct list list = {.n = 0};
	struct pl_journal *j[4];
	struct fixture f[4];

	(void)state;
	strcpy(root, folder);
	fixture_folder(folder);
	for (int i = 0; i < 4; i++) {
		fixture_init(&f[i], 4, 4, PL_U8, 100, true);
		f[i].meta.started_utc_ns -= i * 3600000000000;
		j[i] = fixture_begin(&f[i], folder, paths[i], sizeof(paths[i]));
	}
	pl_journal_abandon(j[0]);
	pl_journal_abandon(j[1]);
	pl_journal_abandon(j[2]);			   /* 3 is alive */
	leave(unborn, paths[3], "/trial-002.journal.new"); /* killed before it had its name */
	leave(claimed, paths[3], "/trial-003.lock");	   /* killed after its last step */
	assert_int_equal(pl_recover_find(folder, take, &list, NULL), 3);
	for (int i = 0; i < 3; i++)
		assert_string_equal(list.path[i], paths[2 - i]); /* oldest first */
	assert_false(exists(unborn) || exists(claimed));
	assert_int_equal(pl_recover_find("/nonexistent", take, &list, NULL), 0);
	pl_journal_abandon(j[3]);
	for (int i = 0; i < 4; i++)
		fixture_free(&f[i]);
	fixture_remove(folder);
	strcpy(folder, root);
}

/* What was read back a moment ago and cannot be read now is a disk that errs, not a damaged trial.
 */
static void test_no_overview_of_what_cannot_be_read(void **state)
{
	struct pl_convert_result result;
	struct pl_error err = {0};
	char path[512], json[600], is[8];
	struct fixture f;
	FILE *file;

	(void)state;
	fixture_init(&f, 4, 4, PL_U8, 100, true);
	record(&f, 20, path, sizeof(path));
	convert_ok(path, &result);
	sprintf(json, "%.*s/session.json", (int)(strrchr(path, '/') - path), path);
	file = fopen(json, "w"); /* whatever stands there stays */
	assert_non_null(file);
	fputs("before\n", file);
	fclose(file);
	assert_int_equal(truncate(result.path, 100), 0);
	assert_int_equal(pl_seal_session(result.path, &err), -1);
	assert_true(*err.message);
	file = fopen(json, "r");
	assert_non_null(fgets(is, sizeof(is), file));
	fclose(file);
	assert_string_equal(is, "before\n");
	fixture_free(&f);
}

/* Two trials: one overview of both, and the first is not hashed again. */
static void test_session(void **state)
{
	char path[512], file[600];
	struct pl_convert_result result;
	struct fixture f;
	char text[8192] = "";
	FILE *in;

	(void)state;
	fixture_init(&f, 8, 8, PL_U8, 100, true);
	record(&f, 20, path, sizeof(path));
	convert_ok(path, &result);
	f.meta.trial = 2;
	record(&f, 30, path, sizeof(path));
	convert_ok(path, &result);
	sprintf(file, "%.*s/session.json", (int)(strrchr(path, '/') - path), path);
	in = fopen(file, "r");
	assert_non_null(in);
	assert_true(fread(text, 1, sizeof(text) - 1, in) > 0);
	fclose(in);
	assert_non_null(strstr(text, "\"file\":\"trial-001.h5\""));
	assert_non_null(strstr(text, "\"file\":\"trial-002.h5\""));
	assert_non_null(strstr(text, "\"frames\":30"));
	assert_non_null(strstr(text, "\"kind\":\"mark\""));
	*strrchr(file, '/') = '\0';
	assert_int_equal(pl_verify(file, NULL, NULL, NULL, NULL), 0);
	fixture_free(&f);
}

/* The converter beside a recorder in another process, to the end. */
static void test_followed(void **state)
{
	struct pl_convert_options o = {.follow = true};
	struct pl_convert_result result;
	struct fixture f, again;
	struct pl_error err = {0};
	struct pl_journal *j;
	char path[512];
	pid_t pid;

	(void)state;
	fixture_init(&f, 32, 32, PL_U16, 500, true);
	fixture_init(&again, 32, 32, PL_U16, 500, true);
	j = fixture_begin(&f, folder, path, sizeof(path));
	pid = fork();
	if (pid == 0) {
		for (int i = 0; i < 1500; i++) {
			struct pl_frame *frame = fixture_next(&f);

			if (pl_journal_frames(j, &frame, 1, NULL) != 0)
				_exit(1);
			if (i % 100 == 0)
				usleep(20000);
		}
		_exit(pl_journal_end(j, "stopped", NULL) != 0);
	}
	pl_journal_abandon(j); /* the child keeps the lock */
	o.journal = path;
	if (pl_convert(&o, &result, &err) != 0)
		fail_msg("%s", err.message);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	assert_int_equal(result.frames, 1500);
	assert_true(result.complete);
	same_frames(result.path, &again, 1500);
	fixture_free(&f);
	fixture_free(&again);
}

/* A recorder killed at any moment: what was synced is there, and the file says it is not all. */
static void test_killed(void **state)
{
	uint64_t *synced =
		mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	(void)state;
	srand(20261120);
	for (int round = 0; round < 20; round++) {
		struct pl_convert_result result;
		struct fixture f, again;
		struct pl_journal *j;
		char path[512];
		pid_t pid;

		*synced = 0;
		fixture_init(&f, 16, 16, PL_U16, 500, true);
		fixture_init(&again, 16, 16, PL_U16, 500, true);
		j = fixture_begin(&f, folder, path, sizeof(path));
		pid = fork();
		if (pid == 0) {
			for (uint64_t i = 1;; i++) {
				struct pl_frame *frame = fixture_next(&f);

				if (pl_journal_frames(j, &frame, 1, NULL) != 0)
					_exit(1);
				if (i % 7 == 0 && pl_journal_sync(j, NULL) == 0)
					*(volatile uint64_t *)synced = i;
			}
		}
		pl_journal_abandon(j);
		while (*(volatile uint64_t *)synced == 0)
			usleep(100);
		usleep((useconds_t)(rand() % 30000));
		kill(pid, SIGKILL);
		assert_int_equal(waitpid(pid, NULL, 0), pid);
		assert_false(pl_journal_has_writer(path));
		convert_ok(path, &result);
		assert_true(result.frames >= *synced);
		assert_false(result.complete);
		assert_int_equal(result.events, 1);
		same_frames(result.path, &again, result.frames);
		fixture_free(&f);
		fixture_free(&again);
	}
	munmap(synced, 4096);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_there_and_back),
		cmocka_unit_test(test_verify),
		cmocka_unit_test(test_lies),
		cmocka_unit_test(test_honest_gaps),
		cmocka_unit_test(test_repeat),
		cmocka_unit_test(test_given_up),
		cmocka_unit_test(test_summary),
		cmocka_unit_test(test_refusals),
		cmocka_unit_test(test_find),
		cmocka_unit_test(test_no_overview_of_what_cannot_be_read),
		cmocka_unit_test(test_session),
		cmocka_unit_test(test_followed),
		cmocka_unit_test(test_killed),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
