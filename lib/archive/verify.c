/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Is a finished session still what it was, and does it tell one story? Every dataset is read to
 * its last chunk, all columns have a row a frame, jumps of the sequence are exactly the gaps, the
 * checksums of the manifest hold, and the live metrics come out of the raw counts again, bit for
 * bit. Each file gets one report with the first thing that is wrong with it.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <plantar/archive.h>
#include <plantar/recording.h>

#include "files.h"
#include "h5_guard.h"
#include "manifest.h"
#include "seal.h"
#include "verify.h"

struct pass {
	const unsigned char *public_key;
	void (*each)(void *user, const struct pl_verify_report *report);
	bool (*progress)(void *user, uint64_t done, uint64_t total);
	void *user;
	int problems;
	bool stopped;
};

static void note(struct pl_verify_report *report, const struct pl_error *why)
{
	if (!*report->problem)
		snprintf(report->problem, sizeof(report->problem), "%s", why->message);
}

static bool says(const struct manifest *m, const char *name, const char *hex)
{
	const char *listed = pl_manifest_find(m, name);

	return listed && strcmp(hex, listed) == 0;
}

/*
 * A session may be sealed, or a trial amended, while it is verified: then the manifest that was
 * read before is an old one. Whoever does that holds the folder's lock, so the two are compared
 * once more under it, for as long as that takes. Or that was interrupted, and the file is what was
 * announced (manifest.h).
 */
static bool agrees_after_all(const char *folder, const char *name)
{
	int lock = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct manifest m = {0}, pending = {0};
	bool agrees = false;
	char hex[65];

	if (lock < 0)
		return false;
	while (flock(lock, LOCK_SH) != 0 && errno == EINTR)
		;
	if (pl_manifest_read(folder, &m, NULL) == 0 &&
	    pl_manifest_read_pending(folder, &pending, NULL) == 0 &&
	    pl_manifest_hash(folder, name, hex, NULL) == 0)
		agrees = says(&m, name, hex) || says(&pending, name, hex);
	pl_manifest_free(&m);
	pl_manifest_free(&pending);
	close(lock);
	return agrees;
}

/* Does the manifest of its folder know this file, and agree? */
static void check_manifest(const struct manifest *m, const char *folder, const char *name,
			   struct pl_verify_report *report)
{
	const char *listed = pl_manifest_find(m, name);
	struct pl_error why = {0};
	char hex[65];

	report->manifest_present = listed != NULL;
	if (!listed)
		return;
	if (pl_manifest_hash(folder, name, hex, &why) != 0)
		note(report, &why);
	else if (strcmp(hex, listed) != 0 && !agrees_after_all(folder, name))
		snprintf(report->problem, sizeof(report->problem),
			 "%s has changed since it was sealed: its SHA-256 is not the one "
			 "in " MANIFEST_NAME,
			 name);
	else
		report->manifest_ok = true;
}

static void finish(struct pass *p, const struct pl_verify_report *report)
{
	p->problems += *report->problem != '\0';
	if (p->each)
		p->each(p->user, report);
}

/* ---- one file ---- */

struct inspection {
	struct pl_verify_report report;
	struct pl_error why; /* code PL_OK: nothing */
};

/* While it exists, the journal is the truth. */
static void compare_with_journal(const char *path, struct pl_error *why)
{
	char journal[PATH_MAX];

	snprintf(journal, sizeof(journal), "%.*s.journal", (int)(strlen(path) - 3), path);
	if (access(journal, F_OK) == 0 && pl_convert_compare(journal, why) != 0)
		pl_error_prefix(why, "it is not what its journal says: ");
}

static void inspect(void *user, int tell)
{
	struct inspection *in = user;
	struct pl_verify_report *r = &in->report;

	if (pl_verify_structure(r->path, tell, r, &in->why) == 0 &&
	    pl_verify_metrics(r->path, tell, r, &in->why) == 0)
		compare_with_journal(r->path, &in->why);
}

/* What cannot be verified because it is something else. */
static int check_kind(const char *path, struct pl_error *why)
{
	enum pl_format format = pl_format_probe_file(path, why);

	if (format == PL_FORMAT_UNKNOWN)
		return -1;
	if (format == PL_FORMAT_JOURNAL)
		return pl_error_set(why, PL_EFORMAT, 0,
				    "a recording that runs or was interrupted; plantar recover "
				    "finishes it");
	if (format != PL_FORMAT_PLANTAR_H5)
		return pl_error_set(why, PL_EFORMAT, 0,
				    "a %s file, which has nothing in it to verify it by",
				    pl_format_name(format));
	return 0;
}

static void check_trial(struct pass *p, struct inspection *in)
{
	const struct h5_guarded guarded = {
		.work = inspect,
		.user = in,
		.result = in,
		.result_bytes = sizeof(*in),
		.progress = p->progress,
		.progress_user = p->user,
	};

	if (check_kind(in->report.path, &in->why) == 0)
		p->stopped = pl_h5_guard(&guarded, in->report.path, &in->why) > 0;
	if (in->why.code != PL_OK)
		note(&in->report, &in->why);
}

