/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The tables of `plantar analyze`. Nothing is computed here: a figure is looked up in the
 * document, its unit comes from the end of its key, and a null is a dash. What the document does
 * not have (a section that does not apply) is not printed.
 */
#include "tools/figures.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <plantar/json.h>

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

static const struct {
	const char *suffix, *unit;
} suffixes[] = {
	{"", ""},
	{"_n", "N"},
	{"_counts", "counts"},
	{"_ns", "N s"},
	{"_counts_s", "counts s"},
	{"_kpa", "kPa"},
	{"_kpa_s", "kPa s"},
	{"_cm2", "cm\302\262"},
	{"_mm", "mm"},
	{"_s", "s"},
	{"_n_s", "N/s"},
	{"_counts_per_s", "counts/s"},
	{"_deg", "deg"},
	{"_pct", "%"},
	{"_hz", "Hz"},
};

const char *pl_figure(const json_t *value, char *buf)
{
	double v;
	int decimals;

	if (json_is_integer(value)) {
		snprintf(buf, 32, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
		return buf;
	}
	if (!json_is_real(value))
		return "-";
	v = json_real_value(value);
	decimals = v == 0 ? 0 : 3 - (int)floor(log10(fabs(v)));
	if (fabs(v) >= 1e15 || (v != 0 && fabs(v) < 1e-6))
		snprintf(buf, 32, "%.4g", v);
	else
		snprintf(buf, 32, "%.*f", decimals < 0 ? 0 : decimals > 8 ? 8 : decimals, v);
	return buf;
}

const json_t *pl_figure_find(const json_t *object, const char *base, const char **unit)
{
	char key[96];

	for (size_t i = 0; i < ARRAY_SIZE(suffixes); i++) {
		const json_t *value;

		snprintf(key, sizeof(key), "%s%s", base, suffixes[i].suffix);
		value = json_object_get(object, key);
		if (!value)
			continue;
		if (unit)
			*unit = suffixes[i].unit;
		return value;
	}
	return NULL;
}

const char *pl_figure_text(const json_t *object, const char *key, const char *fallback)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text && *text ? text : fallback;
}

