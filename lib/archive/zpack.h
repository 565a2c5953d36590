/* SPDX-License-Identifier: Apache-2.0 */
/*
 * zlib streams that every inflate reads, made fast for what an archive of frames holds. One
 * struct serves one thread; nothing is allocated after pl_zpack_new.
 */
#ifndef ARCHIVE_ZPACK_H
#define ARCHIVE_ZPACK_H

#include <stddef.h>

struct zpack;

struct zpack *pl_zpack_new(void); /* NULL: out of memory */
void pl_zpack_free(struct zpack *z);

/* Room that n bytes of input need at most. */
size_t pl_zpack_bound(size_t n);

/*
 * Compress n bytes into out[pl_zpack_bound(n)], return how many bytes that took. repeat: distance
 * at which the data may repeat itself (a frame's size), 0 if there is none; above 32,768 it is of
 * no use.
 */
size_t pl_zpack(struct zpack *z, const void *data, size_t n, size_t repeat, void *out);

/* HDF5's shuffle: byte k of each of the n elements of size bytes goes to plane k. from is aligned
 * for such elements. */
void pl_zpack_shuffle(const void *from, size_t n, size_t size, void *to);

#endif
