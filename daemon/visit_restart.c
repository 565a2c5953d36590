/* SPDX-License-Identifier: Apache-2.0 */
/*
 * plantard ended in the middle of a protocol, or was ended, and begins again: the visit goes on
 * where it was, from the log that lies in the state folder while one is under way. What cannot be
 * gone on with is put aside, never thrown away.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/daemon.h"
#include "daemon/text.h"
#include "daemon/visit_resume.h"
#include "daemon/visit_run.h"
#include "drivers/mat/paths.h"

#define RESUME_S (12 * 3600.0) /* a visit is not gone on with the next day */

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
	return strcmp(d->config->mats[pl_visit_run_mat(d)].name, d->visit->setup.mat) == 0;
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
		pl_copy(v->why, sizeof(v->why), PL_TARE_LOST);
	pl_daemon_event(d, pl_visit_run_mat(d), PL_NOTICE, "protocol-resumed",
			"%s goes on where it was when plantard ended%s%s", v->protocol->id,
			d->tare_lost ? "; " : "", d->tare_lost ? PL_TARE_LOST : "");
}

void pl_visit_run_resume(struct pl_daemon *d)
{
	char state[512], path[600], *text = malloc(PL_VISIT_LOG_MAX);
	struct pl_error err = {0};
	double idle_s = 0;
	size_t n;

	snprintf(path, sizeof(path), "%s/" PL_VISIT_FILE, pl_state_dir(state, sizeof(state)));
	n = text ? read_file(path, text, PL_VISIT_LOG_MAX) : 0;
	pl_visit_run_time(d);
	if (n && pl_visit_restore(d->visit, text, n, &d->config->protocols, &idle_s, &err))
		put_aside(d, path, &err);
	free(text);
	if (!pl_visit_active(d->visit))
		return;
	pl_visit_run_find_lost(d);
	if (idle_s > RESUME_S)
		pl_visit_abort(d->visit,
			       "plantard ended, and was not started again within 12 hours", NULL);
	else if (!has_mat(d))
		pl_visit_abort(d->visit, "its mat is not configured any more", NULL);
	else
		tell_resumed(d);
	pl_visit_run_act(d);
}
