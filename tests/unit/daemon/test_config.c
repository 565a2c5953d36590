/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The daemon's file: what the defaults are, and that every mistake is named with its line, its key
 * and what would be valid.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/config.h"

const char *__lsan_default_suppressions(void);

/* libconfig 1.5 forgets the text token at which a syntax error is found: once a file, not ours. */
const char *__lsan_default_suppressions(void)
{
	return "leak:libconfig.so";
}

static const char small_mat[] = "title = \"Small\"; rows = 16; cols = 8; pitch_mm = 10.0;\n"
				"rate_hz = 100; protocol = \"pmp\"; cell = \"u16\";\n";

/* What does not go with "small", and one that does but for its gain. */
static const char *other_mat(const char *name)
{
	static char text[400];
	bool jq = !strcmp(name, "jq");

	snprintf(text, sizeof(text),
		 "rows = 16; cols = %d; pitch_mm = %s; rate_hz = %d; protocol = \"%s\";\n"
		 "cell = \"%s\"; calibration = { unit = \"kPa\"; scale = %s;\n"
		 "noise_floor = %s; };\n",
		 jq ? 16 : 8, !strcmp(name, "coarse") ? "12.5" : "10.0",
		 !strcmp(name, "slow") ? 50 : 100, jq ? "jq" : "pmp",
		 jq || !strcmp(name, "bytes") ? "u8" : "u16",
		 !strcmp(name, "louder") ? "0.3" : "0.1", !strcmp(name, "curved") ? "2.0" : "0.0");
	return text;
}

/* Knows "small", and the others. */
static int loader(struct pl_mat *mat, const char *name, const char *calibration,
		  struct pl_error *err)
{
	if (!name)
		return pl_error_set(err, PL_ENOENT, 0, "no calibration %s", calibration);
	if (!strcmp(name, "slow") || !strcmp(name, "coarse") || !strcmp(name, "bytes") ||
	    !strcmp(name, "curved") || !strcmp(name, "louder") || !strcmp(name, "quiet") ||
	    !strcmp(name, "jq"))
		return pl_mat_parse(mat, name, other_mat(name), err);
	if (strcmp(name, "small") != 0)
		return pl_error_set(err, PL_ENOENT, 0, "no mat \"%s\"%s%s", name,
				    calibration ? " with calibration " : "",
				    calibration ? calibration : "");
	return pl_mat_parse(mat, "small", small_mat, err);
}

static int parse(struct pl_config *config, const char *text, struct pl_error *err)
{
	*err = (struct pl_error){0};
	return pl_config_parse(config, "/etc/x/plantard.conf", text, loader, err);
}

struct mistake {
	const char *text, *message; /* how the message begins */
};

static void refused(const struct mistake *m)
{
	struct pl_config c;
	struct pl_error err;

	assert_int_equal(parse(&c, m->text, &err), -1);
	if (strncmp(err.message, m->message, strlen(m->message)) != 0)
		fail_msg("\"%s\"\nexpected \"%s...\"", err.message, m->message);
	assert_int_equal(err.code, PL_ECONFIG);
}

static void defaults(void **state)
{
	struct pl_config c;
	struct pl_error err;

	(void)state;
	setenv("PLANTARD_RUNTIME_DIR", "/run/here", 1);
	setenv("PLANTARD_STATE_DIR", "/var/there", 1);
	assert_int_equal(
		parse(&c, "mats = ({ source = \"sim:standing\"; mat = \"small\"; });", &err), 0);
	assert_int_equal(c.n_mats, 1);
	assert_string_equal(c.mats[0].name, "small");
	assert_string_equal(c.mats[0].source, "sim:standing");
	assert_int_equal(c.mats[0].mat.geometry.rows, 16);
	assert_int_equal(c.n_data, 2);
	assert_string_equal(c.data[0], "ipc:///run/here/data.sock");
	assert_string_equal(c.data[1], "tcp://127.0.0.1:5571");
	assert_string_equal(c.control, "ipc:///run/here/control.sock");
	assert_string_equal(c.folder, "/var/there");
	assert_true(c.view_hz == 25 && c.hwm_s == 1 && c.reserve_mb == 500);
	assert_false(c.reserve_set);
	assert_int_equal(c.log_level, PL_INFO);
	pl_config_free(&c);
}

