/* SPDX-License-Identifier: Apache-2.0 */
/*
 * plantar import: other makers' recordings into the archive. A session is made of them by the very
 * path that the daemon's recordings take: frames and live metrics to a journal, the journal to a
 * verified .h5. So everything that works on a session works on them, and the figures are the same
 * as of the file itself.
 *
 * What only the mats of plantard have must not be made up. Cells are stored as kPa (or counts) just
 * as they came, as 16-bit whole numbers where they are that, else as 32-bit floats, with a
 * calibration that changes nothing. Where a file came from and its SHA-256 stand in an event.
 */
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <jansson.h>

#include "drivers/mat/paths.h"
#include "drivers/mat/subject.h"
#include "lib/archive/manifest.h"
#include "tools/command.h"
#include "tools/figures.h"
#include "tools/finish.h"
#include "tools/hints.h"
#include "tools/import_session.h"
#include "tools/import_trial.h"
#include "tools/interrupt.h"
#include "tools/progress.h"

#define ABOUT_BYTES ((size_t)16 << 10)
#define TRIALS_MAX 999

enum {
	OPT_SUBJECT = PL_OPT_LONG,
	OPT_PROTOCOL,
	OPT_CONDITION,
	OPT_MASS,
	OPT_STARTED,
	OPT_SIDE,
	OPT_FACING,
	OPT_OUT,
	OPT_SESSION,
};

struct import {
	const struct pl_subcommand *self;
	const char *subject, *protocol, *condition, *as, *out, *session;
	double mass_kg;
	int64_t started_utc_ns; /* 0: the file's */
	int side, facing;	/* -1: not given */
	struct pl_hints hints;
	bool json;
	struct pl_known_session known;	 /* with --session */
	char uuid[37], folder[PATH_MAX]; /* of the session; "" before its first trial */
	unsigned trials;
	json_t *list;
};

/* ---- who, when, what ------------------------------------------------------------------------- */

static void copy_text(char *to, size_t cap, const char *from)
{
	snprintf(to, cap, "%s", from ? from : "");
}

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

static int hash_file(struct pl_import_trial *t, struct pl_error *err)
{
	char folder[PATH_MAX];
	size_t n = (size_t)(base_name(t->path) - t->path);

	if (n >= sizeof(folder))
		return pl_error_set(err, PL_EUSAGE, 0, "the path is too long: %s", t->path);
	memcpy(folder, t->path, n);
	folder[n] = '\0';
	return pl_manifest_hash(n ? folder : ".", base_name(t->path), t->hash, err);
}

static int describe(struct pl_import_trial *t, struct pl_error *err)
{
	struct pl_json json;

	t->about = malloc(ABOUT_BYTES);
	if (!t->about)
		return pl_error_set(err, PL_ENOMEM, 0, "out of memory");
	pl_json_init(&json, t->about, ABOUT_BYTES);
	pl_json_begin_object(&json, NULL);
	if (t->opened.table)
		pl_table_json(t->opened.table, &json);
	else
		pl_recording_json(t->opened.recording, &json);
	pl_json_string(&json, "sha256", t->hash);
	pl_json_end_object(&json);
	if (pl_json_finish(&json))
		return 0;
	return pl_error_set(err, PL_ENOMEM, 0, "%s: its description does not fit", t->path);
}

static int64_t modified_ns(const char *path)
{
	struct stat st;

	if (stat(path, &st) != 0)
		return (int64_t)time(NULL) * 1000000000;
	return (int64_t)st.st_mtim.tv_sec * 1000000000 + st.st_mtim.tv_nsec;
}

static enum pl_format format_of(const struct pl_import_trial *t)
{
	return t->opened.table ? PL_FORMAT_TABLE : pl_recording_info(t->opened.recording)->format;
}

static const char *problem_of(const struct pl_import_trial *t)
{
	return t->opened.table ? t->opened.table->problem
			       : pl_recording_info(t->opened.recording)->problem;
}

