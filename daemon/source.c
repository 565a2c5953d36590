/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The one thread that must never be late: what it does not fetch in time, the kernel throws away
 * without saying how much. So between two reads it does nothing but stamp, count and commit a
 * ring slot. The bytes lie in buffers of a last-in first-out pool: while the process thread keeps
 * up it is the same one or two again and again, in the cache, and the rest of the memory is not
 * touched until it is needed. Waking up costs more than reading, so it asks the transport for as
 * many bytes as the next frame still needs instead of taking each scrap that arrives.
 */
#include "daemon/source.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include <plantar/ring.h>

#include "daemon/text.h"
#include "drivers/transport/transport.h"

#define READ_TIMEOUT_MS 500
#define RETRY_NS PL_S
#define FIRST_RETRY_NS (100 * PL_MS)
#define BUFFERS_BYTES ((size_t)32 << 20)
#define TX_SLOTS 16
#define PATIENCE_NS (20 * PL_MS)
#define PATIENCE_STEP_NS (200 * PL_MS / 1000)

struct pl_source {
	const char *uri;
	const struct pl_mat *mat;
	const struct pl_log *log;
	struct pl_wake *process_wake, wake;
	struct pl_ring *chunks, *tx;
	struct pl_pool *buffers;
	unsigned n_buffers;
	size_t chunk_bytes;
	uint8_t *scratch; /* read into when there is no buffer */
	pthread_t thread;
	bool started;
	atomic_bool stop, reopen;

	pthread_mutex_t lock; /* held for opening's last step, closing's first, and cancel */
	struct pl_transport *transport;

	/* reader thread only */
	uint32_t epochs;
	uint64_t position; /* bytes read since OPENED */
	uint64_t missing;
	struct pl_frame *buffer; /* to be read into next, or NULL */
	bool dropping;
	char last_problem[512];

	_Atomic uint64_t frame_end, frame_bytes; /* see pl_source_expect */
	_Atomic uint64_t n_chunks, n_bytes, n_dropped_chunks, n_dropped_bytes;
	_Atomic int64_t heartbeat_ns;
};

static size_t frame_bytes_guess(const struct pl_mat *mat)
{
	return pl_geometry_cells(&mat->geometry) * pl_dtype_size(mat->dtype) + 64;
}

struct pl_source *pl_source_new(const char *uri, const struct pl_mat *mat, const struct pl_log *log,
				struct pl_wake *process_wake, struct pl_error *err)
{
	struct pl_source *s = calloc(1, sizeof(*s));
	size_t want = 2 * frame_bytes_guess(mat);

	if (!s) {
		pl_error_set(err, PL_ENOMEM, errno, "out of memory for a source");
		return NULL;
	}
	s->uri = uri;
	s->mat = mat;
	s->log = log;
	s->process_wake = process_wake;
	s->chunk_bytes = want < 4096 ? 4096 : want > 65536 ? 65536 : want;
	pthread_mutex_init(&s->lock, NULL);
	s->scratch = malloc(s->chunk_bytes);
	s->n_buffers = (unsigned)(BUFFERS_BYTES / s->chunk_bytes);
	s->buffers = pl_pool_new(s->n_buffers, s->chunk_bytes, 0, err);
	s->chunks = pl_ring_new(s->n_buffers, sizeof(struct pl_chunk), err);
	s->tx = pl_ring_new(TX_SLOTS, sizeof(struct pl_tx), err);
	if (!s->scratch || !s->buffers || !s->chunks || !s->tx) {
		if (!s->scratch)
			pl_error_set(err, PL_ENOMEM, errno, "out of memory for a source");
		pl_source_stop(s);
		return NULL;
	}
	return s;
}

/* The next number of bytes worth waking up for: up to the end of the frame under way. What the
 * process thread knows may be a frame or two old; frames follow each other at frame_bytes. */
static size_t wanted(struct pl_source *s)
{
	uint64_t end = atomic_load_explicit(&s->frame_end, memory_order_relaxed);
	uint64_t frame = atomic_load_explicit(&s->frame_bytes, memory_order_relaxed);
	uint64_t want;

	if (end > s->position)
		want = end - s->position;
	else if (frame > 1)
		want = frame - (s->position - end) % frame;
	else
		want = 1;
	return want < s->chunk_bytes ? (size_t)want : s->chunk_bytes;
}

static bool get_buffer(struct pl_source *s)
{
	if (!s->buffer)
		s->buffer = pl_pool_get(s->buffers);
	return s->buffer != NULL;
}

/* Hands the buffer over. There are as many slots as buffers, so there is one for it. */
static void commit(struct pl_source *s, enum pl_chunk_kind kind, size_t n)
{
	struct pl_chunk *chunk = pl_ring_reserve(s->chunks);

	*chunk = (struct pl_chunk){
		.t_mono_ns = pl_now_ns(),
		.missing = s->missing,
		.kind = kind,
		.epoch = s->epochs,
		.n = n,
		.bytes = s->buffer->cells,
		.buffer = s->buffer,
	};
	s->missing = 0;
	s->buffer = NULL;
	pl_ring_commit(s->chunks);
	pl_wake_post(s->process_wake);
}

