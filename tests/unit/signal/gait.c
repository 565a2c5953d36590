/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Steps of force curves made of straight lines, whose figures are worked out beside them, what
 * scaling and mirroring may change, and a treadmill run that another program has computed.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <plantar/gait.h>

#include "recordings.h"

#define RATE 1000.0
#define SAMPLES 4000

static double force[SAMPLES];
static char text[1 << 20];

static void close_to(double got, double want, double tolerance)
{
	if (!(fabs(got - want) <= tolerance))
		print_error("%.12g, expected %.12g\n", got, want);
	assert_true(fabs(got - want) <= tolerance);
}

/* Straight from `from` newtons at sample a to `to` at sample b. */
static void line(size_t a, size_t b, double from, double to)
{
	for (size_t k = a; k <= b; k++)
		force[k] = from + (to - from) * (double)(k - a) / (double)(b - a);
}

static void nothing(void)
{
	memset(force, 0, sizeof(force));
}

/* One hump: 0 to 1000 N in 100 ms and back. */
static void hump(size_t at)
{
	line(at, at + 100, 0, 1000);
	line(at + 100, at + 200, 1000, 0);
}

/* Two humps: 800 N after 80 ms, 600 after 120, 900 after 180, 0 after 270. */
static void humps(size_t at)
{
	line(at, at + 80, 0, 800);
	line(at + 80, at + 120, 800, 600);
	line(at + 120, at + 180, 600, 900);
	line(at + 180, at + 270, 900, 0);
}

static void take(struct pl_gait *g, struct pl_gait_options *o, enum pl_side side)
{
	struct pl_gait_curve curve = {
		.force_n = force, .n = SAMPLES, .rate_hz = RATE, .side = side};
	struct pl_error err;

	assert_int_equal(pl_gait_force(g, &curve, o, &err), 0);
}

static void begin(struct pl_gait *g, struct pl_gait_options *o)
{
	pl_gait_init(g);
	pl_gait_options_init(o);
	o->filter_hz = NAN;
	o->treadmill = PL_TREADMILL_NO;
}

static void one_hump(void **state)
{
	struct pl_gait_options o;
	struct pl_gait g;

	(void)state;
	nothing();
	hump(500);
	begin(&g, &o);
	take(&g, &o, PL_SIDE_LEFT);
	pl_gait_sum_up(&g);
	assert_int_equal(g.n, 1);
	/* 10 N a sample: 30 N is reached at sample 3, 10 N (the first below 20) at 199 */
	close_to(g.step[0].onset_s, 0.503, 1e-12);
	close_to(g.step[0].contact_time_s, 0.196, 1e-12);
	close_to(g.step[0].force_peak_n, 1000, 1e-9);
	/* the triangle's 100 N s, without 3 ms to 30 N and 1 ms from 10 N: 0.045 and 0.005 */
	close_to(g.step[0].impulse_ns, 99.95, 1e-9);
	/* the only maximum is no first peak; 10 N a millisecond everywhere */
	assert_true(isnan(g.step[0].first_peak_n));
	assert_true(g.step[0].loading_without_peak);
	close_to(g.step[0].loading_rate_avg_n_s, 10000, 1e-6);
	close_to(g.step[0].loading_rate_max_n_s, 10000, 1e-6);
	/* one contact alone */
	assert_true(isnan(g.cadence_spm) && isnan(g.flight_time_s));
	pl_gait_free(&g);
}

static void two_humps(void **state)
{
	struct pl_gait_options o;
	struct pl_gait g;

	(void)state;
	nothing();
	humps(100);
	line(120, 140, force[120], force[140] + 60); /* 200 to 460 N in 20 ms: 13,000 N/s */
	line(140, 180, force[140], 800);	     /* 460 to 800 N in 40 ms: 8,500 N/s */
	line(220, 235, 600, 900); /* steeper, but behind the first peak: 20,000 N/s */
	line(235, 280, 900, 890);
	begin(&g, &o);
	take(&g, &o, PL_SIDE_UNKNOWN);
	assert_int_equal(g.n, 1);
	close_to(g.step[0].first_peak_n, 800, 1e-9);
	assert_false(g.step[0].loading_without_peak);
	/* 160 N at 16 ms; 640 N is 180 N behind 460 N: 40 + 180 / 8.5 ms */
	close_to(g.step[0].loading_rate_avg_n_s, 480 / (0.024 + 0.180 / 8.5), 1e-6);
	close_to(g.step[0].loading_rate_max_n_s, 13000, 1e-6);
	close_to(g.step[0].force_peak_n, 900, 1e-9);
	pl_gait_free(&g);
}

