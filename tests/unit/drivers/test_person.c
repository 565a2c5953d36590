/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The simulated person is what other tests measure against, so its truth is tested first: cells
 * add up to the force that is claimed, their centre is the centre that is claimed, forces average
 * to body weight, sizes are those of people, and a seed means the same frames.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <plantar/crc.h>

#include "drivers/sim/person.h"

#define WEIGHT_N (70 * 9.80665)
#define FINGERPRINT_STANDING 0x3223b6d5u
#define FINGERPRINT_WALKING 0xced0e7d0u

struct run {
	struct pl_sim_options o;
	struct pl_sim *sim;
	double *kpa;
	struct pl_sim_truth truth;
};

static void start(struct run *r, enum pl_sim_kind kind, unsigned rows, unsigned cols,
		  double pitch_m, double rate_hz)
{
	struct pl_error err;

	pl_sim_options_init(&r->o);
	r->o.kind = kind;
	r->o.geometry = (struct pl_geometry){rows, cols, pitch_m, pitch_m};
	r->o.rate_hz = rate_hz;
	r->sim = pl_sim_new(&r->o, &err);
	if (!r->sim)
		fail_msg("%s", err.message);
	r->kpa = calloc(rows * cols, sizeof(double));
	assert_non_null(r->kpa);
}

static void restart(struct run *r)
{
	pl_sim_free(r->sim);
	r->sim = pl_sim_new(&r->o, NULL);
	assert_non_null(r->sim);
}

static void stop(struct run *r)
{
	pl_sim_free(r->sim);
	free(r->kpa);
}

static void step(struct run *r)
{
	pl_sim_frame(r->sim, r->kpa, &r->truth);
}

struct measured {
	double force_n, x_mm, y_mm, peak_kpa;
};

static struct measured measure(const struct run *r)
{
	const struct pl_geometry *g = &r->o.geometry;
	struct measured m = {0, 0, 0, 0};

	for (unsigned row = 0; row < g->rows; row++) {
		for (unsigned col = 0; col < g->cols; col++) {
			double kpa = r->kpa[row * g->cols + col];
			double force = kpa * 1e3 * g->pitch_row_m * g->pitch_col_m;

			assert_true(kpa >= 0);
			m.force_n += force;
			m.x_mm += force * 1e3 * (col + 0.5) * g->pitch_col_m;
			m.y_mm += force * 1e3 * (g->rows - row - 0.5) * g->pitch_row_m;
			m.peak_kpa = fmax(m.peak_kpa, kpa);
		}
	}
	m.x_mm /= m.force_n;
	m.y_mm /= m.force_n;
	return m;
}

/* Cells against truth in every frame, on many mats, with and without noise. */
static void check_frames(struct run *r, unsigned frames)
{
	double pitch_mm = 1e3 * r->o.geometry.pitch_row_m;

	for (unsigned i = 0; i < frames; i++) {
		struct measured m;

		step(r);
		m = measure(r);
		if (!(r->truth.force_n > 0)) {
			assert_true(m.force_n == 0 && isnan(r->truth.cop_x_mm) &&
				    isnan(r->truth.on_mat_share));
			continue;
		}
		assert_true(r->truth.on_mat_share > 0 - 1e-12 && r->truth.on_mat_share <= 1);
		assert_true(fabs(m.force_n - r->truth.force_n * r->truth.on_mat_share) <=
			    1e-9 * r->truth.force_n);
		assert_true(fabs(r->truth.left_force_n + r->truth.right_force_n -
				 r->truth.force_n) <= 1e-9 * r->truth.force_n);
		if (r->truth.on_mat_share == 1 && r->truth.force_n > 100) {
			/* noise of a large cell is many newtons */
			double most = pitch_mm * (!(r->o.noise_kpa > 0) ? 1e-6
						  : pitch_mm < 30	? 0.5
									: 4);

			assert_true(fabs(m.x_mm - r->truth.cop_x_mm) <= most);
			assert_true(fabs(m.y_mm - r->truth.cop_y_mm) <= most);
		}
	}
}

