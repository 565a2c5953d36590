/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What must not matter does not: a mat that is mirrored, turned by quarter turns (its pitches
 * change places), or has more empty cells around gives the same figures for the same person, with
 * left and right or the direction exchanged and nothing else; twice the force gives twice the
 * force. On real steps and simulated people. Every number of `total`, `feet` and `regions` is
 * compared.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <jansson.h>

#include <plantar/analysis.h>

#include "drivers/sim/person.h"
#include "unit/signal/both_passes.h"
#include "unit/signal/speedpp.h"

#define CELLS_MAX (120 * 120)
#define FRAMES_MAX 600

/* A recording: frames of rows * cols values. */
struct film {
	struct pl_geometry g;
	double rate_hz;
	unsigned frames;
	double (*cell)[CELLS_MAX];
};

struct change {
	const char *name;
	bool mirrored;
	unsigned quarters;    /* clockwise */
	unsigned down, right; /* empty cells added at the front and on the left */
	double scale;
};

static const struct change changes[] = {
	{"mirrored", true, 0, 0, 0, 1},		{"turned by 180", false, 2, 0, 0, 1},
	{"turned by 90", false, 1, 0, 0, 1},	{"shifted", false, 0, 3, 5, 1},
	{"twice the force", false, 0, 0, 0, 2},
};
#define CHANGES (sizeof(changes) / sizeof(*changes))

static size_t moved(const struct change *c, const struct pl_geometry *g, unsigned r, unsigned k)
{
	unsigned rows = g->rows, cols = g->cols;

	if (c->mirrored)
		k = cols - 1 - k;
	for (unsigned q = 0; q < c->quarters; q++) {
		unsigned was = r, h = rows;

		r = k;
		k = h - 1 - was;
		rows = cols;
		cols = h;
	}
	return (size_t)(r + c->down) * (cols + c->right) + k + c->right;
}

static void apply(const struct film *from, const struct change *c, struct film *to)
{
	const struct pl_geometry *g = &from->g;
	bool across = c->quarters % 2;

	to->g = (struct pl_geometry){
		(across ? g->cols : g->rows) + c->down, (across ? g->rows : g->cols) + c->right,
		across ? g->pitch_col_m : g->pitch_row_m, across ? g->pitch_row_m : g->pitch_col_m};
	to->rate_hz = from->rate_hz;
	to->frames = from->frames;
	assert_true(pl_geometry_cells(&to->g) <= CELLS_MAX);
	for (unsigned t = 0; t < from->frames; t++) {
		memset(to->cell[t], 0, sizeof(to->cell[t]));
		for (unsigned r = 0; r < g->rows; r++)
			for (unsigned k = 0; k < g->cols; k++)
				to->cell[t][moved(c, g, r, k)] =
					c->scale * from->cell[t][(size_t)r * g->cols + k];
	}
}

static json_t *analyse(const struct film *film)
{
	static char text[1 << 18];
	struct pl_analysis_options o;
	struct pl_analysis *a;
	json_t *all;

	pl_analysis_options_init(&o);
	a = pl_analysis_new(&film->g, false, 0, film->rate_hz, &o, NULL);
	assert_non_null(a);
	both_passes_of(a, film->cell[0], CELLS_MAX, film->frames, film->rate_hz);
	assert_true(pl_analysis_totals(a)->region_sum_error_max < 1e-12);
	analysis_text(a, text, sizeof(text));
	pl_analysis_free(a);
	all = json_loads(text, 0, NULL);
	assert_non_null(all);
	return all;
}

/* ---- what a change makes of a figure -------------------------------------------------------- */

static const char *changed_text(const struct change *c, const char *key, const char *text)
{
	static const char *const way[] = {"forward", "right", "backward", "left"};

	if (strcmp(key, "side") == 0 && c->mirrored)
		return strcmp(text, "left") == 0    ? "right"
		       : strcmp(text, "right") == 0 ? "left"
						    : text;
	if (strcmp(key, "facing") != 0)
		return text;
	for (unsigned k = 0; k < 4; k++)
		if (strcmp(text, way[k]) == 0)
			return way[((c->mirrored && k % 2 ? k + 2 : k) + c->quarters) % 4];
	return text;
}