static int fill_session(const struct import *im, struct pl_import_trial *t, struct pl_error *err)
{
	struct pl_session_meta *m = &t->meta;

	memcpy(m->session_uuid, im->uuid, sizeof(m->session_uuid));
	if (im->folder[0] && pl_known_session_next(im->folder, &m->trial, err))
		return -1;
	copy_text(m->subject, sizeof(m->subject), im->subject);
	copy_text(m->protocol, sizeof(m->protocol), im->protocol);
	copy_text(m->condition, sizeof(m->condition), im->condition);
	m->body_mass_kg = im->mass_kg;
	m->started_utc_ns = im->started_utc_ns ? im->started_utc_ns : modified_ns(t->path);
	copy_text(m->mat, sizeof(m->mat), "imported");
	snprintf(m->source, sizeof(m->source), "import:%.240s", base_name(t->path));
	snprintf(m->software, sizeof(m->software), "plantar %s", PLANTAR_VERSION);
	gethostname(m->host, sizeof(m->host) - 1);
	m->mat_config_text = t->opened.mat ? NULL : strdup(t->about);
	return 0;
}

/* What only a table has, which has no cells. */
static int fill_table(const struct import *im, struct pl_import_trial *t, struct pl_error *err)
{
	struct pl_session_meta *m = &t->meta;

	if (im->side >= 0 || im->facing >= 0)
		return pl_error_set(err, PL_EUSAGE, 0,
				    "%s is a table: it has no side or facing; left.force and "
				    "right.force of --columns say which foot is which",
				    t->path);
	m->live.layout = PL_LAYOUT_TABLE;
	m->rate_hz = t->opened.table->table.rate_hz;
	snprintf(m->mat_file, sizeof(m->mat_file), PL_IMPORTED "%s",
		 pl_format_name(PL_FORMAT_TABLE));
	return 0;
}

static int fill_areas(struct pl_session_meta *m, const double *area_m2, struct pl_error *err)
{
	if (!area_m2)
		return 0;
	m->sensor_area_m2 = malloc(m->geometry.rows * sizeof(*area_m2));
	if (!m->sensor_area_m2)
		return pl_error_set(err, PL_ENOMEM, 0, "out of memory");
	memcpy(m->sensor_area_m2, area_m2, m->geometry.rows * sizeof(*area_m2));
	return 0;
}

static int fill_cells(const struct import *im, struct pl_import_trial *t, struct pl_error *err)
{
	const struct pl_recording *r = t->opened.recording;
	const struct pl_recording_info *info = pl_recording_info(r);
	struct pl_session_meta *m = &t->meta;

	snprintf(m->mat_file, sizeof(m->mat_file), PL_IMPORTED "%s%s", pl_format_name(info->format),
		 info->cropped ? PL_IMPORTED_CROPPED : "");
	m->geometry = info->geometry;
	m->rate_hz = info->rate_hz;
	m->live = *pl_recording_live(r);
	if (im->side >= 0)
		m->live.side = (enum pl_side)im->side;
	if (im->facing >= 0)
		m->live.facing = (enum pl_facing)im->facing;
	return fill_areas(m, pl_recording_sensor_areas(r), err) ||
			       pl_calibration_copy(&m->calibration, pl_recording_calibration(r),
						   err)
		       ? -1
		       : 0;
}

static void fill_origin(struct pl_import_trial *t)
{
	const char *problem = problem_of(t);

	snprintf(t->origin, sizeof(t->origin), "%.200s (%s), sha256 %s%s%.160s", base_name(t->path),
		 pl_format_name(format_of(t)), t->hash, problem[0] ? "; " : "", problem);
}

/* ---- one file -------------------------------------------------------------------------------- */

