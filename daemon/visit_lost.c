/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The recorder begins a recording and says so; only then can the visit's log name its file. Killed
 * in the milliseconds between, plantard leaves a recording that no log knows, and what no log
 * speaks of counts as accepted. So the next start looks into the session's folders, before anything
 * is recovered, for journals of this visit that its log does not name: nobody else could have begun
 * them, since the mat was the visit's.
 */
#include <glob.h>
#include <stdio.h>
#include <string.h>

#include <plantar/recording.h>

#include "daemon/daemon.h"
#include "daemon/places.h"
#include "daemon/text.h"
#include "daemon/visit_run.h"

static bool named(const struct pl_visit *v, unsigned file)
{
	for (unsigned i = 0; i < v->n_trials; i++)
		if (v->trials[i].file == file)
			return true;
	return false;
}

static bool is_of(const struct pl_visit *v, const struct pl_session_meta *m)
{
	return m && strcmp(m->session_uuid, v->setup.session_uuid) == 0 &&
	       strcmp(m->protocol, v->protocol->id) == 0 && strcmp(m->mat, v->setup.mat) == 0 &&
	       m->started_utc_ns >= v->began_utc_ns;
}

static void look_at(struct pl_daemon *d, const char *journal)
{
	const char *name = strrchr(journal, '/') + 1;
	struct pl_error err = {0};
	struct pl_recording *r;
	char path[1024];
	unsigned file;

	if (sscanf(name, "trial-%3u.journal", &file) != 1 || named(d->visit, file))
		return;
	r = pl_recording_open(journal, &err);
	if (!r) {
		pl_logf(d->log, PL_WARNING, "whether %s is of the protocol: %s", journal,
			err.message);
		return;
	}
	if (is_of(d->visit, pl_recording_meta(r))) {
		snprintf(path, sizeof(path), "%.*s.h5", (int)(strrchr(journal, '.') - journal),
			 journal);
		pl_visit_lost(d->visit, file, path, pl_recording_meta(r)->started_utc_ns);
	}
	pl_recording_close(r);
}

void pl_visit_run_find_lost(struct pl_daemon *d)
{
	const struct pl_places *places = pl_recorder_places(d->recorder);
	char folder[860], pattern[900];

	for (unsigned i = 0; i < places->n; i++) {
		glob_t found;

		if (!pl_place_find(&places->at[i], d->visit->setup.session_uuid, folder,
				   sizeof(folder)))
			continue;
		snprintf(pattern, sizeof(pattern), "%s/trial-*.journal", folder);
		if (glob(pattern, 0, NULL, &found))
			continue;
		for (size_t k = 0; k < found.gl_pathc; k++)
			look_at(d, found.gl_pathv[k]);
		globfree(&found);
	}
}
