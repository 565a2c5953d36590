/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pedar, XSENSOR and zebris files, made up: what is right reads exactly; a file that is cut
 * anywhere is refused, or says that it may be cut, and never has a frame that was not in the whole
 * one; what is wrong is named with its place. Real files: tests/replay/test_import.py.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <plantar/hints.h>
#include <plantar/recording.h>

#include "foreign_text.h"

#define SENSORS 5
#define ROWS 4
#define COLS 3
#define FRAMES 3
#define MMHG 0.133322387415
#define SENSEL_CM2 0.741 /* 0.86 cm, as printed, squared is 0.7396 */

/* ---- making them ----------------------------------------------------------------------------- */

static double pedar_kpa(unsigned sensor, unsigned insole, unsigned f)
{
	return 2.5 * ((sensor * 7 + insole * 4 + f * 3) % 11);
}

static struct text pedar(unsigned frames)
{
	struct text t = {0};

	text_append(&t, "file name:  a.sol\tdate/time  01.01.20 10.00\nsensor type:  y-1l-1r \n");
	text_append(&t, "total time [secs]:  %.3f\ttime per frame [secs]:  0.01000\t",
		    frames * 0.01);
	text_append(&t,
		    "scanning rate [Hz]:   100\npressure values in  kPa\n\nmask definition: \n");
	text_append(&t, "left insole: 1,2,3,4,5\nright insole: 1,2,3,4,5\n\ntime[secs]    ");
	for (unsigned i = 0; i < 2 * SENSORS; i++)
		text_append(&t, "\t%7u", i % SENSORS + 1);
	text_append(&t, "\n");
	for (unsigned f = 0; f < frames; f++) {
		text_append(&t, "     %.5f", 0.01 * (f + 1));
		for (unsigned i = 0; i < 2 * SENSORS; i++)
			text_append(&t, "\t%7.3f", pedar_kpa(i % SENSORS, i / SENSORS, f));
		text_append(&t, "\n");
	}
	return t;
}

static double xsensor_mmhg(unsigned r, unsigned c, unsigned sensor, unsigned f)
{
	return (r + c + f) % 3 ? 50.25 * ((r * 5 + c * 3 + sensor + f) % 7) : 0;
}

static void xsensor_block(struct text *t, const char *name, unsigned sensor, unsigned f)
{
	double sum = 0, peak = 0;
	unsigned loaded = 0;

	for (unsigned i = 0; i < ROWS * COLS; i++) {
		double p = xsensor_mmhg(i / COLS, i % COLS, sensor, f);

		sum += p;
		peak = fmax(peak, p);
		loaded += p > 0;
	}
	text_append(t, "SENSOR,%s,,,\n,,,,\nRows,%d,,,\nColumns,%d,,,\n", name, ROWS, COLS);
	text_append(t, "Sensel Width (cm),0.86,,,\nSensel Height (cm),0.86,,,\n");
	text_append(t, "Average Pressure (mmHg),%.2f,,,\n", sum / loaded);
	text_append(t, "Peak Pressure (mmHg),%.2f,,,\n", peak);
	text_append(t, "Contact Area (cm\xC2\xB2),%.2f,,,\n", loaded * SENSEL_CM2);
	text_append(t, "Total Area (cm\xC2\xB2),%.2f,,,\n", ROWS * COLS * SENSEL_CM2);
	text_append(t, "Est. Load (N),%.2f,,,\nSENSELS,,,,\n", sum * MMHG * 0.1 * SENSEL_CM2);
	for (unsigned i = 0; i < ROWS * COLS; i++)
		text_append(t, "%.2f%s", xsensor_mmhg(i / COLS, i % COLS, sensor, f),
			    i % COLS == COLS - 1 ? ",,\n" : ",");
}

static struct text xsensor(unsigned sensors, unsigned frames)
{
	static const char *const names[] = {"M-LF S1", "M-RF S1"};
	struct text t = {0};

	text_append(&t, "\xEF\xBB\xBF"
			"File:,\"a.xsn\",,,\nUnits:,mmHg,,,\nThreshold:,1,,,\n");
	for (unsigned f = 0; f < frames; f++) {
		text_append(&t, "FRAME,%u,,,\nDate, 2020 Jan 1,,,\n", 7 + f);
		text_append(&t, "Time, %s.%03u,,,\n", f ? "00:00:00" : "23:59:59",
			    f ? 10 * f - 10 : 990);
		for (unsigned s = 0; s < sensors; s++)
			xsensor_block(&t, sensors == 1 ? "mat" : names[s], s, f);
		text_append(&t, "GROUP,1,,,\nSENSELS,,,,\n1,2,3,,\n");
	}
	return t;
}

