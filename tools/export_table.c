/* SPDX-License-Identifier: Apache-2.0 */
/*
 * plantar export csv, tsv: rows for a spreadsheet or for R. Numbers are written with the fewest
 * digits that read back to the same bits, so that nothing is lost on the way and a comparison of
 * two exports is a comparison of the recordings. What cannot be said is an empty field, never 0.
 */
#include <stdlib.h>
#include <string.h>

#include <plantar/archive.h>
#include <plantar/journal.h>
#include <plantar/live.h>

#include "tools/export.h"

struct table {
	const struct pl_export *e;
	FILE *out;
	bool raw;
	/* metrics: which columns, and the code that computes them when they are not stored */
	size_t columns[256], n_columns;
	struct pl_live *live;
	float *computed;
	double *values; /* frames */
	int64_t first_ns, first_mono_ns;
	bool started;
	struct pl_frame last; /* gaps: without its cells */
};

void pl_put_text(FILE *out, char separator, const char *text)
{
	const char special[] = {separator, '"', '\r', '\n', 0};

	if (!strpbrk(text, special)) {
		fputs(text, out);
		return;
	}
	fputc('"', out);
	for (; *text; text++) {
		if (*text == '"')
			fputc('"', out);
		fputc(*text, out);
	}
	fputc('"', out);
}

/* The names of a header, written here with commas. */
static void put_header(struct table *x, const char *names)
{
	for (; *names; names++)
		fputc(*names == ',' ? x->e->separator : *names, x->out);
}

/* The shortest digits that read back to the same number; nothing for NaN. */
void pl_put_double(FILE *out, double value)
{
	struct pl_json j;
	char text[64];

	if (value != value)
		return;
	pl_json_init(&j, text, sizeof(text));
	pl_json_double(&j, NULL, value);
	if (pl_json_finish(&j))
		fputs(text, out);
}

static void put_float(FILE *out, float value)
{
	struct pl_json j;
	char text[64];

	if (value != value)
		return;
	pl_json_init(&j, text, sizeof(text));
	pl_json_float(&j, NULL, value);
	if (pl_json_finish(&j))
		fputs(text, out);
}

/* Nanoseconds from one to the other as seconds, exactly. A damaged file may hold any times. */
static void put_seconds(FILE *out, int64_t from_ns, int64_t to_ns)
{
	int64_t ns = (int64_t)((uint64_t)to_ns - (uint64_t)from_ns);
	uint64_t magnitude = ns < 0 ? 0 - (uint64_t)ns : (uint64_t)ns;
	char fraction[16];
	int n = 9;

	snprintf(fraction, sizeof(fraction), "%09u", (unsigned)(magnitude % 1000000000));
	while (n > 1 && fraction[n - 1] == '0')
		n--;
	fprintf(out, "%s%llu.%.*s", ns < 0 ? "-" : "", (unsigned long long)(magnitude / 1000000000),
		n, fraction);
}

void pl_put_raw_cell(FILE *out, const void *cells, enum pl_dtype dtype, size_t i)
{
	switch (dtype) {
	case PL_U8:
		fprintf(out, "%u", ((const uint8_t *)cells)[i]);
		break;
	case PL_U16:
		fprintf(out, "%u", ((const uint16_t *)cells)[i]);
		break;
	case PL_I16:
		fprintf(out, "%d", ((const int16_t *)cells)[i]);
		break;
	case PL_I32:
		fprintf(out, "%d", ((const int32_t *)cells)[i]);
		break;
	case PL_U32:
		fprintf(out, "%u", ((const uint32_t *)cells)[i]);
		break;
	case PL_F32:
		put_float(out, ((const float *)cells)[i]);
		break;
	case PL_F64:
		pl_put_double(out, ((const double *)cells)[i]);
		break;
	}
}

/* A separator and a number. */
static void put_integer(struct table *x, int64_t value)
{
	fprintf(x->out, "%c%lld", x->e->separator, (long long)value);
}

static void put_time(struct table *x, const struct pl_frame *f)
{
	int64_t t_ns = pl_recording_time_ns(x->e->recording, f);

	if (!x->started) {
		x->first_ns = t_ns;
		x->first_mono_ns = f->t_mono_ns;
	}
	x->started = true;
	fprintf(x->out, "%llu%c%u%c", (unsigned long long)f->seq, x->e->separator, f->epoch,
		x->e->separator);
	put_seconds(x->out, x->first_ns, t_ns);
}

