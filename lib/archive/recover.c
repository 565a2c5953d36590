/* SPDX-License-Identifier: Apache-2.0 */
/*
 * After a crash: which journals are nobody's? One whose writer's lock is free and which no
 * converter has claimed. The folders below an archive's root are walked without following links,
 * and only as deep as sessions lie (root/YYYY/MM/uuid).
 */
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <plantar/archive.h>
#include <plantar/journal.h>

#include "claim.h"
#include "files.h"

#define DEPTH_MAX 4

struct found {
	char *path;
	int64_t started_ns;
};

struct search {
	struct found *found;
	size_t n, room;
	bool out_of_memory;
};

static bool is_journal(const char *name)
{
	size_t n = strlen(name);

	return n > 8 && strcmp(name + n - 8, ".journal") == 0;
}

/* When the recording began; a journal whose head is damaged counts by its last change. */
static int64_t started(const char *path, const struct stat *st)
{
	struct pl_journal_reader *r = pl_journal_open(path, NULL);
	int64_t t = r ? pl_journal_meta(r)->started_utc_ns : st->st_mtim.tv_sec * 1000000000ll;

	pl_journal_reader_close(r);
	return t;
}

static void add(struct search *s, const char *path, const struct stat *st)
{
	char stem[PATH_MAX];

	snprintf(stem, sizeof(stem), "%.*s", (int)(strlen(path) - 8), path);
	if (pl_journal_has_writer(path) || pl_claim_held(stem))
		return;
	if (s->n == s->room) {
		size_t room = s->room ? 2 * s->room : 16;
		struct found *more = reallocarray(s->found, room, sizeof(*more));

		if (!more) {
			s->out_of_memory = true;
			return;
		}
		s->found = more;
		s->room = room;
	}
	s->found[s->n] = (struct found){strdup(path), started(path, st)};
	if (s->found[s->n].path)
		s->n++;
	else
		s->out_of_memory = true;
}

/* A folder that cannot be read is only an error if it is the root itself. */
static int walk(struct search *s, const char *folder, unsigned depth, struct pl_error *err)
{
	DIR *dir = opendir(folder);
	struct dirent *entry;
	char path[PATH_MAX];
	struct stat st;

	if (!dir)
		return depth == 0 && errno != ENOENT
			       ? pl_files_error(err, errno, "cannot read the archive folder %s",
						folder)
			       : 0;
	while ((entry = readdir(dir))) {
		if (entry->d_name[0] == '.' ||
		    (size_t)snprintf(path, sizeof(path), "%s/%s", folder, entry->d_name) >=
			    sizeof(path) ||
		    lstat(path, &st) != 0)
			continue;
		if (S_ISDIR(st.st_mode) && depth < DEPTH_MAX)
			walk(s, path, depth + 1, NULL);
		else if (S_ISREG(st.st_mode) && is_journal(entry->d_name))
			add(s, path, &st);
	}
	closedir(dir);
	return 0;
}

static int by_age(const void *a, const void *b)
{
	const struct found *x = a, *y = b;

	if (x->started_ns != y->started_ns)
		return x->started_ns < y->started_ns ? -1 : 1;
	return strcmp(x->path, y->path);
}

int pl_recover_find(const char *root, int (*each)(void *user, const char *journal), void *user,
		    struct pl_error *err)
{
	struct search s = {0};
	int result = walk(&s, root, 0, err);
	bool stop = each == NULL;

	if (result == 0 && s.out_of_memory)
		result = pl_error_set(err, PL_ENOMEM, 0, "no memory to look for recordings");
	if (s.n)
		qsort(s.found, s.n, sizeof(*s.found), by_age);
	for (size_t i = 0; i < s.n; i++) {
		if (result == 0 && !stop)
			stop = each(user, s.found[i].path) != 0;
		free(s.found[i].path);
	}
	free(s.found);
	return result == 0 ? (int)s.n : -1;
}
