/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Headers of the published topics, read back with a JSON parser of somebody else's.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <jansson.h>
#include <math.h>
#include <string.h>

#include <plantar/audit.h>

#include "daemon/audit.h"
#include "daemon/wire.h"

static struct pl_mat_entry entry;
static struct pl_wire_mat wire;
static float metrics[256];
static struct pl_frame frame;

static int set_up(void **state)
{
	struct pl_error err = {0};

	(void)state;
	strcpy(entry.name, "left");
	assert_int_equal(pl_mat_parse(&entry.mat, "small",
				      "title = \"Small\"; rows = 16; cols = 8; pitch_mm = 10.0;\n"
				      "rate_hz = 100; protocol = \"pmp\"; cell = \"u16\";\n"
				      "calibration = { unit = \"kPa\"; scale = 0.1; };\n",
				      &err),
			 0);
	assert_int_equal(pl_wire_mat_init(&wire, &entry, &err), 0);
	assert_true(pl_metric_count() <= 256);
	for (size_t i = 0; i < pl_metric_count(); i++)
		metrics[i] = (float)i + 0.25f;
	metrics[0] = NAN;
	frame = (struct pl_frame){
		.seq = UINT64_C(9007199254740991),
		.epoch = 3,
		.flags = PL_FLAG_EPOCH | PL_FLAG_MARK,
		.t_mono_ns = INT64_C(1234567890123456789),
		.t_est_ns = INT64_C(1234567890123450000),
		.t_device_ns = INT64_MIN,
		.device_seq = -1,
		.lost = {1, 2, 3, 4},
		.rows = 16,
		.cols = 8,
		.dtype = PL_U16,
		.metrics = metrics,
	};
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	pl_wire_mat_free(&wire);
	pl_mat_free(&entry.mat);
	return 0;
}

static json_t *read_back(const char *text, size_t n)
{
	json_error_t problem;
	json_t *root = json_loadb(text, n, JSON_REJECT_DUPLICATES, &problem);

	if (!root)
		fail_msg("%s in %s", problem.text, text);
	return root;
}

static void check_start(const json_t *root)
{
	const json_t *lost = json_object_get(root, "lost");

	assert_int_equal(json_integer_value(json_object_get(root, "v")), 1);
	assert_string_equal(json_string_value(json_object_get(root, "mat")), "left");
	assert_int_equal(json_integer_value(json_object_get(root, "epoch")), 3);
	assert_int_equal(json_integer_value(json_object_get(root, "seq")), 9007199254740991);
	assert_string_equal(json_string_value(json_object_get(root, "t_ns")),
			    "1234567890123456789");
	assert_int_equal(json_integer_value(json_object_get(lost, "device")), 1);
	assert_int_equal(json_integer_value(json_object_get(lost, "pool")), 4);
}

static void check_cells(const json_t *root)
{
	const json_t *shape = json_object_get(root, "shape");

	assert_string_equal(json_string_value(json_object_get(root, "dtype")), "<u2");
	assert_int_equal(json_integer_value(json_array_get(shape, 0)), 16);
	assert_int_equal(json_integer_value(json_array_get(shape, 1)), 8);
	assert_true(json_is_null(json_object_get(root, "t_device_ns")));
	assert_true(json_is_null(json_object_get(root, "device_seq")));
	assert_string_equal(json_string_value(json_object_get(root, "t_est_ns")),
			    "1234567890123450000");
	assert_string_equal(json_string_value(json_object_get(root, "unit")), "kPa");
}

static void frames(void **state)
{
	char buf[PL_WIRE_HEADER_MAX];
	json_t *root = read_back(buf, pl_wire_frame(&wire, &frame, buf, sizeof(buf)));

	(void)state;
	check_start(root);
	check_cells(root);
	assert_true(json_number_value(json_object_get(root, "scale")) == 0.1);
	assert_int_equal(json_integer_value(json_object_get(root, "flags")),
			 PL_FLAG_EPOCH | PL_FLAG_MARK);
	json_decref(root);

	atomic_store(&wire.only_scale, false); /* a tare: a factor alone is not the truth */
	root = read_back(buf, pl_wire_frame(&wire, &frame, buf, sizeof(buf)));
	assert_true(json_is_null(json_object_get(root, "scale")));
	json_decref(root);
}

