/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What happens beside the frames: events, gaps, pairs of clocks. Few rows, kept in memory while
 * the journal is read and written as compound tables at the end.
 */
#ifndef ARCHIVE_ROWS_H
#define ARCHIVE_ROWS_H

#include "h5.h"
#include "journal_file.h"

/* The rows of /events, /gaps and /clock, as in memory and in the file. */
struct event_row {
	int64_t t_mono_ns;
	char kind[32];
	char text[480];
};

struct gap_row {
	uint64_t first_seq, count;
	int64_t t0_mono_ns, t1_mono_ns;
	uint32_t epoch, reserved; /* reserved: not in the file */
	char cause[16];
};

struct clock_row {
	int64_t mono_ns, utc_ns;
};

struct rows {
	struct event_row *event;
	struct gap_row *gap;
	struct clock_row *clock;
	size_t events, gaps, clocks;
	size_t events_room, gaps_room, clocks_room;
};

void pl_rows_free(struct rows *rows);
/* Takes EVENT, GAP and CLOCK records, ignores others. */
int pl_rows_add(struct rows *rows, const struct pl_journal_record *record, struct pl_error *err);
int pl_rows_add_event(struct rows *rows, int64_t t_mono_ns, const char *kind, const char *text,
		      struct pl_error *err);
/* /events, /gaps, /clock: write them; compare them with what the file has. */
int pl_rows_write(const struct rows *rows, hid_t file, struct pl_error *err);
int pl_rows_check(const struct rows *rows, hid_t file, struct pl_error *err);
/* Fill rows from a file. */
int pl_rows_read(struct rows *rows, hid_t file, struct pl_error *err);

#endif
