/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Two screens, a person on the mat, a cable that may come loose and an operator who may change
 * their mind: a visit stays one story only if one place knows what comes next. Each function below
 * is one thing that can happen, says in which states it may, and leaves a state from which every
 * other function knows the way on. A recording that was asked for is followed to its end whatever
 * the state, because the recorder answers later.
 */
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "visit_private.h"

#define NS 1e9
#define TAIL_NS INT64_C(100000000) /* recorded beyond the time: no trial is a frame short */
#define INTERRUPTED "interrupted"

static void copy(char *to, size_t cap, const char *from)
{
	snprintf(to, cap, "%s", from);
}

void pl_visit_enter(struct pl_visit *v, enum pl_visit_state state)
{
	v->state = state;
	v->changes++;
}

int pl_visit_not_now(const struct pl_visit *v, const char *what, struct pl_error *err)
{
	if (!pl_visit_active(v))
		return pl_error_set(err, PL_ESTATE, 0,
				    "%s: no protocol is under way; begin one first", what);
	return pl_error_set(err, PL_ESTATE, 0, "%s: not now, %s is at \"%s\"", what,
			    v->protocol->id, pl_visit_state_name(v->state));
}

struct pl_visit *pl_visit_new(struct pl_error *err)
{
	struct pl_visit *v = calloc(1, sizeof(*v));

	if (v)
		v->trials = calloc(PL_VISIT_TRIALS_MAX, sizeof(*v->trials));
	if (v && v->trials)
		return v;
	pl_error_set(err, PL_ENOMEM, 0, "out of memory for protocols");
	free(v);
	return NULL;
}

void pl_visit_free(struct pl_visit *v)
{
	if (v)
		free(v->trials);
	free(v);
}

/* ---- looking ---- */

bool pl_visit_active(const struct pl_visit *v)
{
	return v->state != PL_VISIT_IDLE && v->state != PL_VISIT_DONE &&
	       v->state != PL_VISIT_ABORTED;
}

bool pl_visit_locked(const struct pl_visit *v)
{
	return v->protocol && v->protocol->dynamic && (v->red_ticked & ~v->red_overridden) != 0;
}

const struct pl_protocol_step *pl_visit_step(const struct pl_visit *v)
{
	if (!pl_visit_active(v) || v->at >= v->n_items)
		return NULL;
	return &v->protocol->steps[v->plan[v->at].step];
}

const struct pl_visit_trial *pl_visit_current(const struct pl_visit *v)
{
	switch (v->state) {
	case PL_VISIT_COUNTDOWN:
	case PL_VISIT_STARTING:
	case PL_VISIT_WAITING:
	case PL_VISIT_RECORDING:
	case PL_VISIT_ENDING:
	case PL_VISIT_MEASURING:
	case PL_VISIT_REVIEW:
		return &v->trials[v->n_trials - 1];
	default:
		return NULL;
	}
}

void pl_visit_condition(const struct pl_visit *v, char out[65])
{
	const struct pl_visit_item *item = &v->plan[v->at < v->n_items ? v->at : 0];
	const struct pl_protocol_step *s = &v->protocol->steps[item->step];
	const char *condition = v->setup.conditions[item->condition];
	unsigned recorded = 0;

	for (unsigned i = 0; i < v->protocol->n_steps; i++)
		recorded += v->protocol->steps[i].kind == PL_STEP_RECORD;
	if (recorded > 1)
		snprintf(out, 65, "%s%s%s", condition, *condition ? " / " : "", s->id);
	else
		copy(out, 65, condition);
}

unsigned pl_visit_take_actions(struct pl_visit *v)
{
	unsigned actions = v->actions;

	v->actions = 0;
	return actions;
}

static struct pl_visit_trial *last_trial(struct pl_visit *v)
{
	return &v->trials[v->n_trials ? v->n_trials - 1 : 0];
}

/* ---- the way through the plan ---- */

