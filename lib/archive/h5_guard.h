/* SPDX-License-Identifier: Apache-2.0 */
/*
 * HDF5 1.10 does not survive every damaged file: a flipped bit can make it divide by zero, write
 * where it should not or never come back. So what touches a file that nobody vouches for is done
 * in a child process first, or there alone.
 */
#ifndef ARCHIVE_H5_GUARD_H
#define ARCHIVE_H5_GUARD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <plantar/error.h>

struct h5_guarded {
	void (*work)(void *user, int tell); /* in the child; tell: for pl_h5_guard_tell */
	void *user;
	void *result; /* what work leaves here reaches the parent; NULL: nothing */
	size_t result_bytes;
	/* In the parent, for each pl_h5_guard_tell; true: give up. NULL allowed. */
	bool (*progress)(void *user, uint64_t done, uint64_t total);
	void *progress_user;
};

/*
 * 0: the work came back, whatever it found. 1: given up. -1 and PL_ECORRUPT: it crashed, or said
 * nothing for a minute. Where no child can be made the work is done in this process.
 */
int pl_h5_guard(const struct h5_guarded *g, const char *path, struct pl_error *err);
void pl_h5_guard_tell(int tell, uint64_t done, uint64_t total);

#endif
