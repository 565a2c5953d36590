/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The ring alone, and between two threads: what goes in comes out, once, in order, whole, at every
 * ratio of the two speeds.
 */
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <plantar/ring.h>

#define ITEMS 1000000u

static void test_fill_and_drain(void **state)
{
	struct pl_ring *ring = pl_ring_new(5, 24, NULL);
	unsigned *slot;

	(void)state;
	assert_non_null(ring);
	assert_int_equal(pl_ring_slots(ring), 8);
	assert_null(pl_ring_peek(ring));
	for (unsigned round = 0; round < 5; round++) {
		for (unsigned i = 0; i < 8; i++) {
			assert_int_equal(pl_ring_used(ring), i);
			slot = pl_ring_reserve(ring);
			assert_non_null(slot);
			assert_int_equal((uintptr_t)slot % 64, 0);
			assert_ptr_equal(slot, pl_ring_reserve(ring)); /* nothing until commit */
			*slot = round * 100 + i;
			pl_ring_commit(ring);
		}
		assert_null(pl_ring_reserve(ring));
		pl_ring_commit(ring); /* without a slot: changes nothing */
		assert_int_equal(pl_ring_used(ring), 8);
		for (unsigned i = 0; i < 8; i++) {
			slot = pl_ring_peek_at(ring, i);
			assert_int_equal(*slot, round * 100 + i);
		}
		assert_null(pl_ring_peek_at(ring, 8));
		assert_null(pl_ring_peek_at(ring, SIZE_MAX));
		pl_ring_release(ring, 3);
		slot = pl_ring_peek(ring);
		assert_int_equal(*slot, round * 100 + 3);
		assert_int_equal(pl_ring_used(ring), 5);
		pl_ring_release(ring, 100); /* more than there are: all there are */
		assert_int_equal(pl_ring_used(ring), 0);
		assert_null(pl_ring_peek(ring));
	}
	pl_ring_free(ring);
	pl_ring_free(NULL);
}

static void test_impossible_sizes(void **state)
{
	struct pl_error err;

	(void)state;
	assert_null(pl_ring_new(0, 8, &err));
	assert_int_equal(err.code, PL_EUSAGE);
	assert_null(pl_ring_new(8, 0, &err));
	assert_int_equal(err.code, PL_EUSAGE);
	assert_null(pl_ring_new(SIZE_MAX, 8, &err));
	assert_int_equal(err.code, PL_ENOMEM);
	assert_null(pl_ring_new(8, SIZE_MAX, &err));
	assert_int_equal(err.code, PL_ENOMEM);
	assert_null(pl_ring_new(SIZE_MAX / 4, 1024, &err));
	assert_int_equal(err.code, PL_ENOMEM);
	assert_null(pl_ring_new(8, 0, NULL));
}

static void test_one_slot(void **state)
{
	struct pl_ring *ring = pl_ring_new(1, 1, NULL);

	(void)state;
	for (unsigned i = 0; i < 3; i++) {
		assert_non_null(pl_ring_reserve(ring));
		pl_ring_commit(ring);
		assert_null(pl_ring_reserve(ring));
		assert_non_null(pl_ring_peek(ring));
		pl_ring_release(ring, 1);
	}
	pl_ring_free(ring);
}

struct item {
	uint64_t seq, words[6], check;
};

struct transfer {
	struct pl_ring *ring;
	unsigned produced_at_once;
	uint64_t bad; /* of the observer: more in use than there are slots */
};

static void *produce(void *arg)
{
	struct transfer *t = arg;

	for (uint64_t seq = 0; seq < ITEMS;) {
		for (unsigned i = 0; i < t->produced_at_once && seq < ITEMS; seq++, i++) {
			struct item *item;

			while (!(item = pl_ring_reserve(t->ring)))
				sched_yield();
			item->seq = seq;
			for (unsigned w = 0; w < 6; w++)
				item->words[w] = seq * (w + 3);
			item->check = seq * 33;
			pl_ring_commit(t->ring);
		}
		if (t->produced_at_once < 64)
			sched_yield();
		if (pl_ring_used(t->ring) > pl_ring_slots(t->ring))
			t->bad++;
	}
	return NULL;
}

static uint64_t item_sum(const struct item *item)
{
	uint64_t sum = 0;

	for (unsigned w = 0; w < 6; w++)
		sum += item->words[w];
	return sum; /* seq * (3 + 4 + 5 + 6 + 7 + 8) */
}

static void transfer_between_threads(unsigned produced_at_once, size_t consumed_at_once)
{
	struct transfer t = {.ring = pl_ring_new(128, sizeof(struct item), NULL),
			     .produced_at_once = produced_at_once};
	uint64_t expected = 0, bad = 0;
	pthread_t producer;

	assert_int_equal(pthread_create(&producer, NULL, produce, &t), 0);
	while (expected < ITEMS) {
		struct item *item;
		size_t n = 0;

		while (n < consumed_at_once && (item = pl_ring_peek_at(t.ring, n))) {
			bad += item->seq != expected || item->check != expected * 33 ||
			       item_sum(item) != expected * 33;
			expected++;
			n++;
		}
		if (n)
			pl_ring_release(t.ring, n);
		else
			sched_yield();
		bad += pl_ring_used(t.ring) > pl_ring_slots(t.ring);
	}
	pthread_join(producer, NULL);
	assert_int_equal(bad, 0);
	assert_int_equal(t.bad, 0);
	assert_null(pl_ring_peek(t.ring));
	pl_ring_free(t.ring);
}

static void test_two_threads_full_speed(void **state)
{
	(void)state;
	transfer_between_threads(1024, 64);
}

static void test_two_threads_mostly_full(void **state)
{
	(void)state;
	transfer_between_threads(1024, 1);
}

static void test_two_threads_mostly_empty(void **state)
{
	(void)state;
	transfer_between_threads(32, 128);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_fill_and_drain),
		cmocka_unit_test(test_impossible_sizes),
		cmocka_unit_test(test_one_slot),
		cmocka_unit_test(test_two_threads_full_speed),
		cmocka_unit_test(test_two_threads_mostly_full),
		cmocka_unit_test(test_two_threads_mostly_empty),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
