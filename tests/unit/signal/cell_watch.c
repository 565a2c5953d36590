/* SPDX-License-Identifier: Apache-2.0 */
/* A mat of 12 x 8 cells, 1 kPa a count, and a block of 4 x 4 loaded cells that wanders over it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include <plantar/cell_watch.h>

#define ROWS 12
#define COLS 8
#define LOAD 100

struct mat {
	struct pl_calibration cal;
	struct pl_cell_watch *watch;
	uint8_t fault[ROWS][COLS], base;
	unsigned frame;
};

static struct mat new_mat(uint8_t base)
{
	const struct pl_geometry g = {ROWS, COLS, 0.01, 0.01};
	struct mat m = {.base = base};

	pl_calibration_init(&m.cal, &g);
	m.cal.unit = PL_UNIT_KPA;
	m.cal.scale = 1;
	m.watch = pl_cell_watch_new(&g, NULL);
	assert_non_null(m.watch);
	return m;
}

static void free_mat(struct mat *m)
{
	pl_cell_watch_free(m->watch);
	pl_calibration_free(&m->cal);
}

/* What the faulty cells make of what is on them. */
static void push(struct mat *m, uint8_t cell[ROWS][COLS], bool loaded)
{
	for (int r = 0; r < ROWS; r++)
		for (int c = 0; c < COLS; c++) {
			cell[r][c] += m->base;
			if (m->fault[r][c] == PL_CELL_IS_DEAD)
				cell[r][c] = m->base;
			else if (m->fault[r][c] == PL_CELL_IS_STUCK)
				cell[r][c] = 90;
			else if (m->fault[r][c] == PL_CELL_IS_NOISY)
				cell[r][c] += m->frame % 2 ? 8 : 0; /* SD 4, below any load */
		}
	m->frame++;
	pl_cell_watch_push(m->watch, &m->cal, cell, PL_U8, loaded);
}

static void empty(struct mat *m, int frames)
{
	for (int i = 0; i < frames; i++) {
		uint8_t cell[ROWS][COLS] = {{0}};

		push(m, cell, false);
	}
}

static void walk_all_over(struct mat *m)
{
	for (int r0 = 0; r0 + 4 <= ROWS; r0++)
		for (int c0 = 0; c0 + 4 <= COLS; c0++)
			for (int i = 0; i < 20; i++) {
				uint8_t cell[ROWS][COLS] = {{0}};

				for (int r = r0; r < r0 + 4; r++)
					memset(&cell[r][c0], LOAD, 4);
				push(m, cell, true);
			}
}

static struct pl_cell_report report(struct mat *m)
{
	struct pl_cell_report r;

	pl_cell_watch_report(m->watch, &r);
	return r;
}

static void a_sound_mat_has_none(void **state)
{
	struct mat m = new_mat(0);
	struct pl_cell_report r;

	(void)state;
	empty(&m, 100);
	r = report(&m);
	assert_int_equal(r.dead + r.stuck + r.noisy + r.listed, 0);
	assert_int_equal(r.untested, ROWS * COLS);
	walk_all_over(&m);
	r = report(&m);
	assert_int_equal(r.dead + r.stuck + r.noisy + r.untested, 0);
	assert_int_equal(r.empty_frames, 100);
	assert_int_equal(r.loaded_frames, 9 * 5 * 20);
	free_mat(&m);
}

static void each_fault_is_found_where_it_is(void **state)
{
	static const uint8_t base[] = {0, 40}; /* a mat that shows 40 counts when empty */
	struct pl_cell_report r;

	(void)state;
	for (int i = 0; i < 2; i++) {
		struct mat m = new_mat(base[i]);
		double tare[ROWS * COLS];

		for (int k = 0; k < ROWS * COLS; k++)
			tare[k] = base[i];
		assert_int_equal(pl_calibration_tare(&m.cal, tare, NULL), 0);
		m.fault[2][3] = PL_CELL_IS_DEAD;
		m.fault[3][3] = PL_CELL_IS_DEAD; /* two together */
		m.fault[0][6] = PL_CELL_IS_DEAD; /* at the edge */
		m.fault[7][2] = PL_CELL_IS_STUCK;
		m.fault[9][5] = PL_CELL_IS_NOISY;
		empty(&m, 100);
		walk_all_over(&m);
		r = report(&m);
		assert_int_equal(r.dead, 3);
		assert_int_equal(r.stuck, 1);
		assert_int_equal(r.noisy, 1);
		assert_int_equal(r.listed, 5);
		for (unsigned k = 0; k < r.listed; k++)
			assert_int_equal(r.cell[k].fault, m.fault[r.cell[k].row][r.cell[k].col]);
		pl_cell_watch_reset(m.watch);
		r = report(&m);
		assert_int_equal(r.listed + r.empty_frames + r.loaded_frames, 0);
		free_mat(&m);
	}
}

