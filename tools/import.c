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
#include <errno.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <jansson.h>

#include <plantar/journal.h>
#include <plantar/live.h>

#include "drivers/mat/paths.h"
#include "drivers/mat/subject.h"
#include "lib/archive/manifest.h"
#include "tools/command.h"
#include "tools/figures.h"
#include "tools/finish.h"
#include "tools/hints.h"
#include "tools/interrupt.h"
#include "tools/open.h"
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
};

struct import {
	const struct pl_subcommand *self;
	const char *subject, *protocol, *condition, *as, *out;
	double mass_kg;
	int64_t started_utc_ns; /* 0: the file's */
	int side, facing;	/* -1: not given */
	struct pl_hints hints;
	bool json;
	char uuid[37], folder[PATH_MAX]; /* of the session; "" before its first trial */
	unsigned trials;
	json_t *list;
};

/* One file on its way. */
struct trial {
	struct pl_opened opened;
	struct pl_session_meta meta;
	const char *path;
	char stem[PATH_MAX], journal_path[PATH_MAX + 16], hash[65];
	char *about; /* the "recording" of the file as JSON */
	struct pl_journal *journal;
	struct pl_live *live;
	float *metrics;
	void *cells; /* of the type that is stored, where it is another */
	struct pl_frame last;
	uint64_t frames;
};

/* ---- what is stored -------------------------------------------------------------------------- */

static bool is_u16(double value)
{
	return value >= 0 && value <= 65535 && value == floor(value);
}

/* Doubles, of which no mat sends any, become the smallest type that holds them. */
static int choose_dtype(struct trial *t, struct pl_error *err)
{
	const struct pl_recording_info *info = pl_recording_info(t->opened.recording);
	size_t n = pl_geometry_cells(&info->geometry);
	struct pl_frame f;
	bool whole = true;
	int got = 0;

	t->meta.dtype = info->dtype;
	if (info->dtype != PL_F64)
		return 0;
	while (whole && (got = pl_recording_next(t->opened.recording, &f, err)) > 0)
		for (size_t i = 0; whole && i < n; i++)
			whole = is_u16(((const double *)f.cells)[i]);
	t->meta.dtype = whole ? PL_U16 : PL_F32;
	t->cells = malloc(n * pl_dtype_size(t->meta.dtype));
	if (!t->cells)
		return pl_error_set(err, PL_ENOMEM, 0, "out of memory");
	return got < 0 ? -1 : pl_recording_rewind(t->opened.recording, err);
}

static void store(const struct trial *t, struct pl_frame *f)
{
	const double *from = f->cells;
	size_t n = (size_t)f->rows * f->cols;

	if (!t->cells)
		return;
	for (size_t i = 0; i < n; i++)
		if (t->meta.dtype == PL_U16)
			((uint16_t *)t->cells)[i] = (uint16_t)from[i];
		else
			((float *)t->cells)[i] = (float)from[i];
	f->cells = t->cells;
	f->dtype = t->meta.dtype;
	f->cells_bytes = n * pl_dtype_size(t->meta.dtype);
}

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

static int hash_file(struct trial *t, struct pl_error *err)
{
	char folder[PATH_MAX];
	size_t n = (size_t)(base_name(t->path) - t->path);

	if (n >= sizeof(folder))
		return pl_error_set(err, PL_EUSAGE, 0, "the path is too long: %s", t->path);
	memcpy(folder, t->path, n);
	folder[n] = '\0';
	return pl_manifest_hash(n ? folder : ".", base_name(t->path), t->hash, err);
}

