/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Steps that a person takes out of a trial: who watched saw the runner reach for the mat, and no
 * sensor did. A step's number is no name for it, since another side or facing may find other
 * footprints and number them anew; so it is kept by when it began and how long it lasted, with the
 * foot it was on for those that begin and end together. As text, which is the value of the
 * annotation `steps_rejected`:
 *
 *	12.345+0.650@3 targeting;14.02+0.61@4 stumbled
 *
 * onset and contact in seconds since the first frame, the foot's index in `feet`, the reason. Pure;
 * any thread.
 */
#ifndef PLANTAR_REJECTION_H
#define PLANTAR_REJECTION_H

#include <stdint.h>

#include <plantar/error.h>

#ifdef __cplusplus
extern "C" {
#endif

#define PL_REJECTIONS_MAX 40
#define PL_REJECTION_REASON_MAX 64 /* with its NUL */

struct pl_rejection {
	int64_t onset_ms;
	int64_t contact_ms; /* -1: not known */
	int foot;	    /* -1: not of a mat */
	char reason[PL_REJECTION_REASON_MAX];
};

struct pl_rejections {
	unsigned n;
	struct pl_rejection of[PL_REJECTIONS_MAX]; /* by onset, contact, foot; none twice */
};

/* PL_EUSAGE says what is expected. "" is none. UTF-8 and control characters of reasons are not
 * looked at. */
int pl_rejections_parse(struct pl_rejections *r, const char *text, struct pl_error *err);
/* Takes r in; replaces one of the same step. PL_EUSAGE: too many, or a reason that cannot be. */
int pl_rejections_add(struct pl_rejections *r, const struct pl_rejection *one,
		      struct pl_error *err);
void pl_rejections_remove(struct pl_rejections *r, unsigned i);
/* Into out[cap], in canonical form. PL_EUSAGE: does not fit. */
int pl_rejections_print(const struct pl_rejections *r, char *out, size_t cap, struct pl_error *err);

/*
 * Which of r means the step that began at onset_s, lasted contact_s (NaN: not known) on that foot?
 * *off: how far it is from it, in ms, 0 to 2 * PL_REJECTION_NEAR_MS, and half a ms more on another
 * foot. -1: none does.
 */
#define PL_REJECTION_NEAR_MS 50 /* half the shortest stance that is a step */
int pl_rejections_find(const struct pl_rejections *r, double onset_s, double contact_s, int foot,
		       double *off);

#ifdef __cplusplus
}
#endif
#endif
