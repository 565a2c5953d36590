/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A serial port for machines without one: preloaded, it opens the pty named by PLANTAR_PTY in
 * place of the registered tty named by PLANTAR_TTY, and answers the control-line and low-latency
 * requests that a pty does not know (unless PLANTAR_NO_LINES is set: then it is one of those ttys
 * that have none). What was asked of it can be read from pl_fake_lines and pl_fake_flags.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/serial.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

int pl_fake_lines = TIOCM_DTR | TIOCM_RTS, pl_fake_flags, pl_fake_opened;

int __open_2(const char *path, int flags);

static int open_instead(const char *path, int flags, mode_t mode)
{
	int (*real)(const char *, int, ...) =
		(int (*)(const char *, int, ...))dlsym(RTLD_NEXT, "open");
	const char *tty = getenv("PLANTAR_TTY"), *pty = getenv("PLANTAR_PTY");

	if (tty && pty && !strcmp(path, tty)) {
		pl_fake_opened++;
		path = pty;
	}
	return real(path, flags, mode);
}

int open(const char *path, int flags, ...)
{
	mode_t mode = 0;

	if (flags & (O_CREAT | (O_TMPFILE & ~O_DIRECTORY))) {
		va_list args;

		va_start(args, flags);
		mode = va_arg(args, mode_t);
		va_end(args);
	}
	return open_instead(path, flags, mode);
}

/* What open() becomes in a library built with _FORTIFY_SOURCE, as Debian's are. */
int __open_2(const char *path, int flags)
{
	return open_instead(path, flags, 0);
}

int ioctl(int fd, unsigned long request, ...)
{
	int (*real)(int, unsigned long, ...) =
		(int (*)(int, unsigned long, ...))dlsym(RTLD_NEXT, "ioctl");
	va_list args;
	void *arg;

	va_start(args, request);
	arg = va_arg(args, void *);
	va_end(args);
	switch (getenv("PLANTAR_NO_LINES") ? 0 : request) {
	case TIOCMGET:
		*(int *)arg = pl_fake_lines;
		return 0;
	case TIOCMSET:
		pl_fake_lines = *(int *)arg;
		return 0;
	case TIOCMBIS:
		pl_fake_lines |= *(int *)arg;
		return 0;
	case TIOCMBIC:
		pl_fake_lines &= ~*(int *)arg;
		return 0;
	case TIOCGSERIAL:
		memset(arg, 0, sizeof(struct serial_struct));
		((struct serial_struct *)arg)->flags = pl_fake_flags;
		return 0;
	case TIOCSSERIAL:
		pl_fake_flags = ((struct serial_struct *)arg)->flags;
		return 0;
	default:
		return real(fd, request, arg);
	}
}