static void cells_add_up(void **state)
{
	static const struct {
		unsigned rows, cols;
		double pitch_m;
	} mats[] = {{64, 64, 0.008}, {16, 32, 0.02}, {54, 22, 0.005}, {4, 4, 0.01},
		    {4, 4, 0.1},     {1, 1, 0.4},    {1, 64, 0.01},   {105, 185, 0.005}};

	(void)state;
	for (size_t i = 0; i < sizeof(mats) / sizeof(*mats); i++) {
		for (int kind = PL_SIM_STANDING; kind <= PL_SIM_EMPTY; kind++) {
			struct run r;

			start(&r, (enum pl_sim_kind)kind, mats[i].rows, mats[i].cols,
			      mats[i].pitch_m, 50);
			check_frames(&r, 150);
			r.o.noise_kpa = 2;
			restart(&r);
			check_frames(&r, 100);
			stop(&r);
		}
	}
}

static void standing_people_weigh_what_they_should(void **state)
{
	static const enum pl_sim_kind kinds[] = {PL_SIM_STANDING, PL_SIM_SHIFT, PL_SIM_ONE_LEG};

	(void)state;
	for (int k = 0; k < 3; k++) {
		struct run r;

		start(&r, kinds[k], 64, 64, 0.008, 100);
		for (int i = 0; i < 3000; i++) {
			step(&r);
			assert_true(fabs(r.truth.force_n / WEIGHT_N - 1) < 1e-12);
			assert_true(r.truth.on_mat_share == 1);
			assert_true(measure(&r).peak_kpa < 700);
		}
		stop(&r);
	}
}

/* 20 kg on 60 x 60 mm of a mat of 10 mm: 54.48 kPa under 36 cells, parts of cells at its rim. */
static void a_weight_lies_where_it_is_put(void **state)
{
	struct run r;
	double sum = 0;

	(void)state;
	start(&r, PL_SIM_WEIGHT, 32, 24, 0.01, 100);
	r.o.body_mass_kg = 20;
	r.o.place_row = 6;
	r.o.place_col = 11;
	restart(&r);
	step(&r);
	for (int i = 0; i < 32 * 24; i++)
		sum += r.kpa[i] * 0.1; /* N a cell of 1 cm2 */
	assert_true(fabs(sum - 20 * 9.80665) < 1e-9);
	assert_true(fabs(r.kpa[6 * 24 + 11] - 54.481389) < 1e-5);
	/* 3 cells to each side of the middle of row 6: half of rows 3 and 9 */
	assert_true(fabs(r.kpa[3 * 24 + 11] - 54.481389 / 2) < 1e-5);
	assert_true(fabs(r.truth.cop_x_mm - 115) < 1e-9 && fabs(r.truth.cop_y_mm - 255) < 1e-9);
	assert_true(fabs(r.truth.force_n - 20 * 9.80665) < 1e-9);
	r.o.place_row = -1;
	assert_null(pl_sim_new(&r.o, NULL));
	r.o.place_row = 0;
	restart(&r);
	step(&r);
	assert_true(fabs(r.truth.on_mat_share - 3.5 / 6) < 1e-9);
	stop(&r);
}

static void sway_has_the_size_of_peoples(void **state)
{
	struct run r;

	(void)state;
	for (uint64_t seed = 1; seed <= 5; seed++) {
		double n = 6000, sx = 0, sy = 0, sxx = 0, syy = 0, path = 0, x = NAN, y = NAN;

		start(&r, PL_SIM_STANDING, 64, 64, 0.008, 100);
		r.o.seed = seed;
		restart(&r);
		for (int i = 0; i < n; i++) {
			step(&r);
			if (i)
				path += hypot(r.truth.cop_x_mm - x, r.truth.cop_y_mm - y);
			x = r.truth.cop_x_mm;
			y = r.truth.cop_y_mm;
			sx += x;
			sy += y;
			sxx += x * x;
			syy += y * y;
		}
		double rms_ml = sqrt(sxx / n - sx * sx / n / n);
		double rms_ap = sqrt(syy / n - sy * sy / n / n);
		assert_true(rms_ap > 3 && rms_ap < 6);
		assert_true(rms_ml > 1.8 && rms_ml < 4.2);
		assert_true(path / 60 > 5 && path / 60 < 25); /* mm/s */
		stop(&r);
	}
}

