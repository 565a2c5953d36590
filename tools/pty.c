/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A pseudo-terminal as a mat. The master side says "hung up" while nobody has the other end open,
 * but only after it was open once: so it is opened and closed here first, and from then on the
 * kernel tells whether there is a reader. Writes wait for the reader, as a cable would not; that
 * is the point, because what plays a recording must not lose any of it.
 */
#include "tools/pty.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include "tools/interrupt.h"

#define LOOK_AGAIN_NS INT64_C(2000000) /* for a reader: the kernel has no event for it */
#define PATIENCE_NS INT64_C(100000000) /* how long Ctrl-C may take */
#define DRAIN_STEP_NS INT64_C(5000000)
#define DRAIN_QUIET_NS INT64_C(200000000) /* empty for so long: what is on its way has arrived */
#define DRAIN_MAX_NS INT64_C(10000000000) /* a reader that only holds it open */

int64_t pl_mono_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * INT64_C(1000000000) + t.tv_nsec;
}

static int system_failed(struct pl_error *err, const char *what)
{
	return pl_error_set(err, PL_EIO, errno, "cannot %s: %s", what, strerror(errno));
}

/* Raw on both sides, and open once. */
static int set_up(struct pl_pty *p, struct pl_error *err)
{
	struct termios tio;
	int slave;

	if (grantpt(p->fd) < 0 || unlockpt(p->fd) < 0 ||
	    ptsname_r(p->fd, p->device, sizeof(p->device)) != 0)
		return system_failed(err, "set up a pseudo-terminal");
	slave = open(p->device, O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (slave < 0)
		return system_failed(err, "open the pseudo-terminal");
	if (tcgetattr(slave, &tio) == 0) {
		cfmakeraw(&tio);
		tcsetattr(slave, TCSANOW, &tio);
	}
	close(slave);
	return 0;
}

static int make_link(struct pl_pty *p, const char *link, struct pl_error *err)
{
	struct stat st;

	if (strlen(link) >= sizeof(p->link))
		return pl_error_set(err, PL_EUSAGE, 0, "the link's name is too long");
	if (lstat(link, &st) == 0) {
		if (!S_ISLNK(st.st_mode))
			return pl_error_set(err, PL_EBUSY, 0,
					    "%s exists and is no link; name another", link);
		if (stat(link, &st) == 0)
			return pl_error_set(err, PL_EBUSY, 0,
					    "%s is in use by another mat; name another, or remove "
					    "it if that has ended",
					    link);
		unlink(link); /* left behind by one that was killed */
	}
	if (symlink(p->device, link) < 0)
		return pl_error_set(err,
				    errno == EACCES   ? PL_EACCES
				    : errno == ENOENT ? PL_ENOENT
						      : PL_EIO,
				    errno, "cannot make the link %s: %s", link, strerror(errno));
	snprintf(p->link, sizeof(p->link), "%s", link);
	return 0;
}

int pl_pty_open(struct pl_pty *p, const char *link, struct pl_error *err)
{
	p->link[0] = '\0';
	p->fd = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK);
	if (p->fd < 0)
		return system_failed(err, "get a pseudo-terminal");
	if (set_up(p, err) == 0 && make_link(p, link, err) == 0)
		return 0;
	pl_pty_close(p);
	return -1;
}

void pl_pty_close(struct pl_pty *p)
{
	char target[64];
	ssize_t n;

	if (p->link[0]) {
		n = readlink(p->link, target, sizeof(target) - 1);
		if (n > 0) {
			target[n] = '\0';
			if (strcmp(target, p->device) == 0)
				unlink(p->link);
		}
	}
	if (p->fd >= 0)
		close(p->fd);
	p->fd = -1;
	p->link[0] = '\0';
}

bool pl_pty_has_reader(const struct pl_pty *p)
{
	struct pollfd fd = {.fd = p->fd};

	return poll(&fd, 1, 0) >= 0 && !(fd.revents & POLLHUP);
}

