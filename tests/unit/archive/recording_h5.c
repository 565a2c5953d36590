/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Our own files as recordings: what went into the journal comes out of it, and out of the finished
 * file, bit for bit; damaged or foreign HDF5 files are refused by naming what is wrong and never
 * take the program down (each damaged file is read in a process of its own, so that a crash inside
 * the HDF5 library would be seen).
 */
#include <math.h>
#include <setjmp.h>
#include <signal.h>
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
#include <jansson.h>

#include <plantar/analysis.h>
#include <plantar/archive.h>
#include <plantar/recording.h>

#include "fixture.h"
#include "foreign_text.h"
#include "lib/archive/h5_read.h"

#define JSON_BYTES (1u << 20)

/* A trial in a folder of its own, as journal and as session file. */
struct trial {
	char folder[64], journal[4096], h5[4096];
	struct fixture fixture; /* ready to make the same frames again */
	uint64_t frames;
};

static void add_frames(struct pl_journal *j, struct fixture *f, uint64_t n)
{
	for (uint64_t i = 0; i < n; i++) {
		struct pl_frame *frame = fixture_next(f);

		assert_int_equal(pl_journal_frames(j, &frame, 1, NULL), 0);
	}
}

static void trial_make(struct trial *t, unsigned rows, unsigned cols, enum pl_dtype dtype,
		       uint64_t frames, bool calibrated)
{
	const struct pl_gap gap = {.first_seq = 7, .count = 3, .cause = "device"};
	const struct pl_gap hole = {.epoch = 1, .cause = "unplugged"};
	struct pl_convert_options options = {.journal = t->journal, .keep_journal = true};
	struct pl_convert_result result;
	struct pl_error err = {0};
	struct pl_journal *j;
	char stem[4000];

	t->frames = frames;
	fixture_folder(t->folder);
	fixture_init(&t->fixture, rows, cols, dtype, 250, calibrated);
	assert_int_equal(pl_session_folder(t->folder, &t->fixture.meta, stem, sizeof(stem), &err),
			 0);
	snprintf(t->journal, sizeof(t->journal), "%s.journal", stem);
	j = pl_journal_create(t->journal, &t->fixture.meta, &err);
	assert_non_null(j);
	add_frames(j, &t->fixture, frames);
	assert_int_equal(pl_journal_gap(j, &gap, &err), 0);
	assert_int_equal(pl_journal_gap(j, &hole, &err), 0);
	assert_int_equal(pl_journal_end(j, "stopped", &err), 0);
	if (pl_convert(&options, &result, &err))
		fail_msg("%s", err.message);
	snprintf(t->h5, sizeof(t->h5), "%s", result.path);
	t->fixture.made = 0;
	pl_live_reset(t->fixture.live);
}

static void trial_free(struct trial *t)
{
	fixture_free(&t->fixture);
	fixture_remove(t->folder);
}

/* ---- what went in comes out ------------------------------------------------------------------ */

static void check_frame(const struct pl_frame *have, const struct pl_frame *want)
{
	assert_int_equal(have->seq, want->seq);
	assert_int_equal(have->epoch, want->epoch);
	assert_int_equal(have->flags, want->flags);
	assert_int_equal(have->t_mono_ns, want->t_mono_ns);
	assert_int_equal(have->t_est_ns, want->t_est_ns);
	assert_int_equal(have->t_device_ns, want->t_device_ns);
	assert_int_equal(have->device_seq, want->device_seq);
	assert_memory_equal(have->lost, want->lost, sizeof(want->lost));
	assert_int_equal(have->rows, want->rows);
	assert_int_equal(have->cols, want->cols);
	assert_int_equal(have->dtype, want->dtype);
	assert_int_equal(have->cells_bytes, want->cells_bytes);
	assert_memory_equal(have->cells, want->cells, want->cells_bytes);
	assert_non_null(have->metrics);
	assert_memory_equal(have->metrics, want->metrics, pl_metric_count() * sizeof(float));
}

static void check_frames(struct trial *t, struct pl_recording *rec)
{
	struct pl_error err = {0};
	struct pl_frame frame;

	t->fixture.made = 0;
	pl_live_reset(t->fixture.live);
	for (uint64_t i = 0; i < t->frames; i++) {
		if (pl_recording_next(rec, &frame, &err) != 1)
			fail_msg("frame %llu: %s", (unsigned long long)i, err.message);
		check_frame(&frame, fixture_next(&t->fixture));
	}
	assert_int_equal(pl_recording_next(rec, &frame, &err), 0);
	assert_int_equal(pl_recording_next(rec, &frame, &err), 0);
}

