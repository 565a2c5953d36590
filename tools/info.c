/* SPDX-License-Identifier: Apache-2.0 */
/*
 * plantar info: what a recording is, without computing anything from it. A folder (a session, or
 * the root of all sessions) is the list of its trials. One file that cannot be read does not hide
 * the others: it is reported in its place, and the exit code says that something was wrong.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include <jansson.h>

#include <plantar/amend.h>
#include <plantar/archive.h>
#include <plantar/journal.h>

#include "tools/archives.h"
#include "tools/command.h"
#include "tools/figures.h"
#include "tools/folder.h"
#include "tools/hints.h"
#include "tools/open.h"

#define TEXT_BYTES \
	((size_t)16 << 20) /* a log of amendments may be long; untouched pages cost nothing */

static void utc_text(int64_t utc_ns, char *buf, size_t cap)
{
	time_t s = (time_t)(utc_ns / 1000000000);
	struct tm tm;

	if (!gmtime_r(&s, &tm) || !strftime(buf, cap, "%Y-%m-%dT%H:%M:%SZ", &tm))
		buf[0] = '\0';
}

static void json_said(struct pl_json *j, const char *key, double value)
{
	if (value != 0)
		pl_json_double(j, key, value);
}

static void json_word(struct pl_json *j, const char *key, const char *word)
{
	if (*word)
		pl_json_string(j, key, word);
}

static void json_origin(struct pl_json *j, const struct pl_calibration_origin *o)
{
	json_word(j, "calibrated_on", o->calibrated);
	json_word(j, "expires", o->expires);
	json_word(j, "by", o->by);
	json_word(j, "method", o->method);
	json_said(j, "loads", o->loads);
	json_said(j, "reference_n", o->reference_n);
	json_said(j, "residual_rms_pct", o->residual_rms_pct);
	json_said(j, "residual_max_pct", o->residual_max_pct);
	json_said(j, "repeat_pct", o->repeat_pct);
	json_said(j, "body_mass_kg", o->body_mass_kg);
	json_said(j, "body_error_pct", o->body_error_pct);
	if (*o->expires)
		pl_json_bool(j, "expired", o->expired);
}

static void json_calibration(struct pl_json *j, const struct pl_calibration *cal)
{
	size_t id = strlen(cal->id);

	pl_json_begin_object(j, "calibration");
	pl_json_string(j, "id", cal->id);
	pl_json_bool(j, "calibrated", pl_calibrated(cal));
	pl_json_string(j, "unit", pl_unit_name(cal->unit));
	if (cal->curve_points)
		pl_json_uint(j, "curve_points", cal->curve_points);
	else
		pl_json_double(j, "scale", cal->scale);
	pl_json_double(j, "noise_floor", cal->noise_floor);
	pl_json_double(j, "contact", cal->contact);
	json_origin(j, &cal->origin);
	pl_json_bool(j, "tared", id >= 5 && strcmp(cal->id + id - 5, "+tare") == 0);
	pl_json_end_object(j);
}

static void json_session(struct pl_json *j, const struct pl_session_meta *meta)
{
	char started[32];

	utc_text(meta->started_utc_ns, started, sizeof(started));
	pl_json_begin_object(j, "session");
	pl_json_string(j, "session_uuid", meta->session_uuid);
	pl_json_uint(j, "trial", meta->trial);
	pl_json_string(j, "subject", meta->subject);
	pl_json_string(j, "protocol", meta->protocol);
	pl_json_string(j, "condition", meta->condition);
	pl_json_double(j, "body_mass_kg", meta->body_mass_kg);
	pl_json_string(j, "started_utc", started);
	pl_json_string(j, "mat", meta->mat);
	pl_json_string(j, "mat_file", meta->mat_file);
	pl_json_string(j, "source", meta->source);
	pl_json_string(j, "software", meta->software);
	pl_json_string(j, "host", meta->host);
	pl_json_begin_object(j, "annotations");
	pl_annotations_json(j, &meta->annotations);
	pl_json_end_object(j);
	pl_json_end_object(j);
}

static void json_amendment(void *user, const struct pl_amendment *a)
{
	struct pl_json *j = user;

	pl_json_begin_object(j, NULL);
	pl_json_string(j, "utc", a->utc);
	pl_json_string(j, "who", a->who);
	if (*a->key) {
		pl_json_string(j, "key", a->key);
		pl_json_string(j, "was", a->was);
		pl_json_string(j, "is", a->is);
	} else {
		pl_json_string(j, "kind", a->kind);
		pl_json_ns(j, "t_mono_ns", a->t_mono_ns);
		pl_json_string(j, "text", a->text);
	}
	pl_json_end_object(j);
}

