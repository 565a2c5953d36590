/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Joining pads, with a world of its own: each pad samples by its own crystal and its frames arrive
 * late by what a line adds. Cells carry the number of the sample, so of every joint frame it is
 * known what was taken and how far apart it was sampled.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/join.h"
#include "daemon/wake.h"

#define HZ 100
#define PERIOD_NS (PL_S / HZ)
#define PADS 3
#define SETTLES                                                                           \
	52 /* frames after an opening that are not joined: 500 ms, and what it began with \
	    */
#define WORLD_NS (1000 * PL_S) /* when the world begins */

/* Two columns by one row a pad, side by side. */
static const char mat_text[] = "rows = 1; cols = 2; pitch_mm = 10.0; rate_hz = 100;\n"
			       "protocol = \"pmp\"; cell = \"u32\";\n";

struct sim_pad {
	double period_ns, phase_ns;
	bool has_clock;	     /* sends device time and a counter */
	bool good_clock;     /* which is right even if the period is not */
	unsigned from, to;   /* unplugged for these samples; equal: never */
	unsigned lose_every; /* corrupt frames; 0: none */
	unsigned next;
	uint64_t lost; /* since the last that was pushed */
};

struct world {
	struct pl_mat_entry entry;
	struct pl_pad_entry pads[PADS];
	struct sim_pad sim[PADS];
	struct pl_join *join;
	uint64_t seed;
	double jitter_ns;
	bool busy; /* every 7 s what one pad sends waits for up to 0.6 s, then comes at once */
	/* what came out */
	unsigned frames, lost, partial, held, begins;
	uint64_t lost_by[PL_LOSS_CAUSES];
	double apart_max_ns;
	int64_t last_est_ns, last_mono_ns;
	unsigned last_sample[PADS];
};

static double unequal(struct world *w)
{
	w->seed = w->seed * UINT64_C(6364136223846793005) + 1442695040888963407;
	return (double)(w->seed >> 11) / 9007199254740992.0;
}

static void world_new(struct world *w)
{
	struct pl_error err;
	struct pl_mat_part parts[PADS];
	unsigned culprit;

	*w = (struct world){.seed = 7, .jitter_ns = 2e6};
	for (unsigned i = 0; i < PADS; i++) {
		snprintf(w->pads[i].name, sizeof(w->pads[i].name), "p%u", i);
		if (pl_mat_parse(&w->pads[i].mat, "pad", mat_text, &err))
			fail_msg("%s", err.message);
		w->pads[i].place.col = 2 * i;
		parts[i] = (struct pl_mat_part){.name = w->pads[i].name,
						.source = "",
						.mat = &w->pads[i].mat,
						.place = w->pads[i].place};
		w->sim[i] = (struct sim_pad){.period_ns = PERIOD_NS, .has_clock = true};
	}
	w->entry.n_pads = PADS;
	w->entry.pads = w->pads;
	if (pl_mat_join(&w->entry.mat, parts, PADS, false, &culprit, &err))
		fail_msg("%s", err.message);
	w->join = pl_join_new(&w->entry, 250 * PL_MS, &err);
	assert_non_null(w->join);
}

static void world_free(struct world *w)
{
	pl_join_free(w->join);
	for (unsigned i = 0; i < PADS; i++)
		pl_mat_free(&w->pads[i].mat);
	pl_mat_free(&w->entry.mat);
}

static double sampled_ns(const struct world *w, unsigned pad, unsigned sample)
{
	return w->sim[pad].phase_ns + w->sim[pad].period_ns * sample;
}

static void look(struct world *w, const struct pl_joint *joint)
{
	uint32_t cells[2 * PADS];
	double first = NAN;

	for (int i = 0; i < PL_LOSS_CAUSES; i++)
		w->lost_by[i] += joint->lost_by[i];
	w->begins += joint->begins;
	if (joint->lost) {
		w->lost++;
		return;
	}
	w->frames++;
	w->held += (joint->flags & PL_FLAG_HELD) != 0;
	w->partial += (joint->flags & PL_FLAG_PARTIAL) != 0;
	memset(cells, 0xEE, sizeof(cells));
	pl_join_cells(w->join, joint, cells);
	assert_true(joint->t_est_ns <= joint->t_mono_ns);
	assert_true(joint->t_est_ns >= w->last_est_ns && joint->t_mono_ns >= w->last_mono_ns);
	w->last_est_ns = joint->t_est_ns;
	w->last_mono_ns = joint->t_mono_ns;
	for (unsigned i = 0; i < PADS; i++) {
		bool missing = joint->flags & PL_FLAG_PAD(i);
		double at;

		assert_int_equal(cells[2 * i], cells[2 * i + 1] ? cells[2 * i + 1] - 1 : 0);
		assert_int_equal(missing, cells[2 * i] == 0);
		if (missing)
			continue;
		assert_true(cells[2 * i] >= w->last_sample[i]); /* never backwards */
		w->last_sample[i] = cells[2 * i];
		at = sampled_ns(w, i, cells[2 * i] / 2);
		if (isnan(first))
			first = at;
		w->apart_max_ns = fmax(w->apart_max_ns, fabs(at - first));
	}
}