/* The tare makes a stuck cell zero; what it showed before it still tells. */
static void a_tare_hides_nothing(void **state)
{
	struct mat m = new_mat(0);
	double tare[ROWS * COLS] = {0};
	struct pl_cell_report r;

	(void)state;
	m.fault[7][2] = PL_CELL_IS_STUCK;
	tare[7 * COLS + 2] = 90;
	assert_int_equal(pl_calibration_tare(&m.cal, tare, NULL), 0);
	empty(&m, 100);
	r = report(&m);
	assert_int_equal(r.stuck, 1);
	assert_int_equal(r.cell[0].row, 7);
	assert_int_equal(r.cell[0].col, 2);
	free_mat(&m);
}

static void known_cells_and_too_few_frames(void **state)
{
	struct mat m = new_mat(0);
	struct pl_cell_report r;

	(void)state;
	m.fault[2][3] = PL_CELL_IS_DEAD;
	m.fault[7][2] = PL_CELL_IS_STUCK;
	empty(&m, 19);
	assert_int_equal(report(&m).stuck, 0);
	empty(&m, 1);
	assert_int_equal(report(&m).stuck, 1);
	m.cal.cell_state = test_calloc(ROWS * COLS, 1);
	m.cal.cells = ROWS * COLS;
	m.cal.cell_state[7 * COLS + 2] = PL_CELL_STUCK;
	m.cal.cell_state[2 * COLS + 3] = PL_CELL_DEAD;
	walk_all_over(&m);
	r = report(&m);
	assert_int_equal(r.dead + r.stuck + r.untested, 0);
	test_free(m.cal.cell_state);
	m.cal.cell_state = NULL;
	free_mat(&m);
}

/* ---- where people come and go ---- */

#define LOOK_NS INT64_C(50000000)
#define CLEAR_LOOKS 6 /* on both sides of a frame that counts as empty */

static void see(struct mat *m, uint8_t cell[ROWS][COLS], bool contact)
{
	pl_cell_watch_see(m->watch, &m->cal, cell, PL_U8, m->frame++ * LOOK_NS, contact);
}

static void see_nobody(struct mat *m, int frames)
{
	uint8_t cell[ROWS][COLS] = {{0}};

	for (int i = 0; i < frames; i++)
		see(m, cell, false);
}

/* The foot that lands or leaves: without contact, but not an empty mat. */
static void only_a_mat_that_was_and_stays_clear_is_empty(void **state)
{
	struct mat m = new_mat(0);

	(void)state;
	for (int i = 0; i < 50; i++) {
		uint8_t foot[ROWS][COLS] = {{0}}, toe[ROWS][COLS] = {{0}};

		memset(&foot[4][2], LOAD, 4);
		toe[4][2] = LOAD;
		see_nobody(&m, 2 * CLEAR_LOOKS);
		see(&m, toe, false);
		see(&m, foot, true);
		see(&m, toe, false);
	}
	/* Two in the middle of each pause; no toe came before the first. */
	assert_int_equal(report(&m).empty_frames, 2 * 50 - 1);
	assert_int_equal(report(&m).noisy + report(&m).stuck, 0);
	free_mat(&m);
}

static void who_did_not_look_does_not_know(void **state)
{
	struct mat m = new_mat(0);

	(void)state;
	for (int i = 0; i < 50; i++) {
		see_nobody(&m, 2 * CLEAR_LOOKS);
		assert_int_equal(report(&m).empty_frames, 0);
		pl_cell_watch_break(m.watch);
	}
	see_nobody(&m, 2 * CLEAR_LOOKS + 1);
	assert_int_equal(report(&m).empty_frames, 1);
	free_mat(&m);
}

/* Twenty looks a second, however fast the mat is; a touch between two looks is a touch. */
static void every_frame_is_seen_few_are_looked_at(void **state)
{
	const int64_t frame_ns = LOOK_NS / 10;
	struct mat m = new_mat(0);
	uint8_t cell[ROWS][COLS] = {{0}};
	int64_t t = 0;

	(void)state;
	for (; t < 100 * LOOK_NS; t += frame_ns)
		pl_cell_watch_see(m.watch, &m.cal, cell, PL_U8, t, false);
	assert_in_range(report(&m).empty_frames, 100 - 2 * CLEAR_LOOKS - 1,
			100 - 2 * CLEAR_LOOKS + 1);
	pl_cell_watch_reset(m.watch);
	for (t = 0; t < 100 * LOOK_NS; t += frame_ns)
		pl_cell_watch_see(m.watch, &m.cal, cell, PL_U8, t,
				  t % (10 * LOOK_NS) == 5 * frame_ns);
	assert_int_equal(report(&m).empty_frames + report(&m).loaded_frames, 0);
	free_mat(&m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_sound_mat_has_none),
		cmocka_unit_test(each_fault_is_found_where_it_is),
		cmocka_unit_test(a_tare_hides_nothing),
		cmocka_unit_test(known_cells_and_too_few_frames),
		cmocka_unit_test(only_a_mat_that_was_and_stays_clear_is_empty),
		cmocka_unit_test(who_did_not_look_does_not_know),
		cmocka_unit_test(every_frame_is_seen_few_are_looked_at),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
