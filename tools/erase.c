/* SPDX-License-Identifier: Apache-2.0 */
/*
 * plantar erase: a person wants their recordings gone. Everything of theirs goes, and what stays
 * says that it is gone on purpose: without it, an archive with holes looks like one that loses
 * recordings. In each session's folder the tombstone is written before anything is removed, so that
 * an erasure that was interrupted can be seen, and is finished by asking again.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <plantar/audit.h>
#include <plantar/hints.h>
#include <plantar/recording.h>

#include "drivers/mat/paths.h"
#include "tools/command.h"
#include "tools/erased.h"
#include "tools/folder.h"
#include "tools/open.h"

#define SESSIONS_MAX 10000
#define TEXT_MAX ((size_t)64 << 20)

enum { OPT_ARCHIVE = PL_OPT_LONG, OPT_YES, OPT_DRY_RUN };

struct session {
	char folder[2048];
	uint64_t files, bytes, trials, frames;
	char manifest[65]; /* SHA-256 of MANIFEST.sha256, "" */
	bool ours, others, unfinished;
};

struct erase {
	const struct pl_subcommand *self;
	const char *subject;
	const char *folder, *second; /* second: archive.fallback; NULL: none */
	const char *state;	     /* where the audit log is */
	struct session *list;
	size_t n, erased;
	bool yes, dry_run, json;
	uint64_t bytes, trials;
};

/* ---- whose session is it ---- */

static bool ends_with(const char *name, const char *end)
{
	size_t n = strlen(name), m = strlen(end);

	return n >= m && strcmp(name + n - m, end) == 0;
}

static void take_code(struct erase *e, struct session *s, const char *code)
{
	if (!code || !*code)
		return;
	if (strcmp(code, e->subject) == 0)
		s->ours = true;
	else
		s->others = true;
}

/* "subject" wherever it stands: session.json, logs of protocols, corrections. */
static void look_into(struct erase *e, struct session *s, const json_t *value)
{
	const json_t *member;
	const char *key;
	size_t i;

	if (json_is_array(value))
		json_array_foreach(value, i, member) look_into(e, s, member);
	if (!json_is_object(value))
		return;
	json_object_foreach((json_t *)(uintptr_t)value, key, member)
	{
		if (strcmp(key, "subject") == 0)
			take_code(e, s, json_string_value(member));
		look_into(e, s, member);
	}
}

static void look_into_text(struct erase *e, struct session *s, const char *path)
{
	FILE *in = fopen(path, "r");
	json_t *whole = json_load_file(path, 0, NULL);
	char *line = NULL;
	size_t cap = 0;

	if (whole) {
		look_into(e, s, whole);
	} else {
		while (in && getline(&line, &cap, in) > 0) {
			json_t *root = json_loads(line, 0, NULL);

			look_into(e, s, root);
			json_decref(root);
		}
	}
	free(line);
	json_decref(whole);
	if (in)
		fclose(in);
}

static void look_into_trial(struct erase *e, struct session *s, const char *path)
{
	const struct pl_session_meta *meta;
	struct pl_opened o;

	s->trials++;
	if (pl_open_any(&o, path, NULL, NULL) < 0)
		return;
	meta = o.table ? o.table->meta : pl_recording_meta(o.recording);
	if (meta)
		take_code(e, s, meta->subject);
	s->frames += o.table ? o.table->table.rows : pl_recording_info(o.recording)->frames;
	pl_opened_close(&o);
}

static void hash_manifest(struct session *s, const char *path)
{
	unsigned char digest[crypto_hash_sha256_BYTES], *data = malloc(TEXT_MAX);
	FILE *in = fopen(path, "r");
	size_t n = in && data ? fread(data, 1, TEXT_MAX, in) : 0;

	if (n > 0) {
		crypto_hash_sha256(digest, data, n);
		sodium_bin2hex(s->manifest, sizeof(s->manifest), digest, sizeof(digest));
	}
	if (in)
		fclose(in);
	free(data);
}

