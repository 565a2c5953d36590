/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The table of what can be said about a recording. To add a key: a row here and a line in
 * docs/archive.md (a test compares the two). Bounds are there to catch slips of a finger and wrong
 * units (1.8 for 180 cm is height, 180 is not), not to judge a person.
 */
#include <string.h>

#include <plantar/annotation.h>

#define NUMBER(key, where, lowest, highest, of, about)                                     \
	{                                                                                  \
		.name = key, .type = PL_ANNOTATION_NUMBER, .group = PL_ANNOTATION_##where, \
		.unit = of, .min = lowest, .max = highest, .help = about                   \
	}
#define WORD(key, where, list, about)                                                    \
	{                                                                                \
		.name = key, .type = PL_ANNOTATION_WORD, .group = PL_ANNOTATION_##where, \
		.words = list, .help = about                                             \
	}
#define WORDS(key, where, list, about)                                                    \
	{                                                                                 \
		.name = key, .type = PL_ANNOTATION_WORDS, .group = PL_ANNOTATION_##where, \
		.words = list, .help = about                                              \
	}
#define TEXT(key, where, bytes, about)                                                   \
	{                                                                                \
		.name = key, .type = PL_ANNOTATION_TEXT, .group = PL_ANNOTATION_##where, \
		.max = bytes, .help = about                                              \
	}

static const char *const pain_sides[] = {"left", "right", "both", "none", NULL};
static const char *const places[] = {"none",
				     "plantar-heel-medial",
				     "plantar-heel-central",
				     "plantar-heel-lateral",
				     "plantar-heel-anterior",
				     "posterior-heel",
				     "elsewhere",
				     NULL};
static const char *const surfaces[] = {"barefoot", "shoe-on-mat", "in-shoe", NULL};
static const char *const grounds[] = {"overground", "treadmill", "in-place", NULL};
static const char *const sources[] = {"gates", "belt", "entered", "none", NULL};
static const char *const facings[] = {"auto", "forward", "backward", "left", "right", NULL};
static const char *const sides[] = {"unknown", "left", "right", NULL};

static const struct pl_annotation_key keys[] = {
	{.name = "subject",
	 .type = PL_ANNOTATION_CODE,
	 .group = PL_ANNOTATION_SUBJECT,
	 .max = 64,
	 .help = "the person's code, a pseudonym"},
	NUMBER("body_mass_kg", SUBJECT, 1, 500, "kg", "body mass"),
	NUMBER("height_m", SUBJECT, 0.4, 2.6, "m", "height"),
	NUMBER("foot_length_left_mm", SUBJECT, 80, 400, "mm", "length of the left foot, standing"),
	NUMBER("foot_length_right_mm", SUBJECT, 80, 400, "mm",
	       "length of the right foot, standing"),
	WORD("pain_side", SUBJECT, pain_sides, "which foot hurts"),
	WORDS("pain_left", SUBJECT, places, "where the left foot hurts"),
	WORDS("pain_right", SUBJECT, places, "where the right foot hurts"),
	NUMBER("pain_first_steps", SUBJECT, 0, 10, "", "pain of the first steps of the day"),
	NUMBER("weekly_load_km", SUBJECT, 0, 500, "km", "distance run in a week"),
	NUMBER("weekly_load_h", SUBJECT, 0, 168, "h", "hours on the feet in a week"),
	TEXT("training", SUBJECT, 255, "usual surfaces, hills, what changed lately"),
	NUMBER("bmi_kg_m2", SUBJECT, 8, 100, "kg/m^2", "body mass index as entered"),
	NUMBER("ankle_dorsiflexion_left_deg", SUBJECT, -40, 80, "deg",
	       "measured by hand, left ankle"),
	NUMBER("ankle_dorsiflexion_right_deg", SUBJECT, -40, 80, "deg",
	       "measured by hand, right ankle"),
	NUMBER("calf_strength_left_n", SUBJECT, 0, 5000, "N", "dynamometer, left calf"),
	NUMBER("calf_strength_right_n", SUBJECT, 0, 5000, "N", "dynamometer, right calf"),
	NUMBER("heel_raises_left", SUBJECT, 0, 500, "", "single-leg heel raises, left"),
	NUMBER("heel_raises_right", SUBJECT, 0, 500, "", "single-leg heel raises, right"),
	NUMBER("faam_adl_pct", SUBJECT, 0, 100, "%", "FAAM, activities of daily living"),
	NUMBER("faam_sport_pct", SUBJECT, 0, 100, "%", "FAAM, sports"),
	NUMBER("pain_score", TRIAL, 0, 10, "", "pain during this trial"),
	{.name = "first_steps",
	 .type = PL_ANNOTATION_BOOL,
	 .group = PL_ANNOTATION_TRIAL,
	 .help = "these are the first steps after rest"},
	TEXT("approach", TRIAL, 32, "how the person came onto the mat"),
	WORD("surface", TRIAL, surfaces, "what lies between foot and sensor"),
	WORD("ground", TRIAL, grounds, "what was walked or run on"),
	NUMBER("hill_pct", TRIAL, -45, 45, "%", "slope, uphill positive"),
	NUMBER("speed_m_s", TRIAL, 0, 15, "m/s", "speed of walking or running"),
	WORD("speed_source", TRIAL, sources, "where the speed comes from"),
	TEXT("footwear", TRIAL, 255, "which shoe"),
	NUMBER("footwear_age_months", TRIAL, 0, 600, "months", "age of the shoe"),
	NUMBER("heel_lift_mm", TRIAL, 0, 100, "mm", "height of the heel lift"),
	TEXT("insole", TRIAL, 255, "which insole"),
	TEXT("tape", TRIAL, 255, "taped how"),
	WORD("facing", TRIAL, facings, "where the toes point on the mat, as somebody saw it"),
	WORD("side", TRIAL, sides, "which foot, where all of the recording is of one"),
	{.name = "feet_side",
	 .type = PL_ANNOTATION_FEET,
	 .group = PL_ANNOTATION_TRIAL,
	 .after_only = true,
	 .help = "sides of single feet, as `plantar analyze` numbers them"},
	{.name = "steps_rejected",
	 .type = PL_ANNOTATION_STEPS,
	 .group = PL_ANNOTATION_TRIAL,
	 .max = PL_ANNOTATION_VALUE_MAX - 1,
	 .after_only = true,
	 .help = "steps that do not count, and why"},
	TEXT("notes", TRIAL, 1000, "anything else"),
};
#define KEYS (sizeof(keys) / sizeof(keys[0]))

const struct pl_annotation_key *pl_annotation_keys(size_t *n)
{
	*n = KEYS;
	return keys;
}

const struct pl_annotation_key *pl_annotation_key(const char *name)
{
	for (size_t i = 0; i < KEYS; i++)
		if (strcmp(keys[i].name, name) == 0)
			return &keys[i];
	return NULL;
}
