/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which loaded cells hang together? A mat is mostly empty, so eight zeros are skipped at once, and
 * what is left is handled as horizontal runs: two runs in neighbouring rows belong together when
 * they touch, diagonally too. Union-find over the runs gives the components in one pass,
 * whatever their shape, without recursion.
 */
#include <stdlib.h>
#include <string.h>

#include "segment.h"

bool pl_segment_init(struct pl_segment *s, unsigned rows, unsigned cols)
{
	size_t runs = (size_t)rows * ((cols + 1) / 2);

	*s = (struct pl_segment){.rows = rows, .cols = cols};
	s->run = malloc(runs * sizeof(*s->run));
	s->comp = malloc(runs * sizeof(*s->comp));
	return s->run && s->comp;
}

void pl_segment_free(struct pl_segment *s)
{
	free(s->run);
	free(s->comp);
	s->run = NULL;
	s->comp = NULL;
}

static uint32_t find(struct pl_run *run, uint32_t i)
{
	while (run[i].parent != i) {
		run[i].parent = run[run[i].parent].parent;
		i = run[i].parent;
	}
	return i;
}

/* The older run (smaller index) stays the root, so components are numbered top to bottom. */
static void unite(struct pl_run *run, uint32_t a, uint32_t b)
{
	a = find(run, a);
	b = find(run, b);
	if (a < b)
		run[b].parent = a;
	else
		run[a].parent = b;
}

/* Runs of one row from `first` on; above: the runs above..first-1 of the row before. */
static void join_rows(struct pl_segment *s, uint32_t above, uint32_t first)
{
	uint32_t end = s->runs, a = above, b = first;

	while (a < first && b < end) {
		const struct pl_run *p = &s->run[a], *q = &s->run[b];

		if (p->c0 <= q->c1 && q->c0 <= p->c1) /* touching corners included */
			unite(s->run, a, b);
		if (p->c1 < q->c1)
			a++;
		else
			b++;
	}
}

/* Eight zeros? Values are never negative, so zero is all bits zero. */
static inline bool empty(const double *v)
{
	uint64_t w[8];

	memcpy(w, v, sizeof(w));
	return !((w[0] | w[1] | w[2] | w[3]) | (w[4] | w[5] | w[6] | w[7]));
}

static void scan_row(struct pl_segment *s, unsigned row, const double *v, double contact,
		     struct pl_scan *scan)
{
	unsigned cols = s->cols, c = 0;
	double sum = 0, sum_col = 0, peak = scan->peak, at;

	while (c < cols) {
		unsigned c0;

		if (c % 8 == 0 && c + 8 <= cols && empty(v + c)) {
			c += 8;
			continue;
		}
		if (v[c] == 0) {
			c++;
			continue;
		}
		if (!(v[c] > contact)) {
			sum += v[c];
			sum_col += v[c] * c;
			scan->below += v[c];
			peak = v[c] > peak ? v[c] : peak;
			c++;
			continue;
		}
		for (c0 = c, at = c; c < cols && v[c] > contact; c++, at += 1) {
			sum += v[c];
			sum_col += v[c] * at;
			peak = v[c] > peak ? v[c] : peak;
		}
		s->run[s->runs] = (struct pl_run){.row = (uint16_t)row,
						  .c0 = (uint16_t)c0,
						  .c1 = (uint16_t)c,
						  .parent = s->runs,
						  .next = PL_NO_RUN};
		s->runs++;
		scan->contact += c - c0;
		if (c0 == 0 || c == cols)
			scan->edge = true;
	}
	scan->peak = peak;
	scan->sum += sum;
	scan->sum_col += sum_col;
	scan->sum_row += sum * row;
}

static void count_owners(struct pl_comp *comp, const struct pl_run *run, const uint8_t *owner)
{
	uint32_t mine = 0;

	for (unsigned c = run->c0; c < run->c1; c++)
		mine += owner[c] == comp->owner;
	if (mine == (uint32_t)(run->c1 - run->c0)) { /* most runs, most of the time */
		comp->owned += comp->owner ? mine : 0;
		return;
	}
	for (unsigned c = run->c0; c < run->c1; c++) {
		if (!owner[c])
			continue;
		comp->owned++;
		if (!comp->owner)
			comp->owner = owner[c];
		else if (owner[c] != comp->owner)
			comp->mixed = true;
	}
}

/* A root comes before its members, so one pass numbers the components and chains their runs. */
static void collect(struct pl_segment *s, const uint8_t *owner)
{
	for (uint32_t i = 0; i < s->runs; i++) {
		struct pl_run *run = &s->run[i];
		uint32_t root = find(s->run, i);
		struct pl_comp *comp;

		if (root == i) {
			run->comp = s->comps++;
			s->comp[run->comp] = (struct pl_comp){.first = i, .last = i};
		} else {
			run->comp = s->run[root].comp;
			s->run[s->comp[run->comp].last].next = i;
			s->comp[run->comp].last = i;
		}
		comp = &s->comp[run->comp];
		comp->cells += run->c1 - run->c0;
		count_owners(comp, run, owner + (size_t)run->row * s->cols);
	}
}

void pl_segment_frame(struct pl_segment *s, const double *value, double contact,
		      const uint8_t *owner, struct pl_scan *scan)
{
	uint32_t above = 0;

	*scan = (struct pl_scan){0};
	s->runs = 0;
	s->comps = 0;
	for (unsigned r = 0; r < s->rows; r++) {
		uint32_t first = s->runs;

		scan_row(s, r, value + (size_t)r * s->cols, contact, scan);
		join_rows(s, above, first);
		if (s->runs > first && (r == 0 || r == s->rows - 1))
			scan->edge = true;
		above = first;
	}
	collect(s, owner);
}
