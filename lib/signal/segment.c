/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which loaded cells hang together? They are handled as horizontal runs: two runs in neighbouring
 * rows belong together when they touch, diagonally too. Union-find over the runs gives the
 * components in one pass, whatever their shape, without recursion.
 */
#include <stdlib.h>
#include <string.h>

#include "lanes.h"
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

/* Part of a row above the contact threshold: a run, or the end of one that began in the word of
 * bits before. */
static void add_run(struct pl_segment *s, unsigned row, unsigned c0, unsigned c1, uint32_t first,
		    const struct pl_sums *sums)
{
	struct pl_run *run = s->run + s->runs;

	if (s->runs > first && run[-1].c1 == c0) {
		run--;
		run->c1 = (uint16_t)c1;
		run->sum += sums->sum;
		run->sum_col += sums->sum_col;
		run->peak = sums->peak > run->peak ? sums->peak : run->peak;
		return;
	}
	run->row = (uint16_t)row;
	run->c0 = (uint16_t)c0;
	run->c1 = (uint16_t)c1;
	run->parent = s->runs++;
	run->next = PL_NO_RUN;
	run->sum = sums->sum;
	run->sum_col = sums->sum_col;
	run->peak = sums->peak;
}

static void scan_row(struct pl_segment *s, const struct pl_cells *cells, unsigned row,
		     struct pl_scan *scan)
{
	const double *v = cells->value + (size_t)row * cells->cols;
	uint32_t first = s->runs;
	double sum = 0;

	for (unsigned w = 0; w < cells->words; w++) {
		uint64_t contact = cells->contact[(size_t)row * cells->words + w];
		uint64_t below = cells->loaded[(size_t)row * cells->words + w] & ~contact;

		for (; below; below &= below - 1) {
			unsigned c = 64 * w + (unsigned)__builtin_ctzll(below);

			sum += v[c];
			scan->below += v[c];
			scan->sum_col += v[c] * c;
			scan->peak = v[c] > scan->peak ? v[c] : scan->peak;
		}
		while (contact) {
			unsigned c0, n = pl_bits_run(&contact, &c0);
			struct pl_sums sums;

			c0 += 64 * w;
			sums = pl_sum_cells(v, c0, c0 + n);
			sum += sums.sum;
			scan->sum_col += sums.sum_col;
			scan->peak = sums.peak > scan->peak ? sums.peak : scan->peak;
			scan->contact += n;
			add_run(s, row, c0, c0 + n, first, &sums);
		}
	}
	scan->sum += sum;
	scan->sum_row += sum * row;
	if (s->runs > first && (row == 0 || row == s->rows - 1 || s->run[first].c0 == 0 ||
				s->run[s->runs - 1].c1 == s->cols))
		scan->edge = true;
}

uint8_t pl_owner_of(const uint8_t *owner, unsigned n)
{
	uint64_t all = owner[0] * UINT64_C(0x0101010101010101), some;
	unsigned c = 0;

	for (; c + 8 <= n; c += 8) {
		memcpy(&some, owner + c, 8);
		if (some != all)
			return PL_MIXED;
	}
	for (; c < n; c++)
		if (owner[c] != owner[0])
			return PL_MIXED;
	return owner[0];
}

static void count_owners(struct pl_comp *comp, struct pl_run *run, const uint8_t *owner)
{
	uint32_t n = (uint32_t)(run->c1 - run->c0);

	run->owner = pl_owner_of(owner + run->c0, n);
	if (run->owner != PL_MIXED && (!run->owner || !comp->owner || run->owner == comp->owner)) {
		comp->owned += run->owner ? n : 0;
		comp->owner = run->owner ? run->owner : comp->owner;
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

void pl_segment_frame(struct pl_segment *s, const struct pl_cells *cells, const uint8_t *owner,
		      struct pl_scan *scan)
{
	uint32_t above = 0;

	*scan = (struct pl_scan){0};
	s->runs = 0;
	s->comps = 0;
	for (unsigned r = 0; r < s->rows; r++) {
		uint32_t first = s->runs;

		scan_row(s, cells, r, scan);
		join_rows(s, above, first);
		above = first;
	}
	collect(s, owner);
}