static struct text apd(void)
{
	struct text t = {0};

	text_append(&t, "[General]\nUnitDistance=mm\nUnitPressure=N/cm2\n\n[Technical]\n");
	text_append(&t, "MaxSensorsX=353\nMaxSensorsY=64\nStartSensX=71\nStartSensY=6\n");
	text_append(&t, "SensCountX=3\nSensCountY=2\nLDistX=8.5\nLDistY=8\n\n[Data]\n");
	text_append(&t, "-1\t0.5\n2.0\t19.5\n7.0\t-1\n");
	return t;
}

/* ---- reading them ---------------------------------------------------------------------------- */

static struct pl_recording *open_text(enum pl_format format, const struct text *t)
{
	struct pl_error err = {0};
	struct pl_recording *rec;

	assert_int_equal(pl_format_probe(t->s, t->n), format);
	rec = pl_recording_open_memory(format, t->s, t->n, &err);
	if (!rec)
		fail_msg("%s", err.message);
	return rec;
}

static const double *next(struct pl_recording *rec, int64_t t_ns)
{
	struct pl_frame f = {0};

	assert_int_equal(pl_recording_next(rec, &f, NULL), 1);
	assert_int_equal(pl_recording_time_ns(rec, &f), t_ns);
	return f.cells;
}

static void pedar_reads(void **state)
{
	struct text t = pedar(FRAMES), crlf = text_crlf(&t);

	(void)state;
	for (int i = 0; i < 2; i++) {
		struct pl_recording *rec = open_text(PL_FORMAT_PEDAR_ASC, i ? &crlf : &t);
		const struct pl_recording_info *info = pl_recording_info(rec);

		assert_int_equal(info->layout, PL_LAYOUT_SENSORS);
		assert_int_equal(info->frames, FRAMES);
		assert_true(info->rate_hz == 100 && info->geometry.rows == SENSORS);
		assert_true(info->geometry.cols == 2 && isnan(info->geometry.pitch_row_m));
		assert_string_equal(info->problem, "");
		for (unsigned f = 0; f < FRAMES; f++) {
			const double *cells = next(rec, f * 10000000);

			for (unsigned s = 0; s < SENSORS; s++)
				assert_true(cells[2 * s] == pedar_kpa(s, 0, f) &&
					    cells[2 * s + 1] == pedar_kpa(s, 1, f));
		}
		pl_recording_close(rec);
	}
	text_free(&t);
	text_free(&crlf);
}

static void check_pair(struct pl_recording *rec)
{
	const struct pl_geometry *g = &pl_recording_info(rec)->geometry;
	unsigned apart = g->cols - 2 * COLS;

	assert_true(apart * g->pitch_col_m > 0.12);
	for (unsigned f = 0; f < FRAMES; f++) {
		const double *cells = next(rec, f * 10000000);

		for (unsigned r = 0; r < ROWS; r++)
			for (unsigned c = 0; c < g->cols; c++) {
				unsigned right = c >= COLS + apart;
				double want =
					right || c < COLS
						? xsensor_mmhg(r, right ? c - COLS - apart : c,
							       right, f) *
							  MMHG
						: 0;

				assert_true(cells[(size_t)r * g->cols + c] == want);
			}
	}
}

static void xsensor_reads(void **state)
{
	struct text pair = xsensor(2, FRAMES), mat = xsensor(1, FRAMES), crlf = text_crlf(&pair);
	struct pl_recording *rec = open_text(PL_FORMAT_XSENSOR_CSV, &pair);
	double pitch_m = sqrt(SENSEL_CM2) / 100;

	(void)state;
	/* the area is printed to 0.01 cm2 of 8.89 */
	assert_true(fabs(pl_recording_info(rec)->geometry.pitch_row_m / pitch_m - 1) < 5e-4);
	assert_true(pl_recording_info(rec)->rate_hz == 100);
	check_pair(rec);
	pl_recording_close(rec);
	rec = open_text(PL_FORMAT_XSENSOR_CSV, &crlf);
	check_pair(rec);
	pl_recording_close(rec);
	rec = open_text(PL_FORMAT_XSENSOR_CSV, &mat);
	assert_int_equal(pl_recording_info(rec)->geometry.cols, COLS);
	assert_int_equal(pl_recording_live(rec)->side, PL_SIDE_UNKNOWN);
	pl_recording_close(rec);
	text_free(&pair);
	text_free(&mat);
	text_free(&crlf);
}

