/* SPDX-License-Identifier: Apache-2.0 */
/* The parts metrics are made of: components, hulls, the filter, cells divided by area. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/signal/filter.h"
#include "lib/signal/hull.h"
#include "lib/signal/overlay.h"
#include "lib/signal/path.h"
#include "lib/signal/reader.h"
#include "lib/signal/segment.h"

static uint64_t random_state = 88172645463325252u;

static double random_unit(void)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return (double)(random_state >> 11) * 0x1p-53;
}

/* ---- components ----------------------------------------------------------------------------- */

#define SIDE 23

static void flood(const double *v, int *label, int at, int name)
{
	int r = at / SIDE, c = at % SIDE;

	if (v[at] <= 0 || label[at])
		return;
	label[at] = name;
	for (int i = r > 0 ? r - 1 : 0; i <= r + 1 && i < SIDE; i++)
		for (int k = c > 0 ? c - 1 : 0; k <= c + 1 && k < SIDE; k++)
			flood(v, label, i * SIDE + k, name);
}

/* The same partition as a flood fill, on grids from sparse to full. */
static void components_are_those_of_a_flood_fill(void **state)
{
	const struct pl_geometry g = {SIDE, SIDE, 0.01, 0.01};
	static double v[SIDE * SIDE];
	static uint8_t owner[SIDE * SIDE];
	struct pl_segment s;
	struct pl_cells grid;
	struct pl_scan scan;

	(void)state;
	assert_true(pl_cells_init(&grid, &g));
	assert_true(pl_segment_init(&s, SIDE, SIDE));
	for (int trial = 0; trial < 300; trial++) {
		int label[SIDE * SIDE] = {0}, names = 0;
		double density = trial / 300.0;
		size_t cells = 0;

		for (int i = 0; i < SIDE * SIDE; i++)
			v[i] = random_unit() < density ? random_unit() : 0;
		for (int i = 0; i < SIDE * SIDE; i++)
			if (v[i] > 0 && !label[i])
				flood(v, label, i, ++names);
		pl_cells_take(&grid, v, 0);
		pl_segment_frame(&s, &grid, owner, &scan);
		assert_int_equal(s.comps, names);
		for (uint32_t k = 0; k < s.comps; k++) {
			const struct pl_run *first = &s.run[s.comp[k].first];
			int name = label[first->row * SIDE + first->c0];

			for (uint32_t i = s.comp[k].first; i != PL_NO_RUN; i = s.run[i].next) {
				for (int c = s.run[i].c0; c < s.run[i].c1; c++) {
					assert_int_equal(label[s.run[i].row * SIDE + c], name);
					cells++;
				}
			}
		}
		assert_int_equal(cells, scan.contact);
	}
	pl_segment_free(&s);
	pl_cells_free(&grid);
}

static void scan_sums(void **state)
{
	/* 3 x 3: 1 at (0,0), 2 at (1,2), 0.5 at (2,1), which is not above the threshold of 0.5 */
	const double v[9] = {1, 0, 0, 0, 0, 2, 0, 0.5, 0};
	const uint8_t owner[9] = {0, 0, 0, 0, 0, 3, 0, 0, 0};
	const struct pl_geometry g = {3, 3, 0.01, 0.01};
	struct pl_segment s;
	struct pl_cells cells;
	struct pl_scan scan;

	(void)state;
	assert_true(pl_segment_init(&s, 3, 3));
	assert_true(pl_cells_init(&cells, &g));
	pl_cells_take(&cells, v, 0.5);
	pl_segment_frame(&s, &cells, owner, &scan);
	assert_true(scan.sum == 3.5 && scan.below == 0.5 && scan.peak == 2);
	assert_true(scan.sum_col == 2 * 2 + 0.5 * 1);
	assert_true(scan.sum_row == 2 * 1 + 0.5 * 2);
	assert_int_equal(scan.contact, 2);
	assert_true(scan.edge);
	assert_int_equal(s.comps, 2);
	assert_int_equal(s.comp[1].owner, 3);
	assert_int_equal(s.comp[1].owned, 1);
	assert_false(s.comp[1].mixed);
	assert_true(s.run[1].owner == 3 && s.run[1].sum == 2 && s.run[1].sum_col == 4);
	pl_segment_free(&s);
	pl_cells_free(&cells);
}

