/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bytes from the world. A transport is named by a URI and moves bytes; it knows nothing of
 * frames (sim: alone makes them, through the mat's own encoder).
 *
 *	serial:/dev/serial/by-id/usb-...?baud=3000000	libserialport, or termios for ptys
 *	usb:59e3:74c7?serial=..., usb:1-2.3		libusb: by ids and serial number, or by port
 *	replay:walk.plcap?rate=2			a byte capture; rate 0: as fast as it is
 *							read
 *	sim:standing?rows=64&cols=64&hz=250&seed=1	a simulated person
 *
 * A stream of bytes has no seams, but a USB device speaks in packets, and some protocols need to
 * know where one ended (HID reports, frames that end with a short packet). With `packets` in the
 * mat file or the URI each packet comes with two bytes in front, low byte first: its length in 15
 * bits (0 is a packet, too) and the top bit, set when it is not from the IN endpoint but the answer
 * to a control request. The answers to the mat file's `start` requests lead the stream, in their
 * order. So boundaries survive every cut, a capture and its replay, and decoders stay functions of
 * bytes. A read returns whole packets, so what a decoder gets after bytes were dropped
 * (pl_decoder_skip) begins with such a header.
 *
 * One thread opens, reads, writes and closes a transport; cancel may come from any thread.
 */
#ifndef DRIVERS_TRANSPORT_TRANSPORT_H
#define DRIVERS_TRANSPORT_TRANSPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <plantar/error.h>
#include <plantar/log.h>

#include "drivers/mat/mat.h"

struct pl_transport;

enum pl_read {
	PL_READ_NONE = 0,  /* nothing within the time-out, or cancelled */
	PL_READ_GONE = -1, /* unplugged or failed: err says; close and reopen later */
	PL_READ_END =
		-2, /* the source is finished by its nature (a capture's end): do not reopen */
};

/* A parsed URI's query: "hz=250&seed=1". Returns the value of key in buf, or NULL. */
const char *pl_uri_query(const char *uri, const char *key, char *buf, size_t cap);

/*
 * Opens without blocking for longer than the mat's settle_ms. mat gives baud rate, protocol and
 * geometry and must outlive the transport; log (may be NULL) hears what the device side does
 * unasked (FTDI latency timer left at 16 ms and such). PL_ENOENT, PL_EACCES, PL_EBUSY, PL_EIO,
 * PL_EUSAGE (unknown scheme or key: the message lists the valid ones).
 */
struct pl_transport *pl_transport_open(const char *uri, const struct pl_mat *mat,
				       const struct pl_log *log, struct pl_error *err);
void pl_transport_close(struct pl_transport *t); /* NULL allowed */

/*
 * Waits up to timeout_ms for the first byte, then gathers until at least want bytes are there, or
 * cap is full, or the line has been quiet for about a millisecond: fewer, larger reads. Returns the
 * number of bytes
 * (> 0) or enum pl_read. No allocation, no logging.
 */
long pl_transport_read(struct pl_transport *t, void *buf, size_t cap, size_t want, int timeout_ms,
		       struct pl_error *err);

/* All n bytes or an error; gives up after one second (PL_ETIMEOUT). */
int pl_transport_write(struct pl_transport *t, const void *bytes, size_t n, struct pl_error *err);

/* Makes a read that waits now, or the next one, return PL_READ_NONE. Any thread, async-signal-safe.
 */
void pl_transport_cancel(struct pl_transport *t);

/* Does a missing device come back under this URI (serial: yes), and is it there now? Cheap. */
bool pl_transport_present(const char *uri);

/* Check a URI without opening it: scheme, keys, values. */
int pl_transport_check(const char *uri, const struct pl_mat *mat, struct pl_error *err);

/* Serial ports of this machine: calls each(user, "serial:/dev/...", "FTDI ... serial 123", usable).
 */
void pl_transport_list_ports(void (*each)(void *user, const char *uri, const char *description,
					  bool accessible),
			     void *user);

/* USB devices, hubs aside: each(user, "usb:...", "Maker product serial 123", usable). Those whose
 * serial port is in the list above are not repeated. */
void pl_transport_list_usb(void (*each)(void *user, const char *uri, const char *description,
					bool accessible),
			   void *user);

#endif