/* A log that cannot be read is named where it would stand. */
static void json_amendments(struct pl_json *j, const char *path)
{
	struct pl_error err = {.code = PL_OK};

	pl_json_begin_array(j, "amendments");
	if (pl_amendments(path, json_amendment, j, &err) < 0) {
		pl_json_begin_object(j, NULL);
		pl_json_string(j, "problem", err.message);
		pl_json_end_object(j);
	}
	pl_json_end_array(j);
}

static void json_capture(struct pl_json *j, const struct pl_opened *o)
{
	const struct pl_decode_stats *s = o->decode;

	pl_json_begin_object(j, "capture");
	pl_json_string(j, "mat", o->mat->name);
	pl_json_string(j, "protocol", o->mat->decoder.protocol);
	pl_json_uint(j, "bytes", s->bytes);
	pl_json_uint(j, "skipped_bytes", s->skipped_bytes);
	pl_json_uint(j, "lost_device", s->lost_device);
	pl_json_uint(j, "lost_corrupt", s->lost_corrupt);
	pl_json_uint(j, "lost_overrun", s->lost_overrun);
	pl_json_uint(j, "bad_length", s->bad_length);
	pl_json_uint(j, "bad_checksum", s->bad_checksum);
	pl_json_uint(j, "bad_sanity", s->bad_sanity);
	pl_json_uint(j, "resyncs", s->resyncs);
	pl_json_uint(j, "duplicates", s->duplicates);
	pl_json_end_object(j);
}

/* Finished, being written right now, or left behind by a daemon that is gone? */
static const char *state_of(const struct pl_recording_info *info)
{
	if (info->format != PL_FORMAT_JOURNAL)
		return "finished";
	return pl_journal_has_writer(info->path) ? "recording" : "unfinished";
}

/* Does it count, and if not, why: the last word in the file, or in its session. */
static void json_verdict(struct pl_json *j, const char *path)
{
	static const char *const names[] = {[PL_TRIAL_UNSAID] = "unsaid",
					    [PL_TRIAL_ACCEPTED] = "accepted",
					    [PL_TRIAL_REJECTED] = "rejected",
					    [PL_TRIAL_UNDECIDED] = "undecided"};
	char reason[480] = "";

	pl_json_string(j, "verdict", names[pl_archive_verdict(path, reason)]);
	if (*reason)
		pl_json_string(j, "reason", reason);
}

static void describe_table(struct pl_json *j, const struct pl_opened *o)
{
	pl_json_begin_object(j, NULL);
	pl_json_string(j, "path", o->table->path);
	pl_json_string(j, "state", "finished");
	pl_json_bool(j, "summary", o->table->meta != NULL);
	if (o->table->problem[0])
		pl_json_string(j, "problem", o->table->problem);
	pl_table_json(o->table, j);
	if (o->table->meta) {
		json_session(j, o->table->meta);
		json_verdict(j, o->table->path);
		json_amendments(j, o->table->path);
	}
	pl_json_end_object(j);
}

static void json_failure(struct pl_json *j, const char *path, const struct pl_error *err)
{
	pl_json_begin_object(j, NULL);
	pl_json_string(j, "path", path);
	pl_json_begin_object(j, "error");
	pl_json_string(j, "code", pl_code_name(err->code));
	pl_json_string(j, "message", err->message);
	pl_json_end_object(j);
	pl_json_end_object(j);
}

static void describe(struct pl_json *j, struct pl_opened *o)
{
	const struct pl_recording_info *info = pl_recording_info(o->recording);
	const struct pl_session_meta *meta = pl_recording_meta(o->recording);
	const char *summary = pl_recording_summary(o->recording);

	pl_json_begin_object(j, NULL);
	pl_json_string(j, "path", info->path);
	pl_json_string(j, "state", state_of(info));
	pl_json_bool(j, "summary", summary && *summary);
	if (info->problem[0])
		pl_json_string(j, "problem", info->problem);
	pl_recording_json(o->recording, j);
	json_calibration(j, pl_recording_calibration(o->recording));
	if (meta) {
		json_session(j, meta);
		json_verdict(j, info->path);
		json_amendments(j, info->path);
	}
	if (o->decode)
		json_capture(j, o);
	pl_json_end_object(j);
}

