/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Damaged or foreign HDF5 files are refused by naming what is wrong and never take the program
 * down. Each damaged file is read in a process of its own, so that a crash inside the HDF5 library
 * would be seen.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>
#include <hdf5.h>

#include <plantar/archive.h>
#include <plantar/recording.h>

#include "foreign_text.h"
#include "trial_fixture.h"

static void check_refused(const char *path, enum pl_code code, const char *says)
{
	struct pl_error err = {0};
	struct pl_recording *rec = pl_recording_open(path, &err);

	if (rec)
		fail_msg("read, where it should say \"%s\"", says);
	if (err.code != code || !strstr(err.message, says))
		fail_msg("%s: \"%s\" does not say \"%s\"", pl_code_name(err.code), err.message,
			 says);
	assert_non_null(strstr(err.message, path));
}

static void put_text(hid_t file, const char *name, const char *value)
{
	hid_t type = H5Tcopy(H5T_C_S1), space = H5Screate(H5S_SCALAR), a;

	H5Tset_size(type, strlen(value) + 1);
	if (H5Aexists(file, name) > 0)
		H5Adelete(file, name);
	a = H5Acreate2(file, name, type, space, H5P_DEFAULT, H5P_DEFAULT);
	assert_true(H5Awrite(a, type, value) >= 0);
	H5Aclose(a);
	H5Sclose(space);
	H5Tclose(type);
}

static void foreign_hdf5_is_refused(void **state)
{
	char folder[64], path[80];
	hid_t file;

	(void)state;
	fixture_folder(folder);
	snprintf(path, sizeof(path), "%s/a.h5", folder);
	file = H5Fcreate(path, H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
	assert_true(file >= 0);
	H5Fclose(file);
	check_refused(path, PL_EFORMAT, "no recording of plantard");
	file = H5Fopen(path, H5F_ACC_RDWR, H5P_DEFAULT);
	put_text(file, "schema", "plantar-session/99");
	H5Fclose(file);
	check_refused(path, PL_EFORMAT, "plantar-session/99");
	file = H5Fopen(path, H5F_ACC_RDWR, H5P_DEFAULT);
	put_text(file, "schema", PL_ARCHIVE_SCHEMA);
	H5Fclose(file);
	check_refused(path, PL_EFORMAT, "name one trial");
	fixture_remove(folder);
}

static void drop(hid_t file, const char *path)
{
	assert_true(H5Ldelete(file, path, H5P_DEFAULT) >= 0);
}

static void drop_attribute(hid_t file, const char *path)
{
	char group[64];
	const char *at = strrchr(path, '@');

	snprintf(group, sizeof(group), "%.*s", (int)(at - path), path);
	assert_true(H5Adelete_by_name(file, group, at + 1, H5P_DEFAULT) >= 0);
}

/* In its place a dataset of n x m of another type. */
static void replace(hid_t file, const char *path, hid_t type, int rank, hsize_t n, hsize_t m)
{
	const hsize_t size[] = {n, m, 8};
	hid_t space = H5Screate_simple(rank, size, NULL), dset;

	drop(file, path);
	dset = H5Dcreate2(file, path, type, space, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
	assert_true(dset >= 0);
	H5Dclose(dset);
	H5Sclose(space);
}

/* The whole file again, one thing in it changed, for each of them. */
static void what_is_missing_or_impossible_is_named(void **state)
{
	static const char *const paths[] = {
		"/frames/seq",
		"/frames/lost",
		"/frames/t_device",
		"/mat",
		"/mat/calibration",
		"/mat/live",
		"/gaps",
		"/subject",
		"/@trial",
		"/mat@rows",
		"/mat@pitch_row_m",
		"/mat@dtype",
		"/mat/calibration@scale",
		"/mat/live@side",
		"/@session_uuid",
		"/@complete",
	};
	struct trial t;
	struct text whole;
	hid_t file;

	(void)state;
	trial_make(&t, 10, 8, PL_U16, 100, true);
	whole = text_read(t.h5);
	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		const char *at = strrchr(paths[i], '@');

		text_write(&whole, t.h5);
		file = H5Fopen(t.h5, H5F_ACC_RDWR, H5P_DEFAULT);
		assert_true(file >= 0);
		if (at)
			drop_attribute(file, paths[i]);
		else
			drop(file, paths[i]);
		H5Fclose(file);
		check_refused(t.h5, PL_ECORRUPT, at ? at + 1 : paths[i]);
	}
	text_free(&whole);
	trial_free(&t);
}

static void what_does_not_fit_is_named(void **state)
{
	static const struct {
		const char *path;
		int type, rank; /* 0 u64, 1 f64, 2 u16 */
		hsize_t n, m;
		const char *says;
	} cases[] = {
		{"/frames/seq", 0, 1, 99, 0, "/frames/seq has 99 rows for 100 frames"},
		{"/frames/seq", 1, 1, 100, 0, "not whole numbers"},
		{"/frames/seq", 0, 2, 100, 1, "/frames/seq has 2 axes"},
		{"/frames/lost", 0, 2, 100, 3, "/frames/lost has 3 columns"},
		{"/frames/raw", 2, 3, 100, 11, "frames of 11 x 8 cells"},
		{"/frames/raw", 1, 3, 100, 10, "floating-point"},
		{"/frames/raw", 0, 3, 100, 10, "not of the mat's type"},
		{"/mat/calibration/tare", 1, 2, 8, 10, "/mat/calibration/tare is 8 x 10"},
		{"/gaps", 0, 1, 5, 0, "not a table"},
		{"/metrics/cop_x_mm", 1, 1, 7, 0, "/metrics/cop_x_mm has 7 rows"},
	};
	struct trial t;
	struct text whole;
	hid_t file;

	(void)state;
	trial_make(&t, 10, 8, PL_U16, 100, true);
	whole = text_read(t.h5);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const hid_t types[] = {H5T_STD_U64LE, H5T_IEEE_F64LE, H5T_STD_U16LE};

		text_write(&whole, t.h5);
		file = H5Fopen(t.h5, H5F_ACC_RDWR, H5P_DEFAULT);
		replace(file, cases[i].path, types[cases[i].type], cases[i].rank, cases[i].n,
			cases[i].m);
		H5Fclose(file);
		check_refused(t.h5, PL_ECORRUPT, cases[i].says);
	}
	text_free(&whole);
	trial_free(&t);
}

