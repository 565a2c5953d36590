/* SPDX-License-Identifier: Apache-2.0 */
/*
 * URIs, and the transports that make their bytes up: replay: and sim:. What comes out is decoded
 * with the mat's own decoder and compared with what went in; pacing is measured on the clock.
 */
#include "tests/unit/drivers/transport_test.h"

#include <math.h>
#include <pthread.h>

#include "drivers/sim/person.h"
#include "drivers/transport/plcap.h"

static struct pl_transport *must_open(const char *uri, const struct pl_mat *mat)
{
	struct pl_error err;
	struct pl_transport *t = pl_transport_open(uri, mat, NULL, &err);

	if (!t)
		fail_msg("%s: %s", uri, err.message);
	return t;
}

static void uris_are_checked_strictly(void **state)
{
	static const struct {
		const char *uri, *said; /* NULL: valid */
	} cases[] = {
		{"serial:/dev/ttyUSB0", NULL},
		{"serial:/dev/ttyUSB0?baud=3000000&dtr=0&rts=1&settle_ms=2000", NULL},
#ifdef PLANTAR_USB
		{"usb:59e3:74C7", NULL},
		{"usb:59e3:74c7?serial=A%20b%26c&interface=0&in=0x81&out=2&packets=1", NULL},
		{"usb:1-2.3?transfers=8&transfer_bytes=512", NULL},
		{"usb:12-1", NULL},
#else
		{"usb:59e3:74C7", "was left out when this was built"},
#endif
#ifdef PLANTAR_USB
		{"usb:59e3", "names no device; valid are usb:VVVV:PPPP"},
		{"usb:59e3:74c", "names no device"},
		{"usb:059e3:74c7", "names no device"},
		{"usb:59g3:74c7", "names no device"},
		{"usb:59e3:74c7:1", "names no device"},
		{"usb:1-", "names no device"},
		{"usb:1-2.", "names no device"},
		{"usb:1-2..3", "names no device"},
		{"usb:1-2-3", "names no device"},
		{"usb:-1", "names no device"},
		{"usb:usb1", "names no device"},
#endif
		{"usb:1-2?serial=", "serial= is not valid; it must be 1 to 126 characters"},
		{"usb:1-2?serial", "serial= is not valid"},
		{"usb:1-2?serial=%2", "serial=%2 is not valid"},
		{"usb:1-2?serial=%0A", "serial=%0A is not valid"},
		{"usb:1-2?serial=a&serial=b", "given twice"},
		{"usb:1-2?in=0x01", "in=0x01 is not valid; it must be a whole number from 129"},
		{"usb:1-2?in=0x", "not valid"},
		{"usb:1-2?in=81", "not valid"},
		{"usb:1-2?out=0x1ffffffff", "not valid"},
		{"usb:1-2?baud=9600", "valid keys: serial, interface, in, out"},
		{"replay:a file.plcap?rate=0&loop=1", NULL},
		{"replay:x?rate=0.25", NULL},
		{"sim:standing", NULL},
		{"sim:walking?rows=32&cols=32&hz=250&seed=9007199254740992&mass=55.5&left=0.4"
		 "&heel=0.7&noise=1&speed=1.5&cadence=170&seconds=3",
		 NULL},
		{"", "serial:/dev/serial/by-id/NAME"},
		{"/dev/ttyUSB0", "names no source; valid are: serial:"},
		{"bluetooth:x", "names no source"},
		{"serial:", "nothing after \"serial:\""},
		{"serial:?baud=1", "nothing after"},
		{"serial:/dev/x?baut=1", "unknown key \"baut\"; valid keys: baud, dtr, rts"},
		{"serial:/dev/x?baud=fast", "baud=fast is not valid; it must be a whole number"},
		{"serial:/dev/x?baud=9600.5", "whole number"},
		{"serial:/dev/x?baud=", "not valid"},
		{"serial:/dev/x?baud", "not valid"},
		{"serial:/dev/x?baud=1", "from 50"},
		{"serial:/dev/x?baud=1e6", "not valid"},
		{"serial:/dev/x?baud=9600&baud=9600", "given twice"},
		{"serial:/dev/x?&", "unknown key \"\""},
		{"replay:x?rate=-1", "not valid"},
		{"replay:x?rate=1.2.3", "not valid"},
		{"sim:flying", "valid are: standing, shift, one-leg, heel-raise, walking, running, "
			       "run-over, empty, weight"},
		{"sim:standing?rows=64", "mat testmat has rows = 32"},
		{"sim:standing?cols=1", "mat testmat has cols = 32"},
		{"sim:standing?hz=0.01", "0 (unpaced)"},
		{"sim:standing?left=1.5", "from 0 to 1"},
	};
	struct pl_mat mat;
	struct pl_error err;
	static char lengthy[3000] = "serial:/";

	(void)state;
	parse_mat(&mat, PMP_MAT);
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		int failed = pl_transport_check(cases[i].uri, &mat, &err);

		if (failed && !cases[i].said)
			fail_msg("%s: %s", cases[i].uri, err.message);
		if (!cases[i].said)
			continue;
		assert_int_not_equal(failed, 0);
		assert_int_equal(err.code, PL_EUSAGE);
		if (!strstr(err.message, cases[i].said))
			fail_msg("%s: \"%s\" does not say \"%s\"", cases[i].uri, err.message,
				 cases[i].said);
		assert_null(pl_transport_open(cases[i].uri, &mat, NULL, NULL));
	}
	memset(lengthy + 8, 'x', sizeof(lengthy) - 9);
	assert_int_not_equal(pl_transport_check(lengthy, &mat, &err), 0);
	pl_mat_free(&mat);
}

