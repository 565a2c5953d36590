/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Foreign recordings, made up: what is right reads exactly; what is wrong in any way is refused
 * with the place and what was expected there. A file that was cut never loses a frame silently.
 */
#include <locale.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <plantar/recording.h>

#include "foreign_text.h"

#define ROWS 4
#define COLS 3
#define FRAMES 3

/* ---- what is right --------------------------------------------------------------------------- */

static struct pl_recording *open_text(enum pl_format format, const struct text *t,
				      struct pl_error *err)
{
	*err = (struct pl_error){0};
	assert_int_equal(pl_format_probe(t->s, t->n), format);
	return pl_recording_open_memory(format, t->s, t->n, err);
}

static bool is_corner(unsigned r, unsigned c)
{
	return (r == 0 || r == ROWS - 1) && (c == 0 || c == COLS - 1);
}

/* Frames are whole, in order and what they should be; returns how many. */
static unsigned check_frames(struct pl_recording *rec, bool corners, double factor)
{
	struct pl_error err;
	struct pl_frame f;
	unsigned n = 0;
	int got;

	while ((got = pl_recording_next(rec, &f, &err)) > 0) {
		const double *cells = f.cells;

		assert_int_equal(f.dtype, PL_F64);
		assert_int_equal(f.seq, n);
		assert_int_equal(f.t_est_ns, n * 10000000);
		assert_int_equal(pl_recording_time_ns(rec, &f), n * 10000000);
		for (unsigned r = 0; r < ROWS; r++)
			for (unsigned c = 0; c < COLS; c++)
				assert_true(cells[r * COLS + c] ==
					    (corners && is_corner(r, c)
						     ? 0
						     : foreign_kpa(r, c, n) * factor));
		n++;
	}
	assert_int_equal(got, 0);
	return n;
}

static void check_lst(const struct text *t)
{
	struct pl_error err;
	struct pl_recording *rec = open_text(PL_FORMAT_EMED_LST, t, &err);
	const struct pl_recording_info *info;

	if (!rec)
		fail_msg("%s", err.message);
	info = pl_recording_info(rec);
	assert_int_equal(info->frames, FRAMES);
	assert_int_equal(info->geometry.rows, ROWS);
	assert_int_equal(info->geometry.cols, COLS);
	assert_true(info->geometry.pitch_row_m == 0.005 && info->geometry.pitch_col_m == 0.005);
	assert_true(info->rate_hz == 100 && info->duration_s == 0.03 && info->calibrated);
	assert_string_equal(info->problem, "");
	assert_int_equal(check_frames(rec, false, 1), FRAMES);
	assert_int_equal(pl_recording_rewind(rec, &err), 0);
	assert_int_equal(check_frames(rec, false, 1), FRAMES);
	assert_null(pl_recording_meta(rec));
	assert_null(pl_recording_summary(rec));
	pl_recording_close(rec);
}

static void lst_reads(void **state)
{
	struct text t = foreign_lst(ROWS, COLS, FRAMES), crlf = text_crlf(&t);

	(void)state;
	check_lst(&t);
	check_lst(&crlf);
	text_free(&t);
	text_free(&crlf);
}

static void lst_summary_pages_are_no_frames(void **state)
{
	struct text t = foreign_lst(ROWS, COLS, FRAMES);
	struct text with;

	(void)state;
	t.n--; /* the form feed that ends the file */
	t.s[t.n] = '\0';
	with = text_copy(&t);
	text_append(&with, "\n\t\t\t\tPage 4\n\n\tFile: x\n\tMVP\n\n1\t2\n\f\n\f");
	check_lst(&with);
	text_free(&with);
	text_free(&t);
}