static int describe(struct trial *t, struct pl_error *err)
{
	struct pl_json json;

	t->about = malloc(ABOUT_BYTES);
	if (!t->about)
		return pl_error_set(err, PL_ENOMEM, 0, "out of memory");
	pl_json_init(&json, t->about, ABOUT_BYTES);
	pl_json_begin_object(&json, NULL);
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

static int fill_meta(const struct import *im, struct trial *t, struct pl_error *err)
{
	const struct pl_recording *r = t->opened.recording;
	const struct pl_recording_info *info = pl_recording_info(r);
	struct pl_session_meta *m = &t->meta;

	memcpy(m->session_uuid, im->uuid, sizeof(m->session_uuid));
	m->trial = im->trials + 1;
	copy_text(m->subject, sizeof(m->subject), im->subject);
	copy_text(m->protocol, sizeof(m->protocol), im->protocol);
	copy_text(m->condition, sizeof(m->condition), im->condition);
	m->body_mass_kg = im->mass_kg;
	m->started_utc_ns = im->started_utc_ns ? im->started_utc_ns : modified_ns(t->path);
	copy_text(m->mat, sizeof(m->mat), "imported");
	snprintf(m->mat_file, sizeof(m->mat_file), PL_IMPORTED "%s%s", pl_format_name(info->format),
		 info->cropped ? PL_IMPORTED_CROPPED : "");
	snprintf(m->source, sizeof(m->source), "import:%.240s", base_name(t->path));
	snprintf(m->software, sizeof(m->software), "plantar %s", PLANTAR_VERSION);
	gethostname(m->host, sizeof(m->host) - 1);
	m->geometry = info->geometry;
	m->rate_hz = info->rate_hz;
	m->live = *pl_recording_live(r);
	if (im->side >= 0)
		m->live.side = (enum pl_side)im->side;
	if (im->facing >= 0)
		m->live.facing = (enum pl_facing)im->facing;
	m->mat_config_text = t->opened.mat ? NULL : strdup(t->about);
	return pl_calibration_copy(&m->calibration, pl_recording_calibration(r), err);
}

/* ---- frames ---------------------------------------------------------------------------------- */

/* Which counter of losses moved. */
static const char *cause_of(const struct pl_frame *before, const struct pl_frame *now)
{
	for (int i = 0; i < PL_LOSS_CAUSES; i++)
		if (now->lost[i] > before->lost[i])
			return pl_loss_name((enum pl_loss)i);
	return pl_loss_name(PL_LOSS_DEVICE);
}

static int note_gap(struct trial *t, const struct pl_frame *f, struct pl_error *err)
{
	struct pl_gap gap = {.epoch = f->epoch,
			     .first_seq = t->last.seq + 1,
			     .count = f->seq - t->last.seq - 1,
			     .t0_mono_ns = t->last.t_mono_ns,
			     .t1_mono_ns = f->t_mono_ns};

	if (!t->frames || f->epoch != t->last.epoch || f->seq == t->last.seq + 1)
		return 0;
	snprintf(gap.cause, sizeof(gap.cause), "%s", cause_of(&t->last, f));
	return pl_journal_gap(t->journal, &gap, err);
}

static int one_frame(struct trial *t, struct pl_frame *f, struct pl_error *err)
{
	struct pl_frame *const list[1] = {f};

	store(t, f);
	if (t->frames && f->epoch != t->last.epoch)
		pl_live_reset(t->live);
	f->metrics = t->metrics;
	f->flags |= pl_live_frame(t->live, f->cells, f->dtype, f->seq, t->metrics);
	if (note_gap(t, f, err) || pl_journal_frames(t->journal, list, 1, err))
		return -1;
	t->last = *f;
	t->frames++;
	return 0;
}

static int all_frames(struct trial *t, struct pl_error *err)
{
	uint64_t total = pl_recording_info(t->opened.recording)->frames;
	struct pl_progress progress;
	struct pl_frame f;
	int got;

	pl_progress_begin(&progress, "importing", "frames");
	while ((got = pl_recording_next(t->opened.recording, &f, err)) > 0) {
		if (one_frame(t, &f, err))
			got = -1;
		else if (t->frames % 64 == 0 && pl_progress_step(&progress, t->frames, total))
			got = pl_error_set(err, PL_ESTATE, 0, "interrupted: %s is not imported",
					   t->path);
		if (got < 0)
			break;
	}
	pl_progress_end(&progress);
	return got;
}

static int note_origin(struct trial *t, struct pl_error *err)
{
	const struct pl_recording_info *info = pl_recording_info(t->opened.recording);
	int64_t t_ns = t->meta.started_mono_ns;
	char text[480];

	snprintf(text, sizeof(text), "%.200s (%s), sha256 %s%s%.160s", base_name(t->path),
		 pl_format_name(info->format), t->hash, info->problem[0] ? "; " : "",
		 info->problem);
	if (pl_journal_clock(t->journal, t_ns, t->meta.started_utc_ns, err))
		return -1;
	return pl_journal_event(t->journal, t_ns, "import", text, err);
}

static int write_journal(struct trial *t, struct pl_error *err)
{
	t->live = pl_live_new(&t->meta.geometry, &t->meta.calibration, &t->meta.live, err);
	t->metrics = calloc(pl_metric_count(), sizeof(*t->metrics));
	if (!t->live || !t->metrics)
		return pl_error_set(err, PL_ENOMEM, 0, "out of memory");
	t->journal = pl_journal_create(t->journal_path, &t->meta, err);
	if (!t->journal)
		return -1;
	if (note_origin(t, err) || all_frames(t, err) || pl_journal_sync(t->journal, err)) {
		pl_journal_abandon(t->journal);
		unlink(t->journal_path);
		return -1;
	}
	return pl_journal_end(t->journal, "imported", err);
}

/* ---- one file -------------------------------------------------------------------------------- */

/* The first trial makes the session's folder, the others go there, whenever they started. */
static int choose_place(struct import *im, struct trial *t, struct pl_error *err)
{
	char root[PATH_MAX];
	char *slash;

	if (!im->folder[0]) {
		if (pl_session_folder(im->out ? im->out : pl_sessions_dir(root, sizeof(root)),
				      &t->meta, t->stem, sizeof(t->stem), err))
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

static int check_source(const struct trial *t, struct pl_error *err)
{
	const struct pl_recording_info *info;

	if (pl_opened_mat(&t->opened, t->path, err))
		return -1;
	info = pl_recording_info(t->opened.recording);
	if (info->format == PL_FORMAT_PLANTAR_H5 || info->format == PL_FORMAT_JOURNAL)
		return pl_error_set(err, PL_EUSAGE, 0, "%s is a recording of plantard already; %s",
				    t->path,
				    info->format == PL_FORMAT_JOURNAL
					    ? "plantar recover makes its .h5"
					    : "copy the folder of its session as it is");
	if (!info->frames)
		return pl_error_set(err, PL_EFORMAT, 0, "%s holds no frames", t->path);
	return 0;
}

static void forget(struct trial *t)
{
	pl_opened_close(&t->opened);
	pl_session_meta_free(&t->meta);
	pl_live_free(t->live);
	free(t->metrics);
	free(t->cells);
	free(t->about);
}

static void report(struct import *im, const struct trial *t, const struct pl_convert_result *made)
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
				  pl_format_name(pl_recording_info(t->opened.recording)->format),
				  "frames", (json_int_t)made->frames, "dtype",
				  pl_dtype_name(t->meta.dtype), "started_utc", started, "sha256",
				  t->hash));
		return;
	}
	printf("%s: %s frames of %s\n", made->path, pl_count_text(made->frames, frames), t->path);
	if (!im->started_utc_ns)
		printf("  filed under %s, when the file was last changed; --started TIME says "
		       "otherwise\n",
		       started);
}