static void queries_are_found(void **state)
{
	char buf[16];

	(void)state;
	assert_string_equal(pl_uri_query("a:b?hz=250&seed=1", "hz", buf, sizeof(buf)), "250");
	assert_string_equal(pl_uri_query("a:b?hz=250&seed=1", "seed", buf, sizeof(buf)), "1");
	assert_string_equal(pl_uri_query("a:b?x=&seed=1", "x", buf, sizeof(buf)), "");
	assert_null(pl_uri_query("a:b?hz=250&seed=1", "h", buf, sizeof(buf)));
	assert_null(pl_uri_query("a:b?hz=250", "seed", buf, sizeof(buf)));
	assert_null(pl_uri_query("a:b", "b", buf, sizeof(buf)));
	assert_null(pl_uri_query("a:b?hz=1234567890123456", "hz", buf, sizeof(buf)));
	assert_string_equal(pl_uri_query("a:b?hz=123456789012345", "hz", buf, sizeof(buf)),
			    "123456789012345");
}

/* Reads all until the end through a decoder; keeps frames' cells one after the other. */
struct heard_frames {
	uint8_t *cells;
	size_t n, cell_bytes;
	double first_s, last_s;
	struct pl_decode_stats stats;
	char text[512];
};

static void listen(struct pl_transport *t, const struct pl_mat *mat, struct heard_frames *h,
		   size_t frames_max)
{
	struct pl_decoder *d = pl_decoder_new(&mat->decoder, NULL);
	static uint8_t buf[65536];
	struct pl_device_text text;
	long n = 0;

	assert_non_null(d);
	*h = (struct heard_frames){.cell_bytes = pl_geometry_cells(&mat->geometry) *
						 pl_dtype_size(mat->dtype)};
	h->cells = malloc((frames_max + 1) * h->cell_bytes);
	while (h->n < frames_max &&
	       (n = pl_transport_read(t, buf, sizeof(buf), pl_decoder_need(d), 2000, NULL)) > 0) {
		double now = seconds(CLOCK_MONOTONIC);
		size_t at = 0;
		bool got = true;

		while ((got || at < (size_t)n) && h->n < frames_max) {
			struct pl_raw_frame f = {.cells = h->cells + h->n * h->cell_bytes};

			at += pl_decoder_feed(d, buf + at, (size_t)n - at, 0, &f, &got);
			if (got && !h->n++)
				h->first_s = now;
		}
		h->last_s = now;
	}
	if (h->n < frames_max)
		assert_int_equal(n, PL_READ_END);
	if (pl_decoder_text(d, &text))
		memcpy(h->text, text.text, sizeof(h->text));
	h->stats = *pl_decoder_stats(d);
	pl_decoder_free(d);
}

