/* SPDX-License-Identifier: Apache-2.0 */
/* The parts of verification that look inside a session file. */
#ifndef ARCHIVE_VERIFY_H
#define ARCHIVE_VERIFY_H

#include <plantar/archive.h>

struct verify_progress {
	bool (*ask)(void *user, uint64_t done, uint64_t total);
	void *user;
	bool stopped;
};

/* Each fills its part of report; -1 with the first thing that is wrong, or when stopped. */
int pl_verify_structure(const char *path, struct verify_progress *progress,
			struct pl_verify_report *report, struct pl_error *err);
int pl_verify_metrics(const char *path, struct verify_progress *progress,
		      struct pl_verify_report *report, struct pl_error *err);

static inline int verify_ask(struct verify_progress *p, uint64_t done, uint64_t total,
			     struct pl_error *err)
{
	if (!p->ask || !p->ask(p->user, done, total))
		return 0;
	p->stopped = true;
	return pl_error_set(err, PL_ESTATE, 0, "given up");
}

#endif