static double changed_number(const struct change *c, const char *key, double value)
{
	if (strcmp(key, "axis_deg") == 0) {
		value = remainder((c->mirrored ? -value : value) + 90 * c->quarters, 360);
		return value;
	}
	return strstr(key, "_counts") ? c->scale * value : value;
}

static bool same_number(const char *key, double a, double b)
{
	if (strcmp(key, "axis_deg") == 0)
		return fabs(remainder(a - b, 360)) < 1e-6;
	return fabs(a - b) <= 1e-9 * fmax(1, fmax(fabs(a), fabs(b)));
}

/* Somebody who stands weighs the same in every frame: rounding decides which one is the peak. */
static bool same_peak_frame(const struct film *film, const json_t *a, const json_t *b)
{
	double force[2] = {0};
	const json_t *frame[2] = {a, b};

	for (int k = 0; k < 2; k++)
		for (size_t i = 0; i < pl_geometry_cells(&film->g); i++)
			force[k] += film->cell[json_integer_value(frame[k])][i];
	return fabs(force[0] - force[1]) < 1e-9 * force[0];
}

/* What a shift takes away from the edge is no longer said to be there. */
static bool may_change(const struct change *c, const char *key)
{
	return (c->down || c->right) && strncmp(key, "partial", 7) == 0;
}

static unsigned compare(const struct film *film, const struct change *c, const char *where,
			const char *key, const json_t *a, const json_t *b)
{
	unsigned wrong = 0;
	const char *inner;
	json_t *value;

	if (json_is_object(a)) {
		json_object_foreach((json_t *)a, inner, value) wrong +=
			compare(film, c, where, inner, value, json_object_get(b, inner));
		return wrong;
	}
	if (may_change(c, key) || (strcmp(key, "force_peak_frame") == 0 && json_is_integer(a) &&
				   json_is_integer(b) && same_peak_frame(film, a, b)))
		return 0;
	if (json_is_number(a) && json_is_number(b) &&
	    same_number(key, changed_number(c, key, json_number_value(a)), json_number_value(b)))
		return 0;
	if (json_is_string(a) && json_is_string(b) &&
	    strcmp(changed_text(c, key, json_string_value(a)), json_string_value(b)) == 0)
		return 0;
	if (!json_is_number(a) && !json_is_string(a) && b && json_typeof(a) == json_typeof(b))
		return 0; /* null, true, false */
	print_message("    %s, %s: %s was %s%g, is %s%g\n", where, c->name, key,
		      json_is_string(a) ? json_string_value(a) : "", json_number_value(a),
		      json_is_string(b) ? json_string_value(b) : "", json_number_value(b));
	return 1;
}

/* Feet come in no order that a change keeps: the counterpart has the same impulse. */
static const json_t *counterpart(const struct change *c, const json_t *foot, const json_t *feet)
{
	static const char key[] = "force_time_integral_counts_s";
	double impulse = c->scale * json_number_value(json_object_get(foot, key)), least = INFINITY;
	const json_t *best = NULL;

	for (size_t k = 0; k < json_array_size(feet); k++) {
		const json_t *other = json_array_get(feet, k);
		double off = fabs(json_number_value(json_object_get(other, key)) - impulse);

		if (off < least) {
			least = off;
			best = other;
		}
	}
	return best;
}

