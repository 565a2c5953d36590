/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The journal: the truth while a recording runs. An append-only file of records, each with a
 * length, a type and a CRC-32, so that a reader knows exactly how far it can be believed after a
 * crash, a power cut or a full disk. Written with writev straight from pool frames, fdatasync'ed by
 * the caller's clock (every 0.5 s), followed by the converter, removed only when the finished HDF5
 * file was verified against it.
 *
 * The writer holds flock(LOCK_EX) on the file: whoever can take the lock knows that the writer
 * is gone. One thread writes; any number of processes read. Layout: docs/archive.md.
 */
#ifndef PLANTAR_JOURNAL_H
#define PLANTAR_JOURNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <plantar/error.h>
#include <plantar/frame.h>
#include <plantar/session.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Frames known to be missing: a row of /gaps. */
struct pl_gap {
	uint32_t epoch;
	uint64_t first_seq, count; /* count 0: unknown (unplugged) */
	char cause[16]; /* "device", "corrupt", "overrun", "pool", "recorder", "unplugged" */
	int64_t t0_mono_ns, t1_mono_ns; /* last stamp before, first stamp after */
};

struct pl_journal;

/* Creates path (must not exist), writes and syncs the header. */
struct pl_journal *pl_journal_create(const char *path, const struct pl_session_meta *meta,
				     struct pl_error *err);

/* n frames in order, one writev for many. On failure (PL_ENOSPC, PL_EIO) nothing partial is left
 * visible: the file is cut back to the last whole record. */
int pl_journal_frames(struct pl_journal *j, struct pl_frame *const *frames, size_t n,
		      struct pl_error *err);
int pl_journal_event(struct pl_journal *j, int64_t t_mono_ns, const char *kind, const char *text,
		     struct pl_error *err);
int pl_journal_gap(struct pl_journal *j, const struct pl_gap *gap, struct pl_error *err);
int pl_journal_clock(struct pl_journal *j, int64_t mono_ns, int64_t utc_ns, struct pl_error *err);
int pl_journal_sync(struct pl_journal *j, struct pl_error *err); /* fdatasync */
/* The last record (reason: "stopped", "disk reserve", ...), sync, close. j is freed either way. */
int pl_journal_end(struct pl_journal *j, const char *reason, struct pl_error *err);
void pl_journal_abandon(struct pl_journal *j); /* close as a crash would leave it; NULL allowed */
void pl_journal_discard(struct pl_journal *j); /* removes it: it was never begun */
uint64_t pl_journal_bytes(const struct pl_journal *j);
uint64_t pl_journal_frame_count(const struct pl_journal *j);

enum pl_record { PL_RECORD_FRAME, PL_RECORD_EVENT, PL_RECORD_GAP, PL_RECORD_CLOCK, PL_RECORD_END };

struct pl_journal_record {
	enum pl_record type;
	struct pl_frame
		frame; /* FRAME: cells and metrics point into the reader, valid until next */
	int64_t t_mono_ns, utc_ns; /* EVENT, CLOCK */
	char kind[32];		   /* EVENT; END: reason */
	char text[480];
	struct pl_gap gap;
};

struct pl_journal_reader;
struct pl_journal_reader *pl_journal_open(const char *path, struct pl_error *err);
void pl_journal_reader_close(struct pl_journal_reader *r);
const struct pl_session_meta *pl_journal_meta(const struct pl_journal_reader *r);
unsigned pl_journal_metric_columns(const struct pl_journal_reader *r);
/*
 * 1: a record. 0: no whole record there now (the writer may go on: ask again). -1: damaged from
 * here on (PL_ECORRUPT), nothing behind it can be trusted. A file cut in the middle of a record
 * reads as 0.
 */
int pl_journal_next(struct pl_journal_reader *r, struct pl_journal_record *record,
		    struct pl_error *err);
/* Is a writer alive? (takes and gives back the lock) */
bool pl_journal_has_writer(const char *path);

#ifdef __cplusplus
}
#endif
#endif
