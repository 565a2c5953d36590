/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Our own files as recordings: what went into the journal comes out of it, and out of the finished
 * file, bit for bit; both and the stored summary give the same figures; a journal that was cut or
 * damaged gives what is whole and says so.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

#include <plantar/analysis.h>
#include <plantar/recording.h>

#include "foreign_text.h"
#include "trial_fixture.h"

#define JSON_BYTES (1u << 20)

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

static void check_origin(const struct pl_calibration_origin *have,
			 const struct pl_calibration_origin *want)
{
	assert_string_equal(have->calibrated, want->calibrated);
	assert_string_equal(have->expires, want->expires);
	assert_string_equal(have->by, want->by);
	assert_string_equal(have->method, want->method);
	assert_int_equal(have->loads, want->loads);
	assert_int_equal(have->expired, want->expired);
	assert_true(have->reference_n == want->reference_n);
	assert_true(have->residual_rms_pct == want->residual_rms_pct);
	assert_true(have->residual_max_pct == want->residual_max_pct);
	assert_true(have->repeat_pct == want->repeat_pct);
	assert_true(have->body_mass_kg == want->body_mass_kg);
	assert_true(have->body_error_pct == want->body_error_pct);
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
	check_origin(&have->origin, &want->origin);
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
	assert_true(!have->calibration_text == !want->calibration_text);
	if (want->calibration_text)
		assert_string_equal(have->calibration_text, want->calibration_text);
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_comes_back),
		cmocka_unit_test(every_cell_type_comes_back),
		cmocka_unit_test(a_recording_without_frames_reads),
		cmocka_unit_test(journal_file_and_summary_say_the_same),
		cmocka_unit_test(analysis_can_be_given_up),
		cmocka_unit_test(cut_and_damaged_journals_give_what_is_whole),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