static void apd_reads(void **state)
{
	static const double want[] = {0, 5, 20, 195, 70, 0};
	struct text t = apd();
	struct pl_recording *rec = open_text(PL_FORMAT_ZEBRIS_APD, &t);
	const struct pl_recording_info *info = pl_recording_info(rec);
	const double *cells = next(rec, 0);

	(void)state;
	assert_int_equal(info->layout, PL_LAYOUT_PICTURE);
	assert_true(info->geometry.pitch_row_m == 0.0085 && info->geometry.pitch_col_m == 0.008);
	assert_true(info->rate_hz == 0 && info->frames == 1);
	for (int i = 0; i < 6; i++)
		assert_true(cells[i] == want[i]);
	pl_recording_close(rec);
	text_free(&t);
}

/* ---- cut ------------------------------------------------------------------------------------- */

/* Are all frames of rec the first ones of whole, to the last cell that a cut may have shortened? */
static void check_beginning(struct pl_recording *rec, struct pl_recording *whole, bool may_be_cut)
{
	size_t n = pl_geometry_cells(&pl_recording_info(rec)->geometry), differ = 0;
	struct pl_frame a, b;

	if (n != pl_geometry_cells(&pl_recording_info(whole)->geometry)) {
		/* cut before the second sensor was ever named */
		assert_int_equal(pl_recording_info(rec)->frames, 1);
		return;
	}
	assert_int_equal(pl_recording_rewind(whole, NULL), 0);
	while (pl_recording_next(rec, &a, NULL) > 0) {
		assert_int_equal(pl_recording_next(whole, &b, NULL), 1);
		for (size_t i = 0; i < n; i++)
			differ += ((double *)a.cells)[i] != ((double *)b.cells)[i];
	}
	assert_true(differ <= may_be_cut);
}

static void cut_anywhere(enum pl_format format, struct text t, unsigned frames)
{
	struct pl_recording *whole = open_text(format, &t), *rec;
	unsigned read = 0;

	for (size_t n = 0; n < t.n; n++) {
		struct pl_error err = {0};
		bool in_line = n && t.s[n - 1] != '\n';

		rec = pl_recording_open_memory(format, t.s, n, &err);
		if (!rec) {
			assert_true(err.code != PL_OK && err.message[0]);
			continue;
		}
		read++;
		if (in_line)
			assert_true(pl_recording_info(rec)->problem[0]);
		assert_in_range(pl_recording_info(rec)->frames, 1, frames);
		check_beginning(rec, whole, in_line);
		pl_recording_close(rec);
	}
	assert_in_range(read, 1, t.n / 2);
	pl_recording_close(whole);
	text_free(&t);
}

static void cut_files_say_so(void **state)
{
	(void)state;
	cut_anywhere(PL_FORMAT_PEDAR_ASC, pedar(FRAMES), FRAMES);
	cut_anywhere(PL_FORMAT_XSENSOR_CSV, xsensor(2, FRAMES), FRAMES);
	cut_anywhere(PL_FORMAT_ZEBRIS_APD, apd(), 1);
}

/* The head knows how long it was. */
static void pedar_misses_frames_at_its_end(void **state)
{
	struct text t = pedar(5), cut = {.s = t.s, .n = 0};
	struct pl_recording *rec;
	unsigned lines = 0;

	(void)state;
	while (lines < 13) /* eleven of the head, two of frames */
		lines += t.s[cut.n++] == '\n';
	rec = open_text(PL_FORMAT_PEDAR_ASC, &cut);
	assert_int_equal(pl_recording_info(rec)->frames, 3);
	assert_non_null(strstr(pl_recording_info(rec)->problem, "line 3 says 0.05 s"));
	pl_recording_close(rec);
	text_free(&t);
}

/* ---- wrong ----------------------------------------------------------------------------------- */

struct wrong {
	const char *old;
	unsigned nth;
	const char *new_text, *said;
};

static void check_wrong(enum pl_format format, struct text t, const struct wrong *w, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct text bad = text_edit(&t, w[i].old, w[i].nth, w[i].new_text);
		struct pl_error err = {0};

		if (pl_recording_open_memory(format, bad.s, bad.n, &err))
			fail_msg("'%s' for '%s' was read", w[i].new_text, w[i].old);
		if (!strstr(err.message, w[i].said))
			fail_msg("\"%s\" does not say \"%s\"", err.message, w[i].said);
		text_free(&bad);
	}
	text_free(&t);
}

