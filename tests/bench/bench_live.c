/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What does one frame of live metrics cost? Two standing feet that sway a little, on three sizes
 * of mat, u16 counts. Prints nanoseconds of CPU time a frame; asserts nothing, since machines differ.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <plantar/live.h>

#define FRAMES 64

/* A foot of 26 x 9 cm as two ellipses and a band, kPa; x, y in m from the middle of its heel. */
static double pressure(double x, double y)
{
	double heel = 1 - (x * x) / (0.03 * 0.03) - (y * y) / (0.035 * 0.035);
	double fore = 1 - (x * x) / (0.045 * 0.045) - ((y - 0.15) * (y - 0.15)) / (0.045 * 0.045);
	double toes = 1 - (x * x) / (0.04 * 0.04) - ((y - 0.21) * (y - 0.21)) / (0.018 * 0.018);
	double band = x > 0 && x < 0.03 && y > 0 && y < 0.15 ? 0.2 : 0;

	return 150 * fmax(fmax(heel, fore), fmax(0.5 * toes, band));
}

static void fill(const struct pl_geometry *g, unsigned frame, uint16_t *cells)
{
	double sway = 0.1 * sin(2 * M_PI * frame / FRAMES);

	for (unsigned r = 0; r < g->rows; r++) {
		for (unsigned c = 0; c < g->cols; c++) {
			double x = ((c + 0.5) / g->cols - 0.5) * g->cols * g->pitch_col_m;
			double y = (g->rows - r - 0.5) * g->pitch_row_m - 0.06;
			double left = pressure(-(x + 0.09), y), right = pressure(x - 0.09, y);
			double kpa = fmax(left * (1 - sway), right * (1 + sway));

			cells[(size_t)r * g->cols + c] = (uint16_t)(kpa > 0 ? 10 * kpa : 0);
		}
	}
}

static int run(unsigned rows, unsigned cols)
{
	struct pl_geometry g = {rows, cols, 0.35 / rows, 0.40 / cols};
	struct pl_live_options o;
	struct pl_calibration cal;
	struct pl_live *live;
	struct pl_error err;
	struct timespec a, b;
	size_t n = pl_geometry_cells(&g), loaded = 0;
	uint16_t *cells = malloc(FRAMES * n * sizeof(*cells));
	float *metrics = malloc(pl_metric_count() * sizeof(*metrics));
	unsigned turns = 20000;

	pl_calibration_init(&cal, &g);
	cal.unit = PL_UNIT_KPA;
	cal.scale = 0.1;
	pl_live_options_init(&o);
	o.rate_hz = 500;
	live = pl_live_new(&g, &cal, &o, &err);
	if (!live || !cells || !metrics) {
		fprintf(stderr, "bench_live: %s\n", live ? "out of memory" : err.message);
		return 1;
	}
	for (unsigned k = 0; k < FRAMES; k++)
		fill(&g, k, cells + k * n);
	for (size_t i = 0; i < n; i++)
		loaded += cells[i] > 0;
	for (unsigned k = 0; k < 1000; k++)
		pl_live_frame(live, cells + k % FRAMES * n, PL_U16, k, metrics);
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &a);
	for (unsigned k = 0; k < turns; k++)
		pl_live_frame(live, cells + k % FRAMES * n, PL_U16, 1000 + k, metrics);
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &b);
	printf("live %3u x %3u: %8.0f ns a frame, %.2f ns a cell, %zu cells loaded, %g feet\n",
	       rows, cols,
	       ((double)(b.tv_sec - a.tv_sec) * 1e9 + (double)(b.tv_nsec - a.tv_nsec)) / turns,
	       ((double)(b.tv_sec - a.tv_sec) * 1e9 + (double)(b.tv_nsec - a.tv_nsec)) / turns /
		       (double)n,
	       loaded, (double)metrics[pl_metric_find("feet")]);
	pl_live_free(live);
	free(cells);
	free(metrics);
	return 0;
}

int main(void)
{
	return run(32, 32) || run(64, 64) || run(105, 185);
}
