/* SPDX-License-Identifier: Apache-2.0 */
/*
 * plantar export csv: rows for a spreadsheet or for R. Numbers are written with the fewest digits
 * that read back to the same bits, so that nothing is lost on the way and a comparison of two
 * exports is a comparison of the recordings. What cannot be said is an empty field, never 0.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <plantar/archive.h>
#include <plantar/journal.h>
#include <plantar/live.h>

#include "tools/command.h"
#include "tools/folder.h"
#include "tools/hints.h"
#include "tools/open.h"
#include "tools/progress.h"

enum { OPT_WHAT = PL_OPT_LONG, OPT_RAW, OPT_RECOMPUTE };
enum what { WHAT_METRICS, WHAT_FRAMES, WHAT_COP, WHAT_EVENTS, WHAT_GAPS };
static const char *const what_names[] = {"metrics", "frames", "cop", "events", "gaps", NULL};

struct export
{
	const struct pl_subcommand *self;
	struct pl_recording *r;
	FILE *out;
	int what;
	bool raw, recompute;
	/* metrics: which columns, and the code that computes them when they are not stored */
	size_t columns[256], n_columns;
	struct pl_live *live;
	float *computed;
	double *values; /* frames */
	int64_t first_ns, first_mono_ns;
	bool started;
	struct pl_frame last; /* gaps: without its cells */
};

static void put_text(FILE *out, const char *text)
{
	if (!strpbrk(text, ",\"\r\n")) {
		fputs(text, out);
		return;
	}
	fputc('"', out);
	for (; *text; text++) {
		if (*text == '"')
			fputc('"', out);
		fputc(*text, out);
	}
	fputc('"', out);
}

/* The shortest digits that read back to the same number; nothing for NaN. */
static void put_double(FILE *out, double value)
{
	struct pl_json j;
	char text[64];

	if (value != value)
		return;
	pl_json_init(&j, text, sizeof(text));
	pl_json_double(&j, NULL, value);
	if (pl_json_finish(&j))
		fputs(text, out);
}

static void put_float(FILE *out, float value)
{
	struct pl_json j;
	char text[64];

	if (value != value)
		return;
	pl_json_init(&j, text, sizeof(text));
	pl_json_float(&j, NULL, value);
	if (pl_json_finish(&j))
		fputs(text, out);
}

/* Nanoseconds from one to the other as seconds, exactly. A damaged file may hold any times. */
static void put_seconds(FILE *out, int64_t from_ns, int64_t to_ns)
{
	int64_t ns = (int64_t)((uint64_t)to_ns - (uint64_t)from_ns);
	uint64_t magnitude = ns < 0 ? 0 - (uint64_t)ns : (uint64_t)ns;
	char fraction[16];
	int n = 9;

	snprintf(fraction, sizeof(fraction), "%09u", (unsigned)(magnitude % 1000000000));
	while (n > 1 && fraction[n - 1] == '0')
		n--;
	fprintf(out, "%s%llu.%.*s", ns < 0 ? "-" : "", (unsigned long long)(magnitude / 1000000000),
		n, fraction);
}

static void put_raw_cell(FILE *out, const void *cells, enum pl_dtype dtype, size_t i)
{
	switch (dtype) {
	case PL_U8:
		fprintf(out, "%u", ((const uint8_t *)cells)[i]);
		break;
	case PL_U16:
		fprintf(out, "%u", ((const uint16_t *)cells)[i]);
		break;
	case PL_I16:
		fprintf(out, "%d", ((const int16_t *)cells)[i]);
		break;
	case PL_I32:
		fprintf(out, "%d", ((const int32_t *)cells)[i]);
		break;
	case PL_U32:
		fprintf(out, "%u", ((const uint32_t *)cells)[i]);
		break;
	case PL_F32:
		put_float(out, ((const float *)cells)[i]);
		break;
	case PL_F64:
		put_double(out, ((const double *)cells)[i]);
		break;
	}
}

static void put_time(struct export *x, const struct pl_frame *f)
{
	int64_t t_ns = pl_recording_time_ns(x->r, f);

	if (!x->started) {
		x->first_ns = t_ns;
		x->first_mono_ns = f->t_mono_ns;
	}
	x->started = true;
	fprintf(x->out, "%llu,%u,", (unsigned long long)f->seq, f->epoch);
	put_seconds(x->out, x->first_ns, t_ns);
}

/* frames */

