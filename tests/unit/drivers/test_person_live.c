/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the live metrics make of the simulated person, by way of the counts of a mat. A newcomer
 * without a mat sees nothing else, so it has to look like people: feet told apart, heel load of
 * each, a walk that lands on the heel and leaves from the toes, flight between a runner's steps.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdlib.h>

#include <plantar/live.h>

#include "drivers/sim/person.h"

#define SIDE 64u
#define PITCH_M 0.010
#define RATE_HZ 100.0

struct watch {
	struct pl_sim *sim;
	struct pl_live *live;
	struct pl_calibration cal;
	struct pl_geometry g;
	double *kpa;
	uint16_t *counts;
	float *metrics;
	struct pl_sim_truth truth;
	uint64_t seq;
};

static void begin(struct watch *w, enum pl_sim_kind kind)
{
	struct pl_sim_options o;
	struct pl_live_options live;
	struct pl_error err;

	*w = (struct watch){.g = {SIDE, SIDE, PITCH_M, PITCH_M}};
	pl_sim_options_init(&o);
	o.kind = kind;
	o.geometry = w->g;
	o.rate_hz = RATE_HZ;
	w->sim = pl_sim_new(&o, &err);
	pl_calibration_init(&w->cal, &w->g);
	w->cal.unit = PL_UNIT_KPA;
	w->cal.scale = 0.05;
	pl_live_options_init(&live);
	live.rate_hz = RATE_HZ;
	w->live = pl_live_new(&w->g, &w->cal, &live, &err);
	if (!w->sim || !w->live)
		fail_msg("%s", err.message);
	w->kpa = calloc(SIDE * SIDE, sizeof(*w->kpa));
	w->counts = calloc(SIDE * SIDE, sizeof(*w->counts));
	w->metrics = calloc(pl_metric_count(), sizeof(*w->metrics));
}

static void end(struct watch *w)
{
	pl_sim_free(w->sim);
	pl_live_free(w->live);
	pl_calibration_free(&w->cal);
	free(w->kpa);
	free(w->counts);
	free(w->metrics);
}

static void step(struct watch *w)
{
	pl_sim_frame(w->sim, w->kpa, &w->truth);
	pl_calibrate_inverse(&w->cal, &w->g, w->kpa, PL_U16, w->counts);
	pl_live_frame(w->live, w->counts, PL_U16, w->seq++, w->metrics);
}

static double metric(const struct watch *w, const char *key)
{
	int i = pl_metric_find(key);

	assert_true(i >= 0);
	return (double)w->metrics[i];
}

static double or_zero(double v)
{
	return isnan(v) ? 0 : v;
}

/* What can be said of any frame with the feet wholly on the mat. */
static void check_totals(const struct watch *w)
{
	double x = metric(w, "cop_x_mm") - w->truth.cop_x_mm;
	double y = metric(w, "cop_y_mm") - w->truth.cop_y_mm;

	assert_true(fabs(metric(w, "force_n") - w->truth.force_n) < 1);
	if (w->truth.force_n > 50)
		assert_true(hypot(x, y) < 0.5);
}

/* A side that is named carries what that foot carries; the heel's share is near the true one even
 * while the footprint, and with it the length of the foot, still grows. */
static void check_sides(const struct watch *w)
{
	double left = metric(w, "left_force_n"), right = metric(w, "right_force_n");
	double heel[2] = {metric(w, "left_heel_pct"), metric(w, "right_heel_pct")};

	assert_true(isnan(left) || fabs(left - w->truth.left_force_n) < 20);
	assert_true(isnan(right) || fabs(right - w->truth.right_force_n) < 20);
	assert_true(isnan(heel[0]) || fabs(heel[0] - 100 * w->truth.left_heel_share) < 12);
	assert_true(isnan(heel[1]) || fabs(heel[1] - 100 * w->truth.right_heel_share) < 12);
}