/* The step at `at`, not before rest_ns. */
void pl_visit_enter_step(struct pl_visit *v, int64_t rest_ns)
{
	const struct pl_protocol_step *s = &v->protocol->steps[v->plan[v->at].step];
	int64_t after_ns = v->last_end_ns ? v->last_end_ns + (int64_t)(s->after_s * NS) : 0;

	if (s->kind == PL_STEP_WAIT)
		rest_ns = v->now_ns + (int64_t)(s->seconds * NS);
	if (after_ns > rest_ns && s->after_s > 0)
		rest_ns = after_ns;
	v->until_ns = rest_ns;
	pl_visit_enter(v, rest_ns > v->now_ns ? PL_VISIT_REST : PL_VISIT_READY);
}

static void finish(struct pl_visit *v, enum pl_visit_state state)
{
	v->ended_utc_ns = v->now_utc_ns;
	pl_visit_enter(v, state);
}

static void next_step(struct pl_visit *v, int64_t rest_ns)
{
	if (++v->at < v->n_items)
		pl_visit_enter_step(v, rest_ns);
	else
		finish(v, PL_VISIT_DONE);
}

static void after_verdict(struct pl_visit *v)
{
	const struct pl_protocol_step *s = pl_visit_step(v);
	int64_t rest_ns = v->last_end_ns + (int64_t)(s->rest_s * NS);

	if (pl_visit_quota_met(v, &v->plan[v->at])) {
		next_step(v, rest_ns);
		return;
	}
	v->until_ns = rest_ns;
	pl_visit_enter(v, rest_ns > v->now_ns ? PL_VISIT_REST : PL_VISIT_READY);
}

/* ---- a trial ---- */

static int check_ask(const struct pl_protocol_step *s, const struct pl_visit_ask *ask,
		     struct pl_error *err)
{
	char known[160] = "";
	size_t n = 0;

	if (!isnan(ask->seconds) &&
	    (ask->seconds < s->seconds_min || ask->seconds > s->seconds_max))
		return pl_error_set(err, PL_EUSAGE, 0, "seconds: %s takes from %g to %g", s->id,
				    s->seconds_min, s->seconds_max);
	for (unsigned i = 0; i < s->n_approaches; i++) {
		if (strcmp(ask->approach, s->approaches[i]) == 0)
			return 0;
		n += (size_t)snprintf(known + n, sizeof(known) - n, "%s%s", n ? ", " : "",
				      s->approaches[i]);
	}
	if (s->n_approaches)
		return pl_error_set(err, PL_EUSAGE, 0, "%s needs \"approach\", one of: %s", s->id,
				    known);
	if (*ask->approach)
		return pl_error_set(err, PL_EUSAGE, 0, "%s takes no \"approach\"", s->id);
	return 0;
}

static void start_recording(struct pl_visit *v)
{
	v->recording = true;
	v->begun = false;
	v->record_began_ns = v->trial_began_ns = v->now_ns;
	v->actions |= PL_ACT_START;
	pl_visit_enter(v, PL_VISIT_STARTING);
}

static void add_trial(struct pl_visit *v, const struct pl_visit_ask *ask)
{
	unsigned number = 1;

	for (unsigned i = 0; i < v->n_trials; i++)
		number += v->trials[i].item == v->at;
	v->trials[v->n_trials++] = (struct pl_visit_trial){
		.item = v->at,
		.number = number,
		.ask = *ask,
		.started_utc_ns = v->now_utc_ns,
		.contact_s = NAN,
		.force_n = NAN,
		.empty_n = NAN,
		.ratio = NAN,
		.force_counts = NAN,
		.empty_counts = NAN,
		.pain = NAN,
	};
}

int pl_visit_trial(struct pl_visit *v, const struct pl_visit_ask *ask, struct pl_error *err)
{
	const struct pl_protocol_step *s = pl_visit_step(v);

	if (v->state != PL_VISIT_READY)
		return pl_visit_not_now(v, "trial", err);
	if (check_ask(s, ask, err))
		return -1;
	if (v->recording)
		return pl_error_set(err, PL_EBUSY, 0,
				    "the last recording is just being closed; try again");
	if (v->n_trials == PL_VISIT_TRIALS_MAX)
		return pl_error_set(err, PL_ESTATE, 0,
				    "%d trials were made; begin the protocol again",
				    PL_VISIT_TRIALS_MAX);
	v->why[0] = '\0';
	add_trial(v, ask);
	if (s->kind != PL_STEP_RECORD) {
		v->actions |= s->kind == PL_STEP_TARE ? PL_ACT_TARE : PL_ACT_WEIGH;
		pl_visit_enter(v, PL_VISIT_MEASURING);
	} else if (s->start == PL_START_COUNTDOWN && s->countdown_s > 0) {
		v->until_ns = v->now_ns + (int64_t)(s->countdown_s * NS);
		pl_visit_enter(v, PL_VISIT_COUNTDOWN);
	} else {
		start_recording(v);
	}
	return 0;
}

