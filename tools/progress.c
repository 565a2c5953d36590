/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Someone who waits wants to know whether it moves, how fast, and until when. The line appears
 * only on a terminal and only after 0.3 s, is redrawn ten times a second, and leaves no trace,
 * so that scripts and short work never see it.
 */
#include "tools/progress.h"

#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "tools/interrupt.h"

#define QUIET_NS 300000000
#define REDRAW_NS 100000000
#define BAR 24

static int64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * INT64_C(1000000000) + t.tv_nsec;
}

const char *pl_clock_text(double seconds, char *buf)
{
	unsigned long s = seconds > 0 && seconds < 1e9 ? (unsigned long)(seconds + 0.5) : 0;

	if (s >= 3600)
		snprintf(buf, 32, "%lu:%02lu:%02lu", s / 3600, s / 60 % 60, s % 60);
	else
		snprintf(buf, 32, "%lu:%02lu", s / 60, s % 60);
	return buf;
}

const char *pl_count_text(uint64_t n, char *buf)
{
	char digits[24];
	int length = snprintf(digits, sizeof(digits), "%llu", (unsigned long long)n);
	char *to = buf;

	for (int i = 0; i < length; i++) {
		if (i > 0 && (length - i) % 3 == 0)
			*to++ = ',';
		*to++ = digits[i];
	}
	*to = '\0';
	return buf;
}

void pl_progress_begin(struct pl_progress *p, const char *what, const char *unit)
{
	*p = (struct pl_progress){.what = what, .unit = unit, .on = isatty(STDERR_FILENO)};
	p->start_ns = now_ns();
	p->next_ns = p->start_ns + QUIET_NS;
}

static void draw(const struct pl_progress *p, uint64_t done, uint64_t total, double elapsed_s)
{
	char bar[BAR + 1], count[32], rate[32], eta[32];
	double per_s = (double)done / elapsed_s;
	double share = total ? (double)done / (double)total : 0;

	pl_count_text(done, count);
	pl_count_text((uint64_t)per_s, rate);
	if (!total) {
		fprintf(stderr, "\r%s  %s %s  %s/s\033[K", p->what, count, p->unit, rate);
		return;
	}
	for (int i = 0; i < BAR; i++)
		bar[i] = (i + 0.5) / BAR <= share ? '#' : '.';
	bar[BAR] = '\0';
	pl_clock_text(per_s > 0 && total > done ? (double)(total - done) / per_s : 0, eta);
	fprintf(stderr, "\r%s  [%s] %3.0f %%  %s %s  %s/s  %s left\033[K", p->what, bar,
		100 * share, count, p->unit, rate, eta);
}

bool pl_progress_step(void *user, uint64_t done, uint64_t total)
{
	struct pl_progress *p = user;
	int64_t now;

	if (p->on) {
		now = now_ns();
		if (now >= p->next_ns) {
			draw(p, done, total, (double)(now - p->start_ns) * 1e-9);
			fflush(stderr);
			p->drawn = true;
			p->next_ns = now + REDRAW_NS;
		}
	}
	return pl_interrupted();
}

void pl_progress_end(struct pl_progress *p)
{
	if (p->drawn)
		fputs("\r\033[K", stderr);
	p->on = p->drawn = false;
}