void pl_csv_json(FILE *out, const json_t *value)
{
	const char *text = json_string_value(value);
	struct pl_json j;
	char digits[64];

	if (json_is_real(value)) {
		pl_json_init(&j, digits, sizeof(digits));
		pl_json_double(&j, NULL, json_real_value(value));
		fputs(pl_json_finish(&j) ? digits : "", out);
	} else if (json_is_integer(value)) {
		fprintf(out, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
	} else if (json_is_boolean(value)) {
		fputs(json_is_true(value) ? "true" : "false", out);
	} else if (text && !strpbrk(text, ",\"\r\n")) {
		fputs(text, out);
	} else if (text) {
		fputc('"', out);
		for (; *text; text++)
			fputs(*text == '"' ? "\"\"" : (char[]){*text, '\0'}, out);
		fputc('"', out);
	}
}

json_t *pl_text_json(const char *text)
{
	json_t *value = json_string(text);
	char *copy = value ? NULL : strdup(text);

	for (char *at = copy; at && *at; at++)
		if ((unsigned char)*at >= 0x80)
			*at = '?';
	if (copy)
		value = json_string(copy);
	free(copy);
	return value;
}

/* Of a table: what was read as what. */
static void print_columns(FILE *out, const json_t *r)
{
	const json_t *column;
	char factor[32];
	size_t i;

	fprintf(out, "  table of ");
	json_array_foreach(json_object_get(r, "columns"), i, column)
	{
		json_t *by = json_object_get(column, "factor");

		fprintf(out, "%s%s (%s", i ? i % 3 ? ", " : ",\n  " : "",
			pl_figure_text(column, "name", "-"), pl_figure_text(column, "from", "-"));
		if (json_number_value(by) != 1)
			fprintf(out, " x %s", pl_figure(by, factor));
		fprintf(out, ", %s)", pl_figure_text(column, "unit", "-"));
	}
}

/* Counts are no newtons, and why they are counts matters. */
static void print_counts(FILE *out, const json_t *r)
{
	if (strcmp(pl_figure_text(r, "unit", ""), "counts") != 0)
		return;
	if (json_is_true(json_object_get(r, "calibration_expired")))
		fprintf(out, "  calibration %s ended on %s: values are counts\n",
			pl_figure_text(r, "calibration", "-"),
			pl_figure_text(r, "calibration_expires", "-"));
	else
		fprintf(out, "  no calibration: values are counts\n");
}

void pl_figures_recording(FILE *out, const json_t *r)
{
	char a[32], b[32], c[32], d[32];
	const json_t *lost = json_object_get(r, "lost_frames");

	fprintf(out, "%s (%s)\n", pl_figure_text(r, "path", "-"), pl_figure_text(r, "format", "-"));
	if (json_object_get(r, "columns"))
		print_columns(out, r);
	else if (strcmp(pl_figure_text(r, "layout", ""), "sensors") == 0)
		fprintf(out, "  %s sensors in each of %s insoles, places and areas not known",
			pl_figure(json_object_get(r, "rows"), a),
			pl_figure(json_object_get(r, "cols"), b));
	else
		fprintf(out, "  %s rows x %s columns, pitch %s x %s mm",
			pl_figure(json_object_get(r, "rows"), a),
			pl_figure(json_object_get(r, "cols"), b),
			pl_figure(json_object_get(r, "pitch_row_mm"), c),
			pl_figure(json_object_get(r, "pitch_col_mm"), d));
	if (strcmp(pl_figure_text(r, "layout", ""), "picture") == 0) {
		fprintf(out, "\n  a picture of each cell's peak: no forces, no times\n");
		return;
	}
	fprintf(out, ", %s Hz\n", pl_figure(json_object_get(r, "rate_hz"), a));
	fprintf(out, "  %s frames, %s s, %s lost", pl_figure(json_object_get(r, "frames"), a),
		pl_figure(json_object_get(r, "duration_s"), b), pl_figure(lost, c));
	if (json_integer_value(json_object_get(r, "gaps")))
		fprintf(out, " in %s gaps", pl_figure(json_object_get(r, "gaps"), a));
	fputc('\n', out);
	if (json_object_get(r, "partial_frames"))
		fprintf(out,
			"  %s frames lack the cells of a source that was not there: figures of "
			"that "
			"time are of the rest\n",
			pl_figure(json_object_get(r, "partial_frames"), a));
	print_counts(out, r);
}

/* Display width: a byte that continues a UTF-8 character takes no column. */
static int columns(const char *text)
{
	int n = 0;

	for (; *text; text++)
		n += ((unsigned char)*text & 0xC0u) != 0x80u;
	return n;
}

static void right(FILE *out, const char *text, int width)
{
	fprintf(out, "%*s%s", width > columns(text) ? width - columns(text) : 0, "", text);
}

static void print_totals(FILE *out, const json_t *total)
{
	static const struct {
		const char *base, *label;
	} rows[] = {
		{"force_peak", "peak force"},
		{"force_peak_frame", "  at frame (from 0)"},
		{"force_time_integral", "force-time integral"},
		{"pressure_peak", "peak pressure"},
		{"contact_area_peak", "contact area, largest frame"},
		{"contact_area_footprint", "contact area, footprint"},
		{"pressure_time_integral_max_cell", "pressure-time integral, largest of a cell"},
		{"pressure_time_integral_peak_curve", "pressure-time integral, of the peak curve"},
	};
	char buf[32];

	fprintf(out, "\nTotal\n");
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const char *unit = "";
		const json_t *value = pl_figure_find(total, rows[i].base, &unit);

		if (!value)
			continue;
		fprintf(out, "  %-42s", rows[i].label);
		right(out, pl_figure(value, buf), 10);
		if (json_is_null(value))
			unit = "";
		fprintf(out, "%s%s\n", *unit ? " " : "", unit);
	}
}

static const struct {
	const char *base, *label;
	int width;
} region_columns[] = {
	{"force_peak", "peak force", 12},
	{"force_time_integral", "impulse", 11},
	{"load", "load", 8},
	{"pressure_peak", "peak press.", 13},
	{"contact_area", "area", 8},
	{"contact_time", "contact", 9},
	{"contact", "of stance", 11},
};

static const struct {
	const char *key, *label;
} region_rows[] = {
	{"foot", "whole foot"},
	{"heel", "heel"},
	{"heel_am", "  anterior medial"},
	{"heel_al", "  anterior lateral"},
	{"heel_pm", "  posterior medial"},
	{"heel_pl", "  posterior lateral"},
	{"midfoot", "midfoot"},
	{"midfoot_medial", "  medial"},
	{"midfoot_lateral", "  lateral"},
	{"forefoot", "forefoot"},
	{"forefoot_medial", "  medial"},
	{"forefoot_lateral", "  lateral"},
	{"unassigned", "unassigned"},
};

/* contact_pct is found as "contact" + "_pct"; "contact" must not find contact_time. */
static void print_region_head(FILE *out, json_t *regions)
{
	const char *key;
	json_t *region;

	fprintf(out, "  %-20s", "");
	for (size_t c = 0; c < ARRAY_SIZE(region_columns); c++)
		right(out, region_columns[c].label, region_columns[c].width);
	fprintf(out, "\n  %-20s", "");
	for (size_t c = 0; c < ARRAY_SIZE(region_columns); c++) {
		const char *unit = "";

		json_object_foreach(
			regions, key,
			region) if (pl_figure_find(region, region_columns[c].base, &unit)) break;
		right(out, unit, region_columns[c].width);
	}
	fputc('\n', out);
}

