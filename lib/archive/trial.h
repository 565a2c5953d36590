/* SPDX-License-Identifier: Apache-2.0 */
/* What a finished session file says, as far as a session's overview and its checks need it. */
#ifndef ARCHIVE_TRIAL_H
#define ARCHIVE_TRIAL_H

#include <plantar/annotation.h>

#include "rows.h"

struct trial {
	char name[64]; /* file name in the session's folder */
	char uuid[64], subject[80], protocol[80], condition[80], started_utc[48];
	char software[80], end_reason[32], mat[80];
	uint32_t number;
	bool complete;
	uint64_t frames, lost_frames;
	double duration_s; /* from first to last frame, and one interval: as in pl_recording_info */
	struct rows rows;  /* events: with those that came later */
	double body_mass_kg; /* NaN: not given */
	struct pl_annotations annotations;
	size_t amendments; /* lines of the log */
};

/* path is a session file. trial->name is left alone. The caller frees trial->rows. */
int pl_trial_read(const char *path, struct trial *trial, struct pl_error *err);
/* Extent of a dataset's first dimension; -1 if it is not there. */
int64_t pl_trial_length(hid_t file, const char *dataset);
/* Frames that /gaps says are missing. */
uint64_t pl_trial_lost(const struct rows *rows);

#endif