static void check_metrics(const json_t *root)
{
	const json_t *all = json_object_get(root, "metrics");
	char key[64];

	assert_int_equal(json_object_size(all), pl_metric_count());
	for (size_t i = 0; i < pl_metric_count(); i++) {
		const json_t *one = json_object_get(all, pl_metric_key(i, true, key, sizeof(key)));

		assert_non_null(one);
		if (i == 0)
			assert_true(json_is_null(one));
		else
			assert_true(json_number_value(one) == (double)metrics[i]);
	}
}

static void metrics_and_view(void **state)
{
	char buf[PL_WIRE_HEADER_MAX];
	json_t *root = read_back(buf, pl_wire_metrics(&wire, &frame, buf, sizeof(buf)));

	(void)state;
	check_start(root);
	check_metrics(root);
	assert_null(json_object_get(root, "dtype"));
	json_decref(root);
	root = read_back(buf, pl_wire_view(&wire, &frame, true, buf, sizeof(buf)));
	check_start(root);
	check_cells(root);
	check_metrics(root);
	assert_true(json_is_true(json_object_get(root, "recording")));
	json_decref(root);
}

static void too_small(void **state)
{
	char buf[64];

	(void)state;
	assert_int_equal(pl_wire_frame(&wire, &frame, buf, sizeof(buf)), 0);
}

static void events(void **state)
{
	struct pl_event event = {
		.level = PL_WARNING, .t_mono_ns = 5, .epoch = 1, .seq = 2, .kind = "gone"};
	char buf[4096];
	json_t *root;

	(void)state;
	memset(event.text, '"', sizeof(event.text) - 1);
	root = read_back(buf, pl_wire_event("", &event, buf, sizeof(buf)));
	assert_string_equal(json_string_value(json_object_get(root, "mat")), "");
	assert_string_equal(json_string_value(json_object_get(root, "kind")), "gone");
	assert_string_equal(json_string_value(json_object_get(root, "text")), event.text);
	assert_string_equal(json_string_value(json_object_get(root, "level")), "warning");
	json_decref(root);
}

static void audit_lines(void **state)
{
	char buf[PL_AUDIT_LINE_MAX], request[5000];
	struct pl_audit_note note = {.utc_ns = INT64_C(1795222230696000000),
				     .who = "uid:0",
				     .role = "operator",
				     .peer = "localhost:0:0:1",
				     .request = request,
				     .result = "usage",
				     .times = 3};
	json_t *root;

	(void)state;
	memset(request, 'x', sizeof(request) - 1);
	request[sizeof(request) - 1] = '\0';
	root = read_back(buf, pl_audit_format(buf, sizeof(buf), &note));
	assert_string_equal(json_string_value(json_object_get(root, "t")),
			    "2026-11-21T00:50:30.696Z");
	assert_string_equal(json_string_value(json_object_get(root, "who")), "uid:0");
	assert_string_equal(json_string_value(json_object_get(root, "role")), "operator");
	assert_string_equal(json_string_value(json_object_get(root, "result")), "usage");
	assert_int_equal(json_integer_value(json_object_get(root, "times")), 3);
	assert_int_equal(json_string_length(json_object_get(root, "request")), 2000);
	json_decref(root);
	/* What takes most room when it is quoted: it was not audited at all once. */
	memset(request, 1, sizeof(request) - 1);
	root = read_back(buf, pl_audit_format(buf, sizeof(buf), &note));
	assert_int_equal(json_string_length(json_object_get(root, "request")), 2000);
	json_decref(root);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(frames, set_up, tear_down),
		cmocka_unit_test_setup_teardown(metrics_and_view, set_up, tear_down),
		cmocka_unit_test_setup_teardown(too_small, set_up, tear_down),
		cmocka_unit_test(events),
		cmocka_unit_test(audit_lines),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
