/* SPDX-License-Identifier: Apache-2.0 */
/*
 * plantar export: a recording for other programs. This file is the command line, the recording
 * and the output; each format is a file of its own (export.h). A new one is a line in the table
 * below.
 */
#include <errno.h>
#include <string.h>

#include "tools/archives.h"
#include "tools/deidentify.h"
#include "tools/export.h"
#include "tools/hints.h"
#include "tools/interrupt.h"
#include "tools/open.h"
#include "tools/output.h"
#include "tools/progress.h"

enum { OPT_WHAT = PL_OPT_LONG, OPT_RAW, OPT_RECOMPUTE, OPT_CLOSE_GAPS, OPT_DEIDENTIFY };
static const char *const what_names[] = {"metrics", "frames", "cop", "steps",
					 "events",  "gaps",   NULL};

static const struct format {
	const char *name;
	int (*write)(const struct pl_export *e, struct pl_error *err);
	bool table;
	char separator;
} formats[] = {
	{"csv", pl_export_table, true, ','},
	{"tsv", pl_export_table, true, '\t'},
	{"lst", pl_export_lst, false, 0},
	{"ascii", pl_export_ascii, false, 0},
};

int pl_export_frames(const struct pl_export *e, const char *doing,
		     int (*each)(void *user, const struct pl_frame *frame, struct pl_error *err),
		     void *user, struct pl_error *err)
{
	const struct pl_recording_info *info = pl_recording_info(e->recording);
	struct pl_progress progress;
	struct pl_frame frame;
	uint64_t done = 0;
	int r;

	pl_progress_begin(&progress, doing, "frames");
	while ((r = pl_recording_next(e->recording, &frame, err)) > 0) {
		r = each(user, &frame, err);
		if (r < 0)
			break;
		if (pl_progress_step(&progress, ++done, info->frames)) {
			r = pl_error_set(err, PL_ESTATE, 0, "given up before the end");
			break;
		}
		if (ferror(e->out)) {
			r = pl_error_set(err, PL_EIO, errno, "cannot write the export: %s",
					 strerror(errno));
			break;
		}
	}
	pl_progress_end(&progress);
	return r;
}

/* Cells, how much the greatest carries, what happened and what is missing are there in any
 * recording of frames; the rest is made of a mat's. Of a table there are samples. */
static bool needs_mat(const struct pl_export *e, const struct format *format, bool table)
{
	if (table)
		return !format->table;
	return !format->table || e->what == PL_EXPORT_COP || e->what == PL_EXPORT_STEPS;
}

static int export_file(struct pl_export *e, const struct format *format, const char *named,
		       const char *as, const struct pl_hints *hints, const char *to)
{
	struct pl_error err = {.code = PL_OK};
	char path[PL_NAMED_PATH];
	struct pl_opened opened;
	struct pl_output output;
	const char *problem;
	int r;

	if (pl_named_file(named, path, &err) < 0 ||
	    pl_open_hinted(&opened, path, as, hints, &err) < 0)
		return pl_report(e->self, &err);
	if (needs_mat(e, format, opened.table) && pl_opened_mat(&opened, path, &err) < 0) {
		pl_opened_close(&opened);
		return pl_report(e->self, &err);
	}
	e->recording = opened.recording;
	e->table = opened.table;
	problem = e->table ? e->table->problem : pl_recording_info(e->recording)->problem;
	if (*problem)
		pl_say(e->self, "%s: %s", path, problem);
	if (to)
		pl_interrupt_catch(); /* nothing half-written stays behind */
	r = pl_output_open(&output, to, &err);
	if (r == 0) {
		e->out = output.file;
		r = pl_output_close(&output, format->write(e, &err), &err);
	}
	pl_opened_close(&opened);
	return r < 0 ? pl_report(e->self, &err) : PL_EXIT_OK;
}

static const struct format *find_format(struct pl_args *args, const char *name)
{
	char names[64] = "";

	for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++) {
		size_t used = strlen(names);

		if (strcmp(formats[i].name, name) == 0)
			return &formats[i];
		snprintf(names + used, sizeof(names) - used, "%s%s", i ? ", " : "",
			 formats[i].name);
	}
	pl_args_fail(args, "'%s' is no format to export to; there are %s", name, names);
	return NULL;
}

/* Options that would silently do nothing are refused. */
static void check_options(struct pl_args *args, const struct pl_export *e, const struct format *f,
			  bool what_given)
{
	bool ascii = strcmp(f->name, "ascii") == 0, lst = strcmp(f->name, "lst") == 0;

	if (what_given && !f->table)
		pl_args_fail(args, "--what goes with csv and tsv; %s holds frames", f->name);
	else if (e->raw && !ascii && !(f->table && e->what == PL_EXPORT_FRAMES))
		pl_args_fail(args, "--raw goes with --what frames and with ascii");
	else if (e->recompute &&
		 !(f->table && (e->what == PL_EXPORT_METRICS || e->what == PL_EXPORT_COP)))
		pl_args_fail(args, "--recompute goes with --what metrics or cop");
	else if (e->close_gaps && !lst)
		pl_args_fail(args, "--close-gaps goes with lst; %s keeps the times", f->name);
}