/* A column that an older program did not have is NaN; a file without any has no metrics. */
static void missing_metrics_are_nan(void **state)
{
	struct pl_error err = {0};
	struct pl_recording *rec;
	struct pl_frame frame;
	struct trial t;
	hid_t file;
	int cop_x = pl_metric_find("cop_x_mm"), cop_y = pl_metric_find("cop_y_mm");

	(void)state;
	trial_make(&t, 32, 32, PL_U16, 20, true);
	file = H5Fopen(t.h5, H5F_ACC_RDWR, H5P_DEFAULT);
	drop(file, "/metrics/cop_x_mm");
	H5Fclose(file);
	rec = pl_recording_open(t.h5, &err);
	assert_non_null(rec);
	assert_int_equal(pl_recording_next(rec, &frame, &err), 1);
	assert_true(isnan(frame.metrics[cop_x]) && !isnan(frame.metrics[cop_y]));
	pl_recording_close(rec);
	file = H5Fopen(t.h5, H5F_ACC_RDWR, H5P_DEFAULT);
	drop(file, "/metrics");
	H5Fclose(file);
	rec = pl_recording_open(t.h5, &err);
	assert_non_null(rec);
	assert_int_equal(pl_recording_next(rec, &frame, &err), 1);
	assert_null(frame.metrics);
	pl_recording_close(rec);
	trial_free(&t);
}

