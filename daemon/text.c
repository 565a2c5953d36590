/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Strings of fixed size that must never be left unterminated, and folders that may have to be
 * made with their parents: each a few lines, needed in several places.
 */
#include "daemon/text.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

bool pl_copy(char *to, size_t cap, const char *from)
{
	size_t n = strnlen(from, cap);
	bool fits = n < cap;

	if (!fits)
		n = cap - 1;
	memcpy(to, from, n);
	to[n] = '\0';
	return fits;
}

bool pl_starts(const char *text, const char *start)
{
	return strncmp(text, start, strlen(start)) == 0;
}

enum pl_code pl_code_of(int os_errno)
{
	switch (os_errno) {
	case EACCES:
	case EPERM:
	case EROFS:
		return PL_EACCES;
	case ENOSPC:
	case EDQUOT:
		return PL_ENOSPC;
	case ENOENT:
		return PL_ENOENT;
	default:
		return PL_EIO;
	}
}

int pl_make_folder(const char *path, unsigned mode, const char *what, struct pl_error *err)
{
	char part[1024];
	struct stat st;

	if (!pl_copy(part, sizeof(part), path))
		return pl_error_set(err, PL_EUSAGE, 0, "%s: the path is too long", what);
	for (char *p = part + 1;; p++) {
		char c = *p;

		if (c != '/' && c != '\0')
			continue;
		*p = '\0';
		if (mkdir(part, mode) && errno != EEXIST && (stat(part, &st) || c == '\0')) {
			int saved = errno;

			return pl_error_set(
				err, pl_code_of(saved), saved,
				"cannot make %s %s: %s; make it by hand or name another "
				"one in the configuration",
				what, part, strerror(saved));
		}
		*p = c;
		if (c == '\0')
			break;
	}
	if (stat(path, &st) || !S_ISDIR(st.st_mode))
		return pl_error_set(err, PL_EIO, ENOTDIR, "%s %s is not a folder", what, path);
	return 0;
}

void pl_thread_priority(int nice)
{
	/* Linux: of the thread, not of the process. A lower number needs CAP_SYS_NICE or LimitNICE.
	 */
	if (setpriority(PRIO_PROCESS, 0, nice))
		errno = 0;
}

/* By name while there is a file of that name: a debugger such as valgrind runs us, and
 * /proc/self/exe is then the debugger. Replaced by an upgrade, the program that runs is only there
 * without a name. */
const char *pl_own_program(char *buf, size_t cap)
{
	ssize_t n = readlink("/proc/self/exe", buf, cap - 1);

	if (n <= 0)
		return "/proc/self/exe";
	buf[n] = '\0';
	return access(buf, X_OK) == 0 ? buf : "/proc/self/exe";
}
