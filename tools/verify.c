/* SPDX-License-Identifier: Apache-2.0 */
/*
 * plantar verify: are the recordings what they were when they were closed, and do their figures
 * still follow from their raw frames? Names of sessions or of any folder above them. A person gets
 * a line a file; whoever runs it every night gets an exit code and a document.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <jansson.h>

#include <plantar/archive.h>

#include "tools/archives.h"
#include "tools/command.h"
#include "tools/erased.h"
#include "tools/figures.h"
#include "tools/folder.h"
#include "tools/interrupt.h"
#include "tools/progress.h"
#include "tools/verify_audit.h"

struct verify {
	const struct pl_subcommand *self;
	struct pl_progress progress;
	json_t *files, *logs; /* NULL: for people */
	size_t checked, problems, unfinished, audits, erased;
	char last_folder[4096];
	unsigned char key[PL_SITE_PUBLIC_BYTES];
	const unsigned char *public_key; /* NULL: any, or none */
	int code;
};

enum { OPT_PUBLIC_KEY = PL_OPT_LONG };

static void print_good(const struct pl_verify_report *r)
{
	char frames[32], lost[32];

	printf("ok   %s: ", r->path);
	if (*r->signed_by) {
		printf("signed by %.16s..., signature right\n", r->signed_by);
		return;
	}
	if (!r->overview)
		printf("%s frames, %s lost, ", pl_count_text(r->frames, frames),
		       pl_count_text(r->lost_frames, lost));
	printf("%s%s\n", r->manifest_present ? "checksum right" : "no MANIFEST.sha256 names it",
	       r->metrics_checked ? ", metrics follow from the frames" : "");
}

static bool step(void *user, uint64_t done, uint64_t total)
{
	struct verify *v = user;

	return pl_progress_step(&v->progress, done, total);
}

static void show(void *user, const struct pl_verify_report *r)
{
	struct verify *v = user;

	v->checked++;
	v->problems += r->problem[0] != '\0';
	if (v->files) {
		json_array_append_new(
			v->files,
			json_pack("{s:o, s:s, s:b, s:b, s:b, s:b, s:b, s:b, s:I, s:I, s:I, s:o}",
				  "path", pl_text_json(r->path), "kind",
				  *r->signed_by ? "signature"
				  : r->overview ? "overview"
						: "trial",
				  "ok", !r->problem[0], "readable", r->readable, "manifest_present",
				  r->manifest_present, "manifest_ok", r->manifest_ok,
				  "metrics_checked", r->metrics_checked, "metrics_bit_equal",
				  r->metrics_bit_equal, "frames", (json_int_t)r->frames, "gaps",
				  (json_int_t)r->gaps, "lost_frames", (json_int_t)r->lost_frames,
				  "problem",
				  r->problem[0] ? pl_text_json(r->problem) : json_null()));
		return;
	}
	pl_progress_end(&v->progress);
	if (r->problem[0])
		printf("BAD  %s: %s\n", r->path, r->problem);
	else
		print_good(r);
	pl_progress_begin(&v->progress, "verifying", "frames");
}

static void verify_one(struct verify *v, const char *path)
{
	struct pl_error err = {.code = PL_OK};

	pl_progress_begin(&v->progress, "verifying", "frames");
	if (pl_verify_signed(path, v->public_key, show, step, v, &err) < 0) {
		pl_progress_end(&v->progress);
		v->code = pl_report(v->self, &err);
	}
	pl_progress_end(&v->progress);
}

/* Each session's folder once; its files come one after the other. */
static int verify_folder_of(void *user, const char *file)
{
	struct verify *v = user;
	size_t n = (size_t)(strrchr(file, '/') - file);

	if (strncmp(v->last_folder, file, n) == 0 && !v->last_folder[n])
		return 0;
	snprintf(v->last_folder, sizeof(v->last_folder), "%.*s", (int)n, file);
	verify_one(v, v->last_folder);
	return pl_interrupted();
}

static bool is_journal(const char *path)
{
	return strcmp(strrchr(path, '.'), ".journal") == 0;
}

/* Sessions with a manifest are looked at already; what is left is unfinished or without one. */
static int verify_rest(void *user, const char *trial)
{
	struct verify *v = user;
	size_t n = (size_t)(strrchr(trial, '/') - trial);
	char manifest[4200];

	if (is_journal(trial)) {
		v->unfinished++;
		return 0;
	}
	snprintf(manifest, sizeof(manifest), "%.*s/MANIFEST.sha256", (int)n, trial);
	return access(manifest, F_OK) == 0 ? 0 : verify_folder_of(v, trial);
}

