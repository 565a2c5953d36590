/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What threads of the daemon hand each other: nothing posted is lost, nobody sleeps through a
 * post. Meant for ThreadSanitizer as much as for its assertions.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <pthread.h>
#include <sched.h>

#include "daemon/mailbox.h"
#include "daemon/wake.h"

#define POSTS 20000

struct shared {
	struct pl_wake wake;
	struct pl_mailbox *box;
	unsigned number;
};

static void *poster(void *arg)
{
	struct shared *s = arg;

	for (uint32_t i = 0; i < POSTS; i++) {
		uint32_t item = s->number << 24 | i;

		while (!pl_mailbox_post(s->box, &item))
			sched_yield();
	}
	return NULL;
}

static void mailbox_keeps_order(void **state)
{
	struct pl_wake wake = {0};
	struct pl_mailbox *box = pl_mailbox_new(64, sizeof(uint32_t), &wake, -1, NULL);
	struct shared posters[2] = {{.box = box, .number = 0}, {.box = box, .number = 1}};
	uint32_t next[2] = {0, 0}, item;
	pthread_t threads[2];

	(void)state;
	for (int i = 0; i < 2; i++)
		pthread_create(&threads[i], NULL, poster, &posters[i]);
	while (next[0] + next[1] < 2 * POSTS) {
		while (pl_mailbox_take(box, &item))
			assert_int_equal(item & 0xFFFFFF, next[item >> 24]++);
		/* A post that were slept through would show as the whole time-out. */
		if (next[0] + next[1] < 2 * POSTS)
			assert_true(pl_wake_wait(&wake, 20 * PL_S));
	}
	for (int i = 0; i < 2; i++)
		pthread_join(threads[i], NULL);
	assert_false(pl_mailbox_take(box, &item));
	pl_mailbox_free(box);
}

static void mailbox_says_when_full(void **state)
{
	struct pl_mailbox *box = pl_mailbox_new(2, sizeof(int), NULL, -1, NULL);
	int item = 1;

	(void)state;
	assert_true(pl_mailbox_post(box, &item));
	item = 2;
	assert_true(pl_mailbox_post(box, &item));
	assert_false(pl_mailbox_post(box, &item));
	assert_int_equal(pl_mailbox_dropped(box), 1);
	assert_true(pl_mailbox_take(box, &item));
	assert_int_equal(item, 1);
	pl_mailbox_free(box);
}

static void wake_times_out(void **state)
{
	struct pl_wake wake = {0};
	int64_t before = pl_now_ns();

	(void)state;
	assert_false(pl_wake_wait(&wake, 20 * PL_MS));
	assert_true(pl_now_ns() - before >= 20 * PL_MS);
	pl_wake_post(&wake);
	pl_wake_post(&wake);
	assert_true(pl_wake_wait(&wake, 20 * PL_S)); /* at once */
	assert_false(pl_wake_wait(&wake, PL_MS));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(mailbox_keeps_order),
		cmocka_unit_test(mailbox_says_when_full),
		cmocka_unit_test(wake_times_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