static int check_file(struct pass *p, const struct manifest *m, const char *folder,
		      const char *name, struct pl_error *err)
{
	struct inspection *in = calloc(1, sizeof(*in));
	struct pl_verify_report *report;

	if (!in)
		return pl_error_set(err, PL_ENOMEM, 0, "no memory to verify");
	report = &in->report;
	snprintf(report->path, sizeof(report->path), "%s/%s", folder, name);
	check_manifest(m, folder, name, report);
	report->overview = pl_seal_is_overview(name);
	if (report->overview)
		report->readable = access(report->path, R_OK) == 0;
	else
		check_trial(p, in);
	if (!p->stopped)
		finish(p, report);
	free(in);
	return 0;
}

/* ---- a folder ---- */

static int is_h5(const struct dirent *entry)
{
	return pl_seal_is_trial(entry->d_name);
}

/* A file that the manifest lists and the folder does not have. */
static bool is_missing(const char *folder, const char *name)
{
	char path[PATH_MAX];
	struct stat st;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	return stat(path, &st) != 0 && errno == ENOENT;
}

static int check_listed(struct pass *p, const struct manifest *m, const char *folder,
			struct pl_error *err)
{
	int result = 0;

	for (size_t i = 0; i < m->n && result == 0 && !p->stopped; i++) {
		const char *name = m->line[i].name;
		struct pl_verify_report report = {.manifest_present = true};

		if (pl_seal_is_trial(name) && !is_missing(folder, name))
			continue; /* with the trials */
		if (!is_missing(folder, name)) {
			result = check_file(p, m, folder, name, err);
			continue;
		}
		snprintf(report.path, sizeof(report.path), "%s/%s", folder, name);
		snprintf(report.problem, sizeof(report.problem),
			 "%s is listed in " MANIFEST_NAME " and missing", name);
		finish(p, &report);
	}
	return result;
}

static void check_signature(struct pass *p, const char *folder)
{
	struct pl_verify_report report = {.overview = true, .readable = true};
	struct pl_error why = {0};
	int signature = pl_signature_check(folder, p->public_key, report.signed_by, &why);

	if (signature > 0 && !p->public_key)
		return;
	snprintf(report.path, sizeof(report.path), "%s/" PL_SIGNATURE_NAME, folder);
	if (signature > 0)
		snprintf(report.problem, sizeof(report.problem), "the session is not signed");
	else if (signature < 0)
		note(&report, &why);
	finish(p, &report);
}

static int check_folder(struct pass *p, const char *folder, struct pl_error *err)
{
	struct dirent **entry;
	struct manifest m;
	int n = scandir(folder, &entry, is_h5, versionsort), result;

	if (n < 0)
		return pl_files_error(err, errno, "cannot read the folder %s", folder);
	result = pl_manifest_read(folder, &m, err);
	if (result == 0 && n == 0 && m.n == 0)
		result = pl_error_set(err, PL_ENOENT, 0, "%s has no finished recording", folder);
	for (int i = 0; i < n; i++) {
		if (result == 0 && !p->stopped)
			result = check_file(p, &m, folder, entry[i]->d_name, err);
		free(entry[i]);
	}
	free(entry);
	if (result == 0 && !p->stopped)
		result = check_listed(p, &m, folder, err);
	if (result == 0 && !p->stopped)
		check_signature(p, folder);
	pl_manifest_free(&m);
	return result;
}

static int check_single(struct pass *p, const char *path, struct pl_error *err)
{
	const char *slash = strrchr(path, '/');
	char folder[PATH_MAX];
	struct manifest m;
	int result;

	snprintf(folder, sizeof(folder), "%.*s", slash ? (int)(slash - path) : 1,
		 slash ? path : ".");
	if (slash == path)
		strcpy(folder, "/");
	if (pl_manifest_read(folder, &m, err) != 0)
		return -1;
	result = check_file(p, &m, folder, slash ? slash + 1 : path, err);
	pl_manifest_free(&m);
	return result;
}

int pl_verify(const char *path, void (*each)(void *user, const struct pl_verify_report *report),
	      bool (*progress)(void *user, uint64_t done, uint64_t total), void *user,
	      struct pl_error *err)
{
	return pl_verify_signed(path, NULL, each, progress, user, err);
}

int pl_verify_signed(const char *path, const unsigned char *public_key,
		     void (*each)(void *user, const struct pl_verify_report *report),
		     bool (*progress)(void *user, uint64_t done, uint64_t total), void *user,
		     struct pl_error *err)
{
	struct pass p = {
		.public_key = public_key, .each = each, .progress = progress, .user = user};
	struct stat st;
	int result;

	if (stat(path, &st) != 0)
		return pl_files_error(err, errno, "cannot verify %s", path);
	result = S_ISDIR(st.st_mode) ? check_folder(&p, path, err) : check_single(&p, path, err);
	if (result == 0 && p.stopped)
		result = pl_error_set(err, PL_ESTATE, 0, "given up while verifying %s", path);
	return result == 0 ? p.problems : -1;
}
