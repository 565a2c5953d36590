/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A visit takes an hour, and plantard may be restarted or die in it. Its log says everything that
 * was decided, so it is read back; but a file may have been cut, edited or be of another version of
 * the protocol, so each number is checked before anything is built on it.
 */
#include "daemon/visit_resume.h"

#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/text.h"

static const char *text_of(const json_t *o, const char *key)
{
	const char *s = json_string_value(json_object_get(o, key));

	return s ? s : "";
}

#define TEXT(to, o, key) pl_copy(to, sizeof(to), text_of(o, key))

static double number(const json_t *o, const char *key)
{
	const json_t *v = json_object_get(o, key);

	return json_is_number(v) ? json_number_value(v) : (double)NAN;
}

/* Times are text there, since JSON's numbers do not hold them. */
static int64_t time_ns(const json_t *o, const char *key)
{
	int64_t t_ns = strtoll(text_of(o, key), NULL, 10);

	return t_ns > 0 && t_ns < INT64_C(1) << 62 ? t_ns : 0;
}

/* A whole number below limit; anything else is limit. */
static unsigned whole(const json_t *o, const char *key, unsigned limit)
{
	const json_t *v = json_object_get(o, key);
	json_int_t n = json_is_integer(v) ? json_integer_value(v) : -1;

	return n >= 0 && n < (json_int_t)limit ? (unsigned)n : limit;
}

/* Bits of the names in an array. */
static unsigned bits(const json_t *list, const char *(*name)(unsigned i), unsigned n)
{
	const json_t *word;
	unsigned found = 0;
	size_t at;

	json_array_foreach(list, at, word)
	{
		const char *s = json_string_value(word);

		for (unsigned i = 0; s && i < n; i++)
			if (strcmp(s, name(i)) == 0)
				found |= 1u << i;
	}
	return found;
}

static enum pl_verdict verdict(const json_t *o, const char *key)
{
	const char *s = text_of(o, key);

	return strcmp(s, "accepted") == 0   ? PL_VERDICT_ACCEPTED
	       : strcmp(s, "rejected") == 0 ? PL_VERDICT_REJECTED
					    : PL_VERDICT_NONE;
}

static int state(const json_t *o)
{
	for (int i = 0; i < PL_VISIT_STATES; i++)
		if (strcmp(text_of(o, "state"), pl_visit_state_name((enum pl_visit_state)i)) == 0)
			return i;
	return PL_VISIT_IDLE;
}

static void read_annotations(struct pl_annotations *a, const char *lines)
{
	char line[PL_ANNOTATION_VALUE_MAX + 64];

	while (*lines) {
		size_t n = strcspn(lines, "\n");

		snprintf(line, sizeof(line), "%.*s", (int)n, lines);
		pl_annotations_assign(a, line, NULL); /* one of a later version is left out */
		lines += n + (lines[n] == '\n');
	}
}

static bool read_conditions(struct pl_visit *v, const json_t *list)
{
	struct pl_visit_setup *s = &v->setup;
	const json_t *word;
	size_t at;

	json_array_foreach(list, at, word)
	{
		const char *name = json_string_value(word);
		unsigned i = 0;

		if (!name || at == PL_PROTOCOL_ORDER_MAX)
			return false;
		while (i < s->n_conditions && strcmp(s->conditions[i], name) != 0)
			i++;
		if (i == PL_PROTOCOL_CONDITIONS_MAX || strlen(name) >= sizeof(s->conditions[i]))
			return false;
		if (i == s->n_conditions)
			pl_copy(s->conditions[s->n_conditions++], sizeof(s->conditions[i]), name);
		v->order[v->n_order++] = i;
	}
	return v->n_order > 0;
}

static bool read_setup(struct pl_visit *v, const json_t *o, const json_t *resume)
{
	struct pl_visit_setup *s = &v->setup;
	int order = pl_order_parse(text_of(o, "order"));

	TEXT(s->session_uuid, o, "session_uuid");
	TEXT(s->subject, o, "subject");
	TEXT(s->mat, o, "mat");
	TEXT(s->pain_side, o, "pain_side");
	TEXT(s->operator_name, o, "operator");
	s->continued = json_is_true(json_object_get(resume, "continued"));
	s->body_mass_kg = number(o, "body_mass_kg");
	s->order = order < 0 ? PL_ORDER_FIXED : (enum pl_order)order;
	s->seed = (uint64_t)json_integer_value(json_object_get(o, "seed"));
	read_annotations(&s->annotations, text_of(resume, "annotations"));
	return strlen(s->session_uuid) == 36 &&
	       read_conditions(v, json_object_get(o, "conditions"));
}

static void read_checklist(struct pl_visit *v, const json_t *o)
{
	if (json_is_true(json_object_get(o, "answered")))
		v->red_asked = (1u << PL_RED_FLAGS) - 1;
	v->red_ticked = bits(json_object_get(o, "ticked"), pl_red_flag_name, PL_RED_FLAGS);
	v->red_overridden = bits(json_object_get(o, "overridden"), pl_red_flag_name, PL_RED_FLAGS);
	TEXT(v->override_name, o, "override_name");
	TEXT(v->override_reason, o, "override_reason");
	v->setup.red_ticked = v->red_ticked;
	v->setup.red_overridden = v->red_overridden;
}