static void options_share_the_load(void **state)
{
	struct run r;
	double left = 0, heel = 0;

	(void)state;
	start(&r, PL_SIM_STANDING, 64, 64, 0.008, 100);
	r.o.left_share = 0.3;
	r.o.heel_share = 0.45;
	restart(&r);
	for (int i = 0; i < 6000; i++) {
		step(&r);
		left += r.truth.left_force_n / WEIGHT_N / 6000;
		heel += r.truth.left_heel_share / 6000;
	}
	assert_true(fabs(left - 0.3) < 0.02);
	assert_true(fabs(heel - 0.45) < 0.03);
	r.o.left_share = 1;
	restart(&r);
	step(&r);
	assert_true(r.truth.right_force_n == 0 && isnan(r.truth.right_heel_share));
	stop(&r);
}

/* Heel share against the cells themselves: those behind 27 % of the foot, for a foot whose
 * direction is known to be 7 degrees off the rows. */
static void heel_share_follows_the_cop(void **state)
{
	struct run r;
	double sxy = 0, sx = 0, sy = 0, sxx = 0, syy = 0, n = 3000;

	(void)state;
	start(&r, PL_SIM_STANDING, 64, 64, 0.008, 50);
	for (int i = 0; i < n; i++) {
		double x, y;

		step(&r);
		x = r.truth.cop_y_mm;
		y = r.truth.left_heel_share;
		assert_true(y > 0 && y < 1);
		sx += x;
		sy += y;
		sxy += x * y;
		sxx += x * x;
		syy += y * y;
	}
	double r2 = (n * sxy - sx * sy) / sqrt((n * sxx - sx * sx) * (n * syy - sy * sy));
	assert_true(r2 < -0.98); /* forward: less on the heel */
	stop(&r);
}

static void heel_cells_carry_the_heel_share(void **state)
{
	const double sin7 = 0.12186934340514748, cos7 = 0.99254615164132203, pitch = 0.004;
	struct run r;
	double heel = 0, total = 0, length = 0.255, x0 = 0.256, y0 = 0.256;

	(void)state;
	start(&r, PL_SIM_ONE_LEG, 128, 128, pitch, 100);
	step(&r);
	assert_true(r.truth.left_force_n > 0); /* the foot stands in the middle of the mat */
	for (unsigned row = 0; row < 128; row++) {
		for (unsigned col = 0; col < 128; col++) {
			double x = (col + 0.5) * pitch - x0, y = (128 - row - 0.5) * pitch - y0;
			double along = (y * cos7 - x * sin7) / length + 0.5;

			total += r.kpa[row * 128 + col];
			heel += along < 0.27 ? r.kpa[row * 128 + col] : 0;
		}
	}
	assert_true(fabs(heel / total - r.truth.left_heel_share) < 0.01);
	stop(&r);
}

static void feet_have_the_outline_of_feet(void **state)
{
	struct run r;
	unsigned loaded = 0, first = 128, last = 0, left = 128, right = 0, arch = 0;

	(void)state;
	start(&r, PL_SIM_ONE_LEG, 128, 128, 0.004, 100);
	step(&r);
	for (unsigned row = 0; row < 128; row++) {
		for (unsigned col = 0; col < 128; col++) {
			if (r.kpa[row * 128 + col] <= 0)
				continue;
			loaded++;
			first = row < first ? row : first;
			last = row > last ? row : last;
			left = col < left ? col : left;
			right = col > right ? col : right;
			/* a left foot's arch: right of its axis, halfway along */
			if (row >= 62 && row < 67 && col >= 66)
				arch++;
		}
	}
	assert_in_range((last - first + 1) * 4, 240, 265); /* mm */
	assert_in_range((right - left + 1) * 4, 80, 110);
	assert_in_range(loaded * 16 / 100, 90, 170); /* cm2 */
	assert_int_equal(arch, 0);
	stop(&r);
}

