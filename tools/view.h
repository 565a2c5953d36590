/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One message of the `view` topic, as a person's screen needs it: cell values, the metrics by
 * name, and what to say about the mat. Messages come from another process: every size is checked.
 */
#ifndef TOOLS_VIEW_H
#define TOOLS_VIEW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

#include <plantar/error.h>

struct pl_view {
	json_t *header; /* owned */
	unsigned rows, cols;
	double *value;	  /* rows*cols, in unit; owned */
	const char *unit; /* "kPa", "N", "counts": what value is in */
};

/* header: JSON text of n bytes; blob: raw cells. Replaces what was in view. */
int pl_view_parse(struct pl_view *view, const char *header, size_t n, const void *blob,
		  size_t blob_bytes, struct pl_error *err);
void pl_view_free(struct pl_view *view);

/* A metric by its base name ("left_heel_pct", "force"): NaN when null or absent. unit may be NULL.
 */
double pl_view_metric(const struct pl_view *view, const char *base, const char **unit);
/* Sum of the lost frames of this epoch, all causes. */
uint64_t pl_view_lost(const struct pl_view *view);

#endif
