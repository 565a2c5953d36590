/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A calibration file is read by people, too, years later: what it is and where it comes from stands
 * on top, the long tables at the end. Numbers are written with as many digits as read back to the
 * same bits where they decide a value; offsets and gains, which are measured, with fewer.
 */
#include "drivers/mat/calibration_text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define EXACT 17 /* digits */

/* libconfig takes 5 for a whole number and 5.0 for a real one; both are read, this is the rule. */
static void real(FILE *out, double value, int digits)
{
	char text[40];

	snprintf(text, sizeof(text), "%.*g", digits, value);
	fprintf(out, "%s%s", text, strpbrk(text, ".en") ? "" : ".0");
}

static void number(FILE *out, const char *key, double value, int digits)
{
	fprintf(out, "%s = ", key);
	real(out, value, digits);
	fputs(";\n", out);
}

static void words(FILE *out, const char *key, const char *text)
{
	if (!*text)
		return;
	fprintf(out, "%s = \"", key);
	for (; *text; text++)
		fprintf(out, "%s%c", *text == '"' || *text == '\\' ? "\\" : "", *text);
	fputs("\";\n", out);
}

static void write_origin(FILE *out, const struct pl_calibration_origin *o)
{
	words(out, "calibrated", o->calibrated);
	words(out, "expires", o->expires);
	words(out, "by", o->by);
	words(out, "method", o->method);
	number(out, "reference_n", o->reference_n, 6);
	number(out, "residual_rms_pct", o->residual_rms_pct, 4);
	number(out, "residual_max_pct", o->residual_max_pct, 4);
	if (o->repeat_pct > 0)
		number(out, "repeat_pct", o->repeat_pct, 4);
	if (o->body_mass_kg > 0) {
		number(out, "body_mass_kg", o->body_mass_kg, 6);
		number(out, "body_error_pct", o->body_error_pct, 4);
	}
}

static void write_loads(FILE *out, const struct pl_calibration_load *load, size_t n)
{
	if (!n)
		return;
	fputs("# row, column, N on the mat, N measured with this calibration\nloads = (\n", out);
	for (size_t i = 0; i < n; i++) {
		const double v[] = {load[i].row, load[i].col, load[i].force_n, load[i].measured_n};

		fputs("  (", out);
		for (size_t k = 0; k < 4; k++) {
			fputs(k ? ", " : "", out);
			real(out, v[k], k < 2 ? 4 : 6);
		}
		fprintf(out, ")%s\n", i + 1 < n ? "," : "");
	}
	fputs(");\n", out);
}

static void write_curve(FILE *out, const struct pl_calibration *cal)
{
	if (!cal->curve_points) {
		number(out, "scale", cal->scale, EXACT);
		return;
	}
	fputs("curve = (\n", out);
	for (unsigned i = 0; i < cal->curve_points; i++) {
		fputs("  (", out);
		real(out, cal->curve_counts[i], EXACT);
		fputs(", ", out);
		real(out, cal->curve_value[i], EXACT);
		fprintf(out, ")%s\n", i + 1 < cal->curve_points ? "," : "");
	}
	fputs(");\n", out);
}

static void write_states(FILE *out, const struct pl_calibration *cal, const struct pl_geometry *g,
			 const char *key, bool none)
{
	size_t n = 0;

	for (size_t i = 0; cal->cell_state && i < cal->cells; i++) {
		if (cal->cell_state[i] == PL_CELL_OK ||
		    (cal->cell_state[i] == PL_CELL_NONE) != none)
			continue;
		if (n++ == 0)
			fprintf(out, "%s = (", key);
		fprintf(out, "%s(%zu, %zu)", n > 1 ? ", " : "", i / g->cols, i % g->cols);
	}
	if (n)
		fputs(");\n", out);
}

static void write_table(FILE *out, const char *key, const double *value,
			const struct pl_geometry *g, int digits)
{
	if (!value)
		return;
	fprintf(out, "%s = [\n", key);
	for (unsigned r = 0; r < g->rows; r++)
		for (unsigned c = 0; c < g->cols; c++) {
			bool last = r + 1 == g->rows && c + 1 == g->cols;

			real(out, value[(size_t)r * g->cols + c], digits);
			fputs(last ? "\n" : c + 1 == g->cols ? ",\n" : ", ", out);
		}
	fputs("];\n", out);
}

static void write_body(FILE *out, const struct pl_calibration *cal, const struct pl_geometry *g,
		       const struct pl_calibration_load *load, size_t n_loads)
{
	write_origin(out, &cal->origin);
	fprintf(out, "unit = \"%s\";\n", pl_unit_name(cal->unit));
	write_curve(out, cal);
	number(out, "noise_floor", cal->noise_floor, EXACT);
	number(out, "contact", cal->contact, EXACT);
	if (cal->saturation_counts > 0)
		number(out, "saturation_counts", cal->saturation_counts, EXACT);
	fprintf(out, "policy = \"%s\";\n",
		cal->dead_policy == PL_DEAD_INTERPOLATE ? "interpolate" : "exclude");
	write_loads(out, load, n_loads);
	write_states(out, cal, g, "dead_cells", false);
	write_states(out, cal, g, "no_cells", true);
	write_table(out, "gain", cal->cell_gain, g, 6);
	write_table(out, "offset", cal->cell_offset, g, 6);
}

static void make_id(struct pl_calibration *cal, const char *body)
{
	const char *d = cal->origin.calibrated;
	uint64_t hash = 0xCBF29CE484222325u;

	for (; *body; body++)
		hash = (hash ^ (uint8_t)*body) * 0x100000001B3u;
	snprintf(cal->id, sizeof(cal->id), "%.4s%.2s%.2s-%08x", d, *d ? d + 5 : d, *d ? d + 8 : d,
		 (unsigned)(hash ^ hash >> 32));
}

char *pl_calibration_text(struct pl_calibration *cal, const struct pl_geometry *g,
			  const struct pl_calibration_load *load, size_t n_loads,
			  struct pl_error *err)
{
	char *body = NULL, *text = NULL;
	size_t size;
	FILE *out = open_memstream(&body, &size);
	bool ok = out != NULL;

	if (out) {
		write_body(out, cal, g, load, n_loads);
		ok = fclose(out) == 0;
	}
	out = ok ? open_memstream(&text, &size) : NULL;
	if (out) {
		make_id(cal, body);
		fprintf(out,
			"# Calibration of one mat, made by plantar calibrate. In plantard.conf, in "
			"the entry of\n# this mat: calibration = \"this file\"; keys: man "
			"plantar-mat, "
			"CALIBRATION.\nid = \"%s\";\n%s",
			cal->id, body);
		ok = fclose(out) == 0;
	}
	free(body);
	if (out && ok)
		return text;
	free(text);
	pl_error_set(err, PL_ENOMEM, 0, "out of memory for a calibration's text");
	return NULL;
}
