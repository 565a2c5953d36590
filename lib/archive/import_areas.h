/* SPDX-License-Identifier: Apache-2.0 */
/* How large the sensors of an insole are, from a text file that somebody wrote. */
#ifndef ARCHIVE_IMPORT_AREAS_H
#define ARCHIVE_IMPORT_AREAS_H

#include <stddef.h>

#include <plantar/error.h>

/*
 * One line a sensor: its number from 1, and its area in cm2, separated by blanks, a comma or a
 * semicolon; a first line that does not begin with a digit is a head. area_m2[n]: each of them
 * exactly once, or an error with line and column.
 */
int pl_import_areas(const char *text, size_t length, double *area_m2, unsigned n,
		    struct pl_error *err);
/* The same of a file. */
int pl_import_areas_read(const char *path, double *area_m2, unsigned n, struct pl_error *err);

#endif
