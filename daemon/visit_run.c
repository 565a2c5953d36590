/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The protocol that is under way, between the clients that steer it and the threads that record.
 * What comes next is decided in lib/visit, which is pure; here its wishes become recordings, tares
 * and weighings, what the mat shows is told to it every few milliseconds while that matters, and
 * each change goes out at once: to subscribers as an event and a status, to the disk as a log in
 * the session's folder. So a client that dies takes nothing with it, and neither does the daemon.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#include "daemon/daemon.h"
#include "daemon/text.h"
#include "daemon/visit_resume.h"
#include "drivers/mat/paths.h"

#define TARE_LOST "the zero of the mat went with the restart: tare it, empty, before the next trial"
#define RESUME_S (12 * 3600.0) /* a visit is not gone on with the next day */
#define STATUS_TRIALS 5
#define LOG_START (16u << 10)
#define LOG_MAX (4u << 20)
#define LOG_RETRY_NS (5 * PL_S)

static int mat_of(const struct pl_daemon *d)
{
	for (unsigned i = 0; i < d->config->n_mats; i++)
		if (strcmp(d->config->mats[i].name, d->visit->setup.mat) == 0)
			return (int)i;
	return 0; /* begun with the name of one that there is */
}

bool pl_visit_run_busy(const struct pl_daemon *d)
{
	enum pl_visit_state s = d->visit->state;

	return s == PL_VISIT_COUNTDOWN || s == PL_VISIT_WAITING || s == PL_VISIT_RECORDING ||
	       (s == PL_VISIT_REST && d->visit->until_ns - d->visit->now_ns < PL_S);
}

int pl_visit_run_forbids(const struct pl_daemon *d, uint32_t mats, struct pl_error *err)
{
	if (!pl_visit_active(d->visit) || !(mats & 1u << mat_of(d)))
		return 0;
	return pl_error_set(err, PL_ESTATE, 0,
			    "the protocol %s is under way on %s: use trial, or abort it first",
			    d->visit->protocol->id, d->visit->setup.mat);
}

/* ---- telling ---- */

void pl_visit_run_write(struct pl_daemon *d, struct pl_json *j)
{
	if (d->visit->state == PL_VISIT_IDLE) {
		pl_json_null(j, "protocol");
		return;
	}
	pl_json_begin_object(j, "protocol");
	pl_visit_write(d->visit, STATUS_TRIALS, j);
	pl_json_end_object(j);
}

static size_t log_text(const struct pl_visit *v, char *buf, size_t cap)
{
	struct pl_json j;

	pl_json_init(&j, buf, cap);
	pl_json_begin_object(&j, NULL);
	pl_json_string(&j, "schema", "plantar-protocol-log/1");
	pl_visit_write(v, PL_VISIT_TRIALS_MAX, &j);
	pl_json_end_object(&j);
	return pl_json_finish(&j);
}

static void mix(uint64_t *mark, uint64_t value)
{
	*mark = (*mark ^ value) * 0x100000001b3u; /* FNV-1a's way */
}

/* Changes with what session.json is read for: verdicts, pain scores, the checklist, begin and end.
 * The log itself is written more often. */
static uint64_t seal_mark(const struct pl_visit *v)
{
	uint64_t mark = (uint64_t)v->began_utc_ns;

	for (unsigned i = 0; i < v->n_trials; i++) {
		mix(&mark, v->trials[i].verdict);
		mix(&mark, isnan(v->trials[i].pain) ? 0 : 1 + (uint64_t)(v->trials[i].pain * 1e6));
	}
	mix(&mark, v->red_ticked);
	mix(&mark, v->red_overridden);
	mix(&mark, !pl_visit_active(v));
	return mark;
}

/* It is told of once, and tried again until it succeeds: the last change must not get lost. */
static void log_failed(struct pl_daemon *d, const char *why)
{
	if (d->log_retry_ns == 0)
		pl_daemon_event(d, -1, PL_ERR, "protocol-log-failed", "%s", why);
	d->log_retry_ns = pl_now_ns() + LOG_RETRY_NS;
}

