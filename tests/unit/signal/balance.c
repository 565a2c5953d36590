/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sway of other people's recordings against the figures they published of them, and against what
 * numpy and scipy make of them (golden/balance.json). Both to 1e-9 of the figure.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <plantar/standing.h>

#include "recordings.h"

#define WIDE 24

struct text_table {
	size_t rows;
	double *column[WIDE];
};

static void text_table_free(struct text_table *t)
{
	for (int c = 0; c < WIDE; c++)
		free(t->column[c]);
}

/* Tab separated numbers below one line of names. */
static bool read_text_table(struct text_table *t, const char *name)
{
	char *text = slurp(name), *save = NULL, *line;

	*t = (struct text_table){.rows = 0};
	if (!text)
		return false;
	for (int c = 0; c < WIDE; c++)
		t->column[c] = calloc(10000, sizeof(double));
	strtok_r(text, "\r\n", &save);
	while ((line = strtok_r(NULL, "\r\n", &save)) && t->rows < 10000) {
		char *end = line;

		for (int c = 0; c < WIDE && *end; c++)
			t->column[c][t->rows] = strtod(end, &end);
		t->rows++;
	}
	free(text);
	return t->rows > 0;
}

static void scale(double *x, size_t n, double by)
{
	for (size_t i = 0; i < n; i++)
		x[i] *= by;
}

static void close_to(double value, double want, const char *what)
{
	if (fabs(value - want) <= 1e-9 * fabs(want))
		return;
	fail_msg("%s is %.15g, not %.15g", what, value, want);
}

static struct pl_standing stand(const struct pl_table *table, double filter_hz)
{
	struct pl_standing_options o;
	struct pl_standing s;
	struct pl_error err = {.code = PL_OK};

	pl_standing_options_init(&o);
	o.filter_hz = filter_hz;
	assert_int_equal(pl_standing_table(table, &o, &s, &err), 1);
	return s;
}

#define CM 10.0
#define CLOSE(value, unit, key) close_to(value, (unit)*GOLDEN(json, name, key), key)

static void check_sway(const struct pl_sway *s, const char *json, const char *name)
{
	CLOSE(s->both.path_mm, CM, "path_cm");
	CLOSE(s->ap.mean_velocity_mm_s, CM, "vel_ap");
	CLOSE(s->ml.mean_velocity_mm_s, CM, "vel_ml");
	CLOSE(s->ap.rms_mm, CM, "rms_ap");
	CLOSE(s->ml.rms_mm, CM, "rms_ml");
	CLOSE(s->ap.range_mm, CM, "range_ap");
	CLOSE(s->ml.range_mm, CM, "range_ml");
	CLOSE(s->both.mean_distance_mm, CM, "mdist");
	CLOSE(s->area_95_mm2, CM * CM, "area_pred_exact_F");
	CLOSE(s->ap.mean_frequency_hz, 1, "mfreq_spec_ap");
	CLOSE(s->ml.mean_frequency_hz, 1, "mfreq_spec_ml");
	CLOSE(s->both.mean_frequency_hz, 1, "mfreq_spec_res");
	CLOSE(s->ap.f50_hz, 1, "f50_ap");
	CLOSE(s->ml.f50_hz, 1, "f50_ml");
	CLOSE(s->ap.f95_hz, 1, "f95_ap");
	CLOSE(s->ml.f95_hz, 1, "f95_ml");
	CLOSE(s->both.mean_frequency_prieto_hz, 1, "mfreq_prieto");
	CLOSE(s->both.mean_velocity_mm_s, CM, "mean_velocity_path_fs_over_N");
	CLOSE(s->mean_velocity_n1_mm_s, CM, "mean_velocity_path_fs_over_N_minus_1");
}

/* The golden ellipse has the chi-square quantile 5.991464547107979 and no divisors of N. */
static void check_ellipse(const struct pl_sway *s, const char *json, const char *name)
{
	double n = (double)s->samples, d = n - 2;
	double f = d / 2 * (pow(0.05, -2 / d) - 1);
	double ratio = sqrt(2 * (n - 1) * (n + 1) / (n * d) * f / 5.991464547107979);

	CLOSE(s->ellipse_major_mm / ratio, CM, "ellipse_major_semi");
	CLOSE(s->ellipse_minor_mm / ratio, CM, "ellipse_minor_semi");
	close_to(M_PI * s->ellipse_major_mm * s->ellipse_minor_mm, s->area_95_mm2, "axes");
}