static void look_at(struct erase *e, struct session *s, const char *name)
{
	char path[4096];
	struct stat st;

	snprintf(path, sizeof(path), "%s/%s", s->folder, name);
	if (lstat(path, &st) || !S_ISREG(st.st_mode) || strcmp(name, PL_TOMBSTONE) == 0)
		return;
	s->files++;
	s->bytes += (uint64_t)st.st_size;
	if (ends_with(name, ".journal") || ends_with(name, ".part") || ends_with(name, ".lock"))
		s->unfinished = true;
	if (ends_with(name, ".json") || ends_with(name, ".jsonl") || ends_with(name, ".log"))
		look_into_text(e, s, path);
	if (strncmp(name, "trial-", 6) == 0 &&
	    (ends_with(name, ".h5") || ends_with(name, ".journal")))
		look_into_trial(e, s, path);
	if (strcmp(name, "MANIFEST.sha256") == 0)
		hash_manifest(s, path);
}

static void look_at_session(struct erase *e, struct session *s)
{
	const struct dirent *entry;
	DIR *dir = opendir(s->folder);

	while (dir && (entry = readdir(dir)))
		look_at(e, s, entry->d_name);
	if (dir)
		closedir(dir);
}

/* Is the session that a file belongs to in the list? */
static bool listed(const struct erase *e, const char *path)
{
	size_t n = (size_t)(strrchr(path, '/') - path);

	for (size_t i = e->n; i-- > 0;)
		if (strncmp(e->list[i].folder, path, n) == 0 && !e->list[i].folder[n])
			return true;
	return false;
}

static int take_session(void *user, const char *path)
{
	struct erase *e = user;
	size_t n = (size_t)(strrchr(path, '/') - path);
	struct session *s = &e->list[e->n];

	if (listed(e, path))
		return 0;
	if (e->n == SESSIONS_MAX)
		return 1;
	*s = (struct session){0};
	snprintf(s->folder, sizeof(s->folder), "%.*s", (int)n, path);
	look_at_session(e, s);
	if (s->ours)
		e->n++;
	return 0;
}

/* An erasure that was interrupted: the tombstone says whose it was. */
static void take_unfinished(void *user, const char *path, const json_t *tombstone, bool finished)
{
	struct erase *e = user;
	const char *salt = json_string_value(json_object_get(tombstone, "subject_salt"));
	const char *hash = json_string_value(json_object_get(tombstone, "subject_sha256"));
	char hex[65];

	if (finished || !salt || !hash || listed(e, path))
		return;
	pl_erased_hash(salt, e->subject, hex);
	if (strcmp(hex, hash) != 0)
		return;
	take_session(e, path);
	if (!listed(e, path) && e->n < SESSIONS_MAX) /* what is left does not name anybody */
		e->n++;
}

static int find_below(struct erase *e, const char *folder, struct pl_error *err)
{
	static const char *const marks[] = {"session.json", "trial-*.h5", "trial-*.journal",
					    "*.jsonl", "protocol*"};

	for (size_t i = 0; i < sizeof(marks) / sizeof(marks[0]); i++)
		if (pl_folder_named(folder, marks[i], take_session, e, err) < 0)
			return -1;
	return pl_erased_each(folder, take_unfinished, e, err) < 0 ? -1 : 0;
}

static int find_sessions(struct erase *e, struct pl_error *err)
{
	if (find_below(e, e->folder, err))
		return -1;
	if (e->second && access(e->second, F_OK) != 0)
		pl_say(e->self, "%s (archive.fallback) is not there: what may lie in it stays",
		       e->second);
	else if (e->second && find_below(e, e->second, err))
		return -1;
	for (size_t i = 0; i < e->n; i++) {
		e->bytes += e->list[i].bytes;
		e->trials += e->list[i].trials;
		if (e->list[i].others)
			return pl_error_set(err, PL_ESTATE, 0,
					    "%s names another subject, too; decide whose it is "
					    "(plantar correct) before anything is erased",
					    e->list[i].folder);
		if (e->list[i].unfinished)
			return pl_error_set(err, PL_ESTATE, 0,
					    "%s is being recorded or unfinished; end it, or finish "
					    "it with plantar recover, before anything is erased",
					    e->list[i].folder);
	}
	return 0;
}

/* ---- erasing ---- */

static void now_text(char *out, size_t cap)
{
	time_t now = time(NULL);
	struct tm tm;

	gmtime_r(&now, &tm);
	strftime(out, cap, "%Y-%m-%dT%H:%M:%SZ", &tm);
}

