/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What becomes known after a recording, or was wrong in it: annotations, the side of a foot,
 * which way the toes pointed, notes and marks, a trial that is to be left out. A finished trial is
 * amended by writing a changed copy beside it, comparing every dataset of the two, and renaming:
 * the frames are never touched, and whatever goes wrong leaves the old file. Who changed what,
 * when, from what to what, is appended to /amendments in the file and is never removed from it.
 *
 * Not thread-safe (HDF5); one process at a time amends a session, others wait.
 */
#ifndef PLANTAR_AMEND_H
#define PLANTAR_AMEND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <plantar/annotation.h>
#include <plantar/error.h>

#ifdef __cplusplus
extern "C" {
#endif

struct pl_amend_value {
	const char *key, *value; /* of annotation.h; "" takes the value away */
};

struct pl_amend_event {
	const char *kind; /* "note", "mark", "reject", "accept" */
	double t_s;	  /* since the start of the trial */
	const char *text;
};

struct pl_amend {
	const char *trial; /* path of a trial-NNN.h5 in its session's folder */
	const char *who;   /* login of the person */
	const char *software;
	const struct pl_amend_value *value;
	size_t values;
	const struct pl_amend_event *event;
	size_t events;
};

/*
 * *changed: how many lines were added to the log; values that were so already add none, and with
 * none the file stays as it is. PL_ESTATE if the file is not what its manifest says, or is not
 * finished; PL_EUSAGE for a value that cannot be.
 */
int pl_amend(const struct pl_amend *amend, size_t *changed, struct pl_error *err);

/* A line of the log. Of a value: key, was, is; of an event: kind, t_mono_ns, text. */
struct pl_amendment {
	char utc[32], who[65], software[65];
	char key[64], was[PL_ANNOTATION_VALUE_MAX], is[PL_ANNOTATION_VALUE_MAX];
	char kind[32], text[480];
	int64_t t_mono_ns;
};

/* The log as it is in the file: a JSON object a line. each(user, line) for every one; PL_ECORRUPT
 * names the first line that is none. */
int pl_amendments_parse(const char *text, size_t n,
			void (*each)(void *user, const struct pl_amendment *a), void *user,
			struct pl_error *err);
/* The amendments of a finished trial; other recordings have none. */
int pl_amendments(const char *path, void (*each)(void *user, const struct pl_amendment *a),
		  void *user, struct pl_error *err);

#ifdef __cplusplus
}
#endif
#endif