static void take(struct world *w)
{
	struct pl_joint joint;

	while (pl_join_next(w->join, &joint))
		look(w, &joint);
}

static double arrives_ns(struct world *w, unsigned i, double at)
{
	double in_ns = fmod(at + 2.3e9 * i, 7e9);

	at += 1e6 + unequal(w) * w->jitter_ns;
	return w->busy && in_ns < 0.6e9 ? at + 0.6e9 - in_ns : at;
}

static void push(struct world *w, unsigned i)
{
	struct sim_pad *s = &w->sim[i];
	struct pl_raw_frame raw = {.device_seq = -1, .t_device_ns = INT64_MIN};
	double at = sampled_ns(w, i, s->next);
	uint32_t *cells = pl_join_slot(w->join, i);

	assert_non_null(cells);
	cells[0] = 2 * s->next;
	cells[1] = cells[0] + 1;
	if (s->has_clock)
		raw.t_device_ns = (int64_t)s->next * PERIOD_NS; /* by its own crystal */
	if (s->good_clock)
		raw.t_device_ns = (int64_t)at;
	if (s->has_clock)
		raw.device_seq = s->next;
	raw.lost_corrupt = s->lost;
	s->lost = 0;
	pl_join_push(w->join, i, &raw, WORLD_NS + (int64_t)arrives_ns(w, i, at));
	take(w);
}

/* The next sample of the world, whichever pad it is of; what there is no room for waits in its
 * line. */
static void step(struct world *w)
{
	int first = -1;
	struct sim_pad *s;

	for (int i = 0; i < PADS; i++)
		if (pl_join_slot(w->join, (unsigned)i) &&
		    (first < 0 || sampled_ns(w, (unsigned)i, w->sim[i].next) <
					  sampled_ns(w, (unsigned)first, w->sim[first].next)))
			first = i;
	assert_true(first >= 0);
	s = &w->sim[first];
	if (s->next == s->to && s->to > s->from)
		pl_join_opened(w->join, (unsigned)first);
	if (s->next >= s->from && s->next < s->to) {
		if (s->next == s->from) {
			pl_join_presence(w->join, (unsigned)first, PL_PAD_ABSENT);
			take(w);
		}
	} else if (s->lose_every && s->next % s->lose_every == 0) {
		s->lost++;
	} else {
		push(w, (unsigned)first);
	}
	s->next++;
}

static void run(struct world *w, double seconds)
{
	for (unsigned i = 0; i < PADS; i++)
		w->sim[i].next = 1;
	while (sampled_ns(w, 0, w->sim[0].next) < seconds * 1e9)
		step(w);
}

/* ---- what holds ---- */

static void same_crystal(void **state)
{
	struct world w;

	(void)state;
	world_new(&w);
	w.sim[1].phase_ns = 3.1e6;
	w.sim[2].phase_ns = 9.2e6;
	run(&w, 60);
	assert_in_range(w.frames, 60 * HZ - SETTLES - 5, 60 * HZ);
	assert_int_equal(w.lost + w.partial + w.held, 0);
	assert_int_equal(w.begins, 1);
	/* Half a period apart at most, and what is not known of the times. */
	assert_true(w.apart_max_ns < 0.65 * PERIOD_NS);
	world_free(&w);
}

