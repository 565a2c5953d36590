/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The protocol that is under way, between the clients that steer it and the threads that record.
 * What comes next is decided in lib/visit, which is pure; here its wishes become recordings, tares
 * and weighings, and what the mat shows is told to it every few milliseconds while that matters.
 * What of it goes out is in visit_told.c, what clients ask in visit_command.c, and how it goes on
 * after a restart in visit_restart.c.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "daemon/daemon.h"
#include "daemon/text.h"
#include "daemon/visit_run.h"

int pl_visit_run_mat(const struct pl_daemon *d)
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
	if (!pl_visit_active(d->visit) || !(mats & 1u << pl_visit_run_mat(d)))
		return 0;
	return pl_error_set(err, PL_ESTATE, 0,
			    "the protocol %s is under way on %s: use trial, or abort it first",
			    d->visit->protocol->id, d->visit->setup.mat);
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
	unsigned mat = (unsigned)pl_visit_run_mat(d);
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
	struct pl_mat_run *m = &d->mats[pl_visit_run_mat(d)];

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

void pl_visit_run_act(struct pl_daemon *d)
{
	unsigned actions;

	while ((actions = pl_visit_take_actions(d->visit))) {
		if (actions & PL_ACT_START)
			start_recording(d);
		if (actions & PL_ACT_STOP)
			pl_engine_record(d->mats[pl_visit_run_mat(d)].engine, false,
					 d->visit->state == PL_VISIT_ABORTED ? "aborted"
									     : "trial over");
		if (actions & (PL_ACT_TARE | PL_ACT_WEIGH))
			measure(d, actions & PL_ACT_WEIGH);
	}
	pl_visit_run_tell(d);
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
	pl_engine_note(d->mats[pl_visit_run_mat(d)].engine, text);
}

void pl_visit_run_time(struct pl_daemon *d)
{
	pl_visit_tick(d->visit, pl_now_ns(), pl_utc_ns());
}

void pl_visit_run_started(struct pl_daemon *d, const struct pl_done *done)
{
	const struct pl_protocol_step *s;

	if (done->request != PL_VISIT_REQUEST)
		return;
	pl_visit_run_time(d);
	if (done->err.code != PL_OK) {
		pl_visit_not_started(d->visit, done->err.message);
	} else {
		s = pl_visit_step(d->visit);
		pl_engine_watch(d->mats[done->mat].engine, s ? s->contact_n : 50,
				s && s->start == PL_START_CONTACT);
		pl_visit_started(d->visit, done->trial, done->path);
		note_in_recording(d);
	}
	pl_visit_run_act(d);
}

/* Found by itself, since a dead cell looks like a place where nobody stood. */
static void judge_cells(struct pl_daemon *d)
{
	struct pl_cell_report r;
	char list[200] = "";
	size_t n = 0;

	pl_engine_cells(d->mats[pl_visit_run_mat(d)].engine, &r);
	if (!pl_visit_cells(d->visit, &r) || r.dead + r.stuck + r.noisy == 0)
		return;
	for (unsigned i = 0; i < r.listed && n < sizeof(list) - 40; i++)
		n += (size_t)snprintf(list + n, sizeof(list) - n, "%s(%u, %u)", i ? ", " : "",
				      r.cell[i].row, r.cell[i].col);
	pl_daemon_event(d, pl_visit_run_mat(d), PL_WARNING, "cells",
			"%u dead, %u stuck, %u noisy cells, by row and column: %s%s; clean and "
			"check the mat, then name those that stay in dead_cells of the mat file's "
			"calibration",
			r.dead, r.stuck, r.noisy, list, n >= sizeof(list) - 40 ? ", and more" : "");
}

void pl_visit_run_ended(struct pl_daemon *d, const struct pl_done *done)
{
	struct pl_contact c;

	if (!d->visit->recording || done->mat != pl_visit_run_mat(d))
		return;
	pl_visit_run_time(d);
	pl_engine_contact(d->mats[done->mat].engine, &c);
	pl_engine_watch(d->mats[done->mat].engine, 0, false);
	pl_visit_ended(d->visit, &c, done->frames, done->gap_frames, done->reason,
		       done->err.message);
	judge_cells(d);
	pl_visit_run_act(d);
}

void pl_visit_run_measured(struct pl_daemon *d, const struct pl_done *done)
{
	bool calibrated = d->mats[done->mat].wire.calibrated;

	d->mats[done->mat].averaging = false;
	if (pl_visit_step(d->visit) && pl_visit_step(d->visit)->kind == PL_STEP_TARE)
		pl_engine_cells_reset(d->mats[done->mat].engine); /* another zero */
	pl_visit_run_time(d);
	pl_visit_measured(d->visit, calibrated ? done->mean_force_n : (double)NAN,
			  done->err.message);
	pl_visit_run_act(d);
}

void pl_visit_run_look(struct pl_daemon *d)
{
	struct pl_engine *e = d->mats[pl_visit_run_mat(d)].engine;
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
		pl_visit_run_log(d);
	if (!pl_visit_active(d->visit))
		return;
	pl_visit_tick(d->visit, now_ns, pl_utc_ns());
	pl_visit_run_look(d);
	pl_visit_run_act(d);
}

void pl_visit_run_stop(struct pl_daemon *d)
{
	if (!pl_visit_active(d->visit)) {
		if (d->log_retry_ns)
			pl_visit_run_log(d);
		return;
	}
	pl_visit_run_time(d);
	pl_visit_interrupt(d->visit, "interrupted: plantard ended during the trial");
	d->visit->changes++; /* what it is now goes to the disk, whatever has changed */
	pl_visit_run_act(d);
}
