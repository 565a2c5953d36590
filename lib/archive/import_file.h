/* SPDX-License-Identifier: Apache-2.0 */
/* Reading a file that is somebody else's into memory. */
#ifndef ARCHIVE_IMPORT_FILE_H
#define ARCHIVE_IMPORT_FILE_H

#include <stddef.h>
#include <sys/stat.h>

#include <plantar/error.h>

/* A regular file, opened without ever waiting (a FIFO would). -1: err. */
int pl_import_open_file(const char *path, struct stat *st, struct pl_error *err);
/* Its first n bytes, or fewer where it ends. */
int pl_import_read_start(int fd, char *to, size_t n, size_t *got, const char *path,
			 struct pl_error *err);
/* The whole file (limit: 1 GiB), malloced; one byte more than n is there. NULL: err. */
char *pl_import_read_whole(int fd, const struct stat *st, const char *path, size_t *n,
			   struct pl_error *err);
char *pl_import_read_path(const char *path, size_t *n, struct pl_error *err);

#endif