/* ---- reading -------------------------------------------------------------------------------- */

static double *random_array(size_t n, double from, double to)
{
	double *v = malloc(n * sizeof(*v));

	for (size_t i = 0; i < n; i++)
		v[i] = from + (to - from) * random_unit();
	return v;
}

/* All that a calibration can have, in all combinations. */
static void random_calibration(struct pl_calibration *cal, const struct pl_geometry *g, unsigned of)
{
	size_t n = pl_geometry_cells(g);

	pl_calibration_init(cal, g);
	cal->unit = (enum pl_unit)(of % 3);
	cal->scale = of % 3 ? 0.37 : 1;
	cal->noise_floor = of & 1 ? 2.5 : 0;
	cal->contact = of & 2 ? 20.2 : 0;
	cal->saturation_counts = of & 4 ? 180.5 : 0;
	if (of & 8)
		cal->tare = random_array(n, 0, of % 5 ? 30 : 300);
	if (of & 16)
		cal->cell_gain = random_array(n, 0.5, 2);
	if (of & 32)
		cal->cell_offset = random_array(n, of % 7 ? 0 : -5, 5);
	if (of & 64) {
		cal->cell_state = calloc(n, 1);
		cal->cell_state[n / 2] = PL_CELL_DEAD;
		cal->cell_state[n / 3] = PL_CELL_NONE;
		cal->dead_policy = of % 11 ? PL_DEAD_EXCLUDE : PL_DEAD_INTERPOLATE;
	}
	if (of & 128) {
		cal->curve_points = 3;
		memcpy(cal->curve_counts, (double[]){10, 20, 200}, 3 * sizeof(double));
		memcpy(cal->curve_value, (double[]){0, 15, 90}, 3 * sizeof(double));
	}
	assert_int_equal(pl_calibration_check(cal, g, NULL), 0);
}

static void one_frame_read(struct pl_reader *rd, const struct pl_calibration *cal, const void *raw,
			   enum pl_dtype dtype, double contact, struct pl_cells *cells)
{
	size_t n = pl_geometry_cells(&rd->geometry);
	double *expected = malloc(n * sizeof(*expected));
	uint32_t flags = pl_calibrate(cal, &rd->geometry, raw, dtype, expected);

	assert_int_equal(pl_reader_frame(rd, cal, raw, dtype, cells), flags);
	assert_memory_equal(cells->value, expected, n * sizeof(*expected));
	for (size_t i = 0; i < n; i++) {
		size_t word = i / cells->cols * cells->words + i % cells->cols / 64;
		unsigned bit = (unsigned)(i % cells->cols % 64);

		assert_int_equal(cells->contact[word] >> bit & 1, expected[i] > contact);
		if (expected[i] > 0)
			assert_true(cells->loaded[word] >> bit & 1);
	}
	free(expected);
}

/* The loaded cells alone give what pl_calibrate gives for all, frame after frame. */
static void reading_is_calibrating(void **state)
{
	static const unsigned sides[][2] = {{5, 7}, {9, 16}, {3, 64}, {4, 77}, {2, 200}};

	(void)state;
	for (unsigned of = 0; of < 256 * 3; of++) {
		const struct pl_geometry g = {sides[of % 5][0], sides[of % 5][1], 0.01, 0.02};
		enum pl_dtype dtype = of % 3 ? of % 3 == 1 ? PL_U8 : PL_U16 : PL_I32;
		size_t n = pl_geometry_cells(&g), size = pl_dtype_size(dtype);
		unsigned char *raw = malloc(n * size);
		struct pl_calibration cal;
		struct pl_reader rd;
		struct pl_cells cells;
		double contact;

		random_calibration(&cal, &g, of % 256);
		contact = cal.unit == PL_UNIT_N ? cal.contact * 1e-3 / pl_cell_area_m2(&g)
						: cal.contact;
		assert_true(pl_reader_init(&rd, &g) && pl_cells_init(&cells, &g));
		pl_reader_set(&rd, &cal, contact);
		for (int frame = 0; frame < 4; frame++) {
			memset(raw, 0, n * size);
			for (size_t i = 0; i < n; i++)
				if (random_unit() < 0.3 * frame)
					raw[i * size] = (unsigned char)(256 * random_unit());
			one_frame_read(&rd, &cal, raw, dtype, contact, &cells);
		}
		pl_cells_free(&cells);
		pl_reader_free(&rd);
		pl_calibration_free(&cal);
		free(raw);
	}
}