/* Connection news must not be lost; nothing is being read meanwhile, so this may wait. */
static void announce(struct pl_source *s, enum pl_chunk_kind kind, const char *text)
{
	const struct timespec ms = {.tv_nsec = PL_MS};

	while (!get_buffer(s)) {
		if (atomic_load(&s->stop))
			return;
		nanosleep(&ms, NULL);
	}
	pl_copy(s->buffer->cells, s->chunk_bytes, text);
	commit(s, kind, 0);
}

static int send_pending(struct pl_source *s, struct pl_error *err)
{
	struct pl_tx *tx;
	int r = 0;

	while (r == 0 && (tx = pl_ring_peek(s->tx))) {
		r = pl_transport_write(s->transport, tx->bytes, tx->n, err);
		pl_ring_release(s->tx, 1);
	}
	return r;
}

static void count(_Atomic uint64_t *counter, uint64_t n)
{
	/* Only this thread writes it: no locked instruction needed. */
	atomic_store_explicit(counter, atomic_load_explicit(counter, memory_order_relaxed) + n,
			      memory_order_relaxed);
}

static void took(struct pl_source *s, bool kept, size_t n)
{
	s->position += n;
	count(&s->n_bytes, n);
	if (kept) {
		count(&s->n_chunks, 1);
		commit(s, PL_CHUNK_DATA, n);
	} else {
		s->missing += n;
		count(&s->n_dropped_chunks, 1);
		count(&s->n_dropped_bytes, n);
	}
}

/*
 * Is there a buffer to read into? If not: read, but drop. When all are full every kind of port
 * still holds some 20 ms of bytes for us (a serial port's 64 KiB, a pty or USB endpoint by stopping
 * the other side), so that long nothing is lost by waiting. Then what comes is dropped, and
 * counted, until half of the buffers are free: one hole instead of many.
 */
static bool room(struct pl_source *s)
{
	const struct timespec step = {.tv_nsec = PATIENCE_STEP_NS};
	bool got;

	if (s->dropping && pl_pool_available(s->buffers) < s->n_buffers / 2)
		return false;
	got = get_buffer(s);
	for (int64_t waited = 0; !got && waited < PATIENCE_NS; waited += PATIENCE_STEP_NS) {
		nanosleep(&step, NULL);
		got = get_buffer(s);
	}
	s->dropping = !got;
	return got;
}

/* Reads until the connection ends. Returns what to announce, with the reason in err. */
static enum pl_chunk_kind read_all(struct pl_source *s, struct pl_error *err)
{
	for (;;) {
		bool keep = room(s);
		long n;

		atomic_store_explicit(&s->heartbeat_ns, pl_now_ns(), memory_order_relaxed);
		/* A polled mat that cannot be written to is as gone as one that cannot be read. */
		if (send_pending(s, err))
			return PL_CHUNK_GONE;
		if (atomic_load_explicit(&s->stop, memory_order_relaxed))
			return PL_CHUNK_ENDED;
		if (atomic_exchange_explicit(&s->reopen, false, memory_order_relaxed))
			return PL_CHUNK_REOPENING;
		n = pl_transport_read(s->transport, keep ? s->buffer->cells : s->scratch,
				      s->chunk_bytes, wanted(s), READ_TIMEOUT_MS, err);
		if (n > 0)
			took(s, keep, (size_t)n);
		else if (n == PL_READ_GONE)
			return PL_CHUNK_GONE;
		else if (n == PL_READ_END)
			return PL_CHUNK_ENDED;
	}
}

static bool open_transport(struct pl_source *s)
{
	struct pl_error err = {0};
	struct pl_transport *t = NULL;

	if (!pl_source_reopens(s) || pl_transport_present(s->uri))
		t = pl_transport_open(s->uri, s->mat, s->log, &err);
	else
		pl_error_set(&err, PL_ENOENT, ENOENT,
			     "%s is not there; plug the mat in, or see `plantar list`", s->uri);
	if (!t) {
		if (strcmp(err.message, s->last_problem) != 0)
			announce(s, err.code == PL_ENOENT ? PL_CHUNK_GONE : PL_CHUNK_FAILED,
				 err.message);
		pl_copy(s->last_problem, sizeof(s->last_problem), err.message);
		return false;
	}
	s->last_problem[0] = '\0';
	pthread_mutex_lock(&s->lock);
	s->transport = t;
	pthread_mutex_unlock(&s->lock);
	s->position = s->missing = 0;
	s->dropping = false;
	atomic_store(&s->frame_end, 0);
	atomic_store(&s->frame_bytes, 0);
	atomic_store(&s->reopen, false);
	while (pl_ring_peek(s->tx)) /* meant for the connection before */
		pl_ring_release(s->tx, 1);
	announce(s, PL_CHUNK_OPENED, "");
	s->epochs++;
	return true;
}

