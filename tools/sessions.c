/* SPDX-License-Identifier: Apache-2.0 */
/*
 * plantar sessions: which sessions there are, newest first. What a session's overview
 * (session.json) says is believed, so a list of years takes no look into their recordings; what is
 * recorded right now has no overview yet and is asked for its head.
 */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <jansson.h>

#include <plantar/archive.h>
#include <plantar/journal.h>

#include "tools/archives.h"
#include "tools/command.h"
#include "tools/erased.h"
#include "tools/figures.h"
#include "tools/open.h"

#define LIMIT 100
#define LIMIT_MAX 100000
#define MONTHS_MAX 4096 /* of all archives */

enum { OPT_SUBJECT = PL_OPT_LONG, OPT_LIMIT };

struct listing {
	const struct pl_subcommand *self;
	const char *subject; /* NULL: everybody */
	int64_t limit;
	json_t *sessions; /* of all months looked at, newest first */
	json_t *month;	  /* of this one, by uuid */
	bool problem;
};

/* Of a path that would be too long nothing is left: it is not found, and that is said. */
static const char *join(char path[PL_NAMED_PATH], const char *folder, const char *name)
{
	if (snprintf(path, PL_NAMED_PATH, "%s/%s", folder, name) >= PL_NAMED_PATH)
		path[0] = '\0';
	return path;
}

/* ---- one session ---- */

static void add_once(json_t *session, const char *key, const char *word)
{
	json_t *list = json_object_get(session, key);
	const json_t *known;
	size_t i;

	json_array_foreach(list, i, known) if (strcmp(json_string_value(known), word) == 0) return;
	if (*word)
		json_array_append_new(list, pl_text_json(word));
}

static void count(json_t *session, const char *key)
{
	json_int_t n = json_integer_value(json_object_get(session, key));

	json_object_set_new(session, key, json_integer(n + 1));
}

/* What is said first holds; a session's beginning is the earliest that anybody says. */
static void say(json_t *session, const char *key, const char *text)
{
	const char *was = pl_figure_text(session, key, "");
	bool earlier = strcmp(key, "started_utc") == 0 && strcmp(text, was) < 0;

	if (*text && (!*was || earlier))
		json_object_set_new(session, key, pl_text_json(text));
}

static json_t *session_of(struct listing *l, const char *uuid)
{
	json_t *s = json_object_get(l->month, uuid);

	if (s)
		return s;
	s = json_pack("{s:s, s:s, s:s, s:[], s:n, s:[], s:i, s:i, s:i, s:i, s:b, s:b, s:i}",
		      "session_uuid", uuid, "subject", "", "protocol", "", "conditions",
		      "started_utc", "mats", "trials", 0, "accepted", 0, "rejected", 0, "undecided",
		      0, "sealed", 1, "recording", 0, "unfinished", 0);
	json_object_set_new(l->month, uuid, s);
	return s;
}

static void take_meta(json_t *session, const struct pl_session_meta *meta)
{
	time_t s = (time_t)(meta->started_utc_ns / 1000000000);
	char text[32] = "";
	struct tm tm;

	if (gmtime_r(&s, &tm))
		strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &tm);
	say(session, "subject", meta->subject);
	say(session, "protocol", meta->protocol);
	say(session, "started_utc", text);
	add_once(session, "conditions", meta->condition);
	add_once(session, "mats", meta->mat);
}

/* An overview of before it named the mats, or none: the trial is asked. */
static void look_into(struct listing *l, json_t *session, const char *path)
{
	struct pl_error err = {.code = PL_OK};
	const struct pl_session_meta *meta;
	struct pl_opened opened;

	if (pl_open_any(&opened, path, NULL, &err) < 0) {
		pl_say(l->self, "%s", err.message);
		l->problem = true;
		return;
	}
	meta = opened.table ? opened.table->meta : pl_recording_meta(opened.recording);
	if (meta)
		take_meta(session, meta);
	pl_opened_close(&opened);
}

