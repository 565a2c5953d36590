/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The live metrics once more from the raw counts. The same functions saw the same frames when
 * they were recorded, so every bit must agree, as far as the file has all that those functions
 * saw: after frames that only the recorder missed, and after a tare during the recording, the
 * state of that time is not in the file, and rows are compared again from the next epoch on, or
 * not at all.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <plantar/recording.h>

#include "h5.h"
#include "h5_guard.h"
#include "h5_read.h"
#include "h5_table.h"
#include "layout.h"
#include "trial.h"
#include "verify.h"

#define TELL_FRAMES 256

struct replay {
	struct pl_live *live;
	float *metrics;
	const struct gap_row *gap;
	size_t gaps;
	uint64_t row, compared;
	uint32_t epoch;
	bool started, blind, for_good; /* blind: the state is unknown */
	bool calibrated;
	bool *lacks; /* columns that came later than the file */
};

static bool same_bits(float a, float b)
{
	return memcmp(&a, &b, sizeof(a)) == 0 || (isnan(a) && isnan(b));
}

/* Did the recorder miss frames right before this one? */
static bool unseen_before(const struct replay *p, const struct pl_frame *f)
{
	for (size_t i = 0; i < p->gaps; i++)
		if (p->gap[i].epoch == f->epoch && strcmp(p->gap[i].cause, "recorder") == 0 &&
		    p->gap[i].first_seq + p->gap[i].count == f->seq)
			return true;
	return false;
}

static int replay_frame(struct replay *p, const struct pl_frame *f, struct pl_error *err)
{
	if (!p->started || f->epoch != p->epoch) {
		pl_live_reset(p->live);
		p->blind = false;
	} else if (unseen_before(p, f)) {
		p->blind = true;
	}
	if (p->started && f->flags & PL_FLAG_TARE)
		p->for_good = true;
	p->started = true;
	p->epoch = f->epoch;
	p->row++;
	if (p->for_good)
		return 0;
	pl_live_frame(p->live, f->cells, f->dtype, f->seq, p->metrics);
	if (p->blind)
		return 0;
	p->compared++;
	for (size_t i = 0; i < pl_metric_count(); i++) {
		char key[64];

		if (p->lacks[i] || same_bits(p->metrics[i], f->metrics[i]))
			continue;
		pl_metric_key(i, p->calibrated, key, sizeof(key));
		return pl_error_set(err, PL_ECORRUPT, 0,
				    "%s of row %llu is %.9g in the file, but %.9g from its raw "
				    "counts",
				    key, (unsigned long long)(p->row - 1), (double)f->metrics[i],
				    (double)p->metrics[i]);
	}
	return 0;
}

static int replay_all(struct replay *p, struct pl_recording *r, int tell, struct pl_error *err)
{
	const uint64_t total = pl_recording_info(r)->frames;
	struct pl_frame frame;
	int got;

	while ((got = pl_recording_next(r, &frame, err)) > 0) {
		if (!frame.metrics)
			return 0; /* of a version with other columns: nothing to compare */
		if (replay_frame(p, &frame, err) != 0)
			return -1;
		if (p->row % TELL_FRAMES == 0)
			pl_h5_guard_tell(tell, total + p->row, 2 * total);
	}
	return got;
}

/* What a program of before did not know is not in its files; everything else must be. */
static int find_later(struct replay *p, const char *path, struct pl_error *err)
{
	hid_t file = pl_h5_open(path, H5F_ACC_RDONLY, err);
	char key[64], name[96];

	if (file < 0)
		return -1;
	for (size_t i = 0; i < pl_metric_count(); i++) {
		pl_metric_key(i, p->calibrated, key, sizeof(key));
		snprintf(name, sizeof(name), PL_H5_METRICS "/%s", key);
		p->lacks[i] = pl_metric_is_later(i) && !pl_h5_has(file, name);
	}
	H5Fclose(file);
	return 0;
}

/* A trial of samples: its metrics are theirs, rounded. */
static int verify_table(const char *path, struct pl_verify_report *report, struct pl_error *err)
{
	hid_t file = pl_h5_open(path, H5F_ACC_RDONLY, err);
	struct pl_table_file *t = file >= 0 ? pl_h5_table_read(file, err) : NULL;
	uint64_t compared = 0;
	int result = t ? pl_h5_table_check_metrics(file, &t->table, &compared, err) : -1;

	report->metrics_checked = compared > 0;
	report->metrics_bit_equal = compared > 0 && result == 0;
	pl_table_close(t);
	if (file >= 0)
		H5Fclose(file);
	return result;
}

int pl_verify_metrics(const char *path, int tell, struct pl_verify_report *report,
		      struct pl_error *err)
{
	struct pl_error why = {.code = PL_OK};
	struct pl_recording *r = pl_recording_open(path, &why);
	struct trial trial = {0};
	struct replay p = {0};
	int result = -1;

	if (!r && why.code == PL_EUNSUPPORTED)
		return verify_table(path, report, err);
	if (!r) {
		*err = why;
		return -1;
	}
	p.live = pl_live_new(&pl_recording_info(r)->geometry, pl_recording_calibration(r),
			     pl_recording_live(r), err);
	p.calibrated = pl_recording_info(r)->calibrated;
	p.metrics = calloc(pl_metric_count() + 1, sizeof(float));
	p.lacks = calloc(pl_metric_count() + 1, sizeof(bool));
	if (p.live && p.metrics && p.lacks && find_later(&p, path, err) == 0 &&
	    pl_trial_read(path, &trial, err) == 0) {
		p.gap = trial.rows.gap;
		p.gaps = trial.rows.gaps;
		result = replay_all(&p, r, tell, err);
	}
	report->metrics_checked = p.compared > 0;
	report->metrics_bit_equal = p.compared > 0 && result == 0;
	pl_rows_free(&trial.rows);
	free(p.metrics);
	free(p.lacks);
	pl_live_free(p.live);
	pl_recording_close(r);
	return result;
}
