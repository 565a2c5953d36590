/* SPDX-License-Identifier: Apache-2.0 */
/*
 * serial: on real pseudo-terminals. Nothing may be lost at full speed, a hang-up must be noticed
 * without spinning, a cancel must wake, and what cannot be opened must say why.
 */
#include "tests/unit/drivers/transport_test.h"

#include <errno.h>
#include <grp.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/wait.h>

#define MEGABYTES 50

struct line {
	struct pl_mat mat;
	int master;
	char slave[64], uri[80];
	struct pl_transport *t;
};

static int set_up(void **state)
{
	static struct line l;
	struct pl_error err;

	l = (struct line){.master = -1};
	parse_mat(&l.mat, PMP_MAT);
	l.master = open_pty(l.slave, sizeof(l.slave));
	snprintf(l.uri, sizeof(l.uri), "serial:%s", l.slave);
	l.t = pl_transport_open(l.uri, &l.mat, NULL, &err);
	if (!l.t)
		fail_msg("%s", err.message);
	*state = &l;
	return 0;
}

static int tear_down(void **state)
{
	struct line *l = *state;

	pl_transport_close(l->t);
	if (l->master >= 0)
		close(l->master);
	pl_mat_free(&l->mat);
	return 0;
}

/* The i-th byte of the test stream; 0x00, 0x03, 0x11, 0x13 and all others occur, which a line that
 * is not raw would eat. */
static uint8_t stream_byte(size_t i)
{
	return (uint8_t)((i * UINT64_C(0x9E3779B97F4A7C15)) >> 40);
}

static void write_all(int fd, const void *bytes, size_t n)
{
	for (const uint8_t *p = bytes; n;) {
		ssize_t done = write(fd, p, n);

		if (done < 0 && errno != EINTR)
			return;
		p += done > 0 ? done : 0;
		n -= done > 0 ? (size_t)done : 0;
	}
}

static void *send_stream(void *user)
{
	static uint8_t block[8192];
	int fd = *(int *)user;

	for (size_t at = 0; at < MEGABYTES << 20; at += sizeof(block)) {
		for (size_t i = 0; i < sizeof(block); i++)
			block[i] = stream_byte(at + i);
		write_all(fd, block, sizeof(block));
	}
	return NULL;
}

static void nothing_is_lost_at_full_speed(void **state)
{
	struct line *l = *state;
	static uint8_t buf[65536];
	size_t at = 0, reads = 0;
	pthread_t sender;

	assert_false(pthread_create(&sender, NULL, send_stream, &l->master));
	while (at < MEGABYTES << 20) {
		long n = pl_transport_read(l->t, buf, sizeof(buf), 8192, 5000, NULL);

		assert_true(n > 0);
		for (long i = 0; i < n; i++)
			if (buf[i] != stream_byte(at + (size_t)i))
				fail_msg("byte %zu differs", at + (size_t)i);
		at += (size_t)n;
		reads++;
	}
	pthread_join(sender, NULL);
	assert_true(at / reads > 4096); /* gathered, not one read() each */
}

static void reads_gather_what_is_wanted(void **state)
{
	struct line *l = *state;
	uint8_t buf[64];
	double begin;

	write_all(l->master, "0123456789", 10);
	assert_int_equal(pl_transport_read(l->t, buf, sizeof(buf), 10, 1000, NULL), 10);
	/* less than wanted: what is there after a quiet millisecond */
	write_all(l->master, "abc", 3);
	begin = seconds(CLOCK_MONOTONIC);
	assert_int_equal(pl_transport_read(l->t, buf, sizeof(buf), 10, 1000, NULL), 3);
	assert_true(seconds(CLOCK_MONOTONIC) - begin < 0.5);
	/* more than there is room for */
	write_all(l->master, "0123456789", 10);
	assert_int_equal(pl_transport_read(l->t, buf, 4, 10, 1000, NULL), 4);
	assert_int_equal(pl_transport_read(l->t, buf, sizeof(buf), 6, 1000, NULL), 6);
	assert_memory_equal(buf, "456789", 6);
	/* nothing */
	begin = seconds(CLOCK_MONOTONIC);
	assert_int_equal(pl_transport_read(l->t, buf, sizeof(buf), 1, 50, NULL), PL_READ_NONE);
	assert_true(seconds(CLOCK_MONOTONIC) - begin >= 0.05);
	assert_int_equal(pl_transport_read(l->t, buf, sizeof(buf), 1, 0, NULL), PL_READ_NONE);
}

