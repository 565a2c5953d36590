/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ARCHIVE_IMPORT_TABLE_H
#define ARCHIVE_IMPORT_TABLE_H

#include <stdbool.h>
#include <stddef.h>

/* Do the first n bytes of a file look like a table of numbers? */
bool pl_table_probe(const char *start, size_t n);

#endif