static int write_tombstone(const struct erase *e, const struct session *s, struct pl_error *err)
{
	char path[4096], part[4200], salt[33], hash[65], when[32], who[32];
	unsigned char random[16];
	json_t *root;
	int fd, r;

	snprintf(path, sizeof(path), "%s/" PL_TOMBSTONE, s->folder);
	if (access(path, F_OK) == 0)
		return 0; /* of the first attempt: it has seen everything */
	randombytes_buf(random, sizeof(random));
	sodium_bin2hex(salt, sizeof(salt), random, sizeof(random));
	pl_erased_hash(salt, e->subject, hash);
	now_text(when, sizeof(when));
	snprintf(who, sizeof(who), "uid:%u", (unsigned)getuid());
	root = json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:I, s:I, s:I, s:I, s:s}", "schema",
			 "plantar-erased/1", "session_uuid", strrchr(s->folder, '/') + 1,
			 "erased_utc", when, "by", who, "subject_salt", salt, "subject_sha256",
			 hash, "trials", (json_int_t)s->trials, "frames", (json_int_t)s->frames,
			 "files", (json_int_t)s->files, "bytes", (json_int_t)s->bytes,
			 "manifest_sha256", s->manifest);
	snprintf(part, sizeof(part), "%s.part", path);
	fd = open(part, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0640);
	r = fd >= 0 && root && json_dumpfd(root, fd, JSON_INDENT(1)) == 0 && fsync(fd) == 0 ? 0
											    : -1;
	json_decref(root);
	if (fd >= 0)
		close(fd);
	if (r == 0)
		r = rename(part, path);
	if (r)
		return pl_error_set(err, PL_EIO, errno, "cannot write %s: %s", path,
				    strerror(errno));
	return 0;
}

static int remove_files(const struct session *s, struct pl_error *err)
{
	const struct dirent *entry;
	DIR *dir = opendir(s->folder);
	int failed = 0;

	while (dir && (entry = readdir(dir))) {
		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0 ||
		    strcmp(entry->d_name, PL_TOMBSTONE) == 0)
			continue;
		if (unlinkat(dirfd(dir), entry->d_name, 0) && !failed)
			failed = errno;
	}
	if (dir && fsync(dirfd(dir)) && !failed)
		failed = errno;
	if (!dir)
		failed = errno;
	else
		closedir(dir);
	if (!failed)
		return 0;
	return pl_error_set(err, PL_EIO, failed,
			    "cannot erase all of %s: %s; ask again when that is mended", s->folder,
			    strerror(failed));
}

static int audit(const struct erase *e, const struct session *s, struct pl_error *err)
{
	char text[600], when[32];
	struct pl_audit log;
	int r;

	now_text(when, sizeof(when));
	snprintf(text, sizeof(text),
		 "{\"t\":\"%s\",\"who\":\"uid:%u\",\"role\":\"operator\",\"peer\":\"\","
		 "\"request\":\"plantar erase: session %.36s, %" PRIu64 " recordings, %" PRIu64
		 " frames\",\"result\":\"ok\"}",
		 when, (unsigned)getuid(), strrchr(s->folder, '/') + 1, s->trials, s->frames);
	if (pl_audit_open(&log, e->state, NULL, 0, err))
		return -1;
	r = pl_audit_append(&log, text, err) || pl_audit_sync(&log, err) ? -1 : 0;
	pl_audit_close(&log);
	return r;
}

static int erase_all(struct erase *e, struct pl_error *err)
{
	for (size_t i = 0; i < e->n; i++) {
		if (write_tombstone(e, &e->list[i], err) || remove_files(&e->list[i], err) ||
		    audit(e, &e->list[i], err))
			return -1;
		e->erased++;
	}
	return 0;
}

/* ---- asking and telling ---- */

static void list_sessions(const struct erase *e)
{
	for (size_t i = 0; i < e->n; i++)
		fprintf(stderr, "  %s: %" PRIu64 " recordings, %.1f MB\n", e->list[i].folder,
			e->list[i].trials, (double)e->list[i].bytes / 1e6);
}

static bool agreed(const struct erase *e)
{
	char answer[128];

	list_sessions(e);
	fprintf(stderr, "Erase these %zu sessions of %s for ever? Type the code to confirm: ", e->n,
		e->subject);
	if (!fgets(answer, sizeof(answer), stdin))
		return false;
	answer[strcspn(answer, "\n")] = '\0';
	return strcmp(answer, e->subject) == 0;
}

