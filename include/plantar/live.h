/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Live metrics: one row of floats for each frame, the same code in the daemon, in
 * `plantar analyze` and in `plantar export`. The columns are described by one table, which also
 * names the JSON keys of the `metrics` topic and the datasets of /metrics in the archive.
 *
 * A struct pl_live is a state machine over the frames of one epoch: it accumulates footprints
 * since contact, keeps the identity of feet across frames, and filters causally at the nominal
 * rate. Same frames and sequence numbers in, same bits out. One thread at a time; allocates only
 * in pl_live_new.
 */
#ifndef PLANTAR_LIVE_H
#define PLANTAR_LIVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <plantar/calibration.h>
#include <plantar/error.h>
#include <plantar/frame.h>

#ifdef __cplusplus
extern "C" {
#endif

enum pl_region_convention {
	PL_REGION_NOVEL,
	PL_REGION_THIRDS,
	PL_REGION_30_30_40,
	PL_REGION_THIRDS_BOX
};
const char *pl_region_name(enum pl_region_convention convention); /* "novel", "thirds", ... */
int pl_region_parse(const char *name);

/* Which way the toes point in mat coordinates: forward is +y (towards row 0). AUTO: from shape. */
enum pl_facing {
	PL_FACING_AUTO,
	PL_FACING_FORWARD,
	PL_FACING_BACKWARD,
	PL_FACING_LEFT,
	PL_FACING_RIGHT
};
const char *pl_facing_name(enum pl_facing facing); /* "auto", "forward", ... */
int pl_facing_parse(const char *name);

enum pl_side { PL_SIDE_UNKNOWN, PL_SIDE_LEFT, PL_SIDE_RIGHT };
const char *pl_side_name(enum pl_side side); /* "unknown", "left", "right" */
int pl_side_parse(const char *name);

struct pl_live_options {
	double rate_hz;	  /* nominal; <= 0: filtered values are NaN */
	double filter_hz; /* causal Butterworth order 2; default 10; <= 0: none */
	double force_min; /* N (or counts): below, CoP is undefined; default 20 N a foot */
	enum pl_region_convention region;
	enum pl_facing facing; /* AUTO or what the operator confirmed */
	enum pl_side side;     /* an insole or single-foot mat of known side; else UNKNOWN */
	enum pl_layout layout; /* SENSORS, PICTURE: the greatest cells only, all else is NaN */
};
void pl_live_options_init(struct pl_live_options *o); /* the defaults, rate 0 */

/* The unit suffix of a column. FORCE and PRESSURE become _counts without calibration. */
enum pl_quantity { PL_Q_FORCE, PL_Q_PRESSURE, PL_Q_MM, PL_Q_PCT, PL_Q_CM2, PL_Q_PLAIN };

struct pl_metric_def {
	const char *base; /* "left_heel_am_force", "cop_x" */
	enum pl_quantity quantity;
	const char *long_name; /* one line for @long_name and docs */
};

/* The table; its order is the order of pl_frame.metrics. pl_metric_count() entries. */
size_t pl_metric_count(void);
const struct pl_metric_def *pl_metric_def(size_t i);
/* Recordings of before lack it: the borders of heel and forefoot. */
bool pl_metric_is_later(size_t i);
/* "left_heel_am_force_n" or "..._counts". Returns buf. buf of 64 bytes is always enough. */
const char *pl_metric_key(size_t i, bool calibrated, char *buf, size_t cap);
const char *pl_metric_unit(size_t i,
			   bool calibrated); /* "N", "counts", "kPa", "mm", "%", "cm2", "" */
int pl_metric_find(const char *key);	     /* by key, calibrated or not; -1: no such column */

struct pl_live;

/* Copies what it needs of geometry, calibration and options. */
struct pl_live *pl_live_new(const struct pl_geometry *g, const struct pl_calibration *cal,
			    const struct pl_live_options *o, struct pl_error *err);
void pl_live_free(struct pl_live *live);

/* Forget footprints, identities and filters: a new epoch, a new recording, a new tare. */
void pl_live_reset(struct pl_live *live);

/* A new calibration (a tare) of the same geometry; implies reset. */
int pl_live_calibrate(struct pl_live *live, const struct pl_calibration *cal, struct pl_error *err);

/*
 * One frame. A jump in seq is a gap and breaks filter runs. metrics: pl_metric_count() floats,
 * NaN where nothing can be said. Returns flag bits to add to the frame (SATURATED, DEAD, EDGE).
 */
uint32_t pl_live_frame(struct pl_live *live, const void *cells, enum pl_dtype dtype, uint64_t seq,
		       float *metrics);

#ifdef __cplusplus
}
#endif
#endif