/* 200 ppm between two crystals is a frame every 50 s at 100 Hz. */
static void drift(void **state)
{
	const struct pl_join_counters *slow, *fast;
	struct world w;

	(void)state;
	world_new(&w);
	w.sim[1].period_ns = PERIOD_NS * (1 + 200e-6);
	w.sim[1].phase_ns = 4e6;
	w.sim[2].period_ns = PERIOD_NS * (1 - 200e-6);
	w.sim[2].phase_ns = 7e6;
	run(&w, 1000);
	slow = pl_join_counters(w.join, 1);
	fast = pl_join_counters(w.join, 2);
	assert_int_equal(w.lost + w.partial, 0);
	assert_in_range(w.frames, 1000 * HZ - SETTLES - 5, 1000 * HZ);
	assert_in_range(slow->held, 18, 21); /* 1000 s * 200 ppm / 10 ms = 20 */
	assert_int_equal(slow->held, w.held);
	assert_true(slow->skipped < SETTLES + 4 && fast->held == 0); /* skipped: as pads began */
	assert_in_range(fast->skipped, 18 + SETTLES - 4, 22 + SETTLES);
	assert_true(w.apart_max_ns < 0.75 * PERIOD_NS);
	world_free(&w);
}

/* Percents: pads without crystals. */
static void much_drift(void **state)
{
	struct world w;

	(void)state;
	world_new(&w);
	w.sim[1].period_ns = PERIOD_NS * 1.02;
	w.sim[1].good_clock = true;
	w.sim[2].period_ns = PERIOD_NS / 1.02;
	w.sim[2].good_clock = true;
	run(&w, 100);
	assert_int_equal(w.lost + w.partial, 0);
	assert_in_range(w.held, 190, 200); /* 10,000 frames, one in 51 */
	assert_true(w.apart_max_ns < 1.1 * PERIOD_NS);
	world_free(&w);
}

/* Half a period apart, with jitter: it must not slip to and fro. */
static void between_two(void **state)
{
	struct world w;

	(void)state;
	world_new(&w);
	w.sim[1].phase_ns = PERIOD_NS / 2.0;
	w.sim[2].phase_ns = PERIOD_NS / 2.0 + 1e5;
	w.jitter_ns = 4e6;
	run(&w, 120);
	assert_true(w.held <= 4 && w.lost == 0);
	world_free(&w);
}

/* Pads without a clock are placed by counting. */
static void no_clocks(void **state)
{
	struct world w;

	(void)state;
	world_new(&w);
	for (unsigned i = 0; i < PADS; i++)
		w.sim[i].has_clock = false;
	w.sim[1].phase_ns = 2e6;
	w.sim[2].phase_ns = 4e6;
	w.jitter_ns = 0.2e6;
	run(&w, 60);
	assert_int_equal(w.lost + w.partial + w.held, 0);
	assert_true(w.apart_max_ns < 0.65 * PERIOD_NS);
	world_free(&w);
}

/* Arrival says nothing while the computer does other things; frames still belong together. */
static void busy_computer(void **state)
{
	struct world w;

	(void)state;
	world_new(&w);
	w.busy = true;
	w.sim[1].phase_ns = 3e6;
	w.sim[2].phase_ns = 4e6;
	run(&w, 200);
	assert_int_equal(w.lost + w.partial, 0);
	assert_true(w.held <= 2);
	assert_true(w.apart_max_ns < 1.3 * PERIOD_NS);
	world_free(&w);
}

/* A frame that one pad lost is lost for all, once, with its cause; nothing else is. */
static void losses(void **state)
{
	struct world w;

	(void)state;
	world_new(&w);
	w.sim[0].lose_every = 97; /* the clock */
	w.sim[1].lose_every = 101;
	w.sim[1].phase_ns = 1e6;
	w.sim[2].phase_ns = 2e6;
	run(&w, 100);
	assert_int_equal(w.partial + w.held, 0);
	/* Samples 97, 194 ... to 9999: 103 of the clock; 101 ... : 99; 9797 is both. */
	assert_in_range(w.lost_by[PL_LOSS_CORRUPT], 200, 202);
	assert_int_equal(w.lost_by[PL_LOSS_DEVICE] + w.lost_by[PL_LOSS_OVERRUN], 0);
	assert_in_range(w.frames + w.lost_by[PL_LOSS_CORRUPT], 9995 - SETTLES, 10000);
	world_free(&w);
}

static void unplugged(void **state)
{
	struct world w;

	(void)state;
	world_new(&w);
	w.sim[1].phase_ns = 3e6;
	w.sim[2].phase_ns = 6e6;
	w.sim[2].from = 1000;
	w.sim[2].to = 1500;
	run(&w, 30);
	assert_int_equal(w.lost + w.held, 0);
	assert_int_equal(w.begins, 1);
	assert_in_range(w.partial, 498, 502 + SETTLES);
	assert_int_equal(pl_join_counters(w.join, 2)->missing, w.partial);
	assert_in_range(w.frames, 2995 - SETTLES, 3000);
	world_free(&w);
}

