/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The overview of a session's folder: session.json for people and programs, session.h5 so that
 * one open shows all trials, MANIFEST.sha256 so that damage shows. All three are made from the
 * trials themselves and can be made again at any time. A trial is hashed once, when it was
 * finished: hashing it again at the next sealing would bless whatever happened to it since. The
 * first two are written under other names and take theirs between the announcing of the manifest
 * and its own renaming (manifest.h).
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include <plantar/json.h>
#include <plantar/session.h>

#include "files.h"
#include "h5_guard.h"
#include "layout.h"
#include "manifest.h"
#include "protocol_log.h"
#include "protocol_scores.h"
#include "seal.h"
#include "trial.h"

#define JSON_START (64u << 10)
#define JSON_MAX (64u << 20)
#define SESSION_JSON "session.json"
#define SESSION_H5 "session.h5"
#define NEXT ".next"

struct session {
	const char *folder;
	struct trial *trial;
	struct pl_error *problem; /* one a trial; code PL_OK: readable */
	size_t n;
	struct pl_protocol_logs *logs;
};

int pl_seal_is_trial(const char *name)
{
	size_t digits;

	if (strncmp(name, "trial-", 6) != 0)
		return 0;
	digits = strspn(name + 6, "0123456789");
	return digits >= 3 && digits <= 9 && strcmp(name + 6 + digits, ".h5") == 0;
}

int pl_seal_is_overview(const char *name)
{
	return strcmp(name, SESSION_JSON) == 0 || strcmp(name, SESSION_H5) == 0;
}

static int is_trial_entry(const struct dirent *entry)
{
	return pl_seal_is_trial(entry->d_name);
}

static void session_free(struct session *s)
{
	for (size_t i = 0; s->trial && i < s->n; i++)
		pl_rows_free(&s->trial[i].rows);
	free(s->trial);
	free(s->problem);
	pl_protocol_logs_free(s->logs);
}

static void try_trial(void *user, int tell)
{
	struct trial trial = {0};

	(void)tell;
	pl_trial_read(user, &trial, NULL);
	pl_rows_free(&trial.rows);
}

/* An older trial may be damaged; that must not keep a new one from being finished. */
static int read_trial(const char *path, struct trial *trial, struct pl_error *problem)
{
	const struct h5_guarded guarded = {.work = try_trial, .user = (void *)(uintptr_t)path};

	if (pl_h5_guard(&guarded, path, problem) != 0)
		return -1;
	return pl_trial_read(path, trial, problem);
}

static int read_trials(struct session *s, struct pl_error *err)
{
	struct dirent **entry;
	char path[PATH_MAX];
	int n = scandir(s->folder, &entry, is_trial_entry, versionsort);

	if (n < 0)
		return pl_files_error(err, errno, "cannot read the folder %s", s->folder);
	s->n = (size_t)n;
	s->trial = calloc(s->n + 1, sizeof(*s->trial));
	s->problem = calloc(s->n + 1, sizeof(*s->problem));
	for (size_t i = 0; i < s->n; i++) {
		if (s->trial && s->problem) {
			pl_files_text(s->trial[i].name, sizeof(s->trial[i].name), entry[i]->d_name);
			snprintf(path, sizeof(path), "%s/%s", s->folder, entry[i]->d_name);
			read_trial(path, &s->trial[i], &s->problem[i]);
		}
		free(entry[i]);
	}
	free(entry);
	if (!s->trial || !s->problem)
		return pl_error_set(err, PL_ENOMEM, 0, "no memory to seal %s", s->folder);
	return 0;
}

/* An old trial may be damaged, and the overview says so. One that was read back a moment ago is
 * not: then the disk errs, and an overview that calls the trial damaged would be wrong for good. */
static int refuse_unread(const struct session *s, const char *fresh, struct pl_error *err)
{
	for (size_t i = 0; fresh && i < s->n; i++) {
		if (strcmp(s->trial[i].name, fresh) != 0 || s->problem[i].code == PL_OK)
			continue;
		if (err)
			*err = s->problem[i];
		return -1;
	}
	return 0;
}

/* ---- session.json ---- */