/* The whole state so far, for the session's folder. */
static void write_log(struct pl_daemon *d)
{
	const struct pl_visit *v = d->visit;
	time_t began = (time_t)(v->began_utc_ns / PL_S);
	char stamp[24], name[80], *text = NULL;
	struct tm tm;
	size_t n = 0;

	gmtime_r(&began, &tm);
	strftime(stamp, sizeof(stamp), "%Y%m%dT%H%M%SZ", &tm);
	snprintf(name, sizeof(name), "protocol-%s-%s.json", stamp, v->protocol->id);
	for (size_t cap = LOG_START; n == 0 && cap <= LOG_MAX; cap *= 2) {
		free(text);
		text = malloc(cap);
		n = text ? log_text(v, text, cap) : 0;
	}
	if (n == 0 ||
	    !pl_recorder_log(d->recorder, v->setup.session_uuid, v->began_utc_ns,
			     !v->setup.continued, pl_visit_active(v), name, seal_mark(v), text)) {
		if (n == 0)
			free(text);
		log_failed(d, "the disk does not answer; what the protocol has so far is in memory "
			      "only");
		return;
	}
	d->logs_pending++;
}

void pl_visit_run_logged(struct pl_daemon *d, const char *folder, uint64_t mark,
			 const struct pl_error *err)
{
	struct pl_error seal_err = {0};

	d->logs_pending -= d->logs_pending > 0;
	if (err->code != PL_OK) {
		log_failed(d, err->message);
		return;
	}
	d->log_retry_ns = 0;
	if (d->visit_sealed == mark && !d->stopping)
		return;
	d->visit_sealed = mark;
	if (pl_converter_seal(d->converter, folder, &seal_err))
		pl_logf(d->log, PL_WARNING, "%s", seal_err.message);
}

static void say_event(struct pl_daemon *d)
{
	const struct pl_visit *v = d->visit;
	const struct pl_protocol_step *s = pl_visit_step(v);
	const struct pl_visit_trial *t = pl_visit_current(v);
	char at[160] = "", flags[160] = "";
	size_t n = 0;

	if (s)
		snprintf(at, sizeof(at), ", %s%s%s", s->id,
			 *v->setup.conditions[v->plan[v->at].condition] ? ", " : "",
			 v->setup.conditions[v->plan[v->at].condition]);
	for (unsigned i = 0; t && v->state == PL_VISIT_REVIEW && i < PL_TRIAL_FLAGS; i++)
		if (t->flags & 1u << i && n < sizeof(flags) - 100)
			n += (size_t)snprintf(flags + n, sizeof(flags) - n, "%s%s", n ? ", " : ": ",
					      pl_trial_flag_name(i));
	pl_daemon_event(d, mat_of(d), PL_INFO, "protocol", "%s: %s%s%s%s%s", v->protocol->id,
			pl_visit_state_name(v->state), at, flags, *v->why ? "; " : "", v->why);
}

/* Which changes belong on the disk: not each second of a countdown. */
static bool worth_logging(const struct pl_visit *v)
{
	switch (v->state) {
	case PL_VISIT_COUNTDOWN:
	case PL_VISIT_ENDING:
	case PL_VISIT_MEASURING:
		return false;
	default:
		return true;
	}
}

static void tell(struct pl_daemon *d)
{
	if (d->visit->changes == d->visit_told)
		return;
	d->visit_told = d->visit->changes;
	say_event(d);
	pl_daemon_publish_status(d);
	if (worth_logging(d->visit))
		write_log(d);
}

/* ---- what the visit wants ---- */

/* The recording of the present trial, as a request for it would say it. */
static int trial_request(const struct pl_visit *v, struct pl_request *r, struct pl_error *err)
{
	*r = (struct pl_request){.body_mass_kg = v->setup.body_mass_kg, .seconds = NAN};
	pl_copy(r->subject, sizeof(r->subject), v->setup.subject);
	pl_copy(r->protocol, sizeof(r->protocol), v->protocol->id);
	if (v->setup.continued)
		pl_copy(r->session, sizeof(r->session), v->setup.session_uuid);
	pl_visit_condition(v, r->condition);
	return pl_visit_annotations(v, &r->annotations, err);
}

