/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Changing a finished file is the most dangerous thing this library does, so it never does it: a
 * copy is changed, read back and compared, and takes the name only when it holds what the old file
 * held and what was to be changed. HDF5 sees both only in a child process. The folder is locked
 * throughout, as it is while a session is sealed. The new checksum is announced before the
 * renaming and takes its place after it (manifest.h), so that no instant leaves a sound file that
 * looks changed; a file that is not what its manifest says is not touched at all, since a new
 * checksum would hide that.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <plantar/session.h>

#include "amend_compare.h"
#include "amend_notice.h"
#include "amendments.h"
#include "files.h"
#include "h5_annotations.h"
#include "h5_describe.h"
#include "h5_guard.h"
#include "journal_file.h"
#include "layout.h"
#include "manifest.h"
#include "seal.h"
#include "trial.h"

#define COPY_BYTES ((size_t)1 << 20)

struct outcome {
	struct pl_error err;
	size_t changed;
	bool failed;
};

struct job {
	const struct pl_amend *amend;
	char path[PATH_MAX], folder[PATH_MAX], name[64], copy[PATH_MAX];
	char utc[40];
	bool unfinished;    /* an earlier change was cut off: the overview may be behind */
	struct outcome out; /* crosses from the child */
};

/* ---- what changes (in the child) ---- */

/* The meta as it is to be, and the log with what is to be added to it. */
struct plan {
	struct pl_session_meta meta;
	char *log;
	size_t log_bytes, changed;
	bool figures; /* the stored ones are not those that hold from now on */
};

static int append(struct job *job, struct plan *plan, struct pl_amendment *a, struct pl_error *err)
{
	char *line, *log;
	size_t n;

	snprintf(a->utc, sizeof(a->utc), "%.31s", job->utc);
	pl_files_text(a->who, sizeof(a->who), job->amend->who);
	pl_files_text(a->software, sizeof(a->software), job->amend->software);
	line = pl_amendment_line(a);
	n = line ? strlen(line) : 0;
	log = line ? realloc(plan->log, plan->log_bytes + n + 1) : NULL;
	if (log) {
		memcpy(log + plan->log_bytes, line, n + 1);
		plan->log = log;
		plan->log_bytes += n;
		plan->changed++;
	}
	free(line);
	if (!log)
		return pl_error_set(err, PL_ENOMEM, 0, "out of memory");
	if (plan->log_bytes >= AMENDMENTS_MAX)
		return pl_error_set(err, PL_ENOMEM, 0,
				    "the trial was amended too often: its log is full");
	return 0;
}

/* The value as it is in meta; the code and the mass have members of their own. */
static void current(const struct pl_session_meta *m, const char *key, char *value)
{
	struct pl_annotations mass = {0};

	if (strcmp(key, "subject") == 0) {
		snprintf(value, PL_ANNOTATION_VALUE_MAX, "%s", m->subject);
	} else if (strcmp(key, "body_mass_kg") == 0) {
		if (!isnan(m->body_mass_kg))
			pl_annotations_set_number(&mass, key, m->body_mass_kg, NULL);
		pl_annotations_get(&mass, key, value);
	} else {
		pl_annotations_get(&m->annotations, key, value);
	}
}

static int store(struct pl_session_meta *m, const char *key, const char *value,
		 struct pl_error *err)
{
	struct pl_annotations mass = {0};

	if (strcmp(key, "subject") == 0) {
		pl_files_text(m->subject, sizeof(m->subject), value);
		return 0;
	}
	if (strcmp(key, "body_mass_kg") != 0)
		return pl_annotations_set(&m->annotations, key, value, err);
	if (pl_annotations_set(&mass, key, value, err))
		return -1;
	m->body_mass_kg = pl_annotations_number(&mass, key);
	return 0;
}

/* Columns of a table, and of sensors without places, are feet by themselves. */
static bool has_feet(const struct pl_session_meta *m)
{
	return m->live.layout == PL_LAYOUT_MAT || m->live.layout == PL_LAYOUT_PICTURE;
}

static bool is_of_feet(const char *key)
{
	return strcmp(key, "side") == 0 || strcmp(key, "facing") == 0 ||
	       strcmp(key, "feet_side") == 0;
}

static int plan_value(struct job *job, struct plan *plan, const struct pl_amend_value *v,
		      struct pl_error *err)
{
	struct pl_amendment a = {0};