/* The operator's last word: an event "reject" (its text is the reason) or "accept". False: none. */
static bool last_word(const struct trial *t, const char **reason)
{
	bool said = false;

	*reason = NULL;
	for (size_t i = 0; i < t->rows.events; i++) {
		bool reject = strcmp(t->rows.event[i].kind, "reject") == 0;

		if (!reject && strcmp(t->rows.event[i].kind, "accept") != 0)
			continue;
		said = true;
		*reason = reject ? t->rows.event[i].text : NULL;
	}
	return said;
}

/* What was said of the trial itself, which may be long after its visit; else the verdict of the
 * protocol it was recorded in. null: nobody has decided yet. */
static void verdict_json(struct pl_json *j, const struct session *s, const struct trial *t)
{
	const char *reason, *verdict = NULL;

	if (!last_word(t, &reason))
		verdict = pl_protocol_logs_verdict(s->logs, t->name, &reason);
	if (!verdict)
		pl_json_bool(j, "accepted", reason == NULL);
	else if (strcmp(verdict, "undecided") == 0)
		pl_json_null(j, "accepted");
	else
		pl_json_bool(j, "accepted", strcmp(verdict, "accepted") == 0);
	if (reason)
		pl_json_string(j, "reason", reason);
}

/* A score that was given to the protocol comes when the trial has ended; one in the file, later. */
static void add_pain(struct pl_annotations *a, const struct session *s, const struct trial *t)
{
	double pain = pl_protocol_logs_pain(s->logs, t->name);

	if (isnan(pl_annotations_number(a, "pain_score")) && !isnan(pain))
		pl_annotations_set_number(a, "pain_score", pain, NULL);
}

static void trial_json(struct pl_json *j, const struct session *s, const struct trial *t,
		       const struct pl_error *problem)
{
	struct pl_annotations with_pain;

	pl_json_begin_object(j, NULL);
	pl_json_string(j, "file", t->name);
	if (problem->code != PL_OK) {
		pl_json_string(j, "problem", problem->message);
		pl_json_end_object(j);
		return;
	}
	pl_json_uint(j, "trial", t->number);
	pl_json_string(j, "mat", t->mat);
	pl_json_string(j, "condition", t->condition);
	pl_json_string(j, "started_utc", t->started_utc);
	pl_json_uint(j, "frames", t->frames);
	pl_json_double(j, "duration_s", t->duration_s);
	pl_json_uint(j, "gaps", t->rows.gaps);
	pl_json_uint(j, "lost_frames", t->lost_frames);
	pl_json_bool(j, "complete", t->complete);
	pl_json_string(j, "end_reason", t->end_reason);
	verdict_json(j, s, t);
	pl_json_begin_object(j, "annotations");
	if (!isnan(t->body_mass_kg))
		pl_json_double(j, "body_mass_kg", t->body_mass_kg);
	with_pain = t->annotations;
	add_pain(&with_pain, s, t);
	pl_annotations_json(j, &with_pain);
	pl_json_end_object(j);
	pl_json_uint(j, "amendments", t->amendments);
	pl_json_end_object(j);
}

static void annotations_json(struct pl_json *j, const struct trial *t)
{
	for (size_t i = 0; i < t->rows.events; i++) {
		const struct event_row *e = &t->rows.event[i];

		if (strcmp(e->kind, "mark") != 0 && strcmp(e->kind, "note") != 0)
			continue;
		pl_json_begin_object(j, NULL);
		pl_json_uint(j, "trial", t->number);
		pl_json_ns(j, "t_mono_ns", e->t_mono_ns);
		pl_json_string(j, "kind", e->kind);
		pl_json_string(j, "text", e->text);
		pl_json_end_object(j);
	}
}

static const struct trial *first_readable(const struct session *s)
{
	for (size_t i = 0; i < s->n; i++)
		if (s->problem[i].code == PL_OK)
			return &s->trial[i];
	return NULL;
}

/* From a trial, or as long as there is none from a protocol's log. */
static const char *of_session(const struct session *s, const char *of_trial, const char *key)
{
	return of_trial ? of_trial : pl_protocol_logs_text(s->logs, key);
}

