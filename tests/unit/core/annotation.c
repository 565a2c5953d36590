/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What people type about a recording: what is taken, in which form it is kept, and what is said
 * about the rest.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <plantar/annotation.h>

static void canonical(void **state)
{
	static const char *const rows[][3] = {
		{"body_mass_kg", "70.50", "70.5"},
		{"body_mass_kg", "+070", "70"},
		{"body_mass_kg", "71.1234565", "71.123457"},
		{"hill_pct", "-2.5", "-2.5"},
		{"hill_pct", "-0", "0"},
		{"pain_score", "10", "10"},
		{"speed_source", "belt", "belt"},
		{"pain_left", "posterior-heel,plantar-heel-medial",
		 "plantar-heel-medial,posterior-heel"},
		{"pain_left", "none", "none"},
		{"first_steps", "yes", "true"},
		{"subject", "P-0042", "P-0042"},
		{"notes", "a = b, \xC3\xBC", "a = b, \xC3\xBC"},
		{"steps_rejected", "14.02+0.61@4 limps a bit;3+0.7@0 targeting",
		 "3.000+0.700@0 targeting;14.020+0.610@4 limps a bit"},
		{"steps_rejected", "3+0.7@0 targeting;3.000+0.70@0 \xC3\xBC",
		 "3.000+0.700@0 \xC3\xBC"},
		{"steps_rejected", "0.5 x", "0.500 x"},
		{"feet_side", "12=unknown,3=right,1=left", "1=left,3=right,12=unknown"},
	};
	char out[PL_ANNOTATION_VALUE_MAX];
	struct pl_error err = {0};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_int_equal(pl_annotation_check(rows[i][0], rows[i][1], out, &err), 0);
		assert_string_equal(out, rows[i][2]);
	}
}

static void refused(void **state)
{
	static const char *const rows[][3] = {
		/* key, value, what the message must hold */
		{"body_mass_kg", "0.5", "from 1 to 500 kg"},
		{"body_mass_kg", "seventy", "seventy"},
		{"body_mass_kg", "7e1", "number"},
		{"body_mass_kg", "70,5", "number"},
		{"body_mass_kg", "99999999999999999999", "number"},
		{"body_mass_kg", ".", "number"},
		{"body_mass_kg", "", "missing"},
		{"height_m", "180", "from 0.4 to 2.6 m"},
		{"pain_score", "11", "from 0 to 10"},
		{"pain_score", "nan", "from 0 to 10"},
		{"surface", "grass", "barefoot, shoe-on-mat, in-shoe"},
		{"surface", "barefoot,in-shoe", "one of"},
		{"pain_left", "none,posterior-heel", "alone"},
		{"pain_left", "posterior-heel,", "one or more"},
		{"subject", "A B", "without spaces"},
		{"subject", "J\xC3\xBCrgen", "ASCII"},
		{"notes", "a\nb", "control"},
		{"notes", "\xC3(", "UTF-8"},
		{"first_steps", "maybe", "true or false"},
		{"feet_side", "0=left", "foot=side"},
		{"feet_side", "65=left", "foot=side"},
		{"feet_side", "1=up", "foot=side"},
		{"feet_side", "1=left,", "foot=side"},
		{"steps_rejected", "three", "onset+contact@foot"},
		{"steps_rejected", "3+", "onset+contact@foot"},
		{"steps_rejected", "3.0001 x", "onset+contact@foot"},
		{"steps_rejected", "3.5@ x", "onset+contact@foot"},
		{"steps_rejected", "3.5@-1 x", "onset+contact@foot"},
		{"steps_rejected", "3 x;", "onset+contact@foot"},
		{"steps_rejected", "-3 x", "onset+contact@foot"},
		{"steps_rejected", "3 x\ny", "control"},
		{"steps_rejected", "99999999999999999999 x", "onset+contact@foot"},
		{"steps_rejected",
		 "1 0123456789012345678901234567890123456789012345678901234567890123",
		 "onset+contact@foot"},
		{"speed", "3", "speed_m_s"},
		{"colour", "red", "subject, body_mass_kg"},
	};
	char out[PL_ANNOTATION_VALUE_MAX];

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct pl_error err = {0};

		assert_int_equal(pl_annotation_check(rows[i][0], rows[i][1], out, &err), -1);
		assert_int_equal(err.code, PL_EUSAGE);
		assert_non_null(strstr(err.message, rows[i][2]));
		if (pl_annotation_key(rows[i][0]))
			assert_non_null(strstr(err.message, rows[i][0]));
	}
}

