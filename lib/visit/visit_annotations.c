/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A recording must say by itself what it is of, also when it has been copied away from the log of
 * its protocol. So whatever the operator said of the person at the beginning, and of this trial
 * before it, becomes annotations of the trial's file; what is said of one trial outweighs what was
 * said of all.
 */
#include <math.h>
#include <string.h>

#include "visit_private.h"

#define KMH_PER_M_S 3.6

static int put(struct pl_annotations *a, const char *key, const char *value, struct pl_error *err)
{
	return *value ? pl_annotations_set(a, key, value, err) : 0;
}

static int overlay(struct pl_annotations *to, const struct pl_annotations *from,
		   struct pl_error *err)
{
	char value[PL_ANNOTATION_VALUE_MAX];
	const struct pl_annotation_key *keys;
	size_t n;

	keys = pl_annotation_keys(&n);
	for (size_t i = 0; i < n; i++)
		if (pl_annotations_get(from, keys[i].name, value) &&
		    pl_annotations_set(to, keys[i].name, value, err))
			return -1;
	return 0;
}

/* A protocol's speed is that of a treadmill's belt. */
static int put_speed(struct pl_annotations *a, double speed_kmh, struct pl_error *err)
{
	if (isnan(speed_kmh))
		return 0;
	return pl_annotations_set_number(a, "speed_m_s", speed_kmh / KMH_PER_M_S, err) ||
			       pl_annotations_set(a, "speed_source", "belt", err)
		       ? -1
		       : 0;
}

int pl_visit_annotations(const struct pl_visit *v, struct pl_annotations *out, struct pl_error *err)
{
	const struct pl_visit_trial *t = pl_visit_current(v);

	*out = v->setup.annotations;
	if (put(out, "pain_side", v->setup.pain_side, err))
		return -1;
	if (!t)
		return 0;
	if (overlay(out, &t->ask.annotations, err) || put(out, "approach", t->ask.approach, err))
		return -1;
	return put_speed(out, t->ask.speed_kmh, err);
}