/* frames */

static int begin_frames(struct table *x, struct pl_error *err)
{
	const struct pl_recording_info *info = pl_recording_info(x->e->recording);
	bool raw = x->raw || !info->calibrated;

	x->raw = raw;
	x->values = malloc(pl_geometry_cells(&info->geometry) * sizeof(*x->values));
	if (!x->values)
		return pl_error_set(err, PL_ENOMEM, 0, "out of memory");
	put_header(x, "seq,epoch,t_s");
	for (unsigned r = 0; r < info->geometry.rows; r++)
		for (unsigned c = 0; c < info->geometry.cols; c++)
			fprintf(x->out, "%cr%uc%u_%s", x->e->separator, r, c,
				raw && info->dtype != PL_F64 ? "counts" : "kpa");
	fputc('\n', x->out);
	return 0;
}

static int frame_row(void *user, const struct pl_frame *f, struct pl_error *err)
{
	struct table *x = user;
	const struct pl_recording_info *info = pl_recording_info(x->e->recording);
	size_t n = pl_geometry_cells(&info->geometry);

	(void)err;
	put_time(x, f);
	if (!x->raw)
		pl_calibrate(pl_recording_calibration(x->e->recording), &info->geometry, f->cells,
			     f->dtype, x->values);
	for (size_t i = 0; i < n; i++) {
		fputc(x->e->separator, x->out);
		if (x->raw)
			pl_put_raw_cell(x->out, f->cells, f->dtype, i);
		else
			pl_put_double(x->out, x->values[i]);
	}
	fputc('\n', x->out);
	return 0;
}

/* metrics and cop */

static bool wanted_column(const struct table *x, size_t i)
{
	const char *base = pl_metric_def(i)->base;

	return x->e->what == PL_EXPORT_METRICS || strcmp(base, "force") == 0 ||
	       strstr(base, "cop_");
}

static int begin_metrics(struct table *x, struct pl_error *err)
{
	const struct pl_recording_info *info = pl_recording_info(x->e->recording);
	char key[64];

	x->live = pl_live_new(&info->geometry, pl_recording_calibration(x->e->recording),
			      pl_recording_live(x->e->recording), err);
	if (!x->live)
		return -1;
	x->computed = calloc(pl_metric_count(), sizeof(*x->computed));
	if (!x->computed)
		return pl_error_set(err, PL_ENOMEM, 0, "out of memory");
	put_header(x, "seq,epoch,t_s,t_est_ns,t_mono_ns,t_device_ns,device_seq,flags");
	for (size_t i = 0; i < pl_metric_count(); i++) {
		if (!wanted_column(x, i) ||
		    x->n_columns == sizeof(x->columns) / sizeof(x->columns[0]))
			continue;
		x->columns[x->n_columns++] = i;
		fprintf(x->out, "%c%s", x->e->separator,
			pl_metric_key(i, info->calibrated, key, sizeof(key)));
	}
	fputc('\n', x->out);
	return 0;
}

/* As stored, or by the same code over the raw frames: the daemon resets at each epoch, too. */
static const float *metrics_of(struct table *x, const struct pl_frame *f)
{
	if (f->metrics && !x->e->recompute)
		return f->metrics;
	if (x->started && (f->epoch != x->last.epoch || f->flags & PL_FLAG_EPOCH))
		pl_live_reset(x->live);
	pl_live_frame(x->live, f->cells, f->dtype, f->seq, x->computed);
	x->last.epoch = f->epoch;
	return x->computed;
}

static int metrics_row(void *user, const struct pl_frame *f, struct pl_error *err)
{
	struct table *x = user;
	const float *metrics = metrics_of(x, f);

	(void)err;
	put_time(x, f);
	put_integer(x, f->t_est_ns);
	put_integer(x, f->t_mono_ns);
	fputc(x->e->separator, x->out);
	if (f->t_device_ns != INT64_MIN)
		fprintf(x->out, "%lld", (long long)f->t_device_ns);
	fputc(x->e->separator, x->out);
	if (f->device_seq >= 0)
		fprintf(x->out, "%lld", (long long)f->device_seq);
	put_integer(x, f->flags);
	for (size_t i = 0; i < x->n_columns; i++) {
		fputc(x->e->separator, x->out);
		put_float(x->out, metrics[x->columns[i]]);
	}
	fputc('\n', x->out);
	return 0;
}

