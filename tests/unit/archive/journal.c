/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The journal: what goes in comes out; what was cut or damaged is told from what is whole, at
 * every byte; a full disk leaves whole records; nobody is taken for dead who is alive.
 */
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "fixture.h"
#include "lib/archive/journal_file.h"

#define FRAMES 5

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

static char *in_folder(char *path, const char *name)
{
	snprintf(path, 128, "%s/%s", folder, name);
	return path;
}

/* FRAMES frames, an event, a gap, clocks; ended or not. */
static void write_small(struct fixture *f, const char *path, bool end)
{
	struct pl_error err = {0};
	struct pl_journal *j = pl_journal_create(path, &f->meta, &err);
	struct pl_gap gap = {0, 3, 2, "device", 17, 18};

	assert_non_null(j);
	for (int i = 0; i < FRAMES; i++) {
		struct pl_frame *frame = fixture_next(f);

		frame->lost[PL_LOSS_CORRUPT] = (uint64_t)i;
		assert_int_equal(pl_journal_frames(j, &frame, 1, &err), 0);
	}
	assert_int_equal(pl_journal_event(j, 42, "mark", "caf\xc3\xa9", &err), 0);
	assert_int_equal(pl_journal_gap(j, &gap, &err), 0);
	assert_int_equal(pl_journal_clock(j, 5, 1795000000000000005, &err), 0);
	assert_int_equal(pl_journal_frame_count(j), FRAMES);
	if (end)
		assert_int_equal(pl_journal_end(j, "stopped", &err), 0);
	else
		pl_journal_abandon(j);
}

static uint8_t *slurp(const char *path, size_t *n)
{
	struct stat st;
	uint8_t *data;
	int fd = open(path, O_RDONLY);

	assert_true(fd >= 0 && fstat(fd, &st) == 0);
	data = malloc((size_t)st.st_size + 1);
	*n = (size_t)st.st_size;
	assert_int_equal(read(fd, data, *n), *n);
	close(fd);
	return data;
}

static void spill(const char *path, const uint8_t *data, size_t n)
{
	int fd;

	unlink(path); /* not O_TRUNC: some file systems then wait for the disk */
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL, 0600);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, data, n), n);
	close(fd);
}

/* How many whole records, and how the last call ended (0 or -1). */
static unsigned count(const char *path, int *last, struct pl_error *err)
{
	struct pl_journal_reader *r = pl_journal_open(path, err);
	struct pl_journal_record record;
	unsigned n = 0;

	assert_non_null(r);
	while ((*last = pl_journal_next(r, &record, err)) > 0)
		n++;
	pl_journal_reader_close(r);
	return n;
}

static void same_meta(const struct pl_session_meta *a, const struct pl_session_meta *b)
{
	struct journal_keys none = {0};
	size_t n, m;
	uint8_t *x = pl_journal_head_encode(a, &none, &n, NULL);
	uint8_t *y = pl_journal_head_encode(b, &none, &m, NULL);

	assert_int_equal(n, m);
	assert_memory_equal(x, y, n);
	free(x);
	free(y);
}