static void sim_frames_are_the_persons(void **state)
{
	struct pl_mat mat;
	struct pl_transport *t;
	struct heard_frames h;
	struct pl_sim_options o;
	struct pl_sim *sim;
	static double kpa[32 * 32];
	static uint16_t counts[32 * 32];

	(void)state;
	parse_mat(&mat, PMP_MAT);
	t = must_open("sim:shift?hz=0&seed=7&mass=80&left=0.4&heel=0.5&seconds=5", &mat);
	listen(t, &mat, &h, 1000);
	assert_int_equal(h.n, 500); /* five seconds at the mat's 100 Hz */
	assert_int_equal(h.stats.lost_device + h.stats.lost_corrupt + h.stats.skipped_bytes, 0);
	assert_non_null(strstr(h.text, "id=simulated"));
	pl_sim_options_init(&o);
	o.kind = PL_SIM_SHIFT;
	o.geometry = mat.geometry;
	o.rate_hz = 100;
	o.seed = 7;
	o.body_mass_kg = 80;
	o.left_share = 0.4;
	o.heel_share = 0.5;
	sim = pl_sim_new(&o, NULL);
	for (size_t i = 0; i < h.n; i++) {
		double force = 0;

		pl_sim_frame(sim, kpa, NULL);
		pl_calibrate_inverse(&mat.calibration, &mat.geometry, kpa, mat.dtype, counts);
		assert_memory_equal(counts, h.cells + i * h.cell_bytes, h.cell_bytes);
		for (int k = 0; k < 32 * 32; k++)
			force += counts[k] * 0.01 * 1e3 * 0.012 * 0.012;
		assert_true(fabs(force / (80 * 9.80665) - 1) < 1e-3); /* quantisation */
	}
	pl_sim_free(sim);
	free(h.cells);
	pl_transport_close(t);
	pl_mat_free(&mat);
}

static void uncalibrated_mats_get_plausible_counts(void **state)
{
	static const struct {
		const char *cell;
		unsigned full;
	} mats[] = {
		{"cell = \"u8\"; frame = { head = \"AA 55\"; };", 255},
		{"cell = \"u16\"; frame = { head = \"AA 55\"; };", 4095},
		{"cell = \"u16\"; frame = { head = \"AA 55\"; mask = 0x3FF; };", 1023},
		{"cell = \"i8\"; frame = { head = \"AA 55\"; };", 127},
	};

	(void)state;
	for (size_t k = 0; k < sizeof(mats) / sizeof(*mats); k++) {
		struct pl_mat mat;
		struct pl_transport *t;
		struct heard_frames h;
		unsigned most = 0, loaded = 0, full = 0;
		char text[400];

		snprintf(text, sizeof(text),
			 "title = \"t\"; rows = 32; cols = 32; pitch_mm = 12.0; rate_hz = 50;"
			 "protocol = \"matrix\"; %s",
			 mats[k].cell);
		parse_mat(&mat, text);
		t = must_open("sim:standing?hz=0&seconds=1", &mat);
		listen(t, &mat, &h, 100);
		assert_true(h.n >= 49);
		for (size_t i = 0; i < h.cell_bytes; i += pl_dtype_size(mat.dtype)) {
			unsigned v = h.cells[i];

			if (pl_dtype_size(mat.dtype) == 2)
				v |= (unsigned)h.cells[i + 1] << 8;
			most = v > most ? v : most;
			loaded += v > 0;
			full += v >= mats[k].full;
		}
		assert_true(most > mats[k].full / 5);
		assert_true(full * 10 < loaded); /* hardly a cell is at its stop */
		free(h.cells);
		pl_transport_close(t);
		pl_mat_free(&mat);
	}
}