static int report(const struct erase *e)
{
	if (e->json) {
		json_t *folders = json_array(), *root;

		for (size_t i = 0; i < e->n; i++)
			json_array_append_new(folders, json_string(e->list[i].folder));
		root = json_pack("{s:I, s:I, s:I, s:I, s:o}", "sessions", (json_int_t)e->n,
				 "erased", (json_int_t)e->erased, "trials", (json_int_t)e->trials,
				 "bytes", (json_int_t)e->bytes, "folders", folders);
		json_dumpf(root, stdout, JSON_COMPACT);
		putchar('\n');
		json_decref(root);
	} else if (e->dry_run) {
		list_sessions(e);
		printf("%zu sessions would be erased; nothing was\n", e->n);
	} else {
		printf("erased %zu sessions, %" PRIu64
		       " recordings, %.1f MB; a tombstone is left in "
		       "each folder.\n"
		       "Copies and backups, and the code in the audit log, are not touched.\n",
		       e->erased, e->trials, (double)e->bytes / 1e6);
	}
	return PL_EXIT_OK;
}

static int erase(struct erase *e)
{
	struct pl_error err = {.code = PL_OK};

	if (find_sessions(e, &err))
		return pl_report(e->self, &err);
	if (e->n == 0) {
		pl_error_set(&err, PL_ENOENT, 0, "no session of \"%s\" below %s%s%s", e->subject,
			     e->folder, e->second ? " and " : "", e->second ? e->second : "");
		return pl_report(e->self, &err);
	}
	if (!e->dry_run && !e->yes && !isatty(STDIN_FILENO)) {
		pl_say(e->self, "nobody can be asked here; --yes erases without asking");
		return PL_EXIT_USAGE;
	}
	if (!e->dry_run && !e->yes && !agreed(e)) {
		pl_say(e->self, "nothing was erased");
		return PL_EXIT_FAILED;
	}
	if (!e->dry_run && erase_all(e, &err))
		return pl_report(e->self, &err);
	return report(e);
}

/* Both folders of a daemon that has two; the log of requests lies where its state is. */
static void choose_folders(struct erase *e, char archives[PL_SESSIONS_MAX][512], char state[512])
{
	if (e->folder) {
		e->state = e->folder;
		return;
	}
	e->second = pl_sessions_dirs(archives) > 1 ? archives[1] : NULL;
	e->folder = archives[0];
	e->state = pl_sessions_dir(state, 512);
}

static int run(const struct pl_subcommand *self, int argc, char **argv)
{
	struct erase e = {.self = self};
	char archives[PL_SESSIONS_MAX][512], state[512];
	struct pl_args args;
	int key, code;

	pl_args_begin(&args, self, argc, argv);
	while ((key = pl_args_next(&args)) > 0) {
		e.json |= key == 'j';
		e.yes |= key == OPT_YES;
		e.dry_run |= key == OPT_DRY_RUN;
		if (key == OPT_ARCHIVE)
			e.folder = args.value;
	}
	pl_args_operands(&args, 1, 1, "SUBJECT");
	if (!args.done && !*argv[args.first])
		pl_args_fail(&args, "an empty code is nobody's");
	if (args.done)
		return args.exit_code;
	e.subject = argv[args.first];
	choose_folders(&e, archives, state);
	e.list = calloc(SESSIONS_MAX + 1, sizeof(*e.list));
	if (!e.list) {
		pl_say(self, "out of memory");
		return PL_EXIT_FAILED;
	}
	code = erase(&e);
	free(e.list);
	return code;
}

static const struct pl_option options[] = {
	{OPT_ARCHIVE, "archive", "FOLDER",
	 "where the sessions are; default: where plantard keeps\n"
	 "them, archive.fallback included"},
	{OPT_DRY_RUN, "dry-run", NULL, "only say what would be erased"},
	{OPT_YES, "yes", NULL, "do not ask"},
	{'j', "json", NULL, "print one JSON document"},
	{0},
};

const struct pl_subcommand pl_cmd_erase = {
	.name = "erase",
	.summary = "erase all recordings of a person",
	.synopsis = "SUBJECT [--archive FOLDER] [--dry-run | --yes] [--json]",
	.about =
		"Removes every file of every session that names this code, and leaves a tombstone "
		"in\n"
		"each folder that says that a session was erased, when and by whom, but not whose "
		"it\n"
		"was. A line of the audit log says the same. Sessions that also name another code, "
		"or\n"
		"are unfinished, are refused before anything is touched. docs/access.md says what\n"
		"erasing does not reach.",
	.options = options,
	.run = run,
};
