/* SPDX-License-Identifier: Apache-2.0 */
/*
 * serial:PATH - a mat on a serial line. Ports that the kernel registers as ttys go through
 * libserialport; it refuses everything without an entry in /sys/class/tty, so pseudo-terminals
 * (simulated mats, socat, ser2net) are opened raw by tty.c. Names may be links: those of
 * /dev/serial/by-id stay with the device wherever it is plugged in.
 *
 * Both kinds share one read loop on the descriptor. What makes it more than read() is the hang-up:
 * an unplugged port reads as "nothing there, at once", so a loop that trusts poll() spins. Here a
 * read of nothing after poll() said "readable" is the end of the port.
 */
#include <errno.h>
#include <fcntl.h>
#include <libserialport.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "drivers/transport/internal.h"

#define GATHER_MS 1
#define MORE_BEHIND 2048 /* a read this large has probably emptied the line discipline */
#define WRITE_NS INT64_C(1000000000)

struct serial {
	struct pl_transport base;
	struct sp_port *port; /* NULL: fd is lock_fd, made raw by tty.c */
	int fd, lock_fd;
	char path[PATH_MAX];	    /* links resolved */
	char name[PL_URI_PATH_MAX]; /* as asked for, for messages */
};

static const struct pl_uri_key keys[] = {
	{.name = "baud", .min = 50, .max = 20e6, .whole = true},
	{.name = "dtr", .min = 0, .max = 1, .whole = true},
	{.name = "rts", .min = 0, .max = 1, .whole = true},
	{.name = "settle_ms", .min = 0, .max = 10e3, .whole = true},
	{.name = "discard_banner", .min = 0, .max = 1, .whole = true},
	{.name = NULL},
};

static struct pl_serial_config configuration(const struct pl_uri *uri, const struct pl_mat *mat)
{
	const struct pl_serial_config *c = &mat->serial;

	return (struct pl_serial_config){
		.baud = (unsigned)pl_uri_number(uri, "baud", c->baud ? c->baud : 115200),
		.dtr = (int)pl_uri_number(uri, "dtr", c->dtr),
		.rts = (int)pl_uri_number(uri, "rts", c->rts),
		.settle_ms = (unsigned)pl_uri_number(uri, "settle_ms", c->settle_ms),
		.discard_banner = pl_uri_number(uri, "discard_banner", c->discard_banner) > 0,
	};
}

/* libserialport's last failure as errno; to be asked right after it. */
static int port_errno(enum sp_return result)
{
	switch (result) {
	case SP_ERR_FAIL:
		return sp_last_error_code();
	case SP_ERR_MEM:
		return ENOMEM;
	default:
		return ENOTTY;
	}
}

static enum sp_return configure_port(struct sp_port *port, const struct pl_serial_config *c)
{
	struct sp_port_config *config;
	enum sp_return result = sp_new_config(&config);

	if (result != SP_OK)
		return result;
	sp_set_config_baudrate(config, (int)c->baud);
	sp_set_config_bits(config, 8);
	sp_set_config_parity(config, SP_PARITY_NONE);
	sp_set_config_stopbits(config, 1);
	sp_set_config_xon_xoff(config, SP_XONXOFF_DISABLED);
	sp_set_config_cts(config, SP_CTS_IGNORE);
	sp_set_config_dsr(config, SP_DSR_IGNORE);
	if (c->rts >= 0)
		sp_set_config_rts(config, c->rts ? SP_RTS_ON : SP_RTS_OFF);
	if (c->dtr >= 0)
		sp_set_config_dtr(config, c->dtr ? SP_DTR_ON : SP_DTR_OFF);
	result = sp_set_config(port, config);
	sp_free_config(config);
	return result;
}

static void compare_baud(const struct serial *s, unsigned asked, unsigned got,
			 const struct pl_log *log)
{
	double off = asked ? (double)got / asked - 1 : 0;

	if (off < -0.02 || off > 0.02)
		pl_logf(log, PL_WARNING,
			"%s: asked for %u baud, the port runs at %u; frames may be garbled",
			s->name, asked, got);
}

