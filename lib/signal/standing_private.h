/* SPDX-License-Identifier: Apache-2.0 */
/* What the files about standing share. Private to lib/signal. */
#ifndef PL_SIGNAL_STANDING_PRIVATE_H
#define PL_SIGNAL_STANDING_PRIVATE_H

#include <plantar/standing.h>

double pl_standing_weight_n(double body_mass_kg); /* NaN: not known */

/* standing_shifts.c. -1: no memory. */
int pl_standing_find_shifts(const struct pl_standing_samples *s, double least_pct,
			    struct pl_standing_shifts *shifts);

#endif
