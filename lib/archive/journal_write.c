/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writing the journal. What is appended must be whole or absent whatever happens in between, and
 * a converter reads along: records that became visible whole are never taken back or rewritten,
 * a record that got in only partly is cut off again. A disk that fills up therefore leaves the
 * frames that fitted, pl_journal_frame_count() says how many, and the journal stays usable.
 *
 * The file appears under its name complete with head and lock, so that nobody ever meets a
 * journal that looks abandoned because its writer has only just begun.
 */
#include <errno.h>
#include <fcntl.h>
#include <libdeflate.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include "files.h"
#include "journal_file.h"

#define BATCH 64		/* frames a writev, at most 5 pieces each: below IOV_MAX */
#define RESERVE_STEP (16 << 20) /* preallocated ahead of the writer */

struct pl_journal {
	int fd;
	bool broken; /* the tail could not be cut: nothing may follow it */
	uint32_t seed, index;
	uint64_t bytes, reserved, frames;
	unsigned rows, cols, n_metrics;
	enum pl_dtype dtype;
	size_t cells_bytes;
	float *no_metrics;
	struct frame_record heads[BATCH];
	char path[PATH_MAX];
};

static int failed(struct pl_journal *j, int e, struct pl_error *err)
{
	return pl_files_error(err, e, "cannot write the journal %s", j->path);
}

static int write_head(struct pl_journal *j, const struct pl_session_meta *meta,
		      struct pl_error *err)
{
	struct journal_keys keys = {.n = (uint32_t)pl_metric_count()};
	uint8_t *head = NULL;
	size_t size, done = 0;
	int result = -1;

	keys.key = calloc(keys.n ? keys.n : 1, sizeof(*keys.key));
	if (!keys.key)
		return pl_error_set(err, PL_ENOMEM, 0, "no memory for the journal's head");
	for (uint32_t i = 0; i < keys.n; i++)
		pl_metric_key(i, pl_calibrated(&meta->calibration), keys.key[i],
			      sizeof(keys.key[i]));
	head = pl_journal_head_encode(meta, &keys, &size, err);
	while (head && done < size) {
		ssize_t n = write(j->fd, head + done, size - done);

		if (n < 0 && errno != EINTR) {
			failed(j, errno, err);
			goto out;
		}
		done += n > 0 ? (size_t)n : 0;
	}
	if (!head)
		goto out;
	j->seed = pl_journal_head_crc(head, size);
	j->bytes = j->reserved = size;
	result = 0;
out:
	free(head);
	free(keys.key);
	return result;
}

static int fill_and_publish(struct pl_journal *j, const char *fresh,
			    const struct pl_session_meta *meta, struct pl_error *err)
{
	if (ftruncate(j->fd, 0) != 0)
		return failed(j, errno, err);
	if (write_head(j, meta, err) != 0)
		return -1;
	if (fdatasync(j->fd) != 0)
		return failed(j, errno, err);
	if (pl_files_rename_new(fresh, j->path) != 0)
		return pl_files_error(err, errno, "cannot create the journal %s", j->path);
	return 0;
}

static int create_file(struct pl_journal *j, const struct pl_session_meta *meta,
		       struct pl_error *err)
{
	char fresh[PATH_MAX + 8];

	snprintf(fresh, sizeof(fresh), "%s.new", j->path);
	if (access(j->path, F_OK) == 0)
		return pl_error_set(err, PL_ESTATE, EEXIST, "%s exists: another trial's journal",
				    j->path);
	j->fd = open(fresh, O_RDWR | O_CREAT | O_CLOEXEC, 0640);
	if (j->fd < 0)
		return pl_files_error(err, errno, "cannot create the journal %s", j->path);
	/* no longer named: another recorder took the file over between the two calls */
	if (flock(j->fd, LOCK_EX | LOCK_NB) != 0 || !pl_files_still_named(j->fd, fresh))
		return pl_error_set(err, PL_EBUSY, EBUSY, "another recorder is creating %s",
				    j->path);
	if (fill_and_publish(j, fresh, meta, err) != 0) {
		unlink(fresh);
		return -1;
	}
	if (pl_files_sync_parent(j->path, err) == 0)
		return 0;
	unlink(j->path); /* nobody is told that it records, so nobody shall find it */
	return -1;
}

struct pl_journal *pl_journal_create(const char *path, const struct pl_session_meta *meta,
				     struct pl_error *err)
{
	struct pl_journal *j;

