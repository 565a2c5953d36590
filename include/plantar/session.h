/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is known about a recording before its first frame: who, with which mat, calibrated how.
 * Filled by whoever starts a recording; stored in the journal's header and in the final file.
 */
#ifndef PLANTAR_SESSION_H
#define PLANTAR_SESSION_H

#include <stdint.h>

#include <plantar/annotation.h>
#include <plantar/calibration.h>
#include <plantar/error.h>
#include <plantar/live.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Of an insole's sensor: 100 cm2. */
#define PL_SENSOR_AREA_MAX_M2 1e-2

#define PL_ARCHIVE_SCHEMA "plantar-session/1"

struct pl_session_meta {
	char session_uuid[37];			       /* lower-case, NUL-terminated */
	unsigned trial;				       /* from 1 */
	char subject[65], protocol[65], condition[65]; /* "" if not given */
	double body_mass_kg;			       /* NaN if not given */
	int64_t started_utc_ns, started_mono_ns;
	char mat[64];	   /* the daemon's name for the mat: topic and file */
	char mat_file[64]; /* name of the mat's configuration */
	char source[256];  /* transport URI */
	struct pl_geometry geometry;
	enum pl_dtype dtype;
	double *sensor_area_m2; /* [rows] of sensors without places; owned, may be NULL */
	double rate_hz;		/* nominal, 0 unknown */
	struct pl_calibration calibration; /* owned by whoever owns the meta */
	struct pl_live_options live;
	char *mat_config_text;	/* the mat's configuration as it was; owned, may be NULL */
	char *calibration_text; /* of a calibration in a file of its own; owned, may be NULL */
	char software[64];	/* "plantard 0.1.0" */
	char host[65];
	/* What else was said, without subject and body mass, which are above. */
	struct pl_annotations annotations;
};

void pl_session_meta_init(struct pl_session_meta *meta);
void pl_session_meta_free(struct pl_session_meta *meta);
/* A random (version 4) uuid. */
void pl_session_uuid(char out[37]);

/*
 * <root>/YYYY/MM/<uuid>/ by started_utc_ns (UTC), created with its parents (mode 0750), and the
 * name stem of the trial in it: "<folder>/trial-001". Files: <stem>.journal while recording,
 * <stem>.h5.part while converting, <stem>.h5 when finished. PL_EACCES for a read-only root.
 */
int pl_session_folder(const char *root, const struct pl_session_meta *meta, char *stem, size_t cap,
		      struct pl_error *err);

/*
 * Rewrites session.json, session.h5 (external links to the trials) and MANIFEST.sha256 of a
 * session folder from the finished trials in it, each by write-temporary, fsync, rename.
 */
int pl_session_seal(const char *folder, struct pl_error *err);

/*
 * Writes a file of a session's folder whole: temporary, fsync, rename. The logs of protocols
 * (protocol-*.json, docs/protocols.md) are written so; sealing takes them into session.json.
 */
int pl_session_file(const char *path, const void *data, size_t n, struct pl_error *err);

/* Seals again because a log has changed: trials that have gone stay in the manifest, so that their
 * loss shows. Scores of pain that the logs have are amended into their trials (amend.h). */
int pl_session_reseal(const char *folder, struct pl_error *err);

#ifdef __cplusplus
}
#endif
#endif