static int begin_frames(struct export *x, struct pl_error *err)
{
	const struct pl_recording_info *info = pl_recording_info(x->r);
	bool raw = x->raw || !info->calibrated;

	x->raw = raw;
	x->values = malloc(pl_geometry_cells(&info->geometry) * sizeof(*x->values));
	if (!x->values)
		return pl_error_set(err, PL_ENOMEM, 0, "out of memory");
	fputs("seq,epoch,t_s", x->out);
	for (unsigned r = 0; r < info->geometry.rows; r++)
		for (unsigned c = 0; c < info->geometry.cols; c++)
			fprintf(x->out, ",r%uc%u_%s", r, c,
				raw && info->dtype != PL_F64 ? "counts" : "kpa");
	fputc('\n', x->out);
	return 0;
}

static int frame_row(struct export *x, const struct pl_frame *f)
{
	const struct pl_recording_info *info = pl_recording_info(x->r);
	size_t n = pl_geometry_cells(&info->geometry);

	put_time(x, f);
	if (!x->raw)
		pl_calibrate(pl_recording_calibration(x->r), &info->geometry, f->cells, f->dtype,
			     x->values);
	for (size_t i = 0; i < n; i++) {
		fputc(',', x->out);
		if (x->raw)
			put_raw_cell(x->out, f->cells, f->dtype, i);
		else
			put_double(x->out, x->values[i]);
	}
	fputc('\n', x->out);
	return 0;
}

/* metrics and cop */

static bool wanted_column(const struct export *x, size_t i)
{
	const char *base = pl_metric_def(i)->base;

	return x->what == WHAT_METRICS || strcmp(base, "force") == 0 || strstr(base, "cop_");
}

static int begin_metrics(struct export *x, struct pl_error *err)
{
	const struct pl_recording_info *info = pl_recording_info(x->r);
	char key[64];

	x->live = pl_live_new(&info->geometry, pl_recording_calibration(x->r),
			      pl_recording_live(x->r), err);
	if (!x->live)
		return -1;
	x->computed = calloc(pl_metric_count(), sizeof(*x->computed));
	if (!x->computed)
		return pl_error_set(err, PL_ENOMEM, 0, "out of memory");
	fputs("seq,epoch,t_s,t_est_ns,t_mono_ns,t_device_ns,device_seq,flags", x->out);
	for (size_t i = 0; i < pl_metric_count(); i++) {
		if (!wanted_column(x, i) ||
		    x->n_columns == sizeof(x->columns) / sizeof(x->columns[0]))
			continue;
		x->columns[x->n_columns++] = i;
		fprintf(x->out, ",%s", pl_metric_key(i, info->calibrated, key, sizeof(key)));
	}
	fputc('\n', x->out);
	return 0;
}

/* As stored, or by the same code over the raw frames: the daemon resets at each epoch, too. */
static const float *metrics_of(struct export *x, const struct pl_frame *f)
{
	if (f->metrics && !x->recompute)
		return f->metrics;
	if (x->started && (f->epoch != x->last.epoch || f->flags & PL_FLAG_EPOCH))
		pl_live_reset(x->live);
	pl_live_frame(x->live, f->cells, f->dtype, f->seq, x->computed);
	x->last.epoch = f->epoch;
	return x->computed;
}

static int metrics_row(struct export *x, const struct pl_frame *f)
{
	const float *metrics = metrics_of(x, f);

	put_time(x, f);
	fprintf(x->out, ",%lld,%lld,", (long long)f->t_est_ns, (long long)f->t_mono_ns);
	if (f->t_device_ns != INT64_MIN)
		fprintf(x->out, "%lld", (long long)f->t_device_ns);
	fputc(',', x->out);
	if (f->device_seq >= 0)
		fprintf(x->out, "%lld", (long long)f->device_seq);
	fprintf(x->out, ",%u", f->flags);
	for (size_t i = 0; i < x->n_columns; i++) {
		fputc(',', x->out);
		put_float(x->out, metrics[x->columns[i]]);
	}
	fputc('\n', x->out);
	return 0;
}

/* events and gaps */

static int begin_gaps(struct export *x, struct pl_error *err)
{
	(void)err;
	fputs("epoch,first_seq,count,cause,t0_mono_ns,t1_mono_ns\n", x->out);
	return 0;
}

static void put_gap(void *user, const struct pl_gap *gap)
{
	struct export *x = user;

	fprintf(x->out, "%u,%llu,", gap->epoch, (unsigned long long)gap->first_seq);
	if (gap->count)
		fprintf(x->out, "%llu", (unsigned long long)gap->count);
	fprintf(x->out, ",%s,%lld,%lld\n", gap->cause, (long long)gap->t0_mono_ns,
		(long long)gap->t1_mono_ns);
}

