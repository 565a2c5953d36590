/* SPDX-License-Identifier: Apache-2.0 */
/* A progress line for work that takes longer than a moment. Only on a terminal (stderr). */
#ifndef TOOLS_PROGRESS_H
#define TOOLS_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

struct pl_progress {
	const char *what; /* "verifying" */
	const char *unit; /* "frames" */
	bool on, drawn;
	int64_t start_ns, next_ns;
};

void pl_progress_begin(struct pl_progress *p, const char *what, const char *unit);

/* Fits the libraries' progress callbacks: user is the struct pl_progress; total 0: not known.
 * Returns true (give up) after pl_interrupt_catch and Ctrl-C. */
bool pl_progress_step(void *user, uint64_t done, uint64_t total);

/* Takes the line away. */
void pl_progress_end(struct pl_progress *p);

/* "1:02:03", "2:03"; buf of 32 bytes is enough. */
const char *pl_clock_text(double seconds, char *buf);
/* "12,345,678"; buf of 32 bytes is enough. */
const char *pl_count_text(uint64_t n, char *buf);

#endif
