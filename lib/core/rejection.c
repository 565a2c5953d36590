/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A list of steps as one line of text and back. Times are whole milliseconds and never pass through
 * the C library's locale: the line is the same on every machine, and what was read is what was
 * written.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <plantar/rejection.h>

#define LATEST_MS (INT64_C(1000000) * 1000) /* eleven days: longer than any recording */
#define FOOT_MAX 100000

/* ---- reading ---- */

/* "12.345" in milliseconds; where it ends, or NULL: no such number. */
static const char *take_ms(const char *s, int64_t *ms)
{
	const char *from = s;
	int64_t unit = 1000;

	for (*ms = 0; *s >= '0' && *s <= '9' && *ms < LATEST_MS; s++)
		*ms = 10 * *ms + 1000 * (*s - '0');
	if (s == from)
		return NULL;
	if (*s == '.') {
		for (s++; *s >= '0' && *s <= '9' && unit > 1; s++) {
			unit /= 10;
			*ms += unit * (*s - '0');
		}
		if (unit == 1000)
			return NULL;
	}
	return *ms > LATEST_MS ? NULL : s;
}

static const char *take_foot(const char *s, int *foot)
{
	const char *from = s;

	for (*foot = 0; *s >= '0' && *s <= '9' && *foot < FOOT_MAX; s++)
		*foot = 10 * *foot + (*s - '0');
	return s == from || *foot >= FOOT_MAX ? NULL : s;
}

/* One, up to ';' or the end; NULL: it is none. */
static const char *take_one(const char *s, struct pl_rejection *one)
{
	size_t n;

	*one = (struct pl_rejection){.contact_ms = -1, .foot = -1};
	s = take_ms(s, &one->onset_ms);
	if (s && *s == '+')
		s = take_ms(s + 1, &one->contact_ms);
	if (s && *s == '@')
		s = take_foot(s + 1, &one->foot);
	if (!s || (*s && *s != ' ' && *s != ';'))
		return NULL;
	s += *s == ' ';
	n = strcspn(s, ";");
	if (n >= sizeof(one->reason))
		return NULL;
	memcpy(one->reason, s, n);
	return s + n;
}

int pl_rejections_parse(struct pl_rejections *r, const char *text, struct pl_error *err)
{
	struct pl_rejection one;

	r->n = 0;
	while (*text) {
		const char *end = take_one(text, &one);

		if (!end || (*end && !end[1]))
			return pl_error_set(err, PL_EUSAGE, 0,
					    "steps as onset+contact@foot and a reason of at most "
					    "%d bytes are expected (\"12.345+0.65@3 targeting\"; "
					    "several with ; between), not \"%.40s\"",
					    PL_REJECTION_REASON_MAX - 1, text);
		if (pl_rejections_add(r, &one, err))
			return -1;
		text = end + (*end == ';');
	}
	return 0;
}

/* ---- the list ---- */

static int order(const struct pl_rejection *a, const struct pl_rejection *b)
{
	if (a->onset_ms != b->onset_ms)
		return a->onset_ms < b->onset_ms ? -1 : 1;
	if (a->contact_ms != b->contact_ms)
		return a->contact_ms < b->contact_ms ? -1 : 1;
	return (a->foot > b->foot) - (a->foot < b->foot);
}

int pl_rejections_add(struct pl_rejections *r, const struct pl_rejection *one, struct pl_error *err)
{
	unsigned at = 0;

	if (strchr(one->reason, ';'))
		return pl_error_set(err, PL_EUSAGE, 0, "a reason for a step has no ;: \"%s\"",
				    one->reason);
	while (at < r->n && order(&r->of[at], one) < 0)
		at++;
	if (at == r->n || order(&r->of[at], one) != 0) {
		if (r->n == PL_REJECTIONS_MAX)
			return pl_error_set(err, PL_EUSAGE, 0,
					    "at most %d steps of a trial; reject the trial "
					    "(plantar annotate --reject)",
					    PL_REJECTIONS_MAX);
		memmove(&r->of[at + 1], &r->of[at], (r->n - at) * sizeof(r->of[0]));
		r->n++;
	}
	r->of[at] = *one;
	return 0;
}

void pl_rejections_remove(struct pl_rejections *r, unsigned i)
{
	memmove(&r->of[i], &r->of[i + 1], (--r->n - i) * sizeof(r->of[0]));
}

/* ---- writing ---- */

static size_t print_ms(int64_t ms, const char *before, char *out, size_t cap)
{
	return (size_t)snprintf(out, cap, "%s%lld.%03lld", before, (long long)(ms / 1000),
				(long long)(ms % 1000));
}

static size_t print_one(const struct pl_rejection *one, char *out, size_t cap)
{
	size_t n = print_ms(one->onset_ms, "", out, cap);

	if (one->contact_ms >= 0)
		n += print_ms(one->contact_ms, "+", out + n, cap - n);
	if (one->foot >= 0)
		n += (size_t)snprintf(out + n, cap - n, "@%d", one->foot);
	if (*one->reason)
		n += (size_t)snprintf(out + n, cap - n, " %s", one->reason);
	return n;
}

int pl_rejections_print(const struct pl_rejections *r, char *out, size_t cap, struct pl_error *err)
{
	char one[PL_REJECTION_REASON_MAX + 96];
	size_t at = 0;

	*out = '\0';
	for (unsigned i = 0; i < r->n; i++) {
		size_t n = print_one(&r->of[i], one, sizeof(one));

		if (at + n + 2 > cap)
			return pl_error_set(err, PL_EUSAGE, 0,
					    "the steps that were rejected and their reasons are "
					    "longer than %zu bytes; reject the trial (plantar "
					    "annotate --reject), or give shorter reasons",
					    cap - 1);
		if (i)
			out[at++] = ';';
		memcpy(out + at, one, n + 1);
		at += n;
	}
	return 0;
}

/* ---- finding ---- */

int pl_rejections_find(const struct pl_rejections *r, double onset_s, double contact_s, int foot,
		       double *off)
{
	int found = -1;

	for (unsigned i = 0; i < r->n; i++) {
		const struct pl_rejection *one = &r->of[i];
		double apart = fabs(1e3 * onset_s - (double)one->onset_ms), longer = 0;

		if (one->contact_ms >= 0 && isfinite(contact_s))
			longer = fabs(1e3 * contact_s - (double)one->contact_ms);
		if (!(apart <= PL_REJECTION_NEAR_MS))
			continue;
		/* another calibration or side may cut a stance elsewhere, but it is the same step
		 */
		apart += fmin(longer, PL_REJECTION_NEAR_MS) + (foot == one->foot ? 0 : 0.5);
		if (found < 0 || apart < *off) {
			found = (int)i;
			*off = apart;
		}
	}
	return found;
}