static void lst_says_where_its_box_lies(void **state)
{
	struct text t = foreign_lst(ROWS, COLS, FRAMES);
	struct pl_error err;
	struct pl_recording *rec = open_text(PL_FORMAT_EMED_LST, &t, &err);
	char buf[4096];
	struct pl_json json;

	(void)state;
	pl_json_init(&json, buf, sizeof(buf));
	pl_json_begin_object(&json, NULL);
	pl_recording_json(rec, &json);
	pl_json_end_object(&json);
	assert_true(pl_json_finish(&json) > 0);
	assert_non_null(strstr(buf, "\"format\":\"emed-lst\""));
	assert_non_null(strstr(buf, "\"pitch_row_mm\":5,"));
	assert_non_null(strstr(buf, "\"first_row\":30,\"first_col\":26"));
	assert_non_null(strstr(buf, "\"complete\":true"));
	pl_recording_close(rec);
	text_free(&t);
}

/* Size and area of a sensor are both printed rounded: the forces say which of them was less so. */
static void lst_area_is_the_one_that_explains_the_forces(void **state)
{
	struct text t = foreign_lst(40, 20, 1), size, wrong;
	struct pl_error err;
	struct pl_recording *rec;

	(void)state;
	size = text_edit(&t, "0.500x0.500", 1, "0.50x0.495");
	wrong = text_edit(&t, "0.500x0.500", 1, "0.498x0.498");
	assert_null(open_text(PL_FORMAT_EMED_LST, &wrong, &err)); /* 0.248 is not 0.25 */
	assert_non_null(strstr(err.message, "add up to"));
	rec = open_text(PL_FORMAT_EMED_LST, &size, &err);
	if (!rec)
		fail_msg("%s", err.message);
	assert_true(fabs(pl_cell_area_m2(&pl_recording_info(rec)->geometry) - 0.25e-4) < 1e-15);
	pl_recording_close(rec);
	text_free(&t);
	text_free(&size);
	text_free(&wrong);
}

static void check_asf(const struct text *t, double factor)
{
	struct pl_error err;
	struct pl_recording *rec = open_text(PL_FORMAT_TEKSCAN_ASF, t, &err);
	const struct pl_calibration *cal;

	if (!rec)
		fail_msg("%s", err.message);
	cal = pl_recording_calibration(rec);
	assert_true(pl_recording_info(rec)->geometry.pitch_row_m == 0.00508);
	assert_true(pl_recording_info(rec)->rate_hz == 100);
	for (unsigned i = 0; i < ROWS * COLS; i++)
		assert_int_equal(cal->cell_state[i],
				 is_corner(i / COLS, i % COLS) ? PL_CELL_NONE : PL_CELL_OK);
	assert_int_equal(check_frames(rec, true, factor), FRAMES);
	pl_recording_close(rec);
}

static void asf_reads(void **state)
{
	struct text t = foreign_asf(ROWS, COLS, FRAMES), crlf = text_crlf(&t);
	struct text psi = text_edit(&t, "UNITS KPa", 1, "UNITS PSI");
	struct text mmhg = text_edit(&t, "UNITS KPa", 1, "UNITS mmHg ");
	struct text bom = text_edit(&t, "DATA_TYPE", 1,
				    "\xEF\xBB\xBF"
				    "DATA_TYPE");

	(void)state;
	check_asf(&t, 1);
	check_asf(&crlf, 1);
	check_asf(&psi, 6.894757293168361);
	check_asf(&mmhg, 0.133322387415);
	check_asf(&bom, 1);
	text_free(&t);
	text_free(&crlf);
	text_free(&psi);
	text_free(&mmhg);
	text_free(&bom);
}

static void asf_raw_stays_counts(void **state)
{
	struct text t = foreign_asf(ROWS, COLS, FRAMES);
	struct text raw = text_edit(&t, "UNITS KPa", 1, "UNITS Raw");
	struct pl_error err;
	struct pl_recording *rec = open_text(PL_FORMAT_TEKSCAN_ASF, &raw, &err);

	(void)state;
	assert_non_null(rec);
	assert_false(pl_recording_info(rec)->calibrated);
	assert_int_equal(pl_recording_calibration(rec)->unit, PL_UNIT_COUNTS);
	pl_recording_close(rec);
	text_free(&t);
	text_free(&raw);
}