static void check_published(const char *data, const char *name)
{
	char *json = slurp("golden/balance.json");
	struct text_table text;
	struct pl_table table;
	struct pl_standing s;

	if (!json || !read_text_table(&text, data)) {
		print_message("SKIPPED: no %s in $PLANTAR_SHARED\n", data);
		free(json);
		skip();
	}
	table = (struct pl_table){.rows = text.rows, .rate_hz = 100};
	table.column[PL_COLUMN_FORCE] = text.column[3];
	table.column[PL_COLUMN_AP] = text.column[7];
	table.column[PL_COLUMN_ML] = text.column[8];
	scale(text.column[7], text.rows, CM);
	scale(text.column[8], text.rows, CM);
	s = stand(&table, NAN);
	assert_int_equal(s.samples, 6000);
	assert_int_equal(s.flags, 0);
	assert_true(s.from_s == 0 && s.to_s == 60);
	check_sway(&s.sway, json, name);
	check_ellipse(&s.sway, json, name);
	CLOSE(s.sway.area_95_mm2, CM * CM, "area_95_cm2");
	CLOSE(s.sway.both.mean_velocity_mm_s, CM, "mean_velocity_cm_s");
	CLOSE(s.sway.both.mean_frequency_hz, 1, "mean_frequency_hz");
	CLOSE(s.force[PL_STANDING_ALL].mean, 1, "meanFz_N");
	assert_true(isnan(s.left_pct.mean));
	print_message("%s: area %.12g cm2, velocity %.12g cm/s, frequency %.12g Hz: as published\n",
		      name, s.sway.area_95_mm2 / 100, s.sway.both.mean_velocity_mm_s / CM,
		      s.sway.both.mean_frequency_hz);
	text_table_free(&text);
	free(json);
}

static void test_bds1(void **state)
{
	(void)state;
	check_published("data/bds/BDS00001.txt", "bds/BDS00001.txt");
}

static void test_bds10(void **state)
{
	(void)state;
	check_published("data/bds/BDS00010.txt", "bds/BDS00010.txt");
}

/* Columns of PDS13OR1grf.txt: 2 RGRF_Y, 5 LGRF_Y, 10 RCOP_X, 12 RCOP_Z, 13 LCOP_X, 15 LCOP_Z,
 * 16 COPNET_X, 18 COPNET_Z; X is forward, Z to the right; N and m. */
static void test_two_plates(void **state)
{
	static const int lengths[] = {10, 12, 13, 15, 16, 18};
	const char *name = "pds/PDS13OR1grf.txt";
	char *json = slurp("golden/balance.json");
	struct text_table text;
	struct pl_table table, net;
	struct pl_standing s, of_net;

	(void)state;
	if (!json || !read_text_table(&text, "data/pds/PDS13OR1grf.txt")) {
		print_message("SKIPPED: no data/pds in $PLANTAR_SHARED\n");
		free(json);
		skip();
	}
	for (size_t i = 0; i < 6; i++)
		scale(text.column[lengths[i]], text.rows, 1e3);
	table = (struct pl_table){.rows = text.rows, .rate_hz = 100};
	table.column[PL_COLUMN_RIGHT_FORCE] = text.column[2];
	table.column[PL_COLUMN_LEFT_FORCE] = text.column[5];
	net = table;
	table.column[PL_COLUMN_RIGHT_AP] = text.column[10];
	table.column[PL_COLUMN_RIGHT_ML] = text.column[12];
	table.column[PL_COLUMN_LEFT_AP] = text.column[13];
	table.column[PL_COLUMN_LEFT_ML] = text.column[15];
	net.column[PL_COLUMN_AP] = text.column[16];
	net.column[PL_COLUMN_ML] = text.column[18];

	s = stand(&table, NAN);
	assert_int_equal(s.samples, 6000);
	CLOSE(s.right_pct.mean, 1, "R_pct");
	CLOSE(100 - s.left_pct.mean, 1, "R_pct");
	CLOSE(s.symmetry_index_pct, 1, "SI_Robinson_pct");
	CLOSE(s.force[PL_STANDING_LEFT].mean, 1, "L_mean_N");
	CLOSE(s.force[PL_STANDING_RIGHT].mean, 1, "R_mean_N");
	/* their own recombined CoP, rounded to 1 um as ours is: exactly; ours from rounded parts:
	 * at most 0.0064 mm beside it (golden copnet_recombined_maxerr_mm), which lengthens the
	 * path by 6e-5 of itself */
	of_net = stand(&net, NAN);
	check_sway(&of_net.sway, json, name);
	check_ellipse(&of_net.sway, json, name);
	assert_true(fabs(s.sway.mean_ap_mm - of_net.sway.mean_ap_mm) < 0.0064);
	assert_true(fabs(s.sway.mean_ml_mm - of_net.sway.mean_ml_mm) < 0.0064);
	assert_true(fabs(s.sway.both.path_mm / of_net.sway.both.path_mm - 1) < 1e-4);
	assert_true(fabs(s.sway.area_95_mm2 / of_net.sway.area_95_mm2 - 1) < 1e-4);
	assert_true(fabs(s.sway.ap.rms_mm / of_net.sway.ap.rms_mm - 1) < 1e-4);
	print_message("%s: right %.10g %%, symmetry index %.10g %%, path %.8g mm (theirs %.8g), "
		      "area %.8g mm2 (%.8g)\n",
		      name, s.right_pct.mean, s.symmetry_index_pct, s.sway.both.path_mm,
		      of_net.sway.both.path_mm, s.sway.area_95_mm2, of_net.sway.area_95_mm2);
	text_table_free(&text);
	free(json);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bds1),
		cmocka_unit_test(test_bds10),
		cmocka_unit_test(test_two_plates),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
