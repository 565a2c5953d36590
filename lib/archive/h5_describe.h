/* SPDX-License-Identifier: Apache-2.0 */
/* What a session file says about itself, its mat and its person; and what viewers look for. */
#ifndef ARCHIVE_H5_DESCRIBE_H
#define ARCHIVE_H5_DESCRIBE_H

#include "h5.h"
#include "journal_file.h"

/* Root attributes, /subject, /trial, /mat. */
int pl_h5_describe(hid_t file, const struct pl_session_meta *meta, struct pl_error *err);
/* Once the datasets exist: NeXus attributes of /frames and /metrics, axes, /entry. */
int pl_h5_describe_views(hid_t file, const struct pl_journal_reader *r, struct pl_error *err);
/* "2026-11-20T10:11:12.123456Z" */
void pl_h5_iso_time(int64_t utc_ns, char out[40]);

#endif
