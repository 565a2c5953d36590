/* SPDX-License-Identifier: Apache-2.0 */
/* A file on its way to becoming a trial. */
#ifndef TOOLS_IMPORT_TRIAL_H
#define TOOLS_IMPORT_TRIAL_H

#include <limits.h>

#include <plantar/journal.h>
#include <plantar/live.h>

#include "tools/open.h"

struct pl_import_trial {
	struct pl_opened opened;
	struct pl_session_meta meta;
	const char *path;
	char stem[PATH_MAX], journal_path[PATH_MAX + 16], hash[65];
	char origin[480]; /* text of the event `import` */
	char *about;	  /* the "recording" of the file as JSON */
	struct pl_journal *journal;
	struct pl_live *live;
	float *metrics;
	void *cells; /* of the type that is stored, where it is another */
	struct pl_frame last;
	uint64_t frames;
};

/* What its cells are stored as: meta.dtype and a place for one frame. */
int pl_import_choose_dtype(struct pl_import_trial *t, struct pl_error *err);
/* Its frames with their live metrics to journal_path, which is not there yet. */
int pl_import_journal(struct pl_import_trial *t, struct pl_error *err);

#endif