/* A chunk that is not there is an error, and no frames of zeros. */
static void chunks_that_are_missing_are_no_zeros(void **state)
{
	const hsize_t longer[] = {500, 10, 8}, rows[] = {500, PL_LOSS_CAUSES};
	static const char *const columns[] = {"seq",	   "epoch",    "flags",	   "device_seq",
					      "t_mono_ns", "t_est_ns", "t_device", "lost"};
	struct pl_error err = {0};
	struct pl_recording *rec;
	struct pl_frame frame;
	struct trial t;
	hid_t file, dset;
	unsigned n = 0;

	(void)state;
	trial_make(&t, 10, 8, PL_U16, 100, true);
	file = H5Fopen(t.h5, H5F_ACC_RDWR, H5P_DEFAULT);
	dset = H5Dopen2(file, "/frames/raw", H5P_DEFAULT);
	assert_true(H5Dset_extent(dset, longer) >= 0);
	H5Dclose(dset);
	for (size_t i = 0; i < sizeof(columns) / sizeof(columns[0]); i++) {
		char path[64];

		snprintf(path, sizeof(path), "/frames/%s", columns[i]);
		dset = H5Dopen2(file, path, H5P_DEFAULT);
		assert_true(H5Dset_extent(dset, rows) >= 0);
		H5Dclose(dset);
	}
	drop(file, "/metrics");
	H5Fclose(file);
	rec = pl_recording_open(t.h5, &err);
	if (!rec)
		fail_msg("%s", err.message);
	while (pl_recording_next(rec, &frame, &err) > 0)
		n++;
	assert_in_range(n, 100, 200); /* to the end of the last chunk that is there */
	assert_int_equal(err.code, PL_ECORRUPT);
	assert_non_null(strstr(err.message, "/frames/raw: rows from"));
	pl_recording_close(rec);
	trial_free(&t);
}

/*
 * HDF5 takes a chunk that inflates to less than it should for a whole one and reads on behind it.
 * Here it is refused.
 */
static void a_chunk_that_is_too_short_is_refused(void **state)
{
	/* zlib streams of nothing, and of 16 zeros */
	static const uint8_t nothing[] = {0x78, 0x01, 0x03, 0x00, 0x00, 0x00, 0x00, 0x01};
	static const uint8_t zeros[] = {0x78, 0x01, 0x63, 0x40, 0x03, 0x00, 0x00, 0x10, 0x00, 0x01};
	static const char *const paths[] = {"/frames/raw", "/frames/seq", "/metrics/cop_x_mm"};
	const hsize_t at[3] = {0};

	(void)state;
	for (size_t i = 0; i < 2 * sizeof(paths) / sizeof(paths[0]); i++) {
		const char *path = paths[i / 2];
		struct pl_error err = {0};
		struct pl_recording *rec;
		struct pl_frame frame;
		struct trial t;
		hid_t file, dset;

		trial_make(&t, 10, 8, PL_U16, 100, true);
		file = H5Fopen(t.h5, H5F_ACC_RDWR, H5P_DEFAULT);
		dset = H5Dopen2(file, path, H5P_DEFAULT);
		assert_true(H5Dwrite_chunk(dset, H5P_DEFAULT, 0, at,
					   i % 2 ? sizeof(zeros) : sizeof(nothing),
					   i % 2 ? zeros : nothing) >= 0);
		H5Dclose(dset);
		H5Fclose(file);
		rec = pl_recording_open(t.h5, &err);
		assert_true(!rec || pl_recording_next(rec, &frame, &err) < 0);
		assert_int_equal(err.code, PL_ECORRUPT);
		assert_non_null(strstr(err.message, path));
		pl_recording_close(rec);
		assert_int_equal(pl_verify(t.h5, NULL, NULL, NULL, &err), 1);
		trial_free(&t);
	}
}

/* Other programs may pack a file anew: whichever of the two filters are there, it reads. */
static void repacked_files_read(void **state)
{
	static const char *const filters[] = {"NONE", "GZIP=9", "SHUF", "SHUF -f GZIP=3"};
	struct pl_recording *rec, *packed;
	struct pl_frame frame, other;
	char command[9000], to[4200];
	struct trial t;

	(void)state;
	trial_make(&t, 10, 8, PL_U16, 150, true);
	snprintf(to, sizeof(to), "%s.packed", t.h5);
	for (size_t i = 0; i < sizeof(filters) / sizeof(filters[0]); i++) {
		int got;

		snprintf(command, sizeof(command), "h5repack -f %s %s %s 2>&1", filters[i], t.h5,
			 to);
		if (system(command) != 0) {
			print_message("h5repack (hdf5-tools) is not here\n");
			break;
		}
		rec = pl_recording_open(t.h5, NULL);
		packed = pl_recording_open(to, NULL);
		assert_true(rec && packed);
		while ((got = pl_recording_next(rec, &frame, NULL)) > 0) {
			assert_int_equal(pl_recording_next(packed, &other, NULL), 1);
			assert_int_equal(frame.seq, other.seq);
			assert_memory_equal(frame.cells, other.cells, frame.cells_bytes);
			assert_memory_equal(frame.metrics, other.metrics,
					    pl_metric_count() * sizeof(float));
		}
		assert_int_equal(got, 0);
		assert_int_equal(pl_recording_next(packed, &other, NULL), 0);
		pl_recording_close(rec);
		pl_recording_close(packed);
	}
	trial_free(&t);
}

