/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The analysis as JSON. Keys carry their unit; without calibration they say counts, and there is
 * no newton anywhere in the document. What cannot be said is null.
 */
#include <math.h>
#include <stdio.h>

#include "analysis_private.h"

enum quantity { FORCE, IMPULSE, PRESSURE, PRESSURE_TIME };

static void number(const struct pl_analysis *a, struct pl_json *json, const char *base,
		   enum quantity quantity, double value)
{
	static const char *const unit[][2] = {
		[FORCE] = {"counts", "n"},
		[IMPULSE] = {"counts_s", "ns"},
		[PRESSURE] = {"counts", "kpa"},
		[PRESSURE_TIME] = {"counts_s", "kpa_s"},
	};
	char key[80];

	snprintf(key, sizeof(key), "%s_%s", base, unit[quantity][a->calibrated]);
	if (a->options.picture && quantity != PRESSURE)
		value = NAN;
	pl_json_double(json, key, value);
}

static void method(const struct pl_analysis *a, struct pl_json *json)
{
	const struct pl_analysis_options *o = &a->options;

	pl_json_begin_object(json, "method");
	pl_json_string(json, "region", pl_region_name(o->region));
	pl_json_string(json, "axis", pl_axis_name(o->axis));
	pl_standing_method_json(pl_analysis_standing(a), json);
	if (a->calibrated) {
		pl_json_double(json, "contact_on_n", o->contact_on_n);
		pl_json_double(json, "contact_off_n", o->contact_off_n);
	}
	number(a, json, "contact", PRESSURE, a->contact);
	pl_json_string(json, "facing", pl_facing_name(o->facing));
	if (a->not_kept)
		pl_json_uint(json, "contacts_not_kept", a->not_kept);
	pl_json_string(json, "version", PL_ANALYSIS_VERSION);
	pl_json_end_object(json);
}

static void total(const struct pl_analysis *a, struct pl_json *json)
{
	const struct pl_totals *t = &a->totals;

	pl_json_begin_object(json, "total");
	number(a, json, "force_peak", FORCE, t->force_peak_n);
	if (t->force_peak_frame >= 0 && !a->options.picture)
		pl_json_int(json, "force_peak_frame", t->force_peak_frame);
	else
		pl_json_null(json, "force_peak_frame");
	number(a, json, "force_time_integral", IMPULSE, t->force_time_integral_ns);
	number(a, json, "pressure_peak", PRESSURE, t->pressure_peak_kpa);
	pl_json_double(json, "contact_area_peak_cm2",
		       a->options.picture ? NAN : t->contact_area_peak_cm2);
	pl_json_double(json, "contact_area_footprint_cm2", t->contact_area_footprint_cm2);
	number(a, json, "pressure_time_integral_max_cell", PRESSURE_TIME,
	       t->pressure_time_integral_max_cell_kpa_s);
	number(a, json, "pressure_time_integral_peak_curve", PRESSURE_TIME,
	       t->pressure_time_integral_peak_curve_kpa_s);
	pl_json_end_object(json);
}

static double share(double part, double whole)
{
	return whole > 0 ? 100 * part / whole : NAN;
}

static void region(const struct pl_analysis *a, struct pl_json *json, const struct pl_foot *foot,
		   enum pl_region r)
{
	unsigned atoms = pl_region_atoms(r, foot->side);
	bool quadrant = r >= PL_REGION_HEEL_AM && r <= PL_REGION_HEEL_PL;
	const struct pl_integral *i = &foot->region[r];
	double area;