/* 108.4 kPa is printed as 108, and so is everything above it. */
static void asf_saturation_is_rounded_like_the_cells(void **state)
{
	struct text t = foreign_asf(ROWS, COLS, FRAMES);
	struct pl_error err;
	struct pl_recording *rec = open_text(PL_FORMAT_TEKSCAN_ASF, &t, &err);
	const struct pl_calibration *cal = pl_recording_calibration(rec);
	double cells[ROWS * COLS] = {0}, values[ROWS * COLS];
	const struct pl_geometry *g = &pl_recording_info(rec)->geometry;

	(void)state;
	cells[4] = 107;
	assert_int_equal(pl_calibrate(cal, g, cells, PL_F64, values), 0);
	cells[4] = 108;
	assert_int_equal(pl_calibrate(cal, g, cells, PL_F64, values), PL_FLAG_SATURATED);
	assert_true(values[4] == 108);
	pl_recording_close(rec);
	text_free(&t);
}

/* ---- what is wrong --------------------------------------------------------------------------- */

struct damage {
	const char *old;
	unsigned nth;
	const char *new_text;
	enum pl_code code;
	const char *says[3];
};

static void check_refused(enum pl_format format, const struct text *t, const struct damage *d)
{
	struct pl_error err = {0};
	struct pl_recording *rec = pl_recording_open_memory(format, t->s, t->n, &err);

	if (rec)
		fail_msg("read although '%s' became '%s'", d->old, d->new_text);
	if (err.code != d->code)
		fail_msg("'%s' -> '%s': code %s: %s", d->old, d->new_text, pl_code_name(err.code),
			 err.message);
	for (int i = 0; i < 3 && d->says[i]; i++)
		if (!strstr(err.message, d->says[i]))
			fail_msg("'%s' -> '%s': \"%s\" does not say \"%s\"", d->old, d->new_text,
				 err.message, d->says[i]);
}

static void check_damages(enum pl_format format, const struct text *t, const struct damage *d,
			  size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct text damaged = text_edit(t, d[i].old, d[i].nth, d[i].new_text);

		check_refused(format, &damaged, &d[i]);
		text_free(&damaged);
	}
}

