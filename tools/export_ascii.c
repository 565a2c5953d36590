/* SPDX-License-Identifier: Apache-2.0 */
/*
 * plantar export ascii: matrices as footscan writes the "entire plate": a line
 *
 *	Frame 1 (0.000000 ms)
 *
 * a frame, then the whole mat, a line a row, cells in newtons with tabs between, an empty line.
 * As there, the first line of a matrix is the rear edge of the mat (the heel of one who walks
 * forward) and the time is that of the frame, so missing frames show as longer steps of time.
 */
#include "tools/pages.h"

struct ascii {
	const struct pl_export *e;
	FILE *out;
	struct pl_pages pages;
	uint64_t frames;
	int64_t first_ns;
};

static void put_row(struct ascii *a, const struct pl_frame *frame, size_t first, unsigned cols)
{
	for (unsigned c = 0; c < cols; c++) {
		if (c)
			fputc('\t', a->out);
		if (a->e->raw)
			pl_put_raw_cell(a->out, frame->cells, frame->dtype, first + c);
		else
			pl_put_fixed(a->out,
				     pl_fixed(a->pages.values[first + c], a->pages.decimals),
				     a->pages.decimals);
	}
	fputc('\n', a->out);
}

static int put_frame(void *user, const struct pl_frame *frame, struct pl_error *err)
{
	struct ascii *a = user;
	const struct pl_geometry *g = &pl_recording_info(a->e->recording)->geometry;
	int64_t t_ns = pl_recording_time_ns(a->e->recording, frame);

	(void)err;
	a->first_ns = a->frames ? a->first_ns : t_ns;
	fprintf(a->out, "Frame %llu (", (unsigned long long)++a->frames);
	pl_put_fixed(a->out, (int64_t)((uint64_t)t_ns - (uint64_t)a->first_ns), 6);
	fputs(" ms)\n", a->out);
	if (!a->e->raw)
		pl_pages_values(&a->pages, a->e, frame);
	for (unsigned r = g->rows; r-- > 0;)
		put_row(a, frame, (size_t)r * g->cols, g->cols);
	fputc('\n', a->out);
	return 0;
}

int pl_export_ascii(const struct pl_export *e, struct pl_error *err)
{
	const struct pl_recording_info *info = pl_recording_info(e->recording);
	struct ascii a = {.e = e, .out = e->out};
	double n_per_kpa = pl_cell_area_m2(&info->geometry) * 1e3;
	int r = e->raw ? 0 : pl_pages_survey(&a.pages, e, n_per_kpa, err);

	if (r == 0)
		r = pl_export_frames(e, "exporting", put_frame, &a, err);
	pl_pages_free(&a.pages);
	return r;
}