static void everything(void **state)
{
	static const char text[] =
		"mats = (\n"
		" { name = \"left\"; source = \"sim:walking?hz=50\"; mat = \"small\";\n"
		"   facing = \"backward\"; side = \"left\"; region = \"thirds\"; filter_hz = 5; "
		"},\n"
		" { source = \"sim:empty\"; mat = \"small\"; },\n"
		" { source = \"sim:empty\"; mat = \"small\"; }\n"
		");\n"
		"publish = { endpoints = [\"tcp://127.0.0.1:7000\"]; view_hz = 60; hwm_s = 0.5; "
		"};\n"
		"control = { endpoint = \"ipc:///tmp/c.sock\"; };\n"
		"archive = { folder = \"sessions\"; fallback = \"/spare\"; reserve_mb = 10; "
		"subject_pattern = \"(BN|KL)-([0-9]{2}){3}(-[A-Z]+)?\"; };\n"
		"log = \"debug\";\n";
	struct pl_config c;
	struct pl_error err;

	(void)state;
	assert_int_equal(parse(&c, text, &err), 0);
	assert_int_equal(c.n_mats, 3);
	assert_string_equal(c.mats[0].name, "left");
	assert_string_equal(c.mats[1].name, "small");
	assert_string_equal(c.mats[2].name, "small-2");
	assert_int_equal(c.mats[0].mat.live.facing, PL_FACING_BACKWARD);
	assert_int_equal(c.mats[0].mat.live.side, PL_SIDE_LEFT);
	assert_int_equal(c.mats[0].mat.live.region, PL_REGION_THIRDS);
	assert_true(c.mats[0].mat.live.filter_hz == 5);
	assert_int_equal(c.n_data, 1);
	assert_string_equal(c.folder, "/etc/x/sessions"); /* beside the file */
	assert_true(c.reserve_set && c.reserve_mb == 10);
	assert_string_equal(c.fallback, "/spare");
	assert_int_equal(c.log_level, PL_DEBUG);
	pl_config_free(&c);
}

#define MAT(more) "mats = (\n{ source = \"sim:standing\"; mat = \"small\";\n" more "});\n"