static int prepare(struct import *im, struct trial *t, struct pl_error *err)
{
	if (pl_format_probe_file(t->path, NULL) == PL_FORMAT_TABLE)
		return pl_error_set(err, PL_EUNSUPPORTED, 0,
				    "%s is a table: it has no frames of cells that a session could "
				    "hold; plantar analyze --columns computes its figures",
				    t->path);
	if (pl_open_hinted(&t->opened, t->path, im->as, &im->hints, err) || check_source(t, err) ||
	    hash_file(t, err) || choose_dtype(t, err) || describe(t, err) ||
	    fill_meta(im, t, err) || choose_place(im, t, err))
		return -1;
	if (pl_recording_info(t->opened.recording)->problem[0])
		pl_say(im->self, "%s: %s", t->path,
		       pl_recording_info(t->opened.recording)->problem);
	return 0;
}

static int import_one(struct import *im, const char *path)
{
	struct trial t = {.path = path};
	struct pl_error err = {.code = PL_OK};
	struct pl_finished finished;
	int code = PL_EXIT_OK;

	pl_session_meta_init(&t.meta);
	if (prepare(im, &t, &err) || write_journal(&t, &err)) {
		code = pl_report(im->self, &err);
	} else {
		pl_finish_journal(&(struct pl_finish){.self = im->self,
						      .journal = t.journal_path,
						      .what = "finishing"},
				  &finished);
		im->trials++;
		if (finished.ok)
			report(im, &t, &finished.result);
		else
			code = pl_report(im->self, &finished.err);
	}
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
	case PL_OPT_AS:
		im->as = args->value;
		break;
	default:
		pl_hints_option(args, key, &im->hints);
	}
}

static int run(const struct pl_subcommand *self, int argc, char **argv)
{
	struct import im = {.self = self, .mass_kg = NAN, .side = -1, .facing = -1};
	struct pl_args args;
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
	{OPT_SIDE, "side", "SIDE",
	 "left or right: of a recording of one foot; of a pair of\n"
	 "insoles this one alone"},
	{OPT_FACING, "facing", "WAY",
	 "where the toes point: auto, forward, backward, left,\n"
	 "right"},
	PL_OPTION_AS,
	PL_OPTIONS_ARRAY,
	{PL_OPT_RATE, "rate", "HZ", "array: frames a second"},
	{PL_OPT_UNIT, "unit", "UNIT", "array: kPa, N/cm2, mmHg, psi (default: counts)"},
	{'j', "json", NULL, "print one JSON document"},
	{0},
};

const struct pl_subcommand pl_cmd_import = {
	.name = "import",
	.summary = "make a session of other makers' recordings",
	.synopsis = "FILE... [--subject CODE] [--condition TEXT] [--out FOLDER] ...\n"
		    "FILE --dataset NAME --axes LIST --pitch MM --rate HZ [--unit UNIT] ...",
	.about = "Each FILE becomes a trial of one new session, stored, verified and summed up as\n"
		 "plantard does it. FILE is an emed .lst, Tekscan .asf, XSENSOR .csv, a 3-D array "
		 "in\n"
		 "an HDF5 file or a byte capture (.plcap). pedar .asc, zebris .apd and tables are\n"
		 "refused: without places and areas of cells there is no mat that a session could\n"
		 "be of; plantar analyze reads them as they are.",
	.options = options,
	.run = run,
};
