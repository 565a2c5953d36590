/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where mat files are: a person's own come before those of the machine, these before the shipped
 * ones, and a build tree knows its source so that nothing has to be installed to try it.
 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "drivers/mat/mat_parts.h"

#define FOLDERS_MAX 24
#define NAMES_MAX 512

struct folders {
	char path[FOLDERS_MAX][512];
	unsigned n;
};

struct entry {
	char name[64];
	unsigned folder;
};

static void add(struct folders *f, const char *path, size_t n)
{
	if (n == 0 || n >= sizeof(f->path[0]) || f->n == FOLDERS_MAX)
		return;
	memcpy(f->path[f->n], path, n);
	f->path[f->n++][n] = '\0';
}

static void add_own(struct folders *f)
{
	const char *config = getenv("XDG_CONFIG_HOME"), *home = getenv("HOME");
	char path[512];
	int n = 0;

	if (config && *config)
		n = snprintf(path, sizeof(path), "%s/plantard/mats", config);
	else if (home && *home)
		n = snprintf(path, sizeof(path), "%s/.config/plantard/mats", home);
	if (n > 0 && (size_t)n < sizeof(path))
		add(f, path, (size_t)n);
}

static void find_folders(struct folders *f)
{
	const char *env = getenv("PLANTAR_MATS");

	f->n = 0;
	while (env && *env) {
		size_t n = strcspn(env, ":");

		add(f, env, n);
		env += n + (env[n] == ':');
	}
	add_own(f);
	add(f, "/etc/plantard/mats", strlen("/etc/plantard/mats"));
	add(f, PLANTAR_MATS_SYSTEM, strlen(PLANTAR_MATS_SYSTEM));
	add(f, PLANTAR_MATS_INSTALLED, strlen(PLANTAR_MATS_INSTALLED));
	add(f, PLANTAR_MATS_SOURCE, strlen(PLANTAR_MATS_SOURCE));
}

bool pl_mat_name_ok(const char *name)
{
	size_t n = strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-");

	return n > 0 && n < 64 && !name[n];
}

/* The name of the mat a file describes, "" if its name is not one of a mat file. */
static void name_of(const char *file, char name[64])
{
	size_t n = strlen(file);

	name[0] = '\0';
	if (n <= 5 || n - 5 > 63 || strcmp(file + n - 5, ".conf"))
		return;
	memcpy(name, file, n - 5);
	name[n - 5] = '\0';
	if (!pl_mat_name_ok(name))
		name[0] = '\0';
}

static unsigned add_names(const char *folder, unsigned index, struct entry *entries, unsigned n)
{
	DIR *dir = opendir(folder);
	struct dirent *file;

	while (dir && n < NAMES_MAX && (file = readdir(dir))) {
		name_of(file->d_name, entries[n].name);
		entries[n].folder = index;
		n += entries[n].name[0] != '\0';
	}
	if (dir)
		closedir(dir);
	return n;
}

static int compare(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;
	int order = strcmp(x->name, y->name);

	return order ? order : (x->folder > y->folder) - (x->folder < y->folder);
}

void pl_mat_list(void (*each)(void *user, const char *name, const char *path), void *user)
{
	struct entry *entries = calloc(NAMES_MAX, sizeof(*entries));
	struct folders *f = calloc(1, sizeof(*f));
	char path[600];
	unsigned n = 0;

	if (entries && f) {
		find_folders(f);
		for (unsigned i = 0; i < f->n; i++)
			n = add_names(f->path[i], i, entries, n);
		qsort(entries, n, sizeof(*entries), compare);
	}
	for (unsigned i = 0; i < n; i++) {
		if (i && !strcmp(entries[i].name, entries[i - 1].name))
			continue;
		snprintf(path, sizeof(path), "%s/%s.conf", f->path[entries[i].folder],
			 entries[i].name);
		each(user, entries[i].name, path);
	}
	free(entries);
	free(f);
}

struct names {
	const char *asked;
	char text[256]; /* those that begin alike, as many as fit */
	size_t n;
	unsigned all;
};

static void append(void *user, const char *name, const char *path)
{
	struct names *names = user;

	(void)path;
	names->all++;
	if (strncmp(name, names->asked, 3) != 0)
		return;
	if (names->n + strlen(name) + 3 < sizeof(names->text))
		names->n += (size_t)snprintf(names->text + names->n, sizeof(names->text) - names->n,
					     "%s%s", names->n ? ", " : "", name);
}

int pl_mat_find(const char *name, char *path, size_t cap, struct pl_error *err)
{
	struct folders *f = calloc(1, sizeof(*f));
	struct names names = {.asked = name};
	int found = -1;

	if (!f)
		return pl_error_set(err, PL_ENOMEM, 0, "out of memory");
	find_folders(f);
	for (unsigned i = 0; i < f->n && found < 0 && pl_mat_name_ok(name); i++) {
		int n = snprintf(path, cap, "%s/%s.conf", f->path[i], name);

		if (n > 0 && (size_t)n < cap && access(path, F_OK) == 0)
			found = 0;
	}
	free(f);
	if (found == 0)
		return 0;
	pl_mat_list(append, &names);
	if (!names.all)
		return pl_error_set(
			err, PL_ENOENT, 0,
			"no mat \"%.63s\"; known: none (set PLANTAR_MATS to a folder of "
			"mat files); or give the path of a .conf file",
			name);
	return pl_error_set(
		err, PL_ENOENT, 0,
		"no mat \"%.63s\"; known: %s%s\"plantar list\" shows all %u; or give the "
		"path of a .conf file",
		name, names.text, names.n ? "; " : "", names.all);
}
