/* SPDX-License-Identifier: Apache-2.0 */
/*
 * /samples of a session file: a table of force or centre of pressure as it was imported, in the
 * units and directions of plantar/table.h.
 */
#ifndef ARCHIVE_H5_TABLE_H
#define ARCHIVE_H5_TABLE_H

#include <plantar/hints.h>

#include "h5.h"

/* "/samples/left_force" */
void pl_h5_table_path(enum pl_column column, char *path, size_t cap);

/* Everything of a file that has them, checked, with its meta; pl_table_close frees it. The file is
 * believed not to crash HDF5: call it under pl_h5_guard first. */
struct pl_table_file *pl_h5_table_read(hid_t file, struct pl_error *err);
/* The same of a path, looked at in a child process first. */
struct pl_table_file *pl_h5_table_open(const char *path, struct pl_error *err);
/* Are /metrics exactly what the samples give? *compared: rows. */
int pl_h5_table_check_metrics(hid_t file, const struct pl_table *t, uint64_t *compared,
			      struct pl_error *err);

#endif
