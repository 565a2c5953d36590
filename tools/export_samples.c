/* SPDX-License-Identifier: Apache-2.0 */
/*
 * plantar export csv, tsv of a session that was made of a table: its samples, a line each, with
 * every digit; a gap is an empty field. Events and gaps are those of any session.
 */
#include <ctype.h>

#include <plantar/archive.h>

#include "tools/export.h"
#include "tools/progress.h"

/* "left.force" in N is left_force_n. */
static void put_name(FILE *out, enum pl_column column)
{
	for (const char *c = pl_column_name(column); *c; c++)
		fputc(*c == '.' ? '_' : *c, out);
	fputc('_', out);
	for (const char *c = pl_column_unit(column); *c; c++)
		fputc(tolower(*c), out);
}

static bool wanted(const struct pl_export *e, enum pl_column column)
{
	return e->table->table.column[column] &&
	       (e->what == PL_EXPORT_METRICS || column != PL_COLUMN_TIME);
}

static int put_samples(const struct pl_export *e, struct pl_error *err)
{
	const struct pl_table *t = &e->table->table;
	struct pl_progress progress;
	int result = 0;

	fprintf(e->out, "sample%ct_s", e->separator);
	for (int c = 0; c < PL_COLUMNS; c++)
		if (wanted(e, (enum pl_column)c)) {
			fputc(e->separator, e->out);
			put_name(e->out, (enum pl_column)c);
		}
	fputc('\n', e->out);
	pl_progress_begin(&progress, "exporting", "samples");
	for (size_t i = 0; i < t->rows && result == 0; i++) {
		fprintf(e->out, "%zu%c", i, e->separator);
		pl_put_double(e->out, (double)i / t->rate_hz);
		for (int c = 0; c < PL_COLUMNS; c++)
			if (wanted(e, (enum pl_column)c)) {
				fputc(e->separator, e->out);
				pl_put_double(e->out, t->column[c][i]);
			}
		fputc('\n', e->out);
		if (i % 1024 == 0 && pl_progress_step(&progress, i, t->rows))
			result = pl_error_set(err, PL_ESTATE, 0, "given up before the end");
	}
	pl_progress_end(&progress);
	return result;
}

struct events {
	const struct pl_export *e;
	int64_t first_ns;
};

static void put_event(void *user, const struct pl_archive_event *event)
{
	const struct events *x = user;

	fprintf(x->e->out, "%lld%c", (long long)event->t_mono_ns, x->e->separator);
	pl_put_double(x->e->out, (double)(event->t_mono_ns - x->first_ns) / 1e9);
	fputc(x->e->separator, x->e->out);
	pl_put_text(x->e->out, x->e->separator, event->kind);
	fputc(x->e->separator, x->e->out);
	pl_put_text(x->e->out, x->e->separator, event->text);
	fputc('\n', x->e->out);
}

static int put_events(const struct pl_export *e, struct pl_error *err)
{
	struct events x = {.e = e};

	fprintf(e->out, "t_mono_ns%ct_s%ckind%ctext\n", e->separator, e->separator, e->separator);
	if (!e->table->meta)
		return 0;
	x.first_ns = e->table->meta->started_mono_ns;
	return pl_archive_events(e->table->path, put_event, &x, err);
}

int pl_export_samples(const struct pl_export *e, struct pl_error *err)
{
	switch (e->what) {
	case PL_EXPORT_METRICS:
	case PL_EXPORT_COP:
		return put_samples(e, err);
	case PL_EXPORT_EVENTS:
		return put_events(e, err);
	case PL_EXPORT_STEPS:
		return pl_export_steps(e, err);
	case PL_EXPORT_GAPS: /* none: what nobody measured is an empty field of its row */
		fprintf(e->out, "epoch%cfirst_seq%ccount%ccause%ct0_mono_ns%ct1_mono_ns\n",
			e->separator, e->separator, e->separator, e->separator, e->separator);
		return 0;
	case PL_EXPORT_FRAMES:
		break;
	}
	return pl_error_set(err, PL_EUNSUPPORTED, 0,
			    "%s holds samples, no frames: --what metrics, cop, steps, events and "
			    "gaps are there",
			    e->table->path);
}