static int64_t length_ns(const struct pl_visit *v, const struct pl_visit_trial *t)
{
	const struct pl_protocol_step *s = &v->protocol->steps[v->plan[t->item].step];

	return (int64_t)((isnan(t->ask.seconds) ? s->seconds : t->ask.seconds) * NS);
}

void pl_visit_started(struct pl_visit *v, unsigned file, const char *path)
{
	struct pl_visit_trial *t = last_trial(v);
	const struct pl_protocol_step *s;

	if (!v->recording)
		return;
	t->file = file;
	t->started_utc_ns = v->now_utc_ns;
	copy(t->path, sizeof(t->path), path);
	v->begun = true;
	v->changes++;
	v->record_began_ns = v->trial_began_ns = v->now_ns;
	if (v->state != PL_VISIT_STARTING) { /* aborted meanwhile */
		v->actions |= PL_ACT_STOP;
		return;
	}
	s = pl_visit_step(v);
	if (s->start == PL_START_CONTACT) {
		v->until_ns = v->now_ns + (int64_t)(s->wait_s * NS);
		pl_visit_enter(v, PL_VISIT_WAITING);
	} else {
		v->until_ns = v->now_ns + length_ns(v, t) + TAIL_NS;
		pl_visit_enter(v, PL_VISIT_RECORDING);
	}
}

/* The trial that has no verdict yet, if there is one, gets this. */
static void settle_open(struct pl_visit *v, enum pl_verdict verdict, const char *reason)
{
	struct pl_visit_trial *t = v->n_trials ? last_trial(v) : NULL;

	if (!t || t->verdict != PL_VERDICT_NONE)
		return;
	t->verdict = verdict;
	if (verdict == PL_VERDICT_REJECTED)
		copy(t->reason, sizeof(t->reason), reason);
	if (verdict == PL_VERDICT_ACCEPTED) {
		v->plan[t->item].accepted++;
		for (int side = 0; side < 3; side++)
			v->plan[t->item].strikes[side] += t->strikes[side];
	} else {
		v->plan[t->item].rejected++;
	}
}

void pl_visit_not_started(struct pl_visit *v, const char *why)
{
	struct pl_visit_trial *t = last_trial(v);

	if (!v->recording)
		return;
	v->recording = false;
	copy(v->why, sizeof(v->why), why);
	t->flags |= PL_TRIAL_FAILED;
	t->proposed = PL_VERDICT_REJECTED;
	copy(t->end, sizeof(t->end), "not started");
	settle_open(v, PL_VERDICT_REJECTED, why); /* unless an abort has done so meanwhile */
	v->changes++;
	if (v->state == PL_VISIT_STARTING)
		pl_visit_enter(v, PL_VISIT_READY);
}

static void end_trial(struct pl_visit *v, const char *end, unsigned flags)
{
	struct pl_visit_trial *t = last_trial(v);

	copy(t->end, sizeof(t->end), end);
	t->flags |= flags;
	v->actions |= PL_ACT_STOP;
	pl_visit_enter(v, PL_VISIT_ENDING);
}

/* When the trial proper ended, which is before the recording does. */
static void stop_watch(struct pl_visit *v, int64_t end_ns)
{
	last_trial(v)->seconds = (double)(end_ns - v->trial_began_ns) / NS;
}

static void saw_contact(struct pl_visit *v, const struct pl_contact *c)
{
	struct pl_visit_trial *t = last_trial(v);

	t->contact_s = (double)(c->first_on_ns - v->record_began_ns) / NS;
	v->trial_began_ns = c->first_on_ns;
	v->until_ns = c->first_on_ns + length_ns(v, t) + TAIL_NS;
	pl_visit_enter(v, PL_VISIT_RECORDING);
}