static void feet_are_mirror_images(void **state)
{
	struct run r;

	(void)state;
	start(&r, PL_SIM_STANDING, 64, 64, 0.008, 100);
	step(&r);
	for (unsigned row = 0; row < 64; row++)
		for (unsigned col = 0; col < 32; col++)
			assert_int_equal(r.kpa[row * 64 + col] > 0, r.kpa[row * 64 + 63 - col] > 0);
	stop(&r);
}

static void walkers_roll_from_heel_to_toe(void **state)
{
	struct run r;
	double begin = -1, from = 0, heel_first = 0, force_max = 0, force_mid = 0, contact = 0;
	unsigned steps = 0, lefts = 0;
	double y = 0;

	(void)state;
	/* a mat that one foot fits on at a time: stances come one by one */
	start(&r, PL_SIM_WALKING, 100, 60, 0.0035, 500);
	for (int i = 0; i < 60 * 500; i++) {
		double t = i / 500.0;

		step(&r);
		if (r.truth.force_n > 0 && begin < 0) {
			begin = t;
			from = NAN;
			force_max = force_mid = 0;
		}
		if (begin < 0)
			continue;
		if (isnan(from) && r.truth.force_n > 20) {
			from = r.truth.cop_y_mm;
			heel_first = r.truth.left_force_n > 0 ? r.truth.left_heel_share
							      : r.truth.right_heel_share;
			lefts += r.truth.left_force_n > 0;
		}
		if (r.truth.force_n > 20) {
			y = r.truth.cop_y_mm;
			contact = t - begin;
		}
		force_max = fmax(force_max, r.truth.force_n);
		if (fabs(t - begin - 0.324) < 0.002)
			force_mid = r.truth.force_n;
		if (r.truth.force_n == 0) {
			assert_true(fabs(contact - 0.647) < 0.03);
			assert_true(heel_first > 0.95);
			assert_true(y - from > 170);
			assert_true(force_max > 1.0 * WEIGHT_N && force_max < 1.3 * WEIGHT_N);
			assert_true(force_mid > 0.6 * WEIGHT_N && force_mid < 0.85 * WEIGHT_N);
			begin = -1;
			steps++;
		}
	}
	assert_true(steps >= 15);
	assert_true(lefts > steps / 3 && lefts < steps * 2 / 3 + 1); /* feet alternate */
	stop(&r);
}

/* A walkway long enough that both feet are on it in the middle of each pass. */
static void walking_forces_average_to_body_weight(void **state)
{
	struct run r;
	double sum = 0;
	unsigned n = 0;

	(void)state;
	start(&r, PL_SIM_WALKING, 512, 64, 0.02, 200);
	/* the first pass begins at 0.5 s; 10 m take 16 steps of half a second */
	for (int i = 0; i < 200 * 7; i++) {
		step(&r);
		if (i >= 200 * 2 && i < 200 * 2 + 9 * 104) { /* nine whole steps of 0.5217 s */
			sum += r.truth.force_n;
			n++;
		}
	}
	assert_true(fabs(sum / n / WEIGHT_N - 1) < 0.01);
	stop(&r);
}

static void mats_are_empty_between_passes(void **state)
{
	struct run r;
	unsigned passes = 0, empty = 0, partial = 0;

	(void)state;
	start(&r, PL_SIM_WALKING, 64, 64, 0.012, 100);
	for (int i = 0; i < 6000; i++) {
		step(&r);
		if (r.truth.force_n > 0) {
			passes += empty >= 50;
			empty = 0;
			partial += r.truth.on_mat_share < 1;
		} else {
			empty++;
		}
	}
	assert_true(passes >= 10);
	assert_true(partial > 0); /* some feet land on the edge */
	stop(&r);
}

static void runners_fly(void **state)
{
	struct run r;
	unsigned flights = 0, contacts = 0;
	double sum = 0, peak = 0, before = 0;

	(void)state;
	start(&r, PL_SIM_RUNNING, 64, 64, 0.008, 500);
	for (int i = 0; i < 30000; i++) {
		step(&r);
		sum += r.truth.force_n;
		peak = fmax(peak, r.truth.force_n);
		assert_false(r.truth.left_force_n > 0 && r.truth.right_force_n > 0);
		flights += before > 0 && r.truth.force_n == 0;
		contacts += before == 0 && r.truth.force_n > 0;
		before = r.truth.force_n;
	}
	assert_in_range(contacts, 164, 166);
	assert_in_range(flights, 164, 166);
	assert_true(fabs(sum / 30000 / WEIGHT_N - 1) < 0.005);
	assert_true(peak > 2 * WEIGHT_N && peak < 3 * WEIGHT_N);
	stop(&r);
}