/* events and gaps */

static void put_gap(void *user, const struct pl_gap *gap)
{
	struct table *x = user;

	fprintf(x->out, "%u%c%llu%c", gap->epoch, x->e->separator,
		(unsigned long long)gap->first_seq, x->e->separator);
	if (gap->count)
		fprintf(x->out, "%llu", (unsigned long long)gap->count);
	fputc(x->e->separator, x->out);
	fputs(gap->cause, x->out);
	put_integer(x, gap->t0_mono_ns);
	put_integer(x, gap->t1_mono_ns);
	fputc('\n', x->out);
}

/* Recordings that store no gaps: from the jumps of the sequence numbers. */
static int gap_row(void *user, const struct pl_frame *f, struct pl_error *err)
{
	struct table *x = user;
	struct pl_gap gap = {.epoch = f->epoch,
			     .first_seq = x->started ? x->last.seq + 1 : 0,
			     .t0_mono_ns = x->started ? x->last.t_mono_ns : f->t_mono_ns,
			     .t1_mono_ns = f->t_mono_ns};

	(void)err;
	if (f->seq > gap.first_seq && f->epoch == x->last.epoch) {
		gap.count = f->seq - gap.first_seq;
		for (int i = 0; i < PL_LOSS_CAUSES; i++)
			if (f->lost[i] > x->last.lost[i] && !gap.cause[0])
				snprintf(gap.cause, sizeof(gap.cause), "%s",
					 pl_loss_name((enum pl_loss)i));
		put_gap(x, &gap);
	}
	x->started = true;
	x->last = *f;
	return 0;
}

static void put_event(void *user, const struct pl_archive_event *event)
{
	struct table *x = user;

	fprintf(x->out, "%lld%c", (long long)event->t_mono_ns, x->e->separator);
	if (x->started)
		put_seconds(x->out, x->first_mono_ns, event->t_mono_ns);
	fputc(x->e->separator, x->out);
	pl_put_text(x->out, x->e->separator, event->kind);
	fputc(x->e->separator, x->out);
	pl_put_text(x->out, x->e->separator, event->text);
	fputc('\n', x->out);
}

static int export_events(struct table *x, struct pl_error *err)
{
	const struct pl_recording_info *info = pl_recording_info(x->e->recording);
	struct pl_frame first;
	int r;

	put_header(x, "t_mono_ns,t_s,kind,text\n");
	if (!pl_recording_meta(x->e->recording)) {
		pl_say(x->e->self, "%s (%s) knows no events", info->path,
		       pl_format_name(info->format));
		return 0;
	}
	r = pl_recording_next(x->e->recording, &first, err);
	if (r < 0)
		return -1;
	x->first_mono_ns = r ? first.t_mono_ns : 0;
	x->started = r > 0;
	return pl_archive_events(info->path, put_event, x, err);
}

static int rows(struct table *x, struct pl_error *err)
{
	const struct pl_export *e = x->e;

	switch (e->what) {
	case PL_EXPORT_FRAMES:
		if (begin_frames(x, err) < 0)
			return -1;
		return pl_export_frames(e, "exporting", frame_row, x, err);
	case PL_EXPORT_METRICS:
	case PL_EXPORT_COP:
		if (begin_metrics(x, err) < 0)
			return -1;
		return pl_export_frames(e, "exporting", metrics_row, x, err);
	case PL_EXPORT_EVENTS:
		return export_events(x, err);
	case PL_EXPORT_GAPS:
		put_header(x, "epoch,first_seq,count,cause,t0_mono_ns,t1_mono_ns\n");
		if (pl_recording_meta(e->recording))
			return pl_archive_gaps(pl_recording_info(e->recording)->path, put_gap, x,
					       err);
		return pl_export_frames(e, "exporting", gap_row, x, err);
	case PL_EXPORT_STEPS:
		return pl_export_steps(e, err);
	}
	return -1;
}

int pl_export_table(const struct pl_export *e, struct pl_error *err)
{
	struct table x = {.e = e, .out = e->out, .raw = e->raw};
	int r = e->table ? pl_export_samples(e, err) : rows(&x, err);

	pl_live_free(x.live);
	free(x.computed);
	free(x.values);
	return r;
}
