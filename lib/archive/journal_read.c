/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading a journal, often while it is written, sometimes after a crash. A record counts when it
 * is there to its last byte and its checksum agrees; everything behind the first that does not
 * is left alone, since the length of what follows can no longer be trusted. A record that ends
 * beyond the file's end is one that is still being written, or was cut by a crash: both read as
 * "nothing there now".
 */
#include <errno.h>
#include <fcntl.h>
#include <libdeflate.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "files.h"
#include "journal_file.h"

#define BUFFER_MIN (256u << 10)

struct pl_journal_reader {
	int fd;
	struct pl_session_meta meta;
	struct journal_keys keys;
	uint32_t seed, index;
	uint64_t start, at; /* file offsets: of the first record, of buffer[0] */
	uint8_t *buffer;
	size_t cap, have, used; /* bytes in buffer, bytes of records given out */
	size_t frame_size, cells_bytes;
	uint64_t frames;
	bool ended;
	float *metrics;
	char path[PATH_MAX];
};

static ssize_t read_at(int fd, void *to, size_t n, uint64_t at)
{
	size_t done = 0;

	while (done < n) {
		ssize_t got = pread(fd, (char *)to + done, n - done, (off_t)(at + done));

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -1;
		if (got == 0)
			break;
		done += (size_t)got;
	}
	return (ssize_t)done;
}

static int read_head(struct pl_journal_reader *r, struct pl_error *err)
{
	struct journal_head head;
	ssize_t n = read_at(r->fd, &head, sizeof(head), 0);
	uint8_t *whole;
	int result = -1;

	if (n < 0)
		return pl_files_error(err, errno, "cannot read %s", r->path);
	if ((size_t)n < sizeof(head) || memcmp(head.magic, JOURNAL_MAGIC, sizeof(head.magic)) != 0)
		return pl_error_set(err, PL_EFORMAT, 0, "%s is not a journal", r->path);
	if (head.version < 1 || head.version > JOURNAL_VERSION)
		return pl_error_set(
			err, PL_EFORMAT, 0,
			"%s is a journal of version %u; this program reads up to version "
			"%u",
			r->path, head.version, JOURNAL_VERSION);
	if (head.head_bytes < sizeof(head) || head.head_bytes % 8 ||
	    head.head_bytes > JOURNAL_HEAD_MAX || head.head_bytes > pl_journal_reader_file_bytes(r))
		return pl_error_set(err, PL_ECORRUPT, 0, "the head of %s is damaged", r->path);
	whole = malloc(head.head_bytes);
	if (!whole)
		return pl_error_set(err, PL_ENOMEM, 0, "no memory for the head of %s", r->path);
	n = read_at(r->fd, whole, head.head_bytes, 0);
	if (n != (ssize_t)head.head_bytes ||
	    pl_journal_head_crc(whole, head.head_bytes) != head.crc)
		pl_error_set(err, PL_ECORRUPT, 0, "the head of %s is damaged", r->path);
	else
		result = pl_journal_head_decode(whole, head.head_bytes, &r->meta, &r->keys, err);
	free(whole);
	r->seed = head.crc;
	r->start = r->at = head.head_bytes;
	return result;
}

static int set_up(struct pl_journal_reader *r, struct pl_error *err)
{
	r->cells_bytes = pl_geometry_cells(&r->meta.geometry) * pl_dtype_size(r->meta.dtype);
	r->frame_size = frame_record_size(r->keys.n, r->cells_bytes);
	r->cap = 4 * r->frame_size > BUFFER_MIN ? 4 * r->frame_size : BUFFER_MIN;
	r->buffer = malloc(r->cap);
	if (!r->buffer)
		return pl_error_set(err, PL_ENOMEM, 0, "no memory to read %s", r->path);
	return 0;
}

struct pl_journal_reader *pl_journal_open(const char *path, struct pl_error *err)
{
	struct pl_journal_reader *r = calloc(1, sizeof(*r));

	if (!r || strlen(path) >= sizeof(r->path)) {
		free(r);
		pl_error_set(err, PL_EUSAGE, 0, "the path is too long: %s", path);
		return NULL;
	}
	strcpy(r->path, path);
	pl_session_meta_init(&r->meta);
	r->fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	if (r->fd < 0)
		pl_files_error(err, errno, "cannot open the journal %s", path);
	else if (read_head(r, err) == 0 && set_up(r, err) == 0)
		return r;
	pl_journal_reader_close(r);
	return NULL;
}