static void round_trip(enum pl_dtype dtype, unsigned rows, unsigned cols)
{
	char path[128];
	struct fixture f, again;
	struct pl_journal_reader *r;
	struct pl_journal_record record;
	struct pl_error err = {0};

	fixture_init(&f, rows, cols, dtype, 100, true);
	fixture_init(&again, rows, cols, dtype, 100, true);
	write_small(&f, in_folder(path, "a.journal"), true);
	r = pl_journal_open(path, &err);
	assert_non_null(r);
	same_meta(pl_journal_meta(r), &f.meta);
	assert_int_equal(pl_journal_metric_columns(r), pl_metric_count());
	for (uint64_t i = 0; i < FRAMES; i++) {
		const struct pl_frame *want = fixture_next(&again), *is = &record.frame;

		assert_int_equal(pl_journal_next(r, &record, &err), 1);
		assert_int_equal(record.type, PL_RECORD_FRAME);
		assert_int_equal(is->seq, want->seq);
		assert_int_equal(is->epoch, want->epoch);
		assert_int_equal(is->flags, want->flags);
		assert_int_equal(is->t_mono_ns, want->t_mono_ns);
		assert_int_equal(is->t_est_ns, want->t_est_ns);
		assert_int_equal(is->t_device_ns, want->t_device_ns);
		assert_int_equal(is->device_seq, want->device_seq);
		assert_int_equal(is->lost[PL_LOSS_CORRUPT], i);
		assert_int_equal(is->rows, rows);
		assert_int_equal(is->cells_bytes, want->cells_bytes);
		assert_memory_equal(is->cells, want->cells, want->cells_bytes);
		assert_memory_equal(is->metrics, want->metrics, pl_metric_count() * sizeof(float));
	}
	assert_int_equal(pl_journal_next(r, &record, &err), 1);
	assert_int_equal(record.type, PL_RECORD_EVENT);
	assert_int_equal(record.t_mono_ns, 42);
	assert_string_equal(record.kind, "mark");
	assert_string_equal(record.text, "caf\xc3\xa9");
	assert_int_equal(pl_journal_next(r, &record, &err), 1);
	assert_int_equal(record.type, PL_RECORD_GAP);
	assert_int_equal(record.gap.first_seq, 3);
	assert_int_equal(record.gap.count, 2);
	assert_int_equal(record.gap.t1_mono_ns, 18);
	assert_string_equal(record.gap.cause, "device");
	assert_int_equal(pl_journal_next(r, &record, &err), 1);
	assert_int_equal(record.type, PL_RECORD_CLOCK);
	assert_int_equal(record.utc_ns, 1795000000000000005);
	assert_int_equal(pl_journal_next(r, &record, &err), 1);
	assert_int_equal(record.type, PL_RECORD_END);
	assert_string_equal(record.kind, "stopped");
	assert_int_equal(pl_journal_next(r, &record, &err), 0);
	pl_journal_reader_close(r);
	unlink(path);
	fixture_free(&f);
	fixture_free(&again);
}

static void test_round_trip(void **state)
{
	(void)state;
	for (int dtype = PL_U8; dtype <= PL_F64; dtype++)
		round_trip((enum pl_dtype)dtype, 16, 12);
	round_trip(PL_U8, 5, 5); /* 25 bytes: padding */
	round_trip(PL_U16, 64, 64);
	round_trip(PL_F64, 300, 200); /* larger than the reading buffer's start */
}

static void test_curve_and_none(void **state)
{
	char path[128];
	struct fixture f;
	struct pl_journal_reader *r;

	(void)state;
	fixture_init(&f, 4, 4, PL_U16, 0, false);
	f.meta.calibration.unit = PL_UNIT_N;
	f.meta.calibration.curve_points = 3;
	for (int i = 0; i < 3; i++) {
		f.meta.calibration.curve_counts[i] = i * 100;
		f.meta.calibration.curve_value[i] = i * i * 0.1;
	}
	write_small(&f, in_folder(path, "curve.journal"), true);
	r = pl_journal_open(path, NULL);
	assert_non_null(r);
	same_meta(pl_journal_meta(r), &f.meta);
	assert_null(pl_journal_meta(r)->calibration.tare);
	assert_null(pl_journal_meta(r)->mat_config_text);
	assert_true(isnan(pl_journal_meta(r)->body_mass_kg));
	pl_journal_reader_close(r);
	fixture_free(&f);
}

/* What its head says; NULL: refused. The caller frees it. */
static struct pl_journal_reader *with_layout(enum pl_layout layout, double pitch_m, double area_m2,
					     struct pl_error *err)
{
	static unsigned number;
	char path[128], name[32];
	struct fixture f;
	struct pl_journal *j;
	struct pl_journal_reader *r = NULL;

	snprintf(name, sizeof(name), "layout-%u.journal", number++);
	fixture_init(&f, 5, 2, PL_F32, 100, false);
	f.meta.live.layout = layout;
	f.meta.geometry.pitch_row_m = f.meta.geometry.pitch_col_m = pitch_m;
	if (area_m2 != 0) {
		f.meta.sensor_area_m2 = malloc(5 * sizeof(double));
		for (int i = 0; i < 5; i++)
			f.meta.sensor_area_m2[i] = area_m2 * (i + 1);
	}
	j = pl_journal_create(in_folder(path, name), &f.meta, err);
	if (j) {
		pl_journal_abandon(j);
		r = pl_journal_open(path, err);
	}
	if (r)
		same_meta(pl_journal_meta(r), &f.meta);
	fixture_free(&f);
	return r;
}

