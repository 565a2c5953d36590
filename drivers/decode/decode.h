/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From bytes to frames. A decoder is a pure state machine: bytes and time come in as arguments,
 * bytes to send go out through tick; it never waits, allocates after new, or looks at a clock.
 * Same bytes in, same frames out, however they were cut into chunks (poll time-outs and idle
 * modes aside).
 *
 * A decoder of a protocol with its own rules is one .c file with one struct pl_decoder_ops and
 * one line in the table of decode.c.
 */
#ifndef DRIVERS_DECODE_DECODE_H
#define DRIVERS_DECODE_DECODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <plantar/error.h>
#include <plantar/frame.h>

#include "drivers/decode/matrix_config.h"

/* What a mat file says to devices with a protocol of their own (its group device). */
struct pl_device_config {
	unsigned period_ms;  /* between frames, asked of the device; 0: as it likes */
	unsigned gain;	     /* phidget: 1, 8, 16, 32, 64, 128 */
	uint8_t channels[4]; /* phidget, stepmaniax: which sensor each corner is; vernier: the one
			      */
	unsigned n_channels;
	bool identify; /* jq: ask which pad it is */
};

struct pl_decoder_config {
	const char *protocol;		/* "pmp", "matrix" */
	unsigned rows, cols;		/* of the frame as delivered, after turning and mapping */
	enum pl_dtype dtype;		/* of the cells as delivered */
	double rate_hz;			/* nominal, 0 unknown: plausibility of time stamps only */
	struct pl_matrix_config matrix; /* for "matrix" */
	struct pl_device_config device; /* for all but "matrix" and "pmp" */
};

/* Why bytes or frames were thrown away. All counters only grow; reset does not clear them. */
struct pl_decode_stats {
	uint64_t bytes, frames;
	uint64_t lost_device;  /* frames missing by the device's own counter */
	uint64_t lost_corrupt; /* frames lost to checksum, length or sanity */
	uint64_t lost_overrun; /* frames lost to bytes that the host dropped (pl_decoder_skip) */
	uint64_t bad_length, bad_checksum, bad_sanity; /* packets or frames, by reason */
	uint64_t skipped_bytes;			       /* bytes that belonged to no frame */
	uint64_t resyncs;			       /* times the decoder lost its place */
	uint64_t duplicates;			       /* device counter did not advance: dropped */
	uint64_t info_packets, log_packets;
};

/* One decoded frame. cells is the caller's memory of rows*cols*size bytes, filled when *got. */
struct pl_raw_frame {
	void *cells;
	int64_t device_seq;  /* unwrapped, -1: none */
	int64_t t_device_ns; /* unwrapped, INT64_MIN: none */
	/* Known missing right before this frame. With a device counter the gap is exact, and
	 * belongs to overrun when bytes were skipped, to corrupt as far as bad packets account for
	 * it, to device for the rest. Without one: a bad packet is one lost frame, and skipped
	 * bytes are counted in whole frames, rounded to nearest. */
	uint64_t lost_device, lost_corrupt, lost_overrun;
	bool resync; /* bytes were thrown away before this frame */
};

/* Text that the device said about itself (PMP info and log packets, boot banners). */
struct pl_device_text {
	char text[512]; /* NUL-terminated, printable */
	bool is_info;	/* key=value lines, else log */
};

struct pl_tx {
	uint8_t bytes[64];
	size_t n; /* 0: nothing to send */
};

struct pl_decoder;

struct pl_decoder_ops {
	const char *protocol;
	bool packets; /* reads packets with their boundaries (packet.h) */
	/* the operations that fit this configuration; NULL: these, always */
	const struct pl_decoder_ops *(*pick)(const struct pl_decoder_config *config);
	size_t (*state_size)(const struct pl_decoder_config *config);
	int (*init)(void *state, const struct pl_decoder_config *config, struct pl_error *err);
	void (*reset)(void *state);
	void (*skip)(void *state, uint64_t lost_bytes);
	size_t (*feed)(void *state, const uint8_t *bytes, size_t n, int64_t t_mono_ns,
		       struct pl_raw_frame *frame, bool *got, struct pl_decode_stats *stats);
	void (*tick)(void *state, int64_t now_ns, struct pl_tx *tx, int64_t *deadline_ns);
	void (*stop)(void *state, struct pl_tx *tx);		/* may be NULL */
	bool (*text)(void *state, struct pl_device_text *text); /* may be NULL */
	size_t (*need)(const void *state);			/* may be NULL */
};

/* NULL and err for an unknown protocol or a configuration that cannot be. Copies config. */
struct pl_decoder *pl_decoder_new(const struct pl_decoder_config *config, struct pl_error *err);
void pl_decoder_free(struct pl_decoder *d);

/* After a (re)connection: unsynchronised, counters and clocks unwrapped anew; stats stay. */
void pl_decoder_reset(struct pl_decoder *d);

/* lost_bytes are missing between what was fed and what will be: drops the frame under way, keeps
 * counters, accounts for the loss in the next frame. */
void pl_decoder_skip(struct pl_decoder *d, uint64_t lost_bytes);

/*
 * Consumes at most n bytes, stops after a complete frame. *got tells whether frame was filled.
 * Call again with the rest until it has neither produced a frame nor consumed a byte.
 */
size_t pl_decoder_feed(struct pl_decoder *d, const uint8_t *bytes, size_t n, int64_t t_mono_ns,
		       struct pl_raw_frame *frame, bool *got);

/* What to send now (start command once after reset, poll, ...) and when to call again
 * (INT64_MAX: never by itself). Call after reset, after each deadline, and after each frame. */
void pl_decoder_tick(struct pl_decoder *d, int64_t now_ns, struct pl_tx *tx, int64_t *deadline_ns);
void pl_decoder_stop(struct pl_decoder *d, struct pl_tx *tx); /* the stop command, if any */

/* Text since the last call; false: none. */
bool pl_decoder_text(struct pl_decoder *d, struct pl_device_text *text);

/* At least this many more bytes before the next frame can be complete (a hint; >= 1). */
size_t pl_decoder_need(const struct pl_decoder *d);

const struct pl_decode_stats *pl_decoder_stats(const struct pl_decoder *d);
/* NULL-terminated names of the protocols in the table. */
const char *const *pl_decoder_protocols(void);
/* Does it read packets with their boundaries? Then its USB mats need `packets`. */
bool pl_decoder_packets(const char *protocol);

#endif
