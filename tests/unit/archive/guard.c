/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What HDF5 does to the child process that looks at a file first happens to nobody else, and is
 * told; what the child found comes back whole.
 */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "lib/archive/h5_guard.h"

static void does_nothing(void *user, int tell)
{
	(void)user;
	(void)tell;
}

static void crashes(void *user, int tell)
{
	(void)tell;
	raise(*(int *)user);
}

static void leaves(void *user, int tell)
{
	(void)tell;
	_exit(*(int *)user);
}

static void crashes_are_errors(void **state)
{
	int signals[] = {SIGSEGV, SIGFPE, SIGABRT, SIGBUS}, status = 0;
	struct h5_guarded good = {.work = does_nothing}, bad = {.work = crashes};
	struct h5_guarded gone = {.work = leaves, .user = &status};
	struct pl_error err = {0};

	(void)state;
	assert_int_equal(pl_h5_guard(&good, "a.h5", &err), 0);
	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++) {
		bad.user = &signals[i];
		assert_int_equal(pl_h5_guard(&bad, "a.h5", &err), -1);
		assert_int_equal(err.code, PL_ECORRUPT);
		assert_memory_equal(err.message, "a.h5 is damaged", 15);
	}
	assert_int_equal(pl_h5_guard(&gone, "a.h5", NULL), -1);
	signal(SIGCHLD, SIG_IGN); /* a program that reaps its children so */
	assert_int_equal(pl_h5_guard(&good, "a.h5", &err), 0);
	assert_int_equal(pl_h5_guard(&bad, "a.h5", &err), -1);
	signal(SIGCHLD, SIG_DFL);
}

#define RESULT 100000 /* more than a pipe holds */

static void fills(void *user, int tell)
{
	for (uint64_t i = 1; i <= 3; i++)
		pl_h5_guard_tell(tell, i, 3);
	memset(user, 42, RESULT);
}

static bool sum_up(void *user, uint64_t done, uint64_t total)
{
	assert_int_equal(total, 3);
	*(uint64_t *)user += done;
	return false;
}

static void the_result_comes_back(void **state)
{
	static uint8_t result[RESULT];
	uint64_t sum = 0;
	const struct h5_guarded g = {
		.work = fills,
		.user = result,
		.result = result,
		.result_bytes = sizeof(result),
		.progress = sum_up,
		.progress_user = &sum,
	};

	(void)state;
	assert_int_equal(pl_h5_guard(&g, "a.h5", NULL), 0);
	assert_int_equal(sum, 6);
	for (size_t i = 0; i < sizeof(result); i++)
		assert_int_equal(result[i], 42);
}

static void never_ends(void *user, int tell)
{
	(void)user;
	for (;;)
		pl_h5_guard_tell(tell, 0, 0);
}

static bool enough(void *user, uint64_t done, uint64_t total)
{
	(void)done;
	(void)total;
	return ++*(int *)user == 5;
}

static void who_gives_up_need_not_wait(void **state)
{
	int asked = 0;
	const struct h5_guarded g = {
		.work = never_ends, .progress = enough, .progress_user = &asked};

	(void)state;
	assert_int_equal(pl_h5_guard(&g, "a.h5", NULL), 1);
	assert_int_equal(asked, 5);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(crashes_are_errors),
		cmocka_unit_test(the_result_comes_back),
		cmocka_unit_test(who_gives_up_need_not_wait),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