struct later {
	struct line *l;
	double at; /* when it happened */
};

static void *hang_up_soon(void *user)
{
	struct later *later = user;

	nap(0.1);
	later->at = seconds(CLOCK_MONOTONIC);
	close(later->l->master);
	later->l->master = -1;
	return NULL;
}

static void a_hang_up_is_noticed_without_spinning(void **state)
{
	struct line *l = *state;
	struct later later = {.l = l};
	struct pl_error err;
	uint8_t buf[64];
	pthread_t thread;
	double cpu;

	assert_false(pthread_create(&thread, NULL, hang_up_soon, &later));
	cpu = seconds(CLOCK_THREAD_CPUTIME_ID);
	assert_int_equal(pl_transport_read(l->t, buf, sizeof(buf), 64, 5000, &err), PL_READ_GONE);
	pthread_join(thread, NULL);
	assert_true(seconds(CLOCK_MONOTONIC) - later.at < 0.2);
	assert_int_equal(err.code, PL_EGONE);
	assert_non_null(strstr(err.message, l->slave));
	/* and it stays gone, at once and cheaply */
	for (int i = 0; i < 100; i++)
		assert_int_equal(pl_transport_read(l->t, buf, sizeof(buf), 64, 5000, &err),
				 PL_READ_GONE);
	assert_int_equal(pl_transport_write(l->t, "x", 1, &err), -1);
	assert_int_equal(err.code, PL_EGONE);
	assert_true(seconds(CLOCK_THREAD_CPUTIME_ID) - cpu < 0.05);
}

static void the_last_bytes_come_before_the_hang_up(void **state)
{
	struct line *l = *state;
	uint8_t buf[64];
	long n;

	write_all(l->master, "tail", 4);
	assert_int_equal(pl_transport_read(l->t, buf, 2, 2, 1000, NULL), 2);
	close(l->master);
	l->master = -1;
	/* Linux may or may not keep the rest; it must not be made up and must end in GONE */
	n = pl_transport_read(l->t, buf, sizeof(buf), 2, 1000, NULL);
	if (n > 0) {
		assert_int_equal(n, 2);
		assert_memory_equal(buf, "il", 2);
		n = pl_transport_read(l->t, buf, sizeof(buf), 2, 1000, NULL);
	}
	assert_int_equal(n, PL_READ_GONE);
}

static void waiting_costs_nothing(void **state)
{
	struct line *l = *state;
	double cpu = seconds(CLOCK_THREAD_CPUTIME_ID);
	uint8_t buf[64];

	assert_int_equal(pl_transport_read(l->t, buf, sizeof(buf), 64, 500, NULL), PL_READ_NONE);
	assert_true(seconds(CLOCK_THREAD_CPUTIME_ID) - cpu < 0.01);
}

static void *cancel_soon(void *user)
{
	struct later *later = user;

	nap(0.05);
	later->at = seconds(CLOCK_MONOTONIC);
	pl_transport_cancel(later->l->t);
	return NULL;
}

static struct pl_transport *interrupted;

static void on_alarm(int sig)
{
	(void)sig;
	pl_transport_cancel(interrupted);
}