/* Contact is what comes to a clear mat; who stands there already is told. */
static void note_occupied(struct pl_visit *v, bool occupied)
{
	if (occupied == (*v->why != '\0'))
		return;
	copy(v->why, sizeof(v->why),
	     occupied ? "somebody is on the mat: step off first, then begin" : "");
	v->changes++;
}

void pl_visit_seen(struct pl_visit *v, const struct pl_contact *c, bool connected)
{
	const struct pl_protocol_step *s = pl_visit_step(v);

	if (v->state != PL_VISIT_WAITING && v->state != PL_VISIT_RECORDING)
		return;
	if (v->state == PL_VISIT_WAITING)
		note_occupied(v, c->occupied && c->last_ns);
	if (v->state == PL_VISIT_WAITING && c->first_on_ns)
		saw_contact(v, c);
	if (!connected) {
		stop_watch(v, c->last_ns > v->trial_began_ns ? c->last_ns : v->trial_began_ns);
		end_trial(v, "unplugged", PL_TRIAL_GAP);
	} else if (v->state == PL_VISIT_RECORDING && s->end == PL_END_OFF && c->first_on_ns &&
		   c->off_ns && c->last_ns - c->off_ns >= (int64_t)(s->off_s * NS)) {
		stop_watch(v, c->off_ns);
		end_trial(v, "off", 0);
	}
}

static void time_is_up(struct pl_visit *v)
{
	const struct pl_protocol_step *s = pl_visit_step(v);

	stop_watch(v, v->until_ns - TAIL_NS);
	end_trial(v, "time", s->end == PL_END_OFF ? s->checks & PL_TRIAL_LONG : 0);
}

void pl_visit_tick(struct pl_visit *v, int64_t now_ns, int64_t now_utc_ns)
{
	v->now_ns = now_ns;
	v->now_utc_ns = now_utc_ns;
	if (now_ns < v->until_ns)
		return;
	if (v->state == PL_VISIT_COUNTDOWN)
		start_recording(v);
	else if (v->state == PL_VISIT_RECORDING)
		time_is_up(v);
	else if (v->state == PL_VISIT_WAITING)
		end_trial(v, "nobody came", PL_TRIAL_NO_CONTACT);
	else if (v->state == PL_VISIT_REST && pl_visit_step(v)->kind == PL_STEP_WAIT)
		next_step(v, 0);
	else if (v->state == PL_VISIT_REST)
		pl_visit_enter(v, PL_VISIT_READY);
}

void pl_visit_ended(struct pl_visit *v, const struct pl_contact *c, uint64_t frames,
		    uint64_t gap_frames, const char *reason, const char *failure)
{
	struct pl_visit_trial *t = last_trial(v);

	if (!v->recording)
		return;
	v->recording = false;
	v->last_end_ns = v->now_ns;
	v->changes++;
	t->frames = frames;
	t->gap_frames = gap_frames;
	if (v->state == PL_VISIT_WAITING || v->state == PL_VISIT_RECORDING) {
		stop_watch(v, v->now_ns); /* the operator's `stop`, or the disk is full */
		copy(t->end, sizeof(t->end), reason);
		t->flags |= v->state == PL_VISIT_WAITING ? PL_TRIAL_NO_CONTACT : 0u;
	}
	if (*failure) {
		t->flags |= PL_TRIAL_FAILED;
		copy(v->why, sizeof(v->why), failure);
	}
	pl_visit_judge(v, t, c);
	if (pl_visit_active(v) && t->verdict == PL_VERDICT_NONE)
		pl_visit_enter(v, PL_VISIT_REVIEW);
}

bool pl_visit_cells(struct pl_visit *v, const struct pl_cell_report *cells)
{
	struct pl_cell_report *was = &v->cells;
	bool other = was->listed != cells->listed || was->dead != cells->dead ||
		     was->stuck != cells->stuck || was->noisy != cells->noisy;

	for (unsigned i = 0; i < cells->listed && !other; i++)
		other = was->cell[i].row != cells->cell[i].row ||
			was->cell[i].col != cells->cell[i].col ||
			was->cell[i].fault != cells->cell[i].fault;
	*was = *cells;
	v->changes += other;
	return other;
}

