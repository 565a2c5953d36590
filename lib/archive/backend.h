/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a format must offer so that recording.c can make a recording of it: the same callbacks that
 * a tool hands to pl_recording_from, and what only formats of this room know. `user` belongs to
 * the backend and is freed by source.close; everything else points into it.
 */
#ifndef ARCHIVE_BACKEND_H
#define ARCHIVE_BACKEND_H

#include <plantar/hints.h>
#include <plantar/recording.h>

struct pl_backend {
	struct pl_recording_source source;
	const double *sensor_area_m2;	    /* [rows] of PL_LAYOUT_SENSORS; NULL: not known */
	const struct pl_session_meta *meta; /* NULL for foreign formats */
	const char *(*summary)(void *user); /* NULL: none */
	void (*describe)(const void *user, struct pl_json *json); /* more members; NULL: none */
};

/* Members of the open object: what a session says of itself. */
void pl_session_meta_json(const struct pl_session_meta *meta, struct pl_json *json);

/* Each fills b or err. Paths name regular files; texts are copied from, not kept. */
int pl_backend_h5(const char *path, struct pl_backend *b, struct pl_error *err);
int pl_backend_journal(const char *path, struct pl_backend *b, struct pl_error *err);
int pl_backend_lst(const void *text, size_t n, struct pl_backend *b, struct pl_error *err);
int pl_backend_asf(const void *text, size_t n, struct pl_backend *b, struct pl_error *err);
int pl_backend_apd(const void *text, size_t n, struct pl_backend *b, struct pl_error *err);
/* hints: which insole of the two; NULL: both */
int pl_backend_pedar(const void *text, size_t n, const struct pl_hints *hints, struct pl_backend *b,
		     struct pl_error *err);
int pl_backend_xsensor(const void *text, size_t n, const struct pl_hints *hints,
		       struct pl_backend *b, struct pl_error *err);

#endif
