/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The mat's end of a serial line that is not there: a pseudo-terminal, found by others under a
 * link. Raw, without echo. One thread; calls return soon after Ctrl-C (interrupt.h).
 */
#ifndef TOOLS_PTY_H
#define TOOLS_PTY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <plantar/error.h>

struct pl_pty {
	int fd;
	char device[64]; /* /dev/pts/N */
	char link[4096];
	/* What the reader sends, as it comes; NULL: thrown away. */
	void (*received)(void *user, const uint8_t *bytes, size_t n);
	void *user;
	int64_t written_ns; /* when the last write that took bytes began */
};

enum pl_pty_result {
	PL_PTY_OK = 0,
	PL_PTY_GONE = 1,     /* nobody has the other end open */
	PL_PTY_STOPPED = 2,  /* interrupted by the person */
	PL_PTY_RECEIVED = 3, /* wait_until: something came before the time */
};

/* Makes link -> /dev/pts/N. A link whose target is gone is replaced; anything else of that name is
 * an error. */
int pl_pty_open(struct pl_pty *p, const char *link, struct pl_error *err);
/* Removes the link if it is still ours. NULL fd (-1) allowed. */
void pl_pty_close(struct pl_pty *p);

bool pl_pty_has_reader(const struct pl_pty *p);
/* Until somebody has opened the other end: OK or STOPPED. */
enum pl_pty_result pl_pty_wait_reader(struct pl_pty *p);

/* Until CLOCK_MONOTONIC time (INT64_MAX: for ever). Hands what comes to received: OK when it is
 * time, RECEIVED, GONE, STOPPED. */
enum pl_pty_result pl_pty_wait_until(struct pl_pty *p, int64_t until_ns);

/* All of it, waiting for the reader as long as it takes: OK, GONE, STOPPED. */
enum pl_pty_result pl_pty_write(struct pl_pty *p, const uint8_t *bytes, size_t n);

/* Until the reader has taken all that was written, at most 10 s: closing throws the rest away. OK,
 * GONE, STOPPED. */
enum pl_pty_result pl_pty_drain(struct pl_pty *p);

int64_t pl_mono_now(void); /* CLOCK_MONOTONIC, ns */

#endif
