/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Steps and gait of `plantar analyze` as tables. What does not apply to a recording (a strike on
 * a force plate) is null for every step, and then its row is left out.
 */
#include <stdbool.h>
#include <string.h>

#include "tools/figures.h"
#include "tools/layout.h"

#define STEPS_SHOWN 12
#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

static const struct {
	const char *base, *label;
} rows[] = {
	{"contact_time", "contact time"},
	{"force_peak", "peak force"},
	{"impulse", "impulse"},
	{"first_peak", "first peak of the force"},
	{"loading_rate_avg", "loading rate, mean"},
	{"loading_rate_max", "loading rate, steepest"},
	{"strike_index", "strike index, from the heel"},
	{"heel_contact", "time of the heel in contact"},
	{"heel_off", "heel off, of stance"},
	{"rearfoot_cop_time", "centre of pressure in the heel"},
	{"heel_impulse", "impulse of the heel"},
	{"mid_impulse", "impulse of the midfoot"},
	{"fore_impulse", "impulse of the forefoot"},
	{"heel_medial", "heel's impulse, medial half"},
	{"cop_ml_excursion", "excursion across, early stance"},
	{"cpei", "CPEI"},
	{"arch_index", "arch index"},
	{"foot_progression", "toes out"},
};

/* Of one side, or of all: "mean (SD)"; a dash if there is none. */
static void print_stats(FILE *out, const json_t *figure, const char *side)
{
	const json_t *s = json_object_get(figure, side);
	char mean[32], sd[32], text[80];

	if (json_is_number(json_object_get(s, "sd")))
		snprintf(text, sizeof(text), "%s (%s)", pl_figure(json_object_get(s, "mean"), mean),
			 pl_figure_scatter(json_object_get(s, "sd"), json_object_get(s, "mean"),
					   sd));
	else
		snprintf(text, sizeof(text), "%s", pl_figure(json_object_get(s, "mean"), mean));
	fprintf(out, "%20s", text);
}

static bool has_any(const json_t *figure)
{
	return json_integer_value(json_object_get(json_object_get(figure, "all"), "n")) > 0;
}

static void print_figures(FILE *out, const json_t *figures)
{
	fprintf(out, "  %-32s%-8s%20s%20s%20s\n", "mean (SD)", "", "all", "left", "right");
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const char *unit = "";
		const json_t *figure = pl_figure_find(figures, rows[i].base, &unit);

		if (!has_any(figure))
			continue;
		fprintf(out, "  %-32s%-8s", rows[i].label, unit);
		print_stats(out, figure, "all");
		print_stats(out, figure, "left");
		print_stats(out, figure, "right");
		fputc('\n', out);
	}
}

static void print_list(FILE *out, const char *before, const json_t *words)
{
	for (size_t i = 0; i < json_array_size(words); i++)
		fprintf(out, "%s%s", i ? ", " : before,
			json_string_value(json_array_get(words, i)));
}

static void print_steps(FILE *out, const json_t *steps)
{
	size_t n = json_array_size(steps);
	char a[32], b[32], c[32], peak[32];
	const char *unit = "";

	if (n)
		pl_figure_find(json_array_get(steps, 0), "force_peak", &unit);
	snprintf(peak, sizeof(peak), "peak %s", unit);
	fprintf(out, "  %4s%10s%12s%12s  %-9s%s\n", "step", "onset s", "contact s", peak, "side",
		"strike");
	for (size_t i = 0; i < n && i < STEPS_SHOWN; i++) {
		const json_t *s = json_array_get(steps, i);
		const char *strike = pl_figure_text(s, "strike", "-");

		fprintf(out, "  %4zu%10s%12s%12s  %-9s%s", i + 1,
			pl_figure(json_object_get(s, "onset_s"), a),
			pl_figure(json_object_get(s, "contact_time_s"), b),
			pl_figure(pl_figure_find(s, "force_peak", NULL), c),
			pl_figure_text(s, "side", "unknown"), strike);
		print_list(out, "; rejected: ", json_object_get(s, "rejected"));
		if (*pl_figure_text(s, "reject_reason", ""))
			fprintf(out, " (%s)", pl_figure_text(s, "reject_reason", ""));
		print_list(out, "; note: ", json_object_get(s, "flags"));
		fputc('\n', out);
	}
	if (n > STEPS_SHOWN)
		fprintf(out, "  ... and %zu more: --json has them all\n", n - STEPS_SHOWN);
}

