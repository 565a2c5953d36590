/* SPDX-License-Identifier: Apache-2.0 */
/* What all drawings share: round axes, the look of left and right, labels that fit. */
#include "tools/report/chart.h"

#include <math.h>

double pl_chart_step(double range, unsigned most)
{
	double raw = range / most, power;

	if (!(range > 0) || !isfinite(range))
		return 1;
	power = pow(10, floor(log10(raw)));
	for (int i = 0; i < 3; i++) {
		static const double round[] = {1, 2, 5};

		if (round[i] * power >= raw * (1 - 1e-9))
			return round[i] * power;
	}
	return 10 * power;
}

const char *pl_chart_tick(double value, double step, char buf[32])
{
	int decimals = step >= 1 ? 0 : (int)ceil(-log10(step) - 1e-9);

	snprintf(buf, 32, "%.*f", decimals, fabs(value) < 1e-9 * step ? 0 : value);
	return buf;
}

const struct pl_ink *pl_side_ink(enum pl_side side)
{
	return side == PL_SIDE_LEFT    ? &pl_ink_left
	       : side == PL_SIDE_RIGHT ? &pl_ink_right
				       : &pl_ink_dark;
}

const struct pl_ink *pl_side_pale(enum pl_side side)
{
	return side == PL_SIDE_LEFT    ? &pl_ink_left_pale
	       : side == PL_SIDE_RIGHT ? &pl_ink_right_pale
				       : &pl_ink_light;
}

void pl_side_mark(struct pl_canvas *c, double x, double y, double r, enum pl_side side,
		  const struct pl_ink *fill)
{
	const struct pl_pen pen = {*pl_side_ink(side), 0.8, PL_SOLID};

	if (side == PL_SIDE_RIGHT)
		pl_draw_box(c, x - 0.9 * r, y - 0.9 * r, 1.8 * r, 1.8 * r, fill, &pen);
	else
		pl_draw_circle(c, x, y, r, fill, &pen);
}

void pl_chart_label(struct pl_canvas *c, double x, double y, double w, enum pl_weight weight,
		    double size, enum pl_anchor anchor, const struct pl_ink *ink, const char *text)
{
	double width = pl_canvas_width(c, weight, size, text);

	pl_draw_text(c, x, y, weight, width > w ? size * w / width : size, anchor, ink, text);
}
