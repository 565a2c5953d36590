/* SPDX-License-Identifier: Apache-2.0 */
/* One made-up trial as a journal and as the session file converted from it. */
#ifndef TEST_ARCHIVE_TRIAL_FIXTURE_H
#define TEST_ARCHIVE_TRIAL_FIXTURE_H

#include "fixture.h"

/* A trial in a folder of its own, as journal and as session file. */
struct trial {
	char folder[64], journal[4096], h5[4096];
	struct fixture fixture; /* ready to make the same frames again */
	uint64_t frames;
};

/* Two gaps, 3 frames lost; ended with "stopped". The test fails if any of it does not work. */
void trial_make(struct trial *t, unsigned rows, unsigned cols, enum pl_dtype dtype, uint64_t frames,
		bool calibrated);
void trial_free(struct trial *t);

#endif
