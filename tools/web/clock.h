/* SPDX-License-Identifier: Apache-2.0 */
/* The clock that plantard stamps frames with, so that a page can tell how old they are. */
#ifndef TOOLS_WEB_CLOCK_H
#define TOOLS_WEB_CLOCK_H

#include <stdint.h>
#include <time.h>

#define PL_WEB_MS INT64_C(1000000)
#define PL_WEB_S INT64_C(1000000000)

static inline int64_t pl_web_now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * PL_WEB_S + t.tv_nsec;
}

#endif