/* Page 1 is lines 1 to 18: numbers in line 12, rows 30 to 33 in lines 13 to 16, forces in 17. */
static void lst_damage_is_named(void **state)
{
	static const struct damage damages[] = {
		{"\t85.00", 1, "\t8S.00", PL_ECORRUPT, {"line 13, column ", "a cell's pressure"}},
		{"\t85.00", 1, "\t-85.00", PL_ECORRUPT, {"line 13", "found '-85.00'"}},
		{"\t85.00", 1, "\t85,00", PL_ECORRUPT, {"line 13", "decimal comma"}},
		{"\t85.00", 1, "\t85.0", PL_ECORRUPT, {"line 13", "with 2 decimals"}},
		{"\t85.00", 1, "\t", PL_ECORRUPT, {"line 13", "a cell's pressure"}},
		{"\t85.00", 1, "", PL_ECORRUPT, {"line 13"}},
		{"\t85.00", 1, "\t85.00\t85.00", PL_ECORRUPT, {"line 13"}},
		{"\t85.00", 1, "\t95.00", PL_ECORRUPT, {"line 13", "picture 1", "row 30"}},
		{"\n31\t",
		 1,
		 "\n32\t",
		 PL_ECORRUPT,
		 {"line 14, column 1", "row 31 or 'Force' of picture 1"}},
		{"\n31\t", 1, "\nxx\t", PL_ECORRUPT, {"line 14, column 1", "row 31", "'xx'"}},
		{"\n33\t", 2, "\n34\t", PL_ECORRUPT, {"line 34", "row 33 of picture 2"}},
		{"\tForce\n", 1, "\n", PL_ECORRUPT, {"line 12", "'Force'"}},
		{"\t27\t", 1, "\t28\t", PL_ECORRUPT, {"line 12", "column number 27"}},
		{"\t26\t", 2, "\t25\t", PL_ECORRUPT, {"line 30"}},
		{"Pict-No.: 2", 1, "Pict-No.: 3", PL_ECORRUPT, {"line 28", "picture 3 where"}},
		{"Pict-No.: 2", 1, "Pict-No.: 1", PL_ECORRUPT, {"line 28", "picture 2 should"}},
		{"Pict-No.: 2",
		 1,
		 "Pict-No.: ?",
		 PL_ECORRUPT,
		 {"line 28", "number of the picture"}},
		{"10.0 ms", 1, "10,0 ms", PL_ECORRUPT, {"line 5", "decimal comma"}},
		{"10.0 ms", 1, "10.0 Hz", PL_ECORRUPT, {"line 5", "ms or s"}},
		{"10.0 ms", 1, "0.0 ms", PL_ECORRUPT, {"line 5", "above 0"}},
		{"10.0 ms", 2, "20.0 ms", PL_ECORRUPT, {"line 28", "two measurements"}},
		{"0.500x0.500 cm", 1, "0.500 cm", PL_ECORRUPT, {"line 7", "'x'"}},
		{"0.500x0.500 cm", 1, "0.500x0.500 in", PL_ECORRUPT, {"line 7", "unit cm"}},
		{"0.500x0.500 cm", 1, "0.600x0.600 cm", PL_ECORRUPT, {"sensor area"}},
		{"Sensor size", 1, "Sensor sign", PL_ECORRUPT, {"line 10", "Sensor size:"}},
		{"Time/picture", 1, "Time/painter", PL_ECORRUPT, {"line 10", "Time/picture:"}},
		{"Page 2", 1, "Pagf 2", PL_ECORRUPT, {"line 20", "'Page'"}},
		{"\nForce\t", 1, "\nForse\t", PL_ECORRUPT, {"line 17", "row 34"}},
		{"\nForce\t", 2, "\n34\t", PL_ECORRUPT, {"line 35", "'Force' after 4 rows"}},
	};
	struct text t = foreign_lst(ROWS, COLS, FRAMES);

	(void)state;
	check_damages(PL_FORMAT_EMED_LST, &t, damages, sizeof(damages) / sizeof(damages[0]));
	text_free(&t);
}

/* Any pressure changed by 5 kPa or more contradicts its row's printed force. */
static void lst_forces_prove_the_cells(void **state)
{
	struct text t = foreign_lst(ROWS, COLS, 1);
	char *table = strstr(t.s, "Force\n"), *end = t.s + t.n - 4;
	unsigned changed = 0;

	(void)state;
	for (char *p = table; p < end; p++) {
		char digit = *p;
		struct pl_error err;

		if (digit < '0' || digit > '9' || p[-1] == '\n' || p[1] != '.')
			continue;
		*p = digit == '9' ? '4' : (char)(digit + 5 <= '9' ? digit + 5 : digit - 5);
		assert_null(pl_recording_open_memory(PL_FORMAT_EMED_LST, t.s, t.n, &err));
		assert_int_equal(err.code, PL_ECORRUPT);
		assert_non_null(strstr(err.message, "add up to"));
		*p = digit;
		changed++;
	}
	assert_true(changed >= ROWS * COLS);
	text_free(&t);
}

