/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a report is about: sessions of one person, each with all its trials, and what was computed
 * from those that count. Figures come from the functions of analyze, compare and trend.
 */
#ifndef REPORT_SESSION_H
#define REPORT_SESSION_H

#include <plantar/archive.h>
#include <plantar/pictures.h>

#include "tools/comparison.h"
#include "tools/gather.h"

struct pl_trial_sheet {
	char path[4096], name[64];
	bool known;  /* its head could be read */
	bool counts; /* analysed, and in the figures */
	enum pl_trial_verdict verdict;
	char reason[512]; /* of a verdict, or why it could not be analysed */
	unsigned trial;
	char condition[65];
	double duration_s;
	unsigned long long lost;
	json_t *annotations; /* object */
	json_t *document;    /* of plantar analyze; NULL: not analysed */
	struct pl_pictures pictures;
	bool pictured;
};

/* The trials of one condition of one session. */
struct pl_condition_sheet {
	char name[65]; /* "" : none was said */
	struct pl_group group;
};

#define PL_CONDITIONS_MAX 12

struct pl_session_sheet {
	char folder[4096];
	/* of its first trial; "" and NaN: not known */
	char uuid[37], subject[65], protocol[65], mat[64], mat_file[64], software[64];
	double body_mass_kg, rate_hz, pitch_row_mm, pitch_col_mm;
	unsigned rows, cols;
	int64_t started_utc_ns;
	bool calibrated, expired;
	char calibration[65], calibrated_on[11], expires[11];
	struct pl_trial_sheet *trial;
	size_t n, cap;
	struct pl_condition_sheet condition[PL_CONDITIONS_MAX];
	size_t conditions;
	struct pl_group all; /* the whole session; named by its date and uuid */
};

/* operand: a session by its folder or uuid, or one recording. condition: only such trials; NULL:
 * all. */
int pl_session_sheet_load(struct pl_session_sheet *s, const char *operand, const char *condition,
			  struct pl_error *err);
void pl_session_sheet_free(struct pl_session_sheet *s);

#endif