static void print_strikes(FILE *out, const json_t *strikes)
{
	static const char *const name[] = {"rearfoot", "midfoot", "forefoot", "unknown"};
	const char *before = "  landed on ";

	for (size_t i = 0; i < ARRAY_SIZE(name); i++) {
		json_int_t n = json_integer_value(json_object_get(strikes, name[i]));

		if (n)
			fprintf(out, "%s%s %" JSON_INTEGER_FORMAT, before, name[i], n);
		before = n ? ", " : before;
	}
	if (strcmp(before, ", ") == 0)
		fputc('\n', out);
}

/* Keys of figures that this rate or pitch only hints at. */
static void print_indicative(FILE *out, const json_t *keys)
{
	char text[1024] = "";
	size_t at = 0;

	for (size_t i = 0; i < json_array_size(keys) && at < sizeof(text); i++)
		at += (size_t)snprintf(text + at, sizeof(text) - at, "%s%s", i ? ", " : "",
				       json_string_value(json_array_get(keys, i)));
	if (at)
		pl_wrapped(out, "  indicative only, by rate or pitch: ", text, 4);
}

void pl_figures_gait(FILE *out, const json_t *document)
{
	const json_t *gait = json_object_get(document, "gait");
	char a[32], b[32], c[32], d[32];

	if (!gait)
		return;
	fprintf(out, "\nSteps: %s counted (%s left, %s right), %s not counted\n",
		pl_figure(json_object_get(gait, "steps"), a),
		pl_figure(json_object_get(gait, "steps_left"), b),
		pl_figure(json_object_get(gait, "steps_right"), c),
		pl_figure(json_object_get(gait, "steps_rejected"), d));
	print_strikes(out, json_object_get(gait, "strikes"));
	if (json_is_number(json_object_get(gait, "cadence_spm")))
		fprintf(out, "  cadence %s steps a minute (%s)\n",
			pl_figure(json_object_get(gait, "cadence_spm"), a),
			pl_figure_text(gait, "cadence_of", "steps"));
	if (json_is_number(json_object_get(gait, "flight_time_s")))
		fprintf(out, "  in the air %s s between steps\n",
			pl_figure(json_object_get(gait, "flight_time_s"), a));
	if (json_is_number(json_object_get(gait, "double_support_s")))
		fprintf(out, "  both feet on the ground for %s s between steps\n",
			pl_figure(json_object_get(gait, "double_support_s"), a));
	if (json_is_number(json_object_get(gait, "drift_n")))
		fprintf(out, "  drift of the force taken off, up to %s N\n",
			pl_figure(json_object_get(gait, "drift_n"), a));
	if (json_is_number(json_object_get(gait, "speed_m_s")))
		fprintf(out, "  speed %s m/s (%s)\n",
			pl_figure(json_object_get(gait, "speed_m_s"), a),
			pl_figure_text(gait, "speed_source", "none"));
	else
		fprintf(out, "  speed unknown\n");
	if (json_is_integer(json_object_get(gait, "rejections_without_step")))
		fprintf(out,
			"  %s rejected by hand cannot be found here: plantar annotate TRIAL\n"
			"  steps_rejected= takes all such rejections back\n",
			pl_figure(json_object_get(gait, "rejections_without_step"), a));
	print_steps(out, json_object_get(document, "steps"));
	if (json_integer_value(json_object_get(gait, "steps")) > 0)
		print_figures(out, json_object_get(gait, "figures"));
	print_indicative(out, json_object_get(gait, "indicative"));
}