	if (!has_feet(&plan->meta) && is_of_feet(v->key))
		return pl_error_set(
			err, PL_EUSAGE, 0,
			"'%s' cannot be said of this trial (layout %s): its columns are "
			"the feet already",
			v->key, pl_layout_name(plan->meta.live.layout));
	snprintf(a.key, sizeof(a.key), "%s", v->key);
	if (*v->value && pl_annotation_check(v->key, v->value, a.is, err))
		return -1;
	current(&plan->meta, v->key, a.was);
	if (strcmp(a.was, a.is) == 0)
		return 0;
	if (store(&plan->meta, v->key, v->value, err))
		return -1;
	plan->figures = plan->figures || pl_amend_moves_figures(v->key);
	return append(job, plan, &a, err);
}

static int plan_event(struct job *job, struct plan *plan, const struct pl_amend_event *e,
		      double duration_s, struct pl_error *err)
{
	struct pl_amendment a = {0};

	if (!(e->t_s >= 0 && e->t_s <= duration_s))
		return pl_error_set(err, PL_EUSAGE, 0,
				    "%s: %g s is not within the trial, which lasts %.3f s", e->kind,
				    e->t_s, duration_s);
	a.t_mono_ns = plan->meta.started_mono_ns + llround(e->t_s * 1e9);
	pl_files_text(a.kind, sizeof(a.kind), e->kind);
	pl_files_text(a.text, sizeof(a.text), e->text);
	return append(job, plan, &a, err);
}

static double duration_s(const char *path)
{
	struct trial trial = {0};
	double s = pl_trial_read(path, &trial, NULL) == 0 ? trial.duration_s : NAN;

	pl_rows_free(&trial.rows);
	return s;
}

static int make_plan(struct job *job, struct plan *plan, struct pl_error *err)
{
	const struct pl_amend *amend = job->amend;
	hid_t file = pl_h5_open(job->path, H5F_ACC_RDONLY, err);
	double lasts = duration_s(job->path);
	int result;

	pl_session_meta_init(&plan->meta);
	if (file < 0)
		return -1;
	result = pl_h5_read_meta(file, &plan->meta, err);
	if (result == 0)
		plan->log = pl_h5_amendments(file, err);
	H5Fclose(file);
	if (result || !plan->log)
		return -1;
	plan->log_bytes = strlen(plan->log);
	result = pl_amendments_parse(plan->log, plan->log_bytes, NULL, NULL, err);
	for (size_t i = 0; i < amend->values && result == 0; i++)
		result = plan_value(job, plan, &amend->value[i], err);
	for (size_t i = 0; i < amend->events && result == 0; i++)
		result = plan_event(job, plan, &amend->event[i], lasts, err);
	return result;
}

static int write_changes(const struct job *job, const struct plan *plan, struct pl_error *err)
{
	hid_t file = pl_h5_open(job->copy, H5F_ACC_RDWR, err);
	int result;

	if (file < 0)
		return -1;
	result = pl_h5_person_write(file, &plan->meta, err) ||
		 pl_h5_annotations_write(file, &plan->meta, err) ||
		 (plan->figures && pl_amend_notice(file, job->utc, err));
	if (!result && H5Lexists(file, PL_H5_AMENDMENTS, H5P_DEFAULT) > 0 &&
	    H5Ldelete(file, PL_H5_AMENDMENTS, H5P_DEFAULT) < 0)
		result = pl_h5_error(err, "cannot replace " PL_H5_AMENDMENTS);
	if (!result)
		result = pl_h5_text(file, PL_H5_AMENDMENTS, plan->log, err);
	if (!result && (H5Fflush(file, H5F_SCOPE_GLOBAL) < 0 || H5Fclose(file) < 0))
		result = pl_h5_error(err, "cannot write %s", job->copy);
	return result ? -1 : 0; /* after a failure the child ends without touching the file again */
}

/* Does the copy say what was planned, read anew? */
static int check_changes(const struct job *job, const struct plan *plan, struct pl_error *err)
{
	const struct journal_keys none = {0};
	hid_t file = pl_h5_open(job->copy, H5F_ACC_RDONLY, err);
	uint8_t *is = NULL, *want = NULL;
	struct pl_session_meta meta;
	char *log = NULL;
	size_t n = 0, m = 0;
	int result = -1;

	pl_session_meta_init(&meta);
	if (file < 0)
		return -1;
	if (pl_h5_read_meta(file, &meta, err) == 0 && (log = pl_h5_amendments(file, err)) &&
	    (is = pl_journal_head_encode(&meta, &none, &n, err)) &&
	    (want = pl_journal_head_encode(&plan->meta, &none, &m, err)))
		result = n == m && memcmp(is, want, n) == 0 && strcmp(log, plan->log) == 0
				 ? 0
				 : pl_error_set(err, PL_ECORRUPT, 0,
						"the amended copy does not say what it should");
	H5Fclose(file);
	pl_session_meta_free(&meta);
	free(log);
	free(is);
	free(want);
	return result;
}

