/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The path that real ports take, through libserialport, on a machine that may have none: the test
 * starts itself again with tiocm_preload.c before libc, which puts a pty behind the name of a tty
 * that the kernel has registered.
 */
#include "tests/unit/drivers/transport_test.h"

#include <asm/termbits.h>
#include <dlfcn.h>
#include <linux/serial.h>
#include <pthread.h>
#include <sys/ioctl.h>

struct port {
	struct pl_mat mat;
	int master;
	char slave[64];
};

/* A virtual console for choice: should the shim fail, nothing real is touched. */
static const char *registered_tty(void)
{
	static const char *const names[] = {"tty63", "tty9", "tty1", "ttyS3", "ttyS0"};
	static char path[32];

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		char entry[64];

		snprintf(path, sizeof(path), "/dev/%s", names[i]);
		snprintf(entry, sizeof(entry), "/sys/class/tty/%s", names[i]);
		if (!access(path, F_OK) && !access(entry, F_OK))
			return path;
	}
	return NULL;
}

static int fake(const char *name)
{
	int *value = dlsym(RTLD_DEFAULT, name);

	assert_non_null(value);
	return *value;
}

static int set_up(void **state)
{
	static struct port p;

	parse_mat(&p.mat, PMP_MAT "serial = { baud = 3000000; dtr = false; rts = true; };");
	p.master = open_pty(p.slave, sizeof(p.slave));
	setenv("PLANTAR_PTY", p.slave, 1);
	*state = &p;
	return 0;
}

static int tear_down(void **state)
{
	struct port *p = *state;

	if (p->master >= 0)
		close(p->master);
	pl_mat_free(&p->mat);
	return 0;
}

static struct pl_transport *must_open(const struct port *p, const char *query,
				      const struct pl_log *log)
{
	char uri[128];
	struct pl_error err;
	struct pl_transport *t;
	int before = fake("pl_fake_opened");

	snprintf(uri, sizeof(uri), "serial:%s%s", getenv("PLANTAR_TTY"), query);
	t = pl_transport_open(uri, &p->mat, log, &err);
	if (!t)
		fail_msg("%s", err.message);
	assert_true(fake("pl_fake_opened") > before);
	return t;
}

static void ports_are_configured(void **state)
{
	struct port *p = *state;
	struct pl_transport *t = must_open(p, "", NULL);
	struct termios2 set;

	assert_false(ioctl(p->master, TCGETS2, &set));
	assert_int_equal(set.c_ospeed, 3000000);
	assert_int_equal(set.c_cflag & (CSIZE | PARENB | CSTOPB | CRTSCTS), CS8);
	assert_int_equal(set.c_lflag & (ICANON | ECHO | ISIG), 0);
	assert_int_equal(set.c_iflag & (IXON | IXOFF | ICRNL | INLCR), 0);
	assert_int_equal(set.c_oflag & OPOST, 0);
	assert_int_equal(set.c_cc[VMIN], 1);
	assert_int_equal(fake("pl_fake_lines") & (TIOCM_DTR | TIOCM_RTS), TIOCM_RTS);
	assert_int_equal(fake("pl_fake_flags") & ASYNC_LOW_LATENCY, ASYNC_LOW_LATENCY);
	pl_transport_close(t);

	t = must_open(p, "?baud=12345678&dtr=1&rts=0", NULL);
	assert_false(ioctl(p->master, TCGETS2, &set));
	assert_int_equal(set.c_ospeed, 12345678);
	assert_int_equal(fake("pl_fake_lines") & (TIOCM_DTR | TIOCM_RTS), TIOCM_DTR);
	pl_transport_close(t);
}

