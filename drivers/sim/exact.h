/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Arithmetic that gives the same bits on every machine. libm's exp and sin differ in their last
 * bits between versions and processors; a simulated session that is to be the same everywhere is
 * made of IEEE additions, products and square roots only.
 */
#ifndef DRIVERS_SIM_EXACT_H
#define DRIVERS_SIM_EXACT_H

#include <stdint.h>

/* xoshiro256** (Blackman & Vigna 2018, public domain), seeded through splitmix64. */
struct pl_rng {
	uint64_t s[4];
};

static inline void pl_rng_seed(struct pl_rng *rng, uint64_t seed)
{
	for (int i = 0; i < 4; i++) {
		uint64_t z = (seed += 0x9E3779B97F4A7C15u);

		z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
		z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
		rng->s[i] = z ^ (z >> 31);
	}
}

static inline uint64_t pl_rng_next(struct pl_rng *rng)
{
	uint64_t *s = rng->s, x = s[1] * 5, t = s[1] << 17;
	uint64_t result = ((x << 7) | (x >> 57)) * 9;

	s[2] ^= s[0];
	s[3] ^= s[1];
	s[1] ^= s[2];
	s[0] ^= s[3];
	s[2] ^= t;
	s[3] = (s[3] << 45) | (s[3] >> 19);
	return result;
}

/* Uniform in [lo, hi). */
static inline double pl_rng_uniform(struct pl_rng *rng, double lo, double hi)
{
	return lo + (hi - lo) * ((double)(pl_rng_next(rng) >> 11) * 0x1p-53);
}

/* Mean 0, standard deviation 1: the sum of twelve 16-bit uniforms, within +-6. */
static inline double pl_rng_normal(struct pl_rng *rng)
{
	uint64_t sum = 0;

	for (int i = 0; i < 3; i++) {
		uint64_t x = pl_rng_next(rng);

		sum += (x & 0xFFFF) + (x >> 16 & 0xFFFF) + (x >> 32 & 0xFFFF) + (x >> 48);
	}
	return ((double)sum - 6 * 65535.0) / 65536.0;
}

/* e^x to 1e-12 relative for |x| <= 700: x = k/2 + r, e^(k/2) by squaring, e^r by its series. */
static inline double pl_exact_exp(double x)
{
	double magnitude = x < 0 ? -x : x, power = 1, base = 1.6487212707001281468, e = 1;
	unsigned k = (unsigned)(magnitude * 2);
	double r = magnitude - 0.5 * k;

	for (int i = 12; i >= 1; i--)
		e = 1 + e * r / i;
	for (; k; k >>= 1, base *= base)
		if (k & 1)
			power *= base;
	return x < 0 ? 1 / (e * power) : e * power;
}

/* sin(pi t) for t in [0, 1], as cos of the distance from the middle; to 1e-9. */
static inline double pl_exact_arch(double t)
{
	double x = (t - 0.5) * 3.14159265358979323846, q = x * x, c = 1;

	for (int i = 12; i >= 2; i -= 2)
		c = 1 - c * q / (i * (i - 1));
	return c;
}

/* Cosine and sine of an angle in degrees, to 1e-15 for |deg| <= 1e6; quarter turns exactly. */
static inline void pl_exact_turn(double deg, double *cosine, double *sine)
{
	double turns = deg / 90 + 0.5, c = 1, s = 1, x, q;
	int64_t quarter = (int64_t)turns - (turns < (double)(int64_t)turns);

	x = (deg - 90 * (double)quarter) * (3.14159265358979323846 / 180);
	q = x * x;
	for (int i = 18; i >= 2; i -= 2) {
		c = 1 - c * q / (i * (i - 1));
		s = 1 - s * q / (i * (i + 1));
	}
	s *= x;
	*cosine = quarter & 1 ? (quarter & 2 ? s : -s) : quarter & 2 ? -c : c;
	*sine = quarter & 1 ? (quarter & 2 ? -c : c) : quarter & 2 ? -s : s;
}

#endif