static void test_layouts(void **state)
{
	struct pl_error err = {0};
	struct pl_journal_reader *r = with_layout(PL_LAYOUT_SENSORS, NAN, 1e-4, &err);

	(void)state;
	assert_non_null(r);
	assert_int_equal(pl_journal_meta(r)->live.layout, PL_LAYOUT_SENSORS);
	assert_true(pl_journal_meta(r)->sensor_area_m2[4] == 5e-4);
	pl_journal_reader_close(r);
	r = with_layout(PL_LAYOUT_PICTURE, 0.01, 0, &err);
	assert_non_null(r);
	assert_int_equal(pl_journal_meta(r)->live.layout, PL_LAYOUT_PICTURE);
	pl_journal_reader_close(r);
	/* what contradicts itself */
	assert_null(with_layout(PL_LAYOUT_SENSORS, 0.01, 0, &err));
	assert_null(with_layout(PL_LAYOUT_MAT, NAN, 0, &err));
	assert_null(with_layout(PL_LAYOUT_TABLE, NAN, 0, &err));
	assert_null(with_layout(PL_LAYOUT_MAT, 0.01, 1e-4, &err));
	assert_null(with_layout(PL_LAYOUT_SENSORS, NAN, -1e-4, &err));
	assert_null(with_layout(PL_LAYOUT_SENSORS, NAN, 1, &err));
}

/* Journals that a recorder of before left behind are of mats, or their calibration says nothing of
 * itself. */
static void older(uint32_t version)
{
	struct journal_head head;
	struct pl_error err = {0};
	struct pl_journal_reader *r;
	struct fixture f;
	char path[128];
	uint8_t *data;
	size_t n;

	fixture_init(&f, 3, 4, PL_U16, 100, true);
	write_small(&f, in_folder(path, "old.journal"), true);
	data = slurp(path, &n);
	memcpy(&head, data, sizeof(head));
	head.version = version;
	memcpy(data, &head, sizeof(head));
	head.crc = pl_journal_head_crc(data, head.head_bytes);
	memcpy(data, &head, sizeof(head));
	spill(path, data, n);
	r = pl_journal_open(path, &err);
	assert_non_null(r);
	f.meta.calibration.origin = (struct pl_calibration_origin){.loads = 0};
	free(f.meta.calibration_text);
	f.meta.calibration_text = NULL;
	same_meta(pl_journal_meta(r), &f.meta);
	assert_int_equal(pl_journal_meta(r)->live.layout, PL_LAYOUT_MAT);
	pl_journal_reader_close(r);
	unlink(path);
	fixture_free(&f);
	free(data);
}

static void test_older_versions(void **state)
{
	(void)state;
	older(2);
	older(3);
}

static void test_many_at_once(void **state)
{
	struct pl_frame *frames[200];
	struct pl_frame copies[200];
	struct pl_error err = {0};
	char path[128];
	struct pl_journal *j;
	struct fixture f;
	int last;

	(void)state;
	fixture_init(&f, 8, 8, PL_U8, 100, true);
	j = pl_journal_create(in_folder(path, "batch.journal"), &f.meta, &err);
	assert_non_null(j);
	for (int i = 0; i < 200; i++) {
		copies[i] = *fixture_next(&f);
		frames[i] = &copies[i];
	}
	copies[7].metrics = NULL; /* a row of NaN */
	assert_int_equal(pl_journal_frames(j, frames, 200, &err), 0);
	assert_int_equal(pl_journal_frames(j, frames, 0, &err), 0);
	copies[0].rows = 9;
	assert_int_equal(pl_journal_frames(j, frames, 1, &err), -1);
	assert_int_equal(err.code, PL_EUSAGE);
	assert_int_equal(pl_journal_end(j, "stopped", &err), 0);
	assert_int_equal(count(path, &last, &err), 201);
	assert_int_equal(last, 0);
	fixture_free(&f);
}

static void test_cut_anywhere(void **state)
{
	char path[128], cut[128];
	size_t n, sizes[FRAMES + 4], end[FRAMES + 4], records = FRAMES + 4;
	struct pl_error err = {0};
	struct fixture f;
	uint8_t *data;

	(void)state;
	fixture_init(&f, 4, 4, PL_U8, 100, true);
	write_small(&f, in_folder(path, "whole.journal"), true);
	data = slurp(path, &n);
	for (size_t i = 0; i < FRAMES; i++)
		sizes[i] = frame_record_size(pl_metric_count(), 16);
	sizes[FRAMES] = sizeof(struct event_record);
	sizes[FRAMES + 1] = sizeof(struct gap_record);
	sizes[FRAMES + 2] = sizeof(struct clock_record);
	sizes[FRAMES + 3] = sizeof(struct end_record);
	end[records - 1] = n;
	for (size_t i = records - 1; i > 0; i--)
		end[i - 1] = end[i] - sizes[i];
	in_folder(cut, "cut.journal");
	for (size_t length = end[FRAMES - 3]; length <= n; length++) {
		unsigned whole = 0;
		int last;

		while (whole < records && end[whole] <= length)
			whole++;
		spill(cut, data, length);
		assert_int_equal(count(cut, &last, &err), whole);
		assert_int_equal(last, 0);
	}
	free(data);
	fixture_free(&f);
}

