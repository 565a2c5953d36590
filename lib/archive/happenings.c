/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What happened besides frames, for whoever only has a path: the events and gaps of a recording,
 * from the tables of a .h5 or from the records of a journal.
 */
#include <stdio.h>

#include <plantar/archive.h>
#include <plantar/recording.h>

#include "amendments.h"
#include "h5_guard.h"
#include "rows.h"

/* A journal has both between its frames; a damaged end ends the list as it ends the frames. */
static int read_journal(const char *path, struct rows *rows, struct pl_error *err)
{
	struct pl_journal_reader *reader = pl_journal_open(path, err);
	struct pl_journal_record record;
	int r = 0;

	*rows = (struct rows){0};
	if (!reader)
		return -1;
	while (r == 0 && pl_journal_next(reader, &record, NULL) > 0)
		r = pl_rows_add(rows, &record, err);
	pl_journal_reader_close(reader);
	if (r != 0)
		pl_rows_free(rows);
	return r;
}

static int read_tables(const char *path, struct rows *rows, struct pl_error *err)
{
	size_t amendments;
	hid_t file;
	int r;

	*rows = (struct rows){0};
	file = pl_h5_open(path, H5F_ACC_RDONLY, err);
	if (file < 0)
		return -1;
	r = pl_rows_read(rows, file, err);
	if (r == 0)
		r = pl_amendments_add_rows(file, rows, &amendments, err);
	H5Fclose(file);
	if (r != 0) {
		pl_error_prefix(err, "%s: ", path);
		pl_rows_free(rows);
	}
	return r;
}

static void try_tables(void *user, int tell)
{
	struct rows rows;

	(void)tell;
	read_tables(user, &rows, NULL);
	pl_rows_free(&rows);
}

static int read_h5(const char *path, struct rows *rows, struct pl_error *err)
{
	const struct h5_guarded guarded = {.work = try_tables, .user = (void *)(uintptr_t)path};

	pl_h5_init();
	if (pl_h5_guard(&guarded, path, err) != 0)
		return -1;
	return read_tables(path, rows, err);
}

static int read_rows(const char *path, struct rows *rows, struct pl_error *err)
{
	enum pl_format format = pl_format_probe_file(path, err);

	switch (format) {
	case PL_FORMAT_JOURNAL:
		return read_journal(path, rows, err);
	case PL_FORMAT_PLANTAR_H5:
		return read_h5(path, rows, err);
	case PL_FORMAT_UNKNOWN:
		return -1;
	default:
		return pl_error_set(err, PL_EFORMAT, 0,
				    "%s is a %s file, which has no events and no table of gaps",
				    path, pl_format_name(format));
	}
}

int pl_archive_events(const char *path,
		      void (*each)(void *user, const struct pl_archive_event *event), void *user,
		      struct pl_error *err)
{
	struct pl_archive_event event;
	struct rows rows;

	if (read_rows(path, &rows, err) < 0)
		return -1;
	for (size_t i = 0; i < rows.events; i++) {
		event.t_mono_ns = rows.event[i].t_mono_ns;
		snprintf(event.kind, sizeof(event.kind), "%s", rows.event[i].kind);
		snprintf(event.text, sizeof(event.text), "%s", rows.event[i].text);
		each(user, &event);
	}
	pl_rows_free(&rows);
	return 0;
}

int pl_archive_gaps(const char *path, void (*each)(void *user, const struct pl_gap *gap),
		    void *user, struct pl_error *err)
{
	struct pl_gap gap;
	struct rows rows;

	if (read_rows(path, &rows, err) < 0)
		return -1;
	for (size_t i = 0; i < rows.gaps; i++) {
		gap = (struct pl_gap){.epoch = rows.gap[i].epoch,
				      .first_seq = rows.gap[i].first_seq,
				      .count = rows.gap[i].count,
				      .t0_mono_ns = rows.gap[i].t0_mono_ns,
				      .t1_mono_ns = rows.gap[i].t1_mono_ns};
		snprintf(gap.cause, sizeof(gap.cause), "%s", rows.gap[i].cause);
		each(user, &gap);
	}
	pl_rows_free(&rows);
	return 0;
}