struct walk {
	const struct pl_subcommand *self;
	const char *as;
	struct pl_hints hints;
	bool json, as_rows;
	size_t shown;
	char *text;
	char folder[512]; /* of the last row */
	int code;
};

/* One recording as an object in its text. PL_EXIT_FAILED: it holds the error instead. */
static int make_text(const struct walk *w, const char *path)
{
	struct pl_error err = {.code = PL_OK};
	struct pl_opened opened;
	struct pl_json json;
	int code = PL_EXIT_OK;

	pl_json_init(&json, w->text, TEXT_BYTES);
	if (pl_open_hinted(&opened, path, w->as, &w->hints, &err) < 0) {
		code = pl_report(w->self, &err);
		json_failure(&json, path, &err);
	} else {
		if (opened.table)
			describe_table(&json, &opened);
		else
			describe(&json, &opened);
		pl_opened_close(&opened);
	}
	if (!pl_json_finish(&json)) {
		pl_say(w->self, "%s: its description does not fit", path);
		strcpy(w->text, "null");
		code = PL_EXIT_FAILED;
	}
	return code;
}

static void line(const char *label, const char *text)
{
	if (text && *text)
		printf("  %-14s %s\n", label, text);
}

static void print_origin(const json_t *cal)
{
	const char *made = pl_figure_text(cal, "calibrated_on", ""), *by;
	char text[256], rms[32], loads[32];

	if (!*made)
		return;
	by = pl_figure_text(cal, "by", "");
	snprintf(text, sizeof(text), "%s%s%s, holds until %s", made, *by ? " by " : "", by,
		 pl_figure_text(cal, "expires", "further notice"));
	line("  made", text);
	if (!json_object_get(cal, "residual_rms_pct"))
		return;
	snprintf(text, sizeof(text), "%s %% RMS of %s loads",
		 pl_figure(json_object_get(cal, "residual_rms_pct"), rms),
		 pl_figure(json_object_get(cal, "loads"), loads));
	line("  residuals", text);
}

static void print_calibration(const json_t *cal)
{
	char text[160];

	if (json_is_true(json_object_get(cal, "expired"))) {
		snprintf(text, sizeof(text), "%s ended on %s: values are counts",
			 pl_figure_text(cal, "id", "-"), pl_figure_text(cal, "expires", "-"));
		line("calibration", text);
		return;
	}
	if (!json_is_true(json_object_get(cal, "calibrated"))) {
		line("calibration", "none: values are counts");
		return;
	}
	if (json_number_value(json_object_get(cal, "scale")) == 1)
		snprintf(text, sizeof(text), "%s, in %s", pl_figure_text(cal, "id", "-"),
			 pl_figure_text(cal, "unit", ""));
	else if (json_object_get(cal, "scale"))
		snprintf(text, sizeof(text), "%s, %.6g %s a count", pl_figure_text(cal, "id", "-"),
			 json_number_value(json_object_get(cal, "scale")),
			 pl_figure_text(cal, "unit", ""));
	else
		snprintf(text, sizeof(text), "%s, a curve in %s", pl_figure_text(cal, "id", "-"),
			 pl_figure_text(cal, "unit", ""));
	line("calibration", text);
	print_origin(cal);
}

static void print_annotations(const json_t *annotations)
{
	const json_t *value;
	const char *key;
	bool first = true;

	json_object_foreach((json_t *)(uintptr_t)annotations, key, value)
	{
		char *text =
			json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT | JSON_REAL_PRECISION(9));

		printf("  %-14s %s: %s\n", first ? "annotations" : "", key, text ? text : "-");
		first = false;
		free(text);
	}
}

static void print_session(const json_t *s)
{
	char text[160], mass[32], trial[32];

	line("subject", pl_figure_text(s, "subject", "-"));
	snprintf(text, sizeof(text), "%s kg", pl_figure(json_object_get(s, "body_mass_kg"), mass));
	if (json_is_number(json_object_get(s, "body_mass_kg")))
		line("body mass", text);
	line("protocol", pl_figure_text(s, "protocol", NULL));
	line("condition", pl_figure_text(s, "condition", NULL));
	line("started", pl_figure_text(s, "started_utc", NULL));
	snprintf(text, sizeof(text), "%s of session %s",
		 pl_figure(json_object_get(s, "trial"), trial),
		 pl_figure_text(s, "session_uuid", "-"));
	line("trial", text);
	snprintf(text, sizeof(text), "%s (%s) on %s", pl_figure_text(s, "mat", "-"),
		 pl_figure_text(s, "mat_file", "-"), pl_figure_text(s, "source", "-"));
	line("mat", text);
	line("software", pl_figure_text(s, "software", NULL));
	line("host", pl_figure_text(s, "host", NULL));
	print_annotations(json_object_get(s, "annotations"));
}

