/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An imported recording as a journal: the very one that the daemon would have written, had the
 * frames come from a mat. Gaps stay gaps, with their cause where the file knows it.
 */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "tools/import_trial.h"
#include "tools/progress.h"

/* ---- what is stored -------------------------------------------------------------------------- */

static bool is_u16(double value)
{
	return value >= 0 && value <= 65535 && value == floor(value);
}

/* Doubles, of which no mat sends any, become the smallest type that holds them. */
int pl_import_choose_dtype(struct pl_import_trial *t, struct pl_error *err)
{
	const struct pl_recording_info *info = pl_recording_info(t->opened.recording);
	size_t n = pl_geometry_cells(&info->geometry);
	struct pl_frame f;
	bool whole = true;
	int got = 0;

	t->meta.dtype = info->dtype;
	if (info->dtype != PL_F64)
		return 0;
	while (whole && (got = pl_recording_next(t->opened.recording, &f, err)) > 0)
		for (size_t i = 0; whole && i < n; i++)
			whole = is_u16(((const double *)f.cells)[i]);
	t->meta.dtype = whole ? PL_U16 : PL_F32;
	t->cells = malloc(n * pl_dtype_size(t->meta.dtype));
	if (!t->cells)
		return pl_error_set(err, PL_ENOMEM, 0, "out of memory");
	return got < 0 ? -1 : pl_recording_rewind(t->opened.recording, err);
}

static void store(const struct pl_import_trial *t, struct pl_frame *f)
{
	const double *from = f->cells;
	size_t n = (size_t)f->rows * f->cols;

	if (!t->cells)
		return;
	for (size_t i = 0; i < n; i++)
		if (t->meta.dtype == PL_U16)
			((uint16_t *)t->cells)[i] = (uint16_t)from[i];
		else
			((float *)t->cells)[i] = (float)from[i];
	f->cells = t->cells;
	f->dtype = t->meta.dtype;
	f->cells_bytes = n * pl_dtype_size(t->meta.dtype);
}

/* ---- frames ---------------------------------------------------------------------------------- */

/* Which counter of losses moved. */
static const char *cause_of(const struct pl_frame *before, const struct pl_frame *now)
{
	for (int i = 0; i < PL_LOSS_CAUSES; i++)
		if (now->lost[i] > before->lost[i])
			return pl_loss_name((enum pl_loss)i);
	return pl_loss_name(PL_LOSS_DEVICE);
}

static int note_gap(struct pl_import_trial *t, const struct pl_frame *f, struct pl_error *err)
{
	struct pl_gap gap = {.epoch = f->epoch,
			     .first_seq = t->last.seq + 1,
			     .count = f->seq - t->last.seq - 1,
			     .t0_mono_ns = t->last.t_mono_ns,
			     .t1_mono_ns = f->t_mono_ns};

	if (!t->frames || f->epoch != t->last.epoch || f->seq == t->last.seq + 1)
		return 0;
	snprintf(gap.cause, sizeof(gap.cause), "%s", cause_of(&t->last, f));
	return pl_journal_gap(t->journal, &gap, err);
}

static int one_frame(struct pl_import_trial *t, struct pl_frame *f, struct pl_error *err)
{
	struct pl_frame *const list[1] = {f};

	store(t, f);
	if (t->frames && f->epoch != t->last.epoch)
		pl_live_reset(t->live);
	f->metrics = t->metrics;
	f->flags |= pl_live_frame(t->live, f->cells, f->dtype, f->seq, t->metrics);
	if (note_gap(t, f, err) || pl_journal_frames(t->journal, list, 1, err))
		return -1;
	t->last = *f;
	t->frames++;
	return 0;
}

static int all_frames(struct pl_import_trial *t, struct pl_error *err)
{
	uint64_t total = pl_recording_info(t->opened.recording)->frames;
	struct pl_progress progress;
	struct pl_frame f;
	int got;

	pl_progress_begin(&progress, "importing", "frames");
	while ((got = pl_recording_next(t->opened.recording, &f, err)) > 0) {
		if (one_frame(t, &f, err))
			got = -1;
		else if (t->frames % 64 == 0 && pl_progress_step(&progress, t->frames, total))
			got = pl_error_set(err, PL_ESTATE, 0, "interrupted: %s is not imported",
					   t->path);
		if (got < 0)
			break;
	}
	pl_progress_end(&progress);
	return got;
}

static int note_origin(struct pl_import_trial *t, struct pl_error *err)
{
	int64_t t_ns = t->meta.started_mono_ns;

	if (pl_journal_clock(t->journal, t_ns, t->meta.started_utc_ns, err))
		return -1;
	return pl_journal_event(t->journal, t_ns, "import", t->origin, err);
}

/* Nobody else can take the number while the journal is there; somebody may have just before. */
static int check_free(const struct pl_import_trial *t, struct pl_error *err)
{
	char finished[PATH_MAX + 16];

	snprintf(finished, sizeof(finished), "%s.h5", t->stem);
	if (access(finished, F_OK) != 0)
		return 0;
	return pl_error_set(err, PL_EBUSY, EEXIST,
			    "another trial was added to the session meanwhile; import %s again",
			    t->path);
}

int pl_import_journal(struct pl_import_trial *t, struct pl_error *err)
{
	t->live = pl_live_new(&t->meta.geometry, &t->meta.calibration, &t->meta.live, err);
	t->metrics = calloc(pl_metric_count(), sizeof(*t->metrics));
	if (!t->live || !t->metrics)
		return pl_error_set(err, PL_ENOMEM, 0, "out of memory");
	t->journal = pl_journal_create(t->journal_path, &t->meta, err);
	if (!t->journal)
		return -1;
	if (check_free(t, err) || note_origin(t, err) || all_frames(t, err) ||
	    pl_journal_sync(t->journal, err)) {
		pl_journal_abandon(t->journal);
		unlink(t->journal_path);
		return -1;
	}
	return pl_journal_end(t->journal, "imported", err);
}
