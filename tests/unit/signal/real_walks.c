/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Walks put together from real steps: ten of one person, mirrored in turn, laid along a line there
 * and along another one back, so that the person turns round in between; the first and the last
 * footprint of each way lie partly beside the mat. One recording each, the mat turned by quarter
 * turns from one to the next. Every footprint must be found once, the cut ones and no others
 * called partial, and all sides and directions be right: what a cut print cannot say, the others
 * of its walk do.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "lib/signal/analysis_private.h"
#include "unit/signal/speedpp.h"

#define PER_WAY 5
#define PER_WALK (2 * PER_WAY)
#define WALKS (STEPS / PER_WALK)
#define STRIDE_ROWS 110 /* 56 cm from step to step */
#define APART_COLS 18	/* 9 cm between the feet's lines */
#define LONG (4 * STRIDE_ROWS + 63)
#define WIDE 140
#define DOUBLE_SUPPORT 50 /* frames */
#define TURN 700	  /* frames until the way back begins */

struct laid {
	const struct real_step *step;
	bool left, back;
	int row, col;  /* of the file's cell (0, 0), before the mat is turned */
	unsigned from; /* frame */
	unsigned found;
};

static struct real_step steps[PER_WALK];
static struct laid laid[PER_WALK];
static double frame[LONG * WIDE];

/* Rows from the rear while somebody walks forward; the way back is the same seen from the front. */
static unsigned lay_out(void)
{
	unsigned from = 0, end = 0;

	for (unsigned k = 0; k < PER_WALK; k++) {
		unsigned n = k % PER_WAY;
		bool back = k >= PER_WAY, left = n % 2;
		const struct real_step *s = &steps[k];
		int cut = (int)(s->y1 - s->y0) / 3;
		/* a third of the first one's heel and of the last one's toes are off */
		int row = (int)n * STRIDE_ROWS - (int)s->y0 - (n == 0 ? cut : 0);

		if (n == PER_WAY - 1)
			row = LONG - (int)s->y1 + cut;
		if (k == PER_WAY)
			from = end + TURN;
		laid[k] = (struct laid){.step = s,
					.left = left,
					.back = back,
					.row = row,
					.col = 10 + (left ? 0 : APART_COLS),
					.from = from};
		end = from + s->frames;
		from = end - DOUBLE_SUPPORT;
	}
	return end;
}

/* Where a cell of a footprint is, cells from the rear left corner; false: beside the mat. */
static bool place(const struct laid *l, int y, int x, int *up, int *across)
{
	*up = l->row + y;
	*across = l->col + (l->left ? STEP_X - 1 - x : x);
	if (*up < 0 || *up >= LONG)
		return false;
	if (l->back) {
		*up = LONG - 1 - *up;
		*across = WIDE - 1 - *across;
	}
	return true;
}

static struct pl_geometry turned(unsigned quarters)
{
	return (struct pl_geometry){quarters % 2 ? WIDE : LONG, quarters % 2 ? LONG : WIDE,
				    STEP_PITCH_M, STEP_PITCH_M};
}

static size_t turned_cell(unsigned quarters, int up, int across)
{
	int rows = LONG, cols = WIDE, r = LONG - 1 - up, c = across;

	for (unsigned q = 0; q < quarters; q++) {
		int was = r, h = rows;

		r = c;
		c = h - 1 - was;
		rows = cols;
		cols = h;
	}
	return (size_t)r * (unsigned)cols + (unsigned)c;
}

static void show(unsigned t, unsigned quarters)
{
	int up, across;

	memset(frame, 0, sizeof(frame));
	for (unsigned k = 0; k < PER_WALK; k++) {
		const struct laid *l = &laid[k];

		if (t < l->from || t >= l->from + l->step->frames)
			continue;
		for (unsigned y = l->step->y0; y < l->step->y1; y++)
			for (unsigned x = l->step->x0; x < l->step->x1; x++)
				if (place(l, (int)y, (int)x, &up, &across))
					frame[turned_cell(quarters, up, across)] +=
						l->step->raw[(y * STEP_X + x) * STEP_FRAMES + t -
							     l->from];
	}
}

/* The footprint in whose box most of a foot's print lies. */
static struct laid *whose(const struct pl_geometry *g, const struct pl_foot *foot,
			  unsigned quarters)
{
	for (unsigned k = 0; k < PER_WALK; k++) {
		const struct real_step *s = laid[k].step;
		unsigned own = 0;

		for (unsigned y = s->y0; y < s->y1; y++)
			for (unsigned x = s->x0; x < s->x1; x++) {
				size_t cell;
				int up, across;

				if (!place(&laid[k], (int)y, (int)x, &up, &across))
					continue;
				cell = turned_cell(quarters, up, across);
				own += pl_print_has(&foot->print, (unsigned)(cell / g->cols),
						    (unsigned)(cell % g->cols));
			}
		if (2 * own > foot->print.cells)
			return &laid[k];
	}
	return NULL;
}

