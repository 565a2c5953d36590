/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is opened as a recording may be anything that has a name: a folder, a pipe nobody writes to,
 * a disk. Only regular files are read, and those only up to a size that memory takes.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "files.h"
#include "import_file.h"

#define IMPORT_MAX ((off_t)1 << 30)

int pl_import_open_file(const char *path, struct stat *st, struct pl_error *err)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

	if (fd < 0)
		return pl_files_error(err, errno, "cannot open %s", path);
	if (fstat(fd, st) == 0 && S_ISREG(st->st_mode))
		return fd;
	pl_error_set(err, PL_EFORMAT, 0,
		     S_ISDIR(st->st_mode) ? "%s is a folder; name a recording in it"
					  : "%s is not a regular file",
		     path);
	close(fd);
	return -1;
}

int pl_import_read_start(int fd, char *to, size_t n, size_t *got, const char *path,
			 struct pl_error *err)
{
	*got = 0;
	while (*got < n) {
		ssize_t k = read(fd, to + *got, n - *got);

		if (k < 0 && errno == EINTR)
			continue;
		if (k < 0)
			return pl_files_error(err, errno, "cannot read %s", path);
		if (k == 0)
			break;
		*got += (size_t)k;
	}
	return 0;
}

char *pl_import_read_whole(int fd, const struct stat *st, const char *path, size_t *n,
			   struct pl_error *err)
{
	char *text;

	if (st->st_size > IMPORT_MAX) {
		pl_error_set(err, PL_ENOMEM, 0, "%s is larger than 1 GiB; split the recording",
			     path);
		return NULL;
	}
	text = malloc((size_t)st->st_size + 1);
	if (!text)
		pl_error_set(err, PL_ENOMEM, 0, "no memory to read %s", path);
	else if (lseek(fd, 0, SEEK_SET) != 0)
		pl_files_error(err, errno, "cannot read %s", path);
	else if (pl_import_read_start(fd, text, (size_t)st->st_size, n, path, err) == 0)
		return text;
	free(text);
	return NULL;
}

char *pl_import_read_path(const char *path, size_t *n, struct pl_error *err)
{
	struct stat st = {0};
	int fd = pl_import_open_file(path, &st, err);
	char *text;

	if (fd < 0)
		return NULL;
	text = pl_import_read_whole(fd, &st, path, n, err);
	close(fd);
	return text;
}