static void cancel_wakes(void **state)
{
	struct line *l = *state;
	struct later later = {.l = l};
	struct sigaction act = {.sa_handler = on_alarm, .sa_flags = SA_RESTART};
	struct itimerval soon = {.it_value = {.tv_usec = 50000}};
	uint8_t buf[64];
	pthread_t thread;
	double begin;

	assert_false(pthread_create(&thread, NULL, cancel_soon, &later));
	assert_int_equal(pl_transport_read(l->t, buf, sizeof(buf), 64, 5000, NULL), PL_READ_NONE);
	pthread_join(thread, NULL);
	assert_true(seconds(CLOCK_MONOTONIC) - later.at < 0.2);

	/* one that comes first is kept, and bytes are there after it */
	write_all(l->master, "after", 5);
	pl_transport_cancel(l->t);
	pl_transport_cancel(l->t);
	assert_int_equal(pl_transport_read(l->t, buf, sizeof(buf), 5, 5000, NULL), PL_READ_NONE);
	assert_int_equal(pl_transport_read(l->t, buf, sizeof(buf), 5, 5000, NULL), 5);

	/* from a signal handler */
	interrupted = l->t;
	sigaction(SIGALRM, &act, NULL);
	begin = seconds(CLOCK_MONOTONIC);
	setitimer(ITIMER_REAL, &soon, NULL);
	assert_int_equal(pl_transport_read(l->t, buf, sizeof(buf), 64, 5000, NULL), PL_READ_NONE);
	assert_true(seconds(CLOCK_MONOTONIC) - begin < 2);
	signal(SIGALRM, SIG_DFL);
}

#define CANCEL_ROUNDS 20000

struct flurry {
	struct pl_transport *t;
	atomic_uint round; /* the canceller goes as far as this ... */
	atomic_uint done;  /* ... and is here */
};

static void *cancel_often(void *user)
{
	struct flurry *f = user;

	for (unsigned round = 1; round <= CANCEL_ROUNDS; round++) {
		while (atomic_load(&f->round) < round)
			sched_yield();
		for (int i = 0; i < 3; i++)
			pl_transport_cancel(f->t);
		atomic_store(&f->done, round);
	}
	return NULL;
}

/* However cancels and reads fall together, none may stay behind and hide the bytes for ever. */
static void no_cancel_is_left_over(void **state)
{
	struct line *l = *state;
	struct flurry f = {.t = l->t};
	pthread_t thread;
	uint8_t buf[8];

	assert_false(pthread_create(&thread, NULL, cancel_often, &f));
	for (unsigned round = 1; round <= CANCEL_ROUNDS; round++) {
		long n = 0;

		write_all(l->master, "x", 1);
		atomic_store(&f.round, round);
		while (atomic_load(&f.done) < round && n == 0)
			n = pl_transport_read(l->t, buf, sizeof(buf), 1, 0, NULL);
		while (atomic_load(&f.done) < round)
			sched_yield();
		for (int tries = 0; tries < 3 && n == 0; tries++)
			n = pl_transport_read(l->t, buf, sizeof(buf), 1, 1000, NULL);
		if (n != 1)
			fail_msg("round %u: a cancel is pending for ever", round);
	}
	pthread_join(thread, NULL);
}

static void writes_arrive_or_give_up(void **state)
{
	struct line *l = *state;
	static uint8_t much[1 << 20];
	struct pl_error err;
	char buf[16];
	double begin;

	assert_int_equal(pl_transport_write(l->t, "start\n\r\x03", 8, &err), 0);
	assert_int_equal(read(l->master, buf, sizeof(buf)), 8);
	assert_memory_equal(buf, "start\n\r\x03", 8);
	begin = seconds(CLOCK_MONOTONIC);
	assert_int_equal(pl_transport_write(l->t, much, sizeof(much), &err), -1);
	assert_int_equal(err.code, PL_ETIMEOUT);
	assert_true(seconds(CLOCK_MONOTONIC) - begin > 0.9);
	assert_true(seconds(CLOCK_MONOTONIC) - begin < 3);
}

static void a_port_has_one_reader(void **state)
{
	struct line *l = *state;
	struct pl_error err;

	assert_null(pl_transport_open(l->uri, &l->mat, NULL, &err));
	assert_int_equal(err.code, PL_EBUSY);
	assert_non_null(strstr(err.message, "another program is using it"));
	pl_transport_close(l->t);
	l->t = pl_transport_open(l->uri, &l->mat, NULL, &err);
	assert_non_null(l->t);
}