/* 30 N a sample up to a first peak of 300 N: 20 and 80 % lie on samples. */
static void crossings_on_samples(void **state)
{
	struct pl_gait_options o;
	struct pl_gait g;

	(void)state;
	nothing();
	line(100, 103, 0, 90);	 /* 30 N a sample: onset at 101 */
	line(103, 110, 90, 300); /* 30 N a sample again */
	line(110, 140, 300, 200);
	line(140, 170, 200, 350);
	line(170, 260, 350, 0);
	begin(&g, &o);
	take(&g, &o, PL_SIDE_UNKNOWN);
	assert_int_equal(g.n, 1);
	/* 60 N exactly at 102, 240 N at 108; from 30 N a ms */
	close_to(g.step[0].loading_rate_avg_n_s, 180 / 0.006, 1e-6);
	pl_gait_free(&g);
}

/* 40 ms off the ground is a swing of no foot, but a flight of two. */
static void short_swings(void **state)
{
	struct pl_gait_options o;
	struct pl_gait g;

	(void)state;
	nothing();
	hump(500);
	hump(740);
	hump(1200);
	line(1700, 1740, 0, 200); /* 80 ms: no stance */
	line(1740, 1780, 200, 0);
	begin(&g, &o);
	take(&g, &o, PL_SIDE_RIGHT);
	assert_int_equal(g.n, 2);
	close_to(g.step[0].contact_time_s, 0.436, 1e-12); /* 503 to 939 */
	pl_gait_free(&g);
	begin(&g, &o);
	take(&g, &o, PL_SIDE_UNKNOWN);
	pl_gait_sum_up(&g);
	assert_int_equal(g.n, 3);
	/* onsets at 503, 743, 1203: 60 x 2 / 0.7; flights 44 and 264 ms */
	close_to(g.cadence_spm, 60 * 2 / 0.7, 1e-9);
	close_to(g.flight_time_s, (0.044 + 0.264) / 2, 1e-12);
	assert_true(isnan(g.double_support_s));
	pl_gait_free(&g);
}

/* Means 0.196 and 0.266 s (103 to 369 of two humps: 900 N in 90 ms, 20 N at 268); SD with n - 1. */
static void sides(void **state)
{
	size_t contact = 0;
	struct pl_step_stats s;
	struct pl_gait_options o;
	struct pl_gait g;

	(void)state;
	begin(&g, &o);
	nothing();
	hump(500);
	hump(1500);
	humps(2500);
	take(&g, &o, PL_SIDE_LEFT);
	nothing();
	hump(1000);
	hump(2000);
	take(&g, &o, PL_SIDE_RIGHT);
	pl_gait_sum_up(&g);
	assert_int_equal(g.accepted, 5);
	assert_int_equal(g.left, 3);
	assert_int_equal(g.right, 2);
	for (uint32_t k = 1; k < g.n; k++)
		assert_true(g.step[k].side != g.step[k - 1].side);
	while (strcmp(pl_step_figure(contact)->base, "contact_time_s") != 0)
		contact++;
	s = pl_gait_stats(&g, contact, PL_SIDE_LEFT, -INFINITY, INFINITY);
	assert_int_equal(s.n, 3);
	close_to(s.mean, (0.196 + 0.196 + 0.266) / 3, 1e-12);
	close_to(s.sd, 0.07 / sqrt(3), 1e-12); /* sqrt((2/3) 0.07^2 / 2) */
	close_to(s.cv_pct, 100 * s.sd / s.mean, 1e-9);
	s = pl_gait_stats(&g, contact, PL_SIDE_RIGHT, 1.5, 3);
	assert_int_equal(s.n, 1);
	assert_true(isnan(s.sd));
	close_to(g.cadence_spm, 60 * 4 / 2.0, 1e-9); /* onsets 0.503 to 2.503 */
	pl_gait_free(&g);
}