static unsigned check(const struct film *film, struct film *work, const char *where)
{
	json_t *before = analyse(film), *feet = json_object_get(before, "feet");
	unsigned wrong = 0;

	for (unsigned k = 0; k < CHANGES; k++) {
		json_t *after, *other;

		apply(film, &changes[k], work);
		after = analyse(work);
		other = json_object_get(after, "feet");
		wrong += compare(film, &changes[k], where, "total",
				 json_object_get(before, "total"), json_object_get(after, "total"));
		if (json_array_size(feet) != json_array_size(other)) {
			print_message("    %s, %s: %zu feet, were %zu\n", where, changes[k].name,
				      json_array_size(other), json_array_size(feet));
			wrong++;
		}
		for (size_t i = 0; i < json_array_size(feet); i++) {
			const json_t *foot = json_array_get(feet, i);

			wrong += compare(film, &changes[k], where, "foot", foot,
					 counterpart(&changes[k], foot, other));
		}
		json_decref(after);
	}
	json_decref(before);
	return wrong;
}

static struct film make_film(void)
{
	struct film film = {.cell = malloc(FRAMES_MAX * sizeof(*film.cell))};

	assert_non_null(film.cell);
	return film;
}

/* ---- who ------------------------------------------------------------------------------------ */

/* Every tenth step, on cells that are not square. */
static void real_steps(void **state)
{
	static struct real_step step;
	const struct laying flat = {.quarters = 0};
	struct film film = make_film(), work = make_film();
	unsigned wrong = 0, steps = 0;
	char where[64];

	(void)state;
	for (unsigned k = 3; speedpp_there() && k < STEPS; k += 10, steps++) {
		assert_true(read_real_step(k, &step));
		film.g = laid_geometry(&step, &flat);
		film.g.pitch_col_m = 0.0045;
		film.rate_hz = STEP_RATE;
		film.frames = step.frames;
		for (unsigned t = 0; t < step.frames; t++)
			lay_frame(&step, &flat, t, film.cell[t]);
		snprintf(where, sizeof(where), "subject %u image %u", k / STEPS_EACH,
			 k % STEPS_EACH);
		wrong += check(&film, &work, where);
	}
	print_message("%u real steps, %u figures that changed and should not have\n", steps, wrong);
	free(film.cell);
	free(work.cell);
	assert_int_equal(wrong, 0);
}

#define PEOPLE 28
#define TOUCHING_FROM 20

static void simulated_people(void **state)
{
	static const enum pl_sim_kind kinds[] = {PL_SIM_STANDING, PL_SIM_SHIFT, PL_SIM_ONE_LEG,
						 PL_SIM_WALKING, PL_SIM_RUNNING};
	struct film film = make_film(), work = make_film();
	unsigned wrong = 0;
	char where[64];

	(void)state;
	for (unsigned k = 0; k < PEOPLE; k++) {
		struct pl_sim_options o;
		struct pl_sim *sim;

		pl_sim_options_init(&o);
		o.kind = kinds[k % 5];
		o.geometry = (struct pl_geometry){96, 80, 0.0075, 0.008};
		o.rate_hz = 50;
		o.seed = k + 1;
		o.noise_kpa = k % 2 ? 2 : 0;
		if (k >= TOUCHING_FROM) { /* feet that touch: parallel, heels only */
			o.kind = kinds[k % 2];
			o.feet_together = true;
			o.toe_out_deg = 5.0 * (k - TOUCHING_FROM);
			o.left_share = 0.42;
		}
		sim = pl_sim_new(&o, NULL);
		assert_non_null(sim);
		film.g = o.geometry;
		film.rate_hz = o.rate_hz;
		film.frames = 120;
		for (unsigned t = 0; t < film.frames; t++)
			pl_sim_frame(sim, film.cell[t], NULL);
		pl_sim_free(sim);
		snprintf(where, sizeof(where), "%s, seed %u", pl_sim_kind_name(o.kind), k + 1);
		wrong += check(&film, &work, where);
	}
	print_message("%d simulated people, %u figures that changed and should not have\n", PEOPLE,
		      wrong);
	free(film.cell);
	free(work.cell);
	assert_int_equal(wrong, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(real_steps),
		cmocka_unit_test(simulated_people),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