static void check_array(const void *have, const void *want, size_t bytes)
{
	assert_true(!have == !want);
	if (want)
		assert_memory_equal(have, want, bytes);
}

static void check_calibration(const struct pl_calibration *have, const struct pl_calibration *want)
{
	assert_string_equal(have->id, want->id);
	assert_int_equal(have->unit, want->unit);
	assert_true(have->scale == want->scale && have->noise_floor == want->noise_floor);
	assert_true(have->contact == want->contact);
	assert_true(have->saturation_counts == want->saturation_counts);
	assert_int_equal(have->dead_policy, want->dead_policy);
	assert_int_equal(have->curve_points, want->curve_points);
	assert_int_equal(have->cells, want->cells);
	check_array(have->cell_offset, want->cell_offset, want->cells * sizeof(double));
	check_array(have->cell_gain, want->cell_gain, want->cells * sizeof(double));
	check_array(have->tare, want->tare, want->cells * sizeof(double));
	check_array(have->cell_state, want->cell_state, want->cells);
}

static void check_meta(const struct pl_session_meta *have, const struct pl_session_meta *want)
{
	assert_non_null(have);
	assert_string_equal(have->session_uuid, want->session_uuid);
	assert_int_equal(have->trial, want->trial);
	assert_string_equal(have->subject, want->subject);
	assert_string_equal(have->protocol, want->protocol);
	assert_string_equal(have->condition, want->condition);
	assert_true(have->body_mass_kg == want->body_mass_kg ||
		    (isnan(have->body_mass_kg) && isnan(want->body_mass_kg)));
	assert_int_equal(have->started_utc_ns, want->started_utc_ns);
	assert_int_equal(have->started_mono_ns, want->started_mono_ns);
	assert_string_equal(have->mat, want->mat);
	assert_string_equal(have->mat_file, want->mat_file);
	assert_string_equal(have->source, want->source);
	assert_memory_equal(&have->geometry, &want->geometry, sizeof(want->geometry));
	assert_int_equal(have->dtype, want->dtype);
	assert_true(have->rate_hz == want->rate_hz);
	assert_string_equal(have->software, want->software);
	assert_string_equal(have->host, want->host);
	assert_true(!have->mat_config_text == !want->mat_config_text);
	if (want->mat_config_text)
		assert_string_equal(have->mat_config_text, want->mat_config_text);
}

static void check_live(const struct pl_live_options *have, const struct pl_live_options *want)
{
	assert_true(have->rate_hz == want->rate_hz && have->filter_hz == want->filter_hz);
	assert_true(have->force_min == want->force_min);
	assert_int_equal(have->region, want->region);
	assert_int_equal(have->facing, want->facing);
	assert_int_equal(have->side, want->side);
}

static void check_recording(struct trial *t, const char *path, enum pl_format format)
{
	struct pl_error err = {0};
	struct pl_recording *rec = pl_recording_open(path, &err);
	const struct pl_session_meta *want = &t->fixture.meta;
	const struct pl_recording_info *info;
	struct pl_frame frame;

	if (!rec)
		fail_msg("%s", err.message);
	info = pl_recording_info(rec);
	assert_int_equal(info->format, format);
	assert_string_equal(info->path, path);
	assert_int_equal(info->frames, t->frames);
	assert_int_equal(info->dtype, want->dtype);
	assert_true(info->rate_hz == 250);
	assert_true(fabs(info->duration_s - (double)t->frames / 250) < 1e-6);
	assert_int_equal(info->gaps, 2);
	assert_int_equal(info->lost_frames, 3);
	assert_int_equal(info->calibrated, pl_calibrated(&want->calibration));
	assert_string_equal(info->problem, "");
	check_meta(pl_recording_meta(rec), want);
	check_calibration(pl_recording_calibration(rec), &want->calibration);
	check_live(pl_recording_live(rec), &want->live);
	check_frames(t, rec);
	for (unsigned stop = 1; stop < 100; stop += 33) { /* again, from the middle of a block */
		assert_int_equal(pl_recording_rewind(rec, &err), 0);
		for (unsigned i = 0; i < stop; i++)
			assert_int_equal(pl_recording_next(rec, &frame, &err), 1);
	}
	assert_int_equal(pl_recording_rewind(rec, &err), 0);
	check_frames(t, rec);
	pl_recording_close(rec);
}

