/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The one document that says how far a visit is: screens get it in the status, the session's folder
 * as a file. So that neither needs the other's code, everything in it is words and numbers with
 * their units.
 */
#include <math.h>
#include <string.h>

#include <plantar/visit.h>

const char *pl_visit_state_name(enum pl_visit_state state)
{
	static const char *const names[PL_VISIT_STATES] = {
		"idle",	  "red-flags", "ready",	 "countdown", "starting", "waiting", "recording",
		"ending", "measuring", "review", "rest",      "done",	  "aborted"};

	return names[state];
}

static const struct {
	const char *name, *text;
} red[PL_RED_FLAGS] = {
	{"stress_fracture", "Signs of a stress fracture: the heel hurts when squeezed from both "
			    "sides, or since a sudden increase of load?"},
	{"numbness", "Numbness, tingling or burning in the foot?"},
	{"calf", "Swelling, warmth or redness of the calf?"},
	{"night_pain", "Pain at night or at rest, or feeling unwell with it?"},
	{"not_resolving", "Not getting better in spite of treatment?"},
};

const char *pl_red_flag_name(unsigned i)
{
	return i < PL_RED_FLAGS ? red[i].name : "";
}

const char *pl_red_flag_text(unsigned i)
{
	return i < PL_RED_FLAGS ? red[i].text : "";
}

const char *pl_verdict_name(enum pl_verdict verdict)
{
	static const char *const names[] = {"undecided", "accepted", "rejected"};

	return names[verdict];
}

/* "" is null: nothing was said. */
static void words(struct pl_json *j, const char *key, const char *value)
{
	pl_json_string(j, key, *value ? value : NULL);
}

static void time_or_null(struct pl_json *j, const char *key, int64_t t_ns)
{
	if (t_ns)
		pl_json_ns(j, key, t_ns);
	else
		pl_json_null(j, key);
}

static void write_flags(struct pl_json *j, const char *key, unsigned flags)
{
	pl_json_begin_array(j, key);
	for (unsigned i = 0; i < PL_TRIAL_FLAGS; i++)
		if (flags & 1u << i)
			pl_json_string(j, NULL, pl_trial_flag_name(i));
	pl_json_end_array(j);
}

static void write_strikes(struct pl_json *j, const unsigned strikes[3])
{
	pl_json_begin_object(j, "strikes");
	pl_json_uint(j, "left", strikes[PL_SIDE_LEFT]);
	pl_json_uint(j, "right", strikes[PL_SIDE_RIGHT]);
	pl_json_uint(j, "unknown", strikes[PL_SIDE_UNKNOWN]);
	pl_json_end_object(j);
}

static void write_red(struct pl_json *j, const char *key, unsigned bits)
{
	pl_json_begin_array(j, key);
	for (unsigned i = 0; i < PL_RED_FLAGS; i++)
		if (bits & 1u << i)
			pl_json_string(j, NULL, pl_red_flag_name(i));
	pl_json_end_array(j);
}

static void write_checklist(const struct pl_visit *v, struct pl_json *j)
{
	pl_json_begin_object(j, "red_flags");
	pl_json_bool(j, "answered", v->red_asked != 0);
	write_red(j, "ticked", v->red_ticked);
	write_red(j, "overridden", v->red_overridden);
	pl_json_bool(j, "locked", pl_visit_locked(v));
	words(j, "override_name", v->override_name);
	words(j, "override_reason", v->override_reason);
	pl_json_end_object(j);
}

static void write_setup(const struct pl_visit *v, struct pl_json *j)
{
	const struct pl_visit_setup *s = &v->setup;

	pl_json_string(j, "session_uuid", s->session_uuid);
	words(j, "subject", s->subject);
	words(j, "operator", s->operator_name);
	words(j, "pain_side", s->pain_side);
	pl_json_double(j, "body_mass_kg", s->body_mass_kg);
	pl_json_begin_object(j, "annotations");
	pl_annotations_json(j, &s->annotations);
	pl_json_end_object(j);
	pl_json_string(j, "mat", s->mat);
	pl_json_string(j, "order", pl_order_name(s->order));
	pl_json_uint(j, "seed", s->seed);
	pl_json_begin_array(j, "conditions");
	for (unsigned i = 0; i < v->n_order; i++)
		pl_json_string(j, NULL, s->conditions[v->order[i]]);
	pl_json_end_array(j);
	time_or_null(j, "began_utc_ns", v->began_utc_ns);
	time_or_null(j, "ended_utc_ns", v->ended_utc_ns);
}

