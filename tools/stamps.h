/* SPDX-License-Identifier: Apache-2.0 */
/* When each frame left: a text file, one line a frame: its number and the CLOCK_MONOTONIC time, in
 * ns, right before the write that carried its last byte. Lines are kept in memory until the end so
 * that writing them disturbs nothing. */
#ifndef TOOLS_STAMPS_H
#define TOOLS_STAMPS_H

#include <stddef.h>
#include <stdint.h>

#include <plantar/error.h>

struct pl_stamps {
	const char *path; /* NULL: none wanted */
	struct pl_stamp {
		uint64_t seq;
		int64_t t_ns;
	} * list;
	size_t n, cap;
};

void pl_stamps_add(struct pl_stamps *s, uint64_t seq, int64_t t_ns);
/* Writes the file if one was asked for; frees. */
int pl_stamps_finish(struct pl_stamps *s, struct pl_error *err);

#endif
