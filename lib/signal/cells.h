/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A frame of which most cells are empty: the values, and one bit a cell that says where it is
 * worth looking. Private to lib/signal.
 */
#ifndef PL_SIGNAL_CELLS_H
#define PL_SIGNAL_CELLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <plantar/calibration.h>

struct pl_cells {
	unsigned rows, cols;
	unsigned words;	   /* of 64 bits that a row takes; bits beyond the last column are 0 */
	double *value;	   /* rows*cols, kPa or counts, never negative; 0 where not loaded */
	uint64_t *loaded;  /* rows*words: the value may be above 0 */
	uint64_t *contact; /* rows*words: it is above the contact threshold */
};

bool pl_cells_init(struct pl_cells *cells, const struct pl_geometry *g); /* an empty mat */
void pl_cells_free(struct pl_cells *cells);
/* Back to an empty mat. */
void pl_cells_clear(struct pl_cells *cells);

/* Take rows*cols values; what is not a number, infinite or negative becomes 0. from may be
 * cells->value itself. */
void pl_cells_take(struct pl_cells *cells, const double *from, double contact);

/* No longer loaded: cells of a row's word of 64. */
static inline void pl_cells_wipe(double *value, uint64_t bits)
{
	for (; bits; bits &= bits - 1)
		value[__builtin_ctzll(bits)] = 0;
}

/* The next run of set bits: takes it out of *bits (not 0), puts where it begins into *from, and
 * returns how long it is. */
static inline unsigned pl_bits_run(uint64_t *bits, unsigned *from)
{
	uint64_t rest = *bits;
	unsigned start = (unsigned)__builtin_ctzll(rest);
	uint64_t gaps = ~(rest >> start);
	unsigned n = gaps ? (unsigned)__builtin_ctzll(gaps) : 64;

	*from = start;
	*bits = start + n < 64 ? rest >> (start + n) << (start + n) : 0;
	return n;
}

#endif
