/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What every part of the archive that speaks HDF5 needs. Functions return 0, or -1 with err
 * filled: the text then carries HDF5's innermost message. HDF5 itself prints nothing.
 */
#ifndef ARCHIVE_H5_H
#define ARCHIVE_H5_H

#include <hdf5.h>
#include <stdint.h>

#include <plantar/error.h>

/* Before anything else of HDF5: no printing, nothing at exit. Any number of times. */
void pl_h5_init(void);

/* Text, then what HDF5 says about it. PL_ENOSPC if that was a full disk. Always -1. */
int pl_h5_error(struct pl_error *err, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* A fixed-size, NUL-terminated UTF-8 string type of size bytes; the caller closes it. */
hid_t pl_h5_text_type(size_t size);
/* The type in the file (little endian) and in memory of a cell; constants, never closed. */
hid_t pl_h5_cell_type(int dtype, hid_t *memory);

int pl_h5_attr_text(hid_t at, const char *name, const char *value, struct pl_error *err);
int pl_h5_attr_texts(hid_t at, const char *name, const char *const *values, unsigned n,
		     struct pl_error *err);
int pl_h5_attr_f64(hid_t at, const char *name, double value, struct pl_error *err);
int pl_h5_attr_i64(hid_t at, const char *name, int64_t value, struct pl_error *err);
int pl_h5_attr_u32(hid_t at, const char *name, uint32_t value, struct pl_error *err);
int pl_h5_attr_u8(hid_t at, const char *name, uint8_t value, struct pl_error *err);

/* A new file in the format that HDF5 1.8 reads; an existing one, to read or to add to. */
hid_t pl_h5_create(const char *path, struct pl_error *err);
hid_t pl_h5_open(const char *path, unsigned flags, struct pl_error *err);
hid_t pl_h5_group(hid_t at, const char *name, const char *nx_class, struct pl_error *err);
/* A whole dataset of fixed size, written at once and not compressed. */
int pl_h5_array(hid_t at, const char *name, hid_t type, unsigned rank, const hsize_t *size,
		const void *data, struct pl_error *err);
/* A scalar string. */
int pl_h5_text(hid_t at, const char *name, const char *value, struct pl_error *err);

/* Reading, for what must be told apart by content; -1 where it is not as expected. */
int pl_h5_read_text(hid_t at, const char *attribute, char *buf, size_t cap);
int pl_h5_read_number(hid_t at, const char *attribute, hid_t memory_type, void *value);

#endif
