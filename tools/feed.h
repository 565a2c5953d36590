/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Frames for a mat that is not there: a recording or a simulated person, turned into the raw codes
 * of a configured mat.
 */
#ifndef TOOLS_FEED_H
#define TOOLS_FEED_H

#include <stdbool.h>
#include <stdint.h>

#include <plantar/hints.h>

#include "drivers/mat/mat.h"
#include "drivers/sim/person.h"

struct pl_feed_options {
	const char *from;		 /* a recording; NULL: the person */
	struct pl_hints hints;		 /* for from */
	struct pl_sim_options person;	 /* geometry is the mat's; rate_hz 0: the mat's, else 100 */
	uint64_t loops;			 /* of the recording; 0: for ever */
	double seconds;			 /* stop after this long, by the mat's clock; 0: no limit */
	bool pad;			 /* a smaller recording goes to the middle of the mat */
	bool raw;			 /* the recording's raw codes as they are */
	double noise_counts, dead_share; /* of the person's mat: see drivers/sim/flaws.h */
	double full_scale_kpa;		 /* mats in counts: the pressure of the highest code */
};

struct pl_feed_frame {
	const void *cells; /* of the mat's geometry and dtype, valid until the next call */
	uint64_t seq;	   /* from 0; what the recording lost is a jump here, too */
	int64_t t_ns;	   /* by the mat's clock, from 0 */
};

/* How well the codes say what was to be said. */
struct pl_feed_quality {
	double rounding_max_kpa; /* of the cells that fit the codes */
	uint64_t clipped;	 /* cells whose pressure was above the highest code */
	double clipped_max_kpa;	 /* the highest such pressure */
};

struct pl_feed;

/* PL_EUSAGE when the recording does not fit the mat: the message names mats that it fits. The mat
 * must outlive the feed. */
struct pl_feed *pl_feed_open(const struct pl_mat *mat, const struct pl_feed_options *o,
			     struct pl_error *err);
void pl_feed_close(struct pl_feed *f); /* NULL allowed */

int pl_feed_next(struct pl_feed *f, struct pl_feed_frame *frame, struct pl_error *err);

double pl_feed_rate_hz(const struct pl_feed *f);
uint64_t pl_feed_frames(const struct pl_feed *f); /* how many there will be; 0: no end, unknown */
bool pl_feed_endless(const struct pl_feed *f);
const char *pl_feed_title(const struct pl_feed *f); /* "walk.lst", "a person, standing" */
/* Who it is, with the mat's geometry and the rate that was found; NULL of a recording. */
const struct pl_sim_options *pl_feed_person(const struct pl_feed *f);
const struct pl_feed_quality *pl_feed_quality(const struct pl_feed *f);

#endif
