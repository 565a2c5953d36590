/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Steps and gait as JSON. Keys carry their unit; without calibration they say counts. With a body
 * mass every force is there in body weights too, from the same number.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "gait_private.h"
#include "limits.h"

#define STANDARD_GRAVITY 9.80665
#define MINUTES_FROM_S 120 /* shorter recordings have no change along the run */

static double body_weight_n(const struct pl_gait *g, const struct pl_gait_options *o)
{
	return g->calibrated && o->body_mass_kg > 0 ? STANDARD_GRAVITY * o->body_mass_kg : NAN;
}

/* The key of a figure in body weights; NULL: it is no force. */
static const char *weight_key(size_t figure, char *buf, size_t cap)
{
	static const char *const suffix[] = {
		[PL_STEP_FORCE] = "_bw", [PL_STEP_IMPULSE] = "_bw_s", [PL_STEP_RATE] = "_bw_per_s"};
	const struct pl_step_figure *f = pl_step_figure(figure);

	if (f->quantity == PL_STEP_PLAIN)
		return NULL;
	snprintf(buf, cap, "%s%s", f->base, suffix[f->quantity]);
	return buf;
}

static bool told(const struct pl_gait *g, size_t figure)
{
	return g->footprints || !pl_step_figure(figure)->footprint;
}

static enum pl_verdict verdict(const struct pl_gait *g, size_t figure, double saturated_pct)
{
	return pl_limit_verdict(pl_limit_of(pl_step_figure(figure)->base), g->rate_hz, g->pitch_m,
				saturated_pct);
}

static void bits(struct pl_json *json, const char *key, unsigned set)
{
	pl_json_begin_array(json, key);
	for (unsigned bit = 0; bit < PL_REJECTS; bit++)
		if (set >> bit & 1)
			pl_json_string(json, NULL, pl_reject_name(bit));
	pl_json_end_array(json);
}

/* Figures that are there but only indicate; saturated: of one step, NaN: of the recording. */
static void indicative(const struct pl_gait *g, struct pl_json *json, double saturated_pct)
{
	char key[64];

	pl_json_begin_array(json, "indicative");
	for (size_t i = 0; i < pl_step_figure_count(); i++)
		if (told(g, i) && verdict(g, i, saturated_pct) == PL_FIGURE_INDICATIVE)
			pl_json_string(json, NULL,
				       pl_step_figure_key(i, g->calibrated, key, sizeof(key)));
	pl_json_end_array(json);
}

static void step_json(const struct pl_gait *g, const struct pl_gait_options *o,
		      const struct pl_step *s, struct pl_json *json)
{
	double weight = body_weight_n(g, o);
	char key[64];

	pl_json_begin_object(json, NULL);
	pl_json_string(json, "side", pl_side_name(s->side));
	if (g->footprints)
		pl_json_int(json, "foot", s->foot);
	pl_json_bool(json, "accepted", !s->rejected);
	bits(json, "rejected", s->rejected);
	if (s->why && s->why <= o->rejections.n)
		pl_json_string(json, "reject_reason", o->rejections.of[s->why - 1].reason);
	bits(json, "flags", s->flags);
	pl_json_double(json, "onset_s", s->onset_s);
	for (size_t i = 0; i < pl_step_figure_count(); i++) {
		double v = pl_step_value(s, i);

		if (!told(g, i))
			continue;
		pl_json_double(json, pl_step_figure_key(i, g->calibrated, key, sizeof(key)), v);
		if (isfinite(weight) && weight_key(i, key, sizeof(key)))
			pl_json_double(json, key, v / weight);
	}
	pl_json_string(json, "loading_rate_until",
		       s->loading_without_peak ? "13 % of stance" : "first peak");
	if (g->footprints) {
		if (s->strike == PL_STRIKE_UNKNOWN)
			pl_json_null(json, "strike");
		else
			pl_json_string(json, "strike", pl_strike_name(s->strike));
		pl_json_string(json, "foot_progression_against",
			       o->belt_speed_m_s > 0   ? "belt"
			       : s->progression_of_mat ? "mat"
						       : "line of contacts");
	}
	if (s->saturated_pct > 0)
		indicative(g, json, s->saturated_pct);
	pl_json_end_object(json);
}

