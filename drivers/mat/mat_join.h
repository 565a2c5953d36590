/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Several pads side by side as one mat: where each lies, whether together they are one rectangle of
 * equal cells, and the one geometry, calibration and text that follow. docs/mats.md, "A walkway of
 * several pads", says what can be joined and what is refused.
 */
#ifndef DRIVERS_MAT_MAT_JOIN_H
#define DRIVERS_MAT_MAT_JOIN_H

#include <plantar/error.h>

#include "drivers/mat/mat.h"

#define PL_PARTS_MAX 8

/* Where a pad lies: first mirrored, then turned clockwise, then moved so that its corner at the
 * front left is cell (row, col) of the joint mat. */
struct pl_mat_place {
	unsigned row, col;
	bool flip_x, flip_y; /* left-right, front-back */
	unsigned rotate;     /* 0, 90, 180, 270 */
};

struct pl_mat_part {
	const char *name;   /* for messages */
	const char *source; /* for the text of the joint mat */
	const struct pl_mat *mat;
	struct pl_mat_place place;
};

/* For each cell of the part, row by row as the pad delivers it, its index in the joint mat. */
void pl_mat_place_map(const struct pl_mat_part *part, unsigned joint_cols, uint32_t *map);

/*
 * Makes joint, to be freed with pl_mat_free: 2 to PL_PARTS_MAX parts. -1: *culprit is the part that
 * does not go with those before it, or n when it is all of them. ignore_calibration: the parts' own
 * are not looked at, since the whole will get one.
 */
int pl_mat_join(struct pl_mat *joint, const struct pl_mat_part *parts, unsigned n,
		bool ignore_calibration, unsigned *culprit, struct pl_error *err);

/* Replaces mat's calibration by that of a calibration file made for the whole of it. */
int pl_mat_load_calibration(struct pl_mat *mat, const char *path, struct pl_error *err);

#endif
