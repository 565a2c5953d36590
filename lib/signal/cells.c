/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a frame costs is the memory it touches, more than the arithmetic: between two frames
 * everything else on the machine has used the caches. Feet cover a fifth of a mat or less, so
 * whoever works on a frame goes from loaded cell to loaded cell, and nobody clears a mat that was
 * never written.
 */
#include <float.h>
#include <stdlib.h>
#include <string.h>

#include "cells.h"

bool pl_cells_init(struct pl_cells *cells, const struct pl_geometry *g)
{
	unsigned words = (g->cols + 63) / 64;

	*cells = (struct pl_cells){
		.rows = g->rows,
		.cols = g->cols,
		.words = words,
		.value = calloc(pl_geometry_cells(g), sizeof(*cells->value)),
		.loaded = calloc((size_t)g->rows * words, sizeof(*cells->loaded)),
		.contact = calloc((size_t)g->rows * words, sizeof(*cells->contact)),
	};
	return cells->value && cells->loaded && cells->contact;
}

void pl_cells_free(struct pl_cells *cells)
{
	free(cells->value);
	free(cells->loaded);
	free(cells->contact);
	*cells = (struct pl_cells){0};
}

void pl_cells_clear(struct pl_cells *cells)
{
	size_t words = (size_t)cells->rows * cells->words;

	memset(cells->value, 0, (size_t)cells->rows * cells->cols * sizeof(*cells->value));
	memset(cells->loaded, 0, words * sizeof(*cells->loaded));
	memset(cells->contact, 0, words * sizeof(*cells->contact));
}

/* Eight times plain zero? */
static inline bool empty(const double *v)
{
	uint64_t w[8];

	memcpy(w, v, sizeof(w));
	return !((w[0] | w[1] | w[2] | w[3]) | (w[4] | w[5] | w[6] | w[7]));
}

/* n <= 64 cells. */
static void take_word(struct pl_cells *cells, size_t word, size_t at, const double *from,
		      unsigned n, double contact)
{
	double *value = cells->value + at;
	uint64_t loaded = 0, touching = 0;

	for (unsigned c = 0; c < n; c++) {
		double v;

		if (c % 8 == 0) {
			while (c + 8 <= n && empty(from + c))
				c += 8;
			if (c == n)
				break;
		}
		v = from[c] > 0 && from[c] <= DBL_MAX ? from[c] : 0;
		value[c] = v;
		loaded |= (uint64_t)(v > 0) << c;
		touching |= (uint64_t)(v > contact) << c;
	}
	pl_cells_wipe(value, cells->loaded[word] & ~loaded);
	cells->loaded[word] = loaded;
	cells->contact[word] = touching;
}

void pl_cells_take(struct pl_cells *cells, const double *from, double contact)
{
	for (unsigned r = 0; r < cells->rows; r++) {
		for (unsigned w = 0; w < cells->words; w++) {
			size_t at = (size_t)r * cells->cols + 64 * w;
			unsigned left = cells->cols - 64 * w;

			take_word(cells, (size_t)r * cells->words + w, at, from + at,
				  left < 64 ? left : 64, contact);
		}
	}
}