/* The first trial makes the session's folder, the others go there, whenever they started. */
static int choose_place(struct import *im, struct pl_import_trial *t, struct pl_error *err)
{
	char roots[PL_SESSIONS_MAX][512];
	char *slash;

	if (!im->folder[0]) {
		pl_sessions_dirs(roots);
		if (pl_session_folder(im->out ? im->out : roots[0], &t->meta, t->stem,
				      sizeof(t->stem), err))
			return -1;
		copy_text(im->folder, sizeof(im->folder), t->stem);
		slash = strrchr(im->folder, '/');
		if (slash)
			*slash = '\0';
	} else if (snprintf(t->stem, sizeof(t->stem), "%s/trial-%03u", im->folder, t->meta.trial) >=
		   (int)sizeof(t->stem)) {
		return pl_error_set(err, PL_EUSAGE, 0, "the folder's name is too long");
	}
	snprintf(t->journal_path, sizeof(t->journal_path), "%s.journal", t->stem);
	return 0;
}

static int check_source(const struct pl_import_trial *t, struct pl_error *err)
{
	const struct pl_table_file *table = t->opened.table;
	enum pl_format format = format_of(t);

	if (format == PL_FORMAT_PLANTAR_H5 || format == PL_FORMAT_JOURNAL || (table && table->meta))
		return pl_error_set(
			err, PL_EUSAGE, 0, "%s is a recording of plantard already; %s", t->path,
			format == PL_FORMAT_JOURNAL ? "plantar recover makes its .h5"
						    : "copy the folder of its session as it is");
	if (table ? table->table.rows : pl_recording_info(t->opened.recording)->frames)
		return 0;
	return pl_error_set(err, PL_EFORMAT, 0, "%s holds no frames", t->path);
}

static void forget(struct pl_import_trial *t)
{
	pl_opened_close(&t->opened);
	pl_session_meta_free(&t->meta);
	pl_live_free(t->live);
	free(t->metrics);
	free(t->cells);
	free(t->about);
}

static void report(struct import *im, const struct pl_import_trial *t,
		   const struct pl_convert_result *made)
{
	char frames[32], started[32] = "";
	time_t s = (time_t)(t->meta.started_utc_ns / 1000000000);
	struct tm tm;

	if (gmtime_r(&s, &tm))
		strftime(started, sizeof(started), "%Y-%m-%dT%H:%M:%SZ", &tm);
	if (im->json) {
		json_array_append_new(
			im->list,
			json_pack("{s:o, s:o, s:s, s:I, s:s, s:s, s:s}", "file",
				  pl_text_json(t->path), "path", pl_text_json(made->path), "format",
				  pl_format_name(format_of(t)), "frames", (json_int_t)made->frames,
				  "dtype", pl_dtype_name(t->opened.table ? PL_F64 : t->meta.dtype),
				  "started_utc", started, "sha256", t->hash));
		return;
	}
	printf("%s: %s %s of %s\n", made->path, pl_count_text(made->frames, frames),
	       t->opened.table ? "samples" : "frames", t->path);
	if (!im->started_utc_ns)
		printf("  its start is given as %s, when the file was last changed; --started "
		       "TIME says otherwise\n",
		       started);
}

static int prepare(struct import *im, struct pl_import_trial *t, struct pl_error *err)
{
	if (pl_open_hinted(&t->opened, t->path, im->as, &im->hints, err) || check_source(t, err) ||
	    hash_file(t, err) || (!t->opened.table && pl_import_choose_dtype(t, err)) ||
	    describe(t, err) || fill_session(im, t, err) ||
	    (t->opened.table ? fill_table(im, t, err) : fill_cells(im, t, err)) ||
	    choose_place(im, t, err))
		return -1;
	fill_origin(t);
	if (*problem_of(t))
		pl_say(im->self, "%s: %s", t->path, problem_of(t));
	return 0;
}

/* Frames by way of a journal; a table is small and whole already. */
static int finish(const struct import *im, struct pl_import_trial *t, struct pl_finished *finished,
		  struct pl_error *err)
{
	const struct pl_table_store store = {
		.table = t->opened.table, .meta = &t->meta, .stem = t->stem, .origin = t->origin};
	struct pl_finish how = {.self = im->self, .what = "finishing"};

	if (t->opened.table)
		how.table = &store;
	else if (pl_import_journal(t, err))
		return -1;
	else
		how.journal = t->journal_path;
	pl_finish_trial(&how, finished);
	return 0;
}

