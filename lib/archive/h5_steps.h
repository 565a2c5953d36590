/* SPDX-License-Identifier: Apache-2.0 */
/* The table /steps of a session file: one row a step, made from the analysis. */
#ifndef ARCHIVE_H5_STEPS_H
#define ARCHIVE_H5_STEPS_H

#include <plantar/gait.h>

/* Adds the table to a finished file; without steps it has no rows. */
int pl_h5_write_steps(const char *path, const struct pl_gait *gait, struct pl_error *err);

#endif