static void ignore_event(void *user, const struct pl_archive_event *event)
{
	(void)user;
	(void)event;
}

/* Reads all of it in a child: 0 read, 1 refused with a message; anything else fails the test. */
static int read_in_child(const char *path, bool verify)
{
	pid_t pid = fork();
	int status;

	assert_true(pid >= 0);
	if (pid == 0) {
		struct pl_error err = {0};
		struct pl_recording *rec;
		struct pl_frame frame;
		int got;

		alarm(30); /* nor may it hang */
		rec = pl_recording_open(path, &err);
		while (rec && (got = pl_recording_next(rec, &frame, &err)) > 0)
			;
		if (rec)
			pl_recording_summary(rec);
		pl_recording_close(rec);
		pl_archive_events(path, ignore_event, NULL, NULL);
		if (verify && pl_verify(path, NULL, NULL, NULL, NULL) < 0)
			_exit(3); /* what is wrong with a file is in its report */
		_exit(err.code == PL_OK ? 0 : err.message[0] ? 1 : 2);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (!WIFEXITED(status) || WEXITSTATUS(status) > 1)
		fail_msg("reading %s ended with status 0x%x", path, (unsigned)status);
	return WEXITSTATUS(status);
}

static void truncated_files_are_refused(void **state)
{
	struct text whole, cut;
	struct trial t;

	(void)state;
	trial_make(&t, 16, 12, PL_U16, 300, true);
	whole = text_read(t.h5);
	assert_int_equal(read_in_child(t.h5, true), 0);
	for (int i = 0; i < 40; i++) {
		cut = text_copy(&whole);
		cut.n = whole.n * (size_t)i / 40;
		text_write(&cut, t.h5);
		assert_int_equal(read_in_child(t.h5, i % 4 == 0), 1);
		text_free(&cut);
	}
	text_free(&whole);
	trial_free(&t);
}

/* A flipped bit may hit nothing that matters; whatever it hits, nobody crashes. */
static void flipped_bits_never_crash(void **state)
{
	const char *rounds_text = getenv("PLANTAR_BIT_FLIPS");
	int rounds = rounds_text ? atoi(rounds_text) : 120, refused = 0;
	uint64_t random = 1;
	struct text bad;
	struct trial t;

	(void)state;
	trial_make(&t, 16, 12, PL_U16, 100, true);
	bad = text_read(t.h5);
	for (int i = 0; i < rounds; i++) {
		size_t at, flips = 1 + (size_t)i % 4;
		size_t where[4];

		for (size_t k = 0; k < flips; k++) {
			random = random * 6364136223846793005u + 1442695040888963407u;
			at = (random >> 20) % bad.n;
			where[k] = at * 8 + (random >> 60) % 8;
			bad.s[at] ^= (char)(1 << where[k] % 8);
		}
		text_write(&bad, t.h5);
		refused += read_in_child(t.h5, i % 3 == 0);
		for (size_t k = flips; k-- > 0;)
			bad.s[where[k] / 8] ^= (char)(1 << where[k] % 8);
	}
	print_message("%d of %d damaged files refused\n", refused, rounds);
	assert_true(refused > 0);
	text_free(&bad);
	trial_free(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(foreign_hdf5_is_refused),
		cmocka_unit_test(what_is_missing_or_impossible_is_named),
		cmocka_unit_test(what_does_not_fit_is_named),
		cmocka_unit_test(missing_metrics_are_nan),
		cmocka_unit_test(chunks_that_are_missing_are_no_zeros),
		cmocka_unit_test(a_chunk_that_is_too_short_is_refused),
		cmocka_unit_test(repacked_files_read),
		cmocka_unit_test(truncated_files_are_refused),
		cmocka_unit_test(flipped_bits_never_crash),
	};

	H5Eset_auto2(H5E_DEFAULT, NULL, NULL);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
