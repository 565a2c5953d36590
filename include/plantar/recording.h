/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any recording as a run of frames: our own .h5, an unfinished journal, and other vendors' files.
 * The format is told apart by content, never by name. Every format yields the same: geometry,
 * calibration, frames in order with times, and what is known to be missing.
 *
 * Not thread-safe (HDF5). Foreign files are read with strict limits; a refusal names line and
 * column and what was expected there.
 */
#ifndef PLANTAR_RECORDING_H
#define PLANTAR_RECORDING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <plantar/calibration.h>
#include <plantar/error.h>
#include <plantar/frame.h>
#include <plantar/json.h>
#include <plantar/live.h>
#include <plantar/session.h>

#ifdef __cplusplus
extern "C" {
#endif

enum pl_format {
	PL_FORMAT_UNKNOWN,
	PL_FORMAT_PLANTAR_H5,  /* "plantar-h5" */
	PL_FORMAT_JOURNAL,     /* "plantar-journal" */
	PL_FORMAT_EMED_LST,    /* "emed-lst" */
	PL_FORMAT_TEKSCAN_ASF, /* "tekscan-asf" */
	PL_FORMAT_PLCAP,       /* "plcap": told apart here, read by the tools through drivers */
	PL_FORMAT_PEDAR_ASC,   /* "pedar-asc" */
	PL_FORMAT_XSENSOR_CSV, /* "xsensor-csv" */
	PL_FORMAT_ZEBRIS_APD,  /* "zebris-apd" */
	PL_FORMAT_HDF5_ARRAY,  /* "hdf5-array": any 3-D array, see hints.h */
	PL_FORMAT_TABLE,       /* "table": no frames, see pl_table_open in hints.h */
};
const char *pl_format_name(enum pl_format format);
/* By the first bytes of a file. */
enum pl_format pl_format_probe(const void *start, size_t n);
enum pl_format pl_format_probe_file(const char *path, struct pl_error *err);

struct pl_recording_info {
	enum pl_format format;
	enum pl_layout layout; /* never TABLE: that is one of hints.h */
	char path[4096];
	struct pl_geometry geometry;
	enum pl_dtype dtype; /* of the cells that next delivers; imports: PL_F64 in kPa */
	double rate_hz;	     /* nominal, or the file's interval */
	uint64_t frames;
	double duration_s; /* frames / rate for imports; last - first time + one interval else */
	uint64_t gaps, lost_frames;
	uint64_t partial_frames; /* with cells that are 0 because their source was not there */
	bool calibrated;
	bool cropped;	    /* a person said that it is a box cut out of a larger mat */
	char side_hint[16]; /* what the file itself says: "left", "right", "" */
	char problem[256];  /* what is known to be wrong with the whole (cut off, damaged behind
			       the last frame), for a person; "" if nothing is */
};

/* pl_session_meta.mat_file of a session that was imported: this and the format's name. */
#define PL_IMPORTED "imported:"
/* What stands behind that if the frames are a box cut out of a larger mat (pl_hints.cropped). */
#define PL_IMPORTED_CROPPED ":cropped"
/* The format that the frames came in first: that of the file, or what it was imported from. */
struct pl_recording;
enum pl_format pl_recording_origin(const struct pl_recording *r);
/* Is its border none of the mat's edges, as a person said when it was read or imported? */
bool pl_recording_cropped(const struct pl_recording *r);

/* Opens and reads the heads. Imports are parsed whole (limits: 1 GiB, 512 x 512, 1e6 frames). */
struct pl_recording *pl_recording_open(const char *path, struct pl_error *err);
/* Foreign formats from memory, for fuzzing. */
struct pl_recording *pl_recording_open_memory(enum pl_format format, const void *data, size_t n,
					      struct pl_error *err);
void pl_recording_close(struct pl_recording *r); /* NULL allowed */

const struct pl_recording_info *pl_recording_info(const struct pl_recording *r);
/* Calibration that turns the delivered cells into kPa (imports: identity with cell_state for
 * cells that do not exist); live options as recorded (defaults for imports). */
const struct pl_calibration *pl_recording_calibration(const struct pl_recording *r);
const struct pl_live_options *pl_recording_live(const struct pl_recording *r);
/* [rows] in m2, of a PL_LAYOUT_SENSORS whose sensors a person described; NULL: not known. */
const double *pl_recording_sensor_areas(const struct pl_recording *r);
/* NULL for foreign formats. */
const struct pl_session_meta *pl_recording_meta(const struct pl_recording *r);

/* 1: the next frame, cells (and metrics, if the file has them, else NULL) valid until the next
 * call; t_est_ns ascending. 0: the end. -1: error. lost before a frame: flags & PL_FLAG_LOST. */
int pl_recording_next(struct pl_recording *r, struct pl_frame *frame, struct pl_error *err);
int pl_recording_rewind(struct pl_recording *r, struct pl_error *err);
/* The time that integrals use for this frame (ns): device time if there is one, else the file's
 * interval, else t_est_ns. */
int64_t pl_recording_time_ns(const struct pl_recording *r, const struct pl_frame *frame);

/* Text of the stored /summary of a .h5, or NULL. Owned by r. */
const char *pl_recording_summary(struct pl_recording *r);

/* Appends member "recording" (contract: format, path, rows, cols, pitch_row_mm, pitch_col_mm,
 * rate_hz, frames, duration_s, gaps, lost_frames, and what else is known) to the open object. */
void pl_recording_json(const struct pl_recording *r, struct pl_json *json);

struct pl_analysis_options;
/* Region, side and facing as they were when it was recorded, the rest as by
 * pl_analysis_options_init. */
void pl_recording_options(const struct pl_recording *r, struct pl_analysis_options *o);
/*
 * The whole of `plantar analyze --json` for one recording: two passes, sections recording,
 * method, total, feet, standing, steps, gait. Used by the tool and for /summary. A footprint takes
 * up to 6 KiB of json, a step 1.5; 48 MiB hold all that are kept. progress as in
 * pl_convert_options.
 */
int pl_recording_analyze(struct pl_recording *r, const struct pl_analysis_options *o,
			 struct pl_json *json,
			 bool (*progress)(void *user, uint64_t done, uint64_t total), void *user,
			 struct pl_error *err);

struct pl_sway;
/*
 * What the mat of r does by itself: sway of a recording of something that lies on it without
 * moving, to be compared with trials of the mat of `like` (own_sway of pl_analysis_options). o:
 * for the filter. -1: another geometry or rate (PL_EUSAGE), nothing lies still there for five
 * seconds (PL_EUSAGE), or the recording cannot be read. progress as in pl_convert_options.
 */
int pl_recording_own_sway(struct pl_recording *r, const struct pl_recording *like,
			  const struct pl_analysis_options *o, struct pl_sway *own,
			  bool (*progress)(void *user, uint64_t done, uint64_t total), void *user,
			  struct pl_error *err);

/* A recording made of frames that the caller delivers (captures decoded by the tools). open,
 * next, rewind as above; close frees user. */
struct pl_recording_source {
	struct pl_recording_info info;
	struct pl_calibration calibration; /* copied */
	struct pl_live_options live;
	int (*next)(void *user, struct pl_frame *frame, struct pl_error *err);
	int (*rewind)(void *user, struct pl_error *err);
	void (*close)(void *user);
	void *user;
};
struct pl_recording *pl_recording_from(const struct pl_recording_source *source,
				       struct pl_error *err);

#ifdef __cplusplus
}
#endif
#endif