static void stats_json(struct pl_json *json, const char *key, const struct pl_step_stats *s)
{
	pl_json_begin_object(json, key);
	pl_json_uint(json, "n", s->n);
	pl_json_double(json, "mean", s->mean);
	pl_json_double(json, "sd", s->sd);
	pl_json_double(json, "cv_pct", s->cv_pct);
	pl_json_end_object(json);
}

/* Robinson 1987: 200 (R - L) / (R + L). Of a signed figure it would say nothing. */
static double symmetry(const struct pl_step_stats *left, const struct pl_step_stats *right)
{
	double sum = right->mean + left->mean;

	return right->mean > 0 && left->mean > 0 ? 200 * (right->mean - left->mean) / sum : NAN;
}

static void figures_json(const struct pl_gait *g, struct pl_json *json)
{
	char key[64];

	pl_json_begin_object(json, "figures");
	for (size_t i = 0; i < pl_step_figure_count(); i++) {
		struct pl_step_stats all, left, right;

		if (!told(g, i) || strcmp(pl_step_figure(i)->base, "saturated_pct") == 0)
			continue;
		all = pl_gait_stats(g, i, PL_SIDE_UNKNOWN, -INFINITY, INFINITY);
		left = pl_gait_stats(g, i, PL_SIDE_LEFT, -INFINITY, INFINITY);
		right = pl_gait_stats(g, i, PL_SIDE_RIGHT, -INFINITY, INFINITY);
		pl_json_begin_object(json, pl_step_figure_key(i, g->calibrated, key, sizeof(key)));
		stats_json(json, "all", &all);
		stats_json(json, "left", &left);
		stats_json(json, "right", &right);
		pl_json_double(json, "symmetry_index_pct", symmetry(&left, &right));
		pl_json_end_object(json);
	}
	pl_json_end_object(json);
}

static void minutes_json(const struct pl_gait *g, struct pl_json *json)
{
	double first = g->n ? g->step[0].onset_s : 0;
	double until = g->n ? g->step[g->n - 1].onset_s : 0;
	char key[80], base[64];

	if (until - first < MINUTES_FROM_S)
		return;
	pl_json_begin_array(json, "minutes");
	for (double from = first; from <= until; from += 60) {
		pl_json_begin_object(json, NULL);
		pl_json_double(json, "from_s", from);
		pl_json_uint(json, "steps",
			     pl_gait_stats(g, 0, PL_SIDE_UNKNOWN, from, from + 60).n);
		pl_json_double(json, "cadence_spm", pl_gait_cadence(g, from, from + 60));
		for (size_t i = 0; i < pl_step_figure_count(); i++) {
			if (!told(g, i) || strcmp(pl_step_figure(i)->base, "saturated_pct") == 0)
				continue;
			pl_step_figure_key(i, g->calibrated, base, sizeof(base));
			snprintf(key, sizeof(key), "%s", base);
			pl_json_double(json, key,
				       pl_gait_stats(g, i, PL_SIDE_UNKNOWN, from, from + 60).mean);
		}
		pl_json_end_object(json);
	}
	pl_json_end_array(json);
}

/* The keys that scripts hold on to: contract.md. */
static void means_json(const struct pl_gait *g, struct pl_json *json)
{
	static const struct {
		const char *base, *key[2]; /* without calibration, with */
	} mean[] = {
		{"contact_time_s", {"contact_time_mean_s", "contact_time_mean_s"}},
		{"force_peak", {"force_peak_mean_counts", "force_peak_mean_n"}},
		{"impulse", {"impulse_mean_counts_s", "impulse_mean_ns"}},
		{"loading_rate_avg",
		 {"loading_rate_avg_mean_counts_per_s", "loading_rate_avg_mean_n_s"}},
	};

	for (size_t i = 0; i < pl_step_figure_count(); i++) {
		struct pl_step_stats s;

		for (size_t k = 0; k < sizeof(mean) / sizeof(mean[0]); k++) {
			if (strcmp(mean[k].base, pl_step_figure(i)->base) != 0)
				continue;
			s = pl_gait_stats(g, i, PL_SIDE_UNKNOWN, -INFINITY, INFINITY);
			pl_json_double(json, mean[k].key[g->calibrated], s.mean);
			if (k == 0)
				pl_json_double(json, "contact_time_sd_s", s.sd);
		}
	}
}

