/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A disk that is full on the day of the visit must not send anybody home. What is kept in reserve
 * is for finishing what runs: half a minute of it, journal and file both, and never less than was
 * asked for.
 */
#include "daemon/places.h"

#include <errno.h>
#include <glob.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/statvfs.h>

#define RESERVE_S 30

void pl_places_init(struct pl_places *p, const struct pl_config *config)
{
	p->config = config;
	p->at[0].folder = config->folder;
	p->at[1].folder = config->fallback;
	p->n = *config->fallback ? 2 : 1;
}

double pl_place_rate(const struct pl_mat *mat)
{
	double cells =
		(double)pl_geometry_cells(&mat->geometry) * (double)pl_dtype_size(mat->dtype);
	double metrics = 4.0 * (double)pl_metric_count();

	return 2 * (cells + metrics + 128) * (mat->rate_hz > 0 ? mat->rate_hz : 100);
}

/* Without a number in the configuration: 500 MB, but no more than a twentieth of a small disk. */
static double reserve_of(const struct pl_config *config, double disk_bytes, double bytes_per_s)
{
	double reserve = config->reserve_mb * 1e6;

	if (config->reserve_set)
		return reserve;
	return fmax(fmin(reserve, disk_bytes / 20), fmin(RESERVE_S * bytes_per_s, disk_bytes / 5));
}

void pl_places_look(struct pl_places *p, double bytes_per_s)
{
	for (unsigned i = 0; i < p->n; i++) {
		struct pl_place *place = &p->at[i];
		struct statvfs v;
		double reserve;

		if (statvfs(place->folder, &v))
			continue;
		reserve =
			reserve_of(p->config, (double)v.f_blocks * (double)v.f_frsize, bytes_per_s);
		atomic_store(&place->reserve_bytes, (uint64_t)reserve);
		atomic_store(&place->free_bytes, (uint64_t)v.f_bavail * v.f_frsize);
	}
}

bool pl_place_below_reserve(const struct pl_place *place)
{
	return atomic_load(&place->free_bytes) < atomic_load(&place->reserve_bytes);
}

int pl_place_refuse(const struct pl_place *place, struct pl_error *err)
{
	return pl_error_set(err, PL_ENOSPC, ENOSPC,
			    "%.0f MB are free in %s, %.0f MB are kept in reserve; make room, "
			    "move archive.folder, or lower archive.reserve_mb",
			    (double)atomic_load(&place->free_bytes) / 1e6, place->folder,
			    (double)atomic_load(&place->reserve_bytes) / 1e6);
}

bool pl_place_find(const struct pl_place *place, const char *uuid, char *folder, size_t cap)
{
	char pattern[700];
	glob_t found;

	snprintf(pattern, sizeof(pattern), "%s/[0-9]*/[0-9]*/%s", place->folder, uuid);
	if (glob(pattern, GLOB_ONLYDIR, NULL, &found))
		return false;
	snprintf(folder, cap, "%s", found.gl_pathv[0]);
	globfree(&found);
	return true;
}

static bool taken(const char *folder, unsigned trial)
{
	char any[900];
	glob_t files;

	snprintf(any, sizeof(any), "%.860s/trial-%03u.*", folder, trial);
	if (glob(any, 0, NULL, &files))
		return false;
	globfree(&files);
	return true;
}

bool pl_places_know(const struct pl_places *p, struct pl_session_meta *meta)
{
	bool known = false;
	unsigned was;

	do {
		was = meta->trial;
		for (unsigned i = 0; i < p->n; i++) {
			char folder[860];

			if (!pl_place_find(&p->at[i], meta->session_uuid, folder, sizeof(folder)))
				continue;
			known = true;
			while (meta->trial < 1000 && taken(folder, meta->trial))
				meta->trial++;
		}
	} while (meta->trial != was);
	return known;
}

int pl_place_stem(const struct pl_place *place, struct pl_session_meta *meta, char *stem,
		  size_t cap, struct pl_error *err)
{
	char folder[860];

	if (meta->trial >= 1000)
		return pl_error_set(err, PL_ESTATE, 0, "session %s is full", meta->session_uuid);
	if (!pl_place_find(place, meta->session_uuid, folder, sizeof(folder)))
		return pl_session_folder(place->folder, meta, stem, cap, err);
	snprintf(stem, cap, "%s/trial-%03u", folder, meta->trial);
	return 0;
}

static int write_log(const struct pl_place *place, struct pl_session_meta *meta, const char *name,
		     const char *text, char *folder, size_t cap, struct pl_error *err)
{
	char path[1200];

	if (pl_place_stem(place, meta, folder, cap, err))
		return -1;
	*strrchr(folder, '/') = '\0';
	snprintf(path, sizeof(path), "%.1024s/%s", folder, name);
	return pl_session_file(path, text, strlen(text), err);
}

int pl_places_log(struct pl_places *p, struct pl_session_meta *meta, bool made, const char *name,
		  const char *text, char *folder, size_t cap, struct pl_error *err)
{
	char any[860];
	int r = -1;

	for (unsigned i = 0; i < p->n && r; i++)
		if (pl_place_find(&p->at[i], meta->session_uuid, any, sizeof(any))) {
			made = true;
			r = write_log(&p->at[i], meta, name, text, folder, cap, err);
		}
	if (!made)
		return pl_error_set(err, PL_ENOENT, ENOENT, "there is no session %s",
				    meta->session_uuid);
	for (unsigned i = 0; i < p->n && r; i++)
		r = write_log(&p->at[i], meta, name, text, folder, cap, err);
	if (r == 0 && err)
		*err = (struct pl_error){0};
	return r;
}
