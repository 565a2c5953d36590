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
#include "lanes.h"

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

/* n <= 64 cells. */
static void take_word(struct pl_cells *cells, size_t word, size_t at, const double *from,
		      unsigned n, double contact)
{
	double *value = cells->value + at;
	uint64_t loaded = 0, touching = 0;
	unsigned c = 0;

	for (; c + 8 <= n; c += 8) {
		if (pl_zeros(from + c))
			continue;
		for (unsigned k = c; k < c + 8; k += 2) {
			pl_v2 v = pl_v2_clean(pl_v2_load(from + k));

			memcpy(value + k, &v, sizeof(v));
			loaded |= (uint64_t)pl_v2_above(v, 0) << k;
			touching |= (uint64_t)pl_v2_above(v, contact) << k;
		}
	}
	for (; c < n; c++) {
		double v = from[c] > 0 && from[c] <= DBL_MAX ? from[c] : 0;

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
