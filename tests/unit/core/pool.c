/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The frame pool alone, and as the daemon uses it: one thread takes frames, fills them and hands
 * them on; two others read them and let go, in whatever order it happens.
 */
#include <math.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include <plantar/frame.h>
#include <plantar/ring.h>

#define FRAMES 64
#define ROUNDS 300000u

static void test_get_until_empty(void **state)
{
	struct pl_pool *pool = pl_pool_new(5, 100, 3, NULL);
	struct pl_frame *frames[5], *again;

	(void)state;
	assert_non_null(pool);
	for (unsigned i = 0; i < 5; i++) {
		assert_int_equal(pl_pool_available(pool), 5 - i);
		frames[i] = pl_pool_get(pool);
		assert_non_null(frames[i]);
		assert_int_equal((uintptr_t)frames[i]->cells % 64, 0);
		assert_int_equal(frames[i]->cells_bytes, 100);
		assert_true(frames[i]->t_device_ns == INT64_MIN && frames[i]->device_seq == -1);
		for (unsigned k = 0; k < i; k++)
			assert_ptr_not_equal(frames[i], frames[k]);
		memset(frames[i]->cells, (int)i + 1, 100);
		for (unsigned m = 0; m < 3; m++)
			assert_true(isnan(frames[i]->metrics[m]));
		for (unsigned m = 0; m < 3; m++)
			frames[i]->metrics[m] = (float)i;
	}
	assert_null(pl_pool_get(pool));
	assert_int_equal(pl_pool_available(pool), 0);
	for (unsigned i = 0; i < 5; i++) {
		assert_int_equal(((uint8_t *)frames[i]->cells)[0], i + 1);
		assert_int_equal(((uint8_t *)frames[i]->cells)[99], i + 1);
		assert_true(frames[i]->metrics[2] == (float)i);
	}
	pl_frame_unref(frames[3]);
	pl_frame_unref(frames[1]);
	again = pl_pool_get(pool);
	assert_ptr_equal(again, frames[1]); /* last in, first out */
	assert_true(isnan(again->metrics[0]));
	pl_frame_unref(again);
	pl_frame_unref(frames[0]);
	pl_frame_unref(frames[2]);
	pl_frame_unref(frames[4]);
	pl_frame_unref(NULL);
	assert_int_equal(pl_pool_available(pool), 5);
	pl_pool_free(pool);
	pl_pool_free(NULL);
}

static void test_references(void **state)
{
	struct pl_pool *pool = pl_pool_new(1, 8, 0, NULL);
	struct pl_frame *frame = pl_pool_get(pool);

	(void)state;
	pl_frame_ref(frame);
	pl_frame_ref(frame);
	pl_frame_unref(frame);
	pl_frame_unref(frame);
	assert_null(pl_pool_get(pool));
	pl_frame_unref(frame);
	assert_ptr_equal(pl_pool_get(pool), frame);
	pl_frame_unref(frame);
	pl_pool_free(pool);
}

static void test_impossible_sizes(void **state)
{
	struct pl_error err;

	(void)state;
	assert_null(pl_pool_new(0, 8, 0, &err));
	assert_int_equal(err.code, PL_EUSAGE);
	assert_null(pl_pool_new(4, SIZE_MAX, 0, &err));
	assert_int_equal(err.code, PL_ENOMEM);
	assert_null(pl_pool_new(1u << 30, SIZE_MAX >> 20, 0, &err));
	assert_int_equal(err.code, PL_ENOMEM);
}

/* 2 GiB of frames of which ten are used cost ten frames, not 2 GiB. */
static void test_untouched_memory_stays_untouched(void **state)
{
	struct pl_pool *pool = pl_pool_new(65536, 32768, 90, NULL);
	unsigned char resident[64];
	struct pl_frame *frame = NULL;
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	unsigned touched = 0;
	uintptr_t far;

	(void)state;
	if (!pool) {
		print_message("no 2 GiB of address space here\n");
		skip();
	}
	for (unsigned i = 0; i < 1000; i++) {
		frame = pl_pool_get(pool);
		memset(frame->cells, 1, frame->cells_bytes);
		pl_frame_unref(frame);
	}
	/* 256 MiB further on: whatever the kernel rounds up to, nothing is there */
	far = ((uintptr_t)frame->cells + (256u << 20)) / page * page;
	assert_int_equal(mincore((void *)far, sizeof(resident) * page, resident), 0);
	for (size_t i = 0; i < sizeof(resident); i++)
		touched += resident[i] & 1;
	assert_int_equal(touched, 0);
	pl_pool_free(pool);
}

struct reader {
	struct pl_ring *ring;
	uint64_t seen, bad, held_back;
};

