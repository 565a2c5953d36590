/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What becomes known of a protocol that is under way: each change goes out at once, to subscribers
 * as an event and a status, to the disk as a log in the session's folder. So a client that dies
 * takes nothing with it, and neither does the daemon. A log that the disk does not take is tried
 * again until it does.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "daemon/daemon.h"
#include "daemon/visit_run.h"

#define STATUS_TRIALS 5
#define LOG_START (16u << 10)
#define LOG_RETRY_NS (5 * PL_S)

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
void pl_visit_run_log(struct pl_daemon *d)
{
	const struct pl_visit *v = d->visit;
	time_t began = (time_t)(v->began_utc_ns / PL_S);
	char stamp[24], name[80], *text = NULL;
	struct tm tm;
	size_t n = 0;

	gmtime_r(&began, &tm);
	strftime(stamp, sizeof(stamp), "%Y%m%dT%H%M%SZ", &tm);
	snprintf(name, sizeof(name), "protocol-%s-%s.json", stamp, v->protocol->id);
	for (size_t cap = LOG_START; n == 0 && cap <= PL_VISIT_LOG_MAX; cap *= 2) {
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
	pl_daemon_event(d, pl_visit_run_mat(d), PL_INFO, "protocol", "%s: %s%s%s%s%s",
			v->protocol->id, pl_visit_state_name(v->state), at, flags,
			*v->why ? "; " : "", v->why);
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

void pl_visit_run_tell(struct pl_daemon *d)
{
	if (d->visit->changes == d->visit_told)
		return;
	d->visit_told = d->visit->changes;
	say_event(d);
	pl_daemon_publish_status(d);
	if (worth_logging(d->visit))
		pl_visit_run_log(d);
}
