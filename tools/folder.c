/* SPDX-License-Identifier: Apache-2.0 */
/* Sessions are folders of trials, sorted by year and month; a person names whichever level is at
 * hand. fts(3) sorts and knows where it is. */
#include "tools/folder.h"

#include <errno.h>
#include <fnmatch.h>
#include <fts.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <plantar/recording.h>

#define DEPTH 4

static int by_name(const FTSENT **a, const FTSENT **b)
{
	return strcmp((*a)->fts_name, (*b)->fts_name);
}

static bool matches(const FTSENT *e, const char *const *patterns)
{
	for (; *patterns; patterns++)
		if (e->fts_info == FTS_F && fnmatch(*patterns, e->fts_name, 0) == 0)
			return true;
	return false;
}

static int walk(const char *folder, const char *const *patterns,
		int (*each)(void *user, const char *path), void *user, struct pl_error *err)
{
	char *const roots[] = {(char *)(uintptr_t)folder, NULL};
	FTS *fts = fts_open(roots, FTS_PHYSICAL | FTS_NOCHDIR | FTS_COMFOLLOW, by_name);
	FTSENT *e;
	int n = 0;

	if (!fts)
		return pl_error_set(err, PL_EIO, errno, "cannot read folder %s: %s", folder,
				    strerror(errno));
	while ((e = fts_read(fts))) {
		if (e->fts_info == FTS_DNR && e->fts_level == 0) {
			pl_error_set(err, e->fts_errno == EACCES ? PL_EACCES : PL_EIO, e->fts_errno,
				     "cannot read folder %s: %s", folder, strerror(e->fts_errno));
			fts_close(fts);
			return -1;
		}
		if (e->fts_info == FTS_D && e->fts_level > DEPTH)
			fts_set(fts, e, FTS_SKIP);
		if (!matches(e, patterns))
			continue;
		n++;
		if (each(user, e->fts_path))
			break;
	}
	fts_close(fts);
	return n;
}

int pl_folder_trials(const char *folder, int (*each)(void *user, const char *path), void *user,
		     struct pl_error *err)
{
	static const char *const trials[] = {"trial-*.h5", "trial-*.journal", NULL};

	return walk(folder, trials, each, user, err);
}

int pl_folder_manifests(const char *folder, int (*each)(void *user, const char *path), void *user,
			struct pl_error *err)
{
	static const char *const manifests[] = {"MANIFEST.sha256", NULL};

	return walk(folder, manifests, each, user, err);
}

int pl_folder_named(const char *folder, const char *pattern,
		    int (*each)(void *user, const char *path), void *user, struct pl_error *err)
{
	const char *const patterns[] = {pattern, NULL};

	return walk(folder, patterns, each, user, err);
}

int pl_check_output(const char *path, struct pl_error *err)
{
	enum pl_format format = PL_FORMAT_UNKNOWN;
	struct stat st;

	if (stat(path, &st) == 0 && S_ISREG(st.st_mode))
		format = pl_format_probe_file(path, NULL);
	/* our own tables look like anybody's, and may be made again */
	if (format == PL_FORMAT_UNKNOWN || format == PL_FORMAT_TABLE)
		return 0;
	return pl_error_set(err, PL_EUSAGE, EEXIST,
			    "%s is a recording (%s) and is not overwritten; name another file, or "
			    "remove it first",
			    path, pl_format_name(format));
}

void pl_remove_output(const char *path)
{
	struct stat st;

	if (lstat(path, &st) == 0 && S_ISREG(st.st_mode))
		unlink(path);
}
