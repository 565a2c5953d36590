/* SPDX-License-Identifier: Apache-2.0 */
/* Does a session file hold what its journal holds? Asked before the journal may go. */
#ifndef ARCHIVE_H5_CHECK_H
#define ARCHIVE_H5_CHECK_H

#include "rows.h"

struct h5_check {
	const char *path;
	uint64_t frames; /* that the journal has */
	const struct rows *rows;
	bool (*progress)(void *user, uint64_t done, uint64_t total);
	void *user;
};

/* Every frame, column and table by plain HDF5 reads. r is rewound first. PL_ECORRUPT on the first
 * difference, PL_ESTATE if progress asked to give up. */
int pl_h5_check(const struct h5_check *check, struct pl_journal_reader *r, struct pl_error *err);

#endif
