/* SPDX-License-Identifier: Apache-2.0 */
/* The log of amendments inside a file. */
#ifndef ARCHIVE_AMENDMENTS_H
#define ARCHIVE_AMENDMENTS_H

#include <plantar/amend.h>

#include "rows.h"

#define AMENDMENTS_MAX ((size_t)4 << 20)

/* The text of /amendments, malloced; "" if there is none. NULL and err if it cannot be read. */
char *pl_h5_amendments(hid_t file, struct pl_error *err);
/* Notes, marks and verdicts that came later, as rows of /events; *lines: all amendments. */
int pl_amendments_add_rows(hid_t file, struct rows *rows, size_t *lines, struct pl_error *err);
/* One line with its newline, malloced. NULL: out of memory. */
char *pl_amendment_line(const struct pl_amendment *a);

#endif
