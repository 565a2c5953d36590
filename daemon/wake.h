/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One thread sleeps until others have something for it. At 500 frames a second it is the system
 * calls and wake-ups that cost, not the arithmetic (facts.md), so a post to a thread that is awake
 * must not enter the kernel. The word is 0 (nothing new), 1 (posted) or 2 (asleep): only a post
 * that finds 2 calls futex. Any number of threads post, one waits.
 */
#ifndef DAEMON_WAKE_H
#define DAEMON_WAKE_H

#include <linux/futex.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

struct pl_wake {
	_Atomic uint32_t word;
};

static inline void pl_wake_post(struct pl_wake *w)
{
	if (atomic_exchange(&w->word, 1) == 2)
		syscall(SYS_futex, &w->word, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
}

/* Sleeps until a post or the time-out. True if there was a post since the last wait. */
static inline bool pl_wake_wait(struct pl_wake *w, int64_t timeout_ns)
{
	struct timespec ts = {.tv_sec = timeout_ns / 1000000000,
			      .tv_nsec = timeout_ns % 1000000000};
	uint32_t zero = 0;

	if (timeout_ns > 0 && atomic_compare_exchange_strong(&w->word, &zero, 2))
		syscall(SYS_futex, &w->word, FUTEX_WAIT_PRIVATE, 2, &ts, NULL, 0);
	return atomic_exchange(&w->word, 0) == 1;
}

static inline int64_t pl_now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * INT64_C(1000000000) + ts.tv_nsec;
}

static inline int64_t pl_utc_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	return ts.tv_sec * INT64_C(1000000000) + ts.tv_nsec;
}

#define PL_MS INT64_C(1000000)
#define PL_S INT64_C(1000000000)

#endif
