/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a recording must be like for a figure to mean anything: data, in one table. Private to
 * lib/signal; docs/metrics.md shows the same table and gives the reasons.
 */
#ifndef PL_SIGNAL_LIMITS_H
#define PL_SIGNAL_LIMITS_H

#include <stddef.h>

struct pl_limit {
	const char *base;		  /* of the figure, as in pl_step_figure */
	double rate_min_hz, rate_sure_hz; /* below: null; below: indicative */
	double pitch_max_m, pitch_sure_m; /* above: null; above: indicative; 0: no limit */
	double saturated_max_pct, saturated_sure_pct; /* above: null; above: indicative; of the
							 loaded cells; 100: no limit */
};

enum pl_verdict { PL_FIGURE_SURE, PL_FIGURE_INDICATIVE, PL_FIGURE_NULL };

size_t pl_limit_count(void);
const struct pl_limit *pl_limit(size_t i);
/* NULL: the figure has no limits. */
const struct pl_limit *pl_limit_of(const char *base);
/* rate NaN or pitch NaN: not known, resp. no mat; pitch is then no limit. */
enum pl_verdict pl_limit_verdict(const struct pl_limit *limit, double rate_hz, double pitch_m,
				 double saturated_pct);

#endif
