/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Delivering made-up bytes when a real mat would have. Each chunk has a due time on the monotonic
 * clock, computed from the start and not from the last delivery, so nothing drifts; a reader that
 * comes late gets at once what is due by then.
 */
#include <poll.h>
#include <string.h>
#include <time.h>

#include "drivers/transport/internal.h"

#define GATHER_NS INT64_C(1000000)

/* Sleep until the time or a cancel. */
static void wait_until(struct pl_transport *t, int64_t until_ns)
{
	struct pollfd fd = {.fd = t->cancel_fd, .events = POLLIN};
	int64_t left_ns = until_ns - pl_mono_ns();
	struct timespec left = {.tv_sec = left_ns / 1000000000, .tv_nsec = left_ns % 1000000000};

	if (left_ns > 0)
		ppoll(&fd, 1, &left, NULL);
}

static size_t take(struct pl_paced *p, uint8_t *buf, size_t cap)
{
	size_t n = p->n < cap ? p->n : cap;

	memcpy(buf, p->bytes, n);
	p->bytes += n;
	p->n -= n;
	return n;
}

/* The next chunk if there is none at hand. Idle: only due_ns is meant. */
static int offer(struct pl_paced *p, struct pl_error *err)
{
	int what;

	if (p->n)
		return PL_PACED_CHUNK;
	if (p->ended)
		return PL_PACED_END;
	what = p->next(p, err);
	p->ended = what == PL_PACED_END;
	return what;
}

long pl_paced_read(struct pl_transport *t, void *buf, size_t cap, size_t want, int timeout_ms,
		   struct pl_error *err)
{
	struct pl_paced *p = (struct pl_paced *)t;
	int64_t now = pl_mono_ns();
	int64_t limit = timeout_ms < 0 ? INT64_MAX : now + timeout_ms * INT64_C(1000000);
	size_t got = 0;

	if (pl_transport_cancel_taken(t))
		return PL_READ_NONE;
	for (;;) {
		int what = offer(p, err);

		if (what == PL_PACED_CHUNK && p->due_ns <= now) {
			got += take(p, (uint8_t *)buf + got, cap - got);
			if (got < want)
				continue;
		}
		if (got >= want)
			break;
		if (what == PL_PACED_FAILED || what == PL_PACED_END)
			return got ? (long)got : what == PL_PACED_END ? PL_READ_END : PL_READ_GONE;
		if (got) /* is more to come within the gathering time? */
			limit = now + GATHER_NS;
		if (atomic_load_explicit(&t->cancelled, memory_order_relaxed) || now >= limit ||
		    (got && p->due_ns > limit))
			break;
		wait_until(t, p->due_ns < limit ? p->due_ns : limit);
		now = pl_mono_ns();
	}
	/* A cancel that comes with bytes stays pending for the next read. */
	if (!got)
		pl_transport_cancel_taken(t);
	return (long)got;
}