/* How many steps landed on which part of the foot. */
static void strikes_json(const struct pl_gait *g, struct pl_json *json)
{
	unsigned n[PL_STRIKE_FOREFOOT + 1] = {0};

	for (uint32_t k = 0; k < g->n; k++)
		n[g->step[k].strike] += !g->step[k].rejected;
	pl_json_begin_object(json, "strikes");
	for (int strike = PL_STRIKE_REARFOOT; strike <= PL_STRIKE_FOREFOOT; strike++)
		pl_json_uint(json, pl_strike_name((enum pl_strike)strike), n[strike]);
	pl_json_uint(json, pl_strike_name(PL_STRIKE_UNKNOWN), n[PL_STRIKE_UNKNOWN]);
	pl_json_end_object(json);
}

static void rejected_json(const struct pl_gait *g, struct pl_json *json)
{
	pl_json_uint(json, "steps_rejected", g->n - g->accepted);
	pl_json_begin_object(json, "rejected");
	for (unsigned bit = 0; bit < PL_REJECTS; bit++)
		if (g->rejected[bit])
			pl_json_uint(json, pl_reject_name(bit), g->rejected[bit]);
	pl_json_end_object(json);
	if (g->not_found)
		pl_json_uint(json, "rejections_without_step", g->not_found);
	if (g->not_kept)
		pl_json_uint(json, "steps_not_kept", g->not_kept);
}

static void gait_json(const struct pl_gait *g, const struct pl_gait_options *o,
		      struct pl_json *json)
{
	pl_json_begin_object(json, "gait");
	pl_json_uint(json, "steps", g->accepted);
	pl_json_uint(json, "steps_left", g->left);
	pl_json_uint(json, "steps_right", g->right);
	rejected_json(g, json);
	if (g->footprints)
		strikes_json(g, json);
	pl_json_double(json, "cadence_spm", g->cadence_spm);
	pl_json_string(json, "cadence_of",
		       isnan(g->cadence_spm) ? NULL
		       : g->one_foot	     ? "twice the strides of one foot"
					     : "steps");
	means_json(g, json);
	pl_json_double(json, "flight_time_s", g->flight_time_s);
	pl_json_double(json, "double_support_s", g->double_support_s);
	if (g->calibrated)
		pl_json_double(json, "drift_n", g->drift_n);
	pl_json_double(json, "gait_filter_hz", g->filter_hz);
	pl_json_string(json, "surface", g->treadmill ? "treadmill" : "overground");
	if (g->footprints)
		pl_json_string(json, "footprints",
			       !g->treadmill	       ? "on the mat"
			       : o->belt_speed_m_s > 0 ? "on the belt, at y + v t"
						       : "none: the belt's speed is not known");
	pl_json_double(json, "speed_m_s", o->speed_m_s);
	pl_json_string(json, "speed_source",
		       isfinite(o->speed_m_s) && o->speed_source ? o->speed_source : "none");
	pl_json_double(json, "body_mass_kg", o->body_mass_kg);
	if (g->calibrated) {
		pl_json_double(json, "contact_on_n", o->contact_on_n);
		pl_json_double(json, "contact_off_n", o->contact_off_n);
	}
	indicative(g, json, NAN);
	figures_json(g, json);
	minutes_json(g, json);
	pl_json_end_object(json);
}

void pl_gait_json(const struct pl_gait *g, const struct pl_gait_options *o, struct pl_json *json)
{
	if (!g->n)
		return;
	pl_json_begin_array(json, "steps");
	for (uint32_t k = 0; k < g->n; k++)
		step_json(g, o, &g->step[k], json);
	pl_json_end_array(json);
	gait_json(g, o, json);
}
