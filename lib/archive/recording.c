/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One face for every recording. What a file is, its first bytes say; its name says nothing, since
 * people rename files and mail programs do too. Each format brings callbacks (backend.h), the same
 * that tools hand in for recordings which they decode themselves; what all formats share is here:
 * finding the format, reading text files whole, the time that integrals use, the JSON head.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "backend.h"
#include "h5_array.h"
#include "import_file.h"
#include "import_table.h"
#include "journal_file.h"

#define PROBE_BYTES 4096
#define READABLE                                                                                   \
	"what can be read: plantard sessions (.h5) and journals, novel emed .lst and pedar .asc, " \
	"Tekscan .asf, XSENSOR .csv, zebris .apd, captures .plcap, 3-D arrays in HDF5 files and "  \
	"tables of force or CoP"

struct pl_recording {
	struct pl_backend backend;
	struct pl_calibration calibration; /* owned */
	struct {
		bool started;
		uint32_t epoch;
		uint64_t seq;
		int64_t base_ns, base_device_ns, now_ns;
	} time;
};

/* ---- which format ---------------------------------------------------------------------------- */

static const char *const format_names[] = {
	[PL_FORMAT_UNKNOWN] = "unknown",
	[PL_FORMAT_PLANTAR_H5] = "plantar-h5",
	[PL_FORMAT_JOURNAL] = "plantar-journal",
	[PL_FORMAT_EMED_LST] = "emed-lst",
	[PL_FORMAT_TEKSCAN_ASF] = "tekscan-asf",
	[PL_FORMAT_PLCAP] = "plcap",
	[PL_FORMAT_PEDAR_ASC] = "pedar-asc",
	[PL_FORMAT_XSENSOR_CSV] = "xsensor-csv",
	[PL_FORMAT_ZEBRIS_APD] = "zebris-apd",
	[PL_FORMAT_HDF5_ARRAY] = "hdf5-array",
	[PL_FORMAT_TABLE] = "table",
};
const char *pl_format_name(enum pl_format format)
{
	if ((unsigned)format >= sizeof(format_names) / sizeof(format_names[0]))
		format = PL_FORMAT_UNKNOWN;
	return format_names[format];
}

static bool begins(const void *start, size_t n, const char *with, size_t length)
{
	return n >= length && memcmp(start, with, length) == 0;
}

static bool contains(const void *start, size_t n, const char *what)
{
	return memmem(start, n, what, strlen(what)) != NULL;
}

enum pl_format pl_format_probe(const void *start, size_t n)
{
	const char *p = start;

	if (n > PROBE_BYTES)
		n = PROBE_BYTES;
	if (begins(p, n, "\x89HDF\r\n\x1a\n", 8))
		return PL_FORMAT_PLANTAR_H5;
	if (begins(p, n, JOURNAL_MAGIC, sizeof(JOURNAL_MAGIC) - 1))
		return PL_FORMAT_JOURNAL;
	if (begins(p, n, "plcap 1\n", 8) || begins(p, n, "plcap 1\r", 8))
		return PL_FORMAT_PLCAP;
	if (begins(p, n, "DATA_TYPE", 9) ||
	    begins(p, n,
		   "\xEF\xBB\xBF"
		   "DATA_TYPE",
		   12) ||
	    contains(p, n, "ASCII_DATA @@"))
		return PL_FORMAT_TEKSCAN_ASF;
	if (contains(p, n, "Pict-No.:") ||
	    (contains(p, n, "Sensor area:") && contains(p, n, "Time/picture:")))
		return PL_FORMAT_EMED_LST;
	if (contains(p, n, "pressure values in") && contains(p, n, "time per frame [secs]:"))
		return PL_FORMAT_PEDAR_ASC;
	if (contains(p, n, "UnitPressure=") && contains(p, n, "SensCountX="))
		return PL_FORMAT_ZEBRIS_APD;
	if (contains(p, n, "\nFRAME,") && contains(p, n, "\nSENSOR,"))
		return PL_FORMAT_XSENSOR_CSV;
	return pl_table_probe(p, n) ? PL_FORMAT_TABLE : PL_FORMAT_UNKNOWN;
}

