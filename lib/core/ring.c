/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The reader thread may never wait for anyone downstream, so what lies between two threads is a
 * ring that neither can block. Two counters that only grow say what is filled and what is free;
 * each is written by one side only. What makes it fast is that a side looks at the other's counter
 * (a cache line travelling between cores) only when its own copy of it says full or empty.
 */
#include <plantar/ring.h>

#include <errno.h>
#include <stdalign.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define CACHE_LINE 64u

struct pl_ring {
	/* never written after pl_ring_new */
	unsigned char *memory;
	size_t stride, mask, mapped_bytes;

	/* the producer's line */
	alignas(CACHE_LINE) atomic_size_t head; /* slots ever committed */
	size_t tail_seen;

	/* the consumer's line */
	alignas(CACHE_LINE) atomic_size_t tail; /* slots ever released */
	size_t head_seen;
};

static int ring_sizes(struct pl_ring *ring, size_t slots, size_t slot_bytes)
{
	size_t rounded = 1;

	if (slots > SIZE_MAX / 2 || slot_bytes > SIZE_MAX - CACHE_LINE)
		return -1;
	while (rounded < slots)
		rounded *= 2;
	ring->mask = rounded - 1;
	ring->stride = (slot_bytes + CACHE_LINE - 1) / CACHE_LINE * CACHE_LINE;
	return __builtin_mul_overflow(rounded, ring->stride, &ring->mapped_bytes) ? -1 : 0;
}

struct pl_ring *pl_ring_new(size_t slots, size_t slot_bytes, struct pl_error *err)
{
	struct pl_ring *ring;

	if (slots == 0 || slot_bytes == 0) {
		pl_error_set(err, PL_EUSAGE, 0, "a ring needs at least one slot of one byte");
		return NULL;
	}
	ring = aligned_alloc(CACHE_LINE, sizeof(*ring));
	if (!ring) {
		pl_error_set(err, PL_ENOMEM, errno, "out of memory for a ring");
		return NULL;
	}
	memset(ring, 0, sizeof(*ring));
	ring->memory = MAP_FAILED;
	if (ring_sizes(ring, slots, slot_bytes) == 0)
		ring->memory = mmap(NULL, ring->mapped_bytes, PROT_READ | PROT_WRITE,
				    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (ring->memory == MAP_FAILED) {
		pl_error_set(err, PL_ENOMEM, ENOMEM,
			     "out of memory for a ring of %zu slots of %zu bytes", slots,
			     slot_bytes);
		free(ring);
		return NULL;
	}
	atomic_init(&ring->head, 0);
	atomic_init(&ring->tail, 0);
	return ring;
}

void pl_ring_free(struct pl_ring *ring)
{
	if (!ring)
		return;
	munmap(ring->memory, ring->mapped_bytes);
	free(ring);
}

static void *slot_at(struct pl_ring *ring, size_t position)
{
	return ring->memory + (position & ring->mask) * ring->stride;
}

void *pl_ring_reserve(struct pl_ring *ring)
{
	size_t head = atomic_load_explicit(&ring->head, memory_order_relaxed);

	if (head - ring->tail_seen > ring->mask) {
		ring->tail_seen = atomic_load_explicit(&ring->tail, memory_order_acquire);
		if (head - ring->tail_seen > ring->mask)
			return NULL;
	}
	return slot_at(ring, head);
}

void pl_ring_commit(struct pl_ring *ring)
{
	size_t head = atomic_load_explicit(&ring->head, memory_order_relaxed);

	if (head - ring->tail_seen > ring->mask)
		return; /* nothing was reserved; the consumer's slots stay whole */
	atomic_store_explicit(&ring->head, head + 1, memory_order_release);
}

void *pl_ring_peek_at(struct pl_ring *ring, size_t i)
{
	size_t tail = atomic_load_explicit(&ring->tail, memory_order_relaxed);

	if (i >= ring->head_seen - tail) {
		ring->head_seen = atomic_load_explicit(&ring->head, memory_order_acquire);
		if (i >= ring->head_seen - tail)
			return NULL;
	}
	return slot_at(ring, tail + i);
}

void *pl_ring_peek(struct pl_ring *ring)
{
	return pl_ring_peek_at(ring, 0);
}

void pl_ring_release(struct pl_ring *ring, size_t n)
{
	size_t tail = atomic_load_explicit(&ring->tail, memory_order_relaxed);

	if (n > ring->head_seen - tail)
		n = ring->head_seen - tail; /* what was never seen cannot be given back */
	atomic_store_explicit(&ring->tail, tail + n, memory_order_release);
}

size_t pl_ring_used(const struct pl_ring *ring)
{
	/* The tail first: the other way round it could have overtaken the head we remember. */
	size_t tail = atomic_load_explicit(&ring->tail, memory_order_acquire);
	size_t used = atomic_load_explicit(&ring->head, memory_order_acquire) - tail;

	return used > ring->mask + 1 ? ring->mask + 1 : used;
}

size_t pl_ring_slots(const struct pl_ring *ring)
{
	return ring->mask + 1;
}
