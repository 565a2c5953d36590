/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where a contact's load went: the straight line that follows its centre of pressure best over
 * time, each frame weighted by its force. Whoever walks rolls from heel to toe, so the line points
 * the way the foot does, also when half of the footprint is beside the mat. Eight sums, which add
 * up when two contacts turn out to be one. Private to lib/signal.
 */
#ifndef PL_SIGNAL_PATH_H
#define PL_SIGNAL_PATH_H

#include <stdbool.h>
#include <stdint.h>

struct pl_path {
	uint64_t origin, last; /* frames: the first, which times count from, and the latest */
	double w, wt, wtt, wx, wy, wtx, wty;
};

/* One frame: its force (any unit, > 0) and centre of pressure in m. */
void pl_path_add(struct pl_path *p, uint64_t frame, double force, double x_m, double y_m);
void pl_path_join(struct pl_path *p, const struct pl_path *more);

/* How far the line goes from the first frame to the last, m. False: fewer than three frames. */
bool pl_path_travel(const struct pl_path *p, double *dx_m, double *dy_m);

#endif
