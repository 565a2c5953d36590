/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Terminals below libserialport: pseudo-terminals and other ttys it refuses are opened and made
 * raw here, any baud rate through termios2; and what it does not offer for real ports is set here:
 * low latency, and reads that can tell silence from a hang-up.
 *
 * <termios.h> and <asm/termbits.h> define the same names, hence a file of its own.
 */
#include <asm/termbits.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/serial.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "drivers/transport/internal.h"

int pl_tty_open_failed(struct pl_error *err, int os_errno, const char *path)
{
	switch (os_errno) {
	case ENOENT:
	case ENXIO:
	case ENODEV:
		return pl_error_set(err, PL_ENOENT, os_errno,
				    "cannot open %s: no such port; is the mat plugged in? "
				    "\"plantar list\" shows the ports that are there",
				    path);
	case EACCES:
	case EPERM:
		return pl_error_set(err, PL_EACCES, os_errno,
				    "cannot open %s: permission denied; add the user to group "
				    "dialout or install 60-plantard.rules",
				    path);
	case EBUSY:
	case EWOULDBLOCK:
		return pl_error_set(err, PL_EBUSY, os_errno,
				    "cannot open %s: another program is using it; \"fuser -v %s\" "
				    "says which",
				    path, path);
	case ENOTTY:
		return pl_error_set(err, PL_EUSAGE, os_errno,
				    "cannot open %s: this is not a serial port; \"plantar list\" "
				    "shows the ports that are there",
				    path);
	default:
		return pl_error_set(err, PL_EIO, os_errno, "cannot open %s: %s", path,
				    strerror(os_errno));
	}
}

int pl_tty_make_raw(int fd, unsigned baud)
{
	struct termios2 t;

	if (ioctl(fd, TCGETS2, &t))
		return -1;
	t.c_iflag = IGNBRK;
	t.c_oflag = 0;
	t.c_lflag = 0;
	t.c_cflag = CS8 | CREAD | CLOCAL | BOTHER | BOTHER << IBSHIFT;
	t.c_ispeed = t.c_ospeed = baud;
	t.c_cc[VMIN] = 1;
	t.c_cc[VTIME] = 0;
	return ioctl(fd, TCSETS2, &t);
}

int pl_tty_open(const char *path, const char *name, struct pl_error *err)
{
	struct stat st;
	int fd;

	if (stat(path, &st))
		return pl_tty_open_failed(err, errno, name);
	if (!S_ISCHR(st.st_mode)) /* opening a disk or a pipe could do harm */
		return pl_tty_open_failed(err, ENOTTY, name);
	fd = open(path, O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
	return fd < 0 ? pl_tty_open_failed(err, errno, name) : fd;
}

/*
 * libserialport leaves VMIN = 0, and then a read of 0 bytes means both "nothing yet" and "hung up".
 * With VMIN = 1 the first is EAGAIN.
 */
int pl_tty_raw_wake(int fd, unsigned *baud)
{
	struct termios2 t;

	if (ioctl(fd, TCGETS2, &t))
		return -1;
	*baud = t.c_ospeed;
	t.c_cc[VMIN] = 1;
	t.c_cc[VTIME] = 0;
	return ioctl(fd, TCSETS2, &t);
}

int pl_tty_lines(int fd, int dtr, int rts)
{
	int set = (dtr > 0 ? TIOCM_DTR : 0) | (rts > 0 ? TIOCM_RTS : 0);
	int clear = (dtr == 0 ? TIOCM_DTR : 0) | (rts == 0 ? TIOCM_RTS : 0);

	if (set && ioctl(fd, TIOCMBIS, &set))
		return -1;
	if (clear && ioctl(fd, TIOCMBIC, &clear))
		return -1;
	return 0;
}

void pl_tty_discard_input(int fd)
{
	ioctl(fd, TCFLSH, TCIFLUSH);
}

static long latency_timer_ms(const char *path)
{
	char text[32] = "";
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);

	if (fd >= 0)
		close(fd);
	return n > 0 ? strtol(text, NULL, 10) : -1;
}

static void set_latency_timer(const char *path)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	ssize_t n;

	if (fd < 0)
		return;
	n = write(fd, "1", 1);
	(void)n; /* read back by the caller */
	close(fd);
}

/*
 * An FTDI adapter keeps bytes for latency_timer ms (16 unless told otherwise) to fill a packet.
 * ASYNC_LOW_LATENCY makes its driver ask for 1 ms; where that is not allowed, sysfs may be.
 */
void pl_tty_low_latency(int fd, const char *name, const struct pl_log *log)
{
	struct serial_struct serial;
	char path[320];
	long ms;

	if (!ioctl(fd, TIOCGSERIAL, &serial) && !(serial.flags & ASYNC_LOW_LATENCY)) {
		serial.flags |= ASYNC_LOW_LATENCY;
		ioctl(fd, TIOCSSERIAL, &serial); /* what counts is read back below */
	}
	snprintf(path, sizeof(path), "/sys/class/tty/%s/device/latency_timer", name);
	ms = latency_timer_ms(path);
	if (ms > 1) {
		set_latency_timer(path);
		ms = latency_timer_ms(path);
	}
	if (ms > 1)
		pl_logf(log, PL_WARNING,
			"%s: the adapter holds bytes back for up to %ld ms (latency_timer), so "
			"frames "
			"arrive late and in bunches; install 60-plantard.rules or write 1 to %s",
			name, ms, path);
}