void pl_journal_reader_close(struct pl_journal_reader *r)
{
	if (!r)
		return;
	if (r->fd >= 0)
		close(r->fd);
	pl_session_meta_free(&r->meta);
	free(r->keys.key);
	free(r->buffer);
	free(r);
}

const struct pl_session_meta *pl_journal_meta(const struct pl_journal_reader *r)
{
	return &r->meta;
}

unsigned pl_journal_metric_columns(const struct pl_journal_reader *r)
{
	return r->keys.n;
}

const char *pl_journal_reader_key(const struct pl_journal_reader *r, unsigned column)
{
	return r->keys.key[column];
}

uint64_t pl_journal_reader_bytes(const struct pl_journal_reader *r)
{
	return r->at + r->used;
}

uint64_t pl_journal_reader_file_bytes(const struct pl_journal_reader *r)
{
	struct stat st;

	return fstat(r->fd, &st) == 0 && st.st_size > 0 ? (uint64_t)st.st_size : 0;
}

int pl_journal_reader_rewind(struct pl_journal_reader *r, struct pl_error *err)
{
	(void)err;
	r->at = r->start;
	r->have = r->used = 0;
	r->index = 0;
	r->frames = 0;
	r->ended = false;
	return 0;
}

/* Fetch what the file has from the next record on. What was only partly there is read again:
 * the writer may have cut it off and written something else. */
static int refill(struct pl_journal_reader *r, struct pl_error *err)
{
	ssize_t n;

	r->at += r->used;
	r->used = r->have = 0;
	n = read_at(r->fd, r->buffer, r->cap, r->at);
	if (n < 0)
		return pl_files_error(err, errno, "cannot read %s", r->path);
	r->have = (size_t)n;
	return 0;
}

static size_t size_of(const struct pl_journal_reader *r, uint32_t type)
{
	switch (type) {
	case JOURNAL_FRAME:
		return r->frame_size;
	case JOURNAL_EVENT:
		return sizeof(struct event_record);
	case JOURNAL_GAP:
		return sizeof(struct gap_record);
	case JOURNAL_CLOCK:
		return sizeof(struct clock_record);
	case JOURNAL_END:
		return sizeof(struct end_record);
	default:
		return 0;
	}
}

enum state { WHOLE, SHORT, DAMAGED };

static enum state look(const struct pl_journal_reader *r)
{
	const uint8_t *p = r->buffer + r->used;
	size_t left = r->have - r->used;
	struct record_head head;

	if (left < sizeof(head))
		return SHORT;
	memcpy(&head, p, sizeof(head));
	if (head.size == 0 || head.size != size_of(r, head.type) || head.index != r->index)
		return DAMAGED;
	if (left < head.size)
		return SHORT;
	if (libdeflate_crc32(r->seed, p + sizeof(head.crc), head.size - sizeof(head.crc)) !=
	    head.crc)
		return DAMAGED;
	return WHOLE;
}

static void give_frame(struct pl_journal_reader *r, uint8_t *p, struct pl_frame *f)
{
	struct frame_record record;

	memcpy(&record, p, sizeof(record));
	*f = (struct pl_frame){
		.seq = record.seq,
		.epoch = record.epoch,
		.flags = record.flags,
		.t_mono_ns = record.t_mono_ns,
		.t_est_ns = record.t_est_ns,
		.t_device_ns = record.t_device_ns,
		.device_seq = record.device_seq,
		.rows = (uint16_t)r->meta.geometry.rows,
		.cols = (uint16_t)r->meta.geometry.cols,
		.dtype = r->meta.dtype,
		.cells_bytes = r->cells_bytes,
		.metrics = (float *)(void *)(p + sizeof(record)),
		.cells = p + sizeof(record) + PAD8(r->keys.n * sizeof(float)),
	};
	memcpy(f->lost, record.lost, sizeof(f->lost));
	r->frames++;
}

static void give_event(const uint8_t *p, struct pl_journal_record *out)
{
	struct event_record record;

	memcpy(&record, p, sizeof(record));
	out->t_mono_ns = record.t_mono_ns;
	pl_files_text(out->kind, sizeof(out->kind), record.kind);
	pl_files_text(out->text, sizeof(out->text), record.text);
}

static void give_gap(const uint8_t *p, struct pl_gap *gap)
{
	struct gap_record record;

	memcpy(&record, p, sizeof(record));
	*gap = (struct pl_gap){
		.epoch = record.epoch,
		.first_seq = record.first_seq,
		.count = record.count,
		.t0_mono_ns = record.t0_mono_ns,
		.t1_mono_ns = record.t1_mono_ns,
	};
	pl_files_text(gap->cause, sizeof(gap->cause), record.cause);
}