static void sim_keeps_time(void **state)
{
	struct pl_mat mat;
	struct pl_transport *t;
	struct heard_frames h;
	double begin, cpu;

	(void)state;
	parse_mat(&mat, PMP_MAT);
	t = must_open("sim:standing?hz=400&seconds=1", &mat);
	cpu = seconds(CLOCK_THREAD_CPUTIME_ID);
	begin = seconds(CLOCK_MONOTONIC);
	listen(t, &mat, &h, 1000);
	assert_int_equal(h.n, 400);
	/* the first frame is due at once, the 400th 997.5 ms later */
	assert_true(h.first_s < h.last_s - 0.5);
	assert_true(h.last_s - begin > 0.9974); /* later only as the machine is busy */
	assert_true(seconds(CLOCK_THREAD_CPUTIME_ID) - cpu < 0.6);
	free(h.cells);
	pl_transport_close(t);

	/* a reader that was late gets what is due at once, and nothing early */
	t = must_open("sim:standing?hz=100", &mat);
	listen(t, &mat, &h, 1);
	free(h.cells);
	nap(0.5);
	begin = seconds(CLOCK_MONOTONIC);
	listen(t, &mat, &h, 50);
	assert_true(seconds(CLOCK_MONOTONIC) - begin < 0.2);
	free(h.cells);
	listen(t, &mat, &h, 50);
	assert_true(seconds(CLOCK_MONOTONIC) - begin > 0.45);
	free(h.cells);
	pl_transport_close(t);
	pl_mat_free(&mat);
}

static void time_outs_are_kept(void **state)
{
	struct pl_mat mat;
	struct pl_transport *t;
	uint8_t buf[100000];
	double begin;

	(void)state;
	parse_mat(&mat, PMP_MAT);
	t = must_open("sim:empty?hz=1", &mat);
	assert_true(pl_transport_read(t, buf, sizeof(buf), 1000, 100, NULL) > 0);
	begin = seconds(CLOCK_MONOTONIC);
	assert_int_equal(pl_transport_read(t, buf, sizeof(buf), 1, 50, NULL), PL_READ_NONE);
	assert_true(seconds(CLOCK_MONOTONIC) - begin >= 0.05);
	assert_int_equal(pl_transport_read(t, buf, sizeof(buf), 1, 0, NULL), PL_READ_NONE);
	pl_transport_close(t);
	pl_mat_free(&mat);
}

static void polled_mats_answer_when_asked(void **state)
{
	struct pl_mat mat;
	struct pl_transport *t;
	uint8_t buf[4096];

	(void)state;
	parse_mat(&mat, POLLED_MAT);
	t = must_open("sim:standing", &mat);
	assert_int_equal(pl_transport_read(t, buf, sizeof(buf), 1, 50, NULL), PL_READ_NONE);
	for (int i = 0; i < 5; i++) {
		assert_int_equal(pl_transport_write(t, "A", 1, NULL), 0);
		assert_int_equal(pl_transport_read(t, buf, sizeof(buf), 259, 200, NULL), 259);
		assert_memory_equal(buf + 256, "\xff\xfe\xfd", 3);
		assert_int_equal(pl_transport_read(t, buf, sizeof(buf), 1, 20, NULL), PL_READ_NONE);
	}
	pl_transport_close(t);
	pl_mat_free(&mat);
}

static void *cancel_soon(void *t)
{
	nap(0.05);
	pl_transport_cancel(t);
	return NULL;
}

static void cancel_wakes(void **state)
{
	static const char *const uris[] = {"sim:empty?hz=0.2", "sim:empty?hz=0"};
	struct pl_mat mat;

	(void)state;
	parse_mat(&mat, PMP_MAT);
	for (int i = 0; i < 2; i++) {
		struct pl_transport *t = must_open(uris[i], &mat);
		uint8_t buf[10000];
		pthread_t thread;
		double begin;
		long n;

		while (pl_transport_read(t, buf, sizeof(buf), 1, 0, NULL) > 0 && i == 0)
			;
		assert_false(pthread_create(&thread, NULL, cancel_soon, t));
		begin = seconds(CLOCK_MONOTONIC);
		do
			n = pl_transport_read(t, buf, sizeof(buf), 1, 4000, NULL);
		while (n > 0);
		assert_int_equal(n, PL_READ_NONE);
		assert_true(seconds(CLOCK_MONOTONIC) - begin < 2);
		pthread_join(thread, NULL);
		pl_transport_cancel(t); /* and one that comes before */
		assert_int_equal(pl_transport_read(t, buf, sizeof(buf), 1, 4000, NULL),
				 PL_READ_NONE);
		pl_transport_close(t);
	}
	pl_mat_free(&mat);
}

