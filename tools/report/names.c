/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The analysis has some two hundred figures; a page that shows them all shows nothing. These are
 * chosen beforehand, for everybody, so that nobody picks the ones that happen to differ; plantar
 * analyze, compare and trend have the rest. A figure that a recording does not have is left out of
 * its table; those in counts stand beside those in newtons, and only one of them is ever there.
 */
#include "tools/report/names.h"

#include <string.h>

const struct pl_named_figure pl_names_standing_sides[] = {
	{NULL, "Load"},
	{"standing.load.pct", "share of body load"},
	{"standing.load.force_mean_n", "mean force"},
	{"standing.load.force_mean_counts", "mean sum"},
	{"standing.load.force_mean_bw", "mean force"},
	{NULL, "Within the foot"},
	{"standing.load.heel_pct", "heel, of the foot's load"},
	{"standing.load.midfoot_pct", "midfoot"},
	{"standing.load.forefoot_pct", "forefoot"},
	{"standing.load.heel_am_pct", "heel, anterior medial"},
	{"standing.load.heel_al_pct", "heel, anterior lateral"},
	{"standing.load.heel_pm_pct", "heel, posterior medial"},
	{"standing.load.heel_pl_pct", "heel, posterior lateral"},
	{NULL, "Pressure and print"},
	{"standing.feet.pressure_peak_kpa", "peak pressure"},
	{"standing.feet.pressure_peak_counts", "peak value"},
	{"standing.feet.heel.pressure_peak_kpa", "peak pressure, heel"},
	{"standing.feet.heel.pressure_peak_counts", "peak value, heel"},
	{"standing.feet.forefoot.pressure_peak_kpa", "peak pressure, forefoot"},
	{"standing.feet.contact_area_cm2", "contact area"},
	{"standing.feet.length_mm", "length of the print"},
	{0},
};

const struct pl_named_figure pl_names_standing_whole[] = {
	{NULL, "Both feet"},
	{"standing.load.symmetry_index_pct", "symmetry index, 200 (R - L) / (R + L)"},
	{"standing.load.shifts.count", "weight shifts"},
	{NULL, "Sway of the centre of pressure"},
	{"standing.sway.area_95_mm2", "area of the 95 % ellipse"},
	{"standing.sway.path_mm", "length of the path"},
	{"standing.sway.mean_velocity_mm_s", "mean velocity"},
	{"standing.sway.mean_velocity_ap_mm_s", "mean velocity, forward-backward"},
	{"standing.sway.mean_velocity_ml_mm_s", "mean velocity, left-right"},
	{"standing.sway.rms_ap_mm", "RMS, forward-backward"},
	{"standing.sway.rms_ml_mm", "RMS, left-right"},
	{"standing.sway.range_ap_mm", "range, forward-backward"},
	{"standing.sway.range_ml_mm", "range, left-right"},
	{"standing.sway.mean_frequency_hz", "mean frequency"},
	{0},
};

const struct pl_named_figure pl_names_steps_sides[] = {
	{NULL, "Time and force"},
	{"steps.contact_time_s", "contact time"},
	{"steps.force_peak_n", "peak force"},
	{"steps.force_peak_counts", "peak sum"},
	{"steps.force_peak_bw", "peak force"},
	{"steps.first_peak_bw", "first peak of force"},
	{"steps.impulse_ns", "impulse"},
	{"steps.impulse_counts_s", "sum over time"},
	{"steps.loading_rate_avg_bw_per_s", "loading rate, average"},
	{NULL, "Landing"},
	{"steps.strike_index_pct", "strike index, of foot length"},
	{"steps.cop_ml_excursion_mm", "early side excursion of the CoP"},
	{NULL, "Heel"},
	{"steps.heel_impulse_pct", "heel, of the impulse"},
	{"steps.heel_contact_s", "heel contact"},
	{"steps.heel_off_pct", "heel off, of stance"},
	{"steps.rearfoot_cop_time_pct", "CoP in the rearfoot, of stance"},
	{"steps.heel_medial_pct", "medial part of the heel's impulse"},
	{"feet.heel.force_peak_n", "peak force, heel"},
	{"feet.heel.pressure_peak_kpa", "peak pressure, heel"},
	{"feet.heel.pressure_peak_counts", "peak value, heel"},
	{NULL, "Midfoot and forefoot"},
	{"steps.mid_impulse_pct", "midfoot, of the impulse"},
	{"steps.fore_impulse_pct", "forefoot, of the impulse"},
	{"feet.forefoot.pressure_peak_kpa", "peak pressure, forefoot"},
	{"feet.forefoot.pressure_peak_counts", "peak value, forefoot"},
	{NULL, "Footprint"},
	{"steps.foot_progression_deg", "foot turned out"},
	{"steps.arch_index", "arch index"},
	{"steps.cpei_pct", "CPEI"},
	{"feet.contact_area_cm2", "contact area"},
	{"feet.length_mm", "length of the print"},
	{0},
};

const struct pl_named_figure pl_names_steps_whole[] = {
	{NULL, "Both feet"},
	{"gait.cadence_spm", "cadence"},
	{"gait.flight_time_s", "flight time"},
	{"gait.double_support_s", "time on both feet"},
	{0},
};

const char *pl_figure_unit(const char *figure)
{
	static const char *const unit[][2] = {
		{"_bw_per_s", "BW/s"},
		{"_bw_s", "BW s"},
		{"_bw", "BW"},
		{"_counts_s", "counts s"},
		{"_counts", "counts"},
		{"_n_s", "N/s"},
		{"_ns", "N s"},
		{"_kpa_s", "kPa s"},
		{"_kpa", "kPa"},
		{"_mm_s", "mm/s"},
		{"_mm2", "mm\xc2\xb2"},
		{"_cm2", "cm\xc2\xb2"},
		{"_mm", "mm"},
		{"_hz", "Hz"},
		{"_deg", "\xc2\xb0"},
		{"_pct", "%"},
		{"_spm", "steps/min"},
		{"_s", "s"},
		{"_n", "N"},
	};
	size_t n = strlen(figure);

	if (n >= 4 && strcmp(figure + n - 4, ".pct") == 0)
		return "%";
	for (size_t i = 0; i < sizeof(unit) / sizeof(unit[0]); i++) {
		size_t k = strlen(unit[i][0]);

		if (n > k && strcmp(figure + n - k, unit[i][0]) == 0)
			return unit[i][1];
	}
	return "";
}

const char *pl_figure_label(const char *figure)
{
	static const struct pl_named_figure *const all[] = {
		pl_names_standing_sides, pl_names_standing_whole, pl_names_steps_sides,
		pl_names_steps_whole};

	for (size_t k = 0; k < sizeof(all) / sizeof(all[0]); k++)
		for (const struct pl_named_figure *f = all[k]; f->label; f++)
			if (f->figure && strcmp(f->figure, figure) == 0)
				return f->label;
	return NULL;
}
