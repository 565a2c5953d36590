/* SPDX-License-Identifier: Apache-2.0 */
/* A notice on figures that were stored before what they rest on was corrected. */
#ifndef ARCHIVE_AMEND_NOTICE_H
#define ARCHIVE_AMEND_NOTICE_H

#include <stdbool.h>

#include "h5.h"

/* Does the analysis of a trial follow this value? */
bool pl_amend_moves_figures(const char *key);
/* On /summary and /steps, as far as they are there: since when, and where the figures now are. */
int pl_amend_notice(hid_t file, const char *utc, struct pl_error *err);

#endif