static void take_trial(struct listing *l, json_t *session, const char *folder, const json_t *trial)
{
	const json_t *accepted = json_object_get(trial, "accepted");
	const char *mat = pl_figure_text(trial, "mat", "");
	char path[PL_NAMED_PATH];

	count(session, "trials");
	if (json_object_get(trial, "problem"))
		return;
	count(session, json_is_true(accepted)	 ? "accepted"
		       : json_is_false(accepted) ? "rejected"
						 : "undecided");
	add_once(session, "conditions", pl_figure_text(trial, "condition", ""));
	add_once(session, "mats", mat);
	join(path, folder, pl_figure_text(trial, "file", ""));
	if (!*mat && access(path, F_OK) == 0)
		look_into(l, session, path);
}

/* False: there is none, or none that can be read. */
static bool take_overview(struct listing *l, json_t *session, const char *folder)
{
	char path[PL_NAMED_PATH];
	json_t *overview;
	const json_t *trial, *log;
	size_t i;

	join(path, folder, "session.json");
	overview = json_load_file(path, 0, NULL);
	if (!overview)
		return false;
	say(session, "subject", pl_figure_text(overview, "subject", ""));
	say(session, "protocol", pl_figure_text(overview, "protocol", ""));
	say(session, "started_utc", pl_figure_text(overview, "started_utc", ""));
	json_array_foreach(json_object_get(overview, "trials"), i, trial)
		take_trial(l, session, folder, trial);
	/* begun, and nothing recorded yet */
	log = json_array_get(json_object_get(overview, "protocols"), 0);
	if (!*pl_figure_text(session, "started_utc", ""))
		say(session, "started_utc", pl_figure_text(log, "started_utc", ""));
	json_decref(overview);
	return true;
}

static void take_journal(struct listing *l, json_t *session, const char *path)
{
	struct pl_error err = {.code = PL_OK};
	struct pl_journal_reader *r = pl_journal_open(path, &err);

	count(session, "trials");
	count(session, "undecided");
	count(session, "unfinished");
	if (pl_journal_has_writer(path))
		json_object_set_new(session, "recording", json_true());
	if (!r) {
		pl_say(l->self, "%s", err.message);
		l->problem = true;
		return;
	}
	take_meta(session, pl_journal_meta(r));
	pl_journal_reader_close(r);
}

static bool ends(const char *name, const char *end)
{
	size_t n = strlen(name), m = strlen(end);

	return n > m && strcmp(name + n - m, end) == 0;
}

static int is_trial(const struct dirent *entry)
{
	return strncmp(entry->d_name, "trial-", 6) == 0 &&
	       (ends(entry->d_name, ".h5") || ends(entry->d_name, ".journal"));
}

static bool has(const char *folder, const char *name)
{
	char path[PL_NAMED_PATH];

	join(path, folder, name);
	return access(path, F_OK) == 0;
}

static void take_session(struct listing *l, const char *folder, const char *uuid)
{
	struct dirent **entry;
	int n = scandir(folder, &entry, is_trial, versionsort);
	char path[PL_NAMED_PATH];
	bool overview;
	json_t *s;

	if (n < 0 || (n == 0 && !has(folder, "session.json"))) {
		if (n == 0)
			free(entry);
		return; /* erased, or nothing in it yet */
	}
	s = session_of(l, uuid);
	overview = take_overview(l, s, folder);
	for (int i = 0; i < n; i++) {
		join(path, folder, entry[i]->d_name);
		if (ends(path, ".journal")) {
			take_journal(l, s, path);
		} else if (!overview) {
			count(s, "trials");
			count(s, "undecided");
			look_into(l, s, path);
		}
		free(entry[i]);
	}
	free(entry);
	if (!has(folder, "MANIFEST.sha256") || has(folder, "MANIFEST.sha256.pending"))
		json_object_set_new(s, "sealed", json_false());
}

/* ---- an archive ---- */

static int by_name_down(const void *a, const void *b)
{
	return strcmp(b, a);
}

/* "2026/11" of every root, each once, the latest first. */
struct months {
	size_t n;
	char name[MONTHS_MAX][10];
};