static void links_follow_the_device(void **state)
{
	struct line *l = *state;
	char link[128], uri[160], other[64];
	struct pl_transport *t;
	struct pl_error err;
	uint8_t buf[8];
	int master;

	snprintf(link, sizeof(link), "%s", scratch("mat"));
	snprintf(uri, sizeof(uri), "serial:%s", link);
	assert_false(symlink(l->slave, link));
	pl_transport_close(l->t);
	l->t = pl_transport_open(uri, &l->mat, NULL, &err);
	assert_non_null(l->t);
	assert_true(pl_transport_present(uri));
	/* unplugged: the link dangles */
	close(l->master);
	l->master = -1;
	assert_int_equal(pl_transport_read(l->t, buf, sizeof(buf), 1, 1000, NULL), PL_READ_GONE);
	pl_transport_close(l->t);
	l->t = NULL;
	assert_false(pl_transport_present(uri));
	assert_null(pl_transport_open(uri, &l->mat, NULL, &err));
	assert_int_equal(err.code, PL_ENOENT);
	/* and plugged in again under another number */
	master = open_pty(other, sizeof(other));
	assert_false(unlink(link));
	assert_false(symlink(other, link));
	assert_true(pl_transport_present(uri));
	t = pl_transport_open(uri, &l->mat, NULL, &err);
	assert_non_null(t);
	write_all(master, "again", 5);
	assert_int_equal(pl_transport_read(t, buf, sizeof(buf), 5, 1000, NULL), 5);
	pl_transport_close(t);
	close(master);
	unlink(link);
}

static void boards_get_time_to_boot(void **state)
{
	struct line *l = *state;
	struct pl_error err;
	char uri[128];
	uint8_t buf[32];
	double begin;

	pl_transport_close(l->t);
	for (int discard = 0; discard <= 1; discard++) {
		snprintf(uri, sizeof(uri), "%s?settle_ms=200&discard_banner=%d", l->uri, discard);
		write_all(l->master, "banner", 6);
		begin = seconds(CLOCK_MONOTONIC);
		l->t = pl_transport_open(uri, &l->mat, NULL, &err);
		assert_non_null(l->t);
		assert_true(seconds(CLOCK_MONOTONIC) - begin >= 0.2);
		assert_true(seconds(CLOCK_MONOTONIC) - begin < 1);
		assert_int_equal(pl_transport_read(l->t, buf, sizeof(buf), 6, 20, NULL),
				 discard ? PL_READ_NONE : 6);
		pl_transport_close(l->t);
	}
	l->t = NULL;
}

struct flood {
	int master;
	size_t sent;
	atomic_bool stop;
};

static void *send_flood(void *user)
{
	struct flood *f = user;
	static uint8_t old[1024];

	while (!atomic_load(&f->stop)) {
		ssize_t n = write(f->master, old, sizeof(old));

		f->sent += n > 0 ? (size_t)n : 0;
		nap(20e-6);
	}
	return NULL;
}

/* A mat that streams while its board is given time is not held back: old frames that wait in the
 * adapter for room here would come out later as frames of now. */
static void a_flood_is_discarded_as_it_comes(void **state)
{
	struct line *l = *state;
	struct flood f = {.master = l->master};
	struct pl_error err;
	char uri[128];
	uint8_t buf[32];
	pthread_t thread;

	pl_transport_close(l->t);
	assert_false(fcntl(l->master, F_SETFL, O_NONBLOCK));
	assert_false(pthread_create(&thread, NULL, send_flood, &f));
	snprintf(uri, sizeof(uri), "%s?settle_ms=1000&discard_banner=1", l->uri);
	l->t = pl_transport_open(uri, &l->mat, NULL, &err);
	atomic_store(&f.stop, true);
	pthread_join(thread, NULL);
	assert_non_null(l->t);
	assert_true(f.sent > 400000); /* no buffer on the way is as large */
	while (pl_transport_read(l->t, buf, sizeof(buf), 1, 50, NULL) > 0)
		;
	write_all(l->master, "now", 3);
	assert_int_equal(pl_transport_read(l->t, buf, sizeof(buf), 3, 1000, NULL), 3);
	assert_memory_equal(buf, "now", 3);
}