static void start_recording(struct pl_daemon *d)
{
	struct pl_visit *v = d->visit;
	unsigned mat = (unsigned)mat_of(d);
	struct pl_error err = {0};
	struct pl_request r;

	if (trial_request(v, &r, &err)) {
		pl_visit_not_started(v, err.message);
		return;
	}
	if (d->stopping)
		pl_error_set(&err, PL_ESTATE, 0, "plantard is ending");
	else if (d->mats[mat].recording)
		pl_error_set(&err, PL_ESTATE, 0, "%s is being recorded already", v->setup.mat);
	else if (d->mats[mat].averaging)
		pl_error_set(&err, PL_EBUSY, 0, "a tare or weighing of %s is under way",
			     v->setup.mat);
	else
		pl_command_begin(d, mat, &r, PL_VISIT_REQUEST, v->setup.session_uuid, 1, &err);
	if (err.code != PL_OK)
		pl_visit_not_started(v, err.message);
}

static void measure(struct pl_daemon *d, bool weigh)
{
	const struct pl_protocol_step *s = pl_visit_step(d->visit);
	struct pl_mat_run *m = &d->mats[mat_of(d)];

	if (m->recording) {
		pl_visit_measured(d->visit, NAN, "the mat is being recorded; stop that first");
		return;
	}
	m->averaging = true;
	if (weigh)
		pl_engine_weigh(m->engine, PL_VISIT_REQUEST, s->seconds);
	else
		pl_engine_tare(m->engine, PL_VISIT_REQUEST, s->seconds, false);
}

static void act(struct pl_daemon *d)
{
	unsigned actions;

	while ((actions = pl_visit_take_actions(d->visit))) {
		if (actions & PL_ACT_START)
			start_recording(d);
		if (actions & PL_ACT_STOP)
			pl_engine_record(d->mats[mat_of(d)].engine, false,
					 d->visit->state == PL_VISIT_ABORTED ? "aborted"
									     : "trial over");
		if (actions & (PL_ACT_TARE | PL_ACT_WEIGH))
			measure(d, actions & PL_ACT_WEIGH);
	}
	tell(d);
}

/* ---- what happens to it ---- */

static void note_in_recording(struct pl_daemon *d)
{
	const struct pl_visit *v = d->visit;
	const struct pl_visit_trial *t = pl_visit_current(v);
	char text[480], speed[40] = "";

	if (!t)
		return;
	if (!isnan(t->ask.speed_kmh))
		snprintf(speed, sizeof(speed), ", speed %g km/h", t->ask.speed_kmh);
	snprintf(text, sizeof(text), "%s version %u, step %s, trial %u%s%s%s", v->protocol->id,
		 v->protocol->version, v->protocol->steps[v->plan[t->item].step].id, t->number,
		 *t->ask.approach ? ", approach " : "", t->ask.approach, speed);
	pl_engine_note(d->mats[mat_of(d)].engine, text);
}

static void time_goes_on(struct pl_daemon *d)
{
	pl_visit_tick(d->visit, pl_now_ns(), pl_utc_ns());
}

void pl_visit_run_started(struct pl_daemon *d, const struct pl_done *done)
{
	const struct pl_protocol_step *s;

	if (done->request != PL_VISIT_REQUEST)
		return;
	time_goes_on(d);
	if (done->err.code != PL_OK) {
		pl_visit_not_started(d->visit, done->err.message);
	} else {
		s = pl_visit_step(d->visit);
		pl_engine_watch(d->mats[done->mat].engine, s ? s->contact_n : 50,
				s && s->start == PL_START_CONTACT);
		pl_visit_started(d->visit, done->trial, done->path);
		note_in_recording(d);
	}
	act(d);
}

/* Found by itself, since a dead cell looks like a place where nobody stood. */
static void judge_cells(struct pl_daemon *d)
{
	struct pl_cell_report r;
	char list[200] = "";
	size_t n = 0;

	pl_engine_cells(d->mats[mat_of(d)].engine, &r);
	if (!pl_visit_cells(d->visit, &r) || r.dead + r.stuck + r.noisy == 0)
		return;
	for (unsigned i = 0; i < r.listed && n < sizeof(list) - 40; i++)
		n += (size_t)snprintf(list + n, sizeof(list) - n, "%s(%u, %u)", i ? ", " : "",
				      r.cell[i].row, r.cell[i].col);
	pl_daemon_event(d, mat_of(d), PL_WARNING, "cells",
			"%u dead, %u stuck, %u noisy cells, by row and column: %s%s; clean and "
			"check the mat, then name those that stay in dead_cells of the mat file's "
			"calibration",
			r.dead, r.stuck, r.noisy, list, n >= sizeof(list) - 40 ? ", and more" : "");
}