static void write_now(const struct pl_visit *v, struct pl_json *j)
{
	const struct pl_protocol_step *s = pl_visit_step(v);
	bool timed = v->state == PL_VISIT_COUNTDOWN || v->state == PL_VISIT_WAITING ||
		     v->state == PL_VISIT_RECORDING || v->state == PL_VISIT_REST;

	pl_json_string(j, "state", pl_visit_state_name(v->state));
	words(j, "why", v->why);
	time_or_null(j, "until_ns", timed ? v->until_ns : 0);
	pl_json_double(j, "left_s", timed ? (double)(v->until_ns - v->now_ns) * 1e-9 : (double)NAN);
	if (s) {
		pl_json_uint(j, "at", v->at);
		pl_json_string(j, "step", s->id);
		pl_json_string(j, "step_title", s->title);
		pl_json_string(j, "kind", pl_step_kind_name(s->kind));
		words(j, "condition", v->setup.conditions[v->plan[v->at].condition]);
		words(j, "text", s->text);
		pl_json_begin_array(j, "approaches");
		for (unsigned i = 0; i < s->n_approaches; i++)
			pl_json_string(j, NULL, s->approaches[i]);
		pl_json_end_array(j);
	} else {
		pl_json_null(j, "step");
	}
	pl_json_begin_object(j, "pain");
	pl_json_double(j, "first", v->pain_first);
	pl_json_double(j, "last", v->pain_last);
	pl_json_double(j, "stop_at", v->protocol->pain_stop_at);
	pl_json_double(j, "stop_rise", v->protocol->pain_stop_rise);
	pl_json_bool(j, "asked", v->protocol->pain_ask);
	pl_json_end_object(j);
}

static void write_plan(const struct pl_visit *v, struct pl_json *j)
{
	pl_json_begin_array(j, "plan");
	for (unsigned i = 0; i < v->n_items; i++) {
		const struct pl_visit_item *item = &v->plan[i];
		const struct pl_protocol_step *s = &v->protocol->steps[item->step];

		pl_json_begin_object(j, NULL);
		pl_json_string(j, "step", s->id);
		words(j, "condition", v->setup.conditions[item->condition]);
		pl_json_uint(j, "accepted", item->accepted);
		pl_json_uint(j, "rejected", item->rejected);
		pl_json_uint(j, "trials", s->kind == PL_STEP_WAIT ? 0 : s->trials);
		if (s->strikes_per_foot) {
			write_strikes(j, item->strikes);
			pl_json_uint(j, "strikes_per_foot", s->strikes_per_foot);
		}
		pl_json_bool(j, "skipped", item->skipped);
		pl_json_end_object(j);
	}
	pl_json_end_array(j);
}

static void write_trial(const struct pl_visit *v, const struct pl_visit_trial *t, struct pl_json *j)
{
	const struct pl_visit_item *item = &v->plan[t->item];
	const char *slash = strrchr(t->path, '/');

	pl_json_begin_object(j, NULL);
	pl_json_string(j, "step", v->protocol->steps[item->step].id);
	words(j, "condition", v->setup.conditions[item->condition]);
	pl_json_uint(j, "at", t->item);
	pl_json_uint(j, "number", t->number);
	words(j, "file", slash ? slash + 1 : "");
	words(j, "path", t->path);
	pl_json_ns(j, "started_utc_ns", t->started_utc_ns);
	pl_json_string(j, "verdict", pl_verdict_name(t->verdict));
	pl_json_string(j, "proposed", pl_verdict_name(t->proposed));
	pl_json_bool(j, "by_operator", t->by_operator);
	words(j, "reason", t->reason);
	write_flags(j, "flags", t->flags);
	words(j, "end", t->end);
	pl_json_double(j, "seconds", t->seconds);
	pl_json_double(j, "contact_s", t->contact_s);
	pl_json_uint(j, "frames", t->frames);
	pl_json_uint(j, "gap_frames", t->gap_frames);
	pl_json_double(j, "force_mean_n", t->force_n);
	pl_json_double(j, "empty_mean_n", t->empty_n);
	pl_json_double(j, "body_weight_ratio", t->ratio);
	pl_json_double(j, "force_mean_counts", t->force_counts);
	pl_json_double(j, "empty_mean_counts", t->empty_counts);
	pl_json_double(j, "pain", t->pain);
	words(j, "approach", t->ask.approach);
	pl_json_double(j, "speed_kmh", t->ask.speed_kmh);
	write_strikes(j, t->strikes);
	pl_json_end_object(j);
}

/* Null until frames were looked at. */
static void write_cells(const struct pl_cell_report *c, struct pl_json *j)
{
	if (c->empty_frames + c->loaded_frames == 0) {
		pl_json_null(j, "cells");
		return;
	}
	pl_json_begin_object(j, "cells");
	pl_json_uint(j, "empty_frames", c->empty_frames);
	pl_json_uint(j, "loaded_frames", c->loaded_frames);
	pl_json_uint(j, "dead", c->dead);
	pl_json_uint(j, "stuck", c->stuck);
	pl_json_uint(j, "noisy", c->noisy);
	pl_json_uint(j, "untested", c->untested);
	pl_json_begin_array(j, "list");
	for (unsigned i = 0; i < c->listed; i++) {
		pl_json_begin_object(j, NULL);
		pl_json_uint(j, "row", c->cell[i].row);
		pl_json_uint(j, "column", c->cell[i].col);
		pl_json_string(j, "fault", pl_cell_fault_name(c->cell[i].fault));
		pl_json_end_object(j);
	}
	pl_json_end_array(j);
	pl_json_end_object(j);
}

