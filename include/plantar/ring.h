/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A ring of fixed-size slots between exactly one producer and one consumer thread. Wait-free on
 * both sides: no lock, no system call, no allocation after pl_ring_new. Slots are filled and read
 * in place. Who waits for whom, and how they wake each other, is the caller's business.
 */
#ifndef PLANTAR_RING_H
#define PLANTAR_RING_H

#include <stddef.h>

#include <plantar/error.h>

#ifdef __cplusplus
extern "C" {
#endif

struct pl_ring;

/* slots is rounded up to a power of two. Pages are touched only when first used. NULL on failure.
 */
struct pl_ring *pl_ring_new(size_t slots, size_t slot_bytes, struct pl_error *err);
void pl_ring_free(struct pl_ring *ring); /* both threads have ended; NULL allowed */

/* Producer: the next free slot, or NULL when the ring is full. Commit makes it visible. */
void *pl_ring_reserve(struct pl_ring *ring);
void pl_ring_commit(struct pl_ring *ring);

/* Consumer: the oldest slot, or NULL when empty; the i-th oldest with peek_at (0 = oldest). */
void *pl_ring_peek(struct pl_ring *ring);
void *pl_ring_peek_at(struct pl_ring *ring, size_t i);
void pl_ring_release(struct pl_ring *ring, size_t n); /* give the n oldest slots back */

/* Either side: slots in use right now (a snapshot), and the capacity. */
size_t pl_ring_used(const struct pl_ring *ring);
size_t pl_ring_slots(const struct pl_ring *ring);

#ifdef __cplusplus
}
#endif
#endif