static void write_capture(const char *path, const struct pl_mat *mat)
{
	struct pl_plcap_writer *w = pl_plcap_create(path, mat, NULL);

	assert_non_null(w);
	for (int i = 0; i < 10; i++)
		assert_int_equal(pl_plcap_write(w, i * INT64_C(50000000), "0123456789", 10, NULL),
				 0);
	assert_int_equal(pl_plcap_finish(w, NULL), 0);
}

static void replays_keep_time_and_end(void **state)
{
	struct pl_mat mat;
	struct pl_error err;
	uint8_t buf[1000];
	char path[128], uri[160];

	(void)state;
	parse_mat(&mat, PMP_MAT);
	snprintf(path, sizeof(path), "%s", scratch("walk.plcap"));
	write_capture(path, &mat);
	for (int rate = 0; rate <= 2; rate++) {
		double begin, duration, expected = rate ? 0.45 / rate : 0;
		struct pl_transport *t;
		long n, sum = 0;

		snprintf(uri, sizeof(uri), "replay:%s?rate=%d", path, rate);
		assert_true(pl_transport_present(uri));
		t = must_open(uri, &mat);
		begin = seconds(CLOCK_MONOTONIC);
		while ((n = pl_transport_read(t, buf, sizeof(buf), 1, 1000, &err)) > 0) {
			if (rate) /* nothing before its time */
				assert_true(seconds(CLOCK_MONOTONIC) - begin >=
					    0.05 / rate * (double)(sum + n - 10) / 10 - 1e-3);
			assert_int_equal(pl_transport_write(t, "poll", 4, &err), 0);
			sum += n;
		}
		duration = seconds(CLOCK_MONOTONIC) - begin;
		assert_int_equal(n, PL_READ_END);
		assert_int_equal(pl_transport_read(t, buf, sizeof(buf), 1, 1000, &err),
				 PL_READ_END);
		assert_int_equal(sum, 100);
		assert_true(duration >= expected - 1e-3 && duration < expected + 0.2);
		pl_transport_close(t);
	}
	/* want decides how much is gathered, cap how much at most */
	snprintf(uri, sizeof(uri), "replay:%s?rate=0", path);
	struct pl_transport *t = must_open(uri, &mat);
	assert_int_equal(pl_transport_read(t, buf, sizeof(buf), 25, 0, &err), 30);
	assert_int_equal(pl_transport_read(t, buf, 4, 25, 0, &err), 4);
	assert_memory_equal(buf, "0123", 4);
	assert_int_equal(pl_transport_read(t, buf, 8, 8, 0, &err), 8);
	assert_memory_equal(buf, "45678901", 8);
	pl_transport_close(t);
	pl_mat_free(&mat);
}

static void replays_loop(void **state)
{
	struct pl_mat mat;
	char path[128], uri[160];
	uint8_t buf[10];
	struct pl_transport *t;
	double begin;

	(void)state;
	parse_mat(&mat, PMP_MAT);
	snprintf(path, sizeof(path), "%s", scratch("loop.plcap"));
	write_capture(path, &mat);
	snprintf(uri, sizeof(uri), "replay:%s?rate=10&loop=1", path);
	t = must_open(uri, &mat);
	begin = seconds(CLOCK_MONOTONIC);
	for (int i = 0; i < 55; i++)
		assert_int_equal(pl_transport_read(t, buf, sizeof(buf), 10, 1000, NULL), 10);
	assert_true(seconds(CLOCK_MONOTONIC) - begin > 0.22);
	pl_transport_close(t);
	pl_mat_free(&mat);
}

