/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Two hundred people who differ in everything that makes feet hard to read: size, arch, toes,
 * turn-out, where they land, where they walk to, what they spare, and the mat they do it on: pitch,
 * rate, full scale, bits, noise, dead cells. Drawn by their number, the same on every machine.
 */
#ifndef TESTS_PEOPLE_H
#define TESTS_PEOPLE_H

#include <math.h>

#include "drivers/sim/exact.h"
#include "drivers/sim/flaws.h"
#include "drivers/sim/person.h"

struct worn_mat {
	struct pl_calibration cal;
	enum pl_dtype dtype;
	double highest, noise_counts, dead_share;
};

struct someone {
	unsigned number;
	struct pl_sim_options walk, run, stand;
	double walk_s, run_s, stand_s;
	struct worn_mat mat;
};

#define PICK(rng, list) ((list)[(size_t)pl_rng_uniform(rng, 0, sizeof(list) / sizeof(*(list)))])

static inline bool chance(struct pl_rng *rng, double p)
{
	return pl_rng_uniform(rng, 0, 1) < p;
}

static inline double draw_heading(struct pl_rng *rng)
{
	static const double quarters[] = {0, 90, 180, 270};
	double kind = pl_rng_uniform(rng, 0, 3), any = pl_rng_uniform(rng, 0, 360);

	if (kind < 1)
		return PICK(rng, quarters);
	return kind < 2 ? PICK(rng, quarters) + pl_rng_uniform(rng, -12, 12) : any;
}

/* Where they land: most on the heel. The classes' borders are 1/3 and 2/3. */
static inline double draw_strike(struct pl_rng *rng, double heel)
{
	double rear = pl_rng_uniform(rng, 0.06, 0.28), mid = pl_rng_uniform(rng, 0.38, 0.62);
	double fore = pl_rng_uniform(rng, 0.70, 0.82), kind = pl_rng_uniform(rng, 0, 1);

	return kind < heel ? rear : kind < 0.5 + 0.5 * heel ? mid : fore;
}

static inline void draw_mat(struct someone *s, struct pl_geometry *g, struct pl_rng *rng)
{
	static const double pitches[] = {0.005, 0.00508, 0.0062, 0.0075, 0.00847, 0.010};
	static const double scales[] = {500, 700, 1000, 1270};
	double pitch = PICK(rng, pitches), scale = PICK(rng, scales);
	bool coarse = chance(rng, 0.4);
	unsigned side = (unsigned)ceil(0.62 / pitch);

	*g = (struct pl_geometry){side, side, pitch, pitch};
	s->mat.highest = coarse ? 255 : 4095;
	s->mat.dtype = coarse ? PL_U8 : PL_U16;
	s->mat.noise_counts = chance(rng, 0.6) ? pl_rng_uniform(rng, 0.2, coarse ? 0.6 : 4) : 0;
	s->mat.dead_share = chance(rng, 0.5) ? pl_rng_uniform(rng, 0.001, 0.01) : 0;
	pl_calibration_init(&s->mat.cal, g);
	s->mat.cal.unit = PL_UNIT_KPA;
	s->mat.cal.scale = scale / s->mat.highest;
	s->mat.cal.saturation_counts = s->mat.highest;
	/* five standard deviations above nothing, and at least a code */
	s->mat.cal.noise_floor = s->mat.cal.scale * (5 * s->mat.noise_counts + 1);
	s->mat.cal.dead_policy = chance(rng, 0.5) ? PL_DEAD_INTERPOLATE : PL_DEAD_EXCLUDE;
}

/* The flaws of the mat and the calibration that knows its dead cells. */
static inline bool draw_flaws(struct someone *s, struct pl_flaws *f, const struct pl_geometry *g)
{
	size_t n = pl_geometry_cells(g);

	if (pl_flaws_init(f, n, s->mat.noise_counts, s->mat.highest, s->mat.dead_share, s->number,
			  NULL) < 0)
		return false;
	if (!f->dead)
		return true;
	s->mat.cal.cells = n;
	s->mat.cal.cell_state = calloc(n, 1);
	for (size_t i = 0; s->mat.cal.cell_state && i < n; i++)
		s->mat.cal.cell_state[i] = f->dead[i] ? PL_CELL_DEAD : PL_CELL_OK;
	return s->mat.cal.cell_state != NULL;
}

static inline void draw_body(struct pl_sim_options *o, struct pl_rng *rng)
{
	o->body_mass_kg = pl_rng_uniform(rng, 45, 105);
	o->foot_length_m = pl_rng_uniform(rng, 0.215, 0.285);
	o->arch = pl_rng_uniform(rng, 0, 1);
	o->toe_gap_m = chance(rng, 0.3) ? pl_rng_uniform(rng, 0, 0.012) : 0;
	o->toe_out_deg = pl_rng_uniform(rng, -4, 18);
	o->noise_kpa = chance(rng, 0.5) ? pl_rng_uniform(rng, 0, 4) : 0;
	o->heading_deg = draw_heading(rng);
	o->left_share = pl_rng_uniform(rng, 0.35, 0.65);
	o->heel_share = pl_rng_uniform(rng, 0.45, 0.7);
	if (chance(rng, 0.2))
		*(chance(rng, 0.5) ? &o->spare_left : &o->spare_right) =
			pl_rng_uniform(rng, 0.1, 0.4);
}

static inline void draw_someone(struct someone *s, unsigned number)
{
	static const double rates[] = {50, 100, 100, 150, 250};
	struct pl_sim_options o;
	struct pl_rng rng;
	double beside;

	*s = (struct someone){.number = number};
	pl_rng_seed(&rng, number);
	pl_sim_options_init(&o);
	o.seed = number;
	draw_mat(s, &o.geometry, &rng);
	draw_body(&o, &rng);
	o.rate_hz = PICK(&rng, rates);
	beside = chance(&rng, 0.25) ? pl_rng_uniform(&rng, -0.33, 0.33) : 0;
	s->walk = s->run = s->stand = o;
	s->walk.kind = PL_SIM_WALKING;
	s->walk.offset_m = s->run.offset_m = beside;
	s->walk.speed_m_s = pl_rng_uniform(&rng, 0.8, 1.6);
	s->walk.strike = draw_strike(&rng, 0.85);
	s->walk.there_and_back = s->run.there_and_back = chance(&rng, 0.5);
	s->run.kind = PL_SIM_RUN_OVER;
	s->run.strike = draw_strike(&rng, 0.5);
	s->run.cadence_spm = pl_rng_uniform(&rng, 150, 185);
	s->run.speed_m_s = pl_rng_uniform(&rng, 2.4, 4);
	s->stand.kind = PL_SIM_STANDING;
	s->stand.rate_hz = 50;
	s->walk_s = fmin(12, 800 / o.rate_hz);
	s->run_s = fmin(12, 800 / o.rate_hz);
	s->stand_s = 14;
}

#endif