static enum pl_format probe_fd(int fd, const char *path, struct pl_error *err)
{
	char start[PROBE_BYTES];
	enum pl_format format;
	size_t n;

	if (pl_import_read_start(fd, start, sizeof(start), &n, path, err))
		return PL_FORMAT_UNKNOWN;
	format = pl_format_probe(start, n);
	if (format != PL_FORMAT_UNKNOWN)
		return format;
	if (n == 0)
		pl_error_set(err, PL_EFORMAT, 0, "%s is empty; %s", path, READABLE);
	else if (begins(start, n, "\xff\xfe", 2) || begins(start, n, "\xfe\xff", 2))
		pl_error_set(err, PL_EFORMAT, 0, "%s is UTF-16 text; save it as plain text. %s",
			     path, READABLE);
	else
		pl_error_set(err, PL_EFORMAT, 0, "%s is no recording known here; %s", path,
			     READABLE);
	return PL_FORMAT_UNKNOWN;
}

enum pl_format pl_format_probe_file(const char *path, struct pl_error *err)
{
	struct stat st = {0};
	int fd = pl_import_open_file(path, &st, err);
	enum pl_format format;

	if (fd < 0)
		return PL_FORMAT_UNKNOWN;
	format = probe_fd(fd, path, err);
	close(fd);
	return format;
}

/* ---- opening --------------------------------------------------------------------------------- */

static int import(enum pl_format format, const void *text, size_t n, const struct pl_hints *hints,
		  struct pl_backend *b, struct pl_error *err)
{
	switch (format) {
	case PL_FORMAT_EMED_LST:
		return pl_backend_lst(text, n, b, err);
	case PL_FORMAT_TEKSCAN_ASF:
		return pl_backend_asf(text, n, b, err);
	case PL_FORMAT_PEDAR_ASC:
		return pl_backend_pedar(text, n, hints, b, err);
	case PL_FORMAT_XSENSOR_CSV:
		return pl_backend_xsensor(text, n, hints, b, err);
	case PL_FORMAT_ZEBRIS_APD:
		return pl_backend_apd(text, n, b, err);
	default:
		return pl_error_set(err, PL_EUNSUPPORTED, 0, "%s is not read from memory",
				    pl_format_name(format));
	}
}

static int import_file(int fd, const struct stat *st, enum pl_format format, const char *path,
		       const struct pl_hints *hints, struct pl_backend *b, struct pl_error *err)
{
	size_t n;
	char *text = pl_import_read_whole(fd, st, path, &n, err);
	int result;

	if (!text)
		return -1;
	result = import(format, text, n, hints, b, err);
	if (result)
		pl_error_prefix(err, "%s: ", path);
	free(text);
	return result;
}

/* Somebody else's HDF5 file: is there something in it that hints could make readable? */
static int import_h5(const char *path, const struct pl_hints *hints, struct pl_backend *b,
		     struct pl_error *err)
{
	struct pl_error why = {.code = PL_OK};
	char list[440];

	if (hints && hints->dataset)
		return pl_backend_h5_array(path, hints, b, err);
	if (pl_backend_h5(path, b, &why) == 0)
		return 0;
	if (why.code == PL_EFORMAT) {
		pl_h5_array_list(path, list, sizeof(list));
		if (*list)
			return pl_error_set(err, PL_EFORMAT, 0,
					    "%s is HDF5, but no recording of plantard; read one of "
					    "its arrays with --dataset NAME --axes y,x,t --rate HZ "
					    "--pitch MM: %s",
					    path, list);
	}
	return pl_error_set(err, why.code, why.os_errno, "%s", why.message);
}

/* Hints for another kind of file are a misunderstanding, and one that should be said. */
static int check_hints(enum pl_format format, const char *path, const struct pl_hints *h,
		       struct pl_error *err)
{
	const char *option = NULL;
	bool array = format == PL_FORMAT_PLANTAR_H5 && h && h->dataset;

