/* SPDX-License-Identifier: Apache-2.0 */
/* Text in lines of a width. Private to tools/report. */
#ifndef REPORT_WRAP_H
#define REPORT_WRAP_H

#include "tools/report/canvas.h"

struct pl_wrap {
	const struct pl_font *font;
	enum pl_weight weight;
	double size, width, leading;
	const struct pl_ink *ink;
};

/* Breaks at blanks, and inside a word that is wider than a line. Draws from the top y down (c NULL:
 * draws nothing) and returns the height. */
double pl_wrap_draw(const struct pl_wrap *w, struct pl_canvas *c, double x, double y,
		    enum pl_anchor anchor, const char *text);

#endif