static void pedar_wrong(void **state)
{
	static const struct wrong wrong[] = {
		{"0.03000", 1, "0.04000",
		 "line 13, column 6: 0.04 s, but the frame before is at 0.02"},
		{"  7.500", 1, "  7,500", "decimal comma"},
		{"  7.500", 1, " -7.500", "expected the pressure of sensor"},
		{"kPa", 1, "psf", "line 4, column 21: the unit 'psf'"},
		{"0.01000", 1, "0.00000",
		 "line 3, column 51: expected the time of a frame above 0"},
		{":   100", 1, ":    50", "line 3: a frame every 0.01 s is not 50 Hz"},
		{"\t      2", 1, "\t      3", "expected sensor 2"},
		{"\t  7.500", 1, "\t  7.500\t  1.000", "after 10 pressures"},
		{"time[secs]", 1, "when[secs]", "expected a line that begins with time[secs]"},
	};

	(void)state;
	check_wrong(PL_FORMAT_PEDAR_ASC, pedar(FRAMES), wrong, sizeof(wrong) / sizeof(wrong[0]));
}

static void xsensor_wrong(void **state)
{
	static const struct wrong wrong[] = {
		{"201.00", 2, "251.25", "the printed"},
		{"FRAME,8", 1, "FRAME,9", "frame 9 where frame 8 should be"},
		{"mmHg", 1, "furlong", "line 2, column 8: the unit 'furlong'"},
		{"00:00:00.010", 1, "00:00:00.000", "not later than"},
		{"Rows,4", 3, "Rows,5", "not those of the first frame"},
		{"M-RF S1", 1, "M-LF S2", "which is the left and which the right"},
		{"M-RF S1", 2, "M-XX S1", "expected a sensor that the first frame has"},
		{"Sensel Width (cm),0.86", 1, "Sensel Width (in),0.34",
		 "expected 'Sensel Width (cm)'"},
		{"GROUP,1", 1, "NOTE,1", "expected SENSOR, GROUP or FRAME"},
	};

	static const struct wrong in_one[] = {
		{"Total Area (cm\xC2\xB2),8.89", 1, "Total Area (cm\xC2\xB2),9.39",
		 "do not agree with each other"},
		{"Sensel Height (cm),0.86", 1, "Sensel Height (cm),0.68",
		 "do not agree with each other"},
		{"Est. Load (N),", 1, "Est. Load (N),1", "the printed load of the cells"},
	};

	(void)state;
	check_wrong(PL_FORMAT_XSENSOR_CSV, xsensor(2, FRAMES), wrong,
		    sizeof(wrong) / sizeof(wrong[0]));
	check_wrong(PL_FORMAT_XSENSOR_CSV, xsensor(1, 1), in_one,
		    sizeof(in_one) / sizeof(in_one[0]));
}

static void apd_wrong(void **state)
{
	static const struct wrong wrong[] = {
		{"19.5", 1, "19,5", "line 17, column 7: a decimal comma"},
		{"19.5", 1, "-2", "line 17, column 5: expected a pressure, or -1"},
		{"7.0\t-1", 1, "7.0", "line 18, column 4: expected a tab and cell 2 of 2 (row 3)"},
		{"7.0\t-1\n", 1, "", "row 3 of 3: the file is cut off"},
		{"7.0\t-1\n", 1, "7.0\t-1\n1\t1\n", "line 19, column 1: expected nothing after"},
		{"SensCountY=2", 1, "SensCountY=600", "line 11: SensCountY is 600"},
		{"StartSensX=71", 1, "StartSensX=352", "line 10: 3 sensors from 352 on"},
		{"N/cm2", 1, "stone", "line 3, column 14: this unit is not known"},
		{"LDistX=8.5\n", 1, "", "expected 'LDistX=' before [Data]"},
	};

	(void)state;
	check_wrong(PL_FORMAT_ZEBRIS_APD, apd(), wrong, sizeof(wrong) / sizeof(wrong[0]));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pedar_reads),
		cmocka_unit_test(xsensor_reads),
		cmocka_unit_test(apd_reads),
		cmocka_unit_test(cut_files_say_so),
		cmocka_unit_test(pedar_misses_frames_at_its_end),
		cmocka_unit_test(pedar_wrong),
		cmocka_unit_test(xsensor_wrong),
		cmocka_unit_test(apd_wrong),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
