/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What does one frame of all live metrics cost, and what a frame of each pass of the analysis that
 * finishes a recording? Nobody, one foot, two standing feet that sway a little, and two that touch
 * each other, on three sizes of mat, u16 counts. Prints nanoseconds of CPU time a frame, beside the
 * aim (1.5 ns a cell and 5 us) and beside a plain pass: calibrate, add up, centre of pressure,
 * peak, the least that any program must do.
 *
 * Machines differ, so times are printed only; `check` ends with 1 if all live metrics together cost
 * more than CHECK_RATIO plain passes in the same run.
 */
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <plantar/analysis.h>
#include <plantar/live.h>

#define FRAMES 64
#define ROUNDS 200
#define RATE 500
#define AIM_NS_CELL 1.5
#define AIM_NS_FRAME 5000
#define CHECK_RATIO 3
#define ASIDE_M 0.09	 /* from the middle between the feet to either */
#define TOUCHING_M 0.044 /* ... whose forefeet are 9 cm wide */

/* A foot of 26 x 9 cm as two ellipses and a band, kPa; x, y in m from the middle of its heel. */
static double pressure(double x, double y)
{
	double heel = 1 - (x * x) / (0.03 * 0.03) - (y * y) / (0.035 * 0.035);
	double fore = 1 - (x * x) / (0.045 * 0.045) - ((y - 0.15) * (y - 0.15)) / (0.045 * 0.045);
	double toes = 1 - (x * x) / (0.04 * 0.04) - ((y - 0.21) * (y - 0.21)) / (0.018 * 0.018);
	double band = x > 0 && x < 0.03 && y > 0 && y < 0.15 ? 0.2 : 0;

	return 150 * fmax(fmax(heel, fore), fmax(0.5 * toes, band));
}

static void fill(const struct pl_geometry *g, int feet, double aside_m, unsigned frame,
		 uint16_t *cells)
{
	double sway = 0.1 * sin(2 * M_PI * frame / FRAMES);

	for (unsigned r = 0; r < g->rows; r++) {
		for (unsigned c = 0; c < g->cols; c++) {
			double x = ((c + 0.5) / g->cols - 0.5) * g->cols * g->pitch_col_m;
			double y = (g->rows - r - 0.5) * g->pitch_row_m - 0.06;
			double left = feet > 0 ? pressure(-(x + aside_m), y) : 0;
			double right = feet > 1 ? pressure(x - aside_m, y) : 0;
			double kpa = fmax(left * (1 - sway), right * (1 + sway));

			cells[(size_t)r * g->cols + c] = (uint16_t)(kpa > 0 ? 10 * kpa : 0);
		}
	}
}

static double now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

/* Nanoseconds a frame: of the quickest round, since the rest of the machine can only slow it
 * down, and of all of them. */
struct spent {
	double best, sum;
	unsigned rounds;
};

static void add(struct spent *s, double ns)
{
	ns /= FRAMES;
	s->best = s->rounds && s->best < ns ? s->best : ns;
	s->sum += ns;
	s->rounds++;
}

static void print(const char *what, const struct pl_geometry *g, const struct spent *s)
{
	printf("%-18s %3u x %3u: %8.0f ns a frame, %.2f ns a cell (mean %.0f)\n", what, g->rows,
	       g->cols, s->best, s->best / (double)pl_geometry_cells(g), s->sum / s->rounds);
}

static void print_aim(const struct pl_geometry *g, const struct spent *live,
		      const struct spent *plain)
{
	double aim = AIM_NS_CELL * (double)pl_geometry_cells(g) + AIM_NS_FRAME;

	printf("%-18s %3u x %3u: %8.0f ns a frame: live is %.2f of it, and %.1f plain passes\n",
	       "aim", g->rows, g->cols, aim, live->best / aim, live->best / plain->best);
}

/* Keeps the compiler from leaving out what nobody reads. */
static volatile double sink;

static void plain_frame(const struct pl_geometry *g, const struct pl_calibration *cal,
			const uint16_t *cells, double *values)
{
	double sum = 0, x = 0, y = 0, peak = 0;

	pl_calibrate(cal, g, cells, PL_U16, values);
	for (unsigned r = 0; r < g->rows; r++) {
		for (unsigned c = 0; c < g->cols; c++) {
			double value = values[(size_t)r * g->cols + c];

			sum += value;
			x += value * (c + 0.5);
			y += value * (g->rows - r - 0.5);
			peak = value > peak ? value : peak;
		}
	}
	sink = sum + x / sum + y / sum + peak;
}

static int bench_plain(const struct pl_geometry *g, const struct pl_calibration *cal,
		       const uint16_t *cells, struct spent *spent)
{
	size_t n = pl_geometry_cells(g);
	double *values = malloc(n * sizeof(*values)), t0;

	if (!values)
		return 1;
	*spent = (struct spent){0};
	for (unsigned k = 0; k < ROUNDS; k++) {
		t0 = now_ns();
		for (unsigned i = 0; i < FRAMES; i++)
			plain_frame(g, cal, cells + i * n, values);
		add(spent, now_ns() - t0);
	}
	print("plain pass", g, spent);
	free(values);
	return 0;
}

