/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Feet on a mat: which loaded cells make up one foot, from frame to frame. Each foot on the mat
 * is a track: it begins with the first contact, collects the cells it has touched since (its
 * print), and ends when it has been off the mat for a moment. Private to lib/signal.
 */
#ifndef PL_SIGNAL_FEET_H
#define PL_SIGNAL_FEET_H

#include <stdbool.h>
#include <stdint.h>

#include <plantar/live.h>

#include "cut.h"
#include "hull.h"
#include "regions.h"
#include "segment.h"
#include "shape.h"

#define PL_TRACKS 16

struct pl_track {
	uint32_t serial;  /* counts contacts from 1; 0: this slot is free */
	bool touched;	  /* has shared a component with another foot: its outline is a guess */
	bool fused;	  /* larger than one foot can be: feet that touch each other */
	bool cut;	  /* off the foot it touches, by pl_feet.parting */
	bool known;	  /* its print was complete before any other touched it */
	uint32_t cells;	  /* of the print */
	uint32_t guessed; /* of these: could be another foot's as well */
	uint16_t r0, r1, c0, c1; /* its box, r1 and c1 exclusive */
	struct pl_hull hull;
	double length_m;	    /* from the hull */
	double first_x, first_y;    /* centre of the first contact, m */
	uint64_t born, seen, grown; /* frame numbers: began, last loaded, last grew longer */
	uint32_t fresh;		    /* cells added since the shape was measured */
	bool noteless;		    /* some of its cells have a note of 0 */
	bool grew;		    /* the hull changed since then */

	/* geometry of the print; docs/metrics.md says when each is known */
	struct pl_shape shape;
	bool measured, oriented, ready;
	enum pl_side side;
	bool side_by_order;
	uint32_t version; /* counts changes of the axis that regions are laid along */

	/* this frame */
	uint32_t now_cells;
	double sum, sum_col, sum_row, peak;
};

struct pl_feet;
struct pl_feet_hooks {
	void *ctx;
	/* The contact is over; its print is still in owner and peak. */
	void (*ended)(void *ctx, const struct pl_feet *feet, const struct pl_track *track);
	/* Two tracks turned out to be one foot. */
	void (*merged)(void *ctx, uint32_t from_serial, uint32_t into_serial);
};

struct pl_feet_options {
	double rate_hz;
	enum pl_facing facing;
	enum pl_side side; /* known: the mat carries this one foot only, whose print never ends */
	bool rows_axis;
	struct pl_feet_hooks hooks;
};

/* Two feet that touch, and what is between them. */
struct pl_parting {
	uint32_t slots;	    /* last looked at, as bits; 0: none */
	uint32_t cells;	    /* of their prints then */
	uint64_t grown;	    /* frame in which they last had more */
	uint32_t now, last; /* cells in this frame and in the one before */
	struct pl_cut cut;
	uint8_t below, beyond; /* slot + 1 on either side of the cut, 0: there is none */
};

struct pl_feet {
	struct pl_geometry geometry;
	struct pl_feet_options options;
	struct pl_segment segment;
	struct pl_scan scan;
	uint8_t *owner;	 /* rows*cols: slot + 1 of the track a cell belongs to, 0: none */
	float *peak;	 /* rows*cols: greatest value since the contact began */
	uint16_t *note;	 /* rows*cols, whoever uses the tracks: 0 when a cell changes hands */
	uint64_t *since; /* rows*cols: frame in which the cell came to its first owner */
	struct pl_points points;
	struct pl_track track[PL_TRACKS];
	uint32_t active; /* bit t: slot t is in use */
	bool changed;	 /* cells have changed hands in this frame */
	uint64_t frame;
	uint64_t hold, settle; /* frames without load that end a contact; without growth: settled */
	uint32_t serials;
	double ux, uy;	 /* the feet are thought to lie along this direction */
	uint64_t turned; /* frame in which they turned out to; 0: not yet */
	struct pl_parting parting;
};

/* More than a tenth of it may be the other foot's: what it carries cannot be told. */
static inline bool pl_track_doubtful(const struct pl_track *track)
{
	return track->guessed * 10 > track->cells;
}

/* Slots in use: for (int t = pl_track_after(f, -1); t >= 0; t = pl_track_after(f, t)) */
static inline int pl_track_after(const struct pl_feet *f, int t)
{
	uint32_t rest = f->active >> (t + 1);

	return rest ? t + 1 + __builtin_ctz(rest) : -1;
}

bool pl_feet_init(struct pl_feet *f, const struct pl_geometry *g, const struct pl_feet_options *o);
void pl_feet_free(struct pl_feet *f);
void pl_feet_reset(struct pl_feet *f);
/* `missing` frames are lost before the next one. */
void pl_feet_gap(struct pl_feet *f, uint64_t missing);
/* End every contact (the end of a recording). */
void pl_feet_end(struct pl_feet *f);

/* One frame: totals into f->scan, cells to tracks, geometry brought up to date. Afterwards a cell
 * above contact belongs to owner[cell] - 1, or to no foot, and the owner in each run says so for
 * the run. No allocation. */
void pl_feet_frame(struct pl_feet *f, const struct pl_cells *cells);

/* Would both together be no larger than one foot? Two feet are. */
bool pl_feet_one_sized(const struct pl_feet *f, const struct pl_hull *a, const struct pl_hull *b);
/* One foot's size, but across the direction feet are thought to lie in. */
bool pl_feet_across(const struct pl_feet *f, const struct pl_hull *hull);
/* Further from each other than the pieces of one foot are. */
bool pl_feet_apart(const struct pl_hull *a, const struct pl_hull *b);
/* The feet lie along (ux, uy) after all: what was kept apart for that is joined. */
void pl_feet_turn(struct pl_feet *f, double ux, double uy);
/* split.c: feet that touch, by a cut through what they have touched so far. */
void pl_feet_split(struct pl_feet *f);
/* A cell near feet that were cut apart: whose side it is on, NULL: no cut says. */
struct pl_track *pl_feet_cut_side(struct pl_feet *f, double x, double y);
/* orient.c: geometry, heading and side of every track whose print changed. */
void pl_feet_orient(struct pl_feet *f);
/* The cells of these slots, as bits, into f->points. */
void pl_feet_points_of(struct pl_feet *f, uint32_t slots);
/* The cells of a print into f->points. */
void pl_feet_points(struct pl_feet *f, unsigned slot);

#endif