	if (!h || format == PL_FORMAT_UNKNOWN || format == PL_FORMAT_TABLE)
		return 0;
	if (h->geometry && format != PL_FORMAT_PEDAR_ASC)
		option = "--geometry";
	else if (h->columns || h->unit_length)
		option = h->columns ? "--columns" : "--unit-length";
	else if (h->dataset && !array)
		option = "--dataset";
	else if (!array &&
		 (h->axes || h->unit || h->rate_hz > 0 || h->pitch_row_mm > 0 || h->cropped))
		option = h->axes	  ? "--axes"
			 : h->unit	  ? "--unit"
			 : h->rate_hz > 0 ? "--rate"
			 : h->cropped	  ? "--cropped"
					  : "--pitch";
	if (!option)
		return 0;
	return pl_error_set(err, PL_EUSAGE, 0, "%s (%s) takes no %s: %s", path,
			    pl_format_name(format), option,
			    format == PL_FORMAT_PLANTAR_H5 && !h->columns && !h->unit_length
				    ? "that is for an array in it (--dataset)"
				    : "the file says itself what it holds");
}

/* A table is no run of frames; whoever wants frames of it is told what it is. */
static void say_what_table(const char *path, struct pl_error *err)
{
	const struct pl_hints nothing = {.columns = NULL};

	pl_table_close(pl_table_open(path, &nothing, err));
}

static int open_backend(const char *path, const struct pl_hints *hints, struct pl_backend *b,
			struct pl_error *err)
{
	struct stat st = {0};
	int fd = pl_import_open_file(path, &st, err), result = -1;
	enum pl_format format;

	if (fd < 0)
		return -1;
	format = probe_fd(fd, path, err);
	if (check_hints(format, path, hints, err))
		format = PL_FORMAT_UNKNOWN;
	switch (format) {
	case PL_FORMAT_UNKNOWN:
	case PL_FORMAT_HDF5_ARRAY:
		break;
	case PL_FORMAT_PLANTAR_H5:
		result = import_h5(path, hints, b, err);
		break;
	case PL_FORMAT_JOURNAL:
		result = pl_backend_journal(path, b, err);
		break;
	case PL_FORMAT_EMED_LST:
	case PL_FORMAT_TEKSCAN_ASF:
	case PL_FORMAT_PEDAR_ASC:
	case PL_FORMAT_XSENSOR_CSV:
	case PL_FORMAT_ZEBRIS_APD:
		result = import_file(fd, &st, format, path, hints, b, err);
		break;
	case PL_FORMAT_TABLE:
		say_what_table(path, err);
		break;
	case PL_FORMAT_PLCAP:
		pl_error_set(err, PL_EUNSUPPORTED, 0,
			     "%s is a capture of bytes: it has frames only through a mat's decoder",
			     path);
		break;
	}
	close(fd);
	return result;
}

/* Takes b over, also when it fails. */
static struct pl_recording *recording_new(const struct pl_backend *b, const char *path,
					  struct pl_error *err)
{
	const struct pl_recording_source *s = &b->source;
	struct pl_recording *r = calloc(1, sizeof(*r));

	if (!r)
		pl_error_set(err, PL_ENOMEM, 0, "out of memory");
	else if (pl_layout_check(s->live.layout, &s->calibration, &s->info.geometry, err) == 0 &&
		 pl_calibration_copy(&r->calibration, &s->calibration, err) == 0) {
		r->backend = *b;
		r->backend.source.info.layout = s->live.layout;
		if (path)
			snprintf(r->backend.source.info.path, sizeof(s->info.path), "%s", path);
		return r;
	} else if (path) {
		pl_error_prefix(err, "%s: ", path);
	}
	if (s->close)
		s->close(s->user);
	free(r);
	return NULL;
}

struct pl_recording *pl_recording_open_hinted(const char *path, const struct pl_hints *hints,
					      struct pl_error *err)
{
	struct pl_backend b = {0};

	if (strlen(path) >= sizeof(b.source.info.path)) {
		pl_error_set(err, PL_EUSAGE, 0, "the path is too long: %s", path);
		return NULL;
	}
	if (open_backend(path, hints, &b, err))
		return NULL;
	return recording_new(&b, path, err);
}

struct pl_recording *pl_recording_open(const char *path, struct pl_error *err)
{
	return pl_recording_open_hinted(path, NULL, err);
}