static size_t session_json(const struct session *s, char *buf, size_t cap)
{
	const struct trial *first = first_readable(s);
	struct pl_json j;

	pl_json_init(&j, buf, cap);
	pl_json_begin_object(&j, NULL);
	pl_json_string(&j, "schema", PL_ARCHIVE_SCHEMA);
	pl_json_string(&j, "session_uuid",
		       of_session(s, first ? first->uuid : NULL, "session_uuid"));
	pl_json_string(&j, "subject", of_session(s, first ? first->subject : NULL, "subject"));
	pl_json_string(&j, "protocol", of_session(s, first ? first->protocol : NULL, "protocol"));
	pl_json_string(&j, "started_utc", first ? first->started_utc : NULL);
	pl_json_begin_array(&j, "trials");
	for (size_t i = 0; i < s->n; i++)
		trial_json(&j, s, &s->trial[i], &s->problem[i]);
	pl_json_end_array(&j);
	pl_json_begin_array(&j, "annotations");
	for (size_t i = 0; i < s->n; i++)
		annotations_json(&j, &s->trial[i]);
	pl_json_end_array(&j);
	if (!pl_protocol_logs_write(s->logs, &j))
		return 0;
	pl_json_end_object(&j);
	return pl_json_finish(&j);
}

static int write_json(const struct session *s, struct pl_error *err)
{
	char path[PATH_MAX];
	int result = pl_error_set(err, PL_ENOMEM, 0, SESSION_JSON " would be over 64 MiB");

	snprintf(path, sizeof(path), "%s/" SESSION_JSON NEXT, s->folder);
	for (size_t cap = JSON_START; cap <= JSON_MAX && result != 0; cap *= 2) {
		char *buf = malloc(cap + 1);
		size_t n = buf ? session_json(s, buf, cap) : 0;

		if (n) {
			buf[n] = '\n';
			result = pl_files_replace(path, buf, n + 1, err);
			free(buf);
			return result;
		}
		free(buf);
	}
	return result;
}

/* ---- session.h5 ---- */

static int link_trials(hid_t file, const struct session *s, struct pl_error *err)
{
	char group[64], entry[80];

	for (size_t i = 0; i < s->n; i++) {
		snprintf(group, sizeof(group), "%.*s", (int)(strlen(s->trial[i].name) - 3),
			 s->trial[i].name);
		if (H5Lcreate_external(s->trial[i].name, "/", file, group, H5P_DEFAULT,
				       H5P_DEFAULT) < 0)
			return pl_h5_error(err, "cannot link %s", s->trial[i].name);
		snprintf(entry, sizeof(entry), "%s/entry", group);
		if (i == 0 && pl_h5_attr_text(file, "default", entry, err) != 0)
			return -1;
	}
	return 0;
}

static int write_h5(const struct session *s, struct pl_error *err)
{
	const struct trial *first = first_readable(s);
	char path[PATH_MAX];
	hid_t file;

	snprintf(path, sizeof(path), "%s/" SESSION_H5 NEXT, s->folder);
	unlink(path);
	file = pl_h5_create(path, err);
	if (file < 0 || pl_h5_attr_text(file, "NX_class", "NXroot", err) != 0 ||
	    pl_h5_attr_text(file, "schema", PL_ARCHIVE_SCHEMA, err) != 0 ||
	    pl_h5_attr_text(file, "session_uuid", first ? first->uuid : "", err) != 0 ||
	    pl_h5_attr_text(file, "subject", first ? first->subject : "", err) != 0 ||
	    pl_h5_attr_text(file, "protocol", first ? first->protocol : "", err) != 0 ||
	    pl_h5_attr_text(file, "started_utc", first ? first->started_utc : "", err) != 0 ||
	    link_trials(file, s, err) != 0) {
		unlink(path);
		return -1;
	}
	if (H5Fflush(file, H5F_SCOPE_GLOBAL) < 0 || H5Fclose(file) < 0) {
		unlink(path);
		return pl_h5_error(err, "cannot write %s", path);
	}
	return pl_files_sync(path, err);
}

/* ---- MANIFEST.sha256 ---- */

/* The file that has or will have this name. */
static int hash_into(struct manifest *m, const char *folder, const char *file, const char *name,
		     struct pl_error *err)
{
	char hex[65];

	if (pl_manifest_hash(folder, file, hex, err) != 0)
		return -1;
	return pl_manifest_set(m, name, hex, err);
}