/* ---- hulls ---------------------------------------------------------------------------------- */

static void hull_of_a_box(void **state)
{
	struct pl_hull h, other;
	struct pl_extent e;

	(void)state;
	pl_hull_clear(&h);
	pl_hull_box(&h, 0, 0.1, 0, 0.25);
	e = pl_hull_extent(&h);
	assert_true(fabs(e.length - 0.25) < 1e-6 && fabs(e.width - 0.1) < 1e-6 && e.ay > 0.99);
	assert_true(pl_hull_holds(&h, 0.02, 0.05, 0.1, 0.2));
	assert_false(pl_hull_holds(&h, 0.02, 0.11, 0.1, 0.2));
	pl_hull_clear(&other);
	pl_hull_box(&other, 0.15, 0.2, 0, 0.1);
	assert_true(fabs(pl_hull_gap(&h, &other) - 0.05) < 1e-6);
	pl_hull_join(&other, &h);
	assert_true(pl_hull_gap(&h, &other) == 0);
}

/* ---- filter --------------------------------------------------------------------------------- */

static double gain_at(double hz, double rate)
{
	struct pl_biquad_state s = {0};
	struct pl_biquad f;
	double top = 0;

	pl_biquad_lowpass(&f, 10, rate);
	for (int k = 0; k < (int)(20 * rate); k++) {
		double y = pl_biquad_step(&f, &s, sin(2 * M_PI * hz * k / rate));

		if (k > 10 * rate)
			top = fmax(top, fabs(y));
	}
	return top;
}

/* Butterworth of order 2, cut-off prewarped: 1 / sqrt(1 + (tan(pi f/fs) / tan(pi fc/fs))^4). */
static void filter_is_the_one_it_says(void **state)
{
	static const double hz[] = {0.5, 5, 10, 20, 40};

	(void)state;
	for (int k = 0; k < 5; k++) {
		double ratio = tan(M_PI * hz[k] / 1000) / tan(M_PI * 10 / 1000);

		assert_true(fabs(gain_at(hz[k], 1000) - 1 / sqrt(1 + pow(ratio, 4))) < 2e-3);
	}
}

static void filter_starts_and_breaks(void **state)
{
	struct pl_biquad_state s = {0};
	struct pl_biquad f;

	(void)state;
	pl_biquad_lowpass(&f, 10, 100);
	for (int k = 0; k < 5; k++)
		assert_true(fabs(pl_biquad_step(&f, &s, 123.0) - 123.0) < 1e-9);
	assert_true(isnan(pl_biquad_step(&f, &s, NAN)));
	assert_true(fabs(pl_biquad_step(&f, &s, -50.0) + 50.0) < 1e-9); /* nothing left of 123 */
	pl_biquad_lowpass(&f, 10, 20); /* not below half the rate */
	assert_true(isnan(pl_biquad_step(&f, &s, 1)));
	pl_biquad_lowpass(&f, 10, 0);
	assert_true(isnan(pl_biquad_step(&f, &s, 1)));
}

/* ---- areas ---------------------------------------------------------------------------------- */

static struct pl_shape shape_at(double angle, double length)
{
	return (struct pl_shape){.ax = sin(angle),
				 .ay = cos(angle),
				 .length_m = length,
				 .toe_cut = 0.8,
				 .side_score = NAN};
}

