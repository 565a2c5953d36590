/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Control requests: what each command takes, and how the rest is refused.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/control_request.h"
#include "daemon/look_words.h"

static int parse(const char *text, struct pl_request *r, struct pl_error *err)
{
	*err = (struct pl_error){0};
	return pl_request_parse(text, strlen(text), r, err);
}

static void takes(void **state)
{
	struct pl_request r;
	struct pl_error err;

	(void)state;
	assert_int_equal(parse("{\"v\":1,\"cmd\":\"status\"}", &r, &err), 0);
	assert_int_equal(r.cmd, PL_CMD_STATUS);
	assert_int_equal(parse("{\"v\":1,\"cmd\":\"start\",\"mat\":\"a\",\"subject\":\"P-1\","
			       "\"protocol\":\"q\",\"condition\":\"barfu\\u00df\","
			       "\"body_mass_kg\":70,\"seconds\":1.5}",
			       &r, &err),
			 0);
	assert_int_equal(r.cmd, PL_CMD_START);
	assert_string_equal(r.mat, "a");
	assert_string_equal(r.subject, "P-1");
	assert_string_equal(r.condition, "barfu\xc3\x9f");
	assert_true(r.body_mass_kg == 70 && r.seconds == 1.5);
	assert_int_equal(parse("{\"cmd\":\"start\",\"v\":1,\"session\":"
			       "\"0123abcd-0123-4abc-8abc-0123456789ab\"}",
			       &r, &err),
			 0);
	assert_true(isnan(r.body_mass_kg) && isnan(r.seconds));
	assert_string_equal(r.mat, "");
	assert_int_equal(parse("{\"v\":1,\"cmd\":\"tare\",\"clear\":true}", &r, &err), 0);
	assert_true(r.clear);
	assert_int_equal(parse("{\"v\":1,\"cmd\":\"mark\",\"text\":\"now\"}", &r, &err), 0);
	assert_string_equal(r.text, "now");
	assert_int_equal(parse("{\"v\":1,\"cmd\":\"protocol\",\"protocol\":\"walk-over\","
			       "\"conditions\":[\"a\",\"heel lift 6 mm\"],\"seed\":4294967295}",
			       &r, &err),
			 0);
	assert_int_equal(r.n_conditions, 2);
	assert_string_equal(r.conditions[1], "heel lift 6 mm");
	assert_true(r.seed == 4294967295.0 && isnan(r.score));
}

#define UUID "01234567-89ab-4cde-8f01-23456789abcd"

static void takes_what_is_about_recordings(void **state)
{
	struct pl_request r;
	struct pl_error err;

	(void)state;
	assert_int_equal(
		parse("{\"v\":1,\"cmd\":\"compare\",\"sessions\":[\"" UUID "\"]}", &r, &err), 0);
	assert_int_equal(r.n_sessions, 1);
	assert_string_equal(r.sessions[0], UUID);
	assert_int_equal(
		parse("{\"v\":1,\"cmd\":\"annotate\",\"session\":\"" UUID
		      "\",\"annotations\":{\"surface\":null,\"notes\":\"\",\"pain_score\":3}}",
		      &r, &err),
		0);
	assert_true(isnan(r.trial_number));
	assert_int_equal(r.n_removed, 2);
	assert_string_equal(r.removed[0], "surface");
	assert_string_equal(r.removed[1], "notes");
	assert_string_equal(r.annotations.text, "pain_score=3\n");
	assert_int_equal(parse("{\"v\":1,\"cmd\":\"correct\",\"session\":\"" UUID
			       "\",\"trial\":2,\"reason\":\"x\",\"reject_step\":[1,16384],"
			       "\"accept_step\":7}",
			       &r, &err),
			 0);
	assert_true(r.trial_number == 2);
	assert_int_equal(r.n_reject_steps, 2);
	assert_int_equal(r.reject_steps[1], 16384);
	assert_int_equal(r.n_accept_steps, 1);
	assert_int_equal(r.accept_steps[0], 7);
}

/* `start` and `protocol` move it to a member of its own; here it is one value among others. */
static void a_body_mass_stays_an_annotation(void **state)
{
	static struct pl_look_words words;
	const struct pl_look_place place = {.folder = "/a", .fallback = "", .who = "key:anna"};
	struct pl_request r;
	struct pl_error err;

	(void)state;
	assert_int_equal(parse("{\"v\":1,\"cmd\":\"annotate\",\"session\":\"" UUID
			       "\",\"annotations\":{\"body_mass_kg\":70.5}}",
			       &r, &err),
			 0);
	assert_int_equal(pl_look_words(&r, &place, &words, &err), 0);
	assert_int_equal(words.n, 8);
	assert_string_equal(words.argv[1], "annotate");
	assert_string_equal(words.argv[2], "--archive=/a");
	assert_string_equal(words.argv[3], "--json");
	assert_string_equal(words.argv[4], "--by=key:anna");
	assert_string_equal(words.argv[5], "--");
	assert_string_equal(words.argv[6], UUID);
	assert_string_equal(words.argv[7], "body_mass_kg=70.5");
	assert_null(words.argv[8]);
}

static void a_condition_of_each_session(void **state)
{
	static struct pl_look_words words;
	const struct pl_look_place place = {.folder = "/a", .fallback = "", .who = "key:anna"};
	struct pl_request r;
	struct pl_error err;

	(void)state;
	assert_int_equal(parse("{\"v\":1,\"cmd\":\"compare\",\"sessions\":[\"" UUID
			       "\"],\"conditions\":[null],\"mix\":\"condition,mat\"}",
			       &r, &err),
			 0);
	assert_int_equal(pl_look_words(&r, &place, &words, &err), 0);
	assert_string_equal(words.argv[4], "--condition=*");
	assert_string_equal(words.argv[5], "--mix=condition,mat");
	assert_string_equal(words.argv[6], "--");
	assert_int_equal(parse("{\"v\":1,\"cmd\":\"compare\",\"sessions\":[\"" UUID
			       "\"],\"conditions\":[\"--x\"]}",
			       &r, &err),
			 0);
	assert_int_equal(pl_look_words(&r, &place, &words, &err), 0);
	assert_string_equal(words.argv[4], "--condition=--x");
}