static int take_name(const char *folder, const char *name, struct pl_error *err)
{
	char from[PATH_MAX], to[PATH_MAX];

	snprintf(from, sizeof(from), "%s/%s" NEXT, folder, name);
	snprintf(to, sizeof(to), "%s/%s", folder, name);
	return rename(from, to) ? pl_files_error(err, errno, "cannot rename %s", from) : 0;
}

/* The overview and its manifest, in an order that can be interrupted anywhere. */
static int put_in_place(const struct session *s, const struct manifest *m, struct pl_error *err)
{
	if (pl_manifest_announce(s->folder, m, err) || take_name(s->folder, SESSION_JSON, err) ||
	    take_name(s->folder, SESSION_H5, err))
		return -1;
	return pl_manifest_commit(s->folder, err);
}

/*
 * fresh: the trial that was just finished, "": none; lines of trials that have gone stay then, so
 * that their loss shows. NULL: the folder as it is now.
 */
static int write_manifest(const struct session *s, const char *fresh, struct pl_error *err)
{
	struct manifest was, now = {0};
	int result = 0;

	if (pl_manifest_read_settled(s->folder, &was, NULL, NULL) != 0) {
		char path[PATH_MAX], aside[PATH_MAX + 16];

		snprintf(path, sizeof(path), "%s/" MANIFEST_NAME, s->folder);
		snprintf(aside, sizeof(aside), "%s.damaged", path);
		rename(path, aside); /* kept for whoever wants to know */
	}
	if (fresh)
		for (size_t i = 0; i < was.n && result == 0; i++)
			if (pl_seal_is_trial(was.line[i].name))
				result = pl_manifest_set(&now, was.line[i].name, was.line[i].hex,
							 err);
	for (size_t i = 0; i < s->n && result == 0; i++) {
		const char *name = s->trial[i].name, *known = pl_manifest_find(&was, name);

		if (known && !(fresh && strcmp(name, fresh) == 0))
			result = pl_manifest_set(&now, name, known, err);
		else
			result = hash_into(&now, s->folder, name, name, err);
	}
	if (result == 0)
		result = hash_into(&now, s->folder, SESSION_JSON NEXT, SESSION_JSON, err);
	if (result == 0)
		result = hash_into(&now, s->folder, SESSION_H5 NEXT, SESSION_H5, err);
	if (result == 0)
		result = put_in_place(s, &now, err);
	pl_manifest_free(&was);
	pl_manifest_free(&now);
	return result;
}

int pl_seal_locked(const char *folder, const char *fresh, struct pl_error *err)
{
	struct session s = {.folder = folder};
	int result;

	pl_h5_init();
	result = read_trials(&s, err);
	s.logs = pl_protocol_logs_read(folder, err);
	if (!s.logs)
		result = -1;
	if (result == 0)
		result = refuse_unread(&s, fresh, err);
	if (result == 0)
		result = write_json(&s, err);
	if (result == 0)
		result = write_h5(&s, err);
	if (result == 0)
		result = write_manifest(&s, fresh, err);
	session_free(&s);
	return result;
}

static int seal(const char *folder, const char *fresh, struct pl_error *err)
{
	int lock = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC), result;

	if (lock < 0)
		return pl_files_error(err, errno, "cannot open the folder %s", folder);
	while (flock(lock, LOCK_EX) != 0 && errno == EINTR)
		; /* another trial of the session may be finished right now */
	result = pl_seal_locked(folder, fresh, err);
	close(lock);
	return result;
}

int pl_session_seal(const char *folder, struct pl_error *err)
{
	return seal(folder, NULL, err);
}

int pl_session_reseal(const char *folder, struct pl_error *err)
{
	if (seal(folder, "", err))
		return -1;
	return pl_protocol_carry_scores(folder, err);
}

int pl_seal_session(const char *trial_path, struct pl_error *err)
{
	const char *slash = strrchr(trial_path, '/');
	char folder[PATH_MAX];

	if (!slash)
		return seal(".", trial_path, err);
	snprintf(folder, sizeof(folder), "%.*s", (int)(slash - trial_path), trial_path);
	return seal(folder, slash + 1, err);
}
