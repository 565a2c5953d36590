/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The JSON writer: its structure, its strings, what it does when the buffer ends, and its numbers,
 * which are compared with the C library's: they must read back exactly and no shorter text may.
 */
#include <float.h>
#include <locale.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include <plantar/json.h>

static uint64_t random_state = 88172645463325252u;

static uint64_t random_bits(void)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return random_state * UINT64_C(2685821657736338717);
}

static void write_all(struct pl_json *j)
{
	pl_json_begin_object(j, NULL);
	pl_json_int(j, "min", INT64_MIN);
	pl_json_uint(j, "max", UINT64_MAX);
	pl_json_ns(j, "t_ns", -123456789012);
	pl_json_begin_array(j, "list");
	pl_json_bool(j, NULL, true);
	pl_json_bool(j, NULL, false);
	pl_json_null(j, NULL);
	pl_json_begin_object(j, NULL);
	pl_json_end_object(j);
	pl_json_begin_array(j, NULL);
	pl_json_end_array(j);
	pl_json_float(j, NULL, 0.1f);
	pl_json_double(j, NULL, 0.1);
	pl_json_end_array(j);
	pl_json_string(j, "name", "mat \"A\"");
	pl_json_string(j, "none", NULL);
	pl_json_raw(j, "raw", "[1, 2]");
	pl_json_raw(j, "nothing", "");
	pl_json_end_object(j);
}

static const char all[] =
	"{\"min\":-9223372036854775808,\"max\":18446744073709551615,\"t_ns\":\"-123456789012\","
	"\"list\":[true,false,null,{},[],0.1,0.1],\"name\":\"mat \\\"A\\\"\",\"none\":null,"
	"\"raw\":[1, 2],\"nothing\":null}";

static void test_document(void **state)
{
	char buf[400];
	struct pl_json j;

	(void)state;
	pl_json_init(&j, buf, sizeof(buf));
	write_all(&j);
	assert_int_equal(pl_json_finish(&j), sizeof(all) - 1);
	assert_string_equal(buf, all);
}

static void test_every_size_of_buffer(void **state)
{
	char buf[sizeof(all) + 1];
	struct pl_json j;

	(void)state;
	for (size_t cap = 0; cap <= sizeof(all); cap++) {
		memset(buf, 'X', sizeof(buf));
		pl_json_init(&j, buf, cap);
		write_all(&j);
		assert_int_equal(pl_json_finish(&j), cap == sizeof(all) ? sizeof(all) - 1 : 0);
		assert_int_equal(j.overflow, cap < sizeof(all));
		assert_int_equal(buf[cap], 'X');
		if (cap)
			assert_true(strlen(buf) < cap);
	}
}

static size_t finish_after(void (*steps)(struct pl_json *j))
{
	char buf[2000];
	struct pl_json j;

	pl_json_init(&j, buf, sizeof(buf));
	steps(&j);
	return pl_json_finish(&j);
}

static void nothing(struct pl_json *j)
{
	(void)j;
}

static void unclosed(struct pl_json *j)
{
	pl_json_begin_object(j, NULL);
}

static void end_too_many(struct pl_json *j)
{
	pl_json_begin_object(j, NULL);
	pl_json_end_object(j);
	pl_json_end_object(j);
}

static void crossed(struct pl_json *j)
{
	pl_json_begin_object(j, NULL);
	pl_json_end_array(j);
}

static void key_in_array(struct pl_json *j)
{
	pl_json_begin_array(j, NULL);
	pl_json_int(j, "key", 1);
	pl_json_end_array(j);
}

static void no_key_in_object(struct pl_json *j)
{
	pl_json_begin_object(j, NULL);
	pl_json_int(j, NULL, 1);
	pl_json_end_object(j);
}

static void two_documents(struct pl_json *j)
{
	pl_json_int(j, NULL, 1);
	pl_json_int(j, NULL, 2);
}