/* Line 8 is SENSEL_AREA ...; frame 1 is lines 23 to 27, frame 2 lines 29 to 33. */
static void asf_damage_is_named(void **state)
{
	static const struct damage damages[] = {
		{"DATA_TYPE MOVIE", 1, "DATA_TYPE FRAME", PL_EUNSUPPORTED, {"line 1", "MOVIE"}},
		{"ROWS 4", 1, "ROWS four", PL_ECORRUPT, {"line 5, column 6", "1 to 512"}},
		{"ROWS 4", 1, "ROWS 0", PL_ECORRUPT, {"line 5"}},
		{"ROWS 4", 1, "ROWS 513", PL_ECORRUPT, {"line 5", "1 to 512"}},
		{"ROWS 4", 1, "ROWS 3", PL_ECORRUPT, {"line 26", "'Frame 2'"}},
		{"ROWS 4", 1, "ROWS 5", PL_ECORRUPT, {"line 27", "row 5 of 5"}},
		{"COLS 3", 1, "COLS 2", PL_ECORRUPT, {"line 23", "after 2 cells"}},
		{"COLS 3", 1, "COLS 4", PL_ECORRUPT, {"line 23", "column 4 of 4"}},
		{"COLS 3\n",
		 1,
		 "COLS 3\nCOLS 3\n",
		 PL_ECORRUPT,
		 {"line 7", "second time", "line 6"}},
		{"COLS 3\n", 1, "", PL_ECORRUPT, {"COLS"}},
		{"5.08 mm", 1, "5,08 mm", PL_ECORRUPT, {"line 7", "decimal comma"}},
		{"5.08 mm", 2, "5.08 ft", PL_ECORRUPT, {"line 8", "unit mm"}},
		{"25.8064", 1, "26.8064", PL_ECORRUPT, {"line 9", "SENSEL_AREA"}},
		{"0.01\n", 1, "0.00\n", PL_ECORRUPT, {"line 10", "above 0"}},
		{"END_FRAME 3", 1, "END_FRAME 4", PL_ECORRUPT, {"3 frames", "announces 4"}},
		{"END_FRAME 3", 1, "END_FRAME 2", PL_ECORRUPT, {"frame 3, but END_FRAME"}},
		{"END_FRAME 3", 1, "END_FRAME 0", PL_ECORRUPT, {"before START_FRAME"}},
		{"END_FRAME 3", 1, "END_FRAME 2000000", PL_ENOMEM, {"line 16", "split"}},
		{"START_FRAME 1",
		 1,
		 "START_FRAME 2",
		 PL_ECORRUPT,
		 {"line 22", "frame 1 where frame 2"}},
		{"UNITS KPa", 1, "UNITS bananas", PL_EUNSUPPORTED, {"line 17", "'bananas'", "KPa"}},
		{"UNITS KPa\n", 1, "", PL_ECORRUPT, {"UNITS"}},
		{"MIRROR_ROW 0", 1, "MIRROR_ROW 7", PL_ECORRUPT, {"line 18"}},
		{"ASCII_DATA @@", 1, "ASCII_DATA", PL_ECORRUPT, {"line 20", "@@"}},
		{"ASCII_DATA @@\n", 1, "", PL_ECORRUPT, {"ASCII_DATA @@"}},
		{"Frame 2", 1, "Frame 3", PL_ECORRUPT, {"line 28", "frame 3 where frame 2"}},
		{"Frame 2", 1, "Frame", PL_ECORRUPT, {"line 28", "number of the frame, 2"}},
		{"Frame 2", 1, "Frames2", PL_ECORRUPT, {"line 28"}},
		{"@@\n", 2, "", PL_ECORRUPT, {"'Frame 4' or '@@'", "cut off"}},
		{"@@\n", 2, "@@\nmore\n", PL_ECORRUPT, {"nothing after '@@'"}},
	};
	struct text t = foreign_asf(ROWS, COLS, FRAMES);

	(void)state;
	check_damages(PL_FORMAT_TEKSCAN_ASF, &t, damages, sizeof(damages) / sizeof(damages[0]));
	text_free(&t);
}

