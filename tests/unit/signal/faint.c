/* SPDX-License-Identifier: Apache-2.0 */
/* What a noise floor hides under a foot, and what noise that codes cut off at 0 adds to it. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "drivers/sim/exact.h"
#include "lib/signal/faint.h"

#define SIDE 20u
#define CELLS (SIDE * SIDE)
#define FRAMES 20000u

static const struct pl_geometry mat = {SIDE, SIDE, 0.008, 0.004};

static void near_is_a_centimetre(void **state)
{
	uint64_t ever[SIDE] = {[5] = UINT64_C(1) << 7, [19] = UINT64_C(1) << 19};
	uint8_t near[CELLS];
	unsigned n = 0;

	(void)state;
	pl_faint_near(&mat, ever, near);
	for (unsigned i = 0; i < CELLS; i++)
		n += near[i];
	assert_int_equal(n,
			 5 * 7 + 3 * 4); /* two rows and three columns around; the mat's corner */
	assert_true(near[3 * SIDE + 4] && near[7 * SIDE + 10] && near[17 * SIDE + 16]);
	assert_false(near[2 * SIDE + 7] || near[5 * SIDE + 3] || near[16 * SIDE + 19]);
}

/* A column of loads from 0 to 3 sigma under the noise of codes that end at 0, or do not. */
static struct pl_moments means(double lowest, struct pl_moments *loads)
{
	static double whole[CELLS];
	uint64_t ever[SIDE] = {0};
	struct pl_moments sum = {0}, off;
	struct pl_cells cells;
	struct pl_faint faint;
	uint8_t near[CELLS];
	struct pl_rng rng;

	pl_rng_seed(&rng, 7);
	assert_true(pl_cells_init(&cells, &mat) && pl_faint_init(&faint, &mat));
	for (unsigned r = 4; r < 16; r++)
		ever[r] = UINT64_C(1) << 10;
	pl_faint_near(&mat, ever, near);
	*loads = (struct pl_moments){0};
	for (unsigned k = 0; k < FRAMES; k++) {
		struct pl_moments m;

		for (unsigned i = 0; i < CELLS; i++) {
			unsigned row = i / SIDE, col = i % SIDE;
			double load = col == 10 && row >= 4 && row < 16 ? 0.5 * (row - 3) : 0;

			whole[i] = fmax(load + 2 * pl_rng_normal(&rng), lowest);
			loads->sum += load / FRAMES;
			loads->col += load * col / FRAMES;
			loads->row += load * row / FRAMES;
		}
		whole[CELLS - 1] = NAN; /* a dead one */
		m = pl_faint_add(&faint, near, whole, &cells);
		sum.sum += m.sum / FRAMES;
		sum.col += m.col / FRAMES;
		sum.row += m.row / FRAMES;
	}
	off = pl_faint_bias(&faint, &mat, near);
	pl_cells_free(&cells);
	pl_faint_free(&faint);
	return (struct pl_moments){sum.sum - off.sum, sum.col - off.col, sum.row - off.row};
}

/* 112 cells near, the loads 39 in all: the noise alone would add 0.8 to each of the empty ones. */
static void noise_is_taken_off(void **state)
{
	const double lowest[] = {0, -1e9};

	(void)state;
	for (int k = 0; k < 2; k++) {
		struct pl_moments loads, found = means(lowest[k], &loads);

		assert_float_equal(loads.sum, 39, 1e-6);
		assert_float_equal(found.sum, loads.sum, 0.02 * loads.sum);
		assert_float_equal(found.col / found.sum, 10, 0.05);
		assert_float_equal(found.row / found.sum, loads.row / loads.sum, 0.1);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(near_is_a_centimetre),
		cmocka_unit_test(noise_is_taken_off),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
