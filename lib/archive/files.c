/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A file is only there after a power cut if its data, and the folder that names it, were synced.
 * What the operating system refuses is turned into words here, once, with what can be done.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "files.h"

enum pl_code pl_files_code(int e)
{
	switch (e) {
	case EACCES:
	case EPERM:
	case EROFS:
		return PL_EACCES;
	case ENOENT:
	case ENOTDIR:
		return PL_ENOENT;
	case ENOSPC:
	case EDQUOT:
	case EFBIG:
		return PL_ENOSPC;
	case ENOMEM:
		return PL_ENOMEM;
	case EEXIST:
		return PL_ESTATE;
	default:
		return PL_EIO;
	}
}

static const char *way_out(int e)
{
	switch (e) {
	case EACCES:
	case EPERM:
		return "; give the user that runs this write access to it, or choose another "
		       "archive "
		       "folder";
	case EROFS:
		return "; the file system is mounted read-only: choose another archive folder";
	case ENOSPC:
	case EDQUOT:
		return "; make room, or choose an archive folder on another disk";
	case EFBIG:
		return "; a file size limit (ulimit -f) is in the way";
	default:
		return "";
	}
}

int pl_files_error(struct pl_error *err, int e, const char *fmt, ...)
{
	char what[400];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(what, sizeof(what), fmt, ap);
	va_end(ap);
	return pl_error_set(err, pl_files_code(e), e, "%s: %s%s", what, strerror(e), way_out(e));
}

int pl_files_sync(const char *path, struct pl_error *err)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	int e = 0;

	if (fd < 0)
		return pl_files_error(err, errno, "cannot open %s", path);
	if (fsync(fd) != 0 && errno != EINVAL) /* EINVAL: a file system without sync of folders */
		e = errno;
	close(fd);
	return e ? pl_files_error(err, e, "cannot sync %s", path) : 0;
}

int pl_files_sync_parent(const char *path, struct pl_error *err)
{
	const char *slash = strrchr(path, '/');
	char folder[PATH_MAX];

	if (!slash)
		return pl_files_sync(".", err);
	if (slash == path)
		return pl_files_sync("/", err);
	if ((size_t)snprintf(folder, sizeof(folder), "%.*s", (int)(slash - path), path) >=
	    sizeof(folder))
		return pl_error_set(err, PL_EUSAGE, 0, "the path is too long: %s", path);
	return pl_files_sync(folder, err);
}

static int write_all(int fd, const char *data, size_t n)
{
	while (n) {
		ssize_t put = write(fd, data, n);

		if (put < 0 && errno == EINTR)
			continue;
		if (put < 0)
			return -1;
		data += put;
		n -= (size_t)put;
	}
	return fsync(fd);
}

int pl_files_replace(const char *path, const void *data, size_t n, struct pl_error *err)
{
	char temporary[PATH_MAX];
	int fd, e = 0;

	if ((size_t)snprintf(temporary, sizeof(temporary), "%s.tmp", path) >= sizeof(temporary))
		return pl_error_set(err, PL_EUSAGE, 0, "the path is too long: %s", path);
	fd = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0640);
	if (fd < 0)
		return pl_files_error(err, errno, "cannot create %s", temporary);
	if (write_all(fd, data, n) != 0)
		e = errno;
	if (close(fd) != 0 && !e)
		e = errno;
	if (!e && rename(temporary, path) != 0)
		e = errno;
	if (e) {
		unlink(temporary);
		return pl_files_error(err, e, "cannot write %s", path);
	}
	return pl_files_sync_parent(path, err);
}

int pl_files_rename_new(const char *from, const char *to)
{
	if (renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE) == 0)
		return 0;
	if (errno != EINVAL && errno != ENOSYS)
		return -1;
	if (access(to, F_OK) == 0) {
		errno = EEXIST;
		return -1;
	}
	return rename(from, to);
}

int pl_files_put_aside(const char *path, const char *suffix, char *aside, size_t cap,
		       struct pl_error *err)
{
	int n = snprintf(aside, cap, "%s%s", path, suffix);

	errno = ENAMETOOLONG;
	for (unsigned i = 2; n > 0 && (size_t)n < cap; i++) {
		if (pl_files_rename_new(path, aside) == 0)
			return pl_files_sync_parent(path, err);
		if (errno != EEXIST)
			break;
		n = snprintf(aside, cap, "%s%s.%u", path, suffix, i);
		errno = ENAMETOOLONG;
	}
	return pl_files_error(err, errno, "cannot rename %s to %s", path, aside);
}

bool pl_files_still_named(int fd, const char *path)
{
	struct stat held, named;

	return fstat(fd, &held) == 0 && stat(path, &named) == 0 && held.st_ino == named.st_ino &&
	       held.st_dev == named.st_dev;
}

void pl_files_text(char *to, size_t cap, const char *from)
{
	size_t n = from ? strnlen(from, cap) : 0;

	if (n == cap) {
		n = cap - 1;
		while (n > 0 && ((unsigned char)from[n] & 0xC0u) == 0x80u)
			n--;
	}
	memset(to, 0, cap);
	if (n)
		memcpy(to, from, n);
}