static void read_trial(struct pl_visit_trial *t, const json_t *o)
{
	const json_t *strikes = json_object_get(o, "strikes");

	*t = (struct pl_visit_trial){
		.item = whole(o, "at", PL_VISIT_PLAN_MAX),
		.number = whole(o, "number", PL_VISIT_TRIALS_MAX + 1),
		.ask = {.seconds = NAN, .speed_kmh = number(o, "speed_kmh")},
		.started_utc_ns = time_ns(o, "started_utc_ns"),
		.contact_s = number(o, "contact_s"),
		.force_n = number(o, "force_mean_n"),
		.empty_n = number(o, "empty_mean_n"),
		.ratio = number(o, "body_weight_ratio"),
		.force_counts = number(o, "force_mean_counts"),
		.empty_counts = number(o, "empty_mean_counts"),
		.pain = number(o, "pain"),
		.frames = (uint64_t)json_integer_value(json_object_get(o, "frames")),
		.gap_frames = (uint64_t)json_integer_value(json_object_get(o, "gap_frames")),
		.flags = bits(json_object_get(o, "flags"), pl_trial_flag_name, PL_TRIAL_FLAGS),
		.proposed = verdict(o, "proposed"),
		.verdict = verdict(o, "verdict"),
		.by_operator = json_is_true(json_object_get(o, "by_operator")),
	};
	t->seconds = number(o, "seconds");
	t->seconds = isnan(t->seconds) ? 0 : t->seconds;
	TEXT(t->path, o, "path");
	TEXT(t->ask.approach, o, "approach");
	TEXT(t->reason, o, "reason");
	TEXT(t->end, o, "end");
	sscanf(text_of(o, "file"), "trial-%u", &t->file);
	t->strikes[PL_SIDE_LEFT] = whole(strikes, "left", 100000) % 100000;
	t->strikes[PL_SIDE_RIGHT] = whole(strikes, "right", 100000) % 100000;
	t->strikes[PL_SIDE_UNKNOWN] = whole(strikes, "unknown", 100000) % 100000;
}

static uint64_t read_skipped(const json_t *plan)
{
	const json_t *item;
	uint64_t skipped = 0;
	size_t i;

	json_array_foreach(plan, i, item) if (i < PL_VISIT_PLAN_MAX &&
					      json_is_true(json_object_get(item, "skipped")))
		skipped |= UINT64_C(1) << i;
	return skipped;
}

/* Everything but the plan, which follows from it. */
static bool read_visit(struct pl_visit *v, const json_t *o, struct pl_visit_left *left)
{
	const json_t *resume = json_object_get(o, "resume"), *pain = json_object_get(o, "pain");
	const json_t *trials = json_object_get(o, "trials"), *trial;
	int64_t written_ns = time_ns(resume, "written_utc_ns");
	double ago_s = (double)(v->now_utc_ns - written_ns) * 1e-9;
	size_t i;

	if (!json_is_object(resume) || json_array_size(trials) > PL_VISIT_TRIALS_MAX ||
	    !read_setup(v, o, resume))
		return false;
	v->state = (enum pl_visit_state)state(o);
	v->at = whole(o, "at", PL_VISIT_PLAN_MAX);
	v->began_utc_ns = time_ns(o, "began_utc_ns");
	v->pain_first = number(pain, "first");
	v->pain_last = number(pain, "last");
	read_checklist(v, json_object_get(o, "red_flags"));
	json_array_foreach(trials, i, trial) read_trial(&v->trials[v->n_trials++], trial);
	*left = (struct pl_visit_left){
		.idle_s = ago_s > 0 ? ago_s : 0, /* a clock that was put back */
		.rest_s = number(o, "left_s"),
		.since_end_s = number(resume, "since_end_s"),
		.skipped = read_skipped(json_object_get(o, "plan")),
	};
	return true;
}

static int restore(struct pl_visit *v, const json_t *o, const struct pl_protocols *protocols,
		   double *idle_s, struct pl_error *err)
{
	const struct pl_protocol *p = pl_protocols_find(protocols, text_of(o, "protocol"), err);
	struct pl_visit_left left;

	if (!p)
		return -1;
	if (whole(o, "version", 1u << 30) != p->version)
		return pl_error_set(err, PL_ENOENT, 0,
				    "%s is another version now than when the visit began", p->id);
	v->protocol = p;
	if (!read_visit(v, o, &left))
		return pl_error_set(err, PL_EFORMAT, 0, "this is no log of a protocol's visit");
	*idle_s = left.idle_s;
	return pl_visit_resume(v, &left, err);
}

int pl_visit_restore(struct pl_visit *v, const char *text, size_t n,
		     const struct pl_protocols *protocols, double *idle_s, struct pl_error *err)
{
	const struct pl_visit empty = {.now_ns = v->now_ns,
				       .now_utc_ns = v->now_utc_ns,
				       .pain_first = NAN,
				       .pain_last = NAN,
				       .changes = v->changes,
				       .trials = v->trials};
	json_t *o = json_loadb(text, n, JSON_REJECT_DUPLICATES, NULL);
	int result;

	*v = empty;
	if (json_is_object(o))
		result = restore(v, o, protocols, idle_s, err);
	else
		result = pl_error_set(err, PL_EFORMAT, 0, "this is no JSON object");
	if (result)
		*v = empty;
	json_decref(o);
	return result;
}