/* Lines 23 to 26 are the first frame's rows. */
static void asf_cells_are_strict(void **state)
{
	static const struct {
		unsigned line;
		const char *instead;
		const char *says;
	} cases[] = {
		{23, "B,5,B,\n", "after 3 cells"},    {23, "B,5\n", "a comma and the next cell"},
		{23, "B;5;B\n", "decimal"},	      {23, "B,x,B\n", "line 23, column 3"},
		{23, "B,,B\n", "line 23, column 3"},  {23, "B,-5,B\n", "found '-5'"},
		{23, "\n", "line 23, column 1"},      {29, "B,B,B\n", "the first frame has a cell"},
		{29, "0,0,B\n", "has no cell here"},  {24, "1,2 3,4\n", "a comma"},
		{24, "1,\"2\",3\n", "found '\"2\"'"}, {24, "1,2e,3\n", "a comma"},
	};
	struct text t = foreign_asf(ROWS, COLS, FRAMES);

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct text damaged = text_line(&t, cases[i].line, cases[i].instead);
		const struct damage d = {.old = "a line",
					 .new_text = cases[i].instead,
					 .code = PL_ECORRUPT,
					 .says = {cases[i].says}};

		check_refused(PL_FORMAT_TEKSCAN_ASF, &damaged, &d);
		text_free(&damaged);
	}
	text_free(&t);
}

/* ---- what was cut ---------------------------------------------------------------------------- */

static void lst_cut_anywhere_loses_nothing_silently(void **state)
{
	struct text t = foreign_lst(ROWS, COLS, FRAMES);
	unsigned refused = 0;

	(void)state;
	for (size_t n = 0; n < t.n; n++) {
		struct pl_error err = {0};
		struct pl_recording *rec =
			pl_recording_open_memory(PL_FORMAT_EMED_LST, t.s, n, &err);
		const struct pl_recording_info *info;

		if (!rec) {
			assert_int_equal(err.code, PL_ECORRUPT);
			assert_non_null(strstr(err.message, "line "));
			refused++;
			continue;
		}
		info = pl_recording_info(rec);
		assert_true(info->problem[0] != '\0');
		assert_int_equal(check_frames(rec, false, 1), info->frames);
		pl_recording_close(rec);
	}
	assert_true(refused > t.n * 9 / 10);
	text_free(&t);
}

static void asf_cut_anywhere_is_refused(void **state)
{
	struct text t = foreign_asf(ROWS, COLS, FRAMES);

	(void)state;
	for (size_t n = 0; n < t.n - 1; n++) {
		struct pl_error err = {0};

		assert_null(pl_recording_open_memory(PL_FORMAT_TEKSCAN_ASF, t.s, n, &err));
		assert_non_null(strstr(err.message, "line "));
	}
	text_free(&t);
}

/* Long numbers take another way than short ones; neither may look at the locale. */
static void the_locale_does_not_matter(void **state)
{
	static const char *const names[] = {"de_DE.UTF-8", "fr_FR.UTF-8", "de_DE", "pt_BR.UTF-8"};
	struct text t = foreign_lst(ROWS, COLS, FRAMES);
	const char *found = NULL;

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]) && !found; i++)
		found = setlocale(LC_NUMERIC, names[i]);
	if (!found)
		print_message("no locale with a decimal comma is installed here\n");
	for (unsigned f = 0; f < FRAMES; f++) {
		struct text slow = text_edit(&t, "10.0 ms", 1, "10.00000000000000000 ms");

		text_free(&t);
		t = slow;
	}
	check_lst(&t);
	setlocale(LC_NUMERIC, "C");
	text_free(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lst_reads),
		cmocka_unit_test(lst_summary_pages_are_no_frames),
		cmocka_unit_test(lst_says_where_its_box_lies),
		cmocka_unit_test(lst_area_is_the_one_that_explains_the_forces),
		cmocka_unit_test(asf_reads),
		cmocka_unit_test(asf_raw_stays_counts),
		cmocka_unit_test(asf_saturation_is_rounded_like_the_cells),
		cmocka_unit_test(lst_damage_is_named),
		cmocka_unit_test(lst_forces_prove_the_cells),
		cmocka_unit_test(asf_damage_is_named),
		cmocka_unit_test(asf_cells_are_strict),
		cmocka_unit_test(lst_cut_anywhere_loses_nothing_silently),
		cmocka_unit_test(asf_cut_anywhere_is_refused),
		cmocka_unit_test(the_locale_does_not_matter),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