static bool frame_is_whole(const struct pl_frame *frame)
{
	const uint64_t *cells = frame->cells;

	for (unsigned i = 0; i < 16; i++)
		if (cells[i] != frame->seq + i)
			return false;
	return frame->metrics[0] == (float)frame->seq;
}

/* Reads until the NULL that ends the stream; every third frame is kept for a while. */
static void *read_frames(void *arg)
{
	struct pl_frame *kept[8] = {NULL}, **slot, *frame;
	struct reader *r = arg;
	unsigned n = 0;

	for (;;) {
		while (!(slot = pl_ring_peek(r->ring)))
			sched_yield();
		frame = *slot;
		pl_ring_release(r->ring, 1);
		if (!frame)
			break;
		r->seen++;
		r->bad += !frame_is_whole(frame);
		if (r->seen % 3 == 0) {
			struct pl_frame *older = kept[n % 8];

			r->bad += older && !frame_is_whole(older);
			pl_frame_unref(older);
			kept[n++ % 8] = frame;
			r->held_back++;
		} else {
			pl_frame_unref(frame);
		}
	}
	for (unsigned i = 0; i < 8; i++)
		pl_frame_unref(kept[i]);
	return NULL;
}

static void send_frame(struct pl_ring *ring, struct pl_frame *frame)
{
	struct pl_frame **slot;

	while (!(slot = pl_ring_reserve(ring)))
		sched_yield();
	*slot = frame;
	pl_ring_commit(ring);
}

static void test_one_getter_two_releasers(void **state)
{
	struct pl_pool *pool = pl_pool_new(FRAMES, 128, 1, NULL);
	struct reader readers[2] = {{0}};
	pthread_t threads[2];
	unsigned empty = 0;

	(void)state;
	for (int i = 0; i < 2; i++) {
		readers[i].ring = pl_ring_new(FRAMES, sizeof(struct pl_frame *), NULL);
		assert_int_equal(pthread_create(&threads[i], NULL, read_frames, &readers[i]), 0);
	}
	for (uint64_t seq = 0; seq < ROUNDS; seq++) {
		struct pl_frame *frame;

		while (!(frame = pl_pool_get(pool))) {
			empty++;
			sched_yield();
		}
		frame->seq = seq;
		for (unsigned i = 0; i < 16; i++)
			((uint64_t *)frame->cells)[i] = seq + i;
		frame->metrics[0] = (float)seq;
		pl_frame_ref(frame);
		send_frame(readers[0].ring, frame);
		send_frame(readers[1].ring, frame);
	}
	for (int i = 0; i < 2; i++) {
		send_frame(readers[i].ring, NULL);
		pthread_join(threads[i], NULL);
		pl_ring_free(readers[i].ring);
		assert_int_equal(readers[i].bad, 0);
		assert_int_equal(readers[i].seen, ROUNDS);
	}
	assert_int_equal(pl_pool_available(pool), FRAMES);
	print_message("pool was empty %u times\n", empty);
	pl_pool_free(pool);
}

struct contender {
	struct pl_pool *pool;
	uint64_t id, bad;
};

/* Takes and gives back single frames as fast as it can: what ABA would break. */
static void *contend(void *arg)
{
	struct contender *c = arg;

	for (unsigned i = 0; i < ROUNDS; i++) {
		struct pl_frame *a = pl_pool_get(c->pool), *b = pl_pool_get(c->pool);

		if (a)
			*(uint64_t *)a->cells = c->id;
		if (b)
			*(uint64_t *)b->cells = c->id + 100;
		c->bad += a && *(uint64_t *)a->cells != c->id;
		c->bad += b && *(uint64_t *)b->cells != c->id + 100;
		pl_frame_unref(a); /* a before b: the stack is turned over each time */
		pl_frame_unref(b);
	}
	return NULL;
}

static void test_three_threads_contend(void **state)
{
	struct pl_pool *pool = pl_pool_new(4, 64, 0, NULL);
	struct contender c[3];
	pthread_t threads[3];

	(void)state;
	for (unsigned i = 0; i < 3; i++) {
		c[i] = (struct contender){.pool = pool, .id = i};
		assert_int_equal(pthread_create(&threads[i], NULL, contend, &c[i]), 0);
	}
	for (unsigned i = 0; i < 3; i++) {
		pthread_join(threads[i], NULL);
		assert_int_equal(c[i].bad, 0);
	}
	assert_int_equal(pl_pool_available(pool), 4);
	for (unsigned i = 0; i < 4; i++)
		assert_non_null(pl_pool_get(pool));
	assert_null(pl_pool_get(pool));
	pl_pool_free(pool);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_get_until_empty),
		cmocka_unit_test(test_references),
		cmocka_unit_test(test_impossible_sizes),
		cmocka_unit_test(test_untouched_memory_stays_untouched),
		cmocka_unit_test(test_one_getter_two_releasers),
		cmocka_unit_test(test_three_threads_contend),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
