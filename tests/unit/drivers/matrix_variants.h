/* SPDX-License-Identifier: Apache-2.0 */
/* One description for each thing that a "matrix" mat can do, modelled on mats that exist. */
#ifndef TESTS_UNIT_DRIVERS_MATRIX_VARIANTS_H
#define TESTS_UNIT_DRIVERS_MATRIX_VARIANTS_H

#include "drivers/decode/decode.h"

struct variant {
	const char *name;
	struct pl_matrix_config matrix;
};

extern const struct variant variants[];
extern const unsigned n_variants;

/* The decoder's configuration of a description: what is delivered follows from it. */
struct pl_decoder_config variant_config(const struct pl_matrix_config *matrix);

#endif
