/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Errors, log lines and names: text that is too long, that is made from itself, that carries
 * newlines, and the names other programs rely on.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <plantar/error.h>
#include <plantar/frame.h>
#include <plantar/log.h>

static void test_set_fills_and_returns_minus_one(void **state)
{
	struct pl_error err = {0};

	(void)state;
	errno = EAGAIN;
	assert_int_equal(pl_error_set(&err, PL_EACCES, EACCES, "cannot open %s: %s", "/dev/ttyUSB0",
				      "permission denied"),
			 -1);
	assert_int_equal(err.code, PL_EACCES);
	assert_int_equal(err.os_errno, EACCES);
	assert_string_equal(err.message, "cannot open /dev/ttyUSB0: permission denied");
	assert_int_equal(errno, EAGAIN);
	assert_int_equal(pl_error_set(NULL, PL_EIO, 0, "nobody listens"), -1);
	pl_error_prefix(NULL, "nobody: ");
}

static void test_set_from_its_own_message(void **state)
{
	struct pl_error err;

	(void)state;
	pl_error_set(&err, PL_EIO, EIO, "read failed");
	pl_error_set(&err, PL_EGONE, err.os_errno, "mat A:\n%s", err.message);
	assert_string_equal(err.message, "mat A: read failed");
	pl_error_prefix(&err, "source %d: ", 3);
	assert_string_equal(err.message, "source 3: mat A: read failed");
	assert_int_equal(err.code, PL_EGONE);
	assert_int_equal(err.os_errno, EIO);
}

/* Every way a two-, three- or four-byte character can fall on the end of the buffer. */
static void test_cut_at_a_whole_character(void **state)
{
	static const char *const chars[] = {"x", "\xC3\xA4", "\xE2\x82\xAC", "\xF0\x9F\x91\xA3"};
	struct pl_error err;
	char text[600];

	(void)state;
	for (size_t c = 0; c < 4; c++) {
		size_t n = strlen(chars[c]), room = sizeof(err.message) - 1;

		for (size_t before = room - 5; before <= room + 1; before++) {
			size_t whole = before >= room ? room : before + (room - before) / n * n;

			memset(text, 'a', before);
			text[before] = '\0';
			for (int i = 0; i < 6; i++)
				strcat(text, chars[c]);
			pl_error_set(&err, PL_EIO, 0, "%s", text);
			assert_int_equal(strlen(err.message), whole);
			assert_memory_equal(err.message, text, whole);
			pl_error_set(&err, PL_EIO, 0, "%s", text + 3);
			pl_error_prefix(&err, "ab:");
			assert_int_equal(strlen(err.message), whole);
			assert_memory_equal(err.message + 3, text + 3, whole - 3);
		}
	}
}

static void test_prefix_longer_than_the_buffer(void **state)
{
	struct pl_error err;
	char text[700];

	(void)state;
	memset(text, 'p', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	pl_error_set(&err, PL_EIO, 0, "gone");
	pl_error_prefix(&err, "%s", text);
	assert_int_equal(strlen(err.message), sizeof(err.message) - 1);
	assert_memory_equal(err.message, text, sizeof(err.message) - 1);
}

static void test_code_names(void **state)
{
	static const char *const names[] = {"ok",      "usage", "config", "io",	     "access",
					    "noent",   "gone",	"busy",	  "nospace", "format",
					    "corrupt", "state", "nomem",  "timeout", "unsupported"};

	(void)state;
	for (int i = PL_OK; i <= PL_EUNSUPPORTED; i++)
		assert_string_equal(pl_code_name((enum pl_code)i), names[i]);
	assert_string_equal(pl_code_name((enum pl_code)(PL_EUNSUPPORTED + 1)), "unknown");
	assert_string_equal(pl_code_name((enum pl_code) - 1), "unknown");
}

struct sunk {
	int lines;
	enum pl_level level;
	char text[2000];
};

static void sink(void *user, enum pl_level level, const char *text)
{
	struct sunk *s = user;

	s->lines++;
	s->level = level;
	snprintf(s->text, sizeof(s->text), "%s", text);
	errno = EBADF;
}

static void test_log_levels_and_length(void **state)
{
	struct sunk s = {0};
	struct pl_log log = {.sink = sink, .user = &s, .max = PL_INFO}, mute = {.max = PL_DEBUG};
	char text[1500];

	(void)state;
	pl_logf(NULL, PL_ERR, "nobody");
	pl_logf(&mute, PL_ERR, "nobody");
	pl_logf(&log, PL_DEBUG, "too fine");
	assert_int_equal(s.lines, 0);
	errno = EINTR;
	pl_logf(&log, PL_INFO, "mat %s:\n%d frames", "A", 7);
	assert_int_equal(errno, EINTR);
	assert_int_equal(s.lines, 1);
	assert_int_equal(s.level, PL_INFO);
	assert_string_equal(s.text, "mat A: 7 frames");
	memset(text, 'l', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	memcpy(text + 999, "\xC3\xA4", 2); /* half of it would fit */
	pl_logf(&log, PL_ERR, "%s", text);
	assert_int_equal(strlen(s.text), 999);
}

static void test_level_names(void **state)
{
	(void)state;
	for (int level = PL_ERR; level <= PL_DEBUG; level++)
		assert_int_equal(pl_level_parse(pl_level_name((enum pl_level)level)), level);
	assert_int_equal(pl_level_parse("warning"), PL_WARNING);
	assert_int_equal(pl_level_parse("Warning"), -1);
	assert_int_equal(pl_level_parse(""), -1);
	assert_int_equal(pl_level_parse(NULL), -1);
	assert_string_equal(pl_level_name((enum pl_level)0), "unknown");
}

static void test_frame_names(void **state)
{
	static const size_t sizes[] = {1, 2, 2, 4, 4, 4, 8};

	(void)state;
	for (int i = PL_U8; i <= PL_F64; i++) {
		assert_int_equal(pl_dtype_parse(pl_dtype_name((enum pl_dtype)i)), i);
		assert_int_equal(pl_dtype_size((enum pl_dtype)i), sizes[i]);
	}
	assert_int_equal(pl_dtype_parse("<u2"), PL_U16);
	assert_int_equal(pl_dtype_parse("|u1"), PL_U8);
	assert_int_equal(pl_dtype_parse("<f4"), PL_F32);
	assert_int_equal(pl_dtype_parse("u2"), -1);
	assert_int_equal(pl_dtype_parse(NULL), -1);
	assert_int_equal(pl_dtype_size((enum pl_dtype)99), 0);
	assert_string_equal(pl_loss_name(PL_LOSS_DEVICE), "device");
	assert_string_equal(pl_loss_name(PL_LOSS_CORRUPT), "corrupt");
	assert_string_equal(pl_loss_name(PL_LOSS_OVERRUN), "overrun");
	assert_string_equal(pl_loss_name(PL_LOSS_POOL), "pool");
	assert_string_equal(pl_loss_name(PL_LOSS_CAUSES), "unknown");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_set_fills_and_returns_minus_one),
		cmocka_unit_test(test_set_from_its_own_message),
		cmocka_unit_test(test_cut_at_a_whole_character),
		cmocka_unit_test(test_prefix_longer_than_the_buffer),
		cmocka_unit_test(test_code_names),
		cmocka_unit_test(test_log_levels_and_length),
		cmocka_unit_test(test_level_names),
		cmocka_unit_test(test_frame_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