static void cut_and_gap(void **state)
{
	struct pl_gait_options o;
	struct pl_gait g;

	(void)state;
	for (int treadmill = 0; treadmill < 2; treadmill++) {
		nothing();
		hump(0);
		line(0, 100, 500, 1000); /* loaded when the recording begins */
		hump(1000);
		force[1050] = NAN;
		hump(SAMPLES - 201);
		line(SAMPLES - 101, SAMPLES - 1, 1000, 600);
		begin(&g, &o);
		o.treadmill = treadmill ? PL_TREADMILL_YES : PL_TREADMILL_NO;
		take(&g, &o, PL_SIDE_UNKNOWN);
		assert_int_equal(g.n, 3); /* what is before the gap is too short to be a stance */
		assert_int_equal(g.step[1].rejected, PL_REJECT_GAP);
		assert_int_equal(treadmill ? g.step[0].rejected : g.step[0].flags,
				 PL_REJECT_CUT_ONSET);
		assert_int_equal(treadmill ? g.step[0].flags : g.step[0].rejected, 0);
		assert_int_equal(treadmill ? g.step[2].rejected : g.step[2].flags,
				 PL_REJECT_CUT_END);
		/* from its onset to one interval behind the last sample */
		close_to(g.step[2].contact_time_s, 0.198, 1e-12);
		pl_gait_free(&g);
	}
}

/* A drift of 60 N in four seconds, with an offset: what is left is the run without drift. */
static void drift(void **state)
{
	struct pl_gait_options o;
	struct pl_gait clean, g;

	(void)state;
	for (int drifting = 0; drifting < 2; drifting++) {
		nothing();
		for (size_t at = 100; at + 300 < SAMPLES; at += 300)
			hump(at);
		for (size_t k = 0; drifting && k < SAMPLES; k++)
			force[k] += 25 + 60.0 * (double)k / SAMPLES;
		begin(drifting ? &g : &clean, &o);
		o.treadmill = PL_TREADMILL_AUTO;
		take(drifting ? &g : &clean, &o, PL_SIDE_UNKNOWN);
	}
	assert_int_equal(g.n, clean.n);
	assert_true(g.treadmill && clean.treadmill);
	/* the last flight is between humps at 3100 and 3400; its middle at 3350 +- 5 samples */
	close_to(g.drift_n, 25 + 60 * 3350.0 / SAMPLES, 0.1);
	close_to(clean.drift_n, 0, 1e-9);
	for (uint32_t k = 2; k + 2 < g.n; k++) {
		close_to(g.step[k].onset_s, clean.step[k].onset_s, 1e-9);
		close_to(g.step[k].contact_time_s, clean.step[k].contact_time_s, 1e-9);
		close_to(g.step[k].impulse_ns, clean.step[k].impulse_ns, 1e-6);
	}
	pl_gait_free(&g);
	pl_gait_free(&clean);
}

/* Twice the force and twice the thresholds: forces, impulses and rates double, nothing else. */
static void scaled(void **state)
{
	struct pl_gait_options o;
	struct pl_gait g[2];

	(void)state;
	nothing();
	humps(300);
	hump(900);
	humps(1500);
	for (int k = 0; k < 2; k++) {
		begin(&g[k], &o);
		o.contact_on_n *= k + 1;
		o.contact_off_n *= k + 1;
		for (size_t i = 0; k && i < SAMPLES; i++)
			force[i] *= 2;
		take(&g[k], &o, PL_SIDE_LEFT);
		assert_int_equal(g[k].n, 3);
	}
	for (uint32_t k = 0; k < 3; k++) {
		for (size_t i = 0; i < pl_step_figure_count(); i++) {
			bool force_like = pl_step_figure(i)->quantity != PL_STEP_PLAIN;
			double a = pl_step_value(&g[0].step[k], i);
			double b = pl_step_value(&g[1].step[k], i);

			assert_int_equal(isnan(a), isnan(b));
			if (!isnan(a))
				close_to(b, (force_like ? 2 : 1) * a, 1e-9 * fabs(a));
		}
		close_to(g[1].step[k].onset_s, g[0].step[k].onset_s, 0);
	}
	pl_gait_free(&g[0]);
	pl_gait_free(&g[1]);
}

