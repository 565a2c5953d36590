/* SPDX-License-Identifier: Apache-2.0 */
/* Protocols as text: the defaults, everything that can be said, and every kind of mistake. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/protocol_conf.h"

#define HEAD "id = \"x\"; version = 1; title = \"X\"; "

const char *__lsan_default_suppressions(void);

/* libconfig 1.5 forgets the text token at which a syntax error is found: once a file, not ours. */
const char *__lsan_default_suppressions(void)
{
	return "leak:libconfig.so";
}

static struct pl_protocol p;

static void defaults(void **state)
{
	struct pl_error err = {0};
	const struct pl_protocol_step *s = &p.steps[0];

	(void)state;
	assert_int_equal(
		pl_protocol_parse(&p, "f", HEAD "steps = ({ id = \"a\"; title = \"A\"; });", &err),
		0);
	assert_string_equal(p.id, "x");
	assert_int_equal(p.version, 1);
	assert_true(p.subject && !p.dynamic && !p.pain_ask);
	assert_true(isnan(p.pain_stop_at) && isnan(p.pain_stop_rise));
	assert_int_equal(p.order, PL_ORDER_FIXED);
	assert_int_equal(p.n_conditions, 1);
	assert_string_equal(p.conditions[0], "");
	assert_int_equal(p.n_steps, 1);
	assert_int_equal(s->kind, PL_STEP_RECORD);
	assert_int_equal(s->trials, 1);
	assert_true(s->seconds == 10 && s->seconds_min == 10 && s->seconds_max == 10);
	assert_true(s->countdown_s == 5 && s->contact_n == 50 && s->rest_s == 0);
	assert_int_equal(s->checks, PL_TRIAL_GAP | PL_TRIAL_SATURATED);
}

static void everything(void **state)
{
	struct pl_error err = {0};
	const struct pl_protocol_step *s = p.steps;

	(void)state;
	assert_int_equal(
		pl_protocol_parse(
			&p, "f",
			HEAD
			"text = \"T\"; dynamic = true; subject = false; order = \"abba\";\n"
			"conditions = [\"a\", \"b\"];\n"
			"pain = { ask = true; stop_at = 7; stop_rise = 2.5; };\n"
			"steps = (\n"
			"{ id = \"w\"; kind = \"wait\"; seconds = 5; title = \"W\"; once = "
			"true; },\n"
			"{ id = \"z\"; kind = \"tare\"; title = \"Z\"; drift_n = 30; },\n"
			"{ id = \"g\"; kind = \"weigh\"; title = \"G\"; weight_pct = 4; },\n"
			"{ id = \"r\"; title = \"R\"; text = \"go\"; trials = 0;\n"
			"  strikes_per_foot = 5; strikes_min = 2; start = \"contact\";\n"
			"  wait_s = 30; contact_n = 40; end = \"off\"; off_s = 2; seconds = 20;\n"
			"  seconds_min = 1; seconds_max = 30; rest_s = 3; after_s = 1800;\n"
			"  checks = [\"partial\", \"saturation\", \"drift\", \"weight\"];\n"
			"  feet = 1; feet_pct = 20; weight_pct = 6; drift_n = 8;\n"
			"  approaches = [\"one-step\", \"two-step\"]; });",
			&err),
		0);
	assert_true(p.dynamic && !p.subject && p.pain_ask);
	assert_true(p.pain_stop_at == 7 && p.pain_stop_rise == 2.5);
	assert_int_equal(p.order, PL_ORDER_ABBA);
	assert_string_equal(p.conditions[1], "b");
	assert_true(s[0].kind == PL_STEP_WAIT && s[0].once && s[0].seconds == 5);
	assert_true(s[1].kind == PL_STEP_TARE && s[1].once && s[1].drift_n == 30);
	assert_true(s[2].kind == PL_STEP_WEIGH && s[2].weight_pct == 4);
	assert_true(s[3].start == PL_START_CONTACT && s[3].end == PL_END_OFF && !s[3].once);
	assert_true(s[3].wait_s == 30 && s[3].contact_n == 40 && s[3].off_s == 2);
	assert_true(s[3].seconds == 20 && s[3].seconds_min == 1 && s[3].seconds_max == 30);
	assert_true(s[3].rest_s == 3 && s[3].after_s == 1800 && s[3].strikes_per_foot == 5);
	assert_int_equal(s[3].checks, PL_TRIAL_PARTIAL | PL_TRIAL_SATURATED | PL_TRIAL_DRIFT |
					      PL_TRIAL_WEIGHT | PL_TRIAL_GAP | PL_TRIAL_FEET |
					      PL_TRIAL_STRIKES | PL_TRIAL_LONG);
	assert_true(s[3].feet == 1 && s[3].feet_pct == 20 && s[3].drift_n == 8);
	assert_int_equal(s[3].n_approaches, 2);
	assert_string_equal(s[3].approaches[1], "two-step");
}

static void mistakes(void **state)
{
#define STEP(text) HEAD "steps = (\n{ id = \"a\"; title = \"A\"; " text " });"
	static const struct {
		const char *text, *message;
	} cases[] = {
		{"version = 1;", "f: id: missing"},
		{"id = \"X Y\"; version = 1;", "is no id"},
		{HEAD, "steps: missing"},
		{HEAD "steps = ();", "1 to 12 groups"},
		{HEAD "steps = (3);", "valid: a group"},
		{HEAD "stepps = ();", "did you mean \"steps\"?"},
		{"id = \"x\"; version = 0; title = \"X\"; steps = ({});", "version: is 0"},
		{HEAD "conditions = [\"a\", \"a\"];", "is there twice"},
		{HEAD "conditions = [];", "1 to 8 texts"},
		{HEAD "order = \"baab\";", "order: unknown \"baab\""},
		{HEAD "pain = { stop_at = 11; };", "pain.stop_at: is 11; valid: 1..10"},
		{HEAD "pain = { stop = 7; };", "pain.stop: unknown key"},
		{STEP("trails = 3;"), "f:2: steps[0].trails: unknown key"},
		{STEP("kind = \"run\";"), "kind: unknown \"run\""},
		{STEP("kind = \"wait\"; trials = 2;"), "trials: unknown key"},
		{STEP("trials = 0;"), "strikes_per_foot"},
		{STEP("checks = [\"gap\"];"), "unknown \"gap\"; valid: partial"},
		{STEP("start = \"contact\"; countdown_s = 3;"), "has no countdown"},
		{STEP("wait_s = 3;"), "start = \"contact\" only"},
		{STEP("off_s = 3;"), "end = \"off\" only"},
		{STEP("seconds = 30; seconds_min = 31;"), "seconds_min: is 31; valid: 0..30"},
		{STEP("seconds = 30; seconds_max = 29;"), "seconds_max: is 29"},
		{STEP("side = \"left\"; strikes_per_foot = 3;"), "wants both"},
		{STEP("feet = 3;"), "feet: is 3; valid: 0..2"},
		{STEP("}, { id = \"a\"; title = \"A\";"), "\"a\" is there twice"},
		{STEP("approaches = [\"a\", 3];"), "f:2: mismatched element"},
		{STEP("approaches = (\"a\", 3);"), "entry 1: valid: a text"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct pl_error err = {0};

		assert_int_equal(pl_protocol_parse(&p, "f", cases[i].text, &err), -1);
		assert_int_equal(err.code, PL_ECONFIG);
		if (!strstr(err.message, cases[i].message))
			fail_msg("case %zu: \"%s\" does not say \"%s\"", i, err.message,
				 cases[i].message);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(defaults),
		cmocka_unit_test(everything),
		cmocka_unit_test(mistakes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
