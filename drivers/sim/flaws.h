/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a real mat does to codes: every cell wavers, loaded or not, and some cells are dead and say
 * 0 whatever stands on them. Seeded, the same on every machine. Pure.
 */
#ifndef DRIVERS_SIM_FLAWS_H
#define DRIVERS_SIM_FLAWS_H

#include <stdint.h>

#include <plantar/error.h>
#include <plantar/frame.h>

#include "drivers/sim/exact.h"

struct pl_flaws {
	double noise_counts; /* standard deviation; codes stay within 0 and `most` */
	double most;	     /* highest code */
	size_t cells;
	uint8_t *dead; /* [cells], 1: dead; NULL: none */
	struct pl_rng rng;
};

/* dead_share of the cells, 0 to 1, drawn by the seed. Owns `dead`: pl_flaws_free. */
int pl_flaws_init(struct pl_flaws *f, size_t cells, double noise_counts, double most,
		  double dead_share, uint64_t seed, struct pl_error *err);
void pl_flaws_free(struct pl_flaws *f);
/* One frame of codes, in place. */
void pl_flaws_apply(struct pl_flaws *f, void *codes, enum pl_dtype dtype);

#endif
