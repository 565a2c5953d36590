/* SPDX-License-Identifier: Apache-2.0 */
/*
 * plantar seal: the overview and the checksums of sessions made anew, and signed. A signature that
 * stands under something broken would be worse than none, so every trial is verified first, and
 * what does not verify is left as it is.
 */
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <jansson.h>
#include <sodium.h>

#include <plantar/archive.h>
#include <plantar/session.h>

#include "tools/archives.h"
#include "tools/command.h"
#include "tools/folder.h"
#include "tools/interrupt.h"

enum { OPT_KEY = PL_OPT_LONG, OPT_NEW_KEY };

struct seal {
	const struct pl_subcommand *self;
	unsigned char secret[PL_SITE_SECRET_BYTES];
	bool has_key;
	const char *new_key;
	json_t *list; /* NULL: for people */
	char last[4096];
	size_t done, refused;
};

static void outcome(struct seal *s, const char *folder, const char *problem)
{
	*(problem ? &s->refused : &s->done) += 1;
	if (s->list)
		json_array_append_new(
			s->list, json_pack("{s:s, s:b, s:b, s:s?}", "path", folder, "ok", !problem,
					   "signed", !problem && s->has_key, "problem", problem));
	else if (problem)
		pl_say(s->self, "%s is left as it is: %s", folder, problem);
	else
		printf("%s: sealed%s\n", folder, s->has_key ? " and signed" : "");
}

struct looking {
	char problem[640];
};

/* Overviews are made anew; trials are not. */
static void look(void *user, const struct pl_verify_report *r)
{
	struct looking *l = user;
	const char *name = strrchr(r->path, '/');

	name = name ? name + 1 : r->path;
	if (r->problem[0] && !l->problem[0] && strncmp(name, "trial-", 6) == 0)
		snprintf(l->problem, sizeof(l->problem), "%.100s: %s", name, r->problem);
}

static int find_journal(void *user, const char *path)
{
	if (strcmp(strrchr(path, '.'), ".journal") != 0)
		return 0;
	*(bool *)user = true;
	return 1;
}

static void seal_one(struct seal *s, const char *folder)
{
	struct looking l = {.problem = ""};
	struct pl_error err = {.code = PL_OK};
	bool unfinished = false;

	pl_folder_trials(folder, find_journal, &unfinished, NULL);
	if (unfinished) {
		outcome(s, folder, "it has an unfinished recording; plantar recover finishes it");
		return;
	}
	if (pl_verify(folder, look, NULL, &l, &err) < 0)
		snprintf(l.problem, sizeof(l.problem), "%s", err.message);
	if (!l.problem[0] && (pl_session_reseal(folder, &err) ||
			      (s->has_key && pl_session_sign(folder, s->secret, &err))))
		snprintf(l.problem, sizeof(l.problem), "%s", err.message);
	outcome(s, folder, l.problem[0] ? l.problem : NULL);
}

static int folder_of(void *user, const char *file)
{
	struct seal *s = user;
	char folder[4096];

	snprintf(folder, sizeof(folder), "%.*s", (int)(strrchr(file, '/') - file), file);
	if (strcmp(folder, s->last) != 0) {
		strcpy(s->last, folder);
		seal_one(s, folder);
	}
	return pl_interrupted();
}

static int seal_all(struct seal *s, int n, char **paths)
{
	struct pl_error err = {.code = PL_OK};
	int found = 0;

	for (int i = 0; i < n && !pl_interrupted(); i++) {
		s->last[0] = '\0';
		found = pl_folder_trials(paths[i], folder_of, s, &err);
		if (found < 0)
			return pl_report(s->self, &err);
		if (found == 0) {
			pl_say(s->self, "%s holds no trial-*.h5", paths[i]);
			s->refused++;
		}
	}
	return s->refused ? PL_EXIT_FAILED : PL_EXIT_OK;
}

static int make_key(const struct seal *s)
{
	struct pl_error err = {.code = PL_OK};

	if (pl_site_key_new(s->new_key, &err))
		return pl_report(s->self, &err);
	printf("%s signs: keep it where only those who seal can read it, and a copy elsewhere.\n"
	       "%s.pub checks: give it to everybody.\n",
	       s->new_key, s->new_key);
	return PL_EXIT_OK;
}

static void take_options(struct pl_args *args, struct seal *s)
{
	struct pl_error err = {.code = PL_OK};
	int key;

	while ((key = pl_args_next(args)) > 0) {
		if (key == 'j' && !s->list) {
			s->list = json_array();
		} else if (key == OPT_NEW_KEY) {
			s->new_key = args->value;
		} else if (key == OPT_KEY) {
			s->has_key = true;
			if (pl_site_key_secret(args->value, s->secret, &err))
				pl_args_fail(args, "%s", err.message);
		}
	}
}

static int run(const struct pl_subcommand *self, int argc, char **argv)
{
	struct seal s = {.self = self};
	struct pl_args args;
	int code, paths = 0;
	char **path;

	pl_args_begin(&args, self, argc, argv);
	take_options(&args, &s);
	pl_args_operands(&args, s.new_key ? 0 : 1, s.new_key ? 0 : -1, "PATH");
	path = args.done ? NULL : pl_named_operands(&args, &paths);
	if (args.done) {
		json_decref(s.list);
		return args.exit_code;
	}
	if (s.new_key) {
		json_decref(s.list);
		free(path);
		return make_key(&s);
	}
	pl_interrupt_catch();
	code = seal_all(&s, paths, path);
	free(path);
	sodium_memzero(s.secret, sizeof(s.secret));
	if (s.list) {
		json_t *document = json_pack("{s:o, s:I, s:I}", "sessions", s.list, "sealed",
					     (json_int_t)s.done, "refused", (json_int_t)s.refused);

		json_dumpf(document, stdout, JSON_COMPACT);
		putchar('\n');
		json_decref(document);
	}
	return code;
}

static const struct pl_option options[] = {
	{OPT_KEY, "key", "FILE", "sign with this key of a site"},
	{OPT_NEW_KEY, "new-key", "FILE", "make a key: FILE, and FILE.pub for everybody"},
	PL_OPTION_ARCHIVE,
	{'j', "json", NULL, "print one JSON document"},
	{0},
};

const struct pl_subcommand pl_cmd_seal = {
	.name = "seal",
	.summary = "make the checksums of sessions anew, and sign them",
	.synopsis = "PATH... [--key FILE] [--json]\n--new-key FILE",
	.about =
		"PATH is a session folder, or any folder above sessions. Their trials are\n"
		"verified; then session.json, session.h5 and MANIFEST.sha256 are made anew. A\n"
		"trial's checksum stays what it was when it was finished. With --key the manifest\n"
		"is signed (MANIFEST.sha256.sig); plantar verify --public-key checks that. What\n"
		"does not verify is left as it is, and not signed.",
	.options = options,
	.run = run,
};
