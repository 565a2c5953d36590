/* SPDX-License-Identifier: Apache-2.0 */
/* The parts of verification that look inside a session file. */
#ifndef ARCHIVE_VERIFY_H
#define ARCHIVE_VERIFY_H

#include <plantar/archive.h>

/*
 * Each fills its part of report; -1 with the first thing that is wrong. Both trust HDF5 with the
 * file: call them under pl_h5_guard, and hand on its tell. Progress is frames read, twice over.
 */
int pl_verify_structure(const char *path, int tell, struct pl_verify_report *report,
			struct pl_error *err);
int pl_verify_metrics(const char *path, int tell, struct pl_verify_report *report,
		      struct pl_error *err);

#endif
