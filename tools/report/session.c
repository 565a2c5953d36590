/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every trial of a session is opened once. One that was rejected, or not decided on, keeps its row
 * in the list with the reason and is not computed; one that cannot be read is listed, too: a report
 * that silently leaves out a trial would be worse than none.
 */
#include "tools/report/session.h"
#include "tools/archives.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include <plantar/recording.h>

#include "tools/figures.h"
#include "tools/folder.h"
#include "tools/open.h"

struct loading {
	struct pl_session_sheet *s;
	const char *condition;
	struct pl_error *err;
	int result;
};

static struct pl_trial_sheet *trial_new(struct pl_session_sheet *s)
{
	if (s->n == s->cap) {
		size_t cap = s->cap ? 2 * s->cap : 16;
		struct pl_trial_sheet *more = reallocarray(s->trial, cap, sizeof(*more));

		if (!more)
			return NULL;
		s->trial = more;
		s->cap = cap;
	}
	return memset(&s->trial[s->n++], 0, sizeof(*s->trial));
}

static struct pl_condition_sheet *condition_of(struct pl_session_sheet *s, const char *name)
{
	for (size_t i = 0; i < s->conditions; i++)
		if (strcmp(s->condition[i].name, name) == 0)
			return &s->condition[i];
	if (s->conditions == PL_CONDITIONS_MAX)
		return NULL;
	snprintf(s->condition[s->conditions].name, sizeof(s->condition[0].name), "%s", name);
	pl_group_init(&s->condition[s->conditions].group, *name ? name : "no condition");
	return &s->condition[s->conditions++];
}

/* ---- heads ---- */

static void take_mat(struct pl_session_sheet *s, const struct pl_recording *r)
{
	const struct pl_calibration *cal = pl_recording_calibration(r);
	const struct pl_recording_info *info = pl_recording_info(r);

	s->rows = info->geometry.rows;
	s->cols = info->geometry.cols;
	s->pitch_row_mm = 1e3 * info->geometry.pitch_row_m;
	s->pitch_col_mm = 1e3 * info->geometry.pitch_col_m;
	s->rate_hz = info->duration_s > 0 ? (double)info->frames / info->duration_s : info->rate_hz;
	s->calibrated = info->calibrated;
	s->expired = cal->origin.expired;
	snprintf(s->calibration, sizeof(s->calibration), "%s", cal->id);
	snprintf(s->calibrated_on, sizeof(s->calibrated_on), "%s", cal->origin.calibrated);
	snprintf(s->expires, sizeof(s->expires), "%s", cal->origin.expires);
}

static void take_meta(struct pl_session_sheet *s, const struct pl_session_meta *m)
{
	snprintf(s->uuid, sizeof(s->uuid), "%s", m->session_uuid);
	snprintf(s->subject, sizeof(s->subject), "%s", m->subject);
	snprintf(s->protocol, sizeof(s->protocol), "%s", m->protocol);
	snprintf(s->mat, sizeof(s->mat), "%s", m->mat);
	snprintf(s->mat_file, sizeof(s->mat_file), "%s", m->mat_file);
	snprintf(s->software, sizeof(s->software), "%s", m->software);
	s->body_mass_kg = m->body_mass_kg;
	s->started_utc_ns = m->started_utc_ns;
}

static json_t *annotations_of(const struct pl_session_meta *m)
{
	static const size_t room = 64 << 10;
	char *text = malloc(room);
	json_t *annotations = NULL;
	struct pl_json json;

	if (text && m) {
		pl_json_init(&json, text, room);
		pl_json_begin_object(&json, NULL);
		pl_annotations_json(&json, &m->annotations);
		pl_json_end_object(&json);
		if (pl_json_finish(&json))
			annotations = json_loads(text, 0, NULL);
	}
	free(text);
	return annotations ? annotations : json_object();
}

/* -1: of another session than those before it. */
static int take_head(struct pl_session_sheet *s, struct pl_trial_sheet *t,
		     const struct pl_opened *o)
{
	const struct pl_session_meta *m =
		o->table ? o->table->meta : pl_recording_meta(o->recording);
	bool first = s->started_utc_ns == 0 && s->rate_hz == 0;

	t->known = true;
	t->annotations = annotations_of(m);
	if (m) {
		t->trial = m->trial;
		snprintf(t->condition, sizeof(t->condition), "%s", m->condition);
	}
	if (o->recording) {
		const struct pl_recording_info *info = pl_recording_info(o->recording);

		t->duration_s = info->duration_s;
		t->lost = info->lost_frames;
	}
	if (!first)
		return m && strcmp(m->session_uuid, s->uuid) != 0 ? -1 : 0;
	if (m)
		take_meta(s, m);
	if (o->recording)
		take_mat(s, o->recording);
	return 0;
}

/* ---- trials ---- */

static bool is_journal(const char *path)
{
	const char *end = strrchr(path, '.');

	return end && strcmp(end, ".journal") == 0;
}

/* Analysed, and into the groups. */
static int compute(struct pl_session_sheet *s, struct pl_trial_sheet *t, const struct pl_opened *o,
		   struct pl_error *err)
{
	struct pl_condition_sheet *c = condition_of(s, t->condition);
	struct pl_error why = {.code = PL_OK};

