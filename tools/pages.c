/* SPDX-License-Identifier: Apache-2.0 */
/* Printed formats need to know the end before the beginning: one pass to look, one to write. */
#include "tools/pages.h"

#include <math.h>
#include <stdlib.h>

#define DECIMALS_MIN 2
#define DECIMALS_MAX 6
#define EXACT_RATIO 1e-12 /* what arithmetic on the way to the value may have done to it */
#define VALUE_MAX 1e6	  /* with six decimals, a sum of 512 x 512 cells fits 64 bits */

static const double power_of_ten[] = {1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9};

int64_t pl_fixed(double value, int decimals)
{
	return llround(value * power_of_ten[decimals]);
}

void pl_put_fixed(FILE *out, int64_t fixed, int decimals)
{
	char text[32], *at = text + sizeof(text);
	uint64_t rest = fixed < 0 ? 0 - (uint64_t)fixed : (uint64_t)fixed;

	for (int i = 0; i <= decimals || rest; i++, rest /= 10) {
		if (i == decimals && decimals)
			*--at = '.';
		*--at = (char)('0' + rest % 10);
	}
	if (fixed < 0)
		*--at = '-';
	fwrite(at, 1, (size_t)(text + sizeof(text) - at), out);
}

int pl_decimals(double value, int least, int most)
{
	int n = least;

	while (n < most && fabs(round(value * power_of_ten[n]) / power_of_ten[n] - value) >
				   EXACT_RATIO * fabs(value))
		n++;
	return n;
}

struct survey {
	struct pl_pages *p;
	const struct pl_export *e;
	struct pl_frame before;
};

static void look_at_time(struct survey *s, const struct pl_frame *f)
{
	struct pl_pages *p = s->p;

	p->last_ns = pl_recording_time_ns(s->e->recording, f);
	if (p->frames == 0)
		p->first_ns = p->last_ns;
	else if (f->epoch != s->before.epoch || f->seq != s->before.seq + 1)
		p->gaps++;
	p->frames++;
	s->before = *f;
}

static void enlarge(struct pl_pages *p, unsigned r, unsigned c)
{
	if (!p->loaded) {
		p->first_row = p->last_row = r;
		p->first_col = p->last_col = c;
	}
	p->loaded = true;
	p->first_row = r < p->first_row ? r : p->first_row;
	p->last_row = r > p->last_row ? r : p->last_row;
	p->first_col = c < p->first_col ? c : p->first_col;
	p->last_col = c > p->last_col ? c : p->last_col;
}

static int look_at_frame(void *user, const struct pl_frame *f, struct pl_error *err)
{
	struct survey *s = user;
	struct pl_pages *p = s->p;
	const struct pl_geometry *g = &pl_recording_info(s->e->recording)->geometry;

	look_at_time(s, f);
	pl_pages_values(p, s->e, f);
	for (unsigned r = 0; r < g->rows; r++) {
		for (unsigned c = 0; c < g->cols; c++) {
			double value = p->values[(size_t)r * g->cols + c];

			if (value == 0)
				continue;
			if (!(value > 0 && value < VALUE_MAX))
				return pl_error_set(err, PL_ECORRUPT, 0,
						    "frame %llu, row %u, column %u: %g is no value "
						    "that can be printed here; plantar export csv "
						    "writes it",
						    (unsigned long long)f->seq, r, c, value);
			enlarge(p, r, c);
			p->decimals = pl_decimals(value, p->decimals, DECIMALS_MAX);
		}
	}
	return 0;
}

int pl_pages_survey(struct pl_pages *p, const struct pl_export *e, double factor,
		    struct pl_error *err)
{
	const struct pl_recording_info *info = pl_recording_info(e->recording);
	struct survey s = {.p = p, .e = e};

	*p = (struct pl_pages){.decimals = DECIMALS_MIN, .factor = factor};
	if (!info->calibrated)
		return pl_error_set(err, PL_EUNSUPPORTED, 0,
				    "%s holds counts without a calibration, and this format wants "
				    "pressure: give the mat a unit and a scale or a curve "
				    "(plantar-mat(5)) before recording, or export csv --what "
				    "frames, which writes counts",
				    info->path);
	p->values = malloc(pl_geometry_cells(&info->geometry) * sizeof(*p->values));
	if (!p->values)
		return pl_error_set(err, PL_ENOMEM, 0, "out of memory");
	if (pl_export_frames(e, "looking", look_at_frame, &s, err) < 0)
		return -1;
	return pl_recording_rewind(e->recording, err);
}

void pl_pages_values(struct pl_pages *p, const struct pl_export *e, const struct pl_frame *frame)
{
	const struct pl_geometry *g = &pl_recording_info(e->recording)->geometry;
	size_t n = pl_geometry_cells(g);

	pl_calibrate(pl_recording_calibration(e->recording), g, frame->cells, frame->dtype,
		     p->values);
	if (p->factor == 1)
		return;
	for (size_t i = 0; i < n; i++)
		p->values[i] *= p->factor;
}

void pl_pages_free(struct pl_pages *p)
{
	free(p->values);
	p->values = NULL;
}
