/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The table of somebody standing: load left and right, of heel and forefoot, then sway with the
 * resultant beside its two axes. As in figures.c nothing is computed here.
 */
#include "tools/figures.h"
#include "tools/layout.h"

#include <stdbool.h>
#include <string.h>

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

static const json_t *member(const json_t *object, const char *prefix, const char *base,
			    const char *suffix)
{
	char key[96];

	snprintf(key, sizeof(key), "%s%s%s", prefix, base, suffix);
	return json_object_get(object, key);
}

static void cell(FILE *out, const json_t *value, int width)
{
	char buf[32];

	fprintf(out, "%*s", width, pl_figure(value, buf));
}

/* "44.62 +- 1.76" */
static void mean_and_sd(FILE *out, const json_t *mean, const json_t *sd, int width)
{
	char text[80], a[32], b[32];

	if (json_is_number(sd))
		snprintf(text, sizeof(text), "%s +- %s", pl_figure(mean, a),
			 pl_figure_scatter(sd, mean, b));
	else
		snprintf(text, sizeof(text), "%s", pl_figure(mean, a));
	fprintf(out, "%*s", width, text);
}

/* ---- load ----------------------------------------------------------------------------------- */

static const char *const load_columns[] = {"left_", "right_", ""};

static void print_shares(FILE *out, const json_t *load)
{
	static const struct {
		const char *base, *label;
	} rows[] = {
		{"heel", "heel"},
		{"heel_am", "  anterior medial"},
		{"heel_al", "  anterior lateral"},
		{"heel_pm", "  posterior medial"},
		{"heel_pl", "  posterior lateral"},
		{"midfoot", "midfoot"},
		{"forefoot", "forefoot"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		bool any = false;

		for (size_t c = 0; c < ARRAY_SIZE(load_columns); c++)
			any |= json_is_number(member(load, load_columns[c], rows[i].base, "_pct"));
		if (!any)
			continue;
		fprintf(out, "  %-24s", rows[i].label);
		for (size_t c = 0; c < ARRAY_SIZE(load_columns); c++)
			mean_and_sd(out, member(load, load_columns[c], rows[i].base, "_pct"),
				    member(load, load_columns[c], rows[i].base, "_sd_pct"), 17);
		fprintf(out, " %%\n");
	}
}

static void print_forces(FILE *out, const json_t *standing, const json_t *load)
{
	const char *unit = json_object_get(standing, "force_mean_counts") ? "_counts" : "_n";

	fprintf(out, "  %-24s", "mean force");
	for (size_t c = 0; c < ARRAY_SIZE(load_columns); c++) {
		const json_t *from = c == 2 ? standing : load;

		mean_and_sd(out, member(from, load_columns[c], "force_mean", unit),
			    member(from, load_columns[c], "force_sd", unit), 17);
	}
	fprintf(out, " %s\n", unit[1] == 'n' ? "N" : "counts");
	if (!json_object_get(standing, "force_mean_bw"))
		return;
	fprintf(out, "  %-24s", "  of body weight");
	cell(out, json_object_get(load, "left_force_mean_bw"), 17);
	cell(out, json_object_get(load, "right_force_mean_bw"), 17);
	cell(out, json_object_get(standing, "force_mean_bw"), 17);
	fputc('\n', out);
}

static void print_shifts(FILE *out, const json_t *shifts)
{
	char a[32], b[32];

	if (!json_is_object(shifts))
		return;
	fprintf(out, "  weight shifts: %s", pl_figure(json_object_get(shifts, "count"), a));
	if (json_is_number(json_object_get(shifts, "size_mean_pct")))
		fprintf(out, " of %s %% on average",
			pl_figure(json_object_get(shifts, "size_mean_pct"), a));
	if (json_is_number(json_object_get(shifts, "dwell_mean_s")))
		fprintf(out, ", %s s between them (longest %s)",
			pl_figure(json_object_get(shifts, "dwell_mean_s"), a),
			pl_figure(json_object_get(shifts, "dwell_max_s"), b));
	fputc('\n', out);
}

static void print_load(FILE *out, const json_t *standing)
{
	const json_t *load = json_object_get(standing, "load");
	char buf[32];

	if (!load)
		return;
	fprintf(out, "  %-24s%17s%17s%17s\n", "", "left", "right", "both");
	print_forces(out, standing, load);
	fprintf(out, "  %-24s", "share of the load");
	mean_and_sd(out, json_object_get(load, "left_pct"), json_object_get(load, "left_sd_pct"),
		    17);
	mean_and_sd(out, json_object_get(load, "right_pct"), json_object_get(load, "right_sd_pct"),
		    17);
	fprintf(out, "%17s %%\n", "");
	print_shares(out, load);
	if (json_is_number(json_object_get(load, "symmetry_index_pct")))
		fprintf(out, "  symmetry index %s %% (positive: more on the right)\n",
			pl_figure(json_object_get(load, "symmetry_index_pct"), buf));
	print_shifts(out, json_object_get(load, "shifts"));
}

/* ---- sway ----------------------------------------------------------------------------------- */

static bool is_near_own(const json_t *sway, const char *key)
{
	const json_t *near = json_object_get(sway, "below_three_own");

	for (size_t i = 0; i < json_array_size(near); i++)
		if (strcmp(json_string_value(json_array_get(near, i)), key) == 0)
			return true;
	return false;
}

static void sway_cell(FILE *out, const json_t *sway, const char *base, const char *axis,
		      const char *suffix)
{
	char key[96], number[32], text[40];

	snprintf(key, sizeof(key), "%s%s%s", base, axis, suffix);
	snprintf(text, sizeof(text), "%s%s", is_near_own(sway, key) ? "*" : "",
		 pl_figure(json_object_get(sway, key), number));
	fprintf(out, "%12s", text);
}

static const char *const axes[] = {"", "_ap", "_ml"};

static void print_own(FILE *out, const json_t *own, const char *base, const char *suffix)
{
	bool any = false;
	char buf[32];

	for (size_t k = 0; k < ARRAY_SIZE(axes); k++)
		any |= member(own, base, axes[k], suffix) != NULL;
	for (size_t k = 0; any && k < ARRAY_SIZE(axes); k++)
		fprintf(out, "%s%s", k ? ", " : "  (",
			pl_figure(member(own, base, axes[k], suffix), buf));
	if (any)
		fputc(')', out);
}

static void print_sway(FILE *out, const json_t *sway, bool of_mat)
{
	static const struct {
		const char *base, *suffix, *label, *unit;
	} rows[] = {
		{"path", "_mm", "path", "mm"},
		{"mean_velocity", "_mm_s", "mean velocity", "mm/s"},
		{"rms", "_mm", "RMS", "mm"},
		{"range", "_mm", "range", "mm"},
		{"mean_distance", "_mm", "mean distance", "mm"},
		{"mean_frequency", "_hz", "mean frequency", "Hz"},
		{"f50", "_hz", "  half of the power", "Hz"},
		{"f95", "_hz", "  95 % of the power", "Hz"},
		{"mean_frequency_prieto", "_hz", "mean frequency (Prieto)", "Hz"},
	};
	char a[32], b[32], c[32];

	if (!sway)
		return;
	fprintf(out, "  %-24s%12s%12s%12s%s\n", "sway", "both", of_mat ? "mat's y" : "forward",
		of_mat ? "mat's x" : "sideways",
		json_object_get(sway, "own") ? "       (the mat's own)" : "");
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		fprintf(out, "  %-24s", rows[i].label);
		for (size_t k = 0; k < ARRAY_SIZE(axes); k++)
			sway_cell(out, sway, rows[i].base, axes[k], rows[i].suffix);
		fprintf(out, " %s", rows[i].unit);
		print_own(out, json_object_get(sway, "own"), rows[i].base, rows[i].suffix);
		fputc('\n', out);
	}
	fprintf(out, "  ellipse (95 %%) %s%s mm\302\262, half axes %s and %s mm\n",
		is_near_own(sway, "area_95_mm2") ? "*" : "",
		pl_figure(json_object_get(sway, "area_95_mm2"), a),
		pl_figure(json_object_get(sway, "ellipse_major_mm"), b),
		pl_figure(json_object_get(sway, "ellipse_minor_mm"), c));
	if (json_object_get(sway, "own"))
		fprintf(out, "  ellipse of the mat's own sway %s mm\302\262\n",
			pl_figure(json_object_get(json_object_get(sway, "own"), "area_95_mm2"), a));
}

