/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Trials are added to a session, never changed by that: whose it is stands in the trials that are
 * there, and a number of which any file is left (a recording that runs, a journal put aside) is
 * taken.
 */
#include "tools/import_session.h"

#include <dirent.h>
#include <errno.h>
#include <glob.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "tools/folder.h"
#include "tools/open.h"

#define TRIALS_MAX 999

static int find_folder(struct pl_known_session *s, const char *name, const char *root,
		       struct pl_error *err)
{
	char pattern[PATH_MAX];
	struct stat st;
	glob_t found;
	int n;

	if (stat(name, &st) == 0 && S_ISDIR(st.st_mode)) {
		n = snprintf(s->folder, sizeof(s->folder), "%s", name);
		while (n > 1 && n < (int)sizeof(s->folder) && s->folder[n - 1] == '/')
			s->folder[--n] = '\0';
		return n < (int)sizeof(s->folder)
			       ? 0
			       : pl_error_set(err, PL_EUSAGE, 0, "the folder's name is too long");
	}
	n = snprintf(pattern, sizeof(pattern), "%s/[0-9]*/[0-9]*/%s", root, name);
	if (strspn(name, "0123456789abcdef-") == 36 && !name[36] && n < (int)sizeof(pattern) &&
	    glob(pattern, GLOB_ONLYDIR, NULL, &found) == 0) {
		snprintf(s->folder, sizeof(s->folder), "%s", found.gl_pathv[0]);
		globfree(&found);
		return 0;
	}
	return pl_error_set(err, PL_ENOENT, ENOENT,
			    "there is no session %s: neither a folder, nor a uuid below %s", name,
			    root);
}

static const struct pl_session_meta *meta_of(const struct pl_opened *o)
{
	return o->table ? o->table->meta : pl_recording_meta(o->recording);
}

struct looking {
	struct pl_known_session *s;
	struct pl_error *err;
};

/* The first trial that can be read says whose session it is and where (a folder above holds it,
 * too); the rest must be of the same. */
static int look(void *user, const char *path)
{
	const struct looking *l = user;
	const struct pl_session_meta *m;
	struct pl_error why = {.code = PL_OK};
	struct pl_opened o;
	int stop = 0;

	if (pl_open_any(&o, path, NULL, &why) < 0)
		return 0;
	m = meta_of(&o);
	if (m && !*l->s->uuid) {
		memcpy(l->s->uuid, m->session_uuid, sizeof(l->s->uuid));
		memcpy(l->s->subject, m->subject, sizeof(l->s->subject));
		memcpy(l->s->protocol, m->protocol, sizeof(l->s->protocol));
		l->s->body_mass_kg = m->body_mass_kg;
		snprintf(l->s->folder, sizeof(l->s->folder), "%.*s",
			 (int)(strrchr(path, '/') - path), path);
	} else if (m && strcmp(l->s->uuid, m->session_uuid) != 0) {
		stop = pl_error_set(l->err, PL_EUSAGE, 0,
				    "%s is of another session than the trials before it; name one "
				    "session's folder",
				    path);
	}
	pl_opened_close(&o);
	return stop;
}

int pl_known_session_find(struct pl_known_session *s, const char *name, const char *root,
			  struct pl_error *err)
{
	struct pl_error why = {.code = PL_OK};
	struct looking l = {.s = s, .err = &why};

	*s = (struct pl_known_session){.body_mass_kg = NAN};
	if (find_folder(s, name, root, err) || pl_folder_trials(s->folder, look, &l, err) < 0)
		return -1;
	if (why.code != PL_OK) {
		if (err)
			*err = why;
		return -1;
	}
	if (*s->uuid)
		return 0;
	return pl_error_set(err, PL_ENOENT, 0, "%s has no trial that can be read: no session",
			    s->folder);
}

int pl_known_session_next(const char *folder, unsigned *trial, struct pl_error *err)
{
	DIR *dir = opendir(folder);
	struct dirent *entry;
	unsigned long last = 0;

	if (!dir)
		return pl_error_set(err, PL_EIO, errno, "cannot read the folder %s: %s", folder,
				    strerror(errno));
	while ((entry = readdir(dir))) {
		unsigned long n = strncmp(entry->d_name, "trial-", 6) == 0
					  ? strtoul(entry->d_name + 6, NULL, 10)
					  : 0;

		last = n > last ? n : last;
	}
	closedir(dir);
	if (last >= TRIALS_MAX)
		return pl_error_set(err, PL_ESTATE, 0, "the session in %s is full", folder);
	*trial = (unsigned)last + 1;
	return 0;
}