static void end(struct job *job, struct plan *plan, int result)
{
	job->out.failed = result != 0;
	job->out.changed = plan->changed;
	pl_session_meta_free(&plan->meta);
	free(plan->log);
}

static void look(void *user, int tell)
{
	struct job *job = user;
	struct plan plan = {0};

	(void)tell;
	end(job, &plan, make_plan(job, &plan, &job->out.err));
}

static void change(void *user, int tell)
{
	struct job *job = user;
	struct plan plan = {0};
	struct pl_error *err = &job->out.err;
	int result = make_plan(job, &plan, err);

	if (result == 0)
		result = write_changes(job, &plan, err);
	if (result == 0)
		result = check_changes(job, &plan, err);
	if (result == 0)
		result = pl_amend_compare(job->path, job->copy, tell, err);
	end(job, &plan, result);
}

static int in_child(struct job *job, void (*work)(void *user, int tell), struct pl_error *err)
{
	const struct h5_guarded guarded = {
		.work = work,
		.user = job,
		.result = &job->out,
		.result_bytes = sizeof(job->out),
	};

	job->out = (struct outcome){0};
	if (pl_h5_guard(&guarded, job->path, err) != 0)
		return -1;
	if (job->out.failed && err)
		*err = job->out.err;
	return job->out.failed ? -1 : 0;
}

/* ---- files (in the parent) ---- */

static int copy_bytes(int from, int to, const char *name, struct pl_error *err)
{
	char *buffer = malloc(COPY_BYTES);
	ssize_t got = 0;
	int e = buffer ? 0 : ENOMEM;

	while (!e && (got = read(from, buffer, COPY_BYTES)) != 0) {
		for (ssize_t at = 0, put; got > 0 && at < got && !e; at += put > 0 ? put : 0) {
			put = write(to, buffer + at, (size_t)(got - at));
			if (put < 0 && errno != EINTR)
				e = errno;
		}
		if (got < 0 && errno != EINTR)
			e = errno;
	}
	free(buffer);
	return e ? pl_files_error(err, e, "cannot copy to %s", name) : 0;
}

static int copy_file(const struct job *job, struct pl_error *err)
{
	int from = open(job->path, O_RDONLY | O_CLOEXEC), to, result;
	struct stat st;

	if (from < 0 || fstat(from, &st) != 0) {
		pl_files_error(err, errno, "cannot read %s", job->path);
		if (from >= 0)
			close(from);
		return -1;
	}
	unlink(job->copy); /* of one that was interrupted */
	to = open(job->copy, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, st.st_mode & 0777);
	result = to < 0 ? pl_files_error(err, errno, "cannot create %s", job->copy)
			: copy_bytes(from, to, job->copy, err);
	if (to >= 0) {
		/* whose it is stays so where that is allowed */
		if (fchmod(to, st.st_mode & 0777) != 0 || fchown(to, st.st_uid, st.st_gid) != 0)
			errno = 0;
		close(to);
	}
	close(from);
	return result;
}

static int check_manifest(struct job *job, struct pl_error *err)
{
	struct manifest m;
	const char *listed;
	char hex[65];
	int result = 0;

	if (pl_manifest_read_settled(job->folder, &m, &job->unfinished, err))
		return -1;
	listed = pl_manifest_find(&m, job->name);
	if (listed) {
		result = pl_manifest_hash(job->folder, job->name, hex, err);
		if (result == 0 && strcmp(hex, listed) != 0)
			result = pl_error_set(err, PL_ESTATE, 0,
					      "%s has changed since it was sealed and is not "
					      "amended: its SHA-256 is not the one "
					      "in " MANIFEST_NAME
					      "; plantar verify says what is wrong",
					      job->path);
	}
	pl_manifest_free(&m);
	return result;
}