static int bench_frames(const struct pl_geometry *g, const struct pl_calibration *cal,
			const uint16_t *cells, struct spent *result)
{
	size_t n = pl_geometry_cells(g);
	float *metrics = malloc(pl_metric_count() * sizeof(*metrics));
	struct pl_live_options o;
	struct spent spent = {0};
	struct pl_live *live;
	struct pl_error err;
	double t0;

	pl_live_options_init(&o);
	o.rate_hz = RATE;
	live = pl_live_new(g, cal, &o, &err);
	if (!live || !metrics) {
		fprintf(stderr, "bench_live: %s\n", live ? "out of memory" : err.message);
		return 1;
	}
	for (unsigned k = 0; k < (20 + ROUNDS) * FRAMES; k += FRAMES) {
		t0 = now_ns();
		for (unsigned i = 0; i < FRAMES; i++)
			pl_live_frame(live, cells + i * n, PL_U16, k + i, metrics);
		if (k >= 20 * FRAMES)
			add(&spent, now_ns() - t0);
	}
	print("live", g, &spent);
	*result = spent;
	pl_live_free(live);
	free(metrics);
	return 0;
}

static int bench_passes(const struct pl_geometry *g, const struct pl_calibration *cal,
			const uint16_t *cells)
{
	size_t n = pl_geometry_cells(g);
	double *values = malloc(FRAMES * n * sizeof(*values)), t0;
	struct pl_analysis_options o;
	struct pl_analysis *a;
	struct pl_error err;

	pl_analysis_options_init(&o);
	a = pl_analysis_new(g, true, cal->contact, RATE, &o, &err);
	if (!a || !values) {
		fprintf(stderr, "bench_live: %s\n", a ? "out of memory" : err.message);
		return 1;
	}
	for (unsigned k = 0; k < FRAMES; k++)
		pl_calibrate(cal, g, cells + k * n, PL_U16, values + k * n);
	for (int pass = 1; pass <= 2; pass++) {
		struct spent spent = {0};

		for (unsigned k = 0; k < ROUNDS * FRAMES; k += FRAMES) {
			t0 = now_ns();
			for (unsigned i = 0; i < FRAMES; i++)
				pl_analysis_push(a, values + i * n, (k + i) * 2000000ll, false,
						 NULL);
			add(&spent, now_ns() - t0);
		}
		print(pass == 1 ? "analysis, 1st pass" : "analysis, 2nd pass", g, &spent);
		if ((pass == 1 ? pl_analysis_second_pass(a, &err) : pl_analysis_finish(a, &err)) <
		    0) {
			fprintf(stderr, "bench_live: %s\n", err.message);
			return 1;
		}
	}
	pl_analysis_free(a);
	free(values);
	return 0;
}

/* check: the live metrics only, and held against the plain pass. */
static int run(unsigned rows, unsigned cols, int feet, double aside_m, bool check)
{
	struct pl_geometry g = {rows, cols, 0.35 / rows, 0.40 / cols};
	size_t n = pl_geometry_cells(&g), loaded = 0;
	uint16_t *cells = malloc(FRAMES * n * sizeof(*cells));
	struct pl_calibration cal;
	struct spent live, plain;
	int rc;

	if (!cells)
		return 1;
	pl_calibration_init(&cal, &g);
	cal.unit = PL_UNIT_KPA;
	cal.scale = 0.1;
	for (unsigned k = 0; k < FRAMES; k++)
		fill(&g, feet, aside_m, k, cells + k * n);
	for (size_t i = 0; i < n; i++)
		loaded += cells[i] > 0;
	printf("%d feet%s, %zu of %zu cells loaded\n", feet, aside_m < ASIDE_M ? " that touch" : "",
	       loaded, n);
	rc = bench_plain(&g, &cal, cells, &plain) || bench_frames(&g, &cal, cells, &live);
	if (!rc)
		print_aim(&g, &live, &plain);
	if (!rc && check && live.best > CHECK_RATIO * plain.best) {
		fprintf(stderr, "bench_live: live metrics cost more than %d plain passes\n",
			CHECK_RATIO);
		rc = 1;
	} else if (!rc && !check && feet == 2) {
		rc = bench_passes(&g, &cal, cells);
	}
	free(cells);
	return rc;
}

static int run_sizes(int feet, double aside_m, bool check)
{
	return run(32, 32, feet, aside_m, check) || run(64, 64, feet, aside_m, check) ||
	       run(105, 185, feet, aside_m, check);
}

/* bench_live [check | ROWS COLS] */
int main(int argc, char **argv)
{
	bool check = argc == 2 && strcmp(argv[1], "check") == 0;

	if (argc == 3)
		return run((unsigned)atoi(argv[1]), (unsigned)atoi(argv[2]), 2, ASIDE_M, false);
	return run_sizes(0, ASIDE_M, check) || run_sizes(1, ASIDE_M, check) ||
	       run_sizes(2, ASIDE_M, check) || run_sizes(2, TOUCHING_M, check);
}