/* What nobody but plantard's next start needs. */
static void write_resume(const struct pl_visit *v, struct pl_json *j)
{
	bool ended = v->last_end_ns != 0;

	pl_json_begin_object(j, "resume");
	pl_json_ns(j, "written_utc_ns", v->now_utc_ns);
	pl_json_bool(j, "continued", v->setup.continued);
	pl_json_double(j, "since_end_s",
		       ended ? (double)(v->now_ns - v->last_end_ns) * 1e-9 : (double)NAN);
	pl_json_string(j, "annotations", v->setup.annotations.text);
	pl_json_end_object(j);
}

void pl_visit_write(const struct pl_visit *v, unsigned last, struct pl_json *j)
{
	pl_json_string(j, "protocol", v->protocol->id);
	pl_json_uint(j, "version", v->protocol->version);
	pl_json_string(j, "title", v->protocol->title);
	pl_json_bool(j, "dynamic", v->protocol->dynamic);
	write_setup(v, j);
	write_now(v, j);
	write_checklist(v, j);
	write_cells(&v->cells, j);
	if (last == PL_VISIT_TRIALS_MAX)
		write_resume(v, j);
	write_plan(v, j);
	pl_json_uint(j, "trials_made", v->n_trials);
	pl_json_begin_array(j, "trials");
	for (unsigned i = v->n_trials > last ? v->n_trials - last : 0; i < v->n_trials; i++)
		write_trial(v, &v->trials[i], j);
	pl_json_end_array(j);
}

static void write_step(const struct pl_protocol_step *s, struct pl_json *j)
{
	bool record = s->kind == PL_STEP_RECORD;

	pl_json_begin_object(j, NULL);
	pl_json_string(j, "step", s->id);
	pl_json_string(j, "title", s->title);
	words(j, "text", s->text);
	pl_json_string(j, "kind", pl_step_kind_name(s->kind));
	pl_json_bool(j, "once", s->once);
	pl_json_double(j, "seconds", s->seconds);
	if (s->kind != PL_STEP_WAIT)
		pl_json_uint(j, "trials", s->trials);
	pl_json_double(j, "after_s", s->after_s);
	if (record) {
		pl_json_uint(j, "strikes_per_foot", s->strikes_per_foot);
		pl_json_string(j, "start", pl_step_start_name(s->start));
		pl_json_string(j, "end", pl_step_end_name(s->end));
		pl_json_double(j, "countdown_s", s->countdown_s);
		pl_json_double(j, "contact_n", s->contact_n);
		pl_json_double(j, "seconds_min", s->seconds_min);
		pl_json_double(j, "seconds_max", s->seconds_max);
		pl_json_double(j, "rest_s", s->rest_s);
		write_flags(j, "checks", s->checks);
		pl_json_uint(j, "feet", s->feet);
		pl_json_string(j, "side", pl_side_name(s->side));
		pl_json_begin_array(j, "approaches");
		for (unsigned i = 0; i < s->n_approaches; i++)
			pl_json_string(j, NULL, s->approaches[i]);
		pl_json_end_array(j);
	}
	pl_json_end_object(j);
}

void pl_protocol_write(const struct pl_protocol *p, struct pl_json *j)
{
	pl_json_string(j, "protocol", p->id);
	pl_json_uint(j, "version", p->version);
	pl_json_string(j, "title", p->title);
	words(j, "text", p->text);
	pl_json_bool(j, "dynamic", p->dynamic);
	pl_json_bool(j, "subject", p->subject);
	pl_json_bool(j, "body_mass", pl_protocol_needs_mass(p));
	pl_json_string(j, "order", pl_order_name(p->order));
	pl_json_begin_array(j, "conditions");
	for (unsigned i = 0; i < p->n_conditions; i++)
		pl_json_string(j, NULL, p->conditions[i]);
	pl_json_end_array(j);
	pl_json_begin_object(j, "pain");
	pl_json_bool(j, "asked", p->pain_ask);
	pl_json_double(j, "stop_at", p->pain_stop_at);
	pl_json_double(j, "stop_rise", p->pain_stop_rise);
	pl_json_end_object(j);
	pl_json_begin_array(j, "steps");
	for (unsigned i = 0; i < p->n_steps; i++)
		write_step(&p->steps[i], j);
	pl_json_end_array(j);
}
