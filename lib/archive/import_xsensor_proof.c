/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The proof of an XSENSOR file's cells, and the area of a sensel, which is what loads and areas
 * that the file prints are made with and which it prints only rounded (import_xsensor.c).
 */
#include <stdlib.h>

#include "import_xsensor.h"

#define LOAD_SLACK 3e-3 /* of a printed load */

static int add_load(struct xsensor *x, const struct load *load)
{
	if (x->n_loads == x->cap_loads) {
		size_t cap = x->cap_loads ? 2 * x->cap_loads : 256;
		struct load *more = realloc(x->loads, cap * sizeof(*more));

		if (!more)
			return pl_error_set(x->text.err, PL_ENOMEM, 0, "out of memory");
		x->loads = more;
		x->cap_loads = cap;
	}
	x->loads[x->n_loads++] = *load;
	return 0;
}

static int does_not_prove(struct xsensor *x, const struct sensor *s, const char *what,
			  double printed, double computed)
{
	x->text.at = x->text.start;
	return pl_text_fail(&x->text, PL_ECORRUPT,
			    "frame %llu, '%s', whose cells end here: the printed %s is %g, its "
			    "cells give %g: a digit was changed or lost",
			    (unsigned long long)x->number, s->name, what, printed, computed);
}

/* What the block prints must be what its cells say; areas and loads are noted for later. */
int pl_xsensor_prove(struct xsensor *x, struct sensor *s, const struct printed *p,
		     const struct sums *sums)
{
	double half_cell = 0.5 * pow(10, -(double)sums->decimals), mean = 0;

	if (p->has_peak && p->peak.value != sums->peak)
		return does_not_prove(x, s, "peak pressure", p->peak.value, sums->peak);
	if (sums->loaded)
		mean = sums->sum / sums->loaded;
	if (p->has_mean &&
	    fabs(p->mean.value - mean) > pl_xsensor_half_digit(&p->mean) + half_cell + 1e-9)
		return does_not_prove(x, s, "average pressure", p->mean.value, mean);
	if (p->has_contact && !sums->loaded != !(p->contact_cm2.value > 0))
		return does_not_prove(x, s, "contact area", p->contact_cm2.value, sums->loaded);
	if (p->has_contact && sums->loaded) {
		double half = pl_xsensor_half_digit(&p->contact_cm2);

		s->least_cm2 = fmax(s->least_cm2, (p->contact_cm2.value - half) / sums->loaded);
		s->most_cm2 = fmin(s->most_cm2, (p->contact_cm2.value + half) / sums->loaded);
		if (s->least_cm2 > s->most_cm2)
			return does_not_prove(x, s, "contact area in cm2", p->contact_cm2.value,
					      sums->loaded * s->most_cm2);
	}
	if (!p->has_load)
		return 0;
	return add_load(x, &(struct load){.line = x->text.line,
					  .sensor = (unsigned)(s - x->sensor),
					  .sum_kpa = sums->sum * x->to_kpa,
					  .load_n = p->load_n.value,
					  .half_digit = pl_xsensor_half_digit(&p->load_n)});
}

/* ---- the area of a sensel -------------------------------------------------------------------- */

/*
 * Total Area is n sensels. With areas in contact that leaves one n; without any contact in the
 * whole recording the printed width and height have to do.
 */
int pl_xsensor_area(struct xsensor *x, const struct sensor *s, double *cm2)
{
	double printed = s->width_cm.value * s->height_cm.value, n;
	double slack = (s->width_cm.value + pl_xsensor_half_digit(&s->width_cm)) *
			       (s->height_cm.value + pl_xsensor_half_digit(&s->height_cm)) -
		       printed;

	if (isinf(s->most_cm2))
		n = round(s->total_cm2.value / printed);
	else
		n = round(s->total_cm2.value / (0.5 * (s->least_cm2 + s->most_cm2)));
	if (n < 1 || n > (double)s->rows * s->cols ||
	    fabs(s->total_cm2.value / n - printed) > slack * 1.001 ||
	    (s->total_cm2.value + pl_xsensor_half_digit(&s->total_cm2)) / n < s->least_cm2 ||
	    (s->total_cm2.value - pl_xsensor_half_digit(&s->total_cm2)) / n > s->most_cm2)
		return pl_error_set(x->text.err, PL_ECORRUPT, 0,
				    "line %lu: '%s': sensel size, total area (%g cm2) and contact "
				    "areas do not agree with each other",
				    s->line, s->name, s->total_cm2.value);
	*cm2 = s->total_cm2.value / n;
	return 0;
}

int pl_xsensor_check_loads(struct xsensor *x, const double *cm2)
{
	for (size_t i = 0; i < x->n_loads; i++) {
		const struct load *l = &x->loads[i];
		double n = l->sum_kpa * 0.1 * cm2[l->sensor];

		if (fabs(n - l->load_n) > LOAD_SLACK * l->load_n + l->half_digit)
			return pl_error_set(x->text.err, PL_ECORRUPT, 0,
					    "line %lu, column 1: the printed load of the cells "
					    "that end here is %g N, the cells give %g N",
					    l->line, l->load_n, n);
	}
	return 0;
}