/* A session of which nothing came is none; a folder in which anything is stays. */
static void leave_no_folder(struct import *im)
{
	if (!im->session && im->folder[0] && rmdir(im->folder) == 0)
		im->folder[0] = '\0';
}

static int import_one(struct import *im, const char *path)
{
	struct pl_import_trial t = {.path = path};
	struct pl_error err = {.code = PL_OK};
	struct pl_finished finished;
	int code = PL_EXIT_OK;

	pl_session_meta_init(&t.meta);
	if (prepare(im, &t, &err) || finish(im, &t, &finished, &err)) {
		code = pl_report(im->self, &err);
	} else if (finished.ok) {
		im->trials++;
		report(im, &t, &finished.result);
	} else {
		code = pl_report(im->self, &finished.err);
	}
	if (code != PL_EXIT_OK)
		leave_no_folder(im);
	forget(&t);
	return code;
}

/* ---- the command ----------------------------------------------------------------------------- */

/* 2025-04-23, 2025-04-23T10:49 or 2025-04-23T10:49:30, in UTC; a Z may follow. */
static void take_started(struct pl_args *args, struct import *im)
{
	static const char *const forms[] = {"%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M", "%Y-%m-%d"};

	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		struct tm tm = {0};
		const char *end = strptime(args->value, forms[i], &tm);
		time_t s;

		if (!end || (*end && strcmp(end, "Z") != 0))
			continue;
		s = timegm(&tm);
		if (s <= 0)
			break;
		im->started_utc_ns = (int64_t)s * 1000000000;
		return;
	}
	pl_args_fail(args, "--started: '%s' is no time like 2025-04-23T10:49 (UTC, from 1970 on)",
		     args->value);
}

static void take_text(struct pl_args *args, const char **to)
{
	if (strlen(args->value) > 64)
		pl_args_fail(args, "--%s holds at most 64 bytes", args->option->name);
	*to = args->value;
}

static void take_option(struct pl_args *args, struct import *im, int key)
{
	struct pl_error err = {.code = PL_OK};

	switch (key) {
	case 'j':
		im->json = true;
		break;
	case OPT_SUBJECT:
		take_text(args, &im->subject);
		if (!args->done && pl_subject_allowed(args->value, &err))
			pl_args_fail(args, "--%s", err.message);
		break;
	case OPT_PROTOCOL:
		take_text(args, &im->protocol);
		break;
	case OPT_CONDITION:
		take_text(args, &im->condition);
		break;
	case OPT_MASS:
		pl_args_number(args, 1, 500, &im->mass_kg);
		break;
	case OPT_STARTED:
		take_started(args, im);
		break;
	case OPT_SIDE:
		pl_args_parse(args, pl_side_parse, "left, right", &im->side);
		break;
	case OPT_FACING:
		pl_args_parse(args, pl_facing_parse, "auto, forward, backward, left, right",
			      &im->facing);
		break;
	case OPT_OUT:
		im->out = args->value;
		break;
	case OPT_SESSION:
		im->session = args->value;
		break;
	case PL_OPT_AS:
		im->as = args->value;
		break;
	default:
		pl_hints_option(args, key, &im->hints);
	}
}

/* Of a session that is there the person and the protocol are known; what was said must agree. */
static int join_session(struct import *im, struct pl_error *err)
{
	struct pl_known_session *s = &im->known;
	char roots[PL_SESSIONS_MAX][512];
	unsigned n = pl_sessions_dirs(roots);
	struct pl_error second = {.code = PL_OK};

	if (pl_known_session_find(s, im->session, im->out ? im->out : roots[0], err)) {
		/* the daemon's second folder (archive.fallback) may have it */
		if (im->out || n < 2 || err->code != PL_ENOENT ||
		    pl_known_session_find(s, im->session, roots[1], &second))
			return -1;
		*err = (struct pl_error){.code = PL_OK};
	}
	if ((im->subject && strcmp(im->subject, s->subject) != 0) ||
	    (im->protocol && strcmp(im->protocol, s->protocol) != 0))
		return pl_error_set(err, PL_EUSAGE, 0,
				    "the session in %s is of subject '%s' and protocol '%s'; a "
				    "trial of another needs a session of its own",
				    s->folder, s->subject, s->protocol);
	im->subject = s->subject;
	im->protocol = s->protocol;
	if (isnan(im->mass_kg))
		im->mass_kg = s->body_mass_kg;
	copy_text(im->folder, sizeof(im->folder), s->folder);
	memcpy(im->uuid, s->uuid, sizeof(im->uuid));
	return 0;
}