/* What a session left when it was erased. */
static void take_tombstone(void *user, const char *path, const json_t *tombstone, bool finished)
{
	struct verify *v = user;
	struct pl_verify_report report = {.overview = true};

	if (tombstone && finished) {
		v->erased++;
		return;
	}
	snprintf(report.path, sizeof(report.path), "%s", path);
	snprintf(report.problem, sizeof(report.problem), "%s",
		 tombstone ? "the session was not erased to the end; ask plantar erase again"
			   : "no tombstone: it cannot be read");
	show(v, &report);
}

static void verify_path(struct verify *v, const char *path)
{
	struct pl_error err = {.code = PL_OK};
	struct stat st;
	size_t before = v->checked + v->unfinished, audits = v->audits;

	if (stat(path, &st) != 0 || !S_ISDIR(st.st_mode)) {
		verify_one(v, path);
		return;
	}
	if (pl_verify_has_audit(path)) {
		v->audits++;
		if (pl_verify_audit(path, v->logs, &v->problems, &err))
			v->code = pl_report(v->self, &err);
	}
	v->audits += pl_erased_each(path, take_tombstone, v, NULL) > 0;
	v->last_folder[0] = '\0';
	if (pl_folder_manifests(path, verify_folder_of, v, &err) < 0 ||
	    pl_folder_trials(path, verify_rest, v, &err) < 0) {
		v->code = pl_report(v->self, &err);
	} else if (v->checked + v->unfinished == before && v->audits == audits &&
		   v->code == PL_EXIT_OK) {
		pl_say(v->self, "%s holds no trial-*.h5", path);
		v->code = PL_EXIT_FAILED;
	}
}

static void take_key(struct pl_args *args, struct verify *v)
{
	struct pl_error err = {.code = PL_OK};

	if (pl_site_key_public(args->value, v->key, &err))
		pl_args_fail(args, "%s", err.message);
	v->public_key = v->key;
}

static int run(const struct pl_subcommand *self, int argc, char **argv)
{
	struct verify v = {.self = self};
	struct pl_args args;
	int key, paths = 0;
	char **path;

	pl_args_begin(&args, self, argc, argv);
	while ((key = pl_args_next(&args)) > 0)
		if (key == 'j' && !v.files) {
			v.files = json_array();
			v.logs = json_array();
		} else if (key == OPT_PUBLIC_KEY) {
			take_key(&args, &v);
		}
	pl_args_operands(&args, 1, -1, "PATH");
	path = args.done ? NULL : pl_named_operands(&args, &paths);
	if (args.done) {
		json_decref(v.files);
		json_decref(v.logs);
		return args.exit_code;
	}
	pl_interrupt_catch();
	for (int i = 0; i < paths && !pl_interrupted(); i++)
		verify_path(&v, path[i]);
	free(path);
	if (v.unfinished)
		pl_say(self, "%zu recordings are unfinished; plantar recover finishes them",
		       v.unfinished);
	if (v.erased && !v.files)
		printf("%zu session%s erased on purpose\n", v.erased, v.erased == 1 ? "" : "s");
	if (v.files) {
		json_t *document =
			json_pack("{s:o, s:o, s:I, s:I, s:I}", "files", v.files, "audit", v.logs,
				  "problems", (json_int_t)v.problems, "unfinished",
				  (json_int_t)v.unfinished, "erased", (json_int_t)v.erased);

		json_dumpf(document, stdout, JSON_COMPACT);
		putchar('\n');
		json_decref(document);
	} else if (v.checked) {
		printf("%zu file%s, %zu with a problem\n", v.checked, v.checked == 1 ? "" : "s",
		       v.problems);
	}
	if (pl_interrupted()) {
		pl_say(self, "interrupted: not everything was checked");
		return PL_EXIT_FAILED;
	}
	return v.problems && v.code == PL_EXIT_OK ? PL_EXIT_FAILED : v.code;
}

static const struct pl_option options[] = {
	{OPT_PUBLIC_KEY, "public-key", "FILE", "sessions must be signed by this key of a site"},
	PL_OPTION_ARCHIVE,
	{'j', "json", NULL, "print one JSON document"},
	{0},
};

const struct pl_subcommand pl_cmd_verify = {
	.name = "verify",
	.summary = "check that recordings are whole and unchanged",
	.synopsis = "PATH... [--public-key FILE] [--json]",
	.about =
		"PATH is a .h5 of plantard, a session folder, or any folder above sessions. Every\n"
		"frame is read; sequence numbers and gaps must tell the same story; "
		"MANIFEST.sha256\n"
		"must match; the live figures computed again from the raw frames must equal the\n"
		"stored ones bit for bit. An audit.log in PATH must be an unbroken chain. Exit 0\n"
		"when all is well, 1 when a file has a problem.",
	.options = options,
	.run = run,
};