/* A cell 2 x 1 cut by a horizontal border through 0.3 of its height. */
static void straight_cut_by_hand(void **state)
{
	struct pl_shape shape = shape_at(0, 10);
	struct pl_region_frame f;
	double w[PL_ATOMS];
	int centre;

	(void)state;
	pl_region_frame(&f, PL_REGION_NOVEL, &shape, 2, 1);
	/* heel ends at 2.7: the cell reaches from 2.4 to 3.4 and from x = 4 to 6 */
	assert_int_equal(pl_region_weights(&f, 5, 2.9, w, &centre), -1);
	assert_int_equal(centre, PL_ATOM_MID_RIGHT);
	assert_true(fabs(w[PL_ATOM_HEEL_A_RIGHT] - 0.3) < 1e-12);
	assert_true(fabs(w[PL_ATOM_MID_RIGHT] - 0.7) < 1e-12);
	/* on the axis: x = -0.5 to 1.5, so a quarter is left */
	pl_region_weights(&f, 0.5, 2.9, w, &centre);
	assert_true(fabs(w[PL_ATOM_HEEL_A_LEFT] - 0.25 * 0.3) < 1e-12);
	assert_true(fabs(w[PL_ATOM_MID_LEFT] - 0.25 * 0.7) < 1e-12);
	/* wholly inside */
	assert_int_equal(pl_region_weights(&f, -5, 8, w, &centre), PL_ATOM_FORE_LEFT);
	assert_true(w[PL_ATOM_FORE_LEFT] == 1);
}

/* Shares of the foot's length begin where the foot is thought to: half a cell inside the print, at
 * both ends. Thirds are of the print. */
static void borders_of_foot_and_print(void **state)
{
	struct pl_shape shape = shape_at(0, 10);
	struct pl_region_frame f;

	(void)state;
	shape.beyond_m = 0.5;
	pl_region_frame(&f, PL_REGION_NOVEL, &shape, 1, 1);
	assert_true(fabs(f.cut[0] - (0.5 + 0.135 * 9)) < 1e-12);
	assert_true(fabs(f.cut[1] - (0.5 + 0.27 * 9)) < 1e-12);
	assert_true(fabs(f.cut[2] - (0.5 + 0.55 * 9)) < 1e-12);
	assert_true(isinf(f.cut[3]));
	pl_region_frame(&f, PL_REGION_30_30_40, &shape, 1, 1);
	assert_true(fabs(f.cut[1] - (0.5 + 0.3 * 9)) < 1e-12);
	pl_region_frame(&f, PL_REGION_THIRDS, &shape, 1, 1);
	assert_true(fabs(f.cut[1] - 10 * 0.8 / 3) < 1e-12);
	pl_region_frame(&f, PL_REGION_THIRDS_BOX, &shape, 1, 1);
	assert_true(fabs(f.cut[1] - 10.0 / 3) < 1e-12);
}

/* At 45 degrees through the corner-to-corner diagonal of a square: half; through the middle of
 * two sides: an eighth. */
static void oblique_cut_by_hand(void **state)
{
	struct pl_shape shape = shape_at(M_PI / 4, 100);
	struct pl_region_frame f;
	double w[PL_ATOMS], x = 27 * sin(M_PI / 4), far = 3;
	int centre;

	(void)state;
	pl_region_frame(&f, PL_REGION_NOVEL, &shape, 1, 1);
	/* (x, x) lies on the border; step aside along it so that the axis is far */
	pl_region_weights(&f, x + far, x - far, w, &centre);
	assert_true(fabs(w[PL_ATOM_HEEL_A_RIGHT] - 0.5) < 1e-9);
	pl_region_weights(&f, x + far + 0.25, x - far + 0.25, w, &centre);
	assert_true(fabs(w[PL_ATOM_HEEL_A_RIGHT] - 0.125) < 1e-9);
}

