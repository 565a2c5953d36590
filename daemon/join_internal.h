/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of join.h share. */
#ifndef DAEMON_JOIN_INTERNAL_H
#define DAEMON_JOIN_INTERNAL_H

#include <plantar/clockfit.h>

#include "daemon/join.h"

#define PL_JOIN_SMOOTH 16 /* frames over which times are judged */

struct pl_slot {
	void *cells;
	int64_t seq; /* of the pad's, lost ones counted */
	int64_t t_est_ns, t_mono_ns;
	uint64_t lost[PL_LOSS_CAUSES]; /* right before it */
	bool resync;
	bool fresh; /* the first since the pad is there (again) */
};

struct pl_pad {
	enum pl_presence presence;
	bool refused, aligned;
	int64_t lead;	   /* of its seq over the clock's; if aligned */
	double apart_ns;   /* how much later it is sampled, smoothed */
	int64_t astray_ns; /* since when that is contradicted, 0: it is not */
	struct pl_clockfit fit;
	double nominal_hz;
	int64_t seq;
	double period_ns;
	int64_t newest_ns; /* estimated time of what was pushed last, INT64_MIN: nothing */
	int64_t newest_mono_ns, settled_ns;

	struct pl_slot *slots; /* a ring: the one before head, if has_taken, then n that wait */
	unsigned head, n;
	bool has_taken;

	bool window_open; /* it had a frame when the window began: the last before it */
	int64_t window_ns;
	int64_t window_seq;
	double rate_hz;
	unsigned off, right; /* windows in a row whose rate is not, or is, the clock's */

	uint32_t *map; /* of its cells, in the joint mat */
	size_t n_cells;
	struct pl_join_counters counters;
};

struct pl_join {
	unsigned n_pads, depth;
	size_t cell_bytes;
	int64_t wait_ns;
	bool window_open;
	int64_t window_ns;
	struct pl_pad pads[PL_PARTS_MAX];
	uint8_t *memory;
	int clock;
	int reference; /* the pad against whose count those of the others are kept; -1: none yet */
	bool begun, trying;
	bool handed_over, by_count; /* and where the new clock goes on is known by its count */
	int64_t last_seq;	    /* of the reference, taken last */
	int64_t trying_since_ns, last_est_ns, last_mono_ns;
};

/* The k-th frame of a pad that no joint one took yet, resp. the one taken last. */
struct pl_slot *pl_pad_waiting(const struct pl_join *j, const struct pl_pad *p, unsigned k);
struct pl_slot *pl_pad_taken(const struct pl_join *j, const struct pl_pad *p);
int pl_pad_pass(const struct pl_join *j, struct pl_pad *p);  /* takes the first: its slot */
void pl_pad_skip(const struct pl_join *j, struct pl_pad *p); /* the first is not needed */
void pl_pad_forget(struct pl_pad *p);
bool pl_pad_is_there(const struct pl_pad *p);

#endif