void pl_visit_measured(struct pl_visit *v, double force_n, const char *failure)
{
	struct pl_visit_trial *t = last_trial(v);

	if (v->state != PL_VISIT_MEASURING)
		return;
	v->last_end_ns = v->now_ns;
	copy(t->end, sizeof(t->end), "time");
	if (*failure) {
		t->flags |= PL_TRIAL_FAILED;
		copy(v->why, sizeof(v->why), failure);
		pl_visit_propose(t);
	} else {
		pl_visit_judge_measured(v, t, force_n);
	}
	pl_visit_enter(v, PL_VISIT_REVIEW);
}

/* ---- abort, pain ---- */

static void end_visit(struct pl_visit *v, const char *reason)
{
	copy(v->why, sizeof(v->why), reason);
	if (v->recording && v->begun && v->state != PL_VISIT_ENDING)
		v->actions |= PL_ACT_STOP;
	if (v->recording && v->begun && v->state == PL_VISIT_RECORDING)
		stop_watch(v, v->now_ns);
	if (v->recording && !*last_trial(v)->end)
		copy(last_trial(v)->end, sizeof(last_trial(v)->end), "aborted");
	finish(v, PL_VISIT_ABORTED);
}

void pl_visit_interrupt(struct pl_visit *v, const char *reason)
{
	if (!pl_visit_current(v) || v->state == PL_VISIT_REVIEW)
		return;
	if (v->n_trials && last_trial(v)->verdict == PL_VERDICT_NONE) {
		last_trial(v)->flags |= PL_TRIAL_GAP;
		last_trial(v)->proposed = PL_VERDICT_REJECTED;
		copy(last_trial(v)->end, sizeof(last_trial(v)->end), INTERRUPTED);
		settle_open(v, PL_VERDICT_REJECTED, reason);
	}
	if (v->begun && v->state != PL_VISIT_ENDING)
		v->actions |= PL_ACT_STOP;
	copy(v->why, sizeof(v->why), reason);
	pl_visit_enter(v, PL_VISIT_READY);
}

void pl_visit_lost(struct pl_visit *v, unsigned file, const char *path, int64_t started_utc_ns)
{
	const struct pl_protocol_step *s = pl_visit_step(v);
	const struct pl_visit_ask nothing = {.seconds = NAN, .speed_kmh = NAN};
	struct pl_visit_trial *t = last_trial(v);

	if (!v->n_trials || t->file || t->item != v->at || strcmp(t->end, INTERRUPTED) != 0) {
		if (!s || s->kind != PL_STEP_RECORD || v->n_trials == PL_VISIT_TRIALS_MAX)
			return;
		add_trial(v, &nothing);
		t = last_trial(v);
		t->flags |= PL_TRIAL_GAP;
		t->proposed = PL_VERDICT_REJECTED;
		copy(t->end, sizeof(t->end), INTERRUPTED);
		settle_open(v, PL_VERDICT_REJECTED, "interrupted: plantard ended as it began");
	}
	t->file = file;
	t->started_utc_ns = started_utc_ns;
	copy(t->path, sizeof(t->path), path);
	v->changes++;
}

int pl_visit_abort(struct pl_visit *v, const char *reason, struct pl_error *err)
{
	char why[161];

	if (!pl_visit_active(v))
		return pl_visit_not_now(v, "abort", err);
	snprintf(why, sizeof(why), "aborted%s%s", *reason ? ": " : "", reason);
	settle_open(v, PL_VERDICT_REJECTED, why);
	end_visit(v, *reason ? reason : "aborted");
	return 0;
}

/* Does the stop rule end the visit? A whole trial is judged by its flags, a broken one is lost. */
static void apply_stop_rule(struct pl_visit *v)
{
	const struct pl_protocol *p = v->protocol;
	double rise = v->pain_last - v->pain_first;
	const struct pl_visit_trial *t = pl_visit_current(v);
	char why[161];

	if (v->pain_last >= p->pain_stop_at)
		snprintf(why, sizeof(why), "pain score %g: %s stops at %g", v->pain_last, p->id,
			 p->pain_stop_at);
	else if (rise >= p->pain_stop_rise)
		snprintf(why, sizeof(why),
			 "pain score rose from %g to %g: %s stops at a rise of %g", v->pain_first,
			 v->pain_last, p->id, p->pain_stop_rise);
	else
		return;
	settle_open(v, v->state == PL_VISIT_REVIEW ? t->proposed : PL_VERDICT_REJECTED, why);
	end_visit(v, why);
}

