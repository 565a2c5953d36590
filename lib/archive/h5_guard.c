/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A library that may crash on a damaged file, and a program that must not. What it does with the
 * file while it opens it is done in a child process before; the child's last word, one byte
 * through a pipe, says that it lived. (A pipe and not its exit status: whoever uses this library
 * may reap children in his own way.) A good file costs a few milliseconds more.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "h5_read.h"

#define PATIENCE_MS 60000

static _Noreturn void child(void (*try)(void *user), void *user, int tell)
{
	int nowhere = open("/dev/null", O_RDWR | O_CLOEXEC);
	char alive = 1;

	/* no core file, no last words of malloc on somebody's terminal, no orphan */
	setrlimit(RLIMIT_CORE, &(struct rlimit){0});
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (nowhere >= 0)
		dup2(nowhere, STDERR_FILENO);
	for (int i = SIGILL; i <= SIGSEGV; i++)
		signal(i, SIG_DFL);
	try(user);
	while (write(tell, &alive, 1) < 0 && errno == EINTR)
		;
	_exit(0);
}

/* 1: it lived. 0: it died. -1: it was still at it. */
static int hear(int from)
{
	struct pollfd p = {.fd = from, .events = POLLIN};
	char alive;
	int ready;

	do {
		ready = poll(&p, 1, PATIENCE_MS);
	} while (ready < 0 && errno == EINTR);
	if (ready == 0)
		return -1;
	return read(from, &alive, 1) == 1;
}

int pl_h5_guard(void (*try)(void *user), void *user, const char *path, struct pl_error *err)
{
	int ends[2], lived;
	pid_t pid;

	if (pipe2(ends, O_CLOEXEC) != 0)
		return 0; /* no guard is no reason to read nothing */
	pid = fork();
	if (pid == 0)
		child(try, user, ends[1]);
	close(ends[1]);
	lived = pid < 0 ? 1 : hear(ends[0]);
	close(ends[0]);
	if (pid > 0) {
		if (lived < 0)
			kill(pid, SIGKILL);
		while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
			;
	}
	if (lived > 0)
		return 0;
	return pl_error_set(err, PL_ECORRUPT, 0,
			    "%s is damaged: %s; a copy or the session's journal may be intact",
			    path,
			    lived ? "HDF5 does not come to an end with it" : "HDF5 crashes on it");
}