/* loading_rate_max: nothing below 200 Hz, a hint up to 500; body weights from the same number. */
static void limits_and_weight(void **state)
{
	const double rates[] = {100, 250, 1000};
	struct pl_gait_options o;
	struct pl_json json;
	struct pl_gait g;

	(void)state;
	nothing();
	humps(300);
	humps(900);
	for (int k = 0; k < 3; k++) {
		struct pl_gait_curve curve = {.force_n = force, .n = SAMPLES, .rate_hz = rates[k]};

		begin(&g, &o);
		o.stance_max_s = 10;
		o.body_mass_kg = 80;
		assert_int_equal(pl_gait_force(&g, &curve, &o, NULL), 0);
		pl_gait_sum_up(&g);
		pl_json_init(&json, text, sizeof(text));
		pl_json_begin_object(&json, NULL);
		pl_gait_json(&g, &o, &json);
		pl_json_end_object(&json);
		assert_true(pl_json_finish(&json) > 0);
		assert_int_equal(isnan(g.step[0].loading_rate_max_n_s), k == 0);
		assert_int_equal(!strstr(text, "\"indicative\":[]"), k == 1);
		close_to(GOLDEN(text, "steps", "force_peak_bw"), 900 / (80 * 9.80665), 1e-12);
		pl_gait_free(&g);
	}
	assert_null(strstr(text, "minutes"));
}

/*
 * 150 s at 100 Hz, a step every 0.4 s in the first 75 s and every 0.5 s then: 150 and 120 steps a
 * minute; contacts of 0.2 s, then of 0.3 s. And a pause of 10 s at the end, with one step behind.
 */
static void minute_by_minute(void **state)
{
	static double run[16100];
	struct pl_gait_curve curve = {.force_n = run, .n = 16100, .rate_hz = 100};
	struct pl_gait_options o;
	struct pl_json json;
	unsigned steps = 0;
	const char *second;
	struct pl_gait g;

	(void)state;
	for (size_t k = 10; k < 15000; k += k < 7500 ? 40 : 50, steps++)
		for (size_t i = 0; i < (k < 7500 ? 20 : 30); i++)
			run[k + i] = 1000;
	for (size_t i = 0; i < 30; i++)
		run[16000 + i] = 1000;
	begin(&g, &o);
	assert_int_equal(pl_gait_force(&g, &curve, &o, NULL), 0);
	pl_gait_sum_up(&g);
	assert_int_equal(g.n, steps + 1);
	close_to(pl_gait_cadence(&g, 0, 60), 150, 1e-9);
	close_to(pl_gait_cadence(&g, 80, 140), 120, 1e-9);
	/* onsets from 0.1 s: 188 at 0.4 s up to 74.9 s, the next at 75.3 s, the last at 149.8 */
	close_to(g.cadence_spm, 60 * (steps - 1) / (188 * 0.4 + (steps - 189) * 0.5), 1e-9);
	pl_json_init(&json, text, sizeof(text));
	pl_json_begin_object(&json, NULL);
	pl_gait_json(&g, &o, &json);
	pl_json_end_object(&json);
	assert_true(pl_json_finish(&json) > 0);
	close_to(GOLDEN(text, "minutes", "contact_time_s"), 0.2, 1e-9);
	close_to(GOLDEN(text, "minutes", "steps"), 150, 0); /* 0.1 s + 0.4 k below 60.1 s */
	second = strstr(strstr(text, "\"minutes\"") + 20, "\"from_s\":60.1");
	assert_non_null(second);
	/* 60.1 to 75.3 s: 38 of 0.2 s; from 75.3 on 90 of 0.3 s */
	close_to(GOLDEN(second, "steps"), 38 + 90, 0);
	close_to(GOLDEN(second, "contact_time_s"), (38 * 0.2 + 90 * 0.3) / 128, 1e-9);
	pl_gait_free(&g);
}