/* The trial that a score given now is about; NULL: none. */
static struct pl_visit_trial *scored_trial(struct pl_visit *v)
{
	struct pl_visit_trial *t = v->n_trials ? last_trial(v) : NULL;

	/* Between trials: people are asked after a trial, often when it has its verdict already. */
	return pl_visit_current(v) || (t && t->file && isnan(t->pain)) ? t : NULL;
}

static void note_pain(struct pl_visit *v, double score)
{
	struct pl_visit_trial *t = scored_trial(v);

	v->pain_last = score;
	if (isnan(v->pain_first))
		v->pain_first = score;
	if (t)
		t->pain = score;
	v->changes++;
}

static int check_score(double score, struct pl_error *err)
{
	if (score >= 0 && score <= 10)
		return 0;
	return pl_error_set(err, PL_EUSAGE, 0, "score: from 0 to 10");
}

int pl_visit_pain(struct pl_visit *v, double score, struct pl_error *err)
{
	bool late = v->state == PL_VISIT_DONE && scored_trial(v);

	if (!pl_visit_active(v) && !late)
		return pl_visit_not_now(v, "pain", err);
	if (check_score(score, err))
		return -1;
	note_pain(v, score);
	if (!late)
		apply_stop_rule(v);
	return 0;
}

/* ---- verdicts ---- */

int pl_visit_accept(struct pl_visit *v, enum pl_side side, double score, struct pl_error *err)
{
	struct pl_visit_trial *t;

	if (v->state != PL_VISIT_REVIEW)
		return pl_visit_not_now(v, "accept", err);
	t = last_trial(v);
	if (!isnan(score) && check_score(score, err))
		return -1;
	if (t->flags & PL_TRIAL_FAILED)
		return pl_error_set(err, PL_ESTATE, 0,
				    "accept: there is nothing to accept (%s); reject it", v->why);
	if (v->protocol->pain_ask && isnan(score) && isnan(t->pain) && t->file)
		return pl_error_set(err, PL_ESTATE, 0,
				    "accept: the pain score of this trial is missing; give "
				    "\"score\"");
	if (!isnan(score))
		note_pain(v, score);
	if (side != PL_SIDE_UNKNOWN) {
		unsigned all = t->strikes[0] + t->strikes[1] + t->strikes[2];

		memset(t->strikes, 0, sizeof(t->strikes));
		t->strikes[side] = all;
	}
	t->by_operator = true;
	settle_open(v, PL_VERDICT_ACCEPTED, "");
	after_verdict(v);
	if (!isnan(score) && pl_visit_active(v))
		apply_stop_rule(v);
	return 0;
}

int pl_visit_reject(struct pl_visit *v, const char *reason, struct pl_error *err)
{
	if (v->state != PL_VISIT_REVIEW)
		return pl_visit_not_now(v, "reject", err);
	if (!reason[strspn(reason, " ")])
		return pl_error_set(err, PL_EUSAGE, 0, "reject: a reason is needed");
	last_trial(v)->by_operator = true;
	settle_open(v, PL_VERDICT_REJECTED, reason);
	after_verdict(v);
	return 0;
}

int pl_visit_next(struct pl_visit *v, struct pl_error *err)
{
	struct pl_visit_item *item = &v->plan[v->at < v->n_items ? v->at : 0];

	if (v->state == PL_VISIT_REST) {
		if (pl_visit_step(v)->kind == PL_STEP_WAIT) {
			item->skipped = true;
			next_step(v, 0);
		} else {
			pl_visit_enter(v, PL_VISIT_READY);
		}
		return 0;
	}
	if (v->state != PL_VISIT_READY)
		return pl_visit_not_now(v, "next", err);
	item->skipped = !pl_visit_quota_met(v, item);
	next_step(v, 0);
	return 0;
}