struct pl_recording *pl_recording_open_memory(enum pl_format format, const void *data, size_t n,
					      struct pl_error *err)
{
	struct pl_backend b = {0};

	if (import(format, data, n, NULL, &b, err))
		return NULL;
	return recording_new(&b, NULL, err);
}

struct pl_recording *pl_recording_from(const struct pl_recording_source *source,
				       struct pl_error *err)
{
	struct pl_backend b = {.source = *source};

	return recording_new(&b, NULL, err);
}

void pl_recording_close(struct pl_recording *r)
{
	if (!r)
		return;
	if (r->backend.source.close)
		r->backend.source.close(r->backend.source.user);
	pl_calibration_free(&r->calibration);
	free(r);
}

/* ---- what it is ------------------------------------------------------------------------------ */

const struct pl_recording_info *pl_recording_info(const struct pl_recording *r)
{
	return &r->backend.source.info;
}

const struct pl_calibration *pl_recording_calibration(const struct pl_recording *r)
{
	return &r->calibration;
}

const struct pl_live_options *pl_recording_live(const struct pl_recording *r)
{
	return &r->backend.source.live;
}

const struct pl_session_meta *pl_recording_meta(const struct pl_recording *r)
{
	return r->backend.meta;
}

/* "hdf5-array:cropped" of "imported:hdf5-array:cropped"; NULL: recorded from a mat. */
static const char *imported_from(const struct pl_session_meta *meta)
{
	size_t n = sizeof(PL_IMPORTED) - 1;

	return strncmp(meta->mat_file, PL_IMPORTED, n) == 0 ? meta->mat_file + n : NULL;
}

enum pl_format pl_recording_origin(const struct pl_recording *r)
{
	const struct pl_session_meta *meta = pl_recording_meta(r);
	const char *from = meta ? imported_from(meta) : NULL;
	size_t n = from ? strcspn(from, ":") : 0;

	for (unsigned i = 0; from && i < sizeof(format_names) / sizeof(format_names[0]); i++)
		if (strlen(format_names[i]) == n && strncmp(from, format_names[i], n) == 0)
			return (enum pl_format)i;
	return pl_recording_info(r)->format;
}

bool pl_recording_cropped(const struct pl_recording *r)
{
	const struct pl_session_meta *meta = pl_recording_meta(r);
	const char *from = meta ? imported_from(meta) : NULL;

	if (!from)
		return pl_recording_info(r)->cropped;
	return strcmp(from + strcspn(from, ":"), PL_IMPORTED_CROPPED) == 0;
}

const double *pl_recording_sensor_areas(const struct pl_recording *r)
{
	return r->backend.sensor_area_m2;
}

const char *pl_recording_summary(struct pl_recording *r)
{
	return r->backend.summary ? r->backend.summary(r->backend.source.user) : NULL;
}

/* 0.00508 m in mm, without the last digits that the multiplication makes up. */
static double mm(double m)
{
	return round(m * 1e9) / 1e6;
}

void pl_session_meta_json(const struct pl_session_meta *meta, struct pl_json *json)
{
	pl_json_string(json, "session_uuid", meta->session_uuid);
	pl_json_uint(json, "trial", meta->trial);
	pl_json_string(json, "subject", meta->subject);
	pl_json_string(json, "protocol", meta->protocol);
	pl_json_string(json, "condition", meta->condition);
	pl_json_double(json, "body_mass_kg", meta->body_mass_kg);
	pl_json_ns(json, "started_utc_ns", meta->started_utc_ns);
	pl_json_string(json, "mat", meta->mat);
	pl_json_string(json, "mat_file", meta->mat_file);
	pl_json_string(json, "software", meta->software);
	if (*meta->annotations.text) {
		pl_json_begin_object(json, "annotations");
		pl_annotations_json(json, &meta->annotations);
		pl_json_end_object(json);
	}
}