	if (pl_layout_check(meta->live.layout, &meta->calibration, &meta->geometry, err) != 0)
		return NULL;
	j = calloc(1, sizeof(*j));
	if (!j || strlen(path) >= sizeof(j->path)) {
		free(j);
		pl_error_set(err, PL_EUSAGE, 0, "the journal's path is too long: %s", path);
		return NULL;
	}
	j->fd = -1;
	strcpy(j->path, path);
	j->rows = meta->geometry.rows;
	j->cols = meta->geometry.cols;
	j->dtype = meta->dtype;
	j->cells_bytes = pl_geometry_cells(&meta->geometry) * pl_dtype_size(meta->dtype);
	j->n_metrics = (unsigned)pl_metric_count();
	j->no_metrics = malloc(sizeof(float) * (j->n_metrics + 1));
	if (!j->no_metrics) {
		pl_error_set(err, PL_ENOMEM, 0, "no memory for a journal");
		pl_journal_abandon(j);
		return NULL;
	}
	for (unsigned i = 0; i < j->n_metrics; i++)
		j->no_metrics[i] = NAN;
	if (create_file(j, meta, err) != 0) {
		pl_journal_abandon(j);
		return NULL;
	}
	return j;
}

/*
 * Room ahead of the writer, so that running out of disk shows early and fdatasync has less to do.
 * Not being able to is no failure: the write itself will say so.
 */
static void reserve(struct pl_journal *j, size_t more)
{
	if (j->bytes + more <= j->reserved)
		return;
	fallocate(j->fd, FALLOC_FL_KEEP_SIZE, (off_t)j->bytes, RESERVE_STEP);
	j->reserved = j->bytes + RESERVE_STEP;
}

/*
 * Append n bytes made of whole records of record_size. Returns how many records are in the file
 * now; fewer than all of them with *e set.
 */
static size_t append(struct pl_journal *j, struct iovec *iov, int pieces, size_t n,
		     size_t record_size, int *e)
{
	size_t done = 0;

	*e = 0;
	reserve(j, n);
	while (done < n) {
		ssize_t put = pwritev(j->fd, iov, pieces, (off_t)(j->bytes + done));

		if (put < 0 && errno == EINTR)
			continue;
		if (put <= 0) {
			*e = put < 0 ? errno : ENOSPC;
			break;
		}
		done += (size_t)put;
		for (; pieces && (size_t)put >= iov->iov_len; pieces--, iov++)
			put -= (ssize_t)iov->iov_len;
		if (pieces) {
			iov->iov_base = (char *)iov->iov_base + put;
			iov->iov_len -= (size_t)put;
		}
	}
	j->bytes += done / record_size * record_size;
	j->index += (uint32_t)(done / record_size);
	if (done % record_size && ftruncate(j->fd, (off_t)j->bytes) != 0)
		j->broken = true;
	return done / record_size;
}

static int refuse(struct pl_journal *j, struct pl_error *err)
{
	return pl_error_set(err, PL_EIO, 0,
			    "the journal %s ends in a torn record that could not be cut off; end "
			    "this recording and start another",
			    j->path);
}

/* Pieces of one frame. The zeros are what pads metrics and cells to 8 bytes. */
static int frame_pieces(struct pl_journal *j, const struct pl_frame *f, uint32_t index,
			struct frame_record *r, struct iovec *iov)
{
	static const char zeros[8];
	const size_t metrics_bytes = j->n_metrics * sizeof(float);
	const float *metrics = f->metrics ? f->metrics : j->no_metrics;
	const struct iovec pieces[] = {
		{r, sizeof(*r)},
		{(void *)metrics, metrics_bytes},
		{(void *)zeros, PAD8(metrics_bytes) - metrics_bytes},
		{f->cells, j->cells_bytes},
		{(void *)zeros, PAD8(j->cells_bytes) - j->cells_bytes},
	};
	int n = 0;

	*r = (struct frame_record){
		.head = {.size = (uint32_t)frame_record_size(j->n_metrics, j->cells_bytes),
			 .type = JOURNAL_FRAME,
			 .index = index},
		.seq = f->seq,
		.epoch = f->epoch,
		.flags = f->flags,
		.t_mono_ns = f->t_mono_ns,
		.t_est_ns = f->t_est_ns,
		.t_device_ns = f->t_device_ns,
		.device_seq = f->device_seq,
	};
	memcpy(r->lost, f->lost, sizeof(r->lost));
	r->head.crc = libdeflate_crc32(j->seed, &r->head.size, sizeof(*r) - sizeof(r->head.crc));
	for (size_t i = 0; i < sizeof(pieces) / sizeof(pieces[0]); i++) {
		if (!pieces[i].iov_len)
			continue;
		if (i > 0)
			r->head.crc = libdeflate_crc32(r->head.crc, pieces[i].iov_base,
						       pieces[i].iov_len);
		iov[n++] = pieces[i];
	}
	return n;
}