/* 1: opened; 0: libserialport does not take it although it is registered; -1: refused. */
static int open_registered(struct serial *s, const struct pl_serial_config *c,
			   const struct pl_log *log, struct pl_error *err)
{
	enum sp_return result = sp_get_port_by_name(s->path, &s->port);
	unsigned baud = c->baud;
	int code;

	if (result == SP_OK)
		result = sp_open(s->port, SP_MODE_READ_WRITE);
	if (result != SP_OK) {
		code = port_errno(result);
		sp_free_port(s->port);
		s->port = NULL;
		/* a tty without modem lines (gadgets, virtual ones): tty.c can */
		if (code == ENOTTY || code == EINVAL)
			return 0;
		return pl_tty_open_failed(err, code, s->name);
	}
	sp_get_port_handle(s->port, &s->fd);
	fcntl(s->fd, F_SETFD, FD_CLOEXEC); /* a child that keeps it keeps the port busy */
	result = configure_port(s->port, c);
	if (result != SP_OK)
		return pl_error_set(err, PL_EIO, port_errno(result),
				    "cannot set %s to %u baud, 8N1: %s", s->name, c->baud,
				    strerror(port_errno(result)));
	if (pl_tty_raw_wake(s->fd, &baud))
		return pl_error_set(err, PL_EIO, errno, "cannot configure %s: %s", s->name,
				    strerror(errno));
	compare_baud(s, c->baud, baud, log);
	ioctl(s->fd, TIOCEXCL);
	pl_tty_low_latency(s->fd, strrchr(s->path, '/') + 1, log);
	return 1;
}

static bool registered(const char *path)
{
	char entry[PATH_MAX + 32];

	if (strncmp(path, "/dev/", 5) || strchr(path + 5, '/'))
		return false;
	snprintf(entry, sizeof(entry), "/sys/class/tty/%s", path + 5);
	return !access(entry, F_OK);
}

static int open_raw(struct serial *s, const struct pl_serial_config *c, struct pl_error *err)
{
	s->fd = s->lock_fd;
	if (pl_tty_make_raw(s->fd, c->baud))
		return pl_tty_open_failed(err, errno, s->name);
	if (pl_tty_lines(s->fd, c->dtr, c->rts) && errno != ENOTTY && errno != EINVAL)
		return pl_error_set(err, PL_EIO, errno, "cannot set the control lines of %s: %s",
				    s->name, strerror(errno));
	return 0;
}

/*
 * Two readers of one port would each get half of the bytes. TIOCEXCL does not stop root, and is
 * not there for ptys; a lock stops everybody who asks. It is taken before anything is set: who is
 * refused must not have changed the speed of the one that reads.
 */
static int lock(struct serial *s, struct pl_error *err)
{
	s->lock_fd = pl_tty_open(s->path, s->name, err);
	if (s->lock_fd < 0)
		return -1;
	if (!flock(s->lock_fd, LOCK_EX | LOCK_NB) || errno != EWOULDBLOCK)
		return 0;
	return pl_tty_open_failed(err, EBUSY, s->name);
}

/* False: hung up, which the first read will find again. */
static bool drop_input(const struct serial *s)
{
	uint8_t old[4096];
	ssize_t n = read(s->fd, old, sizeof(old));

	return n > 0 || (n < 0 && (errno == EAGAIN || errno == EINTR));
}

/* A full line discipline makes the driver hold the adapter back, and what waits in there TCFLSH
 * does not reach: a mat that streams at once would begin with old frames. So they are read. */
static void settle(struct serial *s, const struct pl_serial_config *c)
{
	int64_t until_ns = pl_mono_ns() + c->settle_ms * INT64_C(1000000), left_ns;
	struct pollfd fd = {.fd = c->discard_banner ? s->fd : -1, .events = POLLIN};

	while ((left_ns = until_ns - pl_mono_ns()) > 0)
		if (poll(&fd, 1, (int)(left_ns / 1000000) + 1) > 0 && !drop_input(s))
			return;
	if (c->settle_ms && c->discard_banner)
		pl_tty_discard_input(s->fd);
}

static void serial_close(struct pl_transport *t)
{
	struct serial *s = (struct serial *)t;

	if (s->port) {
		sp_close(s->port); /* an unplugged one may fail: closed all the same */
		sp_free_port(s->port);
	}
	if (s->lock_fd >= 0)
		close(s->lock_fd);
	pl_transport_fini(t);
	free(s);
}

static int set_up(struct serial *s, const struct pl_uri *uri, const struct pl_mat *mat,
		  const struct pl_log *log, struct pl_error *err)
{
	struct pl_serial_config c = configuration(uri, mat);
	int opened = 0;

	strcpy(s->name, uri->path);
	if (pl_transport_init(&s->base, &pl_serial_ops, err))
		return -1;
	if (!realpath(uri->path, s->path))
		return pl_tty_open_failed(err, errno, s->name);
	if (pl_port_refuse_twins(s->name, s->path, err) || lock(s, err))
		return -1;
	if (registered(s->path))
		opened = open_registered(s, &c, log, err);
	if (opened < 0 || (!opened && open_raw(s, &c, err)))
		return -1;
	settle(s, &c);
	return 0;
}

