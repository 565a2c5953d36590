/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Two daemons on one set of sockets would each serve half of the clients, and libzmq's ipc bind
 * unlinks whatever is in its way. So there is a lock in the runtime folder, and before binding,
 * somebody who still listens on an ipc socket is asked for.
 */
#include "daemon/endpoint.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>
#include <zmq.h>

#include "daemon/text.h"

static const char *ipc_path(const char *endpoint)
{
	return pl_starts(endpoint, "ipc://") ? endpoint + strlen("ipc://") : NULL;
}

static bool somebody_listens(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd, r;

	if (!pl_copy(address.sun_path, sizeof(address.sun_path), path))
		return false;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return false;
	r = connect(fd, (struct sockaddr *)&address, sizeof(address));
	if (r && errno == EAGAIN) /* its queue of waiting clients is full: it lives */
		r = 0;
	close(fd);
	return r == 0;
}

static int prepare_ipc(const char *path, struct pl_error *err)
{
	char folder[256];
	struct stat st;

	pl_copy(folder, sizeof(folder), path);
	*strrchr(folder, '/') = '\0';
	if (*folder && pl_make_folder(folder, 0755, "the folder of a socket", err))
		return -1;
	if (lstat(path, &st))
		return 0;
	if (!S_ISSOCK(st.st_mode))
		return pl_error_set(
			err, PL_EBUSY, EEXIST,
			"%s exists and is no socket; remove it or choose another endpoint", path);
	if (somebody_listens(path))
		return pl_error_set(
			err, PL_EBUSY, EADDRINUSE,
			"ipc://%s is in use by a running program; stop it (systemctl stop "
			"plantard) or choose another endpoint",
			path);
	return 0; /* left by a daemon that died: libzmq replaces it */
}

int pl_endpoint_bind(void *socket, const char *endpoint, struct pl_error *err)
{
	const char *path = ipc_path(endpoint);
	int saved;

	if (path && prepare_ipc(path, err))
		return -1;
	if (zmq_bind(socket, endpoint) == 0) {
		if (path && chmod(path, 0660))
			return pl_error_set(err, PL_EIO, errno, "cannot set the mode of %s: %s",
					    path, strerror(errno));
		return 0;
	}
	saved = errno;
	if (saved == EADDRINUSE)
		return pl_error_set(err, PL_EBUSY, saved,
				    "%s is in use by another program; stop it or choose another "
				    "address in the configuration",
				    endpoint);
	return pl_error_set(err, pl_code_of(saved), saved,
			    "cannot listen on %s: %s; choose another endpoint in the configuration",
			    endpoint, zmq_strerror(saved));
}

void pl_endpoint_remove(const char *endpoint)
{
	if (ipc_path(endpoint))
		unlink(ipc_path(endpoint));
}

static int check_folder(const char *folder, struct pl_error *err)
{
	struct stat st;

	if (lstat(folder, &st) || !S_ISDIR(st.st_mode) || st.st_uid != geteuid())
		return pl_error_set(
			err, PL_EACCES, 0,
			"the runtime folder %s is not a folder of this user; remove it or "
			"set PLANTARD_RUNTIME_DIR",
			folder);
	return 0;
}

static long holder(int fd)
{
	char text[32] = "";
	ssize_t n = pread(fd, text, sizeof(text) - 1, 0);

	return n > 0 ? strtol(text, NULL, 10) : 0;
}

int pl_runtime_lock(const char *folder, struct pl_error *err)
{
	char path[600], pid[32];
	int fd, n, saved;

	if (pl_make_folder(folder, 0755, "the runtime folder", err) || check_folder(folder, err))
		return -1;
	snprintf(path, sizeof(path), "%s/plantard.lock", folder);
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644);
	if (fd < 0) {
		saved = errno;
		return pl_error_set(err, pl_code_of(saved), saved, "cannot open %s: %s", path,
				    strerror(saved));
	}
	if (flock(fd, LOCK_EX | LOCK_NB)) {
		pl_error_set(
			err, PL_EBUSY, EWOULDBLOCK,
			"another plantard runs here already (process %ld holds %s); stop it, or "
			"set PLANTARD_RUNTIME_DIR for a second one",
			holder(fd), path);
		close(fd);
		return -1;
	}
	n = snprintf(pid, sizeof(pid), "%ld\n", (long)getpid());
	if (ftruncate(fd, 0) || pwrite(fd, pid, (size_t)n, 0) != n)
		return fd; /* the number is a courtesy, the lock is what counts */
	return fd;
}