/* The clock is unplugged: the next pad takes over without a frame lost, and stays the clock. */
static void clock_unplugged(void **state)
{
	struct world w;

	(void)state;
	world_new(&w);
	w.sim[1].phase_ns = 3e6;
	w.sim[2].phase_ns = 6e6;
	w.sim[0].from = 1000;
	w.sim[0].to = 1500;
	run(&w, 30);
	assert_int_equal(w.lost + w.held, 0);
	assert_int_equal(w.begins, 1);
	assert_in_range(w.partial, 498, 502 + SETTLES);
	assert_in_range(w.frames, 2995 - SETTLES, 3000);
	assert_int_equal(pl_join_clock(w.join), 1);
	world_free(&w);
}

/* All silent for a while, but connected: no new epoch, as for a mat of one source. */
static void all_silent(void **state)
{
	struct world w;

	(void)state;
	world_new(&w);
	run(&w, 2);
	for (unsigned i = 0; i < PADS; i++) {
		pl_join_presence(w.join, i, PL_PAD_ABSENT);
		w.sim[i].next += 50;
	}
	take(&w);
	assert_int_equal(pl_join_clock(w.join), -1);
	while (sampled_ns(&w, 0, w.sim[0].next) < 10e9)
		step(&w);
	assert_int_equal(w.begins, 1);
	assert_int_equal(w.lost, 0);
	assert_true(w.partial <= 2);
	world_free(&w);
}

static void all_unplugged(void **state)
{
	struct world w;

	(void)state;
	world_new(&w);
	for (unsigned i = 0; i < PADS; i++) {
		w.sim[i].from = 500;
		w.sim[i].to = 800;
	}
	run(&w, 20);
	assert_int_equal(w.begins, 2);
	assert_int_equal(w.lost + w.held, 0);
	assert_true(w.partial <= 4); /* they go and come one after the other */
	assert_in_range(w.frames, 1690 - 2 * SETTLES, 1700);
	world_free(&w);
}

/* Half the rate: refused within seconds, its cells are missing from then on and said to be. */
static void half_rate(void **state)
{
	struct world w;

	(void)state;
	world_new(&w);
	w.sim[2].period_ns = 2 * PERIOD_NS;
	run(&w, 60);
	assert_true(pl_join_refused(w.join, 2));
	assert_false(pl_join_refused(w.join, 1));
	assert_int_equal(w.begins, 1);
	assert_true(w.partial > 45 * HZ && w.frames >= w.partial);
	world_free(&w);
}

/* A pad waits for another one only as far as there is room; nothing is thrown away for that. */
static void room(void **state)
{
	struct pl_raw_frame raw = {.device_seq = -1, .t_device_ns = INT64_MIN};
	struct pl_joint joint;
	unsigned n = 0;
	struct world w;

	(void)state;
	world_new(&w);
	run(&w, 1);
	while (pl_join_slot(w.join, 0)) {
		raw.t_device_ns = (int64_t)w.sim[0].next++ * PERIOD_NS;
		pl_join_push(w.join, 0, &raw, WORLD_NS + raw.t_device_ns + 3000000);
		assert_true(n++ < 1000);
		while (pl_join_next(w.join, &joint))
			;
	}
	assert_true(n > 25); /* of 250 ms and more */
	assert_int_equal(pl_join_furthest_behind(w.join, 1), -1);
	assert_int_equal(pl_join_furthest_behind(w.join, 7), 1);
	pl_join_presence(w.join, 1, PL_PAD_ABSENT);
	pl_join_presence(w.join, 2, PL_PAD_ABSENT);
	assert_true(pl_join_next(w.join, &joint));
	assert_int_equal(joint.flags, PL_FLAG_PARTIAL | PL_FLAG_PAD(1) | PL_FLAG_PAD(2));
	assert_non_null(pl_join_slot(w.join, 0));
	world_free(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(same_crystal),
		cmocka_unit_test(drift),
		cmocka_unit_test(between_two),
		cmocka_unit_test(much_drift),
		cmocka_unit_test(no_clocks),
		cmocka_unit_test(losses),
		cmocka_unit_test(busy_computer),
		cmocka_unit_test(unplugged),
		cmocka_unit_test(clock_unplugged),
		cmocka_unit_test(all_unplugged),
		cmocka_unit_test(all_silent),
		cmocka_unit_test(half_rate),
		cmocka_unit_test(room),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
