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
		cmocka_unit_test(refuses),
		cmocka_unit_test(bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