struct tally {
	unsigned feet, strange, side[3], facing[3], cut, partial, falsely;
};

static void judge(const struct pl_analysis *a, unsigned walk, unsigned quarters,
		  struct tally *tally)
{
	static const enum pl_facing way[] = {PL_FACING_FORWARD, PL_FACING_RIGHT, PL_FACING_BACKWARD,
					     PL_FACING_LEFT};

	for (uint32_t k = 0; k < a->n_feet; k++) {
		const struct pl_foot *foot = &a->foot[k];
		struct laid *l = whose(&a->geometry, foot, quarters);
		enum pl_facing said = pl_foot_facing(foot);
		unsigned n, side, facing;
		bool cut;

		tally->feet++;
		if (!l || l->found++) {
			tally->strange++;
			print_message("    walk %u: a foot that nobody put down\n", walk);
			continue;
		}
		n = (unsigned)(l - laid);
		cut = n % PER_WAY == 0 || n % PER_WAY == PER_WAY - 1;
		side = foot->side == PL_SIDE_UNKNOWN				? 2
		       : foot->side == (l->left ? PL_SIDE_LEFT : PL_SIDE_RIGHT) ? 0
										: 1;
		facing = said == PL_FACING_AUTO				   ? 2
			 : said == way[(quarters + (l->back ? 2 : 0)) % 4] ? 0
									   : 1;
		tally->side[side]++;
		tally->facing[facing]++;
		tally->cut += cut;
		tally->partial += cut && foot->partial;
		tally->falsely += !cut && foot->partial;
		if (side || facing || (cut != (foot->partial != 0)))
			print_message("    walk %u (subject %u) footprint %u: side %s, facing %s, "
				      "partial %u\n",
				      walk, walk * PER_WALK / STEPS_EACH, n,
				      pl_side_name(foot->side), pl_facing_name(said),
				      foot->partial);
	}
}

static void analyse(unsigned walk, struct tally *tally)
{
	unsigned quarters = walk % 4, n;
	struct pl_geometry g = turned(quarters);
	struct pl_analysis_options o;
	struct pl_analysis *a;

	for (unsigned k = 0; k < PER_WALK; k++)
		assert_true(read_real_step(walk * PER_WALK + k, &steps[k]));
	n = lay_out();
	pl_analysis_options_init(&o);
	a = pl_analysis_new(&g, false, 0, STEP_RATE, &o, NULL);
	assert_non_null(a);
	for (int pass = 0; pass < 2; pass++) {
		for (unsigned t = 0; t < n; t++) {
			show(t, quarters);
			assert_int_equal(pl_analysis_push(a, frame, t * 2000000ll, false, NULL), 0);
		}
		assert_int_equal(
			pass ? pl_analysis_finish(a, NULL) : pl_analysis_second_pass(a, NULL), 0);
	}
	assert_true(pl_analysis_totals(a)->region_sum_error_max < 1e-12);
	judge(a, walk, quarters, tally);
	pl_analysis_free(a);
}

static void there_and_back(void **state)
{
	struct tally t = {0};

	(void)state;
	for (unsigned walk = 0; walk < WALKS; walk++)
		analyse(walk, &t);
	print_message("%u walks of %u footprints: %u feet, %u of nobody; side right %u, wrong %u, "
		      "unknown %u; facing right %u, wrong %u, unknown %u; partial %u of %u cut, %u "
		      "of the others\n",
		      WALKS, PER_WALK, t.feet, t.strange, t.side[0], t.side[1], t.side[2],
		      t.facing[0], t.facing[1], t.facing[2], t.partial, t.cut, t.falsely);
	assert_int_equal(t.feet, STEPS);
	assert_int_equal(t.strange, 0);
	assert_int_equal(t.side[1], 0);
	assert_int_equal(t.facing[1], 0);
	assert_true(t.side[0] * 100 >= 99 * STEPS);
	assert_true(t.facing[0] * 100 >= 99 * STEPS);
	assert_int_equal(t.partial, t.cut);
	assert_int_equal(t.falsely, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(there_and_back),
	};

	if (!speedpp_there()) {
		print_message("skipped: no data/speedpp below PLANTAR_SHARED\n");
		return 77;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