static void what_is_no_port_says_so(void **state)
{
	struct line *l = *state;
	char file[128], uri[160];
	struct pl_error err;
	FILE *f;

	assert_null(pl_transport_open("serial:/dev/no-such-port", &l->mat, NULL, &err));
	assert_int_equal(err.code, PL_ENOENT);
	assert_int_equal(err.os_errno, ENOENT);
	assert_non_null(strstr(err.message, "cannot open /dev/no-such-port: no such port"));
	assert_false(pl_transport_present("serial:/dev/no-such-port"));
	assert_null(pl_transport_open("serial:/dev/null", &l->mat, NULL, &err));
	assert_int_equal(err.code, PL_EUSAGE);
	assert_non_null(strstr(err.message, "not a serial port"));
	snprintf(file, sizeof(file), "%s", scratch("file"));
	f = fopen(file, "w");
	fclose(f);
	snprintf(uri, sizeof(uri), "serial:%s", file);
	assert_null(pl_transport_open(uri, &l->mat, NULL, &err));
	assert_int_equal(err.code, PL_EUSAGE);
	assert_null(pl_transport_open("serial:/tmp", &l->mat, NULL, &err));
	assert_int_equal(err.code, PL_EUSAGE);
}

/* root may open everything, so somebody else asks. 0: refused as it should be. */
static int open_as_nobody(const struct line *l)
{
	struct pl_error err;

	if (!geteuid() && (setgroups(0, NULL) || setgid(65534) || setuid(65534)))
		return 77;
	if (pl_transport_open(l->uri, &l->mat, NULL, &err))
		return 1;
	if (err.code != PL_EACCES || err.os_errno != EACCES)
		return 2;
	return strstr(err.message, "permission denied; add the user to group dialout") ? 0 : 3;
}

static void permission_is_asked_for(void **state)
{
	struct line *l = *state;
	int status;
	pid_t pid;

	pl_transport_close(l->t);
	l->t = NULL;
	assert_false(chmod(l->slave, 0));
	pid = fork();
	if (!pid)
		_exit(open_as_nobody(l));
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	if (WEXITSTATUS(status) == 77) {
		print_message("cannot become another user here: permission not tested\n");
		skip();
	}
	assert_int_equal(WEXITSTATUS(status), 0);
}

static void count_port(void *user, const char *uri, const char *description, bool accessible)
{
	unsigned *n = user;

	(void)accessible;
	assert_int_equal(strncmp(uri, "serial:/dev/", 12), 0);
	assert_true(strlen(description) > 0);
	++*n;
}

static void ports_are_listed(void **state)
{
	unsigned n = 0;

	(void)state;
	pl_transport_list_ports(count_port, &n);
	print_message("%u serial ports here\n", n);
}

#define ON_A_LINE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		ON_A_LINE(nothing_is_lost_at_full_speed),
		ON_A_LINE(reads_gather_what_is_wanted),
		ON_A_LINE(a_hang_up_is_noticed_without_spinning),
		ON_A_LINE(the_last_bytes_come_before_the_hang_up),
		ON_A_LINE(waiting_costs_nothing),
		ON_A_LINE(cancel_wakes),
		ON_A_LINE(no_cancel_is_left_over),
		ON_A_LINE(writes_arrive_or_give_up),
		ON_A_LINE(a_port_has_one_reader),
		ON_A_LINE(links_follow_the_device),
		ON_A_LINE(boards_get_time_to_boot),
		ON_A_LINE(a_flood_is_discarded_as_it_comes),
		ON_A_LINE(what_is_no_port_says_so),
		ON_A_LINE(permission_is_asked_for),
		cmocka_unit_test(ports_are_listed),
	};
	int failed = cmocka_run_group_tests(tests, NULL, NULL);

	remove_scratch();
	return failed;
}