void pl_visit_run_ended(struct pl_daemon *d, const struct pl_done *done)
{
	struct pl_contact c;

	if (!d->visit->recording || done->mat != mat_of(d))
		return;
	time_goes_on(d);
	pl_engine_contact(d->mats[done->mat].engine, &c);
	pl_engine_watch(d->mats[done->mat].engine, 0, false);
	pl_visit_ended(d->visit, &c, done->frames, done->gap_frames, done->err.message);
	judge_cells(d);
	act(d);
}

void pl_visit_run_measured(struct pl_daemon *d, const struct pl_done *done)
{
	bool calibrated = d->mats[done->mat].wire.calibrated;

	d->mats[done->mat].averaging = false;
	if (pl_visit_step(d->visit) && pl_visit_step(d->visit)->kind == PL_STEP_TARE)
		pl_engine_cells_reset(d->mats[done->mat].engine); /* another zero */
	time_goes_on(d);
	pl_visit_measured(d->visit, calibrated ? done->mean_force_n : (double)NAN,
			  done->err.message);
	act(d);
}

static void look_at_mat(struct pl_daemon *d)
{
	struct pl_engine *e = d->mats[mat_of(d)].engine;
	struct pl_engine_status s;
	struct pl_contact c;

	if (d->visit->state != PL_VISIT_WAITING && d->visit->state != PL_VISIT_RECORDING)
		return;
	pl_engine_status(e, &s);
	pl_engine_contact(e, &c);
	pl_visit_seen(d->visit, &c, s.state == PL_STATE_RUNNING);
}

void pl_visit_run_clock(struct pl_daemon *d, int64_t now_ns)
{
	/* Also when all is done. */
	if (d->log_retry_ns && d->logs_pending == 0 && now_ns >= d->log_retry_ns)
		write_log(d);
	if (!pl_visit_active(d->visit))
		return;
	pl_visit_tick(d->visit, now_ns, pl_utc_ns());
	look_at_mat(d);
	act(d);
}

void pl_visit_run_stop(struct pl_daemon *d)
{
	if (!pl_visit_active(d->visit)) {
		if (d->log_retry_ns)
			write_log(d);
		return;
	}
	time_goes_on(d);
	pl_visit_interrupt(d->visit, "interrupted: plantard ended during the trial");
	d->visit->changes++; /* what it is now goes to the disk, whatever has changed */
	act(d);
}

/* ---- after a restart ---- */

/* A tare is not kept over a restart, so what follows one would be recorded with another zero. */
static bool had_tare(const struct pl_visit *v)
{
	for (unsigned i = 0; i < v->n_trials; i++)
		if (v->trials[i].verdict == PL_VERDICT_ACCEPTED &&
		    v->protocol->steps[v->plan[v->trials[i].item].step].kind == PL_STEP_TARE)
			return true;
	return false;
}

static bool has_mat(const struct pl_daemon *d)
{
	return strcmp(d->config->mats[mat_of(d)].name, d->visit->setup.mat) == 0;
}

/* It cannot be gone on with: kept under another name, because nothing else says what it was. */
static void put_aside(struct pl_daemon *d, const char *path, const struct pl_error *why)
{
	char aside[620];

	snprintf(aside, sizeof(aside), "%s.not-resumed", path);
	rename(path, aside);
	pl_daemon_event(
		d, -1, PL_WARNING, "protocol-not-resumed",
		"the protocol that was under way cannot be gone on with: %s; its recordings "
		"and its log in the session's folder are whole",
		why->message);
}

static size_t read_file(const char *path, char *text, size_t cap)
{
	FILE *f = fopen(path, "re");
	size_t n = f ? fread(text, 1, cap, f) : 0;

	if (f)
		fclose(f);
	return n;
}

static void tell_resumed(struct pl_daemon *d)
{
	struct pl_visit *v = d->visit;

	d->tare_lost = had_tare(v);
	if (d->tare_lost)
		pl_copy(v->why, sizeof(v->why), TARE_LOST);
	pl_daemon_event(d, mat_of(d), PL_NOTICE, "protocol-resumed",
			"%s goes on where it was when plantard ended%s%s", v->protocol->id,
			d->tare_lost ? "; " : "", d->tare_lost ? TARE_LOST : "");
}

