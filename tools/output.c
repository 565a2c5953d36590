/* SPDX-License-Identifier: Apache-2.0 */
/* Half a table looks like a table. So the name appears with the last byte: temporary file, fsync,
 * rename. */
#include "tools/output.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tools/folder.h"

static int cannot(struct pl_error *err, const char *what, const char *path)
{
	int error = errno;

	return pl_error_set(err, error == EACCES ? PL_EACCES : PL_EIO, error, "cannot %s %s: %s",
			    what, path, strerror(error));
}

/* The file that a link points to is replaced, not the link. */
static int resolve(struct pl_output *o, const char *path, struct pl_error *err)
{
	char *real = realpath(path, NULL);
	int n = snprintf(o->path, sizeof(o->path), "%s", real ? real : path);

	free(real);
	if (n < 0 || (size_t)n >= sizeof(o->path)) {
		errno = ENAMETOOLONG;
		return cannot(err, "create", path);
	}
	return 0;
}

/* As a plain fopen would leave it: a file that is there keeps its permissions. */
static int permissions(int fd, const struct stat *old)
{
	mode_t mask = umask(0);

	umask(mask);
	return fchmod(fd, old ? old->st_mode & 0777 : 0666 & ~mask);
}

static int open_beside(struct pl_output *o, const struct stat *old, struct pl_error *err)
{
	int fd;

	if (old && access(o->path, W_OK) != 0)
		return cannot(err, "write", o->path);
	snprintf(o->part, sizeof(o->part), "%s.XXXXXX", o->path);
	fd = mkstemp(o->part);
	if (fd < 0) {
		o->part[0] = 0;
		return cannot(err, "create", o->path);
	}
	permissions(fd, old); /* where a file system has none, none are needed */
	o->file = fdopen(fd, "w");
	if (o->file)
		return 0;
	cannot(err, "create", o->path);
	close(fd);
	unlink(o->part);
	return -1;
}

int pl_output_open(struct pl_output *o, const char *path, struct pl_error *err)
{
	struct stat st;
	int there;

	*o = (struct pl_output){.file = stdout};
	if (!path)
		return 0;
	if (pl_check_output(path, err) < 0 || resolve(o, path, err) < 0)
		return -1;
	there = stat(o->path, &st) == 0;
	if (!there || S_ISREG(st.st_mode))
		return open_beside(o, there ? &st : NULL, err);
	o->file = fopen(o->path, "we");
	return o->file ? 0 : cannot(err, "create", path);
}

static int finish(struct pl_output *o, struct pl_error *err)
{
	int failed = fflush(o->file) != 0 || (o->part[0] && fsync(fileno(o->file)) != 0);

	if (failed)
		cannot(err, "write", o->path);
	if (fclose(o->file) != 0 && !failed) {
		cannot(err, "write", o->path);
		failed = 1;
	}
	if (!failed && o->part[0] && rename(o->part, o->path) != 0) {
		cannot(err, "create", o->path);
		failed = 1;
	}
	return failed ? -1 : 0;
}

int pl_output_close(struct pl_output *o, int result, struct pl_error *err)
{
	if (!o->path[0]) {
		if (result >= 0 && fflush(stdout) != 0)
			return pl_error_set(err, PL_EIO, errno, "cannot write: %s",
					    strerror(errno));
		return result;
	}
	if (result < 0)
		fclose(o->file);
	else
		result = finish(o, err);
	if (result < 0 && o->part[0])
		unlink(o->part);
	return result;
}
