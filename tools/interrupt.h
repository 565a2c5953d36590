/* SPDX-License-Identifier: Apache-2.0 */
/* Ctrl-C and SIGTERM as a question that long work asks now and then, so that it ends cleanly. */
#ifndef TOOLS_INTERRUPT_H
#define TOOLS_INTERRUPT_H

#include <stdbool.h>

/* From now on SIGINT, SIGTERM and SIGHUP only set a flag (a second one ends the process). */
void pl_interrupt_catch(void);
bool pl_interrupted(void);

#endif
