/* SPDX-License-Identifier: Apache-2.0 */
/* A made-up recording: two feet that sway, the same on every machine, with live metrics. */
#ifndef TEST_ARCHIVE_FIXTURE_H
#define TEST_ARCHIVE_FIXTURE_H

#include <plantar/journal.h>

struct fixture {
	struct pl_session_meta meta;
	struct pl_live *live;
	struct pl_frame frame;
	uint64_t made;
	double noise; /* counts */
};

/* rows x cols cells of dtype at rate_hz. calibrated: every kind of table the calibration knows. */
void fixture_init(struct fixture *f, unsigned rows, unsigned cols, enum pl_dtype dtype,
		  double rate_hz, bool calibrated);
void fixture_free(struct fixture *f);
/* The next frame; valid until the one after. Sequence numbers and times follow from its number. */
struct pl_frame *fixture_next(struct fixture *f);

/* A journal of it in its session's folder below root, path[cap] its name; the writer, still open.
 */
struct pl_journal *fixture_begin(const struct fixture *f, const char *root, char *path, size_t cap);
/* The next n frames, appended one by one. */
void fixture_append(struct fixture *f, struct pl_journal *j, int n);

/* A fresh folder below $TMPDIR or /tmp; remove it with all that is in it. */
void fixture_folder(char path[64]);
void fixture_remove(const char *path);

#endif
