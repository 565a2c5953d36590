/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Frames travel from the process thread to the recorder and the publisher, and whoever lets go
 * last gives the frame back, from any thread and without waiting. Free frames form a stack of
 * indices whose top and a tag that counts changes share one 64-bit atomic: without the tag, a
 * thread could be preempted between reading the top and replacing it, while others pop that frame
 * and push it again over another one (ABA), and a frame would be handed out twice. The stack is
 * last-in first-out on purpose: the frame used a moment ago is still in the cache, and the memory
 * that is only needed when the recorder falls behind is not touched until then.
 */
#include <plantar/frame.h>

#include <assert.h>
#include <errno.h>
#include <math.h>
#include <stdalign.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define CACHE_LINE 64u
#define NONE UINT32_MAX /* index of no frame: the end of the stack */

struct pl_pool {
	/* never written after pl_pool_new */
	unsigned char *memory, *cells, *metrics;
	_Atomic uint32_t *next; /* the frame below, where a frame is in the stack */
	size_t mapped_bytes, frame_stride, cells_bytes, cells_stride, metrics_stride;
	unsigned count, n_metrics;

	alignas(CACHE_LINE) _Atomic uint64_t top; /* tag << 32 | index */
	alignas(CACHE_LINE) atomic_uint available;
};

static uint64_t top_after(uint64_t top, uint32_t index)
{
	return ((top >> 32) + 1) << 32 | index;
}

/* Append a region of count * stride bytes to the layout; its offset, or SIZE_MAX on overflow. */
static size_t region(size_t *total, size_t count, size_t each, size_t *stride)
{
	size_t offset = *total, bytes;

	if (each > SIZE_MAX - CACHE_LINE)
		return SIZE_MAX;
	*stride = (each + CACHE_LINE - 1) / CACHE_LINE * CACHE_LINE;
	if (__builtin_mul_overflow(count, *stride, &bytes) ||
	    __builtin_add_overflow(offset, bytes, total))
		return SIZE_MAX;
	return offset;
}

static int pool_map(struct pl_pool *pool)
{
	size_t total = 0, frames, next, cells, metrics, next_stride;

	frames = region(&total, pool->count, sizeof(struct pl_frame), &pool->frame_stride);
	next = region(&total, 1, pool->count * sizeof(*pool->next), &next_stride);
	metrics =
		region(&total, pool->count, pool->n_metrics * sizeof(float), &pool->metrics_stride);
	cells = region(&total, pool->count, pool->cells_bytes, &pool->cells_stride);
	if (frames == SIZE_MAX || next == SIZE_MAX || metrics == SIZE_MAX || cells == SIZE_MAX)
		return -1;
	pool->memory =
		mmap(NULL, total, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (pool->memory == MAP_FAILED)
		return -1;
	pool->mapped_bytes = total;
	pool->next = (_Atomic uint32_t *)(void *)(pool->memory + next);
	pool->metrics = pool->memory + metrics;
	pool->cells = pool->memory + cells;
	return 0;
}

struct pl_pool *pl_pool_new(unsigned count, size_t cells_bytes, unsigned n_metrics,
			    struct pl_error *err)
{
	struct pl_pool *pool;

	if (count == 0 || count >= NONE) {
		pl_error_set(err, PL_EUSAGE, 0, "a frame pool needs at least one frame");
		return NULL;
	}
	pool = aligned_alloc(CACHE_LINE, sizeof(*pool));
	if (!pool) {
		pl_error_set(err, PL_ENOMEM, errno, "out of memory for a frame pool");
		return NULL;
	}
	memset(pool, 0, sizeof(*pool));
	pool->count = count;
	pool->cells_bytes = cells_bytes;
	pool->n_metrics = n_metrics;
	if (pool_map(pool)) {
		pl_error_set(err, PL_ENOMEM, ENOMEM,
			     "out of memory for a pool of %u frames of %zu bytes", count,
			     cells_bytes);
		free(pool);
		return NULL;
	}
	for (uint32_t i = 0; i < count; i++)
		atomic_init(&pool->next[i], i + 1 < count ? i + 1 : NONE);
	atomic_init(&pool->top, 0);
	atomic_init(&pool->available, count);
	return pool;
}

void pl_pool_free(struct pl_pool *pool)
{
	if (!pool)
		return;
	munmap(pool->memory, pool->mapped_bytes);
	free(pool);
}

static uint32_t stack_pop(struct pl_pool *pool)
{
	uint64_t top = atomic_load_explicit(&pool->top, memory_order_acquire);
	uint32_t index, below;

	do {
		index = (uint32_t)top;
		if (index == NONE)
			return NONE;
		/* May be outdated by now; then the tag has changed and the exchange fails. */
		below = atomic_load_explicit(&pool->next[index], memory_order_relaxed);
	} while (!atomic_compare_exchange_weak_explicit(&pool->top, &top, top_after(top, below),
							memory_order_acquire,
							memory_order_acquire));
	return index;
}

static void stack_push(struct pl_pool *pool, uint32_t index)
{
	uint64_t top = atomic_load_explicit(&pool->top, memory_order_relaxed);

	do {
		atomic_store_explicit(&pool->next[index], (uint32_t)top, memory_order_relaxed);
	} while (!atomic_compare_exchange_weak_explicit(&pool->top, &top, top_after(top, index),
							memory_order_release,
							memory_order_relaxed));
}

struct pl_frame *pl_pool_get(struct pl_pool *pool)
{
	uint32_t index = stack_pop(pool);
	struct pl_frame *frame;

	if (index == NONE)
		return NULL;
	atomic_fetch_sub_explicit(&pool->available, 1, memory_order_relaxed);
	frame = (struct pl_frame *)(void *)(pool->memory + index * pool->frame_stride);
	*frame = (struct pl_frame){
		.t_device_ns = INT64_MIN,
		.device_seq = -1,
		.cells_bytes = pool->cells_bytes,
		.cells = pool->cells + index * pool->cells_stride,
		.metrics = (float *)(void *)(pool->metrics + index * pool->metrics_stride),
		.pool = pool,
		.index = index,
		.refs = 1,
	};
	/* A value of the frame that was here before would be believed. */
	for (unsigned i = 0; i < pool->n_metrics; i++)
		frame->metrics[i] = NAN;
	return frame;
}

void pl_frame_ref(struct pl_frame *frame)
{
	__atomic_fetch_add(&frame->refs, 1, __ATOMIC_RELAXED);
}

void pl_frame_unref(struct pl_frame *frame)
{
	uint32_t refs;

	if (!frame)
		return;
	/* Release what this thread did with the frame; acquire what the others did before reuse. */
	refs = __atomic_fetch_sub(&frame->refs, 1, __ATOMIC_ACQ_REL);
	assert(refs != 0);
	if (refs != 1)
		return;
	atomic_fetch_add_explicit(&frame->pool->available, 1, memory_order_relaxed);
	stack_push(frame->pool, frame->index);
}

unsigned pl_pool_available(const struct pl_pool *pool)
{
	return atomic_load_explicit(&pool->available, memory_order_relaxed);
}