/* A plate for each foot: sides are known, and the total beside them is not counted again. */
static void two_plates(void **state)
{
	static double left[SAMPLES], both[SAMPLES];
	struct pl_table t = {.rows = SAMPLES, .rate_hz = RATE};
	struct pl_gait_options o;
	struct pl_gait g;

	(void)state;
	nothing();
	hump(500);
	hump(1300);
	memcpy(left, force, sizeof(left));
	nothing();
	hump(850); /* from 650 ms on the left foot is off, 853 to 1049 the right one is down */
	for (size_t k = 0; k < SAMPLES; k++)
		both[k] = left[k] + force[k];
	t.column[PL_COLUMN_FORCE] = both;
	t.column[PL_COLUMN_LEFT_FORCE] = left;
	t.column[PL_COLUMN_RIGHT_FORCE] = force;
	begin(&g, &o);
	assert_int_equal(pl_gait_table(&g, &t, &o, NULL), 0);
	pl_gait_sum_up(&g);
	assert_int_equal(g.n, 3);
	assert_int_equal(g.left, 2);
	assert_int_equal(g.right, 1);
	close_to(g.flight_time_s, (0.154 + 0.254) / 2, 1e-12); /* 699 to 853, 1049 to 1303 */
	close_to(g.cadence_spm, 60 * 2 / 0.8, 1e-9);
	pl_gait_free(&g);
	t.column[PL_COLUMN_LEFT_FORCE] = t.column[PL_COLUMN_RIGHT_FORCE] = NULL;
	begin(&g, &o);
	assert_int_equal(pl_gait_table(&g, &t, &o, NULL), 0);
	pl_gait_sum_up(&g);
	assert_int_equal(g.n, 3);
	assert_int_equal(g.left + g.right, 0);
	pl_gait_free(&g);
}

static void refusals(void **state)
{
	struct pl_gait_curve curve = {.force_n = force, .n = SAMPLES};
	struct pl_gait_options o;
	struct pl_error err;
	struct pl_gait g;

	(void)state;
	begin(&g, &o);
	assert_int_equal(pl_gait_force(&g, &curve, &o, &err), -1);
	assert_int_equal(err.code, PL_EUSAGE);
	curve.rate_hz = 100;
	o.contact_off_n = 40;
	assert_int_equal(pl_gait_force(&g, &curve, &o, &err), -1);
	o.contact_off_n = 20;
	curve.n = 0;
	assert_int_equal(pl_gait_force(&g, &curve, &o, &err), 0);
	pl_gait_sum_up(&g);
	assert_int_equal(g.n, 0);
	pl_gait_free(&g);
}

static void near_share(const char *what, double got, double want, double share)
{
	print_message("%s: %.6g, other program %.6g (%+.2f %%)\n", what, got, want,
		      100 * (got / want - 1));
	assert_true(fabs(got - want) <= share * want);
}

static size_t read_run(double *f, size_t cap)
{
	char *csv = slurp("data/dryft/running_vgrf_300hz.csv"), *end;
	size_t n = 0;

	for (char *at = csv; at && n < cap; at = end) {
		f[n] = strtod(at, &end);
		if (end == at)
			break;
		n++;
	}
	free(csv);
	return n;
}