/* Recordings that store no gaps: from the jumps of the sequence numbers. */
static int gap_row(struct export *x, const struct pl_frame *f)
{
	struct pl_gap gap = {.epoch = f->epoch,
			     .first_seq = x->started ? x->last.seq + 1 : 0,
			     .t0_mono_ns = x->started ? x->last.t_mono_ns : f->t_mono_ns,
			     .t1_mono_ns = f->t_mono_ns};

	if (f->seq > gap.first_seq && f->epoch == x->last.epoch) {
		gap.count = f->seq - gap.first_seq;
		for (int i = 0; i < PL_LOSS_CAUSES; i++)
			if (f->lost[i] > x->last.lost[i] && !gap.cause[0])
				snprintf(gap.cause, sizeof(gap.cause), "%s",
					 pl_loss_name((enum pl_loss)i));
		put_gap(x, &gap);
	}
	x->started = true;
	x->last = *f;
	return 0;
}

static void put_event(void *user, const struct pl_archive_event *event)
{
	struct export *x = user;

	fprintf(x->out, "%lld,", (long long)event->t_mono_ns);
	if (x->started)
		put_seconds(x->out, x->first_mono_ns, event->t_mono_ns);
	fputc(',', x->out);
	put_text(x->out, event->kind);
	fputc(',', x->out);
	put_text(x->out, event->text);
	fputc('\n', x->out);
}

static int export_events(struct export *x, struct pl_error *err)
{
	const struct pl_recording_info *info = pl_recording_info(x->r);
	struct pl_frame first;
	int r;

	fputs("t_mono_ns,t_s,kind,text\n", x->out);
	if (!pl_recording_meta(x->r)) {
		pl_say(x->self, "%s (%s) knows no events", info->path,
		       pl_format_name(info->format));
		return 0;
	}
	r = pl_recording_next(x->r, &first, err);
	if (r < 0)
		return -1;
	x->first_mono_ns = r ? first.t_mono_ns : 0;
	x->started = r > 0;
	return pl_archive_events(info->path, put_event, x, err);
}

static int for_each_frame(struct export *x, int (*row)(struct export *x, const struct pl_frame *f),
			  struct pl_error *err)
{
	const struct pl_recording_info *info = pl_recording_info(x->r);
	struct pl_progress progress;
	struct pl_frame frame;
	uint64_t done = 0;
	int r;

	pl_progress_begin(&progress, "exporting", "frames");
	while ((r = pl_recording_next(x->r, &frame, err)) > 0) {
		row(x, &frame);
		pl_progress_step(&progress, ++done, info->frames);
		if (ferror(x->out)) {
			r = pl_error_set(err, PL_EIO, errno, "cannot write the table: %s",
					 strerror(errno));
			break;
		}
	}
	pl_progress_end(&progress);
	return r;
}

static int export(struct export *x, struct pl_error *err)
{
	switch ((enum what)x->what) {
	case WHAT_FRAMES:
		return begin_frames(x, err) < 0 ? -1 : for_each_frame(x, frame_row, err);
	case WHAT_METRICS:
	case WHAT_COP:
		return begin_metrics(x, err) < 0 ? -1 : for_each_frame(x, metrics_row, err);
	case WHAT_EVENTS:
		return export_events(x, err);
	case WHAT_GAPS:
		begin_gaps(x, err);
		if (pl_recording_meta(x->r))
			return pl_archive_gaps(pl_recording_info(x->r)->path, put_gap, x, err);
		return for_each_frame(x, gap_row, err);
	}
	return -1;
}

static int open_output(struct export *x, const char *path, struct pl_error *err)
{
	if (path && pl_check_output(path, err) < 0)
		return -1;
	x->out = path ? fopen(path, "we") : stdout;
	if (x->out)
		return 0;
	return pl_error_set(err, errno == EACCES ? PL_EACCES : PL_EIO, errno,
			    "cannot create %s: %s", path, strerror(errno));
}

/* A table that could not be finished is not left behind looking like one. */
static int close_output(struct export *x, const char *path, int r, struct pl_error *err)
{
	if (!path)
		return r;
	if (fclose(x->out) != 0 && r >= 0)
		r = pl_error_set(err, PL_EIO, errno, "cannot write %s: %s", path, strerror(errno));
	if (r < 0)
		pl_remove_output(path);
	return r;
}

