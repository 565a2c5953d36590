/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A mat sways by itself: cells flicker, and the centre of pressure of a dead weight wanders. What
 * is found of a person is only worth as much as it stands out of that, so the mat's own figures
 * stand beside theirs, and those below three times the mat's own are named. Only figures are
 * compared that do not grow with the length of a recording, or hardly (ranges): a path as velocity.
 */
#include <stddef.h>

#include "standing_private.h"

#define STANDS_OUT 3

static const struct {
	const char *key;
	size_t at;
} figures[] = {
	{"area_95_mm2", offsetof(struct pl_sway, area_95_mm2)},
	{"mean_velocity_mm_s", offsetof(struct pl_sway, both.mean_velocity_mm_s)},
	{"mean_velocity_ap_mm_s", offsetof(struct pl_sway, ap.mean_velocity_mm_s)},
	{"mean_velocity_ml_mm_s", offsetof(struct pl_sway, ml.mean_velocity_mm_s)},
	{"rms_mm", offsetof(struct pl_sway, both.rms_mm)},
	{"rms_ap_mm", offsetof(struct pl_sway, ap.rms_mm)},
	{"rms_ml_mm", offsetof(struct pl_sway, ml.rms_mm)},
	{"mean_distance_mm", offsetof(struct pl_sway, both.mean_distance_mm)},
	{"mean_distance_ap_mm", offsetof(struct pl_sway, ap.mean_distance_mm)},
	{"mean_distance_ml_mm", offsetof(struct pl_sway, ml.mean_distance_mm)},
	{"range_ap_mm", offsetof(struct pl_sway, ap.range_mm)},
	{"range_ml_mm", offsetof(struct pl_sway, ml.range_mm)},
};
#define FIGURES (sizeof(figures) / sizeof(figures[0]))

static double figure(const struct pl_sway *sway, size_t i)
{
	return *(const double *)((const char *)sway + figures[i].at);
}

static bool near_own(const struct pl_standing *s, size_t i)
{
	return figure(&s->sway, i) < STANDS_OUT * figure(&s->own, i);
}

bool pl_standing_near_own(const struct pl_standing *s)
{
	for (size_t i = 0; i < FIGURES && s->has_own && s->has_sway; i++)
		if (near_own(s, i))
			return true;
	return false;
}

void pl_standing_own_json(const struct pl_standing *s, struct pl_json *json)
{
	if (!s->has_own)
		return;
	pl_json_begin_object(json, "own");
	for (size_t i = 0; i < FIGURES; i++)
		pl_json_double(json, figures[i].key, figure(&s->own, i));
	pl_json_end_object(json);
	pl_json_begin_array(json, "below_three_own");
	for (size_t i = 0; i < FIGURES; i++)
		if (near_own(s, i))
			pl_json_string(json, NULL, figures[i].key);
	pl_json_end_array(json);
}
