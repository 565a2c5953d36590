/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Standing as JSON. Keys as in docs/metrics.md, the unit last; without calibration forces are
 * counts and say so. What cannot be known of such a recording at all (heel and forefoot on a force
 * plate) is absent, what could be and is not is null.
 */
#include <math.h>
#include <stdio.h>

#include "standing_private.h"

static const char *const part_names[PL_STANDING_PARTS] = {
	[PL_STANDING_HEEL] = "heel",	     [PL_STANDING_MIDFOOT] = "midfoot",
	[PL_STANDING_FOREFOOT] = "forefoot", [PL_STANDING_HEEL_AM] = "heel_am",
	[PL_STANDING_HEEL_AL] = "heel_al",   [PL_STANDING_HEEL_PM] = "heel_pm",
	[PL_STANDING_HEEL_PL] = "heel_pl",
};
static const char *const who_prefix[PL_STANDING_WHO] = {
	[PL_STANDING_LEFT] = "left_",
	[PL_STANDING_RIGHT] = "right_",
	[PL_STANDING_ALL] = "",
};

static void number(struct pl_json *json, const char *prefix, const char *base, const char *unit,
		   double value)
{
	char key[80];

	snprintf(key, sizeof(key), "%s%s_%s", prefix, base, unit);
	pl_json_double(json, key, value);
}

/* base_pct and base_sd_pct */
static void share(struct pl_json *json, const char *prefix, const char *base, struct pl_mean_sd m)
{
	number(json, prefix, base, "pct", m.mean);
	number(json, prefix, base, "sd_pct", m.sd);
}

static void force(const struct pl_standing *s, struct pl_json *json, enum pl_standing_who who)
{
	double weight_n = s->calibrated ? pl_standing_weight_n(s->body_mass_kg) : NAN;
	const char *unit = s->calibrated ? "n" : "counts";

	number(json, who_prefix[who], "force_mean", unit, s->force[who].mean);
	number(json, who_prefix[who], "force_sd", unit, s->force[who].sd);
	if (isfinite(weight_n))
		number(json, who_prefix[who], "force_mean", "bw", s->force[who].mean / weight_n);
}

/* ---- load ----------------------------------------------------------------------------------- */

static void values(struct pl_json *json, const char *prefix, const char *base, const double *value,
		   unsigned n)
{
	char key[80];

	snprintf(key, sizeof(key), "%s%s_pct", prefix, base);
	pl_json_begin_array(json, key);
	for (unsigned k = 0; k < n; k++)
		pl_json_double(json, NULL, value[k]);
	pl_json_end_array(json);
}

static void series(const struct pl_standing *s, struct pl_json *json)
{
	pl_json_begin_object(json, "series");
	pl_json_double(json, "interval_s", s->series_interval_s);
	values(json, "", "left", s->series_left_pct, s->series);
	for (int who = 0; who < PL_STANDING_WHO && s->on_mat; who++)
		for (int p = 0; p <= PL_STANDING_FOREFOOT; p++)
			values(json, who_prefix[who], part_names[p], s->series_part_pct[who][p],
			       s->series);
	pl_json_end_object(json);
}

static void shifts(const struct pl_standing *s, struct pl_json *json)
{
	const struct pl_standing_shifts *f = &s->shifts;

	if (!f->known) {
		pl_json_null(json, "shifts");
		return;
	}
	pl_json_begin_object(json, "shifts");
	pl_json_uint(json, "count", f->count);
	pl_json_double(json, "size_mean_pct", f->size_mean_pct);
	pl_json_double(json, "size_max_pct", f->size_max_pct);
	pl_json_double(json, "dwell_mean_s", f->dwell_mean_s);
	pl_json_double(json, "dwell_max_s", f->dwell_max_s);
	pl_json_end_object(json);
}

static void load(const struct pl_standing *s, struct pl_json *json)
{
	pl_json_begin_object(json, "load");
	share(json, "", "left", s->left_pct);
	share(json, "", "right", s->right_pct);
	pl_json_double(json, "symmetry_index_pct", s->symmetry_index_pct);
	for (int p = 0; p <= PL_STANDING_FOREFOOT && s->on_mat; p++)
		share(json, "", part_names[p], s->part_pct[PL_STANDING_ALL][p]);
	for (int who = 0; who <= PL_STANDING_RIGHT; who++) {
		force(s, json, (enum pl_standing_who)who);
		for (int p = 0; p < PL_STANDING_PARTS && s->on_mat; p++)
			share(json, who_prefix[who], part_names[p], s->part_pct[who][p]);
	}
	shifts(s, json);
	series(s, json);
	pl_json_end_object(json);
}