/* ---- all ------------------------------------------------------------------------------------ */

static void print_flags(FILE *out, const json_t *flags)
{
	static const struct {
		const char *flag, *text;
	} known[] = {
		{"below_25_s", "shorter than 25 s: compare with care"},
		{"below_50_hz", "fewer than 50 frames a second: compare with care"},
		{"gap", "cut short where frames are missing"},
		{"unfiltered", "not filtered: the rate is too low for the filter"},
		{"cut", "cut short: longer than what is kept in memory"},
		{"near_own_sway", "figures marked * are below three times the mat's own sway"},
		{"coarse_floor", "the mat's codes are 2 kPa or more apart: sway may be off by 5 %"},
		{"rate", "the rate is that of the time stamps: the nominal one is off"},
	};

	for (size_t i = 0; i < json_array_size(flags); i++) {
		const char *flag = json_string_value(json_array_get(flags, i));

		for (size_t k = 0; flag && k < ARRAY_SIZE(known); k++)
			if (strcmp(flag, known[k].flag) == 0)
				fprintf(out, "  ! %s\n", known[k].text);
	}
}

void pl_figures_standing(FILE *out, const json_t *standing)
{
	char a[32], b[32];

	if (!standing)
		return;
	fprintf(out, "\nStanding: from %s to %s s\n",
		pl_figure(json_object_get(standing, "from_s"), a),
		pl_figure(json_object_get(standing, "to_s"), b));
	print_flags(out, json_object_get(standing, "flags"));
	print_load(out, standing);
	print_sway(out, json_object_get(standing, "sway"),
		   strcmp(pl_figure_text(standing, "axes", ""), "mat") == 0);
}