static void give_clock(const uint8_t *p, struct pl_journal_record *out)
{
	struct clock_record record;

	memcpy(&record, p, sizeof(record));
	out->t_mono_ns = record.mono_ns;
	out->utc_ns = record.utc_ns;
}

static int give_end(struct pl_journal_reader *r, const uint8_t *p, struct pl_journal_record *out,
		    struct pl_error *err)
{
	struct end_record record;

	memcpy(&record, p, sizeof(record));
	if (record.frames != r->frames)
		return pl_error_set(err, PL_ECORRUPT, 0, "%s says it has %llu frames, but has %llu",
				    r->path, (unsigned long long)record.frames,
				    (unsigned long long)r->frames);
	r->ended = true;
	pl_files_text(out->kind, sizeof(out->kind), record.reason);
	return 0;
}

/* Hand out the whole record at the reading position. */
static int give(struct pl_journal_reader *r, struct pl_journal_record *out, struct pl_error *err)
{
	uint8_t *p = r->buffer + r->used;
	struct record_head head;

	memcpy(&head, p, sizeof(head));
	out->type = (enum pl_record)(head.type - JOURNAL_FRAME);
	switch (head.type) {
	case JOURNAL_FRAME:
		give_frame(r, p, &out->frame);
		break;
	case JOURNAL_EVENT:
		give_event(p, out);
		break;
	case JOURNAL_GAP:
		give_gap(p, &out->gap);
		break;
	case JOURNAL_CLOCK:
		give_clock(p, out);
		break;
	case JOURNAL_END:
		if (give_end(r, p, out, err) != 0)
			return -1;
		break;
	}
	r->used += head.size;
	r->index++;
	return 1;
}

int pl_journal_next(struct pl_journal_reader *r, struct pl_journal_record *record,
		    struct pl_error *err)
{
	enum state state = r->ended ? SHORT : look(r);

	if (r->ended)
		return 0;
	if (state != WHOLE) {
		/* once more from the file: more may have come, or the tail was cut and rewritten */
		if (refill(r, err) != 0)
			return -1;
		state = look(r);
	}
	if (state == WHOLE)
		return give(r, record, err);
	if (state == SHORT)
		return 0;
	return pl_error_set(err, PL_ECORRUPT, 0,
			    "%s is damaged at byte %llu (record %u); what is before it is intact",
			    r->path, (unsigned long long)r->at, r->index);
}

/* A whole record of this journal at p, whatever is before it? */
static bool is_record(const struct pl_journal_reader *r, const uint8_t *p, size_t left)
{
	struct record_head head;

	if (left < sizeof(head))
		return false;
	memcpy(&head, p, sizeof(head));
	return head.size && head.size == size_of(r, head.type) && head.size <= left &&
	       head.index > r->index &&
	       libdeflate_crc32(r->seed, p + sizeof(head.crc), head.size - sizeof(head.crc)) ==
		       head.crc;
}

bool pl_journal_reader_more_behind(struct pl_journal_reader *r)
{
	const size_t largest =
		PAD8(r->frame_size > sizeof(struct event_record) ? r->frame_size
								 : sizeof(struct event_record));
	uint64_t at = r->at + r->used;
	bool found = false;
	ssize_t n;

	/* windows overlap by the largest record, so that none is cut by their border */
	while (!found && (n = read_at(r->fd, r->buffer, r->cap, at)) > 0) {
		for (size_t i = 0; i < (size_t)n && !found; i += 8)
			found = is_record(r, r->buffer + i, (size_t)n - i);
		if ((size_t)n < r->cap)
			break;
		at += r->cap / 8 * 8 - largest;
	}
	r->at += r->used;
	r->used = r->have = 0; /* the buffer is no longer what it was */
	return found;
}

static bool locked(int fd)
{
	/* shared: two who ask at once do not take each other for the writer */
	if (flock(fd, LOCK_SH | LOCK_NB) != 0)
		return errno == EWOULDBLOCK;
	flock(fd, LOCK_UN);
	return false;
}

bool pl_journal_reader_has_writer(const struct pl_journal_reader *r)
{
	return locked(r->fd);
}

bool pl_journal_has_writer(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	bool is;

	if (fd < 0)
		return false;
	is = locked(fd);
	close(fd);
	return is;
}