static void print_region(FILE *out, const json_t *region, const char *label)
{
	char buf[32];

	fprintf(out, "  %-20s", label);
	for (size_t c = 0; c < ARRAY_SIZE(region_columns); c++)
		right(out, pl_figure(pl_figure_find(region, region_columns[c].base, NULL), buf),
		      region_columns[c].width);
	fputc('\n', out);
}

static bool told(const json_t *region)
{
	for (size_t c = 0; c < ARRAY_SIZE(region_columns); c++)
		if (json_is_number(pl_figure_find(region, region_columns[c].base, NULL)))
			return true;
	return false;
}

static bool known_region(const char *key)
{
	for (size_t i = 0; i < ARRAY_SIZE(region_rows); i++)
		if (strcmp(region_rows[i].key, key) == 0)
			return true;
	return false;
}

/* "  faces forward (path); side: shape; partial (edge)" */
static void print_standing(FILE *out, const json_t *foot)
{
	const char *facing = pl_figure_text(foot, "facing", "unknown");
	const char *facing_source = pl_figure_text(foot, "facing_source", "");
	const char *side_source = pl_figure_text(foot, "side_source", "");

	if (strcmp(facing, "unknown") == 0)
		fprintf(out, "  facing unknown");
	else
		fprintf(out, "  faces %s (%s)", facing, facing_source);
	if (*side_source)
		fprintf(out, "; side: %s", side_source);
	if (json_is_true(json_object_get(foot, "partial")))
		fprintf(out, "; partial (%s)", pl_figure_text(foot, "partial_why", "?"));
	if (json_is_true(json_object_get(foot, "touched")))
		fprintf(out, "; touched another foot");
	fputc('\n', out);
}

static void print_foot(FILE *out, const json_t *foot, size_t number)
{
	json_t *regions = json_object_get(foot, "regions"), *region;
	const char *side = pl_figure_text(foot, "side", "unknown");
	bool sided = strcmp(side, "unknown") != 0;
	bool explained = false; /* why there are no heel quadrants */
	const char *key;
	char a[32], b[32];

	if (!sided)
		side = "side unknown";
	fprintf(out, "\nFoot %zu: %s", number, side);
	if (json_is_number(json_object_get(foot, "length_mm")))
		fprintf(out, ", length %s mm, width %s mm",
			pl_figure(json_object_get(foot, "length_mm"), a),
			pl_figure(json_object_get(foot, "width_mm"), b));
	fputc('\n', out);
	print_standing(out, foot);
	if (!json_is_object(regions)) {
		fprintf(out, "  no regions: its length is not known\n");
		return;
	}
	print_region_head(out, regions);
	print_region(out, foot, "whole foot");
	for (size_t i = 0; i < ARRAY_SIZE(region_rows); i++) {
		bool quadrant = strncmp(region_rows[i].key, "heel_", 5) == 0;

		region = json_object_get(regions, region_rows[i].key);
		if (!region)
			continue;
		if (!quadrant || told(region))
			print_region(out, region, region_rows[i].label);
		else if (!explained)
			fprintf(out, "    no quadrants: %s\n",
				sided ? "fewer than nine cells in one of them"
				      : "the side is unknown");
		explained |= quadrant;
	}
	json_object_foreach(regions, key, region) if (!known_region(key))
		print_region(out, region, key);
}

/* "region novel, axis foot, ...", wrapped; a convention that does not apply is left out. */
static void print_method(FILE *out, json_t *method)
{
	const char *key;
	json_t *value;
	char number[32], item[160];
	int column = 0, width;

	fprintf(out, "\nHow it was computed\n");
	json_object_foreach(method, key, value)
	{
		if (json_is_null(value) || json_is_object(value) || json_is_array(value))
			continue;
		snprintf(item, sizeof(item), "%s %s", key,
			 json_is_string(value)	  ? json_string_value(value)
			 : json_is_boolean(value) ? (json_is_true(value) ? "yes" : "no")
						  : pl_figure(value, number));
		width = columns(item) + 2;
		if (column && column + width > 76) {
			fprintf(out, ",\n");
			column = 0;
		}
		fprintf(out, "%s%s", column ? ", " : "  ", item);
		column += width;
	}
	fprintf(out, "\n");
}

void pl_figures_analysis(FILE *out, const json_t *document)
{
	const json_t *feet = json_object_get(document, "feet");
	const json_t *total = json_object_get(document, "total");
	json_t *method = json_object_get(document, "method");

	pl_figures_recording(out, json_object_get(document, "recording"));
	if (total)
		print_totals(out, total);
	for (size_t i = 0; i < json_array_size(feet); i++)
		print_foot(out, json_array_get(feet, i), i + 1);
	pl_figures_standing(out, json_object_get(document, "standing"));
	pl_figures_gait(out, document);
	if (method)
		print_method(out, method);
}
