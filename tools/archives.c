/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A session's folder is found by asking every month whether it has it: a few hundred lookups for
 * an archive of decades, where a walk through all folders would read them all.
 */
#include "tools/archives.h"

#include <ctype.h>
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define UUID_BYTES 36
#define YEAR_AND_MONTH 2

static char given[PL_SESSIONS_MAX][512]; /* by --archive */
static unsigned n_given;

bool pl_archive_take(const char *folder)
{
	if (n_given == PL_SESSIONS_MAX || strlen(folder) >= sizeof(given[0]) || !*folder)
		return false;
	snprintf(given[n_given++], sizeof(given[0]), "%s", folder);
	return true;
}

unsigned pl_archive_folders(char out[PL_SESSIONS_MAX][512])
{
	if (n_given == 0)
		return pl_sessions_dirs(out);
	memcpy(out, given, sizeof(given));
	return n_given;
}

static bool starts_with_uuid(const char *text)
{
	for (int i = 0; i < UUID_BYTES; i++) {
		bool dash = i == 8 || i == 13 || i == 18 || i == 23;

		if (dash ? text[i] != '-' : !strchr("0123456789abcdef", text[i]) || !text[i])
			return false;
	}
	return true;
}

bool pl_is_uuid(const char *text)
{
	return starts_with_uuid(text) && !text[UUID_BYTES];
}

/* ---- folders ---- */

static bool is_number(const char *name)
{
	size_t n = strlen(name);

	return n >= 2 && n <= 4 && strspn(name, "0123456789") == n;
}

static bool is_folder(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

/* True: the session is there, levels of numbered folders (years, months) below root; in path. */
static bool find_folder(const char *root, int levels, const char *uuid, char path[PL_NAMED_PATH])
{
	const struct dirent *entry;
	bool found = false;
	char folder[1024];
	DIR *dir;

	if (levels == 0) {
		snprintf(path, PL_NAMED_PATH, "%.1000s/%.36s", root, uuid);
		return is_folder(path);
	}
	dir = opendir(root);
	while (dir && !found && (entry = readdir(dir))) {
		if (!is_number(entry->d_name))
			continue;
		snprintf(folder, sizeof(folder), "%.900s/%s", root, entry->d_name);
		found = find_folder(folder, levels - 1, uuid, path);
	}
	if (dir)
		closedir(dir);
	return found;
}

/* ---- trials ---- */

/* "3" or "trial-003.h5"; 0: neither. */
static unsigned long trial_number(const char *text, const char **end)
{
	char *after;
	unsigned long n;

	if (strncmp(text, "trial-", 6) == 0)
		text += 6;
	if (!isdigit((unsigned char)*text))
		return 0;
	n = strtoul(text, &after, 10);
	*end = after;
	return n < 1000000000 ? n : 0;
}

/* The finished file, else the journal. */
static bool find_trial(const char *folder, unsigned long number, const char *ending, char *path)
{
	static const char *const endings[] = {".h5", ".journal", NULL};

	for (int i = 0; endings[i]; i++) {
		if (*ending && strcmp(ending, endings[i]) != 0)
			continue;
		snprintf(path, PL_NAMED_PATH, "%.4000s/trial-%03lu%s", folder, number, endings[i]);
		if (access(path, F_OK) == 0)
			return true;
	}
	return false;
}

static int keep_trial(struct pl_named *named, const char *operand, struct pl_error *err)
{
	const char *ending = "", *text = operand + UUID_BYTES + 1;
	unsigned long number = trial_number(text, &ending);
	char path[PL_NAMED_PATH];

	for (unsigned i = 0; number && i < named->n; i++)
		if (find_trial(named->path[i], number, ending, path)) {
			memcpy(named->path[0], path, sizeof(path));
			named->n = 1;
			return 0;
		}
	return pl_error_set(err, PL_ENOENT, 0,
			    "session %.36s has no trial \"%.40s\"; plantar info lists its trials",
			    operand, text);
}

int pl_named_find(const char *operand, struct pl_named *named, struct pl_error *err)
{
	char archives[PL_SESSIONS_MAX][512];
	unsigned n;

	named->n = 1;
	if (strlen(operand) >= sizeof(named->path[0]))
		return pl_error_set(err, PL_EUSAGE, 0, "the path is too long: %.200s", operand);
	strcpy(named->path[0], operand);
	if (!starts_with_uuid(operand) || (operand[UUID_BYTES] && operand[UUID_BYTES] != '/') ||
	    access(operand, F_OK) == 0)
		return 0;
	n = pl_archive_folders(archives);
	named->n = 0;
	for (unsigned i = 0; i < n; i++)
		if (find_folder(archives[i], YEAR_AND_MONTH, operand, named->path[named->n]))
			named->n++;
	if (named->n == 0)
		return pl_error_set(
			err, PL_ENOENT, 0,
			"there is no session %.36s below %s%s%s; plantar sessions lists "
			"them",
			operand, archives[0], n > 1 ? " and " : "", n > 1 ? archives[1] : "");
	return operand[UUID_BYTES] && operand[UUID_BYTES + 1] ? keep_trial(named, operand, err) : 0;
}

int pl_named_file(const char *operand, char path[PL_NAMED_PATH], struct pl_error *err)
{
	struct pl_named named;

	if (pl_named_find(operand, &named, err))
		return -1;
	strcpy(path, named.path[0]);
	return 0;
}

static int add_paths(const char *operand, char **list, int n, struct pl_error *err)
{
	struct pl_named named;

	if (pl_named_find(operand, &named, err))
		return -1;
	for (unsigned i = 0; i < named.n; i++)
		strcpy(list[n++], named.path[i]);
	return n;
}

char **pl_named_operands(struct pl_args *args, int *n)
{
	size_t most = PL_SESSIONS_MAX * (size_t)(args->argc - args->first);
	struct pl_error err = {.code = PL_OK};
	char **list = calloc(most + 1, sizeof(*list) + PL_NAMED_PATH);
	char *texts = (char *)(list + most + 1);

	*n = 0;
	if (!list)
		pl_error_set(&err, PL_ENOMEM, 0, "out of memory");
	for (size_t i = 0; list && i < most; i++)
		list[i] = texts + i * PL_NAMED_PATH;
	for (int i = args->first; err.code == PL_OK && i < args->argc; i++)
		*n = add_paths(args->argv[i], list, *n, &err);
	if (err.code == PL_OK)
		return list;
	free(list);
	args->done = true;
	args->exit_code = pl_report(args->command, &err);
	return NULL;
}
