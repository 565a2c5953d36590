/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An unfinished journal as a recording, so that what a crash left can be looked at before anything
 * is done to it. The journal says nothing about its length: it is walked once when it is opened.
 * What is behind damage, or was never written, is not there; info.problem says so. Frames that a
 * living writer appends later are not seen: the recording is what it was when it was opened.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backend.h"
#include "journal_file.h"

struct journal {
	struct pl_journal_reader *reader;
	uint64_t frames, given;
	size_t n_metrics; /* of this program's table */
	float *metrics;	  /* NULL: the journal has none of these columns */
	int *column;	  /* where each is in the journal; -1: not there */
};

static void close_journal(void *user)
{
	struct journal *j = user;

	pl_journal_reader_close(j->reader);
	free(j->metrics);
	free(j->column);
	free(j);
}

/* The journal's columns are named; a journal of an older program may have others. */
static int map_metrics(struct journal *j, bool calibrated, struct pl_error *err)
{
	unsigned n = pl_journal_metric_columns(j->reader);
	char key[64];

	j->n_metrics = pl_metric_count();
	if (!n)
		return 0;
	j->metrics = calloc(j->n_metrics, sizeof(*j->metrics));
	j->column = calloc(j->n_metrics, sizeof(*j->column));
	if (!j->metrics || !j->column)
		return pl_error_set(err, PL_ENOMEM, 0, "out of memory");
	for (size_t i = 0; i < j->n_metrics; i++) {
		pl_metric_key(i, calibrated, key, sizeof(key));
		j->column[i] = -1;
		for (unsigned c = 0; c < n && j->column[i] < 0; c++)
			if (strcmp(pl_journal_reader_key(j->reader, c), key) == 0)
				j->column[i] = (int)c;
	}
	return 0;
}

static int next_frame(void *user, struct pl_frame *frame, struct pl_error *err)
{
	struct journal *j = user;
	struct pl_journal_record record;

	if (j->given == j->frames)
		return 0;
	do {
		int got = pl_journal_next(j->reader, &record, err);

		if (got == 0)
			return pl_error_set(err, PL_ECORRUPT, 0,
					    "the journal became shorter while it was read");
		if (got < 0)
			return -1;
	} while (record.type != PL_RECORD_FRAME);
	*frame = record.frame;
	if (j->metrics)
		for (size_t i = 0; i < j->n_metrics; i++)
			j->metrics[i] = j->column[i] < 0 ? NAN : frame->metrics[j->column[i]];
	frame->metrics = j->metrics;
	j->given++;
	return 1;
}

static int rewind_journal(void *user, struct pl_error *err)
{
	struct journal *j = user;

	j->given = 0;
	return pl_journal_reader_rewind(j->reader, err);
}

/* Walks the whole journal for what info has to say. */
static int survey(struct journal *j, struct pl_recording_info *info, struct pl_error *err)
{
	struct pl_journal_record record;
	int64_t first_ns = 0, last_ns = 0;
	struct pl_error damage = {0};
	bool ended = false;
	int got;

	while ((got = pl_journal_next(j->reader, &record, &damage)) > 0) {
		if (record.type == PL_RECORD_FRAME) {
			if (!j->frames++)
				first_ns = record.frame.t_est_ns;
			last_ns = record.frame.t_est_ns;
		} else if (record.type == PL_RECORD_GAP) {
			info->gaps++;
			info->lost_frames += record.gap.count;
		}
		ended = record.type == PL_RECORD_END;
	}
	if (got < 0 && damage.code != PL_ECORRUPT) {
		if (err)
			*err = damage;
		return -1;
	}
	if (got < 0)
		snprintf(info->problem, sizeof(info->problem), "%.250s", damage.message);
	else if (!ended)
		snprintf(info->problem, sizeof(info->problem),
			 "the recording was not ended: it still runs or was interrupted; `plantar "
			 "recover` finishes it");
	info->frames = j->frames;
	if (j->frames)
		info->duration_s = ((double)last_ns - (double)first_ns) / 1e9 +
				   (info->rate_hz > 0 ? 1 / info->rate_hz : 0);
	return rewind_journal(j, err);
}

int pl_backend_journal(const char *path, struct pl_backend *b, struct pl_error *err)
{
	struct journal *j = calloc(1, sizeof(*j));
	const struct pl_session_meta *meta;
	struct pl_recording_source *s = &b->source;

	if (!j)
		return pl_error_set(err, PL_ENOMEM, 0, "out of memory");
	j->reader = pl_journal_open(path, err);
	if (!j->reader) {
		free(j);
		return -1;
	}
	meta = pl_journal_meta(j->reader);
	*b = (struct pl_backend){.meta = meta, .sensor_area_m2 = meta->sensor_area_m2};
	s->user = j;
	s->next = next_frame;
	s->rewind = rewind_journal;
	s->close = close_journal;
	s->calibration = meta->calibration;
	s->live = meta->live;
	s->info.format = PL_FORMAT_JOURNAL;
	s->info.geometry = meta->geometry;
	s->info.dtype = meta->dtype;
	s->info.rate_hz = meta->rate_hz;
	s->info.calibrated = pl_calibrated(&meta->calibration);
	snprintf(s->info.side_hint, sizeof(s->info.side_hint), "%s",
		 meta->live.side == PL_SIDE_UNKNOWN ? "" : pl_side_name(meta->live.side));
	if (map_metrics(j, s->info.calibrated, err) || survey(j, &s->info, err)) {
		close_journal(j);
		return -1;
	}
	return 0;
}
