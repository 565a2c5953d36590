/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Another day: preloaded, it puts the wall clock ahead by as many seconds as the file $CLOCK_AHEAD
 * says, whenever it is asked. The monotonic clock is left alone.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

int clock_gettime(clockid_t clock, struct timespec *t)
{
	const char *path = getenv("CLOCK_AHEAD");
	int r = (int)syscall(SYS_clock_gettime, clock, t);
	long ahead = 0;
	FILE *f;

	if (clock != CLOCK_REALTIME || r || !path)
		return r;
	f = fopen(path, "re");
	if (f && fscanf(f, "%ld", &ahead) == 1)
		t->tv_sec += ahead;
	if (f)
		fclose(f);
	return r;
}
