/* SPDX-License-Identifier: Apache-2.0 */
/* MANIFEST.sha256: "<64 hex digits>  <name>" a line, as sha256sum writes and checks it. */
#ifndef ARCHIVE_MANIFEST_H
#define ARCHIVE_MANIFEST_H

#include <stdbool.h>
#include <stddef.h>

#include <plantar/error.h>

#define MANIFEST_NAME "MANIFEST.sha256"

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
int pl_manifest_write(const char *folder, const struct manifest *m, struct pl_error *err);
void pl_manifest_free(struct manifest *m);
/* NULL: not listed. */
const char *pl_manifest_find(const struct manifest *m, const char *name);
/* Adds or replaces. */
int pl_manifest_set(struct manifest *m, const char *name, const char *hex, struct pl_error *err);
/* SHA-256 of a file. */
int pl_manifest_hash(const char *folder, const char *name, char hex[65], struct pl_error *err);

/*
 * A file and its line cannot change in one instant. So before a file takes its name, its checksum
 * goes into MANIFEST.pending, which stays until the manifest says the same: between the two, the
 * file may be either. All of it under the folder's lock.
 */
#define MANIFEST_PENDING "MANIFEST.pending"

/* `name` is about to be what the file `fresh` of the folder is now. On the disk when it returns. */
int pl_manifest_announce(const char *folder, const char *name, const char *fresh,
			 struct pl_error *err);
/* Was this checksum of the file announced, and the manifest not renewed since? */
bool pl_manifest_announced(const char *folder, const char *name, const char *hex);
/* After a change that was cut off: files that are as announced get their lines. *unfinished: there
 * was such a change, so the session's overview may be of before. The announcements stay. */
int pl_manifest_settle(const char *folder, bool *unfinished, struct pl_error *err);
/* The manifest says all. */
void pl_manifest_settled(const char *folder);

#endif
