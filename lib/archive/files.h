/* SPDX-License-Identifier: Apache-2.0 */
/* Small things about files and folders that several parts of the archive need. */
#ifndef ARCHIVE_FILES_H
#define ARCHIVE_FILES_H

#include <stdarg.h>
#include <stddef.h>

#include <plantar/error.h>

/* Fill err with the text, strerror(e) and what to do about it; the code follows from e. -1. */
int pl_files_error(struct pl_error *err, int e, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
enum pl_code pl_files_code(int e);

/* fsync a file or folder by name; the folder that path lies in. */
int pl_files_sync(const char *path, struct pl_error *err);
int pl_files_sync_parent(const char *path, struct pl_error *err);

/* data to path.tmp, fsync, rename to path. */
int pl_files_replace(const char *path, const void *data, size_t n, struct pl_error *err);

/* to[cap] = from, cut at a whole UTF-8 character, rest zeroed (it goes to disk as it is). */
void pl_files_text(char *to, size_t cap, const char *from);

#endif