/* The one export that makes sessions again. */
static int export_session(struct pl_args *args, const struct pl_subcommand *self, const char *to,
			  bool others)
{
	struct pl_error err = {.code = PL_OK};
	char path[PL_NAMED_PATH];

	pl_args_operands(args, 1, 1, "a session's folder or one of its .h5 files");
	if (!args->done && others)
		pl_args_fail(args, "--deidentify takes -o and nothing else");
	if (!args->done && !to)
		pl_args_fail(args, "--deidentify writes a folder: -o FOLDER");
	if (args->done)
		return args->exit_code;
	if (pl_named_file(args->argv[args->first], path, &err) < 0)
		return pl_report(self, &err);
	pl_interrupt_catch();
	return pl_deidentify(self, path, to);
}

static int run(const struct pl_subcommand *self, int argc, char **argv)
{
	struct pl_export e = {.self = self};
	const char *as = NULL, *to = NULL;
	struct pl_hints hints = {.columns = NULL};
	const struct format *format = NULL;
	bool deidentify = false;
	int what = -1, key;
	struct pl_args args;

	pl_args_begin(&args, self, argc, argv);
	while ((key = pl_args_next(&args)) > 0) {
		switch (key) {
		case 'o':
			to = strcmp(args.value, "-") == 0 ? NULL : args.value;
			break;
		case OPT_WHAT:
			pl_args_choice(&args, what_names, &what);
			break;
		case OPT_RAW:
			e.raw = true;
			break;
		case OPT_RECOMPUTE:
			e.recompute = true;
			break;
		case OPT_CLOSE_GAPS:
			e.close_gaps = true;
			break;
		case OPT_DEIDENTIFY:
			deidentify = true;
			break;
		case PL_OPT_AS:
			as = args.value;
			break;
		default:
			pl_hints_option(&args, key, &hints);
		}
	}
	if (!args.done && deidentify)
		return export_session(&args, self, to,
				      what >= 0 || e.raw || e.recompute || e.close_gaps || as);
	pl_args_operands(&args, 2, 2, "the format and RECORDING (plantar export csv RECORDING)");
	if (!args.done)
		format = find_format(&args, argv[args.first]);
	e.what = what < 0 ? PL_EXPORT_METRICS : (enum pl_export_what)what;
	if (format)
		check_options(&args, &e, format, what >= 0);
	if (args.done)
		return args.exit_code;
	e.separator = format->separator;
	return export_file(&e, format, argv[args.first + 1], as, &hints, to);
}

static const struct pl_option options[] = {
	{OPT_WHAT, "what", "WHAT",
	 "csv, tsv: which table\n"
	 "metrics (default): every live figure, a line a frame;\n"
	 "cop: force and centres of pressure only;\n"
	 "frames: every cell, a line a frame;\n"
	 "steps: what plantar analyze says of them, a line a step;\n"
	 "events; gaps: what is missing and why"},
	{'o', "output", "FILE", "write there instead of to standard output"},
	{OPT_RAW, "raw", NULL, "frames, ascii: raw codes instead of kPa or N"},
	{OPT_RECOMPUTE, "recompute", NULL,
	 "metrics, cop: from the raw frames instead of as stored\n"
	 "(the same code: the same bits)"},
	{OPT_CLOSE_GAPS, "close-gaps", NULL, "lst: write on as if no frames were missing"},
	{OPT_DEIDENTIFY, "deidentify", NULL,
	 "a session again, without code, dates, host and free texts;\n-o names the folder"},
	PL_OPTION_ARCHIVE,
	PL_OPTION_AS,
	PL_OPTIONS_ARRAY,
	{PL_OPT_RATE, "rate", "HZ", "array: frames a second"},
	{PL_OPT_UNIT, "unit", "UNIT", "array: kPa, N/cm2, mmHg, psi (default: counts)"},
	{0},
};

const struct pl_subcommand pl_cmd_export = {
	.name = "export",
	.summary = "write a recording for other programs (CSV, TSV, emed .lst, ASCII)",
	.synopsis = "csv|tsv RECORDING [--what metrics|cop|frames|steps|events|gaps] [-o FILE]\n"
		    "csv|tsv RECORDING [--raw] [--recompute] [--as MAT] ...\n"
		    "lst RECORDING [--close-gaps] [-o FILE] ...\n"
		    "ascii RECORDING [--raw] [-o FILE] ...\n"
		    "--deidentify SESSION -o FOLDER\n"
		    "FORMAT FILE --dataset NAME --axes LIST --pitch MM --rate HZ [--unit UNIT] ...",
	.about = "csv, tsv: one header line of names with their units, then one line a frame. "
		 "Numbers\n"
		 "read back to the same bits; an empty field is a figure about which nothing can "
		 "be\n"
		 "said. t_s is the time that integrals use, from the first frame. Recordings that\n"
		 "store no metrics (imports, byte captures) get them from the code that the daemon "
		 "runs.\n"
		 "lst: pages in kPa as novel emed prints them, which pressuRe (R) reads.\n"
		 "ascii: matrices in N as footscan writes them, rear edge first.\n"
		 "A file appears under its name only once it is whole.",
	.options = options,
	.run = run,
};