/* golden/running.json: one threshold of 25 N there, 30 and 20 N here (docs/metrics.md). */
static void treadmill_run(void **state)
{
	static double run[9001];
	char *expected = slurp("golden/running.json");
	struct pl_gait_curve curve = {.force_n = run, .rate_hz = 300};
	struct pl_gait_options o;
	struct pl_json json;
	struct pl_gait g;
	char *at;

	(void)state;
	if (!expected) {
		print_message("skipped: no golden/running.json below PLANTAR_SHARED\n");
		skip();
	}
	curve.n = read_run(run, 9001);
	assert_int_equal(curve.n, (size_t)GOLDEN(expected, "n_samples"));
	for (int same_threshold = 0; same_threshold < 2; same_threshold++) {
		pl_gait_init(&g);
		pl_gait_options_init(&o);
		if (same_threshold)
			o.contact_on_n = o.contact_off_n = 25;
		assert_int_equal(pl_gait_force(&g, &curve, &o, NULL), 0);
		pl_gait_sum_up(&g);
		pl_json_init(&json, text, sizeof(text));
		pl_json_begin_object(&json, NULL);
		pl_gait_json(&g, &o, &json);
		pl_json_end_object(&json);
		assert_true(pl_json_finish(&json) > 0);
		assert_int_equal(GOLDEN(text, "gait", "steps"), 77);
		assert_int_equal(g.accepted, (uint32_t)GOLDEN(expected, "n_steps_detrended"));
		near_share("contact_time_mean_s", GOLDEN(text, "contact_time_mean_s"),
			   GOLDEN(expected, "contact_time_mean_s"), same_threshold ? 1e-9 : 0.01);
		near_share("contact_time_sd_s", GOLDEN(text, "contact_time_sd_s"),
			   GOLDEN(expected, "contact_time_sd_s"), same_threshold ? 1e-9 : 0.1);
		near_share("cadence_spm", GOLDEN(text, "cadence_spm"),
			   GOLDEN(expected, "cadence_spm"), same_threshold ? 1e-9 : 0.01);
		near_share("force_peak_mean_n", GOLDEN(text, "force_peak_mean_n"),
			   GOLDEN(expected, "peak_mean_N"), 0.01);
		near_share("impulse_mean_ns", GOLDEN(text, "impulse_mean_ns"),
			   GOLDEN(expected, "impulse_mean_Ns"), 0.01);
		print_message("drift_n: %.1f; flight_time_s %.4f; steps with a first peak: %u\n",
			      g.drift_n, g.flight_time_s,
			      pl_gait_stats(&g, 3, PL_SIDE_UNKNOWN, -INFINITY, INFINITY).n);
		close_to(g.drift_n, 113, 1);
		/* stance_begin of the other program is one sample before the first in contact */
		at = strchr(strstr(expected, "stance_begin_first10"), '[');
		assert_int_equal(g.step[0].rejected, PL_REJECT_CUT_ONSET);
		for (uint32_t k = 1; k <= 10; k++)
			close_to(g.step[k].onset_s * 300 - 1, strtod(at + 1, &at),
				 same_threshold ? 1e-6 : 1.001);
		pl_gait_free(&g);
	}
	free(expected);
}

static struct pl_rejection means(double onset_s, double contact_s, int foot, const char *why)
{
	struct pl_rejection one = {.onset_ms = llround(1e3 * onset_s),
				   .contact_ms = isnan(contact_s) ? -1 : llround(1e3 * contact_s),
				   .foot = foot};

	strcpy(one.reason, why);
	return one;
}

/* Six steps 0.6 s apart of 0.7 s, the last two together on two feet; forces 100, 200, ... N. */
static void six_steps(struct pl_gait *g)
{
	pl_gait_init(g);
	g->rate_hz = RATE;
	for (int k = 0; k < 6; k++) {
		struct pl_step s = {.side = k % 2 ? PL_SIDE_RIGHT : PL_SIDE_LEFT, .foot = k};

		for (size_t i = 0; i < pl_step_figure_count(); i++)
			*(double *)(void *)((char *)&s + pl_step_figure(i)->offset) = NAN;
		s.onset_s = 1 + 0.6 * (k < 5 ? k : 4);
		s.contact_time_s = 0.7;
		s.force_peak_n = 100 * (k + 1);
		assert_int_equal(pl_gait_add(g, &s), 0);
	}
}

static double mean_peak(const struct pl_gait *g)
{
	return pl_gait_stats(g, 1, PL_SIDE_UNKNOWN, -INFINITY, INFINITY).mean;
}

