/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The names inside a session file, in one place for whoever writes it and whoever reads it. The
 * prose is docs/archive.md. All strings are UTF-8: attributes variable-length scalars (as h5py
 * writes them), datasets and compound members fixed-size and NUL-terminated.
 *
 *	/  attributes	schema, session_uuid, subject, protocol, condition, started_utc, software,
 *			host (strings); trial (u32), started_utc_ns, started_mono_ns (i64),
 *			complete (u8), end_reason (string)
 *	/frames/raw	[N, rows, cols] of the cell type
 *	/frames/...	[N] seq u64, epoch u32, flags u32, device_seq i64, t_mono_ns i64,
 *			t_est_ns i64, t_device i64 (ns, INT64_MIN: none), t_s f64; lost u64 [N, 4]
 *			x_mm f64 [cols], y_mm f64 [rows]
 *	/metrics/<key>	[N] f32, keys of pl_metric_key with the calibrated flag (and a link t_s)
 *	/samples	of layout "table", which has no /frames: attributes rate_hz (f64),
 *			rate_from (string); [N] f64 t_s, and of time, force, ap, ml, left_force,
 *			..., right_ml those that the table has, with column (string), factor
 *			(f64)
 *	/mat attributes	name, file, source, unit, dtype (strings), rows, cols (u32), pitch_row_m,
 *			pitch_col_m, rate_hz (f64), layout (string; absent: "mat")
 *	/mat/sensor_area_m2	f64 [rows], of layout "sensors"; absent if not known
 *	/mat/config_text	string; absent if there is none
 *	/mat/calibration attributes	id, unit, dead_policy ("exclude", "interpolate"),
 *			scale, noise_floor, contact, saturation_counts (f64); where known
 *(h5_origin.c) calibrated, expires, by, method (strings), reference_n, residual_rms_pct,
 *			residual_max_pct, repeat_pct, body_mass_kg, body_error_pct (f64), loads,
 *			expired (u32)
 *	/mat/calibration/text	string: the calibration's own file; absent if there is none
 *	/mat/calibration/...	curve_counts, curve_value f64 [points]; cell_offset, cell_gain, tare
 *			f64 [rows, cols]; cell_state u8 [rows, cols]; each absent where the
 *			calibration has none
 *	/mat/live attributes	rate_hz, filter_hz, force_min (f64), region, facing, side (strings)
 *	/events		compound time i64 (ns, host's monotonic clock), kind char[32],
 *			text char[480]
 *	/gaps		compound epoch u32, first_seq u64, count u64, cause char[16], t0, t1
 *			i64 (ns, host's monotonic clock)
 *	/clock		compound mono_ns, utc_ns i64
 *	/subject, /trial	attributes: code, body_mass_kg (NaN: not given); number, protocol,
 *			condition
 *			and annotations (h5_annotations.c), each number with <key>_units
 *	/steps		compound onset_s f64, side char[8], foot i32, accepted u8, rejected, flags
 *			u32, strike char[12], loading_without_peak, progression_of_mat u8, and an
 *			f64 for each pl_step_figure_key
 *	/summary	string: the JSON of pl_recording_analyze
 *	/steps, /summary attributes	amended, amended_utc (strings), once something they rest
 *			on was changed after the recording (amend_notice.c)
 *	/amendments	string: JSON, a line an amendment (amendments.c); absent if none was made
 *	/entry		NXentry with links for viewers
 */
#ifndef ARCHIVE_LAYOUT_H
#define ARCHIVE_LAYOUT_H

#define PL_H5_FRAMES "/frames"
#define PL_H5_RAW "/frames/raw"
#define PL_H5_METRICS "/metrics"
#define PL_H5_MAT "/mat"
#define PL_H5_CONFIG_TEXT "/mat/config_text"
#define PL_H5_SENSOR_AREA "/mat/sensor_area_m2"
#define PL_H5_CALIBRATION "/mat/calibration"
#define PL_H5_CALIBRATION_TEXT "/mat/calibration/text"
#define PL_H5_LIVE "/mat/live"
#define PL_H5_SAMPLES "/samples"
#define PL_H5_EVENTS "/events"
#define PL_H5_GAPS "/gaps"
#define PL_H5_CLOCK "/clock"
#define PL_H5_SUBJECT "/subject"
#define PL_H5_TRIAL "/trial"
#define PL_H5_AMENDMENTS "/amendments"
#define PL_H5_STEPS "/steps"
#define PL_H5_SUMMARY "/summary"
#define PL_H5_ENTRY "/entry"

#endif