static void who_may_what(void **state)
{
	(void)state;
	for (int c = PL_CMD_STATUS; c <= PL_CMD_CORRECT; c++)
		assert_int_equal(pl_command_recordings((enum pl_cmd)c), c >= PL_CMD_SESSIONS);
	assert_false(pl_command_acts(PL_CMD_SESSION));
	assert_true(pl_command_acts(PL_CMD_ANNOTATE) && pl_command_acts(PL_CMD_CORRECT));
}

static void refuses(void **state)
{
	static const struct {
		const char *text, *part;
	} cases[] = {
		{"", "no JSON object"},
		{"[]", "a JSON object is expected"},
		{"{\"v\":1,\"cmd\":\"status\"} x", "no JSON object"},
		{"{\"cmd\":\"status\"}", "\"v\":1 is missing"},
		{"{\"v\":2,\"cmd\":\"status\"}", "this daemon speaks version 1"},
		{"{\"v\":1}", "\"cmd\" must be one of status"},
		{"{\"v\":1,\"cmd\":\"begin\"}", "not \"begin\""},
		{"{\"v\":1,\"cmd\":3}", "\"cmd\" must be one of"},
		{"{\"v\":1,\"cmd\":\"status\",\"cmd\":\"stop\"}", "duplicate"},
		{"[[[[[[[[[]]]]]]]]]", "8 deep"},
		{"{\"v\":1,\"cmd\":\"mark\",\"text\":\"[[[[[[[[[[\\\"[[[\",\"x\":0}",
		 "does not take"},
		{"{\"v\":1,\"cmd\":\"start\",\"subjekt\":\"x\"}",
		 "start does not take \"subjekt\"; it takes: mat subject protocol"},
		{"{\"v\":1,\"cmd\":\"status\",\"mat\":\"x\"}", "it takes: nothing"},
		{"{\"v\":1,\"cmd\":\"start\",\"subject\":3}", "subject: a string is expected"},
		{"{\"v\":1,\"cmd\":\"start\",\"subject\":\"a\\nb\"}", "control character"},
		{"{\"v\":1,\"cmd\":\"start\",\"seconds\":\"3\"}", "seconds: a number from"},
		{"{\"v\":1,\"cmd\":\"start\",\"seconds\":0}", "seconds: a number from 0.05"},
		{"{\"v\":1,\"cmd\":\"start\",\"body_mass_kg\":1e9}", "body_mass_kg: a number"},
		{"{\"v\":1,\"cmd\":\"start\",\"session\":\"../../etc\"}", "session: the uuid"},
		{"{\"v\":1,\"cmd\":\"tare\",\"clear\":1}", "clear: true or false"},
		{"{\"v\":1,\"cmd\":\"mark\"}", "mark needs \"text\""},
		{"{\"v\":1,\"cmd\":\"weigh\"}", "weigh needs \"body_mass_kg\""},
		{"{\"v\":1,\"cmd\":\"wait\"}", "wait needs \"path\""},
		{"{\"v\":1,\"cmd\":\"protocol\"}", "protocol needs \"protocol\""},
		{"{\"v\":1,\"cmd\":\"override\",\"name\":\"A\"}", "override needs \"reason\""},
		{"{\"v\":1,\"cmd\":\"red-flags\",\"calf\":true}", "needs \"stress_fracture\""},
		{"{\"v\":1,\"cmd\":\"pain\",\"score\":11}", "score: a number from 0 to 10"},
		{"{\"v\":1,\"cmd\":\"protocol\",\"protocol\":\"x\",\"conditions\":\"a\"}",
		 "conditions: an array"},
		{"{\"v\":1,\"cmd\":\"protocol\",\"protocol\":\"x\",\"conditions\":[\"a\",\"a\"]}",
		 "is there twice"},
		{"{\"v\":1,\"cmd\":\"protocol\",\"protocol\":\"x\",\"seed\":-1}", "seed: a number"},
		{"{\"v\":1,\"cmd\":\"start\",\"subject\":\"\xff\"}", "no JSON object"},
	};
	struct pl_request r;
	struct pl_error err;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(parse(cases[i].text, &r, &err), -1);
		assert_int_equal(err.code, PL_EUSAGE);
		if (!strstr(err.message, cases[i].part))
			fail_msg("case %zu: \"%s\" has no \"%s\"", i, err.message, cases[i].part);
	}
}

static void bounded(void **state)
{
	size_t n = PL_REQUEST_MAX + 1;
	char *text = malloc(n + 1);
	struct pl_request r;
	struct pl_error err;

	(void)state;
	memset(text, '[', n);
	text[n] = '\0';
	assert_int_equal(parse(text, &r, &err), -1);
	assert_non_null(strstr(err.message, "65536 bytes at most"));
	text[PL_REQUEST_MAX] = '\0'; /* as deep as it gets */
	assert_int_equal(parse(text, &r, &err), -1);
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(takes),
		cmocka_unit_test(takes_what_is_about_recordings),
		cmocka_unit_test(a_body_mass_stays_an_annotation),
		cmocka_unit_test(a_condition_of_each_session),
		cmocka_unit_test(who_may_what),
		cmocka_unit_test(refuses),
		cmocka_unit_test(bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