/* ---- sway ----------------------------------------------------------------------------------- */

static void figures(struct pl_json *json, const char *axis, const struct pl_sway_figures *f)
{
	const struct {
		const char *base, *unit;
		double value;
	} all[] = {
		{"path", "mm", f->path_mm},
		{"mean_velocity", "mm_s", f->mean_velocity_mm_s},
		{"rms", "mm", f->rms_mm},
		{"mean_distance", "mm", f->mean_distance_mm},
		{"mean_frequency", "hz", f->mean_frequency_hz},
		{"f50", "hz", f->f50_hz},
		{"f95", "hz", f->f95_hz},
		{"mean_frequency_prieto", "hz", f->mean_frequency_prieto_hz},
	};
	char key[80];

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		snprintf(key, sizeof(key), "%s%s_%s", all[i].base, axis, all[i].unit);
		pl_json_double(json, key, all[i].value);
	}
}

static void sway(const struct pl_standing *standing, struct pl_json *json)
{
	const struct pl_sway *s = &standing->sway;

	pl_json_begin_object(json, "sway");
	pl_json_double(json, "area_95_mm2", s->area_95_mm2);
	pl_json_double(json, "mean_velocity_n1_mm_s", s->mean_velocity_n1_mm_s);
	figures(json, "", &s->both);
	figures(json, "_ap", &s->ap);
	figures(json, "_ml", &s->ml);
	pl_json_double(json, "range_ap_mm", s->ap.range_mm);
	pl_json_double(json, "range_ml_mm", s->ml.range_mm);
	pl_json_double(json, "ellipse_major_mm", s->ellipse_major_mm);
	pl_json_double(json, "ellipse_minor_mm", s->ellipse_minor_mm);
	pl_json_double(json, "ellipse_angle_deg", s->ellipse_angle_deg);
	pl_json_double(json, "mean_ap_mm", s->mean_ap_mm);
	pl_json_double(json, "mean_ml_mm", s->mean_ml_mm);
	pl_standing_own_json(standing, json);
	pl_json_end_object(json);
}

/* ---- all ------------------------------------------------------------------------------------ */

static void flags(const struct pl_standing *s, struct pl_json *json)
{
	static const char *const name[] = {"below_25_s",    "below_50_hz", "gap",
					   "unfiltered",    "cut",	   "rate",
					   "near_own_sway", "coarse_floor"};

	pl_json_begin_array(json, "flags");
	for (unsigned bit = 0; bit < sizeof(name) / sizeof(name[0]); bit++)
		if (s->flags >> bit & 1)
			pl_json_string(json, NULL, name[bit]);
	pl_json_end_array(json);
}

static bool loaded(const struct pl_standing *s)
{
	return s->on_mat || isfinite(s->force[PL_STANDING_LEFT].mean) ||
	       isfinite(s->force[PL_STANDING_RIGHT].mean);
}

void pl_standing_json(const struct pl_standing *s, struct pl_json *json)
{
	pl_json_begin_object(json, "standing");
	pl_json_double(json, "from_s", s->from_s);
	pl_json_double(json, "to_s", s->to_s);
	pl_json_uint(json, "samples", s->samples);
	pl_json_double(json, "rate_hz", s->rate_hz);
	flags(s, json);
	if (s->on_mat)
		pl_json_string(json, "axes", s->facing == PL_FACING_AUTO ? "mat" : "person");
	if (isfinite(s->force[PL_STANDING_ALL].mean))
		force(s, json, PL_STANDING_ALL);
	if (loaded(s))
		load(s, json);
	if (s->has_sway)
		sway(s, json);
	pl_json_end_object(json);
}

void pl_standing_method_json(const struct pl_standing *s, struct pl_json *json)
{
	bool filtered = s && isfinite(s->filter_hz);

	pl_json_double(json, "filter_hz", filtered ? s->filter_hz : NAN);
	pl_json_string(json, "filter_kind",
		       filtered ? "butterworth order 2, zero-lag, sway only" : "none");
	pl_json_string(json, "ellipse", "95 % prediction ellipse, exact F");
	if (!s)
		return;
	pl_json_string(json, "spectrum", "welch, hann, N/2, 50 % overlap, constant detrend");
	pl_json_double(json, "shift_min_pct", s->shift_min_pct);
	if (!s->on_mat)
		return;
	pl_json_string(json, "sway_axes",
		       s->facing == PL_FACING_AUTO ? "mat" : pl_facing_name(s->facing));
	pl_json_string(json, "sway_cells",
		       s->whole ? "all near the feet, others above the noise floor"
				: "above the noise floor");
}