/* The copy takes the name; the announced manifest stays until the session is sealed with it. */
static int put_in_place(const struct job *job, struct pl_error *err)
{
	const char *copy = strrchr(job->copy, '/') + 1;
	struct manifest m;
	char hex[65];
	int result;

	if (pl_manifest_read_settled(job->folder, &m, NULL, err))
		return -1;
	result = pl_manifest_hash(job->folder, copy, hex, err) ||
		 pl_manifest_set(&m, job->name, hex, err) || pl_files_sync(job->copy, err) ||
		 pl_manifest_announce(job->folder, &m, err);
	if (!result && rename(job->copy, job->path) != 0)
		result = pl_files_error(err, errno, "cannot rename %s", job->copy);
	if (!result)
		result = pl_files_sync_parent(job->path, err);
	pl_manifest_free(&m);
	return result ? -1 : 0;
}

static int amend_locked(struct job *job, struct pl_error *err)
{
	int result;

	if (check_manifest(job, err) || in_child(job, look, err))
		return -1;
	if (!job->out.changed)
		return job->unfinished ? pl_seal_locked(job->folder, "", err) : 0;
	result = copy_file(job, err);
	if (result == 0)
		result = in_child(job, change, err);
	if (result == 0)
		result = put_in_place(job, err);
	if (result) {
		unlink(job->copy);
		return result;
	}
	return pl_seal_locked(job->folder, job->name, err);
}

static int find_files(struct job *job, struct pl_error *err)
{
	char journal[PATH_MAX + 16];
	const char *slash;

	if (!realpath(job->amend->trial, job->path))
		return pl_files_error(err, errno, "cannot open %s", job->amend->trial);
	slash = strrchr(job->path, '/');
	if (!pl_seal_is_trial(slash + 1))
		return pl_error_set(err, PL_EUSAGE, 0,
				    "%s is no trial-NNN.h5 of a session; only those are amended",
				    job->amend->trial);
	if (strlen(job->path) + 8 >= sizeof(job->copy))
		return pl_error_set(err, PL_EUSAGE, 0, "the path is too long: %s", job->path);
	snprintf(job->folder, sizeof(job->folder), "%.*s", (int)(slash - job->path), job->path);
	snprintf(job->name, sizeof(job->name), "%s", slash + 1);
	snprintf(job->copy, sizeof(job->copy), "%s", job->path);
	strcat(job->copy, ".amend");
	snprintf(journal, sizeof(journal), "%.*s.journal", (int)(strlen(job->path) - 3), job->path);
	if (access(journal, F_OK) == 0)
		return pl_error_set(err, PL_ESTATE, 0,
				    "%s is still being finished: its journal is there; try again, "
				    "or see plantar recover",
				    job->path);
	return 0;
}

static int check_request(const struct pl_amend *amend, struct pl_error *err)
{
	char value[PL_ANNOTATION_VALUE_MAX];

	for (size_t i = 0; i < amend->values; i++) {
		const struct pl_amend_value *v = &amend->value[i];

		if ((*v->value || !pl_annotation_key(v->key)) &&
		    pl_annotation_check(v->key, v->value, value, err))
			return -1;
	}
	for (size_t i = 0; i < amend->events; i++) {
		const char *text = amend->event[i].text;

		if (strlen(text) >= sizeof(((struct pl_amendment *)0)->text))
			return pl_error_set(err, PL_EUSAGE, 0, "%s: longer than %zu bytes",
					    amend->event[i].kind,
					    sizeof(((struct pl_amendment *)0)->text) - 1);
		/* the same characters that notes may have */
		if (*text && pl_annotation_check("notes", text, value, err)) {
			pl_error_prefix(err, "%s: ", amend->event[i].kind);
			return -1;
		}
	}
	return 0;
}

int pl_amend(const struct pl_amend *amend, size_t *changed, struct pl_error *err)
{
	struct job *job;
	struct timespec now;
	int lock, result;

	*changed = 0;
	if (check_request(amend, err))
		return -1;
	job = calloc(1, sizeof(*job));
	if (!job)
		return pl_error_set(err, PL_ENOMEM, 0, "out of memory");
	job->amend = amend;
	if (find_files(job, err)) {
		free(job);
		return -1;
	}
	clock_gettime(CLOCK_REALTIME, &now);
	pl_h5_iso_time((int64_t)now.tv_sec * 1000000000 + now.tv_nsec, job->utc);
	lock = open(job->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (lock < 0) {
		result = pl_files_error(err, errno, "cannot open the folder %s", job->folder);
		free(job);
		return result;
	}
	while (flock(lock, LOCK_EX) != 0 && errno == EINTR)
		;
	pl_h5_init();
	result = amend_locked(job, err);
	close(lock);
	*changed = job->out.changed;
	free(job);
	return result;
}
