/* SPDX-License-Identifier: Apache-2.0 */
/* A font as cairo takes it. Private to tools/report. */
#ifndef REPORT_FONT_H
#define REPORT_FONT_H

#include <cairo.h>

#include "tools/report/canvas.h"

void pl_font_set(const struct pl_font *font, cairo_t *cr, enum pl_weight weight, double size);

#endif