static void print_amendments(const json_t *list)
{
	const json_t *a;
	size_t i;

	json_array_foreach(list, i, a)
	{
		const char *was = pl_figure_text(a, "was", "nothing");
		const char *is = pl_figure_text(a, "is", "nothing");

		printf("  %-14s ", i ? "" : "amended");
		if (json_object_get(a, "problem"))
			printf("%s\n", pl_figure_text(a, "problem", "-"));
		else if (json_object_get(a, "key"))
			printf("%s %s: %s from %s to %s\n", pl_figure_text(a, "utc", "-"),
			       pl_figure_text(a, "who", "-"), pl_figure_text(a, "key", "-"), was,
			       is);
		else
			printf("%s %s: %s %s\n", pl_figure_text(a, "utc", "-"),
			       pl_figure_text(a, "who", "-"), pl_figure_text(a, "kind", "-"),
			       pl_figure_text(a, "text", ""));
	}
}

static void print_capture(const json_t *c)
{
	static const char *const counters[] = {"skipped_bytes", "lost_device", "lost_corrupt",
					       "lost_overrun",	"bad_length",  "bad_checksum",
					       "bad_sanity",	"resyncs",     "duplicates"};
	char text[160], bytes[32];
	bool clean = true;

	snprintf(text, sizeof(text), "%s bytes decoded as %s (%s)",
		 pl_figure(json_object_get(c, "bytes"), bytes), pl_figure_text(c, "mat", "-"),
		 pl_figure_text(c, "protocol", "-"));
	line("capture", text);
	for (size_t i = 0; i < sizeof(counters) / sizeof(counters[0]); i++) {
		const json_t *n = json_object_get(c, counters[i]);

		if (!json_integer_value(n))
			continue;
		printf("  %-14s %s %s\n", clean ? "decoding" : "", pl_figure(n, bytes),
		       counters[i]);
		clean = false;
	}
	if (clean)
		line("decoding", "clean");
}

static void print_state(const json_t *d)
{
	const char *state = pl_figure_text(d, "state", "-");
	const json_t *complete = json_object_get(json_object_get(d, "recording"), "complete");

	if (!json_object_get(d, "session"))
		state = "-"; /* somebody else's file is what it is */
	if (strcmp(state, "recording") == 0)
		line("state", "being recorded right now");
	else if (strcmp(state, "unfinished") == 0)
		line("state", "unfinished; plantar recover makes the .h5");
	else if (strcmp(state, "finished") == 0 && json_is_false(complete))
		line("state", "finished; recovered: the recording did not end by itself");
	else if (strcmp(state, "finished") == 0)
		line("state", "finished, complete");
	line("problem", pl_figure_text(d, "problem", NULL));
	if (json_object_get(d, "session"))
		line("summary", json_is_true(json_object_get(d, "summary"))
					? "stored"
					: "not stored; plantar analyze makes it");
}

static void print_one(const json_t *d)
{
	if (json_object_get(d, "error"))
		return; /* said on stderr */
	pl_figures_recording(stdout, json_object_get(d, "recording"));
	if (json_object_get(d, "calibration"))
		print_calibration(json_object_get(d, "calibration"));
	if (json_object_get(d, "session"))
		print_session(json_object_get(d, "session"));
	print_amendments(json_object_get(d, "amendments"));
	if (json_object_get(d, "capture"))
		print_capture(json_object_get(d, "capture"));
	print_state(d);
}

/* A trial of a folder: one line below its session's folder, which is printed once. */
static const char *verdict_text(const char *path)
{
	char reason[480];

	switch (pl_archive_verdict(path, reason)) {
	case PL_TRIAL_REJECTED:
		return " (rejected)";
	case PL_TRIAL_UNDECIDED:
		return " (undecided)";
	case PL_TRIAL_UNSAID:
	case PL_TRIAL_ACCEPTED:
		break;
	}
	return "";
}

