/* SPDX-License-Identifier: Apache-2.0 */
/* What the transport tests share: mats, temporary folders, clocks, ptys. */
#ifndef TESTS_UNIT_DRIVERS_TRANSPORT_TEST_H
#define TESTS_UNIT_DRIVERS_TRANSPORT_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "drivers/mat/mat.h"
#include "drivers/transport/transport.h"

static inline void parse_mat(struct pl_mat *mat, const char *text)
{
	struct pl_error err;

	if (pl_mat_parse(mat, "testmat", text, &err))
		fail_msg("%s", err.message);
}

#define PMP_MAT                                                                   \
	"title = \"test\"; rows = 32; cols = 32; pitch_mm = 12.0; rate_hz = 100;" \
	"protocol = \"pmp\"; cell = \"u16\";"                                     \
	"calibration = { unit = \"kPa\"; scale = 0.01; saturation_counts = 65535; };"
#define POLLED_MAT                                                                \
	"title = \"test\"; rows = 16; cols = 16; pitch_mm = 20.0; rate_hz = 200;" \
	"protocol = \"matrix\"; cell = \"u8\"; frame = { tail = \"FF FE FD\"; };" \
	"commands = { poll = \"41\"; };"

static inline double seconds(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static inline void nap(double s)
{
	struct timespec t = {.tv_sec = (time_t)s, .tv_nsec = (long)(1e9 * (s - (double)(time_t)s))};

	nanosleep(&t, NULL);
}

/* A file in a fresh folder under /tmp. */
static inline const char *scratch(const char *file)
{
	static char folder[64], path[128];

	if (!folder[0]) {
		strcpy(folder, "/tmp/plantar-test-XXXXXX");
		assert_non_null(mkdtemp(folder));
	}
	snprintf(path, sizeof(path), "%s%s%s", folder, *file ? "/" : "", file);
	return path;
}

static inline void remove_scratch(void)
{
	char command[160];

	snprintf(command, sizeof(command), "rm -rf '%s'", scratch(""));
	if (system(command))
		fprintf(stderr, "cannot remove %s\n", scratch(""));
}

/* A pty's master, and the path of its slave. */
static inline int open_pty(char *slave, size_t cap)
{
	int master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);

	assert_true(master >= 0);
	assert_false(grantpt(master));
	assert_false(unlockpt(master));
	assert_false(ptsname_r(master, slave, cap));
	return master;
}

/* Messages that were logged. */
struct heard {
	char text[2000];
	unsigned n;
};

static inline void hear(void *user, enum pl_level level, const char *text)
{
	struct heard *h = user;

	(void)level;
	snprintf(h->text, sizeof(h->text), "%s", text);
	h->n++;
}

#endif
