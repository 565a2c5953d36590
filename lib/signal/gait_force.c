/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Steps of a vertical force: of a plate, which is empty before and after, and of a treadmill,
 * whose zero wanders by more than the threshold of a contact within half a minute. In flight
 * the force is known: it is zero. So the wandering is read off in the middle of each flight,
 * found by a threshold that it does not reach, and taken off before contacts are looked for.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <plantar/stats.h>

#include "filter.h"
#include "gait_private.h"

#define DRIFT_SHARE 0.12  /* of the 99th percentile: contact as long as the drift is unknown */
#define TREADMILL_STEPS 3 /* more contacts than this on one surface: a treadmill */
#define SAMPLES_MAX 200000000u

struct span {
	size_t on, off;	  /* samples [on, off) */
	bool gap, cut_on; /* a gap at its beginning or end; loaded from the first sample */
};

struct spans {
	struct span *span;
	size_t n, cap;
};

static struct span *span_new(struct spans *s)
{
	struct span *more;

	if (s->n == s->cap) {
		s->cap = s->cap ? 2 * s->cap : 64;
		more = realloc(s->span, s->cap * sizeof(*more));
		if (!more)
			return NULL;
		s->span = more;
	}
	s->span[s->n] = (struct span){0};
	return &s->span[s->n++];
}

/* Contacts: from a sample at or above on until one below off, or a gap. */
static int find_spans(struct spans *s, const double *f, size_t n, double on, double off)
{
	struct span *now = NULL;
	bool gap = false;

	s->n = 0;
	for (size_t k = 0; k < n; k++) {
		if (!now && f[k] >= on) {
			now = span_new(s);
			if (!now)
				return -1;
			now->on = k;
			now->cut_on = k == 0;
			now->gap = gap;
		} else if (now && !(f[k] >= off)) {
			now->off = k;
			now->gap = now->gap || isnan(f[k]);
			now = NULL;
		}
		gap = isnan(f[k]);
	}
	if (now)
		now->off = n;
	return 0;
}

/* Of one foot alone, off the ground for less than a swing can take is still the same stance. */
static void join_spans(struct spans *s, size_t least)
{
	size_t kept = 0;

	for (size_t k = 1; k < s->n; k++) {
		struct span *last = &s->span[kept], *next = &s->span[k];

		if (next->on - last->off < least && !last->gap && !next->gap)
			last->off = next->off;
		else
			s->span[++kept] = *next;
	}
	s->n = s->n ? kept + 1 : 0;
}

/* ---- drift ---------------------------------------------------------------------------------- */

/* Where contact begins as long as the drift is not known. -1: out of memory. */
static double rough_contact_n(const double *f, size_t n, const struct pl_gait_options *o)
{
	double *known = malloc((n ? n : 1) * sizeof(*known)), limit;
	size_t m = 0;

	if (!known)
		return -1;
	for (size_t k = 0; k < n; k++)
		if (!isnan(f[k]))
			known[m++] = f[k];
	limit = fmax(o->contact_on_n, DRIFT_SHARE * pl_quantile(known, m, 0.99));
	free(known);
	return limit;
}

/* The middle of the flight between two contacts; SIZE_MAX: a gap is in it. */
static size_t middle(const double *f, const struct span *before, const struct span *after)
{
	for (size_t k = before->off; k < after->on; k++)
		if (isnan(f[k]))
			return SIZE_MAX;
	return before->off + (after->on - before->off) / 2;
}

/* Takes the line through the flights' middles off; before the first and behind the last it
 * goes on level. Returns the most that was taken off, NaN if there is no flight. */
static double take_drift(double *f, size_t n, const struct spans *contacts)
{
	size_t from = 0, a = SIZE_MAX;
	double force_a = 0, most = NAN;

	for (size_t i = 1; i < contacts->n; i++) {
		size_t b = middle(f, &contacts->span[i - 1], &contacts->span[i]);
		double force_b;

		if (b == SIZE_MAX)
			continue;
		force_b = f[b]; /* before it is changed below: from ends at b, exclusive */
		for (size_t k = from; k < b; k++)
			f[k] -= a == SIZE_MAX ? force_b
					      : force_a + (force_b - force_a) * (double)(k - a) /
								  (double)(b - a);
		most = fmax(most, fabs(force_b));
		from = a = b;
		force_a = force_b;
	}
	for (size_t k = from; a != SIZE_MAX && k < n; k++)
		f[k] -= force_a;
	return most;
}

static int remove_drift(struct pl_gait *g, double *f, size_t n, const struct pl_gait_options *o)
{
	double limit = rough_contact_n(f, n, o), most;
	struct spans contacts = {0};

	if (limit < 0 || find_spans(&contacts, f, n, limit, limit) < 0) {
		free(contacts.span);
		return -1;
	}
	if (o->treadmill == PL_TREADMILL_YES || contacts.n > TREADMILL_STEPS) {
		g->treadmill = true;
		most = take_drift(f, n, &contacts);
		g->drift_n = fmax(g->drift_n, most);
	}
	free(contacts.span);
	return 0;
}

/* ---- steps ---------------------------------------------------------------------------------- */