static void print_row(const json_t *d, char *folder, size_t cap)
{
	const json_t *r = json_object_get(d, "recording"), *s = json_object_get(d, "session");
	const char *path = pl_figure_text(d, "path", "-"), *slash = strrchr(path, '/');
	const char *protocol = pl_figure_text(s, "protocol", "");
	const char *condition = pl_figure_text(s, "condition", "");
	char seconds[32], lost[32], own[512];

	if (json_object_get(d, "error"))
		return;
	snprintf(own, sizeof(own), "%.*s", slash ? (int)(slash - path) : 0, path);
	if (strcmp(own, folder) != 0)
		printf("%s  %s\n", own, pl_figure_text(s, "subject", "-"));
	snprintf(folder, cap, "%s", own);
	printf("  %-16s  %-20s %8s s %5s lost  %-10s %s%s%s%s\n", slash ? slash + 1 : path,
	       pl_figure_text(s, "started_utc", "-"),
	       pl_figure(json_object_get(r, "duration_s"), seconds),
	       pl_figure(json_object_get(r, "lost_frames"), lost), pl_figure_text(d, "state", "-"),
	       protocol, *protocol && *condition ? ", " : "", condition, verdict_text(path));
}

static int show(void *user, const char *path)
{
	struct walk *w = user;
	int code = make_text(w, path);
	json_t *d;

	if (code != PL_EXIT_OK)
		w->code = code;
	if (w->json) {
		printf("%s%s", w->shown ? "," : "", w->text);
	} else {
		d = json_loads(w->text, 0, NULL);
		if (w->shown && !w->as_rows && code == PL_EXIT_OK)
			putchar('\n');
		if (w->as_rows)
			print_row(d, w->folder, sizeof(w->folder));
		else
			print_one(d);
		json_decref(d);
	}
	w->shown++;
	return 0;
}

static void show_path(struct walk *w, const char *path)
{
	struct pl_error err = {.code = PL_OK};
	struct stat st;
	int n;

	if (stat(path, &st) != 0 || !S_ISDIR(st.st_mode)) {
		w->as_rows = false;
		show(w, path); /* a file that is not there gets its message from the opener */
		return;
	}
	w->as_rows = true;
	n = pl_folder_trials(path, show, w, &err);
	if (n < 0) {
		w->code = pl_report(w->self, &err);
	} else if (n == 0) {
		pl_say(w->self, "%s holds no trial-*.h5 and no trial-*.journal", path);
		w->code = PL_EXIT_FAILED;
	}
}

static int run(const struct pl_subcommand *self, int argc, char **argv)
{
	struct walk w = {.self = self};
	struct pl_args args;
	int key, paths = 0;
	char **path;

	pl_args_begin(&args, self, argc, argv);
	while ((key = pl_args_next(&args)) > 0) {
		if (key == 'j')
			w.json = true;
		else if (key == PL_OPT_AS)
			w.as = args.value;
		else
			pl_hints_option(&args, key, &w.hints);
	}
	pl_args_operands(&args, 1, -1, "FILE");
	path = args.done ? NULL : pl_named_operands(&args, &paths);
	if (args.done)
		return args.exit_code;
	w.text = malloc(TEXT_BYTES);
	if (!w.text) {
		free(path);
		pl_say(self, "out of memory");
		return PL_EXIT_FAILED;
	}
	if (w.json)
		fputs("{\"recordings\":[", stdout);
	for (int i = 0; i < paths; i++)
		show_path(&w, path[i]);
	if (w.json)
		puts("]}");
	free(w.text);
	free(path);
	return w.code;
}

static const struct pl_option options[] = {
	{'j', "json", NULL, "print one JSON document: {\"recordings\": [...]}"},
	PL_OPTION_ARCHIVE,
	PL_OPTION_AS,
	PL_OPTIONS_HINTS,
	{0},
};

const struct pl_subcommand pl_cmd_info = {
	.name = "info",
	.summary = "say what a recording is",
	.synopsis = "FILE... [--json] [--as MAT]\n"
		    "FILE --columns LIST ... | --dataset NAME --axes LIST --pitch MM --rate HZ",
	.about =
		"Format, size, rate, frames, what is missing, calibration, and for recordings of\n"
		"plantard who, when, with which mat and software, and whether the recording is\n"
		"complete. FILE is any recording that plantar analyze reads. A folder (a session,\n"
		"or the root of many) is the list of its trials, one line each.",
	.options = options,
	.run = run,
};
