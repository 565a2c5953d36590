/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is on disk in a journal, for its writer and its reader; docs/archive.md draws it. All
 * numbers are little endian, every record starts at a multiple of 8 bytes, and every record type
 * has one size, so that a damaged length is found before it is believed. A record's CRC starts
 * from the CRC of the file's head: blocks of an older journal that a file system hands back
 * after a power cut do not pass for records of this one.
 */
#ifndef ARCHIVE_JOURNAL_FILE_H
#define ARCHIVE_JOURNAL_FILE_H

#include <stddef.h>
#include <stdint.h>

#include <plantar/journal.h>

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "journals are written as memory is");

#define JOURNAL_MAGIC "PLJRNL\r\n"
/* Read as well: 1, without annotations; 2, always of a mat; 3, without a calibration's origin. */
#define JOURNAL_VERSION 4
#define JOURNAL_HEAD_MAX (64u << 20)
#define JOURNAL_METRICS_MAX 1024
#define JOURNAL_KEY_CAP 64

struct journal_head {
	char magic[8];
	uint32_t version;
	uint32_t head_bytes; /* of this, the meta behind it and padding: where the records start */
	uint32_t crc;	     /* of all head_bytes except this field */
	uint32_t reserved;
};

enum journal_type {
	JOURNAL_FRAME = 1,
	JOURNAL_EVENT,
	JOURNAL_GAP,
	JOURNAL_CLOCK,
	JOURNAL_END,
};

struct record_head {
	uint32_t crc;  /* of all that follows, up to size, continued from the file head's CRC */
	uint32_t size; /* whole record, a multiple of 8 */
	uint32_t type;
	uint32_t index; /* counts records from 0 */
};

/* Then metrics (n floats, padded to 8) and cells (padded to 8). */
struct frame_record {
	struct record_head head;
	uint64_t seq;
	uint32_t epoch, flags;
	int64_t t_mono_ns, t_est_ns, t_device_ns, device_seq;
	uint64_t lost[PL_LOSS_CAUSES];
};

struct event_record {
	struct record_head head;
	int64_t t_mono_ns;
	char kind[32];
	char text[480];
};

struct gap_record {
	struct record_head head;
	uint32_t epoch, reserved;
	uint64_t first_seq, count;
	int64_t t0_mono_ns, t1_mono_ns;
	char cause[16];
};

struct clock_record {
	struct record_head head;
	int64_t mono_ns, utc_ns;
};

struct end_record {
	struct record_head head;
	uint64_t frames;
	char reason[32];
};

_Static_assert(sizeof(struct journal_head) == 24 && sizeof(struct record_head) == 16, "packed");
_Static_assert(sizeof(struct frame_record) == 96 && sizeof(struct event_record) == 536, "packed");
_Static_assert(sizeof(struct gap_record) == 72 && sizeof(struct clock_record) == 32, "packed");
_Static_assert(sizeof(struct end_record) == 56, "packed");

#define PAD8(n) (((n) + 7u) & ~(size_t)7u)

static inline size_t frame_record_size(size_t n_metrics, size_t cells_bytes)
{
	return sizeof(struct frame_record) + PAD8(n_metrics * sizeof(float)) + PAD8(cells_bytes);
}

/* The names of the metric columns, as they were when the journal was written. */
struct journal_keys {
	uint32_t n;
	char (*key)[JOURNAL_KEY_CAP];
};

/* The whole head, malloced; *size is a multiple of 8. NULL: out of memory or over the limit. */
uint8_t *pl_journal_head_encode(const struct pl_session_meta *meta, const struct journal_keys *keys,
				size_t *size, struct pl_error *err);
/* head: head_bytes bytes whose CRC was checked. Fills meta and keys; the caller frees both. */
int pl_journal_head_decode(const uint8_t *head, size_t size, struct pl_session_meta *meta,
			   struct journal_keys *keys, struct pl_error *err);
uint32_t pl_journal_head_crc(const uint8_t *head, size_t size);

/* Beyond the public interface, for the converter. */
bool pl_journal_reader_has_writer(const struct pl_journal_reader *r);
const char *pl_journal_reader_key(const struct pl_journal_reader *r, unsigned column);
uint64_t pl_journal_reader_bytes(const struct pl_journal_reader *r); /* of whole records read */
uint64_t pl_journal_reader_file_bytes(const struct pl_journal_reader *r);
/* After damage (-1, PL_ECORRUPT): is there anything whole behind it, or was it only the tail that a
 * power cut tore? Reads to the end of the file. */
bool pl_journal_reader_more_behind(struct pl_journal_reader *r);
/* From the first record again. */
int pl_journal_reader_rewind(struct pl_journal_reader *r, struct pl_error *err);

#endif
