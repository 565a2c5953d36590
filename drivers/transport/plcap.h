/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Byte captures (.plcap): what a port delivered, with arrival times, so that a decoder can be
 * tested and a session replayed without the mat. A text header (first line "plcap 1", then
 * key: value lines among them mat, and the mat's configuration between "config:" and "." alone on
 * a line, ended by an empty line), then records: t_ns u64 LE since the first write, n u32 LE, n
 * bytes. A truncated last record is the end of the capture and is reported. docs/mats.md has the
 * format.
 */
#ifndef DRIVERS_TRANSPORT_PLCAP_H
#define DRIVERS_TRANSPORT_PLCAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <plantar/error.h>

#include "drivers/mat/mat.h"

struct pl_plcap;

/* 1 if the bytes at the start of a file are a capture's. */
bool pl_plcap_probe(const void *start, size_t n);

struct pl_plcap *pl_plcap_open(const char *path, struct pl_error *err);
/* For fuzzing and tests: reads from memory, which must outlive it. */
struct pl_plcap *pl_plcap_open_memory(const void *data, size_t n, struct pl_error *err);
void pl_plcap_close(struct pl_plcap *p);
const char *pl_plcap_mat_name(const struct pl_plcap *p);
const char *pl_plcap_mat_text(const struct pl_plcap *p); /* the mat's configuration; "" if none */
/* Next record: bytes valid until the next call. 1 record, 0 end, -1 error. *truncated (may be NULL)
 * at the end. */
int pl_plcap_next(struct pl_plcap *p, int64_t *t_ns, const uint8_t **bytes, size_t *n,
		  bool *truncated, struct pl_error *err);
int pl_plcap_rewind(struct pl_plcap *p, struct pl_error *err);

struct pl_plcap_writer;
struct pl_plcap_writer *pl_plcap_create(const char *path, const struct pl_mat *mat,
					struct pl_error *err);
/* The first call, which may bring no bytes, is time 0. */
int pl_plcap_write(struct pl_plcap_writer *w, int64_t t_ns, const void *bytes, size_t n,
		   struct pl_error *err);
int pl_plcap_finish(struct pl_plcap_writer *w, struct pl_error *err); /* closes and frees */

#endif