static int export_file(struct export *x, const char *path, const char *as,
		       const struct pl_hints *hints, const char *to)
{
	struct pl_error err = {.code = PL_OK};
	struct pl_opened opened;
	int r;

	if (pl_open_hinted(&opened, path, as, hints, &err) < 0)
		return pl_report(x->self, &err);
	if ((opened.table || x->what == WHAT_METRICS || x->what == WHAT_COP) &&
	    pl_opened_mat(&opened, path, &err) < 0) {
		pl_opened_close(&opened);
		return pl_report(x->self, &err);
	}
	x->r = opened.recording;
	if (pl_recording_info(x->r)->problem[0])
		pl_say(x->self, "%s: %s", path, pl_recording_info(x->r)->problem);
	r = open_output(x, to, &err);
	if (r == 0)
		r = close_output(x, to, export(x, &err), &err);
	pl_live_free(x->live);
	free(x->computed);
	free(x->values);
	pl_opened_close(&opened);
	return r < 0 ? pl_report(x->self, &err) : PL_EXIT_OK;
}

static int run(const struct pl_subcommand *self, int argc, char **argv)
{
	struct export x = {.self = self, .what = WHAT_METRICS};
	const char *as = NULL, *to = NULL;
	struct pl_hints hints = {.columns = NULL};
	struct pl_args args;
	int key;

	pl_args_begin(&args, self, argc, argv);
	while ((key = pl_args_next(&args)) > 0) {
		switch (key) {
		case 'o':
			to = strcmp(args.value, "-") == 0 ? NULL : args.value;
			break;
		case OPT_WHAT:
			pl_args_choice(&args, what_names, &x.what);
			break;
		case OPT_RAW:
			x.raw = true;
			break;
		case OPT_RECOMPUTE:
			x.recompute = true;
			break;
		case PL_OPT_AS:
			as = args.value;
			break;
		default:
			pl_hints_option(&args, key, &hints);
		}
	}
	pl_args_operands(&args, 2, 2, "the format or RECORDING (plantar export csv RECORDING)");
	if (!args.done && strcmp(argv[args.first], "csv") != 0)
		pl_args_fail(&args, "'%s' is no format to export to; there is csv",
			     argv[args.first]);
	if (!args.done && x.raw && x.what != WHAT_FRAMES)
		pl_args_fail(&args, "--raw goes with --what frames");
	if (!args.done && x.recompute && x.what != WHAT_METRICS && x.what != WHAT_COP)
		pl_args_fail(&args, "--recompute goes with --what metrics or cop");
	if (args.done)
		return args.exit_code;
	return export_file(&x, argv[args.first + 1], as, &hints, to);
}

static const struct pl_option options[] = {
	{OPT_WHAT, "what", "WHAT",
	 "metrics (default): every live figure, a line a frame;\n"
	 "cop: force and centres of pressure only;\n"
	 "frames: every cell, a line a frame;\n"
	 "events; gaps: what is missing and why"},
	{'o', "output", "FILE", "write there instead of to standard output"},
	{OPT_RAW, "raw", NULL, "frames: raw codes instead of kPa"},
	{OPT_RECOMPUTE, "recompute", NULL,
	 "metrics, cop: from the raw frames instead of as stored\n"
	 "(the same code: the same bits)"},
	PL_OPTION_AS,
	PL_OPTIONS_ARRAY,
	{PL_OPT_RATE, "rate", "HZ", "array: frames a second"},
	{PL_OPT_UNIT, "unit", "UNIT", "array: kPa, N/cm2, mmHg, psi (default: counts)"},
	{0},
};

const struct pl_subcommand pl_cmd_export = {
	.name = "export",
	.summary = "write a recording as a table (CSV)",
	.synopsis = "csv RECORDING [--what metrics|cop|frames|events|gaps] [-o FILE]\n"
		    "csv RECORDING [--raw] [--recompute] [--as MAT] ...\n"
		    "csv FILE --dataset NAME --axes LIST --pitch MM --rate HZ [--unit UNIT] ...",
	.about = "One header line of names with their units, then one line a frame. Numbers read\n"
		 "back to the same bits; an empty field is a figure about which nothing can be "
		 "said.\n"
		 "t_s is the time that integrals use, from the first frame. Recordings that store "
		 "no\n"
		 "metrics (imports, byte captures) get them from the code that the daemon runs.",
	.options = options,
	.run = run,
};