static struct pl_transport *serial_open(const struct pl_uri *uri, const struct pl_mat *mat,
					const struct pl_log *log, struct pl_error *err)
{
	struct serial *s = calloc(1, sizeof(*s));

	if (!s) {
		pl_error_set(err, PL_ENOMEM, 0, "no memory for a serial port");
		return NULL;
	}
	s->fd = s->lock_fd = s->base.cancel_fd = -1;
	if (set_up(s, uri, mat, log, err)) {
		serial_close(&s->base);
		return NULL;
	}
	return &s->base;
}

static int gone(const struct serial *s, int os_errno, struct pl_error *err)
{
	return pl_error_set(err, PL_EGONE, os_errno,
			    "%s is gone: unplugged or closed at the other end%s%s", s->name,
			    os_errno ? ": " : "", os_errno ? strerror(os_errno) : "");
}

/* One read after poll() said revents. > 0 bytes, 0 nothing after all, PL_READ_GONE. */
static long read_once(struct serial *s, uint8_t *buf, size_t cap, short revents,
		      struct pl_error *err)
{
	ssize_t n = read(s->fd, buf, cap);

	if (n > 0)
		return n;
	if (n < 0 && (errno == EINTR || (errno == EAGAIN && !(revents & (POLLHUP | POLLERR)))))
		return 0;
	gone(s, n < 0 && errno != EAGAIN ? errno : 0, err);
	return PL_READ_GONE;
}

/*
 * The line discipline holds 4 KiB at most, so an 8 KiB frame is three reads whatever is done; after
 * a large one the rest is read without asking poll() first, which saves a sixth of the CPU. Waiting
 * for more to gather (naps, VMIN) was measured and costs more than it saves.
 */
static long serial_read(struct pl_transport *t, void *buf, size_t cap, size_t want, int timeout_ms,
			struct pl_error *err)
{
	struct serial *s = (struct serial *)t;
	struct pollfd fds[2] = {{.fd = s->fd, .events = POLLIN},
				{.fd = t->cancel_fd, .events = POLLIN}};
	size_t got = 0;
	long n = 0;

	while (got < want) {
		if (n < MORE_BEHIND) {
			if (poll(fds, 2, got ? GATHER_MS : timeout_ms) <= 0)
				break;
			if (fds[1].revents) {
				if (!got) /* else the next read finds it */
					pl_transport_cancel_taken(t);
				break;
			}
		}
		n = read_once(s, (uint8_t *)buf + got, cap - got, fds[0].revents, err);
		if (n < 0)
			return got ? (long)got : n; /* the next read finds it again */
		got += (size_t)n;
	}
	return (long)got;
}

static int serial_write(struct pl_transport *t, const void *bytes, size_t n, struct pl_error *err)
{
	struct serial *s = (struct serial *)t;
	int64_t limit_ns = pl_mono_ns() + WRITE_NS;
	const uint8_t *p = bytes;

	while (n) {
		struct pollfd fd = {.fd = s->fd, .events = POLLOUT};
		int64_t left_ns = limit_ns - pl_mono_ns();
		ssize_t done;

		if (left_ns <= 0)
			return pl_error_set(err, PL_ETIMEOUT, 0,
					    "%s takes no bytes: the mat did not read for 1 s",
					    s->name);
		if (poll(&fd, 1, (int)(left_ns / 1000000) + 1) <= 0)
			continue;
		if (fd.revents & (POLLHUP | POLLERR | POLLNVAL))
			return gone(s, 0, err);
		done = write(s->fd, p, n);
		if (done < 0 && errno != EAGAIN && errno != EINTR)
			return gone(s, errno, err);
		if (done > 0) {
			p += done;
			n -= (size_t)done;
		}
	}
	return 0;
}

static bool serial_present(const struct pl_uri *uri)
{
	struct stat st;

	return !stat(uri->path, &st) && S_ISCHR(st.st_mode);
}

const struct pl_transport_ops pl_serial_ops = {
	.scheme = "serial",
	.example = "serial:/dev/serial/by-id/NAME?baud=115200",
	.keys = keys,
	.open = serial_open,
	.close = serial_close,
	.read = serial_read,
	.write = serial_write,
	.present = serial_present,
};