/* Times no clock can reach: the replay waits for them, and does not wrap around. */
static void impossible_times_are_never_due(void **state)
{
	static const char head[] = "plcap 1\nmat: testmat\n\n";
	static const uint8_t records[] = {0,	0,    0,    0,	 0,    0,    0,	   0,	 1,
					  0,	0,    0,    'x', 0xFF, 0xFF, 0xFF, 0xFF, 0xFF,
					  0xFF, 0xFF, 0x7F, 1,	 0,    0,    0,	   'y'};
	static const char *const rates[] = {"1", "0.0000000000000000001", "1000000"};
	struct pl_mat mat;
	char path[128], uri[200];
	uint8_t buf[10];
	FILE *f;

	(void)state;
	parse_mat(&mat, PMP_MAT);
	snprintf(path, sizeof(path), "%s", scratch("far.plcap"));
	f = fopen(path, "wb");
	fwrite(head, 1, sizeof(head) - 1, f);
	fwrite(records, 1, sizeof(records), f);
	fclose(f);
	for (int i = 0; i < 3; i++) {
		struct pl_transport *t;

		snprintf(uri, sizeof(uri), "replay:%s?rate=%s&loop=1", path, rates[i]);
		t = must_open(uri, &mat);
		assert_int_equal(pl_transport_read(t, buf, sizeof(buf), 1, 100, NULL), 1);
		assert_int_equal(pl_transport_read(t, buf, sizeof(buf), 1, 20, NULL), PL_READ_NONE);
		pl_transport_close(t);
	}
	pl_mat_free(&mat);
}

static void damaged_replays_end_with_a_word(void **state)
{
	static const char head[] = "plcap 1\nmat: other\n\n";
	static const uint8_t records[] = {0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 'x',
					  0, 0, 0, 0, 0, 0, 0, 0, 9, 9, 9, 9, 'y'};
	struct heard heard = {.n = 0};
	const struct pl_log log = {.sink = hear, .user = &heard, .max = PL_INFO};
	struct pl_mat mat;
	struct pl_error err;
	char path[128], uri[160];
	uint8_t buf[10];
	struct pl_transport *t;
	FILE *f;

	(void)state;
	parse_mat(&mat, PMP_MAT);
	snprintf(path, sizeof(path), "%s", scratch("damaged.plcap"));
	f = fopen(path, "wb");
	fwrite(head, 1, sizeof(head) - 1, f);
	fwrite(records, 1, sizeof(records), f);
	fclose(f);
	snprintf(uri, sizeof(uri), "replay:%s?loop=1", path);
	t = pl_transport_open(uri, &mat, &log, &err);
	assert_non_null(t);
	assert_non_null(strstr(heard.text, "captured from mat other"));
	assert_int_equal(pl_transport_read(t, buf, sizeof(buf), 1, 100, &err), 1);
	assert_int_equal(pl_transport_read(t, buf, sizeof(buf), 1, 100, &err), PL_READ_END);
	assert_non_null(strstr(heard.text, "record 1"));
	assert_int_equal(heard.n, 2);
	pl_transport_close(t);

	snprintf(uri, sizeof(uri), "replay:%s", scratch("nothing.plcap"));
	assert_null(pl_transport_open(uri, &mat, &log, &err));
	assert_int_equal(err.code, PL_ENOENT);
	assert_false(pl_transport_present(uri));
	pl_mat_free(&mat);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(uris_are_checked_strictly),
		cmocka_unit_test(queries_are_found),
		cmocka_unit_test(sim_frames_are_the_persons),
		cmocka_unit_test(uncalibrated_mats_get_plausible_counts),
		cmocka_unit_test(sim_keeps_time),
		cmocka_unit_test(time_outs_are_kept),
		cmocka_unit_test(polled_mats_answer_when_asked),
		cmocka_unit_test(cancel_wakes),
		cmocka_unit_test(replays_keep_time_and_end),
		cmocka_unit_test(replays_loop),
		cmocka_unit_test(impossible_times_are_never_due),
		cmocka_unit_test(damaged_replays_end_with_a_word),
	};
	int failed = cmocka_run_group_tests(tests, NULL, NULL);

	remove_scratch();
	return failed;
}