	if (!c)
		return pl_error_set(err, PL_EUSAGE, 0,
				    "%s has more than %d conditions: choose one with --condition",
				    s->folder, PL_CONDITIONS_MAX);
	t->document = pl_gather_opened(o, t->path, &t->pictures, &t->pictured, &why);
	if (!t->document) {
		snprintf(t->reason, sizeof(t->reason), "%s", why.message);
		return 0;
	}
	t->counts = true;
	if (!pl_group_add(&c->group, t->document, NAN) || !pl_group_add(&s->all, t->document, NAN))
		return pl_error_set(err, PL_ENOMEM, 0, "out of memory");
	return 0;
}

static int add_trial(void *user, const char *path)
{
	struct loading *l = user;
	const char *slash = strrchr(path, '/');
	struct pl_trial_sheet *t = trial_new(l->s);
	struct pl_error why = {.code = PL_OK};
	struct pl_opened o;
	char reason[480];

	if (!t)
		return l->result = pl_error_set(l->err, PL_ENOMEM, 0, "out of memory");
	snprintf(t->path, sizeof(t->path), "%s", path);
	snprintf(t->name, sizeof(t->name), "%s", slash ? slash + 1 : path);
	t->duration_s = NAN;
	if (pl_open_any(&o, path, NULL, &why) < 0) {
		snprintf(t->reason, sizeof(t->reason), "%s", why.message);
		return 0;
	}
	if (take_head(l->s, t, &o) < 0) {
		pl_opened_close(&o);
		return l->result = pl_error_set(
			       l->err, PL_EUSAGE, 0,
			       "%s holds more than one session: name the folders of those that are "
			       "meant (plantar info %s lists them)",
			       l->s->folder, l->s->folder);
	}
	t->verdict = pl_archive_verdict(path, reason);
	snprintf(t->reason, sizeof(t->reason), "%s", reason);
	if (l->condition && strcmp(t->condition, l->condition) != 0) {
		json_decref(t->annotations);
		l->s->n--;
	} else if (is_journal(path)) {
		snprintf(t->reason, sizeof(t->reason), "unfinished: plantar recover makes the .h5");
	} else if (t->verdict != PL_TRIAL_REJECTED && t->verdict != PL_TRIAL_UNDECIDED) {
		l->result = compute(l->s, t, &o, l->err);
	} else {
		l->s->all.trials_rejected += t->verdict == PL_TRIAL_REJECTED;
		l->s->all.trials_undecided += t->verdict == PL_TRIAL_UNDECIDED;
	}
	pl_opened_close(&o);
	return l->result;
}

static void name_group(struct pl_session_sheet *s)
{
	time_t started = (time_t)(s->started_utc_ns / 1000000000);
	struct tm tm = {0};

	gmtime_r(&started, &tm);
	snprintf(s->all.name, sizeof(s->all.name), "%04d-%02d-%02d %s", tm.tm_year + 1900,
		 tm.tm_mon + 1, tm.tm_mday, s->uuid);
}

/* A session's folder, or one recording. */
static int load_path(struct loading *l, const char *path, struct pl_error *err)
{
	struct stat st;

	if (stat(path, &st) != 0)
		return pl_error_set(err, PL_ENOENT, 0,
				    "%s is not there; plantar sessions lists sessions", path);
	if (!S_ISDIR(st.st_mode))
		add_trial(l, path);
	else if (pl_folder_trials(path, add_trial, l, err) < 0)
		return -1;
	if (l->result)
		return -1;
	if (!S_ISDIR(st.st_mode) && l->s->n && !l->s->trial[0].known)
		return pl_error_set(err, PL_EFORMAT, 0, "%s", l->s->trial[0].reason);
	return 0;
}

int pl_session_sheet_load(struct pl_session_sheet *s, const char *operand, const char *condition,
			  struct pl_error *err)
{
	struct loading l = {.s = s, .condition = condition, .err = err};
	struct pl_named named;

	*s = (struct pl_session_sheet){.body_mass_kg = NAN};
	pl_group_init(&s->all, operand);
	if (pl_named_find(operand, &named, err))
		return -1;
	snprintf(s->folder, sizeof(s->folder), "%s", named.path[0]);
	for (unsigned i = 0; i < named.n; i++)
		if (load_path(&l, named.path[i], err))
			return -1;
	if (!s->n)
		return pl_error_set(err, PL_ENOENT, 0, "%s holds no trial%s%s%s", operand,
				    condition ? " of the condition \"" : "",
				    condition ? condition : "", condition ? "\"" : "");
	name_group(s);
	return 0;
}

void pl_session_sheet_free(struct pl_session_sheet *s)
{
	for (size_t i = 0; i < s->n; i++) {
		json_decref(s->trial[i].document);
		json_decref(s->trial[i].annotations);
		if (s->trial[i].pictured)
			pl_pictures_free(&s->trial[i].pictures);
	}
	for (size_t i = 0; i < s->conditions; i++)
		pl_group_free(&s->condition[i].group);
	free(s->trial);
	pl_group_free(&s->all);
	*s = (struct pl_session_sheet){0};
}