static void nest(struct pl_json *j, int depth)
{
	for (int i = 0; i < depth; i++)
		pl_json_begin_array(j, NULL);
	for (int i = 0; i < depth; i++)
		pl_json_end_array(j);
}

static void as_deep_as_can_be(struct pl_json *j)
{
	nest(j, 64);
}

static void too_deep(struct pl_json *j)
{
	nest(j, 65);
}

static void one_number(struct pl_json *j)
{
	pl_json_int(j, NULL, 7);
}

static void test_what_is_no_document(void **state)
{
	(void)state;
	assert_int_equal(finish_after(one_number), 1);
	assert_int_equal(finish_after(as_deep_as_can_be), 128);
	assert_int_equal(finish_after(nothing), 0);
	assert_int_equal(finish_after(unclosed), 0);
	assert_int_equal(finish_after(end_too_many), 0);
	assert_int_equal(finish_after(crossed), 0);
	assert_int_equal(finish_after(key_in_array), 0);
	assert_int_equal(finish_after(no_key_in_object), 0);
	assert_int_equal(finish_after(two_documents), 0);
	assert_int_equal(finish_after(too_deep), 0);
}

static void test_strings(void **state)
{
	static const struct {
		const char *in, *out;
	} cases[] = {
		{"", "\"\""},
		{"\x01\x1f\b\f\n\r\t\"\\/\x7f", "\"\\u0001\\u001f\\b\\f\\n\\r\\t\\\"\\\\/\x7f\""},
		{"\xC3\xA4\xE2\x82\xAC\xF0\x9F\x91\xA3",
		 "\"\xC3\xA4\xE2\x82\xAC\xF0\x9F\x91\xA3\""},
		{"a\xFF\x62", "\"a\xEF\xBF\xBD\x62\""},			      /* never valid */
		{"\xC0\x80", "\"\xEF\xBF\xBD\xEF\xBF\xBD\""},		      /* overlong */
		{"\xE0\x9F\xBF", "\"\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\""}, /* overlong */
		{"\xED\xA0\x80", "\"\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\""}, /* surrogate */
		{"\xF4\x90\x80\x80", "\"\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\""},
		{"\xED\x9F\xBF\xEE\x80\x80", "\"\xED\x9F\xBF\xEE\x80\x80\""},
		{"x\xE2\x82", "\"x\xEF\xBF\xBD\xEF\xBF\xBD\""}, /* ends in the middle */
		{"\xF0\x9F\x91", "\"\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\""},
		{"\xC3", "\"\xEF\xBF\xBD\""},
		{"\x80z", "\"\xEF\xBF\xBDz\""},
	};
	char buf[200];
	struct pl_json j;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		pl_json_init(&j, buf, sizeof(buf));
		pl_json_string(&j, NULL, cases[i].in);
		assert_int_equal(pl_json_finish(&j), strlen(cases[i].out));
		assert_string_equal(buf, cases[i].out);
	}
	pl_json_init(&j, buf, sizeof(buf));
	pl_json_begin_object(&j, NULL);
	pl_json_int(&j, "a\"\n", 1);
	pl_json_end_object(&j);
	pl_json_finish(&j);
	assert_string_equal(buf, "{\"a\\\"\\n\":1}");
}

static const char *double_text(double value)
{
	static char buf[64];
	struct pl_json j;

	pl_json_init(&j, buf, sizeof(buf));
	pl_json_double(&j, NULL, value);
	assert_true(pl_json_finish(&j) > 0);
	return buf;
}

static const char *float_text(float value)
{
	static char buf[64];
	struct pl_json j;

	pl_json_init(&j, buf, sizeof(buf));
	pl_json_float(&j, NULL, value);
	assert_true(pl_json_finish(&j) > 0);
	return buf;
}