	if (!atoms || (quadrant && !pl_overlay_quadrants(&foot->overlay))) {
		pl_json_null(json, pl_region_keys[r]);
		return;
	}
	area = 1e4 * pl_cell_area_m2(&a->geometry) * pl_atoms_sum(foot->overlay.cells, atoms);
	pl_json_begin_object(json, pl_region_keys[r]);
	number(a, json, "force_peak", FORCE, i->force_peak);
	number(a, json, "force_time_integral", IMPULSE, i->force_time);
	pl_json_double(json, "load_pct",
		       a->options.picture ? NAN : share(i->force_time, foot->whole.force_time));
	number(a, json, "pressure_peak", PRESSURE, i->pressure_peak);
	number(a, json, "pressure_time_integral_max_cell", PRESSURE_TIME, foot->cell_time_max[r]);
	number(a, json, "pressure_time_integral_peak_curve", PRESSURE_TIME, i->pressure_time_curve);
	pl_json_double(json, "contact_area_cm2", area);
	pl_json_double(json, "contact_time_s", a->options.picture ? NAN : i->contact_time_s);
	pl_json_double(json, "contact_pct",
		       a->options.picture ? NAN
					  : share(i->contact_time_s, foot->whole.contact_time_s));
	pl_json_end_object(json);
}

static const char *facing_of(const struct pl_foot *foot)
{
	enum pl_facing facing = pl_foot_facing(foot);

	return facing == PL_FACING_AUTO ? "unknown" : pl_facing_name(facing);
}

static void source(struct pl_json *json, const char *key, enum pl_source from)
{
	static const char *const name[] = {[PL_SOURCE_GIVEN] = "given",
					   [PL_SOURCE_SHAPE] = "shape",
					   [PL_SOURCE_PATH] = "path",
					   [PL_SOURCE_ORDER] = "order"};

	if (from == PL_SOURCE_NONE)
		pl_json_null(json, key);
	else
		pl_json_string(json, key, name[from]);
}

static void foot_json(const struct pl_analysis *a, struct pl_json *json, const struct pl_foot *foot)
{
	const struct pl_shape *s = &foot->shape;
	double area = 1e4 * pl_cell_area_m2(&a->geometry) * foot->print.cells;

	pl_json_begin_object(json, NULL);
	pl_json_string(json, "side", pl_side_name(foot->side));
	source(json, "side_source", foot->side_source);
	pl_json_string(json, "facing", facing_of(foot));
	source(json, "facing_source", foot->facing_source);
	pl_json_bool(json, "partial", foot->partial != 0);
	if (foot->partial)
		pl_json_string(json, "partial_why",
			       foot->partial & PL_PARTIAL_EDGE ? "edge" : "short");
	else
		pl_json_null(json, "partial_why");
	pl_json_bool(json, "touched", foot->touched);
	pl_json_double(json, "length_mm", foot->ready ? 1e3 * s->length_m : NAN);
	pl_json_double(json, "width_mm", foot->ready ? 1e3 * s->width_m : NAN);
	pl_json_double(json, "axis_deg", foot->ready ? atan2(s->ax, s->ay) * 180.0 / M_PI : NAN);
	pl_json_uint(json, "contacts", foot->contacts);
	number(a, json, "force_peak", FORCE, foot->whole.force_peak);
	number(a, json, "force_time_integral", IMPULSE, foot->whole.force_time);
	number(a, json, "pressure_peak", PRESSURE, foot->whole.pressure_peak);
	pl_json_double(json, "contact_area_cm2", area);
	pl_json_double(json, "contact_time_s",
		       a->options.picture ? NAN : foot->whole.contact_time_s);
	if (!foot->ready) {
		pl_json_null(json, "regions");
	} else {
		pl_json_begin_object(json, "regions");
		for (int r = 0; r < PL_REGIONS; r++)
			region(a, json, foot, (enum pl_region)r);
		pl_json_end_object(json);
	}
	pl_json_end_object(json);
}

const char *pl_analysis_version(void)
{
	return PL_ANALYSIS_VERSION;
}

void pl_analysis_json(const struct pl_analysis *a, struct pl_json *json)
{
	const struct pl_standing *standing = pl_analysis_standing(a);

	method(a, json);
	total(a, json);
	if (a->n_feet) {
		pl_json_begin_array(json, "feet");
		for (uint32_t k = 0; k < a->n_feet; k++)
			foot_json(a, json, &a->foot[k]);
		pl_json_end_array(json);
		pl_gait_json(&a->gait, &a->options.gait, json);
	}
	if (standing)
		pl_standing_json(standing, json);
}