/* Any angle and place: shares add up to 1, and are those of a fine grid of points. */
static void shares_are_those_of_points(void **state)
{
	enum { FINE = 200 };

	(void)state;
	for (int trial = 0; trial < 200; trial++) {
		struct pl_shape shape = shape_at(2 * M_PI * random_unit(), 4 + random_unit());
		enum pl_region_convention convention = (enum pl_region_convention)(trial % 4);
		double px = 0.5 + random_unit(), py = 0.5 + random_unit();
		double x = 4 * shape.ax * random_unit() + random_unit() - 0.5,
		       y = 4 * shape.ay * random_unit() + random_unit() - 0.5;
		double w[PL_ATOMS], count[PL_ATOMS] = {0}, unused[PL_ATOMS], sum = 0;
		struct pl_region_frame cell, point;
		int centre, atom;

		pl_region_frame(&cell, convention, &shape, px, py);
		pl_region_frame(&point, convention, &shape, 1e-12, 1e-12);
		pl_region_weights(&cell, x, y, w, &centre);
		for (int i = 0; i < FINE * FINE; i++) {
			double u = x + px * ((i % FINE + 0.5) / FINE - 0.5);
			double v = y + py * ((i / FINE + 0.5) / FINE - 0.5);

			pl_region_weights(&point, u, v, unused, &atom);
			count[atom] += 1.0 / (FINE * FINE);
		}
		for (int k = 0; k < PL_ATOMS; k++) {
			assert_true(w[k] >= 0);
			assert_true(fabs(w[k] - count[k]) < 0.01);
			sum += w[k];
		}
		assert_true(fabs(sum - 1) < 1e-14);
	}
}

static void medial_is_inside(void **state)
{
	(void)state;
	assert_int_equal(pl_region_atoms(PL_REGION_HEEL_PM, PL_SIDE_RIGHT),
			 1u << PL_ATOM_HEEL_P_LEFT);
	assert_int_equal(pl_region_atoms(PL_REGION_HEEL_PM, PL_SIDE_LEFT),
			 1u << PL_ATOM_HEEL_P_RIGHT);
	assert_int_equal(pl_region_atoms(PL_REGION_HEEL_PM, PL_SIDE_UNKNOWN), 0);
	for (int side = PL_SIDE_LEFT; side <= PL_SIDE_RIGHT; side++) {
		unsigned four = 0;

		for (int r = PL_REGION_HEEL_AM; r <= PL_REGION_HEEL_PL; r++)
			four ^= pl_region_atoms((enum pl_region)r, (enum pl_side)side);
		assert_int_equal(four, pl_region_atoms(PL_REGION_HEEL, (enum pl_side)side));
	}
}

/* ---- the path of a load --------------------------------------------------------------------- */

/* x = 0.3 + 0.002 t, y = 0.1 - 0.001 t: over 99 frames 0.198 and -0.099, whatever the forces. Two
 * pieces of the same contact, joined either way, are the whole. */
static void a_path_is_the_line_of_its_load(void **state)
{
	struct pl_path whole = {0}, first = {0}, second = {0}, joined;
	double x, y, wx, wy;

	(void)state;
	assert_false(pl_path_travel(&whole, &x, &y));
	for (unsigned t = 0; t < 100; t++) {
		double force = 1 + 500 * random_unit();
		double at_x = 0.3 + 0.002 * t, at_y = 0.1 - 0.001 * t;

		pl_path_add(&whole, 1000 + t, force, at_x, at_y);
		pl_path_add(t < 30 || t >= 80 ? &first : &second, 1000 + t, force, at_x, at_y);
	}
	assert_true(pl_path_travel(&whole, &wx, &wy));
	assert_true(fabs(wx - 0.198) < 1e-9 && fabs(wy + 0.099) < 1e-9);
	for (int order = 0; order < 2; order++) {
		joined = order ? first : second;
		pl_path_join(&joined, order ? &second : &first);
		assert_true(pl_path_travel(&joined, &x, &y));
		assert_true(fabs(x - wx) < 1e-9 && fabs(y - wy) < 1e-9);
	}
	pl_path_add(&whole, 2000, 0, 5, 5); /* no load, no path */
	assert_true(pl_path_travel(&whole, &x, &y));
	assert_true(fabs(x - wx) < 1e-12);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(components_are_those_of_a_flood_fill),
		cmocka_unit_test(scan_sums),
		cmocka_unit_test(reading_is_calibrating),
		cmocka_unit_test(hull_of_a_box),
		cmocka_unit_test(filter_is_the_one_it_says),
		cmocka_unit_test(filter_starts_and_breaks),
		cmocka_unit_test(straight_cut_by_hand),
		cmocka_unit_test(borders_of_foot_and_print),
		cmocka_unit_test(oblique_cut_by_hand),
		cmocka_unit_test(shares_are_those_of_points),
		cmocka_unit_test(medial_is_inside),
		cmocka_unit_test(a_path_is_the_line_of_its_load),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