static void mistakes(void **state)
{
	static const struct mistake cases[] = {
		{"", "/etc/x/plantard.conf: between 1 and 12 mats are needed"},
		{"mats = ();", "/etc/x/plantard.conf:1: mats: between 1 and 12 mats"},
		{"mats = 3;", "/etc/x/plantard.conf:1: mats: a list of groups is expected"},
		{"mats = (3);", "/etc/x/plantard.conf:1: mats[0]: a group"},
		{"mats = (\n{ mat = \"small\"; });", "/etc/x/plantard.conf:2: mats[0]"},
		{"mats = (\n{ source = \"sim:empty\"; });", "/etc/x/plantard.conf:2: mats[0]"},
		{"mats = ({ source = \"sim:empty\";\nmat = \"smal\"; });",
		 "/etc/x/plantard.conf:2: mats[0].mat: no mat \"smal\""},
		{"mats = ({ source = \"sim:empty\";\nmat = \"./mine.conf\"; });",
		 "/etc/x/plantard.conf:2: mats[0].mat: no mat \"/etc/x/./mine.conf\""},
		{"mats = ({ source = \"sim:empty\";\nmat = \"m\"; calibration = \"c.conf\"; });",
		 "/etc/x/plantard.conf:2: mats[0].mat: no mat \"m\" with calibration "
		 "/etc/x/c.conf"},
		{"mats = (\n{ source = \"sim:nobody\"; mat = \"small\"; });",
		 "/etc/x/plantard.conf:2: mats[0].source: sim"},
		{"mats = (\n{ source = \"cereal:/dev/x\"; mat = \"small\"; });",
		 "/etc/x/plantard.conf:2: mats[0].source: "},
		{"mats = (\n{ source = \"sim:empty\"; mat = \"small\"; fliter_hz = 3; });",
		 "/etc/x/plantard.conf:2: mats[0].fliter_hz: unknown key; did you mean "
		 "\"filter_hz\"?"},
		{MAT("facing = \"north\";"), "/etc/x/plantard.conf:3: mats[0].facing: "},
		{MAT("facing = 3;"), "/etc/x/plantard.conf:3: mats[0].facing: "},
		{MAT("filter_hz = -1;"), "/etc/x/plantard.conf:3: mats[0].filter_hz: "},
		{MAT("filter_hz = 50;"),
		 "/etc/x/plantard.conf:3: mats[0].filter_hz: 50 Hz needs a mat faster than 100"},
		{MAT("name = \"a b\";"),
		 "/etc/x/plantard.conf:3: mats[0].name: \"a b\" cannot name a mat"},
		{MAT("name = \"\";"), "/etc/x/plantard.conf:3: mats[0].name: \"\" cannot name"},
		{"mats = ({ source = \"sim:empty\"; mat = \"small\"; name = \"a\"; },\n"
		 "{ source = \"sim:empty\"; mat = \"small\"; name = \"a\"; });",
		 "/etc/x/plantard.conf:2: mats[1].name: there is a mat \"a\" already"},
		{"mats = ({ source = \"serial:/dev/ttyUSB0\"; mat = \"small\"; },\n"
		 "{ source = \"serial:/dev/ttyUSB0?baud=9600\"; mat = \"small\"; });",
		 "/etc/x/plantard.conf:2: mats[1].source: mat \"small\" reads from there already"},
#ifdef PLANTAR_USB
		{"mats = ({ source = \"usb:59e3:74c7?serial=7\"; mat = \"small\"; },\n"
		 "{ source = \"usb:59e3:74c7?in=0x81&serial=7\"; mat = \"small\"; });",
		 "/etc/x/plantard.conf:2: mats[1].source: mat \"small\" reads from there already"},
		{"mats = ({ source = \"usb:59e3:74c7?serial=7\"; mat = \"small\"; name = \"a\"; "
		 "},\n"
		 "{ source = \"usb:59e3:74c7?serial=8\"; mat = \"small\"; name = \"a\"; });",
		 "/etc/x/plantard.conf:2: mats[1].name: there is a mat \"a\" already"},
#endif
		{MAT("") "publish = { view_hz = 0; };",
		 "/etc/x/plantard.conf:4: publish.view_hz: "},
		{MAT("") "publish = { endpoints = [\"http://x\"]; };",
		 "/etc/x/plantard.conf:4: publish.endpoints: \"http://x\" is no endpoint"},
		{MAT("") "publish = { endpoints = []; };",
		 "/etc/x/plantard.conf:4: publish.endpoints: an array of 1 to 8"},
		{MAT("") "publish = { endpoints = [1]; };",
		 "/etc/x/plantard.conf:4: publish.endpoints: entry 0"},
		{MAT("") "control = { endpoint = \"ipc://relative\"; };",
		 "/etc/x/plantard.conf:4: control.endpoint: "},
		{MAT("") "control = 3;", "/etc/x/plantard.conf:4: control: "},
		{MAT("") "archive = { folder = \"/a\"; fallback = \"/a\"; };",
		 "/etc/x/plantard.conf:4: archive.fallback: is the archive folder itself"},
		{MAT("") "archive = { subject_pattern = \"P-([0-9]{99}){99}\"; };",
		 "/etc/x/plantard.conf:4: archive.subject_pattern: \"P-([0-9]{99}){99}\" is no "
		 "extended "
		 "regular expression (a repetition within one that is repeated"},
		{MAT("") "archive = { subject_pattern = \"(([A-Z]*-)*)*\"; };",
		 "/etc/x/plantard.conf:4: archive.subject_pattern: \"(([A-Z]*-)*)*\" is no "
		 "extended "
		 "regular expression (a repetition within one that is repeated"},
		{MAT("") "archive = { subject_pattern = \"P****\"; };",
		 "/etc/x/plantard.conf:4: archive.subject_pattern: \"P****\" is no extended "
		 "regular expression (a repetition within one that is repeated"},
		{MAT("") "archive = { reserve_mb = \"much\"; };",
		 "/etc/x/plantard.conf:4: archive.reserve_mb: "},
		{MAT("") "log = \"loud\";", "/etc/x/plantard.conf:4: log: "},
		{MAT("") "logs = \"info\";",
		 "/etc/x/plantard.conf:4: logs: unknown key; did you mean"},
		{MAT("") "log = ;", "/etc/x/plantard.conf:4: syntax error"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		refused(&cases[i]);
}

#define PADS(more) "mats = ({ name = \"w\"; mat = \"small\";\n sources = (" more ");\n});\n"
#define LEFT "{ source = \"sim:empty\"; name = \"left\"; },\n"

static void several_sources(void **state)
{
	static const char text[] =
		"mats = (\n"
		" { mat = \"small\"; facing = \"forward\"; sources = (\n"
		"  { source = \"serial:/dev/a\"; name = \"left\"; },\n"
		"  { source = \"serial:/dev/b\"; col = 8; rotate = 180; device = \"4711\"; },\n"
		"  { source = \"serial:/dev/c\"; row = 16; rotate = 90; flip_x = true; } );\n"
		" }, { mat = \"small\"; source = \"sim:empty\"; });\n";
	struct pl_config c;
	struct pl_error err;

	(void)state;
	if (parse(&c, text, &err))
		fail_msg("%s", err.message);
	assert_int_equal(c.n_mats, 2);
	assert_int_equal(c.mats[0].n_pads, 3);
	assert_int_equal(c.mats[0].mat.geometry.rows, 24);
	assert_int_equal(c.mats[0].mat.geometry.cols, 16);
	assert_int_equal(c.mats[0].mat.live.facing, PL_FACING_FORWARD);
	assert_string_equal(c.mats[0].name, "small");
	assert_string_equal(c.mats[1].name, "small-2");
	assert_string_equal(c.mats[0].source, "serial:/dev/a + serial:/dev/b + serial:/dev/c");
	assert_string_equal(c.mats[0].pads[0].name, "left");
	assert_string_equal(c.mats[0].pads[1].name, "2");
	assert_string_equal(c.mats[0].pads[1].device, "4711");
	assert_non_null(strstr(c.mats[0].mat.config_text, "# pad \"left\": mat small, row = 0"));
	assert_int_equal(c.mats[1].n_pads, 0);
	pl_config_free(&c);
}

static void sources_mistaken(void **state)
{
	static const struct mistake cases[] = {
		{PADS("{ source = \"sim:empty\"; }"),
		 "/etc/x/plantard.conf:2: mats[0].sources: a list of 2 to 8"},
		{"mats = ({ mat = \"small\"; sources = 3; });",
		 "/etc/x/plantard.conf:1: mats[0].sources: a list of 2 to 8"},
		{PADS(LEFT "3"), "/etc/x/plantard.conf:3: mats[0].sources[1]: a group"},
		{"mats = ({ mat = \"small\"; source = \"sim:empty\";\nsources = (" LEFT
		 "{ source = \"sim:empty\"; }); });",
		 "/etc/x/plantard.conf:1: mats[0].source: source or sources, not both"},
		{PADS(LEFT "{ source = \"sim:empty\"; }"),
		 "/etc/x/plantard.conf:3: mats[0].sources[1]: lies on \"left\" at row 0, column 0"},
		{PADS(LEFT "{ source = \"sim:empty\"; col = 7; }"),
		 "/etc/x/plantard.conf:3: mats[0].sources[1]: lies on \"left\" at row 0, column 7"},
		{PADS(LEFT "{ source = \"sim:empty\"; col = 9; }"),
		 "/etc/x/plantard.conf:2: mats[0].sources: no source covers row 0, column 8 of 16 "
		 "x "
		 "17"},
		{PADS(LEFT "{ source = \"sim:empty\"; col = 8; rotate = 90; }"),
		 "/etc/x/plantard.conf:2: mats[0].sources: no source covers row 8, column 8 of 16 "
		 "x "
		 "24"},
		{PADS(LEFT "{ source = \"sim:empty\"; row = 500; }"),
		 "/etc/x/plantard.conf:3: mats[0].sources[1]: reaches to row 516"},
		{PADS(LEFT "{ source = \"sim:empty\"; row = 512; }"),
		 "/etc/x/plantard.conf:3: mats[0].sources[1].row: "},
		{PADS(LEFT "{ source = \"sim:empty\"; rotate = 45; }"),
		 "/etc/x/plantard.conf:3: mats[0].sources[1].rotate: is 45; valid: 0, 90"},
		{PADS(LEFT "{ source = \"sim:empty\"; colum = 8; }"),
		 "/etc/x/plantard.conf:3: mats[0].sources[1].colum: unknown key; did you mean "
		 "\"col\"?"},
		{PADS(LEFT "{ source = \"sim:empty\"; col = 8; name = \"left\"; }"),
		 "/etc/x/plantard.conf:3: mats[0].sources[1].name: there is a source \"left\""},
		{PADS(LEFT "{ source = \"sim:empty\"; col = 8; name = \"a b\"; }"),
		 "/etc/x/plantard.conf:3: mats[0].sources[1].name: \"a b\" cannot name"},
		{PADS(LEFT "{ col = 8; }"), "/etc/x/plantard.conf:3: mats[0].sources[1]"},
		{PADS(LEFT "{ source = \"sim:nobody\"; col = 8; }"),
		 "/etc/x/plantard.conf:3: mats[0].sources[1].source: "},
		{PADS(LEFT "{ source = \"sim:empty\"; col = 8; mat = \"slow\"; }"),
		 "/etc/x/plantard.conf:3: mats[0].sources[1]: sends 50 frames a second, \"left\" "
		 "100"},
		{PADS(LEFT "{ source = \"sim:empty\"; col = 8; mat = \"coarse\"; }"),
		 "/etc/x/plantard.conf:3: mats[0].sources[1]: its pitch is 12.5 x 12.5 mm"},
		{PADS(LEFT "{ source = \"sim:empty\"; col = 8; mat = \"bytes\"; }"),
		 "/etc/x/plantard.conf:3: mats[0].sources[1]: its cells are |u1"},
		{"mats = ({ mat = \"louder\"; sources = (" LEFT
		 "{ source = \"sim:empty\"; col = 8; mat = \"curved\"; }); });",
		 "/etc/x/plantard.conf:2: mats[0].sources[1]: its calibration ("},
		{PADS("{ source = \"serial:/dev/a\"; },\n{ source = \"serial:/dev/a?baud=9600\"; "
		      "col = "
		      "8; }"),
		 "/etc/x/plantard.conf:3: mats[0].sources[1].source: source \"1\" reads from there "
		 "already"},
		{"mats = ({ name = \"x\"; mat = \"small\"; source = \"serial:/dev/a\"; },\n"
		 "{ mat = \"small\"; sources = ({ source = \"serial:/dev/b\"; },\n"
		 "{ source = \"serial:/dev/a\"; col = 8; }); });",
		 "/etc/x/plantard.conf:3: mats[1].sources[1].source: mat \"x\" reads from there"},
		{"mats = ({ mat = \"jq\"; sources = ({ source = \"sim:empty\"; },\n"
		 "{ source = \"sim:empty\"; col = 16; device = \"A\"; }); });",
		 "/etc/x/plantard.conf:2: mats[0].sources[1].device: mat jq does not ask its pad"},
		{"mats = ({ mat = \"small\"; calibration = \"w.conf\";\nsources = (" LEFT
		 "{ source = \"sim:empty\"; col = 8; }); });",
		 "/etc/x/plantard.conf:1: mats[0].calibration: no calibration /etc/x/w.conf"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		refused(&cases[i]);
}

/* A pad of three times the scale: a gain of three for its cells. */
static void scales_become_gains(void **state)
{
	struct pl_calibration *cal;
	struct pl_config c;
	struct pl_error err;

	(void)state;
	if (parse(&c,
		  "mats = ({ sources = ({ source = \"sim:empty\"; mat = \"bytes\"; },\n"
		  "{ source = \"sim:empty\"; mat = \"bytes\"; col = 8; }); });",
		  &err))
		fail_msg("%s", err.message);
	assert_null(c.mats[0].mat.calibration.cell_gain);
	pl_config_free(&c);
	if (parse(&c,
		  "mats = ({ sources = ({ source = \"sim:empty\"; mat = \"coarseless\"; },\n"
		  "{ source = \"sim:empty\"; mat = \"louder\"; row = 16; }); });",
		  &err) == 0)
		fail_msg("an unknown mat was taken");
	if (parse(&c,
		  "mats = ({ mat = \"quiet\"; sources = ({ source = \"sim:empty\"; },\n"
		  "{ source = \"sim:empty\"; mat = \"louder\"; row = 16; }); });",
		  &err))
		fail_msg("%s", err.message);
	cal = &c.mats[0].mat.calibration;
	assert_true(cal->unit == PL_UNIT_KPA && cal->scale == 0.1 && cal->cells == 32 * 8);
	assert_true(fabs(cal->cell_gain[0] - 1) < 1e-12);
	assert_true(fabs(cal->cell_gain[16 * 8] - 3) < 1e-12);
	assert_int_equal(strncmp(cal->id, "joined-", 7), 0);
	pl_config_free(&c);
}

static void long_socket_path(void **state)
{
	char text[600], path[160];
	struct pl_config c;
	struct pl_error err;

	(void)state;
	memset(path, 'x', sizeof(path) - 1);
	path[sizeof(path) - 1] = '\0';
	snprintf(text, sizeof(text), MAT("") "control = { endpoint = \"ipc:///%s\"; };", path);
	assert_int_equal(parse(&c, text, &err), -1);
	assert_non_null(strstr(err.message, "a socket's path may have 107 characters at most"));
}

static void shipped_example(void **state)
{
	const char *source = getenv("PLANTAR_SOURCE");
	struct pl_error err = {0};
	struct pl_config c;
	char path[512];

	(void)state;
	if (!source)
		skip();
	snprintf(path, sizeof(path), "%s/config/plantard.conf", source);
	if (pl_config_load(&c, path, &err))
		fail_msg("%s", err.message);
	assert_int_equal(c.n_mats, 1);
	pl_config_free(&c);
}

static void found_or_told(void **state)
{
	struct pl_error err = {0};
	char path[512];

	(void)state;
	setenv("XDG_CONFIG_HOME", "/nonexistent", 1);
	if (pl_config_find(path, sizeof(path), &err) == 0)
		skip(); /* this machine has an /etc/plantard/plantard.conf */
	assert_int_equal(err.code, PL_ENOENT);
	assert_non_null(strstr(err.message, "/nonexistent/plantard/plantard.conf"));
	assert_non_null(strstr(err.message, "--config"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(defaults),
		cmocka_unit_test(everything),
		cmocka_unit_test(several_sources),
		cmocka_unit_test(sources_mistaken),
		cmocka_unit_test(scales_become_gains),
		cmocka_unit_test(mistakes),
		cmocka_unit_test(long_socket_path),
		cmocka_unit_test(shipped_example),
		cmocka_unit_test(found_or_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
