/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The reader thread of one source (a mat, or a pad of one): opens its transport, reads straight
 * into buffers, stamps, and opens again when it was unplugged. Between open and close it never
 * allocates, never logs, and waits for nobody downstream longer than the port itself can hold the
 * bytes (20 ms): when no buffer becomes free the chunk is dropped, counted, and the next one says
 * how many bytes are missing.
 *
 * What happened to the connection travels through the same ring, so the process thread sees it in
 * order with the bytes. Everything here may be called from any thread unless it says otherwise.
 */
#ifndef DAEMON_SOURCE_H
#define DAEMON_SOURCE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <plantar/error.h>
#include <plantar/frame.h>
#include <plantar/log.h>

#include "daemon/wake.h"
#include "drivers/mat/mat.h"

enum pl_chunk_kind {
	PL_CHUNK_DATA,
	PL_CHUNK_OPENED,    /* a new connection: epoch is its number */
	PL_CHUNK_GONE,	    /* it ended or could not be made: text says why; tried again */
	PL_CHUNK_FAILED,    /* cannot be opened for a reason a person must remove; tried again */
	PL_CHUNK_ENDED,	    /* the source is over by its nature */
	PL_CHUNK_REOPENING, /* closed because nothing came */
};

struct pl_chunk {
	int64_t t_mono_ns; /* right after the read */
	uint64_t missing;  /* bytes dropped before these */
	enum pl_chunk_kind kind;
	uint32_t epoch;
	size_t n;
	uint8_t *bytes;		 /* DATA: n bytes; else text, terminated */
	struct pl_frame *buffer; /* private: what holds them */
};

struct pl_source_counters {
	uint64_t chunks, bytes, dropped_chunks, dropped_bytes;
};

struct pl_source;

/* process_wake is posted after each chunk. uri, mat, log and process_wake must outlive it. */
struct pl_source *pl_source_new(const char *uri, const struct pl_mat *mat, const struct pl_log *log,
				struct pl_wake *process_wake, struct pl_error *err);
int pl_source_start(struct pl_source *s, struct pl_error *err);
/* Ends the thread (bytes still to be sent are sent) and frees. NULL allowed. */
void pl_source_stop(struct pl_source *s);

/* Process thread only: the oldest chunk or NULL, and giving it back. */
struct pl_chunk *pl_source_peek(struct pl_source *s);
void pl_source_release(struct pl_source *s);

/*
 * Process thread only: how far the stream was consumed (bytes since OPENED, dropped ones
 * included), how many bytes after that the next frame can be complete, and how long a frame is on
 * the wire. The reader asks the transport for that much, so that one frame costs one wake-up.
 */
void pl_source_expect(struct pl_source *s, uint64_t consumed, uint64_t need, uint64_t frame_bytes);

/* Process thread only: bytes for the device. False: too many are waiting already. */
bool pl_source_send(struct pl_source *s, const void *bytes, size_t n);

void pl_source_reopen(struct pl_source *s);	   /* nothing comes: close and open again */
void pl_source_retry(struct pl_source *s);	   /* a device was plugged in: look now */
bool pl_source_reopens(const struct pl_source *s); /* does opening again make sense for it? */
void pl_source_counters(const struct pl_source *s, struct pl_source_counters *out);
int64_t pl_source_heartbeat(const struct pl_source *s);

#endif
