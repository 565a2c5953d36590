/* SPDX-License-Identifier: Apache-2.0 */
/* People say millimetres and percent, the model takes metres and shares. */
#include "tools/person_options.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static void take_scaled(struct pl_args *args, double min, double max, double scale, double *to)
{
	double value = *to / scale;

	pl_args_number(args, min, max, &value);
	*to = value * scale;
}

static void take_strike(struct pl_args *args, double *strike)
{
	if (!strcmp(args->value, "rearfoot"))
		*strike = 0.10;
	else if (!strcmp(args->value, "midfoot"))
		*strike = 0.50;
	else if (!strcmp(args->value, "forefoot"))
		*strike = 0.78;
	else
		take_scaled(args, 0, 100, 1e-2, strike);
}

static void take_seed(struct pl_args *args, uint64_t *seed)
{
	int64_t value = 0;

	pl_args_integer(args, 0, INT64_MAX, &value);
	*seed = (uint64_t)value;
}

/* Who they are: false: something else is asked for. */
static bool take_person(struct pl_args *args, int key, struct pl_sim_options *o)
{
	switch (key) {
	case PL_OPT_SEED:
		take_seed(args, &o->seed);
		return true;
	case PL_OPT_MASS:
		pl_args_number(args, 0.1, 1000, &o->body_mass_kg);
		return true;
	case PL_OPT_FOOT:
		take_scaled(args, 50, 400, 1e-3, &o->foot_length_m);
		return true;
	case PL_OPT_ARCH:
		take_scaled(args, 0, 100, 1e-2, &o->arch);
		return true;
	case PL_OPT_TOE_GAP:
		take_scaled(args, 0, 100, 1e-3, &o->toe_gap_m);
		return true;
	case PL_OPT_TOE_OUT:
		pl_args_number(args, -30, 60, &o->toe_out_deg);
		return true;
	default:
		return false;
	}
}

/* How they stand. */
static bool take_stance(struct pl_args *args, int key, struct pl_sim_options *o)
{
	switch (key) {
	case PL_OPT_STANCE_WIDTH:
		take_scaled(args, 0, 1000, 1e-3, &o->stance_width_m);
		return true;
	case PL_OPT_TOGETHER:
		o->feet_together = true;
		return true;
	case PL_OPT_HEADING:
		pl_args_number(args, -360, 360, &o->heading_deg);
		return true;
	case PL_OPT_OFFSET:
		take_scaled(args, -10000, 10000, 1e-3, &o->offset_m);
		return true;
	case PL_OPT_LEFT:
		take_scaled(args, 0, 100, 1e-2, &o->left_share);
		return true;
	case PL_OPT_HEEL:
		take_scaled(args, 0, 100, 1e-2, &o->heel_share);
		return true;
	case PL_OPT_SPARE_LEFT:
		take_scaled(args, 0, 100, 1e-2, &o->spare_left);
		return true;
	case PL_OPT_SPARE_RIGHT:
		take_scaled(args, 0, 100, 1e-2, &o->spare_right);
		return true;
	default:
		return false;
	}
}

/* How they move. */
static bool take_gait(struct pl_args *args, int key, struct pl_sim_options *o)
{
	switch (key) {
	case PL_OPT_THERE_AND_BACK:
		o->there_and_back = true;
		return true;
	case PL_OPT_STRIKE:
		take_strike(args, &o->strike);
		return true;
	case PL_OPT_SPEED:
		pl_args_number(args, 0.2, 8, &o->speed_m_s);
		return true;
	case PL_OPT_CADENCE:
		pl_args_number(args, 40, 400, &o->cadence_spm);
		return true;
	case PL_OPT_BELT:
		pl_args_number(args, 0.1, 8, &o->belt_m_s);
		return true;
	default:
		return false;
	}
}

static void take_place(struct pl_args *args, struct pl_sim_options *o)
{
	char *end;
	double row = strtod(args->value, &end), col = NAN;

	if (end != args->value && *end == ',')
		col = strtod(end + 1, &end);
	if (*end || !(row >= 0 && row < PL_SIDE_MAX && col >= 0 && col < PL_SIDE_MAX)) {
		pl_args_fail(args, "--place wants ROW,COL, not '%s'", args->value);
		return;
	}
	o->place_row = row;
	o->place_col = col;
}

/* What lies there, if it is nobody. */
static bool take_weight(struct pl_args *args, int key, struct pl_sim_options *o)
{
	switch (key) {
	case PL_OPT_PLACE:
		take_place(args, o);
		return true;
	case PL_OPT_PLATE:
		take_scaled(args, 1, 1000, 1e-3, &o->plate_m);
		return true;
	default:
		return false;
	}
}

static bool take_mat(struct pl_args *args, int key, struct pl_feed_options *o)
{
	switch (key) {
	case PL_OPT_HZ:
		pl_args_number(args, 0.1, 100000, &o->person.rate_hz);
		return true;
	case PL_OPT_NOISE:
		pl_args_number(args, 0, 10000, &o->person.noise_kpa);
		return true;
	case PL_OPT_CODE_NOISE:
		pl_args_number(args, 0, 1e6, &o->noise_counts);
		return true;
	case PL_OPT_DEAD:
		take_scaled(args, 0, 100, 1e-2, &o->dead_share);
		return true;
	default:
		return false;
	}
}

bool pl_person_option(struct pl_args *args, int key, struct pl_feed_options *o)
{
	return take_person(args, key, &o->person) || take_stance(args, key, &o->person) ||
	       take_gait(args, key, &o->person) || take_weight(args, key, &o->person) ||
	       take_mat(args, key, o);
}