static void taken_out(void **state)
{
	struct pl_gait_options o;
	struct pl_gait g;
	struct pl_rejection one;
	struct pl_json json;

	(void)state;
	pl_gait_options_init(&o);
	six_steps(&g);
	/* another analysis moved its onset by 20 ms; one of no step; of two together the one on
	 * foot 5 */
	one = means(1.62, 0.69, 7, "targeting");
	assert_int_equal(pl_rejections_add(&o.rejections, &one, NULL), 0);
	one = means(1.9, 0.7, 2, "of nothing");
	assert_int_equal(pl_rejections_add(&o.rejections, &one, NULL), 0);
	one = means(3.4, 0.7, 5, "hopped");
	assert_int_equal(pl_rejections_add(&o.rejections, &one, NULL), 0);
	pl_gait_reject(&g, &o.rejections);
	pl_gait_sum_up(&g);
	for (int k = 0; k < 6; k++)
		assert_int_equal(g.step[k].rejected, k == 1 || k == 5 ? PL_REJECT_OPERATOR : 0);
	assert_int_equal(g.accepted, 4);
	assert_int_equal(g.not_found, 1);
	close_to(mean_peak(&g), (100 + 300 + 400 + 500) / 4., 1e-12);
	close_to(g.cadence_spm, 60 * 5 / 2.4 * (5 - 1) / 5.,
		 1e-9); /* feet touched the ground all the same */
	pl_json_init(&json, text, sizeof(text));
	pl_json_begin_object(&json, NULL);
	pl_gait_json(&g, &o, &json);
	pl_json_end_object(&json);
	assert_true(pl_json_finish(&json) > 0);
	assert_non_null(
		strstr(text, "\"rejected\":[\"operator\"],\"reject_reason\":\"targeting\""));
	assert_non_null(strstr(text, "\"rejected\":{\"operator\":2}"));
	assert_non_null(strstr(text, "\"rejections_without_step\":1"));
	pl_gait_free(&g);

	/* both of the two together, and each keeps its own reason */
	six_steps(&g);
	one = means(3.4, 0.7, 4, "hopped too");
	assert_int_equal(pl_rejections_add(&o.rejections, &one, NULL), 0);
	pl_gait_reject(&g, &o.rejections);
	assert_string_equal(o.rejections.of[g.step[4].why - 1].reason, "hopped too");
	assert_string_equal(o.rejections.of[g.step[5].why - 1].reason, "hopped");
	pl_gait_free(&g);
}

static void too_many_taken_out(void **state)
{
	struct pl_rejections r = {0};
	struct pl_error err = {0};
	struct pl_rejection one = means(0, NAN, -1, "x");

	(void)state;
	for (int k = 0; k < PL_REJECTIONS_MAX; k++, one.onset_ms += 1000)
		assert_int_equal(pl_rejections_add(&r, &one, &err), 0);
	assert_int_equal(pl_rejections_add(&r, &one, &err), -1);
	assert_non_null(strstr(err.message, "reject the trial"));
	one.onset_ms = 0; /* the same again takes the place of what was there */
	strcpy(one.reason, "y");
	assert_int_equal(pl_rejections_add(&r, &one, &err), 0);
	assert_string_equal(r.of[0].reason, "y");
	pl_rejections_remove(&r, 0);
	assert_int_equal(r.n, PL_REJECTIONS_MAX - 1);
	assert_int_equal(r.of[0].onset_ms, 1000);
	assert_int_equal(pl_rejections_print(&r, text, 40, &err), -1);
	assert_int_equal(err.code, PL_EUSAGE);
	strcpy(one.reason, "a;b");
	assert_int_equal(pl_rejections_add(&r, &one, &err), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_hump),
		cmocka_unit_test(two_humps),
		cmocka_unit_test(crossings_on_samples),
		cmocka_unit_test(short_swings),
		cmocka_unit_test(sides),
		cmocka_unit_test(cut_and_gap),
		cmocka_unit_test(drift),
		cmocka_unit_test(scaled),
		cmocka_unit_test(limits_and_weight),
		cmocka_unit_test(minute_by_minute),
		cmocka_unit_test(two_plates),
		cmocka_unit_test(refusals),
		cmocka_unit_test(treadmill_run),
		cmocka_unit_test(taken_out),
		cmocka_unit_test(too_many_taken_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
