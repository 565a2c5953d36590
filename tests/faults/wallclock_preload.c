/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A wall clock that somebody sets: CLOCK_REALTIME plus the seconds in the file $WALLCLOCK_OFFSET,
 * which the test rewrites while plantard runs. The monotonic clock is left alone, as by the kernel.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static long offset_s(void)
{
	const char *path = getenv("WALLCLOCK_OFFSET");
	FILE *in = path ? fopen(path, "re") : NULL;
	long offset = 0;

	if (in && fscanf(in, "%ld", &offset) != 1)
		offset = 0;
	if (in)
		fclose(in);
	return offset;
}

int clock_gettime(clockid_t clock, struct timespec *ts)
{
	int r = (int)syscall(SYS_clock_gettime, clock, ts);

	if (r == 0 && clock == CLOCK_REALTIME)
		ts->tv_sec += offset_s();
	return r;
}

time_t time(time_t *at)
{
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	if (at)
		*at = ts.tv_sec;
	return ts.tv_sec;
}
