/* SPDX-License-Identifier: Apache-2.0 */
/* What a calibration says of its making, as attributes of /mat/calibration, and its file whole. */
#ifndef ARCHIVE_H5_ORIGIN_H
#define ARCHIVE_H5_ORIGIN_H

#include <hdf5.h>

#include <plantar/session.h>

#define PL_CALIBRATION_TEXT_MAX ((size_t)16 << 20)

/* group: /mat/calibration of file. What is not said is not written. */
int pl_h5_origin_write(hid_t file, hid_t group, const struct pl_session_meta *m,
		       struct pl_error *err);
/* Files of before there was any of it have none. */
int pl_h5_origin_read(hid_t file, hid_t group, struct pl_session_meta *m, struct pl_error *err);

#endif