static void all_comes_back(void **state)
{
	struct trial t;

	(void)state;
	trial_make(&t, 10, 8, PL_U16, 4096 + 130, true); /* more than a block of every column */
	check_recording(&t, t.h5, PL_FORMAT_PLANTAR_H5);
	check_recording(&t, t.journal, PL_FORMAT_JOURNAL);
	trial_free(&t);
}

static void every_cell_type_comes_back(void **state)
{
	static const enum pl_dtype types[] = {PL_U8, PL_I16, PL_I32, PL_U32, PL_F32, PL_F64};

	(void)state;
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		struct trial t;

		trial_make(&t, 12, 9, types[i], 101, false);
		check_recording(&t, t.h5, PL_FORMAT_PLANTAR_H5);
		check_recording(&t, t.journal, PL_FORMAT_JOURNAL);
		trial_free(&t);
	}
}

static void a_recording_without_frames_reads(void **state)
{
	struct pl_error err = {0};
	struct pl_recording *rec;
	struct pl_frame frame;
	struct trial t;

	(void)state;
	trial_make(&t, 10, 8, PL_U16, 0, true);
	for (int i = 0; i < 2; i++) {
		rec = pl_recording_open(i ? t.journal : t.h5, &err);
		assert_non_null(rec);
		assert_int_equal(pl_recording_info(rec)->frames, 0);
		assert_true(pl_recording_info(rec)->duration_s == 0);
		assert_int_equal(pl_recording_next(rec, &frame, &err), 0);
		pl_recording_close(rec);
	}
	trial_free(&t);
}

/* ---- analysis -------------------------------------------------------------------------------- */

struct watch {
	uint64_t calls, last, total, stop_at;
};

static bool watch(void *user, uint64_t done, uint64_t total)
{
	struct watch *w = user;

	assert_true(done >= w->last && done <= total);
	w->calls++;
	w->last = done;
	w->total = total;
	return w->stop_at && done >= w->stop_at;
}

static json_t *analyze(const char *path, struct watch *w)
{
	struct pl_error err = {0};
	struct pl_recording *rec = pl_recording_open(path, &err);
	char *text = malloc(JSON_BYTES);
	struct pl_analysis_options o;
	struct pl_json json;
	json_t *document;

	assert_non_null(rec);
	assert_non_null(text);
	pl_analysis_options_init(&o);
	pl_json_init(&json, text, JSON_BYTES);
	if (pl_recording_analyze(rec, &o, &json, watch, w, &err)) {
		pl_recording_close(rec);
		free(text);
		assert_int_equal(err.code, PL_ESTATE);
		return NULL;
	}
	assert_true(pl_json_finish(&json) > 0);
	document = json_loads(text, 0, NULL);
	assert_non_null(document);
	pl_recording_close(rec);
	free(text);
	return document;
}

static void journal_file_and_summary_say_the_same(void **state)
{
	static const char *const sections[] = {"method", "total", "feet"};
	struct watch w = {0};
	struct pl_error err;
	struct pl_recording *rec;
	json_t *h5, *journal, *summary;
	struct trial t;

	(void)state;
	trial_make(&t, 32, 32, PL_U16, 700, true);
	h5 = analyze(t.h5, &w);
	assert_true(w.calls >= 5 && w.last == 1400 && w.total == 1400);
	w = (struct watch){0};
	journal = analyze(t.journal, &w);
	rec = pl_recording_open(t.h5, &err);
	assert_non_null(pl_recording_summary(rec));
	summary = json_loads(pl_recording_summary(rec), 0, NULL);
	assert_non_null(summary);
	for (int i = 0; i < 3; i++) {
		json_t *section = json_object_get(h5, sections[i]);

		assert_non_null(section);
		assert_true(json_equal(section, json_object_get(journal, sections[i])));
		assert_true(json_equal(section, json_object_get(summary, sections[i])));
	}
	assert_string_equal(
		json_string_value(json_object_get(json_object_get(h5, "recording"), "subject")),
		"P-0042");
	pl_recording_close(rec);
	json_decref(h5);
	json_decref(journal);
	json_decref(summary);
	trial_free(&t);
}

static void analysis_can_be_given_up(void **state)
{
	struct watch w = {.stop_at = 500};
	struct trial t;

	(void)state;
	trial_make(&t, 12, 9, PL_U16, 600, true);
	assert_null(analyze(t.h5, &w));
	assert_true(w.last >= 500 && w.last < 900);
	trial_free(&t);
}

