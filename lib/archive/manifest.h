/* SPDX-License-Identifier: Apache-2.0 */
/*
 * MANIFEST.sha256: "<64 hex digits>  <name>" a line, as sha256sum writes and checks it.
 *
 * Files and the manifest cannot change in one instant. So a change is announced first: the manifest
 * as it will be is written beside the old one, then the files take their names, then the new
 * manifest takes its own. Whoever is interrupted in between leaves both, and each file is what one
 * of them says. All but reading is done under the folder's lock.
 */
#ifndef ARCHIVE_MANIFEST_H
#define ARCHIVE_MANIFEST_H

#include <stdbool.h>
#include <stddef.h>

#include <plantar/error.h>

#define MANIFEST_NAME "MANIFEST.sha256"
#define MANIFEST_PENDING MANIFEST_NAME ".pending"

struct manifest_line {
	char hex[65];
	char name[64];
};

struct manifest {
	struct manifest_line *line;
	size_t n, room;
};

/* A missing file is an empty manifest. PL_ECORRUPT if a line is none. */
int pl_manifest_read(const char *folder, struct manifest *m, struct pl_error *err);
/* The manifest of a change that is under way, or was interrupted; empty: none. */
int pl_manifest_read_pending(const char *folder, struct manifest *m, struct pl_error *err);
/* Before the first file takes its name, and after the last. */
int pl_manifest_announce(const char *folder, const struct manifest *m, struct pl_error *err);
int pl_manifest_commit(const char *folder, struct pl_error *err);
/* The manifest as it has to be taken: of each file the announced line if the file is what that
 * says, otherwise the old, so that damage shows. *unfinished (may be NULL): something is announced,
 * so the overview may be older than the trials until the session is sealed again. */
int pl_manifest_read_settled(const char *folder, struct manifest *m, bool *unfinished,
			     struct pl_error *err);
void pl_manifest_free(struct manifest *m);
/* NULL: not listed. */
const char *pl_manifest_find(const struct manifest *m, const char *name);
/* Adds or replaces. */
int pl_manifest_set(struct manifest *m, const char *name, const char *hex, struct pl_error *err);
/* SHA-256 of a file. */
int pl_manifest_hash(const char *folder, const char *name, char hex[65], struct pl_error *err);

#endif