static void take(struct pl_pty *p)
{
	uint8_t bytes[256];
	ssize_t n;

	while ((n = read(p->fd, bytes, sizeof(bytes))) > 0)
		if (p->received)
			p->received(p->user, bytes, (size_t)n);
}

/* ppoll for at most until_ns, but never longer than Ctrl-C may take. */
static short wait_for(struct pl_pty *p, short events, int64_t until_ns)
{
	struct pollfd fd = {.fd = p->fd, .events = events};
	int64_t left_ns = until_ns - pl_mono_now();
	struct timespec left;

	if (left_ns > PATIENCE_NS)
		left_ns = PATIENCE_NS;
	if (left_ns < 0)
		left_ns = 0;
	left = (struct timespec){.tv_sec = left_ns / 1000000000, .tv_nsec = left_ns % 1000000000};
	if (ppoll(&fd, 1, &left, NULL) <= 0)
		return 0;
	return fd.revents;
}

enum pl_pty_result pl_pty_wait_reader(struct pl_pty *p)
{
	struct timespec nap = {.tv_nsec = LOOK_AGAIN_NS};

	while (!pl_interrupted()) {
		if (pl_pty_has_reader(p))
			return PL_PTY_OK;
		take(p); /* last words of the one before */
		nanosleep(&nap, NULL);
	}
	return PL_PTY_STOPPED;
}

enum pl_pty_result pl_pty_wait_until(struct pl_pty *p, int64_t until_ns)
{
	short events;

	for (;;) {
		if (pl_interrupted())
			return PL_PTY_STOPPED;
		events = wait_for(p, POLLIN, until_ns);
		if (events & POLLIN) {
			take(p);
			return PL_PTY_RECEIVED;
		}
		if (events & POLLHUP)
			return PL_PTY_GONE;
		if (pl_mono_now() >= until_ns)
			return PL_PTY_OK;
	}
}

enum pl_pty_result pl_pty_write(struct pl_pty *p, const uint8_t *bytes, size_t n)
{
	while (n) {
		int64_t now_ns = pl_mono_now();
		ssize_t sent = write(p->fd, bytes, n);
		short events;

		if (sent > 0) {
			p->written_ns = now_ns;
			bytes += sent;
			n -= (size_t)sent;
			continue;
		}
		if (pl_interrupted())
			return PL_PTY_STOPPED;
		if (sent < 0 && errno != EAGAIN && errno != EINTR)
			return PL_PTY_GONE; /* EIO: nobody has the other end */
		events = wait_for(p, POLLIN | POLLOUT, INT64_MAX);
		if (events & POLLIN)
			take(p);
		if (events & POLLHUP)
			return PL_PTY_GONE;
	}
	return PL_PTY_OK;
}

/* Bytes that the reader could take now. Only its side of the terminal knows. */
static int unread(const struct pl_pty *p)
{
	int fd = open(p->device, O_RDONLY | O_NOCTTY | O_NONBLOCK | O_CLOEXEC), n = 0;

	if (fd < 0)
		return 0;
	if (ioctl(fd, FIONREAD, &n) < 0)
		n = 0;
	close(fd);
	return n;
}

enum pl_pty_result pl_pty_drain(struct pl_pty *p)
{
	int64_t now_ns = pl_mono_now(), empty_ns = now_ns;
	const int64_t end_ns = now_ns + DRAIN_MAX_NS;

	while (now_ns - empty_ns < DRAIN_QUIET_NS && now_ns < end_ns) {
		enum pl_pty_result r = pl_pty_wait_until(p, now_ns + DRAIN_STEP_NS);

		if (r == PL_PTY_GONE || r == PL_PTY_STOPPED)
			return r;
		now_ns = pl_mono_now();
		if (unread(p) > 0)
			empty_ns = now_ns;
	}
	return PL_PTY_OK;
}
