/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What walking faster does to 240 real steps: the heel strikes harder and the foot is down for a
 * shorter time, in each of four people (Pataky et al. 2008). Nothing here knows the answer but
 * speeds.csv. Every step lands on the heel, once, and is as long as its cells are loaded.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <jansson.h>

#include <plantar/analysis.h>

#include "unit/signal/both_passes.h"
#include "unit/signal/recordings.h"
#include "unit/signal/speedpp.h"

#define PEOPLE 4

static struct real_step step;
static double frames[STEP_FRAMES][LAID_CELLS], speed[PEOPLE][STEPS_EACH];

/* Rows "trial,person 0,person 1,..." behind one line of heads. */
static bool read_speeds(void)
{
	char *csv = slurp("data/speedpp/speeds.csv"), *at = csv ? strchr(csv, '\n') : NULL;

	for (int k = 0; at && k < STEPS_EACH; k++) {
		strtod(at, &at);
		for (int person = 0; person < PEOPLE; person++)
			speed[person][k] = strtod(at + 1, &at);
	}
	free(csv);
	return at != NULL;
}

static struct laying as_it_is(void)
{
	return (struct laying){.edge = EDGE_NONE};
}

/* From the first loaded frame to one interval behind the last. */
static double lay_step(void)
{
	struct laying l = as_it_is();
	unsigned first = step.frames;

	for (unsigned t = 0; t < step.frames; t++) {
		lay_frame(&step, &l, t, frames[t]);
		for (size_t i = 0; t < first && i < LAID_CELLS; i++)
			if (frames[t][i] > 0)
				first = t;
	}
	return (step.frames - first) / STEP_RATE;
}

static json_t *analyse(void)
{
	static char text[1 << 17];
	struct laying l = as_it_is();
	struct pl_geometry g = laid_geometry(&step, &l);
	struct pl_analysis_options o;
	struct pl_analysis *a;
	json_t *all;

	pl_analysis_options_init(&o);
	o.facing = PL_FACING_FORWARD;
	a = pl_analysis_new(&g, false, 0, STEP_RATE, &o, NULL);
	assert_non_null(a);
	both_passes_of(a, frames[0], sizeof(frames[0]) / sizeof(double), step.frames, STEP_RATE);
	analysis_text(a, text, sizeof(text));
	pl_analysis_free(a);
	assert_null(strstr(text, "_n\"")); /* counts: no newton anywhere */
	assert_null(strstr(text, "_n_s\""));
	all = json_loads(text, 0, NULL);
	assert_non_null(all);
	return all;
}

static double number(const json_t *object, const char *key)
{
	const json_t *v = json_object_get(object, key);

	return json_is_number(v) ? json_number_value(v) : NAN;
}

static double correlation(const double *x, const double *y, int n)
{
	double mx = 0, my = 0, xx = 0, yy = 0, xy = 0;

	for (int k = 0; k < n; k++) {
		mx += x[k] / n;
		my += y[k] / n;
	}
	for (int k = 0; k < n; k++) {
		xx += (x[k] - mx) * (x[k] - mx);
		yy += (y[k] - my) * (y[k] - my);
		xy += (x[k] - mx) * (y[k] - my);
	}
	return xy / sqrt(xx * yy);
}

struct figures {
	double contact[STEPS_EACH], heel[STEPS_EACH], index[STEPS_EACH], arch[STEPS_EACH];
	double slender[STEPS_EACH]; /* length / width of the print */
};

static void take(unsigned k, struct figures *f)
{
	unsigned i = k % STEPS_EACH;
	double truth;
	json_t *all, *s;

	assert_true(read_real_step(k, &step));
	truth = lay_step();
	all = analyse();
	assert_int_equal(json_array_size(json_object_get(all, "steps")), 1);
	s = json_array_get(json_object_get(all, "steps"), 0);
	f->contact[i] = number(s, "contact_time_s");
	f->index[i] = number(s, "strike_index_pct");
	f->arch[i] = number(s, "arch_index");
	f->slender[i] = number(s, "length_mm") / number(s, "width_mm");
	f->heel[i] = number(
		json_object_get(
			json_object_get(json_array_get(json_object_get(all, "feet"), 0), "regions"),
			"heel"),
		"pressure_peak_counts");
	if (!(fabs(f->contact[i] - truth) <= 2.001 / STEP_RATE) ||
	    strcmp(json_string_value(json_object_get(s, "strike")), "rearfoot") != 0)
		print_error("step %u: contact %.3f s (truth %.3f), strike index %.1f\n", k,
			    f->contact[i], truth, f->index[i]);
	assert_true(fabs(f->contact[i] - truth) <= 2.001 / STEP_RATE);
	assert_string_equal(json_string_value(json_object_get(s, "strike")), "rearfoot");
	json_decref(all);
}

static void spread(const double *v, double *mean, double *least, double *most)
{
	*mean = 0;
	*least = INFINITY;
	*most = -INFINITY;
	for (int k = 0; k < STEPS_EACH; k++) {
		*mean += v[k] / STEPS_EACH;
		*least = fmin(*least, v[k]);
		*most = fmax(*most, v[k]);
	}
}

static void faster_is_harder_and_shorter(void **state)
{
	static struct figures f;

	(void)state;
	assert_true(read_speeds());
	print_message("person   r(speed, contact time)  r(speed, heel peak)   strike index: mean, "
		      "least, most   arch index   length / width: mean, least, most\n");
	for (unsigned person = 0; person < PEOPLE; person++) {
		double contact, heel, mean, least, most, arch, a0, a1, slender, s0, s1;

		for (unsigned k = 0; k < STEPS_EACH; k++)
			take(person * STEPS_EACH + k, &f);
		contact = correlation(speed[person], f.contact, STEPS_EACH);
		heel = correlation(speed[person], f.heel, STEPS_EACH);
		spread(f.index, &mean, &least, &most);
		spread(f.arch, &arch, &a0, &a1);
		spread(f.slender, &slender, &s0, &s1);
		print_message("%6u   %23.3f  %19.3f   %18.1f %6.1f %6.1f   %10.3f   %20.2f %6.2f "
			      "%6.2f\n",
			      person, contact, heel, mean, least, most, arch, slender, s0, s1);
		assert_true(s0 > 2.3); /* shorter ones beside the mat's edge are called partial */
		assert_true(contact < -0.8);
		assert_true(heel > 0.5);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(faster_is_harder_and_shorter),
	};

	if (!speedpp_there()) {
		print_message("skipped: no data/speedpp below PLANTAR_SHARED\n");
		return 77;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
