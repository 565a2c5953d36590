/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A power cut between two steps of a program: preloaded, it kills the process (not its children)
 * right before its CRASH_AT-th rename, unlink or fsync. What was done before stays.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

static pid_t self;
static long left;

__attribute__((constructor)) static void begin(void)
{
	const char *at = getenv("CRASH_AT");

	self = getpid();
	left = at ? strtol(at, NULL, 10) : 0;
}

static void step(void)
{
	if (getpid() == self && left > 0 && --left == 0)
		raise(SIGKILL);
}

int rename(const char *from, const char *to)
{
	step();
	return (int)syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, 0);
}

int unlink(const char *path)
{
	step();
	return (int)syscall(SYS_unlinkat, AT_FDCWD, path, 0);
}

int fsync(int fd)
{
	step();
	return (int)syscall(SYS_fsync, fd);
}