/* A child that inherited the port would keep it open, and exclusive, behind the daemon's back. */
static void ports_are_closed_in_children(void **state)
{
	struct port *p = *state;
	struct pl_transport *t = must_open(p, "", NULL);
	unsigned open_here = 0;

	for (int fd = 0; fd < 256; fd++) {
		char entry[32], target[80];
		ssize_t n;

		snprintf(entry, sizeof(entry), "/proc/self/fd/%d", fd);
		n = readlink(entry, target, sizeof(target) - 1);
		if (n < 0)
			continue;
		target[n] = '\0';
		if (strcmp(target, p->slave) != 0)
			continue;
		open_here++;
		assert_int_equal(fcntl(fd, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
	}
	assert_true(open_here > 0);
	pl_transport_close(t);
}

static void *send_all(void *user)
{
	const struct port *p = user;
	static uint8_t block[8192];

	for (size_t i = 0; i < sizeof(block); i++)
		block[i] = (uint8_t)i;
	for (int i = 0; i < 256; i++)
		for (size_t at = 0; at < sizeof(block);) {
			ssize_t n = write(p->master, block + at, sizeof(block) - at);

			at += n > 0 ? (size_t)n : 0;
		}
	return NULL;
}

static void bytes_pass_both_ways(void **state)
{
	struct port *p = *state;
	struct pl_transport *t = must_open(p, "", NULL);
	static uint8_t buf[16384];
	size_t at = 0;
	pthread_t thread;

	assert_int_equal(pl_transport_read(t, buf, sizeof(buf), 1, 20, NULL), PL_READ_NONE);
	assert_false(pthread_create(&thread, NULL, send_all, p));
	while (at < 256 * 8192) {
		long n = pl_transport_read(t, buf, sizeof(buf), 8192, 2000, NULL);

		assert_true(n > 0);
		for (long i = 0; i < n; i++)
			assert_int_equal(buf[i], (uint8_t)(at + (size_t)i));
		at += (size_t)n;
	}
	pthread_join(thread, NULL);
	assert_int_equal(pl_transport_write(t, "AT\r\n", 4, NULL), 0);
	assert_int_equal(read(p->master, buf, sizeof(buf)), 4);
	assert_memory_equal(buf, "AT\r\n", 4);
	pl_transport_close(t);
}

static void an_unplugged_port_is_gone(void **state)
{
	struct port *p = *state;
	struct pl_transport *t = must_open(p, "", NULL);
	struct pl_error err;
	uint8_t buf[64];
	double cpu = seconds(CLOCK_THREAD_CPUTIME_ID), begin = seconds(CLOCK_MONOTONIC);

	close(p->master);
	p->master = -1;
	for (int i = 0; i < 100; i++)
		assert_int_equal(pl_transport_read(t, buf, sizeof(buf), 64, 5000, &err),
				 PL_READ_GONE);
	assert_int_equal(err.code, PL_EGONE);
	assert_true(seconds(CLOCK_MONOTONIC) - begin < 0.5);
	assert_true(seconds(CLOCK_THREAD_CPUTIME_ID) - cpu < 0.05);
	pl_transport_close(t);
}

/* Whoever comes second is refused, and has changed nothing for the one that reads. */
static void refuse_second(const struct port *p, unsigned baud)
{
	char uri[64];
	struct pl_error err;
	struct termios2 set;
	int lines = fake("pl_fake_lines");

	snprintf(uri, sizeof(uri), "serial:%s?baud=9600&dtr=1", getenv("PLANTAR_TTY"));
	assert_null(pl_transport_open(uri, &p->mat, NULL, &err));
	assert_int_equal(err.code, PL_EBUSY);
	assert_false(ioctl(p->master, TCGETS2, &set));
	assert_int_equal(set.c_ospeed, baud);
	assert_int_equal(fake("pl_fake_lines"), lines);
}

static void a_registered_port_has_one_reader(void **state)
{
	struct port *p = *state;
	struct pl_transport *t = must_open(p, "", NULL);

	refuse_second(p, 3000000);
	pl_transport_close(t);
}

/* USB gadgets and virtual ttys are registered but have no control lines: libserialport gives up on
 * them, the port is opened all the same. */
static void ports_without_lines_work(void **state)
{
	struct port *p = *state;
	char uri[64];
	struct pl_error err;
	struct termios2 set;
	struct pl_transport *t;
	uint8_t buf[8];

	setenv("PLANTAR_NO_LINES", "1", 1);
	snprintf(uri, sizeof(uri), "serial:%s?baud=921600&dtr=1", getenv("PLANTAR_TTY"));
	t = pl_transport_open(uri, &p->mat, NULL, &err);
	if (!t)
		fail_msg("%s", err.message);
	refuse_second(p, 921600);
	unsetenv("PLANTAR_NO_LINES");
	assert_false(ioctl(p->master, TCGETS2, &set));
	assert_int_equal(set.c_ospeed, 921600);
	assert_int_equal(set.c_lflag & (ICANON | ECHO | ISIG), 0);
	assert_int_equal(write(p->master, "\x03\x11\r\n", 4), 4);
	assert_int_equal(pl_transport_read(t, buf, sizeof(buf), 4, 1000, NULL), 4);
	assert_memory_equal(buf, "\x03\x11\r\n", 4);
	pl_transport_close(t);
}

#define ON_A_PORT(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		ON_A_PORT(ports_are_configured),
		ON_A_PORT(ports_are_closed_in_children),
		ON_A_PORT(bytes_pass_both_ways),
		ON_A_PORT(an_unplugged_port_is_gone),
		ON_A_PORT(a_registered_port_has_one_reader),
		ON_A_PORT(ports_without_lines_work),
	};
	const char *tty = registered_tty();

	if (argc < 2) {
		fprintf(stderr, "usage: %s SHIM\n", argv[0]);
		return 2;
	}
	if (!tty) {
		printf("skipped: no registered tty to borrow the name of\n");
		return 77;
	}
	if (!getenv("PLANTAR_TTY")) {
		setenv("PLANTAR_TTY", tty, 1);
		setenv("LD_PRELOAD", argv[1], 1);
		execv(argv[0], argv);
		perror("execv");
		return 1;
	}
	unsetenv("LD_PRELOAD"); /* of this process only */
	return cmocka_run_group_tests(tests, NULL, NULL);
}
