/* SPDX-License-Identifier: Apache-2.0 */
/*
 * plantar recover: the .h5 of recordings that a crash, a power cut or a full disk left as
 * journals. The daemon does the same at its start; this is for journals that came from another
 * machine, or after room was made on a full disk. One broken disk block must not keep the
 * other sessions from being recovered (finish.h).
 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <jansson.h>

#include <plantar/archive.h>
#include <plantar/journal.h>
#include <plantar/session.h>

#include "drivers/mat/paths.h"
#include "tools/command.h"
#include "tools/figures.h"
#include "tools/finish.h"
#include "tools/interrupt.h"
#include "tools/progress.h"

enum { OPT_KEEP = PL_OPT_LONG };

struct recover {
	const struct pl_subcommand *self;
	bool keep_journal;
	char **journals;
	size_t n, cap;
	json_t *list; /* NULL: for people */
	size_t done, failed, skipped;
};

static int collect(void *user, const char *journal)
{
	struct recover *r = user;

	if (r->n == r->cap) {
		size_t cap = r->cap ? 2 * r->cap : 64;
		char **more = realloc(r->journals, cap * sizeof(*more));

		if (!more)
			return 1;
		r->journals = more;
		r->cap = cap;
	}
	r->journals[r->n] = strdup(journal);
	r->n += r->journals[r->n] != NULL;
	return 0;
}

static void note(struct recover *r, const char *journal, const char *what,
		 const struct pl_finished *o)
{
	json_t *entry;

	if (!r->list)
		return;
	entry = json_pack("{s:o, s:s}", "journal", pl_text_json(journal), "outcome", what);
	if (o && o->ok) {
		json_object_set_new(entry, "path", pl_text_json(o->result.path));
		json_object_set_new(entry, "frames", json_integer((json_int_t)o->result.frames));
		json_object_set_new(entry, "gaps", json_integer((json_int_t)o->result.gaps));
		json_object_set_new(entry, "complete", json_boolean(o->result.complete));
	} else if (o) {
		json_object_set_new(entry, "error", pl_text_json(o->err.message));
	}
	json_array_append_new(r->list, entry);
}

/* Of a session that was being sealed or amended. */
static void end_change(struct recover *r, const char *announced, const char *folder)
{
	struct pl_finished o = {0};

	if (pl_session_reseal(folder, &o.err) == 0) {
		note(r, announced, "recovered", NULL);
		r->done++;
		if (!r->list)
			printf("%s: the change that was interrupted is at its end\n", folder);
		return;
	}
	pl_report(r->self, &o.err);
	note(r, announced, "failed", &o);
	r->failed++;
}

static void recover_one(struct recover *r, const char *journal)
{
	struct pl_finished o;
	char frames[32], folder[PATH_MAX];

	if (pl_recover_is_session(journal, folder, sizeof(folder))) {
		end_change(r, journal, folder);
		return;
	}
	if (access(journal, F_OK) == 0 && pl_journal_has_writer(journal)) {
		pl_say(r->self, "%s is being recorded right now; left alone", journal);
		note(r, journal, "skipped", NULL);
		r->skipped++;
		return;
	}
	pl_finish_trial(&(struct pl_finish){.self = r->self,
					    .journal = journal,
					    .what = "recovering",
					    .keep_journal = r->keep_journal},
			&o);
	if (o.ok) {
		note(r, journal, "recovered", &o);
		r->done++;
		if (!r->list)
			printf("%s: %s frames, %s\n", o.result.path,
			       pl_count_text(o.result.frames, frames),
			       o.result.complete ? "complete"
						 : "up to where the recording broke off");
	} else if (o.err.code == PL_EBUSY) {
		pl_say(r->self, "%s; left alone", o.err.message);
		note(r, journal, "skipped", NULL);
		r->skipped++;
	} else {
		pl_report(r->self, &o.err);
		note(r, journal, "failed", &o);
		r->failed++;
	}
}

/* A journal by name, or every one below a folder whose writer is gone. */
static int find_journals(struct recover *r, const char *path, struct pl_error *err)
{
	struct stat st;

	if (stat(path, &st) != 0)
		return pl_error_set(err, errno == EACCES ? PL_EACCES : PL_ENOENT, errno,
				    "cannot look at %s: %s", path, strerror(errno));
	if (S_ISDIR(st.st_mode))
		return pl_recover_find(path, collect, r, err) < 0 ? -1 : 0;
	collect(r, path);
	return 0;
}

static int finish(struct recover *r, const char *where)
{
	bool stopped = pl_interrupted();

	if (r->list) {
		json_t *document =
			json_pack("{s:o, s:I, s:I, s:I}", "journals", r->list, "recovered",
				  (json_int_t)r->done, "failed", (json_int_t)r->failed, "skipped",
				  (json_int_t)r->skipped);

		json_dumpf(document, stdout, JSON_COMPACT);
		putchar('\n');
		json_decref(document);
	} else if (!r->n) {
		printf("nothing to recover in %s\n", where);
	}
	if (stopped)
		pl_say(r->self, "interrupted: the rest is as it was");
	return r->failed || stopped ? PL_EXIT_FAILED : PL_EXIT_OK;
}

static int run(const struct pl_subcommand *self, int argc, char **argv)
{
	struct recover r = {.self = self};
	struct pl_error err = {.code = PL_OK};
	struct pl_args args;
	bool json = false;
	char folders[PL_SESSIONS_MAX][512];
	const char *path;
	unsigned n = 1;
	int key, code;

	pl_args_begin(&args, self, argc, argv);
	while ((key = pl_args_next(&args)) > 0) {
		if (key == 'j')
			json = true;
		else if (key == OPT_KEEP)
			r.keep_journal = true;
	}
	pl_args_operands(&args, 0, 1, "FOLDER");
	if (args.done)
		return args.exit_code;
	if (args.first == argc)
		n = pl_sessions_dirs(folders);
	path = args.first < argc ? argv[args.first] : folders[0];
	if (args.first == argc && access(path, F_OK) != 0 && n == 1) {
		pl_say(self, "there is no %s yet: nothing was ever recorded here", path);
		return PL_EXIT_FAILED;
	}
	for (unsigned i = 0; i < n; i++) {
		if (args.first == argc && access(folders[i], F_OK) != 0)
			pl_say(self, "%s is not there", folders[i]);
		else if (find_journals(&r, i ? folders[i] : path, &err) < 0)
			return pl_report(self, &err);
	}
	pl_interrupt_catch();
	if (json)
		r.list = json_array();
	for (size_t i = 0; i < r.n && !pl_interrupted(); i++)
		recover_one(&r, r.journals[i]);
	code = finish(&r, path);
	for (size_t i = 0; i < r.n; i++)
		free(r.journals[i]);
	free(r.journals);
	return code;
}

static const struct pl_option options[] = {
	{OPT_KEEP, "keep-journal", NULL, "leave the journal beside the .h5"},
	{'j', "json", NULL, "print one JSON document"},
	{0},
};

const struct pl_subcommand pl_cmd_recover = {
	.name = "recover",
	.summary = "finish recordings that a crash interrupted",
	.synopsis = "[FOLDER | JOURNAL] [--keep-journal] [--json]",
	.about = "Makes the .h5 of every journal below FOLDER whose writer is gone, verifies it\n"
		 "against the journal, and only then removes the journal. Without FOLDER: where "
		 "the\n"
		 "daemon keeps its sessions. plantard does this by itself at its start. A journal\n"
		 "that is being written, or converted by somebody else, is left alone.",
	.options = options,
	.run = run,
};