void pl_recording_json(const struct pl_recording *r, struct pl_json *json)
{
	const struct pl_recording_info *info = pl_recording_info(r);

	pl_json_begin_object(json, "recording");
	pl_json_string(json, "format", pl_format_name(info->format));
	pl_json_string(json, "path", info->path);
	if (info->layout != PL_LAYOUT_MAT)
		pl_json_string(json, "layout", pl_layout_name(info->layout));
	pl_json_uint(json, "rows", info->geometry.rows);
	pl_json_uint(json, "cols", info->geometry.cols);
	pl_json_double(json, "pitch_row_mm", mm(info->geometry.pitch_row_m));
	pl_json_double(json, "pitch_col_mm", mm(info->geometry.pitch_col_m));
	pl_json_double(json, "rate_hz", info->rate_hz > 0 ? info->rate_hz : NAN);
	pl_json_uint(json, "frames", info->frames);
	pl_json_double(json, "duration_s", info->duration_s);
	pl_json_uint(json, "gaps", info->gaps);
	pl_json_uint(json, "lost_frames", info->lost_frames);
	if (info->partial_frames)
		pl_json_uint(json, "partial_frames", info->partial_frames);
	pl_json_string(json, "unit", info->calibrated ? "kPa" : "counts");
	pl_json_string(json, "calibration", r->calibration.id);
	if (*r->calibration.origin.expires) {
		pl_json_string(json, "calibration_expires", r->calibration.origin.expires);
		pl_json_bool(json, "calibration_expired", r->calibration.origin.expired);
	}
	if (pl_recording_cropped(r))
		pl_json_bool(json, "cropped", true);
	pl_json_bool(json, "complete", !info->problem[0]);
	if (info->problem[0])
		pl_json_string(json, "problem", info->problem);
	if (info->side_hint[0])
		pl_json_string(json, "side_hint", info->side_hint);
	if (r->backend.meta)
		pl_session_meta_json(r->backend.meta, json);
	if (r->backend.describe)
		r->backend.describe(r->backend.source.user, json);
	pl_json_end_object(json);
}

/* ---- frames and their time ------------------------------------------------------------------- */

/*
 * A device's clock runs evenly but starts anywhere, and anew after each reconnection: its
 * differences are laid behind the estimated time of the epoch's first frame. Whatever a damaged
 * file says, time never runs backwards: integrals and filters rely on that.
 */
static void keep_time(struct pl_recording *r, const struct pl_frame *f)
{
	bool has_device = f->t_device_ns != INT64_MIN;
	bool fresh = !r->time.started || r->time.epoch != f->epoch ||
		     has_device != (r->time.base_device_ns != INT64_MIN);
	int64_t since, now = f->t_est_ns;

	if (!fresh && has_device) {
		if (__builtin_sub_overflow(f->t_device_ns, r->time.base_device_ns, &since) ||
		    __builtin_add_overflow(r->time.base_ns, since, &now) || now <= r->time.now_ns) {
			now = f->t_est_ns;
			fresh = true;
		}
	}
	if (r->time.started && now <= r->time.now_ns && r->time.now_ns < INT64_MAX)
		now = r->time.now_ns + 1;
	if (fresh) {
		r->time.base_ns = now;
		r->time.base_device_ns = f->t_device_ns;
		r->time.epoch = f->epoch;
	}
	r->time.started = true;
	r->time.now_ns = now;
	r->time.seq = f->seq;
}

int pl_recording_next(struct pl_recording *r, struct pl_frame *frame, struct pl_error *err)
{
	int got = r->backend.source.next(r->backend.source.user, frame, err);

	if (got > 0)
		keep_time(r, frame);
	return got;
}

int pl_recording_rewind(struct pl_recording *r, struct pl_error *err)
{
	r->time.started = false;
	return r->backend.source.rewind(r->backend.source.user, err);
}

int64_t pl_recording_time_ns(const struct pl_recording *r, const struct pl_frame *frame)
{
	int64_t since, t;

	if (!r->time.started || frame->epoch != r->time.epoch)
		return frame->t_est_ns;
	if (frame->seq == r->time.seq)
		return r->time.now_ns;
	if (frame->t_device_ns == INT64_MIN || r->time.base_device_ns == INT64_MIN ||
	    __builtin_sub_overflow(frame->t_device_ns, r->time.base_device_ns, &since) ||
	    __builtin_add_overflow(r->time.base_ns, since, &t))
		return frame->t_est_ns;
	return t;
}
