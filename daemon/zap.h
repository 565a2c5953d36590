/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The thread that ZeroMQ asks whether a key may come in (RFC 27, "ZAP"): it answers at
 * inproc://zeromq.zap.01 for every socket of the context that speaks CURVE.
 */
#ifndef DAEMON_ZAP_H
#define DAEMON_ZAP_H

#include <plantar/error.h>

struct pl_access;
struct pl_zap;

#define PL_ZAP_KEY "X-Plantard-Key" /* property of a message: the client's public key */

/* Before any socket with CURVE is bound. */
struct pl_zap *pl_zap_start(void *zmq, struct pl_access *access, struct pl_error *err);
void pl_zap_stop(struct pl_zap *z); /* NULL allowed */

#endif
