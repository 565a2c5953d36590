/* SPDX-License-Identifier: Apache-2.0 */
/* Who is converting a journal: one process at a time, told by a lock on <stem>.lock. */
#ifndef ARCHIVE_CLAIM_H
#define ARCHIVE_CLAIM_H

#include <plantar/error.h>

struct claim {
	int fd;
	char path[4096];
};

/* PL_EBUSY if another process converts this journal. stem: without extension. */
int pl_claim_take(struct claim *claim, const char *stem, struct pl_error *err);
void pl_claim_release(struct claim *claim);

#endif