static void standing_people_are_understood(void **state)
{
	static const enum pl_sim_kind kinds[] = {PL_SIM_STANDING, PL_SIM_SHIFT, PL_SIM_ONE_LEG};

	(void)state;
	for (int k = 0; k < 3; k++) {
		unsigned unknown = 0;
		struct watch w;

		begin(&w, kinds[k]);
		for (int i = 0; i < 2000; i++) {
			step(&w);
			check_totals(&w);
			check_sides(&w);
			if (isnan(metric(&w, "left_force_n"))) {
				unknown++;
				continue;
			}
			assert_false(isnan(metric(&w, "left_heel_pct")));
			assert_int_equal(isnan(metric(&w, "right_heel_pct")),
					 kinds[k] == PL_SIM_ONE_LEG);
		}
		/* a foot alone is known once it has swayed onto enough cells */
		assert_true(unknown <= (kinds[k] == PL_SIM_ONE_LEG ? 50 : 0));
		end(&w);
	}
}

struct stance {
	double from_mm, to_mm, first_cm2, most_cm2;
	unsigned frames, named;
};

static void check_stance(const struct stance *s)
{
	assert_true(s->to_mm - s->from_mm > 150);      /* heel to toes */
	assert_true(s->first_cm2 < 0.6 * s->most_cm2); /* the heel alone at first */
}

static void walkers_land_on_the_heel_and_leave_from_the_toes(void **state)
{
	struct watch w;
	struct stance s = {.frames = 0};
	unsigned stances = 0, frames = 0, named = 0;
	bool whole = true;
	double before = 0;

	(void)state;
	begin(&w, PL_SIM_WALKING);
	for (int i = 0; i < 60 * (int)RATE_HZ; i++) {
		bool one;

		step(&w);
		one = (w.truth.left_force_n > 0) != (w.truth.right_force_n > 0);
		if (w.truth.force_n > 0 && before == 0) {
			s = (struct stance){.from_mm = NAN, .to_mm = NAN};
			whole = true;
		}
		if (w.truth.force_n > 0)
			whole = whole && one && w.truth.on_mat_share == 1;
		if (w.truth.force_n > 100 && whole) {
			check_totals(&w);
			check_sides(&w);
			s.from_mm = s.frames ? s.from_mm : metric(&w, "cop_y_mm");
			s.first_cm2 = s.frames ? s.first_cm2 : metric(&w, "contact_area_cm2");
			s.most_cm2 = fmax(s.most_cm2, metric(&w, "contact_area_cm2"));
			assert_true(!s.frames || metric(&w, "cop_y_mm") > s.to_mm - 1);
			s.to_mm = metric(&w, "cop_y_mm");
			s.frames++;
			s.named += or_zero(metric(&w, "left_force_n")) > 0 ||
				   or_zero(metric(&w, "right_force_n")) > 0;
		}
		if (w.truth.force_n == 0 && before > 0 && whole && s.frames) {
			check_stance(&s);
			stances++;
			frames += s.frames;
			named += s.named;
		}
		before = w.truth.force_n;
	}
	print_message("%u lone stances, side known in %u of %u frames\n", stances, named, frames);
	assert_true(stances >= 10);
	assert_true(2 * named > frames); /* once the foot has come down */
	end(&w);
}

static void runners_fly_between_their_feet(void **state)
{
	struct watch w;
	unsigned flights = 0, named = 0, frames = 0;
	double before = 0;

	(void)state;
	begin(&w, PL_SIM_RUNNING);
	for (int i = 0; i < 20 * (int)RATE_HZ; i++) {
		double force;

		step(&w);
		force = metric(&w, "force_n");
		check_totals(&w);
		check_sides(&w);
		assert_true(or_zero(metric(&w, "left_force_n")) *
				    or_zero(metric(&w, "right_force_n")) ==
			    0);
		flights += force == 0 && before > 0;
		if (force > 100) {
			frames++;
			named += !isnan(metric(&w, "left_heel_pct")) ||
				 !isnan(metric(&w, "right_heel_pct"));
		}
		before = force;
	}
	assert_in_range(flights, 54, 56); /* 165 steps a minute */
	print_message("runners: side known in %u of %u frames\n", named, frames);
	/* a runner who rolls from heel to toe has shown the whole foot from half of each stance on
	 */
	assert_true(2 * named > frames);
	end(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(standing_people_are_understood),
		cmocka_unit_test(walkers_land_on_the_heel_and_leave_from_the_toes),
		cmocka_unit_test(runners_fly_between_their_feet),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