/* After a damaged byte nothing is believed, whatever lies behind it. */
static void test_flip_anywhere(void **state)
{
	char path[128], flipped[128];
	struct pl_error err = {0};
	struct journal_head head;
	struct fixture f;
	uint8_t *data;
	size_t n, frame;

	(void)state;
	fixture_init(&f, 4, 4, PL_U8, 100, true);
	write_small(&f, in_folder(path, "sound.journal"), true);
	data = slurp(path, &n);
	memcpy(&head, data, sizeof(head));
	frame = frame_record_size(pl_metric_count(), 16);
	in_folder(flipped, "flipped.journal");
	for (size_t at = head.head_bytes; at < n; at++) {
		size_t before = (at - head.head_bytes) / frame;
		unsigned got;
		int last;

		data[at] ^= (uint8_t)(1u << (at % 8));
		spill(flipped, data, n);
		data[at] ^= (uint8_t)(1u << (at % 8));
		err.code = PL_OK;
		got = count(flipped, &last, &err);
		assert_int_equal(last, -1);
		assert_int_equal(err.code, PL_ECORRUPT);
		if (before < FRAMES)
			assert_int_equal(got, before);
		else
			assert_in_range(got, FRAMES, FRAMES + 3);
	}
	for (size_t at = 0; at < head.head_bytes; at++) {
		data[at] ^= (uint8_t)(1u << (at % 8));
		spill(flipped, data, n);
		data[at] ^= (uint8_t)(1u << (at % 8));
		assert_null(pl_journal_open(flipped, &err));
		assert_true(err.code == PL_ECORRUPT || err.code == PL_EFORMAT);
	}
	free(data);
	fixture_free(&f);
}

/* Records of another journal, byte for byte in the right place, are not this one's. */
static void test_foreign_records(void **state)
{
	char a[128], b[128];
	struct pl_error err = {0};
	struct journal_head head;
	struct fixture f, g;
	uint8_t *x, *y;
	size_t n, m;
	int last;

	(void)state;
	fixture_init(&f, 4, 4, PL_U8, 100, true);
	fixture_init(&g, 4, 4, PL_U8, 100, true); /* another uuid */
	write_small(&f, in_folder(a, "one.journal"), true);
	write_small(&g, in_folder(b, "two.journal"), true);
	x = slurp(a, &n);
	y = slurp(b, &m);
	assert_int_equal(n, m);
	memcpy(&head, x, sizeof(head));
	memcpy(x + head.head_bytes, y + head.head_bytes, n - head.head_bytes);
	spill(a, x, n);
	assert_int_equal(count(a, &last, &err), 0);
	assert_int_equal(last, -1);
	free(x);
	free(y);
	fixture_free(&f);
	fixture_free(&g);
}

static void test_followed(void **state)
{
	struct pl_journal_record record;
	struct pl_error err = {0};
	struct pl_journal_reader *r;
	struct pl_frame *frame;
	struct pl_journal *j;
	struct fixture f;
	char path[128];

	(void)state;
	fixture_init(&f, 4, 4, PL_U8, 100, true);
	j = pl_journal_create(in_folder(path, "live.journal"), &f.meta, &err);
	assert_non_null(j);
	r = pl_journal_open(path, &err);
	assert_non_null(r);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(pl_journal_next(r, &record, &err), 0);
		frame = fixture_next(&f);
		assert_int_equal(pl_journal_frames(j, &frame, 1, &err), 0);
		assert_int_equal(pl_journal_next(r, &record, &err), 1);
		assert_int_equal(record.frame.seq, i);
	}
	assert_true(pl_journal_has_writer(path));
	assert_true(pl_journal_has_writer(path)); /* asking takes nothing away */
	assert_null(pl_journal_create(path, &f.meta, &err));
	assert_int_equal(err.code, PL_ESTATE);
	pl_journal_abandon(j);
	assert_false(pl_journal_has_writer(path));
	assert_int_equal(pl_journal_next(r, &record, &err), 0);
	pl_journal_reader_close(r);
	fixture_free(&f);
}

