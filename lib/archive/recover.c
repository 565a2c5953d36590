/* SPDX-License-Identifier: Apache-2.0 */
/*
 * After a crash: which journals are nobody's? One whose writer's lock is free. That a converter has
 * claimed it says nothing: the converter of a daemon that was killed lives on for some
 * milliseconds, or for as long as a disk holds it, and whoever passed the journal by for that would
 * leave it behind until the next start. Converting it says PL_EBUSY, which is the time to wait. The
 * folders below an archive's root are walked without following links, and only as deep as sessions
 * lie (root/YYYY/MM/uuid).
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <plantar/archive.h>
#include <plantar/journal.h>

#include "claim.h"
#include "files.h"
#include "manifest.h"

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

static bool ends_with(const char *name, const char *end)
{
	size_t n = strlen(name), e = strlen(end);

	return n > e && strcmp(name + n - e, end) == 0;
}

static bool is_journal(const char *name)
{
	return ends_with(name, ".journal");
}

/* A journal that never got its name has a head and no frame; nobody was told that it records. */
static void remove_unborn(const char *path)
{
	int fd = open(path, O_RDWR | O_CLOEXEC);

	if (fd < 0)
		return;
	if (flock(fd, LOCK_EX | LOCK_NB) == 0 && pl_files_still_named(fd, path))
		unlink(path);
	close(fd);
}

/* A converter that was killed after its last step leaves its claim behind. */
static void remove_claim(const char *path)
{
	char stem[PATH_MAX], journal[PATH_MAX + 8];
	struct claim claim;

	snprintf(stem, sizeof(stem), "%.*s", (int)(strlen(path) - 5), path);
	snprintf(journal, sizeof(journal), "%s.journal", stem);
	if (access(journal, F_OK) != 0 && pl_claim_take(&claim, stem, NULL) == 0)
		pl_claim_release(&claim);
}

/* When the recording began; what is no journal, or one whose head is damaged, counts by its last
 * change. */
static int64_t started(const char *path, const struct stat *st)
{
	struct pl_journal_reader *r = is_journal(path) ? pl_journal_open(path, NULL) : NULL;
	int64_t t = r ? pl_journal_meta(r)->started_utc_ns : st->st_mtim.tv_sec * 1000000000ll;

	pl_journal_reader_close(r);
	return t;
}

static void add(struct search *s, const char *path, const struct stat *st)
{
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

static void look_at(struct search *s, const char *path, const char *name, const struct stat *st)
{
	if ((is_journal(name) && !pl_journal_has_writer(path)) ||
	    strcmp(name, MANIFEST_PENDING) == 0)
		add(s, path, st);
	else if (ends_with(name, ".journal.new"))
		remove_unborn(path);
	else if (strncmp(name, "trial-", 6) == 0 && ends_with(name, ".lock"))
		remove_claim(path);
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
		else if (S_ISREG(st.st_mode))
			look_at(s, path, entry->d_name, &st);
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

bool pl_recover_is_session(const char *path, char *folder, size_t cap)
{
	const char *slash = strrchr(path, '/');

	if (!slash || strcmp(slash + 1, MANIFEST_PENDING) != 0)
		return false;
	return (size_t)snprintf(folder, cap, "%.*s", (int)(slash - path), path) < cap;
}

int pl_recover_find(const char *root, int (*each)(void *user, const char *path), void *user,
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
