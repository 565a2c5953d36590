/* SPDX-License-Identifier: Apache-2.0 */
/* Files and folders of recordings. */
#ifndef TOOLS_FOLDER_H
#define TOOLS_FOLDER_H

#include <plantar/error.h>

/*
 * Calls each(user, path) for every trial-*.h5 and trial-*.journal below folder, sorted by path,
 * at most four levels deep (root/YYYY/MM/session). each returns non-zero to stop. Returns how many
 * were called, or -1 and err.
 */
int pl_folder_trials(const char *folder, int (*each)(void *user, const char *path), void *user,
		     struct pl_error *err);
/* The same for every MANIFEST.sha256: a session of which nothing else is left shows by it. */
int pl_folder_manifests(const char *folder, int (*each)(void *user, const char *path), void *user,
			struct pl_error *err);

/* The same for every file whose name matches a shell pattern. */
int pl_folder_named(const char *folder, const char *pattern,
		    int (*each)(void *user, const char *path), void *user, struct pl_error *err);

/* Refuses an output that would overwrite a recording of any kind, the one that is read included. */
int pl_check_output(const char *path, struct pl_error *err);

/* Takes away a half-written output, but only a regular file: a person may well name a device or a
 * pipe as the output, and root could remove it. */
void pl_remove_output(const char *path);

#endif