static void add_month(struct months *m, const char *year, const char *month)
{
	char name[10];

	if (strspn(year, "0123456789") != 4 || year[4] || strspn(month, "0123456789") != 2 ||
	    month[2])
		return;
	snprintf(name, sizeof(name), "%.4s/%.2s", year, month);
	for (size_t i = 0; i < m->n; i++)
		if (strcmp(m->name[i], name) == 0)
			return;
	if (m->n < MONTHS_MAX)
		strcpy(m->name[m->n++], name);
}

static int look_for_months(const char *root, struct months *m, struct pl_error *err)
{
	const struct dirent *y, *e;
	DIR *years = opendir(root), *dir;
	char path[PL_NAMED_PATH];

	if (!years && errno == ENOENT)
		return pl_error_set(err, PL_ENOENT, ENOENT,
				    "nothing has been recorded here yet: there is no folder %s; "
				    "--archive names another one",
				    root);
	if (!years)
		return pl_error_set(err, PL_EIO, errno,
				    "cannot read %s: %s; --archive names another folder", root,
				    strerror(errno));
	while ((y = readdir(years))) {
		join(path, root, y->d_name);
		dir = strspn(y->d_name, "0123456789") == 4 ? opendir(path) : NULL;
		while (dir && (e = readdir(dir)))
			add_month(m, y->d_name, e->d_name);
		if (dir)
			closedir(dir);
	}
	closedir(years);
	return 0;
}

static void take_month(struct listing *l, const char *root, const char *month)
{
	char folder[PL_NAMED_PATH], path[PL_NAMED_PATH];
	const struct dirent *e;
	DIR *dir;

	join(folder, root, month);
	dir = opendir(folder);
	while (dir && (e = readdir(dir))) {
		join(path, folder, e->d_name);
		if (pl_is_uuid(e->d_name))
			take_session(l, path, e->d_name);
	}
	if (dir)
		closedir(dir);
}

static int latest_first(const void *a, const void *b)
{
	return strcmp(pl_figure_text(*(json_t *const *)b, "started_utc", ""),
		      pl_figure_text(*(json_t *const *)a, "started_utc", ""));
}

/* Those of the month, sorted, as far as they are asked for and within the limit. */
static void keep_month(struct listing *l)
{
	size_t n = 0, size = json_object_size(l->month);
	json_t **list = calloc(size + 1, sizeof(json_t *)), *s;
	const char *uuid;

	json_object_foreach(l->month, uuid, s) if (list) list[n++] = s;
	if (list)
		qsort(list, n, sizeof(*list), latest_first);
	for (size_t i = 0; i < n; i++) {
		if (l->subject && strcmp(pl_figure_text(list[i], "subject", ""), l->subject) != 0)
			continue;
		if (json_array_size(l->sessions) < (size_t)l->limit)
			json_array_append(l->sessions, list[i]);
	}
	free(list);
	json_object_clear(l->month);
}

static int list_all(struct listing *l, struct pl_error *err)
{
	char archives[PL_SESSIONS_MAX][512];
	unsigned n = pl_archive_folders(archives), unread = 0;
	struct months *m = calloc(1, sizeof(*m));

	if (!m)
		return pl_error_set(err, PL_ENOMEM, 0, "out of memory");
	for (unsigned i = 0; i < n; i++)
		unread += look_for_months(archives[i], m, err) != 0;
	qsort(m->name, m->n, sizeof(m->name[0]), by_name_down);
	for (size_t k = 0; k < m->n && json_array_size(l->sessions) < (size_t)l->limit; k++) {
		for (unsigned i = 0; i < n; i++)
			take_month(l, archives[i], m->name[k]);
		keep_month(l);
	}
	free(m);
	if (unread == n)
		return -1;
	if (unread) { /* a disk that is not there hides no other */
		pl_say(l->self, "%s", err->message);
		l->problem = true;
	}
	return 0;
}

/* ---- output ---- */

static void print_words(const json_t *list, const char *none)
{
	const json_t *word;
	size_t i;

	json_array_foreach(list, i, word) printf("%s%s", i ? ", " : "", json_string_value(word));
	if (json_array_size(list) == 0)
		printf("%s", none);
}

