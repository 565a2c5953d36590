/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The JSON headers of the published topics (docs/wire.md), made from frames and events. Pure:
 * buffers in, text out.
 */
#ifndef DAEMON_WIRE_H
#define DAEMON_WIRE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

#include <plantar/json.h>

#include "daemon/config.h"
#include "daemon/event.h"

#define PL_WIRE_HEADER_MAX 16384 /* bytes that every header fits in */

/* What the headers of one mat have in common. */
struct pl_wire_mat {
	const char *name;
	unsigned rows, cols;
	enum pl_dtype dtype;
	enum pl_unit unit;
	bool calibrated;
	double scale;		/* unit per count */
	atomic_bool only_scale; /* no curve, no cell corrections, no tare: value = raw * scale */
	char (*metric_keys)[64];
};

int pl_wire_mat_init(struct pl_wire_mat *w, const struct pl_mat_entry *entry, struct pl_error *err);
void pl_wire_mat_free(struct pl_wire_mat *w);
/* Is a calibration nothing but a factor? */
bool pl_wire_only_scale(const struct pl_calibration *cal);

/* Each returns the length of the header, 0 if it does not fit. */
size_t pl_wire_frame(const struct pl_wire_mat *w, const struct pl_frame *f, char *buf, size_t cap);
size_t pl_wire_metrics(const struct pl_wire_mat *w, const struct pl_frame *f, char *buf,
		       size_t cap);
size_t pl_wire_view(const struct pl_wire_mat *w, const struct pl_frame *f, bool recording,
		    char *buf, size_t cap);
/* mat: "" for the daemon itself. */
size_t pl_wire_event(const char *mat, const struct pl_event *event, char *buf, size_t cap);

/* Member "lost" (or another key) of the open object. */
void pl_wire_lost(struct pl_json *j, const char *key, const uint64_t *lost);

#endif
