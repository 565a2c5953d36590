/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Changing what finished trials say, for whichever command: who did it is the login of this
 * process, a session's folder means each of its trials, and the first that cannot be changed ends
 * it.
 */
#include "tools/amending.h"

#include <dirent.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "drivers/mat/subject.h"
#include "tools/archives.h"
#include "tools/figures.h"

/* The login of whoever runs this, not what the environment says of him. Who changes something for
 * somebody else, as plantard does, is named behind him. */
static const char *login(const char *by, char *buf, size_t cap)
{
	const struct passwd *pw = getpwuid(getuid());
	char own[65];

	if (pw)
		snprintf(own, sizeof(own), "%s", pw->pw_name);
	else
		snprintf(own, sizeof(own), "uid %u", (unsigned)getuid());
	snprintf(buf, cap, "%.48s%s%.*s", by ? by : "", by ? " via " : "", by ? 11 : 64, own);
	return buf;
}

void pl_amending_by(struct pl_args *args, struct pl_amending *a)
{
	if (*args->value && strlen(args->value) <= PL_AMENDING_BY_MAX)
		a->by = args->value;
	else
		pl_args_fail(args, "--by wants a name of at most %d bytes", PL_AMENDING_BY_MAX);
}

static void say_done(struct pl_amending *a, const char *path, size_t changed)
{
	if (a->trials)
		json_array_append_new(a->trials, json_pack("{s:o, s:I}", "path", pl_text_json(path),
							   "changed", (json_int_t)changed));
	else if (changed)
		printf("%s: %zu changed\n", path, changed);
	else
		printf("%s: as it was\n", path);
}

static int amend_one(struct pl_amending *a, const char *path)
{
	struct pl_error err = {.code = PL_OK};
	size_t changed;

	a->amend.trial = path;
	if (pl_amend(&a->amend, &changed, &err) < 0) {
		a->code = pl_report(a->self, &err);
		return 1; /* the next trial would most likely fail alike */
	}
	say_done(a, path, changed);
	return 0;
}

static int is_trial(const struct dirent *entry)
{
	const char *name = entry->d_name, *end = strrchr(name, '.');

	return strncmp(name, "trial-", 6) == 0 && end && strcmp(end, ".h5") == 0;
}

/* A session's own folder and none above it: a slip must not reach a year of people. */
static void amend_folder(struct pl_amending *a, const char *folder)
{
	struct dirent **entry;
	int n = scandir(folder, &entry, is_trial, versionsort);
	char path[4096];

	if (n <= 0) {
		pl_say(a->self, "%s is no session: it has no trial-*.h5; name a session or a trial",
		       folder);
		a->code = PL_EXIT_FAILED;
	} else if (n > 1 && a->of_one) {
		pl_say(a->self, "%s of one trial; %s has %d", a->of_one, folder, n);
		a->code = PL_EXIT_USAGE;
	}
	for (int i = 0; i < n; i++) {
		snprintf(path, sizeof(path), "%s/%s", folder, entry[i]->d_name);
		if (a->code == PL_EXIT_OK)
			amend_one(a, path);
		free(entry[i]);
	}
	if (n >= 0)
		free(entry);
}

static void amend_named(struct pl_amending *a, const char *operand)
{
	struct pl_error err = {.code = PL_OK};
	struct pl_named named;
	struct stat st;

	if (pl_named_find(operand, &named, &err) < 0) {
		a->code = pl_report(a->self, &err);
	} else if (named.n > 1 && a->of_one) {
		pl_say(a->self, "%s of one trial; session %s has several", a->of_one, operand);
		a->code = PL_EXIT_USAGE;
	}
	for (unsigned i = 0; a->code == PL_EXIT_OK && i < named.n; i++) {
		if (stat(named.path[i], &st) == 0 && S_ISDIR(st.st_mode))
			amend_folder(a, named.path[i]);
		else
			amend_one(a, named.path[i]);
	}
}

int pl_amending_run(struct pl_amending *a, const char *operand)
{
	struct pl_error err = {.code = PL_OK};
	char who[65];

	for (size_t i = 0; i < a->amend.values; i++)
		if (strcmp(a->value[i].key, "subject") == 0 &&
		    pl_subject_allowed(a->value[i].value, &err))
			return pl_report(a->self, &err);
	a->amend.who = login(a->by, who, sizeof(who));
	a->amend.software = "plantar " PLANTAR_VERSION;
	a->amend.value = a->value;
	a->amend.event = a->event;
	if (a->json)
		a->trials = json_array();
	amend_named(a, operand);
	if (a->trials) {
		json_t *document = json_pack("{s:o}", "trials", a->trials);

		if (a->code == PL_EXIT_OK) {
			json_dumpf(document, stdout, JSON_COMPACT);
			putchar('\n');
		}
		json_decref(document);
	}
	return a->code;
}
