/* SPDX-License-Identifier: Apache-2.0 */
/*
 * make_journal CAPTURE.plcap OUT.journal [KEEP_FRAMES]: what the daemon would have written for the
 * bytes of a capture: frames with their live metrics, an event, a gap row for each hole. With
 * KEEP_FRAMES it stops there as if killed: no END record. Lets the tools be tested on recordings
 * without a daemon.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <plantar/journal.h>
#include <plantar/live.h>

#include "tools/open.h"

static void check(int r, const struct pl_error *err)
{
	if (r >= 0)
		return;
	fprintf(stderr, "make_journal: %s\n", err->message);
	exit(1);
}

static void fill_meta(struct pl_session_meta *meta, const struct pl_opened *o)
{
	const struct pl_recording_info *info = pl_recording_info(o->recording);
	struct pl_error err = {.code = PL_OK};

	pl_session_meta_init(meta);
	pl_session_uuid(meta->session_uuid);
	meta->trial = 1;
	strcpy(meta->subject, "P-0042");
	strcpy(meta->protocol, "walking");
	strcpy(meta->condition, "barefoot, \"slow\"");
	strcpy(meta->mat, "mat");
	snprintf(meta->mat_file, sizeof(meta->mat_file), "%s", o->mat->name);
	strcpy(meta->source, "replay:capture.plcap");
	strcpy(meta->software, "make_journal");
	strcpy(meta->host, "test");
	meta->mat_config_text = strdup("# a mat of a test\n");
	meta->started_utc_ns = INT64_C(1700000000000000000);
	meta->geometry = info->geometry;
	meta->dtype = info->dtype;
	meta->rate_hz = info->rate_hz;
	meta->live = *pl_recording_live(o->recording);
	check(pl_calibration_copy(&meta->calibration, pl_recording_calibration(o->recording), &err),
	      &err);
}

static void add_gap(struct pl_journal *j, const struct pl_frame *last, const struct pl_frame *f)
{
	struct pl_error err = {.code = PL_OK};
	struct pl_gap gap = {.epoch = f->epoch,
			     .first_seq = last->seq + 1,
			     .count = f->seq - last->seq - 1,
			     .cause = "device",
			     .t0_mono_ns = last->t_mono_ns,
			     .t1_mono_ns = f->t_mono_ns};

	check(pl_journal_gap(j, &gap, &err), &err);
}

static void copy(struct pl_opened *o, struct pl_journal *j, uint64_t keep)
{
	const struct pl_recording_info *info = pl_recording_info(o->recording);
	struct pl_error err = {.code = PL_OK};
	struct pl_live *live = pl_live_new(&info->geometry, pl_recording_calibration(o->recording),
					   pl_recording_live(o->recording), &err);
	float *metrics = calloc(pl_metric_count(), sizeof(*metrics));
	struct pl_frame frame, last = {0}, *list[1] = {&frame};
	uint64_t n = 0;
	int r;

	check(live && metrics ? 0 : -1, &err);
	while (n < keep && (r = pl_recording_next(o->recording, &frame, &err)) > 0) {
		frame.metrics = metrics;
		frame.flags |= pl_live_frame(live, frame.cells, frame.dtype, frame.seq, metrics);
		if (n && frame.seq > last.seq + 1)
			add_gap(j, &last, &frame);
		check(pl_journal_frames(j, list, 1, &err), &err);
		if (n++ == 10)
			check(pl_journal_event(j, frame.t_mono_ns, "mark", "pain 4, \"left\"",
					       &err),
			      &err);
		last = frame;
	}
	pl_live_free(live);
	free(metrics);
}

int main(int argc, char **argv)
{
	struct pl_error err = {.code = PL_OK};
	struct pl_session_meta meta;
	struct pl_opened opened;
	struct pl_journal *journal;

	if (argc < 3)
		return 2;
	check(pl_open_any(&opened, argv[1], NULL, &err), &err);
	fill_meta(&meta, &opened);
	journal = pl_journal_create(argv[2], &meta, &err);
	check(journal ? 0 : -1, &err);
	check(pl_journal_clock(journal, 0, meta.started_utc_ns, &err), &err);
	copy(&opened, journal, argc > 3 ? strtoull(argv[3], NULL, 10) : UINT64_MAX);
	if (argc > 3)
		pl_journal_abandon(journal);
	else
		check(pl_journal_end(journal, "stopped", &err), &err);
	pl_session_meta_free(&meta);
	pl_opened_close(&opened);
	return 0;
}