int pl_journal_frames(struct pl_journal *j, struct pl_frame *const *frames, size_t n,
		      struct pl_error *err)
{
	const size_t size = frame_record_size(j->n_metrics, j->cells_bytes);
	struct iovec iov[BATCH * 5];

	for (size_t i = 0; i < n; i++)
		if (frames[i]->rows != j->rows || frames[i]->cols != j->cols ||
		    frames[i]->dtype != j->dtype || frames[i]->cells_bytes != j->cells_bytes)
			return pl_error_set(err, PL_EUSAGE, 0,
					    "a frame of %u x %u %s does not belong into a journal "
					    "of %u x %u %s",
					    frames[i]->rows, frames[i]->cols,
					    pl_dtype_name(frames[i]->dtype), j->rows, j->cols,
					    pl_dtype_name(j->dtype));
	while (n) {
		size_t batch = n < BATCH ? n : BATCH, in;
		int pieces = 0, e;

		if (j->broken)
			return refuse(j, err);
		for (size_t i = 0; i < batch; i++)
			pieces += frame_pieces(j, frames[i], j->index + (uint32_t)i, &j->heads[i],
					       iov + pieces);
		in = append(j, iov, pieces, batch * size, size, &e);
		j->frames += in;
		if (in < batch)
			return failed(j, e, err);
		frames += batch;
		n -= batch;
	}
	return 0;
}

static int small_record(struct pl_journal *j, void *record, size_t size, enum journal_type type,
			struct pl_error *err)
{
	struct record_head *head = record;
	struct iovec iov = {record, size};
	int e;

	if (j->broken)
		return refuse(j, err);
	head->size = (uint32_t)size;
	head->type = type;
	head->index = j->index;
	head->crc = libdeflate_crc32(j->seed, &head->size, size - sizeof(head->crc));
	return append(j, &iov, 1, size, size, &e) == 1 ? 0 : failed(j, e, err);
}

int pl_journal_event(struct pl_journal *j, int64_t t_mono_ns, const char *kind, const char *text,
		     struct pl_error *err)
{
	struct event_record r = {.t_mono_ns = t_mono_ns};

	pl_files_text(r.kind, sizeof(r.kind), kind);
	pl_files_text(r.text, sizeof(r.text), text);
	return small_record(j, &r, sizeof(r), JOURNAL_EVENT, err);
}

int pl_journal_gap(struct pl_journal *j, const struct pl_gap *gap, struct pl_error *err)
{
	struct gap_record r = {
		.epoch = gap->epoch,
		.first_seq = gap->first_seq,
		.count = gap->count,
		.t0_mono_ns = gap->t0_mono_ns,
		.t1_mono_ns = gap->t1_mono_ns,
	};

	pl_files_text(r.cause, sizeof(r.cause), gap->cause);
	return small_record(j, &r, sizeof(r), JOURNAL_GAP, err);
}

int pl_journal_clock(struct pl_journal *j, int64_t mono_ns, int64_t utc_ns, struct pl_error *err)
{
	struct clock_record r = {.mono_ns = mono_ns, .utc_ns = utc_ns};

	return small_record(j, &r, sizeof(r), JOURNAL_CLOCK, err);
}

int pl_journal_sync(struct pl_journal *j, struct pl_error *err)
{
	return fdatasync(j->fd) == 0 ? 0 : failed(j, errno, err);
}

int pl_journal_end(struct pl_journal *j, const char *reason, struct pl_error *err)
{
	struct end_record r = {.frames = j->frames};
	int result;

	pl_files_text(r.reason, sizeof(r.reason), reason);
	result = small_record(j, &r, sizeof(r), JOURNAL_END, err);
	/* gives back what was reserved beyond the end */
	if (result == 0 && ftruncate(j->fd, (off_t)j->bytes) != 0)
		result = failed(j, errno, err);
	if (pl_journal_sync(j, result == 0 ? err : NULL) != 0)
		result = -1;
	pl_journal_abandon(j);
	return result;
}

void pl_journal_discard(struct pl_journal *j)
{
	unlink(j->path);
	pl_journal_abandon(j);
}

void pl_journal_abandon(struct pl_journal *j)
{
	if (!j)
		return;
	if (j->fd >= 0)
		close(j->fd);
	free(j->no_metrics);
	free(j);
}

uint64_t pl_journal_bytes(const struct pl_journal *j)
{
	return j->bytes;
}

uint64_t pl_journal_frame_count(const struct pl_journal *j)
{
	return j->frames;
}
