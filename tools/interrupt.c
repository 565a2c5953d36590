/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A person who presses Ctrl-C wants an end, not a mess: links removed, files closed, the figures
 * so far. The flag is the only state; a second signal finds the default action and ends the
 * process whatever it is doing.
 */
#include "tools/interrupt.h"

#include <signal.h>
#include <stddef.h>

static volatile sig_atomic_t interrupted;

static void note(int sig)
{
	(void)sig;
	interrupted = 1;
}

void pl_interrupt_catch(void)
{
	struct sigaction action = {.sa_handler = note, .sa_flags = (int)SA_RESETHAND};

	sigemptyset(&action.sa_mask);
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGHUP, &action, NULL);
}

bool pl_interrupted(void)
{
	return interrupted;
}