static void test_known_numbers(void **state)
{
	(void)state;
	assert_string_equal(double_text(0), "0");
	assert_string_equal(double_text(-0.0), "-0.0");
	assert_string_equal(double_text(1), "1");
	assert_string_equal(double_text(-1250), "-1250");
	assert_string_equal(double_text(12.5), "12.5");
	assert_string_equal(double_text(0.1 + 0.2), "0.30000000000000004");
	assert_string_equal(double_text(1e15), "1000000000000000");
	assert_string_equal(double_text(9007199254740992), "9007199254740992");
	assert_string_equal(double_text(9999999999999998), "9999999999999998");
	assert_string_equal(double_text(1e16), "1e16");
	assert_string_equal(double_text(1.5e300), "1.5e300");
	assert_string_equal(double_text(0.00001), "0.00001");
	assert_string_equal(double_text(0.000001), "1e-6");
	assert_string_equal(double_text(-1.25e-7), "-1.25e-7");
	assert_string_equal(double_text(5e-324), "5e-324");
	assert_string_equal(double_text(DBL_MIN), "2.2250738585072014e-308");
	assert_string_equal(double_text(DBL_MAX), "1.7976931348623157e308");
	assert_string_equal(double_text(9.5367431640625e-7), "9.5367431640625e-7"); /* 2^-20 */
	assert_string_equal(double_text(2e-44), "2e-44");
	assert_string_equal(double_text(NAN), "null");
	assert_string_equal(double_text(-INFINITY), "null");
	assert_string_equal(float_text(0.1f), "0.1");
	assert_string_equal(float_text(-0.0f), "-0.0");
	assert_string_equal(float_text(686.7f), "686.7");
	assert_string_equal(float_text(16777216.0f), "16777216");
	assert_string_equal(float_text(FLT_MAX), "3.4028235e38");
	assert_string_equal(float_text(FLT_MIN), "1.1754944e-38");
	assert_string_equal(float_text(1e-45f), "1e-45");
	assert_string_equal(float_text(NAN), "null");
	assert_string_equal(float_text(INFINITY), "null");
}

static int digits_of(const char *text)
{
	int all_digits = 0, zeros = 0;

	for (; *text && *text != 'e'; text++) {
		if (*text < '0' || *text > '9' || (*text == '0' && all_digits == 0))
			continue;
		all_digits++;
		zeros = *text == '0' ? zeros + 1 : 0;
	}
	return all_digits - zeros;
}

/*
 * Reads back, and has no more digits than the shortest %e that does; where it has as many it is as
 * near. (It may have fewer: printf does not look for a farther number on the wider side of 2^n.)
 */
static void check_double(double value)
{
	const char *text = double_text(value);
	char shortest[64];
	int digits = 0;

	if (strtod(text, NULL) != value)
		fail_msg("%.17g was written as %s", value, text);
	do {
		snprintf(shortest, sizeof(shortest), "%.*e", digits++, value);
	} while (strtod(shortest, NULL) != value);
	if (digits_of(text) > digits)
		fail_msg("%.17g was written as %s, %s is shorter", value, text, shortest);
	if (digits_of(text) == digits &&
	    fabsl(strtold(text, NULL) - (long double)value) >
		    fabsl(strtold(shortest, NULL) - (long double)value))
		fail_msg("%.17g was written as %s, %s is nearer", value, text, shortest);
}

static void check_float(float value)
{
	const char *text = float_text(value);
	char shortest[64];
	int digits = 0;

	if (strtof(text, NULL) != value)
		fail_msg("%.9g was written as %s", (double)value, text);
	do {
		snprintf(shortest, sizeof(shortest), "%.*e", digits++, (double)value);
	} while (strtof(shortest, NULL) != value);
	if (digits_of(text) > digits)
		fail_msg("%.9g was written as %s, %s is shorter", (double)value, text, shortest);
	/* as numbers with more bits than a float: the nearer of two texts that read alike */
	if (digits_of(text) == digits &&
	    fabs(strtod(text, NULL) - (double)value) > fabs(strtod(shortest, NULL) - (double)value))
		fail_msg("%.9g was written as %s, %s is nearer", (double)value, text, shortest);
}

