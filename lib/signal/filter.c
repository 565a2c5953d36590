/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The raw CoP jitters with the cells' noise; a screen wants it smooth, and sway is commonly
 * reported below 10 Hz. A causal filter delays (22.5 ms at DC for 10 Hz), so raw and filtered are
 * published side by side. Bilinear transform of the analogue Butterworth, cut-off prewarped,
 * direct form I in double: no state is shared with the frames before a gap.
 *
 * A whole recording need not wait: filtered there and back it has no delay at all, at the price
 * of a guess about what was before its beginning and after its end.
 */
#include <math.h>

#include "filter.h"

void pl_biquad_lowpass(struct pl_biquad *f, double cutoff_hz, double rate_hz)
{
	double k, norm;

	*f = (struct pl_biquad){.on = false};
	if (!(rate_hz > 0 && cutoff_hz > 0 && cutoff_hz < 0.5 * rate_hz) || !isfinite(rate_hz))
		return;
	k = tan(M_PI * cutoff_hz / rate_hz);
	norm = 1.0 / (1.0 + M_SQRT2 * k + k * k);
	f->b0 = k * k * norm;
	f->b1 = 2.0 * f->b0;
	f->b2 = f->b0;
	f->a1 = 2.0 * (k * k - 1.0) * norm;
	f->a2 = (1.0 - M_SQRT2 * k + k * k) * norm;
	f->on = true;
}

double pl_biquad_step(const struct pl_biquad *f, struct pl_biquad_state *s, double x)
{
	double y;

	if (!f->on || !isfinite(x)) {
		s->running = false;
		return NAN;
	}
	if (!s->running)
		*s = (struct pl_biquad_state){.x1 = x, .x2 = x, .y1 = x, .y2 = x, .running = true};
	y = f->b0 * x + f->b1 * s->x1 + f->b2 * s->x2 - f->a1 * s->y1 - f->a2 * s->y2;
	s->x2 = s->x1;
	s->x1 = x;
	s->y2 = s->y1;
	s->y1 = y;
	return y;
}

/* The i-th value beyond an end, the curve turned about that end; step leads inwards. */
static double beyond(const double *end, ptrdiff_t step, size_t i)
{
	return 2.0 * end[0] - end[(ptrdiff_t)i * step];
}

static bool all_finite(const double *x, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (!isfinite(x[i]))
			return false;
	return true;
}

int pl_filter_zero_lag(double *x, size_t n, double rate_hz, double cutoff_hz)
{
	size_t pad = n > PL_FILTER_PAD ? PL_FILTER_PAD : n ? n - 1 : 0;
	double narrower = pow(M_SQRT2 - 1.0, 0.25), tail[PL_FILTER_PAD];
	struct pl_biquad_state s = {.running = false};
	struct pl_biquad f = {.on = false};

	if (rate_hz > 0 && cutoff_hz > 0 && cutoff_hz < 0.5 * rate_hz)
		pl_biquad_lowpass(&f,
				  atan(tan(M_PI * cutoff_hz / rate_hz) / narrower) * rate_hz / M_PI,
				  rate_hz);
	if (!f.on || !all_finite(x, n))
		return -1;
	if (n == 0)
		return 0;
	for (size_t i = 0; i < pad; i++)
		tail[i] = beyond(&x[n - 1], -1, i + 1);
	for (size_t i = pad; i > 0; i--)
		pl_biquad_step(&f, &s, beyond(x, 1, i));
	for (size_t i = 0; i < n; i++)
		x[i] = pl_biquad_step(&f, &s, x[i]);
	for (size_t i = 0; i < pad; i++)
		tail[i] = pl_biquad_step(&f, &s, tail[i]);
	pl_biquad_break(&s);
	for (size_t i = pad; i > 0; i--)
		pl_biquad_step(&f, &s, tail[i - 1]);
	for (size_t i = n; i > 0; i--)
		x[i - 1] = pl_biquad_step(&f, &s, x[i - 1]);
	return 0;
}