static uint32_t fingerprint(struct run *r, unsigned frames)
{
	size_t n = pl_geometry_cells(&r->o.geometry);
	uint32_t crc = PL_CRC32_INIT;

	while (frames--) {
		step(r);
		crc = pl_crc32(crc, r->kpa, n * sizeof(*r->kpa));
	}
	return crc;
}

static void a_seed_means_the_same_frames(void **state)
{
	(void)state;
	for (int kind = PL_SIM_STANDING; kind < PL_SIM_EMPTY; kind++) {
		struct run r;
		uint32_t first, again, other;

		start(&r, (enum pl_sim_kind)kind, 32, 32, 0.016, 100);
		r.o.noise_kpa = 1;
		restart(&r);
		first = fingerprint(&r, 500);
		restart(&r);
		again = fingerprint(&r, 500);
		r.o.seed = 2;
		restart(&r);
		other = fingerprint(&r, 500);
		assert_int_equal(first, again);
		assert_int_not_equal(first, other);
		stop(&r);
	}
}

/* Only exactly rounded arithmetic is used, so this number holds for every compiler and machine. */
static void frames_are_the_same_everywhere(void **state)
{
	struct run r;

	(void)state;
	start(&r, PL_SIM_STANDING, 32, 32, 0.016, 100);
	assert_int_equal(fingerprint(&r, 500), FINGERPRINT_STANDING);
	stop(&r);
	start(&r, PL_SIM_WALKING, 32, 32, 0.016, 100);
	assert_int_equal(fingerprint(&r, 500), FINGERPRINT_WALKING);
	stop(&r);
}

static void impossible_people_are_refused(void **state)
{
	struct pl_sim_options o;
	struct pl_error err;

	(void)state;
	pl_sim_options_init(&o); /* no geometry yet */
	assert_null(pl_sim_new(&o, &err));
	assert_int_equal(err.code, PL_EUSAGE);
	o.geometry = (struct pl_geometry){64, 64, 0.01, 0.01};
	assert_null(pl_sim_new(&o, &err));
	assert_non_null(strstr(err.message, "rate"));
	o.rate_hz = 100;
	o.body_mass_kg = NAN;
	assert_null(pl_sim_new(&o, &err));
	assert_non_null(strstr(err.message, "mass"));
	o.body_mass_kg = 70;
	o.left_share = 1.5;
	assert_null(pl_sim_new(&o, &err));
	assert_int_equal(pl_sim_kind_parse("flying"), -1);
	for (int k = PL_SIM_STANDING; k <= PL_SIM_WEIGHT; k++)
		assert_int_equal(pl_sim_kind_parse(pl_sim_kind_name((enum pl_sim_kind)k)), k);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(cells_add_up),
		cmocka_unit_test(standing_people_weigh_what_they_should),
		cmocka_unit_test(a_weight_lies_where_it_is_put),
		cmocka_unit_test(sway_has_the_size_of_peoples),
		cmocka_unit_test(options_share_the_load),
		cmocka_unit_test(heel_share_follows_the_cop),
		cmocka_unit_test(heel_cells_carry_the_heel_share),
		cmocka_unit_test(feet_have_the_outline_of_feet),
		cmocka_unit_test(feet_are_mirror_images),
		cmocka_unit_test(walkers_roll_from_heel_to_toe),
		cmocka_unit_test(walking_forces_average_to_body_weight),
		cmocka_unit_test(mats_are_empty_between_passes),
		cmocka_unit_test(runners_fly),
		cmocka_unit_test(a_seed_means_the_same_frames),
		cmocka_unit_test(frames_are_the_same_everywhere),
		cmocka_unit_test(impossible_people_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