static void kept_in_order(void **state)
{
	struct pl_annotations a = {0}, before;
	char out[PL_ANNOTATION_VALUE_MAX];

	(void)state;
	assert_int_equal(pl_annotations_assign(&a, "notes=x=y", NULL), 0);
	assert_int_equal(pl_annotations_assign(&a, "speed_m_s=3.30", NULL), 0);
	assert_int_equal(pl_annotations_assign(&a, "body_mass_kg=70", NULL), 0);
	assert_string_equal(a.text, "body_mass_kg=70\nspeed_m_s=3.3\nnotes=x=y\n");
	assert_true(pl_annotations_valid(&a));
	assert_true(pl_annotations_number(&a, "speed_m_s") == 3.3);
	assert_true(isnan(pl_annotations_number(&a, "height_m")));
	assert_true(pl_annotations_get(&a, "notes", out));
	assert_string_equal(out, "x=y");
	before = a;
	assert_int_equal(pl_annotations_assign(&a, "speed_m_s=99", NULL), -1);
	assert_int_equal(pl_annotations_assign(&a, "speed_m_s", NULL), -1);
	assert_int_equal(pl_annotations_assign(&a, "=3", NULL), -1);
	assert_string_equal(a.text, before.text);
	assert_int_equal(pl_annotations_set(&a, "speed_m_s", "", NULL), 0);
	assert_false(pl_annotations_get(&a, "speed_m_s", out));
	assert_string_equal(a.text, "body_mass_kg=70\nnotes=x=y\n");
}

static void not_ours(void **state)
{
	static const char *const texts[] = {
		"speed_m_s=3.30\n",		      /* not canonical */
		"notes=x\nbody_mass_kg=70\n",	      /* another order */
		"body_mass_kg=70\nbody_mass_kg=71\n", /* twice */
		"colour=red\n",			      /* unknown */
		"body_mass_kg=70",		      /* cut */
		"body_mass_kg=\n",
		"\n",
	};
	struct pl_annotations a;

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		a = (struct pl_annotations){0};
		strcpy(a.text, texts[i]);
		assert_false(pl_annotations_valid(&a));
	}
	memset(a.text, 'x', sizeof(a.text));
	assert_false(pl_annotations_valid(&a));
}

/* The longest value of every key at once must fit: nothing may be refused for want of room. */
static void all_fit(void **state)
{
	struct pl_annotations a = {0};
	const struct pl_annotation_key *k;
	struct pl_error err = {0};
	size_t keys;

	(void)state;
	k = pl_annotation_keys(&keys);
	for (size_t i = 0; i < keys; i++) {
		char value[PL_ANNOTATION_VALUE_MAX] = "";

		switch (k[i].type) {
		case PL_ANNOTATION_NUMBER:
			snprintf(value, sizeof(value), "%.6f", k[i].max - 0.123456);
			break;
		case PL_ANNOTATION_TEXT:
		case PL_ANNOTATION_CODE:
			memset(value, 'x', (size_t)k[i].max);
			break;
		case PL_ANNOTATION_WORDS:
			for (int w = 1; k[i].words[w]; w++) {
				strcat(value, w > 1 ? "," : "");
				strcat(value, k[i].words[w]);
			}
			break;
		case PL_ANNOTATION_WORD:
			strcpy(value, k[i].words[0]);
			break;
		case PL_ANNOTATION_BOOL:
			strcpy(value, "false");
			break;
		case PL_ANNOTATION_STEPS: /* to the last byte */
			for (int step = 0; step < 12; step++)
				sprintf(value + strlen(value), "%s%d.250+0.650@%d %063d",
					step ? ";" : "", 10 + step, step + 10, step);
			sprintf(value + strlen(value), ";99.125@1 %054d", 0);
			assert_int_equal(strlen(value), PL_ANNOTATION_VALUE_MAX - 1);
			break;
		case PL_ANNOTATION_FEET:
			for (int foot = 1; foot <= PL_ANNOTATION_FEET_MAX; foot++)
				snprintf(value + strlen(value), sizeof(value) - strlen(value),
					 "%s%d=unknown", foot > 1 ? "," : "", foot);
			break;
		}
		assert_int_equal(pl_annotations_set(&a, k[i].name, value, &err), 0);
	}
	assert_true(pl_annotations_valid(&a));
}

static void as_json(void **state)
{
	struct pl_annotations a = {0};
	struct pl_json json;
	char text[512];

	(void)state;
	pl_annotations_assign(&a, "body_mass_kg=70.5", NULL);
	pl_annotations_assign(&a, "pain_right=posterior-heel,plantar-heel-central", NULL);
	pl_annotations_assign(&a, "first_steps=no", NULL);
	pl_annotations_assign(&a, "footwear=7", NULL);
	pl_json_init(&json, text, sizeof(text));
	pl_json_begin_object(&json, NULL);
	pl_annotations_json(&json, &a);
	pl_json_end_object(&json);
	assert_true(pl_json_finish(&json) > 0);
	assert_string_equal(text, "{\"body_mass_kg\":70.5,\"pain_right\":[\"plantar-heel-central\","
				  "\"posterior-heel\"],\"first_steps\":false,\"footwear\":\"7\"}");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(canonical),	 cmocka_unit_test(refused),
		cmocka_unit_test(kept_in_order), cmocka_unit_test(not_ours),
		cmocka_unit_test(all_fit),	 cmocka_unit_test(as_json),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
