/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a running trial must know of the frames since it began: is somebody on the mat, since when,
 * how many strikes of which foot there were, and what makes the trial doubtful. Fed with each
 * frame's live figures; no allocation, no clock. A trial's figures proper are computed from the
 * recording (analysis.h); these decide when it begins and ends and whether to keep it.
 */
#ifndef PLANTAR_CONTACT_H
#define PLANTAR_CONTACT_H

#include <stdbool.h>
#include <stdint.h>

#include <plantar/live.h>

#ifdef __cplusplus
extern "C" {
#endif

/* One frame. Forces in N, of a mat without calibration in counts; NaN counts as 0. */
struct pl_contact_frame {
	int64_t t_ns; /* monotonic */
	uint32_t epoch;
	uint32_t flags;		   /* enum pl_frame_flag */
	double force_n, side_n[3]; /* side_n by enum pl_side */
	unsigned feet;
};

struct pl_contact {
	double contact_n;     /* contact from this force on, until it is below half of it */
	bool counts;	      /* no calibration: all that is said to be N here is counts */
	bool occupied;	      /* the mat is not clear yet: contact counts only once it was */
	uint64_t frames;      /* since reset */
	uint64_t loaded;      /* of them with contact */
	uint64_t feet[4];     /* of the loaded: with 0, 1, 2, more feet */
	uint64_t saturated;   /* frames with a cell at its limit */
	uint64_t edge;	      /* loaded frames with load on the mat's edge */
	uint64_t holes;	      /* places where frames are missing, new connections among them */
	double loaded_sum_n;  /* force, summed over loaded frames */
	double empty_sum_n;   /* and over the others */
	double side_sum_n[3]; /* by enum pl_side */
	unsigned strikes[3];  /* by enum pl_side */
	bool on;
	int64_t first_on_ns; /* 0: no contact yet */
	int64_t off_ns;	     /* when the last contact ended; 0: none has, or one is there */
	int64_t last_ns;     /* of the last frame */

	uint32_t epoch; /* private from here */
	bool any;
	bool side_on[3];
	unsigned onsets[3];
	double impulse[3];
};

/* contact_n > 0. clear_first: who stands there already is not looked at; contact is what comes
 * after a frame below half of contact_n. */
void pl_contact_reset(struct pl_contact *c, double contact_n, bool clear_first);
void pl_contact_push(struct pl_contact *c, const struct pl_contact_frame *f);
/* Strikes so far, the contact that is still there among them. */
void pl_contact_strikes(const struct pl_contact *c, unsigned strikes[3]);
/* Mean force of loaded, resp. empty frames; NaN if there were none. Counts, if it says so. */
double pl_contact_mean_n(const struct pl_contact *c);
double pl_contact_empty_n(const struct pl_contact *c);

#ifdef __cplusplus
}
#endif
#endif
