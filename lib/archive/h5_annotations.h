/* SPDX-License-Identifier: Apache-2.0 */
/* Annotations as attributes of /subject and /trial (docs/archive.md). */
#ifndef ARCHIVE_H5_ANNOTATIONS_H
#define ARCHIVE_H5_ANNOTATIONS_H

#include <plantar/session.h>

#include "h5_read.h"

/* Both groups are there; attributes of keys that are not given are removed. */
int pl_h5_annotations_write(hid_t file, const struct pl_session_meta *m, struct pl_error *err);
/* The subject's code and body mass, wherever the file has them. */
int pl_h5_person_write(hid_t file, const struct pl_session_meta *m, struct pl_error *err);
/* PL_ECORRUPT if a value is none that can be. */
int pl_h5_annotations_read(hid_t file, struct pl_session_meta *m, struct pl_error *err);

#endif