void pl_visit_run_resume(struct pl_daemon *d)
{
	char state[512], path[600], *text = malloc(LOG_MAX);
	struct pl_error err = {0};
	double idle_s = 0;
	size_t n;

	snprintf(path, sizeof(path), "%s/" PL_VISIT_FILE, pl_state_dir(state, sizeof(state)));
	n = text ? read_file(path, text, LOG_MAX) : 0;
	time_goes_on(d);
	if (n && pl_visit_restore(d->visit, text, n, &d->config->protocols, &idle_s, &err))
		put_aside(d, path, &err);
	free(text);
	if (!pl_visit_active(d->visit))
		return;
	if (idle_s > RESUME_S)
		pl_visit_abort(d->visit,
			       "plantard ended, and was not started again within 12 hours", NULL);
	else if (!has_mat(d))
		pl_visit_abort(d->visit, "its mat is not configured any more", NULL);
	else
		tell_resumed(d);
	act(d);
}

/* ---- what clients want ---- */

static int pick_mat(const struct pl_daemon *d, const struct pl_request *r,
		    const struct pl_protocol *p, struct pl_visit_setup *s, struct pl_error *err)
{
	const struct pl_config *config = d->config;
	unsigned i = 0;

	if (!*r->mat && config->n_mats > 1)
		return pl_error_set(err, PL_EUSAGE, 0,
				    "protocol needs \"mat\": there are %u mats, %s is one",
				    config->n_mats, config->mats[0].name);
	while (*r->mat && i < config->n_mats && strcmp(config->mats[i].name, r->mat) != 0)
		i++;
	if (i == config->n_mats)
		return pl_error_set(err, PL_ENOENT, 0, "there is no mat \"%s\"; %s is one", r->mat,
				    config->mats[0].name);
	if (pl_protocol_needs_force(p) && !d->mats[i].wire.calibrated)
		return pl_error_set(err, PL_ESTATE, 0,
				    "%s needs newtons, but %s has no calibration: its values are "
				    "counts",
				    p->id, config->mats[i].name);
	pl_copy(s->mat, sizeof(s->mat), config->mats[i].name);
	return 0;
}

static int pick_order(const struct pl_request *r, const struct pl_protocol *p,
		      struct pl_visit_setup *s, struct pl_error *err)
{
	int order = *r->order ? pl_order_parse(r->order) : (int)p->order;
	uint32_t drawn = 0;

	if (order < 0)
		return pl_error_set(err, PL_EUSAGE, 0,
				    "order: one of fixed, random, abba is expected");
	if (!isnan(r->seed) && r->seed != floor(r->seed))
		return pl_error_set(err, PL_EUSAGE, 0, "seed: a whole number is expected");
	if (isnan(r->seed) && order != PL_ORDER_FIXED &&
	    getrandom(&drawn, sizeof(drawn), 0) != sizeof(drawn))
		return pl_error_set(err, PL_EIO, 0, "no random numbers; give a seed");
	s->order = (enum pl_order)order;
	s->seed = isnan(r->seed) ? drawn : (uint64_t)r->seed;
	s->n_conditions = r->n_conditions ? r->n_conditions : p->n_conditions;
	memcpy(s->conditions, r->n_conditions ? r->conditions : p->conditions,
	       sizeof(s->conditions));
	return 0;
}

static int pick_pain_side(const struct pl_request *r, struct pl_visit_setup *s,
			  struct pl_error *err)
{
	char value[PL_ANNOTATION_VALUE_MAX];
	const char *side = r->pain_side;

	if (*side && pl_annotation_check("pain_side", side, value, err))
		return -1;
	if (pl_annotations_get(&r->annotations, "pain_side", value)) {
		if (*side && strcmp(side, value) != 0)
			return pl_error_set(err, PL_EUSAGE, 0,
					    "pain_side is given twice, differently");
		side = value;
	}
	pl_copy(s->pain_side, sizeof(s->pain_side), side);
	return 0;
}

/* What a protocol asks for by itself, and would not hear of as an annotation. */
static int check_annotations(const struct pl_request *r, struct pl_error *err)
{
	char value[PL_ANNOTATION_VALUE_MAX];

	if (pl_annotations_get(&r->annotations, "pain_score", value))
		return pl_error_set(err, PL_EUSAGE, 0,
				    "annotations: pain_score: is given during or after a trial, "
				    "with pain or accept, so that the stop rule sees it");
	if (pl_annotations_get(&r->annotations, "approach", value))
		return pl_error_set(
			err, PL_EUSAGE, 0,
			"annotations: approach: give \"approach\" with trial, where the "
			"step asks for it");
	return 0;
}

