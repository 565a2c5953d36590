/* SPDX-License-Identifier: Apache-2.0 */
/* Small things about files and folders that several parts of the archive need. */
#ifndef ARCHIVE_FILES_H
#define ARCHIVE_FILES_H

#include <stdarg.h>
#include <stdbool.h>
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

/* Renames path to path + suffix, or + suffix + ".2" and so on where that is taken: nothing is
 * overwritten. aside[cap]: the name it has now. */
int pl_files_put_aside(const char *path, const char *suffix, char *aside, size_t cap,
		       struct pl_error *err);
/* rename() that never replaces; on file systems that cannot say so at once, a look before. */
int pl_files_rename_new(const char *from, const char *to);

/* Is this descriptor still the file of that name? */
bool pl_files_still_named(int fd, const char *path);

/* to[cap] = from, cut at a whole UTF-8 character, rest zeroed (it goes to disk as it is). */
void pl_files_text(char *to, size_t cap, const char *from);

#endif