/* Each run between gaps by itself. */
static void low_pass(struct pl_gait *g, double *f, size_t n, double rate_hz, double cutoff_hz)
{
	g->filter_hz = cutoff_hz > 0 && cutoff_hz < 0.5 * rate_hz ? cutoff_hz : NAN;
	for (size_t k = 0; k < n && g->filter_hz > 0;) {
		size_t from = k;

		while (k < n && isfinite(f[k]))
			k++;
		if (k > from)
			pl_filter_zero_lag(f + from, k - from, rate_hz, cutoff_hz);
		while (k < n && !isfinite(f[k]))
			f[k++] = NAN;
	}
}

static int add_step(struct pl_gait *g, const struct pl_gait_curve *curve, const double *t,
		    const double *f, const struct span *span, const struct pl_gait_options *o)
{
	size_t first = span->on && !isnan(f[span->on - 1]) ? span->on - 1 : span->on;
	bool open = span->off == curve->n || isnan(f[span->off]);
	struct pl_stance_curve c = {
		.t_s = t + first,
		.force_n = f + first,
		.n = span->off - first + !open,
		.on = span->on - first,
		.off = span->off - first,
		.interval_s = 1 / curve->rate_hz,
	};
	unsigned cut = 0;
	struct pl_step s;

	pl_step_clear(&s);
	s.side = curve->side;
	pl_step_from_curve(&s, &c);
	if (s.contact_time_s < o->stance_min_s || s.contact_time_s > o->stance_max_s)
		return 0;
	cut |= span->cut_on ? PL_REJECT_CUT_ONSET : 0;
	cut |= span->off == curve->n ? PL_REJECT_CUT_END : 0;
	s.rejected = (span->gap ? PL_REJECT_GAP : 0) | (g->treadmill ? cut : 0);
	s.flags = g->treadmill ? 0 : cut;
	return pl_gait_add(g, &s);
}

static int find_steps(struct pl_gait *g, const struct pl_gait_curve *curve, const double *t,
		      const double *f, const struct pl_gait_options *o)
{
	struct spans contacts = {0};
	int failed = find_spans(&contacts, f, curve->n, o->contact_on_n, o->contact_off_n);

	if (!failed && curve->side != PL_SIDE_UNKNOWN)
		join_spans(&contacts, (size_t)ceil(o->swing_min_s * curve->rate_hz - 1e-9));
	for (size_t k = 0; !failed && k < contacts.n; k++)
		failed = add_step(g, curve, t, f, &contacts.span[k], o);
	free(contacts.span);
	return failed;
}

static int check(const struct pl_gait_curve *curve, const struct pl_gait_options *o,
		 struct pl_error *err)
{
	if (!(curve->rate_hz > 0 && isfinite(curve->rate_hz)))
		return pl_error_set(err, PL_EUSAGE, 0,
				    "steps need the rate of the force: give --rate HZ");
	if (curve->n > SAMPLES_MAX)
		return pl_error_set(err, PL_ENOMEM, 0, "more than %u samples of force",
				    SAMPLES_MAX);
	if (!(o->contact_off_n > 0 && o->contact_off_n <= o->contact_on_n))
		return pl_error_set(err, PL_EUSAGE, 0,
				    "contact must end at more than 0 N and no more than it begins "
				    "at");
	return 0;
}

int pl_gait_force(struct pl_gait *g, const struct pl_gait_curve *curve,
		  const struct pl_gait_options *o, struct pl_error *err)
{
	size_t n = curve->n;
	double *f, *t;
	int failed;

	if (check(curve, o, err))
		return -1;
	f = malloc((2 * n + 1) * sizeof(*f));
	if (!f)
		return pl_error_set(err, PL_ENOMEM, 0, "out of memory for %zu samples", n);
	t = f + n;
	memcpy(f, curve->force_n, n * sizeof(*f));
	for (size_t k = 0; k < n; k++)
		t[k] = (double)k / curve->rate_hz;
	g->rate_hz = curve->rate_hz;
	low_pass(g, f, n, curve->rate_hz, o->filter_hz);
	failed = o->treadmill != PL_TREADMILL_NO ? remove_drift(g, f, n, o) : 0;
	failed = failed || find_steps(g, curve, t, f, o);
	free(f);
	return failed ? pl_error_set(err, PL_ENOMEM, 0, "out of memory for the steps") : 0;
}

int pl_gait_table(struct pl_gait *g, const struct pl_table *t, const struct pl_gait_options *o,
		  struct pl_error *err)
{
	static const struct {
		enum pl_column column;
		enum pl_side side;
	} plate[] = {
		{PL_COLUMN_LEFT_FORCE, PL_SIDE_LEFT},
		{PL_COLUMN_RIGHT_FORCE, PL_SIDE_RIGHT},
		{PL_COLUMN_FORCE, PL_SIDE_UNKNOWN},
	};
	bool sides = t->column[PL_COLUMN_LEFT_FORCE] || t->column[PL_COLUMN_RIGHT_FORCE];

	for (int k = 0; k < (sides ? 2 : 3); k++) {
		struct pl_gait_curve curve = {
			.force_n = t->column[plate[k].column],
			.n = t->rows,
			.rate_hz = t->rate_hz,
			.side = plate[k].side,
		};

		if (curve.force_n && pl_gait_force(g, &curve, o, err) < 0)
			return -1;
	}
	return 0;
}