/* Before one trial: nothing that is of the person, and no second speed. */
static int check_trial_annotations(const struct pl_request *r, struct pl_error *err)
{
	char value[PL_ANNOTATION_VALUE_MAX];
	const struct pl_annotation_key *keys;
	const char *person = *r->subject	       ? "subject"
			     : !isnan(r->body_mass_kg) ? "body_mass_kg"
						       : NULL;
	size_t n;

	keys = pl_annotation_keys(&n);
	for (size_t i = 0; i < n && !person; i++)
		if (keys[i].group == PL_ANNOTATION_SUBJECT &&
		    pl_annotations_get(&r->annotations, keys[i].name, value))
			person = keys[i].name;
	if (person)
		return pl_error_set(err, PL_EUSAGE, 0,
				    "annotations: %s: is of the person, not of one trial; give it "
				    "with protocol",
				    person);
	if (!isnan(r->speed_kmh) && (pl_annotations_get(&r->annotations, "speed_m_s", value) ||
				     pl_annotations_get(&r->annotations, "speed_source", value)))
		return pl_error_set(err, PL_EUSAGE, 0,
				    "annotations: %s: speed_kmh says that already; give one of "
				    "them",
				    pl_annotations_get(&r->annotations, "speed_m_s", value)
					    ? "speed_m_s"
					    : "speed_source");
	return check_annotations(r, err);
}

static int begin(struct pl_daemon *d, const struct pl_request *r, struct pl_error *err)
{
	const struct pl_protocol *p = pl_protocols_find(&d->config->protocols, r->protocol, err);
	struct pl_visit_setup s = {.body_mass_kg = r->body_mass_kg, .annotations = r->annotations};

	if (!p || pl_config_subject(d->config, r->subject, err) || pick_mat(d, r, p, &s, err) ||
	    pick_order(r, p, &s, err) || check_annotations(r, err) || pick_pain_side(r, &s, err))
		return -1;
	if (d->stopping)
		return pl_error_set(err, PL_ESTATE, 0, "plantard is ending");
	pl_copy(s.subject, sizeof(s.subject), r->subject);
	pl_copy(s.operator_name, sizeof(s.operator_name), r->operator);
	s.continued = *r->session != '\0';
	if (s.continued)
		pl_copy(s.session_uuid, sizeof(s.session_uuid), r->session);
	else
		pl_session_uuid(s.session_uuid);
	pl_red_persons_keep(d, &s);
	if (pl_visit_begin(d->visit, p, &s, err))
		return -1;
	pl_engine_cells_reset(d->mats[mat_of(d)].engine);
	d->tare_lost = false;
	return 0;
}

/* Without a tare since the start of plantard. */
static const char *config_calibration(const struct pl_daemon *d)
{
	return d->config->mats[mat_of(d)].mat.calibration.id;
}

static int trial(struct pl_daemon *d, const struct pl_request *r, struct pl_error *err)
{
	struct pl_visit_ask ask = {
		.seconds = r->seconds, .speed_kmh = r->speed_kmh, .annotations = r->annotations};
	struct pl_engine_status s;

	if (check_trial_annotations(r, err))
		return -1;
	pl_copy(ask.approach, sizeof(ask.approach), r->approach);
	if (d->visit->state == PL_VISIT_READY) {
		pl_engine_status(d->mats[mat_of(d)].engine, &s);
		if (s.state != PL_STATE_RUNNING)
			return pl_error_set(err, PL_ESTATE, 0, "no frames come from %s (%s): %s",
					    d->visit->setup.mat, pl_mat_state_name(s.state),
					    s.state_text);
		d->tare_lost = d->tare_lost && strcmp(s.calibration, config_calibration(d)) == 0;
		if (d->tare_lost && pl_visit_step(d->visit)->kind != PL_STEP_TARE)
			return pl_error_set(err, PL_ESTATE, 0, TARE_LOST " (plantar tare)");
		if (d->mats[mat_of(d)].recording && !d->visit->recording)
			return pl_error_set(err, PL_ESTATE, 0,
					    "%s is being recorded already; stop it first",
					    d->visit->setup.mat);
		if (d->mats[mat_of(d)].averaging)
			return pl_error_set(err, PL_EBUSY, 0,
					    "a tare or weighing of %s is under way; try again in a "
					    "second",
					    d->visit->setup.mat);
	}
	return pl_visit_trial(d->visit, &ask, err);
}