static void close_transport(struct pl_source *s)
{
	struct pl_transport *t = s->transport;

	pthread_mutex_lock(&s->lock);
	s->transport = NULL;
	pthread_mutex_unlock(&s->lock);
	pl_transport_close(t);
}

static void rest(struct pl_source *s, int64_t how_long_ns)
{
	pl_wake_wait(&s->wake, how_long_ns);
	atomic_store_explicit(&s->heartbeat_ns, pl_now_ns(), memory_order_relaxed);
}

static void *reader(void *arg)
{
	struct pl_source *s = arg;

	while (!atomic_load(&s->stop)) {
		struct pl_error err = {0};
		enum pl_chunk_kind why;

		if (!open_transport(s)) {
			rest(s, RETRY_NS);
			continue;
		}
		why = read_all(s, &err);
		close_transport(s);
		if (atomic_load(&s->stop))
			break;
		announce(s, why, err.message);
		while (why == PL_CHUNK_ENDED && !atomic_load(&s->stop))
			rest(s, RETRY_NS);
		if (why == PL_CHUNK_GONE)
			rest(s, FIRST_RETRY_NS);
	}
	return NULL;
}

int pl_source_start(struct pl_source *s, struct pl_error *err)
{
	int r;

	atomic_store(&s->heartbeat_ns, pl_now_ns());
	r = pthread_create(&s->thread, NULL, reader, s);
	if (r)
		return pl_error_set(err, PL_ENOMEM, r, "cannot start a reader thread: %s",
				    strerror(r));
	s->started = true;
	pthread_setname_np(s->thread, "reader");
	return 0;
}

static void cancel(struct pl_source *s)
{
	pthread_mutex_lock(&s->lock);
	if (s->transport)
		pl_transport_cancel(s->transport);
	pthread_mutex_unlock(&s->lock);
}

void pl_source_stop(struct pl_source *s)
{
	if (!s)
		return;
	if (s->started) {
		atomic_store(&s->stop, true);
		cancel(s);
		pl_wake_post(&s->wake);
		pthread_join(s->thread, NULL);
	}
	while (s->chunks && pl_source_peek(s))
		pl_source_release(s);
	pl_frame_unref(s->buffer);
	pl_pool_free(s->buffers);
	pl_ring_free(s->chunks);
	pl_ring_free(s->tx);
	pthread_mutex_destroy(&s->lock);
	free(s->scratch);
	free(s);
}

struct pl_chunk *pl_source_peek(struct pl_source *s)
{
	return pl_ring_peek(s->chunks);
}

void pl_source_release(struct pl_source *s)
{
	struct pl_frame *buffer = ((struct pl_chunk *)pl_ring_peek(s->chunks))->buffer;

	/* The slot first: a slot must be free for every buffer that is. */
	pl_ring_release(s->chunks, 1);
	pl_frame_unref(buffer);
}

void pl_source_expect(struct pl_source *s, uint64_t consumed, uint64_t need, uint64_t frame_bytes)
{
	atomic_store_explicit(&s->frame_end, consumed + need, memory_order_relaxed);
	atomic_store_explicit(&s->frame_bytes, frame_bytes, memory_order_relaxed);
}

bool pl_source_send(struct pl_source *s, const void *bytes, size_t n)
{
	struct pl_tx *tx = pl_ring_reserve(s->tx);

	if (!tx || n > sizeof(tx->bytes))
		return false;
	memcpy(tx->bytes, bytes, n);
	tx->n = n;
	pl_ring_commit(s->tx);
	cancel(s);
	return true;
}

void pl_source_reopen(struct pl_source *s)
{
	atomic_store(&s->reopen, true);
	cancel(s);
}

void pl_source_retry(struct pl_source *s)
{
	pl_wake_post(&s->wake);
}

bool pl_source_reopens(const struct pl_source *s)
{
	return pl_starts(s->uri, "serial:") || pl_starts(s->uri, "usb:");
}

void pl_source_counters(const struct pl_source *s, struct pl_source_counters *out)
{
	out->chunks = atomic_load_explicit(&s->n_chunks, memory_order_relaxed);
	out->bytes = atomic_load_explicit(&s->n_bytes, memory_order_relaxed);
	out->dropped_chunks = atomic_load_explicit(&s->n_dropped_chunks, memory_order_relaxed);
	out->dropped_bytes = atomic_load_explicit(&s->n_dropped_bytes, memory_order_relaxed);
}

int64_t pl_source_heartbeat(const struct pl_source *s)
{
	return atomic_load_explicit(&s->heartbeat_ns, memory_order_relaxed);
}
