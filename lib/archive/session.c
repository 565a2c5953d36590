/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where a recording goes: one folder a session, filed by year and month so that no folder grows
 * without bound, named by a random uuid so that no name of a person is in a path. The folders
 * are synced as they are made: a journal that survives a power cut is of no use in a folder
 * that did not.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <plantar/session.h>

#include "files.h"

void pl_session_meta_init(struct pl_session_meta *meta)
{
	*meta = (struct pl_session_meta){.trial = 1, .body_mass_kg = NAN};
	pl_calibration_init(&meta->calibration, &meta->geometry);
	pl_live_options_init(&meta->live);
}

void pl_session_meta_free(struct pl_session_meta *meta)
{
	pl_calibration_free(&meta->calibration);
	free(meta->mat_config_text);
	free(meta->calibration_text);
	free(meta->sensor_area_m2);
	meta->mat_config_text = NULL;
	meta->calibration_text = NULL;
	meta->sensor_area_m2 = NULL;
}

void pl_session_uuid(char out[37])
{
	unsigned char b[16];
	size_t got = 0;

	while (got < sizeof(b)) {
		ssize_t n = getrandom(b + got, sizeof(b) - got, 0);

		if (n > 0)
			got += (size_t)n;
	}
	b[6] = (unsigned char)((b[6] & 0x0f) | 0x40);
	b[8] = (unsigned char)((b[8] & 0x3f) | 0x80);
	for (unsigned i = 0, at = 0; i < sizeof(b); i++) {
		if (i == 4 || i == 6 || i == 8 || i == 10)
			out[at++] = '-';
		at += (unsigned)snprintf(out + at, 3, "%02x", b[i]);
	}
}

int pl_session_file(const char *path, const void *data, size_t n, struct pl_error *err)
{
	return pl_files_replace(path, data, n, err);
}

static bool is_uuid(const char *s)
{
	for (int i = 0; i < 36; i++) {
		bool dash = i == 8 || i == 13 || i == 18 || i == 23;

		if (dash ? s[i] != '-' : !strchr("0123456789abcdef", s[i]) || !s[i])
			return false;
	}
	return s[36] == '\0';
}

/* path and its parents, as mkdir -p does; path is restored. */
static int make_folders(char *path, struct pl_error *err)
{
	for (char *slash = path + 1;; slash++) {
		char was;
		int made;

		slash += strcspn(slash, "/");
		was = *slash;
		*slash = '\0';
		made = mkdir(path, 0750);
		if (made != 0 && errno != EEXIST) {
			int e = errno;

			pl_files_error(err, e, "cannot create the folder %s", path);
			*slash = was;
			return -1;
		}
		if (made == 0 && pl_files_sync_parent(path, err) != 0) {
			rmdir(path); /* so that the next attempt syncs it */
			*slash = was;
			return -1;
		}
		*slash = was;
		if (!was)
			return 0;
	}
}

int pl_session_folder(const char *root, const struct pl_session_meta *meta, char *stem, size_t cap,
		      struct pl_error *err)
{
	time_t started = (time_t)(meta->started_utc_ns / 1000000000);
	char folder[PATH_MAX];
	struct tm tm;
	int n;

	if (!is_uuid(meta->session_uuid))
		return pl_error_set(err, PL_EUSAGE, 0, "'%s' is no lower-case uuid",
				    meta->session_uuid);
	if (!root || !*root || !gmtime_r(&started, &tm))
		return pl_error_set(err, PL_EUSAGE, 0, "no archive folder, or no starting time");
	n = snprintf(folder, sizeof(folder), "%s/%04d/%02d/%s", root, tm.tm_year + 1900,
		     tm.tm_mon + 1, meta->session_uuid);
	if (n < 0 || (size_t)n >= sizeof(folder))
		return pl_error_set(err, PL_EUSAGE, 0, "the archive folder's name is too long");
	if (make_folders(folder, err) != 0)
		return -1;
	if (access(folder, W_OK | X_OK) != 0)
		return pl_files_error(err, errno, "cannot write to %s", folder);
	n = snprintf(stem, cap, "%s/trial-%03u", folder, meta->trial);
	if (n < 0 || (size_t)n >= cap)
		return pl_error_set(err, PL_EUSAGE, 0, "the archive folder's name is too long");
	return 0;
}