static int accept_trial(struct pl_daemon *d, const struct pl_request *r, struct pl_error *err)
{
	int side = *r->side ? pl_side_parse(r->side) : PL_SIDE_UNKNOWN;

	if (side < 0)
		return pl_error_set(err, PL_EUSAGE, 0, "side: left or right is expected");
	return pl_visit_accept(d->visit, (enum pl_side)side, r->score, err);
}

static int red_flags(struct pl_daemon *d, const struct pl_request *r, struct pl_error *err)
{
	unsigned ticked = 0;

	ticked |= r->stress_fracture ? 1u << PL_RED_STRESS_FRACTURE : 0;
	ticked |= r->numbness ? 1u << PL_RED_NUMBNESS : 0;
	ticked |= r->calf ? 1u << PL_RED_CALF : 0;
	ticked |= r->night_pain ? 1u << PL_RED_NIGHT_PAIN : 0;
	ticked |= r->not_resolving ? 1u << PL_RED_NOT_RESOLVING : 0;
	return pl_visit_red_flags(d->visit, ticked, err);
}

static int steer(struct pl_daemon *d, const struct pl_request *r, struct pl_error *err)
{
	switch (r->cmd) {
	case PL_CMD_PROTOCOL:
		return begin(d, r, err);
	case PL_CMD_RED_FLAGS:
		return red_flags(d, r, err);
	case PL_CMD_OVERRIDE:
		return pl_visit_override(d->visit, r->name, r->reason, err);
	case PL_CMD_TRIAL:
		return trial(d, r, err);
	case PL_CMD_ACCEPT:
		return accept_trial(d, r, err);
	case PL_CMD_REJECT:
		return pl_visit_reject(d->visit, r->reason, err);
	case PL_CMD_PAIN:
		return pl_visit_pain(d->visit, r->score, err);
	case PL_CMD_NEXT:
		return pl_visit_next(d->visit, err);
	case PL_CMD_ABORT:
		return pl_visit_abort(d->visit, r->reason, err);
	default: /* PL_CMD_PROTOCOL_STATUS */
		return 0;
	}
}

static void write_brief(const struct pl_protocol *p, struct pl_json *j)
{
	pl_json_string(j, "protocol", p->id);
	pl_json_uint(j, "version", p->version);
	pl_json_string(j, "title", p->title);
	pl_json_bool(j, "dynamic", p->dynamic);
	pl_json_bool(j, "subject", p->subject);
	pl_json_bool(j, "body_mass", pl_protocol_needs_mass(p));
	pl_json_uint(j, "steps", p->n_steps);
}

static int list(struct pl_daemon *d, uint64_t token, const struct pl_request *r,
		struct pl_error *err)
{
	const struct pl_protocols *all = &d->config->protocols;
	const struct pl_protocol *one =
		*r->protocol ? pl_protocols_find(all, r->protocol, err) : NULL;
	struct pl_json j;

	if (*r->protocol && !one)
		return -1;
	pl_command_start_reply(d, &j);
	pl_json_begin_array(&j, "protocols");
	for (unsigned i = 0; i < all->n; i++) {
		if (one && one != &all->list[i])
			continue;
		pl_json_begin_object(&j, NULL);
		if (one)
			pl_protocol_write(one, &j);
		else
			write_brief(&all->list[i], &j);
		pl_json_end_object(&j);
	}
	pl_json_end_array(&j);
	pl_command_send_reply(d, token, &j);
	return 0;
}

int pl_visit_run_command(struct pl_daemon *d, uint64_t token, const struct pl_request *r,
			 struct pl_error *err)
{
	struct pl_json j;

	if (r->cmd == PL_CMD_PROTOCOLS)
		return list(d, token, r, err);
	time_goes_on(d);
	look_at_mat(d);
	if (steer(d, r, err)) {
		act(d);
		return -1;
	}
	act(d);
	pl_command_start_reply(d, &j);
	pl_visit_run_write(d, &j);
	pl_command_send_reply(d, token, &j);
	return 0;
}
