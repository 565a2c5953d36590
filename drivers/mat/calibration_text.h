/* SPDX-License-Identifier: Apache-2.0 */
/* A calibration as the text of a calibration file, which pl_mat_load reads back to the same. */
#ifndef DRIVERS_MAT_CALIBRATION_TEXT_H
#define DRIVERS_MAT_CALIBRATION_TEXT_H

#include <plantar/calibration.h>
#include <plantar/error.h>

/* One weighing that it was made from. */
struct pl_calibration_load {
	double row, col, force_n, measured_n;
};

/*
 * Text to be freed, NULL: PL_ENOMEM. The id is made here: the day of origin.calibrated and a hash
 * of all that the text says, and put into cal->id.
 */
char *pl_calibration_text(struct pl_calibration *cal, const struct pl_geometry *g,
			  const struct pl_calibration_load *load, size_t n_loads,
			  struct pl_error *err);

#endif