static int run(const struct pl_subcommand *self, int argc, char **argv)
{
	struct import im = {.self = self, .mass_kg = NAN, .side = -1, .facing = -1};
	struct pl_args args;
	struct pl_error err = {.code = PL_OK};
	int key, code = PL_EXIT_OK;

	pl_args_begin(&args, self, argc, argv);
	while ((key = pl_args_next(&args)) > 0)
		take_option(&args, &im, key);
	pl_args_operands(&args, 1, TRIALS_MAX, "FILE");
	if (args.done)
		return args.exit_code;
	if (im.side >= 0)
		im.hints.side = (enum pl_side)im.side;
	pl_session_uuid(im.uuid);
	if (im.session && join_session(&im, &err))
		return pl_report(self, &err);
	pl_interrupt_catch();
	if (im.json)
		im.list = json_array();
	for (int i = args.first; i < argc && !pl_interrupted(); i++) {
		int one = import_one(&im, argv[i]);

		if (code == PL_EXIT_OK)
			code = one;
	}
	if (im.json && im.trials) {
		json_t *document = json_pack("{s:s, s:o, s:o}", "session_uuid", im.uuid, "folder",
					     pl_text_json(im.folder), "trials", im.list);

		json_dumpf(document, stdout, JSON_COMPACT);
		putchar('\n');
		json_decref(document);
	}
	return code;
}

static const struct pl_option options[] = {
	{OPT_SUBJECT, "subject", "CODE", "who stood on the mat: a code, never a name"},
	{OPT_PROTOCOL, "protocol", "NAME", "what the person was asked to do"},
	{OPT_CONDITION, "condition", "TEXT", "barefoot, \"heel lift 6 mm\", ..."},
	{OPT_MASS, "mass", "KG", "body mass, stored with the recording"},
	{OPT_STARTED, "started", "TIME",
	 "when it was recorded, UTC: 2025-04-23T10:49; default:\n"
	 "when the file was last changed"},
	{OPT_OUT, "out", "FOLDER", "root of the archive; default: where plantard records"},
	{OPT_SESSION, "session", "SESSION",
	 "add to this session (its folder or its uuid) instead of\n"
	 "making a new one"},
	{OPT_SIDE, "side", "SIDE",
	 "left or right: of a recording of one foot; of a pair of\n"
	 "insoles this one alone"},
	{OPT_FACING, "facing", "WAY",
	 "where the toes point: auto, forward, backward, left,\n"
	 "right"},
	PL_OPTION_AS,
	PL_OPTIONS_HINTS,
	{'j', "json", NULL, "print one JSON document"},
	{0},
};

const struct pl_subcommand pl_cmd_import = {
	.name = "import",
	.summary = "make a session of other makers' recordings",
	.synopsis = "FILE... [--subject CODE] [--condition TEXT] [--out FOLDER] ...\n"
		    "FILE... --session SESSION [--condition TEXT] ...\n"
		    "FILE --columns LIST [--unit UNIT] [--rate HZ] ...\n"
		    "FILE --dataset NAME --axes LIST --pitch MM --rate HZ [--unit UNIT] ...",
	.about =
		"Each FILE becomes a trial of one session, stored, verified and summed up as\n"
		"plantard does it. FILE is an emed .lst, pedar .asc, Tekscan .asf, XSENSOR .csv,\n"
		"zebris .apd, a table of force or centre of pressure, a 3-D array in an HDF5 file\n"
		"or a byte capture (.plcap). What a file does not know the session does not know\n"
		"either: docs/import.md says of each what stays empty.",
	.options = options,
	.run = run,
};