/* ---- journals that end badly ----------------------------------------------------------------- */

/* Opens, checks that exactly `frames` come out, returns the problem that info tells. */
static void check_partial(struct trial *t, const char *path, uint64_t least, uint64_t most,
			  const char *says)
{
	struct pl_error err = {0};
	struct pl_recording *rec = pl_recording_open(path, &err);
	uint64_t all = t->frames;

	if (!rec)
		fail_msg("%s", err.message);
	assert_in_range(pl_recording_info(rec)->frames, least, most);
	if (!strstr(pl_recording_info(rec)->problem, says))
		fail_msg("\"%s\" does not say \"%s\"", pl_recording_info(rec)->problem, says);
	t->frames = pl_recording_info(rec)->frames;
	check_frames(t, rec);
	t->frames = all;
	pl_recording_close(rec);
}

static void cut_and_damaged_journals_give_what_is_whole(void **state)
{
	struct text whole, bad;
	struct trial t;

	(void)state;
	trial_make(&t, 10, 8, PL_U16, 100, true);
	whole = text_read(t.journal);
	for (size_t cut = 1; cut < 5; cut++) {
		bad = text_copy(&whole);
		bad.n -= cut * 10007;
		text_write(&bad, t.journal);
		check_partial(&t, t.journal, 10, 99, "not ended");
		text_free(&bad);
	}
	bad = text_copy(&whole);
	bad.s[bad.n / 2] ^= 0x10;
	text_write(&bad, t.journal);
	check_partial(&t, t.journal, 10, 90, "damaged at byte");
	text_free(&bad);
	text_free(&whole);
	trial_free(&t);
}

/* ---- files that are not ours, or not any more ------------------------------------------------ */

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

static void does_nothing(void *user)
{
	(void)user;
}

static void crashes(void *user)
{
	raise(*(int *)user);
}

static void leaves(void *user)
{
	_exit(*(int *)user);
}

/* What the library does to the child happens to nobody else, and is told. */
static void a_crash_inside_the_library_is_an_error(void **state)
{
	int signals[] = {SIGSEGV, SIGFPE, SIGABRT, SIGBUS}, status = 0;
	struct pl_error err = {0};

	(void)state;
	assert_int_equal(pl_h5_guard(does_nothing, NULL, "a.h5", &err), 0);
	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++) {
		assert_int_equal(pl_h5_guard(crashes, &signals[i], "a.h5", &err), -1);
		assert_int_equal(err.code, PL_ECORRUPT);
		assert_memory_equal(err.message, "a.h5 is damaged", 15);
	}
	assert_int_equal(pl_h5_guard(leaves, &status, "a.h5", NULL), -1);
	signal(SIGCHLD, SIG_IGN); /* a program that reaps its children so */
	assert_int_equal(pl_h5_guard(does_nothing, NULL, "a.h5", &err), 0);
	assert_int_equal(pl_h5_guard(crashes, &signals[0], "a.h5", &err), -1);
	signal(SIGCHLD, SIG_DFL);
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

/* Reads all of it in a child: 0 read, 1 refused with a message; anything else fails the test. */
static int read_in_child(const char *path)
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
	assert_int_equal(read_in_child(t.h5), 0);
	for (int i = 0; i < 40; i++) {
		cut = text_copy(&whole);
		cut.n = whole.n * (size_t)i / 40;
		text_write(&cut, t.h5);
		assert_int_equal(read_in_child(t.h5), 1);
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
		refused += read_in_child(t.h5);
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
		cmocka_unit_test(all_comes_back),
		cmocka_unit_test(every_cell_type_comes_back),
		cmocka_unit_test(a_recording_without_frames_reads),
		cmocka_unit_test(journal_file_and_summary_say_the_same),
		cmocka_unit_test(analysis_can_be_given_up),
		cmocka_unit_test(cut_and_damaged_journals_give_what_is_whole),
		cmocka_unit_test(foreign_hdf5_is_refused),
		cmocka_unit_test(what_is_missing_or_impossible_is_named),
		cmocka_unit_test(what_does_not_fit_is_named),
		cmocka_unit_test(missing_metrics_are_nan),
		cmocka_unit_test(a_crash_inside_the_library_is_an_error),
		cmocka_unit_test(chunks_that_are_missing_are_no_zeros),
		cmocka_unit_test(truncated_files_are_refused),
		cmocka_unit_test(flipped_bits_never_crash),
	};

	H5Eset_auto2(H5E_DEFAULT, NULL, NULL);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
