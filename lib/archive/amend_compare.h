/* SPDX-License-Identifier: Apache-2.0 */
/* Nothing but the log of amendments may differ between two copies of a trial. */
#ifndef ARCHIVE_AMEND_COMPARE_H
#define ARCHIVE_AMEND_COMPARE_H

#include "h5.h"

/* Datasets of two files, byte for byte; call it under pl_h5_guard and hand on its tell. */
int pl_amend_compare(const char *was, const char *is, int tell, struct pl_error *err);

#endif
