/* SPDX-License-Identifier: Apache-2.0 */
/* The truth about a simulated person as a JSON document: keys as in truth.h. */
#include <math.h>
#include <stdlib.h>

#include "drivers/sim/truth.h"

#define BYTES_STEP 1024 /* more than the keys below and their longest numbers take */
#define BYTES_REST 4096

static const char *const strike_names[] = {
	[PL_STRIKE_UNKNOWN] = "unknown",
	[PL_STRIKE_REARFOOT] = "rearfoot",
	[PL_STRIKE_MIDFOOT] = "midfoot",
	[PL_STRIKE_FOREFOOT] = "forefoot",
};

static void step_json(struct pl_json *json, const struct pl_truth_step *s)
{
	pl_json_begin_object(json, NULL);
	pl_json_string(json, "side", pl_side_name(s->side));
	pl_json_string(json, "facing", pl_facing_name(s->facing));
	pl_json_string(json, "strike", strike_names[s->strike]);
	pl_json_double(json, "strike_index_pct", s->strike_index_pct);
	pl_json_double(json, "onset_s", s->onset_s);
	pl_json_double(json, "end_s", s->end_s);
	pl_json_double(json, "contact_time_s", s->contact_time_s);
	pl_json_bool(json, "cut_onset", s->cut_onset);
	pl_json_bool(json, "cut_end", s->cut_end);
	pl_json_double(json, "on_mat_pct", s->on_mat_pct);
	pl_json_bool(json, "partial", s->partial);
	pl_json_double(json, "heel_impulse_pct", s->heel_impulse_pct);
	pl_json_double(json, "impulse_ns", s->impulse_ns);
	pl_json_double(json, "force_peak_n", s->force_peak_n);
	pl_json_double(json, "heading_deg", s->heading_deg);
	pl_json_double(json, "axis_deg", s->axis_deg);
	pl_json_double(json, "foot_progression_deg", s->foot_progression_deg);
	pl_json_double(json, "x_mm", s->x_mm);
	pl_json_double(json, "y_mm", s->y_mm);
	pl_json_double(json, "length_mm", s->length_mm);
	pl_json_end_object(json);
}

static void person_json(struct pl_json *json, const struct pl_truth *t)
{
	const struct pl_sim_options *o = &t->person;

	pl_json_begin_object(json, "person");
	pl_json_string(json, "kind", pl_sim_kind_name(o->kind));
	pl_json_uint(json, "seed", o->seed);
	pl_json_double(json, "body_mass_kg", t->body_mass_kg);
	pl_json_double(json, "foot_length_mm", t->foot_length_mm);
	pl_json_double(json, "arch_pct", 100 * o->arch);
	pl_json_double(json, "toe_gap_mm", 1e3 * o->toe_gap_m);
	pl_json_double(json, "toe_out_deg", o->toe_out_deg);
	pl_json_bool(json, "feet_together", o->feet_together);
	pl_json_double(json, "heading_deg", o->heading_deg);
	pl_json_string(json, "facing", pl_facing_name(pl_truth_facing(o->heading_deg)));
	pl_json_double(json, "noise_kpa", o->noise_kpa);
	pl_json_double(json, "belt_m_s", o->belt_m_s);
	pl_json_end_object(json);
}

static void standing_json(struct pl_json *json, const struct pl_truth *t)
{
	pl_json_begin_object(json, "standing");
	pl_json_double(json, "left_pct", t->left_pct);
	pl_json_double(json, "left_heel_pct", t->left_heel_pct);
	pl_json_double(json, "right_heel_pct", t->right_heel_pct);
	pl_json_double(json, "sway_area_95_mm2", t->sway_area_95_mm2);
	pl_json_double(json, "sway_velocity_mm_s", t->sway_velocity_mm_s);
	pl_json_end_object(json);
}

char *pl_truth_json(const struct pl_truth *t, struct pl_error *err)
{
	size_t cap = BYTES_REST + BYTES_STEP * t->steps;
	char *text = malloc(cap);
	struct pl_json json;

	if (!text) {
		pl_error_set(err, PL_ENOMEM, 0, "no memory for the simulated truth");
		return NULL;
	}
	pl_json_init(&json, text, cap);
	pl_json_begin_object(&json, NULL);
	person_json(&json, t);
	pl_json_uint(&json, "frames", t->frames);
	pl_json_double(&json, "rate_hz", t->person.rate_hz);
	pl_json_double(&json, "seconds", t->seconds);
	if (isnan(t->left_pct))
		pl_json_null(&json, "standing");
	else
		standing_json(&json, t);
	pl_json_begin_array(&json, "steps");
	for (size_t i = 0; i < t->steps; i++)
		step_json(&json, &t->step[i]);
	pl_json_end_array(&json);
	pl_json_end_object(&json);
	if (pl_json_finish(&json))
		return text;
	free(text);
	pl_error_set(err, PL_ESTATE, 0, "the simulated truth is longer than thought");
	return NULL;
}