static void print_session(const json_t *s)
{
	json_int_t rejected = json_integer_value(json_object_get(s, "rejected"));
	json_int_t undecided = json_integer_value(json_object_get(s, "undecided"));
	json_int_t unfinished = json_integer_value(json_object_get(s, "unfinished"));

	printf("%s  %.10s %.5s  %-12s %2lld trial%s  %s", pl_figure_text(s, "session_uuid", "-"),
	       pl_figure_text(s, "started_utc", "-         "),
	       strlen(pl_figure_text(s, "started_utc", "")) > 11
		       ? pl_figure_text(s, "started_utc", "") + 11
		       : "-    ",
	       pl_figure_text(s, "subject", "-"), json_integer_value(json_object_get(s, "trials")),
	       json_integer_value(json_object_get(s, "trials")) == 1 ? " " : "s",
	       pl_figure_text(s, "protocol", ""));
	printf("%s", *pl_figure_text(s, "protocol", "") &&
				     json_array_size(json_object_get(s, "conditions"))
			     ? ": "
			     : "");
	print_words(json_object_get(s, "conditions"), "");
	printf("  [");
	print_words(json_object_get(s, "mats"), "-");
	printf("]");
	if (rejected)
		printf("  %lld rejected", rejected);
	if (undecided > unfinished)
		printf("  %lld undecided", undecided - unfinished);
	if (json_is_true(json_object_get(s, "recording")))
		printf("  being recorded");
	else if (unfinished)
		printf("  %lld unfinished", unfinished);
	else if (json_is_false(json_object_get(s, "sealed")))
		printf("  not sealed");
	putchar('\n');
}

static void print_table(const struct listing *l)
{
	const json_t *s;
	size_t i;

	json_array_foreach(l->sessions, i, s) print_session(s);
	if (json_array_size(l->sessions) == 0)
		pl_say(l->self, "no session%s%s", l->subject ? " of " : "",
		       l->subject ? l->subject : "");
	else if (json_array_size(l->sessions) == (size_t)l->limit)
		pl_say(l->self, "the last %lld; --limit shows more", (long long)l->limit);
}

static int run(const struct pl_subcommand *self, int argc, char **argv)
{
	struct listing l = {.self = self, .limit = LIMIT};
	struct pl_error err = {.code = PL_OK};
	struct pl_args args;
	bool json = false;
	int key, code;

	pl_args_begin(&args, self, argc, argv);
	while ((key = pl_args_next(&args)) > 0) {
		if (key == 'j')
			json = true;
		else if (key == OPT_SUBJECT)
			l.subject = args.value;
		else if (key == OPT_LIMIT)
			pl_args_integer(&args, 1, LIMIT_MAX, &l.limit);
	}
	pl_args_operands(&args, 0, 0, "");
	if (args.done)
		return args.exit_code;
	l.sessions = json_array();
	l.month = json_object();
	if (list_all(&l, &err)) {
		code = pl_report(self, &err);
	} else if (json) {
		json_t *document = json_pack("{s:O}", "sessions", l.sessions);

		json_dumpf(document, stdout, JSON_COMPACT);
		putchar('\n');
		json_decref(document);
		code = PL_EXIT_OK;
	} else {
		print_table(&l);
		code = PL_EXIT_OK;
	}
	json_decref(l.sessions);
	json_decref(l.month);
	return code == PL_EXIT_OK && l.problem ? PL_EXIT_FAILED : code;
}

static const struct pl_option options[] = {
	{OPT_SUBJECT, "subject", "CODE", "sessions of this person only"},
	{OPT_LIMIT, "limit", "N", "at most so many, the newest ones; default 100"},
	PL_OPTION_ARCHIVE,
	{'j', "json", NULL, "print one JSON document: {\"sessions\": [...]}"},
	{0},
};

const struct pl_subcommand pl_cmd_sessions = {
	.name = "sessions",
	.summary = "list the sessions of the archive",
	.synopsis = "[--subject CODE] [--limit N] [--archive FOLDER] [--json]",
	.about = "Newest first, a line a session: its uuid, when it began, whose it is, trials,\n"
		 "protocol and conditions, mats, and what is rejected, undecided or unfinished.\n"
		 "Every command that takes a session's folder takes its uuid, too, and UUID/3 for\n"
		 "a trial of it.",
	.options = options,
	.run = run,
};