/* A limit on the file's size stands for a full disk: writes come back short, then fail. */
static void test_no_room(void **state)
{
	struct rlimit was, limit;
	struct pl_error err = {0};
	struct pl_frame copies[64], *frames[64];
	struct pl_journal *j;
	struct stat st;
	struct fixture f;
	uint64_t in;
	char path[128];
	int last;

	(void)state;
	signal(SIGXFSZ, SIG_IGN);
	fixture_init(&f, 16, 16, PL_U16, 100, true);
	j = pl_journal_create(in_folder(path, "full.journal"), &f.meta, &err);
	assert_non_null(j);
	for (int i = 0; i < 64; i++) {
		copies[i] = *fixture_next(&f);
		frames[i] = &copies[i];
	}
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &was), 0);
	limit = was;
	limit.rlim_cur = pl_journal_bytes(j) + 10000;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
	assert_int_equal(pl_journal_frames(j, frames, 64, &err), -1);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &was), 0);
	assert_int_equal(err.code, PL_ENOSPC);
	in = pl_journal_frame_count(j);
	assert_in_range(in, 1, 63);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_size, pl_journal_bytes(j)); /* nothing torn is left */
	assert_int_equal(pl_journal_frames(j, frames + in, 64 - in, &err), 0);
	assert_int_equal(pl_journal_end(j, "disk", &err), 0);
	assert_int_equal(count(path, &last, &err), 65);
	assert_int_equal(last, 0);
	fixture_free(&f);
}

static void test_not_a_journal(void **state)
{
	struct pl_error err = {0};
	char path[128];

	(void)state;
	spill(in_folder(path, "empty"), (const uint8_t *)"", 0);
	assert_null(pl_journal_open(path, &err));
	assert_int_equal(err.code, PL_EFORMAT);
	assert_null(pl_journal_open(in_folder(path, "absent"), &err));
	assert_int_equal(err.code, PL_ENOENT);
	assert_false(pl_journal_has_writer(path));
	assert_null(pl_journal_create(
		"/proc/nowhere/x.journal",
		&(struct pl_session_meta){.geometry = {1, 1, 1, 1},
					  .calibration = {.cells = 1, .scale = 1}},
		&err));
	assert_true(err.code == PL_ENOENT || err.code == PL_EACCES);
}

static void test_folder(void **state)
{
	char stem[512], uuid[37], want[512];
	struct pl_error err = {0};
	struct fixture f;
	struct stat st;

	(void)state;
	fixture_init(&f, 4, 4, PL_U8, 100, true);
	f.meta.trial = 12;
	assert_int_equal(pl_session_folder(folder, &f.meta, stem, sizeof(stem), &err), 0);
	snprintf(want, sizeof(want), "%s/2026/11/%s/trial-012", folder, f.meta.session_uuid);
	assert_string_equal(stem, want);
	*strrchr(want, '/') = '\0';
	assert_int_equal(stat(want, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0750);
	assert_int_equal(pl_session_folder(folder, &f.meta, stem, 10, &err), -1);
	strcpy(f.meta.session_uuid, "../../../../etc");
	assert_int_equal(pl_session_folder(folder, &f.meta, stem, sizeof(stem), &err), -1);
	assert_int_equal(err.code, PL_EUSAGE);
	pl_session_uuid(uuid);
	assert_int_equal(strlen(uuid), 36);
	assert_int_equal(uuid[14], '4');
	assert_non_null(strchr("89ab", uuid[19]));
	fixture_free(&f);
}

static void test_read_only_root(void **state)
{
	char root[128], stem[512];
	struct pl_error err = {0};
	struct fixture f;

	(void)state;
	fixture_init(&f, 4, 4, PL_U8, 100, true);
	assert_int_equal(mkdir(in_folder(root, "locked"), 0555), 0);
	assert_int_equal(chmod(folder, 0755), 0);
	if (geteuid() == 0)
		assert_int_equal(seteuid(65534), 0); /* root may write anywhere */
	assert_int_equal(pl_session_folder(root, &f.meta, stem, sizeof(stem), &err), -1);
	if (getuid() == 0)
		assert_int_equal(seteuid(0), 0);
	assert_int_equal(err.code, PL_EACCES);
	assert_non_null(strstr(err.message, "access"));
	fixture_free(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round_trip),     cmocka_unit_test(test_curve_and_none),
		cmocka_unit_test(test_layouts),	       cmocka_unit_test(test_older_versions),
		cmocka_unit_test(test_many_at_once),   cmocka_unit_test(test_cut_anywhere),
		cmocka_unit_test(test_flip_anywhere),  cmocka_unit_test(test_foreign_records),
		cmocka_unit_test(test_followed),       cmocka_unit_test(test_no_room),
		cmocka_unit_test(test_not_a_journal),  cmocka_unit_test(test_folder),
		cmocka_unit_test(test_read_only_root),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
