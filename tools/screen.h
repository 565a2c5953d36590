/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A mat drawn in a terminal: heat map with the centres of pressure on it, bars for left and right
 * and for heel and forefoot beside it. curses sends only what changed, so 25 pictures a second
 * pass through ssh. One screen a process.
 */
#ifndef TOOLS_SCREEN_H
#define TOOLS_SCREEN_H

#include <stdbool.h>

#include "tools/view.h"

/* false: this terminal cannot be drawn on (TERM unknown). */
bool pl_screen_open(void);
void pl_screen_close(void); /* safe to call when not open */

struct pl_screen_notes {
	const char *event; /* the last thing that happened, "" if nothing did */
	double view_hz;	   /* pictures a second as they arrive; NaN: not known yet */
	double age_s;	   /* since the last picture */
};
/* view->header NULL: nothing has arrived yet. */
void pl_screen_draw(const struct pl_view *view, const struct pl_screen_notes *notes);

/* The key pressed since the last call, 0: none. Never waits. */
int pl_screen_key(void);

#endif
