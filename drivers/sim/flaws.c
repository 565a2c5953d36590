/* SPDX-License-Identifier: Apache-2.0 */
/* A sound mat's codes made those of a worn one; see flaws.h. */
#include "drivers/sim/flaws.h"

#include <math.h>
#include <stdlib.h>

int pl_flaws_init(struct pl_flaws *f, size_t cells, double noise_counts, double most,
		  double dead_share, uint64_t seed, struct pl_error *err)
{
	*f = (struct pl_flaws){.noise_counts = noise_counts, .most = most, .cells = cells};
	pl_rng_seed(&f->rng, seed ^ 0xF1A35u);
	if (dead_share <= 0)
		return 0;
	f->dead = calloc(cells, 1);
	if (!f->dead)
		return pl_error_set(err, PL_ENOMEM, 0, "no memory for the mat's dead cells");
	for (size_t i = 0; i < cells; i++)
		f->dead[i] = pl_rng_uniform(&f->rng, 0, 1) < dead_share;
	return 0;
}

void pl_flaws_free(struct pl_flaws *f)
{
	free(f->dead);
	f->dead = NULL;
}

/* rint() rounds the same everywhere; a mat that sends fractions keeps them. */
static double code_with_noise(struct pl_flaws *f, double code, double whole)
{
	double noisy = code + f->noise_counts * pl_rng_normal(&f->rng);

	return fmin(fmax(whole > 0 ? rint(noisy) : noisy, 0), f->most);
}

#define APPLY(type, whole)                                                                  \
	do {                                                                                \
		type *code = codes;                                                         \
                                                                                            \
		for (size_t i = 0; i < f->cells; i++) {                                     \
			if (f->dead && f->dead[i])                                          \
				code[i] = 0;                                                \
			else if (f->noise_counts > 0)                                       \
				code[i] = (type)code_with_noise(f, (double)code[i], whole); \
		}                                                                           \
	} while (0)

void pl_flaws_apply(struct pl_flaws *f, void *codes, enum pl_dtype dtype)
{
	if (!f->dead && !(f->noise_counts > 0))
		return;
	switch (dtype) {
	case PL_U8:
		APPLY(uint8_t, 1);
		break;
	case PL_U16:
		APPLY(uint16_t, 1);
		break;
	case PL_I16:
		APPLY(int16_t, 1);
		break;
	case PL_I32:
		APPLY(int32_t, 1);
		break;
	case PL_U32:
		APPLY(uint32_t, 1);
		break;
	case PL_F32:
		APPLY(float, 0);
		break;
	case PL_F64:
		APPLY(double, 0);
		break;
	}
}