static void test_doubles_round_trip(void **state)
{
	double value;

	(void)state;
	for (int e = -1074; e < 1024; e++) { /* every binade's border and its neighbours */
		check_double(ldexp(1, e));
		check_double(nextafter(ldexp(1, e), INFINITY));
		check_double(nextafter(ldexp(1, e), 0) > 0 ? nextafter(ldexp(1, e), 0) : 1);
	}
	for (int e = -323; e <= 308; e++) {
		char text[32];

		snprintf(text, sizeof(text), "1e%d", e);
		check_double(strtod(text, NULL));
		check_double(nextafter(strtod(text, NULL), INFINITY));
	}
	for (int i = 0; i < 60000; i++) {
		uint64_t bits = random_bits();

		memcpy(&value, &bits, sizeof(value));
		if (isfinite(value))
			check_double(value);
		check_double((double)(int64_t)(bits >> 40) / 1000);
	}
}

static void test_floats_round_trip(void **state)
{
	float value;

	(void)state;
	for (int e = -149; e < 128; e++) {
		check_float(ldexpf(1, e));
		check_float(nextafterf(ldexpf(1, e), INFINITY));
		check_float(nextafterf(ldexpf(1, e), 0) > 0 ? nextafterf(ldexpf(1, e), 0) : 1);
	}
	for (int i = 0; i < 100000; i++) {
		uint32_t bits = (uint32_t)random_bits();

		memcpy(&value, &bits, sizeof(value));
		if (isfinite(value))
			check_float(value);
		check_float((float)(bits >> 12) / 100);
	}
}

/* A frame's header holds about ninety floats; printed so that a slow-down is seen. */
static void test_speed_of_floats(void **state)
{
	static float values[9000];
	struct timespec t0, t1;
	char buf[3000];
	struct pl_json j;
	size_t bytes = 0;
	double ns;

	(void)state;
	for (size_t i = 0; i < 9000; i++)
		values[i] = (float)(random_bits() >> 40) / 17000.0f;
	clock_gettime(CLOCK_MONOTONIC, &t0);
	for (size_t i = 0; i < 9000; i += 90) {
		pl_json_init(&j, buf, sizeof(buf));
		pl_json_begin_array(&j, NULL);
		for (size_t k = i; k < i + 90; k++)
			pl_json_float(&j, NULL, values[k]);
		pl_json_end_array(&j);
		bytes += pl_json_finish(&j);
	}
	clock_gettime(CLOCK_MONOTONIC, &t1);
	ns = (double)(t1.tv_sec - t0.tv_sec) * 1e9 + (double)(t1.tv_nsec - t0.tv_nsec);
	print_message("%.0f ns a float, %.1f bytes\n", ns / 9000, (double)bytes / 9000);
	assert_true(bytes > 9000 * 6 && bytes < 9000 * 12);
}

/* Where a locale with a decimal comma is installed, it makes no difference. */
static void test_comma_locale(void **state)
{
	static const char *const names[] = {"de_DE.UTF-8", "de_DE.utf8", "fr_FR.UTF-8",
					    "it_IT.UTF-8", "de_DE",	 "nl_NL.UTF-8"};
	const char *set = NULL;

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]) && !set; i++)
		set = setlocale(LC_ALL, names[i]);
	assert_string_equal(double_text(12.5), "12.5");
	assert_string_equal(float_text(0.001f), "0.001");
	print_message("locale: %s\n", set ? set
					  : "none with a comma here; json.c uses no libc "
					    "number formatting, see purity.sh");
	setlocale(LC_ALL, "C");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_document),
		cmocka_unit_test(test_every_size_of_buffer),
		cmocka_unit_test(test_what_is_no_document),
		cmocka_unit_test(test_strings),
		cmocka_unit_test(test_known_numbers),
		cmocka_unit_test(test_doubles_round_trip),
		cmocka_unit_test(test_floats_round_trip),
		cmocka_unit_test(test_speed_of_floats),
		cmocka_unit_test(test_comma_locale),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
