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
#include "tools/figures.h"

/* The login of whoever runs this, not what the environment says of him. */
static const char *login(char *buf, size_t cap)
{
	const struct passwd *pw = getpwuid(getuid());

	if (pw)
		snprintf(buf, cap, "%s", pw->pw_name);
	else
		snprintf(buf, cap, "uid %u", (unsigned)getuid());
	return buf;
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

int pl_amending_run(struct pl_amending *a, const char *path)
{
	struct pl_error err = {.code = PL_OK};
	char who[65];
	struct stat st;

	for (size_t i = 0; i < a->amend.values; i++)
		if (strcmp(a->value[i].key, "subject") == 0 &&
		    pl_subject_allowed(a->value[i].value, &err))
			return pl_report(a->self, &err);
	a->amend.who = login(who, sizeof(who));
	a->amend.software = "plantar " PLANTAR_VERSION;
	a->amend.value = a->value;
	a->amend.event = a->event;
	if (a->json)
		a->trials = json_array();
	if (stat(path, &st) == 0 && S_ISDIR(st.st_mode))
		amend_folder(a, path);
	else
		amend_one(a, path);
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
